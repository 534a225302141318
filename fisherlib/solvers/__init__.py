"""The minimum of a quadratic loss: found by a scaled factorisation, with its rank, and refined beyond rounding."""

from .decompositions import decomposed as decomposed
from .decompositions import decomposed_once as decomposed_once
from .refinement import Part as Part
from .refinement import fisher_residual as fisher_residual
from .refinement import normal_residual as normal_residual
from .refinement import refine as refine
from .solution import Solution as Solution
from .solution import scaled as scaled
from .solution import solve as solve
from .solution import spectrum as spectrum

"""The parameters at which a quadratic loss is least: scaled, factorised, with their rank; and refined beyond its rounding."""

from .refinement import Part as Part
from .refinement import fisher_residual as fisher_residual
from .refinement import normal_residual as normal_residual
from .refinement import refine as refine
from .solution import Solution as Solution
from .solution import scaled as scaled
from .solution import solve as solve
from .solution import spectrum as spectrum

"""Checks of data before and after a fit: every one is a number, the limits it is held against, and a sentence.

Four functions run lists of checks. All return a list of ``Verdict``.

| function | what it checks | on what | when to use it |
|---|---|---|---|
| ``consistency`` | signs, units, axes, net forces, borders, wild forces, energies left open, copies, number of rows | energies, forces and Φ of a dataset | after reading a file |
| ``health`` | ``consistency``; frozen and exchanged configurations; directions left open; drift, memory and fluctuation of all trajectories together | the same, and the order in time | while loading, before a fit |
| ``check`` | ``consistency``; ``sample`` of each trajectory; directions left open; leverage | the same | to judge a dataset completely |
| ``trust.verdicts`` | ``check``; error bars, held-out errors, ridge, basins, weights | a dataset and a model fitted to it | before a result is used |

Of a training set, which is no sample, one sentence says so, and its runs alone are judged as samples.
``ensemble`` and ``sample`` make the checks of a Boltzmann sample alone; ``ensemble`` needs no descriptors.
"""

from .autocorrelation import autocorrelation_time as autocorrelation_time
from .boltzmann_sample import ensemble as ensemble
from .boltzmann_sample import sample as sample
from .checklists import check as check
from .checklists import health as health
from .contributions import contributions as contributions
from .duplicates import without_copies as without_copies
from .energy_fluctuations import canonical_ratio as canonical_ratio
from .energy_fluctuations import drift as drift
from .identifiability import null_directions as null_directions
from .identifiability import temperature_dependence as temperature_dependence
from .leverage import leverage as leverage
from .metastability import Metastability as Metastability
from .metastability import metastability as metastability
from .moment_signs import signs_of_moments as signs_of_moments
from .runs import short_runs as short_runs
from .runs import single_run as single_run
from .self_checks import consistency as consistency
from .summary import facts as facts
from .temperatures import configurational_temperature as configurational_temperature
from .temperatures import virial_temperature as virial_temperature
from .verdict import Verdict as Verdict

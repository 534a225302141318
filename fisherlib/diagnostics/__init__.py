"""What the data can bear: checks on loading, whether they are a sample at their temperature, what they leave open."""

from .checks import consistency as consistency
from .duplicates import without_copies as without_copies
from .ensemble import ensemble as ensemble
from .ensemble import sample as sample
from .facts import facts as facts
from .health import check as check
from .health import health as health
from .identifiability import null_directions as null_directions
from .identifiability import temperature_dependence as temperature_dependence
from .leverage import leverage as leverage
from .metastability import Metastability as Metastability
from .metastability import metastability as metastability
from .of_moments import signs_of_moments as signs_of_moments
from .runs import short_runs as short_runs
from .runs import single_run as single_run
from .sampling import autocorrelation_time as autocorrelation_time
from .sampling import canonical_ratio as canonical_ratio
from .sampling import configurational_temperature as configurational_temperature
from .sampling import drift as drift
from .sampling import virial_temperature as virial_temperature
from .verdict import Verdict as Verdict

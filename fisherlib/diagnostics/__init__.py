"""What the data can bear: checks on loading, and whether they are a sample at their temperature."""

from .checks import Verdict as Verdict
from .checks import check as check
from .health import Reading as Reading
from .health import health as health
from .sampling import autocorrelation_time as autocorrelation_time
from .sampling import canonical_ratio as canonical_ratio
from .sampling import configurational_temperature as configurational_temperature
from .sampling import drift as drift
from .sampling import virial_temperature as virial_temperature

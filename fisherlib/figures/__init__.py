"""Results as plotly figures and tables: this room builds them, and neither shows nor computes anything."""

from .calibration import calibration as calibration
from .cdfs import Bands as Bands
from .cdfs import cdfs as cdfs
from .cdfs import site_energy_cdfs as site_energy_cdfs
from .comparison import errors_by_trajectory as errors_by_trajectory
from .comparison import force_parity as force_parity
from .comparison import parity as parity
from .comparison import residuals as residuals
from .fit import coefficients as coefficients
from .fit import fit as fit
from .fit import spectrum as spectrum
from .landscape import landscape as landscape
from .landscape import landscapes as landscapes
from .metastability import metastability as metastability
from .mixtures import mixtures as mixtures
from .profile import profile as profile
from .profile import trade_off as trade_off
from .reweighting import free_energies as free_energies
from .reweighting import weights as weights
from .strength import strengths as strengths
from .style import MARK as MARK
from .style import PALETTE as PALETTE
from .style import REFERENCE as REFERENCE
from .style import SCALE as SCALE
from .style import styled as styled
from .trajectories import energies as energies

"""Finished results as plotly figures: builds, never shows, never computes."""

from .choice import strengths as strengths
from .comparison import errors_by_trajectory as errors_by_trajectory
from .comparison import force_parity as force_parity
from .comparison import parity as parity
from .comparison import residuals as residuals
from .data import energies as energies
from .distributions import Bands as Bands
from .distributions import cdfs as cdfs
from .distributions import site_energy_cdfs as site_energy_cdfs
from .fit import coefficients as coefficients
from .fit import fit as fit
from .fit import spectrum as spectrum
from .landscape import landscape as landscape
from .landscape import landscapes as landscapes
from .profile import profile as profile
from .profile import trade_off as trade_off
from .reweighting import free_energies as free_energies
from .reweighting import weights as weights
from .style import MARK as MARK
from .style import PALETTE as PALETTE
from .style import REFERENCE as REFERENCE
from .style import SCALE as SCALE
from .style import styled as styled
from .trust import calibration as calibration
from .trust import metastability as metastability

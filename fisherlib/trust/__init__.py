"""Trust in a fit: all checks of the data and of the fit, as verdicts with numbers."""

from .assessment import verdicts as verdicts

"""Error bars on θ and on what is computed from it: of sampling, and of the form of the model."""

from .sandwich import sandwich as sandwich

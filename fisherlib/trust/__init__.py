"""Is a fit to be trusted: a short list of verdicts, each with its number."""

from .assessment import verdicts as verdicts

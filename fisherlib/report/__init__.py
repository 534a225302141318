"""Report notebooks as one offline HTML page and one JSON file, from checked parameters."""

from .parameters import ParameterError as ParameterError
from .run import ReportError as ReportError
from .run import build as build

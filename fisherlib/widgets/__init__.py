"""Interactive panels: state (traitlets) apart from view (ipywidgets)."""

from .landscape import LandscapePanel as LandscapePanel
from .landscape import LandscapeState as LandscapeState
from .live import LiveFigure as LiveFigure

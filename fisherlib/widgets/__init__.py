"""Interactive panels: ipywidgets over their states."""

from .compare import ComparePanel as ComparePanel
from .dashboard import Dashboard as Dashboard
from .fit import FitPanel as FitPanel
from .fits import FitsPanel as FitsPanel
from .landscape import LandscapePanel as LandscapePanel
from .live import LiveFigure as LiveFigure
from .live_panel import LivePanel as LivePanel
from .load import LoadPanel as LoadPanel
from .panel import Panel as Panel
from .structures import StructuresPanel as StructuresPanel
from .treatments import TreatmentsPanel as TreatmentsPanel
from .upload import Upload as Upload
from .viewer import StructureView as StructureView
from .work import Work as Work

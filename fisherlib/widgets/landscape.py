"""Loss landscapes with selectors of model and loss."""

from collections.abc import Callable, Mapping, Sequence

import ipywidgets
import traitlets

from .. import figures
from ..landscapes import Landscape, Point
from .live import LiveFigure


class LandscapeState(traitlets.HasTraits):
    """What is chosen: a model and a loss, each among its options."""

    models = traitlets.List(traitlets.Unicode(), minlen=1)
    losses = traitlets.List(traitlets.Unicode(), minlen=1)
    model = traitlets.Unicode()
    loss = traitlets.Unicode()

    @traitlets.validate("model")
    def _known_model(self, proposal: dict) -> str:
        return _known("model", proposal["value"], self.models)

    @traitlets.validate("loss")
    def _known_loss(self, proposal: dict) -> str:
        return _known("loss", proposal["value"], self.losses)


def _known(name: str, value: str, options: Sequence[str]) -> str:
    if value not in options:
        raise traitlets.TraitError(f"{name}: expected one of {', '.join(map(repr, options))}, got {value!r}")
    return value


class LandscapePanel(ipywidgets.VBox):
    """Two selectors over one live figure.

    Args:
        surface: (model, loss) → (landscape, named points), such as an ``Atlas``, which remembers what it has drawn.
        models, losses: the options; the first of each is shown.

    Attributes:
        state: what is chosen; set its traits to drive the panel from code.
        last_error: the last exception of a redraw, or None.
    """

    def __init__(
        self,
        surface: Callable[[str, str], tuple[Landscape, Mapping[str, Point]]],
        *,
        models: Sequence[str],
        losses: Sequence[str],
    ) -> None:
        self._surface = surface
        self.last_error: Exception | None = None
        self.state = LandscapeState(models=list(models), losses=list(losses))
        self.state.set_trait("model", models[0])
        self.state.set_trait("loss", losses[0])
        self.figure = LiveFigure.of(figures.landscape(*self._landscape()))
        selectors = [self._selector(name, options) for name, options in (("model", models), ("loss", losses))]
        self.status = ipywidgets.HTML()
        super().__init__([ipywidgets.HBox(selectors), self.status, self.figure])
        self.add_class("fisherlib-landscape")
        self.state.observe(self._redraw, ["model", "loss"])

    def _selector(self, name: str, options: Sequence[str]) -> ipywidgets.Dropdown:
        selector = ipywidgets.Dropdown(
            options=list(options), value=getattr(self.state, name), description=name.capitalize()
        )
        traitlets.link((self.state, name), (selector, "value"))
        return selector

    def _landscape(self) -> tuple[Landscape, Mapping[str, Point]]:
        return self._surface(self.state.model, self.state.loss)

    def _redraw(self, change: dict) -> None:
        # An exception in a callback is invisible to the person at the notebook, so it is put into words here.
        try:
            self.figure.become(figures.landscape(*self._landscape()))
        except Exception as error:  # noqa: BLE001
            self.last_error = error
            self.status.value = f"<b style='color:#b00'>{type(error).__name__}: {error}</b>"
        else:
            self.last_error = None
            self.status.value = ""

"""What page Load tells of a file: checks, facts and columns, each folded into a line where it needs no attention."""

from .. import diagnostics, io
from ..dataset import Dataset
from ..diagnostics import Verdict
from ..figures import tables
from ..units import counted


def card(data: Dataset | None, health: list[Verdict]) -> str:
    """Checks that are not passed, then facts of the data and checks that are, each in one line that can be unfolded."""
    if data is None or not health:
        return ""
    known = diagnostics.facts(data)
    parts = (counted(len(data), "trajectory"), counted(len(data.energies), "configuration"), f"K = {data.K}")
    table = tables.facts(known)._repr_html_()
    facts = f"<details><summary>{' · '.join(parts)}</summary>{table}</details>"
    bad = [verdict for verdict in health if verdict.level in ("fail", "warn")]
    others = [verdict for verdict in health if verdict not in bad]
    shown = [tables.card(some)._repr_html_() for some in (bad, others) if some]
    return "".join([*shown[: bool(bad)], facts, *shown[bool(bad) :]])


def columns(opened: io.Opened, *, wanted: bool) -> str:
    """The columns of the file; unfolded where one of them is asked for."""
    if not opened.columns:
        return f"A {opened.kind} of {counted(opened.trajectories, 'trajectory')}, in which there is nothing to choose."
    table, count = tables.columns(opened.columns)._repr_html_(), counted(len(opened.columns), "column")
    return f"<details{' open' if wanted else ''}><summary>{count} of the file</summary>{table}</details>"

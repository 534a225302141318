"""A plugin of pytest: files that take longest come first, so that at the end no worker waits for another."""

from pathlib import Path

import pytest

#: Longest first. All others follow in their own order, then the notebooks: they are of one length, and fill the end.
LONGEST = """
    test_lab test_figures_pairs test_theta_f_report test_own_file test_cluster_kills test_database_corruption
    test_heart_alone test_report test_app_server test_app test_io_hostile test_io_fuzz test_cluster test_database
    test_widgets_panels test_wheel test_dashboard
""".split()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sorts the files; within each the order stays."""
    items.sort(key=lambda item: _place(item.path))
    for item in items:
        if item.path.suffix == ".ipynb":  # what is run is the kernel; pytest hears warnings of Jupyter's own
            item.add_marker(pytest.mark.filterwarnings("default"))


def _place(path: Path) -> int:
    if path.suffix == ".ipynb":
        return len(LONGEST) + 1
    return LONGEST.index(path.stem) if path.stem in LONGEST else len(LONGEST)

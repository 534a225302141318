"""A plugin of pytest for the tests of the heart: there is numpy, scipy, and no library that other rooms need."""

import pytest
from hidden import HEAVY, hide

hide(HEAVY)  # before the samples import fisherlib
pytest_plugins = ["samples"]

#: What needs the shipped data needs the room that reads files.
SHIPPED = {"copper", "copper_moments", "few_walkers"}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out the tests on the shipped data."""
    needs = [item for item in items if SHIPPED & set(item.fixturenames)]
    config.hook.pytest_deselected(items=needs)
    items[:] = [item for item in items if item not in set(needs)]

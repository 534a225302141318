"""Costs of descriptors are measured in turns over the same configurations."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.build import molecule

from fisherlib.descriptors import Soap, costs


class Told(Soap):
    """A descriptor that tells what it was given."""

    def __call__(self, atoms: Sequence[Atoms], **how: Any) -> Any:
        seen.append((self.cutoff, [len(a) for a in atoms]))
        return np.zeros((1, 1)), np.zeros((3, 1))


seen: list[tuple[float, list[int]]] = []


def test_descriptors_take_turns() -> None:
    seen.clear()
    water, nothing = molecule("H2O"), molecule("H2")
    found = costs(
        {"a": Told(cutoff=3.0), "b": Told(cutoff=4.0)}, [water, water, nothing, nothing], species=[1, 8], turns=2
    )
    warm, turns = seen[:2], seen[2:]
    assert warm == [(3.0, [3]), (4.0, [3])]
    assert turns == [(3.0, [3, 3]), (4.0, [3, 3]), (3.0, [2, 2]), (4.0, [2, 2])]
    assert {name: values.shape for name, values in found.items()} == {"a": (2,), "b": (2,)}
    assert all((values >= 0).all() for values in found.values())


def test_too_few_configurations_are_refused() -> None:
    with pytest.raises(ValueError, match="turns: expected 2 to 1"):
        costs({"a": Told()}, [molecule("H2O")], species=[1, 8], turns=2)

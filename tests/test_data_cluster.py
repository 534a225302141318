"""The shipped seven atoms of copper: small plain files, energies of EMT, and a flow whose draws count."""

from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.calculators.emt import EMT

import fisherlib as fl


@pytest.fixture(scope="module")
def folder(root: Path) -> Path:
    return root / "data" / "generators"


def test_the_files_are_small_and_hold_plain_arrays(folder: Path) -> None:
    for name in ("cu7_300K.npz", "cu7_flow.npz"):
        assert (folder / name).stat().st_size <= 1e6
        with np.load(folder / name, allow_pickle=False) as file:
            assert {file[each].dtype.kind for each in file.files} <= set("biufU")


def test_energies_and_forces_are_those_of_emt(folder: Path) -> None:
    runs = fl.io.read_frames(folder / "cu7_300K.npz")
    assert len(runs) == 8 and {run.temperature for run in runs} == {300.0}
    for run in runs:
        atoms = run.atoms()[-1]
        atoms.calc = EMT()
        assert atoms.get_potential_energy() == pytest.approx(run.energies[-1], abs=1e-9)
        np.testing.assert_allclose(atoms.get_forces(), run.forces[-7:], rtol=0, atol=1e-8)


def test_draws_of_the_flow_count_under_the_potential_it_was_trained_on(folder: Path) -> None:
    data = fl.io.read(folder / "cu7_300K.npz", descriptor=fl.descriptors.Gmp(n_widths=4, l_max=2))
    model = fl.regression.fisher_fit(fl.accumulate(data))
    positions = np.concatenate([run.positions for run in data.values()]).reshape(-1, 7, 3)
    target = fl.properties.ClusterTarget(
        fl.Calculator(model), Atoms("Cu7", positions[0]), temperature=300.0, contact=3.28
    )
    flow = fl.flows.read(folder / "cu7_flow.npz")
    draws = fl.flows.draw(flow, target, 3000, seed=3)
    assert fl.reweighting.effective_sample_size(draws.log_weights) > 0.5 * len(draws)
    assert np.isfinite(draws.log_weights).mean() > 0.99 and target.inside(target.coordinates(positions)).mean() > 0.99
    assert flow.history["CPU seconds"].shape == (1,)

"""Published data that the package does not ship: its numbers against those of other programs."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import fisherlib as fl

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "data"
MOLYBDENUM = FOLDER / "zuo2020_mo_snap"
TANTALUM = FOLDER / "fitsnap_ta" / "Ta_snap2J6_fitsnap_rows.npz"


def needs(path: Path) -> pytest.MarkDecorator:
    return pytest.mark.skipif(not path.exists(), reason=f"no {path.name} in ../shared/data beside the checkout")


def molybdenum(part: str) -> fl.Dataset:
    with np.load(MOLYBDENUM / f"Mo_snap2J6_{part}.npz", allow_pickle=False) as file:
        t = fl.Trajectory(
            key=part,
            n_atoms=file["natoms"].astype(int),
            energies=file["energy"],
            descriptors=file["D"],
            forces=file["forces"].ravel(),
            force_descriptors=file["minus_dDdx"],
        )
    return fl.Dataset([t])


@needs(MOLYBDENUM)
@pytest.mark.parametrize("temperature", [300.0, 3000.0])
def test_molybdenum_forces_have_the_known_errors(temperature: float) -> None:
    train, test = molybdenum("train"), molybdenum("test")
    moments = fl.accumulate(train)
    fit = fl.solve(fl.fisher(moments, temperature))
    model = fl.LinearPotential.from_fit(fit, moments)
    assert fit.rank == 30
    errors = [fl.comparison.compare(model, data).pooled["force_rmse"] for data in (train, test)]
    np.testing.assert_allclose(errors, [0.2969, 0.3089], atol=5e-5)


@needs(MOLYBDENUM)
def test_molybdenum_energies_settle_the_sign() -> None:
    verdicts = {v.name: v for v in fl.diagnostics.check(molybdenum("train"))}
    assert verdicts["energy slope"].level == "ok" and verdicts["translation sum"].level == "ok"


@needs(TANTALUM)
def test_weighted_tantalum_rows_give_the_published_errors() -> None:
    with np.load(TANTALUM, allow_pickle=False) as file:
        rows, target, weights = file["A"], file["b"], file["w"]
        kind = file["row_type"].astype(str)
    weighted, aim = rows * weights[:, None], target * weights
    fit = fl.solve(fl.Quadratic(weighted.T @ weighted, weighted.T @ aim, float(aim @ aim)))

    def rmse(name: str) -> float:
        residual: NDArray = (rows @ fit.theta - target)[kind == name]
        return float(np.sqrt(np.mean(residual**2)))

    assert round(rmse("Energy"), 6) == 0.379769  # eV/atom
    assert round(rmse("Force"), 6) == 0.160973  # eV/Å

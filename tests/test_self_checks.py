"""Every mistake that a fit of forces may hide is made on purpose with real data, and is told with its cause."""

import dataclasses
import re
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray
from test_real_data import MOLYBDENUM, needs

import fisherlib as fl
from fisherlib import diagnostics
from fisherlib.units import BOHR, HARTREE

Change = Callable[[fl.Trajectory, np.random.Generator], dict[str, Any]]
ROWS = ("forces", "force_descriptors", "species", "positions", "site_descriptors")
WITHOUT_SITES = {"site_descriptors": None, "descriptor_names": ()}


class Mistake(NamedTuple):
    """A change of every trajectory or of one, the verdict and sentence it must lead to, and whether R² keeps quiet."""

    change: Change
    verdict: str
    level: str
    sentence: str
    hidden: bool = True
    one: bool = False


def spoilt(data: fl.Dataset, change: Change, *, one: bool = False) -> fl.Dataset:
    rng, last = np.random.default_rng(0), list(data)[-1]
    changed = (t.key for t in data.values() if t.key == last or not one)
    new = {key: dataclasses.replace(data[key], **change(data[key], rng)) for key in changed}
    return fl.Dataset([new.get(key, t) for key, t in data.items()])


def per_frame(values: NDArray, t: fl.Trajectory) -> NDArray:
    """(M, N, 3, …)"""
    return values.reshape(len(t), t.n_atoms[0], 3, *values.shape[1:])


def buffer(t: fl.Trajectory, axes: tuple[int, ...], read: tuple[int, ...] | None = None) -> dict[str, NDArray]:
    """Φ of a program that orders (N, 3, K) as ``axes``, its numbers read as (N, 3, K), or as ``read`` of (N, 3, K)."""
    stored = np.ascontiguousarray(per_frame(t.force_descriptors, t).transpose(0, *(a + 1 for a in axes)))
    if read is None:
        return {"force_descriptors": stored.reshape(-1, t.K)}
    shape = tuple((int(t.n_atoms[0]), 3, t.K)[a] for a in read)
    back = np.argsort(read) + 1
    return {"force_descriptors": stored.reshape(len(t), *shape).transpose(0, *back).reshape(-1, t.K)}


def spike(t: fl.Trajectory, rng: np.random.Generator) -> dict[str, Any]:
    forces = t.forces.copy()
    forces[rng.integers(len(forces))] = 1e4
    return {"forces": forces}


def forces_of_an_atom_missing(t: fl.Trajectory, rng: np.random.Generator) -> dict[str, Any]:
    forces = per_frame(t.forces, t).copy()
    forces[3, 7] = 0.0
    return {"forces": forces.ravel()}


def without_an_atom(t: fl.Trajectory, rng: np.random.Generator) -> dict[str, Any]:
    def left(values: NDArray) -> NDArray:
        frames = values.reshape(len(t), t.n_atoms[0], -1, *values.shape[1:])
        return np.delete(frames, 3, axis=1).reshape(-1, *values.shape[1:])

    return {name: left(getattr(t, name)) for name in ROWS if getattr(t, name) is not None} | {"n_atoms": t.n_atoms - 1}


def centre_held_fixed(t: fl.Trajectory, rng: np.random.Generator) -> dict[str, Any]:
    # A part of the gradient that is left out no longer cancels over the atoms.
    Phi = per_frame(t.force_descriptors, t).copy()
    Phi[:, ::2] *= 0.5
    return {"force_descriptors": Phi.reshape(-1, t.K)}


def a_descriptor_twice(t: fl.Trajectory, rng: np.random.Generator) -> dict[str, Any]:
    names = ("descriptors", "force_descriptors")
    return WITHOUT_SITES | {n: np.column_stack([getattr(t, n), 2 * getattr(t, n)[:, 3]]) for n in names}


def thirty_again(t: fl.Trajectory, rng: np.random.Generator) -> dict[str, Any]:
    first = t.slice(0, 30)
    names = [f.name for f in dataclasses.fields(t) if isinstance(getattr(t, f.name), np.ndarray)]
    return {name: np.concatenate([getattr(t, name), getattr(first, name)]) for name in names}


MISTAKES = {
    "sign of Φ": Mistake(
        lambda t, _: {"force_descriptors": -t.force_descriptors},
        "energy slope",
        "fail",
        r"sign of the force descriptors: energies fall .* \+∂D/∂x, .*read it with gradient=True",
    ),
    "forces in Ha/Bohr": Mistake(
        lambda t, _: {"forces": t.forces * BOHR / HARTREE},
        "energy slope",
        "warn",
        r"units: energies rise by 5\d.* forces look like Ha/Bohr, not eV/Å",
    ),
    "energies in Ha": Mistake(
        lambda t, _: {"energies": t.energies / HARTREE},
        "energy slope",
        "warn",
        "units: .* energies look like Ha, not eV .units={'energy': 'Ha'} multiplies them by 27.2114.$",
    ),
    "energies in kcal/mol": Mistake(
        lambda t, _: {"energies": t.energies * 23.0605},
        "energy slope",
        "warn",
        "units: .* energies look like kcal/mol, not eV .units=[^)]*by 0.0433641.",
    ),
    "energies per atom": Mistake(
        lambda t, _: {"energies": t.energies / t.n_atoms},
        "energy slope",
        "warn",
        "units: .* energies look like energies per atom, not totals$",
    ),
    "descriptors averaged": Mistake(
        lambda t, _: {"descriptors": t.descriptors / t.n_atoms[:, None], "site_descriptors": None},
        "energy slope",
        "warn",
        "units: .* descriptors look like averages over atoms, not sums$",
    ),
    "Φ stored (N, K, 3), reshaped to (3N, K)": Mistake(
        lambda t, _: buffer(t, (0, 2, 1)),
        "axes",
        "fail",
        r"fit with R² 0\.9\d\d if Φ was stored \(N, K, 3\) and read as \(N, 3, K\), and with 0\.[56]",
    ),
    "Φ stored (N, 3, K), reshaped to (K, 3N)": Mistake(
        lambda t, _: buffer(t, (0, 1, 2), read=(2, 0, 1)),
        "axes",
        "fail",
        r"Φ was stored \(N, 3, K\) and read as \(K, 3N\)",
        hidden=False,
    ),
    "Φ (3, N) against (N, 3)": Mistake(
        lambda t, _: buffer(t, (1, 0, 2)),
        "axes",
        "fail",
        r"Φ was stored \(3, N, K\) and read as \(N, 3, K\)",
        hidden=False,
    ),
    "the same, by the sum over atoms": Mistake(
        lambda t, _: buffer(t, (1, 0, 2)), "translation sum", "warn", "rows are in another order", hidden=False
    ),
    "forces (3, N) against (N, 3)": Mistake(
        lambda t, _: {"forces": np.ascontiguousarray(per_frame(t.forces, t).swapaxes(1, 2)).ravel()},
        "axes",
        "fail",
        r"forces were stored \(3, N\) and read as \(N, 3\)",
        hidden=False,
    ),
    "atoms of the forces in another order": Mistake(
        lambda t, rng: {"forces": per_frame(t.forces, t)[:, rng.permutation(t.n_atoms[0])].ravel()},
        "force R²",
        "warn",
        r"explains only 0\.0.*rows of Φ do not belong to these forces \(atom or frame order",
        hidden=False,
    ),
    "frames of the forces shuffled": Mistake(
        lambda t, rng: {"forces": rng.permutation(per_frame(t.forces, t)).ravel()},
        "force R²",
        "warn",
        r"rows of Φ do not belong to these forces \(atom or frame order",
        hidden=False,
    ),
    "energies off by one frame": Mistake(
        lambda t, _: {"energies": np.roll(t.energies, 1)},
        "energy correlation",
        "warn",
        r"off by one frame: they follow θ_f·D of the configuration before theirs \(correlation 0\.9[89]\d\d\), not of their own",
    ),
    "energies off by one frame the other way": Mistake(
        lambda t, _: {"energies": np.roll(t.energies, -1)},
        "energy correlation",
        "warn",
        r"off by one frame: they follow θ_f·D of the configuration after theirs",
    ),
    "energies shuffled": Mistake(
        lambda t, rng: {"energies": rng.permutation(t.energies)},
        "energy correlation",
        "warn",
        r"energies do not follow θ_f·D \(correlation 0\.\d\d\): energies of other frames",
    ),
    "thermostat noise": Mistake(
        lambda t, rng: {"forces": t.forces + 0.1 * rng.normal(size=t.forces.shape)},
        "net force",
        "warn",
        r"do not sum to zero in (198 of 200|103 of 108) configurations .*: thermostat noise in the dumped forces",
    ),
    "a spike in the forces": Mistake(
        spike,
        "net force",
        "warn",
        r"in 1 of \d+ configurations \(.* counted from 0\): a spike, 1e\+04 eV/Å on atom \d+",
        hidden=False,
        one=True,
    ),
    "forces of an atom missing": Mistake(
        forces_of_an_atom_missing,
        "net force",
        "warn",
        r"in 1 of \d+ configurations \(most, 0\.\d+ of their size, in configuration 3 of .*\): missing atoms, such as atom 7,",
        one=True,
    ),
    "an atom missing": Mistake(without_an_atom, "translation sum", "warn", "atoms are missing"),
    "gradient with the centre held fixed": Mistake(centre_held_fixed, "translation sum", "warn", "centre held fixed"),
    "a descriptor twice": Mistake(
        a_descriptor_twice,
        "undetermined",
        "warn",
        r"forces leave 1 of \d+ directions of θ undetermined, spanned by D3, D(30|105): .*add a ridge",
    ),
    "thirty frames twice": Mistake(
        thirty_again,
        "duplicates",
        "warn",
        r"30 of \d+ configurations are copies of others: .* leave them out by diagnostics.without_copies\(data\)",
        one=True,
    ),
}


@pytest.fixture(scope="module")
def molybdenum() -> fl.Dataset:
    """First-principles molecular dynamics of molybdenum at three temperatures with SNAP descriptors."""
    made = []
    with np.load(MOLYBDENUM / "Mo_snap2J6_train.npz", allow_pickle=False) as file:
        labels, n_atoms = file["temperature_label_K"], file["natoms"].astype(int)
        for temperature in np.unique(labels[file["group"] == "AIMD-NVT"]):
            chosen = (file["group"] == "AIMD-NVT") & (labels == temperature)
            rows = np.repeat(chosen, 3 * n_atoms)
            t = fl.Trajectory(
                key=f"Mo {temperature} K",
                temperature=float(temperature),
                n_atoms=n_atoms[chosen],
                energies=file["energy"][chosen],
                descriptors=file["D"][chosen],
                forces=file["forces"].ravel()[rows],
                force_descriptors=file["minus_dDdx"][rows],
            )
            made.append(t)
    return fl.Dataset(made)


@pytest.fixture(params=["few_walkers", pytest.param("molybdenum", marks=needs(MOLYBDENUM))])
def real(request: pytest.FixtureRequest) -> fl.Dataset:
    """Copper with SOAP descriptors, or molybdenum with SNAP ones."""
    return request.getfixturevalue(request.param)


def test_as_delivered_nothing_is_told(real: fl.Dataset) -> None:
    for judge in (diagnostics.consistency, diagnostics.check, diagnostics.health):
        assert {v.name for v in judge(real) if v.level in ("warn", "fail")} == set()


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_told_with_its_cause(real: fl.Dataset, name: str) -> None:
    mistake = MISTAKES[name]
    data = spoilt(real, mistake.change, one=mistake.one)
    found = {v.name: v for v in diagnostics.check(data)}
    verdict = found[mistake.verdict]
    assert verdict.level == mistake.level
    assert re.search(mistake.sentence, verdict.message), verdict.message
    assert (found["force R²"].level == "ok") == mistake.hidden


@pytest.mark.parametrize("name", [n for n, m in MISTAKES.items() if m.verdict in ("energy slope", "duplicates")])
def test_units_signs_and_duplicates_are_not_blamed_on_anything_else(real: fl.Dataset, name: str) -> None:
    mistake = MISTAKES[name]
    found = diagnostics.consistency(spoilt(real, mistake.change, one=mistake.one))
    assert {v.name: v.level for v in found if v.level in ("warn", "fail")} == {mistake.verdict: mistake.level}


def test_every_mistake_on_the_card_and_among_the_verdicts_of_a_fit(few_walkers: fl.Dataset) -> None:
    mistake = MISTAKES["Φ stored (N, K, 3), reshaped to (3N, K)"]
    data = spoilt(few_walkers, mistake.change)
    said = [{v.message for v in judge(data) if v.level == "fail"} for judge in (diagnostics.health, fl.trust.verdicts)]
    (sentence,) = said[0] & said[1]
    assert re.search(mistake.sentence, sentence)


@pytest.mark.parametrize(("stored", "name"), [((0, 1, 2), None), ((1, 0, 2), "(3, N, K)"), ((0, 2, 1), "(N, K, 3)")])
def test_axes_are_put_right_in_configurations_of_different_size(
    ragged: Callable, stored: tuple[int, ...], name: str | None
) -> None:
    def written(t: fl.Trajectory, _: np.random.Generator) -> dict[str, Any]:
        frames = np.split(t.force_descriptors, 3 * np.cumsum(t.n_atoms)[:-1])
        return {
            "force_descriptors": np.concatenate(
                [f.reshape(-1, 3, 4).transpose(stored).reshape(f.shape) for f in frames]
            )
        }

    data = spoilt(ragged(0, K=4, configurations=30, atoms=(2, 6), noise=0.1), written)
    found = [v.message for v in diagnostics.consistency(data) if v.name == "axes"]
    assert len(found) == (name is not None) and all(f"Φ was stored {name} and read as" in m for m in found)


def test_no_order_of_axes_is_blamed_for_poor_descriptors(few_walkers: fl.Dataset, ragged: Callable) -> None:
    def two(t: fl.Trajectory, _: np.random.Generator) -> dict[str, Any]:
        return WITHOUT_SITES | {n: getattr(t, n)[:, [10, 20]] for n in ("descriptors", "force_descriptors")}

    poor = spoilt(few_walkers, two)
    for data in (poor, ragged(0, configurations=40, noise=30.0), ragged(0, K=20, configurations=5, noise=30.0)):
        found = {v.name: v for v in diagnostics.consistency(data)}
        assert "axes" not in found and found["force R²"].value < 0.6

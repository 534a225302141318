"""JSON of mlearn: what is written comes back by group and temperature, and bad content ends in a sentence."""

import copy
import json
import lzma
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ase.io
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import fisherlib as fl
from fisherlib.io.formats import mlearn

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data" / "zuo2020"
DESCRIPTIONS = (
    ("Snapshot 1 of 2 of AIMD NVT simulation at 300 K", "AIMD-NVT"),
    ("72500 of 100000 of AIMD NVT simulation for expanded structure at 680.5 K", "AIMD-NVT"),
    ("Cu 3x3x3 cell, mode 6, strain 0.0700", "Elastic"),
    ("Snapshot 2 of 2 of AIMD NVT simulation at 300 K", "AIMD-NVT"),
    ("Snapshot 7 of 8 of Vacancy AIMD NVT simulation at 300 K", "Vacancy"),
    ("Ground state crystal", "Elastic"),
)
KEYS = {
    "AIMD NVT simulation at 300 K": [0, 3],
    "AIMD NVT simulation for expanded structure at 680.5 K": [1],
    "Elastic": [2, 5],
    "Vacancy AIMD NVT simulation at 300 K": [4],
}


def content(seed: int = 0) -> list[dict[str, Any]]:
    """Six configurations of one to four atoms, as the published files have them."""
    rng, made = np.random.default_rng(seed), []
    for m, (description, group) in enumerate(DESCRIPTIONS):
        n = 1 + m % 4
        sites = [
            {"species": [{"element": "Cu", "occu": 1}], "abc": [0.0] * 3, "xyz": rng.normal(size=3).tolist()}
            for _ in range(n)
        ]
        structure = {"@class": "Structure", "lattice": {"matrix": (9 * np.eye(3)).tolist(), "a": 9.0}, "sites": sites}
        outputs = {
            "energy": float(rng.normal()),
            "forces": rng.normal(size=(n, 3)).tolist(),
            "virial_stress": [1.0] * 6,
        }
        made.append(
            {"structure": structure, "group": group, "description": description, "outputs": outputs, "tag": "t"}
        )
    return made


def write(folder: Path, value: object, name: str = "set.json") -> Path:
    text = json.dumps(value).encode()
    (folder / name).write_bytes(lzma.compress(text) if name.endswith(".xz") else text)
    return folder / name


@pytest.mark.parametrize("name", ["set.json", "set.json.xz", "SET.JSON"])
def test_what_is_written_comes_back_by_simulation_and_group(tmp_path: Path, name: str) -> None:
    written, opened = content(), fl.io.open(write(tmp_path, content(), name))
    frames = {f.key: f for f in opened.frames()}
    assert opened.kind == "mlearn" and {key: len(f.n_atoms) for key, f in frames.items()} == {
        key: len(rows) for key, rows in KEYS.items()
    }
    for key, rows in KEYS.items():
        f, parts = frames[key], [written[m] for m in rows]
        assert f.n_atoms.tolist() == [len(p["structure"]["sites"]) for p in parts] and set(f.numbers) == {29}
        assert f.energies.tolist() == [p["outputs"]["energy"] for p in parts]
        assert f.forces.tolist() == [row for p in parts for row in p["outputs"]["forces"]]
        assert f.positions.tolist() == [s["xyz"] for p in parts for s in p["structure"]["sites"]]
        assert f.cell.tolist() == [p["structure"]["lattice"]["matrix"] for p in parts] and f.pbc.all()
    assert [f.temperature for f in frames.values()] == [300.0, 680.5, None, 300.0]
    assert opened.temperatures == (300.0, 680.5)


def test_columns_have_units_and_energies_and_forces_are_guessed(tmp_path: Path) -> None:
    opened = fl.io.open(write(tmp_path, content()))
    units = {c.name: c.unit for c in opened.columns}
    assert (units["forces"], units["energies"], units["positions"]) == ("eV/Å", "eV", "Å")
    assert units["virial_stress"].endswith("?") and units["description"] == ""
    guesses = {what: opened.guess(what) for what in ("forces", "energies", "key", "descriptors")}
    assert guesses == {"forces": "forces", "energies": "energies", "key": None, "descriptors": None}
    with pytest.raises(ValueError, match="key: expected none for set.json, whose format has no such choice"):
        opened.frames(key="group")
    with pytest.raises(ValueError, match="energies: expected none for set.json, whose format has no such choice"):
        opened.frames(energies="total")


def test_a_dataset_with_descriptors_and_what_configurations_may_lack(tmp_path: Path) -> None:
    value = content()
    for entry in value:
        del entry["tag"]
        entry["structure"]["lattice"]["pbc"] = [False] * 3
    del value[0]["outputs"]["virial_stress"], value[2]["description"]
    soap = fl.descriptors.Soap(cutoff=4.0, n_max=1, l_max=1)
    data = fl.io.read(write(tmp_path, value), descriptor=soap, check=False)
    assert list(data) == list(KEYS) and data.K == 2
    assert data["Elastic"].cell is None and data.temperatures == [300.0, 680.5]
    np.testing.assert_array_equal(
        data["Elastic"].forces, np.ravel([*value[2]["outputs"]["forces"], *value[5]["outputs"]["forces"]])
    )


def test_configurations_of_a_simulation_are_in_the_order_of_time(tmp_path: Path) -> None:
    value, numbers = [entry for seed in range(2) for entry in content(seed)], [72500, 9, 31800, 9, 90400, 100]
    for entry, number in zip(value, numbers, strict=False):
        entry["description"] = f"Snapshot {number} of 100000 of AIMD NVT simulation at 300 K"
    for m, entry in enumerate(value[6:]):
        entry.update(description=f"mode {m}", group="Elastic")
    run, strained = fl.io.open(write(tmp_path, value)).stored
    order = [1, 3, 5, 2, 0, 4]  # of two with the same number, the first in the file
    assert run.entries["snapshot"].tolist() == sorted(numbers)
    assert run.entries["energies"].tolist() == [value[m]["outputs"]["energy"] for m in order]
    assert run.n_atoms.tolist() == [len(value[m]["structure"]["sites"]) for m in order]
    assert run.positions.tolist() == [s["xyz"] for m in order for s in value[m]["structure"]["sites"]]
    assert run.columns["forces"].tolist() == [row for m in order for row in value[m]["outputs"]["forces"]]
    assert strained.entries["description"].tolist() == [f"mode {m}" for m in range(6)]
    assert "snapshot" not in strained.entries and strained.incomplete == {}


def test_what_has_no_snapshot_number_follows_in_the_order_of_the_file(tmp_path: Path) -> None:
    value = content()
    names = ["start", "7 of 9 of Vacancy", "end", "5 of 9 of Vacancy", f"{10**20} of 9 of Vacancy", "relaxed"]
    for entry, name in zip(value, names, strict=True):
        entry.update(description=name, group="Vacancy")
    (mixed,) = fl.io.open(write(tmp_path, value)).stored
    assert mixed.entries["description"].tolist() == [names[m] for m in (3, 1, 0, 2, 4, 5)]
    assert "snapshot" not in mixed.entries and mixed.incomplete == {"snapshot": 2}


@pytest.mark.parametrize(
    "change, sentence",
    [
        (
            lambda e: e.pop("structure"),
            "configuration 1: expected an entry 'structure', got only 'group', 'description'",
        ),
        (lambda e: e.pop("outputs"), "configuration 1: expected an entry 'outputs'"),
        (lambda e: e.update(description="ground state") or e.pop("group"), "expected an entry 'group', got only"),
        (lambda e: e.update(description="ground state", group=7), "expected 'group' to be text, got int"),
        (lambda e: e.update(outputs=[]), "expected 'outputs' to be named entries, got list"),
        (lambda e: e["outputs"].pop("forces"), "'forces': expected numbers of shape .2, 3., got NoneType"),
        (
            lambda e: e["outputs"].update(forces=[[1.0] * 3]),
            r"'forces': expected .* shape \(2, 3\), got shape \(1, 3\)",
        ),
        (lambda e: e["outputs"].update(forces=[[1.0] * 3, [1.0]]), "'forces': .* got rows of different lengths"),
        (lambda e: e["outputs"].update(forces=[["1"] * 3] * 2), "'forces': expected numbers of shape"),
        (lambda e: e["outputs"].update(energy="-3"), "'energy': expected numbers of shape .., got shape"),
        (lambda e: e["outputs"].update(energy=None), "'energy': expected numbers of shape .., got NoneType"),
        (lambda e: e["outputs"].update(energy=10**400), "'energy': expected numbers of shape .., got int"),
        (lambda e: e["outputs"].update(virial_stress=[1.0]), r"'virial_stress': .* shape \(6,\), got shape \(1,\)"),
        (lambda e: e["structure"].update(sites=[]), "expected at least one site, got none"),
        (lambda e: e["structure"].update(sites=[3, 4]), "site 0: expected an entry 'species', got int"),
        (lambda e: e["structure"]["lattice"].pop("matrix"), "'matrix' of the lattice: expected .* got NoneType"),
        (lambda e: e["structure"]["lattice"].update(pbc=[1, 0, 1]), "'pbc' of the lattice: expected three of true"),
        (lambda e: e["structure"]["sites"][1].pop("xyz"), "'xyz' of the sites: expected"),
        (lambda e: e["structure"]["sites"][1].update(species=[]), "site 1, 'species': expected an entry 'element'"),
        (
            lambda e: e["structure"]["sites"][1]["species"][0].update(element="Qq"),
            "site 1: expected one element .* 'Qq'",
        ),
        (lambda e: e["structure"]["sites"][1]["species"][0].update(occu=0.5), "site 1: .* occupancy 1, got 'Cu', 0.5"),
    ],
)
def test_what_is_missing_or_of_another_kind_is_told_with_its_place(
    tmp_path: Path, change: Callable[[dict[str, Any]], object], sentence: str
) -> None:
    value = content()
    change(value[1])
    with pytest.raises(ValueError, match=sentence) as raised:
        fl.io.open(write(tmp_path, value))
    assert str(raised.value).startswith("set.json, configuration 1")


@pytest.mark.parametrize(
    "text, sentence",
    [
        ('{"coef": [1.0], "intercept": 0.0}', "got parameters θ; read them with fisherlib.io.read_theta"),
        ('{"theta_f": {}}', "got parameters θ"),
        (
            '{"a": 1, "b": 2}',
            "layout of mlearn, .* got a dict of 'a', 'b'; other data are read from .npz or extended xyz",
        ),
        ("[]", "got an empty list"),
        ("7", "layout of mlearn, .* got int"),
        ("[7]", "configuration 0: expected an entry 'structure', got int"),
        ("", "expected JSON, got a file that is none or is truncated"),
        ("not json", "expected JSON, got a file that is none"),
        ("[" * 100_000, "set.json: expected"),
        ('[{"structure": NaN}]', "expected finite numbers of usual length .got NaN"),
        ('[{"structure": 1' + "0" * 5000 + "}]", "expected finite numbers of usual length"),
    ],
)
def test_other_json_is_told_from_data(tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "set.json").write_text(text)
    with pytest.raises(ValueError, match=sentence):
        fl.io.open(tmp_path / "set.json")


def test_a_damaged_archive_and_too_much_content_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, content(), "set.json.xz")
    good = path.read_bytes()
    for bad in (good[: len(good) // 2], b"PK no xz", good[:200] + bytes([good[200] ^ 255]) + good[201:], good[:-8]):
        path.write_bytes(bad)
        with pytest.raises(ValueError, match="set.json.xz: expected an intact .xz, got a damaged or truncated one"):
            fl.io.open(path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError):
        fl.io.open(path)
    monkeypatch.setattr(mlearn, "LIMIT", 2**20)
    path.write_bytes(lzma.compress(b" " * 2**21))
    with pytest.raises(ValueError, match="expected at most 1 MB of content, got more"):
        fl.io.open(path)


def places(value: object, at: tuple = ()) -> list[tuple]:
    """Every place inside nested lists and dicts."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at] * bool(at) + [place for key, part in inside for place in places(part, (*at, key))]


PLACES = places(content()[:2])
STRANGE = st.sampled_from(
    [None, True, "x", "", 3, -1.5, 1e999, [], [[]], {}, {"a": []}, [1, "b"], 10**30, [[1.0] * 3] * 3]
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.sampled_from(PLACES), strange=STRANGE, remove=st.booleans(), cut=st.floats(0.0, 1.0))
def test_whatever_is_missing_strange_or_cut_ends_in_a_sentence_or_in_data(
    tmp_path: Path, place: tuple, strange: object, remove: bool, cut: float
) -> None:
    value = copy.deepcopy(content()[:2])
    inside = value
    for step in place[:-1]:
        inside = inside[step]
    if remove:
        del inside[place[-1]]
    else:
        inside[place[-1]] = strange
    text = json.dumps(value)
    text = text[: int(cut * len(text))] if cut < 0.3 else text
    (tmp_path / "set.json").write_text(text)
    try:
        frames = fl.io.open(tmp_path / "set.json").frames()
    except ValueError as error:
        assert "set.json" in str(error) or "energies" in str(error)
    else:
        assert all(np.isfinite(f.forces).all() and np.isfinite(f.energies).all() for f in frames)


def test_lists_of_data_files_show_it(tmp_path: Path) -> None:
    for name in ("a.json", "b.json.xz"):
        write(tmp_path, content(), name)
    write(tmp_path, {"coef": [1.0], "intercept": 0.0}, "theta.json")
    (tmp_path / "broken.json.xz").write_bytes(b"no xz")
    assert fl.io.data_files(tmp_path) == [str(tmp_path / n) for n in ("a.json", "b.json.xz")]
    assert fl.io.theta_files(tmp_path) == [str(tmp_path / "theta.json")]


@pytest.mark.skipif(not SHARED.exists(), reason="no zuo2020 in ../shared/data beside the checkout")
def test_published_data_agree_with_their_extended_xyz(tmp_path: Path) -> None:
    frames = fl.io.read_frames(SHARED / "mlearn_Mo_training.json.xz")
    assert {f.key: len(f.n_atoms) for f in frames} == {
        "Vacancy AIMD NVT simulation at 300 K": 10,
        "Vacancy AIMD NVT simulation at 6000 K": 11,
        "AIMD NVT simulation at 300 K": 35,
        "AIMD NVT simulation at 3000 K": 37,
        "AIMD NVT simulation at 6000 K": 36,
        "Surface": 9,
        "Elastic": 56,
    }
    with tarfile.open(SHARED / "ZuoEtAl2020.tar.gz") as archive:
        (tmp_path / "Mo.xyz").write_bytes(archive.extractfile("ZuoEtAl2020/Mo_train.xyz").read())
    others = {round(a.get_potential_energy(), 6): a for a in ase.io.read(tmp_path / "Mo.xyz", index=":")}
    assert len(others) == sum(len(f.n_atoms) for f in frames) == 194
    for f in frames:
        ends = np.cumsum(f.n_atoms)
        for m, (a, b) in enumerate(zip(ends - f.n_atoms, ends, strict=True)):
            other = others[round(float(f.energies[m]), 6)]
            np.testing.assert_allclose(f.forces[a:b], other.arrays["force"], atol=1e-8)
            np.testing.assert_allclose(f.cell[m], other.cell.array, atol=1e-7)


@pytest.mark.skipif(not SHARED.exists(), reason="no zuo2020 in ../shared/data beside the checkout")
def test_published_lithium_is_in_the_order_of_time() -> None:
    path = SHARED / "mlearn_Li_training.json.xz"
    runs = [s for s in fl.io.open(path).stored if "simulation" in s.key]
    assert len(runs) == 14 and all((np.diff(s.entries["snapshot"]) > 0).all() for s in runs)
    written = {entry["description"]: entry["outputs"] for entry in json.loads(lzma.decompress(path.read_bytes()))}
    expanded = next(s for s in runs if s.key == "AIMD NVT simulation for expanded structure at 680 K")
    steps = [22100, 28600, 31800, 72500, 79500, 86200, 90400, 99900]
    outputs = [written[f"Snapshot {step} of 100000 of {expanded.key}"] for step in steps]
    assert expanded.entries["snapshot"].tolist() == steps
    assert expanded.entries["energies"].tolist() == [o["energy"] for o in outputs]
    assert expanded.columns["forces"].tolist() == [row for o in outputs for row in o["forces"]]

"""MiLaDy's files: what Fortran wrote comes back to the last bit, and what is damaged ends in a sentence.

The writers here are the tests' own, from the formats that MiLaDy's program states (e25.15, es30.18e3, i9).
"""

import re
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from ase.data import atomic_numbers
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import fisherlib as fl
from fisherlib.configurations import Configurations
from fisherlib.io.columns import roles
from fisherlib.io.columns.choice import GUESSED
from fisherlib.io.formats import milady
from fisherlib.io.formats.milady import fortran

K = 4
THETA, OFFSET = np.array([2.0, -3.0, 0.75, 1.5]), -4.25
D, PHI = "milady-descriptors", "milady-descriptors-forces"
#: Configuration → atoms of each element.
NAMES = {
    "01_110_000001": {"Fe": 3},
    "01_110_000002": {"Fe": 2, "C": 1},
    "01_110_000010": {"Fe": 1},
    "07_12A_000003": {"Fe": 4},
    "07_12A_000004": {"Fe": 2},
}
KEYS = {"01_110": list(NAMES)[:3], "07_12A": list(NAMES)[3:]}


def e25(value: float) -> str:
    """Fortran's e25.15: fifteen digits behind 0., and no letter where the exponent has three digits."""
    mantissa, exponent = f"{value:.14E}".split("E")
    power = int(exponent) + 1 if value else 0
    digits = mantissa.replace(".", "").replace("-", "")
    tail = f"E{power:+03d}" if abs(power) < 100 else f"{power:+04d}"
    return f"{'-' if value < 0 else ''}0.{digits}{tail}".rjust(25)


def es30(value: float) -> str:
    """Fortran's es30.18e3."""
    mantissa, exponent = f"{value:.18E}".split("E")
    return f"{mantissa}E{int(exponent):+04d}".rjust(30)


class Frame:
    """A configuration of known numbers, which fifteen digits hold exactly."""

    def __init__(self, elements: dict[str, int], rng: np.random.Generator, K: int = K, noise: float = 0.1) -> None:
        def draw(*shape: int) -> NDArray:
            return np.round(rng.normal(size=shape), 6)

        self.elements, n = elements, sum(elements.values())
        self.D, self.Phi = draw(n, K), draw(n, 3, K)
        self.positions, self.cell = 3 * draw(n, 3), np.round(9 * np.eye(3) + draw(3, 3) / 9, 6)
        self.stress, self.numbers = draw(6), np.repeat([atomic_numbers[e] for e in elements], list(elements.values()))
        theta = np.resize(THETA, K)
        self.forces = np.round(self.Phi @ theta + noise * draw(n, 3), 6)
        self.energies = np.round([-100.0 * n, self.D.sum(axis=0) @ theta + n * OFFSET, 7.5], 6)


def frames(seed: int = 0, **more: int | float) -> dict[str, Frame]:
    rng = np.random.default_rng(seed)
    return {name: Frame(elements, rng, **more) for name, elements in NAMES.items()}


def poscar(f: Frame, tag: str = "111", *, species: bool = False, comments: bool = False) -> str:
    """A .poscar as in MiLaDy's examples; some have a line of species, the documentation's has comments."""

    def rows(table: NDArray) -> str:
        return "".join(" ".join(map(repr, row)) + " \n" for row in table.tolist())

    note = "  # as the documentation shows it" if comments else ""
    first = " ".join(f"{e} {20 + i}" for i, e in enumerate(f.elements))
    E = "   ".join(map(repr, f.energies.tolist()))
    return (
        f"{tag}  {len(f.elements)}  {first}   {E} {note}\n1.00000000 {note}\n{rows(f.cell)}"
        f"{' '.join(f.elements) + chr(10) if species else ''}{' '.join(map(str, f.elements.values()))}{note}\nCartesian \n"
        f"{rows(f.positions)}\n{rows(f.forces)}\n{' '.join(map(repr, f.stress.tolist()))} \n\n2\n"
    )


def eml(f: Frame, number: Callable[[float], str] = es30) -> str:
    return "".join("".join(map(number, [i, *row])) + "\n" for i, row in enumerate(f.D.tolist(), 1))


def fml(f: Frame, number: Callable[[float], str] = e25, broken_after: int | None = None) -> str:
    """A row for each atom: x of all descriptors, then y, then z; with a line break as Fortran makes it."""
    text = ""
    for i, block in enumerate(f.Phi, 1):
        words = [number(v) for v in [i, *block[0], *block[1], *block[2]]]
        cut = broken_after or len(words)
        text += "".join(words[:cut]) + "\n" + ("".join(words[cut:]) + "\n" if words[cut:] else "")
    return text


def database(folder: Path, content: dict[str, Frame], *, poscars: str = "DB") -> Path:
    """descDB with .eml and .fml, and .poscar where MiLaDy has them."""
    for name in ("descDB", poscars):
        (folder / name).mkdir(exist_ok=True)
    for name, f in content.items():
        (folder / poscars / f"{name}.poscar").write_text(poscar(f))
        (folder / "descDB" / f"{name}.eml").write_text(eml(f))
        (folder / "descDB" / f"{name}.fml").write_text(fml(f))
    return folder / "descDB"


def check(stored: list[Configurations], content: dict[str, Frame]) -> None:
    """Every number as it was, to the last bit."""
    assert [s.key for s in stored] == list(KEYS)
    for s in stored:
        own = [content[name] for name in KEYS[s.key]]
        assert list(s.n_atoms) == [len(f.D) for f in own] and s.pbc.all() and s.temperature is None
        for name, what in (
            ("numbers", "numbers"),
            ("positions", "positions"),
            ("forces", "forces"),
            (D, "D"),
            (PHI, "Phi"),
        ):
            np.testing.assert_array_equal(
                s.of_atoms[name], np.concatenate([getattr(f, what) for f in own]), err_msg=name
            )
        np.testing.assert_array_equal(s.cell, [f.cell for f in own])
        E = np.array([f.energies for f in own])
        for i in (1, 2, 3):
            np.testing.assert_array_equal(s.entries[f"energy_{i}"], E[:, i - 1])
        np.testing.assert_array_equal(s.entries["energies"], E[:, 1])
        np.testing.assert_array_equal(s.entries["stress"], [f.stress for f in own])
        assert list(s.entries["configuration"]) == KEYS[s.key]


def least_squares(content: dict[str, Frame]) -> NDArray:
    """θ_f as numpy has it: the least squares of all forces."""
    Phi = np.concatenate([f.Phi.reshape(-1, f.Phi.shape[-1]) for f in content.values()])
    return np.linalg.lstsq(Phi, np.concatenate([f.forces.ravel() for f in content.values()]), rcond=None)[0]


def theta_f(trajectories: list[fl.Trajectory]) -> NDArray:
    return fl.solve(fl.fisher(fl.accumulate(fl.Dataset(trajectories)), temperature=300)).theta


def refused(call: Callable[[], object], *parts: str) -> None:
    """One sentence with these parts, and nothing from numpy or Python."""
    with pytest.raises(ValueError) as caught:
        call()
    assert type(caught.value) is ValueError
    for part in parts:
        assert part in str(caught.value)


def edit(path: Path, pattern: str, new: str, count: int = 1) -> None:
    text, changed = re.subn(pattern, lambda match: new, path.read_text(), count=count)
    assert changed
    path.write_text(text)


# --- numbers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("token", "value"),
    [("1.0D-03", 1e-3), ("-.5d+2", -50.0), ("1.5-103", 1.5e-103), ("0.15+102", 0.15e102), ("7", 7.0), ("+3.E2", 300.0)],
)
def test_numbers_that_only_fortran_writes(tmp_path: Path, token: str, value: float) -> None:
    (tmp_path / "t.fml").write_text(f" 1.0  {token}\n 2.0 -1.5E+00 \n")
    np.testing.assert_array_equal(fortran.table(tmp_path / "t.fml"), [[1.0, value], [2.0, -1.5]])


@pytest.mark.parametrize(
    "token", ["1_0", "0x1p3", "1.0+3", "1.5-1034", "12-103", "1e", "one", "１", "True", "1,5", ".", "(1)"]
)
def test_no_numbers_are_refused_with_their_line(tmp_path: Path, token: str) -> None:
    (tmp_path / "t.fml").write_text(f"1 2\n\n3 4\n5 {token}\n", encoding="utf-8")
    refused(lambda: fortran.table(tmp_path / "t.fml"), "t.fml, line 4: expected a number, got")


@pytest.mark.parametrize(
    ("token", "part"),
    [
        ("****", "which Fortran writes where a number is too wide"),
        ("NaN", "expected a finite number, got 'NaN'"),
        ("-Infinity", "expected a finite number"),
        ("1e999", "expected a number below 1.8E308"),
    ],
)
def test_what_is_no_finite_number_is_named(tmp_path: Path, token: str, part: str) -> None:
    (tmp_path / "t.fml").write_text(f"1 2\n3 {token}\n")
    refused(lambda: fortran.table(tmp_path / "t.fml"), "t.fml, line 2", part)


@pytest.mark.parametrize(
    ("text", "columns", "part"),
    [
        ("", None, "got an empty file"),
        (" \n\n \n", None, "got an empty file"),
        ("# words\n\n", None, "got an empty file"),
        ("\n# words\n", None, "an empty file or comments only"),
        ("1 2 3\n4 5\n", None, "line 2: expected 3 numbers in a row, got 2"),
        ("1 2\n3 4 5\n", None, "line 2: expected 2 numbers in a row, got 3"),
        ("1 2 3\n4 5\n", 3, "line 2: expected 3 numbers in a row, got 2 before the file ends"),
        ("1 2\n3 4\n", 3, "line 1: expected 3 numbers in a row, got 4 up to the end of line 2"),
        ("1 2 3 4 5 6\n", 3, "line 1: expected 3 numbers in a row, got 6"),
    ],
)
def test_rows_of_another_length_are_refused(tmp_path: Path, text: str, columns: int | None, part: str) -> None:
    (tmp_path / "t.fml").write_text(text)
    refused(lambda: fortran.table(tmp_path / "t.fml", columns=columns), "t.fml", part)


@pytest.mark.parametrize(
    "text", ["1 2\n3\n4 5\n6\n", "1\n2\n3\n4\n5\n6\n", "1 2 3\r\n4 5\r\n6\r\n", "# a\n1 2 3 # b\n4 5 6\n"]
)
def test_broken_rows_are_put_together_if_their_length_is_known(tmp_path: Path, text: str) -> None:
    (tmp_path / "t.fml").write_bytes(text.encode())
    np.testing.assert_array_equal(fortran.table(tmp_path / "t.fml", columns=3), [[1, 2, 3], [4, 5, 6]])


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    values=st.lists(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e200, max_value=1e200), min_size=1),
    width=st.integers(1, 4),
)
def test_every_number_comes_back_to_the_last_bit(tmp_path: Path, values: list[float], width: int) -> None:
    table = np.array(values[: max(len(values) // width, 1) * width] if len(values) >= width else values).reshape(
        -1, min(width, len(values))
    )
    path = tmp_path / "t.eml"
    for number in (es30, lambda v: f" {v!r}", lambda v: f" {v!r}".replace("e", "D")):
        path.write_text("".join("".join(map(number, row)) + "\n" for row in table.tolist()))
        np.testing.assert_array_equal(fortran.table(path), table)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.one_of(
        st.text("0123456789.-+eEdD* \n\r#,naif", max_size=60), st.binary(max_size=60).map(lambda b: b.decode("latin1"))
    )
)
def test_any_text_is_a_table_or_a_sentence(tmp_path: Path, content: str) -> None:
    """The fast way and the way word by word agree on what is a table."""
    path = tmp_path / "t.fml"
    path.write_bytes(content.encode("latin1"))
    for wanted in (None, 2):
        try:
            fast = fortran.table(path, columns=wanted)
        except ValueError as error:
            assert str(error).startswith("t.fml")
            continue
        np.testing.assert_array_equal(fast, fortran._slowly(path, wanted, "", None))


# --- database ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("given_as", ["descDB", "."])
@pytest.mark.parametrize("poscars", ["DB", "descDB", "."])
def test_a_database_comes_back_to_the_last_bit(tmp_path: Path, given_as: str, poscars: str) -> None:
    content = frames()
    database(tmp_path, content, poscars=poscars)
    assert milady.holds(tmp_path / given_as)
    check(milady.read(tmp_path / given_as), content)


def test_theta_f_of_a_database_is_the_least_squares_of_the_arrays(tmp_path: Path) -> None:
    content = frames(1)
    stored = milady.read(database(tmp_path, content))
    made = [roles.trajectory(roles.labelled(s, GUESSED, kind="npz", file="descDB"), GUESSED) for s in stored]
    np.testing.assert_allclose(theta_f(made), least_squares(content), rtol=1e-11)
    np.testing.assert_allclose(
        made[0].energies, made[0].descriptors @ THETA + OFFSET * made[0].n_atoms, atol=1e-5
    )  # energies and descriptors belong together


def letters(number: Callable[[float], str]) -> Callable[[float], str]:
    return lambda value: number(value).replace("E", "D")


@pytest.mark.parametrize("change", ["species", "comments", "D", "breaks", "breaks evenly", "csv", "npy", "npz", "both"])
def test_every_variant_holds_the_same_numbers(tmp_path: Path, change: str) -> None:
    content = frames(2)
    folder = database(tmp_path, content)
    for name, f in content.items():
        table = np.column_stack([np.arange(1.0, len(f.D) + 1), f.D])
        if change in ("species", "comments"):
            (tmp_path / "DB" / f"{name}.poscar").write_text(poscar(f, **{change: True}))
        elif change == "D":
            (folder / f"{name}.eml").write_text(eml(f, letters(es30)))
            (folder / f"{name}.fml").write_text(fml(f, letters(e25)))
        elif change == "breaks":  # as with activate_k2b: the format holds 1 + 3·2 numbers and begins anew
            (folder / f"{name}.fml").write_text(fml(f, broken_after=7))
        elif change == "breaks evenly":
            f.Phi = np.concatenate([f.Phi, f.Phi[:, :, :1] * 0.5], axis=2)  # 1 + 3·5 numbers in two lines of eight
            f.D = np.column_stack([f.D, f.D[:, 0]])
            (folder / f"{name}.eml").write_text(eml(f))
            (folder / f"{name}.fml").write_text(fml(f, lambda v: f" {float(v)!r}", broken_after=8))
        else:
            (folder / f"{name}.eml").unlink()
            if change == "csv":
                rows = ",".join
                (folder / f"{name}.csv").write_text("".join(rows(map(es30, row)) + "\n" for row in table.tolist()))
            elif change == "npy":  # what MiLaDy names .npz is one array without an archive
                with open(folder / f"{name}.npz", "wb") as file:
                    np.save(file, np.asfortranarray(table))
            elif change == "npz":
                np.savez(folder / f"{name}.npz", table)
            else:
                (folder / f"{name}.fml").unlink()
                np.savez(folder / f"{name}.npz", **{D: f.D, PHI: f.Phi})
    check(milady.read(folder), content)


def test_what_is_no_database_is_not_held(tmp_path: Path) -> None:
    content = frames()
    assert not milady.holds(tmp_path / "nothing") and not milady.holds(tmp_path)
    folder = database(tmp_path, content)
    assert not milady.holds(tmp_path / "DB") and not milady.holds(folder / "01_110_000001.eml")
    refused(lambda: milady.read(tmp_path / "DB"), "DB: expected a descriptor database of MiLaDy", "got none")
    refused(lambda: milady.read(tmp_path / "nothing"), "nothing: expected a descriptor database", "got none")
    folder.rename(tmp_path / "descDB2")
    database(tmp_path, content)
    refused(lambda: milady.read(tmp_path), "got 2: descDB, descDB2; name one of them")


def test_missing_files_are_counted_and_named(tmp_path: Path) -> None:
    folder = database(tmp_path, frames())
    (folder / "07_12A_000003.fml").unlink()
    refused(lambda: milady.read(folder), "expected force descriptors (.fml)", "1 (07_12A_000003)", "desc_forces=.true.")
    for name in NAMES:
        (folder / f"{name}.fml").unlink(missing_ok=True)
    refused(lambda: milady.read(folder), "5 (01_110_000001, 01_110_000002, 01_110_000010, …)")


@pytest.mark.parametrize(
    ("suffix", "where", "part"),
    [
        (
            ".poscar",
            "DB",
            "descDB: expected a .poscar for each configuration, here or in the database's folder, got none for 1 (01",
        ),
        (".eml", "descDB", "descDB: expected descriptors (.eml) beside each .fml, got none for 1 (01_110_000002)"),
    ],
)
def test_half_a_configuration_is_refused(tmp_path: Path, suffix: str, where: str, part: str) -> None:
    folder = database(tmp_path, frames())
    (tmp_path / where / f"01_110_000002{suffix}").unlink()
    refused(lambda: milady.read(folder), part)


def test_configurations_without_descriptors_are_left_out_with_a_warning(tmp_path: Path) -> None:
    folder = database(tmp_path, frames())
    for suffix in (".eml", ".fml"):
        (folder / f"01_110_000002{suffix}").unlink()
    with pytest.warns(
        UserWarning, match=r"1 \(01_110_000002\) of 5 configurations have a .poscar but no descriptors"
    ) as caught:
        stored = milady.read(folder)
    assert caught[0].filename == __file__ and [len(s.n_atoms) for s in stored] == [2, 2]


@pytest.mark.parametrize(
    ("file", "pattern", "new", "parts"),
    [
        ("DB/01_110_000001.poscar", r"\A111", "101", ["EFS-tag of 1 (01_110_000001) says that one is not given"]),
        ("DB/01_110_000001.poscar", r"\A111", "011", ["EFS-tag of 1 (01_110_000001)"]),
        ("DB/01_110_000001.poscar", r"\A111", "TTT", ["01_110_000001.poscar, line 1: expected 'EFS-tag, number of elements"]),
        ("DB/01_110_000001.poscar", r"\A111  1  Fe", "111  2  Fe", ["line 1: expected 'EFS-tag"]),
        ("DB/01_110_000001.poscar", r"\A111  1  Fe", "111  1  Fx", ["line 1: expected names of elements, got 'Fx'"]),
        ("DB/01_110_000001.poscar", r"-300.0", "-****", ["line 1, energies: expected a number, got '-****'"]),
        ("DB/01_110_000001.poscar", r"1.00000000", "2.0", ["line 2: expected the scale 1, got 2; multiply"]),
        ("DB/01_110_000001.poscar", r"\n3\n", "\n4\n", ["01_110_000001.poscar, line 1", "expected forces, 3 numbers, got 6"]),
        ("DB/01_110_000001.poscar", r"\n3\n", "\n3 1\n", ["line 6: expected the number of atoms of each of Fe, got '3 1'"]),
        ("DB/01_110_000001.poscar", r"\n3\n", "\nC\n3\n", ["line 6: expected Fe as in the first line, got 'C'"]),
        ("DB/01_110_000001.poscar", r"\n3\n", "\nthree\n", ["line 6, atoms: expected a whole number, got 'three'"]),
        ("DB/01_110_000001.poscar", "Cartesian", "Direct", ["line 7: expected 'Cartesian', got 'Direct'"]),
        ("DB/01_110_000001.poscar", r"(?s)\n\n.*", "\n", ["expected 3 lines of forces, got 0 before the file ends"]),
        ("DB/01_110_000001.poscar", r"(?s)\n1\.0.*", "\n", ["expected the scale, got the end of the file"]),
        ("descDB/01_110_000001.eml", r"(?s)\n.*", "\n", ["expected the atoms 1 to 3", "got 1 rows of which row 2", "truncated"]),
        ("descDB/01_110_000001.eml", r"3\.0+E", "4.0E", ["row 3 is the first that is not", "a mask on the atoms"]),
        ("descDB/01_110_000001.eml", r"\S+\n", "\n", ["01_110_000001.eml, line 2: expected 4 numbers in a row, as in the first"]),
        ("descDB/01_110_000001.fml", r"\S+\n", "\n", ["01_110_000001.fml, line 1: expected 13 numbers", "up to the end of line 2", "K = 4 as in 01_110_000001.eml"]),
        ("descDB/01_110_000001.fml", r"\S+\n", "****\n", ["01_110_000001.fml, line 1: expected a number, got '****'"]),
        ("descDB/01_110_000001.fml", r"(?s)\n.*", "\n", ["01_110_000001.fml: expected the atoms 1 to 3", "got 1 rows"]),
        ("descDB/01_110_000001.fml", r"(?s)\A.*\Z", "", ["01_110_000001.fml: expected rows of numbers, got an empty file"]),
    ],
)  # fmt: skip
def test_damage_is_named(tmp_path: Path, file: str, pattern: str, new: str, parts: list[str]) -> None:
    folder = database(tmp_path, frames())
    edit(tmp_path / file, pattern, new)
    refused(lambda: milady.read(folder), *parts)


def test_an_eml_that_was_appended_to_is_refused(tmp_path: Path) -> None:
    content = frames()
    folder = database(tmp_path, content)
    (folder / "01_110_000001.eml").write_text(2 * eml(content["01_110_000001"]))
    refused(lambda: milady.read(folder), "got 6 rows of which row 4", "MiLaDy appends to a file that is there")


def test_pair_descriptors_in_one_file_only_are_refused(tmp_path: Path) -> None:
    """With activate_k2b the .fml has more columns; where the .eml has them too, x|y|z blocks are of all K."""
    content = frames()
    folder = database(tmp_path, content)
    for name, f in content.items():
        f.Phi = np.concatenate([f.Phi, f.Phi[:, :, :2]], axis=2)
        (folder / f"{name}.fml").write_text(fml(f, broken_after=1 + 3 * K))
    refused(lambda: milady.read(folder), ".fml, line 2: expected 13 numbers in a row", "activate_k2b")
    for name, f in content.items():
        f.D = np.column_stack([f.D, f.D[:, :2]])
        (folder / f"{name}.eml").write_text(eml(f))
    check(milady.read(folder), content)


def test_two_descriptors_in_one_database_are_refused(tmp_path: Path) -> None:
    content = frames()
    folder = database(tmp_path, content)
    other = frames(K=5)["07_12A_000003"]
    (folder / "07_12A_000003.eml").write_text(eml(other))
    refused(lambda: milady.read(folder), "07_12A_000003.eml: expected K = 4 descriptors as in 01_110_000001.eml, got 5")
    (folder / "07_12A_000003.eml").write_text("1\n2\n3\n4\n")
    refused(lambda: milady.read(folder), "expected the atom's number and K descriptors in each row, got one number")


def test_names_of_another_form_and_descriptors_twice_are_refused(tmp_path: Path) -> None:
    folder = database(tmp_path, frames())
    np.savez(folder / "theta.npz", a=1)  # may well be something else
    milady.read(folder)
    (folder / "01_110_1.eml").write_text("1 2\n")
    refused(lambda: milady.read(folder), "expected names such as 01_120_000001.eml, got 1 (01_110_1.eml)")
    (folder / "01_110_1.eml").rename(folder / "01_110_000001.csv")
    refused(lambda: milady.read(folder), "expected one file of descriptors", "two for 1 (01_110_000001)")


@pytest.mark.parametrize(
    ("arrays", "parts"),
    [
        ({D: np.zeros((3, K)), PHI: np.zeros((3, 3, K))}, ["force descriptors in one place, got them in .npz and .fml"]),
        ({D: np.zeros((2, K))}, ["01_110_000001.npz: expected the atoms 1 to 3", "got 2 rows"]),
        ({D: np.array([[{}]])}, ["01_110_000001.npz: expected an intact .npz of plain arrays"]),
        ({D: np.full((3, K), np.nan)}, ["01_110_000001.npz: expected finite numbers of 2 dimensions in 'milady-descriptors'"]),
        ({D: np.zeros((3, K)), PHI: np.zeros((3, 3))}, ["expected finite numbers of 3 dimensions in 'milady-descriptors-forces'"]),
        ({"a": np.zeros((3, 5)), "b": np.zeros(3)}, ["expected one array (N, 1 + K), or 'milady-descriptors' (N, K), got a, b"]),
        ({"a": np.zeros((3, 5))}, ["expected the atoms 1 to 3", "row 1 is the first that is not"]),
        ({"a": np.array(["x"])}, ["expected finite numbers of 2 dimensions in 'a'"]),
    ],
)  # fmt: skip
def test_damaged_arrays_are_named(tmp_path: Path, arrays: dict[str, NDArray], parts: list[str]) -> None:
    folder = database(tmp_path, frames())
    (folder / "01_110_000001.eml").unlink()
    np.savez(folder / "01_110_000001.npz", **arrays)
    refused(lambda: milady.read(folder), *parts)


def test_force_descriptors_of_another_shape_in_an_npz_are_refused(tmp_path: Path) -> None:
    folder = database(tmp_path, frames())
    for suffix in (".eml", ".fml"):
        (folder / f"01_110_000001{suffix}").unlink()
    np.savez(folder / "01_110_000001.npz", **{D: np.zeros((3, K)), PHI: np.zeros((3, K, 3))})
    refused(lambda: milady.read(folder), "force descriptors of shape (3, 3, K), got (3, 4) and (3, 4, 3)")
    np.savez(folder / "01_110_000001.npz", np.zeros((3, K)))
    refused(lambda: milady.read(folder), "expected the atoms 1 to 3")
    np.savez(folder / "01_110_000001.npz", np.column_stack([[1, 2, 3], np.zeros((3, K))]))
    refused(lambda: milady.read(folder), "expected force descriptors (.fml)", "1 (01_110_000001)")


@pytest.mark.parametrize("cut", [7, 40, 100, 140])
def test_a_truncated_npy_is_refused(tmp_path: Path, cut: int) -> None:
    folder = database(tmp_path, frames())
    (folder / "01_110_000001.eml").unlink()
    path = folder / "01_110_000001.npz"
    with open(path, "wb") as file:
        np.save(file, np.ones((3, 1 + K)))
    path.write_bytes(path.read_bytes()[:cut])
    refused(
        lambda: milady.read(folder),
        "01_110_000001.npz: expected an intact .npy of numbers, got a damaged or another one",
    )


def test_the_stress_that_one_configuration_lacks_is_nan_there(tmp_path: Path) -> None:
    content = frames()
    folder = database(tmp_path, content)
    path = tmp_path / "DB" / "01_110_000002.poscar"
    path.write_text(re.sub(r"\n\n[^\n]*\n\n2\n\Z", "\n", path.read_text()).replace("111", "110", 1))
    first, second = milady.read(folder)
    lacking = np.isnan(first.entries["stress"]).all(axis=tuple(range(1, first.entries["stress"].ndim)))
    assert np.flatnonzero(lacking).tolist() == [1] and first.incomplete["stress"] == 1
    assert np.isfinite(second.entries["stress"]).all()


# --- design matrix ----------------------------------------------------------------------------------------------------


def design(
    folder: Path, content: dict[str, Frame], *, stress: bool = False, weight: float = 1.0, head: bool = True
) -> Path:
    """design_matrix.dat and .info as write_design_matrix has them."""
    rows, info = [], []
    for name, f in content.items():
        rows.append([len(f.D), *f.D.sum(axis=0)])
        info.append((1, f.energies[1], weight, name))
        for F, Phi in zip(f.forces.ravel(), f.Phi.reshape(-1, K), strict=True):
            rows.append([0.0, *Phi])
            info.append((2, F, 1.0, name))
        for value in f.stress if stress else ():
            rows.append([0.0, *np.ones(K)])
            info.append((3, value, 7.0, name))
    said = f"# nline ncol nk2b dimD{len(rows):9d}{1 + K:9d}{0:9d}{K:9d}\n"
    text = f"# design matrix\n# 1st column number of atoms\n{said}" if head else ""
    (folder / "design_matrix.dat").write_text(text + "".join("".join(map(es30, row)) + "\n" for row in rows))
    text = "# tag\n# target\n# weight\n# file\n" + f"# nline ncol{len(rows):9d}{4:9d}\n" if head else ""
    lines = (f"{tag:6d}{e25(y):>30}{e25(w):>30}{'  ' + name:>15}\n" for tag, y, w, name in info)
    (folder / "design_matrix.info").write_text(text + "".join(lines))
    return folder / "design_matrix.dat"


@pytest.mark.parametrize("head", [True, False])
def test_a_design_matrix_comes_back(tmp_path: Path, head: bool) -> None:
    content = frames(3)
    made = milady.read_rows(design(tmp_path, content, head=head), temperature=450)
    assert [t.key for t in made] == list(KEYS) and {t.temperature for t in made} == {450.0}
    for t in made:
        own = [content[name] for name in KEYS[t.key]]
        assert t.positions is None and t.species is None and t.site_descriptors is None
        np.testing.assert_array_equal(t.n_atoms, [len(f.D) for f in own])
        np.testing.assert_array_equal(t.energies, [f.energies[1] for f in own])
        np.testing.assert_array_equal(t.descriptors, [f.D.sum(axis=0) for f in own])
        np.testing.assert_array_equal(t.forces, np.concatenate([f.forces.ravel() for f in own]))
        np.testing.assert_array_equal(t.force_descriptors, np.concatenate([f.Phi.reshape(-1, K) for f in own]))
    np.testing.assert_allclose(theta_f(made), least_squares(content), rtol=1e-11)


def test_keys_that_take_turns_in_the_file_are_told_apart(tmp_path: Path) -> None:
    content = frames(3)
    turns = [NAME for pair in zip(KEYS["01_110"], KEYS["07_12A"], strict=False) for NAME in pair]
    first, second = milady.read_rows(design(tmp_path, {name: content[name] for name in turns}))
    np.testing.assert_array_equal(second.forces, np.concatenate([content[n].forces.ravel() for n in KEYS["07_12A"]]))
    np.testing.assert_array_equal(first.energies, [content[n].energies[1] for n in KEYS["01_110"][:2]])


def test_stress_and_weights_are_left_aside_with_a_warning(tmp_path: Path) -> None:
    content = frames(3)
    path = design(tmp_path, content, stress=True, weight=1e3)
    with pytest.warns(UserWarning) as caught:
        made = milady.read_rows(path)
    first, second = (str(w.message) for w in caught)
    assert first == "design_matrix.dat: 30 rows of stress are left aside"
    assert "5 rows of energy and forces have weights other than 1 (1000 to 1000)" in second
    assert {w.filename for w in caught} == {__file__}
    np.testing.assert_allclose(theta_f(made), least_squares(content), rtol=1e-11)


def without(path: Path, keep: Callable[[int, str], bool]) -> None:
    """Takes rows out of both files; the heads, which would tell, go as well."""
    info = path.with_suffix(".info")
    lines = [[line for line in p.read_text().splitlines() if line[0] != "#"] for p in (path, info)]
    kept = [i for i, (_, line) in enumerate(zip(*lines, strict=True)) if keep(i, line)]
    for p, own in zip((path, info), lines, strict=True):
        p.write_text("".join(own[i] + "\n" for i in kept))


@pytest.mark.parametrize("tag", [1, 2])
def test_energies_without_forces_and_the_reverse_are_refused(tmp_path: Path, tag: int) -> None:
    path = design(tmp_path, frames())
    without(path, lambda i, line: not (line.split()[0] == str(tag) and "01_110" in line))
    expected = "3 (01_110_000001, 01_110_000002, 01_110_000010); write the matrix with E and F set to T"
    refused(lambda: milady.read_rows(path), "expected one row of energy and 3N rows of forces", expected)


def test_a_missing_row_of_forces_is_refused(tmp_path: Path) -> None:
    path = design(tmp_path, frames())
    without(path, lambda i, line: i != 3)
    refused(lambda: milady.read_rows(path), "expected 3N = 9 rows of forces of 01_110_000001", "N = 3, got 8")


def test_rows_of_a_configuration_apart_are_refused(tmp_path: Path) -> None:
    path = design(tmp_path, frames())
    edit(path.with_suffix(".info"), r"01_110_000001\n(?=.*01_110_000002)", "01_110_000002\n")
    edit(path.with_suffix(".info"), r"01_110_000001", "01_110_000002")
    refused(
        lambda: milady.read_rows(path),
        "design_matrix.info: expected all rows of a configuration together",
        "(01_110_000002)",
    )


@pytest.mark.parametrize(
    ("file", "pattern", "new", "parts"),
    [
        ("dat", r"[^\n]*\n\Z", "", ["design_matrix.dat: expected", "as its head says", "truncated"]),
        ("info", r"[^\n]*\n\Z", "", ["design_matrix.info: expected", "as its head says"]),
        ("dat", r"(?s)#.*dimD[^\n]*\n(.*)\n[^\n]*\n\Z", "1 2 3 4 5\n", ["expected 44 rows as in design_matrix.info, got 1"]),
        ("info", r"    2 ", "    4 ", ["design_matrix.info, line 7: expected 1, 2 or 3, the target, its weight"]),
        ("info", r"01_110_000001", "descDB/x.fml", ["design_matrix.info, line 6: expected 1, 2 or 3"]),
        ("info", r"0\.1\d*E\+01  01", "1_0  01", ["design_matrix.info, line 6, weight: expected a number, got '1_0'"]),
        ("dat", r"\n +0\.0+E\+000", "\n 1.0", ["expected 0 at the beginning of each row of forces"]),
        ("dat", r"3\.0+E\+000", "3.1E+00", ["expected 3N = 9.3 rows of forces of 01_110_000001"]),
        ("dat", r"\S+\n\Z", "****\n", ["design_matrix.dat, line 47: expected a number, got '****'"]),
        ("info", r"(?s)\A.*\Z", "# empty\n", ["design_matrix.info: expected a line for each row"]),
    ],
)  # fmt: skip
def test_damage_of_a_design_matrix_is_named(
    tmp_path: Path, file: str, pattern: str, new: str, parts: list[str]
) -> None:
    path = design(tmp_path, frames())
    edit(path.with_suffix(f".{file}"), pattern, new)
    refused(lambda: milady.read_rows(path), *parts)


def test_a_design_matrix_without_its_info_is_refused(tmp_path: Path) -> None:
    path = design(tmp_path, frames())
    path.with_suffix(".info").unlink()
    refused(lambda: milady.read_rows(path), "design_matrix.dat: expected design_matrix.info beside it")
    path.with_suffix(".info").write_text("1 1.0 1.0 01_110_000001\n")
    path.write_text("1.0\n")
    refused(lambda: milady.read_rows(path), "expected N and K values in each row, got 1 column")


# --- potentials -------------------------------------------------------------------------------------------------------

ABOUT = {"elements": ["Fe"], "descriptor": 9, "details": (1, 4.0, 0), "cutoff": 4.7}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=2, max_size=9))
def test_a_potential_comes_back_to_the_last_bit(tmp_path: Path, values: list[float]) -> None:
    model = fl.LinearPotential(theta=np.array(values[1:]), offset=values[0])
    milady.write_pot(model, tmp_path / "Fe.pot", **ABOUT)
    back = milady.read_pot(tmp_path / "Fe.pot", name="MiLaDy")
    assert back.theta.tobytes() == model.theta.tobytes() and repr(back.offset) == repr(model.offset)
    assert back.name == "MiLaDy" and back.provenance["descriptor"]["K"] == model.K


def test_a_potential_of_several_elements_tells_its_descriptor(tmp_path: Path) -> None:
    model = fl.LinearPotential(theta=THETA, offset=OFFSET)
    more = {"masses": [180.9, 183.8], "weights": [(1.3, 1.4), (0.5, 2.0)], "channels": 2}
    milady.write_pot(model, tmp_path / "TaW.pot", **{**ABOUT, "elements": ["Ta", "W"]}, **more)
    assert milady.read_pot(tmp_path / "TaW.pot").provenance["descriptor"] == {
        "name": "from MiLaDy",
        "type": 9,
        "K": K,
        "details": [1.0, 4.0, 0.0],
        "cutoff": 4.7,
        "channels": 2,
        "elements": ["Ta", "W"],
        "masses": [180.9, 183.8],
        "weights": [[1.3, 1.4], [0.5, 2.0]],
    }
    lines = (tmp_path / "TaW.pot").read_text().splitlines()
    assert all(line[0] == "#" for line in lines[:6])  # programs skip six lines
    assert [line.split() for line in lines[6:12]] == [
        ["2", "2", "Ta", "1.3", "1.4", "W", "0.5", "2"],
        ["9", "5", "3"],
        ["180.9", "183.8"],
        ["1", "4", "0"],
        ["4.7"],
        ["-4.25"],
    ]
    assert [p.name for p in tmp_path.iterdir()] == ["TaW.pot"]


HEAD = "".join(f"# line {i}\n" for i in range(6))
#: As newer versions write it: a reference energy for each element, four details, es25.15e3.
NEWER = (
    HEAD + "      1      2  W     0.1000000000E+01    0.1000000000E+01    0.0000000000E+00  Ta    0.1000000000E+01"
    "    0.1000000000E+01    0.0000000000E+00\n   9           3   4\n            183.8400            180.9480\n"
    "    1  4.0   0   0\n              4.7000\n   2.118873541851141E-001\n   5.431795821261544E-003\n  -1.5-103\n"
)


def test_layouts_of_other_versions_are_read(tmp_path: Path) -> None:
    path = tmp_path / "lammps_bso4_snap1_params.pot"
    path.write_text(NEWER)
    model = milady.read_pot(path)
    assert (model.offset, *model.theta) == (2.118873541851141e-1, 5.431795821261544e-3, -1.5e-103)
    path.write_text(NEWER.replace("0.0000000000E+00", "-.5000000000E+01"))
    assert milady.read_pot(path).offset == 2.118873541851141e-1 - 5
    path.write_text(NEWER.replace("    1  4.0   0   0", "    1  4.0\n    0\n    0"))  # a format that was too short
    assert milady.read_pot(path).theta.tolist() == model.theta.tolist()


@pytest.mark.parametrize(
    ("old", "new", "parts"),
    [
        (HEAD, "", ["expected a head that begins with #", "lammps_…_params.pot"]),
        (NEWER[len(HEAD) :], "", ["expected numbers below the head, got none"]),
        ("    1  4.0", "    2  4.0", ["expected a linear potential, whose details begin with 1, got [2.0]"]),
        ("4.0   0   0", "4.0   0   1", ["a pair potential (k2b or ZBL) added"]),
        (
            "   9           3   4",
            "   9           4   4",
            ["expected 4 coefficients, at least 2, as its head says, got 3"],
        ),
        ("   9           3   4\n", "", ["line 8, kind of descriptor: expected a whole number, got '183.8400'"]),
        ("      1      2  W", "      1      3  W", ["line 7: expected channels, number of elements, and for each"]),
        ("      1      2  W", "      1      2  Wo", ["line 7: expected names of elements, got 'Wo'"]),
        ("      1      2  W ", "", ["line 7: expected a whole number, got '0.1000000000E+01'"]),
        ("0.0000000000E+00\n", "1.0\n", ["line 7: expected one reference energy for all elements, got 0, 1"]),
        ("5.431795821261544E-003", "****", ["line 13, coefficients: expected a number, got '****'"]),
        (NEWER[NEWER.index("              4.7") :], "", ["expected the cut-off, got the end of the file"]),
    ],
)
def test_other_potentials_are_refused(tmp_path: Path, old: str, new: str, parts: list[str]) -> None:
    assert old in NEWER
    (tmp_path / "a.pot").write_text(NEWER.replace(old, new, 1))
    refused(lambda: milady.read_pot(tmp_path / "a.pot"), "a.pot", *parts)


def test_a_missing_potential_is_missing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no such file"):
        milady.read_pot(tmp_path / "none.pot")


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"path": "a.txt"}, "path: expected a name ending in .pot, got 'a.txt'"),
        ({"elements": []}, "elements: expected different names of elements, got []"),
        ({"elements": ["Fe", "Fe"]}, "elements: expected different names"),
        ({"elements": ["iron"]}, "elements: expected different names of elements, got ['iron']"),
        ({"masses": [1.0, 2.0]}, "masses, weights: expected one entry for each of Fe, got 2 and 1"),
        ({"weights": []}, "masses, weights: expected one entry for each of Fe, got 1 and 0"),
        ({"details": (2, 4.0, 0)}, "details: expected them to begin with 1"),
        ({"details": ()}, "details: expected them to begin with 1"),
        ({"details": (1, 4.0, 0, 1)}, "details: expected 0 at the end"),
        ({"cutoff": -1.0}, "cutoff above 0"),
        ({"cutoff": np.nan}, "expected finite numbers"),
        ({"masses": [0.0]}, "masses and cutoff above 0"),
    ],
)
def test_what_cannot_be_written_is_refused(tmp_path: Path, change: dict[str, object], part: str) -> None:
    model = fl.LinearPotential(theta=THETA)
    path = tmp_path / str(change.get("path", "Fe.pot"))
    arguments = {**ABOUT, **{name: value for name, value in change.items() if name != "path"}}
    refused(lambda: milady.write_pot(model, path, **arguments), part)
    assert not list(tmp_path.iterdir())


# --- damage anywhere --------------------------------------------------------------------------------------------------


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damage_anywhere_ends_in_a_sentence_or_in_numbers(tmp_path: Path, data: st.DataObject) -> None:
    """Bytes changed, taken out or put in, in any file: whole arrays, or one sentence that names a file."""
    content = {name: f for name, f in frames().items() if name.startswith("07")}
    folder = database(tmp_path, content)
    matrix = design(tmp_path, content)
    milady.write_pot(fl.LinearPotential(theta=THETA, offset=OFFSET), tmp_path / "Fe.pot", **ABOUT)
    name = data.draw(st.sampled_from(sorted(content)))
    victim, reader = data.draw(
        st.sampled_from(
            [
                (tmp_path / "DB" / f"{name}.poscar", lambda: milady.read(folder)),
                (folder / f"{name}.eml", lambda: milady.read(folder)),
                (folder / f"{name}.fml", lambda: milady.read(folder)),
                (matrix, lambda: milady.read_rows(matrix)),
                (matrix.with_suffix(".info"), lambda: milady.read_rows(matrix)),
                (tmp_path / "Fe.pot", lambda: milady.read_pot(tmp_path / "Fe.pot")),
            ]
        )
    )
    whole = victim.read_bytes()
    at, length = data.draw(st.integers(0, len(whole))), data.draw(st.sampled_from([0, 1, 1, 3, len(whole)]))
    new = data.draw(st.one_of(st.binary(max_size=3), st.text("0123456789.-+eEdD* \n#", max_size=3).map(str.encode)))
    victim.write_bytes(whole[:at] + new + whole[at + length :])
    with warnings.catch_warnings(action="ignore"):  # weights other than 1
        try:
            made = reader()
        except ValueError as error:
            assert type(error) is ValueError and re.search(r"expected .* got|says that|as its head says", str(error))
            return
    if isinstance(made, fl.LinearPotential):
        assert np.isfinite(made.theta).all()
        return
    for part in made:
        forces = part.forces if isinstance(part, fl.Trajectory) else part.columns["forces"]
        assert np.isfinite(forces).all() and forces.size == 3 * part.n_atoms.sum()

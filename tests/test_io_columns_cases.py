"""Small files as people have them, whose columns were once misread, with the answers that are right."""

import shutil
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fisherlib as fl

CASES = Path(__file__).resolve().parents[2] / "shared" / "cases"
PLAIN, CONTROL = "00_plain.xyz", "20_control.xyz"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not CASES.is_dir():
        pytest.skip(f"there is no folder {CASES}")
    return tmp_path_factory.mktemp("cases")


def read(folder: Path, name: str, **chosen: Any) -> tuple[fl.Dataset, list[str]]:
    """The dataset of a case, and what was warned of."""
    path = folder / name
    if not path.exists():
        shutil.copy(CASES / name, path)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        data = fl.io.read(path, temperature=300.0, **chosen)
    return data, [str(warning.message) for warning in caught]


def rows(data: fl.Dataset) -> tuple[np.ndarray, np.ndarray]:
    return np.concatenate([t.force_descriptors for t in data.values()]), np.concatenate(
        [t.forces for t in data.values()]
    )


def fitted(data: fl.Dataset) -> np.ndarray:
    return fl.solve(fl.fisher(fl.accumulate(data), 300.0)).theta


@pytest.mark.parametrize(
    ("name", "like", "words"),
    [
        (PLAIN, PLAIN, []),
        (CONTROL, CONTROL, []),
        ("01_isolated_atom_without_forces.xyz", PLAIN, ["1 isolated atom (configuration 14,", "Cu −0.1 eV"]),
        ("01b_isolated_atom_with_forces.xyz", PLAIN, ["1 isolated atom (configuration 14,", "Cu −0.1 eV"]),
        ("02_model_beside_REF.xyz", PLAIN, ["takes 'REF_energy' and 'REF_forces', the reference", "not 'energy' and"]),
        ("04b_utf8_bom.xyz", PLAIN, []),
        ("24c_lattice_lower_case_no_pbc.xyz", CONTROL, []),
        ("25_stress_voigt.xyz", CONTROL, []),
        ("22_energy_and_free_energy.xyz", CONTROL, ["takes 'free_energy', to which the forces belong", "0.037", "89"]),
    ],
)
def test_theta_is_that_of_the_healthy_file_and_one_sentence_says_what_was_done(
    folder: Path, name: str, like: str, words: list[str]
) -> None:
    data, said = read(folder, name)
    Phi, F = rows(read(folder, like)[0])
    assert all(any(word in sentence for sentence in said) for word in words) and bool(said) == bool(words), said
    np.testing.assert_array_equal(rows(data)[0], Phi)
    np.testing.assert_allclose(rows(data)[1], F, atol=1e-12)
    theta = fitted(data)  # directions that forces leave open differ, the forces do not
    np.testing.assert_allclose(Phi @ theta, Phi @ np.linalg.lstsq(Phi, F, rcond=None)[0], atol=1e-5)


def test_the_energies_are_those_whose_slope_the_forces_are(folder: Path) -> None:
    data, _ = read(folder, "22_energy_and_free_energy.xyz")
    np.testing.assert_array_equal(
        data.energies, read(folder, "22_energy_and_free_energy.xyz", energies="free_energy")[0].energies
    )
    assert data.provenance["columns"]["energies"] == "free_energy"
    model = fl.LinearPotential.from_fit(fl.solve(fl.fisher(fl.accumulate(data), 300.0)), fl.accumulate(data))
    assert np.sqrt(np.mean(((model.energies(data) - data.energies) / data.n_atoms) ** 2)) < 1e-4
    named, said = read(folder, "22_energy_and_free_energy.xyz", energies="energy")
    assert named.provenance["columns"]["energies"] == "energy"
    assert any(
        "the forces belong to 'free_energy'" in sentence and "name it by energies=" in sentence for sentence in said
    )


def test_without_descriptors_it_is_told_that_two_energies_differ(folder: Path) -> None:
    read(folder, "22_energy_and_free_energy.xyz")
    with pytest.warns(
        UserWarning, match="'energy' and 'free_energy' differ, and only descriptors tell .*: takes 'energy'"
    ):
        (frames,) = fl.io.read_frames(folder / "22_energy_and_free_energy.xyz")
    assert fl.io.read_frames(folder / "22_energy_and_free_energy.xyz", energies="free_energy")[0].energies is not None
    assert frames.provenance["columns"]["energies"] == "energy"


def test_isolated_atoms_are_reference_energies_and_no_configurations(folder: Path) -> None:
    plain = read(folder, PLAIN)[0]
    for name in ("01_isolated_atom_without_forces.xyz", "01b_isolated_atom_with_forces.xyz"):
        by_key, _ = read(folder, name, key="config_type")
        assert list(by_key) == ["md"] and by_key.provenance["isolated_atoms"] == {"Cu": -0.1}
        data, said = read(folder, name)
        assert data.provenance["isolated_atoms"] == {"Cu": -0.1} and len(data.energies) == len(plain.energies)
        above, also = read(folder, name, subtract_isolated=True)
        np.testing.assert_allclose(above.energies, data.energies + 0.1 * data.n_atoms)
        assert "are subtracted" in also[0] and said[0].partition(": ")[2].startswith("1 isolated atom")


@pytest.mark.parametrize(
    ("name", "units", "like"),
    [
        ("03_hartree_bohr_forces_only.xyz", "cp2k", PLAIN),
        ("03_hartree_bohr_forces_only.xyz", "hartree, hartree/bohr, angstrom", PLAIN),
        ("03c_all_atomic_units.xyz", "atomic", PLAIN),
        ("26_units_in_header.xyz", None, CONTROL),
    ],
)
def test_units_that_are_told_or_stated_are_converted_in_words(
    folder: Path, name: str, units: str | None, like: str
) -> None:
    data, said = read(folder, name, units=units)
    healthy = read(folder, like)[0]
    (told,) = [sentence for sentence in said if "are converted to eV and Å" in sentence]
    assert ("file states" in told) == (units is None)
    Phi, F = rows(healthy)
    np.testing.assert_allclose(data.energies, healthy.energies, atol=1e-5)  # as many digits as the file has
    np.testing.assert_allclose(rows(data)[1], F, atol=1e-3)
    np.testing.assert_allclose(rows(data)[0], Phi, atol=1e-3 * np.abs(Phi).max())
    assert data.provenance["units"].startswith("energies in ")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("05c_missing_energy.xyz", r"energies: configuration 3 \(counted from 0\) of 05c.* has no number in 'energy'"),
        ("05e_stars.xyz", r"forces: configuration 3 .* has no number in 'forces' \('\*{8}' in line 110"),
    ],
)
def test_a_configuration_that_lacks_something_is_named_or_left_out(folder: Path, name: str, words: str) -> None:
    with pytest.raises(ValueError, match=words + ".*on_bad='drop'"):
        read(folder, name)
    data, said = read(folder, name, on_bad="drop")
    (dropped,) = data.provenance["dropped"].values()
    assert dropped == [3] and any(
        "1 of 14 configurations" in sentence and "configuration 3" in sentence for sentence in said
    )
    healthy = read(folder, PLAIN)[0]
    np.testing.assert_array_equal(data.energies, np.delete(healthy.energies, 3))


def test_what_a_file_says_of_its_periodicity_is_kept(folder: Path) -> None:
    upper = read(folder, "06b_PBC_upper_not_periodic.xyz")[0]
    none = read(folder, "06c_pbc_false_with_cell.xyz")[0]
    np.testing.assert_array_equal(rows(upper)[0], rows(none)[0])


def test_frames_without_their_number_of_atoms_are_named_by_line_and_frame(folder: Path) -> None:
    with pytest.raises(
        ValueError, match=r"line 19: expected the number of atoms, .* got 'Lattice=.*\(frame 1, counted"
    ):
        read(folder, "27_count_lines_missing.xyz")

"""Descriptors of formulas: what the table of elements says, combined; and a CSV of formulas, read or refused in our words."""

from pathlib import Path

import numpy as np
import pytest
from ase.calculators.emt import EMT
from ase.data import atomic_masses, atomic_numbers, covalent_radii
from ase.lattice.compounds import L1_2

import fisherlib as fl
from fisherlib.descriptors import PROPERTIES, compositional
from fisherlib.descriptors.compositions import _elements

TABLE = "data/methods/emt_compounds.csv"


def test_the_table_of_elements_agrees_with_ase() -> None:
    """ASE has the same radii (Cordero et al.) and masses; they were typed in independently."""
    for symbol, row in _elements().items():
        Z = atomic_numbers[symbol]
        assert float(row["mass"]) == pytest.approx(atomic_masses[Z], rel=2e-3), symbol
        if symbol not in ("C", "Mn", "Fe", "Co"):  # which have several radii there
            assert float(row["covalent_radius"]) == pytest.approx(covalent_radii[Z], abs=0.011), symbol


def test_values_of_a_few_elements_are_those_of_textbooks() -> None:
    found = compositional(["NaCl"], ["electronegativity", "ionisation_energy", "electron_affinity"], combine=["sites"])
    np.testing.assert_allclose(found.X[0], [0.93, 3.16, 5.139, 12.968, 0.548, 3.613], atol=1e-3)
    assert found.names == ("χ_A", "χ_B", "I_A", "I_B", "E_A", "E_B") and found.units == ("", "", "eV", "eV", "eV", "eV")


def test_values_are_combined_by_shares_of_atoms() -> None:
    found = compositional(["Ni3Al", "AlNi3", "Al2Ni6"], ["mass"], combine=["mean", "difference", "max", "min"])
    m = {symbol: float(_elements()[symbol]["mass"]) for symbol in ("Ni", "Al")}
    expected = [0.75 * m["Ni"] + 0.25 * m["Al"], m["Ni"] - m["Al"], m["Ni"], m["Al"]]
    np.testing.assert_allclose(found.X, [expected] * 3)
    assert found.elements[0] == ("Ni", "Al") and found.names[0] == "m_mean"


@pytest.mark.parametrize(
    "formula", ["", "Xx2O", "nacl", "12", "Na(", "DHO", "Ni-Al", "0", "Na+", "Fe+3", "La0.7Sr0.3MnO3"]
)
def test_what_is_no_formula_is_named_with_its_row(formula: str) -> None:
    with pytest.raises(ValueError, match="formulas: expected .* row 1"):
        compositional(["NaCl", formula], ["mass"])


def test_an_unknown_property_of_an_element_is_an_error_and_no_number() -> None:
    with pytest.raises(ValueError, match="properties: expected .*'electron_affinity', unknown for Mg"):
        compositional(["NaCl", "MgO"], ["electron_affinity"])
    with pytest.raises(ValueError, match="formulas: expected as many elements"):
        compositional(["NaCl", "CaTiO3"], ["mass"], combine=["sites"])
    assert set(PROPERTIES) == set(next(iter(_elements().values()))) - {"symbol"}


def test_the_shipped_table_is_that_of_emt() -> None:
    formulas, energies = fl.io.read_formulas(TABLE, "formation_energy_eV_per_atom")
    _, volumes = fl.io.read_formulas(TABLE, "volume_A3_per_atom")
    assert len(formulas) == len({*formulas}) == 63
    at = formulas.index("Ni3Al")
    pure = {metal: _fcc(metal) for metal in ("Ni", "Al")}
    a = (4 * volumes[at]) ** (1 / 3)
    energy = [_energy(L1_2(("Al", "Ni"), latticeconstant=a * s)) for s in (0.99, 1.0, 1.01)]
    assert energy[1] == min(energy)
    assert energy[1] - 0.75 * pure["Ni"] - 0.25 * pure["Al"] == pytest.approx(energies[at], abs=2e-4)


def _fcc(metal: str) -> float:
    return min(_energy(L1_2((metal, metal), latticeconstant=a)) for a in np.linspace(3.4, 4.2, 401))


def _energy(atoms: object) -> float:
    atoms.calc = EMT()
    return atoms.get_potential_energy() / len(atoms)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("formula,gap\nNaCl,8.5\nMgO,\n", "target: expected finite numbers in column 'gap', got '' in line 3"),
        ("formula,gap\nNaCl,nan\n", "target: expected finite numbers .* got 'nan' in line 2"),
        ("formula,gap\nNaCl\n", "target: expected finite numbers .* got None in line 2"),
        ("formula,energy\nNaCl,1\n", "target: expected one column of 'formula', 'energy', got 'gap' 0 times"),
        ("name,gap\nNaCl,1\n", "formula: expected one column of 'name', 'gap', got 'formula' 0 times"),
        ("formula,gap\n,1\n", "formula: expected a formula in each row, got none in line 2"),
        (
            "formula,gap\nNaCl,8,5\n",
            "path: expected 2 cells in each row, got more in line 2; write decimals with a point",
        ),
        ("formula;gap\nNaCl;8,5\n", "target: expected one column .* separate columns by commas"),
        ("formula,gap,gap\nNaCl,1,2\n", "target: expected one column .* got 'gap' 2 times"),
        ("formula,gap\n\n\nNaCl,nan\n", "target: expected finite numbers .* got 'nan' in line 4"),
        ("formula,gap\n\n,1\n", "formula: expected a formula in each row, got none in line 3"),
        ("formula,gap\n", "path: expected a CSV file with a header and rows"),
        ("", "path: expected a CSV file with a header and rows"),
        ("formula,gap\nNaCl\x00,1\n", "path: expected|formula: expected|formulas: expected"),
    ],
)
def test_a_bad_table_is_refused_with_its_line(text: str, sentence: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(ValueError, match=sentence):
        compositional(fl.io.read_formulas(tmp_path / "t.csv", "gap")[0], ["mass"])


def test_a_table_as_spreadsheets_write_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes("formula , gap \r\n NaCl , 8.5\r\nMgO,7.8\r\n".encode("utf-8-sig"))
    formulas, gaps = fl.io.read_formulas(tmp_path / "t.csv", "gap")
    assert formulas == ("NaCl", "MgO") and gaps.tolist() == [8.5, 7.8]
    (tmp_path / "bad.csv").write_bytes("formula,gap\nNaCl,1\n\xe9,2\n".encode("latin-1"))
    with pytest.raises(ValueError, match="path: expected a CSV file in UTF-8"):
        fl.io.read_formulas(tmp_path / "bad.csv", "gap")

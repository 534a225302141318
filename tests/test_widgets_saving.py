"""What page Fit saves: each format that a fit can be written in, the others greyed with a reason, all into one folder."""

import base64
import dataclasses
import re
from pathlib import Path

import numpy as np
import pytest
import test_io_milady as milady

import fisherlib as fl
from fisherlib.widgets import ComparePanel, FitPanel
from fisherlib.widgets.saving import FORMATS, pair_lines

#: Descriptor of a potential file of MiLaDy, as ``read_pot`` tells it.
MILADY = {
    "name": "from MiLaDy", "type": 9, "K": milady.K, "details": [1.0, 4.0, 0.0], "cutoff": 5.0, "channels": 1,
    "elements": ["Fe"], "masses": [55.845], "weights": [[1.0, 2.0]],
}  # fmt: skip
SNAP = fl.descriptors.Snap(two_j=2, rcutfac=4.0)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(fl.io.places, "PROJECT", tmp_path)
    return tmp_path


def study_of(descriptor: dict[str, object] | None) -> fl.Study:
    """Harmonic data of four descriptors, said to be of a descriptor."""
    made = fl.systems.harmonic(np.arange(1.0, 5.0), configurations=8, trajectories=3)
    about = {} if descriptor is None else {"descriptor": descriptor}
    return fl.Study(fl.Dataset(list(made.values()), provenance=about))


def offered(panel: FitPanel) -> set[str]:
    return {suffix for suffix, button in panel.saving.buttons.items() if not button.disabled}


def test_a_fit_of_no_known_descriptor_is_saved_as_numbers_and_the_other_buttons_say_why() -> None:
    panel = FitPanel(study_of(None))
    assert offered(panel) == {".json", ".npz"}
    for suffix in (".pot", ".snapcoeff"):
        assert panel.saving.buttons[suffix].tooltip.startswith("Not for this fit: expected")
    told = "".join(child.value for child in panel.saving.children if hasattr(child, "value"))
    assert "not for this fit: MiLaDy .pot" in told and "not for this fit: LAMMPS .snapcoeff" in told


def test_a_fit_to_a_descriptor_of_milady_is_saved_as_pot_with_its_settings(folder: Path) -> None:
    panel = FitPanel(study_of(MILADY))
    assert ".pot" in offered(panel) and ".snapcoeff" not in offered(panel)
    panel.saving.buttons[".pot"].click()
    assert panel.last_error is None
    back = fl.io.read_theta(folder / "saved" / "theta_my_fit.pot")
    assert back.theta.tobytes() == panel.model.theta.tobytes() and back.offset == panel.model.offset
    assert back.provenance["descriptor"] == MILADY
    link = re.search(r"download='(.*?)' href='data:.*?base64,(.*?)'", panel.saving.link.value)
    assert link[1] == "theta_my_fit.pot"
    assert base64.b64decode(link[2]) == (folder / "saved" / "theta_my_fit.pot").read_bytes()


def test_data_of_milady_are_given_the_descriptor_of_the_potential_that_belongs_to_them() -> None:
    data = study_of(None).data
    given = fl.LinearPotential(theta=np.ones(milady.K), provenance={"descriptor": MILADY}, name="θ (given)")
    assert ".pot" in offered(FitPanel(fl.Study(data, given=given)))
    other = fl.LinearPotential(theta=np.ones(milady.K), name="θ (given)")
    assert ".pot" not in offered(FitPanel(fl.Study(data, given=other)))


def test_a_fit_to_snap_is_saved_with_its_settings_and_the_lines_that_lammps_includes(folder: Path) -> None:
    names = tuple(SNAP.names([29]))
    made = fl.systems.harmonic(np.arange(1.0, len(names) + 1), configurations=8, trajectories=3)
    about = {**SNAP.parameters, "K": len(names)}
    named = [dataclasses.replace(t, descriptor_names=names) for t in made.values()]
    data = fl.Dataset(named, provenance={"descriptor": about})
    panel = FitPanel(fl.Study(data), name="Cu")
    assert ".snapcoeff" in offered(panel)
    for number in ("", "_2"):  # nothing is overwritten
        panel.saving.buttons[".snapcoeff"].click()
        assert panel.last_error is None
        stem = folder / "saved" / f"theta_Cu{number}"
        assert {p.suffix for p in folder.glob(f"saved/theta_Cu{number}.*")} == {".snapcoeff", ".snapparam", ".mod"}
        lines = stem.with_suffix(".mod").read_text().splitlines()
        files = f"theta_Cu{number}.snapcoeff theta_Cu{number}.snapparam"
        assert lines == ["# units metal", "pair_style snap", f"pair_coeff * * {files} Cu"]
        assert "pair_style snap" in panel.saving.link.value and panel.saving.link.value.count("download='") == 3
    back = fl.io.read_theta(folder / "saved" / "theta_Cu.snapcoeff")
    np.testing.assert_allclose(back.theta, panel.model.theta)


def test_the_lines_for_lammps_name_the_reference_potential(tmp_path: Path) -> None:
    path = tmp_path / "W.snapcoeff"
    about = {"reference": fl.descriptors.Zbl(4.0, 4.8).parameters}
    model = fl.LinearPotential(theta=[0.5, -1.0], offset=-3.5, provenance=about)
    fl.io.write_snapcoeff(model, path, element="W", radius=0.5, weight=1.0)
    lines = pair_lines(path, model).splitlines()
    assert lines[1] == "pair_style hybrid/overlay zbl 4.0 4.8 snap" and lines[2] == "pair_coeff 1 1 zbl 74 74"
    assert lines[3] == "pair_coeff * * snap W.snapcoeff W.snapparam W"


def test_what_was_saved_is_offered_on_page_compare(folder: Path) -> None:
    study = study_of(None)
    compare = ComparePanel(study)
    assert compare.state.options["saved"] == ("none",)
    for suffix in offered(panel := FitPanel(study, name="mine")):
        panel.saving.buttons[suffix].click()
    compare.wake()
    assert set(compare.state.options["saved"]) == {"none", "saved/theta_mine.json", "saved/theta_mine.npz"}
    compare.state.saved = "saved/theta_mine.json"
    assert "theta_mine" in compare.study.models and compare.state.saved == "none"


def test_git_does_not_see_what_is_saved(root: Path) -> None:
    assert "/saved/" in (root / ".gitignore").read_text().splitlines()


def test_a_potential_of_no_descriptor_of_milady_is_no_pot(folder: Path) -> None:
    with pytest.raises(ValueError, match=r"model: expected a descriptor of MiLaDy.* got none; give them to"):
        fl.io.write_theta(fl.LinearPotential(theta=[1.0]), folder / "theta.pot")


def test_every_format_says_what_it_is_for() -> None:
    assert all(tip.endswith(".") and label.startswith("Save ") for label, tip in FORMATS.values())

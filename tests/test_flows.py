"""One contract for every flow: it inverts, its density is exact and normalised, it begins near the identity, and files keep it."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import fisherlib as fl
from fisherlib.flows import Flow
from fisherlib.flows.flow_file import entries
from fisherlib.io.archive import write_sealed
from fisherlib.io.places import PROJECT

#: Each kind of flow, in few and in many dimensions, even and odd, with each linear map at the end.
FLOWS = {
    "RealNVP": lambda **how: fl.flows.real_nvp(2, layers=4, width=16, **how),
    "RealNVP, 7": lambda **how: fl.flows.real_nvp(
        7, layers=3, width=16, depth=1, masks=masks(3, 7), whitening=examples(7), **how
    ),
    "spline": lambda **how: fl.flows.spline(2, layers=4, width=16, **how),
    "spline, 5": lambda **how: fl.flows.spline(5, knots=5, box=3.0, whitening=examples(5), correlated=True, **how),
}

#: Rows in most tests: JAX compiles for each number of them anew.
ROWS = 512


def examples(d: int) -> np.ndarray:
    rng = np.random.default_rng(d)
    return rng.normal(size=(500, d)) @ (np.eye(d) + 0.3 * rng.normal(size=(d, d))) + 5.0


def masks(layers: int, d: int) -> np.ndarray:
    return np.array([np.isin(np.arange(d), (np.arange(d // 2) + 2 * k) % d) for k in range(layers)])


def bent(flow: Flow, size: float = 0.1) -> Flow:
    """A flow as far from the identity as a trained one."""
    rng = np.random.default_rng(1)
    moved = [p + size * rng.normal(size=p.shape) / np.sqrt(p.shape[-1]) for p in flow.parameters]
    return dataclasses.replace(flow, parameters=tuple(p.astype(flow.architecture.precision) for p in moved))


@pytest.fixture(params=FLOWS)
def make(request: pytest.FixtureRequest):
    return FLOWS[request.param]


@pytest.mark.parametrize(("precision", "most"), [("float64", 1e-10), ("float32", 1e-5)])
def test_it_inverts_and_its_log_determinants_cancel(make, precision: str, most: float) -> None:
    flow = bent(make(precision=precision, seed=3))
    z = np.random.default_rng(0).normal(size=(ROWS, flow.dimension))
    x, log_det = flow.configurations(z)
    back, other = flow.latent(x)
    assert np.abs(back - z).max() <= most * max(1.0, np.abs(x).max()) and np.abs(log_det + other).max() <= 10 * most
    assert np.abs(x - flow.configurations(flow.latent(x)[0])[0]).max() <= most * max(1.0, np.abs(x).max())
    assert np.abs(x - z).max() > 0.05  # it is not the identity that is tested


def jacobians(flow: Flow, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Signs and ln|∂x/∂z| by autodiff, in double precision."""
    import equinox as eqx
    import jax

    from fisherlib.flows.flow import _configurations
    from fisherlib.flows.layers import structure

    @eqx.filter_jit
    def derived(built, parameters, factor, z):
        return jax.vmap(jax.jacfwd(lambda point: _configurations(built, parameters, point[None], factor)[0][0]))(z)

    with jax.enable_x64(True):
        given = [jax.numpy.asarray(np.asarray(each, float)) for each in (*flow.parameters, flow.factor, z)]
        exact = dataclasses.replace(flow.architecture, precision="float64")
        return np.linalg.slogdet(np.asarray(derived(structure(exact), given[:-2], *given[-2:])))


def test_the_log_determinant_is_that_of_the_jacobian_by_autodiff(make) -> None:
    flow = bent(make(seed=1))
    z = np.random.default_rng(1).normal(size=(ROWS, flow.dimension))
    signs, exact = jacobians(flow, z[:8])
    assert (signs > 0).all() and np.abs(exact - flow.configurations(z)[1][:8]).max() <= 1e-8


#: What is shipped: as different from the identity as training makes a flow; the log-determinant of one for each training.
SHIPPED = sorted(
    p.name for p in (PROJECT / "data/generators").glob("*.npz") if not p.stem.endswith(("reference", "300K"))
)


@pytest.mark.parametrize("name", SHIPPED)
def test_trained_flows_keep_the_contract_too(name: str) -> None:
    flow = fl.flows.read(f"data/generators/{name}")
    most = {"float64": 1e-10, "float32": 1e-5}[flow.architecture.precision]
    z = np.random.default_rng(0).normal(size=(ROWS, flow.dimension))
    x, log_det = flow.configurations(z)
    back, other = flow.latent(x)
    assert np.abs(back - z).max() <= most and np.abs(log_det + other).max() <= 10 * most
    far = 8 * z / np.linalg.norm(z, axis=1, keepdims=True)
    x, _ = flow.configurations(far)  # flat parts of splines lose digits of z there, not of x
    assert np.abs(flow.configurations(flow.latent(x)[0])[0] - x).max() <= most * max(1.0, np.abs(x).max())
    if name in ("cu7_flow.npz", "dimer_open.npz", "double_well_combined_1.npz", "mueller_brown_energy.npz"):
        exact = dataclasses.replace(
            flow,
            architecture=dataclasses.replace(flow.architecture, precision="float64"),
            parameters=tuple(p.astype(float) for p in flow.parameters),
        )
        signs, derived = jacobians(exact, z[:4])
        assert (signs > 0).all() and np.abs(derived - exact.configurations(z[:4])[1]).max() <= 1e-8


@pytest.mark.parametrize("away", [1e3, 1e6])
def test_single_precision_inverts_far_from_zero(away: float) -> None:
    flow = bent(fl.flows.real_nvp(7, layers=3, width=16, depth=1, whitening=examples(7) + away, precision="float32"))
    z = np.random.default_rng(0).normal(size=(ROWS, 7))
    x, log_det = flow.configurations(z)
    back, other = flow.latent(x)
    assert np.abs(back - z).max() <= 1e-5 and np.abs(log_det + other).max() <= 1e-4


@pytest.mark.parametrize(
    "wrong",
    [
        {"mean": np.array([0.0, np.nan])},
        {"factor": np.array([[1.0, 0.5], [0.0, 1.0]])},
        {"factor": np.array([[1.0, 0.0], [np.inf, 1.0]])},
        {"factor": 1e-60 * np.eye(2)},
    ],
)
def test_a_linear_map_that_has_no_inverse_is_told(wrong: dict) -> None:
    with pytest.raises(ValueError, match="factor: expected .* got shapes"):
        dataclasses.replace(fl.flows.real_nvp(2, layers=2, width=4, precision="float32"), **wrong)


def test_the_density_of_draws_is_what_log_prob_says(make) -> None:
    flow = bent(make(seed=2))
    x, log_q = flow.sample(ROWS, seed=5)
    assert np.abs(flow.log_prob(x) - log_q).max() <= 1e-9
    again, _ = flow.sample(ROWS, seed=5)
    assert np.array_equal(x, again) and not np.array_equal(x, flow.sample(ROWS, seed=6)[0])


def test_the_density_is_normalised() -> None:
    flow = bent(fl.flows.spline(2, layers=4, width=16))
    grid = np.linspace(-11, 11, 501)
    x = np.stack(np.meshgrid(grid, grid, indexing="ij"), -1).reshape(-1, 2)
    assert abs(np.exp(flow.log_prob(x)).sum() * (grid[1] - grid[0]) ** 2 - 1.0) < 1e-4


def test_an_untrained_flow_is_near_its_linear_map(make) -> None:
    flow = make(seed=4)
    z = np.random.default_rng(2).normal(size=(ROWS, flow.dimension))
    assert np.abs(flow.configurations(z)[0] - (flow.mean + z @ flow.factor.T)).max() < 0.3


def test_rows_do_not_depend_on_their_company(make) -> None:
    flow = bent(make())
    z = np.random.default_rng(3).normal(size=(ROWS, flow.dimension))
    all_at_once, parts = (
        flow.configurations(z)[0],
        [flow.configurations(z[k : k + 300])[0] for k in range(0, ROWS, 300)],
    )
    assert np.abs(np.concatenate(parts) - all_at_once).max() <= 1e-12 * max(1.0, np.abs(all_at_once).max())
    assert flow.configurations(np.empty((0, flow.dimension)))[0].shape == (0, flow.dimension)


def test_a_whitened_flow_begins_with_mean_and_covariance_of_its_examples() -> None:
    x = examples(5)
    drawn, _ = fl.flows.real_nvp(5, whitening=x, correlated=True).sample(16_384)
    assert np.abs(drawn.mean(0) - x.mean(0)).max() < 0.1 and np.abs(np.cov(drawn.T) / np.cov(x.T) - 1).max() < 0.25


def test_a_file_gives_the_same_flow(make, tmp_path: Path) -> None:
    flow = dataclasses.replace(bent(make()), history={"step": np.array([0.0, 1.0])})
    fl.flows.write(flow, tmp_path / "flow.npz")
    read = fl.flows.read(tmp_path / "flow.npz")
    assert repr(read) == repr(flow) and read.history["step"].tolist() == [0.0, 1.0]
    assert all(np.array_equal(a, b) for a, b in zip(flow.sample(ROWS), read.sample(ROWS), strict=True))
    fl.flows.write(flow, tmp_path / "half.npz", half=True)
    half = fl.flows.read(tmp_path / "half.npz")
    assert np.abs(half.sample(ROWS)[0] - flow.sample(ROWS)[0]).max() < 0.1
    assert (tmp_path / "half.npz").stat().st_size < 0.8 * (tmp_path / "flow.npz").stat().st_size


def test_no_file_is_read_that_is_not_a_flow(tmp_path: Path) -> None:
    path = tmp_path / "flow.npz"
    flow = fl.flows.real_nvp(2, layers=2, width=4)
    fl.flows.write(flow, path)
    whole = path.read_bytes()
    for place in range(40, len(whole) - 200, len(whole) // 40):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        try:
            read = fl.flows.read(path)
        except ValueError:
            continue
        assert all(np.array_equal(a, b) for a, b in zip(flow.parameters, read.parameters, strict=True)), place
    content = entries(flow)
    about = str(content["about"])
    for name, wrong in {
        "about": about.replace('"width": 4', '"width": 1000000000'),
        "masks": np.ones((2, 2), bool),
        "parameters 0": np.full((2, 4, 1), np.nan),
        "mean": np.zeros(3),
        "factor": np.zeros((2, 2)),
    }.items():
        write_sealed(content | {name: np.asarray(wrong)}, path, "fisherlib flow 1")
        with pytest.raises(ValueError, match=r"flow\.npz: expected a flow"):
            fl.flows.read(path)
    write_sealed({"a": np.ones(2)}, path, "something else")
    with pytest.raises(ValueError, match="expected a flow from flows.write, got arrays a"):
        fl.flows.read(path)


def test_wrong_settings_are_told() -> None:
    for how, word in (
        ({"masks": [[True, False], [True, False]]}, "masks"),
        ({"masks": [[True, True], [False, True]]}, "masks"),
        ({"masks": [[True, True], [True, True]]}, "masks"),
        ({"masks": [[True, False]]}, "masks"),
        ({"whitening": np.ones((5, 2))}, "whitening"),
        ({"whitening": np.ones((5, 3))}, "whitening"),
        ({"precision": "float16"}, "precision"),
    ):
        with pytest.raises((TypeError, ValueError), match=word):
            fl.flows.real_nvp(2, layers=2, width=4, **how)
    with pytest.raises(ValueError, match="correlated"):
        fl.flows.real_nvp(3, whitening=np.random.default_rng(0).normal(size=(3, 3)), correlated=True)


def test_flows_are_loaded_on_touch_only() -> None:
    code = (
        "import fisherlib, sys; assert 'jax' not in sys.modules; fisherlib.sampling; fisherlib.systems.MuellerBrown(); "
    )
    subprocess.run([sys.executable, "-c", code + "assert 'jax' not in sys.modules"], check=True, timeout=120)

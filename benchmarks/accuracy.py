"""How many digits of θ_f are right, on real descriptors: from the moments, after one more pass over the data, from all rows."""

import dataclasses
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import lstsq, solve_triangular

import fisherlib as fl
from fisherlib.solvers import fisher_residual, refine

ROOT = Path(__file__).resolve().parents[1]
PUBLISHED = ROOT.parent / "shared" / "data"
TEMPERATURE, BLOCK, EPS = 300.0, 2048, float(np.finfo(float).eps)


def rows_only(key: str, Phi: NDArray, F: NDArray) -> fl.Dataset:
    """Rows of Φ and F of which no more is known, as one trajectory with one configuration."""
    K, N = Phi.shape[1], np.array([len(F) // 3])
    nothing = {"energies": np.zeros(1), "descriptors": np.zeros((1, K)), "temperature": TEMPERATURE}
    return fl.Dataset([fl.Trajectory(key=key, n_atoms=N, forces=F, force_descriptors=Phi, **nothing)])


def molybdenum() -> fl.Dataset:
    """SNAP of the training set of Zuo et al.; K = 30."""
    with np.load(PUBLISHED / "zuo2020_mo_snap" / "Mo_snap2J6_train.npz", allow_pickle=False) as file:
        return rows_only("Mo", file["minus_dDdx"], file["forces"].ravel())


def tantalum() -> fl.Dataset:
    """Force rows of a FitSNAP example; K = 30, its column of ones left out, since it exerts no force."""
    with np.load(PUBLISHED / "fitsnap_ta" / "Ta_snap2J6_fitsnap_rows.npz", allow_pickle=False) as file:
        force = file["row_type"].astype(str) == "Force"
        return rows_only("Ta", file["A"][force][:, 1:], file["b"][force])


def soap(element: str) -> fl.Dataset:
    """SOAP of the test set of Zuo et al.; K = 105."""
    path = PUBLISHED / "zuo2020" / f"mlearn_{element}_test.json.xz"
    data = fl.io.read(path, descriptor=fl.descriptors.Soap(), check=False)
    return rows_only(element, np.concatenate([t.force_descriptors for t in data.values()]), data.forces)


SETS: dict[str, Callable[[], fl.Dataset]] = {
    "Cu55, SOAP, shipped": lambda: fl.io.read(ROOT / "data" / "cu55_1200K.npz"),
    "Mo, SNAP": molybdenum,
    "Ta, SNAP": tantalum,
    "Si, SOAP": lambda: soap("Si"),
    "Ge, SOAP": lambda: soap("Ge"),
    "Li, SOAP": lambda: soap("Li"),
}


def extended(Phi: NDArray, F: NDArray, weights: ArrayLike = 1.0) -> tuple[NDArray, float]:
    """The minimum of Σ w (F − Φθ)² in extended precision, and the size of the last correction, relative to θ.

    Corrected semi-normal equations: the gradient is summed in 80 bits, the triangular factor is that of the rows
    themselves, so that each correction is some κ ε of the one before, whatever the normal equations have lost.
    """
    size = np.linalg.norm(Phi, axis=0)
    weights = np.broadcast_to(np.asarray(weights, dtype=np.float64), F.shape)
    R = np.linalg.qr(np.sqrt(weights)[:, None] * (Phi / size), mode="r")
    theta, error = np.zeros(Phi.shape[1], dtype=np.longdouble), np.inf
    for _ in range(8):
        gradient = np.zeros_like(theta)
        for start in range(0, len(F), BLOCK):
            block, f, w = (x[start : start + BLOCK].astype(np.longdouble) for x in (Phi, F, weights))
            gradient += (w * (f - block @ theta)) @ block
        step = solve_triangular(R, solve_triangular(R, (gradient / size).astype(float), trans="T"))
        theta = theta + step / size
        error = float(np.linalg.norm(step) / np.linalg.norm((theta * size).astype(float)))
        if error < 1e-15:
            break
    return theta, error


def stacked(data: fl.Dataset) -> tuple[NDArray, NDArray]:
    """All rows, Φ (3ΣN, K) as float64 and F (3ΣN,)."""
    Phi = np.concatenate([t.force_descriptors for t in data.values()])
    return Phi.astype(np.float64, copy=False), data.forces


def errors(theta: NDArray, exact: NDArray, Phi: NDArray) -> tuple[float, float]:
    """Errors relative to the exact ones: of the parameters times the size of their column, and of the forces Φθ."""
    size, wrong, right = np.linalg.norm(Phi, axis=0), (theta - exact).astype(float), exact.astype(float)
    of_theta = np.linalg.norm(size * wrong) / np.linalg.norm(size * right)
    return float(of_theta), float(np.linalg.norm(Phi @ wrong) / np.linalg.norm(Phi @ right))


def singles(data: fl.Dataset) -> fl.Dataset:
    """The data with Φ stored as float32."""
    return fl.Dataset(
        [dataclasses.replace(t, force_descriptors=t.force_descriptors.astype(np.float32)) for t in data.values()]
    )


def fits(data: fl.Dataset) -> tuple[dict[str, NDArray], fl.Solution]:
    """θ by each method from moments, and the solution that is refined."""
    loss, residual = fl.fisher(fl.accumulate(data), TEMPERATURE), fisher_residual(data, TEMPERATURE)
    fit = fl.solve(loss)
    passes = {n: refine(fit, loss, residual, passes=n).theta for n in (1, 2)}
    unscaled = np.linalg.solve(*loss.normal)
    return {"LU, unscaled": unscaled, "solve": fit.theta, "one pass": passes[1], "two passes": passes[2]}, fit


def report(name: str, data: fl.Dataset) -> None:
    """Prints the condition numbers and the errors of one set."""
    Phi, F = stacked(data)
    size, (exact, certificate) = np.linalg.norm(Phi, axis=0), extended(Phi, F)
    thetas, fit = fits(data)
    single = fits(singles(data))[0]
    thetas |= {"float32 Φ, solve": single["solve"], "float32 Φ, one pass": single["one pass"]}
    thetas["numpy lstsq, all rows"] = np.linalg.lstsq(Phi, F, rcond=None)[0]
    thetas["scipy gelsy, all rows"] = lstsq(Phi / size, F, lapack_driver="gelsy", cond=EPS)[0] / size
    raw = np.linalg.cond(np.linalg.qr(Phi, mode="r"))
    print(
        f"\n{name}: {len(F)} rows, K {data.K}; κ {raw:.1e} raw, {np.sqrt(fit.condition):.1e} scaled; "
        f"κ²ε {fit.condition * EPS:.0e}; reference converged to {certificate:.0e}"
    )
    for method, theta in thetas.items():
        print(f"  {method:24s} θ {errors(theta, exact, Phi)[0]:7.1e}   forces {errors(theta, exact, Phi)[1]:7.1e}")


def cost(data: fl.Dataset) -> None:
    """Prints the time of a pass over that of the moments, in turns."""
    loss, residual = fl.fisher(fl.accumulate(data), TEMPERATURE), fisher_residual(data, TEMPERATURE)
    fit, ratios = fl.solve(loss), []
    for _ in range(7):
        ticks = [time.perf_counter()]
        for task in (lambda: fl.accumulate(data), lambda: refine(fit, loss, residual)):
            task()
            ticks.append(time.perf_counter())
        ratios.append((ticks[2] - ticks[1]) / (ticks[1] - ticks[0]))
    print(
        f"\none pass / moments, shipped data: median {np.median(ratios):.2f}, from {min(ratios):.2f} to {max(ratios):.2f}"
    )


def main() -> None:
    print("relative errors against extended precision; θ times the size of its column")
    for name, load in SETS.items():
        try:
            data = load()
        except FileNotFoundError as error:
            print(f"\n{name} left out: {error}")
            continue
        report(name, data)
    cost(SETS["Cu55, SOAP, shipped"]())


if __name__ == "__main__":
    main()

"""A 101 × 101 landscape of every loss at 10⁵ residuals: exact beside its preview, with the errors both have and claim."""

import dataclasses
import time
from collections.abc import Callable

import numpy as np

import fisherlib as fl
from fisherlib.dataset import Array
from fisherlib.landscapes import Loss, Projection, previews
from fisherlib.landscapes.catalogue import EVALUATED, quadratics
from fisherlib.landscapes.previews import preview

RESIDUALS = 100_000
REPEATS = 5
#: Grid points at which brute force, in extended precision, checks what claims to be exact.
CHECKED = 40


def timed(call: Callable[[], object]) -> tuple[object, float]:
    """The result, and the shortest of some times, ms."""
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        result = call()
        times.append(1e3 * (time.perf_counter() - start))
    return result, min(times)


def deviation(z: Array, vectors: Array, x: Array, y: Array, function: Callable[[Array], Array]) -> float:
    """Largest relative deviation of z from the mean of a function of the residuals, at some grid points."""
    r, a, b = vectors.astype(np.longdouble)
    rng, worst = np.random.default_rng(0), 0.0
    for j, i in rng.integers(0, z.shape, size=(CHECKED, 2)):
        true = function(r + x[i] * a + y[j] * b).mean()
        worst = max(worst, abs(float(z[j, i] / true - 1)))
    return worst


def huber(r: Array) -> Array:
    """The Huber loss with δ = 0.1 eV/Å."""
    return np.where(np.abs(r) <= 0.1, 0.5 * r**2, 0.1 * (np.abs(r) - 0.05))


#: Functions of a residual whose mean is the loss, for those that are checked.
BRUTE = {previews.FORCE_MAE: np.abs, previews.ENERGY_MAE: np.abs, previews.FORCE_HUBER: huber}


def quadratic_row(loss: Loss, plane: fl.Plane) -> None:
    """Prints the time of a loss that comes from moments alone."""
    _, ms = timed(lambda: fl.landscape(loss.quadratic, plane, n=101))
    print(f"{loss.name:26s} {ms:8.2f}")


def evaluated_row(name: str, loss: Loss, projection: Projection, x: Array, y: Array) -> None:
    """Prints the times of an exact surface and of its preview, and how far each is off."""
    z, exact_ms = timed(lambda: loss.linear.exact(projection, x, y))
    seen, preview_ms = timed(lambda: preview(projection, loss.linear, x, y))
    brute = BRUTE.get(loss.linear)
    vectors = projection.energies if loss.linear.energies else projection.forces
    off = f"{deviation(z, vectors, x, y, brute):7.1e}" if brute else "      –"
    true = np.abs(seen.z - z).max()
    print(
        f"{name:26s} {exact_ms:8.2f} {off:>9s}   {preview_ms:8.2f} {true:11.1e} {seen.method_error:8.1e} + "
        f"{seen.sampling_error:7.1e} {loss.unit:7s} {seen.used:6d} of {seen.total:6d}   {z.min():.2g} to {z.max():.2g}"
    )


if __name__ == "__main__":
    data = fl.io.read("data/cu55_1200K.npz", check=False)
    moments = fl.accumulate(data)
    models = {"θ_f": fl.regression.fisher_fit(moments), "θ": fl.io.read_theta("data/theta_energy.json")}
    plane = fl.Plane.through(models["θ_f"].theta, models["θ"].theta, metric=fl.fisher(moments))
    every, ms = timed(lambda: fl.project(data, plane))
    print(f"projection of {every.forces.shape[1]} force components (one pass over Φ): {ms:.0f} ms")
    projection = dataclasses.replace(every, forces=np.ascontiguousarray(every.forces[:, :RESIDUALS]))
    x, y = plane.axes(101)
    print(f"101 × 101 points, best of {REPEATS}; the preview of all force components uses a part of them")
    print(f"{'':26s} exact ms  vs brute  preview ms  true error printed: method + sampling   used       loss")
    for loss in quadratics(moments, None):
        quadratic_row(loss, plane)
    for loss in EVALUATED:
        evaluated_row(loss.name, loss, projection, x, y)
    for loss in EVALUATED[:2]:
        evaluated_row(f"{loss.name}, all", loss, every, x, y)

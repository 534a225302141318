"""Time of a ridge's path and of its cross-validation from moments over that of explicit solves, and how good its optimum is."""

import dataclasses
import statistics
import time
from collections.abc import Callable

import numpy as np
from sklearn.linear_model import BayesianRidge

import fisherlib as fl
from fisherlib.regression import gcv, log_evidence, ridge_path
from fisherlib.validation import choose_strength, leave_one_trajectory_out

REPEATS = 7


def random_data(K: int, *, trajectories: int = 35, rows: int = 600, noise: float = 1.0) -> fl.Dataset:
    """Correlated descriptors, many of them nearly the same, and forces that they do not quite explain."""
    rng, made = np.random.default_rng(0), []
    mix, theta = rng.normal(size=(K, K)) * np.logspace(0, -3, K)[:, None], rng.normal(size=K)
    for number in range(trajectories):
        Phi = rng.normal(size=(rows, K)) @ mix
        made.append(
            fl.Trajectory(
                key=f"t{number}",
                temperature=300.0,
                n_atoms=np.array([rows // 3]),
                energies=np.zeros(1),
                descriptors=np.zeros((1, K)),
                forces=Phi @ theta + noise * rng.normal(size=rows),
                force_descriptors=Phi,
            )
        )
    return fl.Dataset(made)


def seconds(task: Callable[[], object]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    task()
    return time.perf_counter() - start


def compared(what: str, ours: Callable[[], object], moments: fl.Moments, *, solves: int) -> None:
    """Prints the time of a task and the median of its ratio to that of as many solves as it stands for, from ten of them."""
    some = np.logspace(-10, 2, 10)
    pairs = [(seconds(ours), solves / 10 * seconds(lambda: explicit(moments, some))) for _ in range(REPEATS)]
    ratio = statistics.median(a / b for a, b in pairs)
    best, worst = min(a for a, _ in pairs), max(a for a, _ in pairs)
    print(
        f"{what:55s} {best:7.4f} s best, {worst:7.4f} s worst of {REPEATS}; {ratio:.2g} of {solves:g} explicit solves"
    )


def explicit(moments: fl.Moments, strengths: np.ndarray) -> list[np.ndarray]:
    """θ for each strength, each by its own factorisation."""
    loss = fl.fisher(moments)
    return [fl.solve(loss + fl.ridge(x, loss.K, scale=np.diag(loss.A))).theta for x in strengths]


def cross_validation() -> None:
    """35 trajectories × 40 strengths against as many refits."""
    moments, strengths = fl.accumulate(random_data(60)), np.logspace(-8, 2, 40)
    what = "cross-validation, K 60, 35 trajectories × 40 strengths"
    compared(what, lambda: leave_one_trajectory_out(moments, strengths), moments, solves=35 * 40)


def path() -> None:
    """4000 strengths at K = 300, and the whole choice."""
    moments, strengths = fl.accumulate(random_data(300)), np.logspace(-10, 2, 4000)
    made = ridge_path(moments, strengths)

    def judged() -> object:
        fresh = dataclasses.replace(made)  # a path remembers its curves
        return gcv(fresh), log_evidence(fresh)

    compared("factorisation, K 300", lambda: ridge_path(moments, strengths), moments, solves=1)
    compared("GCV and evidence of 4000 strengths, K 300, after it", judged, moments, solves=4000)
    compared("all θ of 4000 strengths, K 300, after it", lambda: made.thetas, moments, solves=4000)
    compared(
        "choice, K 300, 35 trajectories × 281 strengths", lambda: choose_strength(moments), moments, solves=36 * 281
    )
    some = np.logspace(-10, 2, 7)
    pairs = zip(some, explicit(moments, some), strict=True)
    differ = ", ".join(f"{np.linalg.norm(made.theta(x) - b) / np.linalg.norm(b):.0e} at {x:.0e}" for x, b in pairs)
    print(f"relative difference of θ from explicit solves: {differ}")


def optimum() -> None:
    """The strength of largest evidence against scikit-learn's, which iterates on the rows."""
    data = random_data(60, rows=60)
    Phi = np.concatenate([t.force_descriptors for t in data.values()])
    options = dict(alpha_1=0.0, alpha_2=0.0, lambda_1=0.0, lambda_2=0.0, tol=1e-12, max_iter=100_000)
    known = BayesianRidge(fit_intercept=False, **options).fit(Phi / np.linalg.norm(Phi, axis=0), data.forces)
    expected = known.lambda_ / known.alpha_
    found = choose_strength(fl.accumulate(data)).best["evidence"]
    print(
        f"strength by evidence {found:.6g}, by BayesianRidge {expected:.6g}: relative difference {found / expected - 1:.1e}"
    )


if __name__ == "__main__":
    cross_validation()
    path()
    optimum()

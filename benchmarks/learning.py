"""Learning curves of ten choices of descriptors from one set of moments: seconds and digits, beside scikit-learn on the rows."""

import time

import numpy as np
from sklearn.linear_model import Ridge
from turns import one_thread

import fisherlib as fl
from fisherlib.descriptors import Acsf, Joined
from fisherlib.validation import learning_curves, split

CUTOFFS, PER_WALKER, DRAWS, STRENGTH, SEED = (2.5, 3.2, 4.0, 5.0, 6.5), 6, 4, 1e-8, 0
NUMBERS = [2**k for k in range(7)]


def made() -> tuple[fl.Dataset, dict[str, np.ndarray], list[list[str]]]:
    """Blocks of one configuration each, the columns of each choice, and folds of whole walkers, as on the page."""
    frames = fl.io.read_frames("data/cu55_1200K.npz")
    frames = [f.take(f.key, np.linspace(0, len(f.n_atoms) - 1, PER_WALKER).astype(int)) for f in frames]
    joined = Joined(
        {
            f"{r:g} Å": Acsf(cutoff=r, inner=1.8, n_radial=round((r - 1.8) / 0.25), n_widths=round((r - 1.8) / 0.5))
            for r in CUTOFFS
        }
    )
    data, choices = fl.featurise(frames, joined, workers=1).blocks(PER_WALKER), {}
    for label, columns in joined.columns([29]).items():
        radial = np.array([k for k in columns if " G2 " in data.descriptor_names[k]])
        choices |= {f"{label}, three-body": columns, f"{label}, two-body": radial}
    walkers = split([f.key for f in frames], 5, seed=SEED)
    return data, choices, [[key for key in data if key.rpartition("/")[0] in part] for part in walkers]


def on_rows(data: fl.Dataset, columns: np.ndarray, drawn: list[str], held: fl.Dataset) -> float:
    """Force RMSE of scikit-learn's ridge of columns of unit length."""
    rows = data.select(drawn)
    Phi = np.concatenate([t.force_descriptors for t in rows.values()])[:, columns]
    length = np.linalg.norm(Phi, axis=0)
    length[length == 0] = 1.0
    ridge = Ridge(alpha=STRENGTH, fit_intercept=False, solver="svd").fit(Phi / length, rows.forces)
    tested = np.concatenate([t.force_descriptors for t in held.values()])[:, columns] / length
    return float(np.sqrt(np.mean((held.forces - tested @ ridge.coef_) ** 2)))


def main() -> None:
    start = time.process_time()
    data, choices, parts = made()
    featurised = time.process_time()
    moments = fl.accumulate(data)
    summed = time.process_time()
    found = learning_curves(moments, choices, parts, NUMBERS, draws=DRAWS, strength=STRENGTH, seed=SEED)
    fitted = time.process_time() - summed
    print(
        f"descriptors of {len(data)} configurations, K = {data.K}: {featurised - start:.1f} s (0 where they are kept)"
    )
    print(
        f"moments {summed - featurised:.2f} s; {found.fits:,} fits and their errors {fitted:.2f} s (limit 60 s for 400)"
    )
    rest = [key for key in data if key not in parts[0]]
    order, held = np.random.default_rng(SEED).permutation(len(rest)), data.select(parts[0])
    start, worst = time.process_time(), 0.0
    for c, columns in enumerate(choices.values()):
        for m, number in enumerate(NUMBERS):
            theirs = on_rows(data, columns, [rest[k] for k in order[:number]], held)
            worst = max(worst, abs(found.force_rmse[c, m, 0, 0] / theirs - 1))
    some, all_of_it = len(choices) * len(NUMBERS), time.process_time() - start
    print(
        f"{some} of them by scikit-learn on the rows: {all_of_it:.1f} s; ratio for each fit {all_of_it / some / (fitted / found.fits):.0f}"
    )
    print(f"largest difference of a force error: {worst:.0e} of it (limit 1e-8)")


if __name__ == "__main__":
    one_thread()
    main()

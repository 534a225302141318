"""Print what ``glasses/ka2d.npz`` shows (seconds), or compare another set with it: ``python data/check_glass_2d.py NEW.npz``.

A set that was made again with another seed should agree within two standard deviations of the difference of two means,
but for about one number in twenty.
"""

import argparse
from pathlib import Path

import numpy as np
from make_glass_2d import decay_time

HERE = Path(__file__).resolve().parent
SHIPPED = HERE / "glasses" / "ka2d.npz"
BIN = 0.02  # σ, of g(r)

Statistics = dict[str, np.ndarray]


def statistics(path: Path) -> Statistics:
    """What is compared, with one value for each configuration; A are the large particles."""
    with np.load(path, allow_pickle=False) as file:
        z = dict(file)
    large, times = z["types"] == 0, z["times"]
    halves = [np.stack([p[:, mask] for p, mask in zip(z[f"propensity_{half}"], large, strict=True)])
              for half in ("even", "odd")]  # fmt: skip
    found = {
        "energy of the inherent structure": z["energies"].mean(axis=1),
        "energy at this temperature": z["energy_series"][:, -25:].mean(axis=1),
        "ageing of the inherent energy": np.diff(z["inherent_series"].reshape(len(large), 2, -1).mean(axis=2))[:, 0],
        "tau_alpha": np.array([decay_time(times, one) for one in z["caged"]]),
    }
    peaks = [first_peak(x[mask], z["box"]) for x, mask in zip(z["positions"].astype(float), large, strict=True)]
    found["first peak of g_AA(r)"], found["height of the first peak"] = np.array(peaks).T
    for k, t in enumerate(times):
        found[f"mean propensity of A, t = {t:g}"] = (halves[0] + halves[1])[:, k].mean(axis=1) / 2
        r = np.array([np.corrcoef(a[k], b[k])[0, 1] for a, b in zip(*halves, strict=True)])
        found[f"noise ceiling of A, t = {t:g}"] = np.sqrt(2 * r / (1 + r))
    return found


def first_peak(x: np.ndarray, box: np.ndarray) -> tuple[float, float]:
    """Where g(r) is highest, and its height."""
    steps = (x[:, None] - x)[np.triu_indices(len(x), 1)]
    r = np.linalg.norm(steps - box * np.round(steps / box), axis=1)
    number, edges = np.histogram(r, np.arange(0.8, 1.5, BIN))
    g = number * np.prod(box) / (0.5 * len(x) ** 2 * np.pi * np.diff(edges**2))
    return float(edges[g.argmax()] + BIN / 2), float(g.max())


def z_values(new: Statistics, old: Statistics) -> dict[str, float]:
    """Difference of the means over configurations in its standard deviations."""
    z = {}
    for name in old:
        error = np.hypot(*(s[name].std(ddof=1) / np.sqrt(len(s[name])) for s in (new, old)))
        z[name] = float((new[name].mean() - old[name].mean()) / max(error, 1e-12))
    return z


def main(new: Path | None) -> None:
    """Print one line for each number."""
    shipped = statistics(SHIPPED)
    if new is None:
        for name, values in shipped.items():
            error = values.std(ddof=1) / np.sqrt(len(values))
            print(f"{name:34} {values.mean():9.4f} +- {error:.4f}, sd over configurations {values.std(ddof=1):.4f}")
        return
    other = statistics(new)
    z = z_values(other, shipped)
    for name, value in z.items():
        print(f"{name:34} {shipped[name].mean():9.4f} {other[name].mean():9.4f}  z = {value:+.2f}")
    beyond = sum(abs(value) > 2 for value in z.values())
    print(f"{beyond} of {len(z)} beyond 2 sd; rms z {np.sqrt(np.mean(np.square(list(z.values())))):.2f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("new", type=Path, nargs="?", help="a set to compare with the shipped one")
    main(parser.parse_args().new)

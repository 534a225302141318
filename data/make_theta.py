"""Make ``theta_energy.json``: the ordinary fit to energies, as a reference that θ_f can be compared with.

Run ``python data/make_theta.py`` (seconds). Ridge regression of total energies on the same descriptors, its strength
chosen by leaving out one walker at a time; saved as the desktop app's ``{'coef', 'intercept'}``.
"""

from pathlib import Path

import numpy as np

import fisherlib as fl

HERE = Path(__file__).resolve().parent
STRENGTHS = (1e-10, 1e-9, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2)


def fit(moments: fl.Moments, strength: float) -> fl.LinearPotential:
    """Ridge fit of energies; the strength is relative to the diagonal, so it has no unit."""
    loss = fl.energy(moments)
    solution = fl.solve(loss + fl.ridge(strength, loss.K, scale=np.diag(loss.A)))
    return fl.LinearPotential.from_fit(solution, moments, name="θ")


if __name__ == "__main__":
    data = fl.io.read(HERE / "cu55_1200K.npz")
    moments = fl.accumulate(data)
    held_out = [
        fl.validation.cross_validate(data, moments, lambda m, s=s: fit(m, s), n=len(data)).pooled["energy_rmse"]
        for s in STRENGTHS
    ]
    for strength, error in zip(STRENGTHS, held_out, strict=True):
        print(f"strength {strength:.0e}: {1e3 * error:.3f} meV/atom held out")
    best = STRENGTHS[int(np.argmin(held_out))]
    about = {**data.provenance, "loss": "energy RMSE with ridge", "strength": best}
    fl.io.write_theta(fit(moments, best), HERE / "theta_energy.json", provenance=about)
    print(f"wrote {HERE / 'theta_energy.json'} (strength {best:.0e})")

"""Make ``theta_energy.json``: the ordinary fit to energies, as a reference that θ_f can be compared with.

Run ``python data/make_theta.py`` (seconds). Ridge regression of total energies on the same descriptors, its strength
chosen by leaving out one walker at a time; saved as the desktop app's ``{'coef', 'intercept'}``.
"""

from pathlib import Path

import fisherlib as fl

HERE = Path(__file__).resolve().parent
STRENGTHS = (1e-10, 1e-9, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2)

if __name__ == "__main__":
    data = fl.io.read(HERE / "cu55_1200K.npz")
    moments = fl.accumulate(data)
    errors = {}
    for strength in STRENGTHS:
        fit = lambda m, s=strength: fl.regression.energy_fit(m, strength=s)  # noqa: E731
        errors[strength] = fl.validation.cross_validate(data, moments, fit, folds=len(data)).pooled["energy_rmse"]
        print(f"strength {strength:.0e}: {1e3 * errors[strength]:.3f} meV/atom held out")
    best = min(errors, key=errors.get)
    model = fl.regression.energy_fit(moments, strength=best)
    fl.io.write_theta(model, HERE / "theta_energy.json", provenance=data.provenance)
    print(f"wrote theta_energy.json (strength {best:.0e})")

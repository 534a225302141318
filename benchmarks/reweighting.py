"""What reweighting is worth on published data, and free energies of harmonic systems against exact ones and pymbar."""

from pathlib import Path

import numpy as np

import fisherlib as fl
from fisherlib.reweighting import effective_sample_size, free_energy_difference, log_weights, mbar, pareto_k

MOLYBDENUM = Path(__file__).resolve().parents[2] / "shared" / "data" / "zuo2020_mo_snap" / "Mo_snap2J6_train.npz"
TEMPERATURE, DIMENSIONS, TRAJECTORIES, CONFIGURATIONS = 300.0, 12, 20, 200


def molybdenum() -> None:
    """Effective sample sizes of bulk molybdenum at 300, 3000 and 6000 K."""
    if not MOLYBDENUM.exists():
        print(f"no {MOLYBDENUM.name} in ../shared/data beside the checkout: molybdenum left out")
        return
    with np.load(MOLYBDENUM, allow_pickle=False) as file:
        bulk = file["group"] == "AIMD-NVT"
        E, drawn_at = file["energy"][bulk], file["temperature_label_K"][bulk]
    print(f"molybdenum, {len(E)} configurations of 54 atoms; total energies")
    for target in (300.0, 3000.0, 6000.0):
        log_w = log_weights(E, E, target, sampled_temperature=np.inf)
        print(
            f"  pool, w ∝ exp(−βE)           → {target:4.0f} K: ESS {effective_sample_size(log_w):5.2f}"
            f" of {len(E)}, Pareto k {pareto_k(log_w):5.2f}"
        )
    for target in (2500.0, 6000.0):
        own = E[drawn_at == 3000]
        log_w = log_weights(own, own, target, sampled_temperature=3000.0)
        print(
            f"  3000 K, w ∝ exp(−(β − β_s)E) → {target:4.0f} K: ESS {effective_sample_size(log_w):5.2f}"
            f" of {len(own)}, Pareto k {pareto_k(log_w):5.2f}"
        )


def harmonic() -> None:
    """ΔF = (d/2) kT ln(k'/k) of U = ½k|x|² and U_θ = ½k'|x|², with error bars, bounds, and pymbar beside it."""
    b = fl.units.beta(TEMPERATURE)
    M = TRAJECTORIES * CONFIGURATIONS
    U = 0.5 * np.random.default_rng(0).chisquare(DIMENSIONS, size=M) / b
    labels = np.repeat(np.arange(TRAJECTORIES), CONFIGURATIONS)
    print(f"harmonic, d = {DIMENSIONS}, {M} configurations, {TEMPERATURE:.0f} K; meV")
    print(
        "  k'/k    exact    ΔF ± error   (off, in bars)   ⟨ΔU⟩_θ ≤ ΔF ≤ ⟨ΔU⟩_p    2nd cumulant   ESS    k     pymbar − ΔF"
    )
    for ratio in (0.4, 0.7, 0.9, 1.1, 1.5, 2.5, 6.0):
        found = free_energy_difference(U, ratio * U, TEMPERATURE, trajectory=labels)
        exact = 0.5 * DIMENSIONS * np.log(ratio) / b
        theirs = mbar(b * np.stack([U, ratio * U]), [M, 0]).free_energies[1] / b
        print(
            f"  {ratio:4.1f} {1e3 * exact:8.2f} {1e3 * found.value:8.2f} ± {1e3 * found.error:5.2f}"
            f" {(found.value - exact) / found.error:+6.1f}       "
            f"   {1e3 * found.lower:8.2f} {1e3 * found.value:8.2f} {1e3 * found.upper:8.2f}"
            f"     {1e3 * found.second_cumulant:8.2f}  {found.effective_sample_size:7.1f} {found.pareto_k:5.2f}"
            f"   {1e3 * (theirs - found.value):9.1e}"
        )


def pooled() -> None:
    """Weights from two temperatures pooled: offsets of the energies that drop out, up to rounding."""
    drawn_at = np.repeat([300.0, 600.0], 180)
    parts = [
        fl.systems.harmonic(np.array([1.0, 2.0, 3.0]), temperature=T, trajectories=3, configurations=60)
        for T in (300.0, 600.0)
    ]
    E = np.concatenate([part.energies for part in parts])
    plain = log_weights(E, E, 450.0, sampled_temperature=drawn_at)
    print(f"300 K and 600 K pooled → 450 K: ESS {effective_sample_size(plain):.1f} of {len(E)}")
    for offset in (-500.0, -1e4, -1e6):
        moved = log_weights(E + offset, E + offset, 450.0, sampled_temperature=drawn_at)
        print(f"  energies {offset:+9.0f} eV: ln w differ by {np.abs(moved - plain).max():.0e} at most")


if __name__ == "__main__":
    molybdenum()
    harmonic()
    pooled()

"""Message passing in JAX: energies of atoms from what their neighbours tell them, and errors of a batch."""

from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from ..dataset import Array

#: Size of the weights into the output before training, relative to those of other layers.
SMALL = 0.1


class Messages(eqx.Module):
    """Rounds of messages m_i = Σ_j f(r_ij) φ(h_i, h_j, e(r_ij)), with h_i ← h_i + ψ(m_i), and a readout of each h_i.

    φ is a layer of SiLU units; so is ψ, with a linear layer behind it. The parameters have names:
    "embedding" (S, F) are the first h of each element; of round t "t own" and "t other" (F, H), "t radial" (B, H) and
    "t bias" (H,) make φ, "t mix" (H, H), "t mix bias" (H,) and "t out" (H, F) make ψ; and "read" (F, H), "read bias"
    (H,) and "energy" (H, 1) make the readout.

    Attributes:
        arrays: the parameters.
        rounds: how many there are.
        cutoff: Å.
        degree: what Σ_j f(r_ij) typically is; messages are divided by it.
    """

    arrays: dict[str, jax.Array]
    rounds: int = eqx.field(static=True)
    cutoff: float = eqx.field(static=True)
    degree: float = eqx.field(static=True)

    def __call__(self, of: Mapping[str, Any], positions: jax.Array) -> jax.Array:
        """(A,) energies of the atoms of a batch of ``Graphs``."""
        p, i, j = self.arrays, of["centres"], of["others"]
        present = j >= 0
        apart = ((positions[j] - positions[i][:, None]) ** 2).sum(axis=-1)
        r = jnp.sqrt(jnp.where(present, apart, 1.0))
        f = jnp.where(present, envelope(r / self.cutoff), 0.0) / self.degree
        e = radial(r / self.cutoff, p["0 radial"].shape[0])
        h = p["embedding"][of["kinds"]]
        for t in range(self.rounds):
            own, other = h @ p[f"{t} own"] + p[f"{t} bias"], h @ p[f"{t} other"]
            told = jax.nn.silu(own[i][:, None] + other[j] + e @ p[f"{t} radial"])
            rows = jnp.einsum("rk,rkh->rh", f, told)
            m = jax.ops.segment_sum(rows, i, len(h), indices_are_sorted=True)
            h = h + jax.nn.silu(m @ p[f"{t} mix"] + p[f"{t} mix bias"]) @ p[f"{t} out"]
        return (jax.nn.silu(h @ p["read"] + p["read bias"]) @ p["energy"])[:, 0]


def envelope(x: Any) -> Any:
    """(1 − x²)³ below x = r/r_cut = 1, and 0 above: two derivatives vanish there, so that forces have no kinks."""
    return (1.0 - jnp.minimum(x, 1.0) ** 2) ** 3


def radial(x: jax.Array, number: int) -> jax.Array:
    """(..., B) Gaussians of x = r/r_cut, evenly from 0 to 1, as wide as they are apart (Schütt et al. 2018, eq. 10)."""
    spacing = 1.0 / (number - 1)
    return jnp.exp(-0.5 * ((x[..., None] - jnp.linspace(0.0, 1.0, number, dtype=x.dtype)) / spacing) ** 2)


def first_arrays(wanted: Mapping[str, tuple[int, ...]], rng: np.random.Generator) -> dict[str, Array]:
    """Random normal weights of size 1/√n_in, small ones into the output; biases of zero."""
    made = {}
    for name, shape in wanted.items():
        size = 0.0 if name.endswith("bias") else 1.0 if name == "embedding" else shape[0] ** -0.5
        made[name] = size * rng.normal(size=shape) * (SMALL if name == "energy" else 1.0)
    return made


def errors(
    network: Messages, of: Mapping[str, jax.Array], *, forces: bool
) -> tuple[jax.Array, jax.Array, jax.Array, jax.Array]:
    """As ``descent.errors``; without ``forces`` those have no errors, and no components that are counted."""
    count = of["energies"].shape[0]
    if forces:
        values, F = with_forces(network, of)
        wrong, atoms = ((F - of["forces"]) ** 2).sum(), 3.0 * (of["group"] < count).sum()
    else:
        values, wrong, atoms = network(of, of["positions"]), jnp.zeros(()), jnp.zeros(())
    U = jax.ops.segment_sum(values, of["group"], count) / of["numbers"]
    known = jnp.isfinite(of["energies"])
    off = jnp.where(known, U - jnp.nan_to_num(of["energies"]), 0.0)
    return wrong, atoms, (off**2).sum(), known.sum().astype(U.dtype)


def with_forces(network: Messages, of: Mapping[str, jax.Array]) -> tuple[jax.Array, jax.Array]:
    """(A,) energies of atoms and (A, 3) forces −∂U/∂x, by reverse differentiation."""
    slopes, values = jax.grad(lambda x: (lambda e: (e.sum(), e))(network(of, x)), has_aux=True)(of["positions"])
    return values, -slopes


@jax.jit
def predicted(network: Messages, of: Mapping[str, jax.Array]) -> tuple[jax.Array, jax.Array]:
    """``with_forces``, compiled once for batches of one size."""
    return with_forces(network, of)


def arrays_of(network: Messages) -> dict[str, NDArray]:
    """Its parameters in double precision."""
    return {name: np.asarray(each, np.float64) for name, each in network.arrays.items()}

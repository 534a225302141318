"""Real solid harmonics, and matrices that give their gradients."""

from functools import cache

import numpy as np

from ..dataset import Array


def solid_harmonics(vectors: Array, l_max: int) -> list[Array]:
    """R_lm(r) = √(4π/(2l+1)) rˡ Y_lm(r/|r|) of the real spherical harmonics Y_lm, polynomials without a special point.

    In this normalisation (Racah's) Σ_m R_lm(a) R_lm(b) = (|a| |b|)ˡ P_l(cos of the angle between them). For m > 0 they go
    with cos mφ and for m < 0 with sin |m|φ, without the phase (−1)ᵐ.

    Args:
        vectors: (…, 3) r, Å.
        l_max: highest degree.

    Returns:
        for every l from 0 on (…, 2l+1), m = −l … l, Åˡ.

    References:
        Helgaker, Jørgensen, Olsen, Molecular Electronic-Structure Theory (2000), section 6.4: the recurrences.

    Example:
        >>> import numpy as np
        >>> [h.round(3).tolist() for h in solid_harmonics(np.array([1.0, 2.0, 3.0]), 1)]
        [[1.0], [2.0, 3.0, 1.0]]
    """
    x, y, z = np.moveaxis(vectors, -1, 0)
    square = x * x + y * y + z * z
    # C and S hold √((l−m)!/(l+m)!) P_lm rˡ with cos mφ and with sin mφ; without √2, and m ≥ 0 only.
    C, S = [[np.ones_like(z)]], [[np.zeros_like(z)]]
    for n in range(1, l_max + 1):
        C.append([])
        S.append([])
        for m in range(n):
            a, b = (2 * n - 1) / np.sqrt(n * n - m * m), np.sqrt(((n - 1) ** 2 - m * m) / (n * n - m * m))
            for T in (C, S):
                T[n].append(a * z * T[n - 1][m] - (b * square * T[n - 2][m] if m < n - 1 else 0.0))
        d, c, s = np.sqrt(1 - 0.5 / n), C[n - 1][n - 1], S[n - 1][n - 1]
        C[n].append(d * (x * c - y * s))
        S[n].append(d * (x * s + y * c))
    root = np.sqrt(2.0)
    return [
        np.stack([*(root * s for s in S[n][:0:-1]), C[n][0], *(root * c for c in C[n][1:])], axis=-1)
        for n in range(l_max + 1)
    ]


@cache
def derivatives(degree: int) -> Array:
    """(3, 2l+1, 2l−1) W: the gradient of a solid harmonic is made of those one degree lower, ∂_a R_lm = Σ_n W_amn R_(l−1)n.

    Complex ones obey ∂_z R_lm = √(l²−m²) R_(l−1)m and (∂_x ± i∂_y) R_lm = ±√((l∓m)(l∓m−1)) R_(l−1)(m±1); the real ones
    are combinations of them.

    Args:
        degree: l, at least 1.

    References:
        Helgaker, Jørgensen, Olsen, Molecular Electronic-Structure Theory (2000), section 6.4.

    Example:
        >>> derivatives(1)[:, :, 0].tolist()
        [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    """
    l, W = degree, np.zeros((3, 2 * degree + 1, 2 * degree - 1), complex)  # noqa: E741 – its name
    for m in range(-l, l + 1):
        for to, factor in ((m + 1, np.sqrt((l - m) * (l - m - 1.0))), (m - 1, -np.sqrt((l + m) * (l + m - 1.0)))):
            if abs(to) < l:
                W[0, m + l, to + l - 1] += factor / 2
                W[1, m + l, to + l - 1] += factor / (2j * (to - m))
        if abs(m) < l:
            W[2, m + l, m + l - 1] = np.sqrt(l * l - m * m)
    real = (_real(l) @ W @ _real(l - 1).conj().T).real
    real.flags.writeable = False
    return real


def _real(degree: int) -> Array:
    """(2l+1, 2l+1) the unitary matrix that makes real harmonics of complex ones, which have the phase (−1)ᵐ."""
    U = np.zeros((2 * degree + 1, 2 * degree + 1), complex)
    U[degree, degree] = 1
    for m in range(1, degree + 1):
        plus, minus, phase = degree + m, degree - m, (-1) ** m
        U[plus, plus], U[plus, minus] = phase / np.sqrt(2), 1 / np.sqrt(2)
        U[minus, plus], U[minus, minus] = -1j * phase / np.sqrt(2), 1j / np.sqrt(2)
    return U

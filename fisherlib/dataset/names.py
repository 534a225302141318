"""Names of descriptors and of elements."""

from collections.abc import Sequence


def numbered(K: int) -> tuple[str, ...]:
    """Names of descriptors whose names are not known.

    >>> numbered(3)
    ('D0', 'D1', 'D2')
    """
    return tuple(f"D{k}" for k in range(K))


def stated(names: Sequence[str]) -> list[str]:
    """Names of descriptors if they say anything; an empty list if they are only numbered.

    >>> stated(["D0", "D1"]), stated(["Cu l0", "Cu l1"])
    ([], ['Cu l0', 'Cu l1'])
    """
    return [] if tuple(names) == numbered(len(names)) else list(names)


_SYMBOLS = (
    "H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr Rb Sr Y Zr Nb Mo Tc Ru "
    "Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po At "
    "Rn Fr Ra Ac Th Pa U Np Pu Am Cm Bk Cf Es Fm Md No Lr Rf Db Sg Bh Hs Mt Ds Rg Cn Nh Fl Mc Lv Ts Og"
).split()


def symbol(number: int) -> str:
    """Symbol of the element with an atomic number.

    >>> symbol(29)
    'Cu'
    """
    return _SYMBOLS[number - 1] if number > 0 else "X"  # of ASE, for what is no atom

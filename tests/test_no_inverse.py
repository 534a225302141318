"""No matrix is inverted anywhere: every A⁻¹b is a solve, which is faster and keeps the digits that A⁻¹ times b loses."""

import ast
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

#: Inverses and pseudo-inverses of numpy, scipy and LAPACK, whatever module they come from.
NAMES = re.compile(r"inv|pinv|pinvh|tensorinv|[sdcz]?(ge|sy|he|po|pp|pb|tr)tri")
TEXT = re.compile(rf"\b({NAMES.pattern})\s*\(|linalg\.({NAMES.pattern})\b")
ROOT = Path(__file__).resolve().parents[1]
CODE = ("fisherlib", "notebooks", "benchmarks", "tests", "data")


def files(ending: str) -> list[Path]:
    found = [*ROOT.glob(f"*{ending}"), *(path for folder in CODE for path in (ROOT / folder).rglob(f"*{ending}"))]
    hidden = [path for path in found if any(part.startswith(".") for part in path.relative_to(ROOT).parts)]
    return sorted({*found} - {*hidden, Path(__file__).resolve()})


def in_python(source: str) -> list[str]:
    """Names, attributes, imports and texts (as for ``get_lapack_funcs``) that are an inverse; comments are no code."""
    found = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.alias(name=name) | ast.Constant(value=str(name)):
                if NAMES.fullmatch(name.rpartition(".")[2]):
                    found.append(f"{name} in line {node.lineno}")
    return found


def in_notebook(content: str) -> list[str]:
    cells = json.loads(content)["cells"]
    return [found.group() for cell in cells for found in TEXT.finditer("".join(cell["source"]))]


def in_text(content: str) -> list[str]:
    return [found.group() for found in TEXT.finditer(content)]


def searched(ending: str, search: Callable[[str], list[str]]) -> tuple[int, dict[str, list[str]]]:
    """How many files there are, and what was found in which."""
    paths = files(ending)
    found = {str(path.relative_to(ROOT)): search(path.read_text(encoding="utf-8")) for path in paths}
    return len(paths), {path: what for path, what in found.items() if what}


@pytest.mark.parametrize(
    ("ending", "search", "fewest"), [(".py", in_python, 100), (".ipynb", in_notebook, 8), (".md", in_text, 3)]
)
def test_nothing_inverts_a_matrix(ending: str, search: Callable[[str], list[str]], fewest: int) -> None:
    number, found = searched(ending, search)
    assert not found and number >= fewest


@pytest.mark.parametrize(
    "source",
    [
        "np.linalg.inv(T) @ c",
        "from numpy.linalg import inv as solve_it",
        "from scipy.linalg import pinvh",
        "x = linalg.pinv",
        "lapack.dgetri(lu, pivots)",
        "get_lapack_funcs(('potri',), (A,))",
        "import numpy.linalg.inv",
        "getattr(np.linalg, 'inv')(T)",
    ],
)
def test_an_inverse_would_be_found(source: str) -> None:
    assert in_python(source)
    # Neither a comment nor a longer word is one.
    assert not in_python("inverse = invariant(np.linalg.solve(A, b))  # not inv(A) @ b")


@pytest.mark.parametrize("source", ["np.linalg.inv (T) @ c", "pinv(A)", "dpotri(L)", "f = np.linalg.inv\n"])
def test_an_inverse_would_be_found_in_a_notebook(source: str) -> None:
    assert in_notebook(json.dumps({"cells": [{"source": ["a = 1\n", source]}]})) and in_text(source)
    assert not in_text("ArcCosInv(x), inverse(x), invert(x), solve(A, b)")

"""Fits the values a user gives to the parameters of a report notebook, before anything is run."""

import ast
import contextlib
import difflib
import json
import math
import os
import re
from collections.abc import Collection, Iterable, Mapping
from numbers import Real
from typing import Any

CONSTANTS = {"true": True, "True": True, "false": False, "False": False, "null": None, "None": None}
#: Names of files: text, whatever it looks like, also where the default is None.
FILES = frozenset({"data", "theta"})
EXPECTED = {bool: "true or false", int: "a whole number", float: "a number", list: "a JSON list", dict: "a JSON object"}


class ParameterError(ValueError):
    """A parameter that the notebook does not have, or a value that does not fit it; nothing was run."""


class ReportError(RuntimeError):
    """The notebook ran into an error, or its report could not be written; `traceback` holds where."""

    def __init__(self, message: str, traceback: str = "") -> None:
        super().__init__(message)
        self.traceback = traceback


class Expression(str):
    """The source text of a default that is no plain literal, such as `4 * 10`; any value fits it."""


def defaults(notebook: Mapping[str, Any]) -> dict[str, object]:
    """The notebook's parameters and their default values, from the cell tagged ``parameters``.

    Args:
        notebook: the content of its file. The libraries that read notebooks take a second to load, and a mistake
            should be told sooner.
    """
    tagged = [cell for cell in notebook["cells"] if "parameters" in cell.get("metadata", {}).get("tags", [])]
    source = "".join(tagged[0]["source"]) if tagged else ""
    found: dict[str, object] = {}
    for statement in ast.parse(source).body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.expr() as value):
                found[name] = _literal(source, value)
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                found[name] = _literal(source, value)
    return found


def _literal(source: str, value: ast.expr) -> object:
    try:
        return ast.literal_eval(value)
    except ValueError:
        return Expression(ast.get_source_segment(source, value) or "")


def spoken(message: str, names: Iterable[str]) -> str:
    """A sentence about arguments, such as ``temperature=``, in the words of the command line: ``TEMPERATURE=``."""
    either = "|".join(map(re.escape, names))
    lists = rf"(?<![\w=])({either})=\(((?:'\w+', )+)…\)"  # ('W', 'Be', …) is no value of a command line
    message = re.sub(lists, lambda found: f"{found[1]}={re.sub('[^A-Za-z,]', '', found[2])}…", message)
    return re.sub(
        rf"(?:^|(?<=; ))(?:{either})(?=:)|(?<![\w=])(?:{either})(?= ?=(?!=))", lambda found: found[0].upper(), message
    )


def check(
    parameters: Mapping[str, object], defaults: Mapping[str, object], *, notebook: str, texts: Collection[str] = FILES
) -> dict[str, object]:
    """The values by the notebook's own names, each of the type of its default.

    Args:
        parameters: values by name, in any case; text is read as on the command line ("1200" fits a number).
        defaults: what `defaults` found in the notebook.
        notebook: its name, for errors.
        texts: names of parameters that are text, such as those of columns.

    Raises:
        ParameterError: a name the notebook does not have, or a value that does not fit its default.
    """
    names = {name.casefold(): name for name in defaults}
    given: dict[str, object] = {}
    for name, value in parameters.items():
        real = name if name in defaults else names.get(name.casefold())
        if real is None:
            near = difflib.get_close_matches(name.casefold(), names, n=1)
            hint = f" (did you mean {names[near[0]]!r}?)" if near else ""
            raise ParameterError(f"{notebook} has no parameter {name!r}{hint}; it has: {', '.join(defaults) or 'none'}")
        given[real] = _fit(real, value, defaults[real], text=real in texts)
    return given


def _fit(name: str, value: object, default: object, *, text: bool) -> object:
    """`value` as the type of `default`; None fits everywhere and a default of None takes everything, but for text."""
    value = os.fspath(value) if isinstance(value, os.PathLike) else value
    scalar: Any = _scalar(value) if isinstance(value, str) else value
    if text and value is not None:
        return None if scalar is None and default is None else str(value)
    if scalar is None or default is None or isinstance(default, Expression):
        return scalar
    number = isinstance(scalar, Real) and not isinstance(scalar, bool) and math.isfinite(scalar)
    match default:
        case bool() if isinstance(scalar, bool):
            return scalar
        case str():
            return str(value)
        case float() if number:
            return float(scalar)
        case int() if number and not isinstance(default, bool) and float(scalar).is_integer():
            return int(scalar)
        case list() | dict():
            with contextlib.suppress(json.JSONDecodeError):
                value = json.loads(value) if isinstance(value, str) else value
            if isinstance(value, type(default)):
                return value
    raise ParameterError(f"{name}: expected {EXPECTED.get(type(default), type(default).__name__)}, got {value!r}")


def _scalar(text: str) -> object:
    if text in CONSTANTS:
        return CONSTANTS[text]
    for kind in (int, float):
        with contextlib.suppress(ValueError):
            return kind(text)
    return text

"""Whether numba compiles the innermost loops: chosen once, for a whole process, by an environment variable.

With ``RTFRACTIONS_FAST=1`` numba, of the extra ``fast``, compiles functions that are written for it, each when it is
first called; else numpy does their work, and numba is not imported. That numba happens to be installed chooses
nothing, because it pays only where one process computes the DVHs of many plans: importing it takes longer than the
DVHs of one.

numba keeps what it has compiled beside the source or, where that cannot be written, in the user's cache, or where
``NUMBA_CACHE_DIR`` says. Where none of them can be written each process compiles anew.
"""

import os
from collections.abc import Callable
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final, ParamSpec, TypeVar

from rtfractions.errors import SettingError, quoted

P = ParamSpec("P")
R = TypeVar("R")

VARIABLE: Final = "RTFRACTIONS_FAST"
"""The environment variable: ``1``, or ``0`` as without it."""


def asked_for() -> bool:
    """Whether compiled loops are asked for, of a numba that is there; it is not imported.

    Raises
    ------
    SettingError
        If the variable is neither 0 nor 1, or numba is not installed.
    """
    value = os.environ.get(VARIABLE, "0")
    if value not in ("0", "1"):
        raise SettingError(f"{VARIABLE} is {quoted(value)}", remedy="set it to 1 or to 0")
    if value == "1" and find_spec("numba") is None:
        problem = f"{VARIABLE} asks for numba, which is not installed"
        raise SettingError(problem, remedy="install rtfractions[fast], or unset it")
    return value == "1"


@cache
def compiles() -> bool:
    """Whether compiled loops are asked for; then numba is imported.

    Raises
    ------
    SettingError
        If the variable is neither 0 nor 1, or numba is not installed or cannot be imported.
    """
    asked = asked_for()
    if asked:
        try:
            import_module("numba")
        except ImportError as error:
            problem = f"{VARIABLE} asks for numba, which cannot be imported"
            raise SettingError(problem, remedy="install rtfractions[fast] anew, or unset it") from error
    return asked


def compiled(function: Callable[P, R]) -> Callable[P, R] | None:
    """A function as numba compiles it; None where numpy is to do its work."""
    return _compiled(function) if compiles() else None


@cache
def _compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    import numba

    made: Callable[..., Any]
    try:
        made = numba.njit(function, cache=True, nogil=True, error_model="numpy")
    except RuntimeError:  # no place for a cache can be written
        made = numba.njit(function, nogil=True, error_model="numpy")
    return made

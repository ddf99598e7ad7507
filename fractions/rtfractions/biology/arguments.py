"""Arguments checked: a number in its range, an array of such numbers, a text that says something."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rtfractions.biology.alpha_beta import as_float
from rtfractions.errors import RTFractionsError, quoted

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class ParameterError(RTFractionsError, ValueError):
    """A parameter of a model that cannot be."""

    code = "parameter"


def number(
    value: Any,
    name: str,
    *,
    low: float,
    high: float,
    unit: str = "",
    error: type[RTFractionsError] = ParameterError,
) -> float:
    """A real number from `low` to `high`, ends included, as float.

    Raises
    ------
    RTFractionsError
        Of the type `error`, if it is no number or outside the range.

    Examples
    --------
    >>> number(2, "m", low=0, high=10)
    2.0
    """
    unit = f" {unit}" if unit else ""
    found = as_float(value)
    if found is None:
        raise error(f"{name} is {quoted(value)}", remedy="give a number")
    if not low <= found <= high:  # nan too
        raise error(f"{name} is {quoted(value)}{unit}", remedy=f"it lies between {low:g} and {high:g}{unit}")
    return found


def numeric_array(value: Any, name: str, *, error: type[RTFractionsError] = ParameterError) -> NDArray[Any]:
    """The value as an array of integers or floats of any shape, not yet compared with a range."""
    import numpy as np  # here, so that floats do not pay for it

    if isinstance(value, np.ma.MaskedArray):  # the mask would be lost, and what it hides computed with
        raise error(f"{name}: a masked array is not taken", remedy="fill it, or take what is not masked")
    try:
        array = np.asarray(value)
    except (TypeError, ValueError, OverflowError):
        array = np.asarray("")
    if array.dtype.kind not in "iuf":
        raise error(f"{name}: {quoted(value)} holds what is no number", remedy="give numbers")
    return array


def float_array(
    value: Any, name: str, *, low: float, high: float, error: type[RTFractionsError] = ParameterError
) -> NDArray[np.float64]:
    """An array of float64 with every element from `low` to `high`; of a single number, one without axes.

    Raises
    ------
    RTFractionsError
        Of the type `error`, if it holds what is no number or is outside the range.
    """
    import numpy as np

    array = numeric_array(value, name, error=error).astype(np.float64)
    unfit = array.size - np.count_nonzero((array >= low) & (array <= high))  # nan is unfit
    if unfit:
        raise error(f"{unfit} of {array.size} {name} are out of range", remedy=f"{low:g} to {high:g}")
    return array


def text(value: Any, name: str, *, error: type[RTFractionsError] = ParameterError) -> str:
    """A text that says something.

    Raises
    ------
    RTFractionsError
        Of the type `error`, if it is no text, or holds no letter or digit.
    """
    if not isinstance(value, str) or not any(character.isalnum() for character in value):
        raise error(f"{name} is {quoted(value)}", remedy="say it in words")
    return value


def like_input(values: NDArray[np.float64]) -> Any:
    """A float where the array has no axes, else the array."""
    return float(values) if values.ndim == 0 else values

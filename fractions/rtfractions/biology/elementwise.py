"""One formula for floats and for arrays of any shape, large ones block by block.

A block is small enough to stay in a processor's second-level cache: a formula then passes over main memory once,
however many operations it has, and needs no temporary of the size of its input.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeVar

from rtfractions.biology.alpha_beta import as_float
from rtfractions.biology.arguments import numeric_array
from rtfractions.biology.quantities import DoseError, Quantity

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BLOCK: Final = 32_768
"""Elements of a block: 256 KiB of float64."""

Values = TypeVar("Values", float, "NDArray[np.float64]")
"""A float, or an array of any shape."""


class Scalar:
    """The functions of numpy that formulas use, for floats."""

    sqrt = staticmethod(math.sqrt)
    exp = staticmethod(math.exp)
    expm1 = staticmethod(math.expm1)
    log = staticmethod(math.log)
    minimum = staticmethod(min)
    maximum = staticmethod(max)

    @staticmethod
    def where(condition: bool, yes: float, no: float) -> float:
        """One of two values, both computed."""
        return yes if condition else no


SCALAR: Final = Scalar()


def elementwise(
    formula: Callable[..., Any],
    *arguments: tuple[Any, Quantity],
    out: NDArray[np.float64] | None = None,
    in_place: Callable[..., None] | None = None,
) -> Any:
    """A formula of one or several quantities, each a float or an array.

    Parameters
    ----------
    formula : callable
        ``formula(functions, *values)`` with `functions` numpy, or `SCALAR` where every value is a float.
    *arguments : tuple of value and Quantity
        The values and the range each must lie in. Arrays broadcast against each other.
    out : numpy.ndarray of float64, optional
        Where the result is written; it shares no memory with a value. After an error its content is undefined.
    in_place : callable, optional
        ``in_place(numpy, out, *values)``: the same formula written for speed.

    Returns
    -------
    float or numpy.ndarray of float64
        An array where any value is one, of their common shape.

    Raises
    ------
    RTFractionsError
        Of the quantity's type, where a value or an element is outside its range.
    DoseError
        If `out` cannot take the result.
    """
    floats = [as_float(value) for value, _ in arguments]
    if all(number is not None for number in floats):
        if out is not None:
            raise DoseError("the result of single numbers has no place in an array", remedy="leave `out` out")
        return formula(SCALAR, *(quantity.number(value) for value, quantity in arguments))
    return _of_arrays(formula, arguments, out, in_place)


def _of_arrays(
    formula: Callable[..., Any],
    arguments: tuple[tuple[Any, Quantity], ...],
    out: Any,
    in_place: Callable[..., None] | None,
) -> Any:
    import numpy as np

    arrays = [numeric_array(value, quantity.name, error=quantity.error) for value, quantity in arguments]
    try:
        shape = np.broadcast_shapes(*(array.shape for array in arrays))
    except ValueError:
        shapes = ", ".join(str(array.shape) for array in arrays)
        raise DoseError(
            f"arrays of the shapes {shapes} do not go together", remedy="give equal shapes"
        ) from None
    if out is not None:
        _check_out(out, shape, arrays)
        result = out
    elif len(arrays) == 1:
        result = np.empty_like(arrays[0], dtype=np.float64, subok=False)
    else:
        result = np.empty(shape)
    blocks: Any = np.nditer(
        (*arrays, result),
        flags=["external_loop", "buffered", "zerosize_ok"],
        op_flags=(*(("readonly",) for _ in arrays), ("writeonly",)),
        op_dtypes=(np.float64,) * (len(arrays) + 1),
        casting="same_kind",
        buffersize=BLOCK,
    )
    with blocks:
        for *values, target in blocks:
            for block, (_, quantity) in zip(values, arguments, strict=True):
                if not (block.size == 0 or (block.min() >= quantity.low and block.max() <= quantity.high)):
                    _refuse(block, quantity, shape)
            if in_place is None:
                target[...] = formula(np, *values)
            else:
                in_place(np, target, *values)
    return result


def _check_out(out: Any, shape: tuple[int, ...], arrays: list[NDArray[Any]]) -> None:
    import numpy as np

    if not isinstance(out, np.ndarray) or out.dtype != np.float64 or not out.flags.writeable:
        raise DoseError("`out` is no writeable array of float64", remedy="make it with numpy.empty")
    if out.shape != shape:
        raise DoseError(
            f"`out` has the shape {out.shape}, the result {shape}", remedy="give one of that shape"
        )
    if any(np.may_share_memory(out, array) for array in arrays):
        raise DoseError("`out` overlaps the input in memory", remedy="give an array of its own")


def _refuse(block: NDArray[np.float64], quantity: Quantity, shape: tuple[int, ...]) -> None:
    unfit = block[~((block >= quantity.low) & (block <= quantity.high))]  # nan is unfit
    raise quantity.refusal(f"{unfit[0]:g}", among=f" in an array of shape {shape}")

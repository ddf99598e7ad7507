"""The Lea-Catcheside factor of a constant rate, as a formula for floats and blocks of arrays."""

from __future__ import annotations

import math
from typing import Any, Final

SERIES_UP_TO: Final = 0.1
_SERIES: Final = tuple(2.0 * (-1.0) ** k / math.factorial(k + 2) for k in range(10))


def lea_catcheside(functions: Any, x: Any) -> Any:
    """``G(x) = 2 (exp(-x) - 1 + x) / x**2`` for x of 0 or more: 1 at 0, ``2 / x`` for large x.

    The closed form cancels for small x; up to 0.1 ten terms of ``1 - x/3 + x**2/12 - ...`` are exact.
    """
    small = functions.minimum(x, SERIES_UP_TO)
    series = 0.0
    for coefficient in reversed(_SERIES):
        series = series * small + coefficient
    large = functions.maximum(x, SERIES_UP_TO)
    closed = 2.0 * (functions.expm1(-large) + large) / (large * large)
    return functions.where(x <= SERIES_UP_TO, series, closed)


def mean_decay(x: float) -> float:
    """``(1 - exp(-x)) / x`` for x of 0 or more, 1 at 0: what is left on average of what decays from 0 to x."""
    return -math.expm1(-x) / x if x else 1.0

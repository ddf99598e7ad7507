"""Numbers in the 16 characters of a DICOM decimal (PS3.5 6.2), written so that a reader gets what was meant."""

from decimal import ROUND_HALF_EVEN, ROUND_UP, Context, Decimal
from typing import Final

LARGEST_STORED: Final = 2**32 - 1

_SCALING_DIGITS: Final = Context(prec=11, rounding=ROUND_UP)
"""A scaling of eleven digits, as ``1.2345678901E-08``, fills the 16 characters of a DICOM decimal."""


def scaling_of(maximum_gy: float) -> Decimal:
    """The smallest scaling of 16 characters that reaches a maximum with 32 bits.

    The doses are divided by this very number, as a reader will multiply by it: what is stored is then within half a
    step of what was computed.

    Examples
    --------
    >>> f"{scaling_of(60.0):E}", f"{scaling_of(1e5):E}"
    ('1.3969838623E-8', '2.3283064371E-5')
    """
    if maximum_gy <= 0:
        return Decimal("1E-6")
    return _SCALING_DIGITS.divide(Decimal(maximum_gy), Decimal(LARGEST_STORED))


def decimal_text(value: Decimal) -> str:
    """A number in the 16 characters of a DICOM decimal (PS3.5 6.2), with as many digits as fit.

    Examples
    --------
    >>> decimal_text(Decimal("-123.4567890123456789")), decimal_text(Decimal("2.50"))
    ('-123.45678901235', '2.50')
    """
    text = str(value)
    for digits in range(16, 0, -1):
        if len(text) <= 16:
            break
        text = str(Context(prec=digits, rounding=ROUND_HALF_EVEN).plus(value))
    return text

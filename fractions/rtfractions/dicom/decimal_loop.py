"""Decimals out of text, in a loop for numba to compile; `contours` decodes without it, and what it leaves."""

import numpy as np
from numpy.typing import NDArray

_BACKSLASH, _SPACE, _PLUS, _MINUS, _POINT, _ZERO, _NINE = (ord(c) for c in "\\ +-.09")

_DIGITS = 15
"""Digits of which any number is exact in float64, so that one division rounds as the standard asks for."""


def plain_decimals(text: NDArray[np.uint8], values: NDArray[np.float64], powers: NDArray[np.float64]) -> bool:
    """Decode numbers like ``-123.45``, between backslashes and perhaps spaces.

    Parameters
    ----------
    text : ndarray of uint8
        The characters.
    values : ndarray
        Where the numbers go, as many as there are.
    powers : ndarray
        Powers of ten, from 1 to that of as many digits as are exact.

    Returns
    -------
    bool
        Whether all of it was such numbers, each exactly the float64 next to it; if not, `values` is of no use.
    """
    number = 0
    place = 0
    while place <= len(text):
        while place < len(text) and text[place] == _SPACE:
            place += 1
        negative = place < len(text) and text[place] == _MINUS
        if negative or (place < len(text) and text[place] == _PLUS):
            place += 1
        whole = digits = decimals = 0
        after_point = False
        while place < len(text):
            character = text[place]
            if _ZERO <= character <= _NINE:
                whole = whole * 10 + int(character) - _ZERO
                digits += 1
                decimals += after_point
                if digits > _DIGITS:
                    return False
            elif character == _POINT and not after_point:
                after_point = True
            else:
                break
            place += 1
        while place < len(text) and text[place] == _SPACE:
            place += 1
        if not digits or number == len(values) or (place < len(text) and text[place] != _BACKSLASH):
            return False
        value = whole / powers[decimals]
        values[number] = -value if negative else value
        number += 1
        place += 1
    return number == len(values)

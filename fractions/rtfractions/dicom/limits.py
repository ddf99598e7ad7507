"""How much is read: a bound on everything that a file could make large, checked before it is decoded."""

from dataclasses import dataclass, fields
from typing import Final

from rtfractions.errors import SettingError, quoted

MAXIMUM_FILES: Final = 100_000
"""Most files that are looked at below one folder or in one archive."""

MAXIMUM_FILE_BYTES: Final = 2**31
"""Largest file that is read, outside archives: a dose grid of 500 million voxels."""

MAXIMUM_INFLATED_BYTES: Final = 2**28
"""Largest content of a deflated file, or of a member of a zip archive: a few kB can inflate to gigabytes."""

MAXIMUM_ARCHIVE_BYTES: Final = 2**35
"""Most bytes that all members of one zip archive may come to, unpacked; its own size is not bounded."""

MAXIMUM_NESTING: Final = 64
"""Most levels of sequences, one in the items of another; RT objects have at most six."""

MAXIMUM_VOXELS: Final = 2**29
"""Most voxels of a dose grid, rows x columns x frames: 8 times a grid of 1 mm over a whole trunk."""

MAXIMUM_STRUCTURES: Final = 10_000
"""Most structures of a structure set."""

MAXIMUM_CONTOURS: Final = 1_000_000
"""Most contours of a structure set."""

MAXIMUM_CONTOUR_POINTS: Final = 50_000_000
"""Most contour points of a structure set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much is read of files that came from outside.

    Attributes
    ----------
    files, file_bytes, inflated_bytes, archive_bytes, nesting, voxels, structures, contours, contour_points : int
        See the constants of this module, which are the defaults.
    """

    files: int = MAXIMUM_FILES
    file_bytes: int = MAXIMUM_FILE_BYTES
    inflated_bytes: int = MAXIMUM_INFLATED_BYTES
    archive_bytes: int = MAXIMUM_ARCHIVE_BYTES
    nesting: int = MAXIMUM_NESTING
    voxels: int = MAXIMUM_VOXELS
    structures: int = MAXIMUM_STRUCTURES
    contours: int = MAXIMUM_CONTOURS
    contour_points: int = MAXIMUM_CONTOUR_POINTS

    @classmethod
    def changed(cls, *texts: str) -> "Limits":
        """The limits with some of them changed.

        Parameters
        ----------
        *texts : str
            ``"NAME=NUMBER"``, as ``"voxels=1000000000"``.

        Raises
        ------
        SettingError
            If there is no limit of that name, or the number is not whole and above 0.

        Examples
        --------
        >>> Limits.changed("voxels=1_000_000").voxels
        1000000
        """
        values: dict[str, int] = {}
        names = [field.name for field in fields(cls)]
        for text in texts:
            name, _, number = text.partition("=")
            if name not in names:
                raise SettingError(
                    f"there is no limit {quoted(name)}", remedy=f"limits are {', '.join(names)}"
                )
            digits = number.replace("_", "")
            if not (digits.isascii() and digits.isdigit() and 0 < len(digits) <= 15 and int(digits)):
                raise SettingError(
                    f"the limit {name} is {quoted(number)}", remedy="give a whole number above 0"
                )
            values[name] = int(digits)
        return cls(**values)

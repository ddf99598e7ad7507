"""Contours as a structure set holds them: their kinds, and their coordinates out of text.

A structure set holds a million coordinates as decimal text. pydicom makes an object of each; here the bytes of
many contours are decoded at once, as the JSON array that they nearly are. What JSON does not know (``+1``,
``.5``, ``007``) is decoded more slowly, by the grammar of the standard; what the standard does not know is refused.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.tag import BaseTag

from rtfractions.compiled import compiled
from rtfractions.dicom import decimal_loop
from rtfractions.dicom.reading import guarded
from rtfractions.dicom.values import refusal
from rtfractions.errors import counted, quoted

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

CLOSED: Final = frozenset({"CLOSED_PLANAR", "CLOSEDPLANAR_XOR"})
"""Geometric types (3006,0042) of contours that enclose an area."""

OPEN: Final = frozenset({"OPEN_PLANAR", "OPEN_NONPLANAR"})
"""Geometric types of contours that enclose nothing."""

POINT: Final = "POINT"

FURTHEST_MM: Final = 100_000.0
"""No coordinate of a patient is further from the origin than this."""

_KIND: Final = BaseTag(0x3006_0042)
_SLAB_THICKNESS: Final = BaseTag(0x3006_0044)
_OFFSET: Final = BaseTag(0x3006_0045)
_POINTS: Final = BaseTag(0x3006_0046)
_DATA: Final = BaseTag(0x3006_0050)

_BATCH_BYTES: Final = 2**20
"""Text that is decoded at once: an array of Python floats takes 6 times as much."""

_POWERS: Final[Floats] = 10.0 ** np.arange(16.0)

_FLOATS: Final = msgspec.json.Decoder(list[float])
_NOT_DECIMAL: Final = re.compile(rb"[^0-9+\-.eE \\]")


class Contour(NamedTuple):
    """A contour as the file holds it; empty where an attribute is absent.

    Attributes
    ----------
    number : int
        Its place in the Contour Sequence, from 1.
    kind : str
        Contour Geometric Type.
    data : bytes
        Contour Data, without padding.
    values : int
        How many values the data have.
    points : bytes
        Number of Contour Points.
    slab_thickness : bytes
        Contour Slab Thickness.
    offset : bytes
        Contour Offset Vector.
    """

    number: int
    kind: str
    data: bytes
    values: int
    points: bytes
    slab_thickness: bytes
    offset: bytes

    @property
    def point_count(self) -> int:
        """How many points its data have; a piece of a point counts as one."""
        return -(-self.values // 3)


def contours_of(items: Sequence[Dataset]) -> list[Contour]:
    """The items of a Contour Sequence, undecoded.

    Raises
    ------
    DicomError
        If an item cannot be read.
    """
    with guarded():
        return [
            Contour(
                i + 1,
                _raw(item, _KIND).decode("ascii", "replace").upper(),
                data := _raw(item, _DATA),
                data.count(b"\\") + 1 if data else 0,
                _raw(item, _POINTS),
                _raw(item, _SLAB_THICKNESS),
                _raw(item, _OFFSET),
            )
            for i, item in enumerate(items)
        ]


def misstated(contours: Sequence[Contour]) -> int:
    """How many contours state another number of points than they have, or none; fewer than stated are refused.

    Raises
    ------
    DicomError
        If a contour has no data, no whole points, or fewer than it states.
    """
    wrong = 0
    for contour in contours:
        if not contour.data:
            raise refusal("ContourData", f"contour {contour.number} has no coordinates")
        if contour.values % 3:
            problem = (
                f"contour {contour.number} has {counted(contour.values, 'value')}, not (x, y, z) of points"
            )
            raise refusal("ContourData", problem, "export the structure set again")
        stated = int(contour.points) if contour.points.isdigit() and len(contour.points) <= 12 else None
        if stated is not None and stated > contour.point_count:
            problem = (
                f"contour {contour.number} has {contour.point_count} of the {stated} points that it states"
            )
            raise refusal("ContourData", problem, "export the structure set again")
        wrong += stated != contour.point_count
    return wrong


def coordinates(contours: Sequence[Contour]) -> tuple[Floats, Integers]:
    """Coordinates of contours that `misstated` has passed.

    Parameters
    ----------
    contours : sequence of Contour
        At least one.

    Returns
    -------
    points_mm : ndarray, shape (N, 3)
        Points (x, y, z) in mm of all contours, one contour after the other.
    starts : ndarray, shape (n + 1,)
        Where each contour begins; the last entry is N.

    Raises
    ------
    DicomError
        If a value is no finite number, or is further from the origin than any patient.
    """
    starts = np.zeros(len(contours) + 1, np.int64)
    np.cumsum([contour.point_count for contour in contours], out=starts[1:])
    flat = np.concatenate([_decoded(batch) for batch in _batches(contours)])
    if not np.abs(flat).max() <= FURTHEST_MM:
        wrong = int(np.argmin(np.abs(flat) <= FURTHEST_MM))
        contour = contours[int(np.searchsorted(starts, wrong // 3, side="right")) - 1]
        problem = f"contour {contour.number} has the coordinate {flat[wrong]:g} mm, which no patient has"
        raise refusal("ContourData", problem, "export the structure set again")
    return flat.reshape(-1, 3), starts


def _raw(item: Dataset, tag: BaseTag) -> bytes:
    """A value as the file holds it, without padding; conversion by pydicom is what takes the time."""
    element = item.get_item(tag)
    if element is None:
        return b""
    value = element.value
    if not isinstance(element, RawDataElement) and not isinstance(value, bytes):  # converted already
        parts = value if isinstance(value, list | tuple | MultiValue | np.ndarray) else [value]
        texts = [str(getattr(part, "original_string", part)) for part in parts if part is not None]
        value = "\\".join(texts).encode("utf-8", "replace")
    return (value or b"").strip(b" \0")


def _batches(contours: Sequence[Contour]) -> Iterator[list[Contour]]:
    batch: list[Contour] = []
    size = 0
    for contour in contours:
        batch.append(contour)
        size += len(contour.data)
        if size >= _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _decoded(contours: list[Contour]) -> Floats:
    text = b"\\".join([contour.data for contour in contours])
    if plain_decimals := compiled(decimal_loop.plain_decimals):
        found = np.empty(sum(contour.values for contour in contours))
        if plain_decimals(np.frombuffer(text, np.uint8), found, _POWERS):
            return found
    if b"," not in text:  # or the comma of a decimal would part two numbers
        try:
            values = _FLOATS.decode(b"[" + text.replace(b"\\", b",") + b"]")
            return np.fromiter(values, np.float64, len(values))
        except msgspec.DecodeError:
            pass
    return np.array([value for contour in contours for value in _by_the_standard(contour)])


def decimals(text: bytes) -> list[float] | None:
    """Decimals (VR DS) by the grammar of the standard; None where one of them is none."""
    if _NOT_DECIMAL.search(text):
        return None
    try:  # of the characters left, Python's float takes what the standard takes
        return list(map(float, text.split(b"\\")))
    except ValueError:
        return None


def _by_the_standard(contour: Contour) -> list[float]:
    values = decimals(contour.data)
    if values is not None:
        return values
    wrong = next(piece for piece in contour.data.split(b"\\") if decimals(piece) is None)
    remedy = "a decimal comma is not DICOM" if b"," in wrong else "export the structure set again"
    problem = f"contour {contour.number}: {quoted(wrong.decode('ascii', 'replace'))} is not a number"
    raise refusal("ContourData", problem, remedy)

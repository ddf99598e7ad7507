"""Contoured structures: closed contours on parallel planes, and sets of them.

A structure fills, around each of its planes, a slab that reaches half way to the neighbouring planes. At its two
ends the slab is as thick outwards as inwards. So a structure drawn on n planes at a distance d is n x d thick.
"""

from collections.abc import Iterable
from dataclasses import InitVar, dataclass, field
from statistics import median_low
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rtfractions.errors import RTFractionsError, Where, quoted
from rtfractions.loops import MAXIMUM_LOOPS, joined, measured, together
from rtfractions.names import folded, normal
from rtfractions.notices import Notice

Floats = NDArray[np.float64]

PARTS_APART: Final = 2.5
"""Planes further apart than this times the usual distance bound two parts of a structure, with nothing between."""

NAMES_SHOWN: Final = 40
"""How many names a message lists."""


class StructureError(RTFractionsError, ValueError):
    """A structure that cannot be, that is not there, or that is not the only one meant."""

    code = "structure"


@dataclass(frozen=True, slots=True, eq=False)
class Plane:
    """The closed contours of a structure on one plane.

    Attributes
    ----------
    position_mm : float
        Position of the plane along the structure's third axis.
    loops : tuple of ndarray, shape (N, 2)
        In-plane positions (u, v) in mm of each contour's points, at least three; the first is not repeated.
        Inside is what lies in an odd number of loops.
    area_mm2 : float
        Area inside.

    Parameters
    ----------
    known_area_mm2 : float, optional
        The area, from a reader that has measured all planes at once; it is measured here otherwise.
    """

    position_mm: float
    loops: tuple[Floats, ...]
    area_mm2: float = field(init=False)
    known_area_mm2: InitVar[float | None] = None

    def __post_init__(self, known_area_mm2: float | None) -> None:
        if not self.loops:
            raise StructureError("a plane has no contour")
        if any(loop.ndim != 2 or loop.shape[1] != 2 or len(loop) < 3 for loop in self.loops):
            raise StructureError("a closed contour has fewer than three points")
        area = area_mm2(self.loops) if known_area_mm2 is None else known_area_mm2
        object.__setattr__(self, "area_mm2", area)


def area_mm2(loops: tuple[Floats, ...]) -> float:
    """Area in mm2 inside the closed loops of one plane, by the even-odd rule.

    Raises
    ------
    StructureError
        If there are more than `loops.MAXIMUM_LOOPS`.
    """
    if len(loops) > MAXIMUM_LOOPS:
        raise StructureError(
            f"has {len(loops)} contours on one plane, more than the {MAXIMUM_LOOPS} measured"
        )
    points, starts = joined(loops)
    alone = measured(points, starts).area_mm2
    return float(together(points, starts, np.zeros(len(loops), np.int64), alone).area_mm2[0])


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Structure:
    """A contoured region, or points of reference.

    Attributes
    ----------
    number : int
        ROI number, unique in its set.
    name : str
        ROI name.
    interpreted_type : str or None
        RT ROI Interpreted Type, as ``"PTV"`` or ``"ORGAN"``.
    frame_of_reference_uid : str or None
        Frame of reference of its coordinates.
    axes : ndarray, shape (3, 3)
        Rows u, v, w: right-handed unit vectors in the DICOM patient system; planes lie at right angles to w.
        For transverse planes these are x, y, z, for sagittal planes y, z, x, for coronal planes z, x, y.
    planes : tuple of Plane
        In ascending position; none for a structure of points.
    points_mm : ndarray, shape (M, 3)
        Positions (x, y, z) of POINT contours.
    contour_count : int
        How many contours the file has for it, of any kind.
    slab_thickness_mm : float or None
        Contour Slab Thickness, where all contours state the same.
    stated_volume_cm3 : float or None
        ROI Volume, as the file states it.
    notices : tuple of Notice
        What the reader has to say of it.
    """

    number: int
    name: str
    interpreted_type: str | None = None
    frame_of_reference_uid: str | None = None
    axes: Floats = field(default_factory=lambda: np.eye(3))
    planes: tuple[Plane, ...] = ()
    points_mm: Floats = field(default_factory=lambda: np.empty((0, 3)))
    contour_count: int = 0
    slab_thickness_mm: float | None = None
    stated_volume_cm3: float | None = None
    notices: tuple[Notice, ...] = ()

    def __post_init__(self) -> None:
        positions = self.positions_mm
        if not (np.diff(positions) > 0).all():
            raise StructureError("planes are not in ascending order", where=Where(structure=self.name))
        u, v, w = self.axes
        if not (np.allclose(self.axes @ self.axes.T, np.eye(3)) and np.allclose(np.cross(u, v), w)):
            problem = "axes are not right-handed orthogonal unit vectors"
            raise StructureError(problem, where=Where(structure=self.name))

    @property
    def closed(self) -> bool:
        """Whether it has closed contours, and so an inside."""
        return bool(self.planes)

    @property
    def positions_mm(self) -> Floats:
        """Positions of the planes along the third axis, ascending, shape (P,)."""
        return np.array([plane.position_mm for plane in self.planes])

    @property
    def spacing_mm(self) -> float | None:
        """The usual distance of neighbouring planes: the (lower) median; None below two planes."""
        return None if len(self.planes) < 2 else float(median_low(np.diff(self.positions_mm)))

    @property
    def slabs_mm(self) -> Floats | None:
        """The slab that each plane stands for, from and to along the third axis, shape (P, 2).

        A slab reaches half way to the neighbouring planes, and at an end as far outwards as inwards. Where planes
        are more than `PARTS_APART` times the usual distance apart, there is nothing between them: both parts end,
        each with half the usual distance. A single plane has its stated slab thickness; None where it has none.
        """
        positions, usual = self.positions_mm, self.spacing_mm
        if not len(positions):
            return np.empty((0, 2))
        if usual is None:
            if self.slab_thickness_mm is None:
                return None
            return positions[:, None] + np.array([[-0.5, 0.5]]) * self.slab_thickness_mm
        half = np.diff(positions) / 2
        half[half > PARTS_APART * usual / 2] = usual / 2
        below = np.concatenate((half[:1], half))
        above = np.concatenate((half, half[-1:]))
        return np.stack((positions - below, positions + above), axis=1)

    @property
    def volume_cm3(self) -> float | None:
        """Volume in cm3: area inside times slab, over all planes; None without closed contours or a slab."""
        slabs = self.slabs_mm
        if slabs is None or not self.planes:
            return None
        areas = np.array([plane.area_mm2 for plane in self.planes])
        return float(areas @ (slabs[:, 1] - slabs[:, 0])) / 1000.0

    @property
    def vertices_mm(self) -> Floats:
        """Positions (x, y, z) in mm of all points of closed contours, shape (N, 3)."""
        if not self.planes:
            return np.empty((0, 3))
        loops, starts = joined([loop for plane in self.planes for loop in plane.loops])
        counts = np.diff(starts)
        position = np.repeat(
            [plane.position_mm for plane in self.planes for _ in plane.loops], counts
        )  # fmt: skip
        return np.column_stack((loops, position)) @ self.axes


@dataclass(frozen=True, slots=True)
class RefusedStructure:
    """A structure that could not be read.

    Attributes
    ----------
    number : int or None
        ROI number; None where it has none.
    name : str
        ROI name.
    error : RTFractionsError
        Why.
    """

    number: int | None
    name: str
    error: RTFractionsError


@dataclass(frozen=True, slots=True, eq=False)
class StructureSet:
    """A structure set: what could be read of it, and what could not.

    Attributes
    ----------
    sop_instance_uid : str
        Its DICOM UID.
    label : str or None
        Structure Set Label.
    frame_of_reference_uid : str or None
        Frame of reference of its structures; None where none, or where several are stated.
    structures : tuple of Structure
        In the order of the file.
    refused : tuple of RefusedStructure
        Those that could not be read.
    notices : tuple of Notice
        What is to be said of the set as a whole; each structure has its own.
    """

    sop_instance_uid: str
    label: str | None
    frame_of_reference_uid: str | None
    structures: tuple[Structure, ...]
    refused: tuple[RefusedStructure, ...] = ()
    notices: tuple[Notice, ...] = ()

    @property
    def everything(self) -> "tuple[Structure | RefusedStructure, ...]":
        """Those that could be read, then those that could not."""
        return (*self.structures, *self.refused)

    def named(self, name: str) -> Structure:
        """The structure of a name.

        Parameters
        ----------
        name : str
            The name, compared after Unicode normalisation and trimming, and never nearly.

        Raises
        ------
        StructureError
            If there is none, or another that people would take for it: of the same name, or of one that
            differs only in case or width.
        RTFractionsError
            Why it was refused, if it was.
        """
        everything = self.everything
        alike = [one for one in everything if folded(one.name) == folded(name)]
        exact = [one for one in alike if normal(one.name) == normal(name)]
        if not exact:
            remedy = f"there are {_listed(everything)}" if everything else "the set has no structures"
            raise StructureError(f"there is no structure {quoted(name)}", remedy=remedy)
        if len(alike) > 1:
            remedy = f"{_listed(alike)} differ too little: choose by number"
            raise StructureError(f"{quoted(name)} does not name one structure", remedy=remedy)
        return _read(exact[0])

    def numbered(self, number: int) -> Structure:
        """The structure of an ROI number.

        Raises
        ------
        StructureError
            If there is none.
        RTFractionsError
            Why it was refused, if it was.
        """
        for one in self.everything:
            if one.number == number:
                return _read(one)
        remedy = f"there are {_listed(self.everything)}" if self.everything else "the set has no structures"
        raise StructureError(f"there is no structure of number {number}", remedy=remedy)


def _read(found: Structure | RefusedStructure) -> Structure:
    if isinstance(found, RefusedStructure):
        raise found.error.at(found.error.where)  # a new one: an error keeps where it was raised
    return found


def _listed(some: Iterable[Structure | RefusedStructure]) -> str:
    """Names with their numbers, for a message."""
    names = [f"{quoted(one.name)} ({'no number' if one.number is None else one.number})" for one in some]
    more = len(names) - NAMES_SHOWN
    return ", ".join(names[:NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")

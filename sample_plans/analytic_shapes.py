"""Shapes whose dose-volume histograms are known in closed form: drawn as contours, and as doses on grids.

Balls, cylinders and cones in a dose that rises linearly (the shapes of Nelms et al., Med Phys 42:4435 (2015), and
the like), and balls in a Gaussian dose, as a stereotactic lesion has it.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rtfractions.grid import DoseGrid, Layer
from rtfractions.structures import Plane, Structure

Floats = NDArray[np.float64]

AXIAL = np.array([[0.0, 0, 1], [0, 1, 0], [1, 0, 0]])
"""Axes of an axial dose grid: frames along z, rows along y, columns along x."""

_POINTS = 240
"""Points of a round contour; the polygon through them has 0.01 % less area."""


@dataclass(frozen=True)
class Shape:
    """A ball, cylinder or cone of radius R and height H around the origin.

    Attributes
    ----------
    kind : str
        ``"sphere"``, ``"cylinder"`` or ``"cone"``.
    axis : str
        ``"z"`` upright, ``"y"`` lying. The apex of a cone points to the positive side.
    radius_mm, height_mm : float
        Radius, and height of cylinder and cone.
    """

    kind: str
    axis: str = "z"
    radius_mm: float = 12.0
    height_mm: float = 24.0

    @property
    def name(self) -> str:
        """For tables."""
        return self.kind if self.axis == "z" else f"lying {self.kind}"

    @property
    def volume_mm3(self) -> float:
        """Volume."""
        r, h = self.radius_mm, self.height_mm
        of_kind = {"sphere": 4 / 3 * r**3, "cylinder": r**2 * h, "cone": r**2 * h / 3}
        return float(np.pi * of_kind[self.kind])

    @property
    def half_z_mm(self) -> float:
        """Half its extent along z."""
        return self.height_mm / 2 if self.kind != "sphere" and self.axis == "z" else self.radius_mm

    def half_mm(self, along: str) -> float:
        """Half its extent along an axis."""
        return self.height_mm / 2 if self.kind != "sphere" and along == self.axis else self.radius_mm

    def contour(self, z: float) -> Floats:
        """Its contour (x, y) at a height, shape (N, 2)."""
        r, h = self.radius_mm, self.height_mm
        angle = np.arange(_POINTS) * (2 * np.pi / _POINTS)
        circle = np.column_stack((np.cos(angle), np.sin(angle)))
        if self.kind == "sphere":
            return np.asarray(circle * np.sqrt(r**2 - z**2))
        if self.axis == "z":
            return np.asarray(circle * (r if self.kind == "cylinder" else r * (h / 2 - z) / h))
        if self.kind == "cylinder":
            half = np.sqrt(r**2 - z**2)
            return np.array([[-half, -h / 2], [half, -h / 2], [half, h / 2], [-half, h / 2]])
        top = h / 2 - h * abs(z) / r
        y = -h / 2 + (top + h / 2) * np.sin(np.linspace(0, np.pi / 2, _POINTS // 2))
        x = np.sqrt(np.maximum((r * (h / 2 - y) / h) ** 2 - z**2, 0))
        return np.vstack((np.column_stack((x, y)), np.column_stack((-x, y))[-2::-1]))

    def part_above(self, t: Floats, along: str) -> Floats:
        """Part of its volume beyond t mm from the centre along ``"y"`` or ``"z"``, in closed form."""
        r, h = self.radius_mm, self.height_mm
        if self.kind == "sphere":
            t = np.clip(t, -r, r)
            return np.asarray((2 * r**3 / 3 - r**2 * t + t**3 / 3) / (4 / 3 * r**3))
        if along == self.axis:
            part = np.clip((h / 2 - t) / h, 0, 1)
            return np.asarray(part if self.kind == "cylinder" else part**3)
        x = np.clip(t / r, -1, 1)
        root = np.sqrt(1 - x**2)
        if self.kind == "cylinder":
            return np.asarray((np.arccos(x) - x * root) / np.pi)
        a = np.maximum(np.abs(x), 1e-12)
        beyond = (np.arccos(a) - 2 * a * root + a**3 * np.log((1 + root) / a)) / np.pi
        return np.asarray(np.where(x >= 0, beyond, 1 - beyond))


@dataclass(frozen=True, eq=False)
class Truth:
    """A histogram known in closed form: its doses, ascending, and the part of the volume with at least these."""

    volume_mm3: float
    dose_gy: Floats
    part: Floats

    def dose_to(self, part: float) -> float:
        """The dose that a part of the volume gets at least."""
        return float(np.interp(-part, -self.part, self.dose_gy))

    @property
    def mean_gy(self) -> float:
        """Mean dose."""
        return float(self.dose_gy[0] + np.trapezoid(self.part, self.dose_gy))


def linear_truth(shape: Shape, *, along: str, centre_gy: float, gy_per_mm: float) -> Truth:
    """The histogram of a shape in a dose that rises along y or z."""
    half = shape.half_mm(along)
    t = half * np.sin(np.linspace(-np.pi / 2, np.pi / 2, 200_001))
    return Truth(shape.volume_mm3, centre_gy + gy_per_mm * t, shape.part_above(t, along))


def gaussian_truth(radius_mm: float, *, sigma_mm: float, maximum_gy: float) -> Truth:
    """The histogram of a ball in the middle of a Gaussian dose."""
    r = np.linspace(radius_mm, 0, 200_001)
    dose = maximum_gy * np.exp(-(r**2) / (2 * sigma_mm**2))
    return Truth(4 / 3 * np.pi * radius_mm**3, dose, (r / radius_mm) ** 3)


def drawn(
    shape: Shape, *, slice_mm: float, centred: bool, at_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)
) -> Structure:
    """A shape as contours.

    Parameters
    ----------
    shape : Shape
        The shape.
    slice_mm : float
        Distance of the planes.
    centred : bool
        Whether a plane goes through the centre; otherwise the centre lies half way between two, so that slabs
        around the planes fill a shape whose height is a whole number of them.
    at_mm : tuple of float
        Where its centre lies (x, y, z).
    """
    half = shape.half_z_mm
    count = int(half / slice_mm) + 2
    heights = (np.arange(-count, count + 1) + (0 if centred else 0.5)) * slice_mm
    return drawn_at(shape, heights[np.abs(heights) < half - 1e-6], at_mm)


def drawn_at(shape: Shape, heights: Floats, at_mm: tuple[float, float, float]) -> Structure:
    """A shape as contours at heights from its centre."""
    x, y, z = at_mm
    planes = tuple(
        Plane(float(z + height), (np.array((x, y)) + shape.contour(float(height)),)) for height in heights
    )
    return Structure(number=1, name=shape.name, planes=planes)


def sampled(
    dose: Callable[[Floats, Floats, Floats], Floats],
    *,
    spacing_mm: float,
    half_mm: float,
    shift_mm: tuple[float, float, float] = (0.0, 0.0, 0.0),
    unit_gy: float = 1e-6,
) -> DoseGrid:
    """A dose (of x, y, z) on an axial grid that reaches `half_mm` and more from the origin, which it holds.

    `shift_mm` moves the voxels (x, y, z); `unit_gy` is the dose of a stored 1.
    """
    count = int(np.ceil(half_mm / spacing_mm))
    steps = np.arange(-count, count + 1, dtype=np.float64) * spacing_mm
    x, y, z = (steps + shift for shift in shift_mm)
    values = dose(x[None, None, :], y[None, :, None], z[:, None, None])
    stored = np.round(np.broadcast_to(values, (len(steps),) * 3) / unit_gy).astype(np.int64)
    origin = np.array([x[0], y[0], z[0]])
    return DoseGrid((Layer(stored, unit_gy),), origin, AXIAL, steps - steps[0], (spacing_mm, spacing_mm))


def linear_dose(
    *, along: str, centre_gy: float, gy_per_mm: float, at_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)
) -> Callable[[Floats, Floats, Floats], Floats]:
    """A dose that rises along y or z, and is `centre_gy` at a point."""

    def dose(x: Floats, y: Floats, z: Floats) -> Floats:
        rising = y - at_mm[1] if along == "y" else z - at_mm[2]
        return np.asarray(np.maximum(centre_gy + gy_per_mm * rising + 0 * x, 0))

    return dose


def gaussian_dose(
    *, sigma_mm: float, maximum_gy: float, at_mm: tuple[float, float, float]
) -> Callable[[Floats, Floats, Floats], Floats]:
    """A dose that falls off as a Gaussian around a point."""

    def dose(x: Floats, y: Floats, z: Floats) -> Floats:
        square = (x - at_mm[0]) ** 2 + (y - at_mm[1]) ** 2 + (z - at_mm[2]) ** 2
        return np.asarray(maximum_gy * np.exp(-square / (2 * sigma_mm**2)))

    return dose

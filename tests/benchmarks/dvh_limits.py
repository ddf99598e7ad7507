"""Where the shape that is assumed between and beyond few slices is wrong: small solids of revolution.

Run ``python tests/benchmarks/dvh_limits.py``. Balls, ellipsoids and capsules (cylinders with half balls at their
ends) stand upright on slices 3 mm apart, at 12 heights between the slices. A row has, for those with so many
slices, the least and greatest error in % of the volume, and of the volume as a stack of slabs; and in Gy of D99%
and D2%, in a dose that rises by 1 Gy/mm along the axis, so that a Gy is a mm.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

sys.path.append(str(Path(__file__).parents[2] / "sample_plans"))

from analytic_shapes import linear_dose, sampled

from rtfractions.dosimetry import structure_dvh
from rtfractions.structures import Plane, Structure

Floats = NDArray[np.float64]

SLICE_MM = 3.0
CENTRE_GY = 40.0
_ANGLE = np.arange(240) * (2 * np.pi / 240)


class Solid(NamedTuple):
    """A solid of revolution: half its height, and the square of its radius at heights from its centre."""

    name: str
    half_mm: float
    square_mm2: Callable[[Floats], Floats]


def ellipsoid(name: str, radius_mm: float, half_mm: float) -> Solid:
    """A ball where both are equal."""
    return Solid(name, half_mm, lambda w: radius_mm**2 * (1 - (w / half_mm) ** 2))


def capsule(radius_mm: float, half_mm: float) -> Solid:
    """A cylinder of that radius with half balls at its ends, so high in all."""
    straight = half_mm - radius_mm
    name = f"capsule, {2 * radius_mm:g} mm wide, {2 * half_mm:g} mm high"
    return Solid(name, half_mm, lambda w: radius_mm**2 - np.maximum(np.abs(w) - straight, 0) ** 2)


SOLIDS = [
    ellipsoid("ball of 6 mm", 3, 3),
    ellipsoid("ball of 10 mm", 5, 5),
    ellipsoid("ball of 20 mm", 10, 10),
    ellipsoid("ellipsoid, 10 mm wide, 20 mm high", 5, 10),
    ellipsoid("ellipsoid, 20 mm wide, 12 mm high", 10, 6),
    capsule(4, 8),
    capsule(5, 10),
    capsule(5, 15),
]


def errors(solid: Solid, offset_mm: float) -> tuple[int, list[float]]:
    """How many slices it has, and the errors."""
    heights = np.arange(-10, 11) * SLICE_MM + offset_mm
    heights = heights[np.abs(heights) < solid.half_mm - 1e-3]
    circle = np.column_stack((np.cos(_ANGLE), np.sin(_ANGLE)))
    loops = [circle * np.sqrt(solid.square_mm2(np.array(w))) for w in heights]
    planes = tuple(Plane(float(w), (loop,)) for w, loop in zip(heights, loops, strict=True))
    structure = Structure(number=1, name=solid.name, planes=planes, slab_thickness_mm=SLICE_MM)
    dose = linear_dose(along="z", centre_gy=CENTRE_GY, gy_per_mm=1.0)
    dvh = structure_dvh(structure, sampled(dose, spacing_mm=1.0, half_mm=solid.half_mm + 9))
    edges = np.linspace(-solid.half_mm, solid.half_mm, 100_001)
    layers = np.pi * solid.square_mm2((edges[1:] + edges[:-1]) / 2) * np.diff(edges)
    below = np.concatenate(([0.0], np.cumsum(layers)))
    volume = below[-1] / 1000
    slabs = sum(plane.area_mm2 for plane in planes) * SLICE_MM / 1000
    found = [100 * (ours / volume - 1) for ours in (dvh.volume_cm3, slabs)]
    for part in (0.99, 0.02):
        height = float(np.interp((1 - part) * below[-1], below, edges))
        found.append(dvh.dose_to_hottest(part * dvh.volume_cm3) - CENTRE_GY - height)
    return len(planes), found


def main() -> None:
    """Print a row for each solid and number of slices."""
    parser = argparse.ArgumentParser()
    parser.add_argument("heights", type=int, nargs="?", default=12, help="heights between the slices")
    offsets = (np.arange(count := parser.parse_args().heights) / count - 0.5) * SLICE_MM
    print(f"{'solid':36} slices {'volume [%]':>16} {'of slabs [%]':>16} {'D99% [Gy]':>16} {'D2% [Gy]':>16}")
    for solid in SOLIDS:
        found: dict[int, list[list[float]]] = {}
        for offset in offsets.tolist():
            slices, off = errors(solid, offset)
            found.setdefault(slices, []).append(off)
        for slices, rows in sorted(found.items()):
            ranges = [f"{min(one):+.2f} to {max(one):+.2f}" for one in zip(*rows, strict=True)]
            print(f"{solid.name:36} {slices:6} " + " ".join(f"{one:>16}" for one in ranges))


if __name__ == "__main__":
    main()

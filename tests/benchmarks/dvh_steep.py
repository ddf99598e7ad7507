"""How exact DVHs of large structures are on a plan with steep doses, against random points.

Run ``python tests/benchmarks/dvh_steep.py DOSE STRUCTURES [NAME ...]`` with an RT Dose and its RT Structure Set: by
default all structures that are read as stacks of slabs. Points are spread over the slabs at random, are inside by
matplotlib's even-odd rule, and have their doses from `DoseGrid.sample_gy`, point by point: nothing of the engine but
the slabs themselves. Behind each of their values stands its standard error: half the distance of the doses
at the ranks a standard deviation below and above.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.append(str(Path(__file__).parents[2] / "fractions"))

from rtfractions.dicom import Limits
from rtfractions.dicom.dose import read_dose
from rtfractions.dicom.reading import dataset_of
from rtfractions.dicom.structure_set import read_structure_set
from rtfractions.dosimetry import DVHError, model_of, structure_dvh
from rtfractions.grid import DoseGrid
from rtfractions.structures import Structure

Floats = NDArray[np.float64]

PARTS = {"D98%": 0.98, "D50%": 0.5, "D20%": 0.2, "D2%": 0.02}


def doses_at_points(structure: Structure, grid: DoseGrid, points: int) -> tuple[Floats, float]:
    """Doses of random points inside, ascending, and the part of all points inside that lie in the grid."""
    from matplotlib.path import Path as Outline

    slabs = structure.slabs_mm
    assert slabs is not None
    random = np.random.default_rng(1)
    boxes = [np.concatenate(plane.loops) for plane in structure.planes]
    low = np.array([box.min(axis=0) for box in boxes])
    high = np.array([box.max(axis=0) for box in boxes])
    size = np.prod(high - low, axis=1) * (slabs[:, 1] - slabs[:, 0])
    doses, all_inside = [], 0
    for k, plane in enumerate(structure.planes):
        uv = random.uniform(low[k], high[k], (round(points * size[k] / size.sum()), 2))
        crossed = sum(Outline(loop).contains_points(uv).astype(int) for loop in plane.loops)
        uv = uv[np.asarray(crossed) % 2 == 1]
        w = random.uniform(slabs[k, 0], slabs[k, 1], len(uv))
        dose, _ = grid.sample_gy(np.column_stack((uv, w)) @ structure.axes)
        doses.append(dose)
        all_inside += len(uv)
    found = np.sort(np.concatenate(doses))
    return found, len(found) / all_inside


def main() -> None:
    """Print a row for each structure and dose."""
    parser = argparse.ArgumentParser()
    parser.add_argument("dose", type=Path)
    parser.add_argument("structures", type=Path)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--points", type=int, default=6_000_000)
    asked = parser.parse_args()
    limits = Limits()
    grid = read_dose(dataset_of(asked.dose.read_bytes(), limits), limits=limits).grid
    structures = read_structure_set(dataset_of(asked.structures.read_bytes(), limits)).structures
    print(f"{'structure':20} {'':6} {'ours [Gy]':>10} {'points [Gy]':>12} {'by chance':>10} {'off [%]':>8}")
    for structure in structures:
        if not structure.planes or (asked.names and structure.name not in asked.names):
            continue
        try:
            if not asked.names and model_of(structure, (grid,)).small > 0:
                continue
            dvh = structure_dvh(structure, grid)
        except DVHError as error:
            print(f"{structure.name:20} {error.problem}")
            continue
        doses, part = doses_at_points(structure, grid, asked.points)
        n = len(doses)
        rows = [("mean", dvh.mean_gy, float(doses.mean()), float(doses.std()) / n**0.5)]
        for name, hottest in PARTS.items():
            rank = (1 - hottest) * n
            chance = (n * hottest * (1 - hottest)) ** 0.5
            below, at, above = (float(doses[int(rank + k * chance)]) for k in (-1, 0, 1))
            rows.append((name, dvh.dose_to_hottest(hottest * dvh.known_volume_cm3), at, (above - below) / 2))
        for name, ours, at, chance in rows:
            off = f"{100 * (ours / at - 1):8.2f}" if at else f"{'-':>8}"
            print(f"{structure.name:20} {name:6} {ours:10.4f} {at:12.4f} {chance:10.4f} {off}")
        if abs(part - dvh.covered_fraction) > 1e-3:
            print(f"{structure.name:20} in the grid: {dvh.covered_fraction:.4f}, of points {part:.4f}")


if __name__ == "__main__":
    main()

"""How long large RT files take to read, as a multiple of pydicom reading the same files in the same run.

Run ``python tests/benchmarks/reading.py``. The dose has 60 million voxels and the structure set a million contour
points. pydicom reads with ``config.use_DS_numpy`` and decodes the pixel data, or accesses every contour; for the
structure set also as it is by default. Ours reads, checks and places everything; hashing is left out on both sides.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pydicom.config

sys.path.append(str(Path(__file__).parents[2] / "sample_plans"))

from synthetic import dicom_bytes
from synthetic_dose import rt_dose
from synthetic_structures import Roi, circle, rt_structure_set

from rtfractions.dicom import Limits
from rtfractions.dicom.dose import read_dose
from rtfractions.dicom.reading import dataset_of
from rtfractions.dicom.structure_set import read_structure_set


def write_dose(path: Path, frames: int) -> None:
    """A dose of `frames` frames of 400 x 400 voxels."""
    stored = np.random.default_rng(1).integers(0, 60_000, (frames, 400, 400), dtype=np.uint32)
    path.write_bytes(dicom_bytes(rt_dose("P1", 1, stored)))


def write_structures(path: Path, contours: int) -> None:
    """A structure set of 20 structures with so many contours of 100 points in all."""
    rois = [
        Roi(
            number,
            f"ROI {number}",
            [circle(z=3.0 * i, radius_mm=50 + i % 7, points=100) for i in range(contours // 20)],
        )
        for number in range(1, 21)
    ]
    path.write_bytes(dicom_bytes(rt_structure_set("P1", 1, rois)))


def ours_dose(path: Path) -> None:
    """Read, checked and placed by us."""
    read_dose(dataset_of(path.read_bytes(), Limits()), limits=Limits())


def pydicom_dose(path: Path) -> None:
    """Read and decoded by pydicom."""
    assert pydicom.dcmread(path).pixel_array.size


def ours_structures(path: Path) -> None:
    """Read, checked and placed by us."""
    assert not read_structure_set(dataset_of(path.read_bytes(), Limits())).refused


def pydicom_structures(path: Path) -> None:
    """Every contour read by pydicom."""
    for roi in pydicom.dcmread(path).ROIContourSequence:
        for contour in roi.ContourSequence:
            assert len(contour.ContourData)


def pydicom_numpy_structures(path: Path) -> None:
    """Every contour read by pydicom as an array."""
    pydicom.config.use_DS_numpy = True
    try:
        pydicom_structures(path)
    finally:
        pydicom.config.use_DS_numpy = False


def seconds(read: Callable[[Path], None], path: Path) -> float:
    """Wall time of one reading."""
    started = time.perf_counter()
    read(path)
    return time.perf_counter() - started


def compare(path: Path, readers: dict[str, Callable[[Path], None]], rounds: int) -> dict[str, float]:
    """Median wall time of each reader, over rounds in which they take turns."""
    times: dict[str, list[float]] = {name: [] for name in readers}
    for _ in range(rounds):
        for name, read in readers.items():
            times[name].append(seconds(read, path))
    return {name: statistics.median(values) for name, values in times.items()}


def main() -> None:
    """Print the medians and their ratios."""
    parser = argparse.ArgumentParser()
    parser.add_argument("rounds", type=int, nargs="?", default=5)
    parser.add_argument("--size", type=float, default=1.0, help="part of the full size")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        dose, structures = Path(folder, "dose.dcm"), Path(folder, "structures.dcm")
        write_dose(dose, max(2, round(375 * arguments.size)))
        write_structures(structures, max(40, round(10_000 * arguments.size)))
        of_dose = compare(dose, {"ours": ours_dose, "pydicom": pydicom_dose}, arguments.rounds)
        of_structures = compare(
            structures,
            {
                "ours": ours_structures,
                "pydicom, numpy": pydicom_numpy_structures,
                "pydicom": pydicom_structures,
            },
            arguments.rounds,
        )
    for what, times in (("dose", of_dose), ("structure set", of_structures)):
        for name, median in times.items():
            print(f"{median * 1000:9.1f} ms  {what}, {name}")
    print(f"{of_dose['ours'] / of_dose['pydicom']:9.2f}     dose: ratio to pydicom (aim: at most 2)")
    ours = of_structures["ours"]
    ratio = ours / of_structures["pydicom, numpy"]
    print(f"{ratio:9.2f}     structure set: ratio to pydicom with numpy (aim: at most 2)")
    print(
        f"{of_structures['pydicom'] / ours:9.2f}     structure set: times faster than pydicom (aim: at least 6)"
    )


if __name__ == "__main__":
    main()

"""What explains the volumes that a planning system stored, where they are not ours (docs/accuracy.md)."""

import os
from itertools import pairwise
from pathlib import Path

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray

from rtfractions.dicom import Limits
from rtfractions.dicom.dose import read_dose
from rtfractions.dicom.reading import dataset_of
from rtfractions.dicom.structure_set import read_structure_set
from rtfractions.dosimetry import structure_dvh
from rtfractions.grid import DoseGrid
from rtfractions.structures import Structure

DATA = os.environ.get("RTFRACTIONS_EXTERNAL_DATA")

pytestmark = pytest.mark.skipif(
    DATA is None, reason="RTFRACTIONS_EXTERNAL_DATA names no folder of real files"
)

Floats = NDArray[np.float64]


@pytest.fixture(scope="module")
def folder() -> Path:
    return Path(DATA or "") / "dicompyler-core"


@pytest.fixture(scope="module")
def grid(folder: Path) -> DoseGrid:
    return read_dose(dataset_of((folder / "rtdose.dcm").read_bytes(), Limits()), limits=Limits()).grid


def stored(folder: Path, number: int) -> Floats:
    for item in pydicom.dcmread(folder / "rtdose.dcm").DVHSequence:
        if item.DVHReferencedROISequence[0].ReferencedROINumber == number:
            return np.array(item.DVHData, np.float64).reshape(-1, 2)
    raise AssertionError(number)


def structure(folder: Path, number: int) -> Structure:
    read = read_structure_set(dataset_of((folder / "rtss.dcm").read_bytes(), Limits()))
    return read.numbered(number)


def test_the_bodys_stored_volume_leaves_out_what_has_less_than_half_a_bin(
    folder: Path, grid: DoseGrid
) -> None:
    dvh = structure_dvh(structure(folder, 1), grid)
    bins = stored(folder, 1)
    assert abs(bins[0, 1] / dvh.volume_cm3 - 1) > 0.06
    # The stored least dose, 6e-4 % of 14 Gy, lies below the first bin: that volume is there, and not in the table.
    for k in (0, 1, 2, 4, 9, 49, 99, 499):
        middle_gy = (k + 0.5) * bins[0, 0]
        assert bins[k, 1] == pytest.approx(dvh.volume_with_at_least(middle_gy), rel=0.015)


def signed_mm(loops: tuple[Floats, ...], points: Floats) -> Floats:
    """Distance of points from an outline, above 0 inside."""
    (loop,) = loops
    least, inside = np.full(len(points), np.inf), np.zeros(len(points), bool)
    for begin, end in zip(loop, np.roll(loop, -1, axis=0), strict=True):
        along = end - begin
        part = np.clip((points - begin) @ along / (along @ along), 0, 1)
        least = np.minimum(least, np.hypot(*(points - begin - part[:, None] * along).T))
        if begin[1] != end[1]:
            at = begin[0] + (points[:, 1] - begin[1]) / along[1] * along[0]
            inside ^= ((begin[1] > points[:, 1]) != (end[1] > points[:, 1])) & (points[:, 0] < at)
    return np.where(inside, least, -least)


def test_the_scars_stored_volume_is_that_of_shapes_between_slices(folder: Path) -> None:
    # A strip of skin 2 mm wide, that moves by about 6 mm from slice to slice.
    scar = structure(folder, 8)
    points = np.concatenate([loop for plane in scar.planes for loop in plane.loops])
    step = 0.1
    axes = [np.arange(points[:, i].min(), points[:, i].max(), step) for i in (0, 1)]
    lattice = np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, 2)
    signed = [signed_mm(plane.loops, lattice) for plane in scar.planes]
    parts = (np.arange(12) + 0.5) / 12
    counts = [np.count_nonzero((1 - t) * low + t * high > 0) for low, high in pairwise(signed) for t in parts]
    shaped_cm3 = sum(counts) * step**2 * 3.0 / len(parts) / 1000
    assert stored(folder, 8)[0, 1] == pytest.approx(shaped_cm3, rel=0.03)
    areas_cm3 = sum(plane.area_mm2 for plane in scar.planes) * 3.0 / 1000
    assert areas_cm3 / stored(folder, 8)[0, 1] == pytest.approx(1.5, abs=0.05)

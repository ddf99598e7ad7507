"""Dose grids: where their voxels lie, and what the dose between them is."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from rtfractions.grid import DoseGrid, GridError, Layer

AXIAL = np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]])


def grid(stored: NDArray[Any], scaling_gy: float = 0.5, **changes: Any) -> DoseGrid:
    values: dict[str, Any] = {
        "origin_mm": np.array([10.0, 20.0, 30.0]),
        "axes": AXIAL,
        "frame_offsets_mm": np.arange(stored.shape[0]) * 3.0,
        "spacing_mm": (4.0, 5.0),
        **changes,
    }
    return DoseGrid((Layer(stored, scaling_gy),), **values)


CUBE = np.arange(2 * 3 * 4, dtype=np.uint16).reshape(2, 3, 4)


def test_positions_are_voxel_centres_by_frame_row_and_column() -> None:
    # B16, B20: columns lie along x, 5 mm apart; rows along y, 4 mm apart
    assert grid(CUBE).position_mm(1, 2, 3).tolist() == [10 + 3 * 5, 20 + 2 * 4, 30 + 3]


def test_the_affine_says_the_same() -> None:
    found = grid(CUBE).affine @ [3.0, 2.0, 3.0, 1.0]
    assert found.tolist() == [25.0, 28.0, 33.0, 1.0]


def test_doses_arise_block_by_block_in_float64() -> None:
    block = grid(CUBE, 0.1).block_gy(slice(1, 2))
    assert block.dtype == np.float64
    assert block[0, 0, 0] == 12 * 0.1
    assert grid(CUBE, 0.1).maximum_gy == 23 * 0.1
    assert np.array_equal(np.concatenate(list(grid(CUBE, 0.1).blocks_gy(1))), CUBE * 0.1)


@given(
    st.lists(st.floats(-0.2, 0.2), min_size=3, max_size=3),
    st.lists(st.floats(0, 1), min_size=3, max_size=3),
    st.lists(st.floats(0.5, 9), min_size=4, max_size=4),
)
def test_a_linear_dose_is_sampled_as_it_is(
    gradient: list[float], within: list[float], steps: list[float]
) -> None:
    # closed form: linear interpolation of a linear function is that function, on any spacing of frames
    offsets = np.concatenate([[0.0], np.cumsum(steps)])
    frame, row, column = np.meshgrid(offsets, np.arange(4) * 4.0, np.arange(6) * 5.0, indexing="ij")
    dose = 100 + gradient[0] * column + gradient[1] * row + gradient[2] * frame
    stored = np.round(dose * 1e6).astype(np.int64)
    found = grid(stored, 1e-6, frame_offsets_mm=offsets)
    point = np.array([[25 * within[0], 12 * within[1], offsets[-1] * within[2]]])
    sampled, inside = found.sample_gy(point + np.array([10.0, 20.0, 30.0]))
    assert inside.all()
    assert sampled[0] == pytest.approx(100 + point[0] @ gradient, abs=2e-6)


def test_outside_the_outermost_centres_no_dose_is_known() -> None:
    # B25
    points = np.array([[10.0, 20.0, 30.0], [9.9, 20.0, 30.0], [25.0, 28.0, 33.0], [25.0, 28.0, 33.1]])
    dose, inside = grid(CUBE, 1.0).sample_gy(points)
    assert inside.tolist() == [True, False, True, False]
    assert dose.tolist() == [0.0, 23.0]


def test_doses_on_one_grid_add_voxel_by_voxel() -> None:
    found = grid(CUBE, 0.5).plus(grid(CUBE, 0.25))
    assert np.array_equal(found.block_gy(slice(None)), CUBE * 0.75)
    assert found.maximum_gy == 23 * 0.75
    assert found.sample_gy(np.array([[10.0, 20.0, 33.0]]))[0].tolist() == [12 * 0.75]


@pytest.mark.parametrize(
    "other",
    [
        grid(CUBE, origin_mm=np.array([10.0, 20.0, 32.5])),
        grid(CUBE, spacing_mm=(4.0, 5.01)),
        grid(CUBE, frame_offsets_mm=np.array([0.0, 3.1])),
        grid(CUBE[:, :2]),
        grid(CUBE, axes=np.array([[0.0, 0.0, 1.0], [0.0, -1.0, 0.0], [-1.0, 0.0, 0.0]])),
    ],
)
def test_doses_on_other_grids_are_never_added_by_index(other: DoseGrid) -> None:
    # B26
    with pytest.raises(GridError, match="different grids"):
        grid(CUBE).plus(other)


@pytest.mark.parametrize(
    "changes",
    [
        {"frame_offsets_mm": np.array([0.0, 0.0])},
        {"frame_offsets_mm": np.array([0.0, 1.0, 2.0])},
        {"frame_offsets_mm": np.array([1.0, 2.0])},
        {"spacing_mm": (0.0, 1.0)},
        {"axes": np.ones((3, 3))},
        {"origin_mm": np.array([np.nan, 0.0, 0.0])},
    ],
)
def test_a_grid_that_cannot_be_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(GridError):
        grid(CUBE, **changes)


def test_a_plane_is_no_grid() -> None:
    with pytest.raises(GridError):
        grid(CUBE[:1])

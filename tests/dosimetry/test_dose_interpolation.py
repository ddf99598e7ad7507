"""Dose between voxels: exact where it can be, and how far off a peak."""

import numpy as np
import pytest
from analytic_shapes import AXIAL, Floats, gaussian_dose, linear_dose, sampled

from rtfractions.dosimetry import model_dvh, model_of, samples
from rtfractions.dosimetry.interpolation import Interpolation, block_of, values_at
from rtfractions.grid import DoseGrid, Layer
from rtfractions.structures import Plane, Structure

BOTH: tuple[Interpolation, ...] = ("linear", "cubic")


def at(grid: DoseGrid, indices: Floats, interpolation: Interpolation, along: int | None = None) -> Floats:
    block = block_of(grid, indices.min(axis=0), indices.max(axis=0), interpolation)
    assert block is not None
    return values_at(block, indices, slope_along=along)


def random_grid(shape: tuple[int, int, int]) -> DoseGrid:
    stored = np.random.default_rng(5).integers(0, 60_000, shape)
    return DoseGrid((Layer(stored, 0.001),), np.zeros(3), AXIAL, np.arange(float(shape[0])) * 2, (2.0, 2.0))


@pytest.mark.parametrize("interpolation", BOTH)
@pytest.mark.parametrize("shape", [(2, 2, 2), (2, 3, 4), (5, 40, 9)])
def test_voxels_have_their_own_dose(interpolation: Interpolation, shape: tuple[int, int, int]) -> None:
    grid = random_grid(shape)
    indices = np.argwhere(np.ones(shape)).astype(float)
    expected = grid.block_gy(slice(None)).ravel()
    assert at(grid, indices, interpolation) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("interpolation", BOTH)
def test_a_dose_that_rises_evenly_is_exact_up_to_the_edge(interpolation: Interpolation) -> None:
    grid = sampled(linear_dose(along="y", centre_gy=20, gy_per_mm=0.5), spacing_mm=2, half_mm=12)
    indices = np.random.default_rng(1).uniform(0, 12, (200, 3))
    indices[0], indices[1] = 0, 12
    assert at(grid, indices, interpolation) == pytest.approx(14 + indices[:, 1], abs=2e-6)
    for axis, change in enumerate((0, 1, 0)):
        assert at(grid, indices, interpolation, axis) == pytest.approx(np.full(200, change), abs=2e-5)


def test_linear_is_the_grids_own_sampling() -> None:
    grid = random_grid((6, 7, 8))
    indices = np.random.default_rng(2).uniform(0, 1, (300, 3)) * (5, 6, 7)
    points = grid.origin_mm + (indices * 2.0) @ AXIAL
    assert at(grid, indices, "linear") == pytest.approx(grid.sample_gy(points)[0], abs=1e-9)


def test_part_of_a_grid_has_the_spline_of_the_whole() -> None:
    grid = random_grid((50, 40, 60))
    inner = np.random.default_rng(3).uniform(20, 22, (100, 3))
    alone = at(grid, inner, "cubic")
    together = at(grid, np.vstack((inner, np.zeros((1, 3)), np.array(grid.shape) - 1.0)), "cubic")
    assert alone == pytest.approx(together[:-2], abs=60 * 2e-5)


def test_a_peak_between_voxels_is_read_too_low_by_lines_and_hardly_by_the_spline() -> None:
    # Between 8 voxels, each sqrt(3) / 2 spacings away: exp(-3 h^2 / 8 sigma^2) of the peak, 14 % too low.
    dose = gaussian_dose(sigma_mm=4, maximum_gy=24, at_mm=(1.25, 1.25, 1.25))
    grid = sampled(dose, spacing_mm=2.5, half_mm=30)
    middle = grid.indices_of(np.array([[1.25, 1.25, 1.25]]))
    linear, cubic = (float(at(grid, middle, one)[0]) for one in BOTH)
    assert linear == pytest.approx(24 * np.exp(-3 * 2.5**2 / (8 * 4**2)), rel=1e-6)
    assert cubic == pytest.approx(24, rel=0.01)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 0, 2)])
@pytest.mark.parametrize("side_mm", [12.0, 27.0, 45.0])  # a shape, a mixture, slabs
def test_samples_have_the_grids_dose_at_their_centres(order: tuple[int, int, int], side_mm: float) -> None:
    # Nothing is smooth in this dose: what is left out of a product of coordinates would show, below 0 too.
    stored = np.random.default_rng(6).integers(0, 60_000, (40, 42, 44))
    offsets = np.append(0.0, np.cumsum(np.random.default_rng(7).uniform(2.2, 2.8, 39)))
    axes = AXIAL[list(order)]
    grid = DoseGrid((Layer(stored, 0.001),), -50.0 * axes.sum(axis=0), axes, offsets, (2.4, 2.6))
    heights = np.arange(-side_mm / 2, side_mm / 2, 3.1)
    angle = np.linspace(0, 2 * np.pi, 50, endpoint=False)
    circle = np.column_stack((np.cos(angle), np.sin(angle)))
    planes = [Plane(float(w), (circle * (side_mm / 2 - 0.2 * abs(w)),)) for w in heights]
    model = model_of(Structure(number=1, name="X", planes=tuple(planes)), [grid])
    together = 0
    for lines, (doses,) in samples(model, [grid], dose_interpolation="linear"):
        assert doses.known.all()
        assert doses.dose_gy == pytest.approx(grid.sample_gy(lines.points_mm)[0], abs=1e-9)
        together += int(np.count_nonzero(lines.aside_mm * lines.above_mm))
    dvh = model_dvh(model, [grid], dose_interpolation="linear")
    assert dvh.minimum_gy is not None
    assert stored.min() / 1000 - 1e-9 <= dvh.minimum_gy < dvh.maximum_gy <= stored.max() / 1000 + 1e-9
    assert together or side_mm < 20  # sections of a shape are not gathered

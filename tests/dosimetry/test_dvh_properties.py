"""What must hold of every DVH: how contours are written, how axes lie, and who computes does not matter."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from analytic_shapes import (
    AXIAL,
    Floats,
    Shape,
    drawn,
    gaussian_dose,
    linear_dose,
    linear_truth,
    sampled,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from rtfractions.dosimetry import DVH, model_dvh, model_of, samples, structure_dvh
from rtfractions.grid import DoseGrid, Layer
from rtfractions.structures import Plane, Structure

GRID = sampled(gaussian_dose(sigma_mm=12, maximum_gy=60, at_mm=(1, 2, -1)), spacing_mm=2.5, half_mm=35)


def blob(
    seed: int, radius_mm: float, slice_mm: float = 3.0, at_mm: tuple[float, float] = (0.0, 0.0)
) -> Structure:
    """A body of no symmetry."""
    random = np.random.default_rng(seed)
    angle = np.arange(50) * (2 * np.pi / 50)
    a, b = random.uniform(0, 0.25, 2)
    planes = []
    heights = np.arange(-20, 20) * slice_mm + 0.3
    for z in heights[np.abs(heights) < radius_mm - 0.1]:
        size = np.sqrt(radius_mm**2 - z**2) * (1 + a * np.sin(2 * angle + z / 9) + b * np.cos(3 * angle))
        planes.append(Plane(float(z), (size[:, None] * np.column_stack((np.cos(angle), np.sin(angle))) + np.array(at_mm),)))  # fmt: skip
    return Structure(number=1, name="BLOB", planes=tuple(planes))


def alike(one: DVH, other: DVH, rel: float = 1e-9) -> bool:
    parts = np.array([0.0, 0.02, 0.3, 0.5, 0.95, 0.98, 1.0])
    doses = [[dvh.dose_to_hottest(p * dvh.known_volume_cm3) for p in parts] for dvh in (one, other)]
    return (
        one.volume_cm3 == pytest.approx(other.volume_cm3, rel=rel)
        and doses[0] == pytest.approx(doses[1], rel=rel, abs=1e-9)
        and (one.mean_gy, one.maximum_gy) == pytest.approx((other.mean_gy, other.maximum_gy), rel=rel)
    )


@given(st.integers(0, 1000), st.floats(3, 25), st.floats(1, 4))
@settings(max_examples=25, deadline=None)
def test_a_curve_falls_between_its_extremes_and_has_its_mean(seed: int, radius: float, step: float) -> None:
    dvh = structure_dvh(blob(seed, radius, step), GRID)
    assert dvh.minimum_gy is not None
    assert dvh.minimum_gy == dvh.dose_gy[0]
    assert dvh.maximum_gy == dvh.dose_gy[-1]
    parts = dvh.differential()
    mean = parts.volume_cm3 @ (parts.dose_gy[1:] + parts.dose_gy[:-1]) / 2 / dvh.volume_cm3
    assert mean == pytest.approx(dvh.mean_gy, rel=1e-3)


@given(st.integers(0, 1000), st.floats(0.1, 10))
@settings(max_examples=10, deadline=None)
def test_doses_scale(seed: int, factor: float) -> None:
    structure = blob(seed, 15)
    scaled = replace(GRID, layers=(Layer(GRID.layers[0].stored, GRID.layers[0].scaling_gy * factor),))
    one, other = structure_dvh(structure, GRID), structure_dvh(structure, scaled)
    assert [factor * one.dose_to_hottest(v) for v in (0.1, 5.0, 9.0)] == pytest.approx(
        [other.dose_to_hottest(v) for v in (0.1, 5.0, 9.0)], rel=1e-9
    )


@pytest.mark.parametrize("radius", [8.0, 16.0, 25.0])
def test_winding_start_and_density_of_points_do_not_matter(radius: float) -> None:  # E33
    one = blob(3, radius)

    def rewritten(loop: Floats) -> Floats:
        middles = (loop + np.roll(loop, -1, axis=0)) / 2
        both = np.stack((loop, middles), axis=1).reshape(-1, 2)
        return np.roll(both, 13, axis=0)[::-1]

    planes = tuple(Plane(p.position_mm, tuple(rewritten(x) for x in p.loops)) for p in one.planes)
    assert alike(structure_dvh(one, GRID), structure_dvh(replace(one, planes=planes), GRID), 1e-6)


def rings(keyhole: bool, swapped: bool, outer: float, inner: float) -> Structure:
    planes = []
    for z in np.arange(-9, 10, 3.0):
        shape = Shape("sphere", radius_mm=12)
        part = shape.contour(z) / 12
        one, other = part * outer, part[::-1] * inner
        loops: tuple[Floats, ...] = (one, other)
        if keyhole:
            loops = (np.vstack((one, one[:1], other[-1:], other)),)
        planes.append(Plane(float(z), loops[::-1] if swapped else loops))
    return Structure(number=1, name="RING", planes=tuple(planes))


@pytest.mark.parametrize(("outer", "inner"), [(8.0, 4.0), (14.0, 4.0), (25.0, 15.0)])
def test_a_hole_is_a_hole_however_it_is_written(outer: float, inner: float) -> None:  # E27
    both = structure_dvh(rings(False, False, outer, inner), GRID)
    assert alike(both, structure_dvh(rings(False, True, outer, inner), GRID))
    keyhole = structure_dvh(rings(True, False, outer, inner), GRID)
    assert alike(both, keyhole, 1e-6)
    assert both.volume_cm3 < 0.9 * np.pi * outer**2 * 21 / 1000


@pytest.mark.parametrize("shift", [1, 2])
@pytest.mark.parametrize("radius", [8.0, 16.0, 25.0])
def test_which_axis_the_frames_lie_along_does_not_matter(radius: float, shift: int) -> None:
    structure = blob(5, radius)
    stored = GRID.layers[0].stored
    order = [(0 + shift) % 3, (1 + shift) % 3, (2 + shift) % 3]
    turned = DoseGrid(
        (Layer(np.ascontiguousarray(stored.transpose(order)), GRID.layers[0].scaling_gy),),
        GRID.origin_mm,
        AXIAL[order],
        GRID.frame_offsets_mm,
        GRID.spacing_mm,
    )
    assert alike(structure_dvh(structure, GRID), structure_dvh(structure, turned))


@pytest.mark.parametrize("radius", [8.0, 25.0])
def test_direction_of_axes_does_not_matter(radius: float) -> None:
    structure = blob(6, radius)
    corner = GRID.position_mm(GRID.shape[0] - 1, GRID.shape[1] - 1, 0)
    flipped = DoseGrid(
        (Layer(GRID.layers[0].stored[::-1, ::-1], GRID.layers[0].scaling_gy),),
        corner,
        AXIAL * np.array([[-1], [-1], [1]]),
        GRID.frame_offsets_mm,
        GRID.spacing_mm,
    )
    assert alike(structure_dvh(structure, GRID), structure_dvh(structure, flipped))


@pytest.mark.parametrize("radius", [8.0, 25.0])
def test_a_patient_turned_with_the_dose_has_the_same_dvh(radius: float) -> None:  # E32
    structure = blob(7, radius)
    for angle in (0.0, 0.4):
        c, s = np.cos(angle), np.sin(angle)
        turn = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])[
            [1, 2, 0]
        ]  # x, y, z to other axes, then about one
        grid = replace(GRID, origin_mm=turn @ GRID.origin_mm, axes=GRID.axes @ turn.T)
        moved = replace(structure, axes=structure.axes @ turn.T)
        assert alike(structure_dvh(structure, GRID), structure_dvh(moved, grid))


@pytest.mark.parametrize("interpolation", ["linear", "cubic"])
def test_a_grid_that_lies_askew_has_the_dose_that_it_has(interpolation: str) -> None:
    angle = 0.5
    c, s = np.cos(angle), np.sin(angle)
    axes = np.array([[0, 0, 1], [-s, c, 0], [c, s, 0]])
    steps = np.arange(-20.0, 21.0) * 2
    y = steps[None, :, None] * c + steps[None, None, :] * s
    stored = np.round(np.broadcast_to(60 + 0.5 * y, (41, 41, 41)) * 1e6).astype(np.int64)
    origin = -40 * axes.sum(axis=0)
    grid = DoseGrid((Layer(stored, 1e-6),), origin, axes, steps + 40, (2.0, 2.0))
    shape = Shape("sphere")
    structure = drawn(shape, slice_mm=1, centred=True)
    dvh = structure_dvh(structure, grid, dose_interpolation=interpolation)  # type: ignore[arg-type]
    truth = linear_truth(shape, along="y", centre_gy=60, gy_per_mm=0.5)
    for percent in (99, 50, 1):
        ours = dvh.dose_to_hottest(percent / 100 * dvh.volume_cm3)
        assert ours == pytest.approx(truth.dose_to(percent / 100), rel=1e-3)


def test_threads_do_not_matter() -> None:  # H18
    structures = [blob(seed, radius) for seed, radius in enumerate((5, 9, 14, 17, 20, 25))]
    alone = [structure_dvh(one, GRID) for one in structures]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda one: structure_dvh(one, GRID), structures))
    for one, other in zip(alone, together, strict=True):
        assert np.array_equal(one.dose_gy, other.dose_gy)
        assert np.array_equal(one.volume_cm3_at, other.volume_cm3_at)
        assert (one.mean_gy, one.maximum_gy) == (other.mean_gy, other.maximum_gy)


@pytest.mark.parametrize("radius", [6.0, 20.0])
def test_a_conversion_of_every_sample_is_that_of_the_curve(radius: float) -> None:
    # One phase: what rises with dose keeps the volume of each dose.
    structure = blob(8, radius)
    plain = structure_dvh(structure, GRID)

    def eqd2(doses: Sequence[Floats]) -> Floats:
        return np.asarray(doses[0] * (doses[0] / 20 + 3) / 5)

    model = model_of(structure, [GRID])
    converted = model_dvh(model, [GRID], eqd2, quantity="eqd2", alpha_beta_gy=3.0)
    assert (converted.quantity, converted.alpha_beta_gy) == ("eqd2", 3.0)
    for part in (0.02, 0.3, 0.5, 0.95, 0.98):
        dose = plain.dose_to_hottest(part * plain.volume_cm3)
        assert converted.dose_to_hottest(part * plain.volume_cm3) == pytest.approx(
            dose * (dose / 20 + 3) / 5, rel=5e-3
        )


def test_phases_on_different_grids_add_up() -> None:
    dose = linear_dose(along="y", centre_gy=20, gy_per_mm=0.2)
    grids = [sampled(dose, spacing_mm=2, half_mm=30), sampled(dose, spacing_mm=3, half_mm=30)]
    structure = blob(9, 12)
    total = model_dvh(model_of(structure, grids), grids, lambda doses: doses[0] + doses[1])
    one = structure_dvh(structure, grids[0])
    assert total.mean_gy == pytest.approx(2 * one.mean_gy, rel=1e-6)
    assert total.maximum_gy == pytest.approx(2 * one.maximum_gy, rel=1e-6)
    for volume in (0.1, 2.0, 4.0):
        assert total.dose_to_hottest(volume) == pytest.approx(2 * one.dose_to_hottest(volume), rel=1e-3)


def test_samples_are_what_the_curve_is_made_of() -> None:
    structure = blob(10, 9)
    dvh = structure_dvh(structure, GRID)
    batches = list(samples(model_of(structure, [GRID]), [GRID]))
    weight = np.concatenate([lines.weight_cm3 for lines, _ in batches])
    dose = np.concatenate([doses[0].dose_gy for _, doses in batches])
    points = np.concatenate([lines.points_mm for lines, _ in batches])
    assert weight.sum() == pytest.approx(dvh.volume_cm3)
    assert (weight * dose).sum() / weight.sum() == pytest.approx(dvh.mean_gy)
    away = np.linalg.norm(points - np.array([1.0, 2.0, -1.0]), axis=1)
    assert dose == pytest.approx(60 * np.exp(-(away**2) / (2 * 12**2)), rel=2e-3)

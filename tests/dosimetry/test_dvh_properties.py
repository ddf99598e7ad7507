"""What must hold of every DVH: how contours are written, how axes lie, and who computes does not matter."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from threading import Barrier
from typing import Any

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

from rtfractions.dosimetry import (
    DVH,
    Combined,
    Grown,
    model_dvh,
    model_of,
    region_dvh,
    samples,
    structure_dvh,
)
from rtfractions.dosimetry.conversion import convert_doses, convert_dvh
from rtfractions.dosimetry.engine import InterpolationOption
from rtfractions.dosimetry.modelling import EndCapsOption
from rtfractions.dosimetry.regions import Region
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


@given(st.integers(0, 1000), st.floats(3, 25), st.lists(st.floats(0, 70), min_size=2, max_size=8))
@settings(max_examples=25, deadline=None)
def test_volume_falls_as_dose_rises_and_dose_as_volume_does(
    seed: int, radius: float, doses: list[float]
) -> None:
    dvh = structure_dvh(blob(seed, radius), GRID)
    volumes = [dvh.volume_with_at_least(dose) for dose in sorted(doses)]
    assert volumes == sorted(volumes, reverse=True)
    assert 0 <= volumes[-1] <= volumes[0] <= dvh.volume_cm3
    parts = np.linspace(0, 1, 21) * dvh.volume_cm3
    for dose_to, order in ((dvh.dose_to_hottest, -1), (dvh.dose_to_coldest, 1)):
        assert (np.diff([order * dose_to(volume) for volume in parts]) >= 0).all()


@pytest.mark.parametrize("interpolation", ["linear", "cubic"])
@given(st.integers(0, 1000), st.floats(0.3, 3), st.floats(6, 16))
@settings(max_examples=5, deadline=None)
def test_lengths_scale(interpolation: InterpolationOption, seed: int, factor: float, radius: float) -> None:
    # Which method is chosen depends on the volume; in any one of them a mm is as good as an inch.
    structure = blob(seed, radius)
    planes = [
        Plane(factor * plane.position_mm, tuple(factor * loop for loop in plane.loops))
        for plane in structure.planes
    ]
    larger = replace(structure, planes=tuple(planes))
    rows, columns = GRID.spacing_mm
    grid = replace(
        GRID,
        origin_mm=factor * GRID.origin_mm,
        frame_offsets_mm=factor * GRID.frame_offsets_mm,
        spacing_mm=(factor * rows, factor * columns),
    )
    ends: EndCapsOption
    for ends in ("half", "none"):
        # The outer volume makes both large.
        one, other = (
            structure_dvh(s, g, end_caps=ends, dose_interpolation=interpolation, outer_volume_cm3=1e6)
            for s, g in ((structure, GRID), (larger, grid))
        )
        assert other.volume_cm3 == pytest.approx(factor**3 * one.volume_cm3, rel=1e-9)
        for part in (0.0, 0.02, 0.5, 0.98, 1.0):
            assert other.dose_to_hottest(part * other.volume_cm3) == pytest.approx(
                one.dose_to_hottest(part * one.volume_cm3), rel=1e-3
            )
        assert other.mean_gy == pytest.approx(one.mean_gy, rel=1e-3)


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


@pytest.mark.parametrize("radius", [3.0, 8.0])
@given(st.permutations(range(4)), st.integers(0, 15))
@settings(max_examples=8, deadline=None)
def test_order_of_contours_does_not_matter(radius: float, order: list[int], turned: int) -> None:  # E33
    parts = [blob(3, radius, at_mm=at) for at in ((-20.0, 0.0), (20.0, 3.0), (0.0, -20.0), (0.0, 20.0))]

    def together(some: Sequence[Structure], turned: int) -> Structure:
        planes = [
            Plane(
                parts[0].planes[k].position_mm,
                tuple(one.planes[k].loops[0][:: -1 if turned >> i & 1 else 1] for i, one in enumerate(some)),
            )
            for k in range(len(parts[0].planes))
        ]
        return Structure(number=1, name="PARTS", planes=tuple(planes))

    first = structure_dvh(together(parts, 0), GRID)
    assert alike(first, structure_dvh(together([parts[i] for i in order], turned), GRID))


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


def test_a_ring_is_what_is_left_of_a_disk_without_another() -> None:  # E27
    ring = rings(False, False, 33.0, 24.0)  # all of them are large, and so stacks of slabs
    disk_drawn, hole_drawn = (
        replace(ring, planes=tuple(Plane(p.position_mm, (p.loops[i],)) for p in ring.planes)) for i in (0, 1)
    )
    left = region_dvh(
        Combined("difference", disk_drawn, hole_drawn), GRID, end_caps="half", dose_interpolation="linear"
    )
    drawn_as_ring = structure_dvh(ring, GRID, end_caps="half", dose_interpolation="linear")
    assert left.volume_cm3 == pytest.approx(drawn_as_ring.volume_cm3, rel=2e-3)
    for part in (0.02, 0.5, 0.98):
        assert left.dose_to_hottest(part * left.volume_cm3) == pytest.approx(
            drawn_as_ring.dose_to_hottest(part * drawn_as_ring.volume_cm3), rel=2e-3, abs=0.01
        )
    # Together with its hole it is the disk again.
    hole = region_dvh(hole_drawn, GRID, end_caps="half", dose_interpolation="linear")
    disk = region_dvh(disk_drawn, GRID, end_caps="half", dose_interpolation="linear")
    assert left.volume_cm3 + hole.volume_cm3 == pytest.approx(disk.volume_cm3, rel=2e-3)
    for dose in (10.0, 30.0, 50.0):
        both = left.volume_with_at_least(dose) + hole.volume_with_at_least(dose)
        assert both == pytest.approx(disk.volume_with_at_least(dose), abs=2e-3 * disk.volume_cm3)


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
def test_a_grid_that_lies_askew_has_the_dose_that_it_has(interpolation: Any) -> None:
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
    dvh = structure_dvh(structure, grid, dose_interpolation=interpolation)
    truth = linear_truth(shape, along="y", centre_gy=60, gy_per_mm=0.5)
    for percent in (99, 50, 1):
        ours = dvh.dose_to_hottest(percent / 100 * dvh.volume_cm3)
        assert ours == pytest.approx(truth.dose_to(percent / 100), rel=1e-3)


def same_bytes(one: DVH, other: DVH) -> bool:
    def numbers(dvh: DVH) -> tuple[object, ...]:
        extremes = (dvh.minimum_gy, dvh.maximum_gy, dvh.mean_gy)
        return (dvh.dose_gy.tobytes(), dvh.volume_cm3_at.tobytes(), dvh.volume_cm3, *extremes, dvh.notices)

    return numbers(one) == numbers(other)


@pytest.mark.parametrize("threads", [1, 8])
def test_threads_do_not_matter(threads: int) -> None:  # H18
    # small and large ones, each of several kinds of section and batch
    structures = [blob(seed, radius) for seed, radius in enumerate((3, 5, 9, 14, 17, 20, 25))]
    structures.append(rings(False, False, 25.0, 15.0))
    regions: list[Region] = [Combined("difference", structures[6], structures[4]), Grown(structures[2], 5.0)]
    work = [*(partial(structure_dvh, one, GRID) for one in structures), *(partial(region_dvh, one, GRID) for one in regions)]  # fmt: skip
    alone = [one() for one in work]
    with ThreadPoolExecutor(threads) as pool:
        together = list(pool.map(lambda one: one(), work))
    assert all(map(same_bytes, alone, together))


@pytest.mark.parametrize("radius", [5.0, 15.0, 25.0])
def test_threads_at_one_structure_do_not_matter(radius: float) -> None:  # H18
    structure = blob(12, radius)
    alone = structure_dvh(structure, GRID)
    start = Barrier(8)

    def compute(_: int) -> DVH:
        start.wait()
        return structure_dvh(structure, GRID)

    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(compute, range(8)))
    assert all(same_bytes(alone, one) for one in together)


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


@given(st.integers(1, 40), st.floats(0.5, 20), st.sampled_from([5.0, 15.0, 25.0]))
@settings(max_examples=10, deadline=None)
def test_eqd2_is_the_physical_dose_where_2_gy_a_fraction_are_given(
    fractions: int, ratio: float, radius: float
) -> None:
    stored = np.full((9, 15, 15), 2 * fractions)
    grid = DoseGrid((Layer(stored, 1.0),), np.array([-35.0, -35, -32]), AXIAL, np.arange(9.0) * 8, (5.0, 5.0))
    structure = blob(11, radius)
    plain = structure_dvh(structure, grid)
    by_curve = convert_dvh(plain, quantity="eqd2", fractions=fractions, alpha_beta_gy=ratio)

    def eqd2(doses: Sequence[Floats]) -> Floats:
        return convert_doses(doses[0], quantity="eqd2", fractions=fractions, alpha_beta_gy=ratio)

    by_sample = model_dvh(model_of(structure, [grid]), [grid], eqd2, quantity="eqd2", alpha_beta_gy=ratio)
    for found in (by_curve, by_sample):
        assert alike(plain, found)


@given(st.integers(1, 20), st.integers(1, 20), st.floats(1, 15), st.sampled_from([5.0, 16.0, 25.0]))
@settings(max_examples=10, deadline=None)
def test_a_schedule_given_in_two_parts_is_the_same(
    first: int, second: int, ratio: float, radius: float
) -> None:
    # 60 Gy at most in all fractions together; each part gives each point its share of them.
    layer = GRID.layers[0]
    phases = [
        replace(GRID, layers=(Layer(layer.stored, layer.scaling_gy * part / (first + second)),))
        for part in (first, second)
    ]
    structure = blob(13, radius)

    def worth(fractions: Sequence[int], grids: Sequence[DoseGrid]) -> DVH:
        def eqd2(doses: Sequence[Floats]) -> Floats:
            each = [
                convert_doses(dose, quantity="eqd2", fractions=n, alpha_beta_gy=ratio)
                for dose, n in zip(doses, fractions, strict=True)
            ]
            return np.asarray(sum(each))

        return model_dvh(model_of(structure, grids), grids, eqd2, quantity="eqd2", alpha_beta_gy=ratio)

    # The extremes of one grid are looked for at its voxels too, those of several are not.
    one, two = worth([first + second], [GRID]), worth([first, second], phases)
    assert two.mean_gy == pytest.approx(one.mean_gy, rel=1e-9)
    assert two.volume_cm3 == pytest.approx(one.volume_cm3, rel=1e-9)
    for part in (0.02, 0.5, 0.98):
        volume = part * one.volume_cm3
        assert two.dose_to_hottest(volume) == pytest.approx(one.dose_to_hottest(volume), rel=1e-3)


@given(st.integers(0, 1000), st.sampled_from([5.0, 16.0, 25.0]))
@settings(max_examples=6, deadline=None)
def test_a_dose_in_parts_of_beams_is_their_sum(seed: int, radius: float) -> None:
    layer = GRID.layers[0]
    part = np.random.default_rng(seed).integers(0, layer.stored + 1)
    beams = (Layer(part, layer.scaling_gy), Layer(layer.stored - part, layer.scaling_gy))
    structure = blob(seed, radius)
    assert alike(structure_dvh(structure, GRID), structure_dvh(structure, replace(GRID, layers=beams)))


def test_phases_on_different_grids_add_up() -> None:
    dose = linear_dose(along="y", centre_gy=20, gy_per_mm=0.2)
    grids = [sampled(dose, spacing_mm=2, half_mm=30), sampled(dose, spacing_mm=3, half_mm=30)]
    structure = blob(9, 12)
    total = model_dvh(model_of(structure, grids), grids, lambda doses: doses[0] + doses[1])
    one = structure_dvh(structure, grids[0])
    # Samples end at the voxels of both grids, or of one: not quite the same ones.
    assert total.mean_gy == pytest.approx(2 * one.mean_gy, rel=1e-5)
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

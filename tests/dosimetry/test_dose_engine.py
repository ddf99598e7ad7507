"""DVHs against closed forms and the hazard catalogue (rows E20 to E40 and H)."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from analytic_shapes import (
    AXIAL,
    Floats,
    Shape,
    Truth,
    drawn,
    drawn_at,
    gaussian_dose,
    gaussian_truth,
    linear_dose,
    linear_truth,
    sampled,
)

from rtfractions.dosimetry import DVH, DVHError, structure_dvh
from rtfractions.grid import DoseGrid, Layer
from rtfractions.structures import Plane, Structure

SPHERE, CYLINDER, CONE = Shape("sphere"), Shape("cylinder"), Shape("cone")
LYING = [Shape("cylinder", "y"), Shape("cone", "y")]


def grid_of(values: Floats, spacing_mm: float = 2.0, **other: object) -> DoseGrid:
    """Doses around the origin."""
    stored = np.round(values * 1000).astype(np.int64)
    origin = -(np.array(values.shape[::-1]) - 1) / 2 * spacing_mm
    offsets = np.arange(float(len(values))) * spacing_mm
    return DoseGrid((Layer(stored, 0.001),), origin, AXIAL, offsets, (spacing_mm, spacing_mm))


def box(half: float, heights: Floats, **other: float) -> Structure:
    corners = np.array([[-half, -half], [half, -half], [half, half], [-half, half]])
    planes = tuple(Plane(float(z), (corners,)) for z in heights)
    return Structure(number=1, name="BOX", planes=planes, slab_thickness_mm=other.get("slab"))


def codes(dvh: DVH) -> list[str]:
    return [notice.code for notice in dvh.notices]


def off(dvh: DVH, truth: Truth) -> dict[str, float]:
    """Errors in %."""
    percents = {f"D{p}%": (dvh.dose_to_hottest(p / 100 * dvh.volume_cm3), truth.dose_to(p / 100)) for p in (99, 95, 50, 5, 1)}  # fmt: skip
    both = percents | {
        "volume": (1000 * dvh.volume_cm3, truth.volume_mm3),
        "mean": (dvh.mean_gy, truth.mean_gy),
        "D0.03cc": (dvh.dose_to_hottest(0.03), truth.dose_to(30 / truth.volume_mm3)),
    }
    return {name: 100 * abs(ours / true - 1) for name, (ours, true) in both.items()}


@pytest.mark.parametrize("along", ["y", "z"])
@pytest.mark.parametrize("shape", [SPHERE, CYLINDER, CONE, *LYING], ids=lambda shape: shape.name)
def test_fine_contours_in_an_even_dose_are_exact(shape: Shape, along: str) -> None:  # E38
    structure = drawn(shape, slice_mm=0.2, centred=shape in (SPHERE, *LYING))
    dose = linear_dose(along=along, centre_gy=16, gy_per_mm=1)
    dvh = structure_dvh(structure, sampled(dose, spacing_mm=3, half_mm=15, shift_mm=(1.1, 0.4, -0.9)))
    truth = linear_truth(shape, along=along, centre_gy=16, gy_per_mm=1)
    assert max(off(dvh, truth).values()) < 1
    assert dvh.maximum_gy == pytest.approx(truth.dose_gy[-1], rel=0.01)
    assert dvh.minimum_gy == pytest.approx(truth.dose_gy[0], rel=0.03)


@pytest.mark.parametrize(("spacing", "slice_mm"), [(1, 1), (2.5, 3), (3, 2)])
@pytest.mark.parametrize("shape", [SPHERE, CYLINDER, CONE], ids=lambda shape: shape.name)
def test_slabs_that_fill_a_shape_are_exact(shape: Shape, spacing: float, slice_mm: float) -> None:  # E25, E26
    at = (0.37, -0.61, 0.23)
    for along in ("y", "z"):
        dose = linear_dose(along=along, centre_gy=16, gy_per_mm=0.5, at_mm=at)
        structure = drawn(shape, slice_mm=slice_mm, centred=False, at_mm=at)
        dvh = structure_dvh(structure, sampled(dose, spacing_mm=spacing, half_mm=22))
        truth = linear_truth(shape, along=along, centre_gy=16, gy_per_mm=0.5)
        assert max(off(dvh, truth).values()) < 0.5


@pytest.mark.parametrize(
    ("radius", "sigma", "spacing", "mean_error"),
    [(5, 4, 1, 0.4), (5, 4, 2.5, 0.5), (2.5, 2.5, 1.25, 0.4), (2.5, 2.5, 2, 1.2)],
)
def test_steep_lesions(radius: float, sigma: float, spacing: float, mean_error: float) -> None:  # E37, H6
    random = np.random.default_rng(7)
    shape = Shape("sphere", radius_mm=radius)
    truth = gaussian_truth(radius, sigma_mm=sigma, maximum_gy=24)
    for _ in range(3):
        x, y, z = random.uniform(-0.5, 0.5, 3) * spacing
        heights = np.arange(-9, 10) * 1.25 + random.uniform(0, 1.25)
        structure = drawn_at(shape, heights[np.abs(heights) < radius - 0.01], (x, y, z))
        dose = gaussian_dose(sigma_mm=sigma, maximum_gy=24, at_mm=(x, y, z))
        dvh = structure_dvh(structure, sampled(dose, spacing_mm=spacing, half_mm=radius + 12))
        errors = off(dvh, truth)
        assert errors.pop("volume") < 0.5
        assert max(errors.values()) < 3
        assert np.mean(list(errors.values())) < mean_error
        assert (dvh.settings.end_caps, dvh.settings.dose_interpolation) == ("tapered", "cubic")


EVEN = grid_of(np.full((21, 21, 21), 20.0), 4.0)


@pytest.mark.parametrize(("caps", "thickness"), [("half", 24), ("none", 21), ("tapered", 24), ("auto", 24)])
@pytest.mark.parametrize("radius", [6, 20])
def test_ends_are_what_was_asked_for(caps: Any, thickness: float, radius: float) -> None:  # E26
    shape = Shape("cylinder", radius_mm=radius)
    dvh = structure_dvh(drawn(shape, slice_mm=3, centred=False), EVEN, end_caps=caps)
    assert dvh.volume_cm3 == pytest.approx(np.pi * radius**2 * thickness / 1000, rel=1e-3)
    expected = {"auto": "tapered" if radius == 6 else "half"}.get(caps, caps)
    assert dvh.settings.end_caps == expected


def test_a_tapered_end_ends_where_a_ball_does() -> None:
    for offset in (0.0, 0.4, 0.8, 1.2):
        heights = np.arange(-9, 10) * 3.0 + offset
        structure = drawn_at(SPHERE, heights[np.abs(heights) < 11.9], (0.0, 0.0, 0.0))
        dvh = structure_dvh(structure, EVEN, end_caps="tapered")
        assert dvh.volume_cm3 == pytest.approx(SPHERE.volume_mm3 / 1000, rel=2e-3)


@pytest.mark.parametrize(("radius", "half"), [(4.0, 8.0), (5.0, 10.0), (5.0, 15.0)])
def test_a_tapered_end_is_round_where_only_the_last_section_is_smaller(radius: float, half: float) -> None:
    # A cylinder with half balls at its ends, on 3 mm slices. A last section that goes on as it fell reads it up to
    # 7 % too large, and its coldest per cent 1.5 mm too far out.
    angle = np.arange(120) * (2 * np.pi / 120)
    circle = np.column_stack((np.cos(angle), np.sin(angle)))
    straight = half - radius
    volume_cm3 = np.pi * (2 * straight * radius**2 + 4 / 3 * radius**3) / 1000
    dose = sampled(linear_dose(along="z", centre_gy=40, gy_per_mm=1), spacing_mm=1.5, half_mm=24)
    # One per cent of it lies in the end so high: pi h^2 (radius - h / 3).
    height = np.linspace(0, radius, 10_001)
    one_percent = float(np.interp(10 * volume_cm3, np.pi * height**2 * (radius - height / 3), height))
    for offset in np.arange(0, 3, 0.25):
        heights = np.arange(-9, 10) * 3.0 + offset
        planes = []
        for w in heights[np.abs(heights) < half - 0.01].tolist():
            size = np.sqrt(radius**2 - max(abs(w) - straight, 0.0) ** 2)
            planes.append(Plane(w, (circle * size,)))
        structure = Structure(number=1, name="CAPSULE", planes=tuple(planes))
        dvh = structure_dvh(structure, dose)
        assert dvh.settings.end_caps == "tapered"
        assert dvh.volume_cm3 == pytest.approx(volume_cm3, rel=0.03)
        assert dvh.dose_to_hottest(0.99 * dvh.volume_cm3) == pytest.approx(40 - half + one_percent, abs=0.8)


def test_a_large_structure_has_the_volume_of_its_slabs() -> None:  # E21, E24
    structure = box(20, np.array([0, 2, 5, 6, 10, 28, 30.5]) - 15)
    assert structure_dvh(structure, EVEN).volume_cm3 == pytest.approx(structure.volume_cm3, rel=1e-9)


@pytest.mark.parametrize(
    "heights",
    [
        np.array([-6, -5.85, -3, 0, 3, 6]),
        np.array([-6, -3.1, -3, 0.2, 3, 6]),
        np.array([-6, -3, 0, 3, 5.9, 6]),
    ],
)
def test_close_planes_bend_no_small_shape(heights: Floats) -> None:  # E22
    noise = np.random.default_rng(4).normal(0, 0.05, len(heights))
    planes = tuple(Plane(float(z), (SPHERE.contour(0) / 2 + n,)) for z, n in zip(heights, noise, strict=True))
    structure = Structure(number=1, name="S", planes=planes)
    dvh = structure_dvh(structure, EVEN)
    assert dvh.settings.end_caps == "tapered"
    assert dvh.volume_cm3 == pytest.approx(np.pi * 6**2 * 13.5 / 1000, rel=0.12)


def test_one_plane_is_as_thick_as_it_states_or_as_the_voxels() -> None:  # E20
    stated = structure_dvh(box(5, np.array([1.0]), slab=3.0), EVEN)
    assert stated.volume_cm3 == pytest.approx(0.3)
    assert "dvh.one-slice" not in codes(stated)
    assumed = structure_dvh(box(5, np.array([1.0])), EVEN)
    assert assumed.volume_cm3 == pytest.approx(0.4)
    assert "dvh.one-slice" in codes(assumed)
    with pytest.raises(DVHError, match="no volume"):
        structure_dvh(box(5, np.array([1.0])), EVEN, end_caps="none")


def test_no_number_jumps_where_the_method_changes() -> None:
    dose = gaussian_dose(sigma_mm=15, maximum_gy=60, at_mm=(0.3, 0.2, 0.1))
    grid = sampled(dose, spacing_mm=2.5, half_mm=30)
    rows = []
    for radius in np.linspace(13.5, 18.5, 101):  # 10 to 27 cm3
        shape = Shape("cone", radius_mm=float(radius), height_mm=float(radius) * 2)
        one = structure_dvh(drawn_at(shape, np.arange(-12, 13, 3.0), (0, 0, 0)), grid)
        rows.append((one.volume_cm3, one.dose_to_hottest(0.98 * one.volume_cm3), one.mean_gy, one.maximum_gy))
    for before, after in pairwise(np.array(rows)):
        assert np.abs(after / before - 1).max() < 0.02
    assert len({one[0] for one in rows}) == 101


@pytest.mark.parametrize("outer_radius", [12.0, 14.0, 16.0, 17.5, 19.0])
def test_a_target_within_another_is_no_colder(outer_radius: float) -> None:
    grid = sampled(gaussian_dose(sigma_mm=15, maximum_gy=60, at_mm=(0, 0, 0)), spacing_mm=2.5, half_mm=30)
    outer = drawn(Shape("sphere", radius_mm=outer_radius), slice_mm=3, centred=True)
    inner = drawn(Shape("sphere", radius_mm=outer_radius - 0.2), slice_mm=3, centred=True)
    doses = [structure_dvh(one, grid) for one in (inner, outer)]
    cold_inner, cold_outer = (one.dose_to_hottest(0.98 * one.volume_cm3) for one in doses)
    assert cold_inner >= cold_outer - 1e-3
    assert doses[1].volume_cm3 is not None
    with_outer = structure_dvh(inner, grid, outer_volume_cm3=30.0)
    assert with_outer.settings.end_caps == "half"


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_what_lies_outside_the_grid_is_not_known(axis: int) -> None:  # E34, E35, H7
    shift = [0.0, 0.0, 0.0]
    shift[axis] = 40.0
    structure = drawn(SPHERE, slice_mm=1, centred=False, at_mm=(shift[0], shift[1], shift[2]))
    dvh = structure_dvh(structure, EVEN)  # voxel centres reach to 40 mm
    assert dvh.covered_fraction == pytest.approx(0.5, abs=0.015)  # a sample is inside or not, by its middle
    assert dvh.volume_cm3 == pytest.approx(SPHERE.volume_mm3 / 1000, rel=2e-3)
    assert dvh.known_volume_cm3 == pytest.approx(dvh.covered_fraction * dvh.volume_cm3)
    assert dvh.minimum_gy is None
    assert "dvh.partial-coverage" in codes(dvh)


def test_entirely_outside_is_refused() -> None:  # E36, E40
    for place in ((0.0, 0.0, 360.0), (100.0, 0.0, 0.0), (0.0, -55.0, 0.0)):
        with pytest.raises(DVHError, match=r"'sphere'.*outside the dose grid"):
            structure_dvh(drawn(SPHERE, slice_mm=3, centred=True, at_mm=place), EVEN)


def test_points_have_no_dvh() -> None:
    with pytest.raises(DVHError, match="no closed contours"):
        structure_dvh(Structure(number=1, name="P", points_mm=np.zeros((1, 3))), EVEN)


def test_a_single_hot_voxel_is_the_maximum() -> None:  # H5
    values = np.full((21, 41, 41), 10.0)
    values[10, 20, 20], values[9, 25, 22] = 31.0, 2.0
    dvh = structure_dvh(box(30, np.arange(-15, 16, 3.0)), grid_of(values, 2.5))
    assert dvh.maximum_gy == pytest.approx(31)
    assert dvh.minimum_gy == pytest.approx(2)


def test_a_hot_voxel_just_outside_is_not() -> None:
    values = np.full((21, 41, 41), 10.0)
    values[10, 20, 33] = 31.0  # at x = 32.5; the box ends at 31
    dvh = structure_dvh(box(31, np.arange(-15, 16, 3.0)), grid_of(values, 2.5))
    assert 10 < dvh.maximum_gy <= 10 + 21 * 0.4 + 1e-6  # at the surface, 1.5 mm from the voxel


def test_volume_at_exactly_a_threshold_counts() -> None:  # H3
    values = np.full((21, 41, 41), 15.0)
    values[:, :, 20:] = 20.0
    dvh = structure_dvh(box(30, np.arange(-15, 16, 3.0)), grid_of(values, 2.5))
    # 20 Gy from x = 0 on, 15 Gy up to -2.5 mm, linear in between.
    assert dvh.volume_with_at_least(20.0) == pytest.approx(dvh.volume_cm3 / 2, rel=0.002)
    assert dvh.volume_with_at_least(20.0001) == 0
    assert dvh.volume_with_at_least(15.0001) == pytest.approx(
        dvh.volume_cm3 * 32.5 / 60, rel=0.025
    )  # the edges of a ramp are as sharp as samples


def test_one_dose_everywhere_is_that_dose() -> None:
    dvh = structure_dvh(drawn(SPHERE, slice_mm=3, centred=True), EVEN)
    volumes = np.array([0.0, 0.03, 1.0, dvh.volume_cm3])
    assert [dvh.dose_to_hottest(v) for v in volumes] == pytest.approx([20] * 4)
    assert dvh.mean_gy == pytest.approx(20)


def test_a_spline_reads_no_dose_below_zero() -> None:
    values = np.zeros((11, 11, 11))
    values[5, 5, 5] = 30.0
    dvh = structure_dvh(box(5, np.arange(-5, 6, 1.0)), grid_of(values), dose_interpolation="cubic")
    assert dvh.minimum_gy == dvh.dose_gy[0] == 0  # where the spline itself swings below
    assert dvh.maximum_gy == pytest.approx(30, rel=0.01)


def test_linear_is_told_beside_cubic_where_they_differ() -> None:
    steep = sampled(gaussian_dose(sigma_mm=2.5, maximum_gy=24, at_mm=(0, 0, 0)), spacing_mm=2, half_mm=14)
    lesion = drawn(Shape("sphere", radius_mm=2.5), slice_mm=1, centred=True)
    dvh = structure_dvh(lesion, steep)
    [notice] = [one for one in dvh.notices if one.code == "dvh.interpolation"]
    linear = structure_dvh(lesion, steep, dose_interpolation="linear")
    assert f"mean {linear.mean_gy:.4g} Gy, not {dvh.mean_gy:.4g} Gy" in notice.message
    flat = sampled(linear_dose(along="z", centre_gy=20, gy_per_mm=0.5), spacing_mm=2, half_mm=14)
    assert "dvh.interpolation" not in codes(structure_dvh(lesion, flat))


def test_uneven_frames_have_no_spline() -> None:
    offsets = np.array([0, 2, 4, 7, 10, 12, 15, 18, 20, 22, 25.0])
    values = 10 + np.broadcast_to(offsets[:, None, None], (11, 21, 21))
    grid = DoseGrid(
        (Layer(np.round(values * 1000).astype(np.int64), 0.001),),
        np.array([-20, -20, -12.5]),
        AXIAL,
        offsets,
        (2.0, 2.0),
    )
    structure = drawn(Shape("sphere", radius_mm=8), slice_mm=1, centred=True)
    dvh = structure_dvh(structure, grid)
    assert dvh.settings.dose_interpolation == "linear"
    truth = linear_truth(Shape("sphere", radius_mm=8), along="z", centre_gy=22.5, gy_per_mm=1)
    assert max(off(dvh, truth).values()) < 1
    with pytest.raises(DVHError, match="evenly spaced"):
        structure_dvh(structure, grid, dose_interpolation="cubic")

"""Regions of balls and boxes, against their closed forms."""

import numpy as np
import pytest
from analytic_shapes import Shape, drawn, linear_dose, sampled

from rtfractions.dosimetry import Combined, DVHError, Grown, region_dvh, shell, structure_dvh, union
from rtfractions.dosimetry.regions import Region
from rtfractions.structures import Plane, Structure

GRID = sampled(linear_dose(along="y", centre_gy=40, gy_per_mm=0.5), spacing_mm=2.5, half_mm=45)


def box(x: tuple[float, float], y: tuple[float, float], z: tuple[float, float]) -> Structure:
    corners = np.array([[x[0], y[0]], [x[1], y[0]], [x[1], y[1]], [x[0], y[1]]], float)
    heights = np.arange(z[0] + 1, z[1], 2.0)
    return Structure(number=1, name="BOX", planes=tuple(Plane(float(h), (corners,)) for h in heights))


def ball(radius_mm: float, **at: tuple[float, float, float]) -> Structure:
    return drawn(Shape("sphere", radius_mm=radius_mm), slice_mm=2, centred=True, **at)


def of_ball(radius_mm: float) -> float:
    return 4 / 3 * np.pi * radius_mm**3 / 1000


FIRST, SECOND = box((-20, 10), (-20, 20), (-20, 20)), box((0, 30), (-10, 30), (-10, 30))


@pytest.mark.parametrize(
    ("region", "volume_cm3", "mean_y_mm"),
    [
        (Combined("intersection", FIRST, SECOND), 10 * 30 * 30 / 1000, 5),
        (Combined("difference", FIRST, SECOND), (48_000 - 9_000) / 1000, -9 * 5 / 39),
        (union(FIRST, SECOND), (48_000 + 48_000 - 9_000) / 1000, (48 * 10 - 9 * 5) / 87),
        (union(FIRST, FIRST, FIRST), 48, 0),
    ],
)
def test_boxes(region: Region, volume_cm3: float, mean_y_mm: float) -> None:
    dvh = region_dvh(region, GRID)
    assert dvh.volume_cm3 == pytest.approx(volume_cm3, rel=0.02)
    assert dvh.mean_gy == pytest.approx(40 + 0.5 * mean_y_mm, abs=0.15)


def test_a_structure_alone_is_a_region() -> None:
    one = ball(10)
    region, structure = region_dvh(one, GRID), structure_dvh(one, GRID)
    assert region.volume_cm3 == pytest.approx(structure.volume_cm3, rel=2e-3)
    assert region.dose_to_hottest(2.0) == pytest.approx(structure.dose_to_hottest(2.0), abs=0.02)


def test_what_is_split_is_together_what_it_was() -> None:
    whole, cutter = ball(14), box((0, 30), (-30, 30), (-30, 30))
    parts = [region_dvh(Combined(kind, whole, cutter), GRID) for kind in ("difference", "intersection")]
    dvh = structure_dvh(whole, GRID)
    assert sum(part.volume_cm3 for part in parts) == pytest.approx(dvh.volume_cm3, rel=5e-3)
    for dose in (35.0, 38.0, 40.0, 43.0):
        volume = sum(part.volume_with_at_least(dose) for part in parts)
        assert volume == pytest.approx(dvh.volume_with_at_least(dose), abs=0.006 * dvh.volume_cm3)


@pytest.mark.parametrize(("radius_mm", "margin_mm"), [(10, 5), (10, 3), (10, -3), (20, -5), (20, 15)])
def test_a_margin_around_a_ball_makes_a_ball(radius_mm: float, margin_mm: float) -> None:
    dvh = region_dvh(Grown(ball(radius_mm), margin_mm), GRID)
    # A hundredth of the volume is 0.03 to 0.1 mm of radius.
    assert dvh.volume_cm3 == pytest.approx(of_ball(radius_mm + margin_mm), rel=0.01)
    # Along y its surface is known to a line, at most a twentieth of the margin or 0.5 mm apart.
    assert dvh.maximum_gy == pytest.approx(40 + 0.5 * (radius_mm + margin_mm), abs=0.4)


def test_a_shell() -> None:
    dvh = region_dvh(shell(ball(10), from_mm=5, to_mm=10), GRID)
    assert dvh.volume_cm3 == pytest.approx(of_ball(20) - of_ball(15), rel=0.01)
    assert dvh.mean_gy == pytest.approx(40, abs=0.02)


def test_a_margin_comes_back_from_a_box() -> None:
    # Out and in again, a convex body is itself.
    there = Grown(Grown(box((-10, 10), (-10, 10), (-10, 10)), 4), -4)
    assert region_dvh(there, GRID).volume_cm3 == pytest.approx(8, rel=0.03)


def test_what_is_nothing_is_refused() -> None:
    one = ball(10)
    with pytest.raises(DVHError, match="nothing is left"):
        region_dvh(Combined("difference", one, one), GRID)
    with pytest.raises(DVHError, match="nothing is left"):
        region_dvh(Grown(one, -12), GRID)
    with pytest.raises(DVHError, match="no thickness"):
        shell(one, from_mm=5, to_mm=5)
    with pytest.raises(DVHError, match="margin"):
        Grown(one, float("nan"))


def test_structures_of_other_frames_or_orientations_are_not_combined() -> None:
    one = ball(10)
    other = Structure(number=2, name="B", planes=one.planes, frame_of_reference_uid="1.2.3")
    with pytest.raises(DVHError, match="frames of reference"):
        region_dvh(union(one, other), GRID)
    sagittal = Structure(number=2, name="B", planes=one.planes, axes=np.roll(np.eye(3), -1, axis=0))
    with pytest.raises(DVHError, match="orientations"):
        region_dvh(union(one, sagittal), GRID)

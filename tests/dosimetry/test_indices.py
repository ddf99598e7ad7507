"""Isodose volumes and indices, against balls in doses whose isodoses are balls or planes."""

from typing import Any

import numpy as np
import pytest
from analytic_shapes import AXIAL, Shape, drawn, gaussian_dose, linear_dose, sampled
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from synthetic_review import RadialDose

from rtfractions.dosimetry.dvh import DVHError
from rtfractions.dosimetry.far_dose import largest_far_dose_gy
from rtfractions.dosimetry.indices import INDICES, Indices, isodose_indices
from rtfractions.dosimetry.isodoses import IsodoseError, isodose_cm3, labelled
from rtfractions.errors import RTFractionsError
from rtfractions.grid import DoseGrid
from rtfractions.structures import Structure

Floats = NDArray[np.float64]
Point = tuple[float, float, float]


def of_ball(radius_mm: float) -> float:
    return 4 / 3 * np.pi * radius_mm**3 / 1000


def ball(radius_mm: float, at_mm: Point = (0.0, 0.0, 0.0), name: str = "PTV") -> Structure:
    shape = drawn(Shape("sphere", radius_mm=radius_mm), slice_mm=2, centred=True, at_mm=at_mm)
    return Structure(number=1, name=name, planes=shape.planes)


def radial(*doses: RadialDose, spacing_mm: float = 2.5, half_mm: float = 50.0) -> DoseGrid:
    """The largest of some doses on a grid whose voxels are nowhere in their centres."""

    def dose(x: Floats, y: Floats, z: Floats) -> Floats:
        found = [
            one.gy(np.sqrt((x - cx) ** 2 + (y - cy) ** 2 + (z - cz) ** 2))
            for one in doses
            for cx, cy, cz in (one.centre_mm,)
        ]
        return np.asarray(np.maximum.reduce(found))

    return sampled(dose, spacing_mm=spacing_mm, half_mm=half_mm, shift_mm=(0.7, -0.4, 1.1))


def one_dose(radius_mm: float = 10.0, at_mm: Point = (0.0, 0.0, 0.0), power: float = 3.0) -> RadialDose:
    """27 Gy at a radius, 36 Gy in the middle; the half-dose isodose has 5^(1/power) times the radius."""
    return RadialDose(at_mm, 36.0, 27.0, radius_mm=radius_mm, power=power)


def middle(grid: DoseGrid, at_mm: Point = (0.0, 0.0, 0.0)) -> Floats:
    return grid.indices_of(np.array([at_mm]))


def indices(grid: DoseGrid, target: Structure, **other: Any) -> Indices:
    return isodose_indices(grid, target, prescription_gy=27.0, **other)


def error(found: float | RTFractionsError) -> str:
    assert isinstance(found, RTFractionsError)
    return found.message


class TestIsodoses:
    @pytest.mark.parametrize(("radius_mm", "spacing_mm"), [(5, 2), (10, 2.5), (20, 2.5), (20, 4)])
    def test_around_a_ball_they_are_balls(self, radius_mm: float, spacing_mm: float) -> None:
        dose = one_dose(radius_mm)
        grid = radial(dose, spacing_mm=spacing_mm)
        for gy in (27.0, 13.5, 9.0):
            found = isodose_cm3(grid, dose_gy=gy, target=middle(grid), others={})
            assert found == pytest.approx(of_ball(dose.radius_of_mm(gy)), rel=0.005)

    def test_frames_at_unequal_distances_are_linear(self) -> None:
        """Between them a ball of 20 mm is 1 % too small on 2.5 mm: the spline is not missed by much."""
        grid = radial(one_dose(20))
        kept = np.array([i for i in range(grid.shape[0]) if i % 10 != 3])
        (layer,) = grid.layers
        uneven = DoseGrid(
            (type(layer)(layer.stored[kept], layer.scaling_gy),),
            grid.origin_mm,
            AXIAL,
            grid.frame_offsets_mm[kept],
            grid.spacing_mm,
        )
        found = isodose_cm3(uneven, dose_gy=27.0, target=middle(uneven), others={})
        assert found == pytest.approx(of_ball(20), rel=0.03)
        assert found < of_ball(20)

    @given(
        shift=st.tuples(*(3 * [st.floats(-1.25, 1.25)])),
        radius_mm=st.floats(8, 15),
        power=st.floats(2, 4),
    )
    @settings(max_examples=25, deadline=None)
    def test_where_the_voxels_lie_hardly_matters(
        self, shift: tuple[float, float, float], radius_mm: float, power: float
    ) -> None:
        dose = one_dose(radius_mm, shift, power)
        grid = radial(dose, half_mm=40)
        found = isodose_cm3(grid, dose_gy=27.0, target=middle(grid, shift), others={})
        assert found == pytest.approx(of_ball(radius_mm), rel=0.01)

    def test_of_less_dose_they_are_larger(self) -> None:
        grid = radial(one_dose())
        doses = np.linspace(36, 2, 40)
        found = [isodose_cm3(grid, dose_gy=gy, target=middle(grid), others={}) for gy in doses.tolist()]
        assert (np.diff(found) >= 0).all()
        assert found[0] < 0.1

    def test_nothing_gets_more_than_the_largest_dose(self) -> None:
        grid = radial(one_dose())
        assert isodose_cm3(grid, dose_gy=36.5, target=middle(grid), others={}) == 0.0

    def test_the_grid_may_not_cut_them(self) -> None:
        # E34: what lies outside is not known, and is not 0
        grid = sampled(linear_dose(along="y", centre_gy=40, gy_per_mm=1), spacing_mm=2, half_mm=20)
        with pytest.raises(IsodoseError, match="cut by the edge"):
            isodose_cm3(grid, dose_gy=40.0, target=middle(grid), others={})

    def test_parts_that_touch_in_a_corner_hang_together(self) -> None:
        inside = np.zeros((4, 5, 6), bool)
        inside[0, 0, 0] = inside[1, 1, 1] = True  # one
        inside[1, 3, 5] = inside[2, 4, 4] = True  # another, across the end of a line
        inside[3, 0, 3] = inside[3, 0, 5] = True  # two more, one node between them
        labels = labelled(inside)
        assert (labels > 0).tolist() == inside.tolist()
        assert labels[0, 0, 0] == labels[1, 1, 1]
        assert labels[1, 3, 5] == labels[2, 4, 4]
        assert len(np.unique(labels[inside])) == 4

    @given(st.integers(0, 2**32 - 1), st.floats(0.05, 0.5))
    @settings(max_examples=60, deadline=None)
    def test_parts_are_those_of_a_flood(self, seed: int, part: float) -> None:
        inside = np.random.default_rng(seed).random((5, 6, 7)) < part
        labels = labelled(inside)
        left = {tuple(node) for node in np.argwhere(inside).tolist()}
        while left:
            flood = [left.pop()]
            mine = set(flood)
            while flood:
                f, r, c = flood.pop()
                near = {(f + i, r + j, c + k) for i in (-1, 0, 1) for j in (-1, 0, 1) for k in (-1, 0, 1)}
                flood += near & left
                mine |= near & left
                left -= near
            numbers = {int(labels[node]) for node in mine}
            assert len(numbers) == 1
            assert int((labels == numbers.pop()).sum()) == len(mine)


class TestIndices:
    def test_of_a_ball(self) -> None:
        """27 Gy at 10.5 mm around a ball of 10 mm: every index follows from radii."""
        dose = one_dose(10.5)
        found = indices(radial(dose), ball(10))
        half = 5 ** (1 / 3)
        assert found.ci_rtog == pytest.approx(1.05**3, rel=0.01)
        assert found.ci_paddick == pytest.approx(1 / 1.05**3, rel=0.01)
        assert found.gradient_index == pytest.approx(half**3, rel=0.01)
        assert found.r50 == pytest.approx((1.05 * half) ** 3, rel=0.01)
        assert found.d2cm_percent == pytest.approx(100 * float(dose.gy(30.0)) / 27, rel=0.01)
        assert found.target_cm3 == pytest.approx(of_ball(10), rel=0.01)
        assert [found.named(name) for name in INDICES] == [
            found.ci_rtog,
            found.ci_paddick,
            found.gradient_index,
            found.r50,
            found.d2cm_percent,
        ]

    def test_of_a_ball_beside_its_dose(self) -> None:
        """Two balls of one radius R, d apart, share 1 - 3d/4R + d^3/16R^3 of either."""
        shared = 1 - 3 * 3 / 40 + 27 / 16_000
        found = indices(radial(one_dose(10)), ball(10, (3.0, 0, 0)))
        assert found.covered_cm3 / found.target_cm3 == pytest.approx(shared, abs=0.005)
        assert found.ci_paddick == pytest.approx(shared**2, abs=0.01)
        assert found.ci_rtog == pytest.approx(1.0, rel=0.01)

    def test_isodoses_that_join_are_no_index(self) -> None:
        """20 mm apart the 27 Gy isodoses of 8 mm are two, those of 13.5 Gy, of 13.7 mm, are one."""
        first, second = (-10.0, 0.0, 0.0), (10.0, 0.0, 0.0)
        grid = radial(one_dose(8, first), one_dose(8, second))
        found = indices(grid, ball(8, first), others=[ball(8, second, "PTV2")])
        assert found.ci_rtog == pytest.approx(1.0, rel=0.02)
        assert isinstance(found.ci_paddick, float)
        assert error(found.gradient_index) == error(found.r50)
        assert "13.5 Gy isodose joins that of PTV2" in error(found.r50)
        assert "PTV2" in error(found.d2cm_percent)

    def test_isodoses_apart_count_each_for_its_target(self) -> None:
        first, second = (-25.0, 0.0, 0.0), (25.0, 0.0, 0.0)
        grid = radial(one_dose(8, first), one_dose(10, second), half_mm=60)
        found = indices(grid, ball(8, first), others=[ball(10, second, "PTV2")])
        assert found.prescription_cm3 == pytest.approx(of_ball(8), rel=0.01)
        assert found.gradient_index == pytest.approx(5, rel=0.01)

    def test_what_lies_apart_counts_for_the_only_target_that_gets_the_dose(self) -> None:
        """A hot spot beside the target is part of the isodose of RTOG, unless it may be another target's."""
        first, spot, third = (-25.0, 0.0, 0.0), (25.0, 0.0, 0.0), (0.0, 40.0, 0.0)
        grid = radial(one_dose(8, first), one_dose(6, spot), one_dose(6, third), half_mm=60)
        target, other = ball(8, first), ball(6, third, "PTV3")
        alone = radial(one_dose(8, first), one_dose(6, spot), half_mm=60)
        for others in ([], [other]):
            found = indices(alone, target, others=others)
            assert found.prescription_cm3 == pytest.approx(of_ball(8) + of_ball(6), rel=0.01)
        assert "may belong to any" in error(indices(grid, target, others=[other]).ci_rtog)

    def test_a_target_that_misses_its_dose_has_none(self) -> None:
        found = indices(radial(one_dose(10)), ball(8, (-25.0, 0, 0)))
        assert found.covered_cm3 == 0
        for index in (found.ci_rtog, found.ci_paddick, found.gradient_index):
            assert "no part of it gets 27 Gy" in error(index)

    def test_an_isodose_that_the_grid_cuts_leaves_the_others(self) -> None:
        found = indices(radial(one_dose(10), half_mm=15), ball(8))
        assert found.ci_rtog == pytest.approx((10 / 8) ** 3, rel=0.01)
        assert "13.5 Gy isodose is cut by the edge of the dose grid" in error(found.r50)
        assert "grid ends less than 20 mm from it" in error(found.d2cm_percent)

    def test_a_target_that_the_grid_cuts_has_no_indices(self) -> None:
        # E34, E36
        grid = radial(one_dose(10), half_mm=30)
        with pytest.raises(IsodoseError, match=r"only .* % of it lies in the dose grid"):
            indices(grid, ball(10, (28.0, 0, 0)))
        with pytest.raises(DVHError, match="outside the dose grid"):
            indices(grid, ball(10, (90.0, 0, 0)))

    def test_messages_name_the_target(self) -> None:
        assert "structure 'PTV'" in str(indices(radial(one_dose(10)), ball(8, (-25.0, 0, 0))).ci_rtog)

    @pytest.mark.parametrize("turn", [(0, 1, 2), (1, 2, 0), (2, 0, 1)], ids=["axial", "sagittal", "coronal"])
    def test_how_the_grid_lies_does_not_matter(self, turn: tuple[int, int, int]) -> None:
        # B11, B12
        grid = radial(one_dose(10.5, (1.0, -2.0, 3.0)), half_mm=40)
        (layer,) = grid.layers
        turned = DoseGrid(
            (type(layer)(layer.stored.transpose(turn), layer.scaling_gy),),
            grid.origin_mm,
            AXIAL[list(turn)],
            grid.frame_offsets_mm,
            grid.spacing_mm,
        )
        target = ball(10, (1.0, -2.0, 3.0))
        first, second = indices(grid, target), indices(turned, target)
        for name in INDICES:
            assert second.named(name) == pytest.approx(first.named(name), rel=2e-3)


class TestFarDose:
    @pytest.mark.parametrize("kind", ["sphere", "cylinder"])
    @pytest.mark.parametrize("along", ["y", "z"])
    def test_in_a_dose_that_rises(self, kind: str, along: str) -> None:
        """It is the largest dose of the grid, unless the body ends at 10 mm: then at the end of the body."""
        grid = sampled(linear_dose(along=along, centre_gy=40, gy_per_mm=0.5), spacing_mm=2.5, half_mm=45)
        target = drawn(Shape(kind, radius_mm=10, height_mm=20), slice_mm=2, centred=False)
        assert largest_far_dose_gy(grid, target, distance_mm=20) == pytest.approx(40 + 0.5 * 45)

    @pytest.mark.parametrize(
        ("shape", "nearest_mm"),
        [
            (Shape("sphere", radius_mm=12), 32),
            (Shape("cylinder", radius_mm=12, height_mm=40), 32),  # from its side
            (Shape("cylinder", radius_mm=20, height_mm=16), 28),  # from its blunt ends
        ],
        ids=["ball", "long cylinder", "disc"],
    )
    def test_where_dose_falls_off_it_lies_at_the_distance(self, shape: Shape, nearest_mm: float) -> None:
        fall_off = gaussian_dose(sigma_mm=20, maximum_gy=50, at_mm=(0.0, 0.0, 0.0))
        grid = sampled(fall_off, spacing_mm=2.5, half_mm=55, shift_mm=(0.3, 0.9, -0.6))
        target = drawn(shape, slice_mm=2, centred=False)
        found = largest_far_dose_gy(grid, target, distance_mm=20)
        # 0.3 mm of its surface: the dose falls by 8 % in a mm
        at = {off: 50 * np.exp(-((nearest_mm + off) ** 2) / 800) for off in (-0.3, 0.3)}
        assert at[0.3] < found < at[-0.3]

    def test_outside_the_body_nothing_counts(self) -> None:
        grid = sampled(linear_dose(along="y", centre_gy=40, gy_per_mm=0.5), spacing_mm=2.5, half_mm=45)
        corners = np.array([[-40.0, -40], [40, -40], [40, 33], [-40, 33]])
        planes = drawn(Shape("cylinder", radius_mm=40, height_mm=80), slice_mm=2, centred=False).planes
        body = Structure(
            number=2, name="BODY", planes=tuple(type(p)(p.position_mm, (corners,)) for p in planes)
        )
        found = largest_far_dose_gy(grid, ball(10), distance_mm=20, external=body)
        assert found == pytest.approx(40 + 0.5 * 33, abs=0.5 * 2.5)  # to a voxel
        # the grid may end 20 mm away where the body has ended before
        cut = sampled(linear_dose(along="y", centre_gy=40, gy_per_mm=0.5), spacing_mm=2.5, half_mm=27)
        small = np.clip(corners, -24, 24)
        inner = Structure(
            number=2,
            name="BODY",
            planes=tuple(type(p)(p.position_mm, (small,)) for p in planes if abs(p.position_mm) < 24),
        )
        with pytest.raises(IsodoseError, match="ends less than 20 mm"):
            largest_far_dose_gy(cut, ball(10), distance_mm=20)
        with pytest.raises(IsodoseError, match="grid ends less than 20 mm"):
            largest_far_dose_gy(cut, ball(10), distance_mm=20, external=body)
        found = largest_far_dose_gy(cut, ball(5), distance_mm=20, external=inner)
        assert 40 < found <= 40 + 0.5 * 24 + 1e-6

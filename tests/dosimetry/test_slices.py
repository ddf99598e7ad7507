"""Slices through a target: dose on a raster against its formula, cuts of balls and boxes against theirs."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from analytic_shapes import AXIAL, Shape, drawn, gaussian_dose, linear_dose, sampled
from numpy.typing import NDArray

from rtfractions.dosimetry.slices import Direction, Slice, outlines_on, slices_of
from rtfractions.grid import DoseGrid
from rtfractions.structures import Plane, Structure

Floats = NDArray[np.float64]
Point = tuple[float, float, float]

CENTRE = (4.0, -7.0, 11.0)


def ball(radius_mm: float = 12.0, at_mm: Point = CENTRE, slice_mm: float = 2.0) -> Structure:
    return drawn(Shape("sphere", radius_mm=radius_mm), slice_mm=slice_mm, centred=True, at_mm=at_mm)


def box(
    *stretches: tuple[float, float], z: tuple[float, float], y: tuple[float, float] = (-10, 10)
) -> list[Plane]:
    """Rectangles from here to there along x on planes 2 mm apart."""
    loops = tuple(np.array([[a, y[0]], [b, y[0]], [b, y[1]], [a, y[1]]], np.float64) for a, b in stretches)
    return [Plane(float(height), loops) for height in np.arange(z[0] + 1, z[1], 2.0)]


def of(*planes: Plane, axes: Floats | None = None) -> Structure:
    return Structure(number=1, name="S", planes=planes, axes=np.eye(3) if axes is None else axes)


def turned(grid: DoseGrid, order: tuple[int, int, int]) -> DoseGrid:
    """The same doses at the same places, with other axes as frames, rows and columns."""
    (layer,) = grid.layers
    return replace(
        grid, layers=(replace(layer, stored=layer.stored.transpose(order)),), axes=grid.axes[list(order)]
    )


def flipped(grid: DoseGrid) -> DoseGrid:
    """The same doses at the same places, with frames and columns the other way round."""
    (layer,) = grid.layers
    ends = grid.position_mm(grid.shape[0] - 1, 0, grid.shape[2] - 1)
    return replace(
        grid,
        layers=(replace(layer, stored=layer.stored[::-1, :, ::-1]),),
        axes=grid.axes * [[-1.0], [1.0], [-1.0]],
        origin_mm=ends,
    )


def positions(one: Slice) -> tuple[Floats, Floats]:
    """Where the raster's cells have their middles, by the extent alone."""
    rows, columns = one.dose_gy.shape
    left, right, bottom, top = one.extent_mm
    u = left + (np.arange(columns) + 0.5) * (right - left) / columns
    v = bottom + (np.arange(rows) + 0.5) * (top - bottom) / rows
    return u, v


def point(one: Slice, u: float, v: float) -> Point:
    at = {one.axes[0]: u, one.axes[1]: v, ({"x", "y", "z"} - set(one.axes)).pop(): one.position_mm}
    return at["x"], at["y"], at["z"]


def enclosed_mm2(outlines: tuple[Floats, ...]) -> float:
    """Area inside polylines that together close, whatever the order and direction of the pieces."""
    at = np.linspace(-60, 60, 2401) + 0.013  # lines along the first axis, 0.05 mm apart
    crossings: list[list[float]] = [[] for _ in at]
    for line in outlines:
        for (u1, v1), (u2, v2) in pairwise(line.tolist()):
            for i in np.flatnonzero((at > min(v1, v2)) & (at <= max(v1, v2))).tolist():
                crossings[i].append(u1 + (at[i] - v1) / (v2 - v1) * (u2 - u1))
    assert all(len(found) % 2 == 0 for found in crossings)
    return 0.05 * sum(
        sum(end - start for start, end in zip(sorted(f)[::2], sorted(f)[1::2], strict=True))
        for f in crossings
    )


GAUSS = gaussian_dose(sigma_mm=15, maximum_gy=30, at_mm=CENTRE)
GRID = sampled(GAUSS, spacing_mm=2.5, half_mm=60, shift_mm=(0.4, 0.8, -0.3))


class TestDose:
    @pytest.mark.parametrize(
        "grid",
        [GRID, turned(GRID, (1, 2, 0)), turned(GRID, (2, 0, 1)), flipped(GRID)],
        ids=["axial", "coronal", "sagittal", "flipped"],
    )
    def test_every_cell_has_the_dose_of_its_place(self, grid: DoseGrid) -> None:
        # B11, B12
        for one in slices_of(grid, (), ball()):
            assert one.known.all()
            u, v = positions(one)
            expected = [[float(GAUSS(*map(np.asarray, point(one, x, y)))) for x in u] for y in v]
            assert one.dose_gy == pytest.approx(np.array(expected), abs=0.02)

    def test_an_oblique_grid(self) -> None:
        # B13
        angle = np.deg2rad(20)
        turn = np.array([[1, 0, 0], [0, np.cos(angle), -np.sin(angle)], [0, np.sin(angle), np.cos(angle)]])
        steps = np.arange(-25, 26) * 2.5
        axes = AXIAL @ turn
        along = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1)
        x, y, z = np.moveaxis(along @ axes, -1, 0)
        (layer,) = GRID.layers
        stored = np.round(GAUSS(x, y, z) / layer.scaling_gy).astype(np.int64)
        grid = DoseGrid(
            (replace(layer, stored=stored),), np.full(3, steps[0]) @ axes, axes, steps - steps[0], (2.5, 2.5)
        )
        for one in slices_of(grid, (), ball(), margin_mm=15):
            u, v = positions(one)
            row, column = len(v) // 3, len(u) // 4
            expected = GAUSS(*map(np.asarray, point(one, float(u[column]), float(v[row]))))
            assert one.dose_gy[row, column] == pytest.approx(float(expected), abs=0.02)

    def test_they_go_through_the_target(self) -> None:
        axial, coronal, sagittal = slices_of(GRID, (), ball())
        assert (axial.direction, coronal.direction, sagittal.direction) == ("axial", "coronal", "sagittal")
        assert axial.position_mm == pytest.approx(CENTRE[2])
        assert coronal.position_mm == pytest.approx(CENTRE[1], abs=0.01)
        assert sagittal.position_mm == pytest.approx(CENTRE[0], abs=0.01)

    def test_the_one_along_the_contours_goes_through_a_plane_of_the_target(self) -> None:
        off = drawn(Shape("sphere", radius_mm=12), slice_mm=3, centred=False)
        axial, _, _ = slices_of(GRID, (), off)
        assert abs(axial.position_mm) == pytest.approx(1.5)

    def test_how_they_are_looked_at(self) -> None:
        """Axial from the feet with anterior at the top, coronal from the front, sagittal from the left."""
        axial, coronal, sagittal = slices_of(GRID, (), ball())
        assert (axial.axes, axial.sides, axial.downwards) == (("x", "y"), ("R", "L", "P", "A"), True)
        assert (coronal.axes, coronal.sides, coronal.downwards) == (("x", "z"), ("R", "L", "I", "S"), False)
        assert (sagittal.axes, sagittal.sides, sagittal.downwards) == (
            ("y", "z"),
            ("A", "P", "I", "S"),
            False,
        )

    def test_the_raster_is_regular_and_fine(self) -> None:
        for one in slices_of(GRID, (), ball()):
            rows, columns = one.dose_gy.shape
            left, right, bottom, top = one.extent_mm
            assert (right - left) / columns == pytest.approx((top - bottom) / rows)
            assert 1 <= (right - left) / columns <= 2

    def test_they_reach_no_further_than_the_dose(self) -> None:
        grid = sampled(linear_dose(along="y", centre_gy=40, gy_per_mm=0.5), spacing_mm=2.5, half_mm=20)
        for one in slices_of(grid, (), ball(at_mm=(0.0, 0.0, 0.0))):
            left, right, bottom, top = one.extent_mm
            assert min(left, bottom) >= -20 - 1
            assert max(right, top) <= 20 + 1
            assert one.known.all()

    def test_what_the_grid_does_not_have_is_not_known(self) -> None:
        grid = sampled(linear_dose(along="y", centre_gy=40, gy_per_mm=0.5), spacing_mm=2.5, half_mm=30)
        angle = np.pi / 4
        turn = np.array([[np.cos(angle), np.sin(angle), 0], [-np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
        oblique = replace(grid, axes=grid.axes @ turn, origin_mm=grid.origin_mm @ turn)
        axial, _, _ = slices_of(oblique, (), ball(at_mm=(0.0, 0.0, 0.0)))
        assert 0.4 < axial.known.mean() < 0.8  # a square on its corner, in a square
        assert (axial.dose_gy[~axial.known] == 0).all()


class TestCuts:
    @pytest.mark.parametrize("direction", ["axial", "coronal", "sagittal"])
    def test_a_ball_is_cut_in_circles(self, direction: str) -> None:
        found = dict(zip(("axial", "coronal", "sagittal"), slices_of(GRID, (ball(),), ball()), strict=True))
        one = found[direction]
        (cut,) = one.structures
        middle = {"x": CENTRE[0], "y": CENTRE[1], "z": CENTRE[2]}
        away = np.concatenate(cut.outlines_mm) - [middle[axis] for axis in one.axes]
        radius = np.hypot(*away.T)
        # The end is flat, half a slice beyond the outermost plane, 10 mm from the middle: 11^2 + 6.63^2 = 12.85^2.
        assert radius.max() < (12.86 if direction != "axial" else 12.01)
        assert np.median(radius) == pytest.approx(12.0, abs=0.01)
        assert enclosed_mm2(tuple(line - [middle[a] for a in one.axes] for line in cut.outlines_mm)) == (
            pytest.approx(np.pi * 144, rel=0.03)
        )

    def test_beside_the_middle_the_circle_is_smaller(self) -> None:
        outlines = outlines_on(ball(at_mm=(0.0, 0.0, 0.0)), "sagittal", 8.0)
        assert enclosed_mm2(outlines) == pytest.approx(np.pi * (144 - 64), rel=0.02)

    def test_what_lies_beside_is_not_cut(self) -> None:
        beside: dict[Direction, float] = {"axial": 11.0 + 14, "coronal": 5.1, "sagittal": -8.1}
        for direction, at in beside.items():
            assert outlines_on(ball(), direction, at) == ()
        far = ball(at_mm=(50.0, 50.0, 50.0))
        assert all(one.structures == () for one in slices_of(GRID, (far,), ball(), margin_mm=5))

    def test_a_box_is_cut_in_rectangles(self) -> None:
        outlines = outlines_on(of(*box((-5, 15), z=(0, 30))), "coronal", 3.0)
        points = np.concatenate(outlines)
        assert points.min(axis=0).tolist() == pytest.approx([-5, 0])
        assert points.max(axis=0).tolist() == pytest.approx([15, 30])
        assert enclosed_mm2(outlines) == pytest.approx(20 * 30, rel=2e-3)

    def test_what_branches_has_faces(self) -> None:
        """Two legs of 10 mm under a body of 40 mm: an outline, and none across."""
        legs, body = box((-20, -10), (10, 20), z=(0, 20)), box((-20, 20), z=(20, 40))
        outlines = outlines_on(of(*legs, *body), "coronal", 0.0)
        assert enclosed_mm2(outlines) == pytest.approx(2 * 10 * 20 + 40 * 20, rel=2e-3)
        crotch = [line for line in outlines if np.ptp(line[:, 1]) == 0 and line[0, 1] == 20]
        assert [sorted(line[:, 0].tolist()) for line in crotch] == [[-10, 10]]

    def test_a_hole_is_cut_too(self) -> None:
        outer, hole = box((-20, 20), z=(0, 20)), box((-5, 5), z=(0, 20), y=(-5, 5))
        planes = [Plane(o.position_mm, o.loops + h.loops) for o, h in zip(outer, hole, strict=True)]
        assert enclosed_mm2(outlines_on(of(*planes), "coronal", 0.0)) == pytest.approx(30 * 20, rel=2e-3)
        assert enclosed_mm2(outlines_on(of(*planes), "coronal", 7.0)) == pytest.approx(40 * 20, rel=2e-3)

    def test_parts_apart_stay_apart(self) -> None:
        # E24
        planes = [*box((-5, 5), z=(0, 10)), *box((-5, 5), z=(30, 40))]
        outlines = outlines_on(of(*planes), "sagittal", 0.0)
        assert enclosed_mm2(outlines) == pytest.approx(20 * (10 + 10), rel=2e-3)

    def test_structures_drawn_in_other_planes(self) -> None:
        # E32: the same ball drawn on sagittal planes, (u, v, w) = (y, z, x)
        at_origin = ball(at_mm=(0.0, 0.0, 0.0))
        sagittal = of(*at_origin.planes, axes=np.eye(3)[[1, 2, 0]])
        for direction in ("axial", "coronal", "sagittal"):
            area = enclosed_mm2(outlines_on(sagittal, direction, 0.0))
            assert area == pytest.approx(np.pi * 144, rel=0.03)
        _, _, one = slices_of(GRID, (sagittal,), sagittal)
        assert one.position_mm == 0.0

    def test_a_structure_drawn_on_oblique_planes(self) -> None:
        angle = np.deg2rad(30)
        axes = np.array([[1, 0, 0], [0, np.cos(angle), np.sin(angle)], [0, -np.sin(angle), np.cos(angle)]])
        oblique = of(*ball(at_mm=(0.0, 0.0, 0.0), slice_mm=1).planes, axes=axes)
        for direction in ("axial", "coronal", "sagittal"):
            area = enclosed_mm2(outlines_on(oblique, direction, 0.0))
            assert area == pytest.approx(np.pi * 144, rel=0.03)

    def test_points_have_no_cut(self) -> None:
        points = Structure(number=3, name="ISO", points_mm=np.array([CENTRE]))
        assert all(one.structures == () for one in slices_of(GRID, (points,), ball()))

    def test_a_single_plane_is_seen_along_it_alone(self) -> None:
        # E20
        one = of(*box((-5, 5), z=(0, 2)))
        assert len(outlines_on(one, "axial", 1.0)) == 1
        assert outlines_on(one, "axial", 4.0) == ()
        assert outlines_on(one, "coronal", 0.0) == ()

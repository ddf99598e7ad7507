"""Areas by the even-odd rule: closed forms, and an exact reckoning by trapezia for loops that cross anyhow."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from rtfractions.loops import boxes_meet, difference_mm2, joined, measured, together
from rtfractions.structures import area_mm2

Loop = NDArray[np.float64]


def box(width: float, height: float, u: float = 0.0, v: float = 0.0) -> Loop:
    return np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]]) * (width, height) + (u, v)


def regular(corners: int, radius: float = 10.0, step: int = 1) -> Loop:
    angle = 2 * np.pi * step * np.arange(corners) / corners
    return radius * np.stack((np.cos(angle), np.sin(angle)), axis=1)


def cross(a: Loop, b: Loop) -> float:
    return float(a[0] * b[1] - a[1] * b[0])


def exact_even_odd(*loops: Loop) -> float:
    """Between heights where edges end or cross, the length inside changes linearly: trapezia give the area."""
    edges = [(a, b) for loop in loops for a, b in zip(loop, np.roll(loop, -1, axis=0), strict=True)]
    heights = {float(v) for loop in loops for v in loop[:, 1]}
    for i, (a, b) in enumerate(edges):
        for c, d in edges[:i]:
            determinant = cross(b - a, d - c)
            if determinant:
                s, t = cross(c - a, d - c) / determinant, cross(c - a, b - a) / determinant
                if 0 <= s <= 1 and 0 <= t <= 1:
                    heights.add(float(a[1] + s * (b[1] - a[1])))
    area = 0.0
    for low, high in pairwise(sorted(heights)):
        v = (low + high) / 2
        at = sorted(
            a[0] + (v - a[1]) / (b[1] - a[1]) * (b[0] - a[0]) for a, b in edges if (a[1] > v) != (b[1] > v)
        )
        area += (high - low) * sum(right - left for left, right in zip(at[::2], at[1::2], strict=True))
    return area


def doubts(*loops: Loop) -> tuple[float, float]:
    """Area in doubt because loops cross themselves, and because they overlap."""
    points, starts = joined(loops)
    area, twisted = measured(points, starts)
    one_plane = np.zeros(len(loops), np.int64)
    return float(twisted.sum()), float(together(points, starts, one_plane, area).overlap_mm2[0])


KEYHOLE = np.array(
    [
        *([-10, -10], [10, -10], [10, 10], [-10, 10], [-10, 0]),
        *([-5, 0], [-5, 5], [5, 5], [5, -5], [-5, -5], [-5, 0], [-10, 0]),
    ],
    float,
)
"""A box of 20 mm with a hole of 10 mm, as one contour with a channel of no width."""


@pytest.mark.parametrize(
    ("loops", "expected"),
    [
        ([box(30, 20)], 600.0),
        ([regular(64, 10)], 32 * 100 * math.sin(2 * math.pi / 64)),
        ([box(30, 20, 100, -400), box(5, 4, -100, 300)], 620.0),
        ([box(20, 20), box(10, 10)], 300.0),  # E27, a hole
        ([box(20, 20), box(10, 10)[::-1]], 300.0),  # E27, a hole, wound the other way
        ([box(10, 10), box(20, 20)], 300.0),  # E33
        ([KEYHOLE], 300.0),  # E27
        ([box(20, 20), box(10, 10), box(4, 4)], 316.0),  # an island in a hole
        ([box(10, 10), box(10, 10, 10)], 200.0),  # with a common edge
        ([box(20, 20), box(10, 10, -5)], 300.0),  # a hole that touches the edge from within
        ([box(20, 20), box(10, 10, -3, -2), box(2, 2, 8, 8), box(1, 1, -3, -2)], 400 - 100 - 4 + 1),
    ],
)
def test_separate_and_nested_loops_are_exact_and_not_in_doubt(loops: list[Loop], expected: float) -> None:
    assert area_mm2(tuple(loops)) == pytest.approx(expected, rel=1e-12)
    assert doubts(*loops) == (0.0, 0.0)


def test_a_bow_tie_is_both_its_triangles() -> None:  # E30: its signed area is 0
    tie = np.array([[-10, -5], [10, 5], [10, -5], [-10, 5]], float)
    assert area_mm2((tie,)) == pytest.approx(100.0, rel=1e-3)
    assert area_mm2((tie[:, ::-1],)) == pytest.approx(100.0, rel=1e-3)
    assert doubts(tie)[0] > 40


def test_the_middle_of_a_pentagram_is_outside() -> None:  # E30
    inner = 10 * math.cos(math.radians(72)) / math.cos(math.radians(36))
    tip = inner * math.sin(math.radians(36)) * (10 - inner * math.cos(math.radians(36)))
    assert area_mm2((regular(5, 10, step=2),)) == pytest.approx(5 * tip, rel=2e-3)


def test_an_overlap_counts_as_outside_and_is_told() -> None:  # E28
    assert area_mm2((box(20, 20), box(20, 20, 15, 0))) == pytest.approx(800 - 2 * 100, rel=2e-3)
    assert doubts(box(20, 20), box(20, 20, 15, 0))[1] == pytest.approx(100, rel=0.1)


@pytest.mark.parametrize("shift", [(19.0, 0.0), (0.0, 19.0)])
def test_a_thin_overlap_is_found_along_either_axis(shift: tuple[float, float]) -> None:  # E28
    assert doubts(box(20, 20), box(20, 20, *shift))[1] == pytest.approx(20, rel=0.3)


def test_an_overlap_of_small_loops_far_from_others_is_found() -> None:  # E28
    far = [box(4, 4, 400 * i, 300 * i) for i in range(3)]
    assert doubts(*far, box(4, 4, 403, 301))[1] == pytest.approx(1 * 3, rel=0.2)
    assert area_mm2((*far, box(4, 4, 403, 301))) == pytest.approx(64 - 2 * 3, rel=2e-3)


LOOPS = st.lists(
    arrays(np.float64, st.tuples(st.integers(3, 7), st.just(2)), elements=st.integers(-40, 40).map(float)),
    min_size=1,
    max_size=4,
)


@given(LOOPS)
@settings(max_examples=100, deadline=None)
def test_any_loops_have_their_even_odd_area(loops: list[Loop]) -> None:  # E28, E30
    box_mm2 = float(np.prod(np.ptp(np.concatenate(loops), axis=0)))
    # 0.2 % of the area, and what hides between the search lines: overlaps of under 0.1 % of the box
    assert area_mm2(tuple(loops)) == pytest.approx(
        exact_even_odd(*loops), rel=2e-3, abs=2e-3 * box_mm2 + 1e-9
    )


@given(st.integers(3, 40), st.integers(0, 39), st.floats(0, 6.3), st.booleans(), st.integers(0, 2**32 - 1))
def test_start_winding_and_direction_do_not_matter(
    corners: int, start: int, turn: float, reverse: bool, seed: int
) -> None:  # E33
    radius = np.random.default_rng(seed).uniform(5, 50, (corners, 1))
    star = regular(corners, 1.0) * radius  # star-shaped about its middle, so it cannot cross itself
    hole = regular(12, 0.4 * math.cos(math.pi / corners) * 5)
    expected = area_mm2((star, hole))
    rotation = np.array([[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]])
    moved = np.roll(star, start, axis=0)[:: -1 if reverse else 1] @ rotation + (100.0, -70.0)
    assert area_mm2((hole @ rotation + (100.0, -70.0), moved)) == pytest.approx(expected, rel=1e-9)


def test_many_loops_are_measured_as_each_alone() -> None:
    random = np.random.default_rng(5)
    loops = [random.uniform(-9, 9, (int(n), 2)) for n in random.integers(3, 40, 900)]
    loops[321] = regular(100_000, 33.0)  # larger than what is measured at once
    together_mm2 = measured(*joined(loops)).area_mm2
    for i in (0, 1, 320, 321, 322, 899):
        assert together_mm2[i] == pytest.approx(measured(*joined([loops[i]])).area_mm2[0], rel=1e-12)


def test_many_planes_are_measured_as_each_alone() -> None:
    random = np.random.default_rng(6)
    planes = [
        [regular(40, radius) + random.uniform(-20, 20, 2) for radius in random.uniform(1, 20, int(n))]
        for n in random.integers(1, 7, 400)
    ]
    planes[123] = [regular(50_000, radius) for radius in (30.0, 20.0)]  # more than is measured at once
    points, starts = joined([loop for loops in planes for loop in loops])
    plane = np.repeat(np.arange(400), [len(loops) for loops in planes])
    found = together(points, starts, plane, measured(points, starts).area_mm2)
    for i, loops in enumerate(planes):
        assert found.area_mm2[i] == pytest.approx(area_mm2(tuple(loops)), rel=1e-12)
        assert found.overlap_mm2[i] == pytest.approx(doubts(*loops)[1], rel=1e-9, abs=1e-12)
    assert (found.overlap_mm2 > 0).mean() > 0.5


def test_loops_without_extent_have_no_area() -> None:  # E12
    line = np.array([[0, 0], [10, 5], [20, 10]], float)
    point = np.zeros((3, 2))
    assert measured(*joined([line, point, line[:, ::-1]])).area_mm2.tolist() == [0, 0, 0]


def test_difference_of_two_loops() -> None:
    assert difference_mm2(box(20, 20), box(20, 20, 5)) == pytest.approx(200, rel=0.02)
    assert difference_mm2(box(20, 20), box(20, 20)) == 0


def test_boxes_meet_where_they_have_area_in_common() -> None:
    meet = boxes_meet(np.array([[0, 0, 2, 2], [1, 1, 3, 3], [2, 0, 4, 2]], float))
    assert meet.tolist() == [[False, True, False], [True, False, True], [False, True, False]]

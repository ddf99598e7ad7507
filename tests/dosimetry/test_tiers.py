"""What of several slabs stands between two planes of voxels is one sample, where and as large as its parts make it."""

from collections.abc import Sequence
from math import sqrt

import numpy as np
import pytest
from analytic_shapes import AXIAL, Floats, Shape, drawn, sampled
from hypothesis import given
from hypothesis import strategies as st

from rtfractions.dosimetry import model_of, modelling, scanline, structure_dvh
from rtfractions.dosimetry.engine import samples
from rtfractions.dosimetry.sampling import Lines, Steps, lines_of
from rtfractions.dosimetry.shapes import Section
from rtfractions.dosimetry.tiers import Layers, tiers_of
from rtfractions.structures import Plane, Structure


def rectangle(low: tuple[float, float], high: tuple[float, float]) -> Floats:
    return np.array([low, (high[0], low[1]), high, (low[0], high[1])])


def standing(loop: Floats, low_mm: float, high_mm: float, part: float = 1.0) -> Section:
    """A rectangle in one layer."""
    area = float(np.prod(loop[2] - loop[0]))
    middle, thickness = (low_mm + high_mm) / 2, high_mm - low_mm
    return Section((loop,), area, np.array([middle]), np.array([thickness]), np.array([part]))


def steps(w_edges: Sequence[float], scanlines: int = 1) -> Steps:
    """Cells of 2 x 2 mm from 0 to 8, in tiers between some edges."""
    edges, w = np.arange(0.0, 8.5, 2.0), np.array(w_edges)
    return Steps(2.0, 2.0, 2.0, edges, edges, w, w, scanlines)


def only(lines: list[Lines]) -> Lines:
    assert len(lines) == 1
    return lines[0]


def test_two_slabs_in_a_gap_are_one_sample_a_cell() -> None:
    # A gap from 0 to 2.5 mm, of which the lower slab has 1 mm and the upper one 1.5 mm: both fill 2 x 2 cells.
    square = rectangle((0, 0), (4, 4))
    found = only(list(lines_of([standing(square, 0, 1), standing(square, 1, 2.5)], AXIAL, steps([0, 2.5]))))
    assert len(found.u_mm) == 4
    assert found.local_mm.tolist() == [[1, 1, 1.25], [3, 1, 1.25], [1, 3, 1.25], [3, 3, 1.25]]
    assert found.weight_cm3 == pytest.approx(np.full(4, 2 * 2 * 2.5 / 1000))
    for size, expected in ((found.length_mm, 2), (found.height_mm, 2), (found.thickness_mm, 2.5)):
        assert size == pytest.approx(np.full(4, expected))


def test_a_step_between_two_slabs_is_where_its_parts_are() -> None:
    # By hand: below 0 to 1 along u in 1 mm, above 0 to 2 in 1.5 mm; 2 mm along v.
    lower, upper = rectangle((0, 0), (1, 2)), rectangle((0, 0), (2, 2))
    sections = [standing(lower, 0, 1), standing(upper, 1, 2.5)]
    found = only(list(lines_of(sections, AXIAL, steps([0, 2.5]))))
    volume = np.array([1 * 2 * 1.0, 2 * 2 * 1.5])
    u, w = (volume @ np.array(middles) / volume.sum() for middles in ([0.5, 1.0], [0.5, 1.75]))
    u2 = volume @ np.array([0.5**2 + 1 / 12, 1 + 4 / 12]) / volume.sum() - u**2
    w2 = volume @ np.array([0.5**2 + 1 / 12, 1.75**2 + 1.5**2 / 12]) / volume.sum() - w**2
    assert found.weight_cm3 == pytest.approx([volume.sum() / 1000])
    assert found.local_mm[0] == pytest.approx([u, 1.0, w])
    assert found.length_mm == pytest.approx([sqrt(12 * u2)])
    assert found.height_mm == pytest.approx([2.0])
    assert found.thickness_mm == pytest.approx([sqrt(12 * w2)])


def test_a_slab_over_several_gaps_is_the_same_in_each() -> None:
    square = rectangle((0, 0), (3, 2))
    section = Section((square,), 6.0, np.array([1.0, 3.0, 5.0]), np.full(3, 2.0), np.ones(3))
    found = only(list(lines_of([section], AXIAL, steps([0, 2, 4, 6]))))
    assert sorted(found.local_mm.tolist()) == [[u, 1.0, w] for u in (1.0, 2.5) for w in (1.0, 3.0, 5.0)]
    assert found.weight_cm3.sum() == pytest.approx(6 * 6 / 1000)


def test_sections_that_fade_into_each_other_fill_their_layer_together() -> None:
    # A quarter of one and three quarters of the other, side by side.
    left, right = rectangle((0, 0), (2, 2)), rectangle((4, 0), (6, 2))
    sections = [standing(left, 0, 2, 0.25), standing(right, 0, 2, 0.75)]
    found = only(list(lines_of(sections, AXIAL, steps([0, 2]))))
    assert found.u_mm == pytest.approx([1.0, 5.0])
    assert found.weight_cm3 == pytest.approx([0.25 * 8 / 1000, 0.75 * 8 / 1000])
    assert found.thickness_mm == pytest.approx([2.0, 2.0])


@pytest.mark.parametrize("radius", [36.1, 36.4, 37.3, 37.8, 38.2, 38.9])
def test_nothing_lies_between_two_parts_that_meet_in_a_gap(radius: float) -> None:
    # Round parts on either side of y = 0, one below 0.55 mm, between two frames, and one above. The dose falls to both
    # sides by 1 Gy a mm: the greatest is that of the vertex next to y = 0, where it is 180 Gy, and nothing inside.
    angle = np.arange(200) * (2 * np.pi / 200)
    circle = radius * np.column_stack((np.cos(angle), np.sin(angle)))
    planes = tuple(
        Plane(3.0 * k + 2.05, (circle + np.array([0.3, 80 if k < 0 else -80]),)) for k in range(-20, 20)
    )
    grid = sampled(lambda x, y, z: 180 - abs(y) + 0 * (x + z), spacing_mm=2.4, half_mm=125)
    found = structure_dvh(Structure(number=1, name="parts", planes=planes), grid)
    assert found.maximum_gy == pytest.approx(180 - (80 - radius), abs=1e-3)
    assert found.minimum_gy == pytest.approx(180 - (80 + radius), abs=1e-3)


def test_rows_without_anything_ask_for_no_dose_far_away() -> None:
    lower, upper = rectangle((0, 102), (2, 104)), rectangle((0, 110), (2, 112))
    edges = np.arange(100.0, 120.0, 2.0)
    found = only(
        list(
            lines_of(
                [standing(lower, 0, 1), standing(upper, 1, 2)],
                AXIAL,
                steps([0, 2])._replace(v_edges_mm=edges),
            )
        )
    )
    assert found.weight_cm3.sum() == pytest.approx(2 * 2 * 2 / 1000)
    assert sorted(set(found.v_mm.tolist())) == [103.0, 111.0]


@given(
    slabs=st.lists(st.floats(0.2, 6), min_size=1, max_size=12),
    gap=st.floats(0.5, 5),
    parts=st.lists(st.sampled_from([0.0, 0.25, 1.0]), min_size=12, max_size=12),
)
def test_tiers_hold_what_their_layers_do(slabs: list[float], gap: float, parts: list[float]) -> None:
    """Volume and first and second moment along w are those of the layers; no tier reaches over an edge."""
    bounds = np.concatenate(([0.0], np.cumsum(slabs)))
    edges = np.arange(-gap, bounds[-1] + 2 * gap, gap)
    cuts = np.unique(np.concatenate((bounds, edges[(edges > 0) & (edges < bounds[-1])])))
    w, thickness = (cuts[1:] + cuts[:-1]) / 2, np.diff(cuts)
    section = np.searchsorted(bounds, w) - 1
    part = np.array(parts)[section]
    if not part.any():
        return
    layers = Layers(section, w, thickness, part)
    tiers = tiers_of(layers, edges)
    filled = tiers.thickness_mm * tiers.part
    assert filled.sum() == pytest.approx((thickness * part).sum())
    assert filled @ tiers.w_mm == pytest.approx((thickness * part) @ w)
    of = np.repeat(np.arange(len(tiers.times)), tiers.times)
    shares = np.bincount(tiers.pieces.tier, tiers.pieces.share)
    assert shares == pytest.approx(np.ones(len(tiers.times)))
    above, size = tiers.pieces.above, tiers.pieces.thickness
    second = np.bincount(tiers.pieces.tier, tiers.pieces.share * (above**2 + size**2 / 12))
    squares = filled @ (tiers.w_mm**2 + second[of] * tiers.thickness_mm**2)
    assert squares == pytest.approx((thickness * part) @ (w**2 + thickness**2 / 12))
    gaps = np.searchsorted(edges, tiers.w_mm)
    assert len(set(gaps.tolist())) == len(gaps)


def test_batches_hold_each_tier_once() -> None:
    square = rectangle((0, 0), (8, 8))
    bounds = np.arange(0, 303, 3.0)
    edges = np.arange(0, 302.6, 2.5)
    layers = Layers(np.arange(100), bounds[:-1] + 1.5, np.full(100, 3.0), np.ones(100))
    whole = tiers_of(layers, edges)
    some = [whole.between(first, first + 7) for first in range(0, len(whole.times), 7)]
    assert np.concatenate([one.w_mm for one in some]).tolist() == whole.w_mm.tolist()
    assert np.concatenate([one.pieces.section for one in some]).tolist() == whole.pieces.section.tolist()
    sections = [standing(square, low, low + 3) for low in bounds[:-1].tolist()]
    found = list(lines_of(sections, AXIAL, steps(edges.tolist())))
    assert sum(float(one.weight_cm3.sum()) for one in found) == pytest.approx(64 * 300 / 1000)


CYLINDER = drawn(Shape("cylinder", "z", 40, 80), slice_mm=3, centred=False, at_mm=(0.3, 0.4, 0.7))

SPIKES = sampled(lambda x, y, z: 60.0 * (np.round(z / 2) % 2 == 0) + 0 * (x + y), spacing_mm=2, half_mm=60)
"""Every other frame has 60 Gy, and those between nothing."""


@pytest.mark.parametrize("most", [40_000, 25_000, 13_000])
def test_too_many_samples_are_not_cut_where_no_fewer_come_of_it(
    most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Some 50 000 samples. Steps of 1.1, 1.3 and 1.6 voxels still ask for voxels of 2 mm, so that nothing is averaged.
    monkeypatch.setattr(modelling, "MOST_SAMPLES", most)
    slabs = CYLINDER.slabs_mm
    assert slabs is not None
    z = np.linspace(slabs[0, 0], slabs[-1, 1], 1_000_001)
    mean = np.interp(z, np.arange(-60, 61, 2), [60.0, 0.0] * 30 + [60.0]).mean()
    assert structure_dvh(CYLINDER, SPIKES).mean_gy == pytest.approx(mean, rel=1e-3)


def test_samples_larger_than_voxels_get_doses_that_the_grid_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(modelling, "MOST_SAMPLES", 6000)
    model = model_of(CYLINDER, (SPIKES,))
    for lines, (doses,) in samples(model, (SPIKES,)):
        expected, inside = SPIKES.sample_gy(lines.points_mm)
        assert max(lines.thickness_mm) > 3
        assert inside.all()
        assert doses.known.all()
        assert doses.dose_gy == pytest.approx(expected, abs=1e-5)


def test_planes_are_scanned_in_batches_as_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    # Squares of 1, 2, .. 9 mm, each with a hole half as wide in its middle, on 8 lines: by hand.
    monkeypatch.setattr(scanline, "_CROSSINGS", 20)
    planes = []
    for size in range(1, 10):
        outer = rectangle((0, 0), (size, 8))
        planes.append((outer, rectangle((size / 4, 2), (3 * size / 4, 6))))
    found = scanline.scanned(planes, np.arange(0.0, 9.0), np.zeros(9))
    assert found.plane_of_line.tolist() == np.repeat(np.arange(9), 8).tolist()
    expected = [
        (8 * k + n, start, end)
        for k, size in enumerate(range(1, 10))
        for n in range(8)
        for start, end in ([(0, size / 4), (3 * size / 4, size)] if 2 <= n < 6 else [(0, size)])
    ]
    assert list(zip(found.line.tolist(), found.start_mm, found.end_mm, strict=True)) == expected

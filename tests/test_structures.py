"""Structures: slabs, volumes and names, against closed forms and the hazard catalogue."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from rtfractions.errors import RTFractionsError
from rtfractions.names import folded, normal
from rtfractions.structures import Plane, RefusedStructure, Structure, StructureError, StructureSet

SQUARE = np.array([[0, 0], [10, 0], [10, 10], [0, 10]], float)
"""100 mm2: a slab of 10 mm is 1 cm3."""


def structure(*positions: float, slab_thickness_mm: float | None = None, **other: Any) -> Structure:
    planes = tuple(Plane(position, (SQUARE,)) for position in positions)
    return Structure(number=1, name="S", planes=planes, slab_thickness_mm=slab_thickness_mm, **other)


def named(*names: str, refused: tuple[RefusedStructure, ...] = ()) -> StructureSet:
    structures = tuple(Structure(number=i + 1, name=name) for i, name in enumerate(names))
    return StructureSet("1.2", None, None, structures, refused)


@pytest.mark.parametrize(
    ("positions", "thickness_mm"),
    [
        ((0, 3, 6, 9), 12),  # half a slice beyond both ends
        ((-9, -6, -3, 0), 12),
        ((0, 2, 5, 6, 10), 1 + 10 + 2),  # E21
        ((0, 0.5), 1),
        ((0, 3, 6, 30, 33), 9 + 6),  # E24, two parts
        ((0, 3, 6, 30), 9 + 3),  # E24, and a part of one plane
        ((0, 3, 6, 12, 15), 18),  # E24, a gap that is bridged
        ((0, 3, 10.6), 6 + 3),  # E24, the lesser of two distances is the usual one
    ],
)
def test_a_volume_is_area_times_slabs(positions: tuple[float, ...], thickness_mm: float) -> None:
    assert structure(*positions).volume_cm3 == pytest.approx(thickness_mm / 10, rel=1e-12)


def test_slabs_meet_half_way_and_end_as_far_out_as_in() -> None:  # E21, E26
    slabs = structure(0, 2, 5).slabs_mm
    assert slabs is not None
    assert slabs.tolist() == [[-1, 1], [1, 3.5], [3.5, 6.5]]


@given(st.lists(st.floats(0.5, 5), min_size=1, max_size=30), st.floats(-500, 500))
def test_slabs_leave_no_hole_and_no_overlap_unless_parts_are_apart(gaps: list[float], start: float) -> None:
    one = structure(*(start + np.concatenate(([0.0], np.cumsum(gaps)))))
    slabs, usual = one.slabs_mm, one.spacing_mm
    assert slabs is not None
    assert usual is not None
    assert (slabs[:, 0] < one.positions_mm).all()
    assert (slabs[:, 1] > one.positions_mm).all()
    between = slabs[1:, 0] - slabs[:-1, 1]
    apart = np.diff(one.positions_mm) > 2.5 * usual
    assert np.allclose(between[~apart], 0, atol=1e-9)
    assert np.allclose(between[apart], np.diff(one.positions_mm)[apart] - usual)


def test_a_single_plane_has_a_volume_only_with_a_thickness() -> None:  # E20
    assert structure(5).volume_cm3 is None
    assert structure(5).spacing_mm is None
    assert structure(5).slabs_mm is None
    assert structure(5, slab_thickness_mm=3).volume_cm3 == pytest.approx(0.3)


def test_points_have_no_volume() -> None:  # E8
    point = Structure(number=1, name="ISO", points_mm=np.array([[1.0, 2, 3]]))
    assert not point.closed
    assert point.volume_cm3 is None
    assert len(point.vertices_mm) == 0
    assert structure(0, 1).closed


def test_a_hole_is_no_volume() -> None:  # E27
    plane = [Plane(z, (SQUARE, SQUARE * 0.5 + 1)) for z in (0.0, 10.0)]
    assert Structure(number=1, name="S", planes=tuple(plane)).volume_cm3 == pytest.approx(1.5)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([[1, 0, 0], [0, 1, 0], [0, 0, 1]], [10, 0, 7]),
        ([[0, 1, 0], [0, 0, 1], [1, 0, 0]], [7, 10, 0]),
        ([[0, 0, 1], [1, 0, 0], [0, 1, 0]], [0, 7, 10]),
    ],
)
def test_vertices_are_patient_coordinates(rows: list[list[float]], expected: list[float]) -> None:
    vertices = structure(7, axes=np.array(rows, float)).vertices_mm
    assert vertices.shape == (4, 3)
    assert vertices[1].tolist() == expected


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(StructureError, match="ascending"):
        structure(3, 0)
    with pytest.raises(StructureError, match="ascending"):
        structure(0, 0)
    with pytest.raises(StructureError, match="orthogonal"):
        structure(0, 1, axes=np.ones((3, 3)))
    with pytest.raises(StructureError, match="right-handed"):
        structure(0, 1, axes=np.diag([1.0, 1.0, -1.0]))
    with pytest.raises(StructureError, match="three points"):
        Plane(0, (SQUARE[:2],))
    with pytest.raises(StructureError, match="no contour"):
        Plane(0, ())


def test_more_loops_than_can_be_told_apart_are_refused() -> None:
    with pytest.raises(StructureError, match="1001 contours on one plane"):
        Plane(0, (SQUARE,) * 1001)


def test_a_name_is_found_after_normalisation_and_trimming() -> None:  # E6, E42
    found = named("PTV", "Läsion").named(" La\u0308sion ")
    assert found.number == 2


@pytest.mark.parametrize(
    ("names", "asked"),
    [
        (("PTV", "PTV"), "PTV"),  # E5
        (("PTV", "PTV "), "PTV"),  # E6
        (("PTV", "ptv"), "PTV"),
        (("PTV", "ptv"), "ptv"),
        (("PTV", "ＰＴＶ"), "PTV"),  # full width
        (("L\u00e4sion", "La\u0308sion"), "L\u00e4sion"),
        (("Maß", "MASS"), "Maß"),
    ],
)
def test_a_name_that_people_would_take_for_another_is_refused(names: tuple[str, str], asked: str) -> None:
    with pytest.raises(StructureError, match=r"\(1\), .*\(2\) differ too little: choose by number"):
        named(*names).named(asked)
    assert named(*names).numbered(2).name == names[1]  # E5


def test_a_refused_structure_makes_a_name_ambiguous_too() -> None:
    refused = RefusedStructure(9, "ptv", StructureError("has no contours"))
    with pytest.raises(StructureError, match=r"'ptv' \(9\) differ too little"):
        named("PTV", refused=(refused,)).named("PTV")


def test_no_name_is_guessed_and_what_is_there_is_listed() -> None:  # E6
    with pytest.raises(StructureError, match=r"no structure 'ptv'.*there are 'PTV' \(1\), 'Cord' \(2\)"):
        named("PTV", "Cord").named("ptv")
    with pytest.raises(StructureError, match=r"no structure 'PTV 1'"):
        named("PTV1").named("PTV 1")
    with pytest.raises(StructureError, match="no structure of number 3: there are 'PTV'"):
        named("PTV", "Cord").numbered(3)
    with pytest.raises(StructureError, match="the set has no structures"):
        named().named("PTV")


def test_a_long_list_is_cut() -> None:
    with pytest.raises(StructureError) as refused:
        named(*(f"S{i}" for i in range(1000))).named("PTV")
    assert "and 960 more" in str(refused.value)


def test_a_refused_structure_says_why_each_time() -> None:
    refused = RefusedStructure(9, "Cord", StructureError("has no contours"))
    structures = named("PTV", refused=(refused,))
    for _ in range(2):
        with pytest.raises(RTFractionsError, match="has no contours"):
            structures.named("Cord")
        with pytest.raises(RTFractionsError, match="has no contours"):
            structures.numbered(9)


def test_names_are_printed_escaped() -> None:  # E41
    with pytest.raises(StructureError) as refused:
        named("PTV\x1b[31m\u202e").named("x")
    assert "\x1b" not in str(refused.value)
    assert "\u202e" not in str(refused.value)


@given(st.text())
def test_names_alike_are_alike_folded(name: str) -> None:
    assert folded(normal(name)) == folded(name)
    assert folded(name.upper().lower()) == folded(folded(name.upper().lower()))


def test_a_cylinder_converges_to_its_volume() -> None:  # E26
    def disc(points: int) -> NDArray[np.float64]:
        angle = 2 * np.pi * np.arange(points) / points
        return 15 * np.stack((np.cos(angle), np.sin(angle)), axis=1)

    planes = tuple(Plane(2.5 * i, (disc(256),)) for i in range(20))
    volume = Structure(number=1, name="S", planes=planes).volume_cm3
    assert volume == pytest.approx(math.pi * 15**2 * 50 / 1000, rel=2e-4)

"""Voxels in structures: by their centre, even-odd, whatever the orientations."""

import numpy as np
import pytest
from numpy.typing import NDArray

from rtfractions.biology import AlphaBeta
from rtfractions.dosimetry.conversion import ConversionError, PhaseDose
from rtfractions.dosimetry.converted_grid import ConvertedGrid, StructureAlphaBeta
from rtfractions.dosimetry.voxels import VoxelsInside
from rtfractions.grid import DoseGrid, Layer
from rtfractions.structures import Plane, Structure, StructureError

Floats = NDArray[np.float64]

AXIAL = np.eye(3)
SAGITTAL = np.array([[0.0, 1, 0], [0, 0, 1], [1, 0, 0]])
CORONAL = np.array([[0.0, 0, 1], [1, 0, 0], [0, 1, 0]])


def rotated(*angles: float) -> Floats:
    """A rotation about x, then y, then z by degrees."""
    result = np.eye(3)
    for axis, angle in enumerate(angles):
        c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
        turn = np.eye(3)
        a, b = [i for i in range(3) if i != axis]
        turn[a, a], turn[a, b], turn[b, a], turn[b, b] = c, -s, s, c
        result = turn @ result
    return result


def a_grid(axes: Floats, *, dose: float = 10.0, shape: tuple[int, int, int] = (17, 15, 13)) -> DoseGrid:
    """A grid around the origin of 3 x 2.5 x 2 mm, its frames at unequal distances."""
    offsets = 3.0 * np.arange(shape[0]) + 0.25 * (np.arange(shape[0]) % 2)
    half = np.array([offsets[-1], 2.5 * (shape[1] - 1), 2.0 * (shape[2] - 1)]) / 2
    stored = np.full(shape, round(dose * 1000), np.uint32)
    return DoseGrid((Layer(stored, 0.001),), -half @ axes + 0.123, axes, offsets, (2.5, 2.0))


def a_structure(loops: list[Floats], axes: Floats = AXIAL, *, planes: int = 9, number: int = 1) -> Structure:
    positions = 3.1 * (np.arange(planes) - planes // 2) + 0.05
    return Structure(
        number=number,
        name=f"S{number}",
        axes=axes,
        planes=tuple(Plane(float(position), tuple(loops)) for position in positions),
        contour_count=planes * len(loops),
    )


def circle(radius: float, centre: tuple[float, float] = (0.0, 0.0), points: int = 40) -> Floats:
    angle = np.arange(points) * 2 * np.pi / points
    return np.column_stack([centre[0] + radius * np.cos(angle), centre[1] + radius * np.sin(angle)])


def centres(grid: DoseGrid) -> Floats:
    frame, row, column = np.indices(grid.shape).reshape(3, -1)
    index = np.column_stack([grid.frame_offsets_mm[frame], row, column, np.ones(len(row))])
    found: Floats = index @ grid.affine[:3].T
    return found


def expected(structure: Structure, grid: DoseGrid) -> NDArray[np.bool_]:
    """By winding angles, one centre after the other: another way than the program's."""
    u, v, w = structure.axes @ centres(grid).T
    slabs = structure.slabs_mm
    assert slabs is not None
    inside = np.zeros(len(w), bool)
    for plane, (low, high) in zip(structure.planes, slabs, strict=True):
        here = (w >= low) & (w < high)
        for loop in plane.loops:
            angle = np.arctan2(loop[:, 1, None] - v[here], loop[:, 0, None] - u[here])
            turn = np.diff(angle, axis=0, append=angle[:1])
            turn = (turn + np.pi) % (2 * np.pi) - np.pi
            inside[here] ^= np.abs(turn.sum(axis=0)) > np.pi
    return inside.reshape(grid.shape)


@pytest.mark.parametrize("contours", [AXIAL, SAGITTAL, CORONAL, rotated(0, 0, 30), rotated(20, 10, 5)])
@pytest.mark.parametrize(
    "axes",
    [
        np.eye(3)[::-1],  # an axial grid: frames along z
        np.array([[1.0, 0, 0], [0, 0, 1], [0, 1, 0]]),  # sagittal
        np.array([[0.0, 0, -1], [0, -1, 0], [1, 0, 0]]),  # prone, feet first
        np.eye(3)[::-1] @ rotated(0, 0, 10).T,
        np.eye(3)[::-1] @ rotated(10, 5, 3).T,  # oblique in every direction
    ],
)
def test_centres_are_found_in_every_orientation(axes: Floats, contours: Floats) -> None:
    # B11, B12, B13, E32
    grid = a_grid(axes)
    hook = np.array(
        [[-9.3, -7], [9.1, -7], [9.1, 7.7], [2.2, 7.7], [2.2, 0.4], [-3, 0.4], [-3, 7.7], [-9.3, 7.7]]
    )
    structure = a_structure([hook, circle(2.5, (6.0, -3.0))], contours)
    found = VoxelsInside(structure, grid)(slice(None))
    assert 0 < found.sum() < found.size
    assert (found == expected(structure, grid)).all()


def test_frames_may_come_in_blocks() -> None:
    grid, structure = a_grid(np.eye(3)[::-1]), a_structure([circle(8.3)])
    inside = VoxelsInside(structure, grid)
    blocks = np.concatenate([inside(slice(i, i + 5)) for i in range(0, 17, 5)])
    assert (blocks == inside(slice(None))).all()


def test_holes_are_outside_however_they_are_drawn() -> None:
    # E27: an inner contour, and a keyhole
    grid = a_grid(np.eye(3)[::-1])
    outer, inner = circle(11.3), circle(5.7)[::-1]
    keyhole = np.concatenate([outer, outer[:1], np.roll(inner, 1, axis=0), np.roll(inner, 1, axis=0)[:1]])
    ring = VoxelsInside(a_structure([outer, inner]), grid)(slice(None))
    assert (VoxelsInside(a_structure([keyhole]), grid)(slice(None)) == ring).all()
    assert ring.sum() < VoxelsInside(a_structure([outer]), grid)(slice(None)).sum()


def test_centres_on_contours_count_once() -> None:
    # B24: two boxes that share an edge through voxel centres share no voxel and lose none
    stored = np.zeros((4, 10, 10), np.uint32)
    grid = DoseGrid((Layer(stored, 1.0),), np.zeros(3), np.eye(3)[::-1], np.arange(4.0), (1.0, 1.0))

    def slab(low: float, high: float) -> NDArray[np.bool_]:
        box = np.array([[low, 0.0], [high, 0], [high, 9], [low, 9]])
        structure = Structure(number=1, name="S", planes=tuple(Plane(float(z), (box,)) for z in range(4)))
        return VoxelsInside(structure, grid)(slice(None))

    left, right, both = slab(0, 4), slab(4, 9), slab(0, 9)
    assert not (left & right).any()
    assert ((left | right) == both).all()


def test_no_centre_falls_between_two_slabs() -> None:
    # frames half way between the planes, where rounding could leave a gap
    step = 0.1
    planes = tuple(Plane(step * i, (circle(5.0),)) for i in range(200))
    offsets = np.round(np.arange(398) * step / 2 + step / 2, 12)
    stored = np.zeros((398, 3, 3), np.uint32)
    grid = DoseGrid(
        (Layer(stored, 1.0),),
        np.array([-1, -1, offsets[0]]),
        np.eye(3)[::-1],
        offsets - offsets[0],
        (1.0, 1.0),
    )
    assert VoxelsInside(Structure(number=1, name="S", planes=planes), grid)(slice(None)).all()


def test_a_structure_without_contours_has_no_inside() -> None:
    points = Structure(number=1, name="ISO", points_mm=np.zeros((1, 3)))
    with pytest.raises(StructureError, match="no closed contours"):
        VoxelsInside(points, a_grid(np.eye(3)[::-1]))


class TestConvertedGrid:
    @staticmethod
    def converted(
        *structures: tuple[Structure, float], rest: float = 3.0, **others: DoseGrid
    ) -> ConvertedGrid:
        grid = others.get("grid", a_grid(np.eye(3)[::-1], dose=30.0))
        phases = [PhaseDose(grid=grid, fractions=3)]
        phases += [PhaseDose(grid=boost, fractions=5) for name, boost in others.items() if name == "boost"]
        return ConvertedGrid(
            phases=tuple(phases),
            quantity="eqd2",
            alpha_beta=AlphaBeta(value_gy=rest, source="test"),
            by_structure=tuple(
                StructureAlphaBeta(structure, AlphaBeta(value_gy=ratio, source="test"))
                for structure, ratio in structures
            ),
        )

    @staticmethod
    def whole(grid: ConvertedGrid) -> Floats:
        return np.concatenate(list(grid.blocks_gy()))

    def test_of_overlapping_structures_the_first_counts(self) -> None:
        # 1.13 (11)
        small, large = a_structure([circle(4.3)], number=1), a_structure([circle(9.3)], number=2)
        grid = a_grid(np.eye(3)[::-1], dose=30.0)
        in_small, in_large = (VoxelsInside(s, grid)(slice(None)) for s in (small, large))
        of = {ratio: 30 * (10 + ratio) / (2 + ratio) for ratio in (2.0, 3.0, 10.0)}
        first = self.converted((small, 10.0), (large, 2.0))
        assert self.whole(first) == pytest.approx(
            np.where(in_small, of[10.0], np.where(in_large, of[2.0], of[3.0]))
        )
        counts = (in_small.sum(), (in_large & ~in_small).sum(), (~in_large).sum())
        assert first.voxels == counts
        second = self.converted((large, 2.0), (small, 10.0))
        assert self.whole(second) == pytest.approx(np.where(in_large, of[2.0], of[3.0]))
        assert [notice.code for notice in second.notices()] == ["convert.no-voxel"]

    def test_the_answer_does_not_depend_on_the_blocks(self, monkeypatch: pytest.MonkeyPatch) -> None:
        # H18
        grid = self.converted((a_structure([circle(9.3)]), 10.0))
        whole = self.whole(grid)
        monkeypatch.setattr("rtfractions.dosimetry.converted_grid.VOXELS_AT_ONCE", 500)
        in_blocks = self.converted((a_structure([circle(9.3)]), 10.0))
        assert (self.whole(in_blocks) == whole).all()

    def test_phases_on_other_grids_are_sampled_at_the_voxel_centres(self) -> None:
        axes = np.eye(3)[::-1]
        boost = a_grid(axes @ rotated(0, 0, 90).T, dose=20.0, shape=(21, 25, 25))
        both = self.whole(self.converted(boost=boost))
        assert both == pytest.approx(30 * (10 + 3) / 5 + 20 * (4 + 3) / 5)

    def test_where_a_phase_is_unknown_nothing_is_converted(self) -> None:
        boost = a_grid(np.eye(3)[::-1], dose=20.0, shape=(9, 9, 9))
        with pytest.raises(ConversionError, match="smaller grid first"):
            self.whole(self.converted(boost=boost))

    def test_doses_below_0_are_noted(self) -> None:
        stored = np.full((4, 4, 4), 1000, np.int32)
        stored[0, 0, :2] = -3
        grid = DoseGrid((Layer(stored, 0.01),), np.zeros(3), np.eye(3)[::-1], np.arange(4.0), (1.0, 1.0))
        converted = self.converted(grid=grid)
        (notice,) = converted.notices()
        assert notice.code == "convert.negative-dose"
        assert "2 voxels" in notice.message
        assert (self.whole(converted)[0, 0, :2] == 0).all()

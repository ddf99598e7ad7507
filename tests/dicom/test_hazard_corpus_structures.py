"""The hazard catalogue's section E as files in a folder: contours.

Each case is the trio of plan, dose and structures with the target drawn otherwise. What is right is the catalogue's:
a volume in closed form, or a refusal of that structure alone, or a notice beside the right volume.
"""

import math
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hazard_corpus import (
    STORED_GY,
    Case,
    Check,
    also_noted,
    case,
    noted,
    notices,
    plan_dose,
    structure_refused,
    structure_set,
    volume,
)
from pydicom.dataset import Dataset
from synthetic import dicom_bytes
from synthetic_structures import Outline, Points, Roi, box, circle, text_of_points
from synthetic_trio import (
    BOX_CENTRE_MM,
    BOX_MM,
    BOX_PLANES_MM,
    BOX_VOLUME_CM3,
    EXTERNAL,
    OAR,
    OAR_VOLUME_CM3,
    PTV,
    Change,
    Files,
    box_outlines,
    edited,
    field_gy,
    item_of,
    setting,
    trio,
    trio_ptv,
    trio_structures,
    write,
)

from rtfractions.dicom import Reading, read_patients
from rtfractions.errors import RTFractionsError

STRUCTURES = "structures.dcm"
AREA_MM2 = BOX_MM[0] * BOX_MM[1]
TWIN = 4
"""Number of a second target."""


# --- what is changed ---


def structures(**how: Any) -> Change:
    """Another structure set."""

    def change(files: Files) -> None:
        files[STRUCTURES] = trio_structures(**how)

    return change


def target(outlines: Sequence[Outline | Points] | None = None, **fields: Any) -> Change:
    """Another target."""
    return structures(ptv=trio_ptv(outlines, **fields))


def kind(geometric_type: str | None) -> list[Outline]:
    """The box, its contours of another geometric type."""
    return [Outline(points, geometric_type) for points in box_outlines()]


def first_data(data: bytes) -> list[Outline | Points]:
    """The box, the coordinates of its first contour written as those characters."""
    first, *others = box_outlines()
    return [Outline(first, data=data), *others]


def with_coordinate(text: bytes, index: int) -> list[Outline | Points]:
    """The box, one coordinate of its first contour replaced."""
    parts = text_of_points(box_outlines()[0]).split(b"\\")
    parts[index] = text
    return first_data(b"\\".join(parts))


def first_count(count: str) -> list[Outline | Points]:
    """The box, its first contour said to have so many points."""
    first, *others = box_outlines()
    return [Outline(first, point_count=count), *others]


def not_referenced(files: Files) -> None:
    """The target's contours refer to a number that no structure has."""
    edited(STRUCTURES, item_of("ROIContourSequence", 0, setting(ReferencedROINumber=99)))(files)


def cut_short(data: bytes) -> bytes:
    """What is left of a value where its length is written into 16 bits."""
    return data[: len(data) % 2**16]


def big_circle(z: float) -> Points:
    return circle(z=z, radius_mm=20, points=5000, centre=BOX_CENTRE_MM[:2])


def holes(encoding: str) -> list[Outline | Points]:
    """The box with a hole of 20 x 20 mm, in one of four encodings."""
    found: list[Outline | Points] = []
    for z in BOX_PLANES_MM:
        outer = box(z=z, width_mm=BOX_MM[0], height_mm=BOX_MM[1], centre=BOX_CENTRE_MM[:2])
        inner = box(z=z, width_mm=20, height_mm=20, centre=BOX_CENTRE_MM[:2])
        if encoding == "keyhole":
            found.append(np.concatenate([outer, outer[:1], inner[::-1][-1:], inner[::-1], outer[:1]]))
        elif encoding == "xor":
            found += [Outline(outer, "CLOSEDPLANAR_XOR"), Outline(inner, "CLOSEDPLANAR_XOR")]
        else:
            found += [outer, inner[::-1] if encoding == "wound backwards" else inner]
    return found


def sliced(normal: int, spacing_mm: float) -> list[Points]:
    """The box, drawn on planes at right angles to x (0) or y (1)."""
    count = round(BOX_MM[normal] / spacing_mm)
    first = BOX_CENTRE_MM[normal] - BOX_MM[normal] / 2 + spacing_mm / 2
    others = [axis for axis in range(3) if axis != normal]
    corners = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]])
    found = []
    for i in range(count):
        points = np.empty((4, 3))
        points[:, normal] = first + spacing_mm * i
        for column, axis in enumerate(others):
            points[:, axis] = BOX_CENTRE_MM[axis] + corners[:, column] * BOX_MM[axis]
        found.append(points)
    return found


def bow_ties() -> list[Points]:
    """The box's corners in the order of a bow tie."""
    return [points[[0, 1, 3, 2]] for points in box_outlines()]


def bent(by_mm: float) -> list[Points]:
    """The box, one corner of each contour off its plane."""
    outlines = box_outlines()
    for points in outlines:
        points[2, 2] += by_mm
    return outlines


def in_character_set(character_set: str, name: bytes) -> Change:
    """The target's name as bytes of a character set that the file states."""

    def change(files: Files) -> None:
        dataset = trio_structures(ptv=trio_ptv(name="N" * len(name)))
        dataset.SpecificCharacterSet = character_set.split("\\")
        write_names(files, dataset, name)

    return change


def in_no_character_set(files: Files) -> None:
    """A character set that is none, which pydicom would not write."""
    in_character_set("ISO 2022 IR 100", b"L\xe9ber!")(files)
    data = files[STRUCTURES]
    assert isinstance(data, bytes)
    files[STRUCTURES] = data.replace(b"ISO 2022 IR 100 ", b"Not Supplied    ")


def write_names(files: Files, dataset: Dataset, name: bytes) -> None:
    """The file with its placeholder name replaced by these bytes."""
    padded = name + b" " * (len(name) % 2)
    placeholder = b"N" * len(name) + b" " * (len(name) % 2)
    data = dicom_bytes(dataset)
    assert data.count(placeholder) == 1
    files[STRUCTURES] = data.replace(placeholder, padded)


def all_moved(by_mm: Sequence[float]) -> list[Points]:
    return [points + np.array(by_mm) for points in box_outlines()]


# --- what is right ---


def volume_of_target(cm3: float = BOX_VOLUME_CM3, *, within: float = 1e-6) -> Check:
    return volume(PTV, cm3, within=within)


RIGHT = (noted(), volume_of_target())
"""Right, and nothing said."""


def target_refused(keyword: str, said: str = "") -> tuple[Check, ...]:
    """The target alone is refused."""
    return structure_refused(PTV, keyword, said), volume(OAR, OAR_VOLUME_CM3)


def no_volume(reading: Reading) -> None:
    """The target has no volume, and no inside: neither 0 nor anything else."""
    found = structure_set(reading).numbered(PTV)
    assert found.volume_cm3 is None


def not_closed(reading: Reading) -> None:
    assert not structure_set(reading).numbered(PTV).closed


def not_by_name(*names: str) -> Check:
    """A name that several structures might mean names none."""

    def check(reading: Reading) -> None:
        for name in names:
            with pytest.raises(RTFractionsError, match="does not name one structure"):
                structure_set(reading).named(name)

    return check


def by_name(name: str, number: int = PTV) -> Check:
    def check(reading: Reading) -> None:
        assert structure_set(reading).named(name).number == number

    return check


def planes_at(*positions_mm: float) -> Check:
    def check(reading: Reading) -> None:
        assert structure_set(reading).numbered(PTV).positions_mm == pytest.approx(positions_mm, abs=1e-9)

    return check


def dose_known_in(part: float) -> Check:
    """The part of the target in which the dose is known: there it is the closed form, elsewhere there is none.

    The target is a box; its volume is the whole one, in the grid or not.
    """

    def check(reading: Reading) -> None:
        structure = structure_set(reading).numbered(PTV)
        slabs = structure.slabs_mm
        assert slabs is not None
        low, high = structure.vertices_mm.min(axis=0), structure.vertices_mm.max(axis=0)
        low[2], high[2] = slabs[0, 0], slabs[-1, 1]
        steps = (np.arange(40) + 0.5) / 40
        points = low + np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(-1, 3) * (high - low)
        doses, inside = plan_dose(reading).grid.sample_gy(points)
        assert inside.mean() == pytest.approx(part, abs=0.0126)  # half of a step of 40
        assert doses == pytest.approx(field_gy(points[inside]), abs=STORED_GY + 1e-9)

    return check


def all_printable(reading: Reading) -> None:
    """Nothing that is said can act on a terminal or break a line."""
    said = [*map(str, notices(reading)), *map(str, reading.errors)]
    said += [str(one.error) for one in structure_set(reading).refused]
    assert any("structure" in text for text in said)
    assert all(text.isprintable() for text in said)


CONTOURS = [
    case(
        "E1", "no contour sequence", structures(ptv=Roi(PTV, "PTV", None)), *target_refused("ContourSequence")
    ),
    case("E1", "empty contour sequence", target([]), *target_refused("ContourSequence", "no contours")),
    case("E1", "no contour item", target(contour_item=False), *target_refused("ContourSequence")),
    case("E2", "no contour images", target(), *RIGHT),
    case(
        "E3",
        "dangling reference",
        not_referenced,
        also_noted("structure-set.dangling-contours"),
        *target_refused("ContourSequence"),
    ),
    case("E8", "points", target(kind("POINT")), no_volume, not_closed),
    case("E8", "open, planar", target(kind("OPEN_PLANAR")), *target_refused("ContourGeometricType", "open")),
    case(
        "E8",
        "open, not planar",
        target(kind("OPEN_NONPLANAR")),
        *target_refused("ContourGeometricType", "open"),
    ),
    case(
        "E9",
        "a point inside",
        target([*box_outlines(), Outline([BOX_CENTRE_MM], "POINT")]),
        noted("structure.point-beside-contours"),
        volume_of_target(),
    ),
    case("E10", "no geometric type", target(kind(None)), *target_refused("ContourGeometricType", "missing")),
    case(
        "E11",
        "two points each",
        target([p[:2] for p in box_outlines()]),
        *target_refused("ContourData", "three"),
    ),
    case(
        "E11",
        "one contour of two points",
        target([*box_outlines(), box_outlines()[4][:2]]),
        noted("structure.empty-contour"),
        volume_of_target(),
    ),
    case(
        "E12", "collinear", target([p[[0, 1, 0, 1]] for p in box_outlines()]), *target_refused("ContourData")
    ),
    case(
        "E12",
        "one area of 0",
        target([*box_outlines(), box(z=BOX_CENTRE_MM[2], width_mm=10, height_mm=0)]),
        noted("structure.empty-contour"),
        volume_of_target(),
    ),
    case(
        "E13",
        "a value short",
        target(first_data(text_of_points(box_outlines()[0]).rsplit(b"\\", 1)[0])),
        *target_refused("ContourData", "11 values"),
    ),
    case(
        "E14",
        "more points than said",
        target(first_count("3")),
        noted("structure.point-count"),
        volume_of_target(),
    ),
    case(
        "E14",
        "fewer points than said",
        target(first_count("5")),
        *target_refused("ContourData", "4 of the 5"),
    ),
    case("E15", "x NaN", target(with_coordinate(b"nan", 3)), *target_refused("ContourData", "nan")),
    case("E15", "y inf", target(with_coordinate(b"inf", 4)), *target_refused("ContourData", "inf")),
    case("E15", "x beyond any number", target(with_coordinate(b"1e999", 3)), *target_refused("ContourData")),
    case("E16", "z NaN", target(with_coordinate(b"NaN", 5)), *target_refused("ContourData", "NaN")),
    case(
        "E17", "decimal comma", target(with_coordinate(b"-22,0", 0)), *target_refused("ContourData", "comma")
    ),
    case("E18", "no coordinates", target(first_data(b"")), *target_refused("ContourData", "no coordinates")),
    case(
        "E19",
        "5000 points",
        target([big_circle(z) for z in BOX_PLANES_MM]),
        noted(),
        volume_of_target(2500 * 400 * math.sin(2 * math.pi / 5000) * 33 / 1000),
    ),
    case(
        "E19",
        "5000 points in a length of 16 bits",
        target([Outline(p, data=cut_short(text_of_points(p))) for p in map(big_circle, BOX_PLANES_MM)]),
        *target_refused("ContourData"),
    ),
]

IDENTITY = [
    case(
        "E4",
        "a number twice",
        structures(more=[trio_ptv(name="PTV 2")]),
        structure_refused(PTV, "ROINumber", "2 structures"),
        volume(OAR, OAR_VOLUME_CM3),
    ),
    case(
        "E5",
        "a name twice",
        structures(more=[trio_ptv(box_outlines(BOX_PLANES_MM[:5]), number=TWIN)]),
        not_by_name("PTV"),
        volume_of_target(),
        volume(TWIN, AREA_MM2 * 15 / 1000),
    ),
    case(
        "E6",
        "case and blanks",
        structures(more=[trio_ptv(number=TWIN, name="PTV "), trio_ptv(number=5, name="ptv")]),
        not_by_name("PTV", "PTV ", "ptv"),
        volume_of_target(),
        volume(5, BOX_VOLUME_CM3),
    ),
    case(
        "E6",
        "composed and decomposed",
        structures(
            ptv=trio_ptv(name="Tümor"),
            more=[trio_ptv(number=TWIN, name=unicodedata.normalize("NFD", "Tümor"))],
        ),
        not_by_name("Tümor", unicodedata.normalize("NFD", "Tümor")),
        volume_of_target(),
    ),
    case(
        "E6", "one of two cases", target(name="ptv"), noted(), by_name("ptv"), by_name("EXTERNAL", EXTERNAL)
    ),
    case("E7", "no name", target(name=None), noted("structure.unnamed"), volume_of_target()),
    *(
        case(
            "E41",
            what,
            target(name=name, volume="136.488"),
            noted("structure.stated-volume"),
            volume_of_target(),
            by_name(name),
            all_printable,
        )
        for what, name in {
            "HTML": "<script>alert(1)</script>",
            "formula": "=HYPERLINK(1)",
            "path": "../../etc/passwd",
            "bidirectional": "PTV\u202egnul",
            "colours": "PTV\x1b[31m",
            "a line break": "PTV\nOAR",
        }.items()
    ),
    case(
        "E41",
        "NUL",
        lambda files: write_names(
            files, trio_structures(ptv=trio_ptv(name="NNNNNN", volume="136.488")), b"PT\0V!!"
        ),
        noted("structure.stated-volume"),
        volume_of_target(),
        all_printable,
    ),
    case("E42", "Latin 1", in_character_set("ISO_IR 100", b"L\xe9ber"), noted(), by_name("L\u00e9ber")),
    case(
        "E42",
        "Chinese",
        in_character_set("GB18030", "\u809d\u810f".encode("gb18030")),
        noted(),
        by_name("\u809d\u810f"),
    ),
    case(
        "E42",
        "Japanese",
        in_character_set("\\ISO 2022 IR 87", "\u809d\u81d3".encode("iso2022_jp")),
        noted(),
        by_name("\u809d\u81d3"),
    ),
    *(
        case(
            "E42",
            what,
            in_character_set(character_set, b"L\xe9ber!"),
            noted("structure.name-undecoded"),
            volume_of_target(),
        )
        for what, character_set in {
            "bytes that are not UTF-8": "ISO_IR 192",
            "more than ASCII, none stated": "ISO_IR 6",
        }.items()
    ),
    case("E42", "not supplied", in_no_character_set, noted("structure.name-undecoded"), volume_of_target()),
]

UNEVEN_MM = (-15.0, -13.0, -10.0, -8.0, -5.0, -3.0, 0.0, 2.0, 5.0)
"""Planes 2 and 3 mm apart: 20 mm from first to last, and half a gap of 2 and one of 3 mm beyond."""

PLANES = [
    case("E20", "one slice", target(box_outlines([1.0])), noted("structure.one-slice"), no_volume),
    case(
        "E20",
        "one slice of 3 mm",
        target([Outline(box_outlines([1.0])[0], slab_thickness="3")]),
        noted("structure.one-slice"),
        volume_of_target(AREA_MM2 * 3 / 1000),
    ),
    case(
        "E21",
        "uneven planes",
        target(box_outlines(UNEVEN_MM)),
        noted(),
        volume_of_target(AREA_MM2 * 22.5 / 1000),
    ),
    case(
        "E22",
        "planes 0.02 mm apart",
        target(box_outlines([*BOX_PLANES_MM, BOX_PLANES_MM[4] + 0.02])),
        volume_of_target(within=1e-3),
    ),
    case(
        "E23",
        "jitter of 0.004 mm",
        target(box_outlines([z + 0.004 * (-1) ** i for i, z in enumerate(BOX_PLANES_MM)])),
        noted(),
        volume_of_target(within=1e-3),
    ),
    case(
        "E24",
        "three slices missing",
        target(box_outlines([*BOX_PLANES_MM[:4], *BOX_PLANES_MM[7:]])),
        noted("structure.gap"),
        volume_of_target(AREA_MM2 * 24 / 1000),
    ),
    case(
        "E24",
        "one slice missing",
        target(box_outlines([*BOX_PLANES_MM[:5], *BOX_PLANES_MM[6:]])),
        noted("structure.gap"),
        volume_of_target(),
    ),
    case("E25", "1.5 mm off the planes", target(box_outlines([z + 1.5 for z in BOX_PLANES_MM])), *RIGHT),
    # E26: n planes at a distance d are n x d thick: the cylinder of 33 mm, within what a polygon lacks of a circle.
    case(
        "E26",
        "cylinder",
        target([circle(z=z, radius_mm=15, points=256) for z in BOX_PLANES_MM]),
        noted(),
        volume_of_target(math.pi * 225 * 33 / 1000, within=1.1e-4),
    ),
    *(
        case("E27", f"hole, {encoding}", target(holes(encoding)), noted(), volume_of_target(55.044))
        for encoding in ("nested", "wound backwards", "xor", "keyhole")
    ),
    case(
        "E28",
        "overlapping pair",
        target([*box_outlines(), *box_outlines(moved_mm=(20.0, 0.0))]),
        noted("structure.overlapping-contours"),
    ),
    case(
        "E29",
        "all twice",
        target([*box_outlines(), *box_outlines()]),
        noted("structure.repeated-contour"),
        volume_of_target(),
    ),
    case(
        "E29",
        "one twice",
        target([*box_outlines(), box_outlines()[4][[2, 3, 0, 1]]]),
        noted("structure.repeated-contour"),
        volume_of_target(),
    ),
    case(
        "E30",
        "bow tie",
        target(bow_ties()),
        noted("structure.self-crossing"),
        volume_of_target(BOX_VOLUME_CM3 / 2),
    ),
    case("E31", "1 mm off its plane", target(bent(1.0)), *target_refused("ContourData", "not planar")),
    case("E31", "rounded", target(bent(0.01)), noted(), volume_of_target(within=1e-3)),
    case("E32", "sagittal", target(sliced(0, 1.0)), *RIGHT),
    case("E32", "coronal", target(sliced(1, 2.0)), *RIGHT),
    case("E33", "shuffled", target([box_outlines()[i] for i in (3, 0, 9, 5, 1, 10, 2, 8, 4, 7, 6)]), *RIGHT),
    case("E33", "wound backwards", target([p[::-1] for p in box_outlines()]), *RIGHT),
    case("E33", "first point again", target([p[[0, 1, 2, 3, 0]] for p in box_outlines()]), *RIGHT),
    case("E38", "1 mm slices", target(box_outlines([-15.0 + i for i in range(33)])), *RIGHT),
    case(
        "E43",
        "offset of 1.5 mm",
        target([Outline(p, slab_thickness="3", offset="0\\0\\1.5") for p in box_outlines()]),
        noted("structure.contour-offset"),
        volume_of_target(),
        planes_at(*(z + 1.5 for z in BOX_PLANES_MM)),
    ),
    case(
        "E44",
        "twice the volume said",
        target(volume="136.488"),
        noted("structure.stated-volume"),
        volume_of_target(),
    ),
    case("E44", "the volume said", target(volume="68.2"), *RIGHT),
]

# E34 to E37: the dose is never made up outside the grid, and the volume never shrinks with it. What a DVH says of a
# part that is not covered is the business of the DVH engine.
PLACES = [
    case(
        "E34",
        "half outside in z",
        target(all_moved((0, 0, 28.5 - BOX_CENTRE_MM[2]))),
        volume_of_target(),
        dose_known_in(0.5),
    ),
    case(
        "E35",
        "half outside in x",
        target(all_moved((57.5 - BOX_CENTRE_MM[0], 0, 0))),
        volume_of_target(),
        dose_known_in(0.5),
    ),
    *(
        case(
            "E36",
            f"outside by {far}",
            target(all_moved(far)),
            also_noted("plan.target-outside-dose"),
            volume_of_target(),
            dose_known_in(0.0),
        )
        for far in ((200, 0, 0), (0, 0, -100))
    ),
    case(
        "E37",
        "smaller than a voxel",
        target([box(z=z, width_mm=2, height_mm=2, centre=(0.4, 0.7)) for z in (0.5, 1.0, 1.5)]),
        noted(),
        volume_of_target(0.006),
        dose_known_in(1.0),
    ),
    case(
        "E39",
        "target far from the patient's outline",
        target(all_moved((150, 0, 0))),
        also_noted("structure.outside-external"),
        volume_of_target(),
    ),
    case(
        "E40",
        "moved by 120 slices",
        target(all_moved((0, 0, 360))),
        also_noted("structure.outside-external"),
        dose_known_in(0.0),
    ),
]

CASES: list[Case] = [*CONTOURS, *IDENTITY, *PLANES, *PLACES]


@pytest.mark.parametrize("hazard", CASES, ids=str)
def test_of_structures(hazard: Case, tmp_path: Path) -> None:
    files = trio()
    hazard.change(files)
    reading = read_patients([write(files, tmp_path)])
    for check in hazard.checks:
        check(reading)

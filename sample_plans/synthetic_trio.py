"""A plan, its dose and its structures of one patient, with closed forms: dose, volume and mean are known exactly.

The dose grows linearly along x, y and z on a grid of three different spacings, so that whatever is transposed,
flipped or shifted shows. The target is a box.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag
from synthetic import dicom_bytes
from synthetic_dose import AXIAL, rt_dose
from synthetic_plan import Group, Reference, rt_plan
from synthetic_structures import Outline, Points, Roi, box, rt_structure_set

Floats = NDArray[np.float64]
Files = dict[str, Dataset | bytes]
"""Files of a folder by name; what is not bytes is written as DICOM."""
Edit = Callable[[Dataset], None]
Change = Callable[[Files], None]

SHAPE = (20, 22, 24)
"""Frames, rows and columns of the dose grid."""

SPACING_MM = (3.0, 4.0, 5.0)
"""Distance of frames, rows and columns."""

AT_ORIGIN_GY = 20.0137
GRADIENT_GY_PER_MM = (0.10, 0.05, 0.15)

BOX_MM = (47.0, 44.0, 33.0)
"""Size of the target along x, y and z."""

BOX_CENTRE_MM = (1.5, 2.0, 1.0)
BOX_PLANES_MM = tuple(BOX_CENTRE_MM[2] + 3.0 * i for i in range(-5, 6))
BOX_VOLUME_CM3 = 68.244
BOX_MEAN_GY = 20.4137
"""The dose in the middle of the box; as the dose is linear, the mean too."""

PTV, OAR, EXTERNAL = 1, 2, 3
"""Structure numbers."""

OAR_VOLUME_CM3 = 1.8
EXTERNAL_VOLUME_CM3 = 387.6


def field_gy(points_mm: Sequence[Sequence[float]] | Floats) -> Floats:
    """The dose at points of shape (..., 3), as a closed form."""
    dose: Floats = AT_ORIGIN_GY + np.asarray(points_mm, np.float64) @ np.array(GRADIENT_GY_PER_MM)
    return dose


def trio(patient_id: str = "P1", number: int = 1) -> Files:
    """The three files of a patient: nothing about them is doubtful."""
    return {
        "plan.dcm": trio_plan(patient_id, number),
        "dose.dcm": trio_dose(patient_id, number),
        "structures.dcm": trio_structures(patient_id, number),
    }


def trio_plan(patient_id: str = "P1", number: int = 1, *, fractions: str = "10") -> Dataset:
    """A plan of 20 Gy to the target, by three beams."""
    return rt_plan(
        patient_id, number, [Reference(1, "PTV", "20.0", PTV)], [Group(fractions, ("0.8", "0.7", "0.5"))]
    )


def trio_dose(
    patient_id: str = "P1",
    number: int = 1,
    *,
    orientation: Sequence[float] = AXIAL,
    offsets_mm: Sequence[float] | None = None,
    z_is_offset: bool = False,
    moved_mm: Sequence[float] = (0.0, 0.0, 0.0),
    part: float = 1.0,
    frames: slice = slice(None),
    **others: Any,
) -> Dataset:
    """The linear dose on a grid in the middle of the patient.

    Parameters
    ----------
    patient_id, number
        As for `synthetic.common`.
    orientation : sequence of float
        Image Orientation: directions in which column and row numbers grow.
    offsets_mm : sequence of float, optional
        Offsets of the frames from the first along their normal, in any order; 3 mm apart where not given.
    z_is_offset : bool
        Write the frames' z coordinates in place of offsets.
    moved_mm : sequence of float
        How far the grid, not the dose, is moved.
    part : float
        Part of the dose that is written, as for a beam or a fraction.
    frames : slice
        The frames that are written.
    **others
        As for `synthetic_dose.rt_dose`.
    """
    columns_along, rows_along = np.array(orientation[:3]), np.array(orientation[3:])
    normal = np.cross(columns_along, rows_along)
    offsets = np.array([SPACING_MM[0] * i for i in range(SHAPE[0])] if offsets_mm is None else offsets_mm)
    middle = (
        normal * (offsets.min() + offsets.max()) / 2
        + rows_along * SPACING_MM[1] * (SHAPE[1] - 1) / 2
        + columns_along * SPACING_MM[2] * (SHAPE[2] - 1) / 2
    )
    row, column = np.indices(SHAPE[1:])
    places = (
        (np.array(moved_mm) - middle)
        + offsets[:, None, None, None] * normal
        + row[None, :, :, None] * SPACING_MM[1] * rows_along
        + column[None, :, :, None] * SPACING_MM[2] * columns_along
    )[frames]
    scaling = others.setdefault("scaling", "0.001")
    position = places[0, 0, 0]
    written = offsets[frames] - offsets[frames][0] + (position[2] if z_is_offset else 0.0)
    stored = np.round(part * field_gy(places) / float(scaling)).astype(np.int64)
    return rt_dose(
        patient_id,
        number,
        stored,
        position_mm=position,
        orientation=orientation,
        spacing_mm=SPACING_MM[1:],
        offsets_mm=written.tolist(),
        **others,
    )


def trio_structures(
    patient_id: str = "P1",
    number: int = 1,
    *,
    ptv: Roi | None = None,
    more: Sequence[Roi] = (),
    **others: Any,
) -> Dataset:
    """Target, organ at risk and outline of the patient; `ptv` replaces the target, `more` come behind.

    Parameters
    ----------
    patient_id, number
        As for `synthetic.common`.
    ptv : Roi, optional
        In place of the box.
    more : sequence of Roi
        Further structures.
    **others
        As for `synthetic_structures.rt_structure_set`.
    """
    rois = [ptv or trio_ptv(), trio_oar(), trio_external(), *more]
    return rt_structure_set(patient_id, number, rois, **others)


def trio_ptv(outlines: Sequence[Outline | Points] | None = None, **others: Any) -> Roi:
    """The target: a box, or of other outlines."""
    fields = {"number": PTV, "name": "PTV", "interpreted_type": "PTV", **others}
    return Roi(outlines=box_outlines() if outlines is None else outlines, **fields)


def trio_oar() -> Roi:
    """The organ at risk: 12 x 10 x 15 mm beside the target."""
    return Roi(OAR, "OAR", [box(z=3.0 * i, width_mm=12, height_mm=10, centre=(38, 10)) for i in range(-2, 3)])


def trio_external() -> Roi:
    """The outline of the patient: 100 x 76 x 51 mm."""
    planes = [BOX_CENTRE_MM[2] + 3.0 * i for i in range(-8, 9)]
    outlines = [box(z=z, width_mm=100, height_mm=76) for z in planes]
    return Roi(EXTERNAL, "EXTERNAL", outlines, interpreted_type="EXTERNAL")


def box_outlines(
    planes_mm: Sequence[float] = BOX_PLANES_MM, moved_mm: tuple[float, float] = (0.0, 0.0)
) -> list[Points]:
    """The outlines of the target on planes of z."""
    centre = (BOX_CENTRE_MM[0] + moved_mm[0], BOX_CENTRE_MM[1] + moved_mm[1])
    return [box(z=z, width_mm=BOX_MM[0], height_mm=BOX_MM[1], centre=centre) for z in planes_mm]


def box_points() -> Floats:
    """Points in the box, as many to each side of its middle, shape (n, 3)."""
    steps = np.array([-0.45, -0.3, -0.15, 0.0, 0.15, 0.3, 0.45])
    grid = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(-1, 3)
    points: Floats = np.array(BOX_CENTRE_MM) + grid * BOX_MM
    return points


def write(files: Files, folder: Path) -> Path:
    """Write files into a folder; its path."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, file in files.items():
        (folder / name).write_bytes(file if isinstance(file, bytes) else dicom_bytes(file))
    return folder


def edited(name: str, *edits: Edit) -> Change:
    """A change of one file of the trio."""

    def change(files: Files) -> None:
        dataset = files[name]
        assert isinstance(dataset, Dataset)
        for edit in edits:
            edit(dataset)

    return change


def in_turn(*changes: Change) -> Change:
    """Several changes, one after the other."""

    def change(files: Files) -> None:
        for one in changes:
            one(files)

    return change


def setting(**values: Any) -> Edit:
    """Set attributes."""

    def edit(dataset: Dataset) -> None:
        for keyword, value in values.items():
            setattr(dataset, keyword, value)

    return edit


def without(*keywords: str) -> Edit:
    """Delete attributes."""

    def edit(dataset: Dataset) -> None:
        for keyword in keywords:
            delattr(dataset, keyword)

    return edit


def characters(keyword: str, value: str | bytes) -> Edit:
    """Put characters into an attribute, those that pydicom would not write too."""
    data = value if isinstance(value, bytes) else value.encode()
    data += b" " * (len(data) % 2)

    def edit(dataset: Dataset) -> None:
        tag = Tag(keyword)
        vr = dictionary_VR(tag).replace("IS", "DS")  # pydicom warns of what is no IS
        dataset[tag] = RawDataElement(tag, vr, len(data), data, 0, False, True)

    return edit


def item_of(sequence: str, index: int, *edits: Edit) -> Edit:
    """Edit an item of a sequence."""

    def edit(dataset: Dataset) -> None:
        for one in edits:
            one(dataset[sequence].value[index])

    return edit

"""RT Dose objects: what dose the numbers are, in which units, of what; or why they must not be used."""

from decimal import Decimal
from typing import Final

import numpy as np
from pydicom.dataset import Dataset

from rtfractions.dicom.geometry import geometry_of
from rtfractions.dicom.limits import Limits
from rtfractions.dicom.pixels import Stored, stored_values
from rtfractions.dicom.values import (
    code_of,
    decimal_of,
    integer_of,
    items_of,
    raw_text,
    refusal,
    tag_text,
    text_of,
)
from rtfractions.doses import Dose, DoseSummation, DoseType
from rtfractions.errors import Where, counted
from rtfractions.grid import DoseGrid, Layer
from rtfractions.notices import Notice

MAXIMUM_DOSE_GY: Final = 100_000.0
"""Above this a dose is no patient's, not even beside a source: a wrong scaling, a flipped bit, a wrong byte order."""

NOISE_BELOW_ZERO: Final = 0.05
"""Negative voxels down to this part of the maximum are noise of a calculation; beyond it the file is wrong."""

LONGEST_DECIMAL: Final = 16
"""Characters of a DICOM decimal (PS3.5 6.2)."""


def read_dose(dataset: Dataset, *, limits: Limits) -> Dose:
    """Read an RT Dose.

    Parameters
    ----------
    dataset : Dataset
        An RT Dose, read whole.
    limits : Limits
        How much is decoded.

    Returns
    -------
    Dose
        With the grid as it was stored; whatever is odd is a notice of it.

    Raises
    ------
    DicomError
        If the numbers are no doses in Gy, or where they lie or what they are is not known.
    """
    uid = text_of(dataset, "SOPInstanceUID")
    if uid is None:
        raise refusal("SOPInstanceUID", "is missing")
    _refuse_other_units(dataset)
    dose_type = _dose_type(dataset)
    summation = _summation(dataset)
    scaling = _scaling(dataset)
    stored, notices = stored_values(dataset, limits)
    geometry, about_frames = geometry_of(dataset, stored.shape[0])
    if geometry.descending:
        stored = stored[::-1]
    grid = DoseGrid(
        (Layer(stored, float(scaling)),),
        geometry.origin_mm,
        geometry.axes,
        geometry.frame_offsets_mm,
        geometry.spacing_mm,
    )
    notices += about_frames + _about_values(grid, stored) + _about_meaning(dataset, dose_type, summation)
    fraction_group, beams = _parts(dataset, summation)
    heterogeneity = code_of(dataset, "TissueHeterogeneityCorrection") or ""
    frame_of_reference = text_of(dataset, "FrameOfReferenceUID")
    if frame_of_reference is None:
        message = "the dose names no frame of reference: that it belongs to the structures cannot be checked"
        notices.append(
            Notice("dose.no-frame-of-reference", message, Where(tag=tag_text("FrameOfReferenceUID")))
        )
    return Dose(
        sop_instance_uid=uid,
        grid=grid,
        dose_type=dose_type,
        summation=summation,
        plan_uids=_referenced(dataset, "ReferencedRTPlanSequence"),
        fraction_group=fraction_group,
        beams=beams,
        structure_set_uid=next(iter(_referenced(dataset, "ReferencedStructureSetSequence")), None),
        frame_of_reference_uid=frame_of_reference,
        calculated_by=_calculated_by(dataset),
        heterogeneity=tuple(part for part in heterogeneity.split("\\") if part),
        notices=tuple(notices),
    )


def _refuse_other_units(dataset: Dataset) -> None:
    units = code_of(dataset, "DoseUnits")
    if units == "GY":
        return
    if units is None:
        raise refusal("DoseUnits", "is missing", "export the dose in Gy")
    if units == "RELATIVE":
        raise refusal(
            "DoseUnits", "the dose is relative to an unknown dose", "export it as absolute dose in Gy"
        )
    raise refusal("DoseUnits", f"{units!r} is no unit of an RT Dose", "export the dose in Gy")


def _dose_type(dataset: Dataset) -> DoseType:
    said = code_of(dataset, "DoseType")
    if said is None:
        raise refusal("DoseType", "is missing: whether the dose is physical is not stated", "export it again")
    if said == "ERROR":
        raise refusal("DoseType", "the numbers are differences of doses (ERROR), not doses")
    if said not in list(DoseType):
        raise refusal("DoseType", f"{said!r} is not read", f"{' and '.join(DoseType)} are")
    return DoseType(said)


def _summation(dataset: Dataset) -> DoseSummation:
    said = code_of(dataset, "DoseSummationType")
    if said is None:
        raise refusal(
            "DoseSummationType", "is missing: of what the dose is, is not stated", "export it again"
        )
    if said not in list(DoseSummation):
        raise refusal("DoseSummationType", f"{said!r} is not read", f"known are {', '.join(DoseSummation)}")
    return DoseSummation(said)


def _scaling(dataset: Dataset) -> Decimal:
    scaling = decimal_of(dataset, "DoseGridScaling")
    if scaling is None:
        raise refusal("DoseGridScaling", "is missing", "without it the voxels are no doses; export it again")
    if scaling <= 0:
        raise refusal("DoseGridScaling", f"{scaling} cannot be", "it is above 0; export the dose again")
    return scaling


def _about_values(grid: DoseGrid, stored: Stored) -> list[Notice]:
    """Whether the doses can be doses."""
    maximum, minimum = grid.maximum_gy, grid.minimum_gy
    if maximum > MAXIMUM_DOSE_GY:
        problem = (
            f"the largest dose would be {maximum:.6g} Gy, above the {MAXIMUM_DOSE_GY:g} Gy that are read"
        )
        raise refusal(
            "DoseGridScaling", problem, "the scaling or the voxels are wrong; export the dose again"
        )
    if minimum < 0:
        if -minimum > NOISE_BELOW_ZERO * maximum:
            problem = f"doses of {minimum:.4g} to {maximum:.4g} Gy: a dose is not that far below 0"
            raise refusal(
                "PixelRepresentation", problem, "the voxels are no unsigned doses; export them again"
            )
        below = counted(int(np.count_nonzero(stored < 0)), "voxel")
        return [
            Notice("dose.negative", f"{below} below 0, down to {minimum:.4g} Gy; they are kept as they are")
        ]
    if maximum == 0:
        return [Notice("dose.all-zero", "every dose of the grid is 0 Gy")]
    return []


def _about_meaning(dataset: Dataset, dose_type: DoseType, summation: DoseSummation) -> list[Notice]:
    notices = []
    if len(raw_text(dataset, "DoseGridScaling") or "") > LONGEST_DECIMAL:
        message = f"Dose Grid Scaling has more than {LONGEST_DECIMAL} characters; it was read in full"
        notices.append(Notice("dose.scaling-too-long", message))
    if "RescaleSlope" in dataset or "RescaleIntercept" in dataset:
        message = "a rescale slope or intercept stands in the file; a dose has none, and it was not applied"
        notices.append(Notice("dose.rescale-ignored", message))
    if dose_type is DoseType.EFFECTIVE:
        message = "the dose is effective: weighted for biological effect, not physical"
        notices.append(Notice("dose.effective", message))
    if summation is not DoseSummation.PLAN:
        message = f"the dose's summation type is {summation}, not PLAN"
        notices.append(Notice("dose.summation", message, Where(tag=tag_text("DoseSummationType"))))
    return notices


def _parts(dataset: Dataset, summation: DoseSummation) -> tuple[int | None, tuple[int, ...]]:
    """The fraction group and the beams or setups a dose is of."""
    groups: list[int] = []
    beams: list[int] = []
    for plan in items_of(dataset, "ReferencedRTPlanSequence"):
        for group in items_of(plan, "ReferencedFractionGroupSequence"):
            number = integer_of(group, "ReferencedFractionGroupNumber")
            groups += [] if number is None else [number]
            for sequence, keyword in (
                ("ReferencedBeamSequence", "ReferencedBeamNumber"),
                ("ReferencedBrachyApplicationSetupSequence", "ReferencedBrachyApplicationSetupNumber"),
            ):
                numbers = [integer_of(item, keyword) for item in items_of(group, sequence)]
                beams += [number for number in numbers if number is not None]
    if summation is DoseSummation.BEAM and not beams:
        problem = "the dose is of a beam (BEAM) and names none"
        raise refusal("ReferencedBeamSequence", problem, "export the dose of the whole plan")
    return (groups[0] if len(groups) == 1 else None), tuple(beams)


def _referenced(dataset: Dataset, keyword: str) -> tuple[str, ...]:
    uids = [text_of(item, "ReferencedSOPInstanceUID") for item in items_of(dataset, keyword)]
    return tuple(dict.fromkeys(uid for uid in uids if uid is not None))


def _calculated_by(dataset: Dataset) -> str | None:
    parts = [text_of(dataset, k) for k in ("Manufacturer", "ManufacturerModelName", "SoftwareVersions")]
    return " ".join(part.replace("\\", ", ") for part in parts if part is not None) or None

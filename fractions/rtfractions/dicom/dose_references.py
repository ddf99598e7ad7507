"""Dose references: the targets of an RT Plan and the doses it prescribes, before anything is made of them."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from pydicom.dataset import Dataset

from rtfractions.dicom.values import code_of, decimal_of, integer_of, items_of, refusal, text_of
from rtfractions.schedule_text import UNUSUAL_ABOVE_TOTAL_GY

SMALLEST_DOSE_GY: Final = Decimal("0.0001")
"""Smallest dose of a plan that is taken for one."""

DECIMALS_OF_A_DOSE: Final = 15
"""Decimals of Gy that are kept: more than a DICOM decimal of 16 characters has behind two digits."""


@dataclass(frozen=True, slots=True)
class DoseReference:
    """A dose reference of a plan that is, or may be, a target."""

    number: int
    name: str
    structure_number: int | None
    dose_gy: Decimal | None
    is_point: bool = False
    is_typed: bool = True
    """The plan says that it is a target."""


def dose_references(dataset: Dataset) -> list[DoseReference]:
    """The target dose references, in the plan's order.

    Raises
    ------
    DicomError
        If a dose cannot be, stands on what is no target, or a number stands twice.
    """
    references: list[DoseReference] = []
    for i, item in enumerate(items_of(dataset, "DoseReferenceSequence"), start=1):
        stated = integer_of(item, "DoseReferenceNumber")
        number = i if stated is None else stated
        dose = prescription_dose_of(item)
        kind = code_of(item, "DoseReferenceType")
        if kind != "TARGET" and (kind is not None or dose is None):
            if dose is not None:
                raise refusal("TargetPrescriptionDose", "stands on a dose reference that is no target")
            continue
        if any(reference.number == number for reference in references):
            raise refusal("DoseReferenceNumber", f"the number {number} stands twice", "export the plan again")
        references.append(
            DoseReference(
                number=number,
                name=text_of(item, "DoseReferenceDescription") or f"target {number}",
                structure_number=integer_of(item, "ReferencedROINumber"),
                dose_gy=dose,
                is_point=code_of(item, "DoseReferenceStructureType") in ("POINT", "COORDINATES"),
                is_typed=kind is not None,
            )
        )
    return references


def prescription_dose_of(item: Dataset) -> Decimal | None:
    """The prescription of a dose reference, or of a fraction group to one, in Gy; None where there is none.

    Raises
    ------
    DicomError
        If it cannot be one.
    """
    dose = decimal_of(item, "TargetPrescriptionDose")
    if dose is None:
        return None
    if not SMALLEST_DOSE_GY <= dose <= UNUSUAL_ABOVE_TOTAL_GY:
        remedy = f"doses are above 0 and at most {UNUSUAL_ABOVE_TOTAL_GY} Gy"
        if dose > 0:
            remedy += "; in cGy they would be a hundred times too large"
        raise refusal("TargetPrescriptionDose", f"{dose} Gy cannot be a prescription", remedy)
    return round(dose, DECIMALS_OF_A_DOSE)

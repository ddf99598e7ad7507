"""Fraction groups and dose references: what an RT Plan states of dose, before anything is made of it."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from pydicom.dataset import Dataset

from rtfractions.dicom.values import code_of, decimal_of, integer_of, items_of, refusal, text_of
from rtfractions.schedule import MAXIMUM_FRACTIONS, PER_DAY_WORDS
from rtfractions.schedule_text import UNUSUAL_ABOVE_TOTAL_GY

SMALLEST_DOSE_GY: Final = Decimal("0.0001")
"""Smallest dose of a plan that is taken for one."""

DECIMALS_OF_A_DOSE: Final = 15
"""Decimals of Gy that are kept: more than a DICOM decimal of 16 characters has behind two digits."""


@dataclass(frozen=True, slots=True)
class FractionGroup:
    """A fraction group of a plan."""

    fractions: int | None
    per_day: float | None
    """Fractions per day where the pattern has several."""
    doses_gy: dict[int, set[Decimal]]
    """Prescribed doses by number of the dose reference."""
    beam_dose_gy: Decimal | None
    """Sum of the beam doses of one fraction; None where a treatment beam has none."""


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


def fraction_groups(dataset: Dataset, references: list[DoseReference]) -> list[FractionGroup]:
    """The fraction groups, in the plan's order.

    Raises
    ------
    DicomError
        If a value is there and cannot be, or the plan lacks a beam or a target that a group names.
    """
    is_setup: dict[int, bool] = {}
    for beam in items_of(dataset, "BeamSequence"):
        number = integer_of(beam, "BeamNumber")
        if number is not None:
            is_setup[number] = code_of(beam, "TreatmentDeliveryType") == "SETUP"
    groups = []
    for item in items_of(dataset, "FractionGroupSequence"):
        fractions = integer_of(item, "NumberOfFractionsPlanned")
        if fractions is not None and not 1 <= fractions <= MAXIMUM_FRACTIONS:
            problem = f"{fractions} fractions cannot be"
            raise refusal("NumberOfFractionsPlanned", problem, f"1 to {MAXIMUM_FRACTIONS} are read")
        groups.append(
            FractionGroup(
                fractions=fractions,
                per_day=_several_per_day(item),
                doses_gy=_doses_of_group(item, {reference.number for reference in references}),
                beam_dose_gy=_beam_dose(item, is_setup),
            )
        )
    return groups


def _doses_of_group(group: Dataset, targets: set[int]) -> dict[int, set[Decimal]]:
    """The doses a fraction group prescribes, by dose reference; refused where that is no target of the plan."""
    doses: dict[int, set[Decimal]] = {}
    for item in items_of(group, "ReferencedDoseReferenceSequence"):
        number, dose = integer_of(item, "ReferencedDoseReferenceNumber"), _prescribed_dose(item)
        if dose is None:
            continue
        if number not in targets:
            problem = (
                f"a fraction group prescribes to dose reference {number}, which is no target of the plan"
            )
            raise refusal("TargetPrescriptionDose", problem)
        doses.setdefault(number, set()).add(dose)
    return doses


def _several_per_day(group: Dataset) -> float | None:
    """Fractions on a day of treatment where the fraction pattern has several, else None."""
    digits = integer_of(group, "NumberOfFractionPatternDigitsPerDay")
    pattern = text_of(group, "FractionPattern") or ""
    if digits is None or digits < 2 or set(pattern) - {"0", "1"}:
        return None
    most = max((pattern[i : i + digits].count("1") for i in range(0, len(pattern), digits)), default=0)
    if most > max(PER_DAY_WORDS):
        raise refusal("FractionPattern", f"{most} fractions a day cannot be")
    return float(most) if most > 1 else None


def _beam_dose(group: Dataset, is_setup: dict[int, bool]) -> Decimal | None:
    """Dose of one fraction summed over the treatment beams; refused where the plan lacks a beam it names."""
    references = items_of(group, "ReferencedBeamSequence")
    stated = integer_of(group, "NumberOfBeams")
    if stated is not None and stated != len(references):
        raise refusal(
            "NumberOfBeams",
            f"the fraction group states {stated} beams and lists {len(references)}",
            "export it again",
        )
    total = Decimal(0)
    for reference in references:
        number = integer_of(reference, "ReferencedBeamNumber")
        if number not in is_setup:
            raise refusal(
                "BeamSequence",
                f"the plan lacks beam {number}, which a fraction group names",
                "export it again",
            )
        if is_setup[number]:
            continue
        dose = decimal_of(reference, "BeamDose")
        if dose is None:
            return None
        if not 0 <= dose <= UNUSUAL_ABOVE_TOTAL_GY:
            raise refusal("BeamDose", f"{dose} Gy a fraction cannot be")
        total += dose
    return total if total >= SMALLEST_DOSE_GY else None


def _prescribed_dose(item: Dataset) -> Decimal | None:
    dose = decimal_of(item, "TargetPrescriptionDose")
    if dose is None:
        return None
    if not SMALLEST_DOSE_GY <= dose <= UNUSUAL_ABOVE_TOTAL_GY:
        remedy = f"doses are above 0 and at most {UNUSUAL_ABOVE_TOTAL_GY} Gy"
        if dose > 0:
            remedy += "; in cGy they would be a hundred times too large"
        raise refusal("TargetPrescriptionDose", f"{dose} Gy cannot be a prescription", remedy)
    return round(dose, DECIMALS_OF_A_DOSE)


def dose_references(dataset: Dataset) -> list[DoseReference]:
    """The target dose references, in the plan's order."""
    references: list[DoseReference] = []
    for i, item in enumerate(items_of(dataset, "DoseReferenceSequence"), start=1):
        number = integer_of(item, "DoseReferenceNumber") or i
        dose = _prescribed_dose(item)
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

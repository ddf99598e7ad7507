"""The fraction groups of a plan: what is given in one fraction by which beams, and how often."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from pydicom.dataset import Dataset

from rtfractions.dicom.dose_references import SMALLEST_DOSE_GY, prescription_dose_of
from rtfractions.dicom.values import code_of, decimal_of, decimals_of, integer_of, items_of, refusal, text_of
from rtfractions.notices import Notice
from rtfractions.plans import FractionGroup
from rtfractions.schedule import MAXIMUM_FRACTIONS, PER_DAY_WORDS
from rtfractions.schedule_text import UNUSUAL_ABOVE_TOTAL_GY

NOT_TREATMENT: Final = frozenset({"SETUP", "OPEN_PORTFILM", "TRMT_PORTFILM"})
"""Treatment delivery types (300A,00CE) of beams that are there to see, not to treat."""

SAME_POINT_MM: Final = Decimal("0.1")
"""Dose specification points that agree within this along each axis are one point."""


@dataclass(frozen=True, slots=True)
class FractionScheme:
    """The fraction groups, and what the treatment beams say of their radiation and dose."""

    groups: tuple[FractionGroup, ...]
    radiation: tuple[str, ...]
    """The distinct radiation types, sorted."""
    is_effective: bool
    """Every treatment beam says that its dose is RBE-weighted."""
    notices: tuple[Notice, ...]


@dataclass(frozen=True, slots=True)
class _Parts:
    """How a plan defines its beams or application setups, and how a fraction group refers to them."""

    definitions: tuple[str, ...]
    definition_number: str
    references: str
    number: str
    count: str
    dose: str
    noun: str


_BEAMS: Final = _Parts(
    definitions=("BeamSequence", "IonBeamSequence"),
    definition_number="BeamNumber",
    references="ReferencedBeamSequence",
    number="ReferencedBeamNumber",
    count="NumberOfBeams",
    dose="BeamDose",
    noun="beam",
)

_SETUPS: Final = _Parts(
    definitions=("ApplicationSetupSequence",),
    definition_number="ApplicationSetupNumber",
    references="ReferencedBrachyApplicationSetupSequence",
    number="ReferencedBrachyApplicationSetupNumber",
    count="NumberOfBrachyApplicationSetups",
    dose="BrachyApplicationSetupDose",
    noun="application setup",
)


def fraction_scheme(dataset: Dataset, targets: Iterable[int]) -> FractionScheme:
    """Read the fraction groups, in the plan's order.

    Parameters
    ----------
    dataset : Dataset
        An RT Plan or RT Ion Plan.
    targets : iterable of int
        Numbers of its target dose references.

    Raises
    ------
    DicomError
        If a value is there and cannot be, or the plan lacks a beam or a target that a group names.
    """
    treating = [(parts, _treating(dataset, parts)) for parts in (_BEAMS, _SETUPS)]
    groups: list[FractionGroup] = []
    effective: list[bool] = []
    notices: list[Notice] = []
    for item in items_of(dataset, "FractionGroupSequence"):
        number, fractions = integer_of(item, "FractionGroupNumber"), _fractions(item)
        if number is not None and any(group.number == number for group in groups):
            raise refusal("FractionGroupNumber", f"the number {number} stands twice", "export the plan again")
        given = [
            (parts, beam, reference)
            for parts, treats in treating
            for beam, reference in _references(item, parts, treats)
            if treats[beam] and not _is_idle(beam, reference, notices)
        ]
        doses = [_dose(reference, parts.dose) for parts, _, reference in given]
        effective += [code_of(reference, "BeamDoseType") == "EFFECTIVE" for _, _, reference in given]
        if not _is_one_point([reference for _, _, reference in given]):
            problem = "the beam doses are to different points: their sum is the dose of none of them"
            notices.append(Notice("plan.beam-dose-points-differ", problem))
        per_day = _several_per_day(item)
        if per_day is not None:
            problem = (
                f"the plan gives {per_day:g} fractions a day: BED and EQD2 do not count incomplete repair"
            )
            notices.append(Notice("plan.several-fractions-a-day", problem))
        total = sum((dose for dose in doses if dose is not None), Decimal(0))
        groups.append(
            FractionGroup(
                number=number,
                fractions=fractions,
                per_day=per_day,
                beams=tuple(beam for _, beam, _ in given),
                beam_dose_gy=None if None in doses or total < SMALLEST_DOSE_GY else total,
                prescribed_gy=_prescribed_by(item, frozenset(targets)),
            )
        )
    return FractionScheme(
        groups=tuple(groups),
        radiation=_radiation(dataset),
        is_effective=bool(effective) and all(effective),
        notices=tuple(dict.fromkeys(notices)),
    )


def _radiation(dataset: Dataset) -> tuple[str, ...]:
    """Radiation of the treatment beams; kilovolts of a setup beam say nothing of the treatment."""
    found = {
        code_of(item, "RadiationType")
        for definitions in _BEAMS.definitions
        for item in items_of(dataset, definitions)
        if code_of(item, "TreatmentDeliveryType") not in NOT_TREATMENT
    }
    return tuple(sorted(radiation for radiation in found if radiation is not None))


def _treating(dataset: Dataset, parts: _Parts) -> dict[int, bool]:
    """The plan's beams by number, and whether each is for treatment; what has no number cannot be named."""
    treats: dict[int, bool] = {}
    for definitions in parts.definitions:
        for item in items_of(dataset, definitions):
            number = integer_of(item, parts.definition_number)
            if number in treats:
                problem = f"the number {number} stands twice"
                raise refusal(parts.definition_number, problem, "export the plan again")
            if number is not None:
                treats[number] = code_of(item, "TreatmentDeliveryType") not in NOT_TREATMENT
    return treats


def _references(group: Dataset, parts: _Parts, treats: dict[int, bool]) -> list[tuple[int, Dataset]]:
    """The beams of a group by number; refused where the plan lacks one, or the group miscounts them."""
    references: dict[int, Dataset] = {}
    for item in items_of(group, parts.references):
        number = integer_of(item, parts.number)
        if number is None or number not in treats:
            problem = f"the plan lacks {parts.noun} {number}, which a fraction group names"
            raise refusal(parts.definitions[0], problem, "export it again")
        if number in references:
            raise refusal(
                parts.number, f"a fraction group names {parts.noun} {number} twice", "export it again"
            )
        references[number] = item
    stated = integer_of(group, parts.count)
    # The standard counts all; some count those that treat, setup beams being listed beside.
    if stated not in (None, len(references), sum(treats[number] for number in references)):
        problem = f"the fraction group states {stated} {parts.noun}s and lists {len(references)}"
        raise refusal(parts.count, problem, "export it again")
    return list(references.items())


def _is_idle(beam: int, reference: Dataset, notices: list[Notice]) -> bool:
    """Whether a beam has no monitor units: then it gives no dose, whatever else is written."""
    if decimal_of(reference, "BeamMeterset") != 0:
        return False
    if decimal_of(reference, "BeamDose"):
        problem = f"beam {beam} has a dose and no monitor units: its dose is not counted"
        notices.append(Notice("plan.beam-without-meterset", problem))
    return True


def _dose(reference: Dataset, keyword: str) -> Decimal | None:
    dose = decimal_of(reference, keyword)
    if dose is not None and not 0 <= dose <= UNUSUAL_ABOVE_TOTAL_GY:
        raise refusal(keyword, f"{dose} Gy a fraction cannot be")
    return dose


def _is_one_point(references: list[Dataset]) -> bool:
    """Whether the doses that say where they are, are at one point."""
    points = [decimals_of(reference, "BeamDoseSpecificationPoint") for reference in references]
    axes = zip(*(point for point in points if len(point) == 3), strict=True)
    return all(max(axis) - min(axis) <= SAME_POINT_MM for axis in axes)


def _fractions(group: Dataset) -> int | None:
    fractions = integer_of(group, "NumberOfFractionsPlanned")
    if fractions is not None and not 1 <= fractions <= MAXIMUM_FRACTIONS:
        problem = f"{fractions} fractions cannot be"
        raise refusal("NumberOfFractionsPlanned", problem, f"1 to {MAXIMUM_FRACTIONS} are read")
    return fractions


def _prescribed_by(group: Dataset, targets: frozenset[int]) -> tuple[tuple[int, Decimal], ...]:
    """The doses a fraction group prescribes, by dose reference; refused where that is no target of the plan."""
    doses: list[tuple[int, Decimal]] = []
    for item in items_of(group, "ReferencedDoseReferenceSequence"):
        number, dose = integer_of(item, "ReferencedDoseReferenceNumber"), prescription_dose_of(item)
        if dose is None:
            continue
        if number is None or number not in targets:
            problem = (
                f"a fraction group prescribes to dose reference {number}, which is no target of the plan"
            )
            raise refusal("TargetPrescriptionDose", problem)
        doses.append((number, dose))
    return tuple(doses)


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

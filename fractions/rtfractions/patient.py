"""The words for a patient under review: lesions, what was prescribed and delivered, and the plans."""

import datetime
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from rtfractions.notices import Notice
from rtfractions.schedule import Schedule


class PrescriptionSource(StrEnum):
    """Where a prescription was read, best first; the last two grade nothing."""

    LESION_SHEET = "lesion_sheet"
    FRACTION_GROUP = "fraction_group_dose_reference"
    TARGET = "target_dose_reference"
    BEAM_DOSE = "beam_dose"
    DESCRIPTION = "prescription_description"

    @property
    def words(self) -> str:
        """The source as a person reads it."""
        return {
            PrescriptionSource.LESION_SHEET: "the lesion sheet",
            PrescriptionSource.FRACTION_GROUP: "the fraction group's dose reference",
            PrescriptionSource.TARGET: "the target's dose reference",
            PrescriptionSource.BEAM_DOSE: "beam doses x fractions",
            PrescriptionSource.DESCRIPTION: "the prescription description",
        }[self]


@dataclass(frozen=True, slots=True)
class Prescription:
    """A schedule for a target, and where it was read from.

    Attributes
    ----------
    schedule : Schedule or None
        What is prescribed; None where it could not be read as one schedule.
    source : PrescriptionSource or None
        Where it was read; None where nothing was found.
    missing : str or None
        What the files lack for a schedule: then nothing can be graded.
    unclear : str or None
        Why the schedule must not be graded without a person.
    """

    schedule: Schedule | None
    source: PrescriptionSource | None
    missing: str | None = None
    unclear: str | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """What was delivered, as far as it is stated.

    Attributes
    ----------
    start, end : datetime.date or None
        Days of the first and the last fraction.
    fractions_delivered : int or None
        Number of fractions given, 0 or more.
    stop_reason : str or None
        Why the course stopped early.
    """

    start: datetime.date | None = None
    end: datetime.date | None = None
    fractions_delivered: int | None = None
    stop_reason: str | None = None


@dataclass(frozen=True, slots=True)
class PlanTarget:
    """A target of a plan: its dose references taken together.

    Attributes
    ----------
    name : str
        The dose reference's description, or its number.
    structure_number : int or None
        ROI number of the structure the plan links it to.
    prescription : Prescription
        What the plan prescribes to it.
    """

    name: str
    structure_number: int | None
    prescription: Prescription


@dataclass(frozen=True, slots=True)
class Plan:
    """A treatment plan, as far as prescriptions go.

    Attributes
    ----------
    sop_instance_uid : str
        The plan's DICOM UID.
    targets : tuple of PlanTarget
        One for each target, in the order of the plan.
    set_aside : str or None
        Why the plan is listed but not counted (its intent, its geometry, its status), or None.
    notices : tuple of Notice
        What the reader has to say of it.
    """

    sop_instance_uid: str
    targets: tuple[PlanTarget, ...]
    set_aside: str | None = None
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True)
class Lesion:
    """A treated lesion and all that is stated of it; what is not stated is None.

    Attributes
    ----------
    label : str
        Its name, unique for the patient.
    prescription : Prescription
        What was prescribed to it.
    site, technique, intent, justification : str or None
        Free text, as stated.
    max_diameter_mm : float or None
        Largest diameter in mm.
    volume_cm3 : float or None
        Volume in cm3.
    delivery : Delivery
        What was delivered.
    on_study : bool
        False for treatment beside the trial: recorded, counted nowhere.
    structure, plan_uid : str or None
        The structure and the plan that belong to it, where stated.
    plan_target : PlanTarget or None
        The target of that plan, where it was found beside a lesion sheet.
    notices : tuple of Notice
        What the reader has to say of it.
    """

    label: str
    prescription: Prescription
    site: str | None = None
    technique: str | None = None
    intent: str | None = None
    justification: str | None = None
    max_diameter_mm: float | None = None
    volume_cm3: float | None = None
    delivery: Delivery = Delivery()
    on_study: bool = True
    structure: str | None = None
    plan_uid: str | None = None
    plan_target: PlanTarget | None = None
    notices: tuple[Notice, ...] = ()


class LesionsFrom(StrEnum):
    """What the number of a patient's lesions rests on."""

    SHEET = "lesion sheet"
    PLAN_LINKS = "plan targets linked to structures"
    PLAN_CANDIDATES = "plan targets without a structure"


@dataclass(frozen=True, slots=True)
class Patient:
    """A patient under review.

    Attributes
    ----------
    label : str
        Patient ID, or what the lesion sheet calls the patient.
    lesions : tuple of Lesion
        From the sheet where there is one, else one for each target of each counted plan.
    lesions_from : LesionsFrom
        What their number rests on.
    plans : tuple of Plan
        The patient's plans, those set aside too.
    incomplete : str or None
        What is known to be missing (a refused row or file), so that the lesions may not be all.
    notices : tuple of Notice
        What is to be said of the patient as a whole.
    """

    label: str
    lesions: tuple[Lesion, ...]
    lesions_from: LesionsFrom
    plans: tuple[Plan, ...] = ()
    incomplete: str | None = None
    notices: tuple[Notice, ...] = ()


def same_name(a: str, b: str) -> bool:
    """Whether two names are the same after Unicode normalisation and trimming; never a fuzzy match.

    Examples
    --------
    >>> same_name("Léber ", "Le\u0301ber"), same_name("PTV", "ptv")
    (True, False)
    """
    return unicodedata.normalize("NFC", a).strip() == unicodedata.normalize("NFC", b).strip()


def join(from_sheet: Iterable[Patient], from_files: Iterable[Patient]) -> tuple[Patient, ...]:
    """Patients of a lesion sheet beside patients read from files: the sheet says what the lesions are.

    Parameters
    ----------
    from_sheet : iterable of Patient
        Their lesions stand; each is tied to the target of its plan where that is stated or can only be one.
    from_files : iterable of Patient
        Patients that the sheet does not name keep the lesions of their plans.

    Returns
    -------
    tuple of Patient
        The sheet's patients in its order, then those only the files know. Where both were given, a patient that
        only one of them knows has a notice.
    """
    on_sheet, in_files = list(from_sheet), list(from_files)
    if not on_sheet or not in_files:
        return (*on_sheet, *in_files)
    joined = []
    for patient in on_sheet:
        match = next((other for other in in_files if same_name(other.label, patient.label)), None)
        if match is None:
            joined.append(_noted(patient, "patient.no-files", "no file of this patient was read", in_files))
        else:
            lesions = tuple(_tied(lesion, patient, match.plans) for lesion in patient.lesions)
            joined.append(replace(patient, lesions=lesions, plans=match.plans))
    joined += [
        _noted(other, "patient.not-on-sheet", "the lesion sheet does not name this patient", on_sheet)
        for other in in_files
        if not any(same_name(other.label, patient.label) for patient in on_sheet)
    ]
    return tuple(joined)


def _noted(patient: Patient, code: str, message: str, others: list[Patient]) -> Patient:
    """The patient with a notice, which names those whose ID is nearly the same."""

    def folded(label: str) -> str:
        return "".join(label.casefold().split()).lstrip("0")

    near = [other.label for other in others if folded(other.label) == folded(patient.label)]
    similar = f"; {', '.join(map(repr, near))} is similar and not the same" if near else ""
    return replace(patient, notices=(*patient.notices, Notice(code, f"{patient.label}: {message}{similar}")))


def _tied(lesion: Lesion, patient: Patient, plans: tuple[Plan, ...]) -> Lesion:
    """The lesion with the plan target that belongs to it, or with a notice why none was taken."""
    counted = [plan for plan in plans if plan.set_aside is None]
    if lesion.plan_uid is not None:
        counted = [plan for plan in counted if plan.sop_instance_uid == lesion.plan_uid]
    elif not lesion.on_study or sum(other.on_study for other in patient.lesions) > 1:
        counted = counted if lesion.structure is not None else []
    targets = [
        target
        for plan in counted
        for target in plan.targets
        if lesion.structure is None or same_name(target.name, lesion.structure)
    ]
    if len(targets) == 1:
        return replace(lesion, plan_target=targets[0])
    notice = Notice(
        "lesion.not-tied",
        f"lesion {lesion.label}: no single target of the plans read belongs to it ({len(targets)} found); "
        "its prescription is the lesion sheet's, not compared with a plan",
    )
    return replace(lesion, notices=(*lesion.notices, notice))

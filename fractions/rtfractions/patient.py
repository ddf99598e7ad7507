"""The words for a patient under review: lesions, what was delivered to them, and all that was read of the patient."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from rtfractions.names import normal
from rtfractions.notices import Notice
from rtfractions.plans import Plan, PlanTarget, Prescription
from rtfractions.records import Delivery, TreatmentRecord

if TYPE_CHECKING:  # a lesion sheet is graded without numpy
    from rtfractions.doses import Dose, PlanDose
    from rtfractions.structures import StructureSet


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
        The target of a plan that belongs to it, or that it was read from.
    not_tied : str or None
        Why no single target of the plans beside the sheet was found to belong to it.
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
    delivery: Delivery = field(default_factory=Delivery)
    on_study: bool = True
    structure: str | None = None
    plan_uid: str | None = None
    plan_target: PlanTarget | None = None
    not_tied: str | None = None
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
    untied : tuple of str
        Targets of counted plans beside a lesion sheet that belong to none of its lesions.
    incomplete : str or None
        What is known to be missing (a refused row or file), so that the lesions may not be all.
    notices : tuple of Notice
        What is to be said of the patient as a whole.
    records : tuple of TreatmentRecord
        The patient's treatment records.
    doses : tuple of Dose
        The patient's dose files.
    plan_doses : tuple of PlanDose
        The dose of each plan's whole course, where it is known.
    structure_sets : tuple of StructureSet
        The patient's structure sets.
    """

    label: str
    lesions: tuple[Lesion, ...]
    lesions_from: LesionsFrom
    plans: tuple[Plan, ...] = ()
    untied: tuple[str, ...] = ()
    incomplete: str | None = None
    notices: tuple[Notice, ...] = ()
    records: tuple[TreatmentRecord, ...] = ()
    doses: "tuple[Dose, ...]" = ()
    plan_doses: "tuple[PlanDose, ...]" = ()
    structure_sets: "tuple[StructureSet, ...]" = ()

    def all_notices(self) -> tuple[Notice, ...]:
        """What is to be said of the patient and of every object."""
        of_objects = [
            self.notices,
            *(plan.notices for plan in self.plans),
            *(lesion.notices for lesion in self.lesions),
            *(dose.notices for dose in self.doses),
            *(record.notices for record in self.records),
        ]
        for structure_set in self.structure_sets:
            of_objects.append(structure_set.notices)
            of_objects += [structure.notices for structure in structure_set.structures]
        return tuple(dict.fromkeys(notice for notices in of_objects for notice in notices))


def join(from_sheet: Iterable[Patient], from_files: Iterable[Patient]) -> tuple[Patient, ...]:
    """Patients of lesion sheets beside patients read from files: the sheet says what the lesions are.

    Parameters
    ----------
    from_sheet : iterable of Patient
        Their lesions stand; each is tied to the target of its plan where that is stated or can only be one.
    from_files : iterable of Patient
        Patients that the sheet does not name keep the lesions of their plans.

    Returns
    -------
    tuple of Patient
        The sheet's patients in its order, then those only the files know. Patients that only one side knows where
        both were given, and patients with nearly the same ID, have a notice.
    """
    on_sheet, in_files = _by_label(from_sheet), _by_label(from_files)
    joined = []
    for label in dict.fromkeys((*on_sheet, *in_files)):
        sheet, files = on_sheet.get(label), in_files.get(label)
        if sheet is not None and files is not None:
            joined.append(_joined(sheet, files))
        elif sheet is not None:
            message = "no file of this patient was read"
            joined.append(_noted(sheet, "patient.no-files", message) if in_files else sheet)
        elif files is not None:
            message = "the lesion sheet does not name this patient"
            joined.append(_noted(files, "patient.not-on-sheet", message) if on_sheet else files)
    similar = similar_ids(patient.label for patient in joined)
    return tuple(
        replace(patient, notices=(*patient.notices, similar[patient.label]))
        if patient.label in similar
        else patient
        for patient in joined
    )


def _by_label(patients: Iterable[Patient]) -> dict[str, Patient]:
    """Patients by label as labels are compared; of two that compare alike, the second by its label as it stands."""
    found: dict[str, Patient] = {}
    for patient in patients:
        key = normal(patient.label)
        while key in found:
            key += "\0"
        found[key] = patient
    return found


def _joined(sheet: Patient, files: Patient) -> Patient:
    """The sheet's patient with the plans of the files, each lesion tied to the target that belongs to it."""
    targets = [(plan, target) for plan in files.plans if plan.set_aside is None for target in plan.targets]
    recorded = {plan.sop_instance_uid: plan.delivery for plan in files.plans}
    tied = [_tied(lesion, sheet, files, targets) for lesion in sheet.lesions]
    tied = [
        _with_records(lesion, recorded[lesion.plan_uid]) if lesion.plan_uid in recorded else lesion
        for lesion in tied
    ]
    for i, lesion in enumerate(tied):
        rivals = [
            other.label
            for other in tied
            if other is not lesion and other.plan_target is lesion.plan_target is not None
        ]
        if rivals:
            tied[i] = replace(lesion, not_tied=f"its plan target belongs to lesion {', '.join(rivals)} too")
    taken = [lesion.plan_target for lesion in tied]
    untied = [
        f"{target.name} ({target.prescription.schedule or 'no schedule'})"
        for _, target in targets
        if not any(target is other for other in taken)
    ]
    return replace(
        sheet,
        lesions=tuple(tied),
        plans=files.plans,
        untied=tuple(untied),
        incomplete=sheet.incomplete or files.incomplete,
        notices=sheet.notices + files.notices,
        records=files.records,
        doses=files.doses,
        plan_doses=files.plan_doses,
        structure_sets=files.structure_sets,
    )


def _tied(lesion: Lesion, patient: Patient, files: Patient, targets: list[tuple[Plan, PlanTarget]]) -> Lesion:
    """The lesion with the plan target that belongs to it, or why none was taken."""
    if lesion.plan_uid is not None:
        targets = [(plan, target) for plan, target in targets if plan.sop_instance_uid == lesion.plan_uid]
        if not targets:
            aside = [plan.set_aside for plan in files.plans if plan.sop_instance_uid == lesion.plan_uid]
            why = f"is not counted: {aside[0]}" if aside and aside[0] else "was not read"
            return replace(lesion, not_tied=f"the plan it names, {lesion.plan_uid}, {why}")
    if lesion.structure is not None:
        targets = _of_structure(lesion.structure, files, targets)
        if not targets:
            return replace(lesion, not_tied=f"no target of the plans is named {lesion.structure!r}")
    elif lesion.plan_uid is None:
        if not lesion.on_study or not targets:
            return lesion
        if sum(other.on_study for other in patient.lesions) > 1:
            return replace(lesion, not_tied="which target of the plans belongs to it is not stated")
    if len(targets) > 1:
        return replace(lesion, not_tied=f"{len(targets)} targets of the plans may belong to it")
    plan, target = targets[0]
    return replace(lesion, plan_target=target, plan_uid=plan.sop_instance_uid)


def _of_structure(
    name: str, files: Patient, targets: list[tuple[Plan, PlanTarget]]
) -> list[tuple[Plan, PlanTarget]]:
    """The targets that a structure is: by their own name or that of the structure they are linked to.

    Where there is none, the only target there is, which its plan links to no structure, is that of a structure drawn
    for its plan.
    """
    drawn = [
        {
            structure.number
            for structures in files.structure_sets
            if structures.sop_instance_uid == plan.structure_set_uid
            for structure in structures.everything
            if normal(structure.name) == normal(name)
        }
        for plan, _ in targets
    ]
    named = [
        (plan, target)
        for (plan, target), numbers in zip(targets, drawn, strict=True)
        if normal(target.name) == normal(name) or (numbers - {None}) & {target.structure_number}
    ]
    if named or len(targets) != 1:
        return named
    return targets if targets[0][1].structure_number is None and drawn[0] else []


def _with_records(lesion: Lesion, theirs: Delivery) -> Lesion:
    """The sheet's lesion with what treatment records say of its plan, where the sheet says nothing."""
    ours = lesion.delivery
    values, differ = {}, []
    for key, what in (("fractions_delivered", "delivered"), ("start", "started"), ("end", "ended")):
        stated, found = getattr(ours, key), getattr(theirs, key)
        values[key] = found if stated is None else stated
        if None not in (stated, found) and stated != found:
            differ.append(f"{what} {stated} by the lesion sheet, {found} by the treatment records")
    delivery = replace(
        ours, **values, unclear="; ".join(differ) or None, fraction_times=theirs.fraction_times
    )
    return replace(lesion, delivery=delivery)


def loose_id(label: str) -> str:
    """A patient ID without case, blanks and leading zeros.

    Examples
    --------
    >>> loose_id("AB 0012") == loose_id("ab-0012"), loose_id("0012") == loose_id("12"), loose_id("120") == loose_id("12")
    (True, True, False)
    """
    letters = unicodedata.normalize("NFKC", label).casefold()
    return re.sub(r"(?<!\d)0+(?=\d)", "", re.sub(r"[\W_]", "", letters))


def similar_ids(labels: Iterable[str]) -> dict[str, Notice]:
    """A notice for each patient whose ID differs from another's by case, blanks or leading zeros only."""
    alike: dict[str, list[str]] = {}
    for label in labels:
        alike.setdefault(loose_id(label), []).append(label)
    notices = {}
    for same in alike.values():
        for label in same if len(same) > 1 else ():
            others = ", ".join(repr(other) for other in same if other != label)
            message = f"{label}: {others} is similar, and taken as another patient"
            notices[label] = Notice("patient.similar-id", message)
    return notices


def _noted(patient: Patient, code: str, message: str) -> Patient:
    return replace(patient, notices=(*patient.notices, Notice(code, f"{patient.label}: {message}")))

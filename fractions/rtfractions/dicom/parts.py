"""What has been read of one patient, before it is put together."""

from dataclasses import dataclass, field

from rtfractions.dicom.reading import DicomError
from rtfractions.dicom.values import tag_text
from rtfractions.doses import Dose, PlanDose
from rtfractions.errors import RTFractionsError, Where
from rtfractions.notices import Notice
from rtfractions.plans import Plan
from rtfractions.records import TreatmentRecord
from rtfractions.structures import StructureSet


@dataclass(slots=True)
class Parts:
    """What has been read of a patient so far.

    Attributes
    ----------
    plans, doses, structure_sets, records : dict
        Objects by SOP Instance UID; what is refused is taken out again.
    files : dict
        The file of each object, by SOP Instance UID.
    plan_doses : list of PlanDose
        The doses that are known to be a plan's.
    notices : list of Notice
        What is to be said of the patient as a whole.
    errors : list of RTFractionsError
        What was refused.
    incomplete : str or None
        What is known to be missing of the plans.
    refused : set of str
        UIDs of objects that were refused when they were read.
    """

    plans: dict[str, Plan] = field(default_factory=dict)
    doses: dict[str, Dose] = field(default_factory=dict)
    structure_sets: dict[str, StructureSet] = field(default_factory=dict)
    records: dict[str, TreatmentRecord] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    plan_doses: list[PlanDose] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    errors: list[RTFractionsError] = field(default_factory=list)
    incomplete: str | None = None
    refused: set[str] = field(default_factory=set)

    def refuse(self, uid: str, keyword: str, problem: str, remedy: str = "") -> None:
        """Note why an object cannot stand, at its file and an attribute."""
        where = Where(file=self.files[uid], tag=tag_text(keyword))
        self.errors.append(DicomError(problem, remedy=remedy, where=where))

    def note(self, code: str, message: str, uid: str) -> None:
        """Note what is doubtful about an object, at its file."""
        self.notices.append(Notice(code, message, Where(file=self.files[uid])))

"""Treatment plans, and what they prescribe to their targets."""

import datetime
from dataclasses import KW_ONLY, dataclass, field
from decimal import Decimal
from enum import StrEnum

from rtfractions.notices import Notice
from rtfractions.records import Delivery
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


class PlanKind(StrEnum):
    """What a plan treats with."""

    EXTERNAL_BEAM = "external beam"
    ION = "ion"
    BRACHYTHERAPY = "brachytherapy"


@dataclass(frozen=True, slots=True, kw_only=True)
class FractionGroup:
    """A fraction group of a plan: fractions that are given alike; what is not stated is None.

    Attributes
    ----------
    number : int or None
        Its number in the plan.
    fractions : int or None
        Number of fractions planned, 1 to 1000.
    per_day : float or None
        Fractions per day where the pattern has several.
    beams : tuple of int
        Numbers of its treatment beams, or of its application setups in brachytherapy. Setup beams, port films and
        beams without any monitor units are left out.
    beam_dose_gy : Decimal or None
        Sum of their beam doses in Gy in one fraction; None where one of them has none.
    prescribed_gy : tuple of (int, Decimal)
        Doses in Gy that the group itself prescribes, each with the number of its dose reference.
    """

    number: int | None
    fractions: int | None
    per_day: float | None = None
    beams: tuple[int, ...] = ()
    beam_dose_gy: Decimal | None = None
    prescribed_gy: tuple[tuple[int, Decimal], ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """A treatment plan: who prescribes what to which target, and what it belongs to.

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
    kind : PlanKind
        What it treats with.
    label : str or None
        What its planners call it.
    date : datetime.date or None
        Day it was last changed.
    approval, intent : str or None
        Approval status and plan intent, as DICOM's terms.
    frame_of_reference_uid : str or None
        Frame of reference of its coordinates.
    structure_set_uid : str or None
        The structure set it was made on; None where it names several.
    radiation : tuple of str
        The distinct radiation types of its treatment beams, sorted, as DICOM's terms.
    fraction_groups : tuple of FractionGroup
        In the order of the plan; none for a plan set aside.
    supersedes : tuple of str
        UIDs of the plans it was derived from.
    brachytherapy_type : str or None
        Dose rate of brachytherapy as DICOM's terms (HDR, MDR, LDR, PDR, MANUAL), where it is stated.
    delivery : Delivery
        What treatment records say was delivered of it.
    """

    sop_instance_uid: str
    targets: tuple[PlanTarget, ...]
    set_aside: str | None = None
    notices: tuple[Notice, ...] = ()
    _: KW_ONLY
    kind: PlanKind
    label: str | None = None
    date: datetime.date | None = None
    approval: str | None = None
    intent: str | None = None
    frame_of_reference_uid: str | None = None
    structure_set_uid: str | None = None
    radiation: tuple[str, ...] = ()
    fraction_groups: tuple[FractionGroup, ...] = ()
    supersedes: tuple[str, ...] = ()
    brachytherapy_type: str | None = None
    delivery: Delivery = field(default_factory=Delivery)

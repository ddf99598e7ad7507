"""RT Plans made up for samples and tests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pydicom.dataset import Dataset
from pydicom.uid import RTIonPlanStorage, RTPlanStorage, RTStructureSetStorage
from synthetic import common, reference, uid


@dataclass(frozen=True)
class Reference:
    """A dose reference of a plan."""

    number: int
    description: str
    dose_gy: str | None = None
    roi_number: int | None = None
    structure_type: str = "VOLUME"
    kind: str | None = "TARGET"


@dataclass(frozen=True)
class Group:
    """A fraction group: fractions, dose of each beam in a fraction, prescribed dose by reference number."""

    fractions: str | None
    beam_doses_gy: Sequence[str | None] = ("4.0", "4.0")
    doses_gy: dict[int, str] = field(default_factory=dict)


def rt_plan(
    patient_id: str,
    number: int,
    references: Sequence[Reference],
    groups: Sequence[Group],
    *,
    intent: str = "CURATIVE",
    geometry: str = "PATIENT",
    approval: str = "APPROVED",
    relations: Mapping[str, str] | None = None,
) -> Dataset:
    """An RT Plan with static beams; `number` makes its UIDs.

    `relations` says by the UID of another plan how that one is related to this, as ``PREDECESSOR``.
    """
    plan = common(patient_id, number, kind=1, sop_class=RTPlanStorage, modality="RTPLAN")
    plan.RTPlanDate, plan.RTPlanTime = "20260102", "120000"
    plan.RTPlanLabel = f"PLAN {number}"
    plan.PlanIntent = intent
    plan.RTPlanGeometry = geometry
    plan.DoseReferenceSequence = [_reference(reference) for reference in references]
    plan.FractionGroupSequence = [
        _group(i, group, _beams_before(groups, i)) for i, group in enumerate(groups)
    ]
    plan.BeamSequence = [_beam(n + 1) for n in range(_beams_before(groups, len(groups)))]
    if geometry == "PATIENT":
        plan.ReferencedStructureSetSequence = [reference(RTStructureSetStorage, uid(5, number))]
    if relations:
        plan.ReferencedRTPlanSequence = [_related(other, how) for other, how in relations.items()]
    plan.ApprovalStatus = approval
    return plan


def ion_plan(
    patient_id: str,
    number: int,
    references: Sequence[Reference],
    groups: Sequence[Group],
    *,
    dose_type: str | None = None,
    radiation: str = "PROTON",
) -> Dataset:
    """An RT Ion Plan; `dose_type` says of every beam dose whether it is ``PHYSICAL`` or ``EFFECTIVE``."""
    plan = rt_plan(patient_id, number, references, groups)
    plan.SOPClassUID = RTIonPlanStorage
    plan.IonBeamSequence = plan.BeamSequence
    del plan.BeamSequence
    for beam in plan.IonBeamSequence:
        beam.RadiationType = radiation
    for group in plan.FractionGroupSequence:
        for beam in group.ReferencedBeamSequence:
            if dose_type is not None:
                beam.BeamDoseType = dose_type
    return plan


def brachy_plan(
    patient_id: str, number: int, references: Sequence[Reference], groups: Sequence[Group]
) -> Dataset:
    """A brachytherapy plan: what the groups call beams are its application setups."""
    plan = rt_plan(patient_id, number, references, groups)
    plan.BrachyTreatmentTechnique, plan.BrachyTreatmentType = "INTRACAVITARY", "HDR"
    plan.ApplicationSetupSequence = []
    for beam in plan.BeamSequence:
        setup = Dataset()
        setup.ApplicationSetupType = "TANDEM_OVOID"
        setup.ApplicationSetupNumber = beam.BeamNumber
        setup.TotalReferenceAirKerma = "0.5"
        plan.ApplicationSetupSequence.append(setup)
    del plan.BeamSequence
    for group in plan.FractionGroupSequence:
        group.NumberOfBrachyApplicationSetups, group.NumberOfBeams = group.NumberOfBeams, 0
        group.ReferencedBrachyApplicationSetupSequence = []
        for beam in group.ReferencedBeamSequence:
            setup = Dataset()
            if "BeamDose" in beam:
                setup.BrachyApplicationSetupDose = beam.BeamDose
            setup.ReferencedBrachyApplicationSetupNumber = beam.ReferencedBeamNumber
            group.ReferencedBrachyApplicationSetupSequence.append(setup)
        del group.ReferencedBeamSequence
    return plan


def add_setup_beam(plan: Dataset, *, dose_gy: str | None = None) -> int:
    """Add a setup beam to the plan and its first fraction group; its number."""
    beams = plan.BeamSequence if "BeamSequence" in plan else plan.IonBeamSequence
    beam = _beam(1 + max(int(beam.BeamNumber) for beam in beams))
    beam.TreatmentDeliveryType = "SETUP"
    beams.append(beam)
    group = plan.FractionGroupSequence[0]
    reference = Dataset()
    if dose_gy is not None:
        reference.BeamDose = dose_gy
    reference.ReferencedBeamNumber = beam.BeamNumber
    group.ReferencedBeamSequence.append(reference)
    group.NumberOfBeams = len(group.ReferencedBeamSequence)
    return int(beam.BeamNumber)


def _related(other: str, how: str) -> Dataset:
    item = reference(RTPlanStorage, other)
    item.RTPlanRelationship = how
    return item


def _reference(reference: Reference) -> Dataset:
    item = Dataset()
    item.DoseReferenceNumber = reference.number
    item.DoseReferenceStructureType = reference.structure_type
    item.DoseReferenceDescription = reference.description
    if reference.kind is not None:
        item.DoseReferenceType = reference.kind
    if reference.roi_number is not None:
        item.ReferencedROINumber = reference.roi_number
    if reference.dose_gy is not None:
        item.TargetPrescriptionDose = reference.dose_gy
    return item


def _beams_before(groups: Sequence[Group], index: int) -> int:
    return sum(len(group.beam_doses_gy) for group in groups[:index])


def _group(index: int, group: Group, first_beam: int) -> Dataset:
    item = Dataset()
    item.FractionGroupNumber = index + 1
    item.NumberOfFractionsPlanned = group.fractions
    item.NumberOfBeams = len(group.beam_doses_gy)
    item.NumberOfBrachyApplicationSetups = 0
    item.ReferencedBeamSequence = []
    for i, dose in enumerate(group.beam_doses_gy):
        beam = Dataset()
        if dose is not None:
            beam.BeamDose = dose
        beam.BeamMeterset = "400"
        beam.ReferencedBeamNumber = first_beam + i + 1
        item.ReferencedBeamSequence.append(beam)
    item.ReferencedDoseReferenceSequence = []
    for number, dose in group.doses_gy.items():
        reference = Dataset()
        reference.TargetPrescriptionDose = dose
        reference.ReferencedDoseReferenceNumber = number
        item.ReferencedDoseReferenceSequence.append(reference)
    return item


def _beam(number: int) -> Dataset:
    beam = Dataset()
    beam.BeamNumber = number
    beam.BeamName = f"Field {number}"
    beam.BeamType = "STATIC"
    beam.RadiationType = "PHOTON"
    beam.TreatmentDeliveryType = "TREATMENT"
    beam.NumberOfControlPoints = 0
    return beam

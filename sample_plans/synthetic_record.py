"""RT Treatment Records made up for samples and tests."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydicom.dataset import Dataset
from pydicom.uid import (
    RTBeamsTreatmentRecordStorage,
    RTBrachyTreatmentRecordStorage,
    RTIonBeamsTreatmentRecordStorage,
    RTPlanStorage,
    RTTreatmentSummaryRecordStorage,
)
from synthetic import common, reference, uid


@dataclass(frozen=True)
class Beam:
    """A beam, or an application setup, as one session delivered it."""

    number: int | None
    fraction: str | None
    delivered: str | None = "400"
    specified: str | None = "400"
    kind: str | None = "TREATMENT"
    termination: str = "NORMAL"


@dataclass(frozen=True)
class GroupSummary:
    """What a summary says of a fraction group; fractions as (number, date, termination)."""

    number: int | None
    planned: str | None
    delivered: str | None
    fractions: Sequence[tuple[int, str, str]] = ()


def beams_record(
    patient_id: str,
    number: int,
    beams: Sequence[Beam],
    *,
    plan_number: int,
    date: str | None,
    group: int | None = 1,
) -> Dataset:
    """An RT Beams Treatment Record of one session of the plan of number `plan_number`."""
    record = _record(patient_id, number, RTBeamsTreatmentRecordStorage, plan_number, group)
    record.TreatmentDate = date
    record.TreatmentTime = "" if date is None else "080000"
    record.PrimaryDosimeterUnit = "MU"
    record.TreatmentSessionBeamSequence = [_beam(beam) for beam in beams]
    return record


def ion_record(
    patient_id: str, number: int, beams: Sequence[Beam], *, plan_number: int, date: str | None
) -> Dataset:
    """An RT Ion Beams Treatment Record of one session."""
    record = beams_record(patient_id, number, beams, plan_number=plan_number, date=date)
    record.SOPClassUID = RTIonBeamsTreatmentRecordStorage
    record.TreatmentSessionIonBeamSequence = record.TreatmentSessionBeamSequence
    del record.TreatmentSessionBeamSequence
    return record


def brachy_record(
    patient_id: str, number: int, setups: Sequence[Beam], *, plan_number: int, date: str | None
) -> Dataset:
    """An RT Brachy Treatment Record of one session; what a beam has in monitor units, two channels share in s."""
    record = _record(patient_id, number, RTBrachyTreatmentRecordStorage, plan_number, 1)
    record.TreatmentDate, record.TreatmentTime = date, "080000"
    record.TreatmentSessionApplicationSetupSequence = []
    for setup in setups:
        item = _beam(setup)
        item.ReferencedBrachyApplicationSetupNumber = item.ReferencedBeamNumber
        item.RecordedChannelSequence = []
        for channel in (1, 2):
            recorded = Dataset()
            recorded.ChannelNumber = channel
            if setup.specified is not None:
                recorded.SpecifiedChannelTotalTime = str(float(setup.specified) / 2)
            if setup.delivered is not None:
                recorded.DeliveredChannelTotalTime = str(float(setup.delivered) / 2)
            item.RecordedChannelSequence.append(recorded)
        for keyword in ("ReferencedBeamNumber", "SpecifiedPrimaryMeterset", "DeliveredPrimaryMeterset"):
            if keyword in item:
                delattr(item, keyword)
        record.TreatmentSessionApplicationSetupSequence.append(item)
    return record


def summary_record(
    patient_id: str,
    number: int,
    groups: Sequence[GroupSummary],
    *,
    plan_number: int,
    first: str | None,
    last: str | None,
    status: str = "ON_TREATMENT",
) -> Dataset:
    """An RT Treatment Summary Record."""
    record = _record(patient_id, number, RTTreatmentSummaryRecordStorage, plan_number, None)
    record.CurrentTreatmentStatus = status
    record.FirstTreatmentDate, record.MostRecentTreatmentDate = first, last
    record.FractionGroupSummarySequence = [_group(group) for group in groups]
    return record


def _record(patient_id: str, number: int, sop_class: str, plan_number: int, group: int | None) -> Dataset:
    record = common(patient_id, number, kind=7, sop_class=sop_class, modality="RTRECORD")
    record.StudyInstanceUID = uid(2, plan_number)
    del record.FrameOfReferenceUID
    del record.PositionReferenceIndicator
    record.InstanceNumber = 1
    record.ReferencedRTPlanSequence = [reference(RTPlanStorage, uid(1, plan_number))]
    if group is not None:
        record.ReferencedFractionGroupNumber = group
    return record


def _beam(beam: Beam) -> Dataset:
    item = Dataset()
    item.ReferencedBeamNumber = beam.number
    item.CurrentFractionNumber = beam.fraction
    item.TreatmentDeliveryType = beam.kind
    item.TreatmentTerminationStatus = beam.termination
    if beam.specified is not None:
        item.SpecifiedPrimaryMeterset = beam.specified
    if beam.delivered is not None:
        item.DeliveredPrimaryMeterset = beam.delivered
    return item


def _group(group: GroupSummary) -> Dataset:
    item = Dataset()
    if group.number is not None:
        item.ReferencedFractionGroupNumber = group.number
    item.FractionGroupType = "EXTERNAL_BEAM"
    item.NumberOfFractionsPlanned = group.planned
    item.NumberOfFractionsDelivered = group.delivered
    item.FractionStatusSummarySequence = []
    for number, date, termination in group.fractions:
        status = Dataset()
        status.ReferencedFractionNumber = number
        status.TreatmentDate, status.TreatmentTime = date, "080000"
        status.TreatmentTerminationStatus = termination
        item.FractionStatusSummarySequence.append(status)
    return item

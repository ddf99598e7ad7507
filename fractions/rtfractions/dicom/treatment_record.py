"""RT Treatment Records: what a session delivered, beam by beam, and what a summary states."""

import datetime
from decimal import Decimal
from typing import Final

from pydicom.dataset import Dataset

from rtfractions.dicom.fraction_scheme import NOT_TREATMENT
from rtfractions.dicom.reading import DicomError
from rtfractions.dicom.values import (
    code_of,
    date_of,
    decimal_of,
    integer_of,
    items_of,
    refusal,
    text_of,
    time_of,
)
from rtfractions.notices import Notice
from rtfractions.records import (
    BeamDelivery,
    FractionGroupSummary,
    FractionStatus,
    TreatmentRecord,
    TreatmentSummary,
)
from rtfractions.schedule import MAXIMUM_FRACTIONS

_BEAMS: Final = ("TreatmentSessionBeamSequence", "TreatmentSessionIonBeamSequence")
_SETUPS: Final = "TreatmentSessionApplicationSetupSequence"


def read_record(dataset: Dataset) -> TreatmentRecord:
    """Read an RT Treatment Record.

    Parameters
    ----------
    dataset : Dataset
        An RT Beams, RT Ion Beams, RT Brachy or RT Treatment Summary Record.

    Returns
    -------
    TreatmentRecord
        Its treatment beams or application setups, and what it states as a summary. Setup beams and port films are
        left out. Dates and fraction numbers that cannot be are None, with a notice.

    Raises
    ------
    DicomError
        If another value is there and cannot be.
    """
    uid = text_of(dataset, "SOPInstanceUID")
    if uid is None:
        raise refusal("SOPInstanceUID", "is missing")
    notices: list[Notice] = []
    began = _date(dataset, "TreatmentDate", notices), _time(dataset, notices)
    deliveries = [
        _delivery(item, "ReferencedBeamNumber", _metersets(item), began, notices)
        for keyword in _BEAMS
        for item in items_of(dataset, keyword)
        if code_of(item, "TreatmentDeliveryType") not in NOT_TREATMENT
    ]
    deliveries += [
        _delivery(item, "ReferencedBrachyApplicationSetupNumber", _channel_times(item), began, notices)
        for item in items_of(dataset, _SETUPS)
        if code_of(item, "TreatmentDeliveryType") not in NOT_TREATMENT
    ]
    return TreatmentRecord(
        sop_instance_uid=uid,
        plan_uid=_plan(dataset, notices),
        fraction_group=integer_of(dataset, "ReferencedFractionGroupNumber"),
        deliveries=tuple(deliveries),
        summary=_summary(dataset, notices),
        notices=tuple(dict.fromkeys(notices)),
    )


def _plan(dataset: Dataset, notices: list[Notice]) -> str | None:
    """The plan that was delivered."""
    uids = {
        text_of(item, "ReferencedSOPInstanceUID") for item in items_of(dataset, "ReferencedRTPlanSequence")
    } - {None}
    if len(uids) == 1:
        return uids.pop()
    problem = "names no plan" if not uids else f"names {len(uids)} plans"
    notices.append(Notice("record.plan-unknown", f"the treatment record {problem}: it is counted for none"))
    return None


def _delivery(
    item: Dataset,
    number: str,
    metersets: tuple[Decimal | None, Decimal | None],
    began: tuple[datetime.date | None, datetime.time | None],
    notices: list[Notice],
) -> BeamDelivery:
    return BeamDelivery(
        beam=integer_of(item, number),
        fraction=_fraction(item, "CurrentFractionNumber", notices),
        date=began[0],
        time=began[1],
        termination=code_of(item, "TreatmentTerminationStatus"),
        specified_meterset=metersets[0],
        delivered_meterset=metersets[1],
        is_continuation=code_of(item, "TreatmentDeliveryType") == "CONTINUATION",
    )


def _metersets(item: Dataset) -> tuple[Decimal | None, Decimal | None]:
    """What the primary dosimeter was set to and what it counted."""
    return _not_negative(item, "SpecifiedPrimaryMeterset"), _not_negative(item, "DeliveredPrimaryMeterset")


def _channel_times(item: Dataset) -> tuple[Decimal | None, Decimal | None]:
    """Time in s that was set and given, over all channels; None where a channel lacks it."""
    channels = items_of(item, "RecordedChannelSequence")
    sums = []
    for keyword in ("SpecifiedChannelTotalTime", "DeliveredChannelTotalTime"):
        times = [_not_negative(channel, keyword) for channel in channels]
        stated = [time for time in times if time is not None]
        sums.append(sum(stated, Decimal(0)) if stated and len(stated) == len(times) else None)
    return sums[0], sums[1]


def _not_negative(item: Dataset, keyword: str) -> Decimal | None:
    value = decimal_of(item, keyword)
    if value is not None and value < 0:
        raise refusal(keyword, f"{value} cannot be")
    return value


def _fraction(item: Dataset, keyword: str, notices: list[Notice]) -> int | None:
    """Number of a fraction in its group, from 1."""
    number = integer_of(item, keyword)
    if number is None or 1 <= number <= MAXIMUM_FRACTIONS:
        return number
    problem = f"the fraction number {number} cannot be, and is taken as not stated"
    notices.append(Notice("record.fraction-number-impossible", problem, refusal(keyword, problem).where))
    return None


def _date(item: Dataset, keyword: str, notices: list[Notice]) -> datetime.date | None:
    try:
        return date_of(item, keyword)
    except DicomError as error:
        problem = f"a date of the treatment record is unknown: {error.problem}"
        notices.append(Notice("record.date-unreadable", problem, error.where))
        return None


def _time(dataset: Dataset, notices: list[Notice]) -> datetime.time | None:
    try:
        return time_of(dataset, "TreatmentTime")
    except DicomError as error:
        problem = f"the time of day of the treatment record is unknown: {error.problem}"
        notices.append(Notice("record.time-unreadable", problem, error.where))
        return None


def _summary(dataset: Dataset, notices: list[Notice]) -> TreatmentSummary | None:
    """What the record states of the treatment so far; None where it does not."""
    groups = items_of(dataset, "FractionGroupSummarySequence")
    status = code_of(dataset, "CurrentTreatmentStatus")
    if not groups and status is None:
        return None
    return TreatmentSummary(
        status=status,
        first_date=_date(dataset, "FirstTreatmentDate", notices),
        last_date=_date(dataset, "MostRecentTreatmentDate", notices),
        groups=tuple(_group_summary(item, notices) for item in groups),
    )


def _group_summary(group: Dataset, notices: list[Notice]) -> FractionGroupSummary:
    return FractionGroupSummary(
        number=integer_of(group, "ReferencedFractionGroupNumber"),
        planned=_count(group, "NumberOfFractionsPlanned"),
        delivered=_count(group, "NumberOfFractionsDelivered"),
        fractions=tuple(
            FractionStatus(
                fraction=_fraction(item, "ReferencedFractionNumber", notices),
                date=_date(item, "TreatmentDate", notices),
                termination=code_of(item, "TreatmentTerminationStatus"),
            )
            for item in items_of(group, "FractionStatusSummarySequence")
        ),
    )


def _count(item: Dataset, keyword: str) -> int | None:
    number = integer_of(item, keyword)
    if number is not None and not 0 <= number <= MAXIMUM_FRACTIONS:
        raise refusal(keyword, f"{number} fractions cannot be", f"0 to {MAXIMUM_FRACTIONS} are read")
    return number

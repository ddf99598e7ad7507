"""Treatment records: what was delivered, session by session or summed up."""

import datetime
from dataclasses import dataclass
from decimal import Decimal

from rtfractions.notices import Notice


@dataclass(frozen=True, slots=True)
class FractionTime:
    """When a fraction was given.

    Attributes
    ----------
    date : datetime.date
        Its day.
    first, last : datetime.time or None
        Times of day, by the machine's clock, at which its first and its last session began; one session has one
        time. None where a session does not state it.
    """

    date: datetime.date
    first: datetime.time | None = None
    last: datetime.time | None = None


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
    unclear : str or None
        Where a lesion sheet and treatment records differ.
    fraction_times : tuple of FractionTime
        When each fraction was given, in order; empty unless it is known of all that were delivered.
    """

    start: datetime.date | None = None
    end: datetime.date | None = None
    fractions_delivered: int | None = None
    stop_reason: str | None = None
    unclear: str | None = None
    fraction_times: tuple[FractionTime, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BeamDelivery:
    """One beam, or one application setup, as it was delivered in one session; what is not stated is None.

    Attributes
    ----------
    beam : int or None
        Its number in the plan.
    fraction : int or None
        Number of the fraction in its group, 1 to 1000.
    date : datetime.date or None
        Day of the session.
    time : datetime.time or None
        Time of day at which the session began.
    termination : str or None
        How it ended, as DICOM's term: ``"NORMAL"``, ``"OPERATOR"``, ``"MACHINE"``, ``"UNKNOWN"``.
    specified_meterset, delivered_meterset : Decimal or None
        What the machine was set to give and what it gave, in the dosimeter's unit; in brachytherapy the channels'
        total time in s.
    is_continuation : bool
        It completes a delivery that was interrupted.
    """

    beam: int | None
    fraction: int | None
    date: datetime.date | None
    termination: str | None
    specified_meterset: Decimal | None
    delivered_meterset: Decimal | None
    time: datetime.time | None = None
    is_continuation: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FractionStatus:
    """How one fraction ended, as a treatment summary lists it; what is not stated is None.

    Attributes
    ----------
    fraction : int or None
        Its number in its group.
    date : datetime.date or None
        Its day.
    termination : str or None
        How it ended, as for `BeamDelivery`.
    """

    fraction: int | None
    date: datetime.date | None
    termination: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FractionGroupSummary:
    """What a treatment summary says of a fraction group; what is not stated is None.

    Attributes
    ----------
    number : int or None
        The group's number in the plan.
    planned, delivered : int or None
        Fractions planned, and fractions delivered so far.
    fractions : tuple of FractionStatus
        How single fractions ended, where it lists them.
    """

    number: int | None
    planned: int | None
    delivered: int | None
    fractions: tuple[FractionStatus, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TreatmentSummary:
    """The state of a treatment, as a summary states it; what is not stated is None.

    Attributes
    ----------
    status : str or None
        As DICOM's term: ``"ON_TREATMENT"``, ``"STOPPED"``, ``"COMPLETED"`` and others.
    first_date, last_date : datetime.date or None
        Days of the first and of the most recent treatment.
    groups : tuple of FractionGroupSummary
        One for each fraction group it speaks of.
    """

    status: str | None
    first_date: datetime.date | None
    last_date: datetime.date | None
    groups: tuple[FractionGroupSummary, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TreatmentRecord:
    """A treatment record: a session as it was delivered, or a summary.

    Attributes
    ----------
    sop_instance_uid : str
        The record's DICOM UID.
    plan_uid : str or None
        The plan that was delivered; None where none or several are named.
    fraction_group : int or None
        Number of the fraction group that was delivered.
    deliveries : tuple of BeamDelivery
        The treatment beams of a session; setup beams and port films are left out.
    summary : TreatmentSummary or None
        What a summary states.
    notices : tuple of Notice
        What the reader has to say of it.
    """

    sop_instance_uid: str
    plan_uid: str | None
    fraction_group: int | None
    deliveries: tuple[BeamDelivery, ...] = ()
    summary: TreatmentSummary | None = None
    notices: tuple[Notice, ...] = ()

"""RT Treatment Records, and what they say was delivered of a plan. F17 of the hazard catalogue."""

import datetime
import io
from dataclasses import replace
from decimal import Decimal

import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from synthetic import dicom_bytes, reference, uid
from synthetic_plan import Group, Reference, add_setup_beam, brachy_plan, ion_plan, rt_plan
from synthetic_record import Beam, GroupSummary, beams_record, brachy_record, ion_record, summary_record

from rtfractions.dicom import delivery
from rtfractions.dicom.plan import read_plan
from rtfractions.dicom.reading import DicomError
from rtfractions.dicom.treatment_record import read_record
from rtfractions.notices import Notice
from rtfractions.plans import Plan
from rtfractions.records import Delivery, FractionTime, TreatmentRecord

PLAN = 1
MARCH_1 = datetime.date(2026, 3, 1)


def day(fraction: int) -> str:
    """A day of March 2026 for a fraction."""
    return f"{MARCH_1 + datetime.timedelta(days=fraction - 1):%Y%m%d}"


def read(dataset: Dataset) -> TreatmentRecord:
    """The record as it is read from a file."""
    return read_record(pydicom.dcmread(io.BytesIO(dicom_bytes(dataset))))


def session(
    fraction: int | str | None, *beams: Beam, number: int = 0, date: str | None = "", group: int | None = 1
) -> TreatmentRecord:
    """A session of a fraction: both beams whole, unless others are given."""
    text = None if fraction is None else str(fraction)
    if date == "":
        date = day(int(fraction)) if isinstance(fraction, int) else "20260301"
    return read(
        beams_record(
            "P1",
            number or (fraction if isinstance(fraction, int) else 99),
            beams or (Beam(1, text), Beam(2, text)),
            plan_number=PLAN,
            date=date,
            group=group,
        )
    )


def summary(
    delivered_fractions: str | None, first: str | None = day(1), last: str | None = day(30), number: int = 500
) -> TreatmentRecord:
    groups = [GroupSummary(1, "30", delivered_fractions)]
    return read(summary_record("P1", number, groups, plan_number=PLAN, first=first, last=last))


@pytest.fixture
def plan() -> Plan:
    """A plan of 60 Gy in 30 fractions of two beams, and a setup beam."""
    dataset = rt_plan("P1", PLAN, [Reference(1, "PTV", "60.0", 7)], [Group("30", ("1.0", "1.0"))])
    add_setup_beam(dataset)
    return read_plan(dataset)


def delivered(plan: Plan, records: list[TreatmentRecord]) -> tuple[Delivery, tuple[Notice, ...]]:
    """What was delivered, and without the times of the fractions, which have tests of their own."""
    found, notices = delivery.delivered(plan, records)
    return replace(found, fraction_times=()), notices


def codes(notices: tuple[Notice, ...]) -> list[str]:
    return [notice.code for notice in notices]


class TestReading:
    def test_a_session(self) -> None:
        record = session(
            7, Beam(1, "7", "150.5", "400", termination="MACHINE"), Beam(2, "7", kind="CONTINUATION")
        )
        assert record.sop_instance_uid == uid(7, 7)
        assert record.plan_uid == uid(1, PLAN)
        assert record.fraction_group == 1
        assert record.summary is None
        assert record.notices == ()
        first, second = record.deliveries
        assert (first.beam, first.fraction, first.date) == (1, 7, datetime.date(2026, 3, 7))
        assert (first.delivered_meterset, first.specified_meterset) == (Decimal("150.5"), Decimal(400))
        assert (first.termination, first.is_continuation) == ("MACHINE", False)
        assert second.is_continuation

    @pytest.mark.parametrize("kind", ["SETUP", "OPEN_PORTFILM", "TRMT_PORTFILM"])
    def test_what_does_not_treat_is_left_out(self, kind: str) -> None:
        # F20
        assert session(1, Beam(3, "1", kind=kind)).deliveries == ()

    def test_a_delivery_type_that_is_not_stated_treats(self) -> None:
        # type 2: it may be empty
        assert len(session(1, Beam(1, "1", kind=None)).deliveries) == 1

    def test_ion_beams(self) -> None:
        (beam,) = read(ion_record("P1", 1, [Beam(1, "4")], plan_number=PLAN, date="20260301")).deliveries
        assert (beam.beam, beam.fraction, beam.delivered_meterset) == (1, 4, Decimal(400))

    def test_application_setups_have_the_time_of_their_channels(self) -> None:
        dataset = brachy_record("P1", 1, [Beam(1, "2", "300", "310")], plan_number=PLAN, date="20260301")
        (setup,) = read(dataset).deliveries
        assert (setup.beam, setup.fraction) == (1, 2)
        assert (setup.specified_meterset, setup.delivered_meterset) == (Decimal(310), Decimal(300))

    def test_a_channel_without_its_time_leaves_it_open(self) -> None:
        dataset = brachy_record("P1", 1, [Beam(1, "2")], plan_number=PLAN, date="20260301")
        channels = dataset.TreatmentSessionApplicationSetupSequence[0].RecordedChannelSequence
        del channels[1].DeliveredChannelTotalTime
        (setup,) = read(dataset).deliveries
        assert (setup.specified_meterset, setup.delivered_meterset) == (Decimal(400), None)

    def test_a_summary(self) -> None:
        groups = [GroupSummary(1, "30", "12", [(12, "20260312", "OPERATOR")])]
        dataset = summary_record(
            "P1", 1, groups, plan_number=PLAN, first=day(1), last=day(12), status="STOPPED"
        )
        record = read(dataset)
        assert record.deliveries == ()
        assert record.summary is not None
        assert record.summary.status == "STOPPED"
        assert (record.summary.first_date, record.summary.last_date) == (MARCH_1, datetime.date(2026, 3, 12))
        (group,) = record.summary.groups
        assert (group.number, group.planned, group.delivered) == (1, 30, 12)
        (status,) = group.fractions
        assert (status.fraction, status.date, status.termination) == (
            12,
            datetime.date(2026, 3, 12),
            "OPERATOR",
        )

    @pytest.mark.parametrize("others", [[], ["1.2", "1.3"]])
    def test_a_record_of_no_one_plan_is_said(self, others: list[str]) -> None:
        dataset = beams_record("P1", 1, [Beam(1, "1")], plan_number=PLAN, date="20260301")
        dataset.ReferencedRTPlanSequence = [reference("1.2.840.10008.5.1.4.1.1.481.5", u) for u in others]
        record = read(dataset)
        assert record.plan_uid is None
        assert codes(record.notices) == ["record.plan-unknown"]

    @pytest.mark.filterwarnings("ignore:.*(Invalid value|is not valid) for:UserWarning")
    @pytest.mark.parametrize("date", ["20260230", "2026-03-01", "20260301-20260302"])
    def test_dates_that_cannot_be_are_said(self, date: str) -> None:
        record = session(1, date=date)
        assert record.deliveries[0].date is None
        assert codes(record.notices) == ["record.date-unreadable"]
        assert record.notices[0].where.tag == "(3008,0250) TreatmentDate"

    @pytest.mark.parametrize("fraction", ["0", "-1", "1001"])
    def test_fraction_numbers_that_cannot_be_are_said(self, fraction: str) -> None:
        record = session(fraction)
        assert record.deliveries[0].fraction is None
        assert codes(record.notices) == ["record.fraction-number-impossible"]

    @pytest.mark.parametrize(
        ("beam", "keyword"),
        [
            (Beam(1, "1", "-5"), "DeliveredPrimaryMeterset"),
            (Beam(1, "1", "5", "-5"), "SpecifiedPrimaryMeterset"),
        ],
    )
    def test_metersets_that_cannot_be_are_refused(self, beam: Beam, keyword: str) -> None:
        with pytest.raises(DicomError, match=keyword):
            session(1, beam)

    @pytest.mark.parametrize("number", ["-1", "1001"])
    def test_counts_that_cannot_be_are_refused(self, number: str) -> None:
        with pytest.raises(DicomError, match="NumberOfFractionsDelivered"):
            summary(number)

    def test_a_record_without_a_uid_is_refused(self) -> None:
        dataset = beams_record("P1", 1, [Beam(1, "1")], plan_number=PLAN, date="20260301")
        del dataset.SOPInstanceUID
        with pytest.raises(DicomError, match="SOPInstanceUID"):
            read_record(dataset)


class TestSessions:
    def test_twelve_of_thirty(self, plan: Plan) -> None:
        # F17: planned is not delivered
        given, notices = delivered(plan, [session(n) for n in range(1, 13)])
        assert given == Delivery(MARCH_1, datetime.date(2026, 3, 12), 12)
        assert notices == ()

    def test_without_records_nothing_is_known(self, plan: Plan) -> None:
        assert delivered(plan, []) == (Delivery(), ())

    @settings(max_examples=25)
    @given(order=st.permutations(range(1, 7)))
    def test_their_order_does_not_matter(self, order: list[int]) -> None:
        of_two = read_plan(rt_plan("P1", PLAN, [], [Group("30", ("1.0", "1.0"))]))
        given_, notices = delivered(of_two, [session(n) for n in order])
        assert given_ == Delivery(MARCH_1, datetime.date(2026, 3, 6), 6)
        assert notices == ()

    def test_each_beam_may_have_a_record_of_its_own(self, plan: Plan) -> None:
        records = [session(1, Beam(1, "1"), number=1), session(1, Beam(2, "1"), number=2)]
        assert delivered(plan, records) == (Delivery(MARCH_1, MARCH_1, 1), ())

    def test_two_fractions_on_one_day_are_two(self, plan: Plan) -> None:
        records = [session(1, date="20260301"), session(2, date="20260301")]
        assert delivered(plan, records) == (Delivery(MARCH_1, MARCH_1, 2), ())

    def test_a_continued_fraction_is_one(self, plan: Plan) -> None:
        # F17: interrupted, and completed in a second session on another day
        broken = Beam(2, "1", "250.3", "400", termination="MACHINE")
        rest = Beam(2, "1", "149.7", "149.7", kind="CONTINUATION")
        records = [
            session(1, Beam(1, "1"), broken, number=1, date="20260301"),
            session(1, rest, number=2, date="20260302"),
        ]
        given, notices = delivered(plan, records)
        assert given == Delivery(MARCH_1, datetime.date(2026, 3, 2), 1)
        assert notices == ()

    def test_a_partial_fraction_is_said_and_not_counted(self, plan: Plan) -> None:
        # F17
        partial = session(3, Beam(1, "3"), Beam(2, "3", "100", "400", termination="OPERATOR"))
        given, (notice,) = delivered(plan, [session(1), session(2), partial])
        assert given == Delivery(MARCH_1, datetime.date(2026, 3, 3), 2)
        assert notice.code == "delivery.partial-fraction"
        assert "fraction 3" in notice.message
        assert "beam 2 has 100 of 400" in notice.message

    def test_a_beam_that_was_not_given_makes_a_fraction_partial(self, plan: Plan) -> None:
        given, (notice,) = delivered(plan, [session(1, Beam(1, "1"))])
        assert given.fractions_delivered == 0
        assert notice.code == "delivery.partial-fraction"
        assert "beam 2 has nothing" in notice.message

    @pytest.mark.parametrize(
        ("meterset", "fractions", "said"),
        [
            ("396", 1, []),  # one per cent
            ("395.9", 0, ["delivery.partial-fraction"]),
            ("404", 1, []),
            ("404.1", 1, ["delivery.more-than-specified"]),
        ],
    )
    def test_a_beam_was_given_within_one_per_cent(
        self, plan: Plan, meterset: str, fractions: int, said: list[str]
    ) -> None:
        given, notices = delivered(plan, [session(1, Beam(1, "1"), Beam(2, "1", meterset))])
        assert given.fractions_delivered == fractions
        assert codes(notices) == said

    def test_a_fraction_recorded_twice_is_one(self, plan: Plan) -> None:
        given, notices = delivered(plan, [session(1, number=1), session(1, number=2)])
        assert given.fractions_delivered == 1
        assert codes(notices) == ["delivery.more-than-specified"] * 2
        assert "800 of 400" in notices[0].message

    @pytest.mark.parametrize(
        ("termination", "fractions", "said"),
        [("NORMAL", 1, []), ("MACHINE", 0, ["delivery.partial-fraction"])],
    )
    def test_without_metersets_the_end_of_a_beam_tells(
        self, plan: Plan, termination: str, fractions: int, said: list[str]
    ) -> None:
        # both metersets are optional
        beams = [Beam(number, "1", None, None, termination=termination) for number in (1, 2)]
        given, notices = delivered(plan, [session(1, *beams)])
        assert given.fractions_delivered == fractions
        assert codes(notices) == said

    def test_without_metersets_a_fraction_recorded_twice_is_one(self, plan: Plan) -> None:
        beams = [Beam(number, "1", None, None) for number in (1, 2)]
        given, notices = delivered(plan, [session(1, *beams, number=1), session(1, *beams, number=2)])
        assert given.fractions_delivered == 1
        assert codes(notices) == ["delivery.more-than-specified"] * 2

    def test_nothing_given_is_no_fraction_and_no_day(self, plan: Plan) -> None:
        broken = [Beam(number, "1", "0", "400", termination="MACHINE") for number in (1, 2)]
        records = [session(1, *broken, number=1, date="20260227"), session(1, number=2)]
        assert delivered(plan, records) == (Delivery(MARCH_1, MARCH_1, 1), ())
        assert delivered(plan, records[:1]) == (Delivery(fractions_delivered=0), ())

    def test_more_than_planned_is_told(self, plan: Plan) -> None:
        given, notices = delivered(plan, [session(n) for n in range(1, 32)])
        assert given.fractions_delivered == 31
        assert [notice.code for notice in notices] == ["delivery.more-than-planned"]

    def test_setup_beams_are_no_part_of_a_fraction(self, plan: Plan) -> None:
        # F20: the plan's setup beam is beam 3
        setup = Beam(3, "1", "2", "2", kind="SETUP")
        assert delivered(plan, [session(1, Beam(1, "1"), Beam(2, "1"), setup)]) == (
            Delivery(MARCH_1, MARCH_1, 1),
            (),
        )

    def test_a_beam_that_is_not_the_plans_is_said(self, plan: Plan) -> None:
        given, notices = delivered(plan, [session(1, Beam(1, "1"), Beam(2, "1"), Beam(9, "1"))])
        assert given.fractions_delivered == 1
        assert codes(notices) == ["delivery.beam-unknown"]

    def test_a_missing_fraction_number_leaves_the_count_open(self, plan: Plan) -> None:
        given, notices = delivered(plan, [session(1), session(None, date="20260305")])
        assert given == Delivery(MARCH_1, datetime.date(2026, 3, 5), None)
        assert codes(notices) == ["delivery.fraction-number-missing"]

    def test_a_missing_beam_number_leaves_the_count_open(self, plan: Plan) -> None:
        given, notices = delivered(plan, [session(1, Beam(None, "1"))])
        assert given.fractions_delivered is None
        assert codes(notices) == ["delivery.beam-number-missing"]

    def test_the_only_beam_of_a_group_need_not_be_named(self) -> None:
        of_one = read_plan(rt_plan("P1", PLAN, [], [Group("3", ("8.0",))]))
        assert delivered(of_one, [session(1, Beam(None, "1"))])[0].fractions_delivered == 1

    def test_records_that_are_missing_leave_the_count_open(self, plan: Plan) -> None:
        # F17: the record of the 20th fraction alone is not one fraction of 30
        given, (notice,) = delivered(plan, [session(20)])
        assert given == Delivery(None, datetime.date(2026, 3, 20), None)
        assert notice.code == "delivery.records-missing"
        assert "fraction 1 and 18 more" in notice.message

    def test_a_missing_day_leaves_first_and_last_open(self, plan: Plan) -> None:
        given, notices = delivered(plan, [session(1), session(2, date=None)])
        assert given == Delivery(None, None, 2)
        assert codes(notices) == ["delivery.date-missing"]


class TestTimes:
    """When each fraction was given: of all of them, or of none."""

    @staticmethod
    def times(plan: Plan, *records: TreatmentRecord) -> tuple[FractionTime, ...]:
        return delivery.delivered(plan, records)[0].fraction_times

    def test_they_are_in_order(self, plan: Plan) -> None:
        morning = datetime.time(8)
        expected = [FractionTime(MARCH_1 + datetime.timedelta(days), morning, morning) for days in (0, 1, 2)]
        assert self.times(plan, session(3), session(1), session(2)) == tuple(expected)

    def test_a_fraction_has_the_times_of_its_first_and_last_session(self, plan: Plan) -> None:
        records = []
        for beam, clock in ((1, "0815"), (2, "082031.5")):
            dataset = beams_record("P1", beam, [Beam(beam, "1")], plan_number=PLAN, date="20260301")
            dataset.TreatmentTime = clock
            records.append(read(dataset))
        (found,) = self.times(plan, *records)
        assert (found.first, found.last) == (datetime.time(8, 15), datetime.time(8, 20, 31))

    def test_one_time_of_two_is_none(self, plan: Plan) -> None:
        dataset = beams_record("P1", 1, [Beam(1, "1")], plan_number=PLAN, date="20260301")
        dataset.TreatmentTime = ""
        (found,) = self.times(plan, read(dataset), session(1, Beam(2, "1"), number=7))
        assert found == FractionTime(MARCH_1, None, None)

    @pytest.mark.parametrize("text", ["2500", "8:00", "08000", "080000+0100", "noon"])
    def test_what_is_no_time_of_day_is_not_known(self, plan: Plan, text: str) -> None:
        # I23
        dataset = beams_record("P1", 1, [Beam(1, "1"), Beam(2, "1")], plan_number=PLAN, date="20260301")
        raw = dicom_bytes(dataset)
        padded = text.encode() + b" " * (len(text) % 2)
        element = b"\x08\x30\x51\x02TM"
        at = raw.index(element)
        raw = raw[: at + 6] + len(padded).to_bytes(2, "little") + padded + raw[at + 8 + 6 :]
        record = read_record(pydicom.dcmread(io.BytesIO(raw)))
        assert codes(record.notices) == ["record.time-unreadable"]
        assert self.times(plan, record) == (FractionTime(MARCH_1, None, None),)

    def test_they_are_not_known_where_a_fraction_was_partial_or_took_two_days(self, plan: Plan) -> None:
        partial = session(2, Beam(1, "2", "200"), Beam(2, "2", "0"))
        assert self.times(plan, session(1), partial) == ()
        first = session(2, Beam(1, "2"), number=7)
        second = session(2, Beam(2, "2"), number=8, date=day(4))
        assert self.times(plan, session(1), first, second) == ()

    def test_they_are_not_known_where_a_record_is_missing_or_has_no_date(self, plan: Plan) -> None:
        assert self.times(plan, session(1), session(3)) == ()
        assert self.times(plan, session(1), session(2, date=None)) == ()
        assert self.times(plan, session(1), session(2), summary("12")) == ()


class TestFractionGroups:
    @pytest.fixture
    def two(self) -> Plan:
        groups = [Group("25", ("1.0", "1.0"), {1: "50.0"}), Group("8", ("2.0",), {1: "16.0"})]
        return read_plan(rt_plan("P1", PLAN, [Reference(1, "PTV", "66.0", 7)], groups))

    def test_fractions_of_each_group_are_counted_apart(self, two: Plan) -> None:
        # F4, F17: fraction 1 of both groups
        records = [session(1, number=1, group=1), session(2, number=2, group=1)]
        records += [session(1, Beam(3, "1"), number=3, group=2, date="20260310")]
        given, notices = delivered(two, records)
        assert given == Delivery(MARCH_1, datetime.date(2026, 3, 10), 3)
        assert notices == ()

    @pytest.mark.parametrize("group", [None, 7])
    def test_a_group_that_is_not_the_plans_leaves_the_count_open(self, two: Plan, group: int | None) -> None:
        given, notices = delivered(two, [session(1, group=group)])
        assert given == Delivery(MARCH_1, MARCH_1, None)
        assert codes(notices) == ["delivery.fraction-group-unknown"]

    def test_the_only_group_of_a_plan_need_not_be_named(self, plan: Plan) -> None:
        assert delivered(plan, [session(1, group=None)]) == (Delivery(MARCH_1, MARCH_1, 1), ())

    def test_a_partial_fraction_is_named_with_its_group(self, two: Plan) -> None:
        _, (notice,) = delivered(two, [session(1, Beam(3, "1", "100"), group=2)])
        assert "fraction 1 of group 2" in notice.message

    def test_a_summary_of_one_group_does_not_tell_of_the_plan(self, two: Plan) -> None:
        assert delivered(two, [summary("25")])[0].fractions_delivered is None

    def test_a_summary_of_both_does(self, two: Plan) -> None:
        groups = [GroupSummary(2, "8", "3"), GroupSummary(1, "25", "25")]
        record = read(summary_record("P1", 1, groups, plan_number=PLAN, first=day(1), last=day(30)))
        assert delivered(two, [record])[0].fractions_delivered == 28


class TestSummaries:
    def test_a_summary_alone(self, plan: Plan) -> None:
        assert delivered(plan, [summary("12")]) == (Delivery(MARCH_1, datetime.date(2026, 3, 30), 12), ())

    def test_a_summary_that_does_not_state_it(self, plan: Plan) -> None:
        assert delivered(plan, [summary(None, None, None)]) == (Delivery(), ())

    def test_a_plan_without_fraction_groups_has_no_count(self) -> None:
        bare = read_plan(rt_plan("P1", PLAN, [], []))
        assert delivered(bare, [summary("12")])[0].fractions_delivered is None

    def test_a_summary_that_agrees(self, plan: Plan) -> None:
        records = [*(session(n) for n in range(1, 4)), summary("3", last=day(3))]
        assert delivered(plan, records) == (Delivery(MARCH_1, datetime.date(2026, 3, 3), 3), ())

    def test_a_summary_that_differs_leaves_the_count_open(self, plan: Plan) -> None:
        # F17: neither is guessed right
        given, (notice,) = delivered(plan, [session(1), session(2), summary("3", last=day(2))])
        assert given.fractions_delivered is None
        assert notice.code == "delivery.summary-differs"
        assert "3 fractions" in notice.message
        assert "the sessions 2" in notice.message

    def test_days_that_differ_are_not_known(self, plan: Plan) -> None:
        given, notices = delivered(plan, [session(1), session(2), summary("2", day(2), day(9))])
        assert given == Delivery(None, None, 2)
        assert codes(notices) == ["delivery.dates-differ"] * 2

    def test_a_summary_fills_what_missing_records_leave_open(self, plan: Plan) -> None:
        given, notices = delivered(plan, [session(20), summary("22", day(1), day(22))])
        assert given == Delivery(MARCH_1, datetime.date(2026, 3, 22), 22)
        assert codes(notices) == ["delivery.records-missing"]

    def test_a_summary_of_less_than_the_sessions_does_not(self, plan: Plan) -> None:
        given, notices = delivered(plan, [session(20), summary("15", day(1), day(15))])
        assert given.fractions_delivered is None
        assert "delivery.summary-differs" in codes(notices)

    def test_a_treatment_that_ends_before_it_begins(self, plan: Plan) -> None:
        given, notices = delivered(plan, [summary("12", day(12), day(1))])
        assert given == Delivery(None, None, 12)
        assert codes(notices) == ["delivery.dates-impossible"]

    def test_partial_fractions_of_a_summary_are_said(self, plan: Plan) -> None:
        groups = [GroupSummary(1, "30", "2", [(1, day(1), "NORMAL"), (2, day(2), "MACHINE")])]
        record = read(summary_record("P1", 1, groups, plan_number=PLAN, first=day(1), last=day(2)))
        given, (notice,) = delivered(plan, [record])
        assert given.fractions_delivered == 2
        assert notice.code == "delivery.partial-fraction"
        assert "fraction 2 ended by MACHINE" in notice.message

    def test_of_summaries_that_follow_each_other_the_last_counts(self, plan: Plan) -> None:
        records = [summary("12", last=day(12), number=501), summary("5", last=day(5), number=500)]
        given, notices = delivered(plan, records)
        assert given == Delivery(MARCH_1, datetime.date(2026, 3, 12), 12)
        assert codes(notices) == ["delivery.several-summaries"]

    @pytest.mark.parametrize("last", [None, day(5), day(4)])
    def test_summaries_that_do_not_are_not_taken(self, plan: Plan, last: str | None) -> None:
        # F25: nothing is chosen by time alone
        records = [summary("12", last=last, number=501), summary("5", last=day(5), number=500)]
        given, notices = delivered(plan, records)
        assert given == Delivery()
        assert codes(notices) == ["delivery.several-summaries"]

    def test_the_same_summary_twice_is_one(self, plan: Plan) -> None:
        given, notices = delivered(plan, [summary("12", number=500), summary("12", number=501)])
        assert given.fractions_delivered == 12
        assert notices == ()


class TestOtherRadiation:
    def test_ion_fractions(self) -> None:
        # F16, F17
        plan = read_plan(ion_plan("P1", PLAN, [], [Group("5", ("1.0", "1.0"))]))
        records = [
            read(ion_record("P1", n, [Beam(1, str(n)), Beam(2, str(n))], plan_number=PLAN, date=day(n)))
            for n in (1, 2, 3)
        ]
        assert delivered(plan, records) == (Delivery(MARCH_1, datetime.date(2026, 3, 3), 3), ())

    def test_brachytherapy_fractions(self) -> None:
        # F16, F17: the second was broken off
        plan = read_plan(brachy_plan("P1", PLAN, [], [Group("4", ("7.0",))]))
        times = ["400", "200"]
        records = [
            read(brachy_record("P1", n, [Beam(1, str(n), time)], plan_number=PLAN, date=day(n)))
            for n, time in enumerate(times, start=1)
        ]
        given, notices = delivered(plan, records)
        assert given == Delivery(MARCH_1, datetime.date(2026, 3, 2), 1)
        assert codes(notices) == ["delivery.partial-fraction"]

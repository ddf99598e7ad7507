"""Schedules as people type them. What is accepted and refused is the table of the interface."""

import contextlib
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtfractions.schedule import PER_DAY_WORDS, Phase, Schedule, ScheduleError
from rtfractions.schedule_text import parse, parse_range, parse_with_notices


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("40Gy/10", "40 Gy / 10"),
        ("40 Gy / 10", "40 Gy / 10"),
        ("40 Gy in 10 fx", "40 Gy / 10"),
        ("40.05 Gy in 15 fractions", "40.05 Gy / 15"),
        ("26Gy/5#", "26 Gy / 5"),
        ("4005cGy/15", "40.05 Gy / 15"),
        ("40,05 Gy in 15 fx", "40.05 Gy / 15"),
        ("24/3", "24 Gy / 3"),
        ("40 in 15", "40 Gy / 15"),
        ("3x8Gy", "24 Gy / 3"),
        ("10 x 4 Gy", "40 Gy / 10"),
        ("8Gy x 3", "24 Gy / 3"),
        ("1.8 Gy × 28", "50.4 Gy / 28"),
        ("1.8Gy*28", "50.4 Gy / 28"),
        ("28 fx of 1.8 Gy", "50.4 Gy / 28"),
        ("8 Gy x 3 fx", "24 Gy / 3"),
        ("3 x 8 Gy per fraction", "24 Gy / 3"),
        ("5x5", "25 Gy / 5"),
        ("60Gy@2Gy", "60 Gy / 30"),
        ("60 Gy in 2 Gy/fx", "60 Gy / 30"),
        ("60Gy/2Gy", "60 Gy / 30"),
        ("6000cGy@2Gy", "60 Gy / 30"),
        ("45Gy/30 BID", "45 Gy / 30 BID"),
        ("45Gy/30 twice daily", "45 Gy / 30 BID"),
        ("45Gy/30 2/day", "45 Gy / 30 BID"),
        ("60Gy/30 5/wk", "60 Gy / 30 5/wk"),
        ("60Gy/30 5 per week", "60 Gy / 30 5/wk"),
        ("24Gy/3 QOD", "24 Gy / 3 QOD"),
        ("24Gy/3 every other day", "24 Gy / 3 QOD"),
        ("54Gy/36 TID 21/wk", "54 Gy / 36 TID 21/wk"),
        ("45Gy/30 10/wk BID", "45 Gy / 30 BID 10/wk"),
        ("50Gy/25 + 16Gy/8", "50 Gy / 25 + 16 Gy / 8"),
        ("45Gy/30 BID+10Gy/5", "45 Gy / 30 BID + 10 Gy / 5"),
        ("70Gy(RBE)/35", "70 Gy(RBE) / 35"),
        ("70 GyE/35", "70 Gy(RBE) / 35"),
        ("54 CGE in 30 fx", "54 Gy(RBE) / 30"),
        ("70Gy RBE/35", "70 Gy(RBE) / 35"),
        ("45Gy/30, BID", "45 Gy / 30 BID"),
        ("24 Gy in 3 Fx.", "24 Gy / 3"),
        ("8 Gy single fraction", "8 Gy / 1"),
        ("8 Gy in a single fraction", "8 Gy / 1"),
        ("24 Gy in 3 fractions of 8 Gy", "24 Gy / 3"),
        ("24Gy/3 q2d", "24 Gy / 3 QOD"),
        ("30Gy/5 weekly", "30 Gy / 5 1/wk"),
        ("25Gy/1", "25 Gy / 1"),
        ("50/2", "50 Gy / 2"),
        ("200Gy/100", "200 Gy / 100"),
        ("15Gy/30", "15 Gy / 30"),
        ("  24 Gy/3\t", "24 Gy / 3"),
        ("24\u00a0Gy/3", "24 Gy / 3"),
    ],
)
def test_accepted(text: str, canonical: str) -> None:
    assert str(parse(text)) == canonical


@pytest.mark.parametrize(
    ("text", "offered"),
    [
        ("3x8", ["3x8Gy", "8x3Gy"]),
        ("2.5x10", ["10x2.5Gy"]),
        ("50Gy", ["50Gy/N", "Nx50Gy"]),
        ("66/2.2", ["66Gy@2.2Gy", "66Gy/N"]),
        ("60/2", ["60Gy/2", "60Gy@2Gy"]),
        ("60 in 2", ["60Gy/2", "60Gy@2Gy"]),
        ("30x30", ["30x30Gy"]),
        ("2,400 cGy", ["2.400", "2400"]),
        ("2,400cGy/3", ["2.400", "2400"]),
        ("2Gy/30", ["30x2Gy", "--allow-unusual"]),
        ("2400Gy/3", ["cGy", "--allow-unusual"]),
        ("66Gy@4Gy", ["66Gy", "fractions"]),
        ("20-24 Gy/1", ["ranges are for protocols"]),
        ("45Gy/30 BID 5/wk", ["BID 10/wk"]),
        ("45Gy/30 BID TID", ["twice"]),
        ("24Gy/3 14/wk", ["BID 10/wk"]),
        ("24 Gy in 3 fractions of 7 Gy", ["21 Gy"]),
        ("240Gy/1000", ["--allow-unusual"]),
        ("14.99Gy/30", ["--allow-unusual"]),
        ("200.01Gy/100", ["cGy", "--allow-unusual"]),
        ("50.02/2", ["50.02Gy/2"]),
        ("26x26", ["26x26Gy"]),
        ("9999999999999999999999999999999999Gy@0.1Gy", ["digits"]),
        ("3x1.0000000000000000000000000000000000001Gy", ["digits"]),
        ("60@2Gy", ["60Gy@2Gy"]),
        ("60Gy(RBE)@2Gy", ["same unit"]),
        ("3Gyx8Gy", ["3x8Gy"]),
        ("３x8Gy", ["0 to 9"]),
        ("40Gy/0", ["40Gy/10"]),
        ("0Gy/10", ["above 0"]),
        ("−2Gy/3", ["40Gy/10"]),
        ("40Gy/15@2Gy", ["40Gy/10"]),
        ("70Gy(RBE)/35 + 10Gy/5", ["RBE"]),
        ("1e2Gy/5", ["40Gy/10"]),
        ("1.000.000 Gy/5", ["separators"]),
        ("24Gy/3 +", ["40Gy/10"]),
        ("", ["40Gy/10"]),
        ("40Gy/99999999999", ["1 to 1000"]),
        ("9" * 10_000, ["too long"]),
    ],
)
def test_refused_with_what_to_write_instead(text: str, offered: list[str]) -> None:
    with pytest.raises(ScheduleError) as refused:
        parse(text)
    message = str(refused.value)
    assert "\n" not in message
    assert len(message) < 400
    assert not [word for word in offered if word not in message]


@pytest.mark.parametrize(
    ("text", "said"),
    [("24/3", True), ("40 in 10", True), ("40/15", False), ("24Gy/3", False), ("5x5", False)],
)
def test_an_assumed_unit_is_said_where_the_other_reading_is_whole_too(text: str, said: bool) -> None:
    _, notices = parse_with_notices(text)
    assert [notice.code for notice in notices] == ["schedule.gy-assumed"] * said


def test_unusual_schedules_are_accepted_on_request() -> None:
    assert str(parse("2Gy/30", allow_unusual=True)) == "2 Gy / 30"
    assert str(parse("300Gy/10", allow_unusual=True)) == "300 Gy / 10"


@pytest.mark.parametrize("text", ["20-24 Gy / 1", "20-24Gy/1", "20–24 Gy in 1 fx", "20 to 24 Gy/1"])
def test_ranges_are_for_protocols(text: str) -> None:
    listed = parse_range(text)
    assert str(listed) == "20-24 Gy / 1"
    assert [listed.low.total_dose_gy, listed.high.total_dose_gy] == [Decimal(20), Decimal(24)]


@pytest.mark.parametrize("text", ["24/3", "20-24/1", "24-20 Gy/1", "20-24-30 Gy/1", "3x8"])
def test_protocols_state_their_units_and_run_upwards(text: str) -> None:
    with pytest.raises(ScheduleError):
        parse_range(text)


doses = st.decimals(min_value=Decimal("0.001"), max_value=200, places=3)
phases = st.builds(
    Phase,
    total_dose_gy=doses,
    fractions=st.integers(1, 100),
    per_day=st.none() | st.sampled_from(sorted(PER_DAY_WORDS)),
)
weekly_phases = st.builds(
    Phase,
    total_dose_gy=doses,
    fractions=st.integers(1, 100),
    per_week=st.integers(1, 7),
    rbe_weighted=st.booleans(),
)
schedules = st.builds(Schedule, st.lists(phases, min_size=1, max_size=4).map(tuple)) | st.builds(
    Schedule, weekly_phases.map(lambda phase: (phase,))
)


@given(schedules)
def test_parse_undoes_str(schedule: Schedule) -> None:
    assert parse(str(schedule), allow_unusual=True) == schedule


@given(st.text(alphabet="0123456789.,xX@/+-#() GycinBRE\u00d7\u2212", max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(ScheduleError):
        schedule = parse(text)
        assert parse(str(schedule)) == schedule

"""What a schedule is worth, and what must be said of it."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtfractions.biology import DEFAULT_ALPHA_BETAS, AlphaBeta, AlphaBetaError, convert
from rtfractions.schedule import Phase, Schedule
from rtfractions.schedule_text import parse

TUMOUR = AlphaBeta(value_gy=10, source="test")
LATE = AlphaBeta(value_gy=3, source="test")


@pytest.mark.parametrize(
    ("text", "bed10", "eqd2_10", "eqd2_3"),
    [
        ("24Gy/3", 43.2, 36.0, 52.8),
        ("30Gy/3", 60.0, 50.0, 78.0),
        ("30Gy/10", 39.0, 32.5, 36.0),
        ("20Gy/5", 28.0, 23.3, 28.0),
        ("20Gy/1", 60.0, 50.0, 92.0),
        ("24Gy/1", 81.6, 68.0, 129.6),
        ("8Gy/1", 14.4, 12.0, 17.6),
        ("40Gy/10", 56.0, 46.7, 56.0),
        ("24Gy/2", 52.8, 44.0, 72.0),
    ],
)
def test_the_trials_schedules(text: str, bed10: float, eqd2_10: float, eqd2_3: float) -> None:
    # protocols.md section 1.3: BED10 / EQD2_10 / EQD2_3, to the digit given there.
    assert convert(parse(text), TUMOUR).bed_gy == pytest.approx(bed10, abs=0.05)
    assert convert(parse(text), TUMOUR).eqd2_gy == pytest.approx(eqd2_10, abs=0.05)
    assert convert(parse(text), LATE).eqd2_gy == pytest.approx(eqd2_3, abs=0.05)


def test_phases_convert_separately_and_add() -> None:
    # ABS 2012 (PMC3489267 Table 1): 25 x 1.8 Gy + 4 x 7 Gy at alpha/beta 10 is 83.9 Gy EQD2, of 73 Gy physical.
    assert convert(parse("25x1.8Gy + 4x7Gy"), TUMOUR).eqd2_gy == pytest.approx(83.9167, abs=5e-5)


@given(st.integers(1, 30), st.integers(1, 30), st.decimals(1, 100, places=2))
def test_a_phase_cut_in_two_is_worth_the_same(first: int, second: int, per_fraction: Decimal) -> None:
    whole = Schedule.uniform(total_dose_gy=per_fraction * (first + second), fractions=first + second)
    cut = Schedule(
        (
            Phase(total_dose_gy=per_fraction * first, fractions=first),
            Phase(total_dose_gy=per_fraction * second, fractions=second),
        )
    )
    assert convert(cut, LATE).bed_gy == pytest.approx(convert(whole, LATE).bed_gy, rel=1e-12)


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("40Gy/10", []),
        ("50Gy/5", []),
        ("50.05Gy/5", ["lq.high-dose-per-fraction"]),
        ("12Gy/1 + 12Gy/2", ["lq.high-dose-per-fraction"]),
        ("45Gy/30 BID", ["lq.complete-repair-assumed"]),
        ("45Gy/30 QOD", []),
        ("70Gy(RBE)/35", ["lq.rbe-weighted"]),
    ],
)
def test_what_the_model_does_not_know_is_said(text: str, codes: list[str]) -> None:
    assert [notice.code for notice in convert(parse(text), TUMOUR).notices] == codes


@pytest.mark.parametrize(("text", "said"), [("54Gy/3", "within the 18 Gy"), ("18.1Gy/1", "above the 18 Gy")])
def test_the_notice_names_the_models_validity(text: str, said: str) -> None:
    # biology.md, decision 7: Brenner 2008, about 10 Gy well validated, up to about 18 Gy reasonable.
    message = convert(parse(text), TUMOUR).notices[0].message
    assert "Brenner 2008" in message
    assert "10 Gy" in message
    assert said in message


def test_the_conventional_pair_names_its_source() -> None:
    assert [ratio.value_gy for ratio in DEFAULT_ALPHA_BETAS] == [10, 3]
    assert all("GEC-ESTRO" in ratio.source for ratio in DEFAULT_ALPHA_BETAS)


@pytest.mark.parametrize("value", [0, -3, 0.0999, 100.1, float("nan"), float("inf"), True, "10", None])
def test_alpha_beta_outside_its_range_cannot_be_made(value: Any) -> None:
    with pytest.raises(AlphaBetaError):
        AlphaBeta(value_gy=value, source="test")

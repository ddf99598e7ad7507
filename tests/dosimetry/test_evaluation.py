"""Metrics of DVHs with closed forms: exact where there is an answer, an error where there is none."""

from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtfractions.dosimetry import DVH, Settings
from rtfractions.dosimetry.evaluation import MINIMUM_COVERED_FRACTION, Bound, Value, evaluate
from rtfractions.metrics import MetricError, MetricUnit, parse_metric

SETTINGS = Settings(end_caps="half", dose_interpolation="linear")


def linear(
    volume_cm3: float = 100.0,
    low_gy: float = 10.0,
    high_gy: float = 30.0,
    *,
    covered: float = 1.0,
    **others: Any,
) -> DVH:
    """A dose that is spread evenly from low to high; D of the hottest part p is high - p (high - low)."""
    fields = {
        "dose_gy": np.array([low_gy, high_gy]),
        "volume_cm3_at": np.array([volume_cm3 * covered, 0.0]),
        "volume_cm3": volume_cm3,
        "covered_fraction": covered,
        "minimum_gy": low_gy if covered == 1 else None,
        "maximum_gy": high_gy,
        "mean_gy": (low_gy + high_gy) / 2,
        "settings": SETTINGS,
    }
    return DVH(**{**fields, **others})


def value(text: str, dvh: DVH, prescription_gy: Decimal | float | None = None) -> float:
    found = evaluate(parse_metric(text), dvh, prescription_gy=prescription_gy)
    assert isinstance(found, Value), found
    return found.value


def error(text: str, dvh: DVH, prescription_gy: Decimal | float | None = None) -> str:
    found = evaluate(parse_metric(text), dvh, prescription_gy=prescription_gy)
    assert isinstance(found, MetricError), found
    return str(found)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("D95%[Gy]", 11.0),
        ("D50%[Gy]", 20.0),
        ("D2%[Gy]", 29.6),
        ("D10cc[Gy]", 28.0),
        ("D100%[Gy]", 10.0),
        ("D0.03cc[Gy]", 29.994),
        ("DC10cc[Gy]", 12.0),
        ("DC5%[Gy]", 11.0),
        ("V20Gy[%]", 50.0),
        ("V20Gy[cc]", 50.0),
        ("V0Gy[cc]", 100.0),
        ("V31Gy[cc]", 0.0),
        ("CV15Gy[cc]", 25.0),
        ("CV15Gy[%]", 25.0),
        ("Mean[Gy]", 20.0),
        ("Max[Gy]", 30.0),
        ("Min[Gy]", 10.0),
        ("D50%[%]", 80.0),
        ("V100%[%]", 25.0),
        ("Mean[%]", 80.0),
    ],
)
def test_closed_forms(text: str, expected: float) -> None:
    assert value(text, linear(), 25.0) == pytest.approx(expected, abs=1e-4)


def test_more_than_the_structure_is_an_error_and_never_0() -> None:
    # H1: D2cc of 1.5 cm3
    said = error("D2cc", linear(1.5))
    assert "1.5 cm3" in said
    assert "2 cm3" in said
    assert "D700" in error("DC700cc", linear(1.5)) or "DC700cc" in error("DC700cc", linear(1.5))


def test_a_structure_of_just_the_volume_asked_for_has_an_answer() -> None:
    assert value("D2cc", linear(2.0 - 1e-9)) == pytest.approx(10.0)
    assert error("D2cc", linear(2.0 - 1e-4))


@given(st.decimals(min_value="0.001", max_value="99.999", places=3))
def test_percentages_and_cm3_are_told_apart(part: Decimal) -> None:
    # H2: D of 99.9 cc, 100 cc and 100.1 cc of a structure of 200 cm3 falls; % are of the structure
    dvh = linear(200.0)
    assert value(f"D{part}%", dvh) == pytest.approx(30 - 0.2 * float(part))
    assert value(f"D{part}cc", dvh) == pytest.approx(30 - 0.1 * float(part))
    assert value("D99.9cc", dvh) > value("D100cc", dvh) > value("D100.1cc", dvh)


@pytest.mark.parametrize("noise", [-1e-9, 0.0, 1e-9])
def test_doses_on_a_threshold_count_as_at_least(noise: float) -> None:
    # H3, H10: 5 % of the voxels get 20 Gy, and a last digit decides nothing
    dvh = linear(
        dose_gy=np.array([10.0, 20 + noise, 20 + noise, 30.0]),
        volume_cm3_at=np.array([100.0, 45.0, 40.0, 0.0]),
    )
    assert value("V20Gy[cc]", dvh) == pytest.approx(45.0, abs=1e-4)
    assert value("CV20Gy[cc]", dvh) == pytest.approx(55.0, abs=1e-4)


def test_the_prescription_is_multiplied_exactly() -> None:
    # H10: 95 % of 40.05 Gy
    dvh = linear(
        dose_gy=np.array([10.0, 38.0475, 38.0475, 50.0]), volume_cm3_at=np.array([100.0, 60.0, 50.0, 0.0])
    )
    assert value("V95%[%]", dvh, Decimal("40.05")) == pytest.approx(60.0, abs=1e-4)
    assert value("V95%[%]", dvh, np.float64(40.05)) == pytest.approx(60.0, abs=1e-4)
    assert value("V95%[%]", dvh, 40) == pytest.approx(60 + 40 * 0.0475 / 28.0475, abs=1e-3)


@pytest.mark.parametrize("prescription", [None, 0, -1.0, float("nan"), float("inf"), Decimal("NaN")])
def test_without_a_prescription_there_is_no_percentage(prescription: float | Decimal | None) -> None:
    # F7: never divided by 0
    assert "prescription" in error("D95%[%]", linear(), prescription)
    assert "prescription" in error("V95%[%]", linear(), prescription)


def test_physical_thresholds_do_not_meet_converted_doses() -> None:
    # G7: V20Gy of an EQD2 curve is another question
    eqd2 = linear(quantity="eqd2", alpha_beta_gy=3.0)
    assert value("V20EQD2Gy(a/b=3)[%]", eqd2) == pytest.approx(50.0, abs=1e-4)
    assert "physical" in error("V20Gy[%]", eqd2)
    assert "alpha/beta 3 Gy" in error("V20EQD2Gy(a/b=2)[%]", eqd2)
    assert "BED" in error("Mean[BEDGy(a/b=3)]", eqd2)
    assert "physical" in error("Mean[EQD2Gy(a/b=3)]", linear())


class TestPartlyCovered:
    """E34, E35, H7, H19: part of the structure has no known dose."""

    def test_the_covered_fraction_stands_beside_every_value(self) -> None:
        dvh = linear(covered=0.97)
        for text in ("D95%", "V20Gy[%]", "V20Gy[cc]", "D0.03cc", "Mean", "Max", "DC5cc", "CV15Gy"):
            found = evaluate(parse_metric(text), dvh)
            assert isinstance(found, Value)
            assert found.covered_fraction == 0.97
            assert found.bound is not Bound.EXACT

    def test_the_minimum_is_not_known(self) -> None:
        assert "not known" in error("Min", linear(covered=0.97))
        assert error("D100%", linear(covered=0.97))
        assert error("D98%", linear(covered=0.97))

    def test_percentages_are_of_the_whole_structure(self) -> None:
        assert value("V20Gy[%]", linear(covered=0.96)) == pytest.approx(48.0, abs=1e-4)
        assert value("D48%", linear(covered=0.96)) == pytest.approx(20.0)

    @given(
        st.floats(min_value=0.0, max_value=60.0),
        st.sampled_from(["D50%", "D3cc", "V20Gy[%]", "V25Gy[cc]", "Max"]),
    )
    def test_lower_bounds_hold_whatever_the_unknown_doses_are(self, unknown_gy: float, text: str) -> None:
        known = evaluate(parse_metric(text), linear(covered=0.96))
        whole = linear(
            dose_gy=(doses := np.sort(np.array([10.0, 30.0, unknown_gy, unknown_gy]))),
            volume_cm3_at=np.array([_volume(doses, i, unknown_gy) for i in range(4)]),
            minimum_gy=min(10.0, unknown_gy),
            maximum_gy=max(30.0, unknown_gy),
        )
        assert isinstance(known, Value)
        assert known.bound is Bound.AT_LEAST
        assert value(text, whole) >= known.value - 1e-4

    def test_below_the_threshold_only_the_hottest_cm3_are_evaluable(self) -> None:
        dvh = linear(covered=MINIMUM_COVERED_FRACTION - 0.01)
        for text in ("D95%", "D50%", "V20Gy[%]", "Mean", "DC5cc", "CV15Gy[cc]", "Min"):
            assert error(text, dvh)
        assert "not evaluable" in error("D50%", dvh)
        for text in ("D0.03cc", "V20Gy[cc]", "Max"):
            found = evaluate(parse_metric(text), dvh)
            assert isinstance(found, Value)
            assert found.bound is Bound.AT_LEAST

    def test_a_structure_that_is_covered_is_exact(self) -> None:
        found = evaluate(parse_metric("D95%"), linear())
        assert isinstance(found, Value)
        assert (found.bound, found.unit, found.covered_fraction) == (Bound.EXACT, MetricUnit.GY, 1.0)


def _volume(doses: np.ndarray[Any, Any], i: int, unknown_gy: float) -> float:
    """Volume with at least the i-th dose, 96 cm3 from 10 to 30 Gy and 4 cm3 of the unknown dose."""
    dose = doses[i]
    spread = 96 * float(np.clip((30 - dose) / 20, 0, 1))
    last_of_equals = i == 3 or doses[i + 1] > dose
    return spread + (4.0 if dose < unknown_gy or (dose == unknown_gy and not last_of_equals) else 0.0)

"""Which limit is for a plan, and on which side of it a number lies (hazard rows H and I14)."""

import math
from typing import Any

import pytest

from rtfractions.compliance.dose_limits import Fractionation, choose, grade, shown, worst_grade_of
from rtfractions.protocols.bounds import BoundText, parse_bound
from rtfractions.protocols.dose_rules import DoseLimit
from rtfractions.verdicts import Verdict

DEVIATION, VARIATION, MET = (
    Verdict.DEVIATION_UNACCEPTABLE,
    Verdict.VARIATION_ACCEPTABLE,
    Verdict.PER_PROTOCOL,
)
THREE = Fractionation(3, None, (8.0,))


def limit(objective: str | None = None, mandatory: str | None = None, **other: Any) -> DoseLimit:
    return DoseLimit(
        objective=None if objective is None else BoundText(objective),
        mandatory=None if mandatory is None else BoundText(mandatory),
        **other,
    )


@pytest.mark.parametrize(
    ("text", "at", "below", "above"),
    [
        ("< 24 Gy", False, True, False),
        ("<= 24 Gy", True, True, False),
        ("> 24 Gy", False, False, True),
        (">= 24 Gy", True, False, True),
    ],
)
def test_every_operator_at_the_limit_and_beside_it(text: str, at: bool, below: bool, above: bool) -> None:
    # H14: the golden table; 1e-5 is beyond the slack of 1e-6 that a limit has which may be reached
    bounds = limit(mandatory=text)
    for observed, met in ((24.0, at), (24 - 1e-5, below), (24 + 1e-5, above)):
        assert (grade(bounds, observed, "deviation_unacceptable")[0] is MET) == met


def test_what_arithmetic_leaves_breaks_no_limit_that_may_be_reached() -> None:
    assert grade(limit(mandatory="<= 24 Gy"), 240 * 0.1, "query")[0] is MET  # H10
    assert grade(limit(mandatory=">= 24 Gy"), math.nextafter(24.0, 0), "query")[0] is MET


@pytest.mark.parametrize("text", ["< 24 Gy", "<= 24 Gy", "> 24 Gy", ">= 24 Gy"])
def test_what_arithmetic_leaves_decides_nothing(text: str) -> None:  # H10, H14
    bound = parse_bound(text)
    around = (24 - 1e-7, math.nextafter(24.0, 0), 24.0, math.nextafter(24.0, 25), 240 * 0.1, 24 + 1e-7)
    assert {bound.met_by(observed) for observed in around} == {"=" in text}
    assert {shown(observed, bound) for observed in around} == {"24.00"}  # H9


def test_nan_keeps_no_limit() -> None:  # H13
    for text in ("< 24 Gy", "<= 24 Gy", "> 24 Gy", ">= 24 Gy"):
        assert grade(limit(mandatory=text), math.nan, "deviation_unacceptable")[0] is DEVIATION


@pytest.mark.parametrize(
    ("bounds", "observed", "verdict", "decides"),
    [
        # LungTech's oesophagus (protocols.md 2.1): < 40 Gy, to 43.52 Gy acceptable, from 43.52 Gy on unacceptable
        (("< 40 Gy", "< 43.52 Gy"), 39.999, MET, "< 40 Gy"),
        (("< 40 Gy", "< 43.52 Gy"), 40.0, VARIATION, "< 40 Gy"),
        (("< 40 Gy", "< 43.52 Gy"), 43.519, VARIATION, "< 40 Gy"),
        (("< 40 Gy", "< 43.52 Gy"), 43.52, DEVIATION, "< 43.52 Gy"),
        # RTOG 0126: 98 % none, 95 % minor, else major
        ((">= 98 %", ">= 95 %"), 98.0, MET, ">= 98 %"),
        ((">= 98 %", ">= 95 %"), 96.0, VARIATION, ">= 98 %"),
        ((">= 98 %", ">= 95 %"), 94.9, DEVIATION, ">= 95 %"),
        # an objective alone makes nothing unacceptable, a mandatory limit alone nothing a variation
        (("< 40 Gy", None), 90.0, VARIATION, "< 40 Gy"),
        ((None, "< 32 Gy"), 32.0, DEVIATION, "< 32 Gy"),
        ((None, "< 32 Gy"), 31.9, MET, "< 32 Gy"),
    ],
)
def test_bands(
    bounds: tuple[str | None, str | None], observed: float, verdict: Verdict, decides: str
) -> None:
    found, bound = grade(limit(*bounds), observed, "deviation_unacceptable")
    assert (found, str(bound)) == (verdict, decides)


def test_no_source_supports_more_than_its_worst_grade() -> None:
    assert grade(limit(mandatory="< 32 Gy"), 40.0, "query")[0] is Verdict.QUERY
    assert grade(limit(mandatory="< 32 Gy"), 40.0, "variation_acceptable")[0] is VARIATION


def test_what_may_be_optimal_or_mandatory_is_not_called_acceptable() -> None:
    unspecified = limit("< 14 Gy", strength="unspecified")
    assert grade(unspecified, 20.0, "deviation_unacceptable")[0] is DEVIATION
    # a protocol's limit that may be optimal: a person must say
    assert worst_grade_of(unspecified, "deviation_unacceptable") == "query"
    assert worst_grade_of(unspecified, "variation_acceptable") == "variation_acceptable"
    assert worst_grade_of(limit("< 14 Gy"), "deviation_unacceptable") == "deviation_unacceptable"


@pytest.mark.parametrize(
    ("observed", "text"), [(23.999, "23.999"), (24.0004, "24.0004"), (24.0006, "24.001"), (24.0, "24.00")]
)
def test_the_digits_shown_explain_the_verdict(observed: float, text: str) -> None:  # H9
    bound = parse_bound("<= 24 Gy")
    assert shown(observed, bound) == text
    assert bound.met_by(float(text)) == bound.met_by(observed)


class TestChoice:
    LIMITS = (limit(mandatory="< 18 Gy", fractions=(3,)), limit(mandatory="< 23 Gy", fractions=(5, 6)))

    def test_the_limit_of_the_number_of_fractions(self) -> None:
        assert choose(self.LIMITS, THREE).limits == self.LIMITS[:1]
        assert choose(self.LIMITS, Fractionation(6)).limits == self.LIMITS[1:]

    def test_nothing_is_interpolated(self) -> None:  # I14; protocols.md 3.1 trap (b)
        chosen = choose(self.LIMITS, Fractionation(4))
        assert (chosen.limits, chosen.undecided) == ((), None)
        assert chosen.none is not None
        assert "3, 5 and 6 fractions" in chosen.none
        assert "the plan has 4 fractions" in chosen.none

    def test_without_a_number_of_fractions_no_limit_is_chosen_and_none_is_ruled_out(self) -> None:
        chosen = choose(self.LIMITS, Fractionation(None, "the plan has 2 fraction groups"))
        assert (chosen.limits, chosen.none) == ((), None)
        assert chosen.undecided is not None
        assert "2 fraction groups" in chosen.undecided

    @pytest.mark.parametrize(
        ("doses", "applies"), [((1.8,), True), ((2.0,), True), ((1.79,), False), ((8.0,), False)]
    )
    def test_a_range_of_doses_per_fraction(self, doses: tuple[float, ...], applies: bool) -> None:
        conventional = (limit(mandatory="< 50 Gy", dose_per_fraction_gy=(1.8, 2.0)),)
        chosen = choose(conventional, Fractionation(25, None, doses))
        assert (chosen.limits == conventional, chosen.none is None) == (applies, applies)

    @pytest.mark.parametrize("doses", [(), (2.0, 8.0)])
    def test_doses_per_fraction_that_are_unknown_or_differ_decide_nothing(
        self, doses: tuple[float, ...]
    ) -> None:
        conventional = (limit(mandatory="< 50 Gy", dose_per_fraction_gy=(1.8, 2.0)),)
        assert choose(conventional, Fractionation(25, None, doses)).undecided is not None

    def test_a_limit_for_any_fractionation_applies_beside_one_that_is_undecided(self) -> None:
        any_ = limit(mandatory="< 50 Gy")
        chosen = choose((any_, *self.LIMITS), Fractionation(None))
        assert chosen.limits == (any_,)
        assert chosen.undecided is not None

"""The roll-up, against the order the interface states."""

import itertools

import pytest

from rtfractions.verdicts import Verdict, no_worse_than, roll_up

WORST_FIRST = ["deviation_unacceptable", "query", "not_evaluable", "variation_acceptable", "per_protocol"]


@pytest.mark.parametrize(("worse", "better"), list(itertools.combinations(WORST_FIRST, 2)))
def test_the_worst_decides(worse: str, better: str) -> None:
    assert roll_up([Verdict(better), Verdict(worse), Verdict.INFO]) == worse


@pytest.mark.parametrize("verdicts", [[], [Verdict.INFO], [Verdict.NOT_APPLICABLE, Verdict.INFO]])
def test_where_nothing_rolls_up_nothing_was_evaluated(verdicts: list[Verdict]) -> None:
    assert roll_up(verdicts) is Verdict.NOT_EVALUABLE


@pytest.mark.parametrize(
    ("verdict", "worst", "graded"),
    [
        ("deviation_unacceptable", "deviation_unacceptable", "deviation_unacceptable"),
        ("deviation_unacceptable", "query", "query"),
        ("deviation_unacceptable", "variation_acceptable", "variation_acceptable"),
        ("per_protocol", "query", "per_protocol"),
        ("not_applicable", "query", "not_applicable"),
        ("query", "variation_acceptable", "query"),
        ("not_evaluable", "variation_acceptable", "not_evaluable"),
    ],
)
def test_no_grade_is_worse_than_its_source_supports(verdict: str, worst: str, graded: str) -> None:
    assert no_worse_than(Verdict(verdict), worst) == graded

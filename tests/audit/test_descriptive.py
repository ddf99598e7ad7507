"""Statistics of a cohort, against exact arithmetic and printed tables."""

import random
import statistics
from fractions import Fraction
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtfractions.audit.descriptive import beta_cdf, exact_interval, spread


def at_least(count: int, of: int, chance: float) -> float:
    """P(X >= count) of a binomial distribution, in exact arithmetic."""
    p = Fraction(chance)
    return float(sum(comb(of, k) * p**k * (1 - p) ** (of - k) for k in range(count, of + 1)))


@pytest.mark.parametrize(
    ("count", "of", "low", "high"),
    [
        # Clopper and Pearson 1934 and the tables since: 5 of 10 is 18.7 to 81.3 %, 0 of 10 ends at 30.8 %.
        (5, 10, 0.1871, 0.8129),
        (0, 10, 0.0, 0.3085),
        (10, 10, 0.6915, 1.0),
        (1, 20, 0.0013, 0.2487),
        (0, 3, 0.0, 0.7076),
        (4, 20, 0.0573, 0.4366),
    ],
)
def test_intervals_are_those_of_the_tables(count: int, of: int, low: float, high: float) -> None:
    found = exact_interval(count, of)
    assert found is not None
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


def test_the_interval_of_the_handbook() -> None:
    # NIST/SEMATECH e-Handbook of Statistical Methods 7.2.4.1: 4 defective of 20, 90 %: 0.071354 to 0.401029
    found = exact_interval(4, 20, confidence=0.9)
    assert found is not None
    assert found.low == pytest.approx(0.071354, abs=1e-6)
    assert found.high == pytest.approx(0.401029, abs=1e-6)


@given(st.integers(1, 60).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_each_end_leaves_its_tail(counts: tuple[int, int]) -> None:
    count, of = counts
    found = exact_interval(count, of)
    assert found is not None
    assert found.low <= count / of <= found.high
    if count:
        assert at_least(count, of, found.low) == pytest.approx(0.025, rel=1e-9)
    if count < of:
        assert 1 - at_least(count + 1, of, found.high) == pytest.approx(0.025, rel=1e-9)


def test_large_cohorts_have_intervals_too() -> None:
    found = exact_interval(500, 100_000)
    assert found is not None
    # The normal approximation is good here: 0.5 % +- 1.96 sqrt(p q / n)
    assert found.low == pytest.approx(0.005 - 1.96 * (0.005 * 0.995 / 1e5) ** 0.5, abs=1e-5)
    assert found.high == pytest.approx(0.005 + 1.96 * (0.005 * 0.995 / 1e5) ** 0.5, abs=2e-5)


def test_nothing_has_no_interval_and_no_spread() -> None:
    assert exact_interval(0, 0) is None
    assert spread([]) is None


@pytest.mark.parametrize(("count", "of"), [(-1, 3), (4, 3)])
def test_what_is_no_count_is_refused(count: int, of: int) -> None:
    with pytest.raises(ValueError, match=f"{count} of {of}"):
        exact_interval(count, of)


@given(st.floats(0.001, 0.999), st.integers(1, 40), st.integers(1, 40))
def test_the_beta_distribution_is_the_binomial_tail(x: float, a: int, b: int) -> None:
    assert beta_cdf(x, a, b) == pytest.approx(at_least(a, a + b - 1, x), rel=1e-9, abs=1e-15)


@given(st.lists(st.floats(0, 1e3), min_size=1), st.randoms())
def test_spread_is_the_standard_librarys_in_any_order(values: list[float], chance: random.Random) -> None:
    found = spread(values)
    shuffled = list(values)
    chance.shuffle(shuffled)
    assert found is not None
    assert found == spread(shuffled)
    assert found.mean == pytest.approx(statistics.fmean(values))
    assert found.median == pytest.approx(statistics.median(values))
    assert (found.minimum, found.maximum, found.count) == (min(values), max(values), len(values))

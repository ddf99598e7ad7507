"""Intervals and distributions of alpha/beta: exact ends, open ends, sampling, and where a comparison flips."""

import itertools
import math
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtfractions.biology import (
    AlphaBeta,
    AlphaBetaError,
    AlphaBetaInterval,
    LognormalAlphaBeta,
    UncertaintyError,
    bed,
    convert,
    flip_alpha_beta,
    lq_range,
    lq_sigma,
    monte_carlo,
    sampled_range,
)
from rtfractions.schedule import Phase, Schedule
from rtfractions.schedule_text import parse

QUANTITIES = ("bed", "eqd2")


@st.composite
def schedules(draw: st.DrawFn) -> Schedule:
    phases = [
        Phase(
            total_dose_gy=draw(st.decimals(Decimal("0.5"), 30, places=2)) * fractions,
            fractions=fractions,
        )
        for fractions in draw(st.lists(st.integers(1, 30), min_size=1, max_size=3))
    ]
    return Schedule(tuple(phases))


@st.composite
def intervals(draw: st.DrawFn) -> AlphaBetaInterval:
    low = draw(st.floats(0.1, 99))
    high = draw(st.floats(low * 1.001, 100))
    return AlphaBetaInterval(low_gy=low, high_gy=high, level="95", source="test")


def value(schedule: Schedule, ratio: float, quantity: str, loss: float = 0.0) -> float:
    isoeffect = convert(schedule, AlphaBeta(value_gy=ratio, source="test"))
    return isoeffect.bed_gy - loss if quantity == "bed" else (isoeffect.bed_gy - loss) / (1 + 2 / ratio)


@given(schedules(), intervals(), st.sampled_from(QUANTITIES), st.floats(0, 0.5))
def test_the_ends_are_exact(
    schedule: Schedule, interval: AlphaBetaInterval, quantity: Any, part: float
) -> None:
    # biology.md 1.6 and 1.12: Möbius in alpha/beta for any mixture and any fixed loss, so no inner value is outside
    assert interval.low_gy is not None
    assert interval.high_gy is not None
    loss = part * float(schedule.total_dose_gy)
    found = lq_range(schedule, interval, quantity=quantity, repopulation_loss_gy=loss)
    assert found.low_gy is not None
    assert found.high_gy is not None
    inner = [
        value(schedule, r, quantity, loss) for r in np.geomspace(interval.low_gy, interval.high_gy, 101)[1:-1]
    ]
    slack = 1e-9 * abs(found.high_gy) + 1e-9
    assert found.low_gy - slack <= min(inner)
    assert max(inner) <= found.high_gy + slack
    ends = sorted(value(schedule, r, quantity, loss) for r in (interval.low_gy, interval.high_gy))
    assert [found.low_gy, found.high_gy] == pytest.approx(ends, rel=1e-9, abs=1e-9)
    assert found.method == "exact"


@given(schedules(), intervals(), st.sampled_from(QUANTITIES))
def test_sampling_agrees_with_the_ends(
    schedule: Schedule, interval: AlphaBetaInterval, quantity: Any
) -> None:
    exact = lq_range(schedule, interval, quantity=quantity)
    sampled = sampled_range(lambda ratio: value(schedule, ratio, quantity), interval, samples=11)
    assert sampled.low_gy == pytest.approx(exact.low_gy, rel=1e-9)
    assert sampled.high_gy == pytest.approx(exact.high_gy, rel=1e-9)
    assert sampled.method == "sampled"


@given(schedules(), st.floats(0.1, 66), st.sampled_from(QUANTITIES))
def test_an_open_end_leaves_the_range_open(schedule: Schedule, end: float, quantity: Any) -> None:
    below = AlphaBetaInterval(low_gy=None, high_gy=end, level="95", source="test")
    above = AlphaBetaInterval(low_gy=end, high_gy=None, level="95", source="test")
    every = AlphaBetaInterval(low_gy=None, high_gy=None, level="95", source="test")
    at_end = pytest.approx(value(schedule, end, quantity), rel=1e-9)
    ends = {
        name: lq_range(schedule, interval, quantity=quantity)
        for name, interval in (("below", below), ("above", above), ("every", every))
    }
    nearby = [value(schedule, ratio, quantity) for ratio in (end, end * 1.5)]
    if abs(nearby[0] - nearby[1]) < 1e-9 * nearby[0]:
        return  # 2 Gy a fraction: the same at every alpha/beta
    falls = nearby[1] < nearby[0]
    open_high, open_low = ("below", "above") if falls else ("above", "below")
    assert ends[open_high].low_gy == at_end
    assert ends[open_high].high_gy is None
    assert ends[open_low].low_gy is None
    assert ends[open_low].high_gy == at_end
    assert (ends["every"].low_gy, ends["every"].high_gy) == (None, None)


def test_two_gray_a_fraction_do_not_depend_on_alpha_beta() -> None:
    interval = AlphaBetaInterval(low_gy=None, high_gy=3, level="95", source="test")
    found = lq_range(parse("70Gy/35"), interval, quantity="eqd2")
    assert (found.low_gy, found.high_gy) == (70.0, 70.0)
    assert flip_alpha_beta(parse("70Gy/35"), limit_gy=70, quantity="eqd2") is None
    assert flip_alpha_beta(parse("70Gy/35"), limit_gy=69.99, quantity="eqd2") is None


def test_nothing_is_computed_where_repopulation_outweighs_the_dose() -> None:
    interval = AlphaBetaInterval(low_gy=3, high_gy=10, level="95", source="test")
    with pytest.raises(UncertaintyError, match="repopulation"):
        lq_range(parse("20Gy/10"), interval, quantity="eqd2", repopulation_loss_gy=30)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        # alpha_beta.csv: intervals that reach 0 or infinity
        (-15, 45, (None, 45)),
        (2.9, math.inf, (2.9, None)),
        (0, 3, (None, 3)),
        (0.05, 3, (None, 3)),
        (1, 101, (1, None)),
        (None, None, (None, None)),
        (-math.inf, math.inf, (None, None)),
        (0.9, 2.2, (0.9, 2.2)),
    ],
)
def test_a_published_interval_is_open_where_it_reaches_zero_or_infinity(
    low: Any, high: Any, expected: tuple[Any, Any]
) -> None:
    found = AlphaBetaInterval.published(low_gy=low, high_gy=high, level="95", source="test")
    assert (found.low_gy, found.high_gy) == expected


def test_an_open_interval_is_never_sampled() -> None:
    for low, high in ((None, 3.0), (1.0, None), (None, None)):
        interval = AlphaBetaInterval(low_gy=low, high_gy=high, level="95", source="test")
        with pytest.raises(UncertaintyError, match="open"):
            sampled_range(lambda ratio: ratio, interval)
        with pytest.raises(UncertaintyError, match="open"):
            LognormalAlphaBeta.fitted(interval)


def lql_eqd2(ratio: float, *, dose: float, fractions: int) -> float:
    """LQ-L with the transition at twice alpha/beta and slope 5: facts biology.md 1.6, Astrahan 2008."""
    d, transition = dose / fractions, 2 * ratio
    bed_of = fractions * (d * (1 + d / ratio) if d <= transition else transition * 3 + 5 * (d - transition))
    return bed_of / (1 + 2 / ratio)


def test_a_model_that_turns_around_is_sampled_not_read_at_its_ends() -> None:
    # biology.md 1.6: intervals are not monotonic for LQ-L when the transition is tied to alpha/beta
    interval = AlphaBetaInterval(low_gy=1.5, high_gy=8, level="95", source="test")
    found = sampled_range(lambda ratio: lql_eqd2(ratio, dose=30, fractions=3), interval)
    ends = [lql_eqd2(ratio, dose=30, fractions=3) for ratio in (1.5, 8)]
    dense = [lql_eqd2(ratio, dose=30, fractions=3) for ratio in np.geomspace(1.5, 8, 200_001)]
    assert found.high_gy is not None
    assert found.high_gy > max(ends) + 1
    assert found.high_gy == pytest.approx(max(dense), rel=1e-6)
    assert found.low_gy == pytest.approx(min(dense), rel=1e-9)


@given(schedules(), st.floats(0.2, 90), st.sampled_from(QUANTITIES))
def test_first_order_sigma_is_the_derivative(schedule: Schedule, ratio: float, quantity: Any) -> None:
    # biology.md 1.12: sigma_EQD2 = |D (2 - d)| / (2 + R)^2 sigma_R
    step = 1e-5 * ratio
    slope = (value(schedule, ratio + step, quantity) - value(schedule, ratio - step, quantity)) / (2 * step)
    found = lq_sigma(schedule, alpha_beta_gy=ratio, sigma_gy=0.5, quantity=quantity)
    assert found == pytest.approx(abs(slope) * 0.5, rel=1e-4, abs=1e-6)


def test_first_order_sigma_of_equal_fractions() -> None:
    assert lq_sigma(parse("38Gy/4"), alpha_beta_gy=2, sigma_gy=1, quantity="eqd2") == pytest.approx(
        38 * (9.5 - 2) / 16
    )
    assert lq_sigma(parse("38Gy/4"), alpha_beta_gy=2, sigma_gy=1, quantity="bed") == pytest.approx(
        38 * 9.5 / 4
    )


@given(schedules(), st.floats(0.12, 90), st.sampled_from(QUANTITIES), st.floats(0, 0.5))
def test_the_flip_is_where_the_comparison_changes_sides(
    schedule: Schedule, ratio: float, quantity: Any, part: float
) -> None:
    loss = part * float(schedule.total_dose_gy)
    limit = value(schedule, ratio, quantity, loss)
    sides = [value(schedule, r, quantity, loss) - limit for r in (ratio * 0.9, ratio * 1.1)]
    if min(abs(side) for side in sides) < 1e-6 * limit:
        return  # hardly depends on alpha/beta: no sharp flip
    found = flip_alpha_beta(schedule, limit_gy=limit, quantity=quantity, repopulation_loss_gy=loss)
    assert found == pytest.approx(ratio, rel=1e-6)


@given(schedules(), st.floats(0, 1000), st.sampled_from(QUANTITIES))
def test_without_a_flip_all_alpha_betas_are_on_one_side(
    schedule: Schedule, limit: float, quantity: Any
) -> None:
    if flip_alpha_beta(schedule, limit_gy=limit, quantity=quantity) is None:
        sides = {value(schedule, ratio, quantity) > limit for ratio in np.geomspace(0.101, 99, 50)}
        inner = [value(schedule, ratio, quantity) for ratio in (0.101, 99)]
        assert len(sides) == 1 or abs(inner[0] - inner[1]) < 1e-9 * inner[0]


def test_a_flip_of_a_schedule_of_the_clinic() -> None:
    # 40 Gy / 10 equals 50 Gy EQD2 at alpha/beta 6: 40 (4 + 6) / (2 + 6) = 50
    assert flip_alpha_beta(parse("40Gy/10"), limit_gy=50, quantity="eqd2") == 6.0
    # BED: 40 (1 + 4 / R) = 56 at R = 10
    assert flip_alpha_beta(parse("40Gy/10"), limit_gy=56, quantity="bed") == 10.0
    assert flip_alpha_beta(parse("40Gy/10"), limit_gy=39, quantity="bed") is None
    assert flip_alpha_beta(parse("40Gy/10"), limit_gy=1e12, quantity="bed") is None
    assert flip_alpha_beta(parse("40Gy/10"), limit_gy=40, quantity="bed") is None
    assert flip_alpha_beta(parse("40Gy/10"), limit_gy=0, quantity="eqd2") is None


# distributions

PROSTATE = AlphaBetaInterval(low_gy=0.9, high_gy=2.2, level="95", source="Miralbell 2012")


@pytest.mark.parametrize(("level", "coverage"), [("95", 0.95), ("90", 0.9), ("68", 0.68), ("SD", 0.682689)])
def test_the_fitted_distribution_has_the_interval_as_its_central_part(level: Any, coverage: float) -> None:
    interval = AlphaBetaInterval(low_gy=0.9, high_gy=2.2, level=level, source="test")
    fitted = LognormalAlphaBeta.fitted(interval)
    drawn = fitted.sample(200_000, seed=1)
    assert np.mean((drawn >= 0.9) & (drawn <= 2.2)) == pytest.approx(coverage, abs=0.004)
    assert np.mean(drawn < 0.9) == pytest.approx((1 - coverage) / 2, abs=0.003)
    assert fitted.median_gy == pytest.approx(math.sqrt(0.9 * 2.2))
    assert "test" in fitted.source


def test_a_range_says_nothing_of_probability() -> None:
    with pytest.raises(UncertaintyError, match="range"):
        LognormalAlphaBeta.fitted(AlphaBetaInterval(low_gy=2, high_gy=4, level="range", source="Thames 1990"))


def test_the_same_seed_gives_the_same_numbers_and_another_others() -> None:
    fitted = LognormalAlphaBeta.fitted(PROSTATE)
    assert fitted.sample(1000, seed=7).tolist() == fitted.sample(1000, seed=7).tolist()
    assert fitted.sample(1000, seed=7).tolist() != fitted.sample(1000, seed=8).tolist()


@pytest.mark.parametrize("median", [0.1, 100.0, 1.0])
def test_samples_stay_where_conversions_are_possible(median: float) -> None:
    wide = LognormalAlphaBeta(median_gy=median, log_sd=5.0, source="test")
    drawn = wide.sample(5000, seed=0)
    assert drawn.size == 5000
    assert drawn.min() >= 0.1
    assert drawn.max() <= 100.0


def test_monte_carlo_of_a_monotonic_function_has_its_quantiles() -> None:
    # quantiles go through a monotonic function: 2.5 % of alpha/beta is 97.5 % of BED
    def of(ratio: float) -> float:
        return bed(60.0, fractions=20, alpha_beta_gy=ratio)

    found = monte_carlo(of, LognormalAlphaBeta.fitted(PROSTATE), seed=3)
    assert found.median_gy == pytest.approx(of(math.sqrt(0.9 * 2.2)), rel=0.01)
    assert found.high_gy == pytest.approx(of(0.9), rel=0.02)
    assert found.low_gy == pytest.approx(of(2.2), rel=0.02)
    assert (found.seed, found.samples) == (3, 10_000)
    assert found == monte_carlo(of, LognormalAlphaBeta.fitted(PROSTATE), seed=3)


# what is refused

HOSTILE: list[Any] = [
    0, -1.0, math.nan, math.inf, -math.inf, 1e-320, 1e308, True, "3", b"3", 1j, object(), 10**400,
]  # fmt: skip


@pytest.mark.parametrize(
    "changes",
    [
        *({"low_gy": v} for v in HOSTILE),
        *({"high_gy": v} for v in HOSTILE),
        {"low_gy": 2.2, "high_gy": 0.9},
        {"low_gy": 2.2, "high_gy": 2.2},
        {"level": 95},
        {"level": "99"},
        {"level": None},
        {"level": ["95"]},
        {"source": ""},
        {"source": None},
        {"source": " . "},
    ],
)
def test_an_interval_that_cannot_be(changes: dict[str, Any]) -> None:
    good: dict[str, Any] = {"low_gy": 0.9, "high_gy": 2.2, "level": "95", "source": "test"}
    with pytest.raises((UncertaintyError, AlphaBetaError)) as refused:
        AlphaBetaInterval(**{**good, **changes})
    assert str(refused.value).isprintable()


@pytest.mark.parametrize("end", [math.nan, True, "3", 1j, object()])
def test_a_published_end_that_is_no_number_is_refused(end: Any) -> None:
    with pytest.raises(UncertaintyError):
        AlphaBetaInterval.published(low_gy=end, high_gy=3, level="95", source="test")
    with pytest.raises(UncertaintyError):
        AlphaBetaInterval.published(low_gy=0.5, high_gy=end, level="95", source="test")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *itertools.product(["schedule"], [None, "40Gy/10", 40.0]),
        *itertools.product(["quantity"], [None, "EQD2", "physical", True, ["bed"]]),
        *itertools.product(["repopulation_loss_gy"], [v for v in HOSTILE if v not in (0, 1e-320)]),
        *itertools.product(["limit_gy"], [v for v in HOSTILE if v not in (0, 1e-320)]),
        *itertools.product(["alpha_beta_gy"], HOSTILE),
        *itertools.product(["sigma_gy"], [v for v in HOSTILE if v not in (0, 1e-320)]),
        *itertools.product(["interval"], [None, (1, 3), 3.0]),
    ],
)
def test_hostile_arguments_are_refused(name: str, value: Any) -> None:
    schedule = parse("40Gy/10")
    calls: list[tuple[Any, dict[str, Any]]] = [
        (
            lq_range,
            {"schedule": schedule, "interval": PROSTATE, "quantity": "bed", "repopulation_loss_gy": 0.0},
        ),
        (
            flip_alpha_beta,
            {"schedule": schedule, "limit_gy": 50.0, "quantity": "eqd2", "repopulation_loss_gy": 0.0},
        ),
        (lq_sigma, {"schedule": schedule, "alpha_beta_gy": 3.0, "sigma_gy": 1.0, "quantity": "bed"}),
    ]
    for function, arguments in calls:
        if name in arguments:
            with pytest.raises((UncertaintyError, AlphaBetaError)) as refused:
                function(**{**arguments, name: value})
            assert str(refused.value).isprintable()


@pytest.mark.parametrize("samples", [v for v in HOSTILE if v != 1e308] + [2, 1e7, 11.5])
def test_a_number_of_samples_that_cannot_be(samples: Any) -> None:
    fitted = LognormalAlphaBeta.fitted(PROSTATE)
    with pytest.raises(UncertaintyError):
        sampled_range(lambda ratio: ratio, PROSTATE, samples=samples)
    with pytest.raises(UncertaintyError):
        monte_carlo(lambda ratio: ratio, fitted, seed=1, samples=samples)
    if samples not in (2, 1e7):
        with pytest.raises(UncertaintyError):
            fitted.sample(samples, seed=1)


@pytest.mark.parametrize("seed", [-1, math.nan, math.inf, True, "1", None, 1.5, 2**64])
def test_a_seed_that_cannot_be(seed: Any) -> None:
    fitted = LognormalAlphaBeta.fitted(PROSTATE)
    with pytest.raises(UncertaintyError):
        fitted.sample(10, seed=seed)
    with pytest.raises(UncertaintyError):
        monte_carlo(lambda ratio: ratio, fitted, seed=seed)


@pytest.mark.parametrize(
    "function",
    [None, 3.0, lambda ratio: None, lambda ratio: math.nan, lambda ratio: math.inf, lambda ratio: "1"],
)
def test_a_function_that_gives_no_number_is_refused(function: Any) -> None:
    with pytest.raises(UncertaintyError):
        sampled_range(function, PROSTATE)
    with pytest.raises(UncertaintyError):
        monte_carlo(function, LognormalAlphaBeta.fitted(PROSTATE), seed=1)


@pytest.mark.parametrize(
    "changes",
    [
        *({"median_gy": v} for v in HOSTILE),
        *({"log_sd": v} for v in HOSTILE),
        {"source": ""},
        {"source": None},
    ],
)
def test_a_distribution_that_cannot_be(changes: dict[str, Any]) -> None:
    good: dict[str, Any] = {"median_gy": 3.0, "log_sd": 0.3, "source": "test"}
    with pytest.raises((UncertaintyError, AlphaBetaError)):
        LognormalAlphaBeta(**{**good, **changes})


@pytest.mark.parametrize("missing", [None, 3.0, PROSTATE])
def test_what_is_no_distribution_is_refused(missing: Any) -> None:
    with pytest.raises(UncertaintyError):
        monte_carlo(lambda ratio: ratio, missing, seed=1)
    if missing is not PROSTATE:
        with pytest.raises(UncertaintyError):
            LognormalAlphaBeta.fitted(missing)
        with pytest.raises(UncertaintyError):
            sampled_range(lambda ratio: ratio, missing)

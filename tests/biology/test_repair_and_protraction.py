"""Incomplete repair and protraction against sums over pairs and numerical integration done here."""

import math
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtfractions.biology import (
    AlphaBeta,
    IncompleteRepair,
    ParameterError,
    RepairKinetics,
    Repopulation,
    SolutionError,
    bed,
    bed_decaying_source,
    bed_incomplete_repair,
    bed_ldr,
    bed_of_fractions,
    bed_pdr,
    bed_permanent_implant,
    bed_protracted,
    convert,
    effective_treatment_days,
    incomplete_repair_factor,
    lea_catcheside_g,
    repair_factor_of_times,
)
from rtfractions.schedule_text import parse

LATE = RepairKinetics.mono_exponential(4.0)
CNS = RepairKinetics.bi_exponential(fast_hours=0.19, slow_hours=2.16, partition=0.98)
CHART = [24.0 * day + 6.0 * k for day in range(12) for k in range(3)]

half_times = st.floats(0.05, 50)
kinetics = st.one_of(
    st.builds(RepairKinetics.mono_exponential, half_times),
    st.builds(
        RepairKinetics.bi_exponential,
        fast_hours=half_times,
        slow_hours=half_times,
        slow_weight=st.floats(0, 1),
    ),
)


def theta(repair: RepairKinetics, hours: float) -> float:
    return sum(w * math.exp(-math.log(2) * hours / half_time) for w, half_time in repair.components)


@given(st.lists(st.tuples(st.floats(0, 20), st.floats(0, 100)), min_size=1, max_size=12), kinetics)
def test_the_engine_is_the_sum_over_pairs(
    fractions: list[tuple[float, float]], repair: RepairKinetics
) -> None:
    fractions.sort(key=lambda fraction: fraction[1])
    doses, times = [dose for dose, _ in fractions], [time for _, time in fractions]
    pairs = sum(2 * a * b * theta(repair, u - t) for (a, t), (b, u) in combinations(fractions, 2))
    expected = sum(doses) + (sum(dose * dose for dose in doses) + pairs) / 3
    found = bed_of_fractions(doses, start_hours=times, alpha_beta_gy=3, kinetics=repair)
    assert found == pytest.approx(expected, rel=1e-12, abs=1e-12)


def test_chart_with_repair_overnight_as_it_is() -> None:
    # section 1.4: 100.55 Gy, against 95.98 Gy where repair overnight is assumed complete
    found = bed_of_fractions([1.5] * 36, start_hours=CHART, alpha_beta_gy=3, kinetics=LATE)
    assert found == pytest.approx(100.55, abs=0.005)
    h = incomplete_repair_factor(3, interval_hours=6, kinetics=LATE)
    assert bed_incomplete_repair(54.0, fractions=36, alpha_beta_gy=3, repair_factor=h) == pytest.approx(
        95.98, abs=0.005
    )


@given(st.integers(1, 6), st.floats(0.5, 4), half_times)
def test_the_engine_is_thames_for_one_day(m: int, interval: float, half_time: float) -> None:
    # section 1.4, Voyant eq. 5: the closed form
    share = math.exp(-math.log(2) * interval / half_time)
    closed = (2 / m) * (share / (1 - share)) * (m - (1 - share**m) / (1 - share))
    repair = RepairKinetics.mono_exponential(half_time)
    assert incomplete_repair_factor(m, interval_hours=interval, kinetics=repair) == pytest.approx(
        closed, abs=1e-9
    )
    times = [k * interval for k in range(m)]
    assert repair_factor_of_times(times, kinetics=repair) == pytest.approx(
        incomplete_repair_factor(m, interval_hours=interval, kinetics=repair), rel=1e-12, abs=1e-300
    )


@given(st.integers(1, 6))
def test_fast_repair_is_full_repair_and_none_is_m_less_one(m: int) -> None:
    fast, none = RepairKinetics.mono_exponential(1e-3), RepairKinetics.mono_exponential(1e9)
    assert incomplete_repair_factor(m, interval_hours=3, kinetics=fast) == pytest.approx(0, abs=1e-100)
    assert incomplete_repair_factor(m, interval_hours=3, kinetics=none) == pytest.approx(m - 1, abs=1e-6)


def test_two_fractions_a_day_are_theta() -> None:
    assert incomplete_repair_factor(1, interval_hours=6, kinetics=LATE) == 0
    assert incomplete_repair_factor(2, interval_hours=6, kinetics=LATE) == pytest.approx(theta(LATE, 6))


@given(st.floats(0.01, 10), half_times, half_times, st.integers(1, 4))
def test_two_half_times_by_partition_are_the_weighted_mean(
    c: float, fast: float, slow: float, m: int
) -> None:
    # Millar & Canney 1993: (h_fast + c h_slow) / (1 + c)
    def h(repair: RepairKinetics) -> float:
        return incomplete_repair_factor(m, interval_hours=4, kinetics=repair)

    both = RepairKinetics.bi_exponential(fast_hours=fast, slow_hours=slow, partition=c)
    weighted = RepairKinetics.bi_exponential(fast_hours=fast, slow_hours=slow, slow_weight=c / (1 + c))
    one, two = RepairKinetics.mono_exponential(fast), RepairKinetics.mono_exponential(slow)
    assert h(both) == pytest.approx((h(one) + c * h(two)) / (1 + c), rel=1e-12)
    assert h(weighted) == pytest.approx(h(both), rel=1e-12)


def test_doses_of_voxels_are_those_of_each_voxel() -> None:
    grid = np.random.default_rng(1).random((36, 2, 3)) * 2
    found = bed_of_fractions(grid, start_hours=CHART, alpha_beta_gy=3, kinetics=CNS)
    one = bed_of_fractions(grid[:, 1, 2].tolist(), start_hours=CHART, alpha_beta_gy=3, kinetics=CNS)
    assert found.shape == (2, 3)
    assert found[1, 2] == pytest.approx(one, rel=1e-12)


@given(st.floats(0.5, 3), kinetics)
def test_less_than_full_repair_is_more_effect(dose: float, repair: RepairKinetics) -> None:
    found = bed_of_fractions([dose] * 36, start_hours=CHART, alpha_beta_gy=3, kinetics=repair)
    assert found >= bed(36 * dose, fractions=36, alpha_beta_gy=3) * (1 - 1e-12)


def test_fractions_out_of_sequence_or_overlapping_are_refused() -> None:
    with pytest.raises(ParameterError, match="sequence"):
        bed_of_fractions([2.0, 2.0], start_hours=[6, 0], alpha_beta_gy=3, kinetics=LATE)
    with pytest.raises(ParameterError, match="before the end"):
        bed_of_fractions([2.0, 2.0], start_hours=[0, 1], duration_hours=1.5, alpha_beta_gy=3, kinetics=LATE)
    with pytest.raises(ParameterError, match="fit into a day"):
        incomplete_repair_factor(4, interval_hours=8, kinetics=LATE)


RATIO = AlphaBeta(value_gy=3, source="test")


def test_convert_with_repair_uses_the_calendar() -> None:
    # section 1.13.4; weekdays BID 6 h apart: pairs within a day, overnight and over weekends
    repair = IncompleteRepair(kinetics=LATE, interval_hours=6)
    isoeffect = convert(parse("12Gy/12 BID"), RATIO, repair=repair)
    times = [24.0 * day + k * 6 for day in (0, 1, 2, 3, 4, 7) for k in range(2)]
    pairs = sum(2 * theta(LATE, u - t) for t, u in combinations(times, 2))
    assert isoeffect.bed_gy == pytest.approx(12 + (12 + pairs) / 3)
    assert isoeffect.parameters["incomplete_repair_factor"] == pytest.approx(pairs / 12)
    assert isoeffect.parameters["repair_half_time_hours"] == 4
    assert isoeffect.parameters["interval_hours"] == 6
    assert isoeffect.notices == ()
    assert [n.code for n in convert(parse("12Gy/12 BID"), RATIO).notices] == ["lq.complete-repair-assumed"]


def test_convert_with_fast_repair_is_convert() -> None:
    repair = IncompleteRepair(kinetics=RepairKinetics.mono_exponential(0.01), interval_hours=6)
    for text in ("45Gy/30 BID", "50Gy/25 + 16Gy/8", "8Gy/1"):
        assert convert(parse(text), RATIO, repair=repair).bed_gy == pytest.approx(
            convert(parse(text), RATIO).bed_gy
        )


def test_what_repair_needs_is_asked_for() -> None:
    with pytest.raises(ParameterError, match="interval"):
        convert(parse("45Gy/30 BID"), RATIO, repair=IncompleteRepair(kinetics=LATE))
    close = IncompleteRepair(kinetics=LATE, interval_hours=4)
    assert [n.code for n in convert(parse("45Gy/30 BID"), RATIO, repair=close).notices] == [
        "repair.short-interval"
    ]
    assert convert(parse("60Gy/30"), RATIO, repair=IncompleteRepair(kinetics=LATE)).notices == ()


# ---------------------------------------------------------------- protraction, by numerical integration

NODES, WEIGHTS = np.polynomial.legendre.leggauss(60)


def integral(function: Any, low: float, high: float, pieces: int = 40) -> float:
    """Gauss-Legendre in pieces."""
    edges = np.linspace(low, high, pieces + 1)
    half = (edges[1:] - edges[:-1]) / 2
    x = edges[:-1, None] + half[:, None] * (1 + NODES)
    return float((function(x) * WEIGHTS * half[:, None]).sum())


@given(st.floats(0.01, 200), st.floats(0.1, 20))
def test_g_is_the_integral_over_pairs_of_times(duration: float, half_time: float) -> None:
    # Lea & Catcheside: (2 / tau^2) int_0^tau (tau - u) exp(-mu u) du for a constant rate
    mu = math.log(2) / half_time
    expected = 2 / duration**2 * integral(lambda u: (duration - u) * np.exp(-mu * u), 0, duration, 200)
    found = lea_catcheside_g(duration, kinetics=RepairKinetics.mono_exponential(half_time))
    assert found == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("x", [0, 1e-12, 1e-6, 1e-3, 0.0999999, 0.1, 0.1000001])
def test_g_of_small_durations_is_its_series(x: float) -> None:
    # section 1.5: 1 - x/3 + x^2/12; the next terms are -x^3/60 and x^4/360
    found = lea_catcheside_g(x / math.log(2), kinetics=RepairKinetics.mono_exponential(1.0))
    series = sum(2 * (-x) ** k / math.factorial(k + 2) for k in range(20))
    assert found == pytest.approx(series, rel=1e-13)


@given(st.floats(0, 9e5), st.floats(0, 1e5), kinetics)
def test_g_falls_from_one(duration: float, more: float, repair: RepairKinetics) -> None:
    g = lea_catcheside_g(np.array([0.0, duration, duration + more]), kinetics=repair)
    assert g[0] == pytest.approx(1)
    assert g[0] * (1 + 1e-12) >= g[1]
    assert g[1] * (1 + 1e-12) >= g[2] > 0


@given(st.floats(0.01, 10), st.floats(0.01, 500), st.floats(0.1, 10))
def test_ldr_is_the_printed_formula(rate: float, hours: float, half_time: float) -> None:
    # section 1.5: D {1 + [2 r / (mu R)] [1 - (1 - exp(-mu tau)) / (mu tau)]}
    mu = math.log(2) / half_time
    expected = rate * hours * (1 + 2 * rate / (mu * 3) * (1 - (1 - math.exp(-mu * hours)) / (mu * hours)))
    repair = RepairKinetics.mono_exponential(half_time)
    found = bed_ldr(rate, duration_hours=hours, alpha_beta_gy=3, kinetics=repair)
    assert found == pytest.approx(expected, rel=1e-9)
    whole = bed_protracted(rate * hours, duration_hours=hours, alpha_beta_gy=3, kinetics=repair)
    assert found == pytest.approx(whole, rel=1e-12)


def test_an_acute_fraction_is_a_fraction() -> None:
    found = bed_protracted(40.0, duration_hours=0, fractions=10, alpha_beta_gy=10, kinetics=LATE)
    assert found == pytest.approx(56)


@pytest.mark.parametrize("half_time", [0.5, 1.5, 20.0])
def test_pulses_are_the_integral_over_pairs_of_times(half_time: float) -> None:
    # the sum over pairs of pulses of the double integral, each pulse at a constant rate
    mu, doses, starts, durations = math.log(2) / half_time, [1.0, 2.0, 0.5], [0.0, 1.0, 4.5], [0.5, 2.0, 0.2]
    total = 0.0
    for i in range(3):
        rate = doses[i] / durations[i]
        total += 2 * rate**2 * integral(lambda u, i=i: (durations[i] - u) * np.exp(-mu * u), 0, durations[i])
        for j in range(i + 1, 3):
            first = integral(
                lambda t, i=i: np.exp(mu * t) * doses[i] / durations[i], starts[i], starts[i] + durations[i]
            )
            second = integral(
                lambda t, j=j: np.exp(-mu * t) * doses[j] / durations[j], starts[j], starts[j] + durations[j]
            )
            total += 2 * first * second
    found = bed_of_fractions(
        doses,
        start_hours=starts,
        duration_hours=durations,
        alpha_beta_gy=10,
        kinetics=RepairKinetics.mono_exponential(half_time),
    )
    assert found == pytest.approx(3.5 + total / 10, rel=1e-10)


@given(st.integers(1, 40), st.floats(0.1, 20), kinetics)
def test_pulses_without_a_pause_are_a_constant_rate(
    pulses: int, hours: float, repair: RepairKinetics
) -> None:
    found = bed_pdr(
        1.5, pulses=pulses, period_hours=hours, duration_hours=hours, alpha_beta_gy=3, kinetics=repair
    )
    whole = bed_protracted(1.5 * pulses, duration_hours=pulses * hours, alpha_beta_gy=3, kinetics=repair)
    assert found == pytest.approx(whole, rel=1e-9)


def test_long_pulses_do_not_overflow() -> None:
    fast = RepairKinetics.mono_exponential(1e-3)
    found = bed_pdr(20.0, pulses=3, period_hours=1000, duration_hours=1000, alpha_beta_gy=3, kinetics=fast)
    assert found == pytest.approx(60, rel=1e-4)


@pytest.mark.parametrize("half_life", [1.0, 2.0, 100.0, 1776.0])
@pytest.mark.parametrize("repair_half_time", [0.27, 1.0, 2.0, 1776.0 * 2])
@pytest.mark.parametrize("hours", [1e-6, 0.01, 1.0, 24.0, 2000.0])
def test_a_decaying_source_is_the_integral_over_pairs(
    half_life: float, repair_half_time: float, hours: float
) -> None:
    # section 1.5; half-lives equal to and twice the repair half-time are among them (lambda = mu is singular)
    decay, mu, rate = math.log(2) / half_life, math.log(2) / repair_half_time, 0.7

    def left(t: Any) -> Any:  # damage left at t of a rate exp(-decay t), solved by quadrature below
        u = np.multiply.outer(t, (1 + NODES) / 2)
        inner = np.exp(-decay * u) * np.exp(-mu * (np.asarray(t)[..., None] - u))
        return (inner * WEIGHTS).sum(axis=-1) * np.asarray(t) / 2

    # beyond 60 half-times nothing is left to integrate, and the inner integral is resolved by the nodes below it
    end = min(hours, 60 * half_life)
    dose = integral(lambda t: rate * np.exp(-decay * t), 0, end, 400)
    if mu * end <= 60:
        pairs = 2 * rate**2 * integral(lambda t: np.exp(-decay * t) * left(t), 0, end, 400)
    else:  # repair far faster than decay: the inner integral in closed form
        pairs = (
            2
            * rate**2
            * integral(
                lambda t: np.exp(-2 * decay * t) * -np.expm1(-(mu - decay) * t) / (mu - decay), 0, end, 4000
            )
        )
    found = bed_decaying_source(
        rate,
        half_life_hours=half_life,
        duration_hours=hours,
        alpha_beta_gy=3,
        kinetics=RepairKinetics.mono_exponential(repair_half_time),
    )
    assert found == pytest.approx(dose + pairs / 3, rel=1e-9)


@given(st.floats(0.5, 2000), half_times)
def test_a_source_left_long_enough_has_decayed(half_life: float, half_time: float) -> None:
    repair, rate = RepairKinetics.mono_exponential(half_time), 0.3
    decay, mu = math.log(2) / half_life, math.log(2) / half_time
    expected = rate / decay * (1 + rate / ((mu + decay) * 3))  # Dale 1985
    for hours in (None, 100 * half_life):
        found = bed_decaying_source(
            rate, half_life_hours=half_life, duration_hours=hours, alpha_beta_gy=3, kinetics=repair
        )
        assert found == pytest.approx(expected, rel=1e-12)


@given(st.floats(1.0, 1e4), st.floats(-1e-6, 1e-6))
def test_a_source_that_decays_as_damage_is_repaired_has_a_limit(half_life: float, off: float) -> None:
    def worth(half_time: float) -> float:
        repair = RepairKinetics.mono_exponential(half_time)
        return bed_decaying_source(
            0.3, half_life_hours=half_life, duration_hours=half_life, alpha_beta_gy=3, kinetics=repair
        )

    assert worth(half_life * (1 + off)) == pytest.approx(worth(half_life), rel=1e-5)


TUMOUR = Repopulation.doubling(doubling_time_days=42, alpha_per_gy=0.15, kick_off_days=0)
IODINE = RepairKinetics.mono_exponential(0.27)


def implant(dose: Any, repopulation: Repopulation | None) -> Any:
    return bed_permanent_implant(
        dose, half_life_days=59.4, alpha_beta_gy=3, kinetics=IODINE, repopulation=repopulation
    )


@pytest.mark.parametrize("kick_off", [0, 20, 300])
def test_an_implant_is_worth_the_most_it_reaches(kick_off: float) -> None:
    # the BED at T_eff is the largest of all times, as T_eff ends where the rate falls to K (RE aside: within 1 %)
    repopulation = Repopulation(gy_per_day=TUMOUR.gy_per_day, kick_off_days=kick_off)
    rate = 145 * math.log(2) / (59.4 * 24)
    reached = [
        bed_decaying_source(
            rate, half_life_hours=59.4 * 24, duration_hours=24.0 * day, alpha_beta_gy=3, kinetics=IODINE
        )
        - repopulation.bed_lost_gy(float(day))
        for day in range(1000)
    ]
    found = implant(145.0, repopulation)
    assert found <= max(reached) + 1e-3
    assert found == pytest.approx(max(reached), abs=0.01)


def test_an_implant_too_weak_for_repopulation_is_worth_nothing_from_the_start() -> None:
    weak = TUMOUR.gy_per_day * 59.4 / math.log(2)  # its initial rate is K
    assert effective_treatment_days(weak, half_life_days=59.4, repopulation=TUMOUR) == pytest.approx(
        0, abs=1e-9
    )
    np.testing.assert_allclose(implant(np.array([0.0, weak / 2, weak]), TUMOUR), 0, atol=1e-9)


def test_an_implant_of_many_voxels_is_each_of_them() -> None:
    doses = np.linspace(0, 300, 12).reshape(3, 4)
    for repopulation in (None, TUMOUR):
        expected = [implant(dose, repopulation) for dose in doses.ravel().tolist()]
        np.testing.assert_allclose(implant(doses, repopulation).ravel(), expected, rtol=1e-12, atol=1e-12)


def test_without_repopulation_there_is_no_effective_time() -> None:
    none = Repopulation(gy_per_day=0, kick_off_days=0)
    with pytest.raises(SolutionError):
        effective_treatment_days(145.0, half_life_days=59.4, repopulation=none)
    assert implant(145.0, none) == implant(145.0, None)

"""Solvers: round trips over the whole range, and refusals where there is no answer. Earlier courses too."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtfractions.biology import (
    LQ,
    LQL,
    MLQ,
    USC,
    AlphaBeta,
    Model,
    ParameterError,
    PriorCourse,
    Repopulation,
    SolutionError,
    TreatmentTime,
    TreatmentWeek,
    convert,
    cumulative_eqd2,
    doi_nieder_recovery,
    isoeffective_schedule,
    residual_dose_per_fraction,
    residual_tolerance,
    solve_alpha_beta,
    solve_dose_per_fraction,
    solve_n_fractions,
    unverified_jones_grant_bed,
)
from rtfractions.schedule_text import parse

DALE = Repopulation(gy_per_day=0.9, kick_off_days=28)
MODELS: list[Model] = [
    LQ(0.1),
    LQ(10),
    LQ(100),
    LQL(10, transition_dose_gy=20),
    LQL(2, transition_dose_gy=1, gamma_over_alpha=0.5),
    USC(alpha_per_gy=0.33, d0_gy=1.25, dq_gy=1.8),
    MLQ(10, delta_per_gy=0.15),
    MLQ(0.1, delta_per_gy=100),
]
fractions = st.floats(1e-3, 1e6)
any_model = st.sampled_from(MODELS)


@given(any_model, st.floats(-6, 5), fractions)
def test_the_dose_per_fraction_comes_back(model: Model, exponent: float, n: float) -> None:
    d = 10**exponent
    bed = n * model.bed_per_fraction_gy(d)
    assert solve_dose_per_fraction(bed, fractions=n, model=model) == pytest.approx(d, rel=1e-9)


@given(any_model, st.floats(-6, 5), fractions)
def test_the_number_of_fractions_comes_back(model: Model, exponent: float, n: float) -> None:
    d = 10**exponent
    bed = n * model.bed_per_fraction_gy(d)
    assert solve_n_fractions(bed, dose_per_fraction_gy=d, model=model) == pytest.approx(n, rel=1e-9)


@given(any_model, st.floats(0.5, 20), st.integers(1, 60), st.floats(0, 2), st.floats(0, 40))
def test_the_dose_per_fraction_comes_back_with_time(
    model: Model, d: float, n: int, loss: float, kick_off: float
) -> None:
    repopulation = Repopulation(gy_per_day=loss, kick_off_days=kick_off)
    lost = repopulation.bed_lost_gy(float(TreatmentWeek().elapsed_days(n)))
    net = n * model.bed_per_fraction_gy(d) - lost
    if net < 0:
        return
    found = solve_dose_per_fraction(net, fractions=n, model=model, repopulation=repopulation)
    assert found == pytest.approx(d, rel=1e-9)


@given(any_model, st.floats(1, 20), st.floats(1, 300), st.floats(0, 0.5), st.floats(0, 40))
def test_the_fractions_found_have_the_bed_with_time(
    model: Model, d: float, bed: float, loss: float, kick_off: float
) -> None:
    repopulation = Repopulation(gy_per_day=loss, kick_off_days=kick_off)
    n = solve_n_fractions(bed, dose_per_fraction_gy=d, model=model, repopulation=repopulation)
    lost = repopulation.bed_lost_gy(float(TreatmentWeek().elapsed_days(max(n, 1e-3))))
    assert n * model.bed_per_fraction_gy(d) - lost == pytest.approx(bed, rel=1e-9)
    # it is the smallest: no smaller whole number reaches the BED
    for whole in range(1, math.floor(n - 1e-6) + 1):
        lost = repopulation.bed_lost_gy(float(TreatmentWeek().elapsed_days(whole)))
        assert whole * model.bed_per_fraction_gy(d) - lost < bed * (1 + 1e-9)


def test_beds_of_voxels_are_solved_like_each_of_them() -> None:
    beds = np.linspace(0, 300, 12).reshape(3, 4)
    for model in MODELS:
        found = solve_dose_per_fraction(beds, fractions=5, model=model)
        each = [solve_dose_per_fraction(bed, fractions=5, model=model) for bed in beds.ravel().tolist()]
        np.testing.assert_allclose(found.ravel(), each, rtol=1e-12)


def test_an_overall_time_given_is_used() -> None:
    # section 1.3: 15 more fractions until day 53 for a BED of 67.8: 70 Gy / 35 has 84 - 22.5 there
    d = solve_dose_per_fraction(61.5, fractions=35, model=LQ(10), repopulation=DALE, overall_days=53)
    assert d == pytest.approx(2)
    with pytest.raises(ParameterError, match="repopulation"):
        solve_dose_per_fraction(61.5, fractions=35, model=LQ(10), overall_days=53)


def test_repopulation_can_outrun_the_dose() -> None:
    with pytest.raises(SolutionError, match="do not reach"):
        solve_n_fractions(
            100.0,
            dose_per_fraction_gy=1,
            model=LQ(10),
            repopulation=Repopulation(gy_per_day=1, kick_off_days=0),
        )


# d's apart, so that the two schedules tell alpha/beta
@given(st.floats(0.2, 90), st.floats(1, 5), st.floats(1.3, 6), st.integers(5, 40))
def test_alpha_beta_comes_back_from_two_isoeffective_schedules(
    ratio: float, d: float, times: float, n: int
) -> None:
    cases: tuple[tuple[dict[str, Any], Any], ...] = (
        ({}, LQ(ratio)),
        ({"transition_dose_gy": 6.0}, LQL(ratio, transition_dose_gy=6)),
        (
            {"transition_dose_gy": 6.0, "gamma_over_alpha": 3.0},
            LQL(ratio, transition_dose_gy=6, gamma_over_alpha=3),
        ),
        ({"delta_per_gy": 0.15}, MLQ(ratio, delta_per_gy=0.15)),
    )
    for parameters, model in cases:
        bed = model.bed_gy(n * d, fractions=n)
        m = bed / model.bed_per_fraction_gy(times * d)
        found = solve_alpha_beta((n * d, m * times * d), (n, m), **parameters)
        assert found == pytest.approx(ratio, rel=1e-6)  # what the difference of two near BEDs leaves


def test_alpha_beta_with_repopulation() -> None:
    # BED10 of 70/35 on day 46 is 67.8, of 60/d in 20 fractions on day 25 it has to be 67.8 too
    d = solve_dose_per_fraction(67.8, fractions=20, model=LQ(10))
    found = solve_alpha_beta((70, 20 * d), (35, 20), repopulation=DALE, overall_days=(46, 25))
    assert found == pytest.approx(10)


@pytest.mark.parametrize(
    ("doses", "numbers"),
    [
        ((60, 60), (30, 20)),  # of one total dose: alpha/beta would be infinite
        ((60, 60), (30, 30)),  # the same schedule: any alpha/beta
        ((60, 40), (30, 40)),  # less dose in smaller fractions: negative
        ((60, 59.9), (30, 10)),  # above 100 Gy
    ],
)
def test_schedules_that_do_not_tell_alpha_beta_are_refused(
    doses: tuple[float, float], numbers: tuple[int, int]
) -> None:
    with pytest.raises(SolutionError, match="no alpha/beta"):
        solve_alpha_beta(doses, numbers)


RATIO = AlphaBeta(value_gy=3, source="late")


def test_an_isoeffective_schedule_stands_with_what_it_rests_on() -> None:
    found = isoeffective_schedule(parse("50Gy/25"), RATIO, dose_per_fraction_gy=3)
    assert found.fractions == pytest.approx(83.3333333 / 6)
    assert found.total_dose_gy == pytest.approx(3 * found.fractions)
    assert (found.model, found.alpha_beta) == ("lq", RATIO)
    assert found.bed_gy == pytest.approx(50 * (1 + 2 / 3))
    assert found.eqd2_gy == pytest.approx(50)
    assert [notice.code for notice in found.notices] == ["solve.fractions-broken"]
    few = isoeffective_schedule(parse("60Gy/30"), RATIO, fractions=2)
    assert [notice.code for notice in few.notices] == ["lq.high-dose-per-fraction"]


def test_an_isoeffective_schedule_in_time() -> None:
    time = TreatmentTime.uninterrupted(parse("70Gy/35"), DALE)
    tumour = AlphaBeta(value_gy=10, source="tumour")
    found = isoeffective_schedule(parse("70Gy/35"), tumour, fractions=20, time=time)
    # in 20 fractions, on day 25, nothing is lost
    assert found.dose_per_fraction_gy == pytest.approx(
        solve_dose_per_fraction(67.8, fractions=20, model=LQ(10))
    )
    assert found.parameters["overall_days"] == 25
    assert found.eqd2_gy is None
    assert found.eqd2_isoeffective_gy == pytest.approx(70)
    back = isoeffective_schedule(parse("70Gy/35"), tumour, dose_per_fraction_gy=2, time=time)
    assert back.fractions == pytest.approx(35)


def test_one_unknown_is_solved_for() -> None:
    with pytest.raises(ParameterError, match="one unknown"):
        isoeffective_schedule(parse("60Gy/30"), RATIO)
    with pytest.raises(ParameterError, match="one unknown"):
        isoeffective_schedule(parse("60Gy/30"), RATIO, fractions=5, dose_per_fraction_gy=5)


@given(any_model, st.integers(1, 60))
def test_an_isoeffective_schedule_has_the_bed(model: Model, n: int) -> None:
    ratio = AlphaBeta(value_gy=model.alpha_beta_gy, source="test")
    found = isoeffective_schedule(parse("60Gy/20"), ratio, fractions=n, model=model)
    assert model.bed_gy(found.total_dose_gy, fractions=n) == pytest.approx(
        convert(parse("60Gy/20"), ratio, model=model).bed_gy, rel=1e-9
    )


# ---------------------------------------------------------------- earlier courses


def course(eqd2: float, recovered: float = 0.0, ratio: float = 2.0) -> PriorCourse:
    source = "test" if recovered else None
    return PriorCourse(eqd2_gy=eqd2, alpha_beta_gy=ratio, recovered=recovered, recovery_source=source)


def test_without_a_statement_nothing_is_recovered() -> None:
    assert cumulative_eqd2([course(40), course(30)]) == 70
    assert cumulative_eqd2([course(40, 0.25), course(30)]) == pytest.approx(60)


def test_a_recovery_needs_its_source() -> None:
    with pytest.raises(ParameterError, match="source of the recovery"):
        PriorCourse(eqd2_gy=40, alpha_beta_gy=2, recovered=0.5)


def test_eqd2_of_different_alpha_beta_do_not_add() -> None:
    with pytest.raises(ParameterError, match="do not add"):
        cumulative_eqd2([course(40), course(30, ratio=3)])


def test_courses_of_grids_add_voxel_by_voxel() -> None:
    grid = np.array([[1.0, 2.0], [30.0, 60.0]])
    prior = PriorCourse(eqd2_gy=grid, alpha_beta_gy=2, recovered=0.5, recovery_source="test")
    np.testing.assert_allclose(cumulative_eqd2([prior, course(10)]), grid / 2 + 10)
    np.testing.assert_allclose(residual_tolerance(30.0, [prior, course(10)]), 20 - grid / 2)


def test_an_exceeded_tolerance_is_not_cut_off_at_nothing() -> None:
    assert residual_tolerance(50.0, [course(60)]) == -10
    with pytest.raises(SolutionError, match="-10 Gy"):
        residual_dose_per_fraction(50.0, [course(60)], fractions=5, model=LQ(2))


def test_the_residual_is_given_at_its_own_alpha_beta() -> None:
    with pytest.raises(ParameterError, match="one alpha/beta"):
        residual_dose_per_fraction(50.0, [course(40)], fractions=5, model=LQ(3))


@pytest.mark.parametrize(
    ("months", "share"), [(0, 0), (5.99, 0), (6, 0.25), (11.9, 0.25), (12, 0.5), (240, 0.5)]
)
def test_the_rule_of_thumb_of_doi_and_nieder(months: float, share: float) -> None:
    # section 1.11 [V]: 25 % after 6 months, 50 % after 12
    assert doi_nieder_recovery(months) == share


@given(st.floats(1, 99), st.floats(1, 5), st.sampled_from(["fit", "cautious"]))
def test_jones_and_grant_is_the_printed_formula(bed: float, years: float, variant: str) -> None:
    r = 2.8 + math.exp(1.67 * (years - 1)) if variant == "fit" else 1.5 + math.exp(1.2 * (years - 1))
    found = unverified_jones_grant_bed(bed, tolerance_bed_gy=100.0, years=years, variant=variant)
    assert found == pytest.approx(100 * (1 - (1 - bed / 100) ** (1 / (1 + r))), rel=1e-9)

"""LQ-L, USC and MLQ: their limits, inverses and joins. Rows are of biology.md."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rtfractions.biology import (
    LQ,
    LQL,
    MLQ,
    USC,
    AlphaBeta,
    AlphaBetaError,
    Model,
    ParameterError,
    bed,
    convert,
    eqd2,
    sfed,
)
from rtfractions.schedule_text import parse

ratios = st.floats(0.1, 100)
doses = st.floats(1e-9, 1e6)
transitions = st.floats(1e-3, 1e6)


@st.composite
def models(draw: st.DrawFn) -> Model:
    kind = draw(st.sampled_from(["lq", "lql", "lql, slope", "usc", "mlq"]))
    if kind == "usc":
        alpha, product, ratio = draw(st.floats(0.05, 1)), draw(st.floats(0.1, 0.8)), draw(st.floats(0.2, 99))
        return USC(
            alpha_per_gy=alpha, d0_gy=product / alpha, dq_gy=ratio * (1 - product) ** 2 / (4 * product)
        )
    ratio = draw(ratios)
    if kind == "lq":
        return LQ(ratio)
    if kind == "mlq":
        return MLQ(ratio, delta_per_gy=draw(st.floats(1e-9, 100)))
    if kind == "lql":
        return LQL(ratio, transition_dose_gy=draw(transitions))
    # a tail far flatter than the curve before it, at the end of the range, leaves BED too few digits to tell the dose
    transition, gamma = draw(st.floats(1e-3, 100)), draw(st.floats(0.01, 1e4))
    return LQL(ratio, transition_dose_gy=transition, gamma_over_alpha=gamma)


@given(doses, ratios)
def test_lql_of_an_infinite_transition_is_lq(dose: float, ratio: float) -> None:
    model = LQL(ratio, transition_dose_gy=1e6)  # the largest dose there is
    assert model.bed_per_fraction_gy(dose) == pytest.approx(LQ(ratio).bed_per_fraction_gy(dose), rel=1e-14)


@given(st.floats(1e-3, 30), ratios)
def test_mlq_of_a_vanishing_delta_is_lq(dose: float, ratio: float) -> None:
    model = MLQ(ratio, delta_per_gy=1e-9)
    assert model.bed_per_fraction_gy(dose) == pytest.approx(LQ(ratio).bed_per_fraction_gy(dose), rel=1e-7)


@given(st.floats(1.0, 30), st.floats(0.5, 100), st.floats(0.05, 1))
def test_mlq_is_the_printed_formula(dose: float, ratio: float, delta: float) -> None:
    # section 1.6: d + (2 / (R delta^2)) (delta d + exp(-delta d) - 1)
    expected = dose + 2 / (ratio * delta**2) * (delta * dose + math.exp(-delta * dose) - 1)
    assert MLQ(ratio, delta_per_gy=delta).bed_per_fraction_gy(dose) == pytest.approx(expected, rel=1e-10)


def test_mlq_rises_like_alpha_plus_two_beta_over_delta() -> None:
    model = MLQ(10.0, delta_per_gy=0.15)
    slope = model.bed_per_fraction_gy(1001.0) - model.bed_per_fraction_gy(1000.0)
    assert slope == pytest.approx(1 + 2 / (10 * 0.15), rel=1e-9)


@given(ratios, transitions)
def test_a_slope_not_given_is_that_of_the_tangent(ratio: float, transition: float) -> None:
    derived = LQL(ratio, transition_dose_gy=transition)
    assert derived.parameters["gamma_over_alpha"] == pytest.approx(1 + 2 * transition / ratio)
    assert [notice.code for notice in derived.notices] == ["lql.gamma-over-alpha-derived"]
    tangent = 1 + 2 * transition / ratio
    assume(1.5 * tangent <= 1e6)  # the largest slope that can be given
    assert not LQL(ratio, transition_dose_gy=transition, gamma_over_alpha=tangent).notices
    steeper = LQL(ratio, transition_dose_gy=transition, gamma_over_alpha=1.5 * tangent)
    assert [notice.code for notice in steeper.notices] == ["lql.steeper-than-lq"]


@given(st.floats(0.1, 50))
def test_with_a_transition_of_twice_alpha_beta_the_slope_is_five(ratio: float) -> None:
    assert LQL(ratio, transition_dose_gy=2 * ratio).slope == pytest.approx(5)


def test_a_slope_given_is_the_slope_of_the_tail() -> None:
    model = LQL(10.0, transition_dose_gy=20.0, gamma_over_alpha=2.0)
    assert model.bed_per_fraction_gy(25.0) == pytest.approx(20 * 3 + 2 * 5)


@given(st.floats(0.05, 0.95), st.floats(0.5, 5), st.floats(0.1, 1), st.floats(1e-3, 100))
def test_usc_is_the_printed_formula_on_both_sides(a: float, b: float, alpha: float, dose: float) -> None:
    # Park 2008: LQ with beta = (1 - alpha D0)^2 / (4 D0 Dq) up to D_T, (d - Dq) / (alpha D0) above
    d0, dq = a / alpha, b
    beta = (1 - a) ** 2 / (4 * d0 * dq)
    if not 0.1 <= alpha / beta <= 100:
        with pytest.raises(AlphaBetaError):
            USC(alpha_per_gy=alpha, d0_gy=d0, dq_gy=dq)
        return
    model = USC(alpha_per_gy=alpha, d0_gy=d0, dq_gy=dq)
    line = dose > 2 * dq / (1 - a)
    expected = (dose - dq) / (alpha * d0) if line else dose * (1 + dose * beta / alpha)
    assert model.bed_per_fraction_gy(dose) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("d0", [1 / 0.33, 4.0])
def test_usc_refuses_a_curve_that_bends_upwards(d0: float) -> None:
    with pytest.raises(ParameterError, match="alpha D0"):
        USC(alpha_per_gy=0.33, d0_gy=d0, dq_gy=1.8)


@given(models(), doses)
def test_the_inverse_gives_the_dose_back(model: Model, dose: float) -> None:
    assert model.dose_per_fraction_gy(model.bed_per_fraction_gy(dose)) == pytest.approx(dose, rel=1e-9)


@given(ratios, transitions, st.floats(1e-3, 1e6), st.floats(1e-9, 9e5))
def test_the_inverse_has_the_bed_for_any_tail(
    ratio: float, transition: float, gamma: float, dose: float
) -> None:
    model = LQL(ratio, transition_dose_gy=transition, gamma_over_alpha=gamma)
    bed = model.bed_per_fraction_gy(dose)
    assert model.bed_per_fraction_gy(model.dose_per_fraction_gy(bed)) == pytest.approx(bed, rel=1e-9)


@given(st.floats(-9, 2), st.floats(0.1, 100))
def test_newton_converges_over_the_whole_range_of_mlq(exponent: float, ratio: float) -> None:
    model = MLQ(ratio, delta_per_gy=10**exponent)
    grid = np.logspace(-9, 6, 61)
    np.testing.assert_allclose(model.dose_per_fraction_gy(model.bed_per_fraction_gy(grid)), grid, rtol=1e-9)


@given(models(), st.floats(0, 1e5), st.floats(0, 1e5))
def test_more_dose_is_more_effect(model: Model, dose: float, more: float) -> None:
    less = model.bed_per_fraction_gy(dose)
    assert model.bed_per_fraction_gy(dose + more) >= less * (1 - 1e-14)


@given(models(), st.floats(0, 200), st.integers(1, 60))
def test_no_model_exceeds_lq_with_a_flatter_tail(model: Model, dose: float, n: int) -> None:
    if isinstance(model, LQL) and model.gamma_over_alpha is not None:
        return  # a slope of its own may be steeper
    quadratic = bed(dose, fractions=n, alpha_beta_gy=model.alpha_beta_gy)
    assert model.bed_gy(dose, fractions=n) <= quadratic * (1 + 1e-12) + 1e-300


@given(models(), st.lists(st.floats(0, 1e4), min_size=1, max_size=12))
def test_an_array_is_its_elements(model: Model, values: list[float]) -> None:
    array = np.array(values)
    for function in (model.bed_per_fraction_gy, model.dose_per_fraction_gy, model.eqd2_gy):
        np.testing.assert_allclose(function(array), [function(value) for value in values], rtol=1e-12)
    np.testing.assert_allclose(
        model.bed_gy(array.reshape(-1, 1), fractions=3).ravel(),
        [model.bed_gy(value, fractions=3) for value in values],
        rtol=1e-12,
    )


@given(models(), st.integers(1, 60))
def test_two_gray_a_fraction_is_the_fixed_point_of_every_model(model: Model, n: int) -> None:
    # section 1.6: also where 2 Gy lies above the transition
    assert model.eqd2_gy(model.bed_gy(2.0 * n, fractions=n)) == pytest.approx(2 * n, rel=1e-12)


def test_eqd2_is_that_of_lq_where_two_gray_is_below_the_transition() -> None:
    assert LQL(3.0, transition_dose_gy=6.0).eqd2_gy(50.0) == pytest.approx(50 / (1 + 2 / 3))
    above = LQL(0.5, transition_dose_gy=1.0)  # d_T = 2 R below 2 Gy
    assert above.bed_per_fraction_gy(2.0) == pytest.approx(1 * 3 + 5 * 1)
    assert above.eqd2_gy(50.0) == pytest.approx(50 * 2 / 8)


@given(st.floats(7, 100), st.integers(1, 10))
def test_sfed_of_usc_is_the_printed_formula(dose: float, n: int) -> None:
    # Park 2008: D - (n - 1) Dq where every fraction is above D_T (6.13 Gy)
    model = USC(alpha_per_gy=0.33, d0_gy=1.25, dq_gy=1.8)
    assert sfed(n * dose, fractions=n, model=model) == pytest.approx(n * dose - (n - 1) * 1.8, rel=1e-12)


def test_convert_names_the_model_and_what_it_rests_on() -> None:
    ratio = AlphaBeta(value_gy=2, source="test")
    isoeffect = convert(parse("60Gy/4"), ratio, model=LQL(2, transition_dose_gy=4, gamma_over_alpha=5))
    assert isoeffect.model == "lql"
    assert isoeffect.parameters == {"transition_dose_gy": 4, "gamma_over_alpha": 5}
    assert isoeffect.eqd2_gy == pytest.approx(134)  # row I4
    assert isoeffect.notices == ()


def test_usc_brings_its_own_alpha_beta() -> None:
    model = USC(alpha_per_gy=0.33, d0_gy=1.25, dq_gy=1.8)
    isoeffect = convert(parse("60Gy/3"), model=model)
    assert isoeffect.alpha_beta.value_gy == pytest.approx(8.6, abs=0.05)
    assert "Park 2008" in isoeffect.alpha_beta.source
    assert isoeffect.bed_gy == pytest.approx(132.363636, abs=5e-7)


def test_a_model_with_another_alpha_beta_is_refused() -> None:
    with pytest.raises(ParameterError, match="alpha/beta"):
        convert(parse("60Gy/3"), AlphaBeta(value_gy=10, source="test"), model=LQ(3))
    with pytest.raises(ParameterError, match="no alpha/beta"):
        convert(parse("60Gy/3"))


def test_above_ten_gray_the_notice_names_lql_as_an_alternative() -> None:
    notices = convert(parse("54Gy/3"), AlphaBeta(value_gy=10, source="test")).notices
    assert "LQ-L" in notices[0].message


@given(st.floats(0, 200), st.integers(1, 60), ratios)
def test_the_lq_model_is_the_lq_functions(dose: float, n: int, ratio: float) -> None:
    assert LQ(ratio).bed_gy(dose, fractions=n) == bed(dose, fractions=n, alpha_beta_gy=ratio)
    worth = LQ(ratio).eqd2_gy(LQ(ratio).bed_gy(dose, fractions=n))
    assert worth == pytest.approx(eqd2(dose, fractions=n, alpha_beta_gy=ratio), rel=1e-12)

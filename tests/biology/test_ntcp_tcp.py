"""NTCP and TCP: closed forms, limits, bounds, provenance, and what is refused."""

import decimal
import itertools
import math
import pickle
from collections.abc import Callable
from decimal import Decimal
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtfractions.biology import (
    LKB,
    AlphaBetaError,
    DoseBasis,
    DoseError,
    LinearLogistic,
    LogLogistic,
    ParameterError,
    PoissonGamma50,
    PoissonTCP,
    Provenance,
    RelativeSeriality,
    SizeAdjustedTCP,
    Verification,
    dvh_ntcp,
    dvh_tcp,
    geud,
    sabr_flag,
    tcp_size_adjusted,
)
from rtfractions.biology.parameter_sets import parameter_set, parameter_sets
from rtfractions.biology.risk_points import RiskPoint, risk_points

PHYSICAL = DoseBasis(quantity="physical")
BED10 = DoseBasis(quantity="bed", alpha_beta_gy=10)
EQD2_3 = DoseBasis(quantity="eqd2", alpha_beta_gy=3)


def provenance(basis: DoseBasis = PHYSICAL, **changes: Any) -> Provenance:
    return Provenance(
        **{
            "source": "Test 2000",
            "verification": Verification.VERIFIED,
            "endpoint": "a test",
            "outcome": "ntcp",
            "dose_basis": basis,
            **changes,
        }
    )


COMPLICATION = provenance()
CONTROL = provenance(BED10, outcome="tcp")

n, m, d50, gamma50, s = (
    st.floats(0.01, 2),
    st.floats(0.05, 1),
    st.floats(10, 100),
    st.floats(0.2, 6),
    st.floats(0.01, 10),
)
parameters = st.tuples(n, m, d50, gamma50, s)


@st.composite
def dvhs(draw: st.DrawFn) -> tuple[list[float], list[float]]:
    d = draw(st.lists(st.floats(0, 150), min_size=1, max_size=20))
    v = draw(st.lists(st.floats(0.001, 1000), min_size=len(d), max_size=len(d)))
    return d, v


def curves(n: float, m: float, d50: float, gamma50: float, s: float) -> list[Any]:
    return [
        LKB(n=n, m=m, td50_gy=d50, provenance=COMPLICATION),
        LogLogistic(d50_gy=d50, gamma50=gamma50, a=1 / n, provenance=COMPLICATION),
        LinearLogistic.from_d50(d50_gy=d50, gamma50=gamma50, a=1 / n, provenance=COMPLICATION),
        PoissonGamma50(d50_gy=d50, gamma50=gamma50, a=1 / n, provenance=COMPLICATION),
        RelativeSeriality(d50_gy=d50, gamma50=gamma50, s=s, provenance=COMPLICATION),
    ]


@given(dvhs(), st.floats(0, 30), parameters)
def test_probabilities_are_probabilities_and_rise_with_dose(
    dvh: tuple[list[float], list[float]], more: float, parameters: tuple[float, float, float, float, float]
) -> None:
    for curve in curves(*parameters):
        below = dvh_ntcp(*dvh, dose_basis=PHYSICAL, parameters=curve).probability
        hotter = [dose + more for dose in dvh[0]]
        above = dvh_ntcp(hotter, dvh[1], dose_basis=PHYSICAL, parameters=curve).probability
        assert 0.0 <= below <= above * (1 + 1e-9) <= 1 + 1e-9


@given(d50, n, m, gamma50, s)
def test_d50_to_the_whole_organ_complicates_half(
    d50: float, n: float, m: float, gamma50: float, s: float
) -> None:
    for curve in curves(n, m, d50, gamma50, s):
        found = dvh_ntcp([d50, d50], [1, 2], dose_basis=PHYSICAL, parameters=curve).probability
        assert found == pytest.approx(0.5, abs=1e-9)


@given(d50, gamma50)
def test_gamma50_is_the_normalised_slope(d50: float, gamma50: float) -> None:
    # gamma50 = D50 dP/dD at D50; LKB: gamma50 = 1 / (m sqrt(2 pi)) (biology.md 1.9)
    step = 1e-5 * d50
    lkb = LKB(n=1, m=1 / (gamma50 * math.sqrt(2 * math.pi)), td50_gy=d50, provenance=COMPLICATION)
    for curve in [lkb, *curves(1, 0.1, d50, gamma50, 1)[1:3]]:
        slope = (curve.probability(d50 + step) - curve.probability(d50 - step)) / (2 * step)
        assert d50 * slope == pytest.approx(gamma50, rel=1e-3)


@given(dvhs(), n, m, d50)
def test_lkb_is_the_kutcher_burman_reduction(
    dvh: tuple[list[float], list[float]], n: float, m: float, d50: float
) -> None:
    # Kutcher & Burman 1989: v_eff at the highest dose, TD50(v) = TD50 v^-n (biology.md 1.9: test it)
    doses, volumes = np.array(dvh[0]), np.array(dvh[1]) / sum(dvh[1])
    highest = doses.max()
    if highest < 1e-3:
        return
    effective_volume = float((volumes * (doses / highest) ** (1 / n)).sum())
    td50_of_volume = d50 * effective_volume**-n
    expected = NormalDist().cdf((highest - td50_of_volume) / (m * td50_of_volume))
    curve = LKB(n=n, m=m, td50_gy=d50, provenance=COMPLICATION)
    found = dvh_ntcp(*dvh, dose_basis=PHYSICAL, parameters=curve)
    assert found.probability == pytest.approx(expected, rel=1e-6, abs=1e-12)
    assert found.eud_gy == pytest.approx(geud(*dvh, a=1 / n), rel=1e-12)


@given(st.lists(st.floats(0, 200), min_size=1, max_size=10), parameters)
def test_an_array_is_its_elements(
    doses: list[float], parameters: tuple[float, float, float, float, float]
) -> None:
    grid = np.array([doses, doses])
    for curve in curves(*parameters):
        found = curve.probability(grid)
        assert found.shape == grid.shape
        assert found[0].tolist() == pytest.approx(
            [curve.probability(dose) for dose in doses], rel=1e-12, abs=0
        )
        assert isinstance(curve.probability(doses[0]), float)


@settings(max_examples=25, deadline=None)
@given(dvhs(), d50, gamma50, s)
def test_relative_seriality_is_its_formula(
    dvh: tuple[list[float], list[float]], d50: float, gamma50: float, s: float
) -> None:
    # Källman 1992, in decimal arithmetic of 500 digits
    with decimal.localcontext(decimal.Context(prec=500, Emin=-(10**6), Emax=10**6)):
        whole, untouched = sum(Decimal(v) for v in dvh[1]), Decimal(1)
        for dose, volume in zip(*dvh, strict=True):
            exponent = (Decimal(math.e) * Decimal(gamma50) * (1 - Decimal(dose) / Decimal(d50))).exp()
            local = Decimal(2) ** -exponent
            untouched *= (1 - local ** Decimal(s)) ** (Decimal(volume) / whole)
        expected = float((1 - untouched) ** (1 / Decimal(s)))
    curve = RelativeSeriality(d50_gy=d50, gamma50=gamma50, s=s, provenance=COMPLICATION)
    found = dvh_ntcp(*dvh, dose_basis=PHYSICAL, parameters=curve).probability
    assert found == pytest.approx(expected, rel=1e-8, abs=1e-40)


@given(st.floats(0, 150), d50, gamma50, st.floats(1e-4, 100))
def test_relative_seriality_of_a_uniform_dose_is_the_poisson_curve(
    dose: float, d50: float, gamma50: float, s: float
) -> None:
    curve = RelativeSeriality(d50_gy=d50, gamma50=gamma50, s=s, provenance=COMPLICATION)
    found = dvh_ntcp([dose, dose], [1, 2], dose_basis=PHYSICAL, parameters=curve).probability
    assert found == pytest.approx(curve.probability(dose), rel=1e-6, abs=1e-300)


def test_a_serial_organ_follows_its_hottest_part_and_a_parallel_one_does_not() -> None:
    bins = ([0.0, 70.0], [0.9, 0.1])
    serial, parallel = (
        dvh_ntcp(
            *bins,
            dose_basis=PHYSICAL,
            parameters=RelativeSeriality(d50_gy=60, gamma50=2, s=x, provenance=COMPLICATION),
        ).probability
        for x in (1.0, 0.01)
    )
    assert serial > 0.1
    assert parallel < 1e-6


def test_no_dose_gives_no_complication_in_the_logit_model() -> None:
    curve = LogLogistic(d50_gy=50, gamma50=2, a=1, provenance=COMPLICATION)
    assert curve.probability(0.0) == 0.0  # biology.md 1.9
    assert curve.probability(1e-320) == 0.0
    assert curve.probability(1e6) == pytest.approx(1.0)


def test_odds_ratios_multiply_the_odds() -> None:
    # Appelt 2014, as CERR's appeltMod: D50' = (1 - ln OR / (4 gamma50)) D50, gamma50' = gamma50 - ln OR / 4
    odds_ratios = {"older_than_63_years": 1.66, "pulmonary_comorbidity": 2.27}
    curve = LinearLogistic.from_d50(
        d50_gy=38.8, gamma50=1.01, a=1, provenance=COMPLICATION, odds_ratios=odds_ratios
    )
    for present in itertools.product([False, True], repeat=2):
        factors = dict(zip(odds_ratios, present, strict=True))
        log_or = sum(math.log(odds_ratios[name]) for name, there in factors.items() if there)
        d50_risk, gamma50_risk = (1 - log_or / (4 * 1.01)) * 38.8, 1.01 - log_or / 4
        expected = 1 / (1 + math.exp(4 * gamma50_risk * (1 - 15.0 / d50_risk)))
        found = dvh_ntcp([10, 20], [1, 1], dose_basis=PHYSICAL, parameters=curve, risk_factors=factors)
        assert found.probability == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    "factors", [None, {}, {"older": True, "other": False}, {"older": 1}, {"older": "yes"}, [True], {1: True}]
)
def test_every_risk_factor_must_be_stated(factors: Any) -> None:
    curve = LinearLogistic(intercept=-3, per_gy=0.1, a=1, provenance=COMPLICATION, log_odds={"older": 0.5})
    with pytest.raises(ParameterError, match="risk factors"):
        dvh_ntcp([10], [1], dose_basis=PHYSICAL, parameters=curve, risk_factors=factors)
    with pytest.raises(ParameterError, match="risk factors"):
        curve.probability(10, risk_factors=factors)


def test_risk_factors_of_a_model_without_any_are_refused() -> None:
    curve = LKB(n=1, m=0.3, td50_gy=30, provenance=COMPLICATION)
    with pytest.raises(ParameterError, match="risk factors"):
        dvh_ntcp([10], [1], dose_basis=PHYSICAL, parameters=curve, risk_factors={"older": True})


# Poisson


def poisson(clonogens: float = 1e7, alpha: float = 0.3, sd: float = 0.08) -> PoissonTCP:
    return PoissonTCP(clonogens=clonogens, alpha_per_gy=alpha, alpha_sd_per_gy=sd, provenance=CONTROL)


def control(beds: Any, volumes: Any, model: PoissonTCP) -> float:
    return dvh_tcp(beds, volumes, dose_basis=BED10, parameters=model).probability


@given(dvhs(), st.floats(1, 1e9), st.floats(0.05, 0.6))
def test_poisson_of_a_dvh_is_the_product_over_its_bins(
    dvh: tuple[list[float], list[float]], clonogens: float, alpha: float
) -> None:
    beds, volumes = np.array(dvh[0]), np.array(dvh[1]) / sum(dvh[1])
    expected = math.exp(-float((clonogens * volumes * np.exp(-alpha * beds)).sum()))
    assert control(*dvh, poisson(clonogens, alpha, 0.0)) == pytest.approx(expected, rel=1e-9, abs=1e-300)


def by_dense_sums(beds: Any, fractions: Any, clonogens: float, alpha: float, sd: float) -> float:
    """The average over patients by the trapezium rule with 400 001 points."""
    alphas = np.linspace(max(alpha - 9 * sd, 0.0), alpha + 9 * sd, 400_001)
    weights = np.exp(-0.5 * ((alphas - alpha) / sd) ** 2)
    weights[[0, -1]] /= 2
    survivors = sum(clonogens * f * np.exp(-alphas * b) for b, f in zip(beds, fractions, strict=True))
    return float((weights * np.exp(-survivors)).sum() / weights.sum())


@pytest.mark.parametrize(
    ("clonogens", "alpha", "sd"),
    [
        (1e7, 0.3, 0.08),
        (1e9, 0.35, 0.01),
        (1e3, 0.1, 0.3),
        (1e12, 0.02, 0.5),
        (1.0, 0.3, 0.08),
        (1e7, 0.3, 1e-4),
    ],
)
@pytest.mark.parametrize(
    ("beds", "fractions"),
    [([72.0], [1.0]), ([0.0, 80.0], [1e-9, 1 - 1e-9]), ([40.0, 60.0, 120.0], [0.1, 0.4, 0.5])],
)
def test_the_average_over_patients_is_the_integral(
    beds: list[float], fractions: list[float], clonogens: float, alpha: float, sd: float
) -> None:
    expected = by_dense_sums(beds, fractions, clonogens, alpha, sd)
    assert control(beds, fractions, poisson(clonogens, alpha, sd)) == pytest.approx(expected, abs=2e-6)


def test_patients_who_hardly_differ_are_alike() -> None:
    alike = poisson(sd=0.0).probability(72.0)
    assert poisson(sd=1e-6).probability(72.0) == pytest.approx(alike, rel=1e-8)


@given(st.floats(0, 200), st.floats(0, 30), st.floats(1e-3, 0.3))
def test_more_bed_is_more_control(dose: float, more: float, sd: float) -> None:
    model = poisson(sd=sd)
    assert 0 <= model.probability(dose) <= model.probability(dose + more) * (1 + 1e-12) <= 1 + 1e-12


def test_a_cold_spot_costs_control() -> None:
    assert control([72, 50], [0.95, 0.05], poisson()) < control([72], [1], poisson())


@pytest.mark.parametrize("bed", [0.0, 1e-320, 1e6])
def test_the_ends_of_bed_are_computed(bed: float) -> None:
    found = poisson().probability(bed)
    assert found == pytest.approx(1.0 if bed > 1 else 0.0, abs=1e-4)


def test_poisson_takes_arrays() -> None:
    found = poisson().probability([[60.0, 72.0], [84.0, 0.0]])
    assert found.shape == (2, 2)
    assert found[0, 1] == poisson().probability(72.0)


def test_poisson_parameters_speak_of_bed() -> None:
    with pytest.raises(ParameterError, match="BED"):
        PoissonTCP(
            clonogens=1e7,
            alpha_per_gy=0.3,
            alpha_sd_per_gy=0.0,
            provenance=provenance(EQD2_3, outcome="tcp"),
        )


# provenance


@pytest.mark.parametrize(
    "changes",
    [
        {"source": ""},
        {"source": " - "},
        {"source": None},
        {"source": 3},
        {"endpoint": ""},
        {"endpoint": None},
        {"verification": None},
        {"verification": "checked"},
        {"verification": True},
        {"outcome": "NTCP"},
        {"outcome": None},
        {"outcome": ["ntcp"]},
        {"dose_basis": None},
        {"dose_basis": "eqd2"},
        {"note": None},
    ],
)
def test_parameters_cannot_be_without_provenance(changes: dict[str, Any]) -> None:
    with pytest.raises(ParameterError):
        provenance(**changes)


@pytest.mark.parametrize("missing", [None, "Burman 1991", {}])
def test_no_model_exists_without_provenance(missing: Any) -> None:
    makers: list[Callable[[], object]] = [
        lambda: LKB(n=1, m=0.3, td50_gy=30, provenance=missing),
        lambda: LogLogistic(d50_gy=30, gamma50=1, a=1, provenance=missing),
        lambda: PoissonGamma50(d50_gy=30, gamma50=1, a=1, provenance=missing),
        lambda: LinearLogistic(intercept=-3, per_gy=0.1, a=1, provenance=missing),
        lambda: LinearLogistic.from_d50(d50_gy=30, gamma50=1, a=1, provenance=missing),
        lambda: RelativeSeriality(d50_gy=30, gamma50=1, s=1, provenance=missing),
        lambda: PoissonTCP(clonogens=1e7, alpha_per_gy=0.3, alpha_sd_per_gy=0, provenance=missing),
        lambda: SizeAdjustedTCP(c_gy_per_cm=10, k_gy=31, tcd50_gy=0, provenance=missing),
    ]
    for make in makers:
        with pytest.raises(ParameterError, match="provenance"):
            make()


@pytest.mark.parametrize(
    "given",
    [
        {"quantity": "EQD2", "alpha_beta_gy": 3},
        {"quantity": "eqd2"},
        {"quantity": "bed"},
        {"quantity": "physical", "alpha_beta_gy": 3},
        {"quantity": "eqd2", "alpha_beta_gy": 0},
        {"quantity": "eqd2", "alpha_beta_gy": 3, "fractions": 5},
        {"quantity": "physical", "fractions": 0},
        {"quantity": "physical", "fractions": math.nan},
        {"quantity": "physical", "fractions": True},
        {"quantity": None},
        {"quantity": ["eqd2"]},
    ],
)
def test_a_dose_basis_that_cannot_be(given: dict[str, Any]) -> None:
    with pytest.raises((ParameterError, AlphaBetaError)) as refused:
        DoseBasis(**given)
    assert str(refused.value).isprintable()


@pytest.mark.parametrize(
    ("fitted", "given"),
    [
        (EQD2_3, PHYSICAL),
        (PHYSICAL, EQD2_3),
        (EQD2_3, DoseBasis(quantity="eqd2", alpha_beta_gy=10)),
        (EQD2_3, DoseBasis(quantity="bed", alpha_beta_gy=3)),
        (DoseBasis(quantity="physical", fractions=5), PHYSICAL),
        (DoseBasis(quantity="physical", fractions=5), DoseBasis(quantity="physical", fractions=3)),
    ],
)
def test_doses_of_another_kind_are_refused(fitted: DoseBasis, given: DoseBasis) -> None:
    curve = LKB(n=1, m=0.3, td50_gy=30, provenance=provenance(fitted))
    with pytest.raises(ParameterError, match="convert the doses"):
        dvh_ntcp([10], [1], dose_basis=given, parameters=curve)


@pytest.mark.parametrize(
    ("state", "basis", "codes"),
    [
        ("verified", PHYSICAL, []),
        ("verified", DoseBasis(quantity="not_stated"), ["dose-response.basis-not-stated"]),
        ("memory", PHYSICAL, ["dose-response.unverified-parameters"]),
        ("third_party", PHYSICAL, ["dose-response.unverified-parameters"]),
        ("corroborated", PHYSICAL, ["dose-response.unverified-parameters"]),
    ],
)
def test_results_say_what_they_rest_on(state: str, basis: DoseBasis, codes: list[str]) -> None:
    curve = LKB(n=1, m=0.3, td50_gy=30, provenance=provenance(basis, verification=state))
    found = dvh_ntcp([10, 20], [1, 1], dose_basis=PHYSICAL, parameters=curve)
    assert [notice.code for notice in found.notices] == ["dose-response.indicative", *codes]
    assert all("Test 2000" in notice.message for notice in found.notices if "basis" not in notice.code)
    assert found.parameters is curve
    assert (found.outcome, found.model, found.eud_gy) == ("ntcp", "lkb", 15.0)


def test_a_tumours_parameters_give_no_ntcp_and_the_other_way_round() -> None:
    tumour = LogLogistic(d50_gy=50, gamma50=2, a=-10, provenance=provenance(outcome="tcp"))
    organ = LogLogistic(d50_gy=50, gamma50=2, a=8, provenance=COMPLICATION)
    with pytest.raises(ParameterError, match="TCP"):
        dvh_ntcp([50], [1], dose_basis=PHYSICAL, parameters=tumour)
    with pytest.raises(ParameterError, match="NTCP"):
        dvh_tcp([50], [1], dose_basis=PHYSICAL, parameters=organ)
    assert dvh_tcp([50], [1], dose_basis=PHYSICAL, parameters=tumour).probability == 0.5


@pytest.mark.parametrize("missing", [None, {}, 3.0, "lung", LKB])
def test_missing_parameters_are_an_error(missing: Any) -> None:
    # biology.md 1.9: never a number (the 2014 LQL code divided by zero and showed 100 %)
    for function in (dvh_ntcp, dvh_tcp):
        with pytest.raises(ParameterError, match="the parameters are"):
            function([50], [1], dose_basis=PHYSICAL, parameters=missing)
    with pytest.raises(ParameterError, match="the parameters are"):
        tcp_size_adjusted(100.0, largest_diameter_cm=2, dose_basis=BED10, parameters=missing)


@pytest.mark.parametrize("missing", [None, "physical", EQD2_3.quantity])
def test_the_basis_of_the_doses_must_be_given(missing: Any) -> None:
    curve = LKB(n=1, m=0.3, td50_gy=30, provenance=COMPLICATION)
    with pytest.raises(ParameterError, match="basis"):
        dvh_ntcp([50], [1], dose_basis=missing, parameters=curve)


def test_parameters_without_a_serve_a_uniform_dose_only() -> None:
    gross = parameter_set("tumour-gross-okunieff-1995")
    assert dvh_tcp([51.9, 51.9], [1, 2], dose_basis=PHYSICAL, parameters=gross).probability == pytest.approx(
        0.5
    )
    with pytest.raises(ParameterError, match="uniform"):
        dvh_tcp([50, 52], [1, 2], dose_basis=PHYSICAL, parameters=gross)


HOSTILE: list[Any] = [
    -1e9, math.nan, math.inf, -math.inf, 1e308, True, None, "1", b"1", 1j, object(), 10**400, [1.0],
]  # fmt: skip
NOT_ZERO: list[Any] = [*HOSTILE, 0, 1e-320, -0.5]


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        (kind, name, value)
        for kind, names in {
            LKB: {"n": NOT_ZERO, "m": NOT_ZERO, "td50_gy": NOT_ZERO},
            LogLogistic: {"d50_gy": NOT_ZERO, "gamma50": NOT_ZERO, "a": [math.nan, True, "1", 1j, [1.0]]},
            PoissonGamma50: {"d50_gy": NOT_ZERO, "gamma50": NOT_ZERO, "a": [math.nan, True, "1", 1j, [1.0]]},
            RelativeSeriality: {"d50_gy": NOT_ZERO, "gamma50": NOT_ZERO, "s": NOT_ZERO},
            LinearLogistic: {
                "intercept": HOSTILE,
                "per_gy": NOT_ZERO,
                "a": [math.nan, True, "1", 1j, [1.0]],
                "log_odds": [None, [1.0], {"x": math.nan}, {"x": "1"}, {"x": True}, {"": 1.0}, {3: 1.0}],
            },
            PoissonTCP: {
                "clonogens": NOT_ZERO,
                "alpha_per_gy": NOT_ZERO,
                "alpha_sd_per_gy": [*HOSTILE, 1e-320, -0.5],
            },
            SizeAdjustedTCP: {"c_gy_per_cm": HOSTILE, "k_gy": NOT_ZERO, "tcd50_gy": HOSTILE},
        }.items()
        for name, values in names.items()
        for value in values
    ],
)
def test_hostile_parameters_are_refused(kind: Any, name: str, value: Any) -> None:
    good: dict[Any, dict[str, Any]] = {
        LKB: {"n": 1, "m": 0.3, "td50_gy": 30},
        LogLogistic: {"d50_gy": 30, "gamma50": 1, "a": 1},
        PoissonGamma50: {"d50_gy": 30, "gamma50": 1, "a": 1},
        RelativeSeriality: {"d50_gy": 30, "gamma50": 1, "s": 1},
        LinearLogistic: {"intercept": -3, "per_gy": 0.1, "a": 1, "log_odds": {}},
        PoissonTCP: {"clonogens": 1e7, "alpha_per_gy": 0.3, "alpha_sd_per_gy": 0.1},
        SizeAdjustedTCP: {"c_gy_per_cm": 10, "k_gy": 31, "tcd50_gy": 0},
    }
    kind(**good[kind], provenance=CONTROL)
    with pytest.raises(ParameterError) as refused:
        kind(**{**good[kind], name: value}, provenance=CONTROL)
    assert str(refused.value).isprintable()


@pytest.mark.parametrize("value", [[1.0], {"x": 0}, {"x": -1}, {"x": math.inf}, {"x": True}, {"": 2.0}])
def test_hostile_odds_ratios_are_refused(value: Any) -> None:
    with pytest.raises(ParameterError):
        LinearLogistic.from_d50(d50_gy=30, gamma50=1, a=1, provenance=COMPLICATION, odds_ratios=value)


@pytest.mark.parametrize("dose", [-1.0, math.nan, math.inf, 1e308, True, None, "1", 1j, [math.nan], object()])
def test_hostile_doses_are_refused(dose: Any) -> None:
    for curve in [*curves(1, 0.3, 30, 1, 1), poisson()]:
        with pytest.raises(DoseError):
            curve.probability(dose)
    size = SizeAdjustedTCP(c_gy_per_cm=10, k_gy=31, tcd50_gy=0, provenance=CONTROL)
    with pytest.raises(DoseError):
        size.probability(dose, largest_diameter_cm=2)
    with pytest.raises(DoseError):
        size.probability(100.0, largest_diameter_cm=dose)
    with pytest.raises(DoseError):
        tcp_size_adjusted(dose, largest_diameter_cm=2, dose_basis=BED10, parameters=size)
    with pytest.raises(DoseError):
        tcp_size_adjusted(100, largest_diameter_cm=dose, dose_basis=BED10, parameters=size)
    with pytest.raises(DoseError):
        sabr_flag(dose)


def test_probabilities_at_the_ends_of_the_ranges_are_probabilities() -> None:
    for n, m, d50, gamma50, s in itertools.product(
        (1e-3, 100), (1e-3, 10), (0.01, 1e5), (0.01, 100), (1e-4, 100)
    ):
        for curve in curves(n, m, d50, gamma50, s):
            for doses in ([0.0, 1e6], [1e-320, 1e-3], [0.0, 0.0]):
                found = dvh_ntcp(doses, [1e-320, 1e308], dose_basis=PHYSICAL, parameters=curve).probability
                assert 0.0 <= found <= 1.0


# SABR


@pytest.mark.parametrize(
    ("bed10", "reaches", "above"),
    [
        (99.99, False, False),
        (100.0 - 5e-7, True, False),
        (100.0, True, False),
        (146.0, True, False),
        (151.2, True, True),
    ],
)
def test_the_sabr_flag(bed10: float, reaches: bool, above: bool) -> None:
    # biology.md 1.10: Cancer Care Ontario, PMC5330637; a flag with citation, not a probability
    flag = sabr_flag(bed10)
    assert (flag.reaches_threshold, flag.above_upper) == (reaches, above)
    assert "PMC5330637" in flag.source


def test_size_adjusted_control_falls_with_size() -> None:
    ohri = parameter_set("ohri-2012-lung-sabr")
    found = ohri.probability(105.6, largest_diameter_cm=[1.0, 2.0, 5.0])
    assert list(found) == sorted(found, reverse=True)
    with pytest.raises(DoseError, match="shape"):
        ohri.probability([100.0, 110.0], largest_diameter_cm=[1.0, 2.0, 5.0])


def test_the_size_adjusted_model_wants_bed_and_control() -> None:
    for unfit in (provenance(EQD2_3, outcome="tcp"), provenance(BED10)):
        with pytest.raises(ParameterError, match="BED"):
            SizeAdjustedTCP(c_gy_per_cm=10, k_gy=31, tcd50_gy=0, provenance=unfit)


# published sets


def test_results_travel_between_processes() -> None:
    for name, parameters in parameter_sets().items():
        assert pickle.loads(pickle.dumps(parameters)) == parameters, name
    curve = LKB(n=1, m=0.3, td50_gy=30, provenance=COMPLICATION)
    found = dvh_ntcp([10, 20], [1, 1], dose_basis=PHYSICAL, parameters=curve)
    assert pickle.loads(pickle.dumps(found)) == found


def test_every_published_set_has_its_provenance_and_half_at_its_d50() -> None:
    assert len(parameter_sets()) > 40
    for name, parameters in parameter_sets().items():
        assert name == name.lower()
        assert parameters.provenance.source
        assert parameters.provenance.endpoint
        if isinstance(parameters, LKB):
            assert parameters.probability(parameters.td50_gy) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("name", "n", "m", "td50", "state"),
    [
        # biology.md 1.9
        ("rectum-late-grade-2-michalski-2010", 0.09, 0.13, 76.9, "third_party"),
        ("rectum-proctitis-burman-1991", 0.12, 0.15, 80, "verified"),
        ("liver-rild-metastases-dawson-2002", 0.97, 0.12, 45.8, "third_party"),
        ("liver-rild-primary-cerr", 0.97, 0.12, 38.8, "third_party"),
        ("liver-rild-primary-dawson-2002", 0.97, 0.12, 39.8, "memory"),
        ("lung-pneumonitis-burman-1991", 0.87, 0.18, 24.5, "memory"),
        ("bladder-late-gu-grade-1-cerr", 0.00995, 0.022, 77.6, "third_party"),
        ("spinal-cord-burman-1991", 0.05, 0.175, 66.5, "memory"),
        ("ear-chronic-burman-1991", 0.01, 0.095, 65, "memory"),
    ],
)
def test_published_lkb_sets_are_those_of_the_facts(
    name: str, n: float, m: float, td50: float, state: str
) -> None:
    found = parameter_set(name)
    assert (found.n, found.m, found.td50_gy) == (n, m, td50)
    assert found.provenance.verification == state


def test_published_regressions_are_those_of_the_facts() -> None:
    # biology.md 1.9: -3.13 + 0.0688 MED + 1.5 CCRT; Appelt D50 34.4, gamma50 1.19
    huang = parameter_set("oesophagitis-huang-cerr")
    found = huang.probability(34.0, risk_factors={"concurrent_chemotherapy": True})
    assert found == pytest.approx(1 / (1 + math.exp(3.13 - 0.0688 * 34 - 1.5)))
    appelt = parameter_set("lung-pneumonitis-appelt-2014")
    nothing = dict.fromkeys(appelt.log_odds, False)
    assert appelt.probability(34.4, risk_factors=nothing) == pytest.approx(0.5)
    assert math.exp(appelt.log_odds["current_smoker"]) == pytest.approx(0.62)


def test_no_set_from_memory_is_of_hytec() -> None:
    # biology.md 1.10: do not ship until read
    for parameters in parameter_sets().values():
        assert "HyTEC" not in parameters.provenance.source
    for point in risk_points().values():
        assert point.provenance.verification is not Verification.MEMORY


@pytest.mark.parametrize("name", ["lung", "", "Lung-Pneumonitis-Burman-1991", None, 3, "lung-pneumonitis"])
def test_a_set_is_taken_by_its_exact_name_only(name: Any) -> None:
    with pytest.raises(ParameterError, match="no set"):
        parameter_set(name)


def test_the_nearest_names_are_offered() -> None:
    with pytest.raises(ParameterError, match="lung-pneumonitis-burman-1991"):
        parameter_set("lung-pneumonitis-burman")


def test_risk_points_are_those_of_the_facts() -> None:
    # biology.md 1.10: HyTEC cord Dmax for 1-5 % myelopathy; brain V12
    cord = [risk_points()[f"cord-{i}-fraction{'s' * (i > 1)}-sahgal-2021"] for i in range(1, 6)]
    assert [(point.low, point.high) for point in cord] == [
        (12.4, 14.0),
        (17, 17),
        (20.3, 20.3),
        (23, 23),
        (25.3, 25.3),
    ]
    assert all(point.provenance.dose_basis.fractions == i for i, point in enumerate(cord, start=1))
    assert risk_points()["brain-v12-10cc-milano-2021"].risk == "about 15 %"


@pytest.mark.parametrize(
    "changes",
    [{"name": ""}, {"risk": None}, {"unit": "cGy"}, {"low": 20.0}, {"high": math.nan}, {"low": 0}, {"high": True},
     {"condition": None}, {"provenance": None}, {"metric": 3}, {"structure": ""}],
)  # fmt: skip
def test_a_risk_point_that_cannot_be(changes: dict[str, Any]) -> None:
    good: dict[str, Any] = {
        "name": "x", "structure": "cord", "metric": "Max", "low": 10, "high": 12, "unit": "Gy", "risk": "1 %",
        "condition": "", "provenance": COMPLICATION,
    }  # fmt: skip
    RiskPoint(**good)
    with pytest.raises(ParameterError):
        RiskPoint(**{**good, **changes})

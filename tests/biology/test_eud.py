"""Equivalent uniform doses: limits, bounds, and what is no DVH."""

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtfractions.biology import DoseError, ParameterError, eud_niemierko, geud

doses = st.lists(st.floats(0.01, 150), min_size=1, max_size=30)
powers = st.one_of(st.floats(-300, 300), st.floats(-1e-3, 1e-3))


@st.composite
def dvhs(draw: st.DrawFn, low: float = 0.01) -> tuple[list[float], list[float]]:
    d = draw(st.lists(st.floats(low, 150), min_size=1, max_size=30))
    v = draw(st.lists(st.floats(0.001, 1000), min_size=len(d), max_size=len(d)))
    return d, v


@given(dvhs())
def test_one_is_the_mean(dvh: tuple[list[float], list[float]]) -> None:
    assert geud(*dvh, a=1) == pytest.approx(np.average(dvh[0], weights=dvh[1]), rel=1e-12)


@given(dvhs())
def test_zero_is_the_geometric_mean_and_its_neighbours_tend_to_it(
    dvh: tuple[list[float], list[float]],
) -> None:
    # biology.md 1.8: return it (DVHmetrics returns NA); hazards H20
    expected = math.exp(np.average(np.log(dvh[0]), weights=dvh[1]))
    for a in (0, 0.0, 1e-320, -1e-320, 1e-201, 1e-199, -1e-199, 1e-12, -1e-12):
        assert geud(*dvh, a=a) == pytest.approx(expected, rel=1e-9), a


@given(dvhs())
def test_infinity_is_the_maximum_and_large_powers_tend_to_it(dvh: tuple[list[float], list[float]]) -> None:
    assert geud(*dvh, a=math.inf) == max(dvh[0])
    assert geud(*dvh, a=-math.inf) == min(dvh[0])
    assert geud(*dvh, a=1e308) == pytest.approx(max(dvh[0]), rel=1e-12)
    assert geud(*dvh, a=-1e308) == pytest.approx(min(dvh[0]), rel=1e-12)


@given(dvhs(), powers, powers)
def test_it_rises_with_a_between_the_lowest_and_the_highest(
    dvh: tuple[list[float], list[float]], one: float, other: float
) -> None:
    below, above = geud(*dvh, a=min(one, other)), geud(*dvh, a=max(one, other))
    assert min(dvh[0]) <= below <= max(dvh[0])
    assert below <= above * (1 + 1e-12)


@given(dvhs(), st.floats(-50, 50).filter(lambda a: abs(a) > 0.01))
def test_it_is_its_formula(dvh: tuple[list[float], list[float]], a: float) -> None:
    d, v = np.array(dvh[0]), np.array(dvh[1]) / sum(dvh[1])
    with np.errstate(over="ignore", under="ignore"):
        plain = float((v * d**a).sum())
    if 1e-250 < plain < 1e250:
        assert geud(*dvh, a=a) == pytest.approx(plain ** (1 / a), rel=1e-9)


@given(dvhs(), powers, st.floats(1e-3, 1e3))
def test_the_unit_of_volume_does_not_matter(
    dvh: tuple[list[float], list[float]], a: float, unit: float
) -> None:
    d, v = dvh
    assert geud(d, [x * unit for x in v], a=a) == pytest.approx(geud(d, v, a=a), rel=1e-12)


def test_bins_may_be_of_any_width_and_order_and_shape() -> None:
    # hazards G9: a bin cut in two is the same DVH
    whole = geud([10, 30, 50], [0.3, 0.5, 0.2], a=8)
    assert geud([50, 10, 30, 30], [0.2, 0.3, 0.4, 0.1], a=8) == pytest.approx(whole, rel=1e-13)
    assert geud([[10, 30], [50, 80]], [[3, 5], [2, 0]], a=8) == pytest.approx(whole, rel=1e-13)
    assert geud(np.array([10, 30, 50], np.float32), [3, 5, 2], a=8) == pytest.approx(whole, rel=1e-13)


def test_a_large_power_does_not_overflow() -> None:
    # biology.md 1.8: 80 Gy at a = 50 overflows float32
    assert geud(np.array([80.0, 79.0], np.float32), [1, 1], a=50) == pytest.approx(
        ((80**50 + 79**50) / 2) ** (1 / 50), rel=1e-12
    )
    assert geud([1e6, 1.0], [1, 1], a=300) == pytest.approx(1e6 * 0.5 ** (1 / 300), rel=1e-12)


@pytest.mark.parametrize("a", [-1e-320, -1e-3, -1, -10, -math.inf, 0])
def test_a_dose_of_zero_and_a_power_of_zero_or_less_give_zero(a: float) -> None:
    assert geud([0.0, 60.0], [0.001, 1.0], a=a) == 0.0  # hazards H20, G15


def test_zero_dose_without_volume_is_not_there() -> None:
    assert geud([0.0, 60.0], [0.0, 1.0], a=-10) == 60.0


def test_zero_dose_counts_in_a_mean() -> None:
    assert geud([0.0, 60.0], [1.0, 1.0], a=1) == 30.0
    assert geud([0.0, 60.0], [1.0, 1.0], a=2) == pytest.approx(60 / math.sqrt(2))


@given(st.floats(0, 200), st.floats(-100, 100), st.floats(0.01, 0.99))
def test_a_uniform_dose_is_its_own_equivalent(dose: float, a: float, survival: float) -> None:
    assert geud([dose, dose], [1, 3], a=a) == dose
    assert geud(dose, 1.0, a=a) == dose
    assert eud_niemierko(
        [dose, dose], [1, 3], surviving_fraction=survival, reference_dose_gy=2
    ) == pytest.approx(dose)


@given(dvhs(low=0.0), st.floats(1e-6, 1 - 1e-9))
def test_niemierkos_eud_lies_between_minimum_and_mean(
    dvh: tuple[list[float], list[float]], survival: float
) -> None:
    found = eud_niemierko(*dvh, surviving_fraction=survival, reference_dose_gy=2)
    assert min(dvh[0]) <= found <= np.average(dvh[0], weights=dvh[1]) * (1 + 1e-12) + 1e-300


def test_niemierkos_eud_tends_to_its_limits() -> None:
    bins = ([10.0, 30.0, 50.0], [0.3, 0.5, 0.2])
    assert eud_niemierko(*bins, surviving_fraction=1 - 2**-53, reference_dose_gy=2) == pytest.approx(28.0)
    assert eud_niemierko(*bins, surviving_fraction=1e-320, reference_dose_gy=1e-3) == pytest.approx(
        10, abs=1e-5
    )


HOSTILE: list[Any] = [
    -1.0,
    math.nan,
    math.inf,
    -math.inf,
    1e308,
    True,
    None,
    "40",
    b"40",
    1j,
    object(),
    10**400,
]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *itertools.product(["doses_gy"], [*HOSTILE, [1.0, math.nan], [-1.0, 1.0], [[1], [1, 2]], [True]]),
        *itertools.product(["volumes"], [*[v for v in HOSTILE if v != 1e308], 0.0, [0.0], [1.0, 2.0], []]),
        *itertools.product(["a"], [math.nan, True, None, "1", 1j, object(), [1.0]]),
        *itertools.product(["surviving_fraction"], [*HOSTILE, 0, 1, 0.0, 1.0]),
        *itertools.product(["reference_dose_gy"], [*HOSTILE, 0, 1e-320]),
        ("doses_gy", np.ma.masked_array([1.0], mask=[True])),
    ],
)
def test_hostile_arguments_are_refused(name: str, value: Any) -> None:
    dvh: dict[str, Any] = {"doses_gy": 40.0, "volumes": 1.0}
    if name in dvh:
        dvh[name] = value
    for function, own in (
        (geud, {"a": 8.0}),
        (eud_niemierko, {"surviving_fraction": 0.5, "reference_dose_gy": 2.0}),
    ):
        if name not in dvh and name not in own:
            continue
        arguments: dict[str, Any] = {**own, **({} if name in dvh else {name: value})}
        with pytest.raises((DoseError, ParameterError)) as refused:
            function(*dvh.values(), **arguments)
        assert str(refused.value).isprintable()
        assert isinstance(refused.value, ValueError)


def test_volumes_at_the_ends_of_the_numbers_are_only_ratios() -> None:
    assert geud([10.0, 30.0], [1e308, 1e308], a=1) == 20.0
    assert geud([10.0, 30.0], [5e-324, 5e-324], a=1) == 20.0
    assert geud([10.0, 30.0], [1e308, 5e-324], a=1) == 10.0

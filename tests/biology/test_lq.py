"""The LQ model: its closed forms, its limits, and what it refuses."""

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtfractions.biology import AlphaBetaError, DoseError, bed, eqd2, eqdx

doses = st.floats(0, 200)
fractions = st.integers(1, 60)
ratios = st.floats(0.1, 100)


@given(doses, fractions, ratios)
def test_eqd2_is_bed_in_fractions_of_two_gray(dose: float, n: int, ratio: float) -> None:
    # Fowler 1989: EQD2 = BED / (1 + 2 / (alpha/beta))
    assert eqd2(dose, fractions=n, alpha_beta_gy=ratio) == pytest.approx(
        bed(dose, fractions=n, alpha_beta_gy=ratio) / (1 + 2 / ratio), rel=1e-12
    )


@given(fractions, ratios)
def test_two_gray_a_fraction_is_the_fixed_point(n: int, ratio: float) -> None:
    assert eqd2(2.0 * n, fractions=n, alpha_beta_gy=ratio) == pytest.approx(2.0 * n, rel=1e-12)


@given(st.floats(0.01, 20), ratios)
def test_eqdx_of_its_own_fractions_is_the_dose(dose_per_fraction: float, ratio: float) -> None:
    x = eqdx(
        10 * dose_per_fraction,
        fractions=10,
        alpha_beta_gy=ratio,
        reference_dose_per_fraction_gy=dose_per_fraction,
    )
    assert x == pytest.approx(10 * dose_per_fraction, rel=1e-12)


@given(doses, st.floats(0, 10), fractions, ratios)
def test_more_dose_is_more_effect(dose: float, more: float, n: int, ratio: float) -> None:
    assert bed(dose + more, fractions=n, alpha_beta_gy=ratio) >= bed(dose, fractions=n, alpha_beta_gy=ratio)


@given(doses, fractions, ratios)
def test_more_fractions_of_one_dose_are_less_effect(dose: float, n: int, ratio: float) -> None:
    assert bed(dose, fractions=n + 1, alpha_beta_gy=ratio) <= bed(dose, fractions=n, alpha_beta_gy=ratio)


@given(st.lists(doses, min_size=1, max_size=20), fractions, ratios)
def test_an_array_is_its_elements(values: list[float], n: int, ratio: float) -> None:
    array = np.array(values)
    for convert in (bed, eqd2):
        converted = convert(array, fractions=n, alpha_beta_gy=ratio)
        assert converted.dtype == np.float64
        assert converted.tolist() == [convert(value, fractions=n, alpha_beta_gy=ratio) for value in values]


def test_any_shape_and_integers_are_converted() -> None:
    grid = np.arange(24, dtype=np.uint32).reshape(2, 3, 4)
    converted = bed(grid, fractions=3, alpha_beta_gy=10)
    assert converted.shape == (2, 3, 4)
    assert converted[1, 2, 3] == pytest.approx(23 * (1 + 23 / 3 / 10))
    assert bed([], fractions=3, alpha_beta_gy=10).size == 0


def test_float32_is_converted_in_float64() -> None:
    # hazards G11; 100000.5 squared needs 34 bits, and float32 has 24
    converted = bed(np.array([100000.5], dtype=np.float32), fractions=3, alpha_beta_gy=10)
    assert converted.dtype == np.float64
    assert float(converted[0]) == 100000.5 * (100000.5 / 3 + 10) / 10


def test_numbers_of_numpy_are_numbers() -> None:
    dose, fractions, alpha_beta = np.array([40], np.float32), np.array([10]), np.array([10.0])
    assert bed(dose[0], fractions=fractions[0], alpha_beta_gy=alpha_beta[0]) == pytest.approx(56)


def test_the_dose_per_fraction_is_the_voxels_own() -> None:
    # hazards G5: 20 Gy in 30 fractions at alpha/beta 3 is 14.67 Gy; with the prescription's 2 Gy it would stay 20 Gy.
    assert eqd2(np.array([20.0]), fractions=30, alpha_beta_gy=3)[0] == pytest.approx(14.6667, abs=5e-5)
    # biology.md, decision 2: a voxel of 15 Gy in 60 Gy/4 at alpha/beta 3 is 20.25 Gy, not 54 Gy.
    assert eqd2(15.0, fractions=4, alpha_beta_gy=3) == pytest.approx(20.25)


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
        *itertools.product(["total_dose_gy"], HOSTILE),
        *itertools.product(
            ["fractions", "alpha_beta_gy", "reference_dose_per_fraction_gy"], [*HOSTILE, 0, 1e-320]
        ),
        *itertools.product(
            ["total_dose_gy"], [np.array([1.0, np.nan]), np.array([-1.0]), np.array(["a"]), [[1], [1, 2]]]
        ),
        ("alpha_beta_gy", 0.0999),
        ("alpha_beta_gy", 100.1),
    ],
)
def test_hostile_arguments_are_refused(name: str, value: Any) -> None:
    arguments: dict[str, Any] = {
        "total_dose_gy": 40.0,
        "fractions": 10,
        "alpha_beta_gy": 10.0,
        "reference_dose_per_fraction_gy": 2.0,
    }
    with pytest.raises((DoseError, AlphaBetaError)) as refused:
        eqdx(**{**arguments, name: value})
    assert str(refused.value).isprintable()


@pytest.mark.parametrize("dose", [0, 0.0, 1e-320])
def test_no_dose_is_no_effect(dose: float) -> None:
    assert bed(dose, fractions=1, alpha_beta_gy=10) == pytest.approx(dose)

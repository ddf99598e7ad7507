"""RBE: a constant, and the unverified models of a variable one (biology.md, section 1.7)."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtfractions.biology import (
    PROTON_RBE,
    ParameterError,
    bed,
    bed_variable_rbe,
    rbe_notices,
    rbe_variable,
    rbe_weighted_dose,
)

NAMES = ["wedenberg-2013", "carabe-2007", "mcnamara-2015"]


def test_a_constant_rbe_weights_the_dose() -> None:
    assert PROTON_RBE == 1.1
    assert rbe_weighted_dose(np.array([10.0, 60.0]), rbe=1.1).tolist() == pytest.approx([11, 66])


@given(st.floats(0.1, 10), st.floats(0, 20), st.floats(0.5, 20), st.sampled_from(NAMES))
def test_the_weighted_photon_dose_has_the_bed(d: float, let: float, ratio: float, name: str) -> None:
    # what RBE means: d RBE of photons has the effect of d of protons
    rbe = rbe_variable(d, let_kev_per_um=let, alpha_beta_gy=ratio, rbe_model=name)
    photons = bed(d * rbe, fractions=1, alpha_beta_gy=ratio)
    protons = bed_variable_rbe(d, fractions=1, let_kev_per_um=let, alpha_beta_gy=ratio, rbe_model=name)
    assert photons == pytest.approx(protons, rel=1e-12)


@given(st.floats(0.5, 10), st.floats(0, 20), st.floats(0.5, 20))
def test_wedenberg_is_the_printed_formula(d: float, let: float, ratio: float) -> None:
    highest = 1 + 0.434 * let / ratio
    expected = (math.sqrt(ratio**2 + 4 * d * ratio * highest + 4 * d**2) - ratio) / (2 * d)
    found = rbe_variable(d, let_kev_per_um=let, alpha_beta_gy=ratio, rbe_model="wedenberg-2013")
    assert found == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("name", "highest"),
    [("wedenberg-2013", 1 + 0.434 * 2.5 / 2), ("carabe-2007", 0.843 + 0.154 * 2.686 * 2.5 / 2)],
)
@pytest.mark.parametrize("dose", [0, 1e-320, 1e-12])
def test_a_vanishing_dose_has_the_largest_rbe(name: str, highest: float, dose: float) -> None:
    found = rbe_variable(dose, let_kev_per_um=2.5, alpha_beta_gy=2, rbe_model=name)
    assert found == pytest.approx(highest, rel=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_dose_and_let_of_voxels_go_together(name: str) -> None:
    dose, let = np.array([[0.0], [1.0], [2.0]]), np.array([1.0, 5.0])
    found = rbe_variable(dose, let_kev_per_um=let, alpha_beta_gy=2, rbe_model=name)
    assert found.shape == (3, 2)
    assert found[2, 1] == pytest.approx(
        rbe_variable(2.0, let_kev_per_um=5.0, alpha_beta_gy=2, rbe_model=name)
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_variable_rbe_travels_as_unverified(name: str) -> None:
    assert [notice.code for notice in rbe_notices(5.0, rbe_model=name)] == ["rbe.unverified"]
    codes = [notice.code for notice in rbe_notices(np.array([5.0, 20.1]), rbe_model=name)]
    assert codes == ["rbe.unverified", "rbe.let-outside-fit"]


def test_there_is_no_default_model() -> None:
    with pytest.raises(ParameterError, match="no model of RBE"):
        rbe_variable(2.0, let_kev_per_um=2.5, alpha_beta_gy=2, rbe_model="")
    without: dict[str, Any] = {"let_kev_per_um": 2.5, "alpha_beta_gy": 2}
    with pytest.raises(TypeError):
        rbe_variable(2.0, **without)


def test_a_let_at_which_rbe_min_falls_to_zero_is_refused() -> None:
    # McNamara: 1.1012 - 0.0038703 sqrt(100) LET is below 0 from 28.5 keV/um on
    with pytest.raises(ParameterError, match="RBE_min"):
        rbe_variable(2.0, let_kev_per_um=30.0, alpha_beta_gy=100, rbe_model="mcnamara-2015")

"""BED and EQD2 in space: each dose at its own dose per fraction, each phase with its own fractions."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from rtfractions.biology import AlphaBeta, AlphaBetaError
from rtfractions.dosimetry import DVH, Settings
from rtfractions.dosimetry.conversion import (
    ConversionError,
    Converted,
    PhaseDose,
    convert_doses,
    convert_dvh,
    convert_phases,
)
from rtfractions.dosimetry.converted_grid import ConvertedGrid
from rtfractions.dosimetry.evaluation import Value, evaluate
from rtfractions.errors import RTFractionsError
from rtfractions.grid import DoseGrid, Layer
from rtfractions.metrics import parse_metric

Floats = NDArray[np.float64]
SETTINGS = Settings(end_caps="half", dose_interpolation="linear")


def eqd2(dose: float, n: int, ratio: float) -> float:
    return dose * (dose / n + ratio) / (2 + ratio)


def bed(dose: float, n: int, ratio: float) -> float:
    return dose * (1 + dose / n / ratio)


def a_dvh(doses_gy: list[float], volumes: list[float], *, mean_gy: float | None = None) -> DVH:
    dose, volume = np.array(doses_gy), np.array(volumes)
    differential = -np.diff(volume)
    mean = float(differential @ (dose[:-1] + dose[1:]) / 2 / volume[0]) if mean_gy is None else mean_gy
    return DVH(
        dose_gy=dose,
        volume_cm3_at=volume,
        volume_cm3=volumes[0],
        covered_fraction=1.0,
        minimum_gy=doses_gy[0],
        maximum_gy=doses_gy[-1],
        mean_gy=mean,
        settings=SETTINGS,
    )


def a_grid(
    dose: Callable[[Floats], Floats],
    *,
    shape: tuple[int, int, int] = (12, 14, 16),
    spacing: float = 2.5,
    origin: tuple[float, float, float] = (0, 0, 0),
) -> DoseGrid:
    """An axial grid of a dose that is a function of positions (..., 3)."""
    frame, row, column = np.indices(shape)
    places = np.stack([column, row, frame], axis=-1) * spacing + np.array(origin)
    stored = np.round(dose(places) / 1e-6).astype(np.uint32)
    return DoseGrid(
        (Layer(stored, 1e-6),),
        np.array(origin, np.float64),
        np.eye(3)[::-1].copy(),
        spacing * np.arange(float(shape[0])),
        (spacing, spacing),
    )


class TestDoses:
    def test_a_voxel_has_its_own_dose_per_fraction(self) -> None:
        # 1.13 (1), G5: 20 Gy in 30 fractions is 14.67 Gy EQD2, not 20
        doses = convert_doses(np.array([20.0, 60.0, 0.0]), quantity="eqd2", fractions=30, alpha_beta_gy=3.0)
        assert doses == pytest.approx([20 * (20 / 30 + 3) / 5, 60.0, 0.0])
        # a 15 Gy voxel of 60 Gy / 4
        (far,) = convert_doses(np.array([15.0]), quantity="eqd2", fractions=4, alpha_beta_gy=3.0)
        assert far == pytest.approx(20.25)

    def test_sib_is_one_number_of_fractions_and_each_voxels_own_dose(self) -> None:
        # 1.13 (2): 66, 60 and 54 Gy in 30 fractions
        doses = convert_doses(np.array([66.0, 60.0, 54.0]), quantity="eqd2", fractions=30, alpha_beta_gy=10.0)
        assert doses == pytest.approx([66 * 12.2 / 12, 60.0, 54 * 11.8 / 12])

    def test_below_0_there_is_no_effect(self) -> None:
        assert convert_doses(np.array([-0.01]), quantity="bed", fractions=5, alpha_beta_gy=3.0) == [0.0]

    @pytest.mark.parametrize("fractions", [0, -1, 30.5, True, "30", 1001, float("nan"), None])
    def test_fractions_that_cannot_be(self, fractions: int) -> None:
        with pytest.raises(ConversionError):  # G4
            convert_doses(np.ones(2), quantity="eqd2", fractions=fractions, alpha_beta_gy=3.0)

    @pytest.mark.parametrize("ratio", [0.0, -3.0, -2.0, float("nan"), float("inf"), 1e-320, "3"])
    def test_alpha_beta_that_cannot_be(self, ratio: float) -> None:
        with pytest.raises(AlphaBetaError):  # G1, G2, G3
            convert_doses(np.ones(2), quantity="eqd2", fractions=30, alpha_beta_gy=ratio)

    def test_doses_that_cannot_be(self) -> None:
        with pytest.raises(RTFractionsError):
            convert_doses(np.array([np.nan]), quantity="eqd2", fractions=30, alpha_beta_gy=3.0)


class TestDVH:
    def test_where_d_is_2_gy_eqd2_is_the_physical_dose(self) -> None:
        found = convert_dvh(
            a_dvh([59.999, 60, 60], [10, 10, 0]), quantity="eqd2", fractions=30, alpha_beta_gy=3.0
        )
        assert found.mean_gy == pytest.approx(60.0)
        assert found.maximum_gy == pytest.approx(60.0)

    def test_the_mean_is_that_of_the_converted_doses(self) -> None:
        # 1.13 (6), G6: half the volume 10 Gy, half 30 Gy, in 10 fractions
        dvh = a_dvh([10, 10, 30, 30], [8, 4, 4, 0])
        found = convert_dvh(dvh, quantity="eqd2", fractions=10, alpha_beta_gy=3.0)
        assert dvh.mean_gy == 20.0
        assert found.mean_gy == pytest.approx((eqd2(10, 10, 3) + eqd2(30, 10, 3)) / 2)
        assert found.mean_gy > eqd2(20, 10, 3)

    @pytest.mark.parametrize("quantity", ["bed", "eqd2"])
    def test_the_mean_of_a_spread_dose_is_its_integral(self, quantity: Converted) -> None:
        # evenly from a to b: the mean of D^2 is (a^2 + ab + b^2) / 3
        a, b, n, ratio = 5.0, 65.0, 5, 2.5
        found = convert_dvh(a_dvh([a, b], [3, 0]), quantity=quantity, fractions=n, alpha_beta_gy=ratio)
        scale = ratio if quantity == "bed" else 2 + ratio
        expected = ((a * a + a * b + b * b) / 3 / n + ratio * (a + b) / 2) / scale
        assert found.mean_gy == pytest.approx(expected, rel=1e-9)

    @given(
        st.lists(
            st.floats(min_value=0, max_value=90, allow_subnormal=False), min_size=2, max_size=6, unique=True
        ),
        st.integers(min_value=1, max_value=40),
        st.floats(min_value=0.5, max_value=20),
        st.floats(min_value=0.1, max_value=100),
        st.sampled_from(["bed", "eqd2"]),
    )
    def test_doses_to_volumes_convert_with_the_curve(
        self, doses: list[float], n: int, ratio: float, percent: float, quantity: Converted
    ) -> None:
        # 1.13 (6): percentiles commute for one phase, as the conversion is monotonic
        doses = sorted(doses)
        dvh = a_dvh(doses, [float(len(doses) - 1 - i) for i in range(len(doses))])
        found = convert_dvh(dvh, quantity=quantity, fractions=n, alpha_beta_gy=ratio)
        of_volume = dvh.volume_cm3 * percent / 100
        formula = bed if quantity == "bed" else eqd2
        expected = formula(dvh.dose_to_hottest(of_volume), n, ratio)
        assert found.dose_to_hottest(of_volume) == pytest.approx(expected, rel=1e-6, abs=1e-5)
        assert found.volume_with_at_least(expected) == pytest.approx(of_volume, abs=2e-2)
        assert found.minimum_gy == pytest.approx(formula(doses[0], n, ratio))
        assert found.maximum_gy == pytest.approx(formula(doses[-1], n, ratio))

    def test_a_volume_in_eqd2_needs_a_threshold_in_eqd2(self) -> None:
        # 1.13 (7), G7: 20 Gy in 10 fractions is 20 Gy EQD2, 30 Gy is 36
        dvh = a_dvh([10, 40], [30, 0])
        found = convert_dvh(dvh, quantity="eqd2", fractions=10, alpha_beta_gy=3.0)
        at = {t: evaluate(parse_metric(f"V{t}EQD2Gy(a/b=3)[cc]"), found) for t in (20, 36)}
        assert [v.value if isinstance(v, Value) else v for v in at.values()] == pytest.approx(
            [20.0, 10.0], abs=1e-4
        )

    def test_what_is_converted_is_not_converted_again(self) -> None:
        # G12
        found = convert_dvh(a_dvh([10, 40], [30, 0]), quantity="eqd2", fractions=10, alpha_beta_gy=3.0)
        with pytest.raises(ConversionError, match="already"):
            convert_dvh(found, quantity="bed", fractions=10, alpha_beta_gy=3.0)

    def test_it_says_what_it_is(self) -> None:
        found = convert_dvh(a_dvh([10, 40], [30, 0]), quantity="bed", fractions=10, alpha_beta_gy=3)
        assert (found.quantity, found.alpha_beta_gy, found.settings) == ("bed", 3.0, SETTINGS)
        assert found.volume_cm3 == 30

    @pytest.mark.parametrize(
        ("maximum", "n", "code"),
        [
            (54.0, 3, "lq.high-dose-per-fraction"),
            (30.0, 3, None),
            (30.1, 3, "lq.high-dose-per-fraction"),
            (14.9, 30, "lq.low-dose-per-fraction"),
            (15.1, 30, None),
        ],
    )
    def test_the_models_limits_are_noted(self, maximum: float, n: int, code: str | None) -> None:
        # G13, 1.13 (12)
        found = convert_dvh(a_dvh([1, maximum], [1, 0]), quantity="eqd2", fractions=n, alpha_beta_gy=3.0)
        assert [notice.code for notice in found.notices] == ([] if code is None else [code])

    def test_doses_below_0_do_not_bend_the_rest(self) -> None:
        dvh = a_dvh([-1, 1], [2, 0])
        found = convert_dvh(dvh, quantity="bed", fractions=1, alpha_beta_gy=1.0)
        assert found.mean_gy == pytest.approx((1 / 2 + 1 / 3) / 2)
        assert found.dose_to_hottest(0.5) == pytest.approx(bed(0.5, 1, 1), abs=1e-5)

    def test_finely_or_coarsely_drawn_the_curve_converts_alike(self) -> None:
        # G9, G10: bin edges convert; bins of any width give one answer
        fine = np.linspace(0, 60, 6001)
        coarse = a_dvh([0, 60], [100, 0])
        drawn = a_dvh(fine.tolist(), (100 * (1 - fine / 60)).tolist())
        for n in (1, 30):
            a, b = (convert_dvh(d, quantity="eqd2", fractions=n, alpha_beta_gy=2.0) for d in (coarse, drawn))
            assert a.mean_gy == pytest.approx(b.mean_gy, rel=1e-9)
            for volume in (0.03, 2.0, 50.0, 99.0):
                assert a.dose_to_hottest(volume) == pytest.approx(
                    b.dose_to_hottest(volume), rel=1e-6, abs=1e-5
                )


class TestPhases:
    @staticmethod
    def uniform(dose: float, **others: Any) -> DoseGrid:
        return a_grid(lambda p: np.full(p.shape[:-1], dose), **others)

    def test_phases_convert_with_their_own_fractions_and_add(self) -> None:
        # 1.13 (3), A30: 8 Gy x 5 and 1.8 Gy x 25 are 131.2 Gy; their sum in 30 fractions would be 99.2
        doses = [np.array([40.0]), np.array([45.0])]
        (dose,) = convert_phases(doses, fractions=(5, 25), quantity="eqd2", alpha_beta_gy=3.0)
        assert dose == pytest.approx(eqd2(40, 5, 3) + eqd2(45, 25, 3), rel=1e-9)
        assert dose == pytest.approx(131.2, abs=0.05)
        assert eqd2(85, 30, 3) == pytest.approx(99.2, abs=0.05)

    def test_one_schedule_split_into_two_doses_of_its_fractions_is_the_same(self) -> None:
        split = [np.array([20.0]), np.array([40.0])]
        (dose,) = convert_phases(split, fractions=(10, 20), quantity="bed", alpha_beta_gy=3.0)
        assert dose == pytest.approx(bed(60, 30, 3))

    def test_dose_is_interpolated_before_it_is_converted(self) -> None:
        # 1.13 (9): between voxels of a linear dose the dose is exact; converted voxels, interpolated, read too high
        boost = a_grid(lambda p: 2.0 * p[..., 0])
        base = self.uniform(0, shape=(2, 2, 2), origin=(13.75, 10, 10))
        grid = ConvertedGrid(
            phases=(PhaseDose(grid=base, fractions=3), PhaseDose(grid=boost, fractions=1)),
            quantity="eqd2",
            alpha_beta=AlphaBeta(value_gy=2.0, source="test"),
        )
        dose = grid.block_gy(slice(0, 1))[0, 0, 0]
        assert dose == pytest.approx(eqd2(27.5, 1, 2), rel=1e-6)
        after = (eqd2(25, 1, 2) + eqd2(30, 1, 2)) / 2
        assert abs(after - dose) > 1

    def test_nothing_to_convert(self) -> None:
        ratio = AlphaBeta(value_gy=3.0, source="test")
        with pytest.raises(ConversionError):
            ConvertedGrid(phases=(), quantity="bed", alpha_beta=ratio)
        with pytest.raises(ConversionError):
            PhaseDose(grid=self.uniform(1), fractions=0)

"""The DVH as a curve: both ways, jumps, and what it refuses."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtfractions.dosimetry import DVH, DVHError, Settings

SETTINGS = Settings(end_caps="half", dose_interpolation="linear")


def curve(dose: list[float], volume: list[float], **other: Any) -> DVH:
    known = {"volume_cm3": volume[0], "covered_fraction": 1.0, "minimum_gy": dose[0], "mean_gy": 1.0}
    fields: dict[str, Any] = {
        "dose_gy": np.array(dose, float),
        "volume_cm3_at": np.array(volume, float),
        "maximum_gy": dose[-1],
        "settings": SETTINGS,
        **known,
        **other,
    }
    return DVH(**fields)


@st.composite
def curves(draw: st.DrawFn) -> DVH:
    count = draw(st.integers(1, 12))
    # either a jump or a step that float64 resolves: below it a volume changes more than it can be told
    rises = draw(st.lists(st.one_of(st.just(0.0), st.floats(1e-3, 5)), min_size=count, max_size=count))
    falls = draw(st.lists(st.floats(0.01, 5), min_size=count, max_size=count))
    dose = np.cumsum([draw(st.floats(0, 50)), *rises])
    volume = np.append(np.cumsum(falls[::-1])[::-1], 0.0)
    return curve(dose.tolist(), volume.tolist())


@given(curves(), st.floats(0, 1))
def test_the_hottest_volume_gets_its_dose(dvh: DVH, part: float) -> None:  # H4
    volume = part * dvh.known_volume_cm3
    dose = dvh.dose_to_hottest(volume)
    assert dvh.volume_with_at_least(dose) >= volume - 1e-9
    assert dvh.volume_with_at_least(np.nextafter(dose, np.inf) + 1e-9) <= volume + 1e-6


@given(curves(), st.floats(0, 1))
def test_coldest_and_hottest_meet(dvh: DVH, part: float) -> None:
    volume = part * dvh.known_volume_cm3
    cold, hot = dvh.dose_to_coldest(volume), dvh.dose_to_hottest(dvh.known_volume_cm3 - volume)
    assert cold <= hot + 1e-9  # apart only where no volume has a dose between


@given(curves(), st.floats(0, 100), st.floats(0, 100))
def test_volume_falls_as_dose_rises(dvh: DVH, one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert dvh.volume_with_at_least(low) >= dvh.volume_with_at_least(high)


@given(curves())
def test_the_intervals_hold_all_the_volume(dvh: DVH) -> None:
    parts = dvh.differential()
    assert len(parts.volume_cm3) == len(parts.dose_gy) - 1
    assert parts.volume_cm3.sum() == pytest.approx(dvh.known_volume_cm3)


def test_volume_of_exactly_one_dose_counts_at_it() -> None:  # H3: V20 means 20 Gy or more
    dvh = curve([10, 20, 20, 30], [4, 3, 2, 0])
    assert dvh.volume_with_at_least(20.0) == 3
    assert dvh.volume_with_at_least(20.000001) == pytest.approx(2, abs=1e-6)
    assert dvh.dose_to_hottest(2.5) == 20
    assert dvh.dose_to_coldest(1.5) == 20


def test_one_dose_everywhere() -> None:
    dvh = curve([12, 12], [5, 0])
    assert [dvh.dose_to_hottest(v) for v in (0, 2.5, 5)] == [12, 12, 12]
    assert (dvh.volume_with_at_least(12.0), dvh.volume_with_at_least(12.1)) == (5, 0)


def test_where_no_volume_has_a_dose_between_each_side_has_its_own() -> None:  # G6: 2 cm3 at 10 Gy, 3 at 30
    dvh = curve([10, 10, 30, 30], [5, 3, 3, 0])
    assert dvh.dose_to_hottest(3.0) == 30
    assert dvh.dose_to_hottest(3.001) == 10
    assert dvh.dose_to_coldest(2.0) == 10
    assert dvh.dose_to_coldest(2.001) == 30


@pytest.mark.parametrize("volume", [1.6, -0.1, float("nan")])
def test_a_volume_that_is_not_there_has_no_dose(volume: float) -> None:  # H1: never 0
    dvh = curve([10, 20], [1.5, 0])
    for asked in (dvh.dose_to_hottest, dvh.dose_to_coldest):
        with pytest.raises(DVHError, match=r"1\.5 cm3"):
            asked(volume)


def test_all_of_the_volume_may_differ_by_rounding() -> None:
    assert curve([10, 20], [1.5, 0]).dose_to_hottest(1.5 * (1 + 1e-12)) == 10


@pytest.mark.parametrize(
    ("dose", "volume", "other"),
    [
        ([10.0], [1.0], {}),
        ([10.0, 9.0], [1.0, 0.0], {}),
        ([10.0, 11.0], [1.0, 0.5], {}),
        ([10.0, 11.0, 12.0], [1.0, 2.0, 0.0], {}),
        ([10.0, float("nan")], [1.0, 0.0], {}),
        ([10.0, 11.0], [1.0, 0.0], {"covered_fraction": 0.5}),
        ([10.0, 11.0], [1.0, 0.0], {"quantity": "eqd2"}),
        ([10.0, 11.0], [1.0, 0.0], {"alpha_beta_gy": 3.0}),
    ],
)
def test_what_is_no_dvh_is_refused(dose: list[float], volume: list[float], other: dict[str, object]) -> None:
    with pytest.raises(DVHError):
        curve(dose, volume, **other)

"""DVHs of a course's dose, each computed once: closed forms of a box in a dose that rises linearly."""

import pytest
from analytic_patient import CORD, GTV, PTV, Case, LinearDose

from rtfractions.dosimetry import Combined, DVHError
from rtfractions.dosimetry.conversion import ConversionError, PhaseDose
from rtfractions.dosimetry.course_dvhs import SOUND, CourseDVHs, NamedRegion
from rtfractions.dosimetry.courses import ChosenDose, choose_dose
from rtfractions.dosimetry.evaluation import Value
from rtfractions.dosimetry.phases import Phases
from rtfractions.errors import RTFractionsError
from rtfractions.metrics import parse_metric

CASE = Case()


def chosen() -> ChosenDose:
    return choose_dose(CASE.patient())


def course(*phases: PhaseDose, from_plan: bool = True) -> CourseDVHs:
    return CourseDVHs(chosen(), Phases(doses=phases, from_plan=from_plan))


def value(found: object) -> float:
    assert isinstance(found, Value)
    return found.value


def test_a_dvh_is_computed_once_for_the_same_part_of_space() -> None:
    dvhs = course(PhaseDose(grid=CASE.grid(), fractions=3))
    ptv, gtv = PTV.drawn(1), GTV.drawn(2)
    assert dvhs.dvh(ptv) is dvhs.dvh(ptv)
    once, again = (dvhs.dvh(Combined("difference", ptv, gtv)) for _ in range(2))
    assert once is again
    assert once.volume_cm3 == pytest.approx(64 - 8, rel=5e-3)


def test_phases_are_converted_one_by_one_and_then_added() -> None:
    # D50% of the cord is at z = 0: 20 Gy in 10 and 12 Gy in 2; EQD2 at 3 Gy is 20 (2 + 3) / 5 + 12 (6 + 3) / 5
    second = Case(dose=LinearDose(12.0, 0.1))
    dvhs = course(PhaseDose(grid=CASE.grid(), fractions=10), PhaseDose(grid=second.grid(), fractions=2))
    metric = parse_metric("D50%[EQD2Gy(a/b=3)]")
    cord = CORD.drawn(3)
    assert value(dvhs.value(cord, metric)) == pytest.approx(20 + 12 * 9 / 5, rel=1e-4)
    assert value(dvhs.tried(cord, metric)) == pytest.approx(20 + 12 * 9 / 5, rel=1e-4)


@pytest.mark.parametrize("refused", [ConversionError("not known"), Phases(doses=(), from_plan=False)])
def test_what_must_not_be_converted_is_not(refused: Phases | RTFractionsError) -> None:
    dvhs = CourseDVHs(chosen(), refused)
    found = dvhs.value(CORD.drawn(3), parse_metric("Mean[EQD2Gy(a/b=3)]"))
    assert isinstance(found, ConversionError)
    assert value(dvhs.value(CORD.drawn(3), parse_metric("Mean[Gy]"))) == pytest.approx(20)


def test_a_refusal_is_told_each_time() -> None:
    dvhs = course(PhaseDose(grid=CASE.grid(), fractions=3))
    outside = Case(boxes=(CORD,)).boxes[0].drawn(9)
    empty = Combined("difference", outside, outside)
    for _ in range(2):
        with pytest.raises(DVHError, match="nothing is left"):
            dvhs.dvh(empty)


def test_what_was_evaluated_is_listed_with_its_dvhs() -> None:
    dvhs = course(PhaseDose(grid=CASE.grid(), fractions=3))
    named = NamedRegion("Cord", CORD.drawn(3))
    for text in ("Mean[Gy]", "D2cc[EQD2Gy(a/b=2)]"):
        dvhs.evaluate(named, parse_metric(text))
    (result,) = dvhs.results()
    assert [str(one.metric) for one in result.metrics] == ["Mean[Gy]", "D2cc[EQD2Gy(a/b=2)]"]
    assert [dvh.quantity for dvh in result.dvhs] == ["physical", "eqd2"]
    assert result.error is None


def test_sound_settings_are_those_that_an_uneven_grid_allows() -> None:
    assert course(PhaseDose(grid=CASE.grid(), fractions=3)).samplings == SOUND

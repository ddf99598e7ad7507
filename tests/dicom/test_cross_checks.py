"""Prescriptions beside beam doses and dose grid. Rows F11 and F12 of the hazard catalogue.

The plans are of everyday radiotherapy: their numbers come from how such plans are made, not from the code.
"""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtfractions.dicom.cross_checks import Evidence, check_plan, checked, total_beam_dose_gy
from rtfractions.dicom.reading import DicomError
from rtfractions.notices import Notice
from rtfractions.plans import FractionGroup, Plan, PlanKind, PlanTarget, Prescription, PrescriptionSource
from rtfractions.schedule import Schedule


def of(text: str) -> Schedule:
    total, fractions = text.split("/")
    return Schedule.uniform(total_dose_gy=Decimal(total), fractions=int(fractions))


def check(
    text: str, maximum: float | None = None, near_minimum: float | None = None, beams: str | None = None
) -> tuple[Prescription, tuple[Notice, ...]]:
    schedule = of(text)
    evidence = Evidence(
        beam_dose_total_gy=None if beams is None else Decimal(beams),
        maximum_dose_gy=maximum,
        contour_dose_gy=near_minimum,
    )
    return checked(Prescription(schedule, PrescriptionSource.TARGET), schedule, evidence)


ORDINARY = [
    ("54/3", 67.5, 54.0),  # on the 80 % line
    ("54/3", 67.5, None),
    ("24/3", 30.0, 23.8),
    ("24/3", 30.0, None),
    ("25/1", 50.0, 25.0),  # on the 50 % line
    ("25/1", 50.0, None),
    ("50/25", 53.5, 48.5),  # VMAT, normalised to the median
    ("50/25", 53.5, None),
    ("20/1", 40.0, 20.0),
    ("20/1", 40.0, None),
    ("24/2", 30.0, 24.0),  # 12 Gy x 2
    ("24/2", 48.0, 23.5),  # the same on the 50 % line: a maximum of n times the prescription
    ("24/2", 48.0, None),
    ("24/2", 25.5, 12.2),  # beside the spinal cord: a target of which a part has half
    ("8/1", 8.6, 6.9),  # palliative, prescribed to a point
    ("8/1", 8.6, None),
    ("40.05/15", 42.9, 38.0),
    ("66/30", 70.6, 64.0),
]


@pytest.mark.parametrize(("text", "maximum", "near_minimum"), ORDINARY)
def test_of_ordinary_plans_nothing_is_said(text: str, maximum: float, near_minimum: float | None) -> None:
    # F11
    prescription, notices = check(text, maximum, near_minimum)
    assert prescription.unclear is None
    assert notices == ()


@pytest.mark.parametrize(
    ("text", "maximum", "near_minimum"),
    [
        ("2/30", 64.2, None),  # the dose of one fraction given for 60 Gy in 30
        ("2/30", 64.2, 57.0),
        ("60/30", 2.14, None),  # the grid holds one fraction, or the prescription is n times too large
        ("60/30", 2.14, 1.9),
        ("0.6/30", 63.0, None),  # a hundred times too little
        ("180/30", 1.93, None),  # or too much
        ("18/3", 55.0, None),  # 18 Gy a fraction given for 54 Gy in 3
        ("24/2", 55.0, 48.0),  # two fractions: the target has twice the prescription
        ("24/2", 15.0, 12.0),  # or half of it, and no dose reaches it
        ("0.08/1", 8.2, None),  # cGy needs no number of fractions
    ],
)
def test_slips_that_the_dose_grid_proves_are_refused(
    text: str, maximum: float, near_minimum: float | None
) -> None:
    # F11, F12
    with pytest.raises(DicomError) as error:
        check(text, maximum, near_minimum)
    message = str(error.value)
    assert "(300A,0026) TargetPrescriptionDose" in message
    assert f"{maximum:.4g} Gy" in message
    assert str(of(text)) in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("text", "maximum", "near_minimum"),
    [
        ("24/3", 72.0, 24.0),  # a maximum of 3 times, and the target has what is prescribed
        ("60/30", 58.0, None),  # below the prescription
        ("24/3", 60.0, 23.0),  # on the 40 % line
        ("24/2", 58.0, None),  # two fractions, a maximum of 2.4 times: no proof
    ],
)
def test_a_maximum_that_is_unusual_and_proves_nothing_is_said(
    text: str, maximum: float, near_minimum: float | None
) -> None:
    # F11
    prescription, notices = check(text, maximum, near_minimum)
    assert prescription.unclear is None
    (notice,) = notices
    assert notice.code == "plan.dose-maximum-unusual"
    assert f"{maximum / float(of(text).total_dose_gy):.3g} times" in notice.message


@pytest.mark.parametrize(
    ("text", "maximum", "near_minimum"),
    [
        ("8/3", 30.0, 24.0),  # 24 Gy in 3 on the 80 % line, 8 Gy stated: a maximum of 3.75 times
        ("2/30", None, 59.0),  # a target beside a higher one, whose maximum is not its own
    ],
)
def test_a_target_that_has_n_times_its_prescription_is_a_query(
    text: str, maximum: float | None, near_minimum: float
) -> None:
    prescription, _ = check(text, maximum, near_minimum)
    assert "slip" in str(prescription.unclear)


@pytest.mark.parametrize(
    ("beams", "maximum", "near_minimum", "unclear", "codes"),
    [
        ("24", None, None, False, []),
        ("72", None, None, True, []),  # beam doses are n times the prescription
        ("8", None, None, True, []),
        ("2400", None, None, True, []),
        ("72", 30.0, None, False, ["plan.beam-doses-differ"]),  # an ordinary maximum contradicts
        ("72", 60.0, 24.0, False, ["plan.dose-maximum-unusual", "plan.beam-doses-differ"]),
        ("57", None, None, False, ["plan.beam-doses-differ"]),
        ("52", None, None, False, []),  # 2.2 times is ordinary, for 25 Gy on the 50 % line is 2 times
    ],
)
def test_beam_doses_alone_make_a_query_at_most(
    beams: str, maximum: float | None, near_minimum: float | None, unclear: bool, codes: list[str]
) -> None:
    # F11
    prescription, notices = check("24/3", maximum, near_minimum, beams)
    assert (prescription.unclear is not None) is unclear
    assert [notice.code for notice in notices] == codes


@given(
    total=st.decimals(min_value=1, max_value=80, places=2),
    fractions=st.integers(1, 40),
    coverage=st.floats(0.8, 1.3),
    over=st.floats(1.0, 50.0),
)
def test_a_target_that_has_its_prescription_is_never_refused(
    total: Decimal, fractions: int, coverage: float, over: float
) -> None:
    # F11: coverage contradicts any slip
    coverage = min(max(coverage, 0.8 + 1e-9), 1.3 - 1e-9)
    schedule = Schedule.uniform(total_dose_gy=total, fractions=fractions)
    evidence = Evidence(
        maximum_dose_gy=float(total) * coverage * over, contour_dose_gy=float(total) * coverage
    )
    prescription, _ = checked(Prescription(schedule, PrescriptionSource.TARGET), schedule, evidence)
    assert prescription.unclear is None


@given(
    total=st.decimals(min_value=1, max_value=80, places=2),
    fractions=st.integers(1, 40),
    ratio=st.floats(1.0 + 1e-9, 2.2 - 1e-9),
)
def test_an_ordinary_maximum_is_never_refused(total: Decimal, fractions: int, ratio: float) -> None:
    # F11
    schedule = Schedule.uniform(total_dose_gy=total, fractions=fractions)
    evidence = Evidence(maximum_dose_gy=float(total) * ratio)
    prescription, notices = checked(Prescription(schedule, PrescriptionSource.TARGET), schedule, evidence)
    assert prescription.unclear is None
    assert notices == ()


def plan(*targets: PlanTarget, kind: PlanKind = PlanKind.EXTERNAL_BEAM, set_aside: str | None = None) -> Plan:
    group = FractionGroup(number=1, fractions=30, beam_dose_gy=Decimal("2.1"))
    return Plan("1.2", targets, set_aside, kind=kind, fraction_groups=(group,))


def target(number: int, text: str, source: PrescriptionSource = PrescriptionSource.TARGET) -> PlanTarget:
    return PlanTarget(f"PTV {number}", number, Prescription(of(text), source))


class TestPlans:
    def test_the_maximum_belongs_to_the_highest_target(self) -> None:
        # F8, F11: 66/60/54 Gy in 30, all of it ordinary
        whole = plan(target(1, "66/30"), target(2, "60/30"), target(3, "54/30"))
        assert check_plan(whole, maximum_dose_gy=70.6, contour_dose_gy={1: 64.0, 2: 58.0, 3: 52.0}) == whole

    def test_a_slip_of_the_lower_target_is_a_query(self) -> None:
        whole = plan(target(1, "66/30"), target(3, "1.8/30"))
        high, low = check_plan(whole, maximum_dose_gy=70.6, contour_dose_gy={1: 64.0, 3: 52.0}).targets
        assert high.prescription.unclear is None
        assert "slip" in str(low.prescription.unclear)

    def test_without_a_dose_grid_beam_doses_are_all_there_is(self) -> None:
        assert check_plan(plan(target(1, "60/30"))) == plan(target(1, "60/30"))
        (slip,) = check_plan(plan(target(1, "2/30"))).targets
        assert "beam doses x fractions are 31.5 times" in str(slip.prescription.unclear)

    def test_beam_doses_are_not_held_against_one_of_several_targets(self) -> None:
        # F21
        whole = plan(target(1, "66/30"), target(2, "2.1/30"))
        assert check_plan(whole) == whole

    def test_the_dose_of_sources_round_an_applicator_has_no_ordinary_maximum(self) -> None:
        # A20
        whole = plan(target(1, "28/4"), kind=PlanKind.BRACHYTHERAPY)
        assert check_plan(whole, maximum_dose_gy=2800.0) == whole

    def test_what_no_dose_reference_prescribes_is_never_refused(self) -> None:
        whole = plan(target(1, "66/30", PrescriptionSource.BEAM_DOSE))
        assert check_plan(whole, maximum_dose_gy=70.0) == whole
        odd = check_plan(whole, maximum_dose_gy=2.3)
        assert odd.targets == whole.targets
        assert [notice.code for notice in odd.notices] == ["plan.dose-maximum-unusual"]

    def test_plans_set_aside_stay_as_they_are(self) -> None:
        whole = plan(set_aside="its intent is VERIFICATION")
        assert check_plan(whole, maximum_dose_gy=2.3) == whole

    def test_a_target_without_a_structure_has_no_coverage(self) -> None:
        lone = PlanTarget("PTV", None, Prescription(of("24/3"), PrescriptionSource.TARGET))
        group = FractionGroup(number=1, fractions=3)
        whole = Plan("1.2", (lone,), kind=PlanKind.EXTERNAL_BEAM, fraction_groups=(group,))
        with pytest.raises(DicomError):
            check_plan(whole, maximum_dose_gy=72.0, contour_dose_gy={7: 24.0})


@pytest.mark.parametrize(
    ("groups", "total"),
    [
        ([FractionGroup(number=1, fractions=3, beam_dose_gy=Decimal(8))], Decimal(24)),
        (
            [
                FractionGroup(number=1, fractions=25, beam_dose_gy=Decimal(2)),
                FractionGroup(number=2, fractions=8, beam_dose_gy=Decimal(2)),
            ],
            Decimal(66),
        ),
        ([FractionGroup(number=1, fractions=None, beam_dose_gy=Decimal(8))], None),
        ([FractionGroup(number=1, fractions=3)], None),
        ([], None),
    ],
)
def test_beam_doses_are_summed_where_all_are_there(
    groups: list[FractionGroup], total: Decimal | None
) -> None:
    assert total_beam_dose_gy(groups) == total

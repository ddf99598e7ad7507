"""Models beside plain LQ, against the numbers of `model_validation.csv`, each with its source.

Tier S is asserted by a third party's program and reproduced to the printed digit, D derived from the formula by
other means and reproduced to the digits given.
"""

import csv
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rtfractions.biology import (
    LQ,
    LQL,
    MLQ,
    USC,
    PriorCourse,
    RepairKinetics,
    Repopulation,
    bed,
    bed_decaying_source,
    bed_incomplete_repair,
    bed_ldr,
    bed_permanent_implant,
    bed_protracted,
    bed_time,
    effective_treatment_days,
    incomplete_repair_factor,
    lea_catcheside_g,
    rbe_variable,
    residual_dose_per_fraction,
    residual_tolerance,
    sfed,
    solve_dose_per_fraction,
    solve_n_fractions,
    unverified_jones_grant_bed,
)

ROWS = list(csv.DictReader(Path(__file__).with_name("model_validation.csv").read_text("utf-8").splitlines()))

PARK = USC(alpha_per_gy=0.33, d0_gy=1.25, dq_gy=1.8)
HEAD_AND_NECK = Repopulation(gy_per_day=0.9, kick_off_days=28)
TG137 = Repopulation.doubling(doubling_time_days=42, alpha_per_gy=0.15, kick_off_days=0)
IODINE: dict[str, Any] = {
    "half_life_days": 59.4,
    "alpha_beta_gy": 3.0,
    "kinetics": RepairKinetics.mono_exponential(0.27),
}
DECAY_PER_DAY = math.log(2) / 59.4
CORD = PriorCourse(eqd2_gy=40.0, alpha_beta_gy=2.0, recovered=0.5, recovery_source="the row")
JONES_GRANT: dict[str, Any] = {"bed_gy": 80.0, "tolerance_bed_gy": 100.0, "variant": "cautious"}


def kinetics(half_time_hours: float) -> RepairKinetics:
    return RepairKinetics.mono_exponential(half_time_hours)


def thames(half_time_hours: float, interval_hours: float, m: int) -> float:
    return incomplete_repair_factor(m, interval_hours=interval_hours, kinetics=kinetics(half_time_hours))


def implant_re() -> float:
    days = effective_treatment_days(145.0, half_life_days=59.4, repopulation=TG137)
    worth = bed_decaying_source(
        145 * DECAY_PER_DAY / 24,
        half_life_hours=59.4 * 24,
        duration_hours=days * 24,
        alpha_beta_gy=3.0,
        kinetics=kinetics(0.27),
    )
    return worth / (145 * -math.expm1(-DECAY_PER_DAY * days))


def lql(dose: float, ratio: float, transition: float) -> float:
    return LQL(ratio, transition_dose_gy=transition).bed_per_fraction_gy(dose)


DERIVED: dict[tuple[str, str, str], Callable[[], float]] = {
    ("solver n", "BED3=100,d=3 ab=3", "n"): lambda: solve_n_fractions(
        100.0, dose_per_fraction_gy=3, model=LQ(3)
    ),
    ("solver d", "residual 10 fx BED10=36", "d"): lambda: solve_dose_per_fraction(
        36.0, fractions=10, model=LQ(10)
    ),
    ("LQ+T", "70/35 T=46 K=0.9 Tk=28 ab=10", "BED"): lambda: bed_time(
        bed(70.0, fractions=35, alpha_beta_gy=10), overall_days=46, repopulation=HEAD_AND_NECK
    ),
    ("LQ+T", "70/35, T=53 (one-week gap), K=0.9 Tk=28 ab=10", "BED"): lambda: bed_time(
        bed(70.0, fractions=35, alpha_beta_gy=10), overall_days=53, repopulation=HEAD_AND_NECK
    ),
    ("Thames h_m", "T1/2=0.5 h, dt=6 h, m=2", "h_m"): lambda: thames(0.5, 6, 2),
    ("Thames h_m", "T1/2=0.5 h, dt=8 h, m=2", "h_m"): lambda: thames(0.5, 8, 2),
    ("Thames h_m", "T1/2=0.5 h, dt=4 h, m=3", "h_m"): lambda: thames(0.5, 4, 3),
    ("Thames h_m", "T1/2=1.5 h, dt=6 h, m=2", "h_m"): lambda: thames(1.5, 6, 2),
    ("Thames h_m", "T1/2=1.5 h, dt=6 h, m=3", "h_m"): lambda: thames(1.5, 6, 3),
    ("Thames h_m", "T1/2=1.5 h, dt=4 h, m=3", "h_m"): lambda: thames(1.5, 4, 3),
    ("Thames h_m", "T1/2=4.0 h, dt=6 h, m=2", "h_m"): lambda: thames(4, 6, 2),
    ("Thames h_m", "T1/2=4.0 h, dt=6 h, m=3", "h_m"): lambda: thames(4, 6, 3),
    ("Thames h_m", "T1/2=4.0 h, dt=4 h, m=3", "h_m"): lambda: thames(4, 4, 3),
    (
        "BID general",
        "CHART 54 Gy in 36x1.5 TID, dt=6 h, T1/2=4 h, ab=3, m=3",
        "BED3 (h_3; full repair overnight assumed)",
    ): lambda: bed_incomplete_repair(54.0, fractions=36, alpha_beta_gy=3, repair_factor=thames(4, 6, 3)),
    ("BID", "81.6 Gy in 68x1.2 BID, dt=6 h, T1/2=4 h, ab=3", "BED3"): lambda: bed_incomplete_repair(
        81.6, fractions=68, alpha_beta_gy=3, repair_factor=thames(4, 6, 2)
    ),
    # printed with four digits of 1/3 and 1/6 h
    ("Lea-Catcheside", "T1/2=0.25 h, T=0.3333 h", "G"): lambda: lea_catcheside_g(
        1 / 3, kinetics=kinetics(0.25)
    ),
    ("Lea-Catcheside", "T1/2=1.5 h, T=24.0000 h", "G"): lambda: lea_catcheside_g(
        24.0, kinetics=kinetics(1.5)
    ),
    ("Lea-Catcheside", "T1/2=1.5 h, T=72.0000 h", "G"): lambda: lea_catcheside_g(
        72.0, kinetics=kinetics(1.5)
    ),
    ("Lea-Catcheside", "T1/2=0.5 h, T=0.1667 h", "G"): lambda: lea_catcheside_g(
        1 / 6, kinetics=kinetics(0.5)
    ),
    ("LDR", "60 Gy in 120 h T1/2=1.5 ab=10", "BED"): lambda: bed_protracted(
        60.0, duration_hours=120, alpha_beta_gy=10, kinetics=kinetics(1.5)
    ),
    ("LDR", "40 Gy @0.5 Gy/h (80 h) T1/2=1.5 ab=3", "BED"): lambda: bed_ldr(
        0.5, duration_hours=80, alpha_beta_gy=3, kinetics=kinetics(1.5)
    ),
    ("permanent I-125", "145 Gy, T1/2 59.4 d, rep 0.27 h, ab=3", "R0 (Gy/d)"): lambda: 145 * DECAY_PER_DAY,
    ("permanent I-125", "", "BED(inf)"): lambda: bed_permanent_implant(145.0, repopulation=None, **IODINE),
    ("permanent I-125 + repop", "a=.15 Tp=42", "Teff d"): lambda: effective_treatment_days(
        145.0, half_life_days=59.4, repopulation=TG137
    ),
    ("permanent I-125 + repop", "", "RE"): implant_re,
    ("permanent I-125 + repop", "", "BED"): lambda: bed_permanent_implant(
        145.0, repopulation=TG137, **IODINE
    ),
    ("USC", "a=.33 D0=1.25 Dq=1.8", "D_T"): lambda: PARK.transition_dose_gy,
    ("USC", "", "beta"): lambda: PARK.beta_per_gy2,
    ("USC", "60/3", "BED=(D-nDq)/(aD0)"): lambda: PARK.bed_gy(60.0, fractions=3),
    ("USC", "60/3", "SFED=D-(n-1)Dq"): lambda: sfed(60.0, fractions=3, model=PARK),
    ("USC", "54/3", "BED=(D-nDq)/(aD0)"): lambda: PARK.bed_gy(54.0, fractions=3),
    ("USC", "48/4", "BED=(D-nDq)/(aD0)"): lambda: PARK.bed_gy(48.0, fractions=4),
    ("USC", "50/5", "SFED=D-(n-1)Dq"): lambda: sfed(50.0, fractions=5, model=PARK),
    ("USC", "60/8", "BED=(D-nDq)/(aD0)"): lambda: PARK.bed_gy(60.0, fractions=8),
    ("USC", "34/1", "BED=(D-nDq)/(aD0)"): lambda: PARK.bed_gy(34.0, fractions=1),
    ("USC", "34/1", "SFED=D-(n-1)Dq"): lambda: sfed(34.0, fractions=1, model=PARK),
    ("MLQ acute", "d=2, ab=10, delta=0.15", "BED per fraction"): lambda: MLQ(
        10, delta_per_gy=0.15
    ).bed_per_fraction_gy(2.0),
    ("MLQ acute", "d=8, ab=10, delta=0.15", "BED per fraction"): lambda: MLQ(
        10, delta_per_gy=0.15
    ).bed_per_fraction_gy(8.0),
    ("MLQ acute", "d=24, ab=10, delta=0.15", "BED per fraction"): lambda: MLQ(
        10, delta_per_gy=0.15
    ).bed_per_fraction_gy(24.0),
    ("LQ-L", "d=8, ab=10, dT=20", "BED"): lambda: lql(8, 10, 20),
    ("LQ-L", "d=8, ab=10, dT=10", "BED"): lambda: lql(8, 10, 10),
    ("LQ-L", "d=18, ab=10, dT=20", "BED"): lambda: lql(18, 10, 20),
    ("LQ-L", "d=18, ab=10, dT=10", "BED"): lambda: lql(18, 10, 10),
    ("LQ-L", "d=18, ab=3, dT=6", "BED"): lambda: lql(18, 3, 6),
    ("LQ-L", "d=24, ab=10, dT=20", "BED"): lambda: lql(24, 10, 20),
    ("LQ-L", "d=24, ab=10, dT=10", "BED"): lambda: lql(24, 10, 10),
    ("RBE MCN", "d=2, LETd=2.5, ab=2", "RBE"): lambda: rbe_variable(
        2.0, let_kev_per_um=2.5, alpha_beta_gy=2, rbe_model="mcnamara-2015"
    ),
    ("RBE CAR", "d=2, LETd=2.5, ab=2", "RBE"): lambda: rbe_variable(
        2.0, let_kev_per_um=2.5, alpha_beta_gy=2, rbe_model="carabe-2007"
    ),
    (
        "Jones & Grant 2014 conservative",
        "t=1 y, tol=100 Gy2, c1=80 Gy2",
        "residual (effective) BED of course 1",
    ): lambda: unverified_jones_grant_bed(years=1, **JONES_GRANT),
    (
        "Jones & Grant 2014 conservative",
        "t=2 y, tol=100 Gy2, c1=80 Gy2",
        "residual (effective) BED of course 1",
    ): lambda: unverified_jones_grant_bed(years=2, **JONES_GRANT),
    (
        "residual tolerance",
        "cord tol EQD2_2=50, prior 40 Gy, 50% recovery",
        "remaining EQD2",
    ): lambda: residual_tolerance(50.0, [CORD]),
    ("residual", "remaining EQD2 30 in 5 fx ab=2", "d"): lambda: residual_dose_per_fraction(
        50.0, [CORD], fractions=5, model=LQ(2)
    ),
}


def label(row: dict[str, str]) -> str:
    return f"{row['id']}-{row['model']}-{row['inputs']}-{row['quantity']}"


@pytest.mark.parametrize("row", [r for r in ROWS if r["tier"] == "S"], ids=label)
def test_printed_numbers_of_lql(row: dict[str, str]) -> None:
    # section 1.6: where gamma/alpha is not printed it is that of d_T = 2 R, always 5
    match = re.fullmatch(r"(\d+)x([\d.]+), ab=([\d.]+), dT=([\d.]+)(?:, g/a=(\d+))?", row["inputs"])
    assert match is not None
    n, dose, ratio, transition = int(match[1]), float(match[2]), float(match[3]), float(match[4])
    gamma = None if match[5] is None else float(match[5])
    model = LQL(ratio, transition_dose_gy=transition, gamma_over_alpha=gamma)
    value = model.bed_gy(n * dose, fractions=n)
    if row["quantity"].startswith("EQD2"):
        value = model.eqd2_gy(value)
    half_a_unit = 0.5 * 10.0 ** -len(row["printed"].partition(".")[2])
    assert value == pytest.approx(float(row["printed"]), abs=half_a_unit + 1e-9), row["source"]


@pytest.mark.parametrize("row", [r for r in ROWS if r["tier"] == "D"], ids=label)
def test_derived_numbers(row: dict[str, str]) -> None:
    value = DERIVED[row["model"], row["inputs"], row["quantity"]]()
    half_a_unit = 0.5 * 10.0 ** -len(row["calc"].partition(".")[2])
    assert value == pytest.approx(float(row["calc"]), abs=half_a_unit + 1e-12)


def test_the_copy_is_whole() -> None:
    tiers = [row["tier"] for row in ROWS]
    assert {tier: tiers.count(tier) for tier in set(tiers)} == {"S": 28, "D": 52}
    assert {(row["model"], row["inputs"], row["quantity"]) for row in ROWS if row["tier"] == "D"} == set(
        DERIVED
    )

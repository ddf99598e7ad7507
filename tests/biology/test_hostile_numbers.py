"""Hostile numbers in every argument of every public function: a typed error, or the documented limit, never nan.

`TABLE` holds for each function a call that is in order; whatever is exported as a function has to stand in it.
Each argument is then replaced by each hostile value. What may be accepted is listed with the function, and its result
is finite; everything else is refused.
"""

import dataclasses
import inspect
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from rtfractions import biology
from rtfractions.biology import (
    LQ,
    LQL,
    MLQ,
    USC,
    AlphaBeta,
    IncompleteRepair,
    PriorCourse,
    RepairKinetics,
    Repopulation,
    TreatmentTime,
    TreatmentWeek,
)
from rtfractions.errors import RTFractionsError
from rtfractions.schedule_text import parse

REFUSED: dict[str, Any] = {
    "-inf": -math.inf,
    "nan": math.nan,
    "inf": math.inf,
    "True": True,
    "numpy True": np.True_,
    "text": "40",
    "bytes": b"40",
    "complex": 1j,
    "object": object(),
    "10**400": 10**400,
    "[nan]": np.array([math.nan]),
    "[inf]": np.array([1.0, math.inf]),
    "[text]": np.array(["40"]),
    "[True]": np.array([True]),
    "ragged": [[1.0], [1.0, 2.0]],
}
"""Refused by every argument."""

LIMITS: dict[str, Any] = {"0": 0.0, "-1": -1.0, "1e-320": 1e-320, "1e308": 1e308, "None": None}
"""Refused unless listed as a documented limit."""

DOSE = frozenset({"0", "1e-320"})
"""Documented limits of a dose, a BED, a duration or an overall time: none, and next to none."""

NET = frozenset({"0", "-1", "1e-320"})
NONE = frozenset({"None"})


@dataclass(frozen=True)
class Entry:
    """A function, a call of it that is in order, and the limits each argument may have."""

    function: Callable[..., Any]
    arguments: Mapping[str, Any]
    accepted: Mapping[str, frozenset[str]] = field(default_factory=dict)
    name: str = ""

    def __str__(self) -> str:
        return self.name or self.function.__name__


KINETICS = RepairKinetics.mono_exponential(4.0)
DALE = Repopulation(gy_per_day=0.9, kick_off_days=28)
TUMOUR = AlphaBeta(value_gy=10, source="test")
PRIOR = PriorCourse(eqd2_gy=40.0, alpha_beta_gy=2.0)
LQL_MODEL, MLQ_MODEL = LQL(10, transition_dose_gy=20), MLQ(10, delta_per_gy=0.15)
USC_MODEL = USC(alpha_per_gy=0.33, d0_gy=1.25, dq_gy=1.8)
SCHEDULE = parse("70Gy/35")

LQ_CALL = {"total_dose_gy": 40.0, "fractions": 10, "alpha_beta_gy": 10.0}
SOURCE_CALL = {"half_life_hours": 1400.0, "duration_hours": 100.0, "alpha_beta_gy": 3.0, "kinetics": KINETICS}
IMPLANT = {"half_life_days": 59.4, "alpha_beta_gy": 3.0, "kinetics": KINETICS, "repopulation": DALE}

TABLE = [
    Entry(biology.bed, LQ_CALL, {"total_dose_gy": DOSE}),
    Entry(biology.eqd2, LQ_CALL, {"total_dose_gy": DOSE}),
    Entry(biology.eqdx, {**LQ_CALL, "reference_dose_per_fraction_gy": 2.0}, {"total_dose_gy": DOSE}),
    *(
        entry
        for model in (LQ(10), LQL_MODEL, USC_MODEL, MLQ_MODEL)
        for entry in (
            Entry(model.bed_gy, {"total_dose_gy": 40.0, "fractions": 10}, {"total_dose_gy": DOSE}),
            Entry(model.bed_per_fraction_gy, {"dose_per_fraction_gy": 2.0}, {"dose_per_fraction_gy": DOSE}),
            Entry(model.dose_per_fraction_gy, {"bed_per_fraction_gy": 2.0}, {"bed_per_fraction_gy": DOSE}),
            Entry(model.eqd2_gy, {"bed_gy": 2.0}, {"bed_gy": NET}),
        )
    ),
    Entry(LQ, {"alpha_beta_gy": 10.0}, name="LQ"),
    Entry(
        LQL,
        {"alpha_beta_gy": 10.0, "transition_dose_gy": 20.0, "gamma_over_alpha": 5.0},
        {"gamma_over_alpha": NONE},
        name="LQL",
    ),
    Entry(USC, {"alpha_per_gy": 0.33, "d0_gy": 1.25, "dq_gy": 1.8}, name="USC"),
    Entry(MLQ, {"alpha_beta_gy": 10.0, "delta_per_gy": 0.15}, name="MLQ"),
    Entry(biology.sfed, {"total_dose_gy": 60.0, "fractions": 3, "model": USC_MODEL}, {"total_dose_gy": DOSE}),
    Entry(
        Repopulation,
        {"gy_per_day": 0.9, "kick_off_days": 28},
        {"gy_per_day": DOSE, "kick_off_days": DOSE},
        "K",
    ),
    Entry(
        Repopulation.doubling,
        {"doubling_time_days": 3.0, "alpha_per_gy": 0.3, "kick_off_days": 28},
        {"kick_off_days": DOSE},
    ),
    Entry(DALE.bed_lost_gy, {"overall_days": 46.0}, {"overall_days": DOSE}),
    Entry(
        TreatmentTime, {"elapsed_days": 46.0, "repopulation": DALE}, {"elapsed_days": DOSE}, "TreatmentTime"
    ),
    Entry(biology.repopulation_gy_per_day, {"doubling_time_days": 3.0, "alpha_per_gy": 0.3}),
    Entry(
        biology.bed_time,
        {"bed_gy": 84.0, "overall_days": 46.0, "repopulation": DALE},
        {"bed_gy": DOSE, "overall_days": DOSE},
    ),
    Entry(
        biology.eqd2_time_corrected,
        {"bed_gy": 84.0, "overall_days": 46.0, "repopulation": DALE, "model": LQ(10)},
        {"bed_gy": DOSE, "overall_days": DOSE},
    ),
    Entry(  # without a dose repopulation outweighs it
        biology.eqd2_isoeffective,
        {"bed_gy": 84.0, "overall_days": 46.0, "repopulation": DALE, "model": LQ(10)},
        {"overall_days": DOSE},
    ),
    Entry(TreatmentWeek, {"fractions_per_day": 1, "days_per_week": 5}, name="TreatmentWeek"),
    Entry(TreatmentWeek().elapsed_days, {"fractions": 35}),
    Entry(biology.treatment_days, {"schedule": SCHEDULE}),
    Entry(biology.elapsed_days, {"schedule": SCHEDULE}),
    Entry(RepairKinetics.mono_exponential, {"half_time_hours": 4.0}),
    Entry(
        RepairKinetics.bi_exponential,
        {"fast_hours": 0.19, "slow_hours": 2.16, "partition": 0.98},
        {"partition": DOSE},
        "bi, partition",
    ),
    Entry(
        RepairKinetics.bi_exponential,
        {"fast_hours": 0.19, "slow_hours": 2.16, "slow_weight": 0.5},
        {"slow_weight": DOSE},
        "bi, weight",
    ),
    Entry(RepairKinetics, {"components": ((1.0, 4.0),)}, name="RepairKinetics"),
    Entry(KINETICS.unrepaired, {"hours": 6.0}, {"hours": DOSE}),
    Entry(
        IncompleteRepair,
        {"kinetics": KINETICS, "interval_hours": 6.0},
        {"interval_hours": NONE},
        "IncompleteRepair",
    ),
    Entry(
        biology.incomplete_repair_factor,
        {"fractions_per_day": 2, "interval_hours": 6.0, "kinetics": KINETICS},
    ),
    Entry(
        biology.bed_incomplete_repair,
        {**LQ_CALL, "repair_factor": 0.3},
        {"total_dose_gy": DOSE, "repair_factor": DOSE},
    ),
    Entry(biology.repair_factor_of_times, {"start_hours": [0.0, 6.0], "kinetics": KINETICS}),
    Entry(
        biology.bed_of_fractions,
        {
            "doses_gy": [2.0, 2.0],
            "start_hours": [0.0, 6.0],
            "duration_hours": 0.5,
            "alpha_beta_gy": 3.0,
            "kinetics": KINETICS,
        },
        {"duration_hours": DOSE},
    ),
    Entry(biology.lea_catcheside_g, {"duration_hours": 24.0, "kinetics": KINETICS}, {"duration_hours": DOSE}),
    Entry(
        biology.bed_protracted,
        {**LQ_CALL, "duration_hours": 24.0, "kinetics": KINETICS},
        {"total_dose_gy": DOSE, "duration_hours": DOSE},
    ),
    Entry(
        biology.bed_ldr,
        {"dose_rate_gy_per_hour": 0.5, "duration_hours": 24.0, "alpha_beta_gy": 3.0, "kinetics": KINETICS},
        {"dose_rate_gy_per_hour": DOSE, "duration_hours": DOSE},
    ),
    Entry(
        biology.bed_pdr,
        {
            "pulse_dose_gy": 0.5,
            "pulses": 10,
            "period_hours": 1.0,
            "duration_hours": 0.2,
            "alpha_beta_gy": 3.0,
            "kinetics": KINETICS,
        },
        {"pulse_dose_gy": DOSE, "duration_hours": DOSE},
    ),
    Entry(
        biology.bed_decaying_source,
        {"initial_dose_rate_gy_per_hour": 0.07, **SOURCE_CALL},
        {"initial_dose_rate_gy_per_hour": DOSE, "duration_hours": DOSE | NONE},
    ),
    Entry(
        biology.effective_treatment_days,
        {"total_dose_gy": 145.0, "half_life_days": 59.4, "repopulation": DALE},
        {"total_dose_gy": DOSE},
    ),
    Entry(
        biology.bed_permanent_implant,
        {"total_dose_gy": 145.0, **IMPLANT},
        {"total_dose_gy": DOSE, "repopulation": NONE},
    ),
    Entry(biology.rbe_weighted_dose, {"dose_gy": 60.0, "rbe": 1.1}, {"dose_gy": DOSE}),
    *(
        entry
        for name in ("wedenberg-2013", "carabe-2007", "mcnamara-2015")
        for entry in (
            Entry(
                biology.rbe_variable,
                {"dose_per_fraction_gy": 2.0, "let_kev_per_um": 2.5, "alpha_beta_gy": 2.0, "rbe_model": name},
                {"dose_per_fraction_gy": DOSE, "let_kev_per_um": DOSE},
            ),
            Entry(
                biology.bed_variable_rbe,
                {**LQ_CALL, "let_kev_per_um": 2.5, "rbe_model": name},
                {"total_dose_gy": DOSE, "let_kev_per_um": DOSE},
            ),
            Entry(biology.rbe_notices, {"let_kev_per_um": 2.5, "rbe_model": name}, {"let_kev_per_um": DOSE}),
        )
    ),
    Entry(
        biology.solve_dose_per_fraction,
        {"bed_gy": 67.8, "fractions": 35, "model": LQ(10), "repopulation": DALE, "overall_days": 46.0},
        {"bed_gy": DOSE, "overall_days": DOSE | NONE},
    ),
    Entry(
        biology.solve_n_fractions,
        {
            "bed_gy": 67.8,
            "dose_per_fraction_gy": 2.0,
            "model": LQ(10),
            "repopulation": DALE,
            "week": TreatmentWeek(),
        },
        {"bed_gy": DOSE, "repopulation": NONE},
    ),
    Entry(
        biology.solve_alpha_beta,
        {"total_doses_gy": (60.0, 40.0), "fractions": (30, 10), "delta_per_gy": 0.01},
        {"delta_per_gy": NONE},
    ),
    Entry(
        biology.solve_alpha_beta,
        {
            "total_doses_gy": (60.0, 40.0),
            "fractions": (30, 10),
            "transition_dose_gy": 6.0,
            "gamma_over_alpha": 5.0,
            "repopulation": DALE,
            "overall_days": (30.0, 12.0),
        },
        {"gamma_over_alpha": NONE},
        "solve_alpha_beta, LQ-L",
    ),
    Entry(
        biology.isoeffective_schedule,
        {
            "schedule": SCHEDULE,
            "alpha_beta": TUMOUR,
            "fractions": 20,
            "model": LQ(10),
            "time": TreatmentTime(elapsed_days=46, repopulation=DALE),
            "overall_days": 25.0,
            "week": TreatmentWeek(),
        },
        {"model": NONE, "overall_days": DOSE | NONE},
    ),
    Entry(
        biology.isoeffective_schedule,
        {"schedule": SCHEDULE, "alpha_beta": TUMOUR, "dose_per_fraction_gy": 3.0},
        name="isoeffective_schedule, fractions",
    ),
    Entry(
        biology.convert,
        {
            "schedule": SCHEDULE,
            "alpha_beta": TUMOUR,
            "model": LQ(10),
            "time": TreatmentTime(elapsed_days=46, repopulation=DALE),
            "repair": IncompleteRepair(kinetics=KINETICS),
        },
        {"model": NONE, "time": NONE, "repair": NONE},
    ),
    Entry(
        biology.compensate_interruption,
        {
            "schedule": SCHEDULE,
            "delivered": 20,
            "gap_days": 7,
            "tumour": TUMOUR,
            "late": TUMOUR,
            "repopulation": DALE,
            "overall_days": 46.0,
        },
        {"overall_days": NONE},
    ),
    Entry(
        PriorCourse,
        {"eqd2_gy": 40.0, "alpha_beta_gy": 2.0, "recovered": 0.25, "recovery_source": "test"},
        {"eqd2_gy": DOSE, "recovered": DOSE},
        "PriorCourse",
    ),
    Entry(biology.cumulative_eqd2, {"courses": [PRIOR]}),
    Entry(biology.residual_tolerance, {"limit_eqd2_gy": 50.0, "courses": [PRIOR]}, {"limit_eqd2_gy": DOSE}),
    Entry(
        biology.residual_dose_per_fraction,
        {"limit_eqd2_gy": 50.0, "courses": [PRIOR], "fractions": 5, "model": LQ(2)},
    ),
    Entry(biology.doi_nieder_recovery, {"months": 7.0}, {"months": DOSE}),
    Entry(
        biology.unverified_jones_grant_bed,
        {"bed_gy": 80.0, "tolerance_bed_gy": 100.0, "years": 2.0, "variant": "fit"},
        {"bed_gy": frozenset({"1e-320"})},
    ),
]

ELSEWHERE = {
    "parse_alpha_beta": "test_conversion.py",  # takes a text
    "dvh_ntcp": "test_ntcp_tcp.py",
    "dvh_tcp": "test_ntcp_tcp.py",
    "sabr_flag": "test_ntcp_tcp.py",
    "tcp_size_adjusted": "test_ntcp_tcp.py",
    "eud_niemierko": "test_eud.py",
    "geud": "test_eud.py",
    "flip_alpha_beta": "test_uncertainty.py",
    "lq_range": "test_uncertainty.py",
    "lq_sigma": "test_uncertainty.py",
    "monte_carlo": "test_uncertainty.py",
    "sampled_range": "test_uncertainty.py",
}
"""Functions whose hostile arguments are tested in another module beside this one."""


def calls() -> Iterator[Any]:
    for entry in TABLE:
        for name in entry.arguments:
            for label, value in {**REFUSED, **LIMITS}.items():
                yield pytest.param(entry, name, label, value, id=f"{entry}-{name}-{label}")


TEXTS = {"recovery_source"}
"""Arguments that are a text: any text that says something is in order."""


@pytest.mark.parametrize(("entry", "name", "label", "value"), list(calls()))
def test_hostile_numbers(entry: Entry, name: str, label: str, value: Any) -> None:
    arguments = {**entry.arguments, name: value}
    if name in TEXTS and label == "text":
        return
    if label in entry.accepted.get(name, ()):
        assert all(math.isfinite(number) for number in numbers_in(entry.function(**arguments)))
        return
    with pytest.raises(RTFractionsError) as refused:
        entry.function(**arguments)
    assert isinstance(refused.value, ValueError)
    assert str(refused.value).isprintable()


def numbers_in(result: Any) -> Iterator[float]:
    """Every number of a result."""
    if isinstance(result, np.ndarray):
        yield from result.ravel().tolist()
    elif isinstance(result, float | int):
        yield result
    elif isinstance(result, Mapping):
        for value in result.values():
            yield from numbers_in(value)
    elif isinstance(result, list | tuple):
        for value in result:
            yield from numbers_in(value)
    elif dataclasses.is_dataclass(result):
        for part in dataclasses.fields(result):
            yield from numbers_in(getattr(result, part.name))


@pytest.mark.parametrize("entry", TABLE, ids=str)
def test_the_call_of_the_table_is_in_order(entry: Entry) -> None:
    assert all(math.isfinite(number) for number in numbers_in(entry.function(**entry.arguments)))


def test_every_public_function_stands_in_the_table() -> None:
    functions = {name for name in biology.__all__ if inspect.isfunction(getattr(biology, name))}
    tabled = {entry.function.__name__ for entry in TABLE}
    assert functions - tabled - set(ELSEWHERE) == set()

"""Options of the radiobiological model, for the commands that convert schedules."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from rtfractions.errors import quoted

if TYPE_CHECKING:
    from rtfractions.biology import AlphaBeta, IncompleteRepair, Model, Repopulation, TreatmentTime
    from rtfractions.schedule import Schedule

F = TypeVar("F", bound=Callable[..., Any])


NUMERAL: Final = r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?"


def number(text: Any) -> float:
    """A number as the manual writes them, in ASCII with a decimal point; a usage error else, for nan too."""
    if not re.fullmatch(NUMERAL, str(text).strip(), re.ASCII | re.IGNORECASE):
        raise click.BadParameter(f"{quoted(text)} is not a number with a decimal point, as 0.9")
    return float(text)


def whole_number(text: Any) -> int:
    """A whole number in ASCII; a usage error else."""
    if not re.fullmatch(r"[+-]?\d{1,9}", str(text).strip(), re.ASCII):
        raise click.BadParameter(f"{quoted(text)} is not a whole number")
    return int(text)


NEEDS: Final = {
    "lq": (),
    "lql": ("transition_dose",),
    "usc": ("alpha", "d0", "dq"),
    "mlq": ("delta",),
}
"""The options that each model needs."""

_MAY: Final = {"lql": ("gamma_over_alpha",)}
_OF_MODELS: Final = ("transition_dose", "gamma_over_alpha", "d0", "dq", "delta")


def _given(value: float | None) -> float:
    """What the checks of `ModelOptions` have made sure was typed."""
    assert value is not None
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelOptions:
    """What was typed of model, time and repair; None where nothing was."""

    model: str
    transition_dose: float | None
    gamma_over_alpha: float | None
    alpha: float | None
    d0: float | None
    dq: float | None
    delta: float | None
    days: float | None
    kick_off: float | None
    repopulation: float | None
    doubling_time: float | None
    interval: float | None = None
    repair_half_time: float | None = None

    def __post_init__(self) -> None:
        missing = [name for name in NEEDS[self.model] if getattr(self, name) is None]
        if missing:
            raise click.UsageError(f"--model {self.model} needs {_options(missing)}")
        allowed = (*NEEDS[self.model], *_MAY.get(self.model, ()))
        foreign = [name for name in _OF_MODELS if getattr(self, name) is not None and name not in allowed]
        if foreign:
            raise click.UsageError(f"--model {self.model} has no {_options(foreign)}")
        if self.repopulation is not None and self.doubling_time is not None:
            raise click.UsageError("--repopulation and --doubling-time say the same: give one")
        if self.alpha is not None and self.model != "usc" and self.doubling_time is None:
            raise click.UsageError("--alpha goes with --model usc or --doubling-time")
        if self.doubling_time is not None and self.alpha is None:
            raise click.UsageError("--doubling-time needs --alpha")
        of_time = self.repopulation is not None or self.doubling_time is not None
        if of_time != (self.kick_off is not None):
            raise click.UsageError(
                "repopulation is --kick-off with --repopulation, or with --doubling-time and --alpha"
            )
        if self.days is not None and not of_time:
            raise click.UsageError("--days without repopulation changes nothing: give --kick-off and a rate")
        if self.interval is not None and self.repair_half_time is None:
            raise click.UsageError("--interval needs --repair-half-time")

    def model_of(self, alpha_beta: AlphaBeta | None) -> Model:
        """The model at an alpha/beta; USC has its own."""
        from rtfractions.biology import LQ, LQL, MLQ, USC

        if self.model == "usc":
            return USC(alpha_per_gy=_given(self.alpha), d0_gy=_given(self.d0), dq_gy=_given(self.dq))
        assert alpha_beta is not None
        if self.model == "lql":
            return LQL(
                alpha_beta.value_gy,
                transition_dose_gy=_given(self.transition_dose),
                gamma_over_alpha=self.gamma_over_alpha,
            )
        if self.model == "mlq":
            return MLQ(alpha_beta.value_gy, delta_per_gy=_given(self.delta))
        return LQ(alpha_beta.value_gy)

    def kinetics(self) -> Repopulation | None:
        """Repopulation, where it was asked for."""
        from rtfractions.biology import Repopulation

        if self.kick_off is None:
            return None
        if self.repopulation is not None:
            return Repopulation(gy_per_day=self.repopulation, kick_off_days=self.kick_off)
        return Repopulation.doubling(
            doubling_time_days=_given(self.doubling_time),
            alpha_per_gy=_given(self.alpha),
            kick_off_days=self.kick_off,
        )

    def time(self, schedule: Schedule) -> TreatmentTime | None:
        """Overall time and repopulation; without --days the time of an uninterrupted calendar."""
        from rtfractions.biology import TreatmentTime

        kinetics = self.kinetics()
        if kinetics is None or self.days is None:
            return self.calendar(schedule)
        return TreatmentTime(elapsed_days=self.days, repopulation=kinetics)

    def calendar(self, schedule: Schedule) -> TreatmentTime | None:
        """The time of an uninterrupted calendar, and repopulation."""
        from rtfractions.biology import TreatmentTime

        kinetics = self.kinetics()
        return None if kinetics is None else TreatmentTime.uninterrupted(schedule, kinetics)

    def repair(self) -> IncompleteRepair | None:
        """Repair between fractions, where it was asked for."""
        from rtfractions.biology import IncompleteRepair, RepairKinetics

        if self.repair_half_time is None:
            return None
        kinetics = RepairKinetics.mono_exponential(self.repair_half_time)
        return IncompleteRepair(kinetics=kinetics, interval_hours=self.interval)


def _options(names: list[str]) -> str:
    return ", ".join(f"--{name.replace('_', '-')}" for name in names)


_MODEL: Final = (
    click.option(
        "--model",
        type=click.Choice(list(NEEDS)),
        default="lq",
        show_default=True,
        help="lq; lql: linear above a transition dose; usc: universal survival curve; mlq: modified LQ.",
    ),
    click.option(
        "--transition-dose", type=number, metavar="GY", help="lql: dose per fraction of the transition."
    ),
    click.option(
        "--gamma-over-alpha",
        type=number,
        metavar="R",
        help="lql: slope beyond it; without it the smooth 1 + 2 d_T / (alpha/beta).",
    ),
    click.option("--alpha", type=number, metavar="PER_GY", help="usc, and --doubling-time: alpha."),
    click.option("--d0", type=number, metavar="GY", help="usc: D0, the final slope."),
    click.option("--dq", type=number, metavar="GY", help="usc: Dq, the quasi-threshold dose."),
    click.option("--delta", type=number, metavar="PER_GY", help="mlq: delta."),
)
_TIME: Final = (
    click.option(
        "--days",
        type=number,
        metavar="N",
        help="Elapsed days, the last day less the first; without it those of an uninterrupted calendar from a Monday.",
    ),
    click.option("--kick-off", type=number, metavar="N", help="Day after which repopulation begins."),
    click.option("--repopulation", type=number, metavar="GY_PER_DAY", help="BED lost a day by repopulation."),
    click.option(
        "--doubling-time", type=number, metavar="N", help="Or the doubling time in days, with --alpha."
    ),
)
_REPAIR: Final = (
    click.option("--interval", type=number, metavar="HOURS", help="Hours between fractions of one day."),
    click.option(
        "--repair-half-time",
        type=number,
        metavar="HOURS",
        help="Half-time of repair between fractions (lq only).",
    ),
)

alpha_beta_option = click.option(
    "--alpha-beta",
    metavar="V",
    multiple=True,
    help="alpha/beta ratio in Gy, 0.1 to 100, or catalogue:NAME of `rtfractions alpha-beta`; repeatable. "
    "Without it 10 and 3 Gy, and the output says so.",
)


def model_options(*, repair: bool) -> Callable[[F], F]:
    """Options of model and time, and of repair where it applies; the command gets them as its argument ``how``."""
    options = (*_MODEL, *_TIME, *(_REPAIR if repair else ()))

    def decorate(command: F) -> F:
        @functools.wraps(command)
        def with_model(*args: Any, **given: Any) -> Any:
            names = [name for name in ModelOptions.__dataclass_fields__ if name in given]
            return command(*args, how=ModelOptions(**{name: given.pop(name) for name in names}), **given)

        for option in reversed(options):
            with_model = option(with_model)
        return with_model  # type: ignore[return-value]  # click's decorators keep the callable, not its type

    return decorate

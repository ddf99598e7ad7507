"""``rtfractions solve``."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import TYPE_CHECKING, Final

import click

from rtfractions_cli.bed import ratios_of
from rtfractions_cli.model_options import ModelOptions, alpha_beta_option, model_options, number, whole_number
from rtfractions_cli.options import Output, examples, shared, unusual_option, usage_error

if TYPE_CHECKING:
    from rtfractions.biology import Isoeffect, IsoeffectiveSchedule
    from rtfractions.schedule import Schedule

WHOLE: Final = 1e-9
"""A number of fractions so close to a whole one is that."""


@click.command(
    short_help="The isoeffective schedule.",
    epilog=examples(
        "solve 60Gy/30 --fractions 20 --alpha-beta 10 --alpha-beta 3",
        "solve 60Gy/30 --dose-per-fraction 3 --alpha-beta 3",
        "solve 70Gy/35 --fractions 30 --kick-off 28 --repopulation 0.9 --alpha-beta 10",
    ),
)
@click.argument("schedule")
@click.option(
    "--fractions", type=whole_number, metavar="N", help="Number of fractions of the schedule sought."
)
@click.option("--dose-per-fraction", type=number, metavar="GY", help="Or its dose per fraction.")
@alpha_beta_option
@model_options(repair=False)
@unusual_option
@shared("text", "json", "csv")
def solve(
    schedule: str,
    fractions: int | None,
    dose_per_fraction: float | None,
    alpha_beta: tuple[str, ...],
    how: ModelOptions,
    allow_unusual: bool,
    output: Output,
) -> None:
    """The schedule of another number of fractions, or another dose per fraction, that is worth as much.

    The schedule sought has one fraction a day, five days a week. With repopulation, --days is the time of SCHEDULE;
    the schedule sought has that of its own calendar.
    """
    from rtfractions.biology import isoeffective_schedule
    from rtfractions.notices import Notice
    from rtfractions.reports import solve_report
    from rtfractions.reports.envelope import Context, as_json
    from rtfractions.schedule_text import parse_with_notices

    if (fractions is None) == (dose_per_fraction is None):
        raise click.UsageError("give --fractions or --dose-per-fraction: the other is solved for")
    notices: list[Notice] = []
    with usage_error():
        parsed, assumed = parse_with_notices(schedule, allow_unusual=allow_unusual)
        notices += assumed
        solutions = [
            isoeffective_schedule(
                parsed,
                ratio,
                fractions=fractions,
                dose_per_fraction_gy=dose_per_fraction,
                model=how.model_of(ratio),
                time=how.time(parsed),
            )
            for ratio in ratios_of(alpha_beta, how, notices)
        ]
        found = [(one, _whole_numbers(one, parsed, how)) for one in solutions]
    notices += [notice for one in solutions for notice in one.notices]
    context = Context(output.reproducible, notices=tuple(notices))
    document = solve_report.document(parsed, found, context)
    if output.format == "json":
        result = as_json(document)
    else:
        result = solve_report.as_csv(document) if output.format == "csv" else solve_report.as_text(document)
    output.finish(result, context)


def _whole_numbers(one: IsoeffectiveSchedule, matched: Schedule, how: ModelOptions) -> list[Isoeffect]:
    """What the whole numbers of fractions next to a broken one are worth, at the same dose per fraction."""
    from rtfractions.biology import convert
    from rtfractions.schedule import Schedule

    below, above = math.floor(one.fractions + WHOLE), math.ceil(one.fractions - WHOLE)
    if above == below:
        return []
    if below == 0:
        raise click.UsageError(
            f"one fraction of {one.dose_per_fraction_gy:g} Gy is worth more than {matched}"
        )
    dose = Decimal(repr(one.dose_per_fraction_gy))
    near = [
        Schedule.uniform(total_dose_gy=dose * n, fractions=n, rbe_weighted=matched.rbe_weighted)
        for n in (below, above)
    ]
    return [
        convert(schedule, one.alpha_beta, model=how.model_of(one.alpha_beta), time=how.calendar(schedule))
        for schedule in near
    ]

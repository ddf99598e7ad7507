"""``rtfractions compensate``."""

from __future__ import annotations

import click

from rtfractions_cli.model_options import number, whole_number
from rtfractions_cli.options import Output, examples, shared, usage_error


@click.command(
    short_help="Ways to make up for an interruption.",
    epilog=examples(
        "compensate 70Gy/35 --delivered 20 --gap 7 --alpha-beta 10 --late-alpha-beta 3 --kick-off 28 "
        "--repopulation 0.9",
    ),
)
@click.argument("schedule")
@click.option(
    "--delivered", type=whole_number, metavar="N", required=True, help="Fractions given before the gap."
)
@click.option(
    "--gap",
    type=whole_number,
    metavar="DAYS",
    required=True,
    help="Calendar days by which the next fraction is late.",
)
@click.option(
    "--alpha-beta", metavar="V", required=True, help="alpha/beta of the tumour in Gy, or catalogue:NAME."
)
@click.option(
    "--late-alpha-beta",
    metavar="V",
    required=True,
    help="alpha/beta of late-reacting tissue in Gy, or catalogue:NAME.",
)
@click.option(
    "--kick-off", type=number, metavar="N", required=True, help="Day after which repopulation begins."
)
@click.option(
    "--repopulation", type=number, metavar="GY_PER_DAY", required=True, help="BED lost a day by repopulation."
)
@click.option(
    "--days",
    type=number,
    metavar="N",
    help="Elapsed days of the schedule as prescribed; without it those of an uninterrupted calendar from a Monday.",
)
@shared("text", "json", "csv")
def compensate(
    schedule: str,
    delivered: int,
    gap: int,
    alpha_beta: str,
    late_alpha_beta: str,
    kick_off: float,
    repopulation: float,
    days: float | None,
    output: Output,
) -> None:
    """Make up for an interruption: what each way to go on gains for the tumour and costs late-reacting tissue."""
    from rtfractions.biology import Repopulation, compensate_interruption, convert, parse_alpha_beta
    from rtfractions.reports import compensate_report
    from rtfractions.reports.envelope import Context, as_json
    from rtfractions.schedule_text import parse_with_notices

    with usage_error():
        parsed, notices = parse_with_notices(schedule)
        tumour, late = (
            parse_alpha_beta(text, source="given on the command line")
            for text in (alpha_beta, late_alpha_beta)
        )
        found = compensate_interruption(
            parsed,
            delivered=delivered,
            gap_days=gap,
            tumour=tumour,
            late=late,
            repopulation=Repopulation(gy_per_day=repopulation, kick_off_days=kick_off),
            overall_days=days,
        )
        model = convert(parsed, tumour).notices
    context = Context(
        output.reproducible, notices=(*notices, *tumour.notices, *late.notices, *model, *found.notices)
    )
    document = compensate_report.document(found, context)
    if output.format == "json":
        result = as_json(document)
    elif output.format == "csv":
        result = compensate_report.as_csv(document)
    else:
        result = compensate_report.as_text(document)
    output.finish(result, context)

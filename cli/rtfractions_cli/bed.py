"""``rtfractions bed``."""

import click

from rtfractions_cli.options import Output, examples, say, shared, usage_error


@click.command(
    epilog=examples(
        "bed 40Gy/10 24Gy/3 20Gy/5 20Gy/1 --alpha-beta 10 --alpha-beta 3",
        'bed "40.05 Gy in 15 fx" 3x8Gy 60Gy@2Gy "45Gy/30 BID"',
        'bed "50Gy/25 + 16Gy/8" "70Gy(RBE)/35" --format json',
    )
)
@click.argument("schedules", metavar="SCHEDULE...", nargs=-1, required=True)
@click.option(
    "--alpha-beta",
    metavar="GY",
    multiple=True,
    help="alpha/beta ratio in Gy, 0.1 to 100; repeatable. Without it 10 and 3 Gy, and the output says so.",
)
@click.option(
    "--allow-unusual", is_flag=True, help="Accept less than 0.5 Gy a fraction and more than 200 Gy in total."
)
@shared("text", "json", "csv")
def bed(schedules: tuple[str, ...], alpha_beta: tuple[str, ...], allow_unusual: bool, output: Output) -> None:
    """BED and EQD2 of schedules, side by side.

    A number with Gy beside x is the dose per fraction; a number before / or in is the total.
    """
    from rtfractions.biology import DEFAULT_ALPHA_BETAS, convert, parse_alpha_beta
    from rtfractions.notices import Notice
    from rtfractions.reports import bed_report
    from rtfractions.reports.envelope import Context, as_json
    from rtfractions.schedule_text import parse_with_notices

    notices: list[Notice] = []
    with usage_error():
        ratios = [parse_alpha_beta(text, source="given on the command line") for text in alpha_beta]
        ratios = list(dict.fromkeys(ratios))
        if not ratios:
            ratios = list(DEFAULT_ALPHA_BETAS)
            notices.append(Notice("alpha-beta.default", "no --alpha-beta given: 10 and 3 Gy, by convention"))
        isoeffects = []
        for text in schedules:
            schedule, assumed = parse_with_notices(text, allow_unusual=allow_unusual)
            notices += assumed
            isoeffects.append([convert(schedule, ratio) for ratio in ratios])
    notices += [notice for results in isoeffects for result in results for notice in result.notices]
    if output.verbose:
        for text, results in zip(schedules, isoeffects, strict=True):
            say("info", f"{text!r} is read as {results[0].schedule}")
    context = Context(output.reproducible, notices=tuple(notices))
    document = bed_report.document(isoeffects, context)
    if output.format == "json":
        result = as_json(document)
    else:
        result = bed_report.as_csv(document) if output.format == "csv" else bed_report.as_text(document)
    output.finish(result, context)

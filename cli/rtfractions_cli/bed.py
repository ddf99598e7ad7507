"""``rtfractions bed``."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rtfractions.errors import quoted
from rtfractions_cli.model_options import NUMERAL, ModelOptions, alpha_beta_option, model_options
from rtfractions_cli.options import Output, examples, say, shared, unusual_option, usage_error

if TYPE_CHECKING:
    from rtfractions.biology import AlphaBeta, AlphaBetaInterval, Isoeffect, ValueRange
    from rtfractions.notices import Notice
    from rtfractions.reports.bed_report import BedDocument, Converted
    from rtfractions.schedule import Schedule


@click.command(
    epilog=examples(
        "bed 40Gy/10 24Gy/3 20Gy/5 20Gy/1 --alpha-beta 10 --alpha-beta 3",
        'bed "40.05 Gy in 15 fx" 3x8Gy 60Gy@2Gy "45Gy/30 BID"',
        "bed 24Gy/3 54Gy/3 --model lql --transition-dose 6 --alpha-beta 10",
        "bed 70Gy/35 --days 46 --kick-off 28 --repopulation 0.9 --alpha-beta 10",
        "bed 40Gy/10 24Gy/3 --alpha-beta-interval 2:5 --plot isoeffect.svg",
    )
)
@click.argument("schedules", metavar="SCHEDULE...", nargs=-1, required=True)
@alpha_beta_option
@click.option(
    "--alpha-beta-interval",
    metavar="LOW:HIGH",
    help="An interval of alpha/beta in Gy: BED and EQD2 over it; an end left out is open.",
)
@model_options(repair=True)
@click.option(
    "--plot",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Isoeffect curves, EQD2 against alpha/beta: .png, .svg or .pdf.",
)
@unusual_option
@shared("text", "json", "csv")
def bed(
    schedules: tuple[str, ...],
    alpha_beta: tuple[str, ...],
    alpha_beta_interval: str | None,
    how: ModelOptions,
    plot: Path | None,
    allow_unusual: bool,
    output: Output,
) -> None:
    """BED and EQD2 of schedules, side by side.

    A number with Gy beside x is the dose per fraction; a number before / or in is the total.
    """
    from rtfractions.biology import convert
    from rtfractions.reports import bed_report
    from rtfractions.reports.envelope import Context, as_json
    from rtfractions.schedule_text import parse_with_notices

    notices: list[Notice] = []
    with usage_error():
        ratios = ratios_of(alpha_beta, how, notices)
        interval = None if alpha_beta_interval is None else _interval(alpha_beta_interval, how)
        suffix = _figure_suffix(plot, how, output)
        results: list[Converted] = []
        for text in schedules:
            schedule, assumed = parse_with_notices(text, allow_unusual=allow_unusual)
            notices += assumed
            isoeffects = tuple(
                convert(
                    schedule,
                    ratio,
                    model=how.model_of(ratio),
                    time=how.time(schedule),
                    repair=how.repair(),
                )
                for ratio in ratios
            )
            over = None if interval is None else _over(interval, schedule, how)
            results.append((isoeffects, over))
    notices += [notice for isoeffects, _ in results for result in isoeffects for notice in result.notices]
    if output.verbose:
        for text, (isoeffects, _) in zip(schedules, results, strict=True):
            say("info", f"{text!r} is read as {isoeffects[0].schedule}")
    context = Context(output.reproducible, notices=tuple(notices))
    document = bed_report.document(results, context, follow_alpha_beta=_follow_alpha_beta(how))
    if output.format == "json":
        result = as_json(document)
    else:
        result = bed_report.as_csv(document) if output.format == "csv" else bed_report.as_text(document)
    if plot is not None:
        _plot(plot, suffix, document, results, interval, how)
    output.finish(result, context)


def ratios_of(texts: tuple[str, ...], how: ModelOptions, notices: list[Notice]) -> list[AlphaBeta]:
    """The ratios that were asked for; USC has its own, and without any the conventional pair is said."""
    from rtfractions.biology import DEFAULT_ALPHA_BETAS, parse_alpha_beta
    from rtfractions.notices import Notice

    if how.model == "usc":
        if texts:
            raise click.UsageError("--model usc brings its own alpha/beta: leave --alpha-beta out")
        own = how.model_of(None).own_alpha_beta
        assert own is not None
        return [own]
    ratios = [parse_alpha_beta(text, source="given on the command line") for text in texts]
    ratios = list(dict.fromkeys(ratios))
    notices += [notice for ratio in ratios for notice in ratio.notices]
    if not ratios:
        notices.append(Notice("alpha-beta.default", "no --alpha-beta given: 10 and 3 Gy, by convention"))
        ratios = list(DEFAULT_ALPHA_BETAS)
    if len(ratios) > 1 and how.kick_off is not None:
        notices.append(
            Notice(
                "time.one-rate",
                "one repopulation rate is taken from the BED at every alpha/beta: it is that of one tissue, and "
                "late-reacting tissue loses nothing",
            )
        )
    return ratios


def _interval(text: str, how: ModelOptions) -> AlphaBetaInterval:
    """An interval as typed, ``"2:5"``; an end left out, or beyond all tissues, is open."""
    from rtfractions.biology import AlphaBetaInterval

    texts = [end.strip() for end in text.split(":")]
    if len(texts) != 2 or not any(texts) or not all(_is_end(end) for end in texts):
        raise click.UsageError(f"--alpha-beta-interval {quoted(text)} is not LOW:HIGH, as 2:5 or 2:")
    low, high = (float(end) if end else None for end in texts)
    if how.model == "usc":
        raise click.UsageError("--model usc brings its own alpha/beta: it has no interval")
    return AlphaBetaInterval.published(
        low_gy=low, high_gy=high, level="range", source="given on the command line"
    )


def _is_end(text: str) -> bool:
    return not text or re.fullmatch(f"{NUMERAL}|[+-]?inf", text, re.ASCII | re.IGNORECASE) is not None


def _over(
    interval: AlphaBetaInterval, schedule: Schedule, how: ModelOptions
) -> tuple[ValueRange, ValueRange | None]:
    """BED and EQD2 over an interval: exact for LQ, sampled for what is not monotonic; with a time only BED."""
    from rtfractions.biology import AlphaBeta, convert, lq_range, sampled_range

    if how.model == "lq" and how.repair_half_time is None:
        time = how.time(schedule)
        loss = 0.0 if time is None else time.bed_lost_gy
        bed_range = lq_range(schedule, interval, quantity="bed", repopulation_loss_gy=loss)
        if time is not None:
            return bed_range, None
        return bed_range, lq_range(schedule, interval, quantity="eqd2")

    def converted(ratio_gy: float) -> Isoeffect:
        ratio = AlphaBeta(value_gy=ratio_gy, source=interval.source)
        return convert(
            schedule, ratio, model=how.model_of(ratio), time=how.time(schedule), repair=how.repair()
        )

    over = _monotonic_range if how.model == "lq" else sampled_range
    bed_range = over(lambda ratio: converted(ratio).bed_gy, interval)
    if how.kick_off is not None:
        return bed_range, None
    return bed_range, over(lambda ratio: _eqd2_gy(converted(ratio)), interval)


def _monotonic_range(value_of: Callable[[float], float], interval: AlphaBetaInterval) -> ValueRange:
    """The range from the ends: with incomplete repair BED of LQ is A + Q / R still, and EQD2 monotonic."""
    from rtfractions.biology import ValueRange

    ends = [None if end is None else value_of(end) for end in (interval.low_gy, interval.high_gy)]
    if value_of(1.0) > value_of(10.0):
        ends.reverse()
    return ValueRange(low_gy=ends[0], high_gy=ends[1], interval=interval, method="exact")


def _eqd2_gy(isoeffect: Isoeffect) -> float:
    """EQD2; with a time its one-sided meaning."""
    found = isoeffect.eqd2_gy if isoeffect.eqd2_gy is not None else isoeffect.eqd2_time_corrected_gy
    assert found is not None
    return found


def _figure_suffix(plot: Path | None, how: ModelOptions, output: Output) -> str:
    """What the figure is written as; refused before anything is computed."""
    if plot is None:
        return ""
    from rtfractions.reports.figures import suffix_of

    if how.model == "usc":
        raise click.UsageError("--model usc brings its own alpha/beta: there is no curve over it to plot")
    if output.file is not None and plot.resolve() == output.file.resolve():
        raise click.UsageError("--plot and --output name one file: the figure needs its own")
    return suffix_of(plot)


def _follow_alpha_beta(how: ModelOptions) -> tuple[str, ...]:
    """Parameters that follow alpha/beta, so that no one value stands above curves or ranges over it."""
    tangent = how.model == "lql" and how.gamma_over_alpha is None
    return ("gamma_over_alpha",) if tangent else ()


def _plot(
    path: Path,
    suffix: str,
    document: BedDocument,
    results: list[Converted],
    interval: AlphaBetaInterval | None,
    how: ModelOptions,
) -> None:
    """Write the isoeffect curves of schedules."""
    from rtfractions.biology import AlphaBeta, convert
    from rtfractions.files import write_atomically
    from rtfractions.reports.figures import as_bytes
    from rtfractions.reports.isoeffect_figure import Curve, alpha_betas_gy, isoeffect_figure
    from rtfractions.reports.wording import head_lines

    marked = [isoeffect.alpha_beta.value_gy for isoeffect in results[0][0]]
    ends = () if interval is None else (interval.low_gy, interval.high_gy)
    axis = alpha_betas_gy(*marked, *(end for end in ends if end is not None))
    curves = []
    for schedule in (isoeffects[0].schedule for isoeffects, _ in results):
        values = []
        for ratio_gy in axis:
            ratio = AlphaBeta(value_gy=ratio_gy, source="axis of the figure")
            found = convert(
                schedule, ratio, model=how.model_of(ratio), time=how.time(schedule), repair=how.repair()
            )
            values.append(_eqd2_gy(found))
        curves.append(Curve(str(schedule), axis, values))
    figure = isoeffect_figure(
        curves,
        quantity="EQD2" if how.kick_off is None else "EQD2, time-corrected",
        said=head_lines(document.results, without=_follow_alpha_beta(how)),
        marked_gy=marked,
        interval=interval,
    )
    write_atomically(path, as_bytes(figure, suffix))

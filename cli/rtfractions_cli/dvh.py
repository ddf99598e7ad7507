"""``rtfractions dvh``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rtfractions_cli.dose_inputs import read_inputs
from rtfractions_cli.dose_options import (
    alpha_betas_of,
    dose_option,
    fraction_options,
    refuse_override_alone,
)
from rtfractions_cli.exit_codes import ExitCode
from rtfractions_cli.options import Output, examples, limit_option, shared, usage_error

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rtfractions.biology import AlphaBeta
    from rtfractions.dicom import Discovery, Limits
    from rtfractions.dosimetry.comparison import Opinion
    from rtfractions.dosimetry.courses import ChosenDose
    from rtfractions.dosimetry.phases import Phases
    from rtfractions.dosimetry.plan_dvhs import Asked, StructureResult
    from rtfractions.errors import RTFractionsError
    from rtfractions.metrics import Metric
    from rtfractions.notices import Notice
    from rtfractions.patient import Patient
    from rtfractions.reports.dvh_report import DoseEntry
    from rtfractions.reports.envelope import Context
    from rtfractions.structures import RefusedStructure, Structure


@click.command(
    epilog=examples(
        "dvh sample_plans/patient",
        "dvh export/ --structure PTV --metric D95% --metric V100%[%] --alpha-beta 10 --plot dvh.svg",
        "dvh export/ --alpha-beta 3 --alpha-beta SpinalCord=2 --metric D0.03cc --format csv",
        "dvh export/ --structure PTV --second-opinion",
    )
)
@click.argument(
    "paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path)
)
@click.option(
    "--structure", metavar="NAME", multiple=True, help="A structure; repeatable. Without it every structure."
)
@click.option(
    "--metric",
    metavar="M",
    multiple=True,
    help="A metric as D95%[Gy], D0.03cc[Gy], V20Gy[%], V100%[%], DC700cc[Gy], Mean[Gy] or V20EQD2Gy(a/b=3)[%]; "
    "repeatable. Replaces D98%, D95%, D50%, D2%, D0.03cc, Mean, Max, Min, and V100%[%] of targets.",
)
@click.option(
    "--alpha-beta",
    metavar="[STRUCTURE=]GY",
    multiple=True,
    help="Add BED and EQD2 at this alpha/beta in Gy; repeatable. With a structure it is that structure's, in place "
    "of those without one. catalogue:NAME in place of a number.",
)
@dose_option
@click.option("--plan", metavar="UID", help="The plan whose dose is meant.")
@fraction_options
@click.option(
    "--end-caps",
    type=click.Choice(("auto", "half", "none", "tapered")),
    default="auto",
    show_default=True,
    help="What lies beyond the outermost contours: half a slice, nothing, a taper; auto: by size.",
)
@click.option(
    "--dose-interpolation",
    type=click.Choice(("auto", "linear", "cubic")),
    default="auto",
    show_default=True,
    help="The dose between voxel centres; auto: cubic in small structures.",
)
@click.option("--curves", is_flag=True, help="The cumulative DVHs themselves, in JSON.")
@click.option(
    "--plot",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="DVHs as a figure, EQD2 below physical dose: .png, .svg or .pdf.",
)
@click.option(
    "--second-opinion",
    is_flag=True,
    help="The same DVHs by dicompyler-core, and those stored in the RT Dose, with what explains differences.",
)
@limit_option
@shared("text", "json", "csv")
def dvh(
    paths: tuple[Path, ...],
    structure: tuple[str, ...],
    metric: tuple[str, ...],
    alpha_beta: tuple[str, ...],
    dose: str | None,
    plan: str | None,
    fractions: int | None,
    override_plan_fractions: bool,
    effective_as: str | None,
    curves: bool,
    plot: Path | None,
    second_opinion: bool,
    limit: tuple[str, ...],
    output: Output,
    **settings: Any,
) -> None:
    """DVHs and metrics of structures: physical dose, BED, EQD2.

    PATH is a file, a zip archive or a folder with the plan, its dose and its structures.
    """
    from rtfractions.compiled import compiles
    from rtfractions.dicom import Limits
    from rtfractions.dosimetry.courses import choose_dose, patient_meant, plans_left_out
    from rtfractions.dosimetry.plan_dvhs import Asked, refuse_without_plan, results_of, structures_asked
    from rtfractions.dosimetry.refusals import refusals_of
    from rtfractions.errors import RTFractionsError
    from rtfractions.reports import dvh_report, dvh_text
    from rtfractions.reports.envelope import as_json

    refuse_override_alone(fractions, override_plan_fractions=override_plan_fractions)
    if curves and output.format != "json":
        raise click.UsageError("--curves needs --format json")
    if second_opinion and output.format == "csv":
        raise click.UsageError("--second-opinion has no CSV: take --format json or text")
    with usage_error():
        compiles()  # a setting that cannot be is no fault of a structure
        limits = Limits.changed(*limit)
        ratios, named = alpha_betas_of(alpha_beta)
        suffix = _figure_suffix(plot, output)
    metrics, unread = _metrics(metric)
    every = (*ratios, *(own for _, own in named))
    read = read_inputs(paths, limits, reproducible=output.reproducible, ratios=every, errors=unread)
    context = read.context
    asked = Asked(metrics=metrics if metric else None, alpha_betas=_each_once(ratios), **settings)
    results: list[StructureResult] = []
    opinions: tuple[Opinion, ...] | None = None
    entry: DoseEntry | None = None
    try:
        patient = patient_meant(read.patients, dose_uid=dose, plan_uids=(plan,) if plan else ())
        chosen = choose_dose(patient, dose_uid=dose, plan_uid=plan)
        refuse_without_plan(chosen, patient, read.found.owners())
        structures = structures_asked(chosen, structure)
        own, errors = _own_alpha_betas(named, chosen, structures)
        asked = replace(asked, own_alpha_betas=own)
        phases, notices, refused = _phases(
            chosen,
            patient,
            asked,
            fractions=fractions,
            override_plan_fractions=override_plan_fractions,
            effective_as_rbe=effective_as == "rbe",
        )
        errors += refused
        notices += plans_left_out([chosen], patient)
        entry = _dose_entry(chosen, phases, fractions)
        results = list(results_of(chosen, structures, asked, phases))
        if second_opinion:
            opinions, more = _opinions(chosen, results, read.found, context, limits)
            errors += more
            notices += [notice for opinion in opinions or () for notice in opinion.notices()]
        notices += [notice for result in results for notice in result.notices]
        errors += refusals_of(results, asked, by_name=bool(structure))
        context = replace(
            context, notices=(*context.notices, *notices), errors=(*context.errors, *dict.fromkeys(errors))
        )
        if plot is not None:
            _plot(plot, suffix, chosen, results, paths)
    except RTFractionsError as error:
        context = replace(context, errors=(*context.errors, error))
    context = replace(context, exit_reasons=(ExitCode.REFUSED,) if context.errors else ())
    document = dvh_report.document(
        context, asked=asked, dose=entry, results=results, opinions=opinions, curves=curves
    )
    if output.format == "json":
        text = as_json(document)
    else:
        text = dvh_report.as_csv(document) if output.format == "csv" else dvh_text.as_text(document)
    output.finish(text, context, inputs=paths)


def _metrics(texts: tuple[str, ...]) -> tuple[tuple[Metric, ...], list[RTFractionsError]]:
    """The metrics that could be read, and why others could not: one typing error costs no other value."""
    from rtfractions.errors import RTFractionsError, quoted
    from rtfractions.metrics import parse_metric

    metrics: dict[Metric, None] = {}
    errors: list[RTFractionsError] = []
    for text in texts:
        try:
            metrics[parse_metric(text)] = None
        except RTFractionsError as error:
            told = quoted(text) in error.problem
            errors.append(
                error if told else type(error)(f"{quoted(text)}: {error.problem}", remedy=error.remedy)
            )
    return tuple(metrics), errors


def _each_once(ratios: Iterable[AlphaBeta]) -> tuple[AlphaBeta, ...]:
    """Each value once, with the source that it was first given with."""
    return tuple({ratio.value_gy: ratio for ratio in reversed(list(ratios))}.values())[::-1]


def _own_alpha_betas(
    named: Sequence[tuple[str, AlphaBeta]],
    chosen: ChosenDose,
    structures: Sequence[Structure | RefusedStructure],
) -> tuple[dict[int, tuple[AlphaBeta, ...]], list[RTFractionsError]]:
    """The ratios of structures by number; and why others have none: one name typed wrongly costs no other value."""
    from rtfractions.dosimetry.courses import structures_named
    from rtfractions.errors import RTFractionsError
    from rtfractions.structures import StructureError

    numbers = {one.number for one in structures}
    own: dict[int, tuple[AlphaBeta, ...]] = {}
    errors: list[RTFractionsError] = []
    for name, ratio in named:
        try:
            (structure,) = structures_named(chosen, [name])
            if structure.number not in numbers:
                problem = f"--alpha-beta is given for {name!r}, which is not among the structures asked for"
                raise StructureError(problem, remedy=f"add --structure {name!r}")
        except RTFractionsError as error:
            errors.append(error)
        else:
            own[structure.number] = _each_once((*own.get(structure.number, ()), ratio))
    return own, errors


def _figure_suffix(plot: Path | None, output: Output) -> str:
    """What the figure is written as; refused before anything is computed."""
    if plot is None:
        return ""
    from rtfractions.reports.figures import suffix_of

    if output.file is not None and plot.resolve() == output.file.resolve():
        raise click.UsageError("--plot and --output name one file: the figure needs its own")
    return suffix_of(plot)


def _phases(
    chosen: ChosenDose,
    patient: Patient,
    asked: Asked,
    *,
    fractions: int | None,
    override_plan_fractions: bool,
    effective_as_rbe: bool,
) -> tuple[Phases | RTFractionsError | None, list[Notice], list[RTFractionsError]]:
    """The parts of the dose that have one number of fractions each, or why it cannot be converted."""
    from rtfractions.dosimetry.phases import phases_of
    from rtfractions.errors import RTFractionsError

    if not asked.converts and fractions is None:
        return None, [], []
    try:
        phases = phases_of(
            chosen,
            patient,
            fractions=fractions,
            override_plan_fractions=override_plan_fractions,
            effective_as_rbe=effective_as_rbe,
        )
    except RTFractionsError as error:
        return error, [], [error]
    return phases, list(phases.notices), []


def _dose_entry(
    chosen: ChosenDose, phases: Phases | RTFractionsError | None, fractions: int | None
) -> DoseEntry:
    from rtfractions.dosimetry.phases import Phases
    from rtfractions.reports import dvh_report

    if isinstance(phases, Phases):
        number: int | None = sum(phase.fractions for phase in phases.doses)
        return dvh_report.dose_entry(chosen, fractions=number, from_plan=phases.from_plan)
    groups = () if chosen.plan is None else chosen.plan.fraction_groups
    planned = [group.fractions for group in groups if group.fractions is not None]
    number = sum(planned) if planned and len(planned) == len(groups) else None
    return dvh_report.dose_entry(chosen, fractions=number, from_plan=number is not None)


def _opinions(
    chosen: ChosenDose,
    results: Sequence[StructureResult],
    found: Discovery,
    context: Context,
    limits: Limits,
) -> tuple[tuple[Opinion, ...], list[RTFractionsError]]:
    from rtfractions.dicom.second_opinion import second_opinions
    from rtfractions.errors import RTFractionsError

    try:
        return second_opinions(chosen, results, found, context.inputs, limits=limits), []
    except RTFractionsError as error:
        return (), [error]


def _plot(
    path: Path, suffix: str, chosen: ChosenDose, results: Sequence[StructureResult], inputs: Sequence[Path]
) -> None:
    from rtfractions.doses import DoseType
    from rtfractions.files import write_atomically
    from rtfractions.reports.dvh_figure import figure_of
    from rtfractions.reports.figures import FigureError, as_bytes

    figure = figure_of(results, effective=chosen.dose_type is DoseType.EFFECTIVE)
    if figure is None:
        raise FigureError("there is no DVH to draw")
    write_atomically(path, as_bytes(figure, suffix), inputs=inputs)

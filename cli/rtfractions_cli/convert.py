"""``rtfractions convert``."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

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
    from rtfractions.biology import AlphaBeta
    from rtfractions.dicom import Discovery, Limits
    from rtfractions.dicom.writing import WrittenDose
    from rtfractions.dosimetry.converted_grid import ConvertedGrid
    from rtfractions.dosimetry.courses import ChosenDose
    from rtfractions.dosimetry.phases import Phases
    from rtfractions.patient import Patient
    from rtfractions.reports.convert_report import Conversion
    from rtfractions.reports.envelope import Context

MAY_BE_MISTAKEN = (
    "a planning system may take the written grid for the plan's physical dose: import it under its own name, and never "
    "plan, scale or sum with it"
)


@click.command(
    short_help="Write a dose grid as BED or EQD2.",
    epilog=examples(
        "convert sample_plans/patient -o eqd2.dcm --quantity eqd2 --alpha-beta 3",
        "convert export/ -o bed.dcm --quantity bed --alpha-beta SpinalCord=2 --alpha-beta PTV=10 --alpha-beta 3",
        "convert dose.dcm -o eqd2.dcm --quantity eqd2 --alpha-beta 10 --fractions 5 --format json",
    ),
)
@click.argument(
    "paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path)
)
@click.option(
    "-o",
    "--output",
    "file",
    metavar="FILE",
    envvar="RTFRACTIONS_CONVERT_OUTPUT",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the RT Dose to this file, whole or not at all; never over an input.",
)
@click.option(
    "--quantity", required=True, type=click.Choice(("bed", "eqd2")), help="What to convert the dose to."
)
@click.option(
    "--alpha-beta",
    metavar="[STRUCTURE=]GY",
    multiple=True,
    required=True,
    help="alpha/beta in Gy: of voxels in a structure, repeatable, the first that holds a voxel counts; and once "
    "without a structure, for voxels in none. catalogue:NAME in place of a number.",
)
@dose_option
@click.option(
    "--plan",
    metavar="UID",
    multiple=True,
    help="The plan whose dose is meant; several are converted one by one, and added on the grid of the first.",
)
@fraction_options
@limit_option
@shared("text", "json", to_file=False)
def convert(
    paths: tuple[Path, ...],
    file: Path,
    quantity: Literal["bed", "eqd2"],
    alpha_beta: tuple[str, ...],
    dose: str | None,
    plan: tuple[str, ...],
    fractions: int | None,
    override_plan_fractions: bool,
    effective_as: str | None,
    limit: tuple[str, ...],
    output: Output,
) -> None:
    """Write the dose grid of a plan as BED or EQD2 (RT Dose), each voxel at its own dose per fraction.

    PATH is a file, a zip archive or a folder with the plan, its dose, and the structures that are named.
    """
    from rtfractions.dicom import Limits
    from rtfractions.dosimetry.courses import patient_meant, plans_left_out
    from rtfractions.errors import RTFractionsError
    from rtfractions.files import write_atomically
    from rtfractions.notices import Notice
    from rtfractions.reports import convert_report
    from rtfractions.reports.envelope import as_json

    with usage_error():
        limits = Limits.changed(*limit)
        ratios = _alpha_betas(alpha_beta)
    _refuse_contradictions(plan, dose, fractions, override_plan_fractions)
    every = (ratios[0], *(own for _, own in ratios[1]))
    read = read_inputs(paths, limits, reproducible=output.reproducible, ratios=every)
    context = read.context
    conversion = None
    try:
        patient = patient_meant(read.patients, dose_uid=dose, plan_uids=plan)
        chosen, phases = _chosen(
            patient,
            dose,
            plan,
            fractions=fractions,
            override_plan_fractions=override_plan_fractions,
            effective_as_rbe=effective_as == "rbe",
        )
        grid = _grid(quantity, chosen, phases, ratios)
        notices = [notice for part in phases for notice in part.notices]
        notices += [*plans_left_out(chosen, patient), *grid.notices()]
        notices.append(Notice("convert.not-physical", MAY_BE_MISTAKEN))
        written = _written(read.found, limits, chosen, phases, grid, context)
        write_atomically(file, written.data, inputs=paths)
        conversion = _entry(file, written, chosen, phases, grid)
        context = replace(context, notices=(*context.notices, *notices))
    except RTFractionsError as error:
        context = replace(context, errors=(*context.errors, error))
    context = replace(context, exit_reasons=(ExitCode.REFUSED,) if context.errors else ())
    document = convert_report.document(conversion, context)
    result = as_json(document) if output.format == "json" else convert_report.as_text(document)
    output.finish(result, context)


def _alpha_betas(texts: tuple[str, ...]) -> tuple[AlphaBeta, list[tuple[str, AlphaBeta]]]:
    """The ratio of voxels in no structure, and those of structures in the order given."""
    from rtfractions.biology import AlphaBetaError

    alone, named = alpha_betas_of(texts)
    names = [name for name, _ in named]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise AlphaBetaError(f"--alpha-beta is given more than once for the structure {twice!r}")
    if len(alone) != 1:
        problem = f"--alpha-beta is given {len(alone)} times without a structure"
        raise AlphaBetaError(problem, remedy="give one value for voxels in none of the structures named")
    return alone[0], named


def _refuse_contradictions(
    plan_uids: tuple[str, ...], dose_uid: str | None, fractions: int | None, override: bool
) -> None:
    refuse_override_alone(fractions, override_plan_fractions=override)
    if len(plan_uids) > 1 and (fractions is not None or dose_uid is not None):
        raise click.UsageError("with several --plan neither --fractions nor --dose can be given")
    if len(set(plan_uids)) < len(plan_uids):
        raise click.UsageError("a --plan is given twice")


def _chosen(
    patient: Patient,
    dose_uid: str | None,
    plan_uids: tuple[str, ...],
    *,
    fractions: int | None,
    override_plan_fractions: bool,
    effective_as_rbe: bool,
) -> tuple[list[ChosenDose], list[Phases]]:
    """The doses that are meant, and their numbers of fractions."""
    from rtfractions.dosimetry.courses import choose_dose, refuse_unlike
    from rtfractions.dosimetry.phases import phases_of

    chosen = [choose_dose(patient, dose_uid=dose_uid, plan_uid=plan) for plan in plan_uids or (None,)]
    refuse_unlike(chosen)
    phases = [
        phases_of(
            dose,
            patient,
            fractions=fractions,
            override_plan_fractions=override_plan_fractions,
            effective_as_rbe=effective_as_rbe,
        )
        for dose in chosen
    ]
    return chosen, phases


def _grid(
    quantity: Literal["bed", "eqd2"],
    chosen: list[ChosenDose],
    phases: list[Phases],
    ratios: tuple[AlphaBeta, list[tuple[str, AlphaBeta]]],
) -> ConvertedGrid:
    """The grid to be converted, with the alpha/beta of its structures."""
    from rtfractions.dosimetry.converted_grid import ConvertedGrid, StructureAlphaBeta
    from rtfractions.dosimetry.courses import structures_named

    elsewhere, by_name = ratios
    structures = structures_named(chosen[0], [name for name, _ in by_name])
    return ConvertedGrid(
        phases=tuple(dose for part in phases for dose in part.doses),
        quantity=quantity,
        alpha_beta=elsewhere,
        by_structure=tuple(
            StructureAlphaBeta(structure, ratio)
            for structure, (_, ratio) in zip(structures, by_name, strict=True)
        ),
    )


def _written(
    found: Discovery,
    limits: Limits,
    chosen: list[ChosenDose],
    phases: list[Phases],
    grid: ConvertedGrid,
    context: Context,
) -> WrittenDose:
    """The converted dose as a DICOM file."""
    from rtfractions.dicom.marking import Marking
    from rtfractions.dicom.writing import dose_file, read_again
    from rtfractions.doses import DoseType
    from rtfractions.reports.envelope import generated_at

    time = generated_at(reproducible=context.reproducible)
    marking = Marking(
        quantity=grid.quantity,
        alpha_betas_gy=(grid.alpha_beta.value_gy, *(own.alpha_beta.value_gy for own in grid.by_structure)),
        structure_numbers=tuple(own.structure.number for own in grid.by_structure),
        fractions=tuple(phase.fractions for phase in grid.phases),
        fractions_from_plan=all(part.from_plan for part in phases),
        rbe_weighted=any(one.dose_type is DoseType.EFFECTIVE for one in chosen),
        written_at=None if time is None else datetime.fromisoformat(time),
    )
    uids = [dose.sop_instance_uid for one in chosen for dose in one.doses]
    return dose_file(
        (read_again(found, uid, context.inputs, limits) for uid in uids),
        grid.blocks_gy,
        marking,
        limits=limits,
        also_from=[file.sha256 for file in context.inputs],
    )


def _entry(
    file: Path, written: WrittenDose, chosen: list[ChosenDose], phases: list[Phases], grid: ConvertedGrid
) -> Conversion:
    from rtfractions.files import sha256_hex
    from rtfractions.reports import convert_report

    ratios = [(own.structure, own.alpha_beta) for own in grid.by_structure]
    return convert_report.conversion_entry(
        quantity=grid.quantity,
        phases=[
            convert_report.PhaseEntry(
                plan_uids=dose.plan_uids,
                dose_uids=tuple(one.sop_instance_uid for one in dose.doses),
                dose_type=dose.dose_type,
                fractions=phase.fractions,
                fractions_from_plan=part.from_plan,
                maximum_gy=phase.grid.maximum_gy,
            )
            for dose, part in zip(chosen, phases, strict=True)
            for phase in part.doses
        ],
        alpha_betas=[
            (structure, ratio, voxels)
            for (structure, ratio), voxels in zip(
                [*ratios, (None, grid.alpha_beta)], grid.voxels, strict=True
            )
        ],
        maximum_gy=written.maximum_gy,
        output=convert_report.output_entry(
            str(file),
            sha256=sha256_hex(written.data),
            sop_instance_uid=written.sop_instance_uid,
            series_instance_uid=written.series_instance_uid,
            scaling_gy=written.scaling_gy,
        ),
    )

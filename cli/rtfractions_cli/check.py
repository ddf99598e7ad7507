"""``rtfractions check``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rtfractions_cli import exit_codes
from rtfractions_cli.exit_codes import ExitCode
from rtfractions_cli.options import Output, examples, limit_option, shared, usage_error
from rtfractions_cli.protocol import complete_protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rtfractions.compliance import PatientFindings
    from rtfractions.errors import RTFractionsError
    from rtfractions.files import InputFile
    from rtfractions.notices import Notice
    from rtfractions.patient import Patient


@click.command(
    epilog=examples(
        "check lesions.csv --protocol NCT03406468",
        "check plans/ --protocol NCT03176173 --planned",
        "check plans/ --lesions lesions.csv --protocol NCT03176173 --format json -o review.json",
    )
)
@click.argument(
    "paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path)
)
@click.option(
    "--protocol",
    metavar="P",
    required=True,
    shell_complete=complete_protocol,
    help="A protocol of the library by its id, or a YAML file.",
)
@click.option(
    "--lesions",
    metavar="SHEET",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A lesion sheet (CSV or YAML) beside DICOM: it says what the lesions are.",
)
@click.option(
    "--planned", is_flag=True, help="Treatment has not begun: rules about dates and delivery do not apply."
)
@click.option(
    "--allow-unusual", is_flag=True, help="Accept less than 0.5 Gy a fraction and more than 200 Gy in total."
)
@click.option(
    "--fail-on", type=click.Choice(["variation"]), help="End with 1 for an acceptable variation too."
)
@click.option("--exit-zero", is_flag=True, help="End with 0 where the exit code would be 1 or 4.")
@limit_option
@shared("text", "json", "csv")
def check(
    paths: tuple[Path, ...],
    protocol: str,
    lesions: Path | None,
    planned: bool,
    allow_unusual: bool,
    fail_on: str | None,
    exit_zero: bool,
    limit: tuple[str, ...],
    output: Output,
) -> None:
    """Grade lesions against a trial protocol.

    PATH is a lesion sheet (CSV or YAML), an RT Plan, a zip archive or a folder: every RT Plan below it, grouped by
    patient, with the doses, structure sets and treatment records that belong to it.
    """
    from rtfractions import compliance, protocols
    from rtfractions.reports import check_report
    from rtfractions.reports.envelope import Context, as_json

    with usage_error():
        loaded = protocols.find(protocol)
    sheets = () if lesions is None else (lesions,)
    read = _read((*paths, *sheets), limit, allow_unusual=allow_unusual)
    findings = [compliance.check(patient, loaded.protocol, planned=planned) for patient in read.patients]
    counts = _exit_counts(findings, read.errors, fail_on)
    context = Context(
        output.reproducible,
        inputs=read.inputs,
        notices=(*read.notices, *(notice for patient in findings for notice in patient.notices)),
        errors=read.errors,
        exit_reasons=tuple(counts),
    )
    document = check_report.document(findings, loaded, context)
    if output.format == "json":
        result = as_json(document)
    elif output.format == "csv":
        result = check_report.as_csv(document)
    else:
        result = check_report.as_text(document, loaded, every_check=output.verbose) if findings else ""
    named = (*paths, Path(protocol), *sheets)
    output.finish(result, context, inputs=named, summary=_summary(counts), exit_zero=exit_zero)


@dataclass(frozen=True)
class _Read:
    """What the named files hold."""

    patients: tuple[Patient, ...]
    inputs: tuple[InputFile, ...]
    errors: tuple[RTFractionsError, ...]
    notices: tuple[Notice, ...]


def _read(paths: Sequence[Path], limit: tuple[str, ...], *, allow_unusual: bool) -> _Read:
    """Patients of sheets and files together; no sheet alone needs what reads DICOM."""
    from rtfractions.patient import join
    from rtfractions.sheets import SUFFIXES, WORKBOOK_SUFFIXES, read_sheets

    suffixes = (*SUFFIXES, *WORKBOOK_SUFFIXES)
    sheet_paths = [path for path in paths if path.is_file() and path.suffix.lower() in suffixes]
    file_paths = [path for path in paths if path not in sheet_paths]
    sheets = read_sheets(sheet_paths, allow_unusual=allow_unusual)
    if not file_paths:
        return _Read(join(sheets.patients, ()), sheets.inputs, sheets.errors, ())
    from rtfractions.dicom import Limits, read_patients
    from rtfractions.errors import InputFileError

    with usage_error():
        limits = Limits.changed(*limit)
    files = read_patients(file_paths, limits=limits)
    on_sheet = {patient.label for patient in sheets.patients}
    of_plans: list[Patient] = []
    without: list[Patient] = []
    for patient in files.patients:
        (of_plans if patient.plans or patient.incomplete or patient.label in on_sheet else without).append(
            patient
        )
    return _Read(
        patients=join(sheets.patients, of_plans),
        inputs=sheets.inputs + files.inputs,
        errors=(
            *sheets.errors,
            *files.errors,
            *(InputFileError(f"no RT Plan of patient {patient.label!r} was found") for patient in without),
        ),
        notices=files.notices,
    )


def _exit_counts(
    findings: Sequence[PatientFindings], errors: Sequence[RTFractionsError], fail_on: str | None
) -> dict[ExitCode, int]:
    """How many refusals and patients speak for each exit code, in order of precedence."""
    from rtfractions.verdicts import Verdict

    undecided = {Verdict.QUERY, Verdict.NOT_EVALUABLE}
    verdicts = [patient.verdict for patient in findings]
    failed = [
        patient.verdict is Verdict.DEVIATION_UNACCEPTABLE
        or (fail_on == "variation" and patient.has(Verdict.VARIATION_ACCEPTABLE))
        for patient in findings
    ]
    counts = {
        ExitCode.REFUSED: len(errors),
        ExitCode.DEVIATION: sum(failed),
        ExitCode.UNDECIDED: sum(verdict in undecided for verdict in verdicts),
    }
    return {code: counts[code] for code in exit_codes.PRECEDENCE if counts.get(code)}


def _summary(counts: dict[ExitCode, int]) -> str:
    """What several exit codes stand for; nothing where at most one applies."""
    if len(counts) < 2:
        return ""
    what = {
        ExitCode.REFUSED: "inputs refused",
        ExitCode.DEVIATION: "patients with a deviation",
        ExitCode.UNDECIDED: "patients undecided",
    }
    return ", ".join(f"{what[code]}: {number} (exit code {int(code)})" for code, number in counts.items())

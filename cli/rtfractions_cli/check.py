"""``rtfractions check``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from rtfractions_cli import exit_codes
from rtfractions_cli.exit_codes import ExitCode
from rtfractions_cli.options import Output, examples, shared, usage_error
from rtfractions_cli.protocol import complete_protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rtfractions.compliance import PatientFindings
    from rtfractions.errors import RTFractionsError
    from rtfractions.files import InputFile
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
    "protocol_name",
    metavar="P",
    required=True,
    shell_complete=complete_protocol,
    help="A protocol of the library by its id, or a YAML file.",
)
@click.option(
    "--lesions",
    "lesion_sheet",
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
@shared("text", "json", "csv")
def check(
    paths: tuple[Path, ...],
    protocol_name: str,
    lesion_sheet: Path | None,
    planned: bool,
    allow_unusual: bool,
    fail_on: str | None,
    exit_zero: bool,
    output: Output,
) -> None:
    """Grade lesions against a trial protocol.

    PATH is a lesion sheet (CSV or YAML), an RT Plan, or a folder: every RT Plan below it, grouped by patient.
    """
    from rtfractions import compliance, protocols
    from rtfractions.reports import check_report
    from rtfractions.reports.envelope import Context, as_json

    with usage_error():
        protocol = protocols.find(protocol_name)
    patients, inputs, errors = _read(paths, lesion_sheet, allow_unusual=allow_unusual)
    findings = [compliance.check(patient, protocol.protocol, planned=planned) for patient in patients]
    counts = _exit_counts(findings, errors, fail_on)
    context = Context(
        output.reproducible,
        inputs=tuple(inputs),
        notices=tuple(notice for patient in findings for notice in patient.notices),
        errors=tuple(errors),
        exit_reasons=tuple(counts),
    )
    document = check_report.document(findings, protocol, context)
    if output.format == "json":
        result = as_json(document)
    elif output.format == "csv":
        result = check_report.as_csv(document)
    else:
        result = check_report.as_text(document, protocol, every_check=output.verbose) if findings else ""
    output.finish(
        result, context, also_read=(Path(protocol_name),), summary=_summary(counts), exit_zero=exit_zero
    )


def _read(
    paths: Sequence[Path], lesion_sheet: Path | None, *, allow_unusual: bool
) -> tuple[Sequence[Patient], list[InputFile], list[RTFractionsError]]:
    """Patients from sheets and files, the files they were read from, and what was refused."""
    from rtfractions.errors import RTFractionsError
    from rtfractions.files import InputFile, sha256_hex
    from rtfractions.patient import join
    from rtfractions.sheets import SUFFIXES, read_sheet

    sheets = [path for path in paths if path.is_file() and path.suffix.lower() in SUFFIXES]
    dicom_paths = [path for path in paths if path not in sheets]
    sheets += [] if lesion_sheet is None else [lesion_sheet]
    if len(sheets) > 1:
        raise click.UsageError(f"one lesion sheet at a time, not {len(sheets)}")
    from_sheet: Sequence[Patient] = ()
    from_files: Sequence[Patient] = ()
    inputs: list[InputFile] = []
    errors: list[RTFractionsError] = []
    for path in sheets:
        try:
            sheet = read_sheet(path, name=str(path), allow_unusual=allow_unusual)
        except RTFractionsError as error:
            errors.append(error)
        else:
            from_sheet = sheet.patients
            errors += sheet.errors
            inputs.append(InputFile(path, str(path), sha256_hex(sheet.data)))
    if dicom_paths:
        from rtfractions.dicom import read_patients

        reading = read_patients(dicom_paths)
        from_files = reading.patients
        errors += reading.errors
        inputs += reading.inputs
    return join(from_sheet, from_files), inputs, errors


def _exit_counts(
    findings: Sequence[PatientFindings], errors: Sequence[RTFractionsError], fail_on: str | None
) -> dict[ExitCode, int]:
    """How many refusals and patients speak for each exit code, in order of precedence."""
    from rtfractions.verdicts import Verdict

    failing = {Verdict.DEVIATION_UNACCEPTABLE} | (
        {Verdict.VARIATION_ACCEPTABLE} if fail_on == "variation" else set()
    )
    undecided = {Verdict.QUERY, Verdict.NOT_EVALUABLE}
    verdicts = [patient.verdict for patient in findings]
    counts = {
        ExitCode.REFUSED: len(errors),
        ExitCode.DEVIATION: sum(verdict in failing for verdict in verdicts),
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

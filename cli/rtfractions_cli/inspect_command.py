"""``rtfractions inspect``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rtfractions_cli.exit_codes import ExitCode
from rtfractions_cli.options import Output, examples, limit_option, shared, usage_error

if TYPE_CHECKING:
    from rtfractions.errors import RTFractionsError
    from rtfractions.files import InputFile
    from rtfractions.notices import Notice


@click.command(
    epilog=examples(
        "inspect sample_plans/patient",
        "inspect export.zip --format json",
        "inspect /data/unknown --limit files=1000",
    )
)
@click.argument(
    "paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path)
)
@limit_option
@shared("text", "json", "csv")
def inspect(paths: tuple[Path, ...], limit: tuple[str, ...], output: Output) -> None:
    """Say what DICOM RT files are and how they link.

    With it come every prescription and its source, every structure with its volume, and what is wrong.

    PATH is a file, a zip archive or a folder: every RT plan, dose, structure set and treatment record below it.
    """
    from rtfractions.dicom import Limits, discover, read_patient
    from rtfractions.reports import inspect_document
    from rtfractions.reports.envelope import Context, as_json
    from rtfractions.reports.inspect_csv import as_csv
    from rtfractions.reports.inspect_text import as_text

    with usage_error():
        limits = Limits.changed(*limit)
    found = discover(paths, limits)
    inputs: list[InputFile] = []
    errors: list[RTFractionsError] = list(found.errors)
    notices: list[Notice] = list(found.notices)
    entries = []
    for files in found.patients:
        reading = read_patient(files, found, limits=limits)
        entries.append(inspect_document.patient_entry(reading.patient, reading.inputs))
        inputs += reading.inputs
        errors += reading.errors
        notices += reading.patient.all_notices()
    reasons = (ExitCode.REFUSED,) if errors else ()
    context = Context(output.reproducible, tuple(inputs), tuple(notices), tuple(errors), reasons)
    document = inspect_document.document(entries, context)
    if output.format == "json":
        result = as_json(document)
    elif output.format == "csv":
        result = as_csv(document)
    else:
        result = as_text(document)
        context = replace(context, notices=())  # they are what the text is about
    output.finish(result, context, inputs=paths)

"""``rtfractions report``."""

from __future__ import annotations

from pathlib import Path

import click

from rtfractions_cli.audit import print_and_end, write_and_print
from rtfractions_cli.options import Output, examples, shared
from rtfractions_cli.review_options import ending_options


@click.command(
    short_help="An audit's reports once more.",
    epilog=examples(
        "report audit/",
        "report audit/ --format json",
        "report audit/ --format html -o cohort.html",
    ),
)
@click.argument("directory", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
@ending_options
@shared("text", "json", "csv", "checks", "html", "junit")
def report(directory: Path, fail_on: tuple[str, ...], exit_zero: bool, output: Output) -> None:
    """Make the reports of an audit again from its result files.

    They are written into DIR, and one is printed; with -o that one is written to a file, and DIR is only read.
    """
    from rtfractions.audit.folder import OutputFolder
    from rtfractions.audit.lock import locked
    from rtfractions.audit.manifest import read_manifest
    from rtfractions.audit.summary import summarise
    from rtfractions.errors import InputFileError, Where

    folder = OutputFolder(directory)
    manifest = read_manifest(folder)
    if manifest is None:
        raise InputFileError(
            "holds no audit, or its cohort.json is damaged",
            remedy="give the audit's command again: results that hold are kept",
            where=Where(file=str(directory)),
        )
    if output.file is not None:
        document = summarise(folder, manifest, fail_on=fail_on)
        print_and_end(folder, manifest, document, output, fail_on=fail_on, exit_zero=exit_zero)
        return
    with locked(directory):
        document = summarise(folder, manifest, fail_on=fail_on)
        write_and_print(folder, manifest, document, output, fail_on=fail_on, exit_zero=exit_zero)

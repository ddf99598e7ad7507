"""``rtfractions audit``."""

from __future__ import annotations

import contextlib
import datetime
import os
import re
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rtfractions_cli import exit_codes
from rtfractions_cli.exit_codes import ExitCode
from rtfractions_cli.options import Output, examples, limit_option, say, shared, usage_error
from rtfractions_cli.review_options import ending_options, review_options, sets_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import FrameType

    from rtfractions.audit.folder import OutputFolder
    from rtfractions.audit.manifest import Manifest
    from rtfractions.audit.pseudonyms import PseudonymKey
    from rtfractions.audit.settings import Figures
    from rtfractions.audit.stopping import Stop
    from rtfractions.reports.cohort import AuditDocument

UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


def memory_bytes(_context: click.Context, _parameter: click.Parameter, text: str) -> int:
    """A size as people type it: ``4G``, ``512M``."""
    match = re.fullmatch(r"(\d{1,9})\s*([KMGT]?)(?:i?B)?", text.strip(), re.ASCII | re.IGNORECASE)
    size = int(match[1]) * UNITS[match[2].upper()] if match else 0
    if size < 256 * 2**20:
        raise click.BadParameter(f"{text!r} is no size of 256M or more, as 4G")
    return size


@click.command(
    short_help="Grade a cohort, resumable.",
    epilog=examples(
        "audit cohort/ --protocol NCT03176173 -o audit/",
        "audit cohort/ --lesions lesions.csv --protocol NCT03406468 -o audit/ --jobs 8",
        "audit lesions.csv --protocol local.yaml -o audit/ --format json",
    ),
)
@click.argument("path", metavar="PATH", type=click.Path(exists=True, path_type=Path))
@review_options
@click.option(
    "-o",
    "--output",
    "directory",
    metavar="DIR",
    envvar="RTFRACTIONS_AUDIT_OUTPUT",
    required=True,
    type=click.Path(path_type=Path),
    help="The folder of results and reports, outside PATH; an audit that is there is gone on with.",
)
@click.option(
    "--lesions",
    metavar="SHEET",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A lesion sheet (CSV or YAML) beside DICOM: it says what the lesions are; repeatable.",
)
@click.option(
    "--figures",
    type=click.Choice(("open", "all", "none")),
    default="open",
    show_default=True,
    help="Whose pages have DVHs and slices: patients that a person must look at (open), all, or none.",
)
@click.option("--fresh", is_flag=True, help="Begin anew: remove the results that are there.")
@click.option(
    "--jobs",
    metavar="N",
    type=click.IntRange(1, 1024),
    help="How many patients at once; without it as many as there are processors.",
)
@click.option(
    "--limit-memory",
    metavar="SIZE",
    default="8G",
    show_default=True,
    callback=memory_bytes,
    help="Memory (address space) that one patient may take, as 4G.",
)
@click.option(
    "--timeout",
    metavar="SECONDS",
    default=600.0,
    show_default=True,
    type=click.FloatRange(0.1, 86400.0),
    help="Time that one patient may take.",
)
@click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="Grade on the workers of a dask scheduler, as tcp://host:8786 (extra `cluster`).",
)
@click.option(
    "--pseudonym-key",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The key of the pseudonyms, made where it is not there; without it one of your own, kept among your settings.",
)
@click.option("--include-identifiers", is_flag=True, help="Name patients by Patient ID, and files by path.")
@click.option(
    "--progress",
    type=click.Choice(("auto", "json", "none")),
    default="auto",
    show_default=True,
    help="On stderr: a bar on a terminal (auto), one JSON event a line, or nothing.",
)
@ending_options
@limit_option
@shared("text", "json", "csv", "html", "junit", to_file=False)
def audit(
    path: Path,
    protocol: str,
    directory: Path,
    lesions: tuple[Path, ...],
    planned: bool,
    allow_unusual: bool,
    constraints: tuple[str, ...],
    constraints_alpha_beta: float | None,
    overlay: Path | None,
    figures: Figures,
    fresh: bool,
    jobs: int | None,
    limit_memory: int,
    timeout: float,
    scheduler: str | None,
    pseudonym_key: Path | None,
    include_identifiers: bool,
    progress: str,
    fail_on: tuple[str, ...],
    exit_zero: bool,
    limit: tuple[str, ...],
    output: Output,
) -> None:
    """Grade a cohort against a trial protocol, every patient alone; interrupted, it is gone on with.

    PATH is a folder, whose patients are told apart by what the files say and never by folders, a zip archive, or a
    lesion sheet. Patients are named by pseudonyms.
    """
    if os.name != "posix":
        raise click.UsageError("audit needs Linux or macOS: it rests on their locks, limits and processes")
    from rtfractions import protocols
    from rtfractions.audit.cohort import find_cohort
    from rtfractions.audit.executors import default_jobs
    from rtfractions.audit.folder import OutputFolder
    from rtfractions.audit.lock import locked
    from rtfractions.audit.manifest import manifest_of, refuse_other, write_manifest
    from rtfractions.audit.runner import run
    from rtfractions.audit.settings import Settings
    from rtfractions.audit.summary import summarise
    from rtfractions.dicom import Limits
    from rtfractions.errors import OutputFileError
    from rtfractions.protocols.applied_overlays import applied
    from rtfractions.protocols.overlays import load_overlay
    from rtfractions_cli.audit_progress import progress_shown

    with usage_error():
        loaded = protocols.find(protocol)
        decided = None if overlay is None else load_overlay(overlay, str(overlay))
        if decided is not None:
            applied(
                loaded, decided.overlay
            )  # an overlay that does not fit is refused before anything is made
        sets = sets_of(constraints, decided)
        limits = Limits.changed(*limit)
    folder = OutputFolder(directory)
    files = (Path(name) for name in (protocol, *constraints, *(() if overlay is None else (overlay,))))
    folder.prepare((path, *lesions, *(file for file in files if file.is_file())))
    settings = Settings(
        protocol=loaded,
        key=_key(pseudonym_key, quiet=output.quiet),
        constraint_sets=sets,
        constraints_alpha_beta_gy=constraints_alpha_beta,
        overlay=decided,
        figures=figures,
        planned=planned,
        allow_unusual=allow_unusual,
        include_identifiers=include_identifiers,
        limits=limits,
        limits_given=limit,
        timeout_s=timeout,
        memory_bytes=limit_memory,
    )
    with locked(directory):
        if fresh:
            folder.clear()
        refuse_other(folder, settings)
        folder.tidy()
        _log(folder, f"begun, {settings.protocol.protocol.id}, settings {settings.digest[:12]}")
        try:
            with _stoppable() as stop, progress_shown(progress, quiet=output.quiet) as report:
                cohort = find_cohort(path, lesions, settings)
                manifest = manifest_of(cohort)
                write_manifest(folder, manifest)
                folder.remove_reports()
                done = run(
                    cohort,
                    folder,
                    jobs=jobs or default_jobs(),
                    scheduler=scheduler,
                    report=report,
                    stop=stop,
                )
        except (KeyboardInterrupt, SystemExit):
            with contextlib.suppress(OutputFileError):
                _log(folder, "interrupted")
            raise
        removed = folder.remove_all_but({task.patient for task in cohort.tasks})
        _log(folder, f"{done.done} of {done.total} patients, {done.reused} of them reused, {removed} removed")
        document = summarise(folder, manifest, fail_on=fail_on)
        write_and_print(folder, manifest, document, output, fail_on=fail_on, exit_zero=exit_zero)


@contextlib.contextmanager
def _stoppable() -> Iterator[Stop]:
    """Let the first Ctrl-C or SIGTERM end what is done here, and further ones not break that off."""
    from rtfractions.audit.stopping import Stop

    stop = Stop()
    ends = {signal.SIGINT: KeyboardInterrupt(), signal.SIGTERM: SystemExit(ExitCode.TERMINATED)}
    before = {number: signal.getsignal(number) for number in ends}

    def asked(number: int, _frame: FrameType | None) -> None:
        for other in ends:
            signal.signal(other, signal.SIG_IGN)
        stop.ask(ends[signal.Signals(number)])

    for number, handler in before.items():
        if handler is not signal.SIG_IGN:  # else it was started to run on, as in the background of a script
            signal.signal(number, asked)
    try:
        yield stop
        stop.heed()
    except (KeyboardInterrupt, SystemExit):
        raise  # it ends now: both stay without effect
    except BaseException:
        _restore(before)
        raise
    else:
        _restore(before)


def _restore(handlers: Mapping[signal.Signals, Any]) -> None:
    for number, handler in handlers.items():
        signal.signal(number, handler)


def _key(file: Path | None, *, quiet: bool) -> PseudonymKey:
    """The key of the pseudonyms; that one was made is said, for without it no later run gives the same names."""
    from rtfractions.audit.pseudonyms import default_key_file, is_open_to_others, key_from

    path = default_key_file(os.environ) if file is None else file
    key, made = key_from(path)
    if made and not quiet:
        say("note", f"a pseudonym key was made: keep it, and keep it secret ({path})")
    if is_open_to_others(path) and not quiet:
        say("warning", f"{path}: others can read the pseudonym key, and undo the pseudonyms: chmod 600 it")
    return key


def _log(folder: OutputFolder, text: str) -> None:
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    folder.append_to_log(f"{now} process {os.getpid()}: {text}")


def write_and_print(
    folder: OutputFolder,
    manifest: Manifest,
    document: AuditDocument,
    output: Output,
    *,
    fail_on: tuple[str, ...],
    exit_zero: bool,
) -> None:
    """Write the reports into their folder, print one of them, say what was refused, and end with the exit code."""
    from rtfractions.audit.reporting import write_reports

    write_reports(folder, manifest, document, failing=fail_on)
    print_and_end(folder, manifest, document, output, fail_on=fail_on, exit_zero=exit_zero)


def print_and_end(
    folder: OutputFolder,
    manifest: Manifest,
    document: AuditDocument,
    output: Output,
    *,
    fail_on: tuple[str, ...],
    exit_zero: bool,
) -> None:
    """Print a report or write it to the file that was named, say what was refused, and end with the exit code."""
    from rtfractions.audit.reporting import rendered
    from rtfractions.reports.envelope import Context

    text = ""  # a defect prints no result; the reports in the folder say whom it cost
    if ExitCode.DEFECT not in document.exit_reasons:
        text = rendered(folder, manifest, document, output.format, everything=output.verbose, failing=fail_on)
    context = Context(True, exit_reasons=document.exit_reasons)
    if not output.quiet:
        for warning in document.warnings:
            say("warning", f"{warning.where}: {warning.message}" if str(warning.where) else warning.message)
    for error in document.errors:
        say("error", f"{error.where}: {error.message}" if str(error.where) else error.message)
    output.finish(text, context, inputs=(folder.path,), summary=_summary(document), exit_zero=exit_zero)


def _summary(document: AuditDocument) -> str:
    """What several exit codes stand for; nothing where at most one applies."""
    what = {
        ExitCode.DEFECT: "the program failed",
        ExitCode.REFUSED: "inputs or patients refused",
        ExitCode.DEVIATION: "patients with a deviation",
        ExitCode.UNDECIDED: "patients undecided",
    }
    if len(document.exit_counts) < 2:
        return ""
    counts = {ExitCode(entry.code): entry.count for entry in document.exit_counts}
    return ", ".join(
        f"{what[code]}: {counts[code]} (exit code {int(code)})"
        for code in exit_codes.PRECEDENCE
        if code in counts
    )

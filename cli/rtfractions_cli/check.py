"""``rtfractions check``."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rtfractions_cli import exit_codes
from rtfractions_cli.check_inputs import find_inputs
from rtfractions_cli.exit_codes import ExitCode
from rtfractions_cli.options import Output, examples, limit_option, shared, usage_error
from rtfractions_cli.review_options import ending_options, review_options, sets_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rtfractions.compliance import PatientFindings
    from rtfractions.errors import RTFractionsError
    from rtfractions.notices import Notice
    from rtfractions.protocols.overlays import LoadedOverlay
    from rtfractions.reports.check_document import PatientEntry
    from rtfractions.reports.check_figures import PatientFigures


@click.command(
    epilog=examples(
        "check lesions.csv --protocol NCT03406468",
        "check plans/ --protocol NCT03176173 --planned",
        "check plans/ --lesions lesions.csv --protocol NCT03176173 --format html -o review.html",
    )
)
@click.argument(
    "paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path)
)
@review_options
@click.option(
    "--lesions",
    metavar="SHEET",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A lesion sheet (CSV or YAML) beside DICOM: it says what the lesions are.",
)
@ending_options
@limit_option
@shared("text", "json", "csv", "junit", "html", "pdf")
def check(
    paths: tuple[Path, ...],
    protocol: str,
    lesions: Path | None,
    planned: bool,
    allow_unusual: bool,
    constraints: tuple[str, ...],
    constraints_alpha_beta: float | None,
    overlay: Path | None,
    fail_on: tuple[str, ...],
    exit_zero: bool,
    limit: tuple[str, ...],
    output: Output,
) -> None:
    """Grade lesions against a trial protocol.

    PATH is a lesion sheet (CSV or YAML), an RT Plan, a zip archive or a folder: every RT Plan below it, grouped by
    patient, with the doses, structure sets and treatment records that belong to it.
    """
    from rtfractions import compliance, protocols
    from rtfractions.protocols.applied_overlays import applied
    from rtfractions.protocols.overlays import load_overlay
    from rtfractions.reports import check_report
    from rtfractions.reports.envelope import Context, as_json

    with usage_error():
        loaded = protocols.find(protocol)
        decided = None if overlay is None else load_overlay(overlay, str(overlay))
        rules = loaded.protocol if decided is None else applied(loaded, decided.overlay)
        sets = sets_of(constraints, decided)
        if output.format == "pdf":
            check_report.refuse_pdf()
    sheets = () if lesions is None else (lesions,)
    inputs = find_inputs((*paths, *sheets), limit, allow_unusual=allow_unusual)
    review = _Review(fail_on)
    for patient in inputs.patients():
        findings = compliance.check(
            patient,
            rules,
            planned=planned,
            constraint_sets=sets,
            overlay=None if decided is None else decided.overlay,
            constraints_alpha_beta_gy=constraints_alpha_beta,
        )
        review.add(findings, decided, with_figures=output.format in ("html", "pdf"))
    if decided is not None:
        inputs.notices += decided.overlay.unmatched(review.lesions)
    counts = review.exit_counts(inputs.errors)
    context = Context(
        output.reproducible,
        inputs=tuple(inputs.inputs),
        notices=(*inputs.notices, *review.notices),
        errors=tuple(inputs.errors),
        exit_reasons=tuple(counts),
    )
    document = check_report.document(review.entries, loaded, context, overlay=decided)
    result: str | bytes
    if output.format == "json":
        result = as_json(document)
    elif output.format == "csv":
        result = check_report.as_csv(document)
    elif output.format == "junit":
        result = check_report.as_junit(document, failing=fail_on)
    elif output.format == "html":
        result = check_report.as_html(document, review.figures)
    elif output.format == "pdf":
        result = check_report.as_pdf(document, review.figures)
    else:
        result = check_report.as_text(document, every_check=output.verbose) if review.entries else ""
    named = (
        *paths,
        Path(protocol),
        *map(Path, constraints),
        *sheets,
        *(() if overlay is None else (overlay,)),
    )
    output.finish(result, context, inputs=named, summary=_summary(counts), exit_zero=exit_zero)


@dataclass(slots=True)
class _Review:
    """What was found so far: entries of the document, and what the exit code rests on."""

    fail_on: tuple[str, ...]
    entries: list[PatientEntry] = field(default_factory=list)
    figures: list[PatientFigures] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    lesions: dict[str, list[str]] = field(default_factory=dict)
    failed: int = 0
    undecided: int = 0

    def add(self, findings: PatientFindings, decided: LoadedOverlay | None, *, with_figures: bool) -> None:
        """Take in a patient; its dose grids may go after this."""
        from rtfractions.reports import check_report
        from rtfractions.verdicts import Verdict

        self.entries.append(check_report.patient_entry(findings, overlay=decided))
        if with_figures:
            from rtfractions.reports.check_figures import figures_of

            self.figures.append(figures_of(findings))
        self.notices += findings.notices
        self.lesions[findings.patient.label] = [lesion.label for lesion in findings.patient.lesions]
        self.failed += (
            findings.verdict is Verdict.DEVIATION_UNACCEPTABLE
            or ("variation" in self.fail_on and findings.has(Verdict.VARIATION_ACCEPTABLE))
            or ("advisory" in self.fail_on and findings.exceeds_advisory)
        )
        self.undecided += findings.verdict in (Verdict.QUERY, Verdict.NOT_EVALUABLE)

    def exit_counts(self, errors: Sequence[RTFractionsError]) -> dict[ExitCode, int]:
        """How many refusals and patients speak for each exit code, in order of precedence."""
        counts = {
            ExitCode.REFUSED: len(errors),
            ExitCode.DEVIATION: self.failed,
            ExitCode.UNDECIDED: self.undecided,
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

"""A review as one HTML file that stands by itself, on a screen and on paper; and the same as PDF."""

import base64
import hashlib
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module, resources
from typing import TYPE_CHECKING, Final

from jinja2 import Environment, FunctionLoader, StrictUndefined

from rtfractions.errors import RTFractionsError, counted
from rtfractions.reports import check_words, metric_entries
from rtfractions.reports.check_document import (
    AdvisoryEntry,
    CheckDocument,
    CheckEntry,
    IsoeffectEntry,
    LesionEntry,
    PatientEntry,
    TargetEntry,
)
from rtfractions.verdicts import Advice, Verdict

if TYPE_CHECKING:  # figures need numpy and matplotlib; a lesion sheet has none
    from rtfractions.reports.check_figures import PatientFigures, Picture

SIGNS: Final = {
    Verdict.PER_PROTOCOL: "\u2713",
    Verdict.VARIATION_ACCEPTABLE: "\u2248",
    Verdict.DEVIATION_UNACCEPTABLE: "\u2715",
    Verdict.QUERY: "?",
    Verdict.NOT_EVALUABLE: "\u25cb",
    Verdict.NOT_APPLICABLE: "\u2013",
    Verdict.INFO: "i",
    Advice.KEPT: "\u2713",
    Advice.OBJECTIVE_EXCEEDED: "\u2191",
    Advice.LIMIT_EXCEEDED: "!",
}
"""A sign beside each verdict and advice: colour carries nothing that is not there without it."""

MEANINGS: Final = {
    Verdict.PER_PROTOCOL: "as the protocol says",
    Verdict.VARIATION_ACCEPTABLE: "outside, by no more than the protocol accepts",
    Verdict.DEVIATION_UNACCEPTABLE: "outside, and the source's text is unconditional",
    Verdict.QUERY: "the text or the data do not decide: a person must",
    Verdict.NOT_EVALUABLE: "a stated rule lacks its data",
    Verdict.NOT_APPLICABLE: "no rule, or it does not apply",
    Verdict.INFO: "recorded, grades nothing",
    Advice.KEPT: "of an advisory limit, which grades nothing: the dose keeps it",
    Advice.OBJECTIVE_EXCEEDED: "of an advisory limit that its source calls optimal or suggested: not kept",
    Advice.LIMIT_EXCEEDED: "of another advisory limit, mandatory or not said to be optimal: not kept",
}
"""What verdicts and advice mean."""

FORM_ROWS: Final = 9
FORM_LETTERS: Final = 170
"""How many rules the form for the chart lists, and how much it says of each, so that it stays one page."""


class PDFError(RTFractionsError, RuntimeError):
    """PDF that cannot be made here."""

    code = "pdf"


Checks = tuple[tuple[str | None, CheckEntry], ...]
"""Checks, each with its lesion; None for those of the patient."""


@dataclass(frozen=True, slots=True)
class Page:
    """A patient as the page shows it."""

    nth: int
    patient: PatientEntry
    pictures: "dict[str, tuple[Picture, ...]]"
    checks: Checks

    @property
    def ratios(self) -> tuple[float, ...]:
        """alpha/beta values that schedules are shown at."""
        return tuple(
            dict.fromkeys(i.alpha_beta_gy for lesion in self.patient.lesions for i in lesion.isoeffects)
        )

    @property
    def look(self) -> Checks:
        """What a person must decide or accept, worst first."""
        found = [
            one
            for one in self.checks
            if check_words.needs_a_look(one[1]) and not check_words.is_prior(one[1])
        ]
        worst = list(check_words.WORST_FIRST)
        return tuple(sorted(found, key=lambda one: worst.index(one[1].verdict)))

    @property
    def form_rows(self) -> tuple[tuple[str | None, CheckEntry, str], ...]:
        """The same for the form: a rule once, though several plans came to the same; with what is said of it."""
        alike: dict[tuple[str | None, str, Verdict], list[CheckEntry]] = {}
        for lesion, check in self.look:
            alike.setdefault((lesion, check.rule, check.verdict), []).append(check)
        rows = []
        for (lesion, _, _), checks in alike.items():
            said = textwrap.shorten(
                check_words.about(checks[0], self.plan(checks[0])), FORM_LETTERS, placeholder=" ..."
            )
            more = f" (and {len(checks) - 1} more)" if len(checks) > 1 else ""
            rows.append((lesion, checks[0], said + more))
        return tuple(rows)

    @property
    def queries(self) -> dict[str, Checks]:
        """What is open, by who must answer."""
        by_whom = {
            who: tuple(one for one in self.checks if one[1].asked_of == who) for who in check_words.ASKED
        }
        return {who: checks for who, checks in by_whom.items() if checks}

    @property
    def on_dose(self) -> Checks:
        """Rules on dose in a structure."""
        return tuple(one for one in self.checks if one[1].structure is not None)

    @property
    def dose_lines(self) -> dict[str, list[str]]:
        """How exact the doses are, in a line, and of which plans that is so."""
        lines: dict[str, list[str]] = {}
        for nth, plan in enumerate(self.patient.plans, start=1):
            if plan.dose is not None:
                lines.setdefault(check_words.dose_line(plan), []).append(f"plan {nth}")
        return lines

    @property
    def main_targets(self) -> tuple[TargetEntry, ...]:
        """The target that each lesion is planned on: its first, the PTV where it has one."""
        first: dict[str | None, TargetEntry] = {}
        for target in (target for plan in self.patient.plans for target in plan.targets):
            first.setdefault(target.lesion, target)
        return tuple(first.values())

    def plan(self, check: CheckEntry) -> str | None:
        """The plan that a check is about, by its number; None where there is but one, or it names none."""
        if check.plan_uid is None or len(self.patient.plans) == 1:
            return None
        return f"plan {self.plan_number(check.plan_uid)}"

    def plan_number(self, plan_uid: str | None) -> str:
        """The number of a plan in the page's headings; a dash where it is not among them."""
        known = [plan.plan_uid for plan in self.patient.plans]
        return str(known.index(plan_uid) + 1) if plan_uid in known else "-"


def as_html(
    document: CheckDocument, figures: "Sequence[PatientFigures]" = (), *, up: str | None = None
) -> str:
    """The document as one HTML file: no script, nothing loaded, the same bytes each time.

    Parameters
    ----------
    document : CheckDocument
        The document.
    figures : sequence of PatientFigures
        One for each patient of the document, or none at all.
    up : str, optional
        Address of the cohort's page, where this is one of its patients.
    """
    pictures = [one.by_lesion for one in figures] or [{} for _ in document.patients]
    pages = [
        Page(nth, patient, own, tuple(_checks(patient)))
        for nth, (patient, own) in enumerate(zip(document.patients, pictures, strict=True), start=1)
    ]
    style = _file("check.css")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return (
        _environment()
        .get_template("check.html.j2")
        .render(
            document=document,
            pages=pages,
            style=style,
            style_hash=digest,
            up=up,
            notes=check_words.other_warnings(document),
            title=_title(document),
            written=_written(document),
            unread=counted(len(document.errors), "input") + " refused" if document.errors else "",
        )
    )


def refuse_pdf() -> None:
    """Refuse PDF before anything is read, where it cannot be made.

    Raises
    ------
    PDFError
        If WeasyPrint is not installed, or what it needs is not.
    """
    try:
        import_module("weasyprint")
    except ImportError:
        raise PDFError(
            "PDF needs WeasyPrint, which is not installed",
            remedy="install rtfractions[pdf], or print the page that --format html writes",
        ) from None
    except OSError:
        raise PDFError(
            "PDF needs libraries that WeasyPrint does not find here (Pango)",
            remedy="install them, or print the page that --format html writes",
        ) from None


def as_pdf(document: CheckDocument, figures: "Sequence[PatientFigures]" = ()) -> bytes:
    """The page of `as_html` as PDF.

    Raises
    ------
    PDFError
        As `refuse_pdf`.
    """
    refuse_pdf()
    import logging

    import weasyprint

    logging.getLogger("weasyprint").setLevel(logging.CRITICAL)  # of style that is for screens
    nothing_loaded = weasyprint.urls.URLFetcher(allowed_protocols=["data"], allow_redirects=False)
    pdf: bytes = weasyprint.HTML(string=as_html(document, figures), url_fetcher=nothing_loaded).write_pdf()
    return pdf


def load_templates() -> None:
    """Have the page's templates ready before they are needed, as for processes that are forked for each patient."""
    for name in ("check.html.j2", "check_patient.html.j2", "check_form.html.j2", "check_parts.html.j2"):
        _environment().get_template(name)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FunctionLoader(_file),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals.update(
        sign=SIGNS.__getitem__,
        meanings=MEANINGS,
        form_rows=FORM_ROWS,
        counted=counted,
        isoeffect=_isoeffect,
        sources=_sources,
        with_number=_with_number,
        without_number=_without_number,
        advisory_rows=_advisory_rows,
        about=check_words.about,
        asked=check_words.ASKED,
        verifications=check_words.VERIFICATIONS,
        dose_facts=check_words.dose_facts,
        exceeded_words=check_words.exceeded_words,
        metric_line=check_words.metric_line,
        metric_tables=check_words.metric_tables,
        number=check_words.number,
        observed=check_words.observed_text,
        prior_words=check_words.prior_words,
        refusals=check_words.refusals,
        required=check_words.required_text,
        signed=check_words.signed,
        percent=metric_entries.percent,
        volume=metric_entries.volume,
    )
    return environment


def _file(name: str) -> str:
    return resources.files("rtfractions.reports").joinpath("templates", name).read_text("utf-8")


def _title(document: CheckDocument) -> str:
    if len(document.patients) == 1:
        (patient,) = document.patients
        return f"{patient.patient}: {patient.verdict.words} ({document.protocol.id})"
    return f"{counted(len(document.patients), 'patient')} against {document.protocol.id}"


def _written(document: CheckDocument) -> str:
    if document.generated_at is None:
        return "time of writing left out"
    return document.generated_at.replace("T", " ").replace("Z", " UTC")


def _checks(patient: PatientEntry) -> Iterator[tuple[str | None, CheckEntry]]:
    for lesion in patient.lesions:
        for check in lesion.checks:
            yield lesion.lesion, check
    for check in patient.checks:
        yield None, check


def _sources(checks: Checks) -> list[str]:
    """The sources of checks, each once."""
    return list(dict.fromkeys(check.source for _, check in checks if check.source is not None))


def _with_number(checks: Checks) -> Checks:
    return tuple(one for one in checks if one[1].observed is not None)


def _without_number(checks: Checks) -> Checks:
    return tuple(one for one in checks if one[1].observed is None)


def _isoeffect(lesion: LesionEntry, alpha_beta_gy: float) -> IsoeffectEntry | None:
    return next((one for one in lesion.isoeffects if one.alpha_beta_gy == alpha_beta_gy), None)


def _advisory_rows(advisory: AdvisoryEntry) -> Checks:
    """Exceeded limits first, then those that could not be compared, then those that are kept."""
    order = check_words.WORST_FIRST
    return tuple((None, check) for check in sorted(advisory.checks, key=lambda c: order.index(c.said)))

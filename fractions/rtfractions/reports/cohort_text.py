"""The cohort for a reader at a terminal."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from rtfractions.errors import counted
from rtfractions.reports.cohort import AdvisorySetEntry, AuditDocument, CountEntry, GroupEntry
from rtfractions.reports.tables import aligned
from rtfractions.reports.wrapping import wrapped
from rtfractions.verdicts import Verdict

MOST_LISTED: Final = 12
"""How many questions, refusals or patients of a kind are listed unless all are asked for."""

QUIET: Final = frozenset({"per_protocol", "not_applicable", "info"})
"""Verdicts that nobody need look at."""

UNCERTAIN: Final = (
    "Uncertain: alpha/beta within its interval, sampling of the dose, or another reading changes the verdict."
)
"""What is meant by it."""


def as_text(document: AuditDocument, *, everything: bool = False) -> str:
    """The document as text.

    Parameters
    ----------
    document : AuditDocument
        The document.
    everything : bool, default False
        List every patient, question and refusal.
    """
    most = None if everything else MOST_LISTED
    rules = document.protocol
    head = (
        f"{rules.id} {rules.title}: {rules.version}\n"
        f"Rules read from a {rules.basis.replace('_', ' ')}; grading bands and roll-up are this program's. "
        f"Protocol sha256 {rules.sha256[:12]}.\n"
        f"{counted(document.patients_found, 'patient')} found, "
        f"{counted(document.lesions_on_study, 'lesion')} on study. "
        "Intervals are exact 95 % intervals (Clopper-Pearson).\n"
    )
    parts = [
        head,
        _overlay(document),
        _counts("Patients", document.outcomes, document.patients_found),
        _counts("Lesions on study", document.lesions, document.lesions_on_study),
        _groups("Checks by rule", "rule", document.rules if everything else folded(document.rules)),
        _groups("Lesions on study by site", "site", document.sites),
        _counts("Prescribed schedules of lesions on study", document.schedules, document.lesions_on_study),
        _doses(document),
        _conditions(document),
        _advisory(document, most),
        _published(document),
        _missing(document, most),
        _questions(document, most),
        _refused(document, most),
        "".join(wrapped(f"note: {warning.message}") for warning in document.warnings),
    ]
    if everything:
        parts.insert(3, _patients(document))
    return "\n".join(part for part in parts if part)


def percent(entry: CountEntry) -> str:
    """A proportion in %, a dash of nothing."""
    return "-" if entry.proportion is None else f"{100 * entry.proportion:.1f} %"


def interval(entry: CountEntry) -> str:
    """The interval of a proportion in %."""
    return (
        "-"
        if entry.low is None or entry.high is None
        else f"{100 * entry.low:.1f} to {100 * entry.high:.1f} %"
    )


def words(name: str) -> str:
    """A verdict or status as a person reads it."""
    return name.replace("_", " ")


def _counts(title: str, entries: Sequence[CountEntry], of: int) -> str:
    rows = [[title, "number", "share", "95 % interval"]]
    rows += [[words(e.name), str(e.count), percent(e), interval(e)] for e in entries if e.count]
    if len(rows) == 1:
        return ""
    rows.append(["together", str(of), "", ""])
    return aligned(rows, right=(1, 2, 3))


def _groups(title: str, what: str, groups: Sequence[GroupEntry]) -> str:
    if not groups:
        return ""
    there = {entry.name for group in groups for entry in group.verdicts}
    columns = [str(verdict) for verdict in Verdict if verdict in there]
    uncertain = any(group.uncertain for group in groups)
    rows = [[what, *map(words, columns), "together", *(["uncertain"] if uncertain else [])]]
    for group in groups:
        counts = {entry.name: entry.count for entry in group.verdicts}
        numbers = [counts.get(name, 0) for name in columns]
        rows.append([group.name, *map(str, (*numbers, group.total, *([group.uncertain] * uncertain)))])
    text = f"{title}\n" + aligned(rows, right=range(1, len(rows[0])))
    return f"{text}{UNCERTAIN}\n" if uncertain else text


def folded(groups: Sequence[GroupEntry]) -> tuple[GroupEntry, ...]:
    """Rules on dose that nobody need look at as one row for each kind (``organ.``, ``target.``, ``conformity.``).

    Parameters
    ----------
    groups : sequence of GroupEntry
        Checks by rule; rules that leave something open, or that are uncertain, keep their rows.
    """
    kept: dict[str, list[GroupEntry]] = {}
    shown = []
    for group in groups:
        kind, dot, _ = group.name.partition(".")
        quiet = not group.uncertain and {entry.name for entry in group.verdicts} <= QUIET
        if dot and quiet:
            kept.setdefault(f"{kind}.", []).append(group)
        else:
            shown.append(group)
    for kind, alike in kept.items():
        if len(alike) == 1:
            shown += alike
            continue
        counts: Counter[str] = Counter()
        for group in alike:
            counts.update({entry.name: entry.count for entry in group.verdicts})
        entries = tuple(CountEntry(name, counts[name], counts.total(), None, None, None) for name in counts)
        others = "others" if any(group.name.startswith(kind) for group in shown) else "rules"
        shown.append(GroupEntry(f"{kind} ({len(alike)} {others})", counts.total(), 0, entries))
    return tuple(sorted(shown, key=lambda group: group.name))


def _overlay(document: AuditDocument) -> str:
    overlay = document.overlay
    if overlay is None:
        return ""
    lines = [
        wrapped(f"Overlay of {overlay.name}, {overlay.role}, {overlay.date}: {overlay.reason}"),
        f"  sha256 {overlay.sha256}\n",
        *(wrapped(line, "  ") for line in overlay.decides),
    ]
    return "".join(lines)


def advisory_words(entry: AdvisorySetEntry) -> str:
    """What a set says of the cohort, in a line."""
    translated = (
        f", {entry.translated} of them translated from another fractionation" if entry.translated else ""
    )
    uncertain = f"; {entry.uncertain} uncertain" if entry.uncertain else ""
    number = entry.kept + entry.exceeded + entry.undecided
    return (
        f"{entry.patients.count} of {counted(entry.patients.of, 'patient')} with a limit exceeded; "
        f"{counted(number, 'check')}{translated}: {entry.exceeded} exceeded, {entry.kept} kept, "
        f"{entry.undecided} not decided{uncertain}"
    )


def _advisory(document: AuditDocument, most: int | None) -> str:
    parts = []
    for entry in document.advisory:
        parts.append(wrapped(f"Advisory, no grade: {entry.id} {entry.title} (sha256 {entry.sha256[:12]})"))
        parts.append(wrapped(advisory_words(entry), "  "))
        rows = [["limit exceeded", "checks", "of", "patients"]]
        rows += [
            [limit.rule, str(limit.checks), str(limit.of), str(len(limit.patients))]
            for limit in entry.limits[:most]
        ]
        if entry.limits:
            parts.append(aligned(rows, right=(1, 2, 3), indent="  ") + _more(len(entry.limits), most))
    return "".join(parts)


def _doses(document: AuditDocument) -> str:
    if not document.doses:
        return ""
    rows = [["Doses of lesions on study [Gy]", "lesions", "mean", "median", "range"]]
    rows += [
        [e.name, str(e.count), f"{e.mean:.2f}", f"{e.median:.2f}", f"{e.minimum:.2f} to {e.maximum:.2f}"]
        for e in document.doses
    ]
    return aligned(rows, right=(1, 2, 3, 4))


def _conditions(document: AuditDocument) -> str:
    stated, confirmed = (
        next((entry.count for entry in document.conditions if entry.name == name), 0)
        for name in ("stated", "confirmed")
    )
    if not stated + confirmed:
        return ""
    return f"Conditions accepted on the site's statement, not verified: {stated}; confirmed by an overlay: {confirmed}\n"


def _published(document: AuditDocument) -> str:
    if not document.published:
        return ""
    rows = [["Published totals of the trial", "published", "found", "", "source"]]
    rows += [
        [e.name, str(e.published), str(e.found), "agrees" if e.agrees else "differs", e.source]
        for e in document.published
    ]
    return aligned(rows, right=(1, 2))


def _missing(document: AuditDocument, most: int | None) -> str:
    lines = [
        wrapped(
            f"{entry.kind}: {counted(len(entry.patients), 'patient')}: {_listed(entry.patients, most)}", "  "
        )
        for entry in document.missing
    ]
    return "Missing files\n" + "".join(lines) if lines else ""


def _questions(document: AuditDocument, most: int | None) -> str:
    parts = []
    for group in document.questions:
        parts.append(wrapped(f"{counted(len(group.questions), 'question')} for {group.to}"))
        for question in group.questions[:most]:
            who = question.patient if question.lesion is None else f"{question.patient} {question.lesion}"
            readings = f" [{'; '.join(question.readings)}]" if question.readings else ""
            parts.append(
                wrapped(
                    f"{who} {question.rule}: {words(question.verdict)}: {question.message}{readings}", "  "
                )
            )
        parts.append(_more(len(group.questions), most))
    return "".join(parts)


def _refused(document: AuditDocument, most: int | None) -> str:
    lines = [wrapped(f"refused: {error}") for error in document.errors[:most]]
    return "".join(lines) + _more(len(document.errors), most)


def _patients(document: AuditDocument) -> str:
    rows = [["patient", "outcome", "lesions", "refused", "found in"]]
    rows += [
        [line.patient, words(line.outcome), str(line.lesions), str(line.refused), line.found_in or "-"]
        for line in document.patients
    ]
    return aligned(rows, right=(2, 3))


def _listed(names: Sequence[str], most: int | None) -> str:
    shown = ", ".join(names[:most])
    return shown if most is None or len(names) <= most else f"{shown} and {len(names) - most} more"


def _more(number: int, most: int | None) -> str:
    return "" if most is None or number <= most else f"  and {number - most} more\n"

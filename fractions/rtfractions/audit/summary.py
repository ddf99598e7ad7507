"""The cohort summed up from its result files, read one after the other: nothing is carried over from the run."""

import math
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from rtfractions.audit.cohort_advisory import AdvisoryTally, count_entry
from rtfractions.audit.descriptive import spread
from rtfractions.audit.folder import PATIENTS, OutputFolder
from rtfractions.audit.grading import DEFECT
from rtfractions.audit.manifest import Manifest, PublishedTotal
from rtfractions.audit.questions import ADDRESSEES, addressee
from rtfractions.audit.result_files import has_page, read_result
from rtfractions.errors import Where
from rtfractions.protocols.vocabulary import known_site_words, site_words
from rtfractions.reports import cohort
from rtfractions.reports.cohort import AuditDocument, CountEntry, GroupEntry, QuestionEntry
from rtfractions.reports.cohort_results import Check, LesionOf, ResultFile, Said, Status
from rtfractions.reports.envelope import Context, Message
from rtfractions.verdicts import Verdict

VERDICTS: Final = tuple(verdict for verdict in Verdict if verdict is not Verdict.INFO)
"""Verdicts that a patient or a lesion may come to, in the order of the report."""

OUTCOMES: Final = (
    *(str(v) for v in VERDICTS),
    *(str(s) for s in Status if s is not Status.GRADED),
    cohort.NOT_RUN,
)
"""What may have become of a patient."""

KINDS: Final = {
    "RTPLAN": "RT Plan",
    "RTSTRUCT": "RT Structure Set",
    "RTDOSE": "RT Dose",
    "RTRECORD": "RT Treatment Record",
}
"""Kinds of files that a review may need, by modality."""

REGIONS: Final = frozenset({"intracranial", "extracranial"})
"""Words of the vocabulary that say less than a site."""

UNMATCHED: Final = "overlay.unmatched"
"""Code of the notice that an overlay names a lesion that is not there: a patient's, and the cohort's to be seen."""

BAR_GY: Final = 10.0
"""Width of the bars of histograms of dose, unless there would be too many."""

MOST_BARS: Final = 30
"""Of a histogram."""


@dataclass(slots=True)
class _Tally:
    """What has been counted so far."""

    outcomes: Counter[str] = field(default_factory=Counter)
    lesions: Counter[str] = field(default_factory=Counter)
    rules: dict[str, Counter[str]] = field(default_factory=dict)
    uncertain: Counter[str] = field(default_factory=Counter)
    advisory: AdvisoryTally = field(default_factory=AdvisoryTally)
    warnings: list[Message] = field(default_factory=list)
    sites: dict[str, Counter[str]] = field(default_factory=dict)
    schedules: Counter[str] = field(default_factory=Counter)
    doses: dict[str, list[float]] = field(default_factory=dict)
    bases: Counter[str] = field(default_factory=Counter)
    missing: dict[str, list[str]] = field(default_factory=dict)
    questions: dict[str, list[QuestionEntry]] = field(default_factory=dict)
    lines: list[cohort.PatientLine] = field(default_factory=list)
    errors: list[Message] = field(default_factory=list)
    reasons: Counter[int] = field(default_factory=Counter)


def summarise(folder: OutputFolder, manifest: Manifest, *, fail_on: Collection[str] = ()) -> AuditDocument:
    """The cohort's document, from the manifest and the result files of an output folder.

    Parameters
    ----------
    folder : OutputFolder
        The audit's.
    manifest : Manifest
        Which patients were found.
    fail_on : collection of str
        What counts as a deviation for the exit code too: ``"variation"``, ``"advisory"``.
    """
    tally = _Tally()
    tally.errors += manifest.errors
    for found in manifest.patients:
        result = read_result(folder, found.patient, protocol_sha256=manifest.protocol.sha256)
        if result is None:
            tally.outcomes[cohort.NOT_RUN] += 1
            tally.lines.append(
                cohort.PatientLine(found.label, cohort.NOT_RUN, "no result yet", 0, 0, None, None)
            )
            tally.reasons[4] += 1
            continue
        page = f"{PATIENTS}/{found.patient}.html" if has_page(folder, found.patient, result) else None
        _count(result, found.label, page, tally, fail_on)
    tally.reasons[3] += len(manifest.errors)
    return _document(manifest, tally)


def _count(result: ResultFile, label: str, page: str | None, tally: _Tally, fail_on: Collection[str]) -> None:
    """Count one patient."""
    tally.outcomes[result.outcome] += 1
    tally.errors += [_of_patient(label, error) for error in result.errors]
    tally.warnings += [_of_patient(label, said) for said in result.warnings if said.code == UNMATCHED]
    review = result.review
    headline = result.reason or "" if review is None else review.headline
    number = 0 if review is None else sum(lesion.on_study for lesion in review.lesions)
    tally.lines.append(
        cohort.PatientLine(label, result.outcome, headline, number, len(result.errors), result.found_in, page)
    )
    tally.reasons[3] += len(result.errors)
    tally.reasons[DEFECT] += DEFECT in result.exit_reasons
    read = {file.modality for file in result.inputs}
    if result.status in (Status.GRADED, Status.REFUSED):
        for modality, kind in KINDS.items():
            if modality not in read:
                tally.missing.setdefault(kind, []).append(label)
    if review is None:
        return
    for check in review.checks:
        _count_check(check, label, None, tally)
    for lesion in review.lesions:
        if lesion.on_study:
            _count_lesion(lesion, label, tally)
    failed = review.verdict is Verdict.DEVIATION_UNACCEPTABLE
    graded = [
        *review.checks,
        *(check for lesion in review.lesions if lesion.on_study for check in lesion.checks),
    ]
    if "variation" in fail_on:
        failed |= any(check.verdict is Verdict.VARIATION_ACCEPTABLE for check in graded)
    exceeded = [tally.advisory.count(advisory, label) for advisory in review.advisory]
    if "advisory" in fail_on:
        failed |= any(exceeded)
    tally.reasons[1] += failed
    tally.reasons[4] += review.verdict in (Verdict.QUERY, Verdict.NOT_EVALUABLE)


def _of_patient(label: str, error: Said) -> Message:
    where = error.where
    return Message(
        error.code,
        f"patient {label}: {error.message}",
        Where(where.file, where.tag, where.structure, where.row, where.column),
    )


def _count_check(check: Check, label: str, lesion: str | None, tally: _Tally) -> None:
    tally.rules.setdefault(check.rule, Counter())[check.verdict] += 1
    tally.uncertain[check.rule] += bool(check.uncertain)
    if check.basis is not None:
        tally.bases[check.basis] += 1
    to = addressee(check)
    if to is not None:
        readings = tuple(f"{r.id}, {r.text}: {r.verdict.words}" for r in check.readings)
        question = QuestionEntry(label, lesion, check.rule, check.verdict, check.message, readings)
        tally.questions.setdefault(to, []).append(question)


def _count_lesion(lesion: LesionOf, label: str, tally: _Tally) -> None:
    tally.lesions[lesion.verdict] += 1
    tally.schedules[lesion.schedule or "not known"] += 1
    for site in _sites(lesion.site):
        tally.sites.setdefault(site, Counter())[lesion.verdict] += 1
    for worth in lesion.isoeffects:
        ratio = f"{worth.alpha_beta_gy:g}"
        tally.doses.setdefault(f"BED(a/b={ratio})", []).append(worth.bed_gy)
        if worth.eqd2_gy is not None:
            tally.doses.setdefault(f"EQD2Gy(a/b={ratio})", []).append(worth.eqd2_gy)
    for check in lesion.checks:
        _count_check(check, label, lesion.lesion, tally)


def _sites(site: str | None) -> list[str]:
    """The vocabulary's name of a lesion's site: one, so that sites add up to lesions."""
    if site is None:
        return ["not stated"]
    words = site_words(site) & known_site_words()
    names = sorted(words - REGIONS) or sorted(words)
    return [" and ".join(names)] if names else ["not known to the vocabulary"]


def _document(manifest: Manifest, tally: _Tally) -> AuditDocument:
    found = len(manifest.patients)
    lesions = sum(tally.lesions.values())
    head = Context(True, exit_reasons=_exit_reasons(tally.reasons)).head("rtfractions.audit/1")
    head["inputs"], head["errors"] = manifest.inputs, tuple(tally.errors)
    head["warnings"] = (*manifest.warnings, *tally.warnings)
    return AuditDocument(
        **head,
        exit_counts=tuple(cohort.ReasonEntry(code, tally.reasons[code]) for code in head["exit_reasons"]),
        protocol=manifest.protocol,
        overlay=manifest.overlay,
        options=manifest.options,
        patients_found=found,
        lesions_on_study=lesions,
        outcomes=_counts(tally.outcomes, found, OUTCOMES),
        lesions=_counts(tally.lesions, lesions, VERDICTS),
        rules=tuple(_groups(tally.rules, tally.uncertain)),
        sites=tuple(_groups(tally.sites, Counter())),
        schedules=_counts(tally.schedules, lesions, _commonest(tally.schedules)),
        doses=tuple(
            cohort.SpreadEntry(name, "Gy", s.count, s.mean, s.median, s.minimum, s.maximum)
            for name, values in sorted(tally.doses.items())
            if (s := spread(values)) is not None
        ),
        dose_histograms=tuple(
            cohort.HistogramEntry(name, "Gy", tuple(_bars(values)))
            for name, values in sorted(tally.doses.items())
        ),
        conditions=_counts(tally.bases, sum(tally.bases.values()), ("stated", "confirmed")),
        advisory=tally.advisory.entries(),
        published=tuple(_published(total, found, lesions, tally) for total in manifest.published),
        missing=tuple(
            cohort.MissingEntry(kind, tuple(sorted(tally.missing[kind])))
            for kind in KINDS.values()
            if kind in tally.missing
        ),
        questions=tuple(
            cohort.QuestionGroupEntry(to, tuple(tally.questions[to]))
            for to in ADDRESSEES
            if to in tally.questions
        ),
        patients=tuple(tally.lines),
    )


def _exit_reasons(reasons: Counter[int]) -> tuple[int, ...]:
    return tuple(code for code in (70, 3, 1, 4) if reasons[code])


def _counts(counts: Counter[str], of: int, names: Sequence[str]) -> tuple[CountEntry, ...]:
    """The counts in an order, zeros too; and what the order does not know behind, that they add up."""
    order = dict.fromkeys((*map(str, names), *sorted(map(str, counts))))
    return tuple(count_entry(name, counts[name], of) for name in order)


def _groups(groups: dict[str, Counter[str]], uncertain: Counter[str]) -> Iterator[GroupEntry]:
    for name in sorted(groups):
        counts = groups[name]
        total = sum(counts.values())
        entries = [count_entry(str(v), counts[v], total) for v in Verdict if counts[v]]
        yield GroupEntry(name, total, uncertain[name], tuple(entries))


def _commonest(counts: Counter[str]) -> list[str]:
    return sorted(counts, key=lambda name: (-counts[name], name))


def _bars(values: Sequence[float]) -> Iterator[cohort.BarEntry]:
    width = BAR_GY
    while (max(values) - min(values)) / width > MOST_BARS:
        width *= 2
    places = Counter(math.floor(value / width) for value in values)
    for i in range(min(places), max(places) + 1):
        yield cohort.BarEntry(i * width, (i + 1) * width, places[i])


def _published(total: PublishedTotal, patients: int, lesions: int, tally: _Tally) -> cohort.PublishedEntry:
    if total.of == "patients":
        name, found = "patients", patients
    elif total.schedule is None:
        name, found = "lesions on study", lesions
    else:
        name, found = f"lesions on study of {total.schedule}", tally.schedules[total.schedule]
    text = f"{name} ({total.text})" if total.text else name
    return cohort.PublishedEntry(text, total.count, found, found == total.count, total.source)

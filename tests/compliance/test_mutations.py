"""Nothing in a protocol is ignored: each key, limit and word, changed by one edit, is refused or changes a verdict.

Every key is left out and misspelt, every number moved both ways, every word swapped for each other word that may stand
there, every item of a list left out. What then changes no verdict must be one of the few things named below, with the
reason, and must be told: by a check's message, by the verdict under a reading, or by `protocol show`.
"""

import csv
import datetime
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from msgspec import inspect

from rtfractions import protocols
from rtfractions.compliance import Finding, PatientFindings, check
from rtfractions.errors import InputFileError
from rtfractions.patient import Lesion, LesionsFrom, Patient
from rtfractions.plans import Prescription, PrescriptionSource
from rtfractions.protocols import LoadedProtocol, Protocol, loader
from rtfractions.protocols.bounds import BoundText
from rtfractions.protocols.entries import MetricText, ScheduleText
from rtfractions.protocols.vocabulary import known_site_words, known_technique_words
from rtfractions.records import Delivery
from rtfractions.reports import protocol_report
from rtfractions.schedule_text import parse
from rtfractions.strict_yaml import Document, read

Review = Callable[[Protocol], Iterator[PatientFindings]]


@dataclass(frozen=True)
class Subject:
    """A protocol file, and the patients whose verdicts its edits must change."""

    name: str
    document: Document
    review: Review

    def load(self, value: object) -> LoadedProtocol:
        """An edited file; its bytes are kept, so that no hash tells of the edit."""
        return loader.from_document(Document(value, self.name, {(): (1, 1)}), b"")


# --- edits ------------------------------------------------------------------------------------------------------------

Edit = tuple[str, object]
"""Where a value stands (`lesions.max`) and what is done to it, and the whole file after."""


def edits_of(document: Any) -> Iterator[Edit]:
    """Every file that is one edit away."""
    yield from _edits(document, inspect.type_info(Protocol), "")
    for steps, value in _leaves(document):
        section = _SECTIONS.get(str(steps[-1]))
        for entry in document.get(section, ()) if section else ():
            if entry["id"] != value:
                yield f"{_text(steps)} = {entry['id']}", _with(document, steps, entry["id"])


_SECTIONS = {"source": "sources", "condition": "conditions", "ambiguity": "ambiguities"}
"""Keys that name an entry of a section of the file: each other entry is tried."""


Steps = tuple[str | int, ...]


def _leaves(value: Any, steps: Steps = ()) -> Iterator[tuple[Steps, Any]]:
    """Every value that is no mapping and no list, with the way to it."""
    inner = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    )
    if inner is None:
        yield steps, value
    else:
        for step, below in inner:
            yield from _leaves(below, (*steps, step))


def _with(value: Any, steps: Steps, leaf: object) -> Any:
    if not steps:
        return leaf
    changed = value.copy()
    changed[steps[0]] = _with(value[steps[0]], steps[1:], leaf)
    return changed


def _text(steps: Steps) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).lstrip(".")


def _edits(value: Any, kind: inspect.Type, path: str) -> Iterator[Edit]:
    """Each edit within a value: its path, and the value after it."""
    for option in _options(kind):
        if isinstance(option, inspect.StructType) and isinstance(value, dict):
            types = {field.encode_name: field.type for field in option.fields}
            for key, inner in value.items():
                here = f"{path}.{key}".lstrip(".")
                others = {k: v for k, v in value.items() if k != key}
                yield f"{here} left out", others
                yield f"{here} misspelt", {**others, f"{key}x": inner}
                for where, changed in _edits(inner, types[key], here):
                    yield where, {**value, key: changed}
            return
        if isinstance(option, inspect.VarTupleType | inspect.TupleType) and isinstance(value, list):
            for i, inner in enumerate(value):
                here = f"{path}[{i}]"
                yield f"{here} left out", value[:i] + value[i + 1 :]
                of = option.item_type if isinstance(option, inspect.VarTupleType) else option.item_types[i]
                for where, changed in _edits(inner, of, here):
                    yield where, [*value[:i], changed, *value[i + 1 :]]
            return
    for changed in _other_values(value, _options(kind)):
        yield f"{path} = {changed}", changed


def _options(kind: inspect.Type) -> tuple[inspect.Type, ...]:
    if isinstance(kind, inspect.Metadata):
        return _options(kind.type)
    if isinstance(kind, inspect.UnionType):
        return tuple(option for inner in kind.types for option in _options(inner))
    return (kind,)


def _other_values(value: Any, options: Sequence[inspect.Type]) -> Iterator[object]:
    customs = [option.cls for option in options if isinstance(option, inspect.CustomType)]
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int | float):
        steps = (value - 1, value + 1) if isinstance(value, int) else (value * 0.9, value * 1.1)
        yield from (*steps, value // 2 if isinstance(value, int) else value / 2, value * 2)
    elif ScheduleText in customs:
        yield from _other_schedules(value)
    elif BoundText in customs:
        yield from _other_bounds(value)
    elif MetricText in customs:
        yield from (metric for metric in ("Mean[Gy]", "Max[Gy]", "V20Gy[%]") if metric != value)
    else:
        for option in options:
            if isinstance(option, inspect.LiteralType):
                yield from (other for other in option.values if other != value)
            elif isinstance(option, inspect.StrType):
                yield f"{value}x"
                yield from _other_words(value)


def _other_schedules(text: str) -> Iterator[str]:
    total, fractions = text.split(" Gy / ")
    ends = total.split("-")
    for i, end in enumerate(ends):
        for changed in (int(end) - 1, int(end) + 1):
            yield f"{'-'.join([*ends[:i], str(changed), *ends[i + 1 :]])} Gy / {fractions}"
    yield f"{total} Gy / {int(fractions) + 1}"
    yield f"{total} Gy(RBE) / {fractions}"


def _other_bounds(text: str) -> Iterator[str]:
    operator, value, *unit = text.split()
    flipped = {"<": ">", ">": "<"}[operator[0]]
    yield " ".join([operator.replace(operator[0], flipped), value, *unit])
    for factor in (0.8, 1.25):
        yield " ".join([operator, f"{float(value) * factor:.4f}", *unit])


def _other_words(value: str) -> Iterator[str]:
    """A word of the vocabulary for another of its kind."""
    if value in known_site_words():
        yield from ({"intracranial", "extracranial", "lung", "brain"} - {value})
    if value in known_technique_words():
        yield from known_technique_words() - {value}


# --- what a review says ---------------------------------------------------------------------------------------------


def _all_findings(found: PatientFindings) -> Iterator[Finding]:
    yield from found.findings
    for lesion in found.lesions:
        yield from lesion.findings


def verdicts(found: PatientFindings) -> object:
    """The verdict of the patient, of each lesion and of each check."""
    return (
        found.verdict,
        [lesion.verdict for lesion in found.lesions],
        [(finding.rule, finding.verdict) for finding in _all_findings(found)],
    )


def under_readings(found: PatientFindings) -> object:
    """The verdicts under each reading of what is ambiguous."""
    return [[(r.id, r.verdict) for r in finding.readings] for finding in _all_findings(found)]


def told(loaded: LoadedProtocol, findings: Sequence[PatientFindings]) -> object:
    """What people read of a protocol: in a check, and of the protocol itself."""
    return (
        [_words(finding) for found in findings for finding in _all_findings(found)],
        protocol_report.show_as_text(loaded),
        protocol_report.show_as_csv(loaded),
    )


def _words(finding: Finding) -> object:
    citation = None if finding.source is None else finding.source.citation
    of_readings = [(reading.id, reading.text) for reading in finding.readings]
    return (finding.message, finding.rests_on, citation, finding.observed, finding.required, of_readings)


def effect_of(value: object, subject: Subject) -> str:
    """What an edit does: ``refused``, ``verdict``, ``reading``, ``told``, or ``nothing``."""
    try:
        loaded = subject.load(value)
    except InputFileError:
        return "refused"
    before = _before(subject.name)
    after = []
    for found, was in zip(subject.review(loaded.protocol), before, strict=True):
        if verdicts(found) != verdicts(was):
            return "verdict"
        after.append(found)
    if [under_readings(found) for found in after] != [under_readings(was) for was in before]:
        return "reading"
    original = subject.load(subject.document.value)
    return "told" if told(loaded, after) != told(original, before) else "nothing"


@cache
def _before(name: str) -> tuple[PatientFindings, ...]:
    subject = SUBJECTS[name]
    return tuple(subject.review(subject.load(subject.document.value).protocol))


# --- patients ---------------------------------------------------------------------------------------------------------


def lesion(schedule: str, label: str = "L1", **facts: Any) -> Lesion:
    return Lesion(label, Prescription(parse(schedule), PrescriptionSource.LESION_SHEET), **facts)


def patient(*lesions: Lesion) -> Patient:
    return Patient("P1", lesions, LesionsFrom.SHEET)


def days(count: int, start: str = "2026-01-05") -> Delivery:
    """A course of that many days, the first one included; 2026-01-05 is a Monday."""
    first = datetime.date.fromisoformat(start)
    return Delivery(first, first + datetime.timedelta(count - 1))


def verdict_cases(protocol: str) -> Iterator[Patient]:
    """The agreed cases, but for what a sheet's reader must say of them."""
    table = csv.DictReader(Path(__file__).with_name("verdict_cases.csv").read_text("utf-8").splitlines())
    rows = [row for row in table if row["protocol"] == protocol]
    for _, group in itertools.groupby(rows, key=lambda row: row["case"]):
        lesions = []
        for row in group:
            facts: dict[str, Any] = {
                key: row[key] or None for key in ("site", "technique", "intent", "justification")
            }
            dates = [datetime.date.fromisoformat(row[key]) if row[key] else None for key in ("start", "end")]
            delivered = int(row["fractions_delivered"]) if row["fractions_delivered"] else None
            facts["delivery"] = Delivery(dates[0], dates[1], delivered, row["stop_reason"] or None)
            facts["max_diameter_mm"] = float(row["max_diameter_mm"]) if row["max_diameter_mm"] else None
            facts["on_study"] = row["on_study"] != "no"
            lesions.append(lesion(row["schedule"], row["lesion"], **facts))
        yield patient(*lesions)


FACTS: dict[str, Any] = {
    "site": "bone", "technique": "SBRT", "intent": "palliative", "justification": "painful metastasis",
}  # fmt: skip


def some_facts() -> Iterator[dict[str, Any]]:
    """Every part of the facts of a lesion that is shown to be what a condition asks for."""
    for count in range(len(FACTS) + 1):
        for names in itertools.combinations(FACTS, count):
            yield {name: FACTS[name] for name in names}


def totals(*schedules: tuple[float, int]) -> Iterator[str]:
    """Schedules around listed ones: one Gy and one fraction away, and at the edge of 0.05 Gy and of 10 % of it."""
    for total, fractions in schedules:
        for away in (0, 1, -1, 0.05, 0.054, -0.05, -0.054, 0.046, 0.09, 0.1, -0.1):
            yield f"{total + away:.3f}Gy/{fractions}"
        yield f"{total:g}Gy/{fractions + 1}"
        yield f"{total:g}Gy(RBE)/{fractions}"


def re_induction(protocol: Protocol) -> Iterator[PatientFindings]:
    for case in (*verdict_cases("NCT03406468"), *_re_induction_edges()):
        yield check(case, protocol)


@cache
def _re_induction_edges() -> tuple[Patient, ...]:
    cases = [patient(lesion(schedule)) for schedule in totals((24, 3), (30, 3))]
    cases += [patient(lesion(schedule, **FACTS)) for schedule in totals((30, 10), (20, 5))]
    cases += [
        patient(lesion(schedule, site="brain", technique="SRS")) for schedule in totals((20, 1), (24, 1))
    ]
    cases += [
        patient(lesion(schedule, site="brain", technique="SRS", max_diameter_mm=diameter_mm))
        for schedule in ("20Gy/1", "22Gy/1", "24Gy/1", "24.05Gy/1")
        for diameter_mm in (9.0, 15.0, 19.0, 20.0, 20.5, 25.0, 39.0)
    ]
    cases += [
        patient(lesion(schedule, **facts)) for schedule in ("30Gy/10", "20Gy/5") for facts in some_facts()
    ]
    cases += [
        patient(lesion("20Gy/1", site=site, technique=technique))
        for site in (None, "brain", "pituitary", "lung", "bone")
        for technique in (None, "SRS", "SBRT", "3D", "IMRT", "VMAT", "protons")
    ]
    cases += [patient(*(lesion("24Gy/3", f"L{i}") for i in range(count))) for count in (1, 2, 3)]
    return tuple(cases)


def gensheimer(protocol: Protocol) -> Iterator[PatientFindings]:
    for case in (*verdict_cases("NCT03176173"), *_gensheimer_edges()):
        yield check(case, protocol)


@cache
def _gensheimer_edges() -> tuple[Patient, ...]:
    listed = totals((50, 5), (50, 10), (27, 3), (40, 10))
    cases = [patient(lesion(schedule, site="lung", delivery=days(14))) for schedule in listed]
    cases += [
        patient(lesion(schedule, site="lung", delivery=days(14)))
        for schedule in ("8Gy/1", "45Gy/9", "50Gy/20", "40Gy/10 BID", "40Gy/10 3/wk")
    ]
    cases += [
        patient(lesion("27Gy/3", site="lung", delivery=days(count, start)))
        for count in (*range(10, 18), 28, 29)
        for start in ("2026-01-05", "2026-01-07")
    ]
    cases += [patient(lesion("27Gy/3", site=site, delivery=days(5))) for site in ("brain", "bone", None)]
    cases += [
        patient(*(lesion("27Gy/3", f"L{i}", site="lung", delivery=days(5)) for i in range(count)))
        for count in (1, 2, 3, 4, 5, 8, 9)
    ]
    cases += [
        patient(
            lesion("27Gy/3", "L1", site="lung", delivery=days(5)),
            lesion("27Gy/3", "L2", site="lung", delivery=days(5, start)),
        )
        for start in ("2026-01-12", "2026-01-14", "2026-01-15", "2026-01-19", "2026-02-02")
    ]
    return tuple(cases)


def _of_library(name: str, review: Review) -> Subject:
    return _subject(name, loader.bundled(f"{name}.yaml")[0], review)


def _subject(name: str, text: str, review: Review) -> Subject:
    return Subject(name, read(text, file=name), review)


SUBJECTS = {
    subject.name: subject
    for subject in (_of_library("NCT03406468", re_induction), _of_library("NCT03176173", gensheimer))
}
"""The protocols whose every edit is tried, one line each; `_subject` takes the text of any other file."""


# --- what changes no verdict, and why ---------------------------------------------------------------------------------

DESCRIPTIVE = {
    "id = *": "the protocol's name",
    "title = *": "a name for people",
    "description*": "words for people",
    "version = *": "a name for people",
    "basis = *": "what kind of text was read",
    "sources?*?.kind = *": "what kind of text the source is",
    "sources?*?.label = *": "how verdicts name it",
    "sources?*?.citation = *": "where to find it",
    "sources?*?.note*": "what was not read of it",
    "*.text*": "the source's words, beside the rule that was made of them",
    "*.note*": "a remark",
    "*.group*": "a word for a schedule in messages",
    "*.source = *": "whose words a rule is: verdicts name it",
    "schedules.allowed?*?.id = *": "a schedule's name in tables",
    "silent*": "what no rule is made of",
    "not_graded*": "what no rule is made of",
    "published_totals*": "what the trial published: an audit sets its own totals beside it",
}
"""Keys that describe, and what they are for; `*` stands for any text."""

READINGS = {
    "ambiguities?*?.readings*": "a reading that does not decide is reported with its own verdict",
}
"""Keys that change the verdict under a reading only."""

NO_VERDICT = {
    "NCT03406468": {
        "schedules.list = stated": "only a closed list makes an unlisted schedule a deviation",
        "schedules.list = unknown": "only a closed list makes an unlisted schedule a deviation",
        "schedules.list = closed": "the source supports no more than a query",
        "schedules.worst_grade = *": "the list is open: no rule of schedules can come to a deviation",
        "schedules.allowed?0?.status = listed": "preferred and listed are both per protocol",
        "schedules.allowed?4?.schedule = *": "an unclear schedule and an unlisted one are both a query",
        "ambiguities?3?.default left out": "where the readings of AMB-SRS differ, the one that decides is the query",
        "schedules.allowed?3?.by_diameter.bands?1?*": "20 Gy or more is above 18 and above 15 Gy: a query in both bands",
        "schedules.allowed?3?.by_diameter.bands?2?*": "20 Gy or more is above 15 Gy, and above 40 mm there is no dose",
    },
    "NCT03176173": {
        "schedules.list = open": "only a closed list makes an unlisted schedule a deviation",
        "schedules.list = unknown": "only a closed list makes an unlisted schedule a deviation",
        "schedules.list = closed": "the source supports no more than a query",
        "schedules.worst_grade = *": "the list is not closed: no rule of schedules can come to a deviation",
        "schedules.allowed?*?.status = preferred": "preferred and listed are both per protocol",
    },
}
"""Edits that change no verdict for what else the protocol says."""


def reason_for(path: str, effect: str, name: str) -> str | None:
    """Why an edit may change no verdict; None where it must."""
    allowed = {**DESCRIPTIVE, **NO_VERDICT.get(name, {})}
    if effect == "reading":
        allowed = {**allowed, **READINGS}
    return next((reason for pattern, reason in allowed.items() if fnmatchcase(path, pattern)), None)


@pytest.mark.parametrize("name", SUBJECTS)
def test_no_edit_of_a_protocol_is_ignored(name: str) -> None:
    subject = SUBJECTS[name]
    ignored, counts = [], dict.fromkeys(("refused", "verdict", "reading", "told", "nothing"), 0)
    used: set[str] = set()
    for path, value in edits_of(subject.document.value):
        effect = effect_of(value, subject)
        counts[effect] += 1
        if effect in ("refused", "verdict"):
            continue
        reason = reason_for(path, effect, name)
        if reason is None or effect == "nothing":
            ignored.append(f"{path}: {effect}")
        used |= {pattern for pattern in NO_VERDICT.get(name, {}) if fnmatchcase(path, pattern)}
    assert ignored == [], "\n".join(ignored)
    assert set(NO_VERDICT.get(name, {})) == used, "an exception that nothing needs"
    assert min(counts["refused"], counts["verdict"]) > 50, counts


def test_every_bundled_protocol_is_tried() -> None:
    assert set(SUBJECTS) >= set(protocols.LIBRARY)


@pytest.mark.parametrize("name", SUBJECTS)
def test_every_kind_of_value_is_edited(name: str) -> None:
    """The walk reaches every leaf: what it yields for a file touches each of its scalars."""
    value = SUBJECTS[name].document.value
    touched = {path.rpartition(" = ")[0] for path, _ in edits_of(value) if " = " in path}
    only_word = ("rtfractions.protocol/1", "stated", "daily")  # of its key: it can only be left out
    assert touched >= {_text(steps) for steps, leaf in _leaves(value) if leaf not in only_word}

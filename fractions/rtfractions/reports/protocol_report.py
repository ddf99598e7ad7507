"""Protocols for people: the library as lists, and what one of them says, clause by clause."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import msgspec

from rtfractions.errors import counted
from rtfractions.protocols import LoadedProtocol, Protocol
from rtfractions.protocols.constraint_library import LoadedConstraintSet
from rtfractions.protocols.dose_rules import DoseRule, DoseRules, IndexRules, IsodoseRule
from rtfractions.protocols.overlays import LoadedOverlay
from rtfractions.protocols.schema import (
    AllowedSchedule,
    LesionCount,
    Need,
    Reading,
    Schedules,
    Sites,
    Timing,
    TimingSource,
)
from rtfractions.reports import constraint_set_report
from rtfractions.reports.constraint_set_report import ConstraintSetSummary
from rtfractions.reports.dose_limits import limits_table, structure_text
from rtfractions.reports.envelope import Context, Envelope
from rtfractions.reports.tables import aligned, csv_text


@dataclass(frozen=True, slots=True)
class ProtocolSummary:
    """A protocol in a line."""

    id: str
    title: str
    version: str
    basis: str
    schedules: tuple[str, ...]
    sha256: str


@dataclass(frozen=True, slots=True)
class OverlaySummary:
    """An overlay in a line; what it says of single patients is not in `decides`."""

    label: str
    protocol: str
    decides: tuple[str, ...]
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtocolListDocument(Envelope):
    """What `rtfractions protocol list` and `rtfractions protocol validate` print."""

    schema: Literal["rtfractions.protocol-list/1"]
    protocols: tuple[ProtocolSummary, ...]
    constraint_sets: tuple[ConstraintSetSummary, ...]
    overlays: tuple[OverlaySummary, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtocolShowDocument(Envelope):
    """What `rtfractions protocol show` prints: one of both is null, the other has the form of its file."""

    schema: Literal["rtfractions.protocol-show/1"]
    sha256: str
    protocol: dict[str, Any] | None
    constraint_set: dict[str, Any] | None


def list_document(
    loaded: Sequence[LoadedProtocol | LoadedConstraintSet | LoadedOverlay], context: Context
) -> ProtocolListDocument:
    """The document of several protocols, sets of constraints and overlays."""
    return ProtocolListDocument(
        **context.head("rtfractions.protocol-list/1"),
        protocols=tuple(_summary(one) for one in loaded if isinstance(one, LoadedProtocol)),
        constraint_sets=tuple(
            constraint_set_report.summary(one) for one in loaded if isinstance(one, LoadedConstraintSet)
        ),
        overlays=tuple(
            OverlaySummary(one.overlay.label, one.overlay.about.id, one.overlay.lines(), one.sha256)
            for one in loaded
            if isinstance(one, LoadedOverlay)
        ),
    )


def _summary(loaded: LoadedProtocol) -> ProtocolSummary:
    protocol = loaded.protocol
    schedules = tuple(
        f"{entry.schedule.range}" + ("" if entry.status == "listed" else f" ({entry.status})")
        for entry in protocol.schedules.allowed
    )
    return ProtocolSummary(
        protocol.id, protocol.title, protocol.version, protocol.basis, schedules, loaded.sha256
    )


def list_as_text(document: ProtocolListDocument) -> str:
    """The list as tables: protocols, then sets of constraints, then overlays."""
    rows = [["id", "title", "basis", "schedules"]]
    rows += [[p.id, p.title, p.basis.replace("_", " "), ", ".join(p.schedules)] for p in document.protocols]
    tables = [aligned(rows)] if document.protocols else []
    if document.constraint_sets:
        tables.append(constraint_set_report.list_as_text(document.constraint_sets))
    for overlay in document.overlays:
        decides = "".join(f"  {line}\n" for line in overlay.decides)
        tables.append(f"{overlay.label}, for {overlay.protocol}\n{decides}")
    return "\n".join(tables)


def list_as_csv(document: ProtocolListDocument) -> str:
    """The list as CSV, one row a protocol, a set of constraints or an overlay."""
    rows: list[tuple[str | int | None, ...]] = [
        (p.id, p.title, p.version, p.basis, "; ".join(p.schedules), p.sha256, "protocol", None, None)
        for p in document.protocols
    ]
    rows += [
        (s.id, s.title, s.version, None, None, s.sha256, "constraint_set", s.limits, s.disabled)
        for s in document.constraint_sets
    ]
    rows += [
        (o.protocol, o.label, None, None, None, o.sha256, "overlay", None, None) for o in document.overlays
    ]
    header = ("id", "title", "version", "basis", "schedules", "sha256", "kind", "limits", "disabled")
    return csv_text(header, rows)


def show_document(loaded: LoadedProtocol | LoadedConstraintSet, context: Context) -> ProtocolShowDocument:
    """The document of one protocol, or of one set of constraints."""
    protocol = loaded.protocol if isinstance(loaded, LoadedProtocol) else None
    constraint_set = loaded.constraint_set if isinstance(loaded, LoadedConstraintSet) else None
    return ProtocolShowDocument(
        **context.head("rtfractions.protocol-show/1"),
        sha256=loaded.sha256,
        protocol=msgspec.to_builtins(protocol, enc_hook=str),
        constraint_set=msgspec.to_builtins(constraint_set, enc_hook=str),
    )


def show_as_csv(loaded: LoadedProtocol) -> str:
    """The schedules of a protocol as CSV, one row a schedule."""
    protocol = loaded.protocol
    rows = [
        (
            e.id,
            str(e.schedule.range),
            e.status,
            e.group,
            _condition_text(e, protocol),
            protocol.source(e.source).citation,
        )
        for e in protocol.schedules.allowed
    ]
    return csv_text(("id", "schedule", "status", "group", "condition", "source"), rows)


def show_as_text(loaded: LoadedProtocol) -> str:
    """A protocol for a reader: every rule with its words, its source and its doubts."""
    return "\n".join(
        section
        for section in (
            _head(loaded),
            _schedules(loaded.protocol),
            _rules(loaded.protocol),
            _dose_rules(loaded.protocol),
            _doubts(loaded.protocol),
            _published(loaded.protocol),
        )
        if section
    )


def _head(loaded: LoadedProtocol) -> str:
    protocol = loaded.protocol
    lines = [f"{protocol.id} {protocol.title}: {protocol.version}"]
    if protocol.description is not None:
        lines.append(protocol.description)
    lines.append(f"basis: {protocol.basis.replace('_', ' ')}; sha256 {loaded.sha256}")
    for source in protocol.sources:
        note = f" ({source.note})" if source.note else ""
        lines.append(f"  {source.label}, {source.kind.replace('_', ' ')}: {source.citation}{note}")
    return "\n".join(lines) + "\n"


def _schedules(protocol: Protocol) -> str:
    rules = protocol.schedules
    rows = [["schedule", "status", "source", "condition or group"]]
    rows += [
        [
            str(entry.schedule.range),
            entry.status,
            protocol.source(entry.source).label,
            _condition_text(entry, protocol) or entry.group or "",
        ]
        for entry in rules.allowed
    ]
    tolerance = f"a total dose matches within {rules.match_tolerance_gy:g} Gy"
    head = f"Schedules: list {rules.list}, {tolerance}{_rests_on(rules, protocol)}\n"
    bands = "".join(_bands_text(entry, protocol) for entry in rules.allowed)
    return head + _quoted(rules.text) + aligned(rows, indent="  ") + bands


def _bands_text(entry: AllowedSchedule, protocol: Protocol) -> str:
    if entry.by_diameter is None:
        return ""
    bands = ", ".join(
        f"up to {band.up_to_mm:g} mm {band.max_dose_gy:g} Gy" for band in entry.by_diameter.bands
    )
    label = protocol.source(entry.by_diameter.source).label
    return f"  {entry.schedule.range} by largest diameter ({label}): {bands}; above that no dose\n"


def _rules(protocol: Protocol) -> str:
    lines = []
    if protocol.lesions is not None:
        rule = protocol.lesions
        number = f"{rule.min}" if rule.min == rule.max else f"{rule.min} to {rule.max}"
        unclear = _see(rule.ambiguity)
        lines.append(
            f"Lesions treated on study: {number}{unclear}{_rests_on(rule, protocol)}\n{_quoted(rule.text)}"
        )
    if protocol.sites is not None:
        sites = protocol.sites
        note = f"  {sites.note}\n" if sites.note else ""
        treated = ", ".join(sites.treated)
        lines.append(f"Sites: {treated}{_rests_on(sites, protocol)}\n{_quoted(sites.text)}{note}")
    if protocol.timing is not None:
        timing = protocol.timing
        lines.append(f"Timing: {_timing_text(timing)}{_rests_on(timing, protocol)}\n{_quoted(timing.text)}")
        lines += [
            f"  {entry.rule.replace('_', ' ')}{_rests_on(entry, protocol)}\n"
            for entry in timing.from_elsewhere
        ]
    return "".join(lines)


def _dose_rules(protocol: Protocol) -> str:
    """Rules on the plan's dose: isodose, targets, conformity, organs at risk, with names that structures have."""
    parts = []
    if protocol.prescription_isodose is not None:
        isodose = protocol.prescription_isodose
        low, high = isodose.percent_of_maximum
        head = f"Prescription isodose: {low:g} to {high:g} % of the largest dose to the target"
        parts.append(f"{head}{_rests_on(isodose, protocol)}\n{_quoted(isodose.text)}")
    for title, rules in (("Targets", protocol.targets), ("Organs at risk", protocol.organs_at_risk)):
        if rules is not None:
            parts.append(f"{title}{_rests_on(rules, protocol)}\n{_quoted(rules.text)}")
            organs: dict[str, list[DoseRule]] = {}
            for rule in rules.rules:
                organs.setdefault(structure_text(rule), []).append(rule)
            parts += [f"  {organ}\n{limits_table(own, protocol.source)}" for organ, own in organs.items()]
    if protocol.conformity is not None:
        indices = protocol.conformity
        table = limits_table(indices.rules, protocol.source)
        parts.append(f"Conformity{_rests_on(indices, protocol)}\n{_quoted(indices.text)}{table}")
    if protocol.aliases:
        parts.append("Names of structures\n")
        parts += [f"  {alias.structure}: {', '.join(alias.names)}\n" for alias in protocol.aliases]
    return "".join(parts)


def _timing_text(timing: Timing) -> str:
    parts: list[str] = []
    if timing.frequency is not None:
        parts.append(timing.frequency)
    if timing.max_fractions is not None:
        parts.append(f"at most {timing.max_fractions} fractions")
    if timing.overall is not None:
        days = timing.overall.days
        limit = "" if days is None else f" at most {days.max} days ({days.count})"
        parts.append(f"overall time{limit}{_see(timing.overall.ambiguity)}")
    if timing.scope is not None:
        of = "" if timing.scope.of is None else f" {timing.scope.of.replace('_', ' ')}"
        parts.append(f"scope{of}{_see(timing.scope.ambiguity)}")
    if timing.min_interval_hours is not None:
        parts.append(f"at least {timing.min_interval_hours:g} hours between fractions")
    if timing.max_gap_days is not None:
        parts.append(f"at most {counted(timing.max_gap_days, 'day')} from one fraction to the next")
    return ", ".join(parts)


def _doubts(protocol: Protocol) -> str:
    lines = []
    if protocol.ambiguities:
        lines.append("Ambiguities\n")
    for ambiguity in protocol.ambiguities:
        decided = (
            "readings that differ are a query"
            if ambiguity.default is None
            else f"{ambiguity.default} decides"
        )
        lines.append(f"  {ambiguity.id}: {ambiguity.text} ({decided})\n")
        lines += [
            f"      {reading.id}: {reading.text}{_reading_text(reading)}\n" for reading in ambiguity.readings
        ]
    if protocol.silent:
        lines.append(f"\nNo rule on\n{''.join(f'  {text}' + chr(10) for text in protocol.silent)}")
    if protocol.not_graded:
        lines.append("\nStated, not graded\n")
        lines += [
            f"  {entry.text} ({protocol.source(entry.source).label})\n" for entry in protocol.not_graded
        ]
    return "".join(lines)


def _published(protocol: Protocol) -> str:
    """What the trial published of its own data: audits set theirs beside it."""
    lines = []
    for total in protocol.published_totals:
        of = total.of if total.schedule is None else f"{total.of} of {total.schedule.range}"
        text = f", {total.text}" if total.text else ""
        lines.append(f"  {of}: {total.count}{text} ({protocol.source(total.source).label})\n")
    return f"Published totals, beside an audit's own; they grade nothing\n{''.join(lines)}" if lines else ""


def _reading_text(reading: Reading) -> str:
    if reading.verdict is not None:
        return f" -> {reading.verdict.replace('_', ' ')}"
    if reading.days is not None:
        return f" -> at most {reading.days.max} ({reading.days.count})"
    if reading.scope is not None:
        return f" -> {reading.scope.replace('_', ' ')}"
    return f" -> {_needs_text(reading.needs)}" if reading.needs is not None else ""


def _condition_text(entry: AllowedSchedule, protocol: Protocol) -> str | None:
    if entry.condition is not None:
        condition = protocol.condition(entry.condition)
        return f"{condition.text} ({_needs_text(condition.needs)}){_see(condition.ambiguity)}"
    return f"see {entry.ambiguity}" if entry.ambiguity is not None else None


def _see(ambiguity: str | None) -> str:
    return "" if ambiguity is None else f", see {ambiguity}"


def _needs_text(needs: Sequence[Need]) -> str:
    return "; ".join(
        f"{' or '.join(need.any)} {'stated' if need.is_ == 'stated' else 'is ' + ' or '.join(need.is_)}"
        for need in needs
    )


_Rule: TypeAlias = (
    Schedules | LesionCount | Sites | Timing | TimingSource | IsodoseRule | DoseRules | IndexRules
)


def _rests_on(rule: _Rule, protocol: Protocol) -> str:
    """The source of a rule and the worst grade it supports."""
    return f" ({protocol.source(rule.source).label}; at worst {rule.worst_grade.replace('_', ' ')})"


def _quoted(text: str | None) -> str:
    return f'  "{text}"\n' if text else ""

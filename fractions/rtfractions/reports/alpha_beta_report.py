"""Entries of the alpha/beta catalogue, for people and for programs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rtfractions.biology.alpha_beta import CATALOGUE_PREFIX
from rtfractions.biology.catalogue import CatalogueEntry
from rtfractions.biology.provenance import Verification
from rtfractions.notices import Notice
from rtfractions.reports.envelope import Context, Envelope
from rtfractions.reports.tables import aligned, csv_text


@dataclass(frozen=True, slots=True)
class IntervalEntry:
    """An interval as published; null ends are infinite, and an end at or below 0 says nothing but that."""

    low_gy: float | None
    high_gy: float | None
    level: str
    open_below: bool
    open_above: bool


@dataclass(frozen=True, slots=True)
class AlphaBetaEntry:
    """An alpha/beta ratio of the catalogue."""

    name: str
    category: str
    tissue: str
    endpoint: str
    alpha_beta_gy: float
    interval: IntervalEntry | None
    source: str
    verification: str
    quality: str
    note: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlphaBetaDocument(Envelope):
    """What `rtfractions alpha-beta` prints."""

    schema: Literal["rtfractions.alpha-beta/1"]
    words: tuple[str, ...]
    entries: tuple[AlphaBetaEntry, ...]


def notices(entries: Sequence[CatalogueEntry]) -> tuple[Notice, ...]:
    """What must be said of entries that were not checked against their source."""
    unverified = sum(entry.verification is not Verification.VERIFIED for entry in entries)
    if not unverified:
        return ()
    return (
        Notice(
            "alpha-beta.unverified",
            f"entries not verified against their source: {unverified} of {len(entries)}",
        ),
    )


def document(words: Sequence[str], entries: Sequence[CatalogueEntry], context: Context) -> AlphaBetaDocument:
    """The document of a search.

    Parameters
    ----------
    words : sequence of str
        What was searched for.
    entries : sequence of CatalogueEntry
        What was found.
    context : Context
        The head of the document.
    """
    return AlphaBetaDocument(
        **context.head("rtfractions.alpha-beta/1"),
        words=tuple(words),
        entries=tuple(_entry(entry) for entry in entries),
    )


def _entry(entry: CatalogueEntry) -> AlphaBetaEntry:
    interval = entry.interval
    return AlphaBetaEntry(
        name=entry.name,
        category=entry.category,
        tissue=entry.tissue,
        endpoint=entry.endpoint,
        alpha_beta_gy=entry.value_gy,
        interval=None
        if interval is None
        else IntervalEntry(
            low_gy=entry.low_gy,
            high_gy=entry.high_gy,
            level=interval.level,
            open_below=interval.low_gy is None,
            open_above=interval.high_gy is None,
        ),
        source=entry.source,
        verification=entry.verification.value,
        quality=entry.quality,
        note=entry.note or None,
    )


def as_text(document: AlphaBetaDocument) -> str:
    """The entries as a table, their sources below."""
    rows = [["name", "category", "tissue: endpoint", "a/b in Gy", "interval", "checked", "quality"]]
    rows += [
        [
            e.name,
            e.category,
            f"{e.tissue}: {e.endpoint}",
            f"{e.alpha_beta_gy:g}",
            _interval_text(e.interval),
            e.verification.replace("_", " "),
            e.quality,
        ]
        for e in document.entries
    ]
    sources = "".join(
        f"{e.name}: {e.source}{_marked(e)}" + (f"; {e.note}" if e.note else "") + "\n"
        for e in document.entries
    )
    states = dict.fromkeys(Verification(e.verification) for e in document.entries)
    legend = "".join(
        f"{s.value.replace('_', ' ')}: {s.words}\n" for s in states if s is not Verification.VERIFIED
    )
    if any(e.interval and (e.interval.open_below or e.interval.open_above) for e in document.entries):
        legend += "an interval that reaches 0 or infinity is open on that side\n"
    use = f"Use one by its name: rtfractions bed SCHEDULE --alpha-beta {CATALOGUE_PREFIX}NAME\n"
    return f"{aligned(rows, right=[3])}\n{sources}\n{legend}{use}"


def _marked(entry: AlphaBetaEntry) -> str:
    state = Verification(entry.verification)
    return f" [{state.words}]" if state is not Verification.VERIFIED else ""


def _interval_text(interval: IntervalEntry | None) -> str:
    if interval is None:
        return ""
    low = "-inf" if interval.low_gy is None else f"{interval.low_gy:g}"
    high = "inf" if interval.high_gy is None else f"{interval.high_gy:g}"
    level = f"{interval.level} %" if interval.level.isdigit() else interval.level
    return f"{low} to {high} ({level})"


def as_csv(document: AlphaBetaDocument) -> str:
    """The entries as CSV, one row each; ends of an interval that are infinite are empty."""
    header = (
        "name",
        "category",
        "tissue",
        "endpoint",
        "alpha_beta_gy",
        "ci_low_gy",
        "ci_high_gy",
        "ci_level",
        "source",
        "verification",
        "quality",
        "note",
    )
    rows = [
        (
            e.name,
            e.category,
            e.tissue,
            e.endpoint,
            e.alpha_beta_gy,
            None if e.interval is None else e.interval.low_gy,
            None if e.interval is None else e.interval.high_gy,
            None if e.interval is None else e.interval.level,
            e.source,
            e.verification,
            e.quality,
            e.note,
        )
        for e in document.entries
    ]
    return csv_text(header, rows)

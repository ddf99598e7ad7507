"""DVH metrics of structures as text: a table for each kind of dose, and what has no value."""

from collections.abc import Sequence
from typing import Final

from rtfractions.errors import counted
from rtfractions.reports.dvh_report import (
    ComparedEntry,
    DoseEntry,
    DvhDocument,
    OpinionEntry,
    SettingsEntry,
    StructureEntry,
)
from rtfractions.reports.metric_entries import cell, column, percent, volume
from rtfractions.reports.tables import aligned
from rtfractions.reports.wording import ratio_line, wrapped

QUANTITIES: Final = {"physical": "dose", "bed": "BED", "eqd2": "EQD2"}
"""What the tables are of."""

LEGENDS: Final = {
    "t": "ends tapered as the shape suggests, not half a slice",
    "n": "no end caps",
    "m": "between small and large: ends and interpolation are mixtures of both ways",
    "c": "dose by cubic splines, not linear",
    "p": "partly outside the dose grid: ≥ at least, ≤ at most, ~ of the part inside",
    "w": "more is said of it on stderr and in JSON (warnings)",
}
"""Marks of structures."""


def as_text(document: DvhDocument) -> str:
    """The document for a reader at a terminal: a table for each kind of dose."""
    if document.dose is None:
        return "no DVH was computed\n"
    parts = [_head(document.dose, document.settings)]
    shown = [entry for entry in document.structures if entry.error is None and entry.metrics]
    parts += [
        _table(shown, quantity)
        for quantity in QUANTITIES
        if any(
            one.quantity == quantity and (quantity == "physical" or one.value is not None)
            for entry in shown
            for one in entry.metrics
        )
    ]
    parts.append(_sources(shown))
    used = [mark for mark in LEGENDS if any(mark in _marks(entry) for entry in shown)]
    parts.append("".join(f"{mark}  {LEGENDS[mark]}\n" for mark in used))
    parts.append(_refusals(document.structures))
    if document.second_opinion is not None:
        parts.append(_opinions(document.second_opinion))
    return "\n".join(part for part in parts if part)


def _head(dose: DoseEntry, settings: SettingsEntry) -> str:
    unit = "Gy(RBE) or otherwise effective" if dose.dose_type == "EFFECTIVE" else "physical dose"
    if dose.fractions is None:
        fractions = "number of fractions not known"
    else:
        source = "" if dose.fractions_from_plan else " (given by the user)"
        fractions = f"{counted(dose.fractions, 'fraction')}{source}"
    name = dose.sop_instance_uid or f"put together from {counted(len(dose.parts), 'file')}"
    lines = [f"dose {name}: {unit} in Gy, {dose.summation_type}, {fractions}"]
    for one in dose.prescriptions:
        source = f" ({one.source.replace('_', ' ')})" if one.source else ""
        doubt = f"; unclear: {one.unclear}" if one.unclear else ""
        lines.append(f"prescribed to {one.target}: {one.schedule or 'not known'}{source}{doubt}")
    lines.append(f"end caps: {settings.end_caps}; dose between voxels: {settings.dose_interpolation}")
    return "".join(wrapped(line) for line in lines)


def _table(entries: Sequence[StructureEntry], quantity: str) -> str:
    """The metrics of one kind of dose; a row a structure and alpha/beta."""
    converted = quantity != "physical"
    columns = list(
        dict.fromkeys(column(one) for entry in entries for one in entry.metrics if one.quantity == quantity)
    )
    header = ["structure", "", *(["a/b Gy"] if converted else []), "cm3", "covered", *columns]
    rows = [header]
    for entry in entries:
        own = [one for one in entry.metrics if one.quantity == quantity]
        for ratio in dict.fromkeys(one.alpha_beta_gy for one in own):
            cells = {column(one): cell(one) for one in own if one.alpha_beta_gy == ratio}
            row = [entry.name, _marks(entry)] + ([f"{ratio:g}"] if ratio is not None else [])
            row += [volume(entry.volume_cm3), percent(entry.covered_fraction)]
            rows.append([*row, *(cells.get(name, "") for name in columns)])
    title = QUANTITIES[quantity]
    head = f"{title} (LQ): doses and thresholds in Gy {title}\n" if converted else ""
    return head + aligned(rows, right=range(2, len(header)))


def _marks(entry: StructureEntry) -> str:
    caps, interpolation = entry.end_caps or "", entry.dose_interpolation or ""
    mixed = " and " in caps + interpolation
    marks = {
        "t": caps == "tapered",
        "n": caps == "none",
        "m": mixed,
        "c": interpolation == "cubic",
        "p": entry.covered_fraction != 1,
        "w": any(warning.code != "dvh.partial-coverage" for warning in entry.warnings),
    }
    return "".join(mark for mark, there in marks.items() if there)


def _sources(entries: Sequence[StructureEntry]) -> str:
    """Each alpha/beta of a value once, with its source."""
    pairs = dict.fromkeys(
        (one.alpha_beta_gy, one.alpha_beta_source)
        for entry in entries
        for one in entry.metrics
        if one.value is not None
    )
    return "".join(
        ratio_line(ratio, source) for ratio, source in pairs if ratio is not None and source is not None
    )


def _refusals(entries: Sequence[StructureEntry]) -> str:
    """What has no value and why; a reason that metrics or structures share is told once."""
    lines = [wrapped(f"refused: {entry.name}: {entry.error}") for entry in entries if entry.error]
    alike: dict[str, tuple[dict[str, None], dict[str, None]]] = {}
    for entry in entries:
        for one in entry.metrics:
            if one.error is not None:
                names, metrics = alike.setdefault(one.error, ({}, {}))
                names[entry.name] = None
                if not one.error.startswith(one.metric):
                    metrics[one.metric if one.alpha_beta_gy is None else QUANTITIES[one.quantity]] = None
    for error, (names, metrics) in alike.items():
        said = [", ".join(names), *([", ".join(metrics)] if metrics else []), error]
        lines.append(wrapped(f"no value: {': '.join(said)}"))
    return "".join(lines)


def _opinions(entries: Sequence[OpinionEntry]) -> str:
    """A table for each source, and what explains the differences that matter."""
    text = "second opinion: theirs beside ours, neither is the truth; explained is what differs by more than 2 %\n"
    for source in dict.fromkeys(entry.source for entry in entries):
        rows = [["structure", "value", "ours", "theirs", "difference", "%", "explained by"]]
        for entry in entries:
            if entry.source != source:
                continue
            if entry.error is not None:
                rows.append([entry.structure, "refused", "", "", "", "", entry.error])
            for one in entry.values:
                digits = 3 if abs(one.ours) < 10 else 2
                rows.append(
                    [
                        entry.structure,
                        f"{one.value} {one.unit}",
                        f"{one.ours:.{digits}f}",
                        f"{one.theirs:.{digits}f}",
                        f"{one.difference:+.{digits}f}",
                        "" if one.difference_percent is None else f"{one.difference_percent:+.1f}",
                        _causes(one, digits) if one.notable else "",
                    ]
                )
        text += f"\n{source}\n{aligned(rows, right=range(2, 6))}"
    return text if entries else f"{text}nobody has a DVH of these structures\n"


def _causes(entry: ComparedEntry, digits: int) -> str:
    """The parts that show in the digits printed, largest first."""
    parts = sorted(entry.explained_by, key=lambda part: -abs(part.amount))
    return "; ".join(
        f"{part.amount:+.{digits}f} {part.cause}" for part in parts if abs(part.amount) >= 0.5 * 10.0**-digits
    )

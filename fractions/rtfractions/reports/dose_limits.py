"""Limits of dose rules as tables: what is asked of which structure, for which fractions, from where and how far verified."""

from collections.abc import Callable, Iterator, Sequence

from rtfractions.protocols.dose_rules import DoseLimit, DoseRule, IndexRule
from rtfractions.protocols.entries import Source
from rtfractions.reports.tables import aligned

HEADER = ("metric", "for", "limit", "verified", "source", "endpoint")
"""What a limit's row tells."""


def limit_text(limit: DoseLimit) -> str:
    """A limit as a reader takes it in at a glance.

    Examples
    --------
    >>> limit_text(DoseLimit(printed="10-15 cc")), limit_text(DoseLimit(kind="record", printed="9 Gy"))
    ('10-15 cc as printed, not compared', '9 Gy, reported only')
    """
    if limit.objective is None and limit.mandatory is None:
        said = limit.printed or "no limit"
        return f"{said} as printed, not compared" if limit.kind == "limit" else f"{said}, {_kind(limit)}"
    if limit.kind == "dose_response":
        value = limit.objective or limit.mandatory
        return f"{value.bound.value:f} {value.bound.unit}, {_kind(limit)}" if value is not None else ""
    objective = "" if limit.objective is None else f"{limit.objective.bound}"
    mandatory = "" if limit.mandatory is None else f"mandatory {limit.mandatory.bound}"
    if objective and not mandatory and limit.strength == "stated":
        objective = f"objective {objective}"
    text = ", ".join(part for part in (objective, mandatory) if part)
    text += f" ({limit.printed})" if limit.printed else ""
    return text if limit.kind == "limit" else f"{text}, {_kind(limit)}"


def _kind(limit: DoseLimit) -> str:
    return "dose response" if limit.kind == "dose_response" else "reported only"


def fractions_text(limit: DoseLimit) -> str:
    """The fractionations that a limit is for."""
    if limit.fractions is not None:
        return f"{', '.join(map(str, limit.fractions))} fx"
    if limit.dose_per_fraction_gy is not None:
        low, high = limit.dose_per_fraction_gy
        return f"{low:g}-{high:g} Gy/fx"
    return "any"


def structure_text(rule: DoseRule) -> str:
    """The structure of a rule, with what is taken out of it, and the source's name for it."""
    structure = rule.structure + (f" minus {rule.minus}" if rule.minus else "")
    return structure if rule.organ in (None, structure) else f"{rule.organ} ({structure})"


def limits_table(rules: Sequence[DoseRule | IndexRule], source_of: Callable[[str], Source]) -> str:
    """Limits of several rules as a table, with what has to be known of each below it."""
    rows: list[Sequence[str]] = [HEADER]
    below: dict[int, list[str]] = {}
    for rule in rules:
        asked = str(rule.metric.metric) if isinstance(rule, DoseRule) else rule.index
        for i, limit in enumerate(rule.limits):
            rows.append(
                (
                    "" if i else asked,
                    fractions_text(limit),
                    limit_text(limit) + (" *" if limit.disabled else ""),
                    limit.verification or "",
                    "" if limit.source is None else source_of(limit.source).label,
                    ", ".join(part for part in (limit.endpoint, limit.risk) if part),
                )
            )
            below[len(rows) - 1] = [*_remarks(limit)]
        disabled = dict.fromkeys(limit.disabled for limit in rule.limits if limit.disabled)
        below[len(rows) - 1] += [f"* disabled: {reason}" for reason in disabled]
        if isinstance(rule, DoseRule) and rule.note:
            below[len(rows) - 1].append(rule.note)
    lines = aligned(rows, indent="  ").splitlines()
    return "".join(
        f"{text}\n"
        for row, line in enumerate(lines)
        for text in (line, *(f"      {remark}" for remark in below.get(row, ())))
    )


def _remarks(limit: DoseLimit) -> Iterator[str]:
    if limit.conflict:
        yield f"! {limit.conflict}"
    if limit.note:
        yield limit.note

"""Sets of dose constraints for people: the library as a list, and one of them organ by organ."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from rtfractions.errors import counted
from rtfractions.protocols.constraint_library import LoadedConstraintSet
from rtfractions.protocols.dose_rules import DoseRule
from rtfractions.reports.dose_limits import limits_table, structure_text
from rtfractions.reports.tables import aligned, csv_text

NOT_CHECKED = (
    "V2: two or more transcriptions agree; V1: one; M: from memory. Nobody checked a limit against the primary paper: "
    "a person must, before clinical use."
)
"""What has to be said of verification wherever it is shown."""


@dataclass(frozen=True, slots=True)
class ConstraintSetSummary:
    """A set of constraints in a line; `verification` counts limits by state, disabled ones included."""

    id: str
    title: str
    version: str
    limits: int
    disabled: int
    verification: dict[str, int]
    sha256: str


def summary(loaded: LoadedConstraintSet) -> ConstraintSetSummary:
    """A set in a line."""
    found = loaded.constraint_set
    limits = [limit for rule in found.constraints for limit in rule.limits]
    states = Counter(limit.verification or "not stated" for limit in limits)
    return ConstraintSetSummary(
        id=found.id,
        title=found.title,
        version=found.version,
        limits=len(limits),
        disabled=sum(limit.disabled is not None for limit in limits),
        verification=dict(sorted(states.items())),
        sha256=loaded.sha256,
    )


def list_as_text(sets: Sequence[ConstraintSetSummary]) -> str:
    """Sets as a table."""
    rows = [["constraint set", "title", "limits", "disabled", "verified"]]
    rows += [
        [
            s.id,
            s.title,
            str(s.limits),
            str(s.disabled or ""),
            ", ".join(f"{n} {v}" for v, n in s.verification.items()),
        ]
        for s in sets
    ]
    return aligned(rows, right=(2, 3)) + f"{NOT_CHECKED}\n"


def show_as_text(loaded: LoadedConstraintSet) -> str:
    """A set for a reader: its limits organ by organ, with source, verification, and what speaks against them."""
    found = loaded.constraint_set
    line = summary(loaded)
    disabled = f", {line.disabled} of them disabled (*)" if line.disabled else ""
    head = [f"{found.id} {found.title}: {found.version}"]
    if found.description is not None:
        head.append(found.description)
    head.append(
        f"{counted(line.limits, 'limit')}{disabled}; advisory: no grade changes; sha256 {loaded.sha256}"
    )
    if found.near_maximum_cm3 is not None:
        head.append(f"near-maximum volume: {found.near_maximum_cm3:g} cc")
    for source in found.sources:
        head.append(f"  {source.label}: {source.citation}" + (f" ({source.note})" if source.note else ""))
    organs: dict[str, list[DoseRule]] = {}
    for rule in found.constraints:
        organs.setdefault(structure_text(rule), []).append(rule)
    parts = [f"{organ}\n{limits_table(rules, found.source)}" for organ, rules in organs.items()]
    notes = "".join(f"{note}\n" for note in (*found.notes, NOT_CHECKED))
    return "\n".join(["\n".join(head) + "\n", *parts, notes])


_COLUMNS = (
    "rule", "organ", "structure", "minus", "metric", "fractions", "lowest_dose_per_fraction_gy",
    "highest_dose_per_fraction_gy", "objective", "mandatory", "kind", "strength", "printed", "endpoint", "risk",
    "verification", "disabled", "conflict", "note", "source",
)  # fmt: skip


def show_as_csv(loaded: LoadedConstraintSet) -> str:
    """A set as CSV, one row a limit."""
    found = loaded.constraint_set
    rows = []
    for rule in found.constraints:
        for limit in rule.limits:
            low, high = limit.dose_per_fraction_gy or (None, None)
            rows.append(
                (
                    rule.id,
                    rule.organ,
                    rule.structure,
                    rule.minus,
                    str(rule.metric.metric),
                    None if limit.fractions is None else " ".join(map(str, limit.fractions)),
                    low,
                    high,
                    None if limit.objective is None else str(limit.objective.bound),
                    None if limit.mandatory is None else str(limit.mandatory.bound),
                    limit.kind,
                    limit.strength,
                    limit.printed,
                    limit.endpoint,
                    limit.risk,
                    limit.verification,
                    limit.disabled,
                    limit.conflict,
                    "; ".join(note for note in (rule.note, limit.note) if note) or None,
                    None if limit.source is None else found.source(limit.source).citation,
                )
            )
    return csv_text(_COLUMNS, rows)

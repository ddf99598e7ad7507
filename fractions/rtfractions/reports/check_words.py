"""What the text and the pages of a review put into the same words: doses, targets, and who must answer."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from rtfractions.compliance import prior_rule
from rtfractions.errors import counted
from rtfractions.reports.check_document import (
    AdvisoryEntry,
    CheckDocument,
    CheckEntry,
    OrganEntry,
    PatientEntry,
    PlanDoseEntry,
    PlanEntry,
    TargetEntry,
)
from rtfractions.reports.envelope import Message
from rtfractions.reports.metric_entries import cell, column
from rtfractions.verdicts import ROLL_UP_ORDER, Advice, Verdict

TO_LOOK_AT: Final = frozenset(
    {Verdict.DEVIATION_UNACCEPTABLE, Verdict.QUERY, Verdict.NOT_EVALUABLE, Verdict.VARIATION_ACCEPTABLE}
)
"""Verdicts of checks that a reader must look at."""

EXCEEDED: Final = (Advice.LIMIT_EXCEEDED, Advice.OBJECTIVE_EXCEEDED)
"""What advisory limits come to that are not kept."""

WORST_FIRST: Final = (*EXCEEDED, *ROLL_UP_ORDER, Advice.KEPT, Verdict.INFO, Verdict.NOT_APPLICABLE)
"""Verdicts and advice in the order in which a reader wants them."""

ASKED: Final = {"trial": "the trial's investigators, or an overlay", "site": "the treating site"}
"""Who must answer."""


VERIFICATIONS: Final = {
    "V2": "two or more transcriptions agree",
    "V1": "one transcription",
    "M": "from memory",
}
"""How far a limit of the literature was verified; none was checked against its primary paper."""


def needs_a_look(check: CheckEntry) -> bool:
    """Whether a reader must look at a check, or decide whether to accept what was stated or is uncertain.

    A text that is read in one of several ways was decided by who abstracted the protocol, or by the overlay.
    """
    uncertain = bool(check.uncertain) and not check.readings
    return check.verdict in TO_LOOK_AT or check.basis is not None or uncertain


def exceeded_words(advisory: AdvisoryEntry) -> str:
    """How many limits of a set are exceeded, of how many that are for these plans."""
    said = [check.said for check in advisory.checks]
    kept = said.count(Advice.KEPT)
    apply = len(said) - said.count(Verdict.NOT_APPLICABLE)
    others = apply - kept - advisory.exceeded
    return f"{advisory.exceeded} exceeded, {kept} kept, {others} not decided, of {counted(apply, 'limit')} for these plans"


def about(check: CheckEntry, plan: str | None = None) -> str:
    """What a check on dose is about, before its message: the structure, and the plan where it is named."""
    parts = [part for part in (check.structure, plan) if part is not None]
    return f"{', '.join(parts)}: {check.message}" if parts else check.message


def other_warnings(document: CheckDocument) -> tuple[Message, ...]:
    """Warnings that stand beside no patient, plan or lesion."""
    shown: set[Message] = set()
    for patient in document.patients:
        shown.update(patient.warnings)
        shown.update(*(plan.warnings for plan in patient.plans))
        shown.update(*(lesion.warnings for lesion in patient.lesions))
    return tuple(warning for warning in document.warnings if warning not in shown)


def with_unit(text: str, unit: str | None) -> str:
    r"""A number with its unit; what a dose was converted to, and at which alpha/beta, stands behind its Gy.

    Examples
    --------
    >>> with_unit("0.19", "EQD2Gy(a/b=2)").replace("\xa0", " ")
    '0.19 Gy EQD2(a/b=2)'
    """
    if unit is None:
        return text
    quantity, gy, ratio = unit.partition("Gy(")
    return f"{text}\N{NO-BREAK SPACE}" + (f"Gy {quantity}({ratio}" if gy else unit)


def number(value: float | None, unit: str | None = None) -> str:
    """A number as a reader needs it, with its unit; a dash where there is none."""
    if value is None:
        return "-"
    text = f"{value:.1f}" if unit == "%" else f"{value:.0f}" if value == int(value) else f"{value:.2f}"
    return with_unit(text, unit)


def signed(value: float | None, unit: str | None = None) -> str:
    """A difference with its sign."""
    return "-" if value is None else with_unit(f"{value:+.2f}", unit)


def observed_text(check: CheckEntry) -> str:
    """What was observed, in as many digits as tell it from what is required."""
    observed, required = check.observed, check.required
    if isinstance(observed, str) or observed is None:
        return observed or "-"
    if isinstance(observed, int) or observed == int(observed):
        return with_unit(f"{observed:.0f}", check.unit)
    others = isinstance(required, float | int) and observed != required
    texts = [f"{observed:.{decimals}f}" for decimals in range(2, 9)]
    text = next((text for text in texts if not others or float(text) != required), repr(observed))
    return with_unit(text, check.unit)


def required_text(check: CheckEntry) -> str:
    """What is required, as the protocol gives it."""
    if isinstance(check.required, str) or check.required is None:
        return check.required or "-"
    return with_unit(f"{check.required:g}", check.unit)


def is_prior(check: CheckEntry) -> bool:
    """Whether a check is the line on earlier radiotherapy, which every report has."""
    return check.rule == prior_rule.RULE


def prior_words(patient: PatientEntry) -> str:
    """The line on earlier radiotherapy."""
    return "; ".join(check.message for check in patient.checks if is_prior(check))


def dose_facts(plan: PlanEntry) -> Iterator[tuple[str, str]]:
    """What the dose of a plan is and how it was computed: names and values."""
    if plan.fractions is not None:
        yield "fractions", str(plan.fractions)
    if plan.no_dose is not None:
        yield "dose", f"grades nothing: {plan.no_dose}" if plan.dose else f"none: {plan.no_dose}"
    if plan.dose is None:
        return
    dose = plan.dose
    of = "" if len(dose.dose_uids) == 1 else f", of {len(dose.dose_uids)} files"
    yield (
        "dose type",
        f"{dose.dose_type.lower()}, {dose.summation_type}{of}, maximum {dose.maximum_gy:.2f} Gy",
    )
    frames, rows, columns = dose.voxels
    yield "grid", f"{_spacing(dose)} mm ({columns} x {rows} x {frames} voxels)"
    yield "computed by", "; ".join(dose.calculated_by) or "not stated"
    yield "heterogeneity correction", ", ".join(dose.heterogeneity) or "not stated"


def dose_line(plan: PlanEntry) -> str:
    """The dose of a plan in a line, as far as it bears on how exact the numbers are."""
    facts = dict(dose_facts(plan))
    shown = ("grid", "computed by", "heterogeneity correction")
    return "; ".join(f"{name} {facts[name]}" for name in shown if name in facts)


def _spacing(dose: PlanDoseEntry) -> str:
    row, column = dose.in_plane_spacing_mm
    low, high = dose.frame_spacing_mm
    frames = f"{low:g}" if high - low < 1e-3 else f"{low:g} to {high:g}"
    return f"{column:g} x {row:g} x {frames}"


QUANTITIES: Final = {"physical": "physical dose", "eqd2": "EQD2 (LQ)"}
"""What tables of metrics are of."""


@dataclass(frozen=True, slots=True)
class MetricRow:
    """A structure in a table: its alpha/beta where the dose is converted, and a cell for each column."""

    of: TargetEntry
    alpha_beta_gy: float | None
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MetricTable:
    """Metrics of one kind of dose; doses in Gy of it have no unit in their column's name."""

    quantity: str
    columns: tuple[str, ...]
    rows: tuple[MetricRow, ...]

    @property
    def title(self) -> str:
        """What the doses are."""
        return QUANTITIES[self.quantity]


def metric_tables(
    entries: Sequence[TargetEntry], quantities: Sequence[str] = ("physical", "eqd2")
) -> Iterator[MetricTable]:
    """The metrics of targets, a table for each kind of dose; BED stands in JSON and CSV."""
    for quantity in quantities:
        own = [(entry, [one for one in entry.metrics if one.quantity == quantity]) for entry in entries]
        columns = tuple(dict.fromkeys(_short(column(one)) for _, metrics in own for one in metrics))
        rows = []
        for entry, metrics in own:
            for ratio in dict.fromkeys(one.alpha_beta_gy for one in metrics):
                cells = {_short(column(one)): cell(one) for one in metrics if one.alpha_beta_gy == ratio}
                rows.append(MetricRow(entry, ratio, tuple(cells.get(name, "") for name in columns)))
        if rows:
            yield MetricTable(quantity, columns, tuple(rows))


def metric_line(entry: OrganEntry) -> str:
    """The metrics of an organ in a line: rules ask few of each, and of each organ others."""
    parts = []
    for one in entry.metrics:
        name, _, unit = one.metric.rpartition("[")
        if one.value is not None:
            parts.append(f"{name} {with_unit(cell(one), unit.removesuffix(']'))}")
    return "; ".join(parts) or "-"


def refusals(entries: Sequence[TargetEntry | OrganEntry]) -> tuple[str, ...]:
    """Why structures and metrics have no values, each once."""
    said = [f"{entry.structure}: {entry.error}" for entry in entries if entry.error is not None]
    for entry in entries:
        alike = dict.fromkeys(one.error for one in entry.metrics if one.error is not None)
        said += [f"{entry.structure}: {error}" for error in alike]
    return tuple(said)


def _short(name: str) -> str:
    return name.removesuffix("[Gy]")

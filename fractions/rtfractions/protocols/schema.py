"""The form of a protocol file: what a trial says of fractionation, with its source and its doubts, as data.

A rule names its source and the worst grade that source can support. Conditions are data, never
expressions. What the text leaves open is an ambiguity with its readings.
"""

from collections.abc import Callable
from typing import Annotated, Any, Final, Literal

from msgspec import Meta

from rtfractions.metrics import parse_metric
from rtfractions.protocols.bounds import BoundText, parse_bound
from rtfractions.protocols.dose_rules import DoseRules, IndexRules, IsodoseRule
from rtfractions.protocols.entries import (
    AmbiguityId,
    Entry,
    Fact,
    Identifier,
    MetricText,
    ScheduleText,
    Source,
    SourceId,
    StructureAlias,
    Text,
    WorstGrade,
)
from rtfractions.schedule_text import parse_range

IntervalHours = Annotated[float, Meta(gt=0, le=720, description="Least time between two fractions.")]
GapDays = Annotated[
    int, Meta(ge=1, le=60, description="Most days from one fraction to the next; 1 is the next day.")
]


class Need(Entry, frozen=True, kw_only=True, rename={"is_": "is"}):
    """A part of a condition: shown by any of the facts."""

    any: Annotated[tuple[Fact, ...], Meta(min_length=1)]
    is_: Annotated[
        Literal["stated"] | Annotated[tuple[Text, ...], Meta(min_length=1)],
        Meta(description="`stated` where the fact need only say something, or words of the vocabulary."),
    ]


class DayLimit(Entry, frozen=True, kw_only=True):
    """A limit on the days of a course."""

    max: Annotated[int, Meta(ge=1, le=366)]
    count: Annotated[
        Literal["inclusive", "elapsed", "weekdays"],
        Meta(
            description="`inclusive`: the first day is day 1; `elapsed`: it is day 0; "
            "`weekdays`: Monday to Friday, first and last day included."
        ),
    ]


class Reading(Entry, frozen=True, kw_only=True):
    """One way to read an ambiguous text; without verdict, needs, days or scope it means the rule as it stands."""

    id: Identifier
    text: Text
    verdict: Annotated[
        Literal["per_protocol", "query", "not_evaluable", "deviation_unacceptable"] | None,
        Meta(description="The verdict under this reading, whatever the case."),
    ] = None
    needs: Annotated[tuple[Need, ...] | None, Meta(description="The condition under this reading.")] = None
    days: Annotated[DayLimit | None, Meta(description="The limit on days under this reading.")] = None
    scope: Annotated[
        Literal["per_lesion", "all_lesions"] | None, Meta(description="What the limit on days is for.")
    ] = None

    def __post_init__(self) -> None:
        if sum(x is not None for x in (self.verdict, self.needs, self.days, self.scope)) > 1:
            raise ValueError("a reading has at most one of verdict, needs, days and scope")


class Ambiguity(Entry, frozen=True, kw_only=True):
    """What the source leaves open."""

    id: Identifier
    text: Annotated[Text, Meta(description="The open question, or the words that raise it.")]
    readings: Annotated[tuple[Reading, ...], Meta(min_length=2)]
    default: Annotated[
        Identifier | None,
        Meta(description="The reading that decides; without it, readings that differ are a query."),
    ] = None


class Condition(Entry, frozen=True, kw_only=True):
    """When a conditional schedule is allowed: all of its needs shown."""

    id: Identifier
    text: Text
    needs: Annotated[tuple[Need, ...], Meta(min_length=1)]
    ambiguity: AmbiguityId | None = None


class DiameterBand(Entry, frozen=True, kw_only=True):
    """The largest dose for lesions up to a diameter."""

    up_to_mm: Annotated[float, Meta(gt=0, le=500)]
    max_dose_gy: Annotated[float, Meta(gt=0, le=200)]


class ByDiameter(Entry, frozen=True, kw_only=True):
    """Total dose limited by the lesion's largest diameter; applied only where the diameter is given."""

    source: SourceId
    bands: Annotated[tuple[DiameterBand, ...], Meta(min_length=1)]

    def __post_init__(self) -> None:
        diameters = [band.up_to_mm for band in self.bands]
        if diameters != sorted(set(diameters)):
            raise ValueError("the bands run upwards in up_to_mm")


class AllowedSchedule(Entry, frozen=True, kw_only=True):
    """A schedule that the source names."""

    id: Identifier
    schedule: Annotated[ScheduleText, Meta(description="As people write it, with its unit: '20-24 Gy / 1'.")]
    status: Annotated[
        Literal["preferred", "listed", "conditional", "unclear"],
        Meta(description="`conditional` names its `condition`, `unclear` its `ambiguity`."),
    ]
    source: SourceId
    group: Text | None = None
    condition: Annotated[Identifier | None, Meta(description="Id of an entry of `conditions`.")] = None
    ambiguity: AmbiguityId | None = None
    by_diameter: ByDiameter | None = None

    def __post_init__(self) -> None:
        if (self.status == "conditional") != (self.condition is not None):
            raise ValueError("a conditional schedule, and no other, names its condition")
        if (self.status == "unclear") != (self.ambiguity is not None):
            raise ValueError("an unclear schedule, and no other, names its ambiguity")


class Schedules(Entry, frozen=True, kw_only=True):
    """The schedules a protocol allows."""

    list: Annotated[
        Literal["open", "stated", "closed", "unknown"],
        Meta(
            description="`open`: examples only; `stated`: named without saying that there are no others; "
            "`closed`: there are no others. Only a closed list makes an unlisted schedule a deviation."
        ),
    ]
    match_tolerance_gy: Annotated[
        float, Meta(ge=0, le=1, description="By how many Gy a total dose may differ and still match.")
    ]
    worst_grade: WorstGrade
    source: SourceId
    text: Text | None = None
    allowed: Annotated[tuple[AllowedSchedule, ...], Meta(min_length=1)]


class LesionCount(Entry, frozen=True, kw_only=True):
    """How many lesions are treated on study."""

    min: Annotated[int, Meta(ge=1)]
    max: Annotated[int, Meta(ge=1)]
    worst_grade: WorstGrade
    source: SourceId
    text: Text | None = None
    ambiguity: AmbiguityId | None = None

    def __post_init__(self) -> None:
        if self.min > self.max:
            raise ValueError("min is above max")


class Sites(Entry, frozen=True, kw_only=True):
    """Where treated lesions may lie."""

    treated: Annotated[
        tuple[Text, ...], Meta(min_length=1, description="Regions or sites of the vocabulary.")
    ]
    worst_grade: WorstGrade
    source: SourceId
    text: Text | None = None
    note: Text | None = None


class OverallTime(Entry, frozen=True, kw_only=True):
    """The limit on days from first to last fraction, or the ambiguity whose readings hold it."""

    days: DayLimit | None = None
    ambiguity: AmbiguityId | None = None

    def __post_init__(self) -> None:
        if (self.days is None) == (self.ambiguity is None):
            raise ValueError("give either days or ambiguity")


class Scope(Entry, frozen=True, kw_only=True):
    """Whether the limit on days is for each lesion or for all together, or the ambiguity about it."""

    of: Literal["per_lesion", "all_lesions"] | None = None
    ambiguity: AmbiguityId | None = None

    def __post_init__(self) -> None:
        if (self.of is None) == (self.ambiguity is None):
            raise ValueError("give either of or ambiguity")


class TimingSource(Entry, frozen=True, kw_only=True):
    """Where one rule of timing was read, if not where the others were."""

    rule: Literal["overall", "min_interval_hours", "max_gap_days"]
    source: SourceId
    worst_grade: WorstGrade


class Timing(Entry, frozen=True, kw_only=True):
    """When the fractions are given."""

    worst_grade: WorstGrade
    source: SourceId
    text: Text | None = None
    frequency: Annotated[Literal["daily"] | None, Meta(description="`daily`: one fraction each weekday.")] = (
        None
    )
    max_fractions: Annotated[int, Meta(ge=1, le=100)] | None = None
    overall: OverallTime | None = None
    scope: Scope | None = None
    min_interval_hours: IntervalHours | None = None
    max_gap_days: GapDays | None = None
    from_elsewhere: Annotated[
        tuple[TimingSource, ...], Meta(description="Rules that are not of `source`, each with its own.")
    ] = ()

    def __post_init__(self) -> None:
        stated = (
            self.frequency,
            self.max_fractions,
            self.overall,
            self.min_interval_hours,
            self.max_gap_days,
        )
        if stated == (None,) * len(stated):
            raise ValueError("give at least one rule of timing")
        if (self.scope is None) != (self.overall is None):
            raise ValueError("overall and scope go together")
        rules = [entry.rule for entry in self.from_elsewhere]
        if len(rules) != len(set(rules)) or any(getattr(self, rule) is None for rule in rules):
            raise ValueError("from_elsewhere names rules that are stated, each once")

    def source_of(self, rule: str) -> str:
        """Id of the source of one rule, by its key."""
        return next((entry.source for entry in self.from_elsewhere if entry.rule == rule), self.source)

    def worst_grade_of(self, rule: str) -> str:
        """The worst verdict that the source of one rule can support."""
        entries = (entry.worst_grade for entry in self.from_elsewhere if entry.rule == rule)
        return next(entries, self.worst_grade)


class NotGraded(Entry, frozen=True, kw_only=True):
    """What the source says and this program does not grade."""

    text: Text
    source: SourceId


class PublishedTotal(Entry, frozen=True, kw_only=True):
    """A number that the trial published of its own data; an audit sets its own beside it, and grades nothing by it."""

    of: Annotated[
        Literal["patients", "lesions"], Meta(description="What was counted: `lesions` are those on study.")
    ]
    count: Annotated[int, Meta(ge=0)]
    source: SourceId
    schedule: Annotated[
        ScheduleText | None, Meta(description="Only lesions of this schedule are counted.")
    ] = None
    text: Text | None = None

    def __post_init__(self) -> None:
        if self.schedule is not None and self.of != "lesions":
            raise ValueError("only lesions are counted by schedule")


class Protocol(Entry, frozen=True, kw_only=True):
    """What a trial says of fractionation."""

    schema: Literal["rtfractions.protocol/1"]
    id: Identifier
    title: Text
    description: Text | None = None
    version: Text
    basis: Annotated[
        Literal["registry_record", "publication", "protocol_document", "local_protocol"],
        Meta(description="What kind of text the rules were read from."),
    ]
    sources: Annotated[tuple[Source, ...], Meta(min_length=1)]
    schedules: Schedules
    lesions: LesionCount | None = None
    sites: Sites | None = None
    timing: Timing | None = None
    prescription_isodose: IsodoseRule | None = None
    targets: DoseRules | None = None
    conformity: IndexRules | None = None
    organs_at_risk: DoseRules | None = None
    aliases: tuple[StructureAlias, ...] = ()
    conditions: tuple[Condition, ...] = ()
    ambiguities: tuple[Ambiguity, ...] = ()
    silent: Annotated[tuple[Text, ...], Meta(description="What the source states no rule on.")] = ()
    not_graded: tuple[NotGraded, ...] = ()
    published_totals: Annotated[
        tuple[PublishedTotal, ...],
        Meta(description="Numbers that an audit of the trial's data sets its own beside."),
    ] = ()

    def source(self, identifier: str) -> Source:
        """The source of that id."""
        return next(source for source in self.sources if source.id == identifier)

    def condition(self, identifier: str) -> Condition:
        """The condition of that id."""
        return next(condition for condition in self.conditions if condition.id == identifier)

    def ambiguity(self, identifier: str) -> Ambiguity:
        """The ambiguity of that id."""
        return next(ambiguity for ambiguity in self.ambiguities if ambiguity.id == identifier)


def decode(kind: type, value: Any) -> Any:
    """Read the types of ours that stand in files of rules (msgspec's ``dec_hook``)."""
    reader, example = _READERS.get(kind, (None, ""))
    if reader is None or not isinstance(value, str):
        raise ValueError(f"Expected {example} in quotes or words")
    reader(value)
    return kind(value)


_READERS: Final[dict[type, tuple[Callable[[str], object], str]]] = {
    ScheduleText: (parse_range, "a schedule, as 24 Gy / 3,"),
    MetricText: (parse_metric, "a metric, as D0.035cc[Gy],"),
    BoundText: (parse_bound, "a limit, as < 14 Gy,"),
}

"""Rules on dose: what a target must get, what an organ may get, how a plan must fit; as protocols and sets state them."""

from typing import Annotated, Literal

from msgspec import Meta

from rtfractions.protocols.bounds import BoundText
from rtfractions.protocols.entries import Entry, Identifier, MetricText, SourceId, Text, WorstGrade

Percent = Annotated[float, Meta(gt=0, le=200)]


class DoseLimit(Entry, frozen=True, kw_only=True):
    """A limit of a metric, for the fractionations that it was stated for; nothing is interpolated between them.

    With both, `objective` is where per protocol ends and `mandatory` where an acceptable variation ends. With an
    objective alone nothing is unacceptable; with a mandatory limit alone nothing is a variation.
    """

    fractions: (
        Annotated[
            tuple[Annotated[int, Meta(ge=1, le=100)], ...],
            Meta(min_length=1, description="Numbers of fractions of the plan that it is for."),
        ]
        | None
    ) = None
    dose_per_fraction_gy: Annotated[
        tuple[float, float] | None,
        Meta(
            description="Lowest and highest prescribed dose per fraction that it is for (conventional: 1.8, 2)."
        ),
    ] = None
    objective: Annotated[
        BoundText | None, Meta(description="Optimal, per protocol: '< 40 Gy'; beyond it a variation.")
    ] = None
    mandatory: Annotated[
        BoundText | None, Meta(description="Beyond it unacceptable: '< 43.52 Gy', '>= 90 %'.")
    ] = None
    kind: Annotated[
        Literal["limit", "dose_response", "record"],
        Meta(description="`dose_response` and `record` are reported, never compared."),
    ] = "limit"
    strength: Annotated[
        Literal["stated", "unspecified"],
        Meta(description="`unspecified` where the source does not say whether it is optimal or mandatory."),
    ] = "stated"
    printed: Annotated[
        Text | None, Meta(description="What the source gives, where that is no single number: '10-15 cc'.")
    ] = None
    endpoint: Text | None = None
    risk: Annotated[Text | None, Meta(description="Rate that the source gives: 'rate <5%'.")] = None
    source: SourceId | None = None
    verification: Annotated[
        Literal["V2", "V1", "M"] | None,
        Meta(
            description="`V2`: two or more transcriptions agree; `V1`: one; `M`: from memory. None was checked "
            "against the primary paper. Left out for limits that a protocol or a local source gives."
        ),
    ] = None
    conflict: Annotated[Text | None, Meta(description="A source that disagrees, and the likely reason.")] = (
        None
    )
    disabled: Annotated[
        Text | None,
        Meta(description="Why it is never compared: known from memory only, or of unknown edition."),
    ] = None
    note: Text | None = None

    def __post_init__(self) -> None:
        if self.fractions is not None and self.dose_per_fraction_gy is not None:
            raise ValueError("a limit is for numbers of fractions or for doses per fraction, not for both")
        has_bound = self.objective is not None or self.mandatory is not None
        if self.kind == "limit" and not has_bound and self.printed is None:
            raise ValueError("a limit gives objective, mandatory, or what is printed")
        if self.objective is not None and self.mandatory is not None:
            first, second = self.objective.bound, self.mandatory.bound
            if first.unit != second.unit or first.is_upper != second.is_upper:
                raise ValueError("objective and mandatory limit the same number from the same side")
            if (first.value > second.value) == first.is_upper and first.value != second.value:
                raise ValueError("the objective lies beyond the mandatory limit")


class DoseRule(Entry, frozen=True, kw_only=True):
    """What a metric of a structure must be."""

    id: Identifier
    structure: Annotated[
        Identifier,
        Meta(description="Id of the vocabulary of structures, or a role of targets: PTV, CTV, GTV."),
    ]
    minus: Annotated[
        Identifier | None, Meta(description="A structure or a role that is taken out: Lungs minus GTV.")
    ] = None
    organ: Annotated[Text | None, Meta(description="As the source names it.")] = None
    metric: Annotated[
        MetricText,
        Meta(
            description="D0.035cc[Gy], V20Gy[%], D0.03cc[EQD2Gy(a/b=2)]; a dose in % is of the prescription."
        ),
    ]
    limits: Annotated[tuple[DoseLimit, ...], Meta(min_length=1)]
    sum_over: Annotated[
        Literal["plan", "course", "course_and_prior"],
        Meta(
            description="What the dose is summed over: with `course` a limit met by one of several plans is not "
            "evaluable; with `course_and_prior` not without what is known of earlier radiotherapy either."
        ),
    ] = "course"
    note: Text | None = None

    def __post_init__(self) -> None:
        unit = self.metric.metric.unit
        for limit in self.limits:
            for bound in (limit.objective, limit.mandatory):
                if bound is not None and bound.bound.unit != unit:
                    raise ValueError(f"the limit {bound} of {self.metric.metric} is not in {unit}")


class DoseRules(Entry, frozen=True, kw_only=True):
    """What metrics of targets, or of organs at risk, must be."""

    worst_grade: WorstGrade
    source: SourceId
    text: Text | None = None
    rules: Annotated[tuple[DoseRule, ...], Meta(min_length=1)]


class IndexRule(Entry, frozen=True, kw_only=True):
    """What an index of conformity or gradient of each lesion's target must be."""

    id: Identifier
    index: Annotated[
        Literal["CI_RTOG", "CI_Paddick", "GI", "R50%", "D2cm[%]"],
        Meta(
            description="CI_RTOG: volume of the prescription isodose over the target's; CI_Paddick: squared target "
            "volume within it over both; GI: volume of half the prescription over that of the prescription; R50%: "
            "volume of half the prescription over the target's; D2cm: largest dose 2 cm or more from the target, in "
            "% of the prescription."
        ),
    ]
    structure: Annotated[Identifier, Meta(description="A role of targets.")] = "PTV"
    limits: Annotated[tuple[DoseLimit, ...], Meta(min_length=1)]

    @property
    def unit(self) -> str | None:
        """Unit of the index; None of a ratio."""
        return "%" if self.index == "D2cm[%]" else None

    def __post_init__(self) -> None:
        for limit in self.limits:
            for bound in (limit.objective, limit.mandatory):
                if bound is not None and bound.bound.unit != self.unit:
                    unit = "no unit" if self.unit is None else f"the unit {self.unit}"
                    raise ValueError(f"a limit of {self.index} has {unit}, not as {bound}")


class IndexRules(Entry, frozen=True, kw_only=True):
    """What indices of conformity and gradient must be."""

    worst_grade: WorstGrade
    source: SourceId
    text: Text | None = None
    rules: Annotated[tuple[IndexRule, ...], Meta(min_length=1)]


class IsodoseRule(Entry, frozen=True, kw_only=True):
    """Where the prescription lies: the prescribed dose as a percentage of the largest dose to the target."""

    percent_of_maximum: Annotated[
        tuple[Percent, Percent], Meta(description="Lowest and highest percentage allowed, both included.")
    ]
    worst_grade: WorstGrade
    source: SourceId
    text: Text | None = None

"""What files of rules are made of: mappings with fixed keys, typed texts, and sources."""

import functools
from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta

from rtfractions.metrics import Metric, parse_metric
from rtfractions.schedule import ScheduleRange
from rtfractions.schedule_text import parse_range

Text: TypeAlias = Annotated[str, Meta(min_length=1)]
Identifier: TypeAlias = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*\Z")]
Fact: TypeAlias = Literal["site", "technique", "intent", "justification"]
WorstGrade: TypeAlias = Annotated[
    Literal["variation_acceptable", "query", "deviation_unacceptable"],
    Meta(description="The worst verdict that the rule's source can support."),
]
SourceId: TypeAlias = Annotated[Identifier, Meta(description="Id of an entry of `sources`.")]
AmbiguityId: TypeAlias = Annotated[Identifier, Meta(description="Id of an entry of `ambiguities`.")]


class ScheduleText(str):
    """A schedule as the file states it, known to be readable."""

    @property
    def range(self) -> ScheduleRange:
        """The schedule, or the range of schedules, that it states."""
        return _range(self)


class MetricText(str):
    """A DVH metric as the file states it, known to be readable."""

    @property
    def metric(self) -> Metric:
        """The metric that it states."""
        return _metric(self)


@functools.lru_cache(maxsize=1000)
def _range(text: str) -> ScheduleRange:
    return parse_range(text)


@functools.lru_cache(maxsize=1000)
def _metric(text: str) -> Metric:
    return parse_metric(text)


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A mapping of the file: fixed keys, no others."""


class Source(Entry, frozen=True, kw_only=True):
    """Where rules were read."""

    id: Identifier
    kind: Literal["registry_record", "publication", "protocol_document", "local_protocol"]
    label: Annotated[Text, Meta(description="As verdicts name it: 'registry record 2020-01-18'.")]
    citation: Text
    note: Text | None = None


class StructureAlias(Entry, frozen=True, kw_only=True):
    """Names that structures of this trial or site have beside those of the vocabulary."""

    structure: Annotated[Identifier, Meta(description="Id of a structure of the vocabulary, or a role: PTV.")]
    names: Annotated[tuple[Text, ...], Meta(min_length=1)]

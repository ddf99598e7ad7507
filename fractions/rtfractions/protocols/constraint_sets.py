"""Sets of dose constraints: numbers of the literature with where they stand and how far they were verified.

A set is advisory: what it says stands beside a protocol's grade and never changes it.
"""

from collections.abc import Iterator
from typing import Annotated, Literal

from msgspec import Meta

from rtfractions.protocols.dose_rules import DoseRule
from rtfractions.protocols.entries import Entry, Identifier, Source, StructureAlias, Text
from rtfractions.protocols.references import ids_twice
from rtfractions.strict_yaml import Path


class ConstraintSet(Entry, frozen=True, kw_only=True):
    """Dose constraints that were published together."""

    schema: Literal["rtfractions.constraints/1"]
    id: Identifier
    title: Text
    description: Text | None = None
    version: Annotated[Text, Meta(description="Edition, and which corrections to it were or were not read.")]
    sources: Annotated[tuple[Source, ...], Meta(min_length=1)]
    near_maximum_cm3: (
        Annotated[
            float, Meta(gt=0, le=1, description="The volume that the set's largest dose is of; its own.")
        ]
        | None
    ) = None
    aliases: Annotated[
        tuple[StructureAlias, ...],
        Meta(description="Names that its structures have; those it means need not be of the vocabulary."),
    ] = ()
    constraints: Annotated[tuple[DoseRule, ...], Meta(min_length=1)]
    notes: tuple[Text, ...] = ()

    def source(self, identifier: str) -> Source:
        """The source of that id."""
        return next(source for source in self.sources if source.id == identifier)


def misplaced(constraint_set: ConstraintSet) -> Iterator[tuple[Path, str]]:
    """What the types cannot say: ids that stand twice or name nothing, limits without source or verification.

    A limit of a local source needs no verification: a department's own numbers are what it says they are.
    """
    local = {source.id for source in constraint_set.sources if source.kind == "local_protocol"}
    known = [source.id for source in constraint_set.sources]
    yield from ids_twice(("sources",), known)
    ids = [rule.id for rule in constraint_set.constraints]
    for i, rule in enumerate(constraint_set.constraints):
        if rule.id in ids[:i]:
            yield ("constraints", i, "id"), f"the id {rule.id!r} stands twice"
        for j, limit in enumerate(rule.limits):
            path: Path = ("constraints", i, "limits", j)
            if limit.source is None or limit.source not in known:
                yield path, "the limit names no source of the set"
            if limit.verification is None and limit.source not in local:
                yield path, "the limit does not say how far it was verified"
            if limit.verification == "M" and limit.disabled is None:
                yield path, "a limit known from memory only must be disabled"

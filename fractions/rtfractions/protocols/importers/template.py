"""What readers of others' templates share: a set of constraints in the making, and what it cannot hold."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Final

from rtfractions import __version__
from rtfractions.errors import InputFileError, RTFractionsError, Where, printable, quoted
from rtfractions.metrics import Metric, MetricError, MetricKind, MetricUnit
from rtfractions.names import folded
from rtfractions.notices import Notice
from rtfractions.protocols.bounds import BoundText, Operator
from rtfractions.protocols.constraint_sets import ConstraintSet
from rtfractions.protocols.dose_rules import DoseLimit, DoseRule
from rtfractions.protocols.entries import MetricText, Source, StructureAlias
from rtfractions.protocols.importers.structures import Named, name_structure

MAXIMUM_TEMPLATE_BYTES: Final = 1_000_000
"""Largest template that is read."""

MAXIMUM_CONSTRAINTS: Final = 2000
"""Most constraints that one is read of, those left out among them."""

SOURCE_ID: Final = "template"
"""Id of the one source of an imported set."""


class TemplateError(RTFractionsError, ValueError):
    """A template, or a constraint of it, that could not be carried over."""

    code = "template"


@dataclass(frozen=True, slots=True)
class Imported:
    """A template as a set of constraints.

    Attributes
    ----------
    constraint_set : ConstraintSet
        What could be carried over; its one source is of kind ``local_protocol``.
    left_out : tuple of TemplateError
        Constraints of the template that are not in the set, each with its place and why.
    notices : tuple of Notice
        What else of the template is not in the set, or stands in it otherwise.
    """

    constraint_set: ConstraintSet
    left_out: tuple[TemplateError, ...]
    notices: tuple[Notice, ...]

    @property
    def comments(self) -> tuple[str, ...]:
        """What stands above the set in its file: where it is from, and what of it is left out."""
        head = f"{self.constraint_set.sources[0].citation}; read it over before use."
        if not self.left_out:
            return (head, "Every constraint was carried over.")
        rows = [f"  {_place(error.where)}: {error.message}" for error in self.left_out]
        return (head, "Not carried over:", *rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """Where a template draws a line.

    Attributes
    ----------
    operator : str
        What the value has to be.
    value : Decimal
        The line, in the unit of the metric as the template writes it.
    """

    operator: Operator
    value: Decimal


@dataclass(slots=True, kw_only=True)
class Draft:
    """A set of constraints in the making.

    Attributes
    ----------
    file, sha256 : str
        The template, as the user named it, and its SHA-256.
    identifier : str
        Id of the set.
    program : str
        The program whose template it is.
    fractions : tuple of int
        Numbers of fractions that the template is for; empty where neither it nor the user says.
    """

    file: str
    sha256: str
    identifier: str
    program: str
    fractions: tuple[int, ...] = ()
    title: str | None = None
    rules: list[DoseRule] = field(default_factory=list)
    left_out: list[TemplateError] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    names: dict[str, list[str]] = field(default_factory=dict)
    own_ids: dict[str, str] = field(default_factory=dict)
    ids: dict[str, int] = field(default_factory=dict)

    def where(self, row: int | None = None, tag: str | None = None) -> Where:
        """A place in the template: a row of a table, or the way to a value of JSON."""
        return Where(file=self.file, row=row, tag=tag)

    def leave_out(self, error: RTFractionsError, where: Where) -> None:
        """A constraint that is not carried over."""
        self._refuse_too_many()
        self.left_out.append(TemplateError(error.problem, remedy=error.remedy, where=where))

    def say(self, code: str, message: str, where: Where | None = None) -> None:
        """Something of the template that stands otherwise in the set, or nowhere in it."""
        self.notices.append(Notice(f"template.{code}", message, where or self.where()))

    def add(
        self,
        *,
        where: Where,
        structure: str,
        metric: Metric,
        objective: Edge | None = None,
        mandatory: Edge | None = None,
        scale: Decimal = Decimal(1),
        stated: bool = True,
        printed: str | None = None,
        note: Sequence[str] = (),
        other_names: Sequence[str] = (),
    ) -> None:
        """Carry a constraint over; without an edge it is recorded, never compared.

        Parameters
        ----------
        where : Where
            Its place.
        structure : str
            As the template names it.
        metric : Metric
            What is asked of the structure's DVH.
        objective, mandatory : Edge, optional
            Where per protocol ends, and where an acceptable variation ends.
        scale : Decimal, default 1
            From the template's unit of the edges to the metric's: 0.01 of cGy.
        stated : bool, default True
            The template says which of the two it means; else its limit stands as objective.
        printed : str, optional
            What the template gives, where that is no limit.
        note : sequence of str
            What else it says of it.
        other_names : sequence of str
            Names that it gives the structure beside the first.

        Raises
        ------
        TemplateError
            If it cannot be carried over.
        """
        self._refuse_too_many()
        texts = (structure, printed or "", *note, *other_names)
        if not all(text.isprintable() for text in texts):
            raise TemplateError("a text holds characters that cannot be printed")
        named = self._named(structure)
        bounds = [None if edge is None else _bound(edge, scale, metric) for edge in (objective, mandatory)]
        notes = [text for text in note if text]
        if metric.kind is MetricKind.MAX:
            notes.append("the largest dose anywhere, not that of a near-maximum volume")
        try:
            limit = DoseLimit(
                fractions=self.fractions or None,
                objective=bounds[0],
                mandatory=bounds[1],
                kind="limit" if any(bounds) else "record",
                strength="stated" if stated else "unspecified",
                printed=printed,
                source=SOURCE_ID,
            )
            rule = DoseRule(
                id=self._free(f"{named.structure}-{metric}"),
                structure=named.structure,
                organ=structure,
                metric=MetricText(metric),
                limits=(limit,),
                note="; ".join(notes) or None,
            )
        except ValueError as error:
            raise TemplateError(str(error)) from None
        self.rules.append(rule)
        self._keep_names(named, structure, other_names, where)

    def finish(self) -> Imported:
        """The set and what is not in it.

        Raises
        ------
        TemplateError
            If nothing could be carried over.
        """
        if not self.rules:
            problems = list(dict.fromkeys(error.problem for error in self.left_out))
            more = f"; and {len(problems) - 3} more" if len(problems) > 3 else ""
            reasons = "; ".join(problems[:3]) + more or "it has none"
            raise TemplateError(f"no constraint of it could be carried over ({reasons})", where=self.where())
        if not self.fractions:
            self.say(
                "fractions",
                "it does not say for which number of fractions its limits are: they stand for any",
            )
        source = Source(
            id=SOURCE_ID,
            kind="local_protocol",
            label=f"{self.program} template",
            citation=f"{self.program} template with SHA-256 {self.sha256}, imported by rtfractions {__version__}",
        )
        constraint_set = ConstraintSet(
            schema="rtfractions.constraints/1",
            id=self.identifier,
            title=self.title if self.title and self.title.isprintable() else self.identifier,
            version=f"SHA-256 {self.sha256[:12]} of the template",
            sources=(source,),
            aliases=tuple(
                StructureAlias(structure=structure, names=tuple(names))
                for structure, names in self.names.items()
                if names
            ),
            constraints=tuple(self.rules),
            notes=tuple(dict.fromkeys(printable(notice.message) for notice in self.notices)),
        )
        return Imported(constraint_set, tuple(self.left_out), tuple(self.notices))

    def _refuse_too_many(self) -> None:
        if len(self.rules) + len(self.left_out) >= MAXIMUM_CONSTRAINTS:
            raise InputFileError(f"has more than {MAXIMUM_CONSTRAINTS} constraints", where=self.where())

    def _named(self, name: str) -> Named:
        """The structure of a name; two names that are not the same are never one id made of them."""
        named = name_structure(name)
        if named.known:
            return named
        key = folded(name)
        if key not in self.own_ids:
            self.own_ids[key] = self._free(named.structure)
        return Named(self.own_ids[key], False)

    def _keep_names(self, named: Named, structure: str, others: Sequence[str], where: Where) -> None:
        """Names that the vocabulary does not give the structure become aliases of the set."""
        names = self.names.setdefault(named.structure, [])
        for name in dict.fromkeys((structure, *others)):
            own = name_structure(name)
            if own.known and own.structure != named.structure:
                message = f"{quoted(name)} is {own.structure}: it is not carried over as a name of {named.structure}"
                self.say("alias", message, where)
            elif not own.known and name not in names:
                names.append(name)

    def _free(self, text: str) -> str:
        """An id made of a text, of the set's structures and constraints that no other of them has."""
        base = re.sub(r"[^A-Za-z0-9._-]+", "-", text.replace("%", "pct")).strip("-")
        while True:
            count = self.ids[base] = self.ids.get(base, 0) + 1
            identifier = base if count == 1 else f"{base}-{count}"
            if count == 1 or identifier not in self.ids:
                self.ids.setdefault(identifier, 1)
                return identifier


_DIGITS: Final = re.compile(r"\d{1,6}(\.\d{1,6})?", re.ASCII)


def number(text: str) -> Decimal:
    """A number as a table writes it: up to six digits before a decimal point and six behind it.

    Raises
    ------
    TemplateError
        If it is none, with a decimal comma among them.
    """
    if _DIGITS.fullmatch(text) is None:
        comma = "," in text and _DIGITS.fullmatch(text.replace(",", ".")) is not None
        remedy = f"write {text.replace(',', '.')}" if comma else "write up to six digits, as 14.5"
        raise TemplateError(f"{quoted(text)} is no number", remedy=remedy)
    return Decimal(text)


def metric_of(
    kind: MetricKind, unit: MetricUnit, at: Decimal | None = None, at_unit: MetricUnit | None = None
) -> Metric:
    """A metric of its parts, physical dose.

    Raises
    ------
    TemplateError
        If they make none.
    """
    try:
        return Metric(kind=kind, unit=unit, at=at, at_unit=at_unit)
    except MetricError as error:
        raise TemplateError(error.problem, remedy=error.remedy) from None


def _place(where: Where) -> str:
    return str(replace(where, file=None))


def _bound(edge: Edge, scale: Decimal, metric: Metric) -> BoundText:
    value = edge.value * scale
    text = f"{value:f}" if value.is_finite() and -9 <= value.adjusted() <= 9 else ""
    text = text.rstrip("0").rstrip(".") if "." in text else text
    if _DIGITS.fullmatch(text) is None:
        raise TemplateError(
            f"the limit {quoted(edge.value)} is no number of up to six digits before the point and six behind it"
        )
    return BoundText(f"{edge.operator} {text} {metric.unit}")

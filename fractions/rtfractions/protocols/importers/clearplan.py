"""Constraint templates of ClearPlan: CSV, one objective a row, with a goal and perhaps a variation."""

import csv
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from rtfractions.errors import InputFileError, RTFractionsError, quoted
from rtfractions.metrics import Metric, parse_metric
from rtfractions.protocols.bounds import OPERATORS, Operator
from rtfractions.protocols.importers.template import Draft, Edge, TemplateError, number

PROGRAM: Final = "ClearPlan"

REQUIRED: Final = ("TemplateId", "DVHObjective", "Goal")
COLUMNS: Final = (
    "TemplateId",
    "TemplateCodes",
    "TemplateAliases",
    "TemplateTypes",
    "DVHObjective",
    "Goal",
    "Variation",
    "Priority",
    "Source",
    "Notes",
)

_OBJECTIVE: Final = re.compile(r"(?P<metric>[^\[\]]+)\[(?P<unit>[^\[\]]*)\]")
_EDGE: Final = re.compile(r"(?P<operator><=|>=|<|>|=|\u2264|\u2265)?\s*(?P<value>[\d.,]+)", re.ASCII)
_NO_METRIC: Final = {
    "GI": "the gradient index is no metric of a set",
    "CI": "the conformity index is no metric of a set",
    "HI": "the homogeneity index is no metric of a set",
    "VOLUME": "the volume of a structure is no limit on dose",
}


def read(text: str, draft: Draft) -> None:
    """Read a template into a draft.

    Raises
    ------
    InputFileError
        If it is no such table.
    """
    for line, row in _rows(text, draft):
        where = draft.where(row=line)
        try:
            _objective(row, line, draft)
        except RTFractionsError as error:
            draft.leave_out(error, where)


def _rows(text: str, draft: Draft) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows of the table by their columns, with the line each ends in."""
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(text.splitlines(), delimiter=delimiter, strict=True)
    try:
        header = [cell.strip() for cell in next(reader, [])]
        missing = [name for name in REQUIRED if name not in header]
        unknown = [name for name in header if name not in COLUMNS]
        if missing or unknown or len(set(header)) < len(header):
            odd = ", ".join(map(quoted, unknown or header))
            said = f"lacks {', '.join(missing)}" if missing else f"has {odd}"
            raise InputFileError(
                f"its header {said}",
                remedy=f"the columns are {', '.join(COLUMNS)}",
                where=draft.where(row=1),
            )
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(header):
                problem = TemplateError(
                    f"it has {len(cells)} cells, not {len(header)}",
                    remedy="put a cell with a comma in quotes",
                )
                draft.leave_out(problem, draft.where(row=reader.line_num))
                continue
            yield reader.line_num, {name: cell.strip() for name, cell in zip(header, cells, strict=True)}
    except csv.Error as error:
        raise InputFileError(f"is not CSV ({error})", where=draft.where(row=reader.line_num)) from None


def _objective(row: dict[str, str], line: int, draft: Draft) -> None:
    where = draft.where(row=line)
    metric, scale = _metric(row["DVHObjective"])
    goal = _edge(row["Goal"], "Goal", None)
    variation = _edge(row["Variation"], "Variation", goal.operator) if row.get("Variation") else None
    if variation is not None and variation.operator[0] != goal.operator[0]:
        raise TemplateError("Goal and Variation limit from different sides")
    names = [name.strip() for name in row.get("TemplateAliases", "").split("|") if name.strip()]
    structure = _structure(row, names)
    if structure != row["TemplateId"]:
        draft.say("structure", f"{quoted(row['TemplateId'])} stands for {quoted(structure)}", where)
    types = [name for name in row.get("TemplateTypes", "").split("|") if name.strip()]
    if len(types) > 1:
        draft.say(
            "structure",
            f"the first of {', '.join(types)} that a plan has is meant: only {structure} is carried over",
            where,
        )
        names = []
    note = [
        f"priority {row['Priority']}" if row.get("Priority") else "",
        row.get("Source", ""),
        row.get("Notes", ""),
    ]
    draft.add(
        where=where,
        structure=structure,
        metric=metric,
        objective=goal,
        mandatory=variation,
        scale=scale,
        stated=variation is not None,
        note=note,
        other_names=[name for name in names if name != structure],
    )


def _structure(row: dict[str, str], names: list[str]) -> str:
    """The structure's name: of a target that the template calls otherwise, its first alias."""
    if row["TemplateId"].casefold() == "target" and names:
        return names[0]
    if not row["TemplateId"]:
        raise TemplateError("it names no structure", remedy="fill in TemplateId")
    return row["TemplateId"]


def _metric(text: str) -> tuple[Metric, Decimal]:
    found = _OBJECTIVE.fullmatch(re.sub(r"\s", "", text))
    for name, why in _NO_METRIC.items():
        if re.match(rf"{name}(?![A-Za-z])", text, re.IGNORECASE):
            raise TemplateError(f"{quoted(text)}: {why}")
    if found is None or not found["unit"]:
        raise TemplateError(
            f"{quoted(text)}: the unit of the value is not said", remedy="write it as D95%[Gy]"
        )
    in_cgy = found["unit"].casefold() == "cgy"
    metric = parse_metric(f"{found['metric']}[{'Gy' if in_cgy else found['unit']}]")
    return metric, Decimal("0.01") if in_cgy else Decimal(1)


def _edge(text: str, column: str, default: Operator | None) -> Edge:
    found = _EDGE.fullmatch(text)
    if found is None:
        raise TemplateError(f"the {column} {quoted(text)} is no limit", remedy="write it as <=14.5")
    written = found["operator"]
    signs = {**OPERATORS, "\u2264": "<=", "\u2265": ">="}
    operator = default if written is None else signs.get(written)
    if operator is None:
        raise TemplateError(f"the {column} {quoted(text)} does not say from which side it limits")
    return Edge(operator=operator, value=number(found["value"]))

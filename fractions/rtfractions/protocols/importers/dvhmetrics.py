"""Constraint tables of the R package DVHmetrics: a header ``constraint patID structure``, one constraint a row."""

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from rtfractions.errors import InputFileError, RTFractionsError, quoted
from rtfractions.metrics import Metric, MetricKind, MetricUnit
from rtfractions.protocols.bounds import OPERATORS
from rtfractions.protocols.importers.template import Draft, Edge, TemplateError, metric_of, number

PROGRAM: Final = "DVHmetrics"

COLUMNS: Final = ("constraint", "patid", "structure")

_CELL: Final = re.compile(r""""([^"]*)"|'([^']*)'|([^\s"']\S*)""")
_CONSTRAINT: Final = re.compile(
    r"""(?P<kind>[DV])(?P<at>[\d.,]+|[A-Z]+)(?P<at_unit>%|CGY|GY|CC|EV/G)?(?:_(?P<unit>%|CGY|GY|CC|EV/G))?
    (?P<operator><=|>=|<|>)(?P<value>[\d.,]+)(?P<value_unit>%|CGY|GY|CC|EV/G)?""",
    re.VERBOSE | re.ASCII,
)
_NAMED: Final = {"MEAN": MetricKind.MEAN, "MAX": MetricKind.MAX, "MIN": MetricKind.MIN}
_NO_METRIC: Final = {
    "SD": "the standard deviation of the dose",
    "RX": "the prescribed dose",
    "HI": "the homogeneity index",
    "EUD": "EUD",
    "NTCP": "NTCP",
    "TCP": "TCP",
}
_UNITS: Final = {"%": MetricUnit.PERCENT, "CC": MetricUnit.CC, "GY": MetricUnit.GY, "CGY": MetricUnit.GY}


def read(text: str, draft: Draft) -> None:
    """Read a constraint table into a draft.

    Raises
    ------
    InputFileError
        If it is no such table.
    """
    rows = [
        (i, line) for i, line in enumerate(text.splitlines(), 1) if line.strip() and line.strip()[0] != "#"
    ]
    if not rows:
        raise InputFileError("is empty", where=draft.where())
    tabs = "\t" in rows[0][1]
    header = [name.casefold() for name in _cells(rows[0][1], tabs=tabs)]
    if "constraint" not in header or not set(header) <= set(COLUMNS) or len(set(header)) < len(header):
        raise InputFileError(
            f"its header {quoted(rows[0][1])} is not that of a constraint table",
            remedy="the columns are constraint, patID and structure, with blanks or tabs between them",
            where=draft.where(row=rows[0][0]),
        )
    for i, line in rows[1:]:
        where = draft.where(row=i)
        try:
            _constraint(_row(header, _cells(line, tabs=tabs)), i, draft)
        except RTFractionsError as error:
            draft.leave_out(error, where)


def _cells(line: str, *, tabs: bool) -> list[str]:
    if tabs:
        return [cell.strip().strip("\"'") for cell in line.split("\t")]
    return ["".join(found.groups(default="")) for found in _CELL.finditer(line)]


def _row(header: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    if len(cells) == len(header) + 1:  # R writes the names of rows before them
        cells = cells[1:]
    if len(cells) != len(header):
        raise TemplateError(
            f"it has {len(cells)} cells, not {len(header)}", remedy="put a constraint with blanks in quotes"
        )
    return dict(zip(header, cells, strict=True))


def _constraint(row: dict[str, str], line: int, draft: Draft) -> None:
    if row.get("patid", "*") != "*":
        raise TemplateError("it is for some patients only, and a set is for all")
    structure = row.get("structure", "*")
    if "*" in structure or "?" in structure:
        raise TemplateError(
            f"it is for every structure named {quoted(structure)}", remedy="name one structure a row"
        )
    text = row["constraint"]
    found = _CONSTRAINT.fullmatch(re.sub(r"[ \t]+", "", text).upper())
    if found is None:
        raise TemplateError(f"{quoted(text)} is no constraint", remedy="write D10cc < 20Gy or V20Gy < 10%")
    if found["value_unit"] is None:
        raise TemplateError(
            f"{quoted(text)}: the limit has no unit", remedy="write %, CC, Gy or cGy behind it"
        )
    if "EV/G" in (found["at_unit"], found["unit"], found["value_unit"]):
        raise TemplateError(f"{quoted(text)} is in eV/g", remedy="write it in Gy")
    if found["unit"] not in (None, found["value_unit"]):
        raise TemplateError(
            f"{quoted(text)}: the limit is in {found['value_unit']}, the metric in {found['unit']}"
        )
    draft.add(
        where=draft.where(row=line),
        structure=structure,
        metric=_metric(found, text),
        objective=Edge(operator=OPERATORS[found["operator"]], value=number(found["value"])),
        scale=_scale(found["value_unit"]),
        stated=False,
    )


def _metric(found: re.Match[str], text: str) -> Metric:
    unit = _UNITS[found["value_unit"]]
    if found["at"].isalpha():
        name = found["at"]
        if found["kind"] == "D" and found["at_unit"] is None:
            if name in _NAMED:
                return metric_of(_NAMED[name], unit)
            if name == "MEDIAN":
                return metric_of(MetricKind.DOSE_TO_HOTTEST, unit, Decimal(50), MetricUnit.PERCENT)
            if name in _NO_METRIC:
                raise TemplateError(f"{quoted(text)}: {_NO_METRIC[name]} is no metric of a set")
        raise TemplateError(f"{quoted(text)} is no constraint", remedy="write D10cc < 20Gy or V20Gy < 10%")
    at, at_unit = number(found["at"]), found["at_unit"]
    if at_unit is None:
        what = "% or cc" if found["kind"] == "D" else "Gy, cGy or %"
        raise TemplateError(
            f"{quoted(text)}: {found['kind']}{at} has no unit", remedy=f"write {what} behind {at}"
        )
    kind = MetricKind.DOSE_TO_HOTTEST if found["kind"] == "D" else MetricKind.VOLUME_AT_LEAST
    return metric_of(kind, unit, at * _scale(at_unit), _UNITS[at_unit])


def _scale(unit: str) -> Decimal:
    return Decimal("0.01") if unit == "CGY" else Decimal(1)

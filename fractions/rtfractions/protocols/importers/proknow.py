"""Scorecards of ProKnow: JSON, computed metrics whose objectives are bins from the lowest value to the highest.

Where two bins meet, ``max`` of the lower or ``min`` of the upper says which of them the value itself belongs to.
Whether a bin is good is in its label alone: labels that are not known are not guessed at.
"""

import itertools
from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import IntEnum
from typing import Any, Final

from rtfractions.errors import InputFileError, RTFractionsError, quoted
from rtfractions.metrics import Metric, MetricKind, MetricUnit
from rtfractions.protocols.importers import json_text
from rtfractions.protocols.importers.template import Draft, Edge, TemplateError, metric_of

PROGRAM: Final = "ProKnow"

_GY, _CC, _PERCENT = MetricUnit.GY, MetricUnit.CC, MetricUnit.PERCENT

_METRICS: Final[dict[str, tuple[MetricKind, MetricUnit | None, MetricUnit]]] = {
    "DOSE_VOLUME_PERCENT_ROI": (MetricKind.DOSE_TO_HOTTEST, _PERCENT, _GY),
    "DOSE_VOLUME_CC_ROI": (MetricKind.DOSE_TO_HOTTEST, _CC, _GY),
    # dose that all but arg_1 cc get at least: the highest dose to the coldest arg_1 cc
    "DOSE_VOLUME_MINUS_CC_ROI": (MetricKind.DOSE_TO_COLDEST, _CC, _GY),
    "VOLUME_CC_DOSE_ROI": (MetricKind.VOLUME_AT_LEAST, _GY, _CC),
    "VOLUME_PERCENT_DOSE_ROI": (MetricKind.VOLUME_AT_LEAST, _GY, _PERCENT),
    "MIN_DOSE_ROI": (MetricKind.MIN, None, _GY),
    "MAX_DOSE_ROI": (MetricKind.MAX, None, _GY),
    "MEAN_DOSE_ROI": (MetricKind.MEAN, None, _GY),
}

_NO_METRIC: Final = {
    "VOLUME_CC_DOSE_RANGE_ROI": "a volume between two doses",
    "VOLUME_PERCENT_DOSE_RANGE_ROI": "a volume between two doses",
    "INTEGRAL_DOSE_ROI": "integral dose",
    "MAX_DOSE": "the largest dose of the grid, in no structure",
    "VOLUME_OF_REGRET": "the volume of regret",
    "IRRADIATED_VOLUME": "an irradiated volume, in no structure",
    "CONFORMATION_NUMBER": "the conformation number",
    "CONFORMALITY_INDEX": "the conformality index",
    "HOMOGENEITY_INDEX": "the homogeneity index",
    "INHOMOGENEITY_INDEX": "the inhomogeneity index",
    "CUMULATIVE_METERSET": "the meterset",
    "VOLUME": "the volume of a structure",
}


class Grade(IntEnum):
    """What a bin says of a value."""

    UNACCEPTABLE = 0
    ACCEPTABLE = 1
    PER_PROTOCOL = 2


_LABELS: Final = {
    Grade.PER_PROTOCOL: (
        "pass",
        "ideal",
        "good",
        "goal",
        "optimal",
        "met",
        "per protocol",
        "no variation",
        "none",
    ),
    Grade.ACCEPTABLE: (
        "acceptable",
        "marginal",
        "minor",
        "minor variation",
        "variation",
        "variation acceptable",
        "acceptable variation",
        "minor deviation",
        "tolerable",
    ),
    Grade.UNACCEPTABLE: (
        "fail",
        "unacceptable",
        "not met",
        "major",
        "major variation",
        "major deviation",
        "deviation",
        "deviation unacceptable",
        "unacceptable variation",
        "unacceptable deviation",
    ),
}
_GRADES: Final = {label: grade for grade, labels in _LABELS.items() for label in labels}


def read(text: str, draft: Draft) -> None:
    """Read a scorecard into a draft.

    Raises
    ------
    InputFileError
        If it is none.
    """
    document = json_text.read(text, file=draft.file)
    if isinstance(document, dict):
        draft.title = json_text.text_at(document, "name")
        computed, custom = document.get("computed"), document.get("custom") or []
    else:
        computed, custom = document, []
    if not isinstance(computed, list) or not isinstance(custom, list):
        raise InputFileError(
            "is no scorecard", remedy="it has a list of metrics under computed", where=draft.where()
        )
    for i, metric in enumerate(computed):
        where = draft.where(tag=f"computed[{i}]")
        try:
            if not isinstance(metric, dict):
                raise TemplateError("it is no metric")
            _metric(metric, f"computed[{i}]", draft)
        except RTFractionsError as error:
            draft.leave_out(error, where)
    for i in range(len(custom)):
        draft.leave_out(
            TemplateError("a custom metric is not computed from dose"), draft.where(tag=f"custom[{i}]")
        )


def _metric(entry: Mapping[str, Any], place: str, draft: Draft) -> None:
    kind = json_text.text_at(entry, "type")
    if kind in _NO_METRIC:
        raise TemplateError(f"{kind}: {_NO_METRIC[kind]} is no metric of a set")
    if kind not in _METRICS:
        raise TemplateError(f"{quoted(kind)} is no type of metric")
    structure = json_text.text_at(entry, "roi_name")
    if structure is None:
        raise TemplateError("it names no structure", remedy="fill in roi_name")
    metric = _of(kind, entry)
    where = draft.where(tag=place)
    bins = entry.get("objectives")
    if not bins:
        draft.add(where=where, structure=structure, metric=metric, printed="no objectives")
        draft.say("recorded", f"{structure} {metric} has no objectives: it is recorded", where)
        return
    if not isinstance(bins, list) or not all(isinstance(entry, dict) for entry in bins):
        raise TemplateError("its objectives are no list of levels")
    for objective, mandatory in _limits(bins, draft, f"{place}.objectives"):
        draft.add(where=where, structure=structure, metric=metric, objective=objective, mandatory=mandatory)


def _of(kind: str, entry: Mapping[str, Any]) -> Metric:
    of, at_unit, unit = _METRICS[kind]
    at = json_text.number_at(entry, "arg_1") if at_unit is not None else None
    if at_unit is not None and at is None:
        raise TemplateError(f"{kind} lacks arg_1")
    return metric_of(of, unit, at, at_unit)


def _limits(
    bins: Sequence[Mapping[str, Any]], draft: Draft, place: str
) -> list[tuple[Edge | None, Edge | None]]:
    """Objective and mandatory limit from below and from above, as far as the bins give them."""
    labels = [json_text.text_at(entry, "label") or "" for entry in bins]
    unknown = [label for label in labels if label.casefold() not in _GRADES]
    if unknown:
        raise TemplateError(
            f"whether {quoted(unknown[0])} is good is not known",
            remedy="label the levels PASS, ACCEPTABLE, FAIL or the like",
        )
    grades = [_GRADES[label.casefold()] for label in labels]
    best = grades.index(max(grades))
    rising, falling = grades[: best + 1], grades[best:]
    if len(set(grades)) < 2 or rising != sorted(rising) or falling != sorted(falling, reverse=True):
        raise TemplateError(f"its levels {', '.join(labels)} draw no limit")
    edges = _edges(bins)
    found: dict[tuple[str, Grade], Edge] = {}
    for i, (lower, upper) in enumerate(itertools.pairwise(grades)):
        if lower == upper:
            draft.say(
                "level",
                f"the line {edges[i][0]} between {labels[i]} and {labels[i + 1]} is within one grade",
                draft.where(tag=place),
            )
            continue
        value, with_lower = edges[i]
        if upper > lower:  # good is above the line
            edge, better, worse = Edge(operator=">" if with_lower else ">=", value=value), upper, lower
        else:
            edge, better, worse = Edge(operator="<=" if with_lower else "<", value=value), lower, upper
        if better is Grade.PER_PROTOCOL and worse is not Grade.UNACCEPTABLE:
            found[edge.operator[0], Grade.PER_PROTOCOL] = edge
        else:
            found[edge.operator[0], Grade.ACCEPTABLE] = edge
    return [
        limit
        for side in (">", "<")
        if (limit := (found.get((side, Grade.PER_PROTOCOL)), found.get((side, Grade.ACCEPTABLE))))
        != (None, None)
    ]


def _edges(bins: Sequence[Mapping[str, Any]]) -> list[tuple[Decimal, bool]]:
    """The line between each bin and the next, and whether a value on it belongs to the lower one."""
    if "min" in bins[0] or "max" in bins[-1]:
        raise TemplateError("the first level has no min, and the last no max")
    edges: list[tuple[Decimal, bool]] = []
    for lower, upper in itertools.pairwise(bins):
        of_lower, of_upper = json_text.number_at(lower, "max"), json_text.number_at(upper, "min")
        if of_lower is not None and of_upper is None:
            edges.append((of_lower, True))
        elif of_upper is not None and of_lower is None:
            edges.append((of_upper, False))
        else:
            raise TemplateError("of two levels that meet, the lower gives max or the upper min")
    values = [value for value, _ in edges]
    if values != sorted(set(values)):
        raise TemplateError("its levels do not run upwards")
    return edges

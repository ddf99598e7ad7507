"""JSON Schemas of what this program reads and prints."""

import json
from typing import Any, Final

import msgspec

from rtfractions.protocols.bounds import BoundText
from rtfractions.protocols.constraint_sets import ConstraintSet
from rtfractions.protocols.entries import MetricText, ScheduleText
from rtfractions.protocols.overlays import Overlay
from rtfractions.protocols.schema import Protocol
from rtfractions.reports.alpha_beta_report import AlphaBetaDocument
from rtfractions.reports.bed_report import BedDocument
from rtfractions.reports.check_report import CheckDocument
from rtfractions.reports.cohort import AuditDocument
from rtfractions.reports.cohort_results import AuditResult
from rtfractions.reports.compensate_report import CompensateDocument
from rtfractions.reports.convert_report import ConvertDocument
from rtfractions.reports.dvh_report import DvhDocument
from rtfractions.reports.inspect_document import InspectDocument
from rtfractions.reports.protocol_report import ProtocolListDocument, ProtocolShowDocument
from rtfractions.reports.solve_report import SolveDocument

DOCUMENTS: Final[dict[str, type]] = {
    "protocol": Protocol,
    "constraints": ConstraintSet,
    "overlay": Overlay,
    "bed": BedDocument,
    "solve": SolveDocument,
    "compensate": CompensateDocument,
    "alpha-beta": AlphaBetaDocument,
    "audit": AuditDocument,
    "audit-result": AuditResult,
    "check": CheckDocument,
    "convert": ConvertDocument,
    "dvh": DvhDocument,
    "inspect": InspectDocument,
    "protocol-list": ProtocolListDocument,
    "protocol-show": ProtocolShowDocument,
}
"""A protocol file, a set of constraints, an overlay, and the JSON of each command."""


def json_schema(name: str) -> dict[str, Any]:
    """JSON Schema of one of `DOCUMENTS`, the same text each time.

    The first line of each docstring describes its part; alternatives are sorted.
    """
    schema = msgspec.json.schema(DOCUMENTS[name], schema_hook=_schema_of_ours)
    for part in schema["$defs"].values():
        if "description" in part:
            part["description"] = part["description"].partition("\n")[0]
    _sort_alternatives(schema)
    return schema


def _schema_of_ours(kind: type) -> dict[str, Any]:
    if kind not in (ScheduleText, MetricText, BoundText):
        raise NotImplementedError
    return {"type": "string", "minLength": 1}


def _sort_alternatives(part: Any) -> None:
    for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        _sort_alternatives(inner)
    if isinstance(part, dict) and isinstance(part.get("anyOf"), list):
        part["anyOf"].sort(key=json.dumps)

"""The lesion sheet's prescription against that of the plan it is tied to."""

from decimal import Decimal
from typing import Final

from rtfractions.compliance.findings import Finding
from rtfractions.patient import Lesion
from rtfractions.protocols.schema import Protocol
from rtfractions.schedule import ScheduleRange
from rtfractions.verdicts import Verdict

RULE: Final = "prescription"


def check(lesion: Lesion, protocol: Protocol) -> Finding | None:
    """Compare sheet and plan, for a lesion that was tied to a plan's target: a difference is a query."""
    if lesion.plan_target is None:
        return None
    sheet, planned = lesion.prescription.schedule, lesion.plan_target.prescription
    if sheet is None or planned.schedule is None:
        message = f"the plan says nothing to compare with: {planned.unclear or planned.missing}"
        return Finding(RULE, Verdict.INFO, message)
    source = planned.source.words if planned.source is not None else "the plan"
    same = ScheduleRange(planned.schedule, planned.schedule).matches(
        sheet, tolerance_gy=Decimal(repr(protocol.schedules.match_tolerance_gy))
    )
    verdict, message = (
        (Verdict.INFO, f"the lesion sheet agrees with {source}")
        if same
        else (Verdict.QUERY, f"the lesion sheet says {sheet}, {source} says {planned.schedule}")
    )
    return Finding(RULE, verdict, message, observed=str(planned.schedule), required=str(sheet))

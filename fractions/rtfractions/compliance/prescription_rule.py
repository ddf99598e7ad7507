"""The lesion sheet's prescription against that of the plan it is tied to."""

from dataclasses import replace
from decimal import Decimal
from typing import Final

from rtfractions.compliance.findings import Finding
from rtfractions.patient import Lesion
from rtfractions.protocols.schema import Protocol
from rtfractions.schedule import ScheduleRange
from rtfractions.verdicts import Verdict

RULE: Final = "prescription"


def check(lesion: Lesion, protocol: Protocol) -> Finding | None:
    """Compare the sheet's prescription with the plan's: a difference, or a tie that fails, is a query.

    Parameters
    ----------
    lesion : Lesion
        A lesion of a sheet; without files there is nothing to compare.
    protocol : Protocol
        Its tolerance for matching schedules.
    """
    if lesion.not_tied is not None:
        return Finding(RULE, Verdict.QUERY, lesion.not_tied)
    if lesion.plan_target is None or lesion.prescription is lesion.plan_target.prescription:
        return None
    sheet, planned = lesion.prescription.schedule, lesion.plan_target.prescription
    if planned.schedule is None:
        doubt = planned.unclear is not None
        message = f"the plan has no one schedule to compare with: {planned.unclear or planned.missing}"
        return Finding(RULE, Verdict.QUERY if doubt else Verdict.INFO, message)
    finding = Finding(RULE, Verdict.INFO, "", observed=str(planned.schedule), required=str(sheet))
    if planned.unclear is not None:
        return replace(finding, message=f"not compared with the plan: {planned.unclear}")
    source = planned.source.words if planned.source is not None else "the plan"
    tolerance_gy = Decimal(repr(protocol.schedules.match_tolerance_gy))
    if sheet is not None and ScheduleRange(planned.schedule, planned.schedule).matches(
        sheet, tolerance_gy=tolerance_gy
    ):
        return replace(finding, message=f"the lesion sheet agrees with {source}")
    message = f"the lesion sheet says {sheet}, {source} says {planned.schedule}"
    return replace(finding, verdict=Verdict.QUERY, message=message)

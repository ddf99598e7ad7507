"""Delivered against prescribed fractions."""

from typing import Final

from rtfractions.compliance.findings import NOT_BEGUN, Finding
from rtfractions.patient import Lesion
from rtfractions.protocols.vocabulary import says_something
from rtfractions.verdicts import Verdict

RULE: Final = "delivery"


def check(lesion: Lesion, *, planned: bool) -> Finding:
    """More fractions than prescribed are a deviation, fewer a query; a rule of this program.

    Parameters
    ----------
    lesion : Lesion
        The lesion; without a number of fractions delivered the rule does not apply, and where sheet and
        treatment records differ a person must say which is right.
    planned : bool
        Treatment has not begun.
    """
    if planned:
        return Finding(RULE, Verdict.NOT_APPLICABLE, NOT_BEGUN)
    if lesion.delivery.unclear is not None:
        return Finding(RULE, Verdict.QUERY, lesion.delivery.unclear)
    delivered, schedule = lesion.delivery.fractions_delivered, lesion.prescription.schedule
    if delivered is None:
        return Finding(RULE, Verdict.NOT_APPLICABLE, "fractions delivered are not stated")
    if schedule is None:
        return Finding(
            RULE,
            Verdict.NOT_EVALUABLE,
            "no prescribed fractions to compare with",
            observed=delivered,
            unit="fractions",
        )
    reason = lesion.delivery.stop_reason
    why = f"stop reason: {reason}" if reason and says_something(reason) else "no stop reason given"
    if delivered > schedule.fractions:
        verdict, message = Verdict.DEVIATION_UNACCEPTABLE, "more fractions were delivered than prescribed"
    elif delivered < schedule.fractions:
        verdict, message = Verdict.QUERY, f"fewer fractions were delivered than prescribed; {why}"
    else:
        verdict, message = Verdict.PER_PROTOCOL, "delivered as prescribed"
    return Finding(RULE, verdict, message, observed=delivered, required=schedule.fractions, unit="fractions")

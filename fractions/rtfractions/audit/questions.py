"""Who must answer: what a check leaves open is for the trial, for the treating centre, or for whoever sent the data."""

from typing import Final

from rtfractions.reports.cohort_results import Check
from rtfractions.verdicts import Verdict

TRIAL: Final = "the trial's office: the protocol's text does not decide"
CENTRE: Final = "the treating centre: a fact is missing or contradicts another"
SENDER: Final = "whoever sent the data: it is incomplete or could not be read"

ADDRESSEES: Final = (TRIAL, CENTRE, SENDER)
"""In the order of the report."""

_OF_THE_DATA: Final = frozenset({"input"})


def addressee(check: Check) -> str | None:
    """Who must answer a check; None where it leaves nothing open.

    Parameters
    ----------
    check : Check
        A text whose readings differ, and a schedule that the protocol neither names nor excludes, are for the trial, as
        the check itself says; what could not be read is for its sender; all else is for the treating centre.
    """
    if check.verdict not in (Verdict.QUERY, Verdict.NOT_EVALUABLE):
        return None
    if check.rule in _OF_THE_DATA:
        return SENDER
    return TRIAL if check.asked_of == "trial" else CENTRE

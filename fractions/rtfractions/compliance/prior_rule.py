"""What is known of earlier radiotherapy: a line of every report, and of limits on the sum with it."""

from typing import Final

from rtfractions.compliance.findings import Finding
from rtfractions.verdicts import Verdict

RULE: Final = "prior_radiotherapy"

NONE: Final = "none"
"""What a person states of a patient who had none."""


def check(stated: str | None) -> Finding:
    """The line on earlier radiotherapy.

    Parameters
    ----------
    stated : str or None
        What an overlay states: ``"none"``, or what was given; None where nothing is stated.
    """
    if stated is None:
        return Finding(RULE, Verdict.INFO, "earlier radiotherapy: not stated")
    message = f"earlier radiotherapy: {stated} (stated in the overlay, not verified)"
    return Finding(RULE, Verdict.INFO, message, basis="stated")


def not_summed(stated: str | None) -> str | None:
    """Why a limit on the sum with earlier radiotherapy cannot be found kept; None where there was none."""
    if stated is None:
        return "earlier radiotherapy is not stated"
    return None if stated.strip().casefold() == NONE else f"earlier radiotherapy is not summed ({stated})"

"""The words of a verdict, and how verdicts add up.

The grades are ours: neither trial of the library defines bands. The order of the roll-up puts a query
and missing data above an acceptable variation, because either can hide a deviation.
"""

from collections.abc import Iterable
from enum import StrEnum


class Verdict(StrEnum):
    """What a check, a lesion or a patient came to."""

    PER_PROTOCOL = "per_protocol"
    VARIATION_ACCEPTABLE = "variation_acceptable"
    DEVIATION_UNACCEPTABLE = "deviation_unacceptable"
    QUERY = "query"
    """The protocol's text or the given data do not decide: a person must."""
    NOT_EVALUABLE = "not_evaluable"
    """A stated rule lacks its data."""
    NOT_APPLICABLE = "not_applicable"
    """No rule, or the rule does not apply."""
    INFO = "info"
    """Recorded for the reader; grades nothing."""

    @property
    def words(self) -> str:
        """The verdict as a person reads it.

        Examples
        --------
        >>> Verdict.DEVIATION_UNACCEPTABLE.words
        'deviation unacceptable'
        """
        return self.value.replace("_", " ")


class Advice(StrEnum):
    """What an advisory limit came to, which grades nothing: its verdict is ``info``."""

    LIMIT_EXCEEDED = "limit_exceeded"
    """Mandatory, or its source does not say whether it is."""
    OBJECTIVE_EXCEEDED = "objective_exceeded"
    """Its source calls it optimal or suggested."""
    KEPT = "kept"

    @property
    def words(self) -> str:
        """The advice as a person reads it."""
        return self.value.replace("_", " ")


ROLL_UP_ORDER = (
    Verdict.DEVIATION_UNACCEPTABLE,
    Verdict.QUERY,
    Verdict.NOT_EVALUABLE,
    Verdict.VARIATION_ACCEPTABLE,
    Verdict.PER_PROTOCOL,
)
"""Worst first; the verdicts that are not here never roll up."""


def roll_up(verdicts: Iterable[Verdict]) -> Verdict:
    """The worst of several verdicts; ``not_evaluable`` where none of them rolls up.

    Parameters
    ----------
    verdicts : iterable of Verdict
        The verdicts of a lesion's checks, or of a patient's checks and lesions.

    Examples
    --------
    >>> roll_up([Verdict.PER_PROTOCOL, Verdict.QUERY, Verdict.INFO]).words
    'query'
    >>> roll_up([Verdict.NOT_APPLICABLE]).words
    'not evaluable'
    """
    found = set(verdicts)
    return next((verdict for verdict in ROLL_UP_ORDER if verdict in found), Verdict.NOT_EVALUABLE)


def no_worse_than(verdict: Verdict, worst_grade: str) -> Verdict:
    """`verdict`, a deviation being no worse than what the rule's source can support.

    A query and missing data stay what they are: no source makes them a grade.

    Parameters
    ----------
    verdict : Verdict
        What a rule came to.
    worst_grade : str
        The worst grade that its source supports.

    Examples
    --------
    >>> no_worse_than(Verdict.DEVIATION_UNACCEPTABLE, "query").words
    'query'
    >>> no_worse_than(Verdict.NOT_EVALUABLE, "variation_acceptable").words
    'not evaluable'
    """
    return Verdict(worst_grade) if verdict is Verdict.DEVIATION_UNACCEPTABLE else verdict

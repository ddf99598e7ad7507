"""Marks beside numbers, and what they mean at the foot of the table."""

from collections.abc import Iterable
from typing import Final

from rtfractions.reports.envelope import Message

LEGENDS: Final = {
    "lq.high-dose-per-fraction": "above 10 Gy a fraction, where LQ is less well validated (Brenner 2008)",
    "lq.complete-repair-assumed": "several fractions a day, converted as if repair between them were complete",
    "lq.rbe-weighted": "of the RBE-weighted dose",
}
"""The notices of the model, short enough for a table's foot; the whole sentence goes to stderr and JSON."""


class Marks:
    """One mark for each kind of notice in a table: ``*`` for the first, ``**`` for the next.

    Parameters
    ----------
    warnings : iterable of Message
        All that the table's numbers come with; those without a legend get no mark.
    """

    def __init__(self, warnings: Iterable[Message]) -> None:
        codes = dict.fromkeys(warning.code for warning in warnings if warning.code in LEGENDS)
        self._marks = {code: "*" * number for number, code in enumerate(codes, start=1)}

    def marked(self, text: str, warnings: Iterable[Message]) -> str:
        """The text with the marks of its own warnings."""
        own = dict.fromkeys(warning.code for warning in warnings if warning.code in self._marks)
        return " ".join([text, *(self._marks[code] for code in own)])

    def legend(self) -> str:
        """A line for each mark."""
        return "".join(f"{mark} {LEGENDS[code]}\n" for code, mark in self._marks.items())

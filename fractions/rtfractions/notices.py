"""Notices: what a reader or a calculation must tell the user, in every output.

A notice is not an error: the number stands, but it must not travel without the notice.
"""

from dataclasses import dataclass, field

from rtfractions.errors import Where, printable


@dataclass(frozen=True, slots=True)
class Notice:
    """Something the user must know about a result.

    Attributes
    ----------
    code : str
        Stable name for scripts, as ``"lq.high-dose-per-fraction"``.
    message : str
        One sentence for people.
    where : Where
        The place in the input it speaks of.
    """

    code: str
    message: str
    where: Where = field(default_factory=Where)

    def __str__(self) -> str:
        place = str(self.where)
        return printable(f"{place}: {self.message}" if place else self.message)

    def at(self, where: Where) -> "Notice":
        """The same notice, told with its place in the input."""
        return Notice(self.code, self.message, where)

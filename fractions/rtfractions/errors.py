"""What goes wrong, said in one line: where, what was found, what to do.

Every refusal of the library is an `RTFractionsError`. Its subclasses also inherit the built-in
exception a caller would expect, so that ``except ValueError`` works without knowing this library.
"""

from dataclasses import dataclass
from typing import ClassVar


def printable(text: str) -> str:
    r"""Text from a file, made safe to print: control, bidirectional and other invisible characters escaped.

    Parameters
    ----------
    text : str
        Any text, for example a structure name or a cell of a sheet.

    Returns
    -------
    str
        The same text on one line, without anything a terminal or a log would act on.

    Examples
    --------
    >>> print(printable("PTV\x1b[31m\n"))
    PTV\x1b[31m\n
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


QUOTED_LENGTH = 60
"""How much of a foreign text a message repeats."""


def quoted(text: object) -> str:
    """What was found, for a message: quoted, printable and not longer than a line bears.

    Examples
    --------
    >>> quoted("3x8"), len(quoted("9" * 1000))
    ("'3x8'", 65)
    """
    try:
        whole = str(text)
    except ValueError:  # an integer of more digits than Python prints
        whole = type(text).__name__
    return repr(whole) if len(whole) <= QUOTED_LENGTH else f"{whole[:QUOTED_LENGTH]!r}..."


def counted(number: int, noun: str) -> str:
    """A number and its noun, as ``"1 fraction"`` or ``"3 fractions"``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


@dataclass(frozen=True, slots=True)
class Where:
    """The place in the input that a message speaks of; what does not apply is None.

    Attributes
    ----------
    file : str
        The file as the user named it, or its path relative to the folder the user named.
    tag : str
        A DICOM attribute, as ``"(300A,0078) NumberOfFractionsPlanned"``; the way to a value of a JSON document.
    structure : str
        The name of a contoured structure.
    row : int
        A row of a sheet, the header being row 1; a line of a YAML file.
    column : str or int
        The name of a sheet's column; a character position in a line of a YAML file, from 1.
    """

    file: str | None = None
    tag: str | None = None
    structure: str | None = None
    row: int | None = None
    column: str | int | None = None

    def __str__(self) -> str:
        in_text = isinstance(self.column, int)
        parts = [
            self.file,
            None if self.row is None else f"{'line' if in_text else 'row'} {self.row}",
            None if self.column is None else f"column {self.column}",
            self.tag,
            None if self.structure is None else f"structure {self.structure!r}",
        ]
        return ", ".join(part for part in parts if part is not None)


class RTFractionsError(Exception):
    """A refusal: no number was computed, and the message says why and what would help.

    Parameters
    ----------
    problem : str
        What is wrong, with what was found.
    remedy : str, optional
        What to do about it.
    where : Where, optional
        The place in the input.
    """

    code: ClassVar[str] = "error"

    def __init__(self, problem: str, *, remedy: str = "", where: Where | None = None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.remedy = remedy
        self.where = where if where is not None else Where()

    @property
    def message(self) -> str:
        """The problem and its remedy on one line, without the place."""
        return printable(f"{self.problem}: {self.remedy}" if self.remedy else self.problem)

    def __str__(self) -> str:
        place = printable(str(self.where))
        return f"{place}: {self.message}" if place else self.message

    def at(self, where: Where) -> "RTFractionsError":
        """The same refusal, told with its place in the input."""
        return type(self)(self.problem, remedy=self.remedy, where=where)


class SettingError(RTFractionsError, ValueError):
    """A setting of the environment that cannot be."""

    code = "setting"


class InputFileError(RTFractionsError, ValueError):
    """A file that could not be read, or whose content was refused."""

    code = "file"


class OutputFileError(RTFractionsError, OSError):
    """A file that could not be written."""

    code = "output"

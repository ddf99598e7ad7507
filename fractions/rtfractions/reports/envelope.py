"""What every JSON document of this program has in common, and how it is written."""

import dataclasses
import datetime
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from rtfractions import __version__
from rtfractions.errors import RTFractionsError, SettingError, Where, printable, quoted
from rtfractions.files import InputFile
from rtfractions.notices import Notice

PROGRAM_NAME = "rtfractions"


@dataclass(frozen=True, slots=True)
class Program:
    """Which program wrote the document."""

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class Input:
    """A file that the document rests on."""

    path: str
    sha256: str
    modality: str | None
    sop_instance_uid: str | None


@dataclass(frozen=True, slots=True)
class Message:
    """A warning or an error, with its place in the input."""

    code: str
    message: str
    where: Where

    def __str__(self) -> str:
        place = str(self.where)
        return f"{place}: {self.message}" if place else self.message


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """The head of every document.

    Attributes
    ----------
    schema : str
        Name and version of the document's form.
    program : Program
        Which program wrote it.
    generated_at : str or None
        When, in UTC; None for a reproducible document.
    inputs : tuple of Input
        The files it rests on.
    warnings, errors : tuple of Message
        What the reader must know, and what was refused.
    exit_reasons : tuple of int
        Every exit code that applies; the process ends with one of them.
    """

    schema: str
    program: Program
    generated_at: str | None
    inputs: tuple[Input, ...]
    warnings: tuple[Message, ...]
    errors: tuple[Message, ...]
    exit_reasons: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Context:
    """What the command line knows of a run, for the head of its document."""

    reproducible: bool = False
    inputs: tuple[InputFile, ...] = ()
    notices: tuple[Notice, ...] = ()
    errors: tuple[RTFractionsError, ...] = ()
    exit_reasons: tuple[int, ...] = ()

    def head(self, schema: str) -> dict[str, Any]:
        """The fields of `Envelope`."""
        return {
            "schema": schema,
            "program": Program(PROGRAM_NAME, __version__),
            "generated_at": generated_at(reproducible=self.reproducible),
            "inputs": tuple(
                Input(printable(f.name), f.sha256, f.modality, printable_or_none(f.sop_instance_uid))
                for f in self.inputs
            ),
            "warnings": messages(self.notices),
            "errors": tuple(map(told, self.errors)),
            "exit_reasons": self.exit_reasons,
        }


def messages(notices: Iterable[Notice]) -> tuple[Message, ...]:
    """Notices as a document holds them, each once."""
    return tuple(Message(n.code, printable(n.message), _safe(n.where)) for n in dict.fromkeys(notices))


def told(error: RTFractionsError) -> Message:
    """A refusal as a document holds it."""
    return Message(error.code, error.message, _safe(error.where))


def _safe(where: Where) -> Where:
    column = where.column if isinstance(where.column, int) else printable_or_none(where.column)
    return Where(
        printable_or_none(where.file), where.tag, printable_or_none(where.structure), where.row, column
    )


def printable_or_none(text: str | None) -> str | None:
    """Text from a file as a document holds it, None where there is none."""
    return None if text is None else printable(text)


def generated_at(*, reproducible: bool) -> str | None:
    """The time of writing in UTC, or ``SOURCE_DATE_EPOCH`` where it is set; None for a reproducible document.

    Raises
    ------
    SettingError
        If ``SOURCE_DATE_EPOCH`` is no time.
    """
    if reproducible:
        return None
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    if epoch is None:
        now = datetime.datetime.now(datetime.UTC)
    else:
        try:
            now = datetime.datetime.fromtimestamp(int(epoch), datetime.UTC)
        except (ValueError, OverflowError, OSError):
            raise SettingError(
                f"SOURCE_DATE_EPOCH is {quoted(epoch)}",
                remedy="give whole seconds since 1970, or leave it unset",
            ) from None
    return now.isoformat(timespec="seconds").replace("+00:00", "Z")


def as_json(document: Any) -> str:
    """A document as JSON: UTF-8, full precision, no NaN or Infinity."""
    return json.dumps(dataclasses.asdict(document), ensure_ascii=False, allow_nan=False, indent=2) + "\n"

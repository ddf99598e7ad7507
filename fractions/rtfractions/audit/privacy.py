"""What must not leave the inputs: paths, Patient IDs and UIDs, in whatever text they stand."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any, Final

from rtfractions.audit.pseudonyms import PseudonymKey
from rtfractions.errors import RTFractionsError, Where
from rtfractions.notices import Notice

_UID: Final = re.compile(r"(?<![\w.])[0-2](?:\.\d+){3,}(?![\w]|\.\d)", re.ASCII)
_QUOTED: Final = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")


def without_uids(text: str, key: PseudonymKey) -> str:
    """A text with each DICOM UID replaced by the one that stands for it.

    Examples
    --------
    >>> without_uids("plan 1.2.826.0.1.7 of 2 Gy", PseudonymKey(b"for the example, not for use")) != ""
    True
    """
    return _UID.sub(lambda match: key.uid(match[0]), text)


def each_text(value: Any, change: Callable[[str], str]) -> Any:
    """A document of dataclasses, dicts, lists and texts with every text changed; keys and words of ours stay."""
    if isinstance(value, Enum):
        return value
    if isinstance(value, str):
        return change(value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{f.name: each_text(getattr(value, f.name), change) for f in fields(value)})
    if isinstance(value, dict):
        return {key: each_text(inner, change) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(each_text(inner, change) for inner in value)
    return value


def unquoted(text: str) -> str:
    """A message about a lesion sheet without what it repeats of cells: a name may have been typed into any.

    Examples
    --------
    >>> unquoted("'Smith' is not a schedule: write 40 Gy/10")
    "'...' is not a schedule: write 40 Gy/10"
    """
    return _QUOTED.sub("'...'", text)


def renamed_where(where: Where, names: Mapping[str, str | None]) -> Where:
    """A place with its file named otherwise; a file that is not known is not named."""
    return where if where.file is None else replace(where, file=names.get(where.file))


def renamed_notices(notices: Iterable[Notice], names: Mapping[str, str | None]) -> tuple[Notice, ...]:
    """Notices with their files named otherwise."""
    return tuple(notice.at(renamed_where(notice.where, names)) for notice in notices)


def renamed_error(error: RTFractionsError, names: Mapping[str, str | None]) -> RTFractionsError:
    """A refusal with its file, and the files its message speaks of, named otherwise."""

    def told(text: str) -> str:
        for name in sorted(names, key=len, reverse=True):
            text = text.replace(name, names[name] or "another file")
        return text

    return type(error)(
        told(error.problem), remedy=told(error.remedy), where=renamed_where(error.where, names)
    )

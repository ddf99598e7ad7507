"""YAML read strictly: nothing guessed, nothing executed, every refusal with its line and column.

YAML 1.2 without its traps: duplicate keys, empty values, anchors, tags and odd numerals are refused
instead of being read in some way. What the file must hold is said by a msgspec type; `Document.convert`
tells the place of what does not fit, and the nearest key it knows.
"""

import datetime
import difflib
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, TypeVar

import msgspec
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

from rtfractions.errors import InputFileError, Where, quoted

Path: TypeAlias = tuple[str | int, ...]
"""The way from the root to a value: keys of mappings and indices of lists."""

T = TypeVar("T")

_KINDS: Final = {
    "float": "a number",
    "int": "a whole number",
    "str": "a text",
    "bool": "true or false",
    "date": "a date",
    "array": "a list",
    "object": "a mapping of keys to values",
}
"""msgspec's names of types, as a person reads them."""

_CORE_TAG: Final = "tag:yaml.org,2002:"
_PLAIN_NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?", re.ASCII)
_MSGSPEC_MESSAGE: Final = re.compile(r"(?P<problem>.*?)(?: - at `\$(?P<path>.*)`)?", re.DOTALL)
_PATH_STEP: Final = re.compile(r"\.([^.\[]+)|\[(\d+)\]")


@dataclass(frozen=True, slots=True)
class Document:
    """A YAML document as plain values, with the place of each.

    Attributes
    ----------
    value : object
        Mappings, lists, text, numbers, true, false and dates; only text where read so.
    file : str
        What the user calls the file.
    places : mapping of Path to (line, column)
        Where each value starts; a key's place stands under the path of its value plus ``"?"``.
    """

    value: Any
    file: str
    places: Mapping[Path, tuple[int, int]]

    def where(self, path: Path, *, key: bool = False) -> Where:
        """The place of the value at `path`, or of its key; the nearest enclosing one where it has none."""
        if key and (*path, "?") in self.places:
            line, column = self.places[(*path, "?")]
        else:
            while path not in self.places:
                path = path[:-1]
            line, column = self.places[path]
        return Where(file=self.file, row=line, column=column)

    def convert(self, kind: type[T], decode: Callable[[type, Any], Any] | None = None) -> T:
        """The document as a value of `kind`.

        Parameters
        ----------
        kind : type
            A msgspec type; its structures forbid unknown fields.
        decode : callable, optional
            msgspec's ``dec_hook`` for types of our own.

        Raises
        ------
        InputFileError
            If the document does not fit, with line, column and the nearest known key or value.
        """
        try:
            return msgspec.convert(self.value, kind, dec_hook=decode)
        except msgspec.ValidationError as error:
            raise self._refusal(str(error), kind) from None

    def _refusal(self, message: str, kind: type) -> InputFileError:
        match = _MSGSPEC_MESSAGE.fullmatch(message)
        problem, path_text = (match["problem"], match["path"] or "") if match else (message, "")
        path: Path = tuple(name or int(index) for name, index in _PATH_STEP.findall(path_text))
        if unknown := re.match(r"Object contains unknown field `(.*)`", problem):
            key = unknown[1]
            return InputFileError(
                f"unknown key {quoted(key)}",
                remedy=_nearest(key, _fields(_type_at(kind, path))),
                where=self.where((*path, key), key=True),
            )
        if missing := re.match(r"Object missing required field `(.*)`", problem):
            return InputFileError(f"the key {missing[1]!r} is missing", where=self.where(path))
        if invalid := re.match(r"Invalid enum value (.*)", problem):
            value = invalid[1].strip("'")
            return InputFileError(
                f"{quoted(value)} is not a known value",
                remedy=_nearest(value, _choices(_type_at(kind, path))),
                where=self.where(path),
            )
        if expected := re.match(r"Expected `(.*)`, got `(.*)`", problem):
            wanted, found = (_KINDS.get(kind, kind) for kind in expected.groups())
            problem = f"expected {wanted}, found {found}"
        if problem == "Invalid RFC3339 encoded date":
            problem = "no date: write it as 2026-03-02"
        place = f"{path[-1]}: " if path and isinstance(path[-1], str) else ""
        return InputFileError(place + problem.replace("`", ""), where=self.where(path))


def read(text: str, *, file: str, as_text: bool = False) -> Document:
    """Read one YAML document.

    Parameters
    ----------
    text : str
        The document.
    file : str
        What the user calls the file, for messages.
    as_text : bool, default False
        Leave every scalar the text it is (``no`` is ``"no"``, ``0012`` is ``"0012"``; null and nothing are ``""``),
        as a sheet wants it, instead of reading numbers, true, false and dates.

    Raises
    ------
    InputFileError
        If the text is no YAML, or holds what strict reading refuses.
    """
    places: dict[Path, tuple[int, int]] = {}
    try:
        root = YAML(typ="safe", pure=True).compose(text)
        if root is None:
            raise InputFileError("is empty", where=Where(file=file))
        return Document(_value(root, (), places, file, as_text), file, places)
    except MarkedYAMLError as error:
        mark = error.problem_mark
        where = (
            Where(file=file) if mark is None else Where(file=file, row=mark.line + 1, column=mark.column + 1)
        )
        raise InputFileError(f"is not YAML ({error.problem or 'syntax error'})", where=where) from None
    except YAMLError as error:
        raise InputFileError(f"is not YAML ({type(error).__name__})", where=Where(file=file)) from None
    except RecursionError:
        raise InputFileError("is nested too deeply", where=Where(file=file)) from None


def _value(node: Node, path: Path, places: dict[Path, tuple[int, int]], file: str, as_text: bool) -> Any:
    where = _where(node, file)
    places[path] = _place(node)
    if node.tag == f"{_CORE_TAG}null" and not as_text:
        raise _empty(path, places, file)
    if node.anchor is not None:
        raise InputFileError("anchors and aliases are not read", remedy="write the value out", where=where)
    if isinstance(node, ScalarNode):
        if as_text:
            return "" if node.tag == f"{_CORE_TAG}null" else str(node.value)
        return _scalar(node, where)
    if str(node.tag).removeprefix(_CORE_TAG) not in ("map", "seq"):
        raise InputFileError(
            f"the tag {quoted(node.tag)} is not read", remedy="leave the tag out", where=where
        )
    if isinstance(node, MappingNode):
        mapping: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, ScalarNode):
                raise InputFileError("a key must be a word", where=_where(key_node, file))
            key = str(key_node.value)
            if key in mapping:
                first = places[(*path, key, "?")][0]
                raise InputFileError(
                    f"the key {key!r} stands here and in line {first}", where=_where(key_node, file)
                )
            places[(*path, key, "?")] = _place(key_node)
            mapping[key] = _value(value_node, (*path, key), places, file, as_text)
        return mapping
    return [_value(item, (*path, i), places, file, as_text) for i, item in enumerate(node.value)]


def _empty(path: Path, places: dict[Path, tuple[int, int]], file: str) -> InputFileError:
    line, column = places.get((*path, "?"), places[path])
    return InputFileError(
        f"{path[-1]!r} is empty" if path else "is empty",
        remedy="give a value, or leave the key out",
        where=Where(file=file, row=line, column=column),
    )


def _scalar(node: ScalarNode, where: Where) -> str | int | float | bool | datetime.date:
    text, tag = str(node.value), str(node.tag).removeprefix(_CORE_TAG)
    if tag == "str":
        if not text.isprintable():
            raise InputFileError(f"{quoted(text)} holds characters that cannot be printed", where=where)
        return text
    if tag == "bool":
        return text.lower() == "true"
    if tag in ("int", "float") and _PLAIN_NUMBER.fullmatch(text):
        number = float(text) if "." in text else int(text)
        if math.isfinite(number):
            return number
    if tag == "timestamp":
        try:
            return datetime.date.fromisoformat(text)
        except ValueError:
            return text
    raise InputFileError(
        f"{quoted(text)} is no plain number", remedy="write digits, or quote a text", where=where
    )


def _place(node: Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1


def _where(node: Node, file: str) -> Where:
    line, column = _place(node)
    return Where(file=file, row=line, column=column)


def _nearest(word: str, known: list[str]) -> str:
    near = difflib.get_close_matches(word, known, n=1)
    return f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(known)}"


def _type_at(kind: type, path: Path) -> msgspec.inspect.Type:
    """The msgspec type of the value at `path` below a value of `kind`."""
    found = msgspec.inspect.type_info(kind)
    for step in path:
        found = next(
            (
                inner
                for option in _options(found)
                for inner in (
                    [f.type for f in option.fields if f.encode_name == step]
                    if isinstance(option, msgspec.inspect.StructType)
                    else [option.item_type]
                    if isinstance(option, msgspec.inspect.VarTupleType | msgspec.inspect.ListType)
                    else []
                )
            ),
            found,
        )
    return found


def _options(kind: msgspec.inspect.Type) -> tuple[msgspec.inspect.Type, ...]:
    if isinstance(kind, msgspec.inspect.Metadata):
        return _options(kind.type)
    if isinstance(kind, msgspec.inspect.UnionType):
        return tuple(option for inner in kind.types for option in _options(inner))
    return (kind,)


def _fields(kind: msgspec.inspect.Type) -> list[str]:
    return [
        field.encode_name
        for option in _options(kind)
        if isinstance(option, msgspec.inspect.StructType)
        for field in option.fields
    ]


def _choices(kind: msgspec.inspect.Type) -> list[str]:
    choices: list[str] = []
    for option in _options(kind):
        if isinstance(option, msgspec.inspect.LiteralType):
            choices += [str(value) for value in option.values]
        elif isinstance(option, msgspec.inspect.EnumType):
            choices += [str(member.value) for member in option.cls]
    return choices

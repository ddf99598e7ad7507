"""Files of rules written as YAML: what is default is left out, what stands on one line stays there."""

import io
from collections.abc import Iterable
from typing import Any, Final

import msgspec
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from rtfractions.errors import printable
from rtfractions.protocols.entries import Entry

LINE_LENGTH: Final = 110

_ON_ONE_LINE: Final = ("limits", "aliases")
"""Lists whose entries stand on one line each."""


def as_yaml(entry: Entry, comments: Iterable[str] = ()) -> str:
    """A file of rules as text that reads back as the same.

    Parameters
    ----------
    entry : Entry
        What it holds.
    comments : iterable of str
        Lines of comment before it.
    """
    yaml = YAML()
    yaml.width = LINE_LENGTH
    yaml.indent(mapping=2, sequence=4, offset=2)
    stream = io.StringIO()
    stream.writelines(f"# {printable(line)}\n" for line in comments)
    yaml.dump(_plain(entry), stream)
    return stream.getvalue()


def _plain(value: object, *, one_line: bool = False) -> Any:
    if isinstance(value, Entry):
        mapping = CommentedMap(
            (field.encode_name, _plain(inner, one_line=one_line or field.encode_name in _ON_ONE_LINE))
            for field in msgspec.structs.fields(value)
            if (inner := getattr(value, field.name)) != _default(field)
        )
        if one_line:
            mapping.fa.set_flow_style()
        return mapping
    if isinstance(value, tuple):
        sequence = CommentedSeq(_plain(item, one_line=one_line) for item in value)
        if one_line and not any(isinstance(item, Entry) for item in value):
            sequence.fa.set_flow_style()
        return sequence
    if isinstance(value, str):
        # ruamel.yaml writes ?x without quotes, which on one line is a key without a value.
        return DoubleQuotedScalarString(value) if value.startswith("?") else str(value)
    return value


def _default(field: msgspec.structs.FieldInfo) -> object:
    if field.default_factory is not msgspec.NODEFAULT:
        return field.default_factory()
    return field.default

"""Reading protocol files, and finding those of the library."""

import difflib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Final, TypeVar

from rtfractions import strict_yaml
from rtfractions.errors import InputFileError, RTFractionsError, quoted
from rtfractions.files import MAXIMUM_YAML_BYTES, read_text, sha256_hex
from rtfractions.protocols import references, schema
from rtfractions.protocols.entries import Entry, StructureAlias
from rtfractions.protocols.schema import Protocol
from rtfractions.protocols.structure_names import known_structures
from rtfractions.protocols.vocabulary import known_site_words, known_technique_words

LIBRARY: Final = ("NCT03176173", "NCT03406468")
"""Ids of the protocols that come with the program."""


T = TypeVar("T")


class ProtocolError(RTFractionsError, LookupError):
    """A protocol, or a set of constraints, that is not known."""

    code = "protocol"


@dataclass(frozen=True, slots=True)
class LoadedProtocol:
    """A protocol and the bytes it was read from.

    Attributes
    ----------
    protocol : Protocol
        The rules.
    sha256 : str
        SHA-256 of the file.
    file : str
        The file, as the user named it, or its name in the library.
    """

    protocol: Protocol
    sha256: str
    file: str


def load(text: str, data: bytes, *, file: str) -> LoadedProtocol:
    """Read a protocol from its text.

    Parameters
    ----------
    text : str
        The YAML document.
    data : bytes
        The bytes of the file, for its SHA-256.
    file : str
        What the user calls the file.

    Raises
    ------
    InputFileError
        With line and column of what is wrong, and the nearest key or value that is known.
    """
    return from_document(strict_yaml.read(text, file=file), data)


def from_document(document: strict_yaml.Document, data: bytes) -> LoadedProtocol:
    """A protocol from a document that was read from these bytes; errors are those of `load`."""
    protocol = document.convert(Protocol, schema.decode)
    problems = (*references.misplaced(protocol), *_unknown_words(protocol), *unknown_structures(protocol))
    for path, problem in problems:
        raise InputFileError(problem, where=document.where(path))
    return LoadedProtocol(protocol, sha256_hex(data), document.file)


def library_protocol(identifier: str) -> LoadedProtocol:
    """The protocol of the library with that id."""
    text, data = bundled(f"{identifier}.yaml")
    return load(text, data, file=f"{identifier}.yaml")


def bundled(file: str) -> tuple[str, bytes]:
    """The text and the bytes of a file that comes with the program."""
    data = resources.files("rtfractions.protocols").joinpath(f"data/{file}").read_bytes()
    return data.decode("utf-8"), data


def load_file(path: Path, *, name: str) -> LoadedProtocol:
    """A protocol from a file; errors are those of `load`."""
    return from_document(*read_document(path, name=name))


def read_document(path: Path, *, name: str) -> tuple[strict_yaml.Document, bytes]:
    """A YAML file of rules, and the bytes of it.

    Raises
    ------
    InputFileError
        If it cannot be read, is too large, or is no YAML of one document.
    """
    text, data = read_text(path, name=name, maximum_bytes=MAXIMUM_YAML_BYTES)
    return strict_yaml.read(text, file=name), data


def find(name: str) -> LoadedProtocol:
    """A protocol by its id in the library, or from a file.

    Parameters
    ----------
    name : str
        An id, in any case, or the path of a YAML file.

    Raises
    ------
    ProtocolError
        If it is neither.
    InputFileError
        If it is a file that cannot be read as a protocol.
    """
    return named_or_file(
        name, LIBRARY, library_protocol, lambda path: load_file(path, name=name), what="protocol"
    )


def named_or_file(
    name: str,
    library: tuple[str, ...],
    of_library: Callable[[str], T],
    of_file: Callable[[Path], T],
    *,
    what: str,
) -> T:
    """What is meant by an id of a library, in any case, or by the path of a YAML file; errors are those of `find`."""
    for identifier in library:
        if name.casefold() == identifier.casefold():
            return of_library(identifier)
    path = Path(name)
    if os.path.exists(name) or path.suffix.lower() in (".yaml", ".yml"):
        return of_file(path)
    ids = {identifier.upper(): identifier for identifier in library}
    near = difflib.get_close_matches(name.upper(), ids, n=1)
    raise ProtocolError(
        f"no {what} {quoted(name)}",
        remedy=f"did you mean {ids[near[0]]}?" if near else f"give {', '.join(library)} or a YAML file",
    )


def unknown_structures(rules: Entry) -> Iterator[tuple[strict_yaml.Path, str]]:
    """Structures that rules name and nothing knows: a rule of one would never be evaluated.

    A structure is known to the vocabulary, or by an alias of the file itself; an alias is of a structure of the
    vocabulary, or of one that a rule of the file names.
    """
    named = list(_named_structures(rules, (), in_alias=False))
    aliased = list(_named_structures(rules, (), in_alias=True))
    for places, others in ((named, aliased), (aliased, named)):
        known = known_structures().union(structure for _, structure in others)
        for path, structure in places:
            if structure not in known:
                near = difflib.get_close_matches(structure, sorted(known), n=1)
                remedy = f": did you mean {near[0]!r}?" if near else ""
                yield path, f"{structure!r} is no structure of the vocabulary{remedy}"


def _named_structures(
    value: object, path: strict_yaml.Path, *, in_alias: bool
) -> Iterator[tuple[strict_yaml.Path, str]]:
    if isinstance(value, Entry):
        for name in value.__struct_fields__:
            inner = getattr(value, name)
            if name in ("structure", "minus") and isinstance(inner, str):
                if isinstance(value, StructureAlias) == in_alias:
                    yield (*path, name), inner
            else:
                yield from _named_structures(inner, (*path, name), in_alias=in_alias)
    elif isinstance(value, tuple):
        for i, item in enumerate(value):
            yield from _named_structures(item, (*path, i), in_alias=in_alias)


def _unknown_words(protocol: Protocol) -> list[tuple[strict_yaml.Path, str]]:
    """Words of sites and techniques that the vocabulary does not know: a rule with them would never hold."""
    found: list[tuple[strict_yaml.Path, str]] = []
    known = {"site": known_site_words(), "technique": known_technique_words()}
    if protocol.sites is not None:
        found += [
            (("sites", "treated", i), f"{word!r} is no site of the vocabulary")
            for i, word in enumerate(protocol.sites.treated)
            if word not in known["site"]
        ]
    holders: list[tuple[strict_yaml.Path, tuple[schema.Need, ...]]] = [
        (("conditions", i, "needs"), condition.needs) for i, condition in enumerate(protocol.conditions)
    ]
    holders += [
        (("ambiguities", i, "readings", j, "needs"), reading.needs)
        for i, ambiguity in enumerate(protocol.ambiguities)
        for j, reading in enumerate(ambiguity.readings)
        if reading.needs is not None
    ]
    for path, needs in holders:
        for i, need in enumerate(needs):
            if need.is_ == "stated":
                continue
            words = frozenset[str]().union(*(known.get(fact, frozenset(need.is_)) for fact in need.any))
            found += [
                ((*path, i, "is", j), f"{word!r} is no {' or '.join(need.any)} of the vocabulary")
                for j, word in enumerate(need.is_)
                if word not in words
            ]
    return found

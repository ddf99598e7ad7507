"""Reading protocol files, and finding those of the library."""

import difflib
import os
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Final

from rtfractions import strict_yaml
from rtfractions.errors import InputFileError, RTFractionsError, quoted
from rtfractions.files import MAXIMUM_YAML_BYTES, read_text, sha256_hex
from rtfractions.protocols import schema
from rtfractions.protocols.schema import Protocol
from rtfractions.protocols.vocabulary import known_site_words, known_technique_words

LIBRARY: Final = ("NCT03176173", "NCT03406468")
"""Ids of the protocols that come with the program."""


class ProtocolError(RTFractionsError, LookupError):
    """A protocol that is not known."""

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
    document = strict_yaml.read(text, file=file)
    protocol = document.convert(Protocol, schema.decode)
    for path, problem in (*schema.misplaced(protocol), *_unknown_words(protocol)):
        raise InputFileError(problem, where=document.where(path))
    return LoadedProtocol(protocol, sha256_hex(data), file)


def library_protocol(identifier: str) -> LoadedProtocol:
    """The protocol of the library with that id."""
    data = resources.files("rtfractions.protocols").joinpath(f"data/{identifier}.yaml").read_bytes()
    return load(data.decode("utf-8"), data, file=f"{identifier}.yaml")


def load_file(path: Path, *, name: str) -> LoadedProtocol:
    """A protocol from a file; errors are those of `load`."""
    text, data = read_text(path, name=name, maximum_bytes=MAXIMUM_YAML_BYTES)
    return load(text, data, file=name)


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
    for identifier in LIBRARY:
        if name.casefold() == identifier.casefold():
            return library_protocol(identifier)
    path = Path(name)
    if os.path.exists(name) or path.suffix.lower() in (".yaml", ".yml"):
        return load_file(path, name=name)
    near = difflib.get_close_matches(name.upper(), LIBRARY, n=1)
    raise ProtocolError(
        f"no protocol {quoted(name)}",
        remedy=f"did you mean {near[0]}?" if near else f"give {', '.join(LIBRARY)} or a YAML file",
    )


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

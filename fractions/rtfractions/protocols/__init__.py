"""Trial protocols as data: their form, their words, and the library that comes with the program."""

from rtfractions.protocols.loader import (
    LIBRARY,
    LoadedProtocol,
    ProtocolError,
    find,
    library_protocol,
    load,
    load_file,
)
from rtfractions.protocols.schema import Protocol

__all__ = [
    "LIBRARY",
    "LoadedProtocol",
    "Protocol",
    "ProtocolError",
    "find",
    "library_protocol",
    "load",
    "load_file",
]

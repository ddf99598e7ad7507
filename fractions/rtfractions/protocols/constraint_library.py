"""Reading sets of dose constraints, and finding those that come with the program."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rtfractions import strict_yaml
from rtfractions.errors import InputFileError
from rtfractions.files import sha256_hex
from rtfractions.protocols import loader
from rtfractions.protocols.constraint_sets import ConstraintSet, misplaced
from rtfractions.protocols.schema import decode

SETS: Final = (
    "AAPM-TG101-2010",
    "QUANTEC-2010",
    "UK-SABR-2018",
    "UK-SABR-2022",
    "EORTC-LungTech",
    "TROG-SAFRON-II",
    "TROG-FASTRACK-II",
    "Spine-consensus-2017",
    "Spine-SBRT-BMC2025",
    "SUPR-3D",
    "PREOP-SRS-BMC2022",
    "TEN-FX-RCC-ROJ2016",
    "RTOG-0631",
    "HyTEC",
)
"""Ids of the sets of constraints that come with the program."""


@dataclass(frozen=True, slots=True)
class LoadedConstraintSet:
    """A set of constraints and the bytes it was read from.

    Attributes
    ----------
    constraint_set : ConstraintSet
        The constraints.
    sha256 : str
        SHA-256 of the file.
    file : str
        The file, as the user named it, or its name in the library.
    """

    constraint_set: ConstraintSet
    sha256: str
    file: str


def load_set(text: str, data: bytes, *, file: str) -> LoadedConstraintSet:
    """Read a set of constraints from its text.

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
        With line and column of what is wrong, and the nearest key, value or structure that is known.
    """
    return from_document(strict_yaml.read(text, file=file), data)


def from_document(document: strict_yaml.Document, data: bytes) -> LoadedConstraintSet:
    """A set of constraints from a document that was read from these bytes; errors are those of `load_set`."""
    constraint_set = document.convert(ConstraintSet, decode)
    for path, problem in (*misplaced(constraint_set), *loader.unknown_structures(constraint_set)):
        raise InputFileError(problem, where=document.where(path))
    return LoadedConstraintSet(constraint_set, sha256_hex(data), document.file)


def library_set(identifier: str) -> LoadedConstraintSet:
    """The set of the library with that id."""
    text, data = loader.bundled(f"constraints/{identifier}.yaml")
    return load_set(text, data, file=f"{identifier}.yaml")


def load_set_file(path: Path, *, name: str) -> LoadedConstraintSet:
    """A set of constraints from a file; errors are those of `load_set`."""
    return from_document(*loader.read_document(path, name=name))


def find_set(name: str) -> LoadedConstraintSet:
    """A set of constraints by its id in the library, or from a file.

    Parameters
    ----------
    name : str
        An id, in any case, or the path of a YAML file.

    Raises
    ------
    ProtocolError
        If it is neither.
    InputFileError
        If it is a file that cannot be read as a set.
    """
    return loader.named_or_file(
        name, SETS, library_set, lambda path: load_set_file(path, name=name), what="set of constraints"
    )

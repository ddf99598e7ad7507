"""Files of rules, whatever they hold: a protocol, a set of constraints or an overlay, as their key `schema` says."""

from pathlib import Path

from rtfractions.protocols import constraint_library, loader, overlays
from rtfractions.protocols.applied_overlays import OverlayError, applied
from rtfractions.protocols.constraint_library import LoadedConstraintSet
from rtfractions.protocols.loader import LoadedProtocol
from rtfractions.protocols.overlays import LoadedOverlay
from rtfractions.strict_yaml import Document


def load_any(path: Path, *, name: str) -> LoadedProtocol | LoadedConstraintSet | LoadedOverlay:
    """A protocol, a set of constraints or an overlay from a file, as its key `schema` says.

    An overlay of a protocol of the library is held against it.

    Raises
    ------
    InputFileError, OverlayError
        As what reads each of them, and as `applied`.
    """
    document, data = loader.read_document(path, name=name)
    if not _schema(document).startswith("rtfractions.overlay"):
        return _either(document, data)
    loaded = overlays.from_document(document, data)
    if loaded.overlay.about.id in loader.LIBRARY:
        try:
            applied(loader.library_protocol(loaded.overlay.about.id), loaded.overlay)
        except OverlayError as error:
            raise error.at(document.where(("protocol",))) from None
    return loaded


def load_either(path: Path, *, name: str) -> LoadedProtocol | LoadedConstraintSet:
    """A protocol or a set of constraints from a file, as its key `schema` says; a protocol where it does not say.

    Raises
    ------
    InputFileError
        As `constraint_library.load_set` and `loader.load`.
    """
    return _either(*loader.read_document(path, name=name))


def find_either(name: str) -> LoadedProtocol | LoadedConstraintSet:
    """A protocol or a set of constraints by its id in the library, or from a file.

    Parameters and errors are those of `constraint_library.find_set`.
    """

    def of_library(identifier: str) -> LoadedProtocol | LoadedConstraintSet:
        if identifier in constraint_library.SETS:
            return constraint_library.library_set(identifier)
        return loader.library_protocol(identifier)

    return loader.named_or_file(
        name,
        (*loader.LIBRARY, *constraint_library.SETS),
        of_library,
        lambda path: load_either(path, name=name),
        what="protocol or set of constraints",
    )


def _either(document: Document, data: bytes) -> LoadedProtocol | LoadedConstraintSet:
    if _schema(document).startswith("rtfractions.constraints"):
        return constraint_library.from_document(document, data)
    return loader.from_document(document, data)


def _schema(document: Document) -> str:
    """What a document says that it is; empty where it does not say."""
    said = document.value.get("schema") if isinstance(document.value, dict) else None
    return "" if said is None else str(said)

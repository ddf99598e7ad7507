"""Readers of constraint templates that people already have: into a set of constraints of ours.

What cannot be carried over is named with its place, never dropped. Imported numbers rest on the template alone: the
set's source is a local protocol, and no limit claims to be verified.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rtfractions.files import read_text, sha256_hex
from rtfractions.protocols.importers import clearplan, dvhmetrics, planscorecard, proknow
from rtfractions.protocols.importers.template import (
    MAXIMUM_TEMPLATE_BYTES,
    Draft,
    Imported,
    TemplateError,
)

__all__ = ["READERS", "Imported", "TemplateError", "import_template"]

READERS: Final = {
    "dvhmetrics": (dvhmetrics.PROGRAM, dvhmetrics.read),
    "clearplan": (clearplan.PROGRAM, clearplan.read),
    "planscorecard": (planscorecard.PROGRAM, planscorecard.read),
    "proknow": (proknow.PROGRAM, proknow.read),
}
"""Kinds of templates: the program they are of, and what reads them."""


def import_template(
    path: Path, *, name: str, kind: str, identifier: str, fractions: Sequence[int] = ()
) -> Imported:
    """Read a template of another program.

    Parameters
    ----------
    path : Path
        The file, UTF-8.
    name : str
        What the user calls it.
    kind : str
        One of `READERS`.
    identifier : str
        Id of the set to make.
    fractions : sequence of int
        Numbers of fractions that the template is for, where it does not say; without them its limits stand for any.

    Raises
    ------
    InputFileError
        If the file cannot be read, or is no such template.
    TemplateError
        If nothing of it could be carried over.
    """
    program, read = READERS[kind]
    text, data = read_text(path, name=name, maximum_bytes=MAXIMUM_TEMPLATE_BYTES)
    draft = Draft(
        file=name,
        sha256=sha256_hex(data),
        identifier=identifier,
        program=program,
        fractions=tuple(dict.fromkeys(fractions)),
    )
    try:
        read(text, draft)
    except TemplateError as error:  # of the template as a whole
        raise error.at(draft.where()) from None
    return draft.finish()

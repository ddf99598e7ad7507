"""A template's name of a structure as an id of the vocabulary, or as an id of its own."""

import re
from typing import NamedTuple

from rtfractions.protocols.structure_names import ROLES, known_structures, structure_of


class Named(NamedTuple):
    """A structure of a template.

    Attributes
    ----------
    structure : str
        Id of the vocabulary, a role of targets, or an id made of the template's name.
    known : bool
        The vocabulary has it.
    """

    structure: str
    known: bool


def name_structure(name: str) -> Named:
    """The structure that a template means by a name.

    A name that the vocabulary does not list is a structure of its own, found by that name alone. So is a target
    whose name says more than its role: limits of ``PTV_Low`` are not those of every PTV.

    Examples
    --------
    >>> name_structure("spinal cord"), name_structure("ptv")
    (Named(structure='SpinalCord', known=True), Named(structure='PTV', known=True))
    >>> name_structure("PTV Low"), name_structure("Lung")
    (Named(structure='PTV_Low', known=False), Named(structure='Lung_as_named', known=False))
    """
    structure = structure_of(name)
    if structure in ROLES and name.strip().upper() != structure:
        structure = None
    if structure is not None:
        return Named(structure, True)
    own = re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_") or "Structure"
    return Named(f"{own}_as_named" if own in known_structures() else own, False)

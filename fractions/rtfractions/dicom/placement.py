"""Whether structures lie where they can lie: within the patient."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rtfractions.errors import Where, quoted
from rtfractions.notices import Notice
from rtfractions.structures import Structure

OUTLINE: Final = "EXTERNAL"
"""RT ROI Interpreted Type of the patient's outline."""

IN_THE_PATIENT: Final = frozenset(
    {"PTV", "CTV", "GTV", "ORGAN", "AVOIDANCE", "TREATED_VOLUME", "IRRAD_VOLUME"}
)
"""RT ROI Interpreted Types that lie in the patient; couches, fixations and markers may lie beside."""


def with_strays_noted(structures: Sequence[Structure]) -> tuple[Structure, ...]:
    """The structures, those wholly beside the patient's outline with a notice.

    Only boxes around the two are compared: a converter that moves or mistakes structures moves them far.

    Parameters
    ----------
    structures : sequence of Structure
        All of a set; without exactly one outline in their frame of reference nothing is said.
    """
    outlines = [s for s in structures if s.interpreted_type == OUTLINE and s.closed]
    if len(outlines) != 1:
        return tuple(structures)
    least, greatest = _box(outlines[0])
    noted = []
    for structure in structures:
        is_comparable = structure.frame_of_reference_uid == outlines[0].frame_of_reference_uid
        if is_comparable and structure.closed and structure.interpreted_type in IN_THE_PATIENT:
            low, high = _box(structure)
            if np.any(low > greatest) or np.any(high < least):
                notice = Notice(
                    "structure.outside-external",
                    f"it lies wholly beside the patient's outline, {quoted(outlines[0].name)}",
                    Where(structure=structure.name),
                )
                structure = replace(structure, notices=(*structure.notices, notice))
        noted.append(structure)
    return tuple(noted)


def _box(structure: Structure) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Least and greatest (x, y, z) of the contours."""
    vertices = structure.vertices_mm
    return vertices.min(axis=0), vertices.max(axis=0)

"""The files of the commands that convert a planned dose: all of them read before it is chosen which is meant."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rtfractions.biology import AlphaBeta
    from rtfractions.dicom import Discovery, Limits
    from rtfractions.errors import RTFractionsError
    from rtfractions.patient import Patient
    from rtfractions.reports.envelope import Context


@dataclass(frozen=True, slots=True)
class DoseInputs:
    """What the named files hold.

    Attributes
    ----------
    found : Discovery
        RT objects by their headers.
    patients : list of Patient
        The patients, as far as they could be read.
    context : Context
        The head of the document, as far as it is known before anything is computed.
    """

    found: Discovery
    patients: list[Patient]
    context: Context


def read_inputs(
    paths: Sequence[Path],
    limits: Limits,
    *,
    reproducible: bool,
    ratios: Iterable[AlphaBeta],
    errors: Sequence[RTFractionsError] = (),
) -> DoseInputs:
    """Read files, folders and archives.

    Parameters
    ----------
    paths : sequence of Path
        As they were named.
    limits : Limits
        How much is read.
    reproducible : bool
        No time of writing.
    ratios : iterable of AlphaBeta
        What the dose is to be converted with: what is to be said of these stands first.
    errors : sequence of RTFractionsError
        What has been refused already.
    """
    from rtfractions.dicom import discover, read_patient
    from rtfractions.reports.envelope import Context

    found = discover(paths, limits)
    readings = [read_patient(files, found, limits=limits) for files in found.patients]
    context = Context(
        reproducible,
        inputs=tuple(file for reading in readings for file in reading.inputs),
        notices=(
            *(notice for ratio in ratios for notice in ratio.notices),
            *found.notices,
            *(notice for reading in readings for notice in reading.patient.all_notices()),
        ),
        errors=(*errors, *found.errors, *(error for reading in readings for error in reading.errors)),
    )
    return DoseInputs(found, [reading.patient for reading in readings], context)

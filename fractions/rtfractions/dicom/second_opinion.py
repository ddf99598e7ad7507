"""Second opinions on DVHs: dicompyler-core's, and those that a planning system stored in the RT Dose.

Neither is the truth. dicompyler-core counts the dose voxels whose centres lie in a contour, slice by slice, with half
a slice beyond the outermost ones, and sorts them into bins of 0.01 Gy. A planning system does not say what it does.
"""

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import numpy as np
import pydicom
import pydicom.dicomio
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ImplicitVRLittleEndian

from rtfractions.dicom.discovery import Discovery
from rtfractions.dicom.limits import Limits
from rtfractions.dicom.reading import dataset_of, guarded
from rtfractions.dicom.stored_dvhs import RefusedDVH, StoredDVH, stored_dvhs
from rtfractions.dicom.writing import read_again
from rtfractions.dosimetry.binned import dvh_of_bins
from rtfractions.dosimetry.comparison import Opinion, Step, as_the_voxel_counter, compare, nearest_ends
from rtfractions.dosimetry.courses import ChosenDose
from rtfractions.dosimetry.dvh import DVH
from rtfractions.dosimetry.plan_dvhs import StructureResult
from rtfractions.errors import RTFractionsError, quoted
from rtfractions.files import InputFile

Floats = NDArray[np.float64]

# dicompyler-core logs what it finds odd. Without a handler, Python would print that to stderr.
logging.getLogger("dicompylercore").addHandler(logging.NullHandler())


class SecondOpinionError(RTFractionsError, ValueError):
    """A DVH of another program that cannot be had, or does not say what it is."""

    code = "second-opinion"


STORED: Final = "stored in the RT Dose"
"""What the opinion of a planning system is called."""

NOT_OF_ONE: Final = "(not of one structure)"
"""What stands for a structure where a stored DVH does not name one."""

COUNTED: Final = "voxel counting, bins of 0.01 Gy"
"""What explains a value of dicompyler-core where our method, made like its, does not."""


def second_opinions(
    chosen: ChosenDose,
    results: Sequence[StructureResult],
    found: Discovery,
    inputs: Sequence[InputFile],
    *,
    limits: Limits,
) -> tuple[Opinion, ...]:
    """What dicompyler-core and the planning system say of the same structures in the same dose.

    Parameters
    ----------
    chosen : ChosenDose
        The dose, with its structure set.
    results : sequence of StructureResult
        Our DVHs; those that were refused are left out.
    found, inputs, limits
        Where the files are, what was read of them, and how much is.

    Raises
    ------
    SecondOpinionError
        If the dose was put together from several files, or no structure set belongs to it.
    DicomError
        If a file has changed since it was read.
    """
    if len(chosen.doses) != 1 or chosen.structure_set is None:
        raise SecondOpinionError("the dose was put together from several files: nobody else has its DVHs")
    ours = [result for result in results if result.dvhs]
    dose = read_again(found, chosen.doses[0].sop_instance_uid, inputs, limits)
    structures = read_again(found, chosen.structure_set.sop_instance_uid, inputs, limits)
    numbers = [result.number for result in ours if result.number is not None]
    source = f"dicompyler-core {dicompyler_version()}"
    theirs = dicompyler_dvhs(structures, dose, numbers, limits=limits)
    opinions = [
        _about_counted(source, chosen, result, theirs[result.number])
        for result in ours
        if result.number is not None
    ]
    stored = stored_dvhs(
        dose,
        structure_set_uid=chosen.structure_set.sop_instance_uid,
        volumes_cm3={r.number: r.dvhs[0].volume_cm3 for r in ours if r.number is not None},
        limits=limits,
    )
    return (*opinions, *_about_stored(chosen, ours, stored))


def _about_counted(
    source: str, chosen: ChosenDose, result: StructureResult, theirs: DVH | RTFractionsError
) -> Opinion:
    if isinstance(theirs, RTFractionsError):
        return Opinion(source=source, name=result.name, number=result.number, error=theirs)
    assert result.structure is not None
    steps = as_the_voxel_counter(result.structure, chosen.grid, result.dvhs[0])
    return Opinion(
        source=source,
        name=result.name,
        number=result.number,
        differences=compare(result.dvhs[0], theirs, steps=steps, rest=COUNTED + _outside(result)),
    )


def _outside(result: StructureResult) -> str:
    return "" if result.dvhs[0].covered_fraction == 1 else ", part outside the grid"


def _about_stored(
    chosen: ChosenDose, ours: Sequence[StructureResult], stored: Sequence[StoredDVH | RefusedDVH]
) -> Iterator[Opinion]:
    by_number = {result.number: result for result in ours}
    for one in stored:
        if one.structure_number is None and isinstance(one, RefusedDVH):
            yield Opinion(source=STORED, name=NOT_OF_ONE, number=None, error=one.error)
            continue
        result = by_number.get(one.structure_number)
        if result is None or result.structure is None:
            continue
        try:
            if isinstance(one, RefusedDVH):
                raise one.error
            theirs = dvh_of_bins(one.edges_gy[:-1], one.volumes_cm3, last_gy=float(one.edges_gy[-1]))
        except RTFractionsError as error:
            yield Opinion(source=STORED, name=result.name, number=result.number, error=error)
            continue
        bin_gy = float(np.diff(one.edges_gy).max())
        steps: tuple[Step, ...] = ()
        if one.volume_stated:
            steps = nearest_ends(result.structure, chosen.grid, result.dvhs[0], theirs)
        yield Opinion(
            source=STORED,
            name=result.name,
            number=result.number,
            differences=compare(
                result.dvhs[0],
                theirs,
                steps=steps,
                rest=f"the system's own method, bins of {bin_gy:.2g} Gy" + _outside(result),
                with_volume=one.volume_stated,
            ),
        )


def dicompyler_dvhs(
    structures: bytes, dose: bytes, numbers: Sequence[int], *, limits: Limits
) -> dict[int, DVH | RTFractionsError]:
    """DVHs by dicompyler-core, with its defaults.

    Parameters
    ----------
    structures, dose : bytes
        An RT Structure Set and an RT Dose file.
    numbers : sequence of int
        The structures.
    limits : Limits
        How much is read.

    Returns
    -------
    dict
        For each number its DVH, or why dicompyler-core has none.
    """
    datasets = [_with_meta(dataset_of(data, limits)) for data in (structures, dose)]
    with _dicompyler() as get_dvh:
        found: dict[int, DVH | RTFractionsError] = {}
        for number in numbers:
            try:
                found[number] = from_dicompyler(_computed(get_dvh, datasets, number))
            except RTFractionsError as error:
                found[number] = error
    return found


def dicompyler_version() -> str:
    """Which release of dicompyler-core is there."""
    from importlib.metadata import version

    return version("dicompyler-core")


def from_dicompyler(theirs: Any) -> DVH:
    """Our DVH of a ``dicompylercore.dvh.DVH``.

    Parameters
    ----------
    theirs : dicompylercore.dvh.DVH
        Cumulative or differential, in Gy and cm3.

    Raises
    ------
    SecondOpinionError
        If it is empty, or of relative dose or volume: what 100 % is, it does not say.
    """
    if theirs.dose_units.lower() != "gy" or theirs.volume_units.lower() != "cm3":
        problem = f"its units are {quoted(theirs.dose_units)} and {quoted(theirs.volume_units)}"
        raise SecondOpinionError(problem, remedy="make it absolute, in Gy and cm3")
    edges = np.asarray(theirs.bins, np.float64)
    volumes = np.asarray(theirs.cumulative.counts, np.float64)
    if not len(volumes) or not volumes.max() > 0:
        raise SecondOpinionError("its DVH is empty" + (f": {theirs.notes}" if theirs.notes else ""))
    return dvh_of_bins(
        edges[: len(volumes)], volumes, last_gy=float(edges[min(len(volumes), len(edges) - 1)])
    )


def to_dicompyler(ours: DVH, *, name: str | None = None, prescription_gy: float | None = None) -> Any:
    """A ``dicompylercore.dvh.DVH`` of ours: cumulative, in Gy and cm3.

    Parameters
    ----------
    ours : DVH
        Any; of BED and EQD2 the other type cannot say that they are.
    name : str, optional
        The structure's name.
    prescription_gy : float, optional
        What relative dose is of.

    Returns
    -------
    dicompylercore.dvh.DVH
        Its bins lie between our nodes and start at 0 Gy. Where volume of exactly one dose makes our curve jump, there
        are two bins of that dose.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from dicompylercore import dvh as theirs

    edges, volumes = np.maximum(ours.dose_gy, 0.0), ours.volume_cm3_at[:-1]
    if edges[0] > 0:
        edges, volumes = np.append(0.0, edges), np.append(ours.volume_cm3_at[0], volumes)
    return theirs.DVH(volumes, edges, name=name, rx_dose=prescription_gy)


@contextmanager
def _dicompyler() -> Iterator[Any]:
    """dicompyler-core's ``get_dvh``; its release imports a name that pydicom 3 no longer has."""
    there = hasattr(pydicom.dicomio, "read_file")
    try:
        if not there:
            vars(pydicom.dicomio)["read_file"] = pydicom.dcmread
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from dicompylercore import dicomparser, dvhcalc
        assert dicomparser  # get_dvh imports it by itself, when it could no more
    except ImportError as error:
        problem = f"dicompyler-core cannot be imported ({type(error).__name__})"
        raise SecondOpinionError(problem, remedy="install dicompyler-core") from None
    finally:
        if not there:
            del vars(pydicom.dicomio)["read_file"]
    yield dvhcalc.get_dvh


def _computed(get_dvh: Any, datasets: Sequence[Dataset], number: int) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return get_dvh(*datasets, number)
    except Exception as error:  # noqa: BLE001 - it raises whatever a file provokes, none of it its own; ours stands without it
        raise SecondOpinionError(f"dicompyler-core fails ({type(error).__name__})") from None


def _with_meta(dataset: Dataset) -> Dataset:
    """A dataset whose file meta information is complete, as dicompyler-core wants it."""
    with guarded():
        meta = getattr(dataset, "file_meta", None) or FileMetaDataset()
        meta.MediaStorageSOPClassUID = dataset.SOPClassUID
        meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
        if "TransferSyntaxUID" not in meta:
            meta.TransferSyntaxUID = ImplicitVRLittleEndian
        dataset.file_meta = meta
    return dataset

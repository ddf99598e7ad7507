"""DVHs that stand in an RT Dose (PS3.3 C.8.8.4), read as what they say they are, or refused."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from rtfractions.dicom.limits import Limits
from rtfractions.dicom.reading import dataset_of
from rtfractions.dicom.values import (
    code_of,
    decimal_of,
    decimals_of,
    integer_of,
    items_of,
    refusal,
    text_of,
)
from rtfractions.errors import RTFractionsError, quoted

Floats = NDArray[np.float64]

_ROUNDING: Final = 1e-6
"""Part of the largest volume by which a stored one may rise with dose, or lie below 0."""


LARGEST: Final = 1e9
"""Widths of bins, volumes in cm3 and scalings are smaller."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class StoredDVH:
    """A DVH that stands in an RT Dose.

    Attributes
    ----------
    structure_number : int
        The structure it is of.
    edges_gy : ndarray, shape (n + 1,)
        Edges of its bins, from 0.
    volumes_cm3 : ndarray, shape (n,)
        Volume with at least the dose of each bin's lower edge.
    volume_stated : bool
        Whether volumes are its own; False where they were percentages of ours.
    """

    structure_number: int
    edges_gy: Floats
    volumes_cm3: Floats
    volume_stated: bool


@dataclass(frozen=True, slots=True)
class RefusedDVH:
    """A stored DVH that is not used; its structure's number where that is known, and why."""

    structure_number: int | None
    error: RTFractionsError


def stored_dvhs(
    dose: bytes, *, structure_set_uid: str, volumes_cm3: Mapping[int, float], limits: Limits
) -> tuple[StoredDVH | RefusedDVH, ...]:
    """The DVHs that stand in an RT Dose.

    Parameters
    ----------
    dose : bytes
        An RT Dose file.
    structure_set_uid : str
        The structure set that numbers are of.
    volumes_cm3 : mapping of int to float
        Volumes of its structures, for DVHs in percent of volume.
    limits : Limits
        How much is read.

    Returns
    -------
    tuple of StoredDVH or RefusedDVH
        In the order of the file.
    """
    dataset = dataset_of(dose, limits)
    named = {
        text_of(item, "ReferencedSOPInstanceUID")
        for item in items_of(dataset, "ReferencedStructureSetSequence")
    }
    stored: list[StoredDVH | RefusedDVH] = []
    for item in items_of(dataset, "DVHSequence"):
        number = None
        try:
            number = _structure_number(item)
            if named and named != {structure_set_uid}:
                raise refusal("ReferencedStructureSetSequence", "the DVH is of another structure set")
            stored.append(_stored(item, number, dataset, volumes_cm3))
        except RTFractionsError as error:
            stored.append(RefusedDVH(number, error))
    return tuple(stored)


def _structure_number(item: Dataset) -> int | None:
    """The one structure that a DVH is of."""
    referenced = items_of(item, "DVHReferencedROISequence")
    if len(referenced) != 1:
        problem = f"the DVH is of {len(referenced)} structures together" if referenced else "is missing"
        raise refusal("DVHReferencedROISequence", problem)
    said = code_of(referenced[0], "DVHROIContributionType")
    if said not in (None, "INCLUDED"):
        raise refusal("DVHROIContributionType", f"{quoted(said)}: the DVH is of what lies outside")
    return integer_of(referenced[0], "ReferencedROINumber")


def _stored(item: Dataset, number: int | None, dose: Dataset, volumes_cm3: Mapping[int, float]) -> StoredDVH:
    """A stored DVH (PS3.3 C.8.8.4): pairs of a bin's width and its volume, which is that of its lower edge."""
    if number is None:
        raise refusal("ReferencedROINumber", "is missing")
    units = code_of(item, "DoseUnits")
    if units != "GY":
        raise refusal("DoseUnits", f"a DVH in {quoted(units)} is not read", "GY is")
    dose_type = code_of(item, "DoseType")
    if dose_type != code_of(dose, "DoseType"):
        raise refusal("DoseType", f"the DVH is of {quoted(dose_type)} dose, the grid is not")
    scaling = decimal_of(item, "DVHDoseScaling")
    if scaling is None or scaling <= 0:
        raise refusal(
            "DVHDoseScaling", f"{quoted(scaling)} cannot be" if scaling is not None else "is missing"
        )
    data = np.array(decimals_of(item, "DVHData"), np.float64)
    bins = integer_of(item, "DVHNumberOfBins")
    if len(data) < 2 or len(data) % 2 or (bins is not None and bins != len(data) // 2):
        raise refusal("DVHData", f"{len(data)} numbers are not the pairs of {bins} bins")
    if not max(np.abs(data).max(), float(scaling)) < LARGEST:
        raise refusal("DVHData", "numbers this large are no doses and volumes")
    widths, volumes = data[::2] * float(scaling), data[1::2]
    if not (widths >= 0).all() or not widths.sum() > 0:
        raise refusal("DVHData", "widths of bins are not above 0")
    volumes = _cumulative(volumes, code_of(item, "DVHType"))
    stated = _in_cm3(volumes, code_of(item, "DVHVolumeUnits"), volumes_cm3.get(number))
    return StoredDVH(
        structure_number=number,
        edges_gy=np.append(0.0, np.cumsum(widths)),
        volumes_cm3=stated,
        volume_stated=stated is volumes,
    )


def _cumulative(volumes: Floats, kind: str | None) -> Floats:
    if kind == "DIFFERENTIAL":
        volumes = np.cumsum(volumes[::-1])[::-1]
    elif kind != "CUMULATIVE":
        raise refusal("DVHType", f"{quoted(kind)} is not read", "CUMULATIVE and DIFFERENTIAL are")
    largest = float(volumes.max())
    if not largest > 0:
        raise refusal("DVHData", "there is no volume")
    if volumes.min() < -_ROUNDING * largest or np.diff(volumes).max(initial=0.0) > _ROUNDING * largest:
        raise refusal("DVHData", "the volume with at least a dose rises with the dose, or is below 0")
    return volumes


def _in_cm3(volumes: Floats, units: str | None, volume_cm3: float | None) -> Floats:
    if units == "CM3":
        return volumes
    if units != "PERCENT":
        raise refusal("DVHVolumeUnits", f"{quoted(units)} is not read", "CM3 and PERCENT are")
    if volume_cm3 is None:
        raise refusal("DVHVolumeUnits", "percentages of a volume that is not known")
    result: Floats = volumes * (volume_cm3 / 100)
    return result

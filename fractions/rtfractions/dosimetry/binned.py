"""DVHs that others computed: volumes at the lower edges of bins of dose."""

import numpy as np
from numpy.typing import NDArray

from rtfractions.dosimetry.dvh import DVH, DVHError, Settings

Floats = NDArray[np.float64]

NOT_STATED = "not stated"
"""Settings of a DVH that somebody else computed."""


def dvh_of_bins(lower_gy: Floats, volumes_cm3: Floats, *, last_gy: float) -> DVH:
    """The DVH of a histogram, within whose bins volume is spread evenly over dose.

    Parameters
    ----------
    lower_gy : ndarray, shape (n,)
        Lower edges of the bins in Gy, ascending.
    volumes_cm3 : ndarray, shape (n,)
        Volume with at least that dose. Rounding may have left it a trifle below 0, or rising.
    last_gy : float
        Upper edge of the last bin.

    Returns
    -------
    DVH
        From the first bin that holds volume to the last one.

    Raises
    ------
    DVHError
        If there is no volume, or the edges do not ascend.
    """
    volumes = np.minimum.accumulate(np.maximum(volumes_cm3, 0.0))
    nodes, volumes = np.append(lower_gy, last_gy), np.append(volumes, 0.0)
    if not volumes[0] > 0:
        raise DVHError("the histogram has no volume")
    end = int(np.argmax(volumes == 0))
    start = int(np.searchsorted(-volumes, -volumes[0], side="right")) - 1
    nodes, volumes = nodes[start : end + 1], volumes[start : end + 1]
    middle = (nodes[1:] + nodes[:-1]) / 2
    return DVH(
        dose_gy=nodes,
        volume_cm3_at=volumes,
        volume_cm3=float(volumes[0]),
        covered_fraction=1.0,
        minimum_gy=float(nodes[0]),
        maximum_gy=float(nodes[-1]),
        mean_gy=float(-np.diff(volumes) @ middle / volumes[0]),
        settings=Settings(end_caps=NOT_STATED, dose_interpolation=NOT_STATED),
    )

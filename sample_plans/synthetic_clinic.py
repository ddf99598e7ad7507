"""A large plan made up for benchmarks: 200 x 200 x 150 voxels of 2.5 mm, 30 structures, 465 000 contour points.

Body and a skin of 5 mm, a ring as two contours and the same as a keyhole, lungs in two parts, bowel in six loops,
organs of all sizes, and lesions of 5, 7 and 10 mm, all drawn every 3 mm.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from synthetic_dose import rt_dose
from synthetic_structures import Roi, rt_structure_set

Points = NDArray[np.float64]

SHAPE = (150, 200, 200)
SPACING_MM = 2.5
SLICE_MM = 3.0

_HEIGHTS = np.arange(-180.0, 181.0, SLICE_MM)


def clinic_structures() -> Dataset:
    """The structure set."""
    drawn: list[tuple[str, list[Points]]] = [
        ("BODY", _tube((0, 0), (200, 115), 500, _HEIGHTS)),
        ("Skin_5mm", [*_tube((0, 0), (200, 115), 500, _HEIGHTS), *_tube((0, 0), (195, 110), 400, _HEIGHTS)]),
        (
            "Ring",
            [*_tube((0, 0), (55, 45), 500, _HEIGHTS[50:75]), *_tube((0, 0), (35, 25), 400, _HEIGHTS[50:75])],
        ),
        ("Ring_keyhole", _keyhole((0, 0), (55, 45), (35, 25), 500, 400, _HEIGHTS[50:75])),
        ("Lungs", [*_ball((-90, 0, 70), (55, 75, 105), 350), *_ball((90, 0, 70), (55, 75, 105), 350)]),
        ("Bowel", [loop for i in range(6) for loop in _ball((-75 + 30 * i, -30, -80), (14, 22, 60), 180)]),
        ("Liver", _ball((-70, 10, -20), (75, 65, 70), 460)),
        ("Heart", _ball((15, -30, 40), (50, 45, 50), 440)),
        ("Spleen", _ball((100, 30, -10), (30, 35, 45), 350)),
        ("Stomach", _ball((55, -20, -20), (40, 35, 45), 380)),
        ("Kidney_L", _ball((60, 45, -60), (27, 28, 54), 320)),
        ("Kidney_R", _ball((-60, 45, -70), (27, 28, 54), 320)),
        ("Bladder", _ball((0, -20, -150), (35, 30, 25), 400)),
        ("Rectum", _ball((0, 40, -140), (18, 20, 39), 260)),
        ("Aorta", _tube((15, 50), (12, 12), 160, _HEIGHTS[30:110])),
        ("Esophagus", _tube((5, 40), (9, 8), 120, _HEIGHTS[60:115])),
        ("SpinalCord", _tube((0, 75), (6, 5), 70, _HEIGHTS)),
        ("Trachea", _tube((0, 25), (10, 9), 120, _HEIGHTS[80:118])),
        ("Thyroid", _ball((0, -20, 160), (22, 12, 14), 180)),
        ("Pancreas", _ball((20, 15, -45), (45, 14, 16), 300)),
        ("Duodenum", _ball((-20, 15, -50), (20, 18, 30), 260)),
        ("OpticNerve", _tube((30, -60), (2.5, 2.5), 30, _HEIGHTS[100:104])),
        ("Adrenal_L", _ball((45, 40, -15), (9, 7, 12), 100)),
        ("Adrenal_R", _ball((-45, 40, -15), (9, 7, 12), 100)),
        ("PTV", _ball((0, 0, 0), (48, 38, 36), 480)),
        ("CTV", _ball((0, 0, 0), (41, 31, 29), 420)),
        ("GTV", _ball((0, 0, 0), (33, 23, 21), 350)),
        ("Met_10mm", _ball((90.3, -10.2, 60.4), (5, 5, 5), 60)),
        ("Met_7mm", _ball((-80.6, 20.1, 80.2), (3.5, 3.5, 3.5), 50)),
        ("Met_5mm", _ball((70.8, 30.7, 90.9), (2.5, 2.5, 2.5), 40)),
        ("LAD", _ball((35, -60, 40), (4, 3, 35), 48)),
    ]
    rois = [Roi(number, name, loops) for number, (name, loops) in enumerate(drawn, 1)]
    return rt_structure_set("CLINIC", 1, rois)


def clinic_dose() -> Dataset:
    """The dose: 60 Gy around the middle, 24 Gy on each of the lesions, 2 Gy elsewhere."""
    z, y, x = (_axis(count) for count in SHAPE)
    dose = 2 + _gauss(x, y, z, (0, 0, 0), (60, 50, 45), 58.0)
    for centre in ((90.3, -10.2, 60.4), (-80.6, 20.1, 80.2), (70.8, 30.7, 90.9)):
        dose += _gauss(x, y, z, centre, (5, 5, 5), 24.0)
    scaling = 1e-6
    first = [-(count - 1) / 2 * SPACING_MM for count in reversed(SHAPE)]
    return rt_dose(
        "CLINIC",
        1,
        np.round(dose / scaling).astype(np.uint32),
        scaling=f"{scaling:g}",
        position_mm=first,
        spacing_mm=(SPACING_MM, SPACING_MM),
        offsets_mm=(np.arange(SHAPE[0]) * SPACING_MM).tolist(),
    )


def _axis(count: int) -> Points:
    return (np.arange(count, dtype=np.float64) - (count - 1) / 2) * SPACING_MM


def _gauss(
    x: Points, y: Points, z: Points, centre: Sequence[float], sigma: Sequence[float], top: float
) -> Points:
    along = [np.exp(-(((a - c) / s) ** 2) / 2) for a, c, s in zip((x, y, z), centre, sigma, strict=True)]
    return np.asarray(top * along[2][:, None, None] * along[1][None, :, None] * along[0][None, None, :])


def _ellipse(centre: Sequence[float], half: Sequence[float], points: int, z: float) -> Points:
    angle = np.arange(points) * (2 * np.pi / points)
    wave = 1 + 0.03 * np.sin(3 * angle + z / 20)  # no two slices alike
    x = centre[0] + half[0] * wave * np.cos(angle)
    return np.column_stack((x, centre[1] + half[1] * wave * np.sin(angle), np.full(points, z)))


def _tube(centre: Sequence[float], half: Sequence[float], points: int, heights: Points) -> list[Points]:
    return [_ellipse(centre, half, points, float(z)) for z in heights]


def _ball(centre: Sequence[float], half: Sequence[float], points: int) -> list[Points]:
    loops = []
    for z in _HEIGHTS[np.abs(_HEIGHTS - centre[2]) < half[2] - 0.01]:
        part = float(np.sqrt(1 - ((z - centre[2]) / half[2]) ** 2))
        loops.append(_ellipse(centre, (half[0] * part, half[1] * part), points, float(z)))
    return loops


def _keyhole(
    centre: Sequence[float],
    outer: Sequence[float],
    inner: Sequence[float],
    outer_points: int,
    inner_points: int,
    heights: Points,
) -> list[Points]:
    loops = []
    for z in heights:
        one = _ellipse(centre, outer, outer_points, float(z))
        other = _ellipse(centre, inner, inner_points, float(z))
        loops.append(np.vstack((one, one[:1], other[:1], other[::-1])))
    return loops

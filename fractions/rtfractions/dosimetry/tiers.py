"""Sections of a solid, gathered in tiers: what stands between the same planes of voxels.

Slabs of 3 mm and frames of 2.5 mm cut each other into twice as many layers as there are frames, most of them parts of
one gap. A sample of the whole gap has the same mean dose as those of its parts, because a linearly interpolated dose
has no kink there. So the layers in a gap are taken together, with the place and the size that theirs make along w. A
section that alone fills a gap, or several, is looked at once for all of them.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


class Layers(NamedTuple):
    """The layers in which sections stand.

    Attributes
    ----------
    section : ndarray of int, shape (M,)
        Section of each layer, ascending.
    w_mm, thickness_mm : ndarray, shape (M,)
        Middle and thickness.
    part : ndarray, shape (M,)
        Part of each that is filled.
    """

    section: Integers
    w_mm: Floats
    thickness_mm: Floats
    part: Floats


class Pieces(NamedTuple):
    """What sections add to tiers.

    Attributes
    ----------
    tier : ndarray of int, shape (P,)
        The tier of each piece, ascending.
    section : ndarray of int, shape (P,)
        Its section.
    share : ndarray, shape (P,)
        Its part of the tier's thickness.
    above, thickness : ndarray, shape (P,)
        How far above the middle of the tier its own middle lies, and its thickness, in parts of the tier's.
    """

    tier: Integers
    section: Integers
    share: Floats
    above: Floats
    thickness: Floats


class Tiers(NamedTuple):
    """Tiers, and the layers in which each stands.

    Attributes
    ----------
    pieces : Pieces
        What they are made of.
    times : ndarray of int, shape (T,)
        How many layers each tier has; more than one only where it is of one section.
    w_mm, thickness_mm : ndarray, shape (M,)
        Middle and thickness of all layers, tier by tier; of several sections, the middle of what they fill.
    part : ndarray, shape (M,)
        Part of each that is filled.
    """

    pieces: Pieces
    times: Integers
    w_mm: Floats
    thickness_mm: Floats
    part: Floats

    def between(self, first: int, end: int) -> "Tiers":
        """Some tiers that follow each other."""
        layers = slice(int(self.times[:first].sum()), int(self.times[:end].sum()))
        pieces = self.pieces
        some = slice(*np.searchsorted(pieces.tier, (first, end)).tolist())
        return Tiers(
            Pieces(
                pieces.tier[some] - first,
                pieces.section[some],
                pieces.share[some],
                pieces.above[some],
                pieces.thickness[some],
            ),
            self.times[first:end],
            self.w_mm[layers],
            self.thickness_mm[layers],
            self.part[layers],
        )


def tiers_of(layers: Layers, edges_mm: Floats) -> Tiers:
    """Layers by tiers: one for each section's layers that are alone between two edges, and one for each other gap.

    Parameters
    ----------
    layers : Layers
        Layers that reach over no plane of voxels; empty ones are left out.
    edges_mm : ndarray, shape (E,)
        Where tiers end along w, ascending.
    """
    some = layers.part > 0
    if not some.all():
        layers = Layers(layers.section[some], layers.w_mm[some], layers.thickness_mm[some], layers.part[some])
    gap = np.searchsorted(edges_mm, layers.w_mm)
    alone = np.bincount(gap)[gap] == 1
    if alone.all():
        sections, times = np.unique(layers.section, return_counts=True)
        return Tiers(_whole(np.arange(len(sections)), sections), times, *layers[1:])
    # Gaps come after the sections, so that a number is either.
    beyond = int(layers.section[-1]) + 1
    keys, tier = np.unique(np.where(alone, layers.section, beyond + gap), return_inverse=True)
    by_section = int(np.searchsorted(keys, beyond))
    joined = np.flatnonzero(~alone)
    joined = joined[np.argsort(tier[joined], kind="stable")]
    of = tier[joined] - by_section
    w, thickness, part = (values[joined] for values in layers[1:])
    filled = thickness * part
    whole = np.bincount(of, filled)
    middle = np.bincount(of, filled * w) / whole
    own = _whole(np.arange(by_section), keys[:by_section])
    others = Pieces(
        tier[joined],
        layers.section[joined],
        filled / whole[of],
        (w - middle[of]) / whole[of],
        thickness / whole[of],
    )
    times = np.concatenate((np.bincount(tier[alone], minlength=by_section), np.ones(len(whole), np.int64)))
    single = np.flatnonzero(alone)  # by section, and so by tier
    return Tiers(
        Pieces(*(np.concatenate(both) for both in zip(own, others, strict=True))),
        times,
        np.concatenate((layers.w_mm[single], middle)),
        np.concatenate((layers.thickness_mm[single], whole)),
        np.concatenate((layers.part[single], np.ones(len(whole)))),
    )


def _whole(tier: Integers, section: Integers) -> Pieces:
    """Pieces that are all of their tiers."""
    one = np.ones(len(tier))
    return Pieces(tier, section, one, np.zeros(len(tier)), one)

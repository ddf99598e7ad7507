"""What a dose that this program converted says of itself: words and codes, none of them a patient's."""

import datetime
from dataclasses import dataclass
from typing import Final

from rtfractions import __version__

MANUFACTURER: Final = "rtfractions"
MODEL_NAME: Final = "rtfractions convert"

LONGEST_COMMENT: Final = 64
"""Characters of a DICOM long string (VR LO)."""

LONGEST_DESCRIPTION: Final = 1024
"""Characters of a DICOM short text (VR ST)."""


Code = tuple[str, str]

RADIOBIOLOGICAL: Final[Code] = ("121377", "Composed with radiobiological effects")
FROM_PRIOR_DOSES: Final[Code] = ("121370", "Composed from prior doses")
SOURCE_DOSE: Final[Code] = ("121372", "Source dose for composing current dose")
FRACTIONATION_BASED: Final[Code] = ("130127", "Fractionation-based or temporally-based methods")
METHODS: Final[dict[str, Code]] = {
    "eqd2": ("130130", "Equivalent 2-Gray Fractions Model"),
    "bed": ("130131", "Linear-Quadratic Model"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Marking:
    """What a converted dose must say of itself.

    Attributes
    ----------
    quantity : {"bed", "eqd2"}
        What the dose was converted to.
    alpha_betas_gy : tuple of float
        alpha/beta in Gy of voxels in no structure, then those of structures in order of precedence.
    structure_numbers : tuple of int
        ROI numbers of these structures. Names are not written: they can hold patient text.
    fractions : tuple of int
        Number of fractions of each phase.
    fractions_from_plan : bool
        Whether these are the plans' numbers; False where the user gave one.
    rbe_weighted : bool
        The source was RBE-weighted.
    written_at : datetime.datetime or None
        When, in UTC; None leaves all times out.
    """

    quantity: str
    alpha_betas_gy: tuple[float, ...]
    structure_numbers: tuple[int, ...]
    fractions: tuple[int, ...]
    fractions_from_plan: bool = True
    rbe_weighted: bool = False
    written_at: datetime.datetime | None = None

    @property
    def series_description(self) -> str:
        """A Series Description, without patient text."""
        return f"{self.quantity.upper()} a/b={self._ratios()} (LQ)"

    @property
    def comment(self) -> str:
        """A Dose Comment of at most 64 characters, without patient text."""
        source = " RBE" if self.rbe_weighted else ""
        each, in_all = "+".join(map(str, self.fractions)), sum(self.fractions)
        texts = (
            f"{self.quantity.upper()} a/b={ratios} LQ{source}{fractions}; NOT PHYSICAL"
            for fractions in (f" n={each}", f" n={in_all} in {len(self.fractions)} phases", "")
            for ratios in (self._ratios(), "by structure")
        )
        return next(text for text in texts if len(text) <= LONGEST_COMMENT)

    @property
    def description(self) -> str:
        """A Derivation Description: model, alpha/beta by structure number, fractions, time, program."""
        given = "" if self.fractions_from_plan else " (given by the user, not by the plan)"
        parts = [
            f"{self.quantity.upper()} by the linear-quadratic model, each voxel at its own dose per fraction D/n",
            f"n={'+'.join(map(str, self.fractions))}{given}",
        ]
        own = zip(self.structure_numbers, self.alpha_betas_gy[1:], strict=True)
        listed = [f"{ratio:g} Gy in structure {number}" for number, ratio in own]
        if listed:
            parts.append("alpha/beta of the first structure that holds a voxel")
        elsewhere = (
            f"{self.alpha_betas_gy[0]:g} Gy elsewhere"
            if listed
            else f"alpha/beta {self.alpha_betas_gy[0]:g} Gy"
        )
        end = [
            elsewhere,
            "full repair between fractions, no time factor",
            *(["source dose RBE-weighted"] if self.rbe_weighted else []),
            "not a physical dose",
            f"{MANUFACTURER} {__version__}",
            *([f"{self.written_at:%Y-%m-%dT%H:%M:%SZ}"] if self.written_at else []),
        ]
        text = "; ".join([*parts, *listed, *end])
        while len(text) > LONGEST_DESCRIPTION and listed:
            listed.pop()
            text = "; ".join([*parts, *listed, "and further structures", *end])
        return text[:LONGEST_DESCRIPTION]

    def _ratios(self) -> str:
        text = ",".join(dict.fromkeys(f"{ratio:.4g}" for ratio in self.alpha_betas_gy))
        return text if len(text) <= 16 else "by structure"

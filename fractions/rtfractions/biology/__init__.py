"""Radiobiology: what a dose in fractions is worth, with the model and the alpha/beta beside every number."""

from rtfractions.biology.alpha_beta import DEFAULT_ALPHA_BETAS, AlphaBeta, AlphaBetaError, parse_alpha_beta
from rtfractions.biology.conversion import Isoeffect, convert
from rtfractions.biology.lq import DoseError, bed, eqd2, eqdx

__all__ = [
    "DEFAULT_ALPHA_BETAS",
    "AlphaBeta",
    "AlphaBetaError",
    "DoseError",
    "Isoeffect",
    "bed",
    "convert",
    "eqd2",
    "eqdx",
    "parse_alpha_beta",
]

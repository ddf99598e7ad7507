"""Dose in structures: dose-volume histograms, and what they are made of."""

from rtfractions.dosimetry.dvh import DVH, Differential, DVHError, Settings
from rtfractions.dosimetry.engine import model_dvh, structure_dvh
from rtfractions.dosimetry.modelling import model_of

__all__ = ["DVH", "DVHError", "Differential", "Settings", "model_dvh", "model_of", "structure_dvh"]

"""Dose in structures: dose-volume histograms, and what they are made of."""

from rtfractions.dosimetry.dvh import DVH, Differential, DVHError, Settings
from rtfractions.dosimetry.engine import model_dvh, samples, structure_dvh
from rtfractions.dosimetry.modelling import model_of
from rtfractions.dosimetry.regions import Combined, Grown, region_dvh, region_model, shell, union

__all__ = [
    "DVH",
    "Combined",
    "DVHError",
    "Differential",
    "Grown",
    "Settings",
    "model_dvh",
    "model_of",
    "region_dvh",
    "region_model",
    "samples",
    "shell",
    "structure_dvh",
    "union",
]

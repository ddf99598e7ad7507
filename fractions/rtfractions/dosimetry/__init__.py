"""Dose in structures: dose-volume histograms, and what they are made of."""

from rtfractions.dosimetry.dvh import DVH, Differential, DVHError, Settings

__all__ = ["DVH", "DVHError", "Differential", "Settings"]

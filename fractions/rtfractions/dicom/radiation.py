"""What a plan treats with, and what that makes of its prescriptions: RBE-weighted dose, brachytherapy."""

from dataclasses import replace
from typing import Final

from rtfractions.plans import PlanKind, Prescription
from rtfractions.schedule import Schedule

PHOTONS_AND_ELECTRONS: Final = frozenset({"PHOTON", "ELECTRON"})
"""Radiation types (300A,00C6) whose dose carries no RBE weight."""

RBE_NOT_STATED: Final = "whether the dose of its ions or neutrons is RBE-weighted is not stated"
"""Why a prescription is unclear; `once_stated` lifts it."""

NOT_RBE_WEIGHTED: Final = "it is a physical dose of ions or neutrons, of which photon schedules do not speak"
"""Why a prescription is unclear whose dose is known not to be RBE-weighted."""

BRACHYTHERAPY: Final = "it is brachytherapy, of which external-beam schedules do not speak"
"""Why a prescription is unclear."""


def may_be_rbe_weighted(kind: PlanKind, radiation: tuple[str, ...]) -> bool:
    """Whether a plan treats with ions, neutrons or what else is neither photons nor electrons."""
    return kind is PlanKind.ION or bool(frozenset(radiation) - PHOTONS_AND_ELECTRONS)


def qualified(
    prescription: Prescription, kind: PlanKind, radiation: tuple[str, ...], *, is_effective: bool
) -> Prescription:
    """A prescription as the radiation of its plan bears it.

    Parameters
    ----------
    prescription : Prescription
        As the plan's numbers state it.
    kind, radiation
        What the plan treats with.
    is_effective : bool
        Every treatment beam says that its dose is RBE-weighted.

    Returns
    -------
    Prescription
        RBE-weighted where that is stated; unclear where it is not, and for brachytherapy. A doubt that is there
        already stays.
    """
    if kind is PlanKind.BRACHYTHERAPY:
        return _doubted(prescription, BRACHYTHERAPY)
    if not may_be_rbe_weighted(kind, radiation):
        return prescription
    return _rbe_weighted(prescription) if is_effective else _doubted(prescription, RBE_NOT_STATED)


def once_stated(prescription: Prescription, *, effective: bool) -> Prescription:
    """A prescription of ions or neutrons when it is known whether their dose is RBE-weighted.

    Physical dose of ions stays unclear: it is not graded as dose of photons.
    """
    lifted = prescription.unclear == RBE_NOT_STATED
    if effective:
        return _rbe_weighted(replace(prescription, unclear=None) if lifted else prescription)
    return replace(prescription, unclear=NOT_RBE_WEIGHTED) if lifted else prescription


def weighted(schedule: Schedule, rbe_weighted: bool) -> Schedule:
    """The same numbers as RBE-weighted dose, or as dose that is not."""
    return Schedule(tuple(replace(phase, rbe_weighted=rbe_weighted) for phase in schedule.phases))


def _rbe_weighted(prescription: Prescription) -> Prescription:
    if prescription.schedule is None:
        return prescription
    return replace(prescription, schedule=weighted(prescription.schedule, True))


def _doubted(prescription: Prescription, doubt: str) -> Prescription:
    if prescription.schedule is None or prescription.unclear is not None:
        return prescription
    return replace(prescription, unclear=doubt)

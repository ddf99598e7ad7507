"""Lesions as the plans of a patient have them: their targets, with prescription and delivery."""

from collections.abc import Sequence

from rtfractions.patient import Lesion
from rtfractions.plans import Plan, PlanTarget, Prescription


def lesions_of(plans: Sequence[Plan]) -> tuple[Lesion, ...]:
    """A lesion for each target of each plan; targets of several plans that are one structure are one lesion.

    Parameters
    ----------
    plans : sequence of Plan
        The plans that are counted.
    """
    same: dict[object, list[tuple[Plan, PlanTarget]]] = {}
    for plan in plans:
        for i, target in enumerate(plan.targets):
            drawn = plan.structure_set_uid is not None and target.structure_number is not None
            key = (
                (plan.structure_set_uid, target.structure_number) if drawn else (plan.sop_instance_uid, i, "")
            )
            same.setdefault(key, []).append((plan, target))
    lesions: dict[str, Lesion] = {}
    for treated in same.values():
        (plan, target), *others = treated
        name, times = target.name, 1
        while name in lesions:
            times += 1
            name = f"{target.name} ({times})"
        if others:
            lesions[name] = Lesion(name, _of_several_plans([target for _, target in treated]))
            continue
        lesions[name] = Lesion(
            name,
            target.prescription,
            delivery=plan.delivery,
            plan_uid=plan.sop_instance_uid,
            plan_target=target,
        )
    return tuple(lesions.values())


def _of_several_plans(targets: Sequence[PlanTarget]) -> Prescription:
    """Plans of one structure may follow each other, or one may have replaced another: nothing is added."""
    doses = " and ".join(str(target.prescription.schedule or "no schedule") for target in targets)
    problem = f"{len(targets)} plans treat it, with {doses}: whether they are one course is not stated"
    return Prescription(None, targets[0].prescription.source, unclear=problem)


def are_linked(plans: Sequence[Plan]) -> bool:
    """Whether every target is linked to a structure of one structure set, so that lesions can be counted.

    Structures of several sets cannot be told from each other: the same lesion may be drawn in each.
    """
    sets = {plan.structure_set_uid for plan in plans}
    return len(sets) <= 1 and all(
        target.structure_number is not None for plan in plans for target in plan.targets
    )

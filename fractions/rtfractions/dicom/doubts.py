"""What is doubtful about the objects of one patient together: nothing is refused for it, and nothing is chosen."""

from rtfractions.dicom.parts import Parts


def note_doubts(parts: Parts) -> None:
    """Note what lacks what it refers to, which plans others may have replaced, and what is drawn twice.

    Parameters
    ----------
    parts : Parts
        What was read and linked; its notices grow.
    """
    _note_plans(parts)
    _note_doses(parts)
    for uid, record in parts.records.items():
        if record.plan_uid is not None and record.plan_uid not in parts.plans:
            gone = _gone(record.plan_uid, parts)
            parts.note("record.plan-missing", f"the treatment record's plan {gone}", uid)


def _gone(uid: str, parts: Parts) -> str:
    return "was refused" if uid in parts.refused else "is not there"


def _note_plans(parts: Parts) -> None:
    counted = [plan for plan in parts.plans.values() if plan.set_aside is None]
    for plan in counted:
        uid = plan.structure_set_uid
        if uid is not None and uid not in parts.structure_sets and parts.structure_sets:
            message = f"the plan's own structure set {_gone(uid, parts)}; no other is taken for it"
            parts.note("plan.other-structure-set", message, plan.sop_instance_uid)
        if any(plan.sop_instance_uid in other.supersedes for other in counted if other is not plan):
            message = "another plan was derived from this one and may have replaced it: both are counted"
            parts.note("plan.superseded", message, plan.sop_instance_uid)
    sets = {plan.structure_set_uid for plan in counted}
    if len(sets) > 1:
        message = (
            "the plans are on several structure sets: whether their targets are the same lesions is not known"
        )
        parts.note("patient.several-structure-sets", message, counted[0].sop_instance_uid)


def _note_doses(parts: Parts) -> None:
    for uid, dose in parts.doses.items():
        missing = [plan for plan in dose.plan_uids if plan not in parts.plans]
        if not dose.plan_uids:
            message = "the dose names no plan: its number of fractions is not known"
            parts.note("dose.no-plan-reference", message, uid)
        elif missing:
            message = f"the dose's plan {_gone(missing[0], parts)}: its number of fractions is not known"
            parts.note("dose.plan-missing", message, uid)
        elif len(dose.plan_uids) > 1:
            message = "the dose is a sum over several plans: it has no number of fractions of its own"
            parts.note("dose.several-plans", message, uid)

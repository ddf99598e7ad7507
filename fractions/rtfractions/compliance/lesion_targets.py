"""Which structure is a lesion's target: as its plan, the lesion sheet or an alias says, and never by a guess."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rtfractions.errors import quoted
from rtfractions.names import folded, normal
from rtfractions.patient import Lesion, Patient
from rtfractions.plans import Plan
from rtfractions.protocols import structure_names
from rtfractions.protocols.entries import StructureAlias
from rtfractions.structures import RefusedStructure, Structure, StructureSet
from rtfractions.verdicts import Verdict

ROLES: Final = ("PTV", "CTV", "ITV", "GTV")
"""What targets are drawn as, the outermost first."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Tie:
    """A lesion and its target, or why it has none.

    Attributes
    ----------
    lesion : Lesion
        The lesion.
    plan_uid : str or None
        Its plan; None where it has none, or several.
    structure : Structure or None
        Its target.
    by : str
        What says so.
    verdict : Verdict
        What rules on the target come to without a structure: ``query`` where a person can say which it is,
        ``not_evaluable`` where there is none.
    problem : str
        Why there is none.
    """

    lesion: Lesion
    plan_uid: str | None = None
    structure: Structure | None = None
    by: str = ""
    verdict: Verdict = Verdict.NOT_EVALUABLE
    problem: str = ""


def role_of(structure: Structure, aliases: Sequence[StructureAlias]) -> str | None:
    """What a structure is drawn as, where it is a target: by an alias of a role, else by its type or name.

    Parameters
    ----------
    structure : Structure
        The structure.
    aliases : sequence of StructureAlias
        Of protocol and overlay.
    """
    for alias in aliases:
        if folded(structure.name) in map(folded, alias.names):
            return alias.structure if alias.structure in ROLES else None
    return structure_names.role_of(structure.name, structure.interpreted_type)


def tie(
    lesion: Lesion,
    patient: Patient,
    structure_sets: dict[str, StructureSet | None],
    aliases: Sequence[StructureAlias],
    named_by_overlay: str | None = None,
) -> Tie:
    """The target of a lesion.

    Parameters
    ----------
    lesion : Lesion
        The lesion.
    patient : Patient
        Of whom it is.
    structure_sets : dict
        The structure set that belongs to each counted plan, by the plan's UID.
    aliases : sequence of StructureAlias
        Of protocol and overlay; those of the lesion's label or of a role are names of targets.
    named_by_overlay : str or None
        The structure that the overlay names for it.
    """
    counted = [plan for plan in patient.plans if plan.set_aside is None]
    plan, problem = _plan_of(lesion, counted)
    if plan is None:
        verdict = Verdict.QUERY if counted else Verdict.NOT_EVALUABLE
        return Tie(lesion=lesion, verdict=verdict, problem=problem)
    uid = plan.sop_instance_uid
    found = structure_sets.get(uid)
    if found is None:
        problem = "no structure set in the dose's frame of reference belongs to its plan"
        return Tie(lesion=lesion, plan_uid=uid, problem=problem)
    linked = None if lesion.plan_target is None else lesion.plan_target.structure_number
    alone = sum(other.plan_uid == uid for other in patient.lesions) <= 1
    said = _said(lesion, found, linked, aliases, named_by_overlay, alone=alone)
    if not said:
        return _unsaid(lesion, uid, found, aliases, named_by_overlay)
    (first, by), *others = said
    if any(other is not first for other, _ in others):
        listed = "; ".join(f"{quoted(one.name)} by {how}" for one, how in said)
        problem = f"several structures may be its target: {listed}"
        return Tie(lesion=lesion, plan_uid=uid, verdict=Verdict.QUERY, problem=problem)
    if isinstance(first, RefusedStructure):
        return Tie(lesion=lesion, plan_uid=uid, problem=f"its target was refused: {first.error}")
    return Tie(lesion=lesion, plan_uid=uid, structure=first, by=by)


def _plan_of(lesion: Lesion, counted: Sequence[Plan]) -> tuple[Plan | None, str]:
    """The plan of a lesion: the one it names, or the only one."""
    if lesion.plan_uid is not None:
        for plan in counted:
            if plan.sop_instance_uid == lesion.plan_uid:
                return plan, ""
        return None, lesion.not_tied or "its plan was not read, or is not counted"
    if len(counted) == 1 and lesion.not_tied is None:
        return counted[0], ""
    if not counted:
        return None, "no plan was read"
    return None, lesion.not_tied or lesion.prescription.unclear or "which plan treats it is not stated"


_Said = list[tuple[Structure | RefusedStructure, str]]


def _said(
    lesion: Lesion,
    found: StructureSet,
    linked: int | None,
    aliases: Sequence[StructureAlias],
    named_by_overlay: str | None,
    *,
    alone: bool,
) -> _Said:
    """The structures that plan, sheet and overlay say, else those that aliases say; with who says so."""
    if named_by_overlay is not None:
        # A named person has decided, whatever plan and sheet say.
        named = [one for one in found.everything if normal(one.name) == normal(named_by_overlay)]
        return [(one, "the overlay") for one in named]
    said: _Said = [
        (one, "the plan's dose reference") for one in found.everything if one.number == linked is not None
    ]
    if lesion.structure is not None:
        wanted = normal(lesion.structure)
        said += [(one, "the lesion sheet") for one in found.everything if normal(one.name) == wanted]
    if said:
        return said
    own = [alias for alias in aliases if normal(alias.structure) == normal(lesion.label)]
    # An alias of a role says which structures are targets, but not of which of several lesions.
    of_role = [alias for alias in aliases if alias.structure in ROLES] if alone else []
    for some in (own, *([alias] for role in ROLES for alias in of_role if alias.structure == role)):
        names = {folded(name) for alias in some for name in alias.names}
        said = [(one, "an alias") for one in found.everything if folded(one.name) in names]
        if said:
            break
    return said


def _unsaid(
    lesion: Lesion,
    uid: str,
    found: StructureSet,
    aliases: Sequence[StructureAlias],
    named_by_overlay: str | None,
) -> Tie:
    """Why nothing is said: a name that is not there, or nobody says which it is."""
    named = named_by_overlay or lesion.structure
    if named is not None:
        return Tie(lesion=lesion, plan_uid=uid, problem=f"there is no structure {quoted(named)}")
    number = None if lesion.plan_target is None else lesion.plan_target.structure_number
    if number is not None:
        problem = f"its plan links it to structure number {number}, which its structure set does not have"
        return Tie(lesion=lesion, plan_uid=uid, problem=problem)
    drawn = [one.name for one in found.structures if role_of(one, aliases) is not None]
    problem = "which structure is its target is not stated by its plan, a lesion sheet or an alias"
    if not drawn:
        return Tie(lesion=lesion, plan_uid=uid, problem=problem)
    problem += f"; there are {', '.join(map(quoted, drawn))}"
    return Tie(lesion=lesion, plan_uid=uid, verdict=Verdict.QUERY, problem=problem)

"""The structures that a rule on dose is about: found by name, put together, and none taken for another in silence."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rtfractions.compliance.lesion_targets import ROLES
from rtfractions.compliance.plan_reviews import PlanReview, TargetReview
from rtfractions.dosimetry.course_dvhs import NamedRegion
from rtfractions.dosimetry.regions import Combined, Region, union
from rtfractions.errors import quoted
from rtfractions.names import folded, normal
from rtfractions.protocols import structure_names
from rtfractions.protocols.dose_rules import DoseRule
from rtfractions.protocols.entries import StructureAlias
from rtfractions.structures import RefusedStructure, Structure, StructureSet
from rtfractions.verdicts import Verdict


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Place:
    """Where a rule is evaluated, or why nowhere.

    Attributes
    ----------
    named : NamedRegion or None
        The structure or region.
    target : TargetReview or None
        The target that it is, or is part of, where a rule names a role.
    taken_out : NamedRegion or None
        What was taken out of it.
    stands_for : str or None
        Where it is another structure than the rule's that may stand for it: which for which.
    name : str or None
        The structure's name where it is there and cannot be taken.
    verdict : Verdict
        Without a region: ``query`` where a person can say which structure is meant, else ``not_evaluable``.
    problem : str
        Why there is none.
    """

    named: NamedRegion | None = None
    target: TargetReview | None = None
    taken_out: NamedRegion | None = None
    stands_for: str | None = None
    name: str | None = None
    verdict: Verdict = Verdict.NOT_EVALUABLE
    problem: str = ""


def places_of(
    rule: DoseRule, review: PlanReview, aliases: Sequence[StructureAlias] = ()
) -> tuple[Place, ...]:
    """Where a rule on an organ is evaluated in a plan: at least one place, each to be graded on its own.

    Parameters
    ----------
    rule : DoseRule
        With its structure, and what is taken out of it.
    review : PlanReview
        The plan with its structures and targets.
    aliases : sequence of StructureAlias
        Names of structures, of protocol and overlay.
    """
    found = review.structure_set
    if found is None:
        return (Place(problem="no structure set in the dose's frame of reference belongs to the plan"),)
    if rule.structure in ROLES:
        places = tuple(
            Place(named=NamedRegion(one.name, one), target=target)
            for target in review.targets
            if target.role == rule.structure and (one := target.result.structure) is not None
        )
        places = places or (Place(problem=f"no {rule.structure} is known to belong to a lesion"),)
    else:
        places = _found(rule.structure, found, aliases)
    if rule.minus is None:
        return places
    computed = without(places, rule.minus, review, aliases)
    if any(place.named is None for place in computed) and rule.minus in ROLES:
        drawn = structure_names.find(rule.structure, _names(found), aliases, minus=rule.minus)
        if drawn.how == "named":
            return (_placed(drawn.names[0], found),)
    return computed


def without(
    places: Sequence[Place], minus: str, review: PlanReview, aliases: Sequence[StructureAlias]
) -> tuple[Place, ...]:
    """Places with something taken out of them.

    Parameters
    ----------
    places : sequence of Place
        The places.
    minus : str
        A structure of the vocabulary, or a role: then the targets of all lesions of the plan that are of that role.
    review, aliases
        As for `places_of`.
    """
    found = review.structure_set
    assert found is not None
    if minus in ROLES:
        taken_out = _targets(minus, review)
    else:
        taken_out = _united(_found(minus, found, aliases))
        if taken_out.stands_for is not None:
            problem = f"what is to be taken out is not there: {taken_out.stands_for}"
            taken_out = Place(verdict=Verdict.QUERY, problem=problem)
    if taken_out.named is None:
        return (replace(taken_out, problem=f"minus {minus}: {taken_out.problem}"),)
    name, region = taken_out.named.name, taken_out.named.region
    return tuple(
        place
        if place.named is None
        else replace(
            place,
            named=NamedRegion(
                f"{place.named.name} - {name}", Combined("difference", place.named.region, region)
            ),
            taken_out=taken_out.named,
        )
        for place in places
    )


def _names(found: StructureSet) -> tuple[str, ...]:
    return tuple(one.name for one in found.everything)


def _found(structure: str, found: StructureSet, aliases: Sequence[StructureAlias]) -> tuple[Place, ...]:
    """The structures of an id, one by one or united."""
    match = structure_names.find(structure, _names(found), aliases)
    if match.how == "none":
        return (Place(problem=match.text),)
    if match.how == "several":
        return (Place(verdict=Verdict.QUERY, problem=match.text),)
    places = tuple(_placed(name, found) for name in match.names)
    if match.how in ("parts", "surrogate"):
        places = (_united(places),)
    if match.how == "surrogate":
        places = tuple(replace(place, stands_for=match.text) for place in places)
    missing = tuple(Place(name=None, problem=f"no structure {identifier}") for identifier in match.missing)
    return (*places, *missing)


def _placed(name: str, found: StructureSet) -> Place:
    """The structure of a name that is in the set."""
    alike = [one for one in found.everything if folded(one.name) == folded(name)]
    exact = [one for one in alike if normal(one.name) == normal(name)]
    if len(alike) > 1:
        listed = " and ".join(quoted(one.name) for one in alike)
        return Place(name=name, verdict=Verdict.QUERY, problem=f"{listed} cannot be told apart")
    (one,) = exact
    if isinstance(one, RefusedStructure):
        return Place(name=name, problem=f"{quoted(name)} was refused: {one.error}")
    return Place(named=NamedRegion(one.name, one))


def _united(places: Sequence[Place]) -> Place:
    """Several structures as one; without one of them there is none."""
    for place in places:
        if place.named is None:
            return place
    named = [place.named for place in places if place.named is not None]
    if len(named) == 1:
        return places[0]
    return Place(named=NamedRegion(" + ".join(one.name for one in named), union(*(n.region for n in named))))


def _targets(role: str, review: PlanReview) -> Place:
    """The targets of a role of all lesions of the plan: those that are known to be."""
    structures: list[Structure] = []
    for tie in review.ties:
        own = [
            target.result.structure
            for target in review.targets
            if target.lesion == tie.lesion.label and target.role == role
        ]
        known = [one for one in own if one is not None]
        if not known:
            return Place(problem=f"lesion {tie.lesion.label} has no {role} that is known to be its own")
        structures += known
    if not structures:
        return Place(problem=f"no {role} is known to belong to a lesion of the plan")
    region: Region = union(*structures)
    return Place(named=NamedRegion(" - ".join(one.name for one in structures), region))

"""How many lesions were treated on study."""

from typing import Final

from rtfractions.compliance.conditions import read, verdict_under
from rtfractions.compliance.findings import Finding, ReadingVerdict, no_rule
from rtfractions.compliance.site_rule import InScope, in_scope
from rtfractions.patient import LesionsFrom, Patient
from rtfractions.protocols.schema import Protocol, worst
from rtfractions.verdicts import Verdict, no_worse_than

RULE: Final = "lesions"


def check(patient: Patient, protocol: Protocol) -> Finding:
    """Grade the number of lesions treated on study at sites the protocol treats.

    Parameters
    ----------
    patient : Patient
        Counted from a sheet, lesions are what they are. Targets of plans may be one lesion or several, so that
        from plans alone too many are a query, never a deviation.
    protocol : Protocol
        The rules.
    """
    rule = protocol.lesions
    if rule is None:
        return no_rule(RULE)
    scopes = [in_scope(lesion, protocol) for lesion in patient.lesions if lesion.on_study]
    certain, possible = scopes.count(InScope.YES), len(scopes) - scopes.count(InScope.NO)
    fewest = certain if patient.lesions_from is LesionsFrom.SHEET else min(certain, 1)
    number = f"{fewest}" if fewest == possible else f"{fewest} to {possible}"
    message = f"{number} {'lesion' if number == '1' else 'lesions'} treated on study"
    if fewest > rule.max:
        verdict = no_worse_than(Verdict.DEVIATION_UNACCEPTABLE, worst(rule.worst_grade))
    elif patient.incomplete is not None:
        verdict, message = Verdict.NOT_EVALUABLE, f"{message}, perhaps more: {patient.incomplete}"
    elif patient.lesions_from is LesionsFrom.PLAN_CANDIDATES and possible > 1:
        verdict = Verdict.QUERY
        message = (
            f"{possible} candidate targets, which the plan links to no structures; a lesion sheet decides"
        )
    elif rule.min <= fewest and possible <= rule.max:
        verdict = Verdict.PER_PROTOCOL
    else:
        verdict = Verdict.QUERY
        message += _why(patient, certain, fewest, possible)
    required = f"{rule.min}" if rule.min == rule.max else f"{rule.min} to {rule.max}"
    readings: tuple[ReadingVerdict, ...] = ()
    if rule.ambiguity is not None and possible > rule.max:
        as_it_stands = verdict
        verdict, readings = read(protocol.ambiguity(rule.ambiguity), lambda r: verdict_under(r, as_it_stands))
    return Finding(
        RULE,
        verdict,
        f"{message}; the protocol treats {required}",
        protocol.source(rule.source),
        observed=number,
        required=required,
        readings=readings,
    )


def _why(patient: Patient, certain: int, fewest: int, possible: int) -> str:
    """What a person must answer about a number that decides nothing."""
    if not patient.lesions:
        return ": no plan with a target is counted"
    if fewest == possible:
        return " at a site the protocol treats"
    if certain < possible:
        return ", as a site is missing or unknown"
    return ": whether the plan's targets are one lesion or several is for a person to say"

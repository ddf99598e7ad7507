"""How many lesions were treated on study."""

from typing import Final

from rtfractions.compliance.conditions import read, verdict_under
from rtfractions.compliance.findings import Finding, ReadingVerdict, no_rule
from rtfractions.compliance.site_rule import InScope, in_scope
from rtfractions.patient import Lesion, LesionsFrom, Patient
from rtfractions.protocols.schema import Protocol
from rtfractions.verdicts import Verdict, no_worse_than

RULE: Final = "lesions"


def check(patient: Patient, protocol: Protocol, *, planned: bool) -> Finding:
    """Grade the number of lesions treated on study at sites the protocol treats.

    Parameters
    ----------
    patient : Patient
        Counted from a sheet, lesions are what they are; one that got no fraction may count or not. Targets of
        plans may be one lesion or several, so that from plans alone too many are a query, never a deviation.
    protocol : Protocol
        The rules.
    planned : bool
        Treatment has not begun.
    """
    rule = protocol.lesions
    if rule is None:
        return no_rule(RULE)
    on_study = [lesion for lesion in patient.lesions if lesion.on_study]
    possible = [lesion for lesion in on_study if in_scope(lesion, protocol) is not InScope.NO]
    certain = [
        lesion
        for lesion in possible
        if in_scope(lesion, protocol) is InScope.YES and (planned or lesion.delivery.fractions_delivered != 0)
    ]
    fewest = len(certain) if patient.lesions_from is LesionsFrom.SHEET else min(len(certain), 1)
    most = len(possible)
    number = f"{fewest}" if fewest == most else f"{fewest} to {most}"
    required = f"{rule.min}" if rule.min == rule.max else f"{rule.min} to {rule.max}"
    message = f"{number} {'lesion' if number == '1' else 'lesions'} treated on study"
    if fewest > rule.max:
        verdict = Verdict.DEVIATION_UNACCEPTABLE
    elif patient.incomplete is not None:
        verdict, message = Verdict.NOT_EVALUABLE, f"{message}, perhaps more: {patient.incomplete}"
    elif not on_study:
        verdict, message = Verdict.NOT_EVALUABLE, "no lesion is stated to be on study"
    elif patient.lesions_from is LesionsFrom.PLAN_CANDIDATES and most > 1:
        verdict = Verdict.QUERY
        message = (
            f"{most} candidate targets, not linked to structures of one structure set; a lesion sheet decides"
        )
    elif rule.min <= fewest and most <= rule.max:
        verdict = Verdict.PER_PROTOCOL
    else:
        verdict = Verdict.QUERY
        message += _why(certain, possible, protocol)
    readings: tuple[ReadingVerdict, ...] = ()
    if rule.ambiguity is not None and most > rule.max:
        as_it_stands = verdict
        verdict, readings = read(protocol.ambiguity(rule.ambiguity), lambda r: verdict_under(r, as_it_stands))
    return Finding(
        RULE,
        no_worse_than(verdict, rule.worst_grade),
        f"{message}; the protocol treats {required}",
        protocol.source(rule.source),
        observed=number,
        required=required,
        readings=readings,
    )


def _why(certain: list[Lesion], possible: list[Lesion], protocol: Protocol) -> str:
    """What a person must answer about a number that decides nothing."""
    if not possible:
        return " at a site the protocol treats"
    doubtful = [lesion for lesion in possible if lesion not in certain]
    if any(in_scope(lesion, protocol) is InScope.UNKNOWN for lesion in doubtful):
        return ", as a site is missing or unknown"
    if doubtful:
        return ", as one got no fraction"
    return ": whether the plan's targets are one lesion or several is for a person to say"

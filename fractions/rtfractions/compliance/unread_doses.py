"""Rules on dose where no plan was read: each is told to be not evaluable, without what reads doses."""

from collections.abc import Iterator, Sequence
from typing import Final

from rtfractions.compliance.findings import AdvisoryFindings, DoseFindings, Finding
from rtfractions.patient import Patient
from rtfractions.protocols.constraint_sets import ConstraintSet
from rtfractions.protocols.dose_rules import DoseRules, IndexRules
from rtfractions.protocols.entries import Source
from rtfractions.protocols.schema import Protocol
from rtfractions.verdicts import Verdict

NO_PLAN: Final = "no plan with its dose was read"


def check(patient: Patient, protocol: Protocol, sets: Sequence[tuple[ConstraintSet, str]]) -> DoseFindings:
    """The findings on dose of a patient without plans.

    Parameters
    ----------
    patient : Patient
        The patient.
    protocol : Protocol
        The rules.
    sets : sequence of (ConstraintSet, str)
        Advisory sets, each with the SHA-256 of its file.
    """
    advisory = [
        AdvisoryFindings(
            one,
            sha256,
            tuple(_finding(f"constraint.{rule.id}", one.sources[0]) for rule in one.constraints),
        )
        for one, sha256 in sets
    ]
    of_lesion = tuple(_of_lesion(protocol))
    return DoseFindings(
        of_lesions=tuple(of_lesion if lesion.on_study else () for lesion in patient.lesions),
        of_patient=tuple(_each("organ", protocol.organs_at_risk, protocol)),
        advisory=tuple(advisory),
    )


def _of_lesion(protocol: Protocol) -> Iterator[Finding]:
    isodose = protocol.prescription_isodose
    if isodose is not None:
        yield _finding("prescription_isodose", protocol.source(isodose.source))
    yield from _each("target", protocol.targets, protocol)
    yield from _each("conformity", protocol.conformity, protocol)


def _each(kind: str, rules: DoseRules | IndexRules | None, protocol: Protocol) -> Iterator[Finding]:
    for rule in () if rules is None else rules.rules:
        assert rules is not None
        yield _finding(f"{kind}.{rule.id}", protocol.source(rules.source))


def _finding(rule: str, source: Source) -> Finding:
    return Finding(rule, Verdict.NOT_EVALUABLE, NO_PLAN, source)

"""What sets of constraints say of a cohort, beside the protocol: counted by set and by limit."""

from collections import Counter
from dataclasses import dataclass, field

from rtfractions.audit.descriptive import exact_interval
from rtfractions.compliance.advisory import TRANSLATED
from rtfractions.reports.check_words import EXCEEDED
from rtfractions.reports.cohort import AdvisorySetEntry, CountEntry, ExceededEntry
from rtfractions.reports.cohort_results import AdvisoryOf
from rtfractions.verdicts import Advice, Verdict


def count_entry(name: str, count: int, of: int) -> CountEntry:
    """So many of so many, with the exact interval of the proportion."""
    interval = exact_interval(count, of)
    if interval is None:
        return CountEntry(name, count, of, None, None, None)
    return CountEntry(name, count, of, count / of, interval.low, interval.high)


@dataclass(slots=True)
class _OfSet:
    """What has been counted of a set."""

    of: AdvisoryOf
    patients: int = 0
    with_exceeded: int = 0
    came_to: Counter[Verdict | Advice] = field(default_factory=Counter)
    translated: int = 0
    uncertain: int = 0
    applied: Counter[str] = field(default_factory=Counter)
    exceeded: dict[str, list[str]] = field(default_factory=dict)


@dataclass(slots=True)
class AdvisoryTally:
    """What has been counted so far, by SHA-256 of the set."""

    sets: dict[str, _OfSet] = field(default_factory=dict)

    def count(self, advisory: AdvisoryOf, patient: str) -> bool:
        """Count what a set says of a patient; whether a limit is exceeded.

        Parameters
        ----------
        advisory : AdvisoryOf
            What the set says.
        patient : str
            What the outputs call the patient.
        """
        own = self.sets.setdefault(advisory.sha256, _OfSet(advisory))
        found = False
        own.patients += 1
        for check in advisory.checks:
            if check.said in (Verdict.NOT_APPLICABLE, Verdict.INFO):
                continue
            own.came_to[check.said] += 1
            own.applied[check.rule] += 1
            own.translated += check.basis == TRANSLATED
            own.uncertain += bool(check.uncertain)
            if check.said in EXCEEDED:
                found = True
                own.exceeded.setdefault(check.rule, []).append(patient)
        own.with_exceeded += found
        return found

    def entries(self) -> tuple[AdvisorySetEntry, ...]:
        """The sets by id; of each the exceeded limits, the most often exceeded first."""
        return tuple(_entry(own) for own in sorted(self.sets.values(), key=lambda own: own.of.id))


def _entry(own: _OfSet) -> AdvisorySetEntry:
    exceeded = sum(own.came_to[advice] for advice in EXCEEDED)
    kept = own.came_to[Advice.KEPT]
    limits = [
        ExceededEntry(rule, len(patients), own.applied[rule], tuple(sorted(set(patients))))
        for rule, patients in own.exceeded.items()
    ]
    return AdvisorySetEntry(
        id=own.of.id,
        title=own.of.title,
        version=own.of.version,
        sha256=own.of.sha256,
        patients=count_entry("patients with a limit exceeded", own.with_exceeded, own.patients),
        kept=kept,
        exceeded=exceeded,
        undecided=own.came_to.total() - kept - exceeded,
        translated=own.translated,
        uncertain=own.uncertain,
        limits=tuple(sorted(limits, key=lambda entry: (-entry.checks, entry.rule))),
    )

"""What a review finds: one finding a rule, with what was observed, what is required, and why."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rtfractions.biology import Isoeffect
from rtfractions.errors import counted
from rtfractions.notices import Notice
from rtfractions.patient import Lesion, Patient
from rtfractions.protocols.constraint_sets import ConstraintSet
from rtfractions.protocols.dose_rules import DoseLimit
from rtfractions.protocols.entries import Source
from rtfractions.schedule import Schedule
from rtfractions.verdicts import ROLL_UP_ORDER, Advice, Verdict, roll_up

if TYPE_CHECKING:  # a lesion sheet is graded without numpy
    from rtfractions.compliance.plan_reviews import PlanReview


@dataclass(frozen=True, slots=True)
class ReadingVerdict:
    """The verdict under one reading of an ambiguous text."""

    id: str
    text: str
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What a schedule is worth more (or less, negative) than another, at one alpha/beta, in Gy."""

    alpha_beta_gy: float
    bed_gy: float
    eqd2_gy: float


@dataclass(frozen=True, slots=True)
class NearestSchedule:
    """The listed schedule nearest to an unlisted one: nearest, never called equivalent.

    Attributes
    ----------
    schedule : Schedule
        The nearest by ``|ln(D / D')| + |ln(n / n')|`` of total dose and number of fractions.
    differences : tuple of Difference
        The prescribed schedule minus this one; empty for RBE-weighted doses, which are not compared.
    """

    schedule: Schedule
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """What one rule came to.

    Attributes
    ----------
    rule : str
        The rule's name, stable for scripts.
    verdict : Verdict
        What it came to.
    message : str
        Why, for people.
    source : Source or None
        Where the rule was read; None for rules of this program.
    basis : str or None
        ``"stated"`` where a condition was accepted on the site's statement, ``"confirmed"`` where an overlay confirms
        it, ``"translated"`` where a limit was translated to another fractionation.
    observed, required : float, str or None
        Numbers where `unit` is set, else text.
    unit : str or None
        Unit of both.
    readings : tuple of ReadingVerdict
        Where the text is ambiguous, the verdict under each reading.
    nearest : NearestSchedule or None
        For an unlisted schedule.
    structure : str or None
        The structure it is about, as the files name it.
    plan_uid : str or None
        The plan whose dose it is about.
    volume_distance : tuple of (float, str) or None
        Of a limit on a dose to a volume: how much more volume gets the limit than may or must, and the unit; of a
        limit on a volume the same as a dose in Gy. Signed as `distance`, which is in the unit of the limit.
    alpha_beta_flip_gy : float or None
        Of a limit on converted dose: the alpha/beta nearest to the one used at which the verdict is another.
    uncertain : bool or None
        Whether an alpha/beta within its interval, another sound way to sample the dose, or another reading of the
        text brings another verdict; None where nothing was tried.
    limit : DoseLimit or None
        Of a rule on dose: the limit, with its end point, its risk and how far it was verified.
    advice : Advice or None
        Of an advisory limit that was compared: what it came to, the verdict being ``info``.
    """

    rule: str
    verdict: Verdict
    message: str
    source: Source | None = None
    basis: str | None = None
    observed: float | str | None = None
    required: float | str | None = None
    unit: str | None = None
    readings: tuple[ReadingVerdict, ...] = ()
    nearest: NearestSchedule | None = None
    structure: str | None = None
    plan_uid: str | None = None
    volume_distance: tuple[float, str] | None = None
    alpha_beta_flip_gy: float | None = None
    uncertain: bool | None = None
    limit: DoseLimit | None = None
    advice: Advice | None = None

    @property
    def distance(self) -> float | None:
        """Observed minus required, where both are numbers."""
        if isinstance(self.observed, float | int) and isinstance(self.required, float | int):
            return self.observed - self.required
        return None

    @property
    def rests_on(self) -> str | None:
        """What the verdict rests on: its source's label, or this program's own rule; None where it grades nothing."""
        if self.source is not None:
            return self.source.label
        return OWN_RULE if self.verdict in ROLL_UP_ORDER else None

    @property
    def verdict_words(self) -> str:
        """The verdict with what it rests on, as ``"per protocol (registry record 2020-01-18)"``."""
        return self.verdict.words if self.rests_on is None else f"{self.verdict.words} ({self.rests_on})"


OWN_RULE: Final = "this program's rule"
"""What a verdict rests on that no clause of the protocol gives."""

NOT_BEGUN: Final = "treatment has not begun"
"""Why rules about dates and delivery do not apply to a planned treatment."""


def no_rule(rule: str) -> Finding:
    """The finding of a rule that the protocol does not state."""
    return Finding(rule, Verdict.NOT_APPLICABLE, "no rule")


@dataclass(frozen=True, slots=True)
class LesionFindings:
    """What was found for a lesion.

    Attributes
    ----------
    lesion : Lesion
        The lesion.
    findings : tuple of Finding
        One for each rule; for a lesion off study only that it is recorded.
    isoeffects : tuple of Isoeffect
        What the prescribed schedule is worth at the conventional alpha/beta values.
    """

    lesion: Lesion
    findings: tuple[Finding, ...]
    isoeffects: tuple[Isoeffect, ...]

    @property
    def verdict(self) -> Verdict:
        """The worst of its findings; ``not_applicable`` off study."""
        if not self.lesion.on_study:
            return Verdict.NOT_APPLICABLE
        return roll_up(finding.verdict for finding in self.findings)

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What the readers and the conversion have to say of it, each once."""
        of_conversion = (notice for isoeffect in self.isoeffects for notice in isoeffect.notices)
        return tuple(dict.fromkeys((*self.lesion.notices, *of_conversion)))


@dataclass(frozen=True, slots=True)
class AdvisoryFindings:
    """What a set of constraints says beside the protocol: it changes no grade.

    Attributes
    ----------
    constraint_set : ConstraintSet
        The set.
    sha256 : str
        SHA-256 of its file.
    findings : tuple of Finding
        One for each constraint and plan.
    """

    constraint_set: ConstraintSet
    sha256: str
    findings: tuple[Finding, ...]

    @property
    def exceeded(self) -> tuple[Finding, ...]:
        """The limits and objectives that a plan does not keep."""
        return tuple(finding for finding in self.findings if finding.advice not in (None, Advice.KEPT))


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class DoseFindings:
    """What the rules on dose came to.

    Attributes
    ----------
    of_lesions : tuple of tuple of Finding
        For each of the patient's lesions; none for a lesion off study.
    of_patient : tuple of Finding
        On organs.
    plans : tuple of PlanReview
        The doses they were evaluated on.
    advisory : tuple of AdvisoryFindings
        For each set of constraints.
    """

    of_lesions: tuple[tuple[Finding, ...], ...]
    of_patient: tuple[Finding, ...] = ()
    plans: "tuple[PlanReview, ...]" = ()
    advisory: tuple[AdvisoryFindings, ...] = ()


@dataclass(frozen=True, slots=True)
class PatientFindings:
    """What was found for a patient.

    Attributes
    ----------
    patient : Patient
        The patient.
    findings : tuple of Finding
        Of the rules about the patient as a whole.
    lesions : tuple of LesionFindings
        One for each lesion.
    plans : tuple of PlanReview
        The doses that rules were evaluated on, with their targets.
    advisory : tuple of AdvisoryFindings
        One for each set of constraints that was asked for.
    """

    patient: Patient
    findings: tuple[Finding, ...]
    lesions: tuple[LesionFindings, ...]
    plans: "tuple[PlanReview, ...]" = ()
    advisory: tuple[AdvisoryFindings, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """The worst of its own findings and its lesions' verdicts."""
        return roll_up((*(f.verdict for f in self.findings), *(lesion.verdict for lesion in self.lesions)))

    def has(self, verdict: Verdict) -> bool:
        """Whether any check that rolls up came to `verdict`, though a worse one may stand above it."""
        return any(finding.verdict is verdict for _, finding in self._graded())

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What the readers and the conversions have to say of patient, plans, lesions and doses, each once."""
        of_plans = (notice for plan in self.patient.plans for notice in plan.notices)
        of_lesions = (notice for lesion in self.lesions for notice in lesion.notices)
        of_doses = (notice for dose in self.patient.doses for notice in dose.notices)
        of_reviews = (notice for review in self.plans for notice in review.notices)
        found = (*self.patient.notices, *of_plans, *of_lesions, *of_doses, *of_reviews)
        return tuple(dict.fromkeys(found))

    @property
    def headline(self) -> str:
        """The verdict, what it rests on, and the first reason for it; then what it hangs on, and advisory sets."""
        beside = [
            f"{counted(len(found.exceeded), 'advisory limit')} exceeded ({found.constraint_set.id})"
            for found in self.advisory
            if found.exceeded
        ]
        uncertain = sum(finding.uncertain is True for _, finding in self._graded())
        hangs = self.verdict in (Verdict.PER_PROTOCOL, Verdict.VARIATION_ACCEPTABLE) and uncertain
        doubt = [f"uncertain in {counted(uncertain, 'check')}"] if hangs else []
        return "; ".join((self._own_headline, *doubt, *beside))

    @property
    def exceeds_advisory(self) -> bool:
        """Whether a limit of an advisory set is exceeded; it changes no verdict."""
        return any(found.exceeded for found in self.advisory)

    @property
    def _own_headline(self) -> str:
        verdict = self.verdict
        deciding = [(label, finding) for label, finding in self._graded() if finding.verdict is verdict]
        if not deciding:
            return f"{verdict.words}: nothing to grade"
        label, first = deciding[0]
        if verdict is not Verdict.PER_PROTOCOL:
            structure = "" if first.structure is None else f"{first.structure}: "
            return f"{first.verdict_words}: {label}{structure}{first.message}"
        sources = dict.fromkeys(finding.source.label for _, finding in deciding if finding.source is not None)
        stated = sum(finding.basis == "stated" for _, finding in deciding)
        conditions = f", {counted(stated, 'condition')} accepted on the site's statement" if stated else ""
        return f"{verdict.words} ({'; '.join(sources)}){conditions}"

    def _graded(self) -> list[tuple[str, Finding]]:
        own = [("", finding) for finding in self.findings]
        of_lesions = [
            (f"lesion {lesion.lesion.label}: ", finding)
            for lesion in self.lesions
            if lesion.lesion.on_study
            for finding in lesion.findings
        ]
        return own + of_lesions

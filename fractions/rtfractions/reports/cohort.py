"""The cohort as a document: what an audit came to, counted and listed; every part is derived from result files."""

from dataclasses import dataclass
from typing import Literal

from rtfractions.reports.check_report import OverlayEntry, ProtocolEntry
from rtfractions.reports.envelope import Envelope

NOT_RUN = "not_run"
"""The outcome of a patient who was found and has no result yet."""


@dataclass(frozen=True, slots=True)
class SetEntry:
    """A set of constraints that is reported beside the grade."""

    id: str
    version: str
    sha256: str

    def __str__(self) -> str:
        return f"{self.id} (sha256 {self.sha256[:12]})"


@dataclass(frozen=True, slots=True)
class OptionsEntry:
    """How the cohort was audited.

    Attributes
    ----------
    planned, allow_unusual, include_identifiers : bool
        As the options of the command.
    constraints : tuple of SetEntry
        Advisory sets.
    constraints_alpha_beta_gy : float or None
        alpha/beta at which their limits are translated.
    overlay_sha256 : str or None
        SHA-256 of the overlay's file.
    figures : str
        Whose pages have figures: ``open`` for patients that a person must look at.
    limits : tuple of str
        What was read more or less than the default.
    pseudonym_key : str
        Fingerprint of the key of the pseudonyms.
    """

    planned: bool
    allow_unusual: bool
    include_identifiers: bool
    constraints: tuple[SetEntry, ...]
    constraints_alpha_beta_gy: float | None
    overlay_sha256: str | None
    figures: str
    limits: tuple[str, ...]
    pseudonym_key: str


@dataclass(frozen=True, slots=True)
class CountEntry:
    """So many of so many, with the exact 95 % interval of the proportion (null of nothing)."""

    name: str
    count: int
    of: int
    proportion: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class GroupEntry:
    """How the checks of a rule, or the lesions of a site, came out; `verdicts` add up to `total`.

    `uncertain` is how many of them alpha/beta, the sampling of the dose or another reading would change.
    """

    name: str
    total: int
    uncertain: int
    verdicts: tuple[CountEntry, ...]


@dataclass(frozen=True, slots=True)
class ExceededEntry:
    """A limit of an advisory set that plans exceed, and of how many that it applies to."""

    rule: str
    checks: int
    of: int
    patients: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AdvisorySetEntry:
    """What a set of constraints says of the cohort, beside the protocol: it changes no verdict.

    Checks of limits that apply: kept, exceeded, not decided; `translated` of them are on limits that were translated
    from another fractionation.
    """

    id: str
    title: str
    version: str
    sha256: str
    patients: CountEntry
    kept: int
    exceeded: int
    undecided: int
    translated: int
    uncertain: int
    limits: tuple[ExceededEntry, ...]


@dataclass(frozen=True, slots=True)
class ReasonEntry:
    """How many refusals or patients speak for an exit code."""

    code: int
    count: int


@dataclass(frozen=True, slots=True)
class SpreadEntry:
    """What values are like over the lesions on study."""

    name: str
    unit: str
    count: int
    mean: float
    median: float
    minimum: float
    maximum: float


@dataclass(frozen=True, slots=True)
class BarEntry:
    """A bar of a histogram: values from `low` on and below `high`."""

    low: float
    high: float
    count: int


@dataclass(frozen=True, slots=True)
class HistogramEntry:
    """How values are distributed."""

    name: str
    unit: str
    bars: tuple[BarEntry, ...]


@dataclass(frozen=True, slots=True)
class PublishedEntry:
    """A published total of the trial beside what was found here."""

    name: str
    published: int
    found: int
    agrees: bool
    source: str


@dataclass(frozen=True, slots=True)
class MissingEntry:
    """A kind of file that patients lack."""

    kind: str
    patients: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class QuestionEntry:
    """A check that a person must settle."""

    patient: str
    lesion: str | None
    rule: str
    verdict: str
    message: str
    readings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class QuestionGroupEntry:
    """Questions to one who must answer."""

    to: str
    questions: tuple[QuestionEntry, ...]


@dataclass(frozen=True, slots=True)
class PatientLine:
    """A patient of the cohort; `page` is the patient's page, null where there is no result."""

    patient: str
    outcome: str
    headline: str
    lesions: int
    refused: int
    found_in: str | None
    page: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditDocument(Envelope):
    """What `rtfractions audit` and `rtfractions report` print.

    Attributes
    ----------
    schema : str
        Name and version of the form.
    exit_counts : tuple of ReasonEntry
        How many refusals or patients speak for each of the exit reasons.
    protocol : ProtocolEntry
        What was graded against.
    overlay : OverlayEntry or None
        What a named person decided for every patient.
    options : OptionsEntry
        How.
    patients_found : int
        Patients found; `outcomes` add up to it.
    lesions_on_study : int
        Lesions that count.
    outcomes : tuple of CountEntry
        Patients by verdict, or by what kept them from one.
    lesions, rules, sites : tuple
        Lesions on study by verdict; checks by rule; lesions on study by site.
    schedules : tuple of CountEntry
        Lesions on study by prescribed schedule.
    doses : tuple of SpreadEntry
        BED and EQD2 of the lesions on study.
    dose_histograms : tuple of HistogramEntry
        The same as histograms.
    conditions : tuple of CountEntry
        Conditions accepted on the site's statement, and those confirmed by an overlay.
    advisory : tuple of AdvisorySetEntry
        What sets of constraints say beside the protocol.
    published : tuple of PublishedEntry
        The trial's published totals, where the protocol gives them.
    missing : tuple of MissingEntry
        Files that patients lack.
    questions : tuple of QuestionGroupEntry
        Queries and rules without data, by who must answer.
    patients : tuple of PatientLine
        All of them.
    """

    schema: Literal["rtfractions.audit/1"]
    exit_counts: tuple[ReasonEntry, ...]
    protocol: ProtocolEntry
    overlay: OverlayEntry | None
    options: OptionsEntry
    patients_found: int
    lesions_on_study: int
    outcomes: tuple[CountEntry, ...]
    lesions: tuple[CountEntry, ...]
    rules: tuple[GroupEntry, ...]
    sites: tuple[GroupEntry, ...]
    schedules: tuple[CountEntry, ...]
    doses: tuple[SpreadEntry, ...]
    dose_histograms: tuple[HistogramEntry, ...]
    conditions: tuple[CountEntry, ...]
    advisory: tuple[AdvisorySetEntry, ...]
    published: tuple[PublishedEntry, ...]
    missing: tuple[MissingEntry, ...]
    questions: tuple[QuestionGroupEntry, ...]
    patients: tuple[PatientLine, ...]

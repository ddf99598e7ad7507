"""Patients reviewed against a protocol, as the one document that every form of the report is made from."""

from dataclasses import dataclass
from typing import Literal

from rtfractions.plans import PrescriptionSource
from rtfractions.reports.envelope import Envelope, Message
from rtfractions.reports.metric_entries import MetricEntry
from rtfractions.verdicts import Advice, Verdict

Asked = Literal["trial", "site"]
"""Who can decide what is left open: the trial's investigators, or the site that treated."""


@dataclass(frozen=True, slots=True)
class ProtocolEntry:
    """The protocol that was graded against; `silent` is what it states no rule on."""

    id: str
    title: str
    version: str
    basis: str
    sha256: str
    silent: tuple[str, ...] = ()
    not_graded: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReadingEntry:
    """The verdict under one reading of an ambiguous text."""

    id: str
    text: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class DifferenceEntry:
    """Prescribed minus nearest listed schedule, in Gy."""

    alpha_beta_gy: float
    bed_gy: float
    eqd2_gy: float


@dataclass(frozen=True, slots=True)
class NearestEntry:
    """The listed schedule nearest to an unlisted one; never called equivalent."""

    schedule: str
    differences: tuple[DifferenceEntry, ...]


@dataclass(frozen=True, slots=True)
class DistanceEntry:
    """By how much a limit is kept (negative) or missed, on the other axis of the DVH."""

    value: float
    unit: str


@dataclass(frozen=True, slots=True)
class CheckEntry:
    """What one rule came to; what does not apply is null.

    `distance` is in the unit of the limit, `volume_distance` the same on the other axis of the DVH. `asked_of` says who
    can decide a query or supply data; `verification` how far a limit of the literature was verified. What an advisory
    limit came to, which grades nothing, is its `advice`; its verdict is then `info`.
    """

    rule: str
    verdict: Verdict
    advice: Advice | None
    basis: str | None
    observed: float | str | None
    required: float | str | None
    unit: str | None
    distance: float | None
    volume_distance: DistanceEntry | None
    structure: str | None
    plan_uid: str | None
    alpha_beta_flip_gy: float | None
    uncertain: bool | None
    readings: tuple[ReadingEntry, ...]
    asked_of: Asked | None
    message: str
    rests_on: str | None
    source: str | None
    verification: str | None
    endpoint: str | None
    risk: str | None
    nearest: NearestEntry | None

    @property
    def said(self) -> Verdict | Advice:
        """What a reader is told that it came to."""
        return self.verdict if self.advice is None else self.advice


@dataclass(frozen=True, slots=True)
class IsoeffectEntry:
    """What the prescribed schedule is worth at one alpha/beta."""

    alpha_beta_gy: float
    model: str
    bed_gy: float
    eqd2_gy: float


@dataclass(frozen=True, slots=True)
class LesionEntry:
    """A lesion with its checks."""

    lesion: str
    site: str | None
    technique: str | None
    intent: str | None
    on_study: bool
    schedule: str | None
    prescription_source: PrescriptionSource | None
    plan_uid: str | None
    structure: str | None
    fractions_delivered: int | None
    start: str | None
    end: str | None
    isoeffects: tuple[IsoeffectEntry, ...]
    verdict: Verdict
    checks: tuple[CheckEntry, ...]
    warnings: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class PlanDoseEntry:
    """The dose of a plan's whole course, and how it was computed; what the files do not state is null or empty."""

    dose_uids: tuple[str, ...]
    dose_type: str
    summation_type: str
    voxels: tuple[int, ...]
    in_plane_spacing_mm: tuple[float, float]
    frame_spacing_mm: tuple[float, float]
    maximum_gy: float
    calculated_by: tuple[str, ...]
    heterogeneity: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TargetEntry:
    """A target of a plan with its metrics, physical and converted; `error` says why it was refused."""

    lesion: str | None
    role: str
    structure: str
    number: int | None
    prescription: str | None
    isodose_percent: float | None
    volume_cm3: float | None
    covered_fraction: float | None
    metrics: tuple[MetricEntry, ...]
    error: str | None


@dataclass(frozen=True, slots=True)
class OrganEntry:
    """An organ that rules were evaluated on, with its metrics."""

    structure: str
    number: int | None
    volume_cm3: float | None
    covered_fraction: float | None
    metrics: tuple[MetricEntry, ...]
    error: str | None


@dataclass(frozen=True, slots=True)
class PlanEntry:
    """A plan that was read; `set_aside` says why it is listed and not counted, `no_dose` why its dose grades nothing."""

    plan_uid: str
    set_aside: str | None
    fractions: int | None
    dose: PlanDoseEntry | None
    no_dose: str | None
    targets: tuple[TargetEntry, ...]
    organs: tuple[OrganEntry, ...]
    warnings: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class AdvisoryEntry:
    """What a set of constraints says beside the protocol: it changes no verdict of lesion or patient."""

    id: str
    title: str
    version: str
    sha256: str
    exceeded: int
    checks: tuple[CheckEntry, ...]


@dataclass(frozen=True, slots=True)
class OverlayEntry:
    """The overlay that was applied: who decided, when and why, and what holds for every patient.

    The name is there on purpose: it is the reviewer's who answers for the decisions.
    """

    name: str
    role: str
    date: str
    reason: str
    file: str
    sha256: str
    decides: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PatientEntry:
    """A patient with checks, lesions and plans; an overlay states `prior_radiotherapy` and what it `decides` here."""

    patient: str
    verdict: Verdict
    headline: str
    checks: tuple[CheckEntry, ...]
    lesions: tuple[LesionEntry, ...]
    plans: tuple[PlanEntry, ...]
    advisory: tuple[AdvisoryEntry, ...]
    prior_radiotherapy: str | None
    decides: tuple[str, ...]
    warnings: tuple[Message, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckDocument(Envelope):
    """What `rtfractions check` prints."""

    schema: Literal["rtfractions.check/1"]
    protocol: ProtocolEntry
    overlay: OverlayEntry | None
    patients: tuple[PatientEntry, ...]

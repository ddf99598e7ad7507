"""Result files of an audit: one a patient, written whole, read for what the cohort's reports need."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

import msgspec

from rtfractions.reports.check_report import OverlayEntry, PatientEntry, ProtocolEntry
from rtfractions.reports.envelope import Envelope
from rtfractions.verdicts import Advice, Verdict


class Status(StrEnum):
    """What became of a patient."""

    GRADED = "graded"
    REFUSED = "refused"
    """Nothing of the patient could be graded."""
    CRASHED = "crashed"
    """The process that read the patient died, or the program failed in it."""
    TIMEOUT = "timeout"
    MEMORY = "out_of_memory"

    @property
    def words(self) -> str:
        """The status as a person reads it."""
        return self.value.replace("_", " ")


@dataclass(frozen=True, slots=True)
class LookedUp:
    """An object that the patient's files refer to and that is not among them.

    Attributes
    ----------
    object : str
        A keyed hash of its UID.
    of_another : bool
        Whether it is another patient's; were that to change, the result would no longer hold.
    """

    object: str
    of_another: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditResult(Envelope):
    """What an audit found for one patient.

    Attributes
    ----------
    schema : str
        Name and version of the form.
    key : str or None
        SHA-256 of all that the result rests on: bytes of the inputs, protocol, options, versions. None for a result
        that is tried again in the next run.
    digest : str
        SHA-256 of this file with 64 zeros in this place: a damaged file is known by it.
    page_sha256 : str or None
        SHA-256 of the patient's page, which lies beside this file.
    patient : str
        The pseudonym, which is the file's name too; the Patient ID where identifiers are included.
    status : Status
        What became of the patient.
    reason : str or None
        Why the patient was not graded.
    found_in : str
        Whether files, the lesion sheet or both know the patient.
    looked_up : tuple of LookedUp
        What was asked about other patients' objects.
    protocol : ProtocolEntry
        What was graded against.
    overlay : OverlayEntry or None
        What a named person decided for every patient.
    review : PatientEntry or None
        The patient's whole entry, as `rtfractions check` has it.
    """

    schema: Literal["rtfractions.audit-result/1"]
    key: str | None
    digest: str
    page_sha256: str | None
    patient: str
    status: Status
    reason: str | None
    found_in: Literal["files", "sheet", "files and sheet"]
    looked_up: tuple[LookedUp, ...]
    protocol: ProtocolEntry
    overlay: OverlayEntry | None
    review: PatientEntry | None


# What follows reads result files: keys that are not known are passed over, as `check` may gain some.


class Place(msgspec.Struct, frozen=True):
    """Where a message speaks of."""

    file: str | None = None
    tag: str | None = None
    structure: str | None = None
    row: int | None = None
    column: str | int | None = None


class Said(msgspec.Struct, frozen=True):
    """A warning or an error."""

    code: str
    message: str
    where: Place = Place()


class ReadingOf(msgspec.Struct, frozen=True):
    """The verdict under one reading of the protocol's text."""

    id: str
    text: str
    verdict: Verdict


class Check(msgspec.Struct, frozen=True):
    """What one rule came to."""

    rule: str
    verdict: Verdict
    message: str
    advice: Advice | None = None
    basis: str | None = None
    observed: float | str | None = None
    required: float | str | None = None
    unit: str | None = None
    structure: str | None = None
    uncertain: bool | None = None
    asked_of: str | None = None
    readings: tuple[ReadingOf, ...] = ()
    rests_on: str | None = None
    source: str | None = None
    nearest: dict[str, object] | None = None

    @property
    def said(self) -> Verdict | Advice:
        """What a reader is told that it came to."""
        return self.verdict if self.advice is None else self.advice


class Worth(msgspec.Struct, frozen=True):
    """What a schedule is worth at one alpha/beta."""

    alpha_beta_gy: float
    bed_gy: float
    eqd2_gy: float | None


class LesionOf(msgspec.Struct, frozen=True):
    """A lesion with its checks."""

    lesion: str
    verdict: Verdict
    on_study: bool
    site: str | None = None
    schedule: str | None = None
    prescription_source: str | None = None
    isoeffects: tuple[Worth, ...] = ()
    checks: tuple[Check, ...] = ()
    warnings: tuple[Said, ...] = ()


class AdvisoryOf(msgspec.Struct, frozen=True):
    """What a set of constraints says."""

    id: str
    title: str
    version: str
    sha256: str
    checks: tuple[Check, ...] = ()


class Review(msgspec.Struct, frozen=True):
    """A patient's entry."""

    patient: str
    verdict: Verdict
    headline: str
    checks: tuple[Check, ...] = ()
    lesions: tuple[LesionOf, ...] = ()
    advisory: tuple[AdvisoryOf, ...] = ()
    warnings: tuple[Said, ...] = ()


class InputOf(msgspec.Struct, frozen=True):
    """A file that the result rests on."""

    path: str
    sha256: str
    modality: str | None = None


class LookedUpOf(msgspec.Struct, frozen=True):
    """An object that is not among the patient's files."""

    object: str
    of_another: bool


class ProgramOf(msgspec.Struct, frozen=True):
    """Which program wrote it."""

    name: str
    version: str


class ProtocolOf(msgspec.Struct, frozen=True):
    """What was graded against."""

    id: str
    title: str
    version: str
    basis: str
    sha256: str


class ResultFile(msgspec.Struct, frozen=True):
    """A result file, as far as the reports need it."""

    schema: Literal["rtfractions.audit-result/1"]
    program: ProgramOf
    protocol: ProtocolOf
    key: str | None
    page_sha256: str | None
    patient: str
    status: Status
    reason: str | None
    found_in: str
    inputs: tuple[InputOf, ...]
    errors: tuple[Said, ...]
    exit_reasons: tuple[int, ...]
    looked_up: tuple[LookedUpOf, ...]
    review: Review | None
    warnings: tuple[Said, ...] = ()

    def __post_init__(self) -> None:
        if (self.status is Status.GRADED) != (self.review is not None):
            raise ValueError("a graded patient, and no other, has a review")

    @property
    def outcome(self) -> str:
        """The verdict, or what kept the patient from one."""
        return self.status if self.review is None else self.review.verdict

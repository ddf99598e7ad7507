"""Overlays: what a named person decides for a protocol, in a file of its own that every report prints.

An overlay chooses readings of ambiguities, sets windows of time that the protocol is silent on, asks for advisory
sets, gives names that structures have here, confirms conditions and states what is known of earlier radiotherapy.
It is for one version of one protocol, by its SHA-256, and never changes that file.
"""

import datetime
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from rtfractions import strict_yaml
from rtfractions.errors import InputFileError
from rtfractions.files import sha256_hex
from rtfractions.names import normal
from rtfractions.notices import Notice
from rtfractions.protocols.entries import Entry, Identifier, StructureAlias, Text, WorstGrade
from rtfractions.protocols.loader import read_document
from rtfractions.protocols.schema import DayLimit, GapDays, IntervalHours
from rtfractions.protocols.vocabulary import says_something

AlphaBetaGy = Annotated[float, Meta(ge=0.1, le=100)]
Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z", description="SHA-256 in 64 hexadecimal digits.")]


class ForProtocol(Entry, frozen=True, kw_only=True):
    """The protocol file that an overlay is for."""

    id: Identifier
    sha256: Sha256


class Windows(Entry, frozen=True, kw_only=True):
    """Limits of time, in place of the protocol's or where it has none."""

    worst_grade: WorstGrade
    overall: DayLimit | None = None
    scope: Annotated[
        Literal["per_lesion", "all_lesions"] | None, Meta(description="What `overall` is for.")
    ] = None
    min_interval_hours: IntervalHours | None = None
    max_gap_days: GapDays | None = None

    def __post_init__(self) -> None:
        if (self.overall is None) != (self.scope is None):
            raise ValueError("overall and scope go together")
        if self.overall is None and self.min_interval_hours is None and self.max_gap_days is None:
            raise ValueError("give overall, min_interval_hours or max_gap_days")


class LesionStructure(Entry, frozen=True, kw_only=True):
    """The target structure of a lesion."""

    patient: Text
    lesion: Text
    structure: Annotated[Text, Meta(description="Its name in the structure set.")]


class Confirmation(Entry, frozen=True, kw_only=True):
    """A condition that was looked at and found fulfilled."""

    patient: Text
    lesion: Text
    condition: Annotated[Identifier, Meta(description="Id of an entry of the protocol's `conditions`.")]
    note: Annotated[Text, Meta(description="What it was confirmed by.")]


class PriorRadiotherapy(Entry, frozen=True, kw_only=True):
    """What is known of a patient's earlier radiotherapy."""

    patient: Text
    stated: Annotated[Text, Meta(description="`none`, or what was given.")]


class OrganAlphaBeta(Entry, frozen=True, kw_only=True):
    """alpha/beta of a structure, in Gy, and the interval it may lie in."""

    structure: Annotated[Identifier, Meta(description="Id of a structure of the vocabulary.")]
    value_gy: AlphaBetaGy
    interval_gy: Annotated[tuple[AlphaBetaGy, AlphaBetaGy], Meta(description="Lowest and highest.")]
    citation: Text

    def __post_init__(self) -> None:
        low, high = self.interval_gy
        if not low <= self.value_gy <= high:
            raise ValueError("the interval runs upwards and holds the value")


class Overlay(
    Entry,
    frozen=True,
    kw_only=True,
    rename={"confirmations": "confirms", "prior": "prior_radiotherapy", "about": "protocol"},
):
    """What a named person decides for a protocol."""

    schema: Literal["rtfractions.overlay/1"]
    name: Annotated[Text, Meta(description="The person who decided.")]
    role: Text
    date: Annotated[datetime.date, Meta(description="Day of the decision.")]
    reason: Text
    about: ForProtocol
    readings: Annotated[
        Mapping[str, Identifier],
        Meta(description="Id of an ambiguity to the id of the reading that decides."),
    ] = msgspec.field(default_factory=dict)
    windows: Windows | None = None
    advisory_sets: Annotated[
        tuple[Identifier, ...], Meta(description="Ids of sets of constraints to report beside the grade.")
    ] = ()
    aliases: tuple[StructureAlias, ...] = ()
    lesion_structures: tuple[LesionStructure, ...] = ()
    confirmations: tuple[Confirmation, ...] = ()
    prior: tuple[PriorRadiotherapy, ...] = ()
    alpha_beta: tuple[OrganAlphaBeta, ...] = ()

    @property
    def label(self) -> str:
        """As verdicts name it: ``"overlay of A. Example, 2026-03-02"``."""
        return f"overlay of {self.name}, {self.date}"

    def confirms(self, patient: str, lesion: str, condition: str) -> bool:
        """Whether it confirms a condition for a lesion; names are compared as `rtfractions.names.normal` does."""
        return any(
            _same(entry.patient, patient) and _same(entry.lesion, lesion) and entry.condition == condition
            for entry in self.confirmations
        )

    def prior_radiotherapy(self, patient: str) -> str | None:
        """What it states of a patient's earlier radiotherapy: ``"none"``, a text, or None where it states nothing."""
        return next((entry.stated for entry in self.prior if _same(entry.patient, patient)), None)

    def structure_of(self, patient: str, lesion: str) -> str | None:
        """The name of a lesion's target structure, None where it names none."""
        return next(
            (
                entry.structure
                for entry in self.lesion_structures
                if _same(entry.patient, patient) and _same(entry.lesion, lesion)
            ),
            None,
        )

    def alpha_beta_of(self, structure: str) -> OrganAlphaBeta | None:
        """alpha/beta of a structure of the vocabulary, None where it gives none."""
        return next((entry for entry in self.alpha_beta if entry.structure == structure), None)

    def lines(self, patient: str | None = None) -> tuple[str, ...]:
        """All that it decides, for a report: what holds for every patient, then what is said of `patient`."""
        lines = [f"{ambiguity}: reading {reading} decides" for ambiguity, reading in self.readings.items()]
        lines += _window_lines(self.windows)
        lines += [f"advisory set {name}" for name in self.advisory_sets]
        lines += [f"{alias.structure} is also named {', '.join(alias.names)}" for alias in self.aliases]
        for ratio in self.alpha_beta:
            low, high = ratio.interval_gy
            lines.append(
                f"{ratio.structure}: alpha/beta {ratio.value_gy:g} Gy, {low:g} to {high:g} Gy ({ratio.citation})"
            )
        if patient is None:
            return tuple(lines)
        lines += [
            f"lesion {entry.lesion}: structure {entry.structure}"
            for entry in self.lesion_structures
            if _same(entry.patient, patient)
        ]
        lines += [
            f"lesion {entry.lesion}: condition {entry.condition} confirmed, {entry.note}"
            for entry in self.confirmations
            if _same(entry.patient, patient)
        ]
        stated = self.prior_radiotherapy(patient)
        return (*lines, *(() if stated is None else (f"earlier radiotherapy: {stated}",)))

    def unmatched(self, lesions: Mapping[str, Iterable[str]]) -> tuple[Notice, ...]:
        """Entries about patients or lesions that are not there: a name mistyped must not go unseen.

        Parameters
        ----------
        lesions : mapping of str to iterable of str
            The labels of the lesions of each patient under review, by the patient's label.
        """
        known = {
            normal(patient): {normal(lesion) for lesion in labels} for patient, labels in lesions.items()
        }
        named: list[tuple[str, str | None]] = [(e.patient, e.lesion) for e in self.lesion_structures]
        named += [(entry.patient, entry.lesion) for entry in self.confirmations]
        named += [(entry.patient, None) for entry in self.prior]
        absent = []
        for patient, lesion in named:
            if normal(patient) not in known:
                absent.append(f"patient {patient!r}")
            elif lesion is not None and normal(lesion) not in known[normal(patient)]:
                absent.append(f"lesion {lesion!r} of patient {patient!r}")
        return tuple(
            Notice("overlay.unmatched", f"the overlay speaks of {what}, which is not under review")
            for what in dict.fromkeys(absent)
        )


@dataclass(frozen=True, slots=True)
class LoadedOverlay:
    """An overlay and the bytes it was read from.

    Attributes
    ----------
    overlay : Overlay
        What it decides.
    sha256 : str
        SHA-256 of the file.
    file : str
        The file, as the user named it.
    """

    overlay: Overlay
    sha256: str
    file: str


def load_overlay(path: Path, name: str) -> LoadedOverlay:
    """Read an overlay.

    Parameters
    ----------
    path : Path
        The YAML file.
    name : str
        What the user calls it.

    Raises
    ------
    InputFileError
        With line and column of what is wrong, and the nearest key or value that is known.
    """
    return from_document(*read_document(path, name=name))


def from_document(document: strict_yaml.Document, data: bytes) -> LoadedOverlay:
    """An overlay from a document that was read from these bytes; errors are those of `load_overlay`."""
    overlay = document.convert(Overlay)
    for place, problem in _misplaced(overlay):
        raise InputFileError(problem, where=document.where(place))
    return LoadedOverlay(overlay, sha256_hex(data), document.file)


def _misplaced(overlay: Overlay) -> Iterator[tuple[strict_yaml.Path, str]]:
    """What the types cannot say: who signs must be named, and nothing may be decided twice."""
    for key in ("name", "role", "reason"):
        if not says_something(getattr(overlay, key)):
            yield (key,), f"{getattr(overlay, key)!r} says nothing"
    for i, entry in enumerate(overlay.confirmations):
        if not says_something(entry.note):
            yield ("confirms", i, "note"), f"{entry.note!r} says nothing"
    for i, stated in enumerate(overlay.prior):
        if not says_something(stated.stated) and stated.stated != "none":
            yield (
                ("prior_radiotherapy", i, "stated"),
                f"{stated.stated!r} says nothing; write none, or what was given",
            )
    keys: dict[str, Sequence[object]] = {
        "advisory_sets": overlay.advisory_sets,
        "lesion_structures": [(normal(e.patient), normal(e.lesion)) for e in overlay.lesion_structures],
        "confirms": [(normal(e.patient), normal(e.lesion), e.condition) for e in overlay.confirmations],
        "prior_radiotherapy": [normal(e.patient) for e in overlay.prior],
        "alpha_beta": [e.structure for e in overlay.alpha_beta],
    }
    for name, entries in keys.items():
        for i, key_of in enumerate(entries):
            if key_of in entries[:i]:
                yield (name, i), "stands twice"


def _window_lines(windows: Windows | None) -> list[str]:
    if windows is None:
        return []
    lines = []
    if windows.overall is not None and windows.scope is not None:
        count = {"inclusive": "first day included", "elapsed": "elapsed", "weekdays": "weekdays only"}
        lines.append(
            f"overall time: at most {windows.overall.max} days, {count[windows.overall.count]}, "
            f"{windows.scope.replace('_', ' ')}"
        )
    if windows.min_interval_hours is not None:
        lines.append(f"interval: at least {windows.min_interval_hours:g} hours between fractions")
    if windows.max_gap_days is not None:
        lines.append(f"gap: at most {windows.max_gap_days} days from one fraction to the next")
    return [f"{line}; at worst {windows.worst_grade.replace('_', ' ')}" for line in lines]


def _same(one: str, other: str) -> bool:
    return normal(one) == normal(other)

"""What the output folder says of its audit: which cohort, how audited, which patients were found."""

import dataclasses
from dataclasses import dataclass
from typing import Final, Literal

import msgspec

from rtfractions.audit.cohort import Cohort
from rtfractions.audit.folder import OutputFolder
from rtfractions.audit.result_files import is_whole, sealed
from rtfractions.audit.settings import Settings
from rtfractions.errors import OutputFileError, Where
from rtfractions.protocols.schema import Protocol
from rtfractions.reports.check_report import OverlayEntry, ProtocolEntry
from rtfractions.reports.cohort import OptionsEntry
from rtfractions.reports.envelope import Context, Envelope, Input, messages, told

MAXIMUM_BYTES: Final = 2**30


@dataclass(frozen=True, slots=True)
class FoundPatient:
    """A patient that was found: the name of the result file, and what outputs call the patient."""

    patient: str
    label: str


@dataclass(frozen=True, slots=True)
class PublishedTotal:
    """A published number of the trial."""

    of: Literal["patients", "lesions"]
    count: int
    schedule: str | None
    text: str | None
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest(Envelope):
    """What the output folder says of its audit.

    Attributes
    ----------
    schema : str
        Name and version of the form.
    digest : str
        SHA-256 of this file with 64 zeros in this place.
    settings_digest : str
        SHA-256 of all that decides what results are, beside the inputs.
    versions : dict of str to str
        The versions among it.
    protocol, overlay, options
        What was graded against, what was decided for every patient, and how.
    published : tuple of PublishedTotal
        What the protocol says that the trial published.
    patients : tuple of FoundPatient
        The patients that were found.
    """

    schema: Literal["rtfractions.audit-cohort/1"]
    digest: str
    settings_digest: str
    versions: dict[str, str]
    protocol: ProtocolEntry
    overlay: OverlayEntry | None
    options: OptionsEntry
    published: tuple[PublishedTotal, ...]
    patients: tuple[FoundPatient, ...]


def manifest_of(cohort: Cohort) -> Manifest:
    """The manifest of a cohort."""
    settings = cohort.shared.settings
    head = Context(True).head("rtfractions.audit-cohort/1")
    head["inputs"] = tuple(
        Input(sheet.name, sheet.sha256, None, None) for sheet in sorted(cohort.shared.sheets, key=str)
    )
    head["warnings"] = messages(cohort.notices)
    head["errors"] = tuple(map(told, cohort.errors))
    return Manifest(
        **head,
        digest="",
        settings_digest=settings.digest,
        versions=settings.versions,
        protocol=settings.protocol_entry,
        overlay=settings.overlay_entry,
        options=settings.options_entry,
        published=_published(settings.protocol.protocol),
        patients=tuple(FoundPatient(task.patient, task.label) for task in cohort.tasks),
    )


def _published(protocol: Protocol) -> tuple[PublishedTotal, ...]:
    return tuple(
        PublishedTotal(
            total.of,
            total.count,
            None if total.schedule is None else str(total.schedule.range),
            total.text,
            protocol.source(total.source).label,
        )
        for total in protocol.published_totals
    )


def write_manifest(folder: OutputFolder, manifest: Manifest) -> None:
    """Write the manifest into its folder."""
    folder.write(folder.cohort_file, sealed(dataclasses.asdict(manifest)))


def read_manifest(folder: OutputFolder) -> Manifest | None:
    """The manifest of a folder; None where there is none, or it is damaged."""
    content = folder.read(folder.cohort_file, MAXIMUM_BYTES)
    if content is None or not is_whole(content):
        return None
    try:
        return msgspec.json.decode(content, type=Manifest)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None


def refuse_other(folder: OutputFolder, settings: Settings) -> None:
    """Refuse a folder whose audit was another: with another protocol, other options or other versions.

    Raises
    ------
    OutputFileError
        With what differs.
    """
    there = read_manifest(folder)
    if there is None or there.settings_digest == settings.digest:
        return
    differs = []
    ours = settings.protocol_entry
    if there.protocol.sha256 != ours.sha256:
        differs.append(
            f"protocol {there.protocol.id} (sha256 {there.protocol.sha256[:12]}), not {ours.id} ({ours.sha256[:12]})"
        )
    for name in (field.name for field in dataclasses.fields(settings.options_entry)):
        value, other = getattr(settings.options_entry, name), getattr(there.options, name)
        if other != value:
            differs.append(f"{name.replace('_', ' ')} {_said(other)}, not {_said(value)}")
    for name, version in settings.versions.items():
        if there.versions.get(name) != version:
            differs.append(f"{name} {there.versions.get(name)}, not {version}")
    raise OutputFileError(
        f"holds an audit made with {'; '.join(differs) or 'other settings'}",
        remedy="give the same, name another folder, or begin anew with --fresh",
        where=Where(file=str(folder.path)),
    )


def _said(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if value is None:
        return "none"
    return (", ".join(map(str, value)) or "none") if isinstance(value, tuple) else str(value)

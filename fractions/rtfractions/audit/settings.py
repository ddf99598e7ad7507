"""How a cohort is audited: all that decides what a result is, and its digest."""

import importlib.metadata
import json
import platform
from dataclasses import asdict, dataclass, field
from typing import Final

from rtfractions import __version__
from rtfractions.audit.pseudonyms import PseudonymKey
from rtfractions.dicom import Limits
from rtfractions.files import sha256_hex
from rtfractions.protocols import LoadedProtocol
from rtfractions.reports.check_report import ProtocolEntry
from rtfractions.reports.cohort import OptionsEntry

RESULT_FORM: Final = "rtfractions.audit-result/1"
"""The form of result files; results of another are computed again."""

DEFAULT_TIMEOUT_S: Final = 600.0
"""How long one patient may take."""

DEFAULT_MEMORY_BYTES: Final = 8 * 2**30
"""How much address space reading one patient may take."""


def versions() -> dict[str, str]:
    """The versions that numbers may depend on: of this program, of Python, and of what computes and reads."""
    found = {name: importlib.metadata.version(name) for name in ("numpy", "pydicom", "msgspec")}
    return {"rtfractions": __version__, "python": platform.python_version(), **found}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a cohort is audited.

    Attributes
    ----------
    protocol : LoadedProtocol
        What is graded against.
    key : PseudonymKey
        What makes the patients' names.
    planned, allow_unusual, include_identifiers : bool
        As the options of the command.
    limits : Limits
        How much is read of files.
    limits_given : tuple of str
        What of it is not the default.
    timeout_s : float
        Seconds that one patient may take.
    memory_bytes : int
        Address space that reading one patient may take.
    versions : dict of str to str
        See `versions`.
    """

    protocol: LoadedProtocol
    key: PseudonymKey
    planned: bool = False
    allow_unusual: bool = False
    include_identifiers: bool = False
    limits: Limits = field(default_factory=Limits)
    limits_given: tuple[str, ...] = ()
    timeout_s: float = DEFAULT_TIMEOUT_S
    memory_bytes: int = DEFAULT_MEMORY_BYTES
    versions: dict[str, str] = field(default_factory=versions)

    @property
    def protocol_entry(self) -> ProtocolEntry:
        """The protocol as documents name it."""
        rules = self.protocol.protocol
        return ProtocolEntry(rules.id, rules.title, rules.version, rules.basis, self.protocol.sha256)

    @property
    def options_entry(self) -> OptionsEntry:
        """The options as documents name them; limits on time and memory change no result, and are none of them."""
        return OptionsEntry(
            planned=self.planned,
            allow_unusual=self.allow_unusual,
            include_identifiers=self.include_identifiers,
            limits=tuple(sorted(self.limits_given)),
            pseudonym_key=self.key.fingerprint,
        )

    @property
    def digest(self) -> str:
        """SHA-256 of all that decides what a result is, beside the patient's own inputs."""
        decides = {
            "form": RESULT_FORM,
            "versions": self.versions,
            "protocol": self.protocol.sha256,
            "options": asdict(self.options_entry),
            "limits": asdict(self.limits),
        }
        return sha256_hex(json.dumps(decides, sort_keys=True).encode())

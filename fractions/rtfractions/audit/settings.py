"""How a cohort is audited: all that decides what a result is, and its digest."""

import importlib.metadata
import json
import platform
from dataclasses import asdict, dataclass, field
from typing import Final, Literal

from rtfractions import __version__
from rtfractions.audit.pseudonyms import PseudonymKey
from rtfractions.compiled import compiles
from rtfractions.dicom import Limits
from rtfractions.files import sha256_hex
from rtfractions.protocols import LoadedProtocol, Protocol
from rtfractions.protocols.applied_overlays import applied
from rtfractions.protocols.constraint_library import LoadedConstraintSet
from rtfractions.protocols.overlays import LoadedOverlay
from rtfractions.reports.check_report import OverlayEntry, ProtocolEntry, overlay_entry, protocol_entry
from rtfractions.reports.cohort import OptionsEntry, SetEntry

RESULT_FORM: Final = "rtfractions.audit-result/1"
"""The form of result files; results of another are computed again."""

DEFAULT_TIMEOUT_S: Final = 600.0
"""How long one patient may take."""

DEFAULT_MEMORY_BYTES: Final = 8 * 2**30
"""How much address space reading one patient may take."""


Figures = Literal["open", "all", "none"]
"""Whose pages have figures: patients that a person must look at, all, or none."""


def versions() -> dict[str, str]:
    """The versions that results may depend on: of this program, of Python, and of what reads, computes and draws.

    Loops that numba compiles add in another order than numpy's: their last digits differ, so they are told apart.
    """
    names = ("numpy", "pydicom", "msgspec", "matplotlib")
    found = {name: importlib.metadata.version(name) for name in names}
    loops = f"numba {importlib.metadata.version('numba')}" if compiles() else "numpy"
    return {"rtfractions": __version__, "python": platform.python_version(), **found, "loops": loops}


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
    constraint_sets : tuple of LoadedConstraintSet
        Advisory sets, reported beside the grade.
    constraints_alpha_beta_gy : float or None
        alpha/beta at which limits of the sets are translated; None where they are not.
    overlay : LoadedOverlay or None
        What a named person decided for the protocol.
    figures : str
        Whose pages have figures.
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
    constraint_sets: tuple[LoadedConstraintSet, ...] = ()
    constraints_alpha_beta_gy: float | None = None
    overlay: LoadedOverlay | None = None
    figures: Figures = "open"
    limits: Limits = field(default_factory=Limits)
    limits_given: tuple[str, ...] = ()
    timeout_s: float = DEFAULT_TIMEOUT_S
    memory_bytes: int = DEFAULT_MEMORY_BYTES
    versions: dict[str, str] = field(default_factory=versions)

    @property
    def protocol_entry(self) -> ProtocolEntry:
        """The protocol as documents name it."""
        return protocol_entry(self.protocol)

    @property
    def rules(self) -> Protocol:
        """The protocol as the overlay decides it.

        Raises
        ------
        OverlayError
            If the overlay does not fit the protocol.
        """
        return (
            self.protocol.protocol if self.overlay is None else applied(self.protocol, self.overlay.overlay)
        )

    @property
    def overlay_entry(self) -> OverlayEntry | None:
        """The overlay as documents name it: what holds for every patient."""
        return None if self.overlay is None else overlay_entry(self.overlay)

    @property
    def options_entry(self) -> OptionsEntry:
        """The options as documents name them; limits on time and memory change no result, and are none of them."""
        return OptionsEntry(
            planned=self.planned,
            allow_unusual=self.allow_unusual,
            include_identifiers=self.include_identifiers,
            constraints=tuple(
                SetEntry(each.constraint_set.id, each.constraint_set.version, each.sha256)
                for each in self.constraint_sets
            ),
            constraints_alpha_beta_gy=self.constraints_alpha_beta_gy,
            overlay_sha256=None if self.overlay is None else self.overlay.sha256,
            figures=self.figures,
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

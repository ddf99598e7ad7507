"""Pseudonyms: the same patient has the same name in every run with the same key, and nobody without it can tell whose.

An unkeyed hash of a patient ID could be undone by trying all IDs.
"""

import hashlib
import hmac
import os
import secrets
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from rtfractions.audit.folder import sync_folder
from rtfractions.errors import InputFileError, OutputFileError, Where

KEY_BYTES: Final = 32
"""Length of a key that is made here."""

SHORTEST_KEY_BYTES: Final = 16
"""Length of the shortest key file that is taken."""

LONGEST_KEY_BYTES: Final = 4096
"""Length of the longest."""


@dataclass(frozen=True, slots=True)
class PseudonymKey:
    """A secret that makes pseudonyms.

    Attributes
    ----------
    secret : bytes
        What the key file holds, without white space at its ends.
    """

    secret: bytes = field(repr=False)

    def patient(self, label: str) -> str:
        """The pseudonym of a patient; it begins with a letter, so that no spreadsheet takes it for a number."""
        return f"P{self._digest('patient', label).hex()[:16]}"

    def uid(self, uid: str) -> str:
        """A UID that stands for a DICOM UID, the same for the same one (PS3.15, action U)."""
        return f"2.25.{int.from_bytes(self._digest('uid', uid)[:16])}"

    @property
    def fingerprint(self) -> str:
        """What tells this key from another without telling the key."""
        return self._digest("fingerprint", "").hex()[:16]

    def _digest(self, what: str, text: str) -> bytes:
        data = f"{what}\0{text}".encode("utf-8", "surrogatepass")
        return hmac.new(self.secret, data, hashlib.sha256).digest()


def default_key_file(environment: Mapping[str, str]) -> Path:
    """Where the user's key is kept: ``$XDG_CONFIG_HOME/rtfractions/pseudonym.key``."""
    home = environment.get("XDG_CONFIG_HOME", "")
    folder = Path(home) if os.path.isabs(home) else Path.home() / ".config"
    return folder / "rtfractions" / "pseudonym.key"


def key_from(path: Path) -> tuple[PseudonymKey, bool]:
    """The key of a file, which is made where there is none; and whether it was made.

    Two processes that make one at once get the same: the file appears whole or not at all, and the first stays.

    Raises
    ------
    InputFileError
        If the file holds no key or cannot be read.
    OutputFileError
        If it cannot be made.
    """
    made = False
    if not os.path.lexists(path):
        made = _make(path)
    try:
        with path.open("rb") as file:
            data = file.read(LONGEST_KEY_BYTES + 1)
    except OSError as error:
        raise InputFileError(
            f"the pseudonym key cannot be read ({error.strerror})", where=Where(file=str(path))
        ) from None
    secret = data.strip()
    if not SHORTEST_KEY_BYTES <= len(secret) <= LONGEST_KEY_BYTES:
        raise InputFileError(
            f"is no pseudonym key: it holds {len(secret)} bytes",
            remedy=f"a key has {SHORTEST_KEY_BYTES} to {LONGEST_KEY_BYTES}; name a file that is not there to have one made",
            where=Where(file=str(path)),
        )
    return PseudonymKey(secret), made


def is_open_to_others(path: Path) -> bool:
    """Whether others than its owner may read or change a key file, by its mode."""
    return bool(stat.S_IMODE(path.stat().st_mode) & (stat.S_IRWXG | stat.S_IRWXO))


def _make(path: Path) -> bool:
    """Make a key file for its owner alone; False where another process was first."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}.tmp")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(secrets.token_hex(KEY_BYTES).encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())
            os.link(temporary, path)  # unlike a rename, this replaces nothing
            sync_folder(path.parent)
        finally:
            temporary.unlink(missing_ok=True)
    except FileExistsError:
        return False
    except OSError as error:
        raise OutputFileError(
            f"the pseudonym key cannot be made ({error.strerror})",
            remedy="name another file with --pseudonym-key",
            where=Where(file=str(path)),
        ) from None
    return True

"""Where bytes come from: files, and members of zip archives, which are streamed and never extracted."""

import os
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rtfractions.dicom.limits import Limits
from rtfractions.errors import InputFileError, Where
from rtfractions.files import read_bytes

ZIP_START: Final = b"PK\x03\x04"


@dataclass(frozen=True, slots=True)
class Source:
    """A file, or a member of an archive.

    Attributes
    ----------
    path : Path
        The file or the archive.
    name : str
        What the user calls it, for messages; a member stands behind its archive and a ``!``.
    archive : zipfile.ZipFile or None
        The archive it is in.
    member : zipfile.ZipInfo or None
        Its entry there. The name in it is for messages only: nothing is ever written under it.
    """

    path: Path
    name: str
    archive: zipfile.ZipFile | None = None
    member: zipfile.ZipInfo | None = None

    def read(self, limits: Limits) -> bytes:
        """All bytes.

        Raises
        ------
        InputFileError
            If there are more than are read, or they cannot be read.
        """
        if self.archive is None:
            return read_bytes(self.path, name=self.name, maximum_bytes=limits.file_bytes)
        data = self._stream(limits.inflated_bytes + 1)
        if len(data) > limits.inflated_bytes:
            raise InputFileError(
                f"inflates to more than the {limits.inflated_bytes} bytes that are read",
                where=Where(file=self.name),
            )
        return data

    def start(self, maximum_bytes: int) -> bytes:
        """The first bytes, as many as there are.

        Raises
        ------
        InputFileError
            If they cannot be read.
        """
        if self.archive is None:
            return read_bytes(self.path, name=self.name, maximum_bytes=maximum_bytes, cut=True)
        return self._stream(maximum_bytes)

    def _stream(self, maximum_bytes: int) -> bytes:
        assert self.archive is not None
        assert self.member is not None
        try:
            with self.archive.open(self.member) as stream:
                return stream.read(maximum_bytes)
        except (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError):
            problem = "is a damaged member of its archive"
        except (RuntimeError, NotImplementedError):  # a password is needed; an unknown compression
            problem = "is encrypted, or compressed in a way that is not read"
        raise InputFileError(problem, remedy="unpack the archive first", where=Where(file=self.name))


def members(path: Path, name: str, limits: Limits) -> Iterator[Source]:
    """The files in a zip archive.

    Parameters
    ----------
    path : Path
        The archive.
    name : str
        What the user calls it.
    limits : Limits
        How much is read.

    Raises
    ------
    InputFileError
        If it cannot be read, holds too many members, or they come to too much.
    """
    where = Where(file=name)
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise InputFileError("is a damaged zip archive", remedy="make it again", where=where) from None
    entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    if len(entries) > limits.files:
        problem = f"holds {len(entries)} files, more than the {limits.files} looked at"
        raise InputFileError(problem, where=where)
    total = sum(entry.file_size for entry in entries)
    if total > limits.archive_bytes:
        problem = f"inflates to {total} bytes, more than the {limits.archive_bytes} that are read"
        raise InputFileError(problem, where=where)
    for entry in entries:
        yield Source(path, f"{name}!{entry.filename}", archive, entry)


def below(folder: Path, unreadable: list[OSError]) -> Iterator[Path]:
    """Everything below a folder but folders, in one order everywhere; links to folders count as links."""
    for parent, folders, names in os.walk(folder, onerror=unreadable.append, followlinks=False):
        linked = [name for name in folders if Path(parent, name).is_symlink()]
        folders.sort()
        for name in sorted(names + linked):
            yield Path(parent, name)

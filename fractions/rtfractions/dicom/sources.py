"""Where bytes come from: files, and members of zip archives, which are streamed and never extracted."""

import os
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from rtfractions.dicom.limits import Limits
from rtfractions.errors import InputFileError, Where
from rtfractions.files import read_bytes

ZIP_START: Final = b"PK\x03\x04"


_COMPRESSIONS: Final = (
    zipfile.ZIP_STORED,
    zipfile.ZIP_DEFLATED,
    zipfile.ZIP_BZIP2,
)  # LZMA takes memory at will


class Archives:
    """Zip archives, of which the last one asked for stays open: members are read in the order of their archive."""

    def __init__(self) -> None:
        self._path: Path | None = None
        self._archive: zipfile.ZipFile | None = None

    def opened(self, path: Path) -> zipfile.ZipFile:
        """The archive, ready to be read; the one before is closed."""
        if self._archive is None or path != self._path:
            self.close()
            self._archive, self._path = zipfile.ZipFile(path), path
        return self._archive

    def close(self) -> None:
        """Close what is open; it is opened again when asked for."""
        if self._archive is not None:
            self._archive.close()
            self._archive = None


@dataclass(frozen=True, slots=True)
class Source:
    """A file, or a member of an archive.

    Attributes
    ----------
    path : Path
        The file or the archive.
    name : str
        What the user calls it, for messages; a member stands behind its archive and a ``!``.
    archives : Archives or None
        What opens the archive it is in.
    member : zipfile.ZipInfo or None
        Its entry there. The name in it is for messages only: nothing is ever written under it.
    """

    path: Path
    name: str
    archives: Archives | None = None
    member: zipfile.ZipInfo | None = None

    def read(self, limits: Limits) -> bytes:
        """All bytes.

        Raises
        ------
        InputFileError
            If there are more than are read, or they cannot be read.
        """
        if self.member is None:
            return read_bytes(self.path, name=self.name, maximum_bytes=limits.file_bytes)
        data = self._stream(limits.inflated_bytes + 1)
        if len(data) > limits.inflated_bytes:
            raise InputFileError(
                f"inflates to more than the {limits.inflated_bytes} bytes that are read",
                remedy="unpack the archive first, or raise the limit inflated_bytes",
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
        if self.member is None:
            return read_bytes(self.path, name=self.name, maximum_bytes=maximum_bytes, cut=True)
        return self._stream(maximum_bytes)

    def _stream(self, maximum_bytes: int) -> bytes:
        assert self.archives is not None
        assert self.member is not None
        problem = "is encrypted, or compressed in a way that is not read"
        if self.member.compress_type in _COMPRESSIONS:
            try:
                with self.archives.opened(self.path).open(self.member) as stream:
                    return stream.read(maximum_bytes)
            except (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError):
                problem = "is a damaged member of its archive"
            except (RuntimeError, NotImplementedError):  # a password is needed; a patch
                pass
        raise InputFileError(problem, remedy="unpack the archive first", where=Where(file=self.name))


def members(path: Path, name: str, archives: Archives, limits: Limits) -> Iterator[Source]:
    """The files in a zip archive.

    Parameters
    ----------
    path : Path
        The archive.
    name : str
        What the user calls it.
    archives : Archives
        What opens it.
    limits : Limits
        How much is read.

    Raises
    ------
    InputFileError
        If it cannot be read, holds too many members, or they come to too much.
    """
    where = Where(file=name)
    try:
        entries = [entry for entry in archives.opened(path).infolist() if not entry.is_dir()]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise InputFileError("is a damaged zip archive", remedy="make it again", where=where) from None
    if len(entries) > limits.files:
        problem = f"holds {len(entries)} files, more than the {limits.files} looked at"
        raise InputFileError(problem, where=where)
    total = sum(entry.file_size for entry in entries)
    if total > limits.archive_bytes:
        problem = f"inflates to {total} bytes, more than the {limits.archive_bytes} that are read"
        raise InputFileError(problem, where=where)
    for entry in entries:
        yield Source(path, f"{name}!{entry.filename}", archives, entry)


def below(folder: Path) -> Iterator[tuple[Path, Literal["file", "link", "other"] | OSError]]:
    """Everything below a folder but folders, and what it is or why that is not known; in one order everywhere.

    Links are not followed. Folders are kept on a list, for they may be nested more deeply than Python's calls.
    """
    waiting = [folder]
    while waiting:
        parent = waiting.pop()
        try:
            with os.scandir(parent) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            yield parent, error
            continue
        folders = []
        for entry in found:
            path = parent / entry.name
            try:
                if entry.is_symlink():
                    yield path, "link"
                elif entry.is_dir(follow_symlinks=False):
                    folders.append(path)
                else:
                    yield path, "file" if entry.is_file(follow_symlinks=False) else "other"
            except OSError as error:
                yield path, error
        waiting += reversed(folders)

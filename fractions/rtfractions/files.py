"""Files read whole and bounded, and written all or not at all."""

import contextlib
import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rtfractions.errors import InputFileError, OutputFileError, Where

MAXIMUM_YAML_BYTES: Final = 1_000_000
"""Largest YAML file that is read."""

MAXIMUM_SHEET_BYTES: Final = 100_000_000
"""Largest lesion sheet that is read."""


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file that a result rests on.

    Attributes
    ----------
    name : str
        Its path as the user gave it, or relative to the folder the user gave.
    sha256 : str
        SHA-256 of the bytes that were read.
    modality, sop_instance_uid : str or None
        What a DICOM file says it is; None for sheets.
    """

    name: str
    sha256: str
    modality: str | None = None
    sop_instance_uid: str | None = None


def sha256_hex(data: bytes) -> str:
    """SHA-256 of `data` as 64 hexadecimal digits."""
    import hashlib  # here, so that commands without files start sooner

    return hashlib.sha256(data).hexdigest()


def read_bytes(path: Path, *, name: str, maximum_bytes: int, cut: bool = False) -> bytes:
    """Read a regular file, whole or its first bytes.

    Parameters
    ----------
    path : Path
        The file.
    name : str
        What the user calls it, for messages.
    maximum_bytes : int
        Largest size that is read.
    cut : bool, default False
        Read no more than that of a larger file, instead of refusing it.

    Raises
    ------
    InputFileError
        If it is absent, no regular file, larger than `maximum_bytes`, or unreadable.
    """
    where = Where(file=name)
    try:
        # O_NONBLOCK: a named pipe without a writer would hang the open.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise InputFileError("is not a regular file", remedy="name a file", where=where)
            if status.st_size > maximum_bytes and not cut:
                raise InputFileError(
                    f"is {status.st_size} bytes long, more than the {maximum_bytes} that are read",
                    where=where,
                )
            # Not maximum_bytes: Python would set that much memory aside before it reads.
            return file.read(min(status.st_size, maximum_bytes))
    except OSError as error:
        raise InputFileError(f"cannot be read ({error.strerror})", where=where) from None


def read_text(path: Path, *, name: str, maximum_bytes: int) -> tuple[str, bytes]:
    """Read a UTF-8 text file, with or without a byte order mark; the text and the bytes it came from.

    Raises
    ------
    InputFileError
        As `read_bytes`, or if the file is not UTF-8.
    """
    data = read_bytes(path, name=name, maximum_bytes=maximum_bytes)
    try:
        return data.decode("utf-8-sig"), data
    except UnicodeDecodeError as error:
        raise InputFileError(
            f"is not UTF-8 text (byte {error.start})", remedy="save it as UTF-8", where=Where(file=name)
        ) from None


def write_atomically(path: Path, content: str | bytes, *, inputs: Iterable[Path] = ()) -> None:
    """Write a file so that it is there whole or not at all, and never over an input.

    Parameters
    ----------
    path : Path
        The file to write. An existing regular file is replaced, and so is a symbolic link to one: it is not
        followed.
    content : str or bytes
        What it holds; a text is written as UTF-8 with the line ends it has.
    inputs : iterable of Path
        Files and folders that were named as input; `path` must be none of them, and no file that is already
        there below such a folder.

    Raises
    ------
    OutputFileError
        If `path` is an input, no regular file, or cannot be written.
    """
    where = Where(file=str(path))
    try:
        if path.exists():
            if any(_is_or_holds(source, path) for source in inputs):
                raise OutputFileError(
                    "is an input of this command", remedy="write to another file", where=where
                )
            if not path.is_file():
                raise OutputFileError(
                    "is no regular file", remedy="name a file, or leave it to stdout", where=where
                )
        temporary = path.with_name(f".{os.getpid()}.{path.name[:100]}.tmp")
        try:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
            with os.fdopen(descriptor, "wb") as file:
                file.write(content.encode() if isinstance(content, str) else content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        finally:
            with contextlib.suppress(OSError):
                temporary.unlink()
    except OutputFileError:
        raise
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no file name"
        raise OutputFileError(f"cannot be written ({reason})", where=where) from None


def _is_or_holds(source: Path, path: Path) -> bool:
    """Whether `source` is the file `path`, or a folder with it below; `path` exists, `source` may be a mere word."""
    if not os.path.exists(source):
        return False
    return source.samefile(path) or (source.is_dir() and path.resolve().is_relative_to(source.resolve()))

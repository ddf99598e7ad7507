"""One audit at a time in a folder: a lock that the system releases when its holder ends, however it ends."""

import datetime
import fcntl
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from rtfractions.errors import OutputFileError, Where, printable

LOCK_NAME: Final = ".lock"
"""The file that is locked; it stays when the audit ends."""


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock of an output folder.

    Raises
    ------
    OutputFileError
        If another process holds it, told with its number, host and since when; or if the folder takes no file.
    """
    path = folder / LOCK_NAME
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise OutputFileError(
            f"cannot be written ({error.strerror})", where=Where(file=str(folder))
        ) from None
    with os.fdopen(descriptor, "r+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OutputFileError(
                f"is locked by another audit{_holder(file.read(1000))}",
                remedy="wait for it, or name another folder",
                where=Where(file=str(folder)),
            ) from None
        except OSError as error:
            raise OutputFileError(
                f"cannot be locked ({error.strerror})",
                remedy="name a folder on a file system with locks",
                where=Where(file=str(folder)),
            ) from None
        since = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        holder = {"pid": os.getpid(), "host": socket.gethostname(), "since": since}
        try:
            file.truncate(0)
            file.write(json.dumps(holder).encode() + b"\n")
            file.flush()
        except OSError as error:
            raise OutputFileError(
                f"cannot be written ({error.strerror})", where=Where(file=str(folder))
            ) from None
        yield


def _holder(content: bytes) -> str:
    """Who holds the lock, as far as the file says."""
    try:
        said = json.loads(content)
        return printable(f": process {said['pid']} on {said['host']} since {said['since']}")
    except (ValueError, TypeError, KeyError):
        return ""

"""The output folder of an audit: what lies in it, and how a file gets there whole or not at all."""

import contextlib
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from rtfractions.errors import OutputFileError, Where

PATIENTS: Final = "patients"
"""The folder of the result files and the patients' pages."""

COHORT_NAME: Final = "cohort.json"
"""What is audited, how, and which patients were found."""

LOG_NAME: Final = "run.log"
"""When what was done; the only file with times."""

REPORT_NAMES: Final = (
    "summary.txt",
    "summary.json",
    "summary.csv",
    "checks.csv",
    "summary.html",
    "summary.xml",
)
"""The reports, derived from the result files."""

_OURS: Final = re.compile(r"P[0-9a-f]{16}\.(json|html)", re.ASCII)
_TEMPORARY: Final = re.compile(r"\.[A-Za-z0-9.]{1,40}\.\d+\.tmp", re.ASCII)
_MAY_BE_THERE: Final = frozenset({PATIENTS, COHORT_NAME, LOG_NAME, ".lock", *REPORT_NAMES})


def sync_folder(folder: Path) -> None:
    """Have the system write a folder's entries to its disk: a rename may else be lost with the power."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class OutputFolder:
    """The output folder of an audit.

    Parameters
    ----------
    path : Path
        The folder; it need not be there yet.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.patients = path / PATIENTS
        self.cohort_file = path / COHORT_NAME
        self._umask = os.umask(0)
        os.umask(self._umask)

    def prepare(self, inputs: tuple[Path, ...]) -> None:
        """Make the folder, or see that the one that is there is an audit's and lies apart from the input.

        Raises
        ------
        OutputFileError
            If it is no folder, holds files that no audit wrote, lies in the input or around it, or takes no file.
        """
        where = Where(file=str(self.path))
        ours = Path(os.path.realpath(self.path))
        for source in (Path(os.path.realpath(path)) for path in inputs):
            if source.is_dir() and ours.is_relative_to(source):
                problem = "is the input" if ours == source else "lies inside the input"
                raise OutputFileError(problem, remedy="name a folder outside it", where=where)
            if source.is_relative_to(ours):
                raise OutputFileError("holds an input", remedy="name a folder without it", where=where)
        try:
            if os.path.lexists(self.path):
                if not self.path.is_dir():
                    raise OutputFileError("is no folder", remedy="name a new or empty one", where=where)
                strangers = {entry.name for entry in os.scandir(self.path)} - _MAY_BE_THERE
                strangers = {name for name in strangers if not _TEMPORARY.fullmatch(name)}
                if strangers or os.path.islink(self.patients):
                    raise OutputFileError(
                        "holds files that no audit wrote", remedy="name a new or empty folder", where=where
                    )
            self.path.mkdir(parents=True, exist_ok=True)
        except OutputFileError:
            raise
        except OSError as error:
            raise OutputFileError(f"cannot be made ({error.strerror})", where=where) from None

    def tidy(self) -> None:
        """Make what must be there, and remove what an interrupted write left; the lock must be held.

        Raises
        ------
        OutputFileError
            If the folder cannot be written.
        """
        with self._told(self.path):
            self.patients.mkdir(exist_ok=True)
            for folder in (self.path, self.patients):
                for entry in list(os.scandir(folder)):
                    if _TEMPORARY.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                        os.unlink(entry.path)
            sync_folder(self.path)

    def clear(self) -> None:
        """Remove all that audits wrote; the lock must be held.

        Raises
        ------
        OutputFileError
            If it cannot be removed.
        """
        with self._told(self.path):
            # First what says which results are whose: no results are ever taken for another audit's.
            for name in (COHORT_NAME, LOG_NAME, *REPORT_NAMES):
                (self.path / name).unlink(missing_ok=True)
            sync_folder(self.path)
            if self.patients.exists():
                for name in self.patient_files():
                    (self.patients / name).unlink()
                sync_folder(self.patients)

    def patient_files(self) -> list[str]:
        """The names of result files and pages, sorted; other files are left alone.

        Raises
        ------
        OutputFileError
            If the folder cannot be read.
        """
        with self._told(self.patients):
            if not self.patients.exists():
                return []
            entries = list(os.scandir(self.patients))
        return sorted(entry.name for entry in entries if _OURS.fullmatch(entry.name))

    def remove_reports(self) -> None:
        """Remove the reports: while results change, none tells of others.

        Raises
        ------
        OutputFileError
            If they cannot be removed.
        """
        with self._told(self.path):
            for name in REPORT_NAMES:
                (self.path / name).unlink(missing_ok=True)

    def write_result(self, patient: str, content: bytes, page: bytes) -> None:
        """Write the page of a patient, then the result that names it: a page is never taken for another result's.

        Raises
        ------
        OutputFileError
            If it cannot be written.
        """
        self.write(self.page_file(patient), page, is_derived=True)
        self.write(self.result_file(patient), content)

    def remove_all_but(self, patients: set[str]) -> int:
        """Remove results and pages of patients that are no longer found; how many patients they were of."""
        others = [name for name in self.patient_files() if name.partition(".")[0] not in patients]
        with self._told(self.patients):
            for name in others:
                (self.patients / name).unlink()
        return len({name.partition(".")[0] for name in others})

    def result_file(self, patient: str) -> Path:
        """Where the result of a patient lies, by the pseudonym."""
        return self.patients / f"{patient}.json"

    def page_file(self, patient: str) -> Path:
        """Where the page of a patient lies, by the pseudonym."""
        return self.patients / f"{patient}.html"

    def write(self, path: Path, content: str | bytes, *, is_derived: bool = False) -> None:
        """Write a file whole or not at all, so that it survives a loss of power once this returns.

        Parameters
        ----------
        path : Path
            Where to.
        content : str or bytes
            What it holds.
        is_derived : bool, default False
            It can be made again from others: it need not survive a loss of power.

        Raises
        ------
        OutputFileError
            If it cannot be written: the one that was there before then still is.
        """
        temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        with self._told(path):
            try:
                # Only its owner reads it while it is not whole.
                flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
                with os.fdopen(os.open(temporary, flags, 0o600), "wb") as file:
                    file.write(content.encode() if isinstance(content, str) else content)
                    file.flush()
                    os.fchmod(file.fileno(), 0o666 & ~self._umask)
                    if not is_derived:
                        os.fsync(file.fileno())
                os.replace(temporary, path)
                if not is_derived:
                    sync_folder(path.parent)
            finally:
                with contextlib.suppress(OSError):
                    temporary.unlink()

    def append_to_log(self, line: str) -> None:
        """Add a line to the log.

        Raises
        ------
        OutputFileError
            If it cannot be written.
        """
        path = self.path / LOG_NAME
        with self._told(path):
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
            with os.fdopen(os.open(path, flags, 0o666), "ab") as file:
                file.write(line.encode() + b"\n")

    def read(self, path: Path, maximum_bytes: int) -> bytes | None:
        """The bytes of a regular file of the folder; None where there is none that can be read."""
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            with os.fdopen(descriptor, "rb") as file:
                status = os.fstat(descriptor)
                if not stat.S_ISREG(status.st_mode) or status.st_size > maximum_bytes:
                    return None
                return file.read(maximum_bytes)
        except OSError:
            return None

    @contextlib.contextmanager
    def _told(self, path: Path) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise OutputFileError(
                f"cannot be written ({error.strerror})",
                remedy="what is done is kept: give the same command again once it can",
                where=Where(file=str(path)),
            ) from None

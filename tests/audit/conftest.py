"""Cohorts made for a test, and audits of them: in this process without worker processes, or as users run them."""

import concurrent.futures
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from synthetic import dicom_bytes
from synthetic_plan import Group, Reference, rt_plan

from rtfractions import protocols
from rtfractions.audit import (
    Cohort,
    OutputFolder,
    PseudonymKey,
    Settings,
    find_cohort,
    locked,
    manifest_of,
    run,
    runner,
    summarise,
    write_manifest,
    write_reports,
)
from rtfractions.audit.executors import Workers
from rtfractions.audit.grading import grade
from rtfractions.reports import cohort_html
from rtfractions.reports.cohort import AuditDocument

PROTOCOL = "NCT03406468"
KEY = PseudonymKey(b"a key for tests, known to everyone")
Run = Callable[..., Any]
TIMELESS = ("run.log", ".lock")
"""What may differ between two runs of the same."""


@pytest.fixture(autouse=True, scope="module")
def _compiled_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Python's compiled modules are kept for the processes that tests start, also where they are not kept otherwise."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("PYTHONPYCACHEPREFIX", str(tmp_path_factory.getbasetemp() / "bytecode"))
        patched.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
        yield


@pytest.fixture(autouse=True)
def _own_settings(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test touches the key of who runs it; all of them share one."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.getbasetemp() / "config"))


@pytest.fixture(autouse=True)
def _no_figures(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures take most of the time of a small audit: they are drawn where a test asks for the fixture `figures`."""
    if "figures" not in request.fixturenames:
        for name in ("outcome_svg", "schedule_svg", "dose_svg"):
            monkeypatch.setattr(cohort_html, name, lambda _document: b"<svg/>")


@pytest.fixture
def figures() -> None:
    """Figures are drawn."""


@pytest.fixture
def run_inline(run: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """As `run`, and patients are graded in this process."""
    monkeypatch.setattr(runner, "_workers", inline_workers)
    return run


@pytest.fixture
def poison(monkeypatch: pytest.MonkeyPatch) -> str:
    """The module of functions that do harm, where worker processes find it."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    return "poison"


MakeCohort = Callable[..., Path]


@pytest.fixture
def make_cohort(tmp_path: Path) -> MakeCohort:
    """``make_cohort(3)``: a folder with the plans of so many patients, G001 and on, all of them per protocol."""

    def call(number: int, *, folder: str = "cohort", first: int = 1) -> Path:
        root = tmp_path / folder
        for i in range(first, first + number):
            plan = rt_plan(f"G{i:03d}", 100_000 + i, [Reference(1, "PTV", "24.0", 7)], [Group("3")])
            (root / f"{i:03d}").mkdir(parents=True)
            (root / f"{i:03d}" / "plan.dcm").write_bytes(dicom_bytes(plan))
        return root

    return call


class Inline(concurrent.futures.Executor):
    """Runs a task where it is submitted: for tests of all but the worker processes."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> concurrent.futures.Future[Any]:
        future: concurrent.futures.Future[Any] = concurrent.futures.Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - as executors do
            future.set_exception(error)
        return future


@contextmanager
def inline_workers(work: Any, _jobs: int, _scheduler: str | None) -> Iterator[Workers]:
    def call(shared_work: Any, _versions: dict[str, str], arguments: tuple[Any, ...]) -> Any:
        return grade(shared_work.shared, *arguments)

    yield Workers(Inline(), call, work, 1)


@dataclass
class Audited:
    """An audit that was run."""

    folder: OutputFolder
    cohort: Cohort
    document: AuditDocument
    reused: int

    def files(self) -> dict[str, bytes]:
        return files_of(self.folder.path)

    def results(self) -> dict[str, bytes]:
        return {name: data for name, data in self.files().items() if name.endswith(".json") and "/P" in name}

    def outcomes(self) -> dict[str, int]:
        return {entry.name: entry.count for entry in self.document.outcomes if entry.count}


def files_of(folder: Path) -> dict[str, bytes]:
    """All files below a folder but those with times."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in TIMELESS
    }


Audit = Callable[..., Audited]


@pytest.fixture
def audit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Audit:
    """``audit(cohort_folder)``: an audit through the library; `in_workers` for real worker processes."""

    def call(
        path: Path,
        *sheets: Path,
        output: str = "audit",
        in_workers: bool = False,
        jobs: int = 2,
        function: str = runner.GRADE,
        **options: Any,
    ) -> Audited:
        loaded = protocols.find(options.pop("protocol", PROTOCOL))
        settings = Settings(protocol=loaded, key=options.pop("key", KEY), **options)
        folder = OutputFolder(tmp_path / output)
        folder.prepare((path, *sheets))
        with monkeypatch.context() as patched, locked(folder.path):
            if not in_workers:
                patched.setattr(runner, "_workers", inline_workers)
            folder.tidy()
            cohort = find_cohort(path, sheets, settings)
            manifest = manifest_of(cohort)
            write_manifest(folder, manifest)
            done = run(cohort, folder, jobs=jobs, function=function)
            folder.remove_all_but({task.patient for task in cohort.tasks})
            document = summarise(folder, manifest)
            write_reports(folder, manifest, document)
        return Audited(folder, cohort, document, done.reused)

    return call


@dataclass
class Child:
    """An audit as a user's process, head of its own group."""

    process: subprocess.Popen[str]

    def end(self, number: signal.Signals) -> None:
        """A signal to the whole group, as a terminal sends it."""
        os.killpg(self.process.pid, number)

    def finish(self, timeout_s: float = 60.0) -> tuple[int, str, str]:
        out, err = self.process.communicate(timeout=timeout_s)
        return self.process.returncode, out, err

    def wait_for_events(self, number: int) -> list[str]:
        """Read events (``--progress json``) until so many patients are done."""
        assert self.process.stderr is not None
        lines: list[str] = []
        while sum('"event": "patient"' in line for line in lines) < number:
            line = self.process.stderr.readline()
            assert line, "".join(lines)
            lines.append(line)
        return lines

    def others(self) -> list[int]:
        """Processes of its group beside it that still run."""
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and int(entry.name) != self.process.pid:
                try:
                    fields = (entry / "stat").read_text().rpartition(")")[2].split()
                except OSError:
                    continue
                if int(fields[2]) == self.process.pid and fields[0] != "Z":
                    found.append(int(entry.name))
        return found


Start = Callable[..., Child]


@pytest.fixture
def start(child_environment: dict[str, str]) -> Iterator[Start]:
    """``start("audit", ...)``: the command as a process of its own; what is left of it in the end is killed."""
    children: list[Child] = []

    def call(*arguments: object, file_bytes: int | None = None, **environment: str) -> Child:
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        if file_bytes is not None:
            environment["PYTHONDONTWRITEBYTECODE"] = "1"  # else cut off as well, and taken for whole
            resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, hard))
        process = subprocess.Popen(
            [sys.executable, "-m", "rtfractions_cli", *map(str, arguments)],
            env={**child_environment, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            process_group=0,
        )
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        children.append(Child(process))
        return children[-1]

    yield call
    for child in children:
        with_pipes = (child.process.stdout, child.process.stderr)
        for pid in [*child.others(), *([child.process.pid] if child.process.poll() is None else [])]:
            os.kill(pid, signal.SIGKILL)
        child.process.wait()
        for pipe in with_pipes:
            if pipe is not None:
                pipe.close()

"""Tasks given to workbenches: one workbench a thread, a task whose process died tried once more, and a way to stop."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from multiprocessing import Pipe
from typing import Any, Final

from rtfractions.audit.bench import Ended, Work
from rtfractions.errors import RTFractionsError
from rtfractions.reports.cohort_results import Status

ATTEMPTS: Final = 2
"""How often a patient is tried whose process died: something else may have ended it, but not twice."""

_START_S: Final = 120.0
_END_S: Final = 1.0


def leave_interrupts_to_the_main_thread() -> None:
    """Hold Ctrl-C back from this thread and from the processes it starts, which it reaches as well at a terminal.

    One that came while they load what they need would end them before they can ignore it.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})


class WorkerError(RTFractionsError, RuntimeError):
    """A worker that cannot start, or is not of the same versions: no patient could be graded as asked."""

    code = "audit.worker"


class StoppedError(Exception):
    """The workbench was stopped while it worked."""


class Workbench:
    """A process that grades one patient after the other, each in a child of its own.

    Parameters
    ----------
    work : Work
        What it does.
    """

    def __init__(self, work: Work) -> None:
        self.work = work
        self._link, theirs = Pipe()
        # The modules are found where this process finds them, and never in the folder it happens to stand in.
        paths = os.pathsep.join(path for path in sys.path if path)
        one_thread = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        environment = {**os.environ, **one_thread, "PYTHONPATH": paths}
        program = f"from rtfractions.audit.bench import serve; serve({theirs.fileno()})"
        command = [sys.executable, "-P", "-c", program]
        # What libraries print of a file may be a patient's name: it goes nowhere.
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(theirs.fileno(),),
            env=environment,
        )
        theirs.close()

    def greet(self, expected: dict[str, str]) -> None:
        """Tell it its work, and wait until it is ready.

        Parameters
        ----------
        expected : dict of str to str
            Versions it must have.

        Raises
        ------
        WorkerError
            If it does not start, or has other versions.
        """
        try:
            self._link.send(self.work)
            if not self._link.poll(_START_S):
                raise EOFError
            found = self._link.recv()
        except (EOFError, OSError):
            raise WorkerError(
                "a worker process did not start", remedy="see that the program is installed whole"
            ) from None
        if found != expected:
            names = [name for name in expected if found.get(name) != expected[name]]
            told = ", ".join(f"{name} {found.get(name)} instead of {expected[name]}" for name in names)
            raise WorkerError(
                f"a worker has {told}",
                remedy="install the same versions on all machines, and set RTFRACTIONS_FAST alike",
            )

    def run(self, arguments: tuple[Any, ...]) -> Any:
        """The answer to a task, or how its process ended.

        Raises
        ------
        EOFError, OSError
            If the workbench itself ended.
        """
        self._link.send(arguments)
        return self._link.recv()

    def close(self) -> None:
        """End it and the child it may have."""
        with contextlib.suppress(OSError):
            self._link.close()
        try:
            self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def stop(self) -> None:
        """End it at once, from another thread than the one that waits for its answer."""
        self._process.kill()


class Workbenches:
    """The workbenches of this process, one a thread that asks for one."""

    def __init__(self) -> None:
        self._of_thread = threading.local()
        self._all: set[Workbench] = set()
        self._lock = threading.Lock()
        self._stopping = False

    def run(self, work: Work, expected: dict[str, str], arguments: tuple[Any, ...]) -> Any:
        """The answer to a task, or how its processes ended.

        Raises
        ------
        WorkerError
            If no worker can be had.
        StoppedError
            If all are being stopped.
        """
        answer: Any = None
        for _ in range(ATTEMPTS):
            try:
                answer = self._of(work, expected).run(arguments)
            except (EOFError, OSError):
                self._discard()
                answer = Ended(Status.CRASHED, "its worker process was ended")
            if self._stopping:
                raise StoppedError
            if not _died(answer):
                break
        return answer

    def stop(self) -> None:
        """End all of them, with what they are at."""
        with self._lock:
            self._stopping = True
            for bench in self._all:
                bench.stop()

    def close(self) -> None:
        """End all of them; none may be at work."""
        with self._lock:
            while self._all:
                self._all.pop().close()
            self._stopping = True

    def _of(self, work: Work, expected: dict[str, str]) -> Workbench:
        bench: Workbench | None = getattr(self._of_thread, "bench", None)
        if bench is None or bench.work is not work:
            self._discard()
            with self._lock:
                if self._stopping:
                    raise StoppedError
                bench = Workbench(work)
                self._all.add(bench)
            self._of_thread.bench = bench
            try:
                bench.greet(expected)
            except WorkerError:
                self._discard()
                if self._stopping:
                    raise StoppedError from None
                raise
        return bench

    def _discard(self) -> None:
        bench: Workbench | None = getattr(self._of_thread, "bench", None)
        if bench is not None:
            self._of_thread.bench = None
            with self._lock:
                self._all.discard(bench)
            bench.close()


def _died(answer: Any) -> bool:
    return isinstance(answer, Ended) and answer.status is Status.CRASHED and not answer.is_defect

"""An audit stopped at each moment at which its main thread has just taken a lock, one run after the other.

Run as a program: it forks, and no test runner's threads are there to be forked. It prints, as JSON, what came of each.
"""

import contextlib
import json
import os
import signal
import sys
import threading
import time
from pathlib import Path
from types import FrameType
from typing import Any
from unittest import mock

from rtfractions import protocols
from rtfractions.audit import OutputFolder, PseudonymKey, Settings, find_cohort, run
from rtfractions.audit.grading import Outcome
from rtfractions.audit.supervision import Workbenches
from rtfractions.reports.cohort_results import Status
from rtfractions_cli import audit as command

HUNG_S = 5.0
LOCKS = ("acquire", "__enter__")


def answered(*_arguments: Any) -> Outcome:
    """What processes would answer, without them."""
    time.sleep(0.002)
    return Outcome(None, Status.GRADED)


def stopped(cohort: Any, folder: OutputFolder, number: signal.Signals, at: int) -> int:
    """The exit code of an audit that is stopped when it took that many locks; 0 if it took fewer."""
    taken = 0

    def look(_frame: FrameType, event: str, function: Any) -> None:
        nonlocal taken
        if event == "c_return" and function.__name__ in LOCKS:
            taken += 1
            if taken - 1 == at:
                signal.raise_signal(number)

    try:
        with command._stoppable() as stop:
            sys.setprofile(look)
            run(cohort, folder, jobs=2, stop=stop)
            sys.setprofile(None)
    except KeyboardInterrupt:
        return 130
    except SystemExit as wish:
        return int(wish.code or 0)
    return 0


def in_a_child(*arguments: Any) -> int | None:
    """The exit code of the same in a process of its own; None if it never ends."""
    child = os.fork()
    if child == 0:
        code = 99
        with contextlib.suppress(BaseException):
            code = stopped(*arguments)
            for thread in threading.enumerate():
                if thread is not threading.main_thread():
                    thread.join()  # as every program does at its end
        os._exit(code)
    end = time.monotonic() + HUNG_S
    while time.monotonic() < end:
        found, state = os.waitpid(child, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(state)
        time.sleep(0.002)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


def main(cohort_folder: Path, out: Path, number: signal.Signals) -> None:
    settings = Settings(
        protocol=protocols.find("NCT03406468"), key=PseudonymKey(b"a key for tests"), figures="none"
    )
    cohort = find_cohort(cohort_folder, (), settings)
    folder = OutputFolder(out)
    folder.prepare((cohort_folder,))
    found: list[int | None] = []
    with mock.patch.object(Workbenches, "run", answered):
        while not found or found[-1] != 0:
            found.append(in_a_child(cohort, folder, number, len(found)))
    print(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), signal.Signals(int(sys.argv[3])))

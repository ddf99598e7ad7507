"""What is done with tasks in place of grading, to see who survives it; tasks are known by their label."""

import ctypes
import os
import signal
import time
from pathlib import Path
from typing import Any

from rtfractions.audit.cohort import Shared, Task
from rtfractions.audit.grading import Outcome, grade
from rtfractions.audit.result_files import Known

SLEEP_S = 0.15

MARKS: list[str] = []


def number_of(task: Task) -> int:
    """The number of a patient made by `make_cohort`; identifiers must be included."""
    return int(task.label[1:])


def by_number(shared: Shared, task: Task, known: Known | None) -> Outcome:
    """Patients 1 to 6 do harm, each in another way; others are graded."""
    number = number_of(task)
    if number == 1:
        ctypes.string_at(0)  # a segmentation fault
    elif number == 2:
        while True:
            pass
    elif number == 3:
        bytearray(50 * 2**30)
    elif number == 4:
        raise RuntimeError("Smith^John was here")
    elif number == 5:
        os._exit(7)
    elif number == 6:
        print("Smith^John was here", flush=True)
        os.write(2, b"Smith^John was here")
    return grade(shared, task, known)


def killed_once(shared: Shared, task: Task, known: Known | None) -> Outcome:
    """Every process is killed once, and its second attempt lives."""
    marker = Path(os.environ["POISON_MARKERS"], task.patient)
    if not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return grade(shared, task, known)


def workbench_killed_once(shared: Shared, task: Task, known: Known | None) -> Outcome:
    """The first two patients take the workbench they came from with them, once each."""
    marker = Path(os.environ["POISON_MARKERS"], task.patient)
    if number_of(task) <= 2 and not marker.exists():
        marker.touch()
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(5)
    return grade(shared, task, known)


def slowly(shared: Shared, task: Task, known: Known | None) -> Outcome:
    """Graded, after a while."""
    time.sleep(SLEEP_S)
    return grade(shared, task, known)


def leave_a_trace(shared: Shared, task: Task, known: Known | None) -> Outcome:
    """Graded, with a mark in the process that a later patient would see."""
    assert not MARKS
    MARKS.append(task.label)
    return grade(shared, task, known)


def nothing(_shared: Shared, _task: Task, known: Known | None) -> Any:
    """No work at all."""
    from rtfractions.reports.cohort_results import Status

    return Outcome(None, Status.GRADED)

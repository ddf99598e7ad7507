"""The workbench: a process that forks one child a patient, under limits, and tells what became of it.

It has one thread and has loaded all that grading needs, so that a fork is safe and cheap; a child starts where every
other started, so that nothing of one patient can reach the next. It ends when the process it belongs to does.
"""

import contextlib
import ctypes
import gc
import os
import resource
import signal
import sys
import traceback
from dataclasses import dataclass
from importlib import import_module
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from typing import Any, Final, NoReturn

from rtfractions.audit.settings import versions
from rtfractions.reports.cohort_results import Status

IDLE_S: Final = 300.0
"""After so long without a task the workbench ends; another is made when it is needed."""

_PARENT_DEATH_SIGNAL: Final = 1  # PR_SET_PDEATHSIG of linux/prctl.h
_LINUX: Final = sys.platform == "linux"


@dataclass(frozen=True, slots=True)
class Ended:
    """How a patient's process came to nothing.

    Attributes
    ----------
    status : Status
        What the patient's result says.
    reason : str
        Why, without any of the patient's data.
    is_defect : bool
        The program failed: the same would happen again.
    """

    status: Status
    reason: str
    is_defect: bool = False


@dataclass(frozen=True, slots=True)
class Work:
    """What a workbench does with each task.

    Attributes
    ----------
    function : str
        ``"module:name"`` of a function of the shared data and the task's arguments.
    shared : object
        What all tasks share.
    timeout_s : float
        Seconds for one task.
    memory_bytes : int
        Address space for one task.
    prepare : str
        A function that is called once before the first task: what a child loads is lost with it.
    """

    function: str
    shared: Any
    timeout_s: float
    memory_bytes: int
    prepare: str = ""


def serve(descriptor: int) -> None:
    """Take tasks from a pipe until its other end is closed.

    Parameters
    ----------
    descriptor : int
        The inherited end of the pipe.
    """
    link = Connection(descriptor)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is for the process that owns this one
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    work: Work = link.recv()
    function = _named(work.function)
    if work.prepare:
        _named(work.prepare)()
    gc.freeze()  # what is loaded stays shared with the children
    link.send(versions())
    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):
        while link.poll(IDLE_S):
            link.send(_in_child(function, work, link.recv(), link))


def _named(text: str) -> Any:
    module, _, name = text.partition(":")
    return getattr(import_module(module), name)


def _in_child(function: Any, work: Work, arguments: tuple[Any, ...], link: Connection) -> Any:
    """Run one task in a child, and wait for its answer, its end, its time, or the end of who asked."""
    ours, theirs = Pipe(duplex=False)
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        _be_the_child(function, work, arguments, theirs, link, parent)
    theirs.close()
    answer: Any = None
    with ours:
        ready = wait([ours, link], work.timeout_s)
        if link in ready or not ready:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            if link in ready:
                sys.exit(0)
            return Ended(Status.TIMEOUT, f"took longer than the {work.timeout_s:g} s that a patient may take")
        with contextlib.suppress(EOFError, OSError):
            answer = ours.recv()
    _, state = os.waitpid(child, 0)
    if answer is not None:
        return answer
    if os.WIFSIGNALED(state):
        return Ended(Status.CRASHED, f"its process was ended by {signal.Signals(os.WTERMSIG(state)).name}")
    return Ended(Status.CRASHED, f"its process ended with code {os.waitstatus_to_exitcode(state)}")


def _be_the_child(
    function: Any, work: Work, arguments: tuple[Any, ...], answers: Connection, link: Connection, parent: int
) -> NoReturn:
    try:
        link.close()  # else who asked would not see the workbench end while this runs
        _end_with(parent)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file would hold the patient's data
        _limit_memory(work.memory_bytes)
        try:
            answer = function(work.shared, *arguments)
        except MemoryError:
            answer = Ended(
                Status.MEMORY, f"needs more than the {work.memory_bytes} bytes that a patient may take"
            )
        except Exception as error:  # noqa: BLE001 - any defect costs this patient only, and its text, which may be theirs, is not printed
            place = traceback.extract_tb(error.__traceback__)[-1]  # no values: they may be the patient's
            reason = f"{type(error).__name__} in {os.path.basename(place.filename)}, line {place.lineno}"
            answer = Ended(Status.CRASHED, reason, is_defect=True)
        answers.send(answer)
        os._exit(0)
    finally:
        os._exit(1)


def _limit_memory(most: int) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    with contextlib.suppress(
        *([] if _LINUX else [ValueError, OSError])
    ):  # other systems may not know this limit
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _end_with(parent: int) -> None:
    """Have the system end this process when its parent ends, where it can; a child beyond is of no harm elsewhere."""
    if _LINUX:
        ctypes.CDLL(None).prctl(_PARENT_DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)

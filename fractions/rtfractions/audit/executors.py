"""Where patients are graded: in processes of this machine, or on a cluster, through one interface."""

import asyncio
import concurrent.futures
import contextlib
import logging
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, Final

from rtfractions.audit.bench import Work
from rtfractions.audit.supervision import Workbenches, WorkerError, leave_interrupts_to_the_main_thread
from rtfractions.errors import SettingError, printable

CONNECT_S: Final = 10.0
"""How long a scheduler may take to answer."""

_BENCHES: Final = Workbenches()
"""Of a cluster's worker, which outlives a run."""


@dataclass(frozen=True, slots=True)
class Workers:
    """Who grades.

    Attributes
    ----------
    executor : Executor
        Runs a function for each task.
    function : callable
        What it runs: ``function(work, versions, arguments)``.
    work : object
        Stands for the work that all tasks share, in the form that the executor takes it.
    number : int
        How many tasks are run at once.
    """

    executor: Executor
    function: Callable[..., Any]
    work: Any
    number: int

    def submit(self, versions: dict[str, str], *arguments: Any) -> Future[Any]:
        """Have a task run."""
        return self.executor.submit(self.function, self.work, versions, arguments)


def default_jobs() -> int:
    """How many patients are graded at once where nothing is said: one for each processor this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def local_workers(work: Work, jobs: int) -> Iterator[Workers]:
    """Processes of this machine.

    A thread for each waits for its answers. Unlike `ProcessPoolExecutor`, of which one dead process breaks the whole,
    it loses no more than the patient whose process died.
    """
    benches = Workbenches()
    executor = concurrent.futures.ThreadPoolExecutor(
        jobs, thread_name_prefix="audit", initializer=leave_interrupts_to_the_main_thread
    )
    try:
        yield Workers(executor, benches.run, work, jobs)
    except BaseException:
        benches.stop()
        executor.shutdown(wait=True, cancel_futures=True)
        raise
    else:
        executor.shutdown(wait=True)
    finally:
        benches.close()


@contextmanager
def cluster_workers(work: Work, address: str) -> Iterator[Workers]:
    """The workers of a running `dask.distributed` scheduler.

    They read the inputs under the same paths as this machine.

    Raises
    ------
    SettingError
        If the extra `cluster` is not installed, or no scheduler answers.
    WorkerError
        If the scheduler has no worker.
    """
    try:
        from distributed import Client
    except ImportError:
        raise SettingError(
            "--scheduler needs dask.distributed", remedy="install the extra: rtfractions[cluster]"
        ) from None
    with _logs_nothing("distributed", "distributed.client"):
        try:
            client = Client(address, timeout=CONNECT_S, set_as_default=False) if _greeted(address) else None
        except OSError:
            client = None
        if client is None:
            raise SettingError(
                f"no scheduler answers at {printable(address)}", remedy="give its address, as tcp://host:8786"
            )
        with _workers_of(client, work) as workers:
            yield workers


@contextmanager
def _workers_of(client: Any, work: Work) -> Iterator[Workers]:
    try:
        number = sum(client.nthreads().values())
        if not number:
            raise WorkerError("the scheduler has no worker", remedy="start some, or leave out --scheduler")
        executor = client.get_executor(retries=0)
        (shared,) = client.scatter([work], broadcast=True, hash=False)
        try:
            yield Workers(executor, _on_cluster, shared, number)
        except BaseException:
            with contextlib.suppress(Exception):  # whatever a broken cluster says now, nothing is asked of it
                executor.shutdown(wait=False)
            raise
    finally:
        with contextlib.suppress(Exception):
            client.close(timeout=1)


def _greeted(address: str) -> bool:
    """Whether a scheduler answers a greeting: a client made where none is takes 20 s to be dropped.

    In a thread of its own, which a Ctrl-C need not wait for, and where no event loop of the caller's runs.
    """
    from distributed.comm import connect

    async def greet() -> None:
        found: Any = await asyncio.gather(connect(address, timeout=CONNECT_S), return_exceptions=True)
        answers = not isinstance(found[0], BaseException)
        if answers:
            found[0].abort()
        answered.put(answers)

    answered: SimpleQueue[bool] = SimpleQueue()
    threading.Thread(target=lambda: asyncio.run(greet()), daemon=True).start()
    try:
        return answered.get(timeout=2 * CONNECT_S)
    except Empty:
        return False


@contextmanager
def _logs_nothing(*names: str) -> Iterator[None]:
    """Keep loggers silent: what matters is raised, and what is logged beside it are tracebacks."""
    levels = {logging.getLogger(name): logging.getLogger(name).level for name in names}
    for logger in levels:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in levels.items():
            logger.setLevel(level)


def _on_cluster(work: Work, versions: dict[str, str], arguments: tuple[Any, ...]) -> Any:
    return _BENCHES.run(work, versions, arguments)

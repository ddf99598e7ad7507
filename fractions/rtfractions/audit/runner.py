"""Running an audit: every patient once, every result in its file as soon as it is there, nothing twice."""

from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future
from contextlib import contextmanager
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, Final

from rtfractions.audit.bench import Ended, Work
from rtfractions.audit.cohort import Cohort, Shared, Task
from rtfractions.audit.executors import Workers, cluster_workers, local_workers
from rtfractions.audit.folder import OutputFolder
from rtfractions.audit.grading import Outcome, failed
from rtfractions.audit.result_files import known, read_result
from rtfractions.audit.stopping import Stop
from rtfractions.audit.supervision import WorkerError
from rtfractions.errors import RTFractionsError
from rtfractions.reports.cohort_results import Status

GRADE: Final = "rtfractions.audit.grading:grade"
"""What is done with a patient."""

PREPARE: Final = "rtfractions.audit.grading:prepare"
"""What is loaded before the first patient."""

PREPARE_FIGURES: Final = "rtfractions.audit.grading:prepare_figures"
"""The same where there are doses to draw."""

_AHEAD: Final = 2

_LOOK_S: Final = 0.1
"""How often a wait for answers is broken off, to see whether it is to end."""


@dataclass(frozen=True, slots=True)
class Progress:
    """What has been done so far.

    Attributes
    ----------
    done, total : int
        Patients.
    reused : int
        Of those done, how many had a result that still holds.
    patient : str or None
        Who was just done, by the pseudonym; None at the beginning.
    outcome : str or None
        What came of the patient.
    """

    done: int
    total: int
    reused: int
    patient: str | None = None
    outcome: str | None = None


Report = Callable[[Progress], None]


def run(
    cohort: Cohort,
    folder: OutputFolder,
    *,
    jobs: int,
    scheduler: str | None = None,
    report: Report = lambda _progress: None,
    function: str = GRADE,
    stop: Stop | None = None,
) -> Progress:
    """Grade the patients of a cohort who have no result that still holds.

    Parameters
    ----------
    cohort : Cohort
        The patients.
    folder : OutputFolder
        Where results go; its lock must be held.
    jobs : int
        How many processes of this machine grade.
    scheduler : str, optional
        Address of a dask scheduler, whose workers grade instead.
    report : callable
        Told of the beginning and of each patient.
    function : str
        What is done with a task, as ``"module:name"``.
    stop : Stop, optional
        Where it is asked to end early; then it raises what was asked for, and the next run goes on from there.

    Raises
    ------
    OutputFileError
        If a result cannot be written; those that are there are whole, and the next run goes on from them.
    WorkerError
        If no worker can be had, or the scheduler is lost; as before.
    """
    shared, settings = cohort.shared, cohort.shared.settings
    draws = settings.figures != "none" and any(
        file.header.modality == "RTDOSE" for task in cohort.tasks for file in task.files
    )
    prepare = PREPARE_FIGURES if draws else PREPARE
    work = Work(function, shared, settings.timeout_s, settings.memory_bytes, prepare)
    done = reused = 0
    total = len(cohort.tasks)
    report(Progress(done, total, reused))
    with _workers(work, jobs, scheduler) as workers:
        for task, answer in _answers(cohort, folder, workers, stop or Stop()):
            outcome = _outcome(shared, task, answer)
            if outcome.content is not None:
                folder.write_result(task.patient, outcome.content, outcome.page)
            done += 1
            reused += outcome.content is None
            report(Progress(done, total, reused, task.patient, str(outcome.verdict or outcome.status)))
    return Progress(done, total, reused)


@contextmanager
def _workers(work: Work, jobs: int, scheduler: str | None) -> Iterator[Workers]:
    with local_workers(work, jobs) if scheduler is None else cluster_workers(work, scheduler) as workers:
        yield workers


def _answers(
    cohort: Cohort, folder: OutputFolder, workers: Workers, stop: Stop
) -> Iterator[tuple[Task, Any]]:
    """Each task with its answer, as they come; no more than a few are on their way at once."""
    versions = cohort.shared.settings.versions
    sha256 = cohort.shared.settings.protocol.sha256
    waiting = iter(cohort.tasks)
    under_way: dict[Future[Any], Task] = {}
    ended: SimpleQueue[Future[Any]] = SimpleQueue()
    while True:
        # A lock that a broken-off call leaves held would keep its thread, and so the end, waiting for ever.
        with stop.postponed():
            while len(under_way) < _AHEAD * workers.number and (task := next(waiting, None)) is not None:
                result = read_result(folder, task.patient, protocol_sha256=sha256)
                there = known(folder, task.patient, result)
                future = workers.submit(versions, task, there)
                under_way[future] = task
                future.add_done_callback(ended.put)
            if not under_way:
                return
            try:
                future = ended.get(timeout=_LOOK_S)
            except Empty:
                continue
            task, answer = under_way.pop(future), _answer(future)
        yield task, answer


def _answer(future: Future[Any]) -> Any:
    """What a task came to; what a cluster says of a worker it lost costs the patient only."""
    try:
        error = future.exception()
    except CancelledError:  # nobody here cancels: so ends what a scheduler had when it is lost
        raise WorkerError(
            "the scheduler was lost",
            remedy="what is done is kept: give the same command again once it runs",
        ) from None
    if error is None:
        return future.result()
    if isinstance(error, RTFractionsError) or not isinstance(error, Exception):
        raise error
    return Ended(Status.CRASHED, f"its worker was lost ({type(error).__name__})")


def _outcome(shared: Shared, task: Task, answer: Any) -> Outcome:
    if isinstance(answer, Ended):
        return failed(shared, task, answer.status, answer.reason, is_defect=answer.is_defect)
    if isinstance(answer, Outcome):
        return answer
    return failed(shared, task, Status.CRASHED, "its process gave no answer", is_defect=True)

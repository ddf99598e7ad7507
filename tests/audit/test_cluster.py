"""Audits on a real scheduler with two workers of their own processes."""

import asyncio
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from rtfractions.audit import Cohort, executors, runner
from rtfractions.audit.result_files import is_whole
from rtfractions.audit.supervision import WorkerError
from rtfractions.errors import SettingError

distributed = pytest.importorskip("distributed", reason="the extra `cluster` is not installed")

pytestmark = pytest.mark.filterwarnings("default")  # dask's own, about its dashboard and its shutdown


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A scheduler and two workers, which find the packages, installed or not, and the poison."""
    patched = pytest.MonkeyPatch()
    patched.syspath_prepend(str(Path(__file__).parent))
    with distributed.LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        processes=True,
        dashboard_address=None,
        local_directory=str(tmp_path_factory.mktemp("dask")),
        silence_logs=50,
    ) as made:
        yield made
    patched.undo()


def run_on(cluster: Any, audited: Any, function: str = runner.GRADE, **options: Any) -> Any:
    """Grade the cohort of an audit again, on the cluster."""
    return runner.run(
        audited.cohort,
        audited.folder,
        jobs=1,
        scheduler=cluster.scheduler_address,
        function=function,
        **options,
    )


def clear(audited: Any) -> None:
    for path in audited.folder.patients.iterdir():
        path.unlink()


def test_a_cluster_gives_the_same_bytes(cluster: Any, make_cohort: Any, audit: Any) -> None:
    # R11: two workers of a scheduler, and two runs one after the other
    here = audit(make_cohort(6))
    expected = here.results()
    for _ in range(2):
        clear(here)
        done = run_on(cluster, here)
        assert (done.done, done.reused) == (6, 0)
        assert here.results() == expected
    assert run_on(cluster, here).reused == 6


def test_limits_hold_on_a_cluster(cluster: Any, make_cohort: Any, audit: Any) -> None:
    # R4
    options = {"include_identifiers": True, "timeout_s": 1.5, "memory_bytes": 3 * 2**30}
    here = audit(make_cohort(9), **options)
    clear(here)
    seen: dict[str, str] = {}

    def look(progress: Any) -> None:
        if progress.patient is not None:
            seen[progress.patient] = progress.outcome

    run_on(cluster, here, "poison:by_number", report=look)
    outcomes = [seen[task.patient] for task in sorted(here.cohort.tasks, key=lambda task: task.label)]
    assert outcomes == ["crashed", "timeout", "out_of_memory", "crashed", "crashed", *["per_protocol"] * 4]


def test_a_worker_of_the_cluster_that_dies_costs_nothing(cluster: Any, make_cohort: Any, audit: Any) -> None:
    # R2
    here = audit(make_cohort(8))
    expected = here.results()
    clear(here)
    killed = False

    def kill(progress: Any) -> None:
        nonlocal killed
        if progress.done == 2 and not killed:
            killed = True
            with distributed.Client(cluster.scheduler_address, set_as_default=False) as client:
                pids = client.run(os.getpid)
            os.kill(min(pids.values()), signal.SIGKILL)

    run_on(cluster, here, "poison:slowly", report=kill)
    assert killed
    assert here.results() == expected
    deadline = time.monotonic() + 30
    while len(cluster.scheduler_info["workers"]) < 2 and time.monotonic() < deadline:
        time.sleep(0.1)


def test_workers_of_another_version_are_refused(cluster: Any, make_cohort: Any, audit: Any) -> None:
    # R12: a cluster whose machines differ
    here = audit(make_cohort(1), versions={"rtfractions": "99.0"})
    clear(here)
    with pytest.raises(Exception, match=r"a worker has rtfractions .* instead of 99\.0"):
        run_on(cluster, here)


def test_a_scheduler_that_is_not_there_is_told(
    make_cohort: Any, audit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(executors, "CONNECT_S", 0.5)
    found = audit(make_cohort(1))
    empty = Cohort((), found.cohort.shared, (), ())
    with pytest.raises(SettingError, match=r"no scheduler answers at tcp://127\.0\.0\.1:9: give"):
        runner.run(empty, found.folder, jobs=1, scheduler="tcp://127.0.0.1:9")


def test_another_server_is_no_scheduler(make_cohort: Any, audit: Any) -> None:
    # as the dashboard, whose address is a scheduler's but for a digit: its answer was taken for a size in memory
    found = audit(make_cohort(1))
    empty = Cohort((), found.cohort.shared, (), ())
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)

        def answer() -> None:
            caller, _ = server.accept()
            with caller:
                caller.recv(1000)
                caller.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        other = threading.Thread(target=answer)
        other.start()
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        began = time.monotonic()
        with pytest.raises(SettingError, match="no scheduler answers at "):
            runner.run(empty, found.folder, jobs=1, scheduler=address)
        assert time.monotonic() - began < 5.0
        other.join()


def test_a_caller_may_have_an_event_loop(cluster: Any, make_cohort: Any, audit: Any) -> None:
    # as in a notebook; in a thread, for browsers of other tests have theirs in this one
    here = audit(make_cohort(1))
    clear(here)

    async def called() -> Any:
        return run_on(cluster, here)

    with ThreadPoolExecutor(1) as other:
        assert other.submit(lambda: asyncio.run(called())).result().done == 1


def test_a_scheduler_that_is_lost_ends_the_run(
    make_cohort: Any, audit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # R2: as its executor tells of it; no patient is said to have crashed for it
    cancelled: Future[Any] = Future()
    cancelled.cancel()
    monkeypatch.setattr(executors.Workers, "submit", lambda *_arguments: cancelled)
    cohort = make_cohort(2)
    with pytest.raises(WorkerError, match="the scheduler was lost: what is done is kept"):
        audit(cohort)
    monkeypatch.undo()
    assert audit(cohort).reused == 0


def test_the_command_stops_at_once_and_goes_on(
    cluster: Any, make_cohort: Any, audit: Any, start: Any, tmp_path: Path
) -> None:
    # R10: and what the workers were at is taken from them, so that the next run has them
    cohort, out = make_cohort(30), tmp_path / "out"
    on_cluster = ("--scheduler", cluster.scheduler_address, "--progress", "json")
    command = ("audit", cohort, "--protocol", "NCT03406468", "-o", out, *on_cluster)
    child = start(*command)
    child.wait_for_events(2)
    began = time.monotonic()
    child.end(signal.SIGINT)
    code, printed, err = child.finish(10)
    # Others who wait for the same processors stretch the two seconds.
    assert time.monotonic() - began < 2.0 * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
    assert (code, printed) == (130, "")
    assert "Traceback" not in err
    there = list(out.rglob("P*.json"))
    assert 0 < len(there) < 30
    assert all(is_whole(path.read_bytes()) for path in there)
    with distributed.Client(cluster.scheduler_address, set_as_default=False) as client:
        deadline = time.monotonic() + 10
        while (at_work := client.processing()) and any(at_work.values()) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not any(at_work.values())
    code, printed, err = start(*command).finish()
    assert code == 0
    assert "30 patients found" in printed
    assert f'"done": 30, "total": 30, "reused": {len(there)}' in err
    assert "rtfractions" not in err

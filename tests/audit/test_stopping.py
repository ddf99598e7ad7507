"""An audit that is asked to stop, by Ctrl-C, SIGTERM, a lost terminal or a reader who goes away (R10)."""

import json
import os
import random
import signal
import subprocess
import sys
import time
import weakref
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from rtfractions import audit as library
from rtfractions.audit import OutputFolder, read_manifest
from rtfractions.audit.result_files import is_whole
from rtfractions.audit.stopping import Stop
from rtfractions.audit.supervision import WorkerError

LONG = bool(os.environ.get("RTFRACTIONS_FAULTS"))
PROTOCOL = ("--protocol", "NCT03406468")


@pytest.mark.parametrize(
    ("signals", "expected"),
    [
        ([signal.SIGINT], 130),
        ([signal.SIGINT, signal.SIGINT], 130),
        ([signal.SIGTERM], 143),
        ([signal.SIGHUP], -signal.SIGHUP),
    ],
)
def test_it_stops_at_once_when_asked(
    signals: list[signal.Signals], expected: int, make_cohort: Any, start: Any, tmp_path: Path
) -> None:
    # R10
    cohort, out = make_cohort(150), tmp_path / "out"
    child = start("audit", cohort, *PROTOCOL, "-o", out, "--jobs", 2, "--progress", "json")
    child.wait_for_events(2)
    began = time.monotonic()
    for number in signals:
        child.end(number) if number is not signal.SIGTERM else child.process.terminate()
        time.sleep(0.05)
    code, printed, err = child.finish(10)
    # Others who wait for the same processors stretch the two seconds.
    assert time.monotonic() - began < 2.0 * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
    assert (code, printed) == (expected, "")
    assert "Traceback" not in err
    if expected == 130:
        assert "rtfractions: error: interrupted" in err
    deadline = time.monotonic() + 2.0
    while child.others() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert child.others() == []
    assert all(is_whole(path.read_bytes()) for path in out.rglob("P*.json"))
    assert not (out / "summary.html").exists()
    manifest = read_manifest(OutputFolder(out))
    assert manifest is not None
    there = len(list(out.rglob("P*.json")))
    document = library.summarise(OutputFolder(out), manifest)
    assert 0 < there < 150
    counts = {entry.name: entry.count for entry in document.outcomes if entry.count}
    assert counts == {"per_protocol": there, "not_run": 150 - there}


@pytest.mark.skipif(not LONG, reason="it takes two minutes: RTFRACTIONS_FAULTS=1")
def test_it_stops_at_any_time(make_cohort: Any, start: Any, run_inline: Any, tmp_path: Path) -> None:
    # R10: while it looks for patients, starts processes, grades, writes reports, or ends
    cohort, out = make_cohort(60), tmp_path / "out"
    run_inline("audit", cohort, *PROTOCOL, "-o", tmp_path / "whole", "-q")
    chance = random.Random(10)
    ends = Counter[int]()
    for turn in range(60):
        child = start("audit", cohort, *PROTOCOL, "-o", out, "--jobs", 2, "-q", *["--fresh"][: turn % 2])
        time.sleep(chance.uniform(0.4, 4.0))  # before, Python itself starts, and tells of it its own way
        number = chance.choice([signal.SIGINT, signal.SIGTERM])
        began = time.monotonic()
        child.end(number)
        code, _, err = child.finish(10)
        assert time.monotonic() - began < 2.0 * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
        ends[code] += 1
        assert code in (130 if number is signal.SIGINT else 143, 0, -number), err  # it may just have ended
        assert "Traceback" not in err
        assert all(is_whole(path.read_bytes()) for path in out.rglob("P*.json"))
    assert ends[130] > 10
    assert ends[143] > 10
    # Some may come before or after the program, in Python's own start or end.
    assert ends[-signal.SIGINT] + ends[-signal.SIGTERM] <= 5
    assert run_inline("audit", cohort, *PROTOCOL, "-o", out, "-q").code == 0
    for name in ("summary.json", "summary.csv", "checks.csv", "cohort.json"):
        assert (out / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_a_reader_that_goes_away_is_told(make_cohort: Any, start: Any, tmp_path: Path) -> None:
    # R10: output to `head`
    child = start("audit", make_cohort(1), *PROTOCOL, "-o", tmp_path / "out", "-q")
    child.process.stdout.close()
    child.process.stdout = None
    err = child.process.stderr.read()
    assert child.process.wait(30) == 3
    assert err == "rtfractions: error: stdout cannot be written (Broken pipe)\n"
    assert (tmp_path / "out" / "summary.html").exists()


def code_of(run: Any, *arguments: object) -> object:
    """The exit code, also where it ends the process, as after SIGTERM."""
    try:
        return run(*arguments).code
    except SystemExit as wish:
        return wish.code


def test_an_interruption_comes_before_what_it_did() -> None:
    # R10: of a signal to the whole group the workers may have died first; no lost worker is told, and none crashed
    stop = Stop()

    def interrupted() -> None:
        with stop.postponed():
            stop.ask(KeyboardInterrupt())
            raise WorkerError("a worker process did not start")

    with pytest.raises(KeyboardInterrupt):
        interrupted()


def test_workers_that_are_starting_are_not_interrupted(
    make_cohort: Any, audit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # R10: a Ctrl-C reaches every process of a terminal's group
    made = subprocess.Popen

    def made_and_interrupted(*arguments: Any, **options: Any) -> Any:
        process = made(*arguments, **options)
        os.kill(process.pid, signal.SIGINT)
        return process

    monkeypatch.setattr(subprocess, "Popen", made_and_interrupted)
    assert audit(make_cohort(2), in_workers=True).outcomes() == {"per_protocol": 2}


class Mortal:
    """Something that a weak reference can be to."""


@pytest.mark.parametrize(("number", "expected"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_it_stops_where_python_drops_what_is_raised(
    number: signal.Signals,
    expected: int,
    make_cohort: Any,
    run_inline: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # R10: an exception out of what a weak reference calls goes to this hook and nowhere else
    dropped: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda told: dropped.append(told.exc_type))
    before = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)}
    write, written = OutputFolder.write_result, []

    def write_and_signal(*arguments: Any) -> None:
        write(*arguments)
        written.append(arguments)
        mortal = Mortal()
        reference = weakref.ref(mortal, lambda _reference: signal.raise_signal(number))
        del mortal
        assert reference() is None

    monkeypatch.setattr(OutputFolder, "write_result", write_and_signal)
    try:
        assert code_of(run_inline, "audit", make_cohort(4), *PROTOCOL, "-o", tmp_path / "out") == expected
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
    assert dropped == [KeyboardInterrupt if number is signal.SIGINT else SystemExit]
    assert len(written) == 1
    monkeypatch.setattr(OutputFolder, "write_result", write)
    assert run_inline("audit", tmp_path / "cohort", *PROTOCOL, "-o", tmp_path / "out", "-q").code == 0


@pytest.mark.parametrize(("number", "expected"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_it_stops_wherever_it_has_just_taken_a_lock(
    number: signal.Signals,
    expected: int,
    make_cohort: Any,
    child_environment: dict[str, str],
    tmp_path: Path,
) -> None:
    # R10: a lock that a broken-off call leaves held would keep the threads waiting for ever
    program = Path(__file__).with_name("stopped_at_locks.py")
    done = subprocess.run(
        [sys.executable, program, make_cohort(3), tmp_path / "out", str(int(number))],
        env=child_environment,
        capture_output=True,
        check=True,
        timeout=120,
    )
    *stopped, last = json.loads(done.stdout)
    assert last == 0  # fewer locks were taken: it came to its end
    assert len(stopped) > 20
    assert set(stopped) == {expected}

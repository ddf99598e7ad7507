"""What an audit must survive: the rows of section 5 of the hazard catalogue, each named where it is shown.

`RTFRACTIONS_FAULTS=1` asks for the long mode: more kills at random times, and every case of the hazard corpus.

| row | where |
|---|---|
| R1, R2, R4, R5, R7 to R9, R11 to R20, R22 | below |
| R10 | `test_stopping.py` |
| R3 | `test_corrupt_patients.py` |
| R6, R21 | `test_output_folder.py`, every call that can fail, and the order of the calls |
| S16, S17, S19 | `test_privacy.py` |

NFS going stale (R6) is tried as the error that the system gives, not on a real NFS; the clock (R13) by times of
files and `SOURCE_DATE_EPOCH`, not by setting it; power loss (R21) by the order of calls, not by cutting power.
"""

import contextlib
import hashlib
import json
import os
import pty
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import msgspec
import pytest
from synthetic import dicom_bytes
from synthetic_plan import Group, Reference, rt_plan
from synthetic_record import Beam, beams_record

from rtfractions import audit as library
from rtfractions.audit import grading, locked, runner
from rtfractions.audit.bench import Ended
from rtfractions.audit.result_files import is_whole
from rtfractions.dicom import Limits
from rtfractions.dicom.reading import header_of
from rtfractions.errors import OutputFileError
from rtfractions.reports.cohort_results import ResultFile, Status

LONG = bool(os.environ.get("RTFRACTIONS_FAULTS"))
PROTOCOL = ("--protocol", "NCT03406468")


def files_of(folder: Path) -> dict[str, bytes]:
    """All files below a folder but those with times."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in ("run.log", ".lock")
    }


def events(stderr: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stderr.splitlines() if line.startswith("{") and line.endswith("}")]


def results_in(folder: Path) -> set[str]:
    """The patients who have a result there."""
    return {path.stem for path in (folder / "patients").glob("P*.json")}


@pytest.mark.parametrize("jobs", [1, 2, 8] if LONG else [2])
def test_killed_at_random_times_until_done(
    jobs: int, make_cohort: Any, run_inline: Any, start: Any, figures: None, tmp_path: Path
) -> None:
    # R1: byte-equal to an uninterrupted run, nothing twice, nothing half; the lock of the dead is none (R9)
    cohort = make_cohort(200 if LONG else 24)
    out, command = tmp_path / "out", ("audit", cohort, *PROTOCOL, "-o", tmp_path / "out")
    assert run_inline("audit", cohort, *PROTOCOL, "-o", tmp_path / "whole", "-q").code == 0
    chance = random.Random(jobs)
    for turn in range(50 if LONG else 2):
        there = results_in(out)
        child = start(*command, "--jobs", jobs, "--progress", "json")
        lines: list[str] = []
        if turn % 2 == 0:  # while patients are graded; else at any time from the start to the reports
            lines = child.wait_for_events(1)
            time.sleep(chance.uniform(0.0, 0.4))
        else:
            time.sleep(chance.uniform(0.0, 2.5))
        child.end(signal.SIGKILL)
        _, _, err = child.finish()
        assert results_in(out) >= there | {event["patient"] for event in events("".join(lines) + err)} - {
            None
        }
        for path in (out / "patients").glob("P*.json"):
            assert is_whole(path.read_bytes())
    kept = len(results_in(out))
    code, _, err = start(*command, "--jobs", jobs, "--progress", "json").finish()
    assert code == 0, err
    assert events(err)[-1]["reused"] == kept
    assert not list(out.rglob("*.tmp"))
    assert files_of(out) == files_of(tmp_path / "whole")


def test_a_worker_that_dies_is_tried_once_more(
    make_cohort: Any, audit: Any, poison: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # R2: every process of a patient is killed once, and nothing is lost
    cohort = make_cohort(4)
    (tmp_path / "markers").mkdir()
    monkeypatch.setenv("POISON_MARKERS", str(tmp_path / "markers"))
    undisturbed = audit(cohort, output="undisturbed")
    killed = audit(cohort, in_workers=True, function=f"{poison}:killed_once")
    assert len(list((tmp_path / "markers").iterdir())) == 4
    assert killed.files() == undisturbed.files()


def test_a_workbench_that_dies_costs_nothing(
    make_cohort: Any, audit: Any, poison: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # R2: the process that starts the patients' is killed too
    cohort = make_cohort(4)
    (tmp_path / "markers").mkdir()
    monkeypatch.setenv("POISON_MARKERS", str(tmp_path / "markers"))
    options = {"include_identifiers": True}
    undisturbed = audit(cohort, output="undisturbed", **options)
    killed = audit(cohort, in_workers=True, function=f"{poison}:workbench_killed_once", **options)
    assert len(list((tmp_path / "markers").iterdir())) == 2
    assert killed.files() == undisturbed.files()


def test_poison_costs_its_patient_only(make_cohort: Any, audit: Any, poison: str) -> None:
    # R4: a segmentation fault, an endless loop, 50 GiB, an exception, an exit, output; S17: what they say of names
    cohort = make_cohort(9)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    options = {"include_identifiers": True, "timeout_s": 1.5, "memory_bytes": 3 * 2**30}
    poisoned = audit(cohort, in_workers=True, function=f"{poison}:by_number", **options)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # kB, of this process
    assert poisoned.outcomes() == {"per_protocol": 4, "crashed": 3, "timeout": 1, "out_of_memory": 1}
    said = {line.patient: (line.outcome, line.headline) for line in poisoned.document.patients}
    assert said["G001"] == ("crashed", "its process was ended by SIGSEGV")
    assert said["G002"] == ("timeout", "took longer than the 1.5 s that a patient may take")
    assert said["G003"][0] == "out_of_memory"
    assert said["G004"][0] == "crashed"
    assert said["G004"][1].startswith("RuntimeError in poison.py, line ")
    assert said["G005"] == ("crashed", "its process ended with code 7")
    assert 70 in poisoned.document.exit_reasons
    assert 3 in poisoned.document.exit_reasons
    assert not [name for name, data in poisoned.files().items() if b"Smith" in data]
    # In the next run they are tried again, and the others are not.
    healed = audit(cohort, **options)
    assert healed.reused == 4
    assert healed.outcomes() == {"per_protocol": 9}
    assert healed.files() == audit(cohort, output="clean", **options).files()


def test_no_mark_of_a_patient_is_left_for_the_next(make_cohort: Any, audit: Any, poison: str) -> None:
    # R20, D11: what a patient leaves in its process is gone with it
    found = audit(make_cohort(4), in_workers=True, jobs=1, function=f"{poison}:leave_a_trace")
    assert found.outcomes() == {"per_protocol": 4}


def test_a_patient_is_the_same_alone_and_among_others(make_cohort: Any, audit: Any) -> None:
    # R20: A and B, B and A, B alone
    both, alone = make_cohort(2, folder="both"), make_cohort(1, folder="alone", first=2)
    backwards = both.with_name("backwards")
    shutil.copytree(both / "001", backwards / "z")
    shutil.copytree(both / "002", backwards / "a")
    results = [audit(path, output=f"audit {path.name}").results() for path in (both, backwards, alone)]
    (name,) = results[2]
    assert results[0] == results[1]
    assert results[2][name] == results[0][name]


@pytest.mark.parametrize("most_bytes", [1000, 4096, 20_000] if LONG else [4096])
def test_a_full_disk_is_told_and_gone_on_from(
    most_bytes: int, make_cohort: Any, start: Any, run_inline: Any, figures: None, tmp_path: Path
) -> None:
    # R5: no file may be longer, as on a disk that is full: the list of patients, a patient's page, the summary's
    cohort, out = make_cohort(3), tmp_path / "out"
    code, printed, err = start("audit", cohort, *PROTOCOL, "-o", out, "-q", file_bytes=most_bytes).finish()
    assert (code, printed) == (3, "")
    (line,) = err.splitlines()
    assert line.startswith(f"rtfractions: error: {out}")
    assert "cannot be written (File too large): what is done is kept" in line
    assert all(is_whole(path.read_bytes()) for path in out.rglob("P*.json"))
    assert not list(out.rglob("*.tmp"))
    assert run_inline("audit", cohort, *PROTOCOL, "-o", out, "-q").code == 0
    assert run_inline("audit", cohort, *PROTOCOL, "-o", tmp_path / "clean", "-q").code == 0
    assert files_of(out) == files_of(tmp_path / "clean")


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("cohort/audit", "lies inside the input"),
        ("cohort", "is the input"),
        ("link/001/audit", "lies inside the input"),
        (".", "holds an input"),
        ("a file", "is no folder"),
        ("others", "holds files that no audit wrote"),
        ("planted", "holds files that no audit wrote"),
        ("a file/audit", "cannot be made (Not a directory)"),
    ],
)
def test_outputs_that_cannot_be_are_refused_first(
    place: str, said: str, make_cohort: Any, run_inline: Any, tmp_path: Path
) -> None:
    # R7, S12: and the inputs are what they were
    cohort = make_cohort(2)
    (tmp_path / "link").symlink_to(cohort)
    (tmp_path / "a file").write_text("mine")
    (tmp_path / "others").mkdir()
    (tmp_path / "others" / "thesis.txt").write_text("mine")
    (tmp_path / "planted").mkdir()
    (tmp_path / "planted" / "patients").symlink_to(tmp_path / "others")
    before = files_of(tmp_path)
    for fresh in ((), ("--fresh",)):
        result = run_inline("audit", cohort, *PROTOCOL, "-o", tmp_path / place, "-q", *fresh)
        assert (result.code, result.out) == (3, "")
        assert result.err.count("\n") == 1
        assert f"{tmp_path / place}: {said}" in result.err
    assert files_of(tmp_path) == before


def test_a_read_only_folder_is_refused_first(
    make_cohort: Any, run_inline: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # R7: as the system says it, for root writes where nobody may
    (tmp_path / "out").mkdir()
    real = os.open

    def read_only(path: Any, flags: int, *rest: Any, **more: Any) -> int:
        if str(path).startswith(str(tmp_path / "out")) and flags & os.O_CREAT:
            raise OSError(30, "Read-only file system")
        return real(path, flags, *rest, **more)

    monkeypatch.setattr(os, "open", read_only)
    result = run_inline("audit", make_cohort(1), *PROTOCOL, "-o", tmp_path / "out", "-q")
    assert (result.code, result.out) == (3, "")
    assert (
        result.err == f"rtfractions: error: {tmp_path / 'out'}: cannot be written (Read-only file system)\n"
    )


def test_copies_count_once(make_cohort: Any, audit: Any) -> None:
    # R8, D8: the same files twice
    cohort = make_cohort(2)
    alone = audit(cohort, output="alone").results()
    shutil.copytree(cohort / "001", cohort / "copy")
    found = audit(cohort)
    assert found.results() == alone
    (copy,) = found.document.warnings
    digest = hashlib.sha256((cohort / "001" / "plan.dcm").read_bytes()).hexdigest()
    assert (copy.code, copy.where.file) == ("file.copy", f"sha256:{digest}")
    assert "cohort" not in str(copy)


def test_two_contents_of_one_object_refuse_both(make_cohort: Any, audit: Any) -> None:
    # R8, D8: and both are refused for patients of two IDs as for one
    cohort = make_cohort(3)
    other = rt_plan("G001", 100_001, [Reference(1, "PTV", "30.0", 7)], [Group("3")])
    (cohort / "other.dcm").write_bytes(dicom_bytes(other))
    stolen = rt_plan("G009", 100_002, [Reference(1, "PTV", "30.0", 7)], [Group("3")])
    (cohort / "stolen.dcm").write_bytes(dicom_bytes(stolen))
    found = audit(cohort)
    assert found.document.patients_found == 4
    assert found.outcomes() == {"per_protocol": 1, "not_evaluable": 3}
    assert [line.refused for line in found.document.patients if line.outcome == "not_evaluable"].count(2) == 1
    assert "other.dcm" not in str(found.files())


def test_one_patient_in_two_folders_is_one(make_cohort: Any, audit: Any) -> None:
    # R8, D9
    cohort = make_cohort(1)
    second = rt_plan("G001", 200_001, [Reference(1, "PTV 2", "24.0", 7)], [Group("3")])
    (cohort / "elsewhere").mkdir()
    (cohort / "elsewhere" / "plan.dcm").write_bytes(dicom_bytes(second))
    found = audit(cohort)
    assert (found.document.patients_found, found.document.lesions_on_study) == (1, 2)


def test_two_runs_at_once(make_cohort: Any, run_inline: Any, tmp_path: Path) -> None:
    # R9
    out = tmp_path / "out"
    out.mkdir()
    cohort = make_cohort(1)
    with locked(out):
        result = run_inline("audit", cohort, *PROTOCOL, "-o", out, "-q")
        assert (result.code, result.out) == (3, "")
        assert f"is locked by another audit: process {os.getpid()} on " in result.err
        assert " since 20" in result.err
        with pytest.raises(OutputFileError, match="is locked"), locked(out):
            pass
    assert run_inline("audit", cohort, *PROTOCOL, "-o", out, "-q").code == 0


def test_neither_order_nor_place_nor_number_of_processes_matter(
    make_cohort: Any, start: Any, tmp_path: Path
) -> None:
    # R11: 1, 2, 8 processes; hash seeds; locales; time zones; R13: a date to write
    cohort = make_cohort(5)
    around = [
        {"PYTHONHASHSEED": "0", "LC_ALL": "C", "TZ": "UTC"},
        {"PYTHONHASHSEED": "1", "LC_ALL": "de_DE.UTF-8", "TZ": "Asia/Tokyo", "SOURCE_DATE_EPOCH": "1"},
        {"PYTHONHASHSEED": "5", "LC_ALL": "tr_TR.UTF-8", "TZ": "America/New_York", "PYTHONUTF8": "0"},
    ]
    found = []
    for jobs, environment in zip((1, 2, 8), around, strict=True):
        out = tmp_path / f"out{jobs}"
        child = start("audit", cohort, *PROTOCOL, "-o", out, "--jobs", jobs, "-q", **environment)
        code, printed, err = child.finish()
        assert (code, err) == (0, "")
        found.append((printed, files_of(out)))
    assert found[0] == found[1] == found[2]


def test_the_order_of_listing_does_not_matter(
    make_cohort: Any, audit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # R11: folders list their files in any order
    cohort = make_cohort(6)
    expected = audit(cohort, output="expected").files()
    real = os.scandir

    class Shuffled:
        def __init__(self, path: Any) -> None:
            with real(path) as entries:
                self._entries = list(entries)
            random.Random(7).shuffle(self._entries)

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def __iter__(self) -> Any:
            return iter(self._entries)

    monkeypatch.setattr(os, "scandir", Shuffled)
    assert audit(cohort, output="shuffled").files() == expected


def test_names_of_files_do_not_matter(make_cohort: Any, audit: Any) -> None:
    # R11: the same files under other names
    cohort = make_cohort(3)
    expected = audit(cohort, output="expected").files()
    (cohort / "002" / "plan.dcm").rename(cohort / "0")
    (cohort / "001" / "plan.dcm").rename(cohort / "001" / "z")
    moved = audit(cohort, output="expected")
    assert moved.reused == 3
    assert moved.files() == expected


def test_an_archive_is_a_folder(make_cohort: Any, audit: Any, tmp_path: Path) -> None:
    # S13: streamed by every process, never extracted
    cohort = make_cohort(3)
    expected = audit(cohort, output="expected").results()
    shutil.make_archive(str(tmp_path / "cohort"), "zip", cohort)
    found = audit(tmp_path / "cohort.zip", in_workers=True)
    assert found.results() == expected
    assert audit(tmp_path / "cohort.zip").reused == 3


def test_only_what_changed_is_done_again(make_cohort: Any, audit: Any) -> None:
    # R12, R13: a touched file is the same, whatever its time; a byte is another
    cohort = make_cohort(3)
    before = audit(cohort).results()
    for path in cohort.rglob("plan.dcm"):
        os.utime(path, (2e9, 2e9))
    assert audit(cohort).reused == 3
    plan = cohort / "002" / "plan.dcm"
    changed = rt_plan("G002", 100_002, [Reference(1, "PTV", "25.0", 7)], [Group("3")])
    plan.write_bytes(dicom_bytes(changed))
    after = audit(cohort)
    assert after.reused == 2
    assert sum(after.results()[name] != before[name] for name in before) == 1
    assert after.outcomes() == {"per_protocol": 2, "query": 1}


def test_what_is_said_of_anothers_objects_is_part_of_a_result(make_cohort: Any, audit: Any) -> None:
    # R12, D1: a treatment record of one names the plan of another; it depends on whether that one is there
    cohort = make_cohort(3)
    record = beams_record("G002", 900, [Beam(1, "1")], plan_number=100_001, date="20260112")
    (cohort / "002" / "record.dcm").write_bytes(dicom_bytes(record))
    message = "the treatment record refers to the plan of another patient"

    def of_two(audited: Any) -> list[str]:
        (task,) = [task for task in audited.cohort.tasks if len(task.files) == 2]
        errors = json.loads(audited.results()[f"patients/{task.patient}.json"])["errors"]
        return [error["message"] for error in errors]

    both = audit(cohort)
    assert of_two(both) == [message]
    assert audit(cohort).reused == 3
    shutil.move(cohort / "001", cohort.parent / "away")
    alone = audit(cohort)
    assert alone.reused == 1  # the third patient's
    assert of_two(alone) == []
    shutil.move(cohort.parent / "away", cohort / "001")
    again = audit(cohort)
    assert again.files() == both.files()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("--protocol", "NCT03176173"), "protocol NCT03406468 (sha256 "),
        ((*PROTOCOL, "--planned"), "planned off, not on"),
        ((*PROTOCOL, "--limit", "voxels=1000"), "limits none, not voxels=1000"),
        ((*PROTOCOL, "--include-identifiers"), "include identifiers off, not on"),
    ],
)
def test_another_audits_folder_is_refused(
    change: tuple[str, ...], said: str, make_cohort: Any, run_inline: Any, tmp_path: Path
) -> None:
    # R12: never two in one
    cohort, out = make_cohort(1), tmp_path / "out"
    assert run_inline("audit", cohort, *PROTOCOL, "-o", out, "-q").code == 0
    before = files_of(out)
    result = run_inline("audit", cohort, *change, "-o", out, "-q")
    assert (result.code, result.out) == (3, "")
    assert said in result.err
    assert "--fresh" in result.err
    assert files_of(out) == before
    assert run_inline("audit", cohort, *change, "-o", out, "-q", "--fresh").code in (0, 4)
    assert run_inline("audit", cohort, *change, "-o", tmp_path / "new", "-q").code in (0, 4)
    assert files_of(out) == files_of(tmp_path / "new")


def test_a_limit_of_a_protocol_file_is_another_protocol(
    make_cohort: Any, run_inline: Any, samples: Path, tmp_path: Path
) -> None:
    # R12: one digit
    protocol = tmp_path / "local.yaml"
    text = (samples / "local_protocol.yaml").read_text("utf-8")
    protocol.write_text(text, "utf-8")
    cohort, out = make_cohort(1), tmp_path / "out"
    run_inline("audit", cohort, "--protocol", protocol, "-o", out, "-q")
    protocol.write_text(text.replace("match_tolerance_gy: 0.05", "match_tolerance_gy: 0.06"), "utf-8")
    assert protocol.read_text("utf-8") != text
    result = run_inline("audit", cohort, "--protocol", protocol, "-o", out, "-q")
    assert result.code == 3
    assert "(sha256 " in result.err


def test_another_version_is_another_audit(
    make_cohort: Any, audit: Any, run_inline: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # R12
    cohort, out = make_cohort(1), tmp_path / "out"
    assert run_inline("audit", cohort, *PROTOCOL, "-o", out, "-q").code == 0
    manifest = json.loads((out / "cohort.json").read_text("utf-8"))
    assert manifest["versions"]["numpy"]
    monkeypatch.setattr("rtfractions.audit.settings.__version__", "99.0")
    result = run_inline("audit", cohort, *PROTOCOL, "-o", out, "-q")
    assert result.code == 3
    assert f"rtfractions {manifest['versions']['rtfractions']}, not 99.0" in result.err


def test_a_worker_of_another_version_is_refused(make_cohort: Any, audit: Any) -> None:
    # R12, S23: as on a cluster whose machines differ
    versions = {**library.settings.versions(), "numpy": "0.1"}
    with pytest.raises(Exception, match=r"a worker has numpy .* instead of 0\.1"):
        audit(make_cohort(1), in_workers=True, versions=versions)


def test_memory_and_descriptors_of_the_parent_stay_flat(
    make_cohort: Any, audit: Any, poison: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # R14: many patients, each a process
    number = 3000 if LONG else 150
    task = audit(make_cohort(1), include_identifiers=True)
    tasks = task.cohort.tasks * number
    cohort = library.Cohort(tasks, task.cohort.shared, (), ())
    seen: list[tuple[int, int]] = []

    def look(progress: Any) -> None:
        if progress.done in (number // 3, number):
            pages = int(Path("/proc/self/statm").read_text().split()[1])
            seen.append((pages * resource.getpagesize(), len(os.listdir("/proc/self/fd"))))

    runner.run(cohort, task.folder, jobs=2, report=look, function=f"{poison}:nothing")
    (bytes_before, open_before), (bytes_after, open_after) = seen
    assert open_after == open_before
    assert bytes_after - bytes_before < 2**20 + 1000 * number


def test_a_file_that_changes_meanwhile_is_refused(
    make_cohort: Any, audit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # R15: after it was found, and while it is read; the next run finds it whole
    cohort = make_cohort(4)
    expected = audit(cohort, output="expected").files()
    plans = [cohort / f"{i:03d}" / "plan.dcm" for i in range(1, 4)]
    contents = [plan.read_bytes() for plan in plans]
    real_find, real_header = library.find_cohort, header_of

    def find(*arguments: Any) -> Any:
        found = real_find(*arguments)
        plans[0].unlink()
        plans[1].write_bytes(contents[0])
        return found

    def header(data: bytes, *rest: Any) -> Any:
        if data[:2000] == contents[2][:2000] and plans[2].read_bytes() == contents[2]:
            plans[2].write_bytes(contents[2] + b"\0\0")
        return real_header(data, *rest)

    with monkeypatch.context() as patched:
        patched.setattr(grading, "header_of", header)
        patched.setitem(audit.__globals__, "find_cohort", find)
        changed = audit(cohort)
    assert changed.outcomes() == {"per_protocol": 1, "not_evaluable": 3}
    said = sorted(error.message.partition(": ")[2] for error in changed.document.errors)
    assert said == [
        "cannot be read (No such file or directory)",
        "changed after it was found",
        "changed while it was read",
    ]
    for plan, content in zip(plans, contents, strict=True):
        plan.write_bytes(content)
    again = audit(cohort)
    assert again.reused == 1
    assert again.files() == expected


@pytest.mark.parametrize("identifiers", [False, True])
def test_odd_trees(identifiers: bool, make_cohort: Any, audit: Any) -> None:
    # R16, S14: names that are no text, links in circles, pipes, empty files, deep folders
    cohort = make_cohort(2)
    data = (cohort / "001" / "plan.dcm").read_bytes()
    shutil.rmtree(cohort / "001")
    deep = cohort
    for _ in range(200):
        deep = deep / "d"
    deep.mkdir(parents=True)
    (deep / os.fsdecode(b"\xff\xfe plan \x1b[31m.dcm")).write_bytes(data)
    (cohort / "circle").symlink_to(cohort)
    (cohort / "empty.dcm").touch()
    os.mkfifo(cohort / "pipe.dcm")
    (cohort / "PLAN.DCM").write_bytes(data[:300])
    (cohort / "plan.dcm").write_bytes(data[:400])
    found = audit(cohort, include_identifiers=identifiers)
    assert found.outcomes() == {"per_protocol": 2}
    assert len(found.document.errors) == 2
    (passed,) = found.document.warnings
    assert passed.message == "passed over: 1 link, 2 other files"
    for name, content in found.files().items():
        assert b"\x1b" not in content, name
        content.decode("utf-8")


@pytest.mark.skipif(not LONG, reason="it takes a minute: RTFRACTIONS_FAULTS=1")
def test_a_folder_of_very_many_files(make_cohort: Any, audit: Any) -> None:
    # R16
    cohort = make_cohort(2)
    (cohort / "many").mkdir()
    for i in range(99_000):
        (cohort / "many" / f"{i}.txt").write_bytes(b"no DICOM")
    found = audit(cohort)
    assert found.outcomes() == {"per_protocol": 2}
    (passed,) = found.document.warnings
    assert passed.message == "passed over: 99000 other files"


def test_more_files_than_are_looked_at(make_cohort: Any, audit: Any) -> None:
    # R16: the rest is told
    found = audit(make_cohort(4), limits=Limits(files=3), limits_given=("files=3",))
    assert found.document.patients_found == 3
    assert [error.message for error in found.document.errors] == ["holds more than the 3 files looked at"]
    assert found.document.exit_reasons == (3,)


def turn_a_verdict(data: bytes) -> bytes:
    return data.replace(b'"verdict": "query"', b'"verdict": "per_protocol"')


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[: len(data) // 2],
        lambda data: data[:-3],
        lambda data: b"\x00\xff" * 50,
        lambda data: b"[" * 100_000,
        lambda data: b"{}",
        lambda data: b'"digest": "' + b"0" * 64,
        lambda data: data.replace(b"audit-result/1", b"audit-result/0"),
        turn_a_verdict,
    ],
    ids=["empty", "half", "end", "garbage", "deep", "bare", "digest only", "older", "verdict"],
)
def test_damaged_results_are_never_trusted(
    damage: Callable[[bytes], bytes], make_cohort: Any, audit: Any, run_inline: Any
) -> None:
    # R17, S22
    cohort = make_cohort(2)
    odd = rt_plan("G002", 100_002, [Reference(1, "PTV", "25.0", 7)], [Group("3")])
    (cohort / "002" / "plan.dcm").write_bytes(dicom_bytes(odd))
    found = audit(cohort)
    expected = found.files()
    (victim,) = [name for name, data in found.results().items() if b'"verdict": "query"' in data]
    path = found.folder.path / victim
    path.write_bytes(damage(path.read_bytes()))
    assert damage(b"x") != b"x" or path.read_bytes() != expected[victim]
    report = run_inline(
        "report", found.folder.path, "--format", "json", "-q", "-o", found.folder.path / "r.json"
    )
    assert report.code == 4
    said = json.loads((found.folder.path / "r.json").read_text("utf-8"))
    (found.folder.path / "r.json").unlink()
    counts = {entry["name"]: entry["count"] for entry in said["outcomes"] if entry["count"]}
    assert counts == {"per_protocol": 1, "not_run": 1}
    again = audit(cohort)
    assert again.reused == 1
    assert again.files() == expected


def test_anothers_result_under_a_patients_name_is_not_taken(make_cohort: Any, audit: Any) -> None:
    # R17, R12: a whole file of another patient, or of another protocol, in the place of one
    cohort = make_cohort(2)
    found = audit(cohort)
    expected = found.files()
    first, second = (found.folder.path / name for name in found.results())
    first.write_bytes(second.read_bytes())
    other = audit(cohort, output="other", protocol="NCT03176173")
    second.write_bytes(other.results()[f"patients/{second.name}"])
    again = audit(cohort)
    assert again.reused == 0
    assert again.files() == expected


@pytest.mark.parametrize("damage", [b"", b"{", b"\xff"])
def test_a_damaged_manifest_is_made_again(
    damage: bytes, make_cohort: Any, audit: Any, run_inline: Any
) -> None:
    # R17
    cohort = make_cohort(2)
    found = audit(cohort)
    expected = found.files()
    (found.folder.path / "cohort.json").write_bytes(damage)
    result = run_inline("report", found.folder.path)
    assert (result.code, result.out) == (3, "")
    assert "cohort.json is damaged" in result.err
    assert audit(cohort).reused == 2
    assert found.files() == expected


def test_a_reader_sees_whole_files_only(make_cohort: Any, audit: Any, poison: str, tmp_path: Path) -> None:
    # R18: another program reads while the audit runs, and runs again over its own outputs
    cohort = make_cohort(8)
    stop, seen, wrong = threading.Event(), set[str](), list[str]()

    def look() -> None:
        while not stop.is_set():
            for path in (tmp_path / "audit").rglob("*.json"):
                data = path.read_bytes() if path.exists() else b"{}"
                seen.add(path.name)
                try:
                    json.loads(data)
                except ValueError:
                    wrong.append(path.name)

    reader = threading.Thread(target=look)
    reader.start()
    try:
        audit(cohort, in_workers=True, function=f"{poison}:slowly")
        (cohort / "001" / "plan.dcm").unlink()
        audit(cohort)
    finally:
        stop.set()
        reader.join()
    assert wrong == []
    assert len(seen) == 10


def test_counts_add_up_and_each_patient_is_listed_once(
    make_cohort: Any, audit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # R19: of patients who were graded and of those whose process came to nothing, in each way there is
    cohort = make_cohort(8)
    (cohort / "no plan").mkdir()
    odd = rt_plan("G020", 100_020, [Reference(1, "PTV", "25.0", 7)], [Group("3")])
    (cohort / "no plan" / "odd.dcm").write_bytes(dicom_bytes(odd))
    ended = [Ended(status, "ended") for status in (Status.CRASHED, Status.TIMEOUT, Status.MEMORY)]
    answer = runner._answer
    monkeypatch.setattr(runner, "_answer", lambda future: ended.pop() if ended else answer(future))
    found = audit(cohort)
    document = found.document
    assert {"crashed", "timeout", "out_of_memory", "per_protocol", "query"} == set(found.outcomes())
    assert sum(entry.count for entry in document.outcomes) == document.patients_found == 9
    assert sum(entry.count for entry in document.lesions) == document.lesions_on_study
    assert sum(entry.count for entry in document.schedules) == document.lesions_on_study
    assert sum(group.total for group in document.sites) == document.lesions_on_study
    page = found.files()["summary.html"].decode()
    for task in found.cohort.tasks:
        assert page.count(f'href="patients/{task.patient}.html"') == 1
        assert f"patients/{task.patient}.html" in found.files()


def test_results_of_patients_who_are_gone_go_too(make_cohort: Any, audit: Any) -> None:
    # R12: the summary is of what is there
    cohort = make_cohort(3)
    before = audit(cohort)
    shutil.rmtree(cohort / "002")
    after = audit(cohort)
    assert after.document.patients_found == 2
    assert len(after.results()) == 2
    assert set(after.results().items()) < set(before.results().items()) | {("", b"")}
    assert after.reused == 2


def test_progress_leaves_stdout_alone(make_cohort: Any, start: Any, tmp_path: Path) -> None:
    # R22
    cohort = make_cohort(2)
    command = ("audit", cohort, *PROTOCOL, "-o", tmp_path / "out", "--format", "json", "--progress", "json")
    code, printed, err = start(*command).finish()
    assert code == 0
    assert json.loads(printed)["patients_found"] == 2
    found = events(err)
    assert [event["done"] for event in found] == [0, 1, 2]
    assert found[-1]["remaining_seconds"] == 0.0
    assert all(event["total"] == 2 for event in found)
    assert {event["outcome"] for event in found[1:]} == {"per_protocol"}


def test_a_terminal_sees_rate_and_remaining_time(
    make_cohort: Any, child_environment: dict[str, str], tmp_path: Path
) -> None:
    ours, theirs = pty.openpty()
    command = ["audit", make_cohort(6), *PROTOCOL, "-o", tmp_path / "out"]
    environment = {**child_environment, "TERM": "xterm", "NO_COLOR": "1", "COLUMNS": "100"}
    process = subprocess.Popen(
        [sys.executable, "-m", "rtfractions_cli", *map(str, command)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=theirs,
    )
    os.close(theirs)
    printed, _ = process.communicate(timeout=60)
    shown = b""
    with contextlib.suppress(OSError):  # so ends a terminal that nobody writes to any more
        while piece := os.read(ours, 65536):
            shown += piece
    os.close(ours)
    assert process.returncode == 0
    assert b"looking for patients" in shown
    assert b"6/6" in shown
    assert re.search(rb"\d\.\d/s", shown)
    assert b"left" in shown
    assert not re.search(rb"\x1b\[[0-9;]*3[0-9]", shown)  # no colour
    assert b"\x1b" not in printed


def test_result_files_are_what_their_reader_takes(make_cohort: Any, audit: Any) -> None:
    # Keys that a later version adds are passed over.
    found = audit(make_cohort(1))
    (data,) = found.results().values()
    more = json.loads(data)
    more["review"]["organs"] = [{"name": "cord"}]
    more["review"]["lesions"][0]["coverage"] = {"D95%": 24.0}
    assert msgspec.json.decode(json.dumps(more), type=ResultFile) == msgspec.json.decode(
        data, type=ResultFile
    )

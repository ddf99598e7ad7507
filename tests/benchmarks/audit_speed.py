"""How many patients an audit does in a second, as a multiple of a loop over dicompyler-core in the same run.

Run ``python tests/benchmarks/audit_speed.py [PATIENTS] [--one]``, 1000 unless given. Each synthetic patient
(`sample_plans/synthetic_patient.py`) is a plan, a dose of 48 000 voxels, a structure set of five drawn structures and
three treatment records, some 280 kB. The audit finds them, hashes, reads, links and grades every file, computes the
DVH of every drawn structure (`audit_work.py`), writes and syncs a result a patient, and makes all reports; the loop
reads structure set and dose of each patient in turn and computes the same DVHs, of every other patient before the
audits and of the rest after them, for other work on the machine comes and goes. In the end the audit is given again,
and every result is found to hold. Ratios are of time by the clock, and of processors' time, which other work on the
machine disturbs less. The memory of the parent is that of the process at a tenth, half and all of the patients.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
sys.path += [str(ROOT / "sample_plans"), str(ROOT / "fractions"), str(Path(__file__).parent)]

FIRST = 700_001
"""Number of the patient that the others are made from, as long as theirs."""


class Spent(NamedTuple):
    """Seconds by the clock, and of processors in this process and those that have ended below it."""

    wall: float
    processor: float

    @classmethod
    def now(cls) -> "Spent":
        """Since some moment."""
        times = os.times()
        return cls(time.perf_counter(), sum(times[:4]))

    def __sub__(self, other: "Spent") -> "Spent":
        return Spent(self.wall - other.wall, self.processor - other.processor)

    def and_(self, other: "Spent") -> "Spent":
        """Both, one after the other."""
        return Spent(self.wall + other.wall, self.processor + other.processor)


def write_cohort(folder: Path, patients: int) -> int:
    """Write so many patients, alike but for IDs and UIDs; gives the bytes of all."""
    from synthetic import dicom_bytes
    from synthetic_patient import patient

    first = {Path(name).name: dicom_bytes(made) for name, made in patient(f"ID{FIRST}", FIRST).items()}
    written = 0
    for number in range(FIRST, FIRST + patients):
        of_one = folder / str(number)
        of_one.mkdir(parents=True)
        for name, data in first.items():
            # The same number of digits: no length in the file changes.
            written += (of_one / name).write_bytes(data.replace(str(FIRST).encode(), str(number).encode()))
    return written


def audited(cohort_folder: Path, output: Path, jobs: int, function: str) -> tuple[Spent, list[float], int]:
    """Time of an audit, the parent's memory on its way in MB, and how many results held."""
    from rtfractions import protocols
    from rtfractions.audit import (
        OutputFolder,
        PseudonymKey,
        Settings,
        find_cohort,
        locked,
        manifest_of,
        run,
        summarise,
        write_manifest,
        write_reports,
    )

    memory: list[float] = []
    started = Spent.now()
    settings = Settings(
        protocol=protocols.find("NCT03406468"), key=PseudonymKey(b"a key for benchmarks alone")
    )
    folder = OutputFolder(output)
    folder.prepare((cohort_folder,))
    with locked(output):
        folder.tidy()
        cohort = find_cohort(cohort_folder, (), settings)
        manifest = manifest_of(cohort)
        write_manifest(folder, manifest)
        total = len(cohort.tasks)

        def look(progress: object) -> None:
            if getattr(progress, "done", 0) in {max(total // 10, 1), max(total // 2, 1), total}:
                memory.append(resident_megabytes())

        done = run(cohort, folder, jobs=jobs, function=function, report=look)
        document = summarise(folder, manifest)
        write_reports(folder, manifest, document)
    spent = Spent.now() - started
    assert {entry.name: entry.count for entry in document.outcomes if entry.count} == {"per_protocol": total}
    return spent, memory, done.reused


def resident_megabytes() -> float:
    """Memory of this process that is in use."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return float(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024


def loop(cohort_folder: Path, part: str) -> Spent:
    """Time of dicompyler-core's loop over half of the patients, in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONWARNINGS": "ignore"}
    started = Spent.now()
    command = [sys.executable, str(Path(__file__).with_name("audit_work.py")), str(cohort_folder), part]
    subprocess.run(command, env=environment, check=True, stderr=subprocess.DEVNULL)
    return Spent.now() - started


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("patients", type=int, nargs="?", default=1000)
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--one", action="store_true", help="also with one process")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        cohort, out = Path(temporary, "cohort"), Path(temporary, "audit")
        megabytes = write_cohort(cohort, arguments.patients) / 1e6
        print(f"{arguments.patients} patients, {megabytes:.0f} MB; load {os.getloadavg()[0]:.1f}")
        dvhs, bare = "audit_work:grade_with_dvhs", "rtfractions.audit.grading:grade"
        runs = [
            *([("audit with DVHs, 1 process", 1, dvhs, out / "one")] if arguments.one else []),
            (f"audit with DVHs, {arguments.jobs} processes", arguments.jobs, dvhs, out / "several"),
            (f"audit, {arguments.jobs} processes", arguments.jobs, bare, out / "bare"),
            ("  given again", arguments.jobs, bare, out / "bare"),
        ]
        first_half = loop(cohort, "even")
        done = [(name, *audited(cohort, folder, jobs, function)) for name, jobs, function, folder in runs]
        peer = first_half.and_(loop(cohort, "odd"))
        header = f"{'seconds':>9}{'patients/s':>12}{'ratio':>7}{'processor s':>13}{'ratio':>7}"
        print(f"{'':34}{header}  parent at 10, 50, 100 % [MB]")
        for name, spent, memory, reused in [("dicompyler-core, loop", peer, [], 0), *done]:
            assert reused == (arguments.patients if "again" in name else 0)
            wall = f"{spent.wall:9.1f}{arguments.patients / spent.wall:12.1f}{peer.wall / spent.wall:7.2f}"
            processor = f"{spent.processor:13.1f}{peer.processor / spent.processor:7.2f}"
            print(f"{name:34}{wall}{processor}  {', '.join(f'{size:.0f}' for size in memory)}")


if __name__ == "__main__":
    main()

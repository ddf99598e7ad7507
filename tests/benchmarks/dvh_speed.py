"""How long all DVHs of a large plan take, whole process, as a multiple of other tools in the same run.

Run ``python tests/benchmarks/dvh_speed.py``. The plan has 200 x 200 x 150 voxels, and 30 structures of some
465 000 points (`sample_plans/synthetic_clinic.py`). Each tool reads both files and computes every DVH in a process
of its own (`dvh_tools.py`), in turns, the fast ones five times a turn, after a first run that compiles what an
installation has compiled. The table has medians of the time by the clock and of the processor, and the peak of memory;
where other work goes on, the processor's tells more. dicompyler-core is given
Datasets, by default and with ``use_structure_extents``; plastimatch, where it is installed, the files. In steady
state one process computes the plan again and again, by numpy and, where numba is installed, by compiled loops
(``RTFRACTIONS_FAST=1``).
"""

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
sys.path += [str(ROOT / "sample_plans"), str(ROOT / "fractions")]

TOOLS = ("ours", "ours, compiled", "dicompyler-core", "dicompyler-core, extents", "plastimatch")


class Run(NamedTuple):
    """Time by the clock and of the processor, and peak memory, of one process."""

    seconds: float
    processor: float
    megabytes: float


def write_plan(folder: Path, structures: int | None) -> int:
    """Write the plan, or only its last structures; gives the number of contour points."""
    from synthetic import dicom_bytes
    from synthetic_clinic import clinic_dose, clinic_structures

    dataset = clinic_structures()
    if structures is not None:
        dataset.ROIContourSequence = dataset.ROIContourSequence[-structures:]
        dataset.StructureSetROISequence = dataset.StructureSetROISequence[-structures:]
        dataset.RTROIObservationsSequence = dataset.RTROIObservationsSequence[-structures:]
    (folder / "structures.dcm").write_bytes(dicom_bytes(dataset))
    (folder / "dose.dcm").write_bytes(dicom_bytes(clinic_dose()))
    return sum(
        int(contour.NumberOfContourPoints)
        for roi in dataset.ROIContourSequence
        for contour in roi.ContourSequence
    )


def printed(tool: str, folder: Path, again: int = 0) -> list[float]:
    """What a tool in a process of its own prints: its peak of memory in MB, and two times of each further run."""
    environment = dict(
        os.environ,
        PYTHONPATH=os.pathsep.join(sys.path),
        PYTHONWARNINGS="ignore",
        PYTHONDONTWRITEBYTECODE="",
        PYTHONPYCACHEPREFIX=str(folder / "compiled"),
        NUMBA_CACHE_DIR=str(folder / "numba"),
        RTFRACTIONS_FAST=str(int(tool == "ours, compiled")),
    )
    script = str(Path(__file__).with_name("dvh_tools.py"))
    child = [sys.executable, script, tool.removesuffix(", compiled"), str(folder), str(again)]
    done = subprocess.run(child, env=environment, capture_output=True, text=True, check=True)
    return [float(word) for word in done.stdout.split()]


def run(tool: str, folder: Path) -> Run:
    """Run a tool once."""
    started, processor = time.perf_counter(), _processor_seconds()
    megabytes = printed(tool, folder)[0]
    return Run(time.perf_counter() - started, _processor_seconds() - processor, megabytes)


def _processor_seconds() -> float:
    """What ended child processes have used."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def available() -> list[str]:
    """The tools that are installed."""
    from importlib.util import find_spec

    absent = set()
    if find_spec("dicompylercore") is None:
        absent |= {"dicompyler-core", "dicompyler-core, extents"}
    if find_spec("numba") is None:
        absent.add("ours, compiled")
    if shutil.which("plastimatch") is None:
        absent.add("plastimatch")
    return [tool for tool in TOOLS if tool not in absent]


def main() -> None:
    """Print medians and ratios."""
    parser = argparse.ArgumentParser()
    parser.add_argument("rounds", type=int, nargs="?", default=3)
    parser.add_argument("--structures", type=int, help="only so many of the structures")
    arguments = parser.parse_args()
    tools = available()
    runs: dict[str, list[Run]] = {tool: [] for tool in tools}
    steady: dict[str, list[Run]] = {tool: [] for tool in tools if tool.startswith("ours")}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        points = write_plan(folder, arguments.structures)
        print(f"{points} contour points")
        for tool in tools:
            run(tool, folder)
        for _ in range(arguments.rounds):
            for tool in tools:
                runs[tool].extend(run(tool, folder) for _ in range(1 if tool.startswith("dicompyler") else 5))
            for tool, times in steady.items():
                found = printed(tool, folder, again=6)[1:]
                times += [Run(*both, 0.0) for both in zip(found[::2], found[1::2], strict=True)]
    ours = _medians(runs["ours"])
    print(
        "    clock  processor            tool                      times ours, by the clock and the processor"
    )
    for tool, some in runs.items():
        clock, processor = _medians(some)
        megabytes = max(one.megabytes for one in some)
        ratios = f"{clock / ours[0]:6.1f} {processor / ours[1]:6.1f}"
        print(f"{clock:8.2f} s {processor:8.2f} s {megabytes:6.0f} MB  {tool:26} {ratios}")
    for tool, some in steady.items():
        clock, processor = _medians(some)
        print(f"{clock:8.2f} s {processor:8.2f} s            {tool + ', in steady state':26}", end="")
        if "dicompyler-core" in runs:
            peer = _medians(runs["dicompyler-core"])
            print(
                f" dicompyler-core is {peer[0] / clock:.1f} and {peer[1] / processor:.1f} times that", end=""
            )
        print()


def _medians(some: list[Run]) -> tuple[float, float]:
    return statistics.median(one.seconds for one in some), statistics.median(one.processor for one in some)


if __name__ == "__main__":
    main()

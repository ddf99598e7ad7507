"""How long all DVHs of a large plan take, whole process, as a multiple of other tools in the same run.

Run ``python tests/benchmarks/dvh_speed.py``. The plan has 200 x 200 x 150 voxels, and 30 structures of some
465 000 points (`sample_plans/synthetic_clinic.py`). Each tool reads both files and computes every DVH in a process
of its own, in turns; the table has medians of wall time and the peak of memory. dicompyler-core is given Datasets,
by default and with ``use_structure_extents``; plastimatch, where it is installed, the files. In steady state the
same process computes the plan again and again.
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
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple
from unittest import mock

ROOT = Path(__file__).parents[2]
sys.path += [str(ROOT / "sample_plans"), str(ROOT / "fractions")]


def ours(folder: Path) -> None:
    """Read the plan and compute its DVHs with the library."""
    from rtfractions.dicom import Limits
    from rtfractions.dicom.dose import read_dose
    from rtfractions.dicom.reading import dataset_of
    from rtfractions.dicom.structure_set import read_structure_set
    from rtfractions.dosimetry import structure_dvh

    limits = Limits()
    dose = read_dose(dataset_of((folder / "dose.dcm").read_bytes(), limits), limits=limits)
    structures = read_structure_set(dataset_of((folder / "structures.dcm").read_bytes(), limits))
    assert not structures.refused
    for structure in structures.structures:
        assert structure_dvh(structure, dose.grid).mean_gy > 0


def dicompyler(folder: Path, *, extents: bool = False) -> None:
    """The same by dicompyler-core."""
    import pydicom
    import pydicom.dicomio

    # Its release imports a name that pydicom 3 no longer has.
    with mock.patch.object(pydicom.dicomio, "read_file", pydicom.dcmread, create=True):
        from dicompylercore import dicomparser, dvhcalc
    assert dicomparser  # get_dvh imports it itself, when it could no more
    dose = pydicom.dcmread(folder / "dose.dcm")
    structures = pydicom.dcmread(folder / "structures.dcm")
    for roi in structures.StructureSetROISequence:
        found = dvhcalc.get_dvh(structures, dose, int(roi.ROINumber), use_structure_extents=extents)
        assert found.mean > 0


def dicompyler_extents(folder: Path) -> None:
    """The same within the extents of each structure."""
    dicompyler(folder, extents=True)


def plastimatch(folder: Path) -> None:
    """The same by plastimatch, on the dose grid."""
    command = shutil.which("plastimatch")
    assert command is not None
    structures, dose = folder / "structures.dcm", folder / "dose.dcm"
    masks = [
        f"--output-ss-img={folder / 'ss.mha'}",
        f"--output-ss-list={folder / 'ss.txt'}",
        "--xor-contours",
    ]
    convert = [command, "convert", f"--input={structures}", f"--fixed={dose}", *masks]
    dvh = [command, "dvh", f"--input-ss-img={folder / 'ss.mha'}", f"--input-ss-list={folder / 'ss.txt'}"]
    for call in (
        convert,
        [*dvh, f"--input-dose={dose}", f"--output-csv={folder / 'dvh.csv'}", "--cumulative"],
    ):
        subprocess.run(call, check=True, capture_output=True)


TOOLS: dict[str, Callable[[Path], None]] = {
    "ours": ours,
    "dicompyler-core": dicompyler,
    "dicompyler-core, extents": dicompyler_extents,
    "plastimatch": plastimatch,
}


class Run(NamedTuple):
    """Wall time and peak memory of one process."""

    seconds: float
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


def run(tool: str, folder: Path) -> Run:
    """Run a tool in a process of its own."""
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path), PYTHONWARNINGS="ignore")
    child = [sys.executable, __file__, "--tool", tool, "--folder", str(folder)]
    started = time.perf_counter()
    done = subprocess.run(child, env=environment, capture_output=True, text=True, check=True)
    seconds = time.perf_counter() - started
    return Run(seconds, float(done.stdout.split()[-1]))


def available() -> list[str]:
    """The tools that are installed."""
    from importlib.util import find_spec

    absent = set()
    if find_spec("dicompylercore") is None:
        absent |= {"dicompyler-core", "dicompyler-core, extents"}
    if shutil.which("plastimatch") is None:
        absent.add("plastimatch")
    return [tool for tool in TOOLS if tool not in absent]


def peak_megabytes() -> float:
    """Peak memory of this process, or of a child of it."""
    # What getrusage says of the process itself includes its parent, before the program was loaded.
    own = next(
        line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")
    )
    return max(float(own.split()[1]), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) / 1024


def main() -> None:
    """Print medians and ratios."""
    parser = argparse.ArgumentParser()
    parser.add_argument("rounds", type=int, nargs="?", default=3)
    parser.add_argument("--structures", type=int, help="only so many of the structures")
    parser.add_argument("--tool", choices=list(TOOLS), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.tool:
        TOOLS[arguments.tool](arguments.folder)
        print(peak_megabytes())
        return
    tools = available()
    runs: dict[str, list[Run]] = {tool: [] for tool in tools}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        points = write_plan(folder, arguments.structures)
        print(f"{points} contour points")
        for _ in range(arguments.rounds):
            for tool in tools:
                runs[tool].append(run(tool, folder))
        ours(folder)
        steady = []
        for _ in range(arguments.rounds + 2):
            started = time.perf_counter()
            ours(folder)
            steady.append(time.perf_counter() - started)
    seconds = {tool: statistics.median(one.seconds for one in some) for tool, some in runs.items()}
    for tool, some in runs.items():
        megabytes = max(one.megabytes for one in some)
        ratio = seconds[tool] / seconds["ours"]
        print(f"{seconds[tool]:8.2f} s {megabytes:6.0f} MB  {tool:26} {ratio:6.1f} times ours (ratio)")
    print(f"{statistics.median(steady):8.2f} s            ours in steady state", end="")
    if "dicompyler-core" in seconds:
        ratio = seconds["dicompyler-core"] / statistics.median(steady)
        print(f"        dicompyler-core is {ratio:.1f} times that", end="")
    print()


if __name__ == "__main__":
    main()

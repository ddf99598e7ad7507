"""What `dvh_speed.py` times: a tool reads a plan and computes all its DVHs, in a process of its own.

``python dvh_tools.py TOOL FOLDER`` does so and prints the peak of memory in MB; with a number behind, it does so
that many times again and prints the seconds of each, by the clock and of the processor. Only what the tool itself needs is imported, or what the
benchmark needs would count as its time.
"""

import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path


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
    from unittest import mock

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
    import shutil
    import subprocess

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


def peak_megabytes() -> float:
    """Peak memory of this process, or of a child of it."""
    # What getrusage says of the process itself includes its parent, before the program was loaded.
    own = next(
        line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")
    )
    return max(float(own.split()[1]), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) / 1024


if __name__ == "__main__":
    compute, plan = TOOLS[sys.argv[1]], Path(sys.argv[2])
    compute(plan)
    print(peak_megabytes())
    for _ in range(int(sys.argv[3]) if len(sys.argv) > 3 else 0):
        started, processor = time.perf_counter(), time.process_time()
        compute(plan)
        print(time.perf_counter() - started, time.process_time() - processor)

"""Damage RT files at random and read them: every one must be read or refused, in time and within memory.

Run as a program it reads so many damaged files in this process, under a bound on memory and on the time of each,
and prints the counts as JSON; ``test_fuzzing.py`` runs it small in the suite and large where it is asked to.
"""

import argparse
import io
import json
import random
import resource
import signal
import sys
import tempfile
import time
import traceback
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

SECONDS = 5
"""No file may take longer."""

MEMORY_BYTES = 3 * 2**30
"""Address space of the process."""

PATIENT = ("plan", "dose", "structures", "record", "summary")
"""Files that are read together, one of them damaged: what they say of each other may be wrong then too."""

TEXTS = [
    b"0",
    b"-1",
    b"1e308",
    b"nan",
    b"inf",
    b"1,5",
    b"99999999999",
    b"",
    b"\xff\xfe",
    b"\0",
    b"1\\2\\3",
    b"<x>",
    b"\x1b[31m",
]


def seeds(folder: Path | None) -> dict[str, bytes]:
    """Whole files to damage: every kind of object, transfer syntax and container, and small real ones."""
    from fuzz_seeds import whole_files

    found = whole_files()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in found.items():
            archive.writestr(name, data)
    found["all.zip"] = packed.getvalue()
    if folder is not None:
        for path in sorted(folder.rglob("*.dcm")):
            if path.stat().st_size < 100_000:
                found[str(path.relative_to(folder))] = path.read_bytes()
    return found


def damaged(data: bytes, chance: random.Random) -> bytes:
    """The file with one to a few things wrong."""
    out = bytearray(data)
    for _ in range(chance.choice([1, 1, 1, 2, 4, 30])):
        if not out:
            break
        at = chance.randrange(len(out))
        if chance.random() < 0.5:  # where elements and their lengths stand
            at = min(at, chance.randrange(4096))
        at = min(at, len(out) - 1)
        kind = chance.randrange(8)
        if kind == 0:
            out[at] = chance.randrange(256)
        elif kind == 1:
            out[at] ^= 1 << chance.randrange(8)
        elif kind == 2:
            del out[at:]
        elif kind == 3:
            del out[at : at + chance.choice([1, 2, 4, 100])]
        elif kind == 4:
            out[at:at] = chance.randbytes(chance.choice([1, 2, 8, 200]))
        elif kind == 5:
            text = chance.choice(TEXTS)
            out[at : at + len(text)] = text
        elif kind == 6:
            out[at : at + 4] = chance.choice(
                [b"\xff\xff\xff\xff", b"\0\0\0\0", b"\xff\xff\xff\x7f", b"\1\0\0\0"]
            )
        else:
            start = chance.randrange(len(out))
            piece = out[start : start + chance.choice([8, 64, 512])]
            out[at : at + len(piece)] = piece
    return bytes(out)


class TooSlowError(Exception):
    """A file took longer than it may."""


def _too_slow(_signal: int, _frame: FrameType | None) -> None:
    raise TooSlowError


def read_one(path: Path) -> str:
    """What became of a file: ``read``, ``refused``, or what must not be."""
    from rtfractions.dicom import Limits, read_patients
    from rtfractions.errors import RTFractionsError

    signal.signal(signal.SIGALRM, _too_slow)
    signal.alarm(SECONDS)
    try:
        reading = read_patients([path], limits=Limits(voxels=2**26, inflated_bytes=2**26))
        for error in reading.errors:
            assert isinstance(error, RTFractionsError)
            assert str(error).isprintable()
        for patient in reading.patients:
            for structures in patient.structure_sets:
                for structure in structures.structures:
                    assert structure.volume_cm3 is None or structure.volume_cm3 >= 0
            assert all(dose.grid.maximum_gy < float("inf") for dose in patient.doses)
    except TooSlowError:
        return "too slow"
    except MemoryError:
        return "out of memory"
    except Exception:  # noqa: BLE001 - whatever escapes is what is looked for
        traceback.print_exc()
        return "traceback"
    finally:
        signal.alarm(0)
    return "refused" if reading.errors else "read"


def outcomes(count: int, seed: int, folder: Path | None) -> Iterator[tuple[str, str]]:
    """Name and outcome of each damaged file."""
    whole = seeds(folder)
    names = sorted(whole)
    with tempfile.TemporaryDirectory() as temporary:
        for name in PATIENT:
            Path(temporary, name).write_bytes(whole[name])
        for number in range(count):
            chance = random.Random(f"{seed} {number}")
            name = names[number % len(names)]
            path = Path(temporary, name if name in PATIENT else "damaged")
            path.write_bytes(damaged(whole[name], chance))
            outcome = read_one(Path(temporary) if name in PATIENT else path)
            if name in PATIENT:
                path.write_bytes(whole[name])
            else:
                path.unlink()
            if outcome not in ("read", "refused"):
                print(f"{outcome}: {name}, seed {seed}, number {number}", file=sys.stderr)
            yield name, outcome


def main() -> None:
    """Read so many damaged files, and print what became of them."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--data", type=Path)
    arguments = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    start, slowest = time.perf_counter(), 0.0
    counts: Counter[str] = Counter()
    last = start
    for _, outcome in outcomes(arguments.count, arguments.seed, arguments.data):
        counts[outcome] += 1
        now = time.perf_counter()
        slowest, last = max(slowest, now - last), now
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    result = {**counts, "seconds": round(last - start, 1), "slowest_s": round(slowest, 2), "peak_mib": peak}
    print(json.dumps(result))


if __name__ == "__main__":
    main()

"""What is looked at, and how much of it: headers, archives, folders that cannot be read, and whose a file is."""

import io
import os
import resource
import subprocess
import sys
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)
from synthetic import dicom_bytes, reference
from synthetic_dose import rt_dose
from synthetic_plan import Group, Reference, rt_plan

from rtfractions.dicom import Limits, discover, read_patients
from rtfractions.dicom.discovery import FoundFile, _patients
from rtfractions.dicom.reading import HEADER_BYTES, LONG_HEADER_BYTES, Header, Kind, header_of
from rtfractions.dicom.sources import Source

Read = Any
SYNTAXES = [ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian]
LINE = "is nested too deeply"


def plan(patient: str = "P1", number: int = 100) -> Dataset:
    return rt_plan(patient, number, [Reference(1, "PTV", "24.0", 7)], [Group("3")])


def image() -> Dataset:
    dataset = plan("P1", 900)
    dataset.SOPClassUID, dataset.Modality = "1.2.840.10008.5.1.4.1.1.2", "CT"
    return dataset


def without_meta(data: bytes) -> bytes:
    """A file from its first element of group 0008 on."""
    meta_end = 132 + 12 + int.from_bytes(data[140:144], "little")
    return data[meta_end:]


def packed(path: Path, members: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def with_private_value(dataset: Dataset, size: int) -> Dataset:
    """The object with a private value before the elements that say whose it is."""
    block = dataset.private_block(0x0009, "SAMPLE", create=True)
    block.add_new(0x01, "OB", np.random.default_rng(1).bytes(size))
    return dataset


class TestHeaders:
    @pytest.mark.parametrize("syntax", SYNTAXES)
    def test_files_without_preamble_are_read_in_every_syntax(self, read: Read, syntax: str) -> None:
        # C16
        (patient,) = read(without_meta(dicom_bytes(plan(), syntax))).patients
        assert [str(lesion.prescription.schedule) for lesion in patient.lesions] == ["24 Gy / 3"]

    @pytest.mark.parametrize(
        ("name", "kind", "modality"),
        [
            ("ExplVR_BigEndNoMeta.dcm", Kind.PLAN, "RTPLAN"),
            ("ExplVR_LitEndNoMeta.dcm", Kind.PLAN, "RTPLAN"),
            ("rtstruct.dcm", Kind.STRUCTURE_SET, "RTSTRUCT"),
        ],
    )
    def test_pydicoms_files_without_preamble_are_known(self, name: str, kind: Kind, modality: str) -> None:
        path = get_testdata_file(name)
        assert isinstance(path, str)
        found = discover([Path(path)], Limits())
        assert not found.errors
        ((header,),) = ((file.header for file in patient.files) for patient in found.patients)
        assert (header.kind, header.modality) == (kind, modality)

    @pytest.mark.parametrize("syntax", [*SYNTAXES, DeflatedExplicitVRLittleEndian])
    @pytest.mark.parametrize("preamble", [True, False])
    @pytest.mark.parametrize("size", [HEADER_BYTES - 300, HEADER_BYTES, 3 * HEADER_BYTES])
    def test_long_private_values_hide_no_header(
        self, read: Read, syntax: str, preamble: bool, size: int
    ) -> None:
        data = dicom_bytes(with_private_value(plan(), size), syntax)
        if not preamble and syntax == DeflatedExplicitVRLittleEndian:
            data = data[132:]
        elif not preamble:
            data = without_meta(data)
        (patient,) = read(data).patients
        assert patient.label == "P1"
        assert len(patient.lesions) == 1

    def test_a_header_is_never_ended_by_the_piece_that_was_read(self) -> None:
        # Cut between two elements a header looks whole, and says nothing of whose it is.
        dataset = plan()
        for size in range(HEADER_BYTES - 700, HEADER_BYTES, 2):
            data = dicom_bytes(with_private_value(dataset, size))
            if data[HEADER_BYTES : HEADER_BYTES + 4] == b"\x10\x00\x10\x00":  # Patient's Name
                break
        else:
            raise AssertionError("no size puts the border there")
        with pytest.raises(Exception, match="header of more than"):
            header_of(data[:HEADER_BYTES])
        assert header_of(data[:LONG_HEADER_BYTES], LONG_HEADER_BYTES).patient_id == "P1"

    def test_a_header_of_many_references_of_undefined_length_is_read(self, read: Read) -> None:
        dataset = plan()
        images = [reference("1.2.840.10008.5.1.4.1.1.2", f"1.2.3.{number}") for number in range(2000)]
        dataset.ReferencedImageSequence = images
        dataset["ReferencedImageSequence"].is_undefined_length = True
        data = dicom_bytes(dataset)
        assert data.index(b"\x10\x00\x20\x00LO") > HEADER_BYTES
        assert len(read(data).patients[0].lesions) == 1

    @pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, DeflatedExplicitVRLittleEndian])
    def test_a_header_without_end_is_refused_and_not_read_to_it(self, read: Read, syntax: str) -> None:
        (error,) = read(dicom_bytes(with_private_value(plan(), 2 * LONG_HEADER_BYTES), syntax)).errors
        assert "header of more than 4194304 bytes" in str(error)

    @pytest.mark.parametrize(
        "start",
        [
            b"\x08\x00\x05\x00CS\x04\x00abcd",
            b"\x02\x00\x00\x00UL\x04\x00abcd",
            b"\x00\x08\x00\x05CS\x00\x04abcd",
            b"\x08\x00\x05\x00\x04\x00\x00\x00abcd",
            b"\x08\x00\x05\x00\xff\xff\xff\xffabcd",
            b"\x00\x02\x00\x00UL\x00\x04abcd",
        ],
    )
    def test_what_only_starts_like_dicom_is_passed_over_unread(self, tmp_path: Path, start: bytes) -> None:
        with open(tmp_path / "zeros", "wb") as file:
            file.write(start)
            file.truncate(2**27)
        tracemalloc.start()
        try:
            found = discover([tmp_path], Limits())
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert [notice.message for notice in found.notices] == ["passed over: 1 other file"]
        assert peak < 4 * HEADER_BYTES

    def test_an_rt_object_without_preamble_and_out_of_order_is_refused(self, read: Read) -> None:
        data = without_meta(dicom_bytes(plan()))
        modality = b"\x08\x00\x60\x00CS\x06\x00RTPLAN"
        assert modality in data
        at = data.index(b"\x10\x00\x10\x00PN")
        moved = data[:at] + b"\x08\x00\x05\x00CS\x0a\x00ISO_IR 192" + data[at:]
        (error,) = read(moved).errors
        assert "out of order" in str(error)

    def test_a_deflate_bomb_without_preamble_is_refused(self, tmp_path: Path) -> None:
        # S3
        deflated = dicom_bytes(plan(), DeflatedExplicitVRLittleEndian)
        end = 132 + 12 + int.from_bytes(deflated[140:144], "little")
        plain = zlib.decompress(deflated[end:], wbits=-zlib.MAX_WBITS)
        packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        pixels = b"\xe0\x7f\x10\x00OW\0\0" + (2**28).to_bytes(4, "little") + bytes(2**28)
        (tmp_path / "bomb").write_bytes(deflated[132:end] + packer.compress(plain + pixels) + packer.flush())
        (error,) = read_patients([tmp_path], limits=Limits(inflated_bytes=2**20)).errors
        assert "inflates to more than the 1048576 bytes" in str(error)

    @pytest.mark.parametrize("bits", [16, 32])
    def test_big_endian_voxels_without_file_meta_are_read_right(self, read: Read, bits: int) -> None:
        # C13, C16: 1 read as little endian would be 256, or 16 777 216
        stored = np.arange(1, 1 + 2 * 3 * 4, dtype=f"u{bits // 8}").reshape(2, 3, 4)
        dataset = rt_dose("P1", 1, stored, bits=bits, scaling="0.5")
        dataset.PixelData = stored.astype(f">u{bits // 8}").tobytes()
        data = dicom_bytes(dataset, ExplicitVRBigEndian)
        assert data.endswith(dataset.PixelData)
        (dose,) = read(without_meta(data)).patients[0].doses
        assert dose.grid.maximum_gy == 12.0
        assert dose.grid.block_gy(slice(0, 1)).ravel().tolist() == [n / 2 for n in range(1, 13)]


class TestNesting:
    def nested(self, levels: int, *, undefined: bool) -> Dataset:
        """A plan with so many levels of sequences."""
        dataset = plan()
        inner = Dataset()
        inner.PatientID = "inner"
        for _ in range(levels):
            outer = Dataset()
            outer.DoseReferenceSequence = [inner]
            outer["DoseReferenceSequence"].is_undefined_length = undefined
            inner.is_undefined_length_sequence_item = undefined
            inner = outer
        dataset.ReferencedStructureSetSequence = inner.DoseReferenceSequence
        dataset["ReferencedStructureSetSequence"].is_undefined_length = undefined
        return dataset

    @pytest.mark.parametrize("syntax", [*SYNTAXES, DeflatedExplicitVRLittleEndian])
    @pytest.mark.parametrize("undefined", [True, False])
    @pytest.mark.parametrize(("levels", "refused"), [(6, False), (7, True), (30, True)])
    def test_levels_are_counted_however_they_are_written(
        self, read: Read, tmp_path: Path, syntax: str, undefined: bool, levels: int, refused: bool
    ) -> None:
        # S5
        (tmp_path / "plan").write_bytes(dicom_bytes(self.nested(levels, undefined=undefined), syntax))
        errors = [str(error) for error in read_patients([tmp_path], limits=Limits(nesting=6)).errors]
        assert [f"{LINE}: at most 6 levels" in error for error in errors] == [True] * refused

    def test_an_ordinary_plan_has_two_levels(self, tmp_path: Path) -> None:
        # Fraction Group Sequence, and Referenced Beam Sequence in it
        (tmp_path / "plan").write_bytes(dicom_bytes(plan()))
        assert not read_patients([tmp_path], limits=Limits(nesting=2)).errors
        (error,) = read_patients([tmp_path], limits=Limits(nesting=1)).errors
        assert f"{LINE}: at most 1 levels are read" in str(error)

    @pytest.mark.parametrize("undefined", [True, False])
    def test_what_the_limit_lets_through_and_pydicom_cannot_is_refused(
        self, tmp_path: Path, undefined: bool
    ) -> None:
        inner = b""
        for _ in range(3000):
            size = b"\xff\xff\xff\xff" if undefined else (len(inner)).to_bytes(4, "little")
            item = b"\xfe\xff\x00\xe0" + size + inner
            size = b"\xff\xff\xff\xff" if undefined else (len(item)).to_bytes(4, "little")
            inner = b"\x0c\x30\x60\x00" + size + item
        data = without_meta(dicom_bytes(plan(), ImplicitVRLittleEndian))
        data = data[: data.index(b"\x0a\x30\x10\x00")] + inner
        (tmp_path / "plan").write_bytes(data)
        errors = [str(error) for error in read_patients([tmp_path], limits=Limits(nesting=5000)).errors]
        assert errors == [f"plan: {LINE}: no RT object needs so many levels; export it again"] * undefined
        (error,) = read_patients([tmp_path]).errors
        assert LINE in str(error)


class TestArchives:
    def test_archives_do_not_use_up_descriptors(self, tmp_path: Path) -> None:
        for number in range(40):
            packed(tmp_path / f"{number}.zip", {"plan": dicom_bytes(plan(f"P{number}", number))})
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (len(os.listdir("/proc/self/fd")) + 10, hard))
        try:
            reading = read_patients([tmp_path])
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        assert not reading.errors
        assert len(reading.patients) == 40

    def test_no_archive_is_left_open(self, tmp_path: Path) -> None:
        for number in range(3):
            packed(tmp_path / f"{number}.zip", {"plan": dicom_bytes(plan("P", number)), "cut": b"DICM"})
        code = (
            "import gc, os, sys; from pathlib import Path; from rtfractions.dicom import Limits, discover, "
            f"read_patients; p = [Path({str(tmp_path)!r})]; before = len(os.listdir('/proc/self/fd'));"
            "found = discover(p, Limits()); assert len(os.listdir('/proc/self/fd')) == before;"
            "assert len(read_patients(p).patients[0].plans) == 3;"
            "gc.collect(); assert len(os.listdir('/proc/self/fd')) == before"
        )
        path = os.pathsep.join(str(p) for p in sys.path if p)
        result = subprocess.run(
            [sys.executable, "-X", "dev", "-W", "error::ResourceWarning", "-c", code],
            env={**os.environ, "PYTHONPATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (result.returncode, result.stderr) == (0, "")

    def test_an_archive_is_not_opened_for_each_member(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        packed(tmp_path / "a.zip", {f"{n}": dicom_bytes(plan(f"P{n}", n)) for n in range(20)})
        opened = []
        really = zipfile.ZipFile

        def counting(path: Any) -> Any:
            opened.append(path)
            return really(path)

        monkeypatch.setattr(zipfile, "ZipFile", counting)
        assert len(read_patients([tmp_path]).patients) == 20
        assert len(opened) == 2  # to look, and to read

    def test_an_archive_that_is_gone_meanwhile_is_refused(self, tmp_path: Path) -> None:
        path = packed(tmp_path / "a.zip", {"plan": dicom_bytes(plan())})
        found = discover([path], Limits())
        path.unlink()
        with pytest.raises(Exception, match="damaged member of its archive"):
            found.patients[0].files[0].source.read(Limits())

    @pytest.mark.parametrize(
        ("compression", "read"),
        [
            (zipfile.ZIP_STORED, True),
            (zipfile.ZIP_DEFLATED, True),
            (zipfile.ZIP_BZIP2, True),
            (zipfile.ZIP_LZMA, False),
        ],
    )
    def test_compressions_are_read_or_refused(self, tmp_path: Path, compression: int, read: bool) -> None:
        path = packed(tmp_path / "a.zip", {"plan": dicom_bytes(plan())}, compression)
        errors = [str(error) for error in read_patients([path]).errors]
        assert (errors == []) == read
        assert all("compressed in a way that is not read" in error for error in errors)

    @pytest.mark.parametrize("named", [True, False])
    def test_what_is_passed_over_in_an_archive_is_told(self, tmp_path: Path, named: bool) -> None:
        inner = packed(tmp_path / "inner.zip", {"plan": dicom_bytes(plan("hidden", 7))})
        archive = packed(
            tmp_path / "a.zip",
            {
                "plan": dicom_bytes(plan()),
                "inner.zip": inner.read_bytes(),
                "ct": dicom_bytes(image()),
                "notes.txt": b"x",
                "more.txt": b"y",
            },
        )
        inner.unlink()
        found = discover([archive if named else tmp_path], Limits())
        (notice,) = found.notices
        assert notice.message == "passed over: 1 CT file, 1 archive in an archive, 2 other files"
        assert notice.code == "folder.passed-over"
        assert [patient.label for patient in found.patients] == ["P1"]  # S4: the inner one is not opened

    def test_archives_in_an_archive_alone_are_told(self, tmp_path: Path) -> None:
        inner = packed(tmp_path / "inner", {"plan": dicom_bytes(plan())}).read_bytes()
        archive = packed(tmp_path / "a.zip", {"1.zip": inner, "2.zip": inner})
        found = discover([archive], Limits())
        assert [notice.message for notice in found.notices] == ["passed over: 2 archives in an archive"]
        assert "holds no RT object" in str(found.errors[0])

    def test_an_office_file_is_one_other_file(self, tmp_path: Path) -> None:
        office = {"[Content_Types].xml": b"<x/>", "word/document.xml": b"<x/>", "word/image.png": b"\x89PNG"}
        packed(tmp_path / "letter.docx", office)
        (tmp_path / "plan").write_bytes(dicom_bytes(plan()))
        found = discover([tmp_path], Limits())
        assert [notice.message for notice in found.notices] == ["passed over: 1 other file"]
        assert not found.errors
        (error,) = discover([tmp_path / "letter.docx"], Limits()).errors
        assert "is no RT object" in str(error)

    def test_an_archive_of_images_alone_counts_each(self, tmp_path: Path) -> None:
        found = discover([packed(tmp_path / "a.zip", {"ct": dicom_bytes(image()), "x.txt": b"x"})], Limits())
        assert [notice.message for notice in found.notices] == ["passed over: 1 CT file, 1 other file"]

    def test_the_size_of_members_and_of_all_of_them_is_bounded(self, tmp_path: Path) -> None:
        # S3
        data = dicom_bytes(plan())
        path = packed(tmp_path / "a.zip", {"1": data, "2": dicom_bytes(plan("P2", 2))})
        total = sum(entry.file_size for entry in zipfile.ZipFile(path).infolist())
        assert not discover([path], Limits(archive_bytes=total)).errors
        (error,) = discover([path], Limits(archive_bytes=total - 1)).errors
        assert f"inflates to {total} bytes, more than the {total - 1}" in str(error)
        path = packed(tmp_path / "b.zip", {"1": data})
        assert not read_patients([path], limits=Limits(inflated_bytes=len(data))).errors
        (error,) = read_patients([path], limits=Limits(inflated_bytes=len(data) - 1)).errors
        assert f"inflates to more than the {len(data) - 1} bytes" in str(error)

    def test_the_number_of_members_is_bounded(self, tmp_path: Path) -> None:
        path = packed(tmp_path / "a.zip", {"1": dicom_bytes(plan()), "2": b"", "3": b""})
        assert not discover([path], Limits(files=3)).errors
        (error,) = discover([path], Limits(files=2)).errors
        assert "holds 3 files, more than the 2 looked at" in str(error)

    def test_the_size_of_a_file_is_bounded(self, tmp_path: Path) -> None:
        data = dicom_bytes(plan())
        (tmp_path / "plan").write_bytes(data)
        assert not read_patients([tmp_path], limits=Limits(file_bytes=len(data))).errors
        (error,) = read_patients([tmp_path], limits=Limits(file_bytes=len(data) - 1)).errors
        assert f"is {len(data)} bytes long, more than the {len(data) - 1}" in str(error)


class Entry:
    """An entry of a folder that says nothing about itself without being asked, and then fails."""

    def __init__(self, entry: "os.DirEntry[str]") -> None:
        self.name, self.path = entry.name, entry.path

    def _fails(self, **_: bool) -> bool:
        raise PermissionError(13, "Permission denied", self.path)

    is_symlink = is_dir = is_file = _fails


class TestFolders:
    def test_an_entry_that_cannot_be_looked_at_hides_no_other(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # S13: a folder that may be listed and not entered, on a file system that keeps no kinds
        for name in ("a", "closed", "z"):
            (tmp_path / name).write_bytes(dicom_bytes(plan("P1", ord(name[0]))))
        really = os.scandir

        class Listing:
            def __init__(self, path: Any) -> None:
                self.inner = really(path)

            def __enter__(self) -> Self:
                return self

            def __exit__(self, *_: object) -> None:
                self.inner.close()

            def __iter__(self) -> Iterator[Any]:
                return (Entry(e) if e.name == "closed" else e for e in self.inner)

        monkeypatch.setattr(os, "scandir", Listing)
        reading = read_patients([tmp_path])
        assert [str(error) for error in reading.errors] == ["closed: cannot be read (Permission denied)"]
        assert len(reading.patients[0].plans) == 2
        assert reading.patients[0].incomplete is not None

    @pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
    def test_a_folder_that_may_be_listed_and_not_entered_is_told(self, tmp_path: Path) -> None:
        (tmp_path / "closed").mkdir()
        (tmp_path / "closed" / "plan").write_bytes(dicom_bytes(plan()))
        (tmp_path / "closed").chmod(0o400)
        try:
            (error,) = read_patients([tmp_path]).errors
        finally:
            (tmp_path / "closed").chmod(0o700)
        assert str(error) == f"{Path('closed', 'plan')}: cannot be read (Permission denied)"

    @pytest.mark.parametrize(("name", "levels", "errors"), [("d", 1500, 0), ("folder-name", 1500, 1)])
    def test_folders_nested_more_deeply_than_calls_are_looked_through(
        self, tmp_path: Path, name: str, levels: int, errors: int
    ) -> None:
        # A path of more than 4096 characters cannot be opened; folders are made and removed step by step.
        (tmp_path / "plan").write_bytes(dicom_bytes(plan()))
        handles = [os.open(tmp_path, os.O_RDONLY)]
        try:
            for _ in range(levels):
                os.mkdir(name, dir_fd=handles[-1])
                inner = os.open(name, os.O_RDONLY, dir_fd=handles[-1])
                os.close(handles.pop())
                handles.append(inner)
            reading = read_patients([tmp_path])
        finally:
            os.close(handles.pop())
            remove_chain(tmp_path, name)
        assert len(reading.patients[0].plans) == 1
        assert ["cannot be read (File name too long)" in str(error) for error in reading.errors] == (
            [True] * errors
        )
        assert all(str(error).startswith(f"{name}/{name}/") for error in reading.errors)

    def test_a_name_that_is_too_long_is_refused(self) -> None:
        (error,) = read_patients([Path("x" * 5000)]).errors
        assert error.problem == "cannot be read (File name too long)"

    def test_the_order_is_that_of_the_names(self, tmp_path: Path) -> None:
        # H18
        names = ["b/2", "b/1", "a/9", "a/c/3", "z", "A", "b.x"]
        for number, name in enumerate(names):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_bytes(dicom_bytes(plan("P1", number)))
        (patient,) = discover([tmp_path], Limits()).patients
        assert [file.source.name for file in patient.files] == ["A", "b.x", "z", "a/9", "a/c/3", "b/1", "b/2"]


def remove_chain(folder: Path, name: str) -> None:
    """Remove folders nested too deeply for `shutil`: each is moved to the top and emptied of the next."""
    top = folder / "top"
    os.rename(folder / name, top)
    while (top / name).exists():
        os.rename(top / name, folder / "next")
        top.rmdir()
        os.rename(folder / "next", top)
    top.rmdir()


class TestIdentity:
    """D9: whose a file is."""

    def labels(self, tmp_path: Path, *datasets: Dataset) -> list[tuple[str, int]]:
        for number, dataset in enumerate(datasets):
            (tmp_path / f"{number:04}").write_bytes(dicom_bytes(dataset))
        found = discover([tmp_path], Limits())
        assert not found.errors
        return [(patient.label, len(patient.files)) for patient in found.patients]

    def of(self, issuer: str, number: int, study: str = "", frame: str = "", patient: str = "P1") -> Dataset:
        dataset = plan(patient, number)
        dataset.IssuerOfPatientID = issuer
        dataset.StudyInstanceUID = study or f"1.2.3.{number}"
        dataset.FrameOfReferenceUID = frame or f"1.2.4.{number}"
        return dataset

    def test_one_issuer_and_none_are_one_patient(self, tmp_path: Path) -> None:
        assert self.labels(tmp_path, self.of("A", 1), self.of("", 2)) == [("P1", 2)]

    def test_two_issuers_are_two_patients(self, tmp_path: Path) -> None:
        found = self.labels(tmp_path, self.of("A", 1, "1.2"), self.of("B", 2, "1.2"))
        assert found == [("P1 (issuer A)", 1), ("P1 (issuer B)", 1)]

    @pytest.mark.parametrize("by", ["study", "frame", "another file"])
    def test_a_file_without_issuer_goes_where_study_or_frame_is(self, tmp_path: Path, by: str) -> None:
        files = [self.of("A", 1, "1.2.9", "1.2.8"), self.of("B", 2)]
        if by == "study":
            files.append(self.of("", 3, study="1.2.9"))
        elif by == "frame":
            files.append(self.of("", 3, frame="1.2.8"))
        else:
            files += [self.of("", 3, frame="1.2.8", study="1.2.7"), self.of("", 4, study="1.2.7")]
        assert self.labels(tmp_path, *files) == [("P1 (issuer A)", len(files) - 1), ("P1 (issuer B)", 1)]

    def test_a_file_that_goes_with_none_or_both_is_kept_apart_and_told(self, tmp_path: Path) -> None:
        files = [
            self.of("A", 1, "1.2.9"),
            self.of("B", 2, "1.2.9"),
            self.of("", 3, "1.2.9"),
            self.of("", 4),
        ]
        expected = [("P1 (issuer A)", 1), ("P1 (issuer B)", 1), ("P1 (issuer not stated)", 2)]
        assert self.labels(tmp_path, *files) == expected
        found = discover([tmp_path], Limits())
        codes = [
            [notice.code for file in patient.files for notice in file.notices] for patient in found.patients
        ]
        assert codes == [[], [], ["patient.issuer-missing"] * 2]

    def test_the_study_of_another_patient_tells_nothing(self, tmp_path: Path) -> None:
        files = [
            self.of("A", 1),
            self.of("B", 2),
            self.of("A", 3, "1.2.9", patient="P2"),
            self.of("", 4, "1.2.9"),
        ]
        assert ("P1 (issuer not stated)", 1) in self.labels(tmp_path, *files)

    def test_without_an_id_study_and_frame_join_and_nothing_else(self, tmp_path: Path) -> None:
        chain = [
            self.of("", n, study=f"1.2.{n // 2}", frame=f"1.3.{(n + 1) // 2}", patient="") for n in range(9)
        ]
        apart = self.of("", 50, patient="")
        assert self.labels(tmp_path, *chain, apart) == [
            ("(no patient ID, study 1.2.0)", 9),
            ("(no patient ID, study 1.2.3.50)", 1),
        ]

    def test_without_id_and_study_the_frame_tells(self, tmp_path: Path) -> None:
        files = [self.of("", n, frame=f"1.3.{n // 2}", patient="") for n in range(4)]
        for dataset in files:
            del dataset.StudyInstanceUID
        assert self.labels(tmp_path, *files) == [
            ("(no patient ID, frame of reference 1.3.0)", 2),
            ("(no patient ID, frame of reference 1.3.1)", 2),
        ]

    def test_grouping_does_not_grow_with_the_square_of_the_files(self, lines_run: Any) -> None:
        # Lines run, not time: four times the files may take a little more than four times as many.
        def chained(number: int) -> list[FoundFile]:
            return [
                FoundFile(
                    Source(Path("x"), "x"),
                    Header(Kind.PLAN, "RTPLAN", "", "", f"1.{n // 2}", f"9.{n}", f"2.{(n + 1) // 2}"),
                )
                for n in range(number)
            ]

        few, many = chained(500), chained(2000)
        steps = [lines_run(lambda files=files: _patients(files)) for files in (few, many)]
        assert steps[1] < 6 * steps[0]
        apart = [
            FoundFile(f.source, Header(Kind.PLAN, "RTPLAN", "", "", f"1.{i}", f"9.{i}", f"2.{i}"))
            for i, f in enumerate(many)
        ]
        assert lines_run(lambda: _patients(apart)) < 6 * lines_run(lambda: _patients(apart[:500]))
        named = [FoundFile(f.source, replace(f.header, patient_id=f.header.study_uid)) for f in apart]
        assert lines_run(lambda: _patients(named)) < 6 * lines_run(lambda: _patients(named[:500]))


@pytest.fixture
def lines_run() -> Callable[[Callable[[], object]], int]:
    """Counts the lines that a call runs."""

    def count(call: Callable[[], object]) -> int:
        lines = 0

        def trace(_frame: Any, _event: str, _argument: Any) -> Any:
            nonlocal lines
            lines += 1
            return trace

        before = sys.gettrace()
        sys.settrace(trace)
        try:
            call()
        finally:
            sys.settrace(before)
        return lines

    return count


def test_owners_are_computed_once(tmp_path: Path) -> None:
    (tmp_path / "plan").write_bytes(dicom_bytes(plan()))
    found = discover([tmp_path], Limits())
    assert found.owners() is found.owners()
    assert list(found.owners().values()) == ["P1"]
    assert pydicom.dcmread(io.BytesIO(dicom_bytes(plan()))).SOPInstanceUID in found.owners()

"""Files as they arrive: cut short, damaged, hostile. Rows named C, D and S are those of the hazard catalogue."""

import io
import os
import random
import tracemalloc
import zlib
from pathlib import Path
from typing import Any

import pydicom
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ImplicitVRLittleEndian
from synthetic import dicom_bytes
from synthetic_plan import Group, Reference, rt_plan

from rtfractions.dicom import Limits, Reading, read_patients

Read = Any

WHOLE = dicom_bytes(rt_plan("P1", 100, [Reference(1, "PTV", "24.0", 7)], [Group("3")]))
PLAN, DOSE = "1.2.840.10008.5.1.4.1.1.481.5", "1.2.840.10008.5.1.4.1.1.481.2"

END_OF_META = WHOLE.index(b"\x08\x00\x05\x00CS")


@pytest.mark.parametrize(
    "syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian]
)
def test_every_transfer_syntax_of_plans_is_read(read: Read, ordinary_plan: Dataset, syntax: str) -> None:
    # C12, C13
    (patient,) = read(dicom_bytes(ordinary_plan, syntax)).patients
    assert str(patient.lesions[0].prescription.schedule) == "24 Gy / 3"


def test_a_file_without_preamble_is_read(read: Read) -> None:
    # C16
    (patient,) = read(WHOLE[132:]).patients
    assert len(patient.lesions) == 1
    (patient,) = read(WHOLE[END_OF_META:]).patients
    assert len(patient.lesions) == 1


def test_a_plan_cut_anywhere_is_refused_or_is_a_shorter_file(tmp_path: Path) -> None:
    # F22: pydicom reads a plan that was cut short without a word. Only a cut between two of its outermost elements
    # leaves a file that is whole in itself; then what it lacks is missing, never read as something else.
    whole = pydicom.dcmread(io.BytesIO(WHOLE))
    starts_of_values: list[Any] = [element.file_tell for element in whole]
    boundaries = {start - header for start in starts_of_values for header in (8, 12)}
    end_of_beams = WHOLE.index(b"\x0c\x30\x60\x00SQ")
    path = tmp_path / "cut.dcm"
    for length in range(END_OF_META, len(WHOLE)):
        path.write_bytes(WHOLE[:length])
        found = read_patients([path])
        if found.errors:
            continue
        assert length in boundaries
        ((lesion,),) = (patient.lesions for patient in found.patients)
        schedule = lesion.prescription.schedule
        assert str(schedule) == "24 Gy / 3" if length >= end_of_beams else schedule is None


def test_a_rejected_plan_cut_inside_its_status_is_refused(read: Read, ordinary_plan: Dataset) -> None:
    ordinary_plan.ApprovalStatus = "REJECTED"
    data = dicom_bytes(ordinary_plan)
    assert data.endswith(b"REJECTED")
    for cut in range(1, 16):
        (error,) = read_patients_of(read, data[:-cut]).errors
        assert error.problem == "is cut short"


def read_patients_of(read: Read, data: bytes) -> Reading:
    found: Reading = read(data)
    return found


@pytest.mark.parametrize("keyword", ["BeamSequence", "FractionGroupSequence", "DoseReferenceSequence"])
def test_a_plan_cut_inside_a_sequence_is_refused(read: Read, keyword: str) -> None:
    tags = {
        "DoseReferenceSequence": b"\x0a\x30\x10\x00SQ",
        "FractionGroupSequence": b"\x0a\x30\x70\x00SQ",
        "BeamSequence": b"\x0a\x30\xb0\x00SQ",
    }
    start = WHOLE.index(tags[keyword])
    found = read(WHOLE[: start + 40])
    assert [error.problem for error in found.errors] == ["is cut short"]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**32))
def test_damaged_files_are_read_or_refused_and_nothing_else(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    data = bytearray(WHOLE)
    for _ in range(chance.choice([1, 1, 2, 5, 50])):
        data[chance.randrange(len(data))] = chance.randrange(256)
    if chance.random() < 0.2:
        del data[chance.randrange(len(data)) :]
    (tmp_path / "damaged.dcm").write_bytes(data)
    for error in read_patients([tmp_path]).errors:
        assert str(error).isprintable()


@pytest.mark.parametrize(
    "data",
    [
        WHOLE[:132] + random.Random(1).randbytes(3000),
        WHOLE[:132] + bytes(3000),
        WHOLE[:132],
        WHOLE.replace(PLAN.encode(), bytes(len(PLAN))).replace(b"RTPLAN", b"      "),
        WHOLE.replace(PLAN.encode(), b"?" * len(PLAN)).replace(b"RTPLAN", b"      "),
    ],
    ids=["noise", "zeros", "nothing", "blank class", "garbled class"],
)
def test_a_file_that_says_nowhere_what_it_is_may_be_a_plan(read: Read, data: bytes) -> None:
    (error,) = read(data).errors
    assert error.problem


def test_a_deflate_bomb_is_refused_before_it_inflates(tmp_path: Path) -> None:
    # S3: 522 094 bytes on disk took pydicom 1 GiB
    deflated = dicom_bytes(rt_plan("P1", 1, [], [Group("3")]), DeflatedExplicitVRLittleEndian)
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    meta_end = 132 + 12 + int.from_bytes(deflated[140:144], "little")
    plain = zlib.decompress(deflated[meta_end:], wbits=-zlib.MAX_WBITS)
    pixels = b"\xe0\x7f\x10\x00OW\0\0" + (2**29).to_bytes(4, "little")
    bomb = packer.compress(plain + pixels) + packer.compress(bytes(2**29)) + packer.flush()
    (tmp_path / "bomb.dcm").write_bytes(deflated[:meta_end] + bomb)
    tracemalloc.start()
    try:
        (error,) = read_patients([tmp_path]).errors
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert "inflates to more" in str(error)
    assert peak < 300e6


def test_a_deflated_plan_cut_short_is_refused(read: Read) -> None:
    deflated = dicom_bytes(rt_plan("P1", 1, [], [Group("3")]), DeflatedExplicitVRLittleEndian)
    (error,) = read(deflated[:-8]).errors
    assert error.problem == "is cut short"


def test_deep_nesting_is_refused(read: Read) -> None:
    # S5: 200 levels raise RecursionError in pydicom
    inner = b""
    for _ in range(3000):
        inner = b"\x0a\x30\x10\x00\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff" + inner
    data = WHOLE[:END_OF_META].replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2\0\0\0") + inner
    (error,) = read(data).errors
    assert str(error).startswith("0.dcm: is nested too deeply: no RT object needs so many levels")


def test_a_defect_of_ours_is_no_fault_of_the_file(
    read: Read, ordinary_plan: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(_: Dataset) -> None:
        raise KeyError("ours")

    monkeypatch.setattr("rtfractions.dicom.patients.read_plan", breaks)
    with pytest.raises(KeyError):
        read(ordinary_plan)


@pytest.mark.parametrize(
    ("meta", "dataset", "modality", "said"),
    [
        (PLAN, PLAN, "RTDOSE", "two things"),
        (PLAN, DOSE, "RTPLAN", "two things"),
        (DOSE, PLAN, "RTPLAN", "two things"),
        (PLAN, PLAN, "", ""),
        ("", PLAN, "RTPLAN", ""),
        ("", "", "RTPLAN", "no SOP Class UID"),
    ],
)
def test_a_file_says_one_thing_about_what_it_is(
    read: Read, ordinary_plan: Dataset, meta: str, dataset: str, modality: str, said: str
) -> None:
    # C20
    ordinary_plan.Modality = modality
    data = dicom_bytes(ordinary_plan).replace(
        b"UI\x1e\x00" + PLAN.encode(), b"UI\x1e\x00" + dataset.encode().ljust(29, b"\0")
    )
    start = data.index(b"UI\x1e\x00")
    data = data[: start + 4] + meta.encode().ljust(29, b"\0") + data[start + 33 :]
    errors = read(data).errors
    assert [said in str(error) for error in errors] == ([True] if said else [])


class TestIdentity:
    def test_patients_are_told_apart_by_what_files_say(self, read: Read) -> None:
        # D9
        reading = read(
            *(
                rt_plan(patient, i, [Reference(1, "PTV", "24.0", 7)], [Group("3")])
                for i, patient in enumerate("BAB")
            )
        )
        assert [(patient.label, len(patient.lesions)) for patient in reading.patients] == [("A", 1), ("B", 2)]
        assert [lesion.label for lesion in reading.patients[1].lesions] == ["PTV", "PTV (2)"]

    def test_near_patient_ids_are_not_the_same(self, read: Read) -> None:
        # D10
        reading = read(rt_plan("12", 1, [], [Group("3")]), rt_plan("0012", 2, [], [Group("3")]))
        assert [patient.label for patient in reading.patients] == ["0012", "12"]

    def test_without_a_patient_id_the_study_tells(self, read: Read) -> None:
        plans = [rt_plan("", number, [], [Group("3")]) for number in (1, 2)]
        assert len(read(*plans).patients) == 2

    def test_the_same_file_twice_counts_once(self, read: Read) -> None:
        reading = read(WHOLE, WHOLE)
        assert len(reading.patients[0].lesions) == 1
        assert not reading.errors

    def test_one_uid_with_two_contents_refuses_both(self, read: Read, ordinary_plan: Dataset) -> None:
        # D8
        changed = rt_plan("P1", 100, [Reference(1, "PTV", "30.0", 7)], [Group("10")])
        reading = read(ordinary_plan, changed)
        assert [error.where.file for error in reading.errors] == ["0.dcm", "1.dcm"]
        assert reading.patients[0].lesions == ()
        assert reading.patients[0].incomplete is not None

    def test_one_refused_plan_hides_no_other(self, read: Read, ordinary_plan: Dataset) -> None:
        broken = rt_plan("P1", 1, [Reference(1, "PTV", "2400", 7)], [Group("3")])
        reading = read(broken, ordinary_plan, WHOLE[:-20])
        assert [len(patient.lesions) for patient in reading.patients] == [1]
        assert len(reading.errors) == 2
        assert reading.patients[0].incomplete is not None

    def test_a_damaged_copy_contests_nothing(self, read: Read, ordinary_plan: Dataset) -> None:
        reading = read(WHOLE[:-20], ordinary_plan)
        assert [str(error) for error in reading.errors] == ["0.dcm: is cut short"]
        assert len(reading.patients[0].lesions) == 1

    def test_broken_files_of_one_name_are_each_named(self, tmp_path: Path) -> None:
        for folder in ("a", "b"):
            (tmp_path / folder).mkdir()
            (tmp_path / folder / "plan.dcm").write_bytes(WHOLE[:-20])
        assert len(read_patients([tmp_path / "a", tmp_path / "b"]).errors) == 2

    def test_a_cut_plan_still_says_whose_it_is(self, read: Read) -> None:
        other = rt_plan("P2", 2, [Reference(1, "PTV", "24.0", 7)], [Group("3")])
        reading = read(WHOLE[:-20], other)
        assert {patient.label: patient.incomplete is not None for patient in reading.patients} == {
            "P1": True,
            "P2": False,
        }


class TestFolders:
    def test_what_is_no_plan_is_passed_over(self, tmp_path: Path, ordinary_plan: Dataset) -> None:
        (tmp_path / "notes.txt").write_text("not DICOM")
        (tmp_path / "empty").write_bytes(b"")
        image = rt_plan("P1", 1, [], [])
        image.SOPClassUID, image.Modality = "1.2.840.10008.5.1.4.1.1.2", "CT"
        (tmp_path / "plan.dcm").write_bytes(dicom_bytes(image))
        (tmp_path / "sub").mkdir()
        (tmp_path / "sub" / "image-001").write_bytes(dicom_bytes(ordinary_plan))
        reading = read_patients([tmp_path])
        assert not reading.errors
        assert [file.name for file in reading.inputs] == [str(Path("sub", "image-001"))]
        (notice,) = reading.notices
        assert notice.message == "passed over: 1 CT file, 2 other files"

    def test_a_file_named_outright_must_be_an_rt_object(self, tmp_path: Path) -> None:
        (tmp_path / "notes.txt").write_text("not DICOM")
        (error,) = read_patients([tmp_path / "notes.txt"]).errors
        assert "is no RT object" in str(error)

    def test_a_folder_without_plans_is_said(self, tmp_path: Path) -> None:
        (error,) = read_patients([tmp_path]).errors
        assert "holds no RT object" in str(error)

    def test_links_are_not_followed(self, tmp_path: Path) -> None:
        # S12
        outside, inside = tmp_path / "outside", tmp_path / "inside"
        outside.mkdir()
        inside.mkdir()
        (outside / "plan.dcm").write_bytes(WHOLE)
        (inside / "link.dcm").symlink_to(outside / "plan.dcm")
        (inside / "folder").symlink_to(outside)
        (inside / "loop").symlink_to(inside)
        reading = read_patients([inside])
        assert reading.patients == ()
        assert reading.notices[0].message == "passed over: 3 links"

    def test_pipes_do_not_hang(self, tmp_path: Path) -> None:
        # S14
        os.mkfifo(tmp_path / "pipe.dcm")
        (tmp_path / "plan.dcm").write_bytes(WHOLE)
        assert len(read_patients([tmp_path]).patients) == 1

    @pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
    def test_what_cannot_be_read_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "plan.dcm").write_bytes(WHOLE)
        for name in ("closed.dcm", "folder"):
            path = tmp_path / name
            path.mkdir() if name == "folder" else path.write_bytes(WHOLE)
            path.chmod(0)
        errors = [str(error) for error in read_patients([tmp_path]).errors]
        assert errors == [
            "closed.dcm: cannot be read (Permission denied)",
            "folder: cannot be read (Permission denied)",
        ]

    def test_what_cannot_be_read_leaves_the_one_patient_incomplete(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "a.dcm").write_bytes(WHOLE)
        (tmp_path / "b.dcm").write_bytes(WHOLE)
        really = os.open

        def refuses(path: Any, *arguments: Any, **options: Any) -> int:
            if str(path).endswith("b.dcm"):
                raise PermissionError(13, "Permission denied")
            return really(path, *arguments, **options)

        monkeypatch.setattr(os, "open", refuses)
        reading = read_patients([tmp_path])
        assert [str(error) for error in reading.errors] == ["b.dcm: cannot be read (Permission denied)"]
        assert reading.patients[0].incomplete is not None

    def test_a_folder_that_cannot_be_listed_is_named(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "closed").mkdir()
        (tmp_path / "plan.dcm").write_bytes(WHOLE)
        really = os.scandir

        def refuses(path: Any) -> Any:
            if str(path).endswith("closed"):
                raise PermissionError(13, "Permission denied", path)
            return really(path)

        monkeypatch.setattr(os, "scandir", refuses)
        (error,) = read_patients([tmp_path]).errors
        assert str(error) == "closed: cannot be read (Permission denied)"

    def test_a_folder_of_too_many_files_is_said(self, tmp_path: Path) -> None:
        for i in range(3):
            (tmp_path / f"{i}.txt").write_text("x")
        (error,) = read_patients([tmp_path], limits=Limits(files=2)).errors
        assert "more than the 2 files" in str(error)

    def test_the_order_of_files_has_no_part_in_the_result(self, tmp_path: Path) -> None:
        # R11, H18
        doses = ("24.0", "30.0", "20.0")
        plans = [
            dicom_bytes(rt_plan("P1", i, [Reference(1, "PTV", dose, 7)], [Group("3")]))
            for i, dose in enumerate(doses)
        ]
        for order, folder in ((plans, "a"), (plans[::-1], "b")):
            (tmp_path / folder).mkdir()
            for i, plan in enumerate(order):
                (tmp_path / folder / str(i)).write_bytes(plan)
        a, b = (read_patients([tmp_path / folder]).patients[0] for folder in "ab")
        assert [lesion.label for lesion in a.lesions] == ["PTV", "PTV (2)", "PTV (3)"]
        assert a.lesions == b.lesions


def test_what_pydicom_finds_odd_is_not_printed(read: Read, capfd: pytest.CaptureFixture[str]) -> None:
    # S16: pydicom's warnings quote values
    plan = rt_plan("CANARY", 1, [Reference(1, "PTV", "24.0", 7)], [Group("3")])
    data = dicom_bytes(plan).replace(b"20260102", b"CANARY!!")
    read(data, data[:-30])
    captured = capfd.readouterr()
    assert captured.out + captured.err == ""

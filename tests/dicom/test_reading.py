"""Files as they arrive: cut short, damaged, hostile. Rows named C, D and S are those of the hazard catalogue."""

import os
import random
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from make_samples import Group, Reference, dicom_bytes, rt_plan
from pydicom.dataset import Dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ImplicitVRLittleEndian

from rtfractions.dicom import read_patients, reading

Read = Any

WHOLE = dicom_bytes(rt_plan("P1", 100, [Reference(1, "PTV", "24.0", 7)], [Group("3")]))
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


def test_a_plan_cut_anywhere_is_never_read_as_another_plan(tmp_path: Path) -> None:
    # F22: pydicom reads a plan that was cut short without a word. Cut between two of its outermost elements it
    # is a shorter DICOM file; then the beams or the structure set it names are gone, or nothing that was read here.
    path = tmp_path / "cut.dcm"
    for length in range(END_OF_META, len(WHOLE)):
        path.write_bytes(WHOLE[:length])
        found = read_patients([tmp_path])
        for patient in found.patients:
            for lesion in patient.lesions:
                schedule = lesion.prescription.schedule
                assert schedule is None or str(schedule) == "24 Gy / 3", f"cut at {length} of {len(WHOLE)}"


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


def test_a_deflate_bomb_is_refused_before_it_inflates(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    # S3: 522 094 bytes on disk took pydicom 1 GiB
    monkeypatch.setattr(reading, "MAXIMUM_PLAN_BYTES", 1_000_000)
    deflated = dicom_bytes(rt_plan("P1", 1, [], [Group("3")]), DeflatedExplicitVRLittleEndian)
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    bomb = packer.compress(bytes(10_000_000)) + packer.flush()
    meta_end = 132 + 12 + int.from_bytes(deflated[140:144], "little")
    found = read(deflated[:meta_end] + bomb)
    assert "inflates to more" in str(found.errors[0])


def test_deep_nesting_is_refused(read: Read) -> None:
    # S5: 200 levels raise RecursionError in pydicom
    inner = b""
    for _ in range(3000):
        inner = b"\x0a\x30\x10\x00\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff" + inner
    data = WHOLE[:END_OF_META].replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2\0\0\0") + inner
    (error,) = read(data).errors
    assert str(error).startswith("0.dcm: is ")


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

    def test_a_file_named_outright_must_be_a_plan(self, tmp_path: Path) -> None:
        (tmp_path / "notes.txt").write_text("not DICOM")
        (error,) = read_patients([tmp_path / "notes.txt"]).errors
        assert "no DICOM file" in str(error)

    def test_a_folder_without_plans_is_said(self, tmp_path: Path) -> None:
        (error,) = read_patients([tmp_path]).errors
        assert "holds no RT Plan" in str(error)

    def test_links_are_not_followed(self, tmp_path: Path) -> None:
        # S12
        outside, inside = tmp_path / "outside", tmp_path / "inside"
        outside.mkdir()
        inside.mkdir()
        (outside / "plan.dcm").write_bytes(WHOLE)
        (inside / "link.dcm").symlink_to(outside / "plan.dcm")
        (inside / "folder").symlink_to(outside)
        (inside / "loop").symlink_to(inside)
        assert read_patients([inside]).patients == ()

    def test_pipes_do_not_hang(self, tmp_path: Path) -> None:
        # S14
        os.mkfifo(tmp_path / "pipe.dcm")
        (tmp_path / "plan.dcm").write_bytes(WHOLE)
        assert len(read_patients([tmp_path]).patients) == 1

    def test_the_order_of_files_has_no_part_in_the_result(self, tmp_path: Path) -> None:
        # R11, H18
        plans = [
            dicom_bytes(rt_plan(f"P{i}", i, [Reference(1, "PTV", "24.0", 7)], [Group("3")])) for i in range(3)
        ]
        for order, folder in ((plans, "a"), (plans[::-1], "b")):
            (tmp_path / folder).mkdir()
            for i, plan in enumerate(order):
                (tmp_path / folder / str(i)).write_bytes(plan)
        assert read_patients([tmp_path / "a"]).patients == tuple(
            patient for patient in read_patients([tmp_path / "b"]).patients
        )


def test_what_pydicom_finds_odd_is_not_printed(read: Read, capfd: pytest.CaptureFixture[str]) -> None:
    # S16: pydicom's warnings quote values
    plan = rt_plan("CANARY", 1, [Reference(1, "PTV", "24.0", 7)], [Group("3")])
    data = dicom_bytes(plan).replace(b"20260102", b"CANARY!!")
    read(data, data[:-30])
    captured = capfd.readouterr()
    assert captured.out + captured.err == ""

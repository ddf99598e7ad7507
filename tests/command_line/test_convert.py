"""``rtfractions convert``: a plan's dose as BED or EQD2, or a refusal that says why."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import RTPlanStorage
from synthetic import dicom_bytes, reference, uid
from synthetic_patient import patient as sample_patient
from synthetic_plan import Group, Reference, brachy_plan, ion_plan, rt_plan
from synthetic_record import Beam, beams_record
from synthetic_trio import (
    PTV,
    Files,
    box_points,
    field_gy,
    trio,
    trio_dose,
    trio_plan,
    trio_structures,
    write,
)

from rtfractions.dicom import read_patients
from rtfractions.grid import DoseGrid

Run = Callable[..., Any]
Floats = NDArray[np.float64]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Where the RT Dose goes."""
    return tmp_path / "converted.dcm"


@pytest.fixture
def convert(run: Run, tmp_path: Path, out: Path) -> Run:
    """``convert(files, "--alpha-beta", "3")``: EQD2 of these files in JSON."""

    def call(files: Files, *arguments: str, quantity: str = "eqd2") -> Any:
        folder = write(files, tmp_path / "in")
        return run("convert", folder, "-o", out, "--quantity", quantity, "--format", "json", *arguments)

    return call


def written(path: Path) -> DoseGrid:
    (found,) = read_patients([path]).patients
    (dose,) = found.doses
    return dose.grid


def eqd2(dose: Any, n: int, ratio: float) -> Any:
    return dose * (dose / n + ratio) / (2 + ratio)


def codes(result: Any) -> set[str]:
    return {warning["code"] for warning in result.json["warnings"]}


def in_frame(dataset: Dataset) -> Dataset:
    """An object of the second plan, in the frame of reference and study of the first."""
    dataset.FrameOfReferenceUID, dataset.StudyInstanceUID = uid(4, 1), uid(2, 1)
    return dataset


def two_plans() -> Files:
    """The trio, and a second plan of the same patient with a dose on the same grid."""
    files = trio()
    files["plan2.dcm"] = in_frame(trio_plan(number=2, fractions="25"))
    files["dose2.dcm"] = in_frame(trio_dose(number=2, part=0.5))
    return files


class TestNumbers:
    def test_every_voxel_is_converted_at_its_own_dose_per_fraction(self, convert: Run, out: Path) -> None:
        # G5: by a closed form, at points between voxels to what interpolation leaves
        result = convert(trio(), "--alpha-beta", "3")
        assert result.code == 0, result.err
        grid = written(out)
        positions = np.array([grid.position_mm(f, r, c) for f, r, c in np.ndindex(*grid.shape)])
        expected = eqd2(np.round(field_gy(positions), 3), 10, 3.0)
        step = result.json["conversion"]["output"]["dose_grid_scaling"]
        assert np.abs(grid.block_gy(slice(None)).ravel() - expected).max() <= 0.5 * step * 1.001
        dose, inside = grid.sample_gy(box_points())
        assert inside.all()
        assert dose == pytest.approx(eqd2(field_gy(box_points()), 10, 3.0), abs=0.02)

    def test_bed(self, convert: Run, out: Path) -> None:
        convert(trio(), "--alpha-beta", "10", quantity="bed")
        dose = field_gy(box_points())
        assert written(out).sample_gy(box_points())[0] == pytest.approx(dose * (1 + dose / 100), abs=0.02)

    def test_structures_have_their_own_alpha_beta_and_the_first_counts(self, convert: Run, out: Path) -> None:
        ordered = (
            "--alpha-beta",
            "OAR=2",
            "--alpha-beta",
            "PTV=10",
            "--alpha-beta",
            "EXTERNAL=5",
            "--alpha-beta",
            "3",
        )
        result = convert(trio(), *ordered)
        entries = result.json["conversion"]["alpha_betas"]
        assert [(e["structure"], e["alpha_beta_gy"]) for e in entries] == [
            ("OAR", 2.0),
            ("PTV", 10.0),
            ("EXTERNAL", 5.0),
            (None, 3.0),
        ]
        assert sum(e["voxels"] for e in entries) == 20 * 22 * 24
        voxel_cm3 = 0.06
        assert entries[1]["voxels"] * voxel_cm3 == pytest.approx(68.2, rel=0.1)
        grid = written(out)
        for point, ratio in (
            ((1.5, 2, 1), 10.0),
            ((38, 10, 0), 2.0),
            ((1.5, 30, 1), 5.0),
            ((55, 40, 1), 3.0),
        ):
            frame, row, column = np.round(grid.indices_of(np.array([point], float))[0]).astype(int)
            dose = field_gy(grid.position_mm(frame, row, column))
            assert grid.block_gy(slice(frame, frame + 1))[0, row, column] == pytest.approx(
                eqd2(dose, 10, ratio), abs=2e-3
            )

    def test_two_plans_are_converted_one_by_one_and_added(self, convert: Run, out: Path) -> None:
        # A30, 1.13 (3); the second grid is another
        files = two_plans()
        files["dose2.dcm"] = in_frame(trio_dose(number=2, moved_mm=(0.7, -0.4, 0.9), part=0.5))
        small = trio_dose(frames=slice(4, 16))
        small.Rows, small.Columns = 14, 16
        stored = np.frombuffer(small.PixelData, "<u4").reshape(12, 22, 24)[:, 4:18, 4:20]
        small.PixelData = stored.tobytes()
        x, y, z = map(float, small.ImagePositionPatient)
        small.ImagePositionPatient = [x + 4 * 5.0, y + 4 * 4.0, z]
        files["dose.dcm"] = small
        result = convert(files, "--plan", uid(1, 1), "--plan", uid(1, 2), "--alpha-beta", "3")
        assert result.code == 0, result.err
        dose, inside = written(out).sample_gy(box_points())
        whole = field_gy(box_points()[inside])
        assert inside.sum() > 100
        assert dose == pytest.approx(eqd2(whole, 10, 3) + eqd2(whole / 2, 25, 3), abs=0.02)
        assert [phase["fractions"] for phase in result.json["conversion"]["phases"]] == [10, 25]
        assert pydicom.dcmread(out).DoseSummationType == "MULTI_PLAN"
        other_way = convert(files, "--plan", uid(1, 2), "--plan", uid(1, 1), "--alpha-beta", "3")
        assert other_way.code == 3
        assert "smaller grid first" in other_way.err

    def test_doses_of_fraction_groups_are_converted_one_by_one(self, convert: Run, out: Path) -> None:
        # F4: each group has its own fractions
        files = trio()
        groups = [Group("5", ("2.0",), {1: "10.0"}), Group("20", ("0.5",), {1: "10.0"})]
        files["plan.dcm"] = rt_plan("P1", 1, [Reference(1, "PTV", "20.0", PTV)], groups)
        del files["dose.dcm"]
        for number in (1, 2):
            files[f"dose{number}.dcm"] = trio_dose(
                summation="FRACTION", fraction_group=number, instance=number, part=0.5
            )
        result = convert(files, "--alpha-beta", "3")
        assert result.code == 0, result.err
        half = field_gy(box_points()) / 2
        found = written(out).sample_gy(box_points())[0]
        assert found == pytest.approx(eqd2(half, 5, 3) + eqd2(half, 20, 3), abs=0.02)
        refused = convert(files, "--alpha-beta", "3", "--fractions", "25")
        assert refused.code == 3

    def test_doses_of_beams_are_converted_together(self, convert: Run, out: Path) -> None:
        files = trio()
        del files["dose.dcm"]
        for beam, part in ((1, 0.4), (2, 0.35), (3, 0.25)):
            files[f"beam{beam}.dcm"] = trio_dose(summation="BEAM", beams=[beam], instance=beam, part=part)
        assert convert(files, "--alpha-beta", "3").code == 0
        found = written(out).sample_gy(box_points())[0]
        assert found == pytest.approx(eqd2(field_gy(box_points()), 10, 3), abs=0.02)
        out.unlink()
        one = convert(files, "--alpha-beta", "3", "--dose", f"{uid(6, 1)}.2")  # A17: it is not the sum
        assert one.code == 3
        assert "only one of 3" in one.err
        assert not out.exists()

    def test_one_plan_of_several_fraction_groups_is_refused(self, convert: Run, out: Path) -> None:
        # F4: the plan's dose in one grid
        files = trio()
        groups = [Group("5", ("2.0",), {1: "10.0"}), Group("20", ("0.5",), {1: "10.0"})]
        files["plan.dcm"] = rt_plan("P1", 1, [Reference(1, "PTV", "20.0", PTV)], groups)
        result = convert(files, "--alpha-beta", "3")
        assert result.code == 3
        assert "2 fraction groups" in result.err
        assert not out.exists()


class TestFractions:
    def test_they_come_from_the_plan(self, convert: Run) -> None:
        (phase,) = convert(trio(), "--alpha-beta", "3").json["conversion"]["phases"]
        assert (phase["fractions"], phase["fractions_from_plan"]) == (10, True)

    @pytest.mark.parametrize("without_plan", [True, False])
    def test_where_the_plan_has_none_the_user_gives_them(
        self, convert: Run, out: Path, without_plan: bool
    ) -> None:
        # F1, D5
        files = trio()
        if without_plan:
            del files["plan.dcm"]
        else:
            plan = files["plan.dcm"]
            assert isinstance(plan, Dataset)
            plan.FractionGroupSequence[0].NumberOfFractionsPlanned = None
        refused = convert(files, "--alpha-beta", "3")
        assert refused.code == 3
        assert "--fractions" in refused.err
        assert refused.json["conversion"] is None
        assert not out.exists()
        result = convert(files, "--alpha-beta", "3", "--fractions", "10")
        assert result.code == 0, result.err
        assert "fractions.from-user" in codes(result)
        assert not result.json["conversion"]["phases"][0]["fractions_from_plan"]

    def test_another_number_than_the_plans_is_refused_unless_overridden(
        self, convert: Run, out: Path
    ) -> None:
        refused = convert(trio(), "--alpha-beta", "3", "--fractions", "5")
        assert refused.code == 3
        assert "the plan has 10" in refused.err
        assert not out.exists()
        result = convert(trio(), "--alpha-beta", "3", "--fractions", "5", "--override-plan-fractions")
        assert result.code == 0
        assert "fractions.overridden" in codes(result)
        assert "n=5 (given by the user, not by the plan)" in pydicom.dcmread(out).DerivationDescription
        found = written(out).sample_gy(box_points())[0]
        assert found == pytest.approx(eqd2(field_gy(box_points()), 5, 3), abs=0.03)

    def test_a_plan_that_was_refused_takes_its_dose_with_it(self, convert: Run, out: Path) -> None:
        # F2: impossible, not missing: --fractions does not help
        files = trio()
        files["plan.dcm"] = trio_plan(fractions="0")
        result = convert(files, "--alpha-beta", "3", "--fractions", "10")
        assert result.code == 3
        assert not out.exists()

    def test_several_fractions_a_day_are_noted(self, convert: Run) -> None:
        # F19
        files = trio()
        plan = files["plan.dcm"]
        assert isinstance(plan, Dataset)
        plan.FractionGroupSequence[0].NumberOfFractionPatternDigitsPerDay = 2
        plan.FractionGroupSequence[0].RepeatFractionCycleLength = 1
        plan.FractionGroupSequence[0].FractionPattern = "11111111110000"
        assert "lq.complete-repair-assumed" in codes(convert(files, "--alpha-beta", "3"))

    def test_that_fewer_were_delivered_is_noted(self, convert: Run) -> None:
        # 1.13 (5), F17
        files = trio()
        for fraction in (1, 2):
            files[f"record{fraction}.dcm"] = beams_record(
                "P1",
                10 + fraction,
                [Beam(n, str(fraction)) for n in (1, 2, 3)],
                plan_number=1,
                date=f"2026011{fraction}",
            )
        result = convert(files, "--alpha-beta", "3")
        assert "dose.planned-not-delivered" in codes(result)


class TestWhichDose:
    def test_effective_dose_is_refused_unless_declared(self, convert: Run, out: Path) -> None:
        # A16
        files = trio()
        files["dose.dcm"] = trio_dose(dose_type="EFFECTIVE")
        refused = convert(files, "--alpha-beta", "3")
        assert refused.code == 3
        assert "--effective-as rbe" in refused.err
        assert not out.exists()
        result = convert(files, "--alpha-beta", "3", "--effective-as", "rbe")
        assert result.code == 0
        assert "lq.rbe-weighted" in codes(result)
        assert result.json["conversion"]["phases"][0]["dose_type"] == "EFFECTIVE"
        assert "RBE" in pydicom.dcmread(out).DoseComment

    def test_physical_dose_of_ions_has_no_rbe_and_says_so(self, convert: Run) -> None:
        files = trio()
        references = [Reference(1, "PTV", "20.0", PTV)]
        files["plan.dcm"] = ion_plan("P1", 1, references, [Group("10", ("0.8", "0.7", "0.5"))])
        result = convert(files, "--alpha-beta", "3")
        assert result.code == 0, result.err
        assert "lq.no-rbe" in codes(result)
        assert "lq.no-rbe" not in codes(convert(trio(), "--alpha-beta", "3"))

    def test_what_was_converted_is_never_converted_again(
        self, run: Run, convert: Run, out: Path, tmp_path: Path
    ) -> None:
        # G12: not even where it is called RBE-weighted
        convert(trio(), "--alpha-beta", "3")
        again = tmp_path / "again.dcm"
        arguments = ("--quantity", "eqd2", "--alpha-beta", "3", "--fractions", "10", "--effective-as", "rbe")
        result = run("convert", out, "-o", again, *arguments)
        assert result.code == 3
        assert "already" in result.err
        assert not again.exists()

    def test_a_converted_dose_beside_the_plans_is_not_taken_for_it(
        self, convert: Run, out: Path, tmp_path: Path
    ) -> None:
        convert(trio(), "--alpha-beta", "3")
        files = {**trio(), "eqd2.dcm": out.read_bytes()}
        result = convert(files, "--alpha-beta", "3")
        assert result.code == 0, result.err
        assert result.json["conversion"]["phases"][0]["dose_uids"] == [uid(6, 1)]
        assert "dose.physical-taken" in codes(result)

    def test_physical_dose_is_not_called_rbe_weighted(self, convert: Run, out: Path) -> None:
        # A16, facts/biology.md 4.2: what the file says of itself is true
        result = convert(trio(), "--alpha-beta", "3", "--effective-as", "rbe")
        assert result.code == 3
        assert "PHYSICAL" in result.err
        assert not out.exists()

    def test_rbe_weighted_and_photon_dose_are_not_added(self, convert: Run, out: Path) -> None:
        # interface.md: never mixed
        files = two_plans()
        files["plan2.dcm"] = in_frame(
            ion_plan("P1", 2, [Reference(1, "PTV", "20.0", PTV)], [Group("10", ("0.8", "0.7", "0.5"))])
        )
        files["dose2.dcm"] = in_frame(trio_dose(number=2, dose_type="EFFECTIVE"))
        both = ("--alpha-beta", "3", "--plan", uid(1, 1), "--plan", uid(1, 2))
        result = convert(files, *both, "--effective-as", "rbe")
        assert result.code == 3
        assert "different types" in result.err
        assert not out.exists()

    def test_another_plan_that_is_left_out_is_told(self, convert: Run) -> None:
        # G14, F18: an organ's EQD2 is not all of it
        one = convert(two_plans(), "--alpha-beta", "3", "--plan", uid(1, 1))
        assert "dose.other-plans" in codes(one)
        both = convert(two_plans(), "--alpha-beta", "3", "--plan", uid(1, 1), "--plan", uid(1, 2))
        assert both.code == 0
        assert "dose.other-plans" not in codes(both)

    @pytest.mark.parametrize("kind", ["LDR", "PDR", "MDR", "MANUAL", "HDR", None])
    def test_brachytherapy_is_converted_only_where_it_is_over_in_minutes(
        self, convert: Run, out: Path, kind: str | None
    ) -> None:
        # A20: 60 Gy in five days are not one fraction of 60 Gy
        files = trio()
        plan = brachy_plan("P1", 1, [Reference(1, "PTV", "20.0", PTV)], [Group("10", ("0.8", "0.7", "0.5"))])
        plan.BrachyTreatmentType = kind
        files["plan.dcm"] = plan
        result = convert(files, "--alpha-beta", "3")
        assert ("lq.brachytherapy" in codes(result)) == (kind is None)
        assert out.exists() == (kind in ("HDR", None))
        assert result.code == (0 if kind in ("HDR", None) else 3)

    def test_a_dose_that_lacks_beams_is_not_the_plans_even_where_it_is_named(
        self, convert: Run, out: Path
    ) -> None:
        # A17
        files = trio()
        files["dose.dcm"] = trio_dose(beams=[1, 2])
        for arguments in ([], ["--dose", uid(6, 1)]):
            result = convert(files, "--alpha-beta", "3", *arguments)
            assert result.code == 3
            assert result.json["conversion"] is None
        assert "lacks the plan's beams 3" in result.err
        assert not out.exists()

    def test_a_sum_over_plans_has_no_fractions(self, convert: Run, out: Path) -> None:
        # A22, 1.13 (8)
        files = trio()
        dose = trio_dose(summation="MULTI_PLAN")
        dose.ReferencedRTPlanSequence.append(reference(RTPlanStorage, uid(1, 2)))
        files["dose.dcm"] = dose
        for arguments in ([], ["--fractions", "10"]):
            result = convert(files, "--alpha-beta", "3", *arguments)
            assert result.code == 3
            assert "sum over several plans" in result.err
        assert not out.exists()

    def test_of_several_doses_none_is_taken_unless_named(self, convert: Run, out: Path) -> None:
        # A23, D12
        files = trio()
        files["other.dcm"] = trio_dose(instance=2, part=1.02)
        refused = convert(files, "--alpha-beta", "3")
        assert refused.code == 3
        assert not out.exists()
        result = convert(files, "--alpha-beta", "3", "--dose", f"{uid(6, 1)}.2")
        assert result.json["conversion"]["phases"][0]["dose_uids"] == [f"{uid(6, 1)}.2"]
        assert result.json["conversion"]["phases"][0]["fractions"] == 10
        found = written(out).sample_gy(box_points())[0]
        assert found == pytest.approx(eqd2(1.02 * field_gy(box_points()), 10, 3), abs=0.02)

    @pytest.mark.parametrize("summation", ["CONTROL_POINT", "RECORD", "BEAM_SESSION"])
    def test_partial_doses_are_not_converted(self, convert: Run, out: Path, summation: str) -> None:
        # A19, A21
        files = trio()
        files["dose.dcm"] = trio_dose(summation=summation)
        for arguments in ([], ["--dose", uid(6, 1)]):
            assert convert(files, "--alpha-beta", "3", *arguments).code == 3
        assert not out.exists()

    def test_two_patients_are_not_mixed(self, convert: Run, out: Path) -> None:
        # D9
        files = trio()
        files |= {f"other_{name}": file for name, file in trio("P2", 2).items()}
        refused = convert(files, "--alpha-beta", "3")
        assert refused.code == 3
        assert "2 patients" in refused.err
        assert convert(files, "--alpha-beta", "3", "--plan", uid(1, 2)).code == 0
        assert pydicom.dcmread(out).PatientID == "P2"

    @pytest.mark.parametrize(("option", "value"), [("--dose", "1.2.3"), ("--plan", "1.2.3")])
    def test_a_uid_that_is_not_there(self, convert: Run, option: str, value: str) -> None:
        assert convert(trio(), "--alpha-beta", "3", option, value).code == 3


class TestStructures:
    def test_a_structure_that_is_not_there_is_refused(self, convert: Run, out: Path) -> None:
        result = convert(trio(), "--alpha-beta", "Cord=2", "--alpha-beta", "3")
        assert result.code == 3
        assert "'Cord'" in result.err
        assert not out.exists()

    def test_without_its_structure_set_no_structure_is_known(self, convert: Run) -> None:
        files = trio()
        del files["structures.dcm"]
        assert convert(files, "--alpha-beta", "PTV=10", "--alpha-beta", "3").code == 3
        assert convert(files, "--alpha-beta", "3").code == 0

    def test_structures_in_another_frame_of_reference_are_refused(self, convert: Run) -> None:
        # D2
        files = trio()
        structures = trio_structures(frames=["1.2.3"])
        for roi in structures.StructureSetROISequence:
            roi.ReferencedFrameOfReferenceUID = "1.2.3"
        files["structures.dcm"] = structures
        assert convert(files, "--alpha-beta", "PTV=10", "--alpha-beta", "3").code == 3
        del files["plan.dcm"]
        result = convert(files, "--alpha-beta", "PTV=10", "--alpha-beta", "3", "--fractions", "10")
        assert result.code == 3
        assert result.json["conversion"] is None

    def test_an_equals_sign_may_stand_in_a_name(self, convert: Run) -> None:
        files = trio()
        dataset = files["structures.dcm"]
        assert isinstance(dataset, Dataset)
        dataset.StructureSetROISequence[1].ROIName = "a=b"
        result = convert(files, "--alpha-beta", "a=b=2", "--alpha-beta", "3")
        assert result.json["conversion"]["alpha_betas"][0]["structure"] == "a=b"


class TestCommand:
    @pytest.mark.parametrize(
        "arguments",
        [
            ("--alpha-beta", "0"),  # G1
            ("--alpha-beta", "-3"),  # G2
            ("--alpha-beta", "nan"),  # G3
            ("--alpha-beta", "PTV=10"),  # none for voxels in no structure
            ("--alpha-beta", "3", "--alpha-beta", "10"),
            ("--alpha-beta", "PTV=10", "--alpha-beta", "PTV=3", "--alpha-beta", "3"),
            ("--alpha-beta", "PTV=10", "--alpha-beta", "PTV =3", "--alpha-beta", "3"),
            ("--alpha-beta", "=10", "--alpha-beta", "3"),
            ("--alpha-beta", "3", "--override-plan-fractions"),
            ("--alpha-beta", "3", "--fractions", "0"),
            ("--alpha-beta", "3", "--fractions", "2.5"),
            ("--alpha-beta", "3", "--plan", "1", "--plan", "2", "--fractions", "3"),
            ("--alpha-beta", "3", "--plan", "1", "--plan", "1"),
            (),
        ],
    )
    def test_usage(self, convert: Run, out: Path, arguments: tuple[str, ...]) -> None:
        result = convert(trio(), *arguments)
        assert result.code == 2
        assert result.out == ""
        assert not out.exists()

    def test_it_warns_that_the_grid_may_be_mistaken(self, convert: Run) -> None:
        result = convert(trio(), "--alpha-beta", "3")
        assert "convert.not-physical" in codes(result)
        assert "may take the written grid for the plan's physical dose" in result.err

    def test_alpha_beta_of_the_catalogue_brings_its_source(self, run: Run, samples: Path, out: Path) -> None:
        # design.md, rules 2 and 6
        name = "catalogue:oral-mucosa-denham-1995"
        arguments = ("--quantity", "eqd2", "--alpha-beta", f"SpinalCord={name}", "--alpha-beta", "3")
        text = run("convert", samples / "patient", "-o", out, *arguments)
        assert "Denham et al 1995" in text.out
        assert "not verified" in text.err
        entries = run("convert", samples / "patient", "-o", out, *arguments, "--format", "json").json
        assert "Denham et al 1995" in entries["conversion"]["alpha_betas"][0]["source"]
        assert "alpha-beta.unverified" in {warning["code"] for warning in entries["warnings"]}

    def test_high_doses_per_fraction_are_noted(self, convert: Run) -> None:
        # G13
        files = trio()
        files["plan.dcm"] = trio_plan(fractions="1")
        assert "lq.high-dose-per-fraction" in codes(convert(files, "--alpha-beta", "3"))

    def test_the_json_is_as_its_schema_says(self, convert: Run, root: Path) -> None:
        schema = json.loads((root / "docs" / "schemas" / "convert.json").read_text("utf-8"))
        done = convert(trio(), "--alpha-beta", "OAR=2", "--alpha-beta", "3")
        refused = convert(trio(), "--alpha-beta", "3", "--fractions", "5")
        for result in (done, refused):
            jsonschema.validate(result.json, schema)
            assert result.json["schema"] == "rtfractions.convert/1"
        assert refused.json["exit_reasons"] == [3]

    def test_reproducible_runs_give_equal_bytes(self, convert: Run, out: Path) -> None:
        texts, files = [], []
        for _ in range(2):
            texts.append(convert(trio(), "--alpha-beta", "3", "--reproducible").out)
            files.append(out.read_bytes())
        assert texts[0] == texts[1]
        assert files[0] == files[1]

    def test_the_time_is_source_date_epoch(
        self, convert: Run, out: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SOURCE_DATE_EPOCH", "1767323045")
        convert(trio(), "--alpha-beta", "3")
        dose = pydicom.dcmread(out)
        assert (dose.InstanceCreationDate, dose.InstanceCreationTime) == ("20260102", "030405")

    def test_an_input_is_never_replaced(self, run: Run, tmp_path: Path) -> None:
        folder = write(trio(), tmp_path / "in")
        before = (folder / "dose.dcm").read_bytes()
        result = run("convert", folder, "-o", folder / "dose.dcm", "--quantity", "bed", "--alpha-beta", "3")
        assert result.code == 3
        assert "is an input" in result.err
        assert (folder / "dose.dcm").read_bytes() == before

    def test_text_for_a_reader(self, run: Run, samples: Path, out: Path) -> None:
        arguments = ("--quantity", "eqd2", "--alpha-beta", "SpinalCord=2", "--alpha-beta", "3")
        result = run("convert", samples / "patient", "-o", out, *arguments)
        assert result.code == 0
        assert "in 3 fractions" in result.out
        assert "SpinalCord" in result.out
        assert "not physical" in result.out

    def test_another_bad_file_is_told_and_hides_nothing(self, convert: Run, out: Path) -> None:
        files: Files = {**trio(), "broken.dcm": dicom_bytes(trio_dose(instance=9))[:3000]}
        result = convert(files, "--alpha-beta", "3")
        assert result.code == 3
        assert result.json["conversion"] is not None
        assert out.exists()

    def test_nothing_of_the_patient_is_printed_or_written_in_texts(
        self, run: Run, tmp_path: Path, out: Path
    ) -> None:
        # S16, S19
        objects = sample_patient("P1", 1)
        for name, dataset in objects.items():
            dataset.PatientName, dataset.PatientBirthDate = "Canary^Name", "19010203"
            dataset.InstitutionName, dataset.OperatorsName = "CanaryHospital", "CanaryOperator"
            if "dose" in name:
                dataset.DoseComment = "CanaryComment"
            (tmp_path / Path(name).name).write_bytes(dicom_bytes(dataset))
        for output_format in ("text", "json"):
            arguments = ("--quantity", "eqd2", "--alpha-beta", "PTV=10", "--alpha-beta", "3")
            result = run("convert", tmp_path, "-o", out, *arguments, "--format", output_format)
            assert "Canary" not in result.out + result.err
            assert "19010203" not in result.out + result.err
            dose = pydicom.dcmread(out)
            out.unlink()
        assert str(dose.PatientName) == "Canary^Name"  # an RT Dose must say of whom it is
        del dose.PatientName
        assert "Canary" not in str(dose)
        assert "PTV" not in str(dose)

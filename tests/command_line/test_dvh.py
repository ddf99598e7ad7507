"""``rtfractions dvh``: metrics of structures against closed forms, and what has none."""

import csv
import io
import itertools
import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import RTPlanStorage
from synthetic import dicom_bytes, reference, uid
from synthetic_balls import ball
from synthetic_patient import patient as sample_patient
from synthetic_plan import Group, Reference, rt_plan
from synthetic_structures import Roi, box
from synthetic_trio import (
    BOX_CENTRE_MM,
    BOX_MEAN_GY,
    BOX_MM,
    BOX_VOLUME_CM3,
    GRADIENT_GY_PER_MM,
    OAR_VOLUME_CM3,
    PTV,
    Files,
    field_gy,
    trio,
    trio_dose,
    trio_plan,
    trio_ptv,
    trio_structures,
    write,
)

from rtfractions.reports import dvh_figure, dvh_panels, figures
from rtfractions.reports.dvh_panels import DosePanel

Run = Callable[..., Any]

WIDTHS_GY = [size * slope for size, slope in zip(BOX_MM, GRADIENT_GY_PER_MM, strict=True)]
"""By how much the dose rises across the box, along each axis."""


def part_below(dose_gy: float) -> float:
    """Part of the box below a dose: the distribution of a sum of three uniform ones, in closed form."""
    s = dose_gy - BOX_MEAN_GY + sum(WIDTHS_GY) / 2
    corners = itertools.product((0, 1), repeat=3)
    terms = (
        (-1) ** sum(corner) * max(s - sum(c * w for c, w in zip(corner, WIDTHS_GY, strict=True)), 0.0) ** 3
        for corner in corners
    )
    return float(sum(terms) / (6 * math.prod(WIDTHS_GY)))


def dose_to(percent: float) -> float:
    """The dose that so much of the box gets at least, by bisection."""
    low, high = BOX_MEAN_GY - sum(WIDTHS_GY) / 2, BOX_MEAN_GY + sum(WIDTHS_GY) / 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if part_below(middle) < 1 - percent / 100 else (low, middle)
    return low


def eqd2(dose: float, n: int, ratio: float) -> float:
    return dose * (dose / n + ratio) / (2 + ratio)


def mean_eqd2(n: int, ratio: float, part: float = 1.0) -> float:
    """Mean EQD2 of the box, whose dose has a known mean and variance."""
    mean_square = BOX_MEAN_GY**2 + sum(w**2 for w in WIDTHS_GY) / 12
    return (part**2 * mean_square / n + ratio * part * BOX_MEAN_GY) / (2 + ratio)


@pytest.fixture
def dvh(run: Run, tmp_path: Path) -> Run:
    """``dvh(files, "--structure", "PTV")``: these files in JSON."""

    def call(files: Files, *arguments: object) -> Any:
        return run("dvh", write(files, tmp_path / "in"), "--format", "json", *arguments)

    return call


def values(result: Any, structure: str = "PTV") -> dict[str, float | None]:
    """Metrics of a structure by name."""
    (entry,) = (entry for entry in result.json["structures"] if entry["name"] == structure)
    return {one["metric"]: one["value"] for one in entry["metrics"]}


def codes(result: Any) -> set[str]:
    return {warning["code"] for warning in result.json["warnings"]}


def entry_of(result: Any, structure: str) -> Any:
    return next(entry for entry in result.json["structures"] if entry["name"] == structure)


class TestPhysical:
    def test_a_box_in_linear_dose(self, dvh: Run) -> None:
        result = dvh(trio())
        assert result.code == 0, result.err
        found = values(result)
        for percent in (98, 95, 50, 2):
            assert found[f"D{percent}%[Gy]"] == pytest.approx(dose_to(percent), rel=2e-3)
        of_003 = 100 * 0.03 / BOX_VOLUME_CM3
        assert found["D0.03cc[Gy]"] == pytest.approx(dose_to(of_003), rel=5e-3)
        assert found["Mean[Gy]"] == pytest.approx(BOX_MEAN_GY, abs=2e-3)
        assert found["Max[Gy]"] == pytest.approx(BOX_MEAN_GY + sum(WIDTHS_GY) / 2, rel=0.01)
        assert found["Min[Gy]"] == pytest.approx(BOX_MEAN_GY - sum(WIDTHS_GY) / 2, rel=0.01)
        assert found["V100%[%]"] == pytest.approx(100 * (1 - part_below(20.0)), abs=0.2)
        entry = entry_of(result, "PTV")
        assert entry["volume_cm3"] == pytest.approx(BOX_VOLUME_CM3, rel=1e-6)
        assert entry["covered_fraction"] == 1
        assert entry["prescription_gy"] == 20

    def test_a_sphere_in_linear_dose(self, dvh: Run) -> None:
        files = trio()
        radius = 20.0
        sphere = Roi(PTV, "PTV", ball(radius, BOX_CENTRE_MM, step=1.0), "PTV")
        files["structures.dcm"] = trio_structures(ptv=sphere)
        found = values(dvh(files, "--metric", "D50%", "--metric", "V22Gy[%]", "--metric", "Mean"))
        centre = float(field_gy([BOX_CENTRE_MM])[0])
        t = (22 - centre) / math.sqrt(sum(slope**2 for slope in GRADIENT_GY_PER_MM))
        beyond = (2 * radius**3 / 3 - radius**2 * t + t**3 / 3) / (4 / 3 * radius**3)
        assert found["D50%[Gy]"] == pytest.approx(centre, rel=2e-3)
        assert found["Mean[Gy]"] == pytest.approx(centre, rel=2e-3)
        assert found["V22Gy[%]"] == pytest.approx(100 * beyond, abs=0.5)

    def test_the_curves_are_the_dvh(self, dvh: Run) -> None:
        (curve,) = entry_of(dvh(trio(), "--curves"), "PTV")["curves"]
        assert curve["quantity"] == "physical"
        assert curve["volume_cm3"][0] == pytest.approx(BOX_VOLUME_CM3)
        assert curve["volume_cm3"][-1] == 0
        for dose in (18.0, 20.0, 22.0):
            volume = np.interp(dose, curve["dose_gy"], curve["volume_cm3"])
            assert volume == pytest.approx(BOX_VOLUME_CM3 * (1 - part_below(dose)), rel=2e-3)

    def test_end_caps_and_interpolation_are_as_asked_and_said(self, dvh: Run) -> None:
        # E26
        half, none = (
            dvh(trio(), "--end-caps", caps, "--dose-interpolation", "linear") for caps in ("half", "none")
        )
        assert half.json["settings"] == {"end_caps": "half", "dose_interpolation": "linear"}
        assert entry_of(none, "PTV")["end_caps"] == "none"
        assert entry_of(none, "PTV")["dose_interpolation"] == "linear"
        assert entry_of(half, "OAR")["volume_cm3"] == pytest.approx(OAR_VOLUME_CM3)
        assert entry_of(none, "OAR")["volume_cm3"] == pytest.approx(OAR_VOLUME_CM3 * 12 / 15)

    def test_a_target_within_another_is_treated_like_it(self, dvh: Run) -> None:
        files = trio()
        small = [box(z=1.0 + 3 * i, width_mm=6, height_mm=6, centre=(1.5, 2)) for i in range(-1, 2)]
        alone = [box(z=1.0 + 3 * i, width_mm=6, height_mm=6, centre=(38, -20)) for i in range(-1, 2)]
        rois = [Roi(7, "GTV", small, "GTV"), Roi(8, "Node", alone, "GTV"), Roi(9, "Vessel", small)]
        files["structures.dcm"] = trio_structures(more=rois)
        result = dvh(files)
        assert entry_of(result, "GTV")["end_caps"] == entry_of(result, "PTV")["end_caps"] == "half"
        assert entry_of(result, "Node")["end_caps"] == "tapered"
        assert entry_of(result, "Vessel")["end_caps"] == "tapered"

    def test_a_structure_smaller_than_a_voxel_is_told(self, dvh: Run) -> None:
        # B23, E37: voxels of 5 x 4 x 3 mm; the dose in the middle is known
        files = trio()
        middle = (BOX_CENTRE_MM[0], BOX_CENTRE_MM[1])
        rois = [
            Roi(
                number,
                name,
                [box(z=1.0 + i, width_mm=width, height_mm=5, centre=middle) for i in range(-2, 3)],
            )
            for number, name, width in ((7, "Tiny", 3.0), (8, "Small", 6.0))
        ]
        files["structures.dcm"] = trio_structures(more=rois)
        result = dvh(files, "--metric", "Mean")
        told = [w for w in result.json["warnings"] if w["code"] == "dvh.smaller-than-voxel"]
        assert [warning["where"]["structure"] for warning in told] == ["Tiny"]
        assert "3 x 5 x 5 mm" in told[0]["message"]
        centre = float(field_gy([(*middle, 1.0)])[0])
        assert values(result, "Tiny")["Mean[Gy]"] == pytest.approx(centre, abs=0.01)

    @pytest.mark.parametrize("bent", [False, True])
    def test_a_target_between_parts_of_another_is_not_within_it(self, dvh: Run, bent: bool) -> None:
        # two boxes, or a U, around a gap in which a small node lies; the node in one of the boxes is within
        planes = [1.0 + 3 * i for i in range(-5, 6)]
        if bent:
            u = [(-30, -20), (30, -20), (30, 20), (15, 20), (15, -10), (-15, -10), (-15, 20), (-30, 20)]
            outer = [np.array([(x + 1.5, y + 2.0, z) for x, y in u]) for z in planes]
        else:
            outer = [
                box(z=z, width_mm=15, height_mm=40, centre=(1.5 + side * 22.5, 2))
                for z in planes
                for side in (-1, 1)
            ]
        nodes = [
            Roi(
                number,
                name,
                [box(z=1.0 + 3 * i, width_mm=6, height_mm=6, centre=(x, 8)) for i in range(-1, 2)],
                "GTV",
            )
            for number, name, x in ((7, "Between", 1.5), (8, "Within", 24.0))
        ]
        files = trio()
        files["structures.dcm"] = trio_structures(ptv=Roi(PTV, "PTV", outer, "PTV"), more=nodes)
        result = dvh(files)
        assert entry_of(result, "PTV")["end_caps"] == entry_of(result, "Within")["end_caps"] == "half"
        assert entry_of(result, "Between")["end_caps"] == "tapered"


class TestConverted:
    def test_bed_and_eqd2_at_each_doses_own_dose_per_fraction(self, dvh: Run) -> None:
        # G5, G6: the mean is that of converted doses
        found = values(
            dvh(trio(), "--alpha-beta", "3", "--metric", "D50%", "--metric", "Mean", "--metric", "V20Gy")
        )
        assert found["D50%[EQD2Gy(a/b=3)]"] == pytest.approx(eqd2(BOX_MEAN_GY, 10, 3), rel=1e-3)
        assert found["D50%[BEDGy(a/b=3)]"] == pytest.approx(eqd2(BOX_MEAN_GY, 10, 3) * 5 / 3, rel=1e-3)
        assert found["Mean[EQD2Gy(a/b=3)]"] == pytest.approx(mean_eqd2(10, 3), rel=1e-3)
        # G7: 20 Gy at 2 Gy a fraction is 20 Gy EQD2, and much more BED
        assert found["V20Gy[%]"] == pytest.approx(found["V20EQD2Gy(a/b=3)[%]"], abs=0.2)
        assert found["V20BEDGy(a/b=3)[%]"] == 100

    def test_a_structures_own_alpha_beta_stands_in_place_of_the_others(self, dvh: Run) -> None:
        result = dvh(trio(), "--alpha-beta", "10", "--alpha-beta", "OAR=2", "--alpha-beta", "OAR=3")
        ratios = {
            entry["name"]: {one["alpha_beta_gy"] for one in entry["metrics"]}
            for entry in result.json["structures"]
        }
        assert ratios["OAR"] == {None, 2.0, 3.0}
        assert ratios["PTV"] == ratios["EXTERNAL"] == {None, 10.0}

    def test_two_spellings_of_a_name_are_one_structure(self, dvh: Run) -> None:
        result = dvh(trio(), "--alpha-beta", "OAR=2", "--alpha-beta", "OAR =3", "--metric", "Mean")
        assert {one["alpha_beta_gy"] for one in entry_of(result, "OAR")["metrics"]} == {None, 2.0, 3.0}

    def test_a_structure_asked_for_twice_is_there_once(self, dvh: Run) -> None:
        result = dvh(trio(), "--structure", "PTV", "--structure", "PTV ", "--metric", "Mean")
        assert [entry["name"] for entry in result.json["structures"]] == ["PTV"]

    @pytest.mark.parametrize("option", ["--dose", "--plan"])
    def test_a_uid_that_is_not_there_is_named_with_what_is(self, dvh: Run, option: str) -> None:
        result = dvh(trio(), option, "1.2.3")
        assert result.code == 3
        assert "'1.2.3'" in result.err
        assert uid(6, 1) in result.err

    def test_alpha_beta_has_its_source(self, run: Run, dvh: Run, samples: Path) -> None:
        # design.md, rules 2 and 6
        name = "catalogue:oral-mucosa-denham-1995"
        metrics = ("--metric", "Mean", "--metric", "D50%[EQD2Gy(a/b=2)]")
        result = dvh(trio(), "--alpha-beta", f"OAR={name}", "--alpha-beta", "3", *metrics)
        assert "alpha-beta.unverified" in codes(result)
        sources = {
            (entry["name"], one["alpha_beta_gy"]): one["alpha_beta_source"]
            for entry in result.json["structures"]
            for one in entry["metrics"]
        }
        assert "Denham et al 1995" in sources["OAR", 9.3]
        assert sources["PTV", 3.0] == "given on the command line"
        assert sources["PTV", 2.0] == "named by the metric"
        assert sources["PTV", None] is None
        for output_format in ("text", "csv"):
            shown = run("dvh", samples / "patient", "--alpha-beta", name, "--format", output_format)
            assert "Denham et al 1995" in shown.out
            assert "not verified" in shown.err

    def test_notes_of_the_model_name_their_structure(self, dvh: Run) -> None:
        # G13: 20 Gy in one fraction
        files = trio()
        files["plan.dcm"] = trio_plan(fractions="1")
        result = dvh(files, "--alpha-beta", "3")
        noted = [w for w in result.json["warnings"] if w["code"] == "lq.high-dose-per-fraction"]
        assert {warning["where"]["structure"] for warning in noted} == {"PTV", "OAR", "EXTERNAL"}

    def test_another_plan_that_is_left_out_is_told(self, dvh: Run) -> None:
        # G14, F18
        files = trio()
        files["plan2.dcm"], files["dose2.dcm"] = trio_plan(number=2, fractions="25"), trio_dose(number=2)
        for name in ("plan2.dcm", "dose2.dcm"):
            dataset = files[name]
            assert isinstance(dataset, Dataset)
            dataset.FrameOfReferenceUID, dataset.StudyInstanceUID = uid(4, 1), uid(2, 1)
        result = dvh(files, "--plan", uid(1, 1))
        assert result.code == 0, result.err
        assert "dose.other-plans" in codes(result)
        assert "dose.other-plans" not in codes(dvh(trio()))

    def test_a_metric_can_name_its_conversion(self, dvh: Run) -> None:
        metric = "D50%[EQD2Gy(a/b=2.5)]"
        assert values(dvh(trio(), "--metric", metric))[metric] == pytest.approx(
            eqd2(BOX_MEAN_GY, 10, 2.5), rel=1e-3
        )

    def test_fraction_groups_are_converted_one_by_one(self, dvh: Run) -> None:
        # F4
        files = trio()
        groups = [Group("5", ("2.0",), {1: "10.0"}), Group("20", ("0.5",), {1: "10.0"})]
        files["plan.dcm"] = rt_plan("P1", 1, [Reference(1, "PTV", "20.0", PTV)], groups)
        del files["dose.dcm"]
        for number in (1, 2):
            files[f"dose{number}.dcm"] = trio_dose(
                summation="FRACTION", fraction_group=number, instance=number, part=0.5
            )
        result = dvh(files, "--alpha-beta", "3", "--metric", "Mean")
        assert result.code == 0, result.err
        found = values(result)
        assert found["Mean[Gy]"] == pytest.approx(BOX_MEAN_GY, abs=5e-3)
        expected = mean_eqd2(5, 3, part=0.5) + mean_eqd2(20, 3, part=0.5)
        assert found["Mean[EQD2Gy(a/b=3)]"] == pytest.approx(expected, rel=1e-3)
        assert result.json["dose"]["fractions"] == 25
        assert result.json["dose"]["sop_instance_uid"] is None

    def test_without_fractions_the_physical_values_stand(self, dvh: Run) -> None:
        # F1
        files = trio()
        del files["plan.dcm"]
        refused = dvh(files, "--alpha-beta", "3")
        assert refused.code == 3
        assert values(refused)["Mean[Gy]"] == pytest.approx(BOX_MEAN_GY, abs=2e-3)
        assert values(refused)["Mean[EQD2Gy(a/b=3)]"] is None
        assert len(refused.json["errors"]) == 1
        assert "--fractions" in refused.json["errors"][0]["message"]
        physical = dvh(files)
        assert physical.code == 0
        assert "dose.plan-missing" in codes(physical)
        given = dvh(files, "--alpha-beta", "3", "--fractions", "10")
        assert given.code == 0
        assert not given.json["dose"]["fractions_from_plan"]
        assert "fractions.from-user" in codes(given)

    def test_another_number_than_the_plans_is_refused_unless_overridden(self, dvh: Run) -> None:
        for arguments in ((), ("--alpha-beta", "3")):
            assert dvh(trio(), "--fractions", "5", *arguments).code == 3
        result = dvh(trio(), "--alpha-beta", "3", "--fractions", "5", "--override-plan-fractions")
        assert result.code == 0
        assert "fractions.overridden" in codes(result)
        assert values(result)["D50%[EQD2Gy(a/b=3)]"] == pytest.approx(eqd2(BOX_MEAN_GY, 5, 3), rel=1e-3)

    def test_effective_dose_is_not_converted_unless_declared(self, dvh: Run) -> None:
        # A16
        files = trio()
        files["dose.dcm"] = trio_dose(dose_type="EFFECTIVE")
        assert dvh(files, "--alpha-beta", "3").code == 3
        assert dvh(files, "--alpha-beta", "3", "--effective-as", "rbe").code == 0
        # nor is a percentage taken of a prescription of another kind
        refused = dvh(files, "--structure", "PTV", "--metric", "V95%[%]")
        assert refused.code == 3
        assert "RBE" in refused.err

    def test_a_sum_over_plans_is_physical_only(self, dvh: Run) -> None:
        # A22
        files = trio()
        dose = trio_dose(summation="MULTI_PLAN")
        dose.ReferencedRTPlanSequence.append(reference(RTPlanStorage, uid(1, 2)))
        files["dose.dcm"] = dose
        assert dvh(files).code == 0
        assert dvh(files, "--alpha-beta", "3", "--fractions", "10").code == 3


class TestPrescription:
    def test_of_the_linked_target_among_several(self, dvh: Run) -> None:
        # F8
        files = trio()
        references = [Reference(1, "PTV", "20.0", PTV), Reference(2, "Boost", "22.0", 2)]
        files["plan.dcm"] = rt_plan("P1", 1, references, [Group("10", ("0.8", "0.7", "0.5"))])
        result = dvh(files, "--metric", "D50%[%]")
        assert values(result, "PTV")["D50%[%]"] == pytest.approx(100 * BOX_MEAN_GY / 20, rel=1e-3)
        assert entry_of(result, "OAR")["prescription_gy"] == 22
        (metric,) = entry_of(result, "EXTERNAL")["metrics"]
        assert metric["value"] is None
        assert "2 target prescriptions" in metric["error"]
        assert result.code == 0

    def test_the_only_target_serves_all_structures(self, dvh: Run) -> None:
        found = values(dvh(trio(), "--metric", "D50%[%]"), "EXTERNAL")
        assert found["D50%[%]"] is not None
        assert "V100%[%]" not in values(dvh(trio()), "EXTERNAL")

    def test_none_is_an_error_of_that_metric(self, dvh: Run) -> None:
        files = trio()
        del files["plan.dcm"]
        result = dvh(files, "--metric", "V95%[%]", "--metric", "Mean")
        assert result.code == 3
        assert values(result)["Mean[Gy]"] is not None
        assert "V100%[%]" not in values(dvh(files))

    def test_beam_doses_are_no_prescription(self, dvh: Run) -> None:
        # F6
        files = trio()
        files["plan.dcm"] = rt_plan("P1", 1, [], [Group("10", ("0.8", "0.7", "0.5"))])
        result = dvh(files, "--structure", "PTV", "--metric", "V95%[%]")
        assert result.code == 3
        assert values(result)["V95%[%]"] is None


class TestWhatHasNoValue:
    def test_a_volume_that_the_structure_has_not(self, dvh: Run) -> None:
        # H1
        for names in ((), ("--structure", "OAR"), ("--structure", "PTV", "--structure", "OAR")):
            arguments = [*names, "--metric", "D2cc"]
            result = dvh(trio(), *arguments)
            (metric,) = entry_of(result, "OAR")["metrics"]
            assert metric["value"] is None
            assert "1.8 cm3" in metric["error"]
            assert result.code == (3 if names else 0)

    def test_a_metric_that_comes_out_for_none_is_an_error(self, dvh: Run) -> None:
        result = dvh(trio(), "--metric", "D5000cc", "--metric", "Mean")
        assert result.code == 3
        assert values(result)["Mean[Gy]"] is not None

    def test_partly_outside_the_grid(self, dvh: Run) -> None:
        # E34, H7, H19
        files = trio()
        files["dose.dcm"] = trio_dose(frames=slice(8, 20))
        entry = entry_of(dvh(files), "PTV")
        by_name = {one["metric"]: one for one in entry["metrics"]}
        assert 0.5 < entry["covered_fraction"] < 0.95
        assert entry["volume_cm3"] == pytest.approx(BOX_VOLUME_CM3, rel=1e-6)
        assert by_name["Max[Gy]"]["bound"] == "at_least"
        assert by_name["Min[Gy]"]["value"] is None
        assert "not evaluable" in by_name["Mean[Gy]"]["error"]

    def test_refused_structures_are_listed(self, dvh: Run) -> None:
        files = trio()
        files["structures.dcm"] = trio_structures(more=[Roi(8, "Empty", None)])
        result = dvh(files)
        assert result.code == 0
        assert entry_of(result, "Empty")["error"]
        assert entry_of(result, "Empty")["volume_cm3"] is None
        named = dvh(files, "--structure", "Empty", "--structure", "PTV")
        assert named.code == 3
        assert values(named)["Mean[Gy]"] is not None
        assert any(error["where"]["structure"] == "Empty" for error in named.json["errors"])

    def test_only_refused_structures(self, dvh: Run) -> None:
        # E36
        files = trio()
        far = Roi(PTV, "PTV", [box(z=500.0 + 3 * i, width_mm=10, height_mm=10) for i in range(3)], "ORGAN")
        structures = trio_structures(ptv=far)
        for name in ("StructureSetROISequence", "ROIContourSequence", "RTROIObservationsSequence"):
            setattr(structures, name, structures[name].value[:1])
        files["structures.dcm"] = structures
        files["plan.dcm"] = rt_plan(
            "P1", 1, [Reference(1, "x", "20.0")], [Group("10", ("0.8", "0.7", "0.5"))]
        )
        assert dvh(files).code == 3

    def test_a_structure_that_is_not_there(self, dvh: Run) -> None:
        result = dvh(trio(), "--structure", "Cord", "--structure", "PTV")
        assert result.code == 3
        assert "'Cord'" in result.err
        assert values(result)["Mean[Gy]"] is not None

    def test_alpha_beta_of_a_structure_that_is_not_shown_costs_no_other_value(self, dvh: Run) -> None:
        for arguments in (
            ("--alpha-beta", "Cord=2", "--alpha-beta", "PTV=3"),
            ("--structure", "PTV", "--alpha-beta", "OAR=2", "--alpha-beta", "PTV=3"),
        ):
            result = dvh(trio(), *arguments)
            assert result.code == 3
            assert len(result.json["errors"]) == 1
            assert values(result)["Mean[EQD2Gy(a/b=3)]"] is not None

    @pytest.mark.parametrize("metric", ["V95%[%]", "D50%[EQD2Gy(a/b=2)]"])
    @pytest.mark.parametrize("structure", [(), ("--structure", "PTV")])
    def test_an_alpha_beta_that_converts_nothing_is_an_error(
        self, dvh: Run, metric: str, structure: tuple[str, ...]
    ) -> None:
        # interface.md: a conversion that was asked for came out for none
        result = dvh(trio(), *structure, "--metric", metric, "--alpha-beta", "3")
        assert result.code == 3
        assert "converts nothing" in result.err
        assert values(result)[metric] is not None
        assert dvh(trio(), *structure, "--metric", metric, "--metric", "Mean", "--alpha-beta", "3").code == 0

    def test_a_dose_that_lacks_beams_is_not_the_plans_even_where_it_is_named(self, dvh: Run) -> None:
        # A17
        files = trio()
        files["dose.dcm"] = trio_dose(beams=[1, 2])
        result = dvh(files, "--dose", uid(6, 1))
        assert result.code == 3
        assert result.json["structures"] == []

    def test_a_dose_that_cannot_be_converted_is_told_once(self, run: Run, tmp_path: Path) -> None:
        files = trio()
        del files["plan.dcm"]
        result = run("dvh", write(files, tmp_path / "in"), "--alpha-beta", "3", "--structure", "PTV")
        assert result.code == 3
        assert result.out.count("the number of fractions of the dose is not known") == 1
        assert "a/b Gy" not in result.out  # no table without a value
        assert "BED, EQD2: " in result.out

    def test_without_a_structure_set(self, dvh: Run) -> None:
        files = trio()
        del files["structures.dcm"]
        result = dvh(files)
        assert result.code == 3
        assert result.json["structures"] == []

    def test_a_refused_plan_takes_physical_doses_with_it(self, dvh: Run) -> None:
        # F2
        files = trio()
        files["plan.dcm"] = trio_plan(fractions="0")
        result = dvh(files)
        assert result.code == 3
        assert result.json["structures"] == []

    def test_several_doses(self, dvh: Run) -> None:
        # A23
        files = trio()
        files["other.dcm"] = trio_dose(instance=2, part=1.1)
        assert dvh(files).code == 3
        result = dvh(files, "--dose", f"{uid(6, 1)}.2")
        assert values(result)["Mean[Gy]"] == pytest.approx(1.1 * BOX_MEAN_GY, rel=1e-3)

    def test_two_patients(self, dvh: Run) -> None:
        # D9
        files = trio()
        files |= {f"other_{name}": file for name, file in trio("P2", 2).items()}
        assert dvh(files).code == 3
        assert dvh(files, "--plan", uid(1, 2)).code == 0

    def test_another_bad_file_hides_nothing(self, dvh: Run) -> None:
        result = dvh({**trio(), "broken.dcm": dicom_bytes(trio_dose(instance=9))[:3000]})
        assert result.code == 3
        assert values(result)["Mean[Gy]"] is not None


class TestCommand:
    @pytest.mark.parametrize(
        "arguments",
        [
            ("--alpha-beta", "0"),
            ("--alpha-beta", "=3"),
            ("--alpha-beta", "PTV="),
            ("--override-plan-fractions",),
            ("--fractions", "2.5"),
            ("--end-caps", "round"),
            ("--plot", "dvh.gif"),
            ("--limit", "nothing=3"),
        ],
    )
    def test_usage(self, dvh: Run, arguments: tuple[str, ...]) -> None:
        result = dvh(trio(), *arguments)
        assert result.code == 2
        assert result.out == ""

    @pytest.mark.parametrize("metric", ["V20", "D95", "D0cc"])
    def test_a_metric_that_cannot_be_read_costs_no_other(self, dvh: Run, metric: str) -> None:
        # H8; interface.md: a metric that was asked for and could not be read is exit code 3
        result = dvh(trio(), "--metric", metric, "--metric", "Mean[Gy]")
        assert result.code == 3
        assert "rtfractions: error: " in result.err
        assert set(values(result)) == {"Mean[Gy]"}
        alone = dvh(trio(), "--metric", metric)
        assert alone.code == 3
        assert values(alone) == {}
        assert [error["code"] for error in alone.json["errors"]] == ["metric"]
        assert f"'{metric}'" in alone.err

    def test_a_second_opinion_has_no_csv(self, run: Run, samples: Path) -> None:
        assert run("dvh", samples / "patient", "--second-opinion", "--format", "csv").code == 2

    def test_curves_are_json(self, run: Run, samples: Path) -> None:
        assert run("dvh", samples / "patient", "--curves").code == 2

    def test_the_json_is_as_its_schema_says(self, dvh: Run, root: Path) -> None:
        schema = json.loads((root / "docs" / "schemas" / "dvh.json").read_text("utf-8"))
        done = dvh(trio(), "--alpha-beta", "3", "--curves", "--second-opinion")
        refused = dvh(trio(), "--dose", "1.2.3")
        for result in (done, refused):
            jsonschema.validate(result.json, schema)
            assert result.json["schema"] == "rtfractions.dvh/1"
        assert refused.json["exit_reasons"] == [3]
        assert refused.json["dose"] is None

    def test_the_text_is_a_table(self, run: Run, samples: Path) -> None:
        result = run("dvh", samples / "patient", "--alpha-beta", "3")
        assert result.code == 0, result.err
        header = next(line for line in result.out.splitlines() if line.startswith("structure"))
        assert header.split()[:4] == ["structure", "cm3", "covered", "D98%[Gy]"]
        assert "3 fractions" in result.out
        assert "EQD2 (LQ)" in result.out
        assert "refused: Heart" in result.out

    def test_the_csv_is_long(self, run: Run, samples: Path) -> None:
        result = run("dvh", samples / "patient", "--metric", "Mean", "--alpha-beta", "3", "--format", "csv")
        rows = list(csv.DictReader(io.StringIO(result.out)))
        ptv = [row for row in rows if row["structure"] == "PTV"]
        assert [(row["metric"], row["quantity"]) for row in ptv] == [
            ("Mean[Gy]", "physical"),
            ("Mean[BEDGy(a/b=3)]", "bed"),
            ("Mean[EQD2Gy(a/b=3)]", "eqd2"),
        ]
        assert all(row["error"] for row in rows if row["structure"] == "Heart")

    @pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf"])
    def test_a_figure_has_the_same_bytes_each_time(
        self, run: Run, samples: Path, tmp_path: Path, suffix: str
    ) -> None:
        path, written = tmp_path / f"dvh{suffix}", []
        for _ in range(2):
            assert run("dvh", samples / "patient", "--alpha-beta", "3", "--plot", path).code == 0
            written.append(path.read_bytes())
        assert written[0] == written[1]
        assert len(written[0]) > 5000

    def test_the_figure_labels_its_curves(self, run: Run, tmp_path: Path) -> None:
        files = trio()
        files["structures.dcm"] = trio_structures(
            more=[Roi(8, "a$b_c$", [box(z=3.0 * i, width_mm=9, height_mm=9) for i in range(3)])]
        )
        path = tmp_path / "dvh.svg"
        run(
            "dvh", write(files, tmp_path / "in"), "--alpha-beta", "3", "--alpha-beta", "OAR=2", "--plot", path
        )
        svg = path.read_text("utf-8")
        for text in ("PTV", "OAR (a/b=2)", "a$b_c$", "EQD2 [Gy]", "prescribed 20 Gy / 10"):
            assert text in svg
        run("dvh", tmp_path / "in", "--alpha-beta", "3", "--plot", path)
        assert "EQD2 [Gy], alpha/beta 3 Gy" in path.read_text("utf-8")

    def test_no_two_curves_look_alike(
        self, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        drawn: list[Sequence[DosePanel]] = []

        def drawing(panels: Sequence[DosePanel], **how: Any) -> Any:
            drawn.append(panels)
            return dvh_panels.dvh_figure(panels, **how)

        monkeypatch.setattr(dvh_figure, "dvh_figure", drawing)
        files = trio()
        outline = [box(z=3.0 * i, width_mm=9, height_mm=9) for i in range(3)]
        files["structures.dcm"] = trio_structures(more=[Roi(n, f"S{n}", outline) for n in range(4, 10)])
        folder, path = write(files, tmp_path / "in"), tmp_path / "dvh.svg"
        run("dvh", folder, "--alpha-beta", "3", "--alpha-beta", "10", "--metric", "Mean", "--plot", path)
        for panel, count in zip(drawn[0], (9, 18), strict=True):
            looks = {(curve.colour % len(figures.COLOURS), curve.line) for curve in panel.curves}
            assert len(looks) == len(panel.curves) == count

    def test_the_axis_of_weighted_dose_is_not_called_effective_dose(self, run: Run, tmp_path: Path) -> None:
        # A16; effective dose is a quantity of radiation protection
        folder = write({**trio(), "dose.dcm": trio_dose(dose_type="EFFECTIVE")}, tmp_path / "in")
        path = tmp_path / "dvh.svg"
        run("dvh", folder, "--plot", path)
        assert "dose weighted for biological effect [Gy]" in path.read_text("utf-8")

    @pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf"])
    def test_a_name_in_letters_the_font_lacks_has_its_number(
        self, run: Run, tmp_path: Path, suffix: str
    ) -> None:
        # E42; a warning of matplotlib would fail this test
        files = trio()
        structures = trio_structures(ptv=trio_ptv(name="\u809d\u810f"))
        structures.SpecificCharacterSet = "ISO_IR 192"
        files["structures.dcm"] = structures
        path = tmp_path / f"dvh{suffix}"
        assert run("dvh", write(files, tmp_path / "in"), "--plot", path).code == 0
        if suffix == ".svg":
            assert "\u809d\u810f (no. 1)" in path.read_text("utf-8")

    def test_a_figure_never_replaces_an_input_or_the_result(self, run: Run, tmp_path: Path) -> None:
        folder = write(trio(), tmp_path / "in")
        (folder / "old.png").write_bytes(b"old")
        assert run("dvh", folder, "--plot", folder / "old.png").code == 3
        assert (folder / "old.png").read_bytes() == b"old"
        both = tmp_path / "out.svg"
        assert run("dvh", folder, "--plot", both, "-o", both).code == 2

    @pytest.mark.parametrize("reproducible", [(), ("--reproducible",)])
    def test_a_figure_with_a_time_that_is_none(
        self,
        run: Run,
        samples: Path,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        reproducible: tuple[str, ...],
    ) -> None:
        # matplotlib reads it too; without --reproducible the document needs it as well
        monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
        arguments = ("--structure", "PTV", "--plot", tmp_path / "dvh.svg", *reproducible)
        result = run("dvh", samples / "patient", *arguments)
        assert result.code == (3 if reproducible else 2)
        assert "SOURCE_DATE_EPOCH" in result.err
        assert not (tmp_path / "dvh.svg").exists()

    def test_reproducible_runs_give_equal_bytes(self, dvh: Run) -> None:
        assert len({dvh(trio(), "--alpha-beta", "3", "--reproducible").out for _ in range(2)}) == 1

    def test_nothing_of_the_patient_is_printed(self, run: Run, tmp_path: Path) -> None:
        # S16
        objects = sample_patient("P1", 1)
        for dataset in objects.values():
            dataset.PatientName, dataset.PatientBirthDate = "Secret^Name", "19501231"
        files: dict[str, Dataset | bytes] = {Path(path).name: dataset for path, dataset in objects.items()}
        result = run("dvh", write(files, tmp_path / "in"), "--format", "json", "--second-opinion")
        assert "Secret" not in result.out + result.err
        assert "19501231" not in result.out + result.err

"""DVHs of others: dicompyler-core's, and those stored in an RT Dose (hazards A27 and A28)."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pydicom.dicomio
import pytest
from pydicom.dataset import Dataset
from synthetic import dicom_bytes, uid
from synthetic_trio import (
    BOX_MEAN_GY,
    BOX_VOLUME_CM3,
    EXTERNAL,
    OAR,
    PTV,
    trio,
    trio_dose,
    trio_structures,
    write,
)

from rtfractions.dicom import Limits
from rtfractions.dicom.second_opinion import (
    SecondOpinionError,
    dicompyler_dvhs,
    from_dicompyler,
    to_dicompyler,
)
from rtfractions.dicom.stored_dvhs import RefusedDVH, StoredDVH, stored_dvhs
from rtfractions.dosimetry import DVH, Settings

DATA = os.environ.get("RTFRACTIONS_EXTERNAL_DATA")

Run = Callable[..., Any]
Edit = Callable[[Dataset], None]

WIDTH_GY = 0.5
"""Width of the bins of the stored DVH."""

VOLUMES_CM3 = [40.0, 40.0, 30.0, 10.0, 0.0]
"""Volume with at least 0, 0.5, 1, 1.5 and 2 Gy."""


def stored_item(number: int = PTV, **changes: Any) -> Dataset:
    """A cumulative DVH in Gy and cm3, whose widths are stored in units of 0.01 Gy; None takes an attribute out."""
    item = Dataset()
    item.DVHType, item.DoseUnits, item.DoseType, item.DVHVolumeUnits = "CUMULATIVE", "GY", "PHYSICAL", "CM3"
    item.DVHDoseScaling = "0.01"
    item.DVHNumberOfBins = len(VOLUMES_CM3)
    item.DVHData = [str(v) for volume in VOLUMES_CM3 for v in (WIDTH_GY * 100, volume)]
    of = Dataset()
    of.DVHROIContributionType, of.ReferencedROINumber = "INCLUDED", number
    item.DVHReferencedROISequence = [of]
    for keyword, value in changes.items():
        if value is None:
            delattr(item, keyword)
        else:
            setattr(item, keyword, value)
    return item


def read(*items: Dataset, dose_type: str = "PHYSICAL") -> tuple[StoredDVH | RefusedDVH, ...]:
    dose = trio_dose(dose_type=dose_type)
    dose.DVHSequence = list(items)
    return stored_dvhs(
        dicom_bytes(dose), structure_set_uid=uid(5, 1), volumes_cm3={PTV: 80.0}, limits=Limits()
    )


def data(*values: float) -> list[str]:
    return [str(value) for value in values]


class TestStored:
    def test_the_scaling_is_of_doses_and_not_of_volumes(self) -> None:
        # A27
        (found,) = read(stored_item())
        assert isinstance(found, StoredDVH)
        assert found.structure_number == PTV
        assert found.edges_gy == pytest.approx([0, 0.5, 1, 1.5, 2, 2.5])
        assert found.volumes_cm3 == pytest.approx(VOLUMES_CM3)

    def test_differential(self) -> None:
        # A28
        differential = data(50, 0, 50, 10, 50, 20, 50, 10, 50, 0)
        (found,) = read(stored_item(DVHType="DIFFERENTIAL", DVHData=differential))
        assert isinstance(found, StoredDVH)
        assert found.volumes_cm3 == pytest.approx(VOLUMES_CM3)

    def test_percent_is_of_our_volume(self) -> None:
        # A28
        percent = [str(v) for volume in VOLUMES_CM3 for v in (50, volume / 0.4)]
        (found,) = read(stored_item(DVHVolumeUnits="PERCENT", DVHData=percent))
        assert isinstance(found, StoredDVH)
        assert found.volumes_cm3 == pytest.approx([2 * volume for volume in VOLUMES_CM3])
        assert not found.volume_stated

    def test_rounding_below_zero_is_none(self) -> None:
        (found,) = read(stored_item(DVHData=data(50, 40, 50, 40, 50, 30, 50, 10, 50, -1e-12)))
        assert isinstance(found, StoredDVH)

    @pytest.mark.parametrize(
        "changes",
        [
            {"DoseUnits": "RELATIVE"},
            {"DoseUnits": None},
            {"DoseType": "EFFECTIVE"},
            {"DVHVolumeUnits": "PER_U"},
            {"DVHVolumeUnits": None},
            {"DVHType": "NATURAL"},
            {"DVHType": None},
            {"DVHDoseScaling": None},
            {"DVHDoseScaling": "0"},
            {"DVHNumberOfBins": 4},
            {"DVHData": None},
            {"DVHNumberOfBins": 3, "DVHData": data(50, 30, 50, 40, 50, 0)},  # rises
            {"DVHNumberOfBins": 3, "DVHData": data(50, 30, -50, 20, 50, 0)},
            {"DVHNumberOfBins": 2, "DVHData": data(50, 0, 50, 0)},
            {"DVHNumberOfBins": 2, "DVHData": data(0, 40, 0, 0)},
            {"DVHNumberOfBins": 2, "DVHData": ["50", "4e999", "50", "0"]},
            {"DVHDoseScaling": "1e400"},
            {"DVHReferencedROISequence": None},
        ],
    )
    def test_what_is_not_handled_is_refused(self, changes: dict[str, Any]) -> None:
        # A28
        (found,) = read(stored_item(**changes))
        assert isinstance(found, RefusedDVH)
        assert found.error.message

    def test_of_several_structures_or_of_the_outside(self) -> None:
        several = stored_item()
        several.DVHReferencedROISequence.append(several.DVHReferencedROISequence[0])
        outside = stored_item()
        outside.DVHReferencedROISequence[0].DVHROIContributionType = "EXCLUDED"
        assert all(isinstance(found, RefusedDVH) for found in read(several, outside))

    def test_of_another_structure_set(self) -> None:
        dose = trio_dose()
        dose.DVHSequence = [stored_item()]
        (found,) = stored_dvhs(dicom_bytes(dose), structure_set_uid="1.2.3", volumes_cm3={}, limits=Limits())
        assert isinstance(found, RefusedDVH)

    def test_one_that_is_refused_hides_no_other(self) -> None:
        first, second = read(stored_item(DVHType="NATURAL"), stored_item(OAR))
        assert isinstance(first, RefusedDVH)
        assert first.structure_number == PTV
        assert isinstance(second, StoredDVH)


def ours(dose_gy: list[float], volume_cm3: list[float]) -> DVH:
    dose, volume = np.array(dose_gy), np.array(volume_cm3)
    middle = (dose[1:] + dose[:-1]) / 2
    return DVH(
        dose_gy=dose,
        volume_cm3_at=volume,
        volume_cm3=volume_cm3[0],
        covered_fraction=1.0,
        minimum_gy=dose_gy[0],
        maximum_gy=dose_gy[-1],
        mean_gy=float(-np.diff(volume) @ middle / volume[0]),
        settings=Settings(end_caps="half", dose_interpolation="linear"),
    )


class TestDicompyler:
    def test_there_and_back(self) -> None:
        for curve in (ours([0.0, 1.0, 3.0], [10.0, 4.0, 0.0]), ours([5.0, 6.0, 9.0], [10.0, 4.0, 0.0])):
            theirs = to_dicompyler(curve, name="PTV", prescription_gy=20.0)
            assert theirs.volume == pytest.approx(curve.volume_cm3)
            assert theirs.max == pytest.approx(curve.maximum_gy)
            assert theirs.mean == pytest.approx(curve.mean_gy)
            assert (theirs.name, theirs.rx_dose) == ("PTV", 20.0)
            for back in (from_dicompyler(theirs), from_dicompyler(theirs.differential)):
                assert back.dose_gy == pytest.approx(curve.dose_gy)
                assert back.volume_cm3_at == pytest.approx(curve.volume_cm3_at)
                assert (back.minimum_gy, back.maximum_gy) == (curve.minimum_gy, curve.maximum_gy)
                assert back.mean_gy == pytest.approx(curve.mean_gy)

    def test_relative_and_empty_ones_are_refused(self) -> None:
        theirs = to_dicompyler(ours([0.0, 1.0, 3.0], [10.0, 4.0, 0.0]), prescription_gy=2.0)
        for relative in (theirs.relative_dose(), theirs.relative_volume):
            with pytest.raises(SecondOpinionError, match="units"):
                from_dicompyler(relative)
        theirs.counts = 0 * theirs.counts
        with pytest.raises(SecondOpinionError, match="empty"):
            from_dicompyler(theirs)

    def test_it_runs_and_leaves_pydicom_as_it_was(self) -> None:
        for name in [name for name in sys.modules if name.startswith("dicompylercore")]:
            del sys.modules[name]
        found = dicompyler_dvhs(
            dicom_bytes(trio_structures()), dicom_bytes(trio_dose()), [PTV, EXTERNAL, 99], limits=Limits()
        )
        box = found[PTV]
        assert isinstance(box, DVH)
        # the box is known; it counts voxels of 5 x 4 mm
        assert box.volume_cm3 == pytest.approx(BOX_VOLUME_CM3, rel=0.12)
        assert box.mean_gy == pytest.approx(BOX_MEAN_GY, abs=0.5)
        assert isinstance(found[99], SecondOpinionError)
        assert not hasattr(pydicom.dicomio, "read_file")


@pytest.fixture
def opinions(run: Run, tmp_path: Path) -> Callable[..., Any]:
    """``opinions(dose)``: what is printed of the trio with this dose."""

    def call(dose: Dataset, *arguments: str) -> Any:
        folder = write({**trio(), "dose.dcm": dose}, tmp_path / "in")
        return run("dvh", folder, "--second-opinion", "--structure", "PTV", *arguments)

    return call


class TestCommand:
    def test_parts_add_up_to_the_difference(self, opinions: Run) -> None:
        entries = opinions(trio_dose(), "--format", "json").json["second_opinion"]
        (entry,) = entries
        assert entry["source"].startswith("dicompyler-core")
        assert [value["value"] for value in entry["values"]] == [
            "volume",
            "Mean",
            "D98%",
            "D50%",
            "D2%",
            "Max",
        ]
        for value in entry["values"]:
            assert value["difference"] == pytest.approx(value["theirs"] - value["ours"])
            total = sum(part["amount"] for part in value["explained_by"])
            assert total == pytest.approx(value["difference"], abs=1e-9)
        assert entry["values"][0]["ours"] == pytest.approx(BOX_VOLUME_CM3, rel=1e-6)

    def test_a_stored_dvh_that_differs_is_told(self, opinions: Run) -> None:
        # A27: over 2 %
        dose = trio_dose()
        dose.DVHSequence = [stored_item()]
        result = opinions(dose, "--format", "json")
        stored = result.json["second_opinion"][-1]
        assert stored["source"] == "stored in the RT Dose"
        volume, mean = stored["values"][:2]
        assert volume["theirs"] == 40
        assert mean["theirs"] == pytest.approx((10 * 0.75 + 20 * 1.25 + 10 * 1.75) / 40)
        assert volume["notable"]
        told = [w["message"] for w in result.json["warnings"] if w["code"] == "dvh.second-opinion"]
        assert any("stored in the RT Dose" in message for message in told)
        assert result.code == 0

    def test_ends_that_explain_a_stored_volume_are_named(self, opinions: Run) -> None:
        # stored without end caps: 10 of 11 slices
        dose = trio_dose()
        without = round(BOX_VOLUME_CM3 * 10 / 11, 6)
        dose.DVHSequence = [stored_item(DVHNumberOfBins=2, DVHData=data(2000, without, 80, without))]
        volume = opinions(dose, "--format", "json").json["second_opinion"][-1]["values"][0]
        ends, rest = volume["explained_by"]
        assert "none" in ends["cause"]
        assert ends["amount"] == pytest.approx(-BOX_VOLUME_CM3 / 11, rel=1e-6)
        assert rest["amount"] == pytest.approx(0, abs=1e-5)

    def test_a_refused_stored_dvh_is_listed(self, opinions: Run) -> None:
        dose = trio_dose()
        dose.DVHSequence = [stored_item(DVHType="NATURAL")]
        result = opinions(dose, "--format", "json")
        assert "NATURAL" in result.json["second_opinion"][-1]["error"]
        assert result.code == 0

    def test_text(self, opinions: Run) -> None:
        dose = trio_dose()
        dose.DVHSequence = [stored_item()]
        out = opinions(dose).out
        assert "neither is the truth" in out
        assert "the system's own method" in out
        assert "explained by" in out

    def test_a_dose_of_several_files_has_no_second_opinion(self, run: Run, tmp_path: Path) -> None:
        files = trio()
        del files["dose.dcm"]
        for beam, part in ((1, 0.4), (2, 0.35), (3, 0.25)):
            files[f"beam{beam}.dcm"] = trio_dose(summation="BEAM", beams=[beam], instance=beam, part=part)
        result = run("dvh", write(files, tmp_path / "in"), "--second-opinion", "--format", "json")
        assert result.code == 3
        assert "several files" in result.err
        assert result.json["structures"][0]["volume_cm3"] == pytest.approx(BOX_VOLUME_CM3, rel=1e-6)

    @pytest.mark.skipif(DATA is None, reason="RTFRACTIONS_EXTERNAL_DATA names no folder of real files")
    def test_a_real_plan_agrees_or_is_explained(self, run: Run) -> None:
        assert DATA is not None
        names = ("Breast", "Heart", "Lt Lung", "Tumor Bed", "Tumor Bed Block")
        arguments = [word for name in names for word in ("--structure", name)]
        folder = Path(DATA) / "dicompyler-core"
        result = run("dvh", folder, "--second-opinion", "--format", "json", *arguments)
        entries = result.json["second_opinion"]
        assert len(entries) == 2 * len(names)
        for entry in entries:
            volume, mean = entry["values"][:2]
            assert mean["theirs"] == pytest.approx(mean["ours"], rel=0.01)
            ends = sum(part["amount"] for part in volume["explained_by"] if "ends" in part["cause"])
            assert volume["theirs"] == pytest.approx(volume["ours"] + ends, rel=0.01)

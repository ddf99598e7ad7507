"""RT Doses of converted dose: exact to half a step, and marked as what they are."""

import datetime
import io
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    RTPlanStorage,
)
from synthetic import dicom_bytes, reference, uid
from synthetic_dose import rt_dose
from synthetic_trio import trio_dose

from rtfractions.dicom.decimal_strings import decimal_text, scaling_of
from rtfractions.dicom.dose import read_dose
from rtfractions.dicom.limits import Limits
from rtfractions.dicom.marking import MANUFACTURER, MODEL_NAME, Marking
from rtfractions.dicom.reading import DicomError, dataset_of
from rtfractions.dicom.writing import WrittenDose, dose_file
from rtfractions.doses import Dose, DoseSummation, DoseType
from rtfractions.dosimetry.phases import OWN_PROGRAM

Floats = NDArray[np.float64]

MARKING = Marking(
    quantity="eqd2",
    alpha_betas_gy=(3.0,),
    structure_numbers=(),
    fractions=(10,),
    written_at=datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC),
)
REPRODUCIBLE = replace(MARKING, written_at=None)


TYPES_1_AND_2 = """
PatientName PatientID PatientBirthDate PatientSex StudyInstanceUID StudyDate StudyTime
ReferringPhysicianName StudyID AccessionNumber Modality SeriesInstanceUID SeriesNumber OperatorsName
FrameOfReferenceUID PositionReferenceIndicator Manufacturer InstanceNumber PixelSpacing SliceThickness
ImageOrientationPatient ImagePositionPatient SamplesPerPixel PhotometricInterpretation Rows Columns
BitsAllocated BitsStored HighBit PixelRepresentation NumberOfFrames FrameIncrementPointer DoseUnits
DoseType DoseSummationType GridFrameOffsetVector DoseGridScaling PixelData SOPClassUID SOPInstanceUID
"""
"""What every RT Dose with a grid must hold, perhaps empty (PS3.3 A.18.3)."""


def written(
    doses: Floats, *sources: Dataset, marking: Marking = MARKING, syntax: str | None = None
) -> WrittenDose:
    """Doses of shape (frame, row, column), written three frames at a time."""

    def blocks() -> Iterator[Floats]:
        for start in range(0, len(doses), 3):
            yield doses[start : start + 3]

    files = [dicom_bytes(source, *([syntax] if syntax else [])) for source in sources or (a_source(),)]
    return dose_file(files, blocks, marking, limits=Limits())


def a_source(**others: Any) -> Dataset:
    return rt_dose("P1", 7, np.arange(5 * 4 * 3).reshape(5, 4, 3), **others)


def random_doses(shape: tuple[int, ...] = (5, 4, 3), *, seed: int = 1, maximum: float = 80.0) -> Floats:
    return np.random.default_rng(seed).random(shape) * maximum


def dataset(dose: WrittenDose) -> Dataset:
    return pydicom.dcmread(io.BytesIO(dose.data))


def read(dose: WrittenDose) -> Dose:
    return read_dose(dataset_of(dose.data, Limits()), limits=Limits())


class TestScaling:
    @given(st.floats(min_value=1e-6, max_value=1e7))
    def test_it_fits_and_reaches_the_maximum(self, maximum: float) -> None:
        scaling = scaling_of(maximum)
        assert len(f"{scaling:E}") <= 16
        assert np.rint(maximum / float(scaling)) <= 2**32 - 1
        assert float(scaling) * (2**32 - 1) == pytest.approx(maximum, rel=1e-9)

    @pytest.mark.parametrize("maximum", [1e-3, 0.7, 55.123456789, 1234.5])
    @pytest.mark.parametrize("seed", [1, 2, 3])
    def test_what_is_read_back_is_within_half_a_step(self, maximum: float, seed: int) -> None:
        # A10, on every voxel
        doses = random_doses(seed=seed, maximum=maximum)
        dose = written(doses)
        back = read(dose).grid.block_gy(slice(None))
        step = float(str(dataset(dose).DoseGridScaling))
        assert step == float(dose.scaling_gy)
        assert np.abs(back - doses).max() <= 0.5 * step * (1 + 1e-6)
        assert dataset(dose).pixel_array.max() >= (2**32 - 1) * 0.999999

    def test_a_grid_of_zeros_has_a_scaling(self) -> None:
        # A2: never 0
        dose = written(np.zeros((5, 4, 3)))
        assert read(dose).grid.maximum_gy == 0
        assert dose.scaling_gy > 0

    @pytest.mark.parametrize(
        "text", ["1.2345678901234567", "-123.456789012345678", "0.000012345678901234", "1E-30", "-0.5", "300"]
    )
    def test_decimals_fit_in_16_characters(self, text: str) -> None:
        # A9
        found = decimal_text(Decimal(text))
        assert len(found) <= 16
        assert float(found) == pytest.approx(float(text), rel=1e-9)


class TestMarking:
    def test_nobody_can_take_it_for_physical_dose(self) -> None:
        # G16, facts/biology.md 4.2
        dose = dataset(written(random_doses()))
        assert (dose.DoseType, dose.DoseUnits, dose.DoseSummationType) == ("EFFECTIVE", "GY", "PLAN")
        assert dose.DoseComment == "EQD2 a/b=3 LQ n=10; NOT PHYSICAL"
        assert dose.SeriesDescription == "EQD2 a/b=3 (LQ)"
        (derivation,) = dose.DerivationCodeSequence
        assert (derivation.CodeValue, derivation.CodingSchemeDesignator) == ("121377", "DCM")
        assert "D/n" in dose.DerivationDescription
        assert "2026-01-02T03:04:05Z" in dose.DerivationDescription
        (effect,) = dose.RadiobiologicalDoseEffectSequence
        assert effect.RadiobiologicalDoseEffectFlag == "YES"
        assert effect.EffectiveDoseCalculationMethodCategoryCodeSequence[0].CodeValue == "130127"
        assert effect.EffectiveDoseCalculationMethodCodeSequence[0].CodeValue == "130130"
        assert (dose.InstanceCreationDate, dose.InstanceCreationTime) == ("20260102", "030405")

    def test_bed_has_the_code_of_its_model(self) -> None:
        dose = dataset(written(random_doses(), marking=replace(MARKING, quantity="bed")))
        (effect,) = dose.RadiobiologicalDoseEffectSequence
        assert effect.EffectiveDoseCalculationMethodCodeSequence[0].CodeValue == "130131"
        assert dose.DoseComment.startswith("BED a/b=3")

    def test_it_refers_to_plan_structures_and_source(self) -> None:
        dose = dataset(written(random_doses()))
        (plan,) = dose.ReferencedRTPlanSequence
        assert (plan.ReferencedSOPClassUID, plan.ReferencedSOPInstanceUID) == (RTPlanStorage, uid(1, 7))
        (source,) = dose.ReferencedInstanceSequence
        assert source.ReferencedSOPInstanceUID == uid(6, 7)
        assert source.PurposeOfReferenceCodeSequence[0].CodeValue == "121372"
        assert dose.ReferencedStructureSetSequence[0].ReferencedSOPInstanceUID == uid(5, 7)

    def test_two_plans_make_a_multi_plan_dose(self) -> None:
        other = a_source()
        other.ReferencedRTPlanSequence = [reference(RTPlanStorage, uid(1, 8))]
        other.SOPInstanceUID = uid(6, 8)
        found = dataset(
            written(random_doses(), a_source(), other, marking=replace(MARKING, fractions=(5, 25)))
        )
        assert found.DoseSummationType == "MULTI_PLAN"
        assert [p.ReferencedSOPInstanceUID for p in found.ReferencedRTPlanSequence] == [uid(1, 7), uid(1, 8)]
        assert len(found.ReferencedInstanceSequence) == 2
        assert [c.CodeValue for c in found.DerivationCodeSequence] == ["121377", "121370"]
        assert "n=5+25" in found.DoseComment

    @pytest.mark.parametrize(
        ("of_sources", "said"),
        [
            ((None, None), None),
            (("NONE", None), "NONE"),
            (("NONE", "RIGID"), "RIGID"),
            (("RIGID", "NON_RIGID"), "NON_RIGID"),
        ],
    )
    def test_that_a_source_was_mapped_through_a_registration_is_kept(
        self, of_sources: tuple[str | None, ...], said: str | None
    ) -> None:
        # facts/biology.md 4.2
        sources = [a_source(instance=number) for number in (1, 2)]
        for source, how in zip(sources, of_sources, strict=True):
            if how is not None:
                source.SpatialTransformOfDose = how
        found = dataset(written(random_doses(), *sources))
        assert found.get("SpatialTransformOfDose") == said
        assert ("ReferencedSpatialRegistrationSequence" in found) == (said not in (None, "NONE"))

    def test_doses_of_beams_make_a_plan_dose_that_names_no_beam(self) -> None:
        beams = [a_source(summation="BEAM", beams=[beam], instance=beam) for beam in (1, 2)]
        found = dataset(written(random_doses(), *beams))
        assert found.DoseSummationType == "PLAN"
        (plan,) = found.ReferencedRTPlanSequence
        assert "ReferencedFractionGroupSequence" not in plan
        assert len(found.ReferencedInstanceSequence) == 2

    @given(
        st.lists(st.floats(min_value=0.1, max_value=100), min_size=1, max_size=200),
        st.lists(st.integers(min_value=1, max_value=1000), min_size=1, max_size=30),
        st.sampled_from(["bed", "eqd2"]),
        st.booleans(),
    )
    def test_texts_fit_however_much_there_is_to_say(
        self, ratios: list[float], fractions: list[int], quantity: str, rbe: bool
    ) -> None:
        marking = Marking(
            quantity=quantity,
            alpha_betas_gy=tuple(ratios),
            structure_numbers=tuple(range(1, len(ratios))),
            fractions=tuple(fractions),
            rbe_weighted=rbe,
        )
        assert len(marking.comment) <= 64
        assert len(marking.series_description) <= 64
        assert len(marking.description) <= 1024
        assert marking.comment.endswith("NOT PHYSICAL")
        assert "not a physical dose" in marking.description

    def test_a_comment_says_less_before_it_is_cut(self) -> None:
        ratios, phases = (10.5, 10.25, 10.75), (1, 100, 100, 799)
        long = replace(
            MARKING, alpha_betas_gy=ratios, structure_numbers=(1, 2), fractions=phases, rbe_weighted=True
        )
        assert long.comment == "EQD2 a/b=10.5,10.25,10.75 LQ RBE n=1+100+100+799; NOT PHYSICAL"
        longer = replace(long, fractions=(*phases, 100, 100))
        assert longer.comment == "EQD2 a/b=by structure LQ RBE n=1200 in 6 phases; NOT PHYSICAL"

    def test_alpha_beta_stands_by_structure_number(self) -> None:
        marking = replace(MARKING, alpha_betas_gy=(3.0, 2.0, 10.0), structure_numbers=(12, 4))
        assert (
            "alpha/beta of the first structure that holds a voxel; 2 Gy in structure 12; 10 Gy in structure 4; "
            "3 Gy elsewhere"
        ) in marking.description
        assert "alpha/beta 3 Gy; " in MARKING.description
        assert marking.comment == "EQD2 a/b=3,2,10 LQ n=10; NOT PHYSICAL"


class TestUIDs:
    def test_they_are_new_and_of_no_organisation(self) -> None:
        dose = dataset(written(random_doses()))
        source = a_source()
        for keyword in ("SOPInstanceUID", "SeriesInstanceUID"):
            assert dose[keyword].value != source[keyword].value
            assert dose[keyword].value.startswith("2.25.")
            assert UID(dose[keyword].value).is_valid
        assert dose.SOPInstanceUID != dose.SeriesInstanceUID
        assert dose.file_meta.MediaStorageSOPInstanceUID == dose.SOPInstanceUID
        for keyword in ("StudyInstanceUID", "FrameOfReferenceUID"):
            assert dose[keyword].value == source[keyword].value

    def test_equal_inputs_and_parameters_give_equal_bytes(self) -> None:
        one, two = (written(random_doses(), marking=REPRODUCIBLE) for _ in range(2))
        assert one.data == two.data
        assert "InstanceCreationDate" not in dataset(one)
        assert "ContentDate" not in dataset(one)

    def test_whatever_differs_gives_other_uids(self) -> None:
        # D8: no two contents under one UID
        doses = random_doses()
        other_source = a_source()
        other_source.DoseGridScaling = "0.002"
        others = [
            written(doses, marking=replace(REPRODUCIBLE, quantity="bed")),
            written(doses, marking=replace(REPRODUCIBLE, alpha_betas_gy=(3.5,))),
            written(doses, marking=replace(REPRODUCIBLE, fractions=(11,))),
            written(doses, marking=replace(REPRODUCIBLE, rbe_weighted=True)),
            written(doses, other_source, marking=REPRODUCIBLE),
            written(doses, marking=MARKING),
            written(doses, marking=REPRODUCIBLE),
        ]
        assert len({dose.sop_instance_uid for dose in others}) == len(others)
        assert len({dose.series_instance_uid for dose in others}) == len(others)


class TestWhatIsKept:
    def test_patient_study_and_frame_of_reference_stay(self) -> None:
        source = a_source()
        source.PatientBirthDate, source.PatientSex = "19500102", "F"
        source.StudyDescription, source.PatientIdentityRemoved = "STUDY", "YES"
        source.ClinicalTrialSubjectID = "S-1"
        dose = dataset(written(random_doses(), source))
        for keyword in (
            "PatientName",
            "PatientID",
            "PatientBirthDate",
            "PatientSex",
            "PatientIdentityRemoved",
            "StudyDescription",
            "StudyDate",
            "StudyID",
            "ClinicalTrialSubjectID",
            "FrameOfReferenceUID",
            "TissueHeterogeneityCorrection",
        ):
            assert dose[keyword].value == source[keyword].value, keyword

    def test_nothing_else_is_taken_over(self) -> None:
        # A11, A26, S19 and PS3.15: comment, histograms, rescale, operators, private attributes
        source = a_source()
        source.DoseComment, source.OperatorsName = "CanaryComment", "CanaryOperator"
        source.RescaleSlope, source.RescaleIntercept = "2", "5"
        source.DVHSequence = [Dataset()]
        source.InstitutionName, source.SeriesDescription = "CanaryHospital", "CanarySeries"
        source.PatientComments = "CanaryComments"
        source.private_block(0x3005, "CANARY", create=True).add_new(1, "LO", "CanaryPrivate")
        dose = written(random_doses(), source)
        assert b"Canary" not in dose.data
        assert b"CANARY" not in dose.data
        found = dataset(dose)
        for keyword in ("DVHSequence", "RescaleSlope", "RescaleIntercept", "InstitutionName"):
            assert keyword not in found
        assert not any(element.tag.is_private for element in found.iterall())

    def test_identity_is_never_called_removed_by_us(self) -> None:
        assert "PatientIdentityRemoved" not in dataset(written(random_doses()))

    def test_names_keep_their_bytes_whatever_the_character_set(self) -> None:
        # E42
        source = a_source()
        source.SpecificCharacterSet = "ISO_IR 100"
        source.PatientName = "Müller^Zoë"
        assert "Müller^Zoë".encode("latin-1") in written(random_doses(), source).data
        assert str(dataset(written(random_doses(), source)).PatientName) == "Müller^Zoë"

    @pytest.mark.parametrize(
        "syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian]
    )
    def test_sources_in_any_encoding(self, syntax: str) -> None:
        source = a_source()
        source.PatientName = "Grün^Ä"
        if syntax == ExplicitVRBigEndian:
            source.PixelData = np.frombuffer(source.PixelData, "<u4").astype(">u4").tobytes()
            source["PixelData"].VR = "OW"
        doses = random_doses()
        dose = written(doses, source, syntax=syntax)
        assert read(dose).grid.block_gy(slice(None)) == pytest.approx(doses, abs=1e-6)
        assert str(dataset(dose).PatientName) == "Grün^Ä"

    def test_attributes_that_must_be_there_are(self) -> None:
        source = a_source()
        for keyword in ("StudyID", "AccessionNumber", "PatientSex", "PositionReferenceIndicator"):
            delattr(source, keyword)
        found = dataset(written(random_doses(), source))
        for keyword in TYPES_1_AND_2.split():
            assert keyword in found, keyword


class TestGeometry:
    @pytest.mark.parametrize("offsets", [[0.0, 3, 6, 9, 12], [0.0, -3, -6, -9, -12], [0.0, 2, 7, 8, 12.5]])
    def test_the_grid_lies_where_the_source_lies(self, offsets: list[float]) -> None:
        # B3, B4: also where the file's frames run downwards
        source = a_source(offsets_mm=offsets, orientation=(0, 1, 0, 0, 0, -1), position_mm=(1.5, -2.25, 1e-3))
        grid = read_dose(dataset_of(dicom_bytes(source), Limits()), limits=Limits()).grid
        doses = random_doses()
        found = read(written(doses, source)).grid
        assert found.coincides_with(grid)
        assert (found.affine == grid.affine).all()
        assert found.block_gy(slice(None)) == pytest.approx(doses, abs=1e-6)

    def test_absolute_offsets_stay_absolute(self) -> None:
        # B1
        source = trio_dose(z_is_offset=True)
        grid = read_dose(dataset_of(dicom_bytes(source), Limits()), limits=Limits()).grid
        found = read(written(random_doses(grid.shape), source)).grid
        assert (found.affine == grid.affine).all()

    def test_it_is_read_back_as_what_it_is(self) -> None:
        dose = read(written(random_doses()))
        assert dose.dose_type is DoseType.EFFECTIVE
        assert dose.summation is DoseSummation.PLAN
        assert dose.plan_uids == (uid(1, 7),)
        assert [notice.code for notice in dose.notices] == ["dose.effective"]
        assert (dose.calculated_by or "").startswith(OWN_PROGRAM)
        assert f"{MANUFACTURER} {MODEL_NAME}" == OWN_PROGRAM


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -1e-9])
def test_what_is_no_dose_is_not_written(wrong: float) -> None:
    doses = random_doses()
    doses[2, 1, 1] = wrong
    with pytest.raises(DicomError):
        written(doses)


def test_frames_that_are_not_the_sources_are_not_written() -> None:
    with pytest.raises(DicomError, match="4 frames"):
        written(random_doses((4, 4, 3)))

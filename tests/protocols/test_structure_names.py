"""Which structures a rule means. TG-263 names are those of Mayo et al., IJROBP 2018;100:1057; the rest is what real files hold."""

import logging
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtfractions.protocols.entries import StructureAlias
from rtfractions.protocols.structure_names import ROLES, find, known_structures, role_of

HOSTILE = [
    "Lung_L-GTV", "Lung_L - GTV", "PTV-Cord", "zCord", "z_Cord", "Cord+3mm", "NotCord", "SpinalCord_PRV05", "Ring",
    "Heart_old", "Cord~", "~Cord", "Cord_opt", "Cord?", "Cord 2", "_Cord", "Cord_", "-Cord", "(Cord)", "Heart*", "Cord^Ex",
    "Co\u200brd", "\u202eCord", "Lungs-PTV", "Cords", "Hearts", "Medulla", "Normal Brain", "Spine", "Cord" * 100, "", " ", "-",
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_added_to_a_name_makes_it_another_structure(name: str) -> None:
    for structure in ("SpinalCord", "Lung_L", "Lungs", "Heart", "Brain"):
        match = find(structure, [name])
        assert match.how in ("none", "surrogate"), (structure, match)
        assert match.how == "none" or name == "SpinalCord_PRV05"


@pytest.mark.parametrize(
    ("structure", "name"),
    [
        ("Lung_L", "lung l"), ("Lung_L", "LUNG LT"), ("Lung_L", "Lung_L"), ("Lung_L", "Left Lung"), ("Lung_L", "Lt. Lung"),
        ("Lung_L", "Lung (L)"), ("Lung_L", "Lung, left"), ("Lung_L", "Poumon gauche"), ("Lung_L", "POUMON G"),
        ("Lung_L", "Lunge links"), ("Lung_L", "linke Lunge"), ("Lung_L", "Long li"), ("Lung_L", " lung-l "),
        ("Lung_L", "ＬＵＮＧ＿Ｌ"), ("Lung_R", "Lung_R"), ("Lung_R", "Poumon droit"), ("Lung_R", "Lunge re"), ("Lungs", "Lungs"),
        ("Lungs", "Both Lungs"), ("Lungs", "Lungen"), ("SpinalCord", "SpinalCord"), ("SpinalCord", "Spinal Cord"),
        ("SpinalCord", "CORD"), ("SpinalCord", "Moelle épinière"), ("SpinalCord", "Moelle e\u0301pinie\u0300re"),
        ("SpinalCord", "Rückenmark"), ("SpinalCord", "Myelum"), ("SpinalCanal", "Canal médullaire"), ("Heart", "Cœur"),
        ("Heart", "Herz"), ("Heart", "HART"), ("Esophagus", "Oesophagus"), ("Esophagus", "slokdarm"), ("Liver", "Foie"),
        ("Brainstem", "Brain-Stem"), ("Brainstem", "Hirnstamm"), ("Femur_Head_L", "Femur_Head_L"), ("Kidney_R", "Rein D"),
        ("Femur_Head_L", "Lt Femoral Head"), ("Kidney_R", "Rechte Niere"), ("OpticNrv_R", "Optic Nerve R"), ("Eye_L", "Eye_L"),
        ("OpticChiasm", "Chiasma"), ("Bowel_Small", "Dünndarm"), ("GreatVes", "Great Vessels"), ("External", "BODY"),
        ("Bladder", "Vessie"), ("PenileBulb", "Penile Bulb"), ("BileDuct_Common", "CBD"), ("Chestwall", "Chest Wall"),
        ("SpinalCord_PRV05", "SpinalCord_PRV05"), ("SpinalCord_PRV05", "PRV 5mm Cord"), ("SpinalCord_PRV", "Cord PRV"),
        ("SpinalCord_PRV", "SpinalCord_PRV03"), ("OpticNrv_L_PRV03", "OpticNrv_PRV03_L"), ("Brainstem_PRV", "Brainstem PRV"),
    ],
)  # fmt: skip
def test_names_as_clinics_write_them(structure: str, name: str) -> None:
    match = find(structure, ["Ring", name, "PTV"])
    assert (match.names, match.how, match.missing) == ((name,), "named", ())


def test_a_margin_of_a_prv_is_kept() -> None:
    assert find("SpinalCord_PRV05", ["SpinalCord_PRV03"]).how == "none"
    assert find("SpinalCord_PRV", ["SpinalCord_PRV03", "SpinalCord_PRV05"]).how == "several"


def test_a_prv_is_not_its_organ_and_says_so_where_it_stands_for_it() -> None:
    match = find("SpinalCord", ["SpinalCord_PRV05", "SpinalCanal"])
    assert (match.names, match.how) == (("SpinalCord_PRV05",), "surrogate")
    assert "'SpinalCord_PRV05' stands for SpinalCord" in match.text
    assert find("SpinalCord", ["Thecal Sac"]).how == "surrogate"
    assert find("SpinalCord", ["Canal médullaire", "Cord"]).names == ("Cord",)
    assert find("SpinalCanal", ["Cord"]).how == "none"


# E6
def test_names_that_people_take_for_one_cannot_be_told_apart() -> None:
    match = find("SpinalCord", ["Cord", "cord ", "Spinal cord"])
    assert (match.names, match.how) == (("Cord", "cord ", "Spinal cord"), "several")
    assert find("Lungs", ["Lung L", "Lung_L", "Lung_R"]).how == "several"


def test_parts_unite_only_when_all_are_there() -> None:
    match = find("Lungs", ["Lung LT", "Heart", "RIGHT LUNG"])
    assert (match.names, match.how) == (("Lung LT", "RIGHT LUNG"), "parts")
    assert find("Lungs", ["Lungs", "Lung_L", "Lung_R"]).names == ("Lungs",)
    match = find("Lungs", ["Lung LT"])
    assert (match.names, match.how, match.missing) == ((), "none", ("Lung_R",))
    match = find("OpticPathway", ["Chiasm", "Optic Nerve R", "Optic nerve L"])
    assert (set(match.names), match.how) == ({"Chiasm", "Optic Nerve R", "Optic nerve L"}, "parts")
    assert find("OpticPathway", ["Chiasm", "Optic Nerve R"]).missing == ("OpticNrvs",)


def test_each_of_a_pair_is_given_and_what_lacks_is_named() -> None:
    match = find("Kidney", ["Kidney_L", "Kidney_R", "Kidneys"])
    assert (match.names, match.how, match.missing) == (("Kidney_L", "Kidney_R"), "each", ())
    match = find("Femur_Head", ["Femoral Head R"])
    assert (match.names, match.how, match.missing) == (("Femoral Head R",), "each", ("Femur_Head_L",))


def test_a_name_without_side_is_no_organ_that_may_be_one_or_both() -> None:
    assert find("Kidney", ["Kidney"]).how == find("Kidneys", ["Kidney"]).how == "none"
    assert find("Lungs", ["Lung"]).how == "none"
    assert find("Chestwall", ["Chest wall"]).how == "named"
    assert find("Chestwall", ["Chest wall", "Chestwall_L"]).how == "several"


def test_an_alias_goes_before_the_vocabulary_and_takes_its_name_away_from_others() -> None:
    aliases = (
        StructureAlias(structure="SpinalCanal", names=("Cord", "Canal")),
        StructureAlias(structure="Lung_L", names=("L1",)),
    )
    assert find("SpinalCanal", ["Cord", "SpinalCanal"], aliases).names == ("Cord",)
    assert find("SpinalCanal", ["Cord"], aliases).how == "alias"
    assert find("SpinalCanal", ["Cord", "canal "], aliases).how == "several"
    match = find("SpinalCord", ["Cord"], aliases)
    assert (match.names, match.how) == (("Cord",), "surrogate")
    assert find("Lungs", ["L1", "Lung_R"], aliases).names == ("L1", "Lung_R")


def test_a_difference_is_found_as_someone_drew_it() -> None:
    names = ["Lungs", "Lungs-PTV", "Lungs-GTV"]
    assert find("Lungs", names, minus="GTV").names == ("Lungs-GTV",)
    assert find("Lungs", ["Both lungs minus GTVs"], minus="GTV").how == "named"
    assert find("Lungs", ["Lungs", "Lung_L-GTV"], minus="GTV").how == "none"
    assert find("Liver", ["Liver - GTV"], minus="GTV").how == "named"


def test_an_unknown_structure_is_no_question() -> None:
    with pytest.raises(KeyError):
        find("Spleeen", ["Spleen"])


@pytest.mark.parametrize(
    ("name", "interpreted_type", "role"),
    [
        ("PTV_48", None, "PTV"), ("PTV", "", "PTV"), ("PTV60", None, "PTV"), ("PTV_6600", None, "PTV"), ("ptv 1", None, "PTV"),
        ("PTVp_6000", None, "PTV"), ("PTV_High", None, "PTV"), ("PTV T8", None, "PTV"), ("PTV-1", None, "PTV"),
        ("GTV-T", None, "GTV"), ("GTVn2", None, "GTV"), ("GTV", None, "GTV"), ("CTV_5040", None, "CTV"), ("ITV 1", None, "ITV"),
        ("IGTV", None, "ITV"), ("ITV 1", "CTV", "ITV"), ("ITV 1", "PTV", "PTV"), ("Tumour", "GTV", "GTV"), ("Cube", " ptv", "PTV"),
        ("PTV-Cord", None, None), ("PTV_opt", None, None), ("PTV_opt1", None, None), ("zPTV", None, None), ("PTV Ring", None, None),
        ("PTV-03", None, None), ("PTV+3", None, None), ("PTV~", None, None), ("PTV_eval", None, None), ("PTV_old", None, None),
        ("NotPTV", None, None), ("CTV-GTV", None, None), ("PTV minus cord", None, None), ("PTV!", None, None), ("Cord", None, None),
        ("PTV", "AVOIDANCE", None), ("PTV", "ORGAN", None), ("PTV ring", "CONTROL", None), ("PTV" + " 1" * 200, None, None),
    ],
)  # fmt: skip
def test_roles_by_type_first_then_by_how_a_name_begins(
    name: str, interpreted_type: str | None, role: str | None
) -> None:
    assert role_of(name, interpreted_type) == role


def test_a_role_is_found_by_name() -> None:
    assert find("PTV", ["PTV_48", "PTV-Cord", "GTV"]).names == ("PTV_48",)
    assert find("PTV", ["PTV 1", "PTV 2"]).how == "several"
    assert set(ROLES) < known_structures()


REAL = {
    "aptg-proton/RS1.2.752.243.1.1.20221209135909128.2180.16718.dcm": {"External": "External"},
    "dicompyler-core/rtss.dcm": {"BODY": "External", "Heart": "Heart", "Lt Lung": "Lung_L"},
    "dvha-pinnacle/rtst.dcm": {
        "Brainstem": "Brainstem", "Chiasm": "OpticChiasm", "Optic Nerve R": "OpticNrv_R", "Optic nerve L": "OpticNrv_L",
        "External": "External", "Brain": "Brain", "Brainstem PRV": "Brainstem_PRV",
    },
    "mdw-dvh-calculator/RS.1.2.246.352.71.4.2088656855.2402030.20110920095607.dcm": {"BODY": "External"},
    "opentps/RS1.2.826.0.1.3680043.8.498.84013257063663267327474594711005032139.dcm": {},
    "pydicom/rtstruct.dcm": {"patient": "External"},
}  # fmt: skip
"""What names of real structure sets are. The others are no organ of the vocabulary: 'Medulla' (oblongata), 'Optic PRV',
'Normal Brain', 'Breast' without its side, 'Nodes', 'PMMA', markers, isocentres, targets."""

REAL_TARGETS = {
    "aptg-proton/RS1.2.752.243.1.1.20221209135909128.2180.16718.dcm": {"Cube101010": "PTV", "Slope101004": "PTV"},
    "dicompyler-core/rtss.dcm": {"Borders": "CTV", "Breast": "GTV", "Tumor Bed": "CTV", "Tumor Bed Block": "GTV"},
    "dvha-pinnacle/rtst.dcm": {"GTV": "GTV", "PTV 1mm (off brainstem)": "PTV"},
    "mdw-dvh-calculator/RS.1.2.246.352.71.4.2088656855.2402030.20110920095607.dcm": {
        "BREL": "PTV", "CTV": "CTV", "Cavity": "CTV",
    },
    "opentps/RS1.2.826.0.1.3680043.8.498.84013257063663267327474594711005032139.dcm": {},
    "pydicom/rtstruct.dcm": {},
}  # fmt: skip


@pytest.mark.parametrize("file", REAL)
def test_names_of_real_structure_sets(file: str, caplog: pytest.LogCaptureFixture) -> None:
    folder = os.environ.get("RTFRACTIONS_EXTERNAL_DATA")
    if folder is None:
        pytest.skip("RTFRACTIONS_EXTERNAL_DATA is not set")
    pydicom = pytest.importorskip("pydicom")
    with caplog.at_level(logging.CRITICAL):
        dataset = pydicom.dcmread(Path(folder) / file, force=True)
    types = {o.ReferencedROINumber: o.get("RTROIInterpretedType") for o in dataset.RTROIObservationsSequence}
    rois = {str(r.ROIName): types.get(r.ROINumber) for r in dataset.StructureSetROISequence}
    plain = [s for s in known_structures() if not s[-2:].isdigit() and s not in ROLES]
    found = {name: [s for s in plain if find(s, [name]).how == "named"] for name in rois}
    assert {name: ids for name, ids in found.items() if ids} == {n: [s] for n, s in REAL[file].items()}
    roles = {name: role_of(name, kind) for name, kind in rois.items()}
    assert {name: role for name, role in roles.items() if role} == REAL_TARGETS[file]


@given(
    st.lists(st.text(max_size=12) | st.sampled_from(["Cord", "Lung_L", "Lung R", "SpinalCanal"]), max_size=6)
)
def test_what_is_found_are_names_that_were_given(names: list[str]) -> None:
    for structure in ("SpinalCord", "Lungs", "Kidney", "PTV"):
        match = find(structure, names)
        assert set(match.names) <= set(names)
        assert bool(match.names) == (match.how != "none")


def test_a_structure_of_a_files_own_is_found_by_its_alias_alone() -> None:
    aliases = (StructureAlias(structure="Stent", names=("Stent 1",)),)
    assert find("Stent", ["stent 1 ", "Stent"], aliases).names == ("stent 1 ",)
    assert find("Stent", ["Stent"], aliases).how == "none"
    with pytest.raises(KeyError):
        find("Stent", ["Stent"])

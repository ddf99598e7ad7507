"""Bundled sets of constraints hold what the tables beside this file hold, row for row, and nothing else."""

import csv
import re
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Final, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtfractions import strict_yaml
from rtfractions.errors import InputFileError, RTFractionsError
from rtfractions.protocols import ProtocolError, constraint_library, rule_files
from rtfractions.protocols.constraint_library import SETS, find_set, load_set
from rtfractions.protocols.constraint_sets import ConstraintSet
from rtfractions.protocols.dose_rules import DoseLimit, DoseRule
from rtfractions.protocols.structure_names import ROLES, known_structures

TABLES: Final = Path(__file__).parent / "constraints"
Row = dict[str, str]


def table(name: str) -> list[Row]:
    with (TABLES / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


ROWS: Final = {
    name: table(name)
    for name in (
        "tg101", "quantec", "uk_sabr", "spine_and_hytec", "hytec_brain_optic", "eortc_lungtech",
        "trog_safron2_fastrack2", "palliative_srs_tenfx",
    )
}  # fmt: skip
ALL: Final = [row for rows in ROWS.values() for row in rows]

NOT_CARRIED: Final = {"Other organs": "names no structure"}

FOR_PATIENTS_THE_PROGRAM_DOES_NOT_KNOW: Final = (
    "Bladder (bladder cancer)", "Bladder (prostate)", "Liver (Child-Pugh A / HCC)",
)  # fmt: skip

STRUCTURES: Final = {
    "Optic pathway": "OpticPathway", "Optic nerve/chiasm": "OpticPathway", "Optic pathway (chiasm)": "OpticChiasm",
    "Optic chiasm": "OpticChiasm", "Cochlea": "Cochlea", "Brainstem": "Brainstem", "Brainstem (not medulla)": "Brainstem",
    "Brain": "Brain", "Brain (whole)": "Brain", "Brain incl. target": "Brain", "Brain minus GTV": "Brain - GTV", "Eye": "Eye",
    "Lens": "Lens", "Spinal cord": "SpinalCord", "SpinalCord": "SpinalCord", "Spinal cord and medulla": "SpinalCord",
    "Spinal canal/cord": "SpinalCord", "Spinal canal": "SpinalCanal",
    "Spinal cord subvolume (5-6 mm above and below level treated, per Ryu)": "SpinalCord_Level",
    "Spinal cord partial (5-6 mm above/below)": "SpinalCord_Level", "Spinal cord PRV": "SpinalCord_PRV",
    "Spinal cord (thecal sac or cord PRV)": "SpinalCord_PRV", "Spinal cord (to L2; PRV 0.5 cm)": "SpinalCord_PRV05",
    "Cauda equina": "CaudaEquina", "Sacral plexus": "SacralPlex", "Brachial plexus": "BrachialPlex",
    "BrachialPlexus": "BrachialPlex", "Esophagus": "Esophagus", "Oesophagus": "Esophagus", "Heart": "Heart",
    "Heart/pericardium": "Heart", "Pericardium": "Pericardium", "Great vessels": "GreatVes", "GreatVessel": "GreatVes",
    "Trachea": "Trachea", "Main bronchus": "Bronchus_Main", "Trachea and large bronchus": "Trachea_Bronchus",
    "Trachea and bronchus": "Trachea_Bronchus", "Trachea/main bronchus": "Trachea_Bronchus",
    "Bronchus - smaller airways": "Airways_Small", "Lung (right and left)": "Lungs", "Lung (both)": "Lungs", "Lung": "Lungs",
    "Lungs": "Lungs", "Lungs minus GTV": "Lungs - GTV", "Lungs excl. GTV": "Lungs - GTV", "Lungs minus CTV": "Lungs - CTV",
    "Lung contralateral": "Lung_Contra", "Chest wall": "Chestwall", "ChestWall": "Chestwall", "Rib": "Rib", "Skin": "Skin",
    "Skin (5 mm)": "Skin_05", "Stomach": "Stomach", "Duodenum": "Duodenum", "Jejunum/ileum": "Jejunum_Ileum",
    "Small bowel": "Bowel_Small", "Small bowel (individual loops)": "Bowel_Small",
    "Small bowel (peritoneal cavity)": "Bag_Bowel", "Bowel (colon, stomach, small bowel)": "Stomach_Bowel",
    "Stomach, intestine PRV": "Stomach_Bowel_PRV", "Colon": "Colon", "Rectum": "Rectum", "Bladder wall": "Bladder_Wall",
    "Bladder (bladder cancer)": "Bladder", "Bladder (prostate)": "Bladder", "Penile bulb": "PenileBulb",
    "Femoral heads (right and left)": "Femur_Head", "Renal hilum/vascular trunk": "Kidney_Hilum",
    "Renal cortex (right and left)": "Kidneys_Cortex", "Kidneys": "Kidneys", "Kidneys bilateral": "Kidneys",
    "Kidneys combined": "Kidneys", "Kidney (each)": "Kidney", "Kidney contralateral": "Kidney_Contra", "Liver": "Liver",
    "Liver minus GTV": "Liver - GTV", "Liver (Child-Pugh A / HCC)": "Liver", "Common bile duct": "BileDuct_Common",
    "Ureter": "Ureter", "Parotid bilateral": "Parotids", "Parotid single": "Parotid", "Larynx": "Larynx",
    "Pharyngeal constrictors": "Musc_Constrict", "External minus PTV (Body-PTV)": "External - PTV", "Target": "PTV",
}  # fmt: skip
"""What each organ of the tables is in the vocabulary."""

UNATTRIBUTED: Final = "UK-SABR-2022?"
"""The tables' name of rows whose edition is unknown; they are rows of the set without the question mark."""


class Said(NamedTuple):
    """A row of a table, as it has to stand in its set."""

    set: str
    organ: str
    structure: str
    metric: str
    fractions: str
    objective: str | None
    mandatory: str | None
    printed: str | None
    kind: str
    endpoint: str | None
    risk: str | None
    verification: str
    disabled: bool
    citation: str


def expected(row: Row) -> Said:
    """What a row has to be in its set, by the rules of the facts' page and of the issue."""
    name, kind, value = row["set"], row["type"], _value(row)
    objective = mandatory = printed = None
    if row["metric"] in ("D1-10cc", "D60-70%"):  # no single metric
        printed = f"< {row['limit_Gy']} Gy for {row['metric']}"
    elif row["metric"] == "DVH":
        printed = "no restriction, but the DVH must be recorded"
    elif value is None:
        printed = row["limit_other"] + (" (mandatory)" if kind == "mandatory" else "")
    elif kind == "mandatory" or kind.startswith(("unacceptable", "major deviation")):
        mandatory = value
    else:
        objective = value
    if row["limit_other"].startswith("110%"):
        printed = row["limit_other"]
    if kind == "per protocol >=90 %, variation 80-90 %":
        mandatory = ">= 80 %"
    if kind.startswith("unacceptable"):  # 'unacceptable at or above' is kept below it
        mandatory = {">=": "<", ">": "<="}[row["direction"]] + f" {row['limit_Gy']} Gy"
    a_risk = kind.startswith(("rate ", "risk ")) and kind != "rate -"
    return Said(
        set=name.rstrip("?"),
        organ=row["organ"] + (f", {kind}" if name == "Spine-consensus-2017" else ""),
        structure=STRUCTURES[row["organ"]],
        metric=_metric(row),
        fractions=row["fractions"],
        objective=objective,
        mandatory=mandatory,
        printed=printed,
        kind=_kind(row),
        endpoint=row["endpoint"] or None,
        risk=kind if a_risk else None,
        verification=row["verification"].split("+")[0],
        disabled=name == UNATTRIBUTED or row["verification"] == "M",
        citation=row["source"].split(" in ")[0] if name == UNATTRIBUTED else row["source"],
    )


def _kind(row: Row) -> str:
    if row.get("kind") == "dose_response":
        return "dose_response"
    reported = row["metric"] == "DVH" or row["set"] == "Spine-consensus-2017"
    return "record" if reported or row["organ"] in FOR_PATIENTS_THE_PROGRAM_DOES_NOT_KNOW else "limit"


def _value(row: Row) -> str | None:
    operator = row["direction"].removesuffix(" (coldest volume)")
    if row["limit_Gy"]:
        return f"{operator} {row['limit_Gy']} Gy"
    if percent := re.fullmatch(r"110% of (\d+) Gy", row["limit_other"]):
        return f"{operator} {(Decimal(percent[1]) * Decimal('1.1')).normalize():f} Gy"
    if row["set"] == "Spine-consensus-2017" or not re.fullmatch(r"[\d.]+ (%|cc)", row["limit_other"]):
        return None
    return f"{operator} {row['limit_other']}"


def _metric(row: Row) -> str:
    metric = row["metric"]
    named = {"Dmax": "Max[Gy]", "Dmean": "Mean[Gy]", "DVH": "Mean[Gy]", "V100%Rx": "V100%[%]"}
    if metric in named:
        return named[metric]
    if metric.startswith("V"):
        return f"{metric}[{'cc' if row['limit_other'].endswith('cc') else '%'}]"
    return re.sub(r"^D(\d+)-\d+", r"D\1", metric) + "[Gy]"


def shipped(constraint_set: ConstraintSet) -> Iterator[Said]:
    for rule in constraint_set.constraints:
        for limit in rule.limits:
            yield said(constraint_set, rule, limit)


def said(constraint_set: ConstraintSet, rule: DoseRule, limit: DoseLimit) -> Said:
    assert limit.source is not None
    assert limit.verification is not None
    citation = constraint_set.source(limit.source).citation
    by_number = "|".join(map(str, limit.fractions)) if limit.fractions else None
    return Said(
        set=constraint_set.id,
        organ=rule.organ or "",
        structure=rule.structure + (f" - {rule.minus}" if rule.minus else ""),
        metric=str(rule.metric.metric),
        fractions=by_number or "conventional {:g}-{:g} Gy".format(*(limit.dose_per_fraction_gy or ())),
        objective=limit.objective,
        mandatory=limit.mandatory,
        printed=limit.printed,
        kind=limit.kind,
        endpoint=limit.endpoint,
        risk=limit.risk,
        verification=limit.verification,
        disabled=limit.disabled is not None,
        citation="not attributed" if citation.startswith("not attributed") else citation,
    )


def as_bands(rows: list[Said]) -> list[Said]:
    """LungTech states its bands as two rows each: where per protocol ends, and where unacceptable begins."""
    bands: list[Said] = []
    for row in rows:
        if row.set == "EORTC-LungTech" and row.mandatory is not None:
            assert bands[-1]._replace(objective=None) == row._replace(mandatory=None)
            bands[-1] = bands[-1]._replace(mandatory=row.mandatory)
        else:
            bands.append(row)
    return bands


LIBRARY: Final = {identifier: find_set(identifier).constraint_set for identifier in SETS}


def of_tables(identifier: str) -> list[Said]:
    rows = [row for row in ALL if row["set"].rstrip("?") == identifier and row["organ"] not in NOT_CARRIED]
    return as_bands([_one_source(expected(row)) for row in rows])


def _one_source(row: Said) -> Said:
    """The tables name a table of one paper in two ways."""
    return row._replace(citation=row.citation.removesuffix(" (10-fx SBRT, PRV)"))


@pytest.mark.parametrize("identifier", SETS)
def test_every_row_of_the_tables_is_in_its_set_and_nothing_else_is(identifier: str) -> None:
    here = Counter(map(_one_source, shipped(LIBRARY[identifier])))
    there = Counter(of_tables(identifier))
    assert here - there == Counter()
    assert there - here == Counter()


def test_the_tables_are_the_sets() -> None:
    assert {row["set"].rstrip("?") for row in ALL} == set(SETS) == set(LIBRARY)
    assert [LIBRARY[identifier].id for identifier in SETS] == list(SETS)
    assert not {row["set"] for row in ALL} & {"NCCN", "RTOG-0236", "RTOG-0813", "RTOG-0915"}


def test_rows_are_counted() -> None:
    """As the facts' page counts them: 154, 152, 60, 65, 8, 14, 33 and 24."""
    assert {name: len(rows) for name, rows in ROWS.items()} == {
        "tg101": 154, "quantec": 60, "uk_sabr": 152, "spine_and_hytec": 65, "hytec_brain_optic": 8, "eortc_lungtech": 14,
        "trog_safron2_fastrack2": 33, "palliative_srs_tenfx": 24,
    }  # fmt: skip
    limits = [limit for s in LIBRARY.values() for rule in s.constraints for limit in rule.limits]
    second_rows_of_bands, not_carried = 5, 2
    assert len(limits) == 503 == len(ALL) - second_rows_of_bands - not_carried
    assert sum(limit.disabled is not None for limit in limits) == 96
    assert sum(row["organ"] in NOT_CARRIED for row in ALL) == not_carried
    verification = Counter(row["verification"].split("+")[0] for row in ROWS["tg101"])
    assert verification == {"V2": 145, "V1": 9}
    assert Counter(row["verification"] for row in ROWS["uk_sabr"]) == {
        "V2": 24,
        "V1": 102,
        "V1+conflict": 1,
        "M": 25,
    }


def test_rows_that_are_not_carried_are_named(root: Path) -> None:
    notes = " ".join(LIBRARY["TEN-FX-RCC-ROJ2016"].notes)
    for row in ALL:
        if row["organ"] in NOT_CARRIED:
            assert f"{row['metric']} {row['limit_Gy']} Gy" in notes
    assert "other organs" in (root / "docs" / "constraints.md").read_text("utf-8")


@pytest.mark.parametrize("identifier", SETS)
def test_every_limit_says_where_it_stands_and_how_far_it_was_verified(identifier: str) -> None:
    constraint_set = LIBRARY[identifier]
    assert constraint_set.version
    for rule in constraint_set.constraints:
        assert rule.organ
        assert {rule.structure, rule.minus or "GTV"} <= known_structures()
        assert (rule.metric == "Max[Gy]") <= ("which volume its maximum" in (rule.note or ""))
        for limit in rule.limits:
            assert constraint_set.source(limit.source or "").citation
            assert limit.verification in ("V2", "V1", "M")
            assert (limit.fractions is None) != (limit.dose_per_fraction_gy is None)
            assert limit.disabled or limit.verification != "M"


def test_limits_of_unknown_edition_are_disabled_and_say_so() -> None:
    unknown = [
        limit
        for rule in LIBRARY["UK-SABR-2022"].constraints
        for limit in rule.limits
        if limit.source == "unattributed"
    ]
    assert len(unknown) == sum(row["set"] == UNATTRIBUTED for row in ALL) == 53
    assert all("edition unknown" in (limit.disabled or "") for limit in unknown)


def test_what_is_optimal_and_what_mandatory_is_claimed_only_where_the_source_says_it() -> None:
    for identifier in ("AAPM-TG101-2010", "QUANTEC-2010", "TROG-SAFRON-II", "TROG-FASTRACK-II", "HyTEC"):
        limits = [limit for rule in LIBRARY[identifier].constraints for limit in rule.limits]
        assert {limit.strength for limit in limits if limit.kind == "limit"} == {"unspecified"}
    by_memory = ("Skin", "Chest wall")
    for identifier in ("UK-SABR-2018", "UK-SABR-2022"):
        assert "an inference" in " ".join(LIBRARY[identifier].notes)
        for rule in LIBRARY[identifier].constraints:
            if rule.organ in by_memory:
                assert {limit.strength for limit in rule.limits} == {"unspecified"}


NO_LIMIT: Final = ("RTOG 0631", "Prescription")
"""A conflict about a prescription; no set has prescriptions."""

CONFLICTS: Final = {
    ("TG-101", "Lung", "DC1500cc"): ("AAPM-TG101-2010", "Lungs", "10.5"),
    ("TG-101", "Lung", "DC1000cc"): ("AAPM-TG101-2010", "Lungs", "11.4"),
    ("TG-101", "Liver", "DC700cc"): ("AAPM-TG101-2010", "Liver", "17.4 21.5"),
    ("TG-101", "Renal cortex", "DC200cc"): ("AAPM-TG101-2010", "Kidneys_Cortex", "14.4"),
    ("TG-101", "Rectum and Colon", "Dmax"): ("AAPM-TG101-2010", "Rectum Colon", "28.8"),
    ("TG-101", "Esophagus", "Dmax"): ("AAPM-TG101-2010", "Esophagus", "16"),
    ("TG-101", "Duodenum", "D5cc"): ("AAPM-TG101-2010", "Duodenum", "11.2"),
    ("TG-101", "Esophagus", "D5cc"): ("AAPM-TG101-2010", "Esophagus", "19.5"),
    ("TG-101", "Skin", "Dmax"): ("AAPM-TG101-2010", "Skin", "24 32"),
    ("TG-101", "Rib", "Dmax"): ("AAPM-TG101-2010", "Rib", "30 35"),
    ("TG-101", "Optic pathway", "Dmax"): ("AAPM-TG101-2010", "OpticPathway", "19.5"),
    ("TG-101", "Spinal cord", "D0.35cc"): ("AAPM-TG101-2010", "SpinalCord", "14 21.9 30"),
    ("TG-101", "Renal hilum", "D66.7%"): ("AAPM-TG101-2010", "Kidney_Hilum", "18.6"),
    ("LungTech", "Trachea", "unacceptable at"): ("EORTC-LungTech", "Trachea_Bronchus", "46.68"),
    ("PREOP-SRS", "Brainstem", "Dmax"): ("PREOP-SRS-BMC2022", "Brainstem", "3.1"),
    ("QUANTEC", "Cochlea", "Dmean"): ("QUANTEC-2010", "Cochlea", "25"),
    ("QUANTEC", "Kidneys", "Dmean 18 / 28 rates"): ("QUANTEC-2010", "Kidneys", "swapped"),
    ("UK SABR", "Kidneys", "V10Gy"): ("UK-SABR-2022", "Kidneys", "10 %"),
    ("UK SABR", "Heart", "mandatory/optimal"): ("UK-SABR-2022", "Heart", "60 50"),
}  # fmt: skip
"""Of each conflict of the table: the set, the structures, and what the limit's own text has to hold of the other value."""


def test_every_conflict_is_told_at_its_limit() -> None:
    rows = [row for row in table("conflicts") if (row["set"], row["organ"]) != NO_LIMIT]
    assert {(row["set"], row["organ"], row["metric"]) for row in rows} == set(CONFLICTS)
    for identifier, structures, values in CONFLICTS.values():
        for structure in structures.split():
            told = " ".join(
                limit.conflict or ""
                for rule in LIBRARY[identifier].constraints
                for limit in rule.limits
                if rule.structure == structure
            )
            for value in values.replace("10 %", "10_%").split():
                assert value.replace("_", " ") in told, (identifier, structure, value)
    for row in ALL:
        if "conflict" in row["verification"]:
            limits = [
                limit
                for rule in LIBRARY[row["set"]].constraints
                for limit in rule.limits
                if rule.organ == row["organ"] and str(rule.metric.metric) == _metric(row)
            ]
            assert any(limit.conflict and limit.fractions == (int(row["fractions"]),) for limit in limits), (
                row
            )


def test_near_maximum_volumes_are_the_sets_own() -> None:
    stated = {identifier: LIBRARY[identifier].near_maximum_cm3 for identifier in SETS}
    assert stated["AAPM-TG101-2010"] == 0.035
    assert stated["TROG-SAFRON-II"] == stated["TROG-FASTRACK-II"] == stated["RTOG-0631"] == 0.03
    assert stated["UK-SABR-2018"] == 0.1
    assert stated["QUANTEC-2010"] is None
    for identifier, volume in stated.items():
        if volume is not None:
            metrics = {str(rule.metric.metric) for rule in LIBRARY[identifier].constraints}
            assert f"D{volume:g}cc[Gy]" in metrics
            assert "Max[Gy]" not in metrics


def test_no_repository_of_others_is_cited() -> None:
    for file in (TABLES.parents[2] / "fractions/rtfractions/protocols/data/constraints").iterdir():
        assert not re.search(
            r"corsair|raystation-scripts|github|DrQTPham|\.tsx", file.read_text("utf-8"), re.IGNORECASE
        )


GOOD = """\
schema: rtfractions.constraints/1
id: LOCAL
title: A set
version: "1"
sources:
  - {id: S1, kind: publication, label: Somebody 2020, citation: Somebody 2020}
constraints:
  - id: cord
    structure: SpinalCord
    metric: "D0.035cc[Gy]"
    limits:
      - {fractions: [1], objective: "< 10 Gy", source: S1, verification: V1}
"""


@pytest.mark.parametrize(
    ("good", "bad", "line", "problem"),
    [
        ("SpinalCord", "SpinalCrod", 9, "'SpinalCrod' is no structure of the vocabulary: did you mean 'SpinalCord'?"),
        ("SpinalCord", "Cord", 9, "'Cord' is no structure"),
        ("structure: SpinalCord", "structure: SpinalCord\n    minus: GTVV", 10, "did you mean 'GTV'?"),
        ("D0.035cc[Gy]", "D0.035[Gy]", 10, "% or cc"),
        ("D0.035cc[Gy]", "V20", 10, "V20Gy[%]"),
        ("metric:", "metrics:", 10, "did you mean 'metric'?"),
        ('"< 10 Gy"', '"10 Gy"', 12, "is no limit"),
        ('"< 10 Gy"', '"< 10 %"', 8, "is not in Gy"),
        ("[1]", "[0]", 12, ">= 1"),
        ("source: S1", "source: S2", 12, "names no source"),
        (", verification: V1", "", 12, "how far it was verified"),
        ("verification: V1", "verification: V3", 12, "'V3' is not a known value"),
        ("verification: V1", "verification: M", 12, "must be disabled"),
        ("limits:\n      - {fractions", "limits: []\n  - {fractions", 11, ""),
        ("constraints/1", "constraints/2", 1, "is not a known value"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_set_is_named_by_line(good: str, bad: str, line: int, problem: str) -> None:
    assert load_set(GOOD, GOOD.encode(), file="s.yaml").constraint_set.id == "LOCAL"
    assert good in GOOD
    text = GOOD.replace(good, bad)
    with pytest.raises(InputFileError) as caught:
        load_set(text, text.encode(), file="s.yaml")
    assert caught.value.where.row == line
    assert caught.value.where.file == "s.yaml"
    assert problem in caught.value.message


# I10
@given(st.integers(0, len(GOOD) - 1), st.sampled_from("abz01<.%\n "))
def test_no_edit_of_a_set_goes_unseen_or_breaks_the_reader(at: int, character: str) -> None:
    text = GOOD[:at] + character + GOOD[at + 1 :]
    try:
        edited = load_set(text, text.encode(), file="s.yaml").constraint_set
    except RTFractionsError:
        return
    same = load_set(GOOD, GOOD.encode(), file="s.yaml").constraint_set
    assert (
        edited != same or "".join(text.split()) == "".join(GOOD.split()) or _yaml_of(text) == _yaml_of(GOOD)
    )


def _yaml_of(text: str) -> object:
    return strict_yaml.read(text, file="s.yaml").value


def test_a_set_is_found_in_any_case_or_as_a_file(tmp_path: Path) -> None:
    found = find_set("aapm-tg101-2010")
    assert found.constraint_set.id == "AAPM-TG101-2010"
    assert found.file == "AAPM-TG101-2010.yaml"
    file = tmp_path / "local.yaml"
    file.write_text(GOOD)
    local = find_set(str(file))
    assert (local.constraint_set.id, local.file) == ("LOCAL", str(file))
    assert len(local.sha256) == 64
    with pytest.raises(ProtocolError, match="did you mean QUANTEC-2010"):
        find_set("QUANTEC2010")
    with pytest.raises(ProtocolError, match="no set of constraints 'NCCN'"):
        find_set("NCCN")
    with pytest.raises(InputFileError):
        find_set(str(tmp_path / "absent.yaml"))


def test_the_schema_key_tells_a_set_from_a_protocol(tmp_path: Path, samples: Path) -> None:
    file = tmp_path / "local.yaml"
    file.write_text(GOOD)
    assert isinstance(rule_files.load_either(file, name="x"), constraint_library.LoadedConstraintSet)
    protocol = rule_files.load_either(samples / "local_protocol.yaml", name="x")
    assert not isinstance(protocol, constraint_library.LoadedConstraintSet)
    assert ROLES[0] in known_structures()

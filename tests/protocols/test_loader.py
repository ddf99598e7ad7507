"""Protocol files: what is wrong with one is named by line, column and the nearest known word."""

import re
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtfractions import protocols, strict_yaml
from rtfractions.errors import InputFileError
from rtfractions.protocols import LIBRARY, Protocol, ProtocolError
from rtfractions.reports.schemas import json_schema

GOOD = """\
schema: rtfractions.protocol/1
id: P1
title: A protocol
version: "1.10"
basis: protocol_document
sources:
  - {id: S1, kind: protocol_document, label: protocol 1, citation: Somebody 2020}
lesions: {min: 1, max: 2, worst_grade: deviation_unacceptable, source: S1, ambiguity: A1}
sites: {treated: [extracranial, brain], worst_grade: query, source: S1}
schedules:
  list: closed
  match_tolerance_gy: 0.05
  worst_grade: deviation_unacceptable
  source: S1
  allowed:
    - {id: a, schedule: 24 Gy / 3, status: preferred, source: S1}
    - {id: b, schedule: 20-24 Gy / 1, status: conditional, condition: C1, source: S1}
    - {id: c, schedule: 30 Gy / 3, status: unclear, ambiguity: A2, source: S1}
conditions:
  - {id: C1, text: for SRS, needs: [{any: [technique], is: [SRS]}, {any: [justification], is: stated}]}
timing:
  frequency: daily
  overall: {days: {max: 14, count: inclusive}}
  scope: {of: per_lesion}
  worst_grade: variation_acceptable
  source: S1
ambiguities:
  - {id: A1, text: one, default: A, readings: [{id: A, text: a}, {id: B, text: b, verdict: query}]}
  - {id: A2, text: two, readings: [{id: A, text: a, verdict: per_protocol}, {id: B, text: b, verdict: query}]}
"""


def load(text: str) -> Protocol:
    return protocols.load(text, text.encode(), file="p.yaml").protocol


def test_a_good_protocol_is_read() -> None:
    protocol = load(GOOD)
    assert protocol.version == "1.10"
    assert [str(entry.schedule.range) for entry in protocol.schedules.allowed] == [
        "24 Gy / 3",
        "20-24 Gy / 1",
        "30 Gy / 3",
    ]


@pytest.mark.parametrize(
    ("good", "bad", "line", "said"),
    [
        ("match_tolerance_gy: 0.05", "match_tolerance: 0.05", 12, "did you mean 'match_tolerance_gy'?"),
        ("match_tolerance_gy: 0.05", "match_tolerance_gy:", 12, "'match_tolerance_gy' is empty"),
        ("match_tolerance_gy: 0.05", "match_tolerance_gy: ~", 12, "is empty"),
        ("match_tolerance_gy: 0.05", "match_tolerance_gy: .nan", 12, "no plain number"),
        ("match_tolerance_gy: 0.05", "match_tolerance_gy: .inf", 12, "no plain number"),
        ("match_tolerance_gy: 0.05", "match_tolerance_gy: 5e-2", 12, "no plain number"),
        ("match_tolerance_gy: 0.05", "match_tolerance_gy: 0,05", 12, "expected a number"),
        ("match_tolerance_gy: 0.05", "match_tolerance_gy: 0.05 Gy", 12, "expected a number"),
        ("match_tolerance_gy: 0.05", "match_tolerance_gy: 0.05\n  match_tolerance_gy: 0.5", 13, "in line 12"),
        ("max: 2", "max: 02", 8, "no plain number"),
        ("max: 2", "max: 1_0", 8, "no plain number"),
        ("max: 2", "max: 0x2", 8, "no plain number"),
        ("max: 2", "max: 2.5", 8, "whole number"),
        ("max: 2", "max: 0", 8, ">= 1"),
        ("min: 1", "min: 3", 8, "min is above max"),
        ("max: 2, ", "", 8, "'max' is missing"),
        ("24 Gy / 3", "24/3", 16, "no unit"),
        ("24 Gy / 3", "24 Gy", 16, "no number of fractions"),
        ("24 Gy / 3", "24", 16, "as 24 Gy / 3"),
        ("20-24 Gy / 1", "24-20 Gy / 1", 17, "downwards"),
        ("status: preferred", "status: prefered", 16, "did you mean 'preferred'?"),
        ("status: preferred", "status: conditional", 16, "names its condition"),
        ("status: preferred", "status: unclear", 16, "names its ambiguity"),
        ("worst_grade: query", "worst_grade: minor", 9, "variation_acceptable"),
        ("condition: C1", "condition: C2", 17, "no entry of conditions has the id 'C2'"),
        ("ambiguity: A2", "ambiguity: A3", 18, "no entry of ambiguities has the id 'A3'"),
        ("ambiguity: A2", "ambiguity: A1", 29, "nothing names the ambiguity 'A2'"),
        ("status: conditional, condition: C1", "status: listed", 20, "nothing names the condition 'C1'"),
        (
            "citation: Somebody 2020}",
            "citation: a}\n  - {id: S2, kind: local_protocol, label: b, citation: c}",
            8,
            "'S2'",
        ),
        (
            "id: B, text: b, verdict: query}]}\n  - {id: A2",
            "id: B, text: b, scope: per_lesion}]}\n  - {id: A2",
            28,
            "gives verdict",
        ),
        ("{id: A, text: a, verdict: per_protocol}", "{id: A, text: a}", 29, "gives verdict"),
        ("treated: [extracranial, brain]", "treated: [extracranial, skull]", 9, "'skull' is no site"),
        ("id: b,", "id: a,", 17, "stands twice"),
        ("is: [SRS]", "is: [SRT]", 20, "'SRT' is no technique of the vocabulary"),
        ("is: [SRS]", "is: SRS", 20, "'SRS' is not a known value"),
        ("any: [technique]", "any: [technic]", 20, "did you mean 'technique'?"),
        ("[extracranial, brain]", "[extracranial, brian]", 9, "'brian' is no site of the vocabulary"),
        ("[extracranial, brain]", "[]", 9, "length >= 1"),
        ("default: A", "default: C", 28, "no reading has the id 'C'"),
        ("  scope: {of: per_lesion}\n", "", 22, "overall and scope go together"),
        ("{of: per_lesion}", "{of: per_lesion, ambiguity: A1}", 24, "either of or ambiguity"),
        ("count: inclusive", "count: calendar", 23, "known here"),
        ("schema: rtfractions.protocol/1", "schema: rtfractions.protocol/2", 1, "rtfractions.protocol/1"),
        ("timing:", "timming:", 21, "did you mean 'timing'?"),
        ('version: "1.10"', "version: 1.10", 4, "expected a text"),
        ("title: A protocol", "title: ''", 3, "length >= 1"),
        ("id: P1", "id: ../P1", 2, "Expected"),
        ("id: P1", "id: &a P1", 2, "anchors"),
        ("id: P1", "id: !!python/name:os.system P1", 2, "'P1' is no plain number"),
        ("sources:", "sources: !!python/object:os.system", 6, "tag"),
        ("[technique]", "[technique", 20, "YAML"),
        ("title: A protocol", "title: A: protocol", 3, "YAML"),
        ("title: A protocol", 'title: "A\\e[31mprotocol"', 3, "cannot be printed"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(good: str, bad: str, line: int, said: str) -> None:
    text = GOOD.replace(good, bad, 1)
    assert text != GOOD
    with pytest.raises(InputFileError) as refused:
        load(text)
    message = str(refused.value)
    assert message.startswith(f"p.yaml, line {line}, column ")
    assert said in message
    assert message.isprintable()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "- a",
        "just words",
        "[" * 3000,
        "a: *b",
        "{a: 1, a: 2}",
        "a: 1\n---\nb: 2",
        "\0",
        "? [a]\n: b",
    ],
)
def test_what_is_no_protocol_is_refused(text: str) -> None:
    with pytest.raises(InputFileError):
        load(text)


def test_an_alias_bomb_is_refused_at_its_first_anchor() -> None:
    # hazards I16: 271 bytes that expand to 43 million leaves.
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{name}: &{name} [{','.join(['*' + before] * 9)}]\n"
        for before, name in zip("abcdefg", "bcdefgh", strict=True)
    )
    with pytest.raises(InputFileError, match="anchors"):
        load(bomb)


def keys_of(text: str) -> list[str]:
    return sorted({match[1] for match in re.finditer(r"(?:^|[{,\s-])([a-z_]+):", text)})


@given(st.sampled_from(keys_of(GOOD)), st.data())
def test_a_key_with_one_edit_is_never_ignored(key: str, data: st.DataObject) -> None:
    # hazards I10: a misspelt key must not switch its rule off.
    position = data.draw(st.integers(0, len(key) - 1))
    letter = data.draw(st.sampled_from("abcdefghijklmnopqrstuvwxyz_"))
    edited = key[:position] + letter + key[position + 1 :]
    if edited == key:
        return
    text = GOOD.replace(f"{key}:", f"{edited}:", 1)
    with pytest.raises(InputFileError):
        load(text)


class TestLibrary:
    @pytest.mark.parametrize("identifier", LIBRARY)
    def test_every_shipped_protocol_is_read(self, identifier: str) -> None:
        loaded = protocols.library_protocol(identifier)
        assert loaded.protocol.id == identifier
        assert len(loaded.sha256) == 64

    def test_every_protocol_file_is_in_the_library(self, root: Path) -> None:
        folder = root / "fractions" / "rtfractions" / "protocols" / "data"
        assert sorted(path.stem for path in folder.glob("NCT*.yaml")) == sorted(LIBRARY)

    def test_re_induction_says_what_its_record_says(self) -> None:
        # ClinicalTrials.gov NCT03406468, record of 2020-01-18
        protocol = protocols.library_protocol("NCT03406468").protocol
        status = {str(e.schedule.range): e.status for e in protocol.schedules.allowed}
        assert status == {
            "24 Gy / 3": "preferred",
            "30 Gy / 10": "conditional",
            "20 Gy / 5": "conditional",
            "20-24 Gy / 1": "conditional",
            "30 Gy / 3": "unclear",
        }
        assert protocol.schedules.list == "open"
        assert protocol.lesions is not None
        assert (protocol.lesions.min, protocol.lesions.max) == (1, 1)
        assert protocol.timing is None

    def test_gensheimer_says_what_registry_and_abstract_say(self) -> None:
        # Registry results of NCT03176173 (mirror of 2025-11-05); Gensheimer 2025 abstract; NCI-2017-00952
        protocol = protocols.library_protocol("NCT03176173").protocol
        groups = {str(e.schedule.range): (e.status, e.group) for e in protocol.schedules.allowed}
        assert groups == {
            "50 Gy / 5": ("listed", "ablative"),
            "50 Gy / 10": ("listed", "ablative"),
            "27 Gy / 3": ("listed", "non-ablative"),
            "40 Gy / 10": ("listed", "non-ablative"),
        }
        assert protocol.schedules.list == "stated"
        assert protocol.lesions is not None
        assert (protocol.lesions.min, protocol.lesions.max) == (1, 4)
        assert protocol.timing is not None
        assert protocol.timing.worst_grade == "query"

    def test_no_rule_but_the_number_of_lesions_may_be_a_deviation(self) -> None:
        # protocols.md 4.2 rule 1: a registry supports a deviation only where its text is unconditional.
        for identifier in LIBRARY:
            protocol = protocols.library_protocol(identifier).protocol
            rules = (protocol.schedules, protocol.sites, protocol.timing)
            assert {rule.worst_grade for rule in rules if rule is not None} == {"query"}

    def test_ids_are_found_in_any_case_and_near_ones_offered(self) -> None:
        assert protocols.find("nct03406468").protocol.id == "NCT03406468"
        with pytest.raises(ProtocolError, match="did you mean NCT03406468"):
            protocols.find("NCT0340646")


def test_the_json_schema_accepts_the_library_and_refuses_a_misspelt_key(root: Path) -> None:
    validator = jsonschema.Draft202012Validator(json_schema("protocol"))
    for identifier in LIBRARY:
        path = root / "fractions" / "rtfractions" / "protocols" / "data" / f"{identifier}.yaml"
        plain = strict_yaml.read(path.read_text("utf-8"), file=path.name).value
        validator.validate(plain)
        plain["schedules"]["match_tolerance"] = plain["schedules"].pop("match_tolerance_gy")
        assert not validator.is_valid(plain)


ORGANS = """\
organs_at_risk:
  worst_grade: deviation_unacceptable
  source: S1
  rules:
    - {id: cord, structure: SpinalCord, metric: "D0.03cc[Gy]", limits: [{fractions: [3], mandatory: "< 18 Gy"}]}
"""


def test_a_rule_on_a_structure_that_nothing_knows_is_refused() -> None:
    assert load(GOOD + ORGANS).organs_at_risk is not None
    with pytest.raises(InputFileError, match=r"line 34.*'SpinalCrod' is no structure.*'SpinalCord'"):
        load(GOOD + ORGANS.replace("SpinalCord", "SpinalCrod"))
    with pytest.raises(InputFileError, match=r"'SpinalCrod' is no structure.*'SpinalCord'"):
        load(GOOD + ORGANS + "aliases: [{structure: SpinalCrod, names: [Myelon]}]\n")


def test_a_structure_of_the_files_own_is_known_by_its_alias() -> None:
    own = ORGANS.replace("SpinalCord", "Stent") + "aliases: [{structure: Stent, names: [Stent 1]}]\n"
    assert load(GOOD + own).aliases[0].structure == "Stent"

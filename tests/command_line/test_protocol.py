"""``rtfractions protocol``: the library, what it says, and what its documents look like."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from rtfractions.protocols import LIBRARY
from rtfractions.protocols.constraint_library import SETS, find_set
from rtfractions.reports.schemas import DOCUMENTS, json_schema
from rtfractions_cli.protocol import SCHEMAS

Run = Callable[..., Any]


def without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_nulls(inner) for key, inner in value.items() if inner is not None}
    return [without_nulls(inner) for inner in value] if isinstance(value, list) else value


def test_list_names_the_library(run: Run) -> None:
    protocols, sets = run("protocol", "list").out.split("\n\n")
    assert [line.split()[0] for line in protocols.splitlines()[1:]] == list(LIBRARY)
    assert [line.split()[0] for line in sets.splitlines()[1:-1]] == list(SETS)
    assert "Nobody checked a limit against the primary paper" in sets
    document = run("protocol", "list", "--format", "json").json
    jsonschema.validate(document, json_schema("protocol-list"))
    assert [protocol["id"] for protocol in document["protocols"]] == list(LIBRARY)
    assert [one["id"] for one in document["constraint_sets"]] == list(SETS)
    rows = list(csv.DictReader(io.StringIO(run("protocol", "list", "--format", "csv").out)))
    assert [row["id"] for row in rows] == [*LIBRARY, *SETS]
    tg101 = next(row for row in rows if row["id"] == "AAPM-TG101-2010")
    assert (tg101["kind"], tg101["limits"], tg101["disabled"]) == ("constraint_set", "154", "0")


@pytest.mark.parametrize("identifier", SETS)
def test_show_says_limits_verification_and_what_speaks_against_them(run: Run, identifier: str) -> None:
    found = find_set(identifier).constraint_set
    text = run("protocol", "show", identifier.lower()).out
    assert text.startswith(f"{identifier} ")
    for rule in found.constraints:
        assert str(rule.metric.metric) in text
        for limit in rule.limits:
            for said in (limit.conflict, limit.note, limit.disabled, limit.printed, limit.endpoint):
                assert said is None or said in text
    assert "a person must, before clinical use" in text
    document = run("protocol", "show", identifier, "--format", "json").json
    jsonschema.validate(document, json_schema("protocol-show"))
    assert document["protocol"] is None
    assert document["constraint_set"]["id"] == identifier
    rows = list(csv.DictReader(io.StringIO(run("protocol", "show", identifier, "--format", "csv").out)))
    assert len(rows) == sum(len(rule.limits) for rule in found.constraints)
    assert {row["verification"] for row in rows} <= {"V2", "V1", "M"}
    assert all(row["source"] for row in rows)


def test_show_prints_limits_by_number_of_fractions(run: Run) -> None:
    """Printed with TG-101's cord limits, which have to be 10, 18 and 23 Gy to 0.35 cc in 1, 3 and 5 fractions."""
    text = run("protocol", "show", "AAPM-TG101-2010").out
    cord = text[text.index("Spinal cord and medulla (SpinalCord)") :]
    lines = [line.split() for line in cord.splitlines()[2:]]
    shown = [" ".join(line) for line in lines]
    assert shown[0].startswith("D0.35cc[Gy] 1 fx < 10 Gy V2 TG-101 Table III Myelitis")
    assert [line for line in shown if line.startswith("3 fx < 18 Gy V2")]
    assert [line for line in shown if line.startswith("5 fx < 23 Gy V2")]
    unknown = run("protocol", "show", "UK-SABR-2022").out
    assert "objective < 10 Gy *" in unknown
    assert "* disabled: edition unknown" in unknown


def test_show_prints_the_dose_rules_of_a_protocol(run: Run, samples: Path, tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(
        (samples / "local_protocol.yaml").read_text()
        + """
prescription_isodose: {percent_of_maximum: [60, 90], worst_grade: query, source: S1}
targets:
  worst_grade: deviation_unacceptable
  source: S1
  rules:
    - {id: d95, structure: PTV, metric: "D95%[%]", limits: [{objective: ">= 100 %", mandatory: ">= 95 %"}]}
conformity:
  worst_grade: variation_acceptable
  source: S1
  rules:
    - {id: ci, index: CI_RTOG, limits: [{objective: "< 1.2"}]}
organs_at_risk:
  worst_grade: deviation_unacceptable
  source: S1
  rules:
    - {id: cord, structure: SpinalCord, metric: "D0.03cc[Gy]", limits: [{fractions: [3], mandatory: "< 18 Gy"}]}
aliases: [{structure: SpinalCord, names: [Myelon neu]}]
"""
    )
    shown = " ".join(run("protocol", "show", path).out.split())
    for said in (
        "Prescription isodose: 60 to 90 % of the largest dose",
        "PTV metric for limit",
        "D95%[%] any >= 100 %, mandatory >= 95 %",
        "CI_RTOG any objective < 1.2",
        "D0.03cc[Gy] 3 fx mandatory < 18 Gy",
        "SpinalCord: Myelon neu",
    ):
        assert said in shown


def test_validate_reads_sets_too_and_names_an_unknown_structure(
    run: Run, samples: Path, tmp_path: Path
) -> None:
    document = run("protocol", "show", "SUPR-3D", "--format", "json").json
    path = tmp_path / "set.yaml"
    path.write_text(json.dumps(without_nulls(document["constraint_set"])))
    listed = run("protocol", "validate", path, samples / "local_protocol.yaml", "--format", "json").json
    assert [one["id"] for one in listed["constraint_sets"]] == ["SUPR-3D"]
    assert [one["id"] for one in listed["protocols"]] == ["LOCAL-EXAMPLE"]
    path.write_text(path.read_text().replace('"Bowel_Small"', '"BowelSmal"'))
    result = run("protocol", "validate", path)
    assert (result.code, result.out) == (2, "")
    assert "'BowelSmal' is no structure of the vocabulary: did you mean 'Bowel_Small'?" in result.err
    assert run("protocol", "show", "NCCN").code == 2


@pytest.mark.parametrize("identifier", LIBRARY)
def test_show_says_rules_sources_and_doubts(run: Run, identifier: str) -> None:
    text = run("protocol", "show", identifier).out
    for word in (
        "Schedules",
        "Lesions treated on study",
        "Ambiguities",
        "No rule on",
        "Stated, not graded",
        "sha256",
    ):
        assert word in text
    document = run("protocol", "show", identifier, "--format", "json").json
    jsonschema.validate(document, json_schema("protocol-show"))
    assert document["protocol"]["id"] == identifier
    assert run("protocol", "show", identifier, "--format", "csv").out.startswith(
        "id,schedule,status,group,condition,"
    )


def test_what_show_prints_as_json_is_a_protocol_again(run: Run, tmp_path: Path) -> None:
    document = run("protocol", "show", "NCT03176173", "--format", "json").json
    path = tmp_path / "again.yaml"
    path.write_text(json.dumps(without_nulls(document["protocol"])))
    assert run("protocol", "validate", path).code == 0


def test_validate_accepts_a_good_file_and_names_what_is_wrong_in_a_bad_one(
    run: Run, samples: Path, tmp_path: Path
) -> None:
    good = samples / "local_protocol.yaml"
    assert "LOCAL-EXAMPLE" in run("protocol", "validate", good).out
    bad = tmp_path / "bad.yaml"
    bad.write_text(good.read_text().replace("match_tolerance_gy", "match_tolerance"))
    result = run("protocol", "validate", good, bad)
    assert (result.code, result.out) == (2, "")
    assert (
        "line 17, column 3: unknown key 'match_tolerance': did you mean 'match_tolerance_gy'?" in result.err
    )


def test_every_document_has_its_schema() -> None:
    assert list(SCHEMAS) == list(DOCUMENTS)


@pytest.mark.parametrize("document", SCHEMAS)
def test_published_schemas_are_the_programs(run: Run, root: Path, document: str) -> None:
    printed = run("protocol", "schema", document).out
    assert (root / "docs" / "schemas" / f"{document}.json").read_text("utf-8") == printed
    jsonschema.Draft202012Validator.check_schema(json.loads(printed))

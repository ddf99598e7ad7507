"""``rtfractions protocol``: the library, what it says, and what its documents look like."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from rtfractions.protocols import LIBRARY
from rtfractions.reports.schemas import DOCUMENTS, json_schema
from rtfractions_cli.protocol import SCHEMAS

Run = Callable[..., Any]


def test_list_names_the_library(run: Run) -> None:
    assert [line.split()[0] for line in run("protocol", "list").out.splitlines()[1:]] == list(LIBRARY)
    document = run("protocol", "list", "--format", "json").json
    jsonschema.validate(document, json_schema("protocol-list"))
    assert [protocol["id"] for protocol in document["protocols"]] == list(LIBRARY)
    assert run("protocol", "list", "--format", "csv").out.startswith(
        "id,title,version,basis,schedules,sha256\n"
    )


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

    def without_nulls(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: without_nulls(inner) for key, inner in value.items() if inner is not None}
        return [without_nulls(inner) for inner in value] if isinstance(value, list) else value

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

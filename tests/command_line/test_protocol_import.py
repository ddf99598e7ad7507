"""``rtfractions protocol import``, and what ``validate`` makes of the files that it and people write."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import jsonschema
import pytest

from rtfractions import protocols
from rtfractions.protocols.importers import READERS
from rtfractions.reports.schemas import json_schema
from rtfractions_cli.group import rtfractions

Run = Callable[..., Any]

TEMPLATE = "TemplateId,DVHObjective,Goal,Variation\nSpinalCord,D0.035cc[Gy],<=18,<=21.9\n"


@pytest.fixture
def template(tmp_path: Path) -> Path:
    path = tmp_path / "lung.csv"
    path.write_text(TEMPLATE)
    return path


def test_the_written_file_passes_validate(run: Run, template: Path, tmp_path: Path) -> None:
    out = tmp_path / "lung.yaml"
    done = run(
        "protocol", "import", template, "--as", "clearplan", "--id", "lung", "--fractions", "3", "-o", out
    )
    assert (done.code, done.out, done.err) == (0, "", "")
    assert "# Every constraint was carried over." in out.read_text()
    listed = run("protocol", "validate", out, "--format", "json")
    assert listed.code == 0
    jsonschema.validate(listed.json, json_schema("protocol-list"))
    assert [(found["id"], found["limits"]) for found in listed.json["constraint_sets"]] == [("lung", 1)]


def test_what_is_left_out_is_named_and_the_rest_written(run: Run, template: Path, tmp_path: Path) -> None:
    template.write_text(TEMPLATE + "Body,GI50%[%],<=6,\n")
    done = run("protocol", "import", template, "--as", "clearplan", "--id", "lung", "-q")
    assert done.code == 3
    assert "lung.csv, row 3: 'GI50%[%]': the gradient index is no metric of a set" in done.err
    assert "#   row 3: 'GI50%[%]': the gradient index" in done.out
    assert str(tmp_path) not in done.out
    written = tmp_path / "lung.yaml"
    written.write_text(done.out)
    assert run("protocol", "validate", written).code == 0


def test_equal_templates_give_equal_bytes(run: Run, template: Path) -> None:
    first, second = (
        run("protocol", "import", template, "--as", "clearplan", "--id", "lung").out for _ in range(2)
    )
    assert first == second


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--as", "proknow", "--id", "lung"], 3, "is not JSON"),
        (["--as", "clearplan", "--id", "../lung"], 2, "--id '../lung'"),
        (["--as", "clearplan", "--id", "lung\n"], 2, "--id"),
        (["--as", "clearplan"], 2, "--id"),
        (["--as", "excel", "--id", "lung"], 2, "excel"),
        (["--as", "clearplan", "--id", "lung", "--fractions", "0"], 2, "--fractions"),
    ],
)
def test_what_is_refused(run: Run, template: Path, arguments: list[str], code: int, said: str) -> None:
    done = run("protocol", "import", template, *arguments)
    assert (done.code, done.out) == (code, "")
    assert said in done.err
    assert len(done.err.splitlines()) == 1


def test_never_over_the_template(run: Run, template: Path) -> None:
    done = run("protocol", "import", template, "--as", "clearplan", "--id", "lung", "-o", template)
    assert done.code == 3
    assert template.read_text() == TEMPLATE


def test_every_reader_can_be_chosen() -> None:
    group = rtfractions.commands["protocol"]
    assert isinstance(group, click.Group)
    (option,) = [parameter for parameter in group.commands["import"].params if parameter.name == "kind"]
    assert isinstance(option.type, click.Choice)
    assert list(option.type.choices) == sorted(READERS)


def overlay(folder: Path, sha256: str) -> Path:
    path = folder / "overlay.yaml"
    path.write_text(
        "schema: rtfractions.overlay/1\nname: A. Example\nrole: physicist\ndate: 2026-03-02\nreason: minutes 14\n"
        f"protocol: {{id: NCT03406468, sha256: {sha256}}}\nreadings: {{AMB-10GY: A}}\n"
        "prior_radiotherapy:\n  - {patient: SECRET-7, stated: none}\n"
    )
    return path


def test_validate_reads_overlays_and_holds_them_against_their_protocol(run: Run, tmp_path: Path) -> None:
    sha256 = protocols.library_protocol("NCT03406468").sha256
    path = overlay(tmp_path, sha256)
    done = run("protocol", "validate", path)
    assert done.code == 0
    assert "overlay of A. Example, 2026-03-02, for NCT03406468" in done.out
    assert "AMB-10GY: reading A decides" in done.out
    assert "SECRET-7" not in done.out
    document = run("protocol", "validate", path, "--format", "json").json
    jsonschema.validate(document, json_schema("protocol-list"))
    assert [found["protocol"] for found in document["overlays"]] == ["NCT03406468"]
    assert "overlay" in run("protocol", "validate", path, "--format", "csv").out.splitlines()[1]
    stale = run("protocol", "validate", overlay(tmp_path, "a" * 64))
    assert (stale.code, stale.out) == (2, "")
    assert f"line 6, column 11: the overlay was written for NCT03406468 with SHA-256 {'a' * 64}" in stale.err
    assert sha256 in stale.err

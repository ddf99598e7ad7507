"""``rtfractions alpha-beta``, and ``--alpha-beta catalogue:NAME``."""

import csv
import io
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest

from rtfractions.biology.catalogue import catalogue
from rtfractions.reports.schemas import json_schema

Run = Callable[..., Any]


def test_a_tissue_is_found_with_interval_source_and_state(run: Run) -> None:
    result = run("alpha-beta", "prostate")
    assert (result.code, result.err) == (0, "")
    lines = result.out.splitlines()
    assert lines[0].split() == [
        "name",
        "category",
        "tissue:",
        "endpoint",
        "a/b",
        "in",
        "Gy",
        "interval",
        "checked",
        "quality",
    ]
    row = next(line for line in lines if line.startswith("prostate-miralbell-2012 "))
    for cell in (" 1.4 ", "0.9 to 2.2 (95 %)", "verified"):
        assert cell in row
    assert "prostate-miralbell-2012: Miralbell et al 2012 IJROBP 82:e17; CI in the paper title" in lines
    assert result.out.isascii()


def test_what_is_from_memory_is_marked_in_every_form(run: Run) -> None:
    text = run("alpha-beta", "prostate").out
    row, source = (line for line in text.splitlines() if line.startswith("prostate-bentzen-2005"))
    assert " memory " in row
    assert source.endswith("[from memory, not verified]")
    result = run("alpha-beta", "prostate", "--format", "json")
    states = {entry["name"]: entry["verification"] for entry in result.json["entries"]}
    assert states["prostate-bentzen-2005"] == "memory"
    assert [warning["code"] for warning in result.json["warnings"]] == ["alpha-beta.unverified"]
    assert "1 of 3" in result.err
    rows = csv.DictReader(io.StringIO(run("alpha-beta", "prostate", "--format", "csv").out))
    assert [row["verification"] for row in rows] == ["verified", "memory", "verified"]


def test_an_open_interval_says_so(run: Run) -> None:
    text = run("alpha-beta", "tonsil").out
    assert "3.6 to inf (95 %)" in text
    assert "open on that side" in text
    (found,) = run("alpha-beta", "tonsil", "--format", "json").json["entries"]
    assert found["interval"] == {
        "low_gy": 3.6,
        "high_gy": None,
        "level": "95",
        "open_below": False,
        "open_above": True,
    }
    (row,) = csv.DictReader(io.StringIO(run("alpha-beta", "tonsil", "--format", "csv").out))
    assert (row["ci_low_gy"], row["ci_high_gy"]) == ("3.6", "")


def test_json_fits_its_published_schema(run: Run) -> None:
    document = run("alpha-beta", "--format", "json").json
    jsonschema.validate(document, json_schema("alpha-beta"))
    assert document["schema"] == "rtfractions.alpha-beta/1"
    assert document["words"] == []
    assert [entry["name"] for entry in document["entries"]] == list(catalogue())
    assert run("alpha-beta", "late", "Lung", "--format", "json").json["words"] == ["late", "Lung"]


def test_csv_is_one_row_an_entry(run: Run) -> None:
    rows = list(csv.DictReader(io.StringIO(run("alpha-beta", "--format", "csv", "-q").out)))
    assert [row["name"] for row in rows] == list(catalogue())
    assert all(row["source"] for row in rows)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("prostrate",), "did you mean prostate"),
        (("prostate", "lung"), "leave one out"),
        (("",), "is no word"),
    ],
)
def test_nothing_found_is_a_usage_error_with_the_nearest_words(
    run: Run, words: tuple[str, ...], said: str
) -> None:
    result = run("alpha-beta", *words)
    assert (result.code, result.out) == (2, "")
    assert result.err.count("\n") == 1
    assert said in result.err


def test_the_result_goes_to_a_file(run: Run, tmp_path: Any) -> None:
    result = run("alpha-beta", "cord", "-o", tmp_path / "cord.txt")
    assert (result.code, result.out) == (0, "")
    assert "kirkpatrick" in (tmp_path / "cord.txt").read_text()


def test_bed_takes_an_entry_and_prints_its_source(run: Run) -> None:
    # Miralbell 2012: 1.4 Gy; 60 Gy / 20: BED = 60 (1 + 3 / 1.4) = 188.57
    result = run("bed", "60Gy/20", "--alpha-beta", "catalogue:prostate-miralbell-2012")
    assert (result.code, result.err) == (0, "")
    assert "188.57" in result.out
    assert "Miralbell et al 2012 IJROBP 82:e17 (catalogue:prostate-miralbell-2012" in result.out
    document = run(
        "bed", "60Gy/20", "--alpha-beta", "catalogue:prostate-miralbell-2012", "--format", "json"
    ).json
    assert "Miralbell" in document["schedules"][0]["results"][0]["alpha_beta_source"]


def test_bed_says_that_an_entry_is_not_verified(run: Run) -> None:
    result = run("bed", "60Gy/20", "--alpha-beta", "catalogue:prostate-bentzen-2005")
    assert "from memory, not verified" in result.out
    assert "from memory, not verified" in result.err
    document = run("bed", "60Gy/20", "--alpha-beta=catalogue:prostate-bentzen-2005", "--format=json").json
    assert [warning["code"] for warning in document["warnings"]] == ["alpha-beta.unverified"]


@pytest.mark.parametrize("name", ["prostate", "", "nosuch", "prostate-miralbell"])
def test_bed_refuses_what_is_no_name(run: Run, name: str) -> None:
    result = run("bed", "60Gy/20", "--alpha-beta", f"catalogue:{name}")
    assert (result.code, result.out) == (2, "")
    assert "the catalogue has no alpha/beta called" in result.err

"""The catalogue of alpha/beta: whole, sourced, found by words, used by name."""

import csv
import math
import os
import re
from pathlib import Path
from typing import Any

import pytest

from rtfractions.biology import AlphaBetaError, Verification, parse_alpha_beta
from rtfractions.biology.catalogue import CatalogueEntry, CatalogueError, catalogue, entry, search

ENTRIES = list(catalogue().values())


def names(*words: str) -> list[str]:
    return [found.name for found in search(*words)]


def test_names_are_unique_and_as_documented(root: Path) -> None:
    path = root / "fractions" / "rtfractions" / "biology" / "data" / "alpha_beta.csv"
    rows = list(csv.DictReader(path.read_text("utf-8").splitlines()))
    assert [row["name"] for row in rows] == list(catalogue())
    for name in catalogue():
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", name)


@pytest.mark.parametrize("found", ENTRIES, ids=lambda found: found.name)
def test_every_entry_is_sourced_and_in_range(found: CatalogueEntry) -> None:
    assert 0.1 <= found.value_gy <= 100
    assert len(found.source) > 5
    ratio = found.alpha_beta
    assert ratio.value_gy == found.value_gy
    assert found.source in ratio.source
    assert f"catalogue:{found.name}" in ratio.source
    assert found.verification.words in ratio.source
    assert bool(ratio.notices) == (found.verification is not Verification.VERIFIED)
    year = re.search(r"-(\d{4})$", found.name)
    if year:
        assert year[1] in found.source, "the name bears the year of the source"


@pytest.mark.parametrize("found", ENTRIES, ids=lambda found: found.name)
def test_intervals_are_open_where_they_reach_zero_or_infinity(found: CatalogueEntry) -> None:
    interval = found.interval
    assert (interval is None) == (found.level is None)
    if interval is not None:
        assert (interval.low_gy is None) == (found.low_gy is None or found.low_gy <= 0)
        assert (interval.high_gy is None) == (found.high_gy is None)


@pytest.mark.parametrize(
    ("name", "value", "low", "high", "level", "state"),
    [
        # alpha_beta.csv of the facts
        ("prostate-miralbell-2012", 1.4, 0.9, 2.2, "95", "verified"),
        ("spinal-cord-kirkpatrick-2010", 0.87, None, None, None, "verified"),
        ("rectum-late-tucker-2011", 4.8, 0.6, 46, "68", "verified"),
        ("melanoma-bentzen-1989", 0.6, -1.1, 2.5, "95", "verified"),
        ("buccal-mucosa-maciejewski-1989", 6.6, 2.9, None, "95", "memory"),
        ("glioma-qi-2006", 10, -5, 25, "SD", "memory"),
        ("breast-late-thames-1990", 3, 2, 4, "range", "verified"),
        ("chest-wall-cerr", 2.1, None, None, None, "third_party"),
        ("tonsil-maciejewski-1989", 7.2, 3.6, None, "95", "corroborated"),
    ],
)
def test_entries_are_those_of_the_facts(
    name: str, value: float, low: float | None, high: float | None, level: str | None, state: str
) -> None:
    found = entry(name)
    assert (found.value_gy, found.low_gy, found.high_gy, found.level) == (value, low, high, level)
    assert found.verification == state


def test_the_catalogue_is_that_of_the_facts() -> None:
    data = os.environ.get("RTFRACTIONS_EXTERNAL_DATA")
    facts = None if data is None else Path(data).parent / "facts" / "alpha_beta.csv"
    if facts is None or not facts.exists():
        pytest.skip("the facts are not here")
    rows = [row for row in csv.DictReader(facts.read_text("utf-8").splitlines()) if row["alpha_beta_gy"]]
    told = [(r["tissue"], r["endpoint"], float(r["alpha_beta_gy"]), r["source"]) for r in rows]
    assert [(e.tissue, e.endpoint, e.value_gy, e.source) for e in ENTRIES] == told
    ends = {"": None, "inf": None}
    assert [(e.low_gy, e.high_gy) for e in ENTRIES] == [
        tuple(ends[c] if c in ends else float(c) for c in (r["ci_low"], r["ci_high"])) for r in rows
    ]
    for found, row in zip(ENTRIES, rows, strict=True):
        if found.verification is Verification.VERIFIED:
            assert row["verification"].startswith("verified"), (
                "nothing is called verified that the facts do not"
            )
        if row["verification"] == "memory":
            assert found.verification is Verification.MEMORY


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("prostate",), ["prostate-miralbell-2012", "prostate-bentzen-2005", "prostate-convention"]),
        (("PROSTATE", "biochem"), ["prostate-miralbell-2012", "prostate-convention"]),
        (("late breast shrinkage",), ["breast-shrinkage-haviland-2013"]),
        (("tumor", "esophagus"), ["oesophagus-geh-2006"]),
        (("tumour", "oesophagus"), ["oesophagus-geh-2006"]),
        (("edema",), ["breast-oedema-haviland-2013"]),
        (("miralbell",), ["prostate-miralbell-2012"]),
        (("cauda",), ["lumbar-cord-nieder-2006"]),
    ],
)
def test_words_find_entries(words: tuple[str, ...], expected: list[str]) -> None:
    assert names(*words) == expected


def test_all_words_must_match_and_none_means_all() -> None:
    assert len(search()) == len(ENTRIES)
    assert set(names("late", "cord")) < set(names("cord"))
    assert all(found.category == "late" for found in search("late", "lung"))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("prostrate",), "did you mean prostate"),
        (("bladr",), "did you mean bladder"),
        (("prostate", "lung"), "not together"),
        (("xyzzy",), "lists all"),
        (("",), "is no word"),
        (("...",), "is no word"),
        (("\x1b[31m",), "no entry"),
        ((3,), "no words"),
    ],
)
def test_nothing_found_is_an_error_that_helps(words: tuple[Any, ...], said: str) -> None:
    with pytest.raises(CatalogueError) as refused:
        search(*words)
    assert said in str(refused.value)
    assert str(refused.value).isprintable()


@pytest.mark.parametrize(
    "name", ["prostate-miralbell-2012", " Prostate-Miralbell-2012 ", "PROSTATE-MIRALBELL-2012"]
)
def test_an_entry_is_taken_by_its_whole_name(name: str) -> None:
    assert entry(name).value_gy == 1.4
    assert parse_alpha_beta(f"catalogue:{name}", source="x").value_gy == 1.4
    assert parse_alpha_beta(f" Catalogue:{name}", source="x").source.startswith("Miralbell")


@pytest.mark.parametrize(
    "name", ["prostate", "", "3", "prostate-miralbell", "x" * 500, None, 3, True, 1.4, ["x"]]
)
def test_a_part_of_a_name_takes_nothing(name: Any) -> None:
    with pytest.raises(CatalogueError) as refused:
        entry(name)
    assert len(str(refused.value)) < 300
    assert isinstance(refused.value, ValueError)
    with pytest.raises(CatalogueError):
        parse_alpha_beta(f"catalogue:{name}", source="x")


def test_the_nearest_names_are_offered() -> None:
    with pytest.raises(CatalogueError, match="did you mean prostate"):
        entry("prostate")


def test_what_is_not_verified_says_so_wherever_it_goes() -> None:
    ratio = parse_alpha_beta("catalogue:prostate-bentzen-2005", source="x")
    assert "from memory, not verified" in ratio.source
    (notice,) = ratio.notices
    assert notice.code == "alpha-beta.unverified"
    assert "from memory" in notice.message
    assert parse_alpha_beta("catalogue:prostate-miralbell-2012", source="x").notices == ()


GOOD: dict[str, Any] = {
    "name": "prostate-test-2000",
    "category": "tumour",
    "tissue": "Prostate",
    "endpoint": "Control",
    "value_gy": 1.5,
    "low_gy": 1.0,
    "high_gy": 2.0,
    "level": "95",
    "source": "Test 2000",
    "verification": "verified",
    "quality": "A",
}


@pytest.mark.parametrize(
    "changes",
    [
        {"source": ""},
        {"source": None},
        {"source": "-"},
        {"tissue": ""},
        {"endpoint": None},
        {"name": ""},
        {"name": "Prostate 2000"},
        {"name": None},
        {"category": "tumor"},
        {"category": None},
        {"quality": "E"},
        {"quality": 1},
        {"verification": "checked"},
        {"verification": None},
        {"level": "99"},
        {"level": None},
        {"low_gy": 1.6},
        {"high_gy": 1.4},
        {"low_gy": math.nan},
        {"high_gy": "2"},
        {"low_gy": True},
        {"note": None},
        *({"value_gy": v} for v in (0, -1, math.nan, math.inf, 1e-320, 1e308, True, "1.5", None, 0.09, 101)),
    ],
)
def test_an_entry_that_cannot_be(changes: dict[str, Any]) -> None:
    assert CatalogueEntry(**GOOD).value_gy == 1.5
    with pytest.raises((CatalogueError, AlphaBetaError)) as refused:
        CatalogueEntry(**{**GOOD, **changes})
    assert str(refused.value).isprintable()

"""The HTML page of a review, as a file: self-contained, strict, and whole."""

import base64
import itertools
import re
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
Review = Callable[..., str]

REVIEW = ("review", "--protocol", "review_protocol.yaml", "--lesions", "review_lesions.csv")


@pytest.fixture
def page(review: Review, overlay_file: Path) -> str:
    return review("html", *REVIEW, "--overlay", overlay_file)


def test_nothing_is_loaded_and_nothing_runs(page: str, tables: Callable[[str], Any]) -> None:
    # hazard S8
    found = tables(page)
    assert not {"script", "link", "iframe", "object", "embed", "form", "base", "svg"} & set(found.elements)
    names = {name for _, name in found.attributes}
    assert not {name for name in names if name.startswith("on") or name in ("style", "srcset", "action")}
    assert set(re.findall(r'src="([a-z]+:[a-z+/]+)', page)) <= {"data:image/svg+xml", "data:image/png"}
    assert not re.findall(r'href="(?!#)', page)


def test_the_policy_allows_its_own_style_alone(page: str) -> None:
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)
    assert policy is not None
    assert style is not None
    digest = base64.b64encode(sha256(style[1].encode()).digest()).decode()
    rules = dict(rule.strip().split(" ", 1) for rule in policy[1].split(";"))
    assert rules == {
        "default-src": "'none'",
        "img-src": "data:",
        "style-src": f"'sha256-{digest}'",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    assert "url(" not in style[1]
    assert "@import" not in style[1]


def test_pictures_are_bounded_and_told_in_words(page: str) -> None:
    pictures = re.findall(r'<img src="(data:[^"]+)" alt="([^"]+)" width="\d+" height="\d+">', page)
    assert len(pictures) == page.count("<img") >= 2
    assert all(len(alt) > 30 for _, alt in pictures)
    assert all(len(data) < 1_000_000 for data, _ in pictures)
    assert len(page) < 5_000_000


def test_a_reader_without_eyes_finds_its_way(page: str, tables: Callable[[str], Any]) -> None:
    assert '<html lang="en">' in page
    assert re.search(r"<title>RV-01: [a-z ]+ \(LOCAL-REVIEW\)</title>", page)
    assert len(re.findall(r"<h1>", page)) == 1
    assert not re.findall(r"<th(?! scope=)[ >]", page)
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'aria-labelledby="([^"]+)"', page)) <= set(ids)
    levels = [int(level) for level in re.findall(r"<h([1-6])", page)]
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    assert tables(page).elements["caption"] > 5


def test_it_states_where_everything_comes_from(
    page: str, run: Run, samples: Path, overlay_file: Path
) -> None:
    from rtfractions import __version__

    files = [*(samples / "review").glob("*.dcm"), samples / "review_lesions.csv", overlay_file]
    for file in (*files, samples / "review_protocol.yaml"):
        assert sha256(file.read_bytes()).hexdigest() in page, file.name
    assert __version__ in page
    for said in (
        "4 x 4 x 4 mm",
        "heterogeneity correction",
        "IMAGE",
        "closed form",
        "Signature",
        "Prior radiotherapy",
    ):
        assert said in page
    written = re.search(r"time of writing left out", page)
    assert written is not None


def test_advisory_sets_stand_apart(page: str) -> None:
    start = page.index('<section class="advisory"')
    before, advisory = page[:start], page[start:]
    assert "changes no verdict" in advisory[:300]
    assert "constraint." in advisory
    assert "constraint." not in before
    assert "AAPM TG-101" in before  # the form for the chart says how many are exceeded


def test_the_pdf_needs_its_extra_and_says_so(
    run: Run, samples: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "weasyprint", None)
    call = ["check", samples / "gensheimer.csv", "--protocol", "NCT03176173", "--format", "pdf"]
    done = run(*call, "-o", tmp_path / "review.pdf")
    assert done.code == 2
    assert done.out == ""
    assert done.err.count("\n") == 1
    assert "WeasyPrint, which is not installed: install rtfractions[pdf]" in done.err
    assert not (tmp_path / "review.pdf").exists()


def test_the_pdf_is_written_and_loads_nothing(run: Run, samples: Path, tmp_path: Path) -> None:
    try:
        __import__("weasyprint")
    except (ImportError, OSError) as error:
        pytest.skip(f"WeasyPrint cannot be used here ({type(error).__name__})")
    file = tmp_path / "review.pdf"
    call = ["check", samples / "patient", "--protocol", "NCT03406468", "--format", "pdf", "--reproducible"]
    run(*call, "-o", file)
    data = file.read_bytes()
    assert data.startswith(b"%PDF-")
    assert b"/URI" not in data
    assert b"/JavaScript" not in data

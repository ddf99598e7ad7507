"""The cohort's page and the patients' in a browser: silent, still, and no wider than the window."""

import shutil
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def pages(figures: None, samples: Path, make_cohort: Any, run_inline: Any, tmp_path: Path) -> list[Path]:
    """The summary, the page of a patient with doses, and the page of one who was refused."""
    cohort, out = make_cohort(2), tmp_path / "out"
    for name in ("plan.dcm", "structures.dcm", "dose.dcm"):
        found = next((samples / "patient").rglob(name))
        shutil.copy(found, cohort / name)
    lonely = cohort / "lonely"
    lonely.mkdir()
    dose = next((samples / "review").rglob("*dose*"))
    shutil.copy(dose, lonely / "dose.dcm")
    sets = ("--constraints", "AAPM-TG101-2010", "--constraints-alpha-beta", "3")
    run_inline("audit", cohort, "--protocol", "NCT03176173", *sets, "-o", out, "-q", "--figures", "all")
    of_patients = sorted((out / "patients").glob("*.html"))
    with_figures = next(page for page in of_patients if b"data:image/png" in page.read_bytes())
    refused = next(page for page in of_patients if b'class="refused"' in page.read_bytes())
    return [out / "summary.html", with_figures, refused]


def test_pages_are_silent_and_no_wider_than_the_window(pages: list[Path], browser: Any) -> None:
    said: list[str] = []
    asked: list[str] = []
    for page in pages:
        tab = browser.new_page()
        tab.on("console", lambda message: said.append(message.text))
        tab.on("pageerror", lambda error: said.append(str(error)))
        tab.on("request", lambda request: asked.append(request.url))
        tab.goto(page.as_uri(), wait_until="networkidle")
        for width in (1280, 400):
            tab.set_viewport_size({"width": width, "height": 900})
            across = tab.evaluate("() => document.documentElement.scrollWidth")
            assert across <= width, (page.name, across)
            narrow = tab.evaluate(
                """() => [...document.querySelectorAll(".wide td")].filter(cell => cell.clientHeight > 600).length"""
            )
            assert narrow == 0  # no column is squeezed to a letter's width
            drawn = tab.evaluate("() => [...document.images].map(image => image.naturalWidth)")
            assert all(pixels > 100 for pixels in drawn)
        tab.close()
    assert said == []
    assert {url for url in asked if not url.startswith("data:")} == {page.as_uri() for page in pages}


def test_a_patients_page_leads_back_to_the_cohort(pages: list[Path], browser: Any) -> None:
    tab = browser.new_page()
    for page in pages[1:]:
        tab.goto(pages[0].as_uri())
        tab.click(f'a[href="patients/{page.name}"]')
        assert tab.url == page.as_uri()
        tab.click("nav a")
        assert tab.url == pages[0].as_uri()
    tab.close()

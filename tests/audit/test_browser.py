"""The cohort's page and the patients' in a browser: silent, still, and no wider than the window."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    program = next(
        (found for name in ("chromium", "chromium-browser") if (found := shutil.which(name))), None
    )
    if program is None:
        pytest.skip("there is no Chromium here: the pages were not opened in a browser")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


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
        for width in (1280, 400):
            tab = browser.new_page(viewport={"width": width, "height": 900})
            tab.on("console", lambda message: said.append(message.text))
            tab.on("pageerror", lambda error: said.append(str(error)))
            tab.on("request", lambda request: asked.append(request.url))
            tab.goto(page.as_uri(), wait_until="networkidle")
            across = tab.evaluate("() => document.documentElement.scrollWidth")
            assert across <= width, (page.name, across)
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

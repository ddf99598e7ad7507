"""The page of a review in a browser: silent, still, readable, and whole on paper."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

Review = Callable[..., str]

REVIEW = ("review", "--protocol", "review_protocol.yaml", "--lesions", "review_lesions.csv")

A4_WITHOUT_MARGINS = (703, 1016)
"""CSS pixels of 186 mm x 269 mm: the page less the margins of its style."""

LEAST_CONTRAST = 4.5
"""WCAG 2.2, success criterion 1.4.3, for text of ordinary size."""

# Contrast as WCAG defines it, of every element that has text of its own, against the colours that lie behind it.
CONTRAST = """() => {
  const channel = c => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const parts = text => text.match(/[\\d.]+/g).map(Number);
  const behind = element => {
    for (let one = element; one; one = one.parentElement) {
      const colour = parts(getComputedStyle(one).backgroundColor);
      if (colour.length < 4 || colour[3] > 0) return colour.slice(0, 3);
    }
    return null;
  };
  const found = [];
  for (const element of document.body.querySelectorAll("*")) {
    const own = [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim());
    if (!own || !element.getClientRects().length) continue;
    const [a, b] = [light(parts(getComputedStyle(element).color)), light(behind(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    found.push([ratio, element.textContent.trim().slice(0, 40)]);
  }
  return found;
}"""


@pytest.fixture
def opened(browser: Any, review: Review, overlay_file: Path, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """``opened(400)``: the page in a window so wide; what it said and asked for is looked at when the test ends."""
    said: list[str] = []
    asked: list[str] = []
    pages = []
    file = tmp_path / "review.html"
    file.write_text(review("html", *REVIEW, "--overlay", overlay_file), "utf-8")

    def call(width: int, **options: Any) -> Any:
        page = browser.new_page(viewport={"width": width, "height": 900}, **options)
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(file.as_uri(), wait_until="networkidle")
        pages.append(page)
        return page

    yield call
    for page in pages:
        page.close()
    assert said == []
    assert [url for url in asked if not url.startswith("data:")] == [file.as_uri()] * len(pages)


@pytest.mark.parametrize("width", [1280, 400])
def test_nothing_is_wider_than_the_window(width: int, opened: Callable[..., Any]) -> None:
    page = opened(width)
    across, window = page.evaluate(
        "() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    )
    assert across <= window == width
    beyond = page.evaluate(
        """() => [...document.body.querySelectorAll("*")].filter(element =>
             !element.closest(".scroll") && element.getBoundingClientRect().right > innerWidth + 1).length"""
    )
    assert beyond == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read(scheme: str, opened: Callable[..., Any]) -> None:
    found = opened(1280, color_scheme=scheme).evaluate(CONTRAST)
    assert len(found) > 100
    assert not [(ratio, text) for ratio, text in found if ratio < LEAST_CONTRAST]


def test_pictures_are_drawn(opened: Callable[..., Any]) -> None:
    sizes = opened(1280).evaluate(
        "() => [...document.images].map(image => [image.complete, image.naturalWidth])"
    )
    assert len(sizes) == 4  # DVHs and slices of two lesions
    assert all(complete and width > 500 for complete, width in sizes)


def test_the_style_stands_under_its_own_policy(opened: Callable[..., Any]) -> None:
    # a policy with another hash would leave the page without style, and say so on the console
    assert (
        opened(1280).evaluate("() => getComputedStyle(document.querySelector('table')).borderCollapse")
        == "collapse"
    )


def test_the_form_for_the_chart_is_one_page(opened: Callable[..., Any]) -> None:
    page = opened(A4_WITHOUT_MARGINS[0])
    page.emulate_media(media="print")
    bottom = page.evaluate("() => document.querySelector('.form').getBoundingClientRect().bottom")
    assert 0 < bottom <= A4_WITHOUT_MARGINS[1]


def test_on_paper_it_is_dark_on_light_and_nothing_is_cut(opened: Callable[..., Any]) -> None:
    page = opened(A4_WITHOUT_MARGINS[0], color_scheme="dark")
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("() => getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert not [ratio for ratio, _ in page.evaluate(CONTRAST) if ratio < LEAST_CONTRAST]
    beyond = page.evaluate(
        """() => [...document.body.querySelectorAll("*")].filter(element =>
             element.getBoundingClientRect().right > innerWidth + 1).map(element => element.textContent.slice(0, 40))"""
    )
    assert beyond == []

"""``rtfractions bed --plot``: figures as files."""

import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.text import Text

from rtfractions.reports import figures
from rtfractions.reports.isoeffect_figure import Curve, alpha_betas_gy, isoeffect_figure, spread

Run = Callable[..., Any]

TWO = ("bed", "40Gy/10", "24Gy/3", "--alpha-beta-interval", "2:5", "--alpha-beta", 3)
STARTS = {".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF"}


@pytest.mark.parametrize("suffix", figures.SUFFIXES)
def test_the_same_schedules_give_the_same_bytes_without_a_date(run: Run, tmp_path: Path, suffix: str) -> None:
    paths = [tmp_path / f"{name}{suffix}" for name in "ab"]
    printed = [run(*TWO, "--plot", path) for path in paths]
    assert printed[0] == printed[1] == run(*TWO)
    first, second = (path.read_bytes() for path in paths)
    assert first == second
    assert first.startswith(STARTS[suffix])
    for word in (b"dc:date", b"CreationDate", b"tIME", b"Creation Time"):
        assert word not in first


def test_svg_is_text_that_can_be_read(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "isoeffect.SVG"
    run(*TWO, "--plot", path)
    svg = path.read_text("utf-8")
    for text in (
        "40 Gy / 10",
        "24 Gy / 3",
        "alpha/beta [Gy]",
        "EQD2 [Gy]",
        "linear-quadratic model, no time factor",
        "shaded: alpha/beta 2 to 5 Gy",
    ):
        assert f">{text}</text>" in svg


def test_model_and_time_stand_in_the_figure(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "a.svg"
    run(
        "bed",
        "70Gy/35",
        "--model=lql",
        "--transition-dose=6",
        "--kick-off=28",
        "--repopulation=0.9",
        "--plot",
        path,
    )
    svg = path.read_text("utf-8")
    assert "EQD2, time-corrected [Gy]" in svg
    assert "transition dose 6 Gy" in svg
    assert "repopulation 0.9 Gy/day" in svg


def test_a_label_is_text_and_never_markup() -> None:
    figure = isoeffect_figure([Curve("<b>&$x_1$", (1.0, 2.0), (3.0, 4.0))], quantity="EQD2", said=["LQ"])
    svg = figures.as_bytes(figure, ".svg").decode()
    assert "<b>" not in svg
    assert "&lt;b&gt;&amp;" in svg


@pytest.mark.parametrize("count", [1, 2, 6, 12, 40])
def test_labels_neither_overlap_nor_leave_the_picture(count: int) -> None:
    curves = [
        Curve(f"{40 + i / 100:g} Gy / 10 + 16 Gy / 8", (1.0, 20.0), (60.0, 40.0 + i / 100))
        for i in range(count)
    ]
    figure = isoeffect_figure(curves, quantity="EQD2", said=["LQ"])
    figures.as_bytes(figure, ".png")  # sets the layout
    # of the text alone: an annotation's own extent has its line to the curve in it
    boxes = sorted((Text.get_window_extent(text) for text in figure.axes[0].texts), key=lambda box: box.y0)
    assert len(boxes) == count
    assert all(below.y1 <= above.y0 for below, above in pairwise(boxes))
    assert all(figure.bbox.x0 <= box.x0 and box.x1 <= figure.bbox.x1 for box in boxes)
    assert all(figure.bbox.y0 <= box.y0 and box.y1 <= figure.bbox.y1 for box in boxes)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_places_are_spread_in_order_and_within_bounds(places: list[float]) -> None:
    gap = 1.0 / 20
    found = spread(places, gap)
    ordered = [found[i] for i in sorted(range(len(places)), key=places.__getitem__)]
    assert all(above - below >= gap - 1e-9 for below, above in pairwise(ordered))
    assert min(found) >= -1e-9
    assert max(found) <= 1.0 + 1e-9


def test_values_below_zero_are_shown() -> None:
    figure = isoeffect_figure([Curve("a", (1.0, 2.0), (3.0, -4.0))], quantity="EQD2", said=["LQ"])
    assert figure.axes[0].get_ylim()[0] < -4.0


def test_what_was_asked_for_is_on_the_axis(run: Run, tmp_path: Path) -> None:
    assert (alpha_betas_gy()[0], alpha_betas_gy()[-1]) == (1.0, 20.0)
    shown = alpha_betas_gy(0.5, 35.0)
    assert (shown[0], shown[-1]) == (0.5, 35.0)
    path = tmp_path / "a.svg"
    run("bed", "40Gy/10", "--alpha-beta", 0.5, "--plot", path)
    assert ">0.5</text>" in path.read_text("utf-8")


@pytest.mark.parametrize("name", ["isoeffect.gif", "isoeffect", "isoeffect.svg.txt"])
def test_another_suffix_is_a_usage_error(run: Run, tmp_path: Path, name: str) -> None:
    result = run(*TWO, "--plot", tmp_path / name)
    assert (result.code, result.out) == (2, "")
    assert ".png, .svg, .pdf" in result.err
    assert result.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_figure_and_a_result_in_one_file_are_refused(run: Run, tmp_path: Path) -> None:
    result = run(*TWO, "--plot", tmp_path / "a.svg", "-o", tmp_path / "x" / ".." / "a.svg")
    assert (result.code, result.out) == (2, "")
    assert "one file" in result.err


def test_a_figure_that_cannot_be_written_leaves_stdout_empty(run: Run, tmp_path: Path) -> None:
    result = run(*TWO, "--plot", tmp_path / "missing" / "a.svg", "-q")
    assert (result.code, result.out) == (3, "")
    assert result.err.count("\n") == 1


def test_a_folder_is_no_figure(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "a.svg"
    folder.mkdir()
    result = run(*TWO, "--plot", folder)
    assert (result.code, result.out) == (2, "")


def test_no_pyplot_and_no_dicom(tmp_path: Path, child_environment: dict[str, str]) -> None:
    script = (
        "import sys; from rtfractions_cli.main import main; "
        f"sys.argv = ['rtfractions', 'bed', '40Gy/10', '-q', '--plot', {str(tmp_path / 'a.png')!r}]; code = main(); "
        "sys.exit(code or any(name in sys.modules for name in ('matplotlib.pyplot', 'pydicom')))"
    )
    subprocess.run([sys.executable, "-c", script], env=child_environment, check=True, capture_output=True)
    assert (tmp_path / "a.png").stat().st_size > 10_000

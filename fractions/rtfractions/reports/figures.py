"""What figures share: colours, kinds of lines, and files of the same bytes each time; matplotlib without pyplot."""

import io
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from rtfractions.errors import RTFractionsError, quoted
from rtfractions.reports.envelope import generated_at

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SUFFIXES: Final = (".png", ".svg", ".pdf")
"""What a figure can be written as, by the suffix of its file."""

COLOURS: Final = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000")
"""Okabe and Ito 2008: told apart by people with any kind of colour vision; yellow is left out, it fades on white."""

LINES: Final[tuple[Literal["-", "--", "-.", ":"], ...]] = ("-", "--", "-.", ":")
"""Where colours come round again, the next kind of line."""

_SALT: Final = "rtfractions"


class FigureError(RTFractionsError, ValueError):
    """A figure that cannot be drawn or written as asked."""

    code = "figure"


def can_be_drawn(text: str) -> bool:
    """Whether the font of figures has all letters of a text; those it lacks become boxes, except in SVG."""
    from matplotlib.font_manager import findfont
    from matplotlib.ft2font import FT2Font

    letters = FT2Font(findfont("DejaVu Sans")).get_charmap()
    return all(ord(letter) in letters for letter in text)


def suffix_of(path: Path) -> str:
    """The suffix of a figure's file, in small letters.

    Raises
    ------
    FigureError
        If figures are not written as that.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise FigureError(
            f"{quoted(path.name)} is no file of a figure", remedy=f"name it {', '.join(SUFFIXES)}"
        )
    return suffix


def as_bytes(figure: "Figure", suffix: str, *, text_as_paths: bool = False) -> bytes:
    """A figure as the bytes of its file; the same figure gives the same bytes.

    Parameters
    ----------
    figure : Figure
        The figure.
    suffix : str
        One of `SUFFIXES`.
    text_as_paths : bool, default False
        In SVG, letters as their outlines: the figure looks alike wherever it is shown.

    Raises
    ------
    SettingError
        If ``SOURCE_DATE_EPOCH`` is no time: matplotlib reads it, though no time is written.
    """
    import matplotlib

    generated_at(reproducible=False)
    metadata = {".png": {"Software": None}, ".svg": {"Date": None}, ".pdf": {"CreationDate": None}}[suffix]
    buffer = io.BytesIO()
    with (
        matplotlib.rc_context({"svg.hashsalt": _SALT, "svg.fonttype": "path" if text_as_paths else "none"}),
        warnings.catch_warnings(),
    ):
        warnings.filterwarnings("ignore", "Glyph .* missing")  # a name in letters that the font lacks
        figure.savefig(buffer, format=suffix[1:], metadata=metadata)
    return buffer.getvalue()

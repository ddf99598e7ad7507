"""Long lines of text, for a reader at a terminal."""

import textwrap
from typing import Final

WIDEST: Final = 110
"""Characters of a line of text."""


def wrapped(text: str, indent: str = "") -> str:
    """A line no longer than the widest, what goes on being indented further; long words stay whole.

    Parameters
    ----------
    text : str
        The line.
    indent : str
        What stands before it.
    """
    lines = textwrap.fill(
        text,
        WIDEST,
        initial_indent=indent,
        subsequent_indent=indent + "    ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    return lines + "\n"

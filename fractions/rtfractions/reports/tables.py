"""Plain tables: aligned for the eye, long for spreadsheets."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

from rtfractions.errors import printable

Cell = str | float | int | None

_FORMULA_STARTS: Final = ("=", "+", "-", "@", "＝", "＋", "－", "＠")  # noqa: RUF001 - spreadsheets fold them


def aligned(rows: Sequence[Sequence[str]], *, right: Iterable[int] = (), indent: str = "") -> str:
    """Rows of text in columns, two blanks apart.

    Parameters
    ----------
    rows : sequence of sequence of str
        The header first; all of one length.
    right : iterable of int
        Columns that are set to the right, as numbers are.
    indent : str
        What stands before each line.
    """
    to_the_right = set(right)
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = [
        "  ".join(
            cell.rjust(w) if i in to_the_right else cell.ljust(w)
            for i, (cell, w) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
    return "".join(f"{indent}{line.rstrip()}\n" for line in lines)


def csv_text(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    r"""CSV with a header, decimal points, and text cells that no spreadsheet takes for a formula.

    Examples
    --------
    >>> csv_text(["lesion", "bed_gy"], [["=1+1", -0.5]])
    "lesion,bed_gy\n'=1+1,-0.5\n"
    """
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([[_cell(cell) for cell in row] for row in rows])
    return file.getvalue()


def _cell(cell: Cell) -> str:
    if cell is None:
        return ""
    if not isinstance(cell, str):
        return repr(cell)
    text = printable(cell)
    return f"'{text}" if text.startswith(_FORMULA_STARTS) or cell[:1] in ("\t", "\r", "\0") else text

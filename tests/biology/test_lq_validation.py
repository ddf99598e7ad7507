"""BED and EQD2 in the plain LQ model, against numbers printed elsewhere.

`lq_validation.csv` holds them with their sources. Tier P is printed in a paper or guideline, W in teaching
material, S asserted by a third party's program, D derived from the formula with four decimals. P, W and S are
reproduced to the printed digit (half a unit of it), D to its four decimals.
"""

import csv
import re
from decimal import Decimal
from pathlib import Path

import pytest

from rtfractions.biology import AlphaBeta, bed, convert, eqdx
from rtfractions.schedule_text import parse

ROWS = list(csv.DictReader(Path(__file__).with_name("lq_validation.csv").read_text("utf-8").splitlines()))


def label(row: dict[str, str]) -> str:
    return f"{row['id']}-{row['inputs']}-{row['quantity'][:8]}"


def as_typed(inputs: str) -> str:
    """The schedule of a row, with the units the table leaves out."""
    schedule = re.sub(r"\(.*?\)|, ab=.*", "", inputs).strip()
    return re.sub(r"(\d+)x([\d.]+)", r"\1x\2Gy", schedule)


def is_printed_as(value: float, printed: str) -> bool:
    unit = Decimal(1).scaleb(-len(printed.partition(".")[2]))
    # Voyant prints 72.7 for 72.75 and the like: half a unit, whichever way it was rounded
    return abs(Decimal(value) - Decimal(printed)) <= unit / 2 + Decimal("1e-9")


@pytest.mark.parametrize("row", [r for r in ROWS if r["tier"] in "PWS" and r["id"] != "K"], ids=label)
def test_printed_numbers(row: dict[str, str]) -> None:
    ratio = re.search(r"ab=([\d.]+)", row["inputs"])
    assert ratio is not None
    isoeffect = convert(
        parse(as_typed(row["inputs"])), AlphaBeta(value_gy=float(ratio[1]), source=row["source"])
    )
    value = isoeffect.eqd2_gy if row["quantity"].startswith("EQD2") else isoeffect.bed_gy
    assert value is not None
    assert is_printed_as(value, row["printed"]), f"{value} is not {row['printed']} ({row['source']})"


@pytest.mark.parametrize("row", [r for r in ROWS if r["id"] == "K"], ids=label)
def test_printed_numbers_of_eqdx(row: dict[str, str]) -> None:
    # DICOMautomaton's test states 70 Gy with a dose per fraction of 2 Gy (as 70/35) or 3 Gy, then BED, EQD2 or EQD5.
    match = re.fullmatch(r"70(?:/35| Gy in (\d) Gy/fx), ab=(\d+) (BED|EQD\d)", row["inputs"])
    assert match is not None
    fractions, ratio, quantity = 70 / float(match[1] or 2), float(match[2]), match[3]
    if quantity == "BED":
        value = bed(70.0, fractions=fractions, alpha_beta_gy=ratio)
    else:
        reference = float(quantity.removeprefix("EQD"))
        value = eqdx(70.0, fractions=fractions, alpha_beta_gy=ratio, reference_dose_per_fraction_gy=reference)
    assert is_printed_as(value, row["printed"]), f"{value} is not {row['printed']} ({row['source']})"


@pytest.mark.parametrize("row", [r for r in ROWS if r["tier"] == "D"], ids=label)
def test_derived_numbers(row: dict[str, str]) -> None:
    schedule = parse(row["inputs"])
    for quantity, expected in zip(row["quantity"].split("|"), row["calc"].split("|"), strict=True):
        ratio = AlphaBeta(
            value_gy=float(quantity.removeprefix("BED").removeprefix("EQD2_")), source=row["source"]
        )
        isoeffect = convert(schedule, ratio)
        value = isoeffect.bed_gy if quantity.startswith("BED") else isoeffect.eqd2_gy
        assert value == pytest.approx(float(expected), abs=0.5e-4 + 1e-9), quantity


def test_the_copy_is_whole() -> None:
    assert {tier: sum(row["tier"] == tier for row in ROWS) for tier in "PWSD"} == {
        "P": 48,
        "W": 6,
        "S": 15,
        "D": 19,
    }

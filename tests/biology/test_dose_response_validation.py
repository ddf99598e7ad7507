"""gEUD, NTCP, TCP and intervals of alpha/beta against numbers of the facts, to the digits printed there.

`dose_response_validation.csv` holds the rows of facts/biology_validation.csv with their sources. Tier W is printed
in teaching material, D derived from the formula of facts/biology.md sections 1.8 to 1.10.
"""

import csv
import re
from pathlib import Path

import pytest

from rtfractions.biology import (
    LKB,
    AlphaBetaInterval,
    DoseBasis,
    PoissonGamma50,
    PoissonTCP,
    Provenance,
    Verification,
    bed,
    dvh_ntcp,
    dvh_tcp,
    eud_niemierko,
    geud,
    lq_range,
    tcp_size_adjusted,
)
from rtfractions.biology.parameter_sets import parameter_set
from rtfractions.schedule_text import parse

TABLE = Path(__file__).with_name("dose_response_validation.csv")
ROWS = list(csv.DictReader(TABLE.read_text("utf-8").splitlines()))

BINS = ([10.0, 30.0, 50.0], [0.3, 0.5, 0.2])
PHYSICAL = DoseBasis(quantity="physical")
BED10 = DoseBasis(quantity="bed", alpha_beta_gy=10)
COMPLICATION = Provenance(
    source="biology_validation.csv",
    verification=Verification.MEMORY,
    endpoint="test",
    outcome="ntcp",
    dose_basis=PHYSICAL,
)
CONTROL = Provenance(
    source="biology_validation.csv",
    verification=Verification.MEMORY,
    endpoint="test",
    outcome="tcp",
    dose_basis=BED10,
)


def numbers(text: str) -> dict[str, float]:
    """``"n=0.12 TD50=80"`` as a mapping."""
    found = re.findall(r"(\w+)=([\d.]+(?:e\d+)?)", text)
    return {name: float(value) for name, value in found}


def row_value(row: dict[str, str]) -> float:
    model, given = row["model"], numbers(row["inputs"])
    if model == "gEUD":
        return geud(*BINS, a=numbers(row["quantity"])["a"])
    if model.startswith("EUD"):
        return eud_niemierko(*BINS, surviving_fraction=given["SF2"], reference_dose_gy=2)
    if model == "LKB lung uniform 20":
        lung = LKB(n=0.87, m=given["m"], td50_gy=given["TD50"], provenance=COMPLICATION)
        return dvh_ntcp([20.0], [1.0], dose_basis=PHYSICAL, parameters=lung).probability
    if model == "LKB":
        organ = LKB(n=given["n"], m=given["m"], td50_gy=given["TD50"], provenance=COMPLICATION)
        result = dvh_ntcp(*BINS, dose_basis=PHYSICAL, parameters=organ)
        assert result.eud_gy is not None
        return result.eud_gy if row["quantity"] == "gEUD" else result.probability
    if model.startswith("Poisson (Kallman)"):
        curve = PoissonGamma50(d50_gy=given["D50"], gamma50=given["g"], a=1, provenance=COMPLICATION)
        return dvh_ntcp([given["D"]], [1.0], dose_basis=PHYSICAL, parameters=curve).probability
    if model.startswith("Poisson TCP"):
        dose = given.get("BED", bed(60.0, fractions=30, alpha_beta_gy=10))
        tumour = PoissonTCP(
            clonogens=given["N0"],
            alpha_per_gy=given["a"],
            alpha_sd_per_gy=given.get("sd", 0.0),
            provenance=CONTROL,
        )
        return dvh_tcp([dose], [1.0], dose_basis=BED10, parameters=tumour).probability
    assert model.startswith("Ohri")
    total, fractions = (float(part) for part in row["inputs"].partition(",")[0].split("/"))
    return tcp_size_adjusted(
        bed(total, fractions=fractions, alpha_beta_gy=10),
        largest_diameter_cm=given["L"],
        dose_basis=BED10,
        parameters=parameter_set("ohri-2012-lung-sabr"),
    ).probability


def label(row: dict[str, str]) -> str:
    return f"{row['id']}-{row['model'][:12]}-{row['inputs']}-{row['quantity']}"


@pytest.mark.parametrize("row", [row for row in ROWS if row["tier"] == "D"], ids=label)
def test_derived_numbers(row: dict[str, str]) -> None:
    digits = len(row["calc"].partition(".")[2])
    assert row_value(row) == pytest.approx(float(row["calc"]), abs=0.5 * 10**-digits + 1e-12), row["source"]


def test_tg_101s_interval() -> None:
    # D1: 38 Gy/4, alpha/beta = 2 +- 1 -> EQD2 109 (95-133) Gy; course slide citing AAPM TG-101
    printed = {row["inputs"][-1]: float(row["printed"]) for row in ROWS if row["id"] == "D1"}
    interval = AlphaBetaInterval(low_gy=1, high_gy=3, level="range", source="AAPM TG-101")
    found = lq_range(parse("38Gy/4"), interval, quantity="eqd2")
    assert (found.low_gy, found.high_gy) == (printed["3"], printed["1"])


def test_the_copy_is_whole() -> None:
    assert sorted(row["tier"] for row in ROWS) == ["D"] * 16 + ["W"] * 3

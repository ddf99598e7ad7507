"""Published doses and volumes with the risk that goes with them: points to compare with, no models.

They are for people to read beside a plan; nothing is graded by them.
"""

import csv
import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from types import MappingProxyType
from typing import Final, Literal, TypeAlias, cast, get_args

from rtfractions.biology.arguments import ParameterError, number, text
from rtfractions.biology.provenance import DoseBasis, Provenance, Quantity, Verification, checked_provenance
from rtfractions.errors import quoted

Unit: TypeAlias = Literal["Gy", "cm3"]

_LARGEST: Final = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskPoint:
    """A published value of a metric, and the risk reported with it.

    Attributes
    ----------
    name : str
        Its name, as ``"cord-1-fraction-sahgal-2021"``.
    structure, metric : str
        What is measured where, as ``"spinal cord"`` and ``"Max"``.
    low, high : float
        The value; both the same where one was published.
    unit : str
        ``"Gy"`` or ``"cm3"``.
    risk : str
        The risk in the source's words, as ``"1 to 5 %"``.
    condition : str
        What else the source asks for; empty where nothing.
    provenance : Provenance
        Source, state, endpoint, and the kind of dose with its number of fractions.
    """

    name: str
    structure: str
    metric: str
    low: float
    high: float
    unit: Unit
    risk: str
    condition: str
    provenance: Provenance

    def __post_init__(self) -> None:
        for name in ("name", "structure", "metric", "risk"):
            text(getattr(self, name), f"the {name} of a risk point")
        if not isinstance(self.condition, str):
            raise ParameterError(f"the condition is {quoted(self.condition)}", remedy="give a text")
        if self.unit not in get_args(Unit):
            raise ParameterError(f"the unit is {quoted(self.unit)}", remedy="Gy or cm3")
        high = number(self.high, "the higher value", low=math.ulp(0.0), high=_LARGEST)
        object.__setattr__(self, "high", high)
        object.__setattr__(self, "low", number(self.low, "the lower value", low=math.ulp(0.0), high=high))
        checked_provenance(self.provenance)


@functools.cache
def risk_points() -> Mapping[str, RiskPoint]:
    """All of them by name."""
    file = resources.files("rtfractions.biology").joinpath("data/risk_points.csv").read_text("utf-8")
    return MappingProxyType({row["name"]: _read(row) for row in csv.DictReader(file.splitlines())})


def _read(row: Mapping[str, str]) -> RiskPoint:
    basis = DoseBasis(
        quantity=cast("Quantity", row["quantity"]),
        alpha_beta_gy=float(row["alpha_beta_gy"]) if row["alpha_beta_gy"] else None,
        fractions=float(row["fractions"]) if row["fractions"] else None,
    )
    return RiskPoint(
        name=row["name"],
        structure=row["structure"],
        metric=row["metric"],
        low=float(row["low"] or row["high"]),
        high=float(row["high"]),
        unit=cast("Unit", row["unit"]),
        risk=row["risk"],
        condition=row["condition"],
        provenance=Provenance(
            source=row["source"],
            verification=Verification(row["verification"]),
            endpoint=f"{row['structure']}: {row['endpoint']}",
            outcome="ntcp",
            dose_basis=basis,
        ),
    )

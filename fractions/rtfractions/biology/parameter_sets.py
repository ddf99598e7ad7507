"""Published parameters of NTCP and TCP models, by name.

Every set says its source and how far it was checked. None is a default: a set is taken by its exact name, and what
is not verified says so in every result computed with it.
"""

import difflib
import functools
from collections.abc import Callable, Mapping
from importlib import resources
from types import MappingProxyType
from typing import Any, Final, TypeAlias

import msgspec

from rtfractions import strict_yaml
from rtfractions.biology.arguments import ParameterError
from rtfractions.biology.dose_response import LinearLogistic
from rtfractions.biology.ntcp import LKB
from rtfractions.biology.provenance import DoseBasis, Outcome, Provenance, Quantity, Verification
from rtfractions.biology.sabr import SizeAdjustedTCP
from rtfractions.errors import quoted

Parameters: TypeAlias = LKB | LinearLogistic | SizeAdjustedTCP


class _Basis(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    quantity: Quantity
    alpha_beta_gy: float | None = None
    fractions: float | None = None


class _Set(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    model: str
    structure: str
    endpoint: str
    outcome: Outcome
    source: str
    verification: Verification
    basis: _Basis
    parameters: dict[str, float]
    odds_ratios: dict[str, float] | None = None
    log_odds: dict[str, float] | None = None
    note: str = ""


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    sets: tuple[_Set, ...]


def _lkb(entry: _Set, provenance: Provenance) -> Parameters:
    return LKB(**entry.parameters, provenance=provenance)


def _linear_logistic(entry: _Set, provenance: Provenance) -> Parameters:
    arguments: dict[str, Any] = {"a": None, **entry.parameters}
    return LinearLogistic(**arguments, log_odds=entry.log_odds or {}, provenance=provenance)


def _linear_logistic_d50(entry: _Set, provenance: Provenance) -> Parameters:
    arguments: dict[str, Any] = {"a": None, **entry.parameters}
    return LinearLogistic.from_d50(**arguments, odds_ratios=entry.odds_ratios, provenance=provenance)


def _size_adjusted(entry: _Set, provenance: Provenance) -> Parameters:
    return SizeAdjustedTCP(**entry.parameters, provenance=provenance)


_MAKERS: Final[Mapping[str, Callable[[_Set, Provenance], Parameters]]] = {
    "lkb": _lkb,
    "linear_logistic": _linear_logistic,
    "linear_logistic_d50": _linear_logistic_d50,
    "size_adjusted": _size_adjusted,
}


@functools.cache
def parameter_sets() -> Mapping[str, Parameters]:
    """All published sets by name, in the order of the file."""
    text = resources.files("rtfractions.biology").joinpath("data/parameter_sets.yaml").read_text("utf-8")
    file = strict_yaml.read(text, file="parameter_sets.yaml").convert(_File)
    return MappingProxyType({entry.name: _parameters(entry) for entry in file.sets})


def _parameters(entry: _Set) -> Parameters:
    basis = DoseBasis(
        quantity=entry.basis.quantity,
        alpha_beta_gy=entry.basis.alpha_beta_gy,
        fractions=entry.basis.fractions,
    )
    provenance = Provenance(
        source=entry.source,
        verification=entry.verification,
        endpoint=f"{entry.structure}: {entry.endpoint}",
        outcome=entry.outcome,
        dose_basis=basis,
        note=entry.note,
    )
    return _MAKERS[entry.model](entry, provenance)


def parameter_set(name: str) -> Any:
    """A published set of parameters, by its exact name.

    Parameters
    ----------
    name : str
        As ``"lung-pneumonitis-burman-1991"``; `parameter_sets` lists them.

    Returns
    -------
    LKB, LinearLogistic or SizeAdjustedTCP
        The parameters with their provenance. What is not verified is given too, because it was asked for by
        name: results with it carry the notice ``dose-response.unverified-parameters``.

    Raises
    ------
    ParameterError
        If no set has that name.

    Examples
    --------
    >>> parameter_set("lung-pneumonitis-burman-1991").td50_gy
    24.5
    """
    sets = parameter_sets()
    if not isinstance(name, str) or name not in sets:
        near = difflib.get_close_matches(name, sets, n=3, cutoff=0.4) if isinstance(name, str) else []
        remedy = f"did you mean {' or '.join(near)}?" if near else "parameter_sets() lists the names"
        raise ParameterError(f"no set of parameters is called {quoted(name)}", remedy=remedy)
    return sets[name]

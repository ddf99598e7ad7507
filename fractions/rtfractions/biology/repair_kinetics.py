"""How fast sublethal damage is repaired: it decays exponentially with a half-time, or with two."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rtfractions.biology.arguments import ParameterError
from rtfractions.biology.elementwise import Values, elementwise
from rtfractions.biology.quantities import HALF_TIME, HOURS, Quantity
from rtfractions.errors import quoted

WEIGHT = Quantity("the weight of a repair component", 0.0, 1.0)

PARTITION = Quantity("the partition coefficient", 0.0, 1e6)


@dataclass(frozen=True, slots=True)
class RepairKinetics:
    """How fast sublethal damage is repaired: one half-time, or two with their weights. There is no default.

    Attributes
    ----------
    components : tuple of (weight, half_time_hours)
        Weights of 0 to 1 that sum to 1; half-times in hours, 1e-6 to 1e9.

    Raises
    ------
    ParameterError
        If a value is out of range, or the weights do not sum to 1.

    Examples
    --------
    >>> central_nervous_system = RepairKinetics.bi_exponential(fast_hours=0.19, slow_hours=2.16, partition=0.98)
    >>> [round(weight, 4) for weight, _ in central_nervous_system.components]
    [0.5051, 0.4949]
    """

    components: tuple[tuple[float, float], ...]

    def __post_init__(self) -> None:
        try:
            pairs = [(weight, half_time) for weight, half_time in self.components]
        except (TypeError, ValueError):
            pairs = []
        if not 1 <= len(pairs) <= 2:
            raise ParameterError(
                f"{quoted(self.components)} is no repair kinetics",
                remedy="give one or two (weight, half-time)",
            )
        checked = tuple((WEIGHT.number(weight), HALF_TIME.number(half_time)) for weight, half_time in pairs)
        if not math.isclose(sum(weight for weight, _ in checked), 1.0, abs_tol=1e-9):
            raise ParameterError("the weights of the repair components do not sum to 1")
        object.__setattr__(self, "components", checked)

    @classmethod
    def mono_exponential(cls, half_time_hours: float) -> RepairKinetics:
        """One half-time in hours."""
        return cls(((1.0, half_time_hours),))

    @classmethod
    def bi_exponential(
        cls,
        *,
        fast_hours: float,
        slow_hours: float,
        partition: float | None = None,
        slow_weight: float | None = None,
    ) -> RepairKinetics:
        """Two half-times in hours, with one way to say how much each counts.

        Parameters
        ----------
        fast_hours, slow_hours : float
            The half-times.
        partition : float, optional
            Partition coefficient c of Millar & Canney 1993, with which h = (h_fast + c h_slow) / (1 + c).
        slow_weight : float, optional
            Weight of the slow component, 0 to 1; the fast one has the rest.
        """
        if (partition is None) == (slow_weight is None):
            raise ParameterError(
                "two half-times need their weights", remedy="give `partition` or `slow_weight`"
            )
        if partition is not None:
            c = PARTITION.number(partition)
            slow = c / (1.0 + c)
        else:
            slow = WEIGHT.number(slow_weight)
        return cls(((1.0 - slow, fast_hours), (slow, slow_hours)))

    @property
    def parameters(self) -> Mapping[str, float]:
        """What it rests on, by name with unit."""
        if len(self.components) == 1:
            return {"repair_half_time_hours": self.components[0][1]}
        (_, fast), (weight, slow) = self.components
        return {
            "repair_half_time_hours": fast,
            "slow_repair_half_time_hours": slow,
            "slow_repair_weight": weight,
        }

    @property
    def rates(self) -> tuple[tuple[float, float], ...]:
        """Each component's weight and repair rate mu = ln 2 / half-time in 1/h."""
        return tuple((weight, math.log(2.0) / half_time) for weight, half_time in self.components)

    def unrepaired(self, hours: Values) -> Values:
        """Share of sublethal damage left after hours of 0 to 1e6, a float or an array."""

        def formula(functions: Any, time: Any) -> Any:
            return sum(weight * functions.exp(-rate * time) for weight, rate in self.rates)

        result: Values = elementwise(formula, (hours, HOURS))
        return result


def checked_kinetics(kinetics: Any) -> RepairKinetics:
    """The repair kinetics, where it is one; a `ParameterError` else."""
    if not isinstance(kinetics, RepairKinetics):
        raise ParameterError(
            f"{type(kinetics).__name__} is no repair kinetics",
            remedy="give a RepairKinetics, as RepairKinetics.mono_exponential(1.5)",
        )
    return kinetics

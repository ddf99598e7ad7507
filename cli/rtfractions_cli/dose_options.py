"""Options of the commands that convert a planned dose: which dose, in how many fractions, and alpha/beta."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from rtfractions.biology import AlphaBeta

F = TypeVar("F", bound=Callable[..., Any])

dose_option = click.option("--dose", metavar="UID", help="The dose that is meant, where several could be.")


def fraction_options(command: F) -> F:
    """The options ``fractions``, ``override_plan_fractions`` and ``effective_as``."""
    for option in (
        click.option(
            "--effective-as",
            type=click.Choice(("rbe",)),
            help="What an EFFECTIVE dose is; without it one is not converted, as it may be already.",
        ),
        click.option(
            "--override-plan-fractions",
            is_flag=True,
            help="Take --fractions where the plan has another number.",
        ),
        click.option(
            "--fractions",
            metavar="N",
            type=click.IntRange(1, 1000),
            help="Number of fractions, where the plan has none.",
        ),
    ):
        command = option(command)
    return command


def refuse_override_alone(fractions: int | None, *, override_plan_fractions: bool) -> None:
    """Refuse ``--override-plan-fractions`` where there is no number to take."""
    if override_plan_fractions and fractions is None:
        raise click.UsageError("--override-plan-fractions needs --fractions")


def alpha_betas_of(texts: tuple[str, ...]) -> tuple[list[AlphaBeta], list[tuple[str, AlphaBeta]]]:
    """What ``--alpha-beta`` says, in the order typed: the values without a structure, and those with one.

    Raises
    ------
    AlphaBetaError, CatalogueError
        If a value cannot be read, or a name is empty.
    """
    from rtfractions.biology import AlphaBetaError, parse_alpha_beta
    from rtfractions.names import normal

    alone: list[AlphaBeta] = []
    named: list[tuple[str, AlphaBeta]] = []
    for text in texts:
        name, equals, value = text.rpartition("=")
        ratio = parse_alpha_beta(value, source="given on the command line")
        if not equals:
            alone.append(ratio)
        elif normal(name):
            named.append((normal(name), ratio))
        else:
            raise AlphaBetaError(f"--alpha-beta names no structure: {text!r}")
    return alone, named

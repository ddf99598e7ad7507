"""Options that ``check``, ``audit`` and ``report`` share: what is graded against, and what to fail on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rtfractions_cli.options import unusual_option
from rtfractions_cli.protocol import complete_protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from click.shell_completion import CompletionItem

    from rtfractions.protocols.constraint_library import LoadedConstraintSet
    from rtfractions.protocols.overlays import LoadedOverlay


def complete_constraints(
    _context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Ids of sets of the library that begin as typed, else files."""
    from click.shell_completion import CompletionItem

    from rtfractions.protocols.constraint_library import SETS

    ids = [CompletionItem(name) for name in SETS if name.casefold().startswith(incomplete.casefold())]
    return ids or [CompletionItem(incomplete, type="file")]


_REVIEW = (
    click.option(
        "--protocol",
        metavar="P",
        required=True,
        shell_complete=complete_protocol,
        help="A protocol of the library by its id, or a YAML file.",
    ),
    click.option(
        "--planned",
        is_flag=True,
        help="Treatment has not begun: rules about dates and delivery do not apply.",
    ),
    unusual_option,
    click.option(
        "--constraints",
        metavar="SET",
        multiple=True,
        shell_complete=complete_constraints,
        help="Report a set of dose constraints beside the grade, which it never changes: an id of the library (see "
        "`rtfractions protocol list`) or a YAML file. Repeatable.",
    ),
    click.option(
        "--constraints-alpha-beta",
        metavar="V",
        type=click.FloatRange(0.1, 100),
        help="Where a set has no limit for the plan's number of fractions, translate its limits by isoeffect at this "
        "alpha/beta in Gy, labelled. Without it they are not compared.",
    ),
    click.option(
        "--overlay",
        metavar="FILE",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="A named decision on what the protocol leaves open (YAML); every form of the report prints it.",
    ),
)


def review_options(command: Any) -> Any:
    """The options of what is graded against: ``protocol``, ``planned``, ``allow_unusual``, sets and ``overlay``."""
    for option in reversed(_REVIEW):
        command = option(command)
    return command


def ending_options(command: Any) -> Any:
    """The options ``fail_on`` and ``exit_zero`` of a command."""
    for option in reversed(_ENDING):
        command = option(command)
    return command


_ENDING = (
    click.option(
        "--fail-on",
        type=click.Choice(["variation", "advisory"]),
        multiple=True,
        help="End with 1 for an acceptable variation, or an advisory limit exceeded, too. Repeatable.",
    ),
    click.option("--exit-zero", is_flag=True, help="End with 0 where the exit code would be 1 or 4."),
)


def sets_of(names: Sequence[str], decided: LoadedOverlay | None) -> tuple[LoadedConstraintSet, ...]:
    """The sets that were asked for, and those of the overlay, each once."""
    of_overlay = () if decided is None else decided.overlay.advisory_sets
    if not (names or of_overlay):
        return ()
    from rtfractions.protocols import constraint_library

    found = [constraint_library.find_set(name) for name in dict.fromkeys((*names, *of_overlay))]
    return tuple({one.sha256: one for one in found}.values())

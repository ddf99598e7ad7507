"""How an audit's progress is shown on stderr: a bar on a terminal, events for a program, or nothing."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rtfractions.audit.runner import Progress

    Report = Callable[[Progress], None]


@contextmanager
def progress_shown(how: str, *, quiet: bool) -> Iterator[Report]:
    """What an audit tells its progress to.

    Parameters
    ----------
    how : str
        ``"auto"``, ``"json"`` or ``"none"``.
    quiet : bool
        No bar; events that were asked for come all the same.
    """
    if how == "json":
        yield _events()
    elif how == "auto" and not quiet and sys.stderr is not None and sys.stderr.isatty():
        with _bar() as report:
            yield report
    else:
        yield lambda _progress: None


def _clock() -> Callable[[Progress], float]:
    """What says how long patients have been graded, from the first that is told: looking for them is no part of it."""
    start = 0.0

    def seconds(progress: Progress) -> float:
        nonlocal start
        if progress.patient is None:
            start = time.monotonic()
        return time.monotonic() - start

    return seconds


def _events() -> Report:
    """One JSON object a line: at the start, for each patient, and at the end."""
    seconds_of = _clock()

    def report(progress: Progress) -> None:
        seconds = seconds_of(progress)
        rate = progress.done / seconds if seconds else None
        event = {
            "event": "start" if progress.patient is None else "patient",
            "done": progress.done,
            "total": progress.total,
            "reused": progress.reused,
            "patient": progress.patient,
            "outcome": progress.outcome,
            "patients_per_second": rate if progress.done else None,
            "remaining_seconds": (progress.total - progress.done) / rate if rate else None,
        }
        print(json.dumps(event), file=sys.stderr, flush=True)

    return report


@contextmanager
def _bar() -> Iterator[Report]:
    from rich import progress as rich_progress
    from rich.console import Console

    columns = (
        rich_progress.TextColumn("{task.description}"),
        rich_progress.BarColumn(),
        rich_progress.MofNCompleteColumn(),
        rich_progress.TextColumn("{task.fields[rate]}"),
        rich_progress.TimeRemainingColumn(),
        rich_progress.TextColumn("left"),
    )
    console = Console(stderr=True)
    seconds_of = _clock()
    with rich_progress.Progress(*columns, console=console, transient=True) as bar:
        shown = bar.add_task("looking for patients", rate="", total=None)

        def report(progress: Progress) -> None:
            seconds = seconds_of(progress)
            rate = f"{progress.done / seconds:.1f}/s" if progress.done and seconds else ""
            bar.update(
                shown, description="patients", completed=progress.done, total=progress.total, rate=rate
            )

        yield report

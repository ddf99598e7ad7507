"""How conversions are put into words: models, parameters, alpha/beta with its source, notes."""

import textwrap
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from rtfractions.reports.envelope import Envelope
from rtfractions.reports.wrapping import WIDEST

if TYPE_CHECKING:
    from rtfractions.reports.bed_report import Result
    from rtfractions.reports.solve_report import Solution, WholeNumber

NOTES: Final = frozenset(
    {
        "schedule.gy-assumed",
        "lql.gamma-over-alpha-derived",
        "lql.steeper-than-lq",
        "repair.short-interval",
        "time.convention",
        "time.one-rate",
        "time.bed-negative",
        "time.no-isoeffective",
        "solve.fractions-broken",
    }
)
"""Notices that stand whole below the table."""

MODELS: Final = {
    "lq": "linear-quadratic model",
    "lql": "linear-quadratic-linear model (LQ-L)",
    "usc": "universal survival curve",
    "mlq": "modified linear-quadratic model (MLQ)",
}
"""The models, as a reader should see them."""

PARAMETERS: Final = {
    "transition_dose_gy": ("transition dose", " Gy"),
    "gamma_over_alpha": ("gamma/alpha", ""),
    "alpha_per_gy": ("alpha", "/Gy"),
    "beta_per_gy2": ("beta", "/Gy2"),
    "d0_gy": ("D0", " Gy"),
    "dq_gy": ("Dq", " Gy"),
    "delta_per_gy": ("delta", "/Gy"),
    "overall_days": ("overall time", " days"),
    "repopulation_gy_per_day": ("repopulation", " Gy/day"),
    "kick_off_days": ("kick-off", " days"),
    "doubling_time_days": ("doubling time", " days"),
    "repopulation_alpha_per_gy": ("alpha of repopulation", "/Gy"),
    "repair_half_time_hours": ("repair half-time", " h"),
    "interval_hours": ("interval", " h"),
    "incomplete_repair_factor": ("factor h of incomplete repair", ""),
}
"""Name and unit of parameters, as a reader should see them."""


def head_lines(results: "Sequence[Result | Solution]", *, without: tuple[str, ...] = ()) -> list[str]:
    """The model, and the parameters that all results share but those shown elsewhere."""
    model, parameters = results[0].model, results[0].parameters
    text = MODELS[model]
    text += ", repopulation counted" if "kick_off_days" in parameters else ", no time factor"
    if "repair_half_time_hours" in parameters:
        text += ", incomplete repair"
    shown = []
    for name, value in parameters.items():
        if name not in without and all(result.parameters.get(name) == value for result in results):
            said, unit = PARAMETERS[name]
            shown.append(f"{said} {value:.6g}{unit}")
    return [text, *([", ".join(shown)] if shown else [])]


def wrapped(line: str) -> str:
    """A line no longer than the widest, what goes on being indented."""
    return textwrap.fill(line, WIDEST, subsequent_indent="    ", break_on_hyphens=False) + "\n"


def ratio_lines(results: "Iterable[Result | Solution]") -> str:
    """Each alpha/beta once, with its source."""
    sources = {result.alpha_beta_gy: result.alpha_beta_source for result in results}
    return "".join(ratio_line(ratio, source) for ratio, source in sources.items())


def ratio_line(alpha_beta_gy: float, source: str) -> str:
    """An alpha/beta with its source."""
    return wrapped(f"a/b={alpha_beta_gy:.4g}: alpha/beta {alpha_beta_gy:.6g} Gy, {source}")


def note_lines(document: Envelope) -> str:
    """The notices that stand whole."""
    return "".join(wrapped(w.message) for w in document.warnings if w.code in NOTES)


TWO_MEANINGS: Final = (
    "EQD2tc (time-corrected): the 2 Gy treatment loses nothing to repopulation\n"
    "EQD2iso (isoeffective): the 2 Gy treatment loses BED over its own calendar\n"
)
"""What the two columns of EQD2 with a time mean."""


def worth(result: "Result | Solution | WholeNumber") -> list[float | None]:
    """BED and EQD2; with a time the two meanings of EQD2."""
    if result.eqd2_time_corrected_gy is None:
        return [result.bed_gy, result.eqd2_gy]
    return [result.bed_gy, result.eqd2_time_corrected_gy, result.eqd2_isoeffective_gy]


def gy(value: float | None) -> str:
    """Gy with two decimals, a dash where there is none."""
    return "-" if value is None else f"{value:.2f}"

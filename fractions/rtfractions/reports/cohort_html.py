"""The cohort as HTML: one self-contained file, and a small page for each patient who could not be reviewed."""

import base64
import functools
from importlib import resources
from typing import TYPE_CHECKING, Any

from rtfractions.errors import printable
from rtfractions.reports.cohort import AuditDocument
from rtfractions.reports.cohort_figures import dose_svg, outcome_svg, schedule_svg
from rtfractions.reports.cohort_results import AuditResult
from rtfractions.reports.cohort_text import UNCERTAIN, advisory_words, folded, interval, percent, words
from rtfractions.verdicts import Verdict

if TYPE_CHECKING:
    from jinja2 import Environment

LINKS_UP = "../summary.html"
"""From a patient's page to the cohort's."""


def as_html(document: AuditDocument) -> str:
    """The cohort's page."""
    figures = {
        "outcomes": outcome_svg(document) if document.patients_found else None,
        "schedules": schedule_svg(document) if document.schedules else None,
        "doses": dose_svg(document),
    }
    return _rendered(
        "cohort.html.jinja",
        document=document,
        folded=folded(document.rules),
        uncertain=UNCERTAIN,
        verdicts=[str(verdict) for verdict in Verdict],
        figures={name: None if svg is None else _data_uri(svg) for name, svg in figures.items()},
    )


def unreviewed_as_html(result: AuditResult) -> str:
    """The page of a patient who has no review: why, and what was read."""
    return _rendered("cohort_patient.html.jinja", result=result, up=LINKS_UP)


def _rendered(template: str, **values: Any) -> str:
    return _environment().get_template(template).render(**values)


@functools.cache
def _environment() -> "Environment":
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    environment = Environment(
        autoescape=True,
        loader=FunctionLoader(_template),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_safe,
    )
    environment.filters |= {
        "percent": percent,
        "interval": interval,
        "words": words,
        "advisory_words": advisory_words,
    }
    return environment


def _template(name: str) -> str:
    return resources.files("rtfractions.reports").joinpath(name).read_text("utf-8")


def _safe(value: Any) -> Any:
    """What is printed: texts of files without control and bidirectional characters, nothing for None."""
    if value is None:
        return ""
    return printable(value) if type(value) is str else value


def _data_uri(svg: bytes) -> str:
    return f"data:image/svg+xml;base64,{base64.b64encode(svg).decode('ascii')}"

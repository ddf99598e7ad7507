"""The pictures of a review: DVHs of each lesion's plan, and its dose in planes through the target."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from rtfractions.compliance import PatientFindings
from rtfractions.compliance.plan_reviews import PlanReview, TargetReview
from rtfractions.doses import DoseType
from rtfractions.dosimetry.plan_dvhs import StructureResult
from rtfractions.dosimetry.slices import slices_of
from rtfractions.errors import RTFractionsError, counted, printable
from rtfractions.reports.dvh_figure import figure_of
from rtfractions.reports.figures import as_bytes
from rtfractions.reports.slice_figure import slices_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_ORGANS: Final = 8
"""How many organs are drawn beside the targets of a lesion: those with the highest dose."""

DRAWN_FROM: Final = 0.05
"""Organs are drawn whose largest dose is at least this part of the targets'."""

AROUND_MM: Final = 45.0
"""How far slices reach beyond the target."""

_PANEL_INCHES: Final = (8.0, 2.6)
_MEDIA: Final = {".svg": "image/svg+xml", ".png": "image/png"}


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that stands in a page.

    Attributes
    ----------
    data_uri : str
        The whole picture.
    width, height : int
        Its size in CSS pixels.
    alt : str
        What it shows, for those who do not see it.
    caption : str
        What stands below it.
    """

    data_uri: str
    width: int
    height: int
    alt: str
    caption: str


@dataclass(frozen=True, slots=True)
class PatientFigures:
    """The pictures of a patient, by the name of the lesion as the document has it."""

    by_lesion: dict[str, tuple[Picture, ...]]


def figures_of(findings: PatientFindings) -> PatientFigures:
    """The pictures of a patient; needs the doses, which may go afterwards.

    Parameters
    ----------
    findings : PatientFindings
        What was found, with the reviews of its plans.
    """
    pictures: dict[str, list[Picture]] = {}
    for review in findings.plans:
        for lesion in dict.fromkeys(target.lesion for target in review.targets):
            if lesion is None or review.dose is None:
                continue
            targets = [target for target in review.targets if target.lesion == lesion]
            found = [_dvhs(lesion, targets, review), _slices(lesion, targets, review)]
            pictures.setdefault(printable(lesion), []).extend(one for one in found if one is not None)
    return PatientFigures({lesion: tuple(found) for lesion, found in pictures.items()})


def _dvhs(lesion: str, targets: Sequence[TargetReview], review: PlanReview) -> Picture | None:
    assert review.dose is not None
    drawn = [target.result for target in targets if target.result.dvhs]
    if not drawn:
        return None
    enough_gy = DRAWN_FROM * max(one.dvhs[0].maximum_gy for one in drawn)
    organs = sorted(
        (organ for organ in review.organs if organ.dvhs), key=lambda organ: -organ.dvhs[0].maximum_gy
    )
    near = [organ for organ in organs if organ.dvhs[0].maximum_gy >= enough_gy][:MOST_ORGANS]
    results = [_to_draw(one) for one in drawn] + [replace(_to_draw(one), metrics=()) for one in near]
    figure = figure_of(
        results, effective=review.dose.dose_type is DoseType.EFFECTIVE, panel_inches=_PANEL_INCHES
    )
    if figure is None:
        return None
    names = ", ".join(printable(one.name) for one in results)
    caption = "Cumulative DVHs of the lesion's targets and of organs that rules were evaluated on"
    if left := len(organs) - len(near):
        caption += f"; {counted(left, 'organ')} with less dose left out"
    return _picture(
        figure,
        ".svg",
        alt=f"DVHs of lesion {printable(lesion)}: {names}. Their numbers stand in the tables of the plan.",
        caption=f"{caption}.",
    )


def _slices(lesion: str, targets: Sequence[TargetReview], review: PlanReview) -> Picture | None:
    """The dose in planes through the first target of a lesion, its PTV where it has one."""
    assert review.dose is not None
    own = [target.result.structure for target in targets if target.result.structure is not None]
    schedule = targets[0].prescription.schedule
    if not own or schedule is None or review.structure_set is None:
        return None
    others = [organ.structure for organ in review.organs if organ.structure is not None]
    some = dict.fromkeys((*own, *others, *review.structure_set.structures))
    try:
        slices = slices_of(review.dose.grid, tuple(some), own[0], margin_mm=AROUND_MM)
    except RTFractionsError:
        return None  # a target without a volume: its refusal stands in the table of targets
    effective = review.dose.dose_type is DoseType.EFFECTIVE
    figure = slices_figure(
        slices,
        prescription_gy=float(schedule.total_dose_gy),
        quantity="effective dose [Gy]" if effective else "dose [Gy]",
    )
    name = printable(own[0].name)
    return _picture(
        figure,
        ".png",
        alt=f"Axial, coronal and sagittal slice through {name} of lesion {printable(lesion)}: dose of its plan, "
        f"isodoses and contours.",
        caption=f"Dose of the plan through the middle of {name}: isodoses in % of {schedule}, contours as drawn; "
        "no image is behind them.",
    )


def _to_draw(result: StructureResult) -> StructureResult:
    """The physical DVH with its metrics, and the first EQD2: other alpha/beta values would hide them."""
    converted = [dvh for dvh in result.dvhs if dvh.quantity == "eqd2"][:1]
    physical = tuple(one for one in result.metrics if one.metric.quantity == "physical")
    return replace(result, dvhs=(*result.dvhs[:1], *converted), metrics=physical)


def _picture(figure: "Figure", suffix: str, *, alt: str, caption: str) -> Picture:
    data = base64.b64encode(as_bytes(figure, suffix, text_as_paths=True)).decode()
    width, height = figure.get_size_inches()
    return Picture(
        f"data:{_MEDIA[suffix]};base64,{data}", round(96 * width), round(96 * height), alt, caption
    )

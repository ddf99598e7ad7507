"""The DVHs of a plan's structures with their metrics: physical, BED and EQD2."""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rtfractions.biology.alpha_beta import AlphaBeta
from rtfractions.dosimetry.conversion import (
    ConversionError,
    Converted,
)
from rtfractions.dosimetry.converted_dvhs import converted_dvh
from rtfractions.dosimetry.courses import ChosenDose, DoseChoiceError
from rtfractions.dosimetry.dvh import DVH
from rtfractions.dosimetry.engine import InterpolationOption, model_dvh
from rtfractions.dosimetry.evaluation import Value, evaluate
from rtfractions.dosimetry.modelling import EndCapsOption, Model, model_of, voxel_mm
from rtfractions.dosimetry.nesting import TARGET_TYPES, outer_volumes_cm3
from rtfractions.dosimetry.phases import Phases
from rtfractions.dosimetry.prescribed import linked_targets, prescription_of
from rtfractions.errors import RTFractionsError
from rtfractions.grid import DoseGrid
from rtfractions.metrics import DEFAULT_METRICS, DoseQuantity, Metric, MetricError, parse_metric
from rtfractions.names import normal
from rtfractions.notices import Notice
from rtfractions.patient import Patient
from rtfractions.plans import Prescription
from rtfractions.structures import RefusedStructure, Structure, StructureError

Floats = NDArray[np.float64]

COVERAGE: Final = parse_metric("V100%[%]")
"""What is reported by default of a target whose prescription is known."""

CONVERSIONS: Final[tuple[Converted, ...]] = ("bed", "eqd2")
"""What an alpha/beta adds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked of every structure.

    Attributes
    ----------
    metrics : tuple of Metric or None
        Those of physical dose are evaluated for BED and EQD2 too, where there is an alpha/beta; None: the default
        set.
    alpha_betas : tuple of AlphaBeta
        alpha/beta of structures that have none of their own.
    own_alpha_betas : mapping of int to tuple of AlphaBeta
        alpha/beta of some structures, by number.
    end_caps, dose_interpolation : str
        As for `engine.structure_dvh`.
    """

    metrics: tuple[Metric, ...] | None = None
    alpha_betas: tuple[AlphaBeta, ...] = ()
    own_alpha_betas: Mapping[int, tuple[AlphaBeta, ...]] = field(default_factory=dict)
    end_caps: EndCapsOption = "auto"
    dose_interpolation: InterpolationOption = "auto"

    @property
    def converts(self) -> bool:
        """Whether anything is to be converted, so that the number of fractions matters."""
        said = any(metric.quantity != "physical" for metric in self.metrics or ())
        return said or bool(self.alpha_betas or self.own_alpha_betas)

    @property
    def converts_in_vain(self) -> bool:
        """Whether there is an alpha/beta, and no metric that could be evaluated with it."""
        ratios = bool(self.alpha_betas or self.own_alpha_betas)
        return ratios and bool(self.metrics) and not any(map(_also_converted, self.metrics or ()))


def _also_converted(metric: Metric) -> bool:
    """Whether an alpha/beta adds the metric's BED and EQD2: it is of physical dose, and of no prescription."""
    return metric.quantity == "physical" and not metric.needs_prescription


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricResult:
    """A metric that was asked for.

    Attributes
    ----------
    metric : Metric
        What is asked, of which kind of dose.
    of : Metric
        The metric as it was asked for: another where an alpha/beta added this one.
    alpha_beta : AlphaBeta or None
        That of a converted dose, with its source.
    found : Value or RTFractionsError
        Its value, or why it has none.
    """

    metric: Metric
    of: Metric
    alpha_beta: AlphaBeta | None = None
    found: Value | RTFractionsError


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class StructureResult:
    """The DVHs of a structure and their metrics, or why there are none.

    Attributes
    ----------
    name : str
        Its name.
    number : int or None
        Its number.
    structure : Structure or None
        The structure; None where it could not be read.
    dvhs : tuple of DVH
        Of physical dose first; then converted ones. None where it was refused.
    metrics : tuple of MetricResult
        In the order asked for, then for each alpha/beta.
    prescription : Prescription or None
        What percentages of dose are of, where that is known.
    outer_volume_cm3 : float or None
        Volume of the largest target around this target: nested targets are treated by one method.
    notices : tuple of Notice
        What must be told of it.
    error : RTFractionsError or None
        Why it has no DVH.
    """

    name: str
    number: int | None
    structure: Structure | None = None
    dvhs: tuple[DVH, ...] = ()
    metrics: tuple[MetricResult, ...] = ()
    prescription: Prescription | None = None
    outer_volume_cm3: float | None = None
    notices: tuple[Notice, ...] = ()
    error: RTFractionsError | None = None

    @property
    def has_values(self) -> bool:
        """Whether any metric has a value."""
        return any(isinstance(one.found, Value) for one in self.metrics)


def structures_asked(chosen: ChosenDose, names: Sequence[str]) -> list[Structure | RefusedStructure]:
    """The structures of these names, each once; without names all, those that could not be read too.

    Raises
    ------
    StructureError
        If no structure set belongs to the dose.
    """
    found = chosen.structure_set
    if found is None:
        raise StructureError(
            "no structure set in the dose's frame of reference belongs to it",
            remedy="give the structure set that the plan or the dose refers to",
        )
    if not names:
        return [*found.structures, *found.refused]
    asked: list[Structure | RefusedStructure] = []
    for name in dict.fromkeys(map(normal, names)):
        try:
            asked.append(found.named(name))
        except RTFractionsError as error:
            asked.append(RefusedStructure(None, name, error))
    return asked


def refuse_without_plan(chosen: ChosenDose, patient: Patient, found_uids: Container[str]) -> None:
    """Refuse a dose whose plan is there and was refused: every number rests on it, physical dose included.

    Parameters
    ----------
    chosen : ChosenDose
        The dose.
    patient : Patient
        Of whom it is.
    found_uids : container of str
        UIDs of all objects that were found, those that were refused too.

    Raises
    ------
    DoseChoiceError
        If it is so. A plan that is not there refuses only what needs it.
    """
    read = {plan.sop_instance_uid for plan in patient.plans}
    if any(uid in found_uids and uid not in read for uid in chosen.plan_uids):
        problem = "the plan of the dose was refused, and with it every number that rests on it"
        raise DoseChoiceError(
            problem, remedy="repair the plan, or take it away where physical dose is enough"
        )


def results_of(
    chosen: ChosenDose,
    structures: Iterable[Structure | RefusedStructure],
    asked: Asked,
    phases: Phases | RTFractionsError | None = None,
) -> Iterator[StructureResult]:
    """DVHs and metrics, structure by structure.

    Parameters
    ----------
    chosen : ChosenDose
        The dose.
    structures : iterable of Structure or RefusedStructure
        In its structure set.
    asked : Asked
        What is asked.
    phases : Phases or RTFractionsError or None
        The dose in parts of one number of fractions each, or why it cannot be converted; needed where something
        is.
    """
    outer = outer_volumes_cm3(chosen.structure_set.structures if chosen.structure_set else ())
    for structure in structures:
        if isinstance(structure, RefusedStructure):
            yield StructureResult(name=structure.name, number=structure.number, error=structure.error)
            continue
        try:
            yield _result(chosen, structure, asked, phases, outer.get(structure.number))
        except RTFractionsError as error:
            yield StructureResult(
                name=structure.name, number=structure.number, structure=structure, error=error
            )


def _result(
    chosen: ChosenDose,
    structure: Structure,
    asked: Asked,
    phases: Phases | RTFractionsError | None,
    outer_volume_cm3: float | None,
) -> StructureResult:
    grids = (chosen.grid,)
    model = model_of(structure, grids, end_caps=asked.end_caps, outer_volume_cm3=outer_volume_cm3)
    physical = model_dvh(model, grids, dose_interpolation=asked.dose_interpolation)
    prescription: Prescription | DoseChoiceError
    try:
        prescription = prescription_of(chosen, structure)
    except DoseChoiceError as error:
        prescription = error
    dvhs: dict[tuple[DoseQuantity, float | None], DVH | RTFractionsError] = {("physical", None): physical}
    results = []
    for metric, of, alpha_beta in _metrics(chosen, structure, asked, prescription):
        key = (metric.quantity, None if alpha_beta is None else alpha_beta.value_gy)
        if key not in dvhs:
            dvhs[key] = _converted(model, physical, phases, asked, metric)
        found = _found(metric, dvhs[key], prescription)
        results.append(MetricResult(metric=metric, of=of, alpha_beta=alpha_beta, found=found))
    made = tuple(dvh for dvh in dvhs.values() if isinstance(dvh, DVH))
    return StructureResult(
        name=structure.name,
        number=structure.number,
        structure=structure,
        dvhs=made,
        metrics=tuple(results),
        prescription=prescription if isinstance(prescription, Prescription) else None,
        outer_volume_cm3=outer_volume_cm3,
        notices=tuple(
            dict.fromkeys(
                notice.at(replace(notice.where, structure=structure.name))
                for notice in (
                    *_about_size(structure, chosen.grid),
                    *(n for dvh in made for n in dvh.notices),
                )
            )
        ),
    )


def _about_size(structure: Structure, grid: DoseGrid) -> tuple[Notice, ...]:
    """That a structure is smaller than a voxel of the dose, where it is: what it gets is seen by its neighbours."""
    size_mm = np.ptp(structure.vertices_mm @ structure.axes.T, axis=0)
    voxels_mm = voxel_mm(grid, structure.axes)
    slabs = structure.slabs_mm
    size_mm[2] = voxels_mm[2] if slabs is None else np.ptp(slabs)  # a single plane is told by itself
    if not (size_mm < voxels_mm).any():
        return ()
    sizes, voxels = (" x ".join(f"{one:.3g}" for one in some) for some in (size_mm, voxels_mm))
    message = (
        f"it measures {sizes} mm, less than a voxel of the dose ({voxels} mm): its doses are interpolated between "
        "voxels outside it"
    )
    return (Notice("dvh.smaller-than-voxel", message),)


def _metrics(
    chosen: ChosenDose, structure: Structure, asked: Asked, prescription: Prescription | DoseChoiceError
) -> Iterator[tuple[Metric, Metric, AlphaBeta | None]]:
    """What is evaluated of a structure: what was asked for, then the same for each alpha/beta; what each is of."""
    metrics = DEFAULT_METRICS if asked.metrics is None else asked.metrics
    if asked.metrics is None and isinstance(prescription, Prescription):
        linked = chosen.plan is not None and linked_targets(chosen.plan.targets, structure.number)
        if linked or structure.interpreted_type in TARGET_TYPES:
            metrics = (*metrics, COVERAGE)
    yield from ((metric, metric, _named(metric)) for metric in metrics)
    for quantity in CONVERSIONS:
        for ratio in asked.own_alpha_betas.get(structure.number, asked.alpha_betas):
            for metric in filter(_also_converted, metrics):
                yield metric.of(quantity, Decimal(repr(ratio.value_gy))), metric, ratio


def _named(metric: Metric) -> AlphaBeta | None:
    """The alpha/beta that a metric names itself."""
    ratio = metric.alpha_beta_gy
    return None if ratio is None else AlphaBeta(value_gy=float(ratio), source="named by the metric")


def _found(
    metric: Metric, dvh: DVH | RTFractionsError, prescription: Prescription | DoseChoiceError
) -> Value | RTFractionsError:
    if isinstance(dvh, RTFractionsError):
        return dvh
    if not metric.needs_prescription:
        return evaluate(metric, dvh)
    if isinstance(prescription, DoseChoiceError):
        return MetricError(
            f"{metric}: there is no prescription that it is a percentage of, {prescription.problem}",
            remedy="ask for Gy",
        )
    assert prescription.schedule is not None
    return evaluate(metric, dvh, prescription_gy=prescription.schedule.total_dose_gy)


def _converted(
    model: Model, physical: DVH, phases: Phases | RTFractionsError | None, asked: Asked, metric: Metric
) -> DVH | RTFractionsError:
    """The DVH of the kind of dose that a metric asks for, or why there is none."""
    assert metric.quantity != "physical"
    assert metric.alpha_beta_gy is not None
    if phases is None:
        return ConversionError("the number of fractions of the dose is not given")
    if isinstance(phases, RTFractionsError):
        return phases
    try:
        return converted_dvh(
            model,
            physical,
            phases,
            quantity=metric.quantity,
            alpha_beta_gy=float(metric.alpha_beta_gy),
            dose_interpolation=asked.dose_interpolation,
        )
    except RTFractionsError as error:
        return error

"""The DVHs of one course's dose: of structures and regions, each computed once, whatever asks for it."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, TypeVar

from rtfractions.dosimetry.conversion import ConversionError, Converted
from rtfractions.dosimetry.converted_dvhs import converted_dvh, summed_dvh
from rtfractions.dosimetry.courses import ChosenDose
from rtfractions.dosimetry.dvh import DVH
from rtfractions.dosimetry.engine import InterpolationOption, model_dvh
from rtfractions.dosimetry.evaluation import Value, evaluate
from rtfractions.dosimetry.interpolation import even_frames
from rtfractions.dosimetry.modelling import EndCapsOption, Model, model_of
from rtfractions.dosimetry.nesting import outer_volumes_cm3
from rtfractions.dosimetry.phases import Phases
from rtfractions.dosimetry.plan_dvhs import MetricResult, StructureResult
from rtfractions.dosimetry.regions import Grown, Region, region_model
from rtfractions.errors import RTFractionsError
from rtfractions.metrics import Metric
from rtfractions.plans import Prescription
from rtfractions.structures import Structure

_Result = TypeVar("_Result")
_Key = TypeVar("_Key")


@dataclass(frozen=True, slots=True)
class Sampling:
    """How contours become a solid, and voxels a dose at every point; as for `engine.structure_dvh`."""

    end_caps: EndCapsOption = "auto"
    dose_interpolation: InterpolationOption = "auto"


AUTO: Final = Sampling()
"""What DVHs are computed with, where nothing else is asked for."""

SOUND: Final = tuple(
    Sampling(end_caps, interpolation)
    for end_caps in ("half", "tapered")
    for interpolation in ("linear", "cubic")
)  # fmt: skip
"""Settings that planning systems use, none of them wrong: where a verdict differs between them, it is uncertain."""


_DVHKey = tuple[object, Converted | None, float | None, Sampling]
"""Which DVH: of what part of space, of what dose, and how it is computed."""


@dataclass(frozen=True, slots=True, eq=False)
class NamedRegion:
    """A structure, or a region of several, as reports name it.

    Attributes
    ----------
    name : str
        The structure's name, or the names of all with what is done with them.
    region : Region
        Where it is.
    """

    name: str
    region: Region

    @property
    def number(self) -> int | None:
        """The structure's number; None of a region of several."""
        return self.region.number if isinstance(self.region, Structure) else None


class CourseDVHs:
    """DVHs and metrics of the dose of one course.

    Parameters
    ----------
    chosen : ChosenDose
        The dose.
    phases : Phases or RTFractionsError
        The dose in parts of one number of fractions each, or why it cannot be converted.
    """

    def __init__(self, chosen: ChosenDose, phases: Phases | RTFractionsError) -> None:
        self.chosen = chosen
        self.phases = phases
        self._outer_cm3 = outer_volumes_cm3(chosen.structure_set.structures if chosen.structure_set else ())
        self._models: dict[object, Model | RTFractionsError] = {}
        self._dvhs: dict[_DVHKey, DVH | RTFractionsError] = {}
        self._asked: dict[object, tuple[NamedRegion, dict[Metric, Value | RTFractionsError]]] = {}

    def dvh(
        self,
        region: Region,
        *,
        quantity: Converted | None = None,
        alpha_beta_gy: float | None = None,
        sampling: Sampling = AUTO,
    ) -> DVH:
        """The DVH of a region.

        Parameters
        ----------
        region : Region
            A structure, or a region of several.
        quantity : {"bed", "eqd2"}, optional
            What to convert to; physical dose where it is not given.
        alpha_beta_gy : float, optional
            alpha/beta in Gy, for converted dose.
        sampling : Sampling
            How it is computed.

        Raises
        ------
        RTFractionsError
            If it has none, or its dose cannot be converted.
        """
        key = (_key(region), quantity, alpha_beta_gy, sampling)
        return _once(self._dvhs, key, lambda: self._made(region, quantity, alpha_beta_gy, sampling))

    def evaluate(
        self, named: NamedRegion, metric: Metric, *, prescription_gy: Decimal | None = None
    ) -> Value | RTFractionsError:
        """The value of a metric, which stands in `results` from then on, or why it has none."""
        _, values = self._asked.setdefault(_key(named.region), (named, {}))
        found = self.value(named.region, metric, prescription_gy=prescription_gy)
        values.setdefault(metric, found)
        return found  # of this prescription, whatever another rule asked it with

    def value(
        self,
        region: Region,
        metric: Metric,
        *,
        prescription_gy: Decimal | None = None,
        sampling: Sampling = AUTO,
    ) -> Value | RTFractionsError:
        """The value of a metric, or why it has none."""
        ratio = None if metric.alpha_beta_gy is None else float(metric.alpha_beta_gy)
        quantity = None if metric.quantity == "physical" else metric.quantity
        try:
            dvh = self.dvh(region, quantity=quantity, alpha_beta_gy=ratio, sampling=sampling)
        except RTFractionsError as error:
            return error
        return evaluate(metric, dvh, prescription_gy=prescription_gy)

    @property
    def converts_quickly(self) -> bool:
        """Whether a DVH is converted by its dose axis; the sum of several phases is sampled anew."""
        return not isinstance(self.phases, RTFractionsError) and len(self.phases.doses) == 1

    def tried(self, region: Region, metric: Metric) -> Value | RTFractionsError:
        """The value of a metric of converted dose: one of many that are tried, whose DVH is not kept."""
        assert metric.quantity != "physical"
        assert metric.alpha_beta_gy is not None
        ratio = float(metric.alpha_beta_gy)
        try:
            if isinstance(self.phases, RTFractionsError) or self.converts_quickly:
                dvh = self._made(region, metric.quantity, ratio, AUTO)
            else:
                model = self._model(region, AUTO.end_caps)
                dvh = summed_dvh(model, self.phases.doses, quantity=metric.quantity, alpha_beta_gy=ratio)
        except RTFractionsError as error:
            return error
        return evaluate(metric, dvh)

    def result(
        self,
        structure: Structure,
        metrics: tuple[Metric, ...],
        *,
        prescription: Prescription | None,
    ) -> StructureResult:
        """The DVHs and metrics of a target.

        Parameters
        ----------
        structure : Structure
            The target.
        metrics : tuple of Metric
            What is asked of it, in the order of the result; those of converted dose name their alpha/beta.
        prescription : Prescription or None
            What percentages are of.
        """
        schedule = None if prescription is None else prescription.schedule
        prescribed_gy = None if schedule is None else schedule.total_dose_gy
        found = [
            MetricResult(metric=one, of=one, found=self.value(structure, one, prescription_gy=prescribed_gy))
            for one in metrics
        ]
        return self._result(NamedRegion(structure.name, structure), tuple(found), prescription)

    def results(self) -> tuple[StructureResult, ...]:
        """What was evaluated, region by region in the order asked for."""
        return tuple(
            self._result(
                named,
                tuple(MetricResult(metric=one, of=one, found=value) for one, value in values.items()),
                None,
            )
            for named, values in self._asked.values()
        )

    @property
    def samplings(self) -> tuple[Sampling, ...]:
        """The sound settings that this dose can be computed with."""
        even = even_frames(self.chosen.grid)
        return tuple(one for one in SOUND if even or one.dose_interpolation != "cubic")

    def volume_cm3(self, region: Region) -> float:
        """The volume of a region.

        Raises
        ------
        RTFractionsError
            If it has none.
        """
        return self._model(region, "auto").size.volume_mm3 / 1000.0

    def _result(
        self,
        named: NamedRegion,
        metrics: tuple[MetricResult, ...],
        prescription: Prescription | None,
    ) -> StructureResult:
        structure = named.region if isinstance(named.region, Structure) else None
        key = _key(named.region)
        own = [dvh for (of, *_, sampling), dvh in self._dvhs.items() if of == key and sampling == AUTO]
        dvhs = tuple(dvh for dvh in own if isinstance(dvh, DVH))
        return StructureResult(
            name=named.name,
            number=named.number,
            structure=structure,
            dvhs=dvhs,
            metrics=metrics,
            prescription=prescription,
            outer_volume_cm3=self._outer_cm3.get(structure.number) if structure else None,
            notices=tuple(dict.fromkeys(notice for dvh in dvhs for notice in dvh.notices)),
            error=None if dvhs else next((one for one in own if isinstance(one, RTFractionsError)), None),
        )

    def _made(
        self, region: Region, quantity: Converted | None, alpha_beta_gy: float | None, sampling: Sampling
    ) -> DVH:
        model = self._model(region, sampling.end_caps)
        interpolation = sampling.dose_interpolation
        if quantity is None or alpha_beta_gy is None:
            return model_dvh(model, (self.chosen.grid,), dose_interpolation=interpolation)
        if isinstance(self.phases, RTFractionsError):
            raise self.phases.at(self.phases.where)
        if not self.phases.from_plan:
            raise ConversionError("the number of fractions of the dose is not the plan's")
        physical = self.dvh(region, sampling=sampling)
        return converted_dvh(
            model,
            physical,
            self.phases,
            quantity=quantity,
            alpha_beta_gy=alpha_beta_gy,
            dose_interpolation=interpolation,
        )

    def _model(self, region: Region, end_caps: EndCapsOption) -> Model:
        return _once(self._models, (_key(region), end_caps), lambda: self._modelled(region, end_caps))

    def _modelled(self, region: Region, end_caps: EndCapsOption) -> Model:
        grids = (self.chosen.grid,)
        if not isinstance(region, Structure):
            return region_model(region, grids, end_caps=end_caps)
        outer = self._outer_cm3.get(region.number)
        return model_of(region, grids, end_caps=end_caps, outer_volume_cm3=outer)


def _key(region: Region) -> object:
    """What two regions share that are the same part of space."""
    if isinstance(region, Structure):
        return region
    if isinstance(region, Grown):
        return (_key(region.region), region.margin_mm)
    return (region.kind, _key(region.first), _key(region.second))


def _once(kept: dict[_Key, _Result | RTFractionsError], key: _Key, make: Callable[[], _Result]) -> _Result:
    """What was made under a key; a refusal is made once too."""
    if key not in kept:
        try:
            kept[key] = make()
        except RTFractionsError as error:
            kept[key] = error
    found = kept[key]
    if isinstance(found, RTFractionsError):
        raise found.at(found.where)  # a new one: an error keeps where it was raised
    return found

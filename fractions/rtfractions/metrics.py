"""DVH metrics in the notation of AAPM TG-263, read without guessing and printed in one canonical form.

``D95%[Gy]`` is the dose that the hottest 95 % of the volume get at least, ``V20Gy[cc]`` the volume that gets at
least 20 Gy, ``CV17Gy[cc]`` the volume that gets less than 17 Gy, ``DC700cc[Gy]`` the highest dose to the coldest
700 cm3. ``EQD2Gy(a/b=3)`` and ``BEDGy(a/b=3)`` in place of ``Gy`` mean converted dose. Volumes and doses are
exact decimals: 0.03 cm3 and 0.035 cm3 are two metrics.
"""

import re
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import Final, Literal, NoReturn

from rtfractions.errors import RTFractionsError, quoted

DoseQuantity = Literal["physical", "bed", "eqd2"]
"""What a dose is."""

LONGEST_TEXT: Final = 80
"""More characters are no metric; the bound keeps hostile text cheap."""

LARGEST: Final = Decimal(1_000_000)
"""Volumes in cm3 and doses in Gy or % above this are refused."""

SMALLEST_STEP: Final = Decimal(1).scaleb(-9)
"""Volumes and doses are whole multiples of this."""

ALPHA_BETA_RANGE_GY: Final = (Decimal("0.1"), Decimal(100))
"""Range of alpha/beta, as everywhere in this program."""


class MetricError(RTFractionsError, ValueError):
    """A text that does not say which metric it means, or a metric that has no value."""

    code = "metric"


class MetricKind(StrEnum):
    """What a metric asks of a DVH; the value is how it is written."""

    DOSE_TO_HOTTEST = "D"
    """The dose that the hottest part of the volume gets at least."""
    DOSE_TO_COLDEST = "DC"
    """The highest dose to the coldest part of the volume."""
    VOLUME_AT_LEAST = "V"
    """The volume that gets a dose or more."""
    VOLUME_BELOW = "CV"
    """The volume that gets less than a dose."""
    MEAN = "Mean"
    MAX = "Max"
    MIN = "Min"


class MetricUnit(StrEnum):
    """Unit of a metric's value or threshold; a dose in % is of the prescription, a volume in % of the structure."""

    GY = "Gy"
    PERCENT = "%"
    CC = "cc"


DOSES_AT_VOLUMES: Final = (MetricKind.DOSE_TO_HOTTEST, MetricKind.DOSE_TO_COLDEST)
VOLUMES_AT_DOSES: Final = (MetricKind.VOLUME_AT_LEAST, MetricKind.VOLUME_BELOW)


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A DVH metric.

    Attributes
    ----------
    kind : MetricKind
        What is asked.
    at : Decimal or None
        The volume of a ``D`` or ``DC``, the dose of a ``V`` or ``CV``; None for mean, max and min.
    at_unit : MetricUnit or None
        Its unit: % or cc of a volume, Gy or % (of the prescription) of a dose.
    unit : MetricUnit
        Unit of the value: Gy or % (of the prescription) of a dose, % (of the structure) or cc of a volume.
    quantity : {"physical", "bed", "eqd2"}
        What the dose is, the threshold's or the value's.
    alpha_beta_gy : Decimal or None
        alpha/beta of a converted dose, 0.1 to 100 Gy; None for physical dose.

    Raises
    ------
    MetricError
        If the parts do not make a metric.

    Examples
    --------
    >>> str(Metric(kind=MetricKind.DOSE_TO_HOTTEST, at=Decimal("0.030"), at_unit=MetricUnit.CC, unit=MetricUnit.GY))
    'D0.03cc[Gy]'
    """

    kind: MetricKind
    at: Decimal | None = None
    at_unit: MetricUnit | None = None
    unit: MetricUnit
    quantity: DoseQuantity = "physical"
    alpha_beta_gy: Decimal | None = None

    def __post_init__(self) -> None:
        at_units, units = _units_of(self.kind)
        if (self.at is None) != (self.at_unit is None) or (self.at_unit is None) != (not at_units):
            raise MetricError(f"{self.kind} {'needs a threshold' if at_units else 'has no threshold'}")
        if self.at_unit is not None and self.at_unit not in at_units:
            raise MetricError(f"the threshold of {self.kind} is not in {self.at_unit}")
        if self.unit not in units:
            raise MetricError(f"{self.kind} has no value in {self.unit}", remedy=f"its unit is {_or(units)}")
        if (self.quantity == "physical") != (self.alpha_beta_gy is None):
            raise MetricError("EQD2 and BED need an alpha/beta, physical dose has none")
        if self.quantity != "physical" and self.needs_prescription:
            raise MetricError(
                f"a percentage of the prescription is of physical dose, not of {self.quantity.upper()}",
                remedy="give the dose in Gy",
            )
        for name in ("at", "alpha_beta_gy"):
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, _plain(value))
        self._refuse_values_out_of_range()

    def _refuse_values_out_of_range(self) -> None:
        if self.at is not None:
            a_volume = self.kind in DOSES_AT_VOLUMES
            if a_volume and (self.at <= 0 or (self.at_unit is MetricUnit.PERCENT and self.at > 100)):
                problem = f"{self.kind} of {self.at}{self.at_unit} cannot be"
                raise MetricError(
                    problem, remedy="the volume is above 0 and at most the whole; or ask for Max"
                )
            if self.at < 0:
                raise MetricError(f"a threshold of {self.at} {self.at_unit} cannot be")
        low, high = ALPHA_BETA_RANGE_GY
        if self.alpha_beta_gy is not None and not low <= self.alpha_beta_gy <= high:
            raise MetricError(f"alpha/beta {self.alpha_beta_gy} Gy is outside {low} to {high} Gy")

    @property
    def needs_prescription(self) -> bool:
        """Whether its dose is a percentage of the prescription."""
        in_doses = self.at_unit if self.kind in VOLUMES_AT_DOSES else self.unit
        return in_doses is MetricUnit.PERCENT

    def of(self, quantity: DoseQuantity, alpha_beta_gy: Decimal | None) -> "Metric":
        """The same metric of another kind of dose; a threshold in Gy keeps its number.

        Raises
        ------
        MetricError
            As the type, for a percentage of the prescription too.

        Examples
        --------
        >>> str(parse_metric("D2cc").of("eqd2", Decimal(3)))
        'D2cc[EQD2Gy(a/b=3)]'
        """
        return replace(self, quantity=quantity, alpha_beta_gy=alpha_beta_gy)

    def __str__(self) -> str:
        at = "" if self.at is None else f"{self.at:f}"
        a_dose = self._unit_text(self.at_unit) if self.kind in VOLUMES_AT_DOSES else (self.at_unit or "")
        value = self.unit if self.kind in VOLUMES_AT_DOSES else self._unit_text(self.unit)
        return f"{self.kind}{at}{a_dose}[{value}]"

    @property
    def value_unit(self) -> str:
        """The unit of its value, with the alpha/beta of a converted dose.

        Examples
        --------
        >>> parse_metric("D0.03cc[EQD2Gy(a/b=2)]").value_unit, parse_metric("V20Gy").value_unit
        ('EQD2Gy(a/b=2)', '%')
        """
        return str(self.unit) if self.kind in VOLUMES_AT_DOSES else self._unit_text(self.unit)

    def _unit_text(self, unit: MetricUnit | None) -> str:
        if self.quantity == "physical" or unit is not MetricUnit.GY:
            return str(unit)
        return f"{self.quantity.upper()}Gy(a/b={self.alpha_beta_gy:f})"


def parse_metric(text: str) -> Metric:
    """Read a metric.

    Parameters
    ----------
    text : str
        As ``"D95%[Gy]"``, ``"D0.03cc[EQD2Gy(a/b=2)]"``, ``"V20Gy[%]"``, ``"DC700cc[Gy]"`` or ``"Mean[Gy]"``. Where the
        value's unit is left out, it is Gy of a dose, % of a ``V`` and cc of a ``CV``. ``Dmean``, ``Dmax``, ``Dmin``
        and ``Median`` are read too, and thresholds in cGy.

    Returns
    -------
    Metric
        Printed with `str` in its canonical form, which reads back as the same metric.

    Raises
    ------
    MetricError
        If the text is no metric, or has several readings: the message names them.

    Examples
    --------
    >>> str(parse_metric("D95%")), str(parse_metric("V2000cGy [cc]")), str(parse_metric("Median"))
    ('D95%[Gy]', 'V20Gy[cc]', 'D50%[Gy]')
    """
    if len(text) > LONGEST_TEXT:
        raise MetricError(f"{quoted(text)} is no metric")
    found = _METRIC.fullmatch(text.strip())
    if found is None:
        _refuse_text(text)
    if found["named"] is not None:
        return _named(found, text)
    kind = MetricKind(found["kind"].upper())
    at = Decimal(found["at"])
    if kind in VOLUMES_AT_DOSES:
        if found["volume"] is not None:
            _refuse(text, "the threshold of a V is a dose", kind, found["at"])
        threshold = _dose_unit(found, "threshold", text)
        if threshold is None:
            _refuse(
                text, "whether the threshold is in Gy or % of the prescription is not said", kind, found["at"]
            )
        if _has_dose(found["unit"]):
            _refuse(text, f"the value of a {kind} is a volume", kind, found["at"])
        unit = _volume_unit(found["unit"] or ("%" if kind is MetricKind.VOLUME_AT_LEAST else "cc"))
        scale = Decimal("0.01") if (found["threshold"] or "").lower().startswith("c") else 1
        at_unit, quantity, alpha_beta = threshold
        return Metric(
            kind=kind, at=at * scale, at_unit=at_unit, unit=unit, quantity=quantity, alpha_beta_gy=alpha_beta
        )
    percent = found["threshold"] == "%"
    if found["volume"] is None and not percent:
        _refuse(text, "whether the volume is in % or cc is not said", kind, found["at"])
    at_unit = MetricUnit.PERCENT if percent else MetricUnit.CC
    unit, quantity, alpha_beta = _value_unit(found, text)
    return Metric(kind=kind, at=at, at_unit=at_unit, unit=unit, quantity=quantity, alpha_beta_gy=alpha_beta)


_NUMBER = r"\d{1,12}(?:\.\d{1,12})?"
_CC = r"cc|cm3|cm³|cm\^3|ml"
_RATIO = rf"\s*(?:\(\s*(?:a/b|\u03b1/\u03b2|alpha/beta|ab)\s*=\s*(?:{_NUMBER})\s*(?:Gy)?\s*\))?"
_DOSE = rf"c?Gy|%|(?:EQD2|BED)\s*(?:c?Gy)?{_RATIO}"

_METRIC = re.compile(
    rf"""(?:
        (?P<named>D?mean|D?max|D?min|D?median) |
        (?P<kind>DC|D|CV|V)\s*(?P<at>{_NUMBER})\s*(?:(?P<volume>{_CC})|(?P<threshold>{_DOSE}))?
    )(?:\s*\[\s*(?P<unit>{_CC}|{_DOSE})\s*\])?""",
    re.VERBOSE | re.ASCII | re.IGNORECASE,
)
_CONVERTED = re.compile(
    rf"(EQD2|BED)\s*(c?)(?:Gy)?\s*(?:\([^=]*=\s*({_NUMBER})\s*(?:Gy)?\s*\))?", re.ASCII | re.IGNORECASE
)

EXAMPLES: Final = "D95%[Gy], D0.03cc[Gy], V20Gy[%], V20Gy[cc], Mean[Gy] or V20EQD2Gy(a/b=3)[%]"

_DoseUnit = tuple[MetricUnit, DoseQuantity, Decimal | None]


def _units_of(kind: MetricKind) -> tuple[tuple[MetricUnit, ...], tuple[MetricUnit, ...]]:
    """The units that a kind's threshold and its value can have."""
    dose, volume = (MetricUnit.GY, MetricUnit.PERCENT), (MetricUnit.PERCENT, MetricUnit.CC)
    if kind in VOLUMES_AT_DOSES:
        return dose, volume
    return (volume if kind in DOSES_AT_VOLUMES else ()), dose


def _plain(value: Decimal) -> Decimal:
    """A decimal without zeros at its end."""
    fits = isinstance(value, Decimal) and value.is_finite() and (not value or -9 <= value.adjusted() <= 6)
    if not fits or value > LARGEST or value % SMALLEST_STEP:
        remedy = "give a Decimal of at most 9 decimals"
        raise MetricError(f"{quoted(value)} is no number of a metric", remedy=remedy)
    text = f"{value or 0:f}"  # 0 without a sign
    return Decimal(text.rstrip("0").rstrip(".") if "." in text else text)


def _or(units: tuple[MetricUnit, ...]) -> str:
    return " or ".join(units)


def _named(found: re.Match[str], text: str) -> Metric:
    unit, quantity, alpha_beta = _value_unit(found, text)
    name = found["named"].lower().removeprefix("d")
    if name == "median":
        return Metric(
            kind=MetricKind.DOSE_TO_HOTTEST,
            at=Decimal(50),
            at_unit=MetricUnit.PERCENT,
            unit=unit,
            quantity=quantity,
            alpha_beta_gy=alpha_beta,
        )
    return Metric(kind=MetricKind(name.capitalize()), unit=unit, quantity=quantity, alpha_beta_gy=alpha_beta)


def _value_unit(found: re.Match[str], text: str) -> _DoseUnit:
    """The unit of a dose that is a metric's value; Gy where none is said."""
    if found["unit"] is not None and _VOLUME.fullmatch(found["unit"]):
        raise MetricError(f"{quoted(text)}: the value is a dose, not a volume", remedy="its unit is Gy or %")
    if found["unit"] is not None and found["unit"].lower().startswith("c"):
        raise MetricError(f"{quoted(text)}: values are given in Gy, not cGy", remedy="write [Gy]")
    return _dose_unit(found, "unit", text) or (MetricUnit.GY, "physical", None)


def _dose_unit(found: re.Match[str], group: str, text: str) -> _DoseUnit | None:
    said = found[group]
    if said is None:
        return None
    if said == "%":
        return MetricUnit.PERCENT, "physical", None
    converted = _CONVERTED.fullmatch(said)
    if converted is None:
        return MetricUnit.GY, "physical", None
    if converted[2]:
        raise MetricError(f"{quoted(text)}: a converted dose is given in Gy, not cGy", remedy="write EQD2Gy")
    if converted[3] is None:
        name = converted[1].upper()
        raise MetricError(
            f"{quoted(text)}: {name} of which alpha/beta is not said", remedy=f"write {name}Gy(a/b=3)"
        )
    return MetricUnit.GY, "eqd2" if converted[1].upper() == "EQD2" else "bed", Decimal(converted[3])


_VOLUME = re.compile(_CC, re.IGNORECASE)


def _has_dose(unit: str | None) -> bool:
    return unit is not None and unit != "%" and not _VOLUME.fullmatch(unit)


def _volume_unit(unit: str) -> MetricUnit:
    return MetricUnit.PERCENT if unit == "%" else MetricUnit.CC


def _refuse(text: str, problem: str, kind: MetricKind, at: str) -> NoReturn:
    readings = {
        MetricKind.DOSE_TO_HOTTEST: f"D{at}%[Gy] or D{at}cc[Gy]",
        MetricKind.DOSE_TO_COLDEST: f"DC{at}cc[Gy] or DC{at}%[Gy]",
        MetricKind.VOLUME_AT_LEAST: f"V{at}Gy[%], V{at}Gy[cc] or V{at}%[%]",
        MetricKind.VOLUME_BELOW: f"CV{at}Gy[cc] or CV{at}%[cc]",
    }[kind]
    raise MetricError(f"{quoted(text)}: {problem}", remedy=f"write {readings}")


def _refuse_text(text: str) -> NoReturn:
    if re.search(r"\d,\d", text):
        raise MetricError(f"{quoted(text)} is no metric", remedy="write a decimal point")
    raise MetricError(f"{quoted(text)} is no metric", remedy=f"write {EXAMPLES}")


DEFAULT_METRICS: Final = tuple(
    map(parse_metric, ("D98%", "D95%", "D50%", "D2%", "D0.03cc", "Mean", "Max", "Min"))
)
"""What is reported of a structure where nothing else is asked for (ICRU 83 and 91)."""

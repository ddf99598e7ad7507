"""Metrics as physicists write them: read without guessing, printed in one form."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtfractions.metrics import DEFAULT_METRICS, Metric, MetricError, MetricKind, MetricUnit, parse_metric

GY, PERCENT, CC = MetricUnit.GY, MetricUnit.PERCENT, MetricUnit.CC

CANONICAL = (
    "D95%[Gy]",
    "D0.03cc[Gy]",
    "D2cc[%]",
    "V20Gy[%]",
    "V20Gy[cc]",
    "V95%[%]",
    "DC700cc[Gy]",
    "CV17Gy[cc]",
    "Mean[Gy]",
    "Max[Gy]",
    "Min[Gy]",
    "V20EQD2Gy(a/b=3)[%]",
    "D0.03cc[EQD2Gy(a/b=2)]",
    "D2cc[BEDGy(a/b=10)]",
    "Mean[EQD2Gy(a/b=2.5)]",
)


@pytest.mark.parametrize("text", CANONICAL)
def test_the_forms_of_the_interface_are_canonical(text: str) -> None:
    assert str(parse_metric(text)) == text


@pytest.mark.parametrize(
    ("text", "long"),
    [
        ("D95%", "D95%[Gy]"),
        ("V20Gy", "V20Gy[%]"),
        ("V100%", "V100%[%]"),
        ("CV17Gy", "CV17Gy[cc]"),
        ("DC700cc", "DC700cc[Gy]"),
        ("Dmean", "Mean[Gy]"),
        ("Dmax", "Max[Gy]"),
        ("dmin[%]", "Min[%]"),
        ("Median", "D50%[Gy]"),
        ("D50%", "D50%[Gy]"),
        (" V 20 Gy [ cc ] ", "V20Gy[cc]"),
        ("D0.030cm3", "D0.03cc[Gy]"),
        ("D2cm³", "D2cc[Gy]"),
        ("V2000cGy", "V20Gy[%]"),
        ("V20EQD2Gy(α/β=3 Gy)[cc]", "V20EQD2Gy(a/b=3)[cc]"),
        ("D2cc[EQD2(a/b=3)]", "D2cc[EQD2Gy(a/b=3)]"),
        ("D100%", "D100%[Gy]"),
    ],
)
def test_short_forms_are_printed_long(text: str, long: str) -> None:
    assert str(parse_metric(text)) == long


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("V20", "V20Gy[%], V20Gy[cc] or V20%[%]"),  # H8: never % of the prescription by default
        ("V20[%]", "V20Gy[%]"),
        ("D95", "D95%[Gy] or D95cc[Gy]"),  # H2
        ("D95[Gy]", "D95%[Gy]"),
        ("D20Gy", "D20cc[Gy]"),
        ("DC700", "DC700cc[Gy]"),
        ("CV17", "CV17Gy[cc]"),
        ("V20cc", "the threshold of a V is a dose"),
        ("V20Gy[Gy]", "the value of a V is a volume"),
        ("D95%[cc]", "the value is a dose"),
        ("Mean[cc]", "the value is a dose"),
        ("D2cc[cGy]", "not cGy"),
        ("V20EQD2Gy", "a/b=3"),
        ("D2cc[EQD2Gy]", "a/b=3"),
        ("D2cc[EQD2Gy(a/b=0)]", "0.1"),
        ("D2cc[EQD2Gy(a/b=101)]", "100"),
        ("D0,03cc", "decimal point"),
        ("D0%", "above 0"),
        ("D101%", "whole"),
        ("D0cc", "above 0"),
        ("D2c", "no metric"),  # I11
        ("D9 5%", "no metric"),
        ("D1e3cc", "no metric"),
        ("D٣cc", "no metric"),
        ("V95%EQD2Gy(a/b=3)", "no metric"),
        ("", "no metric"),
        ("V20Gy[%]" * 40, "no metric"),
        ("D0.00000000001cc", "9 decimals"),
    ],
)
def test_what_is_in_doubt_is_refused_with_its_readings(text: str, said: str) -> None:
    with pytest.raises(MetricError) as refused:
        parse_metric(text)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_near_maximum_volumes_are_different_metrics() -> None:
    assert len({parse_metric(f"D{volume}cc") for volume in ("0.03", "0.035", "0.1", "0.5", "0.030")}) == 4


def test_volumes_are_exact() -> None:
    assert parse_metric("D0.1cc").at == Decimal("0.1")
    assert parse_metric("V1999.5cGy").at == Decimal("19.995")


def test_the_metrics_by_default_are_those_of_the_interface() -> None:
    expected = ["D98%", "D95%", "D50%", "D2%", "D0.03cc", "Mean", "Max", "Min"]
    assert list(DEFAULT_METRICS) == [parse_metric(text) for text in expected]


@pytest.mark.parametrize("text", ["D2cc[%]", "V95%[%]", "Mean[%]"])
def test_a_percentage_of_the_prescription_is_of_physical_dose(text: str) -> None:
    metric = parse_metric(text)
    assert metric.needs_prescription
    with pytest.raises(MetricError, match="physical"):
        metric.of("eqd2", Decimal(3))


@pytest.mark.parametrize("text", ["D95%[Gy]", "V20Gy[%]", "Min"])
def test_a_percentage_of_the_volume_needs_no_prescription(text: str) -> None:
    assert not parse_metric(text).needs_prescription


@pytest.mark.parametrize("number", ["NaN", "sNaN", "Infinity", "1E+9999999", "1E-9999999", "-1"])
def test_numbers_that_cannot_be_are_refused(number: str) -> None:
    with pytest.raises(MetricError):
        Metric(kind=MetricKind.VOLUME_AT_LEAST, at=Decimal(number), at_unit=GY, unit=CC)


@pytest.mark.parametrize(
    ("kind", "at", "at_unit", "unit"),
    [
        (MetricKind.MEAN, Decimal(1), GY, GY),
        (MetricKind.DOSE_TO_HOTTEST, None, None, GY),
        (MetricKind.DOSE_TO_HOTTEST, Decimal(1), GY, GY),
        (MetricKind.VOLUME_AT_LEAST, Decimal(1), CC, CC),
        (MetricKind.VOLUME_BELOW, Decimal(1), GY, GY),
        (MetricKind.MAX, None, None, CC),
        (MetricKind.DOSE_TO_COLDEST, Decimal(1), None, GY),
    ],
)
def test_units_are_types(
    kind: MetricKind, at: Decimal | None, at_unit: MetricUnit | None, unit: MetricUnit
) -> None:
    # H2: 100 cc cannot be read as 100 %
    with pytest.raises(MetricError):
        Metric(kind=kind, at=at, at_unit=at_unit, unit=unit)


decimals = st.decimals(
    min_value="0.000000001", max_value=100, places=9, allow_nan=False, allow_infinity=False
)
ratios = st.decimals(min_value="0.1", max_value=100, places=3, allow_nan=False, allow_infinity=False)


@st.composite
def metrics(draw: st.DrawFn) -> Metric:
    kind = draw(st.sampled_from(list(MetricKind)))
    doses, volumes = st.sampled_from([GY, PERCENT]), st.sampled_from([PERCENT, CC])
    of_volume = kind in (MetricKind.VOLUME_AT_LEAST, MetricKind.VOLUME_BELOW)
    bare = kind in (MetricKind.MEAN, MetricKind.MAX, MetricKind.MIN)
    metric = Metric(
        kind=kind,
        at=None if bare else draw(decimals),
        at_unit=None if bare else draw(doses if of_volume else volumes),
        unit=draw(volumes if of_volume else doses),
    )
    if metric.needs_prescription or draw(st.booleans()):
        return metric
    return metric.of(draw(st.sampled_from(["bed", "eqd2"])), draw(ratios))


@given(metrics())
def test_what_is_printed_reads_back(metric: Metric) -> None:
    assert parse_metric(str(metric)) == metric


@given(st.text(alphabet="DCVMeanxi0159.,%[]()GycEQ2Bab/= ²٣\n", max_size=30))
def test_any_text_is_a_metric_or_a_refusal(text: str) -> None:
    try:
        metric = parse_metric(text)
    except MetricError:
        return
    assert parse_metric(str(metric)) == metric

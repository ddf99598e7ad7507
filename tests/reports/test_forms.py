"""One review in every form: the same verdicts wherever one looks."""

import csv
import io
import json
from collections import Counter
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from rtfractions.reports.schemas import json_schema

Run = Callable[..., Any]
Review = Callable[..., str]
Verdicts = Callable[[str, str], Counter[tuple[str, str, str, str]]]

REVIEW = ("review", "--protocol", "review_protocol.yaml", "--lesions", "review_lesions.csv")

SAMPLES = [
    REVIEW,
    ("review", "--protocol", "NCT03176173", "--constraints", "AAPM-TG101-2010"),
    ("patient", "--protocol", "NCT03406468"),
    ("reinduction.csv", "--protocol", "NCT03406468"),
    ("gensheimer.csv", "--protocol", "NCT03176173"),
    ("gensheimer.yaml", "--protocol", "NCT03176173"),
    ("plans/reinduction", "--protocol", "NCT03406468"),
    ("plans/gensheimer", "--protocol", "NCT03176173"),
    ("local.csv", "--protocol", "local_protocol.yaml"),
]


@pytest.mark.parametrize("words", SAMPLES, ids=" ".join)
def test_all_forms_agree_on_every_verdict(words: tuple[str, ...], review: Review, verdicts: Verdicts) -> None:
    found = {form: verdicts(form, review(form, *words)) for form in ("json", "csv", "text", "junit", "html")}
    assert found["json"]
    for form, own in found.items():
        assert own == found["json"], form


@pytest.mark.parametrize("words", SAMPLES, ids=" ".join)
def test_json_fits_its_published_schema(words: tuple[str, ...], review: Review) -> None:
    jsonschema.validate(json.loads(review("json", *words)), json_schema("check"))


@pytest.mark.parametrize("form", ["json", "csv", "text", "junit", "html"])
def test_equal_inputs_give_equal_bytes(form: str, review: Review) -> None:
    assert review(form, *REVIEW) == review(form, *REVIEW, again=True)


def test_the_review_names_plan_dose_and_targets(review: Review) -> None:
    # The doses are closed forms (sample_plans/synthetic_review.py): 40 Gy at 80 % of 50 Gy, 27 Gy at 75 % of 36 Gy.
    (patient,) = json.loads(review("json", *REVIEW))["patients"]
    plans = {plan["fractions"]: plan for plan in patient["plans"]}
    assert set(plans) == {3, 10}
    for fractions, maximum_gy, isodose in ((10, 50, 80), (3, 36, 75)):
        plan = plans[fractions]
        assert plan["dose"]["maximum_gy"] == pytest.approx(maximum_gy, rel=0.01)
        assert plan["dose"]["in_plane_spacing_mm"] == [4, 4]
        assert plan["dose"]["frame_spacing_mm"] == [4, 4]
        assert plan["dose"]["heterogeneity"] == ["IMAGE"]
        ptv = plan["targets"][0]
        assert ptv["role"] == "PTV"
        assert ptv["isodose_percent"] == pytest.approx(isodose, abs=0.5)
        metrics = {(one["metric"], one["quantity"]) for one in ptv["metrics"]}
        for name in ("D98%", "D95%", "D50%", "D2%", "D0.03cc", "Mean"):
            assert (f"{name}[Gy]", "physical") in metrics
            assert (f"{name}[EQD2Gy(a/b=10)]", "eqd2") in metrics
        assert ("V100%[%]", "physical") in metrics
    roles = {target["role"] for plan in plans.values() for target in plan["targets"]}
    assert {"PTV", "GTV", "ITV"} <= roles


@pytest.mark.parametrize("form", ["json", "text", "html"])
def test_the_overlay_stands_in_the_report(form: str, review: Review, overlay_file: Path) -> None:
    out = " ".join(review(form, *REVIEW, "--overlay", overlay_file).split())
    said = ("A. Example", "medical physicist", "2026-03-02", "minutes of the trial office, no. 14")
    decided = ("gap: at most 8 days", "Liver is also named Hepar", "earlier radiotherapy: none")
    for text in (*said, *decided, sha256(overlay_file.read_bytes()).hexdigest()[:12]):
        assert text in out


@pytest.mark.parametrize("form", ["json", "csv", "text", "junit", "html"])
def test_every_form_has_a_line_on_earlier_radiotherapy(form: str, review: Review) -> None:
    assert "earlier radiotherapy: not stated" in review(form, "gensheimer.csv", "--protocol", "NCT03176173")


def test_an_overlay_changes_what_it_says_and_nothing_else(
    review: Review, verdicts: Verdicts, overlay_file: Path
) -> None:
    without = verdicts("json", review("json", *REVIEW))
    decided = verdicts("json", review("json", *REVIEW, "--overlay", overlay_file))
    own = Counter({key: n for key, n in decided.items() if not key[1].startswith("advisory:")})
    # the week between two fractions of L2 is within 8 days
    assert own - without == Counter({("RV-01", "L2", "longest_gap", "per_protocol"): 1})
    assert without - own == Counter({("RV-01", "L2", "longest_gap", "variation_acceptable"): 1})


def test_csv_holds_metrics_and_advisory_limits_as_rows_that_grade_nothing(review: Review) -> None:
    out = review("csv", "review", "--protocol", "NCT03176173", "--constraints", "AAPM-TG101-2010")
    rows = list(csv.DictReader(io.StringIO(out)))
    metrics = [row for row in rows if row["rule"].startswith("metric:")]
    assert {row["verdict"] for row in metrics} <= {"info"}
    coverage = [row for row in metrics if row["rule"] == "metric:V100%[%]" and "PTV" in row["message"]]
    assert len(coverage) == 2
    assert all(90 < float(row["observed"]) <= 100 and row["unit"] == "%" for row in coverage)
    assert [row for row in rows if row["rule"].startswith("advisory:AAPM-TG101-2010:")]


LOCAL_SET = """
schema: rtfractions.constraints/1
id: LOCAL-SET
title: a set
version: "1"
sources: [{id: A, kind: publication, label: A 2020, citation: made up}]
constraints:
  - id: unspecified
    structure: Heart
    metric: "Max[Gy]"
    limits: [{objective: "< 0.01 Gy", strength: unspecified, source: A, verification: V1}]
    sum_over: plan
  - id: optimal
    structure: Heart
    metric: "Max[Gy]"
    limits: [{objective: "< 0.01 Gy", source: A, verification: V1}]
    sum_over: plan
  - id: mandatory
    structure: Heart
    metric: "Max[Gy]"
    limits: [{mandatory: "< 0.01 Gy", source: A, verification: V1}]
    sum_over: plan
  - id: kept
    structure: Heart
    metric: "Max[Gy]"
    limits: [{mandatory: "< 100 Gy", source: A, verification: V1}]
    sum_over: plan
"""


def test_no_form_calls_an_exceeded_advisory_limit_acceptable(
    review: Review, verdicts: Verdicts, tmp_path: Path
) -> None:
    limits = tmp_path / "set.yaml"
    limits.write_text(LOCAL_SET)
    words = ("review", "--protocol", "NCT03176173", "--constraints", limits)
    for form in ("json", "csv", "text", "junit", "html"):
        found = verdicts(form, review(form, *words))
        assert {(rule, verdict) for _, lesion, rule, verdict in found if lesion == "advisory:LOCAL-SET"} == {
            ("constraint.unspecified", "limit_exceeded"),
            ("constraint.optimal", "objective_exceeded"),
            ("constraint.mandatory", "limit_exceeded"),
            ("constraint.kept", "kept"),
        }, form


def test_advisory_limits_change_no_verdict_and_can_fail_the_run(run: Run, samples: Path) -> None:
    call = ["check", samples / "review", "--protocol", "NCT03176173", "--format", "json"]
    alone, beside = run(*call), run(*call, "--constraints", "AAPM-TG101-2010")
    (patient,) = alone.json["patients"]
    (advised,) = beside.json["patients"]
    assert advised["verdict"] == patient["verdict"]
    assert [lesion["verdict"] for lesion in advised["lesions"]] == [
        lesion["verdict"] for lesion in patient["lesions"]
    ]
    exceeded = sum(one["exceeded"] for one in advised["advisory"])
    assert beside.code == alone.code
    failing = run(*call, "--constraints", "AAPM-TG101-2010", "--fail-on", "advisory")
    assert (1 in failing.json["exit_reasons"]) == bool(exceeded)

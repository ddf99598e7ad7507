"""What the reports of a cohort say: the same in every form, and what was found."""

import csv
import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest
from synthetic import dicom_bytes
from synthetic_plan import Group, Reference, rt_plan

from rtfractions.reports.schemas import json_schema

HEADER = "patient,lesion,site,schedule,technique,start,end,fractions_delivered,justification,on_study"


def sheet(path: Path, *rows: str) -> Path:
    path.write_text("\n".join([HEADER, *rows]) + "\n", "utf-8")
    return path


@pytest.fixture
def gensheimer(tmp_path: Path) -> Path:
    """A cohort with the totals of Gensheimer 2025: 81 tumours of 44 patients, 41 of them at 40 Gy in 10."""
    lesions = [1] * 7 + [2] * 37
    schedules = ["40 Gy/10"] * 41 + ["50 Gy/5"] * 20 + ["27 Gy/3"] * 12 + ["50 Gy/10"] * 8
    rows = [f"GE-{i:02d},L{j}" for i, number in enumerate(lesions, start=1) for j in range(number)]
    assert len(rows) == len(schedules) == 81
    return sheet(
        tmp_path / "gensheimer.csv",
        *(f"{row},lung,{schedule},VMAT,,,,," for row, schedule in zip(rows, schedules, strict=True)),
    )


@pytest.fixture
def mixed(make_cohort: Any, tmp_path: Path) -> tuple[Path, Path]:
    """Files and a sheet: patients in both, in one, and with every kind of trouble."""
    cohort = make_cohort(4)
    (cohort / "cut.dcm").write_bytes((cohort / "001" / "plan.dcm").read_bytes()[:300])
    bad = rt_plan("G005", 100_005, [Reference(1, "PTV", "24.0", 7)], [Group("-3")])
    (cohort / "bad.dcm").write_bytes(dicom_bytes(bad))
    return cohort, sheet(
        tmp_path / "lesions.csv",
        "G001,L1,left lung,24 Gy/3,SBRT,2026-01-12,2026-01-16,3,,",
        "G002,L1,T8 vertebra,20 Gy/5,3D,2026-01-12,2026-01-16,5,painful,",
        "S001,L1,brain,20 Gy/1,SRS,,,2,,",
        "S001,L2,brain,20 Gy/1,SRS,2026-01-12,2026-01-12,1,,no",
        "S002,L1,lung,24/3/1,SBRT,,,,,",
        "S003,L1,lung,27 Gy/3,SBRT,,,,,",
    )


def counts(entries: Any) -> dict[str, int]:
    return {entry["name"]: entry["count"] for entry in entries if entry["count"]}


def test_the_published_totals_of_the_trial(gensheimer: Path, audit: Any, run_inline: Any) -> None:
    # 81 tumours, 41 of them at 40 Gy in 10, in 44 evaluable patients: Gensheimer 2025, abstract
    found = audit(gensheimer, protocol="NCT03176173")
    said = [(total.published, total.found, total.agrees) for total in found.document.published]
    assert said == [(44, 44, True), (81, 81, True), (41, 41, True)]
    forty = found.document.schedules[0]
    assert (forty.name, forty.count, forty.of) == ("40 Gy / 10", 41, 81)
    assert forty.proportion == pytest.approx(0.506, abs=5e-4)  # "50.6 %"
    # BED10 of the four schedules: 56, 100, 51.3, 75 Gy (protocols.md G3); the middle of 81 is 40 Gy in 10's
    bed = next(dose for dose in found.document.doses if dose.name == "BED(a/b=10)")
    assert (bed.count, bed.median, bed.maximum) == (81, pytest.approx(56.0), pytest.approx(100.0))
    assert bed.minimum == pytest.approx(51.3)
    assert bed.mean == pytest.approx((41 * 56 + 20 * 100 + 12 * 51.3 + 8 * 75) / 81)


def test_a_total_that_differs_is_said_and_grades_nothing(make_cohort: Any, audit: Any) -> None:
    found = audit(make_cohort(1), protocol="NCT03176173")
    assert [total.agrees for total in found.document.published] == [False, False, False]
    assert (
        found.outcomes()
        == audit(make_cohort(1, folder="again"), output="b", protocol="NCT03176173").outcomes()
    )


def test_everyone_is_accounted_for(mixed: tuple[Path, Path], audit: Any) -> None:
    cohort, lesions = mixed
    found = audit(cohort, lesions, include_identifiers=True)
    document = found.document
    lines = {line.patient: line for line in document.patients}
    assert set(lines) == {"G001", "G002", "G003", "G004", "G005", "S001", "S002", "S003"}
    assert {patient: line.found_in for patient, line in lines.items()} == {
        **dict.fromkeys(("G001", "G002"), "files and sheet"),
        **dict.fromkeys(("G003", "G004", "G005"), "files"),
        **dict.fromkeys(("S001", "S002", "S003"), "sheet"),
    }
    assert lines["G001"].outcome == "per_protocol"
    assert lines["G002"].outcome == "query"  # the sheet's 20 Gy in 5 is not the plan's 24 Gy in 3
    assert lines["G005"].outcome == "not_evaluable"
    assert lines["G005"].refused == 1
    assert lines["S001"].outcome == "deviation_unacceptable"  # two fractions given of one
    assert lines["S001"].lesions == 1  # the other is off study
    assert lines["S002"].outcome == "not_evaluable"
    assert lines["S003"].outcome == "query"
    refused = [str(error.where) for error in document.errors]
    assert refused.count(f"{lesions}, row 6, column schedule") == 1
    assert "cut.dcm" in refused
    assert document.exit_reasons == (3, 1, 4)
    missing = {entry.kind: entry.patients for entry in document.missing}
    assert missing["RT Plan"] == ("S001", "S002", "S003")
    assert len(missing["RT Dose"]) == 8
    notes = [
        warning["code"]
        for data in found.results().values()
        for warning in json.loads(data)["warnings"]
        if warning["code"].startswith("patient.")
    ]
    assert notes.count("patient.no-files") == 3
    assert notes.count("patient.not-on-sheet") == 3


def test_sites_are_those_of_the_vocabulary(mixed: tuple[Path, Path], audit: Any) -> None:
    document = audit(*mixed).document
    assert {group.name: group.total for group in document.sites} == {
        "brain": 1,
        "lung": 2,
        "not stated": 2,
        "spine": 1,
    }


def test_conditions_accepted_on_a_statement_stand_apart(audit: Any, tmp_path: Path) -> None:
    rows = [
        "A,L1,T8 vertebra,20 Gy/5,3D,,,,painful metastasis,",
        "B,L1,T8 vertebra,20 Gy/5,3D,,,,n/a,",
        "C,L1,lung,24 Gy/3,SBRT,,,,,",
    ]
    document = audit(sheet(tmp_path / "s.csv", *rows)).document
    assert {entry.name: entry.count for entry in document.conditions} == {"stated": 1, "confirmed": 0}
    assert {e.name: e.count for e in document.outcomes if e.count} == {"per_protocol": 2, "query": 1}


def test_questions_go_to_who_must_answer(mixed: tuple[Path, Path], audit: Any) -> None:
    document = audit(*mixed, include_identifiers=True).document
    asked = {
        group.to.partition(":")[0]: {(question.patient, question.rule) for question in group.questions}
        for group in document.questions
    }
    assert asked["the trial's office"] == {("S003", "schedule")}
    assert ("G002", "prescription") in asked["the treating centre"]
    assert ("G005", "input") in asked["whoever sent the data"]
    assert ("S002", "input") in asked["whoever sent the data"]


def test_pages_and_summary_ask_the_same(mixed: tuple[Path, Path], audit: Any) -> None:
    # what a patient's page asks of the trial or of the site stands in the same group of the summary
    found = audit(*mixed)
    asked = {
        (question.patient, question.lesion, question.rule): group.to.partition(":")[0]
        for group in found.document.questions
        for question in group.questions
    }
    words = {"trial": "the trial's office", "site": "the treating centre"}
    seen = set()
    for data in found.results().values():
        review = json.loads(data)["review"]
        checks = [(None, check) for check in review["checks"]]
        checks += [(one["lesion"], check) for one in review["lesions"] for check in one["checks"]]
        for lesion, check in checks:
            if check["asked_of"] is not None and check["rule"] != "input":
                key = (review["patient"], lesion, check["rule"])
                assert asked[key] == words[check["asked_of"]]
                seen.add(check["asked_of"])
    assert seen == {"trial", "site"}


def test_every_form_says_the_same(mixed: tuple[Path, Path], audit: Any) -> None:
    found = audit(*mixed)
    files = {name: data.decode() for name, data in found.files().items()}
    document = json.loads(files["summary.json"])
    assert document["generated_at"] is None
    outcomes = counts(document["outcomes"])
    assert sum(outcomes.values()) == document["patients_found"] == 8
    rows = list(csv.DictReader(io.StringIO(files["summary.csv"])))
    from_csv = {
        row["verdict"]: int(row["count"]) for row in rows if row["table"] == "patients" if row["count"] != "0"
    }
    assert from_csv == outcomes
    checks = list(csv.DictReader(io.StringIO(files["checks.csv"])))
    patients = {row["patient"]: row["verdict"] for row in checks if row["rule"] == "patient"}
    assert patients == {line["patient"]: line["outcome"] for line in document["patients"]}
    text = files["summary.txt"]
    for name, number in outcomes.items():
        assert re.search(rf"^{name.replace('_', ' ')} +{number} ", text, re.MULTILINE)
    page = files["summary.html"]
    for name, number in outcomes.items():
        assert f'<td class="{name}">{name.replace("_", " ")}</td><td class="n">{number}</td>' in page
    root = ElementTree.fromstring(files["summary.xml"])
    cases = [case for case in root.iter("testcase") if case.get("classname") != "inputs"]
    bad = [row for row in checks if row["rule"] not in ("patient", "lesion")]
    failed = sum(row["verdict"] == "deviation_unacceptable" for row in bad)
    open_ones = sum(row["verdict"] in ("query", "not_evaluable") for row in bad)
    assert sum(case.find("failure") is not None for case in cases) == failed == 1
    assert sum(case.find("error") is not None for case in cases) == open_ones
    assert int(root.get("errors", "")) == open_ones + 2  # the cut file and the refused row
    assert len(cases) == len(bad)


def test_documents_are_of_their_published_forms(mixed: tuple[Path, Path], audit: Any) -> None:
    found = audit(*mixed)
    jsonschema.validate(json.loads(found.files()["summary.json"]), json_schema("audit"))
    for data in found.results().values():
        jsonschema.validate(json.loads(data), json_schema("audit-result"))


def test_a_result_holds_the_whole_entry_of_check(make_cohort: Any, audit: Any, run: Any) -> None:
    cohort = make_cohort(1)
    found = audit(cohort, include_identifiers=True)
    (data,) = found.results().values()
    check = json.loads(run("check", cohort, "--protocol", "NCT03406468", "--format", "json").out)
    assert json.loads(data)["review"] == check["patients"][0]


class Elements(HTMLParser):
    """Elements and addresses of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.addresses: list[str] = []
        self.ids: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.ids |= {value or "" for name, value in attrs if name == "id"}
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "action")]
        assert not [name for name, _ in attrs if name.startswith("on")]


def test_pages_load_nothing_and_link_to_each_other(
    figures: None, mixed: tuple[Path, Path], audit: Any
) -> None:
    # S8
    found = audit(*mixed)
    pages = {name: data.decode() for name, data in found.files().items() if name.endswith(".html")}
    assert len(pages) == 9
    for name, page in pages.items():
        elements = Elements()
        elements.feed(page)
        assert not elements.names & {"script", "iframe", "object", "embed", "link", "form", "base"}
        assert "default-src &#39;none&#39;" in page or "default-src 'none'" in page
        for address in elements.addresses:
            if address.startswith("#"):
                assert address[1:] in elements.ids
            elif not address.startswith("data:image/svg+xml;base64,"):
                assert (found.folder.path / name).parent.joinpath(address).resolve().is_file()
    assert pages["summary.html"].count("data:image/svg+xml") == 3


def test_figures_are_the_same_bytes_each_time(figures: None, mixed: tuple[Path, Path], audit: Any) -> None:
    first = audit(*mixed).files()
    second = audit(*mixed, output="second").files()
    assert first == second


@pytest.mark.parametrize("form", ["text", "json", "csv", "html", "junit"])
def test_report_makes_them_again(form: str, make_cohort: Any, run_inline: Any, tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = ("audit", make_cohort(2), "--protocol", "NCT03406468", "-o", out, "--format", form, "-q")
    first = run_inline(*command)
    assert first.code == 0
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file() and path.name[0] != "."}
    for path in before:
        if path.name.startswith(("summary", "checks")):
            path.unlink()
    again = run_inline("report", out, "--format", form, "-q")
    assert (again.code, again.out) == (0, first.out)
    after = {path: path.read_bytes() for path in out.rglob("*") if path.is_file() and path.name[0] != "."}
    assert after == before
    (out / "summary.html").unlink()
    elsewhere = run_inline("report", out, "--format", form, "-o", tmp_path / "one")
    assert elsewhere.out == ""
    assert (tmp_path / "one").read_text("utf-8") == first.out
    assert not (out / "summary.html").exists()


def test_exit_codes(mixed: tuple[Path, Path], make_cohort: Any, run_inline: Any, tmp_path: Path) -> None:
    protocol = ("--protocol", "NCT03406468", "-q")
    clean = make_cohort(1, folder="clean")
    assert run_inline("audit", clean, *protocol, "-o", tmp_path / "a").code == 0
    query = sheet(tmp_path / "query.csv", "A,L1,lung,27 Gy/3,SBRT,,,,,")
    assert run_inline("audit", query, *protocol, "-o", tmp_path / "b").code == 4
    assert run_inline("report", tmp_path / "b", "--exit-zero", "-q").code == 0
    deviation = sheet(
        tmp_path / "deviation.csv", "A,L1,lung,24 Gy/3,SBRT,,,4,,", "B,L1,lung,27 Gy/3,SBRT,,,,,"
    )
    result = run_inline("audit", deviation, *protocol, "-o", tmp_path / "c")
    assert result.code == 1
    assert "patients with a deviation: 1 (exit code 1), patients undecided: 1 (exit code 4)" in result.err
    assert run_inline("audit", deviation, *protocol, "-o", tmp_path / "c", "--exit-zero").code == 0
    cohort, lesions = mixed
    result = run_inline("audit", cohort, "--lesions", lesions, *protocol, "-o", tmp_path / "d")
    assert result.code == 3
    assert result.err.count("rtfractions: error: ") == 3


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--protocol", "NCT0"), "no protocol"),
        (("--protocol", "NCT03406468", "--limit-memory", "1M"), "256M or more"),
        (("--protocol", "NCT03406468", "--limit-memory", "lots"), "256M or more"),
        (("--protocol", "NCT03406468", "--jobs", "0"), "--jobs"),
        (("--protocol", "NCT03406468", "--limit", "x=1"), "there is no limit"),
    ],
)
def test_usage(options: tuple[str, ...], said: str, make_cohort: Any, run: Any, tmp_path: Path) -> None:
    result = run("audit", make_cohort(1), "-o", tmp_path / "out", *options)
    assert (result.code, result.out) == (2, "")
    assert said in result.err
    assert not (tmp_path / "out").exists()


def test_a_defect_prints_no_result(
    make_cohort: Any, run_inline: Any, tmp_path: Path, monkeypatch: Any
) -> None:
    from rtfractions.audit import runner
    from rtfractions.audit.bench import Ended
    from rtfractions.reports.cohort_results import Status

    defect = Ended(Status.CRASHED, "KeyError in plan.py, line 3", is_defect=True)
    monkeypatch.setattr(runner, "_answer", lambda _future: defect)
    result = run_inline("audit", make_cohort(1), "--protocol", "NCT03406468", "-o", tmp_path / "out")
    assert (result.code, result.out) == (70, "")
    assert "KeyError in plan.py, line 3" in result.err
    assert (tmp_path / "out" / "summary.html").exists()


def test_nothing_found_is_told(run_inline: Any, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    result = run_inline("audit", tmp_path / "empty", "--protocol", "NCT03406468", "-o", tmp_path / "out")
    assert result.code == 3
    assert "0 patients found" in result.out
    assert "holds no RT object" in result.err
    assert str(tmp_path / "empty") not in result.out + result.err


def test_report_of_no_audit_is_refused(run: Any, tmp_path: Path) -> None:
    result = run("report", tmp_path)
    assert (result.code, result.out) == (3, "")
    assert "holds no audit" in result.err

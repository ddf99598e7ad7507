"""JUnit XML of a review: the form that collectors read, and no green result over what is open."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

Run = Callable[..., Any]

# What the schema of the Jenkins xUnit plugin (junit-10.xsd) allows of what is written here.
ALLOWED = {
    "testsuites": {"name", "time", "tests", "failures", "errors"},
    "testsuite": {"name", "tests", "failures", "errors", "skipped", "time", "timestamp", "id", "package"},
    "testcase": {"name", "time", "classname", "group"},
    "failure": {"type", "message"},
    "error": {"type", "message"},
    "skipped": {"type", "message"},
    "system-out": set[str](),
}
REQUIRED = {"testsuite": {"name", "tests", "failures", "errors"}, "testcase": {"name"}}
CHILDREN = {
    "testsuites": {"testsuite"},
    "testsuite": {"testcase"},
    "testcase": {"failure", "error", "skipped", "system-out"},
}


def parsed(out: str) -> ElementTree.Element:
    root = ElementTree.fromstring(out)
    assert root.tag == "testsuites"
    for element in root.iter():
        assert set(element.attrib) <= ALLOWED[element.tag]
        assert REQUIRED.get(element.tag, set()) <= set(element.attrib)
        assert {child.tag for child in element} <= CHILDREN.get(element.tag, set())
    for suite in root:
        for tag, counted in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
            assert int(suite.attrib[counted]) == len(suite.findall(f"testcase/{tag}"))
        assert int(suite.attrib["tests"]) == len(suite)
        cases = [(case.attrib["classname"], case.attrib["name"]) for case in suite]
        assert len(set(cases)) == len(cases)
    return root


@pytest.mark.parametrize(
    "words",
    [
        ("reinduction.csv", "--protocol", "NCT03406468"),
        ("review", "--protocol", "NCT03176173", "--constraints", "AAPM-TG101-2010"),
    ],
    ids=" ".join,
)
def test_it_has_the_form_that_collectors_read(words: tuple[str, ...], run: Run, samples: Path) -> None:
    paths = [samples / word if (samples / word).exists() else word for word in words]
    parsed(run("check", *paths, "--format", "junit").out)


def test_what_could_not_be_read_is_an_error(run: Run, tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.csv"
    sheet.write_text("patient,lesion,schedule\nA,L1,24 Gy/3\nB,L1,3x8\n")
    root = parsed(run("check", sheet, "--protocol", "NCT03406468", "--format", "junit").out)
    (refused,) = [suite for suite in root if suite.attrib["name"] == "input"]
    (error,) = refused.findall("testcase/error")
    assert "which number is the dose" in error.attrib["message"]
    assert "row 3" in error.attrib["message"]


def test_a_patient_where_nothing_is_graded_is_not_green(run: Run, tmp_path: Path) -> None:
    # hazard: silence is not a pass
    sheet = tmp_path / "sheet.csv"
    sheet.write_text("patient,lesion,schedule,on_study\nA,L1,24 Gy/3,no\n")
    root = parsed(run("check", sheet, "--protocol", "NCT03406468", "--format", "junit").out)
    assert sum(int(suite.attrib["failures"]) + int(suite.attrib["errors"]) for suite in root) > 0


def test_variations_fail_where_that_is_asked_for(run: Run, samples: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.csv"
    sheet.write_text("patient,lesion,schedule,start,end\nLO-02,L1,55 Gy/5,2019-03-04,2019-03-20\n")
    call = ["check", sheet, "--protocol", samples / "local_protocol.yaml", "--format", "junit"]
    (suite,) = parsed(run(*call).out)
    assert suite.attrib["failures"] == "0"
    (suite,) = parsed(run(*call, "--fail-on", "variation").out)
    assert int(suite.attrib["failures"]) > 0


def test_control_characters_leave_xml_well_formed(run: Run, tmp_path: Path) -> None:
    # hazard S15
    sheet = tmp_path / "sheet.csv"
    name = "".join(map(chr, range(1, 9))) + "\ufffe\x1b[31m]]>"
    sheet.write_text(f"patient,lesion,site,schedule\n{name},{name},{name},24 Gy/3\n")
    root = parsed(run("check", sheet, "--protocol", "NCT03406468", "--format", "junit").out)
    texts = [*root.itertext(), *(value for element in root.iter() for value in element.attrib.values())]
    assert not [text for text in texts if "\x1b" in text or "\x01" in text]

"""Names from outside do nothing in any form of a report, and no form tells whose plan it was."""

import base64
import csv
import io
import json
import re
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pydicom
import pytest
from pydicom.dataset import Dataset

Run = Callable[..., Any]

FORMS = ("text", "json", "csv", "junit", "html")

HOSTILE = {
    "element": "<img src=x onerror=alert(1)>",
    "script": "</script></style><script>x()</script>",
    "attribute": '" onmouseover="x()" y="',
    "template": "{{ 7*7 }}{% include '/etc/passwd' %}${7*7}",
    "formula": '=HYPERLINK("x";"y")',
    "full-width formula": "\uff1d1+1",
    "minus": "-2+3",
    "at": "@SUM(A1)",
    "path": "../../../../tmp/x",
    "ansi": "\x1b[31mred\x1b]0;title\x07",
    "bidi": "\u202eevil\u2066x\u200b",
    "control": "a\x00b\x01c\x85d\u2028e",
    "lines": "name\nrtfractions: error: forged\r\n=1",
    "entity": "&lt;b&gt;&#60;script&#62;",
    "cdata": "]]><![CDATA[<x>",
    "mathtext": "$\\frac{1}{0$_{",
}

FREE_TEXT = ("LO", "SH", "ST", "LT", "UT", "PN", "UC")


def poisoned(dataset: Dataset, text: str, number: list[int]) -> None:
    """Put a hostile text into every free text; names of structures stay apart by a number."""
    for element in dataset:
        if element.VR == "SQ":
            for item in element.value:
                poisoned(item, text, number)
        elif element.VR in FREE_TEXT and element.keyword != "PatientID":
            number[0] += 1
            element.value = f"{text}{number[0]}" if element.VR != "PN" else text


@pytest.fixture
def hostile_patient(samples: Path, tmp_path: Path) -> Callable[[str], Path]:
    """The sample patient with one hostile text in every place that takes a text, and a sheet with it."""

    def make(text: str) -> Path:
        folder = tmp_path / "files"
        folder.mkdir()
        # DICOM's free text holds no control characters; backslashes part values, and 64 characters are the most.
        in_file = "".join(c for c in text if c == "\x1b" or unicodedata.category(c) != "Cc").replace(
            "\\", "/"
        )[:50]
        for file in (samples / "patient").glob("*.dcm"):
            dataset = pydicom.dcmread(file)
            dataset.SpecificCharacterSet = "ISO_IR 192"
            dataset.add_new("StudyDescription", "LO", "x")
            dataset.add_new("InstitutionName", "LO", "x")
            dataset.PatientID = "HOSTILE"
            poisoned(dataset, in_file, [0])
            dataset.save_as(folder / file.name)
        cell = text.replace('"', '""').replace("\x00", "")
        (tmp_path / "sheet.csv").write_text(
            "patient,lesion,site,schedule,technique,intent,stop_reason,justification\n"
            f'HOSTILE,"{cell}","{cell}",24 Gy / 3,"{cell}","{cell}","{cell}","{cell}"\n',
            "utf-8",
        )
        return tmp_path

    return make


@pytest.mark.filterwarnings("ignore:.*:UserWarning:pydicom")
@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_names_do_nothing(
    kind: str, hostile_patient: Callable[[str], Path], run: Run, tables: Callable[[str], Any]
) -> None:
    # hazards S8, S9, S15
    folder = hostile_patient(HOSTILE[kind])
    files, sheet = folder / "files", folder / "sheet.csv"
    reports: list[tuple[str, tuple[object, ...]]] = [(form, (sheet,)) for form in FORMS]
    reports += [("csv", (files,)), ("html", (files,)), ("html", (files, "--lesions", sheet))]
    for form, words in reports:
        done = run("check", *words, "--protocol", "NCT03406468", "--format", form)
        assert done.code in (0, 1, 3, 4), done.err
        assert not [c for c in done.out + done.err if _acts(c)]
        assert not re.search("^rtfractions: error: forged", done.err, re.MULTILINE)
        if form == "json":
            json.loads(done.out)
        elif form == "junit":
            ElementTree.fromstring(done.out)
        elif form == "csv":
            _is_inert_csv(done.out)
        elif form == "html":
            page = tables(done.out)
            assert set(page.elements) <= ELEMENTS
            assert {name for _, name in page.attributes} <= ATTRIBUTES
            assert kind != "template" or "{{ 7*7 }}" in done.out
            _are_inert_pictures(done.out)


def _is_inert_csv(out: str) -> None:
    rows = list(csv.reader(io.StringIO(out)))
    assert {len(row) for row in rows} == {9}
    for row in rows[1:]:
        for cell in (*row[:4], *row[6:]):  # the others hold numbers where a unit stands
            assert not cell.startswith(tuple("=+-@\t\r\uff1d\uff0b\uff0d\uff20"))


def _are_inert_pictures(out: str) -> None:
    for data in re.findall(r"data:image/svg\+xml;base64,([^\"]+)", out):
        elements = ElementTree.fromstring(base64.b64decode(data)).iter()
        names = {element.tag.rpartition("}")[2] for element in elements}
        assert not names & {"script", "a", "foreignObject", "image", "text"}


def _acts(character: str) -> bool:
    """Whether a terminal, a log or a reader's eye would be led astray by it."""
    return character != "\n" and unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp", "Co", "Cs")


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


ELEMENTS = words(
    """html head meta title style body header main footer section article h1 h2 h3 h4 p span strong br code sub
    dl dt dd table caption thead tbody tr th td ol ul li figure figcaption img a div"""
)
ATTRIBUTES = words(
    """lang charset name content http-equiv class id scope src alt width height aria-label aria-labelledby aria-hidden
    role tabindex href colspan"""
)
ATTRIBUTES = frozenset(
    """lang charset name content http-equiv class id scope src alt width height aria-label aria-labelledby aria-hidden
    role tabindex href colspan""".split()  # noqa: SIM905 - one a line would hide what they are
)


def test_no_form_tells_who_the_patient_is_or_where(run: Run, samples: Path, tmp_path: Path) -> None:
    # hazards S16, S19
    secrets = {
        "PatientName": "CANARY^NAME",
        "PatientBirthDate": "19010203",
        "InstitutionName": "CANARY HOSPITAL",
        "InstitutionAddress": "CANARY STREET",
        "OperatorsName": "CANARY^OPERATOR",
        "ReferringPhysicianName": "CANARY^REFERRER",
        "StudyDescription": "CANARY STUDY",
        "RTPlanLabel": "CANARY PLAN",
        "StructureSetLabel": "CANARY SET",
        "DoseComment": "CANARY COMMENT",
        "AccessionNumber": "CANARYACC",
        "StationName": "CANARY STATION",
        "PatientComments": "CANARY PC",
    }
    for file in (samples / "patient").glob("*.dcm"):
        dataset = pydicom.dcmread(file)
        for keyword, value in secrets.items():
            setattr(dataset, keyword, value)
        dataset.save_as(tmp_path / file.name)
    for form in FORMS:
        done = run("check", tmp_path, "--protocol", "NCT03406468", "-v", "--format", form)
        printed = done.out + done.err
        assert "RI-54" in printed  # the contract lets check show the Patient ID
        pictures = re.findall(r"base64,([^\"]+)", printed)
        printed += "".join(base64.b64decode(data).decode("latin-1") for data in pictures)
        assert "CANARY" not in printed
        assert "19010203" not in printed

"""Reviews of the samples in every form, and their verdicts read back from each."""

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

Verdicts = Counter[tuple[str, str, str, str]]
"""Patient, lesion, rule and verdict; advisory limits have the lesion ``advisory:SET``."""

Review = Callable[..., str]


@pytest.fixture
def review(run: Callable[..., Any], samples: Path) -> Review:
    """``review("html", "review", "--protocol", "NCT03176173")``: a report; words that name samples become paths."""

    def call(form: str, *words: str | Path, again: bool = False) -> str:
        paths = [samples / word if (samples / word).exists() else word for word in words]
        key = (form, *map(str, paths))
        if again or key not in _MADE:
            options = ["--reproducible", "--format", form, *(["-v"] if form == "text" else [])]
            done = run("check", *paths, *options)
            assert done.code in (0, 1, 4), done.err
            _MADE[key] = done.out
        return _MADE[key]

    return call


_MADE: dict[tuple[str, ...], str] = {}
"""Reports that were made in this session: a report is the same bytes each time, which a test of its own shows."""


@pytest.fixture(scope="session")
def overlay_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An overlay for the protocol of the sample patient."""
    protocol = Path(__file__).parents[2] / "sample_plans" / "review_protocol.yaml"
    digest = sha256(protocol.read_bytes()).hexdigest()
    file = tmp_path_factory.mktemp("overlay") / "overlay.yaml"
    file.write_text(
        f"""
schema: rtfractions.overlay/1
name: A. Example
role: medical physicist
date: 2026-03-02
reason: minutes of the trial office, no. 14
protocol: {{id: LOCAL-REVIEW, sha256: {digest}}}
windows: {{worst_grade: query, max_gap_days: 8}}
advisory_sets: [AAPM-TG101-2010]
aliases:
  - {{structure: Liver, names: [Hepar]}}
prior_radiotherapy:
  - {{patient: RV-01, stated: none}}
alpha_beta:
  - {{structure: SpinalCord, value_gy: 2, interval_gy: [1, 4], citation: local decision}}
""",
        "utf-8",
    )
    return file


@pytest.fixture
def verdicts() -> Callable[[str, str], Verdicts]:
    """``verdicts("csv", out)``: every verdict that a report states, read from it as its reader would."""
    return lambda form, out: Counter(_READERS[form](out))


@pytest.fixture
def tables() -> Callable[[str], "Tables"]:
    """``tables(out)``: elements, attributes and tables of a page."""

    def call(out: str) -> Tables:
        page = Tables()
        page.feed(out)
        return page

    return call


def _json(out: str) -> Iterator[tuple[str, str, str, str]]:
    for patient in json.loads(out)["patients"]:
        label = patient["patient"]
        yield label, "", "patient", patient["verdict"]
        for lesion, checks in [("", patient["checks"])] + [
            (one["lesion"], one["checks"]) for one in patient["lesions"]
        ]:
            for check in checks:
                yield label, lesion, check["rule"], check["verdict"]
        for lesion in patient["lesions"]:
            yield label, lesion["lesion"], "lesion", lesion["verdict"]
        for advisory in patient["advisory"]:
            for check in advisory["checks"]:
                yield label, f"advisory:{advisory['id']}", check["rule"], check["advice"] or check["verdict"]


def _csv(out: str) -> Iterator[tuple[str, str, str, str]]:
    for row in csv.DictReader(io.StringIO(out)):
        kind, _, rest = row["rule"].partition(":")
        if kind == "advisory":
            name, _, rule = rest.partition(":")
            advice = row["message"].partition(":")[0].replace(" ", "_")
            compared = row["verdict"] == "info" and advice in ("kept", "objective_exceeded", "limit_exceeded")
            yield row["patient"], f"advisory:{name}", rule, advice if compared else row["verdict"]
        elif kind != "metric":
            yield row["patient"], row["lesion"], row["rule"], row["verdict"]


def _junit(out: str) -> Iterator[tuple[str, str, str, str]]:
    for suite in ElementTree.fromstring(out):
        patient, _, of_set = suite.attrib["name"].partition(" advisory ")
        for case in suite:
            rule = case.attrib["name"].split(" ")[0]
            verdict = (case.findtext("system-out") or "").splitlines()[0]
            lesion = case.attrib["classname"].removeprefix(patient).removeprefix(".")
            yield patient, f"advisory:{of_set}" if of_set else lesion, rule, verdict
            outcome = next((child.tag for child in case if child.tag != "system-out"), "passed")
            if not of_set:
                assert outcome == _OUTCOMES[verdict]


_OUTCOMES = {
    "per_protocol": "passed",
    "variation_acceptable": "passed",
    "deviation_unacceptable": "failure",
    "query": "error",
    "not_evaluable": "error",
    "not_applicable": "skipped",
    "info": "skipped",
}


def _text(out: str) -> Iterator[tuple[str, str, str, str]]:
    """Every verdict of a verbose text report: the table of lesions, then patient by patient."""
    patients: set[str] = set()
    lesions: dict[str, set[str]] = {}
    patient, advisory, table = "", "", True
    for line in out.splitlines():
        cells = [cell.strip() for cell in line.split("  ") if cell]
        if table and len(cells) >= 8 and cells[0] != "patient":
            verdict = cells[-1].replace(" ", "_")
            yield cells[0], cells[1], "lesion", "not_applicable" if verdict == "off_study" else verdict
            patients.add(cells[0])
            lesions.setdefault(cells[0], set()).add(cells[1])
            continue
        head, _, rest = line.strip().partition(": ")
        words = rest.partition(":")[0].partition(" (")[0]
        indent = len(line) - len(line.lstrip())
        if indent == 0 and head in patients and rest:
            table, patient = False, head
            yield patient, "", "patient", words.replace(" ", "_")
        elif indent == 4 and head.startswith("advisory, "):
            advisory = rest.partition(" [")[2].partition("]")[0]
        elif indent == 6 and head.startswith("advisory "):
            rule = head.removeprefix("advisory ")
            yield patient, f"advisory:{advisory}", rule, words.replace(" ", "_")
        elif (
            indent == 2 and patient and not head.endswith("note") and not rest.startswith("prescription from")
        ):
            own = [name for name in lesions[patient] if head.startswith(f"{name} ")]
            lesion = max(own, key=len, default="")
            yield patient, lesion, head.removeprefix(lesion).strip(), words.replace(" ", "_")


def _html(out: str) -> Iterator[tuple[str, str, str, str]]:
    page = Tables()
    page.feed(out)
    for table in page.tables:
        if "rules" in table.kind:
            for about, rule, verdict, *_ in table.rows:
                lesion = "" if about[0] == "patient" and len(about) == 1 else about[0]
                yield table.patient, lesion, rule[0], verdict[1].replace(" ", "_")
        elif "limits" in table.kind and table.advisory:
            for _, rule, verdict, *_ in table.rows:
                yield table.patient, f"advisory:{table.advisory}", rule[0], verdict[1].replace(" ", "_")


@dataclass
class Table:
    """A table of a page: its rows below the header, each cell as its pieces of text."""

    kind: str
    patient: str
    advisory: str
    rows: list[list[list[str]]] = field(default_factory=list)


class Tables(HTMLParser):
    """The tables of a page, with the patient and the advisory set that they stand under."""

    def __init__(self) -> None:
        super().__init__()
        self.tables: list[Table] = []
        self.elements: Counter[str] = Counter()
        self.attributes: Counter[tuple[str, str]] = Counter()
        self._patient = self._advisory = ""
        self._in_body = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements[tag] += 1
        given = {name: value or "" for name, value in attrs}
        self.attributes.update((tag, name) for name in given)
        if tag == "article":
            self._patient, self._advisory = given["aria-label"].removeprefix("Patient "), ""
        elif given.get("aria-label", "").startswith("Advisory set "):
            self._advisory = given["aria-label"].removeprefix("Advisory set ")
        elif tag == "table":
            self.tables.append(Table(given.get("class", ""), self._patient, self._advisory))
        elif tag in ("tbody", "tr", "th", "td") and self.tables:
            self._in_body = self._in_body or tag == "tbody"
            if self._in_body and tag == "tr":
                self.tables[-1].rows.append([])
            elif self._in_body and tag != "tbody":
                self.tables[-1].rows[-1].append([])

    def handle_endtag(self, tag: str) -> None:
        if tag == "tbody":
            self._in_body = False
        elif tag == "section":
            self._advisory = ""

    def handle_data(self, data: str) -> None:
        if self._in_body and data.strip() and self.tables[-1].rows and self.tables[-1].rows[-1]:
            self.tables[-1].rows[-1][-1].append(data.strip())


_READERS: dict[str, Callable[[str], Iterator[tuple[str, str, str, str]]]] = {
    "json": _json,
    "csv": _csv,
    "junit": _junit,
    "text": _text,
    "html": _html,
}

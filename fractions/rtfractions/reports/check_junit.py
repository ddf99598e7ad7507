"""A review as JUnit XML: one test case a check, for programs that collect test results."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Final
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from rtfractions.errors import counted
from rtfractions.reports.check_document import CheckDocument, CheckEntry, PatientEntry
from rtfractions.reports.check_words import EXCEEDED, about
from rtfractions.verdicts import Advice, Verdict

OUTCOMES: Final[dict[Verdict | Advice, str]] = {
    Verdict.DEVIATION_UNACCEPTABLE: "failure",
    Verdict.QUERY: "error",
    Verdict.NOT_EVALUABLE: "error",
    Verdict.NOT_APPLICABLE: "skipped",
    Verdict.INFO: "skipped",
}
"""What stands for a verdict; a test case with another one passed."""

_NOT_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def as_junit(document: CheckDocument, *, failing: Collection[str] = ()) -> str:
    """The document as JUnit XML in the form that Jenkins and GitLab read.

    A suite for each patient holds its checks, those of its lesions, and the roll-ups as cases ``patient`` and
    ``lesion``; another one holds what an advisory set says. The first line of each case's ``system-out`` is its
    verdict.

    Parameters
    ----------
    document : CheckDocument
        The document.
    failing : collection of str
        ``"variation"``: acceptable variations are failures too; ``"advisory"``: so are advisory limits exceeded, which
        are skipped otherwise.
    """
    root = Element("testsuites", name=f"rtfractions check {document.protocol.id}")
    outcomes = dict(OUTCOMES)
    if "variation" in failing:
        outcomes[Verdict.VARIATION_ACCEPTABLE] = "failure"
    exceeded = "failure" if "advisory" in failing else "skipped"
    of_sets = dict(OUTCOMES)
    for said in EXCEEDED:
        of_sets[said] = exceeded
    for verdict in (Verdict.QUERY, Verdict.NOT_EVALUABLE):
        of_sets[verdict] = "skipped"
    for patient in document.patients:
        name = _xml(patient.patient)
        _suite(root, name, _cases(patient), outcomes)
        for advisory in patient.advisory:
            suite = f"{name} advisory {_xml(advisory.id)}"
            _suite(root, suite, [_case(suite, check) for check in advisory.checks], of_sets)
    if document.errors:
        _refused(root, document)
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


@dataclass(frozen=True, slots=True)
class _Case:
    """A test case: `said` are the lines below its verdict."""

    class_name: str
    name: str
    verdict: Verdict | Advice
    message: str
    said: tuple[str, ...]


def _cases(patient: PatientEntry) -> Iterator[_Case]:
    """The checks of a patient, and the roll-ups: a green result must not hide that nothing could be graded."""
    label = _xml(patient.patient)
    yield _Case(label, "patient", patient.verdict, patient.headline, (patient.headline,))
    for check in patient.checks:
        yield _case(label, check)
    for lesion in patient.lesions:
        class_name = f"{label}.{_xml(lesion.lesion)}"
        message = f"worst of {counted(len(lesion.checks), 'check')}"
        yield _Case(class_name, "lesion", lesion.verdict, message, ())
        for check in lesion.checks:
            yield _case(class_name, check)


def _case(class_name: str, check: CheckEntry) -> _Case:
    said = [about(check, None if check.plan_uid is None else f"plan {check.plan_uid}")]
    if check.unit is not None:
        said.append(f"observed {check.observed}, required {check.required}, in {check.unit}")
    said += [f"reading {one.id}, {one.text}: {one.verdict}" for one in check.readings]
    said += [text for text in (check.source,) if text is not None]
    name = check.rule if check.structure is None else f"{check.rule} {check.structure}"
    return _Case(class_name, name, check.said, check.message, tuple(said))


def _suite(root: Element, name: str, cases: Iterable[_Case], outcomes: dict[Verdict | Advice, str]) -> None:
    suite = SubElement(root, "testsuite", name=name)
    number = dict.fromkeys(("tests", "failures", "errors", "skipped"), 0)
    seen = Counter[tuple[str, str]]()
    for one in cases:
        seen[one.class_name, one.name] += 1
        times = seen[one.class_name, one.name]
        title = one.name if times == 1 else f"{one.name} ({times})"
        case = SubElement(suite, "testcase", classname=one.class_name, name=_xml(title), time="0")
        outcome = outcomes.get(one.verdict)
        number["tests"] += 1
        if outcome is not None:
            number[outcome if outcome == "skipped" else f"{outcome}s"] += 1
            SubElement(case, outcome, type=str(one.verdict), message=_xml(one.message))
        SubElement(case, "system-out").text = _xml("\n".join([str(one.verdict), *one.said]))
    suite.attrib.update({key: str(value) for key, value in number.items()})


def _refused(root: Element, document: CheckDocument) -> None:
    """What could not be read: no verdict speaks of it, and a green result must not hide it."""
    number = str(len(document.errors))
    suite = SubElement(
        root, "testsuite", name="input", tests=number, failures="0", errors=number, skipped="0"
    )
    for i, error in enumerate(document.errors, start=1):
        case = SubElement(suite, "testcase", classname="input", name=f"{error.code} {i}", time="0")
        SubElement(case, "error", type=error.code, message=_xml(str(error)))


def _xml(text: str) -> str:
    """Text without what XML 1.0 cannot hold."""
    return _NOT_XML.sub("\ufffd", text)

"""The cohort as JUnit XML, for the dashboards that read it: a suite a patient, a case a check."""

from collections.abc import Collection, Iterable, Sequence
from xml.etree import ElementTree

from rtfractions.errors import printable
from rtfractions.reports.check_words import EXCEEDED
from rtfractions.reports.cohort import AuditDocument, PatientLine
from rtfractions.reports.cohort_results import Check, ResultFile
from rtfractions.verdicts import Advice, Verdict

_OPEN = frozenset({Verdict.QUERY, Verdict.NOT_EVALUABLE})
_PASSED = frozenset({Verdict.PER_PROTOCOL, Verdict.VARIATION_ACCEPTABLE})


def as_junit(
    document: AuditDocument, results: Iterable[ResultFile | None], *, failing: Collection[str] = ()
) -> str:
    """The cohort as JUnit XML.

    A deviation is a failure; a query, a lack of data, a refusal and a crash are errors, as none of them is a pass;
    what does not apply, or grades nothing, is skipped, as are limits of advisory sets that are exceeded or not
    decided; those stand in suites of their own.

    Parameters
    ----------
    document : AuditDocument
        The cohort.
    results : iterable of ResultFile or None
        The results of its patients, in its order.
    failing : collection of str
        ``"variation"``: acceptable variations are failures too; ``"advisory"``: so are advisory limits exceeded.
    """
    failures = {Verdict.DEVIATION_UNACCEPTABLE} | (
        {Verdict.VARIATION_ACCEPTABLE} if "variation" in failing else set()
    )
    of_sets = set(EXCEEDED) if "advisory" in failing else set()
    root = ElementTree.Element("testsuites", name=f"rtfractions audit {document.protocol.id}")
    for line, result in zip(document.patients, results, strict=True):
        suite = ElementTree.SubElement(root, "testsuite", name=printable(line.patient))
        if result is None or result.review is None:
            _ended(suite, line)
        else:
            for check in result.review.checks:
                _case(suite, line.patient, "", check, failures)
            for lesion in result.review.lesions:
                for check in lesion.checks:
                    _case(suite, line.patient, f"{lesion.lesion}: ", check, failures)
            for advisory in result.review.advisory:
                name = printable(f"{line.patient} advisory {advisory.id}")
                beside = ElementTree.SubElement(root, "testsuite", name=name)
                for check in advisory.checks:
                    _advisory_case(beside, name, check, of_sets)
                _add_up([beside])
        _add_up([suite])
    for error in document.errors:
        if not error.message.startswith("patient "):
            suite = ElementTree.SubElement(root, "testsuite", name="inputs")
            case = ElementTree.SubElement(suite, "testcase", classname="inputs", name=error.code)
            ElementTree.SubElement(case, "error", type="refused", message=printable(str(error)))
            _add_up([suite])
    _add_up([root])
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _ended(suite: ElementTree.Element, line: PatientLine) -> None:
    case = ElementTree.SubElement(suite, "testcase", classname=printable(line.patient), name="patient")
    ElementTree.SubElement(case, "error", type=line.outcome, message=printable(line.headline))


def _advisory_case(
    suite: ElementTree.Element, name: str, check: Check, failures: Collection[Verdict | Advice]
) -> None:
    case = ElementTree.SubElement(suite, "testcase", classname=name, name=printable(check.rule))
    if check.said is not Advice.KEPT:
        how = "failure" if check.said in failures else "skipped"
        said = printable(f"{check.said.words}: {check.message}")
        ElementTree.SubElement(case, how, message=said)


def _case(
    suite: ElementTree.Element, patient: str, lesion: str, check: Check, failures: Collection[Verdict]
) -> None:
    name = printable(f"{lesion}{check.rule}")
    case = ElementTree.SubElement(suite, "testcase", classname=printable(patient), name=name)
    if check.verdict in failures:
        ElementTree.SubElement(case, "failure", type=check.verdict, message=printable(check.message))
    elif check.verdict in _PASSED:
        return
    elif check.verdict in _OPEN:
        ElementTree.SubElement(case, "error", type=check.verdict, message=printable(check.message))
    else:
        ElementTree.SubElement(case, "skipped", message=printable(check.message))


def _add_up(elements: Sequence[ElementTree.Element]) -> None:
    for element in elements:
        cases = list(element.iter("testcase"))
        element.set("tests", str(len(cases)))
        for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            element.set(attribute, str(sum(case.find(tag) is not None for case in cases)))

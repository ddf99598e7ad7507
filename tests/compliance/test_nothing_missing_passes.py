"""Whatever is missing, renamed, empty or half known, no rule on dose that needs it is found kept.

Hazard rows H1, H15 and E34; peers.md section 0, finding 10.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from analytic_patient import CORD, GTV, PTV, Box, Case, dose_protocol
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rtfractions.compliance import Finding, PatientFindings, check
from rtfractions.errors import RTFractionsError
from rtfractions.structures import RefusedStructure
from rtfractions.verdicts import Verdict

LUNGS = (Box("Lung_L", -40, 0, at_mm=(35, 0)), Box("Lung_R", 0, 40, at_mm=(-35, 0)))
LIVER = Box("Liver", -40, 40, at_mm=(0, 35))
ITV = Box("ITV", -15, 15, 30, "CTV")
CTV = Box("CTV", -18, 18, 36, "CTV")
BOXES = (PTV, CTV, ITV, GTV, CORD, *LUNGS, LIVER)


def rule(structure: str, metric: str, limit: str, **other: Any) -> dict[str, Any]:
    return {"structure": structure, "metric": metric, "limits": [{"mandatory": limit}], **other}


ORGANS = [
    rule("SpinalCord", "D0.035cc[Gy]", "< 40 Gy"),
    rule("SpinalCord", "Max[Gy]", "< 40 Gy", sum_over="plan"),
    rule("SpinalCord", "D0.035cc[EQD2Gy(a/b=2)]", "< 200 Gy"),
    rule("Lungs", "V26Gy[%]", "< 30 %"),
    rule("Lungs", "Mean[Gy]", "< 30 Gy", minus="GTV"),
    rule("Lungs", "CV26Gy[cc]", ">= 10 cc"),
    rule("Lung", "Mean[EQD2Gy(a/b=3)]", "< 90 Gy"),
    rule("Liver", "DC10cc[Gy]", "< 30 Gy"),
    rule("Liver", "D10%[%]", "< 200 %"),
    rule("Liver", "Min[Gy]", "> 1 Gy"),
]
TARGETS = [
    rule("PTV", "V50%[%]", ">= 95 %"),
    rule("PTV", "D0.03cc[Gy]", "<= 40 Gy"),
    rule("CTV", "D98%[%]", ">= 50 %"),
    rule("ITV", "V10Gy[cc]", ">= 1 cc"),
    rule("GTV", "Min[Gy]", ">= 5 Gy"),
    rule("PTV", "D2%[BEDGy(a/b=10)]", "< 200 Gy", minus="GTV"),
]
PROTOCOL = dose_protocol(organs=ORGANS, targets=TARGETS, isodose=(50, 100)).protocol

NEEDED = {
    "organ": [
        {"SpinalCord"},
        {"SpinalCord"},
        {"SpinalCord"},
        {"Lung_L", "Lung_R"},
        {"Lung_L", "Lung_R", "GTV", "PTV"},
        {"Lung_L", "Lung_R"},
        {"Lung_L", "Lung_R"},
        {"Liver"},
        {"Liver"},
        {"Liver"},
    ],
    "target": [{"PTV"}, {"PTV"}, {"CTV", "PTV"}, {"ITV", "PTV"}, {"GTV", "PTV"}, {"PTV", "GTV"}],
}
"""The structures that each rule rests on."""

LOST = ("removed", "renamed", "without contours", "refused", "outside", "half outside")


def lost(box: Box, how: str) -> tuple[list[Box], list[RefusedStructure]]:
    """What is left of a structure."""
    if how == "removed":
        return [], []
    if how == "renamed":
        return [replace(box, name=f"old {box.name} 2", interpreted_type=None)], []
    if how == "without contours":
        return [replace(box, low_mm=box.high_mm)], []
    if how == "refused":
        return [], [RefusedStructure(90, box.name, RTFractionsError("could not be read"))]
    height = box.high_mm - box.low_mm
    start = 60.0 if how == "outside" else 60 - 2 * (height // 4)
    return [replace(box, low_mm=start, high_mm=start + height)], []


def case_with(names: Sequence[str], how: str) -> Case:
    boxes: list[Box] = []
    refused: list[RefusedStructure] = []
    for box in BOXES:
        kept, broken = lost(box, how) if box.name in names else ([box], [])
        boxes += kept
        refused += broken
    return Case(tuple(boxes), tuple(refused))


def resting_on(findings: PatientFindings, names: set[str]) -> list[Finding]:
    """Findings of the rules that rest on any of some structures."""
    every = [*findings.findings, *(f for lesion in findings.lesions for f in lesion.findings)]
    rules = {
        f"{kind}.r{i}"
        for kind, needed in NEEDED.items()
        for i, structures in enumerate(needed)
        if structures & names
    }
    if "PTV" in names:
        rules.add("prescription_isodose")
    return [finding for finding in every if finding.rule in rules]


def test_with_everything_there_every_rule_is_kept() -> None:
    findings = check(Case(BOXES).patient(), PROTOCOL)
    names = {box.name for box in BOXES}
    assert len(resting_on(findings, names)) == len(ORGANS) + 1 + len(TARGETS) + 1  # Lung: left and right
    assert {f.verdict for f in resting_on(findings, names)} == {Verdict.PER_PROTOCOL}


@pytest.mark.parametrize("how", LOST)
@pytest.mark.parametrize("name", [box.name for box in BOXES])
def test_what_rests_on_a_lost_structure_is_not_found_kept(name: str, how: str) -> None:
    if (name, how) == ("GTV", "half outside"):
        how = "outside"  # a GTV beside its PTV is none that is known to be the lesion's
    findings = check(case_with([name], how).patient(), PROTOCOL)
    concerned = resting_on(findings, {name})
    assert concerned
    # where one of two sides is lost the other keeps its own limit
    whole = [f for f in concerned if f.rule != "organ.r6" or f.structure in (name, None)]
    assert whole
    assert Verdict.PER_PROTOCOL not in {f.verdict for f in whole}
    assert findings.verdict is not Verdict.PER_PROTOCOL


@settings(max_examples=12, deadline=None)
@given(
    names=st.sets(st.sampled_from([box.name for box in BOXES]), min_size=1),
    how=st.sampled_from(LOST),
)
@example(names={"PTV", "CTV", "ITV", "GTV"}, how="outside")  # all that is one lesion's lies together
def test_several_lost_structures_never_leave_a_pass_behind(names: set[str], how: str) -> None:
    findings = check(case_with(sorted(names), how).patient(), PROTOCOL)
    for finding in resting_on(findings, names):
        if finding.rule == "organ.r6" and finding.structure in {"Lung_L", "Lung_R"} - names:
            continue
        assert finding.verdict is not Verdict.PER_PROTOCOL, finding.message
    assert findings.verdict is not Verdict.PER_PROTOCOL


@pytest.mark.parametrize("lowest_mm", [-30.0, 0.0, 30.0])
def test_a_dose_grid_that_ends_early_leaves_no_pass_of_what_it_cuts(lowest_mm: float) -> None:
    findings = check(Case(BOXES, lowest_mm=lowest_mm).patient(), PROTOCOL)
    cut = {box.name for box in BOXES if box.low_mm < lowest_mm}
    concerned = [f for f in resting_on(findings, cut) if f.structure is None or set(cut) & _named(f)]
    assert concerned
    assert Verdict.PER_PROTOCOL not in {f.verdict for f in concerned}


def _named(finding: Finding) -> set[str]:
    return {box.name for box in BOXES if finding.structure and box.name in finding.structure}

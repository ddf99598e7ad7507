"""Overlays: what a named person decides for one version of a protocol, and what is refused."""

import datetime
from pathlib import Path
from typing import Any

import pytest

from rtfractions import protocols
from rtfractions.compliance import check
from rtfractions.errors import InputFileError
from rtfractions.patient import Lesion, LesionsFrom, Patient
from rtfractions.plans import Prescription, PrescriptionSource
from rtfractions.protocols import overlays, references
from rtfractions.protocols.applied_overlays import OverlayError, applied
from rtfractions.records import Delivery
from rtfractions.schedule_text import parse

RE_INDUCTION = protocols.library_protocol("NCT03406468")
GENSHEIMER = protocols.library_protocol("NCT03176173")


def head(loaded: protocols.LoadedProtocol) -> str:
    return f"""\
schema: rtfractions.overlay/1
name: A. Example
role: trial physicist
date: 2026-03-02
reason: meeting of the trial office
protocol: {{id: {loaded.protocol.id}, sha256: {loaded.sha256}}}
"""


WHOLE = (
    head(RE_INDUCTION)
    + """\
readings: {AMB-10GY: B, AMB-SRS: A}
windows:
  worst_grade: query
  overall: {max: 14, count: inclusive}
  scope: per_lesion
  min_interval_hours: 18
  max_gap_days: 3
advisory_sets: [aapm-tg101]
aliases:
  - {structure: SpinalCord, names: [Myelon, RM]}
lesion_structures:
  - {patient: P1, lesion: L1, structure: PTV_L1}
confirms:
  - {patient: P1, lesion: L1, condition: standard, note: letter of 2026-02-20}
prior_radiotherapy:
  - {patient: P1, stated: none}
  - {patient: P2, stated: 45 Gy / 25 to the pelvis in 2019}
alpha_beta:
  - {structure: SpinalCord, value_gy: 2, interval_gy: [1, 4], citation: local decision}
"""
)


def load(text: str, folder: Path) -> overlays.LoadedOverlay:
    path = folder / "overlay.yaml"
    path.write_text(text, "utf-8")
    return overlays.load_overlay(path, "overlay.yaml")


def patient(schedule: str, start: str, end: str, **facts: Any) -> Patient:
    delivery = Delivery(datetime.date.fromisoformat(start), datetime.date.fromisoformat(end))
    prescription = Prescription(parse(schedule), PrescriptionSource.LESION_SHEET)
    lesion = Lesion("L1", prescription, site="lung", delivery=delivery, **facts)
    return Patient("P1", (lesion,), LesionsFrom.SHEET)


def test_everything_it_decides_can_be_asked_for_and_is_listed(tmp_path: Path) -> None:
    loaded = load(WHOLE, tmp_path)
    overlay = loaded.overlay
    assert len(loaded.sha256) == 64
    assert overlay.advisory_sets == ("aapm-tg101",)
    assert overlay.confirms("P1", "L1", "standard")
    assert overlay.confirms("P1 ", "L1", "standard")
    assert not overlay.confirms("P1", "L2", "standard")
    assert not overlay.confirms("p1", "L1", "standard")
    assert not overlay.confirms("P1", "L1", "srs")
    assert overlay.prior_radiotherapy("P1") == "none"
    assert overlay.prior_radiotherapy("P2") == "45 Gy / 25 to the pelvis in 2019"
    assert overlay.prior_radiotherapy("P3") is None
    assert overlay.structure_of("P1", "L1") == "PTV_L1"
    assert overlay.structure_of("P2", "L1") is None
    ratio = overlay.alpha_beta_of("SpinalCord")
    assert ratio is not None
    assert (ratio.value_gy, ratio.interval_gy) == (2, (1, 4))
    for_all = overlay.lines()
    assert for_all == (
        "AMB-10GY: reading B decides",
        "AMB-SRS: reading A decides",
        "overall time: at most 14 days, first day included, per lesion; at worst query",
        "interval: at least 18 hours between fractions; at worst query",
        "gap: at most 3 days from one fraction to the next; at worst query",
        "advisory set aapm-tg101",
        "SpinalCord is also named Myelon, RM",
        "SpinalCord: alpha/beta 2 Gy, 1 to 4 Gy (local decision)",
    )
    assert overlay.lines("P1") == (
        *for_all,
        "lesion L1: structure PTV_L1",
        "lesion L1: condition standard confirmed, letter of 2026-02-20",
        "earlier radiotherapy: none",
    )


def test_what_is_said_of_one_patient_is_not_listed_for_another(tmp_path: Path) -> None:
    # Privacy: an audit prints pseudonyms, and the overlay's labels are not.
    overlay = load(WHOLE, tmp_path).overlay
    assert not [line for line in (*overlay.lines(), *overlay.lines("P2")) if "P1" in line or "L1" in line]


def test_every_key_of_the_file_is_in_the_lines_or_the_head(tmp_path: Path) -> None:
    overlay = load(WHOLE, tmp_path).overlay
    decided = set(overlay.__struct_encode_fields__) - {"schema", "name", "role", "date", "reason", "protocol"}
    for key in decided:
        start = WHOLE.index(f"\n{key}:")
        rest = WHOLE[start + 1 :].split("\n")
        block = 1 + next((i for i, line in enumerate(rest[1:]) if line[:1] != " "), len(rest))
        without = load("\n".join([WHOLE[:start], *rest[block:]]), tmp_path).overlay
        assert without.lines("P1") != overlay.lines("P1"), key


def test_a_chosen_reading_decides(tmp_path: Path) -> None:
    # protocols.md 1.1.1: reading B permits 3 x 10 Gy; unselected it is a query.
    treated = patient("30Gy/3", "2026-01-05", "2026-01-09")
    assert check(treated, RE_INDUCTION.protocol).lesions[0].findings[0].verdict == "query"
    decided = applied(RE_INDUCTION, load(WHOLE, tmp_path).overlay)
    assert check(treated, decided).lesions[0].findings[0].verdict == "per_protocol"


def test_the_days_that_are_shown_are_those_of_the_reading_that_decides(tmp_path: Path) -> None:
    # protocols.md G7: 15 days inclusive are 14 elapsed; what is observed must fit the verdict beside it.
    text = head(GENSHEIMER) + "readings: {AMB-10D: B}\n"
    decided = applied(GENSHEIMER, load(text, tmp_path).overlay)
    review = check(patient("40Gy/10", "2026-01-05", "2026-01-19"), decided)
    found = {finding.rule: finding for finding in review.lesions[0].findings}["overall_time"]
    assert (found.verdict, found.observed, found.required) == ("per_protocol", 14, 14)
    assert "reading B decides" in found.message
    assert [reading.verdict for reading in found.readings] == ["query", "per_protocol", "query"]


def test_windows_where_the_protocol_is_silent_rest_on_the_overlay(tmp_path: Path) -> None:
    decided = applied(RE_INDUCTION, load(WHOLE, tmp_path).overlay)
    for end, verdict in [("2026-01-18", "per_protocol"), ("2026-01-19", "query")]:  # 14 and 15 days
        review = check(patient("24Gy/3", "2026-01-05", end), decided)
        found = {finding.rule: finding for finding in review.lesions[0].findings}["overall_time"]
        assert found.verdict == verdict
        assert found.rests_on == "overlay of A. Example, 2026-03-02"
    assert decided.timing is not None
    assert (decided.timing.min_interval_hours, decided.timing.max_gap_days) == (18, 3)


def test_windows_replace_a_limit_and_leave_the_others_with_their_source(tmp_path: Path) -> None:
    # protocols.md G7: above 14 days is a query on the registry's word; the overlay makes it a deviation.
    text = head(GENSHEIMER) + (
        "windows: {worst_grade: deviation_unacceptable, overall: {max: 14, count: elapsed}, scope: per_lesion}\n"
    )
    decided = applied(GENSHEIMER, load(text, tmp_path).overlay)
    assert list(references.misplaced(decided)) == []
    assert [ambiguity.id for ambiguity in decided.ambiguities] == ["AMB-COUNT"]
    for end, before, after in [
        ("2026-01-18", "per_protocol", "per_protocol"),  # 14 inclusive
        ("2026-01-19", "query", "per_protocol"),  # 15 inclusive, 14 elapsed
        ("2026-01-20", "query", "deviation_unacceptable"),
    ]:
        treated = patient("40Gy/10", "2026-01-05", end)
        found = [
            {finding.rule: finding for finding in check(treated, protocol).lesions[0].findings}
            for protocol in (GENSHEIMER.protocol, decided)
        ]
        assert [rules["overall_time"].verdict for rules in found] == [before, after]
        assert found[1]["overall_time"].rests_on == "overlay of A. Example, 2026-03-02"
        assert found[1]["fractions"].rests_on == "registry summary NCI-2017-00952"
    eleven = check(patient("44Gy/11", "2026-01-05", "2026-01-19"), decided).lesions[0].findings
    assert {finding.rule: finding.verdict for finding in eleven}["fractions"] == "query"


def test_the_protocol_is_left_as_it_is_and_the_result_is_the_same_twice(tmp_path: Path) -> None:
    before = repr(RE_INDUCTION.protocol)
    overlay = load(WHOLE, tmp_path).overlay
    first, second = (applied(RE_INDUCTION, overlay) for _ in range(2))
    assert first == second
    assert first != RE_INDUCTION.protocol
    assert repr(RE_INDUCTION.protocol) == before
    assert first.aliases[-1].names == ("Myelon", "RM")


def test_an_overlay_of_another_version_is_refused_with_both_hashes(tmp_path: Path) -> None:
    # hazards I15: a protocol that was changed since.
    other = "a" * 64
    overlay = load(WHOLE.replace(RE_INDUCTION.sha256, other), tmp_path).overlay
    with pytest.raises(OverlayError) as refused:
        applied(RE_INDUCTION, overlay)
    assert other in str(refused.value)
    assert RE_INDUCTION.sha256 in str(refused.value)
    with pytest.raises(OverlayError, match="is for protocol NCT03406468, and this is NCT03176173"):
        applied(GENSHEIMER, overlay)


@pytest.mark.parametrize(
    ("good", "bad", "said"),
    [
        ("AMB-10GY: B", "AMB-1OGY: B", "no ambiguity 'AMB-1OGY': did you mean 'AMB-10GY'?"),
        ("AMB-10GY: B", "AMB-10GY: E", "no reading 'E' of AMB-10GY: known: A, B, C, D"),
        ("condition: standard", "condition: standrad", "no condition 'standrad': did you mean 'standard'?"),
        ("structure: SpinalCord, names", "structure: SpinalCrod, names", "did you mean 'SpinalCord'?"),
    ],
)
def test_ids_that_the_protocol_does_not_have(good: str, bad: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(OverlayError) as refused:
        applied(RE_INDUCTION, load(WHOLE.replace(good, bad), tmp_path).overlay)
    assert said in str(refused.value)


def test_readings_and_windows_do_not_decide_the_same(tmp_path: Path) -> None:
    text = head(GENSHEIMER) + (
        "readings: {AMB-10D: B}\n"
        "windows: {worst_grade: query, overall: {max: 14, count: elapsed}, scope: per_lesion}\n"
    )
    with pytest.raises(OverlayError, match="readings and windows both decide AMB-10D"):
        applied(GENSHEIMER, load(text, tmp_path).overlay)


@pytest.mark.parametrize(
    ("good", "bad", "line", "said"),
    [
        ("name: A. Example", "name: TBD", 2, "'TBD' says nothing"),
        ("reason: meeting of the trial office", "reason: '-'", 5, "'-' says nothing"),
        ("date: 2026-03-02", "date: 2.3.2026", 4, "date: no date: write it as"),
        ("date: 2026-03-02", "date: 2026-02-30", 4, "date"),
        (RE_INDUCTION.sha256, RE_INDUCTION.sha256[:40], 6, "sha256"),
        ("windows:", "window:", 8, "did you mean 'windows'?"),
        ("count: inclusive", "count: calendar", 10, "elapsed, inclusive, weekdays"),
        ("  scope: per_lesion\n", "", 9, "overall and scope go together"),
        ("max_gap_days: 3", "max_gap_days: 0", 13, ">= 1"),
        ("note: letter of 2026-02-20", "note: n/a", 20, "says nothing"),
        ("stated: none", "stated: unknown", 22, "says nothing; write none"),
        ("patient: P2, stated", "patient: 'P1 ', stated", 23, "stands twice"),
        ("interval_gy: [1, 4]", "interval_gy: [3, 4]", 25, "holds the value"),
        ("value_gy: 2", "value_gy: 0", 25, ">= 0.1"),
        ("[aapm-tg101]", "[aapm-tg101, aapm-tg101]", 14, "stands twice"),
        ("{AMB-10GY: B,", "{AMB-10GY: B, AMB-10GY: A,", 7, "stands here and in line 7"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(
    good: str, bad: str, line: int, said: str, tmp_path: Path
) -> None:
    assert good in WHOLE
    with pytest.raises(InputFileError) as refused:
        load(WHOLE.replace(good, bad, 1), tmp_path)
    message = str(refused.value)
    assert message.startswith(f"overlay.yaml, line {line}, column ")
    assert said in message


def test_patients_and_lesions_that_are_not_there_are_named(tmp_path: Path) -> None:
    overlay = load(WHOLE, tmp_path).overlay
    assert overlay.unmatched({"P1": ["L1", "L2"], "P2": ["L1"]}) == ()
    notices = overlay.unmatched({"P1": ["L2"]})
    assert [notice.code for notice in notices] == ["overlay.unmatched"] * 2
    assert "lesion 'L1' of patient 'P1'" in notices[0].message
    assert "patient 'P2'" in notices[1].message

"""Advisory sets, overlays and pages of an audit: what `check` says, counted, and telling nobody's label."""

import json
import shutil
from hashlib import sha256
from pathlib import Path
from typing import Any

import pydicom
import pytest

from rtfractions.audit.decisions import renaming

PROTOCOL = "review_protocol.yaml"


@pytest.fixture
def overlay(samples: Path, tmp_path: Path) -> Path:
    """An overlay that speaks of the sample patient, of a lesion that is not there, and of nobody found."""
    digest = sha256((samples / PROTOCOL).read_bytes()).hexdigest()
    file = tmp_path / "overlay for RV-01.yaml"
    file.write_text(
        f"""
schema: rtfractions.overlay/1
name: A. Example
role: medical physicist
date: 2026-03-02
reason: minutes 14, on RV-01
protocol: {{id: LOCAL-REVIEW, sha256: {digest}}}
windows: {{worst_grade: query, max_gap_days: 8}}
advisory_sets: [AAPM-TG101-2010]
lesion_structures:
  - {{patient: RV-01, lesion: L9, structure: PTV1_4000}}
prior_radiotherapy:
  - {{patient: RV-01, stated: "none, says the letter on rv-01 and SECRET-77"}}
  - {{patient: SECRET-77, stated: none}}
""",
        "utf-8",
    )
    return file


@pytest.fixture
def asked(samples: Path, overlay: Path) -> tuple[Any, ...]:
    """The sample patient, with a set and an overlay."""
    sheet = ("--lesions", samples / "review_lesions.csv")
    beside = ("--constraints-alpha-beta", "3", "--overlay", overlay)
    return (samples / "review", "--protocol", samples / PROTOCOL, *sheet, *beside)


def test_an_audit_of_one_patient_says_what_check_says(
    asked: tuple[Any, ...], run: Any, run_inline: Any, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    found = run_inline("audit", *asked, "-o", out, "--include-identifiers", "--figures", "none", "-q")
    check = run("check", *asked, "--format", "json", "--reproducible")
    assert found.code == check.code == 4
    said = json.loads(check.out)
    (file,) = (out / "patients").glob("*.json")
    result = json.loads(file.read_text("utf-8"))
    assert result["review"] == said["patients"][0]
    assert result["overlay"] == said["overlay"]
    (advisory,) = json.loads((out / "summary.json").read_text("utf-8"))["advisory"]
    checks = [
        one for one in said["patients"][0]["advisory"][0]["checks"] if one["verdict"] != "not_applicable"
    ]
    assert advisory["kept"] + advisory["exceeded"] + advisory["undecided"] == len(checks) > 20
    assert advisory["translated"] == sum(one["basis"] == "translated" for one in checks)
    assert advisory["exceeded"] == said["patients"][0]["advisory"][0]["exceeded"]


def test_what_is_said_of_a_dose_is_said_of_the_patient(
    samples: Path, audit: Any, run: Any, tmp_path: Path
) -> None:
    # as `check` has it: the notice stood in no output of an audit
    cohort = tmp_path / "cohort"
    shutil.copytree(samples / "patient", cohort)
    dose = pydicom.dcmread(cohort / "dose.dcm")
    dose.DoseSummationType = "FRACTION"
    dose.save_as(cohort / "dose.dcm")
    found = audit(cohort, include_identifiers=True, figures="none")
    (result,) = map(json.loads, found.results().values())
    check = json.loads(run("check", cohort, "--protocol", "NCT03406468", "--format", "json").out)
    assert result["review"] == check["patients"][0]
    assert "dose.summation" in [warning["code"] for warning in result["review"]["warnings"]]


def test_no_label_of_an_overlay_leaves_the_inputs(
    asked: tuple[Any, ...], figures: None, run_inline: Any, tmp_path: Path
) -> None:
    # S16: the overlay names patients in keys, in free text and in its own path
    out = tmp_path / "out"
    found = run_inline("audit", *asked, "-o", out, "-v")
    written = [path.read_bytes().decode() for path in out.rglob("*") if path.is_file()]
    told = "\n".join((found.out, found.err, *written)).casefold()
    assert "rv-01" not in told
    assert "secret-77" not in told
    (file,) = (out / "patients").glob("*.json")
    review = json.loads(file.read_text("utf-8"))["review"]
    assert review["prior_radiotherapy"].startswith(f"none, says the letter on {file.stem} and P")
    assert "minutes 14, on P" in (out / "summary.txt").read_text("utf-8")
    assert "speaks of a patient who was not found: prior_radiotherapy, entry 2" in found.err
    assert f"patient {file.stem}: the overlay speaks of lesion 'L9'" in found.err
    page = file.with_suffix(".html").read_text("utf-8")
    assert page.count("data:image/") == 4  # DVHs and slices of two lesions
    assert 'href="../summary.html"' in page
    assert "A. Example" in page


def test_labels_are_found_in_text_and_words_are_not() -> None:
    rename = renaming({"ID-0017": "P1", "ID-00171": "P2", "3": "P3"})
    assert rename("id-00171, ID-0017; 3 of ID-001712") == "P2, P1; 3 of ID-001712"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--constraints", "QUANTEC-2010"), "constraints none, not QUANTEC-2010 (sha256 "),
        (("--constraints-alpha-beta", "3"), "constraints alpha beta gy none, not 3.0"),
        (("--figures", "all"), "figures open, not all"),
    ],
)
def test_another_set_is_another_audit(
    more: tuple[str, ...], said: str, make_cohort: Any, run_inline: Any, tmp_path: Path
) -> None:
    # R12
    command = ("audit", make_cohort(1), "--protocol", "NCT03406468", "-o", tmp_path / "out", "-q")
    assert run_inline(*command).code == 0
    refused = run_inline(*command, *more)
    assert (refused.code, refused.out) == (3, "")
    assert said in refused.err
    assert run_inline(*command, *more, "--fresh").code in (0, 4)


def test_another_overlay_is_another_audit(
    make_cohort: Any, samples: Path, overlay: Path, run_inline: Any, tmp_path: Path
) -> None:
    # R12
    decided = ("--protocol", samples / PROTOCOL, "--overlay", overlay, "--constraints-alpha-beta", "3")
    command = ("audit", make_cohort(1), *decided, "-o", tmp_path / "out", "-q")
    assert run_inline(*command).code == 1
    overlay.write_text(overlay.read_text("utf-8") + "# seen again\n", "utf-8")
    refused = run_inline(*command)
    assert refused.code == 3
    assert "overlay sha256 " in refused.err


def test_an_overlay_that_does_not_fit_is_a_usage_error(
    asked: tuple[Any, ...], run: Any, make_cohort: Any, overlay: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    command = ("audit", make_cohort(1), "--protocol", "NCT03406468", "--overlay", overlay, "-o", out)
    result = run(*command)
    assert (result.code, result.out) == (2, "")
    assert "the overlay is for protocol LOCAL-REVIEW" in result.err
    assert not out.exists()


def test_a_page_that_is_damaged_or_gone_is_made_again(make_cohort: Any, audit: Any, run_inline: Any) -> None:
    # R17: a page is whole by the SHA-256 in its result; `report` links no other
    cohort = make_cohort(3)
    found = audit(cohort)
    expected = found.files()
    first, second, _ = sorted((found.folder.path / "patients").glob("*.html"))
    first.unlink()
    second.write_bytes(second.read_bytes().replace(b"per protocol", b"query       "))
    report = run_inline("report", found.folder.path, "--format", "json", "-q")
    pages = [line["page"] for line in json.loads(report.out)["patients"]]
    assert sorted(page is None for page in pages) == [False, True, True]
    again = audit(cohort)
    assert again.reused == 1
    assert again.files() == expected


def test_compiled_loops_are_another_audit(monkeypatch: pytest.MonkeyPatch) -> None:
    # R12: numba's sums differ from numpy's in the last digits
    from rtfractions.audit import settings

    monkeypatch.setattr(settings, "compiles", lambda: False)
    assert settings.versions()["loops"] == "numpy"
    pytest.importorskip("numba", reason="numba is not installed")
    monkeypatch.setattr(settings, "compiles", lambda: True)
    assert settings.versions()["loops"].startswith("numba ")


def test_a_key_that_others_can_read_is_warned_of(make_cohort: Any, run_inline: Any, tmp_path: Path) -> None:
    # S18
    key = tmp_path / "key"
    command = ("audit", make_cohort(1), "--protocol", "NCT03406468", "--pseudonym-key", key)
    assert "chmod 600" not in run_inline(*command, "-o", tmp_path / "a").err
    key.chmod(0o640)
    result = run_inline(*command, "-o", tmp_path / "b")
    assert f"{key}: others can read the pseudonym key" in result.err
    assert result.code == 0
    assert "chmod 600" not in run_inline(*command, "-o", tmp_path / "c", "-q").err

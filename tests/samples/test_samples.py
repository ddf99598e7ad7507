"""The samples: made by their script, the same bytes each time, and covering what they promise."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import make_samples


def test_the_script_gives_the_bytes_that_are_here(samples: Path) -> None:
    made = make_samples.samples()
    assert made == make_samples.samples()
    here = {
        str(path.relative_to(samples)): path.read_bytes()
        for path in samples.rglob("*")
        if path.suffix in (".csv", ".yaml", ".dcm")
    }
    assert here == made


def test_the_sheets_cover_every_verdict(run: Callable[..., Any], samples: Path) -> None:
    found = set()
    for sheet, protocol in [
        ("reinduction.csv", "NCT03406468"),
        ("gensheimer.csv", "NCT03176173"),
        ("local.csv", str(samples / "local_protocol.yaml")),
    ]:
        document = run("check", samples / sheet, "--protocol", protocol, "--format", "json").json
        for patient in document["patients"]:
            found |= {patient["verdict"]} | {lesion["verdict"] for lesion in patient["lesions"]}
    assert found == {
        "per_protocol",
        "variation_acceptable",
        "deviation_unacceptable",
        "query",
        "not_evaluable",
        "not_applicable",
    }

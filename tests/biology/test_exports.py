"""What `rtfractions.biology` offers is there, and what plain conversions do without is imported late."""

import subprocess
import sys

import pytest

from rtfractions import biology


@pytest.mark.parametrize("name", biology.__all__)
def test_every_name_is_there(name: str) -> None:
    assert getattr(biology, name) is not None


def test_names_on_demand_are_offered() -> None:
    assert {name for names in biology._ON_DEMAND.values() for name in names} <= set(biology.__all__)


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'no_such_model'"):
        biology.no_such_model  # noqa: B018 - the access is what is tested


def test_plain_conversions_import_no_dose_response_models(child_environment: dict[str, str]) -> None:
    script = "import sys, rtfractions.biology; print([m for m in sys.modules if m.startswith('rtfractions.biology.')])"
    done = subprocess.run(
        [sys.executable, "-c", script], env=child_environment, capture_output=True, text=True, check=True
    )
    assert "rtfractions.biology.lq" in done.stdout
    for module in ("ntcp", "tcp", "uncertainty", "catalogue", "parameter_sets"):
        assert f"'rtfractions.biology.{module}'" not in done.stdout

"""The documentation moves with the program."""

import doctest
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from rtfractions import protocols
from rtfractions.protocols import schema
from rtfractions.schedule import ScheduleError
from rtfractions.schedule_text import parse
from rtfractions.sheets import COLUMNS
from rtfractions.verdicts import Verdict
from rtfractions_cli.exit_codes import ExitCode
from rtfractions_cli.group import rtfractions


def commands(group: click.Group, path: str) -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        yield f"{path} {name}", command
        if isinstance(command, click.Group):
            yield from commands(command, f"{path} {name}")


ALL = dict(commands(rtfractions, "rtfractions"))
LEAVES = {path: command for path, command in ALL.items() if not isinstance(command, click.Group)}


@pytest.fixture
def manual(root: Path) -> str:
    return (root / "docs" / "commands.md").read_text("utf-8")


@pytest.mark.parametrize("path", ALL)
def test_every_command_has_help_and_is_documented(path: str, manual: str) -> None:
    assert ALL[path].help
    assert f"`{path}" in manual


@pytest.mark.parametrize("path", LEAVES)
def test_every_option_has_help_and_is_documented(path: str, manual: str) -> None:
    context = click.Context(LEAVES[path], info_name=path, help_option_names=["-h", "--help"])
    for parameter in LEAVES[path].get_params(context):
        if isinstance(parameter, click.Option):
            assert parameter.help, parameter.name
            for name in parameter.opts:
                assert f"`{name}" in manual, name


@pytest.mark.parametrize("path", LEAVES)
def test_every_command_has_the_shared_options_and_tells_its_exit_codes(path: str) -> None:
    context = click.Context(LEAVES[path], info_name=path, help_option_names=["-h", "--help"])
    options = {name for parameter in LEAVES[path].get_params(context) for name in parameter.opts}
    assert {"--format", "-o", "--output", "--reproducible", "-q", "-v", "--version"} <= options
    assert "Exit codes" in str(LEAVES[path].epilog)


def test_every_exit_code_is_documented(manual: str) -> None:
    table = manual[manual.index("## Exit codes") : manual.index("## Outputs")]
    assert all(re.search(rf"\b{int(code)}\b", table) for code in ExitCode)


def test_every_verdict_and_column_is_documented(root: Path) -> None:
    text = (root / "docs" / "check.md").read_text("utf-8")
    assert all(f"`{word}`" in text for word in [*Verdict, *COLUMNS])


def test_every_key_of_a_protocol_is_documented(root: Path) -> None:
    text = (root / "docs" / "protocols.md").read_text("utf-8")
    assert all(f"`{key}`" in text for key in schema.Protocol.__struct_fields__)


def test_the_schedules_of_the_manual_are_read_as_it_says(root: Path) -> None:
    text = (root / "docs" / "schedules.md").read_text("utf-8")
    accepted, refused = text.split("Refused, with what to write instead")
    first_cells = [line.split("|")[1] for line in accepted.splitlines() if line.startswith("| `")]
    examples = [example for cell in first_cells for example in re.findall(r"`([^`]+)`", cell)]
    assert len(examples) > 15
    for example in examples:
        if "-" not in example:
            parse(example)
    for line in refused.splitlines():
        if line.startswith("| `"):
            with pytest.raises(ScheduleError):
                parse(line.split("`")[1])


def test_the_python_of_the_manual_does_what_it_says(root: Path) -> None:
    for page in (root / "docs").glob("*.md"):
        for block in re.findall(r"^```python\n(.*?)^```", page.read_text("utf-8"), re.DOTALL | re.MULTILINE):
            test = doctest.DocTestParser().get_doctest(block, {}, page.name, str(page), 0)
            assert test.examples, f"{page.name}: nothing is tried"
            assert doctest.DocTestRunner().run(test).failed == 0


def test_the_readme_has_the_two_blocks_a_newcomer_types(root: Path) -> None:
    blocks = re.findall(
        r"^```sh\n(.*?)^```", (root / "README.md").read_text("utf-8"), re.DOTALL | re.MULTILINE
    )
    assert "rtfractions check sample_plans/" in blocks[0]
    assert "pytest" in blocks[1]


def test_the_readme_names_the_library(root: Path) -> None:
    text = (root / "README.md").read_text("utf-8")
    assert all(identifier in text for identifier in protocols.LIBRARY)
    assert "not a medical device" in text

"""How the program ends: interrupted, terminated, broken, or with its pipe closed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from rtfractions_cli import exit_codes
from rtfractions_cli.exit_codes import ExitCode
from rtfractions_cli.group import rtfractions

Run = Callable[..., Any]


@pytest.mark.parametrize(
    "arguments", [["-h"], ["--help"], ["bed", "-h"], ["check", "--help"], ["protocol", "show", "-h"]]
)
def test_help_tells_the_exit_codes(run: Run, arguments: list[str]) -> None:
    result = run(*arguments)
    assert result.code == 0
    assert result.out.startswith("Usage: rtfractions")
    for code in ExitCode:
        assert str(int(code)) in result.out


@pytest.mark.parametrize(
    "arguments", [["--version"], ["bed", "--version"], ["protocol", "list", "--version"]]
)
def test_version(run: Run, arguments: list[str]) -> None:
    from rtfractions import __version__

    result = run(*arguments)
    assert result.code == 0
    assert __version__ in result.out


@pytest.mark.parametrize(
    ("reasons", "code"), [([], 0), ([4], 4), ([4, 1], 1), ([1, 3, 4], 3), ([70, 3, 1, 4], 70), ([0], 0)]
)
def test_precedence_of_exit_codes(reasons: list[int], code: int) -> None:
    # interface.md: where several apply the order is 70, 3, 1, 4, 0
    assert exit_codes.of(reasons) == code


def break_with(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def breaks() -> None:
        raise error

    command = click.Command("breaks", callback=breaks)
    monkeypatch.setitem(rtfractions.commands, "breaks", command)


def test_a_defect_prints_its_place_and_no_values(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    break_with(monkeypatch, ZeroDivisionError("CANARY^NAME"))
    result = run("breaks")
    assert (result.code, result.out) == (70, "")
    assert "ZeroDivisionError in test_main.py, line" in result.err
    assert "CANARY" not in result.err
    assert result.err.count("\n") == 1


def test_ctrl_c(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    break_with(monkeypatch, KeyboardInterrupt())
    result = run("breaks")
    assert (result.code, result.out) == (130, "")
    assert "Traceback" not in result.err


SLEEPS = """
import time, click, sys
from rtfractions_cli import group, main
group.rtfractions.add_command(click.Command("sleeps", callback=lambda: print("ready", flush=True) or time.sleep(60)))
sys.argv = ["rtfractions", "sleeps"]
sys.exit(main.main())
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_signals(number: signal.Signals, code: int, child_environment: dict[str, str]) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SLEEPS],
        env=child_environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        started = time.monotonic()
        process.send_signal(number)
        _, err = process.communicate(timeout=30)
    assert process.returncode == code
    assert "Traceback" not in err
    assert time.monotonic() - started < 30


def test_a_closed_pipe_is_an_output_that_could_not_be_written(child_environment: dict[str, str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "rtfractions_cli", "bed", "40Gy/10", "-q"],
        env=child_environment,
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writer)
    assert done.returncode == 3
    assert done.stderr == "rtfractions: error: stdout cannot be written (Broken pipe)\n"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")
@pytest.mark.parametrize("arguments", [["bed", "40Gy/10", "-q"], ["--help"]])
def test_a_full_disk_is_an_output_that_could_not_be_written(
    arguments: list[str], child_environment: dict[str, str]
) -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "rtfractions_cli", *arguments],
            env=child_environment,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 3
    assert done.stderr.count("\n") == 1
    assert "No space left on device" in done.stderr


def test_the_result_is_utf_8_in_every_locale(samples: Path, child_environment: dict[str, str]) -> None:
    environment = {**child_environment, "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    arguments = [sys.executable, "-m", "rtfractions_cli", "protocol", "show", "NCT03176173", "-q"]
    in_c = subprocess.run(arguments, env=environment, capture_output=True, check=True).stdout
    in_utf_8 = subprocess.run(
        arguments, env={**child_environment, "PYTHONUTF8": "1"}, capture_output=True, check=True
    ).stdout
    assert in_c == in_utf_8
    assert in_c.decode("utf-8")


def test_without_a_command_there_is_help(run: Run) -> None:
    for arguments in ([], ["protocol"]):
        result = run(*arguments)
        assert result.code == 0
        assert result.out.startswith("Usage: rtfractions")


def options(group: click.Group, context: click.Context) -> Iterator[tuple[click.Context, click.Option]]:
    """Every option of every command, in the context it has when typed."""
    for name, command in group.commands.items():
        below = click.Context(command, parent=context, info_name=name)
        if isinstance(command, click.Group):
            yield from options(command, below)
        else:
            yield from ((below, option) for option in command.params if isinstance(option, click.Option))


def test_every_option_can_be_set_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    # interface.md: RTFRACTIONS_<COMMAND>_<OPTION>, after the option's long name
    root = click.Context(rtfractions, info_name="rtfractions", **rtfractions.context_settings)
    seen = 0
    for context, option in options(rtfractions, root):
        long = max(option.opts, key=len).removeprefix("--")
        name = f"{context.command_path}_{long}".upper().replace("-", "_").replace(" ", "_")
        if long != "version":
            monkeypatch.setenv(name, f"set by {name}")
            assert option.resolve_envvar_value(context) == f"set by {name}"
            seen += 1
    assert seen > 30


def test_the_module_is_the_command(child_environment: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "rtfractions_cli", "bed", "40Gy/10", "-q"],
        env=child_environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "46.67" in done.stdout


def test_completion_knows_commands_options_and_protocols(child_environment: dict[str, str]) -> None:
    def complete(words: str) -> str:
        environment = {
            **child_environment,
            "_RTFRACTIONS_COMPLETE": "bash_complete",
            "COMP_WORDS": words,
            "COMP_CWORD": str(len(words.split(" ")) - 1),
        }
        script = "from rtfractions_cli.main import main; main()"
        done = subprocess.run(
            [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False
        )
        return done.stdout

    assert "plain,check" in complete("rtfractions ch")
    assert "plain,--alpha-beta" in complete("rtfractions bed --al")
    assert "plain,NCT03406468" in complete("rtfractions check --protocol NCT034")

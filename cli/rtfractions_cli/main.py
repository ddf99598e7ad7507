"""The command ``rtfractions``: its subcommands, and how every failure ends."""

import os
import signal
import sys
import traceback
from types import FrameType

import click

from rtfractions import __version__
from rtfractions.errors import RTFractionsError
from rtfractions_cli import exit_codes
from rtfractions_cli.bed import bed
from rtfractions_cli.check import check
from rtfractions_cli.exit_codes import ExitCode
from rtfractions_cli.options import say
from rtfractions_cli.protocol import protocol

PROGRAM = "rtfractions"


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "RTFRACTIONS"},
    epilog=exit_codes.HELP,
)
@click.version_option(__version__, prog_name=PROGRAM)
def rtfractions() -> None:
    """Grade radiotherapy fractionation against trial protocols, and convert it to BED and EQD2.

    Not a medical device: a second opinion for people who check it.
    """


rtfractions.add_command(bed)
rtfractions.add_command(check)
rtfractions.add_command(protocol)


def main() -> int:
    """Run the command line; every failure ends in one line on stderr and an exit code."""
    signal.signal(signal.SIGTERM, _terminated)
    try:
        return rtfractions(prog_name=PROGRAM, standalone_mode=False) or ExitCode.DONE
    except click.UsageError as error:
        return _refused(error.format_message(), ExitCode.USAGE)
    except click.Abort:
        return _refused("interrupted", ExitCode.INTERRUPTED)
    except RTFractionsError as error:
        return _refused(str(error), ExitCode.REFUSED)
    except Exception as error:  # noqa: BLE001 - the promise is that no failure prints a traceback
        return _defect(error)


def _refused(message: str, code: ExitCode) -> ExitCode:
    say("error", " ".join(message.split()))
    return code


def _defect(error: Exception) -> ExitCode:
    """Say where the program broke, never with what values: they may be a patient's."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    name = os.path.basename(place.filename)
    say("defect", f"{type(error).__name__} in {name}, line {place.lineno}; please report it")
    return ExitCode.DEFECT


def _terminated(_number: int, _frame: FrameType | None) -> None:
    sys.exit(ExitCode.TERMINATED)

"""The entry point: runs the command line, and sees to it that every failure ends in one line and a code."""

import signal
import sys
from types import FrameType


def main() -> int:
    """Run the command line; every failure ends in one line on stderr and an exit code.

    Everything is imported inside, so that an interruption while the program loads ends like any other.
    """
    signal.signal(signal.SIGTERM, _terminated)
    try:
        return _run()
    except KeyboardInterrupt:
        print("rtfractions: error: interrupted", file=sys.stderr)
        return 130


def _run() -> int:
    import click

    from rtfractions.errors import RTFractionsError, SettingError
    from rtfractions_cli.exit_codes import ExitCode
    from rtfractions_cli.group import PROGRAM, rtfractions
    from rtfractions_cli.options import give_up_stdout

    try:
        return rtfractions(prog_name=PROGRAM, standalone_mode=False) or ExitCode.DONE
    except click.UsageError as error:
        return _refused(error.format_message(), ExitCode.USAGE)
    except SettingError as error:
        return _refused(str(error), ExitCode.USAGE)
    except click.Abort:
        return _refused("interrupted", ExitCode.INTERRUPTED)
    except RTFractionsError as error:
        return _refused(str(error), ExitCode.REFUSED)
    except OSError as error:  # click's own output, as help, into a stdout that takes no more
        give_up_stdout()
        return _refused(f"cannot write ({error.strerror})", ExitCode.REFUSED)
    except Exception as error:  # noqa: BLE001 - the promise is that no failure prints a traceback
        return _defect(error)


def _refused(message: str, code: int) -> int:
    from rtfractions_cli.options import say

    say("error", " ".join(message.split()))
    return code


def _defect(error: Exception) -> int:
    """Say where the program broke, never with what values: they may be a patient's."""
    import os
    import traceback

    from rtfractions_cli.exit_codes import ExitCode
    from rtfractions_cli.options import say

    place = traceback.extract_tb(error.__traceback__)[-1]
    name = os.path.basename(place.filename)
    say("defect", f"{type(error).__name__} in {name}, line {place.lineno}; please report it")
    return ExitCode.DEFECT


def _terminated(_number: int, _frame: FrameType | None) -> None:
    sys.exit(143)

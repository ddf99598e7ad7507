"""Exit codes: what a script may rely on."""

from collections.abc import Iterable
from enum import IntEnum
from typing import Final


class ExitCode(IntEnum):
    """How a command ended."""

    DONE = 0
    DEVIATION = 1
    USAGE = 2
    REFUSED = 3
    UNDECIDED = 4
    DEFECT = 70
    INTERRUPTED = 130
    TERMINATED = 143


PRECEDENCE: Final = (ExitCode.DEFECT, ExitCode.REFUSED, ExitCode.DEVIATION, ExitCode.UNDECIDED)
"""Where several apply, the first of these is the one the process ends with."""

HELP: Final = """\b
Exit codes:
  0    done; for check and audit: nothing worse than an acceptable variation
  1    at least one unacceptable deviation, or what --fail-on names
  2    usage: bad option, refused schedule, missing path, invalid protocol
  3    a file, a row, a structure, a metric or a conversion was refused,
       or output not written
  4    no deviation, but something is a query or not evaluable
  70   a defect of the program
  130  interrupted (143 terminated)
"""


def of(reasons: Iterable[int]) -> ExitCode:
    """The exit code for several reasons.

    Examples
    --------
    >>> of([4, 1]), of([])
    (<ExitCode.DEVIATION: 1>, <ExitCode.DONE: 0>)
    """
    found = set(reasons)
    return next((code for code in PRECEDENCE if code in found), ExitCode.DONE)

"""What all commands share: options, and how a result leaves the program."""

import functools
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from rtfractions import __version__
from rtfractions.errors import OutputFileError, RTFractionsError
from rtfractions.files import write_atomically
from rtfractions.reports.envelope import Context
from rtfractions_cli import exit_codes
from rtfractions_cli.exit_codes import ExitCode

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Output:
    """Where and how a command's result goes.

    Attributes
    ----------
    format : str
        One of those that the command writes, as ``"text"``.
    file : Path or None
        The file it is written to; None for stdout.
    reproducible : bool
        No time of writing.
    quiet, verbose : bool
        No warnings; more said.
    """

    format: str
    file: Path | None
    reproducible: bool
    quiet: bool
    verbose: bool

    def finish(
        self,
        result: str | bytes,
        context: Context,
        *,
        inputs: tuple[Path, ...] = (),
        summary: str = "",
        exit_zero: bool = False,
    ) -> None:
        """Deliver a result, say what must be said on stderr, and end with the exit code.

        Parameters
        ----------
        result : str or bytes
            The result, whole.
        context : Context
            Its notices, errors and exit reasons.
        inputs : tuple of Path
            Files and folders the user named, which the output must not replace.
        summary : str
            A last line for stderr.
        exit_zero : bool
            End with 0 where the code would be 1 or 4.
        """
        if self.file is None:
            _print(result)
        else:
            write_atomically(self.file, result, inputs=inputs)
        if not self.quiet:
            for notice in dict.fromkeys(context.notices):
                say("warning", str(notice))
        for error in context.errors:
            say("error", str(error))
        if summary:
            say("summary", summary)
        code = exit_codes.of(context.exit_reasons)
        if exit_zero and code in (ExitCode.DEVIATION, ExitCode.UNDECIDED):
            code = ExitCode.DONE
        click.get_current_context().exit(code)


def _print(result: str | bytes) -> None:
    """Write to stdout as UTF-8, whatever the locale; a stdout that takes no more is refused like a file."""
    if sys.stdout is None:
        raise OutputFileError("stdout is closed", remedy="give -o FILE")
    try:
        sys.stdout.buffer.write(result.encode() if isinstance(result, str) else result)
        sys.stdout.flush()
    except OSError as error:
        give_up_stdout()
        raise OutputFileError(f"stdout cannot be written ({error.strerror})") from None


def give_up_stdout() -> None:
    """Let what stdout still holds go nowhere: the interpreter flushes once more at its end, and would complain."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def say(kind: str, message: str) -> None:
    """One line on stderr."""
    click.echo(f"rtfractions: {kind}: {message}", err=True)


@contextmanager
def usage_error() -> Iterator[None]:
    """Turn a refusal of what was typed into exit code 2."""
    try:
        yield
    except RTFractionsError as error:
        raise click.UsageError(str(error)) from None


def help_without_command(context: click.Context) -> None:
    """Print a group's help where it was called without a command."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


def examples(*lines: str) -> str:
    """The foot of a command's help: examples, then the exit codes."""
    shown = "".join(f"  rtfractions {line}\n" for line in lines)
    return f"\b\nExamples:\n{shown}\n{exit_codes.HELP}"


unusual_option = click.option(
    "--allow-unusual", is_flag=True, help="Accept less than 0.5 Gy a fraction and more than 200 Gy in total."
)

limit_option = click.option(
    "--limit",
    metavar="NAME=NUMBER",
    multiple=True,
    help="Read more or less than the default of: files (in a folder or archive), file_bytes (of a file outside "
    "archives), inflated_bytes (of a member of an archive or a deflated file), archive_bytes (of all members of "
    "one), nesting (levels of sequences), voxels (of a dose), structures, contours, contour_points (of a "
    "structure set). Repeatable.",
)
"""How much is read of files from outside; a test keeps the names those of `rtfractions.dicom.Limits`."""


def shared(*formats: str, to_file: bool = True) -> Callable[[F], F]:
    """The options of all commands; the command gets them as its argument ``output``.

    Parameters
    ----------
    *formats : str
        The formats it can write, the default first.
    to_file : bool, default True
        Its result can go to a file. False where ``-o`` names another file that the command writes: the result then
        goes to stdout.
    """

    def decorate(command: F) -> F:
        @functools.wraps(command)
        def with_output(*args: Any, **options: Any) -> Any:
            output = Output(
                format=options.pop("format"),
                file=options.pop("output") if to_file else None,
                reproducible=options.pop("reproducible"),
                quiet=options.pop("quiet"),
                verbose=options.pop("verbose"),
            )
            return command(*args, output=output, **options)

        for option in reversed(_options(formats, to_file=to_file)):
            with_output = option(with_output)
        return with_output  # type: ignore[return-value]  # click's decorators keep the callable, not its type

    return decorate


def _options(formats: tuple[str, ...], *, to_file: bool) -> list[Callable[[Any], Any]]:
    output = click.option(
        "-o",
        "--output",
        type=click.Path(dir_okay=False, path_type=Path),
        help="Write the result to this file, whole or not at all; never over an input.",
    )
    return [
        click.option(
            "--format",
            type=click.Choice(formats),
            default=formats[0],
            show_default=True,
            help="Form of the result.",
        ),
        *([output] if to_file else []),
        click.option(
            "--reproducible", is_flag=True, help="Leave out the time, so that equal inputs give equal bytes."
        ),
        click.option("-q", "--quiet", is_flag=True, help="No warnings on stderr; they stay in JSON."),
        click.option("-v", "--verbose", is_flag=True, help="Say more."),
        click.version_option(__version__, prog_name="rtfractions", message=_version_text()),
    ]


def _version_text() -> str:
    return f"%(prog)s %(version)s (Python {sys.version.split()[0]})"

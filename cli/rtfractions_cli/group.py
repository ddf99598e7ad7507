"""The command group ``rtfractions``."""

import importlib
from collections.abc import Iterator, MutableMapping
from typing import Final

import click

from rtfractions import __version__
from rtfractions.compiled import asked_for
from rtfractions_cli import exit_codes

PROGRAM = "rtfractions"

MODULES: Final = {
    "alpha-beta": "alpha_beta",
    "audit": "audit",
    "bed": "bed",
    "check": "check",
    "compensate": "compensate",
    "convert": "convert",
    "dvh": "dvh",
    "inspect": "inspect_command",
    "protocol": "protocol",
    "report": "report",
    "solve": "solve",
}
"""The commands, and the modules of this package they stand in, each under its own name."""


class _Commands(MutableMapping[str, click.Command]):
    """Commands by name, imported when first asked for: `bed` starts without what `check` needs."""

    def __init__(self) -> None:
        self._commands: dict[str, click.Command | str] = dict(MODULES)

    def __getitem__(self, name: str) -> click.Command:
        command = self._commands[name]
        if isinstance(command, str):
            module = importlib.import_module(f"rtfractions_cli.{command}")
            command = self._commands[name] = getattr(module, name.replace("-", "_"))
        return command

    def __setitem__(self, name: str, command: click.Command) -> None:
        self._commands[name] = command

    def __delitem__(self, name: str) -> None:
        del self._commands[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._commands)

    def __len__(self) -> int:
        return len(self._commands)


@click.group(
    commands=_Commands(),
    context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "RTFRACTIONS"},
    invoke_without_command=True,
    epilog=exit_codes.HELP,
)
@click.version_option(__version__, prog_name=PROGRAM)
@click.pass_context
def rtfractions(context: click.Context) -> None:
    """Grade radiotherapy fractionation against trial protocols, and convert it to BED and EQD2.

    Not a medical device: a second opinion for people who check it.
    """
    asked_for()  # what no command could do later is told before any begins
    if context.invoked_subcommand is None:
        click.echo(context.get_help())

"""The command group ``rtfractions``."""

import importlib
from collections.abc import Iterator, MutableMapping
from typing import Final

import click

from rtfractions import __version__
from rtfractions_cli import exit_codes
from rtfractions_cli.options import help_without_command

PROGRAM: Final = "rtfractions"

MODULES: Final = {
    "bed": "bed",
    "check": "check",
    "inspect": "inspect_command",
    "protocol": "protocol",
}
"""The module of this package that each command is in; it is imported when the command is asked for."""


class _Commands(MutableMapping[str, click.Command]):
    """Commands by name, imported when they are asked for: no command waits for the others."""

    def __init__(self) -> None:
        self._added: dict[str, click.Command] = {}

    def __getitem__(self, name: str) -> click.Command:
        if name not in self._added:
            module = importlib.import_module(f"rtfractions_cli.{MODULES[name]}")
            self._added[name] = getattr(module, name.replace("-", "_"))
        return self._added[name]

    def __setitem__(self, name: str, command: click.Command) -> None:
        self._added[name] = command

    def __delitem__(self, name: str) -> None:
        del self._added[name]

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys((*MODULES, *self._added)))

    def __len__(self) -> int:
        return len(list(iter(self)))


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
    help_without_command(context)

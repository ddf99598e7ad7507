"""The command group ``rtfractions``."""

import click

from rtfractions import __version__
from rtfractions_cli import exit_codes
from rtfractions_cli.bed import bed
from rtfractions_cli.check import check
from rtfractions_cli.convert import convert
from rtfractions_cli.dvh import dvh
from rtfractions_cli.inspect_command import inspect
from rtfractions_cli.options import help_without_command
from rtfractions_cli.protocol import protocol

PROGRAM = "rtfractions"


@click.group(
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


rtfractions.add_command(bed)
rtfractions.add_command(check)
rtfractions.add_command(convert)
rtfractions.add_command(dvh)
rtfractions.add_command(inspect)
rtfractions.add_command(protocol)

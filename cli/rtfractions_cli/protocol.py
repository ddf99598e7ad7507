"""``rtfractions protocol``: the protocol library."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from rtfractions_cli import exit_codes
from rtfractions_cli.options import Output, help_without_command, say, shared, usage_error

if TYPE_CHECKING:
    from rtfractions.protocols import LoadedProtocol

SCHEMAS = (
    "protocol",
    "bed",
    "solve",
    "compensate",
    "alpha-beta",
    "audit",
    "audit-result",
    "check",
    "convert",
    "dvh",
    "inspect",
    "protocol-list",
    "protocol-show",
)
"""The documents whose JSON Schema is published."""


def complete_protocol(
    _context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Ids of the library that begin as typed, else files."""
    from rtfractions.protocols import LIBRARY

    ids = [CompletionItem(name) for name in LIBRARY if name.casefold().startswith(incomplete.casefold())]
    return ids or [CompletionItem(incomplete, type="file")]


@click.group(invoke_without_command=True)
@click.pass_context
def protocol(context: click.Context) -> None:
    """The protocol library: list, show, validate, schema."""
    help_without_command(context)


@protocol.command("list", epilog=exit_codes.HELP)
@shared("text", "json", "csv")
def list_(output: Output) -> None:
    """The protocols that come with the program."""
    from rtfractions.protocols import LIBRARY, library_protocol

    _print_list([library_protocol(identifier) for identifier in LIBRARY], output)


@protocol.command(epilog=exit_codes.HELP)
@click.argument("name", metavar="P", shell_complete=complete_protocol)
@shared("text", "json", "csv")
def show(name: str, output: Output) -> None:
    """What a protocol says: rules with their words, sources and doubts."""
    from rtfractions import protocols
    from rtfractions.reports import protocol_report
    from rtfractions.reports.envelope import Context, as_json

    with usage_error():
        loaded = protocols.find(name)
    context = Context(output.reproducible)
    if output.format == "json":
        text = as_json(protocol_report.show_document(loaded, context))
    elif output.format == "csv":
        text = protocol_report.show_as_csv(loaded)
    else:
        text = protocol_report.show_as_text(loaded)
    output.finish(text, context, inputs=(Path(name),))


@protocol.command(epilog=exit_codes.HELP)
@click.argument(
    "files", metavar="FILE...", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False)
)
@shared("text", "json", "csv")
def validate(files: tuple[str, ...], output: Output) -> None:
    """Read protocol files; what is wrong is named by line and column (exit code 2)."""
    from rtfractions import protocols
    from rtfractions.errors import RTFractionsError

    loaded, refused = [], []
    for file in files:
        try:
            loaded.append(protocols.load_file(Path(file), name=file))
        except RTFractionsError as error:
            refused.append(error)
    if refused:
        for refusal in refused[:-1]:
            say("error", str(refusal))
        raise click.UsageError(str(refused[-1]))
    _print_list(loaded, output, inputs=tuple(Path(file) for file in files))


@protocol.command(epilog=exit_codes.HELP)
@click.argument("document", type=click.Choice(SCHEMAS), default="protocol")
@shared("json")
def schema(document: str, output: Output) -> None:
    """JSON Schema of a protocol file, or of what a command prints as JSON."""
    from rtfractions.reports.envelope import Context
    from rtfractions.reports.schemas import json_schema

    output.finish(json.dumps(json_schema(document), indent=2) + "\n", Context(output.reproducible))


def _print_list(loaded: list[LoadedProtocol], output: Output, inputs: tuple[Path, ...] = ()) -> None:
    from rtfractions.reports import protocol_report
    from rtfractions.reports.envelope import Context, as_json

    context = Context(output.reproducible)
    document = protocol_report.list_document(loaded, context)
    if output.format == "json":
        text = as_json(document)
    elif output.format == "csv":
        text = protocol_report.list_as_csv(document)
    else:
        text = protocol_report.list_as_text(document)
    output.finish(text, context, inputs=inputs)

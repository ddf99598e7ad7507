"""``rtfractions protocol``: the library of protocols and sets of constraints."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from rtfractions_cli import exit_codes
from rtfractions_cli.options import Output, examples, help_without_command, say, shared, usage_error

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rtfractions.protocols import LoadedProtocol
    from rtfractions.protocols.constraint_library import LoadedConstraintSet
    from rtfractions.protocols.overlays import LoadedOverlay

IDENTIFIER = r"[A-Za-z0-9][A-Za-z0-9._-]*"
"""What an id of the library, and of files of rules, is made of."""

SCHEMAS = (
    "protocol",
    "constraints",
    "overlay",
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
    """Ids of protocols of the library that begin as typed, else files."""
    from rtfractions.protocols import LIBRARY

    return _completed(LIBRARY, incomplete)


def complete_protocol_or_set(
    _context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Ids of protocols and of sets of constraints that begin as typed, else files."""
    from rtfractions.protocols import LIBRARY
    from rtfractions.protocols.constraint_library import SETS

    return _completed((*LIBRARY, *SETS), incomplete)


def _completed(ids: tuple[str, ...], incomplete: str) -> list[CompletionItem]:
    items = [CompletionItem(name) for name in ids if name.casefold().startswith(incomplete.casefold())]
    return items or [CompletionItem(incomplete, type="file")]


@click.group(short_help="Protocols and sets of constraints.", invoke_without_command=True)
@click.pass_context
def protocol(context: click.Context) -> None:
    """The library of protocols and sets of constraints: list, show, validate, schema, import."""
    help_without_command(context)


@protocol.command("list", epilog=exit_codes.HELP)
@shared("text", "json", "csv")
def list_(output: Output) -> None:
    """The protocols and the sets of dose constraints that come with the program."""
    from rtfractions.protocols import LIBRARY
    from rtfractions.protocols.constraint_library import SETS
    from rtfractions.protocols.rule_files import find_either

    _print_list([find_either(identifier) for identifier in (*LIBRARY, *SETS)], output)


@protocol.command(epilog=exit_codes.HELP)
@click.argument("name", metavar="P", shell_complete=complete_protocol_or_set)
@shared("text", "json", "csv")
def show(name: str, output: Output) -> None:
    """What a protocol or a set of constraints says: rules with their words, sources and doubts."""
    from rtfractions.protocols import LoadedProtocol
    from rtfractions.protocols.rule_files import find_either
    from rtfractions.reports import constraint_set_report, protocol_report
    from rtfractions.reports.envelope import Context, as_json

    with usage_error():
        loaded = find_either(name)
    context = Context(output.reproducible)
    if output.format == "json":
        text = as_json(protocol_report.show_document(loaded, context))
    elif isinstance(loaded, LoadedProtocol):
        a_csv = output.format == "csv"
        text = (protocol_report.show_as_csv if a_csv else protocol_report.show_as_text)(loaded)
    else:
        a_csv = output.format == "csv"
        text = (constraint_set_report.show_as_csv if a_csv else constraint_set_report.show_as_text)(loaded)
    output.finish(text, context, inputs=(Path(name),))


@protocol.command(epilog=exit_codes.HELP)
@click.argument(
    "files", metavar="FILE...", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False)
)
@shared("text", "json", "csv")
def validate(files: tuple[str, ...], output: Output) -> None:
    """Read files of protocols, sets of constraints and overlays; what is wrong is named by line and column (exit code 2)."""
    from rtfractions.errors import RTFractionsError
    from rtfractions.protocols.rule_files import load_any

    loaded, refused = [], []
    for file in files:
        try:
            loaded.append(load_any(Path(file), name=file))
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
    """JSON Schema of a file of a protocol or of constraints, or of what a command prints as JSON."""
    from rtfractions.reports.envelope import Context
    from rtfractions.reports.schemas import json_schema

    output.finish(json.dumps(json_schema(document), indent=2) + "\n", Context(output.reproducible))


@protocol.command(
    "import",
    epilog=examples(
        "protocol import lung.csv --as clearplan --id lung-department -o lung.yaml",
        "protocol import scorecard.json --as proknow --id sbrt --fractions 5 -o sbrt.yaml",
    ),
)
@click.argument("file", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--as",
    "kind",
    envvar="RTFRACTIONS_PROTOCOL_IMPORT_AS",
    type=click.Choice(["clearplan", "dvhmetrics", "planscorecard", "proknow"]),
    required=True,
    help="The program whose template it is.",
)
@click.option(
    "--id",
    "identifier",
    metavar="ID",
    envvar="RTFRACTIONS_PROTOCOL_IMPORT_ID",
    required=True,
    help="Id of the set of constraints to make.",
)
@click.option(
    "--fractions",
    metavar="N",
    type=click.IntRange(1, 100),
    multiple=True,
    help="Number of fractions that the template is for, where it does not say; repeatable. Without it its limits "
    "stand for any.",
)
@shared("yaml")
def import_(file: Path, kind: str, identifier: str, fractions: tuple[int, ...], output: Output) -> None:
    """A template of another program as a set of constraints; what is left out is named on stderr (exit code 3)."""
    from rtfractions.errors import Where
    from rtfractions.files import MAXIMUM_YAML_BYTES
    from rtfractions.protocols.importers import TemplateError, import_template
    from rtfractions.protocols.yaml_text import as_yaml
    from rtfractions.reports.envelope import Context

    if re.fullmatch(IDENTIFIER, identifier) is None:
        raise click.UsageError(f"--id {identifier!r}: letters, digits, '.', '_' and '-', the first no sign")
    imported = import_template(file, name=str(file), kind=kind, identifier=identifier, fractions=fractions)
    context = Context(
        output.reproducible,
        notices=imported.notices,
        errors=imported.left_out,
        exit_reasons=(exit_codes.ExitCode.REFUSED,) if imported.left_out else (),
    )
    text = as_yaml(imported.constraint_set, imported.comments)
    if len(text.encode()) > MAXIMUM_YAML_BYTES:
        raise TemplateError("is too long for a file of constraints", where=Where(file=str(file)))
    output.finish(text, context, inputs=(file,))


def _print_list(
    loaded: Sequence[LoadedProtocol | LoadedConstraintSet | LoadedOverlay],
    output: Output,
    inputs: tuple[Path, ...] = (),
) -> None:
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

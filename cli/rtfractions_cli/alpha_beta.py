"""``rtfractions alpha-beta``."""

from __future__ import annotations

from dataclasses import replace

import click
from click.shell_completion import CompletionItem

from rtfractions_cli.options import Output, examples, shared, usage_error


def complete_tissue(
    _context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Tissues of the catalogue that begin as typed."""
    from rtfractions.biology.catalogue import catalogue

    tissues = dict.fromkeys(entry.tissue for entry in catalogue().values())
    return [CompletionItem(name) for name in tissues if name.casefold().startswith(incomplete.casefold())]


@click.command(
    "alpha-beta",
    short_help="Published alpha/beta ratios, by tissue.",
    epilog=examples(
        "alpha-beta prostate",
        "alpha-beta late breast",
        "alpha-beta --format csv -o catalogue.csv",
        "bed 60Gy/20 --alpha-beta catalogue:prostate-miralbell-2012",
    ),
)
@click.argument("words", metavar="[TISSUE]...", nargs=-1, shell_complete=complete_tissue)
@shared("text", "json", "csv")
def alpha_beta(words: tuple[str, ...], output: Output) -> None:
    """Look up published alpha/beta ratios, with interval, source, and how far they were checked.

    TISSUE is one or several words, or their beginnings: tissue, endpoint, early, late, tumour. Without any, all
    entries. The program never chooses one: take an entry by its name, with --alpha-beta catalogue:NAME.
    """
    from rtfractions.biology.catalogue import search
    from rtfractions.reports import alpha_beta_report
    from rtfractions.reports.envelope import Context, as_json

    with usage_error():
        entries = search(*words)
    context = Context(output.reproducible, notices=alpha_beta_report.notices(entries))
    document = alpha_beta_report.document(words, entries, context)
    if output.format == "json":
        result = as_json(document)
    elif output.format == "csv":
        result = alpha_beta_report.as_csv(document)
    else:
        result = alpha_beta_report.as_text(document)
        context = replace(context, notices=())  # the text says it at each entry
    output.finish(result, context)

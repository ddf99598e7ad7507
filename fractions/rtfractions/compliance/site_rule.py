"""Whether a lesion lies where the protocol treats lesions."""

from enum import Enum, auto
from typing import Final

from rtfractions.compliance.findings import Finding, no_rule
from rtfractions.patient import Lesion
from rtfractions.protocols.schema import Protocol
from rtfractions.protocols.vocabulary import region_of, site_words
from rtfractions.verdicts import Verdict, no_worse_than

RULE: Final = "site"


class InScope(Enum):
    """Whether a lesion is one of those the protocol treats."""

    YES = auto()
    NO = auto()
    UNKNOWN = auto()


def in_scope(lesion: Lesion, protocol: Protocol) -> InScope:
    """Whether a lesion's site is one that the protocol treats; every site is, where it names none."""
    if protocol.sites is None:
        return InScope.YES
    if region_of(lesion.site) is None:
        return InScope.UNKNOWN
    return InScope.YES if site_words(lesion.site) & set(protocol.sites.treated) else InScope.NO


def check(lesion: Lesion, protocol: Protocol) -> Finding:
    """Grade a lesion's site: a missing or unknown one is a query."""
    rule = protocol.sites
    if rule is None:
        return no_rule(RULE)
    required, scope = " or ".join(rule.treated), in_scope(lesion, protocol)
    if scope is InScope.YES:
        verdict, message = Verdict.PER_PROTOCOL, f"{lesion.site} is {required}"
    elif scope is InScope.NO:
        note = f": {rule.note}" if rule.note else ""
        verdict = no_worse_than(Verdict.DEVIATION_UNACCEPTABLE, rule.worst_grade)
        message = f"{lesion.site} is not {required}{note}"
    else:
        verdict = Verdict.QUERY
        unknown = f"the site {lesion.site!r} is not in the vocabulary, or names two regions"
        message = "the site is not given" if lesion.site is None else unknown
    return Finding(
        RULE, verdict, message, protocol.source(rule.source), observed=lesion.site, required=required
    )

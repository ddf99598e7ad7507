"""Conditions and ambiguities: what the given facts show, and what each reading of a text makes of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from rtfractions.compliance.findings import Finding, ReadingVerdict
from rtfractions.patient import Lesion
from rtfractions.protocols.entries import Fact
from rtfractions.protocols.schema import Ambiguity, Need, Reading
from rtfractions.protocols.vocabulary import folded, says_something, site_words, technique_words
from rtfractions.verdicts import Verdict


@dataclass(frozen=True, slots=True)
class Shown:
    """Whether a condition is shown, and if not, what stands against it.

    Attributes
    ----------
    shown : bool
        All needs are shown.
    lacking : tuple of str
        For each need that is not: which facts are missing, or say something else.
    """

    shown: bool
    lacking: tuple[str, ...]


def evaluate(needs: Sequence[Need], lesion: Lesion) -> Shown:
    """What the facts stated of a lesion show; a fact that is missing shows nothing."""
    lacking = tuple(text for need in needs if (text := _lacking(need, lesion)) is not None)
    return Shown(not lacking, lacking)


def read(
    ambiguity: Ambiguity, verdict_of: Callable[[Reading], Verdict]
) -> tuple[Verdict, tuple[ReadingVerdict, ...]]:
    """The verdict under each reading, and the verdict they come to together.

    Parameters
    ----------
    ambiguity : Ambiguity
        Its default reading decides; without one, readings that differ are a query.
    verdict_of : callable
        The verdict under one reading.
    """
    readings = tuple(ReadingVerdict(r.id, r.text, verdict_of(r)) for r in ambiguity.readings)
    if ambiguity.default is not None:
        return next(r.verdict for r in readings if r.id == ambiguity.default), readings
    verdicts = {reading.verdict for reading in readings}
    return (verdicts.pop() if len(verdicts) == 1 else Verdict.QUERY), readings


def verdict_under(reading: Reading, as_it_stands: Verdict, lesion: Lesion | None = None) -> Verdict:
    """The verdict under a reading of a rule: fixed, by the reading's own needs, or as the rule stands."""
    if reading.verdict is not None:
        return Verdict(reading.verdict)
    if reading.needs is not None and lesion is not None:
        return Verdict.PER_PROTOCOL if evaluate(reading.needs, lesion).shown else Verdict.QUERY
    return as_it_stands


def weighed(finding: Finding) -> Finding:
    """A finding on an ambiguous text, uncertain where another reading brings another verdict."""
    if not finding.readings:
        return finding
    return replace(finding, uncertain=any(r.verdict is not finding.verdict for r in finding.readings))


def _lacking(need: Need, lesion: Lesion) -> str | None:
    """What a need lacks, None where one of its facts shows it."""
    facts = " or ".join(need.any)
    stated = [fact for fact in need.any if says_something(getattr(lesion, fact))]
    if need.is_ == "stated":
        if any(fact != "site" or site_words(lesion.site) for fact in stated):
            return None
        return f"{facts} not given" if not stated else f"the site {lesion.site!r} is not known"
    wanted = {folded(word) for word in need.is_}
    if any(wanted & _words(fact, lesion) for fact in stated):
        return None
    words = " or ".join(need.is_)
    if not stated:
        return f"{facts} not given ({words} needed)"
    found = ", ".join(f"{fact} {getattr(lesion, fact)!r}" for fact in stated)
    return f"{found} not known as {words}"


def _words(fact: Fact, lesion: Lesion) -> set[str]:
    text = getattr(lesion, fact)
    if fact == "site":
        return {folded(word) for word in site_words(text)}
    if fact == "technique":
        return {folded(word) for word in technique_words(text)}
    return {folded(text)}

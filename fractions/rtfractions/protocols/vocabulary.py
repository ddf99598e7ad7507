"""The words of lesion sheets: sites and techniques as people write them, kept as data."""

import functools
import re
import unicodedata
from importlib import resources
from typing import Literal, TypeAlias

from rtfractions import strict_yaml
from rtfractions.protocols.entries import Entry

Region: TypeAlias = Literal["intracranial", "extracranial"]


class _Site(Entry, frozen=True, kw_only=True):
    name: str
    region: Literal["intracranial", "extracranial", "unclear"]
    words: tuple[str, ...]


class _Technique(Entry, frozen=True, kw_only=True):
    name: str
    words: tuple[str, ...]


class _Vocabulary(Entry, frozen=True, kw_only=True):
    sites: tuple[_Site, ...]
    techniques: tuple[_Technique, ...]
    empty_words: tuple[str, ...]
    negations: tuple[str, ...]


@functools.cache
def _vocabulary() -> _Vocabulary:
    text = resources.files("rtfractions.protocols").joinpath("data/vocabulary.yaml").read_text("utf-8")
    return strict_yaml.read(text, file="vocabulary.yaml").convert(_Vocabulary)


@functools.cache
def _pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    """Any of the words, whole; the longest first."""
    alternatives = "|".join(re.escape(folded(word)) for word in sorted(words, key=len, reverse=True))
    return re.compile(rf"(?<!\w)(?:{alternatives})(?!\w)")


def folded(text: str) -> str:
    """A text as the vocabulary compares it: in one case, hyphens and underscores as blanks, single blanks."""
    return " ".join(re.sub(r"[-\u2010-\u2015_]", " ", unicodedata.normalize("NFKC", text).casefold()).split())


def says_something(text: str | None) -> bool:
    """Whether a cell holds a statement, not a dash or a word like ``n/a``.

    Examples
    --------
    >>> says_something("painful metastasis"), says_something("N / A."), says_something(" - "), says_something(None)
    (True, False, False, False)
    """
    if text is None:
        return False
    letters = "".join(c for c in folded(text) if c.isalnum())
    return any(c.isalpha() for c in letters) and letters not in _vocabulary().empty_words


def region_of(site: str | None) -> Region | None:
    """The region of a site: None where it is missing, unknown, or names two regions.

    Parameters
    ----------
    site : str or None
        Free text, as ``"left lung"``.

    Examples
    --------
    >>> region_of("Left lung"), region_of("brain stem"), region_of("skull"), region_of("lung and brain")
    ('extracranial', 'intracranial', None, None)
    """
    regions = {entry.region for entry in _named_sites(site)}
    if regions == {"intracranial"}:
        return "intracranial"
    return "extracranial" if regions == {"extracranial"} else None


def site_words(site: str | None) -> frozenset[str]:
    """The vocabulary's names for a site and its region; empty where the site is missing or unknown.

    Examples
    --------
    >>> sorted(site_words("vertebra T8"))
    ['extracranial', 'spine']
    """
    names = {entry.name for entry in _named_sites(site)}
    region = region_of(site)
    return frozenset(names | {region} if region is not None else names)


def technique_words(technique: str | None) -> frozenset[str]:
    """The vocabulary's names for a technique; empty where it is missing, unknown or denied (``no SRS``).

    Examples
    --------
    >>> sorted(technique_words("Gamma Knife")), sorted(technique_words("SABR, VMAT")), technique_words("no SRS")
    (['SRS'], ['SBRT', 'VMAT'], frozenset())
    """
    if technique is None or _denied(technique):
        return frozenset()
    text = folded(technique)
    return frozenset(entry.name for entry in _vocabulary().techniques if _pattern(entry.words).search(text))


def known_site_words() -> frozenset[str]:
    """Every name and region that decides where a site lies."""
    sites = _vocabulary().sites
    return frozenset(
        word for entry in sites if entry.region != "unclear" for word in (entry.name, entry.region)
    )


def known_technique_words() -> frozenset[str]:
    """Every name that `technique_words` may give."""
    return frozenset(entry.name for entry in _vocabulary().techniques)


def _named_sites(site: str | None) -> list[_Site]:
    if site is None or _denied(site):
        return []
    text = folded(site)
    return [entry for entry in _vocabulary().sites if _pattern(entry.words).search(text)]


def _denied(text: str) -> bool:
    return "?" in text or _pattern(_vocabulary().negations).search(folded(text)) is not None

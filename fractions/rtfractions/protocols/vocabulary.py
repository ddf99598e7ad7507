"""The words of lesion sheets: sites and techniques as people write them, kept as data."""

import functools
import re
import unicodedata
from importlib import resources
from typing import Literal

from rtfractions import strict_yaml
from rtfractions.protocols.schema import Entry

Region = Literal["intracranial", "extracranial"]


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


@functools.cache
def _vocabulary() -> _Vocabulary:
    text = resources.files("rtfractions.protocols").joinpath("data/vocabulary.yaml").read_text("utf-8")
    return strict_yaml.read(text, file="vocabulary.yaml").convert(_Vocabulary)


def says_something(text: str | None) -> bool:
    """Whether a cell holds a statement, not a dash or a word like ``n/a``.

    Examples
    --------
    >>> says_something("painful metastasis"), says_something("n/a"), says_something(" - "), says_something(None)
    (True, False, False, False)
    """
    if text is None:
        return False
    word = _folded(text)
    return any(c.isalnum() for c in word) and word not in _vocabulary().empty_words


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
    regions = {entry.region for entry in _vocabulary().sites if _names(site, entry.words)}
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
    names = {entry.name for entry in _vocabulary().sites if _names(site, entry.words)}
    region = region_of(site)
    return frozenset(names | {region} if region is not None else names)


def technique_words(technique: str | None) -> frozenset[str]:
    """The vocabulary's names for a technique; empty where it is missing or unknown.

    Examples
    --------
    >>> sorted(technique_words("Gamma Knife")), sorted(technique_words("SABR, VMAT"))
    (['SRS'], ['SBRT', 'VMAT'])
    """
    return frozenset(entry.name for entry in _vocabulary().techniques if _names(technique, entry.words))


def known_site_words() -> frozenset[str]:
    """Every name and region that `site_words` may give."""
    sites = _vocabulary().sites
    return frozenset({entry.name for entry in sites} | {"intracranial", "extracranial"})


def known_technique_words() -> frozenset[str]:
    """Every name that `technique_words` may give."""
    return frozenset(entry.name for entry in _vocabulary().techniques)


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _names(text: str | None, words: tuple[str, ...]) -> bool:
    if text is None:
        return False
    folded = _folded(text)
    return any(re.search(rf"(?<!\w){re.escape(word)}(?!\w)", folded) for word in words)

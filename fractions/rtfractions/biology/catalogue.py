"""The catalogue of alpha/beta ratios: what was published for which tissue and endpoint, and how sure it is.

Entries are looked up by words and used by name. No entry is ever chosen for the user: tissues have several, which
disagree, and averages of them mean nothing.

Names are made once and never change: the tissue (with the endpoint or ``late`` where that tells entries apart), then
the first author and the year of the source, or the program or ``convention`` where there is no paper; in lower case,
with hyphens.
"""

import csv
import difflib
import functools
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from types import MappingProxyType
from typing import Final, Literal, TypeAlias, cast, get_args

from rtfractions.biology.alpha_beta import CATALOGUE_PREFIX, AlphaBeta, as_float
from rtfractions.biology.arguments import text
from rtfractions.biology.provenance import Verification
from rtfractions.biology.uncertainty import AlphaBetaInterval, Level
from rtfractions.errors import RTFractionsError, quoted
from rtfractions.notices import Notice

Category: TypeAlias = Literal["early", "late", "tumour"]
Quality: TypeAlias = Literal["A", "B", "C", "D"]

_NAME: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class CatalogueError(RTFractionsError, LookupError, ValueError):
    """An entry that is not in the catalogue, or that cannot be one."""

    code = "catalogue"


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueEntry:
    """A published alpha/beta ratio.

    Attributes
    ----------
    name : str
        Its name, as ``"prostate-miralbell-2012"``.
    category : str
        ``"early"``, ``"late"`` or ``"tumour"``.
    tissue, endpoint : str
        Of what.
    value_gy : float
        alpha/beta in Gy, 0.1 to 100.
    low_gy, high_gy : float or None
        The interval as printed, which may be below 0; None for infinity, or where none was published.
    level : str or None
        ``"95"``, ``"90"`` or ``"68"`` (% confidence), ``"SD"``, ``"range"``; None where no interval was published.
    source : str
        The citation.
    verification : Verification
        How far value and interval were checked against it.
    quality : str
        ``"A"`` (best supported) to ``"D"`` (conventions and working values).
    note : str
        What else a user must know.

    Raises
    ------
    CatalogueError
        If any of these is missing or cannot be; an entry without a source too.
    AlphaBetaError
        If the value is outside the range of alpha/beta.
    """

    name: str
    category: Category
    tissue: str
    endpoint: str
    value_gy: float
    low_gy: float | None
    high_gy: float | None
    level: Level | None
    source: str
    verification: Verification
    quality: Quality
    note: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not _NAME.fullmatch(self.name):
            raise CatalogueError(
                f"an entry is called {quoted(self.name)}", remedy="lower case, digits and hyphens"
            )
        for name in ("tissue", "endpoint", "source"):
            text(getattr(self, name), f"the {name} of {self.name}", error=CatalogueError)
        if not isinstance(self.note, str):
            raise CatalogueError(f"the note of {self.name} is {quoted(self.note)}", remedy="give a text")
        _one_of(self.category, get_args(Category), f"the category of {self.name}")
        _one_of(self.quality, get_args(Quality), f"the quality of {self.name}")
        _one_of(self.verification, tuple(Verification), f"the verification of {self.name}")
        object.__setattr__(self, "verification", Verification(self.verification))
        value = AlphaBeta(value_gy=self.value_gy, source=self.source).value_gy
        object.__setattr__(self, "value_gy", value)
        if self.level is None:
            if self.low_gy is not None or self.high_gy is not None:
                raise CatalogueError(f"the interval of {self.name} has no level", remedy="say what it is")
            return
        _one_of(self.level, get_args(Level), f"the level of {self.name}")
        low, high = _end(self.low_gy, -math.inf), _end(self.high_gy, math.inf)
        if not low <= value <= high:  # nan too
            raise CatalogueError(f"the interval of {self.name} does not hold its value")

    @property
    def interval(self) -> AlphaBetaInterval | None:
        """The interval, open where it reaches 0 or infinity; None where none was published."""
        if self.level is None:
            return None
        return AlphaBetaInterval.published(
            low_gy=self.low_gy, high_gy=self.high_gy, level=self.level, source=self.source
        )

    @property
    def alpha_beta(self) -> AlphaBeta:
        """The ratio, with its source and how far that was checked."""
        notices: tuple[Notice, ...] = ()
        if self.verification is not Verification.VERIFIED:
            notices = (
                Notice(
                    "alpha-beta.unverified",
                    f"{CATALOGUE_PREFIX}{self.name}: {self.value_gy:g} Gy is {self.verification.words} "
                    f"({self.source})",
                ),
            )
        source = (
            f"{self.source} ({CATALOGUE_PREFIX}{self.name}: {self.tissue}, {self.endpoint}; "
            f"{self.verification.words})"
        )
        return AlphaBeta(value_gy=self.value_gy, source=source, notices=notices)


def _end(value: float | None, absent: float) -> float:
    if value is None:
        return absent
    found = as_float(value)
    return math.nan if found is None else found


def _one_of(value: object, known: Iterable[str], name: str) -> None:
    if not isinstance(value, str) or value not in tuple(known):
        raise CatalogueError(f"{name} is {quoted(value)}", remedy=f"one of {', '.join(known)}")


@functools.cache
def catalogue() -> Mapping[str, CatalogueEntry]:
    """All entries by name, in the order of the file: early and late reactions, then tumours."""
    file = resources.files("rtfractions.biology").joinpath("data/alpha_beta.csv").read_text("utf-8")
    entries = [_read(row) for row in csv.DictReader(file.splitlines())]
    return MappingProxyType({found.name: found for found in entries})


def _read(row: Mapping[str, str]) -> CatalogueEntry:
    def end(cell: str) -> float | None:
        return None if cell in ("", "inf") else float(cell)

    return CatalogueEntry(
        name=row["name"],
        category=cast("Category", row["category"]),
        tissue=row["tissue"],
        endpoint=row["endpoint"],
        value_gy=float(row["alpha_beta_gy"]),
        low_gy=end(row["ci_low_gy"]),
        high_gy=end(row["ci_high_gy"]),
        level=cast("Level", row["ci_level"]) if row["ci_level"] else None,
        source=row["source"],
        verification=Verification(row["verification"]),
        quality=cast("Quality", row["quality"]),
        note=row["note"],
    )


def entry(name: str) -> CatalogueEntry:
    """The entry of that name, whole and in any case.

    Parameters
    ----------
    name : str
        As ``"prostate-miralbell-2012"``.

    Raises
    ------
    CatalogueError
        If there is none; the message names the nearest.

    Examples
    --------
    >>> entry("prostate-miralbell-2012").value_gy
    1.4
    """
    entries = catalogue()
    wanted = name.strip().casefold() if isinstance(name, str) else ""
    if wanted not in entries:
        near = difflib.get_close_matches(wanted, entries, n=3, cutoff=0.5)
        near = near or [found for found in entries if wanted and found.startswith(wanted)][:3]
        remedy = f"did you mean {' or '.join(near)}?" if near else "`rtfractions alpha-beta` lists the names"
        raise CatalogueError(f"the catalogue has no alpha/beta called {quoted(name)}", remedy=remedy)
    return entries[wanted]


def search(*words: str) -> tuple[CatalogueEntry, ...]:
    """The entries that all words are found in.

    Parameters
    ----------
    *words : str
        Beginnings of words of the tissue, the endpoint, the category or the name, in any case and in British or
        American spelling; without any, all entries.

    Returns
    -------
    tuple of CatalogueEntry
        At least one, in the order of the catalogue.

    Raises
    ------
    CatalogueError
        If no entry has them all; the message names the nearest words.

    Examples
    --------
    >>> [found.name for found in search("tumor", "larynx")]
    ['larynx-rezvani-1993']
    """
    if not all(isinstance(word, str) for word in words):
        raise CatalogueError(f"{quoted(words)} are no words", remedy="give texts")
    wanted = [part for word in words for part in _words(word)]
    if words and not wanted:
        raise CatalogueError(f"{quoted(' '.join(words))} is no word", remedy="name a tissue")
    found = tuple(e for e in catalogue().values() if _has_all(wanted, e))
    if not found:
        raise CatalogueError(
            f"the catalogue has no entry for {quoted(' '.join(words))}", remedy=_suggestion(wanted)
        )
    return found


def _suggestion(wanted: list[str]) -> str:
    known = {word: shown for e in catalogue().values() for word, shown in _spellings(e).items()}
    missing = [word for word in wanted if not any(k.startswith(word) for k in known)]
    near = [
        known[match] for word in missing for match in difflib.get_close_matches(word, known, n=2, cutoff=0.6)
    ]
    if near:
        return f"did you mean {' or '.join(dict.fromkeys(near))}?"
    if not missing:
        return "each word is found, but not together: leave one out"
    return "`rtfractions alpha-beta` lists all"


def _has_all(wanted: Iterable[str], found: CatalogueEntry) -> bool:
    words = _spellings(found)
    return all(any(word.startswith(part) for word in words) for part in wanted)


@functools.cache
def _spellings(found: CatalogueEntry) -> Mapping[str, str]:
    """The words of an entry as they are compared, and as a person writes them."""
    whole = f"{found.tissue} {found.endpoint} {found.category} {found.name}"
    return MappingProxyType({_folded(word): word for word in re.findall(r"\w+", whole.casefold())})


def _words(query: str) -> list[str]:
    return [_folded(word) for word in re.findall(r"\w+", query.casefold())]


def _folded(word: str) -> str:
    """British and American spelling as one: oesophagus, tumour, haematoma."""
    return word.replace("oe", "e").replace("ae", "e").replace("our", "or")

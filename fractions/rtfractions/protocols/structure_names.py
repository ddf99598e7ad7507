"""Which of a patient's structures a rule means: by listed names and by aliases, never nearly.

The vocabulary is data (``data/structures.yaml``). Names are compared whole, without case, accents and separators.
What is added to a name (``Lung_L-GTV``, ``zCord``, ``Cord+3mm``, ``Heart_old``) makes it another structure.
"""

import functools
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Final, Literal, TypeAlias

from rtfractions import strict_yaml
from rtfractions.errors import quoted
from rtfractions.names import folded
from rtfractions.protocols.entries import Entry, Identifier, StructureAlias

Role: TypeAlias = Literal["PTV", "CTV", "ITV", "GTV"]

ROLES: Final[tuple[Role, ...]] = ("PTV", "CTV", "ITV", "GTV")
"""Roles of targets that a rule may name in place of a structure."""


@dataclass(frozen=True, slots=True)
class Match:
    """The structures of a patient that a rule's structure is.

    Attributes
    ----------
    names : tuple of str
        Their names as they were given; none where ``how`` is ``"none"``, the candidates where it is ``"several"``.
    how : str
        ``"named"``: the structure of that name. ``"alias"``: by an alias. ``"parts"``: all parts of it, which are to
        be united. ``"each"``: one by one, each for itself. ``"surrogate"``: another that may stand for it, which a
        finding has to say. ``"several"``: cannot be told apart. ``"none"``: not there.
    text : str
        The same in words.
    missing : tuple of str
        Ids of parts, or of those that ``"each"`` asks for, that are not there. A limit is not met for them.
    """

    names: tuple[str, ...]
    how: Literal["named", "alias", "parts", "each", "surrogate", "several", "none"]
    text: str
    missing: tuple[str, ...] = ()


def find(
    structure: str, names: Sequence[str], aliases: Sequence[StructureAlias] = (), *, minus: str | None = None
) -> Match:
    """Find a rule's structure among the names of a structure set.

    Parameters
    ----------
    structure : str
        An id of the vocabulary, or a role of targets; or what an alias says where the vocabulary does not have it.
    names : sequence of str
        Names of the patient's structures.
    aliases : sequence of StructureAlias
        Names that a protocol or an overlay gives. They go before the vocabulary, and a name that is an alias of one
        structure is no name of another.
    minus : str, optional
        A role that is taken out of the structure: what is looked for is then the difference as someone drew it
        (``Lungs-GTV``), not what it can be computed from.

    Raises
    ------
    KeyError
        If no structure has that id, and no alias is of it.

    Examples
    --------
    >>> find("SpinalCord", ["PTV", "Cord", "zCord"]).names
    ('Cord',)
    >>> find("Lungs", ["Lung LT", "RIGHT LUNG"]).how, find("Lungs", ["Lung LT"]).missing
    ('parts', ('Lung_R',))
    >>> find("Lungs", ["Lungs-GTV", "Lungs-PTV"], minus="GTV").names
    ('Lungs-GTV',)
    """
    if structure not in known_structures() and all(alias.structure != structure for alias in aliases):
        raise KeyError(structure)
    return _Names(names, aliases).find(structure, minus)


@functools.cache
def known_structures() -> frozenset[str]:
    """What a rule or an alias may name: ids of structures, of their PRVs, and roles of targets."""
    organs = frozenset(_entries())
    margins = ("", *(f"{mm:02}" for mm in range(1, 11)))
    prvs = (f"{organ}_PRV{margin}" for organ in organs if not organ.endswith("_PRV") for margin in margins)
    return organs.union(prvs, ROLES)


def structure_of(name: str) -> str | None:
    """The id of the vocabulary, or the role of targets, that a name names; None of any other name.

    Examples
    --------
    >>> structure_of("Lung LT"), structure_of("PTV 1"), structure_of("Bowel and more")
    ('Lung_L', 'PTV', None)
    """
    return _role_by_name(name) or _id_of(name)


def role_of(name: str, interpreted_type: str | None) -> Role | None:
    """The role of a target.

    Parameters
    ----------
    name : str
        The structure's name.
    interpreted_type : str or None
        DICOM's RT ROI Interpreted Type. Where it says something it decides, but for ITV, which it has no word for.

    Returns
    -------
    str or None
        None where it is no target: by its type, or without a type by its name, which must begin with the role and
        add no more than a number, a dose, T, N or M, or a place (``PTV-Cord`` and ``PTV_opt`` are helpers).

    Examples
    --------
    >>> role_of("Tumour", "PTV"), role_of("GTV-T", None), role_of("ITV 1", "CTV"), role_of("PTV", "AVOIDANCE")
    ('PTV', 'GTV', 'ITV', None)
    """
    kind = (interpreted_type or "").strip().upper()
    by_name = _role_by_name(name)
    if kind in _TYPES_THAT_SAY_NOTHING:
        return by_name
    if kind in ("CTV", "GTV") and by_name == "ITV":
        return "ITV"
    return next((role for role in ROLES if role == kind), None)


_LONGEST_NAME: Final = 100
"""Longer names match nothing; the bound keeps hostile text cheap."""

_TYPES_THAT_SAY_NOTHING: Final = ("", "NONE", "UNDEFINED")

_TARGET: Final = re.compile(
    r"""(?P<role>ptv|ctv|i?gtv|i?ctv|itv)
    (?P<attached>s|(?:[tnmp]|tumou?r|node|high|mid|low|boost)?\d{0,4}[a-z]?)
    (?P<rest>(?:[\s_.]+[a-z0-9]+|-(?:[tnm]?[1-9]\d{0,3}|[tnm])(?:c?gy)?)*)""",
    re.VERBOSE | re.ASCII,
)
_HELPERS: Final = re.compile(
    r"(?<![a-z])(?:opt|ring|eval|minus|sub|not?|without|wo|off|old|prv|cool|hot|cold|help|hilfs?|dummy|shell|temp|test|copy|crop)"
    r"(?![a-z])"
)


def _role_by_name(name: str) -> Role | None:
    text = folded(name)
    found = _TARGET.fullmatch(text) if len(text) <= _LONGEST_NAME else None
    if found is None or _HELPERS.search(text):
        return None
    role = found["role"]
    return "ITV" if role in ("igtv", "ictv", "itv") else next(r for r in ROLES if r.casefold() == role)


class _Structure(Entry, frozen=True, kw_only=True):
    id: Identifier
    names: tuple[str, ...]
    parts: tuple[Identifier, ...] = ()
    each: tuple[Identifier, ...] = ()
    surrogates: tuple[Identifier, ...] = ()


class _Both(Entry, frozen=True, kw_only=True):
    id: Identifier
    names: tuple[str, ...]


class _Pair(Entry, frozen=True, kw_only=True):
    id: Identifier
    names: dict[str, tuple[str, ...]]
    both: _Both
    alone: bool = True


class _Sides(Entry, frozen=True, kw_only=True):
    left: tuple[str, ...]
    right: tuple[str, ...]


class _Vocabulary(Entry, frozen=True, kw_only=True):
    sides: dict[str, _Sides]
    paired: tuple[_Pair, ...]
    structures: tuple[_Structure, ...]


@functools.cache
def _entries() -> dict[str, _Structure]:
    """The vocabulary by id, each pair as its two sides, both, and each of them."""
    text = resources.files("rtfractions.protocols").joinpath("data/structures.yaml").read_text("utf-8")
    vocabulary = strict_yaml.read(text, file="structures.yaml").convert(_Vocabulary)
    entries = [*vocabulary.structures]
    for pair in vocabulary.paired:
        left, right = f"{pair.id}_L", f"{pair.id}_R"
        alone = tuple(name for names in pair.names.values() for name in names) if pair.alone else ()
        entries += [
            _Structure(id=left, names=tuple(_sided(pair, vocabulary.sides, "left"))),
            _Structure(id=right, names=tuple(_sided(pair, vocabulary.sides, "right"))),
            _Structure(id=pair.both.id, names=pair.both.names, parts=(left, right)),
            _Structure(id=pair.id, names=alone, each=(left, right)),
        ]
    return {entry.id: entry for entry in entries}


def _sided(pair: _Pair, sides: dict[str, _Sides], side: Literal["left", "right"]) -> Iterator[str]:
    for language, names in pair.names.items():
        for name in names:
            for word in getattr(sides[language], side):
                yield f"{name} {word}"
                yield f"{word} {name}"


@functools.cache
def _ids_by_name() -> dict[str, str]:
    """Ids by every name listed, as names are compared; the id itself is a name, but of a pair without sides."""
    ids: dict[str, str] = {}
    for entry in _entries().values():
        own = () if entry.each and not entry.names else (entry.id,)
        for name in (*own, *entry.names):
            key = _compared(name)
            if key is None or ids.setdefault(key, entry.id) != entry.id:
                raise ValueError(f"the name {name!r} of {entry.id} is no name, or another structure's")
    return ids


_SEPARATORS: Final = re.compile(r"[\s_.,()-]+")
_MINUS: Final = re.compile(r"\s-|-\s")


def _compared(name: str) -> str | None:
    """A name as the vocabulary compares it; None of what is no plain name."""
    text = unicodedata.normalize("NFKD", folded(name))
    text = re.sub(r"[\u2010-\u2015]", "-", "".join(c for c in text if not unicodedata.combining(c)))
    if not 0 < len(text) <= _LONGEST_NAME:
        return None
    if not text[0].isalnum() or not (text[-1].isalnum() or text[-1] == ")") or _MINUS.search(text):
        return None
    return _SEPARATORS.sub("", text)


_PRV: Final = re.compile(r"(?P<before>.*?)prv(?P<margin>\d{0,2})(?:mm)?(?P<after>\D*)", re.ASCII)


def _id_of(name: str) -> str | None:
    """The id of the structure that a name is one of; of a PRV with its margin, where the name has it."""
    key = _compared(name)
    if key is None:
        return None
    known = _ids_by_name().get(key)
    prv = _PRV.fullmatch(key)
    if known is not None or prv is None:
        return known
    organ = _ids_by_name().get(prv["before"] + prv["after"])
    margin = f"{int(prv['margin']):02}" if prv["margin"] else ""
    return None if organ is None else f"{organ}_PRV{margin}"


_TAKEN_OUT: Final = re.compile(r"(?P<of>.+?)(?:\s*-\s*|[\s_]+minus[\s_]+)(?P<role>[a-z]{3})s?", re.ASCII)


class _Names:
    """The names of a structure set, each with what it means."""

    def __init__(self, names: Sequence[str], aliases: Sequence[StructureAlias]) -> None:
        self.names = names
        self.aliased: dict[str, set[str]] = {}
        for alias in aliases:
            for name in alias.names:
                self.aliased.setdefault(folded(name), set()).add(alias.structure)

    def find(self, structure: str, minus: str | None) -> Match:
        if minus is not None:
            differences = [name for name in self.names if self._is_difference(name, structure, minus)]
            return _single(differences, "named", f"{structure} minus {minus}")
        aliased = [name for name in self.names if structure in self.aliased.get(folded(name), ())]
        if aliased:
            return _single(aliased, "alias", structure)
        named = [name for name in self.names if self._is(name, structure)]
        entry = _entries().get(structure)
        if entry is None:
            return _single(named, "named", structure)
        members = {member: self._member(member) for member in entry.parts or entry.each}
        found = [name for match in members.values() for name in match.names]
        if named:
            return _single(named + (found if entry.each else []), "named", structure)
        if unclear := [match for match in members.values() if match.how == "several"]:
            return Match(unclear[0].names, "several", f"{structure}: {unclear[0].text}")
        missing = tuple(member for member, match in members.items() if not match.names)
        if found and entry.each:
            return Match(
                tuple(found), "each", f"{structure}: each of {_listed(found)}{_without(missing)}", missing
            )
        if found and not missing:
            return Match(tuple(found), "parts", f"{structure} is {_listed(found)} united")
        return self._surrogate(entry) or Match(
            (), "none", f"no structure {structure}{_without(missing)}", missing
        )

    def _member(self, structure: str) -> Match:
        match = self.find(structure, None)
        return Match((), "none", match.text) if match.how == "surrogate" else match

    def _is(self, name: str, structure: str) -> bool:
        """Whether the vocabulary gives the name to the structure; a PRV without margin is one of any."""
        if folded(name) in self.aliased:
            return False
        if structure in ROLES:
            return _role_by_name(name) == structure
        identifier = _id_of(name)
        if identifier is not None and structure.endswith("_PRV"):
            return identifier.rstrip("0123456789") == structure
        return identifier == structure

    def _is_difference(self, name: str, structure: str, minus: str) -> bool:
        found = _TAKEN_OUT.fullmatch(folded(name)) if len(name) <= _LONGEST_NAME else None
        return found is not None and found["role"].upper() == minus and _id_of(found["of"]) == structure

    def _surrogate(self, entry: _Structure) -> Match | None:
        for surrogate in entry.surrogates:
            match = self.find(surrogate, None)
            if match.how == "several":
                return match
            if match.how in ("named", "alias", "parts"):
                return Match(match.names, "surrogate", f"{_listed(match.names)} stands for {entry.id}")
        return None


def _single(names: Sequence[str], how: Literal["named", "alias"], structure: str) -> Match:
    if not names:
        return Match((), "none", f"no structure {structure}")
    if len(names) > 1:
        return Match(tuple(names), "several", f"{_listed(names)} may each be {structure}")
    return Match(tuple(names), how, f"{structure} is {_listed(names)}")


def _listed(names: Iterable[str]) -> str:
    return " and ".join(map(quoted, names))


def _without(missing: Sequence[str]) -> str:
    return f": {' and '.join(missing)} not there" if missing else ""

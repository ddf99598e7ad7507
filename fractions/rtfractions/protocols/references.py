"""What the types of a protocol cannot say: ids stand once and name something, and readings fit what names them."""

from collections.abc import Iterator
from typing import Final

from rtfractions.protocols.entries import Entry
from rtfractions.protocols.schema import Protocol
from rtfractions.strict_yaml import Path

_READING_KEYS: Final = {
    ("schedules", "ambiguity"): ("verdict", True),
    ("lesions", "ambiguity"): ("verdict", False),
    ("conditions", "ambiguity"): ("verdict or needs", False),
    ("timing", "overall", "ambiguity"): ("days", True),
    ("timing", "scope", "ambiguity"): ("scope", True),
}
"""What the readings of an ambiguity may say, by the rule that names it; and whether each must."""


def misplaced(protocol: Protocol) -> Iterator[tuple[Path, str]]:
    """What the types cannot say: ids that stand twice, that name nothing, that nothing names; unfit readings.

    Yields
    ------
    path : Path
        The way to the value in the file.
    problem : str
        What is wrong with it.
    """
    for section in ("sources", "conditions", "ambiguities"):
        yield from ids_twice((section,), [entry.id for entry in getattr(protocol, section)])
    yield from ids_twice(("schedules", "allowed"), [entry.id for entry in protocol.schedules.allowed])
    for i, ambiguity in enumerate(protocol.ambiguities):
        ids = [reading.id for reading in ambiguity.readings]
        yield from ids_twice(("ambiguities", i, "readings"), ids)
        if ambiguity.default is not None and ambiguity.default not in ids:
            yield ("ambiguities", i, "default"), f"no reading has the id {ambiguity.default!r}"
    references = list(_references(protocol, ()))
    for section, name in (("sources", "source"), ("conditions", "condition"), ("ambiguities", "ambiguity")):
        known = [entry.id for entry in getattr(protocol, section)]
        named = [identifier for _, of, identifier in references if of == name]
        for path, of, identifier in references:
            if of == name and identifier not in known:
                yield path, f"no entry of {section} has the id {identifier!r}"
        for i, identifier in enumerate(known):
            if identifier not in named:
                yield (section, i, "id"), f"nothing names the {name} {identifier!r}"
    yield from _unfit_readings(protocol)


def unnamed_ambiguities(protocol: Protocol) -> frozenset[str]:
    """Ids of the ambiguities that no rule names."""
    named = {identifier for _, of, identifier in _references(protocol, ()) if of == "ambiguity"}
    return frozenset(ambiguity.id for ambiguity in protocol.ambiguities) - named


def ids_twice(path: Path, ids: list[str]) -> Iterator[tuple[Path, str]]:
    """Ids of the entries at a path that an entry before them has."""
    for i, identifier in enumerate(ids):
        if identifier in ids[:i]:
            yield (*path, i, "id"), f"the id {identifier!r} stands twice"


def _references(value: object, path: Path) -> Iterator[tuple[Path, str, str]]:
    if isinstance(value, Entry):
        for name in value.__struct_fields__:
            inner = getattr(value, name)
            if name in ("source", "condition", "ambiguity") and isinstance(inner, str):
                yield (*path, name), name, inner
            else:
                yield from _references(inner, (*path, name))
    elif isinstance(value, tuple):
        for i, item in enumerate(value):
            yield from _references(item, (*path, i))


def _unfit_readings(protocol: Protocol) -> Iterator[tuple[Path, str]]:
    """Readings that do not say what the rule needs that names their ambiguity, or that say something else."""
    for path, name, identifier in _references(protocol, ()):
        if name != "ambiguity":
            continue
        rule = tuple(step for step in path if isinstance(step, str) and step != "allowed")
        keys, must = _READING_KEYS[rule]
        for i, ambiguity in enumerate(protocol.ambiguities):
            for j, reading in enumerate(ambiguity.readings if ambiguity.id == identifier else ()):
                said = [
                    key for key in ("verdict", "needs", "days", "scope") if getattr(reading, key) is not None
                ]
                if (must and not said) or set(said) - set(keys.split(" or ")):
                    yield (
                        ("ambiguities", i, "readings", j),
                        f"a reading of {identifier} gives {keys} and nothing else",
                    )

"""A protocol as an overlay decides it: readings chosen, windows in the place of its limits, aliases added."""

import difflib

import msgspec

from rtfractions.errors import RTFractionsError, quoted
from rtfractions.protocols import references
from rtfractions.protocols.entries import Source
from rtfractions.protocols.loader import LoadedProtocol, unknown_structures
from rtfractions.protocols.overlays import Overlay, Windows
from rtfractions.protocols.schema import OverallTime, Protocol, Scope, Timing, TimingSource


class OverlayError(RTFractionsError, ValueError):
    """An overlay that does not fit its protocol."""

    code = "overlay"


def applied(loaded: LoadedProtocol, overlay: Overlay) -> Protocol:
    """The protocol as the overlay decides it; the protocol itself is left as it is.

    Readings become the `default` of their ambiguity, aliases are added, and windows take the place of the protocol's
    limits of time, with the overlay as their source. An ambiguity that only a replaced limit named is left out.

    Raises
    ------
    OverlayError
        If the overlay is for another protocol or another version of it, or names an ambiguity, a reading, a
        condition or a structure that is not known.
    """
    protocol = loaded.protocol
    if overlay.about.id != protocol.id:
        raise OverlayError(f"the overlay is for protocol {overlay.about.id}, and this is {protocol.id}")
    if overlay.about.sha256 != loaded.sha256:
        raise OverlayError(
            f"the overlay was written for {protocol.id} with SHA-256 {overlay.about.sha256}, and this file has "
            f"{loaded.sha256}",
            remedy="review the overlay against this file, then write its SHA-256 in protocol",
        )
    _refuse_unknown_conditions(protocol, overlay)
    for ambiguity, reading in overlay.readings.items():
        protocol = _with_reading(protocol, ambiguity, reading)
    if overlay.windows is not None:
        protocol = _with_windows(protocol, overlay.windows, overlay)
    protocol = msgspec.structs.replace(protocol, aliases=(*protocol.aliases, *overlay.aliases))
    for _, problem in unknown_structures(protocol):
        raise OverlayError(f"aliases: {problem}")
    return protocol


def _with_reading(protocol: Protocol, identifier: str, reading: str) -> Protocol:
    ids = [ambiguity.id for ambiguity in protocol.ambiguities]
    if identifier not in ids:
        raise _unknown("readings", f"ambiguity {quoted(identifier)}", identifier, ids, protocol)
    ambiguity = protocol.ambiguity(identifier)
    known = [entry.id for entry in ambiguity.readings]
    if reading not in known:
        raise _unknown("readings", f"reading {quoted(reading)} of {identifier}", reading, known, protocol)
    decided = msgspec.structs.replace(ambiguity, default=reading)
    ambiguities = tuple(decided if entry.id == identifier else entry for entry in protocol.ambiguities)
    return msgspec.structs.replace(protocol, ambiguities=ambiguities)


def _with_windows(protocol: Protocol, windows: Windows, overlay: Overlay) -> Protocol:
    source = _source(protocol, overlay)
    own = Timing(
        source=source.id,
        worst_grade=windows.worst_grade,
        overall=None if windows.overall is None else OverallTime(days=windows.overall),
        scope=None if windows.scope is None else Scope(of=windows.scope),
        min_interval_hours=windows.min_interval_hours,
        max_gap_days=windows.max_gap_days,
    )
    if protocol.timing is None:
        timing = own
    else:
        limits = ("overall", "scope", "min_interval_hours", "max_gap_days")
        stated = {key: value for key in limits if (value := getattr(own, key)) is not None}
        kept = [entry for entry in protocol.timing.from_elsewhere if entry.rule not in stated]
        ours = [
            TimingSource(rule=rule, source=source.id, worst_grade=windows.worst_grade)
            for rule in ("overall", "min_interval_hours", "max_gap_days")
            if rule in stated
        ]
        timing = msgspec.structs.replace(protocol.timing, from_elsewhere=(*kept, *ours), **stated)
    changed = msgspec.structs.replace(protocol, timing=timing, sources=(*protocol.sources, source))
    unnamed = references.unnamed_ambiguities(changed)
    for identifier in overlay.readings:
        if identifier in unnamed:
            raise OverlayError(
                f"readings and windows both decide {identifier}", remedy="leave one of the two out"
            )
    named = tuple(entry for entry in changed.ambiguities if entry.id not in unnamed)
    return msgspec.structs.replace(changed, ambiguities=named)


def _source(protocol: Protocol, overlay: Overlay) -> Source:
    taken = {source.id for source in protocol.sources}
    identifier = next(name for i in range(len(taken) + 1) if (name := f"overlay-{i + 1}") not in taken)
    return Source(
        id=identifier,
        kind="local_protocol",
        label=overlay.label,
        citation=f"{overlay.name}, {overlay.role}, {overlay.date}: {overlay.reason}",
    )


def _refuse_unknown_conditions(protocol: Protocol, overlay: Overlay) -> None:
    known = [condition.id for condition in protocol.conditions]
    for entry in overlay.confirmations:
        if entry.condition not in known:
            what = f"condition {quoted(entry.condition)}"
            raise _unknown("confirms", what, entry.condition, known, protocol)


def _unknown(key: str, what: str, word: str, known: list[str], protocol: Protocol) -> OverlayError:
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.4)
    remedy = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known) or 'none'}"
    return OverlayError(f"{key}: {protocol.id} has no {what}", remedy=remedy)

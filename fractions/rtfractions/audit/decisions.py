"""An overlay in an audit: each patient's process gets what holds for all and what is said of that patient alone."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from msgspec import structs

from rtfractions.names import normal
from rtfractions.notices import Notice
from rtfractions.protocols.overlays import LoadedOverlay, Overlay

SHORTEST_LABEL: Final = 4
"""Labels shorter than this are not looked for within free text: they are ordinary words and numbers there."""

Rename = Callable[[str], str]


def renaming(names: Mapping[str, str]) -> Rename:
    """What replaces patients' labels within free text.

    Parameters
    ----------
    names : mapping of str to str
        Labels, and what stands for them.

    Examples
    --------
    >>> renaming({"ID-0017": "P1"})("letter about id-0017, not ID-00171")
    'letter about P1, not ID-00171'
    """
    by_label = {label.casefold(): name for label, name in names.items() if len(label) >= SHORTEST_LABEL}
    if not by_label:
        return lambda text: text
    longest_first = sorted(by_label, key=lambda label: (-len(label), label))
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)", re.IGNORECASE)
    return lambda text: pattern.sub(lambda match: by_label.get(match[0].casefold(), "..."), text)


def of_patients(overlay: Overlay) -> Iterator[tuple[str, int, str]]:
    """What an overlay says of single patients: the section, the number of the entry, and the patient's label."""
    sections = {
        "lesion_structures": [entry.patient for entry in overlay.lesion_structures],
        "confirms": [entry.patient for entry in overlay.confirmations],
        "prior_radiotherapy": [entry.patient for entry in overlay.prior],
    }
    for section, labels in sections.items():
        for number, label in enumerate(labels, start=1):
            yield section, number, label


def shared_part(loaded: LoadedOverlay, rename: Rename, *, with_path: bool) -> LoadedOverlay:
    """An overlay as all outputs may tell it: no label, and nothing that is said of a single patient."""
    overlay = loaded.overlay
    told = structs.replace(
        overlay,
        reason=rename(overlay.reason),
        role=rename(overlay.role),
        alpha_beta=tuple(structs.replace(e, citation=rename(e.citation)) for e in overlay.alpha_beta),
        lesion_structures=(),
        confirmations=(),
        prior=(),
    )
    return replace(loaded, overlay=told, file=loaded.file if with_path else f"sha256:{loaded.sha256}")


def of_patient(overlay: Overlay, shared: Overlay, label: str, shown: str, rename: Rename) -> Overlay:
    """An overlay for the process that grades one patient.

    Parameters
    ----------
    overlay, shared : Overlay
        The whole, and what holds for every patient.
    label, shown : str
        What the inputs and what the outputs call the patient.
    rename : callable
        Replaces labels in what is said of the patient.
    """
    key = normal(label)
    return structs.replace(
        shared,
        lesion_structures=tuple(
            structs.replace(e, patient=shown) for e in overlay.lesion_structures if normal(e.patient) == key
        ),
        confirmations=tuple(
            structs.replace(e, patient=shown, note=rename(e.note))
            for e in overlay.confirmations
            if normal(e.patient) == key
        ),
        prior=tuple(
            structs.replace(e, patient=shown, stated=rename(e.stated))
            for e in overlay.prior
            if normal(e.patient) == key
        ),
    )


def strangers(overlay: Overlay, labels: Iterable[str], *, with_names: bool) -> tuple[Notice, ...]:
    """Entries about patients that were not found; without names they are told by their place in the file."""
    known = {normal(label) for label in labels}
    return tuple(
        Notice(
            "overlay.unmatched",
            f"the overlay speaks of {f'patient {label!r}' if with_names else 'a patient'} who was not found: "
            f"{section}, entry {number}",
        )
        for section, number, label in of_patients(overlay)
        if normal(label) not in known
    )

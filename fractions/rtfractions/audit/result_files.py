"""Result files: sealed when written, and trusted only with an unbroken seal."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from rtfractions.audit.folder import OutputFolder
from rtfractions.files import sha256_hex
from rtfractions.reports.cohort_results import ResultFile, Status
from rtfractions.verdicts import Verdict

MAXIMUM_RESULT_BYTES: Final = 2**28
"""Largest result file that is read."""

_OPEN: Final = "0" * 64


@dataclass(frozen=True, slots=True)
class Known:
    """What the result file that is there was made of, and what it says.

    Attributes
    ----------
    key : str
        SHA-256 of all it rests on.
    looked_up : mapping of str to bool
        What was asked about other patients' objects.
    status, verdict
        What it says.
    """

    key: str
    looked_up: Mapping[str, bool]
    status: Status
    verdict: Verdict | None


def sealed(document: dict[str, Any]) -> bytes:
    """A document as the bytes of its file, with their own SHA-256 as `digest`."""
    document = {**document, "digest": _OPEN}
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, indent=2) + "\n"
    return _stamped(text.encode(), _OPEN, sha256_hex(text.encode()))


def is_whole(content: bytes) -> bool:
    """Whether the bytes are those that were sealed.

    Examples
    --------
    >>> content = sealed({"patient": "P1", "digest": ""})
    >>> is_whole(content), is_whole(content.replace(b"P1", b"P2"))
    (True, False)
    """
    start = content.find(_MARK)
    digest = content[start + len(_MARK) :][:64].decode("ascii", "replace")
    if start < 0 or len(digest) != 64:
        return False
    return sha256_hex(_stamped(content, digest, _OPEN)) == digest


_MARK: Final = b'"digest": "'


def _stamped(content: bytes, old: str, new: str) -> bytes:
    return content.replace(_MARK + old.encode(), _MARK + new.encode(), 1)


def read_result(folder: OutputFolder, patient: str, *, protocol_sha256: str) -> ResultFile | None:
    """The result of a patient; None where there is none, it is damaged, or of another protocol.

    Parameters
    ----------
    folder : OutputFolder
        The audit's.
    patient : str
        The pseudonym.
    protocol_sha256 : str
        The protocol that the cohort is graded against: results of another never mix with its.
    """
    content = folder.read(folder.result_file(patient), MAXIMUM_RESULT_BYTES)
    if content is None or not is_whole(content):
        return None
    try:
        result = msgspec.json.decode(content, type=ResultFile)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None
    return result if result.protocol.sha256 == protocol_sha256 else None


def has_page(folder: OutputFolder, patient: str, result: ResultFile) -> bool:
    """Whether the page that a result names is there and whole."""
    content = folder.read(folder.page_file(patient), MAXIMUM_RESULT_BYTES)
    return content is not None and sha256_hex(content) == result.page_sha256


def known(folder: OutputFolder, patient: str, result: ResultFile | None) -> Known | None:
    """What a result was made of; None where it is to be made again in any case."""
    if result is None or result.key is None or not has_page(folder, patient, result):
        return None
    verdict = None if result.review is None else result.review.verdict
    looked_up = {each.object: each.of_another for each in result.looked_up}
    return Known(result.key, looked_up, result.status, verdict)

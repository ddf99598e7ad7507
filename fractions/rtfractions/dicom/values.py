"""Attributes of a dataset, read by the grammar of the standard and never by luck.

pydicom hands over a text where a number does not parse, accepts ``nan`` and ``1_000``, and turns ``30.5``
into a whole number's cousin. Here a value is absent, right, or refused with its tag.
"""

import datetime
import re
from decimal import Decimal
from typing import Final

from pydicom.datadict import keyword_dict
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence
from pydicom.tag import Tag

from rtfractions.dicom.reading import DicomError, guarded
from rtfractions.errors import Where, quoted

_DECIMAL: Final = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_INTEGER: Final = re.compile(r"[+-]?\d{1,12}", re.ASCII)
_DATE: Final = re.compile(r"\d{8}", re.ASCII)
_TIME: Final = re.compile(r"(\d\d)(?:(\d\d)(?:(\d\d)(?:\.\d{1,6})?)?)?", re.ASCII)


def tag_text(keyword: str) -> str:
    """An attribute as messages name it.

    Examples
    --------
    >>> tag_text("NumberOfFractionsPlanned")
    '(300A,0078) NumberOfFractionsPlanned'
    """
    tag = Tag(keyword_dict[keyword])
    return f"({tag.group:04X},{tag.element:04X}) {keyword}"


def refusal(keyword: str, problem: str, remedy: str = "") -> DicomError:
    """A refusal at an attribute; the reader of the file adds the file."""
    return DicomError(problem, remedy=remedy, where=Where(tag=tag_text(keyword)))


def decimal_of(dataset: Dataset, keyword: str) -> Decimal | None:
    """A single decimal (VR DS); None where it is absent or empty.

    Raises
    ------
    DicomError
        If it is no single finite number.
    """
    text = raw_text(dataset, keyword)
    if text is None:
        return None
    return _decimal(keyword, text, "give one finite number")


def decimals_of(dataset: Dataset, keyword: str) -> tuple[Decimal, ...]:
    """All decimals of an attribute (VR DS); none where it is absent or empty.

    Raises
    ------
    DicomError
        If one of them is no finite number.
    """
    text = raw_text(dataset, keyword)
    if text is None:
        return ()
    parts = [part.strip(" \0") for part in text.split("\\")]
    return tuple(_decimal(keyword, part, "give finite numbers") for part in parts)


def _decimal(keyword: str, text: str, remedy: str) -> Decimal:
    if not _DECIMAL.fullmatch(text):
        remedy = "a decimal comma is not DICOM" if "," in text else remedy
        raise refusal(keyword, f"{quoted(text)} is not a number", remedy)
    return Decimal(text)


def integer_of(dataset: Dataset, keyword: str) -> int | None:
    """A single whole number (VR IS); None where it is absent or empty.

    Raises
    ------
    DicomError
        If it is no single whole number.
    """
    text = raw_text(dataset, keyword)
    if text is None:
        return None
    if not _INTEGER.fullmatch(text):
        raise refusal(keyword, f"{quoted(text)} is not a whole number")
    return int(text)


def date_of(dataset: Dataset, keyword: str) -> datetime.date | None:
    """A single day (VR DA), as ``20260102``; None where it is absent or empty.

    Raises
    ------
    DicomError
        If it is no day of the calendar.
    """
    text = raw_text(dataset, keyword)
    if text is None:
        return None
    try:
        if _DATE.fullmatch(text):
            return datetime.date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        pass
    raise refusal(keyword, f"{quoted(text)} is not a date", "dates are eight digits, as 20260102")


def time_of(dataset: Dataset, keyword: str) -> datetime.time | None:
    """A time of day to the second (VR TM), as ``173000``; None where it is absent or empty.

    Raises
    ------
    DicomError
        If it is no time of day.
    """
    text = raw_text(dataset, keyword)
    if text is None:
        return None
    found = _TIME.fullmatch(text)
    try:
        if found:
            hour, minute, second = (int(part or 0) for part in found.groups())
            return datetime.time(hour, minute, second)
    except ValueError:
        pass
    raise refusal(keyword, f"{quoted(text)} is not a time of day", "times are six digits, as 173000")


def text_of(dataset: Dataset, keyword: str) -> str | None:
    """A text, decoded by the dataset's character set; None where it is absent or empty."""
    with guarded():
        value = dataset.get(keyword)
        if value is None:
            return None
        text = "\\".join(map(str, value)) if isinstance(value, MultiValue) else str(value)
    return text.strip(" \0") or None


def code_of(dataset: Dataset, keyword: str) -> str | None:
    """A defined term (VR CS), in capitals as the standard writes it; None where it is absent or empty."""
    text = text_of(dataset, keyword)
    return None if text is None else text.upper()


def items_of(dataset: Dataset, keyword: str) -> list[Dataset]:
    """The items of a sequence; none where it is absent or empty.

    Raises
    ------
    DicomError
        If the attribute is no sequence.
    """
    with guarded():
        value = dataset.get(keyword)
    if value is None:
        return []
    if not isinstance(value, Sequence):
        raise refusal(keyword, "is not a sequence")
    return list(value)


def raw_text(dataset: Dataset, keyword: str) -> str | None:
    """The characters of a number or a date as the file holds them."""
    if keyword not in dataset:
        return None
    with guarded():
        element = dataset.get_item(keyword)
        if isinstance(element, RawDataElement):
            text = (element.value or b"").decode("ascii", "replace")
        else:
            value = getattr(element, "value", None)
            text = "" if value is None else str(getattr(value, "original_string", value))
    return text.strip(" \0") or None

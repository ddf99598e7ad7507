"""Messages: one printable line, whatever a file holds."""

import pytest

from rtfractions.errors import InputFileError, RTFractionsError, Where, printable


@pytest.mark.parametrize(
    "text", ["\x1b[31mred", "two\nlines", "\u202egnp.exe", "nul\0", "\r\rovertyped", "\u2028", "\x9b31m"]
)
def test_foreign_text_is_made_safe_to_print(text: str) -> None:
    assert printable(text).isprintable()
    assert str(RTFractionsError(text, where=Where(file=text))).isprintable()


def test_what_is_printable_stays_as_it_is() -> None:
    assert printable("Größe µ 漢字") == "Größe µ 漢字"


@pytest.mark.parametrize(
    ("where", "text"),
    [
        (Where(file="a.csv", row=3, column="schedule"), "a.csv, row 3, column schedule: is wrong"),
        (Where(file="a.yaml", row=3, column=7), "a.yaml, line 3, column 7: is wrong"),
        (Where(file="a.dcm", tag="(300A,0078) X"), "a.dcm, (300A,0078) X: is wrong"),
        (Where(), "is wrong"),
    ],
)
def test_an_error_says_where(where: Where, text: str) -> None:
    assert str(InputFileError("is wrong", where=where)) == text


def test_errors_are_also_what_a_caller_expects() -> None:
    with pytest.raises(ValueError, match="wrong"):
        raise InputFileError("is wrong")

"""Names as people and files write them, and as they are compared."""

import unicodedata


def normal(name: str) -> str:
    """A name as names are compared: after Unicode normalisation and trimming, never nearly.

    Examples
    --------
    >>> normal("Léber ") == normal("Le\u0301ber"), normal("PTV") == normal("ptv")
    (True, False)
    """
    return unicodedata.normalize("NFC", name).strip()


def folded(name: str) -> str:
    """A name without its case and its width: two names that people would take for one.

    Examples
    --------
    >>> folded("PTV ") == folded("ptv"), folded("PTV 1") == folded("PTV1")
    (True, False)
    """
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold()).strip()

"""JSON read strictly: no key twice, no NaN, exact decimals, bounded depth; and values asked for by their kind."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NoReturn

from rtfractions.errors import InputFileError, Where, quoted
from rtfractions.protocols.importers.template import TemplateError


def read(text: str, *, file: str) -> Any:
    """A JSON document; every number is a Decimal.

    Raises
    ------
    InputFileError
        If it is none, or holds what strict reading refuses.
    """
    try:
        return json.loads(
            text,
            parse_float=Decimal,
            parse_int=Decimal,
            parse_constant=_no_constant,
            object_pairs_hook=_each_key_once,
        )
    except json.JSONDecodeError as error:
        where = Where(file=file, row=error.lineno, column=error.colno)
        raise InputFileError(f"is not JSON ({error.msg})", where=where) from None
    except ValueError as error:
        raise InputFileError(f"is refused: {error}", where=Where(file=file)) from None
    except RecursionError:
        raise InputFileError("is nested too deeply", where=Where(file=file)) from None


def text_at(value: Mapping[str, Any], key: str) -> str | None:
    """The text under a key; None where it is absent, null or empty.

    Raises
    ------
    TemplateError
        If it is something else.
    """
    found = value.get(key)
    if found is None or (isinstance(found, str) and not found.strip()):
        return None
    if not isinstance(found, str):
        raise TemplateError(f"{key} is no text")
    return found.strip()


def number_at(value: Mapping[str, Any], key: str) -> Decimal | None:
    """The number under a key, 0 or more; None where it is absent or null.

    Raises
    ------
    TemplateError
        If it is something else, negative, or of an unusual size.
    """
    found = value.get(key)
    if found is None:
        return None
    if not isinstance(found, Decimal):
        raise TemplateError(f"{key} is no number, but {quoted(found)}")
    if found and not -9 <= found.adjusted() <= 6:
        raise TemplateError(f"{key} {quoted(found)} is no number of a template")
    if found < 0:
        raise TemplateError(f"{key} {found} is below 0")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {quoted(twice)} stands twice")
    return found

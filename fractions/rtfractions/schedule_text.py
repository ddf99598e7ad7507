"""Schedules as people type them, read without guessing.

One rule decides every form: a number with Gy beside ``x`` is the dose per fraction; a number before
``/`` or ``in`` is the total. What stays ambiguous is refused, with both readings offered.
"""

import re
from decimal import Decimal
from functools import cache
from typing import Final, NoReturn

from rtfractions.errors import counted, quoted
from rtfractions.notices import Notice
from rtfractions.schedule import Phase, Schedule, ScheduleError, ScheduleRange, dose_text

UNUSUAL_BELOW_GY_PER_FRACTION: Final = Decimal("0.5")
"""What people type below this is almost surely a slip (``2Gy/30`` for 30 fractions of 2 Gy)."""

UNUSUAL_ABOVE_TOTAL_GY: Final = Decimal(200)
"""What people type above this is almost surely cGy without its c; plans above it are refused too."""

LARGEST_UNITLESS_GY_PER_FRACTION: Final = Decimal(25)
"""Without a unit, a larger dose per fraction is refused: ``60/2`` may well mean 60 Gy at 2 Gy."""

LONGEST_TEXT: Final = 500
"""More characters are no schedule; the bound keeps hostile text cheap."""

LONGEST_NUMBER: Final = 24
"""Characters of a dose that is read; longer ones would not stay exact."""

_NUMBER = r"(\d+(?:[.,]\d+)*)"
_UNIT = r"(c?gy\s*\(rbe\)|c?gy\s+rbe|c?gy|gye|cge)"
_FRACTIONS = r"(?:#|f|fr|frac|fx|fxs|fraction|fractions)"
_TIMES = r"\s*(?:x|×|\*)\s*"  # noqa: RUF001 - people paste the multiplication sign

_FREQUENCY = re.compile(
    r"""(?:\s+|\s*,\s*)(?:
        (?P<qod>qod|q2d|every\ other\ day) |
        (?P<qd>qd|daily|once\ daily) |
        (?P<bid>bid|b\.i\.d\.|twice\ daily) |
        (?P<tid>tid|t\.i\.d\.) |
        (?P<qid>qid|q\.i\.d\.) |
        (?P<day>[1-4])\s*(?:x\s*)?(?:/\s*|per\ )d(?:ay)? |
        (?P<week>\d{1,2})\s*(?:x\s*|fx\s*)?(?:/\s*|per\ )w(?:ee)?k |
        (?P<weekly>weekly|once\ weekly)
    )$""",
    re.VERBOSE | re.ASCII | re.IGNORECASE,
)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """A form, compiled when it is first tried: most texts need few of them."""
    return re.compile(pattern, re.ASCII | re.IGNORECASE)


def _match(pattern: str, text: str) -> re.Match[str] | None:
    return _compiled(pattern).fullmatch(text)


_A_FRACTION = rf"(?:\s*(?:/|per)\s*{_FRACTIONS})?"
_TOTAL_IN = rf"{_NUMBER}\s*{_UNIT}?\s*(?:/|\bin)\s*{_NUMBER}\s*{_FRACTIONS}?"
_TOTAL_AT = rf"{_NUMBER}\s*{_UNIT}?\s*(?:@|\bat)\s*{_NUMBER}\s*{_UNIT}?{_A_FRACTION}"
_TOTAL_IN_DOSES = rf"{_NUMBER}\s*{_UNIT}?\s*(?:/|\bin)\s*{_NUMBER}\s*{_UNIT}{_A_FRACTION}"
_TOTAL_IN_FRACTIONS_OF = (
    rf"{_NUMBER}\s*{_UNIT}\s*(?:/|\bin)\s*{_NUMBER}\s*{_FRACTIONS}\s+of\s+{_NUMBER}\s*{_UNIT}{_A_FRACTION}"
)
_SINGLE = rf"{_NUMBER}\s*{_UNIT}\s*(?:\bin\s+a\s+|,\s*)?single\s+{_FRACTIONS}"
_FACTOR = rf"{_NUMBER}\s*(?:{_UNIT}{_A_FRACTION}|({_FRACTIONS}))?"
_PRODUCT = rf"{_FACTOR}(?:{_TIMES}|\s+of\s+){_FACTOR}"
_RANGE = rf"{_NUMBER}\s*(?:-|–|to)\s*{_NUMBER}(\s*{_UNIT}.*)"  # noqa: RUF001 - people paste the dash
_LONE_DOSE = rf"{_NUMBER}\s*{_UNIT}"

EXAMPLES: Final = "40Gy/10, 3x8Gy, 60Gy@2Gy or 50Gy/25 + 16Gy/8"


def parse(text: str, *, allow_unusual: bool = False) -> Schedule:
    """Read a schedule; `parse_with_notices` says besides what was assumed.

    Parameters
    ----------
    text : str
        A schedule in any accepted form, such as ``"40 Gy/10"``, ``"3x8Gy"``, ``"60Gy@2Gy"``,
        ``"45Gy/30 BID"`` or ``"50Gy/25 + 16Gy/8"``.
    allow_unusual : bool, default False
        Accept less than 0.5 Gy a fraction and more than 200 Gy in total.

    Raises
    ------
    ScheduleError
        If the text is no schedule, ambiguous or unusual; the message offers what to write instead.

    Examples
    --------
    >>> str(parse("4005cGy/15")), str(parse("3 x 8 Gy")), parse("45Gy/30 BID").phases[0].per_day
    ('40.05 Gy / 15', '24 Gy / 3', 2.0)
    """
    return parse_with_notices(text, allow_unusual=allow_unusual)[0]


def parse_with_notices(text: str, *, allow_unusual: bool = False) -> tuple[Schedule, tuple[Notice, ...]]:
    """Read a schedule, and say what was assumed; arguments and errors are those of `parse`."""
    notices: list[Notice] = []
    schedule = Schedule(tuple(_phase(part, text, notices) for part in _parts(text)))
    if not allow_unusual:
        _refuse_unusual(schedule, text)
    return schedule, tuple(notices)


def parse_range(text: str) -> ScheduleRange:
    """Read a schedule as protocols state it: units mandatory, a range of total doses allowed.

    Parameters
    ----------
    text : str
        As ``"24 Gy / 3"`` or ``"20-24 Gy / 1"``.

    Raises
    ------
    ScheduleError
        If the text is no schedule, or leaves out the unit.

    Examples
    --------
    >>> str(parse_range("20-24 Gy/1"))
    '20-24 Gy / 1'
    """
    if "gy" not in text.lower() and "cge" not in text.lower():
        raise ScheduleError(f"{quoted(text)} has no unit", remedy="write the dose with Gy, as '24 Gy / 3'")
    if match := _match(_RANGE, _tidy(text)):
        low, high, rest = match.group(1, 2, 3)
        return ScheduleRange(parse(low + rest), parse(high + rest))
    schedule = parse(text)
    return ScheduleRange(schedule, schedule)


def _tidy(text: str) -> str:
    return " ".join(text.split())


def _parts(text: str) -> list[str]:
    if len(text) > LONGEST_TEXT:
        raise ScheduleError(f"{quoted(text)} is too long for a schedule", remedy=f"write it as {EXAMPLES}")
    if any(c.isnumeric() and not c.isascii() for c in text):
        raise ScheduleError(f"{quoted(text)} has numerals other than 0 to 9", remedy="type them as 0 to 9")
    return [part.strip() for part in _tidy(text).removesuffix(".").split("+")]


def _phase(part: str, text: str, notices: list[Notice]) -> Phase:
    """One phase of `text`, which is quoted in what is refused."""
    part, per_day, per_week = _split_frequency(part, text)
    if match := _match(_PRODUCT, part):
        total, fractions, unit = _product(match, text)
    elif match := _match(_TOTAL_AT, part) or _match(_TOTAL_IN_DOSES, part):
        total, fractions, unit = _total_at(match, text)
    elif match := _match(_TOTAL_IN, part):
        total, fractions, unit = _total_in(match, text, notices)
    elif match := _match(_TOTAL_IN_FRACTIONS_OF, part):
        total, fractions, unit = _total_in_fractions_of(match, text)
    elif match := _match(_SINGLE, part):
        total, fractions, unit = _dose(match[1], match[2], text), 1, match[2]
    else:
        _refuse(part, text)
    try:
        return Phase(
            total_dose_gy=total,
            fractions=fractions,
            per_day=per_day,
            per_week=per_week,
            rbe_weighted=_is_rbe(unit),
        )
    except ScheduleError as error:
        raise ScheduleError(f"{quoted(text)}: {error.problem}", remedy=error.remedy) from None


def _split_frequency(part: str, text: str) -> tuple[str, float | None, int | None]:
    per_day: float | None = None
    per_week: int | None = None
    while match := _FREQUENCY.search(part):
        part = part[: match.start()]
        found = {name: value for name, value in match.groupdict().items() if value}
        name, value = found.popitem()
        if (per_week if name in ("week", "weekly") else per_day) is not None:
            raise ScheduleError(
                f"{quoted(text)} states its frequency twice", remedy="state it once, as '45Gy/30 BID'"
            )
        if name in ("week", "weekly"):
            per_week = int(value) if name == "week" else 1
        else:
            words = {"qod": 0.5, "qd": 1.0, "bid": 2.0, "tid": 3.0, "qid": 4.0}
            per_day = float(value) if name == "day" else words[name]
    return part, per_day, per_week


def _product(match: re.Match[str], text: str) -> tuple[Decimal, int, str]:
    """``3x8Gy``, ``8Gy x 3``, ``28 fx of 1.8 Gy``: fractions and dose per fraction."""
    first, first_unit, first_counts, second, second_unit, second_counts = match.groups()
    if first_unit and second_unit:
        raise ScheduleError(f"{quoted(text)} has two doses and no number of fractions", remedy="write 3x8Gy")
    if not first_unit and not second_unit:
        if first != second or first_counts or second_counts:
            _refuse_unitless_product(first, second, text)
        fractions, dose = _count(first, text), _dose(second, "gy", text)
        if dose > LARGEST_UNITLESS_GY_PER_FRACTION:
            raise ScheduleError(
                f"{quoted(text)} would be {second} Gy a fraction", remedy=f"write {first}x{second}Gy"
            )
        return dose * fractions, fractions, "gy"
    number, unit, count = (first, first_unit, second) if first_unit else (second, second_unit, first)
    fractions = _count(count, text)
    return _dose(number, unit, text) * fractions, fractions, unit


def _refuse_unitless_product(first: str, second: str, text: str) -> NoReturn:
    readings = [
        f"{count}x{dose}Gy for {count} fractions of {dose} Gy"
        for count, dose in ((first, second), (second, first))
        if count.isdigit()
    ]
    raise ScheduleError(
        f"{quoted(text)} does not say which number is the dose",
        remedy=f"write {' or '.join(readings) or EXAMPLES}",
    )


def _total_at(match: re.Match[str], text: str) -> tuple[Decimal, int, str]:
    """``60Gy@2Gy``, ``60 Gy in 2 Gy/fx``: a total at a dose per fraction."""
    total_number, total_unit, dose_number, dose_unit = match.groups()
    if not total_unit or not dose_unit:
        raise ScheduleError(f"{quoted(text)} leaves out a unit", remedy="give both doses in Gy, as 60Gy@2Gy")
    if _is_rbe(total_unit) != _is_rbe(dose_unit):
        raise ScheduleError(f"{quoted(text)} mixes Gy and Gy(RBE)", remedy="give both doses in the same unit")
    total, dose = _dose(total_number, total_unit, text), _dose(dose_number, dose_unit, text)
    if not dose or total % dose:
        raise ScheduleError(
            f"{quoted(text)}: {dose_text(total)} Gy is not a whole number of fractions of {dose_text(dose)} Gy",
            remedy="give the number of fractions, as 60Gy/30",
        )
    return total, int(total / dose), total_unit


def _total_in(match: re.Match[str], text: str, notices: list[Notice]) -> tuple[Decimal, int, str]:
    """``40Gy/10``, ``40 in 15``: a total in a number of fractions."""
    number, unit, count = match.groups()
    if not count.isdigit():
        raise ScheduleError(
            f"{quoted(text)}: {count} is not a whole number of fractions",
            remedy=f"write {number}Gy@{count}Gy for {number} Gy at {count} Gy a fraction, "
            f"or {number}Gy/N for {number} Gy in N fractions",
        )
    total, fractions = _dose(number, unit or "gy", text), _count(count, text)
    if not unit:
        _check_unitless(total, fractions, text, notices)
    return total, fractions, unit or "gy"


def _total_in_fractions_of(match: re.Match[str], text: str) -> tuple[Decimal, int, str]:
    """``24 Gy in 3 fractions of 8 Gy``: said twice, and refused where the two differ."""
    number, unit, count, dose_number, dose_unit = match.groups()
    total, fractions = _dose(number, unit, text), _count(count, text)
    dose = _dose(dose_number, dose_unit, text)
    if total != dose * fractions or _is_rbe(unit) != _is_rbe(dose_unit):
        raise ScheduleError(
            f"{quoted(text)} contradicts itself: {fractions} x {dose_text(dose)} Gy are "
            f"{dose_text(dose * fractions)} Gy",
            remedy="state the schedule once, as 24Gy/3",
        )
    return total, fractions, unit


def _check_unitless(total: Decimal, fractions: int, text: str, notices: list[Notice]) -> None:
    """``24/3`` is 24 Gy in 3 fractions; say so where 24 Gy at 3 Gy would do as well, refuse ``60/2``."""
    total_text = dose_text(total)
    if total / fractions > LARGEST_UNITLESS_GY_PER_FRACTION:
        raise ScheduleError(
            f"{quoted(text)} would be {total / fractions:.4g} Gy a fraction",
            remedy=f"write {total_text}Gy/{fractions} if that is meant, "
            f"or {total_text}Gy@{fractions}Gy for {fractions} Gy a fraction",
        )
    if total % fractions == 0:
        notices.append(
            Notice(
                "schedule.gy-assumed",
                f"{quoted(text.strip())} is read as {total_text} Gy in {counted(fractions, 'fraction')}, not as "
                f"{total_text} Gy at {fractions} Gy a fraction ({counted(int(total // fractions), 'fraction')})",
            )
        )


def _refuse_unusual(schedule: Schedule, text: str) -> None:
    for phase in schedule.phases:
        if phase.exact_dose_per_fraction_gy < UNUSUAL_BELOW_GY_PER_FRACTION:
            other = ""
            if phase.total_dose_gy * phase.fractions <= UNUSUAL_ABOVE_TOTAL_GY:
                dose = dose_text(phase.total_dose_gy)
                other = f"write {phase.fractions}x{dose}Gy for {phase.fractions} fractions of {dose} Gy, or "
            raise ScheduleError(
                f"{quoted(text)} is {phase.dose_per_fraction_gy:.3g} Gy a fraction, "
                f"below {UNUSUAL_BELOW_GY_PER_FRACTION} Gy",
                remedy=f"{other}give --allow-unusual",
            )
    if schedule.total_dose_gy > UNUSUAL_ABOVE_TOTAL_GY:
        raise ScheduleError(
            f"{quoted(text)} is {dose_text(schedule.total_dose_gy)} Gy in total, above {UNUSUAL_ABOVE_TOTAL_GY} Gy",
            remedy="write cGy where cGy is meant, or give --allow-unusual",
        )


def _is_rbe(unit: str) -> bool:
    return unit.lower() not in ("gy", "cgy")


def _dose(number: str, unit: str, text: str) -> Decimal:
    if len(number) > LONGEST_NUMBER:
        raise ScheduleError(f"{quoted(number)} has more digits than a dose has")
    dose = Decimal(_plain(number, text))
    return dose.scaleb(-2) if unit.lower().startswith("cgy") else dose


def _count(number: str, text: str) -> int:
    if not number.isdigit() or not number.strip("0") or len(number) > LONGEST_NUMBER:
        raise ScheduleError(
            f"{quoted(text)}: {number} is not a number of fractions", remedy=f"write {EXAMPLES}"
        )
    return int(number)


def _plain(number: str, text: str) -> str:
    """A numeral with a decimal point; a comma that may separate thousands is refused."""
    if re.search(r"[.,].*[.,]", number):
        raise ScheduleError(f"{number!r} is no number", remedy="write it without separators, as 2400")
    if re.search(r",\d{3}$", number):
        point, none = number.replace(",", "."), number.replace(",", "")
        raise ScheduleError(
            f"the comma in {quoted(text)} may be a decimal comma or separate thousands",
            remedy=f"write {text.replace(number, point)} or {text.replace(number, none)}",
        )
    return number.replace(",", ".")


def _refuse(part: str, text: str) -> NoReturn:
    if _match(_RANGE, part):
        raise ScheduleError(
            f"{quoted(text)} is a range of doses",
            remedy="a prescription has one dose; ranges are for protocols",
        )
    if match := _match(_LONE_DOSE, part):
        _plain(match[1], text)
        dose = "".join(match.group(1, 2))
        raise ScheduleError(
            f"{quoted(text)} has no number of fractions",
            remedy=f"write {dose}/N for {dose} in N fractions, or Nx{dose} for N fractions of {dose}",
        )
    raise ScheduleError(f"{quoted(text)} is not a schedule", remedy=f"write it as {EXAMPLES}")

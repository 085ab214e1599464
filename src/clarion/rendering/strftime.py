# SPDX-License-Identifier: Apache-2.0
"""Ruby's strftime: the directives and flags templates are written for, the same on every platform."""

import re
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_OF_CLOCK = frozenset("HkIlMSsLNpP")
_DIRECTIVE = re.compile(r"%([-0^#_]*)(\d*)(:{0,2})([a-zA-Z%+])")
_WIDTH_LIMIT = 100

Writer = Callable[[datetime], str]
_Number = tuple[Callable[[datetime], int], int, str]  # value, width, padding


def strftime(moment: datetime, pattern: str) -> str:
    """`moment` (with a time zone) in the words of a Ruby pattern; unknown directives stay as they are."""
    return "".join([piece if piece.__class__ is str else piece(moment) for piece in _compiled(pattern)])  # type: ignore[operator]


@lru_cache(maxsize=256)
def is_of_day(pattern: str) -> bool:
    """Whether a pattern says the same for all moments of one day in one zone."""
    letters = {match[4] for match in _DIRECTIVE.finditer(pattern)}
    return not letters & _OF_CLOCK and all(is_of_day(_COMBINED[letter]) for letter in letters & _COMBINED.keys())


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> tuple[str | Writer, ...]:
    pieces: list[str | Writer] = []
    end = 0
    for match in _DIRECTIVE.finditer(pattern):
        pieces.append(pattern[end : match.start()])
        pieces.append(_writer(match[1], match[2], match[3], match[4]) or match[0])
        end = match.end()
    pieces.append(pattern[end:])
    return tuple(piece for piece in pieces if piece)


def _writer(flags: str, width: str, colons: str, letter: str) -> Writer | None:
    size = min(int(width or 0), _WIDTH_LIMIT)
    if letter == "z":
        return _cased(lambda moment: _offset(moment, len(colons)), flags, size, "0")
    if colons:
        return None
    if letter in _COMBINED:
        return _cased(lambda moment: strftime(moment, _COMBINED[letter]), flags, size, " ")
    if letter in _NUMBERS:
        return _number(_NUMBERS[letter], flags, size)
    if letter in "LN":
        digits = size or (3 if letter == "L" else 9)
        return lambda moment: f"{moment.microsecond:06d}"[:digits].ljust(digits, "0")
    if letter in _WORDS:
        if letter == "p" and "#" in flags:
            flags = flags.replace("#", "") + "v"
        return _cased(_WORDS[letter], flags, size, " ")
    return None


def _number(number: _Number, flags: str, size: int) -> Writer:
    value, width, fill = number
    if "-" in flags or width <= 1 >= size:
        return lambda moment: str(value(moment))
    if (size or width) == 2 and fill == "0" and "_" not in flags:
        return lambda moment: f"{value(moment):02d}"
    fill = " " if "_" in flags else "0" if "0" in flags else fill
    width = size or width
    return lambda moment: str(value(moment)).rjust(width, fill)


def _cased(words: Writer, flags: str, size: int, fill: str) -> Writer:
    def write(moment: datetime) -> str:
        text = words(moment)
        if "^" in flags or "#" in flags:
            text = text.upper()
        elif "v" in flags:
            text = text.lower()
        return text.rjust(size, "0" if "0" in flags else fill)

    return write


def _offset(moment: datetime, colons: int) -> str:
    offset = moment.utcoffset()
    seconds = int(offset.total_seconds()) if offset is not None else 0
    sign = "-" if seconds < 0 else "+"
    hours, rest = divmod(abs(seconds), 3600)
    minutes, left = divmod(rest, 60)
    if colons == 0:
        return f"{sign}{hours:02d}{minutes:02d}"
    text = f"{sign}{hours:02d}:{minutes:02d}"
    return text if colons == 1 else f"{text}:{left:02d}"


def _hour12(moment: datetime) -> int:
    return moment.hour % 12 or 12


def _week(moment: datetime, first_day: int) -> int:
    """The week of the year; week 1 begins with the first `first_day` (0 is Monday, 6 is Sunday)."""
    day_of_year = moment.timetuple().tm_yday - 1
    return (day_of_year + 7 - (moment.weekday() - first_day) % 7) // 7


_NUMBERS: dict[str, _Number] = {
    "Y": (lambda moment: moment.year, 4, "0"),
    "C": (lambda moment: moment.year // 100, 2, "0"),
    "y": (lambda moment: moment.year % 100, 2, "0"),
    "m": (lambda moment: moment.month, 2, "0"),
    "d": (lambda moment: moment.day, 2, "0"),
    "e": (lambda moment: moment.day, 2, " "),
    "j": (lambda moment: moment.timetuple().tm_yday, 3, "0"),
    "H": (lambda moment: moment.hour, 2, "0"),
    "k": (lambda moment: moment.hour, 2, " "),
    "I": (_hour12, 2, "0"),
    "l": (_hour12, 2, " "),
    "M": (lambda moment: moment.minute, 2, "0"),
    "S": (lambda moment: moment.second, 2, "0"),
    "u": (lambda moment: moment.isoweekday(), 1, "0"),
    "w": (lambda moment: moment.isoweekday() % 7, 1, "0"),
    "G": (lambda moment: moment.isocalendar().year, 4, "0"),
    "g": (lambda moment: moment.isocalendar().year % 100, 2, "0"),
    "V": (lambda moment: moment.isocalendar().week, 2, "0"),
    "U": (lambda moment: _week(moment, 6), 2, "0"),
    "W": (lambda moment: _week(moment, 0), 2, "0"),
    "s": (lambda moment: int(moment.timestamp() // 1), 1, "0"),
}

_WORDS: dict[str, Writer] = {
    "B": lambda moment: _MONTHS[moment.month - 1],
    "b": lambda moment: _MONTHS[moment.month - 1][:3],
    "h": lambda moment: _MONTHS[moment.month - 1][:3],
    "A": lambda moment: _DAYS[moment.weekday()],
    "a": lambda moment: _DAYS[moment.weekday()][:3],
    "p": lambda moment: "AM" if moment.hour < 12 else "PM",
    "P": lambda moment: "am" if moment.hour < 12 else "pm",
    "Z": lambda moment: moment.tzname() or "",
    "n": lambda _moment: "\n",
    "t": lambda _moment: "\t",
    "%": lambda _moment: "%",
    "q": lambda moment: ordinal(moment.day),
}

_COMBINED = {
    "c": "%a %b %e %H:%M:%S %Y",
    "D": "%m/%d/%y",
    "x": "%m/%d/%y",
    "F": "%Y-%m-%d",
    "T": "%H:%M:%S",
    "X": "%H:%M:%S",
    "R": "%H:%M",
    "r": "%I:%M:%S %p",
    "v": "%e-%^b-%Y",
    "+": "%a %b %e %H:%M:%S %Z %Y",
}


def ordinal(number: int) -> str:
    """The English suffix: st, nd, rd or th."""
    if 10 <= number % 100 <= 20:
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")

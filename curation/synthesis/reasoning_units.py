"""Units behind a number: which quantity they measure, and which one is easily taken for them."""

import re
from fractions import Fraction
from typing import NamedTuple


class Unit(NamedTuple):
    """A unit with its spellings."""

    dimension: str
    factor: Fraction
    """How many of the dimension's smallest unit it is."""
    spellings: tuple[str, ...]
    """Singular, plural, then short forms; a unit and its rival spell in the same order."""
    rivals: tuple[str, ...]
    """Singulars of the units that it is mistaken for; the first is the likeliest."""


def _unit(dimension: str, factor: str, spellings: str, rivals: str) -> Unit:
    return Unit(dimension, Fraction(factor), tuple(spellings.split()), tuple(rivals.split()))


_UNITS = (
    _unit("length", "1", "millimeter millimeters mm", "centimeter"),
    _unit("length", "10", "centimeter centimeters cm", "inch"),
    _unit("length", "25.4", "inch inches", "centimeter"),
    _unit("length", "304.8", "foot feet ft", "meter"),
    _unit("length", "914.4", "yard yards yd", "meter"),
    _unit("length", "1000", "meter meters m", "foot"),
    _unit("length", "1000000", "kilometer kilometers km", "mile"),
    _unit("length", "1609344", "mile miles mi", "kilometer"),
    _unit("length", "1", "millimetre millimetres mm", "centimetre"),
    _unit("length", "10", "centimetre centimetres cm", "inch"),
    _unit("length", "1000", "metre metres m", "foot"),
    _unit("length", "1000000", "kilometre kilometres km", "mile"),
    _unit("speed", "1000000", "km/h km/h", "mph"),
    _unit("speed", "1609344", "mph mph", "km/h"),
    _unit("mass", "1000", "milligram milligrams mg", "gram"),
    _unit("mass", "1000000", "gram grams g", "ounce"),
    _unit("mass", "28349523.125", "ounce ounces oz", "gram"),
    _unit("mass", "453592370", "pound pounds lb", "kilogram"),
    _unit("mass", "453592370", "pound pounds lbs", "kilogram"),
    _unit("mass", "1000000000", "kilogram kilograms kg", "pound"),
    _unit("volume", "1", "milliliter milliliters ml", "liter"),
    _unit("volume", "1000", "liter liters L", "gallon"),
    _unit("volume", "3785.411784", "gallon gallons gal", "liter"),
    _unit("time", "1", "second seconds sec", "minute"),
    _unit("time", "60", "minute minutes min", "hour second"),
    _unit("time", "3600", "hour hours hr", "minute"),
    _unit("time", "3600", "hour hours hrs", "minute"),
    _unit("time", "86400", "day days", "week hour"),
    _unit("time", "604800", "week weeks wk", "day"),
    _unit("time", "2629746", "month months mo", "week"),
    _unit("time", "31556952", "year years yr", "month"),
    _unit("money", "1", "cent cents", "dollar"),
    _unit("money", "100", "dollar dollars", "cent"),
    _unit("celsius", "1", "°C °C", "°F"),
    _unit("fahrenheit", "1", "°F °F", "°C"),
)
_BY_SPELLING = {s: unit for unit in reversed(_UNITS) for s in unit.spellings}
_BY_SINGULAR = {unit.spellings[0]: unit for unit in reversed(_UNITS)}
_AFTER = re.compile(
    r"(?:[ ~]|\\[ ,])?(?:\\text\{ ?)?((?:square|cubic) )?(°[CF]|[A-Za-z]+(?:/h\b)?)"
)


class UnitAt(NamedTuple):
    """A unit in a text."""

    unit: Unit
    start: int
    end: int
    power: str
    """`square ` or `cubic `, or nothing."""


def unit_after(text: str, at: int) -> UnitAt | None:
    """The unit that stands at an index, right behind a number.

    >>> unit_after("It is 5 km away.", 7).unit.rivals
    ('mile',)
    """
    match = _AFTER.match(text, at)
    if not match:
        return None
    word = match[2]
    unit = _BY_SPELLING.get(word) or _BY_SPELLING.get(word.lower() if len(word) > 2 else word)
    return UnitAt(unit, match.start(2), match.end(2), match[1] or "") if unit else None


def renamed(found: str, unit: Unit, rival: str) -> str | None:
    """The rival's spelling where a unit is spelled so, None where it has none of that form.

    >>> hours = unit_after("5 Hours", 1)
    >>> renamed("Hours", hours.unit, "minute")
    'Minutes'
    """
    other = _BY_SINGULAR[rival]
    spelled = found if found in unit.spellings else found.lower()
    place = unit.spellings.index(spelled) if spelled in unit.spellings else len(other.spellings)
    if place >= len(other.spellings):
        return None
    name = other.spellings[place]
    return name[0].upper() + name[1:] if found != spelled else name

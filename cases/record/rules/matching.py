"""How likely it is that two descriptions are of one child, with the reasons in words.

Pure: takes what is known of two children and the adopted forms of given names, and gives points. Points only order
and band; a person decides. Sources: likeness of names by Jaro-Winkler, sound keys, birth dates as they are mistyped
in practice (day and month swapped, one digit wrong, the year one off), and what else the two have in common.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache
from itertools import product

from rapidfuzz.distance import JaroWinkler

from accounts.rules.postcodes import postcode_key
from cases.record.rules.names import NameForm, forms_of, joined, sound_key, title

VERY_LIKELY, LIKELY, POSSIBLE = 70, 52, 38
CLOSE_ENOUGH = 0.88
SOUNDS_ALIKE_AT_LEAST = 0.65
SHORTEST_CLOSE = 4

FULL_NAME_SWAPPED = 36
SAME_BIRTH_DATE, SWAPPED_BIRTH_DATE, NEAR_BIRTH_DATE, BIRTH_YEAR_OFF = 35, 28, 22, 18
OTHER_BIRTH_DATE, AGE_FITS, AGE_DIFFERS = -25, 6, -20
SAME_SCHOOL, SAME_ADDRESS, SAME_POSTCODE = 10, 14, 8
OTHER_SEX = -4
# Words that name a kind of school, not the school.
SCHOOL_WORDS = frozenset(
    [
        "the",
        "of",
        "and",
        "a",
        "school",
        "academy",
        "high",
        "primary",
        "secondary",
        "college",
        "community",
        "church",
        "junior",
        "infant",
        "infants",
        "grammar",
        "comprehensive",
        "trust",
        "sixth",
        "form",
    ]
)


class Band(StrEnum):
    """How strongly two descriptions suggest one child."""

    VERY_LIKELY = "very_likely"
    LIKELY = "likely"
    POSSIBLE = "possible"
    NONE = "none"


class Grade(StrEnum):
    """How alike one part of a name is to the same part of another."""

    SAME = "same"
    VARIANT = "variant"
    SOUND = "sound"
    CLOSE = "close"
    PART = "part"
    UNKNOWN = "unknown"
    OTHER = "other"


GIVEN = {
    Grade.SAME: 20,
    Grade.VARIANT: 18,
    Grade.SOUND: 16,
    Grade.CLOSE: 14,
    Grade.PART: 10,
    Grade.UNKNOWN: 0,
    Grade.OTHER: -35,
}
FAMILY = {
    Grade.SAME: 22,
    Grade.VARIANT: 17,
    Grade.SOUND: 17,
    Grade.CLOSE: 15,
    Grade.PART: 15,
    Grade.UNKNOWN: 0,
    Grade.OTHER: -10,
}
STRONG = frozenset({Grade.SAME, Grade.VARIANT, Grade.SOUND})


@dataclass(frozen=True)
class Place:
    """An address as far as it is known."""

    lines: str = ""
    postcode: str = ""


@dataclass(frozen=True)
class Known:
    """What is known of one child: from a notification, or from a file. Names are as they are written."""

    given_name: str
    family_name: str = ""
    preferred_name: str = ""
    other_names: tuple[str, ...] = ()
    birth_date: date | None = None
    birth_date_estimated: bool = False
    age: int | None = None
    sex: str = ""
    schools: tuple[str, ...] = ()
    places: tuple[Place, ...] = ()


@dataclass(frozen=True)
class Reason:
    """One thing that two descriptions have in common: in words, without names, whose category, and its points."""

    code: str
    text: str
    plain: str
    category: str
    points: int


@dataclass(frozen=True)
class Match:
    """Points, band and reasons of one comparison."""

    score: int
    band: Band
    reasons: tuple[Reason, ...]


class Variants:
    """The adopted forms of given names."""

    def __init__(self, groups: Iterable[Iterable[str]]) -> None:
        self._forms: dict[str, set[str]] = {}
        for group in groups:
            names = set(group)
            for name in names:
                self._forms.setdefault(name, set()).update(names)

    def of(self, name: str) -> frozenset[str]:
        """Every form of a name, itself included."""
        return frozenset(self._forms.get(name, set()) | {name})

    def joins(self, one: str, other: str) -> bool:
        """Whether two names are forms of one."""
        return other in self._forms.get(one, ())


@lru_cache(maxsize=4)
def read_variants(body: str) -> Variants:
    """Read a definition of name forms. Raises KeyError where it has none."""
    return Variants(tomllib.loads(body)["groups"])


def band_of(score: int) -> Band:
    """The band of a number of points."""
    if score >= VERY_LIKELY:
        return Band.VERY_LIKELY
    if score >= LIKELY:
        return Band.LIKELY
    return Band.POSSIBLE if score >= POSSIBLE else Band.NONE


def compare(asked: Known, held: Known, *, variants: Variants, on: date) -> Match:
    """How likely it is that `asked` (a notification) is `held` (a file), on a day that ages are counted to."""
    points, reasons = _names(asked, held, variants)
    for part_points, part_reasons in (_birth(asked, held, on), _school(asked, held), _address(asked, held)):
        points += part_points
        reasons += part_reasons
    if asked.sex and held.sex and asked.sex != held.sex and "unknown" not in (asked.sex, held.sex):
        points += OTHER_SEX
    return Match(points, band_of(points), tuple(sorted(reasons, key=lambda reason: -reason.points)))


@lru_cache(maxsize=1_000)
def near_birth_dates(day: date) -> frozenset[date]:
    """Every date that `compare` takes for a mistyping of this one, but for day and month swapped."""
    found = {_replaced(day, year=day.year + 1), _replaced(day, year=day.year - 1)}
    digits = day.strftime("%d%m%Y")
    for place, digit in product(range(8), "0123456789"):
        found.add(_read(digits[:place] + digit + digits[place + 1 :]))
    for place in range(7):
        found.add(_read(digits[:place] + digits[place + 1] + digits[place] + digits[place + 2 :]))
    return frozenset(other for other in found if other is not None and other != day and 1900 < other.year < 2100)


def swapped_birth_date(day: date) -> date | None:
    """The date with day and month changed over; None where that is no date."""
    return _replaced(day, month=day.day, day=day.month)


def _names(asked: Known, held: Known, variants: Variants) -> tuple[int, list[Reason]]:
    pairs = product(forms_of(asked), forms_of(held))
    return max((_form_against_form(one, other, variants) for one, other in pairs), key=lambda found: found[0])


def _form_against_form(asked: NameForm, held: NameForm, variants: Variants) -> tuple[int, list[Reason]]:
    given, given_held = _grade(asked.given, held.given, variants)
    family, family_held = _grade(asked.family, held.family, None)
    points = GIVEN[given] + FAMILY[family]
    reasons = list(_name_reasons(given, given_held, family, family_held, asked))
    if asked.family and held.family:
        crossed = _grade(asked.given, held.family, None)[0], _grade(asked.family, held.given, variants)[0]
        if STRONG.issuperset(crossed) and points < FULL_NAME_SWAPPED:
            points = FULL_NAME_SWAPPED
            reasons = [_identity("swapped", "First and family name swapped", points=points)]
    if held.known_as and given in (Grade.SAME, Grade.VARIANT, Grade.SOUND):
        reasons.append(_identity("known_as", f"Known as ‘{held.known_as}’", "Known by that name"))
    return points, reasons


def _name_reasons(given: Grade, given_held: str, family: Grade, family_held: str, asked: NameForm) -> Iterator[Reason]:
    if given == family == Grade.SAME:
        yield _identity("same_name", "Same name", points=GIVEN[given] + FAMILY[family])
        return
    words = {
        Grade.SAME: ("Same first name", ""),
        Grade.VARIANT: (
            f"{' '.join(map(title, asked.given))} is a form of {given_held}",
            "First name is a form of the other",
        ),
        Grade.SOUND: (f"Sounds like {given_held}", "First name sounds alike"),
        Grade.CLOSE: (f"First name spelt almost like {given_held}", "First name spelt almost alike"),
        Grade.PART: ("One first name in common", ""),
        Grade.UNKNOWN: ("Written in another alphabet", ""),
    }
    if given in words:
        yield _identity(f"given_{given}", *words[given], points=GIVEN[given])
    words = {
        Grade.SAME: ("Same family name", ""),
        Grade.SOUND: (f"Family name sounds like {family_held}", "Family name sounds alike"),
        Grade.CLOSE: (f"Family name spelt almost like {family_held}", "Family name spelt almost alike"),
        Grade.PART: ("One family name in common", ""),
    }
    if family in words:
        yield _identity(f"family_{family}", *words[family], points=FAMILY[family])


def _grade(one: tuple[str, ...], other: tuple[str, ...], variants: Variants | None) -> tuple[Grade, str]:
    """How alike two parts of names are, and the part of the second that it was found in."""
    if not one or not other:
        return Grade.UNKNOWN, ""
    if joined(one) == joined(other):
        return Grade.SAME, " ".join(map(title, other))
    if one[0].isascii() != other[0].isascii():
        return Grade.UNKNOWN, ""
    whole = _grade_words(joined(one), joined(other), variants)
    grade, word = _best_word(one, other, variants)
    if whole != Grade.OTHER and not (whole == Grade.CLOSE and grade == Grade.SAME):
        return whole, " ".join(map(title, other))
    if grade == Grade.OTHER or (variants is not None and 1 in (len(one), len(other))):
        return grade, title(word)
    return (Grade.PART if grade in (Grade.SAME, Grade.VARIANT, Grade.SOUND) else Grade.OTHER), title(word)


def _best_word(one: tuple[str, ...], other: tuple[str, ...], variants: Variants | None) -> tuple[Grade, str]:
    order = list(Grade)
    found = [(_grade_words(a, b, variants), b) for a, b in product(one, other)]
    return min(found, key=lambda pair: order.index(pair[0]))


@lru_cache(maxsize=50_000)
def _grade_words(one: str, other: str, variants: Variants | None) -> Grade:
    if one == other:
        return Grade.SAME
    if variants is not None and variants.joins(one, other):
        return Grade.VARIANT
    likeness = JaroWinkler.similarity(one, other)
    if likeness >= SOUNDS_ALIKE_AT_LEAST and sound_key(one) == sound_key(other):
        return Grade.SOUND
    if likeness >= CLOSE_ENOUGH and min(len(one), len(other)) >= SHORTEST_CLOSE:
        return Grade.CLOSE
    return Grade.OTHER


def _birth(asked: Known, held: Known, on: date) -> tuple[int, list[Reason]]:
    if asked.birth_date and held.birth_date:
        known = _birth_dates(asked.birth_date, held.birth_date)
        if known is not None:
            return known.points, [known]
        if not held.birth_date_estimated and not asked.birth_date_estimated:
            return OTHER_BIRTH_DATE, []
    ages = _age(asked, on), _age(held, on)
    if ages[0] is None or ages[1] is None:
        return 0, []
    apart = abs(ages[0] - ages[1])
    if apart <= 1:
        return AGE_FITS, [_identity("age", "Age fits", points=AGE_FITS)]
    return (AGE_DIFFERS, []) if apart > 2 else (0, [])


def _birth_dates(asked: date, held: date) -> Reason | None:
    if asked == held:
        return _identity("birth_date", "Same birth date", points=SAME_BIRTH_DATE)
    if swapped_birth_date(asked) == held:
        return _identity("birth_swapped", "Day and month of birth swapped", points=SWAPPED_BIRTH_DATE)
    if (asked.day, asked.month) == (held.day, held.month) and abs(asked.year - held.year) == 1:
        return _identity("birth_year", "Birth year one off", points=BIRTH_YEAR_OFF)
    if held in near_birth_dates(asked):
        return _identity("birth_digit", "One digit of the birth date differs", points=NEAR_BIRTH_DATE)
    return None


def called_alike(asked: Known, held: Known, *, variants: Variants) -> bool:
    """Whether the first names are one, forms of one, or heard alike."""
    pairs = product(forms_of(asked), forms_of(held))
    return any(_grade(one.given, other.given, variants)[0] in STRONG for one, other in pairs)


def age_fits(asked: Known, held: Known, *, on: date) -> bool:
    """Whether two ages in whole years may be one child's; also where one of them is not known."""
    ages = _age(asked, on), _age(held, on)
    return ages[0] is None or ages[1] is None or abs(ages[0] - ages[1]) <= 1


def _age(known: Known, on: date) -> int | None:
    if known.birth_date is None:
        return known.age
    born = known.birth_date
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def _school(asked: Known, held: Known) -> tuple[int, list[Reason]]:
    for one, other in product(asked.schools, held.schools):
        a, b = school_words(one), school_words(other)
        if a and b and (a == b or JaroWinkler.similarity(" ".join(a), " ".join(b)) >= 0.92):
            return SAME_SCHOOL, [_identity("school", "Same school", points=SAME_SCHOOL)]
    return 0, []


def school_words(name: str) -> tuple[str, ...]:
    """What is left of a school's name without the words that many schools share, in order of the alphabet."""
    words = {"".join(letter for letter in word if letter.isalnum()) for word in name.lower().split()}
    return tuple(sorted(words - SCHOOL_WORDS - {""}))


def _address(asked: Known, held: Known) -> tuple[int, list[Reason]]:
    best: tuple[int, str] = (0, "")
    for one, other in product(asked.places, held.places):
        same_code = bool(one.postcode) and postcode_key(one.postcode) == postcode_key(other.postcode)
        same_lines = _line_key(one.lines) == _line_key(other.lines) != ""
        if same_code and (same_lines or _house(one.lines) == _house(other.lines) != ""):
            best = max(best, (SAME_ADDRESS, "Same address"))
        elif same_code or (same_lines and len(_line_key(one.lines)) >= 8):
            best = max(best, (SAME_POSTCODE, "Same postcode" if same_code else "Same street address"))
    if not best[0]:
        return 0, []
    return best[0], [Reason("address", best[1], best[1], "contact_address", best[0])]


def _line_key(lines: str) -> str:
    return "".join(letter for letter in lines.lower() if letter.isalnum())


def _house(lines: str) -> str:
    return next((word.strip(",.").lower() for word in lines.split() if word[:1].isdigit()), "")


def _identity(code: str, text: str, plain: str = "", *, points: int = 0) -> Reason:
    return Reason(code, text, plain or text, "identity", points)


def _replaced(original: date, /, **parts: int) -> date | None:
    try:
        return original.replace(**parts)
    except ValueError:
        return None


def _read(digits: str) -> date | None:
    try:
        return date(int(digits[4:]), int(digits[2:4]), int(digits[:2]))
    except ValueError:
        return None

"""Which pairs of descriptions must, and must not, be taken for one child."""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from cases.record.rules.matching import Band, Known, Match, Place, compare, near_birth_dates, read_variants
from cases.record.rules.names import sound_key

DEFINITION = Path(__file__).resolve().parents[2] / "cases" / "definitions" / "names" / "name_variants_v1.toml"
VARIANTS = read_variants(DEFINITION.read_text(encoding="utf-8"))
ON = date(2026, 3, 2)
BORN = date(2011, 5, 4)
SWAPPED = date(2011, 4, 5)
YEAR_OFF = date(2010, 5, 4)
DIGIT_OFF = date(2011, 5, 14)
OTHER_DAY = date(2012, 11, 23)
HOME = Place("14 Tannery Row", "NM4 2QF")
SHOWN = {Band.VERY_LIKELY, Band.LIKELY}


def known(name: str, born: date | None = None, **fields: Any) -> Known:
    """`known("Zoe/Nunez")`: given and family name parted by a stroke."""
    given, _, family = name.partition("/")
    return Known(given, family, birth_date=born, **fields)


def match(asked: Known, held: Known) -> Match:
    return compare(asked, held, variants=VARIANTS, on=ON)


def words(asked: Known, held: Known) -> set[str]:
    return {reason.text for reason in match(asked, held).reasons}


MUST = [
    ("same in everything", known("Robin/Ashdown", BORN), known("Robin/Ashdown", BORN)),
    ("capitals and spaces", known("  ROBIN/ashdown ", BORN), known("Robin/Ashdown", BORN)),
    ("accents", known("Zoe/Nunez", BORN), known("Zoë/Núñez", BORN)),
    ("letters that do not come apart", known("Lukasz/Sorensen", BORN), known("Łukasz/Sørensen", BORN)),
    ("sounds alike", known("Mohammed/Khan", BORN), known("Muhammad/Kahn", BORN)),
    ("sounds alike, other first letter", known("Kaylee/Marsh", BORN), known("Caleigh/Marsh", BORN)),
    ("one letter wrong", known("Georgia/Whitmarsh", BORN), known("Georgia/Whitmrash", BORN)),
    ("short form", known("Liz/Harmer", BORN), known("Elizabeth/Harmer", BORN)),
    ("short form of another language", known("Kuba/Nowak", BORN), known("Jakub/Nowak", BORN)),
    (
        "short form, age and school",
        known("Alfie/Trent", age=14, schools=("St Anne’s High",)),
        known("Alfred/Trent", BORN, schools=("St Anne's High School",)),
    ),
    ("preferred name", known("Caz/Dunmore", BORN), known("Charlene/Dunmore", BORN, preferred_name="Caz")),
    ("another name of the file", known("Jay/Orme", BORN), known("Tristan/Orme", BORN, other_names=("Jay",))),
    ("former family name", known("Ella/Frost", BORN), known("Ella/Bright", BORN, other_names=("Ella Frost",))),
    ("day and month swapped", known("Amy/Pryor", BORN), known("Amy/Pryor", SWAPPED)),
    ("sounds alike and day and month swapped", known("Aisha/Khan", BORN), known("Ayesha/Kahn", SWAPPED)),
    ("one digit wrong", known("Amy/Pryor", BORN), known("Amy/Pryor", DIGIT_OFF)),
    ("year one off", known("Amy/Pryor", BORN), known("Amy/Pryor", YEAR_OFF)),
    ("given and family name swapped", known("Begum/Shazia", BORN), known("Shazia/Begum", BORN)),
    ("particle left out", known("Lia/Souza", BORN), known("Lia/de Souza", BORN)),
    ("particle joined", known("Omar/Elsayed", BORN), known("Omar/El-Sayed", BORN)),
    ("apostrophe", known("Cara/OBrien", BORN), known("Cara/O’Brien", BORN)),
    ("hyphen and half of it", known("Tia/Lowe", BORN), known("Tia/Lowe-Barrett", BORN)),
    ("two-word family name and one of it", known("Ana/Garcia", BORN), known("Ana/Garcia Lopez", BORN)),
    ("two given names and one of them", known("Mary/Finch", BORN), known("Mary Ann/Finch", BORN)),
    ("two given names joined", known("Maryann/Finch", BORN), known("Mary Ann/Finch", BORN)),
    ("called by the second given name", known("Yusuf/Ali", BORN), known("Muhammad Yusuf/Ali", BORN)),
    ("one name only, same birth date", known("Suleiman/", BORN), known("Suleiman/", BORN)),
    ("all in one box", known("Suleiman Barakzai/", BORN), known("Suleiman/Barakzai", BORN)),
    ("letters of another alphabet, alike", known("Анна/Петрова", BORN), known("Анна/Петрова", BORN)),
    (
        "another alphabet, same day, home and school",
        known("Анна/Петрова", BORN, places=(HOME,), schools=("Hollybank School",)),
        known("Anna/Petrova", BORN, places=(HOME,), schools=("Hollybank",)),
    ),
    (
        "no birth date, same name and school",
        known("Amy/Pryor", schools=("Hollybank",)),
        known("Amy/Pryor", BORN, schools=("Hollybank School",)),
    ),
    ("no birth date, same name and home", known("Amy/Pryor", places=(HOME,)), known("Amy/Pryor", BORN, places=(HOME,))),
    (
        "family name changed, same home",
        known("Amy/Pryor", BORN, places=(HOME,)),
        known("Amy/Lund", BORN, places=(HOME,)),
    ),
    (
        "age only, same name and school",
        known("Amy/Pryor", age=14, schools=("Hollybank",)),
        known("Amy/Pryor", BORN, schools=("Hollybank",)),
    ),
]
MUST_NOT = [
    ("nothing in common", known("Robin/Ashdown", BORN), known("Tessa/Marlow", OTHER_DAY)),
    ("same birth date alone", known("Robin/Ashdown", BORN), known("Tessa/Marlow", BORN)),
    ("same name, another birth date", known("John/Smith", BORN), known("John/Smith", OTHER_DAY)),
    ("a common name alone", known("John/Smith"), known("John/Smith", BORN)),
    (
        "siblings",
        known("Ella/Frost", BORN, places=(HOME,), schools=("Hollybank",)),
        known("Jack/Frost", OTHER_DAY, places=(HOME,), schools=("Hollybank",)),
    ),
    (
        "twins",
        known("Ella/Frost", BORN, places=(HOME,), schools=("Hollybank",)),
        known("Ruby/Frost", BORN, places=(HOME,), schools=("Hollybank",)),
    ),
    ("family name alone", known("Ella/Frost"), known("Ruby/Frost", BORN)),
    ("given name and birth date alone", known("Ella/Frost", BORN), known("Ella/Marlow", BORN)),
    (
        "given name and school",
        known("Ella/Frost", schools=("Hollybank",)),
        known("Ella/Marlow", BORN, schools=("Hollybank",)),
    ),
    ("one name only and nothing else", known("Suleiman/"), known("Suleiman/Barakzai", BORN)),
    (
        "age that cannot be",
        known("Amy/Pryor", age=8, schools=("Hollybank",)),
        known("Amy/Pryor", BORN, schools=("Hollybank",)),
    ),
    ("same home and nothing else", known("Ella/Frost", places=(HOME,)), known("Omar/Said", BORN, places=(HOME,))),
    (
        "one of several first names, another family",
        known("Muhammad Yusuf/Ali", BORN),
        known("Muhammad Bilal/Khan", OTHER_DAY),
    ),
    (
        "a school of the same kind",
        known("Jo/Lee", schools=("Oakfield Academy",)),
        known("Jo/Lee", OTHER_DAY, schools=("Ashfield Academy",)),
    ),
    ("a particle in common", known("Ana/de Souza", BORN), known("Ana/de Matos", OTHER_DAY)),
    ("another alphabet, same birth date alone", known("Анна/Петрова", BORN), known("Robin/Ashdown", BORN)),
    ("short names one letter apart", known("Ali/Shah", BORN), known("Eli/Shaw", OTHER_DAY)),
    (
        "two digits of the birth date wrong, sounds alike",
        known("Mohammed/Khan", date(2011, 5, 4)),
        known("Muhammad/Kahn", date(2013, 8, 4)),
    ),
]


@pytest.mark.parametrize(("what", "asked", "held"), MUST, ids=[row[0] for row in MUST])
def test_is_taken_for_one_child(what: str, asked: Known, held: Known) -> None:
    assert match(asked, held).band in SHOWN
    assert match(held, asked).band in SHOWN


@pytest.mark.parametrize(("what", "asked", "held"), MUST_NOT, ids=[row[0] for row in MUST_NOT])
def test_is_not_taken_for_one_child(what: str, asked: Known, held: Known) -> None:
    assert match(asked, held).band not in SHOWN


@pytest.mark.parametrize(
    ("asked", "held", "expected"),
    [
        (known("Robin/Ashdown", BORN), known("Robin/Ashdown", BORN), {"Same name", "Same birth date"}),
        (
            known("Muhammad/Khan", BORN),
            known("Mohammad/Kahn", SWAPPED),
            {"Muhammad is a form of Mohammad", "Family name sounds like Kahn", "Day and month of birth swapped"},
        ),
        (
            known("Shanice/Bell", BORN),
            known("Chanise/Bell", BORN),
            {"Sounds like Chanise", "Same family name", "Same birth date"},
        ),
        (
            known("Caz/Dunmore", BORN),
            known("Charlene/Dunmore", BORN, preferred_name="Caz"),
            {"Same name", "Known as ‘Caz’", "Same birth date"},
        ),
        (known("Begum/Shazia"), known("Shazia/Begum"), {"First and family name swapped"}),
        (
            known("Tia/Lowe", BORN),
            known("Tia/Lowe-Barrett", BORN),
            {"Same first name", "One family name in common", "Same birth date"},
        ),
        (
            known("Ana/Garcia Lopes", BORN),
            known("Ana/Garcia Lopez", BORN),
            {"Same first name", "Family name sounds like Garcia Lopez", "Same birth date"},
        ),
        (known("Ella/Frost", BORN), known("Omar/Said", OTHER_DAY), set()),
    ],
)
def test_the_reasons_are_words(asked: Known, held: Known, expected: set[str]) -> None:
    assert words(asked, held) == expected


def test_the_reasons_for_a_guardian_name_nobody_and_fit_the_record() -> None:
    asked = known("Muhammad/Khan", BORN, places=(HOME,))
    held = known("Mohammad/Kahn", SWAPPED, places=(HOME,), other_names=("Mo Kahn",))
    plain = {reason.plain for reason in match(asked, held).reasons}
    assert plain == {
        "First name is a form of the other",
        "Family name sounds alike",
        "Day and month of birth swapped",
        "Same address",
    }
    assert all(len(text) <= 60 for text in plain)


def test_an_address_is_a_reason_of_its_own_category() -> None:
    found = match(
        known("Amy/Pryor", BORN, places=(HOME,)), known("Amy/Pryor", BORN, places=(Place("14, Tannery Row", "nm42qf"),))
    )
    assert {(reason.text, reason.category) for reason in found.reasons} == {
        ("Same name", "identity"),
        ("Same birth date", "identity"),
        ("Same address", "contact_address"),
    }


def test_another_sex_is_held_against_a_match_without_a_word() -> None:
    alike = match(known("Sam/Lee", BORN, sex="male"), known("Sam/Lee", BORN, sex="male"))
    other = match(known("Sam/Lee", BORN, sex="male"), known("Sam/Lee", BORN, sex="female"))
    unknown = match(known("Sam/Lee", BORN, sex="male"), known("Sam/Lee", BORN, sex="unknown"))
    assert (alike.score - other.score, alike.score - unknown.score) == (4, 0)
    assert other.reasons == alike.reasons


def test_dates_near_a_birth_date() -> None:
    near = near_birth_dates(date(2012, 2, 29))
    assert date(2012, 2, 28) in near
    assert date(2012, 2, 20) in near
    assert date(2002, 2, 28) not in near
    assert date(2012, 2, 29) not in near
    assert all(isinstance(day, date) for day in near)
    assert len(near) < 40


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("mohammed", "muhammad"),
        ("kaylee", "caleigh"),
        ("smith", "smyth"),
        ("stephen", "steven"),
        ("khan", "kahn"),
        ("aisha", "ayesha"),
    ],
)
def test_spellings_of_one_sound_share_a_key(one: str, other: str) -> None:
    assert sound_key(one) == sound_key(other)


@pytest.mark.parametrize(
    ("one", "other"), [("mohammed", "mahmoud"), ("ella", "lila"), ("shaun", "sian"), ("omar", "amir")]
)
def test_other_names_have_other_keys(one: str, other: str) -> None:
    assert sound_key(one) != sound_key(other)


def test_every_group_of_forms_holds_plain_names() -> None:
    groups = tomllib.loads(DEFINITION.read_text(encoding="utf-8"))["groups"]
    names = [name for group in groups for name in group]
    assert all(name.isalpha() and name.isascii() and name == name.lower() for name in names)
    assert all(len(group) == len(set(group)) > 1 for group in groups)

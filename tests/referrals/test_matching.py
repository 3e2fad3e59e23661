"""Files found for a notification: the net loses nothing that the rule would call likely, and is parted by who looks."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from cases.record.choices import AddressKind
from cases.record.models import Address, Alias, Child, SchoolPeriod
from cases.record.rules.matching import Band, Known, Place, compare
from cases.record.rules.names import words_of
from cases.record.selectors.matching import block, name_variants
from referrals.models import Notification
from referrals.selectors.matching import candidates_for, known_of_notification, likely_matches
from tests.factories.cases import block as place_block
from tests.factories.cases import grant, make_child, provenance
from tests.factories.referrals import make_notification
from tests.factories.world import World

pytestmark = pytest.mark.django_db

GIVEN = [
    "Mohammed",
    "Muhammad",
    "Aisha",
    "Ayesha",
    "Elizabeth",
    "Liz",
    "Kayleigh",
    "Caleigh",
    "Jakub",
    "Kuba",
    "Zoë",
    "Siobhan",
    "Jack",
    "John",
    "Amy",
    "Aimee",
    "Li",
    "Jo",
    "Oluwaseun",
    "Seun",
    "Łukasz",
    "Chloe",
    "Khloe",
    "Yusuf",
    "Joseph",
    "Анна",
    "Tiana",
    "Tyrone",
    "Shanice",
    "Catherine",
    "Kathryn",
    "Ava",
    "Eve",
    "Noah",
    "Nyah",
    "Bo",
]
FAMILY = [
    *[
        "Khan",
        "Kahn",
        "Smith",
        "Smyth",
        "Nowak",
        "Núñez",
        "O’Brien",
        "Li",
        "Lee",
        "Ali",
        "Shah",
        "Ashdown",
        "Petrova",
        "Петрова",
        "Okafor",
        "Begum",
        "Xu",
        "Ng",
    ],
    "de Souza",
    "van der Berg",
    "Garcia Lopez",
    "Lowe-Barrett",
    "El-Sayed",
    "",
]
SCHOOLS = ["Hollybank School", "St Anne's High", "Northmere Academy", ""]
POSTCODES = ["NM4 2QF", "NM1 1AA", "NM9 7ZX", ""]


def found(notification: Notification, at: datetime) -> list[Child]:
    return [one.child for one in likely_matches(notification=notification, at=at)]


def described(child: Child, rng: random.Random) -> dict[str, Any]:
    """A notification about a child, as badly written down as people do."""
    given, family, born = child.given_name, child.family_name, child.birth_date
    assert born is not None
    fault = rng.choice(["none", "letter", "other given", "other family", "swap names", "one box", "drop"])
    if fault == "letter" and len(given) > 3:
        spot = rng.randrange(1, len(given) - 1)
        given = given[:spot] + given[spot + 1] + given[spot] + given[spot + 2 :]
    elif fault == "other given":
        given = rng.choice(GIVEN)
    elif fault == "other family":
        family = rng.choice(FAMILY)
    elif fault == "swap names" and family:
        given, family = family, given
    elif fault == "one box":
        given, family = f"{given} {family}".strip(), ""
    elif fault == "drop":
        family = " ".join(family.split()[:1])
    born_faults = [born, born, None, date(born.year - 1, born.month, min(born.day, 28)), date(2013, 7, 19)]
    if born.day <= 12:
        born_faults.append(date(born.year, born.day, born.month))
    born_faults.append(date(born.year, born.month, (born.day + 9) % 28 + 1))
    day = rng.choice(born_faults)
    return {
        "given_name": given,
        "family_name": family,
        "birth_date": day,
        "age_if_unknown": None if day else rng.choice([13, 14, 15]),
        "school": rng.choice([*SCHOOLS]),
        "postcode": rng.choice([*POSTCODES]),
        "address_lines": rng.choice(["14 Tannery Row", "2 Mill Lane", ""]),
    }


def make_population(world: World, rng: random.Random, size: int) -> list[Child]:
    by = world.viewer("triage")
    children = [
        make_child(
            rng.choice(GIVEN),
            rng.choice(FAMILY),
            birth_date=date(2009, 1, 1) + timedelta(days=rng.randrange(2200)),
            preferred_name=rng.choice(["", "", "", rng.choice(GIVEN)]),
        )
        for _ in range(size)
    ]
    for child in children:
        day = {"child": child, "started_on": date(2026, 1, 5)}
        if rng.random() < 0.6:
            SchoolPeriod.objects.create(**day, school=rng.choice(SCHOOLS[:3]), **provenance(by))
        if rng.random() < 0.6:
            lines, postcode = rng.choice(["14 Tannery Row", "2 Mill Lane"]), rng.choice(POSTCODES[:3])
            Address.objects.create(
                **day, kind=AddressKind.HOME, lines=lines, postcode=postcode, area="", **provenance(by)
            )
        if rng.random() < 0.2:
            Alias.objects.create(
                child=child, name=f"{rng.choice(GIVEN)} {rng.choice(FAMILY)}".strip(), **provenance(by)
            )
    return children


def all_known(children: list[Child]) -> dict[Any, Known]:
    """What is known of each child, gathered one by one, without the selector that is tested."""
    return {
        child.pk: Known(
            given_name=child.given_name,
            family_name=child.family_name,
            preferred_name=child.preferred_name,
            other_names=tuple(name for name in child.alias_entries.values_list("name", flat=True) if words_of(name)),
            birth_date=child.birth_date,
            sex=child.sex,
            schools=tuple(child.schoolperiod_entries.values_list("school", flat=True)),
            places=tuple(Place(row.lines, row.postcode) for row in child.address_entries.all()),
        )
        for child in children
    }


def test_the_net_loses_no_pair_that_the_rule_calls_likely(world: World, at: datetime) -> None:
    rng = random.Random(20260302)
    children = make_population(world, rng, 220)
    known, variants = all_known(children), name_variants(on=at.date())
    likely, lost = 0, []
    for _ in range(200):
        asked = known_of_notification(Notification(**described(rng.choice(children), rng), sex="unknown"))
        caught = block(asked, variants=variants)
        for child in children:
            match = compare(asked, known[child.pk], variants=variants, on=at.date())
            if match.band in (Band.LIKELY, Band.VERY_LIKELY):
                likely += 1
                lost += [] if child.pk in caught else [(asked, known[child.pk])]
    assert likely > 80
    assert lost == []


def test_the_net_is_no_list_of_everybody(world: World, at: datetime) -> None:
    children = make_population(world, random.Random(7), 60)
    asked = Known("Branwen", "Teasdale", birth_date=date(1999, 12, 31))
    assert len(block(asked, variants=name_variants(on=at.date()))) < len(children) / 10


def test_each_road_leads_to_the_file(world: World, at: datetime) -> None:
    by = world.viewer("socialworker")
    child = make_child("Charlene", "Dunmore", birth_date=date(2011, 5, 4), preferred_name="Caz")
    Alias.objects.create(child=child, name="Shar Whitlow", **provenance(by))
    SchoolPeriod.objects.create(child=child, school="Hollybank School", started_on=date(2026, 1, 5), **provenance(by))
    Address.objects.create(
        child=child, lines="14 Tannery Row", postcode="NM4 2QF", area="", started_on=date(2026, 1, 5), **provenance(by)
    )
    make_child("Somebody", "Else", birth_date=date(2013, 7, 19))
    for fields in (
        {"given_name": "Charlene", "family_name": "Dunmore", "birth_date": date(2011, 5, 4)},
        {"given_name": "Sharlene", "family_name": "Dunmoor", "birth_date": date(2011, 4, 5)},
        {"given_name": "Dunmore", "family_name": "Charlene", "birth_date": date(2010, 5, 4)},
        {"given_name": "Caz", "family_name": "Dunmore", "school": "Hollybank", "age_if_unknown": 15},
        {"given_name": "Shar", "family_name": "Whitlow", "birth_date": date(2011, 5, 4)},
        {
            "given_name": "Caz",
            "family_name": "",
            "postcode": "nm42qf",
            "address_lines": "14, Tannery Row",
            "school": "Hollybank School",
        },
    ):
        notification = Notification(**fields, sex="unknown")
        assert found(notification, at) == [child], fields


def test_a_merged_file_leads_to_the_one_that_goes_on(world: World, at: datetime) -> None:
    kept = make_child("Ula", "Nye", birth_date=date(2013, 7, 19))
    make_child("Robin", "Ashdown", birth_date=date(2011, 5, 4), merged_into=kept)
    notification = Notification(given_name="Robin", family_name="Ashdown", birth_date=date(2011, 5, 4), sex="unknown")
    assert found(notification, at) == [kept]


@pytest.mark.parametrize(
    ("held", "asked"),
    [
        ("Shanice/Ng", "Chanise/Ng"),  # only the sound leads there
        ("Jakub/Xu", "Kuba/Xu"),  # only the form of the given name
        ("Georgia/Kowalski", "Georgia/Lowalski"),  # only the letters
        ("Tristan/Orme", "Jay/Whitlow"),  # only the other name of the file
    ],
)
def test_without_a_birth_date_there_is_still_a_road(world: World, at: datetime, held: str, asked: str) -> None:
    by = world.viewer("socialworker")
    child = make_child(*held.split("/"), birth_date=date(2011, 5, 4))
    SchoolPeriod.objects.create(child=child, school="Hollybank School", started_on=date(2026, 1, 5), **provenance(by))
    Alias.objects.create(child=child, name="Jay Whitlow", **provenance(by))
    given, family = asked.split("/")
    notification = Notification(given_name=given, family_name=family, school="Hollybank", sex="unknown")
    assert found(notification, at) == [child]


def test_what_is_found_is_parted_by_who_looks(world: World, at: datetime) -> None:
    viewer = world.viewer("triage")
    born = {"birth_date": date(2011, 5, 4)}
    shown, blocked, restricted, ungranted = (make_child(**born) for _ in range(4))
    for child in (shown, blocked, restricted):
        grant(child, world.functions["notification_point"].group)
    place_block(blocked, viewer, by=world.viewer("guardian"))
    Child.objects.filter(pk=restricted.pk).update(restricted=True)
    ended = make_child(**born)
    grant(ended, world.functions["notification_point"].group, ended_at=at - timedelta(hours=1))
    notification = make_notification(world.viewer("teacher"), **born)
    result = candidates_for(notification=notification, viewer=viewer, at=at)
    assert {one.child for one in result.shown} == {shown}
    assert {one.child for one in result.hidden} == {blocked, restricted, ungranted, ended}


def test_the_number_of_statements_does_not_grow(world: World, at: datetime, django_assert_num_queries: Any) -> None:
    notification = make_notification(world.viewer("teacher"), birth_date=date(2011, 5, 4))
    name_variants(on=at.date())
    for number in (1, 3):
        for _ in range(number):
            make_child(birth_date=date(2011, 5, 4))
        with django_assert_num_queries(6):
            likely_matches(notification=notification, at=at)


@pytest.mark.parametrize(
    "name", ["'; DROP TABLE cases_child; --", "%", "%s", "\\", "()", "\u202eRobin", "🙂", "-", "'", "a" * 80, "\u0301"]
)
def test_strange_names_are_compared_like_any_other(world: World, at: datetime, name: str) -> None:
    make_child()
    notification = Notification(
        given_name=name,
        family_name=name,
        preferred_name=name,
        birth_date=None,
        age_if_unknown=14,
        sex="unknown",
        school=name,
    )
    assert found(notification, at) == []

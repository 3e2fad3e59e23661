"""Files found for a notification: the net loses nothing that the rule would call likely; what is hidden leaves no hint."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from cases.record.choices import AddressKind
from cases.record.models import Address, Alias, Child, SchoolPeriod
from referrals.models import Notification
from referrals.rules.matching import Band, Known, Place, compare
from referrals.rules.names import words_of
from referrals.selectors.matching import block, known_of_notification, likely_matches, name_variants
from tests.factories.cases import make_child, provenance
from tests.factories.world import World

pytestmark = pytest.mark.django_db

GIVEN = ["Mohammed", "Muhammad", "Aisha", "Ayesha", "Elizabeth", "Liz", "Kayleigh", "Caleigh", "Jakub", "Kuba", "Zoë", "Siobhan", "Jack", "John", "Amy", "Aimee", "Li", "Jo", "Oluwaseun", "Seun", "Łukasz", "Chloe", "Khloe", "Yusuf", "Joseph", "Анна", "Tiana", "Tyrone", "Shanice", "Catherine", "Kathryn", "Ava", "Eve", "Noah", "Nyah", "Bo"]
FAMILY = [
    *["Khan", "Kahn", "Smith", "Smyth", "Nowak", "Núñez", "O’Brien", "Li", "Lee", "Ali", "Shah", "Ashdown", "Petrova", "Петрова", "Okafor", "Begum", "Xu", "Ng"],
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
    likely = lost = compared = 0
    for _ in range(200):
        asked = known_of_notification(Notification(**described(rng.choice(children), rng), sex="unknown"))
        caught = block(asked, variants=variants)
        for child in children:
            compared += 1
            if compare(asked, known[child.pk], variants=variants, on=at.date()).band in (Band.LIKELY, Band.VERY_LIKELY):
                likely += 1
                if child.pk not in caught:
                    lost += 1
                    print("lost:", asked, known[child.pk])
    print(f"{compared} pairs, {likely} likely, {lost} lost by blocking")
    assert likely > 100
    assert lost == 0

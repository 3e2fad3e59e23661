"""Who the children are: plans without a database, drawn to the published figures."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from cases.record.choices import (
    Disability,
    Ethnicity,
    HarmStatus,
    LegalStatus,
    PlacementKind,
    PlanStatus,
    Sex,
)
from config.demo.calibration import figure, weights
from config.demo.texts import quota, some, stream, weighted, words

HISTORY_DAYS = 548
LONGEST_LIFE = 18 * 365 + 300
# Kinds of concern that the published figures on sexual exploitation are about, in person or online.
SEXUAL = ("sexual", "online")


@dataclass(frozen=True)
class Home:
    """An invented address; siblings share one."""

    lines: str
    postcode: str
    area: str


@dataclass
class ChildPlan:
    """One child as the demo will write them: identity, circumstances and the course that the risk takes."""

    number: int
    given_name: str
    family_name: str
    preferred_name: str
    birth_date: date
    sex: Sex
    sex_as_notified: Sex
    ethnicity: Ethnicity
    disability: Disability
    language: str
    home: Home
    school: str
    exploitation: str
    harm: HarmStatus
    course: str
    source: str
    notified_on: date
    closed_on: date | None
    plan: PlanStatus
    legal: LegalStatus
    placement: PlacementKind
    provider: str
    placed_in: bool
    placed_out: bool
    authority: str
    traits: dict[str, bool] = field(default_factory=dict)
    sibling_of: int | None = None

    @property
    def called(self) -> str:
        return self.preferred_name or self.given_name

    @property
    def exploited(self) -> bool:
        """Whether exploitation is suspected or known."""
        return self.harm in (HarmStatus.SUSPECTED, HarmStatus.KNOWN)

    def age_on(self, day: date) -> int:
        born = self.birth_date
        return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def plan_children(*, count: int, seed: int, today: date) -> list[ChildPlan]:
    """`count` children notified over the eighteen months before `today`, in the order of notification."""
    rng = stream(seed, "children")
    exploitation = quota(rng, weights("exploitation"), count)
    harm = quota(rng, weights("harm"), count)
    sources = _sources(rng, count)
    columns: dict[str, list[Any]] = {
        "age": quota(rng, {int(age): share for age, share in weights("ages").items()}, count),
        "ethnicity": quota(rng, weights("ethnicity"), count),
        "disability": quota(rng, weights("disability"), count),
        "plan": quota(rng, weights("plan_status"), count),
        "course": quota(rng, weights("course"), count),
    }
    sexes = _sexes(rng, exploitation)
    days = sorted(rng.randrange(3, HISTORY_DAYS) for _ in range(count))[::-1]
    children = []
    for number in range(count):
        row = {name: values[number] for name, values in columns.items()}
        notified_on = today - timedelta(days=days[number])
        child = _child(
            stream(seed, "child", number),
            number=number,
            row=row,
            sex=sexes[number],
            notified_on=notified_on,
            today=today,
        )
        child.exploitation, child.harm, child.source = exploitation[number], HarmStatus(harm[number]), sources[number]
        children.append(child)
    _make_siblings(rng, children)
    _place(rng, [child for child in children if child.plan == PlanStatus.LOOKED_AFTER])
    _mark_traits(rng, children)
    return children


def _sources(rng: random.Random, count: int) -> list[str]:
    """Who notifies each child: the share found by return interviews is published, the rest is plausible."""
    by_interview = figure("found_by_interview").used / 240 * (HISTORY_DAYS / 365)
    others = {name.replace("_", "."): share for name, share in weights("source").items()}
    total = sum(others.values())
    shares = {name: share / total * (1 - by_interview) for name, share in others.items()}
    return quota(rng, {"interviewer": by_interview, **shares}, count)


def _sexes(rng: random.Random, exploitation: list[str]) -> list[tuple[Sex, Sex]]:
    """Each child's sex, and the sex the referrer sent: published for sexual exploitation, plausible for the rest."""
    girls, boys = figure("girls_notified").used, figure("boys_notified").used
    shares = {
        "F": girls,
        "M": boys,
        # Sent without a sex: on the file they are as those that were sent with one.
        "F-": (1 - girls - boys) * girls / (girls + boys),
        "M-": (1 - girls - boys) * boys / (girls + boys),
    }
    number = sum(kind in SEXUAL for kind in exploitation)
    sexual = iter(quota(rng, shares, number))
    rest = iter(
        quota(
            rng,
            {"F": 0.34, "M": 0.58, "F-": 0.02, "M-": 0.05, "I": 0.01},
            len(exploitation) - number,
        )
    )
    meaning = {"F": Sex.FEMALE, "M": Sex.MALE, "I": Sex.INTERSEX}
    drawn = [next(sexual if kind in SEXUAL else rest) for kind in exploitation]
    return [(meaning[code[0]], Sex.UNKNOWN if code.endswith("-") else meaning[code[0]]) for code in drawn]


def _child(
    rng: random.Random, *, number: int, row: dict, sex: tuple[Sex, Sex], notified_on: date, today: date
) -> ChildPlan:
    birth_date = notified_on - timedelta(days=row["age"] * 365 + row["age"] // 4 + rng.randrange(1, 364))
    birth_date = max(birth_date, today - timedelta(days=LONGEST_LIFE))
    given, family, language = _name(rng, row["ethnicity"], sex[0])
    nickname = words("names")["nicknames"].get(given, "")
    return ChildPlan(
        number=number,
        given_name=given,
        family_name=family,
        preferred_name=nickname if nickname and rng.random() < 0.7 else "",
        birth_date=birth_date,
        sex=sex[0],
        sex_as_notified=sex[1],
        ethnicity=Ethnicity(row["ethnicity"]),
        disability=Disability(row["disability"]),
        language=language,
        home=new_home(rng),
        school=_school(rng, row["age"]),
        exploitation="",
        harm=HarmStatus.NOT_KNOWN,
        course=row["course"],
        source="",
        notified_on=notified_on,
        closed_on=_closing(rng, notified_on=notified_on, birth_date=birth_date, course=row["course"], today=today),
        plan=PlanStatus(row["plan"]),
        legal=LegalStatus.SUPERVISION_ORDER if rng.random() < 0.03 else LegalStatus.NONE,
        placement=PlacementKind.FAMILY if rng.random() < 0.1 else PlacementKind.PARENTS,
        provider="",
        placed_in=False,
        placed_out=False,
        authority=words("places")["authority"],
    )


def _name(rng: random.Random, ethnicity: str, sex: Sex) -> tuple[str, str, str]:
    sets = words("names")["sets"]
    fitting = [names for names in sets if ethnicity in names["ethnicities"]] or sets[:1]
    chosen = rng.choice(sets if rng.random() < 0.08 else fitting)
    given = rng.choice(chosen["boys" if sex == Sex.MALE else "girls"])
    family = rng.choice(chosen["family"])
    if ethnicity.startswith("mixed") and rng.random() < 0.5:
        family = rng.choice(rng.choice(fitting)["family"])
    if rng.random() < 0.06:
        other = rng.choice(sets[0]["family"])
        family = f"{family}-{other}" if other != family else family
    language = rng.choice(chosen["languages"]) if rng.random() < 0.35 else "English"
    return given, family, language


def new_home(rng: random.Random) -> Home:
    """An address in Northmere: streets and postcode area exist nowhere."""
    area = rng.choice(words("places")["areas"])
    letters = "".join(rng.choices("ABDEFGHJLN", k=2))
    postcode = f"{words('places')['postcode_area']}{area['district']} {rng.randrange(1, 10)}{letters}"
    return Home(f"{rng.randrange(1, 140)} {rng.choice(area['streets'])}, Northmere", postcode, area["name"])


def _school(rng: random.Random, age: int) -> str:
    places = words("places")
    if age < 11:
        return str(rng.choice(places["primary"]))
    return str(rng.choice(places["college"] if age >= 17 else places["schools"]))


def _closing(rng: random.Random, *, notified_on: date, birth_date: date, course: str, today: date) -> date | None:
    """When casework ended: risk stayed down, the family moved, or the young person turned 18."""
    turns_18 = date(birth_date.year + 18, birth_date.month, min(birth_date.day, 28))
    yesterday = today - timedelta(days=1)
    planned = notified_on + timedelta(days=rng.randrange(200, 420)) if course == "falling" else None
    dates = [day for day in (planned, max(turns_18, notified_on + timedelta(days=30))) if day and day <= yesterday]
    return min(dates) if dates else None


def _make_siblings(rng: random.Random, children: list[ChildPlan]) -> None:
    """One child in fourteen is the brother or sister of another: same family name and home, another birth date."""
    for child in rng.sample(children, len(children) // 14):
        older = children[(child.number * 7 + 3) % len(children)]
        if older is child or older.sibling_of is not None or abs((older.birth_date - child.birth_date).days) < 300:
            continue
        if any(other.sibling_of == child.number for other in children):
            continue
        child.sibling_of, child.family_name, child.home = older.number, older.family_name, older.home
        child.ethnicity = older.ethnicity


def _place(rng: random.Random, looked_after: list[ChildPlan]) -> None:
    """Where looked-after children live; half of those here were placed by another authority."""
    places = words("places")
    kinds = quota(rng, weights("placement"), len(looked_after))
    orders = quota(rng, weights("legal"), len(looked_after))
    placed_out = some(rng, 0.15, len(looked_after))
    here = iter(some(rng, figure("placed_in").used, placed_out.count(False)))
    for child, kind, order, out in zip(looked_after, kinds, orders, placed_out, strict=True):
        child.placement, child.legal, child.placed_out = PlacementKind(kind), LegalStatus(order), out
        child.provider = rng.choice(places[kind])
        child.placed_in = False if out else next(here)
        if child.placed_in:
            child.authority = rng.choice(places["other_authorities"])


TRAITS_OF_EXPLOITED = ("not_in_school", "substances", "self_harm", "sexual_health", "mental_health", "offending")


def _mark_traits(rng: random.Random, children: list[ChildPlan]) -> None:
    exploited = [child for child in children if child.exploited]
    for trait in TRAITS_OF_EXPLOITED:
        _mark(rng, exploited, trait, figure(trait).used)
    sexual = [child for child in children if child.exploitation in SEXUAL]
    _mark(rng, sexual, "missing", figure("missing").used)
    _mark(rng, [child for child in children if child.exploitation == "missing"], "missing", 1.0)
    _mark(rng, [child for child in children if child.exploitation == "criminal"], "missing", 0.45)
    _mark(rng, [child for child in children if child.harm == HarmStatus.KNOWN], "injuries", figure("injuries").used)
    vulnerable = [child for child in children if not child.exploited]
    _mark(rng, vulnerable, "not_in_school", 0.3)
    _mark(rng, vulnerable, "mental_health", 0.2)


def _mark(rng: random.Random, children: list[ChildPlan], trait: str, share: float) -> None:
    for child, has in zip(children, some(rng, share, len(children)), strict=True):
        child.traits[trait] = has


def written_otherwise(rng: random.Random, child: ChildPlan) -> ChildPlan:
    """The same child as somebody else may write them down: day and month swapped, a sound-alike, a short name."""
    names = words("names")
    ways = ["swapped"] if child.birth_date.day <= 12 and child.birth_date.day != child.birth_date.month else []
    ways += ["variant"] if child.given_name in names["variants"] else []
    ways += ["nickname"] if child.given_name in names["nicknames"] else []
    way = rng.choice(ways or ["estimated"])
    if way == "swapped":
        born = child.birth_date
        return replace(child, birth_date=date(born.year, born.day, born.month))
    if way == "estimated":
        return replace(child, family_name=child.family_name.split("-")[0])
    return replace(child, given_name=names["variants" if way == "variant" else "nicknames"][child.given_name])


def differently_writable(children: Iterable[ChildPlan]) -> list[ChildPlan]:
    """Children whose name or birth date has another plausible spelling."""
    names = words("names")
    return [
        child
        for child in children
        if child.given_name in names["variants"]
        or child.given_name in names["nicknames"]
        or (child.birth_date.day <= 12 and child.birth_date.day != child.birth_date.month)
    ]


__all__ = ["ChildPlan", "Home", "differently_writable", "new_home", "plan_children", "weighted", "written_otherwise"]

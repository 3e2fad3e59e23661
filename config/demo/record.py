"""The dated facts of a file: numbers, names, addresses, plans, placements, schools and authorities."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from accounts.rules.viewers import Viewer
from cases.access.choices import Category
from cases.access.services import record_activity
from cases.record.choices import (
    AddressKind,
    AuthorityKind,
    IdentifierKind,
    LegalStatus,
    PlacementKind,
    PlanStatus,
    Source,
)
from cases.record.models import (
    Address,
    AddressKeptFrom,
    AddressReader,
    Alias,
    AuthorityPeriod,
    Child,
    Identifier,
    LegalPeriod,
    Placement,
    PlanPeriod,
    SchoolPeriod,
)
from cases.record.selectors.facts import lead_of
from cases.record.services import agree_safe_contact, change_identity
from config.demo.children import ChildPlan, new_home
from config.demo.deciding import identity_of
from config.demo.life import Life
from config.demo.texts import words
from config.demo.times import day_of

MUST_NOT_KNOW = "Her mother’s former partner, who has asked neighbours where she is"
UPN_LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZ"
STEPS_BEFORE = {
    PlanStatus.CHILD_IN_NEED: PlanStatus.EARLY_HELP,
    PlanStatus.CHILD_PROTECTION: PlanStatus.CHILD_IN_NEED,
    PlanStatus.LOOKED_AFTER: PlanStatus.CHILD_PROTECTION,
}


def write_facts(life: Life, *, by: str) -> None:
    """Write what is known of a child when the file is opened, with what held before."""
    _complete_identity(life, by=by)
    common = {"child": life.child, "recorded_at": life.opened_at, **_provenance(life.viewer(by))}
    _identifiers(life.plan, life.rng, {**common, "category": Category.IDENTITY})
    for name, note in other_names(life.plan):
        Alias.objects.create(name=name, note=note, **{**common, "category": Category.IDENTITY})
    _addresses(life, {**common, "category": Category.CONTACT_ADDRESS})
    _plans(life.plan, life.rng, day_of(life.opened_at), {**common, "category": Category.IDENTITY})
    _schools(life.plan, life.rng, day_of(life.opened_at), {**common, "category": Category.IDENTITY})
    _authorities(life.plan, day_of(life.opened_at), {**common, "category": Category.IDENTITY})
    for category in (Category.IDENTITY, Category.CONTACT_ADDRESS):
        record_activity(child_id=life.child.pk, category=category, at=life.opened_at)


def _complete_identity(life: Life, *, by: str) -> None:
    """Write over what the referrer did not know with what the notification point found out; agree safe contact."""
    edit: dict[str, Any] = {"child": life.child, "at": life.opened_at, "by": life.viewer(by)}
    change_identity(identity=identity_of(life.plan), version=life.version(), **edit)
    if life.rng.random() < 0.35:
        words_agreed = life.teller.tell("safe_contact", "words")
        agree_safe_contact(words=words_agreed, version=life.version(), **edit)
    life.child.refresh_from_db()


def _provenance(by: Viewer) -> dict[str, Any]:
    return {
        "author_id": by.user_id,
        "author_membership_id": by.membership_id,
        "agency_id": by.agency_id,
        "source": Source.RECORD,
    }


def nhs_number(rng: random.Random) -> str:
    """A number of the range kept for tests (999), with a check digit that holds."""
    while True:
        digits = f"999{rng.randrange(10**6):06d}"
        check = 11 - sum(int(digit) * (10 - place) for place, digit in enumerate(digits)) % 11
        if check != 10:
            return digits + str(0 if check == 11 else check)


def pupil_number(rng: random.Random, birth_date: date) -> str:
    """A pupil number of an authority that does not exist (000), with the check letter that goes with it."""
    digits = f"000{rng.randrange(10**4):04d}{(birth_date.year + 5) % 100:02d}{rng.randrange(10**3):03d}"
    letter = UPN_LETTERS[sum(int(digit) * (place + 2) for place, digit in enumerate(digits)) % 23]
    return letter + digits


def _identifiers(plan: ChildPlan, rng: random.Random, common: dict[str, Any]) -> None:
    values = {
        IdentifierKind.NHS_NUMBER: nhs_number(rng),
        IdentifierKind.UPN: pupil_number(rng, plan.birth_date),
        IdentifierKind.SOCIAL_CARE: f"CSC-{700000 + plan.number * 7}",
        IdentifierKind.POLICE: f"NMP/{plan.notified_on.year}/{4000 + plan.number * 3}",
    }
    shares = {IdentifierKind.NHS_NUMBER: 0.8, IdentifierKind.UPN: 0.75, IdentifierKind.SOCIAL_CARE: 0.7}
    for kind, value in values.items():
        if rng.random() < shares.get(kind, 0.3):
            Identifier.objects.create(kind=kind, value=value, **common)


def other_names(plan: ChildPlan) -> Iterator[tuple[str, str]]:
    """Names that a child is known by elsewhere, each with where."""
    nickname = words("names")["nicknames"].get(plan.given_name)
    if nickname and not plan.preferred_name:
        yield f"{nickname} {plan.family_name}", "Short form used by friends"
    if "-" in plan.family_name:
        yield f"{plan.given_name} {plan.family_name.split('-')[0]}", "Name on the school roll"


def _addresses(life: Life, common: dict[str, Any]) -> None:
    """Home, an earlier home for one child in five, a placement, and for one in twenty-five an address kept secret."""
    plan, rng, opened = life.plan, life.rng, day_of(life.opened_at)
    moved_on = opened - timedelta(days=rng.randint(60, 900))
    if rng.random() < 0.2:
        before = new_home(rng)
        Address.objects.create(
            lines=before.lines,
            postcode=before.postcode,
            area=before.area,
            ended_on=moved_on,
            started_on=moved_on - timedelta(days=rng.randint(200, 1500)),
            **common,
        )
    elsewhere = plan.plan == PlanStatus.LOOKED_AFTER
    protected = plan.number % 25 == 4
    home = new_home(rng) if elsewhere else plan.home
    if not elsewhere and not protected and Address.objects.filter(child=life.child, ended_on=None).exists():
        return
    address = Address.objects.create(
        kind=AddressKind.PLACEMENT if elsewhere else AddressKind.REFUGE if protected else AddressKind.HOME,
        lines=home.lines,
        postcode=home.postcode,
        area=home.area,
        protected=protected,
        protection_reason="An adult who may harm the child does not know this address." if protected else "",
        started_on=moved_on,
        **common,
    )
    if protected:
        readers = {life.world.members[name] for name in ("socialworker", "team.manager")}
        lead = lead_of(life.child.pk)
        if lead is not None and lead.membership is not None:
            readers.add(lead.membership)
        for member in sorted(readers, key=lambda one: one.user.username):
            AddressReader.objects.create(address=address, membership=member)
        AddressKeptFrom.objects.create(
            address=address, person=MUST_NOT_KNOW, added_at=common["recorded_at"], added_by_id=common["author_id"]
        )


def _plans(plan: ChildPlan, rng: random.Random, opened: date, common: dict[str, Any]) -> None:
    changed = opened - timedelta(days=rng.randint(5, 300))
    before = STEPS_BEFORE.get(plan.plan)
    if before is not None and rng.random() < 0.6:
        started = changed - timedelta(days=rng.randint(60, 400))
        PlanPeriod.objects.create(status=before, started_on=started, ended_on=changed, **common)
    PlanPeriod.objects.create(status=plan.plan, started_on=changed, **common)
    if plan.legal != LegalStatus.NONE:
        LegalPeriod.objects.create(status=plan.legal, started_on=changed, **common)
    if plan.plan == PlanStatus.LOOKED_AFTER and rng.random() < 0.3:
        before_start = changed - timedelta(days=120)
        Placement.objects.create(
            kind=PlacementKind.FAMILY, provider="", started_on=before_start, ended_on=changed, **common
        )
    Placement.objects.create(
        kind=plan.placement,
        provider=plan.provider,
        out_of_area=plan.placed_in or plan.placed_out,
        started_on=changed,
        **common,
    )


def _schools(plan: ChildPlan, rng: random.Random, opened: date, common: dict[str, Any]) -> None:
    started = opened - timedelta(days=rng.randint(30, 900))
    if rng.random() < 0.2:
        earlier = rng.choice([name for name in words("places")["schools"] if name != plan.school])
        SchoolPeriod.objects.create(
            school=earlier, started_on=started - timedelta(days=500), ended_on=started, **common
        )
    if not SchoolPeriod.objects.filter(child=common["child"], ended_on=None).exists():
        note = "Not attending" if plan.traits.get("not_in_school") else ""
        SchoolPeriod.objects.create(school=plan.school, note=note, started_on=started, **common)


def _authorities(plan: ChildPlan, opened: date, common: dict[str, Any]) -> None:
    here, started = words("places")["authority"], opened - timedelta(days=40)
    kinds = {AuthorityKind.HOME: plan.authority}
    if plan.placed_in:
        kinds |= {AuthorityKind.PLACING: plan.authority, AuthorityKind.HOST: here}
    if plan.placed_out:
        others = words("places")["other_authorities"]
        kinds |= {AuthorityKind.HOST: others[plan.number % len(others)]}
    for kind, authority in kinds.items():
        AuthorityPeriod.objects.create(kind=kind, authority=authority, started_on=started, **common)


def merge_into(*, duplicate: Child, kept: Child) -> None:
    """Mark a file that was opened twice for one child: it points to the one that is kept."""
    duplicate.merged_into = kept
    duplicate.save(update_fields=["merged_into"])

"""Random small partnerships: what the database shows each viewer is what the plain rule says.

Seen to fail, one at a time: the block left out of the query; the start, the end and the ending of a grant; the
restriction; both of the file that another was merged into, of one merged into it, and of one merged into the same; the
mask of a content row; the author's own entries; a panel's cell opened by
any grant; the projection left behind by an ended grant, or narrowed to the last one's categories.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction

from accounts.rules.viewers import NOBODY, SystemPrincipal, Viewer, system_viewer
from accounts.selectors import viewer_of
from cases.access import services as access
from cases.access.choices import CATEGORY_BITS, GrantReason
from cases.access.models import AccessGrant, Block, ChildGroupGrant, ChildUserGrant
from cases.access.rules import category_levels, mask_of
from cases.access.selectors import entries_opened, facts_of, matrix_in_force
from cases.record.models import Child, ChronologyEntry
from tests.access import oracle
from tests.access.oracle import BlockRow, EntryRow, GrantRow
from tests.factories.accounts import make_membership
from tests.factories.cases import grant, make_child, provenance
from tests.factories.world import World

pytestmark = pytest.mark.django_db

WORLDS = 60
VIEWERS = (
    "keyworker",
    "manager",
    "socialworker",
    "nurse",
    "officer",
    "housing",
    "triage",
    "chair",
    "guardian",
    "outsider",
)
CATEGORIES = tuple(CATEGORY_BITS)
GROUP_REASONS = (
    GrantReason.REFERRAL,
    GrantReason.INVOLVEMENT,
    GrantReason.FUNCTION,
    GrantReason.PANEL,
    GrantReason.SHARE,
)
PERSON_REASONS = (
    GrantReason.ALLOCATION, GrantReason.BREAK_GLASS, GrantReason.NAMED, GrantReason.PANEL, GrantReason.SHARE,
)  # fmt: skip
TABLE = oracle.matrix()


@dataclass
class SmallWorld:
    """Files, grants, blocks and entries, as rows of the database and as plain rows."""

    children: list[Child] = field(default_factory=list)
    grants: list[GrantRow] = field(default_factory=list)
    blocks: list[BlockRow] = field(default_factory=list)
    entries: list[EntryRow] = field(default_factory=list)

    def files_of(self, child: Child) -> list[Child]:
        """All files of one child: a block or a restriction of one is one of each."""
        lives_on = child.merged_into_id or child.pk
        return [file for file in self.children if lives_on in (file.pk, file.merged_into_id)]

    def restricted(self, child: Child) -> bool:
        return any(file.restricted for file in self.files_of(child))

    def seen(self, viewer: Viewer, child: Child, at: datetime) -> oracle.Seen:
        theirs = {file.pk for file in self.files_of(child)}
        blocks = [replace(row, child=child.pk) for row in self.blocks if row.child in theirs]
        return oracle.seen(viewer, child.pk, self.restricted(child), self.grants, blocks, at)


def viewers_of(world: World) -> list[Viewer]:
    """Ten people, and one of them under a second membership at another agency."""
    seconded = make_membership(world.user("socialworker"), world.agency("specialist"), role="specialist_keyworker")
    return [*(world.viewer(name) for name in VIEWERS), viewer_of(seconded)]


def instants(dice: random.Random, at: datetime) -> tuple[datetime, datetime | None, datetime | None]:
    """A window that starts, ends and is ended around the instant, its boundaries included."""
    hour = timedelta(hours=1)
    start = at + dice.choice([-hour, -hour, -hour, timedelta(), timedelta(microseconds=1), hour])
    until = dice.choice([None, None, at, at + timedelta(microseconds=1), at + 2 * hour, at - hour / 2])
    if until is not None and until <= start:
        until = None
    ended = dice.choice([None, None, None, at, at - timedelta(microseconds=1), at + hour])
    return start, until, ended


def some_categories(dice: random.Random) -> frozenset[str]:
    return frozenset(dice.choice([CATEGORIES, dice.sample(CATEGORIES, 9), dice.sample(CATEGORIES, 2)]))


def make_small_world(dice: random.Random, viewers: list[Viewer], at: datetime, by: Viewer) -> SmallWorld:
    small = SmallWorld()
    small.children = Child.objects.bulk_create(
        Child(given_name=f"Child {number}", family_name="Small", restricted=dice.random() < 0.25) for number in range(5)
    )
    for child in small.children[2:]:  # into the first: none, one that lives on alone, or up to three together
        child.merged_into = dice.choice([None, None, small.children[0]])
    Child.objects.bulk_update(small.children[2:], ["merged_into"])
    small.entries = make_entries(dice, small.children, viewers)
    rows, grants = [], []
    for _ in range(14):
        child, viewer = dice.choice(small.children), dice.choice(viewers)
        start, until, ended = instants(dice, at)
        if dice.random() < 0.55:
            group, membership, reason = dice.choice(viewer.group_ids), None, dice.choice(GROUP_REASONS)
        else:
            group, membership, reason = None, viewer.membership_id, dice.choice(PERSON_REASONS)
        of_file = [entry.id for entry in small.entries if entry.child == child.pk]
        entries = frozenset(dice.sample(of_file, 3) if reason == GrantReason.SHARE and dice.random() < 0.7 else ())
        row = GrantRow(child.pk, group, membership, str(reason), some_categories(dice), start, until, ended, entries)
        grants.append(row)
        rows.append(
            AccessGrant(
                child=child,
                group_id=group,
                membership_id=membership,
                reason=reason,
                category_mask=mask_of(row.categories),
                entry_ids=sorted(entries, key=str),
                valid_from=start,
                valid_until=until,
                ended_at=ended,
            )
        )
    AccessGrant.objects.bulk_create(rows)
    small.grants = grants
    small.blocks = make_blocks(dice, small.children, viewers, at, by)
    return small


def make_blocks(
    dice: random.Random, children: list[Child], viewers: list[Viewer], at: datetime, by: Viewer
) -> list[BlockRow]:
    blocks: dict[tuple[Any, Any], BlockRow] = {}
    for _ in range(4):
        child, viewer = dice.choice(children), dice.choice(viewers)
        assert viewer.user_id is not None
        start = at + dice.choice([-timedelta(hours=1), -timedelta(hours=1), timedelta(), timedelta(hours=1)])
        ended = dice.choice([None, None, at, at + timedelta(microseconds=1)])
        blocks[child.pk, viewer.user_id] = BlockRow(child.pk, viewer.user_id, start, ended)
    Block.objects.bulk_create(
        Block(
            child_id=row.child,
            user_id=row.user,
            reason="A relative of the child.",
            placed_by_id=by.user_id,
            placed_at=row.start,
            ended_at=row.ended,
            ended_by_id=by.user_id if row.ended else None,
        )
        for row in blocks.values()
    )
    return list(blocks.values())


def make_entries(dice: random.Random, children: list[Child], viewers: list[Viewer]) -> list[EntryRow]:
    rows = []
    for child in children:
        for category in CATEGORIES:
            author = dice.choice(viewers)
            rows.append(
                ChronologyEntry(
                    child=child,
                    kind="observation",
                    happened_at=datetime.fromisoformat("2026-01-05T09:00+00:00"),
                    summary="Was seen.",
                    **provenance(author, category),
                )
            )
    ChronologyEntry.objects.bulk_create(rows)
    return [EntryRow(row.pk, row.child_id, row.category, row.author_id, row.agency_id) for row in rows]


def test_what_the_database_shows_is_what_the_rule_says(world, at):
    viewers, by = viewers_of(world), world.viewer("guardian")
    matrix = matrix_in_force(on=at.date())
    shown = hidden = 0
    for seed in range(WORLDS):
        dice = random.Random(seed)
        with transaction.atomic():
            small = make_small_world(dice, viewers, at, by)
            for viewer in dice.sample(viewers, 5):
                what = {child.pk: small.seen(viewer, child, at) for child in small.children}
                files = Child.objects.visible_to(viewer, at=at)
                found = {child.pk: child for child in files}
                assert set(found) == {pk for pk, seen in what.items() if seen.known}, (seed, viewer.name)
                for pk, child in found.items():
                    assert facts_of(child).restricted == small.restricted(child), (seed, viewer.name)
                    assert facts_of(child).whole == what[pk].whole, (seed, viewer.name)
                    assert facts_of(child).entries == bool(what[pk].entries), (seed, viewer.name)
                    if what[pk].entries:
                        assert entries_opened(pk, viewer, at) == what[pk].entries, (seed, viewer.name)
                    levels = category_levels(viewer, facts_of(child), matrix)
                    expected = {name: oracle.level(viewer.role_key, name, what[pk], TABLE) for name in CATEGORIES}
                    assert {name: level.name for name, level in levels.items()} == expected, (seed, viewer.name)
                entries = ChronologyEntry.objects.visible_to(viewer, at=at, matrix=matrix)
                readable = {row.id for row in small.entries if oracle.reads(viewer, row, what[row.child], TABLE)}
                assert {row.pk for row in entries} == readable, (seed, viewer.name)
                shown, hidden = shown + len(readable), hidden + len(small.entries) - len(readable)
            transaction.set_rollback(True)
    assert shown > 500
    assert hidden > 5_000


def test_nobody_sees_a_file_and_a_part_of_the_system_sees_each(world, at):
    viewers = viewers_of(world)
    small = make_small_world(random.Random(7), viewers, at, world.viewer("guardian"))
    matrix = matrix_in_force(on=at.date())
    without_role = Viewer(user_id=world.user("triage").pk, name="Thea Okonjo")

    for viewer in (NOBODY, without_role):
        assert not Child.objects.visible_to(viewer, at=at).exists()
        assert not ChronologyEntry.objects.visible_to(viewer, at=at, matrix=matrix).exists()
    system = system_viewer(SystemPrincipal.SWEEP)
    assert set(Child.objects.visible_to(system, at=at)) == set(small.children)
    assert ChronologyEntry.objects.visible_to(system, at=at, matrix=matrix).count() == len(small.entries)


def test_the_projection_covers_what_is_live_and_holds_nothing_else(world, at):
    """Lists start from the projection: a live grant outside it would vanish, a row without a grant would linger."""
    viewers = viewers_of(world)
    memberships = {row.pk: row for row in [*world.memberships.values()]}
    viewers = [viewer for viewer in viewers if viewer.membership_id in memberships]
    for seed in range(20):
        dice = random.Random(1000 + seed)
        with transaction.atomic():
            children = [Child.objects.create(given_name=f"Child {n}", family_name="Small") for n in range(2)]
            for _ in range(10):
                viewer = dice.choice(viewers)
                to_group = dice.random() < 0.5
                start = at - timedelta(hours=dice.randint(1, 48))
                until = dice.choice([None, at + timedelta(hours=1), start + timedelta(minutes=30)])
                made = access.grant_access(
                    child_id=dice.choice(children).pk,
                    reason=GrantReason.SHARE if to_group else GrantReason.ALLOCATION,
                    at=start,
                    by=None,
                    group=world.agencies[agency_key(world, viewer)].group if to_group else None,
                    membership=None if to_group else memberships[viewer.membership_id],
                    categories=some_categories(dice),
                    valid_until=until,
                )
                if dice.random() < 0.3:
                    access.end_grants(grants=AccessGrant.objects.filter(pk=made.pk), at=at, by=None, why="Ended")
            assert_projected(at)
            transaction.set_rollback(True)


def agency_key(world: World, viewer: Viewer) -> str:
    return next(key for key, agency in world.agencies.items() if agency.pk == viewer.agency_id)


def assert_projected(at: datetime) -> None:
    live: dict[tuple[str, Any, Any], list[AccessGrant]] = {}
    unended: set[tuple[str, Any, Any]] = set()
    for row in AccessGrant.objects.select_related("membership"):
        subject = ("group", row.group_id) if row.group_id else ("user", row.membership.user_id)  # type: ignore[union-attr]
        key = (*subject, row.child_id)
        if row.ended_at is None:
            unended.add(key)
            if row.valid_until is None or row.valid_until > at:
                live.setdefault(key, []).append(row)
    projected = {("group", row.group_id, row.content_object_id): row for row in ChildGroupGrant.objects.all()}
    projected |= {("user", row.user_id, row.content_object_id): row for row in ChildUserGrant.objects.all()}
    assert set(live) <= set(projected) <= unended
    for key, grants in live.items():
        row = projected[key]
        mask = 0
        for each in grants:
            mask |= each.category_mask
        assert row.valid_from <= min(grant.valid_from for grant in grants)
        ends = [grant.valid_until for grant in grants]
        assert row.valid_until is None or (None not in ends and row.valid_until >= max(ends))  # type: ignore[type-var]
        assert row.category_mask & mask == mask


TICK = timedelta(microseconds=1)


# Start, until and ended, in steps of a microsecond from now, and whether a grant with them is live.
LIVE = [
    (0, None, None, True),
    (1, None, None, False),
    (-1, 0, None, False),
    (-1, 1, None, True),
    (-1, None, 0, False),
    (-1, None, 1, True),
    (-1, 1, 0, False),
    (-1, 0, 1, False),
    (1, None, 2, False),
]


@pytest.mark.parametrize(("start", "until", "ended", "live"), LIVE)
def test_a_grant_holds_from_its_start_up_to_but_not_at_its_end(world, at, start, until, ended, live):
    """Asked of the query that decides, a microsecond to either side; start, until and ended are such steps from now."""
    child = make_child()
    grant(
        child,
        world.agency("social_care"),
        valid_from=at + start * TICK,
        valid_until=None if until is None else at + until * TICK,
        ended_at=None if ended is None else at + ended * TICK,
    )
    assert Child.objects.visible_to(world.viewer("socialworker"), at=at).filter(pk=child.pk).exists() is live

"""Worlds of many files: twenty agencies and two function groups, with everything in the way that real grants have.

The files are written as the demo writes its crowd, without their history. The same number gives the same world.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.choices import FunctionKey, Sector
from accounts.models import Agency, Membership
from accounts.rules.viewers import Viewer
from accounts.selectors import viewer_of
from cases.access.choices import Category, GrantReason
from cases.access.rules import FileFacts, Matrix, mask_of
from cases.access.selectors import matrix_in_force
from cases.record.choices import EntryKind, InvolvementRole, RiskLevel
from config.demo.children import ChildPlan
from config.demo.copying import Say, bared
from config.demo.crowd import AT_ONCE, SAID_AFTER, crowd_of
from config.demo.filing import MODELS, File, Filing, Given, Told, new_id, reference_of
from config.demo.texts import stream
from tests.bench.databases import Database
from tests.factories import accounts as people

OLDEST = -1  # in place of a seed: this agency sees the files at the far end
SHARES: dict[str, tuple[float, int]] = {
    "ninety": (0.9, 1), "thirty": (0.3, 2), "twenty": (0.2, 3), "ten": (0.1, 4), "tenth": (0.1, 5),
    "eight": (0.08, 6), "five": (0.05, 7), "oldest": (0.05, OLDEST), "fifth": (0.05, 8), "four": (0.04, 9),
    "three": (0.03, 10), "third": (0.03, 11), "two": (0.02, 12), "one": (0.01, 13), "first": (0.01, 14),
    "half": (0.005, 15), "halves": (0.005, 16), "fifths": (0.002, 17), "thousandth": (0.001, 18),
    "thousandths": (0.001, 19),
}  # fmt: skip
FUNCTIONS = {FunctionKey.PANEL_OFFICE: (0.2, 20), FunctionKey.DATA_GUARDIANS: (0.05, 21)}
ROLE = "csc_social_worker"
HOUR, DAY, YEARS = timedelta(hours=1), timedelta(days=1), timedelta(days=5 * 365)
# So many of an agency's grants begin tomorrow, however many files it sees: they are the work of one day.
BEGIN_TOMORROW = 20
NAMED_ON = 20
BUSY_FILES, BUSY_ENTRIES = 100, 30
LEVELS = (RiskLevel.NOT_ASSESSED, RiskLevel.LOW, RiskLevel.MEDIUM, RiskLevel.HIGH)
# The first is the one that every file has: a share opens it too.
CATEGORIES = (Category.MISSING, Category.ASSESSMENT, Category.FAMILY, Category.INTELLIGENCE, Category.HEALTH_SENSITIVE)
SHARED = mask_of([Category.IDENTITY, Category.CONTACT_ADDRESS, Category.LEVEL, Category.MISSING])


@dataclass
class World:
    """A loaded world: where it is, and who looks at it."""

    database: Database
    files: int
    at: datetime
    viewers: dict[str, Viewer] = field(default_factory=dict)
    members: dict[str, Membership] = field(default_factory=dict)
    groups: dict[str, int] = field(default_factory=dict)
    matrix: Matrix | None = None
    facts: FileFacts = field(default_factory=lambda: FileFacts(restricted=False))


def load_world(database: Database, *, files: int, like: int, say: Say) -> World:
    """A world of `files` files in which each agency sees as many as it would among `like`, up to all of them.

    So a page and its count are the same work in a small world and in a large one, and what differs is the size.
    """
    world = World(database, files, datetime.now(UTC))
    with database.as_owner() as cursor:
        cursor.execute("SET synchronous_commit = off")
        _make_people(world)
        with transaction.atomic(), bared(cursor, MODELS, say=lambda _: None):
            _load_files(cursor, world, like, say)
        # For guardian, which reads a table that the product never lets the serving role read.
        cursor.execute("GRANT SELECT ON accounts_user_groups, auth_group_permissions TO harbour_app")
        # For the lists without permission that ours are compared with.
        cursor.execute("CREATE INDEX bench_opened ON cases_child (opened_at DESC, id DESC)")
        for model in MODELS:
            cursor.execute(f"VACUUM (ANALYZE) {model._meta.db_table}")
        world.matrix = matrix_in_force(on=timezone.localdate(world.at))
    return world


def _make_people(world: World) -> None:
    """The agencies and functions, and one viewer at each agency; "three_groups" serves two functions as well."""
    for name in SHARES:
        agency = people.make_agency(f"Agency {name}", sector=Sector.SOCIAL_CARE)
        user = people.make_user(f"{name}", full_name=f"Worker of {name}")
        user.groups.add(agency.group)  # where guardian looks
        world.groups[name], world.members[name] = agency.group_id, people.make_membership(user, agency, role=ROLE)
    for key in FUNCTIONS:
        world.groups[key.value] = people.make_function(key).group_id
    ninety = Agency.objects.get(group_id=world.groups["ninety"])
    both = people.make_user("three_groups")
    functions = tuple(key.value for key in FUNCTIONS)
    world.members["three_groups"] = people.make_membership(both, ninety, role=ROLE, functions=functions)
    for name, member in world.members.items():
        world.viewers[name] = viewer_of(Membership.objects.select_related("agency", "user").get(pk=member.pk))


def _load_files(cursor: Any, world: World, like: int, say: Say) -> None:
    """Files, newest activity first; one in a hundred restricted, one in five hundred merged into the one before."""
    # Lists hold what the last night left in them: what has run out since is still there.
    filing = Filing(cursor, rng=stream(1, "bench"), at=world.at - 2 * HOUR)
    filing.know(group_ids=list(world.groups.values()), members=list(world.members.values()))
    reaches = [
        Reach(world.groups[name], min(share * like, world.files) / world.files, seed == OLDEST)
        for name, (share, seed) in (SHARES | {key.value: row for key, row in FUNCTIONS.items()}).items()
    ]
    before, restricted = None, 0
    for i, plan in enumerate(crowd_of(count=world.files, seed=1, until=world.at), 1):
        file = _file(filing.rng, world, plan, i, before)
        before, restricted = file.id, restricted + file.restricted
        _write(filing, file, world, i)
        named = world.members.values() if file.restricted and restricted <= NAMED_ON else ()
        grants = [Given(GrantReason.NAMED, file.opened_at, membership=member) for member in named]
        filing.give(file, [*_grants(filing.rng, file, world, i, reaches), *grants])
        for viewer in world.viewers.values():
            if i == 12 or filing.rng.random() < 0.005:
                filing.block(file, viewer)
        if i % AT_ONCE == 0 or i == world.files:
            filing.copy()
        if i % SAID_AFTER == 0:
            say(f"  {i:,} of {world.files:,} files copied")


@dataclass
class Reach:
    """A group, the share of all files it may see, and how many of its grants begin tomorrow."""

    group_id: int
    share: float
    oldest: bool
    tomorrow: int = 0

    def includes(self, i: int, files: int, rng: Random) -> bool:
        """Whether the file of a number is among them: drawn, or for one agency the oldest ones."""
        return i > files - round(self.share * files) if self.oldest else rng.random() < self.share


def _file(rng: Random, world: World, plan: ChildPlan, i: int, before: str | None) -> File:
    merged = before if rng.random() < 0.002 else None
    due = None if i % 4 == 0 else world.at.date() + timedelta(days=i % 60 - 10)
    return File(
        new_id(rng), reference_of(i), plan, world.at - i / world.files * YEARS, world.viewers["ninety"],
        level=LEVELS[i % 4], review_due_on=due, restricted=rng.random() < 0.01, merged_into=merged,
    )  # fmt: skip


def _write(filing: Filing, file: File, world: World, i: int) -> None:
    """The child with what is known of it; the newest files have long timelines."""
    filing.open(file)
    filing.home(file, since=file.opened_at.date())
    if i % 10 == 0:
        filing.alias(file, f"{filing.rng.choice(('Ellie', 'Jake', 'Mo', 'Sunny'))} {file.plan.family_name}")
    filing.involve(file, world.members["ninety"], role=InvolvementRole.SOCIAL_WORKER, at=file.opened_at, lead=True)
    for k in range(BUSY_ENTRIES if i <= BUSY_FILES else 1):
        what = "Was seen at the harbour again.", "Told the duty worker, who rang home and agreed when to visit."
        told = Told(EntryKind.OBSERVATION, CATEGORIES[k % 5], file.opened_at - k * DAY, file.opened_at, *what)
        filing.tell(file, told, by=file.by)


def _grants(rng: Random, file: File, world: World, i: int, reaches: list[Reach]) -> Iterator[Given]:
    """What the groups were given. Of a hundred grants two have just run out, two were ended, two were ended and given
    again, ten are a panel's, and ten open a few categories alone.
    """
    for reach in reaches:
        if not reach.includes(i, world.files, rng):
            continue
        since, state = file.opened_at - 30 * DAY, rng.random()
        given: dict[str, Any] = {"reason": GrantReason.INVOLVEMENT, "valid_from": since, "group_id": reach.group_id}
        if state < 0.02:
            given |= {"valid_until": world.at - HOUR, "valid_from": min(since, world.at - 31 * DAY)}
        elif state < 0.04 and reach.tomorrow < BEGIN_TOMORROW:
            reach.tomorrow += 1
            given["valid_from"] = world.at + DAY
        elif 0.04 <= state < 0.06:
            given["ended_at"] = world.at
        elif 0.06 <= state < 0.08:
            yield Given(**{**given, "valid_from": since - 90 * DAY, "ended_at": since - 60 * DAY})
        elif 0.10 <= state < 0.20:
            given |= {"reason": GrantReason.PANEL, "valid_until": world.at + 40 * DAY}
        elif 0.20 <= state < 0.30:
            given |= {"reason": GrantReason.SHARE, "category_mask": SHARED}
        yield Given(**given)

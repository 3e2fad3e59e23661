"""Whole files as rows to be copied: the child, what is known of it, who works with it, who may see it, what happened.

Each row holds what the services would have written; the projection of the grants follows from the product's own rule.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db.models import Model

from accounts.models import Membership
from accounts.rules.viewers import Viewer
from cases.access.choices import ALL_CATEGORIES, CATEGORY_BITS, Category, GrantReason
from cases.access.models import AccessGrant, Block, ChildGroupGrant, ChildUserGrant, FileActivity
from cases.access.services import hull_of, reading_roles, told_to, view_permission
from cases.record.choices import AddressKind, EntryKind, IdentifierKind, InvolvementRole, RiskLevel, Source
from cases.record.models import (
    REFERENCE_ALPHABET,
    Address,
    Alias,
    Child,
    ChronologyEntry,
    Identifier,
    Involvement,
    PlanPeriod,
    SchoolPeriod,
    Spell,
)
from config.demo.children import ChildPlan
from config.demo.copying import Copied
from config.demo.times import day_of

ENTRY = ("id", "child", "category", "author", "author_membership", "agency", "source", "recorded_at")
DATED = (*ENTRY, "started_on", "ended_on")
WINDOW = ("valid_from", "valid_until", "category_mask", "told_mask", "last_activity_at")
COLUMNS: dict[type[Model], tuple[str, ...]] = {
    Child: (
        "id", "reference", "given_name", "family_name", "preferred_name", "birth_date", "sex", "ethnicity",
        "disability", "first_language", "level", "level_judged_at", "harm_status", "review_due_on", "restricted",
        "merged_into", "opened_at",
    ),
    Spell: (*DATED, "end_reason"),
    Involvement: (*DATED, "membership", "working_agency", "role", "is_lead", "end_note"),
    Identifier: (*ENTRY, "kind", "value"),
    Alias: (*ENTRY, "name", "note"),
    Address: (*DATED, "kind", "lines", "postcode", "area"),
    PlanPeriod: (*DATED, "status"),
    SchoolPeriod: (*DATED, "school", "note"),
    ChronologyEntry: (*ENTRY, "kind", "happened_at", "summary", "detail"),
    AccessGrant: (
        "id", "child", "group", "membership", "reason", "category_mask", "source_id", "granted_by", "granted_at",
        "valid_from", "valid_until", "ended_at", "ended_by", "end_reason",
    ),
    Block: ("id", "child", "user", "reason", "placed_by", "placed_at"),
    FileActivity: ("child", "category_mask", "at"),
    ChildGroupGrant: ("content_object", "group", "permission", *WINDOW),
    ChildUserGrant: ("content_object", "user", "permission", *WINDOW),
}  # fmt: skip
MODELS = tuple(COLUMNS)
SIGNS = len(REFERENCE_ALPHABET)
REFERENCES = SIGNS**7
# A prime that is none of the alphabet's factors: its multiples meet every reference once before one comes again.
SCATTER = 7_368_787
# What makes 128 drawn bits a random UUID.
FREE_BITS, RANDOM_UUID = ~(0xF << 76 | 0x3 << 62), 0x4 << 76 | 0x2 << 62


@dataclass(slots=True)
class Given:
    """A grant to a group or to a person under one membership, as `AccessGrant` keeps it."""

    reason: GrantReason
    valid_from: datetime
    group_id: int | None = None
    membership: Membership | None = None
    valid_until: datetime | None = None
    category_mask: int = ALL_CATEGORIES
    source_id: str | None = None
    ended_at: datetime | None = None
    end_reason: str = ""

    @property
    def subject(self) -> tuple[str, int]:
        """Whose row of the projection it stands behind."""
        if self.membership is not None:
            return "user", self.membership.user_id
        assert self.group_id is not None
        return "group", self.group_id


@dataclass(slots=True)
class Told:
    """Something on the timeline."""

    kind: EntryKind
    category: Category
    happened_at: datetime
    recorded_at: datetime
    summary: str
    detail: str = ""


@dataclass
class File:
    """One file as it will stand in the tables, with the person who took it in."""

    id: str
    reference: str
    plan: ChildPlan
    opened_at: datetime
    by: Viewer
    level: RiskLevel = RiskLevel.NOT_ASSESSED
    level_judged_at: datetime | None = None
    review_due_on: date | None = None
    restricted: bool = False
    merged_into: str | None = None
    activity: dict[int, datetime] = field(default_factory=dict)


def reference_of(number: int) -> str:
    """The reference of a number: seven signs, another for each number below thirty to the seventh."""
    scattered, signs = number * SCATTER % REFERENCES, ""
    for _ in range(7):
        scattered, place = divmod(scattered, SIGNS)
        signs += REFERENCE_ALPHABET[place]
    return f"{signs[:3]}-{signs[3:]}"


def new_id(rng: random.Random) -> str:
    """A random key, foretold by the seed."""
    return f"{rng.getrandbits(128) & FREE_BITS | RANDOM_UUID:032x}"


class Filing:
    """Turns files into lines for the tables, some thousands at a time, and copies them."""

    def __init__(self, cursor: Any, *, rng: random.Random, at: datetime) -> None:
        self.cursor, self.rng, self.at = cursor, rng, at
        self.tables = {model: Copied(model, *names) for model, names in COLUMNS.items()}
        self.permission_id = view_permission().pk
        self.told: dict[tuple[str, int], int] = {}
        self.authors: dict[int | None, tuple[str, str, str]] = {}

    def know(self, *, group_ids: Sequence[int], members: Sequence[Membership]) -> None:
        """Ask once what each group and each person may be told of, for the order of their lists."""
        held: dict[tuple[str, int], set[str]] = {
            ("group", group_id): roles for group_id, roles in reading_roles(group_ids, self.at).items()
        }
        for member in members:
            held.setdefault(("user", member.user_id), set()).add(member.role)
        self.told = told_to(held, self.at)

    def copy(self) -> None:
        """Send what was collected; what is kept in memory is never more than since the last time."""
        for table in self.tables.values():
            table.copy(self.cursor)

    def open(self, file: File, *, ended_on: date | None = None, end_reason: str = "") -> None:
        """The child and the time of casework."""
        plan = file.plan
        self.tables[Child].add(
            file.id, file.reference, plan.given_name, plan.family_name, plan.preferred_name, plan.birth_date,
            plan.sex.value, plan.ethnicity.value, plan.disability.value, plan.language, file.level.value,
            file.level_judged_at, plan.harm.value, file.review_due_on, file.restricted, file.merged_into,
            file.opened_at,
        )  # fmt: skip
        held = (day_of(file.opened_at), ended_on, end_reason)
        self._entry(Spell, file, Category.IDENTITY, *held, source=Source.PROFESSIONAL)

    def home(self, file: File, *, since: date) -> None:
        """Where the child lives, since a day."""
        home = file.plan.home
        told = (AddressKind.HOME.value, home.lines, home.postcode, home.area)
        self._entry(Address, file, Category.CONTACT_ADDRESS, since, None, *told)

    def facts(self, file: File, *, since: date, social_care_number: str = "") -> None:
        """Number, plan and school, each as it has been since a day."""
        plan = file.plan
        if social_care_number:
            self._entry(Identifier, file, Category.IDENTITY, IdentifierKind.SOCIAL_CARE.value, social_care_number)
        self._entry(PlanPeriod, file, Category.IDENTITY, since, None, plan.plan.value)
        note = "Not attending" if plan.traits.get("not_in_school") else ""
        self._entry(SchoolPeriod, file, Category.IDENTITY, since, None, plan.school, note)

    def alias(self, file: File, name: str, note: str = "") -> None:
        """Another name of the child."""
        self._entry(Alias, file, Category.IDENTITY, name, note)

    def involve(
        self,
        file: File,
        member: Membership,
        *,
        role: InvolvementRole,
        at: datetime,
        lead: bool = False,
        ended_on: date | None = None,
        end_note: str = "",
    ) -> str:
        """A worker who works with the child. Returns the key that the grants name as where they come from."""
        key = new_id(self.rng)
        shared = self._shared(file, Category.IDENTITY, Source.PROFESSIONAL, at)
        worker = (member.pk, member.agency_id, role.value, lead, end_note)
        self.tables[Involvement].add(key, *shared, day_of(at), ended_on, *worker)
        return key

    def tell(self, file: File, told: Told, *, by: Viewer, source: Source = Source.PROFESSIONAL) -> None:
        """One entry on the timeline."""
        shared = self._shared(file, told.category, source, told.recorded_at, by)
        texts = (told.kind.value, told.happened_at, told.summary, told.detail)
        self.tables[ChronologyEntry].add(new_id(self.rng), *shared, *texts)

    def give(self, file: File, grants: Sequence[Given]) -> None:
        """The grants of a file with their rows of the projection, after everything else on it."""
        still_open: dict[tuple[str, int], list[Given]] = {}
        for grant in sorted(grants, key=lambda given: given.valid_from):
            self._grant(file, grant)
            if grant.ended_at is None and (grant.valid_until is None or grant.valid_until > self.at):
                still_open.setdefault(grant.subject, []).append(grant)
        for bit, latest in file.activity.items():
            self.tables[FileActivity].add(file.id, bit, latest)
        for subject, behind in still_open.items():
            self._project(file, subject, hull_of(behind, file.activity, self.told[subject]))

    def block(self, file: File, viewer: Viewer) -> None:
        """Somebody who may not know of the file."""
        placed = ("A relative.", file.by.user_id, file.opened_at)
        self.tables[Block].add(new_id(self.rng), file.id, viewer.user_id, *placed)

    def _grant(self, file: File, grant: Given) -> None:
        ended = (grant.ended_at, file.by.user_id if grant.ended_at else None, grant.end_reason)
        since = str(grant.valid_from)
        membership_id = grant.membership.pk if grant.membership else None
        self.tables[AccessGrant].add(
            new_id(self.rng), file.id, grant.group_id, membership_id, grant.reason.value, grant.category_mask,
            grant.source_id, file.by.user_id, since, since, grant.valid_until, *ended,
        )  # fmt: skip

    def _project(self, file: File, subject: tuple[str, int], row: Mapping[str, Any]) -> None:
        kind, subject_id = subject
        table = self.tables[ChildGroupGrant if kind == "group" else ChildUserGrant]
        table.add(file.id, subject_id, self.permission_id, *(row[name] for name in WINDOW))

    def _shared(
        self, file: File, category: Category, source: Source, at: datetime, by: Viewer | None = None
    ) -> tuple[object, ...]:
        """What every entry says of itself, but for its key."""
        author, bit = by or file.by, CATEGORY_BITS[category]
        file.activity[bit] = max(at, file.activity.get(bit, at))
        if author.user_id not in self.authors:
            self.authors[author.user_id] = str(author.user_id), str(author.membership_id), str(author.agency_id)
        return file.id, category.value, *self.authors[author.user_id], source.value, at

    def _entry(
        self, model: type[Model], file: File, category: Category, *values: object, source: Source = Source.RECORD
    ) -> None:
        shared = self._shared(file, category, source, file.opened_at)
        self.tables[model].add(new_id(self.rng), *shared, *values)

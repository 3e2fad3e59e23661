"""One child's time with the partnership, written event by event through the product's own services."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from accounts.rules.viewers import Viewer
from cases.access.choices import Category
from cases.access.services import end_grants_from, record_activity
from cases.record.choices import EntryKind, Source, SpellEnd
from cases.record.models import Child, ChronologyEntry, Involvement, Spell
from cases.record.services import (
    add_chronology,
    bump_version,
    change_lead,
    end_involvement,
    involve,
    provenance,
)
from config.demo.children import ChildPlan
from config.demo.circle import Part
from config.demo.narratives import Teller
from config.demo.people import World
from config.demo.times import on_day

Event = tuple[datetime, int, Callable[[datetime], None]]


@dataclass
class Look:
    """Somebody opened the file at this moment."""

    username: str
    at: datetime


@dataclass
class Life:
    """A child's file and everything that is going to happen on it, in the order in which it happens.

    Events are collected first and run in order of time, so that access begins before what it lets people write.
    Nothing is written at or after `until`, the start of the day on which the demo is made.
    """

    plan: ChildPlan
    child: Child
    world: World
    rng: random.Random
    opened_at: datetime
    until: datetime
    teller: Teller
    parts: dict[str, Part] = field(default_factory=dict)
    involvements: dict[str, UUID] = field(default_factory=dict)
    joined_at: dict[str, datetime] = field(default_factory=dict)
    left_at: dict[str, datetime] = field(default_factory=dict)
    written: list[ChronologyEntry] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    def plan_event(self, at: datetime, happen: Callable[[datetime], None]) -> None:
        """Let something happen at an instant, unless that lies after the file was closed or has not come yet."""
        if self.opened_at <= at < self.end:
            self.events.append((at, len(self.events), happen))

    @property
    def end(self) -> datetime:
        """When casework ended, or the day on which the demo is made."""
        closed = self.plan.closed_on
        return min(self.until, on_day(closed, 17)) if closed else self.until

    def viewer(self, username: str) -> Viewer:
        return self.world.viewers[username]

    def accepted(self) -> None:
        """Take over whom the triage decision brought: the lead, and the referrer who may read files."""
        names = {member.pk: name for name, member in self.world.members.items()}
        for row in Involvement.objects.filter(child=self.child, membership__isnull=False):
            assert row.membership_id is not None
            name = names[row.membership_id]
            self.involvements[name], self.joined_at[name] = row.pk, self.opened_at

    def run(self) -> None:
        """Write what has been planned, in order of time; then close the file where it was closed."""
        for at, _, happen in sorted(self.events, key=lambda event: event[:2]):
            happen(at)
        ChronologyEntry.objects.bulk_create(sorted(self.written, key=lambda entry: entry.recorded_at))
        for entry in self.written:
            record_activity(child_id=self.child.pk, category=entry.category, at=entry.recorded_at)
        if self.plan.closed_on:
            self._close()

    def workers(self, *usernames: str) -> list[str]:
        """Those of the given people who work with this child."""
        return [name for name in usernames if name in self.joined_at]

    def works_at(self, username: str, at: datetime) -> bool:
        """Whether somebody works with the child at an instant."""
        left = self.left_at.get(username)
        return username in self.joined_at and self.joined_at[username] <= at and (left is None or at < left)

    def entry(
        self,
        username: str,
        *,
        at: datetime,
        kind: EntryKind,
        category: Category,
        summary: str,
        detail: str = "",
        source: Source = Source.OWN_OBSERVATION,
        third_party: bool = False,
        written_at: datetime | None = None,
    ) -> None:
        """Plan one entry on the timeline, by somebody who works with the child then, written an hour or so after."""
        recorded_at = written_at or at + timedelta(minutes=self.rng.randint(20, 200))
        if recorded_at >= self.end or not self.works_at(username, recorded_at):
            return

        self.written.append(
            ChronologyEntry(
                child=self.child,
                kind=kind,
                happened_at=at,
                summary=summary,
                detail=detail,
                third_party=third_party,
                recorded_at=recorded_at,
                **provenance(self.viewer(username), category, source=source),
            )
        )
        self.looks.append(Look(username, recorded_at - timedelta(minutes=self.rng.randint(2, 15))))

    def join(self, part: Part, *, at: datetime, by: str) -> None:
        """Plan that a worker joins, and leaves again where the part has an end."""
        if not (self.opened_at <= at < self.end):
            return
        self.parts[part.username], self.joined_at[part.username] = part, at

        def happen(joined: datetime) -> None:
            member = self.world.members[part.username]
            row = involve(
                child=self.child,
                agency=member.agency,
                role=part.role,
                membership=member,
                at=joined,
                by=self.viewer(by),
            )
            self.involvements[part.username] = row.pk

        self.plan_event(at, happen)
        if part.lasts is not None:
            self.leave(part.username, at=at + part.lasts, by=by)

    def leave(self, username: str, *, at: datetime, by: str) -> None:
        """Plan that a worker who does not lead steps back, with the access that came with it."""
        if at >= self.end:
            return
        self.left_at[username] = at

        def happen(left: datetime) -> None:
            end_involvement(
                child=self.child,
                involvement_id=self.involvements[username],
                note=self.teller.tell("involvement", "end_note"),
                version=self.version(),
                at=left,
                by=self.viewer(by),
            )

        self.plan_event(at, happen)

    def hand_over(self, *, to: str, at: datetime, by: str) -> None:
        """Plan that another worker of this child takes the lead, with the reason the child can be told."""

        def happen(changed: datetime) -> None:
            change_lead(
                child=self.child,
                involvement_id=self.involvements[to],
                reason=self.teller.tell("involvement", "handover"),
                version=self.version(),
                at=changed,
                by=self.viewer(by),
            )

        if self.works_at(to, at):
            self.plan_event(at, happen)

    def version(self) -> int:
        """The version the file has now: a page opened this moment would carry it."""
        self.child.refresh_from_db(fields=["version"])
        return self.child.version

    def _close(self) -> None:
        """End casework: the spell with its reason, and each involvement with the access that came with it."""
        assert self.plan.closed_on is not None
        at = on_day(self.plan.closed_on, 17)
        by = self.viewer("coordinator")
        adult = self.plan.age_on(self.plan.closed_on) >= 18
        moved = self.rng.random() < 0.15
        reason = SpellEnd.ADULT if adult else SpellEnd.MOVED if moved else SpellEnd.SAFER
        note = self.teller.tell("closing", "notes")
        bump_version(child=self.child, version=self.version())
        Child.objects.filter(pk=self.child.pk).update(review_due_on=None)
        Spell.objects.filter(child=self.child, ended_on=None).update(ended_on=self.plan.closed_on, end_reason=reason)
        for row in Involvement.objects.filter(child=self.child, ended_on=None).order_by("started_on", "pk"):
            row.ended_on, row.end_note = self.plan.closed_on, note
            row.save(update_fields=["ended_on", "end_note"])
            end_grants_from(source_id=row.pk, at=at, by=by, why="Casework ended")
        add_chronology(
            child=self.child,
            kind=EntryKind.INVOLVEMENT,
            category=Category.IDENTITY,
            happened_at=at,
            summary=f"Casework ended: {reason.label.lower()}.",
            detail=note,
            at=at,
            by=by,
        )

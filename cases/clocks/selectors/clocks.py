"""Clocks: what runs, what is late, whose it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db.models import DateField, Exists, F, Field, IntegerField, OuterRef, Q, QuerySet, UUIDField, Value
from django.db.models.functions import Cast

from accounts.models import DefinitionVersion
from accounts.rules.viewers import Viewer
from accounts.selectors.definitions import definition_in_force
from cases.clocks.choices import ClockKind, ClockState
from cases.clocks.models import Clock
from cases.clocks.rules import ClockDefinition, read_clock

ShouldRun = Callable[[datetime], QuerySet[Any]]
Addresses = Callable[[list[UUID]], dict[UUID, str]]
HiddenFiles = Callable[[Viewer, datetime], QuerySet[Any]]  # of files, which are asked for one by one
# Filled by `services.register_should_run`: what should be running, and the page where each subject is dealt with.
SHOULD_RUN: dict[ClockKind, ShouldRun] = {}
ADDRESSES: dict[str, Addresses] = {}
# Filled by `services.register_hidden_files`: files that a viewer may not know of whatever they were told, by a conflict
# of interest or because the file is open to named people only.
HIDDEN_FILES: list[HiddenFiles] = []
# What a query of `SHOULD_RUN` gives (made by `should_run`), in this order.
COLUMNS = ("run_subject", "run_child", "run_anchor", "run_due_on", "run_membership", "run_group")


def should_run(
    rows: QuerySet[Any],
    *,
    anchored_at: str,
    subject_id: str = "pk",
    child_id: str | None = None,
    due_on: str | None = None,
    owner_membership_id: str | None = None,
    owner_group_id: str | None = None,
) -> QuerySet[Any]:
    """Rows as a query of `SHOULD_RUN` gives them: each argument leads from a row to the value of its column.

    A column that is not named is empty.
    """

    def column(path: str | None, empty: Field[Any, Any]) -> Any:
        return F(path) if path else Cast(Value(None), empty)

    return rows.values(
        run_subject=F(subject_id),
        run_child=column(child_id, UUIDField()),
        run_anchor=F(anchored_at),
        run_due_on=column(due_on, DateField()),
        run_membership=column(owner_membership_id, UUIDField()),
        run_group=column(owner_group_id, IntegerField()),
    )


def clock_in_force(kind: ClockKind, *, on: date) -> DefinitionVersion:
    """The version of a clock's definition that holds on a day."""
    return definition_in_force("clock", kind, on=on)


def definition_of(version: DefinitionVersion) -> ClockDefinition:
    """What a published version says."""
    return _parsed(version.body)


@lru_cache(maxsize=64)
def _parsed(body: str) -> ClockDefinition:
    return read_clock(body)


def clock_of(kind: ClockKind, subject_id: UUID) -> Clock | None:
    """The clock of a subject: the one that runs, else the latest."""
    rows = Clock.objects.filter(kind=kind, subject_id=subject_id).select_related("definition")
    return min(rows, key=lambda row: (row.state != ClockState.RUNNING, -row.started_at.timestamp()), default=None)


def running_owner(kind: ClockKind, subject_id: UUID) -> UUID | None:
    """Who owes what a running clock waits for, by membership; None where nobody does, or none runs."""
    running = Clock.objects.filter(kind=kind, subject_id=subject_id, state=ClockState.RUNNING)
    return running.values_list("owner_membership_id", flat=True).first()


def clocks_by_subject(kind: ClockKind, subject_ids: Iterable[UUID]) -> dict[UUID, Clock]:
    """The clock of each subject, in one question: the one that runs, else the latest."""
    rows = Clock.objects.filter(kind=kind, subject_id__in=list(subject_ids)).select_related("definition")
    ordered = sorted(rows, key=lambda row: (row.state == ClockState.RUNNING, row.started_at))
    return {row.subject_id: row for row in ordered}


def clocks_of(child_id: UUID, kinds: Iterable[ClockKind] | None = None) -> list[Clock]:
    """The clocks on a file, those that run first, by when they are due."""
    rows = Clock.objects.filter(child_id=child_id).select_related("definition", "owner_membership__user")
    if kinds is not None:
        rows = rows.filter(kind__in=list(kinds))
    return sorted(rows, key=lambda row: (row.state != ClockState.RUNNING, row.due_at, str(row.pk)))


def without_hidden(rows: QuerySet[Any], viewer: Viewer, at: datetime) -> QuerySet[Any]:
    """Rows with a `child`, less those about files that the viewer may not know of."""
    for hidden in HIDDEN_FILES:
        rows = rows.exclude(Exists(hidden(viewer, at).filter(pk=OuterRef("child_id"))))
    return rows


def running_clocks(viewer: Viewer, *, at: datetime, kinds: Iterable[ClockKind] | None = None) -> QuerySet[Clock]:
    """What runs and is owed by the viewer or by a group the viewer serves in, the soonest due first."""
    mine = Q(owner_membership_id=viewer.membership_id, owner_membership__isnull=False)
    ours = Q(owner_membership=None, owner_group_id__in=viewer.group_ids)
    rows = Clock.objects.filter(mine | ours, state=ClockState.RUNNING)
    if kinds is not None:
        rows = rows.filter(kind__in=list(kinds))
    return without_hidden(rows, viewer, at).order_by("due_at", "pk")


def address_of(kind: str, subject_id: UUID) -> str:
    """The page on which a subject is dealt with; empty where no app has said, or where it is gone."""
    return addresses_of(kind, [subject_id]).get(subject_id, "")


def addresses_of(kind: str, subject_ids: Iterable[UUID]) -> dict[UUID, str]:
    """The pages on which subjects of one kind are dealt with, in one question."""
    found = ADDRESSES.get(kind)
    return found(list(subject_ids)) if found is not None else {}

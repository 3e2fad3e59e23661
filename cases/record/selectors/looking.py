"""Who looked at a file, and who was refused."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from accounts.choices import AccessOutcome
from accounts.models import AccessEvent, Agency, User
from accounts.rules.sign_in import SIGN_IN
from accounts.rules.viewers import Viewer
from cases.access.choices import GrantReason
from cases.access.models import AccessGrant
from cases.access.selectors import live_grants_on
from cases.record.models import Child
from cases.record.selectors.hidden import blocks_on, known_or_no_file
from cases.record.selectors.lists import files_known

# Who looks at these pages tells of whom somebody thinks. A conflict that one declared oneself is among them.
CONFLICT_PAGES = frozenset(
    f"cases:{name}" for name in ("add_conflict", "place_conflict", "conflicts", "conflict", "possible_conflict")
)
# A week's digest names a file where a look at it is in question: whoever read that would know it before they are asked.
QUESTION_PAGES = frozenset({"cases:look_digest"})


@dataclass(frozen=True)
class LookFilter:
    """How the list of who looked is narrowed: by person, agency, days, and whether refusals stand in it."""

    person_id: int | None = None
    agency_id: UUID | None = None
    looked_from: datetime | None = None
    looked_before: datetime | None = None
    refusals: bool = False
    only_refusals: bool = False


def who_can_see(child_id: UUID, *, named_only: bool, at: datetime) -> list[AccessGrant]:
    """The live grants by which somebody sees a file now, oldest first; on a restricted one, those by name alone.

    Whoever is kept from the file is not said to see it in person: nothing tells that from work that has ended. Their
    agency stands there as before.
    """
    grants = live_grants_on(child_id, at)
    kept = set(blocks_on(child_id, at).values_list("user_id", flat=True))
    return [
        grant
        for grant in grants
        if (grant.membership is None or grant.membership.user_id not in kept)
        and (grant.reason == GrantReason.NAMED or not named_only)
    ]


def events_about(child_id: UUID, *, conflicts: bool = False) -> QuerySet[AccessEvent]:
    """Reads of one file, and of those that were merged into it, and refusals; and the lists, searches and comparisons
    that showed one of them among others. Of pages about conflicts of interest, and of those with questions about looks,
    only where they are asked for, for somebody who may be told of each.
    """
    ids = [child_id, *Child.objects.filter(merged_into=child_id).values_list("pk", flat=True)]
    events = AccessEvent.objects.filter(Q(child_id__in=ids) | Q(shown_ids__overlap=ids))
    return events if conflicts else events.exclude(action__in=CONFLICT_PAGES | QUESTION_PAGES)


def who_looked(
    child_id: UUID, *, wanted: LookFilter, conflicts: bool = False, skip: int = 0, limit: int = 51
) -> list[AccessEvent]:
    """Reads of a file and lists in which it stood, and refusals and looks at conflicts of interest where they are asked
    for, newest first.
    """
    events = events_about(child_id, conflicts=conflicts)
    if wanted.only_refusals:
        events = events.filter(outcome=AccessOutcome.REFUSED)
    elif not wanted.refusals:
        events = events.filter(outcome=AccessOutcome.ALLOWED)
    if wanted.person_id is not None:
        events = events.filter(user_id=wanted.person_id)
    if wanted.agency_id is not None:
        events = events.filter(agency_id=wanted.agency_id)
    if wanted.looked_from is not None:
        events = events.filter(at__gte=wanted.looked_from)
    if wanted.looked_before is not None:
        events = events.filter(at__lt=wanted.looked_before)
    return list(events.order_by("-at", "-pk")[skip : skip + limit])


def who_has_looked(
    child_id: UUID, *, refusals: bool, conflicts: bool = False
) -> tuple[dict[int, str], dict[UUID, str]]:
    """Every person and agency that opened a file or had it in a list, by name; those refused, and those who looked at
    conflicts of interest, where asked for.
    """
    events = events_about(child_id, conflicts=conflicts)
    if not refusals:
        events = events.filter(outcome=AccessOutcome.ALLOWED)
    pairs = set(events.order_by().values_list("user_id", "agency_id").distinct())
    return people_known({person for person, _ in pairs}), agencies_known({agency for _, agency in pairs})


def people_known(user_ids: Iterable[int | None]) -> dict[int, str]:
    """The names of people by the plain ids that access events carry, in the order of their names."""
    people = User.objects.filter(pk__in={pk for pk in user_ids if pk}).order_by("full_name", "pk")
    return {person.pk: str(person) for person in people}


def agencies_known(agency_ids: Iterable[UUID | None]) -> dict[UUID, str]:
    """The names of agencies by the plain ids that access events carry."""
    return dict(Agency.objects.filter(pk__in={pk for pk in agency_ids if pk}).values_list("pk", "name"))


def refusals_lately(
    viewer: Viewer, *, about_them: QuerySet[Any], at: datetime, since: datetime, limit: int = 10
) -> list[tuple[AccessEvent, Child | None]]:
    """The latest refusals, for the guardian: each with its file where the guardian may know of that file.

    A refusal on a file that the guardian may not know of is left out; one on no file stays. Sign-ins that failed are
    not among them: anybody could fill the list with those. `about_them`: the files on which a conflict of interest is
    or was about the guardian.
    """
    events = AccessEvent.objects.filter(outcome=AccessOutcome.REFUSED, at__gte=since).exclude(action=SIGN_IN)
    events = events.exclude(user_id=viewer.user_id).exclude(action__in=CONFLICT_PAGES, child_id__in=about_them)
    rows = list(events.filter(known_or_no_file(viewer, at)).order_by("-at", "-pk")[:limit])
    return _with_files(rows, viewer, at)


def reads_lately(
    viewer: Viewer, *, about_them: QuerySet[Any], at: datetime, limit: int = 10
) -> list[tuple[AccessEvent, Child | None]]:
    """The latest reads of files that the guardian may know of, by anybody else."""
    mine = Child.objects.visible_to(viewer, at=at).values("pk")
    events = AccessEvent.objects.filter(outcome=AccessOutcome.ALLOWED, child_id__in=mine)
    events = events.exclude(action__in=CONFLICT_PAGES, child_id__in=about_them)
    return _with_files(list(events.exclude(user_id=viewer.user_id).order_by("-at", "-pk")[:limit]), viewer, at)


def _with_files(rows: list[AccessEvent], viewer: Viewer, at: datetime) -> list[tuple[AccessEvent, Child | None]]:
    files = files_known(viewer, {row.child_id for row in rows if row.child_id}, at=at)
    return [(row, files.get(row.child_id) if row.child_id else None) for row in rows]

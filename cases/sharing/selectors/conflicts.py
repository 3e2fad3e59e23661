"""Conflicts of interest for those who look after them: never for the person they are about."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from accounts.choices import FunctionKey
from accounts.models import FunctionMember, Membership
from accounts.rules.roles import Capability
from accounts.rules.viewers import SystemPrincipal, Viewer, system_viewer
from cases.access.models import AccessGrant
from cases.clocks.choices import ClockKind
from cases.clocks.selectors import alerts_for
from cases.record.models import Child, Involvement
from cases.record.rules.leading import LEAD_ROLES
from cases.record.rules.matching import Known
from cases.record.selectors.hidden import is_restricted, of_one_child
from cases.record.selectors.matching import likely_files
from cases.sharing.choices import ConflictGround, ConflictSource
from cases.sharing.models import Conflict, Declaration, PossibleConflict, StaffHome
from cases.sharing.rules.family import are_of_one_family
from cases.sharing.selectors.family import names_of_people, names_on_files
from cases.sharing.selectors.guarding import who_can_open
from cases.sharing.selectors.restriction import READING, Work, may_be_named, work_of

LISTED = 100
# What goes to somebody else than a successor when its owner is kept from the file.
GO_ELSEWHERE = (ClockKind.INTERVIEW_HELD, ClockKind.RESTRICTION_REVIEWED)
# Who gave the full postcode of a child's home as that of their own, whatever either is called.
AT_ONE_POSTCODE = """
SELECT DISTINCT address.child_id, person.id
FROM cases_staffhome AS home
JOIN accounts_user AS person ON person.id = home.user_id AND person.is_active
JOIN cases_address AS address ON address.ended_on IS NULL
 AND upper(replace(address.postcode, ' ', '')) = upper(replace(home.postcode, ' ', ''))
WHERE length(replace(home.postcode, ' ', '')) >= 5
  AND (%(child)s::uuid IS NULL OR address.child_id = %(child)s::uuid)
  AND (%(user)s::integer IS NULL OR person.id = %(user)s::integer)
"""
# A number is compared by its last ten digits, whichever way the country is written. Who shares a home is found before.
FIND = """
INSERT INTO cases_possibleconflict (id, child_id, user_id, ground, declaration_id, found_at, answer_words)
SELECT gen_random_uuid(), found.child_id, found.user_id, found.ground, found.declaration_id, %(at)s, ''
FROM (
    SELECT home.child_id, home.user_id, %(same_home)s AS ground, NULL::uuid AS declaration_id
    FROM unnest(%(homes_of)s::uuid[], %(people)s::integer[]) AS home (child_id, user_id)
    UNION
    SELECT child.id, person.id, %(same_telephone)s, NULL::uuid
    FROM accounts_user AS person
    JOIN cases_child AS child ON position(
        right(regexp_replace(person.telephone, '[^0-9]', '', 'g'), 10)
        IN regexp_replace(child.safe_contact, '[^0-9]', '', 'g')) > 0
    WHERE %(same_telephone)s = ANY(%(grounds)s)
     AND person.is_active AND length(regexp_replace(person.telephone, '[^0-9]', '', 'g')) >= 10
    UNION
    SELECT child.id, member.user_id, %(declared)s, said.id
    FROM cases_declaration AS said
    JOIN accounts_membership AS member ON member.id = said.membership_id
    JOIN cases_child AS child ON child.birth_date = said.birth_date
     AND child.sort_key = normalised_name(said.family_name || ' ' || said.given_name)
    WHERE %(declared)s = ANY(%(grounds)s)
    UNION
    SELECT child.id, person.id, %(same_child)s, NULL::uuid
    FROM cases_block AS apart
    JOIN accounts_user AS person ON person.id = apart.user_id AND person.is_active
    JOIN cases_child AS kept ON kept.id = apart.child_id
    JOIN cases_child AS child ON child.birth_date = kept.birth_date AND child.sort_key = kept.sort_key
     AND child.id <> kept.id AND child.id IS DISTINCT FROM kept.merged_into_id AND child.merged_into_id IS NULL
    WHERE %(same_child)s = ANY(%(grounds)s) AND apart.ended_at IS NULL
) AS found
WHERE (%(child)s::uuid IS NULL OR found.child_id = %(child)s::uuid)
  AND (%(user)s::integer IS NULL OR found.user_id = %(user)s::integer)
  AND NOT EXISTS (
    SELECT 1 FROM cases_block AS block
    WHERE block.child_id = found.child_id AND block.user_id = found.user_id AND block.ended_at IS NULL
)
ON CONFLICT (child_id, user_id, ground) DO NOTHING
RETURNING id
"""


def insert_possible_conflicts(
    *,
    at: datetime,
    child_id: UUID | None = None,
    user_id: int | None = None,
    on: Iterable[ConflictGround] = tuple(ConflictGround),
) -> list[PossibleConflict]:
    """Write every possible conflict that nobody has been asked about, or those of one file, person or some grounds, in
    one statement, once it is known who shares a home; returns the new ones. Of a ground that is not asked for nothing
    is searched.
    """
    grounds: dict[str, Any] = {ground.value: ground.value for ground in ConflictGround}
    asked = [ground.value for ground in on]
    of: dict[str, Any] = {"child": str(child_id) if child_id else None, "user": user_id}
    homes = _same_home(of) if ConflictGround.SAME_HOME in asked else []
    told: dict[str, Any] = {"homes_of": [str(child) for child, _ in homes], "people": [person for _, person in homes]}
    with connection.cursor() as cursor:
        cursor.execute(FIND, {"at": at, "grounds": asked, **of, **told, **grounds})
        ids = [row[0] for row in cursor.fetchall()]
    return list(PossibleConflict.objects.filter(pk__in=ids).order_by("pk"))


def _same_home(of: Mapping[str, Any]) -> list[tuple[UUID, int]]:
    """Which child and which person share a postcode and a family name, on a file, of a person, or all."""
    with connection.cursor() as cursor:
        cursor.execute(AT_ONE_POSTCODE, of)
        near = cursor.fetchall()
    if not near:
        return []
    names = names_on_files({child for child, _ in near})
    people = names_of_people({person for _, person in near})
    return [(child, person) for child, person in near if are_of_one_family(names[child], people[person])]


def files_declared(declaration: Declaration, *, at: datetime) -> list[Child]:
    """The files that a declaration may be about, as the system principal for matching finds them."""
    asked = Known(
        given_name=declaration.given_name, family_name=declaration.family_name, birth_date=declaration.birth_date
    )
    likely = [one.child.pk for one in likely_files(asked, at=at) if one.is_likely]
    system = system_viewer(SystemPrincipal.MATCHING)
    return list(Child.objects.visible_to(system, at=at).filter(pk__in=likely).order_by("pk"))


def _mine(viewer: Viewer, at: datetime) -> Q:
    """What a guardian may read of: files they may know of, and never what is about themselves."""
    files = Child.objects.visible_to(viewer, at=at).values("pk")
    return Q(child__in=files) & ~Q(user_id=viewer.person_id)


def conflicts_for(viewer: Viewer, *, at: datetime) -> list[Conflict]:
    """The conflicts that hold, the latest first."""
    rows = Conflict.objects.filter(_mine(viewer, at), lifted_at=None)
    return list(_whole(rows).order_by("-placed_at", "-pk")[:LISTED])


def conflict_for(viewer: Viewer, conflict_id: UUID, *, at: datetime) -> Conflict | None:
    """One conflict where the viewer may know of the file: for a guardian, for whoever placed it, of one that was
    declared for who leads on the case, and for the notification point, and of one that a guardian answered with yes for
    whoever was told that there is work which nobody does now. None for anybody else.
    """
    rows = Conflict.objects.filter(_mine(viewer, at), pk=conflict_id)
    if not viewer.may(Capability.AUDIT):
        leads = Involvement.objects.filter(membership_id=viewer.acting_membership_id, is_lead=True, ended_on=None)
        told = Q(child__in=leads.values("child_id"))
        if FunctionKey.NOTIFICATION_POINT in viewer.functions:
            told = Q()
        answered = Q(source=ConflictSource.SUGGESTED, pk__in=alerts_for(viewer, at=at).values("subject_id"))
        rows = rows.filter(Q(placed_by_id=viewer.person_id) | (Q(source=ConflictSource.DECLARED) & told) | answered)
    return _whole(rows).first()


def looks_after(viewer: Viewer, conflict: Conflict) -> bool:
    """Whether somebody may ask that a conflict is lifted, and agree to it: a guardian, and whoever placed it."""
    placed = conflict.source != ConflictSource.DECLARED and conflict.placed_by_id == viewer.user_id
    return viewer.may(Capability.AUDIT) or placed


def reads_why(viewer: Viewer, conflict: Conflict) -> bool:
    """Whether somebody reads how the person is linked to the child: not who is told only that work is left, of a
    conflict that a guardian answered with yes. Where somebody lives is nobody else's.
    """
    return conflict.source != ConflictSource.SUGGESTED or looks_after(viewer, conflict)


def work_left(conflict: Conflict) -> list[Work]:
    """What the person still works or owes on the files of the child, while the conflict holds."""
    if conflict.lifted_at is not None:
        return []
    held = memberships_of(conflict.user_id)
    return [work for file in of_one_child(conflict.child_id).order_by("pk") for work in work_of(file.pk, held)]


def work_to_take_over(child_id: UUID, held: Collection[UUID]) -> list[Work]:
    """What somebody works or owes on a file that goes to whoever takes over. An interview waits for another name, and
    the review of a restriction goes to another who is named and may lift it: neither is a successor's.
    """
    return [one for one in work_of(child_id, held) if one.clock not in GO_ELSEWHERE]


def successors_for(child: Child, *, at: datetime) -> list[Membership]:
    """Who may take over somebody's work on a file, by name; on a restricted one, those alone who are named there."""
    return who_can_open(child.pk, at=at) if is_restricted(child) else may_be_named(child.pk, at=at, near=False)


def may_lead(child: Child, people: Iterable[Membership]) -> list[Membership]:
    """Who of some people could be named the lead of a case: as triage names them, whose job it is to hold cases, and as
    the lead changes, who works with the child in person already.
    """
    rows = Involvement.objects.filter(child=child, ended_on=None)
    works = set(rows.values_list("membership_id", flat=True))
    return [one for one in people if one.role in LEAD_ROLES or one.pk in works]


def successors_of(child: Child, member: Membership, *, at: datetime) -> list[Membership]:
    """Who may take over the work of one person on a file, by name; where that person leads, who may lead."""
    people = [one for one in successors_for(child, at=at) if one.user_id != member.user_id]
    leads = any(one.leads for one in work_to_take_over(child.pk, memberships_of(member.user_id)))
    return may_lead(child, people) if leads else people


def alone_for(viewer: Viewer, child: Child, *, at: datetime) -> Membership | None:
    """Who alone works with a child for a viewer's own agency, where the viewer sees the file by that work alone: once
    it ends, the file closes to both.
    """
    rows = Involvement.objects.filter(child=child, working_agency_id=viewer.agency_id, ended_on=None)
    if len(set(rows.values_list("membership__user", flat=True))) != 1:
        return None
    grants = AccessGrant.objects.live(at).filter(child=child)
    grants = grants.filter(Q(membership_id=viewer.membership_id) | Q(group_id__in=viewer.group_ids))
    if grants.exclude(source_id__in=rows.values("pk")).exists():
        return None
    return rows.select_related("membership__user").earliest("pk").membership


def _whole(rows: QuerySet[Conflict]) -> QuerySet[Conflict]:
    return rows.select_related("child", "user", "placed_by", "lift_asked_by", "lifted_by", "block")


def possible_for(viewer: Viewer, *, at: datetime) -> list[PossibleConflict]:
    """What waits for an answer, the oldest first."""
    rows = PossibleConflict.objects.filter(_mine(viewer, at), answered_at=None)
    return list(rows.select_related("child", "user", "declaration").order_by("found_at", "pk")[:LISTED])


def possible_one(viewer: Viewer, possible_id: UUID, *, at: datetime) -> PossibleConflict | None:
    """One possible conflict that a guardian may answer, or has answered; None for anybody else."""
    rows = PossibleConflict.objects.filter(_mine(viewer, at), pk=possible_id)
    return rows.select_related("child", "user", "declaration", "answered_by").first()


def kept_from(viewer: Viewer, at: datetime) -> QuerySet[Any]:
    """The ids of possible conflicts that a viewer must not be told of: those about themselves."""
    return PossibleConflict.objects.filter(user=viewer.user_id).values("pk")


def files_about(viewer: Viewer) -> QuerySet[Any]:
    """The ids of files on which a conflict of interest is, was or may be about the viewer; and of those that they were
    merged into. Who looked at conflicts there is not for this viewer, guardian or not.
    """
    kept, asked = (model.objects.filter(user=viewer.person_id) for model in (Conflict, PossibleConflict))
    return kept.values("child").union(
        asked.values("child"),
        kept.exclude(child__merged_into=None).values("child__merged_into"),
        asked.exclude(child__merged_into=None).values("child__merged_into"),
    )


def told_of_looks(viewer: Viewer, child_id: UUID) -> bool:
    """Whether a viewer may read who looked at conflicts of interest on a file: a guardian, and none is about them."""
    return viewer.may(Capability.AUDIT) and child_id not in {row["child"] for row in files_about(viewer)}


def guardians(*, at: datetime, but: Iterable[int]) -> list[UUID]:
    """The memberships that serve as data guardians, without some people."""
    today = timezone.localdate(at)
    rows = FunctionMember.objects.current(today).filter(
        function__key=FunctionKey.DATA_GUARDIANS, membership__in=Membership.objects.current(today)
    )
    return list(
        rows.exclude(membership__user_id__in=list(but))
        .order_by("membership_id")
        .values_list("membership_id", flat=True)
    )


def people_to_place(viewer: Viewer, *, everybody: bool, at: datetime) -> list[Membership]:
    """The people of whom somebody may say that they know a child: those of their own agency, or everybody."""
    rows = Membership.objects.current(timezone.localdate(at)).filter(
        role__in=READING, user__is_service=False, agency__ended_on=None
    )
    if not everybody:
        rows = rows.filter(agency=viewer.agency_id)
    rows = rows.exclude(user=viewer.person_id).select_related("user", "agency")
    return sorted(rows, key=lambda member: (str(member.user), str(member.agency), str(member.pk)))


def memberships_of(user_id: int) -> list[UUID]:
    """Every membership of a person: a conflict holds under each."""
    return list(Membership.objects.filter(user_id=user_id).values_list("pk", flat=True))


def home_of(viewer: Viewer) -> str:
    """The postcode that somebody gave of their own home."""
    return StaffHome.objects.filter(user=viewer.person_id).values_list("postcode", flat=True).first() or ""


def conflict_addresses(ids: Iterable[UUID]) -> dict[UUID, str]:
    """Where each conflict is looked after."""
    rows = Conflict.objects.filter(pk__in=list(ids)).values_list("pk", flat=True)
    return {pk: reverse("cases:conflict", args=[pk]) for pk in rows}


def possible_addresses(ids: Iterable[UUID]) -> dict[UUID, str]:
    """Where each possible conflict is answered."""
    rows = PossibleConflict.objects.filter(pk__in=list(ids)).values_list("pk", flat=True)
    return {pk: reverse("cases:possible_conflict", args=[pk]) for pk in rows}

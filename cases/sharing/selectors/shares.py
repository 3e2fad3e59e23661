"""Who may receive what, what was decided about sharing, what the child says, and what the receiver sees of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Max, Min, Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from accounts.choices import AccessOutcome
from accounts.models import Agency, Membership
from accounts.rules.roles import ROLES, Capability
from accounts.rules.viewers import Viewer
from cases.access.choices import GrantReason
from cases.access.models import AccessGrant
from cases.access.rules import Level, entry_level
from cases.access.selectors import matrix_in_force
from cases.clocks.selectors import should_run
from cases.record.models import Child, ChronologyEntry, Involvement
from cases.record.selectors.facts import readable_entries
from cases.record.selectors.hidden import blocks_on
from cases.record.selectors.looking import events_about
from cases.sharing.choices import DeclineReason, SharingKind, WishKind
from cases.sharing.models.shares import SharingBreach, SharingDecision, SharingWish
from cases.sharing.rules.shares import NEVER, Wish
from cases.sharing.selectors.restriction import READING

LISTED = 100
OFFERED = 20
# Who looks after an agency's accounts is told of what the agency has received, where nobody there works with the child.
RECEIVING = tuple(key for key, role in ROLES.items() if Capability.REVIEW_ACCESS in role.capabilities)


def may_receive(child_id: UUID, *, but: UUID | None, at: datetime, agency_id: UUID | None = None) -> list[Membership]:
    """Whom something of a file may be shared with, by name: people whose job reads files and who are not kept from this
    one by a conflict of interest, without those of the agency `but`; of one agency where it is given.
    """
    blocked = blocks_on(child_id, at)
    people = Membership.objects.current(timezone.localdate(at)).filter(
        role__in=READING, agency__ended_on=None, user__is_service=False
    )
    people = people.exclude(user_id__in=blocked.values("user_id"))
    if but is not None:
        people = people.exclude(agency_id=but)
    if agency_id is not None:
        people = people.filter(agency_id=agency_id)
    return sorted(
        people.select_related("user", "agency"),
        key=lambda member: (str(member.agency), str(member.user), str(member.pk)),
    )


def agencies_to_share_with(child_id: UUID, *, but: UUID | None, at: datetime) -> list[Agency]:
    """The agencies that could receive something, by name: those at which somebody could read it."""
    agencies = {member.agency_id: member.agency for member in may_receive(child_id, but=but, at=at)}
    return sorted(agencies.values(), key=lambda agency: (agency.name, str(agency.pk)))


def held_by(
    child_id: UUID,
    *,
    agency: Agency,
    membership: Membership | None,
    at: datetime,
    but: UUID | None = None,
    until: datetime | None = None,
) -> int:
    """The kinds of information that live grants open to an agency, or to one person of it, already; without what came
    from the share `but`, and of those alone that hold `until` then where it is given: a name on a restricted file ends
    with the restriction.
    """
    subject = Q(group_id=agency.group_id)
    if membership is not None:
        subject |= Q(membership=membership)
    grants = AccessGrant.objects.live(at).filter(subject, child_id=child_id)
    if but is not None:
        grants = grants.exclude(source_id=but)
    if until is not None:
        lasting = Q(valid_until=None) | Q(valid_until__gte=until)
        grants = grants.filter(lasting).exclude(reason=GrantReason.NAMED)
    held = 0
    for mask in grants.values_list("category_mask", flat=True):
        held |= mask
    return held


def kept_from(child_id: UUID, *, agency: Agency, membership: Membership) -> int:
    """The kinds of information that somebody decided not to share with an agency, or with this person of it, because
    that would harm the child more than not sharing them.
    """
    rows = SharingDecision.objects.filter(
        Q(membership=None) | Q(membership=membership),
        child_id=child_id,
        agency=agency,
        decline_reason=DeclineReason.MORE_HARM,
        ended_at=None,
    )
    kept = 0
    for mask in rows.values_list("category_mask", flat=True):
        kept |= mask
    return kept


def entries_to_share(
    child: Child, *, viewer: Viewer, levels: dict[str, Level], at: datetime, also: Collection[UUID] = ()
) -> list[ChronologyEntry]:
    """The latest entries of a file that somebody sees in full, and so may share one by one; then those of the entries
    `also` that are older: they were shared before.
    """
    matrix = matrix_in_force(on=timezone.localdate(at))
    rows = readable_entries(viewer, matrix=matrix, at=at).filter(child=child).exclude(category__in=NEVER)
    rows = rows.select_related("agency").order_by("-happened_at", "-recorded_at", "-pk")

    def in_full(entry: ChronologyEntry) -> bool:
        own, colleagues = entry.author_id == viewer.user_id, entry.agency_id == viewer.agency_id
        return entry_level(levels[entry.category], own=own, own_agency=colleagues) == Level.FULL

    latest = list(filter(in_full, rows[: OFFERED * 3]))[:OFFERED]
    before = filter(in_full, rows.filter(pk__in=also))
    return [*latest, *(entry for entry in before if entry not in latest)]


def _decisions() -> QuerySet[SharingDecision]:
    return SharingDecision.objects.select_related(
        "child",
        "agency",
        "membership__user",
        "decided_as__user",
        "decided_as__agency",
        "ended_by",
        "acknowledged_by",
        "involvement",
    )


def decisions_on(child_id: UUID) -> list[SharingDecision]:
    """What was decided about sharing a file, the latest first, each with its breach where there was one."""
    rows = _decisions().select_related("breach__found_by", "breach__assessed_by").filter(child_id=child_id)
    return list(rows.order_by("-decided_at", "-pk")[:LISTED])


def decision_on(child_id: UUID, decision_id: UUID) -> SharingDecision | None:
    """One decision about sharing on a file."""
    rows = _decisions().select_related("breach__found_by", "breach__assessed_by")
    return rows.filter(child_id=child_id, pk=decision_id).first()


def wish_of(child_id: UUID) -> SharingWish | None:
    """What the child said last about who may know."""
    rows = SharingWish.objects.filter(child_id=child_id).select_related("recorded_as__user", "recorded_as__agency")
    return rows.order_by("-recorded_at", "-pk").first()


def wishes_on(child_ids: Collection[UUID]) -> dict[UUID, SharingWish]:
    """What each child of these files said last about who may know."""
    rows = SharingWish.objects.filter(child_id__in=child_ids).order_by("child_id", "-recorded_at", "-pk")
    return {wish.child_id: wish for wish in rows.distinct("child_id")}


def wishes_of(child_id: UUID) -> list[SharingWish]:
    """What the child has said about who may know, the latest first."""
    rows = SharingWish.objects.filter(child_id=child_id).select_related("recorded_as__user", "recorded_as__agency")
    return list(rows.order_by("-recorded_at", "-pk")[:LISTED])


def wish_that_holds(child_id: UUID) -> Wish | None:
    """The same as the rules read it."""
    said = wish_of(child_id)
    return None if said is None else read_wish(said)


def read_wish(said: SharingWish) -> Wish:
    """What the child said as the rules read it."""
    return Wish(WishKind(said.kind), said.kept_mask, frozenset(said.kept_from))


def entries_of(decision: SharingDecision, *, viewer: Viewer, at: datetime) -> list[ChronologyEntry]:
    """The single entries that a decision shares, as far as a viewer may read them, newest first."""
    if not decision.entry_ids:
        return []
    matrix = matrix_in_force(on=timezone.localdate(at))
    rows = readable_entries(viewer, matrix=matrix, at=at).filter(pk__in=decision.entry_ids)
    return list(rows.select_related("author", "agency").order_by("-happened_at", "-pk"))


def shares_received(viewer: Viewer, *, at: datetime) -> list[SharingDecision]:
    """What is shared with the viewer, or with the viewer's agency, and holds now, the latest first."""
    rows = _running(at).filter(_reaching(viewer), child__in=Child.objects.visible_to(viewer, at=at).values("pk"))
    return list(rows.order_by("-decided_at", "-pk")[:LISTED])


def shares_running(child_id: UUID, *, at: datetime) -> list[SharingDecision]:
    """What is shared of a file and holds now, the latest first."""
    return list(_running(at).filter(child_id=child_id).order_by("-decided_at", "-pk"))


def share_received(viewer: Viewer, decision_id: UUID, *, at: datetime) -> SharingDecision | None:
    """One share that reaches the viewer now; None for any other, whether or not there is one."""
    rows = _running(at).filter(_reaching(viewer), child__in=Child.objects.visible_to(viewer, at=at).values("pk"))
    return rows.filter(pk=decision_id).first()


def _running(at: datetime) -> QuerySet[SharingDecision]:
    return _decisions().filter(kind=SharingKind.SHARED, ended_at=None, decided_at__lte=at, ends_at__gt=at)


def _reaching(viewer: Viewer) -> Q:
    if viewer.membership_id is None or viewer.agency_id is None:
        return Q(pk=None)
    return Q(agency_id=viewer.agency_id, membership=None) | Q(membership_id=viewer.membership_id)


def whom_to_tell(decision: SharingDecision, *, at: datetime) -> list[UUID]:
    """The memberships that are told of a share: the person it is for; else who works with the child at the agency, else
    who looks after the agency's access, else everybody there who could read it.
    """
    if decision.membership_id is not None:
        return [decision.membership_id]
    people = may_receive(decision.child_id, but=None, at=at, agency_id=decision.agency_id)
    rows = Involvement.objects.filter(child_id=decision.child_id, ended_on=None)
    working = set(rows.values_list("membership_id", flat=True))
    near = [member for member in people if member.pk in working]
    return [member.pk for member in near or _looking_after(people)]


def _looking_after(people: list[Membership]) -> list[Membership]:
    """Those of an agency's people who look after its access; all of them where none does."""
    return [member for member in people if member.role in RECEIVING] or people


def whom_to_tell_of_error(decision: SharingDecision, *, at: datetime) -> list[UUID]:
    """The memberships that are told to destroy what they were given in error: those who are told of a share, and
    everybody of the receivers who opened the file and could still receive something of it.

    Of work that was a mistake it is whom that alone let in, as `_whom_work_let_in` says.
    """
    people = may_receive(decision.child_id, but=None, at=at, agency_id=decision.agency_id)
    opened = {person.user_id for person in who_opened(decision)}
    if decision.involvement is not None:
        return _whom_work_let_in(decision, decision.involvement, people, opened)
    more = [member.pk for member in people if member.user_id in opened]
    return list(dict.fromkeys([*whom_to_tell(decision, at=at), *more]))


def _whom_work_let_in(
    decision: SharingDecision, work: Involvement, people: list[Membership], opened: Collection[int | None]
) -> list[UUID]:
    """Whom work that was a mistake let in, of an agency's people: who was brought in by name, and who opened the file
    then; where nobody did, who looks after the agency's access.

    Nobody is told who works there rightly by now, nor anybody instead where the agency does: they may hold it.
    """
    had = [member.pk for member in people if member.pk == work.membership_id or member.user_id in opened]
    if decision.membership_id is not None:
        had = [decision.membership_id]
    rows = Involvement.objects.filter(child_id=decision.child_id, working_agency_id=decision.agency_id, ended_on=None)
    working = set(rows.values_list("membership_id", flat=True))
    if not had and not working:
        return [member.pk for member in _looking_after(people)]
    return [pk for pk in had if pk not in working]


@dataclass(frozen=True)
class PersonOpened:
    """One person of the receivers: how often they looked and when, on which pages, and what was open to them."""

    user_id: int | None
    looks: int
    first_at: datetime
    last_at: datetime
    pages: frozenset[str]
    categories: frozenset[str]


def who_opened(decision: SharingDecision) -> list[PersonOpened]:
    """Everybody it was shared with who looked at the file, from the share to its end, who looked first before others.

    People and not looks, so that nobody is left out however often others looked. Somebody who could see the file for
    another reason too stands there as well.
    """
    rows = events_about(decision.child_id).filter(
        agency_id=decision.agency_id,
        outcome=AccessOutcome.ALLOWED,
        at__gte=_let_in_at(decision),
    )
    if decision.membership_id is not None:
        rows = rows.filter(membership_id=decision.membership_id)
    ends = [end for end in (decision.ended_at, decision.ends_at) if end is not None]
    if ends:
        rows = rows.filter(at__lte=min(ends))
    counted = rows.order_by().values("user_id", "action", "categories")
    by_person: dict[int | None, list[dict[str, Any]]] = defaultdict(list)
    for row in counted.annotate(looks=Count("pk"), first_at=Min("at"), last_at=Max("at")):
        by_person[row["user_id"]].append(dict(row))
    people = [
        PersonOpened(
            user_id=user_id,
            looks=sum(row["looks"] for row in theirs),
            first_at=min(row["first_at"] for row in theirs),
            last_at=max(row["last_at"] for row in theirs),
            pages=frozenset(row["action"] for row in theirs),
            categories=frozenset(name for row in theirs for name in row["categories"]),
        )
        for user_id, theirs in by_person.items()
    ]
    return sorted(people, key=lambda person: person.first_at)


def _let_in_at(decision: SharingDecision) -> datetime:
    """Since when a decision let its receivers in. An agency that was brought in by mistake several times over was in
    since the first: of those before the last, which others followed without a break, the worker alone is named.
    """
    since = decision.decided_at
    if decision.kind != SharingKind.INVOLVED or decision.membership_id is not None:
        return since
    others = SharingDecision.objects.filter(
        child_id=decision.child_id,
        agency_id=decision.agency_id,
        kind=SharingKind.INVOLVED,
        membership__isnull=False,
        breach__isnull=False,
    )
    for started_at, ended_at in others.order_by("-ended_at").values_list("decided_at", "ended_at"):
        if ended_at is not None and ended_at >= since:
            since = min(since, started_at)
    return since


def shares_over(viewer: Viewer, at: datetime) -> QuerySet[Any]:
    """The shares that reached a viewer and hold no more: of them nobody need be told still."""
    rows = SharingDecision.objects.filter(_reaching(viewer), kind=SharingKind.SHARED)
    return rows.exclude(ended_at=None, ends_at__gt=at).values("pk")


def breaches_to_assess(at: datetime) -> QuerySet[Any]:
    """What was shared in error and nobody has assessed, as the sweep asks for what should have a clock."""
    rows = SharingBreach.objects.filter(assessed_at=None, found_at__lte=at)
    return should_run(rows, anchored_at="found_at", child_id="decision__child_id")


def decisions_to_review(at: datetime) -> QuerySet[Any]:
    """The decisions not to share that hold, as the sweep asks for what should have a clock."""
    rows = SharingDecision.objects.filter(kind=SharingKind.DECLINED, ended_at=None, decided_at__lte=at)
    return should_run(
        rows,
        anchored_at="decided_at",
        child_id="child_id",
        due_on="review_on",
        owner_membership_id="decided_as_id",
        owner_group_id="decided_as__agency__group_id",
    )


def breach_addresses(ids: list[UUID]) -> dict[UUID, str]:
    """Where each breach is assessed."""
    rows = SharingBreach.objects.filter(pk__in=ids).values_list("pk", "decision__child__reference", "decision_id")
    return {pk: reverse("cases:assess_breach", args=[reference, decision]) for pk, reference, decision in rows}


def decision_addresses(ids: list[UUID]) -> dict[UUID, str]:
    """Where each decision is read."""
    rows = SharingDecision.objects.filter(pk__in=ids).values_list("pk", "child__reference")
    return {pk: reverse("cases:share", args=[reference, pk]) for pk, reference in rows}


def received_addresses(ids: list[UUID]) -> dict[UUID, str]:
    """Where each share is read by who received it."""
    return {pk: reverse("cases:share_received", args=[pk]) for pk in ids}

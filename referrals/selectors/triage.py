"""What waits for triage, what was decided, and what a decision needs to know."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Any
from uuid import UUID

from django.db.models import Case, Count, IntegerField, Min, Q, QuerySet, Value, When
from django.utils import timezone

from accounts.models import Agency, Membership
from accounts.rules.dates import LONDON
from accounts.rules.refusals import NotKnown
from accounts.rules.viewers import Viewer
from accounts.selectors import agencies_by_sector
from cases.record.choices import HarmStatus, RiskLevel
from cases.record.models import Child, Involvement
from cases.record.rules.leading import LEAD_ROLES
from cases.record.selectors.addresses import stands_protected
from cases.record.selectors.facts import protected_among
from cases.record.selectors.hidden import blocked_files, free_to_work, known_or_no_file
from cases.record.selectors.matching import leads_of
from referrals.choices import NotificationStatus
from referrals.models import MatchQuestion, Notification
from referrals.rules.notify import kept_postcodes
from referrals.rules.triage import SUGGESTED_SECTORS, urgency
from referrals.selectors.clocks import with_due_at
from referrals.selectors.kept import kept_among as kept_by_a_conflict

PAGE_LENGTH = 25
DECIDED_SHOWN = 10


@dataclass(frozen=True)
class QueueFilter:
    """How a queue is narrowed: words of a name or reference, a level, a kind of concern, or danger alone."""

    words: str = ""
    level: str = ""
    concern: str = ""
    urgent: bool = False

    def __bool__(self) -> bool:
        return bool(self.words or self.level or self.concern or self.urgent)


@dataclass(frozen=True)
class Page:
    """One page of notifications."""

    rows: list[Notification]
    number: int
    has_more: bool


@dataclass(frozen=True)
class TriageSummary:
    """How much waits for triage, for the home page."""

    waiting: int
    urgent: int
    late: int
    oldest_sent_at: datetime | None


@dataclass(frozen=True)
class QuestionShown:
    """A question to the guardians, with the file only where this guardian may know of it.

    `reported` is the file that a report of a missing child made or went to, on the same terms.
    """

    question: MatchQuestion
    child: Child | None
    lead: Involvement | None = None
    reasons: list[str] = field(default_factory=list)
    reported: Child | None = None


def _open_to(viewer: Viewer, at: datetime, **which: Any) -> QuerySet[Notification]:
    """Those of some notifications that a triage worker may know of: all, but those joined to a file they may not know
    of, and those of no file that look like a child from whom a conflict of interest keeps them.
    """
    asked = Notification.objects.filter(**which)
    rows = asked.filter(known_or_no_file(viewer, at)).exclude(pk__in=kept_by_a_conflict(asked, viewer.person_id, at))
    return with_due_at(rows.select_related("agency", "decision"))


def _by_urgency(rows: QuerySet[Notification]) -> QuerySet[Notification]:
    """Most urgent first, the oldest of each first: `rules.triage.urgency` as the database counts it."""
    return rows.annotate(
        urgency=Case(
            When(immediate_danger=True, then=Value(urgency(danger=True, harm_status="", level=""))),
            When(harm_status=HarmStatus.KNOWN, then=Value(urgency(danger=False, harm_status="known", level="low"))),
            *(
                When(computed_level=level, then=Value(urgency(danger=False, harm_status="", level=level)))
                for level in RiskLevel.values
            ),
            output_field=IntegerField(),
        )
    ).order_by("urgency", "sent_at", "pk")


def _narrowed(rows: QuerySet[Notification], chosen: QueueFilter) -> QuerySet[Notification]:
    for word in chosen.words.split():
        rows = rows.filter(
            Q(given_name__icontains=word)
            | Q(family_name__icontains=word)
            | Q(preferred_name__icontains=word)
            | Q(reference__icontains=word)
        )
    if chosen.level:
        rows = rows.filter(computed_level=chosen.level)
    if chosen.concern:
        rows = rows.filter(concerns__contains=[chosen.concern])
    return rows.filter(urgent=True) if chosen.urgent else rows


def _page(rows: QuerySet[Notification], number: int) -> Page:
    number = max(number, 1)
    start = (number - 1) * PAGE_LENGTH
    found = list(rows[start : start + PAGE_LENGTH + 1])
    return Page(found[:PAGE_LENGTH], number, len(found) > PAGE_LENGTH)


def waiting_notifications(viewer: Viewer, *, at: datetime, chosen: QueueFilter | None = None, page: int = 1) -> Page:
    """A page of what waits for a decision, most urgent and oldest first."""
    rows = _open_to(viewer, at, status=NotificationStatus.SENT)
    return _page(_by_urgency(_narrowed(rows, chosen or QueueFilter())), page)


def decided_notifications(viewer: Viewer, *, at: datetime, chosen: QueueFilter | None = None, page: int = 1) -> Page:
    """A page of what was decided, the latest first."""
    rows = _open_to(viewer, at, status=NotificationStatus.DECIDED)
    rows = _narrowed(rows, chosen or QueueFilter()).select_related(
        "agency", "child", "decision__decided_by__user", "decision__lead__user"
    )
    return _page(rows.order_by("-decision__decided_at", "pk"), page)


def decided_today(viewer: Viewer, *, at: datetime) -> list[Notification]:
    """What was decided since midnight in London, the latest first; at most ten."""
    midnight = datetime.combine(timezone.localdate(at, LONDON), time(), tzinfo=LONDON)
    return list(
        _open_to(viewer, at, status=NotificationStatus.DECIDED, decision__decided_at__gte=midnight)
        .select_related("agency", "child", "decision__decided_by__user")
        .order_by("-decision__decided_at", "pk")[:DECIDED_SHOWN]
    )


def notification_for_triage(viewer: Viewer, reference: str, *, at: datetime) -> Notification:
    """One notification with all that its page shows.

    Raises NotKnown where there is none, where it was joined to a file that the viewer may not know of, and where it
    looks like a child from whom a conflict of interest keeps them.
    """
    found = (
        _open_to(viewer, at, reference=reference)
        .select_related("agency", "membership__user", "tool", "child", "decision__decided_by__user")
        .select_related("decision__decided_by__agency", "decision__lead__user", "decision__lead__agency")
        .first()
    )
    if found is None:
        raise NotKnown("no_notification")
    return found


def file_to_join(viewer: Viewer, reference: str, *, at: datetime) -> Child | None:
    """A file by its reference, if the viewer may know of it and it was not merged into another; else None."""
    files = Child.objects.visible_to(viewer, at=at).filter(merged_into=None)
    return files.filter(reference=reference.strip().upper()).first()


def kept_among(
    notification: Notification, viewer: Viewer, reference: str, postcodes: frozenset[str], *, at: datetime
) -> frozenset[str]:
    """Which of some postcodes, as they are compared, triage knows to be kept from somebody.

    That of the notification, which stands on the same page, and of the file it may be joined to those that the viewer
    may know; of a file that they may not know of there are none.
    """
    kept = postcodes & kept_postcodes(vars(notification))
    child = file_to_join(viewer, reference, at=at) if reference else None
    return kept if child is None else kept | protected_among(child.pk, viewer, postcodes)


def lead_of(child: Child) -> Involvement | None:
    """The open involvement that leads on a file."""
    return (
        Involvement.objects.filter(child=child, is_lead=True, ended_on=None)
        .select_related("membership__user", "membership__agency")
        .first()
    )


def address_is_kept(notification: Notification) -> bool:
    """Whether the address that a referrer wrote must be kept from somebody: they said so, or it is protected now on the
    file that the notification was joined to, whoever protected it and when.
    """
    if notification.address_protected:
        return True
    if notification.child_id is None:
        return False
    return stands_protected(notification.child_id, lines=notification.address_lines, postcode=notification.postcode)


def possible_leads(*, at: datetime, child_id: UUID | None = None) -> list[Membership]:
    """People whose job it is to hold cases, by agency and name; for a file that is there, without whom a conflict of
    interest keeps from the child.
    """
    people = list(
        Membership.objects.current(timezone.localdate(at))
        .filter(role__in=LEAD_ROLES, agency__ended_on=None)
        .select_related("user", "agency")
        .order_by("agency__name", "user__full_name", "pk")
    )
    return people if child_id is None else free_to_work(people, child_id, at=at)


def agencies_to_involve() -> list[Agency]:
    """Agencies that may be asked to work with a child: every one but the partnership itself."""
    return [agency for agency in agencies_by_sector() if agency.sector != "partnership"]


def suggested_agencies(agencies: list[Agency]) -> list[Agency]:
    """Social care, police and the specialist service: the agencies that nearly every accepted child needs."""
    return [agency for agency in agencies if agency.sector in SUGGESTED_SECTORS]


def triage_summary(viewer: Viewer, *, at: datetime) -> TriageSummary:
    """How many notifications that a viewer may know of wait, how many of them are urgent or late, and since when. It
    counts what the queue lists.
    """
    waiting = _open_to(viewer, at, status=NotificationStatus.SENT)
    late = Q(due_at__lte=at)
    counts = waiting.aggregate(
        all_waiting=Count("pk"),
        all_urgent=Count("pk", filter=Q(urgent=True)),
        all_late=Count("pk", filter=late),
        oldest=Min("sent_at"),
    )
    return TriageSummary(
        waiting=counts["all_waiting"],
        urgent=counts["all_urgent"],
        late=counts["all_late"],
        oldest_sent_at=counts["oldest"],
    )


def questions_waiting(at: datetime) -> QuerySet[Any]:
    """The ids of questions that no guardian has answered: each must have an alert."""
    return MatchQuestion.objects.filter(answered_at=None, asked_at__lte=at).values("pk")


def questions_kept_from(viewer: Viewer, at: datetime) -> QuerySet[Any]:
    """The ids of questions about files on which the viewer is blocked: their alerts are not for this viewer."""
    return MatchQuestion.objects.filter(_about_blocked(viewer, at)).values("pk")


def _about_blocked(viewer: Viewer, at: datetime) -> Q:
    """Questions of which either file is closed to a guardian by a block."""
    return Q(child__in=_closed_to(viewer, at)) | Q(report__child__in=_closed_to(viewer, at))


def questions_for(viewer: Viewer, *, at: datetime) -> list[QuestionShown]:
    """Questions that wait for a guardian, the oldest first; none about a file on which the guardian is blocked.

    A question about a restricted file is shown with its reference alone.
    """
    rows = (
        MatchQuestion.objects.filter(answered_at=None)
        .exclude(pk__in=questions_kept_from(viewer, at))
        .select_related("notification__agency", "report__agency", "child")
        .order_by("asked_at", "pk")
    )
    questions = list(rows)
    visible = Child.objects.visible_to(viewer, at=at).in_bulk([question.child_id for question in questions])
    leads = leads_of([question.child for question in questions])
    return [
        QuestionShown(row, visible.get(row.child_id), leads.get(row.child_id), list(row.reasons)) for row in questions
    ]


def question_for(viewer: Viewer, question_id: Any, *, at: datetime) -> QuestionShown:
    """One question that waits for this guardian, or was answered. Raises NotKnown as for one that never was."""
    row = (
        MatchQuestion.objects.filter(pk=question_id)
        .exclude(pk__in=questions_kept_from(viewer, at))
        .select_related("notification__agency", "report__agency", "report__child", "child")
        .first()
    )
    if row is None:
        raise NotKnown("no_question")
    files = files_in(row)
    visible = Child.objects.visible_to(viewer, at=at).in_bulk(files)
    reported = visible.get(row.report.child_id) if row.report else None
    return QuestionShown(row, visible.get(row.child_id), lead_of(row.child), list(row.reasons), reported)


def files_in(question: MatchQuestion) -> list[UUID]:
    """The files that a question is about: the likely one, and that of the report."""
    return [question.child_id, *([question.report.child_id] if question.report else [])]


def _closed_to(viewer: Viewer, at: datetime) -> QuerySet[Any]:
    return blocked_files(viewer.person_id, at)

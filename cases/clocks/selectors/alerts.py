"""What waits to be taken, for the viewer and the groups a viewer serves in, and what was taken lately."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import F, OuterRef, Q, QuerySet, Subquery

from accounts.middleware.policy import opens
from accounts.rules.roles import Capability
from accounts.rules.viewers import Viewer
from cases.clocks.choices import AlertKind, ClockState
from cases.clocks.models import Alert, Clock, OutboxMessage
from cases.clocks.rules.due import Measure
from cases.clocks.selectors.clocks import addresses_of, definition_of, without_hidden

ShouldAlert = Callable[[datetime], QuerySet[Any]]
# Filled by `services.register_should_alert`: what should have an alert.
SHOULD_ALERT: dict[AlertKind, ShouldAlert] = {}
KeptFrom = Callable[[Viewer, datetime], QuerySet[Any]]
# Filled by `services.register_kept_from`: what a viewer may not know of, although their group was told.
KEPT_FROM: dict[tuple[str, ...], KeptFrom] = {}
DealtWith = Callable[[Viewer, list[UUID], datetime], set[UUID]]
# Filled by `services.register_dealt_with`: the subjects that a viewer deals with, where others read their page too.
DEALT_WITH: dict[str, DealtWith] = {}
KnownFiles = Callable[[Viewer, set[UUID], datetime], set[UUID]]
# Filled by `services.register_known_files`: those of some files that a viewer may know of.
KNOWN_FILES: list[KnownFiles] = []
TAKEN_SHOWN_FOR = timedelta(days=7)


@dataclass(frozen=True)
class OpenAlert:
    """Something that nobody has taken yet. It names no child; `href` is the page where the viewer deals with it,
    empty where there is none, and `may_take` says whether they can deal with it at all.

    `due_at` is when the clock it is about wants it done, None for an event; `by_day` says that its definition gives it
    a day, not a moment. `waits_since` is when the matter began, as its own clock has it, whoever was told when.
    """

    alert_id: UUID
    kind: str
    words: str
    raised_at: datetime
    step: int
    due_at: datetime | None
    href: str
    may_take: bool
    by_day: bool
    waits_since: datetime


@dataclass(frozen=True)
class TakenAlert:
    """Something that somebody has taken: what, who and when."""

    words: str
    taken_by: str
    taken_at: datetime


def alerts_for(viewer: Viewer, *, at: datetime) -> QuerySet[Alert]:
    """Alerts that went to the viewer or the viewer's groups, without those about what the viewer may not know of; about
    files, for roles that open files alone.
    """
    mine = Q(membership_id=viewer.membership_id, membership__isnull=False)
    rows = _without_kept(Alert.objects.filter(mine | Q(group_id__in=viewer.group_ids)), viewer, at)
    return rows if viewer.may(Capability.READ_FILES) else rows.filter(child=None)


def _without_kept(
    rows: QuerySet[Alert], viewer: Viewer, at: datetime, *, of_kind: str | None = None
) -> QuerySet[Alert]:
    """Some alerts, without those about what a viewer may not know of; of one kind only its own apps are asked."""
    rows = without_hidden(rows, viewer, at)
    for kinds, query in KEPT_FROM.items():
        if of_kind is not None and of_kind not in kinds:
            continue
        rows = rows.exclude(kind__in=kinds, subject_id__in=query(viewer, at))
    return rows


def may_be_told(viewer: Viewer, alert: Alert, *, at: datetime) -> bool:
    """Whether somebody may still know of what an alert is about, when its e-mail to them is due."""
    return _without_kept(Alert.objects.filter(pk=alert.pk), viewer, at, of_kind=alert.kind).exists()


def people_told(kind: AlertKind, subject_id: UUID) -> frozenset[int]:
    """Whom an e-mail about a subject was written to, by user. An alert alone tells nobody: its function may be empty,
    and those who serve in it suspended or kept from the file.
    """
    rows = OutboxMessage.objects.filter(alert__kind=kind, alert__subject_id=subject_id, kept_at=None)
    return frozenset(rows.values_list("membership__user_id", flat=True))


@dataclass(frozen=True)
class AlertPage:
    """The page of what an alert is about, empty where the viewer has none; and whether they can deal with it there."""

    href: str
    may_take: bool


def pages_of(alerts: Collection[Alert], viewer: Viewer, *, at: datetime) -> dict[tuple[str, UUID], AlertPage]:
    """The page of each alert, by kind and subject. Others deal with what has a page that is not for the viewer's role,
    or is of a file that they may not know of, and with what an app keeps for some of those who may read its page.
    """
    about: dict[str, list[UUID]] = {}
    for alert in alerts:
        about.setdefault(alert.kind, []).append(alert.subject_id)
    addresses = {kind: addresses_of(kind, ids) for kind, ids in about.items()}
    mine = {kind: DEALT_WITH[kind](viewer, ids, at) for kind, ids in about.items() if kind in DEALT_WITH}
    files = {alert.child_id for alert in alerts if alert.child_id}
    known = {file for find in KNOWN_FILES for file in find(viewer, files, at)}
    pages = {}
    for alert in alerts:
        address = addresses[alert.kind].get(alert.subject_id, "")
        deals = alert.kind not in mine or alert.subject_id in mine[alert.kind]
        knows = alert.child_id is None or alert.child_id in known
        reads = not address or opens(viewer, address, knows_file=knows)
        pages[alert.kind, alert.subject_id] = AlertPage(href=address if reads else "", may_take=reads and deals)
    return pages


def _open(viewer: Viewer, at: datetime) -> QuerySet[Alert]:
    """Alerts that nobody has taken and that still stand: the clock runs, and whom it told owes it still."""
    stands = Q(clock=None) | Q(clock__state=ClockState.RUNNING)
    mine = Q(clock=None) | Q(membership=None) | Q(clock__owner_membership=F("membership"))
    return alerts_for(viewer, at=at).filter(stands, mine, acknowledged_at=None)


def open_alerts(viewer: Viewer, *, at: datetime) -> list[OpenAlert]:
    """What nobody has taken and the viewer has been told, once for each subject: events first, the oldest before the
    others; then what has a clock, by when it is due.

    `raised_at` is when the viewer was first told, `step` and `words` those of the highest rung that reached them.
    """
    began = Clock.objects.filter(subject_id=OuterRef("subject_id")).order_by("anchored_at").values("anchored_at")[:1]
    rows = _open(viewer, at).select_related("clock__definition").annotate(began_at=Subquery(began))
    first: dict[tuple[str, UUID], Alert] = {}
    last: dict[tuple[str, UUID], Alert] = {}
    for alert in rows.order_by("raised_at", "step", "pk"):
        first.setdefault((alert.kind, alert.subject_id), alert)
        last[alert.kind, alert.subject_id] = alert
    pages = pages_of(last.values(), viewer, at=at)
    found = [
        OpenAlert(
            alert_id=first[key].pk,
            kind=alert.kind,
            words=words_of(alert),
            raised_at=first[key].raised_at,
            step=alert.step,
            due_at=alert.clock.due_at if alert.clock else None,
            href=pages[key].href,
            may_take=pages[key].may_take,
            by_day=alert.clock is not None and definition_of(alert.clock.definition).measure == Measure.OWN_DATE,
            waits_since=getattr(alert, "began_at", None) or first[key].raised_at,
        )
        for key, alert in last.items()
    ]
    return sorted(found, key=lambda alert: (alert.due_at is not None, alert.due_at or alert.raised_at))


def taken_lately(viewer: Viewer, *, at: datetime) -> list[TakenAlert]:
    """What the viewer was told of and somebody took within a week, once for each taking, the latest first."""
    rows = alerts_for(viewer, at=at).filter(acknowledged_at__gt=at - TAKEN_SHOWN_FOR)
    latest: dict[tuple[str, UUID, datetime | None], Alert] = {}
    ordered = rows.select_related("clock__definition", "acknowledged_by").order_by("-acknowledged_at", "step", "pk")
    for alert in ordered:
        latest[alert.kind, alert.subject_id, alert.acknowledged_at] = alert
    return [
        TakenAlert(words_of(alert), alert.acknowledged_by.full_name, alert.acknowledged_at)
        for alert in latest.values()
        if alert.acknowledged_by is not None and alert.acknowledged_at is not None
    ]


def words_of(alert: Alert) -> str:
    """What an alert says: the words of its rung as its clock was started with; of an event those of its kind."""
    if alert.clock is None:
        return alert.get_kind_display()
    rungs = definition_of(alert.clock.definition).rungs
    return rungs[min(alert.step, len(rungs)) - 1].words


def count_open_alerts(viewer: Viewer, *, at: datetime) -> int:
    """How many things wait to be taken by the viewer: one query, for the home page and the navigation."""
    if viewer.membership_id is None:
        return 0
    rows = _open(viewer, at)
    return rows.values("kind", "subject_id").distinct().count()

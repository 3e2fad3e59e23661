"""What waits to be taken, for the groups a viewer serves in."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from accounts.rules.viewers import Viewer
from cases.clocks.choices import AlertKind
from cases.clocks.models import Alert

ShouldAlert = Callable[[datetime], QuerySet[Any]]
# Filled by `services.register_should_alert`: what should have an alert, and where a kind of alert is dealt with.
SHOULD_ALERT: dict[AlertKind, ShouldAlert] = {}
PAGES: dict[AlertKind, str] = {}
KeptFrom = Callable[[Viewer, datetime], QuerySet[Any]]
# Filled by `services.register_kept_from`: what a viewer may not know of, although their group was told.
KEPT_FROM: dict[AlertKind, KeptFrom] = {}


@dataclass(frozen=True)
class OpenAlert:
    """Something that nobody has taken yet. It names no child; `page` is the URL name where it is dealt with."""

    alert_id: UUID
    kind: str
    words: str
    raised_at: datetime
    step: int
    page: str


def page_of(alert: Alert) -> str:
    """The URL name of the page on which an alert is dealt with; empty where no app has said."""
    return PAGES.get(AlertKind(alert.kind), "")


def alerts_for(viewer: Viewer, *, at: datetime) -> QuerySet[Alert]:
    """Alerts that went to the viewer's groups, without those about what the viewer may not know of."""
    rows = Alert.objects.filter(group_id__in=viewer.group_ids)
    for kind, query in KEPT_FROM.items():
        rows = rows.exclude(kind=kind, subject_id__in=query(viewer, at))
    return rows


def open_alerts(viewer: Viewer, *, at: datetime) -> list[OpenAlert]:
    """What nobody has taken and the viewer's groups have been told, once for each subject, the oldest first.

    `raised_at` is when the viewer's groups were first told, `step` the highest rung that reached them.
    """
    found: dict[tuple[str, UUID], OpenAlert] = {}
    rows = alerts_for(viewer, at=at).filter(acknowledged_at=None).order_by("raised_at", "step", "pk")
    for alert in rows:
        earlier = found.get((alert.kind, alert.subject_id))
        found[alert.kind, alert.subject_id] = OpenAlert(
            alert_id=earlier.alert_id if earlier else alert.pk,
            kind=alert.kind,
            words=alert.get_kind_display(),
            raised_at=earlier.raised_at if earlier else alert.raised_at,
            step=alert.step,
            page=page_of(alert),
        )
    return list(found.values())


def count_open_alerts(viewer: Viewer, *, at: datetime) -> int:
    """How many things wait to be taken by the viewer's groups: one query, for the home page and the navigation."""
    if not viewer.group_ids:
        return 0
    rows = alerts_for(viewer, at=at).filter(acknowledged_at=None)
    return rows.values("kind", "subject_id").distinct().count()

"""Reports that were asked for, and made."""

from __future__ import annotations

from datetime import date
from typing import Any

from accounts.rules.viewers import Viewer
from accounts.selectors import now
from reporting.choices import RunState
from reporting.models import ReportDocument, ReportRun, ReportSnapshot
from reporting.rules.periods import Period
from reporting.rules.snapshots import digest_of
from reporting.services import figures_for

SPRING = Period(date(2026, 1, 1), date(2026, 3, 31))


def make_run(by: Viewer, *, period: Period = SPRING, **fields: Any) -> ReportRun:
    """A report that waits to be made."""
    return ReportRun.objects.create(
        **{
            "first_day": period.first,
            "last_day": period.last,
            "requested_by_id": by.membership_id,
            "requested_at": now(),
            "tries_left": 3,
            **fields,
        }
    )


def make_report(by: Viewer, *, period: Period = SPRING, pdf: bytes = b"%PDF-1.7 of a test") -> ReportRun:
    """A report that is ready, counted from what is in the database now."""
    at = now()
    run = make_run(by, period=period, state=RunState.DONE, as_at=at, settled_at=at, attempts=1, step=4, steps=4)
    figures = figures_for(period, as_at=at)
    snapshot = ReportSnapshot.objects.create(run=run, figures=figures, sha256=digest_of(figures))
    ReportDocument.objects.create(snapshot=snapshot, pdf=pdf, pages=1)
    return run

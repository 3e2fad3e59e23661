"""The reports that were asked for. Everybody whose role has reports sees all of them: they hold totals alone."""

from uuid import UUID

from reporting.choices import RunState
from reporting.models import ReportDocument, ReportRun

SHOWN = 50


def runs() -> list[ReportRun]:
    """The newest reports first, with who asked for each."""
    rows = ReportRun.objects.select_related("requested_by__user", "requested_by__agency")
    return list(rows.order_by("-requested_at", "pk")[:SHOWN])


def finished_runs() -> list[ReportRun]:
    """Those of them that are ready."""
    return [run for run in runs() if run.state == RunState.DONE]


def run_of(run_id: UUID) -> ReportRun | None:
    """One report with its snapshot, where there is one."""
    return (
        ReportRun.objects.filter(pk=run_id)
        .select_related(
            "requested_by__user", "requested_by__agency", "cancelled_by__user", "snapshot", "snapshot__document"
        )
        .defer("snapshot__document__pdf")
        .first()
    )


def document_of(run_id: UUID) -> ReportDocument | None:
    """The PDF of a report that is ready."""
    return ReportDocument.objects.filter(snapshot__run_id=run_id, snapshot__run__state=RunState.DONE).first()

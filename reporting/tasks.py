"""What the beat asks for: whether a report waits. It may run twice at once; a report is taken by one worker."""

import pghistory
from celery import shared_task

from accounts.selectors import now
from reporting.presenters.pdf import report_as_pdf
from reporting.services import make_next


@shared_task(name="reporting.tasks.make_reports")
def make_reports() -> None:
    """Make the report that has waited longest, one at a time: the next is for the next worker."""
    with pghistory.context(reason="report"):
        make_next(clock=now, render=report_as_pdf)

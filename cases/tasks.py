"""What the beat asks for: the sweep every minute, the dispatcher every few seconds. Both may run twice at once."""

import pghistory
from celery import shared_task

from accounts.selectors import now
from cases.clocks import services


@shared_task(name="cases.tasks.sweep")
def sweep() -> None:
    """Write every alert that is due by the database's clock."""
    with pghistory.context(reason="sweep"):
        services.sweep(now())


@shared_task(name="cases.tasks.dispatch")
def dispatch() -> None:
    """Send the e-mails that are due by the database's clock."""
    with pghistory.context(reason="dispatch"):
        services.dispatch(now())

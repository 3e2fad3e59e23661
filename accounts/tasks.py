"""What the beat asks for in accounts."""

import pghistory
from celery import shared_task

from accounts.selectors import now
from accounts.services.drafts import purge_drafts


@shared_task(name="accounts.tasks.purge_drafts")
def purge() -> None:
    """Throw away the drafts that nobody has touched for 30 days."""
    with pghistory.context(reason="purge"):
        purge_drafts(at=now())

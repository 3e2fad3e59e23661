"""What the beat asks for: the notifications that nobody in triage may decide. It may run twice at once."""

import pghistory
from celery import shared_task

from accounts.selectors import now
from referrals.services.triage_questions import ask_where_nobody_may_triage


@shared_task(name="referrals.tasks.ask_guardians")
def ask_guardians() -> None:
    """Ask the data guardians about each notification that conflicts of interest keep from all who triage."""
    with pghistory.context(reason="kept from triage"):
        ask_where_nobody_may_triage(at=now())

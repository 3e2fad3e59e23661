"""What the beat asks for in accounts."""

import pghistory
from celery import shared_task

from accounts.selectors import now
from accounts.services.api_calls import purge_calls
from accounts.services.drafts import purge_drafts
from accounts.services.email_codes import purge_codes, send_codes
from accounts.services.notices import send_notices as send
from accounts.services.places import purge_places
from accounts.services.reviews import open_reviews
from accounts.services.submissions import purge_held
from accounts.services.unused import look_for_unused


@shared_task(name="accounts.tasks.purge_drafts")
def purge() -> None:
    """Throw away drafts that nobody has touched for 30 days, and held forms and answers to systems older than 7;
    forget where people were signed in long ago."""
    with pghistory.context(reason="purge"):
        purge_drafts(at=now())
        purge_held(at=now())
        purge_calls(at=now())
        purge_places(at=now())
        purge_codes(at=now())


@shared_task(name="accounts.tasks.send_notices")
def send_notices() -> None:
    """Send the codes that people sign in with, and what they are told about their own accounts."""
    with pghistory.context(reason="notices"):
        send_codes(now())
        send(now())


@shared_task(name="accounts.tasks.look_after_accounts")
def look_after_accounts() -> None:
    """Suspend accounts that nobody uses, after telling their people, and open the quarter's access reviews."""
    with pghistory.context(reason="accounts"):
        look_for_unused(at=now())
        open_reviews(at=now())

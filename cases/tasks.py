"""What the beat asks for: the sweep every minute, the dispatcher every few seconds. Both may run twice at once."""

import pghistory
from celery import shared_task

from accounts.selectors import now
from cases.access.services import compare_projection
from cases.clocks import services
from cases.sharing.services.conflicts import find_possible_conflicts
from cases.sharing.services.guarding import keep_guarded
from cases.sharing.services.looks import make_due_digests


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


@shared_task(name="cases.tasks.find_conflicts")
def find_conflicts() -> None:
    """Ask the data guardians about each person and file that may have to be kept apart, and that are new."""
    with pghistory.context(reason="possible conflicts"):
        find_possible_conflicts(at=now())


@shared_task(name="cases.tasks.guard_restricted")
def guard_restricted() -> None:
    """Each night: put right who looks after the restricted files that somebody new, or nobody, can look after."""
    with pghistory.context(reason="restricted files guarded"):
        keep_guarded(at=now())


@shared_task(name="cases.tasks.make_look_digests")
def make_look_digests() -> None:
    """Go through the looks of every week that has ended and was not gone through yet."""
    with pghistory.context(reason="look digest"):
        make_due_digests(now())


@shared_task(name="cases.tasks.compare_lists")
def compare_lists() -> None:
    """Each night: compare what lists are read from with the grants of the moment, and put right what differs."""
    with pghistory.context(reason="projection compared"):
        compare_projection(at=now())

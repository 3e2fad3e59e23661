"""After every migration the owner publishes definitions and sets what the serving role may do; each sign-in that fails
is written down.
"""

from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.http import HttpRequest

from accounts.rules.sign_in import NotLetIn
from accounts.selectors.tries import CODE_OF
from accounts.services.access_events import Trace, trace_of
from accounts.services.database import apply_rights
from accounts.services.definitions import publish_seeds
from accounts.services.failed_sign_ins import note_failed_sign_in


def prepare_database(sender: AppConfig, **kwargs: Any) -> None:
    """Runs once a migrate: the signal comes after every app's tables are there."""
    if sender.name != "accounts":
        return
    publish_seeds()
    apply_rights()


def note_not_let_in(
    sender: Any, credentials: dict[str, Any], request: HttpRequest | None = None, **kwargs: Any
) -> None:
    """A wrong password or code, and a right one for somebody who is locked out."""
    name = str(credentials.get("username") or "")
    why = NotLetIn.CODE if name.startswith(CODE_OF) else NotLetIn.PASSWORD
    # The try that closes an account is counted, and was wrong; those after it are not looked at.
    if (getattr(request, "axes_failures_since_start", None) or 0) > settings.AXES_FAILURE_LIMIT:
        why = NotLetIn.LOCKED
    trace = Trace() if request is None else trace_of(request)
    note_failed_sign_in(why=why, username=name.removeprefix(CODE_OF), trace=trace)

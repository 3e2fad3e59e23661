"""Writing down who was not let in."""

from accounts.choices import AccessOutcome
from accounts.models import User
from accounts.rules.sign_in import SIGN_IN, NotLetIn
from accounts.rules.viewers import Viewer
from accounts.services.access_events import Trace, record_access


def note_failed_sign_in(*, why: NotLetIn, trace: Trace, username: str = "", user_id: int | None = None) -> None:
    """Write one failed sign-in into the trail, on a connection of its own: that of django-axes may be emptied.

    It is somebody's where the name is an account's, and nobody's where it is not. What was typed is never kept, for
    people type a password where the name belongs. The database is asked the same whoever was named.
    """
    if user_id is None and username:
        user_id = User.objects.filter(username=username).values_list("pk", flat=True).first()
    record_access(
        viewer=Viewer(user_id=user_id), action=SIGN_IN, outcome=AccessOutcome.REFUSED, reason_code=why, trace=trace
    )

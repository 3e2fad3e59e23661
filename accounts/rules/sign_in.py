"""When signing in is closed for a while, and until when; and why somebody was not let in."""

from datetime import datetime, timedelta
from enum import StrEnum

COOL_OFF = timedelta(minutes=15)
# What a failed sign-in is called in the trail, whichever page it was on.
SIGN_IN = "accounts:sign_in"


class NotLetIn(StrEnum):
    """Why somebody was not let in, as the trail keeps it."""

    PASSWORD = "wrong_password"  # noqa: S105  (the reason)
    CODE = "wrong_code"
    LOCKED = "locked_out"
    # What came back from a provider of single sign-on before anybody was known.
    NO_STATE = "no_state"
    NOT_SIGNED_IN = "not_signed_in"
    BAD_TOKEN = "bad_token"  # noqa: S105  (the reason)
    WRONG_NONCE = "wrong_nonce"
    WRONG_SUBJECT = "wrong_subject"
    # Whom it named is nobody here, or has an account that is not open.
    NO_ACCOUNT = "no_account"
    LINKED_TO_ANOTHER = "linked_to_another"
    ACCOUNT_LEFT = "account_left"
    ACCOUNT_SUSPENDED = "account_suspended"
    ACCOUNT_CLOSED = "account_closed"


def tries_too_many_names(names: int, *, limit: int) -> bool:
    """Whether one address has failed for so many different names that it goes through a list of them."""
    return names >= limit


def open_again_at(at: datetime) -> datetime:
    """When it may be tried again: 15 minutes after the last try, at the next full minute."""
    opens = at + COOL_OFF
    return (
        opens
        if not opens.second and not opens.microsecond
        else opens.replace(second=0, microsecond=0) + timedelta(minutes=1)
    )

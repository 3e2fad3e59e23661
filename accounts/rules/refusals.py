"""How the product says no, in words a practitioner can act on."""

from contextvars import ContextVar
from uuid import UUID

# Why somebody may not, whatever they typed: each is written into the trail, also where a form says it at a field.
DENIALS = frozenset(
    {
        "no_role",
        "not_named",
        "not_theirs",
        "other_agency",
        "other_caller",
        "own_account",
        "own_agency",
        "own_deed",
        "own_request",
        "own_role",
        "role_lacks",
        "tries_spent",
    }
)


class Refusal(Exception):
    """An action is refused on something the person can already see: shown as a 403 page with `reason`.

    `field` names the question of a form that it is about, where there is one: `form.refuse` says it there.
    """

    code = "refused"
    field = ""

    @property
    def denies(self) -> bool:
        """Whether this person may not, rather than that something was wrong with what they sent."""
        return self.code in DENIALS

    def __init__(self, reason: str, *, field: str = "", code: str | None = None, child_id: UUID | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.child_id = child_id
        if field:
            self.field = field
        if code:
            self.code = code


# What the forms of this request were told, for the middleware that writes denials down; None outside a request.
SAID: ContextVar[list[Refusal] | None] = ContextVar("said_at_forms", default=None)


class NotKnown(Exception):
    """The person may not know whether this exists: shown exactly like an address that never existed.

    `child_id` and `reason_code` are for the log of denials alone.
    """

    def __init__(self, reason_code: str = "not_known", *, child_id: UUID | None = None) -> None:
        super().__init__(reason_code)
        self.reason_code = reason_code
        self.child_id = child_id


def seconds_to_hold(taken: float, whole: float) -> float:
    """How long an answer that took so many seconds waits, so that it leaves at a whole multiple of `whole` of them.

    Whether there was something to find is then not told by when the answer says that there is nothing (decision 0356).
    Nothing waits where `whole` is 0.
    """
    return -taken % whole if whole else 0.0


class Stale(Refusal):
    """Somebody saved the same thing first: shown as a 409 page that keeps what was typed."""

    code = "stale"

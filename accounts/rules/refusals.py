"""How the product says no, in words a practitioner can act on."""

from uuid import UUID


class Refusal(Exception):
    """An action is refused on something the person can already see: shown as a 403 page with `reason`.

    `field` names the question of a form that it is about, where there is one: `form.refuse` says it there.
    """

    code = "refused"
    field = ""

    def __init__(self, reason: str, *, field: str = "", code: str | None = None, child_id: UUID | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.child_id = child_id
        if field:
            self.field = field
        if code:
            self.code = code


class NotKnown(Exception):
    """The person may not know whether this exists: shown exactly like an address that never existed.

    `child_id` and `reason_code` are for the log of denials alone.
    """

    def __init__(self, reason_code: str = "not_known", *, child_id: UUID | None = None) -> None:
        super().__init__(reason_code)
        self.reason_code = reason_code
        self.child_id = child_id


class Stale(Refusal):
    """Somebody saved the same thing first: shown as a 409 page that keeps what was typed."""

    code = "stale"

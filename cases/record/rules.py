"""Rules of the record: who may lead, what a file may be called, how old a child is."""

from datetime import date

from accounts.rules.refusals import Refusal


class RecordRefused(Refusal):
    """Something about a child's file cannot be written like this; the message says what to do."""

    code = "record_refused"


def age_on(birth_date: date | None, day: date) -> int | None:
    """Age in whole years on a day; None where the birth date is not known. Born on 29 February: older on 1 March."""
    if birth_date is None:
        return None
    return day.year - birth_date.year - ((day.month, day.day) < (birth_date.month, birth_date.day))


def check_lead_may_end(*, is_lead: bool) -> None:
    """Refuse to end the involvement of the lead: the file must have one, so another is named first."""
    if is_lead:
        raise RecordRefused("This worker leads on the case. Name a new lead first, then end this involvement.")


def check_lead_is_named(*, has_membership: bool) -> None:
    """Refuse a lead that is an agency without a person: the child must have one named worker."""
    if not has_membership:
        raise RecordRefused("The lead must be a named person, so that the child knows who it is.")


def check_handover_has_reason(reason: str) -> None:
    """Refuse a change of lead without a reason: children want one constant worker, and to know why it changes."""
    if len(reason.strip()) < 10:
        raise RecordRefused("Say in a sentence why the lead changes, so that it can be explained to the child.")

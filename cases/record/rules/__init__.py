"""Rules of the record: who may lead, what a file may be called, how old a child is."""

import re
from datetime import date, datetime

from accounts.rules.dates import day, in_london
from accounts.rules.refusals import Refusal
from cases.record.choices import IdentifierKind

KEPT_FROM_WORK = "This person cannot be given work on this file. Choose somebody else."


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


def check_may_work(*, may: bool) -> None:
    """Refuse to give work to somebody whom a conflict of interest keeps from the file, without a word of why."""
    if not may:
        raise RecordRefused(KEPT_FROM_WORK)


def check_may_name(*, is_named: bool, oversees: bool) -> None:
    """Refuse to name somebody on a restricted file by who is not named there, as they cannot see whom they let in, or
    is no manager or data guardian: the people a restricted file depends on do not widen the circle themselves.
    """
    if not (is_named and oversees):
        raise RecordRefused(
            "This file is open to named people only. A manager or a data guardian who is named on it can name a "
            "worker.",
            code="not_named",
        )


def check_handover_has_reason(reason: str) -> None:
    """Refuse a change of lead without a reason: children want one constant worker, and to know why it changes."""
    if len(reason.strip()) < 10:
        raise RecordRefused("Say in a sentence why the lead changes, so that it can be explained to the child.")


def check_not_in_future(started_on: date, *, at: datetime) -> None:
    """Refuse a fact that starts after today: the file says what is so, not what is planned."""
    if started_on > in_london(at).date():
        raise RecordRefused("The start cannot be in the future. Write it down on the day it begins.")


def check_follows(started_on: date, *, earlier: date) -> None:
    """Refuse a start before that of the fact it would end."""
    if started_on < earlier:
        raise RecordRefused(f"What is recorded now started on {day(earlier)}. Give that day or a later one.")


def tidy_identifier(value: str) -> str:
    """A number as it is kept: capitals, without the spaces it is printed with."""
    return re.sub(r"\s+", "", value).upper()


def check_identifier(kind: str, value: str) -> None:
    """Refuse an NHS number that cannot be one: ten digits, of which the last is the modulus 11 check digit.

    Source: NHS data dictionary, NHS number.
    """
    if kind == IdentifierKind.NHS_NUMBER and not _is_nhs_number(value):
        raise RecordRefused("That is not an NHS number: it has 10 digits, and its last digit checks the others.")


def _is_nhs_number(value: str) -> bool:
    if not re.fullmatch(r"[0-9]{10}", value):
        return False
    total = sum(int(digit) * weight for digit, weight in zip(value[:9], range(10, 1, -1), strict=True))
    return (11 - total % 11) % 11 == int(value[9])


def tidy_reference(typed: str) -> str:
    """A file's reference as somebody may type it: `h7k 4pqr` becomes `H7K-4PQR`. Empty where it cannot be one."""
    signs = re.sub(r"[\s-]+", "", typed).upper()
    return f"{signs[:3]}-{signs[3:]}" if re.fullmatch(r"[2-9A-HJKMNP-Z]{7}", signs) else ""

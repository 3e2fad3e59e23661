"""The information-sharing agreement: what its versions, signatures and assessments must be, and whom they cover."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from accounts.rules.agreements import A_DAY, Span, joined
from accounts.rules.refusals import Refusal
from accounts.rules.roles import Capability
from accounts.rules.viewers import Viewer
from cases.sharing.rules.wording import is_shorter

REASON_AT_LEAST = 20
# Nobody reads today what was agreed this long ago; a review that far off is a slip of the pen.
LONGEST = timedelta(days=3 * 366)


class AgreementRefused(Refusal):
    """Something that cannot be written in the register of agreements; `field` names where to mend it."""

    code = "agreement_refused"


@dataclass(frozen=True)
class Signed:
    """A signature as the rule reads it: the days of its version, when it was given, and from when on it is not."""

    in_force_from: date
    ends_on: date
    signed_on: date
    withdrawn_on: date | None = None

    @property
    def span(self) -> Span:
        """The days that it covers."""
        until = self.ends_on + A_DAY
        if self.withdrawn_on is not None:
            until = min(until, self.withdrawn_on)
        return Span(max(self.in_force_from, self.signed_on), until)


def covered_by(signatures: Iterable[Signed]) -> list[Span]:
    """The days on which an agency is covered by what it has signed."""
    return joined(signature.span for signature in signatures)


def check_keeps(by: Viewer) -> None:
    """Refuse anybody but a data guardian: they alone adopt an agreement and write in its register."""
    if not by.may(Capability.AUDIT):
        raise AgreementRefused("The data guardian keeps the register of agreements.", code="role_lacks")


def check_reason(reason: str) -> None:
    """Refuse fewer than 20 characters: the agencies concerned read why."""
    if is_shorter(reason, REASON_AT_LEAST):
        raise AgreementRefused(f"Say why in at least {REASON_AT_LEAST} characters", field="reason")


def check_days(*, in_force_from: date, ends_on: date) -> None:
    """Refuse a version that ends before it begins, or runs for more than three years without a review."""
    if ends_on < in_force_from:
        raise AgreementRefused("The last day must not be before the first", field="ends_on")
    if ends_on > in_force_from + LONGEST:
        raise AgreementRefused("An agreement is reviewed within three years of its first day", field="ends_on")


def check_new_end(*, in_force_from: date, before: date, ends_on: date, today: date) -> None:
    """Refuse another last day that is none, has passed, or would let the version run for more than three years.

    Three years are counted from today where it has run that long: an extension buys time, it is no new agreement.
    """
    if ends_on == before:
        raise AgreementRefused("It ends on that day already", field="ends_on")
    if ends_on < today:
        raise AgreementRefused("The last day must be today or later", field="ends_on")
    check_days(in_force_from=max(in_force_from, min(today, ends_on)), ends_on=ends_on)


def check_signed_on(signed_on: date, *, today: date, ends_on: date) -> None:
    """Refuse a signature of a day to come, and one that was given after the version's last day."""
    if signed_on > today:
        raise AgreementRefused("The day of the signature must be today or in the past", field="signed_on")
    if signed_on > ends_on:
        raise AgreementRefused("The day of the signature must not be after the version's last day", field="signed_on")


def check_assessed(*, done_on: date, review_on: date, today: date) -> None:
    """Refuse an assessment of a day to come, or one whose review is not after it."""
    if done_on > today:
        raise AgreementRefused("The day of the assessment must be today or in the past", field="done_on")
    if review_on <= done_on:
        raise AgreementRefused("The review must be after the assessment", field="review_on")
    if review_on > done_on + LONGEST:
        raise AgreementRefused("An assessment is reviewed within three years", field="review_on")

"""What a notification must say before it can be sent, and what its referrer is told afterwards."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from accounts.rules.dates import age_in_years
from accounts.rules.postcodes import postcodes_in, spaced
from accounts.rules.refusals import Refusal
from referrals.choices import Agreement, ConcernKind, Told, TriageOutcome

# The pages of the form, in order, with the words that name them. All must be filled in but the Matrix, which is
# asked for and never waited for.
STEPS: Mapping[str, str] = {
    "child": "Who the child is",
    "about": "More about the child",
    "home": "Where the child lives",
    "concern": "What worries you",
    "harm": "What is known about harm",
    "danger": "Danger now",
    "words": "What the child says",
    "told": "Who knows about this",
    "contact": "How to reach you",
    "matrix": "The Risk Factor Matrix",
}
ADULT_AGE = 18
YOUNGEST_LIKELY = 5
OLDEST_AGE = 25
NO_CONSENT_UNDER = 13

# The referrer reads the outcome in words that are the same whether or not the child had a file before.
OUTCOME_WORDS: Mapping[str, str] = {
    TriageOutcome.ACCEPT_NEW: "Accepted: agencies will work together with this child",
    TriageOutcome.ACCEPT_JOINED: "Accepted: agencies will work together with this child",
    TriageOutcome.EARLY_HELP: "Passed to early help",
    TriageOutcome.SOCIAL_CARE: "Passed to children's social care",
    TriageOutcome.INFORMATION_ONLY: "Kept as information",
    TriageOutcome.DECLINE: "Not taken on, with advice to you",
}


class NotificationIncomplete(Refusal):
    """A notification cannot be sent yet; `steps` are the pages to look at again."""

    code = "notification_incomplete"

    def __init__(self, steps: list[str]) -> None:
        names = ", ".join(f"“{STEPS[step]}”" for step in steps)
        super().__init__(f"Fill in {names} before you send this. What you have written is kept.")
        self.steps = steps


class MatrixAlreadyThere(Refusal):
    """The Matrix of a notification is completed once."""

    code = "matrix_already_there"


def age_said(*, birth_date: date | None, age_if_unknown: int | None, today: date) -> int | None:
    """The child's age in whole years on a day: from the birth date, else as the referrer guessed it, else None."""
    return age_in_years(birth_date, today) if birth_date else age_if_unknown


def is_unlikely_age(age: int) -> bool:
    """Whether an age in whole years is asked about once: under 5, or 18 and over. Most often the year is mistyped."""
    return age < YOUNGEST_LIKELY or age >= ADULT_AGE


def question_about_age(age: int) -> str:
    """The question about an unlikely age, and what to do where it is right."""
    years = f"{age} year{'' if age == 1 else 's'} old" if age else "less than 1 year old"
    return f"This makes the {'person' if age >= ADULT_AGE else 'child'} {years}. Is that right? If it is, continue"


def first_unfinished(kept: Mapping[str, Mapping[str, Any] | None], *, today: date) -> str:
    """The page to carry on with: the first that is not filled in, the Matrix last; empty where nothing is left."""
    missing = steps_to_fill(kept, today=today)
    if missing:
        return missing[0]
    return "" if kept.get("matrix") else "matrix"


def steps_to_fill(kept: Mapping[str, Mapping[str, Any] | None], *, today: date) -> list[str]:
    """The steps that stop a notification from being sent, in the order of the form.

    `kept` holds each step as it was understood when it was saved, None where something was wrong with it. A
    step that has gone wrong since (a draft lies for weeks) is named too.
    """
    missing = [step for step in STEPS if step != "matrix" and not kept.get(step)]
    if "child" not in missing and _child_is_doubtful(kept["child"] or {}, today):
        missing.insert(0, "child")
    if "told" not in missing and _silence_is_unexplained(kept["told"] or {}):
        missing.append("told")
    return sorted(missing, key=list(STEPS).index)


def _child_is_doubtful(child: Mapping[str, Any], today: date) -> bool:
    born = child.get("birth_date")
    age = age_said(
        birth_date=date.fromisoformat(born) if born else None, age_if_unknown=child.get("age_if_unknown"), today=today
    )
    return not child.get("given_name") or age is None or not 0 <= age <= OLDEST_AGE


def _silence_is_unexplained(told: Mapping[str, Any]) -> bool:
    unsafe = Told.NO_UNSAFE in (told.get("child_told"), told.get("parents_told"))
    return unsafe and not told.get("reason_not_told")


def agreement_said(told: str, agreement: str) -> Agreement:
    """What somebody agreed to: only a person who knows of the notification has been asked."""
    return Agreement(agreement) if told == Told.YES and agreement else Agreement.NOT_ASKED


def hints_before_sending(*, age: int | None, concerns: list[str]) -> list[str]:
    """What the referrer should know before sending, from what they wrote themselves. Nothing here stops them.

    Young people up to 25 with a learning disability or care needs: domain report A9. Under 13: A4.
    """
    hints = []
    if age is not None and age >= ADULT_AGE:
        hints.append(
            "You wrote that this person is 18 or over. You can still send this: young people up to 25 with a "
            "learning disability, or who are moving on from children's services, are within Harbour. For any other "
            "adult at risk, ring adult services as well."
        )
    if age is not None and age < NO_CONSENT_UNDER and ConcernKind.SEXUAL in concerns:
        hints.append(
            "A child under 13 can never consent to sexual activity. Ring children's social care now, and send this "
            "as well."
        )
    return hints


def kept_postcodes(home: Mapping[str, Any]) -> frozenset[str]:
    """The postcode of the address that a referrer keeps from somebody, as it is compared; none where they keep none."""
    if not home.get("address_protected"):
        return frozenset()
    return postcodes_in("\n".join(_texts([home.get("address_lines"), home.get("postcode")])))


def postcode_hints(kept: Mapping[str, Mapping[str, Any] | None]) -> list[str]:
    """Where else a referrer has written the postcode of the address that they keep from somebody."""
    codes = kept_postcodes(kept["home"] or {})
    written = {step: set(_texts(answers)) for step, answers in kept.items()}
    if kept["home"]:
        written["home"] = set(_texts(kept["home"].get("safe_contact")))
    hints = []
    for step, texts in written.items():
        found = codes & frozenset().union(*map(postcodes_in, texts))
        if found:
            words = ", ".join(map(spaced, sorted(found)))
            hints.append(
                f"“{STEPS[step]}” has the postcode of the address that must be kept from somebody ({words}). People "
                "who work with the child may read it there. Take it out, unless it must stay."
            )
    return hints


def _texts(value: Any) -> Iterator[str]:
    """Every text in an answer, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list | tuple):
        for part in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(part)

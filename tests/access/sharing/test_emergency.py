"""Who may open a file in an emergency, why, for how long, and who judges it: the rules as tables."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from accounts.definitions import seeds
from accounts.rules.roles import ROLES
from accounts.rules.viewers import Viewer
from cases.access.choices import Category
from cases.access.rules import FileFacts, mask_of, read_matrix
from cases.sharing.rules import emergency as rules

AT = datetime(2026, 3, 4, 12, tzinfo=UTC)
REASON = "He rang from a car and was crying; I must know whom he is with."


@pytest.mark.parametrize(
    ("said", "enough"),
    [
        ("", False),
        ("x" * 20, False),
        ("ab " * 20, False),
        ("Missing since noon", False),
        ("   Missing since noon   \n\n   ", False),
        ("Missing since noon..", True),
        (REASON, True),
    ],
)
def test_a_reason_says_something(said, enough):
    if enough:
        rules.check_reason(said)
        return
    with pytest.raises(rules.EmergencyRefused) as refused:
        rules.check_reason(said)
    assert refused.value.field == "reason"


class File:
    def __init__(self, known=False, shut=False, more=False):
        self.known, self.shut, self.more = known, shut, more


OPEN, KNOWN, SHUT, PART = File(), File(known=True), File(shut=True), File(known=True, more=True)


@pytest.mark.parametrize(
    ("found", "result"),
    [
        ([], (None, False)),
        ([OPEN], (OPEN, False)),
        ([SHUT], (None, False)),
        ([KNOWN], (KNOWN, True)),
        ([OPEN, File()], (None, False)),
        ([OPEN, SHUT], (None, False)),
        ([OPEN, KNOWN], (KNOWN, True)),
        ([SHUT, KNOWN], (KNOWN, True)),
        ([PART], (PART, False)),
        ([PART, OPEN], (PART, False)),
        ([SHUT, PART], (PART, False)),
        ([PART, KNOWN], (KNOWN, True)),
        ([PART, File(known=True, more=True)], (None, False)),
    ],
)
def test_one_file_is_opened_or_none(found, result):
    assert rules.one_to_open(found) == result


MATRIX = read_matrix(next(seed.body for seed in seeds() if seed.kind == "access_matrix"))
SLIVER = ("identity", "contact_address", "missing")
NEVER_READ = ("sessions", "health_sensitive")


def mask_but(*left_out: str) -> int:
    return mask_of(set(Category.values) - set(left_out))


@pytest.mark.parametrize(
    ("role", "facts", "more"),
    [
        ("police_exploitation", FileFacts(category_mask=mask_of(SLIVER)), True),
        ("police_exploitation", FileFacts(category_mask=mask_but()), False),
        ("police_exploitation", FileFacts(category_mask=mask_but(*NEVER_READ)), False),
        ("police_exploitation", FileFacts(category_mask=mask_but("who_looked")), False),
        ("police_exploitation", FileFacts(category_mask=mask_but("interview")), True),
        ("police_exploitation", FileFacts(category_mask=mask_of(SLIVER), entries=True), True),
        ("police_exploitation", FileFacts(panel_mask=mask_but()), False),
        ("police_exploitation", FileFacts(category_mask=mask_of(rules.OPENED), emergency=True), False),
        ("specialist_manager", FileFacts(category_mask=mask_but("sessions")), False),
        ("specialist_manager", FileFacts(category_mask=mask_but("person_of_concern")), False),
        ("specialist_manager", FileFacts(category_mask=mask_but("intelligence")), True),
    ],
    ids=[
        "a missing child", "all", "what the role never reads", "who looked", "one kind", "single entries", "a panel's",
        "an emergency's", "sessions", "a panel's cell", "own entries of one kind",
    ],
)  # fmt: skip
def test_an_emergency_opens_more_where_the_role_reads_more_than_is_open(role, facts, more):
    assert rules.opens_more(Viewer(user_id=1, role_key=role), facts, MATRIX) is more


@pytest.mark.parametrize(("seconds", "minutes"), [(3600, 60), (3599, 60), (61, 2), (60, 1), (1, 1), (0, 0), (-5, 0)])
def test_the_minutes_left_count_the_one_that_has_begun(seconds, minutes):
    assert rules.minutes_left(AT + timedelta(seconds=seconds), AT) == minutes


@pytest.mark.parametrize(
    ("ended_after", "asked_after", "running"), [(None, 59, True), (None, 60, False), (10, 9, True), (10, 10, False)]
)
def test_it_runs_until_its_end(ended_after, asked_after, running):
    ended_at = None if ended_after is None else AT + timedelta(minutes=ended_after)
    asked_at = AT + timedelta(minutes=asked_after)
    assert rules.is_running(ends_at=AT + rules.LASTS, ended_at=ended_at, at=asked_at) is running


ONE, OTHER = uuid4(), uuid4()


@pytest.mark.parametrize(
    ("user", "agency", "others", "may"),
    [
        (1, ONE, True, False),
        (1, OTHER, False, False),
        (2, ONE, True, False),
        (2, ONE, False, True),
        (2, OTHER, True, True),
        (2, OTHER, False, True),
    ],
)
def test_nobody_judges_themselves_nor_a_colleague_where_another_can(user, agency, others, may):
    judge = rules.Judge(
        user_id=user, agency_id=agency, opened_by_id=1, opened_at_agency_id=ONE, others_elsewhere=others
    )
    if may:
        rules.check_may_judge(judge)
    else:
        with pytest.raises(rules.EmergencyRefused):
            rules.check_may_judge(judge)


ON_DUTY = {
    "csc_social_worker", "csc_manager", "csc_out_of_hours", "police_exploitation", "police_missing",
    "specialist_manager", "notification_point",
}  # fmt: skip


def refuses(check, *given, **said) -> bool:
    try:
        check(*given, **said)
    except rules.EmergencyRefused:
        return True
    return False


@pytest.mark.parametrize("role", sorted(ROLES))
def test_who_is_on_duty_for_a_child_in_danger(role):
    assert refuses(rules.check_may_open, Viewer(user_id=1, role_key=role)) is (role not in ON_DUTY)


def test_what_an_emergency_opens_is_all_but_sessions_and_who_looked():
    assert set(rules.OPENED) == set(Category.values) - {"sessions", "who_looked"}


@pytest.mark.parametrize(("tries", "refused"), [(0, False), (4, False), (5, True), (6, True)])
def test_after_five_tries_there_is_no_sixth(tries, refused):
    assert refuses(rules.check_tries, tries) is refused


@pytest.mark.parametrize(
    ("running", "words", "refused"),
    [
        (True, "Needed, and over soon.", True),
        (False, "Needed, and over soon.", False),
        (False, "Needed it.", False),
        (False, "Needed it", True),
        (False, "  Needed it  ", True),
    ],
)
def test_a_verdict_has_words_and_waits_for_the_end(running, words, refused):
    assert refuses(rules.check_verdict, running=running, words=words) is refused


@pytest.mark.parametrize(
    ("said", "enough"),
    [
        ("abcdef abcdef abcdef", True),
        ("abcdef abcdef abcde", False),
        ("abcde abcde abcde ab", False),
        ("ABCDEabcde ABCDEabcde", False),
        ("abcde1234567890 abcde", False),
    ],
)
def test_a_reason_has_enough_different_letters(said, enough):
    assert refuses(rules.check_reason, said) is not enough

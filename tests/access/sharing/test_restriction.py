"""Who is named on a restricted file, for how long, and who opens it again: the rules as tables."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import uuid4

import pytest

from accounts.rules.roles import ROLES
from cases.sharing.rules import restriction as rules
from cases.sharing.rules.restriction import Named, RestrictionRefused

WORKER, BOSS, GUARDIAN = (Named(uuid4(), role) for role in ("csc_social_worker", "csc_manager", "data_guardian"))


@pytest.mark.parametrize(
    ("named", "lead", "may"),
    [
        ([], None, False),
        ([BOSS], None, False),
        ([BOSS, BOSS], None, False),
        ([WORKER, Named(uuid4(), "police_missing")], None, False),
        ([WORKER, BOSS], None, False),
        ([BOSS, Named(uuid4(), "specialist_manager")], None, False),
        ([WORKER, GUARDIAN], WORKER.membership_id, True),
        ([BOSS, GUARDIAN], None, True),
        ([GUARDIAN], None, False),
        ([BOSS, GUARDIAN], WORKER.membership_id, False),
    ],
)
def test_two_are_named_a_guardian_and_the_lead_among_them(named, lead, may):
    if may:
        rules.check_named(named, lead=lead)
        return
    with pytest.raises(RestrictionRefused) as refused:
        rules.check_named(named, lead=lead)
    assert refused.value.field == "named"


@pytest.mark.parametrize(
    ("after", "may"), [(-1, False), (0, False), (1, True), (183, True), (184, False)], ids=lambda value: str(value)
)
def test_the_review_is_within_six_months(after, may):
    today = date(2026, 3, 4)
    if may:
        rules.check_review_on(today + timedelta(days=after), today=today)
        return
    with pytest.raises(RestrictionRefused):
        rules.check_review_on(today + timedelta(days=after), today=today)


@pytest.mark.parametrize(
    ("asked_by", "by", "others", "may"),
    [(None, 1, [BOSS], False), (1, 1, [BOSS], False), (1, 1, [], False), (1, 2, [], True), (1, 2, [BOSS], True)],
)
def test_two_people_lift_it(asked_by, by, others, may):
    if may:
        rules.check_may_lift(asked_by=asked_by, by=by, others=others)
        return
    with pytest.raises(RestrictionRefused):
        rules.check_may_lift(asked_by=asked_by, by=by, others=others)


def refuses(check, *given, **said) -> bool:
    try:
        check(*given, **said)
    except RestrictionRefused:
        return True
    return False


@pytest.mark.parametrize(
    ("reason", "refused"), [("", True), ("x" * 19, True), (f" {'x' * 10}  {'x' * 8} ", True), ("x" * 20, False)]
)
def test_why_is_said_in_twenty_characters(reason, refused):
    assert refuses(rules.check_reason, reason) is refused


@pytest.mark.parametrize("role", sorted(ROLES))
def test_who_looks_after_a_restriction(role):
    assert Named(uuid4(), role).oversees is (role in {"csc_manager", "specialist_manager", "data_guardian"})


@pytest.mark.parametrize(("lead_name", "said"), [("Kezia Thorne", "Kezia Thorne leads"), ("", "The lead leads")])
def test_the_lead_who_is_not_named_is_called_by_name(lead_name, said):
    with pytest.raises(RestrictionRefused, match=f"^{said} on the case"):
        rules.check_named([BOSS, GUARDIAN], lead=WORKER.membership_id, lead_name=lead_name)


@pytest.mark.parametrize(("others", "ends"), [([BOSS], "must agree."), ([], "must agree. Name one first.")])
def test_where_nobody_else_could_agree_somebody_is_named_first(others, ends):
    with pytest.raises(RestrictionRefused) as refused:
        rules.check_may_lift(asked_by=1, by=1, others=others)
    assert str(refused.value).endswith(ends)

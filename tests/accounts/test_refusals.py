"""What is a denial, and that each is written down, whether it comes as a page or as words at a form.

Seen to fail: the middleware without what forms were told (every denial at a form leaves no trace).
"""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.urls import reverse

from accounts.choices import AccessOutcome
from accounts.models import AccessEvent
from accounts.rules import life
from accounts.rules.refusals import DENIALS, SAID, NotKnown, Refusal
from accounts.rules.viewers import Viewer
from cases.access.choices import Cell
from cases.record import rules as record
from cases.sharing.rules import addresses, conflicts, emergency, looks, matrix, requests, restriction
from panels.rules import decisions
from referrals.rules import triage
from risk import rules as risk
from tests.accounts.test_second_factor import reset, with_app
from tests.factories.sharing import propose

HERE, THERE = uuid4(), uuid4()
NOBODY = Viewer(user_id=1, role_key="notification_only")
WAITS = {"needs": True, "approved": False, "sent_back": False, "judged_by": 1}
OPENS = matrix.CellChange("data_guardian", "plan", Cell.NONE, Cell.FULL)
GUARDIAN = Viewer(user_id=1, role_key="data_guardian")


def place(**said):
    return conflicts.check_may_place(conflicts.Placing(**{"by_user_id": 1, "by_agency_id": HERE, "user_id": 2, **said}))


def lift(**said):
    return conflicts.check_may_lift(**{"asked_by": 2, "by": 1, "user_id": 3, "guardian": False, "placed_by": 4, **said})


def judge(**said):
    agencies = {"agency_id": HERE, "opened_at_agency_id": HERE, "others_elsewhere": True}
    return emergency.check_may_judge(emergency.Judge(**{"user_id": 1, "opened_by_id": 2, **agencies, **said}))


def answer(**said):
    asked = {
        "by_user_id": 1,
        "asked_by_user_id": 2,
        "by_agency_id": HERE,
        "asked_at_agency_id": HERE,
        "guardian": False,
    }
    return requests.check_may_answer(requests.Answering(**{**asked, **said}))


def step(to, **said):
    return decisions.check_step(**{"to": to, "note": "x", "owner": False, "office": False, **said})


@pytest.mark.parametrize(
    ("code", "rule"),
    [
        ("role_lacks", lambda: life.check_administers(NOBODY)),
        ("own_account", lambda: life.check_not_own(1, NOBODY)),
        ("role_lacks", lambda: emergency.check_may_open(NOBODY)),
        ("tries_spent", lambda: emergency.check_tries(5)),
        ("own_deed", lambda: judge(opened_by_id=1)),
        ("own_agency", judge),
        ("role_lacks", lambda: matrix.check_may_propose(NOBODY)),
        ("own_deed", lambda: matrix.check_signature(GUARDIAN, [OPENS], signed_by=[1])),
        ("own_role", lambda: matrix.check_signature(GUARDIAN, [OPENS], signed_by=[])),
        ("other_agency", lambda: place(agency_id=THERE, guardian=False)),
        ("own_deed", lambda: lift(user_id=1)),
        ("own_request", lambda: lift(asked_by=1)),
        ("not_theirs", lift),
        ("own_deed", lambda: looks.check_verdict(signal_user_id=1, decided=False, by_user_id=1)),
        ("own_request", lambda: answer(asked_by_user_id=1)),
        ("own_agency", answer),
        ("own_request", lambda: restriction.check_may_lift(asked_by=1, by=1, others=[])),
        ("own_deed", lambda: addresses.check_not_oneself(own_account=True, own_agency=False)),
        ("not_named", lambda: record.check_may_name(is_named=False, oversees=True)),
        ("own_deed", lambda: risk.check_approval(**WAITS, approver=1)),
        ("own_deed", lambda: risk.check_sending_back(**WAITS, sender=1, reason="x" * 40)),
        ("role_lacks", lambda: triage.check_may_triage(NOBODY)),
        ("role_lacks", lambda: step("withdrawn")),
        ("not_theirs", lambda: step("done")),
        ("own_deed", lambda: decisions.check_verification(status="done", verified=False, owner=True)),
    ],
)
def test_who_may_not_is_denied(code, rule):
    with pytest.raises(Refusal) as refused:
        rule()
    assert (refused.value.code, refused.value.denies) == (code, True)


@pytest.mark.parametrize(
    "rule",
    [
        lambda: life.check_domain("a@else.example", ["north.example"]),
        lambda: emergency.check_reason("short"),
        lambda: emergency.check_verdict(running=True, words="A sentence of words."),
        lambda: matrix.check_signature(GUARDIAN, [], signed_by=[]),
        lambda: lift(asked_by=None),
        lambda: looks.check_verdict(signal_user_id=2, decided=True, by_user_id=1),
        lambda: risk.check_sending_back(**WAITS, sender=2, reason=""),
        lambda: step("withdrawn", office=True, note=""),
    ],
)
def test_what_is_wrong_with_what_was_sent_is_no_denial(rule):
    with pytest.raises(Refusal) as refused:
        rule()
    assert not refused.value.denies


def test_outside_a_request_nothing_is_kept_for_the_trail():
    assert SAID.get() is None
    assert not issubclass(NotKnown, Refusal), "it never comes back as a form"
    assert "refused" not in DENIALS


def own_second_step(world, client_as, viewer, at):
    return reset(client_as("guardian"), with_app(world.user("guardian"), at, viewer("guardian")))


def own_closing(world, client_as, viewer, at):
    path = reverse("accounts:close_account", args=[world.user("admin").pk])
    return client_as("admin").post(path, {"reason": "I leave on Friday.", "idempotency_key": str(uuid4())})


def anothers_proposal(world, client_as, viewer, at):
    path = reverse("cases:add_matrix_change", args=[propose(viewer, at).pk])
    change = {"role": "housing", "category": "missing", "cell": "S", "idempotency_key": str(uuid4())}
    return client_as("guardian").post(path, change)


def short_reason(world, client_as, viewer, at):
    return reset(client_as("guardian"), with_app(world.user("guardian"), at, viewer("guardian")), reason="x")


def nothing_to_reset(world, client_as, viewer, at):
    return reset(client_as("guardian"), world.user("keyworker"))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("deed", "person", "written"),
    [
        (own_second_step, "guardian", [("accounts:reset_second_factor", "own_account")]),
        (own_closing, "admin", [("accounts:close_account", "own_account")]),
        (anothers_proposal, "guardian", [("cases:add_matrix_change", "not_theirs")]),
        (short_reason, "guardian", []),
        (nothing_to_reset, "guardian", []),
    ],
)
def test_a_denial_that_a_form_says_is_written_down(world, client_as, viewer, at, deed, person, written):
    assert deed(world, client_as, viewer, at).status_code == 422
    events = AccessEvent.objects.filter(outcome=AccessOutcome.REFUSED, at__gte=at - timedelta(minutes=1))
    assert list(events.values_list("action", "reason_code")) == written
    assert {event.user_id for event in events} <= {world.user(person).pk}

"""A code asked for again before what is grave on a file: nothing happens before it, and nothing typed is lost.

Seen to fail: each page of `ACTS` without its mark (the act is done on a code of a quarter of an hour ago), and a form
let through once it was opened; a conflict asked about when it is read alone; what was typed not kept, and a bare button
kept; a button and a file to take that lead back to themselves, or without the question; somebody without a second step
here led away from what they were about to do; somebody who is signed in led to the sign-in page after five wrong codes,
and told of codes after five wrong passwords; a code asked of somebody who needs none, or for closing a file to oneself.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from axes.models import AccessAttempt
from django.http import HttpResponse
from django.urls import reverse

from accounts.choices import AccessOutcome, FunctionKey
from accounts.models import AccessEvent, HeldSubmission, User
from accounts.services.submissions import owner_token
from cases.access.models import AccessGrant, Block
from cases.access.services import grant_to_function
from cases.clocks.models import Alert, OutboxMessage
from cases.record.models import Child
from cases.sharing.models import Conflict, EmergencyAccess, PossibleConflict, Restriction, RestrictionStep
from cases.sharing.models.matrix import MatrixProposal, MatrixSignature
from cases.sharing.services import restriction as restrictions
from tests.accounts.test_second_factor import code_at, form_key, key_on, with_app
from tests.accounts.test_sign_in import hidden_fields
from tests.cases.browsing import send, text, url
from tests.conftest import HonestClient
from tests.factories.cases import grant, make_child, make_lead
from tests.factories.conflicts import make_conflict, make_possible
from tests.factories.sharing import propose

pytestmark = pytest.mark.django_db

AGAIN, SET_UP = "/account/second-step/again/", "/account/second-step/set-up/"
EMERGENCY = "/emergency-access/"
REASON = "He rang from a car and was crying; I must know whom he is with."
LONG_AGO, LATELY = 901, 60
CHANGED = (
    AccessGrant,
    Alert,
    Block,
    Child,
    Conflict,
    EmergencyAccess,
    MatrixProposal,
    MatrixSignature,
    OutboxMessage,
    PossibleConflict,
    Restriction,
    RestrictionStep,
)


@dataclass(frozen=True)
class Setting:
    """The people, and how one of them comes to a browser."""

    world: Any
    viewer: Callable[[str], Any]
    client_as: Callable[[str], HonestClient]
    at: datetime

    def browser(self, name: str, *, ago: int | None) -> HonestClient:
        """Somebody with a second step, who gave the last code so many seconds ago."""
        with_app(self.world.user(name), self.at, self.viewer(name))
        browser = self.client_as(name)
        return code_given(browser, self.at, ago=ago)

    def owner(self, name: str) -> str:
        """The mark of a page that was made for somebody."""
        return owner_token(self.world.user(name).pk, self.world.membership(name).pk)

    def restricted(self) -> Child:
        """A file that three people are named on."""
        child = self.child()
        restrictions.restrict_file(
            child=child,
            kind="staff_child",
            reason=REASON,
            review_on=self.at.date() + timedelta(days=30),
            named=[self.world.membership(name).pk for name in ("socialworker", "social_care_manager", "guardian")],
            version=child.version,
            at=self.at,
            by=self.viewer("social_care_manager"),
        )
        child.refresh_from_db()
        return child

    def child(self) -> Child:
        """A file that the social worker leads on, which police may not know of."""
        made, before = make_child("Wren", "Hallowell"), self.at - timedelta(hours=1)
        make_lead(made, self.world.membership("socialworker"), at=self.at - timedelta(3), by=self.viewer("triage"))
        for key in ("social_care", "specialist"):
            grant(made, self.world.agency(key))
        for function in (FunctionKey.DATA_GUARDIANS, FunctionKey.NOTIFICATION_POINT):
            grant_to_function(child_id=made.pk, function=function, at=before, by=None)
        return made


@pytest.fixture
def setting(world, viewer, client_as, at) -> Setting:
    return Setting(world, viewer, client_as, at)


def code_given(browser: HonestClient, at: datetime, *, ago: int | None) -> HonestClient:
    session = browser.session
    session["second_factor_at"] = None if ago is None else int(at.timestamp()) - ago
    session.save()
    return browser


@dataclass(frozen=True)
class Act:
    """What somebody opens, and what they send there: nothing, where it is a file to take."""

    opens: str
    sends_to: str = ""
    fields: dict[str, Any] | None = None


def emergency(s: Setting) -> Act:
    return Act(EMERGENCY, fields=in_emergency(s.child()))


def in_emergency(child: Child) -> dict[str, Any]:
    return {
        "known_by": "reference",
        "reference": child.reference,
        "kind": "missing",
        "reason": REASON,
        "understood": "on",
    }


def restriction(s: Setting) -> Act:
    child, day = s.child(), s.at.date() + timedelta(days=30)
    named = [str(s.world.membership(name).pk) for name in ("socialworker", "social_care_manager", "guardian")]
    parts = {"review_on_day": day.day, "review_on_month": day.month, "review_on_year": day.year}
    said = {"kind": "staff_child", "reason": REASON, "named": named, "version": child.version}
    return Act(url("restriction", child), fields={**said, **parts})


def on_restricted(name: str, **fields: Any) -> Callable[[Setting], Act]:
    def made(s: Setting) -> Act:
        child = s.restricted()
        return Act(url(name, child), fields={"version": child.version, **fields})

    return made


def name_somebody(s: Setting) -> Act:
    child = s.restricted()
    person = str(s.world.membership("keyworker").pk)
    return Act(url("add_name", child), fields={"version": child.version, "person": person})


def take_off(s: Setting) -> Act:
    child = s.restricted()
    member = s.world.membership("social_care_manager").pk
    return Act(url("take_off", child, member), fields={"version": child.version, "words": "Works elsewhere now."})


def answer_lift(s: Setting) -> Act:
    child, by = s.restricted(), s.viewer("social_care_manager")
    restrictions.ask_to_lift(
        child=child, reason="She has moved to another agency.", version=child.version, at=s.at, by=by
    )
    child.refresh_from_db()
    fields = {"version": child.version, "lift": "yes", "words": "Agreed."}
    return Act(url("answer_lift", child), fields=fields)


def place_conflict(s: Setting) -> Act:
    person = str(s.world.membership("interviewer").pk)
    said = {"person": person, "relation": "friend", "words": "His sister is her friend.", "successor": ""}
    return Act(url("place_conflict", s.child()), fields=said)


def possible_conflict(s: Setting) -> Act:
    possible = make_possible(s.child(), s.viewer("nurse"))
    address = reverse("cases:possible_conflict", args=[possible.pk])
    return Act(address, fields={"keep_apart": "yes", "words": "They share a home."})


def lift_conflict(s: Setting) -> Act:
    conflict = make_conflict(s.child(), s.viewer("nurse"), by=s.viewer("social_care_manager"))
    return Act(reverse("cases:conflict", args=[conflict.pk]), fields={"reason": "It was another family."})


def sign(s: Setting) -> Act:
    proposal = propose(s.viewer, s.at)
    page = reverse("cases:matrix_proposal", args=[proposal.pk])
    return Act(page, sends_to=reverse("cases:sign_matrix", args=[proposal.pk]), fields={})


def export_of_a_file(s: Setting) -> Act:
    return Act(f"{url('export_who_looked', s.child())}?outcome=refused")


def export_of_a_person(s: Setting) -> Act:
    return Act(reverse("cases:export_looks", args=[s.world.user("nurse").pk]))


# Each page by whom and by what is done there; `tests/architecture/test_views.py` names the same pages.
ACTS: dict[str, tuple[str, Callable[[Setting], Act]]] = {
    "emergency_access": ("missing_coordinator", emergency),
    "restriction": ("social_care_manager", restriction),
    "add_name": ("guardian", name_somebody),
    "take_off": ("guardian", take_off),
    "ask_for_lift": ("guardian", on_restricted("ask_for_lift", reason="She has moved to another agency.")),
    "answer_lift": ("guardian", answer_lift),
    "place_conflict": ("guardian", place_conflict),
    "possible_conflict": ("guardian", possible_conflict),
    "conflict": ("guardian", lift_conflict),
    "sign_matrix": ("guardian", sign),
    "export_who_looked": ("guardian", export_of_a_file),
    "export_looks": ("guardian", export_of_a_person),
}
# Many read it, and few lift it: the code is asked for by the form that is sent.
READ_WITHOUT = {"conflict"}
# A button or a file to take is on another page, and the code leads there.
LED_BACK_TO = {
    "sign_matrix": lambda path: path,
    "export_who_looked": lambda path: path.replace("/export/", "/"),
    "export_looks": lambda path: path.replace("/export/", "/"),
}


def record(name: str) -> dict[str, Any]:
    """Everything that one of these acts changes, and how often the file was taken."""
    rows: dict[str, Any] = {model.__name__: sorted(map(repr, model.objects.values_list())) for model in CHANGED}
    taken = AccessEvent.objects.filter(action=f"cases:{name}", outcome=AccessOutcome.ALLOWED)
    return {**rows, "taken": taken.count() if name.startswith("export_") else 0}


def led_to(answer: HttpResponse) -> str:
    """Where the page that asks for a code leads to."""
    assert answer.status_code == 302, answer.status_code
    address = urlsplit(answer.url)
    assert address.path == AGAIN
    return parse_qs(address.query)["next"][0]


@pytest.mark.parametrize("name", sorted(ACTS))
def test_nothing_is_done_on_a_code_of_a_quarter_of_an_hour_ago(name, setting):
    person, made = ACTS[name]
    act, browser = made(setting), setting.browser(person, ago=LONG_AGO)
    before = record(name)
    if name in READ_WITHOUT:
        assert browser.get(act.opens).status_code == 200
    else:
        back = LED_BACK_TO.get(name, lambda path: path)
        assert led_to(browser.get(act.opens)) == back(act.opens)
    assert record(name) == before
    if act.fields is not None:
        answer = send(browser, act.sends_to or act.opens, form_owner=setting.owner(person), **act.fields)
        assert record(name) == before
        held = HeldSubmission.objects.filter(path=act.opens).first()
        assert (held is not None) is bool(act.fields)
        assert led_to(answer) == (reverse("accounts:carry_on", args=[held.token]) if held else act.opens)

    code_given(browser, setting.at, ago=LATELY)
    assert browser.get(act.opens).status_code == 200
    if act.fields is not None:
        assert send(browser, act.sends_to or act.opens, **act.fields).status_code == 302
    assert record(name) != before


def test_a_conflict_is_lifted_by_the_second_person_on_a_code_alone(setting):
    act, asks = lift_conflict(setting), setting.browser("social_care_manager", ago=LATELY)
    assert send(asks, act.opens, **act.fields).status_code == 302
    browser = setting.browser("guardian", ago=LONG_AGO)
    assert led_to(send(browser, act.opens, form_owner=setting.owner("guardian"))) == act.opens, "only a button"
    assert not HeldSubmission.objects.exists()
    assert Conflict.objects.get().lifted_at is None
    code_given(browser, setting.at, ago=LATELY)
    assert send(browser, act.opens).status_code == 302
    assert Conflict.objects.get().lifted_at is not None


def test_what_was_typed_in_an_emergency_waits_behind_the_code(setting):
    child, at = setting.child(), setting.at
    browser = setting.browser("missing_coordinator", ago=LATELY)
    page = text(browser.get(EMERGENCY))
    own = {name: hidden_fields(page)[name] for name in ("form_owner", "idempotency_key")}
    code_given(browser, at, ago=LONG_AGO)
    asked = browser.post(EMERGENCY, {**own, **in_emergency(child)})
    page = text(browser.get(asked.url))
    assert "What you typed is kept." in page
    assert "Enter a code again" in page
    assert not EmergencyAccess.objects.exists()

    carry_on = browser.post(asked.url, {"code": code_at(at, later=1)})
    page = unescape(text(browser.get(carry_on.url)))
    assert "Thank you. You can go on." in page
    assert "This form came after you were signed out, or when a new code was needed" in page
    assert REASON in page
    answer = browser.post(re.search(r'action="(/emergency-access/)"', page)[1], hidden_fields(page))
    assert (answer.status_code, answer.url) == (302, url("file", child))
    assert EmergencyAccess.objects.get().reason == REASON
    assert browser.get(answer.url).status_code == 200
    assert not HeldSubmission.objects.exists()


def test_too_many_wrong_codes_lead_back_to_where_the_kept_form_waits(setting):
    child = setting.child()
    browser = setting.browser("missing_coordinator", ago=LATELY)
    page = text(browser.get(EMERGENCY))
    own = {name: hidden_fields(page)[name] for name in ("form_owner", "idempotency_key")}
    code_given(browser, setting.at, ago=LONG_AGO)
    asked = browser.post(EMERGENCY, {**own, **in_emergency(child)})
    answers = [browser.post(asked.url, {"code": "000000"}) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [422] * 4 + [429] * 2
    for answer in answers[4:]:
        page = unescape(text(answer))
        assert "You are still signed in, and what you had typed is kept." in page
        assert f'href="{asked.url}">Enter a code again</a>' in page
        assert "Go to the sign-in page" not in page
    assert not EmergencyAccess.objects.exists()
    AccessAttempt.objects.all().delete()  # as a quarter of an hour does
    carry_on = browser.post(asked.url, {"code": code_at(setting.at, later=1)})
    assert REASON in unescape(text(browser.get(carry_on.url)))


def test_who_is_signed_in_and_fails_to_sign_in_as_somebody_else_reads_of_signing_in(setting):
    browser = setting.browser("missing_coordinator", ago=LATELY)
    tries = {"username": "keyworker", "password": "not this one"}
    page = [unescape(text(browser.post("/account/sign-in/", tries))) for _ in range(5)][-1]
    assert "Signing in was tried too often with a wrong password or code" in page
    assert "Go to the sign-in page" in page
    assert "Enter a code again" not in page


def test_whoever_has_no_second_step_here_sets_it_up_and_goes_on_to_the_emergency(setting):
    """Somebody whose second step was taken at a provider of single sign-on, where it is never fresh."""
    browser = code_given(setting.client_as("missing_coordinator"), setting.at, ago=int(setting.at.timestamp()) - 1)
    asked = browser.get(EMERGENCY)
    assert led_to(asked) == EMERGENCY
    set_up = browser.get(asked.url).url
    assert set_up == f"{SET_UP}?next={EMERGENCY}"
    page = text(browser.get(set_up))
    key = {"idempotency_key": form_key(page), "code": code_at(setting.at, key=key_on(page))}
    codes = browser.post(set_up, key)
    assert codes.url == f"/account/second-step/recovery-codes/?next={EMERGENCY}"
    assert EMERGENCY in text(browser.get(codes.url))
    assert browser.get(EMERGENCY).status_code == 200


def test_in_a_demonstration_whoever_has_no_second_step_is_asked_for_no_code(setting):
    child = setting.child()
    browser = setting.client_as("missing_coordinator")
    assert browser.get(EMERGENCY).status_code == 200
    assert send(browser, EMERGENCY, **in_emergency(child)).url == url("file", child)


@pytest.mark.parametrize("person", ["missing_coordinator", "teacher"])
def test_a_file_that_is_not_there_is_asked_about_like_one_that_is(setting, person):
    child, browser = setting.child(), setting.browser(person, ago=LONG_AGO)
    there, nowhere = (browser.get(path) for path in (url("restriction", child), "/cases/ZZZ-ZZZZ/restriction/"))
    assert there.url.replace(child.reference, "ZZZ-ZZZZ") == nowhere.url
    code_given(browser, setting.at, ago=LATELY)
    statuses = {browser.get(url("restriction", child)).status_code, browser.get(led_to(nowhere)).status_code}
    assert len(statuses) == 1


def test_what_takes_access_away_from_oneself_waits_for_no_code(setting):
    """Closing a file to oneself, and ending an emergency, make nobody see more."""
    child, browser = setting.child(), setting.browser("socialworker", ago=LONG_AGO)
    said = {"relation": "friend", "words": "Her mother is my neighbour."}
    assert send(browser, url("add_conflict", child), **said).url == reverse("home")
    assert Block.objects.get().user == User.objects.get(pk=setting.world.user("socialworker").pk)
    officer = setting.browser("missing_coordinator", ago=LATELY)
    send(officer, EMERGENCY, **in_emergency(child))
    access = EmergencyAccess.objects.get()
    code_given(officer, setting.at, ago=LONG_AGO)
    assert send(officer, reverse("cases:end_emergency_access", args=[access.pk])).status_code == 302
    access.refresh_from_db()
    assert access.ended_at is not None

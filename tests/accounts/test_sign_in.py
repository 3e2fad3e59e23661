"""Signing in and out, being locked out, time-outs, switching roles, and carrying on after a session has ended."""

from __future__ import annotations

import re
import time
from datetime import timedelta
from uuid import uuid4

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.hashers import MD5PasswordHasher, make_password
from django.contrib.sessions.models import Session
from django.urls import reverse

from accounts.choices import AccessOutcome
from accounts.middleware.viewer import SESSION_BEGAN
from accounts.models import AccessEvent, HeldSubmission, User
from accounts.selectors import now
from accounts.services.submissions import owner_token, purge_held
from cases.access.choices import Category
from cases.record.models import ChronologyEntry
from tests.conftest import HonestClient
from tests.factories.accounts import PASSWORD, make_membership, make_user
from tests.factories.cases import grant, make_child
from tests.masking import masked

pytestmark = pytest.mark.django_db
SIGN_IN = "/account/sign-in/"


def sign_in(client, username, password=PASSWORD, **more):
    return client.post(SIGN_IN, {"username": username, "password": password, **more})


def words(answer):
    """The page without what differs by request: tokens, and the name that was typed."""
    return masked(answer.content, typed=True)


def test_somebody_signs_in_and_comes_home(client, world):
    answer = sign_in(client, "keyworker")
    assert (answer.status_code, answer.url) == (302, "/")
    assert "Keyworker, Lantern Exploitation Service" in client.get("/").content.decode()


def test_a_session_planted_before_signing_in_is_not_the_one_after(client, world):
    planted = client.session
    planted["planted"] = "yes"
    planted.save()
    client.cookies["harbour_session"] = planted.session_key
    sign_in(client, "keyworker")
    assert client.cookies["harbour_session"].value != planted.session_key
    assert not Session.objects.filter(session_key=planted.session_key).exists()


def test_a_wrong_password_and_a_name_that_does_not_exist_get_the_same_page(client, world):
    known, unknown = sign_in(client, "keyworker", "wrong"), sign_in(client, "nobody-at-all", "wrong")
    assert (known.status_code, unknown.status_code) == (422, 422)
    assert "The username or password is not right" in words(known)
    assert words(known) == words(unknown)


def test_five_wrong_passwords_lock_out_alike_whether_the_name_exists_or_not(client, world):
    known = [sign_in(client, "keyworker", "wrong") for _ in range(5)][-1]
    unknown = [sign_in(client, "nobody-at-all", "wrong") for _ in range(5)][-1]
    assert (known.status_code, unknown.status_code) == (429, 429)
    assert words(known) == words(unknown)
    assert sign_in(client, "keyworker").status_code == 429, "the right password does not open what is locked"
    assert sign_in(client, "teacher").status_code == 302, "and nobody else is locked out with them"


def failed() -> list[tuple[str, int | None]]:
    """Every sign-in that the trail says failed: why, and whose it was; no word that was typed is in any of its rows."""
    events = AccessEvent.objects.filter(action="accounts:sign_in").order_by("pk")
    for row in events.values():
        assert "s3cret" not in repr(row)
    assert {event.outcome for event in events} <= {AccessOutcome.REFUSED}
    return list(events.values_list("reason_code", "user_id"))


@pytest.mark.parametrize("name", ["keyworker", "s3cret-typed-as-a-name"])
def test_each_try_that_fails_is_in_the_trail_that_nobody_empties(client, world, name):
    user = world.user("keyworker").pk if name == "keyworker" else None
    for _ in range(4):
        sign_in(client, name, "s3cret")
    sign_in(client, name, "")
    assert failed() == [("wrong_password", user)] * 4, "a form that is not filled in is no try"
    if user:
        assert sign_in(client, name).status_code == 302
        client = HonestClient()
        for _ in range(4):
            sign_in(client, name, "s3cret")
        assert failed() == [("wrong_password", user)] * 8, "a right one takes none away"
    sign_in(client, name, "s3cret")
    sign_in(client, name)
    assert failed()[-2:] == [("wrong_password", user), ("locked_out", user)], "the fifth closes it, and was wrong"


def test_it_is_written_on_a_connection_of_its_own(client, world, monkeypatch):
    written = []
    manager = AccessEvent.objects
    monkeypatch.setattr(type(manager), "using", lambda self, alias: written.append(alias) or manager)
    sign_in(client, "keyworker", "wrong")
    assert written == ["audit"]


def test_nobody_fills_the_guardians_list_of_refusals_from_outside(client, client_as, world):
    for name in ("keyworker", "nobody-at-all"):
        sign_in(client, name, "wrong")
    assert "Signing in" not in client_as("guardian").get("/").content.decode()
    assert len(failed()) == 2


def test_whoever_is_locked_out_reads_when_to_try_again_and_whom_to_ring(client, world):
    page = [sign_in(client, "keyworker", "wrong") for _ in range(5)][-1].content.decode()
    assert re.search(r"Try again after \d{1,2}:\d{2}[ap]m", page)
    assert "01632 960 100" in page
    assert "ring your agency’s technical administrator" in page


def test_an_address_that_tries_a_list_of_names_is_closed_for_everybody_at_it(client, world, settings):
    settings.SIGN_IN_NAMES_PER_ADDRESS = 4
    tried = [sign_in(client, name, "Harbour2026!") for name in ("keyworker", "not-there", "nurse", "nobody")]
    assert {answer.status_code for answer in tried} == {422}
    sprayed = sign_in(client, "teacher")
    assert sprayed.status_code == 429, "also with a right password, or the list would go on"
    assert failed()[-1] == ("locked_out", None), "which is about the address, whoever is named"
    one_name = [sign_in(HonestClient(REMOTE_ADDR="127.0.0.8"), "keyworker", "wrong") for _ in range(5)][-1]
    assert words(sprayed) == words(one_name)
    assert sign_in(HonestClient(REMOTE_ADDR="127.0.0.7"), "teacher").status_code == 302, "other addresses are open"
    AccessAttempt.objects.filter(ip_address="127.0.0.1").update(attempt_time=now() - timedelta(minutes=16))
    assert sign_in(client, "teacher").status_code == 302, "after a quarter of an hour it is open again"


@pytest.mark.parametrize("username", ["keyworker", "nobody-at-all", "closed", "service:system"])
def test_a_password_is_hashed_once_whoever_is_named(client, world, username, monkeypatch):
    """What takes a computer longest is done alike, so that time tells nothing of who has an account."""
    make_user("closed")
    User.objects.filter(username="closed").update(is_active=False)
    User.objects.create(username="service:system", password=make_password(None), is_service=True)
    hashed = []
    encode = MD5PasswordHasher.encode
    monkeypatch.setattr(MD5PasswordHasher, "encode", lambda self, *args: hashed.append(1) or encode(self, *args))
    assert sign_in(client, username, "wrong").status_code == 422
    assert len(hashed) == 1


def test_only_pages_of_this_site_are_gone_on_to(client, world):
    assert sign_in(client, "keyworker", next="https://elsewhere.example/").url == "/"
    assert sign_in(client, "keyworker", next="/cases/").url == "/cases/"


def test_the_demonstration_hint_is_shown_in_a_demonstration_alone(client, settings):
    settings.DEMO = False
    assert b"demo-users.json" not in client.get(SIGN_IN).content
    settings.DEMO = True
    assert b"demo-users.json" in client.get(SIGN_IN).content


def test_after_signing_out_no_page_is_left_to_go_back_to(client_as):
    browser = client_as("keyworker")
    assert browser.get("/").headers["Cache-Control"] == "no-store"
    assert browser.get("/account/sign-out/").status_code == 405, "a link or an image cannot sign anybody out"
    key = browser.cookies["harbour_session"].value
    assert browser.post("/account/sign-out/").url == SIGN_IN
    assert not Session.objects.filter(session_key=key).exists()
    assert browser.get("/").url == f"{SIGN_IN}?next=/"


def test_fifteen_idle_minutes_end_a_session(client_as, settings, at):
    browser = client_as("keyworker")
    browser.get("/")
    session = Session.objects.get(session_key=browser.cookies["harbour_session"].value)
    assert timedelta(minutes=14) < session.expire_date - at < timedelta(minutes=16)
    Session.objects.filter(pk=session.pk).update(expire_date=at - timedelta(seconds=1))
    assert browser.get("/").url == f"{SIGN_IN}?next=/"


@pytest.mark.parametrize(("hours", "goes_on"), [(9.9, True), (10.1, False)])
def test_ten_hours_end_a_session_however_busy_it_is(client_as, hours, goes_on):
    browser = client_as("keyworker")
    browser.get("/")
    session = browser.session
    session[SESSION_BEGAN] = int(time.time() - hours * 3600)
    session.save()
    assert (browser.get("/").status_code == 200) is goes_on


def test_a_seconded_worker_acts_under_one_membership_at_a_time(client_as, world):
    second = make_membership(world.user("keyworker"), world.agency("charity"), role="voluntary_partner")
    ended = make_membership(
        world.user("keyworker"), world.agency("housing"), role="housing", ended_on=second.started_on
    )
    browser = client_as("keyworker")
    assert b"Acting as:</span> Voluntary service worker, Harbourside Families" in browser.get("/").content
    own = world.membership("keyworker")
    assert browser.post("/account/acting-as/", {"membership": str(own.pk)}).url == "/"
    assert b"Acting as:</span> Keyworker, Lantern Exploitation Service" in browser.get("/").content
    for foreign in (world.membership("triage"), ended):
        assert browser.post("/account/acting-as/", {"membership": str(foreign.pk)}).status_code == 422
        assert b"Acting as:</span> Keyworker, Lantern Exploitation Service" in browser.get("/").content


ENTRY = {
    "kind": "contact",
    "category": Category.SESSIONS.value,
    "happened_at_day": "4",
    "happened_at_month": "3",
    "happened_at_year": "2026",
    "happened_at_time": "2:15pm",
    "summary": "CANARY-SUMMARY met at the library.",
    "detail": "CANARY-DETAIL\nsecond line",
    "source": "child",
}


@pytest.fixture
def child_of_keyworker(world):
    child = make_child()
    grant(child, world.agency("specialist"))
    return child


@pytest.fixture
def late(client, world, child_of_keyworker):
    """A chronology entry that the keyworker sent after the session had ended, and the file it was for."""
    fields = {**ENTRY, "idempotency_key": str(uuid4()), "form_owner": owner_token(world.user("keyworker").pk)}
    answer = client.post(reverse("cases:add_chronology", args=[child_of_keyworker.reference]), fields)
    return child_of_keyworker, answer


def hidden_fields(page):
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page)
    return {name: value.replace("&#x27;", "'") for name, value in found}


def test_a_form_sent_after_the_session_ended_is_sent_again_once_and_then_forgotten(client, late):
    child, answer = late
    assert answer.url.startswith(f"{SIGN_IN}?held=")
    assert not ChronologyEntry.objects.filter(child=child).exists()
    token = answer.url.partition("held=")[2]
    carry_on = sign_in(client, "keyworker", held=token).url
    page = client.get(carry_on).content.decode()
    assert "Nothing was lost" in page
    assert "CANARY-SUMMARY" in page
    fields = hidden_fields(page)
    target = re.search(r'<form method="post" action="(/cases/[^"]+)"', page)[1]
    for _ in range(2):
        assert client.post(target, fields).status_code == 302
    entry = ChronologyEntry.objects.get(child=child)
    assert (entry.summary, entry.detail) == ("CANARY-SUMMARY met at the library.", "CANARY-DETAIL\nsecond line")
    assert not HeldSubmission.objects.exists()


def test_a_form_sent_after_ten_hours_is_kept_and_sent_again(client, client_as, world, child_of_keyworker):
    """The session was in use a moment ago: what ends it is its age, and what was typed waits all the same."""
    browser = client_as("keyworker")
    session = browser.session
    session[SESSION_BEGAN] = int(time.time() - 10.1 * 3600)
    session.save()
    where = reverse("cases:add_chronology", args=[child_of_keyworker.reference])
    owner = owner_token(world.user("keyworker").pk, world.membership("keyworker").pk)
    answer = browser.post(where, {**ENTRY, "idempotency_key": str(uuid4()), "form_owner": owner})
    assert answer.url.startswith(f"{SIGN_IN}?held=")
    assert not Session.objects.filter(session_key=session.session_key).exists()
    assert not ChronologyEntry.objects.filter(child=child_of_keyworker).exists()
    carry_on = sign_in(client, "keyworker", held=answer.url.partition("held=")[2]).url
    page = client.get(carry_on).content.decode()
    assert "CANARY-SUMMARY met at the library." in page
    assert client.post(where, hidden_fields(page)).status_code == 302
    assert ChronologyEntry.objects.get(child=child_of_keyworker).summary == "CANARY-SUMMARY met at the library."


def test_what_stood_in_a_page_that_was_not_used_is_kept_and_the_session_ends(client, client_as, world):
    """What the page itself sends when its time is over, also where the session goes on in the server's eyes."""
    browser = client_as("keyworker")
    key = browser.cookies["harbour_session"].value
    typed = {"summary": "CANARY half a sentence", "idempotency_key": str(uuid4()), "held_path": "/cases/X/add/"}
    owner = owner_token(world.user("keyworker").pk, world.membership("keyworker").pk)
    answer = browser.post("/account/timed-out/", {**typed, "held_owner": owner})
    assert not Session.objects.filter(session_key=key).exists()
    assert browser.get("/").url == f"{SIGN_IN}?next=/"
    held = HeldSubmission.objects.get()
    assert (held.user, held.path) == (world.user("keyworker"), "/cases/X/add/")
    assert held.fields == {"summary": ["CANARY half a sentence"], "idempotency_key": [typed["idempotency_key"]]}
    carry_on = sign_in(client, "keyworker", held=answer.url.partition("held=")[2]).url
    assert b"CANARY half a sentence" in client.get(carry_on).content


@pytest.mark.parametrize(
    ("more", "kept"),
    [({}, 0), ({"held_owner": "forged:mark", "summary": "x"}, 0), ({"form_owner": "forged:mark", "summary": "x"}, 0)],
)
def test_a_page_without_its_mark_or_with_nothing_typed_is_only_signed_out(client_as, more, kept):
    browser = client_as("keyworker")
    answer = browser.post("/account/timed-out/", {"held_path": "https://elsewhere.example/", **more})
    assert answer.url == f"{SIGN_IN}?next=/", "an address elsewhere is not gone on to"
    assert HeldSubmission.objects.count() == kept


def test_nobody_else_gets_the_form_that_was_held(client, late):
    token = late[1].url.partition("held=")[2]
    carry_on = sign_in(client, "housing", held=token).url
    assert client.get(carry_on).url == "/"


def test_a_form_without_the_mark_of_its_page_is_not_held(client, world):
    client.post("/cases/search/", {"words": "Robin", "form_owner": "forged:mark"})
    assert not HeldSubmission.objects.exists()


def test_a_held_form_is_thrown_away_after_seven_days(late, at):
    HeldSubmission.objects.update(created_at=at - timedelta(days=7))
    assert purge_held(at=at) == 0
    assert purge_held(at=at + timedelta(seconds=1)) == 1

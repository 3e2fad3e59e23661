"""Tokens: who a system is, for how long, and what is kept of it.

Seen to fail: the hash of a secret compared with itself; a revoked token let in; a service account allowed to sign in;
a token counted by nobody; cookies read beside a token.
"""

from __future__ import annotations

import json
import logging
from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import IntegrityError, connection, transaction

from accounts.models import AccessEvent, ApiAnswer, ApiToken, ApiUse, User
from accounts.rules import tokens as rules
from accounts.rules.refusals import Refusal
from accounts.rules.tokens import TokenRefused
from accounts.selectors import people_at
from accounts.services.api_calls import count_call, purge_calls
from accounts.services.tokens import add_service_account, give_token, revoke_token
from tests.factories.accounts import PASSWORD
from tests.factories.api import System, make_system, problem_of

SCHEMA = "/api/schema/"


@pytest.fixture
def system(world) -> System:
    return make_system(world.agency("police"))


def test_a_new_token_is_read_back_and_its_secret_is_recognised():
    spoken = rules.new_token()
    assert rules.read_token(f"Bearer {spoken.text}") == spoken
    assert rules.read_token(f"bearer  {spoken.text} ") == spoken
    assert rules.is_secret_of(spoken.secret, rules.hash_of(spoken.secret))
    assert not rules.is_secret_of(spoken.secret, rules.hash_of(rules.new_token().secret))
    assert not rules.is_secret_of(spoken.secret, "")
    assert spoken.secret not in rules.hash_of(spoken.secret)


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer hbr_abc", "Basic dXNlcjpwYXNz", "Bearer hbr_aaaaaaaa_é" + "a" * 42, "Bearer \0" * 9],
)
def test_what_is_no_token_is_none(header):
    assert rules.read_token(header) is None


@pytest.mark.django_db
def test_a_token_opens_the_interface_and_the_day_is_written_down(system, at):
    assert system.get(SCHEMA).status_code == 200
    kept = ApiToken.objects.get(pk=system.token.pk)
    assert kept.last_used_on is not None
    assert abs((at.date() - kept.last_used_on).days) <= 1


@pytest.mark.django_db
def test_nothing_of_the_secret_is_kept_anywhere(system):
    system.get(SCHEMA)
    secret = rules.read_token(f"Bearer {system.text}").secret
    with connection.cursor() as cursor:
        for table in ("accounts_apitoken", "accounts_apitokenevent", "accounts_user", "accounts_userevent"):
            cursor.execute(f"SELECT coalesce(string_agg(t::text, ' '), '') FROM {table} t")
            text = cursor.fetchone()[0]
            assert secret not in text
            assert system.token.prefix in text or "user" in table
            assert (rules.hash_of(secret) in text) == (table == "accounts_apitoken")


@pytest.mark.django_db
def test_a_token_that_ended_was_revoked_or_is_altered_opens_nothing(system, world, viewer, at):
    wrong = system.text[:-1] + ("A" if system.text[-1] != "A" else "B")
    unknown = "hbr_zzzzzzzz_" + system.text.rpartition("_")[2][-43:].rjust(43, "x")
    for text in (wrong, unknown):
        answer = System(text).get(SCHEMA)
        assert problem_of(answer) == (401, "token_refused")
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="Harbour"'
        assert b"not known" in answer.content
    old = make_system(world.agency("police"), name="Old", days=90, at=at - timedelta(days=91))
    answer = old.get(SCHEMA)
    assert problem_of(answer) == (401, "token_refused")
    assert b"ended on" in answer.content
    revoke_token(token=system.token, at=at, by=viewer("admin"))
    answer = system.get(SCHEMA)
    assert problem_of(answer) == (401, "token_refused")
    assert b"revoked on" in answer.content


@pytest.mark.django_db
def test_the_token_of_a_closed_account_or_of_a_person_opens_nothing(system, world, at):
    User.objects.filter(pk=system.token.user_id).update(is_active=False)
    assert problem_of(system.get(SCHEMA)) == (401, "token_refused")
    token, text = give_token(membership=world.membership("detective"), name="x", days=90, at=at, by=None)
    assert problem_of(System(text, token).get(SCHEMA)) == (401, "token_refused")


@pytest.mark.django_db
def test_a_token_opens_no_page(system, client_as):
    for path in ("/", "/cases/", "/account/acting-as/"):
        answer = system.get(path)
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith("/account/sign-in/")


@pytest.mark.django_db
def test_a_service_account_cannot_sign_in(system, client):
    account = system.token.user
    assert not account.has_usable_password()
    for password in ("!", account.password, PASSWORD, system.text):
        answer = client.post("/account/sign-in/", {"username": account.username, "password": password})
        assert answer.status_code in (422, 429)
        assert "_auth_user_id" not in client.session
    with pytest.raises(IntegrityError, match="service_user_has_no_password"), transaction.atomic():
        User.objects.filter(pk=account.pk).update(password="pbkdf2_sha256$1$a$b")
    client.force_login(account, backend="cases.backends.FileBackend")
    assert client.get("/").headers["Location"].startswith("/account/sign-in/")


@pytest.mark.django_db
def test_the_serving_role_cannot_turn_a_person_into_a_system(world):
    with pytest.raises(Exception, match="permission denied"), transaction.atomic():
        User.objects.filter(pk=world.user("teacher").pk).update(is_service=True)


@pytest.mark.django_db
def test_a_system_is_not_among_the_people_of_its_agency(system, world):
    names = {str(member.user) for member in people_at(world.agency("police").pk)}
    assert "Owen Castellan" in names
    assert "Control room" not in names


@pytest.mark.django_db
def test_a_token_leaves_no_session_and_no_cookie_counts_beside_it(system, client_as):
    person = client_as("detective")
    before = Session.objects.count()
    system.client.cookies = person.cookies
    answer = system.get(SCHEMA)
    assert answer.status_code == 200
    assert not answer.cookies
    assert Session.objects.count() == before
    wrong = System("hbr_zzzzzzzz_" + "x" * 43)
    wrong.client.cookies = person.cookies
    assert problem_of(wrong.get(SCHEMA)) == (401, "token_refused")


@pytest.mark.django_db
def test_the_log_names_the_token_by_its_prefix_alone(system):
    lines: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = lines.append  # type: ignore[method-assign]
    log = logging.getLogger("harbour.requests")
    log.addHandler(handler)
    try:
        system.get(SCHEMA)
        System(system.text + "x").get(SCHEMA)
    finally:
        log.removeHandler(handler)
    good, bad = lines
    assert (good.page, good.status, good.token) == ("api:schema", 200, system.token.prefix)
    assert good.user_id == system.token.user_id
    assert (bad.status, getattr(bad, "token", None), bad.user_id) == (401, None, None)
    text = " ".join(str(vars(line)) for line in lines)
    assert rules.read_token(f"Bearer {system.text}").secret not in text
    assert "Control room" not in text


@pytest.mark.django_db
def test_what_a_system_is_refused_is_written_down_with_its_token(system):
    assert problem_of(system.get("/api/v1/files")) == (403, "other_caller")
    event = AccessEvent.objects.get()
    assert (event.user_id, event.role, event.action) == (system.token.user_id, "police_missing", "api:files")
    assert (event.outcome, event.reason_code) == ("refused", "other_caller")
    assert len(event.session_hash) == 16


@pytest.mark.django_db
def test_a_caller_who_asks_too_often_waits(system, client_as, client, settings):
    settings.API_CALLS_A_MINUTE = {"token": 3, "person": 2, "unknown": 1}
    client.raise_request_exception = False
    person = client_as("detective")
    for asks, limit in ((system.get, 3), (person.get, 2), (client.get, 1)):
        answers = [asks(SCHEMA) for _ in range(limit + 1)]
        if 429 not in {answer.status_code for answer in answers}:  # a new minute had begun in between
            answers += [asks(SCHEMA) for _ in range(limit + 1)]
        assert problem_of(answers[-1]) == (429, "too_many_requests")
        assert 1 <= int(answers[-1].headers["Retry-After"]) <= 60
        assert answers[0].status_code != 429
    # Guessing tokens is counted by where it comes from, whatever is guessed.
    assert problem_of(System("hbr_zzzzzzzz_" + "y" * 43).get(SCHEMA)) == (429, "too_many_requests")


@pytest.mark.django_db
def test_counts_are_by_minute_and_by_caller_and_go_after_an_hour(at):
    assert [count_call(caller="a", at=at) for _ in range(3)] == [1, 2, 3]
    assert count_call(caller="b", at=at) == 1
    assert count_call(caller="a", at=at + timedelta(minutes=1)) == 1
    purge_calls(at=at + timedelta(minutes=60))
    assert ApiUse.objects.count() == 1


@pytest.mark.django_db
def test_answers_go_after_seven_days(system, at):
    for days in (6, 8):
        ApiAnswer.objects.create(
            user=system.token.user, key=f"key-{days}", operation="x", body_hash="", status=201, body="{}",
            created_at=at - timedelta(days=days),
        )  # fmt: skip
    assert purge_calls(at=at) == 1
    assert ApiAnswer.objects.get().key == "key-6"


@pytest.mark.django_db
def test_only_the_administrator_makes_and_ends_accounts_and_tokens(system, world, viewer, at):
    police, membership = world.agency("police"), system.token.user.memberships.get()
    for who in ("manager", "guardian", "detective"):
        with pytest.raises(Refusal, match="technical administrator"):
            add_service_account(name="x", agency=police, at=at, by=viewer(who))
        with pytest.raises(Refusal, match="technical administrator"):
            give_token(membership=membership, name="x", days=90, at=at, by=viewer(who))
        with pytest.raises(Refusal, match="technical administrator"):
            revoke_token(token=system.token, at=at, by=viewer(who))
    assert ApiToken.objects.get().revoked_at is None
    admin = viewer("admin")
    token, _ = give_token(membership=membership, name="second", days=365, at=at, by=admin)
    assert token.created_by_id == admin.user_id
    assert revoke_token(token=token, at=at, by=admin).revoked_by_id == admin.user_id


@pytest.mark.django_db
def test_what_makes_no_sense_is_refused_in_words(system, world, viewer, at):
    with pytest.raises(TokenRefused, match="police"):
        add_service_account(name="x", agency=world.agency("school"), at=at, by=viewer("admin"))
    membership = system.token.user.memberships.get()
    with pytest.raises(TokenRefused, match="90, 180 or 365 days"):
        give_token(membership=membership, name="x", days=3650, at=at, by=viewer("admin"))
    revoke_token(token=system.token, at=at, by=viewer("admin"))
    with pytest.raises(TokenRefused, match="already"):
        revoke_token(token=system.token, at=at, by=viewer("admin"))


@pytest.mark.django_db
def test_two_systems_of_one_name_are_two_accounts(system, world, at):
    second = add_service_account(name="Control room", agency=world.agency("police"), at=at, by=None)
    assert [system.token.user.username, second.user.username] == ["service:control-room", "service:control-room-2"]


def test_what_is_counted_and_how_much_is_read_is_set():
    assert settings.API_CALLS_A_MINUTE == {"token": 120, "person": 60, "unknown": 20}
    assert settings.API_LARGEST_BODY == 65_536
    assert json.dumps(settings.REST_FRAMEWORK["DEFAULT_PERMISSION_CLASSES"]) == "[]"

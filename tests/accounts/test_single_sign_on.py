"""Single sign-on by OpenID Connect, against a real provider in a process of its own.

Seen to fail: an address taken that is not verified, or not the provider's own; a closed or suspended account let in; a
second subject let in for a person who has one; a right written from what a provider says; the state, the nonce, the
audience and the signature not checked; a provider's second step taken for a fresh code; a return of which the
trail kept nothing, as it was refused before anybody was known.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from allauth.socialaccount.models import SocialAccount
from allauth.socialaccount.providers.oauth2.client import OAuth2Client
from django.core import mail

from accounts.choices import AccountEventKind, NoticeKind
from accounts.models import AccessEvent, AccountEvent, Membership, Notice, User
from accounts.rules.single_sign_on import (
    Claims,
    Provider,
    SignOnRefused,
    claims_of,
    providers_of,
    speaks_for,
    took_second_step,
)
from accounts.selectors import now
from accounts.services.access_events import Trace
from accounts.services.memberships import close_account
from accounts.services.notices import send_notices
from accounts.services.second_factor import reset_second_factor
from tests.accounts.test_second_factor import code_at, with_app
from tests.conftest import HonestClient
from tests.factories.accounts import make_membership
from tests.factories.providers import RunningProvider, running_provider

BEGIN, BACK, SIGN_IN = "/account/sign-in/with/council/", "/account/sign-in/with/council/back/", "/account/sign-in/"
KEYWORKER = {"email": "keyworker@harbour.example", "email_verified": True}
ROW = {
    "id": "council",
    "name": "Council",
    "server_url": "https://id.example",
    "client_id": "harbour",
    "domains": ["harbour.example"],
}


# Rules


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ({}, "must be a list"),
        (["council"], "provider 1: must be an object"),
        ([{**ROW, "client_id": ""}], "provider 1: client_id must be given"),
        ([{**ROW, "domains": []}], "provider 1: domains must be given"),
        ([ROW, {**ROW, "roles": ["x"]}], "provider 2: roles is not known"),
        ([{**ROW, "server_url": "http://id.example"}], "must begin with https"),
        ([{**ROW, "id": "a/b"}], "letters, numbers and dashes"),
        ([ROW, ROW], "two providers have the same id"),
    ],
)
def test_a_setting_that_is_not_whole_stops_the_start_and_says_why(rows, said):
    with pytest.raises(ValueError, match=said):
        providers_of(rows)


def made(**more) -> Provider:
    return providers_of([{**ROW, **more}])[0]


def claims(**more) -> Claims:
    return claims_of({"sub": "s", "nonce": "n", **more}, {}, nonce="n")


@pytest.mark.parametrize(
    ("said", "speaks"),
    [
        ({"email": "a@harbour.example", "email_verified": True}, True),
        ({"email": "a@HARBOUR.example", "email_verified": True}, True),
        ({"email": "a@harbour.example", "email_verified": "true"}, False),
        ({"email": "a@harbour.example", "email_verified": 1}, False),
        ({"email": "a@harbour.example"}, False),
        ({"email": "a@police.example", "email_verified": True}, False),
        ({"email": "a@harbour.example.evil.example", "email_verified": True}, False),
        ({"email": ["a@harbour.example"], "email_verified": True}, False),
        ({"email_verified": True}, False),
    ],
)
def test_an_address_counts_where_it_is_verified_and_the_providers_own(said, speaks):
    assert speaks_for(made(), claims(**said)) is speaks


@pytest.mark.parametrize(
    ("trusted", "said", "taken"),
    [
        ({}, {"amr": ["mfa", "otp"], "acr": "high"}, False),
        ({"second_step_amr": ["mfa"]}, {"amr": ["pwd", "mfa"]}, True),
        ({"second_step_amr": ["mfa"]}, {"amr": ["pwd"]}, False),
        ({"second_step_amr": ["mfa"]}, {"amr": "mfa"}, False),
        ({"second_step_acr": ["high"]}, {"acr": "high"}, True),
        ({"second_step_acr": ["high"]}, {"acr": "low"}, False),
        ({"second_step_acr": ["high"]}, {}, False),
    ],
)
def test_a_second_step_elsewhere_counts_in_the_words_that_the_partnership_trusts(trusted, said, taken):
    assert took_second_step(made(**trusted), claims(**said)) is taken


def test_how_somebody_signed_in_is_read_from_the_token_alone():
    page = {"sub": "s", "email": "a@harbour.example", "email_verified": True, "amr": ["mfa"], "acr": "high"}
    read = claims_of({"sub": "s", "nonce": "n"}, page, nonce="n")
    assert (read.email, read.amr, read.acr) == ("a@harbour.example", frozenset(), "")


@pytest.mark.parametrize(
    ("token", "elsewhere", "nonce"),
    [
        ({"sub": "s", "nonce": "another"}, {}, "n"),
        ({"sub": "s"}, {}, "n"),
        ({"sub": "s", "nonce": ""}, {}, ""),
        ({"nonce": "n"}, {}, "n"),
        ({"sub": 7, "nonce": "n"}, {}, "n"),
        ({"sub": "s", "nonce": "n"}, {"sub": "t", "email": "x@harbour.example"}, "n"),
    ],
)
def test_a_token_for_another_sign_in_and_a_page_about_somebody_else_are_refused(token, elsewhere, nonce):
    with pytest.raises(SignOnRefused):
        claims_of(token, elsewhere, nonce=nonce)


# Pages


@pytest.fixture(scope="module")
def provider() -> Iterator[RunningProvider]:
    with running_provider() as found:
        yield found


@pytest.fixture
def council(provider, settings, world) -> RunningProvider:
    """The provider, which the partnership trusts to say who somebody is, and no more."""
    settings.SINGLE_SIGN_ON = provider.providers()
    return provider


def come(browser, council, subject="k-1", *, begin=BEGIN, **said):
    """Go there, sign in as a subject of whom this is said, and come back."""
    council.knows(subject, **(said or KEYWORKER))
    return browser.get(council.signs_in(browser.get(begin).url, subject))


def failed() -> list[tuple[str, str, int | None]]:
    """What the trail keeps of sign-ins that failed, and whose they were."""
    events = AccessEvent.objects.filter(action="accounts:sign_in").order_by("pk")
    return list(events.values_list("outcome", "reason_code", "user_id"))


def is_in(browser) -> bool:
    return browser.get("/").status_code == 200


def test_the_button_is_there_where_a_provider_is_set_and_nowhere_else(client, world, provider, settings):
    assert "Sign in with" not in client.get(SIGN_IN).content.decode()
    settings.SINGLE_SIGN_ON = provider.providers()
    page = client.get(f"{SIGN_IN}?next=/cases/").content.decode()
    assert f'href="{BEGIN}?next=%2Fcases%2F" role="button"' in page
    assert "Sign in with Northmere Council" in page


@pytest.mark.parametrize("path", [BEGIN, BACK, "/account/sign-out/at/council/"])
def test_a_provider_that_is_not_set_is_not_there(client, world, path):
    assert client.get(path).status_code == 404


def test_somebody_invited_comes_in_by_a_verified_address_and_is_linked_and_told_once(client, council, world):
    keyworker = world.user("keyworker")
    answer = come(client, council, begin=f"{BEGIN}?next=/cases/")
    assert answer.url == "/cases/"
    assert b"Keyworker, Lantern" in client.get("/").content
    link = SocialAccount.objects.get()
    assert (link.user, link.provider, link.uid, link.extra_data) == (keyworker, "council", "k-1", {})
    event = AccountEvent.objects.get(user=keyworker)
    assert (event.kind, event.detail, event.by) == (AccountEventKind.SIGN_ON_LINKED, "Northmere Council", keyworker)
    assert Notice.objects.get(user=keyworker).kind == NoticeKind.SIGN_ON_LINKED
    send_notices(now())
    assert not re.search("kezia|thorne|council", (mail.outbox[0].subject + mail.outbox[0].body).lower())
    come(HonestClient(), council)
    assert AccountEvent.objects.filter(kind=AccountEventKind.SIGN_ON_LINKED).count() == 1


def test_once_linked_the_subject_counts_and_no_address_moves_it(client, council, world):
    come(client, council)
    moved = HonestClient()
    come(moved, council, email="guardian@harbour.example", email_verified=True)
    assert b"Keyworker, Lantern" in moved.get("/").content
    other = HonestClient()
    page = come(other, council, "k-2", **KEYWORKER)
    assert page.status_code == 403, "the address was given to a second person there"
    assert "linked to another sign-in" in page.content.decode()
    assert not is_in(other)


@pytest.mark.parametrize(
    "said",
    [
        {"email": "nobody@harbour.example", "email_verified": True},
        {"email": "keyworker@harbour.example", "email_verified": False},
        {"email": "keyworker@harbour.example"},
        {"name": "Kezia Thorne", "preferred_username": "keyworker"},
    ],
)
def test_nobody_gets_an_account_or_somebody_elses_by_coming_from_a_provider(client, council, said):
    before = set(User.objects.values_list("pk", flat=True))
    page = come(client, council, "new-1", **said)
    assert page.status_code == 403
    assert "nobody has given you an account in Harbour" in page.content.decode()
    assert set(User.objects.values_list("pk", flat=True)) == before
    assert not SocialAccount.objects.exists()
    assert not is_in(client)
    event = AccessEvent.objects.get(action="accounts:sign_in")
    assert (event.outcome, event.reason_code) == ("refused", "no_account")


def test_a_provider_speaks_for_its_own_addresses_and_no_other_agencys(client, council, settings):
    settings.SINGLE_SIGN_ON = council.providers(domains=["council.example"])
    assert come(client, council).status_code == 403
    assert not is_in(client)


def test_an_address_of_two_accounts_lets_nobody_in(client, council, world):
    User.objects.filter(username="teacher").update(email="KEYWORKER@harbour.example")
    assert come(client, council).status_code == 403


def test_privilege_gained_through_user_attributes(client, council, world):
    """Whatever a provider says somebody is, they are what Harbour's own people made them."""
    user = world.user("housing")
    before = User.objects.filter(pk=user.pk).values().get() | {"last_login": None}
    roles = list(Membership.objects.order_by("pk").values())
    grand = {
        "groups": ["data_guardian", "admin"], "roles": ["data_guardian"], "role": "data_guardian", "is_superuser": True,
        "is_staff": True, "agency": "Northmere Safeguarding Partnership", "name": "Gwen Sotheby",
        "preferred_username": "guardian", "permissions": ["*"], "is_service": False, "telephone": "01632 960 555",
    }  # fmt: skip
    come(client, council, "h-1", email="housing@harbour.example", email_verified=True, **grand)
    assert b"Housing officer, Northmere Homes" in client.get("/").content
    assert User.objects.filter(pk=user.pk).values().get() | {"last_login": None} == before
    assert list(Membership.objects.order_by("pk").values()) == roles
    assert client.get("/account/people/").status_code == 403
    assert client.get("/access/looks/").status_code == 403


@pytest.mark.parametrize(
    ("state", "words", "code"),
    [
        ({"is_active": False}, "is closed", "account_closed"),
        ({"is_active": False, "suspended_at": "2026-03-04T12:00Z"}, "is suspended", "account_suspended"),
        ({"is_active": False, "left_at": "2026-03-04T12:00Z"}, "when you left", "account_left"),
    ],
)
@pytest.mark.parametrize("linked", [True, False])
def test_a_closed_account_stays_closed_whatever_a_provider_says(council, world, state, words, code, linked):
    if linked:
        come(HonestClient(), council)
    User.objects.filter(username="keyworker").update(**state)
    browser = HonestClient()
    page = come(browser, council)
    assert page.status_code == 403
    assert words in page.content.decode()
    assert not is_in(browser)
    event = AccessEvent.objects.get(action="accounts:sign_in")
    assert (event.user_id, event.reason_code) == (world.user("keyworker").pk, code)
    assert SocialAccount.objects.count() == linked


def test_a_system_does_not_sign_in_by_a_provider(client, council):
    User.objects.create(username="s", email="system@harbour.example", password="!", is_service=True)
    assert come(client, council, "s-1", email="system@harbour.example", email_verified=True).status_code == 403


def test_who_leaves_and_who_is_reset_is_no_longer_linked(council, world, at):
    come(HonestClient(), council)
    keyworker = world.user("keyworker")
    reset_second_factor(user=keyworker, reason="Stolen.", at=at, trace=Trace(), by=world.viewer("guardian"))
    assert not SocialAccount.objects.exists()
    come(HonestClient(), council)
    close_account(user=keyworker, reason="Left.", at=now(), by=world.viewer("admin"))
    assert not SocialAccount.objects.exists()


# The second step


def test_without_the_partnerships_trust_harbours_own_second_step_is_asked_for(client, council, world, settings, at):
    settings.SECOND_FACTOR_REQUIRED = True
    said = {**KEYWORKER, "amr": ["mfa"]}
    assert come(client, council, **said).url == "/"
    assert client.get("/cases/").url.startswith("/account/second-step/set-up/"), "as after a password"
    with_app(world.user("keyworker"), at, world.viewer("keyworker"))
    again = HonestClient()
    asked = come(again, council, begin=f"{BEGIN}?next=/cases/", **said)
    assert asked.url == "/account/sign-in/code/"
    assert not is_in(again)
    assert again.post(asked.url, {"code": code_at(now())}).url == "/cases/"
    assert again.get("/cases/").status_code == 200


def test_where_a_partnership_trusts_it_the_providers_second_step_lets_in_and_is_not_enough_for_what_is_grave(
    client, council, world, settings
):
    settings.SECOND_FACTOR_REQUIRED = True
    settings.SINGLE_SIGN_ON = council.providers(second_step_amr=["mfa"], second_step_acr=["high"])
    asked = parse_qs(urlsplit(client.get(BEGIN).url).query)
    assert asked["acr_values"] == ["high"]
    guardian = {"email": "guardian@harbour.example", "email_verified": True}
    come(client, council, "g-1", **guardian, amr=["pwd", "mfa"])
    person = f"/account/people/{world.user('keyworker').pk}/"
    assert client.get(person).status_code == 200
    assert client.get(f"{person}reset-second-step/").url.startswith("/account/second-step/again/")
    weak = HonestClient()
    come(weak, council, "g-1", **guardian, amr=["pwd"])
    assert weak.get(person).url.startswith("/account/second-step/set-up/")


def test_somebody_who_only_refers_needs_no_more_and_is_sent_out_when_given_a_role_that_opens_files(
    client, council, world, settings
):
    settings.SECOND_FACTOR_REQUIRED = True
    come(client, council, "t-1", email="teacher@harbour.example", email_verified=True)
    assert is_in(client)
    make_membership(world.user("teacher"), world.agency("school"), role="education_dsl")
    assert not is_in(client)


# There and back


def test_the_way_there_carries_state_nonce_and_a_challenge_that_the_way_back_meets(client, council, monkeypatch):
    sent = {}
    get = OAuth2Client.get_access_token
    monkeypatch.setattr(
        OAuth2Client, "get_access_token", lambda self, code, **more: sent.update(more) or get(self, code, **more)
    )
    council.knows("k-1", **KEYWORKER)
    way = client.get(BEGIN).url
    asked = {name: value[0] for name, value in parse_qs(urlsplit(way).query).items()}
    assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
    assert len(asked["nonce"]) >= 24
    assert len(asked["state"]) >= 16
    assert asked["redirect_uri"] == f"http://testserver{BACK}"
    client.get(council.signs_in(way, "k-1"))
    digest = hashlib.sha256(sent["pkce_code_verifier"].encode()).digest()
    assert asked["code_challenge"] == base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    second = parse_qs(urlsplit(HonestClient().get(BEGIN).url).query)
    assert all(second[name] != [asked[name]] for name in ("state", "nonce", "code_challenge"))


def test_an_answer_opens_one_window_once(client, council):
    council.knows("k-1", **KEYWORKER)
    back = council.signs_in(client.get(BEGIN).url, "k-1")
    elsewhere = HonestClient()
    for browser in (elsewhere, HonestClient()):
        if browser is elsewhere:
            browser.get(BEGIN)  # with a state of its own, which is another
        assert browser.get(back).status_code == 403
        assert not is_in(browser)
    assert client.get(back).url == "/"
    assert client.get(back).status_code == 403


def test_a_token_for_another_sign_in_is_refused(client, council):
    council.knows("k-1", **KEYWORKER)
    way = client.get(BEGIN).url
    there = re.sub(r"nonce=[^&]+", "nonce=planted-by-somebody-else", way)
    assert client.get(council.signs_in(there, "k-1")).status_code == 403
    assert not is_in(client)
    assert failed() == [("refused", "wrong_nonce", None)]


def test_saying_no_there_leads_to_clear_words(client, council):
    page = client.get(council.says_no(client.get(BEGIN).url))
    assert page.status_code == 403
    assert "You were not signed in at Northmere Council" in page.content.decode()
    assert failed() == [("refused", "not_signed_in", None)]


def with_parts(token: str, *, header=None, body=None, signature=None) -> str:
    parts = token.split(".")
    for place, change in enumerate((header, body)):
        if change:
            said = json.loads(base64.urlsafe_b64decode(parts[place] + "=="))
            packed = base64.urlsafe_b64encode(json.dumps(said | change).encode())
            parts[place] = packed.rstrip(b"=").decode()
    return ".".join([*parts[:2], parts[2] if signature is None else signature])


FORGED = {
    "another person": lambda token: with_parts(token, body={"sub": "g-1", "email": "guardian@harbour.example"}),
    "not signed": lambda token: with_parts(token, header={"alg": "none"}, signature=""),
    "signed with a word": lambda token: jwt.encode(
        jwt.decode(token, options={"verify_signature": False}),
        "a-word-that-is-long-enough-to-be-a-key-of-its-own",
        algorithm="HS256",
    ),
    "no token": lambda token: "words",
}


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED)
def test_a_token_that_is_not_the_providers_is_refused(client, council, monkeypatch, forge):
    get = OAuth2Client.get_access_token

    def forged(self, code, **more):
        found = get(self, code, **more)
        return found | {"id_token": forge(found["id_token"])}

    monkeypatch.setattr(OAuth2Client, "get_access_token", forged)
    page = come(client, council)
    assert page.status_code == 403
    assert "cannot be trusted" in page.content.decode()
    assert not is_in(client)
    assert failed() == [("refused", "bad_token", None)]


def test_a_token_that_the_provider_made_for_another_site_is_refused(client, council, monkeypatch):
    council.knows("k-1", **KEYWORKER)
    anothers = council.token_for("elsewhere", "k-1")
    get = OAuth2Client.get_access_token
    monkeypatch.setattr(OAuth2Client, "get_access_token", lambda *a, **more: get(*a, **more) | {"id_token": anothers})
    page = come(client, council)
    assert page.status_code == 403
    assert "cannot be trusted" in page.content.decode()


def test_a_provider_that_does_not_answer_is_said_so_and_the_password_goes_on(client, council, settings):
    settings.SINGLE_SIGN_ON = council.providers(server_url="http://127.0.0.1:9")
    assert client.get(BEGIN, follow=True).content.decode().count("Northmere Council cannot be reached") == 1
    settings.SINGLE_SIGN_ON = council.providers()
    back = council.signs_in(client.get(BEGIN).url, "k-1")
    settings.SINGLE_SIGN_ON = council.providers(server_url="http://127.0.0.1:9")
    assert "cannot be reached" in client.get(back, follow=True).content.decode()
    assert "cannot be reached" in client.get("/account/sign-out/at/council/", follow=True).content.decode()


def test_only_pages_of_this_site_are_gone_on_to(client, council):
    assert come(client, council, begin=f"{BEGIN}?next=https://elsewhere.example/").url == "/"


@pytest.mark.parametrize("query", ["", "?state=x", "?code=x", "?state=x&code=x&error=%00", "?error=<script>"])
def test_an_answer_that_nobody_asked_for_is_refused(client, council, query):
    page = client.get(f"{BACK}{query}")
    assert page.status_code == 403
    why = "not_signed_in" if "error=" in query else "no_state"
    assert failed() == [("refused", why, None)], "of nobody, with nothing of what was sent"
    assert "<script>" not in page.content.decode().split("</head>")[1].split("<script")[0]


# Out


def test_signing_out_here_offers_to_sign_out_there(client, council):
    come(client, council)
    out = client.post("/account/sign-out/").url
    assert out == f"{SIGN_IN}?left=council"
    page = client.get(out).content.decode()
    assert "You may still be signed in at Northmere Council" in page
    way = client.get("/account/sign-out/at/council/").url
    assert way.startswith(f"{council.address}/oauth2/end_session?client_id=harbour&post_logout_redirect_uri=")
    assert not is_in(client)


def test_whoever_came_by_a_password_signs_out_as_before(client_as, council):
    assert client_as("keyworker").post("/account/sign-out/").url == SIGN_IN

"""What a request may not do by its method, its address or the age of its page, whatever view it goes to."""

from __future__ import annotations

import time
from uuid import uuid4

import pytest
from django.urls import reverse

from accounts.models import HeldSubmission
from accounts.services.submissions import OWNER_FOR, owner_token
from cases.clocks.choices import AlertKind
from cases.clocks.models import Alert
from cases.clocks.services import start_ladder
from cases.record.models import Alias
from tests.accounts.test_sign_in import SIGN_IN, sign_in
from tests.factories.accounts import make_membership
from tests.factories.cases import grant, make_child

pytestmark = pytest.mark.django_db
HOW = "/account/acting-as/"


@pytest.fixture
def child(world):
    made = make_child()
    grant(made, world.agency("specialist"))
    grant(made, world.agency("charity"))
    return made


@pytest.fixture
def second(world):
    """The keyworker is also seconded to the charity."""
    return make_membership(world.user("keyworker"), world.agency("charity"), role="specialist_keyworker")


def naming(child, world=None, membership=None, **more):
    mark = {"form_owner": owner_token(membership.user_id, membership.pk)} if membership else {}
    return {"idempotency_key": str(uuid4()), "name": "Birdie", "note": "CANARY-NOTE", **mark, **more}


def adding(child):
    return reverse("cases:add_alias", args=[child.reference])


def test_a_page_of_one_role_is_not_saved_under_another(client_as, world, child, second):
    browser, own = client_as("keyworker"), world.membership("keyworker")
    browser.post(HOW, {"membership": str(second.pk)})
    said = naming(child, membership=own)
    refused = browser.post(adding(child), said)
    assert refused.status_code == 409
    page = refused.content.decode()
    assert "CANARY-NOTE" in page
    assert "Keyworker, Lantern Exploitation Service" in page
    assert not Alias.objects.exists()
    browser.post(HOW, {"membership": str(own.pk)})
    assert browser.post(adding(child), said).status_code == 302
    assert Alias.objects.get().agency_id == own.agency_id


def test_a_form_that_was_held_is_sent_on_as_the_role_it_was_typed_in(client, world, child, second):
    own = world.membership("keyworker")
    late = client.post(adding(child), naming(child, membership=second))
    token = late.url.partition("held=")[2]
    carry_on = sign_in(client, "keyworker", held=token).url
    client.post(HOW, {"membership": str(own.pk)})
    page = client.get(carry_on).content.decode()
    assert "CANARY-NOTE" in page
    assert "Send it now" not in page
    change = f"{HOW}?held={token}"
    assert f'href="{change}"' in page
    assert client.post(change, {"membership": str(second.pk)}).url == carry_on
    assert "Send it now" in client.get(carry_on).content.decode()


def test_a_mark_that_is_a_day_old_holds_nothing(client, world, child, monkeypatch):
    own, made_at = world.membership("keyworker"), time.time()
    said = naming(child, membership=own)
    monkeypatch.setattr(time, "time", lambda: made_at + OWNER_FOR.total_seconds() + 60)
    client.post(adding(child), said)
    assert not HeldSubmission.objects.exists()
    monkeypatch.setattr(time, "time", lambda: made_at + OWNER_FOR.total_seconds() - 60)
    client.post(adding(child), said)
    assert HeldSubmission.objects.count() == 1


def test_one_key_on_two_files_does_not_lose_the_second_in_silence(client_as, world, child):
    other, browser = make_child(), client_as("keyworker")
    grant(other, world.agency("specialist"))
    said = naming(child)
    assert browser.post(adding(child), said).status_code == 302
    again = browser.post(adding(other), said)
    assert again.status_code == 422
    assert "CANARY-NOTE" in again.content.decode()
    assert browser.post(adding(child), said).status_code == 302
    assert list(Alias.objects.values_list("child", flat=True)) == [child.pk]


@pytest.mark.parametrize("method", ["head", "options"])
def test_no_other_method_does_what_a_post_does(client_as, world, at, method):
    start_ladder(kind=AlertKind.URGENT_NOTIFICATION, subject_id=uuid4(), at=at)
    alert = Alert.objects.earliest("pk")
    browser = client_as("triage")
    taking = reverse("cases:acknowledge_alert", args=[alert.pk])
    answers = [getattr(browser, method)(address) for address in ("/account/sign-out/", taking)]
    assert [(answer.status_code, answer.headers["Allow"]) for answer in answers] == [
        ({"head": 405, "options": 200}[method], "POST, OPTIONS")
    ] * 2
    assert browser.get("/").status_code == 200
    alert.refresh_from_db()
    assert alert.acknowledged_at is None


def test_a_page_that_may_be_read_answers_head_and_says_so(client_as):
    browser = client_as("triage")
    assert browser.head("/").status_code == 200
    assert browser.options("/").headers["Allow"] == "GET, HEAD, OPTIONS"


@pytest.mark.parametrize("address", ["/cases/%00/", "/cases/A%00B/chronology/", "/notify/sent/%00/", "/triage/a%00b/"])
@pytest.mark.parametrize("person", ["triage", "teacher", None])
def test_an_address_that_no_database_can_hold_was_never_there(client, client_as, person, address):
    browser = client_as(person) if person else client
    assert browser.get(address).status_code == 404


def test_the_way_back_after_signing_in_is_the_whole_address(client, world):
    wanted = "/cases/?page=2&sort=name"
    sent_on = client.get(wanted).url
    assert sent_on == f"{SIGN_IN}?next=/cases/%3Fpage%3D2%26sort%3Dname"
    assert "page=2&amp;sort=name" in client.get(sent_on).content.decode()

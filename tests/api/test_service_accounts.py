"""The pages on which the technical administrator lets systems send, and the command that does the same.

Seen to fail: a token shown a second time; a page of tokens open to a manager.
"""

from __future__ import annotations

import io
import re
import uuid
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.http import HttpResponse

from accounts.models import ApiToken, Membership, User
from tests.factories.api import System, make_system

pytestmark = pytest.mark.django_db
BASE = "/account/service-accounts/"
TOKEN = re.compile(r"hbr_[a-z0-9]{8}_[A-Za-z0-9_-]{43}")


@pytest.fixture
def admin(client_as) -> Any:
    return client_as("admin")


def send(browser: Any, path: str, said: dict[str, str], *, key: str = "") -> HttpResponse:
    return browser.post(path, {"idempotency_key": key or str(uuid.uuid4()), **said})


def add(browser: Any, world: Any, **changed: str) -> HttpResponse:
    said = {"system": "Control room", "agency": str(world.agency("police").pk), "name": "live", "lasts": "180"}
    key = changed.pop("key", "")
    return send(browser, f"{BASE}add/", {**said, **changed}, key=key)


def test_a_system_is_let_in_and_its_token_is_shown_once(admin, world):
    answer = add(admin, world)
    token = ApiToken.objects.get()
    assert (answer.status_code, answer.headers["Location"]) == (302, f"{BASE}tokens/{token.pk}/")
    cookie = answer.cookies["harbour_new_token"]
    assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == (answer.headers["Location"], True, "Strict")
    assert not TOKEN.search(answer.headers["Location"])

    page = admin.get(answer.headers["Location"])
    text = TOKEN.search(page.content.decode()).group()
    assert page.cookies["harbour_new_token"]["max-age"] == 0
    assert System(text).get("/api/schema/").status_code == 200
    again = admin.get(answer.headers["Location"]).content.decode()
    assert not TOKEN.search(again)
    assert f"hbr_{token.prefix}_" in again

    membership = Membership.objects.get(user=token.user)
    assert (membership.role, membership.agency, membership.user.is_service) == (
        "police_missing",
        world.agency("police"),
        True,
    )
    assert token.created_by == world.user("admin")
    assert round((token.expires_at - token.created_at).total_seconds() / 86400) == 180


def test_a_second_press_makes_no_second_token(admin, world):
    key = str(uuid.uuid4())
    first, second = add(admin, world, key=key), add(admin, world, key=key)
    assert first.headers["Location"] == second.headers["Location"]
    assert ApiToken.objects.count() == User.objects.filter(is_service=True).count() == 1


def test_another_token_is_given_and_the_first_goes_on(admin, world):
    system = make_system(world.agency("police"))
    membership = Membership.objects.get(user=system.token.user)
    answer = send(admin, f"{BASE}{membership.pk}/token/", {"name": "next year", "lasts": "365"})
    text = TOKEN.search(admin.get(answer.headers["Location"]).content.decode()).group()
    assert [each.get("/api/schema/").status_code for each in (system, System(text))] == [200, 200]
    assert ApiToken.objects.filter(user=system.token.user).count() == 2


def test_a_token_is_revoked_at_once_and_only_once(admin, world):
    system = make_system(world.agency("police"))
    path = f"{BASE}tokens/{system.token.pk}/revoke/"
    assert b"whatever it sends with it is refused" in admin.get(path).content
    assert system.get("/api/schema/").status_code == 200
    assert send(admin, path, {}).status_code == 302
    assert system.get("/api/schema/").status_code == 401
    again = send(admin, path, {})
    assert again.status_code == 422
    assert b"already" in again.content
    page = admin.get(f"{BASE}tokens/{system.token.pk}/").content.decode()
    assert "Ada Northcote" in page
    assert "Revoke this token" not in page


def test_the_list_says_how_each_token_stands_and_nothing_secret(admin, world):
    assert b"No system may send yet" in admin.get(BASE).content
    system = make_system(world.agency("police"))
    listed = admin.get(BASE).content.decode()
    assert "Control room" in listed
    assert "Northmere Police" in listed
    assert "Not used yet" in listed
    assert f"hbr_{system.token.prefix}_…" in listed
    assert system.text not in listed
    assert ApiToken.objects.get().secret_hash not in listed
    system.get("/api/schema/")
    assert "In use" in admin.get(BASE).content.decode()


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"system": ""}, "Say which system will send"),
        ({"name": ""}, "Say what this token is for"),
        ({"lasts": ""}, "Select how long the token will last"),
        ({"lasts": "9999"}, "Select one of the choices offered"),
        ({"agency": ""}, "Select the agency whose system this is"),
        ({"system": "x" * 101}, "must be 100 characters or fewer"),
    ],
)
def test_what_is_left_out_or_wrong_comes_back_with_what_was_typed(changed, words, admin, world):
    answer = add(admin, world, **changed)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert "live" in answer.content.decode() or "name" in changed
    assert not ApiToken.objects.exists()


def test_an_agency_whose_systems_send_nothing_is_not_offered(admin, world):
    page = admin.get(f"{BASE}add/").content.decode()
    assert "Northmere Police" in page
    assert "Hollybank School" not in page
    assert add(admin, world, agency=str(world.agency("school").pk)).status_code == 422


def test_nobody_else_finds_these_pages(world, client_as):
    system = make_system(world.agency("police"))
    membership = Membership.objects.get(user=system.token.user)
    paths = ["", "add/", f"{membership.pk}/token/", f"tokens/{system.token.pk}/", f"tokens/{system.token.pk}/revoke/"]
    for person in ("manager", "guardian", "missing_coordinator"):
        browser = client_as(person)
        for path in paths:
            answer = browser.get(BASE + path)
            assert answer.status_code == 403
            assert system.token.prefix not in answer.content.decode()
    assert send(client_as("manager"), BASE + paths[-1], {}).status_code == 403
    assert ApiToken.objects.get().revoked_at is None


def test_a_page_of_a_token_that_never_was_is_not_found(admin, world):
    person = world.membership("detective")
    for path in (f"tokens/{uuid.uuid4()}/", f"tokens/{uuid.uuid4()}/revoke/", f"{person.pk}/token/"):
        assert admin.get(BASE + path).status_code == 404


def test_a_token_of_another_page_in_the_cookie_is_not_shown(admin, world):
    mine, other = make_system(world.agency("police")), make_system(world.agency("police"), name="Other")
    admin.cookies["harbour_new_token"] = f"{mine.text}:x:y"
    assert mine.text not in admin.get(f"{BASE}tokens/{other.token.pk}/").content.decode()


def run(*args: str) -> str:
    out = io.StringIO()
    call_command("give_service_token", *args, stdout=out, stderr=io.StringIO())
    return out.getvalue().strip()


def test_the_command_prints_a_token_once_and_gives_the_same_system_another(world):
    texts = [run("Northmere Police", "Control room"), run("Northmere Police", "Control room", "--days", "365")]
    assert [System(text).get("/api/schema/").status_code for text in texts] == [200, 200]
    assert texts[0] != texts[1]
    assert User.objects.filter(is_service=True).count() == 1
    assert ApiToken.objects.filter(created_by=None).count() == 2


def test_the_command_refuses_in_words_and_leaves_nothing(world):
    with pytest.raises(CommandError, match="Northmere Police"):
        run("Hollybank School", "Register")
    with pytest.raises(CommandError, match="90, 180 or 365 days"):
        run("Northmere Police", "Control room", "--days", "7")
    assert not User.objects.filter(is_service=True).exists()

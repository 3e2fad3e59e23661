"""Ten holes that a comparable system had to close, each tried here or where the table says.

| hole | tried by (here: in this module) |
|---|---|
| approving or closing checked the class, not the record | here: a record under another file; `test_pages` |
| a flag list unchecked | here: every list; `referrals.test_triage`, a blocked guardian's alerts |
| a query parameter that widened scope | here: every list with parameters that would |
| attachments that ignored their parent | here: documents and records under another file |
| a transition id not checked against its own record | here: each step with another file's id |
| users editing their own groups | here: by hand, and by form; `accounts.test_life`, one's own account |
| privilege gained through user attributes | here: by form; `accounts.test_single_sign_on`, by claims |
| search leaving the sandbox | here; `cases.test_lists`, a file that is not open |
| an API that sends restricted rows for a page to hide | here; `api.test_files`, what may not be known |
| audit that runs only if the caller asks | here: every page of a file; `test_pages`, each refusal |

Seen to fail: an interview found by its id alone; a parameter of the worklist that shows every file; one's own account
let through where a role is asked for; reads written down on the front page of a file alone.
"""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.db.utils import ProgrammingError

from accounts.middleware.policy import REGISTRY
from accounts.models import AccessEvent, Membership, RoleRequest, User
from accounts.rules.roles import ROLES
from cases.record.models import Child
from tests.access.test_pages import (
    CANARY,
    OF_FILES,
    Things,
    addresses_with_and_without_parts,
    ask,
    make_things,
    plain,
)
from tests.factories.cases import block, grant, make_child
from tests.factories.world import PEOPLE

pytestmark = pytest.mark.django_db
# An agency, a kind and a step are no records of a file.
NO_RECORD = {"reference", "agency_id", "kind", "step"}
UNDER_A_FILE = [address for address in OF_FILES if set(address.parts) - NO_RECORD]
LISTS = [
    address
    for address in addresses_with_and_without_parts()
    if "<" not in address.pattern and not address.policy.public
]
# What somebody might add to an address to be shown more.
WIDER = {
    "scope": "all", "all": "1", "everyone": "true", "restricted": "1", "include": "restricted", "mine": "0",
    "fields": "all", "as": "data_guardian", "role": "data_guardian", "is_superuser": "1", "page_size": "9999",
    "limit": "9999", "level": "high", "kind": "all", "standing": "all", "window": "all", "q": CANARY, "words": CANARY,
}  # fmt: skip


@pytest.fixture
def things(world, viewer, at) -> Things:
    return make_things(world, viewer, at)


def who_may(address: Any, world: Any) -> str:
    """Somebody whose role may use a page, of an agency that knows nothing of the file."""
    fitting = [person.username for person in PEOPLE if address.policy.capability in ROLES[person.role].capabilities]
    apart = [name for name in fitting if world.membership(name).agency != world.agency("social_care")]
    return (apart or fitting)[0]


def asked_for(things: Things, world: Any) -> dict[str, Any]:
    """Parameters that name the file, its agency and its people."""
    keeper = world.membership("social_care_manager")
    named = {"agency": keeper.agency_id, "membership": keeper.pk, "user": keeper.user_id, "viewer": keeper.user_id}
    return {**WIDER, **named, "child": things.child.pk, "reference": things.child.reference}


# A record belongs to its file, whoever asks for it under another


def test_a_record_under_another_file_was_never_there(things, world, viewer, client_as, at):
    """Each step and each document, with the id of a hidden file's record under a file that is open to the asker."""
    mine = make_child("Rowan", "Elsewhere")
    for person in PEOPLE:
        if person.username != "outsider":
            grant(mine, world.membership(person.username))
    tried, wrong = 0, []
    for address in UNDER_A_FILE:
        browser = client_as(who_may(address, world))
        here = {**things.values(address), "reference": mine.reference}
        never = {**Things.never(address), "reference": mine.reference}
        for method in address.policy.methods:
            there, nowhere = (ask(browser, method, address.filled(values)) for values in (here, never))
            wrong += [(method, address.pattern)] if plain(there) != plain(nowhere) else []
            assert CANARY not in there.content.decode()
            tried += there.status_code == 404
    assert wrong == []
    assert tried >= 40, "or nothing was tried: most must be a page that is not there"


# Lists and parameters


def test_no_parameter_shows_more_of_a_list(things, world, client_as):
    """Every page without parts, as people of each kind who may not know of the file."""
    more = asked_for(things, world)
    for username in ("outsider", "triage"):
        browser = client_as(username)
        for address in LISTS:
            if "GET" not in address.policy.methods:
                continue
            with transaction.atomic():
                page = browser.get(f"/{address.pattern}", more)
                transaction.set_rollback(True)
            words = page.content.decode() if not page.streaming else ""
            for typed in (f'value="{CANARY}"', str(more["reference"])) if page.status_code == 422 else ():
                words = words.replace(typed, "")
            assert CANARY not in words.replace(f'value="{CANARY}"', ""), (username, address.pattern)
            assert "Ashdown-Canary" not in words, (username, address.pattern)


def test_the_same_lists_show_the_file_to_who_may_see_it(things, world, client_as):
    """Without this the test above would pass on lists that show nothing to anybody."""
    grant(things.child, world.agency("social_care"))
    browser = client_as("socialworker")
    shown = [
        address.pattern
        for address in LISTS
        if "GET" in address.policy.methods and CANARY in browser.get(f"/{address.pattern}").content.decode()
    ]
    assert {"cases/", ""} <= set(shown)


@pytest.mark.parametrize("words", [CANARY, "Ashdown-Canary", "%", "_", "' OR 1=1 --", "*", "\\"])
@pytest.mark.parametrize("person", ["outsider", "detective", "triage"])
def test_a_search_stays_among_the_files_that_are_open(things, world, client_as, person, words):
    browser = client_as(person)
    for path in ("/cases/search/", "/triage/"):
        page = browser.post(path, {**WIDER, "words": words}, follow=True)
        assert things.child.reference not in page.content.decode(), path
        assert "Ashdown-Canary</a>" not in page.content.decode(), path


# The interface


@pytest.mark.parametrize("hidden", ["restricted", "blocked"])
def test_the_interface_sends_no_row_for_a_page_to_hide(things, world, viewer, client_as, hidden):
    grant(things.child, world.agency("police"))
    browser = client_as("detective")
    assert things.child.reference in browser.get("/api/v1/files").content.decode()
    if hidden == "restricted":
        Child.objects.filter(pk=things.child.pk).update(restricted=True)
    else:
        block(things.child, viewer("detective"), by=viewer("guardian"))
    for query in ("", "?restricted=true", "?include=restricted", "?fields=all"):
        answer = browser.get(f"/api/v1/files{query}")
        body = answer.content.decode()
        assert things.child.reference not in body
        assert CANARY not in body
        if answer.status_code == 200:
            assert answer.json()["files"] == []
            assert "restricted" not in body


# One's own groups and rights


@pytest.mark.parametrize("table", ["accounts_user_groups", "accounts_user_user_permissions", "auth_group_permissions"])
def test_nobody_is_put_into_a_group_by_the_serving_role(table, db):
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic(), connection.cursor() as asks:
        asks.execute(f"INSERT INTO {table} DEFAULT VALUES")


@pytest.mark.parametrize("person", ["keyworker", "teacher", "admin", "manager", "guardian"])
def test_no_form_of_ones_own_makes_more_of_somebody(world, client_as, person):
    """Each page that changes something without a part in its address, with everything that would make one more."""
    browser, user = client_as(person), world.user(person)
    grand = {
        "is_superuser": "on", "is_staff": "on", "is_service": "on", "role": "data_guardian", "groups": "1",
        "user": user.pk, "username": "guardian", "email": "guardian@harbour.example", "is_active": "on",
        "agency": world.agency("partnership").pk, "membership": world.membership("admin").pk,
        "replaces": world.membership(person).pk, "reason": "Because I say so.", "functions": "data_guardians",
    }  # fmt: skip
    before = User.objects.filter(pk=user.pk).values().get()
    roles = list(Membership.objects.filter(user=user).order_by("pk").values())
    mine = f"/account/people/{user.pk}/"
    theirs = (f"{mine}role/", f"{mine}open-again/", f"{mine}password-link/", "/account/people/")
    for path in ("/account/acting-as/", *theirs):
        with transaction.atomic():
            browser.post(path, {**grand, "idempotency_key": str(uuid4())})
        assert User.objects.filter(pk=user.pk).values().get() == before, path
        assert list(Membership.objects.filter(user=user).order_by("pk").values()) == roles, path
    assert not RoleRequest.objects.filter(user=user).exists(), "nor asked for, to be given by a second person"
    assert f"{ROLES[world.membership(person).role].name}" in browser.get("/").content.decode()


# The log


def test_every_page_of_a_file_writes_that_it_was_read(things, world, client_as):
    """By the policy of the page, whatever its view remembers: each address with each method that reads."""
    grant(things.child, world.agency("social_care"))
    browser = client_as("social_care_manager")
    read, silent = [], []
    for address in OF_FILES:
        if "GET" not in address.policy.methods:
            continue
        with transaction.atomic():
            before = AccessEvent.objects.filter(child_id=things.child.pk).count()
            answer = browser.get(address.filled(things.values(address)))
            wrote = AccessEvent.objects.filter(child_id=things.child.pk).count() > before
            transaction.set_rollback(True)
        if answer.status_code == 200:
            (read if wrote else silent).append(address.pattern)
    assert silent == []
    assert len(read) >= 20
    assert all(REGISTRY[address.policy.name].reads_file for address in OF_FILES)

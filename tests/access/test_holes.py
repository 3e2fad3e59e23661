"""Ten holes that a comparable system had to close, each tried here or where the table says.

| hole | tried by (here: in this module) |
|---|---|
| approving or closing checked the class, not the record | here: a record under another file; `test_pages` |
| a flag list unchecked | here: every list; `referrals.test_triage`, a blocked guardian's alerts |
| a query parameter that widened scope | here: every list with parameters that would |
| attachments that ignored their parent | here: documents and records under another file |
| a transition id not checked against its own record | `test_own_record`, every id; here, with another file's |
| users editing their own groups | here: by hand, and by form; `accounts.test_life`, one's own account |
| privilege gained through user attributes | here: by form; `accounts.test_single_sign_on`, by claims |
| search leaving the sandbox | here; `cases.test_lists`, a file that is not open |
| an API that sends restricted rows for a page to hide | here; `api.test_files`, what may not be known |
| audit that runs only if the caller asks | here, `test_reads_written`: each page; `test_pages`, refusals |

Seen to fail: an interview found by its id alone; a parameter of the worklist that shows every file; the register of
emergencies, and what triage decided, shown to a blocked guardian and to triage whole; a search that finds nothing (the
test of who may) and one that leaves the open files; one's own account let through where a role is asked for; a page of
a file that takes `restricted` from what is posted; the choice of a role that makes a member of a posted function; reads
written down on the front page of a file alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Group
from django.db import connection, transaction
from django.db.utils import ProgrammingError

from accounts.middleware.policy import REGISTRY
from accounts.models import (
    AccessEvent,
    Agency,
    FunctionGroup,
    FunctionMember,
    Membership,
    RoleRequest,
    User,
)
from accounts.rules.roles import ROLES
from cases.record.models import Child
from tests.access.filling import filled
from tests.access.test_pages import (
    CANARY,
    OF_FILES,
    Things,
    addresses_with_and_without_parts,
    ask,
    make_things,
    plain,
)
from tests.cases.test_why import WHY_THESE
from tests.conftest import HonestClient
from tests.factories.cases import block, grant, make_child
from tests.factories.referrals import make_decision, make_notification
from tests.factories.world import PEOPLE

pytestmark = pytest.mark.django_db
# An agency, a kind and a step are no records of a file.
NO_RECORD = {"reference", "agency_id", "kind", "step"}
# The picture of a key, which is there only while somebody sets their own second step up.
NOT_YET = {"account/second-step/key.svg"}
UNDER_A_FILE = [address for address in OF_FILES if set(address.parts) - NO_RECORD]
PAGES = [address for address in addresses_with_and_without_parts() if not address.policy.public]
LISTS = [
    address
    for address in PAGES
    if "<" not in address.pattern and "GET" in address.policy.methods and address.pattern not in NOT_YET
]
SEARCHES = [
    address
    for address in PAGES
    if "<" not in address.pattern and "POST" in address.policy.methods and not address.policy.writes
    and address.policy.capability is not None
]  # fmt: skip
WRITES = [address for address in PAGES if "POST" in address.policy.methods and not address.policy.is_operation]
# What somebody might add to an address to be shown more.
WIDER = {
    "scope": "all", "all": "1", "everyone": "true", "restricted": "1", "include": "restricted", "mine": "0",
    "fields": "all", "as": "data_guardian", "role": "data_guardian", "is_superuser": "1", "page_size": "9999",
    "limit": "9999", "level": "high", "kind": "all", "standing": "all", "window": "all", "q": CANARY, "words": CANARY,
}  # fmt: skip

# Who is shown the file by each page without parts that shows any, once it is open to them.
NAME_A_CHILD = {
    "": "socialworker",
    "api/v1/files": "outsider",
    "cases/": "outsider",
    "missing/": "socialworker",
    "panels/": "socialworker",
    "shared-with-us/": "youth_worker",
    "access-requests/": "school_nurse",
    "emergency-access/": "missing_coordinator",
    "emergency-access/register/": "guardian",
    "conflicts/": "guardian",
    "notify/sent/": "teacher",
    "triage/": "triage",
    "triage/decided/": "triage",
    "triage/questions/": "guardian",
}
# Pages without parts that show no file: of accounts, agencies, days, definitions, empty forms and totals; searches that
# begin empty; alerts, which name none (`cases.test_running_clocks` hides those of hidden files); and a guardian's lists
# of people and weeks, where the files stand a page further.
NAME_NO_CHILD = {
    "api/schema/", "account/second-step/", "account/second-step/set-up/", "account/second-step/recovery-codes/",
    "account/second-step/new-codes/", "account/second-step/again/", "account/places/", "account/people/",
    "account/people/invite/", "account/agencies/", "account/access/", "account/acting-as/",
    "account/service-accounts/", "account/service-accounts/add/", "access/agreements/", "access/agreements/add/",
    "access/matrix/", "access/matrix/propose/", "access/looks/", "access/digests/", "alerts/", "calendar/",
    "conflicts/declare/", "conflicts/my-home/", "cases/search/", "missing/report/", "notify/", "reports/",
    "reports/measures/", "panels/plan/", "panels/seats/", "panels/seats/add/",
}  # fmt: skip
# The searches that find children, each with somebody to whom the file is opened.
FINDS = {"cases/search/": "socialworker", "triage/": "triage", "triage/decided/": "triage"}
GRAND = "data_guardian"
RIGHTS: dict[Any, tuple[str, ...]] = {
    User: ("username", "email", "is_active", "is_superuser", "is_staff", "is_service"),
    Membership: ("user", "agency", "role", "started_on", "ended_on"),
    FunctionMember: ("membership", "function", "ended_on"),
    RoleRequest: ("user", "agency", "role", "decision"),
    Group: ("name",),
    FunctionGroup: ("key", "group"),
    Agency: ("sector", "group", "covered"),
    Child: ("restricted",),
}
# Pages that bring a person, or a program, which none was before.
NEW_PEOPLE = {"account/people/invite/", "account/service-accounts/add/"}
# What is for giving and taking, and of what: the answered form does that and no more.
GIVE_OR_TAKE = {
    "account/people/<int:person_id>/role/": {"RoleRequest"},
    "account/people/<int:person_id>/leave/": {"User", "Membership", "RoleRequest"},
    "account/access/roles/<uuid:request_id>/": {"Membership", "RoleRequest"},
    "account/service-accounts/add/": {"User", "Membership"},
    "access/agreements/<uuid:agreement_id>/end/": {"Agency"},
    "access/agreements/signatures/<uuid:signature_id>/": {"Agency"},
    "triage/<str:reference>/": {"Child"},
    "panels/seats/<uuid:seat_id>/deputy/": {"FunctionMember"},
    "panels/seats/<uuid:seat_id>/end/": {"FunctionMember"},
    "panels/<uuid:meeting_id>/publish/": {"FunctionMember"},
}


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


def decide_one(things: Things, world: Any) -> None:
    """What `make_things` lacks of a list: a notification that triage has decided."""
    name = {"given_name": CANARY, "family_name": "Ashdown-Canary"}
    decided = make_notification(world.viewer("teacher"), **name, child=things.child, status="decided")
    make_decision(decided, world.viewer("triage"))


def somebody_apart(address: Any, world: Any) -> str:
    """Who opens a list and may know nothing of the file: the outsider, or whose role it is; a guardian is blocked."""
    outsider = ROLES[world.membership("outsider").role].capabilities
    return "outsider" if address.policy.capability in (None, *outsider) else who_may(address, world)


def words_of(page: Any, typed: Iterable[Any]) -> str:
    """A page without what stands in its boxes, and without what an error repeats of it."""
    words = page.content.decode() if not page.streaming else ""
    for value in typed:
        words = words.replace(f'value="{value}"', "")
        words = words.replace(str(value), "") if page.status_code == 422 and str(value) else words
    return words


def tells(words: str, things: Things) -> bool:
    return any(mark in words for mark in (CANARY, "Ashdown-Canary", things.child.reference))


def test_no_parameter_shows_more_of_a_list(things, world, viewer, client_as):
    """Every page without parts, opened by somebody whose role it is for and who may not know of the file.

    Where a page refuses some of what is asked, it is asked for bare and with each parameter alone.
    """
    decide_one(things, world)
    block(things.child, viewer("guardian"), by=viewer("social_care_manager"))
    more = asked_for(things, world)
    asked = [("", ""), *more.items()]
    for address in LISTS:
        guardian = {"guardian"} if address.policy.capability in ROLES[GRAND].capabilities else set()
        for person in {somebody_apart(address, world), *guardian}:
            browser = client_as(person)
            answers = [ask_list(browser, address, more)]
            if answers[0][0] == 422:
                answers = [ask_list(browser, address, {name: value} if name else {}) for name, value in asked]
            assert {200} <= {status for status, _ in answers} <= {200, 422}, (address.pattern, person, answers[0][0])
            assert [words for _, words in answers if tells(words, things)] == [], (address.pattern, person)
    assert {address.pattern for address in LISTS} == NAME_A_CHILD.keys() | NAME_NO_CHILD


def ask_list(browser: HonestClient, address: Any, parameters: dict[str, Any]) -> tuple[int, str]:
    """How a page answers, by way of where it leads, and what it says; nothing stays of the asking."""
    with transaction.atomic():
        page = browser.get(f"/{address.pattern}", parameters, follow=True)
        transaction.set_rollback(True)
    return page.status_code, words_of(page, parameters.values())


def test_the_same_lists_show_the_file_to_who_may_see_it(things, world, client_as):
    """Without this the test above would pass on lists that show nothing to anybody. Each says why these are shown."""
    decide_one(things, world)
    for name in NAME_A_CHILD.values():
        grant(things.child, world.membership(name))
    silent: list[tuple[str, str]] = []
    unexplained: list[str] = []
    for pattern, name in NAME_A_CHILD.items():
        page = client_as(name).get(f"/{pattern}")
        silent += [] if page.status_code == 200 and tells(page.content.decode(), things) else [(pattern, name)]
        unexplained += [] if pattern == "api/v1/files" or WHY_THESE in page.content.decode() else [pattern]
    assert (silent, unexplained) == ([], [])


def searched(browser: HonestClient, address: Any, words: str, **more: str) -> str:
    """What a search answers, without the words that were typed: a file has a reference and two names to be told by."""
    page = browser.post(f"/{address.pattern}", {**more, "words": words}, follow=True)
    assert page.status_code in ((200, 422) if more else (200,)), address.pattern
    return words_of(page, more.values()).replace(words, "")


@pytest.mark.parametrize("words", [CANARY, "Ashdown-Canary", "%", "_", "' OR 1=1 --", "*", "\\"])
def test_a_search_stays_among_the_files_that_are_open(things, world, viewer, client_as, words):
    """Every page that searches, as somebody who may search there and may not know of the file."""
    decide_one(things, world)
    block(things.child, viewer("guardian"), by=viewer("social_care_manager"))
    for address in SEARCHES:
        browser = client_as(somebody_apart(address, world))
        answers = searched(browser, address, words), searched(browser, address, **{**WIDER, "words": words})
        assert not any(tells(answer, things) for answer in answers), address.pattern


@pytest.mark.parametrize("words", [CANARY, "Ashdown-Canary"])
def test_the_same_search_finds_the_file_that_is_open(things, world, client_as, words):
    """Without this the test above would pass on a search that finds nothing."""
    decide_one(things, world)
    for name in FINDS.values():
        grant(things.child, world.membership(name))
    found = set()
    for address in SEARCHES:
        browser = client_as(FINDS.get(address.pattern) or who_may(address, world))
        found |= {address.pattern} if tells(searched(browser, address, words), things) else set()
    assert found == FINDS.keys()


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


def rights_of_people() -> dict[str, dict[Any, dict[str, Any]]]:
    """Everything that says who is what, and which files are restricted."""
    return {
        model.__name__: {row["pk"]: row for row in model.objects.values("pk", *fields)}
        for model, fields in RIGHTS.items()
    }


def more_of(world: Any, person: str) -> dict[str, Any]:
    """Every name under which a form could make more of somebody, each with what would."""
    partnership, guardians = world.agency("partnership").pk, world.functions["data_guardians"].pk
    return {
        "is_superuser": "on", "is_staff": "on", "is_service": "on", "is_active": "on", "groups": "1",
        "user_permissions": "1", "username": "guardian", "email": "guardian@harbour.example",
        "role": GRAND, "role_key": GRAND, "agency": partnership, "agency_id": partnership,
        "functions": guardians, "function": guardians, "function_id": guardians, "sector": "partnership",
        "user": world.user(person).pk, "user_id": world.user(person).pk,
        "membership": world.membership(person).pk, "membership_id": world.membership(person).pk,
        "replaces": world.membership(person).pk, "restricted": "on", "decision": "given", "ended_on": "",
        "covered": "on", "category_mask": "65535", "reason": "Because I say so, and that is enough.",
    }  # fmt: skip


def post_with_more(browser: HonestClient, address: Any, path: str, more: dict[str, Any]) -> tuple[int, set[str]]:
    """Sends the page's own form, each question answered, and beside it what the form does not ask.

    What was answered, and which tables of rights changed. Nothing stays of it.
    """
    with transaction.atomic():
        before = rights_of_people()
        page = browser.get(path) if "GET" in address.policy.methods else None
        own = filled(page) if page is not None and page.status_code == 200 else {}
        answer = browser.post(path, {**more, "idempotency_key": str(uuid4()), **own})
        after = rights_of_people()
        transaction.set_rollback(True)
    given = [
        row
        for table, rows in after.items()
        for key, row in rows.items()
        if (row != before[table].get(key) and (row.get("is_superuser") or row.get("is_staff") or row.get("restricted")))
        or (row.get("role") == GRAND and key not in before[table])
    ]
    assert given == [], path
    return answer.status_code, {table for table in after if after[table] != before[table]}


def test_no_page_takes_a_right_that_its_form_does_not_ask_for(things, world, client_as):
    """Each page that changes something, in the hands of somebody who may, on a file that is open to them."""
    for person in PEOPLE:
        if person.username != "outsider":
            grant(things.child, world.membership(person.username))
    done, changed = 0, {}
    for address in WRITES:
        capability = address.policy.capability
        may = [row.username for row in PEOPLE if capability is None or capability in ROLES[row.role].capabilities]
        person = "social_care_manager" if "social_care_manager" in may else may[0]
        path = address.filled(things.values(address) if address.parts else {})
        status, tables = post_with_more(client_as(person), address, path, more_of(world, person))
        done += status == 302
        changed |= {address.pattern: tables} if tables else {}
    # Which of the offered people a form names first is chance, and who serves already is given nothing.
    assert {page: tables for page, tables in changed.items() if not tables <= GIVE_OR_TAKE.get(page, set())} == {}
    assert done >= 60, "or nothing was tried: most must be done"


@pytest.mark.parametrize("person", ["keyworker", "teacher", "admin", "manager", "guardian"])
def test_no_form_of_ones_own_makes_more_of_somebody(world, client_as, person):
    """Each page of accounts that changes something, about oneself where it is about somebody."""
    browser, tried = client_as(person), 0
    for address in WRITES:
        if address.pattern.startswith("account/") and set(address.parts) <= {"user_id", "person_id"}:
            path = address.filled(dict.fromkeys(address.parts, world.user(person).pk))
            _, tables = post_with_more(browser, address, path, more_of(world, person))
            assert tables <= ({"User", "Membership", "RoleRequest"} if address.pattern in NEW_PEOPLE else set()), path
            tried += 1
    assert tried >= 15
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

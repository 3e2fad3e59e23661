"""What a person's program reads of files is what their pages show, and not a word more.

Seen to fail: the level's condition left out; the detail of an entry shown in summary; the workers of a file shown to
those who see identity in summary; a file that may not be known answered with another status; a list without its event.
"""

from __future__ import annotations

import html
import itertools
import json
import re
from typing import Any

import pytest
from django.http import HttpResponse

from accounts.models import AccessEvent
from cases.access.choices import Category, GrantReason
from cases.record.choices import HarmStatus, IdentifierKind, InvolvementRole, PlanStatus, RiskLevel
from cases.record.models import Alias, Child, Identifier, Involvement, PlanPeriod, SchoolPeriod
from tests.access.oracle import matrix
from tests.api.described import check_answer
from tests.factories.api import fields_of, problem_of
from tests.factories.cases import block, grant, make_child, make_chronology, provenance
from tests.factories.world import PEOPLE

pytestmark = pytest.mark.django_db

LIST = "/api/v1/files"
NEVER = "/api/v1/files/ZZZ-ZZZZ"
READERS = [person.username for person in PEOPLE]


def canary(part: str) -> str:
    """A word that stands nowhere else, for one part of a file."""
    return f"Canary{part.title().replace('_', '')}"


@pytest.fixture
def child(world, viewer) -> Child:
    """A file with a word of its own in each part and, of each category, an entry of a charity's worker."""
    kept = make_child(
        canary("given"),
        canary("family"),
        preferred_name=canary("preferred"),
        first_language=canary("language"),
        level=RiskLevel.HIGH,
        harm_status=HarmStatus.SUSPECTED,
        review_due_on="2026-09-09",
        level_judged_at="2026-03-03T12:00Z",
        missing_since="2026-03-04T21:05Z",
        safe_contact=canary("contact"),
    )
    author = viewer("charity_worker")
    for category in Category:
        make_chronology(
            kept,
            author,
            category=category,
            summary=f"{canary(category)}Summary happened.",
            detail=f"{canary(category)}Detail is known.",
        )
    Alias.objects.create(child=kept, name=canary("alias"), **provenance(author))
    Identifier.objects.create(child=kept, kind=IdentifierKind.UPN, value="CANARYUPN", **provenance(author))
    since = {"child": kept, "started_on": "2026-01-05"}
    SchoolPeriod.objects.create(**since, school=canary("school"), note=canary("note"), **provenance(author))
    PlanPeriod.objects.create(**since, status=PlanStatus.CHILD_PROTECTION, **provenance(author))
    for person, leads in (("keyworker", True), ("school_nurse", False)):
        Involvement.objects.create(
            **since,
            membership=world.membership(person),
            working_agency=world.membership(person).agency,
            role=InvolvementRole.SUPPORT,
            is_lead=leads,
            **provenance(author),
        )
    return kept


def open_to(person: str, child: Child, world: Any, reason: str = "") -> None:
    """A grant to somebody's whole agency, so that the matrix alone decides."""
    grant(child, world.membership(person).agency, **({"reason": reason} if reason else {}))


def read_pages(browser: Any, child: Child) -> str:
    """The words of every page that shows what the interface gives."""
    pages = [browser.get(f"/cases/{child.reference}/{part}") for part in ("", "involvement/", "chronology/?whole=1")]
    return html.unescape(" ".join(page.content.decode() for page in pages if page.status_code == 200))


def leaves(node: Any, path: str = "") -> list[tuple[str, str]]:
    """Every text in an answer with where it stands."""
    if isinstance(node, dict):
        return [leaf for key, value in node.items() for leaf in leaves(value, f"{path}.{key}")]
    if isinstance(node, list):
        return [leaf for value in node for leaf in leaves(value, path)]
    return [(path, node)] if isinstance(node, str) and node else []


# Words of the interface's own, which no page needs; dates are said in words there.
OF_ITS_OWN = re.compile(
    r"^\.seen\.|\.(key|seen|happened_at|since|missing_since|birth_date|judged_on|review_due_on|last_activity_at)$"
)


def said_beyond_the_page(answer: HttpResponse, page: str) -> list[tuple[str, str]]:
    words = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)).lower()
    return [
        (path, text)
        for path, text in leaves(json.loads(answer.content))
        if not OF_ITS_OWN.search(path) and re.sub(r"\s+", " ", text).lower() not in words
    ]


AT_PANELS = [person.username for person in PEOPLE if "P" in matrix()[person.role].values()]


@pytest.mark.parametrize(
    ("person", "reason"),
    [*((person, "") for person in READERS), *((person, GrantReason.PANEL) for person in AT_PANELS)],
)
def test_each_role_reads_what_its_pages_show(person, reason, child, world, client_as, viewer):
    open_to(person, child, world, reason)
    browser = client_as(person)
    answer, page = browser.get(f"{LIST}/{child.reference}"), read_pages(browser, child)
    check_answer(answer, "file")
    if answer.status_code == 404:  # a role that opens no file is told of none
        assert browser.get(f"/cases/{child.reference}/").status_code == 404
        assert "Canary" not in answer.content.decode()
        return
    assert answer.status_code == 200
    shown = re.compile(r"Canary\w+")
    in_json, on_page = set(shown.findall(answer.content.decode())), set(shown.findall(page))
    # Where the child can be reached and what a school's note says stand on pages alone.
    assert in_json == on_page - {canary("contact"), canary("note")}
    assert said_beyond_the_page(answer, page) == []
    assert ("CANARYUPN" in answer.content.decode()) == ("CANARYUPN" in page)


@pytest.mark.parametrize("person", READERS)
def test_what_the_matrix_keeps_whole_has_no_key_and_no_notice(person, child, world, client_as):
    open_to(person, child, world)
    role = next(row.role for row in PEOPLE if row.username == person)
    answer = client_as(person).get(f"{LIST}/{child.reference}")
    if answer.status_code == 404:
        return
    body, cells = answer.json(), matrix()[role]
    told = {"F", "S", "E", "O"}
    assert set(body["seen"]) == {category for category, cell in cells.items() if cell in told}
    assert set(body["seen"].values()) <= {"full", "summary", "existence", "own"}
    assert ("level" in body) == ("harm_status" in body) == (cells["level"] in "FS")
    # Who wrote a fact sees it, whatever the cell says.
    assert ("plan" in body) == (cells["identity"] == "F" or person == "charity_worker")
    assert ("missing_since" in body) == (cells["missing"] in "FS")
    assert ("identity" in body) == (cells["identity"] in "FS")
    withheld = {line["category"]["key"] for line in body["withheld"]}
    assert withheld <= {category for category, cell in cells.items() if cell in "ES"}
    assert {category for category, cell in cells.items() if cell == "E"} <= withheld
    for line in body["withheld"]:
        assert line["entries"] >= 1
        assert line["ask"].startswith("Ask ")


def test_every_word_is_read_by_somebody(child, world, client_as):
    """Without this, the tests above would pass on an interface that says nothing."""
    read = ""
    for person in ("socialworker", "detective", "charity_worker"):
        open_to(person, child, world)
        read += client_as(person).get(f"{LIST}/{child.reference}").content.decode()
    for category in Category:
        assert f"{canary(category)}Detail" in read
    for part in ("given", "family", "preferred", "language", "alias", "school"):
        assert canary(part) in read


def test_nobody_reads_by_a_program_what_may_not_be_known(child, world, client_as, viewer):
    grant(child, world.agency("social_care"))
    block(child, viewer("socialworker"), by=viewer("guardian"))
    for person in ("outsider", "socialworker", "keyworker", "admin", "teacher"):
        browser = client_as(person)
        there, never = browser.get(f"{LIST}/{child.reference}"), browser.get(NEVER)
        assert problem_of(there) == (404, "not_found"), person
        assert there.content == never.content
        assert dict(there.headers) == dict(never.headers)
        assert child.reference not in there.content.decode()
    assert client_as("social_care_manager").get(f"{LIST}/{child.reference}").status_code == 200


def test_an_address_that_leads_nowhere_says_the_same(client_as, client):
    nowhere = client_as("detective").get("/api/v1/nothing")
    assert nowhere.content == client_as("detective").get(NEVER).content
    assert problem_of(nowhere) == (404, "not_found")
    assert problem_of(client.get("/api/v1/files/%00")) == (404, "not_found")


def test_a_program_that_has_not_signed_in_learns_nothing(child, client):
    for address in (LIST, f"{LIST}/{child.reference}", NEVER):
        answer = client.get(address)
        assert problem_of(answer) == (401, "not_authenticated")
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="Harbour"'
        assert answer.content == client.get(NEVER).content


def test_a_role_that_opens_no_file_is_told_of_none_whatever_was_granted(child, world, client_as):
    grant(child, world.membership("teacher"))
    answer = client_as("teacher").get(f"{LIST}/{child.reference}")
    assert problem_of(answer) == (404, "not_found")
    check_answer(answer, "file")


def test_each_reading_is_written_down(child, world, client_as, viewer):
    other = make_child("Robin", "Ashdown")
    for file in (child, other):
        grant(file, world.agency("housing"))
    browser, by = client_as("housing"), viewer("housing")
    assert browser.get(f"{LIST}/{child.reference}").status_code == 200
    assert browser.get(LIST).status_code == 200
    assert browser.get(NEVER).status_code == 404
    one, several, refused = AccessEvent.objects.order_by("pk")
    assert (one.action, one.outcome, one.child_id) == ("api:file", "allowed", child.pk)
    assert set(one.categories) == {"identity", "contact_address"}
    assert (several.action, set(several.shown_ids)) == ("api:files", {child.pk, other.pk})
    assert (refused.outcome, refused.reason_code, refused.child_id) == ("refused", "not_known", None)
    for event in (one, several, refused):
        assert (event.user_id, event.membership_id) == (by.user_id, by.membership_id)
        assert event.session_hash
        assert event.request_id


# The list.


def references(answer: HttpResponse) -> list[str]:
    return [line["reference"] for line in answer.json()["files"]]


@pytest.mark.parametrize("person", READERS)
def test_each_role_lists_what_its_worklist_shows(person, child, world, client_as):
    open_to(person, child, world)
    make_child(canary("hidden"), canary("hidden"))
    browser = client_as(person)
    answer, page = browser.get(LIST), browser.get("/cases/")
    check_answer(answer, "files")
    assert answer.status_code == page.status_code
    if answer.status_code == 403:
        return
    words = html.unescape(page.content.decode())
    shown = re.compile(r"Canary\w+")
    assert set(shown.findall(answer.content.decode())) == set(shown.findall(words))
    assert references(answer) == [child.reference]
    line = answer.json()["files"][0]
    assert ("High" in answer.content.decode()) == ("level" in line) == ("hb-level--high" in words)
    assert said_beyond_the_page(answer, words.replace("High", "high")) in (
        [],
        [(".files.level.label", "High"), (".files.harm_status.label", "Exploitation suspected")],
        [(".files.harm_status.label", "Exploitation suspected")],
    )


def test_pages_follow_each_other_without_a_gap_or_a_repeat(world, client_as):
    files = [make_child(f"N{number}", "Ashdown") for number in range(60)]
    for file in files:
        grant(file, world.agency("specialist"))
    browser, found, cursor, counts = client_as("keyworker"), [], "", []
    while True:
        answer = browser.get(LIST, {"cursor": cursor} if cursor else {})
        check_answer(answer, "files")
        found.append(references(answer))
        counts.append(answer.json()["count"])
        cursor = answer.json()["next_cursor"]
        if cursor is None:
            break
        assert re.fullmatch(r"[A-Za-z0-9_-]+", cursor)
    assert [len(page) for page in found] == [25, 25, 10]
    assert sorted(itertools.chain(*found)) == sorted(file.reference for file in files)
    assert counts == [60, None, None]


def test_a_list_is_narrowed_by_level_and_by_what_is_late(world, client_as):
    for number, level in enumerate((RiskLevel.HIGH, RiskLevel.LOW, RiskLevel.MEDIUM)):
        file = make_child("Robin", level.label, level=level, review_due_on=f"20{24 + number * 4}-01-01")
        grant(file, world.agency("specialist"))
    browser = client_as("keyworker")

    def names(query: str) -> list[str]:
        return sorted(line["name"].split()[-1] for line in browser.get(f"{LIST}?{query}").json()["files"])

    assert names("") == ["High", "Low", "Medium"]
    assert names("level=high&level=low") == ["High", "Low"]
    assert names("overdue=true") == ["High"]
    assert names("overdue=false") == ["High", "Low", "Medium"]
    assert names("level=low&overdue=true") == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("level=extreme", "level.0"),
        ("overdue=perhaps", "overdue"),
        ("overdue=true&overdue=false", "overdue"),
        ("cursor=nonsense", "cursor"),
        ("cursor=" + "x" * 200, "cursor"),
        ("cursor=%00", "cursor"),
        ("cursor=é", "cursor"),
        ("name=Robin", "name"),
        ("page=2", "page"),
    ],
)
def test_a_query_that_is_wrong_is_refused_by_name(query, field, client_as):
    answer = client_as("keyworker").get(f"{LIST}?{query}")
    assert problem_of(answer) == (422, "invalid")
    assert set(fields_of(answer)) == {field}
    check_answer(answer, "files")


@pytest.mark.parametrize("page", ["0", "-1", "two", "1.5", "99999999999999999999", "", "%00"])
def test_a_page_of_the_chronology_that_cannot_be_is_refused(page, child, world, client_as):
    grant(child, world.agency("specialist"))
    answer = client_as("keyworker").get(f"{LIST}/{child.reference}?chronology_page={page}")
    assert problem_of(answer) == (422, "invalid")
    assert set(fields_of(answer)) == {"chronology_page"}


def test_a_role_that_sees_no_levels_does_not_learn_them_by_narrowing(child, world, client_as):
    grant(child, world.agency("housing"))
    browser = client_as("housing")
    assert references(browser.get(LIST)) == [child.reference]
    for query in ("level=high", "level=low", "overdue=true"):
        answer = browser.get(f"{LIST}?{query}")
        assert problem_of(answer) == (422, "invalid")
        assert "does not see levels" in answer.content.decode()
    assert references(browser.get(f"{LIST}?overdue=false")) == [child.reference]


def test_the_chronology_comes_in_pages(child, world, viewer, client_as):
    grant(child, world.agency("specialist"))
    for number in range(30):
        make_chronology(child, viewer("keyworker"), summary=f"Number {number}.")
    browser = client_as("keyworker")
    first = browser.get(f"{LIST}/{child.reference}").json()["chronology"]
    second = browser.get(f"{LIST}/{child.reference}?chronology_page=2").json()["chronology"]
    assert (first["page"], first["more"], len(first["entries"])) == (1, True, 25)
    assert (second["page"], second["more"]) == (2, False)
    both = [entry["summary"] for entry in first["entries"] + second["entries"]]
    assert {f"Number {number}." for number in range(30)} <= set(both)
    assert len(both) == len(set(both))


def test_the_reference_of_a_merged_file_gives_the_one_that_lives_on(child, world, client_as):
    grant(child, world.agency("specialist"))
    merged = make_child("Robin", "Ashdown", merged_into=child)
    answer = client_as("keyworker").get(f"{LIST}/{merged.reference}")
    assert answer.json()["reference"] == child.reference


def test_what_is_asked_of_the_database_does_not_grow_with_the_list(world, client_as, django_assert_num_queries):
    browser = client_as("keyworker")

    def asked(number: int) -> int:
        for _ in range(number):
            grant(make_child("Robin", "Ashdown"), world.agency("specialist"))
        with django_assert_num_queries(15) as queries:
            assert browser.get(LIST).status_code == 200
        return len(queries)

    assert asked(1) == asked(2)


# How it refuses.


def test_only_json_is_answered_and_only_what_is_done_here_is_done(client_as):
    browser = client_as("keyworker")
    answer = browser.get(LIST, headers={"accept": "text/html"})
    assert problem_of(answer) == (406, "not_acceptable")
    check_answer(answer, "files")
    assert browser.get(LIST, headers={"accept": "application/json"}).status_code == 200
    answer = browser.put(LIST, "{}", content_type="application/json")
    assert answer.status_code in (403, 405)
    assert browser.head(LIST).status_code == 200
    assert browser.head(LIST).content == b""
    assert browser.options(LIST).headers["Allow"] == "GET, HEAD, OPTIONS"
    answer = browser.delete(LIST)
    assert problem_of(answer) == (405, "method_not_allowed")
    assert answer.headers["Allow"] == "GET, HEAD, OPTIONS"
    check_answer(answer, "files")


def test_a_request_of_a_session_that_could_change_something_needs_the_forgery_token(world):
    from tests.conftest import HonestClient

    browser = HonestClient(enforce_csrf_checks=True)
    browser.force_login(world.user("detective"), backend="cases.backends.FileBackend")
    assert browser.get(LIST).status_code == 200
    answer = browser.post(LIST, {}, content_type="application/json")
    assert problem_of(answer) == (403, "forgery_check")
    check_answer(answer, "files")


def test_somebody_without_a_current_role_reads_nothing(world, client_as, at):
    world.membership("keyworker").__class__.objects.filter(pk=world.membership("keyworker").pk).update(
        ended_on="2026-01-01"
    )
    answer = client_as("keyworker").get(LIST)
    assert problem_of(answer)[0] == 403
    assert "no current role" in answer.content.decode()


def test_a_fault_answers_in_the_same_shape_and_says_nothing_else(child, world, client_as, monkeypatch):
    grant(child, world.agency("specialist"))

    def break_it(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError(canary("secret"))

    monkeypatch.setattr("cases.api.files.facts_on", break_it)
    browser = client_as("keyworker")
    browser.raise_request_exception = False
    answer = browser.get(f"{LIST}/{child.reference}")
    assert problem_of(answer) == (500, "fault")
    assert "Canary" not in answer.content.decode()

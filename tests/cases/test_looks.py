"""The digest of looks worth a question, who reads it, and what may be said of one. Which looks those are is judged in
`tests/access/sharing`.

Seen to fail: looks at a file that the guardian is kept from left in the list, and its signal in the digest; a verdict
on one's own looks; an involvement that is no work with the child; the pages opened to everybody who reads files; a
search for one's own name that finds nothing left out; a protected address, one left behind and a district taken for
the same home; work that ended long ago and an emergency counted as work with a child.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import partial
from uuid import UUID, uuid4

import pytest
from django.db import DatabaseError, connection, transaction
from django.urls import reverse

from accounts.choices import AccessOutcome
from accounts.forms import WriteForm
from accounts.models import AccessEvent
from accounts.rules.dates import LONDON, moment
from cases.access.choices import GrantReason
from cases.clocks.choices import AlertKind
from cases.clocks.models import Alert
from cases.record.choices import InvolvementRole
from cases.record.models import Child, Involvement
from cases.sharing.choices import SignalKind, SignalVerdict
from cases.sharing.models import StaffHome
from cases.sharing.models.looks import LookDigest, LookSignal
from cases.sharing.rules.looks import (
    VerdictRefused,
)
from cases.sharing.services.looks import decide_signal, make_digest, make_due_digests
from tests.cases.test_emergency import by_name
from tests.factories.accounts import make_membership, make_user
from tests.factories.cases import block, grant, make_child, make_home, provenance

# The record.

pytestmark = pytest.mark.django_db


def look(viewer, child, *, outcome: str = AccessOutcome.ALLOWED, reason: str = "granted") -> None:
    """Somebody opens a file now: no other time can be written."""
    AccessEvent.objects.create(
        user_id=viewer.user_id,
        membership_id=viewer.membership_id,
        agency_id=viewer.agency_id,
        role=viewer.role_key,
        action="cases:file",
        outcome=outcome,
        reason_code=reason,
        child_id=child.pk if child else None,
    )


def this_week(at: datetime) -> date:
    today = at.astimezone(LONDON).date()
    return today - timedelta(days=today.weekday())


def found_in(digest: LookDigest) -> set[tuple[str, int, UUID | None]]:
    """The signals but those of the night, as the suite runs at any hour."""
    rows = LookSignal.objects.filter(digest=digest).exclude(kind=SignalKind.OUT_OF_HOURS)
    return set(rows.values_list("kind", "user_id", "child_id"))


def digest_of(at: datetime) -> LookDigest:
    digest = make_digest(week_from=this_week(at), at=at)
    assert digest is not None
    return digest


def test_a_week_is_gone_through_once_and_the_guardians_are_told(world, viewer, at) -> None:
    nurse = viewer("nurse")
    relative, other = make_child("Ada", "Prosser"), make_child("Ada", "Fenwick")
    for child in (relative, other):
        look(nurse, child)
        look(viewer("camhs"), child)
    look(nurse, relative, outcome=AccessOutcome.REFUSED, reason="no_grant")
    digest = digest_of(at)
    assert found_in(digest) == {("same_name", nurse.user_id, relative.pk)}
    assert digest.looks == 4
    alert = Alert.objects.get(kind=AlertKind.LOOK_DIGEST)
    assert alert.group == world.functions["data_guardians"].group
    assert make_digest(week_from=this_week(at), at=at) is None
    assert LookDigest.objects.count() == Alert.objects.filter(kind=AlertKind.LOOK_DIGEST).count() == 1


def test_a_week_without_a_question_tells_nobody(world, viewer, at) -> None:
    assert make_due_digests(at) == 5
    assert make_due_digests(at) == 0
    assert not LookSignal.objects.exists()
    assert not Alert.objects.exists()
    assert LookDigest.objects.order_by("-week_from")[0].week_from == this_week(at) - timedelta(days=7)


def test_work_with_a_child_is_an_involvement_a_grant_in_person_or_an_entry(world, viewer, at) -> None:
    keyworker = viewer("keyworker")
    children = [make_child(f"Child{number}") for number in range(11)]
    for child in children:
        look(keyworker, child)
    first, second = children[:2]
    grant(first, keyworker)
    Involvement.objects.create(
        child=second,
        working_agency=world.agency("specialist"),
        membership=world.membership("keyworker"),
        role=InvolvementRole.KEYWORKER,
        started_on="2026-01-05",
        **provenance(keyworker),
    )
    digest = digest_of(at)
    assert found_in(digest) == {("outside_caseload", keyworker.user_id, None)}
    assert LookSignal.objects.get(kind=SignalKind.OUTSIDE_CASELOAD).count == 9


def test_work_that_is_long_over_and_an_emergency_are_no_work_with_a_child(world, viewer, at) -> None:
    detective = viewer("detective")
    for number, child in enumerate(make_child(f"Child{number}") for number in range(8)):
        look(detective, child)
        if number < 4:
            grant(child, detective, valid_from=at - timedelta(days=900), ended_at=at - timedelta(days=800))
        else:
            since = at - timedelta(minutes=10 if number < 6 else 100 * 24 * 60)
            until = since + timedelta(minutes=60)
            grant(child, detective, reason=GrantReason.BREAK_GLASS, valid_from=since, valid_until=until)
    digest = digest_of(at)
    assert found_in(digest) == {("outside_caseload", detective.user_id, None)}
    assert LookSignal.objects.get(kind=SignalKind.OUTSIDE_CASELOAD).count == 8


@pytest.mark.parametrize(
    ("home", "lives", "fields", "found"),
    [
        ("NM4 2QF", "nm4 2qf", {}, True),
        ("NM4", "NM4", {}, False),
        ("NM4 2QF", "NM4 3QF", {}, False),
        ("NM4 2QF", "NM4 2QF", {"protected": True, "protection_reason": "Her stepfather looks for her."}, False),
        ("NM4 2QF", "NM4 2QF", {"ended_on": date(2026, 2, 1)}, False),
    ],
    ids=["same", "a district", "another street", "protected", "moved away"],
)
def test_a_look_at_a_child_of_the_same_postcode_is_asked_about(viewer, at, home, lives, fields, found) -> None:
    nurse = viewer("nurse")
    StaffHome.objects.create(user_id=nurse.user_id, postcode=home, given_at=at)
    child = make_child()
    make_home(child, viewer("keyworker"), lives, **fields)
    look(nurse, child)
    week = make_digest(week_from=this_week(at), at=at)
    assert (found_in(week) if week else set()) == ({("same_home", nurse.user_id, child.pk)} if found else set())


def test_a_search_for_ones_own_name_is_noted_without_what_was_typed(client_as, viewer, at) -> None:
    for words in ("Prosser", "Ada Prosser", "Fenwick"):
        assert client_as("nurse").post("/cases/search/", {"words": words}).status_code == 200
    events = AccessEvent.objects.filter(action="cases:search")
    assert list(events.values_list("reason_code", "shown_ids")) == [("own_name", []), ("own_name", [])]
    assert found_in(digest_of(at)) == {("own_name", viewer("nurse").user_id, None)}


def test_guardians_alone_read_that_a_list_was_narrowed_to_ones_own_name(client_as, world, viewer, at) -> None:
    """Seen to fail: the guardians read that the files stood in a list, as of a search by any other name."""
    child, nurse = make_child("Ada", "Prosser"), viewer("nurse")
    for name in ("health", "social_care", "partnership"):
        grant(child, world.agency(name))
    assert child.reference in client_as("nurse").post("/cases/search/", {"words": "Prosser"}).content.decode()
    words, address = "A search by their own family name.", f"/access/looks/{nurse.user_id}/"
    page = client_as("guardian").get(address).content.decode()
    assert (page.count(words), page.count("Stood in a list."), "1 in a list" in page) == (1, 0, True)
    assert words in client_as("guardian").get(f"{address}export/").content.decode()
    page = client_as("socialworker").get(reverse("cases:who_looked", args=[child.reference])).content.decode()
    assert (page.count(words), page.count("Stood in a list.")) == (0, 1)


def by_words(name: str) -> dict[str, str]:
    return {"words": f"Wren {name}"}


@pytest.mark.parametrize(
    ("person", "address", "action", "asking", "answer"),
    [
        ("triage", "/triage/", "referrals:triage_queue", by_words, 200),
        ("triage", "/triage/decided/", "referrals:triage_decided", by_words, 200),
        ("missing_coordinator", "/emergency-access/", "cases:emergency_access", partial(by_name, "Wren"), 422),
    ],
    ids=["waiting", "decided", "in an emergency"],
)
def test_a_search_for_ones_own_name_is_asked_about_on_whichever_page(
    client_as, world, at, person, address, action, asking, answer
) -> None:
    """Nothing is found. Seen to fail: of three pages that ask for a name, the search of files alone noted it."""
    user, browser = world.user(person), client_as(person)
    assert browser.post(address, asking("Fenwick")).status_code == answer
    assert not AccessEvent.objects.filter(outcome=AccessOutcome.ALLOWED, action=action).exists()
    assert browser.post(address, asking(user.full_name.split()[-1])).status_code == answer
    events = AccessEvent.objects.filter(outcome=AccessOutcome.ALLOWED, action=action)
    assert list(events.values_list("reason_code", "child_id", "shown_ids")) == [("own_name", None, [])]
    assert found_in(digest_of(at)) == {("own_name", user.pk, None)}


def a_signal(viewer, at, *, person: str = "nurse") -> LookSignal:
    child = make_child("Ada", viewer(person).name.split()[-1])
    grant(child, viewer("guardian"))
    look(viewer(person), child)
    digest = digest_of(at)
    return LookSignal.objects.get(digest=digest, kind=SignalKind.SAME_NAME)


def test_a_verdict_is_given_once_and_the_alert_ends_with_the_last(world, viewer, at) -> None:
    signal = a_signal(viewer, at)
    for row in LookSignal.objects.filter(digest=signal.digest):
        assert Alert.objects.filter(acknowledged_at=None).exists()
        decide_signal(
            signal_id=row.pk, verdict=SignalVerdict.EXPLAINED, note="Her patient.", at=at, by=viewer("guardian")
        )
    assert not Alert.objects.filter(acknowledged_at=None).exists()
    with pytest.raises(VerdictRefused):
        decide_signal(signal_id=signal.pk, verdict=SignalVerdict.BREACH, note="No.", at=at, by=viewer("guardian"))
    for statement in (
        "UPDATE cases_looksignal SET verdict = 'breach'",
        "UPDATE cases_looksignal SET user_id = 1",
        "DELETE FROM cases_looksignal",
        "DELETE FROM cases_lookdigest",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


def test_the_question_says_how_often_and_when_and_leads_to_the_looks(world, viewer, client_as, at) -> None:
    signal = a_signal(viewer, at)
    page = client_as("guardian").get(f"/access/signals/{signal.pk}/").content.decode()
    assert f"1 time, {moment(signal.first_at)}." in page
    assert f'href="/access/looks/{signal.user_id}/?looked_from_day=' in page


def test_nobody_decides_about_their_own_looks(world, viewer, client_as, at) -> None:
    signal = a_signal(viewer, at, person="guardian")
    browser = client_as("guardian")
    page = f"/access/signals/{signal.pk}/"
    answer = browser.post(page, {**key(), "verdict": "explained", "note": "It was me."})
    assert answer.status_code == 422
    assert "about your own looks" in answer.content.decode()
    assert page not in browser.get(f"/access/digests/{signal.digest_id}/").content.decode()
    signal.refresh_from_db()
    assert signal.decided_at is None


# The pages.


def key() -> dict[str, str]:
    return {"idempotency_key": WriteForm()["idempotency_key"].value()}


PAGES = ("/access/looks/", "/access/digests/", "/access/looks/{user}/", "/access/looks/{user}/export/")


@pytest.mark.parametrize("name", ["socialworker", "manager", "chair", "coordinator", "admin", "analyst", "teacher"])
def test_nobody_but_a_guardian_reads_them(client_as, viewer, at, name: str) -> None:
    signal = a_signal(viewer, at)
    browser = client_as(name)
    for page in (*PAGES, f"/access/digests/{signal.digest_id}/", f"/access/signals/{signal.pk}/"):
        assert browser.get(page.format(user=viewer("nurse").user_id)).status_code == 403, page
    assert browser.post(f"/access/signals/{signal.pk}/", key()).status_code == 403


def test_a_guardian_reads_what_one_person_looked_at_and_takes_it_away(client_as, viewer, at) -> None:
    signal = a_signal(viewer, at)
    nurse, browser = viewer("nurse"), client_as("guardian")
    reference = signal_reference(signal)
    assert "Nia Prosser" in browser.get("/access/looks/").content.decode()
    text = browser.get(f"/access/looks/{nurse.user_id}/").content.decode()
    assert reference in text
    assert "Overview" in text
    export = browser.get(f"/access/looks/{nurse.user_id}/export/")
    assert export["Content-Type"].startswith("text/csv")
    assert reference in export.content.decode()
    actions = AccessEvent.objects.filter(user_id=viewer("guardian").user_id).values_list("action", flat=True)
    assert {"cases:person_looks", "cases:export_looks"} <= set(actions)
    assert browser.get("/access/looks/999999999/").status_code == 404


def signal_reference(signal: LookSignal) -> str:
    return Child.objects.get(pk=signal.child_id).reference


def test_a_guardian_kept_from_a_file_reads_nothing_of_looks_at_it(client_as, viewer, world, at) -> None:
    signal = a_signal(viewer, at)
    reference = signal_reference(signal)
    nurse, browser = viewer("nurse"), client_as("guardian")
    pages = (f"/access/looks/{nurse.user_id}/", f"/access/looks/{nurse.user_id}/export/")
    digest = f"/access/digests/{signal.digest_id}/"
    for page in (*pages, digest):
        assert reference in browser.get(page).content.decode(), page
    assert AccessEvent.objects.get(action="cases:look_digest").shown_ids == [signal.child_id]
    block(Child.objects.get(pk=signal.child_id), viewer("guardian"), by=viewer("manager"))
    for page in pages:
        text = browser.get(page).content.decode()
        assert reference not in text
        assert "Overview" not in text, "not even that there was a look"
    text = browser.get(digest).content.decode()
    assert reference not in text
    assert SignalKind.SAME_NAME.label not in text
    assert browser.get(f"/access/signals/{signal.pk}/").status_code == 404


def test_a_guardian_kept_from_a_file_counts_nothing_of_it(client_as, viewer, world, at) -> None:
    """Two guardians of one world: what one is kept from is in no number of theirs, nor in any line or alert."""
    signal = a_signal(viewer, at)
    child, nurse = Child.objects.get(pk=signal.child_id), viewer("nurse")
    LookSignal.objects.exclude(pk=signal.pk).filter(kind=SignalKind.OUT_OF_HOURS).update(
        verdict=SignalVerdict.EXPLAINED, decided_at=at, decided_by=world.membership("manager")
    )
    for shown in ([child.pk], [child.pk, make_child().pk]):
        AccessEvent.objects.create(
            user_id=nurse.user_id, role=nurse.role_key, action="cases:search", reason_code="listed", shown_ids=shown,
            outcome=AccessOutcome.ALLOWED,
        )  # fmt: skip
    browser = client_as("guardian")
    people, digests = "/access/looks/", "/access/digests/"
    mine = f"/access/looks/{nurse.user_id}/"

    def told() -> tuple[bool, ...]:
        text = {page: browser.get(page).content.decode() for page in (people, digests, mine, "/alerts/")}
        return (
            'data-label="Looks">3<' in text[people],
            "1 to decide" in text[digests],
            "1 in a list" in text[mine],
            "1 look at files" in text[digests],
            "worth a question" in text["/alerts/"],
        )

    assert told()[:3] == (True, True, True)
    assert told()[4]
    block(child, viewer("guardian"), by=viewer("manager"))
    assert told() == (False, False, False, False, False)
    assert "Nia Prosser" in browser.get(people).content.decode(), "the list that showed another file too"
    assert browser.get(mine).content.decode().count("Stood in a list.") == 1


@pytest.mark.parametrize(
    ("said", "status", "words"),
    [
        ({"verdict": "explained", "note": "Her patient: asked the ward."}, 302, ""),
        ({"verdict": "explained", "note": " "}, 422, "Say how you know"),
        ({"note": "Her patient."}, 422, "Select what came of it"),
        ({"verdict": "forgotten", "note": "Her patient."}, 422, "Select one of the choices offered"),
        ({"verdict": "breach", "note": "x" * 601}, 422, "600 characters or fewer"),
    ],
)
def test_a_verdict_in_a_browser(client_as, viewer, at, said, status, words) -> None:
    signal = a_signal(viewer, at)
    answer = client_as("guardian").post(f"/access/signals/{signal.pk}/", {**key(), **said})
    assert answer.status_code == status
    assert words in answer.content.decode()
    signal.refresh_from_db()
    assert (signal.decided_at is not None) == (status == 302)


def test_people_are_found_by_name_without_a_name_in_an_address(client_as, viewer, at) -> None:
    a_signal(viewer, at)
    browser = client_as("guardian")
    answer = browser.post("/access/looks/", {"words": "Prosser", "agency": "", "form": "x"})
    assert "Nia Prosser" in answer.content.decode()
    text = browser.post("/access/looks/", {"words": "';--", "agency": ""}).content.decode()
    assert "Nobody, in what you asked for." in text
    assert browser.post("/access/looks/", {"words": "x", "agency": str(uuid4())}).status_code == 422


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_of_people_asks_as_often_for_three_as_for_one(
    client_as, viewer, at, count: int, django_assert_num_queries
) -> None:
    browser = client_as("guardian")
    for name in ("nurse", "camhs", "keyworker")[:count]:
        look(viewer(name), make_child())
    with django_assert_num_queries(14):
        assert browser.get("/access/looks/").status_code == 200


def test_a_guardian_answers_about_the_looks_they_know_of_and_another_about_the_rest(
    client_as, viewer, world, at
) -> None:
    """Seen to fail: the number of looks at the hidden file told; the others answered for with the rest."""
    nurse, guardian = viewer("nurse"), viewer("guardian")
    second = make_membership(make_user("second_guardian"), world.agency("partnership"), role="data_guardian")
    files = [make_child("Ada", "Fenwick") for _ in range(9)]
    for child in files:
        look(nurse, child)
        for one in (world.membership("guardian"), second):
            grant(child, one)
    week = digest_of(at)
    asked = LookSignal.objects.get(digest=week, kind=SignalKind.OUTSIDE_CASELOAD)
    hidden = files[0]
    block(hidden, guardian, by=viewer("manager"))
    mine, theirs = client_as("guardian"), client_as(second.user)
    address, answer = f"/access/digests/{week.pk}/", f"/access/signals/{asked.pk}/"
    assert "8 files" in (text := mine.get(address).content.decode())
    assert "9 files" not in text
    assert "9 files" in theirs.get(address).content.decode()
    said = {"verdict": "explained", "note": "Her patients."}
    assert mine.post(answer, {**key(), **said}).status_code == 302
    rest = LookSignal.objects.get(parted_from=asked)
    assert f"/access/signals/{rest.pk}/" in (text := theirs.get(address).content.decode())
    assert "who answered about the others may not know of this" in text
    assert hidden.reference in text
    assert f"/access/signals/{rest.pk}/" not in (text := mine.get(address).content.decode())
    assert hidden.reference not in text
    assert mine.post(f"/access/signals/{rest.pk}/", {**key(), **said}).status_code == 404
    assert theirs.post(f"/access/signals/{rest.pk}/", {**key(), **said}).status_code == 302

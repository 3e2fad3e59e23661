"""Ways round the access rule that somebody once found on a file's pages, each tried again as they tried it."""

from __future__ import annotations

import re
from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.urls import reverse

from accounts.models import AccessEvent
from cases.access.choices import GrantReason
from cases.access.models import AccessGrant, ChildGroupGrant
from cases.record.choices import AddressKind, EntryKind, InvolvementRole
from cases.record.models import Address, AddressReader, Child, Involvement
from cases.record.rules import RecordRefused
from cases.record.services import (
    PeriodKind,
    add_chronology,
    change_lead,
    end_involvement,
    involve,
    record_period,
)
from tests.factories.cases import block, grant, make_child, make_chronology

pytestmark = pytest.mark.django_db


def send(browser, url, **fields):
    return browser.post(url, {"idempotency_key": str(uuid4()), **fields})


def page(name, child, *more):
    return reverse(f"cases:{name}", args=[child.reference, *more])


def text(answer):
    return answer.content.decode()


# Who may change who works with the child.

LIMITED = [
    {"reason": GrantReason.SHARE, "categories": ("level",)},
    {"reason": GrantReason.SHARE},
    {"reason": GrantReason.PANEL},
    {"reason": GrantReason.BREAK_GLASS},
    {"reason": GrantReason.ALLOCATION, "categories": ("identity", "level")},
    {"reason": GrantReason.ALLOCATION, "runs_out": True},
]


@pytest.mark.parametrize("limited", LIMITED, ids=lambda given: "-".join(str(value) for value in given.values()))
def test_access_for_a_part_or_a_time_brings_nobody_in_and_sends_nobody_away(world, viewer, client_as, at, limited):
    child = make_child()
    given = {**limited}
    if given.pop("runs_out", False):
        given["valid_until"] = at + timedelta(hours=1)
    police = involve(
        child=child, agency=world.agency("police"), role=InvolvementRole.SUPPORT, at=at, by=viewer("triage")
    )
    grant(child, world.membership("keyworker"), **given)
    before = set(AccessGrant.objects.values_list("pk", flat=True))
    browser = client_as("keyworker")

    answers = [
        send(browser, page("involve", child, world.agency("specialist").pk), role="support", worker=""),
        send(
            browser,
            page("end_involvement", child, police.pk),
            end_kind="not_needed",
            note="Left",
            version=child.version,
        ),
        browser.get(page("change_lead", child)),
        browser.get(page("choose_agency", child)),
    ]
    assert [answer.status_code for answer in answers] == [403] * 4
    assert set(AccessGrant.objects.values_list("pk", flat=True)) == before
    police.refresh_from_db()
    assert police.ended_on is None

    grant(child, world.agency("specialist"))
    answer = send(browser, page("involve", child, world.agency("housing").pk), role="support", worker="")
    assert answer.status_code == 302


# Restricted files.


@pytest.fixture
def restricted(world):
    """A file open to named people: the guardian, who looks after it, and one key worker through their work."""
    child = make_child(restricted=True)
    grant(child, world.membership("guardian"), reason=GrantReason.NAMED)
    return child


def work_of(child, world, by, username, at, **more):
    member = world.membership(username)
    return involve(child=child, agency=member.agency, membership=member, role="support", at=at, by=by, **more)


def hand_over(child, row, at, by):
    reason = "The worker leaves the service."
    change_lead(child=child, involvement_id=row.pk, reason=reason, version=child.version, at=at, by=by)


def test_a_name_on_a_restricted_file_comes_and_goes_with_the_work(restricted, world, viewer, client_as, at):
    guardian, url = viewer("guardian"), page("file", restricted)
    names = ("keyworker", "socialworker", "manager")
    first = work_of(restricted, world, guardian, "keyworker", at)
    second = work_of(restricted, world, guardian, "socialworker", at)
    assert [client_as(name).get(url).status_code for name in names] == [200, 200, 404]

    hand_over(restricted, second, at, guardian)
    restricted.refresh_from_db()
    end_involvement(
        child=restricted, involvement_id=first.pk, note="Left", version=restricted.version, at=at, by=guardian
    )
    assert [client_as(name).get(url).status_code for name in names] == [404, 200, 404]


def test_a_new_lead_of_a_restricted_file_can_see_it(restricted, world, viewer, client_as, at):
    """The worker joined while the file was open to their agency, and was never named."""
    Child.objects.filter(pk=restricted.pk).update(restricted=False)
    restricted.refresh_from_db()
    row = work_of(restricted, world, viewer("guardian"), "socialworker", at)
    Child.objects.filter(pk=restricted.pk).update(restricted=True)
    restricted.refresh_from_db()
    browser, url = client_as("socialworker"), page("file", restricted)
    assert browser.get(url).status_code == 404

    hand_over(restricted, row, at, viewer("guardian"))
    assert browser.get(url).status_code == 200


def test_nobody_is_named_on_a_restricted_file_by_somebody_who_is_not(restricted, world, viewer, at):
    row = work_of(restricted, world, viewer("guardian"), "keyworker", at)
    restricted.refresh_from_db()
    AccessGrant.objects.filter(source_id=row.pk).update(ended_at=at)
    before = AccessGrant.objects.count()
    with pytest.raises(RecordRefused, match="named"):
        work_of(restricted, world, viewer("manager"), "socialworker", at)
    with pytest.raises(RecordRefused, match="named"):
        hand_over(restricted, row, at, viewer("manager"))
    assert AccessGrant.objects.count() == before


def test_what_a_page_says_of_access_is_true(restricted, world, viewer, client_as, at):
    grant(restricted, world.membership("manager"), reason=GrantReason.NAMED)
    browser, agency = client_as("manager"), world.agency("police")
    alone = send(browser, page("involve", restricted, agency.pk), role="support", worker="")
    assert alone.status_code == 422
    assert "named people only" in text(alone)
    assert not Involvement.objects.filter(child=restricted, working_agency=agency).exists()

    officer = world.membership("officer")
    sent = browser.post(
        page("involve", restricted, agency.pk),
        {"idempotency_key": str(uuid4()), "role": "support", "worker": str(officer.pk)},
        follow=True,
    )
    assert f"{officer.user} works with this child now, and can see the file." in text(sent)
    assert client_as("officer").get(page("file", restricted)).status_code == 200

    grant(restricted, officer, reason=GrantReason.NAMED)
    row = Involvement.objects.get(child=restricted, membership=officer)
    restricted.refresh_from_db()
    ended = browser.post(
        page("end_involvement", restricted, row.pk),
        {"idempotency_key": str(uuid4()), "end_kind": "not_needed", "note": "Moved", "version": restricted.version},
        follow=True,
    )
    assert "their access with it" not in text(ended)
    assert "can still see the file for another reason" in text(ended)
    assert client_as("officer").get(page("file", restricted)).status_code == 200


def test_a_name_for_a_part_of_a_restricted_file_opens_that_part_alone(restricted, world, viewer, client_as, at):
    grant(restricted, world.agency("specialist"))
    grant(restricted, world.membership("keyworker"), reason=GrantReason.NAMED, categories=("level",))
    make_chronology(restricted, viewer("officer"), summary="Came home late.")
    read = text(client_as("keyworker").get(page("file", restricted)))
    assert "Ashdown" not in read
    assert "Came home late." not in read
    assert "Came home late." not in text(client_as("keyworker").get(page("chronology", restricted)))

    Child.objects.filter(pk=restricted.pk).update(restricted=False)
    assert "Ashdown" in text(client_as("keyworker").get(page("file", restricted)))


# Files that were merged.


def test_a_block_or_a_restriction_on_a_merged_file_reaches_the_one_that_lives_on(world, viewer, client_as):
    kept, old, closed = make_child("Keep", "Er"), make_child("Old", "Er"), make_child("Shut", "Er", restricted=True)
    grant(kept, world.agency("specialist"))
    browser = client_as("keyworker")
    assert browser.get(page("file", kept)).status_code == 200
    block(old, viewer("keyworker"), by=viewer("admin"))
    Child.objects.filter(pk=old.pk).update(merged_into=kept)
    assert [browser.get(page("file", file)).status_code for file in (old, kept)] == [404, 404]
    assert kept.reference not in text(browser.get(reverse("cases:worklist")))
    assert client_as("manager").get(page("file", kept)).status_code == 200

    Child.objects.filter(pk=closed.pk).update(merged_into=kept)
    assert client_as("manager").get(page("file", kept)).status_code == 404
    grant(kept, world.membership("manager"), reason=GrantReason.NAMED)
    assert client_as("manager").get(page("file", kept)).status_code == 200


# Protected addresses.


@pytest.fixture
def refuge(world, viewer, at):
    """A file that two agencies work on, with an address that the keyworker may not know."""
    child = make_child()
    work_of(child, world, viewer("triage"), "socialworker", at - timedelta(days=2))
    work_of(child, world, viewer("triage"), "keyworker", at - timedelta(days=2))
    child.refresh_from_db()
    return child


def keep_address(child, by, at, *, started_on, protected=False, readers=(), lines="12 Harbour Row"):
    values = {
        "kind": AddressKind.HOME,
        "lines": lines,
        "postcode": "ZZ1 1ZZ",
        "area": "North Quay",
        "protected": protected,
        "protection_reason": "He looks for her." if protected else "",
    }
    row = record_period(
        child=child,
        kind=PeriodKind.ADDRESS,
        values=values,
        started_on=started_on,
        version=child.version,
        at=at,
        by=by,
        readers=readers,
    )
    child.refresh_from_db()
    return row


def test_a_protected_address_is_neither_probed_nor_ended_by_who_may_not_know_it(refuge, viewer, at):
    start = at.date() - timedelta(days=100)
    secret = keep_address(refuge, viewer("socialworker"), at, started_on=start, protected=True)
    keep_address(refuge, viewer("keyworker"), at, started_on=start - timedelta(days=50), lines="1 Mill Lane")
    keep_address(refuge, viewer("keyworker"), at, started_on=start + timedelta(days=50), lines="2 Mill Lane")
    secret.refresh_from_db()
    assert secret.ended_on is None
    assert Address.objects.get(lines="1 Mill Lane").ended_on == start + timedelta(days=50)

    keep_address(refuge, viewer("socialworker"), at, started_on=at.date(), lines="3 Mill Lane")
    secret.refresh_from_db()
    assert secret.ended_on == at.date()


def test_who_may_know_an_address_may_know_it_while_they_work_with_the_child(refuge, world, viewer, client_as, at):
    reader = world.membership("keyworker").pk
    start = date(2026, 3, 14)
    keep_address(refuge, viewer("socialworker"), at, started_on=start, protected=True, readers=[reader])
    grant(refuge, world.agency("specialist"))
    browser, url = client_as("keyworker"), page("file", refuge)
    assert "12 Harbour Row" in text(browser.get(url))

    work = Involvement.objects.get(child=refuge, membership_id=reader)
    end_involvement(
        child=refuge, involvement_id=work.pk, note="Left", version=refuge.version, at=at, by=viewer("socialworker")
    )
    assert AddressReader.objects.filter(membership_id=reader).exists()
    assert "12 Harbour Row" not in text(browser.get(url))
    assert "12 Harbour Row" in text(client_as("socialworker").get(url))


# What a summary is.

NAMED_FACTS = ("vulnerability", "sessions", "orientation", "intelligence", "minutes")


def test_a_summary_of_named_facts_shows_no_sentence_of_an_entry(world, viewer, client_as):
    child = make_child()
    for agency in ("social_care", "police", "health"):
        grant(child, world.agency(agency))
    for category in (*NAMED_FACTS, "health_sensitive"):
        make_chronology(child, viewer("keyworker"), category=category, summary=f"Told-{category}")
    shown = {
        name: set(re.findall(r"Told-(\w+)", text(client_as(name).get(page("chronology", child)))))
        for name in ("socialworker", "missing_coordinator", "nurse", "detective")
    }
    assert shown == {
        "socialworker": {"vulnerability", "minutes", "health_sensitive"},
        "missing_coordinator": set(),
        "nurse": set(),
        "detective": {"intelligence", "minutes"},
    }
    notices = text(client_as("socialworker").get(page("file", child)))
    assert "withheld: session notes" in notices


# Who looked.


def test_who_looked_tells_of_lists_and_searches_too(world, client_as):
    child, other = make_child(), make_child("Otto", "Elsewhere")
    for agency in ("police", "social_care"):
        grant(child, world.agency(agency))
    url = page("who_looked", child)
    officer = client_as("officer")
    officer.get(reverse("cases:worklist"))
    officer.post(reverse("cases:search"), {"words": "Robin Ashdown"})
    assert AccessEvent.objects.filter(shown_ids__contains=[child.pk]).count() == 2
    read = text(client_as("socialworker").get(url))
    assert str(world.user("officer")) in read
    assert len(re.findall(r"Stood in a list", read)) == 2
    narrowed = text(client_as("socialworker").get(url, {"person": world.user("officer").pk}))
    assert len(re.findall(r"Stood in a list", narrowed)) == 2

    grant(other, world.agency("social_care"))
    assert str(world.user("officer")) not in text(client_as("socialworker").get(page("who_looked", other)))


# When something happened.


def activity_of(child, group):
    return ChildGroupGrant.objects.get(content_object_id=child.pk, group=group).last_activity_at


@pytest.mark.parametrize(
    ("category", "moved"),
    [("missing", {"police", "social_care"}), ("level", {"housing", "police", "social_care"}), ("sessions", set())],
)
def test_a_list_does_not_move_for_what_a_role_there_may_not_know_of(world, viewer, at, category, moved):
    child = make_child()
    agencies = {key: world.agency(key).group for key in ("housing", "police", "social_care")}
    for key in agencies:
        grant(child, world.agency(key))
    before = {key: activity_of(child, group) for key, group in agencies.items()}
    told = {"kind": EntryKind.OBSERVATION, "category": category, "happened_at": at, "summary": "Was seen."}
    add_chronology(child=child, **told, at=at, by=viewer("nurse"))
    after = {key: activity_of(child, group) for key, group in agencies.items()}
    assert {key for key in agencies if after[key] != before[key]} == moved


# The order of names.


def test_the_order_of_a_list_tells_no_family_name(world, viewer, client_as, at):
    names = (("Cara", "Abbot"), ("Ada", "Zulu"), ("Bea", "Mason"))
    for given, family in names:
        child = make_child(given, family)
        involve(
            child=child,
            agency=world.agency("housing"),
            role="support",
            at=at,
            by=viewer("triage"),
            membership=world.membership("housing"),
        )
    read = text(client_as("housing").get(reverse("home")))
    assert re.findall(r">\s*(Ada|Bea|Cara)\b", read)[:3] == ["Ada", "Bea", "Cara"]


def test_the_order_of_a_search_tells_no_family_name(world, client_as):
    files = {}
    for family in ("Zulu", "Abbot", "Mason", "Young", "Baker"):
        child = make_child("Mia", family)
        grant(child, world.agency("charity"))
        files[child.reference] = child
    read = text(client_as("charity_worker").post(reverse("cases:search"), {"words": "Mia"}))
    found = re.findall(r'href="/cases/([A-Z0-9-]{8})/"', read)
    assert set(found) == set(files)
    assert found == sorted(found, key=lambda reference: str(files[reference].pk))


# What a notice of something withheld says.


def test_a_notice_about_identity_names_no_service(world, viewer, client_as):
    child = make_child()
    for agency in ("housing", "health", "specialist"):
        grant(child, world.agency(agency))
    make_chronology(child, viewer("nurse"), category="identity", summary="a")
    make_chronology(child, viewer("keyworker"), category="identity", summary="b")
    make_chronology(child, viewer("keyworker"), category="plan", summary="c")
    read = re.sub(r"\s+", " ", text(client_as("housing").get(page("file", child))))
    assert "2 entries are withheld: identity." in read
    assert str(world.agency("health")) not in read
    assert f"1 entry from {world.agency('specialist')} is withheld: staying safe plan." in read

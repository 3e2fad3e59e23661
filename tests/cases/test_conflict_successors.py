"""Who takes over the work of somebody whom a conflict of interest keeps from a file, and what nobody takes over.

Seen to fail: the review of a decision given to somebody who does not see the file, and the lead to one who sees it no
more; the agency of whoever is kept away left behind the clock; a successor named on a restricted file by this alone,
and offered there; work given to one whom a conflict of interest keeps away as well; a successor asked for where the
person owes an interview or the review of a restriction alone; work that somebody was given at the same moment left with
them; a clock, a possible conflict and one of two merged files locked before the rest of the child's files.
"""

from __future__ import annotations

import re
import threading
from datetime import timedelta
from html import unescape
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.choices import FunctionKey
from accounts.selectors import viewer_of
from cases.access.models import AccessGrant, Block
from cases.access.services import end_grants_from, grant_to_function, lock_files
from cases.clocks.choices import ClockKind
from cases.clocks.models import Clock
from cases.clocks.services import start_clock
from cases.record.choices import InvolvementRole
from cases.record.models import Child, Involvement
from cases.record.services import involve
from cases.sharing.choices import ConflictRelation, RestrictionKind
from cases.sharing.models import Conflict, PossibleConflict
from cases.sharing.rules.conflicts import ConflictRefused
from cases.sharing.services.conflicts import (
    Said,
    answer_possible,
    ask_to_lift_conflict,
    declare_on_file,
    lift_conflict,
    place_conflict,
)
from cases.sharing.services.restriction import restrict_file
from tests.factories.accounts import make_membership
from tests.factories.cases import block, grant, make_child, make_lead
from tests.threads import at_once, until_somebody_waits

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
SAID = Said(ConflictRelation.FAMILY, "Her sister is a friend of the family.")
NOT_SEEN = "does not see this file"


@pytest.fixture
def child(world, viewer, at):
    """A file that the social worker leads on; the specialist service sees it, and the guardians."""
    made = make_child("Zephyrine", "Ashdown")
    grant_to_function(child_id=made.pk, function=FunctionKey.DATA_GUARDIANS, at=at - DAY, by=None)
    make_lead(made, world.membership("socialworker"), at=at - 3 * DAY, by=viewer("triage"))
    grant(made, world.membership("social_care_manager"))
    grant(made, world.agency("specialist"))
    return made


@pytest.fixture
def owes(child, world, at):
    """`owes("manager")`: somebody owes the review of a decision not to share, and works with nobody."""

    def done(person, kind=ClockKind.SHARING_REVIEWED):
        member = world.membership(person)
        return start_clock(
            kind=kind,
            subject_id=uuid4(),
            child_id=child.pk,
            anchored_at=at - DAY,
            due_on=at.date() + 20 * DAY if kind == ClockKind.SHARING_REVIEWED else None,
            owner_membership_id=member.pk,
            owner_group_id=member.agency.group_id,
            at=at - DAY,
            by=world.viewer(person),
        )

    return done


@pytest.fixture
def place(child, world, at):
    """`place("manager", "nurse")`: the guardian keeps the one from the file, and the other takes over."""

    def done(person, successor=None, by="guardian"):
        return place_conflict(
            child=child,
            member=world.membership(person),
            said=SAID,
            successor=world.membership(successor) if successor else None,
            at=at,
            by=world.viewer(by),
        )

    return done


def refused(place, *people, **said) -> str:
    """What is said beside the successor; nothing has moved."""
    work = list(Involvement.objects.order_by("pk").values_list("pk", "membership", "is_lead", "ended_on"))
    clocks = list(Clock.objects.order_by("pk").values_list("pk", "owner_membership", "owner_group"))
    grants = AccessGrant.objects.count()
    with pytest.raises(ConflictRefused) as refusal:
        place(*people, **said)
    assert refusal.value.field == "successor"
    assert not Conflict.objects.exists()
    assert list(Involvement.objects.order_by("pk").values_list("pk", "membership", "is_lead", "ended_on")) == work
    assert list(Clock.objects.order_by("pk").values_list("pk", "owner_membership", "owner_group")) == clocks
    assert AccessGrant.objects.count() == grants
    return refusal.value.reason


def owner_of(clock):
    clock.refresh_from_db()
    return clock.owner_membership.user.username, clock.owner_group.agency


def test_nobody_is_given_what_somebody_owed_who_does_not_see_the_file(child, owes, place, world):
    clock = owes("manager")
    assert NOT_SEEN in refused(place, "manager", "charity_worker")
    grant(child, world.agency("charity"))
    place("manager", "charity_worker")
    assert owner_of(clock) == ("charity_worker", world.agency("charity"))
    assert not Involvement.objects.filter(membership=world.membership("charity_worker")).exists()


def test_the_page_says_so_beside_the_successor(child, owes, world, client_as):
    owes("manager")
    said = {"relation": "friend", "words": "They have dinner every week.", "idempotency_key": str(uuid4())}
    people = {"person": "manager", "successor": "charity_worker"}
    said |= {name: str(world.membership(who).pk) for name, who in people.items()}
    answer = client_as("guardian").post(reverse("cases:place_conflict", args=[child.reference]), said)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Chidi Lascelles does not see this file" in page[page.index('id="id_successor-error"') :][:300]
    assert not Block.objects.exists()


def test_who_is_brought_in_in_this_step_owes_it_and_sees_the_file(child, owes, place, world, at):
    clock = owes("socialworker")
    place("socialworker", "early_help_worker")
    assert owner_of(clock) == ("early_help_worker", world.agency("early_help"))
    assert Child.objects.visible_to(world.viewer("early_help_worker"), at=at).filter(pk=child.pk).exists()
    assert Involvement.objects.get(is_lead=True).membership == world.membership("early_help_worker")


def test_nobody_leads_to_whom_the_file_is_shut_although_they_work_with_the_child(child, place, world, viewer, at):
    worker = world.membership("charity_worker")
    role = InvolvementRole.SUPPORT
    row = involve(child=child, agency=worker.agency, role=role, membership=worker, at=at - DAY, by=viewer("triage"))
    end_grants_from(source_id=row.pk, at=at - DAY, by=viewer("guardian"), why="Opened in error")
    assert NOT_SEEN in refused(place, "socialworker", "charity_worker")


def test_whom_a_conflict_keeps_away_takes_over_nothing_and_it_is_not_said_why(child, owes, place, world, viewer):
    owes("manager")
    block(child, viewer("keyworker"), by=viewer("guardian"))
    reason = refused(place, "manager", "keyworker")
    assert reason == "This person cannot be given work on this file. Choose somebody else"


def restrict(child, world, at, *names):
    restrict_file(
        child=child,
        kind=RestrictionKind.STAFF_CHILD,
        reason="Her mother works on the front desk of the agency.",
        review_on=at.date() + 30 * DAY,
        named=[world.membership(name).pk for name in ("socialworker", "social_care_manager", "guardian", *names)],
        version=child.version,
        at=at - timedelta(hours=1),
        by=world.viewer("social_care_manager"),
    )
    child.refresh_from_db()


@pytest.mark.parametrize("work", ["leads", "owes"])
def test_on_a_restricted_file_only_somebody_named_takes_over(child, owes, place, world, client_as, at, work):
    person = "socialworker" if work == "leads" else "manager"
    restrict(child, world, at, "keyworker", *["manager"] * (work == "owes"))
    if work == "owes":
        clock = owes("manager")
    assert "named on this file" in refused(place, person, "interviewer")
    page = client_as("guardian").get(reverse("cases:place_conflict", args=[child.reference])).content.decode()
    offered = page[page.index('name="successor"') :]
    assert ("Kezia Thorne" in offered, "Ivo Pemberton" in offered) == (True, False)
    place(person, "keyworker")
    if work == "owes":
        assert owner_of(clock) == ("keyworker", world.agency("specialist"))
    else:
        assert Involvement.objects.get(is_lead=True).membership == world.membership("keyworker")


def test_for_an_interview_or_the_review_of_a_restriction_alone_nobody_is_asked_to_take_over(
    child, owes, place, world, at
):
    owes("manager", ClockKind.INTERVIEW_HELD)
    place("manager")
    restrict(child, world, at, "keyworker")
    review = Clock.objects.get(kind=ClockKind.RESTRICTION_REVIEWED)
    assert review.owner_membership == world.membership("social_care_manager")
    place("social_care_manager")
    review.refresh_from_db()
    assert review.owner_membership == world.membership("guardian")


# --- Two at once ------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_work_that_somebody_is_given_at_the_same_moment_goes_to_a_successor_too(child, place, world, viewer, at):
    held, nurse = threading.Event(), world.membership("nurse")

    def brings_in() -> None:
        with transaction.atomic():
            lock_files([child.pk])
            involve(
                child=child, agency=nurse.agency, membership=nurse, role=InvolvementRole.HEALTH, at=at,
                by=viewer("socialworker"),
            )  # fmt: skip
            held.set()
            until_somebody_waits()

    def keeps_away() -> None:
        assert held.wait(timeout=20)
        place("nurse")

    came, kept = at_once(brings_in, keeps_away)
    assert (came, type(kept)) == (None, ConflictRefused)
    assert not Conflict.objects.exists()


def locked(do) -> list[tuple[str, list[str]]]:
    """What is locked, one after another: each table, and of files which."""
    with CaptureQueriesContext(connection) as asked:
        do()
    found = [one["sql"] for one in asked.captured_queries if re.search(r" FOR (NO KEY )?UPDATE", one["sql"])]
    return [(re.search(r'FROM "(\w+)"', sql)[1], re.findall(r"'([0-9a-f-]{36})'", sql)) for sql in found]


@pytest.fixture
def merged(child, at):
    """Two files that were merged into the child's."""
    files = [make_child(name, "Ashdown", merged_into=child) for name in ("Zeph", "Zefi")]
    for file in files:
        grant_to_function(child_id=file.pk, function=FunctionKey.DATA_GUARDIANS, at=at - DAY, by=None)
    return files


@pytest.mark.parametrize("way", ["placed", "declared", "answered", "lifted"])
def test_nothing_of_a_child_is_locked_before_all_of_its_files(child, merged, owes, place, world, viewer, at, way):
    """Whoever wants a file and what hangs on it asks for the files first, all at once: nobody waits in a circle."""
    owes("socialworker")
    manager, nurse = world.membership("social_care_manager"), world.membership("nurse")
    how = {"agency": manager.agency, "membership": manager, "role": InvolvementRole.SOCIAL_WORKER}
    involve(child=child, at=at, by=viewer("triage"), **how)
    possible = PossibleConflict.objects.create(child=child, user=nurse.user, ground="declared", found_at=at)
    conflict = place("manager")
    ask_to_lift_conflict(conflict_id=conflict.pk, reason="They are not related.", at=at, by=viewer("guardian"))
    by, agrees = viewer("guardian"), make_membership(role="data_guardian", functions=(FunctionKey.DATA_GUARDIANS,))
    order = locked(
        {
            "placed": lambda: place("socialworker", "social_care_manager"),
            "declared": lambda: declare_on_file(child=child, said=SAID, at=at, by=viewer("keyworker")),
            "answered": lambda: answer_possible(
                possible_id=possible.pk, keep_apart=True, words=SAID.words, at=at, by=by
            ),
            "lifted": lambda: lift_conflict(conflict_id=conflict.pk, at=at, by=viewer_of(agrees)),
        }[way]
    )
    (table, first), *more = order
    assert (table, set(first)) == ("cases_child", {str(file.pk) for file in (child, *merged)})
    assert {pk for table, files in more if table == "cases_child" for pk in files} <= set(first)


# What the page says


@pytest.fixture
def ask(world, client_as):
    """`ask(child, "manager")`: the page as somebody opens it; with people, where their answer leads."""

    def asked(child, by, person=None, successor=None):
        browser, address = client_as(by), reverse("cases:place_conflict", args=[child.reference])
        if person is None:
            return browser.get(address)
        said = {"relation": "friend", "words": "They have dinner every week.", "idempotency_key": str(uuid4())}
        people = {"person": person, "successor": successor}
        said |= {name: str(world.membership(who).pk) for name, who in people.items() if who}
        return browser.post(address, said, follow=True)

    return asked


def words_of(answer) -> str:
    return " ".join(answer.content.decode().split())


@pytest.fixture
def alone(world, viewer, at):
    """A file that social care sees by the work of its social worker alone, and the guardians."""
    made = make_child("Bryony", "Lessing")
    grant_to_function(child_id=made.pk, function=FunctionKey.DATA_GUARDIANS, at=at - DAY, by=None)
    make_lead(made, world.membership("socialworker"), at=at - 3 * DAY, by=viewer("triage"))
    return made


ALONE = "Sorrel Whitlock alone works with this child for your agency."


def test_who_closes_the_file_to_their_own_agency_is_warned_and_led_to_a_page_that_is_open(alone, ask):
    """Seen to fail: that the person "finds no trace of this file any more", above "Page not found"."""
    answer = ask(alone, "social_care_manager")
    assert ALONE in words_of(answer)
    answer = ask(alone, "social_care_manager", "socialworker", "keyworker")
    assert (answer.status_code, answer.redirect_chain[-1][0]) == (200, reverse("cases:worklist"))
    words = words_of(answer)
    assert "Sorrel Whitlock finds no trace of this file any more" in words
    assert "Your agency’s work with the child ended with theirs, so the file is closed to you as well." in words


def test_where_the_work_stays_with_the_agency_the_file_stays_open(alone, ask):
    answer = ask(alone, "social_care_manager", "socialworker", "out_of_hours")
    who_can_see = reverse("cases:who_can_see", args=[alone.reference])
    assert (answer.status_code, answer.redirect_chain[-1][0]) == (200, who_can_see)
    assert "closed to you" not in words_of(answer)


@pytest.mark.parametrize("by", ["social_care_manager", "guardian"])
def test_who_sees_the_file_otherwise_is_not_warned(child, ask, by):
    assert "alone works with this child" not in words_of(ask(child, by))


# Whose work it can be


def test_only_who_could_be_named_as_the_lead_takes_over_the_lead(child, place, world, viewer, at):
    """As in triage, whose job it is to hold cases; as where the lead changes, who works with the child already."""
    assert "whose job it is to hold cases" in refused(place, "socialworker", "coordinator")
    worker, role = world.membership("coordinator"), InvolvementRole.SUPPORT
    involve(child=child, agency=worker.agency, role=role, membership=worker, at=at - DAY, by=viewer("triage"))
    place("socialworker", "coordinator")
    assert Involvement.objects.get(is_lead=True).membership == worker


@pytest.mark.parametrize(
    ("person", "does", "successor", "role"),
    [
        ("keyworker", "keyworker", "coordinator", "support"),
        ("keyworker", "keyworker", "nurse", "health"),
        ("keyworker", "support", "manager", "keyworker"),
        ("keyworker", "return_interviewer", "second_keyworker", "return_interviewer"),
    ],
)
def test_who_is_brought_in_does_for_the_child_what_their_own_job_is(
    person, does, successor, role, child, place, world, viewer, at
):
    """Seen to fail: a co-ordinator who became a keyworker. Another of the same job goes on with the same work."""
    colleague = make_membership(agency=world.agency("specialist"), role="specialist_keyworker")
    world.users["second_keyworker"], world.memberships["second_keyworker"] = colleague.user, colleague
    member = world.membership(person)
    work = {"agency": member.agency, "role": InvolvementRole(does), "membership": member}
    involve(child=child, at=at - DAY, by=viewer("triage"), **work)
    place(person, successor)
    row = Involvement.objects.get(child=child, membership=world.membership(successor))
    assert (row.role, row.is_lead) == (role, False)


def offered(answer) -> dict[str, list[str]]:
    """Who may take over, by agency in their order."""
    page = words_of(answer)
    field = page[page.index('name="successor"') :]
    groups = re.findall(r'<optgroup label="([^"]+)">(.*?)</optgroup>', field[: field.index("</select>")])
    return {unescape(name): re.findall(r">\s*([^<,]+),", people) for name, people in groups}


def test_successors_stand_by_agency_and_the_own_one_is_first(child, ask):
    found = offered(ask(child, "social_care_manager"))
    names = list(found)
    assert names[0] == "Northmere Children's Social Care"
    assert names[1:] == sorted(names[1:])
    assert {"Sorrel Whitlock", "Omar Galbraith"} <= set(found[names[0]])
    assert "Coral Devereux" in found["Northmere Safeguarding Partnership"]


def test_once_somebody_is_chosen_only_who_can_take_over_from_them_is_offered(child, ask, world):
    """Seen to fail: whoever is kept away offered as their own successor, and for the lead people who cannot lead."""
    found = offered(ask(child, "guardian", "socialworker"))
    assert next(iter(found)) == "Northmere Children's Social Care"
    people = {name for names in found.values() for name in names}
    assert {"Omar Galbraith", "Kezia Thorne"} <= people
    assert not {"Sorrel Whitlock", "Coral Devereux", "Nia Prosser"} & people
    same = ask(child, "social_care_manager", "socialworker", "socialworker")
    assert "Choose somebody else to take over" in words_of(same)
    refusal = ask(child, "guardian", "socialworker", "coordinator")
    assert "whose job it is to hold cases" in words_of(refusal)

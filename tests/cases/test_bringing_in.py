"""Bringing an agency in where the child has said who may know. The rules are judged in `tests/access/sharing`.

Seen to fail: a school brought in with one press although the child said that it must not be told, and as the successor
of a social worker with a conflict of interest; its safeguarding lead named on a restricted file.
"""

from __future__ import annotations

import re
from contextlib import nullcontext
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from cases.access.choices import GrantReason
from cases.access.models import AccessGrant
from cases.record.models import Child, Involvement
from cases.record.services import involve
from cases.sharing.choices import WishKind
from cases.sharing.models import Conflict
from cases.sharing.models.shares import SharingDecision
from cases.sharing.selectors.involving import newly_told_against_wish
from tests.factories.cases import grant, make_child, make_lead
from tests.factories.shares import make_wish

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
WORDS = "<b>Not my school</b>, they would tell everybody."


@pytest.fixture
def child(world, viewer, at):
    """A file that the social worker leads on."""
    made = make_child("Zephyrine", "Ashdown")
    make_lead(made, world.membership("socialworker"), at=at - timedelta(days=5), by=viewer("triage"))
    return made


@pytest.fixture
def says(child, world):
    """The child says something about who may know."""

    def say(kind: str = WishKind.LIMITS, **limits: tuple[str, ...]) -> None:
        make_wish(child, world.membership("socialworker"), kind, words=WORDS, **limits)

    return say


def url(name, child, *more):
    return reverse(f"cases:{name}", args=[child.reference, *more])


def text(answer):
    return answer.content.decode()


def send(browser, address, **fields):
    return browser.post(address, {"idempotency_key": str(uuid4()), "role": "education", "worker": "", **fields})


AGAINST = {
    "child_answer": "refuses",
    "overrides": "yes",
    "ground": "significant_harm",
    "authorised_by": "Miriam Aldous, manager",
    "explained": "Sorrel told her on the way home. She was angry, and asked who at the school.",
}


def is_in(child, agency) -> bool:
    return Involvement.objects.filter(child=child, working_agency=agency, ended_on=None).exists()


def test_an_agency_that_the_child_does_not_want_told_is_not_brought_in_by_one_press(child, world, client_as, says):
    says(kept_from=("education",))
    school, browser = world.agency("school"), client_as("socialworker")
    address = url("involve", child, school.pk)
    answer = send(browser, address)
    assert answer.status_code == 422
    page = text(browser.get(address))
    assert "Not my school&lt;/b&gt;" in page
    assert "goes against what the child said" in page
    for words in ("Select what the child was told and says", "Select whether you bring them in"):
        assert words in text(answer)
    assert not is_in(child, school)


def test_nobody_is_brought_in_against_a_wish_as_the_successor_of_somebody_with_a_conflict(
    child, world, client_as, says
) -> None:
    def place():
        people = {"person": "socialworker", "successor": "youth_justice_worker"}
        chosen = {name: str(world.membership(username).pk) for name, username in people.items()}
        return send(client_as("guardian"), url("place_conflict", child), relation="friend", words=WORDS, **chosen)

    says(kept_from=("youth_justice",))
    grant(child, world.agency("partnership"))
    refused = place()
    assert (refused.status_code, "The child does not want Northmere Youth Justice told" in text(refused)) == (422, True)
    assert not is_in(child, world.agency("youth_justice"))
    assert not Conflict.objects.exists()
    said = {**AGAINST, "worker": str(world.membership("youth_justice_worker").pk)}
    assert (
        send(client_as("socialworker"), url("involve", child, world.agency("youth_justice").pk), **said).status_code
        == 302
    )
    assert place().status_code == 302
    (left,) = Involvement.objects.filter(child=child, ended_on=None)
    assert (left.is_lead, left.membership) == (True, world.membership("youth_justice_worker"))


LIST = ("socialworker", "social_care_manager", "guardian")


def restrict(child, world, browser, at, *more):
    """Close the file to its lead, their manager and the guardian, and to who is named beside them."""
    on = at.date() + timedelta(days=30)
    said = {"kind": "other", "reason": "Somebody under suspicion works there.", "version": child.version}
    said |= {"review_on_day": on.day, "review_on_month": on.month, "review_on_year": on.year}
    named = [str(world.membership(name).pk) for name in (*LIST, *more)]
    answer = browser.post(url("restriction", child), {"idempotency_key": str(uuid4()), "named": named, **said})
    child.refresh_from_db()
    return answer


def name(child, world, browser, person):
    child.refresh_from_db()
    said = {"person": str(world.membership(person).pk), "version": child.version}
    return browser.post(url("add_name", child), {"idempotency_key": str(uuid4()), **said})


def test_nobody_is_named_on_a_restricted_file_against_a_wish(child, world, client_as, says, at):
    says(kept_from=("education", "health", "partnership"))
    grant(child, world.agency("social_care"))
    grant(child, world.functions["notification_point"].group, reason="function")
    grant(child, world.membership("safeguarding_lead"), categories=("identity",))
    manager, lead = client_as("social_care_manager"), client_as("socialworker")
    refused = restrict(child, world, manager, at, "safeguarding_lead")
    assert (refused.status_code, "The child does not want Hollybank School told" in text(refused)) == (422, True)
    assert not child.restricted
    assert restrict(child, world, manager, at).status_code == 302
    for person, agency in (("safeguarding_lead", "Hollybank School"), ("nurse", str(world.agency("health")))):
        refused = name(child, world, manager, person)
        assert refused.status_code == 422
        assert f"The child does not want {agency} told. Choose somebody else; or add it to the file first" in text(
            refused
        )
    assert set(AccessGrant.objects.filter(reason="named").values_list("membership__user__username", flat=True)) == set(
        LIST
    )
    assert name(child, world, manager, "housing").status_code == 302, "of housing the child says nothing"
    said = {**AGAINST, "worker": str(world.membership("safeguarding_lead").pk)}
    assert send(manager, url("involve", child, world.agency("school").pk), **said).status_code == 302
    assert client_as("safeguarding_lead").get(url("file", child)).status_code == 200
    assert lead.get(url("file", child)).status_code == 200


def test_who_sees_the_file_already_is_nothing_new(child, world, says, viewer, at):
    says(WishKind.NOT_WIDER)
    people = [world.membership(person) for person in ("socialworker", "guardian", "triage", "nurse", "housing")]
    grant(child, world.functions["notification_point"].group, reason="function")
    grant(child, world.membership("housing"), reason="named")

    def new():
        return {member.user.username for member in newly_told_against_wish(child, people, at=at)}

    assert new() == {"nurse"}
    child.restricted = True
    assert new() == {"socialworker", "triage", "nurse"}
    assert newly_told_against_wish(make_child("Ada", "Unasked"), people, at=at) == []


def test_it_takes_ground_authoriser_and_how_it_was_explained_and_stands_under_sharing(child, world, client_as, says):
    says(kept_from=("education",))
    school, browser = world.agency("school"), client_as("socialworker")
    address = url("involve", child, school.pk)
    for left, message in (
        ("ground", "Select on what ground you bring them in all the same"),
        ("authorised_by", "Enter who authorised it"),
        ("explained", "Say how it was explained to the child"),
    ):
        answer = send(browser, address, **{**AGAINST, left: ""})
        assert (answer.status_code, message in text(answer)) == (422, True), left
        assert "Sorrel told her" in text(answer) or left == "explained"
    answer = send(browser, address, **{**AGAINST, "overrides": "no"})
    assert (answer.status_code, "goes against what the child wants" in text(answer)) == (422, True)
    assert not is_in(child, school)
    assert not SharingDecision.objects.exists()
    assert send(browser, address, **AGAINST).status_code == 302
    made = SharingDecision.objects.get()
    involvement = Involvement.objects.get(working_agency=school)
    assert (made.kind, made.agency, made.involvement, made.override_ground, made.authorised_by, made.explained) == (
        "involved", school, involvement, *(AGAINST[name] for name in ("ground", "authorised_by", "explained")),
    )  # fmt: skip
    listed = text(browser.get(url("sharing", child)))
    assert "Brought in to work with the child" in listed
    assert "Against somebody’s wish" in listed
    one = text(browser.get(url("share", child, made.pk)))
    for words in (AGAINST["explained"], "Miriam Aldous, manager", "While their work lasts"):
        assert words in one
    assert reverse("cases:withdraw_share", args=[child.reference, made.pk]) not in one
    assert browser.get(url("withdraw_share", child, made.pk)).status_code == 404
    send(browser, url("withdraw_share", child, made.pk), words="It is over now, all of it.")
    made.refresh_from_db()
    assert made.ended_at is None


def test_a_child_who_agrees_to_this_agency_is_taken_at_their_word(child, world, client_as, says):
    says(WishKind.NOT_WIDER)
    school = world.agency("school")
    answer = send(client_as("socialworker"), url("involve", child, school.pk), child_answer="agrees", overrides="no")
    assert (answer.status_code, is_in(child, school)) == (302, True)
    assert SharingDecision.objects.get().override_ground == ""


@pytest.mark.parametrize(
    ("kind", "kept", "kept_from"),
    [(None, (), ()), ("free", (), ()), ("limits", ("sessions",), ()), ("limits", (), ("housing",))],
)
def test_where_the_wish_says_nothing_of_it_nothing_more_is_asked(child, world, client_as, says, kind, kept, kept_from):
    """What was said in sessions is nothing that anybody at a school sees."""
    if kind is not None:
        says(kind, kept=kept, kept_from=kept_from)
    school, browser = world.agency("school"), client_as("socialworker")
    page = text(browser.get(url("involve", child, school.pk)))
    assert ("is not recorded" in page) is (kind is None)
    assert ("Not my school" in page) is (kind is not None)
    assert "overrides" not in page
    assert send(browser, url("involve", child, school.pk)).status_code == 302
    assert not SharingDecision.objects.exists()


def test_social_care_and_police_come_against_a_wish_with_the_same_record(child, world, client_as, says):
    says(kept=("missing",))
    police, browser = world.agency("police"), client_as("socialworker")
    assert send(browser, url("involve", child, police.pk)).status_code == 422
    assert send(browser, url("involve", child, police.pk), **AGAINST).status_code == 302
    assert SharingDecision.objects.get().override_ground == "significant_harm"


def test_another_worker_of_an_agency_that_is_in_is_nothing_new(child, world, client_as, says, viewer, at):
    school, browser = world.agency("school"), client_as("socialworker")
    involve(child=child, agency=school, role="education", at=at - HOUR, by=viewer("triage"))
    says(WishKind.NOT_WIDER)
    address = url("involve", child, school.pk)
    assert "overrides" not in text(browser.get(address))
    assert send(browser, address).status_code == 302
    assert not SharingDecision.objects.exists()


def test_hostile_words_stay_words_and_nothing_is_lost(child, world, client_as, says):
    says(WishKind.NOT_WIDER)
    address = url("involve", child, world.agency("school").pk)
    hostile = "</textarea><script>alert(1)</script>"
    answer = send(client_as("socialworker"), address, **{**AGAINST, "explained": hostile, "ground": "nothing"})
    assert answer.status_code == 422
    assert "<script>alert" not in text(answer)
    assert "&lt;/textarea&gt;&lt;script&gt;" in text(answer)
    assert re.search(r'value="refuses"[^>]*checked', text(answer))


def test_on_a_file_for_named_people_another_worker_is_new(child, world, client_as, says, viewer, at):
    """The agency that is in sees nothing of it: the worker does."""
    grant(child, world.membership("manager"), reason=GrantReason.NAMED)
    involve(child=child, agency=world.agency("police"), role="police_lead", at=at - HOUR, by=viewer("triage"))
    Child.objects.filter(pk=child.pk).update(restricted=True)
    says(WishKind.NOT_WIDER)
    browser, worker = client_as("manager"), str(world.membership("officer").pk)
    address = url("involve", child, world.agency("police").pk)
    assert send(browser, address, worker=worker).status_code == 422
    assert send(browser, address, worker=worker, **AGAINST).status_code == 302
    assert SharingDecision.objects.get().membership == world.membership("officer")


@pytest.mark.parametrize(
    ("said", "holds"),
    [
        ({}, False),
        ({"explained": AGAINST["explained"]}, False),
        ({"child_answer": "agrees"}, True),
        ({"override_ground": "crime", "authorised_by": "Miriam Aldous, manager"}, True),
    ],
)
def test_the_database_keeps_no_row_of_it_without_the_childs_answer_or_a_ground(child, world, at, said, holds):
    """At triage nobody has asked the child about that one agency."""
    row = {
        "child": child,
        "kind": "involved",
        "agency": world.agency("social_care"),
        "involvement": Involvement.objects.get(child=child),
        "category_mask": 1,
        "words": "Social worker",
        "decided_at": at,
        "decided_as": world.membership("socialworker"),
        **said,
    }
    refused = nullcontext() if holds else pytest.raises(IntegrityError, match="sharing_decision_whole")
    with refused, transaction.atomic():
        SharingDecision.objects.create(**row)
    assert SharingDecision.objects.exists() is holds

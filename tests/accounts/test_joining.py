"""One health service an agency: whoever is invited, moves or is given a role brings no second one in.

Seen to fail, each where one thing was left out: the check when a role is asked for (a second service is invited, moves
in, and waits); the check when it is given (the young parents' worker reads what the nurse wrote); those who wait (two
services are invited before either is given); those who are suspended, and whose end is yet to come; that the ended and
the replaced do not count (the one person of a service cannot be given its other name); the agency's being held (of two
at once both are invited).
"""

from __future__ import annotations

import ast
import contextlib
import re
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.choices import RoleDecision
from accounts.models import Agency, Membership, Notice, RoleRequest, User
from accounts.rules.joining import SERVICES
from accounts.rules.life import AccountRefused
from accounts.rules.tokens import SERVICE_ROLES
from accounts.selectors.people import viewer_of
from accounts.services.inviting import Invited, invite_person
from accounts.services.memberships import RoleAsked, ask_for_role, decide_role, end_membership
from cases.access.choices import Category
from cases.access.selectors import matrix_in_force
from cases.record.models import ChronologyEntry
from tests.accounts.test_life import press
from tests.factories.accounts import make_agency, make_membership
from tests.factories.cases import grant, make_child, make_chronology
from tests.threads import at_once, until_somebody_waits

pytestmark = pytest.mark.django_db
NURSE, PREGNANCY = "health_sexual_health", "health_teenage_pregnancy"
SAYS = "is the agency of the sexual health service"


@pytest.fixture
def clinic(world: Any) -> Agency:
    agency = make_agency("Tideway Clinic", sector="health")
    agency.email_domains = ["tideway.example"]
    agency.save(update_fields=["email_domains"])
    return agency


def invite(clinic: Agency, role: str, at: Any, by: Any, name: str = "new") -> User:
    who = Invited(name.title(), f"{name}@tideway.example", "Nurse")
    return invite_person(invited=who, agency=clinic, role=role, reason="She joins us.", at=at, by=by)


def asked(user: User, clinic: Agency, role: str, at: Any, by: Any, replaces: Membership | None = None) -> RoleRequest:
    return ask_for_role(user=user, asked=RoleAsked(clinic, role, "She moves.", replaces), at=at, by=by)


def give(request: RoleRequest, at: Any, by: Any) -> RoleRequest:
    return decide_role(request_id=request.pk, decision=RoleDecision.GIVEN, why="I know her.", at=at, by=by)


def waiting(user: User, clinic: Agency, role: str, at: Any, by: Any) -> RoleRequest:
    """A role that was asked for before anybody looked at what else is there."""
    return RoleRequest.objects.create(
        user=user, agency=clinic, role=role, reason="She moves.", asked_at=at, asked_by_id=by.person_id
    )


def test_nobody_of_a_second_service_comes_to_read_what_the_first_wrote(world, viewer, at, clinic):
    nurse = make_membership(agency=clinic, role=NURSE)
    child = make_child("Zephyrine")
    grant(child, clinic)
    make_chronology(child, viewer_of(nurse), category=Category.HEALTH_SENSITIVE, summary="S", detail="KEPT")
    give(asked(world.user("drug_worker"), clinic, NURSE, at, viewer("admin")), at, viewer("guardian"))
    worker = waiting(world.user("housing"), clinic, PREGNANCY, at, viewer("admin"))
    with transaction.atomic(), contextlib.suppress(AccountRefused):
        give(worker, at, viewer("guardian"))
    later, matrix = at + timedelta(minutes=1), matrix_in_force(on=timezone.localdate(at))
    readers = {
        member.role
        for member in Membership.objects.filter(agency=clinic)
        if ChronologyEntry.objects.visible_to(viewer_of(member), at=later, matrix=matrix).filter(detail="KEPT")
    }
    assert readers == {NURSE}
    assert Membership.objects.filter(agency=clinic).count() == 2, "a colleague of the same service joins"
    worker.refresh_from_db()
    assert worker.decision == "", "it waits on, and can still be refused"


def test_an_invitation_to_a_second_service_is_refused_at_the_agency_and_keeps_what_was_typed(
    world, viewer, at, clinic, client_as
):
    make_membership(agency=clinic, role=NURSE)
    said = {
        "full_name": "Nora Newcombe",
        "email": "nora@tideway.example",
        "job_title": "Young parents’ worker",
        "agency": str(clinic.pk),
        "role": PREGNANCY,
        "reason": "She joins the team on Monday.",
    }
    before = Notice.objects.count(), User.objects.count()
    refused = press(client_as("admin"), "/account/people/invite/", **said)
    page = refused.content.decode()
    assert (refused.status_code, f"Tideway Clinic {SAYS}" in page) == (422, True)
    assert 'href="#id_agency"' in page
    theirs = world.membership("pregnancy_worker")
    assert f"choose {theirs.agency}, which is the agency of the teenage pregnancy service" in page
    typed = ("Nora Newcombe", "nora@tideway.example", "Young parents’ worker", "She joins the team on Monday.")
    assert [words for words in typed if words not in page] == []
    assert f'<option value="{PREGNANCY}" selected' in page
    assert (Notice.objects.count(), User.objects.count(), RoleRequest.objects.count()) == (*before, 0)


@pytest.mark.parametrize("gone", ["person", "agency", "seconded", "here"])
def test_a_service_that_has_no_agency_of_its_own_is_entered_as_one(gone, world, viewer, at, clinic):
    make_membership(agency=clinic, role=NURSE)
    theirs = world.membership("pregnancy_worker")
    today = timezone.localdate(at)
    if gone == "person":
        Membership.objects.filter(role=PREGNANCY).update(ended_on=today)
    elif gone == "agency":
        Agency.objects.filter(pk=theirs.agency_id).update(ended_on=today)
    else:
        Membership.objects.filter(role=PREGNANCY).update(ended_on=today)
        # From before the rule: people who are seconded, or a second service here, are no agency of its own.
        make_membership(agency=world.agency("specialist") if gone == "seconded" else clinic, role=PREGNANCY)
    with pytest.raises(AccountRefused, match="enter the teenage pregnancy service as an agency of its own"):
        asked(world.user("housing"), clinic, PREGNANCY, at, viewer("admin"))


def test_a_second_service_can_neither_move_in_nor_be_held_beside_the_first(world, viewer, at, clinic, client_as):
    make_membership(agency=clinic, role=NURSE)
    seconded = make_membership(agency=clinic, role=NURSE)
    for user, replaces in (
        (world.user("pregnancy_worker"), world.membership("pregnancy_worker")),
        (seconded.user, None),
        (seconded.user, seconded),
    ):
        with transaction.atomic(), pytest.raises(AccountRefused, match=SAYS):
            asked(user, clinic, PREGNANCY, at, viewer("admin"), replaces)
    path = f"/account/people/{world.user('pregnancy_worker').pk}/role/"
    said = {"agency": str(clinic.pk), "role": PREGNANCY, "replaces": "", "reason": "She works there on Mondays."}
    refused = press(client_as("admin"), path, **said)
    assert (refused.status_code, SAYS in refused.content.decode()) == (422, True)
    assert "She works there on Mondays." in refused.content.decode()
    assert not RoleRequest.objects.exists()


def test_who_is_asked_for_and_waits_counts(world, viewer, at, clinic):
    first = invite(clinic, NURSE, at, viewer("admin"), "first")
    with transaction.atomic(), pytest.raises(AccountRefused, match=SAYS):
        invite(clinic, PREGNANCY, at, viewer("admin"), "second")
    invite(clinic, NURSE, at, viewer("admin"), "third")
    assert not User.objects.filter(email="second@tideway.example").exists()
    for request in RoleRequest.objects.all():
        decide_role(request_id=request.pk, decision=RoleDecision.REFUSED, why="x", at=at, by=viewer("guardian"))
    invite(clinic, PREGNANCY, at, viewer("admin"), "second")
    assert not Membership.objects.filter(user=first).exists()


def test_what_waits_of_another_service_keeps_nobody_from_being_given_a_role(world, viewer, at, clinic):
    """Asked for before this was looked at, one of the two is given: the second is then of a second service."""
    first = waiting(world.user("nurse"), clinic, NURSE, at, viewer("admin"))
    second = waiting(world.user("pregnancy_worker"), clinic, PREGNANCY, at, viewer("admin"))
    give(first, at, viewer("guardian"))
    with transaction.atomic(), pytest.raises(AccountRefused, match=SAYS):
        give(second, at, viewer("guardian"))


def test_the_second_person_reads_why_a_role_cannot_be_given_and_loses_no_word(world, viewer, at, clinic, client_as):
    make_membership(agency=clinic, role=NURSE)
    request = waiting(world.user("pregnancy_worker"), clinic, PREGNANCY, at, viewer("admin"))
    path = f"/account/access/roles/{request.pk}/"
    refused = press(client_as("guardian"), path, decision="given", why="I know her work well.")
    page = refused.content.decode()
    assert (refused.status_code, SAYS in page, "I know her work well." in page) == (422, True, True)
    done = press(client_as("guardian"), path, decision="refused", why="An agency of its own comes first.")
    assert done.url == "/account/access/"


@pytest.mark.parametrize(
    ("how", "joins"), [("ended", True), ("ends today", True), ("ends tomorrow", False), ("suspended", False)]
)
def test_who_was_there_counts_no_more_and_who_may_come_back_does(world, viewer, at, clinic, how, joins):
    nurse = make_membership(agency=clinic, role=NURSE)
    if how == "ends today":
        end_membership(membership=nurse, reason="It has moved.", at=at, by=viewer("admin"))
    elif how == "suspended":
        User.objects.filter(pk=nurse.user_id).update(is_active=False, suspended_at=at)
    else:
        days = {"ended": -30, "ends tomorrow": 1}[how]
        Membership.objects.filter(pk=nurse.pk).update(ended_on=timezone.localdate(at) + timedelta(days=days))
    if joins:
        give(asked(world.user("pregnancy_worker"), clinic, PREGNANCY, at, viewer("admin")), at, viewer("guardian"))
        return
    with pytest.raises(AccountRefused, match=SAYS):
        asked(world.user("pregnancy_worker"), clinic, PREGNANCY, at, viewer("admin"))


def test_the_one_person_of_an_agency_may_be_given_another_role_in_place_of_theirs(world, viewer, at, clinic):
    nurse = make_membership(agency=clinic, role=NURSE)
    give(asked(nurse.user, clinic, PREGNANCY, at, viewer("admin"), nurse), at, viewer("guardian"))
    open_roles = Membership.objects.filter(agency=clinic, ended_on=None).values_list("role", flat=True)
    assert list(open_roles) == [PREGNANCY]


@pytest.mark.django_db(transaction=True)
def test_of_two_services_invited_at_once_one_is_refused(viewer, at, clinic):
    by, holds = viewer("admin"), threading.Event()

    def first() -> User:
        with transaction.atomic():
            user = invite(clinic, NURSE, at, by, "first")
            holds.set()
            until_somebody_waits(within=5)
        return user

    def second() -> User:
        assert holds.wait(timeout=20)
        return invite(clinic, PREGNANCY, at, by, "second")

    user, refused = at_once(first, second)
    assert isinstance(refused, AccountRefused), refused
    assert list(RoleRequest.objects.values_list("user", "role")) == [(user.pk, NURSE)]


WRITES = re.compile(r"\bMembership(\.objects\.\w*create)?\(|\bmemberships\.\w*create\(")
# Where a membership is written without asking, with the reason.
ASKS_NOTHING = {
    ("accounts/services/tokens.py", "add_service_account"): "no system is of a health service: the test below",
    ("config/demo/people.py", "_join"): "tests/architecture/test_demo.py looks at what it has written",
}


def test_wherever_a_membership_is_written_it_was_asked_whether_the_agency_has_room():
    written = set()
    for path in sorted(Path(settings.BASE_DIR).glob("[a-z]*/**/*.py")):
        name = path.relative_to(settings.BASE_DIR).as_posix()
        if name.startswith(("tests/", "build/", "var/")) or "/migrations/" in name:
            continue  # neither runs where there are children
        text = path.read_text(encoding="utf-8")
        if not WRITES.search(text):
            continue
        for function in ast.walk(ast.parse(text)):
            if isinstance(function, ast.FunctionDef) and WRITES.search(words := ast.unparse(function)):
                written.add((name, function.name, "check_joins(" in words))
    assert {(name, function) for name, function, asks in written if not asks} == set(ASKS_NOTHING)
    assert ("accounts/services/memberships.py", "_give", True) in written


def test_no_system_is_of_a_health_service():
    assert set(SERVICE_ROLES.values()).isdisjoint(SERVICES)
    assert "health" not in SERVICE_ROLES

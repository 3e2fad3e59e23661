"""What holds on one of a child's files holds on all, for the services too; and a restriction of one is lifted from the
page of the file that lives on.

Seen to fail, each before it asked: bringing in, changing the lead, an interviewer, a missing report, a decision of
triage and a panel's listing let people in past a restriction of a merged file; its page was nowhere; a referrer read
what the panel decided.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.urls import reverse

from accounts.choices import FunctionKey
from cases.access.choices import GrantReason
from cases.access.models import AccessGrant
from cases.access.services import grant_to_function
from cases.record.choices import InvolvementRole
from cases.record.models import Child
from cases.record.rules import RecordRefused
from cases.record.selectors.hidden import kept_apart, restricted_among
from cases.record.services import change_lead, involve
from cases.sharing.choices import RestrictionKind
from cases.sharing.models import Restriction
from cases.sharing.services import restriction as services
from missing.services.interviews import allocate_interviewer
from missing.services.opening import open_while_missing
from panels.services.agenda import open_to_members, retime_access
from referrals.choices import TriageOutcome, TriageReason
from tests.factories.cases import block, grant, make_child, make_lead
from tests.factories.missing import make_episode, make_interview, make_returned
from tests.factories.panels import make_item, make_meeting, make_panel, publish
from tests.factories.referrals import make_notification
from tests.referrals.test_triage_decisions import decide

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def child(world, viewer, at):
    """The file that lives on: the social worker leads on it, another file of the child is merged into it."""
    made = make_child("Zephyrine", "Ashdown")
    make_lead(made, world.membership("socialworker"), at=at - timedelta(days=5), by=viewer("triage"))
    for key in (FunctionKey.DATA_GUARDIANS, FunctionKey.NOTIFICATION_POINT):
        grant_to_function(child_id=made.pk, function=key, at=at - HOUR, by=None)
    return made


def restrict_another(child: Child) -> Child:
    """A restricted file that was merged into this one."""
    return make_child("Zeph", "Ashdown", merged_into=child, restricted=True)


def bring_in(world, child, at):
    police, by = world.agency("police"), world.viewer("socialworker")
    worker = world.membership("detective")
    with pytest.raises(RecordRefused):
        involve(child=child, agency=police, membership=worker, role=InvolvementRole.POLICE_LEAD, at=at, by=by)


def give_the_lead(world, child, at):
    work = child.involvement_entries.filter(membership=world.membership("keyworker")).get()
    with pytest.raises(RecordRefused):
        change_lead(
            child=child, involvement_id=work.pk, reason="She asked for her.", version=child.version, at=at,
            by=world.viewer("socialworker"),
        )  # fmt: skip


def name_an_interviewer(world, child, at):
    interview = make_interview(make_returned(child, world.viewer("socialworker")), world.viewer("socialworker"))
    with pytest.raises(RecordRefused):
        allocate_interviewer(
            interview=interview, membership=world.membership("interviewer"), briefing="Meet at school.", at=at,
            by=world.viewer("manager"),
        )  # fmt: skip


def report_missing(world, child, at):
    episode = make_episode(child, world.viewer("carer"))
    open_while_missing(episode, at=at, by=world.viewer("carer"), reporter_group_id=world.agency("health").group_id)


def join_a_notification(world, child, at):
    grant(child, world.membership("triage"), reason=GrantReason.NAMED)
    notification = make_notification(world.viewer("teacher"), sent_at=at)
    decide(
        world, notification, at, outcome=TriageOutcome.ACCEPT_JOINED, reason=TriageReason.INDICATORS_PRESENT,
        joined_child=child, lead=None, agencies=[],
    )  # fmt: skip


def list_for_the_panel(world, child, at):
    meeting = make_meeting(make_panel())
    item = make_item(meeting, child, world.viewer("coordinator"))
    publish(meeting, world, at=at)
    open_to_members(item=item, meeting=meeting, at=at, by=world.viewer("coordinator"))
    retime_access(meeting=meeting, at=at, by=world.viewer("coordinator"))


@pytest.mark.parametrize(
    "deed", [bring_in, give_the_lead, name_an_interviewer, report_missing, join_a_notification, list_for_the_panel]
)
def test_a_restriction_of_a_merged_file_lets_nobody_in(world, child, viewer, at, deed: Callable[..., Any]):
    involve(
        child=child, agency=world.agency("specialist"), membership=world.membership("keyworker"),
        role=InvolvementRole.KEYWORKER, at=at, by=viewer("triage"),
    )  # fmt: skip
    restrict_another(child)
    grants = AccessGrant.objects.live(at + HOUR).filter(child=child).exclude(membership=world.membership("triage"))
    before = set(grants.values_list("pk", flat=True))
    deed(world, child, at)
    assert set(grants.all().values_list("pk", flat=True)) == before


@pytest.mark.parametrize("where", ["itself", "merged into it", "it was merged into", "merged into the same", "another"])
def test_what_is_asked_of_many_files_at_once(world, child, viewer, at, where):
    marked = child
    if where in ("merged into it", "another"):
        marked = make_child("Zeph", merged_into=child if where != "another" else None)
    elif where != "itself":
        kept = make_child("Zeph")
        Child.objects.filter(pk=child.pk).update(merged_into=kept)
        marked = kept if where == "it was merged into" else make_child("Zephy", merged_into=kept)
    block(marked, viewer("teacher"), by=viewer("guardian"))
    Child.objects.filter(pk=marked.pk).update(restricted=True)
    people = [viewer("teacher").user_id, viewer("nurse").user_id]
    holds = where != "another"
    assert restricted_among([child.pk]) == ({child.pk} if holds else set())
    assert kept_apart([child.pk], people, at) == ({(child.pk, people[0])} if holds else set())


def test_a_restriction_of_a_merged_file_is_looked_after_and_lifted_from_the_one_that_lives_on(
    world, child, viewer, at, client_as
):
    other = make_child("Zeph", "Ashdown")
    grant_to_function(child_id=other.pk, function=FunctionKey.DATA_GUARDIANS, at=at - HOUR, by=None)
    services.restrict_file(
        child=other, kind=RestrictionKind.STAFF_CHILD, reason="Her mother works on the desk of the agency that leads.",
        review_on=at.date() + timedelta(days=30),
        named=[world.membership(name).pk for name in ("social_care_manager", "guardian")],
        version=other.version, at=at - HOUR, by=viewer("guardian"),
    )  # fmt: skip
    Child.objects.filter(pk=other.pk).update(merged_into=child)
    for name in ("social_care_manager", "guardian"):
        grant(child, world.membership(name), reason=GrantReason.NAMED)

    def address(name: str) -> str:
        return reverse(f"cases:{name}", args=[child.reference])

    def send(who: str, name: str, **fields: Any) -> int:
        child.refresh_from_db()
        said = {"idempotency_key": str(uuid4()), "version": child.version, **fields}
        return client_as(who).post(address(name), said).status_code

    page = client_as("guardian").get(address("restriction")).content.decode()
    for words in ("Her mother works on the desk", other.reference, "Gwen Sotheby", "Ask to lift it"):
        assert words in page
    assert client_as("socialworker").get(address("file")).status_code == 404
    assert send("guardian", "add_name", person=str(world.membership("socialworker").pk)) == 302
    assert client_as("socialworker").get(address("file")).status_code == 200
    assert send("guardian", "ask_for_lift", reason="Her mother has left the agency by now.") == 302
    assert send("social_care_manager", "answer_lift", lift="yes", words="She has left.") == 302
    other.refresh_from_db()
    assert (other.restricted, Restriction.objects.get().lifted_at is None) == (False, False)
    named = AccessGrant.objects.live(at + HOUR).filter(reason=GrantReason.NAMED, child__in=[child, other])
    assert not named.exists()
    assert client_as("triage").get(address("file")).status_code == 200

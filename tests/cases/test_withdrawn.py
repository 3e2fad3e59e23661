"""Who was given something in error reads what they must destroy, and says that they have.

Seen to fail, with one guard left out: the page of any breach shown to whoever reads files; the reference told to who
has a conflict of interest, or is not named on the file, since; kinds that the job never sees, and the number of entries
of them; the child's name, and what somebody wrote of what went wrong; a colleague's alert taken with one's own, and
one's own left; a look that nobody writes down; an alert that leads nowhere; a guardian who is not shown who has
destroyed it, nor whom no e-mail reached.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from accounts.models import AccessEvent, User
from accounts.rules.refusals import NotKnown
from accounts.selectors import now, viewer_of
from cases.access.choices import Category, GrantReason
from cases.clocks.models import Alert, OutboxMessage
from cases.clocks.selectors import open_alerts
from cases.record.models import Child
from cases.sharing.choices import SharingEnd
from cases.sharing.models.shares import CopiesDestroyed, SharingBreach
from cases.sharing.selectors.withdrawn import share_withdrawn
from cases.sharing.services.shares import end_decision
from cases.sharing.services.withdrawn import confirm_destroyed
from tests.access.test_pages import plain
from tests.cases.browsing import send, text, url
from tests.factories.accounts import make_membership
from tests.factories.cases import block, grant, make_child, make_chronology, make_led_child
from tests.factories.shares import make_share

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
SAID = "It was the other of the two schools: Zephyrine goes to Southfell High."


@pytest.fixture
def child(world, viewer, at):
    """A file that the social worker leads on, and that the data guardian may know of."""
    return make_led_child(world.membership("socialworker"), at=at, by=viewer("triage"))


@pytest.fixture
def colleague(world):
    """Another safeguarding lead at the school."""
    return make_membership(agency=world.agency("school"), role="education_dsl")


@pytest.fixture
def breach(child, colleague, world, viewer):
    return withdraw(child, world, viewer)


def withdraw(child, world, viewer):
    """What the social worker shared with the school, and withdrew just now; each safeguarding lead there was told."""
    entry = make_chronology(child, viewer("socialworker"), category="missing", summary="She was at the quay.")
    unseen = make_chronology(child, viewer("socialworker"), category="orientation", summary="She told her nurse.")
    kinds = {"categories": ("identity", "missing", "orientation"), "entry_ids": [entry.pk, unseen.pk]}
    made = make_share(child, world.agency("school"), world.membership("socialworker"), **kinds)
    how = {"kind": SharingEnd.IN_ERROR, "words": SAID, "at": now(), "by": viewer("socialworker")}
    end_decision(child=child, decision_id=made.pk, **how)
    return SharingBreach.objects.get(decision=made)


def page_of(breach):
    return reverse("cases:share_withdrawn", args=[breach.pk])


def test_the_receiver_reads_by_reference_alone_what_they_must_destroy(breach, child, world, client_as):
    browser = client_as("safeguarding_lead")
    assert browser.get(url("file", child)).status_code == 404
    page = text(browser.get(page_of(breach)))
    for words in (
        child.reference, "Sorrel Whitlock (Social worker", "Northmere Children’s Social Care", "Destroy every copy",
        "Missing episodes", "1 entry of the chronology", "Withdrawn",
    ):  # fmt: skip
        assert words in page.replace("&#x27;", "’")
    for words in ("Zephyrine", "Ashdown", "Southfell High", "at the quay", breach.decision.words, url("file", child)):
        assert words not in page


def test_of_the_kinds_those_alone_are_named_that_the_readers_job_sees_anything_of(breach, client_as):
    page = text(client_as("safeguarding_lead").get(page_of(breach)))
    assert str(Category.MISSING.label).capitalize() in page
    assert str(Category.ORIENTATION.label).lower() not in page.lower()


def test_the_alert_leads_to_the_page_and_its_e_mail_went_to_each(breach, world, viewer, colleague, client_as, at):
    (alert,) = [row for row in open_alerts(viewer("safeguarding_lead"), at=now()) if row.kind == "share_withdrawn"]
    assert (alert.href, alert.may_take) == (page_of(breach), True)
    assert page_of(breach) in text(client_as("safeguarding_lead").get(reverse("cases:alerts")))
    told = OutboxMessage.objects.filter(alert__kind="share_withdrawn").values_list("membership_id", flat=True)
    assert set(told) == {world.membership("safeguarding_lead").pk, colleague.pk}


@pytest.mark.parametrize("person", ["socialworker", "guardian", "detective", "outsider", "teacher"])
def test_nobody_else_is_answered_anything_but_what_never_was(breach, client_as, person):
    browser = client_as(person)
    never = reverse("cases:share_withdrawn", args=[uuid4()])
    for method in (browser.get, lambda address: send(browser, address)):
        there = method(page_of(breach))
        assert plain(there) == plain(method(never))
        assert there.status_code == (403 if person == "teacher" else 404)
    assert not CopiesDestroyed.objects.exists()


def kept_out(child, world, viewer):
    block(child, viewer("safeguarding_lead"), by=viewer("guardian"))


def shut(child, world, viewer):
    Child.objects.filter(pk=child.pk).update(restricted=True)


def merged_into_one_kept_out(child, world, viewer):
    kept = make_child("Zephyrine", "Ashdown")
    block(kept, viewer("safeguarding_lead"), by=viewer("guardian"))
    Child.objects.filter(pk=child.pk).update(merged_into=kept)


@pytest.mark.parametrize("happens", [kept_out, shut, merged_into_one_kept_out])
def test_who_may_no_longer_know_of_the_file_is_not_told_even_its_reference(
    breach, child, world, viewer, client_as, happens
):
    browser = client_as("safeguarding_lead")
    assert browser.get(page_of(breach)).status_code == 200
    happens(child, world, viewer)
    for method in (browser.get, lambda address: send(browser, address)):
        there = method(page_of(breach))
        assert there.status_code == 404
        assert plain(there) == plain(method(reverse("cases:share_withdrawn", args=[uuid4()])))
    assert not CopiesDestroyed.objects.exists()


def test_each_says_for_themselves_that_they_have_destroyed_what_they_had(
    breach, child, world, viewer, colleague, client_as
):
    browser, at_the_share = client_as("safeguarding_lead"), url("share", child, breach.decision_id)
    assert "I have destroyed everything I had" in text(browser.get(page_of(breach)))
    answer = send(browser, page_of(breach))
    assert (answer.status_code, answer.url) == (302, page_of(breach))
    said = CopiesDestroyed.objects.get()
    assert (said.breach, said.membership) == (breach, world.membership("safeguarding_lead"))
    page = text(browser.get(page_of(breach)))
    asked = ("I have destroyed everything I had", "Then say below")
    assert ("You said on" in page, *(words in page for words in asked)) == (True, False, False)
    assert send(browser, page_of(breach)).status_code == 302
    again = CopiesDestroyed.objects.get()
    assert (again.pk, again.confirmed_at) == (said.pk, said.confirmed_at), "what they said first counts"
    taken = dict(Alert.objects.filter(kind="share_withdrawn").values_list("membership_id", "acknowledged_at"))
    assert taken[said.membership_id] is not None
    assert taken[colleague.pk] is None, "a colleague deals with theirs"
    assert "I have destroyed everything I had" in text(client_as(colleague.user).get(page_of(breach)))
    seen = text(client_as("guardian").get(at_the_share))
    rows = seen[seen.index("Who was told to destroy copies") :]
    assert (rows.count("Not yet"), "Samira Oyelaran" in rows, str(colleague.user) in rows) == (1, True, True)


def test_taking_the_alert_is_not_saying_that_anything_is_destroyed_and_takes_it_from_nobody(
    breach, world, viewer, colleague, client_as
):
    mine = Alert.objects.get(kind="share_withdrawn", membership=world.membership("safeguarding_lead"))
    send(client_as("safeguarding_lead"), reverse("cases:acknowledge_alert", args=[mine.pk]))
    assert not CopiesDestroyed.objects.exists()
    left = Alert.objects.filter(kind="share_withdrawn", acknowledged_at=None).values_list("membership_id", flat=True)
    assert list(left) == [colleague.pk]
    assert client_as("safeguarding_lead").get(page_of(breach)).status_code == 200


def test_whoever_no_e_mail_reached_is_shown_to_the_guardian(child, colleague, world, viewer, client_as):
    User.objects.filter(pk=colleague.user_id).update(email="")
    breach = withdraw(child, world, viewer)
    seen = text(client_as("guardian").get(url("share", child, breach.decision_id)))
    rows = seen[seen.index("Who was told to destroy copies") :]
    assert (rows.count("Ring them"), rows.count("Not yet")) == (1, 1)
    # As where a conflict of interest was written down before the e-mail was due.
    OutboxMessage.objects.filter(alert__kind="share_withdrawn").update(kept_at=now())
    seen = text(client_as("guardian").get(url("share", child, breach.decision_id)))
    assert seen[seen.index("Who was told to destroy copies") :].count("Ring them") == 2


def test_each_look_at_the_page_is_written_down(breach, child, client_as):
    client_as("safeguarding_lead").get(page_of(breach))
    look = AccessEvent.objects.filter(action="cases:share_withdrawn").get()
    assert (look.shown_ids, look.child_id) == ([child.pk], None)


def test_under_another_membership_it_is_not_theirs(breach, world, at):
    other = make_membership(
        agency=world.agency("school_nursing"), role="health_school_nurse", user=world.user("safeguarding_lead")
    )
    assert share_withdrawn(viewer_of(world.membership("safeguarding_lead")), breach.pk, at=now()) == breach
    assert share_withdrawn(viewer_of(other), breach.pk, at=now()) is None
    with pytest.raises(NotKnown):
        confirm_destroyed(breach_id=breach.pk, at=now(), by=viewer_of(other))


def test_one_person_says_it_once(breach, world, at):
    row = {"breach": breach, "membership": world.membership("safeguarding_lead"), "confirmed_at": at}
    CopiesDestroyed.objects.create(**row)
    with pytest.raises(IntegrityError, match="copies_destroyed_once"), transaction.atomic():
        CopiesDestroyed.objects.create(**row)


def test_on_a_restricted_file_whoever_is_named_reads_it_still(breach, child, world, client_as):
    grant(child, world.membership("safeguarding_lead"), reason=GrantReason.NAMED)
    Child.objects.filter(pk=child.pk).update(restricted=True)
    assert client_as("safeguarding_lead").get(page_of(breach)).status_code == 200

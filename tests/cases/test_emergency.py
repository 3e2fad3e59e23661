"""A file opened in an emergency: by whom, how long, who is told, and who judges it.

Seen to fail: the conflict, the one on a merged file, the restriction and that of a merged file left out of what
no emergency opens; an emergency that outweighs a restriction; the first of two files of one name opened; an
opening of which nobody was told; a grant without its end; session notes opened; tries not counted; nothing
written down where there is no such file; a register of every file; the reason shown to a manager, and another
agency's people; anybody who ends it; a review of one's own; a role not asked for by the service; an alert that
names no file; a lead told who may not know; no banner; alerts counted where nobody is told, and the opener as the
guardian who is.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.choices import AccessOutcome, FunctionKey
from accounts.models import AccessEvent, FunctionMember, User
from accounts.selectors import viewer_of
from cases.access.choices import Category, GrantReason
from cases.access.models import AccessGrant
from cases.access.services import grant_to_function
from cases.clocks.choices import AlertKind, ClockKind, ClockState
from cases.clocks.models import Alert, Clock, OutboxMessage
from cases.clocks.selectors import open_alerts
from cases.clocks.services import AlertNotYours, acknowledge_alert, sweep
from cases.record.models import Child, Involvement
from cases.sharing.choices import EmergencyKind, EmergencyVerdict
from cases.sharing.models import EmergencyAccess
from cases.sharing.rules import emergency as rules
from cases.sharing.selectors.emergency import AskedFor, tries_refused
from cases.sharing.services import emergency as services
from tests.access.test_pages import OF_FILES, Things, ask, make_things, plain
from tests.cases.questions import questions
from tests.factories.accounts import make_membership
from tests.factories.cases import block, grant, make_child, make_chronology, make_lead
from tests.factories.emergency import make_emergency

pytestmark = pytest.mark.django_db

REASON = "He rang from a car and was crying; I must know whom he is with."
URL = "/emergency-access/"
REGISTER = "/emergency-access/register/"
NOTHING = "No file was opened. If a child is in danger now, ring 999"
HOUR = timedelta(hours=1)


@pytest.fixture
def things(world, viewer, at) -> Things:
    """A file with something on each page."""
    return make_things(world, viewer, at)


@pytest.fixture
def child(world, at):
    """A file of social care's with a guardian's eye on it, that police may not know of."""
    made = make_child("Wren", "Hallowell", birth_date=date(2012, 2, 14))
    grant(made, world.agency("social_care"))
    grant_to_function(child_id=made.pk, function=FunctionKey.DATA_GUARDIANS, at=at - HOUR, by=None)
    grant_to_function(child_id=made.pk, function=FunctionKey.NOTIFICATION_POINT, at=at - HOUR, by=None)
    return made


@pytest.fixture
def led(child, world, viewer, at):
    """The same file, led by the social worker."""
    make_lead(child, world.membership("socialworker"), at=at - timedelta(days=3), by=viewer("triage"))
    return child


def fields(child=None, **changed):
    return {
        "idempotency_key": str(uuid4()),
        "known_by": "reference",
        "reference": child.reference if child else "ZZZ-ZZZZ",
        "kind": "missing",
        "reason": REASON,
        "understood": "on",
        **changed,
    }


def by_name(given, family, born=(14, 2, 2012), **changed):
    day, month, year = born
    return fields(
        known_by="name",
        reference="",
        given_name=given,
        family_name=family,
        birth_date_day=day,
        birth_date_month=month,
        birth_date_year=year,
        **changed,
    )


def opened(child, viewer, at, **changed):
    """Opens a file through the service."""
    given = {"asked": AskedFor(reference=child.reference), "kind": EmergencyKind.MISSING, "reason": REASON, **changed}
    return services.open_in_emergency(at=at, by=viewer, **given)


def text(answer):
    return answer.content.decode()


# --- Opening -------------------------------------------------------------------------------------------------


def test_whoever_is_on_duty_opens_one_file_for_an_hour(led, client_as, world):
    other = make_child("Other", "Hallowell")
    officer = client_as("missing_coordinator")
    assert officer.get(f"/cases/{led.reference}/").status_code == 404

    answer = officer.post(URL, fields(led))
    assert (answer.status_code, answer.url) == (302, f"/cases/{led.reference}/")
    page = text(officer.get(answer.url))
    assert "Wren Hallowell" in page
    assert re.search(r"Emergency access: (60|59) minutes left, until ", page)
    assert officer.get(f"/cases/{other.reference}/").status_code == 404
    assert client_as("detective").get(f"/cases/{led.reference}/").status_code == 404

    access = EmergencyAccess.objects.get()
    given = AccessGrant.objects.get(reason=GrantReason.BREAK_GLASS)
    assert access.membership == given.membership == world.membership("missing_coordinator")
    assert (given.child, given.source_id, given.valid_from) == (led, access.pk, access.opened_at)
    assert given.valid_until == access.ends_at == access.opened_at + HOUR
    assert (access.kind, access.reason) == ("missing", REASON)


@pytest.mark.parametrize(
    ("given", "family"),
    [("Wren", "Hallowell"), ("wrén", "HALLOWELL"), ("Birdie", "Hallowell")],
    ids=["as written", "in other letters", "as the child is called"],
)
def test_a_full_name_with_the_date_of_birth_finds_the_file(child, client_as, given, family):
    Child.objects.filter(pk=child.pk).update(preferred_name="Birdie")
    answer = client_as("missing_coordinator").post(URL, by_name(given, family))
    assert (answer.status_code, answer.url) == (302, f"/cases/{child.reference}/")


@pytest.mark.parametrize(
    ("given", "family", "born"),
    [
        ("Wrenn", "Hallowell", (14, 2, 2012)),
        ("Wren", "", (14, 2, 2012)),
        ("Wren", "Hallowell", (15, 2, 2012)),
        ("W", "Hallowell", (14, 2, 2012)),
        ("%", "%", (14, 2, 2012)),
        ("", "Hallowell", (14, 2, 2012)),
    ],
)
def test_nothing_like_it_does(child, client_as, given, family, born):
    assert client_as("missing_coordinator").post(URL, by_name(given, family, born)).status_code == 422
    assert not EmergencyAccess.objects.exists()


def test_both_are_told_by_the_outbox_and_the_review_is_due_in_two_working_days(led, viewer, world, at):
    opened(led, viewer("detective"), at)
    access = EmergencyAccess.objects.get()
    told = {
        (alert.kind, alert.group_id, alert.membership_id, alert.child_id, alert.subject_id, alert.raised_at)
        for alert in Alert.objects.all()
    }
    guardians, lead = world.functions["data_guardians"].group_id, world.membership("socialworker").pk
    assert told == {
        ("emergency_opened", guardians, None, led.pk, access.pk, at),
        ("emergency_on_file", None, lead, led.pk, access.pk, at),
    }
    assert set(OutboxMessage.objects.values_list("membership__user__username", flat=True)) == {
        "guardian",
        "socialworker",
    }
    clock = Clock.objects.get()
    assert (clock.kind, clock.subject_id, clock.child_id, clock.anchored_at) == (
        ClockKind.EMERGENCY_REVIEWED,
        access.pk,
        led.pk,
        at,
    )
    assert not clock.started_by_sweep
    assert timedelta(days=1) < clock.due_at - at < timedelta(days=9)


def test_where_nobody_leads_the_notification_point_is_told(child, viewer, world, at):
    opened(child, viewer("detective"), at)
    alert = Alert.objects.get(kind=AlertKind.EMERGENCY_ON_FILE)
    assert (alert.group, alert.membership) == (world.functions["notification_point"].group, None)


def test_a_lead_who_has_left_or_may_not_know_is_not_the_one_to_tell(led, viewer, world, at):
    block(led, viewer("socialworker"), by=viewer("guardian"))
    opened(led, viewer("detective"), at)
    alert = Alert.objects.get(kind=AlertKind.EMERGENCY_ON_FILE)
    assert (alert.group, alert.membership) == (world.functions["notification_point"].group, None)
    assert "socialworker" not in OutboxMessage.objects.values_list("membership__user__username", flat=True)


def nobody_serves(function, at):
    FunctionMember.objects.filter(function__key=function).update(ended_on=at.date() - timedelta(days=1))


def nobody_leads(led):
    Involvement.objects.filter(child=led).update(is_lead=False)


def suspend(world, person):
    User.objects.filter(pk=world.user(person).pk).update(is_active=False)


UNTOLD = {
    "no guardian": lambda led, world, viewer, at: nobody_serves(FunctionKey.DATA_GUARDIANS, at),
    "the guardian suspended": lambda led, world, viewer, at: suspend(world, "guardian"),
    "the guardian kept from the file": lambda led, world, viewer, at: block(
        led, viewer("guardian"), by=viewer("social_care_manager")
    ),
    "no guardian but whoever opens it": lambda led, world, viewer, at: (
        suspend(world, "guardian"),
        make_membership(
            world.user("detective"), world.agency("partnership"), role="data_guardian", functions=("data_guardians",)
        ),
    ),
    "nobody leads and nobody at the notification point": lambda led, world, viewer, at: (
        nobody_leads(led),
        nobody_serves(FunctionKey.NOTIFICATION_POINT, at),
    ),
    "the lead suspended and nobody at the notification point": lambda led, world, viewer, at: (
        suspend(world, "socialworker"),
        nobody_serves(FunctionKey.NOTIFICATION_POINT, at),
    ),
}


@pytest.mark.parametrize("untold", UNTOLD.values(), ids=UNTOLD)
def test_where_somebody_could_not_be_told_nothing_is_opened(led, world, viewer, client_as, at, untold):
    untold(led, world, viewer, at)
    answer = client_as("detective").post(URL, fields(led))
    assert answer.status_code == 422
    assert NOTHING in text(answer)
    assert not AccessGrant.objects.filter(reason=GrantReason.BREAK_GLASS).exists()
    assert not EmergencyAccess.objects.exists()
    assert not Clock.objects.exists()
    assert not Alert.objects.exists()
    assert not OutboxMessage.objects.exists()


def test_where_telling_fails_nothing_is_opened(led, viewer, at, monkeypatch):
    def fails(**wanted):
        raise RuntimeError

    monkeypatch.setattr(services, "raise_alert", fails)
    with pytest.raises(RuntimeError), transaction.atomic():
        opened(led, viewer("detective"), at)
    assert not AccessGrant.objects.filter(reason=GrantReason.BREAK_GLASS).exists()
    assert not EmergencyAccess.objects.exists()


def test_whoever_sees_the_file_is_led_to_it_without_an_emergency(child, client_as, world):
    answer = client_as("socialworker").post(URL, fields(child), follow=True)
    assert answer.redirect_chain == [(f"/cases/{child.reference}/", 302)]
    assert "is open to you already, so none was needed" in text(answer)
    assert not EmergencyAccess.objects.exists()
    assert not Alert.objects.exists()


SLIVER = ("identity", "contact_address", "missing")


def test_police_who_see_a_part_of_a_missing_childs_file_open_the_rest(led, world, viewer, client_as, at):
    for category in (Category.MISSING, Category.INTELLIGENCE, Category.SESSIONS, Category.HEALTH_SENSITIVE):
        make_chronology(led, viewer("socialworker"), category=category, summary=f"Canary of {category}.")
    grant(led, world.agency("police"), reason=GrantReason.MISSING, categories=SLIVER)
    browser, page = client_as("detective"), f"/cases/{led.reference}/chronology/"
    assert set(re.findall(r"Canary of (\w+)\.", text(browser.get(page)))) == {"missing"}

    answer = browser.post(URL, fields(led), follow=True)
    assert answer.redirect_chain == [(f"/cases/{led.reference}/", 302)]
    assert "Emergency access: " in text(answer)
    assert set(re.findall(r"Canary of (\w+)\.", text(browser.get(page)))) == {"missing", "intelligence"}
    assert set(Alert.objects.values_list("kind", flat=True)) == {"emergency_opened", "emergency_on_file"}

    again = browser.post(URL, fields(led), follow=True)
    assert "is open to you already, so none was needed" in text(again)
    access = EmergencyAccess.objects.get()
    browser.post(f"{URL}{access.pk}/end/", {"idempotency_key": str(uuid4())})
    assert set(re.findall(r"Canary of (\w+)\.", text(browser.get(page)))) == {"missing"}


@pytest.mark.parametrize("restricts", ["the file", "one merged into it"])
def test_whoever_is_named_for_a_part_of_a_restricted_file_opens_no_more_of_it(child, world, client_as, restricts):
    grant(child, world.membership("detective"), reason=GrantReason.NAMED, categories=SLIVER)
    if restricts == "the file":
        Child.objects.filter(pk=child.pk).update(restricted=True)
    else:
        make_child("Ren", "Hallowell", merged_into=child, restricted=True)
    answer = client_as("detective").post(URL, fields(child), follow=True)
    assert answer.redirect_chain == [(f"/cases/{child.reference}/", 302)]
    assert not EmergencyAccess.objects.exists()
    assert not AccessGrant.objects.filter(reason=GrantReason.BREAK_GLASS).exists()


def test_a_conflict_shuts_a_part_that_was_open_and_the_rest_of_it(child, world, viewer, client_as):
    grant(child, world.agency("police"), reason=GrantReason.MISSING, categories=SLIVER)
    block(child, viewer("detective"), by=viewer("guardian"))
    assert NOTHING in text(client_as("detective").post(URL, fields(child)))
    assert not EmergencyAccess.objects.exists()


@pytest.mark.parametrize("person", ["nurse", "officer", "interviewer", "guardian", "teacher", "admin", "housing"])
def test_others_do_not_find_the_page(child, client_as, person):
    browser = client_as(person)
    assert browser.get(URL).status_code == browser.post(URL, fields(child)).status_code == 403
    assert not EmergencyAccess.objects.exists()


def test_a_service_call_by_another_role_opens_nothing(child, viewer, at):
    with pytest.raises(rules.EmergencyRefused):
        opened(child, viewer("nurse"), at)


def test_it_opens_to_the_acting_membership_alone(child, world, viewer, client_as, at):
    second = make_membership(world.user("detective"), world.agency("social_care"), role="csc_out_of_hours")
    AccessGrant.objects.filter(group=world.agency("social_care").group).update(ended_at=at - HOUR, end_reason="x")
    opened(child, viewer("detective"), at)
    seen = Child.objects.visible_to
    assert seen(viewer("detective"), at=at).filter(pk=child.pk).exists()
    assert not seen(viewer_of(second), at=at).filter(pk=child.pk).exists()


# --- What it never opens, and what is said then -----------------------------------------------------------------


def never(child, world, viewer, at):
    return fields()


def conflict(child, world, viewer, at):
    block(child, viewer("detective"), by=viewer("guardian"))
    return fields(child)


def conflict_on_a_merged_file(child, world, viewer, at):
    merged = make_child("Ren", "Hallowell", merged_into=child)
    block(merged, viewer("detective"), by=viewer("guardian"))
    return fields(child)


def a_merged_file_of_a_conflict(child, world, viewer, at):
    block(child, viewer("detective"), by=viewer("guardian"))
    return fields(make_child("Ren", "Hallowell", merged_into=child))


def restricted(child, world, viewer, at):
    Child.objects.filter(pk=child.pk).update(restricted=True)
    grant(child, world.membership("detective"))
    return fields(child)


def merged_restricted(child, world, viewer, at):
    make_child("Ren", "Hallowell", merged_into=child, restricted=True)
    return fields(child)


def named_under_another_membership(child, world, viewer, at):
    Child.objects.filter(pk=child.pk).update(restricted=True)
    # An agency after the police by name, so that the browser acts for the police.
    second = make_membership(world.user("detective"), world.agency("youth_justice"), role="csc_out_of_hours")
    grant(child, second, reason=GrantReason.NAMED)
    return fields(child)


KEPT = [
    conflict,
    conflict_on_a_merged_file,
    a_merged_file_of_a_conflict,
    restricted,
    merged_restricted,
    named_under_another_membership,
]


def answered(browser, posted):
    """Status, headers and body, the echo of what was typed and the keys aside, and the number of questions."""
    typed = posted["reference"] or posted["given_name"]
    with CaptureQueriesContext(connection) as captured:
        answer = browser.post(URL, posted)
    status, headers, body = plain(answer)
    return status, headers, body.replace(typed, "TYPED"), len(captured)


@pytest.mark.parametrize("kept", KEPT)
def test_a_file_that_is_kept_from_somebody_is_answered_like_one_that_never_was(kept, led, world, viewer, client_as, at):
    there = answered(client_as("detective"), kept(led, world, viewer, at))
    nowhere = answered(client_as("detective"), never(led, world, viewer, at))
    assert there == nowhere
    assert there[0] == 422
    assert NOTHING in there[2]
    assert not EmergencyAccess.objects.exists()
    assert not AccessGrant.objects.filter(reason=GrantReason.BREAK_GLASS).exists()
    assert not Alert.objects.exists()
    events = AccessEvent.objects.filter(outcome=AccessOutcome.REFUSED, action="cases:emergency_access")
    assert list(events.order_by("pk").values_list("child_id", "reason_code")) == [
        (led.pk, "emergency_refused"),
        (None, "emergency_refused"),
    ]


def test_a_second_file_of_the_same_child_is_no_way_round_a_conflict(child, viewer, client_as):
    twin = make_child("Wren", "Hallowell", birth_date=child.birth_date)
    browser = client_as("detective")
    assert NOTHING in text(browser.post(URL, by_name("Wren", "Hallowell")))
    block(child, viewer("detective"), by=viewer("guardian"))
    assert NOTHING in text(browser.post(URL, by_name("Wren", "Hallowell")))
    assert not EmergencyAccess.objects.exists()
    assert browser.post(URL, fields(twin)).status_code == 302


def own_names():
    """What is noted of those who asked for a child of their own family name."""
    events = AccessEvent.objects.filter(action="cases:emergency_access", reason_code="own_name").order_by("pk")
    return list(events.values_list("outcome", "child_id", "shown_ids"))


NOTED = (AccessOutcome.ALLOWED, None, [])


@pytest.mark.parametrize("kept", [conflict, restricted, merged_restricted, named_under_another_membership, None])
def test_asking_for_ones_own_name_is_noted_alike_whatever_is_found(led, world, viewer, client_as, at, kept):
    """Seen to fail: it was not noted; noted as a refusal, which is a try; noted only where a file was opened."""
    Child.objects.filter(pk=led.pk).update(family_name="Frobisher")
    if kept is None:
        make_child("Wren", "Frobisher", birth_date=led.birth_date)
    else:
        kept(led, world, viewer, at)
    there = answered(client_as("detective"), by_name("Wren", "Frobisher"))
    nowhere = answered(client_as("detective"), by_name("Wynn", "Frobisher"))
    assert there == nowhere
    assert NOTHING in there[2]
    assert own_names() == [NOTED, NOTED]
    assert tries_refused(viewer("detective"), at=at) == 2, "what is noted is no try"


def test_asking_for_ones_own_name_is_noted_where_a_file_is_opened_and_after_too_many_tries(
    child, viewer, client_as, at
):
    Child.objects.filter(pk=child.pk).update(family_name="Frobisher")
    browser = client_as("detective")
    for _ in range(2):
        assert browser.post(URL, by_name("Wren", "Frobisher")).status_code == 302
    for _ in range(5):
        browser.post(URL, fields())
    assert "You have tried 5 times" in text(browser.post(URL, by_name("Wynn", "Frobisher")))
    assert own_names() == [NOTED] * 3
    assert tries_refused(viewer("detective"), at=at) == 5


def test_asking_by_reference_or_for_another_name_notes_no_name(child, client_as):
    browser = client_as("detective")
    assert browser.post(URL, fields(given_name="Wren", family_name="Frobisher")).status_code == 422
    assert browser.post(URL, by_name("Wren", "Hallowell")).status_code == 302
    assert browser.post(URL, by_name("Wren", "Frobisher", born=("", "", ""))).status_code == 422
    assert own_names() == []


def test_the_refusal_outlives_the_form_that_came_back(client_as):
    """It goes through the second connection; here both are one, so the form's own savepoint is what it outlives."""
    client_as("detective").post(URL, fields())
    assert AccessEvent.objects.filter(outcome=AccessOutcome.REFUSED, action="cases:emergency_access").count() == 1


def test_a_block_placed_meanwhile_shuts_it_at_the_next_request(child, viewer, client_as):
    browser = client_as("detective")
    assert browser.post(URL, fields(child)).status_code == 302
    assert browser.get(f"/cases/{child.reference}/").status_code == 200
    block(child, viewer("detective"), by=viewer("guardian"))
    assert browser.get(f"/cases/{child.reference}/").status_code == 404


def test_a_restriction_placed_meanwhile_shuts_it_too(child, client_as):
    browser = client_as("detective")
    browser.post(URL, fields(child))
    Child.objects.filter(pk=child.pk).update(restricted=True)
    assert browser.get(f"/cases/{child.reference}/").status_code == 404
    Child.objects.filter(pk=child.pk).update(restricted=False)
    make_child("Ren", "Hallowell", merged_into=child, restricted=True)
    assert browser.get(f"/cases/{child.reference}/").status_code == 404


def test_after_five_tries_without_a_file_the_page_opens_none(child, client_as):
    browser = client_as("detective")
    for _ in range(5):
        assert NOTHING in text(browser.post(URL, fields()))
    answer = browser.post(URL, fields(child))
    assert answer.status_code == 422
    assert "You have tried 5 times in the last 24 hours" in text(answer)
    assert not EmergencyAccess.objects.exists()
    assert client_as("missing_coordinator").post(URL, fields(child)).status_code == 302


def test_each_try_beyond_them_is_written_down_with_what_it_aimed_at(child, viewer, client_as, at):
    browser = client_as("detective")
    for _ in range(5):
        browser.post(URL, fields())
    assert browser.post(URL, fields(child)).status_code == browser.post(URL, fields()).status_code == 422
    events = AccessEvent.objects.filter(outcome=AccessOutcome.REFUSED, action="cases:emergency_access").order_by("pk")
    assert list(events.values_list("reason_code", "child_id"))[5:] == [("tries_spent", child.pk), ("tries_spent", None)]
    assert tries_refused(viewer("detective"), at=at) == 5, "the day does not begin anew"


def test_files_that_were_opened_are_not_counted_as_tries(child, world, client_as):
    browser = client_as("detective")
    for number in range(6):
        assert browser.post(URL, fields(make_child(f"Child {number}"))).status_code == 302
    assert EmergencyAccess.objects.count() == 6


def test_a_try_of_yesterday_is_forgotten(child, viewer, at):
    for _ in range(5):
        opened(child, viewer("detective"), at, asked=AskedFor(reference="ZZZ-ZZZZ"))
    with pytest.raises(rules.EmergencyRefused):
        opened(child, viewer("detective"), at + timedelta(hours=23, minutes=59))
    assert opened(child, viewer("detective"), at + timedelta(hours=24, minutes=1)).access is not None


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"reason": "x" * 20}, "Say in at least 20 characters"),
        ({"reason": ""}, "Answer “What is happening, and why can you not wait?”"),
        ({"kind": ""}, "Select what kind of emergency it is"),
        ({"understood": ""}, "Tick that you know"),
        ({"known_by": ""}, "Select what you know of the child"),
        ({"reference": "Wren"}, "Enter a reference of seven letters and digits"),
        ({"reference": ""}, "Enter reference"),
        ({"reason": "<script>alert(1)</script> " * 60}, "must be 1000 characters or fewer"),
    ],
)
def test_what_is_missing_is_said_at_its_field_and_nothing_typed_is_lost(child, client_as, changed, message):
    answer = client_as("detective").post(URL, fields(child, **changed))
    assert answer.status_code == 422
    page = text(answer)
    assert message in page
    assert "<script>alert" not in page
    assert not EmergencyAccess.objects.exists()
    if "reason" not in changed:
        assert "He rang from a car" in page


# --- While it runs, and after -----------------------------------------------------------------------------------


def test_the_cells_of_the_matrix_still_apply_and_sessions_stay_shut(child, viewer, client_as, world, at):
    writer = viewer("socialworker")
    for category in (Category.MISSING, Category.INTELLIGENCE, Category.SESSIONS, Category.HEALTH_SENSITIVE):
        make_chronology(child, writer, category=category, summary=f"Canary of {category}.")
    opened(child, viewer("manager"), at)
    page = text(client_as("manager").get(f"/cases/{child.reference}/chronology/"))
    assert world.membership("manager").role == "specialist_manager"  # whose cell of sessions is full
    assert set(re.findall(r"Canary of (\w+)\.", page)) == {"missing", "health_sensitive"}
    grant(child, world.agency("specialist"))
    page = text(client_as("manager").get(f"/cases/{child.reference}/chronology/"))
    assert "sessions" in re.findall(r"Canary of (\w+)\.", page)


def test_each_page_of_the_file_says_how_long_and_can_end_it(things, world, client_as, viewer, at):
    opened(things.child, viewer("social_care_manager"), at)
    browser, said = client_as("social_care_manager"), 0
    for address in OF_FILES:
        if "GET" not in address.policy.methods or address.policy.is_operation:
            continue
        answer = ask(browser, "GET", address.filled(things.values(address)))
        if answer.status_code == 200 and "text/html" in answer["Content-Type"]:
            said += 1
            assert "Emergency access: 60 minutes left" in text(answer), address.pattern
            assert "End it now" in text(answer)
    assert said >= 15


def test_nobody_else_reads_the_banner(child, client_as, viewer, at):
    opened(child, viewer("detective"), at)
    for person in ("socialworker", "guardian"):
        assert "Emergency access:" not in text(client_as(person).get(f"/cases/{child.reference}/"))


def test_after_an_hour_the_file_is_not_there(child, client_as, viewer, at):
    opened(child, viewer("detective"), at - timedelta(minutes=60, seconds=1))
    opened(child, viewer("missing_coordinator"), at - timedelta(minutes=59))
    browser = client_as("detective")
    gone, nowhere = browser.get(f"/cases/{child.reference}/"), browser.get("/cases/ZZZ-ZZZZ/")
    assert gone.status_code == 404
    assert plain(gone) == plain(nowhere)
    assert "Emergency access: 1 minute left" in text(client_as("missing_coordinator").get(f"/cases/{child.reference}/"))


def test_whoever_opened_it_ends_it(child, client_as, at):
    browser = client_as("detective")
    browser.post(URL, fields(child))
    access = EmergencyAccess.objects.get()
    answer = browser.post(f"{URL}{access.pk}/end/", {"idempotency_key": str(uuid4())}, follow=True)
    assert answer.status_code == 200
    assert child.reference not in text(answer)
    assert browser.get(f"/cases/{child.reference}/").status_code == 404
    access.refresh_from_db()
    assert access.ended_by.username == "detective"
    given = AccessGrant.objects.get(reason=GrantReason.BREAK_GLASS)
    assert (given.ended_at, given.ended_by) == (access.ended_at, access.ended_by)
    again = browser.post(f"{URL}{access.pk}/end/", {"idempotency_key": str(uuid4())})
    assert again.status_code == 403
    assert "It has ended already." in text(again)
    assert EmergencyAccess.objects.get().ended_at == access.ended_at


def test_a_guardian_may_end_it_and_nobody_else(child, client_as, viewer, at):
    opened(child, viewer("detective"), at)
    access = EmergencyAccess.objects.get()
    for person in ("missing_coordinator", "socialworker", "social_care_manager", "triage", "outsider"):
        answer = client_as(person).post(f"{URL}{access.pk}/end/", {"idempotency_key": str(uuid4())})
        assert (person, answer.status_code) == (person, 404)
    assert client_as("detective").get(f"/cases/{child.reference}/").status_code == 200
    client_as("guardian").post(f"{URL}{access.pk}/end/", {"idempotency_key": str(uuid4())})
    assert client_as("detective").get(f"/cases/{child.reference}/").status_code == 404


def test_an_emergency_brings_nobody_in_and_sends_nobody_away(child, client_as, viewer, at):
    opened(child, viewer("detective"), at)
    for page in ("involvement/add/", "panel/list/"):
        assert client_as("detective").get(f"/cases/{child.reference}/{page}").status_code == 403, page


# --- The register and the review ---------------------------------------------------------------------------------


@pytest.fixture
def over(led, viewer, client_as, at):
    """An emergency of the detective's, ended, during which two pages were looked at."""
    opened(led, viewer("detective"), at)
    browser = client_as("detective")
    browser.get(f"/cases/{led.reference}/")
    browser.get(f"/cases/{led.reference}/chronology/")
    client_as("socialworker").get(f"/cases/{led.reference}/involvement/")
    access = EmergencyAccess.objects.get()
    browser.post(f"{URL}{access.pk}/end/", {"idempotency_key": str(uuid4())})
    access.refresh_from_db()
    return access


def one(access):
    return f"{REGISTER}{access.pk}/"


def verdict(**changed):
    return {
        "idempotency_key": str(uuid4()),
        "verdict": "not_justified",
        "words": "The child was at school all the time.",
        **changed,
    }


def test_whoever_opened_it_is_seen_to_read_of_it(led, world, client_as):
    browser = client_as("detective")
    browser.post(URL, fields(led))
    for page in (URL, one(EmergencyAccess.objects.get())):
        assert led.reference in text(browser.get(page))
    events = AccessEvent.objects.filter(shown_ids__contains=[led.pk], user_id=world.user("detective").pk)
    assert set(events.values_list("action", flat=True)) == {"cases:emergency_access", "cases:emergency_review"}


def test_the_guardian_reads_who_why_and_every_page(over, led, client_as):
    page = text(client_as("guardian").get(one(over)))
    for words in (led.reference, "Delia Frobisher", "Northmere Police", "A child is missing", REASON):
        assert words in page
    assert re.findall(r'data-label="Page"[^>]*>([^<]+)<', page) == ["Overview", "Chronology"]
    assert "Delia Frobisher" in text(client_as("guardian").get(REGISTER))
    assert "Delia Frobisher: a child is missing" in text(client_as("guardian").get("/"))


@pytest.mark.parametrize(("looks", "said"), [(200, False), (201, True)])
def test_the_guardian_is_told_where_the_list_of_looks_stops(led, world, client_as, at, looks, said):
    member = world.membership("detective")
    access = make_emergency(led, member, opened_at=at - HOUR / 2)
    AccessEvent.objects.bulk_create(
        AccessEvent(
            user_id=member.user_id, membership_id=member.pk, action="cases:file", outcome=AccessOutcome.ALLOWED,
            reason_code="granted", child_id=led.pk,
        )
        for _ in range(looks)
    )  # fmt: skip
    page = text(client_as("guardian").get(one(access)))
    assert len(re.findall(r'data-label="Page"', page)) == 200
    assert ("These are the first 200. There were more" in page) is said


def test_a_review_stops_the_clock_and_tells_the_person(over, client_as, viewer, at):
    answer = client_as("guardian").post(one(over), verdict())
    assert (answer.status_code, answer.url) == (302, REGISTER)
    over.refresh_from_db()
    assert (over.verdict, over.reviewed_by.username) == (EmergencyVerdict.NOT_JUSTIFIED, "guardian")
    assert Clock.objects.get().state == ClockState.DONE
    assert [alert.kind for alert in open_alerts(viewer("guardian"), at=at + HOUR)] == []
    assert [alert.kind for alert in open_alerts(viewer("socialworker"), at=at + HOUR)] == ["emergency_on_file"]
    (told,) = open_alerts(viewer("detective"), at=at + HOUR)
    assert (told.kind, told.href) == ("emergency_judged", one(over))
    page = text(client_as("detective").get(one(over)))
    assert "Not justified" in page
    assert "The child was at school all the time." in page


def test_a_manager_reads_of_their_own_people_and_not_which_child(over, led, world, viewer, client_as, at):
    boss = client_as(make_membership(agency=world.agency("police"), role="csc_manager").user)
    client_as("guardian").post(one(over), verdict())
    for page in (text(boss.get(REGISTER)), text(boss.get(one(over)))):
        assert "Delia Frobisher" in page
        assert "Not justified" in page
        for hidden in (led.reference, "Wren", "Hallowell", "He rang from a car", "Chronology"):
            assert hidden not in page
    assert "Delia Frobisher" not in text(client_as("manager").get(REGISTER))
    assert client_as("manager").get(one(over)).status_code == 404
    assert boss.post(one(over), verdict()).status_code in (403, 422)


def test_whoever_leads_reads_why_but_not_the_pages_and_does_not_review(over, client_as):
    answer = client_as("socialworker").get(one(over))
    assert "He rang from a car" in text(answer)
    assert "What was looked at" not in text(answer)
    client_as("socialworker").post(one(over), verdict())
    over.refresh_from_db()
    assert over.verdict == ""


@pytest.mark.parametrize("person", ["missing_coordinator", "keyworker", "triage", "nurse", "outsider", "admin"])
def test_others_find_nothing_there(over, client_as, person):
    browser = client_as(person)
    there, nowhere = browser.get(one(over)), browser.get(f"{REGISTER}{uuid4()}/")
    assert there.status_code == 404
    assert plain(there) == plain(nowhere)


def test_a_guardian_with_a_conflict_never_reads_of_the_file(over, led, viewer, client_as, at):
    assert led.reference in text(client_as("guardian").get(REGISTER))
    block(led, viewer("guardian"), by=viewer("triage"))
    browser = client_as("guardian")
    for page in (text(browser.get(REGISTER)), text(browser.get("/")), text(browser.get("/alerts/"))):
        for hidden in (led.reference, "Delia Frobisher", str(over.pk)):
            assert hidden not in page
    assert browser.get(one(over)).status_code == browser.post(one(over), verdict()).status_code == 404


def test_nobody_reviews_what_they_opened_themselves(over, world, client_as, at):
    own = make_membership(
        world.user("detective"), world.agency("partnership"), role="data_guardian", functions=("data_guardians",)
    )
    browser = client_as("detective")
    session = browser.session
    session["acting_membership"] = str(own.pk)
    session.save()
    page = text(browser.get(one(over)))
    assert "Save the review" not in page
    answer = browser.post(one(over), verdict())
    assert answer.status_code == 422
    assert "You opened this file yourself" in text(answer)
    assert AccessEvent.objects.get(outcome=AccessOutcome.REFUSED).reason_code == "own_deed"
    over.refresh_from_db()
    assert over.verdict == ""


def test_a_guardian_of_the_same_agency_leaves_it_to_another(led, world, viewer, at):
    opened(led, viewer("detective"), at - 2 * HOUR)
    access = EmergencyAccess.objects.get()
    colleague = viewer_of(
        make_membership(agency=world.agency("police"), role="data_guardian", functions=("data_guardians",))
    )
    given = {"access_id": access.pk, "verdict": "justified", "words": "Rightly opened.", "at": at}
    with pytest.raises(rules.EmergencyRefused, match="another agency"):
        services.review_emergency(by=colleague, **given)
    block(led, viewer("guardian"), by=viewer("triage"))
    services.review_emergency(by=colleague, **given)


def test_it_is_reviewed_once_and_when_it_is_over(led, viewer, client_as, at):
    opened(led, viewer("detective"), at)
    access = EmergencyAccess.objects.get()
    answer = client_as("guardian").post(one(access), verdict())
    assert answer.status_code == 422
    assert "It is still open." in text(answer)
    client_as("guardian").post(f"{URL}{access.pk}/end/", {"idempotency_key": str(uuid4())})
    assert client_as("guardian").post(one(access), verdict(words="No.")).status_code == 422
    assert client_as("guardian").post(one(access), verdict()).status_code == 302
    again = client_as("guardian").post(one(access), verdict(verdict="justified"))
    assert "has reviewed this already" in text(again)
    access.refresh_from_db()
    assert access.verdict == "not_justified"


def test_an_overdue_review_is_told_to_more_people_at_each_rung(led, viewer, world, client_as, at):
    serving = make_membership(
        agency=world.agency("specialist"), role="specialist_manager", functions=("service_managers",)
    )
    opened(led, viewer("detective"), at)
    due = Clock.objects.get().due_at

    def told():
        return {
            (alert.step, alert.group.function.key)
            for alert in Alert.objects.filter(kind=ClockKind.EMERGENCY_REVIEWED).select_related("group__function")
        }

    sweep(due - timedelta(hours=4, minutes=1))
    assert told() == set()
    sweep(due - timedelta(hours=4))
    assert told() == {(1, "data_guardians")}
    sweep(due)
    late = {(2, "data_guardians"), (2, "panel_office"), (2, "service_managers")}
    assert told() == {(1, "data_guardians")} | late
    access = EmergencyAccess.objects.get()
    for person, status in (("chair", 200), ("manager", 404)):
        answer = client_as(person).get(one(access))
        assert (person, answer.status_code) == (person, status)
    page = text(client_as(serving.user).get(one(access)))
    assert "Delia Frobisher" in page
    assert "He rang from a car" not in page
    assert led.reference not in page
    assert serving.user.email in OutboxMessage.objects.values_list("membership__user__email", flat=True)


def test_a_late_review_is_taken_by_who_can_judge_and_never_by_who_opened_the_file(led, viewer, world, client_as, at):
    """The last rung reaches the panel's office and managers, one of whom opened the file."""
    boss = make_membership(agency=world.agency("police"), role="csc_manager", functions=("service_managers",))
    opened(led, viewer_of(boss), at)
    sweep(Clock.objects.get().due_at)
    later = Clock.objects.get().due_at + HOUR
    for person in (viewer_of(boss), viewer("chair"), viewer("guardian")):
        (told,) = [alert for alert in open_alerts(person, at=later) if alert.kind == ClockKind.EMERGENCY_REVIEWED]
        assert (told.href, told.may_take) == (one(EmergencyAccess.objects.get()), person == viewer("guardian"))
        if person != viewer("guardian"):
            with pytest.raises(AlertNotYours):
                acknowledge_alert(alert_id=told.alert_id, at=later, by=person)
    acknowledge_alert(alert_id=told.alert_id, at=later, by=viewer("guardian"))


def test_a_manager_with_a_conflict_does_not_read_that_their_people_opened_the_file(over, led, world, client_as):
    boss = make_membership(agency=world.agency("police"), role="csc_manager")
    browser = client_as(boss.user)
    assert "Delia Frobisher" in text(browser.get(REGISTER))
    block(led, viewer_of(boss), by=world.viewer("triage"))
    assert "Delia Frobisher" not in text(browser.get(REGISTER))
    never = browser.get(f"{REGISTER}{uuid4()}/")
    assert plain(browser.get(one(over))) == plain(never)


def test_the_sweep_starts_a_clock_that_was_left_out(child, world, at):
    access = make_emergency(child, world.membership("detective"))
    sweep(at)
    clock = Clock.objects.get()
    assert (clock.subject_id, clock.child_id, clock.started_by_sweep) == (access.pk, child.pk, True)


@pytest.mark.parametrize("rows", [1, 3])
def test_the_register_asks_the_same_number_of_questions(world, at, client_as, rows):
    for number in range(rows):
        made = make_child(f"Child {number}")
        grant_to_function(child_id=made.pk, function=FunctionKey.DATA_GUARDIANS, at=at - HOUR, by=None)
        make_emergency(made, world.membership("detective"))
    browser = client_as("guardian")
    browser.get(REGISTER)
    assert len(questions(browser, REGISTER)) == REGISTER_QUERIES
    assert len(re.findall(r'data-label="Who"', text(browser.get(REGISTER)))) == rows


REGISTER_QUERIES = 10


def test_the_register_is_narrowed_and_says_its_faults(child, world, client_as, at):
    make_emergency(child, world.membership("detective"), kind="danger")
    make_emergency(child, world.membership("missing_coordinator"), opened_at=at - timedelta(minutes=5))

    def who(query):
        return re.findall(r'data-label="Who"[^>]*>([^<]+)<', text(client_as("guardian").get(REGISTER + query)))

    assert who("") == ["Mabel Agyeman", "Delia Frobisher"]
    assert who("?state=open") == ["Mabel Agyeman"]
    assert who("?kind=danger") == ["Delia Frobisher"]
    assert who("?state=reviewed") == []
    assert client_as("guardian").get(f"{REGISTER}?state=nonsense").status_code == 422
    tomorrow = at.date() + timedelta(days=1)
    query = f"?opened_from_day={tomorrow.day}&opened_from_month={tomorrow.month}&opened_from_year={tomorrow.year}"
    assert who(query) == []


def test_what_was_opened_and_judged_is_never_rewritten(over, client_as):
    client_as("guardian").post(one(over), verdict())
    for column, value in (("reason", "'x'"), ("opened_at", "now()"), ("membership_id", "membership_id")):
        with pytest.raises(Exception, match="permission denied"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"UPDATE cases_emergencyaccess SET {column} = {value}")
    with pytest.raises(Exception), transaction.atomic(), connection.cursor() as cursor:  # noqa: B017, PT011
        cursor.execute("UPDATE cases_emergencyaccess SET verdict = 'justified'")
    with pytest.raises(Exception, match="permission denied"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM cases_emergencyaccess")

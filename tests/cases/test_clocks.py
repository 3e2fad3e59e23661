"""Alerts: raised once, climbing by elapsed minutes, taken by a person, and told by an e-mail that says nothing."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from django.core import mail
from django.core.mail.backends import locmem
from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.choices import FunctionKey
from accounts.forms import WriteForm
from accounts.models import Membership, User
from accounts.rules.dates import day
from accounts.rules.refusals import NotKnown
from cases import tasks
from cases.clocks import services
from cases.clocks.choices import AlertKind, ClockKind
from cases.clocks.models import Alert, OutboxMessage
from cases.clocks.rules import LADDERS, URGENCY, dedupe_key_of, steps_reached, wait_after
from cases.clocks.rules.due import midnight
from cases.clocks.selectors import SHOULD_ALERT, SHOULD_RUN, OpenAlert, count_open_alerts, open_alerts
from cases.presenters.alerts import HEADINGS, LISTED, NONE_TO_TAKE, SHOWN, alert_groups, lead_words
from tests.factories.accounts import make_membership, make_user
from tests.factories.referrals import make_notification

LONDON = ZoneInfo("Europe/London")
URGENT = AlertKind.URGENT_NOTIFICATION
NIGHT = datetime(2026, 3, 4, 2, 30, tzinfo=UTC)
LATER = NIGHT + timedelta(minutes=40)
OOH, POINT, OFFICE = FunctionKey.OUT_OF_HOURS, FunctionKey.NOTIFICATION_POINT, FunctionKey.PANEL_OFFICE


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


def raised() -> set[tuple[int, str]]:
    return {(alert.step, alert.group.function.key) for alert in Alert.objects.select_related("group__function")}


def told() -> set[tuple[int, str]]:
    rows = OutboxMessage.objects.select_related("alert", "membership__user")
    return {(row.alert.step, row.membership.user.username) for row in rows}


# --- The rule -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("after", "steps"), [(0, 1), (14.99, 1), (15, 2), (29.99, 2), (30, 3), (45, 4), (60 * 24 * 365, 4)]
)
def test_an_alert_climbs_every_fifteen_minutes_and_stops_at_the_fourth_step(after: float, steps: int) -> None:
    assert steps_reached(URGENT, raised_at=NIGHT, at=NIGHT + minutes(after)) == steps


@pytest.mark.parametrize(
    ("raised_at", "wall_clock", "steps"),
    [
        # 29 March 2026: at 1am the clocks say 2am. From 00:50 to 02:05 only 15 minutes pass.
        (datetime(2026, 3, 29, 0, 50, tzinfo=LONDON), datetime(2026, 3, 29, 2, 4, tzinfo=LONDON), 1),
        (datetime(2026, 3, 29, 0, 50, tzinfo=LONDON), datetime(2026, 3, 29, 2, 5, tzinfo=LONDON), 2),
        # 25 October 2026: at 2am the clocks say 1am again. From 01:50 to the second 01:05 it is 15 minutes, on the
        # wall it is 45 minutes before.
        (datetime(2026, 10, 25, 1, 50, tzinfo=LONDON), datetime(2026, 10, 25, 1, 4, tzinfo=LONDON, fold=1), 1),
        (datetime(2026, 10, 25, 1, 50, tzinfo=LONDON), datetime(2026, 10, 25, 1, 5, tzinfo=LONDON, fold=1), 2),
    ],
)
def test_minutes_are_elapsed_minutes_when_the_clocks_change(
    raised_at: datetime, wall_clock: datetime, steps: int, world: object
) -> None:
    start, at = raised_at.astimezone(UTC), wall_clock.astimezone(UTC)
    assert steps_reached(URGENT, raised_at=start, at=at) == steps
    subject = uuid4()
    services.start_ladder(kind=URGENT, subject_id=subject, at=raised_at)
    services.sweep(wall_clock)
    assert max(step for step, _ in raised()) == steps


def test_every_step_tells_at_least_those_that_were_told_before() -> None:
    functions = [set(step.functions) for step in LADDERS[URGENT]]
    assert functions == [{OOH}, {OOH, POINT}, {OOH, POINT, OFFICE}, {OOH, POINT, OFFICE}]


@pytest.mark.parametrize(("tries", "seconds"), [(1, 15), (2, 30), (3, 60), (5, 240), (6, 300), (40, 300), (10**6, 300)])
def test_an_email_waits_longer_after_each_failure_and_never_more_than_five_minutes(tries: int, seconds: int) -> None:
    assert wait_after(tries) == timedelta(seconds=seconds)


# --- Raising --------------------------------------------------------------------------------------------


def test_raising_tells_everybody_who_serves_in_the_group_now_and_nobody_else(world, viewer) -> None:
    social_care = world.agency("social_care")
    second = make_membership(make_user("second"), social_care, role="csc_out_of_hours", functions=(OOH,))
    make_membership(make_user("left"), social_care, functions=(OOH,), ended_on=date(2026, 3, 4))
    make_membership(make_user("not_yet"), social_care, functions=(OOH,), started_on=date(2026, 3, 5))
    unpaid = make_membership(make_user("no_address"), social_care, functions=(OOH,))
    type(unpaid.user).objects.filter(pk=unpaid.user_id).update(email="")
    gone = make_membership(make_user("deactivated"), social_care, functions=(OOH,))
    type(gone.user).objects.filter(pk=gone.user_id).update(is_active=False)
    twice = make_membership(second.user, world.agency("police"), functions=(OOH,))

    assert services.start_ladder(kind=URGENT, subject_id=uuid4(), at=NIGHT) is True

    assert raised() == {(1, OOH)}
    assert told() == {(1, "out_of_hours"), (1, "second")}
    assert OutboxMessage.objects.count() == 2, f"one e-mail a person, though {twice.user} serves twice"


def test_the_day_a_membership_ends_is_london_s_day(world) -> None:
    make_membership(make_user("until"), world.agency("social_care"), functions=(OOH,), ended_on=date(2026, 6, 2))
    # 11:30pm on 1 June in UTC is half past midnight on 2 June in London.
    services.start_ladder(kind=URGENT, subject_id=uuid4(), at=datetime(2026, 6, 1, 23, 30, tzinfo=UTC))
    assert told() == {(1, "out_of_hours")}


def test_raising_twice_is_one_alert_and_one_email(world) -> None:
    subject = uuid4()
    assert services.start_ladder(kind=URGENT, subject_id=subject, at=NIGHT) is True
    assert services.start_ladder(kind=URGENT, subject_id=subject, at=NIGHT + minutes(1)) is False
    assert Alert.objects.get().dedupe_key == dedupe_key_of(URGENT, subject, 1, OOH)
    assert OutboxMessage.objects.count() == 1


def test_an_alert_that_is_rolled_back_leaves_no_email(world) -> None:
    with transaction.atomic():
        services.start_ladder(kind=URGENT, subject_id=uuid4(), at=NIGHT)
        assert OutboxMessage.objects.count() == 1
        transaction.set_rollback(True)
    assert (Alert.objects.count(), OutboxMessage.objects.count()) == (0, 0)


def test_an_alert_that_reaches_nobody_is_an_error_in_the_log(world, caplog) -> None:
    User.objects.filter(username="out_of_hours").update(email="")
    services.start_ladder(kind=URGENT, subject_id=uuid4(), at=NIGHT)
    assert [record.message for record in caplog.records] == ["alert_reaches_nobody"]
    assert Alert.objects.count() == 1


# --- Climbing -------------------------------------------------------------------------------------------


def test_an_alert_that_nobody_takes_reaches_more_people_at_each_step(world) -> None:
    services.start_ladder(kind=URGENT, subject_id=uuid4(), at=NIGHT)
    seen = []
    for after in (14, 15, 16, 30, 45, 46, 600):
        before = raised()
        services.sweep(NIGHT + minutes(after))
        seen.append((after, raised() - before))
    assert seen == [
        (14, set()),
        (15, {(2, OOH), (2, POINT)}),
        (16, set()),
        (30, {(3, OOH), (3, POINT), (3, OFFICE)}),
        (45, {(4, OOH), (4, POINT), (4, OFFICE)}),
        (46, set()),
        (600, set()),
    ]
    assert {name for step, name in told() if step == 3} == {"out_of_hours", "triage", "chair", "coordinator"}


def test_after_an_outage_every_step_that_was_due_is_raised_at_once(world) -> None:
    services.start_ladder(kind=URGENT, subject_id=uuid4(), at=NIGHT)
    swept = services.sweep(NIGHT + minutes(40))
    assert {step for step, _ in raised()} == {1, 2, 3}
    assert (swept.missed, swept.climbed, swept.messages) == (0, 5, 6)
    assert services.sweep(NIGHT + minutes(40)) == services.Swept()


def test_an_alert_that_was_taken_climbs_no_further(world, viewer) -> None:
    taken, open_ = uuid4(), uuid4()
    services.start_ladder(kind=URGENT, subject_id=taken, at=NIGHT)
    services.start_ladder(kind=URGENT, subject_id=open_, at=NIGHT)
    services.acknowledge_alert(
        alert_id=Alert.objects.get(subject_id=taken).pk, at=NIGHT + minutes(14), by=viewer("out_of_hours")
    )
    services.sweep(NIGHT + minutes(60))
    assert {alert.step for alert in Alert.objects.filter(subject_id=taken)} == {1}
    assert {alert.step for alert in Alert.objects.filter(subject_id=open_)} == {1, 2, 3, 4}


def test_one_sweep_is_the_same_few_statements_for_one_alert_and_for_thirty(
    world, django_assert_num_queries, monkeypatch
) -> None:
    monkeypatch.setitem(SHOULD_ALERT, URGENT, lambda at: Alert.objects.filter(step=9).values("subject_id"))
    services.start_ladder(kind=URGENT, subject_id=uuid4(), at=NIGHT)
    for kind in set(SHOULD_RUN) - {ClockKind.NOTIFICATION_DECIDED, ClockKind.URGENT_NOTIFICATION_DECIDED}:
        monkeypatch.delitem(SHOULD_RUN, kind)
    # The run written down, old ones thrown away, the run's end: 3. Eleven parts, each with a savepoint of its own: 22.
    # For each of two kinds of clock the definition, start and stop, and closed days for one: 7. For each of three kinds
    # of alert missed and climb: 6. Every clock's rungs: 1.
    with django_assert_num_queries(SWEEP_QUERIES):
        services.sweep(NIGHT + minutes(16))
    for _ in range(29):
        services.start_ladder(kind=URGENT, subject_id=uuid4(), at=NIGHT + minutes(20))
    with django_assert_num_queries(SWEEP_QUERIES):
        assert services.sweep(NIGHT + minutes(70)).climbed == 2 * 3 + 29 * 8


# --- Taking ---------------------------------------------------------------------------------------------


def test_taking_an_alert_takes_it_from_every_group_that_was_told(world, viewer) -> None:
    services.start_ladder(kind=URGENT, subject_id=uuid4(), at=NIGHT)
    services.sweep(NIGHT + minutes(15))
    people = ("out_of_hours", "triage", "chair", "teacher")
    assert [count_open_alerts(viewer(name), at=LATER) for name in people] == [1, 1, 0, 0]

    mine = open_alerts(viewer("triage"), at=LATER)[0]
    services.acknowledge_alert(alert_id=mine.alert_id, at=NIGHT + minutes(20), by=viewer("triage"))

    assert [count_open_alerts(viewer(name), at=LATER) for name in ("out_of_hours", "triage")] == [0, 0]
    assert set(Alert.objects.values_list("acknowledged_at", "acknowledged_by")) == {
        (NIGHT + minutes(20), viewer("triage").user_id)
    }


def test_who_cannot_deal_with_a_thing_does_not_take_its_alert_whoever_calls(world, viewer) -> None:
    """The chair is told by a later rung, and does not open the page of triage."""
    sent = make_notification(viewer("teacher"), sent_at=NIGHT)
    services.start_ladder(kind=URGENT, subject_id=sent.pk, at=NIGHT)
    services.sweep(NIGHT + minutes(60))
    chairs = open_alerts(viewer("chair"), at=LATER)[0]
    with pytest.raises(services.AlertNotYours):
        services.acknowledge_alert(alert_id=chairs.alert_id, at=NIGHT + minutes(61), by=viewer("chair"))
    assert not Alert.objects.exclude(acknowledged_at=None).exists()
    groups = alert_groups([chairs], at=LATER)
    assert NONE_TO_TAKE in lead_words(groups)
    assert "Take one" not in lead_words(groups)
    assert "Take one" in lead_words(alert_groups(open_alerts(viewer("triage"), at=LATER), at=LATER))


def test_a_second_taker_is_told_that_a_colleague_was_first(world, viewer) -> None:
    services.start_ladder(kind=URGENT, subject_id=uuid4(), at=NIGHT)
    alert = Alert.objects.get()
    services.acknowledge_alert(alert_id=alert.pk, at=NIGHT, by=viewer("out_of_hours"))
    with pytest.raises(services.AlertTaken):
        services.acknowledge_alert(alert_id=alert.pk, at=NIGHT + minutes(1), by=viewer("out_of_hours"))
    alert.refresh_from_db()
    assert alert.acknowledged_at == NIGHT


@pytest.mark.parametrize("name", ["teacher", "triage", "outsider"])
def test_an_alert_of_another_group_is_not_known(world, viewer, name: str) -> None:
    services.start_ladder(kind=URGENT, subject_id=uuid4(), at=NIGHT)
    with pytest.raises(NotKnown):
        services.acknowledge_alert(alert_id=Alert.objects.get().pk, at=NIGHT, by=viewer(name))
    assert Alert.objects.filter(acknowledged_at=None).count() == 1


def test_deciding_a_subject_takes_its_alerts_and_no_others(world, viewer) -> None:
    decided, other = uuid4(), uuid4()
    for subject in (decided, other):
        services.start_ladder(kind=URGENT, subject_id=subject, at=NIGHT)
    services.sweep(NIGHT + minutes(15))
    count = services.acknowledge_subject(kind=URGENT, subject_id=decided, at=NIGHT + minutes(16), by=viewer("triage"))
    assert count == 3
    assert set(Alert.objects.filter(acknowledged_at=None).values_list("subject_id", flat=True)) == {other}


# --- What should be running -----------------------------------------------------------------------------


def test_the_sweep_raises_what_a_service_forgot_and_says_so(world, monkeypatch, caplog) -> None:
    forgotten = [Membership.objects.order_by("pk")[0].pk, Membership.objects.order_by("pk")[1].pk]
    monkeypatch.setitem(SHOULD_ALERT, URGENT, lambda at: Membership.objects.filter(pk__in=forgotten).values("pk"))
    services.start_ladder(kind=URGENT, subject_id=forgotten[0], at=NIGHT)

    swept = services.sweep(NIGHT + minutes(1))

    assert (swept.missed, swept.messages) == (1, 1)
    assert [record.message for record in caplog.records] == ["alert_was_missed"]
    assert set(Alert.objects.values_list("subject_id", flat=True)) == set(forgotten)
    assert services.sweep(NIGHT + minutes(2)) == services.Swept()


def test_the_sweep_does_not_raise_again_what_was_taken(world, viewer, monkeypatch) -> None:
    subject = Membership.objects.order_by("pk")[0].pk
    monkeypatch.setitem(SHOULD_ALERT, URGENT, lambda at: Membership.objects.filter(pk=subject).values("pk"))
    services.sweep(NIGHT)
    services.acknowledge_alert(alert_id=Alert.objects.get().pk, at=NIGHT, by=viewer("out_of_hours"))
    assert services.sweep(NIGHT + minutes(50)) == services.Swept()


# --- E-mail ---------------------------------------------------------------------------------------------


def test_the_email_says_nothing_but_to_sign_in(world, settings) -> None:
    settings.BASE_URL = "https://harbour.example"
    settings.DEFAULT_FROM_EMAIL = "Harbour <harbour@harbour.example>"
    subject = uuid4()
    services.start_ladder(kind=URGENT, subject_id=subject, at=NIGHT)
    assert services.dispatch(NIGHT) == 1
    (sent,) = mail.outbox
    row = OutboxMessage.objects.get()
    assert (sent.subject, sent.body, sent.to, sent.cc, sent.bcc) == (
        "An urgent item in Harbour",
        "You have an urgent item in Harbour. Sign in to read it.\n\nhttps://harbour.example\n",
        ["out_of_hours@harbour.example"],
        [],
        [],
    )
    assert sent.extra_headers["Message-ID"] == f"<{row.message_id}@harbour.example>"
    assert str(subject) not in sent.message().as_string()
    assert row.sent_at == NIGHT
    assert services.dispatch(NIGHT + minutes(1)) == 0


class BrokenServer(locmem.EmailBackend):
    def send_messages(self, messages):
        raise ConnectionRefusedError("mx.harbour.example refused out_of_hours@harbour.example")


def test_an_email_that_fails_waits_and_goes_out_under_the_same_id(world, settings) -> None:
    services.start_ladder(kind=URGENT, subject_id=uuid4(), at=NIGHT)
    working = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND = f"{__name__}.BrokenServer"
    assert services.dispatch(NIGHT) == 0
    row = OutboxMessage.objects.get()
    assert (row.tries, row.sent_at, row.last_error) == (1, None, "ConnectionRefusedError")
    assert row.next_try_at == NIGHT + timedelta(seconds=15)
    settings.EMAIL_BACKEND = working
    assert services.dispatch(NIGHT + timedelta(seconds=14)) == 0
    assert services.dispatch(NIGHT + timedelta(seconds=15)) == 1
    assert str(row.message_id) in mail.outbox[0].extra_headers["Message-ID"]


def test_it_never_gives_up(world, settings) -> None:
    services.start_ladder(kind=URGENT, subject_id=uuid4(), at=NIGHT)
    settings.EMAIL_BACKEND = f"{__name__}.BrokenServer"
    at = NIGHT
    for _ in range(30):
        services.dispatch(at)
        at = OutboxMessage.objects.get().next_try_at
    assert OutboxMessage.objects.get().tries == 30
    assert at < NIGHT + timedelta(hours=3)


def test_one_bad_address_does_not_hold_up_the_others(world) -> None:
    bad = make_membership(make_user("bad"), world.agency("social_care"), functions=(OOH,))
    type(bad.user).objects.filter(pk=bad.user_id).update(email="bad\nBcc: everybody@harbour.example")
    services.start_ladder(kind=URGENT, subject_id=uuid4(), at=NIGHT)
    assert services.dispatch(NIGHT) == 1
    assert [sent.to for sent in mail.outbox] == [["out_of_hours@harbour.example"]]
    assert OutboxMessage.objects.get(sent_at=None).last_error == "BadHeaderError"


def test_a_server_that_does_not_answer_is_left_alone_until_the_next_run(world, settings) -> None:
    for _ in range(9):
        services.start_ladder(kind=URGENT, subject_id=uuid4(), at=NIGHT)
    settings.EMAIL_BACKEND = f"{__name__}.BrokenServer"
    services.dispatch(NIGHT)
    assert sorted(OutboxMessage.objects.values_list("tries", flat=True)) == [0] * 5 + [1] * 4


# --- Tasks and the page ---------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_the_tasks_write_their_own_history_context(world, at, without_history) -> None:
    subject = uuid4()
    services.start_ladder(kind=URGENT, subject_id=subject, at=at - minutes(20))
    with without_history():
        tasks.sweep()
        tasks.dispatch()
    assert raised() == {(1, OOH), (2, OOH), (2, POINT)}
    assert len(mail.outbox) == 3
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT pgh_context->>'reason' FROM cases_alertevent WHERE step = 2")
        assert cursor.fetchall() == [("sweep",)]


def row_of(alert: OpenAlert, *, at: datetime) -> dict[str, Any]:
    (group,) = alert_groups([alert], at=at)
    (row,) = group["rows"]
    return row


def test_an_alert_says_how_long_the_matter_waits_not_how_long_ago_somebody_was_told(world, at) -> None:
    subject = uuid4()
    started = {
        "subject_id": subject,
        "owner_group_id": world.functions[OOH].group_id,
        "at": at,
        "by": world.viewer("triage"),
    }
    services.start_clock(
        kind=ClockKind.URGENT_NOTIFICATION_DECIDED, child_id=None, anchored_at=at - timedelta(hours=23), **started
    )
    services.start_ladder(kind=URGENT, subject_id=subject, at=at - minutes(16))
    alert = next(one for one in open_alerts(world.viewer("out_of_hours"), at=at) if one.kind == URGENT)
    assert alert.waits_since == at - timedelta(hours=23)
    assert alert.raised_at == at - minutes(16)
    assert row_of(alert, at=at)["stands"] == "Waiting 23 hours"


def test_an_action_is_late_by_days_as_on_its_own_page(world, at) -> None:
    told = OpenAlert(
        alert_id=uuid4(),
        kind="action_done",
        words="An action from the panel is late",
        raised_at=at,
        step=1,
        due_at=midnight(timezone.localdate(at) - timedelta(days=32)),
        href="",
        may_take=True,
        by_day=True,
        waits_since=at,
    )
    row = row_of(told, at=at)
    assert row["stands"] == "Late by 33 days"
    assert row["title"] == f"Due {day(timezone.localdate(at) - timedelta(days=33))}"


def test_the_page_shows_what_waits_for_my_groups_and_lets_me_take_it(world, client_as, at) -> None:
    subject = uuid4()
    services.start_ladder(kind=URGENT, subject_id=subject, at=at - minutes(16))
    services.sweep(at)
    browser = client_as("out_of_hours")
    page = browser.get(reverse("cases:alerts"))
    text = page.content.decode()
    assert text.count("Take it<") == 1
    assert "An urgent notification is waiting" in text
    assert "Waiting 16 minutes" in text
    assert "1 thing is late or waits." in text
    assert "people have been told again" in text
    assert "Until somebody takes it, more people are told." in text
    assert str(subject) not in text

    (alert,) = open_alerts(world.viewer("out_of_hours"), at=at)
    assert take(browser, alert.alert_id).status_code == 302
    assert count_open_alerts(world.viewer("triage"), at=at) == 0
    for name in ("out_of_hours", "triage"):
        after = client_as(name).get(reverse("cases:alerts")).content.decode()
        assert "No alert is waiting" in after
        assert "Taken lately" in after
        assert "Omar Galbraith" in after
    assert "Taken lately" not in client_as("teacher").get(reverse("cases:alerts")).content.decode()


@pytest.mark.parametrize(("name", "opens"), [("triage", True), ("chair", False)])
def test_only_a_role_that_can_deal_with_the_thing_takes_its_alert_and_is_led_to_it(
    world, client_as, viewer, at, name: str, opens: bool
) -> None:
    """Seen to fail: without the question whether the page opens, the chair takes it and triage is told no more."""
    notification = make_notification(viewer("teacher"), sent_at=at - timedelta(days=14))
    services.sweep(at)
    browser, page = client_as(name), f"/triage/{notification.reference}/"
    text = browser.get(reverse("cases:alerts")).content.decode()
    assert "Late by" in text
    assert "A clock stops only when the thing is done; until then people are told again." in text
    assert "Until somebody takes it" not in text
    assert (page in text) is opens
    assert ("Take it" in text) is opens
    (alert,) = open_alerts(viewer(name), at=at)
    answer = take(browser, alert.alert_id)
    assert (answer.status_code, answer.url) == (302, "/alerts/")
    after = browser.get(answer.url).content.decode()
    assert (f'href="{page}">Deal with it now</a>' in after) is opens
    assert ("You cannot deal with this one, so it stays open for those who can." in after) is not opens
    assert count_open_alerts(viewer("triage"), at=at) == (0 if opens else 1)
    assert not opens or browser.get(page).status_code == 200


def take(browser, alert_id: UUID, then: object = "") -> Any:
    key = WriteForm()["idempotency_key"].value()
    address = reverse("cases:acknowledge_alert", args=[alert_id])
    return browser.post(address, {"idempotency_key": key, "then": str(then)})


def raise_urgent(number: int, *, at: datetime) -> None:
    for place in range(number):
        services.start_ladder(kind=URGENT, subject_id=uuid4(), at=at - minutes(number - place))


def test_of_many_of_a_kind_a_few_are_shown_and_the_rest_is_folded_and_counted(world, client_as, at) -> None:
    raise_urgent(LISTED + 2, at=at)
    text = client_as("out_of_hours").get(reverse("cases:alerts")).content.decode()
    shown, folded = text.split("<details", 1)
    assert (shown.count("Take it<"), folded.count("Take it<")) == (SHOWN, LISTED - SHOWN)
    assert f'Urgent notifications <span class="hb-count">{LISTED + 2}</span>' in shown
    assert f"{LISTED + 2} waiting." in shown
    assert f"Show {LISTED - SHOWN} more" in folded
    assert "2 more are shown as these are taken or done." in folded
    assert not folded.startswith(' class="govuk-details" open')


@pytest.mark.parametrize("place", [0, SHOWN, SHOWN + 1])
def test_taking_one_leaves_the_reader_where_it_stood(world, client_as, at, place: int) -> None:
    raise_urgent(SHOWN + 2, at=at)
    browser = client_as("out_of_hours")
    waiting = [alert.alert_id for alert in open_alerts(world.viewer("out_of_hours"), at=at)]
    neighbour = waiting[place + 1] if place + 1 < len(waiting) else waiting[place - 1]
    text = browser.get(reverse("cases:alerts")).content.decode()
    form = text.split(reverse("cases:acknowledge_alert", args=[waiting[place]]))[1].split("</form>")[0]
    assert f'name="then" value="{neighbour}"' in form
    answer = take(browser, waiting[place], neighbour)
    assert answer.url == f"/alerts/?at={neighbour}#here"
    after = browser.get(answer.url.partition("#")[0]).content.decode()
    assert after.count("You have taken this alert") == 1
    told, row = after.split('<li id="here">')[1].split('<li class="hb-actions__item">')[:2]
    assert "You have taken this alert" in told
    assert reverse("cases:acknowledge_alert", args=[neighbour]) in row
    assert ('<details class="govuk-details" open>' in after) is (place > 0)


@pytest.mark.parametrize("then", ["", "nonsense", "https://elsewhere.example/"])
def test_a_place_that_is_no_alert_leads_to_the_page_and_nowhere_else(world, client_as, at, then: str) -> None:
    raise_urgent(1, at=at)
    (alert,) = open_alerts(world.viewer("out_of_hours"), at=at)
    assert take(client_as("out_of_hours"), alert.alert_id, then).url == "/alerts/"


def test_kinds_with_something_late_come_first_then_the_most_urgent_kind(at) -> None:
    late, soon = at - timedelta(days=9), at + minutes(30)
    wanted = [
        (ClockKind.ACTION_DONE, late),
        (ClockKind.INTERVIEW_HELD, soon),
        (ClockKind.NOTIFICATION_DECIDED, at),
        (ClockKind.URGENT_NOTIFICATION_DECIDED, soon),
        (URGENT, None),
    ]
    told = {"raised_at": late, "step": 1, "href": "", "may_take": True, "by_day": False, "waits_since": late}
    found = [OpenAlert(uuid4(), kind, "Words", due_at=due, **told) for kind, due in wanted]
    groups = alert_groups(found, at=at)
    assert [(group["heading"], group["stands"]) for group in groups] == [
        ("Urgent notifications", "1 waiting"),
        ("Notifications to decide", "1 late"),
        ("Actions of the panel", "1 late"),
        ("Urgent notifications to decide", "1 due soon"),
        ("Return interviews to hold", "1 due soon"),
    ]


def test_every_kind_of_alert_has_its_place_and_its_heading() -> None:
    kinds = {*AlertKind.values, *ClockKind.values}
    assert (set(URGENCY), set(HEADINGS)) == (kinds, kinds)


def test_the_page_of_a_person_in_no_group_is_empty_and_the_alert_is_not_there_for_them(world, client_as, at) -> None:
    services.start_ladder(kind=URGENT, subject_id=uuid4(), at=at)
    browser = client_as("teacher")
    assert "No alert is waiting" in browser.get(reverse("cases:alerts")).content.decode()
    key = WriteForm()["idempotency_key"].value()
    for alert_id in (Alert.objects.get().pk, uuid4()):
        answer = browser.post(reverse("cases:acknowledge_alert", args=[alert_id]), {"idempotency_key": key})
        assert answer.status_code == 404


@pytest.mark.parametrize("how_many", [1, 3, SHOWN + 3])
def test_the_page_asks_the_database_the_same_number_of_times(
    world, client_as, at, how_many: int, django_assert_num_queries
) -> None:
    for _ in range(how_many):
        services.start_ladder(kind=URGENT, subject_id=uuid4(), at=at)
    browser = client_as("out_of_hours")
    browser.get(reverse("cases:alerts"))
    with django_assert_num_queries(PAGE_QUERIES):
        browser.get(reverse("cases:alerts"))


PAGE_QUERIES = 15
SWEEP_QUERIES = 39

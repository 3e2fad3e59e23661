"""Whether alerts are alive: `/healthz/alerts`, what every page says when they are not, and the loop beside the beat.

Seen to fail: the limit of five minutes doubled; the banner shown to nobody who is signed in; a bad address that
stopped every page; the loop ended by a database that did not answer.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.core import mail
from django.core.management import call_command
from django.db import OperationalError

from cases.clocks import services
from cases.clocks.choices import AlertKind
from cases.clocks.models import Alert, OutboxMessage, SweepRun
from cases.clocks.selectors import alerts_health
from cases.clocks.selectors.health import WATCH
from cases.management.commands import alertd

pytestmark = pytest.mark.django_db


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


def swept(finished_at, **fields) -> SweepRun:
    return SweepRun.objects.create(**{"started_at": finished_at, "finished_at": finished_at, **fields})


def waiting(at, *, since: float) -> None:
    services.start_ladder(kind=AlertKind.URGENT_NOTIFICATION, subject_id=uuid4(), at=at - minutes(since))


@pytest.fixture
def watching(settings):
    """The watch as in production, that has seen nothing yet."""
    settings.ALERTS_WATCH_SECONDS = 30
    WATCH.forget()
    yield WATCH
    WATCH.forget()


@pytest.mark.parametrize(
    ("since_sweep", "mail_waits", "status"),
    [(None, None, 503), (0, None, 200), (4.9, None, 200), (5.1, None, 503), (0, 14.9, 200), (0, 15.1, 503)],
)
def test_the_health_of_alerts(client, world, at, since_sweep, mail_waits, status) -> None:
    if since_sweep is not None:
        swept(at - minutes(since_sweep))
    if mail_waits is not None:
        waiting(at, since=mail_waits)
    answer = client.get("/healthz/alerts")
    assert answer.status_code == status
    assert set(answer.json()) == {"alerts", "seconds_since_sweep", "seconds_mail_waits"}
    assert answer.json()["alerts"] == ("on time" if status == 200 else "delayed")


def test_a_sweep_that_never_finished_is_none(client, at) -> None:
    swept(at - minutes(9))
    SweepRun.objects.create(started_at=at)
    assert client.get("/healthz/alerts").status_code == 503


def test_an_email_that_is_tried_again_and_again_has_waited_since_its_alert(client, world, at) -> None:
    swept(at)
    waiting(at, since=20)
    OutboxMessage.objects.update(tries=7, next_try_at=at + minutes(4))
    assert client.get("/healthz/alerts").status_code == 503
    OutboxMessage.objects.update(sent_at=at)
    assert client.get("/healthz/alerts").json() == {
        "alerts": "on time", "seconds_since_sweep": 0, "seconds_mail_waits": 0,
    }  # fmt: skip


def test_a_database_that_does_not_answer_is_said_so(client, monkeypatch) -> None:
    def fails():
        raise OperationalError("no")

    monkeypatch.setattr("cases.views.health.alerts_health", fails)
    answer = client.get("/healthz/alerts")
    assert (answer.status_code, answer.json()) == (503, {"alerts": "unknown"})


# --- Every page says so ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["triage", "teacher", "admin", "analyst"])
def test_every_signed_in_page_says_since_when_alerts_are_late(client_as, at, watching, settings, name) -> None:
    swept(at - minutes(6))
    text = client_as(name).get("/").content.decode()
    assert "Alerts are delayed since" in text
    assert settings.DUTY_TELEPHONE in text.split("Alerts are delayed since")[1].split("</p>")[0]


def test_nothing_is_said_when_they_are_on_time_or_have_never_run_or_nobody_is_signed_in(
    client, client_as, at, watching
) -> None:
    assert "Alerts are delayed" not in client_as("triage").get("/").content.decode()
    WATCH.forget()
    swept(at)
    assert "Alerts are delayed" not in client_as("triage").get("/").content.decode()
    WATCH.forget()
    SweepRun.objects.update(finished_at=at - minutes(9))
    assert "Alerts are delayed" not in client.get("/account/sign-in/").content.decode()
    assert "Alerts are delayed" in client_as("triage").get("/").content.decode()


def test_one_address_that_takes_no_mail_is_not_said_on_every_page(client_as, world, at, watching) -> None:
    swept(at)
    waiting(at, since=20)
    assert "Alerts are delayed" in client_as("triage").get("/").content.decode()
    WATCH.forget()
    waiting(at, since=3)
    newer = OutboxMessage.objects.order_by("-pk")[0]
    OutboxMessage.objects.filter(pk=newer.pk).update(sent_at=at - minutes(2))
    assert "Alerts are delayed" not in client_as("triage").get("/").content.decode()
    assert alerts_health().well is False


def test_the_watch_looks_once_in_thirty_seconds(client_as, at, watching, django_assert_num_queries) -> None:
    swept(at)
    browser = client_as("triage")
    browser.get("/alerts/")
    WATCH.forget()
    with django_assert_num_queries(PAGE_QUERIES + 3):  # one, in a savepoint
        browser.get("/alerts/")
    with django_assert_num_queries(PAGE_QUERIES):
        browser.get("/alerts/")


def test_a_page_survives_a_watch_that_fails(client_as, watching, monkeypatch) -> None:
    def fails():
        raise OperationalError("no")

    monkeypatch.setattr("cases.clocks.selectors.health.alerts_health", fails)
    assert client_as("triage").get("/").status_code == 200


# --- The loop beside the beat ---------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_one_round_sweeps_and_sends_with_a_history_of_its_own(world, at, without_history) -> None:
    services.start_ladder(kind=AlertKind.URGENT_NOTIFICATION, subject_id=uuid4(), at=at - minutes(16))
    with without_history():
        call_command("alertd", once=True)
    assert Alert.objects.count() == 3
    assert len(mail.outbox) == 3
    assert SweepRun.objects.get().finished_at is not None


def test_it_goes_on_when_the_database_does_not_answer(monkeypatch, caplog) -> None:
    rounds = []

    def fails(at):
        rounds.append(at)
        raise OperationalError("no")

    monkeypatch.setattr(alertd.services, "sweep", fails)
    monkeypatch.setattr(alertd, "close_old_connections", lambda: None)
    command = alertd.Command()
    command.round()
    command.round()
    assert len(rounds) == 2
    assert [record.message for record in caplog.records] == ["alertd_round_failed"] * 2


PAGE_QUERIES = 14

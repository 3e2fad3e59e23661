"""A request is one transaction; what was refused in it stays written on a connection of its own.

Seen to fail: with ATOMIC_REQUESTS off, the agency of each view that goes wrong is still there (kept as a test of
its own below); with the refusal logged on `default`, its event goes with the rest;
after a deadlock not asked again, one of the two reads a 500.
"""

import pytest
from django.db import connection

from accounts.choices import AccessOutcome
from accounts.models import AccessEvent, Agency
from tests.accounts import probe_urls
from tests.threads import at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls("tests.accounts.probe_urls")]


@pytest.fixture
def signed_in(client_as):
    signed_in = client_as("triage")
    signed_in.raise_request_exception = False
    return signed_in


def written() -> set[str]:
    return set(Agency.objects.filter(name__in=["Half written", "Whole"]).values_list("name", flat=True))


def test_a_view_that_writes_and_refuses_leaves_nothing_but_the_refusal(signed_in, world):
    response = signed_in.post("/probe/refuse")

    assert response.status_code == 403
    assert "You may not do this after all." in response.content.decode()
    assert written() == set()
    events = AccessEvent.objects.values_list("outcome", "reason_code", "user_id")
    assert list(events) == [(AccessOutcome.REFUSED, "second_thoughts", world.user("triage").pk)]


def test_a_view_that_breaks_leaves_nothing(signed_in):
    assert signed_in.post("/probe/break").status_code == 500
    assert written() == set()


def test_a_view_that_succeeds_leaves_what_it_wrote(signed_in):
    assert signed_in.post("/probe/write").status_code == 200
    assert written() == {"Whole"}


def test_these_tests_would_notice_atomic_requests_missing(signed_in, monkeypatch):
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", False)

    assert signed_in.post("/probe/refuse").status_code == 403
    assert written() == {"Half written"}


@pytest.mark.parametrize(("refuse", "statuses"), [("", [200, 200]), ("yes", [403, 403])])
def test_two_who_stop_each_other_are_both_served(client_as, refuse, statuses):
    """The database frees one of them by turning the other away, who is asked again and never notices."""
    probe_urls.TRIED.clear()
    names = ["Harbourside Families", "Hollybank School"]

    def asked(first: str, second: str, telephone: str) -> int:
        given = {"first": first, "second": second, "telephone": telephone, "refuse": refuse}
        return browsers[telephone].post("/probe/order", given).status_code

    browsers = {"01632 960 111": client_as("triage"), "01632 960 222": client_as("manager")}
    answers = at_once(lambda: asked(*names, "01632 960 111"), lambda: asked(*names[::-1], "01632 960 222"))
    assert answers == statuses
    assert len(probe_urls.TRIED) >= 3
    assert len(set(Agency.objects.filter(name__in=names).values_list("telephone", flat=True))) == 1


def test_a_tracked_write_on_a_get_is_refused_by_the_database(signed_in, world):
    assert signed_in.get("/probe/get").status_code == 500
    assert Agency.objects.get(pk=world.agency("charity").pk).telephone == "01632 960 101"


def test_a_view_without_a_policy_is_refused_at_run_time(signed_in):
    response = signed_in.get("/probe/undeclared")

    assert response.status_code == 403
    assert b"This must never be read" not in response.content

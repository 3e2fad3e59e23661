"""Whom the e-mails of an alert are written to, one condition at a time: nobody hears of a child's matter by e-mail who
may not know of the child.

`make mutants` turns round or leaves out each of these conditions, and says what was not noticed.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from accounts.choices import FunctionKey
from accounts.models import Agency, FunctionMember, Membership, User
from accounts.selectors import viewer_of
from cases.access.models import AccessGrant, Block
from cases.clocks.choices import AlertKind
from cases.clocks.models import Alert, OutboxMessage
from cases.clocks.services import raise_alert
from cases.clocks.services.alerts import write_alerts
from cases.record.models import Child
from tests.access.seen.rows import DAY, GUARDIANS, HOUR, POINT, TICK
from tests.factories.accounts import make_membership
from tests.factories.cases import block, give, make_child

pytestmark = pytest.mark.django_db

NOW = timedelta(0)
# Of a conflict or of a name: what its row says of when it holds, counted from the moment that the alert is raised.
WHILE = {
    "since long": ({}, True),
    "from now": ({"begun": NOW}, True),
    "not yet": ({"begun": TICK}, False),
    "until then": ({"ended": TICK}, True),
    "until now": ({"ended": NOW}, False),
}


def told(at: datetime, *, about: Child | None = None, to: FunctionKey | Membership = GUARDIANS) -> set[str]:
    """Whom an alert is written to, by their names; each of them once."""
    subject, whom = uuid4(), to.pk if isinstance(to, Membership) else to
    child_id = about.pk if about else None
    assert raise_alert(kind=AlertKind.ACCESS_ASKED, to=whom, subject_id=subject, at=at, child_id=child_id)
    assert Alert.objects.filter(subject_id=subject, child=about).count() == 1
    sent = OutboxMessage.objects.filter(alert__subject_id=subject).values_list("membership__user__username", flat=True)
    assert len(set(sent)) == len(sent)
    return set(sent)


def serve(who: str, **said: Any) -> Membership:
    """Somebody who serves as a data guardian."""
    return make_membership(User.objects.create(username=who, email=f"{who}@harbour.example"), **served(said))


def served(said: dict[str, Any]) -> dict[str, Any]:
    return {"role": "data_guardian", "functions": (GUARDIANS,), **said}


def keep(member: Membership, file: Child, at: datetime, *, begun: timedelta = -HOUR, ended: timedelta | None) -> None:
    row = block(file, viewer_of(member), by=viewer_of(make_membership(role="data_guardian")), at=at + begun)
    if ended is not None:
        Block.objects.filter(pk=row.pk).update(ended_at=at + ended, ended_by=row.placed_by)


def name(
    member: Membership,
    file: Child,
    at: datetime,
    *,
    begun: timedelta = -HOUR,
    ended: timedelta | None = None,
    until: timedelta | None = None,
    reason: str = "named",
) -> None:
    row = give(file, at + begun, membership=member, reason=reason, valid_until=None if until is None else at + until)
    if ended is not None:
        AccessGrant.objects.filter(pk=row.pk).update(ended_at=at + ended, ended_by=member.user)


def test_an_alert_is_written_to_those_who_serve_and_work_here_today(at):
    today = timezone.localdate(at)
    serve("serves")
    serve("left today", ended_on=today)
    serve("leaves tomorrow", ended_on=today + DAY)
    serve("begins today", started_on=today)
    serve("begins tomorrow", started_on=today + DAY)
    stops = {"stopped": today, "stops tomorrow": today + DAY}
    for who, on in stops.items():
        FunctionMember.objects.filter(membership=serve(who)).update(ended_on=on)
    User.objects.filter(pk=serve("suspended").user_id).update(is_active=False)
    User.objects.filter(pk=serve("without an address").user_id).update(email="")
    Agency.objects.filter(pk=serve("of an ended agency").agency_id).update(ended_on=today)
    twice = serve("twice")
    make_membership(twice.user, **served({}))
    serve("serves elsewhere", functions=(POINT,))
    serve("serves nowhere", functions=())
    works = {"serves", "leaves tomorrow", "begins today", "stops tomorrow", "twice"}
    assert told(at) == works
    alone = serve("alone", functions=())
    assert told(at, to=alone) == {"alone"}
    assert told(at, about=make_child(), to=alone) == {"alone"}, "about a file that is open to whoever may know of it"


EACH = """
SELECT one.dedupe_key, 'access_asked' AS kind, 1 AS step, NULL AS function_key, NULL::int AS group_id,
       one.membership_id, gen_random_uuid() AS subject_id, NULL::uuid AS child_id, NULL::uuid AS clock_id
FROM unnest(%(keys)s::text[], %(members)s::uuid[]) AS one (dedupe_key, membership_id)
"""


@pytest.mark.parametrize("reached", range(4))
def test_it_is_cried_out_how_many_alerts_are_written_to_nobody(caplog, reached: int, at):
    members = [serve(f"serves {number}") for number in range(3)]
    User.objects.filter(pk__in=[one.user_id for one in members[reached:]]).update(is_active=False)
    wanted = {"keys": ["a", "b", "c"], "members": [one.pk for one in members]}
    assert write_alerts(EACH, wanted, at=at) == (3, reached)
    cried = [row.alerts for row in caplog.records if row.message == "alert_reaches_nobody"]
    assert cried == ([3 - reached] if reached < 3 else [])


@pytest.fixture(params=["the file", "one merged into it", "the one it was merged into", "one merged into the same"])
def files(request, db) -> tuple[Child, Child]:
    """A file that an alert is about, and the file of the same child that says who is kept from it."""
    child, other = make_child(), make_child()
    if request.param == "the file":
        return child, child
    if request.param == "one merged into it":
        return child, make_child(merged_into=child)
    Child.objects.filter(pk=child.pk).update(merged_into=other)
    return child, other if request.param == "the one it was merged into" else make_child(merged_into=other)


@pytest.mark.parametrize("when", WHILE)
def test_nobody_is_written_to_whom_a_conflict_keeps_from_the_child(files, when: str, at):
    (child, on), (said, holds) = files, WHILE[when]
    keep(serve("has a conflict"), on, at, **{"ended": None, **said})
    keep(serve("has one elsewhere"), make_child(), at, ended=None)
    serve("has none")
    without = {"has one elsewhere", "has none"}
    assert told(at, about=child) == without | (set() if holds else {"has a conflict"})
    assert told(at) == without | {"has a conflict"}, "what is about no file keeps nobody away"


@pytest.mark.parametrize("when", WHILE)
def test_of_a_restricted_file_those_alone_are_written_to_who_are_named_on_it(files, when: str, at):
    (child, on), (said, holds) = files, WHILE[when]
    Child.objects.filter(pk=on.pk).update(restricted=True)
    name(serve("named"), child, at, **said)
    name(serve("granted"), child, at, reason="share")
    name(serve("named elsewhere"), make_child(restricted=True), at)
    everybody = {"named", "granted", "named elsewhere"}
    assert told(at, about=child) == ({"named"} if holds else set())
    assert told(at, about=make_child()) == told(at) == everybody


@pytest.mark.parametrize(("until", "holds"), [(TICK, True), (NOW, False)])
def test_a_name_on_a_restricted_file_holds_until_its_time(child, until: timedelta, holds: bool, at):
    Child.objects.filter(pk=child.pk).update(restricted=True)
    name(serve("named"), child, at, until=until)
    assert told(at, about=child) == ({"named"} if holds else set())


WRITTEN: dict[str, Callable[[Membership, Child, datetime], None]] = {
    "has a conflict": lambda member, child, at: keep(member, child, at, ended=None),
    "is named on it": name,
}


@pytest.mark.parametrize("how", WRITTEN)
def test_an_alert_to_one_person_is_held_to_the_same(child, how: str, at):
    Child.objects.filter(pk=child.pk).update(restricted=how == "is named on it")
    member = serve("alone", functions=())
    WRITTEN[how](member, child, at)
    assert told(at, about=child, to=member) == ({"alone"} if how == "is named on it" else set())

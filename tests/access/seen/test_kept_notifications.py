"""Which notifications a conflict of interest keeps from whoever triages before they are joined to a file, one condition
at a time.

`make mutants` turns round or leaves out each of these conditions, and says what was not noticed.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from accounts.models import Agency, Membership, User
from accounts.selectors import viewer_of
from cases.record.models import Child
from referrals.models import Notification
from referrals.selectors import kept
from referrals.selectors.triage import waiting_notifications
from tests.access.seen.rows import DAY, HOUR, TICK, unblock
from tests.factories.accounts import make_membership
from tests.factories.cases import block, make_child
from tests.factories.referrals import make_match_question, make_notification

pytestmark = pytest.mark.django_db
POINT, LIKE = "notification_point", {"given_name": "Tessa", "family_name": "Ashdown", "birth_date": date(2011, 5, 4)}


def send(child: Child | None = None, **said: Any) -> Notification:
    return make_notification(viewer_of(make_membership(role="education_dsl")), child=child, **{**LIKE, **said})


def keep(child: Child, member: Membership, at: Any) -> Any:
    return block(child, viewer_of(member), by=viewer_of(make_membership(role="data_guardian")), at=at)


@pytest.fixture
def worker() -> Membership:
    return make_membership(role=POINT)


def names_of(rows: dict[str, Notification], ids: set[Any]) -> set[str]:
    return {name for name, row in rows.items() if row.pk in ids}


def test_what_looks_like_a_child_from_whom_somebody_is_kept_is_kept_from_them(worker, at):
    child, other = make_child(**LIKE), make_child("Zora", "Quill", birth_date=None)
    keep(child, worker, at - HOUR)
    keep(other, make_membership(role=POINT), at - HOUR)
    rows = {
        "alike": send(),
        "possibly": send(given_name="Teresa"),
        "another": send(given_name="Asha", family_name="Penn", birth_date=date(2009, 8, 9)),
        "somebody else's": send(given_name="Zora", family_name="Quill"),
        "joined": send(make_child(**LIKE)),
    }
    asked = Notification.objects.all()
    assert names_of(rows, kept.kept_among(asked, worker.user_id, at)) == {"alike", "possibly"}
    shown = {row.pk for row in waiting_notifications(viewer_of(worker), at=at).rows}
    assert names_of(rows, shown) == {"another", "somebody else's"}
    assert kept.kept_among(asked.filter(pk=rows["possibly"].pk), worker.user_id, at) == {rows["possibly"].pk}
    assert kept.kept_among(asked, worker.user_id, at - HOUR - TICK) == set()
    assert kept.kept_among(asked, make_membership(role=POINT).user_id, at) == set()


def test_a_guardian_tells_a_notification_apart_from_a_file_and_from_no_other(worker, at):
    child, again, into = (make_child(**LIKE) for _ in range(3))
    for file in (child, again):
        keep(file, worker, at - HOUR)
    keep(merged := make_child(merged_into=into, **LIKE), worker, at - HOUR)
    rows = {name: send() for name in ("of all", "of one", "of the same", "unanswered", "of another notification")}
    said = {"same_child": False, "answered_by": make_membership(role="data_guardian"), "answered_at": at}
    for file in (child, again, merged):
        make_match_question(rows["of all"], file, **said)
    make_match_question(rows["of one"], child, **said)
    for file in (child, again, merged):
        make_match_question(rows["of the same"], file, **{**said, "same_child": True})
        make_match_question(rows["unanswered"], file)
    found = names_of(rows, kept.kept_among(Notification.objects.all(), worker.user_id, at))
    assert found == {"of one", "of the same", "unanswered", "of another notification"}


def test_alerts_are_kept_of_what_waits_and_of_what_went_to_such_a_file(worker, at):
    child = make_child(**LIKE)
    keep(child, worker, at - HOUR)
    rows = {
        "waits": send(),
        "decided": send(status="decided"),
        "joined": send(child, given_name="Asha", family_name="Penn", status="decided"),
        "joined to another": send(make_child("Zora", "Quill"), status="decided"),
        "of another": send(given_name="Asha", family_name="Penn", birth_date=date(2009, 8, 9)),
    }

    def told(member: Membership) -> set[str]:
        ids = kept.notifications_kept_from(viewer_of(member), at).values_list("pk", flat=True)
        return names_of(rows, set(ids))

    assert told(worker) == {"waits", "joined"}
    assert told(make_membership(role=POINT)) == set()
    assert told(make_membership(worker.user, role="housing")) == set(), "no alert of them is for who does not triage"


def test_what_is_kept_from_everybody_who_triages_is_found_with_the_files_that_keep_them(worker, at):
    today = at.date()
    second = make_membership(role=POINT)
    make_membership(User.objects.create(username="s", is_service=True, password="!"), role=POINT)
    make_membership(role="housing")
    make_membership(role=POINT, ended_on=today)
    closed = make_membership(role=POINT)
    Agency.objects.filter(pk=closed.agency_id).update(ended_on="2026-02-05")
    child, also = make_child(**LIKE), make_child(**LIKE)
    alone, apart = (make_child(*name, birth_date=None) for name in (("Zora", "Quill"), ("Ivo", "Marsh")))
    rows = {
        "both": send(),
        "one's": send(given_name="Zora", family_name="Quill", birth_date=None),
        "the other's": send(given_name="Ivo", family_name="Marsh", birth_date=None),
        "decided": send(status="decided"),
        "of another": send(given_name="Asha", family_name="Penn", birth_date=date(2009, 8, 9)),
    }
    keep(child, worker, at - HOUR)
    keep(alone, worker, at - HOUR)
    assert kept.kept_from_everybody(at) == {}
    placed = keep(also, second, at - HOUR)
    keep(apart, second, at - HOUR)
    assert kept.kept_from_everybody(at) == {rows["both"].pk: {child.pk, also.pk, alone.pk, apart.pk}}
    assert kept.kept_from_everybody(at - DAY) == {}
    third = make_membership(role=POINT)
    assert kept.kept_from_everybody(at) == {}
    Membership.objects.filter(pk=third.pk).update(ended_on=today)
    unblock(placed, at - TICK)
    assert kept.kept_from_everybody(at) == {}


def test_where_nobody_triages_nothing_is_kept_from_everybody(at):
    send()
    assert kept.kept_from_everybody(at) == {}

"""Who is shown a request for access, and who answers it, one condition at a time.

`make mutants` turns round or leaves out each of these conditions, and says what was not noticed.
"""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import Membership
from accounts.selectors import viewer_of
from cases.record.models import Child
from cases.sharing.selectors import requests
from tests.access.seen.rows import HOUR, POINT, ROLE, lead, named
from tests.factories.accounts import make_membership
from tests.factories.cases import give, make_child
from tests.factories.shares import make_declined, make_request, make_share

pytestmark = pytest.mark.django_db


def test_a_request_is_answered_by_the_agency_that_leads_by_the_point_where_nobody_does_and_by_guardians(
    child, unknown, join, guardian, at
):
    ours, point = join(), join("notification_point", functions=(POINT,))
    names, foreign = ("theirs", "left", "beside", "ours", "unowned"), make_membership(role=ROLE)
    files = {name: make_child(name, "Seen") for name in names}
    for file in files.values():
        for member in (ours, point, guardian):
            give(file, at - HOUR, membership=member)
    lead(child, ours)
    lead(files["ours"], make_membership(role=ROLE, agency=ours.agency))
    lead(files["theirs"], foreign)
    lead(files["left"], ours, ended_on="2026-02-05")
    lead(files["beside"], ours, is_lead=False)
    lead(unknown, make_membership(role=ROLE, agency=ours.agency))
    said = {"answered_at": at, "answered_by": foreign.user, "answer": "refused", "refusal_reason": "not_needed"}
    rows = {
        **{
            name: make_request(file, foreign, owner=None if name == "unowned" else foreign)
            for name, file in files.items()
        },
        "open": make_request(child, foreign),
        "answered": make_request(child, make_membership(role=ROLE), **said),
        "unknown": make_request(unknown, foreign),
        "own agency": make_request(child, make_membership(role=ROLE, agency=ours.agency)),
        "guardian's agency": make_request(child, make_membership(role=ROLE, agency=guardian.agency)),
        "guardian's own": make_request(child, make_membership(guardian.user, role=ROLE), owner=ours),
    }

    def shown(member: Membership) -> set[str]:
        return named(rows, requests.requests_to_answer(viewer_of(member), at=at))

    assert shown(ours) == {"open", "ours", "guardian's agency", "guardian's own"}
    assert shown(point) == {"open", "unowned", "own agency", "guardian's agency"}
    assert shown(guardian) == {"open", *files, "own agency", "guardian's agency"}
    assert shown(join("health_ae_gp", agency=ours.agency)) == set(), "who may not share answers nothing"
    assert named(rows, requests.requests_on(child.pk)) == set(rows) - {*files, "unknown"}
    asked = {name: requests.open_request(row.child_id, row.asked_as_id) for name, row in rows.items()}
    assert asked == {**rows, "answered": None}
    assert requests.open_request(child.pk, ours.pk) is None


def test_it_is_answered_where_sharing_is_open_on_the_file_and_by_guardians_on_every_file_they_may_know_of(at):
    """Decision 0320."""
    ours, point = make_membership(role=ROLE), make_membership(role="notification_point", functions=(POINT,))
    guardian, asking = make_membership(role="data_guardian"), make_membership(role=ROLE)
    opened = {"open": ["identity", "sharing"], "shut": ["identity", "missing"]}
    rows = {}
    for name, categories in opened.items():
        led, unowned = (make_child(part, name) for part in ("Led", "Unowned"))
        for file in (led, unowned):
            for member in (ours, point, guardian):
                give(file, at - HOUR, membership=member, categories=categories)
        lead(led, ours)
        rows[f"led, {name}"] = make_request(led, asking, owner=ours)
        rows[f"unowned, {name}"] = make_request(unowned, asking)

    def shown(member: Membership) -> set[str]:
        return named(rows, requests.requests_to_answer(viewer_of(member), at=at))

    assert shown(ours) == {"led, open"}
    assert shown(point) == {"unowned, open"}
    assert shown(guardian) == set(rows)


def test_the_refusals_before_are_those_that_hold_to_the_same_person_on_the_same_file(child, unknown, at):
    asking, other, by = (make_membership(role=ROLE) for _ in range(3))
    ended = {"ended_at": at, "ended_by": by.user, "end_kind": "withdrawn"}

    def answered(file: Child, member: Membership, answer: str = "refused", decided: bool = True, **fields: Any) -> Any:
        shared = answer == "shared"
        decision = (make_share if shared else make_declined)(file, member, by, **fields) if decided else None
        said = {"answer": answer, "answered_at": at, "answered_by": by.user, "decision": decision}
        return make_request(file, member, refusal_reason="" if shared else "not_needed", **said)

    first = answered(child, asking)
    for file, member, said in (
        (unknown, asking, {}),
        (child, other, {}),
        (child, asking, {"answer": "shared"}),
        (child, asking, {"decided": False}),
        (child, asking, ended),
    ):
        answered(file, member, **said)
    now = answered(child, asking)
    assert requests.refusals_before(now) == [first.decision_id]

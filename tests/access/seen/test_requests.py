"""Who is shown a request for access, and who answers it, one condition at a time.

`make mutants` turns round or leaves out each of these conditions, and says what was not noticed.
"""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import Agency, Membership
from accounts.selectors import viewer_of
from cases.access.rules import mask_of
from cases.record.models import Child
from cases.sharing.models.requests import AccessRequest
from cases.sharing.selectors import requests
from tests.access.seen.rows import HOUR, POINT, ROLE, TICK, lead, named
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
        "the rest": make_request(files["theirs"], make_membership(role=ROLE), owner=ours),
    }

    def shown(member: Membership) -> set[str]:
        return named(rows, requests.requests_to_answer(viewer_of(member), at=at))

    assert shown(ours) == {"open", "ours", "guardian's agency", "guardian's own", "the rest"}
    assert shown(point) == {"open", "unowned", "own agency", "guardian's agency"}
    assert shown(guardian) == {"open", *files, "own agency", "guardian's agency", "the rest"}
    assert shown(join("health_ae_gp", agency=ours.agency)) == set(), "who may not share answers nothing"
    assert named(rows, requests.requests_on(child.pk, at=at)) == set(rows) - {*files, "unknown", "the rest"}
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


def test_what_came_is_shared_with_whoever_asked_on_the_same_file_since_and_holds(child, unknown, at):
    asking, by = make_membership(role=ROLE), make_membership(role=ROLE)
    colleague = make_membership(role=ROLE, agency=asking.agency)
    request, nothing = make_request(child, asking, asked_at=at - HOUR), make_request(unknown, by)
    ended = {"ended_at": at, "ended_by": by.user, "end_kind": "withdrawn"}
    for category, file, to, said in (
        ("level", child, asking.agency, {}),
        ("plan", child, asking, {}),
        ("minutes", child, asking, {"at": request.asked_at}),
        ("missing", child, colleague, {}),
        ("sessions", child, by.agency, {}),
        ("family", unknown, asking, {}),
        ("vulnerability", child, asking, {"at": request.asked_at - TICK}),
        ("orientation", child, asking, ended),
        ("assessment", child, asking, {"ends_at": at}),
        ("evidence_plan", child, asking, {"ends_at": at + TICK}),
        ("person_of_concern", child, asking, {**ended, "end_kind": "in_error"}),
    ):
        make_share(file, to, by, categories=(category,), granted=False, **{"at": at - TICK, **said})
    make_declined(child, asking, by, category_mask=mask_of(["interview"]), decided_at=at - TICK)
    found = {row.pk: (row.come, row.given) for row in requests.with_what_came(AccessRequest.objects.all(), at=at)}
    come = ["level", "plan", "minutes", "evidence_plan"]
    given = [*come, "orientation", "assessment"]
    assert found == {request.pk: (mask_of(come), mask_of(given)), nothing.pk: (0, 0)}


def test_who_can_share_is_the_first_of_those_that_work_with_the_child_and_may_share_all_of_it(child, unknown, join, at):
    """Whoever leads comes first, then who came first."""
    asking, elsewhere = make_membership(role=ROLE), make_membership(role=ROLE)
    give(unknown, at - HOUR, membership=elsewhere)
    people = {
        "leads, and sees it in a panel alone": join("specialist_keyworker"),
        "may not share": join("csc_out_of_hours"),
        "knows of another file": elsewhere,
        "agency that asks": join(agency=asking.agency),
        "has left": join(ended_on=at.date()),
        "agency has closed": join(),
        "work has ended": join(),
        "right": join(),
        "came later": join(),
    }
    Agency.objects.filter(pk=people["agency has closed"].agency_id).update(ended_on=at.date())
    for day, (name, member) in enumerate(people.items(), 1):
        said = {"ended_on": "2026-02-05"} if name == "work has ended" else {}
        lead(child, member, is_lead=day == 1, started_on=f"2026-01-{day:02}", **said)
    lead(unknown, join(), started_on="2026-01-01")
    nobody = {"membership": None, "working_agency": elsewhere.agency, "is_lead": False}
    lead(child, people["right"], **nobody, started_on="2026-01-01")

    def found(*kinds: str) -> Membership | None:
        return requests.who_can_share(child.pk, mask_of(kinds), asking=asking.agency_id, at=at)

    assert found("missing", "person_of_concern") == people["right"]
    assert found("missing") == people["leads, and sees it in a panel alone"]
    assert found("missing", "intelligence") is None


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

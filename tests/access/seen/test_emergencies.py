"""Who is shown what was opened in an emergency, and who could judge it, one condition at a time.

`make mutants` turns round or leaves out each of these conditions, and says what was not noticed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction

from accounts.choices import AccessOutcome
from accounts.models import AccessEvent, FunctionMember, Membership
from accounts.selectors import viewer_of
from cases.clocks.models import Alert
from cases.record.models import Child
from cases.sharing.models import EmergencyAccess
from cases.sharing.rules.emergency import TRIES_WITHIN
from cases.sharing.selectors import emergency, requests
from cases.sharing.selectors.emergency import AskedFor, RegisterFilter
from tests.access.seen.rows import DAY, GUARDIANS, HOUR, POINT, ROLE, TICK, event, lead, named, one_by_one, unblock
from tests.factories.accounts import COVERED, make_agency, make_membership, make_user
from tests.factories.cases import block, give, make_child
from tests.factories.emergency import make_emergency

pytestmark = pytest.mark.django_db


def test_the_file_is_found_by_its_reference_or_by_the_whole_name_and_the_day_of_birth_alone(at):
    child = make_child("Adaline", "Seen", preferred_name="Ada")
    make_child("Adaline", "Seen", birth_date=date(2010, 1, 1))
    make_child("Ben", "Seen")
    old = make_child("Cai", "Merged", merged_into=child)
    viewer, born = viewer_of(make_membership(role=ROLE)), child.birth_date

    def found(**said: Any) -> list[Any]:
        return [file.pk for file in emergency.files_asked_for(AskedFor(**said), viewer=viewer, at=at)]

    for said in (
        {"reference": child.reference},
        {"reference": old.reference},
        {"given_name": "Adaline", "family_name": "Seen", "birth_date": born},
        {"given_name": "Ada", "family_name": "Seen", "birth_date": born},
    ):
        assert found(**said) == [child.pk]
    for said in ({"reference": "none"}, {"given_name": "Adal", "family_name": "Seen", "birth_date": born}):
        assert found(**said) == []


def test_refused_tries_of_a_day_are_counted_on_the_one_page_for_the_one_person():
    me, refused = make_membership(), {"outcome": AccessOutcome.REFUSED, "action": emergency.PAGE}
    first = event(me.user, **refused)
    for user, said in (
        (make_user(), refused),
        (me.user, {**refused, "action": "cases:file"}),
        (me.user, {**refused, "outcome": AccessOutcome.ALLOWED}),
        (me.user, {**refused, "reason_code": "tries_spent"}),
        (me.user, refused),
    ):
        event(user, **said)
    later = first.at + TRIES_WITHIN
    assert [emergency.tries_refused(viewer_of(me), at=when) for when in (later - TICK, later)] == [2, 1]


def test_the_lead_is_told_while_they_work_here_and_may_know_of_the_file(child, unknown, at, django_assert_num_queries):
    other, worker = make_membership(role=ROLE), viewer_of(make_membership(role=ROLE))
    assert told(child, at) == (None, None)
    lead(unknown, other)
    lead(child, make_membership(role=ROLE), is_lead=False)
    lead(child, make_membership(role=ROLE), ended_on="2026-02-05")
    assert told(child, at) == (None, None)
    with django_assert_num_queries(1):
        assert requests.owner_to_ask(child.pk, asking=other.agency_id, at=at) is None
    leads = make_membership(role=ROLE)
    lead(child, leads)
    block(unknown, viewer_of(leads), by=worker)
    unblock(block(child, viewer_of(leads), by=worker, at=at - DAY), at)
    assert told(child, at) == (None, None), "nothing opens the file to them"
    give(child, at - HOUR, group=leads.agency.group)
    assert told(child, at) == (leads, leads)
    with django_assert_num_queries(3):
        asked = requests.owner_to_ask(child.pk, asking=other.agency_id, at=at)
    assert asked == leads
    agreement = type(leads.agency).objects.filter(pk=leads.agency_id)
    agreement.update(covered=[])
    assert told(child, at) == (None, None), "the agreement of their agency has ended, and with it what it opens"
    agreement.update(covered=COVERED)
    assert requests.owner_to_ask(child.pk, asking=leads.agency_id, at=at) is None, "they do not ask themselves"
    for model, row in ((Membership, leads), (type(leads.agency), leads.agency)):
        with transaction.atomic():
            model.objects.filter(pk=row.pk).update(ended_on=at.date())
            assert told(child, at) == (None, None)
            transaction.set_rollback(True)  # an end is never taken back
    assert told(child, at) == (leads, leads)
    for file in (make_child("Ada", "Merged", merged_into=child), child):
        kept = block(file, viewer_of(leads), by=worker)
        assert told(child, at) == (None, None)
        unblock(kept, at)
    for file in (make_child("Ada", "Also merged", merged_into=child), child):
        Child.objects.update(restricted=False)
        Child.objects.filter(pk=file.pk).update(restricted=True)
        assert told(child, at) == (None, None), "they are not named"
    give(unknown, at, membership=leads, reason="named")
    give(child, at, membership=other, reason="named")
    give(child, at, membership=leads)
    give(child, at - DAY, membership=leads, reason="named", valid_until=at)
    assert told(child, at) == (None, None)
    give(child, at, membership=leads, reason="named")
    assert told(child, at) == (leads, leads)


def told(child: Child, at: datetime) -> tuple[Any, ...]:
    return (
        emergency.lead_to_tell(child.pk, at=at),
        requests.owner_to_ask(child.pk, asking=make_agency().pk, at=at),
    )


@pytest.mark.parametrize(
    ("opened", "ends", "fields", "running"),
    [
        (-HOUR, HOUR, {}, True),
        (timedelta(), HOUR, {}, True),
        (TICK, HOUR, {}, False),
        (-HOUR, TICK, {}, True),
        (-HOUR, timedelta(), {}, False),
        (-HOUR, HOUR, {"ended": True}, False),
        (-HOUR, HOUR, {"elsewhere": True}, False),
        (-HOUR, HOUR, {"again": True}, False),
    ],
)
def test_an_emergency_runs_from_its_start_up_to_its_end_for_who_opened_it(
    child, unknown, at, opened, ends, fields, running
):
    me = make_membership(role=ROLE)
    by = make_membership(me.user, role=ROLE) if "again" in fields else me
    ended = {"ended_at": at - TICK, "ended_by": me.user} if "ended" in fields else {}
    file = unknown if "elsewhere" in fields else child
    row = make_emergency(file, by, opened_at=at + opened, ends_at=at + ends, **ended)
    assert emergency.running_on(child.pk, viewer=viewer_of(me), at=at) == (row if running else None)


def test_the_register_is_of_known_files_for_a_guardian_and_of_the_own_people_for_a_manager(
    child, unknown, join, guardian, at
):
    manager, foreign = make_membership(role="csc_manager"), make_membership(role=ROLE)
    own, hidden = make_membership(role=ROLE, agency=manager.agency), make_child("Cai", "Hidden")
    block(hidden, viewer_of(manager), by=viewer_of(own))
    rows = {
        "own": make_emergency(unknown, own),
        "own known": make_emergency(child, own),
        "own hidden": make_emergency(hidden, own),
        "foreign": make_emergency(unknown, foreign),
        "foreign known": make_emergency(child, foreign),
        "self": make_emergency(unknown, make_membership(manager.user, role=ROLE)),
    }
    give(child, at - HOUR, membership=manager)

    def shown(member: Membership) -> dict[str, Child | None]:
        found = emergency.register_for(viewer_of(member), wanted=RegisterFilter(), at=at)
        return {name: one.child for one in found for name, row in rows.items() if one.access == row}

    assert shown(guardian) == {"own known": child, "foreign known": child}
    assert shown(manager) == {"own": None, "own known": child}, "whichever file it was, without its name"
    assert named(rows, emergency.opened_by(viewer_of(manager), at=at)) == {"self"}, "under another membership too"
    assert named(rows, emergency.opened_by(viewer_of(own), at=at)) == {"own", "own known", "own hidden"}


def test_one_emergency_is_shown_to_who_opened_it_judges_it_leads_manages_or_was_told(
    child, unknown, join, guardian, at
):
    own, leads, point = make_membership(role=ROLE), join(), join("notification_point", functions=(POINT,))
    manager, alerted = (make_membership(role="csc_manager", agency=own.agency), make_membership(role="csc_manager"))
    no_lead, hidden = make_child("Cai", "Seen"), make_child("Dan", "Hidden")
    worker, left = join(), join()
    lead(child, leads)
    lead(unknown, point)
    for member, said in ((worker, {"is_lead": False}), (left, {"ended_on": "2026-02-05"})):
        give(no_lead, at - HOUR, membership=member)
        lead(no_lead, member, **said)
    give(no_lead, at - HOUR, membership=point)
    block(hidden, viewer_of(manager), by=viewer_of(own))
    files = {"known": child, "unknown": unknown, "no lead": no_lead, "hidden": hidden}
    rows = {name: make_emergency(file, own) for name, file in files.items()}
    rows["guardian's"] = make_emergency(child, guardian)
    alert = {"dedupe_key": "x", "kind": "emergency_reviewed", "subject_id": rows["known"].pk}
    Alert.objects.create(membership=alerted, **alert)
    beside = {name: join(role, agency=own.agency) for name, role in (("worker", ROLE), ("guardian", "data_guardian"))}

    def shown(member: Membership) -> set[str]:
        return one_by_one(rows, emergency.emergency_for, viewer_of(member), at)

    assert shown(own) == {"known", "unknown", "no lead", "hidden"}
    assert shown(guardian) == {"known", "guardian's"}
    assert shown(leads) == {"known", "guardian's"}
    assert shown(point) == {"no lead"}, "where somebody leads, nobody else looks after it; and of the unknown no lead"
    assert shown(manager) == {"known", "unknown", "no lead"}
    assert shown(alerted) == {"known"}
    assert shown(beside["worker"]) == shown(worker) == shown(left) == shown(make_membership()) == set()
    assert shown(beside["guardian"]) == {"known", "guardian's"}, (
        "a guardian is no manager, to whom no file need be known"
    )
    assert emergency.emergency_for(replace(viewer_of(own), membership_id=None), rows["known"].pk, at=at) is None
    assert emergency.emergency_for(viewer_of(own), uuid4(), at=at) is None
    judged = {who: judges(member, rows, at) for who, member in (("guardian", guardian), ("own", own), ("leads", leads))}
    assert judged == {"guardian": {"known"}, "own": set(), "leads": set()}
    assert emergency.judged_by(viewer_of(guardian), [rows["unknown"].pk], at) == set()


def judges(member: Membership, rows: Mapping[str, EmergencyAccess], at: datetime) -> set[str]:
    found = emergency.judged_by(viewer_of(member), [row.pk for row in rows.values()], at)
    return {name for name, row in rows.items() if row.pk in found}


def test_what_was_looked_at_in_an_emergency_is_of_the_person_the_file_and_the_time(child, unknown, at):
    me, other = make_membership(role=ROLE), make_membership(role=ROLE)
    for when in ("before", "within", "after"):
        event(me.user, me, child_id=child.pk, request_id=when)
        event(me.user, me, shown_ids=[child.pk, unknown.pk], request_id=f"list {when}")
        event(other.user, me, child_id=child.pk, request_id="another person")
        event(me.user, other, child_id=child.pk, request_id="another membership")
        event(me.user, me, child_id=unknown.pk, shown_ids=[unknown.pk], request_id="another file")
        event(me.user, me, child_id=child.pk, outcome=AccessOutcome.REFUSED, request_id="refused")
    times = dict(AccessEvent.objects.values_list("request_id", "at"))
    access = make_emergency(child, me, opened_at=times["within"], ends_at=times["list after"])
    within = ["within", "list within"]
    assert [row.request_id for row in emergency.looks_during(access)] == [*within, "after"]
    access.ended_at = times["after"]
    assert [row.request_id for row in emergency.looks_during(access)] == within


def serving_guardian(**fields: Any) -> Membership:
    return make_membership(role="data_guardian", functions=(GUARDIANS,), **fields)


def test_a_guardian_of_another_agency_could_review_it_where_they_serve_and_may_know_of_the_file(child, unknown, at):
    opener, by = serving_guardian(), viewer_of(make_membership(role=ROLE))
    access = make_emergency(child, opener)

    def elsewhere() -> bool:
        return emergency.guardians_elsewhere(EmergencyAccess.objects.get(pk=access.pk), at=at)

    serving_guardian(agency=opener.agency)
    serving_guardian(user=opener.user)
    serving_guardian(ended_on=at.date())
    FunctionMember.objects.filter(membership=serving_guardian()).update(ended_on=at.date())
    make_membership(role="data_guardian", functions=(POINT,))
    assert not elsewhere(), "the own agency's, the opener, who has left, who serves no more, and who serves elsewhere"
    other, merged = serving_guardian(), make_child("Ada", "Merged", merged_into=child)
    block(unknown, viewer_of(other), by=by)
    unblock(block(child, viewer_of(other), by=by, at=at - DAY), at)
    assert elsewhere()
    for file in (child, merged):
        kept = block(file, viewer_of(other), by=by)
        assert not elsewhere()
        unblock(kept, at)
    give(child, at - DAY, membership=other)
    give(child, at - DAY, membership=other, reason="named", valid_until=at)
    give(unknown, at - DAY, membership=other, reason="named")
    Child.objects.filter(pk=unknown.pk).update(restricted=True)
    assert elsewhere()
    for file in (child, merged):
        Child.objects.filter(pk=file.pk).update(restricted=True)
        assert not elsewhere(), "not one who is not named"
        Child.objects.filter(pk=file.pk).update(restricted=False)
    Child.objects.filter(pk=child.pk).update(restricted=True)
    give(child, at - DAY, membership=other, reason="named")
    assert elsewhere()

"""What has been shared with whom, what the child says of it, and who is told, one condition at a time.

`make mutants` turns round or leaves out each of these conditions, and says what was not noticed.
"""

from __future__ import annotations

from typing import Any

import pytest

from accounts.choices import AccessOutcome
from accounts.models import AccessEvent, Agency, Membership
from accounts.rules.roles import ROLES, Capability
from accounts.selectors import viewer_of
from cases.access.choices import Category
from cases.access.rules import Level, mask_of
from cases.record.models import Child
from cases.sharing.choices import WishKind
from cases.sharing.models.shares import SharingBreach, SharingDecision
from cases.sharing.rules.shares import Wish
from cases.sharing.selectors import shares
from cases.sharing.selectors.shares import PersonOpened
from tests.access.seen.rows import DAY, HOUR, ROLE, TICK, event, lead, named
from tests.factories.accounts import make_agency, make_membership
from tests.factories.cases import block, give, make_chronology
from tests.factories.shares import make_against_wish, make_declined, make_mistake, make_share, make_wish

pytestmark = pytest.mark.django_db


def test_what_is_held_is_what_live_grants_open_to_the_agency_or_to_this_person(child, unknown, at):
    member = make_membership(role=ROLE)
    agency, colleague = member.agency, make_membership(role=ROLE, agency=member.agency)
    give(child, at - HOUR, group=agency.group, categories=["missing", "plan"])
    give(child, at - HOUR, membership=member, categories=["plan", "level"])
    give(child, at - HOUR, membership=colleague, categories=["family"])
    give(child, at - HOUR, group=make_agency().group, categories=["minutes"])
    give(unknown, at - HOUR, group=agency.group, categories=["assessment"])
    give(child, at - DAY, group=agency.group, categories=["interview"], valid_until=at)
    held = shares.held_by(child.pk, agency=agency, membership=None, at=at)
    assert held == mask_of(["missing", "plan"])
    held = shares.held_by(child.pk, agency=agency, membership=member, at=at)
    assert held == mask_of(["missing", "plan", "level"])


def test_what_is_held_otherwise_and_for_as_long_leaves_out_one_share_and_what_ends_before(child, at):
    member = make_membership(role=ROLE)
    give(child, at - HOUR, group=member.agency.group, categories=["family"])
    share = make_share(child, member.agency, member, at=at - HOUR, ends_at=at + DAY, categories=("missing",))
    for until, kind in ((at + DAY - TICK, "plan"), (at + DAY, "level"), (at + DAY + TICK, "minutes")):
        give(child, at - HOUR, group=member.agency.group, categories=[kind], valid_until=until)

    def held(**said: Any) -> int:
        return shares.held_by(child.pk, agency=member.agency, membership=None, at=at, **said)

    assert held() == mask_of(["family", "missing", "plan", "level", "minutes"])
    assert held(but=share.pk) == mask_of(["family", "plan", "level", "minutes"])
    assert held(until=share.ends_at) == mask_of(["family", "missing", "level", "minutes"])


def test_what_is_kept_from_somebody_was_decided_of_them_or_their_agency_and_holds(child, unknown, at):
    member, by = make_membership(role=ROLE), make_membership(role=ROLE)
    agency, colleague = member.agency, make_membership(role=ROLE, agency=member.agency)
    ended = {"ended_at": at, "ended_by": by.user, "end_kind": "withdrawn"}
    for file, to, kept, said in (
        (child, agency, "missing", {}),
        (child, member, "plan", {}),
        (child, colleague, "family", {}),
        (child, make_agency(), "minutes", {}),
        (unknown, agency, "assessment", {}),
        (child, agency, "interview", {"decline_reason": "not_needed"}),
        (child, agency, "level", ended),
    ):
        make_declined(file, to, by, category_mask=mask_of([kept]), **said)
    assert shares.kept_from(child.pk, agency=agency, membership=member) == mask_of(["missing", "plan"])


def test_entries_are_shared_one_by_one_by_who_reads_them_in_full(child, unknown, join, at):
    member, other = join(), viewer_of(make_membership(role=ROLE))
    give(unknown, at - HOUR, membership=member)
    viewer, colleague = viewer_of(member), viewer_of(make_membership(role=ROLE, agency=member.agency))
    levels = {category.value: Level.NONE for category in Category}
    levels |= {"missing": Level.FULL, "plan": Level.SUMMARY, "level": Level.OWN, "sharing": Level.FULL}
    for file, by, category, summary in (
        (child, other, "missing", "theirs in full"),
        (child, other, "plan", "theirs in summary"),
        (child, viewer, "plan", "own"),
        (child, colleague, "level", "a colleague's"),
        (child, other, "level", "theirs, where colleagues' are read"),
        (child, colleague, "plan", "a colleague's in summary"),
        (child, viewer, "sharing", "what never goes"),
        (unknown, other, "missing", "another file's"),
    ):
        make_chronology(file, by, category=category, summary=summary)
    found = shares.entries_to_share(child, viewer=viewer, levels=levels, at=at)
    assert {entry.summary for entry in found} == {"theirs in full", "own", "a colleague's"}


def test_entries_that_were_shared_before_are_offered_beside_the_latest_as_far_as_they_are_read_in_full(
    child, unknown, join, at
):
    viewer, other = viewer_of(join()), viewer_of(make_membership(role=ROLE))
    levels: dict[str, Level] = dict.fromkeys(Category.values, Level.NONE)
    levels |= {"missing": Level.FULL, "plan": Level.SUMMARY}
    days = {"happened_at": at - DAY}
    old, beside = (make_chronology(child, other, category="missing", happened_at=at - 9 * DAY) for _ in range(2))
    summary = make_chronology(child, other, category="plan", happened_at=at - 9 * DAY)
    elsewhere = make_chronology(unknown, other, category="missing")
    latest = [make_chronology(child, other, category="missing", **days) for _ in range(shares.OFFERED)]

    def offered(*also: Any) -> list[Any]:
        pks = [entry.pk for entry in also]
        return shares.entries_to_share(child, viewer=viewer, levels=levels, at=at, also=pks)

    assert set(offered()) == set(latest)
    found = offered(old, summary, elsewhere, latest[0])
    assert (found[-1], len(found), set(found)) == (old, shares.OFFERED + 1, {*latest, old})
    assert beside not in found


def test_entries_that_were_shared_are_read_as_far_as_the_reader_may(
    child, unknown, join, at, django_assert_num_queries
):
    viewer, by = viewer_of(join()), viewer_of(make_membership(role=ROLE))
    shared, _ = (make_chronology(child, by, summary=words) for words in ("shared", "beside"))
    hidden = make_chronology(unknown, by, category="plan")
    decision = SharingDecision(child=child, entry_ids=[shared.pk, hidden.pk])
    assert shares.entries_of(decision, viewer=viewer, at=at) == [shared]
    with django_assert_num_queries(0):
        assert shares.entries_of(SharingDecision(child=child), viewer=viewer, at=at) == []


def test_what_was_decided_and_said_of_a_file_is_found_on_that_file_alone(child, unknown, at):
    by = make_membership(role=ROLE)
    here, there = (make_declined(file, make_agency(), by) for file in (child, unknown))
    assert shares.decisions_on(child.pk) == [here]
    assert shares.decision_on(child.pk, here.pk) == here
    assert shares.decision_on(child.pk, there.pk) is None
    assert shares.wish_that_holds(child.pk) is shares.wish_of(child.pk) is None
    said = make_wish(unknown, by, kept=("missing",), kept_from=("police",))
    assert shares.wish_of(child.pk) is None
    own = make_wish(child, by, WishKind.FREE)
    assert (shares.wish_of(child.pk), shares.wishes_of(child.pk)) == (own, [own])
    assert shares.wish_that_holds(unknown.pk) == Wish(WishKind.LIMITS, mask_of(["missing"]), frozenset({"police"}))
    assert shares.wishes_on([unknown.pk]) == {unknown.pk: said}
    assert shares.wishes_on([]) == {}


def test_a_share_is_told_to_the_person_or_who_works_with_the_child_or_looks_after_access_or_all(child, unknown, at):
    agency, by = make_agency(), make_membership(role=ROLE)
    first, second = (make_membership(role=ROLE, agency=agency) for _ in range(2))
    to_person, to_agency = (make_share(child, to, by, granted=False) for to in (second, agency))

    def told(decision: SharingDecision) -> set[Any]:
        return set(shares.whom_to_tell(decision, at=at))

    assert told(to_person) == {second.pk}
    assert told(to_agency) == {first.pk, second.pk}
    lead(unknown, first)
    lead(child, second, ended_on="2026-02-05")
    lead(child, second, membership=None, is_lead=False)
    lead(child, by)
    assert told(to_agency) == {first.pk, second.pk}
    manager = make_membership(role="csc_manager", agency=agency)
    assert told(to_agency) == {manager.pk}
    lead(child, second, is_lead=False)
    assert told(to_agency) == {second.pk}
    assert told(to_person) == {second.pk}


def test_of_a_share_in_error_are_told_who_was_told_of_it_and_who_opened_it_there_and_is_still_there(child, unknown, at):
    """Seen to fail: whoever there had opened the file was told nothing."""
    by, manager = make_membership(role=ROLE), make_membership(role="csc_manager")
    agency = manager.agency
    opened, gone, kept, idle = (make_membership(role=ROLE, agency=agency) for _ in range(4))
    for member in (opened, gone, kept):
        event(member.user, member, child_id=child.pk, agency_id=agency.pk, action="cases:file")
    event(idle.user, idle, child_id=unknown.pk, agency_id=agency.pk, action="cases:file")
    Membership.objects.filter(pk=gone.pk).update(ended_on=at.date())
    block(child, viewer_of(kept), by=viewer_of(by))
    decision = make_share(child, agency, by, at=at - 400 * DAY, ends_at=at + 400 * DAY, granted=False)
    assert set(shares.whom_to_tell_of_error(decision, at=at)) == {manager.pk, opened.pk}
    lead(child, opened)
    assert set(shares.whom_to_tell_of_error(decision, at=at)) == {opened.pk}, "who was told of it as well"
    lead(unknown, manager)
    work = lead(child, idle, is_lead=False)
    assert set(shares.whom_to_tell_of_error(decision, at=at)) == {opened.pk, idle.pk}
    assert work.ended_on is None


def test_of_work_that_was_a_mistake_are_told_who_came_by_name_and_who_opened_it_then(child, unknown, at):
    """Seen to fail: whoever works there rightly by now, and who looks after access there, were told to destroy it."""
    by, manager = make_membership(role=ROLE), make_membership(role="csc_manager")
    agency = manager.agency
    opened, gone, kept, came, works, both = (make_membership(role=ROLE, agency=agency) for _ in range(6))
    for member in (opened, gone, kept, both):
        event(member.user, member, child_id=child.pk, agency_id=agency.pk, action="cases:file")
    Membership.objects.filter(pk=gone.pk).update(ended_on=at.date())
    block(child, viewer_of(kept), by=viewer_of(by))
    lead(unknown, opened)
    lead(child, came, is_lead=False, ended_on=at.date())
    for member in (works, both):
        lead(child, member, is_lead=False)
    when = {"decided_at": at - 400 * DAY, "ended_at": at + 400 * DAY}
    work = lead(child, came, is_lead=False, ended_on=at.date())
    decision = make_mistake(work, by, **when)
    assert set(shares.whom_to_tell_of_error(decision, at=at)) == {opened.pk, came.pk}
    alone = make_mistake(work, by, membership=came, **when)
    assert shares.whom_to_tell_of_error(alone, at=at) == [came.pk]
    lead(child, came, is_lead=False)
    assert shares.whom_to_tell_of_error(decision, at=at) == [opened.pk]
    assert shares.whom_to_tell_of_error(alone, at=at) == []
    gone_since = make_mistake(lead(child, gone, is_lead=False, ended_on=at.date()), by, membership=gone, **when)
    assert shares.whom_to_tell_of_error(gone_since, at=at) == [gone.pk], "who alone was let in, wherever they are now"


def test_of_work_that_was_a_mistake_and_that_nobody_opened_is_told_who_looks_after_access_or_all(child, unknown, at):
    by, first = make_membership(role=ROLE), make_membership(role=ROLE)
    second = make_membership(role=ROLE, agency=first.agency)
    elsewhere = make_membership(role=ROLE)
    work = lead(child, second, membership=None, is_lead=False, ended_on=at.date())
    decision = make_mistake(work, by)

    def told() -> set[Any]:
        return set(shares.whom_to_tell_of_error(decision, at=at))

    assert told() == {first.pk, second.pk}
    manager = make_membership(role="csc_manager", agency=first.agency)
    lead(child, elsewhere, is_lead=False)
    lead(unknown, first, is_lead=False)
    lead(child, first, is_lead=False, ended_on=at.date())
    assert told() == {manager.pk}
    named = make_mistake(lead(child, second, is_lead=False, ended_on=at.date()), by)
    assert shares.whom_to_tell_of_error(named, at=at) == [second.pk]
    lead(child, first, membership=None, is_lead=False)
    assert told() == set(), "the agency holds it rightly by now"


def test_whoever_looks_after_access_reads_files():
    looking = {key for key, role in ROLES.items() if Capability.OVERSEE_ACCESS in role.capabilities}
    assert set(shares.RECEIVING) == looking | {"education_dsl", "panel_chair"}
    assert set(shares.RECEIVING) <= set(shares.READING)


def test_who_opened_what_was_shared_is_of_the_receiver_the_file_and_the_time(child, unknown, at):
    member, by = make_membership(role=ROLE), make_membership(role=ROLE)
    colleague = make_membership(role=ROLE, agency=member.agency)
    for when in ("before", "first", "last", "after"):
        seen = {"child_id": child.pk, "agency_id": member.agency_id}
        event(member.user, member, **seen, action=when, categories=["missing"])
        event(member.user, member, **{**seen, "child_id": None}, shown_ids=[child.pk], action=f"list {when}")
        event(colleague.user, colleague, **seen, action=f"colleague {when}", categories=["plan", when])
        event(by.user, member, **{**seen, "agency_id": by.agency_id}, action="another agency")
        event(member.user, member, **{**seen, "child_id": unknown.pk}, action="another file")
        event(member.user, member, **seen, outcome=AccessOutcome.REFUSED, action="refused")
    times = dict(AccessEvent.objects.values_list("action", "at"))

    def opened(to: Agency | Membership, start: str, end: str, ended: str = "") -> list[PersonOpened]:
        over = {"ended_at": times[ended], "ended_by": by.user, "end_kind": "withdrawn"} if ended else {}
        decision = make_share(child, to, by, at=times[start], ends_at=times[end], granted=False, **over)
        return shares.who_opened(decision)

    def looked(by: Membership, *pages: str, of: tuple[str, ...] = ("missing",)) -> PersonOpened:
        when = [times[page] for page in pages]
        return PersonOpened(by.user_id, len(pages), min(when), max(when), frozenset(pages), frozenset(of))

    alone = [looked(member, "first", "list first", "last")]
    within = [*alone, looked(colleague, "colleague first", of=("plan", "first"))]
    assert opened(member.agency, "first", "last") == within
    assert opened(member, "first", "last") == alone
    assert opened(member.agency, "first", "after", "last") == within
    work = lead(child, member)
    said = {"kind": "involved", "review_on": None, "decline_reason": "", "child_answer": "refuses", "involvement": work}
    decision = make_declined(child, member.agency, by, decided_at=times["after"], **said)
    theirs = looked(colleague, "colleague after", of=("plan", "after"))
    assert shares.who_opened(decision) == [looked(member, "after", "list after"), theirs]


def test_an_agency_of_which_all_work_was_a_mistake_was_let_in_by_the_first(child, unknown, at):
    """One worker after another, without a break; whose own time alone counts is one worker, or a share."""
    by, member = make_membership(role=ROLE), make_membership(role=ROLE)
    agency = member.agency

    def mistake(start: int, end: int, to: Membership = member, file: Child = child, **said: Any) -> SharingDecision:
        work = lead(file, to, is_lead=False)
        return make_mistake(
            work, by, **{"membership": to, "decided_at": at - start * HOUR, "ended_at": at - end * HOUR, **said}
        )

    last = mistake(3, 0, membership=None)
    assert shares._let_in_at(last) == at - 3 * HOUR
    mistake(9, 7)  # there was a break
    mistake(9, 1, membership=None)  # this one let the agency in itself
    mistake(9, 1, to=by)
    mistake(9, 1, file=unknown)
    no_mistake = {"membership": member, "decided_at": at - 9 * HOUR}
    make_against_wish(lead(child, member, is_lead=False), by, **no_mistake)
    over = {"ended_at": at - HOUR, "ended_by": by.user, "end_kind": "not_needed"}
    make_against_wish(lead(child, member, is_lead=False), by, **no_mistake, **over)
    goes_on = make_against_wish(lead(child, member, is_lead=False), by, **no_mistake)
    SharingBreach.objects.create(decision=goes_on, found_at=at, found_by=by.user)
    shared = make_share(child, member, by, at=at - 9 * HOUR, ended_at=at, ended_by=by.user, end_kind="in_error")
    SharingBreach.objects.create(decision=shared, found_at=at, found_by=by.user)
    assert shares._let_in_at(last) == at - 3 * HOUR
    second, _ = mistake(5, 3), mistake(4, 2)
    assert shares._let_in_at(last) == at - 5 * HOUR
    assert shares._let_in_at(second) == at - 5 * HOUR
    mistake(6, 5)
    assert shares._let_in_at(last) == at - 6 * HOUR
    assert shares._let_in_at(second) == at - 5 * HOUR, "one worker was let in for their own time alone"
    mistake(8, 0)
    whole = make_share(child, agency, by, at=at - HOUR, granted=False)
    assert shares._let_in_at(whole) == at - HOUR


@pytest.mark.parametrize("looks", [1, 250])
def test_nobody_who_opened_what_was_shared_is_left_out_however_often_others_looked(child, at, looks):
    member, by = make_membership(role=ROLE), make_membership(role=ROLE)
    colleague = make_membership(role=ROLE, agency=member.agency)
    decision = make_share(child, member.agency, by, at=at - DAY, ends_at=at + DAY, granted=False)
    for _ in range(looks):
        event(member.user, member, child_id=child.pk, agency_id=member.agency_id)
    event(colleague.user, colleague, child_id=child.pk, agency_id=member.agency_id)
    found = [(person.user_id, person.looks) for person in shares.who_opened(decision)]
    assert found == [(member.user_id, looks), (colleague.user_id, 1)]


def test_a_share_that_reached_somebody_and_holds_no_more_is_over(child, at):
    member, by = make_membership(role=ROLE), make_membership(role=ROLE)
    ended = {"ended_at": at, "ended_by": by.user, "end_kind": "withdrawn"}
    rows = {
        "running": make_share(child, member, by, granted=False, ends_at=at + TICK),
        "over": make_share(child, member, by, granted=False, ends_at=at),
        "ended": make_share(child, member.agency, by, granted=False, **ended),
        "another's": make_share(child, by, by, granted=False, ends_at=at),
        "declined": make_declined(child, member, by),
    }
    found = SharingDecision.objects.filter(pk__in=shares.shares_over(viewer_of(member), at))
    assert named(rows, found) == {"over", "ended"}

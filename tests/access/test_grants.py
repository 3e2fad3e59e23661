"""Giving and ending access, one condition at a time, and what is asked about the grants on one file.

`make mutants` turns round or leaves out each condition that it is about, and says what was not noticed.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.choices import FunctionKey
from accounts.models import Agency, DefinitionVersion, FunctionMember
from accounts.rules.viewers import Viewer
from accounts.selectors import viewer_of
from cases.access import selectors, services
from cases.access.choices import ALL_CATEGORIES, GrantReason
from cases.access.models import AccessGrant, Block
from cases.access.rules import mask_of
from cases.access.services import GrantRefused, NoAgreement
from cases.record.models import Child
from tests import cluster as clusters
from tests.access.test_worlds import LIVE, TICK
from tests.factories.accounts import make_agency, make_function, make_membership
from tests.factories.cases import block, give, grant, make_child, provenance

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def child(at) -> Child:
    return make_child("Ada", "Granted")


@pytest.fixture
def other(at) -> Child:
    return make_child("Ben", "Granted")


def lapse(agency):
    Agency.objects.filter(pk=agency.pk).update(covered=[])
    agency.refresh_from_db()


def live_on(child, at):
    return AccessGrant.objects.live(at).filter(child_id=child.pk)


def test_a_grant_opens_something_and_ends_after_it_starts(child, at):
    group, by = make_agency().group, viewer_of(make_membership())
    for said in ({"categories": []}, {"valid_until": at}, {"valid_until": at - TICK}):
        with pytest.raises(GrantRefused):
            give(child, at, group=group, **said)
    assert not live_on(child, at).exists()
    whole, part = give(child, at, group=group), give(child, at, group=group, categories=["plan"], valid_until=at + TICK)
    signed = give(child, at, group=group, by=by)
    assert (whole.category_mask, whole.valid_until, whole.granted_by_id) == (ALL_CATEGORIES, None, None)
    assert (part.category_mask, part.valid_until) == (mask_of(["plan"]), at + TICK)
    assert signed.granted_by_id == by.user_id


def test_nobody_of_an_agency_without_an_agreement_is_given_access(child, other, at):
    member = make_membership()
    group = member.agency.group
    held = give(child, at, membership=member, reason=GrantReason.ALLOCATION)
    shared_with = give(child, at, membership=make_membership(agency=member.agency), reason=GrantReason.SHARE).membership
    lapse(member.agency)
    for said in ({"group": group}, {"membership": member}):
        with pytest.raises(NoAgreement):
            give(child, at, **said)
    assert give(child, at, group=make_function(FunctionKey.PANEL_OFFICE).group).pk
    of_all = give(child, at, group=make_function(FunctionKey.NOTIFICATION_POINT).group, reason=GrantReason.FUNCTION)
    assert of_all.membership_id is None, "A group's grant is nobody's own"
    with pytest.raises(NoAgreement):
        give(child, at, group=group, reason=GrantReason.NAMED)
    assert give(child, at, membership=member, reason=GrantReason.NAMED).pk
    with pytest.raises(NoAgreement):
        give(other, at, membership=member, reason=GrantReason.NAMED)
    colleague = make_membership(agency=member.agency)
    for one in (colleague, shared_with):
        with pytest.raises(NoAgreement):
            give(child, at, membership=one, reason=GrantReason.NAMED)
    services.end_grants(grants=AccessGrant.objects.filter(child=child, membership=member), at=at, by=None, why="Over")
    assert AccessGrant.objects.filter(pk=held.pk, ended_at=at).exists()
    with pytest.raises(NoAgreement):
        give(child, at, membership=member, reason=GrantReason.NAMED)


def test_a_function_is_given_a_file_once(child, other, at):
    group = make_function(FunctionKey.NOTIFICATION_POINT).group
    asked = {"function": FunctionKey.NOTIFICATION_POINT, "at": at, "by": None}
    give(child, at - HOUR, group=group, reason=GrantReason.PANEL)
    give(child, at - HOUR, group=make_function(FunctionKey.PANEL_OFFICE).group, reason=GrantReason.FUNCTION)
    give(other, at - HOUR, group=group, reason=GrantReason.FUNCTION)
    given = services.grant_to_function(child_id=child.pk, **asked)
    assert (given.child_id, given.group_id, given.reason) == (child.pk, group.pk, GrantReason.FUNCTION)
    assert given.valid_from == at
    assert services.grant_to_function(child_id=child.pk, **asked) == given
    services.end_grants(grants=AccessGrant.objects.filter(pk=given.pk), at=at, by=None, why="Over")
    assert services.grant_to_function(child_id=child.pk, **asked) != given


def test_a_function_that_has_a_file_for_a_time_is_given_it_for_longer_and_no_shorter(child, at):
    make_function(FunctionKey.OUT_OF_HOURS)

    def given(hours):
        until = None if hours is None else at + hours * HOUR
        return services.grant_to_function(
            child_id=child.pk, function=FunctionKey.OUT_OF_HOURS, at=at, by=None, valid_until=until
        )

    first = given(2)
    assert first.valid_until == at + 2 * HOUR
    assert [given(1), given(2)] == [first, first]
    longer = given(3)
    assert (longer.valid_until, live_on(child, at).count()) == (at + 3 * HOUR, 2)
    standing = given(None)
    assert (standing.valid_until, live_on(child, at).count()) == (None, 3)
    assert {given(4), given(None)} == {standing}
    assert live_on(child, at).count() == 3


def test_a_new_file_is_open_to_triage_to_the_panel_and_to_the_guardians(child, at):
    groups = {key: make_function(key).group_id for key in FunctionKey}
    services.open_to_standing_functions(child_id=child.pk, at=at, by=None)
    opened = {FunctionKey.NOTIFICATION_POINT, FunctionKey.PANEL_OFFICE, FunctionKey.DATA_GUARDIANS}
    assert set(live_on(child, at).values_list("group_id", flat=True)) == {groups[key] for key in opened}


def test_what_has_ended_does_not_end_again(child, at):
    member, by = make_membership(), viewer_of(make_membership())
    first, second = give(child, at - HOUR, membership=member), give(child, at - HOUR, membership=member)
    ending = {"grants": AccessGrant.objects.filter(child=child), "why": "Over"}
    assert services.end_grants(grants=AccessGrant.objects.filter(pk=first.pk), at=at - TICK, by=by, why="Done") == 1
    assert services.end_grants(**ending, at=at, by=None) == 1
    assert services.end_grants(**ending, at=at + HOUR, by=None) == 0
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.ended_at, first.ended_by_id, first.end_reason) == (at - TICK, by.user_id, "Done")
    assert (second.ended_at, second.ended_by_id, second.end_reason) == (at, None, "Over")


def test_what_came_from_one_event_ends_with_it(child, at):
    source, member = uuid4(), make_membership()
    mine, others = give(child, at, membership=member, source_id=source), give(child, at, membership=member)
    assert services.end_grants_from(source_id=source, at=at, by=None, why="Over") == 1
    assert set(live_on(child, at)) == {others}
    assert mine not in live_on(child, at)


def test_what_is_open_to_somebody_by_name_is_counted_by_file_and_ends_with_the_role(child, other, at):
    member, colleague = make_membership(), make_membership()
    give(child, at - HOUR, membership=member)
    give(child, at - HOUR, membership=member)
    give(other, at - HOUR, membership=member)
    give(make_child("Cy", "Granted"), at - HOUR, membership=member, valid_until=at)
    kept = give(make_child("Di", "Granted"), at - HOUR, membership=colleague)
    give(child, at - HOUR, group=member.agency.group)
    assert services.count_personal_grants(member.pk, at) == 2
    assert services.end_personal_grants(member.pk, at, None) == 4
    assert services.count_personal_grants(member.pk, at) == 0
    assert services.count_personal_grants(colleague.pk, at) == 1
    assert live_on(kept.child, at).exists()
    assert live_on(child, at).count() == 1


def test_a_conflict_is_placed_once_and_ended_once(child, other, at):
    by, user, second = viewer_of(make_membership()), make_membership().user, make_membership().user
    said = {"reason": "Her cousin.", "by": by, "at": at}
    placed = services.place_block(child_id=child.pk, user=user, **said)
    assert services.place_block(child_id=child.pk, user=user, **said) == placed
    apart = {
        placed.pk,
        services.place_block(child_id=other.pk, user=user, **said).pk,
        services.place_block(child_id=child.pk, user=second, **said).pk,
    }
    assert len(apart) == 3
    services.end_block(block_id=uuid4(), by=by, at=at)
    services.end_block(block_id=placed.pk, by=by, at=at)
    assert set(Block.objects.live(at).values_list("pk", flat=True)) == apart - {placed.pk}
    services.end_block(block_id=placed.pk, by=by, at=at + HOUR)
    placed.refresh_from_db()
    assert (placed.ended_at, placed.ended_by_id) == (at, by.user_id)
    assert services.place_block(child_id=child.pk, user=user, **said).pk not in apart


@pytest.mark.parametrize(
    ("start", "end", "live"), [(0, None, True), (1, None, False), (-1, 0, False), (-1, 1, True), (-2, -1, False)]
)
def test_a_conflict_holds_from_when_it_is_placed_up_to_its_end(child, at, start, end, live):
    by = make_membership().user
    ended = {} if end is None else {"ended_at": at + end * TICK, "ended_by": by}
    Block.objects.create(child=child, user=by, reason="x", placed_by=by, placed_at=at + start * TICK, **ended)
    assert Block.objects.live(at).exists() is live


@pytest.mark.parametrize(("start", "until", "ended", "live"), LIVE)
def test_a_grant_is_live_from_its_start_up_to_its_end(child, at, start, until, ended, live):
    instants = {"valid_from": start, "valid_until": until, "ended_at": ended}
    when = {name: None if steps is None else at + steps * TICK for name, steps in instants.items()}
    AccessGrant.objects.create(child=child, group=make_agency().group, reason=GrantReason.SHARE, **when)
    assert live_on(child, at).exists() is live


def broken(make) -> bool:
    try:
        with transaction.atomic():
            make()
    except IntegrityError:
        return True
    return False


def test_what_the_database_promises_of_a_grant(child, at):
    member = make_membership()
    group = member.agency.group

    def row(**said):
        given = {"child": child, "reason": GrantReason.SHARE, "valid_from": at}
        return lambda: AccessGrant.objects.create(**{**given, **said})

    assert not broken(row(group=group))
    assert not broken(row(membership=member))
    assert broken(row())
    assert broken(row(group=group, membership=member))
    assert not broken(row(group=group, valid_until=at + TICK))
    assert broken(row(group=group, valid_until=at))
    assert broken(row(group=group, valid_until=at - TICK))
    assert not broken(row(membership=member, reason=GrantReason.NAMED))
    assert broken(row(group=group, reason=GrantReason.NAMED))


def test_what_the_database_promises_of_a_conflict(child, other, at):
    user, second = make_membership().user, make_membership().user

    def row(**said):
        given = {"child": child, "user": user, "reason": "x", "placed_by": user, "placed_at": at}
        return lambda: Block.objects.create(**{**given, **said})

    assert not broken(row())
    assert broken(row())
    assert not broken(row(child=other))
    assert not broken(row(user=second))
    assert not broken(row(ended_at=at, ended_by=user))
    assert not broken(row(ended_at=at, ended_by=user))
    assert broken(row(child=other, user=second, ended_at=at))
    assert broken(row(child=other, user=second, ended_by=user))


def test_the_single_entries_that_grants_open_to_somebody(child, other, at):
    member = make_membership(functions=(FunctionKey.PANEL_OFFICE,))
    viewer = viewer_of(member)
    stranger = viewer_of(make_membership())
    mine, theirs, served, past, elsewhere = (uuid4() for _ in range(5))
    give(child, at, membership=member, entries=[mine])
    give(child, at, group=member.agency.group, entries=[theirs])
    give(child, at, group=make_function(FunctionKey.PANEL_OFFICE).group, entries=[served])
    give(child, at - HOUR, membership=member, entries=[past], valid_until=at)
    give(other, at, membership=member, entries=[elsewhere])
    give(child, at, membership=member)
    assert selectors.entries_opened(child.pk, viewer, at) == {mine, theirs, served}
    assert selectors.entries_opened(child.pk, stranger, at) == frozenset()
    assert selectors.entries_opened(child.pk, Viewer(user_id=1), at) == frozenset()


def test_who_is_named_on_a_file(child, other, at):
    member, worker = make_membership(), make_membership()
    give(child, at, membership=member, reason=GrantReason.NAMED)
    give(child, at, membership=worker, reason=GrantReason.ALLOCATION)
    assert selectors.is_named_on(child.pk, member.pk, at) is True
    assert selectors.is_named_on(child.pk, worker.pk, at) is False
    assert selectors.is_named_on(other.pk, member.pk, at) is False
    assert selectors.is_named_on(child.pk, member.pk, at - TICK) is False
    assert selectors.is_named_on(child.pk, None, at) is False


def test_whether_a_grant_still_reaches_somebody(child, other, at):
    member, colleague, stranger = make_membership(), make_membership(), make_membership()
    give(child, at, membership=member, reason=GrantReason.ALLOCATION)
    give(child, at, membership=colleague, reason=GrantReason.NAMED)
    give(child, at, group=stranger.agency.group)

    def reached(one, *, file=child, named_only=False, when=at, anybody=False):
        asked = {"group_id": one.agency.group_id, "membership_id": None if anybody else one.pk}
        return selectors.still_reached(file.pk, **asked, named_only=named_only, at=when)

    assert [reached(one) for one in (member, colleague, stranger)] == [True, True, True]
    assert [reached(one, named_only=True) for one in (member, colleague, stranger)] == [False, True, False]
    assert [reached(one, anybody=True) for one in (member, colleague, stranger)] == [False, False, True]
    assert [reached(one, anybody=True, named_only=True) for one in (member, colleague, stranger)] == [False] * 3
    assert [reached(one, when=at - TICK) for one in (member, colleague, stranger)] == [False] * 3
    assert [reached(one, file=other) for one in (member, colleague, stranger)] == [False] * 3


def test_the_roles_that_people_hold_in_a_group(at):
    day = at.date()
    agency, function = make_agency(), make_function(FunctionKey.PANEL_OFFICE)
    make_membership(agency=agency, role="housing")
    make_membership(agency=agency, role="housing")
    make_membership(agency=agency, role="police_missing", ended_on=day)
    serving = make_membership(role="coordinator", functions=(FunctionKey.PANEL_OFFICE,))
    left = make_membership(role="panel_chair", functions=(FunctionKey.PANEL_OFFICE,))
    make_membership(role="data_guardian", functions=(FunctionKey.PANEL_OFFICE,), ended_on=day)
    make_membership(role="notification_point", functions=(FunctionKey.NOTIFICATION_POINT,))
    make_membership(agency=agency, role="csc_manager", started_on=day + timedelta(days=1))
    FunctionMember.objects.filter(membership=left).update(ended_on=day)
    groups = [agency.group_id, function.group_id]
    assert selectors.roles_of(groups, on=day) == {agency.group_id: ["housing"], function.group_id: ["coordinator"]}
    assert selectors.roles_of([function.group_id], on=day) == {function.group_id: [serving.role]}


def test_the_grants_that_hold_on_a_file_oldest_first(child, other, at):
    member = make_membership()
    second, first = give(child, at - TICK, membership=member), give(child, at - HOUR, membership=member)
    give(child, at - HOUR, membership=member, valid_until=at)
    give(other, at - HOUR, membership=member)
    assert selectors.live_grants_on(child.pk, at) == [first, second]


@pytest.mark.django_db(transaction=True)
def test_the_matrix_in_force_is_the_latest_that_holds_today(cluster):
    body = DefinitionVersion.objects.get(kind="access_matrix").body
    url = clusters.for_database(cluster.owner_url, connection.settings_dict["NAME"])
    with clusters.cursor_of(url) as owner:
        owner.execute("SELECT (clock_timestamp() AT TIME ZONE 'Europe/London')::date")
        today = owner.fetchone()[0]
        for kind, key, version, days in [
            ("access_matrix", "access_matrix", 2, 0),
            ("access_matrix", "access_matrix", 3, 0),
            ("access_matrix", "access_matrix", 4, -1),
            ("access_matrix", "access_matrix", 5, 1),
            ("access_matrix", "another", 6, 0),
            ("another", "access_matrix", 7, 0),
        ]:
            owner.execute(
                "INSERT INTO accounts_definitionversion (kind, key, version, body, sha256, effective_on, adopted_by) "
                "VALUES (%s, %s, %s, %s, '', %s, '')",
                [kind, key, version, body.replace("version = 1", f"version = {version}"), today + timedelta(days=days)],
            )
        matrix, instant = selectors.matrix_now()
        assert (matrix.version, instant.tzinfo is not None) == (3, True)
        assert selectors.matrix_in_force(on=today) == matrix
        owner.execute("ALTER TABLE accounts_definitionversion DISABLE TRIGGER USER")
        owner.execute("DELETE FROM accounts_definitionversion")
    with pytest.raises(DefinitionVersion.DoesNotExist):
        selectors.matrix_now()


@pytest.mark.parametrize(
    ("kept", "known", "shut"),
    [
        ("nothing", True, False),
        ("no grant", False, False),
        ("blocked", False, True),
        ("blocked where it was merged from", False, True),
        ("a block of somebody else", True, False),
        ("restricted", False, True),
        ("restricted where it was merged from", False, True),
        ("restricted and named", True, True),
        ("blocked before", True, False),
    ],
)
def test_what_an_emergency_opens_and_what_is_known_without_one(kept, known, shut, child, other, at):
    member = make_membership(role="csc_social_worker")
    viewer = viewer_of(member)
    before = make_child("Old", "Granted", merged_into=child)
    if kept != "no grant":
        give(child, at, group=member.agency.group, reason=GrantReason.INVOLVEMENT)
    if kept.startswith("blocked"):
        on = before if "merged" in kept else child
        placed = block(on, viewer, by=viewer)
        if kept == "blocked before":
            services.end_block(block_id=placed.pk, by=viewer, at=at - HOUR)
    if kept == "a block of somebody else":
        block(child, viewer_of(make_membership()), by=viewer)
    if "restricted" in kept:
        Child.objects.filter(pk=(before if "merged" in kept else child).pk).update(restricted=True)
    if "named" in kept:
        give(child, at, membership=member, reason=GrantReason.NAMED)
    found = selectors.files_in_an_emergency(Child.objects.filter(pk=child.pk), viewer, at).get()
    assert (bool(found.known), found.shut) == (known, shut)
    assert Child.objects.visible_to(viewer, at=at).filter(pk=child.pk).exists() is known


def test_nobody_without_a_membership_or_a_role_that_opens_files_sees_one(child, at):
    member = make_membership(role="housing")
    grant(child, member.agency)
    viewer = viewer_of(member)
    ids = {"user_id": viewer.user_id, "membership_id": viewer.membership_id, "agency_group_id": viewer.agency_group_id}
    seen = Child.objects.visible_to(Viewer(**ids, role_key="housing"), at=at)
    assert set(seen) == {child}
    for lacking in ({"user_id": None}, {"membership_id": None}):
        assert not Child.objects.visible_to(Viewer(**{**ids, **lacking}, role_key="housing"), at=at).exists()
    assert not Child.objects.visible_to(Viewer(**ids, role_key="board_analyst"), at=at).exists()
    assert provenance(viewer)["author_id"] == viewer.user_id

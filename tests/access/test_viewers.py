"""Who somebody is when they look: what each role may do, which groups' grants reach them, and under which membership.

`make mutants` turns round or leaves out each condition that it is about, and says what was not noticed.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils.timezone import localdate

from accounts.models import Agency, FunctionMember, Membership, User
from accounts.rules.roles import (
    ROLES,
    Capability,
    needs_a_second_person,
    opens_files,
    signs_in_by_code,
)
from accounts.rules.viewers import NOBODY, SystemPrincipal, Viewer, system_viewer
from accounts.selectors.people import current_memberships, viewer_for, viewer_of
from tests.factories.accounts import COVERED, make_agency, make_function, make_membership, make_user

SOCIAL_CARE = {"csc_social_worker", "csc_manager", "csc_out_of_hours"}
POLICE = {"police_exploitation", "police_missing", "police_officer"}
INTERVIEWS = {"return_interviewer", "specialist_keyworker", "specialist_manager"}
APPROVES = {"csc_manager", "specialist_manager"}
ASSESSES = (
    SOCIAL_CARE
    | APPROVES
    | {"police_exploitation", "specialist_keyworker", "notification_point", "panel_chair", "coordinator"}
)
SEES_NO_FILE = {"board_analyst", "technical_admin", "notification_only"}
WRITES = set(ROLES) - SEES_NO_FILE - {"data_guardian"}
MAY = {
    Capability.NOTIFY: WRITES | {"notification_only"},
    Capability.TRIAGE: {"notification_point", "csc_out_of_hours"},
    Capability.ANSWER_OUT_OF_HOURS: {"csc_out_of_hours"},
    Capability.READ_FILES: set(ROLES) - SEES_NO_FILE,
    Capability.WRITE_FILES: WRITES,
    Capability.ASSESS_RISK: ASSESSES,
    Capability.APPROVE_LEVEL: APPROVES,
    Capability.CHANGE_INVOLVEMENT: ASSESSES,
    Capability.REPORT_MISSING: POLICE | SOCIAL_CARE | INTERVIEWS | {"carer_or_home", "coordinator"},
    Capability.GRADE_MISSING: POLICE,
    Capability.ALLOCATE_INTERVIEWS: {"csc_manager", "specialist_manager", "coordinator"},
    Capability.INTERVIEW: INTERVIEWS,
    Capability.PREPARE_PANEL: {"panel_chair", "coordinator"},
    Capability.CHAIR_PANEL: {"panel_chair"},
    Capability.REPORT: APPROVES | {"panel_chair", "coordinator", "board_analyst"},
    Capability.KEEP_CALENDAR: {"coordinator", "technical_admin"},
    Capability.BREAK_GLASS: SOCIAL_CARE
    | {"police_exploitation", "police_missing", "specialist_manager", "notification_point"},
    Capability.OVERSEE_ACCESS: {"csc_manager", "specialist_manager", "data_guardian"},
    Capability.GOVERN_ACCESS: {"data_guardian", "coordinator", "panel_chair"},
    Capability.AUDIT: {"data_guardian"},
    Capability.ADMINISTER: {"technical_admin"},
    Capability.SEE_PEOPLE: {"technical_admin", "data_guardian"},
    Capability.REVIEW_ACCESS: APPROVES | {"panel_chair", "education_dsl", "data_guardian"},
}


@pytest.mark.parametrize("capability", Capability)
def test_which_roles_may(capability):
    may = {role for role in ROLES if Viewer(user_id=1, role_key=role).may(capability)}
    assert may == MAY[capability]
    assert not NOBODY.may(capability)


def test_what_follows_from_what_a_role_may():
    assert {role for role in ROLES if opens_files(role)} == set(ROLES) - SEES_NO_FILE
    assert {role for role in ROLES if needs_a_second_person(role)} == set(ROLES) - {
        "board_analyst",
        "notification_only",
    }
    assert [signs_in_by_code([role]) for role in ("notification_only", "housing", "board_analyst")] == [
        True,
        False,
        False,
    ]
    assert signs_in_by_code([]) is False
    assert signs_in_by_code(["notification_only", "notification_only"]) is True
    assert signs_in_by_code(["notification_only", "housing"]) is False


@pytest.mark.parametrize("capability", Capability)
def test_what_a_second_person_must_agree_to(capability, monkeypatch):
    role = replace(ROLES["housing"], key="made_up", capabilities=frozenset({capability}))
    monkeypatch.setitem(ROLES, "made_up", role)
    grave = {Capability.READ_FILES, Capability.ADMINISTER, Capability.AUDIT}
    assert needs_a_second_person("made_up") is (capability in grave)


@pytest.mark.parametrize(
    ("agency", "covered", "functions", "groups"),
    [
        (None, True, (), ()),
        (7, True, (), (7,)),
        (7, False, (), ()),
        (None, True, (8, 9), (8, 9)),
        (7, True, (8, 9), (7, 8, 9)),
        (7, False, (8, 9), (8, 9)),
    ],
)
def test_the_groups_whose_grants_reach_somebody(agency, covered, functions, groups):
    assert Viewer(agency_group_id=agency, covered=covered, function_group_ids=functions).group_ids == groups


def test_only_a_person_acts():
    membership = uuid4()
    person = Viewer(user_id=0, membership_id=membership, role_key="housing")
    assert (person.person_id, person.acting_membership_id, person.role_name) == (0, membership, ROLES["housing"].name)
    assert NOBODY.role_name == ""
    for nobody in (NOBODY, system_viewer(SystemPrincipal.MEASURES)):
        with pytest.raises(ValueError, match="person"):
            _ = nobody.person_id
        with pytest.raises(ValueError, match="membership"):
            _ = nobody.acting_membership_id


DAY = timedelta(days=1)
db = pytest.mark.django_db


@db
def test_the_memberships_that_hold_on_a_day():
    today, user = localdate(), make_user()
    held = [
        make_membership(user, started_on=today),
        make_membership(user, started_on=today - DAY, ended_on=today + DAY),
    ]
    make_membership(user, started_on=today + DAY)
    make_membership(user, started_on=today - DAY, ended_on=today)
    closed = make_membership(user, started_on=today)
    Agency.objects.filter(pk=closed.agency_id).update(ended_on=today)
    make_membership()
    assert {one.pk for one in current_memberships(user)} == {one.pk for one in held}
    assert {one.pk for one in current_memberships(user, on=today - DAY)} & {one.pk for one in held} == {held[1].pk}
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert current_memberships(user) == []


@db
def test_a_function_is_served_until_the_day_it_is_left():
    today = localdate()
    member = make_membership(functions=("notification_point", "panel_office", "data_guardians"))
    groups = {key: make_function(key).group_id for key in ("notification_point", "panel_office", "data_guardians")}
    rows = FunctionMember.objects.filter(membership=member)
    rows.filter(function__key="panel_office").update(ended_on=today)
    rows.filter(function__key="data_guardians").update(ended_on=today + DAY)
    serving = {groups["notification_point"], groups["data_guardians"]}
    asked = current_memberships(member.user)[0]
    for viewer in (viewer_of(asked), viewer_of(Membership.objects.get(pk=member.pk))):
        assert set(viewer.function_group_ids) == serving
        assert viewer.functions == {"notification_point", "data_guardians"}
        assert set(viewer.group_ids) == serving | {member.agency.group_id}
    nowhere = viewer_of(current_memberships(make_membership().user)[0])
    assert (nowhere.functions, nowhere.function_group_ids) == (frozenset(), ())


@db
def test_what_was_read_with_the_memberships_is_not_asked_again(django_assert_num_queries):
    member = make_membership(functions=("notification_point",))
    (asked,) = current_memberships(member.user)
    asked.user = member.user
    with django_assert_num_queries(0):
        assert viewer_of(asked).functions == {"notification_point"}


@db
def test_an_agency_that_is_not_covered_today_reaches_nothing():
    covered, lapsed = make_membership(), make_membership(agency=make_agency(covered=False))
    assert (viewer_of(covered).covered, viewer_of(covered).group_ids) == (True, (covered.agency.group_id,))
    assert (viewer_of(lapsed).covered, viewer_of(lapsed).group_ids) == (False, ())
    assert COVERED[0].upper is None
    assert viewer_of(covered).covered_until is None


@db
def test_somebody_acts_under_the_membership_they_chose_or_the_first():
    user = make_user()
    second = make_membership(user, make_agency("B"))
    first = make_membership(user, make_agency("A"))
    stranger, only = make_membership(), make_membership()
    assert viewer_for(user) == replace(viewer_of(first), may_switch=True)
    for chosen, found in ((second, second), (first, first), (stranger, first)):
        assert viewer_for(user, membership_id=str(chosen.pk)).membership_id == found.pk
    assert viewer_for(user, membership_id=str(second.pk)).may_switch
    for chosen in (None, str(only.pk)):
        assert viewer_for(only.user, membership_id=chosen) == replace(viewer_of(only), may_switch=False)
    nobody = make_user(full_name="Nobody Now")
    assert viewer_for(nobody) == Viewer(user_id=nobody.pk, name="Nobody Now")

"""How many people, files and records a change of the matrix is said to touch, of what is not kept from its reader, one
condition at a time.

`make mutants` turns round or leaves out each of these conditions, and says what was not noticed.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from accounts.models import FunctionMember
from accounts.selectors import viewer_of
from cases.access.choices import Category, Cell
from cases.record.models import Child
from cases.sharing.rules.matrix import CellChange
from cases.sharing.selectors import matrix
from cases.sharing.services.matrix import sign_proposal, withdraw_proposal
from tests.access.seen.rows import DAY, GUARDIANS, HOUR, POINT, ROLE
from tests.factories.accounts import make_function, make_membership
from tests.factories.cases import block, give, make_child, make_chronology
from tests.factories.sharing import propose

pytestmark = pytest.mark.django_db
CHANGE = CellChange("housing", "missing", Cell.NONE, Cell.SUMMARY)


def files(reader: Any, at: Any) -> int:
    return matrix.reach_of(CHANGE, viewer_of(reader), at).files


def test_people_are_those_who_hold_the_role_now(at):
    reader, today = make_membership(role="coordinator"), timezone.localdate(at)
    member = make_membership(role="housing")
    make_membership(member.user, role="housing")
    for said in ({"role": ROLE}, {"role": "housing", "ended_on": today}):
        make_membership(**said)
    assert matrix.reach_of(CHANGE, viewer_of(reader), at).people == 1


def test_files_are_those_that_a_live_grant_opens_to_the_role_in_this_kind_of_information(at):
    reader, today = make_membership(role="coordinator"), timezone.localdate(at)
    member, gone = make_membership(role="housing"), make_membership(role="housing", ended_on=today)
    other = make_membership(role=ROLE)
    FunctionMember.objects.create(membership=member, function=make_function(GUARDIANS))
    assert files(reader, at) == 0
    for number, said in enumerate(
        ({"membership": member}, {"group": member.agency.group}, {"group": make_function(GUARDIANS).group})
    ):
        give(make_child(f"Child{number}", "Reach"), at - HOUR, **said)
        assert files(reader, at) == number + 1
    for said in (
        {"membership": gone},
        {"group": gone.agency.group},
        {"membership": other},
        {"group": other.agency.group},
    ):
        give(make_child("Not", "Reached"), at - HOUR, **said)
    FunctionMember.objects.create(membership=other, function=make_function(POINT))
    give(make_child("Theirs", "Reached"), at - HOUR, group=make_function(POINT).group)
    give(make_child("Over", "Reached"), at - DAY, membership=member, valid_until=at)
    give(make_child("In", "Part"), at - HOUR, membership=member, categories=["plan"])
    assert files(reader, at) == 3
    FunctionMember.objects.update(ended_on=today)
    assert files(reader, at) == 2


def test_a_file_that_is_kept_from_the_reader_is_in_no_number(at):
    reader, member = make_membership(role="coordinator"), make_membership(role="housing")
    author, by = viewer_of(make_membership(role=ROLE)), viewer_of(make_membership(role="data_guardian"))
    plain, shut, blocked = (make_child(name, "Reach") for name in ("Plain", "Shut", "Blocked"))
    for file in (plain, shut, blocked, make_child("Other", "Reach")):
        make_chronology(file, author, category=Category.MISSING)
        make_chronology(file, author, category=Category.PLAN)
        if file.given_name != "Other":
            give(file, at - HOUR, membership=member)
    assert matrix.reach_of(CHANGE, viewer_of(reader), at) == matrix.Reach(people=1, files=3, records=3)
    Child.objects.filter(pk=shut.pk).update(restricted=True)
    give(shut, at - HOUR, membership=reader, reason="named")
    assert files(reader, at) == 2, "on a restricted file nobody of the role is named"
    give(shut, at - HOUR, membership=member, reason="named")
    assert files(reader, at) == 3
    block(blocked, viewer_of(reader), by=by, at=at - HOUR)
    assert matrix.reach_of(CHANGE, viewer_of(reader), at) == matrix.Reach(people=1, files=2, records=2)
    assert files(make_membership(role="coordinator"), at) == 2, "who is not named there is not told of it"


def test_a_proposal_waits_until_it_is_adopted_or_withdrawn_and_says_what_it_changes(world, viewer, at):
    waits, withdrawn, adopted = (propose(viewer, at) for _ in range(3))
    withdraw_proposal(proposal_id=withdrawn.pk, at=at, by=viewer("coordinator"))
    for name in ("chair", "guardian"):
        sign_proposal(proposal_id=adopted.pk, at=at, by=viewer(name))
    assert matrix.open_proposals() == [waits]
    change = CellChange("education_dsl", "interview", Cell.NONE, Cell.EXISTENCE)
    assert matrix.changes_of(waits) == matrix.changes_of(adopted) == [change]

"""Who owes what is left about sharing when somebody's work on a file has ended, one condition at a time.

`make mutants` turns round or leaves out each of these conditions, and says what was not noticed.
"""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from accounts.models import Membership
from accounts.selectors import viewer_of
from cases.access.models import AccessGrant
from cases.access.services import end_grants
from cases.clocks.choices import ClockKind, ClockState
from cases.clocks.models import Clock
from cases.clocks.services import start_clock
from cases.record.models import Child, Involvement
from cases.sharing.selectors import handing_on
from tests.access.seen.rows import DAY, HOUR, POINT, ROLE, lead, named
from tests.factories.accounts import make_function, make_membership
from tests.factories.cases import give, make_child

ANSWERED = ClockKind.ACCESS_ANSWERED

pytestmark = pytest.mark.django_db


def make_clock(child: Child, owner: Membership, at: Any, kind: ClockKind = ANSWERED, **said: Any) -> Clock:
    """A clock that an agency owes, or a person of it."""
    due = {"due_on": at.date() + 9 * DAY} if kind == ClockKind.SHARING_REVIEWED else {}
    owed = {"owner_membership_id": owner.pk, "owner_group_id": owner.agency.group_id, **said}
    about = {"kind": kind, "subject_id": uuid4(), "child_id": child.pk, "anchored_at": at}
    return start_clock(at=at, by=viewer_of(owner), **about, **owed, **due)


@pytest.fixture
def worker(db) -> Membership:
    return make_membership(role=ROLE)


@pytest.fixture
def clocks(child, unknown, worker, at) -> dict[str, Clock]:
    """What the worker, a colleague and others owe on the file, and what is not among it."""
    colleague, foreign = make_membership(role=ROLE, agency=worker.agency), make_membership(role=ROLE)
    rows = {
        "own": make_clock(child, worker, at),
        "own review": make_clock(child, worker, at, ClockKind.SHARING_REVIEWED),
        "colleague's": make_clock(child, colleague, at),
        "agency's": make_clock(child, worker, at, owner_membership_id=None),
        "foreign": make_clock(child, foreign, at),
        "foreign agency's": make_clock(child, foreign, at, owner_membership_id=None),
        "foreign person's, owed by the group": make_clock(child, foreign, at, owner_group_id=worker.agency.group_id),
        "another file's": make_clock(unknown, worker, at),
        "done": make_clock(child, worker, at),
        "another kind": make_clock(child, worker, at, ClockKind.BREACH_ASSESSED),
    }
    done = {"state": ClockState.DONE, "done_at": at, "stopped_at": at}
    Clock.objects.filter(pk=rows["done"].pk).update(**done)
    return rows


def test_while_work_goes_on_or_others_of_it_do_a_worker_keeps_what_is_theirs(child, unknown, worker, clocks, at):
    def left(work: Involvement) -> set[str]:
        return named(clocks, handing_on.clocks_left(work, at=at))

    own = {"own", "own review"}
    assert left(lead(child, worker)) == own, "who hands over while they work here leaves what is theirs"
    ended = lead(child, worker, ended_on="2026-02-05")
    agencys = {"colleague's", "agency's"}
    assert left(ended) == agencys, "they still work with the child otherwise"
    Involvement.objects.filter(child=child, ended_on=None).update(ended_on="2026-02-05")
    lead(unknown, worker)
    lead(child, make_membership(role=ROLE))
    assert left(ended) == own | agencys
    give(child, at - HOUR, membership=worker)
    assert left(ended) == own | agencys
    give(child, at - HOUR, group=worker.agency.group)
    assert left(ended) == own, "colleagues whom something else lets see the file keep theirs"


@pytest.mark.parametrize("merged", [False, True], ids=["the file", "one merged into it"])
def test_work_of_an_agency_without_a_person_leaves_what_nobody_there_sees_any_more(child, worker, clocks, at, merged):
    def left(**said: Any) -> set[str]:
        work = lead(child, worker, membership=None, is_lead=False, **said)
        return named(clocks, handing_on.clocks_left(work, at=at))

    assert left() == set()
    assert left(ended_on="2026-02-05") == {"own", "own review", "colleague's", "agency's"}
    give(child, at - HOUR, membership=worker)
    assert left(ended_on="2026-02-05") == {"colleague's", "agency's"}
    give(child, at - HOUR, group=worker.agency.group)
    assert left(ended_on="2026-02-05") == set()
    file = make_child("Ada", "Merged", merged_into=child) if merged else child
    Child.objects.filter(pk=file.pk).update(restricted=True)
    child.refresh_from_db()
    assert left(ended_on="2026-02-05") == {"own", "own review", "colleague's", "agency's"}, "nobody is named"


def test_who_reviews_it_then_is_the_lead_else_the_agency_that_sees_the_file_else_the_point(child, worker, at):
    work, point = lead(child, worker, ended_on="2026-02-05"), make_function(POINT)
    assert handing_on.who_reviews(work, at=at) == (None, point.group_id)
    give(child, at - HOUR, group=worker.agency.group)
    assert handing_on.who_reviews(work, at=at) == (None, worker.agency.group_id)
    leads = make_membership(role=ROLE)
    lead(child, leads)
    assert handing_on.who_reviews(work, at=at) == (None, worker.agency.group_id), "the file is not open to them"
    give(child, at - HOUR, membership=leads)
    assert handing_on.who_reviews(work, at=at) == (leads.pk, leads.agency.group_id)
    grants = AccessGrant.objects.filter(group=worker.agency.group)
    end_grants(grants=grants, at=at, by=viewer_of(leads), why="Ended in a test")
    Involvement.objects.filter(membership=leads).update(ended_on="2026-02-05")
    assert handing_on.who_reviews(work, at=at) == (None, point.group_id)

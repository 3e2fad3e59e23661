"""Which looks, and which questions about looks, a guardian is shown, one condition at a time.

`make mutants` turns round or leaves out each of these conditions, and says what was not noticed.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from accounts.choices import AccessOutcome
from accounts.models import AccessEvent
from accounts.rules.refusals import NotKnown
from accounts.rules.sign_in import SIGN_IN
from accounts.rules.viewers import Viewer
from accounts.selectors import viewer_of
from accounts.selectors.definitions import definition_in_force
from cases.access.choices import GrantReason
from cases.clocks.rules.due import midnight
from cases.record.models import Child, ChronologyEntry
from cases.record.selectors.looking import CONFLICT_PAGES
from cases.sharing.models import StaffHome
from cases.sharing.models.looks import LookDigest, LookSignal
from cases.sharing.rules.looks import BEFORE_WRITING, Look
from cases.sharing.selectors import looks
from cases.sharing.selectors.looks import PersonFilter
from tests.access.seen.rows import DAY, HOUR, ROLE, TICK, event, lead, named, unblock
from tests.factories.accounts import make_membership, make_user
from tests.factories.cases import block, give, grant, make_child, make_chronology, make_home
from tests.factories.conflicts import make_conflict, make_possible
from tests.factories.emergency import make_emergency

pytestmark = pytest.mark.django_db


@pytest.fixture
def hidden(guardian) -> Child:
    """A file that a conflict of interest keeps from the guardian."""
    file = make_child("Cai", "Hidden")
    block(file, viewer_of(guardian), by=viewer_of(make_membership(role=ROLE)))
    return file


def test_looks_at_a_file_that_is_not_known_are_not_shown_nor_a_list_of_what_is_kept_from_the_guardian(
    child, unknown, hidden, guardian, at
):
    person, viewer = make_user(), viewer_of(guardian)
    looked = {
        name: event(person, **fields)
        for name, fields in {
            "known": {"child_id": child.pk},
            "unknown": {"child_id": unknown.pk},
            "hidden": {"child_id": hidden.pk},
            "no file": {},
            "list": {"shown_ids": [child.pk]},
            "list of unknown": {"shown_ids": [unknown.pk]},
            "list of hidden": {"shown_ids": [hidden.pk]},
            "list of both": {"shown_ids": [hidden.pk, child.pk]},
        }.items()
    }
    event(make_user(), child_id=child.pk)

    def shown(looked_from: Any = None, looked_before: Any = None) -> set[str]:
        times = {"looked_from": looked_from, "looked_before": looked_before}
        return named(looked, looks.looks_of(viewer, person.pk, at=at, **times))

    everything = {"known", "no file", "list", "list of unknown", "list of both"}
    assert shown() == everything
    assert shown(looked_from=looked["no file"].at) == everything - {"known"}
    assert shown(looked_from=looked["known"].at + TICK) == everything - {"known"}
    assert shown(looked_before=looked["no file"].at) == {"known"}
    give(make_child(), at - DAY, membership=guardian)
    references = looks.references_of(viewer, [*looked.values(), LookSignal(child_id=hidden.pk)], at=at)
    assert references == {child.pk: child.reference}
    assert looks.references_of(viewer, [LookSignal(child_id=child.pk)], at=at) == references


def test_nobody_is_told_who_looked_at_a_conflict_of_their_own_whether_it_holds_is_over_or_is_only_possible(
    child, unknown, join, guardian, at
):
    person, viewer, by = make_user(), viewer_of(guardian), viewer_of(join())
    give(unknown, at - HOUR, membership=guardian)
    unblock(make_conflict(child, viewer, by=by).block, at - TICK)
    make_possible(possible := make_child("Dan", "Seen"), viewer)
    give(possible, at - HOUR, membership=guardian)
    make_possible(unknown, by)
    looked = {
        f"{action} {name}": event(person, action=action, **fields)
        for action in (*CONFLICT_PAGES, "cases:file")
        for name, fields in {
            "over": {"child_id": child.pk},
            "possible": {"child_id": possible.pk},
            "of somebody else": {"child_id": unknown.pk},
            "no file": {},
            "list": {"shown_ids": [unknown.pk]},
            "list with over": {"shown_ids": [unknown.pk, child.pk]},
            "list with possible": {"shown_ids": [possible.pk]},
            "file in a list": {"child_id": unknown.pk, "shown_ids": [child.pk]},
        }.items()
    }
    about_others = {f"{action} {name}" for action in CONFLICT_PAGES for name in ("of somebody else", "no file", "list")}
    elsewhere = {name for name in looked if name.startswith("cases:file ")}

    def shown(viewer: Viewer) -> set[str]:
        times = {"looked_from": None, "looked_before": None}
        return named(looked, looks.looks_of(viewer, person.pk, at=at, **times))

    assert shown(viewer) == about_others | elsewhere
    counted = looks.people_who_looked(viewer, PersonFilter(), at=at, since=at - DAY)
    assert [(one.user_id, one.reads) for one in counted] == [(person.pk, len(about_others | elsewhere))]
    other = join("data_guardian")
    for file in (unknown, possible):
        give(file, at - HOUR, membership=other)
    assert shown(viewer_of(other)) == set(looked), "who has no conflict there is told of each"


def test_people_are_counted_by_the_looks_that_the_guardian_may_know_of(child, hidden, guardian, at):
    member, other = (
        make_membership(make_user(full_name="Ida Fenwick")),
        make_membership(make_user(full_name="Ola Prosser")),
    )
    refused, ghost = {"outcome": AccessOutcome.REFUSED, "child_id": child.pk}, 987654321
    first = event(other.user, child_id=child.pk)
    since = event(other.user, child_id=child.pk)
    for user in (member.user, None, None):
        event(user, **refused)
    event(other.user, action=SIGN_IN, outcome=AccessOutcome.REFUSED)
    for file in (child, hidden):
        event(member.user, child_id=file.pk)
    event(None, **{**refused, "user_id": ghost, "outcome": AccessOutcome.ALLOWED})
    last = AccessEvent.objects.order_by("-at").values_list("at", flat=True)[0]
    theirs = {
        "member": (member.user_id, "Ida Fenwick", 1, 1),
        "other": (other.user_id, "Ola Prosser", 1, 0),
        "ghost": (ghost, "", 1, 0),
    }

    def counted(wanted: PersonFilter | None = None, since: Any = since.at, **fields: Any) -> list[tuple[Any, ...]]:
        found = looks.people_who_looked(viewer_of(guardian), wanted or PersonFilter(), at=at, since=since, **fields)
        return [(one.user_id, one.name, one.reads, one.refusals) for one in found]

    assert counted() == [theirs["member"], theirs["other"], theirs["ghost"]]
    assert counted(since=first.at) == [theirs["member"], (other.user_id, "Ola Prosser", 2, 0), theirs["ghost"]]
    assert counted(since=last) == [theirs["ghost"]]
    assert counted(limit=1) == [theirs["member"]], "whoever is nobody takes no place in the list"
    assert counted(PersonFilter(words="pross")) == [theirs["other"]]
    assert counted(PersonFilter(agency_id=member.agency_id)) == [theirs["member"]]
    assert counted(PersonFilter(words="pross", agency_id=member.agency_id)) == []
    assert counted(PersonFilter(refused=True)) == [theirs["member"]]


def make_digest(week: int, **fields: Any) -> LookDigest:
    limits = definition_in_force("look_signals", "look_signals", on=date(2026, 11, 2))
    return LookDigest.objects.create(**{"week_from": date(2026, 11, week), "limits": limits, "looks": 1, **fields})


def make_signal(digest: LookDigest, child: Child | None, at: Any, *, by: Any = None) -> LookSignal:
    decided = {"decided_at": at, "decided_by": by, "verdict": "explained"} if by else {}
    user = make_user()
    about = {"user_id": user.pk, "child_id": child and child.pk, "kind": "same_name", "event_ids": [event(user).pk]}
    return LookSignal.objects.create(digest=digest, count=1, first_at=at, last_at=at, **about, **decided)


def test_a_guardian_is_asked_about_no_look_at_a_file_that_is_kept_from_them(child, unknown, hidden, guardian, at):
    viewer, other = viewer_of(guardian), make_membership(role="data_guardian")
    names = ("mixed", "hidden", "decided", "later")
    digests = {
        name: make_digest(2 + number, made_at=at + TICK if name == "later" else at) for number, name in enumerate(names)
    }
    signals = {
        "open": make_signal(digests["mixed"], child, at),
        "no file": make_signal(digests["mixed"], None, at),
        "answered": make_signal(digests["mixed"], child, at, by=other),
        "kept": make_signal(digests["mixed"], hidden, at),
        "hidden": make_signal(digests["hidden"], hidden, at),
        "decided": make_signal(digests["decided"], unknown, at, by=other),
        "later": make_signal(digests["later"], child, at),
    }

    def shown(viewer: Viewer) -> dict[str, set[str]]:
        return {name: named(signals, looks.signals_for(viewer, row, at=at)) for name, row in digests.items()}

    counted = {row.digest_id: (row.found, row.waiting) for row in looks.digests(viewer, at)}
    assert {name: counted[row.pk] for name, row in digests.items()} == {
        "mixed": (3, 2),
        "hidden": (0, 0),
        "decided": (1, 0),
        "later": (1, 1),
    }
    seen = {"mixed": {"open", "no file", "answered"}, "hidden": set(), "decided": {"decided"}, "later": {"later"}}
    assert shown(viewer) == seen
    assert shown(viewer_of(other)) == {**seen, "mixed": seen["mixed"] | {"kept"}, "hidden": {"hidden"}}
    assert looks.signal_for(viewer, signals["open"].pk, at=at) == signals["open"]
    for key in (signals["hidden"].pk, uuid4()):
        with pytest.raises(NotKnown):
            looks.signal_for(viewer, key, at=at)
    assert {row["pk"] for row in looks.digests_waiting(at)} == {digests[name].pk for name in ("mixed", "hidden")}
    assert {row["pk"] for row in looks.digests_kept_from(viewer, at)} == {digests["hidden"].pk, digests["decided"].pk}
    worker = viewer_of(make_membership(role=ROLE))
    assert list(looks.digests_kept_from(worker, at)) == []


@pytest.mark.parametrize(
    ("home", "lives", "fields", "found"),
    [
        ("NM4 2QF", "nm42qf", {}, True),
        ("M1 1AE", "M1 1AE", {}, True),
        ("NM4 2", "NM4 2", {}, False),
        ("NM4 2QF", "NM4 3QF", {}, False),
        ("NM4 2QF", "NM4 2QF", {"protected": True, "protection_reason": "He looks for her."}, False),
        ("NM4 2QF", "NM4 2QF", {"ended_on": "2026-02-05"}, False),
    ],
)
def test_a_question_about_a_home_tells_no_protected_address_nor_one_left_behind(
    child, unknown, at, home, lives, fields, found
):
    member, beside = make_membership(role=ROLE), make_membership(role=ROLE)
    for one in (member, beside):
        StaffHome.objects.create(user=one.user, postcode=home, given_at=at - DAY)
    make_home(child, viewer_of(member), lives, **fields)
    make_home(unknown, viewer_of(member), lives, **fields)
    known = looks.known_of([Look(member.user_id, ROLE, child.pk, at)])
    assert known.same_home == ({(member.user_id, child.pk)} if found else set())


def spans_of(member, child, at: datetime) -> list[Any]:
    found = looks.known_of([Look(member.user_id, ROLE, child.pk, at)]).caseload
    assert set(found) <= {(member.user_id, child.pk)}
    return list(found.get((member.user_id, child.pk), ()))


@pytest.mark.parametrize(
    ("said", "ends"),
    [
        ({}, None),
        ({"valid_until": DAY}, DAY),
        ({"ended_at": -DAY}, -DAY),
        ({"valid_until": DAY, "ended_at": -HOUR}, -HOUR),
        ({"valid_until": -DAY, "ended_at": HOUR}, -DAY),
    ],
    ids=["runs", "runs out", "was ended", "was ended before its end", "had run out"],
)
def test_a_grant_in_person_is_work_with_a_child_while_it_runs(child, unknown, at, said, ends):
    member, start = make_membership(role=ROLE), at - 3 * DAY
    grant(child, member.agency)
    grant(unknown, member)
    grant(child, make_membership(role=ROLE))
    assert spans_of(member, child, at) == []
    grant(child, member, valid_from=start, **{name: at + when for name, when in said.items()})
    assert spans_of(member, child, at) == [(start, None if ends is None else at + ends)]


def test_an_emergency_is_no_work_with_a_child(child, at):
    member = make_membership(role=ROLE)
    grant(child, member, reason=GrantReason.BREAK_GLASS, valid_from=at - HOUR, valid_until=at + HOUR)
    assert spans_of(member, child, at) == []


@pytest.mark.parametrize("ended_on", [None, date(2026, 2, 5)])
def test_an_involvement_is_work_with_a_child_from_its_day_to_its_end(child, unknown, at, ended_on):
    member = make_membership(role=ROLE)
    lead(unknown, member)
    lead(child, make_membership(role=ROLE), is_lead=False)
    assert spans_of(member, child, at) == []
    lead(child, member, ended_on=ended_on, started_on=date(2026, 1, 5))
    assert spans_of(member, child, at) == [(midnight(date(2026, 1, 5)), ended_on and midnight(ended_on))]


@pytest.mark.parametrize(
    ("opened", "ended", "elsewhere", "counts"),
    [
        (None, None, "", True),
        (timedelta(), None, "", False),
        (TICK, None, "", True),
        (-HOUR, None, "", True),
        (-HOUR + TICK, None, "", False),
        (-HOUR / 2, timedelta(), "", True),
        (-HOUR / 2, TICK, "", False),
        (timedelta(), None, "file", True),
        (timedelta(), None, "person", True),
    ],
    ids=[
        "no emergency", "as it began", "before it", "as it ran out", "before it ran out", "as it was ended",
        "before it was ended", "of another file", "of somebody else",
    ],
)  # fmt: skip
def test_an_entry_is_work_with_a_child_unless_it_was_written_in_an_emergency(
    child, unknown, at, opened, ended, elsewhere, counts
):
    member, other = make_membership(role=ROLE), make_membership(role=ROLE)
    make_chronology(unknown, viewer_of(member))
    make_chronology(child, viewer_of(other))
    assert spans_of(member, child, at) == []
    written = ChronologyEntry.objects.get(pk=make_chronology(child, viewer_of(member)).pk).recorded_at
    if opened is not None:
        make_emergency(
            unknown if elsewhere == "file" else child,
            other if elsewhere == "person" else member,
            opened_at=written + opened,
            **({} if ended is None else {"ended_at": written + ended, "ended_by": member.user}),
        )
    assert spans_of(member, child, at) == ([(written - BEFORE_WRITING, written)] if counts else [])

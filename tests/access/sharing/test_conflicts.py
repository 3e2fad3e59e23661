"""Who says that somebody has a conflict of interest, and who lifts it: the rules as tables."""

from __future__ import annotations

from uuid import uuid4

import pytest

from cases.sharing.rules import conflicts as rules
from cases.sharing.rules.conflicts import ConflictRefused, Placing

ONE, OTHER = uuid4(), uuid4()


@pytest.mark.parametrize(
    ("placing", "may"),
    [
        (Placing(1, ONE, 2, ONE, guardian=False), True),
        (Placing(1, ONE, 2, OTHER, guardian=False), False),
        (Placing(1, ONE, 2, OTHER, guardian=True), True),
        (Placing(1, ONE, 1, ONE, guardian=True), False),
    ],
)
def test_a_manager_places_it_on_their_own_people_and_a_guardian_on_anybody(placing, may):
    if may:
        rules.check_may_place(placing)
        return
    with pytest.raises(ConflictRefused):
        rules.check_may_place(placing)


@pytest.mark.parametrize(
    ("asked_by", "by", "guardian", "may"),
    [
        (None, 1, True, False),
        (1, 1, True, False),
        (1, 2, True, True),
        (1, 2, False, False),
        (1, 3, False, True),
        (1, 9, True, False),
    ],
)
def test_two_people_lift_it_and_never_the_person(asked_by, by, guardian, may):
    given = {"asked_by": asked_by, "by": by, "user_id": 9, "guardian": guardian, "placed_by": 3}
    if may:
        rules.check_may_lift(**given)
        return
    with pytest.raises(ConflictRefused):
        rules.check_may_lift(**given)


def refused_at(check, *given, **said) -> str | None:
    """The field that a rule refuses at; None where it does not refuse."""
    try:
        check(*given, **said)
    except ConflictRefused as refusal:
        return refusal.field
    return None


@pytest.mark.parametrize(
    ("words", "field"), [("", "words"), ("A friend.", "words"), ("  A  friend.  ", "words"), ("My friend.", None)]
)
def test_how_they_are_linked_is_said_in_a_sentence(words, field):
    assert refused_at(rules.check_words, words) == field


@pytest.mark.parametrize(
    ("work", "successor", "field"),
    [
        (True, None, "successor"),
        (True, 9, "successor"),
        (True, 3, None),
        (False, None, None),
        (False, 3, None),
        (False, 9, "successor"),
    ],
)
def test_work_goes_to_somebody_else(work, successor, field):
    given = {"work": work, "name": "Kezia Thorne", "successor": successor, "user_id": 9}
    assert refused_at(rules.check_handed_over, **given) == field


@pytest.mark.parametrize("restricted", [True, False])
@pytest.mark.parametrize("may", [True, False])
def test_a_successor_can_be_given_the_work_and_is_named_where_people_are(may, restricted):
    assert refused_at(rules.check_successor, may=may, restricted=restricted) == (None if may else "successor")
    if not may:
        with pytest.raises(ConflictRefused) as refusal:
            rules.check_successor(may=may, restricted=restricted)
        assert ("named on this file" in refusal.value.reason) is restricted


@pytest.mark.parametrize(
    ("leads", "may", "field"),
    [(True, True, None), (True, False, "successor"), (False, True, None), (False, False, None)],
)
def test_a_successor_to_the_lead_could_be_named_the_lead(leads, may, field):
    assert refused_at(rules.check_successor_leads, leads=leads, may=may) == field


@pytest.mark.parametrize(("knows", "field"), [(True, None), (False, "successor")])
def test_a_successor_sees_the_file(knows, field):
    assert refused_at(rules.check_successor_knows, knows=knows, name="Kezia Thorne") == field


def test_who_places_and_who_lifts_at_another_agency():
    """A guardian's agency does not matter, and a manager's own agency is no leave to lift."""
    assert refused_at(rules.check_may_place, Placing(1, None, 2, ONE, guardian=False)) == "person"
    given = {"asked_by": 1, "by": 2, "user_id": 9}
    assert refused_at(rules.check_may_lift, **given, guardian=False, placed_by=2) is None
    assert refused_at(rules.check_may_lift, **given, guardian=True, placed_by=2) is None

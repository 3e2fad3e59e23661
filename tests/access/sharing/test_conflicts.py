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

"""What may be asked for, and who answers: the rules as tables.

Seen to fail: a kind offered of which the job reads its own service's entries alone.
"""

from __future__ import annotations

from uuid import uuid4

import pytest

from accounts.definitions import seeds
from accounts.rules.roles import ROLES
from accounts.rules.viewers import Viewer
from cases.access.choices import Category
from cases.access.rules import WITHOUT_SUMMARY, Level, read_matrix
from cases.sharing.rules import requests as rules
from cases.sharing.rules.requests import Answering, RequestRefused

MATRIX = read_matrix(next(seed.body for seed in seeds() if seed.kind == "access_matrix"))


FULL, NOTHING = (dict.fromkeys(Category.values, level) for level in (Level.FULL, Level.NONE))


@pytest.mark.parametrize(
    ("role", "levels", "askable"),
    [
        ("csc_social_worker", FULL, set()),
        ("csc_social_worker", FULL | {"missing": Level.NONE}, {"missing"}),
        ("csc_social_worker", FULL | {"plan": Level.SUMMARY}, {"plan"}),
        ("csc_social_worker", FULL | {"sharing": Level.NONE, "who_looked": Level.NONE}, set()),
        ("housing", NOTHING, {"identity", "contact_address", "level", "plan"}),
        ("housing", NOTHING | {"contact_address": Level.SUMMARY}, {"identity", "level", "plan"}),
        ("housing", NOTHING | {"plan": Level.EXISTENCE}, {"identity", "contact_address", "level", "plan"}),
        ("board_analyst", NOTHING, set()),
    ],
)
def test_what_may_be_asked_for(role, levels, askable):
    """What the job may see more of than is seen, of what others wrote: never what it never sees."""
    assert set(rules.askable(role, levels, MATRIX)) == askable


SCHOOL, POLICE = uuid4(), uuid4()


@pytest.mark.parametrize(
    ("answering", "may"),
    [
        (Answering(1, POLICE, 2, SCHOOL), True),
        (Answering(2, POLICE, 2, SCHOOL), False),
        (Answering(1, SCHOOL, 2, SCHOOL), False),
        (Answering(1, SCHOOL, 2, SCHOOL, guardian=True), True),
        (Answering(2, SCHOOL, 2, SCHOOL, guardian=True), False),
    ],
)
def test_nobody_answers_for_themselves(answering, may):
    if may:
        rules.check_may_answer(answering)
        return
    with pytest.raises(RequestRefused):
        rules.check_may_answer(answering)


@pytest.mark.parametrize(("words", "right"), [("x" * 9, False), ("x" * 10, True)])
def test_what_for_is_said_in_a_sentence(words, right):
    if right:
        rules.check_words(words, field="words", what="what for")
        return
    with pytest.raises(RequestRefused) as refused:
        rules.check_words(words, field="words", what="what for")
    assert refused.value.field == "words"


@pytest.mark.parametrize("role", ["housing", "csc_manager", "education_dsl"])
def test_somebody_asks_in_the_role_they_act_in(role):
    """What a job sees something of that others wrote: full, summary or existence, and never who looked or sharing."""
    seen = {name for name in Category.values if MATRIX.cell(role, name) in {"F", "S", "E"}} - {"who_looked", "sharing"}
    assert set(rules.askable_by(Viewer(user_id=1, role_key=role), NOTHING, MATRIX)) == seen


@pytest.mark.parametrize(
    ("names", "can"),
    [
        ([], False),
        (["level"], False),
        (["contact_address"], True),
        (["level", "contact_address"], True),
        (["sessions"], False),
    ],
)
def test_a_share_answers_what_would_show_more_than_that_there_is_something(names, can):
    """Housing knows of a level that there is one, of an address its summary, and of sessions nothing."""
    assert [MATRIX.cell("housing", name) for name in ("level", "contact_address", "sessions")] == ["E", "S", "N"]
    assert rules.can_be_shared("housing", names, MATRIX) is can


@pytest.mark.parametrize("name", sorted(WITHOUT_SUMMARY))
def test_of_a_kind_of_which_nothing_holds_a_summary_a_job_knows_that_there_is_something(name):
    """Seen to fail: a share of it went for one in summary, and showed nothing."""
    role = next(key for key in ROLES if MATRIX.cell(key, name) == "S")
    assert not rules.can_be_shared(role, [name], MATRIX)
    assert name in rules.askable(role, NOTHING | {name: Level.SUMMARY}, MATRIX)
    assert name not in rules.askable(role, NOTHING | {name: Level.FULL}, MATRIX)


def test_what_one_only_ever_knows_of_is_asked_for_and_what_is_seen_as_far_as_it_goes_is_not():
    assert "level" in rules.askable("housing", NOTHING | {"level": Level.EXISTENCE}, MATRIX)
    assert "level" not in rules.askable("housing", NOTHING | {"level": Level.FULL}, MATRIX)
    assert "contact_address" not in rules.askable("housing", NOTHING | {"contact_address": Level.SUMMARY}, MATRIX)

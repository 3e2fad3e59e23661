"""What is written on a file is read somewhere, by its author or by somebody whose role sees it.

`tests/access/test_oracle.py` scans every answer, e-mail and line of the log for what must not be in it. Here is the
other half: a token that stands nowhere would pass every scan.

Seen to fail: the detail of the timeline left out of its page; the tokens of one model left out.
"""

from __future__ import annotations

import pytest
from django.db import models

from tests.access.canaries import WHERE_GIVEN, contents, found_in, free_texts, make_the_rest, planting, text_of
from tests.access.rulebook import Rulebook
from tests.access.test_oracle import STATES
from tests.access.test_pages import CHOICES, OF_FILES, ask, make_things

pytestmark = pytest.mark.django_db
BOOK = Rulebook.read()
# Between them a role that sees each category in full, and who wrote it.
READERS = [
    ("socialworker", "own_agency"),
    ("social_care_manager", "own_agency"),
    ("detective", "own_agency"),
    ("chair", "panel_live"),
]
# Shown in a condition that the file here is not in: ended, approved, late, protected, carried over, corrected.
ELSEWHERE = {
    "cases.Address.protection_reason",
    "cases.Involvement.end_note",
    "missing.EpisodeStep.note",
    "missing.InterviewFinding.share_with",
    "missing.ReturnInterview.breach_reason",
    "panels.AgendaItem.state_reason",
    "panels.ItemUpdate.text",
    "risk.LevelJudgement.approval_note",
}


def test_what_is_written_is_read_by_whoever_may(world, viewer, at, client_as, record_property) -> None:
    with planting() as planted:
        things = make_things(world, viewer, at)
        make_the_rest(things.child, viewer("socialworker"))
    seen, may, leaks = set(), set(), set()
    for person, state in READERS:
        STATES[state](things, world, viewer(person))
        browser = client_as(person)
        theirs = {canary for canary in planted if canary.may_be_read(BOOK, viewer(person), things.child, state)}
        for address in OF_FILES:
            if "GET" in address.policy.methods:
                answer = ask(browser, "GET", address.filled({**things.values(address), **CHOICES}))
                found = set(found_in(text_of(answer), planted))
                leaks |= {(person, address.pattern, canary.field, canary.category) for canary in found - theirs}
                if not address.pattern.startswith("api/"):  # where everything stands, but nobody reads
                    seen |= found
        may |= theirs
    record_property("scanned", f"{len(planted)} tokens of {len(contents())} kinds of content, {len(seen)} read")
    assert leaks == set()
    read = {(canary.field, canary.category) for canary in seen}
    assert {canary.field for canary in may if (canary.field, canary.category) not in read} == ELSEWHERE
    assert {canary for canary in planted if canary.child_id == things.child.pk} == may


def test_every_kind_of_content_has_its_tokens(world, viewer, at) -> None:
    with planting() as planted:
        things = make_things(world, viewer, at)
        make_the_rest(things.child, viewer("socialworker"))
    written = {canary.field for canary in planted if canary.child_id == things.child.pk}
    texts = {name_of(model, field) for model in [*contents(), type(things.child)] for field in free_texts(model)}
    assert written == texts - WHERE_GIVEN


def name_of(model: type[models.Model], field: models.Field) -> str:
    return f"{model._meta.label}.{field.name}"

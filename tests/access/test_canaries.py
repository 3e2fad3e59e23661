"""What is written on a file is read somewhere, by its author or by somebody whose role sees it.

`tests/access/test_oracle.py` scans every answer, e-mail and line of the log for what must not be in it. Here is the
other half: a token that stands nowhere would pass every scan.

Seen to fail: the detail of the timeline left out of its page; the tokens of one model left out; a text of a register
that no row gave, and some that no page showed. In the product as it was: of what kind an address is, before its area.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.db.models import JSONField

from accounts.models import Membership
from cases.record.models import AddressReader, Child
from panels.models import Meeting
from panels.services.meetings import accept_statement
from tests.access.canaries import (
    Canary,
    contents,
    found_in,
    leaks_in,
    planting,
    text_of,
)
from tests.access.fields import free_texts, name_of, told_by
from tests.access.filled import fill
from tests.access.registers import NO_WORDS, REGISTERS, says_nothing, told_apart
from tests.access.rulebook import Rulebook
from tests.access.summaries import ITS_OWN_LIST
from tests.access.test_oracle import STATES
from tests.access.test_pages import ADDRESSES, CHOICES, Address, Things, ask, make_things

pytestmark = pytest.mark.django_db
BOOK = Rulebook.read()
# Between them a role that sees each category in full, who wrote it, and who keeps each register.
READERS = [
    ("socialworker", "own_agency"),
    ("social_care_manager", "own_agency"),
    ("detective", "own_agency"),
    ("chair", "panel_live"),
    ("guardian", "own_agency"),
    ("triage", "own_agency"),
    ("teacher", "other_agency"),
]
# Pages that lead to one thing, beside those of a file.
OF_REGISTERS = {
    "access-requests/", "access-requests/<uuid:asked_id>/", "access/digests/<uuid:digest_id>/",
    "access/signals/<uuid:signal_id>/", "conflicts/<uuid:conflict_id>/", "conflicts/possible/<uuid:possible_id>/",
    "emergency-access/register/<uuid:access_id>/", "panels/<uuid:meeting_id>/items/<uuid:item_id>/",
    "notify/sent/<str:reference>/", "notify/sent/<str:reference>/matrix/",
    "triage/<str:reference>/", "triage/questions/<uuid:question_id>/",
    "notify/<uuid:draft_id>/<slug:step>/", "account/carry-on/<uuid:token>/",
}  # fmt: skip
# Of these a second row is asked for too, which stands further on: ended, answered, held late.
FURTHER_ON = {
    "cases/<str:reference>/sharing/<uuid:decision_id>/", "access-requests/<uuid:asked_id>/",
    "conflicts/<uuid:conflict_id>/", "conflicts/possible/<uuid:possible_id>/", "triage/<str:reference>/",
    "emergency-access/register/<uuid:access_id>/", "cases/<str:reference>/interviews/<uuid:interview_id>/",
    "notify/sent/<str:reference>/", "notify/sent/<str:reference>/matrix/", "notify/<uuid:draft_id>/<slug:step>/",
    "cases/<str:reference>/missing/<uuid:episode_id>/", "cases/<str:reference>/risk/<uuid:assessment_id>/",
    "cases/<str:reference>/risk/<uuid:corrects_id>/correct/", "cases/<str:reference>/panel/actions/<uuid:action_id>/",
}  # fmt: skip
PAGES = [
    address
    for address in ADDRESSES
    if "GET" in address.policy.methods and (address.of_a_file or address.pattern in OF_REGISTERS)
]
# Who keeps a register, or sent something, is asked for those pages, and for what of a file tells of them.
OF_FILES_TOO = {"socialworker", "social_care_manager", "detective", "chair"}
OF_THEIR_OWN = [
    address
    for address in PAGES
    if address.pattern in OF_REGISTERS
    or address.pattern.removeprefix("cases/<str:reference>/") in ("sharing/", "restriction/", "who-can-see/")
]
# Why a clock was late, or was moved, is told by the thing that it timed. When a file was opened orders lists.
BY_NOBODY = {"cases.Clock.breach_reason", "cases.ClockChange.why", "cases.Child.opened_at"}
# Kept and shown nowhere: why a block stands is told by its conflict, and what was said of a missing child before it was
# found on file, by the file. Of an access that has ended, a conflict or a restriction that was lifted, casework, an
# item or an action that is over, the pages tell that it is so. Of other days stands the one beside: sent, said, placed.
# What one answer is based on is asked by a tool that asks it of each, which this one does not.
NOWHERE = {
    "cases.AccessGrant.end_reason",
    "cases.Block.reason", "cases.Conflict.lifted_at", "cases.Declaration.declared_at",
    "cases.PossibleConflict.found_at", "cases.Restriction.lifted_at", "cases.SharingWish.recorded_at",
    "cases.Spell.started_on", "cases.Spell.ended_on", "cases.Spell.end_reason", "missing.MissingReport.said",
    "panels.Action.ended_at", "panels.AgendaItem.settled_at", "panels.PanelDecision.decided_at",
    "referrals.Notification.answers", "referrals.Notification.matrix_completed_at", "risk.RiskAssessment.answers",
}  # fmt: skip
# Where an entry came from, and when it was written down, stand in the record; the time is shown of these alone.
WRITTEN_DOWN = {
    "missing.InterviewFinding", "missing.InterviewStep", "missing.MissingReport", "missing.SafetyBriefing",
    "panels.ItemUpdate",
}  # fmt: skip
NOWHERE |= {f"{model._meta.label}.source" for model in contents()}
NOWHERE |= {f"{model._meta.label}.recorded_at" for model in contents() if model._meta.label not in WRITTEN_DOWN}


def test_what_is_written_is_read_by_whoever_may(world, viewer, at, client_as, record_property) -> None:
    with planting() as planted:
        things = make_things(world, viewer, at)
        further_on = fill(things.child, viewer("socialworker"))
    planted = let_know(things, planted, world.membership("socialworker"))
    seen, may, leaks = set(), set(), set()
    for person, state in READERS:
        STATES[state](things, world, viewer(person))
        if state == "panel_live":
            accept_statement(meeting=Meeting.objects.get(pk=things.named["meeting_id"]), at=at, by=viewer(person))
        browser = client_as(person)
        theirs = {canary for canary in planted if canary.may_be_read(BOOK, viewer(person), things.child, state)}
        for address in PAGES if person in OF_FILES_TOO else OF_THEIR_OWN:
            for path in paths_of(address, things, further_on):
                text = text_of(ask(browser, "GET", path))
                found, leaked = set(found_in(text, planted)), leaks_in(text, planted, theirs.__contains__)
                leaks |= {(person, address.pattern, canary.field, canary.category) for canary in leaked}
                if not address.pattern.startswith("api/"):  # where everything stands, but nobody reads
                    seen |= found
        may |= theirs
    record_property("scanned", f"{len(planted)} tokens of {len(KINDS)} kinds of content, {len(seen)} read")
    assert leaks == set()
    read = {(canary.field, canary.category) for canary in seen}
    assert {canary.field for canary in may if (canary.field, canary.category) not in read} == NOWHERE
    nobodys = {canary.field for canary in planted if canary.child_id in (things.child.pk, None) and canary not in may}
    assert nobodys == BY_NOBODY


def let_know(things: Things, planted: list[Canary], member: Membership) -> list[Canary]:
    """Somebody is put on the list of the protected address, and its tokens are theirs from now on."""
    AddressReader.objects.create(address_id=things.named["address_id"], membership=member)
    known = {"others": frozenset({member.user_id})}
    return [
        replace(canary, **known) if canary.register in (ITS_OWN_LIST, REGISTERS["cases.AddressKeptFrom"]) else canary
        for canary in planted
    ]


def paths_of(address: Address, things: Things, further_on: dict[str, Any]) -> list[str]:
    """Where a page is, for the first row of its kind and for those that stand further on."""
    values = {**things.values(address), **CHOICES}
    paths = [address.filled(values)]
    if address.pattern in FURTHER_ON:
        decided = {"reference": further_on["decided"]} if not address.of_a_file else {}
        several = {part: keys for part, keys in further_on.items() if part in address.parts and isinstance(keys, list)}
        rows = [dict(zip(several, row, strict=True)) for row in zip(*several.values(), strict=True)] or [{}]
        paths += [address.filled({**values, **further_on, **decided, **row}) for row in rows]
    return paths


KINDS = [*contents(), Child, *(model for model in told_apart() if model._meta.label in REGISTERS)]


def test_every_kind_of_content_has_its_tokens(world, viewer, at) -> None:
    with planting() as planted:
        things = make_things(world, viewer, at)
        fill(things.child, viewer("socialworker"))
    written = {canary.field.partition(" ")[0] for canary in planted if canary.child_id in (things.child.pk, None)}
    texts = {name_of(model, field) for model in KINDS for field in model._meta.concrete_fields if told_by(model, field)}
    assert written == texts - NEVER_GIVEN


# A child of eighteen who never came back: both stand in the last step of the episode too, where they are read.
NEVER_GIVEN = {"missing.MissingEpisode.closing_reason", "missing.MissingEpisode.closed_at"}


def test_every_text_of_the_product_is_an_entry_or_has_its_line() -> None:
    """A new model with a text in it fails until it is said who reads it, or why it holds nothing about a child."""
    texts = {
        name_of(model, field)
        for model in told_apart()
        for field in (*free_texts(model), *(one for one in model._meta.concrete_fields if isinstance(one, JSONField)))
    }
    unknown = {name for name in texts if name.rpartition(".")[0] not in REGISTERS and not says_nothing(name)}
    assert unknown == set()
    models = {name.rpartition(".")[0] for name in texts}
    assert set(REGISTERS) - models == set()
    fields = {name_of(model, field) for model in [*told_apart(), *contents()] for field in model._meta.concrete_fields}
    assert {name for name in NO_WORDS if name not in fields | {model._meta.label for model in told_apart()}} == set()

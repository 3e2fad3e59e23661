"""One file, a search by name, the matching of a notification, and a score."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from functools import partial

from django.utils import timezone

from accounts.choices import AccessOutcome
from accounts.rules.viewers import SystemPrincipal, system_viewer
from accounts.selectors.definitions import definition_in_force
from accounts.services.access_events import record_access
from cases.access.rules import Action, category_levels, decide
from cases.access.selectors import facts_of, matrix_in_force
from cases.record.models import Child
from cases.record.selectors import lists
from cases.record.selectors.matching import block, name_variants
from cases.record.services import open_file
from referrals.models import Notification
from referrals.selectors import matching
from risk.scoring import Answer, load_tool, score
from tests.bench.measuring import Row, Side, in_turn, must_equal
from tests.bench.worklists import page_of
from tests.bench.worlds import World

TYPED = "Olivr Smyth"


def gate_and_fetch(world: World, reference: str) -> Child:
    """The file and the decision, as `open_file` comes to them, with the matrix already read."""
    viewer = world.viewers["ninety"]
    child = Child.objects.visible_to(viewer, at=world.at).get(reference=reference)
    decision = decide(viewer, Action.VIEW_FILE, facts_of(child), world.matrix)
    assert decision.allowed
    return child


def ungated(reference: str) -> Child:
    return Child.objects.get(reference=reference)


def opened(world: World, reference: str) -> Child:
    return open_file(viewer=world.viewers["ninety"], reference=reference, at=world.at).child


def ungated_with_trail(world: World, reference: str) -> Child:
    """The file without a gate, but with what any page of it does: the matrix is read, the look written down."""
    child, viewer = ungated(reference), world.viewers["ninety"]
    levels = category_levels(viewer, world.facts, matrix_in_force(on=timezone.localdate(world.at)))
    record_access(
        viewer=viewer,
        action="cases:file",
        outcome=AccessOutcome.ALLOWED,
        reason_code="bench",
        child_id=child.pk,
        categories=list(levels),
    )
    return child


def file_rows(small: World, large: World) -> Iterator[Row]:
    """Opening one file, beside fetching it unasked, and in a small world."""
    references = {}
    for world in (small, large):
        world.database.use()
        shown = page_of(world, "ninety").files[3]
        references[world.files], world.facts = shown.reference, facts_of(shown)
    mine = references[large.files]
    large.database.use()
    must_equal("one file", gate_and_fetch(large, mine), ungated(mine))
    ours, other = in_turn(Side(large, partial(gate_and_fetch, large, mine)), Side(large, partial(ungated, mine)))
    yield Row("one file, gate and fetch", ours, "the fetch alone", other, at_most=2.5)
    must_equal("one opened file", opened(large, mine), ungated_with_trail(large, mine))
    ours, other = in_turn(
        Side(large, partial(opened, large, mine)), Side(large, partial(ungated_with_trail, large, mine))
    )
    yield Row("one file opened, its look written", ours, "fetch, matrix and look without a gate", other, at_most=2.5)
    ours, other = in_turn(
        Side(large, partial(opened, large, mine)), Side(small, partial(opened, small, references[small.files]))
    )
    yield Row("one file opened, its look written", ours, f"{small.files:,} files", other, at_most=1.25)


def searched(world: World, who: str) -> list[Child]:
    return lists.search_files(world.viewers[who], typed=TYPED, matrix=world.matrix, at=world.at)


def searched_without_permission() -> list[Child]:
    """The same three ways of finding a name, over every file."""
    return lists._by_every_name(lists.with_lead(Child.objects.filter(merged_into=None)), TYPED)


def search_rows(world: World) -> Iterator[Row]:
    """A misspelt name, looked for by an agency with few files and by one with most."""
    world.database.use()
    for who, goal in (("thousandth", 0.05), ("three", None), ("ninety", None)):
        found = searched(world, who)
        visible = Child.objects.visible_to(world.viewers[who], at=world.at).filter(pk__in=[one.pk for one in found])
        must_equal("search", {one.pk for one in found}, set(visible.values_list("pk", flat=True)))
        ours, other = in_turn(
            Side(world, partial(searched, world, who)), Side(world, searched_without_permission), fewest=5
        )
        share = {"thousandth": "0.1 %", "three": "3 %", "ninety": "90 %"}[who]
        yield Row(f"name search, {share}", ours, "the same search, no permission", other, at_most=goal)


def concern_about(world: World) -> Notification:
    """A concern, not saved, about a child whose file exists, with a letter wrong and no birth date."""
    child = page_of(world, "ninety").files[5]
    return Notification(
        given_name=child.given_name, family_name=f"{child.family_name}e", birth_date=child.birth_date, sex=child.sex
    )


def matching_rows(small: World, large: World) -> Iterator[Row]:
    """Matching one notification: beside fetching its candidates by id, and the wide net in a small world."""
    concerns = {}
    for world in (small, large):
        world.database.use()
        concerns[world.files] = concern_about(world)
    concern = concerns[large.files]
    on = timezone.localdate(large.at)
    variants = name_variants(on=on)
    ids = block(matching.known_of_notification(concern), variants=variants)
    must_equal("a match", True, bool(matching.likely_matches(notification=concern, at=large.at)))
    ours, other = in_turn(
        Side(large, lambda: matching.likely_matches(notification=concern, at=large.at)),
        Side(large, lambda: fetched(ids, large)),
        fewest=5,
    )
    yield Row(f"matching a notification, {len(ids):,} candidates", ours, "the candidates by id", other)
    ours, other = in_turn(
        Side(large, lambda: block(matching.known_of_notification(concern), variants=variants)),
        Side(small, lambda: block(matching.known_of_notification(concerns[small.files]), variants=variants)),
        fewest=5,
    )
    yield Row("the net for candidates", ours, f"{small.files:,} files", other)


def fetched(ids: set, world: World) -> list:
    return list(Child.objects.visible_to(system_viewer(SystemPrincipal.MATCHING), at=world.at).filter(pk__in=ids))


def scoring_rows(world: World) -> Iterator[Row]:
    """Scoring a whole Matrix beside writing its answers as JSON and reading them."""
    world.database.use()
    body = definition_in_force("risk_tool", "risk_factor_matrix", on=timezone.localdate(world.at)).body
    tool = load_tool(body)
    answers = {
        code: Answer(item.options[0].value, windows=tuple(window.code for window in item.windows[:1]))
        for code, item in tool.items.items()
    }
    plain = {code: asdict(answer) for code, answer in answers.items()}
    ours, other = in_turn(
        Side(world, lambda: score(tool, answers, age=14, harm_status=None)),
        Side(world, lambda: json.loads(json.dumps(plain))),
    )
    yield Row(f"scoring a Matrix of {len(answers)} answers", ours, "its answers as JSON and back", other)

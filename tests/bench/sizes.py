"""The same four questions at each size: as the product asks them, by hand, and by guardian. All give the same rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from guardian.shortcuts import get_objects_for_user

from accounts.models import User
from cases.access.selectors import facts_of
from cases.record.models import Child
from cases.record.selectors import lists
from cases.record.selectors.lists import PAGE_LENGTH, with_lead
from tests.bench.files import TYPED, gate_and_fetch, searched
from tests.bench.measuring import Side, in_turn, must_equal, say
from tests.bench.worklists import (
    ALLOWED,
    OPENED,
    asked_by,
    branches_of,
    by_guardian,
    by_hand,
    deep_cursor,
    hidden_among_first,
    page_of,
    rows_by_hand,
)
from tests.bench.worlds import World

GATE = f"""SELECT child.*, coalesce(open.mask, 0), coalesce(open.panel_mask, 0) FROM cases_child AS child {OPENED}
    WHERE child.reference = %(reference)s AND {ALLOWED}"""
# A name with a letter wrong: alike as a whole or in part, by another name, or by how it sounds; the likeliest first.
SEARCH = """
WITH reached AS MATERIALIZED ({branches}), other AS MATERIALIZED (
    SELECT child_id, bool_or(normalised_name(name) = %(typed)s) AS just_so FROM cases_alias
    WHERE child_id IN (SELECT id FROM reached) AND (similarity(normalised_name(name), %(typed)s) >= 0.3
        OR word_similarity(%(typed)s, normalised_name(name)) >= 0.6) GROUP BY child_id),
found AS MATERIALIZED (
    SELECT child.id, sort_key,
        greatest(similarity(sort_key, %(turned)s), similarity(sort_key, %(typed)s)) AS whole,
        word_similarity(%(turned)s, sort_key) AS part,
        %(typed)s IN (normalised_name(given_name), normalised_name(family_name),
            normalised_name(preferred_name)) AS one,
        (dmetaphone(normalised_name(given_name)), dmetaphone(normalised_name(family_name))) IN (
            (dmetaphone(%(first)s), dmetaphone(%(last)s)), (dmetaphone(%(last)s), dmetaphone(%(first)s))) AS sounds,
        other.just_so
    FROM cases_child AS child LEFT JOIN other ON other.child_id = child.id
    WHERE child.id IN (SELECT id FROM reached)),
alike AS MATERIALIZED (
    SELECT id, sort_key, greatest(CASE WHEN whole >= 0.3 OR part >= 0.6 OR one
            THEN greatest(whole, part, one::int) END, CASE WHEN just_so THEN 1 WHEN NOT just_so THEN 0.6 END,
        CASE WHEN sounds THEN 0.5 END) AS likeness
    FROM found WHERE whole >= 0.3 OR part >= 0.6 OR one OR sounds OR just_so IS NOT NULL)
SELECT child.*, likeness FROM alike JOIN cases_child AS child USING (id) {opened}
WHERE {allowed} AND (coalesce(open.mask, 0) | coalesce(open.panel_mask, 0)) & 1 > 0
ORDER BY likeness DESC, child.sort_key, child.id LIMIT 25"""


@dataclass(frozen=True)
class Question:
    """One question with its three ways to the same answer, and how many rows that has."""

    what: str
    rows: int
    ours: Callable[[], Any]
    by_hand: Callable[[], Any]
    by_guardian: Callable[[], Any]


@dataclass(frozen=True)
class Line:
    """One question at one size: how many rows the three ways agree on, and milliseconds of each."""

    what: str
    files: int
    rows: int
    ours: float
    by_hand: float
    by_guardian: float


def lines_of(world: World) -> Iterator[Line]:
    """Measure the four questions in one world, its three ways in turn."""
    world.database.use()
    for question in (worklist(world), gate(world), keyset(world), search(world)):
        sides = [Side(world, way) for way in (question.ours, question.by_hand, question.by_guardian)]
        yield Line(question.what, world.files, question.rows, *in_turn(*sides, fewest=5))


def worklist(world: World) -> Question:
    """The first page and its count, of the agency that sees most."""
    ours, hand = partial(page_of, world, "ninety"), partial(by_hand, world, "ninety", counted=True)
    shown = [file.pk for file in ours().files]
    guardian = partial(by_guardian, _user(world, "ninety"), hidden_among_first(shown), counted=True)
    must_equal("worklist by hand", shown, [row[0] for row in hand()][:PAGE_LENGTH])
    must_equal("worklist by guardian", shown, [file.pk for file in guardian()][:PAGE_LENGTH])
    return Question("worklist page and count, 90 %", len(shown), ours, hand, guardian)


def gate(world: World) -> Question:
    """One file by its reference, with what of it is open."""
    child = page_of(world, "ninety").files[3]
    files, user = Child.objects.filter(merged_into=None), _user(world, "ninety")

    def ours() -> Child:
        return gate_and_fetch(world, child.reference)

    def hand() -> list[tuple[Any, ...]]:
        return rows_by_hand(GATE, asked_by(world, "ninety") | {"reference": child.reference})

    def guardian() -> Child:
        return get_objects_for_user(user, "cases.view_child", files).get(reference=child.reference)  # type: ignore[no-any-return]

    facts = facts_of(ours())
    must_equal("gate by hand", [(child.pk, facts.category_mask, facts.panel_mask)], [(r[0], *r[-2:]) for r in hand()])
    must_equal("gate by guardian", child.pk, guardian().pk)
    return Question("one file, gate and fetch", 1, ours, hand, guardian)


def keyset(world: World) -> Question:
    """The page at a quarter of the list, by cursor and without a count."""
    far = deep_cursor(world)
    ours = partial(page_of, world, "ninety", before=far)
    hand = partial(by_hand, world, "ninety", counted=False, before=far)
    shown = [file.pk for file in ours().files]
    hidden = hidden_among_first(shown, far)
    guardian = partial(by_guardian, _user(world, "ninety"), hidden, counted=False, before=far)
    must_equal("deep page by hand", shown, [row[0] for row in hand()][:PAGE_LENGTH])
    must_equal("deep page by guardian", shown, [file.pk for file in guardian()][:PAGE_LENGTH])
    return Question("page at a quarter of the list", len(shown), ours, hand, guardian)


def search(world: World) -> Question:
    """A misspelt name, looked for by an agency with few files."""
    ours, user = partial(searched, world, "thousandth"), _user(world, "thousandth")
    typed = {"typed": "olivrsmyth", "turned": "smytholivr", "first": "olivr", "last": "smyth"}
    statement = SEARCH.format(
        branches=" UNION ".join(branches_of(world, "thousandth")).replace(", last_activity_at AS moment", ""),
        opened=OPENED,
        allowed=ALLOWED,
    )

    def hand() -> list[tuple[Any, ...]]:
        return rows_by_hand(statement, asked_by(world, "thousandth") | typed)

    def guardian(hidden: tuple[UUID, ...] = ()) -> list[Child]:
        files = Child.objects.filter(merged_into=None).exclude(pk__in=hidden)
        return ranked(with_lead(get_objects_for_user(user, "cases.view_child", files)))

    shown = [child.pk for child in ours()]
    must_equal("search by hand", shown, [row[0] for row in hand()])
    hidden = hidden_from(set(shown), guardian)
    must_equal("search by guardian", shown, [child.pk for child in guardian(hidden)])
    return Question("name search, 0.1 %", len(shown), ours, hand, partial(guardian, hidden))


def ranked(files: Any) -> list[Child]:
    """The product's search over some files, each once, the likeliest first."""
    best: dict[UUID, Any] = {}
    for child in lists._by_every_name(files, TYPED):
        if child.pk not in best or child.likeness > best[child.pk].likeness:  # type: ignore[attr-defined]
            best[child.pk] = child
    return sorted(best.values(), key=lambda child: (-child.likeness, child.sort_key, str(child.pk)))[:PAGE_LENGTH]


def hidden_from(shown: set[UUID], guardian: Callable[[tuple[UUID, ...]], list[Child]]) -> tuple[UUID, ...]:
    """The files that guardian finds and the product does not show: left out by id, so that rows are the same."""
    hidden: tuple[UUID, ...] = ()
    while more := [child.pk for child in guardian(hidden) if child.pk not in shown]:
        hidden = (*hidden, *more)
    return hidden


def _user(world: World, who: str) -> User:
    return User.objects.get(pk=world.viewers[who].user_id)


def say_lines(lines: list[Line]) -> None:
    """The table: one line for each question and size, in milliseconds and as ratios."""
    say("question | files | rows | ours, ms | by hand, ms | guardian, ms | ours / by hand | guardian / ours")
    say("---|---|---|---|---|---|---|---")
    for line in sorted(lines, key=lambda one: (one.what, one.files)):
        times = f"{line.ours:.2f} | {line.by_hand:.2f} | {line.by_guardian:.2f}"
        ratios = f"{line.ours / line.by_hand:.2g} | {line.by_guardian / line.ours:.3g}"
        say(f"{line.what} | {line.files:,} | {line.rows} | {times} | {ratios}")

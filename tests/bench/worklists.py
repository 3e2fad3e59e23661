"""The worklist: flat with size, beside hand-written SQL, beside no permission at all, beside guardian."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet
from guardian.shortcuts import get_objects_for_user

from accounts.models import User
from cases.access.models import ChildGroupGrant
from cases.record.models import Child
from cases.record.selectors.lists import COUNTED_TO, PAGE_LENGTH, FilePage, with_lead, worklist
from tests.bench.measuring import Row, Side, in_turn, must_equal
from tests.bench.worlds import World

MEASURED = {"thousandth": "0.1 %", "five": "5 %", "ninety": "90 %", "oldest": "the oldest 5 %"}
# The rule once more, by hand: reach and validity, then block, restriction, merged files, and which categories are open.
LIVE = """valid_from <= %(at)s AND (valid_until IS NULL OR valid_until > %(at)s)
    AND (ended_at IS NULL OR ended_at > %(at)s)"""
REACHED = """SELECT content_object_id AS id, last_activity_at AS moment FROM {table} WHERE {subject} = {value}
    AND permission_id = {permission} AND valid_from <= %(at)s AND (valid_until IS NULL OR valid_until > %(at)s)"""
OPENED = f"""CROSS JOIN LATERAL (SELECT count(*) AS live, bool_or(reason = 'named') AS named,
    bit_or(category_mask) FILTER (WHERE reason <> 'panel') AS mask,
    bit_or(category_mask) FILTER (WHERE reason = 'panel') AS panel_mask FROM cases_accessgrant
    WHERE child_id = child.id AND {LIVE} AND (group_id = ANY(%(groups)s) OR membership_id = %(membership)s)
        AND (reason = 'named' OR NOT child.restricted)) AS open"""
KEPT_OUT = """SELECT 1 FROM cases_block JOIN cases_child AS about ON about.id = child_id WHERE user_id = %(user)s
    AND placed_at <= %(at)s AND (ended_at IS NULL OR ended_at > %(at)s)"""
ALLOWED = f"""child.merged_into_id IS NULL AND CASE WHEN child.restricted OR EXISTS (SELECT 1 FROM cases_child AS merged
    WHERE merged.merged_into_id = child.id AND merged.restricted) THEN open.named ELSE open.live > 0 END
    AND NOT EXISTS ({KEPT_OUT} AND about.id = child.id)
    AND NOT EXISTS ({KEPT_OUT} AND about.merged_into_id = child.id)"""
LEAD = """LEFT JOIN LATERAL (SELECT full_name, accounts_agency.name FROM cases_involvement
    JOIN accounts_membership ON accounts_membership.id = membership_id
    JOIN accounts_user ON accounts_user.id = accounts_membership.user_id
    JOIN accounts_agency ON accounts_agency.id = working_agency_id
    WHERE child_id = child.id AND is_lead AND cases_involvement.ended_on IS NULL) AS lead ON true"""
BY_HAND = """
WITH reached AS MATERIALIZED (SELECT id, max(moment) AS moment FROM ({branches}) AS branch GROUP BY id
    ORDER BY 2 DESC, 1 DESC LIMIT {candidates}), visible AS MATERIALIZED (
SELECT child.id, moment, open.mask, open.panel_mask FROM reached JOIN cases_child AS child USING (id) {opened}
WHERE {allowed} ORDER BY moment DESC, id DESC LIMIT {rows}),
page AS (SELECT * FROM visible ORDER BY moment DESC, id DESC LIMIT 26)
SELECT child.id, reference, given_name, family_name, preferred_name, birth_date, level, harm_status, review_due_on,
    restricted, moment, page.mask, page.panel_mask, lead.full_name, lead.name, {number}
FROM page JOIN cases_child AS child USING (id) {lead} ORDER BY moment DESC, child.id DESC"""
Cursor = tuple[datetime, UUID]


def page_of(world: World, who: str, **more: Any) -> FilePage:
    """The page as the product gives it: the first one with how many there are, counted to a thousand."""
    return worklist(world.viewers[who], at=world.at, **more)


def flat_rows(small: World, large: World) -> Iterator[Row]:
    """The same work in a small world and in a large one."""
    for who, share in MEASURED.items():
        ours, other = in_turn(Side(large, partial(page_of, large, who)), Side(small, partial(page_of, small, who)))
        yield Row(f"worklist page and capped count, {share}", ours, f"{small.files:,} files", other, at_most=1.25)


def later_page(world: World, who: str) -> FilePage:
    """The first rows again, asked for as any page but the first is: by cursor, and without a count."""
    return page_of(world, who, before=(world.at + timedelta(days=2), UUID(int=0)))


def compared_rows(world: World) -> Iterator[Row]:
    """One page beside the same rows got in other ways, with the count and without."""
    world.database.use()
    for who, goal, name in (("ninety", 3.2, "one group"), ("three_groups", 5.0, "three groups")):
        page = page_of(world, who)
        mine = [(file.pk, page.activity[file.pk], file.lead_name) for file in page.files]  # type: ignore[attr-defined]
        for what, ours, counted in (("page", later_page, False), ("page and capped count", page_of, True)):
            rows = by_hand(world, who, counted=counted)
            must_equal(f"worklist of {who}", mine, [(row[0], row[10], row[13]) for row in rows][:PAGE_LENGTH])
            if counted:
                must_equal(f"count of {who}", page.count or rows[0][15], rows[0][15])
            must_equal(f"{what} of {who}", [row[0] for row in mine], [file.pk for file in ours(world, who).files])
            times = in_turn(
                Side(world, partial(ours, world, who)), Side(world, partial(by_hand, world, who, counted=counted))
            )
            yield Row(f"worklist {what}, {name}", times[0], "hand-written SQL of the same rule", times[1], at_most=goal)
    yield from without_rule_rows(world)
    far = deep_cursor(world)
    must_equal("deep page", PAGE_LENGTH, len(page_of(world, "ninety", before=far).files))
    times = in_turn(
        Side(world, partial(page_of, world, "ninety", before=far)), Side(world, partial(later_page, world, "ninety"))
    )
    yield Row(f"worklist page at row {world.files // 4:,}", times[0], "the first rows by cursor", times[1], at_most=1.3)


def without_rule_rows(world: World) -> Iterator[Row]:
    """The page beside a list that knows no permission, and beside guardian's, which knows only the grant itself."""
    shown = [file.pk for file in page_of(world, "ninety").files]
    hidden = hidden_among_first(shown)
    user = User.objects.get(pk=world.viewers["ninety"].user_id)
    for what, ours, counted in (("page", later_page, False), ("page and capped count", page_of, True)):
        mine = Side(world, partial(ours, world, "ninety"))
        without = partial(without_permission, hidden, counted=counted)
        must_equal("worklist without permission", shown, [file.pk for file in without()][:PAGE_LENGTH])
        times = in_turn(mine, Side(world, without))
        yield Row(f"worklist {what}, one group", times[0], "the ORM with no permission", times[1], at_most=2.5)
        guardian = partial(by_guardian, user, hidden, counted=counted)
        must_equal("worklist by guardian", shown, [file.pk for file in guardian()][:PAGE_LENGTH])
        times = in_turn(mine, Side(world, guardian), fewest=5)
        least = 100.0 if world.files >= 1_000_000 else None
        yield Row(f"worklist {what}, 90 %", times[0], "guardian's list", times[1], at_least=least, turned=True)


def asked_by(world: World, who: str) -> dict[str, Any]:
    """What the words by hand need to know of a viewer, and the instant."""
    viewer = world.viewers[who]
    return {
        "at": world.at,
        "user": viewer.user_id,
        "membership": viewer.membership_id,
        "groups": list(viewer.group_ids),
    }


def branches_of(world: World, who: str) -> list[str]:
    """The rows of the projection that reach a viewer: a branch for each group, one for the person."""
    viewer, permission = world.viewers[who], world.database.view_permission_id
    group = partial(REACHED.format, table="cases_childgroupgrant", subject="group_id", permission=permission)
    person = partial(REACHED.format, table="cases_childusergrant", subject="user_id", permission=permission)
    return [*(group(value=one) for one in viewer.group_ids), person(value=viewer.user_id)]


def rows_by_hand(statement: str, asked: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, asked)
        return list(cursor.fetchall())


def by_hand(world: World, who: str, *, counted: bool, before: Cursor | None = None) -> list[tuple[Any, ...]]:
    """Page and count in one statement, as somebody would write it who knows the rule and the indexes."""
    candidates, rows, number = (1100, 1001, "(SELECT count(*) FROM visible)") if counted else (50, 26, "NULL")
    further = "AND (last_activity_at, content_object_id) < (%(moment)s, %(file)s)" if before else ""
    order = f"{further} ORDER BY last_activity_at DESC, content_object_id DESC LIMIT {candidates}"
    branches = " UNION ALL ".join(f"({branch} {order})" for branch in branches_of(world, who))
    statement = BY_HAND.format(
        branches=branches, candidates=candidates, opened=OPENED, allowed=ALLOWED, rows=rows, number=number, lead=LEAD
    )
    moment, file_id = before or (None, None)
    return rows_by_hand(statement, asked_by(world, who) | {"moment": moment, "file": file_id})


def hidden_among_first(shown: list[UUID], before: Cursor | None = None) -> list[UUID]:
    """Files of the first rows by activity that the page does not show: left out by id, so that rows are the same."""
    first = further_than(before, Child.objects.order_by("-opened_at", "-pk")).values_list("pk", flat=True)[:200]
    return [file_id for file_id in first if file_id not in set(shown)][:60]


def further_than(before: Cursor | None, files: QuerySet[Child]) -> QuerySet[Child]:
    """The files beyond a cursor in the order of their opening, which is that of their activity."""
    if before is None:
        return files
    moment, file_id = before
    return files.filter(Q(opened_at__lt=moment) | Q(pk__lt=file_id), opened_at__lte=moment)


def without_permission(hidden: list[UUID], *, counted: bool) -> list[Child]:
    """Page and count for somebody who may see everything, but for the files named."""
    files = Child.objects.filter(merged_into=None).exclude(pk__in=hidden).order_by("-opened_at", "-pk")
    page = list(with_lead(files)[: PAGE_LENGTH + 1])
    if counted:
        Child.objects.filter(merged_into=None)[: COUNTED_TO + 1].count()
    return page


def by_guardian(user: User, hidden: list[UUID], *, counted: bool, before: Cursor | None = None) -> list[Child]:
    """Page and count by guardian's shortcut, which knows neither block nor restriction nor validity."""
    files = get_objects_for_user(user, "cases.view_child", Child.objects.filter(merged_into=None))
    rows = further_than(before, files.exclude(pk__in=hidden).order_by("-opened_at", "-pk"))
    page = list(with_lead(rows)[: PAGE_LENGTH + 1])
    if counted:
        files[: COUNTED_TO + 1].count()
    return page


def deep_cursor(world: World) -> Cursor:
    """Where row N/4 of the 90 % agency's list stands."""
    group_id = world.viewers["ninety"].agency_group_id
    rows = ChildGroupGrant.objects.filter(group_id=group_id).order_by("-last_activity_at", "-content_object_id")
    moment, file_id = rows.values_list("last_activity_at", "content_object_id")[world.files // 4]
    return moment, file_id

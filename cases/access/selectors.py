"""The database side of the access rule: who may see which files, and what was found out on the way."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from functools import lru_cache
from typing import Any, TypeVar
from uuid import UUID

from django.contrib.postgres.aggregates import BitOr
from django.db.models import (
    BigIntegerField,
    BooleanField,
    Case,
    DateTimeField,
    Exists,
    ExpressionWrapper,
    F,
    Func,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import TruncDate

from accounts.models import DefinitionVersion, FunctionMember, Membership
from accounts.rules.dates import LONDON
from accounts.rules.viewers import Viewer
from accounts.selectors.definitions import definition_in_force
from cases.access.choices import ALL_CATEGORIES, CATEGORY_BITS, WORKING_REASONS, Cell, GrantReason
from cases.access.models import AccessGrant, Block
from cases.access.rules import FileFacts, Matrix, read_matrix

Rows = TypeVar("Rows", bound="QuerySet[Any]")


def matrix_in_force(*, on: date) -> Matrix:
    """The access matrix that the partnership has adopted, as it holds on a date."""
    return _parsed(definition_in_force("access_matrix", "access_matrix", on=on).body)


def matrix_now() -> tuple[Matrix, datetime]:
    """The access matrix in force and the instant it was asked at, by the database's clock: one question for both."""
    instant = Func(function="clock_timestamp", output_field=DateTimeField())
    version = (
        DefinitionVersion.objects.filter(
            kind="access_matrix", key="access_matrix", effective_on__lte=TruncDate(instant, tzinfo=LONDON)
        )
        .annotate(asked_at=instant)
        .order_by("-effective_on", "-version")
        .first()
    )
    if version is None:
        raise DefinitionVersion.DoesNotExist("No access matrix is in force")
    return _parsed(version.body), version.asked_at


@lru_cache(maxsize=8)
def _parsed(body: str) -> Matrix:
    return read_matrix(body)


def grants_reaching(viewer: Viewer, at: datetime) -> QuerySet[AccessGrant]:
    """Live grants to the viewer's agency, to the functions it serves, or to the viewer's own membership."""
    return AccessGrant.objects.live(at).filter(
        Q(group_id__in=viewer.group_ids) | Q(membership_id=viewer.membership_id, membership__isnull=False)
    )


def grants_counting(viewer: Viewer, at: datetime, *, path: str) -> QuerySet[AccessGrant]:
    """For a subquery on rows of files or of their content: the grants that count there.

    They are all that reach the viewer; on a restricted file those alone that name them, so that no grant to an
    agency widens what somebody was named for. `path` leads from the row to the child's id.
    """
    restricted = "restricted" if path == "pk" else "child__restricted"
    return (
        grants_reaching(viewer, at)
        .filter(child_id=OuterRef(path))
        .annotate(file_restricted=ExpressionWrapper(OuterRef(restricted), output_field=BooleanField()))
        .filter(Q(reason=GrantReason.NAMED) | Q(file_restricted=False))
    )


# What live grants say of a file, in one number, so that one look at them answers it all: the categories that panel
# grants open stand above those that others open; then come a bit for the whole file without an end, and the highest,
# which says that the viewer is named.
PANEL_SHIFT, WHOLE_BIT, NAMED_BIT = 1 << 20, 1 << 39, 1 << 40


def _said_by(grants: QuerySet[AccessGrant]) -> Subquery:
    """The grants of one file as one number; NULL where there is none."""
    mask: Any = F("category_mask")
    whole = {"category_mask": ALL_CATEGORIES, "valid_until": None}
    said = Case(
        When(reason=GrantReason.PANEL, then=mask * PANEL_SHIFT),
        When(reason=GrantReason.NAMED, **whole, then=mask + WHOLE_BIT + NAMED_BIT),
        When(reason=GrantReason.NAMED, then=mask + NAMED_BIT),
        When(reason__in=WORKING_REASONS, **whole, then=mask + WHOLE_BIT),
        default=mask,
        output_field=BigIntegerField(),
    )
    return Subquery(grants.order_by().values("child_id").annotate(said=BitOr(said)).values("said"))


def category_opened(category: str) -> ExpressionWrapper[Any]:
    """For rows of `visible_files`: whether any of the viewer's grants opens a category, 0 where none does."""
    bit = CATEGORY_BITS[category]
    opened: Any = F("access_said")
    return ExpressionWrapper(opened.bitand(bit + bit * PANEL_SHIFT), output_field=BigIntegerField())


def visible_files(files: Rows, viewer: Viewer, at: datetime, *, path: str = "pk") -> Rows:
    """Restrict rows to files the viewer may know of, and annotate the facts the rule used.

    `path` leads from the row to the child's id (`pk` on the file itself, `child_id` on its content). Annotates
    `access_said`, what the grants say, for `facts_of` and `category_opened`. A system principal sees every row; a
    viewer without a membership none.
    """
    if viewer.system is not None:
        return files
    if viewer.membership_id is None or viewer.user_id is None:
        return files.none()
    restricted = "restricted" if path == "pk" else "child__restricted"
    merged = files.model._meta.apps.get_model("cases", "Child")._default_manager.filter(merged_into_id=OuterRef(path))
    blocks = Block.objects.live(at).filter(user_id=viewer.user_id)
    return files.annotate(access_said=_said_by(grants_counting(viewer, at, path=path))).filter(
        ~Exists(blocks.filter(child_id=OuterRef(path))),
        # What kept somebody out of a file keeps them out of the one it was merged into.
        ~Exists(blocks.filter(child__merged_into_id=OuterRef(path))),
        # NULL is no grant and never enough; where the file is restricted only the viewer's own name is.
        access_said__gte=Case(
            When(Q(**{restricted: True}) | Exists(merged.filter(restricted=True)), then=Value(NAMED_BIT)),
            default=Value(0),
            output_field=BigIntegerField(),
        ),
    )


def visible_content(rows: Rows, viewer: Viewer, at: datetime, matrix: Matrix) -> Rows:
    """Restrict content rows to those the viewer may read, in full or as their summary.

    Rows have `child`, `category`, `author` and `agency`, and lie on files the viewer may know of. An author
    always sees own entries, whatever the cell says; where the cell says own entries, so does the author's
    agency. A grant opens only the categories it names.
    """
    rows = visible_files(rows, viewer, at, path="child_id")
    if viewer.system is not None or viewer.membership_id is None:
        return rows
    by_cell: dict[Cell, list[str]] = {}
    for category in CATEGORY_BITS:
        by_cell.setdefault(matrix.cell(viewer.role_key, category), []).append(category)
    rows = rows.annotate(
        category_bit=Case(
            *(When(category=category, then=Value(bit)) for category, bit in CATEGORY_BITS.items()),
            default=Value(0),
            output_field=BigIntegerField(),
        )
    )
    opening = (
        grants_counting(viewer, at, path="child_id")
        .annotate(
            opened=ExpressionWrapper(
                F("category_mask").bitand(OuterRef("category_bit")),  # type: ignore[arg-type]
                output_field=BigIntegerField(),
            )
        )
        .exclude(opened=0)
    )
    return rows.filter(
        Q(author_id=viewer.user_id)
        | Q(Exists(opening), category__in=by_cell.get(Cell.FULL, []) + by_cell.get(Cell.SUMMARY, []))
        | Q(Exists(opening), category__in=by_cell.get(Cell.OWN, []), agency_id=viewer.agency_id)
        | Q(Exists(opening.filter(reason=GrantReason.PANEL)), category__in=by_cell.get(Cell.PANEL, []))
    )


def facts_of(row: Any) -> FileFacts:
    """The facts that `visible_files` annotated on a file it let through."""
    said = getattr(row, "access_said", None) or 0
    return FileFacts(
        restricted=row.restricted,
        named=bool(said & NAMED_BIT),
        whole=bool(said & WHOLE_BIT),
        category_mask=said & (PANEL_SHIFT - 1),
        panel_mask=said // PANEL_SHIFT & ALL_CATEGORIES,
    )


def is_named_on(child_id: UUID, membership_id: UUID | None, at: datetime) -> bool:
    """Whether a person under one membership is named on a file."""
    named = AccessGrant.objects.live(at).filter(child_id=child_id, reason=GrantReason.NAMED)
    return membership_id is not None and named.filter(membership_id=membership_id).exists()


def still_reached(child_id: UUID, *, group_id: int, membership_id: UUID | None, named_only: bool, at: datetime) -> bool:
    """Whether a live grant still lets an agency, or one of its people by membership, see a file."""
    grants = AccessGrant.objects.live(at).filter(child_id=child_id)
    person = Q(membership_id=membership_id, membership__isnull=False)
    if named_only:
        return grants.filter(person, reason=GrantReason.NAMED).exists()
    return grants.filter(person | Q(group_id=group_id)).exists()


def roles_of(group_ids: Iterable[int], *, on: date) -> dict[int, list[str]]:
    """The roles that people hold on a day in an agency's group or in a function's, by group."""
    ids = set(group_ids)
    current = Membership.objects.current(on)
    pairs = set(current.filter(agency__group_id__in=ids).values_list("agency__group_id", "role").distinct())
    serving = FunctionMember.objects.current(on).filter(membership__in=current, function__group_id__in=ids)
    pairs |= set(serving.values_list("function__group_id", "membership__role").distinct())
    roles: dict[int, list[str]] = {}
    for group_id, role in sorted(pairs):
        roles.setdefault(group_id, []).append(role)
    return roles


def live_grants_on(child_id: UUID, at: datetime) -> list[AccessGrant]:
    """Who can see a file now, and why: every live grant with its subject, oldest first."""
    return list(
        AccessGrant.objects.live(at)
        .filter(child_id=child_id)
        .select_related("group__agency", "group__function", "membership__user", "membership__agency", "granted_by")
        .order_by("valid_from", "id")
    )

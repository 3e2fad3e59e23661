"""The database side of the access rule: who may see which files, and what was found out on the way."""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache
from typing import Any, TypeVar
from uuid import UUID

from django.contrib.postgres.aggregates import BitOr
from django.db.models import (
    BigIntegerField,
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

from accounts.models import DefinitionVersion
from accounts.rules.dates import LONDON
from accounts.rules.viewers import Viewer
from accounts.selectors.definitions import definition_in_force
from cases.access.choices import CATEGORY_BITS, Cell, GrantReason
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


# What live grants say of a file, in one number, so that one look at them answers it all: the categories that panel
# grants open stand above those that others open, and the highest bit says that the viewer is named.
PANEL_SHIFT, NAMED_BIT = 1 << 20, 1 << 40


def _said_by(grants: QuerySet[AccessGrant]) -> Subquery:
    """The grants of one file as one number; NULL where there is none."""
    mask: Any = F("category_mask")
    said = Case(
        When(reason=GrantReason.PANEL, then=mask * PANEL_SHIFT),
        When(reason=GrantReason.NAMED, then=mask + NAMED_BIT),
        default=mask,
        output_field=BigIntegerField(),
    )
    return Subquery(grants.order_by().values("child_id").annotate(said=BitOr(said)).values("said"))


def category_opened(category: str) -> ExpressionWrapper:
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
    grants = grants_reaching(viewer, at).filter(child_id=OuterRef(path))
    restricted = "restricted" if path == "pk" else "child__restricted"
    return files.annotate(access_said=_said_by(grants)).filter(
        ~Exists(Block.objects.live(at).filter(child_id=OuterRef(path), user_id=viewer.user_id)),
        # NULL is no grant and never enough; where the file is restricted only the viewer's own name is.
        access_said__gte=Case(
            When(**{restricted: True}, then=Value(NAMED_BIT)), default=Value(0), output_field=BigIntegerField()
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
        grants_reaching(viewer, at)
        .filter(child_id=OuterRef("child_id"))
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
        category_mask=said & (PANEL_SHIFT - 1),
        panel_mask=said // PANEL_SHIFT & (PANEL_SHIFT - 1),
    )


def live_grants_on(child_id: UUID, at: datetime) -> list[AccessGrant]:
    """Who can see a file now, and why: every live grant with its subject, oldest first."""
    return list(
        AccessGrant.objects.live(at)
        .filter(child_id=child_id)
        .select_related("group__agency", "group__function", "membership__user", "membership__agency", "granted_by")
        .order_by("valid_from", "id")
    )

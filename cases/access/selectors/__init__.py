"""The database side of the access rule: who may see which files, and what was found out on the way."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from functools import lru_cache
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import BigIntegerField, DateTimeField, ExpressionWrapper, F, Func, Q, QuerySet, Value
from django.db.models.functions import Coalesce, TruncDate

from accounts.models import DefinitionVersion, FunctionMember, Membership
from accounts.rules.dates import LONDON
from accounts.rules.roles import opens_files
from accounts.rules.viewers import Viewer
from accounts.selectors.definitions import definition_in_force
from cases.access.choices import ALL_CATEGORIES, CATEGORY_BITS, GrantReason
from cases.access.models import AccessGrant
from cases.access.rules import FileFacts, Matrix, read_matrix
from cases.access.selectors.expressions import (
    EMERGENCY_BIT,
    ENTRIES_BIT,
    NAMED_BIT,
    PANEL_SHIFT,
    RESTRICTED_BIT,
    WHOLE_BIT,
    Known,
    Readable,
    Said,
    Shut,
    categories_by_cell,
    facts_to_ask_by,
)

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


def category_opened(category: str) -> ExpressionWrapper[Any]:
    """For rows of `visible_files`: whether any of the viewer's grants opens a category, 0 where none does."""
    bit = CATEGORY_BITS[category]
    opened: Any = F("access_said")
    return ExpressionWrapper(opened.bitand(bit + bit * PANEL_SHIFT), output_field=BigIntegerField())


def visible_files(files: Rows, viewer: Viewer, at: datetime, *, path: str = "pk") -> Rows:
    """Restrict rows to files the viewer may know of, and annotate the facts the rule used.

    A block or a restriction holds on all files of a child, those that were merged among them. `path` leads from the
    row to the child's id (`pk` on the file itself, `child_id` on its content). Annotates `access_said`, what the grants
    say, for `facts_of` and `category_opened`. A system principal sees every row; a viewer without a membership none,
    nor one whose role opens no file, whatever its agency has been granted.
    """
    if viewer.system is not None:
        return files
    if not _opens_files(viewer):
        return files.none()
    columns = _file_columns(path)
    facts = facts_to_ask_by(viewer, at)
    return files.annotate(access_said=Said(*columns, **facts)).filter(Known(*columns, **facts))


def files_in_an_emergency(files: Rows, viewer: Viewer, at: datetime) -> Rows:
    """Every file, each annotated with whether the viewer may know of it (`known`), whether not even an emergency opens
    it to them (`shut`), and what the grants say of it, for `facts_of`. For the one service that opens files in an
    emergency: no page may show these rows.
    """
    columns, facts = _file_columns("pk"), facts_to_ask_by(viewer, at)
    said = Said(*columns, **facts)
    return files.annotate(known=Known(*columns, **facts), shut=Shut(*columns, **facts), access_said=said)


def files_kept_from(files: Rows, viewer: Viewer, at: datetime) -> Rows:
    """Restrict files to those that a block or a restriction, of theirs or of a file merged with them, shuts to a viewer
    who may not know of them. To keep them out of what is told: no page may show these rows.
    """
    columns, facts = _file_columns("pk"), facts_to_ask_by(viewer, at)
    shut = files.filter(Shut(*columns, **facts))
    if not _opens_files(viewer):
        return shut
    return shut.exclude(Coalesce(Known(*columns, **facts), Value(False)))


def _opens_files(viewer: Viewer) -> bool:
    """Whether a grant can open a file to a person: under a membership, in a role that holds case access."""
    return viewer.membership_id is not None and viewer.user_id is not None and opens_files(viewer.role_key)


def _file_columns(path: str) -> tuple[str, str, str]:
    to = "" if path == "pk" else "child__"
    return path, f"{to}restricted", f"{to}merged_into_id"


def visible_content(rows: Rows, viewer: Viewer, at: datetime, matrix: Matrix) -> Rows:
    """Restrict content rows to those the viewer may read, in full or as their summary.

    Rows have `child`, `category`, `author` and `agency`, and lie on files the viewer may know of. An author
    always sees own entries, whatever the cell says; where the cell says own entries, so does the author's
    agency. A grant opens only the categories and the single entries it names.
    """
    rows = visible_files(rows, viewer, at, path="child_id")
    if viewer.system is not None:
        return rows
    facts = facts_to_ask_by(viewer, at) | categories_by_cell(viewer, matrix)
    return rows.filter(Readable(*_file_columns("child_id"), "category", "author_id", "agency_id", "pk", **facts))


def facts_of(row: Any) -> FileFacts:
    """The facts that `visible_files` annotated on a file it let through."""
    said = getattr(row, "access_said", None) or 0
    return FileFacts(
        restricted=row.restricted or bool(said & RESTRICTED_BIT),
        named=bool(said & NAMED_BIT),
        whole=bool(said & WHOLE_BIT),
        emergency=bool(said & EMERGENCY_BIT),
        entries=bool(said & ENTRIES_BIT),
        category_mask=said & (PANEL_SHIFT - 1),
        panel_mask=said // PANEL_SHIFT & ALL_CATEGORIES,
    )


def entries_opened(child_id: UUID, viewer: Viewer, at: datetime) -> frozenset[UUID]:
    """The single entries of a file that live grants open to a viewer. For a file that the viewer may know of, and that
    is not restricted to those named.
    """
    own = Q(membership_id=viewer.membership_id, membership__isnull=False)
    if not viewer.covered:
        own &= ~Q(reason=GrantReason.SHARE)
    reaching = Q(group_id__in=viewer.group_ids) | own
    lists = AccessGrant.objects.live(at).filter(reaching, child_id=child_id).exclude(entry_ids=[])
    return frozenset(entry_id for ids in lists.values_list("entry_ids", flat=True) for entry_id in ids)


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

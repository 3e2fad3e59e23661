"""What stands on one file. The caller has opened the file; what of each row is shown is the presenter's question."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from accounts.models import User
from accounts.rules.postcodes import postcode_key
from accounts.rules.viewers import Viewer
from cases.access.choices import Category, Cell
from cases.access.rules import SUMMARISED_WITHOUT_ENTRIES, Matrix
from cases.record.models import (
    Address,
    AddressKeptFrom,
    AddressReader,
    Alias,
    AuthorityPeriod,
    Child,
    ChronologyEntry,
    DatedEntry,
    Identifier,
    Involvement,
    LegalPeriod,
    Placement,
    PlanPeriod,
    SchoolPeriod,
)

# Categories in which every service that works with a child writes.
COUNTED_WITHOUT_AGENCY = frozenset({Category.IDENTITY.value, Category.CONTACT_ADDRESS.value})


@dataclass(frozen=True)
class Facts:
    """The dated facts of a file, each list newest first, whatever the reader may see of them."""

    plans: list[PlanPeriod]
    legal: list[LegalPeriod]
    placements: list[Placement]
    schools: list[SchoolPeriod]
    authorities: list[AuthorityPeriod]
    addresses: list[Address]
    aliases: list[Alias]
    identifiers: list[Identifier]


@dataclass(frozen=True)
class WithheldCount:
    """How many entries of one category one agency wrote that are kept from a reader who may know of them.

    `agency` is empty where the number is that of all agencies.
    """

    agency: str
    ask: str
    category: str
    count: int


def lead_of(child_id: UUID) -> Involvement | None:
    """The one worker who leads on the case, whom everybody with access to the file may know."""
    return (
        Involvement.objects.filter(child_id=child_id, is_lead=True, ended_on=None)
        .select_related("membership__user", "working_agency")
        .first()
    )


def involvements_of(child_id: UUID) -> list[Involvement]:
    """Every involvement: the open ones first, the lead before all, then by start."""
    rows = Involvement.objects.filter(child_id=child_id).select_related("membership__user", "working_agency")
    return sorted(rows, key=lambda row: (row.ended_on is not None, not row.is_lead, row.started_on, str(row.pk)))


def reads_address(viewer: Viewer) -> Exists | Q:
    """For rows of addresses: whether the viewer may know a protected one.

    Its author may, and who had it protected; so may who else is on its own list, for as long as they work with the
    child in person. Nobody may who must not know it, themselves or with their whole agency.
    """
    if viewer.membership_id is None:
        return Q(pk=None)
    working = Involvement.objects.filter(
        child_id=OuterRef("address__child_id"), membership_id=OuterRef("membership_id"), ended_on=None
    )
    listed = AddressReader.objects.filter(address_id=OuterRef("pk"), membership_id=viewer.membership_id)
    kept = AddressKeptFrom.objects.filter(address_id=OuterRef("address_id"), ended_at=None)
    kept = kept.filter(Q(user_id=viewer.user_id) | Q(agency_id=viewer.agency_id, agency__isnull=False))
    own = Q(address__author_id=viewer.user_id) | Q(protected_it=True)
    return Exists(listed.filter(~Exists(kept)).filter(own | Exists(working)))


def protected_among(child_id: UUID, viewer: Viewer, postcodes: Collection[str]) -> frozenset[str]:
    """Which of some postcodes, as they are compared, are those of protected addresses of a child that the viewer knows.

    One that they may not know is not among them: asking about it would tell.
    """
    known = Address.objects.filter(reads_address(viewer), child_id=child_id, protected=True)
    return frozenset(postcodes) & {postcode_key(code) for code in known.values_list("postcode", flat=True)}


def _newest_first(rows: QuerySet[Any]) -> list[Any]:
    return list(rows.select_related("agency").order_by("-started_on", "-recorded_at", "pk"))


def facts_on(child: Child, *, viewer: Viewer) -> Facts:
    """The dated facts of a file; each address says whether the viewer is on its own list (`reader_listed`)."""

    def dated(model: type[DatedEntry]) -> list[Any]:
        return _newest_first(model._default_manager.filter(child=child))

    return Facts(
        plans=dated(PlanPeriod),
        legal=dated(LegalPeriod),
        placements=dated(Placement),
        schools=dated(SchoolPeriod),
        authorities=dated(AuthorityPeriod),
        addresses=_newest_first(Address.objects.filter(child=child).annotate(reader_listed=reads_address(viewer))),
        aliases=list(Alias.objects.filter(child=child).order_by("recorded_at", "pk")),
        identifiers=list(Identifier.objects.filter(child=child).order_by("kind", "value")),
    )


def readable_entries(viewer: Viewer, *, matrix: Matrix, at: datetime) -> QuerySet[ChronologyEntry]:
    """The timeline entries that a viewer may read on any file, in full or as their shared sentence."""
    rows: QuerySet[ChronologyEntry] = ChronologyEntry.objects.visible_to(viewer, at=at, matrix=matrix)
    if viewer.system is not None:
        return rows
    summarised = [
        category for category in SUMMARISED_WITHOUT_ENTRIES if matrix.cell(viewer.role_key, category) == Cell.SUMMARY
    ]
    return rows.exclude(~Q(author_id=viewer.user_id), category__in=summarised)


def chronology_of(
    child: Child,
    *,
    viewer: Viewer,
    matrix: Matrix,
    at: datetime,
    kinds: Iterable[str] = (),
    happened_from: datetime | None = None,
    happened_before: datetime | None = None,
    limit: int | None = None,
    skip: int = 0,
) -> list[ChronologyEntry]:
    """The entries on a file's timeline that a viewer may read, newest first."""
    rows = readable_entries(viewer, matrix=matrix, at=at).filter(child=child)
    if kinds:
        rows = rows.filter(kind__in=list(kinds))
    if happened_from is not None:
        rows = rows.filter(happened_at__gte=happened_from)
    if happened_before is not None:
        rows = rows.filter(happened_at__lt=happened_before)
    rows = rows.select_related("author", "agency").order_by("-happened_at", "-recorded_at", "-pk")
    return list(rows[skip : None if limit is None else skip + limit])


def withheld_counts(child: Child, *, categories: Iterable[str], viewer: Viewer) -> list[WithheldCount]:
    """How many timeline entries of these categories there are by agency, the viewer's own left out.

    Of identity and of contact there is one number for all agencies: every service that works with a child writes
    there, and which ones do may be what is kept from the viewer.

    Call it with the categories of which the viewer may know that something exists, and with no others.
    """
    rows = (
        ChronologyEntry.objects.filter(child=child, category__in=list(categories))
        .exclude(author_id=viewer.user_id)
        .values("agency__name", "agency__withheld_contact", "category")
        .annotate(entries=Count("pk"))
        .order_by("agency__name", "category")
    )
    counts, together = [], Counter[str]()
    for row in rows:
        if row["category"] in COUNTED_WITHOUT_AGENCY:
            together[row["category"]] += row["entries"]
        else:
            counts.append(
                WithheldCount(row["agency__name"], row["agency__withheld_contact"], row["category"], row["entries"])
            )
    return [*(WithheldCount("", "", category, number) for category, number in sorted(together.items())), *counts]


@dataclass(frozen=True)
class SavedSince:
    """Who saved a file last, when, and what it held when somebody opened it at an earlier version."""

    by: str
    when: datetime | None
    opened: dict[str, Any]


def saved_since(child: Child, *, version: int, fields: Iterable[str]) -> SavedSince:
    """What the history says of a file that was saved after `version`, for the page that shows both."""
    history = apps.get_model("cases", "ChildEvent")._default_manager.filter(pgh_obj_id=child.pk)
    last = history.order_by("-pgh_id").first()
    opened = history.filter(version=version).order_by("-pgh_id").values(*fields).first() or {}
    user_id = (last.pgh_context or {}).get("user") if last else None
    name = User.objects.filter(pk=user_id).values_list("full_name", flat=True).first() if user_id else None
    return SavedSince(by=name or "Somebody", when=last.pgh_created_at if last else None, opened=opened)

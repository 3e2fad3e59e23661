"""The lists in which files stand: the worklist and the search. Both read the index of grants, then ask the rule.

A list starts from the projection of grants, which is ordered by activity and may hold a row too many (a hull
over two grants, a restricted file, a block); `visible_to` then decides. Measured shape: one branch a group, the
first rows of each, united; never `group_id IN (...)`, which reads them all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache, reduce
from operator import or_
from typing import Any
from uuid import UUID

from django.contrib.postgres.search import TrigramSimilarity, TrigramWordSimilarity
from django.db.models import Case, Count, Func, IntegerField, OuterRef, Q, QuerySet, Subquery, TextField, Value, When
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce, Greatest, NullIf

from accounts.rules.viewers import Viewer
from cases.access.choices import Category, Cell
from cases.access.models import ChildGroupGrant, ChildUserGrant
from cases.access.rules import Matrix
from cases.access.selectors import category_opened
from cases.access.services import view_permission
from cases.record.models import Alias, Child, Involvement, NormalisedName, SoundOfName
from cases.record.rules import tidy_reference

PAGE_LENGTH = 25
COUNTED_TO = 1000
# Candidates beyond the thousand, so that a few hidden files do not spoil the count.
SPARE = 100
# A few more than a page shows, so that a hidden file among them does not cost a second question.
LOOKED_AT = PAGE_LENGTH + 8
FOUND_AT_MOST = 25
# Up to so many files it is quicker to look at each than to ask the index of names, which spans everybody's.
FEW_FILES = 2000
# From here on two names, or a name and a part of one, are alike: PostgreSQL's own defaults.
ALIKE, PART_ALIKE = 0.3, 0.6
ONE_NAME = ("given_name", "family_name", "preferred_name")
Cursor = tuple[datetime, UUID]


@dataclass(frozen=True)
class WorklistFilter:
    """How a worklist is narrowed. Everything left empty narrows nothing."""

    levels: tuple[str, ...] = ()
    harm: tuple[str, ...] = ()
    review_overdue_on: date | None = None
    my_agency_leads: bool = False
    i_am_involved: bool = False

    @property
    def asks_level(self) -> bool:
        """Whether it asks something that only the category `level` tells."""
        return bool(self.levels or self.harm or self.review_overdue_on)


@dataclass(frozen=True)
class FilePage:
    """One page of files, newest activity first. `count` is of all pages; None beyond a thousand or past page one."""

    files: list[Child]
    older: Cursor | None = None
    count: int | None = None
    activity: dict[UUID, datetime] = field(default_factory=dict)


@lru_cache(maxsize=1)
def _view_permission_id() -> int:
    return view_permission().pk


def _branches(viewer: Viewer, at: datetime) -> Iterator[QuerySet[Any]]:
    """The rows of the projection that reach a viewer, one queryset for each group and one for the person."""
    running = Q(valid_until=None) | Q(valid_until__gt=at)
    for group_id in viewer.group_ids:
        yield ChildGroupGrant.objects.filter(
            running, group_id=group_id, permission_id=_view_permission_id(), valid_from__lte=at
        )
    yield ChildUserGrant.objects.filter(
        running, user_id=viewer.person_id, permission_id=_view_permission_id(), valid_from__lte=at
    )


def _narrowed(rows: QuerySet[Any], wanted: WorklistFilter, viewer: Viewer) -> QuerySet[Any]:
    if wanted.levels:
        rows = rows.filter(content_object__level__in=wanted.levels)
    if wanted.harm:
        rows = rows.filter(content_object__harm_status__in=wanted.harm)
    if wanted.review_overdue_on:
        rows = rows.filter(content_object__review_due_on__lt=wanted.review_overdue_on)
    working = Involvement.objects.filter(ended_on=None).values("child_id")
    if wanted.my_agency_leads:
        rows = rows.filter(content_object_id__in=working.filter(is_lead=True, working_agency_id=viewer.agency_id))
    if wanted.i_am_involved:
        rows = rows.filter(content_object_id__in=working.filter(membership_id=viewer.acting_membership_id))
    return rows


def _united(
    viewer: Viewer, at: datetime, wanted: WorklistFilter, *, limit: int, before: Cursor | None = None
) -> QuerySet[Any]:
    """The first rows of each branch, as (file, activity), united and in order."""
    parts = []
    for rows in _branches(viewer, at):
        rows = _narrowed(rows, wanted, viewer)
        if before is not None:
            moment, file_id = before
            rows = rows.filter(
                Q(last_activity_at__lt=moment) | Q(content_object_id__lt=file_id), last_activity_at__lte=moment
            )
        rows = rows.order_by("-last_activity_at", "-content_object_id")
        parts.append(rows.values_list("content_object_id", "last_activity_at")[:limit])
    if len(parts) == 1:
        return parts[0]
    return (
        parts[0].union(*parts[1:], all=True).order_by("-last_activity_at", "-content_object_id")[: limit * len(parts)]
    )


def _shown_earlier(viewer: Viewer, at: datetime, before: Cursor, file_ids: Iterable[UUID]) -> set[UUID]:
    """Those files that stand before the cursor by another of the viewer's grants, and were shown there."""
    moment, cursor_id = before
    ids = list(file_ids)
    later = Q(last_activity_at__gt=moment) | Q(last_activity_at=moment, content_object_id__gte=cursor_id)
    first, *others = (
        rows.filter(later, content_object_id__in=ids).values_list("content_object_id", flat=True)
        for rows in _branches(viewer, at)
    )
    return set(first.union(*others, all=True))


def _visible(viewer: Viewer, at: datetime, wanted: WorklistFilter) -> QuerySet[Child]:
    """Files that the rule lets the viewer know of, and that a filter may tell them about."""
    files = Child.objects.visible_to(viewer, at=at).filter(merged_into=None)
    if wanted.asks_level and viewer.system is None:
        files = files.annotate(level_opened=category_opened(Category.LEVEL)).exclude(level_opened=0)
    return files


def with_lead(files: QuerySet[Child]) -> QuerySet[Child]:
    """Annotate `lead_name` and `lead_agency`, which everybody with access to a file may know."""
    lead = Involvement.objects.filter(child_id=OuterRef("pk"), is_lead=True, ended_on=None)
    return files.annotate(
        lead_name=Subquery(lead.values("membership__user__full_name")[:1]),
        lead_agency=Subquery(lead.values("working_agency__name")[:1]),
    )


def worklist(
    viewer: Viewer, *, at: datetime, wanted: WorklistFilter | None = None, before: Cursor | None = None
) -> FilePage:
    """A page of the files a viewer may see, newest activity first in what each viewer's grants open.

    Filters on level, harm status and review are answered from files alone whose level the viewer's grants open;
    the caller offers them only to a role whose matrix cell says so. The first page also counts, to a thousand.
    """
    wanted = wanted or WorklistFilter()
    if viewer.membership_id is None:
        return FilePage([], count=0)
    found: list[Child] = []
    activity: dict[UUID, datetime] = {}
    number: int | None = None
    first = before is None
    for batch, is_last in _candidates(viewer, at, wanted, before):
        ids = list(batch)
        activity.update(batch)
        while ids and len(found) <= PAGE_LENGTH:
            chunk, ids = ids[:LOOKED_AT], ids[LOOKED_AT:]
            files = with_lead(_visible(viewer, at, wanted).filter(pk__in=_among(chunk)))
            if first:
                files = files.annotate(counted=_number_of(_visible(viewer, at, wanted).filter(pk__in=_among(batch))))
            visible: dict[UUID, Any] = {file.pk: file for file in files}
            if first and visible:
                counted = next(iter(visible.values())).counted
                number, first = (counted if is_last and counted <= COUNTED_TO else None), False
            found += [visible[file_id] for file_id in chunk if file_id in visible]
        if len(found) > PAGE_LENGTH:
            break
    page, more = found[:PAGE_LENGTH], len(found) > PAGE_LENGTH
    older = (activity[page[-1].pk], page[-1].pk) if more else None
    return FilePage(page, older, number if more else len(page) if before is None else None, activity)


def _candidates(
    viewer: Viewer, at: datetime, wanted: WorklistFilter, before: Cursor | None
) -> Iterator[tuple[dict[UUID, datetime], bool]]:
    """Files in the order of their latest activity, in batches, each file once; with the last batch is True.

    Nothing hidden is left out yet. The first batch of a first page is long enough to count to a thousand.
    """
    taken: set[UUID] = set()
    cursor, limit = before, COUNTED_TO + SPARE if before is None else 2 * PAGE_LENGTH
    while True:
        rows = list(_united(viewer, at, wanted, limit=limit, before=cursor))
        is_last = len(rows) < limit
        # Below the last row that every branch has reached, a branch may still hold earlier files.
        ordered = rows[:limit]
        batch: dict[UUID, datetime] = {}
        for file_id, moment in ordered:
            if file_id not in taken:
                batch.setdefault(file_id, moment)
        taken.update(batch)
        if before is not None and batch:
            for file_id in _shown_earlier(viewer, at, before, batch):
                del batch[file_id]
        yield batch, is_last
        if is_last:
            return
        cursor, limit = (ordered[-1][1], ordered[-1][0]), min(limit * 4, COUNTED_TO)


def _among(file_ids: Iterable[UUID]) -> RawSQL:
    """Ids as one value of a statement: written out one by one, composing them takes longer than finding the files."""
    return RawSQL("SELECT unnest(%s::uuid[])", [list(file_ids)])


def _number_of(files: QuerySet[Child]) -> Subquery:
    """How many files these are, as a value that is computed once beside the rows of a page."""
    one = files.order_by().values(everything=Value(1))
    return Subquery(one.annotate(number=Count("pk")).values("number"), output_field=IntegerField())


# The search.


def _identity_open(files: QuerySet[Child], viewer: Viewer) -> QuerySet[Child]:
    """Of these files, those whose names the viewer's grants open."""
    if viewer.system is not None:
        return files
    return files.annotate(identity_opened=category_opened(Category.IDENTITY)).exclude(identity_opened=0)


def _letters(words: str) -> str:
    return " ".join("".join(sign for sign in word if sign.isalpha() or sign in "'’-") for word in words.split()).strip()


def search_files(viewer: Viewer, *, typed: str, matrix: Matrix, at: datetime) -> list[Child]:
    """Files found by reference or by name, the likeliest first, each annotated with `likeness` from 0 to 1.

    Somebody who sees a child's identity in full finds it by full name, other names and how a name sounds; in
    summary, by what the child is called alone, because finding is telling; else by reference alone. At most 25.
    """
    if viewer.membership_id is None:
        return []
    files = Child.objects.visible_to(viewer, at=at).filter(merged_into=None)
    reference = tidy_reference(typed)
    if reference:
        exact: list[Any] = list(with_lead(files.filter(reference=reference)).annotate(likeness=Value(1.0)))
        if exact:
            return exact
    words = _letters(typed)
    cell = matrix.cell(viewer.role_key, Category.IDENTITY)
    if not words or cell not in (Cell.FULL, Cell.SUMMARY):
        return []
    named = with_lead(_identity_open(files, viewer))
    if cell == Cell.FULL:
        found = _by_every_name(named, words, _few_reached(viewer, at))
    else:
        found = _by_called_name(named, viewer, at, words)
    ranked: dict[UUID, Child] = {}
    for child in found:
        best = ranked.get(child.pk)
        if best is None or child.likeness > best.likeness:  # type: ignore[attr-defined]
            ranked[child.pk] = child
    # Among equals by the name that is shown: the order of the rest would tell the family name.
    in_order = {pk: child.sort_key if cell == Cell.FULL else child.called.lower() for pk, child in ranked.items()}
    found = sorted(ranked.values(), key=lambda child: (-child.likeness, in_order[child.pk], str(child.pk)))  # type: ignore[attr-defined]
    return found[:FOUND_AT_MOST]


def _reached(viewer: Viewer, at: datetime) -> QuerySet[Any]:
    """Ids of the files in the viewer's own part of the index."""
    first, *others = (rows.values("content_object_id") for rows in _branches(viewer, at))
    return first.union(*others, all=True) if others else first


def _few_reached(viewer: Viewer, at: datetime) -> QuerySet[Any] | None:
    """Ids of the files in the viewer's own part of the index, where they are few; else None."""
    reached = _reached(viewer, at)
    return None if len(reached[: FEW_FILES + 1]) > FEW_FILES else reached


def _by_every_name(files: QuerySet[Child], words: str, few: QuerySet[Any] | None = None) -> list[Child]:
    """By family and given name in either order, by other names, and by sound; among a few files, each looked at.

    What is written so, one name alone too, is as like as can be.
    """
    parts = words.split()
    turned = " ".join([parts[-1], *parts[:-1]])
    as_typed: Any = NormalisedName(Value(words))
    as_filed: Any = NormalisedName(Value(turned))
    whole = Greatest(TrigramSimilarity("sort_key", as_filed), TrigramSimilarity("sort_key", as_typed))
    part = TrigramWordSimilarity(as_filed, "sort_key")
    one_name = {f"{name}_key": NormalisedName(name) for name in ONE_NAME}
    just_so = reduce(or_, (Q(**{key: NullIf(as_typed, Value(""))}) for key in one_name))
    exact = Case(When(just_so, then=Value(1.0)), default=Value(0.0))
    aliases = Alias.objects.annotate(key=NormalisedName("name"))
    if few is None:
        alike = Q(sort_key__trigram_similar=as_filed) | Q(sort_key__trigram_word_similar=as_filed)
        if turned != words:
            alike |= Q(sort_key__trigram_similar=as_typed)
        named = files.filter(alike)
        other = aliases.filter(Q(key__trigram_similar=as_typed) | Q(key__trigram_word_similar=as_typed))
    else:
        files, near = files.filter(pk__in=few), Q(whole__gte=ALIKE) | Q(part__gte=PART_ALIKE)
        named = files.annotate(whole=whole, part=part, **one_name).filter(near | just_so)
        alias_whole, alias_part = TrigramSimilarity("key", as_typed), TrigramWordSimilarity(as_typed, "key")
        other = aliases.filter(child_id__in=few).annotate(whole=alias_whole, part=alias_part).filter(near)
    likeness = Greatest(whole, part, exact)
    named = named.annotate(**one_name).annotate(likeness=likeness)
    found: list[Any] = list(named.order_by("-likeness")[:FOUND_AT_MOST])
    same = When(pk__in=other.filter(key=as_typed).values("child_id"), then=Value(1.0))
    by_other = files.filter(pk__in=other.values("child_id")).annotate(likeness=Case(same, default=Value(0.6)))
    found += by_other.order_by("-likeness")[:FOUND_AT_MOST]
    if len(parts) > 1:
        given, family = (SoundOfName(NormalisedName(name)) for name in ("given_name", "family_name"))
        first, last = (SoundOfName(NormalisedName(Value(word))) for word in (parts[0], parts[-1]))
        sounds = files.annotate(given_sound=given, family_sound=family).filter(
            Q(given_sound=first, family_sound=last) | Q(given_sound=last, family_sound=first)
        )
        found += sounds.annotate(likeness=Value(0.5))[:FOUND_AT_MOST]
    return found


def _by_called_name(files: QuerySet[Child], viewer: Viewer, at: datetime, words: str) -> list[Child]:
    """By what the child is called, among the files in the viewer's own part of the index."""
    called = NormalisedName(Coalesce(NullIf("preferred_name", Value("")), "given_name", output_field=TextField()))
    files = files.filter(pk__in=_reached(viewer, at)).annotate(called_key=called)
    keys: list[Any] = [NormalisedName(Value(word)) for word in words.split()]
    likenesses = [TrigramSimilarity("called_key", key) for key in keys]
    likeness: Func = Greatest(*likenesses) if len(likenesses) > 1 else likenesses[0]
    found: list[Any] = list(files.annotate(likeness=likeness).filter(likeness__gte=0.4).order_by("-likeness"))
    return found[:FOUND_AT_MOST]


def files_called(viewer: Viewer, *, words: str, at: datetime) -> list[Child]:
    """The files of a viewer who sees names in summary, by what the child is called alone, the likest first."""
    files = _identity_open(Child.objects.visible_to(viewer, at=at).filter(merged_into=None), viewer)
    letters = _letters(words)
    found: list[Any] = _by_called_name(files, viewer, at, letters) if letters else []
    return sorted(found, key=lambda child: (-child.likeness, child.called.lower(), str(child.pk)))


def files_known(viewer: Viewer, ids: Iterable[UUID], *, at: datetime) -> dict[UUID, Child]:
    """Those of some files that a viewer may know of, by their keys; of none the database is not asked."""
    return {file.pk: file for file in Child.objects.visible_to(viewer, at=at).filter(pk__in=set(ids))}

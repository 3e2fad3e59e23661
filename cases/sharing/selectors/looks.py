"""Looks by person, for the data guardians, and the weekly digest of those worth a question."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Set
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce, Least
from django.urls import reverse

from accounts.choices import AccessOutcome
from accounts.models import AccessEvent, Membership, User
from accounts.rules.postcodes import postcode_key
from accounts.rules.refusals import NotKnown
from accounts.rules.roles import Capability
from accounts.rules.sign_in import SIGN_IN
from accounts.rules.viewers import Viewer
from cases.access.choices import GrantReason
from cases.access.models import AccessGrant
from cases.clocks.rules.due import midnight
from cases.clocks.selectors.clocks import without_hidden
from cases.record.models import Address, Child, ChronologyEntry, Involvement
from cases.record.selectors.hidden import hidden_ids, known_or_no_file
from cases.record.selectors.looking import CONFLICT_PAGES
from cases.sharing.choices import SignalKind
from cases.sharing.models import EmergencyAccess, StaffHome
from cases.sharing.models.looks import LookDigest, LookSignal
from cases.sharing.rules.looks import (
    BEFORE_WRITING,
    Counted,
    Deed,
    Known,
    Limits,
    Look,
    NameSearch,
    Span,
    counted,
    read_limits,
)
from cases.sharing.selectors.conflicts import files_about
from cases.sharing.selectors.family import names_of_people, names_on_files

OWN_NAME = "own_name"
LIMITS = ("look_signals", "look_signals")
CHUNK = 2000
WHOLE_POSTCODE = 5
WEEKS_SHOWN = 104


@dataclass(frozen=True)
class PersonFilter:
    """How the list of people is narrowed: words of a name, and whether only those with refusals stand in it."""

    words: str = ""
    agency_id: UUID | None = None
    refused: bool = False


@dataclass(frozen=True)
class PersonLooks:
    """One person with the number of looks and refusals since a day."""

    user_id: int
    name: str
    reads: int
    refusals: int
    last_at: datetime | None


@dataclass(frozen=True)
class _KeptFiles:
    """The files that a conflict or a restriction keeps from a guardian, and those on which a conflict of interest is,
    was or may be their own.
    """

    hidden: list[UUID]
    own: list[UUID]

    @classmethod
    def of(cls, viewer: Viewer, at: datetime) -> _KeptFiles:
        return cls(hidden_ids(viewer, at), [row["child"] for row in files_about(viewer)])

    def looks(self) -> Q:
        """What somebody did there: opened a hidden file, had a list of nothing else, read of their conflict."""
        opened = Q(child_id__in=self.hidden)
        listed = Q(shown_ids__len__gt=0, shown_ids__contained_by=self.hidden)
        conflict = Q(Q(child_id__in=self.own) | Q(shown_ids__overlap=self.own), action__in=CONFLICT_PAGES)
        return opened | listed | conflict


def _events_known(viewer: Viewer, at: datetime) -> QuerySet[AccessEvent]:
    """Reads and refusals as far as a guardian may know: none about a file that they are kept from, no list or search
    that showed nothing else, nor a look at a conflict of interest of their own; and so none of them in any number.
    """
    return AccessEvent.objects.filter(known_or_no_file(viewer, at)).exclude(_KeptFiles.of(viewer, at).looks())


def people_who_looked(
    viewer: Viewer, wanted: PersonFilter, *, at: datetime, since: datetime, skip: int = 0, limit: int = 51
) -> list[PersonLooks]:
    """People who have looked or were refused since an instant, those with most refusals and reads first."""
    events = _events_known(viewer, at).filter(at__gte=since, user_id__isnull=False)
    events = events.exclude(action=SIGN_IN)  # anybody could raise the number of somebody's refusals
    if wanted.words or wanted.agency_id:
        people = User.objects.filter(full_name__icontains=wanted.words)
        if wanted.agency_id:
            people = people.filter(memberships__agency_id=wanted.agency_id)
        events = events.filter(user_id__in=people.values("pk"))
    counted = (
        events.order_by()
        .values("user_id")
        .annotate(
            reads=Count("pk", filter=Q(outcome=AccessOutcome.ALLOWED)),
            refusals=Count("pk", filter=Q(outcome=AccessOutcome.REFUSED)),
            last=Max("at"),
        )
    )
    if wanted.refused:
        counted = counted.filter(refusals__gt=0)
    rows = list(counted.order_by("-refusals", "-reads", "user_id")[skip : skip + limit])
    names = dict(User.objects.filter(pk__in=[row["user_id"] for row in rows]).values_list("pk", "full_name"))
    return [
        PersonLooks(pk, names.get(pk, ""), row["reads"], row["refusals"], row["last"])
        for row in rows
        if (pk := row["user_id"]) is not None
    ]


def person_with_looks(user_id: int) -> User:
    """One person by id. Raises NotKnown for none."""
    person = User.objects.filter(pk=user_id).first()
    if person is None:
        raise NotKnown("no_person")
    return person


def looks_of(
    viewer: Viewer, user_id: int, *, at: datetime, looked_from: datetime | None, looked_before: datetime | None
) -> QuerySet[AccessEvent]:
    """Everything one person opened, had in a list or was refused, newest first, as far as this guardian may know."""
    events = _events_known(viewer, at).filter(user_id=user_id)
    if looked_from is not None:
        events = events.filter(at__gte=looked_from)
    if looked_before is not None:
        events = events.filter(at__lt=looked_before)
    return events.order_by("-at", "-pk")


def references_of(viewer: Viewer, rows: Iterable[Any], *, at: datetime) -> dict[UUID, str]:
    """The references of the files that rows speak of or showed in a list, where the guardian may know of them."""
    ids = {about for row in rows for about in (row.child_id, *getattr(row, "shown_ids", ()))}
    files = Child.objects.visible_to(viewer, at=at).filter(pk__in=ids)
    return dict(files.values_list("pk", "reference"))


# The week's looks, as rows for the rules. Read as the system, which puts out a question and no file.


def week_looks(start: datetime, end: datetime) -> Iterator[Look]:
    """Every file that a person opened in a span of time; what lists and searches showed is no opening."""
    opened = AccessEvent.objects.filter(
        outcome=AccessOutcome.ALLOWED, at__gte=start, at__lt=end, child_id__isnull=False, user_id__isnull=False
    )
    rows = opened.order_by().values_list("user_id", "role", "child_id", "at", "pk")
    for user_id, role, child_id, at, pk in rows.iterator(CHUNK):
        if user_id is not None and child_id is not None:
            yield Look(user_id, role, child_id, at, pk)


def week_searches(start: datetime, end: datetime) -> list[NameSearch]:
    """Every search for one's own family name in a span of time."""
    found = AccessEvent.objects.filter(reason_code=OWN_NAME, at__gte=start, at__lt=end, user_id__isnull=False)
    rows = found.order_by().values_list("user_id", "at", "pk")
    return [NameSearch(user_id, at, pk) for user_id, at, pk in rows if user_id is not None]


def known_of(looks: Iterable[Look]) -> Known:
    """The family names of the people and files of a week's looks, and who worked with which of the children."""
    pairs = {(look.user_id, look.child_id) for look in looks}
    people, files = {user for user, _ in pairs}, {child for _, child in pairs}
    return Known(
        names_of_people=names_of_people(people),
        names_on_files=names_on_files(files),
        caseload=_caseload(people, files),
        same_home=_same_home(people, files),
    )


def _same_home(people: set[int], files: set[UUID]) -> frozenset[tuple[int, UUID]]:
    """Whose own home, by the postcode that they gave, is where which of the children live now.

    Protected addresses are left out: a question to the guardian must not tell one.
    """
    lived: dict[str, set[UUID]] = defaultdict(set)
    rows = Address.objects.filter(child__in=files, ended_on=None, protected=False)
    for child_id, postcode in rows.values_list("child_id", "postcode"):
        lived[postcode_key(postcode)].add(child_id)
    homes = StaffHome.objects.filter(user_id__in=people).values_list("user_id", "postcode")
    return frozenset(
        (user_id, child_id)
        for user_id, postcode in homes
        if len(postcode_key(postcode)) >= WHOLE_POSTCODE
        for child_id in lived.get(postcode_key(postcode), ())
    )


def _caseload(people: set[int], files: set[UUID]) -> dict[tuple[int, UUID], list[Span]]:
    """Who worked with which child in person, and when: named in an involvement or a grant, or the author of an entry.

    An emergency is no work with a child, nor is what was written while it ran.
    """
    theirs, of_files = {"membership__user_id__in": people}, {"child_id__in": files}
    pair = ("membership__user_id", "child_id")
    found: dict[tuple[int, UUID], list[Span]] = defaultdict(list)
    work = Involvement.objects.filter(**theirs, **of_files).order_by()
    for user_id, child_id, started_on, ended_on in work.values_list(*pair, "started_on", "ended_on"):
        found[user_id, child_id].append((midnight(started_on), midnight(ended_on) if ended_on else None))
    grants = AccessGrant.objects.filter(**theirs, **of_files).exclude(reason=GrantReason.BREAK_GLASS).order_by()
    for user_id, child_id, start, end in grants.values_list(*pair, "valid_from", Least("valid_until", "ended_at")):
        found[user_id, child_id].append((start, end))
    in_an_emergency = EmergencyAccess.objects.filter(
        child_id=OuterRef("child_id"), membership__user_id=OuterRef("author_id"), opened_at__lte=OuterRef("recorded_at")
    ).alias(over_at=Coalesce("ended_at", "ends_at"))
    written = ChronologyEntry.objects.filter(author_id__in=people, **of_files).order_by()
    written = written.exclude(Exists(in_an_emergency.filter(over_at__gt=OuterRef("recorded_at"))))
    for user_id, child_id, at in written.values_list("author_id", "child_id", "recorded_at"):
        found[user_id, child_id].append((at - BEFORE_WRITING, at))
    return dict(found)


@lru_cache(maxsize=8)
def limits_of(body: str) -> Limits:
    """The figures of one version of the definition."""
    return read_limits(body)


# The digests, for guardians.


@dataclass(frozen=True)
class WeekLooked:
    """One week that was gone through, with how many of its questions there are and wait."""

    digest_id: UUID
    week_from: date
    found: int
    waiting: int


def digests(viewer: Viewer, at: datetime) -> list[WeekLooked]:
    """Every week of the last two years that was gone through, newest first."""
    weeks = list(LookDigest.objects.order_by("-week_from")[:WEEKS_SHOWN])
    found, waiting = Counter[UUID](), Counter[UUID]()
    for row in _signals_known(viewer, LookSignal.objects.filter(digest__in=weeks), at):
        found[row.digest_id] += 1
        waiting[row.digest_id] += row.decided_at is None
    return [WeekLooked(week.pk, week.week_from, found[week.pk], waiting[week.pk]) for week in weeks]


def digest_by(digest_id: UUID) -> LookDigest:
    """One digest. Raises NotKnown for none."""
    found = LookDigest.objects.select_related("limits").filter(pk=digest_id).first()
    if found is None:
        raise NotKnown("no_digest")
    return found


@dataclass(frozen=True)
class Part:
    """What is left of a question to a guardian who may not know of some of its looks; nothing, where the others are too
    few to ask about.
    """

    counted: Counted | None
    kept: tuple[Deed, ...]


def parts_of(viewer: Viewer, rows: Collection[LookSignal], at: datetime) -> dict[UUID, Part]:
    """What is left of those of some questions in which there are looks that a guardian may not know of.

    Of one that was asked before its looks were written down with it nothing is left, once anything is kept from them.
    """
    if not rows:
        return {}
    files = _KeptFiles.of(viewer, at)
    if not (files.hidden or files.own):
        return {}
    events = AccessEvent.objects.filter(pk__in={pk for row in rows for pk in row.event_ids})
    kept = set(events.filter(files.looks()).values_list("pk", flat=True))
    parted = [row for row in rows if kept.intersection(row.event_ids) or not (row.event_ids or row.child_id)]
    deeds = _deeds(pk for row in parted for pk in row.event_ids)
    return {row.pk: _part(row, deeds, kept) for row in parted}


def _deeds(event_ids: Iterable[int]) -> list[Deed]:
    """Some looks and searches, in the order of time."""
    rows = AccessEvent.objects.filter(pk__in=set(event_ids)).order_by("at", "pk")
    return [
        Look(user_id or 0, role, child_id, at, pk) if child_id else NameSearch(user_id or 0, at, pk)
        for pk, user_id, role, child_id, at in rows.values_list("pk", "user_id", "role", "child_id", "at")
    ]


def _part(row: LookSignal, deeds: list[Deed], kept: Set[int]) -> Part:
    whole = set(row.event_ids)
    left = [deed for deed in deeds if deed.event_id in whole - kept]
    kind = SignalKind(row.kind)
    least = 1 if row.parted_from_id else limits_of(row.digest.limits.body).least[kind]
    return Part(counted(kind, left, least=least), tuple(deed for deed in deeds if deed.event_id in whole & kept))


def _signals_known(viewer: Viewer, rows: QuerySet[LookSignal], at: datetime) -> list[LookSignal]:
    """Those of some questions that a guardian may know of, each without the looks that are kept from them. The words of
    an answer are for who wrote them alone: they may be about what somebody else may not know of.
    """
    rows = without_hidden(rows, viewer, at).select_related("digest__limits", "decided_by__user")
    found = list(rows.order_by("user_id", "child_id", "pk"))
    parts = parts_of(viewer, found, at)
    known = []
    for row in found:
        part = parts.get(row.pk)
        if row.decided_by is None or row.decided_by.user_id != viewer.person_id:
            row.note = ""
        if part is None:
            known.append(row)
        elif part.counted is not None:
            row.count, row.first_at, row.last_at = part.counted.count, part.counted.first_at, part.counted.last_at
            known.append(row)
    return known


def signals_for(viewer: Viewer, digest: LookDigest, *, at: datetime) -> list[LookSignal]:
    """The signals of a week that a guardian may know of."""
    return _signals_known(viewer, LookSignal.objects.filter(digest=digest), at)


def signal_for(viewer: Viewer, signal_id: UUID, *, at: datetime) -> LookSignal:
    """One signal that this guardian may know of. Raises NotKnown for any other."""
    found = _signals_known(viewer, LookSignal.objects.filter(pk=signal_id), at)
    if not found:
        raise NotKnown("no_signal")
    return found[0]


def digests_waiting(at: datetime) -> QuerySet[Any]:
    """The ids of digests with a signal that nobody has decided: each must have an alert."""
    waiting = LookSignal.objects.filter(digest=OuterRef("pk"), decided_at=None)
    return LookDigest.objects.filter(Exists(waiting), made_at__lte=at).values("pk")


def digests_kept_from(viewer: Viewer, at: datetime) -> QuerySet[Any]:
    """The ids of digests in which nothing waits that this guardian may know of, and of parted questions that they may
    not know of: their alerts are not for them.
    """
    if not viewer.may(Capability.AUDIT):
        return LookDigest.objects.none().values("pk")
    known = _signals_known(viewer, LookSignal.objects.filter(decided_at=None), at)
    digests = LookDigest.objects.exclude(pk__in={row.digest_id for row in known})
    parted = LookSignal.objects.exclude(parted_from=None).exclude(pk__in={row.pk for row in known})
    return digests.values("pk").union(parted.values("pk"))


def digest_addresses(digest_ids: Collection[UUID]) -> dict[UUID, str]:
    """The page of each digest, for whoever is told of it; and of each parted question that of its digest."""
    parted = dict(LookSignal.objects.filter(pk__in=list(digest_ids)).values_list("pk", "digest_id"))
    return {pk: reverse("cases:look_digest", args=[parted.get(pk, pk)]) for pk in digest_ids}


def agencies_of(user_ids: Iterable[int]) -> dict[int, str]:
    """Where people work, for a list of them."""
    rows = Membership.objects.filter(user_id__in=set(user_ids)).order_by("user_id", "-started_on")
    return dict(reversed(list(rows.values_list("user_id", "agency__name"))))

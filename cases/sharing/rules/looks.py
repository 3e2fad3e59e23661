"""Which looks of a week are worth a data guardian's question: pure, over plain rows.

Source: the kinds of insider looking that were prosecuted, as the design's threat table lists them; the figures stand in
the definition `look_signals`, which the partnership sets.
"""

from __future__ import annotations

import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeAlias, TypeVar
from uuid import UUID

from accounts.rules.dates import in_london
from accounts.rules.refusals import Refusal
from accounts.rules.roles import ROLES
from cases.sharing.choices import SignalKind
from cases.sharing.rules.family import are_of_one_family

HOUR = timedelta(hours=1)
# Work that has ended is finished and handed on; and somebody reads a file before they write on it.
AFTERWARDS, BEFORE_WRITING = timedelta(days=28), timedelta(days=1)
# From when until when somebody worked with a child; no end where they still do.
Span = tuple[datetime, datetime | None]
# Kinds that count distinct files; the others count looks.
COUNT_FILES = frozenset({SignalKind.MANY_IN_AN_HOUR, SignalKind.OUTSIDE_CASELOAD})
# Kinds that the first version did not have.
LATER = frozenset({SignalKind.SAME_HOME})


class VerdictRefused(Refusal):
    """A verdict on a signal that is one's own, or that has one already."""


@dataclass(frozen=True)
class Look:
    """One person opened one file, at an instant, in a role; `event_id` is the row that says so."""

    user_id: int
    role: str
    child_id: UUID
    at: datetime
    event_id: int = 0


@dataclass(frozen=True)
class NameSearch:
    """One person searched for their own family name: that is about no file."""

    user_id: int
    at: datetime
    event_id: int = 0
    child_id: None = None


Deed: TypeAlias = "Look | NameSearch"
SomeDeed = TypeVar("SomeDeed", Look, NameSearch)


@dataclass(frozen=True)
class Known:
    """What is known of people and files: their family names as compared, who worked with whom in person and when, and
    whose own home has a child's postcode.
    """

    names_of_people: Mapping[int, frozenset[str]] = field(default_factory=dict)
    names_on_files: Mapping[UUID, frozenset[str]] = field(default_factory=dict)
    caseload: Mapping[tuple[int, UUID], Sequence[Span]] = field(default_factory=dict)
    same_home: frozenset[tuple[int, UUID]] = frozenset()


@dataclass(frozen=True)
class Counted:
    """How many looks or files a question is about, and from when until when."""

    count: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True)
class Signal:
    """A question about one person's looks; about one file where the kind is about one.

    `event_ids` are all the looks among which it was counted: from them it can be counted again without some.
    """

    kind: SignalKind
    user_id: int
    counted: Counted
    child_id: UUID | None = None
    event_ids: tuple[int, ...] = ()


@dataclass(frozen=True)
class Limits:
    """From how many on a kind is worth a question, the hours of the night, and the roles that are not asked about."""

    least: Mapping[SignalKind, int]
    not_asked: Mapping[SignalKind, frozenset[str]]
    night_from: int
    night_until: int


def read_limits(body: str) -> Limits:
    """Read the definition `look_signals`. Raises ValueError for an unknown role, a missing kind or wrong hours."""
    table = tomllib.loads(body)
    least, not_asked = {}, {}
    for kind in SignalKind:
        part = table.get(kind.value)
        if part is None and kind in LATER:
            least[kind], not_asked[kind] = 1, frozenset(ROLES)  # nobody was asked about it yet
            continue
        if part is None:
            raise ValueError(f"The definition of looks lacks {kind.value}")
        least[kind] = int(part.get("files", part.get("looks", 0)))
        not_asked[kind] = frozenset(part.get("not_asked", ()))
        if least[kind] < 1 or not_asked[kind] - set(ROLES):
            raise ValueError(f"The definition of looks says of {kind.value} what cannot be read")
    night = table[SignalKind.OUT_OF_HOURS.value]
    if not 0 <= night["night_until"] < night["night_from"] <= 24:
        raise ValueError("The night must begin in the evening and end in the morning")
    return Limits(least, not_asked, night["night_from"], night["night_until"])


def is_out_of_hours(at: datetime, limits: Limits) -> bool:
    """Whether London's clocks stand in the night or at a weekend."""
    local = in_london(at)
    return local.weekday() > 4 or local.hour >= limits.night_from or local.hour < limits.night_until


def signals_of(looks: Iterable[Look], searches: Iterable[NameSearch], *, known: Known, limits: Limits) -> list[Signal]:
    """Every signal that a week's looks and searches give, in the order of kinds and people."""
    found: list[Signal] = []
    for user_id, theirs in _by_person(looks).items():
        found += _same_name(user_id, theirs, known, limits)
        found += _same_home(user_id, theirs, known, limits)
        found += _at_night(theirs, limits)
        found += _question(SignalKind.MANY_IN_AN_HOUR, _asked(theirs, SignalKind.MANY_IN_AN_HOUR, limits), limits)
        found += _outside_caseload(theirs, known, limits)
    for own in _by_person(searches).values():
        found += _question(SignalKind.OWN_NAME, own, limits)
    order = {kind: place for place, kind in enumerate(SignalKind)}
    return sorted(found, key=lambda signal: (order[signal.kind], signal.user_id, str(signal.child_id)))


def _by_person(deeds: Iterable[SomeDeed]) -> dict[int, list[SomeDeed]]:
    """What each person did, in the order of time."""
    found: dict[int, list[SomeDeed]] = defaultdict(list)
    for deed in sorted(deeds, key=lambda deed: (deed.at, deed.event_id)):
        found[deed.user_id].append(deed)
    return found


def counted(kind: SignalKind, deeds: Sequence[Deed], *, least: int) -> Counted | None:
    """What a question of a kind says of some looks of one person, in the order of time; None where they are fewer than
    the least. Of files in an hour it tells the fullest hour.
    """
    told = _fullest_hour(deeds) if kind == SignalKind.MANY_IN_AN_HOUR else deeds
    count = len({deed.child_id for deed in told}) if kind in COUNT_FILES else len(told)
    return Counted(count, told[0].at, told[-1].at) if count >= least else None


def _question(
    kind: SignalKind, deeds: Sequence[Deed], limits: Limits, *, child_id: UUID | None = None
) -> Iterator[Signal]:
    found = counted(kind, deeds, least=limits.least[kind])
    if found is not None:
        yield Signal(kind, deeds[0].user_id, found, child_id, tuple(deed.event_id for deed in deeds))


def _asked(looks: list[Look], kind: SignalKind, limits: Limits) -> list[Look]:
    return [look for look in looks if look.role not in limits.not_asked[kind]]


def _same_name(user_id: int, looks: list[Look], known: Known, limits: Limits) -> Iterator[Signal]:
    names = known.names_of_people.get(user_id, frozenset())
    alike = {child for child, found in known.names_on_files.items() if are_of_one_family(names, found)}
    return _of_files(SignalKind.SAME_NAME, looks, alike, limits)


def _same_home(user_id: int, looks: list[Look], known: Known, limits: Limits) -> Iterator[Signal]:
    near = {child for person, child in known.same_home if person == user_id}
    return _of_files(SignalKind.SAME_HOME, looks, near, limits)


def _of_files(kind: SignalKind, looks: list[Look], files: Set[UUID], limits: Limits) -> Iterator[Signal]:
    """A signal for each of some files that was opened often enough."""
    by_file: dict[UUID, list[Look]] = defaultdict(list)
    for look in _asked(looks, kind, limits):
        if look.child_id in files:
            by_file[look.child_id].append(look)
    for child_id, theirs in by_file.items():
        yield from _question(kind, theirs, limits, child_id=child_id)


def _at_night(looks: list[Look], limits: Limits) -> Iterator[Signal]:
    asked = _asked(looks, SignalKind.OUT_OF_HOURS, limits)
    return _question(SignalKind.OUT_OF_HOURS, [look for look in asked if is_out_of_hours(look.at, limits)], limits)


def _fullest_hour(deeds: Sequence[Deed]) -> Sequence[Deed]:
    """The looks of the first hour with the most distinct files."""
    within: Counter[UUID | None] = Counter()
    most, start, span = 0, 0, (0, 0)
    for end, deed in enumerate(deeds, start=1):
        within[deed.child_id] += 1
        while deed.at - deeds[start].at >= HOUR:
            within[deeds[start].child_id] -= 1
            if not within[deeds[start].child_id]:
                del within[deeds[start].child_id]
            start += 1
        if len(within) > most:
            most, span = len(within), (start, end)
    return deeds[span[0] : span[1]]


def is_at_work(spans: Iterable[Span], *, at: datetime) -> bool:
    """Whether somebody works with a child at an instant, or did until shortly before."""
    return any(start <= at and (end is None or at < end + AFTERWARDS) for start, end in spans)


def _outside_caseload(looks: list[Look], known: Known, limits: Limits) -> Iterator[Signal]:
    asked = _asked(looks, SignalKind.OUTSIDE_CASELOAD, limits)
    outside = [
        look for look in asked if not is_at_work(known.caseload.get((look.user_id, look.child_id), ()), at=look.at)
    ]
    return _question(SignalKind.OUTSIDE_CASELOAD, outside, limits)


def check_verdict(*, signal_user_id: int, decided: bool, by_user_id: int) -> None:
    """Whether somebody may say what came of a signal: never of their own, and once. Raises VerdictRefused."""
    if by_user_id == signal_user_id:
        raise VerdictRefused("This is about your own looks. Another guardian decides.", code="own_deed")
    if decided:
        raise VerdictRefused("Somebody has decided this already.")

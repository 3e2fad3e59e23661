"""Which looks of a week are worth a data guardian's question: pure, over plain rows.

Source: the kinds of insider looking that were prosecuted, as the design's threat table lists them; the figures stand in
the definition `look_signals`, which the partnership sets.
"""

from __future__ import annotations

import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from accounts.rules.dates import in_london
from accounts.rules.refusals import Refusal
from accounts.rules.roles import ROLES
from cases.record.rules.names import joined, without_particles, words_of
from cases.sharing.choices import SignalKind

HOUR = timedelta(hours=1)
# Work that has ended is finished and handed on; and somebody reads a file before they write on it.
AFTERWARDS, BEFORE_WRITING = timedelta(days=28), timedelta(days=1)
# From when until when somebody worked with a child; no end where they still do.
Span = tuple[datetime, datetime | None]
# Kinds that the first version did not have.
LATER = frozenset({SignalKind.SAME_HOME})


class VerdictRefused(Refusal):
    """A verdict on a signal that is one's own, or that has one already."""


@dataclass(frozen=True)
class Look:
    """One person opened one file, at an instant, in a role."""

    user_id: int
    role: str
    child_id: UUID
    at: datetime


@dataclass(frozen=True)
class NameSearch:
    """One person searched for their own family name."""

    user_id: int
    at: datetime


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
class Signal:
    """A question about one person's looks; about one file where the kind is about one."""

    kind: SignalKind
    user_id: int
    count: int
    first_at: datetime
    last_at: datetime
    child_id: UUID | None = None


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


def family_names(name: str) -> frozenset[str]:
    """A family name as it is compared: whole, and each word of a double name; particles and accents are left aside."""
    words = without_particles(words_of(name))
    return frozenset({joined(words), *words}) - {""}


def is_out_of_hours(at: datetime, limits: Limits) -> bool:
    """Whether London's clocks stand in the night or at a weekend."""
    local = in_london(at)
    return local.weekday() > 4 or local.hour >= limits.night_from or local.hour < limits.night_until


def signals_of(looks: Iterable[Look], searches: Iterable[NameSearch], *, known: Known, limits: Limits) -> list[Signal]:
    """Every signal that a week's looks and searches give, in the order of kinds and people."""
    by_person: dict[int, list[Look]] = defaultdict(list)
    for look in looks:
        by_person[look.user_id].append(look)
    found: list[Signal] = []
    for user_id, theirs in by_person.items():
        theirs.sort(key=lambda look: look.at)
        found += _same_name(user_id, theirs, known, limits)
        found += _same_home(user_id, theirs, known, limits)
        found += _at_night(theirs, limits)
        found += _many_in_an_hour(theirs, limits)
        found += _outside_caseload(theirs, known, limits)
    found += _own_name(searches, limits)
    order = {kind: place for place, kind in enumerate(SignalKind)}
    return sorted(found, key=lambda signal: (order[signal.kind], signal.user_id, str(signal.child_id)))


def _asked(looks: list[Look], kind: SignalKind, limits: Limits) -> list[Look]:
    return [look for look in looks if look.role not in limits.not_asked[kind]]


def _signal(kind: SignalKind, looks: list[Look], count: int, child_id: UUID | None = None) -> Signal:
    return Signal(kind, looks[0].user_id, count, looks[0].at, looks[-1].at, child_id)


def _same_name(user_id: int, looks: list[Look], known: Known, limits: Limits) -> list[Signal]:
    names = known.names_of_people.get(user_id, frozenset())
    alike = {child for child, found in known.names_on_files.items() if names & found}
    return _of_files(SignalKind.SAME_NAME, looks, alike, limits)


def _same_home(user_id: int, looks: list[Look], known: Known, limits: Limits) -> list[Signal]:
    near = {child for person, child in known.same_home if person == user_id}
    return _of_files(SignalKind.SAME_HOME, looks, near, limits)


def _of_files(kind: SignalKind, looks: list[Look], files: Set[UUID], limits: Limits) -> list[Signal]:
    """A signal for each of some files that was opened often enough."""
    by_file: dict[UUID, list[Look]] = defaultdict(list)
    for look in _asked(looks, kind, limits):
        if look.child_id in files:
            by_file[look.child_id].append(look)
    return [
        _signal(kind, theirs, len(theirs), child_id)
        for child_id, theirs in by_file.items()
        if len(theirs) >= limits.least[kind]
    ]


def _at_night(looks: list[Look], limits: Limits) -> list[Signal]:
    asked = _asked(looks, SignalKind.OUT_OF_HOURS, limits)
    late = [look for look in asked if is_out_of_hours(look.at, limits)]
    if len(late) < limits.least[SignalKind.OUT_OF_HOURS]:
        return []
    return [_signal(SignalKind.OUT_OF_HOURS, late, len(late))]


def _many_in_an_hour(looks: list[Look], limits: Limits) -> list[Signal]:
    """The fullest hour, where it holds enough distinct files."""
    asked = _asked(looks, SignalKind.MANY_IN_AN_HOUR, limits)
    within: Counter[UUID] = Counter()
    most, start, span = 0, 0, (0, 0)
    for end, look in enumerate(asked):
        within[look.child_id] += 1
        while look.at - asked[start].at >= HOUR:
            within[asked[start].child_id] -= 1
            if not within[asked[start].child_id]:
                del within[asked[start].child_id]
            start += 1
        if len(within) > most:
            most, span = len(within), (start, end)
    if most < limits.least[SignalKind.MANY_IN_AN_HOUR]:
        return []
    return [_signal(SignalKind.MANY_IN_AN_HOUR, asked[span[0] : span[1] + 1], most)]


def is_at_work(spans: Iterable[Span], *, at: datetime) -> bool:
    """Whether somebody works with a child at an instant, or did until shortly before."""
    return any(start <= at and (end is None or at < end + AFTERWARDS) for start, end in spans)


def _outside_caseload(looks: list[Look], known: Known, limits: Limits) -> list[Signal]:
    asked = _asked(looks, SignalKind.OUTSIDE_CASELOAD, limits)
    outside = [
        look for look in asked if not is_at_work(known.caseload.get((look.user_id, look.child_id), ()), at=look.at)
    ]
    files = {look.child_id for look in outside}
    if len(files) < limits.least[SignalKind.OUTSIDE_CASELOAD]:
        return []
    return [_signal(SignalKind.OUTSIDE_CASELOAD, outside, len(files))]


def _own_name(searches: Iterable[NameSearch], limits: Limits) -> list[Signal]:
    by_person: dict[int, list[datetime]] = defaultdict(list)
    for search in searches:
        by_person[search.user_id].append(search.at)
    least = limits.least[SignalKind.OWN_NAME]
    return [
        Signal(SignalKind.OWN_NAME, user_id, len(times), min(times), max(times))
        for user_id, times in by_person.items()
        if len(times) >= least
    ]


def check_verdict(*, signal_user_id: int, decided: bool, by_user_id: int) -> None:
    """Whether somebody may say what came of a signal: never of their own, and once. Raises VerdictRefused."""
    if by_user_id == signal_user_id:
        raise VerdictRefused("This is about your own looks. Another guardian decides.", code="own_deed")
    if decided:
        raise VerdictRefused("Somebody has decided this already.")

"""How far a meeting has come, in words, and which of its items a page shows at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from panels.choices import ItemState
from panels.rules import PanelRefused

SHORTEST_DEFERRAL = 5
# So many items that nobody has talked about stand open on the page of a meeting; the others are folded.
SHOWN_TO_DISCUSS = 10
Row = TypeVar("Row")


@dataclass(frozen=True)
class Split(Generic[Row]):
    """The items of a meeting for its page: what comes next, what is decided, and what is folded away."""

    to_discuss: list[Row]
    more_to_discuss: list[Row]
    decided: list[Row]
    carried_over: list[Row]


def progress_words(states: Iterable[str], *, closed: bool) -> str:
    """How many of a meeting's items are decided, and after the close what becomes of the others."""
    count = Counter(states)
    total = sum(count.values())
    if not total:
        return ""
    decided = count[ItemState.DECIDED]
    if not closed:
        return f"{decided} of {total} decided"
    parts = [f"{decided or 'None'} decided"]
    if count[ItemState.DEFERRED]:
        parts.append(f"{count[ItemState.DEFERRED]} carried over to the next meeting")
    if count[ItemState.LISTED]:
        parts.append(f"{count[ItemState.LISTED]} still to be decided")
    return ", ".join(parts)


def split_by_state(pairs: Sequence[tuple[str, Row]]) -> Split[Row]:
    """Rows with their states, kept in order: a few to discuss, the rest of these, the decided, the carried over."""
    listed = [row for state, row in pairs if state == ItemState.LISTED]
    return Split(
        to_discuss=listed[:SHOWN_TO_DISCUSS],
        more_to_discuss=listed[SHOWN_TO_DISCUSS:],
        decided=[row for state, row in pairs if state == ItemState.DECIDED],
        carried_over=[row for state, row in pairs if state == ItemState.DEFERRED],
    )


def why_deferred(*, own: str, for_all: str, field: str) -> str:
    """Why one child is carried over: its own reason where it has one, else that for all. Refused without either.

    `field` is where the child's own reason was asked for.
    """
    own, for_all = own.strip(), for_all.strip()
    if own and len(own) < SHORTEST_DEFERRAL:
        raise PanelRefused("Say in a few words why this child is carried over.", field=field)
    if not own and len(for_all) < SHORTEST_DEFERRAL:
        raise PanelRefused("Say why these children are carried over, or go back and decide.", field="why")
    return own or for_all

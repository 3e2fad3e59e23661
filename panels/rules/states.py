"""The states of a meeting, of an item on its agenda and of an action, and what leads from one to another.

The tables are the rule. `diagram()` draws them for the documentation, and a test compares the two.
"""

from collections.abc import Mapping
from typing import NamedTuple

from panels.choices import ActionStatus, ItemState, MeetingState
from panels.rules import PanelRefused


class Step(NamedTuple):
    """One arrow: what somebody does, and the state it leads to."""

    verb: str
    to: str


MEETING: Mapping[str, tuple[Step, ...]] = {
    MeetingState.PLANNED: (Step("publish the agenda", MeetingState.PUBLISHED),),
    MeetingState.PUBLISHED: (Step("open", MeetingState.OPEN),),
    MeetingState.OPEN: (Step("close", MeetingState.CLOSED),),
    MeetingState.CLOSED: (),
}
ITEM: Mapping[str, tuple[Step, ...]] = {
    ItemState.LISTED: (
        Step("decide", ItemState.DECIDED),
        Step("defer", ItemState.DEFERRED),
        Step("take off", ItemState.REMOVED),
    ),
    ItemState.DECIDED: (Step("decide", ItemState.DECIDED),),
    ItemState.DEFERRED: (Step("decide", ItemState.DECIDED), Step("defer", ItemState.DEFERRED)),
    ItemState.REMOVED: (Step("list", ItemState.LISTED),),
}
ACTION: Mapping[str, tuple[Step, ...]] = {
    ActionStatus.OPEN: (
        Step("start", ActionStatus.IN_PROGRESS),
        Step("finish", ActionStatus.DONE),
        Step("give up", ActionStatus.NOT_ACHIEVED),
        Step("withdraw", ActionStatus.WITHDRAWN),
    ),
    ActionStatus.IN_PROGRESS: (
        Step("write on", ActionStatus.IN_PROGRESS),
        Step("finish", ActionStatus.DONE),
        Step("give up", ActionStatus.NOT_ACHIEVED),
        Step("withdraw", ActionStatus.WITHDRAWN),
    ),
    ActionStatus.DONE: (),
    ActionStatus.NOT_ACHIEVED: (),
    ActionStatus.WITHDRAWN: (),
}
RUNNING = (ActionStatus.OPEN, ActionStatus.IN_PROGRESS)
# What the owner may say of an action; only the chair and the co-ordinator withdraw one.
OWNERS_STEPS = (ActionStatus.IN_PROGRESS, ActionStatus.DONE, ActionStatus.NOT_ACHIEVED)

_SAID: Mapping[str, str] = {
    MeetingState.PLANNED: "The agenda of this meeting has not been published yet.",
    MeetingState.PUBLISHED: "The agenda is published, and the meeting is not open yet.",
    MeetingState.OPEN: "This meeting is open already.",
    MeetingState.CLOSED: "This meeting is closed.",
    ItemState.DECIDED: "A decision on this item is recorded already.",
    ItemState.DEFERRED: "This item has been deferred already.",
    ItemState.REMOVED: "This item has been taken off the agenda.",
    ItemState.LISTED: "This item is on the agenda already.",
    ActionStatus.DONE: "This action is done already.",
    ActionStatus.NOT_ACHIEVED: "This action was closed as not achieved.",
    ActionStatus.WITHDRAWN: "This action has been withdrawn.",
    ActionStatus.OPEN: "This action has not been started.",
    ActionStatus.IN_PROGRESS: "This action is in progress.",
}


def may_move(table: Mapping[str, tuple[Step, ...]], state: str, to: str) -> bool:
    """Whether a table leads from one state to another."""
    return any(step.to == to for step in table[state])


def check_move(table: Mapping[str, tuple[Step, ...]], state: str, to: str) -> None:
    """Refuse a step that the table does not have, saying how things stand."""
    if not may_move(table, state, to):
        raise PanelRefused(_SAID[state])


def diagram() -> str:
    """The three tables as the page `docs/states/panels.md`."""
    parts = [
        "# States of meetings, agenda items and actions",
        "",
        "Drawn from `panels/rules/states.py` by `panels.rules.states.diagram()`; a test compares the two.",
    ]
    titles = (("Meeting", MEETING), ("Agenda item", ITEM), ("Action", ACTION))
    for title, table in titles:
        parts += ["", f"## {title}", "", "```mermaid", "stateDiagram-v2", f"    [*] --> {next(iter(table)).value}"]  # type: ignore[attr-defined]
        for state, steps in table.items():
            parts += [f"    {state.value} --> {step.to.value}: {step.verb}" for step in steps]  # type: ignore[attr-defined]
            if not steps:
                parts.append(f"    {state.value} --> [*]")  # type: ignore[attr-defined]
        parts.append("```")
    return "\n".join(parts) + "\n"

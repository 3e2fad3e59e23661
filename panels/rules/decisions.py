"""What a decision and an action must have before they stand, and when a panel looks again.

Source: domain report D5 (decisions, what closing needs), D6 (how often), D7 (actions).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from accounts.rules.roles import Capability
from accounts.rules.viewers import Viewer
from cases.record.choices import HarmStatus, RiskLevel
from panels.choices import ActionStatus, ClosingCheck, DecisionCode
from panels.rules import PanelRefused
from panels.rules.states import OWNERS_STEPS

SHORTEST_RATIONALE = 10
SHORTEST_NOTE = 10
REASSESSED_WITHIN = timedelta(days=28)
LONGEST_REVIEW = timedelta(days=366)
LONGEST_ACTION = timedelta(days=366)
# High four weeks, medium six, low twelve; somebody who is being exploited is reviewed as at high.
REVIEW_AFTER: Mapping[str, timedelta] = {
    RiskLevel.HIGH: timedelta(weeks=4),
    RiskLevel.MEDIUM: timedelta(weeks=6),
    RiskLevel.LOW: timedelta(weeks=12),
}
# The panel does not come back to these by itself.
ENDS_REVIEW = frozenset(
    {
        DecisionCode.CLOSE,
        DecisionCode.DECLINE_ADVICE,
        DecisionCode.ACCEPT_INFORMATION,
        DecisionCode.TRANSFER,
        DecisionCode.EARLY_HELP,
    }
)
# After these the panel does less for a child than before.
DOES_LESS = frozenset({DecisionCode.STEP_DOWN, DecisionCode.CLOSE, DecisionCode.DECLINE_ADVICE})


@dataclass(frozen=True)
class ClosingFacts:
    """What the file says when a panel wants to close a child's case."""

    assessed_on: date | None
    running_actions: int
    has_lead: bool


def review_on(*, level: str, harm_status: str, on: date) -> date:
    """The day that is offered for the panel's next look at a child."""
    if harm_status == HarmStatus.KNOWN:
        level = RiskLevel.HIGH
    return on + REVIEW_AFTER.get(level, REVIEW_AFTER[RiskLevel.HIGH])


def check_decision(
    *,
    code: str,
    rationale: str,
    next_review_on: date | None,
    confirmed: Collection[str],
    closing: ClosingFacts,
    on: date,
) -> None:
    """Refuse a decision without its reasons, without a next review where it needs one, or that closes too early."""
    if len(rationale.strip()) < SHORTEST_RATIONALE:
        raise PanelRefused("Say in a sentence why the panel decides this.", field="rationale")
    if next_review_on is None and code not in ENDS_REVIEW:
        raise PanelRefused("Give the day on which the panel looks at this again.", field="next_review_on")
    if next_review_on is not None and next_review_on <= on:
        raise PanelRefused("The next review must be after today.", field="next_review_on")
    if next_review_on is not None and next_review_on > on + LONGEST_REVIEW:
        raise PanelRefused("The next review must be within a year.", field="next_review_on")
    if code == DecisionCode.CLOSE:
        check_closing(closing, confirmed=confirmed, on=on)


def contradiction(*, code: str, level: str, level_after: str) -> str:
    """What speaks against a decision to do less for a child, in words for a second look; empty where nothing does."""
    if code not in DOES_LESS:
        return ""
    if level == RiskLevel.HIGH:
        return f"“{DecisionCode(code).label}”, although the level on the file is High"
    if level_after == RiskLevel.HIGH:
        return f"“{DecisionCode(code).label}”, although the panel's own view of the level is High"
    return ""


def check_closing(facts: ClosingFacts, *, confirmed: Collection[str], on: date) -> None:
    """Refuse to close a child's case at the panel before everything is there that closing needs."""
    if facts.assessed_on is None or on - facts.assessed_on > REASSESSED_WITHIN:
        raise PanelRefused("Closing needs a risk assessment of the last 28 days. Ask for one first.", field="code")
    if facts.running_actions:
        raise PanelRefused("Closing needs every action done or withdrawn. Some are still running.", field="code")
    if not facts.has_lead:
        raise PanelRefused("Closing needs a named lead who stays with the child.", field="code")
    if not set(ClosingCheck.values) <= set(confirmed):
        raise PanelRefused("Confirm each of the three before you close.", field="confirmed")


def check_action(*, text: str, due_on: date | None, has_owner: bool, on: date) -> None:
    """Refuse an action that nobody owns, that has no day, or whose day has gone by."""
    if not text.strip():
        raise PanelRefused("Say what is to be done.", field="text")
    if not has_owner:
        raise PanelRefused("Choose who does it: a named person.", field="owner")
    if due_on is None:
        raise PanelRefused("Give the day by which it is done.", field="due_on")
    if due_on < on:
        raise PanelRefused("The day by which it is done must be today or later.", field="due_on")
    if due_on > on + LONGEST_ACTION:
        raise PanelRefused("The day by which it is done must be within a year.", field="due_on")


def check_owner_may_know(*, knows: bool) -> None:
    """Refuse an owner who may not know of the file: the action would tell them of it."""
    if not knows:
        raise PanelRefused("This person cannot be given an action on this file. Choose somebody else.", field="owner")


def check_step(*, to: str, note: str, owner: bool, office: bool) -> None:
    """Refuse a step on an action by who may not take it, or an end without its evidence or reason."""
    if to == ActionStatus.WITHDRAWN and not office:
        raise PanelRefused("Only the chair or the co-ordinator withdraws an action.", code="role_lacks")
    if to in OWNERS_STEPS and not owner and not office:
        raise PanelRefused("Only the person who owns this action can say how it stands.", code="not_theirs")
    if to != ActionStatus.IN_PROGRESS and len(note.strip()) < SHORTEST_NOTE:
        words = "Say what was done, and how we know." if to == ActionStatus.DONE else "Say why in a sentence."
        raise PanelRefused(words, field="note")


def check_verification(*, status: str, verified: bool, owner: bool) -> None:
    """Refuse to verify what is not done, is verified already, or is one's own."""
    if status != ActionStatus.DONE or verified:
        raise PanelRefused("This action is not waiting to be verified.")
    if owner:
        raise PanelRefused("Somebody else must verify an action of your own.", code="own_deed")


def runs_meetings(viewer: Viewer, *, deputises: bool) -> bool:
    """Whether somebody opens and closes a meeting: the chair, or who sits on the chair's seat as a deputy."""
    return viewer.may(Capability.CHAIR_PANEL) or deputises


def keeps_panel(viewer: Viewer) -> bool:
    """Whether somebody keeps the panel's lists and records: the chair and the co-ordinator."""
    return viewer.may(Capability.PREPARE_PANEL)

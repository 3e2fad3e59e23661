"""Why somebody sees what they see of a file, and why not the rest: the reasons of the access rule, in plain words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from accounts.rules.dates import day, moment
from accounts.rules.roles import ROLES
from cases.access.choices import CATEGORY_BITS, Category, GrantReason
from cases.access.models import AccessGrant
from cases.access.rules import REASONS, Action, Opening, decide, opening_of
from cases.presenters.looking import my_grant
from cases.record.services import OpenFile

Cell = dict[str, Any]
SEEN_COLUMNS = [{"text": text} for text in ("What you see", "Of what", "Why", "Since", "Until")]
DEED_COLUMNS = [{"text": text} for text in ("What", "You may", "Why")]
# What is seen of a kind, and why so much.
SEEN: dict[Opening, tuple[str, str]] = {
    Opening.IN_FULL: ("All of it", "{role}: your role reads it in full"),
    Opening.IN_SUMMARY: ("A summary: a fixed list of facts", "{role}: your role reads its summary"),
    Opening.OWN_SERVICE: ("What your own service wrote", "{role}: your role reads its own service’s entries"),
    Opening.EXISTS: ("Only whether there is something", "{role}: your role knows of it, and asks for more"),
    Opening.PANEL_RUNS: ("All of it, for a time", "A panel has the child listed"),
    Opening.INSTRUCTIONS: ("What you must do, where you are told", "{role}: your role reads instructions only"),
}
UNSEEN: dict[Opening, str] = {
    Opening.PANEL_WAITS: "Your role reads this while a panel has the child listed, and at no other time:",
    Opening.LEFT_OUT: "What was opened to you leaves this out:",
    Opening.NOT_THE_ROLES: "Your role reads this on no file, whatever it holds:",
    Opening.TOTALS: "Your role reads totals of this, on no file:",
}
DEEDS: dict[Action, str] = {
    Action.ADD_ENTRY: "Write in the file",
    Action.ASSESS_RISK: "Assess the risk",
    Action.JUDGE_LEVEL: "Judge the level",
    Action.APPROVE_LEVEL: "Approve a level",
    Action.CHANGE_INVOLVEMENT: "Change who works with the child",
    Action.REPORT_MISSING: "Report the child missing",
    Action.ALLOCATE_INTERVIEW: "Name who holds a return interview",
    Action.RECORD_INTERVIEW: "Hold a return interview",
    Action.LIST_FOR_PANEL: "List the child for the panel",
    Action.SEE_SHARING: "See what was shared with whom, and what was not",
    Action.SHARE: "Share something of the file, or decide not to",
    Action.END_SHARE: "End a share, and answer who asks for one",
    Action.ASSESS_BREACH: "Assess what went to the wrong people",
    Action.SEE_WHO_LOOKED: "See who looked",
    Action.RESTRICT: "Restrict the file, or keep somebody from it",
}


def grants_that_count(opened: OpenFile, grants: Iterable[AccessGrant]) -> list[AccessGrant]:
    """Of the live grants on a file those that reach this viewer; on a restricted file those alone that name them."""
    viewer = opened.viewer
    return [
        grant
        for grant in grants
        if (grant.group_id in viewer.group_ids or grant.membership_id == viewer.membership_id)
        and (grant.reason == GrantReason.NAMED or not opened.facts.restricted)
    ]


def reasons(opened: OpenFile, grants: Iterable[AccessGrant]) -> dict[str, Any]:
    """Why the file is open to this viewer at all: the rule's reason, and each grant that reaches them."""
    decision = decide(opened.viewer, Action.VIEW_FILE, opened.facts, opened.matrix)
    return {"reason": REASONS[decision.reason_code], "whys": [my_grant(grant) for grant in grants]}


def seen_rows(opened: OpenFile, grants: list[AccessGrant]) -> list[list[Cell]]:
    """How much the viewer sees of which kinds of information, with why, since when and until when; most first."""
    role = ROLES[opened.viewer.role_key].name
    found: dict[tuple[Opening, str, str], list[str]] = {}
    for category in Category:
        opening = opening_of(opened.viewer, category, opened.facts, opened.matrix)
        if opening in SEEN:
            since, until = _times(_behind(category, opening, grants))
            found.setdefault((opening, since, until), []).append(category.label)
    order = list(SEEN)
    return [
        [
            {"text": SEEN[opening][0]},
            {"text": ", ".join(kinds).capitalize()},
            {"text": SEEN[opening][1].format(role=role)},
            {"text": since},
            {"text": until},
        ]
        for (opening, since, until), kinds in sorted(found.items(), key=lambda item: order.index(item[0][0]))
    ]


def _behind(category: str, opening: Opening, grants: Iterable[AccessGrant]) -> list[AccessGrant]:
    wanted = [grant for grant in grants if grant.category_mask & CATEGORY_BITS[category]]
    if opening == Opening.PANEL_RUNS:
        wanted = [grant for grant in wanted if grant.reason == GrantReason.PANEL]
    return wanted


def _times(grants: list[AccessGrant]) -> tuple[str, str]:
    ends = [grant.valid_until for grant in grants]
    until = "No day is set" if None in ends else moment(max(end for end in ends if end is not None))
    return day(min(grant.valid_from for grant in grants)), until


def unseen_lines(opened: OpenFile) -> list[dict[str, str]]:
    """The kinds of which the viewer sees nothing, gathered by why. It says nothing of what there is on this file."""
    found: dict[Opening, list[str]] = {}
    for category in Category:
        opening = opening_of(opened.viewer, category, opened.facts, opened.matrix)
        if opening in UNSEEN:
            found.setdefault(opening, []).append(category.label)
    return [{"why": words, "kinds": ", ".join(found[key])} for key, words in UNSEEN.items() if key in found]


def deed_rows(opened: OpenFile) -> list[list[Cell]]:
    """What the viewer may do here, each with the rule's reason where not."""
    rows = []
    for action, words in DEEDS.items():
        decision = decide(opened.viewer, action, opened.facts, opened.matrix)
        may: Cell = {"text": "Yes", "tone": "good"} if decision.allowed else {"text": "No"}
        rows.append([{"text": words}, may, {"text": "" if decision.allowed else decision.text}])
    return rows


def whom_to_ask(opened: OpenFile) -> str:
    """Who answers a question about more access."""
    lead = opened.lead
    if lead is None or lead.membership is None:
        return "Nobody leads on this file yet. Ask the notification point."
    if lead.membership_id == opened.viewer.membership_id:
        return "You lead on this file. Ask your manager or the data guardian."
    telephone = lead.membership.user.telephone or lead.working_agency.telephone
    return f"Ask {lead.membership.user}, {lead.working_agency}, who leads{f', on {telephone}' if telephone else ''}."

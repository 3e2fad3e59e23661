"""What the summary of each category names, and what is told beside it: the matrix's own document read into fields.

From `access_matrix.md`, beside the csv, and the design; `docs/access_oracle.md` says how a sentence there was read. Not
from the product: where the two disagree, one of them is wrong.
"""

from __future__ import annotations

from cases.access.choices import Category
from tests.access.registers import Register

# Of a protected address all but the area is known to those alone who are on its own list.
ITS_OWN_LIST = Register("child_id", pages=("cases:address",))

# Who works with a child is told to everybody who may open that page: it is whom to ask (design, section 4).
WHO_WORKS = Register("child_id", pages=("cases:involvement",), surfaces=("file_page", "alerts", "api"))
# When a file was opened orders it in the lists of those who may know of it, until something happens that they are told.
OPENED = Register("child_id", pages=("cases:file",), surfaces=("worklist",))
TOLD_TO_ALL = {
    **dict.fromkeys([f"cases.Involvement.{name}" for name in ("role", "started_on", "ended_on")], WHO_WORKS),
    "cases.Child.opened_at": OPENED,
}
# Of a child's file itself: which cell a fact follows.
OF_THE_FILE = {
    "safe_contact": Category.CONTACT_ADDRESS,
    "level_judged_at": Category.LEVEL,
    "review_due_on": Category.LEVEL,
}

# Fields that the summary of a category names, beside the timeline's sentence, which is written to be shared in it.
SUMMARIES: dict[str, set[str]] = {
    Category.IDENTITY: {"cases.Child.preferred_name", "cases.SchoolPeriod.school"},
    Category.CONTACT_ADDRESS: {"cases.Child.safe_contact", "cases.Address.area"},
    # Level, date and next review; the date is when it was assessed, judged, approved or sent back: it counts, or not.
    Category.LEVEL: {
        "cases.Child.level_judged_at",
        "cases.Child.review_due_on",
        "risk.LevelJudgement.judged_at",
        "risk.LevelJudgement.approved_at",
        "risk.JudgementReturn.sent_back_at",
    },
    # Its level, told in the same way, and the protective factors.
    Category.ASSESSMENT: {
        "risk.RiskAssessment.protective_factors",
        "risk.RiskAssessment.assessed_at",
        "risk.RiskAssessment.review_due_on",
        "risk.JudgementReturn.sent_back_at",
    },
    # Start, end and place type.
    Category.MISSING: {
        f"missing.MissingEpisode.{name}" for name in ("last_seen_at", "returned_at", "closed_at", "place_kind")
    },
    # Held or not, when, and the points for partners with when they were written.
    Category.INTERVIEW: {
        "missing.InterviewFinding.partner_text",
        "missing.InterviewFinding.recorded_at",
        "missing.ReturnInterview.held_at",
        "missing.ReturnInterview.outcome",
    },
    # The decision: its code, when the child is talked about again, and what a review that is due says of it.
    Category.MINUTES: {
        "panels.AgendaItem.reasons",
        *(f"panels.PanelDecision.{name}" for name in ("code", "decided_at", "next_review_on")),
    },
    # That an agreement or an override exists, and its date.
    Category.SHARING: {f"cases.SharingDecision.{name}" for name in ("decided_at", "override_ground")},
}
# The summary of minutes has the actions of one's own agency.
OF_ONES_AGENCY = {f"panels.Action.{name}" for name in ("text", "due_on", "priority", "ended_at", "verified_at")}
OF_ONES_AGENCY |= {"panels.ActionStep.note", "panels.ActionStep.taken_at"}
# The summary of these is a number, a date or a list of facts: no sentence of the timeline is among it.
NO_SENTENCE = {
    Category.IDENTITY,
    Category.CONTACT_ADDRESS,
    Category.VULNERABILITY,
    Category.SESSIONS,
    Category.ORIENTATION,
    Category.INTELLIGENCE,
    Category.MINUTES,
}
# With the sentence stand its day and of what kind it is.
SENTENCE = {f"cases.ChronologyEntry.{name}" for name in ("summary", "happened_at", "kind")}
# What was shared with an agency tells it what for, and from when until when.
RECEIVED = {"cases:shared_with_us", "cases:share_received"}
TO_THE_RECEIVER = {f"cases.SharingDecision.{name}" for name in ("purpose", "decided_at", "ends_at")}
# Whoever must destroy what came in error reads when it came, and when it was withdrawn.
WITHDRAWN = {f"cases.SharingDecision.{name}" for name in ("decided_at", "ended_at")} | {"cases.SharingBreach.found_at"}
# A list says when something last happened, in what one may know that it is there (decision 0102).
MOVES_LISTS, KNOWN_OF = "cases.ChronologyEntry.recorded_at", ("full", "summary", "existence")
# What the rule of the agenda says of a child comes from the decision and its review; an agency that lists a child says
# why in its own words, which are for minutes in full.
LISTED = "panels.AgendaItem.reasons (listed)"

"""What triage may decide, for which reasons, in what words, in what order and by when.

Source: the partnership's single notification point (domain report A1, D2): every notification gets a decision with a
coded reason the same day, and its referrer is told, in words that never say whether the child was known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from accounts.choices import Sector
from accounts.rules.refusals import Refusal, Stale
from accounts.rules.roles import Capability
from accounts.rules.viewers import Viewer
from cases.record.choices import HarmStatus, RiskLevel
from cases.record.rules.leading import LEAD_ROLES
from cases.sharing.choices import OverrideGround
from cases.sharing.rules.shares import WORDS_AT_LEAST
from cases.sharing.rules.wording import is_shorter
from referrals.choices import NotificationStatus, TriageOutcome, TriageReason

SHORTEST_RATIONALE = 10
# How long the out-of-hours team reads the file of an urgent notification. After that whoever leads is asked, or an
# emergency opens it.
OUT_OF_HOURS_SEES_FOR = timedelta(days=28)
ACCEPTED = (TriageOutcome.ACCEPT_NEW, TriageOutcome.ACCEPT_JOINED)
# A lead must be named: somebody has this child from the minute the decision is made.
NEEDS_LEAD = frozenset({*ACCEPTED, TriageOutcome.SOCIAL_CARE})
MAY_HAVE_LEAD = NEEDS_LEAD | {TriageOutcome.EARLY_HELP}
# The social care outcome is led by social care, early help by early help.
LEAD_SECTOR: Mapping[str, str] = {
    TriageOutcome.SOCIAL_CARE: Sector.SOCIAL_CARE,
    TriageOutcome.EARLY_HELP: Sector.EARLY_HELP,
}
SUGGESTED_SECTORS = (Sector.SOCIAL_CARE, Sector.POLICE, Sector.SPECIALIST)
# A referrer under this role sees what became of the notification, and no file.
REFERS_ONLY = "notification_only"

# What a triage worker chooses from; `SAME_CHILD` is a guardian's alone.
_RISK = (
    TriageReason.INDICATORS_PRESENT,
    TriageReason.EXPLOITATION_KNOWN,
    TriageReason.REPEAT_MISSING,
    TriageReason.MULTI_AGENCY_CONCERN,
    TriageReason.PLACED_IN,
    TriageReason.UNDER_13,
)
REASONS_FOR: Mapping[str, tuple[TriageReason, ...]] = {
    TriageOutcome.ACCEPT_NEW: _RISK,
    TriageOutcome.ACCEPT_JOINED: (*_RISK, TriageReason.SAME_CHILD),
    TriageOutcome.EARLY_HELP: (TriageReason.VULNERABLE_ONLY, TriageReason.FAMILY_SUPPORT),
    TriageOutcome.SOCIAL_CARE: (
        TriageReason.SIGNIFICANT_HARM,
        TriageReason.UNDER_13,
        TriageReason.EXPLOITATION_KNOWN,
    ),
    TriageOutcome.INFORMATION_ONLY: (
        TriageReason.ALREADY_OPEN,
        TriageReason.ABOUT_SOMEBODY_ELSE,
        TriageReason.NOT_ENOUGH,
    ),
    TriageOutcome.DECLINE: (
        TriageReason.NOT_ENOUGH,
        TriageReason.OTHER_AREA,
        TriageReason.NOT_A_CHILD,
        TriageReason.ABOUT_SOMEBODY_ELSE,
    ),
}
_ACCEPTED_WORDS = (
    "Thank you for telling us. We have accepted your notification. A named worker will now work with the child and "
    "the agencies around them, and may ring you for more. Go on doing what you do for the child, write down what "
    "you see and hear, and tell us at once if anything changes. If the child is in danger, ring 999."
)
MESSAGES: Mapping[str, str] = {
    TriageOutcome.ACCEPT_NEW: _ACCEPTED_WORDS,
    TriageOutcome.ACCEPT_JOINED: _ACCEPTED_WORDS,
    TriageOutcome.EARLY_HELP: (
        "Thank you for telling us. We have asked early help to offer the child and the family support. This is not "
        "“no action”: stay in touch with the child, and tell us at once if you see signs of exploitation. If the "
        "child is in danger, ring 999."
    ),
    TriageOutcome.SOCIAL_CARE: (
        "Thank you for telling us. We have passed your notification to children's social care today, because the "
        "child may be suffering significant harm. A social worker may ring you for more. If the child is in danger, "
        "ring 999."
    ),
    TriageOutcome.INFORMATION_ONLY: (
        "Thank you for telling us. We have kept what you told us, so that it counts if more is heard. Nothing else "
        "is needed from you now. Tell us again if you see or hear more. If a child is in danger, ring 999."
    ),
    TriageOutcome.DECLINE: (
        "Thank you for telling us. We are not taking this further under the exploitation procedures. Talk to the "
        "safeguarding lead of your own agency about what the child needs now, and notify us again if you see or "
        "hear more. If you disagree with this decision, ring the notification point and ask for the manager. If a "
        "child is in danger, ring 999."
    ),
}


class TriageRefused(Refusal):
    """A decision cannot be made like this; `field` names what to look at again."""

    code = "triage_refused"


class AlreadyDecided(Stale):
    """Somebody else decided first."""

    code = "already_decided"


@dataclass(frozen=True)
class Proposal:
    """A decision as it is proposed: what the rule needs of it."""

    outcome: str
    reason: str
    rationale: str
    message: str
    has_joined_child: bool
    has_lead: bool
    harm_status: str = HarmStatus.NOT_KNOWN
    level: str = RiskLevel.NOT_ASSESSED
    danger: bool = False
    why_safe: str = ""
    lead_role: str = ""
    lead_sector: str = ""
    lead_stays: bool = False


@dataclass(frozen=True)
class AgainstWish:
    """Why social care or police come although the child does not want them told, and how that is explained to the
    child. Who decides authorises it.
    """

    ground: str = ""
    explained: str = ""


def check_against_wish(unwanted: Sequence[str], why: AgainstWish) -> None:
    """Refuse to bring in agencies, by name, whom the child does not want told, without a ground and without how it is
    explained to the child. Where there are none, nothing is asked.
    """
    lacks_words = is_shorter(why.explained, WORDS_AT_LEAST)
    lacking = {
        "ground": "" if why.ground in OverrideGround.values else "Select on what ground",
        "explained": "Say in a sentence how it was explained to the child, or when it will be" if lacks_words else "",
    }
    asked = [field for field, words in lacking.items() if words]
    if unwanted and asked:
        raise TriageRefused(
            f"The child has said that they do not want {' and '.join(unwanted)} told. What keeps a child safe reaches "
            f"them all the same, and the child hears why. {'. '.join(lacking[field] for field in asked)}",
            field=asked[0],
        )


def check_may_triage(viewer: Viewer) -> None:
    """Refuse a viewer whose role does not triage."""
    if not viewer.may(Capability.TRIAGE):
        raise TriageRefused(
            "Only the notification point and the out-of-hours team decide on notifications.", code="role_lacks"
        )


def check_waiting(*, status: str, stored_version: int, version: int) -> None:
    """Refuse a decision on a notification that changed since the page was opened. Raises Stale."""
    if status != NotificationStatus.SENT:
        raise AlreadyDecided("This notification has been decided since you opened the page.")
    if stored_version != version:
        raise Stale(
            "The referrer has completed the Risk Factor Matrix since you opened the page. Read the notification "
            "again before you decide."
        )


def check_proposal(proposal: Proposal) -> None:
    """Refuse a decision that does not hold together: reason and outcome, words, file and lead."""
    for fault in faults_of(proposal):
        raise fault


def faults_of(proposal: Proposal) -> list[TriageRefused]:
    """Everything that does not hold together in a decision, so that a page can say it all at once."""
    found = []
    for check in (_check_reason, _check_rationale, _check_second_look, _check_message, _check_file, _check_lead):
        try:
            check(proposal)
        except TriageRefused as fault:
            found.append(fault)
    return found


def _check_reason(proposal: Proposal) -> None:
    if proposal.reason not in REASONS_FOR[TriageOutcome(proposal.outcome)]:
        raise TriageRefused("Select a reason that goes with what you decide.", field="reason")


def _check_rationale(proposal: Proposal) -> None:
    if len(proposal.rationale.strip()) < SHORTEST_RATIONALE:
        raise TriageRefused("Say in a sentence or two why you decide this.", field="rationale")


def _check_message(proposal: Proposal) -> None:
    if not proposal.message.strip():
        raise TriageRefused("Write what the referrer is told.", field="message")


def _check_file(proposal: Proposal) -> None:
    if proposal.outcome == TriageOutcome.ACCEPT_JOINED and not proposal.has_joined_child:
        raise TriageRefused("Select the file that this notification belongs to.", field="joined_child")
    if proposal.outcome == TriageOutcome.ACCEPT_NEW and proposal.has_joined_child:
        raise TriageRefused("A new file cannot be joined to another.", field="joined_child")


def worrying(*, harm_status: str, level: str, danger: bool) -> bool:
    """Whether a notification may not be declined without a second look: harm suspected or known, danger, or high."""
    return danger or harm_status in (HarmStatus.SUSPECTED, HarmStatus.KNOWN) or level == RiskLevel.HIGH


def _check_second_look(proposal: Proposal) -> None:
    """A child about whom somebody fears the worst is not turned away in one press: why is it safe? (Report A1, B4.)"""
    wanted = proposal.outcome == TriageOutcome.DECLINE and worrying(
        harm_status=proposal.harm_status, level=proposal.level, danger=proposal.danger
    )
    if wanted and len(proposal.why_safe.strip()) < SHORTEST_RATIONALE:
        raise TriageRefused(
            "Look again before you decline: say what you checked, and why the child is safe without us.",
            field="why_safe",
        )
    if proposal.why_safe and not wanted:
        raise TriageRefused("Only a declined notification says why that is safe.", field="why_safe")


def tells_lead(outcome: str, *, lead_role: str, restricted: bool) -> bool:
    """Whether the referrer may read who leads, so that nothing tells a file that was there from a new one.

    Only of an acceptance, and only a lead who could have been named on a new file: a lead that a joined file has
    already may hold another job, and a restricted file's is for named people.
    """
    return outcome in ACCEPTED and lead_role in LEAD_ROLES and not restricted


def _check_lead(proposal: Proposal) -> None:
    if not proposal.has_lead:
        if proposal.outcome in NEEDS_LEAD:
            raise TriageRefused("Select the worker who leads. A child has one named lead from the start.", field="lead")
        return
    if proposal.outcome not in MAY_HAVE_LEAD:
        raise TriageRefused("Nobody leads where no casework starts. Leave the lead empty.", field="lead")
    if proposal.lead_stays:
        return
    if proposal.lead_role not in LEAD_ROLES:
        raise TriageRefused("Select a lead whose job it is to hold cases.", field="lead")
    wanted = LEAD_SECTOR.get(proposal.outcome)
    if wanted and proposal.lead_sector != wanted:
        who = "children's social care" if wanted == Sector.SOCIAL_CARE else "early help"
        raise TriageRefused(f"For this decision the lead must work in {who}.", field="lead")


def opens_file(outcome: str, *, has_lead: bool) -> bool:
    """Whether a decision opens a file, or a new spell on the joined one: whenever somebody is to lead."""
    return outcome in ACCEPTED or (outcome in MAY_HAVE_LEAD and has_lead)


def urgency(*, danger: bool, harm_status: str, level: str) -> int:
    """Where a notification stands in the queue, 0 first: danger, harm known, then the provisional level."""
    if danger:
        return 0
    if harm_status == HarmStatus.KNOWN:
        return 1
    order = (RiskLevel.HIGH, RiskLevel.MEDIUM, RiskLevel.NOT_ASSESSED, RiskLevel.LOW, RiskLevel.NONE_IDENTIFIED)
    return 2 + order.index(RiskLevel(level))

"""From a score to a level, and when a person's judgement needs another person's approval."""

from collections.abc import Collection, Mapping
from typing import Any

from accounts.rules.refusals import Refusal
from cases.record.choices import HarmStatus, RiskLevel
from risk.scoring import Answer, Tool
from risk.scoring import HarmStatus as ToolHarmStatus

LEVELS_BY_RANK = (RiskLevel.NONE_IDENTIFIED, RiskLevel.LOW, RiskLevel.MEDIUM, RiskLevel.HIGH)
JUDGED_LEVELS = (RiskLevel.LOW, RiskLevel.MEDIUM, RiskLevel.HIGH)
HARM_OF_TOOL = {
    ToolHarmStatus.VULNERABLE: HarmStatus.VULNERABLE,
    ToolHarmStatus.SUSPECTED: HarmStatus.SUSPECTED,
    ToolHarmStatus.EXPERIENCING: HarmStatus.KNOWN,
}
HARM_FOR_TOOL = {status: tool_status for tool_status, status in HARM_OF_TOOL.items()}
HARM_ORDER = (HarmStatus.NOT_KNOWN, HarmStatus.VULNERABLE, HarmStatus.SUSPECTED, HarmStatus.KNOWN)
SHORTEST_REASON = 20
# What a file can answer when a tool asks: a fact that is not here would silently switch a floor off.
KNOWN_FACTS = frozenset({"learning_disability"})


class JudgementRefused(Refusal):
    """A level cannot be judged or approved like this; the message says what to do."""

    code = "judgement_refused"


def level_for_rank(rank: int) -> RiskLevel:
    """The level on the common scale for a band's rank: 0 nothing ticked, 1 low, 2 medium, 3 high."""
    return LEVELS_BY_RANK[rank]


def rank_of(level: str) -> int:
    """Where a level stands on the common scale; not assessed stands below everything."""
    return LEVELS_BY_RANK.index(RiskLevel(level)) if level in LEVELS_BY_RANK else -1


def harm_from_tool(status: ToolHarmStatus | None) -> HarmStatus:
    """The file's harm status for the one a tool's result gives."""
    return HARM_OF_TOOL[status] if status is not None else HarmStatus.NOT_KNOWN


def harm_for_tool(status: str) -> ToolHarmStatus | None:
    """The tool's harm status for the file's; None while it is not known."""
    return HARM_FOR_TOOL.get(HarmStatus(status))


def worse_harm(one: str, other: str) -> HarmStatus:
    """The graver of two harm statuses: harm that is known does not become a suspicion again by a form."""
    return max(HarmStatus(one), HarmStatus(other), key=HARM_ORDER.index)


def held_level(level: str, *, judged: bool) -> str | None:
    """The level that somebody has judged on a file; a referrer's provisional score is none."""
    return level if judged else None


def asked_items(tool: Tool) -> frozenset[str]:
    """The questions of a tool that its score counts."""
    return frozenset(item.code for item in tool.items.values() if item.counts)


def check_answered(tool: Tool, answers: Collection[str]) -> None:
    """Refuse an assessment that answers none of the counted questions: its score would say that there is no risk."""
    if not asked_items(tool).intersection(answers):
        raise JudgementRefused("Answer at least one question. What nobody has asked about cannot lower a child’s risk.")


def answers_most(tool: Tool, answers: Collection[str]) -> bool:
    """Whether at least half of the counted questions were answered."""
    asked = asked_items(tool)
    return 2 * len(asked.intersection(answers)) >= len(asked)


def needs_approval(*, computed: str, judged: str, held: str | None = None, thorough: bool = True) -> bool:
    """Whether a judged level waits for a manager: where it is below the computed one (domain report B4), and where
    it lowers the level `held` on the file by an assessment that left out most of its questions."""
    below_held = held is not None and rank_of(judged) < rank_of(held)
    return rank_of(judged) < rank_of(computed) or (below_held and not thorough)


def check_judgement(*, computed: str, judged: str, reason: str, held: str | None = None) -> None:
    """Refuse a level that is not on the scale, or that differs from the computed one, or lowers the one that was
    judged before (`held`, None for none), without a reason."""
    if judged not in JUDGED_LEVELS and judged != computed:
        raise JudgementRefused("Choose low, medium or high.")
    if len(reason.strip()) >= SHORTEST_REASON:
        return
    if judged != computed:
        raise JudgementRefused("Your level differs from the computed one. Say why in a sentence or two.")
    if held is not None and rank_of(judged) < rank_of(held):
        raise JudgementRefused("This lowers the level that stands on the file. Say why in a sentence or two.")


def check_approval(*, needs: bool, approved: bool, sent_back: bool, judged_by: int, approver: int | None) -> None:
    """Refuse an approval that is not needed, was given already, comes after a sending back, or is one's own."""
    _check_waits(needs=needs, approved=approved, sent_back=sent_back)
    if judged_by == approver:
        raise JudgementRefused("Somebody else must approve a level that you judged.", code="own_deed")


def check_sending_back(
    *, needs: bool, approved: bool, sent_back: bool, judged_by: int, sender: int | None, reason: str
) -> None:
    """Refuse to send back a level that does not wait, or is one's own, or without saying what is missing."""
    _check_waits(needs=needs, approved=approved, sent_back=sent_back)
    if judged_by == sender:
        raise JudgementRefused("You judged this level yourself. Judge it anew instead.", code="own_deed")
    if len(reason.strip()) < SHORTEST_REASON:
        raise JudgementRefused("Say in a sentence or two what you do not agree with, or what is missing.")


def _check_waits(*, needs: bool, approved: bool, sent_back: bool) -> None:
    if sent_back:
        raise JudgementRefused("This level has been sent back. Whoever judged it judges it anew.")
    if not needs or approved:
        raise JudgementRefused("This level is not waiting for approval.")


def check_assessment_stands(*, corrected: bool, overtaken: bool) -> None:
    """Refuse to judge on an assessment that a newer one has corrected, or overtaken in what counts on the file."""
    if corrected:
        raise JudgementRefused("This assessment has been corrected. Judge the level on the newer one.")
    if overtaken:
        raise JudgementRefused("A level has been judged on a newer assessment. Judge the level on that one.")


def check_not_overtaken(*, overtaken: bool) -> None:
    """Refuse to approve a level after another one has come to count: the older must not overwrite the newer."""
    if overtaken:
        raise JudgementRefused("A newer level has been judged since. Look at the file again: this one is out of date.")


def hidden_items(tool: Tool, hidden: Collection[str]) -> frozenset[str]:
    """The items of a tool whose category, or kind of section, is among those that a reader may not see."""
    return frozenset(i.code for i in tool.items.values() if i.category in hidden or i.kind.value in hidden)


def may_count(tool: Tool, hidden: Collection[str]) -> bool:
    """Whether a score of this tool may count items that a reader may not see, whatever was answered."""
    return bool(asked_items(tool) & hidden_items(tool, hidden))


def may_raise(tool: Tool, hidden: Collection[str]) -> bool:
    """Whether an item that a reader may not see may raise a level of this tool by itself, whatever was answered."""
    unseen = [tool.items[code] for code in hidden_items(tool, hidden)]
    return any(
        item.code in rule.when.any_of or rule.when.any_flag in item.flags or rule.when.any_kind == item.kind
        for rule in (*tool.gates, *tool.floors)
        for item in unseen
    )


def answers_to_plain(answers: Mapping[str, Answer]) -> dict[str, Any]:
    """Answers as plain values, to be stored: item code to value, windows, parts and evidence."""
    return {
        code: {
            "value": answer.value,
            "windows": list(answer.windows),
            "parts": list(answer.parts),
            "evidence": answer.evidence,
        }
        for code, answer in answers.items()
    }


def answers_from_plain(stored: Mapping[str, Any]) -> dict[str, Answer]:
    """The answers that `answers_to_plain` stored."""
    return {
        code: Answer(row["value"], tuple(row["windows"]), tuple(row["parts"]), row["evidence"])
        for code, row in stored.items()
    }

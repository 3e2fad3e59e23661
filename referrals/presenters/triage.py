"""The queue, a notification beside the files it may belong to, and questions to the guardians, as pages show them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime
from functools import partial
from typing import Any

from django.urls import reverse
from django.utils import timezone

from accounts.rules.dates import age_in_years, ago, day, length, moment
from accounts.rules.viewers import Viewer
from cases.access.rules import Level, Matrix
from cases.access.selectors import matrix_in_force
from cases.presenters.beside import WISH, beside, levels_on
from cases.record.choices import HarmStatus, RiskLevel
from cases.record.models import Child
from cases.record.selectors.matching import Candidate, schools_of
from referrals.choices import ConcernKind, NotificationStatus, Told
from referrals.models import MatchQuestion, Notification, TriageDecision
from referrals.presenters.notify import fields_of, result_of, said_rows
from referrals.rules.triage import worrying
from referrals.selectors.clocks import is_late
from referrals.selectors.triage import QuestionShown, TriageSummary

LEVEL_WORDS = {
    RiskLevel.HIGH: "high",
    RiskLevel.MEDIUM: "medium",
    RiskLevel.LOW: "low",
    RiskLevel.NONE_IDENTIFIED: "none",
}
DECIDED_COLUMNS = [{"text": "Notification"}, {"text": "Decision"}, {"text": "By"}, {"text": "File"}]
QUESTION_COLUMNS = [{"text": "What came"}, {"text": "File"}, {"text": "What they share"}, {"text": "Waiting"}]


def headline(summary: TriageSummary, at: datetime) -> str:
    """The queue in a sentence."""
    if not summary.waiting:
        return "Nothing is waiting for a decision."
    words = [f"{summary.waiting} {'waits' if summary.waiting == 1 else 'wait'}"]
    if summary.urgent:
        words.append(f"{summary.urgent} urgent")
    if summary.late:
        words.append(f"{summary.late} late")
    since = f" The oldest has waited {length(at - summary.oldest_sent_at)}." if summary.oldest_sent_at else ""
    return f"{', '.join(words)}.{since}"


def queue_rows(notifications: Iterable[Notification], *, at: datetime) -> list[dict[str, Any]]:
    """What waits, one line each, finished text."""
    rows = []
    for notification in notifications:
        rows.append(
            {
                "href": reverse("referrals:triage_detail", args=[notification.reference]),
                "name": notification.name,
                "reference": notification.reference,
                "agency": notification.agency.name,
                "concerns": concern_words(notification),
                "danger": notification.immediate_danger,
                "urgent": bool(notification.urgent),
                "harm": notification.harm_status,
                "level": LEVEL_WORDS.get(RiskLevel(notification.computed_level), ""),
                "waited": length(at - notification.sent_at),
                "sent": moment(notification.sent_at),
                "late": is_late(notification, at=at),
            }
        )
    return rows


def decided_rows(notifications: Iterable[Notification]) -> list[list[dict[str, Any]]]:
    """What was decided, as a table."""
    return [
        [
            {
                "text": row.name,
                "href": reverse("referrals:triage_detail", args=[row.reference]),
                "hint": f"{row.reference}, {row.agency.name}",
            },
            {"text": row.decision.get_outcome_display(), "hint": row.decision.get_reason_display()},
            {"text": str(row.decision.decided_by.user), "hint": moment(row.decision.decided_at)},
            {"text": row.child.reference, "href": file_href(row.child)} if row.child else {"text": "No file"},
        ]
        for row in notifications
    ]


def concern_words(notification: Notification) -> str:
    """The kinds of concern, in words."""
    return ", ".join(ConcernKind(kind).label for kind in notification.concerns)


def file_href(child: Child) -> str:
    """Where a child's file opens."""
    return reverse("cases:file", args=[child.reference])


def detail(notification: Notification, *, address_kept: bool, at: datetime) -> dict[str, Any]:
    """Everything the referrer wrote, in blocks, with the provisional result explained.

    Triage needs the address to find out who the child is. Once it is decided, one that must be kept from somebody
    (`address_kept`) stands on the file alone, for the people on its list.
    """
    on_file = address_kept and notification.status == NotificationStatus.DECIDED
    rows = said_rows(fields_of(notification), today=timezone.localdate(notification.sent_at), on_file=on_file)
    referrer = notification.membership
    return {
        "reference": notification.reference,
        "name": notification.name,
        "danger": notification.immediate_danger,
        "danger_detail": notification.danger_detail,
        "police_called": notification.police_called,
        "keep_from_parents": notification.parents_told == Told.NO_UNSAFE,
        "keep_address": address_kept,
        "level": LEVEL_WORDS.get(RiskLevel(notification.computed_level), ""),
        "harm": notification.harm_status,
        "late": is_late(notification, at=at),
        "worry": {"title": "What worries the referrer", "rows": rows["concern"] + rows["danger"] + rows["words"]},
        "told": {"title": "Who knows", "rows": rows["told"]},
        "child": {"title": "The child", "rows": rows["child"] + rows["about"] + rows["home"] + rows["harm"]},
        "referrer": {
            "title": "The referrer",
            "rows": [
                {"key": "Name", "value": f"{referrer.user}, {referrer.get_role_display()}"},
                {"key": "Agency", "value": notification.agency.name},
                {"key": "Telephone", "value": notification.referrer_telephone},
                {"key": "Sent", "value": f"{moment(notification.sent_at)}, {ago(notification.sent_at, at)}"},
            ],
        },
        "result": result_of(notification),
    }


def worry_words(notification: Notification) -> str:
    """What stands against declining, in a sentence; empty where nothing does."""
    harm, level = notification.harm_status, notification.computed_level
    if not worrying(harm_status=harm, level=level, danger=notification.immediate_danger):
        return ""
    said = ["immediate danger"] if notification.immediate_danger else []
    if harm in (HarmStatus.SUSPECTED, HarmStatus.KNOWN):
        said.append(notification.get_harm_status_display().lower())
    if level == RiskLevel.HIGH:
        said.append("a high level, provisional")
    return f"The referrer reports: {'; '.join(said)}."


def decided_words(decision: TriageDecision) -> str:
    """What has just been decided, for the one who decided it. Names no child: a message may rest in a cookie."""
    notification = decision.notification
    words = [f"{notification.reference} is decided: {decision.get_outcome_display()}."]
    if notification.child is not None:
        words.append(f"File {notification.child.reference}.")
    if decision.lead is not None:
        words.append(f"{decision.lead.user} leads.")
    return " ".join([*words, "The referrer reads the decision and your message to them, and not why you decided it."])


def decision_rows(notification: Notification) -> list[dict[str, Any]]:
    """The decision that was made, for triage."""
    decision = notification.decision
    rows: list[dict[str, Any]] = [
        {"key": "Decision", "value": decision.get_outcome_display()},
        {"key": "Reason", "value": decision.get_reason_display()},
        {"key": "Why", "value": decision.rationale, "multiline": True},
        *([{"key": "Why it is safe", "value": decision.why_safe, "multiline": True}] if decision.why_safe else []),
        {"key": "Decided by", "value": f"{decision.decided_by.user}, {decision.decided_by.agency}"},
        {"key": "When", "value": moment(decision.decided_at)},
        {"key": "The referrer was told", "value": decision.message_to_referrer, "multiline": True},
    ]
    if decision.lead is not None:
        rows.insert(2, {"key": "Lead", "value": f"{decision.lead.user}, {decision.lead.agency}"})
    if notification.child is not None:
        file = {"key": "File", "value": notification.child.reference, "href": file_href(notification.child)}
        rows.append({**file, "action": "Open", "hidden": "the file"})
    return rows


def compared(
    notification: Notification, candidates: list[Candidate], *, viewer: Viewer, at: datetime
) -> dict[str, Any]:
    """A notification and the files it may belong to, side by side, as far as the viewer sees each category."""
    said = {
        "Name": notification.name,
        "Also called": notification.preferred_name,
        "Date of birth": _born(notification, timezone.localdate(notification.sent_at)),
        "School": notification.school,
        "Address": ", ".join(text for text in (notification.address_lines, notification.postcode) if text),
        "Level": "",
        "Lead": "",
        WISH: "",
    }
    unprinted = ("Address",) if notification.address_protected else ()
    return beside(said, candidates, viewer=viewer, at=at, title="Notification", unprinted=unprinted)


def _born(notification: Notification, today: Any) -> str:
    if notification.birth_date:
        return f"{day(notification.birth_date)} (age {age_in_years(notification.birth_date, today)})"
    return f"About {notification.age_if_unknown} years old" if notification.age_if_unknown is not None else ""


def question_rows(questions: Iterable[QuestionShown], *, at: datetime) -> list[list[dict[str, Any]]]:
    """Questions that wait for a guardian, as a table without a name."""
    return [
        [
            {
                "text": shown.question.about.reference,
                "href": reverse("referrals:triage_question", args=[shown.question.pk]),
                "hint": f"{_kind(shown.question)}, {shown.question.about.agency.name}",
            },
            {"text": shown.question.child.reference, "hint": "" if shown.child else "Open to named people only"},
            {"text": "; ".join(shown.reasons)},
            {"text": length(at - shown.question.asked_at)},
        ]
        for shown in questions
    ]


def question_detail(shown: QuestionShown, *, viewer: Viewer, at: datetime) -> dict[str, Any]:
    """One question: references and reasons, and of the child what a guardian's categories allow."""
    today = timezone.localdate(at)
    knows = partial(_knows, viewer=viewer, matrix=matrix_in_force(on=today))
    held = [{"key": "File", "value": shown.question.child.reference}]
    if shown.child is not None and knows(shown.child):
        age = age_in_years(shown.child.birth_date, today)
        school = schools_of([shown.child]).get(shown.child.pk, "")
        held += [
            {"key": "The child is called", "value": shown.child.called},
            {"key": "Age", "value": "" if age is None else str(age)},
            {"key": "School", "value": school},
        ]
    if shown.lead is not None and shown.lead.membership is not None:
        held.append({"key": "Lead, to ask", "value": f"{shown.lead.membership.user}, {shown.lead.membership.agency}"})
    notification = shown.question.notification
    return {
        "kind": _kind(shown.question),
        "said": _said(notification, today) if notification else _reported(shown, today, knows=knows),
        "held": held,
        "reasons": shown.reasons,
        "named_only": shown.child is None,
        "joins": notification is not None,
    }


def _kind(question: MatchQuestion) -> str:
    return "Notification" if question.notification_id else "Report of a missing child"


def _said(notification: Notification, today: date) -> list[dict[str, Any]]:
    return [
        {"key": "Notification", "value": notification.reference},
        {"key": "From", "value": notification.agency.name},
        {"key": "Sent", "value": moment(notification.sent_at)},
        {"key": "The child is called", "value": notification.preferred_name or notification.given_name},
        {"key": "Age", "value": _age(notification, today)},
        {"key": "School", "value": notification.school},
    ]


def _knows(child: Child, *, viewer: Viewer, matrix: Matrix) -> bool:
    return levels_on(child, viewer, matrix)["identity"] >= Level.SUMMARY


def _reported(shown: QuestionShown, today: date, *, knows: Callable[[Child], bool]) -> list[dict[str, Any]]:
    """A report as a guardian reads it: who the child is only where the file it went to tells them."""
    report = shown.question.report
    assert report is not None
    rows = [
        {"key": "Report", "value": report.reference},
        {"key": "From", "value": report.agency.name},
        {"key": "Sent", "value": moment(report.recorded_at)},
        {"key": "It stands on the file", "value": report.child.reference},
    ]
    if shown.reported is not None and knows(shown.reported):
        born = date.fromisoformat(report.said["birth_date"]) if report.said.get("birth_date") else None
        age = age_in_years(born, today)
        rows += [
            {"key": "The child is called", "value": report.said.get("given_name") or report.said.get("family_name")},
            {"key": "Age", "value": "" if age is None else str(age)},
        ]
    return rows


def _age(notification: Notification, today: Any) -> str:
    age = age_in_years(notification.birth_date, today)
    age = notification.age_if_unknown if age is None else age
    return "" if age is None else str(age)

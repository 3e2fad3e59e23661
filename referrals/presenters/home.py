"""What the home page says of notifications: to those who decide, to those who refer, and to the guardians."""

from datetime import datetime, timedelta
from typing import Any

from django.urls import reverse

from accounts.rules.dates import length, moment
from accounts.rules.roles import Capability
from accounts.rules.viewers import Viewer
from cases.presenters.home import HomeBlock, HomeItem, HomeSection
from referrals.presenters.notify import draft_items, outcome_words
from referrals.presenters.triage import queue_rows
from referrals.selectors.notify import decided_lately, drafts_for, matrix_wanted
from referrals.selectors.triage import questions_for, triage_summary, waiting_notifications

MOST = 5
LATELY = timedelta(days=14)


def home_blocks(viewer: Viewer, at: datetime) -> list[HomeBlock]:
    """The blocks of everything this viewer has to do with notifications."""
    blocks: list[HomeBlock] = []
    if viewer.may(Capability.TRIAGE):
        blocks += _to_decide(viewer, at)
    if viewer.may(Capability.AUDIT):
        blocks += _to_answer(viewer, at)
    if viewer.may(Capability.NOTIFY):
        blocks += _to_finish(viewer, at) + _outcomes(viewer, at)
    return blocks


def _to_decide(viewer: Viewer, at: datetime) -> list[HomeBlock]:
    summary = triage_summary(viewer, at=at)
    rows = queue_rows(waiting_notifications(viewer, at=at).rows, at=at)
    late = [_queue_item(row) for row in rows if row["late"]]
    waiting = [_queue_item(row) for row in rows if not row["late"]]
    queue = reverse("referrals:triage_queue")
    return [
        HomeBlock(HomeSection.LATE, "Notifications that are late", late[:MOST], str(summary.late), queue),
        HomeBlock(
            HomeSection.WAITING,
            "Notifications to decide",
            waiting[:MOST],
            str(summary.waiting - summary.late),
            queue,
            empty="" if late else "No notification is waiting.",
        ),
    ]


def _queue_item(row: dict[str, Any]) -> HomeItem:
    urgent = row["danger"] or row["late"] or row["urgent"]
    waiting = "Immediate danger, waiting" if row["danger"] else "Urgent, waiting" if row["urgent"] else "Waiting"
    return {
        "text": row["name"],
        "href": row["href"],
        "reference": row["reference"],
        "meta": f"{row['agency']}. {row['concerns']}",
        "due": f"{waiting} {row['waited']}",
        "tone": "urgent" if urgent else "plain",
    }


def _to_answer(viewer: Viewer, at: datetime) -> list[HomeBlock]:
    questions = questions_for(viewer, at=at)
    items: list[HomeItem] = [
        {
            "text": f"Is {shown.question.about.reference} about the child of {shown.question.child.reference}?",
            "href": reverse("referrals:triage_question", args=[shown.question.pk]),
            "due": f"Waiting {length(at - shown.question.asked_at)}",
            "tone": "watch",
        }
        for shown in questions[:MOST]
    ]
    return [
        HomeBlock(
            HomeSection.WAITING,
            "Questions that only a guardian may answer",
            items,
            str(len(questions)) if questions else "",
            reverse("referrals:triage_questions"),
            empty="No question is waiting.",
        )
    ]


def _to_finish(viewer: Viewer, at: datetime) -> list[HomeBlock]:
    drafts = draft_items(drafts_for(viewer), at=at)
    wanted = matrix_wanted(viewer, since=at - LATELY)
    sent = reverse("referrals:sent")
    unfinished: list[HomeItem] = [
        {"text": item["text"], "href": item["href"], "meta": item["meta"]} for item in drafts[:MOST]
    ]
    matrices: list[HomeItem] = [
        {
            "text": f"Complete the Risk Factor Matrix: {row.name}",
            "href": reverse("referrals:sent_matrix", args=[row.reference]),
            "reference": row.reference,
            "meta": f"sent {moment(row.sent_at)}",
        }
        for row in wanted[:MOST]
    ]
    return [
        HomeBlock(HomeSection.WAITING, "Begun and not sent", unfinished, str(len(drafts)), sent),
        HomeBlock(HomeSection.WAITING, "Sent without the Matrix", matrices, str(len(wanted)), sent),
    ]


def _outcomes(viewer: Viewer, at: datetime) -> list[HomeBlock]:
    items: list[HomeItem] = [
        {
            "text": row.name,
            "href": reverse("referrals:sent_detail", args=[row.reference]),
            "reference": row.reference,
            "meta": f"{outcome_words(row)}, {moment(row.decision.decided_at)}",
        }
        for row in decided_lately(viewer, since=at - LATELY)[:MOST]
    ]
    return [HomeBlock(HomeSection.CHANGED, "What became of what you sent", items, more_href=reverse("referrals:sent"))]

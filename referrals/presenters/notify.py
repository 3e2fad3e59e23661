"""What a referrer reads: their answers before sending, what they have sent, and what became of it."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.urls import reverse
from django.utils import timezone

from accounts.models import Draft
from accounts.rules.dates import age_in_years, ago, day, moment
from cases.record.choices import Disability, Ethnicity, HarmStatus, Sex
from cases.sharing.rules.addresses import outward
from referrals.choices import Agreement, ConcernKind, NotificationStatus, Told
from referrals.models import Notification, TriageDecision
from referrals.rules.notify import OUTCOME_WORDS, STEPS, agreement_said, first_unfinished
from referrals.rules.triage import ACCEPTED
from referrals.selectors.notify import kept_of
from referrals.selectors.outcomes import later_outcomes
from risk.presenters import explain
from risk.scoring import result_from_dict
from risk.selectors import tool_of

Row = dict[str, Any]
NOTHING = "Nothing written"
# What a decided notification says of an address that must be kept from somebody.
ON_FILE = "Not shown once decided. On the file, it is for the people on its list."
KEPT_LATER = "No when it was sent, yes now"
YES_NO = {True: "Yes", False: "No", None: ""}


def _row(key: str, value: object, *, lines: bool = False) -> Row:
    return {"key": key, "value": str(value) if value not in (None, "") else NOTHING, "multiline": lines}


def _label(choice_class: Any, value: object) -> str:
    return dict(choice_class.choices).get(value, "")


def _as_day(value: object) -> str:
    return day(date.fromisoformat(value) if isinstance(value, str) and value else value)  # type: ignore[arg-type]


def _age_words(said: Mapping[str, Any], today: date) -> str:
    born = said.get("birth_date")
    if born:
        born_on = date.fromisoformat(born) if isinstance(born, str) else born
        return f"{day(born_on)} (age {age_in_years(born_on, today)})"
    guess = said.get("age_if_unknown")
    return f"Not known, about {guess}" if guess is not None else ""


def _address_rows(said: Mapping[str, Any], *, on_file: bool) -> list[Row]:
    kept, name = said.get("address_protected"), "Address to be kept from somebody"
    rows = [_row("Address", said.get("address_lines"), lines=True), _row("Postcode", said.get("postcode"))]
    if on_file:
        left = {"value": ON_FILE, "withheld": True}
        rows = [row if row["value"] == NOTHING else row | left for row in rows]
        return [*rows, _row(name, YES_NO[True] if kept else KEPT_LATER)]
    return [*(row | ({"no_print": True} if kept else {}) for row in rows), _row(name, YES_NO[kept])]


def said_rows(said: Mapping[str, Any], *, today: date, on_file: bool = False) -> dict[str, list[Row]]:
    """What a referrer said, step by step, from a draft's answers or a notification's fields. Dates may be ISO texts.

    An address that must be kept from somebody is left off paper, and everywhere once left to the file (`on_file`).
    """
    name = f"{said.get('given_name', '')} {said.get('family_name', '')}".strip()
    told = {who: said.get(f"{who}_told", "") for who in ("child", "parents")}
    agreed = {who: agreement_said(told[who], said.get(f"{who}_agreement", "")) for who in told}
    return {
        "child": [
            _row("Name", name),
            _row("Other name", said.get("preferred_name")),
            _row("Date of birth", _age_words(said, today)),
            _row("Sex", _label(Sex, said.get("sex"))),
        ],
        "about": [
            _row("Ethnic group", _label(Ethnicity, said.get("ethnicity"))),
            _row("Disability or condition", _label(Disability, said.get("disability"))),
            _row("School or college", said.get("school")),
        ],
        "home": [*_address_rows(said, on_file=on_file), _row("Safe way to make contact", said.get("safe_contact"))],
        "concern": [
            _row("Worried about", "; ".join(_label(ConcernKind, kind) for kind in said.get("concerns") or [])),
            _row("Seen or heard", said.get("concern"), lines=True),
            _row("Latest time", _as_day(said.get("happened_on"))),
            _row("People, places, vehicles, phones", said.get("people_and_places"), lines=True),
        ],
        "harm": [_row("Known about harm", _label(HarmStatus, said.get("harm_status")))],
        "danger": _danger_rows(said),
        "words": [_row("The child says", said.get("childs_words"), lines=True)],
        "told": [
            _row("The child knows", _told_words(told["child"], agreed["child"])),
            _row("Parents or carers know", _told_words(told["parents"], agreed["parents"])),
            _row("Why somebody has not been told", said.get("reason_not_told"), lines=True),
            _row("Others who know", said.get("others_who_know"), lines=True),
        ],
        "contact": [_row("Your telephone", said.get("referrer_telephone"))],
    }


def _danger_rows(said: Mapping[str, Any]) -> list[Row]:
    rows = [_row("In danger now", YES_NO[said.get("immediate_danger")])]
    if said.get("immediate_danger"):
        rows.append(_row("The danger", said.get("danger_detail"), lines=True))
        rows.append(_row("Police called", YES_NO[bool(said.get("police_called"))]))
    return rows


def _told_words(told: str, agreement: str) -> str:
    words = _label(Told, told)
    return f"{words}. {_label(Agreement, agreement)}" if told == Told.YES else words


def check_cards(draft: Draft, *, missing: list[str], at: datetime) -> list[dict[str, Any]]:
    """The cards of the page on which answers are checked, each with its way back."""
    kept = kept_of(draft)
    said: dict[str, Any] = {}
    for answers in kept.values():
        said |= answers or {}
    rows = said_rows(said, today=timezone.localdate(at))
    cards = []
    for step, title in STEPS.items():
        href = f"{reverse('referrals:notify_step', args=[draft.pk, step])}?from=check"
        if step == "matrix":
            shown = [_row("The Matrix", matrix_words(kept["matrix"]))]
        elif step in missing:
            shown = [{"key": "To fill in", "value": "Some answers are missing", "tone": "watch"}]
        else:
            shown = rows[step]
        cards.append({"title": title, "rows": shown, "actions": [{"text": "Change", "href": href}]})
    return cards


def matrix_words(matrix: Mapping[str, Any] | None) -> str:
    """Where the Matrix of a draft stands, in a few words."""
    if not matrix or "answers" not in matrix:
        return "You will complete it later"
    count = len(matrix["answers"])
    return f"{count} answer{'' if count == 1 else 's'} given"


def draft_items(drafts: list[Draft], *, at: datetime) -> list[dict[str, Any]]:
    """Begun notifications as a list to carry on with. The name stands on the page of its writer alone."""
    items = []
    for draft in drafts:
        kept = kept_of(draft)
        child, step = kept["child"] or {}, first_unfinished(kept, today=timezone.localdate(at))
        name = f"{child.get('given_name', '')} {child.get('family_name', '')}".strip()
        items.append(
            {
                "text": f"Carry on: {name}" if name else "Carry on",
                "href": reverse("referrals:notify_step", args=[draft.pk, step])
                if step
                else reverse("referrals:notify_check", args=[draft.pk]),
                "meta": f"Begun {moment(draft.created_at)}. Saved {ago(draft.updated_at, at)}. Not sent.",
                "discard": reverse("referrals:notify_discard", args=[draft.pk]),
            }
        )
    return items


def sent_rows(rows: list[Notification]) -> list[list[dict[str, Any]]]:
    """The table of what somebody has sent."""
    return [
        [
            {"text": row.name, "href": reverse("referrals:sent_detail", args=[row.reference]), "hint": row.reference},
            {"text": moment(row.sent_at)},
            {"text": outcome_words(row)},
            {
                "text": "Completed" if row.matrix_completed_at else "To complete",
                "tone": "" if row.matrix_completed_at else "watch",
            },
        ]
        for row in rows
    ]


def outcome_words(notification: Notification) -> str:
    """What became of a notification, in words that never tell whether the child was known."""
    if not _is_told(notification):
        return "Waiting for a decision"
    return OUTCOME_WORDS[notification.decision.outcome]


def _is_told(notification: Notification) -> bool:
    kept: bool = notification.answer_kept  # type: ignore[attr-defined]
    return notification.status == NotificationStatus.DECIDED and not kept


def fields_of(notification: Notification) -> dict[str, Any]:
    """What the referrer said, from the notification as it was sent."""
    return {field.attname: getattr(notification, field.attname) for field in Notification._meta.concrete_fields}


def sent_cards(notification: Notification, *, copy_with_address: bool | None = None) -> list[dict[str, Any]]:
    """What the referrer wrote, as it was sent. In a copy that leaves Harbour an address that must be kept from somebody
    stands only where that is confirmed.
    """
    said = fields_of(notification)
    if copy_with_address is not None:
        gate = {"protected": notification.address_protected, "confirmed": copy_with_address}
        said |= {name: outward(said[name], **gate) for name in ("address_lines", "postcode")}
    rows = said_rows(said, today=timezone.localdate(notification.sent_at))
    return [{"title": STEPS[step], "rows": rows[step]} for step in rows]


def decision_of(notification: Notification, *, today: date) -> dict[str, str] | None:
    """What the referrer is told of the decision: the outcome, the message and who leads, never the reasons."""
    if not _is_told(notification):
        return None
    decision = notification.decision
    return {
        "outcome": outcome_words(notification),
        "message": decision.message_to_referrer,
        "when": moment(decision.decided_at),
        **lead_told(decision, today=today),
    }


def later_of(notification: Notification, *, at: datetime) -> list[dict[str, str]]:
    """What the referrer is told of what happened later, such as at the panel, the earliest first."""
    return [
        {"heading": one.heading, "words": one.words, "when": moment(one.happened_at)}
        for one in later_outcomes([notification], at=at)[notification.pk]
    ]


def lead_told(decision: TriageDecision, *, today: date) -> dict[str, str]:
    """Who leads, as it was on the day of the decision: the same words for a new file and for one that was joined.

    Where the lead may not be told, has no number or works there no more, the notification point passes it on.
    """
    lead = decision.lead
    if decision.outcome not in ACCEPTED or lead is None:
        return {}
    number = lead.user.telephone or lead.agency.telephone
    left = lead.ended_on is not None and lead.ended_on <= today
    if not decision.lead_told or left or not number:
        return {"lead": "", "lead_job": "", "lead_telephone": "", "has_lead": "yes"}
    job = f"{lead.get_role_display()}, {lead.agency}"
    return {"lead": str(lead.user), "lead_job": job, "lead_telephone": number, "has_lead": "yes"}


def result_of(notification: Notification) -> dict[str, Any] | None:
    """The provisional score of the referrer's Matrix, line by line; None until it is completed."""
    if notification.tool is None or notification.result is None:
        return None
    return explain(result_from_dict(notification.result), tool=tool_of(notification.tool), full=True)

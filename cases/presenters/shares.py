"""Decisions about sharing in plain words: for those who decide, and for those who receive."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst

from accounts.choices import Sector
from accounts.models import Membership
from accounts.rules.dates import day, due_in, in_london, moment
from cases.access.choices import Category
from cases.access.rules import Action, Level, Matrix, categories_in
from cases.clocks.models import Clock
from cases.presenters.frame import shown_name
from cases.presenters.looking import page_words
from cases.record.models import ChronologyEntry
from cases.record.selectors import people_known
from cases.record.services import OpenFile
from cases.sharing.choices import Answer, SharingEnd, SharingKind
from cases.sharing.models.requests import AccessRequest
from cases.sharing.models.shares import SharingBreach, SharingDecision, SharingWish
from cases.sharing.rules import shares as rules
from cases.sharing.selectors.shares import PersonOpened
from cases.sharing.selectors.wishes import Against

KNOWS_MORE = "What was shared with whom is withheld, because your job sees of sharing only that there is something."
HOW_MUCH = {Level.FULL: "in full", Level.SUMMARY: "in summary"}


def receiver_words(decision: SharingDecision) -> str:
    """Whom a decision is about."""
    return f"{decision.membership.user}, {decision.agency}" if decision.membership else str(decision.agency)


def sharer_words(decision: SharingDecision) -> str:
    """Who decided it."""
    return f"{decision.decided_as.user}, {decision.decided_as.agency}"


def names_of(mask: int) -> list[str]:
    """The kinds of information in a mask, in the order of the matrix."""
    held = categories_in(mask)
    return [category.label for category in Category if category.value in held]


def content_words(decision: SharingDecision) -> str:
    """What is shared: who the child is goes with it always, and so is named last."""
    kinds = names_of(decision.category_mask & ~rules.mask_of(rules.ALWAYS))
    if decision.entry_ids:
        number = len(decision.entry_ids)
        kinds.append("1 entry of the chronology" if number == 1 else f"{number} entries of the chronology")
    if decision.kind != SharingKind.DECLINED:
        kinds.append("who the child is")
    return _sentence(kinds or names_of(decision.category_mask))


def _sentence(parts: Sequence[str]) -> str:
    return capfirst(", ".join(parts))


def _in_sentence(label: str) -> str:
    return f"{label[:1].lower()}{label[1:]}"


def last_day(decision: SharingDecision) -> str:
    """The last day on which a share holds."""
    assert decision.ends_at is not None
    return day(in_london(decision.ends_at - timedelta(microseconds=1)).date())


def state_of(decision: SharingDecision, at: datetime) -> dict[str, str]:
    """Where a decision stands, as the cell of a table."""
    breach = getattr(decision, "breach", None)
    if breach is not None and decision.end_kind != SharingEnd.IN_ERROR:
        return {"text": f"Shared in error, found {day(in_london(breach.found_at).date())}", "tone": "urgent"}
    if decision.kind == SharingKind.INVOLVED and decision.ended_at is None:
        return _state_of_work(decision)
    if decision.ended_at is not None:
        tone = "urgent" if breach is not None else "plain"
        return {"text": f"{decision.get_end_kind_display()}, {day(in_london(decision.ended_at).date())}", "tone": tone}
    if decision.ends_at is not None:
        if decision.ends_at <= at:
            return {"text": f"Ended {last_day(decision)}", "tone": "plain"}
        return {"text": f"Until {last_day(decision)}", "tone": "good"}
    late = decision.review_on is not None and decision.review_on < timezone.localdate(at)
    return {
        "text": f"{'Review late: was due' if late else 'Review'} {day(decision.review_on)}",
        "tone": "urgent" if late else "watch",
    }


def _state_of_work(decision: SharingDecision) -> dict[str, str]:
    ended_on = decision.involvement.ended_on if decision.involvement else None
    if ended_on is not None:
        return {"text": f"Their work ended {day(ended_on)}", "tone": "plain"}
    return {"text": "While their work lasts", "tone": "good"}


HEADINGS = {
    SharingKind.SHARED: "Shared",
    SharingKind.DECLINED: "Not shared",
    SharingKind.INVOLVED: "Brought in to work with the child",
}
UNASKED = "Not asked about this agency"
DECISION_COLUMNS = [{"text": text} for text in ("When", "With whom", "What", "Why", "Stands")]
SUMMARY_COLUMNS = [{"text": text} for text in ("When", "What", "Override")]


def decision_rows(opened: OpenFile, decisions: Iterable[SharingDecision]) -> list[list[dict[str, Any]]]:
    """Decisions for `components/table.html`, in the order given: as much of each as the viewer may see."""
    full = opened.level(Category.SHARING) == Level.FULL
    return [_decision_row(opened, decision) if full else _summary_row(opened, decision) for decision in decisions]


def _decision_row(opened: OpenFile, decision: SharingDecision) -> list[dict[str, Any]]:
    declined = decision.kind == SharingKind.DECLINED
    why = decision.get_decline_reason_display() if declined else decision.get_purpose_display() or decision.words
    hints = {SharingKind.DECLINED: "Not shared", SharingKind.INVOLVED: decision.get_kind_display()}
    return [
        {"text": moment(decision.decided_at), "href": href_of(opened, decision), "hint": sharer_words(decision)},
        {"text": receiver_words(decision)},
        {"text": content_words(decision), "hint": hints.get(SharingKind(decision.kind), "")},
        {"text": why, "hint": "Against somebody’s wish" if decision.override_ground else ""},
        state_of(decision, opened.at),
    ]


def _summary_row(opened: OpenFile, decision: SharingDecision) -> list[dict[str, Any]]:
    return [
        {"text": day(in_london(decision.decided_at).date()), "href": href_of(opened, decision)},
        {"text": decision.get_kind_display()},
        {"text": "Against somebody’s wish" if decision.override_ground else "None"},
    ]


def href_of(opened: OpenFile, decision: SharingDecision) -> str:
    return reverse("cases:share", args=[opened.child.reference, decision.pk])


def _told(answer: str, not_told: str) -> str:
    words = Answer(answer).label if answer else "Not recorded"
    return f"{words}: {_in_sentence(not_told)}" if answer == Answer.NOT_TOLD and not_told else words


def facts_of(decision: SharingDecision, *, at: datetime) -> list[dict[str, Any]]:
    """One decision as a list of facts, for those who see sharing in full."""
    rows: list[dict[str, Any]] = [
        {"key": "Decided", "value": f"{moment(decision.decided_at)}, by {sharer_words(decision)}"},
        {"key": "With", "value": receiver_words(decision)},
        {"key": "What", "value": content_words(decision)},
        {"key": "Stands", "value": state_of(decision, at)["text"], "tone": state_of(decision, at)["tone"]},
    ]
    if decision.kind == SharingKind.DECLINED:
        rows.append({"key": "Why not", "value": f"{decision.get_decline_reason_display()}. {decision.words}"})
    elif decision.kind == SharingKind.INVOLVED:
        said = _told(decision.child_answer, decision.get_child_not_told_display()) if decision.child_answer else UNASKED
        child = {"key": "The child", "value": said}
        rows += [{"key": "As what", "value": decision.words}, child, *_facts_of_override(decision)]
    else:
        rows += _facts_of_share(decision)
    if decision.ended_at is not None:
        rows.append({"key": "Ended", "value": f"{moment(decision.ended_at)}, by {decision.ended_by}"})
        rows.append({"key": "Why it ended", "value": decision.end_words, "multiline": True})
    return rows


def _facts_of_share(decision: SharingDecision) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = [
        {"key": "What for", "value": f"{decision.get_purpose_display()}. {decision.words}", "multiline": True},
        {"key": "What allows it", "value": decision.get_basis_display()},
        {"key": "The child", "value": _told(decision.child_answer, decision.get_child_not_told_display())},
        {"key": "Parents or carers", "value": _told(decision.carers_answer, decision.get_carers_not_told_display())},
    ]
    read = "Not yet"
    if decision.acknowledged_at is not None:
        read = f"{moment(decision.acknowledged_at)}, by {decision.acknowledged_by}"
    return [*rows, *_facts_of_override(decision), {"key": "Acknowledged by the receiver", "value": read}]


def _facts_of_override(decision: SharingDecision) -> list[dict[str, Any]]:
    if not decision.override_ground:
        return []
    ground = f"{decision.get_override_ground_display()}. Authorised by {decision.authorised_by}."
    rows: list[dict[str, Any]] = [{"key": "Against a wish", "value": ground}]
    if decision.explained:
        rows.append({"key": "Explained to the child", "value": decision.explained, "multiline": True})
    return rows


def summary_facts(decision: SharingDecision) -> list[dict[str, Any]]:
    """What is said of a decision to those who see sharing in summary: that there is one, an override, and the date."""
    return [
        {"key": "Decided", "value": day(in_london(decision.decided_at).date())},
        {"key": "What", "value": decision.get_kind_display()},
        {"key": "Override", "value": "Against somebody’s wish" if decision.override_ground else "None"},
        {"key": "With whom and what", "value": f"{KNOWS_MORE} Ask the named lead.", "withheld": True},
    ]


def breach_rows(breach: SharingBreach, clock: Clock | None, *, at: datetime) -> list[dict[str, Any]]:
    """What became of something that was shared in error."""
    rows: list[dict[str, Any]] = [{"key": "Found", "value": f"{moment(breach.found_at)}, by {breach.found_by}"}]
    if breach.words != breach.decision.end_words:  # else it is said above, as why it ended
        rows.append({"key": "What went wrong", "value": breach.words, "multiline": True})
    if breach.assessed_at is None:
        due = f"{capfirst(due_in(clock.due_at, at))}, by {moment(clock.due_at)}" if clock else "Due within 72 hours"
        late = clock is not None and clock.due_at <= at
        return [*rows, {"key": "Assessment", "value": due, "tone": "urgent" if late else "watch"}]
    return [
        *rows,
        {"key": "Assessed", "value": f"{moment(breach.assessed_at)}, by {breach.assessed_by}"},
        {"key": "Found to be", "value": breach.get_outcome_display()},
        {"key": "Why", "value": breach.why, "multiline": True},
        {"key": "What was done", "value": breach.done, "multiline": True},
    ]


OPENED_COLUMNS = [{"text": text} for text in ("Who", "How often", "Pages")]


def opened_rows(people: Sequence[PersonOpened]) -> list[list[dict[str, str]]]:
    """Who of the receivers opened the file meanwhile, for `components/table.html`."""
    names = people_known(person.user_id for person in people)
    return [
        [
            {"text": names.get(person.user_id or 0, "Harbour itself")},
            {"text": "Once" if person.looks == 1 else f"{person.looks} times", "hint": _when(person)},
            {"text": ", ".join(sorted({page_words(page) for page in person.pages})), "hint": _kinds(person)},
        ]
        for person in people
    ]


def _when(person: PersonOpened) -> str:
    first, last = moment(person.first_at), moment(person.last_at)
    return first if first == last else f"{first}, to {last}"


def _kinds(person: PersonOpened) -> str:
    names = [category.label for category in Category if category.value in person.categories]
    return f"Open to them: {', '.join(names)}" if names else ""


def wish_words(wish: SharingWish | None) -> str:
    """What the child says, in a line; empty where nothing is recorded."""
    if wish is None:
        return ""
    words = f"On {day(wish.said_on)} the child said: {_in_sentence(wish.get_kind_display())}."
    if wish.kept_mask:
        words += f" Must not go further: {', '.join(names_of(wish.kept_mask))}."
    if wish.kept_from:
        words += f" Must not be told: {', '.join(Sector(sector).label for sector in wish.kept_from)}."
    return words


def wish_rows(wish: SharingWish | None) -> list[dict[str, Any]]:
    """What the child says about who may know, as a list of facts."""
    if wish is None:
        return []
    rows: list[dict[str, Any]] = [
        {"key": "The child says", "value": wish.get_kind_display()},
        {"key": "In their words", "value": wish.words, "multiline": True},
    ]
    if wish.kept_mask:
        rows.append({"key": "Must not go further", "value": _sentence(names_of(wish.kept_mask))})
    if wish.kept_from:
        sectors = [Sector(sector).label for sector in wish.kept_from]
        rows.append({"key": "Must not be told", "value": ", ".join(sectors)})
    return [
        *rows,
        {"key": "Understands, and can decide", "value": wish.get_understands_display()},
        {"key": "Said", "value": f"{day(wish.said_on)}, to {wish.recorded_as.user}, {wish.recorded_as.agency}"},
    ]


AGAINST_COLUMNS = [{"text": text} for text in ("With whom", "What", "Stays, or ends", "On what ground")]
STAYS = "Stays: what keeps a child safe always reaches children’s social care and the police"


def against_rows(opened: OpenFile, found: Iterable[Against]) -> list[list[dict[str, Any]]]:
    """What runs against what the child says now, each with where it is ended and where the ground is written down."""
    return [_share_against(opened, one, one.share) if one.share else _work_against(opened, one) for one in found]


def facts_against(opened: OpenFile, decision: SharingDecision, found: Iterable[Against]) -> list[dict[str, Any]]:
    """That a running share goes against what the child says now, with where it is looked at again; nothing where it
    does not, or where the ground is written down.
    """
    if all(one.share != decision or one.explained for one in found):
        return []
    words = "This goes against it, and no ground is written down"
    href = reverse("cases:sharing", args=[opened.child.reference])
    return [{"key": "The child says now", "value": words, "tone": "urgent", "href": href, "action": "Look at it again"}]


def _share_against(opened: OpenFile, one: Against, share: SharingDecision) -> list[dict[str, Any]]:
    reference = opened.child.reference
    end = {"text": STAYS if one.safety else "Runs"}
    if not one.safety and opened.may(Action.END_SHARE):
        end = {"text": "End it", "href": reverse("cases:withdraw_share", args=[reference, share.pk])}
    ground = {"text": "Written down, and how it was explained"} if one.explained else {"text": "Not written down"}
    if not one.explained and opened.may(Action.SHARE):
        query = f"?agency={share.agency_id}&instead_of={share.pk}"
        href = reverse("cases:add_share", args=[reference]) + query
        ground = {"text": "Share it anew, with the ground and how you explained it", "href": href}
    return [
        {"text": receiver_words(share), "href": href_of(opened, share)},
        {"text": content_words(share), "hint": f"Until {last_day(share)}"},
        end,
        ground,
    ]


def _work_against(opened: OpenFile, one: Against) -> list[dict[str, Any]]:
    end = {"text": STAYS if one.safety else "While their work lasts"}
    if not one.safety and opened.may(Action.CHANGE_INVOLVEMENT):
        end = {"text": "End their work", "href": reverse("cases:involvement", args=[opened.child.reference])}
    ground = {"text": "Written down, and how it was explained" if one.explained else "Not written down"}
    if not one.explained and opened.may(Action.CHANGE_INVOLVEMENT):
        href = reverse("cases:explain_work", args=[opened.child.reference, one.work])
        ground = {"text": "Write down why they go on, and how it was explained", "href": href}
    return [{"text": str(one.agency)}, {"text": "Works with the child"}, end, ground]


# --- The choices of the form ---------------------------------------------------------------------------------------


def people_choices(people: Iterable[Membership]) -> list[tuple[str, str]]:
    """People of one agency as the choices of a question."""
    return [(str(member.pk), f"{member.user}, {member.get_role_display()}") for member in people]


def category_choices(opened: OpenFile, roles: Sequence[str]) -> list[tuple[str, str]]:
    """What the viewer may share and people in these roles may see, each with how much they would."""
    found = []
    for name in rules.shareable(opened.levels):
        level = rules.seen_by(roles, name, opened.matrix)
        if level >= Level.SUMMARY:
            words = Category(name).label.capitalize()
            found.append((name, words if level == Level.FULL else f"{words}, which they see in summary"))
    return found


def entry_choices(entries: Iterable[ChronologyEntry], roles: Sequence[str], matrix: Matrix) -> list[tuple[str, str]]:
    """Single entries that people in these roles may see, each by its day and its sentence."""
    return [
        (str(entry.pk), f"{day(in_london(entry.happened_at).date())}, {entry.agency}: {entry.summary}")
        for entry in entries
        if rules.entry_seen_by(roles, entry.category, matrix) >= Level.SUMMARY
    ]


def wanted_by(asked: AccessRequest) -> dict[str, Any]:
    """What somebody asked for, as the form of a share begins with it."""
    return {
        "person": str(asked.asked_as_id),
        "what": "kinds",
        "categories": sorted(categories_in(asked.category_mask & ~asked.come)),
        "purpose": asked.purpose,
        "words": asked.words,
    }


def begun_from(share: SharingDecision) -> dict[str, Any]:
    """What a share in place of a running one begins with: the same but for what is asked anew."""
    return {
        "person": str(share.membership_id or ""),
        "what": "entries" if share.entry_ids else "kinds",
        "categories": sorted(categories_in(share.category_mask)),
        "entries": [str(pk) for pk in share.entry_ids],
        "purpose": share.purpose,
        "words": share.words,
        "basis": share.basis,
    }


# --- The receiver ----------------------------------------------------------------------------------------------------


RECEIVED_COLUMNS = [{"text": text} for text in ("Child", "From", "What", "What for", "Until")]


def received_rows(shares: Iterable[SharingDecision], names: dict[Any, str]) -> list[list[dict[str, Any]]]:
    """What was shared with somebody, for `components/table.html`; `names` are those the viewer may see, by file."""
    return [
        [
            {
                "text": names.get(share.child_id) or share.child.reference,
                "hint": share.child.reference if names.get(share.child_id) else "",
                "href": reverse("cases:share_received", args=[share.pk]),
            },
            {"text": sharer_words(share), "hint": moment(share.decided_at)},
            {"text": content_words(share)},
            {"text": share.get_purpose_display()},
            {"text": last_day(share), **({} if share.acknowledged_at else {"hint": "Not acknowledged yet"})},
        ]
        for share in shares
    ]


def seen_words(opened: OpenFile, share: SharingDecision) -> str:
    """What of a share this reader sees, and how much: their own cell of the matrix decides it."""
    matrix, role = opened.matrix, opened.viewer.role_key
    parts = []
    for category in Category:
        if category.value in categories_in(share.category_mask):
            level = rules.seen_by([role], category.value, matrix)
            parts.append(f"{category.label} ({HOW_MUCH.get(level, 'which your job does not see')})")
    return _sentence(parts)


def statement_of(share: SharingDecision) -> list[str]:
    """What the receiver may do with what is shared: read before anything else."""
    sharer = sharer_words(share)
    return [
        f"Use it only for this: {_in_sentence(share.get_purpose_display())}. {share.words}",
        f"Do not pass it on to anybody, in your agency or elsewhere, who cannot see it in Harbour. Ask {sharer} first.",
        "Do not tell the child or the family that you have it before you have asked who has told them what.",
        f"You see it until the end of {last_day(share)}. What you copied into your own record follows your agency’s "
        "rules from then on.",
        f"If you think that it was not meant for you, stop reading and ring {share.decided_as.user}"
        f"{f', {share.decided_as.agency.telephone}' if share.decided_as.agency.telephone else ''}.",
    ]


def received_facts(opened: OpenFile, share: SharingDecision) -> list[dict[str, Any]]:
    """One share as its receiver reads it."""
    reference = opened.child.reference
    rows: list[dict[str, Any]] = [
        {
            "key": "File",
            "value": f"{shown_name(opened.child, opened.level(Category.IDENTITY))} {reference}".strip(),
            "href": reverse("cases:file", args=[reference]),
            "action": "Open",
        },
        {"key": "Shared by", "value": f"{sharer_words(share)}, {moment(share.decided_at)}"},
        {"key": "Shared with", "value": receiver_words(share)},
        {"key": "What you see", "value": seen_words(opened, share)},
        {"key": "Until", "value": f"The end of {last_day(share)}"},
        {"key": "The child", "value": _told(share.child_answer, "")},
        {"key": "Parents or carers", "value": _told(share.carers_answer, "")},
    ]
    if share.acknowledged_at is not None:
        rows.append({"key": "Acknowledged", "value": f"{moment(share.acknowledged_at)}, by {share.acknowledged_by}"})
    return rows

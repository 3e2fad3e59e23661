"""Every field of what is kept about a child, and how the scan for what must not be seen knows it.

Most hold a token: words, a day or a choice that stands nowhere else. Some cannot, because the product reckons with the
value, or it is yes or no: those are altered, all at once, and the pages of who may not read them must stay the same
(`tests/access/test_fields.py`). The rest have a line here with the reason. A field that is new fails there until it is
one of the three.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db import models

from tests.access.registers import says_nothing

# Long enough for a token.
ROOM = 9
# Altered, not marked: levels, kinds and grades with which the product reckons, what is yes or no, numbers, and lists of
# choices.
ALTERED = {
    "cases.Child.birth_date_estimated", "cases.Child.level", "cases.Child.harm_status", "cases.Placement.out_of_area",
    "risk.RiskAssessment.computed_level", "risk.RiskAssessment.harm_status", "risk.RiskAssessment.provisional",
    "risk.LevelJudgement.computed_level", "risk.LevelJudgement.judged_level", "risk.LevelJudgement.needs_approval",
    "missing.MissingEpisode.kind", "missing.MissingEpisode.grade", "missing.MissingEpisode.flags",
    "missing.EpisodeStep.was", "missing.EpisodeStep.becomes", "missing.PoliceGrade.grade",
    "missing.SafeAndWellCheck.face_to_face", "missing.InterviewFinding.agrees", "cases.ChronologyEntry.third_party",
    "panels.AgendaItem.late", "panels.PanelDecision.level_before", "panels.PanelDecision.level_after",
    "panels.PanelDecision.confirmed", "panels.PanelDecision.provisional",
}  # fmt: skip

KEY = "the key of the row, which its address has: `tests/access/test_not_found.py`"
LINK = "leads to another row about the child, which has tokens of its own"
COLLEAGUE = "an agency or a colleague, whose name stands on pages for other reasons"
VERSION = "counts the changes of a row, so that two people do not overwrite each other"
SIGN = "drawn by the product, without a meaning; it leads to the file"
RULE = "read by the access rule itself: `tests/access/test_rules.py` and `test_worlds.py`"
TIMED = "reckoned from the day of what it times: `tests/access/test_interference.py` moves it"
DATABASE = "written by the database, from other fields"
STAMP = "stamped by the product; whose draft it is, reads it"
HELD = "held by the database to instants beside it, or to words, that have tokens"
DEFINITION = "a published definition, the same for every child"
REGISTER = "a choice of which the product makes its words, in a register whose other fields have tokens"
WHO_WORKS = "told to everybody who may open the page of who works with the child"
ORDER = "where it stands in a list: `tests/access/test_interference.py` moves it"
NEVER_SHOWN = "kept for a rule and printed nowhere"

WHO_WAS_TOLD = [(who, what) for who in ("child", "parents") for what in ("told", "agreement")]
LINES: dict[str, str] = {
    **dict.fromkeys(["id", "token"], KEY),
    **dict.fromkeys(["child", "child_id"], "whose file it is"),
    "category": "says by which cell a row is read: the scan reckons with it",
    "third_party": NEVER_SHOWN,
    "version": VERSION,
    **dict.fromkeys(["cases.Child.reference", "missing.MissingReport.reference"], SIGN),
    **dict.fromkeys(["referrals.Notification.reference", "accounts.Draft.subject", "accounts.Draft.form"], SIGN),
    "accounts.HeldSubmission.path": "an address of the product, of a form that was sent too late",
    **dict.fromkeys(["cases.Child.sort_key", "referrals.Notification.urgent"], DATABASE),
    **dict.fromkeys(["cases.Child.restricted", "cases.Child.merged_into", "cases.Address.protected"], RULE),
    "cases.Child.missing_since": "the day of the episode that runs, which has a token there",
    "cases.Involvement.is_lead": WHO_WORKS,
    "risk.LevelJudgement.harm_status": "shown beside the level from the file, where it is altered",
    "risk.RiskAssessment.age_at_assessment": NEVER_SHOWN,
    "missing.ReturnInterview.independent": HELD,
    **dict.fromkeys(["missing.MissingEpisode.state", "missing.ReturnInterview.state"], HELD),
    **dict.fromkeys(["panels.AgendaItem.state", "panels.Action.status", "panels.ActionStep.status"], HELD),
    **dict.fromkeys(["panels.ItemUpdate.kind", "panels.ActionStep.verifies"], HELD),
    "panels.AgendaItem.position": ORDER,
    **dict.fromkeys(["cases.SharingDecision.kind", "cases.AccessRequest.answer"], HELD),
    **dict.fromkeys(["cases.SharingDecision.child_answer", "cases.SharingDecision.carers_answer"], REGISTER),
    **dict.fromkeys(["cases.SharingWish.kind", "cases.SharingWish.kept_from"], REGISTER),
    **dict.fromkeys(["cases.SharingWish.kept_mask", "cases.SharingDecision.category_mask"], REGISTER),
    **dict.fromkeys(["cases.AccessRequest.category_mask", "cases.SharingDecision.entry_ids"], REGISTER),
    **dict.fromkeys(["cases.EmergencyAccess.verdict", "cases.LookSignal.count"], REGISTER),
    **dict.fromkeys(["cases.LookSignal.verdict", "cases.LookSignal.kind"], REGISTER),
    **dict.fromkeys([f"referrals.Notification.{name}" for name in ("sex", "ethnicity", "disability")], REGISTER),
    **dict.fromkeys([f"referrals.Notification.{who}_{what}" for who, what in WHO_WAS_TOLD], REGISTER),
    **dict.fromkeys(["referrals.Notification.computed_level", "referrals.Notification.harm_status"], REGISTER),
    **dict.fromkeys(["referrals.Notification.age_if_unknown", "referrals.Notification.concerns"], REGISTER),
    **dict.fromkeys(["referrals.Notification.immediate_danger", "referrals.Notification.police_called"], REGISTER),
    **dict.fromkeys(["referrals.Notification.address_protected", "referrals.Notification.status"], REGISTER),
    **dict.fromkeys(["referrals.TriageDecision.outcome", "referrals.TriageDecision.lead_told"], REGISTER),
    "referrals.TriageDecision.looked_at": LINK,
    "cases.LookSignal.event_ids": "reckoned with, one look at a time, in `tests/access/seen/test_parted_looks.py`",
    **dict.fromkeys(["cases.Block.ended_at", "cases.LookSignal.user_id"], RULE),
}
# Of these nothing is a token but words: the rule reads grants, clocks are reckoned, drafts are stamped.
WORDS_ALONE = {
    "cases.AccessGrant": RULE,
    "cases.Clock": TIMED,
    "cases.ClockChange": TIMED,
    "accounts.Draft": STAMP,
    "accounts.HeldSubmission": STAMP,
}
# Of what the product keeps with the codes of a tool or a rule: where the words are.
WORDS_UNDER = {
    "panels.AgendaItem.reasons": frozenset({"words"}),
    **dict.fromkeys(["risk.RiskAssessment.answers", "referrals.Notification.answers"], frozenset({"evidence"})),
    **dict.fromkeys(
        ["risk.RiskAssessment.result", "referrals.Notification.result"], frozenset({"label", "because", "answer"})
    ),
}


def name_of(model: type[models.Model], field: models.Field[Any, Any]) -> str:
    return f"{model._meta.label}.{field.name}"


def reason_for(model: type[models.Model], field: models.Field[Any, Any]) -> str:
    """Why a field holds no token and is not altered; empty where it has no reason."""
    name = name_of(model, field)
    if name in ALTERED:
        return ""
    if name in LINES or field.name in LINES:
        return LINES.get(name) or LINES[field.name]
    if isinstance(field, models.ForeignKey):
        related: Any = field.related_model
        if related._meta.app_label in ("accounts", "auth"):
            return DEFINITION if related._meta.object_name == "DefinitionVersion" else COLLEAGUE
        return LINK
    return "" if _is_words(field) else WORDS_ALONE.get(model._meta.label, "")


def _is_words(field: models.Field[Any, Any]) -> bool:
    """Whether somebody may write in a field what they like, with room for a token."""
    is_text = isinstance(field, models.CharField | models.TextField) and not field.choices
    return isinstance(field, models.JSONField) or (is_text and (field.max_length is None or field.max_length >= ROOM))


def free_texts(model: type[models.Model]) -> Iterator[models.Field[Any, Any]]:
    """The fields of a model in which somebody may write what they like."""
    for field in model._meta.concrete_fields:
        if _is_words(field) and not isinstance(field, models.JSONField) and name_of(model, field) not in LINES:
            yield field


def told_by(model: type[models.Model], field: models.Field[Any, Any]) -> str:
    """How a value of a field is known again: as words, a choice, a day, a postcode; empty where it is not."""
    name = name_of(model, field)
    if says_nothing(name) or name in ALTERED or reason_for(model, field):
        return ""
    if _is_words(field):
        return "words"
    if isinstance(field, models.DateField):
        return "day"
    if isinstance(field, models.CharField):
        return "choice" if field.choices else "postcode" if field.name == "postcode" else ""
    return ""

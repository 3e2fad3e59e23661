"""Deciding on a notification, narrowing the queue, and a guardian's answer."""

from __future__ import annotations

from typing import Any

from accounts.forms import (
    CheckboxesField,
    HarbourForm,
    LongTextField,
    RadioField,
    SearchField,
    SelectField,
    TextField,
    TickField,
    WriteForm,
    YesNoField,
)
from accounts.models import Agency, Membership
from accounts.rules.refusals import Refusal
from cases.record.choices import RiskLevel
from cases.sharing.choices import OverrideGround
from referrals.choices import ConcernKind, TriageOutcome, TriageReason
from referrals.rules.triage import MESSAGES, REASONS_FOR, AgainstWish, Proposal, faults_of

NEW, OTHER, ACCEPT = "new", "other", "accept"
WHY_AGAINST_WISH = ("ground", "explained")
NEEDED_AGAINST_WISH = "needed for an agency that the child does not want told"
TYPED = ("reason", "rationale", "message", "why_safe")
OUTCOMES = {
    ACCEPT: ("Accept", "A named worker leads, and agencies work together on the child’s file."),
    TriageOutcome.SOCIAL_CARE: (
        "Pass to children’s social care",
        "Possible significant harm. Ring them as well. A social worker leads.",
    ),
    TriageOutcome.EARLY_HELP: (
        "Pass to early help",
        "Vulnerable, without signs of exploitation. Name an early help worker to open a file.",
    ),
    TriageOutcome.INFORMATION_ONLY: ("Keep as information", "No casework starts from this."),
    TriageOutcome.DECLINE: ("Decline, with advice", "The referrer is told what to do instead."),
}


def _reason(outcome: str) -> SelectField:
    reasons = [reason for reason in REASONS_FOR[outcome] if reason != TriageReason.SAME_CHILD]
    choices = [("", "Choose a reason"), *((reason.value, reason.label) for reason in reasons)]
    return SelectField(label="Reason", choices=choices, missing="Select the reason for your decision")


def _message(outcome: str) -> LongTextField:
    return LongTextField(
        label="What the referrer is told",
        hint="In plain words. Never say whether the child was known.",
        initial=MESSAGES[outcome],
        max_length=2000,
        rows=6,
        missing="Write what the referrer is told",
    )


class AgainstWishForm(WriteForm):
    """A decision that may bring in social care or police although the child does not want them told.

    Why, and how that is explained to the child, is asked once a service has refused for want of it, and from then on.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "explained" in self.data:
            self._ask_why()

    def _ask_why(self) -> None:
        ground = RadioField(
            label="On what ground do they come although the child does not want it?",
            hint="Your name is kept as who authorised it. Leave out whom the child’s safety does not need.",
            choices=OverrideGround.choices,
            required=False,
            small=True,
        )
        explained = LongTextField(
            label="How was it explained to the child?",
            hint="What was said and what the child said, or when it will be. It stands on the child’s file.",
            max_length=1000,
            rows=3,
            required=False,
        )
        asked: dict[str, Any] = dict(zip(WHY_AGAINST_WISH, (ground, explained), strict=True))
        for field in asked.values():
            field.optional_words = NEEDED_AGAINST_WISH
        self.fields |= asked

    def refuse(self, refusal: Refusal, *, field: str = "") -> None:
        if refusal.field in WHY_AGAINST_WISH and refusal.field not in self.fields:
            self._ask_why()
        super().refuse(refusal, field=field)

    def against_wish(self) -> AgainstWish:
        """Why somebody comes against the child's wish, as far as it was asked and said. Call after `is_valid()`."""
        return AgainstWish(*(self.cleaned_data.get(name) or "" for name in WHY_AGAINST_WISH))


class DecisionForm(AgainstWishForm):
    """One decision: is there a file, what happens, why, who leads, who works with the child, what is said back."""

    joined = RadioField(label="Is this a child who has a file?", reveals={OTHER: "other_reference"})
    other_reference = TextField(
        label="Reference of the file", hint="For example, H7K-4PQR", max_length=20, width=10, spellcheck=False
    )
    outcome = RadioField(
        label="What happens now?",
        choices=[(key, words) for key, (words, _) in OUTCOMES.items()],
        hints={key: hint for key, (_, hint) in OUTCOMES.items()},
        reveals={key: (f"reason_{key}", f"message_{key}") for key in OUTCOMES},
        missing="Select what happens now",
    )
    reason_accept = _reason(TriageOutcome.ACCEPT_NEW)
    message_accept = _message(TriageOutcome.ACCEPT_NEW)
    reason_social_care = _reason(TriageOutcome.SOCIAL_CARE)
    message_social_care = _message(TriageOutcome.SOCIAL_CARE)
    reason_early_help = _reason(TriageOutcome.EARLY_HELP)
    message_early_help = _message(TriageOutcome.EARLY_HELP)
    reason_information_only = _reason(TriageOutcome.INFORMATION_ONLY)
    message_information_only = _message(TriageOutcome.INFORMATION_ONLY)
    reason_decline = _reason(TriageOutcome.DECLINE)
    message_decline = _message(TriageOutcome.DECLINE)
    rationale = LongTextField(
        label="Why you decide this",
        hint="What weighed most. The child may read it one day.",
        max_length=2000,
        missing="Say in a sentence or two why you decide this",
    )
    lead = SelectField(
        label="Who leads on the case?",
        hint="One named worker. A lead that a file has already stays: then leave this empty.",
        required=False,
    )
    agencies = CheckboxesField(
        label="Which agencies work with the child?",
        hint="When a file is opened or joined. They see what their role and the file allow, from now.",
        required=False,
        small=True,
    )

    def __init__(
        self,
        *args: Any,
        candidates: list[tuple[str, str, str]],
        leads: list[Membership],
        agencies: list[Agency],
        suggested: list[Agency],
        worry: str = "",
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        if worry:
            self._ask_second_look(worry)
        joined = self.fields["joined"]
        joined.choices = [  # type: ignore[attr-defined]
            *((reference, words) for reference, words, _ in candidates),
            (NEW, "No file is about this child"),
            (OTHER, "Yes, a file that is not shown above"),
        ]
        joined.widget.hints = {reference: hint for reference, _, hint in candidates}
        self.possible_leads = {str(member.pk): member for member in leads}
        by_agency: dict[str, list[tuple[str, str]]] = {}
        for member in leads:
            words = f"{member.user}, {member.get_role_display()}"
            by_agency.setdefault(member.agency.name, []).append((str(member.pk), words))
        self.fields["lead"].choices = [("", "Choose a worker"), *by_agency.items()]  # type: ignore[attr-defined]
        self.fields["agencies"].choices = [(str(agency.pk), agency.name) for agency in agencies]  # type: ignore[attr-defined]
        self.fields["agencies"].initial = [str(agency.pk) for agency in suggested]

    def _ask_second_look(self, worry: str) -> None:
        """Below "Decline": one more question, which says what worries the referrer."""
        self.fields["why_safe"] = LongTextField(
            label="Look again: why is it safe to decline?",
            hint=f"{worry} Say what you checked and with whom, and who keeps the child safe now.",
            max_length=2000,
            rows=4,
            missing="Say what you checked, and why the child is safe without us",
        )
        outcome = self.fields["outcome"].widget
        decline = TriageOutcome.DECLINE
        outcome.reveals = {**outcome.reveals, decline: (*outcome.reveals[decline], "why_safe")}

    @property
    def outcome_key(self) -> str:
        return str(self.cleaned_data["outcome"])

    def stored_outcome(self) -> str:
        """The outcome as it is stored: an acceptance is of a new file or of a joined one."""
        if self.outcome_key != ACCEPT:
            return self.outcome_key
        is_new = self.cleaned_data.get("joined", NEW) == NEW
        return str(TriageOutcome.ACCEPT_NEW if is_new else TriageOutcome.ACCEPT_JOINED)

    def joined_reference(self) -> str:
        """The reference of the file that was chosen or typed; empty for none."""
        chosen = str(self.cleaned_data["joined"])
        if chosen == OTHER:
            return str(self.cleaned_data["other_reference"])
        return "" if chosen == NEW else chosen

    def clean(self) -> dict[str, Any]:
        """All that the rule finds wrong is said at once, as far as it follows from what was typed alone."""
        super().clean()
        cleaned = self.cleaned_data
        joined = cleaned.get("joined")
        if not cleaned.get("outcome"):
            return cleaned
        for fault in faults_of(self._proposed()):
            # A file that is there may have a lead who stays: that the service knows.
            known_here = fault.field in TYPED or (fault.field == "lead" and joined == NEW)
            if known_here and self.place_of(fault.field) not in self.errors:
                self.add_error(self.place_of(fault.field) or None, fault.reason)
        return cleaned

    def _proposed(self) -> Proposal:
        said = self.cleaned_data
        lead = self.possible_leads.get(said.get("lead", ""))
        return Proposal(
            outcome=self.stored_outcome(),
            reason=said.get(f"reason_{self.outcome_key}", ""),
            rationale=said.get("rationale", ""),
            message=said.get(f"message_{self.outcome_key}", ""),
            has_joined_child=said.get("joined", NEW) != NEW,
            has_lead=lead is not None,
            danger="why_safe" in self.fields,
            why_safe=said.get("why_safe", ""),
            lead_role=lead.role if lead else "",
            lead_sector=lead.agency.sector if lead else "",
        )

    def place_of(self, field: str) -> str:
        places = {
            "reason": f"reason_{self.outcome_key}",
            "message": f"message_{self.outcome_key}",
            "joined_child": "other_reference" if self.cleaned_data.get("joined") == OTHER else "joined",
        }
        return places.get(field, field)


class QueueFilterForm(HarbourForm):
    """Narrows a queue; it holds words about a person, so it is always sent by POST."""

    says_optional = False
    words = SearchField(label="Name or reference", required=False, max_length=80)
    level = SelectField(label="Provisional level", choices=[("", "Any"), *RiskLevel.choices], required=False)
    concern = SelectField(label="Worry", choices=[("", "Any"), *ConcernKind.choices], required=False)
    urgent = TickField(label="Urgent alone", required=False)


class QuestionForm(AgainstWishForm):
    """A guardian's answer: the same child or not, and who leads where the file has no lead."""

    same_child = YesNoField(
        label="Is it the same child?", reveals={"yes": "lead"}, missing="Select yes if it is the same child"
    )
    lead = SelectField(label="Who leads on the case?", missing="Select the worker who leads")

    def __init__(self, *args: Any, leads: list[Membership] | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if leads is None:
            del self.fields["lead"]
            self.fields["same_child"].widget.reveals = {}
            return
        choices = [(str(one.pk), f"{one.user}, {one.get_role_display()}, {one.agency}") for one in leads]
        self.fields["lead"].choices = [("", "Choose a worker"), *choices]  # type: ignore[attr-defined]

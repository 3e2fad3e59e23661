"""What triage may decide, and in what order."""

from __future__ import annotations

import pytest

from referrals.choices import TriageOutcome, TriageReason
from referrals.rules.triage import (
    MESSAGES,
    REASONS_FOR,
    Proposal,
    TriageRefused,
    check_proposal,
    faults_of,
    opens_file,
    urgency,
)


def proposal(**fields: object) -> Proposal:
    return Proposal(
        **{
            "outcome": TriageOutcome.ACCEPT_NEW,
            "reason": TriageReason.INDICATORS_PRESENT,
            "rationale": "Three indicators, and an adult nobody knows.",
            "message": "Thank you.",
            "has_joined_child": False,
            "has_lead": True,
            "lead_role": "specialist_keyworker",
            "lead_sector": "specialist",
            **fields,
        }
    )


def test_every_outcome_has_reasons_and_words() -> None:
    assert set(REASONS_FOR) == set(MESSAGES) == set(TriageOutcome.values)
    assert {reason for reasons in REASONS_FOR.values() for reason in reasons} == set(TriageReason)


def test_the_referrer_cannot_tell_a_new_file_from_a_joined_one() -> None:
    assert MESSAGES[TriageOutcome.ACCEPT_NEW] == MESSAGES[TriageOutcome.ACCEPT_JOINED]
    told = " ".join(MESSAGES.values()).lower()
    for word in ("known", "already", "existing", "file", "joined", "new"):
        assert word not in told.split(), word


SOUND = [
    proposal(),
    proposal(outcome=TriageOutcome.ACCEPT_JOINED, has_joined_child=True),
    proposal(
        outcome=TriageOutcome.SOCIAL_CARE,
        reason=TriageReason.SIGNIFICANT_HARM,
        lead_role="csc_social_worker",
        lead_sector="social_care",
    ),
    proposal(outcome=TriageOutcome.EARLY_HELP, reason=TriageReason.FAMILY_SUPPORT, has_lead=False),
    proposal(outcome=TriageOutcome.INFORMATION_ONLY, reason=TriageReason.NOT_ENOUGH, has_lead=False),
    proposal(
        outcome=TriageOutcome.INFORMATION_ONLY, reason=TriageReason.ALREADY_OPEN, has_lead=False, has_joined_child=True
    ),
    proposal(outcome=TriageOutcome.DECLINE, reason=TriageReason.OTHER_AREA, has_lead=False),
]
UNSOUND = [
    (proposal(reason=TriageReason.OTHER_AREA), "reason"),
    (proposal(outcome=TriageOutcome.DECLINE, reason=TriageReason.INDICATORS_PRESENT, has_lead=False), "reason"),
    (proposal(rationale=" yes "), "rationale"),
    (proposal(message="   "), "message"),
    (proposal(outcome=TriageOutcome.ACCEPT_JOINED), "joined_child"),
    (proposal(has_joined_child=True), "joined_child"),
    (proposal(has_lead=False), "lead"),
    (proposal(lead_role="housing", lead_sector="housing"), "lead"),
    (proposal(outcome=TriageOutcome.SOCIAL_CARE, reason=TriageReason.SIGNIFICANT_HARM), "lead"),
    (proposal(outcome=TriageOutcome.SOCIAL_CARE, reason=TriageReason.SIGNIFICANT_HARM, has_lead=False), "lead"),
    (proposal(outcome=TriageOutcome.EARLY_HELP, reason=TriageReason.FAMILY_SUPPORT), "lead"),
    (proposal(outcome=TriageOutcome.DECLINE, reason=TriageReason.OTHER_AREA), "lead"),
]


@pytest.mark.parametrize("sound", SOUND)
def test_a_sound_decision_passes(sound: Proposal) -> None:
    check_proposal(sound)


@pytest.mark.parametrize(("unsound", "field"), UNSOUND)
def test_an_unsound_decision_is_refused_at_its_field(unsound: Proposal, field: str) -> None:
    with pytest.raises(TriageRefused) as refused:
        check_proposal(unsound)
    assert refused.value.field == field


def test_all_that_is_unsound_is_found_at_once() -> None:
    wrong = proposal(reason=TriageReason.OTHER_AREA, rationale="no", message="", has_joined_child=True, has_lead=False)
    assert [fault.field for fault in faults_of(wrong)] == ["reason", "rationale", "message", "joined_child", "lead"]


def test_a_file_opens_where_somebody_leads() -> None:
    opening = {
        (outcome, lead) for outcome in TriageOutcome for lead in (True, False) if opens_file(outcome, has_lead=lead)
    }
    assert opening == {
        (TriageOutcome.ACCEPT_NEW, True),
        (TriageOutcome.ACCEPT_NEW, False),
        (TriageOutcome.ACCEPT_JOINED, True),
        (TriageOutcome.ACCEPT_JOINED, False),
        (TriageOutcome.SOCIAL_CARE, True),
        (TriageOutcome.EARLY_HELP, True),
    }


def test_danger_comes_first_then_known_harm_then_the_level() -> None:
    order = [
        urgency(danger=True, harm_status="not_known", level="not_assessed"),
        urgency(danger=False, harm_status="known", level="low"),
        urgency(danger=False, harm_status="suspected", level="high"),
        urgency(danger=False, harm_status="suspected", level="medium"),
        urgency(danger=False, harm_status="not_known", level="not_assessed"),
        urgency(danger=False, harm_status="not_known", level="low"),
        urgency(danger=False, harm_status="not_known", level="none_identified"),
    ]
    assert order == sorted(set(order))

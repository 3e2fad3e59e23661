"""What a referrer is told of a panel's decision: a kind sentence from a short list, never the reasons.

Source: domain report A5 and D5 (the panel tells the referrer). Several decisions share one sentence, so that it does
not say whether the child was known before: "continue" and "close" would.
"""

from collections.abc import Mapping

from panels.choices import DecisionCode

FOLLOWED = (
    "The panel has talked about the child you told us about. Services are working together around them, and the named "
    "worker may ring you. Go on doing what you do for the child, and tell us at once if anything changes."
)
NOT_FOLLOWED = (
    "The panel has talked about the child you told us about, and does not plan to meet about them again for now. This "
    "is not “no action”: stay in touch with the child, talk to your own safeguarding lead, and tell us again if you "
    "see or hear more."
)
TO_SOCIAL_CARE = (
    "The panel has talked about the child you told us about, and has asked children's social care and the police to "
    "look at it at once. A social worker may ring you."
)
TO_EARLY_HELP = (
    "The panel has talked about the child you told us about, and has asked early help to offer support. Stay in touch "
    "with the child, and tell us at once if you see signs of exploitation."
)
ELSEWHERE = (
    "The panel has talked about the child you told us about, and another service will carry the work on. Stay in "
    "touch with the child, and tell us at once if anything changes."
)
TOLD: Mapping[str, str] = {
    DecisionCode.ACCEPT: FOLLOWED,
    DecisionCode.CONTINUE: FOLLOWED,
    DecisionCode.STEP_UP: FOLLOWED,
    DecisionCode.STEP_DOWN: FOLLOWED,
    DecisionCode.HOLD_MISSING: FOLLOWED,
    DecisionCode.PROFILE: FOLLOWED,
    DecisionCode.COMPLEX_ABUSE: TO_SOCIAL_CARE,
    DecisionCode.STRATEGY: TO_SOCIAL_CARE,
    DecisionCode.EARLY_HELP: TO_EARLY_HELP,
    DecisionCode.TRANSFER: ELSEWHERE,
    DecisionCode.ACCEPT_INFORMATION: NOT_FOLLOWED,
    DecisionCode.DECLINE_ADVICE: NOT_FOLLOWED,
    DecisionCode.CLOSE: NOT_FOLLOWED,
}


def told_of(code: str) -> str:
    """The sentence that a referrer reads for a decision."""
    return TOLD[code]

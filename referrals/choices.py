"""The closed lists of a notification and its triage."""

from django.db.models import TextChoices


class ConcernKind(TextChoices):
    """What a practitioner is worried about; more than one may be chosen."""

    SEXUAL = "sexual", "Sexual exploitation"
    CRIMINAL = "criminal", "Criminal exploitation, including county lines"
    ONLINE = "online", "Harm that happens online"
    MISSING = "missing", "Going missing"
    TRAFFICKING = "trafficking", "Trafficking or modern slavery"
    GANGS = "gangs", "Gangs and serious violence"
    OTHER = "other", "Something else"


class Told(TextChoices):
    """Whether somebody knows about the notification."""

    YES = "yes", "Yes"
    NO_UNSAFE = "no_unsafe", "No, it could put the child at risk"
    NO_NOT_YET = "no_not_yet", "No, not yet"
    UNKNOWN = "unknown", "I do not know"


class Agreement(TextChoices):
    """What somebody said about information being shared. It is not the lawful basis for sharing."""

    AGREES = "agrees", "Agrees"
    DISAGREES = "disagrees", "Does not agree"
    NOT_ASKED = "not_asked", "Has not been asked"


class NotificationStatus(TextChoices):
    SENT = "sent", "Waiting for a decision"
    DECIDED = "decided", "Decided"


class TriageOutcome(TextChoices):
    """What the notification point decides."""

    ACCEPT_NEW = "accept_new", "Accept: open a file"
    ACCEPT_JOINED = "accept_joined", "Accept: join to a file that is open"
    EARLY_HELP = "early_help", "Early help"
    SOCIAL_CARE = "social_care", "Children's social care: possible significant harm"
    INFORMATION_ONLY = "information_only", "Keep as information"
    DECLINE = "decline", "Decline, with advice"


class TriageReason(TextChoices):
    """The coded reason of a triage decision. `referrals.rules` says which goes with which outcome."""

    INDICATORS_PRESENT = "indicators_present", "Signs of exploitation are present"
    EXPLOITATION_KNOWN = "exploitation_known", "Exploitation is known"
    REPEAT_MISSING = "repeat_missing", "The child goes missing repeatedly"
    MULTI_AGENCY_CONCERN = "multi_agency_concern", "Several agencies are worried"
    PLACED_IN = "placed_in", "Placed here from another area with a history of exploitation"
    SAME_CHILD = "same_child", "The same child, found by a data guardian"
    VULNERABLE_ONLY = "vulnerable_only", "Vulnerable, without signs of exploitation"
    FAMILY_SUPPORT = "family_support", "The family needs support first"
    SIGNIFICANT_HARM = "significant_harm", "Reasonable cause to suspect significant harm"
    UNDER_13 = "under_13", "Sexual activity of a child under 13"
    ALREADY_OPEN = "already_open", "The same concern is already being worked on"
    ABOUT_SOMEBODY_ELSE = "about_somebody_else", "Tells about a person or place, not this child's own risk"
    NOT_ENOUGH = "not_enough", "Not enough to act on, and the referrer could not say more"
    OTHER_AREA = "other_area", "The child lives elsewhere: passed to that area"
    NOT_A_CHILD = "not_a_child", "The person is an adult: passed to adult services"

"""Categories of information and why a grant was given."""

from django.db.models import TextChoices


class Category(TextChoices):
    """The kinds of information about a child that are shared apart: the columns of the access matrix."""

    IDENTITY = "identity", "identity"
    CONTACT_ADDRESS = "contact_address", "contact and address"
    LEVEL = "level", "level"
    ASSESSMENT = "assessment", "risk assessment"
    VULNERABILITY = "vulnerability", "vulnerabilities"
    MISSING = "missing", "missing episodes"
    INTERVIEW = "interview", "return interviews"
    PLAN = "plan", "staying safe plan"
    SESSIONS = "sessions", "session notes"
    HEALTH_SENSITIVE = "health_sensitive", "sensitive health information"
    INTELLIGENCE = "intelligence", "police intelligence"
    PERSON_OF_CONCERN = "person_of_concern", "persons of concern"
    MINUTES = "minutes", "panel minutes"
    EVIDENCE_PLAN = "evidence_plan", "evidence recovery plan"
    FAMILY = "family", "family and household"
    ORIENTATION = "orientation", "orientation and gender"
    SHARING = "sharing", "agreement to share"
    WHO_LOOKED = "who_looked", "who looked"


class Cell(TextChoices):
    """What a role sees of a category: one cell of the access matrix."""

    FULL = "F", "Full"
    SUMMARY = "S", "Summary"
    EXISTENCE = "E", "Existence"
    OWN = "O", "Own entries"
    PANEL = "P", "While a panel grant runs"
    INSTRUCTIONS = "I", "Instructions only"
    AGGREGATES = "A", "Aggregates only"
    NONE = "N", "None"


class GrantReason(TextChoices):
    """The event that a grant came from, and ends with."""

    REFERRAL = "referral", "Referred the child"
    INVOLVEMENT = "involvement", "Works with the child"
    ALLOCATION = "allocation", "Allocated to this worker"
    FUNCTION = "function", "Does this job for the partnership"
    PANEL = "panel", "Panel listing"
    MISSING = "missing", "Looks for the missing child"
    SHARE = "share", "Shared by decision"
    BREAK_GLASS = "break_glass", "Emergency access"
    NAMED = "named", "Named on a restricted file"


# Reasons that come with work for the child. A share, a meeting and an emergency come with less; a name is looked at by
# itself.
WORKING_REASONS = (
    GrantReason.REFERRAL,
    GrantReason.INVOLVEMENT,
    GrantReason.ALLOCATION,
    GrantReason.FUNCTION,
)

CATEGORY_BITS: dict[str, int] = {category.value: 1 << index for index, category in enumerate(Category)}
ALL_CATEGORIES = sum(CATEGORY_BITS.values())

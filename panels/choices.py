"""The closed lists of panels, meetings, decisions and actions."""

from django.db.models import TextChoices


class Frequency(TextChoices):
    """How often a panel meets."""

    WEEKLY = "weekly", "Every week"
    FORTNIGHTLY = "fortnightly", "Every two weeks"
    MONTHLY = "monthly", "Every month"


class MeetingState(TextChoices):
    PLANNED = "planned", "Planned"
    PUBLISHED = "published", "Agenda published"
    OPEN = "open", "Meeting now"
    CLOSED = "closed", "Closed"


class ItemState(TextChoices):
    """Where a child's item stands on one meeting's agenda."""

    LISTED = "listed", "To discuss"
    DECIDED = "decided", "Decided"
    DEFERRED = "deferred", "Deferred"
    REMOVED = "removed", "Taken off"


class ReasonCode(TextChoices):
    """Why a child stands on an agenda."""

    NEW_LEVEL = "new_level", "New at medium or high"
    CARRIED_OVER = "carried_over", "Carried over"
    MISSING = "missing", "Repeatedly missing"
    REVIEW_DUE = "review_due", "Review due"
    PLACED_IN = "placed_in", "Placed in from another authority"
    LISTED = "listed", "Listed by an agency"


class AttendanceStatus(TextChoices):
    PRESENT = "present", "Present"
    DEPUTY = "deputy", "Deputy present"
    APOLOGIES_UPDATE = "apologies_update", "Apologies, with a written update"
    APOLOGIES = "apologies", "Apologies"
    ABSENT = "absent", "Absent"


class UpdateKind(TextChoices):
    """How an agency gives its information about a child to the meeting."""

    WRITTEN = "written", "In writing, here"
    VERBAL = "verbal", "By word of mouth at the meeting"
    NOTHING = "nothing", "We hold no information"


class DecisionCode(TextChoices):
    """What a panel can decide about a child (domain report D5)."""

    ACCEPT = "accept", "Accept: the panel follows this child"
    ACCEPT_INFORMATION = "accept_information", "Accept for information only"
    DECLINE_ADVICE = "decline_advice", "Decline, with advice"
    STRATEGY = "strategy", "Refer to a strategy discussion (section 47)"
    EARLY_HELP = "early_help", "Refer to early help"
    CONTINUE = "continue", "Continue the plan"
    STEP_UP = "step_up", "Step up"
    STEP_DOWN = "step_down", "Step down"
    TRANSFER = "transfer", "Transfer to another area or adult services"
    HOLD_MISSING = "hold_missing", "Put on hold while the child is missing"
    CLOSE = "close", "Close at the panel"
    PROFILE = "profile", "Add a person or place to be profiled"
    COMPLEX_ABUSE = "complex_abuse", "Call a complex or organised abuse meeting"


class ClosingCheck(TextChoices):
    """What only people can confirm before a panel closes a child's case (domain report D5)."""

    CHILD_TOLD = "child_told", "The child has been told, or somebody is named to tell them"
    CONTACT_AFTER = "contact_after", "Contact after closing is agreed"
    TWO_AGENCIES = "two_agencies", "At least two agencies agree to close"


class Priority(TextChoices):
    NORMAL = "normal", "Normal"
    HIGH = "high", "High"


class ActionStatus(TextChoices):
    OPEN = "open", "To do"
    IN_PROGRESS = "in_progress", "In progress"
    DONE = "done", "Done"
    NOT_ACHIEVED = "not_achieved", "Not achieved"
    WITHDRAWN = "withdrawn", "Withdrawn"

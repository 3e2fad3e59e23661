"""Kinds of alert, the clocks that run, and how their time is counted."""

from django.db.models import TextChoices


class AlertKind(TextChoices):
    """What an alert about an event is about, in words that name no child."""

    URGENT_NOTIFICATION = "urgent_notification", "An urgent notification is waiting"
    MATCH_QUESTION = "match_question", "A question is waiting for the data guardians"
    EMERGENCY_OPENED = "emergency_opened", "Somebody opened a file in an emergency"
    EMERGENCY_ON_FILE = "emergency_on_file", "Somebody opened a file that you look after in an emergency"
    RESTRICTION_LIFT = "restriction_lift", "Somebody asks you to agree that a file is no longer restricted"
    RESTRICTION_LIST = "restriction_list", "Somebody who was named on a restricted file has gone: look at who is left"
    CONFLICT_RECORDED = "conflict_recorded", "A conflict of interest has been recorded"
    CONFLICT_POSSIBLE = "conflict_possible", "Somebody may have a conflict of interest"
    CONFLICT_LIFT = "conflict_lift", "Somebody asks you to agree that a conflict of interest is lifted"
    EMERGENCY_JUDGED = "emergency_judged", "An emergency access of yours has been reviewed"
    LOOK_DIGEST = "look_digest", "The week's looks are worth a question"
    SHARE_RECEIVED = "share_received", "Something has been shared with you or your agency"
    SHARE_WITHDRAWN = "share_withdrawn", "What was shared with you in error has been withdrawn: destroy every copy"
    SHARED_IN_ERROR = "shared_in_error", "Information was shared in error"
    ACCESS_ASKED = "access_asked", "Somebody asks to see more of a file that you answer for"
    ACCESS_ANSWER = "access_answer", "Your request for access has been answered"
    WISH_AGAINST = "wish_against", "A child does not want something that is shared now: look at it again"


class ClockKind(TextChoices):
    """What must happen by a time. Each has a definition of the same key, which says by when and who is told."""

    NOTIFICATION_DECIDED = "notification_decided", "Decide a notification"
    URGENT_NOTIFICATION_DECIDED = "urgent_notification_decided", "Decide an urgent notification"
    INTERVIEW_HELD = "interview_held", "Hold the return interview"
    ACTION_DONE = "action_done", "Do what the panel asked"
    EMERGENCY_REVIEWED = "emergency_reviewed", "Review an emergency access"
    RESTRICTION_REVIEWED = "restriction_reviewed", "Review a restricted file"
    REVIEW_SIGNED = "review_signed", "Sign the access review"
    BREACH_ASSESSED = "breach_assessed", "Assess information shared in error"
    SHARING_REVIEWED = "sharing_reviewed", "Review a decision not to share"
    ACCESS_ANSWERED = "access_answered", "Answer a request for access"
    AGREEMENT_RENEWED = "agreement_renewed", "Renew the information-sharing agreement"


class ClockState(TextChoices):
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    CANCELLED = "cancelled", "No longer wanted"


class Measure(TextChoices):
    """How the time of a clock is counted."""

    ELAPSED_HOURS = "elapsed_hours", "Hours that pass, weekends and holidays among them"
    WORKING_DAYS = "working_days", "Working days"
    OWN_DATE = "own_date", "A day of its own"

"""Kinds of alert, the clocks that run, and how their time is counted."""

from django.db.models import TextChoices


class AlertKind(TextChoices):
    """What an alert about an event is about, in words that name no child."""

    URGENT_NOTIFICATION = "urgent_notification", "An urgent notification is waiting"
    MATCH_QUESTION = "match_question", "A question is waiting for the data guardians"
    LOOK_DIGEST = "look_digest", "The week's looks are worth a question"


class ClockKind(TextChoices):
    """What must happen by a time. Each has a definition of the same key, which says by when and who is told."""

    NOTIFICATION_DECIDED = "notification_decided", "Decide a notification"
    URGENT_NOTIFICATION_DECIDED = "urgent_notification_decided", "Decide an urgent notification"
    INTERVIEW_HELD = "interview_held", "Hold the return interview"
    ACTION_DONE = "action_done", "Do what the panel asked"


class ClockState(TextChoices):
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    CANCELLED = "cancelled", "No longer wanted"


class Measure(TextChoices):
    """How the time of a clock is counted."""

    ELAPSED_HOURS = "elapsed_hours", "Hours that pass, weekends and holidays among them"
    WORKING_DAYS = "working_days", "Working days"
    OWN_DATE = "own_date", "A day of its own"

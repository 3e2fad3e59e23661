"""The closed lists of reports."""

from django.db.models import TextChoices


class RunState(TextChoices):
    """Where the making of a report stands."""

    QUEUED = "queued", "Waiting"
    RUNNING = "running", "Being made"
    DONE = "done", "Ready"
    FAILED = "failed", "Not made"
    CANCELLED = "cancelled", "Cancelled"

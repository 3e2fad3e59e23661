"""Kinds of alert."""

from django.db.models import TextChoices


class AlertKind(TextChoices):
    """What an alert is about, in words that name no child."""

    URGENT_NOTIFICATION = "urgent_notification", "An urgent notification is waiting"
    MATCH_QUESTION = "match_question", "A question is waiting for the data guardians"

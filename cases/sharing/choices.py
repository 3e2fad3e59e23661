"""Kinds and outcomes of what people decide about access."""

from django.db.models import TextChoices


class EmergencyKind(TextChoices):
    """Why somebody could not wait for access to be given."""

    DANGER = "danger", "A child is in immediate danger"
    MISSING = "missing", "A child is missing"
    OUT_OF_HOURS = "out_of_hours", "It is outside office hours and nobody can be asked"
    OTHER = "other", "Something else"


class EmergencyVerdict(TextChoices):
    """What the data guardian found about an emergency access."""

    JUSTIFIED = "justified", "Justified"
    NOT_JUSTIFIED = "not_justified", "Not justified"
    AGENCY = "agency", "To be looked into by the agency"

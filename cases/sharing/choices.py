"""What a look may raise a question about, and what came of it."""

from django.db.models import TextChoices


class SignalKind(TextChoices):
    """Why a week's looks by one person are worth a question."""

    SAME_NAME = "same_name", "Opened the file of a child with their own family name"
    OWN_NAME = "own_name", "Searched for their own family name"
    MANY_IN_AN_HOUR = "many_in_an_hour", "Opened many files within an hour"
    OUTSIDE_CASELOAD = "outside_caseload", "Opened files of children they do not work with in person"
    OUT_OF_HOURS = "out_of_hours", "Opened files at night or at a weekend"


class SignalVerdict(TextChoices):
    """What a guardian made of a signal."""

    EXPLAINED = "explained", "Explained: it was their work"
    TO_AGENCY = "to_agency", "Passed to their agency to look into"
    BREACH = "breach", "A breach: reported"

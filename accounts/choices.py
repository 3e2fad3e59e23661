"""The closed lists of who works with children here and in what part of the system."""

from django.db.models import TextChoices


class Sector(TextChoices):
    """The part of the children's workforce that an agency belongs to."""

    SOCIAL_CARE = "social_care", "Children's social care"
    POLICE = "police", "Police"
    SPECIALIST = "specialist", "Specialist exploitation service"
    HEALTH = "health", "Health"
    EDUCATION = "education", "Education"
    YOUTH_JUSTICE = "youth_justice", "Youth justice"
    HOUSING = "housing", "Housing"
    VOLUNTARY = "voluntary", "Voluntary service"
    YOUTH_SERVICE = "youth_service", "Youth service"
    EARLY_HELP = "early_help", "Early help"
    ADULT_SERVICES = "adult_services", "Adult services"
    CARE_PROVIDER = "care_provider", "Children's home or carer"
    PARTNERSHIP = "partnership", "Safeguarding partnership"


class FunctionKey(TextChoices):
    """Groups of people from any agency who do one job together, and hold grants as that group."""

    NOTIFICATION_POINT = "notification_point", "Notification point"
    OUT_OF_HOURS = "out_of_hours", "Out-of-hours team"
    PANEL_OFFICE = "panel_office", "Panel chair and co-ordinator"
    DATA_GUARDIANS = "data_guardians", "Data guardians"


class AccessOutcome(TextChoices):
    ALLOWED = "allowed", "Allowed"
    REFUSED = "refused", "Refused"


class SubmissionStatus(TextChoices):
    RUNNING = "running", "Being done"
    DONE = "done", "Done"

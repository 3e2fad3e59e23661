"""Kinds and outcomes of what people decide about access, and of what looks raise a question about."""

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


class RestrictionKind(TextChoices):
    """Why a file is open to named people only."""

    STAFF_CHILD = "staff_child", "The child of a member of staff"
    SUSPECT_IN_AGENCY = "suspect_in_agency", "Somebody under suspicion works in an agency"
    LIVE_OPERATION = "live_operation", "A live police operation"
    OTHER = "other", "Something else"


class RestrictionStepKind(TextChoices):
    """What was decided about a restriction, one after the other."""

    PLACED = "placed", "Restricted"
    NAMED = "named", "Named"
    REMOVED = "removed", "Taken off the list"
    REVIEWED = "reviewed", "Reviewed, and kept"
    LIFT_ASKED = "lift_asked", "Asked to lift it"
    LIFT_DECLINED = "lift_declined", "Not lifted"
    LIFTED = "lifted", "Lifted"


class ConflictRelation(TextChoices):
    """How somebody who works here is linked to a child."""

    FAMILY = "family", "A relative or partner"
    FRIEND = "friend", "A friend or neighbour"
    PERSON_OF_CONCERN = "person_of_concern", "Linked to an adult who may harm the child"
    OTHER = "other", "Something else"


class ConflictSource(TextChoices):
    """How a conflict of interest became known."""

    DECLARED = "declared", "Declared by the person"
    PLACED = "placed", "Placed by a manager or data guardian"
    SUGGESTED = "suggested", "Confirmed by a data guardian"


class ConflictGround(TextChoices):
    """Why a conflict of interest is possible."""

    DECLARED = "declared", "They say that they know a child of this name"
    SAME_HOME = "same_home", "The same last name and postcode"
    SAME_TELEPHONE = "same_telephone", "The same telephone number"


class SignalKind(TextChoices):
    """Why a week's looks by one person are worth a question."""

    SAME_NAME = "same_name", "Opened the file of a child with their own family name"
    SAME_HOME = "same_home", "Opened the file of a child at their own postcode"
    OWN_NAME = "own_name", "Searched for their own family name"
    MANY_IN_AN_HOUR = "many_in_an_hour", "Opened many files within an hour"
    OUTSIDE_CASELOAD = "outside_caseload", "Opened files of children they do not work with in person"
    OUT_OF_HOURS = "out_of_hours", "Opened files at night or at a weekend"


class SignalVerdict(TextChoices):
    """What a guardian made of a signal."""

    EXPLAINED = "explained", "Explained: it was their work"
    TO_AGENCY = "to_agency", "Passed to their agency to look into"
    BREACH = "breach", "A breach: reported"

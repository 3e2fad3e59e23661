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
    NO_GUARDIAN = "no_guardian", "No data guardian is left"
    NOBODY_WORKS = "nobody_works", "Nobody but data guardians is left"


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
    SAME_CHILD = "same_child", "They are kept from another file of this name and birth date"


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


class SharingKind(TextChoices):
    """What was decided about sharing with somebody."""

    SHARED = "shared", "Shared"
    DECLINED = "declined", "Decided not to share"
    INVOLVED = "involved", "Brought in to work with the child"


class SharingPurpose(TextChoices):
    """What somebody needs the information for."""

    PROTECT = "protect", "To keep the child safe now"
    ASSESS = "assess", "To assess what the child needs"
    SUPPORT = "support", "To support the child or family"
    FIND = "find", "To find a missing child"
    INVESTIGATE = "investigate", "To prevent or investigate a crime"
    OTHER = "other", "Something else"


class LawfulBasis(TextChoices):
    """What allows the sharing. Agreement is seldom it: the sharing must be right whether or not anybody agrees."""

    PUBLIC_TASK = "public_task", "A public task: safeguarding a child"
    LEGAL_DUTY = "legal_duty", "A legal duty to share"
    VITAL = "vital", "To protect somebody’s life"
    LAW_ENFORCEMENT = "law_enforcement", "Police: a law enforcement purpose"
    AGREEMENT = "agreement", "The agreement of the child or a parent"


class Answer(TextChoices):
    """What the child, or a parent or carer, was told about one sharing, and said."""

    AGREES = "agrees", "Told, and agrees"
    REFUSES = "refuses", "Told, and does not agree"
    NO_ANSWER = "no_answer", "Told, and gave no answer"
    NOT_TOLD = "not_told", "Not told"


class WhyNotTold(TextChoices):
    """Why somebody was not told that information about them is shared."""

    RISK = "risk", "Telling them would put somebody at risk"
    INQUIRY = "inquiry", "It would get in the way of an investigation"
    URGENT = "urgent", "There was no time: they will be told"
    UNREACHABLE = "unreachable", "They could not be reached"
    UNABLE = "unable", "Too young or not able to understand it"
    CHILD_ASKED = "child_asked", "The child asked for that, and can decide it"
    NOBODY = "nobody", "There is nobody to tell"


class OverrideGround(TextChoices):
    """Why information is shared although the child or family does not want it."""

    SIGNIFICANT_HARM = "significant_harm", "The child suffers, or is likely to suffer, significant harm"
    CRIME = "crime", "To prevent or investigate a serious crime"
    OTHERS = "others", "Somebody else would come to serious harm"


class DeclineReason(TextChoices):
    """Why information is not shared."""

    NOT_NEEDED = "not_needed", "They do not need it for what they do"
    MORE_HARM = "more_harm", "Sharing it would harm the child more than not sharing it"
    WISHES = "wishes", "The child or family does not want it, and nothing outweighs that"
    NOT_RELIABLE = "not_reliable", "It is not reliable enough yet"
    NO_BASIS = "no_basis", "There is no lawful basis"


class SharingEnd(TextChoices):
    """How a decision about sharing came to its end before its day."""

    IN_ERROR = "in_error", "Withdrawn: shared in error"
    NOT_NEEDED = "not_needed", "Ended: no longer needed"
    DECIDED_AGAIN = "decided_again", "Decided again"


class RequestAnswer(TextChoices):
    """What somebody was answered who asked to see more of a file."""

    SHARED = "shared", "Shared"
    REFUSED = "refused", "Refused"


class WishKind(TextChoices):
    """What the child says about who may know."""

    FREE = "free", "May be shared with those who help"
    LIMITS = "limits", "May be shared, but not everything or not with everybody"
    NOT_WIDER = "not_wider", "Must not go any further"


class Understands(TextChoices):
    """Whether somebody judged that the child understands what sharing means, and can decide."""

    YES = "yes", "Yes"
    NO = "no", "No"
    NOT_JUDGED = "not_judged", "Nobody has judged it yet"


class BreachOutcome(TextChoices):
    """What a data guardian found about information that went where it should not."""

    REPORTED = "reported", "To be reported to the Information Commissioner"
    NOT_REPORTABLE = "not_reportable", "Not reportable: no risk to anybody’s rights is likely"

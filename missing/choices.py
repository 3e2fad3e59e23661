"""The closed lists of missing episodes and of return interviews."""

from django.db.models import TextChoices

from cases.access.choices import Category


class EpisodeKind(TextChoices):
    """What kind of absence it is. "Absent" and "away" are counted apart from missing (domain report C1)."""

    MISSING = "missing", "Missing"
    ABSENT = "absent", "Absent, no apparent risk"
    AWAY = "away", "Away from placement without permission"


class EpisodeState(TextChoices):
    OPEN = "open", "Not back yet"
    RETURNED = "returned", "Back"
    CLOSED = "closed", "Closed at 18, not back"


class Grade(TextChoices):
    """The police grade: the likelihood and gravity of harm (domain report C2)."""

    NO_APPARENT_RISK = "no_apparent_risk", "No apparent risk"
    LOW = "low", "Low"
    MEDIUM = "medium", "Medium"
    HIGH = "high", "High"


class PlaceKind(TextChoices):
    """The kind of place a child was missed from."""

    HOME = "home", "Home"
    FOSTER = "foster", "Foster home"
    RESIDENTIAL = "residential", "Children's home"
    SUPPORTED = "supported", "Supported accommodation"
    SCHOOL = "school", "School or college"
    HOSPITAL = "hospital", "Hospital"
    OTHER = "other", "Somewhere else"
    UNKNOWN = "unknown", "Not known"


class EpisodeFlag(TextChoices):
    """What whoever looks for the child must bear in mind from the start (domain report C4)."""

    SEXUAL_EXPLOITATION = "cse", "Sexual exploitation is known or feared"
    CRIMINAL_EXPLOITATION = "cce", "Criminal exploitation is known or feared"
    CHILD_PROTECTION = "child_protection", "Child protection plan"
    LOOKED_AFTER = "looked_after", "Looked after"
    UNACCOMPANIED = "unaccompanied", "Unaccompanied asylum-seeking child"
    DISABILITY = "disability", "Disability"
    SELF_HARM = "self_harm", "May harm themselves"
    PREGNANT = "pregnant", "Pregnant"


# A flag that tells sensitive health is for those who see that category; every other is part of the episode.
CATEGORY_OF_FLAG = {EpisodeFlag.PREGNANT.value: Category.HEALTH_SENSITIVE}


class ReturnMethod(TextChoices):
    ALONE = "alone", "Came back alone"
    POLICE = "police", "Found or brought back by police"
    CARER = "carer", "Fetched by a parent or carer"
    WORKER = "worker", "Brought back by another worker"
    OTHER = "other", "Another way"


class EpisodeStepKind(TextChoices):
    """What happened in an episode, as its own timeline keeps it."""

    REPORTED = "reported", "Reported"
    SIGHTING = "sighting", "Further report"
    KIND_CHANGED = "kind_changed", "Kind changed"
    CORRECTED = "corrected", "Time corrected"
    RISK_FOUND = "risk_found", "Evidence of risk: an interview is needed"
    RETURNED = "returned", "Back"
    CLOSED = "closed", "Closed at 18"


class EpisodeTime(TextChoices):
    """The times of an episode that can be corrected."""

    LAST_SEEN = "last_seen_at", "Last seen"
    NOTICED = "noticed_at", "Noticed to be missing"
    REPORTED = "reported_at", "Reported to police"
    RETURNED = "returned_at", "Back"


class CheckResult(TextChoices):
    """What the police check after a return found."""

    SAFE = "safe", "Safe, no harm found"
    CONCERN = "concern", "Concern: passed on for safeguarding"
    CRIME = "crime", "Victim of a crime"
    NOT_SEEN = "not_seen", "The child was not seen"


class InterviewState(TextChoices):
    """Where the offer of a return interview stands."""

    TO_OFFER = "to_offer", "To be offered"
    OFFERED = "offered", "Offered, no answer yet"
    ACCEPTED = "accepted", "Accepted, to be held"
    DECLINED = "declined", "Declined"
    NOT_ENGAGED = "not_engaged", "Not reached after attempts"
    NOT_NEEDED = "not_needed", "Not offered"
    HELD = "held", "Held, to be written up"
    WRITTEN_UP = "written_up", "Written up"


class InterviewStepKind(TextChoices):
    """What was done about an interview: the rows of its own history."""

    OFFERED = "offered", "Offered"
    ACCEPTED = "accepted", "Accepted by the child"
    DECLINED = "declined", "Declined by the child"
    CARER_SPOKE = "carer_spoke", "Parent or carer contributed"
    ATTEMPT = "attempt", "Attempt to reach the child"
    ALLOCATED = "allocated", "Interviewer named"
    NOT_ENGAGED = "not_engaged", "Ended: not reached after attempts"
    NOT_NEEDED = "not_needed", "Ended: not offered"
    HELD = "held", "Held"
    WRITTEN_UP = "written_up", "Written up"


class Outcome(TextChoices):
    """How an interview ended, as it is counted (domain report C3)."""

    ACCEPTED = "accepted", "Offered and held"
    DECLINED = "declined", "Offered and declined"
    DECLINED_CARER = "declined_carer", "Declined; parent or carer contributed"
    NOT_ENGAGED = "not_engaged", "Offered, not reached after attempts"
    NOT_OFFERED = "not_offered", "Not offered"
    COMBINED = "combined", "Held together with that of another episode"


class NotNeededReason(TextChoices):
    DECEASED = "deceased", "The child has died"
    MISSING_AGAIN = "missing_again", "Missing again; one interview will cover both"
    MOVED = "moved", "Moved out of the area; passed on"
    OTHER = "other", "Another reason"


class AttemptMethod(TextChoices):
    TELEPHONE = "telephone", "Telephone call"
    TEXT = "text", "Text or message"
    VISIT = "visit", "Visit"
    SCHOOL = "school", "At school"
    THROUGH_WORKER = "through_worker", "Through a worker the child knows"


class Venue(TextChoices):
    SCHOOL = "school", "School or college"
    HOME = "home", "Home or placement"
    NEUTRAL = "neutral", "A neutral place"
    TELEPHONE = "telephone", "By telephone or video"
    OTHER = "other", "Somewhere else"


class Agrees(TextChoices):
    """Whether the child agrees that something they said is shared."""

    YES = "yes", "Yes"
    NO = "no", "No"
    NOT_ASKED = "not_asked", "Not asked"


# What an interview says is written in parts, each in the category that decides who reads it.
FINDING_CATEGORIES: tuple[Category, ...] = (
    Category.INTERVIEW,
    Category.MISSING,
    Category.PERSON_OF_CONCERN,
    Category.HEALTH_SENSITIVE,
    Category.INTELLIGENCE,
    Category.FAMILY,
    Category.PLAN,
)
# Where the summary of a category can carry a sentence written for partners. The summary of missing episodes is
# times and places, and that of intelligence is graded by police, so an interviewer writes none there.
WITH_PARTNER_TEXT: tuple[Category, ...] = (
    Category.INTERVIEW,
    Category.PERSON_OF_CONCERN,
    Category.HEALTH_SENSITIVE,
    Category.FAMILY,
    Category.PLAN,
)
# For each category: heading, what to write in it, and what its sentence for partners is. Who reads it is the matrix's
# to say, in `missing.presenters.interviews.readers_rows`.
SECTIONS: dict[Category, tuple[str, str, str]] = {
    Category.INTERVIEW: (
        "What happened, in the child’s words",
        "Where they were, how they lived and travelled, what happened to them, how they came back, how they feel now.",
        "Safety points for partners",
    ),
    Category.MISSING: (
        "Why they go",
        "What pushes them from where they live, what pulls them away, what would stop it. No names of others.",
        "",
    ),
    Category.PERSON_OF_CONCERN: (
        "People, places and vehicles of concern",
        "Who they were with or afraid of. Say what the child said and what you think.",
        "What partners must do, without how it is known",
    ),
    Category.HEALTH_SENSITIVE: (
        "Sensitive health",
        "Substances, sexual health, self-harm, pregnancy.",
        "What others must know to keep the child safe",
    ),
    Category.INTELLIGENCE: (
        "Information for police",
        "What police should have as intelligence. They grade it.",
        "",
    ),
    Category.FAMILY: (
        "Family and home",
        "How things are at home or in the placement, and what the child says about it.",
        "Who is safe to contact",
    ),
    Category.PLAN: (
        "Staying safe",
        "What the child will do, and what others have promised.",
        "What the child would keep: safe people, what to do",
    ),
}

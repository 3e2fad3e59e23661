"""The closed lists of a child's file."""

from django.db.models import TextChoices


class Sex(TextChoices):
    FEMALE = "female", "Female"
    MALE = "male", "Male"
    INTERSEX = "intersex", "Intersex"
    UNKNOWN = "unknown", "Not known"


class Ethnicity(TextChoices):
    """The groups of the census, as children's services report them."""

    WHITE_BRITISH = "white_british", "White British"
    WHITE_IRISH = "white_irish", "White Irish"
    TRAVELLER = "traveller", "Traveller of Irish heritage"
    ROMA = "roma", "Gypsy or Roma"
    WHITE_OTHER = "white_other", "Any other White background"
    MIXED_CARIBBEAN = "mixed_caribbean", "White and Black Caribbean"
    MIXED_AFRICAN = "mixed_african", "White and Black African"
    MIXED_ASIAN = "mixed_asian", "White and Asian"
    MIXED_OTHER = "mixed_other", "Any other mixed background"
    INDIAN = "indian", "Indian"
    PAKISTANI = "pakistani", "Pakistani"
    BANGLADESHI = "bangladeshi", "Bangladeshi"
    CHINESE = "chinese", "Chinese"
    ASIAN_OTHER = "asian_other", "Any other Asian background"
    CARIBBEAN = "caribbean", "Black Caribbean"
    AFRICAN = "african", "Black African"
    BLACK_OTHER = "black_other", "Any other Black background"
    OTHER = "other", "Any other ethnic group"
    REFUSED = "refused", "Prefers not to say"
    UNKNOWN = "unknown", "Not known"


class Disability(TextChoices):
    NONE = "none", "No disability known"
    LEARNING = "learning", "Learning disability"
    AUTISM = "autism", "Autism"
    PHYSICAL = "physical", "Physical disability"
    SENSORY = "sensory", "Hearing or sight"
    MENTAL_HEALTH = "mental_health", "Long-term mental health condition"
    OTHER = "other", "Another disability"
    UNKNOWN = "unknown", "Not known"


class RiskLevel(TextChoices):
    """The level that people, not a score, have decided on."""

    NOT_ASSESSED = "not_assessed", "Not yet assessed"
    NONE_IDENTIFIED = "none_identified", "None identified"
    LOW = "low", "Low"
    MEDIUM = "medium", "Medium"
    HIGH = "high", "High"


class HarmStatus(TextChoices):
    """Whether harm is feared, suspected or known: never merged with the level."""

    NOT_KNOWN = "not_known", "Not yet known"
    VULNERABLE = "vulnerable", "Vulnerable, no sign of exploitation"
    SUSPECTED = "suspected", "Exploitation suspected"
    KNOWN = "known", "Exploitation known"


class Source(TextChoices):
    """How the author came to know what an entry says."""

    CHILD = "child", "The child"
    PARENT = "parent", "Parent or carer"
    OWN_OBSERVATION = "own", "Seen by the author"
    PROFESSIONAL = "professional", "Another practitioner"
    RECORD = "record", "A record"
    OTHER_PERSON = "other_person", "Another person"
    SYSTEM = "system", "Harbour"


class EntryKind(TextChoices):
    """What happened, on the child's timeline."""

    NOTIFICATION = "notification", "Notification"
    TRIAGE = "triage", "Triage decision"
    ASSESSMENT = "assessment", "Risk assessment"
    LEVEL = "level", "Level judged"
    INVOLVEMENT = "involvement", "Who works with the child"
    CONTACT = "contact", "Contact with the child"
    MEETING = "meeting", "Meeting"
    OBSERVATION = "observation", "Something seen or heard"
    HEALTH = "health", "Health"
    EDUCATION = "education", "Education"
    MISSING = "missing", "Missing"
    INTERVIEW = "interview", "Return interview"
    PANEL = "panel", "Panel decision"
    ACTION = "action", "Action"
    PLAN = "plan", "Plan"
    FAMILY = "family", "Family"
    INTELLIGENCE = "intelligence", "Intelligence"


class IdentifierKind(TextChoices):
    NHS_NUMBER = "nhs_number", "NHS number"
    UPN = "upn", "Unique pupil number"
    SOCIAL_CARE = "social_care", "Social care reference"
    POLICE = "police", "Police reference"
    OTHER = "other", "Other reference"


class AddressKind(TextChoices):
    HOME = "home", "Home"
    PLACEMENT = "placement", "Placement"
    REFUGE = "refuge", "Refuge"
    OTHER = "other", "Other"


class PlanStatus(TextChoices):
    NONE = "none", "No plan"
    EARLY_HELP = "early_help", "Early help"
    CHILD_IN_NEED = "child_in_need", "Child in need"
    CHILD_PROTECTION = "child_protection", "Child protection"
    LOOKED_AFTER = "looked_after", "Looked after"


class LegalStatus(TextChoices):
    NONE = "none", "No order"
    SECTION_20 = "section_20", "Accommodated by agreement (section 20)"
    INTERIM_CARE_ORDER = "interim_care_order", "Interim care order"
    CARE_ORDER = "care_order", "Full care order"
    SUPERVISION_ORDER = "supervision_order", "Supervision order"
    REMAND = "remand", "On remand"


class PlacementKind(TextChoices):
    PARENTS = "parents", "With parents"
    FAMILY = "family", "With family or friends"
    FOSTER = "foster", "Foster care"
    RESIDENTIAL = "residential", "Children's home"
    SUPPORTED = "supported", "Supported accommodation"
    HOSPITAL = "hospital", "Hospital"
    SECURE = "secure", "Secure setting"


class AuthorityKind(TextChoices):
    HOME = "home", "Home authority"
    PLACING = "placing", "Placing authority"
    HOST = "host", "Host authority"


class InvolvementRole(TextChoices):
    """What an agency or worker does for this child."""

    SOCIAL_WORKER = "social_worker", "Social worker"
    KEYWORKER = "keyworker", "Keyworker"
    RETURN_INTERVIEWER = "return_interviewer", "Return interviewer"
    POLICE_LEAD = "police_lead", "Police contact"
    HEALTH = "health", "Health worker"
    EDUCATION = "education", "School contact"
    EARLY_HELP = "early_help", "Early help worker"
    YOUTH_JUSTICE = "youth_justice", "Youth justice worker"
    HOUSING = "housing", "Housing contact"
    SUPPORT = "support", "Support worker"
    REFERRER = "referrer", "Agency that referred"


class SpellEnd(TextChoices):
    SAFER = "safer", "Risk has reduced and is safely managed"
    MOVED = "moved", "Moved to another area"
    ADULT = "adult", "Turned 18, passed to adult services"
    NOT_NEEDED = "not_needed", "Specialist work was not needed"
    DIED = "died", "The young person has died"

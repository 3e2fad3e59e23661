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
    INTERVIEW_TEAM = "interview_team", "Return interview team"
    SERVICE_MANAGERS = "service_managers", "Service managers"
    OPERATIONAL_PANEL = "operational_panel", "Operational Panel"


class AccessOutcome(TextChoices):
    ALLOWED = "allowed", "Allowed"
    REFUSED = "refused", "Refused"


class SubmissionStatus(TextChoices):
    RUNNING = "running", "Being done"
    DONE = "done", "Done"


class RoleKey(TextChoices):
    """The roles people hold: the rows of the access matrix, with the names people read."""

    CSC_SOCIAL_WORKER = "csc_social_worker", "Social worker"
    CSC_MANAGER = "csc_manager", "Social care manager"
    CSC_OUT_OF_HOURS = "csc_out_of_hours", "Out-of-hours social worker"
    POLICE_EXPLOITATION = "police_exploitation", "Exploitation officer"
    POLICE_MISSING = "police_missing", "Missing person co-ordinator"
    POLICE_OFFICER = "police_officer", "Police officer"
    SPECIALIST_KEYWORKER = "specialist_keyworker", "Keyworker"
    SPECIALIST_MANAGER = "specialist_manager", "Specialist service manager"
    RETURN_INTERVIEWER = "return_interviewer", "Return interviewer"
    HEALTH_SEXUAL_HEALTH = "health_sexual_health", "Sexual health nurse"
    HEALTH_CAMHS = "health_camhs", "CAMHS practitioner"
    HEALTH_SCHOOL_NURSE = "health_school_nurse", "School nurse"
    HEALTH_AE_GP = "health_ae_gp", "Emergency department or GP"
    HEALTH_TEENAGE_PREGNANCY = "health_teenage_pregnancy", "Teenage pregnancy worker"
    HEALTH_DRUG_ALCOHOL = "health_drug_alcohol", "Drug and alcohol worker"
    EDUCATION_DSL = "education_dsl", "Designated safeguarding lead"
    EDUCATION_WELFARE = "education_welfare", "Education welfare officer"
    YOUTH_JUSTICE = "youth_justice", "Youth justice worker"
    HOUSING = "housing", "Housing officer"
    VOLUNTARY_PARTNER = "voluntary_partner", "Voluntary service worker"
    YOUTH_SERVICE = "youth_service", "Youth worker"
    EARLY_HELP = "early_help", "Early help worker"
    ADULT_TRANSITIONS = "adult_transitions", "Transitions worker"
    CARER_OR_HOME = "carer_or_home", "Carer or children's home"
    NOTIFICATION_POINT = "notification_point", "Notification point"
    PANEL_CHAIR = "panel_chair", "Panel chair"
    COORDINATOR = "coordinator", "Exploitation co-ordinator"
    BOARD_ANALYST = "board_analyst", "Board analyst"
    DATA_GUARDIAN = "data_guardian", "Data guardian"
    TECHNICAL_ADMIN = "technical_admin", "Technical administrator"
    NOTIFICATION_ONLY = "notification_only", "Practitioner who refers"


class AccountEventKind(TextChoices):
    """What happens to somebody's account, as the people who look after accounts read it."""

    SECOND_FACTOR_SET = "second_factor_set", "Second step set up"
    CODES_RENEWED = "codes_renewed", "New recovery codes made"
    RECOVERY_CODE_USED = "recovery_code_used", "Signed in with a recovery code"
    SECOND_FACTOR_RESET = "second_factor_reset", "Second step reset"
    NEW_DEVICE = "new_device", "Signed in from a new device"
    INVITED = "invited", "Invited"
    SIGN_ON_LINKED = "sign_on_linked", "Linked to a single sign-on"
    LINK_SENT = "link_sent", "Sent a link to set a password"
    PASSWORD_SET = "password_set", "Password set"
    ROLE_ASKED = "role_asked", "Role asked for"
    ROLE_GIVEN = "role_given", "Role given"
    ROLE_REFUSED = "role_refused", "Role refused"
    ROLE_ENDED = "role_ended", "Role ended"
    LEFT = "left", "Left: everything ended"
    SUSPENDED = "suspended", "Suspended for want of use"
    LIFTED = "lifted", "Suspension lifted"
    REVIEWED = "reviewed", "Access reviewed"


class NoticeKind(TextChoices):
    """What a person is told about their own account, by e-mail and on the home page."""

    SECOND_FACTOR_SET = "second_factor_set", "Second step set up"
    CODES_RENEWED = "codes_renewed", "New recovery codes made"
    RECOVERY_CODE_USED = "recovery_code_used", "A recovery code was used"
    SECOND_FACTOR_RESET = "second_factor_reset", "Second step reset"
    NEW_DEVICE = "new_device", "Signed in from a new device"
    INVITED = "invited", "An invitation"
    INVITED_BY_CODE = "invited_by_code", "An invitation to sign in by a code"
    SIGN_ON_LINKED = "sign_on_linked", "Linked to a single sign-on"
    PASSWORD_LINK = "password_link", "A link to set a password"
    PASSWORD_SET = "password_set", "A password was set"
    ROLE_GIVEN = "role_given", "A role was given"
    TO_APPROVE = "to_approve", "A role waits for a second person"
    HANDED_OVER = "handed_over", "Somebody's work is to be handed over"
    GUARDIAN_MISSING = "guardian_missing", "A restricted file has no data guardian"
    SUSPEND_SOON = "suspend_soon", "An account will be suspended"
    SUSPENDED = "suspended", "An account is suspended"
    LIFTED = "lifted", "A suspension was lifted"
    REVIEW_OPENED = "review_opened", "An access review is to be signed"


class RoleDecision(TextChoices):
    """What a second person made of a role that was asked for."""

    GIVEN = "given", "Given"
    REFUSED = "refused", "Refused"


class ReviewAnswer(TextChoices):
    """What a manager says of somebody's access in a review."""

    KEEP = "keep", "Keep"
    END = "end", "End"


class PlaceEnding(TextChoices):
    """How somebody's being signed in at a place came to an end."""

    SIGNED_OUT = "signed_out", "Signed out"
    TIMED_OUT = "timed_out", "Not used for a while"
    BY_THEMSELVES = "by_themselves", "Ended from another place"
    RESET = "reset", "Second step set up or reset"
    CLOSED = "closed", "Account closed"

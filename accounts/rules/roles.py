"""The roles people hold at an agency: what each may do, never which children it may see.

A role opens capabilities; a grant opens a file; the matrix opens categories. Keys are the rows of the access
matrix and are stored with each membership.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from accounts.choices import RoleKey, Sector


class Capability(StrEnum):
    """Something a role may do, before any question of which child."""

    NOTIFY = "notify"
    TRIAGE = "triage"
    ANSWER_OUT_OF_HOURS = "answer_out_of_hours"
    READ_FILES = "read_files"
    WRITE_FILES = "write_files"
    ASSESS_RISK = "assess_risk"
    APPROVE_LEVEL = "approve_level"
    CHANGE_INVOLVEMENT = "change_involvement"
    REPORT_MISSING = "report_missing"
    GRADE_MISSING = "grade_missing"
    ALLOCATE_INTERVIEWS = "allocate_interviews"
    INTERVIEW = "interview"
    PREPARE_PANEL = "prepare_panel"
    CHAIR_PANEL = "chair_panel"
    REPORT = "report"
    KEEP_CALENDAR = "keep_calendar"
    BREAK_GLASS = "break_glass"
    OVERSEE_ACCESS = "oversee_access"
    GOVERN_ACCESS = "govern_access"
    AUDIT = "audit"
    ADMINISTER = "administer"
    SEE_PEOPLE = "see_people"
    REVIEW_ACCESS = "review_access"


PRACTICE = frozenset({Capability.NOTIFY, Capability.READ_FILES, Capability.WRITE_FILES})
ASSESSING = PRACTICE | {Capability.ASSESS_RISK, Capability.CHANGE_INVOLVEMENT}
LEADING = ASSESSING | {Capability.APPROVE_LEVEL}
# Who may say that a child is missing without having the file in hand.
LOOKING = frozenset({Capability.REPORT_MISSING})
POLICING = LOOKING | {Capability.GRADE_MISSING}
INTERVIEWING = LOOKING | {Capability.INTERVIEW}
# Who is on duty for a child in danger, and may open a file in an emergency.
ON_DUTY = frozenset({Capability.BREAK_GLASS})
# Who answers for the access of an agency's people, and of everybody.
OVERSEEING = frozenset({Capability.OVERSEE_ACCESS})


@dataclass(frozen=True)
class Role:
    """One row of the access matrix: its stable key, its name and what it may do."""

    key: str
    name: str
    description: str
    sector: Sector
    capabilities: frozenset[Capability]


def _role(key: RoleKey, description: str, sector: Sector, may: Iterable[Capability]) -> Role:
    return Role(key.value, key.label, description, sector, frozenset(may))


ROLES: dict[str, Role] = {
    role.key: role
    for role in (
        _role(
            RoleKey.CSC_SOCIAL_WORKER,
            "Holds cases in children's social care.",
            Sector.SOCIAL_CARE,
            ASSESSING | LOOKING | ON_DUTY,
        ),
        _role(
            RoleKey.CSC_MANAGER,
            "Supervises social workers and approves levels.",
            Sector.SOCIAL_CARE,
            LEADING
            | LOOKING
            | ON_DUTY
            | OVERSEEING
            | {Capability.ALLOCATE_INTERVIEWS, Capability.REPORT, Capability.REVIEW_ACCESS},
        ),
        _role(
            RoleKey.CSC_OUT_OF_HOURS,
            "Answers for children's social care at night and at weekends.",
            Sector.SOCIAL_CARE,
            ASSESSING | LOOKING | ON_DUTY | {Capability.ANSWER_OUT_OF_HOURS, Capability.TRIAGE},
        ),
        _role(
            RoleKey.POLICE_EXPLOITATION,
            "Investigates and disrupts exploitation.",
            Sector.POLICE,
            ASSESSING | POLICING | ON_DUTY,
        ),
        _role(RoleKey.POLICE_MISSING, "Follows every missing report.", Sector.POLICE, PRACTICE | POLICING | ON_DUTY),
        _role(
            RoleKey.POLICE_OFFICER,
            "Meets a child on shift and passes on what was seen.",
            Sector.POLICE,
            PRACTICE | POLICING,
        ),
        _role(
            RoleKey.SPECIALIST_KEYWORKER,
            "Works with the child week by week.",
            Sector.SPECIALIST,
            ASSESSING | INTERVIEWING,
        ),
        _role(
            RoleKey.SPECIALIST_MANAGER,
            "Allocates keyworkers, approves levels.",
            Sector.SPECIALIST,
            LEADING
            | INTERVIEWING
            | ON_DUTY
            | OVERSEEING
            | {Capability.ALLOCATE_INTERVIEWS, Capability.REPORT, Capability.REVIEW_ACCESS},
        ),
        _role(
            RoleKey.RETURN_INTERVIEWER,
            "Talks with a child who has come back.",
            Sector.SPECIALIST,
            PRACTICE | INTERVIEWING,
        ),
        _role(RoleKey.HEALTH_SEXUAL_HEALTH, "Sees young people in clinic.", Sector.HEALTH, PRACTICE),
        _role(RoleKey.HEALTH_CAMHS, "Child and adolescent mental health.", Sector.HEALTH, PRACTICE),
        _role(RoleKey.HEALTH_SCHOOL_NURSE, "Health worker for schools.", Sector.HEALTH, PRACTICE),
        _role(
            RoleKey.HEALTH_AE_GP,
            "Sees a child once and passes on a concern.",
            Sector.HEALTH,
            PRACTICE,
        ),
        _role(RoleKey.HEALTH_TEENAGE_PREGNANCY, "Supports young parents.", Sector.HEALTH, PRACTICE),
        _role(
            RoleKey.HEALTH_DRUG_ALCOHOL,
            "Young people's substance use service.",
            Sector.HEALTH,
            PRACTICE,
        ),
        _role(
            RoleKey.EDUCATION_DSL,
            "Leads safeguarding in a school.",
            Sector.EDUCATION,
            PRACTICE | {Capability.REVIEW_ACCESS},
        ),
        _role(
            RoleKey.EDUCATION_WELFARE,
            "Attendance and children out of school.",
            Sector.EDUCATION,
            PRACTICE,
        ),
        _role(
            RoleKey.YOUTH_JUSTICE,
            "Works with children in the justice system.",
            Sector.YOUTH_JUSTICE,
            PRACTICE,
        ),
        _role(RoleKey.HOUSING, "Provides homes and knows the estates.", Sector.HOUSING, PRACTICE),
        _role(
            RoleKey.VOLUNTARY_PARTNER,
            "Works for a charity in the partnership.",
            Sector.VOLUNTARY,
            PRACTICE,
        ),
        _role(RoleKey.YOUTH_SERVICE, "Youth clubs and detached youth work.", Sector.YOUTH_SERVICE, PRACTICE),
        _role(
            RoleKey.EARLY_HELP,
            "Supports families before social care is needed.",
            Sector.EARLY_HELP,
            PRACTICE,
        ),
        _role(
            RoleKey.ADULT_TRANSITIONS,
            "Joins before a young person turns 18.",
            Sector.ADULT_SERVICES,
            PRACTICE,
        ),
        _role(
            RoleKey.CARER_OR_HOME,
            "Looks after the child day and night.",
            Sector.CARE_PROVIDER,
            PRACTICE | LOOKING,
        ),
        _role(
            RoleKey.NOTIFICATION_POINT,
            "Turns each notification into a decision the same day.",
            Sector.PARTNERSHIP,
            ASSESSING | ON_DUTY | {Capability.TRIAGE},
        ),
        _role(
            RoleKey.PANEL_CHAIR,
            "Chairs the monthly panel.",
            Sector.PARTNERSHIP,
            ASSESSING
            | {
                Capability.PREPARE_PANEL,
                Capability.CHAIR_PANEL,
                Capability.REPORT,
                Capability.GOVERN_ACCESS,
                Capability.REVIEW_ACCESS,
            },
        ),
        _role(
            RoleKey.COORDINATOR,
            "Owns the panel lists and the quality of data.",
            Sector.PARTNERSHIP,
            ASSESSING
            | LOOKING
            | {
                Capability.ALLOCATE_INTERVIEWS,
                Capability.PREPARE_PANEL,
                Capability.REPORT,
                Capability.KEEP_CALENDAR,
                Capability.GOVERN_ACCESS,
            },
        ),
        _role(RoleKey.BOARD_ANALYST, "Works with totals, never with names.", Sector.PARTNERSHIP, {Capability.REPORT}),
        _role(
            RoleKey.DATA_GUARDIAN,
            "Proves who saw what and why.",
            Sector.PARTNERSHIP,
            OVERSEEING
            | {
                Capability.READ_FILES,
                Capability.AUDIT,
                Capability.GOVERN_ACCESS,
                Capability.SEE_PEOPLE,
                Capability.REVIEW_ACCESS,
            },
        ),
        _role(
            RoleKey.TECHNICAL_ADMIN,
            "Looks after accounts; sees no child.",
            Sector.PARTNERSHIP,
            {Capability.ADMINISTER, Capability.SEE_PEOPLE, Capability.KEEP_CALENDAR},
        ),
        _role(
            RoleKey.NOTIFICATION_ONLY,
            "Refers a child and sees what became of it.",
            Sector.EDUCATION,
            {Capability.NOTIFY},
        ),
    )
}

# What lets somebody reach a child's file, or say who may.
GRAVE = frozenset({Capability.READ_FILES, Capability.ADMINISTER, Capability.AUDIT})


def opens_files(role: str) -> bool:
    """Whether a role holds case access: a grant to somebody in it can open a child's file."""
    return Capability.READ_FILES in ROLES[role].capabilities


def needs_a_second_person(role: str) -> bool:
    """Whether a role is given by two people: one that opens files, gives accounts or reads who looked."""
    return bool(GRAVE & ROLES[role].capabilities)


def signs_in_by_code(roles: Iterable[str]) -> bool:
    """Whether a code sent to the work address is enough: for who does nothing but refer, in every role held."""
    held = list(roles)
    return bool(held) and all(ROLES[role].capabilities <= {Capability.NOTIFY} for role in held)

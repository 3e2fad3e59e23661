"""The roles people hold at an agency: what each may do, never which children it may see.

A role opens capabilities; a grant opens a file; the matrix opens categories. Keys are the rows of the access
matrix and are stored with each membership.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from accounts.choices import Sector


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
    AUDIT = "audit"
    ADMINISTER = "administer"


PRACTICE = frozenset({Capability.NOTIFY, Capability.READ_FILES, Capability.WRITE_FILES})
ASSESSING = PRACTICE | {Capability.ASSESS_RISK, Capability.CHANGE_INVOLVEMENT}
LEADING = ASSESSING | {Capability.APPROVE_LEVEL}


@dataclass(frozen=True)
class Role:
    """One row of the access matrix: its stable key, its name and what it may do."""

    key: str
    name: str
    description: str
    sector: Sector
    capabilities: frozenset[Capability]


def _role(key: str, name: str, description: str, sector: Sector, may: Iterable[Capability]) -> Role:
    return Role(key, name, description, sector, frozenset(may))


ROLES: dict[str, Role] = {
    role.key: role
    for role in (
        _role(
            "csc_social_worker",
            "Social worker",
            "Holds cases in children's social care.",
            Sector.SOCIAL_CARE,
            ASSESSING,
        ),
        _role(
            "csc_manager",
            "Social care manager",
            "Supervises social workers and approves levels.",
            Sector.SOCIAL_CARE,
            LEADING,
        ),
        _role(
            "csc_out_of_hours",
            "Out-of-hours social worker",
            "Answers for children's social care at night and at weekends.",
            Sector.SOCIAL_CARE,
            ASSESSING | {Capability.ANSWER_OUT_OF_HOURS, Capability.TRIAGE},
        ),
        _role(
            "police_exploitation",
            "Exploitation officer",
            "Investigates and disrupts exploitation.",
            Sector.POLICE,
            ASSESSING,
        ),
        _role(
            "police_missing", "Missing person co-ordinator", "Follows every missing report.", Sector.POLICE, PRACTICE
        ),
        _role(
            "police_officer",
            "Police officer",
            "Meets a child on shift and passes on what was seen.",
            Sector.POLICE,
            PRACTICE,
        ),
        _role("specialist_keyworker", "Keyworker", "Works with the child week by week.", Sector.SPECIALIST, ASSESSING),
        _role(
            "specialist_manager",
            "Specialist service manager",
            "Allocates keyworkers, approves levels.",
            Sector.SPECIALIST,
            LEADING,
        ),
        _role(
            "return_interviewer",
            "Return interviewer",
            "Talks with a child who has come back.",
            Sector.SPECIALIST,
            PRACTICE,
        ),
        _role("health_sexual_health", "Sexual health nurse", "Sees young people in clinic.", Sector.HEALTH, PRACTICE),
        _role("health_camhs", "CAMHS practitioner", "Child and adolescent mental health.", Sector.HEALTH, PRACTICE),
        _role("health_school_nurse", "School nurse", "Health worker for schools.", Sector.HEALTH, PRACTICE),
        _role(
            "health_ae_gp",
            "Emergency department or GP",
            "Sees a child once and passes on a concern.",
            Sector.HEALTH,
            PRACTICE,
        ),
        _role(
            "health_teenage_pregnancy", "Teenage pregnancy worker", "Supports young parents.", Sector.HEALTH, PRACTICE
        ),
        _role(
            "health_drug_alcohol",
            "Drug and alcohol worker",
            "Young people's substance use service.",
            Sector.HEALTH,
            PRACTICE,
        ),
        _role(
            "education_dsl",
            "Designated safeguarding lead",
            "Leads safeguarding in a school.",
            Sector.EDUCATION,
            PRACTICE,
        ),
        _role(
            "education_welfare",
            "Education welfare officer",
            "Attendance and children out of school.",
            Sector.EDUCATION,
            PRACTICE,
        ),
        _role(
            "youth_justice",
            "Youth justice worker",
            "Works with children in the justice system.",
            Sector.YOUTH_JUSTICE,
            PRACTICE,
        ),
        _role("housing", "Housing officer", "Provides homes and knows the estates.", Sector.HOUSING, PRACTICE),
        _role(
            "voluntary_partner",
            "Voluntary service worker",
            "Works for a charity in the partnership.",
            Sector.VOLUNTARY,
            PRACTICE,
        ),
        _role("youth_service", "Youth worker", "Youth clubs and detached youth work.", Sector.YOUTH_SERVICE, PRACTICE),
        _role(
            "early_help",
            "Early help worker",
            "Supports families before social care is needed.",
            Sector.EARLY_HELP,
            PRACTICE,
        ),
        _role(
            "adult_transitions",
            "Transitions worker",
            "Joins before a young person turns 18.",
            Sector.ADULT_SERVICES,
            PRACTICE,
        ),
        _role(
            "carer_or_home",
            "Carer or children's home",
            "Looks after the child day and night.",
            Sector.CARE_PROVIDER,
            PRACTICE,
        ),
        _role(
            "notification_point",
            "Notification point",
            "Turns each notification into a decision the same day.",
            Sector.PARTNERSHIP,
            ASSESSING | {Capability.TRIAGE},
        ),
        _role(
            "panel_chair", "Panel chair", "Chairs the monthly panel and approves levels.", Sector.PARTNERSHIP, LEADING
        ),
        _role(
            "coordinator",
            "Exploitation co-ordinator",
            "Owns the panel lists and the quality of data.",
            Sector.PARTNERSHIP,
            ASSESSING,
        ),
        _role("board_analyst", "Board analyst", "Works with totals, never with names.", Sector.PARTNERSHIP, ()),
        _role(
            "data_guardian",
            "Data guardian",
            "Proves who saw what and why.",
            Sector.PARTNERSHIP,
            {Capability.READ_FILES, Capability.AUDIT},
        ),
        _role(
            "technical_admin",
            "Technical administrator",
            "Looks after accounts; sees no child.",
            Sector.PARTNERSHIP,
            {Capability.ADMINISTER},
        ),
        _role(
            "notification_only",
            "Practitioner who refers",
            "Refers a child and sees what became of it.",
            Sector.EDUCATION,
            {Capability.NOTIFY},
        ),
    )
}


def role_for(key: str) -> Role:
    """The role a membership stores. Raises KeyError for a key that is no row of the matrix."""
    return ROLES[key]


def role_choices() -> list[tuple[str, str]]:
    """Stored keys with the names people read."""
    return [(role.key, role.name) for role in ROLES.values()]

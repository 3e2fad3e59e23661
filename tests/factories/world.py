"""A partnership of people and agencies with no child in it: one person for each role, and an outsider."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group

from accounts.choices import FunctionKey, Sector
from accounts.models import Agency, FunctionGroup, FunctionMember, Membership, User
from accounts.rules.viewers import Viewer
from accounts.selectors import viewer_of
from tests.factories.accounts import COVERED, PASSWORD, STARTED_ON, make_membership, make_user

AGENCIES: dict[str, tuple[str, Sector]] = {
    "social_care": ("Northmere Children's Social Care", Sector.SOCIAL_CARE),
    "police": ("Northmere Police", Sector.POLICE),
    "specialist": ("Lantern Exploitation Service", Sector.SPECIALIST),
    "health": ("Northmere Sexual Health", Sector.HEALTH),
    "camhs": ("Northmere CAMHS", Sector.HEALTH),
    "school_nursing": ("Northmere School Nursing", Sector.HEALTH),
    "emergency": ("Northmere Emergency Department", Sector.HEALTH),
    "young_parents": ("Northmere Young Parents", Sector.HEALTH),
    "substances": ("Compass Point Drug and Alcohol", Sector.HEALTH),
    "school": ("Hollybank School", Sector.EDUCATION),
    "education": ("Northmere Education Welfare", Sector.EDUCATION),
    "youth_justice": ("Northmere Youth Justice", Sector.YOUTH_JUSTICE),
    "housing": ("Northmere Homes", Sector.HOUSING),
    "charity": ("Harbourside Families", Sector.VOLUNTARY),
    "youth_service": ("Northmere Youth Service", Sector.YOUTH_SERVICE),
    "early_help": ("Northmere Early Help", Sector.EARLY_HELP),
    "adult_services": ("Northmere Adult Services", Sector.ADULT_SERVICES),
    "home": ("Willow House", Sector.CARE_PROVIDER),
    "partnership": ("Northmere Safeguarding Partnership", Sector.PARTNERSHIP),
    "far_charity": ("Southfell Young People's Trust", Sector.VOLUNTARY),
}


class Person(NamedTuple):
    """One person of the world: sign-in name, name, role, agency, functions."""

    username: str
    full_name: str
    role: str
    agency: str
    functions: tuple[FunctionKey, ...] = ()


PEOPLE: tuple[Person, ...] = (
    Person("teacher", "Tessa Marlow", "notification_only", "school"),
    Person("safeguarding_lead", "Samira Oyelaran", "education_dsl", "school"),
    Person("nurse", "Nia Prosser", "health_sexual_health", "health"),
    Person("camhs", "Callum Reyes", "health_camhs", "camhs"),
    Person("school_nurse", "Shreya Nandi", "health_school_nurse", "school_nursing"),
    Person("emergency_doctor", "Esther Lindqvist", "health_ae_gp", "emergency"),
    Person("pregnancy_worker", "Paula Teixeira", "health_teenage_pregnancy", "young_parents"),
    Person("drug_worker", "Dermot Kehoe", "health_drug_alcohol", "substances"),
    Person("officer", "Owen Castellan", "police_officer", "police"),
    Person("detective", "Delia Frobisher", "police_exploitation", "police"),
    Person("missing_coordinator", "Mabel Agyeman", "police_missing", "police"),
    Person("socialworker", "Sorrel Whitlock", "csc_social_worker", "social_care"),
    Person("social_care_manager", "Cerys Bannerman", "csc_manager", "social_care"),
    Person("out_of_hours", "Omar Galbraith", "csc_out_of_hours", "social_care", (FunctionKey.OUT_OF_HOURS,)),
    Person("keyworker", "Kezia Thorne", "specialist_keyworker", "specialist"),
    Person("manager", "Miriam Aldous", "specialist_manager", "specialist"),
    Person("interviewer", "Ivo Pemberton", "return_interviewer", "specialist"),
    Person("welfare_officer", "Wilma Hargreave", "education_welfare", "education"),
    Person("youth_justice_worker", "Yusuf Radcliffe", "youth_justice", "youth_justice"),
    Person("housing", "Hetty Broadbent", "housing", "housing"),
    Person("charity_worker", "Chidi Lascelles", "voluntary_partner", "charity"),
    Person("youth_worker", "Una Fairbairn", "youth_service", "youth_service"),
    Person("early_help_worker", "Edith Morrow", "early_help", "early_help"),
    Person("transitions_worker", "Tobias Quayle", "adult_transitions", "adult_services"),
    Person("carer", "Carys Llewellyn", "carer_or_home", "home"),
    Person("triage", "Thea Okonjo", "notification_point", "partnership", (FunctionKey.NOTIFICATION_POINT,)),
    Person("chair", "Charles Ingleby", "panel_chair", "partnership", (FunctionKey.PANEL_OFFICE,)),
    Person("coordinator", "Coral Devereux", "coordinator", "partnership", (FunctionKey.PANEL_OFFICE,)),
    Person("analyst", "Anders Blackwood", "board_analyst", "partnership"),
    Person("guardian", "Gwen Sotheby", "data_guardian", "partnership", (FunctionKey.DATA_GUARDIANS,)),
    Person("admin", "Ada Northcote", "technical_admin", "partnership"),
    Person("outsider", "Oriel Stanhope", "voluntary_partner", "far_charity"),
)


@dataclass
class World:
    """What `make_world` made, by the short names of the tables above."""

    agencies: dict[str, Agency] = field(default_factory=dict)
    functions: dict[str, FunctionGroup] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)
    memberships: dict[str, Membership] = field(default_factory=dict)

    def user(self, person: str) -> User:
        """A person by sign-in name, or by role where no sign-in name matches."""
        return self.users[self._username(person)]

    def membership(self, person: str) -> Membership:
        return self.memberships[self._username(person)]

    def agency(self, key: str) -> Agency:
        """An agency by its short name."""
        return self.agencies[key]

    def viewer(self, person: str) -> Viewer:
        """The person as a viewer under their one membership."""
        return viewer_of(self.membership(person))

    def add_colleague(self, person: str, username: str, full_name: str) -> Membership:
        """One more person in the role and at the agency of another, found by their sign-in name from then on."""
        beside = self.membership(person)
        self.users[username] = make_user(username, full_name=full_name)
        self.memberships[username] = make_membership(self.users[username], beside.agency, role=beside.role)
        return self.memberships[username]

    def _username(self, person: str) -> str:
        if person in self.users:
            return person
        return next(row.username for row in PEOPLE if row.role == person)


@cache
def _hashed() -> str:
    return make_password(PASSWORD)


def make_world() -> World:
    """Write the tables above in a handful of statements."""
    world = World()
    names = {key: name for key, (name, _) in AGENCIES.items()} | {key.value: f"function: {key}" for key in FunctionKey}
    groups = dict(zip(names, Group.objects.bulk_create(Group(name=name) for name in names.values()), strict=True))
    agencies = Agency.objects.bulk_create(
        Agency(
            name=name,
            sector=sector,
            group=groups[key],
            telephone="01632 960 101",
            withheld_contact="the duty desk",
            covered=COVERED,
        )
        for key, (name, sector) in AGENCIES.items()
    )
    world.agencies = dict(zip(AGENCIES, agencies, strict=True))
    functions = FunctionGroup.objects.bulk_create(
        FunctionGroup(key=key, group=groups[key.value]) for key in FunctionKey
    )
    world.functions = {function.key: function for function in functions}
    users = User.objects.bulk_create(
        User(
            username=person.username,
            full_name=person.full_name,
            email=f"{person.username}@harbour.example",
            password=_hashed(),
        )
        for person in PEOPLE
    )
    world.users = {user.username: user for user in users}
    memberships = Membership.objects.bulk_create(
        Membership(
            user=world.users[person.username],
            agency=world.agencies[person.agency],
            role=person.role,
            started_on=STARTED_ON,
        )
        for person in PEOPLE
    )
    world.memberships = {person.username: row for person, row in zip(PEOPLE, memberships, strict=True)}
    FunctionMember.objects.bulk_create(
        FunctionMember(membership=world.memberships[person.username], function=world.functions[key])
        for person in PEOPLE
        for key in person.functions
    )
    return world

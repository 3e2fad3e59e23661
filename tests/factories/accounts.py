"""Agencies and people, the smallest valid row of each."""

from __future__ import annotations

import itertools
from datetime import date

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.db.backends.postgresql.psycopg_any import DateRange

from accounts.choices import FunctionKey, Sector
from accounts.models import Agency, FunctionGroup, FunctionMember, Membership, User
from accounts.rules.viewers import Viewer
from accounts.selectors import viewer_of

PASSWORD = "correct horse battery staple"
STARTED_ON = date(2020, 1, 1)
_numbers = itertools.count(1)


# Every agency of the tests has signed an agreement that never ends, but for those of a test about agreements.
COVERED = [DateRange(date(2000, 1, 1), None)]


def make_agency(name: str = "", *, sector: str = Sector.VOLUNTARY, covered: bool = True) -> Agency:
    name = name or f"Agency {next(_numbers)}"
    group = Group.objects.create(name=name)
    return Agency.objects.create(name=name, sector=sector, group=group, covered=COVERED if covered else [])


def make_function(key: str = FunctionKey.NOTIFICATION_POINT) -> FunctionGroup:
    found = FunctionGroup.objects.filter(key=key).first()
    return found or FunctionGroup.objects.create(key=key, group=Group.objects.create(name=f"function: {key}"))


def make_user(username: str = "", *, full_name: str = "", password: str = PASSWORD) -> User:
    username = username or f"person{next(_numbers)}"
    return User.objects.create(
        username=username,
        full_name=full_name or username.capitalize(),
        email=f"{username}@harbour.example",
        password=make_password(password),
    )


def make_membership(
    user: User | None = None,
    agency: Agency | None = None,
    *,
    role: str = "voluntary_partner",
    functions: tuple[str, ...] = (),
    started_on: date = STARTED_ON,
    ended_on: date | None = None,
) -> Membership:
    membership = Membership.objects.create(
        user=user or make_user(), agency=agency or make_agency(), role=role, started_on=started_on, ended_on=ended_on
    )
    for key in functions:
        FunctionMember.objects.create(membership=membership, function=make_function(key))
    return membership


def make_viewer(
    agency: Agency | None = None, *, role: str = "voluntary_partner", functions: tuple[str, ...] = ()
) -> Viewer:
    """The viewer of a new person with one membership."""
    return viewer_of(make_membership(agency=agency, role=role, functions=functions))

"""The people who sign in, what they may use to do so, and the viewers they become."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from django.contrib.auth.hashers import PBKDF2PasswordHasher, get_hasher, make_password
from django.utils.crypto import get_random_string

from accounts.models import Agency, FunctionGroup, FunctionMember, Membership, User
from accounts.rules.roles import ROLES, Capability
from accounts.rules.viewers import Viewer
from accounts.selectors import viewer_of
from config.demo.texts import words
from config.demo.times import on_day

# The passwords stand in a file for everybody to read, so their first hash may be quick; signing in renews it.
QUICK_ITERATIONS = 20_000


@dataclass
class World:
    """The partnership as the demo has written it: agencies, functions, memberships and viewers by short name."""

    agencies: dict[str, Agency]
    functions: dict[str, FunctionGroup]
    members: dict[str, Membership] = field(default_factory=dict)
    viewers: dict[str, Viewer] = field(default_factory=dict)

    def at(self, agency: str, *, role: str = "") -> list[str]:
        """Usernames of those who work at an agency today, of one role where one is given."""
        key = self.agencies[agency].pk
        return [
            name
            for name, member in self.members.items()
            if member.agency_id == key and member.ended_on is None and (not role or member.role == role)
        ]

    def who_may(self, capability: Capability) -> list[str]:
        """Usernames of those whose role opens a capability."""
        return [name for name, viewer in self.viewers.items() if viewer.may(capability)]

    def agency_of(self, username: str) -> Agency:
        return self.members[username].agency


def make_people(*, agencies: dict[str, Agency], functions: dict[str, FunctionGroup], today: date) -> World:
    """Write the forty-five users with their memberships and the functions they serve in."""
    world = World(agencies, functions)
    for number, row in enumerate(words("people")["people"]):
        started_on = today - timedelta(days=700 + 13 * number)
        user = User.objects.create(
            date_joined=on_day(started_on, 9),
            username=row["username"],
            full_name=row["name"],
            job_title=row["job"],
            email=f"{row['username']}@harbour.example",
            telephone=f"07700 900{100 + number}",
            password=_hash(password_of(row["username"])),
        )
        ended_on = today - timedelta(days=row["left_days_ago"]) if "left_days_ago" in row else None
        member = _join(user, agencies[row["agency"]], row["role"], started_on, ended_on)
        for key in row.get("functions", ()):
            FunctionMember.objects.create(membership=member, function=functions[key])
        if "second_agency" in row:
            _join(user, agencies[row["second_agency"]], row["second_role"], today - timedelta(days=240), None)
        world.members[user.username] = member
        world.viewers[user.username] = viewer_of(member)
    return world


def password_of(username: str) -> str:
    """The demo password of a user: long enough for the rules, and easy to read out."""
    return f"harbour-{username.replace('.', '-')}-2026"


def write_users_file(*, world: World, path: Path) -> None:
    """Write who may sign in, with what and to try what, where only this machine's user can read it."""
    tries = {row["username"]: row.get("try", "") for row in words("people")["people"]}
    keys = second_step_keys()
    rows = [
        {
            "username": username,
            "password": password_of(username),
            "role": ROLES[member.role].name,
            "agency": member.agency.name,
            "try": tries[username],
            **({"second_step_key": keys[username]} if keys[username] else {}),
        }
        for username, member in world.members.items()
        if member.ended_on is None
    ]
    rows.sort(key=lambda row: not row["try"])
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump(rows, file, indent=2, ensure_ascii=False)
        file.write("\n")


def second_step_keys() -> dict[str, str]:
    """By username the key that an authenticator app takes on; empty for those who sign in with a password alone."""
    return {row["username"]: row.get("second_step_key", "") for row in words("people")["people"]}


def _hash(password: str) -> str:
    hasher = get_hasher()
    if isinstance(hasher, PBKDF2PasswordHasher):
        return hasher.encode(password, get_random_string(22), iterations=QUICK_ITERATIONS)
    return make_password(password)


def _join(user: User, agency: Agency, role: str, started_on: date, ended_on: date | None) -> Membership:
    return Membership.objects.create(user=user, agency=agency, role=role, started_on=started_on, ended_on=ended_on)

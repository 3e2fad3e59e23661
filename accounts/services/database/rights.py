"""The classes of rights that a table can have. A table that no app has declared is closed to the serving role."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Rights:
    """What the serving role may do with one table, and what nobody may.

    `change` names the columns that may be updated (`*`: each but those in `fixed`). `immutable` rows are never
    updated or deleted by anybody, the owner included. `settles` maps a column to those that stay as they are
    from the moment it is filled: an ended grant stays ended, an answer given stays given.
    """

    read: bool = True
    add: bool = False
    change: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()
    delete: bool = False
    immutable: bool = False
    settles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def columns_to_change(self, columns: list[str]) -> list[str]:
        """The columns of a table that may be updated, out of all that can be."""
        if self.change == ("*",):
            return [column for column in columns if column not in self.fixed]
        return [column for column in columns if column in self.change]


NOTHING = Rights(read=False)
READ = Rights()
ADD = Rights(add=True, immutable=True)
WORK = Rights(add=True, change=("*",), delete=True)

DECLARED: dict[str, Rights] = {}
# What an app keeps up in the database by triggers of its own, by the table that they stand on.
TRIGGERS: dict[str, tuple[str, ...]] = {}


def add_and_change(
    *columns: str, but: tuple[str, ...] = (), settles: Mapping[str, tuple[str, ...]] | None = None
) -> Rights:
    """Rows may be added, and some columns changed (each but those in `but`, where none is named); none is deleted."""
    return Rights(add=True, change=columns or ("*",), fixed=("id", *but), settles=settles or {})


def declare_rights(tables: Mapping[str, Rights]) -> None:
    """Say in `ready()` what the serving role may do with an app's tables. Raises ValueError for a second word."""
    for table, rights in tables.items():
        if DECLARED.get(table, rights) != rights:
            raise ValueError(f"Two apps declare different rights on {table}")
        DECLARED[table] = rights


def declare_triggers(table: str, *statements: str) -> None:
    """Say in `ready()` which functions and triggers a table has; each statement may be run again, as the owner."""
    TRIGGERS[table] = statements


# Tables of Django and its libraries.
declare_rights(
    {
        # Of the library's own accounts nothing is used: people, addresses and sign-in are ours.
        "account_emailaddress": READ,
        "account_emailconfirmation": NOTHING,
        "auth_group": Rights(add=True),
        "auth_group_permissions": NOTHING,
        "auth_permission": READ,
        "axes_accessattempt": WORK,
        "axes_accessattemptexpiration": WORK,
        "axes_accessfailurelog": WORK,
        "axes_accesslog": WORK,
        "django_content_type": READ,
        "django_migrations": READ,
        "django_session": WORK,
        "guardian_groupobjectpermission": NOTHING,
        "guardian_userobjectpermission": NOTHING,
        "mfa_authenticator": WORK,
        "pghistory_context": NOTHING,
        # A link to a provider is made and taken away, never changed. Providers and their tokens are kept in no table:
        # the library deletes those of a link, of which there are none.
        "socialaccount_socialaccount": Rights(add=True, delete=True),
        "socialaccount_socialapp": NOTHING,
        "socialaccount_socialtoken": Rights(delete=True),
    }
)

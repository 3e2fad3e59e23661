"""Who works where, under which role, today."""

from dataclasses import replace
from datetime import date
from uuid import UUID

from django.contrib.auth.models import Group
from django.contrib.postgres.fields import ArrayField
from django.db.models import IntegerField, TextField
from django.utils import timezone

from accounts.choices import FunctionKey
from accounts.models import Agency, FunctionGroup, Membership, User
from accounts.rules.agreements import is_covered, last_day
from accounts.rules.viewers import Viewer
from accounts.selectors.kept import kept
from accounts.selectors.written import Written

_SERVED = """
    FROM accounts_functionmember serving JOIN accounts_functiongroup served ON served.id = serving.function_id
    WHERE serving.membership_id = {membership} AND (serving.ended_on IS NULL OR serving.ended_on > %(on)s)
"""


class ServedKeys(Written):
    """The keys of the functions in which a membership serves on a day."""

    words = f"ARRAY(SELECT served.key {_SERVED})"
    needs = ("membership",)
    output_field = ArrayField(TextField())


class ServedGroups(Written):
    """The groups of the functions in which a membership serves on a day."""

    words = f"ARRAY(SELECT served.group_id {_SERVED})"
    needs = ("membership",)
    output_field = ArrayField(IntegerField())


def current_memberships(user: User, *, on: date | None = None) -> list[Membership]:
    """The memberships a person may act under on a date (today by default), by agency and role."""
    on = on or timezone.localdate()
    return list(
        Membership.objects.current(on)
        .filter(user=user, agency__ended_on=None)
        .select_related("agency")
        .annotate(function_keys=ServedKeys("pk", on=on), function_group_ids=ServedGroups("pk", on=on))
        .order_by("agency__name", "role")
    )


def viewer_of(membership: Membership) -> Viewer:
    """The viewer that a membership makes of its user."""
    keys, group_ids = getattr(membership, "function_keys", None), getattr(membership, "function_group_ids", ())
    if keys is None:
        rows = membership.functionmember_set.current(timezone.localdate()).select_related("function")
        functions = [row.function for row in rows]
        keys, group_ids = [row.key for row in functions], [row.group_id for row in functions]
    today = timezone.localdate()
    return Viewer(
        user_id=membership.user_id,
        name=str(membership.user),
        membership_id=membership.pk,
        agency_id=membership.agency_id,
        agency_name=membership.agency.name,
        agency_group_id=membership.agency.group_id,
        covered=is_covered(membership.agency.covered, today),
        covered_until=last_day(membership.agency.covered, today),
        sector=membership.agency.sector,
        role_key=membership.role,
        function_group_ids=tuple(sorted(group_ids)),
        functions=frozenset(keys),
    )


def viewer_for(user: User, *, membership_id: str | None = None) -> Viewer:
    """The viewer for a signed-in person: under the chosen membership if it is current, else the first current one.

    A person without a current membership is a viewer without one: signed in, and seeing nothing.
    """
    memberships = current_memberships(user)
    for membership in memberships:
        membership.user = user
        if str(membership.pk) == membership_id:
            return replace(viewer_of(membership), may_switch=len(memberships) > 1)
    if memberships:
        return replace(viewer_of(memberships[0]), may_switch=len(memberships) > 1)
    return Viewer(user_id=user.pk, name=str(user))


@kept
def function_group(function: FunctionKey) -> Group:
    """The group to which a function's access is given."""
    return FunctionGroup.objects.select_related("group").get(key=function).group


def agencies_by_sector(sectors: list[str] | None = None) -> list[Agency]:
    """Agencies that still exist, by name; of the given sectors where there are any."""
    agencies = Agency.objects.filter(ended_on=None).order_by("name")
    return list(agencies.filter(sector__in=sectors) if sectors else agencies)


def people_at(agency_id: UUID, *, roles: list[str] | None = None) -> list[Membership]:
    """The people who work at an agency now, by name; of the given roles where there are any. Its systems are none."""
    members = Membership.objects.current(timezone.localdate()).filter(agency_id=agency_id, user__is_service=False)
    if roles:
        members = members.filter(role__in=roles)
    return list(members.select_related("user", "agency").order_by("user__full_name"))


def person_signing_in(user_id: int) -> User | None:
    """Somebody between the password and the code, who may sign in still."""
    return User.objects.filter(pk=user_id, is_active=True, is_service=False).first()

"""The family names of people and of files as they are compared. Read as the system, which asks guardians about them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from uuid import UUID

from accounts.models import User
from cases.record.models import Alias, Child
from cases.sharing.rules.family import family_names_in, names_on_file


def names_on_files(files: Collection[UUID]) -> dict[UUID, frozenset[str]]:
    """The family names of the children of some files, their other names among them."""
    others: dict[UUID, list[str]] = defaultdict(list)
    for child_id, name in Alias.objects.filter(child__in=files).values_list("child_id", "name"):
        others[child_id].append(name)
    rows = Child.objects.filter(pk__in=files).values_list("pk", "given_name", "family_name")
    return {pk: names_on_file(given, family, others[pk]) for pk, given, family in rows}


def names_of_people(people: Collection[int]) -> dict[int, frozenset[str]]:
    """The family names of some members of staff, from the name by which they are listed."""
    rows = User.objects.filter(pk__in=people).values_list("pk", "full_name")
    return {pk: family_names_in(name) for pk, name in rows}

"""Opening a file, and what is known of who the child is."""

from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.rules.viewers import Viewer
from cases.access import services as access
from cases.access.choices import Category
from cases.record.choices import Disability, Ethnicity, Sex
from cases.record.models import Child, Spell
from cases.record.services.writing import bump_version, provenance


class FileOpened(Protocol):
    """What else follows when a file is opened."""

    def __call__(self, *, child_id: UUID, at: datetime) -> None: ...


# Filled by `register_file_opened`; each is called in the transaction that opens the file.
_FILE_OPENED: list[FileOpened] = []


def register_file_opened(follows: FileOpened) -> None:
    """Say in `ready()` what follows when a file is opened."""
    if follows not in _FILE_OPENED:
        _FILE_OPENED.append(follows)


@dataclass(frozen=True)
class Identity:
    """Who a child is, as far as it is known when a file is opened."""

    given_name: str
    family_name: str
    preferred_name: str = ""
    birth_date: date | None = None
    birth_date_estimated: bool = False
    sex: Sex = Sex.UNKNOWN
    ethnicity: Ethnicity = Ethnicity.UNKNOWN
    disability: Disability = Disability.UNKNOWN
    first_language: str = ""


@transaction.atomic
def open_child_file(*, identity: Identity, at: datetime, by: Viewer) -> Child:
    """Open a file for a child who has none, with a first spell of casework on it."""
    child = Child.objects.create(
        given_name=identity.given_name,
        family_name=identity.family_name,
        preferred_name=identity.preferred_name,
        birth_date=identity.birth_date,
        birth_date_estimated=identity.birth_date_estimated,
        sex=identity.sex,
        ethnicity=identity.ethnicity,
        disability=identity.disability,
        first_language=identity.first_language,
        opened_at=at,
    )
    start_spell(child=child, at=at, by=by)
    for follows in _FILE_OPENED:
        follows(child_id=child.pk, at=at)
    return child


def start_spell(*, child: Child, at: datetime, by: Viewer) -> Spell:
    """Open casework on a file; where it is open already, that spell goes on."""
    spell, started = Spell.objects.get_or_create(
        child=child,
        ended_on=None,
        defaults={"started_on": timezone.localdate(at), "recorded_at": at, **provenance(by, Category.IDENTITY)},
    )
    if started:
        access.record_activity(child_id=child.pk, category=Category.IDENTITY, at=at)
    return spell


@transaction.atomic
def change_identity(*, child: Child, identity: Identity, version: int, at: datetime, by: Viewer) -> None:
    """Correct or complete what is known of who the child is.

    Raises Stale where the file was saved after `version`, so that nobody's correction is written over.
    """
    bump_version(child=child, version=version)
    Child.objects.filter(pk=child.pk).update(**asdict(identity))
    access.record_activity(child_id=child.pk, category=Category.IDENTITY, at=at)


@transaction.atomic
def agree_safe_contact(*, child: Child, words: str, version: int, at: datetime, by: Viewer) -> None:
    """Write down the way and the hours in which the child can be reached without danger to them.

    Raises Stale where the file was saved after `version`.
    """
    bump_version(child=child, version=version)
    Child.objects.filter(pk=child.pk).update(safe_contact=words)
    access.record_activity(child_id=child.pk, category=Category.CONTACT_ADDRESS, at=at)

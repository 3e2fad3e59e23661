"""Which file a report belongs to by exact identity, and which files may be the same child's.

Asked for the system: who reports is shown what `likely_for` lets them know of, and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import Value
from django.db.models.functions import Concat

from accounts.rules.dates import in_london
from accounts.rules.viewers import SystemPrincipal, Viewer, system_viewer
from cases.access.choices import Category
from cases.access.rules import Level, category_level
from cases.access.selectors import facts_of, matrix_in_force
from cases.record.choices import IdentifierKind
from cases.record.models import Child, Identifier, NormalisedName
from cases.record.rules import tidy_identifier
from cases.record.rules.matching import Known
from cases.record.selectors.matching import Found, likely_files, parted_for

# Numbers that are one child's and nobody else's.
OWN_NUMBERS = (IdentifierKind.NHS_NUMBER, IdentifierKind.POLICE, IdentifierKind.SOCIAL_CARE)


@dataclass(frozen=True)
class ReportedChild:
    """Who is missing, as somebody without the file in hand can say; `numbers` are pairs of kind and value."""

    given_name: str
    family_name: str
    birth_date: date | None = None
    sex: str = "unknown"
    numbers: tuple[tuple[str, str], ...] = ()


def exact_file(reported: ReportedChild, *, at: datetime) -> Child | None:
    """The one file with the same number, or else with the same normalised names and birth date.

    None where there is none, and where more than one file fits: joining the wrong child is worse than a second file,
    which triage can see beside the first. A merged file answers with the one that lives on.
    """
    files = Child.objects.visible_to(system_viewer(SystemPrincipal.MATCHING), at=at)
    held = Identifier.objects.filter(kind__in=OWN_NUMBERS)
    by_number: set[UUID] = set()
    for kind, value in reported.numbers:
        by_number.update(held.filter(kind=kind, value=tidy_identifier(value)).values_list("child_id", flat=True))
    if by_number:
        return _only(files.filter(pk__in=by_number).select_related("merged_into"))
    if reported.birth_date is None:
        return None
    typed = NormalisedName(Concat(Value(reported.family_name), Value(" "), Value(reported.given_name)))
    alike = files.filter(sort_key=typed, birth_date=reported.birth_date, birth_date_estimated=False)
    return _only(alike.select_related("merged_into"))


def likely_for(reported: ReportedChild, *, viewer: Viewer, at: datetime, asks: bool = True) -> Found:
    """Files that may be the reported child's, parted into those the reporter may know of and the others.

    A system that reports is asked nothing (`asks` is False): for it every file is one of the others.
    """
    asked = known_of(reported)
    everything = likely_files(asked, at=at)
    return parted_for(everything, asked=asked, viewer=viewer, at=at) if asks else Found([], everything)


def known_of(reported: ReportedChild) -> Known:
    """What a reporter said of who the child is, as the rule compares it."""
    return Known(
        given_name=reported.given_name,
        family_name=reported.family_name,
        birth_date=reported.birth_date,
        sex=reported.sex,
    )


def knows_child(viewer: Viewer, child: Child, *, at: datetime) -> bool:
    """Whether somebody may know of a file and sees in full who the child is, so that to join it tells nothing."""
    matrix = matrix_in_force(on=in_london(at).date())
    seen = Child.objects.visible_to(viewer, at=at).filter(pk=child.pk).first()
    return seen is not None and category_level(viewer, Category.IDENTITY, facts_of(seen), matrix) == Level.FULL


def _only(files: Iterable[Child]) -> Child | None:
    living = {(file.merged_into or file).pk: file.merged_into or file for file in files}
    return next(iter(living.values())) if len(living) == 1 else None

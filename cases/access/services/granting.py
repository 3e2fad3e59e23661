"""Giving and ending access. The only code that writes grants and blocks."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.timezone import localdate

from accounts.choices import FunctionKey
from accounts.models import Agency, Membership, User
from accounts.rules.agreements import is_covered
from accounts.rules.refusals import Refusal
from accounts.rules.viewers import Viewer
from accounts.selectors.people import function_group
from cases.access.choices import ALL_CATEGORIES, GrantReason
from cases.access.models import AccessGrant, Block
from cases.access.rules import mask_of, may_be_given, no_agreement_words
from cases.access.services.projection import lock_files, project

# Who takes a file in, who prepares its panel, and who oversees every look at it.
STANDING_FUNCTIONS = (FunctionKey.NOTIFICATION_POINT, FunctionKey.PANEL_OFFICE, FunctionKey.DATA_GUARDIANS)


class GrantRefused(Refusal):
    """A grant that would mean nothing: no category, or an end before its start."""


class NoAgreement(GrantRefused):
    """A grant to an agency, or to somebody there, that has no current, signed information-sharing agreement."""

    code = "no_agreement"


ROLE_ENDED = "The role in which it was held has ended"


@transaction.atomic
def grant_access(
    *,
    child_id: UUID,
    reason: GrantReason,
    at: datetime,
    by: Viewer | None,
    group: Group | None = None,
    membership: Membership | None = None,
    categories: Iterable[str] | None = None,
    entries: Iterable[UUID] = (),
    valid_until: datetime | None = None,
    source_id: UUID | None = None,
    note: str = "",
) -> AccessGrant:
    """Give an agency, a function group or a person under one membership access to a file.

    `categories` are those the grant opens (all by default; the matrix still says how much of each), `entries` single
    entries of others that it opens beside them. Raises GrantRefused for an empty set of categories or an end that is
    not after the start, and NoAgreement for an agency without a current, signed information-sharing agreement.
    """
    mask = ALL_CATEGORIES if categories is None else mask_of(categories)
    if not mask:
        raise GrantRefused("Choose at least one kind of information to share.")
    if valid_until is not None and valid_until <= at:
        raise GrantRefused("Access must end after it starts.")
    _check_agreement(child_id, reason, group=group, membership=membership, at=at)
    lock_files([child_id])
    grant = AccessGrant.objects.create(
        child_id=child_id,
        group=group,
        membership=membership,
        reason=reason,
        category_mask=mask,
        entry_ids=sorted(set(entries), key=str),
        source_id=source_id,
        note=note,
        granted_by_id=by.user_id if by else None,
        valid_from=at,
        valid_until=valid_until,
    )
    project(grant, at)
    return grant


def _check_agreement(
    child_id: UUID, reason: GrantReason, *, group: Group | None, membership: Membership | None, at: datetime
) -> None:
    """Raises NoAgreement. A group that is no agency's has none to sign: its job is one that several agencies do."""
    agency: Agency | None = membership.agency if membership is not None else getattr(group, "agency", None)
    if agency is None or is_covered(agency.covered, localdate(at)):
        return
    own = AccessGrant.objects.live(at).filter(child_id=child_id, membership=membership, membership__isnull=False)
    own = own.exclude(reason=GrantReason.SHARE)  # which the lapse has ended
    if not may_be_given(reason, covered=False, reads_in_person=own.exists()):
        raise NoAgreement(no_agreement_words(agency.name))


def grant_to_function(
    *, child_id: UUID, function: FunctionKey, at: datetime, by: Viewer | None, valid_until: datetime | None = None
) -> AccessGrant:
    """Give a function group, such as the notification point, access to a file: standing, or until an instant.

    Idempotent: what runs as long already is enough.
    """
    group = function_group(function)
    long_enough = Q(valid_until=None) if valid_until is None else Q(valid_until=None) | Q(valid_until__gte=valid_until)
    running = AccessGrant.objects.live(at).filter(child_id=child_id, group=group, reason=GrantReason.FUNCTION)
    existing = running.filter(long_enough).first()
    if existing:
        return existing
    return grant_access(
        child_id=child_id, reason=GrantReason.FUNCTION, at=at, by=by, group=group, valid_until=valid_until
    )


def open_to_standing_functions(*, child_id: UUID, at: datetime, by: Viewer | None) -> None:
    """Open a new file to the functions that see every file, by whichever door the child came. Idempotent."""
    for function in STANDING_FUNCTIONS:
        grant_to_function(child_id=child_id, function=function, at=at, by=by)


@transaction.atomic
def end_grants(*, grants: QuerySet[AccessGrant], at: datetime, by: Viewer | None, why: str) -> int:
    """End grants; their access stops at the next request. Returns how many were ended."""
    lock_files(grants.filter(ended_at=None).values_list("child_id", flat=True))
    ending = list(grants.filter(ended_at=None).select_for_update().order_by("child_id", "id"))
    for grant in ending:
        grant.ended_at, grant.ended_by_id, grant.end_reason = at, by.user_id if by else None, why
        grant.save(update_fields=["ended_at", "ended_by", "end_reason"])
        project(grant, at)
    return len(ending)


def end_grants_from(*, source_id: UUID, at: datetime, by: Viewer | None, why: str) -> int:
    """End every grant that came from one event, such as an involvement."""
    return end_grants(grants=AccessGrant.objects.filter(source_id=source_id), at=at, by=by, why=why)


def count_personal_grants(membership_id: UUID, at: datetime) -> int:
    """How many files are open to a person by name, under one membership."""
    return AccessGrant.objects.live(at).filter(membership_id=membership_id).values("child_id").distinct().count()


def end_personal_grants(membership_id: UUID, at: datetime, by: Viewer | None) -> int:
    """End what was opened to a person by name, because the role ended in which they held it."""
    return end_grants(grants=AccessGrant.objects.filter(membership_id=membership_id), at=at, by=by, why=ROLE_ENDED)


@transaction.atomic
def place_block(*, child_id: UUID, user: User, reason: str, by: Viewer, at: datetime) -> Block:
    """Record a conflict of interest: the person may not know of the file, whatever grants there are. Idempotent."""
    block, _ = Block.objects.get_or_create(
        child_id=child_id,
        user=user,
        ended_at=None,
        defaults={"reason": reason, "placed_by_id": by.person_id, "placed_at": at},
    )
    return block


@transaction.atomic
def end_block(*, block_id: UUID, by: Viewer, at: datetime) -> None:
    """End a conflict of interest: what the person's grants say counts again. One that has ended stays as it is."""
    block = Block.objects.select_for_update().filter(pk=block_id, ended_at=None).first()
    if block is not None:
        block.ended_at, block.ended_by_id = at, by.person_id
        block.save(update_fields=["ended_at", "ended_by"])

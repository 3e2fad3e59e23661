"""Children's files, grants and entries, the smallest valid row of each."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.contrib.auth.models import Group

from accounts.choices import FunctionKey
from accounts.models import Agency, Membership
from accounts.rules.viewers import Viewer
from accounts.selectors import now
from cases.access import services as access
from cases.access.choices import Category, GrantReason
from cases.access.models import AccessGrant, Block
from cases.record.choices import EntryKind, InvolvementRole, Source
from cases.record.models import Address, AddressKeptFrom, AddressReader, Child, ChronologyEntry, Involvement, Spell
from cases.record.services import involve


def make_child(given_name: str = "Robin", family_name: str = "Ashdown", **fields: Any) -> Child:
    """A file that nobody has been granted."""
    return Child.objects.create(
        **{"given_name": given_name, "family_name": family_name, "birth_date": date(2011, 5, 4), **fields}
    )


def provenance(by: Viewer, category: str = Category.IDENTITY, **fields: Any) -> dict[str, Any]:
    """What every entry carries, as written by a viewer."""
    return {
        "author_id": by.user_id,
        "author_membership_id": by.membership_id,
        "agency_id": by.agency_id,
        "category": category,
        "source": Source.PROFESSIONAL,
        **fields,
    }


def give(child: Child, at: datetime, **said: Any) -> AccessGrant:
    """Access as the product gives it, by nobody: a share unless told, to a `group` or a `membership`."""
    given: dict[str, Any] = {"child_id": child.pk, "reason": GrantReason.SHARE, "at": at, "by": None}
    return access.grant_access(**{**given, **said})


def grant(
    child: Child,
    to: Agency | Group | Membership | Viewer,
    *,
    reason: str = "",
    categories: tuple[str, ...] | None = None,
    valid_from: datetime | None = None,
    valid_until: datetime | None = None,
    ended_at: datetime | None = None,
    by: Viewer | None = None,
) -> AccessGrant:
    """Access to a file for an agency, a group, or a person (a membership, or a viewer under it).

    Runs from a day ago unless told. A person is granted as an allocated worker, others as involved.
    """
    start = valid_from or now() - timedelta(days=1)
    subject: dict[str, Any]
    if isinstance(to, Viewer):
        to = Membership.objects.get(pk=to.membership_id)
    if isinstance(to, Membership):
        subject = {"membership": to}
    else:
        subject = {"group": to.group if isinstance(to, Agency) else to}
    made = access.grant_access(
        child_id=child.pk,
        reason=GrantReason(reason or (GrantReason.ALLOCATION if "membership" in subject else GrantReason.INVOLVEMENT)),
        at=start,
        by=by,
        categories=categories,
        valid_until=valid_until,
        **subject,
    )
    if ended_at is not None:
        access.end_grants(grants=AccessGrant.objects.filter(pk=made.pk), at=ended_at, by=by, why="Ended in a test")
        made.refresh_from_db()
    return made


def make_lead(
    child: Child, worker: Membership, *, at: datetime, by: Viewer, role: InvolvementRole = InvolvementRole.SOCIAL_WORKER
) -> Involvement:
    """Somebody leads on the file, as triage brings them."""
    return involve(child=child, agency=worker.agency, membership=worker, role=role, lead=True, at=at, by=by)


def make_led_child(worker: Membership, *, at: datetime, by: Viewer) -> Child:
    """A file that somebody has led on for five days, and that the data guardians may know of."""
    made = make_child("Zephyrine", "Ashdown")
    make_lead(made, worker, at=at - timedelta(days=5), by=by)
    access.grant_to_function(child_id=made.pk, function=FunctionKey.DATA_GUARDIANS, at=at - timedelta(hours=1), by=None)
    return made


def make_home(child: Child, by: Viewer, postcode: str, **fields: Any) -> Address:
    """Where a child lives, for all who see addresses."""
    return Address.objects.create(
        **{
            "child": child,
            "lines": "7 Quayside Row",
            "postcode": postcode,
            "area": "Quayside",
            "started_on": date(2026, 1, 5),
            **provenance(by, Category.CONTACT_ADDRESS),
            **fields,
        }
    )


def make_protected(child: Child, by: Viewer, *, readers: tuple[Membership, ...] = (), **fields: Any) -> Address:
    """A protected address that the people given may know, and that a stepfather must not."""
    address = Address.objects.create(
        **{
            "child": child,
            "kind": "refuge",
            "lines": "12 Harrow Lane",
            "postcode": "NM4 2QF",
            "area": "Eastside",
            "protected": True,
            "protection_reason": "Her stepfather looks for her.",
            "started_on": now().date(),
            "recorded_at": now(),
            **provenance(by, Category.CONTACT_ADDRESS),
            **fields,
        }
    )
    for member in readers:
        AddressReader.objects.create(address=address, membership=member)
    AddressKeptFrom.objects.create(address=address, person="Her stepfather", added_at=now(), added_by_id=by.user_id)
    return address


def block(child: Child, viewer: Viewer, *, by: Viewer, at: datetime | None = None) -> Block:
    """A conflict of interest between a person and a file."""
    from accounts.models import User

    return access.place_block(
        child_id=child.pk,
        user=User.objects.get(pk=viewer.user_id),
        reason="A relative of the child.",
        by=by,
        at=at or now() - timedelta(hours=1),
    )


def make_spell(child: Child, by: Viewer, **fields: Any) -> Spell:
    return Spell.objects.create(**{"child": child, "started_on": date(2026, 1, 5), **provenance(by), **fields})


def make_chronology(
    child: Child, by: Viewer, *, category: str = Category.MISSING, summary: str = "Was late home.", **fields: Any
) -> ChronologyEntry:
    """One entry on the timeline, of something an hour ago; the file moves up the lists with it."""
    entry = ChronologyEntry.objects.create(
        **{
            "child": child,
            "kind": EntryKind.OBSERVATION,
            "happened_at": now() - timedelta(hours=1),
            "summary": summary,
            **provenance(by, category),
            **fields,
        }
    )
    access.record_activity(child_id=child.pk, category=entry.category, at=entry.recorded_at)
    return entry

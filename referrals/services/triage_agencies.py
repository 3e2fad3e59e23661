"""Who comes to a file with a decision: the lead, the chosen agencies, the referrer's, and the functions."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q
from django.utils import timezone
from django.utils.text import Truncator

from accounts.choices import FunctionKey
from accounts.models import Agency, Membership
from accounts.rules.agreements import is_covered
from accounts.rules.viewers import Viewer
from cases.access.choices import Category, GrantReason
from cases.access.rules import no_agreement_words
from cases.access.selectors import matrix_in_force
from cases.access.services import grant_access, grant_to_function, lock_files, open_to_standing_functions
from cases.record.choices import EntryKind, InvolvementRole
from cases.record.models import Address, AddressReader, Child, Involvement
from cases.record.rules.leading import role_in
from cases.record.selectors.addresses import rows_of_address
from cases.record.selectors.hidden import is_restricted
from cases.record.services import add_chronology, involve, start_spell
from cases.sharing.rules.shares import Override
from cases.sharing.selectors.involving import reached_for_safety, unwanted_among
from cases.sharing.services.involving import record_against_wish
from referrals.models import Notification
from referrals.rules.triage import (
    OUT_OF_HOURS_SEES_FOR,
    REFERS_ONLY,
    AgainstWish,
    TriageRefused,
    check_against_wish,
)
from referrals.services.triage_file import KEPT_PRIVATE

LONGEST_NAME = 200


@dataclass(frozen=True)
class Team:
    """Whom somebody wants on a file: who leads where nobody does yet, which agencies, and why those whom the child does
    not want told.
    """

    lead: Membership | None
    agencies: list[Agency]
    against_wish: AgainstWish


@dataclass(frozen=True)
class Coming:
    """An agency that a decision brings in: as what, and with whom by name."""

    agency: Agency
    role: InvolvementRole
    worker: Membership | None = None
    lead: bool = False
    reason: GrantReason = GrantReason.INVOLVEMENT


def bring_agencies(*, notification: Notification, child: Child, team: Team, at: datetime, by: Viewer) -> None:
    """Open casework and bring the people to it: the lead, the chosen agencies, the referrer's, and the functions.

    A referrer who only refers brings no access for their agency, nor does one whose agency has no current
    information-sharing agreement, nor one whom the child does not want told. An agency that is involved already is not
    involved twice. To a file that is open to named people only, nobody but a lead is brought. Social care and police
    come whatever the child says: against it with a ground and how it is explained, which stand under sharing. Where it
    is urgent the out-of-hours team reads the file for 28 days.

    Raises TriageRefused where a chosen agency has no such agreement, where it is none of these two and the child does
    not want it told, and where one of the two, the referrer's among them, would come against the child's wish without
    ground or explanation. Where nothing goes against a wish, neither is kept.
    """
    lead = team.lead
    lock_files([child.pk])
    leading = [] if lead is None else [lead.agency]
    against = unwanted_among(child, {*leading, *team.agencies, notification.agency}, at=at)
    for chosen, field in ((leading, "lead"), (team.agencies, "agencies")):
        _check_agreements(chosen, field=field, at=at)
        _check_wishes(chosen, against, field=field)
    closed = is_restricted(child)
    coming = _who_come(notification, child, team, closed=closed, at=at)
    left_out = [one.agency for one in coming if one.agency in against and not reached_for_safety(one.agency)]
    coming = [one for one in coming if one.agency not in left_out]
    unwanted = [one.agency for one in coming if one.agency in against]
    check_against_wish([agency.name for agency in unwanted], team.against_wish)
    start_spell(child=child, at=at, by=by)
    for one in coming:
        work = _bring(one, child, closed=closed, at=at, by=by)
        if one.agency in unwanted:
            _record(work, team.against_wish, at=at, by=by)
    if closed:
        return
    for agency in left_out:
        _note_left_out(agency, child, at=at, by=by)
    open_to_standing_functions(child_id=child.pk, at=at, by=by)
    if notification.urgent:
        until = at + OUT_OF_HOURS_SEES_FOR
        grant_to_function(child_id=child.pk, function=FunctionKey.OUT_OF_HOURS, at=at, by=by, valid_until=until)
    readers = [membership for membership in (lead, notification.membership) if membership is not None]
    _let_read_addresses(child, readers, notification, at)


def _check_agreements(agencies: Iterable[Agency], *, field: str, at: datetime) -> None:
    today = timezone.localdate(at)
    without = next((agency for agency in agencies if not is_covered(agency.covered, today)), None)
    if without is not None:
        raise TriageRefused(no_agreement_words(without.name), field=field)


def _check_wishes(agencies: Iterable[Agency], against: Collection[Agency], *, field: str) -> None:
    unwanted = next((one for one in agencies if one in against and not reached_for_safety(one)), None)
    if unwanted is not None:
        raise TriageRefused(
            f"The child does not want {unwanted.name} told. Leave it out here. If it is needed all the same, add it on "
            "the file afterwards: the page asks on what ground, and how it was explained to the child",
            field=field,
        )


def _who_come(notification: Notification, child: Child, team: Team, *, closed: bool, at: datetime) -> list[Coming]:
    """Those that are not there yet, each once; the lead comes in person, whether or not the agency is there."""
    there = set(Involvement.objects.filter(child=child, ended_on=None).values_list("working_agency_id", flat=True))
    coming = []
    if team.lead is not None:
        there.add(team.lead.agency_id)
        coming.append(Coming(team.lead.agency, role_in(team.lead.agency.sector), team.lead, lead=True))
    for agency in team.agencies:
        if agency.pk not in there:
            there.add(agency.pk)
            coming.append(Coming(agency, role_in(agency.sector)))
    referrer, referring = notification.membership, notification.agency
    sees_files = referrer.role != REFERS_ONLY and is_covered(referring.covered, timezone.localdate(at))
    if not closed and referring.pk not in there and sees_files:
        coming.append(Coming(referring, InvolvementRole.REFERRER, referrer, reason=GrantReason.REFERRAL))
    return coming


def _bring(one: Coming, child: Child, *, closed: bool, at: datetime, by: Viewer) -> Involvement:
    work = involve(
        child=child,
        agency=one.agency,
        role=one.role,
        at=at,
        by=by,
        membership=one.worker,
        lead=one.lead,
        reason=one.reason,
    )
    if one.lead and closed:
        _name_lead(work, at=at, by=by)
    return work


def _name_lead(leading: Involvement, *, at: datetime, by: Viewer) -> None:
    """Open a restricted file to its lead by name, from the involvement, so that the access ends with the work."""
    grant_access(
        child_id=leading.child_id,
        reason=GrantReason.NAMED,
        at=at,
        by=by,
        membership=leading.membership,
        source_id=leading.pk,
    )


def _record(work: Involvement, against_wish: AgainstWish, *, at: datetime, by: Viewer) -> None:
    """Write under sharing why somebody came against the child's wish, authorised by who decides."""
    authorised_by = Truncator(f"{by.name}, {by.role_name}, {by.agency_name}").chars(LONGEST_NAME)
    record_against_wish(
        involvement=work,
        override=Override(against_wish.ground, authorised_by, against_wish.explained),
        matrix=matrix_in_force(on=timezone.localdate(at)),
        at=at,
        by=by,
    )


def _note_left_out(agency: Agency, child: Child, *, at: datetime, by: Viewer) -> None:
    add_chronology(
        child=child,
        kind=EntryKind.TRIAGE,
        category=Category.SHARING,
        happened_at=at,
        summary=f"{agency.name} was not brought in with its notification: the child does not want it told.",
        at=at,
        by=by,
    )


def _let_read_addresses(child: Child, readers: list[Membership], notification: Notification, at: datetime) -> None:
    """The lead and the person who told us may know an address that is kept from others because they said so."""
    own = Q(author_id=notification.referrer_id)
    if notification.address_protected:
        same = rows_of_address(child.pk, lines=notification.address_lines, postcode=notification.postcode)
        own |= Q(pk__in=[row.pk for row in same], protection_reason=KEPT_PRIVATE)
    else:
        # What they now said in clear is protected by others, whose list it follows.
        own &= ~Q(recorded_at=at)
    for address in Address.objects.filter(own, child=child, protected=True, ended_on=None):
        for membership in readers:
            AddressReader.objects.get_or_create(address=address, membership=membership)

"""Writing in the register of agreements. What it says of an agency decides whether any file is open to it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils import timezone

from accounts.models import Agency
from accounts.rules.agreements import A_DAY
from accounts.rules.refusals import Stale
from accounts.rules.viewers import Viewer
from cases.clocks.choices import ClockKind, ClockState
from cases.clocks.models import Clock
from cases.clocks.services import cancel_clock, reanchor_clock, start_clock, stop_clock
from cases.sharing.models.agreements import AgreementEnd, AgreementSignature, AgreementVersion, ImpactAssessment
from cases.sharing.rules import agreements as rules
from cases.sharing.rules.agreements import AgreementRefused
from cases.sharing.selectors import agreements as selectors

CHANGED = "Somebody changed this version while you had the page open. Look at it again, then make your change."


@dataclass(frozen=True)
class Signing:
    """What an agency signed with: when, who for it, who is its controller, and whom to ask there."""

    signed_on: date
    signed_by: str
    controller: str
    protection_contact: str


@transaction.atomic
def add_version(
    *, in_force_from: date, ends_on: date, document: str, summary: str = "", at: datetime, by: Viewer
) -> AgreementVersion:
    """Write down a version of the agreement that was adopted. It covers nobody until they have signed it.

    Raises AgreementRefused for anybody but a data guardian, and for days that cannot be.
    """
    rules.check_keeps(by)
    rules.check_days(in_force_from=in_force_from, ends_on=ends_on)
    list(AgreementVersion.objects.select_for_update().order_by("pk"))
    return AgreementVersion.objects.create(
        number=selectors.next_number(),
        in_force_from=in_force_from,
        ends_on=ends_on,
        document=document.strip(),
        summary=summary.strip(),
        added_at=at,
        added_by_id=by.person_id,
    )


@transaction.atomic
def change_end(*, agreement_id: UUID, ends_on: date, reason: str, version: int, at: datetime, by: Viewer) -> None:
    """Set another last day of a version, with the reason: later to gain time, or earlier once another replaces it.

    Raises AgreementRefused for anybody but a data guardian, a day that cannot be, and no reason worth the name; Stale.
    """
    rules.check_keeps(by)
    rules.check_reason(reason)
    agreement = _locked(agreement_id, version)
    rules.check_new_end(
        in_force_from=agreement.in_force_from,
        before=agreement.ends_on,
        ends_on=ends_on,
        today=timezone.localdate(at),
    )
    AgreementEnd.objects.create(
        agreement=agreement,
        ended_on_before=agreement.ends_on,
        ends_on=ends_on,
        reason=reason.strip(),
        changed_at=at,
        changed_by_id=by.person_id,
    )
    agreement.ends_on = ends_on
    agreement.version += 1
    agreement.save(update_fields=["ends_on", "version"])
    settle(agreement.signatures.values_list("agency_id", flat=True), at=at, by=by)


@transaction.atomic
def record_signature(
    *, agreement_id: UUID, agency_id: UUID, said: Signing, version: int, at: datetime, by: Viewer
) -> AgreementSignature:
    """Write down that an agency has signed a version: from then on, while it is current, files may be opened to it.

    Raises AgreementRefused for anybody but a data guardian, an agency that has signed it already, and a day that cannot
    be; Stale.
    """
    rules.check_keeps(by)
    agreement = _locked(agreement_id, version)
    rules.check_signed_on(said.signed_on, today=timezone.localdate(at), ends_on=agreement.ends_on)
    agency = next((one for one in selectors.agencies_to_sign(agreement) if one.pk == agency_id), None)
    if agency is None:
        raise AgreementRefused("This agency has signed this version already", field="agency")
    signature = AgreementSignature.objects.create(
        agreement=agreement,
        agency=agency,
        signed_on=said.signed_on,
        signed_by=said.signed_by.strip(),
        controller=said.controller.strip(),
        protection_contact=said.protection_contact.strip(),
        recorded_at=at,
        recorded_by_id=by.person_id,
    )
    _bump(agreement)
    settle([agency.pk], at=at, by=by)
    return signature


@transaction.atomic
def withdraw_signature(
    *, signature_id: UUID, reason: str, version: int, at: datetime, by: Viewer
) -> AgreementSignature:
    """Take back a signature, from today on: the agency left, or it was written down by mistake.

    What it opened to the agency is read no more from the next request, unless it has signed another version. Raises
    AgreementRefused for anybody but a data guardian and for a reason that says nothing; Stale.
    """
    rules.check_keeps(by)
    rules.check_reason(reason)
    signature = selectors.signature_by(signature_id)
    agreement = _locked(signature.agreement_id, version)
    signature.withdrawn_on = timezone.localdate(at)
    signature.withdrawn_why, signature.withdrawn_by_id = reason.strip(), by.person_id
    signature.save(update_fields=["withdrawn_on", "withdrawn_why", "withdrawn_by"])
    _bump(agreement)
    settle([signature.agency_id], at=at, by=by)
    return signature


@transaction.atomic
def add_assessment(
    *, agreement_id: UUID, reference: str, about: str, done_on: date, review_on: date, at: datetime, by: Viewer
) -> ImpactAssessment:
    """Write down a data protection impact assessment. Raises AgreementRefused as the others do."""
    rules.check_keeps(by)
    rules.check_assessed(done_on=done_on, review_on=review_on, today=timezone.localdate(at))
    return ImpactAssessment.objects.create(
        agreement=selectors.agreement_by(agreement_id),
        reference=reference.strip(),
        about=about.strip(),
        done_on=done_on,
        review_on=review_on,
        recorded_at=at,
        recorded_by_id=by.person_id,
    )


def settle(agency_ids: Iterable[UUID], *, at: datetime, by: Viewer) -> None:
    """Write anew on which days agencies are covered, and run the one clock of each: when its signature must be renewed.

    Inside the transaction of whoever changed what was signed.
    """
    ids = sorted(set(agency_ids), key=str)
    signed = selectors.signed_by(ids)
    for agency in Agency.objects.select_for_update().filter(pk__in=ids).order_by("pk"):
        agency.covered = [DateRange(span.lower, span.upper) for span in rules.covered_by(signed[agency.pk])]
        agency.save(update_fields=["covered"])
    _settle_clocks(ids, at=at, by=by)


def _settle_clocks(agency_ids: list[UUID], *, at: datetime, by: Viewer) -> None:
    kind = ClockKind.AGREEMENT_RENEWED
    rows = AgreementSignature.objects.filter(agency_id__in=agency_ids)
    names = ("run_subject", "run_anchor", "run_due_on", "run_membership", "run_group")
    wanted = {
        row[0]: row for row in selectors.agreements_to_renew(at).filter(agency_id__in=agency_ids).values_list(*names)
    }
    running = dict(
        Clock.objects.filter(
            kind=kind, state=ClockState.RUNNING, subject_id__in=rows.values_list("pk", flat=True)
        ).values_list("subject_id", "due_at")
    )
    for subject_id in running.keys() - wanted.keys():
        renewed = rows.filter(pk=subject_id, withdrawn_on=None).exists()
        if renewed:
            stop_clock(kind=kind, subject_id=subject_id, done_at=at, at=at, by=by)
        else:
            cancel_clock(kind=kind, subject_id=subject_id, why="Signature taken back", at=at, by=by)
    for subject_id, anchored_at, due_on, membership_id, group_id in wanted.values():
        if subject_id in running:
            if timezone.localdate(running[subject_id]) != due_on + A_DAY:
                reanchor_clock(kind=kind, subject_id=subject_id, due_on=due_on, why="Another last day", at=at, by=by)
            continue
        start_clock(
            kind=kind,
            subject_id=subject_id,
            child_id=None,
            anchored_at=anchored_at,
            due_on=due_on,
            owner_membership_id=membership_id,
            owner_group_id=group_id,
            at=at,
            by=by,
        )


def _bump(agreement: AgreementVersion) -> None:
    agreement.version += 1
    agreement.save(update_fields=["version"])


def _locked(agreement_id: UUID, version: int) -> AgreementVersion:
    """A version for writing, as the page showed it. Raises NotKnown, and Stale where it was changed since."""
    AgreementVersion.objects.select_for_update().filter(pk=agreement_id).first()
    agreement = selectors.agreement_by(agreement_id)
    if agreement.version != version:
        raise Stale(CHANGED)
    return agreement

"""Asking to see more of a file, and answering with a share or a refusal."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.choices import FunctionKey
from accounts.models import Membership
from accounts.rules.refusals import NotKnown
from accounts.rules.roles import Capability
from accounts.rules.viewers import Viewer
from cases.access.rules import Matrix, mask_of
from cases.access.selectors import matrix_in_force
from cases.access.services import lock_files
from cases.clocks.choices import AlertKind, ClockKind
from cases.clocks.rules import ClockRefused
from cases.clocks.services import acknowledge_subject, give_clock, raise_alert, start_clock, stop_clock
from cases.record.models import Child
from cases.record.services import OpenFile
from cases.sharing.choices import RequestAnswer, SharingPurpose
from cases.sharing.models.requests import AccessRequest
from cases.sharing.models.shares import SharingDecision
from cases.sharing.rules import requests as rules
from cases.sharing.rules import shares
from cases.sharing.rules.requests import Answering, RequestRefused
from cases.sharing.selectors import requests as selectors
from cases.sharing.selectors.shares import held_by, kept_from
from cases.sharing.services.shares import Sharing, Why, end_declined, keep_back, share


@transaction.atomic
def ask_for_access(
    *,
    opened: OpenFile,
    categories: Iterable[str],
    purpose: SharingPurpose,
    words: str,
    at: datetime,
    by: Viewer,
) -> AccessRequest:
    """Ask to see more of a file that one has open. Who leads on it is told, else the notification point; a clock runs.

    Raises RequestRefused for kinds that may not be asked for, without words, and while an earlier request waits.
    """
    wanted = frozenset(categories)
    if not wanted or not wanted <= set(rules.askable_by(by, opened.levels, opened.matrix)):
        raise RequestRefused("Select at least one of the kinds that are offered", field="categories")
    rules.check_words(words, field="words", what="what you will do with it")
    child = opened.child
    lock_files([child.pk])
    if selectors.open_request(child.pk, by.membership_id) is not None:
        raise RequestRefused("You have asked already, and nobody has answered yet. You are told when somebody does.")
    owner = selectors.owner_to_ask(child.pk, asking=by.agency_id, at=at)
    request = AccessRequest.objects.create(
        child=child,
        asked_as_id=by.acting_membership_id,
        category_mask=mask_of(wanted),
        purpose=purpose,
        words=words.strip(),
        asked_at=at,
        owner=owner,
    )
    _tell_owner(request, at=at)
    start_clock(
        kind=ClockKind.ACCESS_ANSWERED,
        subject_id=request.pk,
        child_id=child.pk,
        anchored_at=at,
        owner_membership_id=owner.pk if owner else None,
        owner_group_id=owner.agency.group_id if owner else None,
        at=at,
        by=by,
    )
    return request


def _tell_owner(request: AccessRequest, *, at: datetime) -> None:
    owner = request.owner
    raise_alert(
        kind=AlertKind.ACCESS_ASKED,
        to=owner.pk if owner else FunctionKey.NOTIFICATION_POINT,
        subject_id=request.pk,
        child_id=request.child_id,
        at=at,
    )


@transaction.atomic
def ask_another(*, request_id: UUID, at: datetime, by: Viewer) -> None:
    """Ask who leads now, else the notification point, because whoever was asked does not any more; where a part has
    come already, whoever may share what is still owed.

    The clock is theirs, with the time it has left, and they are told. What has been answered stays as it is.
    """
    rows = AccessRequest.objects.select_for_update(of=("self",)).select_related("asked_as__agency")
    request = selectors.with_what_came(rows, at=at).filter(pk=request_id, answered_at=None).first()
    if request is None:
        return
    asking, rest = request.asked_as.agency_id, 0
    if request.come:
        rest = _owed(request, matrix_in_force(on=timezone.localdate(at)), at=at, kept=True)
    if rest:
        owner = selectors.who_can_share(request.child_id, rest, asking=asking, at=at)
    else:
        owner = selectors.owner_to_ask(request.child_id, asking=asking, at=at)
    if owner is not None and owner.pk == request.owner_id:
        return
    _give(request, owner, at=at, by=by)


def _give(request: AccessRequest, owner: Membership | None, *, at: datetime, by: Viewer) -> None:
    request.owner = owner
    request.save(update_fields=["owner"])
    with suppress(ClockRefused):  # where none runs there is none to give
        give_clock(
            kind=ClockKind.ACCESS_ANSWERED,
            subject_id=request.pk,
            owner_membership_id=owner.pk if owner else None,
            owner_group_id=owner.agency.group_id if owner else None,
            at=at,
            by=by,
        )
    acknowledge_subject(kind=AlertKind.ACCESS_ASKED, subject_id=request.pk, at=at, by=by)
    _tell_owner(request, at=at)


def _to_answer(request_id: UUID, *, child: Child, at: datetime, by: Viewer) -> AccessRequest:
    """A request that waits, locked. Raises NotKnown; RequestRefused for who may not answer, or where it is too late."""
    rows = AccessRequest.objects.select_for_update(of=("self",)).select_related("asked_as__agency", "answered_by")
    request = selectors.with_what_came(rows, at=at).filter(pk=request_id, child=child).first()
    if request is None:
        raise NotKnown("no_request", child_id=child.pk)
    rules.check_may_answer(
        Answering(
            by_user_id=by.person_id,
            by_agency_id=by.agency_id,
            asked_by_user_id=request.asked_as.user_id,
            asked_at_agency_id=request.asked_as.agency_id,
            guardian=by.may(Capability.AUDIT),
        )
    )
    if request.answered_at is not None:
        raise RequestRefused(f"{request.answered_by} has answered this already.")
    return request


def _answered(request: AccessRequest, *, at: datetime, by: Viewer) -> None:
    for decision_id in selectors.refusals_before(request):
        end_declined(child=request.child, decision_id=decision_id, words="They asked again", at=at, by=by)
    request.answered_at, request.answered_by_id = at, by.person_id
    request.save(update_fields=["answer", "decision", "refusal_reason", "answer_words", "answered_at", "answered_by"])
    stop_clock(kind=ClockKind.ACCESS_ANSWERED, subject_id=request.pk, done_at=at, at=at, by=by)
    acknowledge_subject(kind=AlertKind.ACCESS_ASKED, subject_id=request.pk, at=at, by=by)
    raise_alert(
        kind=AlertKind.ACCESS_ANSWER, to=request.asked_as_id, subject_id=request.pk, child_id=request.child_id, at=at
    )


@transaction.atomic
def answer_with_share(
    *, request_id: UUID, opened: OpenFile, sharing: Sharing, version: int, at: datetime, by: Viewer, words: str = ""
) -> SharingDecision:
    """Share with the agency that asked, or with whoever did, and so answer them; with the `words` that they are told
    about what it leaves out. Raises as `share`, NotKnown, and
    RequestRefused where it goes to another agency, for who may not answer, and where it is answered already;
    ShareRefused where it leaves out what keeps the child safe and social care or police asked for: single entries are
    not the kind. Of that what this person may not share goes on as asked for, and somebody who may is asked.
    """
    request = _to_answer(request_id, child=opened.child, at=at, by=by)
    if sharing.receiver.agency_id != request.asked_as.agency_id:
        raise RequestRefused("Another agency asked for this. Share with it, or answer the request first.")
    must, able = _owed(request, opened.matrix, at=at, kept=True), mask_of(shares.shareable(opened.levels))
    shares.check_owed_goes(must & able, mask_of(sharing.content.categories))
    decision = share(opened=opened, sharing=sharing, version=version, at=at, by=by)
    request.answer_words = words.strip() or request.answer_words
    if must & ~able:
        _ask_for_the_rest(request, must & ~able, decision, at=at, by=by)
        return decision
    request.answer, request.decision = RequestAnswer.SHARED, decision
    _answered(request, at=at, by=by)
    return decision


def _ask_for_the_rest(
    request: AccessRequest, rest: int, decision: SharingDecision, *, at: datetime, by: Viewer
) -> None:
    request.save(update_fields=["answer_words"])
    owner = selectors.who_can_share(request.child_id, rest, asking=request.asked_as.agency_id, at=at)
    if owner is None or owner.pk != request.owner_id:
        _give(request, owner, at=at, by=by)
    # By the share, not by the request: of its last answer they are told as well.
    about = {"subject_id": decision.pk, "child_id": request.child_id, "at": at}
    raise_alert(kind=AlertKind.ACCESS_ANSWER, to=request.asked_as_id, **about)  # type: ignore[arg-type]


def _owed(request: AccessRequest, matrix: Matrix, *, at: datetime, kept: bool) -> int:
    """What keeps the child safe, of what was asked for, and whoever asked must have: social care and police. `kept`
    leaves out what somebody has decided to keep from them.
    """
    asker, child_id = request.asked_as, request.child_id
    less = held_by(child_id, agency=asker.agency, membership=asker, at=at)
    if kept:
        less |= kept_from(child_id, agency=asker.agency, membership=asker)
    return shares.owed(request.category_mask, role=asker.role, sector=asker.agency.sector, less=less, matrix=matrix)


@transaction.atomic
def refuse_access(*, opened: OpenFile, request_id: UUID, why: Why, at: datetime, by: Viewer) -> AccessRequest:
    """Answer a request with no: a decision not to share, with its reason and review. Whoever asked is told.

    Raises as `answer_with_share`, without words, for a wrong day of the review, and ShareRefused where social care or
    police asked for what keeps the child safe and the reason is any but greater harm.
    """
    rules.check_words(why.words, field="words", what="why not, for whoever asked")
    request = _to_answer(request_id, child=opened.child, at=at, by=by)
    must, asker = _owed(request, opened.matrix, at=at, kept=False), request.asked_as
    shares.check_may_decline(why.reason, mask=must, sector=asker.agency.sector, asked=True, field="reason")
    request.answer, request.refusal_reason, request.answer_words = RequestAnswer.REFUSED, why.reason, why.words.strip()
    request.decision = keep_back(
        child=opened.child,
        agency=asker.agency,
        membership=asker,
        mask=request.category_mask & ~request.come or request.category_mask,
        why=why,
        at=at,
        by=by,
    )
    _answered(request, at=at, by=by)
    return request

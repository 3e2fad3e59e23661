"""Decisions about sharing: what was shared and acknowledged, against a wish, not at all, and with the wrong people."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import product
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.utils import timezone

from accounts.choices import AccessOutcome
from accounts.models import AccessEvent, Agency, Membership
from accounts.rules.viewers import Viewer
from cases.access.choices import Category
from cases.record.choices import InvolvementRole
from cases.record.models import Child, ChronologyEntry
from cases.record.services import OpenFile, files_open
from cases.sharing.choices import (
    Answer,
    BreachOutcome,
    DeclineReason,
    LawfulBasis,
    SharingEnd,
    SharingPurpose,
    Understands,
    WishKind,
)
from cases.sharing.models.requests import AccessRequest
from cases.sharing.models.shares import SharingDecision
from cases.sharing.rules.requests import askable_by
from cases.sharing.rules.shares import REVIEW_USUALLY, Override, Told
from cases.sharing.selectors.shares import may_receive
from cases.sharing.services.involving import Bringing, bring_in
from cases.sharing.services.requests import ask_for_access, refuse_access
from cases.sharing.services.shares import (
    Content,
    Declining,
    Receiver,
    Sharing,
    Why,
    acknowledge_share,
    assess_breach,
    decline_to_share,
    end_decision,
    share,
)
from cases.sharing.services.wishes import record_wish
from config.demo.life import Life
from config.demo.times import on_day

if TYPE_CHECKING:
    from config.demo.seeding import Setting

ASKED_FOR = (Category.ASSESSMENT.value, Category.FAMILY.value, Category.MISSING.value)
KNOWN = (Category.LEVEL.value, Category.PLAN.value, Category.MISSING.value)


def opened(life: Life, username: str, at: datetime) -> OpenFile:
    """The file as somebody had it open at an instant, without a line in the log of looks: those are written apart."""
    return _file(life.child.pk, life.viewer(username), at)


def _file(child_id: UUID, viewer: Viewer, at: datetime) -> OpenFile:
    return files_open([child_id], viewer, at=at)[child_id]


def share_on(
    life: Life,
    to: Agency | Membership,
    *,
    by: str,
    at: datetime,
    days: int,
    words: str,
    content: Content | None = None,
    **said: Any,
) -> SharingDecision:
    """Share from a file as somebody would, for so many days; everybody was told and agrees unless told otherwise."""
    agreed = Told(Answer.AGREES)
    sharing = Sharing(
        **{
            "receiver": Receiver(to.pk) if isinstance(to, Agency) else Receiver(to.agency_id, to.pk),
            "content": content or Content(frozenset(KNOWN)),
            "purpose": SharingPurpose.SUPPORT,
            "words": words,
            "basis": LawfulBasis.PUBLIC_TASK,
            "child": agreed,
            "carers": agreed,
            "ends_on": timezone.localdate(at) + timedelta(days=days),
            **said,
        }
    )
    file = opened(life, by, at)
    return share(opened=file, sharing=sharing, version=life.version(), at=at, by=file.viewer)


def write_shares(lives: dict[int, Life], setting: Setting) -> None:
    """Write each kind once, on files that the receiver could not see."""
    free = [life for life in lives.values() if life.plan.closed_on is None and not life.child.restricted]
    free = [life for life in free if life.opened_at < setting.until - timedelta(days=12)]
    _acknowledged(_of(free, "keyworker", "youth.worker", setting), setting)
    without_welfare = [life for life in free if not life.works_at("education.welfare", setting.until)]
    chosen = _of(without_welfare, "socialworker", "safeguarding.lead", setting)
    free = [life for life in free if life is not chosen]
    _against_a_wish(chosen, setting)
    with_entries = [life for life in free if _entries(life, setting)]
    chosen = _of(with_entries, "keyworker", "nurse", setting)
    free = [life for life in free if life is not chosen]
    _single_entries(chosen, setting)
    _not_shared(_of(free, "socialworker", "housing", setting), setting)
    _in_error(_of(free, "keyworker", "rape.crisis", setting), setting)
    _assessed(_of(free, "coordinator", "transitions", setting), setting)
    _asked(lives, setting)


def _of(free: list[Life], sharer: str, receiver: str, setting: Setting) -> Life | None:
    """A file that one person sees, and the other does not and may; each is taken once."""
    seen, known = (
        set(Child.objects.visible_to(setting.world.viewers[name], at=_day(setting, days)).values_list("pk", flat=True))
        for name, days in ((sharer, 11), (receiver, 0))
    )
    to = setting.world.members[receiver]
    found = next(
        (
            life
            for life in free
            if life.child.pk in seen
            and life.child.pk not in known
            and to in may_receive(life.child.pk, but=None, at=_day(setting, 0), agency_id=to.agency_id)
        ),
        None,
    )
    if found is not None:
        free.remove(found)
    return found


def _day(setting: Setting, days_ago: int, hour: int = 10) -> datetime:
    return on_day((setting.until - timedelta(days=days_ago + 1)).date(), hour, 15)


def _acknowledged(life: Life | None, setting: Setting) -> None:
    if life is None:
        return
    words = "Detached youth workers keep an eye on the park where the child goes after school."
    agency = setting.world.agencies["youth_service"]
    shared = share_on(life, agency, by="keyworker", at=_day(setting, 9), days=60, words=words)
    reader = life.viewer("youth.worker")
    acknowledge_share(decision_id=shared.pk, at=_day(setting, 8), by=reader)


def _against_a_wish(life: Life | None, setting: Setting) -> None:
    if life is None:
        return
    file = opened(life, "socialworker", _day(setting, 9))
    record_wish(
        opened=file,
        kind=WishKind.LIMITS,
        categories=[],
        sectors=["education"],
        words="Not my school. Everybody there talks.",
        understands=Understands.YES,
        said_on=_day(setting, 9).date(),
        version=life.version(),
        at=_day(setting, 9),
        by=file.viewer,
    )
    share_on(
        life,
        setting.world.members["safeguarding.lead"],
        by="socialworker",
        at=_day(setting, 5),
        days=21,
        words="A man waits at the gate in the afternoon. School must know whom not to let the child go with.",
        purpose=SharingPurpose.PROTECT,
        child=Told(Answer.REFUSES),
        override=Override(
            "significant_harm",
            "A team manager of children’s social care",
            "Told in the car that one person at school would know and nobody else, and why. Was angry, then asked who.",
        ),
    )
    _brought_in(life, setting)


def _brought_in(life: Life, setting: Setting) -> None:
    """Two days later the education welfare service comes in, also against what the child said."""
    file = opened(life, "socialworker", _day(setting, 3))
    bringing = Bringing(
        agency=setting.world.members["education.welfare"].agency,
        role=InvolvementRole.EDUCATION,
        child=Told(Answer.REFUSES),
        override=Override(
            "significant_harm",
            "A team manager of children’s social care",
            "Told at home who comes in, and why: the mornings that are missed. Did not want it, and asked who it is.",
        ),
    )
    bring_in(opened=file, bringing=bringing, at=file.at, by=file.viewer)


def _single_entries(life: Life | None, setting: Setting) -> None:
    if life is None:
        return
    file = opened(life, "keyworker", _day(setting, 4))
    content = Content(entries=frozenset(_entries(life, setting)))
    words = "To ask in the clinic, without the child having to begin, what happened on these days."
    nurse = setting.world.members["nurse"]
    share_on(life, nurse, by="keyworker", at=file.at, days=30, words=words, content=content)


def _entries(life: Life, setting: Setting) -> list[UUID]:
    """Two days that a health worker may ask about."""
    rows = ChronologyEntry.objects.filter(
        child=life.child, category__in=(Category.MISSING, Category.PLAN), recorded_at__lt=_day(setting, 4)
    )
    return list(rows.order_by("-happened_at", "summary").values_list("pk", flat=True)[:2])


def _not_shared(life: Life | None, setting: Setting) -> None:
    if life is None:
        return
    at = _day(setting, 10)
    file = opened(life, "socialworker", at)
    declining = Declining(
        receiver=Receiver(setting.world.agencies["housing"].pk),
        categories=frozenset(KNOWN),
        reason=DeclineReason.NOT_NEEDED,
        words="They asked for everything before they talk about a move. That the child must move soon is enough.",
        review_on=at.date() + timedelta(days=24),
    )
    decline_to_share(opened=file, declining=declining, version=life.version(), at=at, by=file.viewer)


def _in_error(life: Life | None, setting: Setting) -> None:
    """Yesterday something went to the wrong agency; it was opened twice, and withdrawn in the afternoon."""
    if life is None:
        return
    words = "To plan the first meeting with the counsellor."
    shared = share_on(
        life, setting.world.agencies["rape_crisis"], by="keyworker", at=_day(setting, 0, 9), days=60, words=words
    )
    _looked(shared, setting, "rape.crisis", ("cases:shared_with_us", "cases:share_received", "missing:overview"))
    _withdraw(
        life, shared, "keyworker", at=_day(setting, 0, 15), words="Meant for another child with the same initials."
    )


def _assessed(life: Life | None, setting: Setting) -> None:
    if life is None:
        return
    words = "To prepare the move to adult services."
    at = _day(setting, 11, 9)
    shared = share_on(life, setting.world.agencies["transitions"], by="coordinator", at=at, days=60, words=words)
    _withdraw(life, shared, "coordinator", at=at + timedelta(hours=2), words="The child is 14: this was too early.")
    assess_breach(
        child=life.child,
        decision_id=shared.pk,
        outcome=BreachOutcome.NOT_REPORTABLE,
        why="Nobody had opened it within the two hours, and everybody there is bound to secrecy.",
        done="Rang the team; nothing was copied. The form says now who may be referred.",
        at=at + timedelta(hours=26),
        by=life.viewer("guardian"),
    )


def _withdraw(life: Life, shared: SharingDecision, by: str, *, at: datetime, words: str) -> None:
    end_decision(
        child=life.child, decision_id=shared.pk, kind=SharingEnd.IN_ERROR, words=words, at=at, by=life.viewer(by)
    )


def _looked(shared: SharingDecision, setting: Setting, username: str, pages: Iterable[str]) -> None:
    viewer = setting.world.viewers[username]
    AccessEvent.objects.bulk_create(
        AccessEvent(
            at=shared.decided_at + timedelta(minutes=35 + 3 * place),
            user_id=viewer.user_id,
            membership_id=viewer.membership_id,
            agency_id=viewer.agency_id,
            role=viewer.role_key,
            action=page,
            outcome=AccessOutcome.ALLOWED,
            reason_code="granted",
            child_id=shared.child_id,
            categories=sorted((Category.IDENTITY.value, *KNOWN)),
            ip_address="192.0.2.61",
        )
        for place, page in enumerate(pages)
    )


# Who asks for more, the first who may: one is refused, one waits.
REFUSED, WAITING = ("safeguarding.lead", "housing", "nurse"), ("youth.worker", "nurse", "officer", "housing")


def _asked(lives: dict[int, Life], setting: Setting) -> None:
    """Two people who see a part of a file ask for more: one was refused, and one waits since yesterday."""
    refused = _ask(lives, REFUSED, _day(setting, 3, 14))
    if refused is not None:
        _refuse(refused, setting, at=_day(setting, 3, 14) + timedelta(hours=19))
    _ask(lives, WAITING, _day(setting, 1, 14))


def _ask(lives: dict[int, Life], askers: Iterable[str], at: datetime) -> AccessRequest | None:
    for username, life in product(askers, lives.values()):
        seen = Child.objects.visible_to(life.viewer(username), at=at).filter(pk=life.child.pk, restricted=False)
        if life.plan.closed_on is not None or life.opened_at >= at or not seen.exists():
            continue
        file = opened(life, username, at)
        wanted = [name for name in ASKED_FOR if name in askable_by(file.viewer, file.levels, file.matrix)]
        if not wanted:
            continue
        return ask_for_access(
            opened=file,
            categories=wanted,
            purpose=SharingPurpose.SUPPORT,
            words="The child comes to us most days. We want to know what worries them, so as not to ask it again.",
            at=at,
            by=file.viewer,
        )
    return None


def _refuse(asked: AccessRequest, setting: Setting, *, at: datetime) -> None:
    names = {member.pk: name for name, member in setting.world.members.items()}
    by = setting.world.viewers[names[asked.owner_id] if asked.owner_id else "triage"]
    refuse_access(
        opened=_file(asked.child_id, by, at),
        request_id=asked.pk,
        why=Why(
            DeclineReason.NOT_NEEDED,
            "Their plan says what to do if they seem upset, and you see that. Ring me about anything else.",
            timezone.localdate(at) + REVIEW_USUALLY,
        ),
        at=at,
        by=by,
    )

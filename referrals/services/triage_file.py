"""What a notification brings to a child's file: the facts, the timeline, the provisional Matrix and the people.

What the referrer said stays the referrer's: author, agency and source are theirs. Nothing that a joined file holds is
written over; what differs is kept beside it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.utils import timezone
from django.utils.text import Truncator

from accounts.rules.dates import day
from accounts.rules.viewers import Viewer
from accounts.selectors import viewer_of
from cases.access.choices import Category
from cases.access.services import record_activity
from cases.record.choices import AddressKind, EntryKind, RiskLevel, Source
from cases.record.models import Address, Alias, Child, SchoolPeriod
from cases.record.rules.names import joined as run_together
from cases.record.rules.names import words_of
from cases.record.selectors import lead_of
from cases.record.selectors.addresses import rows_of_address
from cases.record.services import (
    Identity,
    add_chronology,
    agree_safe_contact,
    open_child_file,
    provenance,
    record_level,
)
from cases.record.services.protecting import list_people, lock_files_of, protect_row, protect_written
from referrals.choices import Agreement, ConcernKind, Told
from referrals.models import Notification, TriageDecision
from referrals.rules.notify import age_said
from risk.rules import answers_from_plain
from risk.services import record_referrer_assessment

KEEP_FROM_PARENTS = "Do not tell parents or carers: the referrer says it could put the child at risk."
LONGEST_CONTACT = 300
KEPT_PRIVATE = "The referrer said that this address must be kept from somebody."


def new_file(*, notification: Notification, at: datetime, by: Viewer) -> Child:
    """A file for a child who has none, with what the referrer said of who the child is."""
    return open_child_file(
        identity=Identity(
            given_name=notification.given_name,
            family_name=notification.family_name,
            preferred_name=notification.preferred_name,
            birth_date=notification.birth_date,
            sex=notification.sex,  # type: ignore[arg-type]
            ethnicity=notification.ethnicity,  # type: ignore[arg-type]
            disability=notification.disability,  # type: ignore[arg-type]
        ),
        at=at,
        by=by,
    )


def write_notification(*, notification: Notification, child: Child, joined: bool, at: datetime, by: Viewer) -> None:
    """Put what the referrer said on the file, each thing in its category, as the referrer's own."""
    referrer = viewer_of(notification.membership)
    if joined:
        _write_other_names(notification, child, referrer, at)
    _write_school(notification, child, referrer, at)
    _write_address(notification, child, referrer, at)
    for category, source, summary, detail in _told(notification):
        add_chronology(
            child=child,
            kind=EntryKind.NOTIFICATION,
            category=category,
            happened_at=notification.sent_at,
            summary=summary,
            detail=detail,
            source=source,
            third_party=category == Category.PERSON_OF_CONCERN,
            at=at,
            by=referrer,
        )
    _write_safe_contact(notification, child, referrer, at)
    _write_matrix(notification, child, joined=joined, at=at, by=by)


def _write_safe_contact(notification: Notification, child: Child, referrer: Viewer, at: datetime) -> None:
    """Put the referrer's warnings where everybody looks first, until somebody has agreed better with the child."""
    child.refresh_from_db()
    warning = KEEP_FROM_PARENTS if notification.parents_told == Told.NO_UNSAFE else ""
    if child.safe_contact or not (warning or notification.safe_contact):
        return
    said = f" As said in {notification.reference}, not agreed with the child yet: {notification.safe_contact}"
    words = f"{warning}{said if notification.safe_contact else ''}".strip()
    agree_safe_contact(
        child=child, words=Truncator(words).chars(LONGEST_CONTACT), version=child.version, at=at, by=referrer
    )
    child.refresh_from_db()


def write_decision(*, decision: TriageDecision, child: Child, opens: bool, at: datetime, by: Viewer) -> None:
    """Put the decision on the timeline: that it was made for all who know the child, why for who sees assessments."""
    lead = f" {decision.lead.user} of {decision.lead.agency} leads." if decision.lead is not None else ""
    words = "The notification was accepted." if opens else "The notification was kept on the file."
    entries = (
        (Category.IDENTITY, f"{words}{lead}", ""),
        (
            Category.ASSESSMENT,
            f"{decision.get_outcome_display()}. {decision.get_reason_display()}.",
            "\n\n".join(text for text in (decision.rationale, decision.why_safe) if text),
        ),
    )
    for category, summary, detail in entries:
        add_chronology(
            child=child,
            kind=EntryKind.TRIAGE,
            category=category,
            happened_at=at,
            summary=summary,
            detail=detail,
            at=at,
            by=by,
        )


def _write_other_names(notification: Notification, child: Child, referrer: Viewer, at: datetime) -> None:
    """Names, birth date and age that differ from those on the file, beside them."""
    known = {run_together(words_of(name)) for name in (f"{child.given_name} {child.family_name}", child.preferred_name)}
    known |= {run_together(words_of(name)) for name in child.alias_entries.values_list("name", flat=True)}
    for name in (notification.name, notification.preferred_name):
        key = run_together(words_of(name))
        if name and key not in known | {run_together(words_of(child.given_name))}:
            known.add(key)
            Alias.objects.create(
                child=child,
                name=name,
                note=f"Named so in notification {notification.reference}",
                recorded_at=at,
                **provenance(referrer, Category.IDENTITY),
            )
            record_activity(child_id=child.pk, category=Category.IDENTITY, at=at)
    born = notification.birth_date
    if born is not None and born != child.birth_date:
        _note(child, f"The notification gave another birth date: {day(born)}.", Category.IDENTITY, notification, at)


def _write_school(notification: Notification, child: Child, referrer: Viewer, at: datetime) -> None:
    if not notification.school:
        return
    open_school = SchoolPeriod.objects.filter(child=child, ended_on=None).first()
    if open_school is None:
        SchoolPeriod.objects.create(
            child=child,
            school=notification.school,
            started_on=timezone.localdate(notification.sent_at),
            note=f"As said in notification {notification.reference}",
            recorded_at=at,
            **provenance(referrer, Category.IDENTITY),
        )
        record_activity(child_id=child.pk, category=Category.IDENTITY, at=at)
    elif words_of(open_school.school) != words_of(notification.school):
        words = f"The notification named another school: {notification.school}."
        _note(child, words, Category.IDENTITY, notification, at)


def _write_address(notification: Notification, child: Child, referrer: Viewer, at: datetime) -> None:
    """Write where the child lives, or protect what stands there: one address is never protected in one place alone."""
    lines, postcode = notification.address_lines, notification.postcode.upper()
    if not lines and not postcode:
        return
    lock_files_of(child)
    rows = rows_of_address(child.pk, lines=lines, postcode=postcode)
    standing = next((row for row in rows if row.child_id == child.pk and row.ended_on is None), None)
    readers = _who_may_know(child, notification, rows)
    if standing is None:
        row = _new_address(notification, child, referrer, at)
        if row.protected:
            list_people(row=row, readers=readers, kept_from=(), at=at, by=referrer)
        protect_written(row=row, at=at, by=referrer)
    elif notification.address_protected and not any(row.protected for row in rows):
        protect_row(row=standing, reason=KEPT_PRIVATE, area="", readers=readers, at=at, by=referrer)
    else:
        protect_written(row=standing, at=at, by=referrer)


def _new_address(notification: Notification, child: Child, referrer: Viewer, at: datetime) -> Address:
    has_home = Address.objects.filter(child=child, ended_on=None, kind=AddressKind.HOME).exists()
    protected, postcode = notification.address_protected, notification.postcode.upper()
    row = Address.objects.create(
        child=child,
        kind=AddressKind.OTHER if has_home else AddressKind.HOME,
        lines=notification.address_lines,
        postcode=postcode,
        area="" if protected else postcode.partition(" ")[0],
        protected=protected,
        protection_reason=KEPT_PRIVATE if protected else "",
        started_on=timezone.localdate(notification.sent_at),
        recorded_at=at,
        **provenance(referrer, Category.CONTACT_ADDRESS),
    )
    record_activity(child_id=child.pk, category=Category.CONTACT_ADDRESS, at=at)
    return row


def _who_may_know(child: Child, notification: Notification, rows: Iterable[Address]) -> set[UUID]:
    """The person who told us and who leads; where nobody leads, whoever wrote the address down, so that it is not lost.

    A lead whom the decision names is added when they come.
    """
    lead = lead_of(child.pk)
    known = {row.author_membership_id for row in rows} if lead is None else {lead.membership_id}
    return {member for member in (*known, notification.membership_id) if member is not None}


def _told(notification: Notification) -> Iterable[tuple[Category, Source, str, str]]:
    """What was said: category, source, a sentence that may be shared, and the words themselves.

    The sentences are made of choices, never of free text, so that none carries health or a third person.
    """
    about = ", ".join(ConcernKind(kind).label.lower() for kind in notification.concerns)
    danger = " Immediate danger was reported." if notification.immediate_danger else ""
    yield Category.IDENTITY, Source.PROFESSIONAL, "A notification was received.", ""
    words = "\n\n".join(text for text in (notification.concern, notification.danger_detail) if text)
    harm = notification.get_harm_status_display()
    yield Category.ASSESSMENT, Source.PROFESSIONAL, f"Worried about: {about}. {harm}.{danger}", words
    if notification.childs_words:
        yield Category.ASSESSMENT, Source.CHILD, "What the child says is recorded.", notification.childs_words
    if notification.people_and_places:
        named = "People, places, vehicles or phones were named."
        yield Category.PERSON_OF_CONCERN, Source.PROFESSIONAL, named, notification.people_and_places
    if notification.safe_contact:
        safe = "A safe way to make contact was given."
        yield Category.CONTACT_ADDRESS, Source.PROFESSIONAL, safe, notification.safe_contact
    why = "\n\n".join(text for text in (notification.reason_not_told, notification.others_who_know) if text)
    yield Category.SHARING, Source.PROFESSIONAL, _who_was_told(notification), why


def _who_was_told(notification: Notification) -> str:
    def words(who: str, told: str, agreement: str) -> str:
        said = f"{who}: {Told(told).label.lower()}"
        return f"{said}, {Agreement(agreement).label.lower()}." if told == Told.YES else f"{said}."

    child = words("Told of the notification, the child", notification.child_told, notification.child_agreement)
    return f"{child} {words('Parents or carers', notification.parents_told, notification.parents_agreement)}"


def _note(child: Child, words: str, category: Category, notification: Notification, at: datetime) -> None:
    add_chronology(
        child=child,
        kind=EntryKind.NOTIFICATION,
        category=category,
        happened_at=notification.sent_at,
        summary=words,
        at=at,
        by=viewer_of(notification.membership),
    )


def _write_matrix(notification: Notification, child: Child, *, joined: bool, at: datetime, by: Viewer) -> None:
    if notification.tool is not None and notification.answers is not None and notification.matrix_completed_at:
        born, completed = notification.birth_date, notification.matrix_completed_at
        record_referrer_assessment(
            child=child,
            version=notification.tool,
            answers=answers_from_plain(notification.answers),
            harm_status=notification.harm_status,
            age=age_said(
                birth_date=born, age_if_unknown=notification.age_if_unknown, today=timezone.localdate(completed)
            ),
            evidence=notification.matrix_evidence,
            assessed_at=completed,
            referrer=notification.membership,
            at=at,
            by=by,
        )
    elif not joined:
        record_level(
            child=child,
            level=RiskLevel.NOT_ASSESSED,
            harm_status=notification.harm_status,  # type: ignore[arg-type]
            review_due_on=None,
            at=at,
            provisional=True,
        )

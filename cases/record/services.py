"""Every write to a child's file, and the one door through which a file is read."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.choices import AccessOutcome
from accounts.models import Agency, Membership
from accounts.rules.refusals import NotKnown, Refusal, Stale
from accounts.rules.viewers import Viewer
from accounts.services.access_events import Trace, record_access
from cases.access import services as access
from cases.access.choices import Category, GrantReason
from cases.access.rules import REASONS, Action, FileFacts, Level, Matrix, category_levels, decide
from cases.access.selectors import facts_of, matrix_in_force
from cases.record import rules
from cases.record.choices import (
    Disability,
    EntryKind,
    Ethnicity,
    HarmStatus,
    InvolvementRole,
    RiskLevel,
    Sex,
    Source,
)
from cases.record.models import Child, ChronologyEntry, Involvement, Spell


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


@dataclass(frozen=True)
class OpenFile:
    """A file that a viewer has been let into, with what the rule found out on the way."""

    child: Child
    viewer: Viewer
    at: datetime
    facts: FileFacts
    matrix: Matrix
    levels: dict[str, Level] = field(default_factory=dict)

    def level(self, category: Category | str) -> Level:
        """How much of a category the viewer sees on this file."""
        return self.levels[str(category)]

    def may(self, action: Action, *, category: str | None = None) -> bool:
        """Whether the viewer may do something here."""
        return decide(self.viewer, action, self.facts, self.matrix, category=category).allowed


def open_file(
    *,
    viewer: Viewer,
    reference: str,
    action: Action = Action.VIEW_FILE,
    at: datetime,
    trace: Trace | None = None,
    page: str = "cases:file",
    category: str | None = None,
) -> OpenFile:
    """Fetch a child's file and admit the viewer to it for one action, or refuse; each is written down.

    Raises NotKnown where the viewer may not know that the file exists (the same as for a reference that was
    never given), and Refusal for an action on a file that the viewer can see.
    """
    child = Child.objects.visible_to(viewer, at=at).filter(reference=reference).first()
    if child is None:
        hidden = Child.objects.filter(reference=reference).values_list("pk", flat=True).first()
        raise NotKnown("no_grant" if hidden else "not_known", child_id=hidden)
    facts, matrix = facts_of(child), matrix_in_force(on=timezone.localdate(at))
    decision = decide(viewer, action, facts, matrix, category=category)
    if not decision.allowed:
        raise Refusal(REASONS[decision.reason_code], code=decision.reason_code)
    levels = category_levels(viewer, facts, matrix)
    record_access(
        viewer=viewer,
        action=page,
        outcome=AccessOutcome.ALLOWED,
        reason_code=decision.reason_code,
        child_id=child.pk,
        categories=[name for name, level in levels.items() if level >= Level.SUMMARY],
        trace=trace,
    )
    return OpenFile(child=child, viewer=viewer, at=at, facts=facts, matrix=matrix, levels=levels)


def provenance(
    by: Viewer, category: str, *, source: str = Source.PROFESSIONAL, agency_id: UUID | None = None
) -> dict[str, Any]:
    """What an entry stores of its author: person, membership, originating agency, category and source."""
    return {
        "author_id": by.user_id,
        "author_membership_id": by.membership_id,
        "agency_id": agency_id or by.agency_id,
        "category": category,
        "source": source,
    }


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
    return child


def start_spell(*, child: Child, at: datetime, by: Viewer) -> Spell:
    """Open casework on a file; where it is open already, that spell goes on."""
    spell, _ = Spell.objects.get_or_create(
        child=child,
        ended_on=None,
        defaults={"started_on": timezone.localdate(at), "recorded_at": at, **provenance(by, Category.IDENTITY)},
    )
    return spell


@transaction.atomic
def add_chronology(
    *,
    child: Child,
    kind: EntryKind,
    category: Category,
    happened_at: datetime,
    summary: str,
    detail: str = "",
    source: Source = Source.PROFESSIONAL,
    third_party: bool = False,
    agency_id: UUID | None = None,
    at: datetime,
    by: Viewer,
) -> ChronologyEntry:
    """Write one thing that happened on the child's timeline.

    `summary` is a sentence written to be shared within the category's summary; `detail` is for those who see
    the category in full. `agency_id` is the agency the information comes from, the author's by default. Raises
    RecordRefused for a time that has not come yet.
    """
    if happened_at > at:
        raise rules.RecordRefused("The time this happened cannot be in the future.")
    entry = ChronologyEntry.objects.create(
        child=child,
        kind=kind,
        happened_at=happened_at,
        summary=summary,
        detail=detail,
        third_party=third_party,
        recorded_at=at,
        **provenance(by, category, source=source, agency_id=agency_id),
    )
    access.record_activity(child_id=child.pk, category=category, at=at)
    return entry


@transaction.atomic
def involve(
    *,
    child: Child,
    agency: Agency,
    role: InvolvementRole,
    at: datetime,
    by: Viewer,
    membership: Membership | None = None,
    lead: bool = False,
    reason: GrantReason = GrantReason.INVOLVEMENT,
) -> Involvement:
    """Bring an agency, and a named worker of it where there is one, to work with the child.

    The agency gets access, and the worker in person, both ending with the involvement. Raises RecordRefused for
    a lead without a named person, for a worker of another agency, and where the file has a lead already.
    """
    if lead:
        rules.check_lead_is_named(has_membership=membership is not None)
        if Involvement.objects.filter(child=child, is_lead=True, ended_on=None).exists():
            raise rules.RecordRefused("This file has a lead already. Change the lead instead.")
    if membership is not None and membership.agency_id != agency.pk:
        raise rules.RecordRefused("The named worker does not work for that agency.")
    involvement = Involvement.objects.create(
        child=child,
        working_agency=agency,
        membership=membership,
        role=role,
        is_lead=lead,
        started_on=timezone.localdate(at),
        recorded_at=at,
        **provenance(by, Category.IDENTITY),
    )
    access.grant_access(child_id=child.pk, reason=reason, at=at, by=by, group=agency.group, source_id=involvement.pk)
    if membership is not None:
        access.grant_access(
            child_id=child.pk,
            reason=GrantReason.ALLOCATION,
            at=at,
            by=by,
            membership=membership,
            source_id=involvement.pk,
        )
    return involvement


@transaction.atomic
def change_lead(
    *, child: Child, involvement_id: UUID, reason: str, version: int, at: datetime, by: Viewer
) -> Involvement:
    """Make another named worker the lead, with the reason the child can be told.

    Raises Stale where the file has changed since the page was opened, RecordRefused for a worker who is not
    involved, not named, or without a reason.
    """
    rules.check_handover_has_reason(reason)
    bump_version(child=child, version=version)
    open_rows = Involvement.objects.select_for_update().filter(child=child, ended_on=None)
    new = open_rows.filter(pk=involvement_id).first()
    if new is None:
        raise rules.RecordRefused("That worker is no longer involved with this child.")
    rules.check_lead_is_named(has_membership=new.membership_id is not None)
    old = open_rows.filter(is_lead=True).first()
    if old is not None and old.pk != new.pk:
        old.is_lead = False
        old.save(update_fields=["is_lead"])
    new.is_lead = True
    new.save(update_fields=["is_lead"])
    add_chronology(
        child=child,
        kind=EntryKind.INVOLVEMENT,
        category=Category.IDENTITY,
        happened_at=at,
        summary=f"{new.membership.user} now leads on the case.",  # type: ignore[union-attr]
        detail=reason,
        at=at,
        by=by,
    )
    return new


@transaction.atomic
def end_involvement(
    *, child: Child, involvement_id: UUID, note: str, version: int, at: datetime, by: Viewer
) -> Involvement:
    """End an involvement and the access that came with it. Raises Stale, or RecordRefused for the lead's."""
    bump_version(child=child, version=version)
    involvement = Involvement.objects.select_for_update().filter(child=child, ended_on=None, pk=involvement_id).first()
    if involvement is None:
        raise rules.RecordRefused("That involvement has ended already.")
    rules.check_lead_may_end(is_lead=involvement.is_lead)
    involvement.ended_on, involvement.end_note = timezone.localdate(at), note
    involvement.save(update_fields=["ended_on", "end_note"])
    access.end_grants_from(source_id=involvement.pk, at=at, by=by, why="The involvement ended")
    return involvement


@transaction.atomic
def record_level(
    *,
    child: Child,
    level: RiskLevel,
    harm_status: HarmStatus,
    review_due_on: date | None,
    at: datetime,
    provisional: bool = False,
) -> None:
    """Carry the level and harm status that people have judged onto the front of the file.

    A provisional level is a referrer's score that nobody has judged yet: it has no `level_judged_at`.
    """
    Child.objects.filter(pk=child.pk).update(
        level=level,
        harm_status=harm_status,
        level_judged_at=None if provisional else at,
        review_due_on=review_due_on,
    )
    access.record_activity(child_id=child.pk, category=Category.LEVEL, at=at)


def bump_version(*, child: Child, version: int) -> None:
    """Take the next version of a file for an edit. Raises Stale where somebody saved first."""
    changed = Child.objects.filter(pk=child.pk, version=version).update(version=version + 1)
    if not changed:
        raise Stale("Somebody changed this file while you had the page open. Look at it again, then make your change.")


def note_files_shown(*, viewer: Viewer, page: str, child_ids: Iterable[UUID], trace: Trace | None = None) -> None:
    """Write down which files a list or a search showed."""
    shown = list(child_ids)
    if shown:
        record_access(
            viewer=viewer,
            action=page,
            outcome=AccessOutcome.ALLOWED,
            reason_code="listed",
            shown_ids=shown,
            trace=trace,
        )

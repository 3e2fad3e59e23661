"""The one door through which a file is read, and the note of what lists have shown."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, partial
from uuid import UUID

from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.choices import AccessOutcome
from accounts.rules.postcodes import WATCH, Watch
from accounts.rules.refusals import NotKnown, Refusal
from accounts.rules.viewers import Viewer
from accounts.services.access_events import Trace, record_access
from cases.access.choices import Category
from cases.access.rules import (
    REASONS,
    Action,
    Decision,
    FileFacts,
    Level,
    Matrix,
    category_levels,
    decide,
    entry_level,
    opened_entry_level,
)
from cases.access.selectors import entries_opened, facts_of, matrix_in_force
from cases.record.models import Child, Entry, Involvement
from cases.record.selectors.facts import lead_of, protected_among


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

    @cached_property
    def lead(self) -> Involvement | None:
        """The one worker who leads, whom everybody who may open the file may know; asked for once."""
        return lead_of(self.child.pk)

    @cached_property
    def entries_opened(self) -> frozenset[UUID]:
        """The single entries that a grant opens to the viewer; asked for once, and only where there are any."""
        return entries_opened(self.child.pk, self.viewer, self.at) if self.facts.entries else frozenset()

    def entry_level(self, entry: Entry) -> Level:
        """How much of one entry on this file the viewer sees: own entries always in full."""
        level = self.levels[entry.category]
        if entry.pk in self.entries_opened:
            level = opened_entry_level(level, self.viewer, entry.category, self.matrix)
        return entry_level(
            level,
            own=entry.author_id == self.viewer.user_id,
            own_agency=entry.agency_id == self.viewer.agency_id,
        )

    def may(self, action: Action, *, category: str | None = None) -> bool:
        """Whether the viewer may do something here."""
        return decide(self.viewer, action, self.facts, self.matrix, category=category).allowed

    def check(self, action: Action, *, category: str | None = None) -> Decision:
        """The decision that lets the viewer do something here. Raises Refusal, in its words, where it does not."""
        decision = decide(self.viewer, action, self.facts, self.matrix, category=category)
        if not decision.allowed:
            raise Refusal(REASONS[decision.reason_code], code=decision.reason_code, child_id=self.child.pk)
        return decision


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

    The reference of a file that was merged into another leads to that other file. Raises NotKnown where the
    viewer may not know that the file exists (the same as for a reference that was never given), and Refusal for
    an action on a file that the viewer can see. What is typed into forms afterwards is looked through for postcodes.
    """
    kept = Child.objects.filter(reference=reference).values(kept_id=Coalesce("merged_into_id", "id"))
    child = Child.objects.visible_to(viewer, at=at).filter(pk__in=kept).first()
    if child is None:
        hidden = Child.objects.filter(reference=reference).values_list("pk", flat=True).first()
        raise NotKnown("no_grant" if hidden else "not_known", child_id=hidden)
    opened = _opened(child, viewer, at, matrix_in_force(on=timezone.localdate(at)))
    decision = opened.check(action, category=category)
    WATCH.set(Watch(partial(protected_among, child.pk, viewer)))
    record_access(
        viewer=viewer,
        action=page,
        outcome=AccessOutcome.ALLOWED,
        reason_code=decision.reason_code,
        child_id=child.pk,
        categories=[name for name, level in opened.levels.items() if level >= Level.SUMMARY],
        trace=trace,
    )
    return opened


def files_open(
    child_ids: Iterable[UUID], viewer: Viewer, *, at: datetime, matrix: Matrix | None = None
) -> dict[UUID, OpenFile]:
    """Those of these files that a viewer may know of, each with how much of it they see. Writes no event itself."""
    matrix = matrix or matrix_in_force(on=timezone.localdate(at))
    files = Child.objects.visible_to(viewer, at=at).filter(pk__in=list(child_ids))
    return {child.pk: _opened(child, viewer, at, matrix) for child in files}


def _opened(child: Child, viewer: Viewer, at: datetime, matrix: Matrix) -> OpenFile:
    facts = facts_of(child)
    levels = category_levels(viewer, facts, matrix)
    return OpenFile(child=child, viewer=viewer, at=at, facts=facts, matrix=matrix, levels=levels)


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

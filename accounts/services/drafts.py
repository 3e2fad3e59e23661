"""Drafts of long forms: kept on the server at each step, whatever state they are in, for their writer alone."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.models import Draft
from accounts.rules.refusals import NotKnown, Stale
from accounts.rules.viewers import Viewer
from accounts.selectors.drafts import whose

KEPT_FOR = timedelta(days=30)


def start_draft(*, form: str, subject: str = "", at: datetime, by: Viewer) -> Draft:
    """Begin a long form, under the membership that the writer is acting in."""
    return Draft.objects.create(**whose(by), form=form, subject=subject, created_at=at, updated_at=at)


@transaction.atomic
def save_step(
    *,
    draft_id: UUID,
    step: str,
    typed: Mapping[str, Sequence[str]],
    kept: Mapping[str, Any] | None,
    version: int | None,
    at: datetime,
    by: Viewer,
) -> Draft:
    """Keep one step of a draft: `typed` as it was typed, `kept` as it was understood (None: something is wrong).

    Steps are versioned apart, so that two windows on two steps do not hinder each other. `version` is the one
    the step had when its page was opened, 0 or None for a step that nobody has filled in. Raises NotKnown for
    a draft that is not the writer's, Stale where the same step was saved in another window meanwhile.
    """
    draft = lock_draft(draft_id=draft_id, by=by)
    before = draft.answers.get(step, {})
    if (version or 0) != before.get("version", 0):
        raise Stale("You changed these answers in another window. Open the step again, then make your change.")
    draft.answers[step] = {
        "typed": {name: list(values) for name, values in typed.items()},
        "kept": None if kept is None else dict(kept),
        "version": before.get("version", 0) + 1,
    }
    draft.version += 1
    draft.updated_at = at
    draft.save(update_fields=["answers", "version", "updated_at"])
    return draft


def lock_draft(*, draft_id: UUID, by: Viewer) -> Draft:
    """The writer's draft, locked until the transaction ends. Raises NotKnown for anybody else's."""
    draft = Draft.objects.select_for_update().filter(pk=draft_id, **whose(by)).first()
    if draft is None:
        raise NotKnown("no_draft")
    return draft


@transaction.atomic
def discard_draft(*, draft_id: UUID, by: Viewer) -> None:
    """Throw a draft away, for good. Raises NotKnown for a draft that is not the writer's."""
    lock_draft(draft_id=draft_id, by=by).delete()


def purge_drafts(*, at: datetime) -> int:
    """Throw away every draft that nobody has touched for 30 days. Returns how many."""
    count, _ = Draft.objects.filter(updated_at__lt=at - KEPT_FOR).delete()
    return count

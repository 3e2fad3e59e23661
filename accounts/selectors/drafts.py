"""The drafts of the person who is asking."""

from typing import Any
from uuid import UUID

from accounts.models import Draft
from accounts.rules.refusals import NotKnown
from accounts.rules.viewers import Viewer


def whose(viewer: Viewer) -> dict[str, Any]:
    """The two columns that make a draft a viewer's own: the person, and the job they are doing."""
    return {"user_id": viewer.user_id, "membership_id": viewer.membership_id}


def drafts_of(viewer: Viewer, *, form: str) -> list[Draft]:
    """A viewer's own drafts of a form, under the acting membership, the latest first."""
    return list(Draft.objects.filter(**whose(viewer), form=form).order_by("-updated_at"))


def draft_of(viewer: Viewer, *, draft_id: UUID, form: str) -> Draft:
    """One of a viewer's own drafts. Raises NotKnown for anybody else's, as for one that never was."""
    draft = Draft.objects.filter(pk=draft_id, **whose(viewer), form=form).first()
    if draft is None:
        raise NotKnown("no_draft")
    return draft

"""What a step is of, put where it must stand for the step, so that who may take it is answered and not when."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.urls import reverse

from accounts.choices import NoticeKind
from accounts.models import Invitation, Place, RoleRequest, User
from accounts.selectors import now
from accounts.services.notices import mark_of, tell
from panels.choices import MeetingState
from panels.models import Meeting
from reporting.choices import RunState
from reporting.models import ReportRun
from tests.access.rulebook import Asked
from tests.access.test_pages import Things
from tests.conftest import HonestClient
from tests.factories.accounts import make_membership
from tests.factories.panels import make_meeting

HOUR = timedelta(hours=1)
# Steps for which what they are of must stand otherwise than the rest is asked about: the meeting begun or over or not
# published yet, the report waiting or failed, a second step being set up.
DURING, AFTER, BEFORE, SET_UP = "during", "after", "before", "set up"
TURNS = {
    ("panels:attendance", "POST"): DURING,
    ("panels:item", "POST"): DURING,
    ("panels:close", "GET"): DURING,
    ("panels:close", "POST"): DURING,
    ("panels:minutes", "GET"): AFTER,
    ("panels:child_minutes", "GET"): AFTER,
    ("panels:publish", "POST"): BEFORE,
    ("panels:refresh", "POST"): BEFORE,
    ("accounts:second_factor_picture", "GET"): SET_UP,
    ("reporting:cancel", "POST"): RunState.QUEUED,
    ("reporting:retry", "POST"): RunState.FAILED,
}


@contextlib.contextmanager
def in_its_turn(asked: Asked, things: Things, browser: HonestClient) -> Iterator[dict[str, Any]]:
    """What a step is of stands as it must for the step while it is asked for, and as before afterwards.

    Gives the ids that the address has instead of the usual ones.
    """
    turn, instead = TURNS.get((asked.address, asked.method)), {}
    with transaction.atomic():
        if turn == SET_UP:
            browser.get(reverse("accounts:set_up_second_factor"))
        elif turn == BEFORE:
            # The agenda of the usual one may be out, which is for good.
            panel = Meeting.objects.get(pk=things.named["meeting_id"]).panel
            instead["meeting_id"] = make_meeting(panel, starts_at=now() + 200 * HOUR).pk
        elif isinstance(turn, RunState):
            put_report(things, turn)
        elif turn is not None:
            put_meeting(things, turn)
        yield {} if asked.state == "never" else instead
        transaction.set_rollback(True)


def put_meeting(things: Things, turn: str) -> None:
    meeting = Meeting.objects.select_related("panel").get(pk=things.named["meeting_id"])
    by, at = meeting.panel.seats.earliest("pk").member, meeting.published_at or now()
    said = {"opened_at": at, "opened_by": by, "state": MeetingState.OPEN}
    said |= {} if meeting.published_at else {"published_at": at, "published_by": by}
    said |= {"closed_at": now(), "closed_by": by, "state": MeetingState.CLOSED} if turn == AFTER else {}
    Meeting.objects.filter(pk=meeting.pk).update(**said)


def put_report(things: Things, state: RunState) -> None:
    failed = state == RunState.FAILED
    said = {"settled_at": now() if failed else None, "error": "x" if failed else ""}
    ReportRun.objects.filter(pk=things.named["run_id"]).update(state=state, **said)


def own_accounts(world: Any, membership: Any) -> dict[str, Any]:
    """A place where the viewer is signed in, and at their agency a role to decide and a person who is suspended."""
    at, other = now(), make_membership(agency=membership.agency, role=membership.role).user
    User.objects.filter(pk=other.pk).update(is_active=False, suspended_at=at)
    asked = {"asked_at": at, "asked_by": other, "reason": "x"}
    request = RoleRequest.objects.create(user=world.user("teacher"), agency=membership.agency, role="housing", **asked)
    place = Place.objects.create(user=membership.user, began_at=at, device="A browser", session_key="y")
    return {"place_id": place.pk, "request_id": request.pk, "suspended": other.pk}


def link_that_holds(user: Any) -> str:
    """A link to set a password by, which has not been used."""
    at = now()
    notice = tell(user=user, kind=NoticeKind.PASSWORD_LINK, at=at)
    return mark_of(Invitation.objects.create(user=user, notice=notice, made_at=at, expires_at=at + 24 * HOUR).pk)

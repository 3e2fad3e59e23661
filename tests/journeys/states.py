"""What the demo has not done yet: a child reported missing and a panel meeting that is open, with the pages of each
step of an episode, an interview and a meeting. No link may lead to a step whose turn has not come."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pghistory
from django.urls import reverse

from accounts.models import Membership, User
from accounts.rules.viewers import Viewer
from accounts.selectors import now, viewer_of
from cases.clocks.choices import AlertKind
from cases.clocks.models import Alert
from cases.record.models import Address, AddressReader, Child
from cases.record.selectors.facts import reads_address
from cases.sharing.models import AgreementSignature, Restriction
from cases.sharing.models.matrix import MatrixProposal
from cases.sharing.models.requests import AccessRequest
from cases.sharing.models.shares import SharingBreach, SharingDecision
from cases.sharing.selectors.restriction import named_on
from missing.choices import EpisodeKind
from missing.models import MissingEpisode, MissingReport, ReturnInterview
from missing.services import EpisodeDetails, report_missing_child
from missing.services.opening import open_to_functions
from missing.services.reports import ReportedChild
from panels.choices import ActionStatus, MeetingState
from panels.models import Action, AgendaItem, Meeting, PanelSeat
from panels.services.meetings import accept_statement, open_meeting, publish_agenda

POLICE, MANAGER, CHAIR, GUARDIAN, KEYWORKER = "missing.coordinator", "manager", "chair", "guardian", "keyworker"
# Who signs in with a code too.
SECOND_STEP = "o.marchetti"
ADMIN_STEPS = ("give_role", "close_account", "send_password_link")
OWN_STEPS = ("recovery_codes", "new_codes", "prove")
EPISODE_STEPS = ("add", "grade", "kind", "return", "correct", "check", "close", "decide_interview")
INTERVIEW_STEPS = ("offer", "answer", "attempt", "allocate", "hold", "write_up", "not_needed", "not_engaged", "carer")
MISSING = "missing:{}"
Pages = list[tuple[str, str, str]]


def viewer(username: str) -> Viewer:
    return viewer_of(Membership.objects.get(user__username=username, ended_on=None))


def let_things_happen() -> None:
    """Police report a child of whom there is no file; the chair opens the meeting whose agenda is out, and publishes
    the next one."""
    at = now()
    with pghistory.context(reason="a journey"):
        details = EpisodeDetails(EpisodeKind.ABSENT, last_seen_at=at - timedelta(hours=5), reported_at=at)
        born = (at - timedelta(days=365 * 14)).date()
        reported = ReportedChild(given_name="Juniper", family_name="Marchbanks", birth_date=born)
        made = report_missing_child(reported=reported, details=details, at=at, by=viewer(POLICE))
        open_to_functions(made.child, at=at, by=viewer(POLICE))
        meeting = Meeting.objects.get(state=MeetingState.PUBLISHED)
        accept_statement(meeting=meeting, at=at, by=viewer(CHAIR))
        open_meeting(meeting=meeting, at=at, by=viewer(CHAIR))
        later = Meeting.objects.filter(state=MeetingState.PLANNED).order_by("starts_at")[0]
        publish_agenda(meeting=later, at=at, by=viewer(CHAIR))


def pages_of_steps() -> Pages:
    """The page of every step, by the name of its address, with somebody who may open it."""
    at = now()
    return _of_missing(at) + _of_panels(at) + _of_access(at) + _of_accounts()


def _of_access(at: datetime) -> Pages:
    """What follows on a restriction, with the guardian who is named there, and on a proposal, with its author."""
    restriction = Restriction.objects.filter(lifted_at=None, child__in=_files(GUARDIAN, at)).order_by("pk")[0]
    child = restriction.child
    proposal = MatrixProposal.objects.filter(adopted_at=None, withdrawn_at=None).order_by("pk")[0]
    named = [member for member in named_on(child.pk, at=at) if member.pk != restriction.keeper_id]
    breach = SharingBreach.objects.filter(assessed_at=None, decision__child__in=_files(GUARDIAN, at)).order_by("pk")[0]
    waiting = AccessRequest.objects.filter(answered_at=None, child__in=_files(GUARDIAN, at)).order_by("asked_at")[0]
    file, wrong = breach.decision.child, breach.decision
    given = SharingDecision.objects.filter(kind="shared", ended_at=None, ends_at__gt=at, membership__isnull=False)
    received = given.select_related("membership__user").order_by("-decided_at")[0]
    return [
        *((f"cases:{step}", reverse(f"cases:{step}", args=[child.reference]), GUARDIAN) for step in RESTRICTION_STEPS),
        (
            "cases:share_received",
            reverse("cases:share_received", args=[received.pk]),
            received.membership.user.username if received.membership else "",
        ),
        _withdrawn(breach),
        ("cases:access_request", reverse("cases:access_request", args=[waiting.pk]), GUARDIAN),
        ("cases:assess_breach", _at("cases:assess_breach", file, wrong.pk), GUARDIAN),
        *(
            (f"cases:{step}", f"{reverse(f'cases:{step}', args=[file.reference])}?agency={wrong.agency_id}", KEYWORKER)
            for step in ("add_share", "decline_share")
        ),
        ("cases:take_off", _at("cases:take_off", child, named[0].pk), GUARDIAN),
        *_of_agreements(),
        *_of_addresses(),
        (
            "cases:add_matrix_change",
            reverse("cases:add_matrix_change", args=[proposal.pk]),
            proposal.proposed_by.user.username,
        ),
    ]


def _withdrawn(breach: SharingBreach) -> tuple[str, str, str]:
    """What was shared in error, with one of those who were told to destroy it."""
    told = Alert.objects.filter(kind=AlertKind.SHARE_WITHDRAWN, subject_id=breach.pk, membership__isnull=False)
    member = told.select_related("membership__user").order_by("pk")[0].membership
    assert member is not None
    return "cases:share_withdrawn", reverse("cases:share_withdrawn", args=[breach.pk]), member.user.username


def _of_agreements() -> Pages:
    signature = AgreementSignature.objects.filter(withdrawn_on=None).order_by("pk")[0]
    return [
        *(
            (f"cases:{step}", reverse(f"cases:{step}", args=[signature.agreement_id]), GUARDIAN)
            for step in ("agreement_end", "add_assessment")
        ),
        ("cases:take_back_signature", reverse("cases:take_back_signature", args=[signature.pk]), GUARDIAN),
    ]


def _of_addresses() -> Pages:
    """A protected address, by somebody on its own list who writes about where children live."""
    listed = AddressReader.objects.filter(address__protected=True, address__ended_on=None)
    listed = listed.filter(membership__role__in=("csc_social_worker", "specialist_keyworker"))
    for row in listed.select_related("address__child", "membership__user").order_by("pk"):
        reader = row.membership.user.username
        known = Address.objects.filter(
            reads_address(viewer(reader)), child__in=_files(reader, now()), pk=row.address_id
        )
        if known.exists():
            break
    child, kept = row.address.child, row.address.kept_from.filter(ended_at=None)[0]
    steps = ("address", "keep_address_from", "let_know_address")
    return [
        *((f"cases:{step}", _at(f"cases:{step}", child, row.address_id), reader) for step in steps),
        (
            "cases:end_keep_from",
            reverse("cases:end_keep_from", args=[child.reference, row.address_id, kept.pk]),
            reader,
        ),
    ]


def _of_accounts() -> Pages:
    second = Membership.objects.get(user__username=SECOND_STEP, ended_on=None).user
    suspended = User.objects.filter(suspended_at__isnull=False)[0]
    return [
        *((f"accounts:{step}", reverse(f"accounts:{step}"), SECOND_STEP) for step in OWN_STEPS),
        ("accounts:reset_second_factor", reverse("accounts:reset_second_factor", args=[second.pk]), "guardian"),
        *((f"accounts:{step}", reverse(f"accounts:{step}", args=[second.pk]), "admin") for step in ADMIN_STEPS),
        ("accounts:lift_suspension", reverse("accounts:lift_suspension", args=[suspended.pk]), "admin"),
        ("accounts:open_again", reverse("accounts:open_again", args=[suspended.pk]), "guardian"),
    ]


def _of_missing(at: datetime) -> Pages:
    episode = MissingEpisode.objects.filter(child__in=_files(POLICE, at)).order_by("pk")[0]
    interview = ReturnInterview.objects.filter(child__in=_files(MANAGER, at)).order_by("pk")[0]
    report = MissingReport.objects.order_by("recorded_at")[0]
    return [
        *((f"missing:{step}", _at(f"missing:{step}", episode.child, episode.pk), POLICE) for step in EPISODE_STEPS),
        *(
            (f"missing:{step}", _at(f"missing:{step}", interview.child, interview.pk), MANAGER)
            for step in INTERVIEW_STEPS
        ),
        ("missing:report_made", reverse("missing:report_made", args=[report.reference]), POLICE),
        ("missing:report_on_file", reverse("missing:report_on_file", args=[episode.child.reference]), POLICE),
    ]


def _of_panels(at: datetime) -> Pages:
    meeting, planned = (Meeting.objects.filter(state=state)[0] for state in (MeetingState.OPEN, MeetingState.PLANNED))
    out = Meeting.objects.filter(state=MeetingState.PUBLISHED)[0]
    item = AgendaItem.objects.filter(meeting=meeting, state="listed", child__in=_files(CHAIR, at)).order_by("pk")[0]
    done = Action.objects.filter(status=ActionStatus.DONE, verified_at=None, child__in=_files(CHAIR, at)).order_by(
        "pk"
    )[0]
    decided = AgendaItem.objects.filter(decision__isnull=False, child__in=_files(CHAIR, at)).order_by("pk")[0]
    seat = PanelSeat.objects.filter(ended_on=None).order_by("pk")[0]
    of_items = ((f"panels:{step}", reverse(f"panels:{step}", args=[meeting.pk, item.pk])) for step in ITEM_STEPS)
    of_meetings = ((f"panels:{step}", reverse(f"panels:{step}", args=[meeting.pk])) for step in MEETING_STEPS)
    return [
        *((name, path, CHAIR) for name, path in (*of_meetings, *of_items)),
        ("panels:publish", reverse("panels:publish", args=[planned.pk]), CHAIR),
        ("panels:open", reverse("panels:open", args=[out.pk]), CHAIR),
        ("panels:move", reverse("panels:move", args=[planned.pk]), CHAIR),
        ("panels:add_deputy", reverse("panels:add_deputy", args=[seat.pk]), CHAIR),
        ("panels:action", _at("panels:action", done.child, done.pk), CHAIR),
        ("panels:verify", _at("panels:verify", done.child, done.pk), CHAIR),
        ("panels:minutes", reverse("panels:minutes", args=[decided.meeting_id]), CHAIR),
        ("panels:child_minutes", _at("panels:child_minutes", decided.child, decided.pk), CHAIR),
    ]


RESTRICTION_STEPS = ("add_name", "review_restriction", "ask_for_lift", "answer_lift")
ITEM_STEPS = ("item", "prepare", "take_off")
MEETING_STEPS = ("meeting", "attendance", "close")


def _files(username: str, at: datetime) -> Any:
    return Child.objects.visible_to(viewer(username), at=at).values("pk")


def _at(name: str, child: Child, row: Any) -> str:
    return reverse(name, args=[child.reference, row])

"""Every address that names something, asked for by people who may not know of it.

The addresses come from the URL patterns and the view registry: a new page is covered, or fails here for want of
something to ask for. What is answered for a thing that exists must be, byte for byte, what is answered for one
that never did.

Seen to fail: the start, the end and the ending left out of the grants that count; the block and the restriction
left out of the query; an assessment shown to a role whose cell is N; a refusal in place of the not-found page.
"""

from __future__ import annotations

import copy
import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.choices import AccessOutcome, NoticeKind
from accounts.models import AccessEvent, AccessReview, Draft, HeldSubmission, Invitation, Place, RoleRequest
from accounts.rules.roles import Capability
from accounts.rules.viewers import Viewer
from accounts.selectors import now
from accounts.services.notices import mark_of, tell
from cases.access.choices import Category, GrantReason
from cases.clocks.choices import AlertKind
from cases.clocks.models import Alert
from cases.record.models import AddressReader, Child, Involvement
from panels.models import SeatDeputy
from reporting.models import ReportRun
from tests.conftest import HonestClient, in_the_name_of_the_suite
from tests.factories.accounts import make_membership, make_viewer
from tests.factories.api import make_system
from tests.factories.cases import block, grant, make_child, make_chronology, make_protected, make_spell, provenance
from tests.factories.conflicts import make_conflict, make_possible
from tests.factories.emergency import make_emergency
from tests.factories.missing import make_finding, make_interview, make_report, make_returned
from tests.factories.panels import make_action, make_item, make_meeting, make_panel, seat_people
from tests.factories.referrals import make_match_question, make_notification
from tests.factories.reporting import SPRING
from tests.factories.reporting import make_report as make_board_report
from tests.factories.risk import make_assessment, make_judgement
from tests.factories.shares import make_breach, make_request, make_share
from tests.factories.sharing import make_signal, make_signature, propose
from tests.factories.world import World, make_world
from tests.masking import masked

pytestmark = pytest.mark.django_db

CANARY = "Zephyrine"
NEVER_REFERENCE = {"cases": "ZZZ-ZZZZ", "notify": "N-ZZZ-ZZZZ", "triage": "N-ZZZ-ZZZZ"}
# Parts of an address that choose a form and name nobody.
CHOICES = {
    "provider_id": "council",
    "kind": "plan",
    "step": "child",
    "measure": "open_by_level",
    "window": "this",
    "code": "high",
}
# Reports hold totals of every file, for everybody whose role has reports: what they tell of a file is tried apart.
TOTALS = "reports/"
# What belongs to the person who wrote it, who is sent home where it is theirs no more.
OWN_THINGS = {"token", "draft_id", "notice_id"}
# What everybody who signs in may read: the register of agreements holds no child.
FOR_EVERYBODY = {"access/agreements/<uuid:agreement_id>/"}


@dataclass(frozen=True)
class Address:
    """One pattern with parts, the view behind it and the methods it takes."""

    pattern: str
    policy: Any

    @property
    def parts(self) -> list[str]:
        return re.findall(r"<(?:\w+:)?(\w+)>", self.pattern)

    @property
    def of_a_file(self) -> bool:
        return self.pattern.startswith(("cases/<str:reference>/", "api/v1/files/<str:reference>"))

    def filled(self, values: dict[str, Any]) -> str:
        return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda part: str(values[part.group(1)]), self.pattern)


def addresses_with_and_without_parts(resolver: Any = None, prefix: str = "") -> Iterator[Address]:
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLResolver):
            yield from addresses_with_and_without_parts(entry, prefix + str(entry.pattern))
        elif isinstance(entry, URLPattern):
            yield Address(prefix + str(entry.pattern), entry.callback.policy)


ADDRESSES = [address for address in addresses_with_and_without_parts() if "<" in address.pattern]
OF_FILES = [address for address in ADDRESSES if address.of_a_file]
ids = {"ids": lambda address: address.pattern}


@dataclass
class Things:
    """One of each thing that an address can name, all of them about one child, and what tells of it."""

    child: Child
    named: dict[str, Any] = field(default_factory=dict)

    def values(self, address: Address) -> dict[str, Any]:
        missing = [
            part for part in address.parts if part not in self.named and part not in CHOICES and part != "reference"
        ]
        assert not missing, f"Say in make_things what {missing} stands for, so that {address.pattern} is tried too"
        reference = self.named["notification"] if not address.of_a_file else self.child.reference
        return {**self.named, **CHOICES, "reference": reference}

    @staticmethod
    def never(address: Address) -> dict[str, Any]:
        top = address.pattern.split("/")[0]
        unknown = {
            part: 999_999_999 if f"<int:{part}>" in address.pattern else uuid.uuid4()
            for part in address.parts
            if part not in CHOICES
        }
        return {**unknown, **CHOICES, "reference": NEVER_REFERENCE.get(top, "ZZZ-ZZZZ")}


@pytest.fixture(scope="module")
def made(standing) -> tuple[World, Things]:
    with in_the_name_of_the_suite():
        world = make_world()
        return world, make_things(world, world.viewer, now())


@pytest.fixture
def world(db, made) -> World:
    """The people of every test here; what a test changes of them it changes of its own copy."""
    return copy.deepcopy(made[0])


@pytest.fixture
def things(db, made) -> Things:
    """A file with something on each page, known to social care alone."""
    return copy.deepcopy(made[1])


def make_things(world, viewer, at) -> Things:
    """One of each thing about one child, which no grant opens to anybody."""
    child = make_child(CANARY, "Ashdown-Canary")
    worker = viewer("socialworker")
    assessment = make_assessment(child, worker, evidence=f"{CANARY} was seen with adults.")
    judgement = make_judgement(assessment, worker, needs_approval=True, reason=f"{CANARY} is safer.")
    make_chronology(child, worker, summary=f"{CANARY} came home.", category=Category.MISSING)
    make_chronology(child, worker, summary=f"{CANARY} was assessed.", category=Category.ASSESSMENT, kind="assessment")
    notification = make_notification(viewer("teacher"), given_name=CANARY, child=child)
    question = make_match_question(notification, child)
    episode = make_returned(child, worker, circumstances=f"{CANARY} left after a call.")
    interview = make_interview(episode, worker)
    make_finding(interview, worker, Category.INTERVIEW, f"{CANARY} told us why.")
    involvement = Involvement.objects.create(
        child=child,
        working_agency=world.agency("social_care"),
        membership=world.membership("socialworker"),
        role="social_worker",
        started_on="2026-01-05",
        **provenance(worker),
    )
    teacher = {"user": world.user("teacher")}
    membership = world.membership("teacher")
    draft = Draft.objects.create(**teacher, membership=membership, form="notify", answers={"x": CANARY})
    held = HeldSubmission.objects.create(**teacher, path="/notify/", fields={"given_name": [CANARY]})
    system = make_system(world.agency("police"))
    emergency = make_emergency(child, world.membership("missing_coordinator"))
    alert = Alert.objects.create(
        dedupe_key="one", kind=AlertKind.values[0], group=world.agency("police").group, subject_id=uuid.uuid4()
    )
    panel = make_panel()
    seat = seat_people(panel, world, ["chair"])["chair"]
    deputy = SeatDeputy.objects.create(seat=seat, membership=world.membership("coordinator"), started_on="2026-01-05")
    meeting = make_meeting(panel)
    item = make_item(meeting, child, viewer("coordinator"))
    action = make_action(item, world.membership("socialworker"), worker, text=f"Ring {CANARY}.")
    signal = make_signal(worker, child, at)
    protected = make_protected(child, viewer("keyworker"), lines=f"{CANARY} House")
    wrong = make_breach(child, world.agency("youth_service"), world.membership("socialworker"))
    return Things(
        child,
        {
            "notification": notification.reference,
            "assessment_id": assessment.pk,
            "corrects_id": assessment.pk,
            "judgement_id": judgement.pk,
            "involvement_id": involvement.pk,
            "question_id": question.pk,
            "episode_id": episode.pk,
            "interview_id": interview.pk,
            "report": make_report(episode, worker).reference,
            "agency_id": world.agency("health").pk,
            "access_id": emergency.pk,
            "named_id": world.membership("guardian").pk,
            "conflict_id": make_conflict(child, make_viewer(), by=viewer("guardian")).pk,
            "possible_id": make_possible(child, viewer("camhs")).pk,
            "alert_id": alert.pk,
            "meeting_id": meeting.pk,
            "item_id": item.pk,
            "seat_id": seat.pk,
            "deputy_id": deputy.pk,
            "action_id": action.pk,
            "draft_id": draft.pk,
            "token": held.pk,
            "proposal_id": propose(viewer, at).pk,
            "user_id": worker.user_id,
            "digest_id": signal.digest_id,
            "signal_id": signal.pk,
            "address_id": protected.pk,
            "kept_id": protected.kept_from.get().pk,
            "agreement_id": (signed := make_signature(world.agency("health"), by=viewer("guardian"))).agreement_id,
            "signature_id": signed.pk,
            "person_id": world.user("teacher").pk,
            **account_things(world, at),
            "place_id": Place.objects.create(
                user=world.user("teacher"), began_at=notification.sent_at, device="A browser", session_key="x"
            ).pk,
            "notice_id": tell(user=world.user("teacher"), kind=NoticeKind.CODES_RENEWED, at=notification.sent_at).pk,
            "run_id": report_that_counts(child, worker).pk,
            "token_id": system.token.pk,
            "membership_id": system.token.user.memberships.get().pk,
            "decision_id": wrong.pk,
            "breach_id": wrong.breach.pk,
            "asked_id": make_request(child, world.membership("school_nurse")).pk,
            "received_id": make_share(
                child, world.agency("youth_service"), world.membership("socialworker"), granted=False
            ).pk,
        },
    )


def account_things(world: Any, at: datetime) -> dict[str, Any]:
    """A link that has expired, a role that waits for a second person, and a review that waits to be signed."""
    user, agency = world.user("teacher"), world.agency("social_care")
    notice = tell(user=user, kind=NoticeKind.PASSWORD_LINK, at=at)
    link = Invitation.objects.create(user=user, notice=notice, made_at=at, expires_at=at)
    asked = {"asked_at": at, "asked_by": world.user("admin"), "reason": "x"}
    role = RoleRequest.objects.create(user=user, agency=agency, role="csc_social_worker", **asked)
    review = AccessReview.objects.create(agency=agency, opened_at=at, due_on=at.date())
    return {"mark": mark_of(link.pk), "request_id": role.pk, "review_id": review.pk}


def report_that_counts(child: Child, worker: Viewer) -> ReportRun:
    """A report in which the file stands among those at high, with enough others for the number to be shown."""
    judged = {"level": "high", "level_judged_at": SPRING.start}
    for other in (child, *(make_child("Other", **judged) for _ in range(6))):
        make_spell(other, worker)
    Child.objects.filter(pk=child.pk).update(**judged)
    return make_board_report(worker)


@pytest.fixture
def stranger(world, client_as) -> HonestClient:
    """A manager of an agency that no file was opened to: every capability, and not one grant."""
    user = make_membership(agency=world.agency("far_charity"), role="csc_manager").user
    return client_as(user)


def ask(browser: HonestClient, method: str, url: str, *, then: Callable[[], None] | None = None) -> HttpResponse:
    """Asks without leaving a trace in the database for the next question; `then` is done before the traces go."""
    with transaction.atomic():
        if method == "GET":
            answer = browser.get(url)
        else:
            answer = browser.post(url, {"idempotency_key": "6f1b1d1e-8f0f-4c35-9f57-111111111111", "reason": "x"})
            if then is not None:
                then()
        transaction.set_rollback(True)
    return answer


def plain(answer: HttpResponse) -> tuple[int, dict[str, str], str]:
    """An answer without what is made anew for each: nonce, forgery token, the owner's mark, the form's key."""
    body = masked(answer.content.decode())
    headers = {
        name: re.sub(r"nonce-[^']+", "nonce", value)
        for name, value in answer.headers.items()
        if name not in ("Content-Length", "Date")
    }
    return answer.status_code, headers, body


Nowhere = dict[tuple[str, str], tuple[int, dict[str, str], str]]


@pytest.fixture(scope="module")
def nowhere() -> Nowhere:
    """What one person was answered for what never existed: asked once, however many reasons are tried."""
    return {}


def assert_nothing_there(
    browser: HonestClient, address: Address, things: Things, nowhere: Nowhere | None = None
) -> None:
    answers: Nowhere = {} if nowhere is None else nowhere
    for method in address.policy.methods:
        there = ask(browser, method, address.filled(things.values(address)))
        if (method, address.pattern) not in answers:
            answers[method, address.pattern] = plain(ask(browser, method, address.filled(Things.never(address))))
        assert there.status_code == 404, (method, address.pattern, there.status_code)
        assert plain(there) == answers[method, address.pattern], (method, address.pattern)
        assert CANARY not in there.content.decode()
        assert things.child.reference not in there.content.decode()


# For each capability that a page of a file needs, somebody who may see the file and does not have it.
WITHOUT = {
    Capability.READ_FILES: "teacher",
    Capability.WRITE_FILES: "guardian",
    Capability.ASSESS_RISK: "nurse",
    Capability.CHANGE_INVOLVEMENT: "nurse",
    Capability.APPROVE_LEVEL: "keyworker",
    Capability.REPORT_MISSING: "nurse",
    Capability.GRADE_MISSING: "keyworker",
    Capability.ALLOCATE_INTERVIEWS: "keyworker",
    Capability.INTERVIEW: "nurse",
    Capability.PREPARE_PANEL: "nurse",
    Capability.OVERSEE_ACCESS: "nurse",
    Capability.AUDIT: "nurse",
}
# What police, the panel's office and the guardian alone do; that a file is there comes first all the same.
OF_OTHERS = {Capability.GRADE_MISSING, Capability.PREPARE_PANEL, Capability.AUDIT}


def test_there_is_something_to_ask_for():
    assert len(OF_FILES) >= 20
    assert {"GET", "POST"} == {method for address in OF_FILES for method in address.policy.methods}


@pytest.mark.parametrize("address", OF_FILES, **ids)
def test_a_stranger_finds_nothing_at_any_address_of_a_file(address, things, stranger):
    assert_nothing_there(stranger, address, things)


@pytest.mark.parametrize("address", OF_FILES, **ids)
def test_the_outsider_finds_nothing_at_any_address_of_a_file(address, things, client_as):
    """Also where the outsider's role could not use the page: whether there is a file comes first."""
    assert_nothing_there(client_as("outsider"), address, things)


@pytest.mark.parametrize("address", OF_FILES, **ids)
def test_whoever_sees_a_file_is_told_what_their_role_does_not_do_there(address, things, client_as, world):
    """The gate of a file's page is the access rule alone, so each page must ask it for its own capability."""
    assert address.policy.capability is not None, "a page of a file names the capability it needs"
    person = WITHOUT[address.policy.capability]
    assert not world.viewer(person).may(address.policy.capability)
    grant(things.child, world.membership(person))
    browser = client_as(person)
    # A role that opens no file at all is told of none.
    told = 404 if address.policy.capability == Capability.READ_FILES else 403
    for method in address.policy.methods:
        assert ask(browser, method, address.filled(things.values(address))).status_code == told, method


@pytest.mark.parametrize("address", [a for a in ADDRESSES if a.pattern.startswith(TOTALS)], **ids)
def test_a_report_tells_nothing_of_a_file_that_one_may_not_know_of(address, things, client_as, stranger, world):
    path = address.filled(things.values(address))
    for browser in (stranger, client_as("outsider"), client_as("analyst")):
        for method in address.policy.methods:
            answer = ask(browser, method, path)
            assert answer.status_code in (200, 302, 403)
            assert CANARY.encode() not in answer.content
            assert things.child.reference.encode() not in answer.content
    assert ask(stranger, "GET" if "GET" in address.policy.methods else "POST", path).status_code in (200, 403)
    if "<str:measure>" in address.pattern:
        assert b"You may open 0 files of these." in ask(stranger, "GET", path).content
        grant(things.child, world.agency("social_care"))
        assert things.child.reference.encode() in ask(client_as("social_care_manager"), "GET", path).content


@pytest.mark.parametrize(
    "address", [a for a in ADDRESSES if not a.of_a_file and not a.pattern.startswith(TOTALS)], **ids
)
def test_a_stranger_finds_no_difference_at_any_other_address(address, things, client_as, stranger):
    for browser in (stranger, client_as("outsider")):
        for method in address.policy.methods:
            there = ask(browser, method, address.filled(things.values(address)))
            never = ask(browser, method, address.filled(Things.never(address)))
            if method == "GET" and address.pattern in FOR_EVERYBODY:
                assert (there.status_code, never.status_code) == (200, 404)
                assert CANARY not in there.content.decode()
                continue
            assert there.status_code in ((302, 404) if OWN_THINGS & set(address.parts) else (403, 404)), method
            if address.pattern not in FOR_EVERYBODY:  # there the refusal is of a step, on what everybody may read
                assert plain(there) == plain(never), (method, address.pattern)
            assert CANARY not in there.content.decode()


@pytest.mark.parametrize("address", [a for a in OF_FILES if "GET" in a.policy.methods], **ids)
def test_somebody_with_a_grant_finds_a_page_at_each(address, things, world, client_as):
    """Without this, the tests above would pass on addresses that lead nowhere for anybody."""
    grant(things.child, world.agency("social_care"))
    manager = world.membership("social_care_manager")
    AddressReader.objects.create(address_id=things.named["address_id"], membership=manager)
    Involvement.objects.create(
        child=things.child,
        working_agency=manager.agency,
        membership=manager,
        role="social_worker",
        started_on="2026-01-05",
        **provenance(world.viewer("social_care_manager")),
    )
    answer = ask(client_as("social_care_manager"), "GET", address.filled(things.values(address)))
    assert answer.status_code in (200, 302, 403), address.pattern
    if address.pattern == "cases/<str:reference>/":
        assert CANARY in answer.content.decode()


Ending = Callable[[Things, Any, Any, datetime], None]
HOUR = timedelta(hours=1)


def expired(things: Things, world: Any, viewer: Any, at: datetime) -> None:
    grant(things.child, world.agency("specialist"), valid_from=at - 2 * HOUR, valid_until=at - HOUR)


def future(things: Things, world: Any, viewer: Any, at: datetime) -> None:
    grant(things.child, world.agency("specialist"), valid_from=at + HOUR)


def ended(things: Things, world: Any, viewer: Any, at: datetime) -> None:
    grant(things.child, world.agency("specialist"), ended_at=at - HOUR)


def blocked(things: Things, world: Any, viewer: Any, at: datetime) -> None:
    grant(things.child, world.agency("specialist"))
    block(things.child, viewer("manager"), by=viewer("guardian"))


def restricted(things: Things, world: Any, viewer: Any, at: datetime) -> None:
    grant(things.child, world.agency("specialist"))
    Child.objects.filter(pk=things.child.pk).update(restricted=True)


def anothers(things: Things, world: Any, viewer: Any, at: datetime) -> None:
    grant(things.child, viewer("keyworker"))


ENDINGS: list[Ending] = [expired, future, ended, blocked, restricted, anothers]


@pytest.mark.parametrize("place", range(len(ENDINGS)), ids=[why.__name__ for why in ENDINGS])
def test_a_grant_that_does_not_hold_opens_no_address(place: int, things, world, viewer, client_as, at, nowhere):
    """Each address is asked for two of the six reasons, in turn; which grants hold is judged in `test_visible.py`."""
    ENDINGS[place](things, world, viewer, at)
    manager = client_as("manager")
    for address in OF_FILES[place % 3 :: 3]:
        may = address.policy.capability is None or viewer("manager").may(address.policy.capability)
        assert may or address.policy.capability in OF_OTHERS, "The manager holds every other; choose somebody who does"
        assert_nothing_there(manager, address, things, nowhere)


def test_the_same_grant_opens_them_while_it_holds(things, world, viewer, client_as, at):
    grant(things.child, world.agency("specialist"), valid_from=at - HOUR, valid_until=at + HOUR)
    page = client_as("manager").get(f"/cases/{things.child.reference}/")
    assert page.status_code == 200
    assert CANARY in page.content.decode()


def test_each_refused_look_is_written_down_with_the_file_it_was_at(things, world, stranger):
    stranger.get(f"/cases/{things.child.reference}/")
    stranger.get("/cases/ZZZ-ZZZZ/")
    events = AccessEvent.objects.filter(outcome=AccessOutcome.REFUSED).order_by("pk")
    assert list(events.values_list("reason_code", "child_id")) == [("no_grant", things.child.pk), ("not_known", None)]


def text_of(browser: HonestClient, things: Things) -> str:
    """Everything a person reads at the addresses of a file."""
    pages = []
    for address in OF_FILES:
        if "GET" in address.policy.methods:
            answer = ask(browser, "GET", address.filled(things.values(address)))
            pages.append(answer.content.decode() if answer.status_code == 200 else "")
    return "\n".join(pages)


def test_housing_does_not_see_the_assessment(things, world, client_as):
    grant(things.child, world.agency("housing"))
    grant(things.child, world.agency("social_care"), reason=GrantReason.INVOLVEMENT)

    assert f"{CANARY} was seen with adults." in text_of(client_as("socialworker"), things)
    read = text_of(client_as("housing"), things)
    assert CANARY in read  # the name is in the summary of the identity, which housing has
    for words in ("was seen with adults", "is safer", "was assessed", "came home", "left after a call", "told us"):
        assert words not in read
    assert str(things.named["assessment_id"]) not in read

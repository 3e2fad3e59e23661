"""Every role at every address, in every relation to a child's file, against the oracle that was written before.

`make matrix` asks every question, the suite a share of them. A POST carries a key and little else: what is asked is who
may, so a form that is refused for what it lacks, and a step whose turn has not come, count as let in.

Seen to fail: a block left out of the rule; the end of a grant left out; a page of the guardians opened to everybody who
reads files; a file shown to the technical administrator of an agency that was granted it; attendance refused to
everybody; an old reference that leads nowhere; a name in a header; a birth date beside the reference.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable
from copy import deepcopy
from datetime import datetime, timedelta
from html import unescape
from typing import Any
from uuid import uuid4

import pytest
from django.urls import reverse

from accounts.choices import FunctionKey
from accounts.models import AccessReview, Draft, HeldSubmission
from accounts.rules.roles import Capability
from accounts.rules.viewers import Viewer
from accounts.selectors import now
from cases.access.choices import Category, GrantReason
from cases.access.models import AccessGrant
from cases.access.services import end_grants
from cases.clocks.choices import AlertKind
from cases.clocks.models import Alert, SweepRun
from cases.clocks.services import raise_alert
from cases.record.choices import SpellEnd
from cases.record.models import Child, Spell
from missing.models import MissingEpisode
from panels.models import AgendaItem, Meeting, Panel
from panels.services.meetings import accept_statement
from referrals.selectors.notify import FORM
from tests.access.canaries import Canary, found_in, headers_of, leaks_in, planting, text_of
from tests.access.carried import listening, send_what_waits, text_of_mail
from tests.access.filled import fill
from tests.access.rulebook import NOBODY, Asked, Rulebook, shape
from tests.access.test_pages import CHOICES, Address, Things, addresses_with_and_without_parts, ask, make_things, plain
from tests.access.turns import TURNS, in_its_turn, link_that_holds, own_accounts
from tests.conftest import HonestClient
from tests.factories.cases import block, grant, make_child
from tests.factories.emergency import make_emergency
from tests.factories.missing import make_report
from tests.factories.panels import make_action, publish, seat_people
from tests.factories.referrals import make_notification
from tests.factories.shares import make_request, make_share

pytestmark = pytest.mark.django_db
BOOK = Rulebook.read()
# Of the pairs of role and state one in so many is built, and of each one address in so many is asked.
PAIRS, ADDRESSES_ASKED = (int(number) for number in os.environ.get("HARBOUR_ORACLE", "24,4").split(","))
HOUR = timedelta(hours=1)
ALL_ADDRESSES = {shape(address.pattern): address for address in addresses_with_and_without_parts()}
ANSWERS = {
    "ok": {200, 201, 204, 302, 400, 409, 422},
    "refused": {403},
    "unknown": {404},
}


def chosen(text: str, one_in: int) -> bool:
    """Whether a question is asked where one in so many is: always the same ones."""
    return zlib.crc32(text.encode()) % one_in == 0


def test_the_oracle_knows_every_address_and_method() -> None:
    assert set(ALL_ADDRESSES) - set(BOOK.routes) == set()
    for route, address in ALL_ADDRESSES.items():
        assert set(address.policy.methods) <= set(BOOK.methods(BOOK.routes[route])), route


def test_every_question_has_one_answer(record_property: Callable[[str, object], None]) -> None:
    questions = [asked for asked in BOOK.outcomes if ROUTE_OF.get(asked.address)]
    asked = sum(len(questions_of(role, state)) for role, state in PAIRS_ASKED)
    record_property(
        "scanned",
        f"an oracle of {len(BOOK.outcomes):,} answers, {len(questions):,} of addresses that are built, "
        f"{asked:,} asked here in {len(PAIRS_ASKED)} pairs of role and state",
    )
    assert len(questions) > 90_000


ROUTE_OF = {BOOK.routes[route]: route for route in ALL_ADDRESSES if route in BOOK.routes}


State = Callable[[Things, Any, Viewer], None]


def own_agency(things: Things, world: Any, viewer: Viewer) -> None:
    grant(things.child, agency_of(world, viewer))


def agency_of(world: Any, viewer: Viewer) -> Any:
    return next(agency for agency in world.agencies.values() if agency.pk == viewer.agency_id)


def other_agency(things: Things, world: Any, viewer: Viewer) -> None:
    other = "police" if viewer.agency_id != world.agency("police").pk else "health"
    grant(things.child, world.agency(other))


def granted_person(things: Things, world: Any, viewer: Viewer) -> None:
    grant(things.child, viewer)


def expired(things: Things, world: Any, viewer: Viewer) -> None:
    grant(things.child, agency_of(world, viewer), valid_from=now() - 2 * HOUR, valid_until=now() - HOUR)


def future(things: Things, world: Any, viewer: Viewer) -> None:
    grant(things.child, agency_of(world, viewer), valid_from=now() + HOUR)


def blocked(things: Things, world: Any, viewer: Viewer) -> None:
    own_agency(things, world, viewer)
    block(things.child, viewer, by=world.viewer("manager"))


def restricted_unnamed(things: Things, world: Any, viewer: Viewer) -> None:
    own_agency(things, world, viewer)
    Child.objects.filter(pk=things.child.pk).update(restricted=True)


def restricted_named(things: Things, world: Any, viewer: Viewer) -> None:
    restricted_unnamed(things, world, viewer)
    grant(things.child, viewer, reason=GrantReason.NAMED)


def emergency_live(things: Things, world: Any, viewer: Viewer) -> None:
    in_an_emergency(things, world, viewer, opened_at=now() - HOUR / 2)


def emergency_expired(things: Things, world: Any, viewer: Viewer) -> None:
    in_an_emergency(things, world, viewer, opened_at=now() - 2 * HOUR)


def in_an_emergency(things: Things, world: Any, viewer: Viewer, *, opened_at: datetime) -> None:
    """Who may has opened the file for 60 minutes: all but session notes and who looked (decision 0228)."""
    other_agency(things, world, viewer)
    if viewer.role_key not in OPENERS:
        return
    membership = next(member for member in world.memberships.values() if member.pk == viewer.membership_id)
    emergency = make_emergency(things.child, membership, opened_at=opened_at)
    things.named["access_id"] = emergency.pk
    grant(
        things.child,
        viewer,
        reason=GrantReason.BREAK_GLASS,
        categories=tuple(sorted(set(Category) - {Category.SESSIONS, Category.WHO_LOOKED})),
        valid_from=opened_at,
        valid_until=emergency.ends_at,
    )


OPENERS = BOOK.named("roles", ["openers"])


def panel_live(things: Things, world: Any, viewer: Viewer) -> None:
    meeting = on_the_panel(things, world, viewer)
    publish(meeting, world)


def panel_ended(things: Things, world: Any, viewer: Viewer) -> None:
    panel_live(things, world, viewer)
    running = AccessGrant.objects.filter(child=things.child, reason=GrantReason.PANEL)
    end_grants(grants=running, at=now(), by=None, why="The meeting is over")


def on_the_panel(things: Things, world: Any, viewer: Viewer) -> Meeting:
    meeting = Meeting.objects.get(pk=things.named["meeting_id"])
    name = next(name for name, member in world.memberships.items() if member.pk == viewer.membership_id)
    # Who opens no file may not sit; the chair has a seat in every state.
    if viewer.may(Capability.READ_FILES) and name != "chair":
        seat_people(Panel.objects.get(pk=meeting.panel_id), world, [name], chairs=False)
        accept_statement(meeting=meeting, at=now(), by=world.viewer(name))
    return meeting


def closed(things: Things, world: Any, viewer: Viewer) -> None:
    own_agency(things, world, viewer)
    Spell.objects.filter(child=things.child).update(ended_on=now().date(), end_reason=SpellEnd.values[0])


def merged(things: Things, world: Any, viewer: Viewer) -> None:
    kept = make_child("Kept", "Elsewhere")
    grant(kept, agency_of(world, viewer))
    own_agency(things, world, viewer)
    Child.objects.filter(pk=things.child.pk).update(merged_into=kept)
    things.named["kept"] = kept.reference


def never(things: Things, world: Any, viewer: Viewer) -> None:
    own_agency(things, world, viewer)


STATES: dict[str, State] = {
    build.__name__: build
    for build in (
        own_agency, other_agency, granted_person, expired, future, blocked, restricted_named, restricted_unnamed,
        emergency_live, emergency_expired, panel_live, panel_ended, closed, merged, never,
    )
}  # fmt: skip


def test_every_state_of_the_oracle_can_be_built() -> None:
    assert set(STATES) == set(BOOK.states)


def questions_of(role: str, state: str) -> list[tuple[Asked, Address]]:
    return [
        (Asked(role, name, method, state), ALL_ADDRESSES[route])
        for name, route in ROUTE_OF.items()
        for method in ALL_ADDRESSES[route].policy.methods
        if (role, state, name) in ALWAYS_ASKED
        or ((role, state) in SHARE and chosen(f"{role} {state} {name} {method}", ADDRESSES_ASKED))
    ]


SHARE = {(role, state) for role in BOOK.roles for state in BOOK.states if chosen(f"{role} {state}", PAIRS)}
# The chair may take every step that has a turn, and is asked for each.
OF_ONE_PERSON = {"accounts:welcome", "accounts:decide_role", "accounts:open_again", "accounts:end_place"}
ALWAYS_ASKED = {("panel_chair", "panel_live", name) for name in {name for name, _ in TURNS} | OF_ONE_PERSON}
PAIRS_ASKED = sorted(SHARE | {(role, state) for role, state, _ in ALWAYS_ASKED})


@pytest.mark.parametrize(("role", "state"), PAIRS_ASKED)
def test_each_answer_is_the_oracles(
    role: str, state: str, world, viewer, at, client_as, mailoutbox, capfd, record_property
) -> None:
    with planting() as planted:
        things = make_things(world, viewer, at)
        fill(things.child, viewer("socialworker"), restriction=False)
    tell_about(things.child, at)
    SweepRun.objects.create(started_at=at, finished_at=at)
    things.named["mark"] = link_that_holds(world.user("teacher"))
    browser = HonestClient()
    if role != NOBODY:
        person = next(name for name, member in world.memberships.items() if member.role == role and name != "outsider")
        STATES[state](things, world, viewer(person))
        make_own(things, world, person, state)
        browser = client_as(person)
    wrong, leaks, lines, headers, signed_in = {}, set(), [], [], deepcopy(browser.cookies)
    for asked, address in questions_of(role, state):
        browser.cookies = deepcopy(signed_in)  # whatever the page before did with them
        values = Things.never(address) if state == "never" else things.values(address)
        if state != "never" and role != NOBODY:
            values |= {"reference": things.named["triage"]} if address.pattern.startswith("triage/") else {}
            values |= {"person_id": things.named["suspended"]} if asked.address == "accounts:open_again" else {}
        with listening() as said, in_its_turn(asked, things, browser) as instead:
            values |= instead
            answer = ask(browser, asked.method, address.filled({**values, **CHOICES}), then=send_what_waits)
        lines += said
        headers.append(headers_of(answer))

        def may_be_read(canary: Canary, address: str = asked.address) -> bool:
            return role != NOBODY and canary.may_be_read(BOOK, viewer(person), things.child, state, address)

        leaks |= {
            (asked.address, asked.method, canary.field, canary.category)
            for canary in leaks_in(text_of(answer), planted, may_be_read)
        }
        if not is_right(asked, answer, browser, address, things):
            wrong[asked.address, asked.method] = (BOOK.outcomes[asked], answer.status_code)
    report(role, state, wrong)
    assert wrong == {}
    assert leaks == set()
    mails = [text_of_mail(mail) for mail in mailoutbox]
    record_property("scanned", f"{len(mails)} e-mails, {len(lines)} lines of the log: {role}, {state}")
    assert mails, "no e-mail went out: there was nothing to scan"
    assert [line for line in lines if '"harbour.requests"' in line], (
        "no request wrote a line: there was nothing to scan"
    )
    assert any("Location: " in sent for sent in headers), "no answer led anywhere: there were no headers to scan"
    carried = "\n".join([*mails, *lines, *headers, *capfd.readouterr()])
    assert found_in(carried, planted) == [], "an e-mail, a line of a log or a header has words about a child in it"


def tell_about(child: Child, at: datetime) -> None:
    """The desk is told of something on the file, by an alert with its e-mails; what waits from before goes out too."""
    raise_alert(
        kind=AlertKind.EMERGENCY_OPENED,
        to=FunctionKey.NOTIFICATION_POINT,
        subject_id=uuid4(),
        child_id=child.pk,
        at=at,
    )
    send_what_waits()


def make_own(things: Things, world: Any, person: str, state: str) -> None:
    """What the oracle takes for the viewer's own: what they sent and began; the action and alert of their agency."""
    viewer, membership = world.viewer(person), world.membership(person)
    episode = MissingEpisode.objects.get(pk=things.named["episode_id"])
    # A notification at triage is the teacher's; what one has sent oneself is another.
    things.named |= {
        "triage": things.named["notification"],
        "notification": make_notification(viewer, given_name="Own").reference,
        "draft_id": Draft.objects.create(user=membership.user, membership=membership, form=FORM).pk,
        "token": HeldSubmission.objects.create(user=membership.user, path="/notify/", fields={}).pk,
        "report": make_report(episode, viewer).reference,
        **own_accounts(world, membership),
    }
    sees = state in SEEN and (viewer.role_key in OPENERS or not state.startswith("emergency"))
    group = (membership.agency if sees else world.agency("far_charity")).group
    opened = {"opened_at": now(), "due_on": now().date()}
    things.named["review_id"] = AccessReview.objects.get_or_create(agency=membership.agency, defaults=opened)[0].pk
    alert = Alert.objects.create(dedupe_key="own", kind=AlertKind.values[0], group=group, subject_id=uuid4())
    things.named |= {"alert_id": alert.pk}
    told = {"dedupe_key": "withdrawn", "membership": membership, "child": things.child}
    Alert.objects.create(kind=AlertKind.SHARE_WITHDRAWN, subject_id=things.named["breach_id"], **told)
    if not state.startswith("emergency"):
        other = world.membership("triage" if person != "triage" else "out_of_hours")
        things.named |= {"access_id": make_emergency(things.child, other).pk}
    agency = agency_of(world, viewer) if state in OWN_GRANT else world.agency("far_charity")
    shared = make_share(things.child, agency, world.membership("socialworker"), granted=False)
    asked = make_request(things.child, world.membership("nurse" if person != "nurse" else "housing"))
    things.named |= {"received_id": shared.pk, "asked_id": asked.pk}
    if sees:
        item = AgendaItem.objects.get(pk=things.named["item_id"])
        action = make_action(item, membership, viewer, text="Own")
        things.named |= {"action_id": action.pk}


SEEN = BOOK.named("states", ["seen"])
OWN_GRANT = BOOK.named("states", ["own_grant"])
# A refusal that follows from what the record holds, not from whose job the step is: told by its words.
OF_THE_RECORD = {"risk:correct": "it has been corrected already, or it holds answers that your role does not see"}


def is_right(asked: Asked, answer: Any, browser: HonestClient, address: Address, things: Things) -> bool:
    """Whether an answer is what the oracle says, or one that tells no more.

    Where a thing may not be known of, any answer does that is given, byte for byte, for an id that never existed; where
    a page is another job's, so does an answer that says that there is no such thing.
    """
    right = BOOK.outcomes[asked]
    if right == "sign_in":
        return asks_to_sign_in(answer, address)
    if asked.state == "merged" and address.of_a_file and (right == "ok" or answer.status_code == 302):
        return leads_on(asked, answer, browser, address, things)
    if answer.status_code in ANSWERS[right]:
        return True
    if right == "ok":
        words = OF_THE_RECORD.get(asked.address)
        return answer.status_code == 403 and words is not None and words in unescape(answer.content.decode())
    never = Things.never(address)
    if address.of_a_file and BOOK.outcomes[Asked(asked.role, "cases:file", "GET", asked.state)] == "ok":
        never["reference"] = things.child.reference
    return answer.status_code in (302, 403, 404) and plain(answer) == plain(
        ask(browser, asked.method, address.filled({**never, **CHOICES}))
    )


def asks_to_sign_in(answer: Any, address: Address) -> bool:
    """To a person the page for it, to a system the status."""
    if address.policy.is_operation:
        return bool(answer.status_code == 401)
    return answer.status_code == 302 and answer.headers["Location"].partition("?")[0] == reverse("accounts:sign_in")


def leads_on(asked: Asked, answer: Any, browser: HonestClient, address: Address, things: Things) -> bool:
    """A page asked for under the old reference is that of the file that lives on, or leads to it; a form that was open
    is answered as there. Records that are still of the old file are found under neither.
    """
    path = address.filled({**things.values(address), **CHOICES})
    kept = path.replace(things.child.reference, things.named["kept"])
    if asked.method == "GET" and answer.status_code == 302 and answer.headers["Location"] == kept:
        return True
    there = ask(browser, asked.method, kept)
    of_a_record = set(address.parts) - {"reference", *CHOICES, "agency_id"}
    same = (answer.status_code, answer.headers.get("Location")) == (there.status_code, there.headers.get("Location"))
    return same and (there.status_code in ANSWERS["ok"] or bool(of_a_record and there.status_code == 404))


def report(role: str, state: str, wrong: dict[tuple[str, str], tuple[str, int]]) -> None:
    """Where a file is named, every disagreement is written there too: they are settled by rule, not by cell."""
    path = os.environ.get("HARBOUR_ORACLE_REPORT")
    if path:
        with open(path, "a", encoding="utf-8") as lines:
            lines.writelines(
                f"{address}\t{method}\t{role}\t{state}\t{right}\t{status}\n"
                for (address, method), (right, status) in wrong.items()
            )

"""What stands in one of two databases and not in the other, and the surfaces on which somebody could notice it.

Each `Hidden` is written as the product writes it, on a file that both viewers work with. Where a write would tell of
something that is open beside it (a level, that a name was looked at), `instead` puts that alone into the other
database. `touches` are the surfaces on which a third viewer, who may know of it, must be shown it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.http import HttpResponse

from accounts.choices import AccessOutcome, FunctionKey
from accounts.models import FunctionMember
from accounts.rules.dates import in_london
from accounts.rules.viewers import Viewer
from accounts.services.access_events import record_access
from cases.access.choices import Category
from cases.access.models import Block
from cases.access.services import end_block, record_activity
from cases.clocks.services import sweep
from cases.record.choices import EntryKind, HarmStatus, RiskLevel
from cases.record.models import Child, ChronologyEntry, Spell
from cases.record.services import PeriodKind, add_alias, add_chronology, record_level, record_period
from missing.choices import EpisodeKind
from missing.models import MissingEpisode
from missing.services.opening import open_to_interview_team
from missing.services.returns import start_interview
from panels.choices import DecisionCode, UpdateKind
from panels.models import AgendaItem, ItemUpdate, Meeting, PanelDecision
from panels.services.meetings import open_meeting, publish_agenda
from risk.models import RiskAssessment
from risk.scoring import Answer
from risk.selectors import tool_in_force, tool_of
from risk.services import judge_level, record_assessment, score_answers
from tests.access.canaries import text_of
from tests.access.test_pages import CANARY, CHOICES, Address, Things
from tests.conftest import HonestClient
from tests.factories.cases import grant, make_child, make_spell, provenance
from tests.factories.missing import make_finding, make_returned
from tests.factories.panels import accept_all, decide, make_action, make_item, make_meeting, publish, seat_people
from tests.factories.referrals import make_notification
from tests.factories.risk import make_assessment
from tests.masking import ANEW, REFERENCE

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
OTHER_NAME, POSTCODE = "Quillon Vantablack", "NM7 3QT"
# The line of a printed page that says at what minute it was printed.
PRINTED = re.compile(r'<p class="hb-print-only hb-printed">.*?</p>')
# Each of the two databases raises its own alerts, under ids drawn anew, and keeps looks by the real clock.
ALERT = re.compile(r'(?<=/alerts/)[0-9a-f-]{36}(?=/)|(?<=name="then" value=")[0-9a-f-]{36}(?=")')
LOOKED_AT = re.compile(r"\d{1,2}:\d{2}[ap]m|^\d{4}-\d{2}-\d{2}T[\d:]{8}(?=[+,Z])", re.MULTILINE)
COUNTED = re.compile(r'class="hb-[a-z_-]*count[^"]*">([^<]*)<')
KEY = "6f1b1d1e-8f0f-4c35-9f57-111111111111"
Exact = tuple[int, str]
Pages = dict[str, Exact]
Questions = dict[str, tuple[str, dict[str, Any]]]


@dataclass
class Scene:
    """One file with everything that an address can name, and two people who work with it: one may not know of what is
    written, the third may.
    """

    world: Any
    things: Things
    person: str
    third: str
    writer: Viewer
    at: datetime
    notification: str = ""

    @property
    def child(self) -> Child:
        return self.things.child

    def by(self, name: str) -> Viewer:
        found: Viewer = self.world.viewer(name)
        return found

    def again(self) -> Child:
        """The file as it is now."""
        return Child.objects.get(pk=self.child.pk)


Deed = Callable[[Scene], None]


def nothing(scene: Scene) -> None:
    pass


@dataclass(frozen=True)
class Hidden:
    """What one role may not know of: what is there in both databases, what in one alone, what in the other in its
    place; and on which surfaces the third viewer, the holder of a role where not just anybody will do, sees it.
    """

    write: Deed
    touches: frozenset[str] = frozenset()
    base: Deed = nothing
    instead: Deed = nothing
    third: str = ""


def set_scene(world: Any, things: Things, *, person: str, third: str, category: str, at: datetime) -> Scene:
    """What both databases hold."""
    writer = "keyworker" if "police" in world.membership(person).role else "detective"
    scene = Scene(world, things, person, third, world.viewer(writer), at + timedelta(minutes=10))
    for conflict in Block.objects.filter(child=things.child):
        end_block(block_id=conflict.pk, by=world.viewer("guardian"), at=at)
    meeting = Meeting.objects.get(pk=things.named["meeting_id"])
    seat_people(meeting.panel, world, [one for one in (person, third) if one != "chair"], chairs=False)
    for name in (person, third):
        grant(things.child, world.membership(name).agency, valid_from=at - 3 * HOUR)
        # A file that was busy more recently: one that moves up passes it.
        other = make_child("Marker", f"For {name}")
        grant(other, world.membership(name).agency, valid_from=at - 3 * HOUR)
        record_activity(child_id=other.pk, category=Category.IDENTITY, at=at + timedelta(minutes=5))
        make_item(meeting, other, world.viewer("coordinator"))
    if category != Category.MINUTES:
        publish(meeting, world)
        accept_all(meeting)
    of(category).base(scene)
    return scene


def of(category: str) -> Hidden:
    """What is written of a category beside an entry of the timeline."""
    return HIDDEN.get(category, Hidden(nothing))


def write_entry(scene: Scene, category: str) -> None:
    """An entry of the timeline. A name alone has none: what it says stands in the file's own fields."""
    if category == Category.IDENTITY:
        return
    add_chronology(
        child=scene.child,
        kind=EntryKind.OBSERVATION,
        category=Category(category),
        happened_at=scene.at - HOUR,
        summary=f"Something about {scene.child.given_name} that is for others.",
        detail="With more of it.",
        at=scene.at,
        by=scene.writer,
    )


def write_special(scene: Scene, category: str, *, hidden: bool) -> None:
    """What is written of a category, or what stands in its place; then the minute's sweep, as in the product."""
    (of(category).write if hidden else of(category).instead)(scene)
    sweep(scene.at)


# Score.


def _answers(codes: str) -> dict[str, Answer]:
    return {code: Answer("yes", evidence="Seen with adults.") for code in codes.split()}


def an_assessment(scene: Scene) -> None:
    """Items ticked, and a level judged with its reason."""
    tool = tool_in_force(on=in_london(scene.at).date())
    made = record_assessment(
        child=scene.again(),
        version=tool.version,
        answers=_answers("A1 B1"),
        harm_status=HarmStatus.SUSPECTED,
        evidence="Seen with adults.",
        at=scene.at,
        by=scene.writer,
    )
    child = scene.again()
    judge_level(
        assessment=made,
        judged_level=RiskLevel.HIGH,
        harm_status=HarmStatus.SUSPECTED,
        reason="More is known than the form asks for.",
        version=child.version,
        at=scene.at,
        by=scene.writer,
    )


def the_level_alone(scene: Scene) -> None:
    """What an assessment carries to the front of the file and tells the timeline of the level: declassified."""
    with transaction.atomic():
        an_assessment(scene)
        held = scene.again()
        told = ChronologyEntry.objects.get(child=held, category=Category.LEVEL)
        transaction.set_rollback(True)
    told.save(force_insert=True)
    record_level(
        child=scene.child,
        level=RiskLevel(held.level),
        harm_status=HarmStatus(held.harm_status),
        review_due_on=held.review_due_on,
        at=scene.at,
    )


def _assessment_with(scene: Scene, codes: str) -> None:
    first = RiskAssessment.objects.get(pk=scene.things.named["assessment_id"])
    answers = _answers(codes)
    result = score_answers(tool=tool_of(first.tool), answers=answers, age=14, harm_status="suspected", disability="")
    make_assessment(scene.child, scene.writer, id=KEY, result=result.as_dict(), evidence="Seen.", assessed_at=scene.at)


def with_vulnerabilities(scene: Scene) -> None:
    _assessment_with(scene, "A1 V01 V02 V03")


def without_vulnerabilities(scene: Scene) -> None:
    _assessment_with(scene, "A1")


# Clock and count.


def an_absence(scene: Scene) -> None:
    """An episode that is over, after which nobody has said yet that an interview follows."""
    worker = scene.by("socialworker")
    made = make_returned(
        scene.child,
        worker,
        kind=EpisodeKind.ABSENT,
        last_seen_at=scene.at - 60 * HOUR,
        returned_at=scene.at - 56 * HOUR,
    )
    scene.things.named["over_id"] = made.pk
    a_team(scene)
    team = scene.world.functions[FunctionKey.INTERVIEW_TEAM]
    FunctionMember.objects.create(membership=scene.world.membership(scene.third), function=team)


def an_interview(scene: Scene) -> None:
    """Its 72 hours are nearly up, so that the sweep tells the team."""
    episode = MissingEpisode.objects.get(pk=scene.things.named["over_id"])
    interview = start_interview(episode, reason="Was seen with adults.", at=scene.at, by=scene.writer)
    make_finding(interview, scene.writer, Category.INTERVIEW, "Why, and with whom.")


def a_team(scene: Scene) -> None:
    """Those who hold interviews can see the file, and the page of who can says so to everybody."""
    open_to_interview_team(scene.child, at=scene.at - 50 * HOUR, by=scene.by("socialworker"))


def episodes(scene: Scene) -> None:
    made = make_returned(scene.child, scene.writer, last_seen_at=scene.at - 60 * HOUR, returned_at=scene.at - 56 * HOUR)
    start_interview(made, at=scene.at, by=scene.writer)


# Agenda.


def two_meetings_before(scene: Scene) -> None:
    """A panel that has spoken of the child once, then had it on an agenda; other files that stand before and after."""
    meeting, chair = Meeting.objects.get(pk=scene.things.named["meeting_id"]), scene.by("chair")
    Spell.objects.filter(child__given_name="Other").update(ended_on=in_london(scene.at).date(), end_reason="moved")
    for number, days in enumerate((60, 30)):
        opened_at = scene.at - timedelta(days=days)
        by = scene.world.membership("chair")
        held = make_meeting(
            meeting.panel,
            starts_at=opened_at,
            state="closed",
            **{f"{step}_at": opened_at for step in ("published", "opened", "closed")},
            **{f"{step}_by": by for step in ("published", "opened", "closed")},
        )
        item = make_item(held, scene.child, chair)
        scene.things.named[f"item_{number}"] = item.pk
    _decided(scene, "item_0")
    make_meeting(meeting.panel, starts_at=scene.at + 40 * DAY)
    for number, other in enumerate(Child.objects.filter(given_name="Marker")):
        make_spell(other, chair)
        for times in range(3):
            start = scene.at - timedelta(days=20 + 10 * times)
            make_returned(other, chair, last_seen_at=start, returned_at=start + HOUR)
        scene.things.named[f"marker_{number}"] = other.pk


def _decided(scene: Scene, name: str) -> None:
    item = AgendaItem.objects.select_related("meeting").get(pk=scene.things.named[name])
    decided_at = item.meeting.closed_at
    PanelDecision.objects.create(
        item=item,
        child=scene.child,
        code=DecisionCode.CONTINUE,
        rationale="It goes on.",
        level_before=RiskLevel.HIGH,
        level_after=RiskLevel.HIGH,
        decided_at=decided_at,
        next_review_on=in_london(scene.at).date(),
        **provenance(scene.by("chair"), Category.MINUTES),
    )
    AgendaItem.objects.filter(pk=item.pk).update(state="decided", settled_at=decided_at)


def spoken_of(scene: Scene) -> None:
    """Last time the panel came to the child; the next meeting is open."""
    _decided(scene, "item_1")
    open_the_next(scene)


def carried_over(scene: Scene) -> None:
    """Last time the panel did not come to the child, which puts it first; this time much is said already."""
    AgendaItem.objects.filter(pk=scene.things.named["item_1"]).update(
        state="deferred", state_reason="Nobody from the school was there.", settled_at=scene.at - 30 * DAY
    )
    meeting = open_the_next(scene)
    item = meeting.items.get(child=scene.child)
    told = provenance(scene.writer, Category.MINUTES)
    ItemUpdate.objects.create(item=item, child=scene.child, kind=UpdateKind.NOTHING, **told)
    make_action(item, scene.world.membership(scene.third), scene.writer, text="Ring the school, and the home.")
    decide(meeting.items.get(child=scene.things.named["marker_1"]), scene.by("chair"), at=scene.at)


def open_the_next(scene: Scene) -> Meeting:
    meeting = Meeting.objects.get(pk=scene.things.named["meeting_id"])
    publish_agenda(meeting=meeting, at=scene.at, by=scene.by("coordinator"))
    accept_all(meeting, at=scene.at)
    return open_meeting(meeting=meeting, at=scene.at, by=scene.by("chair"))


# Search and match.


def told_under_another_name(scene: Scene) -> None:
    _tell(scene, OTHER_NAME)


def told_from_an_address(scene: Scene) -> None:
    _tell(scene, f"{scene.child.given_name} Ashdown", address_lines="3 Rope Walk", postcode=POSTCODE)


def _tell(scene: Scene, name: str, **where: str) -> None:
    """Somebody sends a notification, which waits for triage."""
    given, family = name.split()
    named = {"given_name": given, "family_name": family, "birth_date": scene.child.birth_date}
    scene.notification = make_notification(scene.by("teacher"), **named, **where).reference


def another_name(scene: Scene) -> None:
    add_alias(child=scene.child, name=OTHER_NAME, note="", at=scene.at, by=scene.writer)


def the_file_is_busy(scene: Scene) -> None:
    """That something was written of who the child is: whoever sees a summary of it may know."""
    record_activity(child_id=scene.child.pk, category=Category.IDENTITY, at=scene.at)


def an_address(scene: Scene) -> None:
    child = scene.again()
    record_period(
        child=child,
        kind=PeriodKind.ADDRESS,
        values={"kind": "home", "lines": "3 Rope Walk", "postcode": POSTCODE, "area": "Quayside"},
        started_on=in_london(scene.at).date(),
        version=child.version,
        at=scene.at,
        by=scene.writer,
    )


def looks(scene: Scene) -> None:
    for _ in range(3):
        record_access(
            viewer=scene.writer,
            action="cases:file",
            outcome=AccessOutcome.ALLOWED,
            reason_code="granted",
            child_id=scene.child.pk,
        )


HIDDEN: dict[str, Hidden] = {
    Category.ASSESSMENT: Hidden(an_assessment, frozenset({"score"}), instead=the_level_alone),
    Category.VULNERABILITY: Hidden(
        with_vulnerabilities, frozenset({"score"}), instead=without_vulnerabilities, third="keyworker"
    ),
    Category.INTERVIEW: Hidden(an_interview, frozenset({"order", "clock", "count"}), base=an_absence, third="manager"),
    Category.MISSING: Hidden(episodes, frozenset({"clock"}), base=a_team),
    Category.MINUTES: Hidden(carried_over, frozenset({"agenda", "count"}), base=two_meetings_before, instead=spoken_of),
    Category.CONTACT_ADDRESS: Hidden(an_address, frozenset({"match"}), base=told_from_an_address, third="triage"),
    Category.IDENTITY: Hidden(
        another_name,
        frozenset({"search", "match"}),
        base=told_under_another_name,
        instead=the_file_is_busy,
        third="triage",
    ),
    Category.WHO_LOOKED: Hidden(looks),
}


# Asking.


def exact(answer: Any) -> Exact:
    """An answer without what is drawn anew for each; a document by its words."""
    return answer.status_code, ALERT.sub("", PRINTED.sub("", ANEW.sub("", text_of(answer))))


def send(browser: HonestClient, url: str, said: dict[str, Any] | None = None) -> HttpResponse:
    """Asks, with a form where there is one, and leaves no trace for the next question."""
    with transaction.atomic():
        answer = browser.get(url) if said is None else browser.post(url, {"idempotency_key": KEY, **said})
        transaction.set_rollback(True)
    return answer


def pages_of(browser: HonestClient, things: Things, addresses: list[Address]) -> Pages:
    def answer_of(address: Address) -> Exact:
        status, text = exact(send(browser, address.filled({**things.values(address), **CHOICES})))
        return status, LOOKED_AT.sub("", text) if "look" in address.pattern else text

    return {address.pattern: answer_of(address) for address in addresses}


def _reported(scene: Scene, name: str) -> dict[str, Any]:
    """A report of a missing child by name, as the form sends it."""
    born, given_family = scene.child.birth_date, name.split()
    said: dict[str, Any] = {
        "given_name": given_family[0],
        "family_name": given_family[-1],
        "birth_date_day": born.day,
        "birth_date_month": born.month,
        "birth_date_year": born.year,
        "sex": "unknown",
        "kind": "missing",
        "place_kind": "home",
        "circumstances": "Did not come back from town.",
    }
    for field, moment in (("last_seen_at", scene.at - 6 * HOUR), ("reported_at", scene.at - 5 * HOUR)):
        local = in_london(moment)
        said |= {f"{field}_day": local.day, f"{field}_month": local.month, f"{field}_year": local.year}
        said |= {f"{field}_time": f"{local:%H:%M}"}
    return said


def questions_of(scene: Scene, names: Iterable[str], searched: Iterable[str]) -> Questions:
    """What is asked by POST, so that no name stands in an address."""
    asked = {f"search: {words}": ("/cases/search/", {"words": words}) for words in searched}
    for words in names:
        asked[f"triage: {words}"] = ("/triage/", {"words": words})
        asked[f"report: {words}"] = ("/missing/report/", _reported(scene, words))
    return asked


def questions(scene: Scene) -> Questions:
    searched = (OTHER_NAME, OTHER_NAME.split()[0], f"{CANARY} Ashdown", scene.child.reference, POSTCODE)
    return questions_of(scene, (OTHER_NAME, CANARY), searched)


def answers_to(browser: HonestClient, asked: Questions) -> Pages:
    return {name: exact(send(browser, url, said)) for name, (url, said) in asked.items()}


def _order(browser: HonestClient, scene: Scene) -> Any:
    return [REFERENCE.findall(exact(send(browser, "/cases/"))[1])]


def _score(browser: HonestClient, scene: Scene) -> Any:
    risk = f"/cases/{scene.child.reference}/risk/"
    return [exact(send(browser, url)) for url in (risk, f"{risk}{KEY}/")]


def _clock(browser: HonestClient, scene: Scene) -> Any:
    return [exact(send(browser, url)) for url in ("/alerts/", "/missing/")]


def _agenda(browser: HonestClient, scene: Scene) -> Any:
    meeting, item = scene.things.named["meeting_id"], scene.things.named["item_id"]
    here = f"/panels/{meeting}/"
    return [exact(send(browser, url)) for url in ("/panels/", here, f"{here}items/{item}/prepare/")]


def _count(browser: HonestClient, scene: Scene) -> Any:
    return COUNTED.findall(exact(send(browser, "/"))[1])


def _search(browser: HonestClient, scene: Scene) -> Any:
    return answers_to(browser, {name: one for name, one in questions(scene).items() if name.startswith("search")})


def _match(browser: HonestClient, scene: Scene) -> Any:
    asked = {name: one for name, one in questions(scene).items() if name.startswith("report")}
    beside = [exact(send(browser, f"/triage/{scene.notification}/"))] if scene.notification else []
    return answers_to(browser, asked), beside


SURFACES: dict[str, Callable[[HonestClient, Scene], Any]] = {
    "order": _order,
    "score": _score,
    "clock": _clock,
    "agenda": _agenda,
    "count": _count,
    "search": _search,
    "match": _match,
}


def surfaces_of(browser: HonestClient, scene: Scene, names: frozenset[str]) -> dict[str, Any]:
    """What a viewer is shown on each surface."""
    return {name: SURFACES[name](browser, scene) for name in sorted(names)}


def changed(before: dict[str, Any], after: dict[str, Any]) -> set[str]:
    return {name for name in after if after[name] != before[name]}

"""The pages: who is missing, the episodes of a child, and the interviews, each as far as its reader may see.

Seen to fail: everything shown with the summary of an episode; a finding's text shown with the summary of its category;
the briefing shown to whoever sees the interview; an interviewer named without one; the list ordered by a grade that is
not shown.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from accounts.choices import FunctionKey
from accounts.models import AccessEvent, User
from cases.access.choices import Category, GrantReason
from cases.access.models import AccessGrant
from cases.access.services import grant_to_function
from cases.record.models import Child
from cases.sharing.choices import EmergencyKind
from cases.sharing.selectors.emergency import AskedFor
from cases.sharing.services.emergency import open_in_emergency
from cases.sharing.services.shares import share
from missing.choices import EpisodeKind, Grade, ReturnMethod
from missing.models import InterviewFinding, MissingEpisode, ReturnInterview
from missing.services.episodes import EpisodeDetails, report_episode
from missing.services.returns import ReturnDetails, record_return
from tests.access.test_pages import plain
from tests.factories.accounts import make_membership
from tests.factories.cases import block, grant, make_child, make_lead
from tests.factories.missing import (
    HOUR,
    make_briefing,
    make_episode,
    make_finding,
    make_grade,
    make_interview,
    make_returned,
)
from tests.factories.shares import opened_by, sharing_to
from tests.factories.world import World

pytestmark = pytest.mark.django_db
AsPerson = Callable[[Any], Client]
NOW = "/missing/"
# The list asks as often for three rows as for one: see the test below.
LIST_QUERIES = 14
EVERYBODY = (
    "social_care",
    "specialist",
    "police",
    "housing",
    "school",
    "health",
    "school_nursing",
    "partnership",
)
FINDINGS = {
    Category.INTERVIEW: "CANARY-INTERVIEW",
    Category.MISSING: "CANARY-PUSH-PULL",
    Category.PERSON_OF_CONCERN: "CANARY-PERSON",
    Category.HEALTH_SENSITIVE: "CANARY-HEALTH",
    Category.INTELLIGENCE: "CANARY-INTEL",
    Category.FAMILY: "CANARY-FAMILY",
    Category.PLAN: "CANARY-PLAN",
}
PARTNER = {
    Category.INTERVIEW: "PARTNER-SAFETY",
    Category.PERSON_OF_CONCERN: "PARTNER-PERSON",
    Category.HEALTH_SENSITIVE: "PARTNER-HEALTH",
    Category.FAMILY: "PARTNER-FAMILY",
    Category.PLAN: "PARTNER-PLAN",
}


@pytest.fixture
def child(world: World) -> Child:
    made = make_child()
    for agency in EVERYBODY:
        grant(made, world.agency(agency))
    return made


@pytest.fixture
def held(world: World, child: Child, at: datetime) -> ReturnInterview:
    """An interview that is written up, with something in each category."""
    by = world.viewer("interviewer")
    episode = make_returned(
        child,
        world.viewer("carer"),
        circumstances="CANARY-CIRCUMSTANCES",
        companions="CANARY-COMPANION",
        place_detail="CANARY-PLACE",
        police_reference="CANARY-REF",
        condition="CANARY-CONDITION",
        found_where="CANARY-FOUND",
        flags=["cse", "pregnant"],
    )
    interview = make_interview(
        episode,
        world.viewer("socialworker"),
        state="written_up",
        outcome="accepted",
        held_at=at,
        held_by=world.membership("interviewer"),
        independent=True,
        venue="school",
        present="CANARY-PRESENT",
        allocated=world.membership("interviewer"),
    )
    for category, text in FINDINGS.items():
        make_finding(interview, by, category, text, partner_text=PARTNER.get(category, ""))
    make_briefing(interview, world.viewer("detective"), "CANARY-BRIEFING")
    return interview


def text_of(browser: Client, address: str) -> tuple[int, str]:
    answer = browser.get(address)
    return answer.status_code, answer.content.decode()


def pages_of(browser: Client, interview: ReturnInterview) -> str:
    """Everything that a person reads of an interview, its episode, the tab and the timeline of the file."""
    reference = interview.child.reference
    addresses = (
        reverse("missing:overview", args=[reference]),
        reverse("missing:episode", args=[reference, interview.episode_id]),
        reverse("missing:interview", args=[reference, interview.pk]),
        reverse("cases:chronology", args=[reference]),
        NOW,
        "/",
    )
    return "\n".join(text for status, text in (text_of(browser, address) for address in addresses) if status == 200)


FULL = {"CANARY-CIRCUMSTANCES", "CANARY-COMPANION", "CANARY-PLACE", "CANARY-REF", "CANARY-CONDITION", "CANARY-FOUND"}
# What each reads of all the marks above, with an ordinary grant on the whole file.
READS: dict[str, set[str]] = {
    "socialworker": FULL
    | {"CANARY-PRESENT", "CANARY-INTERVIEW", "CANARY-PUSH-PULL", "CANARY-PERSON", "CANARY-FAMILY", "CANARY-PLAN"}
    | {"PARTNER-SAFETY", "PARTNER-PERSON", "PARTNER-HEALTH", "PARTNER-FAMILY", "PARTNER-PLAN"},
    "interviewer": FULL | set(FINDINGS.values()) | set(PARTNER.values()) | {"CANARY-PRESENT", "CANARY-BRIEFING"},
    "detective": FULL
    | {"PARTNER-SAFETY", "CANARY-PUSH-PULL", "CANARY-PERSON", "PARTNER-PERSON", "CANARY-INTEL", "CANARY-PLAN"}
    | {"PARTNER-PLAN", "PARTNER-FAMILY", "CANARY-BRIEFING"},
    "missing_coordinator": FULL
    | {"PARTNER-SAFETY", "CANARY-PUSH-PULL", "CANARY-PERSON", "PARTNER-PERSON", "CANARY-PLAN"}
    | {"PARTNER-PLAN", "PARTNER-FAMILY"},
    "officer": FULL | {"CANARY-PUSH-PULL", "PARTNER-PERSON", "PARTNER-FAMILY", "PARTNER-PLAN"},
    "housing": set(),
    "safeguarding_lead": {"PARTNER-FAMILY", "PARTNER-PLAN"},
    "nurse": {"PARTNER-FAMILY", "PARTNER-PLAN"},
    "school_nurse": {"PARTNER-FAMILY", "PARTNER-PLAN"},
    "guardian": set(),
}
MARKS = re.compile(r"(?:CANARY|PARTNER)-[A-Z]+(?:-[A-Z]+)?")


@pytest.mark.parametrize("person", READS)
def test_each_reads_as_much_of_an_episode_and_its_interview_as_their_role_sees(
    client_as: AsPerson, held: ReturnInterview, person: str
) -> None:
    assert set(MARKS.findall(pages_of(client_as(person), held))) == READS[person]


@pytest.mark.parametrize("person", ["officer", "safeguarding_lead", "school_nurse"])
def test_a_role_without_interviews_is_not_told_that_there_was_one(
    client_as: AsPerson, held: ReturnInterview, person: str
) -> None:
    browser = client_as(person)
    address = reverse("missing:interview", args=[held.child.reference, held.pk])
    assert text_of(browser, address)[0] == 404
    read = pages_of(browser, held)
    assert address not in read
    for words in ("return interview", "Ivo Pemberton", str(held.pk)):
        assert words not in read.replace("Return interview team", "")


def test_a_flag_of_sensitive_health_is_for_those_who_see_it(client_as: AsPerson, held: ReturnInterview) -> None:
    address = reverse("missing:episode", args=[held.child.reference, held.episode_id])
    read = text_of(client_as("officer"), address)[1]
    assert "Sexual exploitation is known or feared" in read
    assert "Pregnant" not in read


def test_the_summary_has_kind_times_hours_and_place_type(client_as: AsPerson, held: ReturnInterview) -> None:
    read = text_of(
        client_as("safeguarding_lead"), reverse("missing:episode", args=[held.child.reference, held.episode_id])
    )
    for words in ("Missing", "4 hours", "Missed from", "is withheld from your role"):
        assert words in read[1]
    for words in ("Police grade", "Reported", "Noticed"):
        assert words not in read[1]


def test_housing_finds_no_episode(client_as: AsPerson, held: ReturnInterview) -> None:
    browser, reference = client_as("housing"), held.child.reference
    assert text_of(browser, reverse("missing:episode", args=[reference, held.episode_id]))[0] == 404
    status, read = text_of(browser, reverse("missing:overview", args=[reference]))
    assert status == 200
    assert "4 hours" not in read
    assert "last 30 days" not in read


def test_an_episode_is_not_reached_through_another_file(
    client_as: AsPerson, world: World, held: ReturnInterview
) -> None:
    other = make_child("Alex")
    grant(other, world.agency("social_care"))
    browser = client_as("socialworker")
    for name, thing in (("episode", held.episode_id), ("interview", held.pk), ("correct", held.episode_id)):
        assert text_of(browser, reverse(f"missing:{name}", args=[other.reference, thing]))[0] == 404


# The briefing.


def test_the_briefing_is_read_by_its_interviewer_its_author_and_who_sees_both_sources(
    client_as: AsPerson, world: World, held: ReturnInterview
) -> None:
    other = make_membership(agency=world.agency("specialist"), role="return_interviewer")
    colleague = other.user
    address = reverse("missing:interview", args=[held.child.reference, held.pk])
    read = {
        person: "CANARY-BRIEFING" in text_of(client_as(person), address)[1]
        for person in ("interviewer", "detective", "manager", "keyworker", "socialworker", "coordinator", colleague)
    }
    assert {str(person) for person, seen in read.items() if seen} == {"interviewer", "detective"}
    assert "CANARY-INTERVIEW" in text_of(client_as(colleague), address)[1]
    # The colleague takes over: the briefing goes with the work.
    ReturnInterview.objects.filter(pk=held.pk).update(allocated=other)
    assert "CANARY-BRIEFING" in text_of(client_as(colleague), address)[1]
    assert "CANARY-BRIEFING" not in text_of(client_as("interviewer"), address)[1]


def test_who_names_the_interviewer_writes_a_briefing_or_says_that_there_is_nothing(
    client_as: AsPerson, world: World, at: datetime
) -> None:
    child = make_child()
    grant(child, world.agency("specialist"))
    by = world.viewer("manager")
    interview = make_interview(make_returned(child, by), by)
    manager, interviewer = client_as("manager"), client_as("interviewer")
    address = reverse("missing:allocate", args=[child.reference, interview.pk])
    said = {"membership": str(world.membership("interviewer").pk), "version": 1}
    briefing = "Write the safety briefing, or tick that you know of nothing to warn of"
    for name, problems in (({}, ["Select an interviewer", briefing]), (said, [briefing])):
        page = post(manager, address, **{**said, "membership": "", **name}, briefing="")
        assert page.status_code == 422
        assert [words for words in ("Select an interviewer", briefing) if words in page.content.decode()] == problems
    assert "(optional)" not in page.content.decode()
    page = post(manager, address, **said, briefing="<b>Meet</b> at school.", nothing="on")
    assert page.status_code == 422
    assert "take the tick away" in page.content.decode()
    assert "&lt;b&gt;Meet&lt;/b&gt; at school." in page.content.decode()
    assert post(manager, address, **said, briefing="", nothing="on").status_code == 302
    shown = reverse("missing:interview", args=[child.reference, interview.pk])
    words = "Miriam Aldous, Lantern Exploitation Service, knows of nothing to warn of"
    assert words in text_of(interviewer, shown)[1]
    # The key worker sees not whether there is one, whatever was said.
    assert "Safety briefing" not in text_of(client_as("keyworker"), shown)[1]
    # Nor does the page on which the next one is named say so.
    assert "The interviewer is named." in text_of(manager, shown)[1]
    before = plain(manager.get(address))
    make_briefing(interview, world.viewer("detective"), "CANARY-BRIEFING")
    assert plain(manager.get(address)) == before
    text = text_of(interviewer, shown)[1]
    assert ("CANARY-BRIEFING" in text, words in text) == (True, False)


def by_emergency(child: Child, world: World, at: datetime) -> None:
    open_in_emergency(
        asked=AskedFor(reference=child.reference),
        kind=EmergencyKind.MISSING,
        reason="He rang from a car and was crying; I must know whom he is with.",
        at=at,
        by=world.viewer("manager"),
    )


def by_share(child: Child, world: World, at: datetime) -> None:
    opened = opened_by(world.viewer("socialworker"), child, at)
    sharing = sharing_to(world.agency("specialist"), at, categories=("interview",))
    share(opened=opened, sharing=sharing, version=child.version, at=at, by=opened.viewer)


def by_panel(child: Child, world: World, at: datetime) -> None:
    grant(child, world.membership("manager"), reason=GrantReason.PANEL, valid_until=at + 48 * HOUR)


@pytest.mark.parametrize("let_in", [by_emergency, by_share, by_panel])
def test_who_sees_a_part_or_for_a_time_names_no_interviewer(
    client_as: AsPerson, world: World, viewer: Any, at: datetime, let_in: Callable[[Child, World, datetime], None]
) -> None:
    """Naming opens the whole file to somebody, and that might be oneself."""
    child = make_child()
    make_lead(child, world.membership("socialworker"), at=at - 48 * HOUR, by=viewer("triage"))
    grant_to_function(child_id=child.pk, function=FunctionKey.DATA_GUARDIANS, at=at - HOUR, by=None)
    let_in(child, world, at)
    # Reported and back meanwhile, which whoever sees the child may write down, emergency or not.
    details = EpisodeDetails(kind=EpisodeKind.MISSING, last_seen_at=at - 5 * HOUR, reported_at=at - 4 * HOUR)
    by = viewer("manager" if let_in is by_emergency else "socialworker")
    episode = report_episode(child=child, details=details, at=at, by=by)
    back = ReturnDetails(returned_at=at - HOUR, method=ReturnMethod.ALONE)
    record_return(episode=episode, details=back, at=at, by=by)
    interview = ReturnInterview.objects.get(episode=episode)
    address = reverse("missing:allocate", args=[child.reference, interview.pk])
    manager = client_as("manager")
    shown = reverse("missing:interview", args=[child.reference, interview.pk])
    status, page = text_of(manager, shown)
    assert (status, "Name the interviewer" in page, manager.get(address).status_code) == (200, False, 403)
    said = {"version": interview.version, "membership": str(world.membership("manager").pk), "briefing": "At school."}
    assert post(manager, address, **said).status_code == 403
    assert not AccessGrant.objects.filter(source_id=interview.pk).exists()
    # Whoever works with the child names somebody, as before.
    grant(child, world.agency("specialist"))
    assert "Name the interviewer" in text_of(manager, shown)[1]
    assert post(manager, address, **said).status_code == 302


@pytest.mark.parametrize("merged", [False, True])
def test_nobody_whom_a_conflict_keeps_away_and_no_system_is_offered_or_named(
    client_as: AsPerson, world: World, at: datetime, merged: bool
) -> None:
    child = make_child()
    grant(child, world.agency("specialist"))
    by = world.viewer("manager")
    interview = make_interview(make_returned(child, by), by)
    address, manager = reverse("missing:allocate", args=[child.reference, interview.pk]), client_as("manager")
    assert "Kezia Thorne" in text_of(manager, address)[1]
    user = User.objects.create(username="s", full_name="Case system", is_service=True, password="!")
    system = make_membership(user, world.agency("specialist"), role="return_interviewer")
    block(make_child("Earlier", merged_into=child) if merged else child, world.viewer("keyworker"), by=by)
    text = text_of(manager, address)[1]
    for name, offered in (("Kezia Thorne", False), ("Case system", False), ("Miriam Aldous", True)):
        assert (name in text) is offered, name
    for member in (world.membership("keyworker"), system):
        said = {"version": interview.version, "membership": str(member.pk), "briefing": "Meet at school."}
        answer = post(manager, address, **said)
        assert (answer.status_code, "conflict" in answer.content.decode().lower()) == (422, False)
    assert not AccessGrant.objects.filter(source_id=interview.pk).exists()


# The front of the file.


@pytest.mark.parametrize(
    ("person", "told"), [("officer", True), ("safeguarding_lead", True), ("housing", False), ("guardian", False)]
)
def test_missing_now_stands_at_the_head_of_the_file_for_those_who_may_know(
    client_as: AsPerson, child: Child, at: datetime, person: str, told: bool
) -> None:
    Child.objects.filter(pk=child.pk).update(missing_since=at - HOUR)
    read = text_of(client_as(person), reverse("cases:involvement", args=[child.reference]))[1]
    assert ("Missing now, since" in read) == told


# Who is missing now.


def names_on(page: str) -> list[str]:
    return re.findall(r'class="govuk-link" href="/cases/[^"]*">(\w+) Ashdown', page)


def test_the_gravest_and_the_longest_come_first_for_who_sees_grades(
    client_as: AsPerson, world: World, at: datetime
) -> None:
    by = world.viewer("socialworker")
    for name, hours, grade in (
        ("Longest", 90, ""),
        ("Low", 50, Grade.LOW),
        ("High", 5, Grade.HIGH),
        ("Older", 30, Grade.HIGH),
    ):
        child = make_child(name)
        for agency in ("police", "school"):
            grant(child, world.agency(agency))
        episode = make_episode(child, by, last_seen_at=at - hours * HOUR)
        if grade:
            make_grade(episode, by, grade)
    assert names_on(text_of(client_as("officer"), NOW)[1]) == ["Older", "High", "Longest", "Low"]
    assert "the gravest and longest first; not graded yet comes after High" in text_of(client_as("officer"), NOW)[1]
    plain = text_of(client_as("safeguarding_lead"), NOW)[1]
    called = re.findall(r'class="govuk-link" href="/cases/[^"]*">(\w+)<', plain)
    assert called == ["Longest", "Low", "Older", "High"]
    assert "police grade" not in plain.lower()


def test_the_list_has_only_files_that_are_open_to_me(client_as: AsPerson, world: World, at: datetime) -> None:
    by = world.viewer("socialworker")
    for name in ("Open", "Closed", "Blocked", "Kept", "Part"):
        child = make_child(name, restricted=name == "Kept")
        categories = ("identity",) if name == "Part" else None
        if name != "Closed":
            grant(child, world.agency("police"), categories=categories)
        if name == "Blocked":
            block(child, world.viewer("officer"), by=world.viewer("guardian"))
        make_episode(child, by)
        make_interview(make_returned(child, by, last_seen_at=at - 40 * HOUR), by)
    read = text_of(client_as("officer"), NOW)[1]
    assert names_on(read) == ["Open"]
    assert "1 child is away" in read
    assert AccessEvent.objects.filter(action="missing:now").latest("pk").shown_ids is not None


@pytest.mark.parametrize("number", [1, 3])
def test_the_list_asks_the_database_the_same_for_one_and_for_three(
    client_as: AsPerson, world: World, django_assert_num_queries: Any, number: int
) -> None:
    browser, by = client_as("manager"), world.viewer("socialworker")
    browser.get(NOW)
    for _ in range(number):
        away, waits = make_child(), make_child()
        for child in (away, waits):
            grant(child, world.agency("specialist"))
        make_episode(away, by)
        make_interview(make_returned(waits, by), by, allocated=world.membership("interviewer"))
    with django_assert_num_queries(LIST_QUERIES):
        answer = browser.get(NOW)
    assert answer.content.decode().count("Ashdown") == 2 * number


@pytest.mark.parametrize("number", [1, 3])
def test_the_episodes_of_a_child_are_asked_for_at_once(
    client_as: AsPerson, world: World, child: Child, at: datetime, django_assert_num_queries: Any, number: int
) -> None:
    browser, address = client_as("socialworker"), reverse("missing:overview", args=[child.reference])
    browser.get(address)
    for index in range(number):
        make_returned(child, world.viewer("socialworker"), last_seen_at=at - 10 * (index + 1) * HOUR)
    with django_assert_num_queries(OVERVIEW_QUERIES):
        answer = browser.get(address)
    assert answer.content.decode().count("hb-assessment") == number


OVERVIEW_QUERIES = 15


def test_narrowing_by_kind_and_grade(client_as: AsPerson, world: World) -> None:
    by = world.viewer("socialworker")
    for name, kind, grade in (("Gone", "missing", "high"), ("Absent", "absent", ""), ("Away", "away", "low")):
        child = make_child(name)
        grant(child, world.agency("police"))
        episode = make_episode(child, by, kind=kind)
        if grade:
            make_grade(episode, by, grade)
    officer = client_as("officer")
    assert names_on(text_of(officer, f"{NOW}?kind=missing")[1]) == ["Gone"]
    assert names_on(text_of(officer, f"{NOW}?grade=low&grade=none")[1]) == ["Absent", "Away"]
    assert text_of(officer, f"{NOW}?kind=nonsense")[0] == 422
    # A role that sees no grade cannot ask for one.
    grant(Child.objects.get(given_name="Gone"), world.agency("school"))
    read = text_of(client_as("safeguarding_lead"), f"{NOW}?grade=low")[1]
    assert re.findall(r'class="govuk-link" href="/cases/[^"]*">(\w+)<', read) == ["Gone"]


# Home.


def test_what_stands_on_home_pages(client_as: AsPerson, world: World, at: datetime) -> None:
    by = world.viewer("socialworker")
    child = make_child("Homecanary")
    for agency in ("police", "specialist", "social_care"):
        grant(child, world.agency(agency))
    late = make_returned(child, by, last_seen_at=at - 90 * HOUR)
    interview = make_interview(late, by, allocated=world.membership("interviewer"))
    other = make_interview(make_returned(child, by, last_seen_at=at - 20 * HOUR), by)
    make_episode(child, by)
    shown = {person: text_of(client_as(person), "/")[1] for person in ("interviewer", "manager", "officer", "nurse")}
    assert "Your return interviews" in shown["interviewer"]
    assert str(interview.pk) in shown["interviewer"]
    assert str(other.pk) not in shown["interviewer"]
    assert "Return interviews that are late" in shown["manager"]
    assert "Return interviews without an interviewer" in shown["manager"]
    assert str(other.pk) in shown["manager"]
    assert "Missing episodes to grade" in shown["officer"]
    assert "interviews" not in shown["officer"].split("<main")[1]
    assert child.reference not in shown["nurse"]
    for read in shown.values():
        assert "Homecanary" not in read.split("Missing episodes to grade")[-1].split("</section>")[0]


def test_the_lead_sees_that_their_child_is_away(client_as: AsPerson, world: World, child: Child, at: datetime) -> None:
    from cases.record.choices import InvolvementRole
    from cases.record.services import involve

    involve(
        child=child,
        agency=world.agency("social_care"),
        role=InvolvementRole.SOCIAL_WORKER,
        membership=world.membership("socialworker"),
        lead=True,
        at=at,
        by=world.viewer("triage"),
    )
    make_episode(child, world.viewer("officer"))
    assert "Away now, of those you work with" in text_of(client_as("socialworker"), "/")[1]
    assert "Away now" not in text_of(client_as("housing"), "/")[1]


# What is done on the pages.


def test_a_return_before_the_report_is_asked_about_and_only_then(
    client_as: AsPerson, world: World, child: Child, at: datetime
) -> None:
    episode = make_episode(child, world.viewer("officer"))
    address, asked = reverse("missing:return", args=[child.reference, episode.pk]), "back before it was reported"
    officer = client_as("officer")
    assert asked not in officer.get(address).content.decode()
    early = when("returned_at", episode.reported_at - HOUR / 2)
    first = post(officer, address, method="alone", version=1, condition="Cold and tired.", **early)
    text = first.content.decode()
    assert first.status_code == 422
    assert asked in text
    assert "Cold and tired." in text
    late = post(officer, address, method="", version=1, **when("returned_at", episode.reported_at + HOUR))
    assert asked not in late.content.decode()
    assert post(officer, address, method="alone", version=1, before_report="on", **early).status_code == 302


def test_an_episode_that_is_over_can_be_graded_from_its_page(client_as: AsPerson, held: ReturnInterview) -> None:
    episode = held.episode
    address = reverse("missing:episode", args=[held.child.reference, episode.pk])
    grade = reverse("missing:grade", args=[held.child.reference, episode.pk])
    assert grade in client_as("officer").get(address).content.decode()
    assert grade not in client_as("socialworker").get(address).content.decode()


def post(browser: Client, address: str, at: datetime | None = None, **fields: Any) -> Any:
    return browser.post(address, {"idempotency_key": str(uuid4()), **fields})


def when(name: str, moment: datetime) -> dict[str, Any]:
    from accounts.rules.dates import in_london

    local = in_london(moment)
    parts = {"day": local.day, "month": local.month, "year": local.year, "time": f"{local:%H:%M}"}
    return {f"{name}_{part}": value for part, value in parts.items()}


def test_from_the_report_to_the_write_up_on_the_pages(
    client_as: AsPerson, world: World, child: Child, at: datetime
) -> None:
    reference = child.reference
    sent = post(
        client_as("socialworker"),
        reverse("missing:report_on_file", args=[reference]),
        kind="missing",
        place_kind="residential",
        circumstances="Left after a call.",
        **when("last_seen_at", at - 6 * HOUR),
        **when("reported_at", at - 5 * HOUR),
    )
    episode = MissingEpisode.objects.get()
    assert sent.url == reverse("missing:episode", args=[reference, episode.pk])
    graded = post(
        client_as("officer"),
        reverse("missing:grade", args=[reference, episode.pk]),
        grade="high",
        reason="Seen with adults we fear.",
        version=1,
        **when("graded_at", at - HOUR),
    )
    assert graded.status_code == 302
    back = post(
        client_as("officer"),
        reverse("missing:return", args=[reference, episode.pk]),
        method="police",
        version=2,
        **when("returned_at", at - HOUR),
    )
    assert back.status_code == 302, back.content.decode()
    interview = ReturnInterview.objects.get()
    address = {name: reverse(f"missing:{name}", args=[reference, interview.pk]) for name in DEEDS}
    done = post(
        client_as("manager"),
        address["allocate"],
        membership=str(world.membership("interviewer").pk),
        briefing="Meet at school.",
        version=1,
    )
    assert done.status_code == 302
    interviewer = client_as("interviewer")
    post(interviewer, address["offer"], version=2, **when("happened_at", at))
    post(interviewer, address["answer"], accepted="yes", version=3, **when("happened_at", at))
    refused = post(interviewer, address["hold"], version=4, venue="school", **when("held_at", at))
    assert refused.status_code == 422
    assert "Confirm that the interviewer is independent" in refused.content.decode()
    post(
        interviewer,
        address["hold"],
        version=4,
        venue="school",
        independent="on",
        held_by=str(world.membership("interviewer").pk),
        **when("held_at", at),
    )
    written = post(
        interviewer,
        address["write_up"],
        version=5,
        interview_text="In her words.",
        interview_partner="Ring her, not her mother.",
        health_sensitive_text="Uses cannabis.",
        plan_text="She will ring her aunt.",
        plan_agrees="yes",
        plan_with="School",
        finished="on",
    )
    assert written.status_code == 302
    interview.refresh_from_db()
    assert interview.state == "written_up"
    assert set(InterviewFinding.objects.values_list("category", "agrees", "share_with")) == {
        ("interview", "not_asked", ""),
        ("health_sensitive", "not_asked", ""),
        ("plan", "yes", "School"),
    }


DEEDS = ("allocate", "offer", "answer", "hold", "write_up", "attempt", "not_engaged", "not_needed", "carer")


def test_the_pages_of_a_state_that_has_passed_refuse_with_a_reason_and_keep_what_was_typed(
    client_as: AsPerson, held: ReturnInterview, at: datetime
) -> None:
    answer = post(
        client_as("interviewer"),
        reverse("missing:offer", args=[held.child.reference, held.pk]),
        note="Typed words.",
        version=held.version,
        **when("happened_at", at),
    )
    assert answer.status_code == 422
    assert "cannot be recorded now" in answer.content.decode()
    assert "Typed words." in answer.content.decode()


def test_a_second_report_on_the_file_says_that_there_is_one(
    client_as: AsPerson, world: World, child: Child, at: datetime
) -> None:
    make_episode(child, world.viewer("officer"))
    answer = post(
        client_as("socialworker"),
        reverse("missing:report_on_file", args=[child.reference]),
        kind="missing",
        place_kind="home",
        circumstances="Typed words.",
        **when("last_seen_at", at - 6 * HOUR),
        **when("reported_at", at - 5 * HOUR),
    )
    assert answer.status_code == 422
    assert "This child is reported already" in answer.content.decode()
    assert "Typed words." in answer.content.decode()


def test_who_may_not_know_of_episodes_is_not_told_by_reporting(client_as: AsPerson, world: World, at: datetime) -> None:
    child = make_child()
    grant(child, world.agency("social_care"), categories=("identity",))
    browser, address = client_as("socialworker"), reverse("missing:report_on_file", args=[child.reference])
    before = browser.get(address)
    make_episode(child, world.viewer("officer"))
    assert (before.status_code, browser.get(address).status_code, post(browser, address).status_code) == (403,) * 3
    assert address not in text_of(browser, reverse("missing:overview", args=[child.reference]))[1]


def test_a_carer_reads_what_they_reported_and_of_others_the_summary(
    client_as: AsPerson, world: World, child: Child, at: datetime
) -> None:
    grant(child, world.agency("home"), reason=GrantReason.MISSING, categories=("identity", "missing"))
    own = make_returned(child, world.viewer("carer"), companions="CANARY-OWN", last_seen_at=at - 30 * HOUR)
    other = make_episode(child, world.viewer("officer"), companions="CANARY-OTHER")
    browser = client_as("carer")
    assert "CANARY-OWN" in text_of(browser, reverse("missing:episode", args=[child.reference, own.pk]))[1]
    status, read = text_of(browser, reverse("missing:episode", args=[child.reference, other.pk]))
    assert (status, "CANARY-OTHER" in read) == (200, False)
    assert reverse("missing:return", args=[child.reference, other.pk]) in read


@pytest.mark.parametrize("kept", ["nothing", "blocked", "restricted"])
def test_a_merged_file_stands_in_no_list_of_who_is_missing(
    client_as: AsPerson, world: World, child: Child, kept: str
) -> None:
    old = make_child("MERGEDCANARY", "Ashdown")
    grant(old, world.agency("police"))
    make_episode(old, world.viewer("socialworker"))
    browser = client_as("detective")
    assert all(old.reference in browser.get(page).content.decode() for page in (NOW, "/"))
    Child.objects.filter(pk=old.pk).update(merged_into=child)
    if kept == "blocked":
        block(child, world.viewer("detective"), by=world.viewer("guardian"))
    if kept == "restricted":
        Child.objects.filter(pk=child.pk).update(restricted=True)
    for page in (NOW, "/"):
        text = browser.get(page).content.decode()
        assert old.reference not in text, page
        assert "MERGEDCANARY" not in text, page

"""Social care and police at triage where the child does not want them told: why, and how the child hears of it.

Seen to fail: police brought in against a wish with the rationale of the decision alone; the referrer's own force left
unasked; a decision half saved; questions that stand on every page of triage; a file that may not be known of and is.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from html import unescape
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.choices import FunctionKey
from cases.access.choices import GrantReason
from cases.record.choices import InvolvementRole
from cases.record.models import Child, ChronologyEntry, Involvement, Spell
from cases.record.services import end_involvement, involve
from cases.sharing.choices import SharingKind, WishKind
from cases.sharing.models.shares import SharingDecision
from referrals.choices import NotificationStatus, TriageOutcome
from referrals.models import MatchQuestion, Notification, TriageDecision
from referrals.rules.triage import AgainstWish, TriageRefused, check_against_wish
from tests.factories.cases import grant, make_child, make_lead
from tests.factories.referrals import make_notification
from tests.factories.shares import make_wish
from tests.factories.world import World
from tests.masking import masked
from tests.referrals.test_triage import BORN, KEY, QUESTIONS, QUEUE, answers, known, page, sent
from tests.referrals.test_triage_decisions import decide, led_by

pytestmark = pytest.mark.django_db

EXPLAINED = "Told on the telephone today that the police come in, and why. She was angry."
WHY = AgainstWish("significant_harm", EXPLAINED)
NAMES = {"social_care": "Northmere Children's Social Care", "police": "Northmere Police"}
WORKERS = {"social_care": "socialworker", "police": "detective"}
ROLES = {"social_care": InvolvementRole.SOCIAL_WORKER, "police": InvolvementRole.POLICE_LEAD}
WHOLE = "Thea Okonjo, Notification point, Northmere Safeguarding Partnership"


def joined(child: Child, **fields: Any) -> dict[str, Any]:
    return {"outcome": TriageOutcome.ACCEPT_JOINED, "joined_child": child, "lead": None, "agencies": [], **fields}


def notified(world: World, at: datetime, person: str = "teacher") -> Notification:
    """A notification; the teacher only refers, so that no agency of theirs comes along."""
    made = make_notification(world.viewer(person), sent_at=at - timedelta(hours=1))
    made.refresh_from_db()
    return made


def saved(child: Child) -> dict[str, int]:
    """What a decision leaves behind, counted."""
    models = (Involvement, SharingDecision, ChronologyEntry, Spell)
    counts = {model.__name__: model._default_manager.filter(child=child).count() for model in models}
    return counts | {"decisions": TriageDecision.objects.count()}


def by_lead(world: World, at: datetime, child: Child, sector: str) -> tuple[Notification, dict[str, Any]]:
    return notified(world, at), joined(child, lead=world.membership(WORKERS[sector]))


def by_choice(world: World, at: datetime, child: Child, sector: str) -> tuple[Notification, dict[str, Any]]:
    led_by(child, world, at, "specialist", "keyworker")
    return notified(world, at), joined(child, agencies=[world.agency(sector)])


def by_referrer(world: World, at: datetime, child: Child, sector: str) -> tuple[Notification, dict[str, Any]]:
    led_by(child, world, at, "specialist", "keyworker")
    return notified(world, at, WORKERS[sector]), joined(child)


WAYS = {"lead": by_lead, "agency": by_choice, "referrer": by_referrer}
WISHES: dict[str, tuple[str | None, tuple[str, ...], tuple[str, ...], set[str]]] = {
    # Its kind, the kinds of information and the sectors that it keeps out, and whose coming goes against it.
    "nothing said": (None, (), (), set()),
    "free": (WishKind.FREE, (), (), set()),
    "not wider": (WishKind.NOT_WIDER, (), (), {"social_care", "police"}),
    "no police": (WishKind.LIMITS, (), ("police",), {"police"}),
    "no social care": (WishKind.LIMITS, (), ("social_care",), {"social_care"}),
    "no housing": (WishKind.LIMITS, (), ("housing",), set()),
    "nothing of going missing": (WishKind.LIMITS, ("missing",), (), {"social_care", "police"}),
}


@pytest.mark.parametrize("sector", NAMES)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("wish", WISHES)
def test_social_care_and_police_come_against_a_wish_with_ground_and_explanation(
    world: World, at: datetime, wish: str, way: str, sector: str
) -> None:
    child, (kind, kept, kept_from, against) = known(world), WISHES[wish]
    notification, said = WAYS[way](world, at, child, sector)
    if kind is not None:
        make_wish(child, world.membership("socialworker"), kind, kept=kept, kept_from=kept_from)
    before = saved(child)
    if sector in against:
        with pytest.raises(TriageRefused, match=f"do not want {NAMES[sector]} told") as refused:
            decide(world, notification, at, **said)
        assert refused.value.field == "ground"
        assert saved(child) == before
        notification.refresh_from_db()
        assert (notification.status, notification.child) == (NotificationStatus.SENT, None)
    decision = decide(world, notification, at, **said, against_wish=WHY)
    work = Involvement.objects.get(child=child, working_agency=world.agency(sector))
    rows = SharingDecision.objects.filter(child=child).values_list(
        "kind", "agency", "involvement", "membership", "words", "child_answer",
        "override_ground", "authorised_by", "explained", "decided_at", "decided_as",
    )  # fmt: skip
    role = InvolvementRole.REFERRER if way == "referrer" else ROLES[sector]
    why = ("significant_harm", WHOLE, EXPLAINED, decision.decided_at, decision.decided_by_id)
    whole = (SharingKind.INVOLVED, world.agency(sector).pk, work.pk, None, role.label, "", *why)
    assert list(rows) == ([whole] if sector in against else [])


@pytest.mark.parametrize("way", WAYS)
def test_without_a_wish_against_it_nothing_is_asked(world: World, at: datetime, way: str) -> None:
    child = known(world)
    make_wish(child, world.membership("socialworker"), kept_from=("housing",))
    notification, said = WAYS[way](world, at, child, "police")
    decide(world, notification, at, **said)
    assert Involvement.objects.filter(child=child, working_agency=world.agency("police")).exists()
    assert not SharingDecision.objects.exists()


BOTH = list(NAMES.values())


@pytest.mark.parametrize(
    ("unwanted", "ground", "explained", "field", "asks"),
    [
        (BOTH, "", "", "ground", ("Select on what ground", "Say in a sentence how")),
        (BOTH, "", EXPLAINED, "ground", ("Select on what ground",)),
        (BOTH, "because", EXPLAINED, "ground", ("Select on what ground",)),
        (BOTH, "crime", "", "explained", ("Say in a sentence how",)),
        (BOTH, "crime", "  Told.   ", "explained", ("Say in a sentence how",)),
        (BOTH, "crime", EXPLAINED, None, ()),
        ([], "", "", None, ()),
        ([], "because", "x", None, ()),
    ],
)
def test_what_it_takes_to_come_against_a_wish(
    unwanted: list[str], ground: str, explained: str, field: str | None, asks: tuple[str, ...]
) -> None:
    said = AgainstWish(ground, explained)
    if field is None:
        check_against_wish(unwanted, said)
        return
    with pytest.raises(TriageRefused) as refused:
        check_against_wish(unwanted, said)
    assert refused.value.field == field
    assert "do not want Northmere Children's Social Care and Northmere Police told" in refused.value.reason
    questions = ("Select on what ground", "Say in a sentence how")
    assert tuple(words for words in questions if words in refused.value.reason) == asks


def test_the_wish_is_asked_once_in_a_decision(world: World, at: datetime) -> None:
    """Seen to fail: it was asked four times, with the matrix: of the lead, of the agencies, and twice of who comes."""
    child = known(world)
    make_wish(child, world.membership("socialworker"), kept_from=("health",))
    said = {"lead": world.membership("keyworker"), "agencies": [world.agency("police"), world.agency("social_care")]}
    with CaptureQueriesContext(connection) as queries:
        decide(world, notified(world, at, "safeguarding_lead"), at, **joined(child, **said))
    asked = [query["sql"] for query in queries if query["sql"].startswith("SELECT")]
    assert sum('FROM "cases_sharingwish"' in sql for sql in asked) == 1


def test_each_who_comes_is_written_down_with_its_work(world: World, at: datetime) -> None:
    """A social worker leads, the police are chosen, and an officer referred: two agencies, each once."""
    child = known(world)
    make_wish(child, world.membership("socialworker"), WishKind.NOT_WIDER)
    said = joined(child, lead=world.membership("socialworker"), agencies=[world.agency("police")])
    decide(world, notified(world, at, "officer"), at, **said, against_wish=WHY)
    rows = SharingDecision.objects.values_list("agency__name", "involvement__working_agency__name", "explained")
    assert sorted(rows) == [(name, name, EXPLAINED) for name in sorted(NAMES.values())]


def test_who_is_there_already_needs_nothing(world: World, at: datetime) -> None:
    """A lead who stays, and the police who work with the child: chosen once more, and referring once more."""
    child = led_by(known(world), world, at, "social_care", "socialworker")
    involve(
        child=child, agency=world.agency("police"), role=InvolvementRole.POLICE_LEAD,
        at=at - timedelta(days=9), by=world.viewer("triage"),
    )  # fmt: skip
    make_wish(child, world.membership("socialworker"), WishKind.NOT_WIDER)
    agencies = [world.agency("police"), world.agency("social_care")]
    for lead in (None, world.membership("socialworker")):
        decide(world, notified(world, at, "officer"), at, **joined(child, lead=lead, agencies=agencies))
    assert not SharingDecision.objects.exists()
    assert Involvement.objects.filter(child=child).count() == 2


def test_a_lead_of_an_agency_that_is_there_needs_nothing(world: World, at: datetime) -> None:
    """The officer's force sees the file already; that one of its people leads tells it nothing."""
    child = known(world)
    involve(
        child=child, agency=world.agency("police"), role=InvolvementRole.POLICE_LEAD,
        at=at - timedelta(days=9), by=world.viewer("triage"),
    )  # fmt: skip
    make_wish(child, world.membership("socialworker"), WishKind.NOT_WIDER)
    decide(world, notified(world, at), at, **joined(child, lead=world.membership("detective")))
    assert not SharingDecision.objects.exists()


@pytest.mark.parametrize("field", ["lead", "agencies"])
def test_no_ground_brings_others_in_from_triage(world: World, at: datetime, field: str) -> None:
    child = known(world)
    make_wish(child, world.membership("socialworker"), WishKind.NOT_WIDER)
    social_care = world.membership("socialworker")
    others: dict[str, Any] = {"lead": world.membership("keyworker"), "agencies": [world.agency("school")]}
    said = joined(child, **{"lead": social_care, field: others[field]})
    with pytest.raises(TriageRefused, match="Leave it out here") as refused:
        decide(world, notified(world, at), at, **said, against_wish=WHY)
    assert refused.value.field == field
    decide(world, notified(world, at, "nurse"), at, **joined(child, lead=social_care), against_wish=WHY)
    there = set(Involvement.objects.filter(child=child).values_list("working_agency__sector", flat=True))
    assert there == {"social_care"}
    assert [row.agency for row in SharingDecision.objects.all()] == [world.agency("social_care")]


def test_on_a_file_for_named_people_it_is_of_the_lead_in_person(world: World, at: datetime) -> None:
    """Whose agency is in sees nothing of it: the worker does."""
    child = known(world, restricted=True)
    grant(child, world.membership("triage"), reason=GrantReason.NAMED)
    involve(
        child=child, agency=world.agency("police"), role=InvolvementRole.POLICE_LEAD,
        at=at - timedelta(days=9), by=world.viewer("triage"),
    )  # fmt: skip
    make_wish(child, world.membership("socialworker"), WishKind.NOT_WIDER)
    said = joined(child, lead=world.membership("detective"))
    with pytest.raises(TriageRefused, match="do not want Northmere Police told"):
        decide(world, notified(world, at), at, **said)
    decide(world, notified(world, at), at, **said, against_wish=WHY)
    assert SharingDecision.objects.get().membership == world.membership("detective")


def hidden_by_restriction(world: World) -> Child:
    return known(world, restricted=True)


def hidden_without_grant(world: World) -> Child:
    return make_child(birth_date=BORN)


HIDING = [hidden_by_restriction, hidden_without_grant]


@pytest.mark.parametrize("hide", HIDING)
def test_of_a_file_that_may_not_be_known_of_no_wish_is_told(
    world: World, at: datetime, client_as: Any, hide: Any
) -> None:
    child = hide(world)
    make_wish(child, world.membership("socialworker"), WishKind.NOT_WIDER)
    notification = sent(world, sent_at=at)
    for why in (AgainstWish(), WHY):
        with pytest.raises(TriageRefused) as refused:
            decide(world, notification, at, **joined(child, lead=world.membership("detective")), against_wish=why)
        assert refused.value.field == "joined_child"
        assert "does not want" not in refused.value.reason

    def tried(reference: str, **more: str) -> bytes:
        said = answers(notification, world, joined="other", other_reference=reference, idempotency_key=KEY, **more)
        answer = client_as("triage").post(page(notification), said)
        assert answer.status_code == 422
        return masked(answer.content, names=True)

    for more in ({}, {"ground": "crime", "explained": EXPLAINED}):
        assert tried(child.reference, **more) == tried("222-2222", **more)
    assert not TriageDecision.objects.exists()


# --- The page -------------------------------------------------------------------------------------------

QUESTION = "On what ground do they come although the child does not want it?"


def text(answer: Any) -> str:
    return str(answer.content.decode())


def summary_of(answer: Any) -> str:
    found = re.search(r'<div class="govuk-error-summary.*?</ul>', text(answer), re.DOTALL)
    return found.group() if found else ""


def said_against(world: World, **limits: Any) -> tuple[Child, Notification, dict[str, Any]]:
    """A child who wants no police told, known to both who triage; a notification, and the form that chooses them."""
    child = known(world)
    grant(child, world.functions[FunctionKey.OUT_OF_HOURS].group)
    make_wish(child, world.membership("socialworker"), **{"kept_from": ("police",), **limits})
    notification = sent(world)
    return child, notification, answers(notification, world, joined=child.reference)


@pytest.mark.parametrize("person", ["triage", "out_of_hours"])
def test_the_page_asks_once_it_is_refused_keeps_what_was_typed_and_is_then_taken(
    world: World, client_as: Any, person: str
) -> None:
    child, notification, said = said_against(world)
    browser, before = client_as(person), saved(child)
    asked_at_first = text(browser.get(page(notification)))
    assert QUESTION not in asked_at_first
    assert 'name="explained"' not in asked_at_first
    refused = browser.post(page(notification), said)
    assert refused.status_code == 422
    assert "The child has said that they do not want Northmere Police told." in summary_of(refused)
    assert 'href="#id_ground_0"' in summary_of(refused)
    assert QUESTION in text(refused)
    assert 'name="explained"' in text(refused)
    for kept in (said["rationale"], said["message_accept"], f'value="{said["agencies"][0]}" checked'):
        assert kept in re.sub(r'(value="[^"]*")[^>]*(checked)', r"\1 \2", text(refused)), kept
    assert saved(child) == before
    half = browser.post(page(notification), said | {"idempotency_key": str(uuid4()), "explained": EXPLAINED})
    assert (half.status_code, EXPLAINED in text(half), "Select on what ground" in summary_of(half)) == (422, True, True)
    wrong = {"ground": "crime", "explained": EXPLAINED, "rationale": "no", "idempotency_key": str(uuid4())}
    other = browser.post(page(notification), said | wrong)
    assert (other.status_code, QUESTION in text(other), EXPLAINED in text(other)) == (422, True, True)
    assert saved(child) == before
    whole = said | {"ground": "crime", "explained": EXPLAINED, "idempotency_key": str(uuid4())}
    assert browser.post(page(notification), whole)["Location"] == QUEUE
    assert (SharingDecision.objects.get().override_ground, TriageDecision.objects.count()) == ("crime", 1)


def test_the_refusal_tells_nothing_of_what_the_child_said(world: World, client_as: Any) -> None:
    """The out of hours team knows of sharing only that there may be something."""
    _, notification, said = said_against(world, words="Not the police, my uncle is there.", kept_from=("police",))
    refused = text(client_as("out_of_hours").post(page(notification), said))
    assert "do not want Northmere Police told" in refused
    assert "my uncle" not in refused


@pytest.mark.parametrize("explained", ["", "Half a sen"])
def test_who_is_left_out_after_all_needs_no_ground(world: World, client_as: Any, explained: str) -> None:
    """The questions stand on the page by then, and what they hold is not kept."""
    _, notification, said = said_against(world)
    without = said | {"agencies": [], "explained": explained}
    assert client_as("triage").post(page(notification), without).status_code == 302
    assert not SharingDecision.objects.exists()


def test_a_postcode_in_how_it_was_explained_is_asked_about(world: World, client_as: Any) -> None:
    _, notification, said = said_against(world)
    whole = said | {"ground": "crime", "explained": "Told her at NM4 2QF, on the stairs."}
    refused = client_as("triage").post(page(notification), whole)
    assert (refused.status_code, "explained" in refused.context["form"].errors) == (422, True)
    assert client_as("triage").post(page(notification), whole | {"explained_postcode": "NM4 2QF"}).status_code == 302


def test_hostile_words_stay_words(world: World, client_as: Any) -> None:
    _, notification, said = said_against(world)
    hostile = {"ground": "nothing", "explained": "</textarea><script>alert(1)</script>"}
    answer = client_as("triage").post(page(notification), said | hostile)
    assert (answer.status_code, "<script>alert" in text(answer)) == (422, False)
    assert "&lt;/textarea&gt;&lt;script&gt;" in text(answer)


def test_it_stands_under_sharing_until_the_work_ends(world: World, at: datetime, client_as: Any) -> None:
    child = known(world)
    make_lead(child, world.membership("socialworker"), at=at - timedelta(days=5), by=world.viewer("triage"))
    make_wish(child, world.membership("socialworker"), WishKind.NOT_WIDER)
    decide(world, notified(world, at), at, **joined(child, agencies=[world.agency("police")]), against_wish=WHY)
    made, browser = SharingDecision.objects.get(), client_as("socialworker")
    listed = text(browser.get(reverse("cases:sharing", args=[child.reference])))
    for words in ("Northmere Police", "Brought in to work with the child", "Against somebody’s wish"):
        assert words in listed
    address = reverse("cases:share", args=[child.reference, made.pk])
    one = text(browser.get(address))
    for words in (EXPLAINED, f"Authorised by {WHOLE}", "Not asked about this agency", "While their work lasts"):
        assert words in one
    child.refresh_from_db()
    end_involvement(
        child=child, involvement_id=made.involvement_id, note="Their inquiry is over.", version=child.version,
        at=at, by=world.viewer("socialworker"),
    )  # fmt: skip
    assert "Their work ended" in text(browser.get(address))


# --- A guardian's answer --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("person", "lead", "unwanted"),
    [
        ("officer", "keyworker", "police"),
        ("teacher", "detective", "police"),
        ("teacher", "socialworker", "social_care"),
        ("teacher", "keyworker", None),
    ],
)
def test_a_guardian_who_joins_a_notification_is_asked_the_same(
    world: World, client_as: Any, at: datetime, person: str, lead: str, unwanted: str | None
) -> None:
    notification, child = sent(world, person, sent_at=at), hidden_without_grant(world)
    make_wish(child, world.membership("socialworker"), kept_from=("police", "social_care"))
    client_as("triage").get(page(notification))
    question, browser = MatchQuestion.objects.get(), client_as("guardian")
    address = f"{QUESTIONS}{question.pk}/"
    assert QUESTION not in text(browser.get(address))
    said = {"idempotency_key": str(uuid4()), "same_child": "yes", "lead": str(world.membership(lead).pk)}
    if unwanted is None:
        assert browser.post(address, said).status_code == 302
        assert not SharingDecision.objects.exists()
        return
    before = saved(child)
    refused = browser.post(address, said)
    assert (refused.status_code, QUESTION in text(refused), saved(child)) == (422, True, before)
    assert f"do not want {NAMES[unwanted]} told" in unescape(summary_of(refused))
    question.refresh_from_db()
    assert question.answered_at is None
    whole = said | {"ground": "others", "explained": EXPLAINED, "idempotency_key": str(uuid4())}
    assert browser.post(address, whole).status_code == 302
    made = SharingDecision.objects.get()
    assert (made.agency, made.override_ground, made.explained, made.decided_as) == (
        world.agency(unwanted), "others", EXPLAINED, world.membership("guardian"),
    )  # fmt: skip
    assert made.authorised_by.startswith("Gwen Sotheby, ")

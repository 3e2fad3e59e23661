"""A second report of one child: asked of who may know the file, put to the data guardians where they may not.

Seen to fail: a file the reporter may not know of among those asked about; the question left out where an exact file
is hidden; a question without its alert; a guardian who is blocked on either file reading and answering it; a carer who
learns another name, the family name or the day of birth of a child by whether they are asked.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AccessEvent
from cases.clocks.choices import AlertKind
from cases.clocks.models import Alert
from cases.record.models import Alias, Child
from missing import services
from missing.choices import EpisodeKind
from missing.models import MissingEpisode, MissingReport
from missing.rules import AlreadyMissing
from missing.selectors.matching import ReportedChild
from missing.services import MayBeKnown
from referrals.models import MatchQuestion
from tests.factories.cases import block, grant, make_child, provenance
from tests.factories.missing import make_episode
from tests.factories.world import World
from tests.masking import masked
from tests.missing.test_reports import BORN, ROBIN, form, said

pytestmark = pytest.mark.django_db
AsPerson = Callable[[str], Client]
PAGE = "/missing/report/"
NO_BIRTH_DATE = {"birth_date_day": "", "birth_date_month": "", "birth_date_year": ""}
ROBIN_UNDATED = ReportedChild("Robin", "Ashdown")


@pytest.fixture
def winter(at: datetime) -> datetime:
    from accounts.rules.dates import in_london

    return in_london(at)


def away(world: World, at: datetime, to: str = "") -> Child:
    """Robin, who is missing already, on a file that is open to one agency or to nobody."""
    child = make_child(birth_date=BORN)
    make_episode(child, world.viewer("officer"), kind=EpisodeKind.MISSING)
    Child.objects.filter(pk=child.pk).update(missing_since=at)
    if to:
        grant(child, world.agency(to))
    return child


def reported(world: World, at: datetime, who: ReportedChild = ROBIN_UNDATED, **more: Any) -> MissingReport:
    return services.report_missing_child(reported=who, details=said(at), at=at, by=world.viewer("socialworker"), **more)


def test_a_child_who_may_be_on_a_file_is_asked_about_before_a_second_one_is_made(
    world: World, winter: datetime, client_as: AsPerson
) -> None:
    child = away(world, winter, to="social_care")
    worker = client_as("socialworker")
    asked = worker.post(PAGE, form(winter, **NO_BIRTH_DATE))
    text = asked.content.decode()
    assert asked.status_code == 422
    for words in ("Is it this child?", child.reference, "Same name", "Did not come back from town."):
        assert words in text, words
    assert (Child.objects.count(), MissingReport.objects.count()) == (1, 0)
    assert AccessEvent.objects.filter(action="missing:report").latest("pk").shown_ids == [child.pk]
    shown = {**NO_BIRTH_DATE, "shown_files": str(child.pk)}
    known = worker.post(PAGE, form(winter, **shown, same_as=str(child.pk)))
    assert f"{child.reference} is reported already" in known.content.decode()
    assert (Child.objects.count(), MissingReport.objects.count()) == (1, 0)
    other = worker.post(PAGE, form(winter, **shown, same_as="another"))
    assert other.status_code == 302
    assert (Child.objects.count(), MissingEpisode.objects.count()) == (2, 2)
    assert MissingReport.objects.get().said["not_theirs"] == [str(child.pk)]


def test_the_chosen_file_gets_the_episode(world: World, at: datetime) -> None:
    child = make_child(birth_date=BORN)
    grant(child, world.agency("social_care"))
    assert reported(world, at, same_as=child.pk).child == child
    assert MissingEpisode.objects.get().child == child


def test_an_answer_is_about_the_files_that_were_shown_and_no_others(world: World, at: datetime) -> None:
    shown, later, hidden = (make_child(birth_date=BORN) for _ in range(3))
    for child in (shown, later):
        grant(child, world.agency("social_care"))
    for answer in (
        {},
        {"not_theirs": [shown.pk]},
        {"same_as": hidden.pk},
        {"same_as": hidden.pk, "not_theirs": [shown.pk, later.pk]},
    ):
        with pytest.raises(MayBeKnown) as asked:
            reported(world, at, **answer)
        assert {one.child for one in asked.value.files} == {shown, later}
    assert (Child.objects.count(), MissingReport.objects.count()) == (3, 0)


def test_an_exact_file_that_is_hidden_does_not_silence_the_question(world: World, at: datetime) -> None:
    like = make_child("Robyn", birth_date=BORN)
    grant(like, world.agency("social_care"))
    with pytest.raises(MayBeKnown) as without:
        reported(world, at, ROBIN)
    exact = make_child(birth_date=BORN)
    with pytest.raises(MayBeKnown) as with_exact:
        reported(world, at, ROBIN)
    assert [one.child for one in without.value.files] == [one.child for one in with_exact.value.files] == [like]
    assert reported(world, at, ROBIN, not_theirs=[like.pk]).child == exact


@pytest.mark.parametrize(
    ("typed", "asked"),
    [
        (ReportedChild("Quillon", "Vantablack", BORN), False),  # her other name, and the day of her birth
        (ReportedChild("Nobody", "Ashdown", BORN), False),
        (ROBIN, True),  # to the letter
        (ReportedChild("Robin", "Else", date(BORN.year, 12, 24)), True),
        (ReportedChild("Robin", "Else", date(BORN.year - 4, 12, 24)), False),
    ],
)
def test_who_sees_names_in_summary_is_asked_by_what_the_child_is_called_and_the_age_alone(
    world: World, at: datetime, typed: ReportedChild, asked: bool
) -> None:
    child, carer = away(world, at, to="home"), world.viewer("carer")
    Alias.objects.create(child=child, name="Quillon Vantablack", **provenance(world.viewer("socialworker")))
    if not asked:
        report = services.report_missing_child(reported=typed, details=said(at), at=at, by=carer)
        assert report.child != child
        return
    with pytest.raises(MayBeKnown) as likely:
        services.report_missing_child(reported=typed, details=said(at), at=at, by=carer)
    assert [(one.child, one.match.reasons, one.is_likely) for one in likely.value.files] == [(child, (), False)]


def test_that_a_child_is_reported_already_is_told_to_a_carer_who_has_said_which_child_it_is(
    world: World, at: datetime
) -> None:
    child, carer = away(world, at, to="home"), world.viewer("carer")
    with pytest.raises(AlreadyMissing):
        services.report_missing_child(reported=ROBIN, details=said(at), at=at, by=carer, same_as=child.pk)
    Child.objects.filter(pk=child.pk).update(preferred_name="Alex")
    assert services.report_missing_child(reported=ROBIN, details=said(at), at=at, by=carer).child == child


@pytest.mark.parametrize("hide", ["restricted", "blocked", "no grant"])
def test_a_file_that_may_not_be_known_of_is_not_asked_about_and_goes_to_the_guardians(
    world: World, winter: datetime, client_as: AsPerson, hide: str
) -> None:
    carer = client_as("carer")
    without = carer.post(PAGE, form(winter, given_name="Somebody", family_name="Else", **NO_BIRTH_DATE))
    child = away(world, winter, to="home" if hide != "no grant" else "")
    if hide == "restricted":
        Child.objects.filter(pk=child.pk).update(restricted=True)
    elif hide == "blocked":
        block(child, world.viewer("carer"), by=world.viewer("guardian"))
    with_hidden = carer.post(PAGE, form(winter, **NO_BIRTH_DATE))
    assert with_hidden.status_code == without.status_code == 302
    pages = [carer.get(sent.url).content.decode() for sent in (without, with_hidden)]  # type: ignore[attr-defined]
    assert len({masked(page, names=True).replace("M-", "") for page in pages}) == 1
    question = MatchQuestion.objects.get()
    report = MissingReport.objects.latest("recorded_at", "pk")
    assert (question.notification, question.report, question.child) == (None, report, child)
    assert question.reasons == ["Same name"]
    assert report.child != child
    alert = Alert.objects.get(kind=AlertKind.MATCH_QUESTION)
    assert (alert.subject_id, alert.group) == (question.pk, world.functions["data_guardians"].group)


def test_a_merely_possible_file_of_a_child_who_is_not_away_asks_nobody(world: World, at: datetime) -> None:
    make_child(birth_date=BORN)
    reported(world, at)
    assert Child.objects.count() == 2
    assert not MatchQuestion.objects.exists()


def test_a_system_is_asked_nothing_and_the_guardians_are(world: World, at: datetime) -> None:
    child = away(world, at, to="social_care")
    report = reported(world, at, adding=True)
    assert report.child != child
    assert MatchQuestion.objects.get().child == child


def ask(world: World, at: datetime) -> MatchQuestion:
    away(world, at)
    reported(world, at)
    return MatchQuestion.objects.get()


@pytest.mark.parametrize("same", ["yes", "no"])
def test_the_guardian_answers_and_the_alert_ends(world: World, at: datetime, client_as: AsPerson, same: str) -> None:
    question, guardian = ask(world, at), client_as("guardian")
    assert question.report is not None
    one = reverse("referrals:triage_question", args=[question.pk])
    for page in ("/", reverse("referrals:triage_questions"), one):
        assert question.report.reference in guardian.get(page).content.decode(), page
    text = guardian.get(one).content.decode()
    assert question.child.reference in text
    assert question.report.child.reference in text
    answer = guardian.post(one, {"idempotency_key": str(uuid4()), "same_child": same})
    assert answer.status_code == 302
    question.refresh_from_db()
    assert question.same_child is (same == "yes")
    assert not Alert.objects.filter(acknowledged_at=None, kind=AlertKind.MATCH_QUESTION).exists()


@pytest.mark.parametrize("merged", [False, True], ids=["the file", "one merged into it"])
@pytest.mark.parametrize("closed", ["likely", "reported"])
def test_a_guardian_who_is_blocked_on_either_file_has_no_such_question(
    world: World, at: datetime, client_as: AsPerson, closed: str, merged: bool
) -> None:
    question, guardian = ask(world, at), client_as("guardian")
    assert question.report is not None
    child = question.child if closed == "likely" else question.report.child
    if merged:
        child = make_child("Ada", "Merged", merged_into=child)
    block(child, world.viewer("guardian"), by=world.viewer("admin"))
    one = reverse("referrals:triage_question", args=[question.pk])
    assert question.report.reference not in guardian.get(reverse("referrals:triage_questions")).content.decode()
    said = {"idempotency_key": str(uuid4()), "same_child": "yes"}
    never = guardian.get(reverse("referrals:triage_question", args=[uuid4()])).status_code
    assert guardian.get(one).status_code == guardian.post(one, said).status_code == never == 404
    question.refresh_from_db()
    assert question.answered_at is None

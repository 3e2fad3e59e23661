"""Reports by people without the file in hand: joined or not, they are told the same.

Seen to fail: the acknowledgement saying that the child was known; the level among the categories that are opened; the
number not asked for; two reports matched at once.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pghistory
import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from cases.access.choices import GrantReason
from cases.access.models import AccessGrant
from cases.access.rules import categories_in
from cases.record.choices import IdentifierKind
from cases.record.models import Child, Identifier
from cases.record.services import add_identifier
from missing import services
from missing.choices import EpisodeKind, ReturnMethod
from missing.models import EpisodeStep, MissingEpisode, MissingReport
from missing.rules import AlreadyMissing
from missing.selectors.matching import ReportedChild
from missing.services import EpisodeDetails
from referrals.choices import TriageOutcome, TriageReason
from referrals.services.triage import decide_notification
from tests.factories.cases import block, grant, make_child
from tests.factories.missing import HOUR, make_episode, make_returned
from tests.factories.referrals import make_notification
from tests.factories.world import World
from tests.masking import masked

AsPerson = Callable[[str], Client]
BORN = date(2011, 5, 4)
NHS = "9434765919"
ROBIN = ReportedChild("Robin", "Ashdown", BORN)


def said(at: datetime, **fields: Any) -> EpisodeDetails:
    return EpisodeDetails(
        **{
            "kind": EpisodeKind.MISSING,
            "last_seen_at": at - 6 * HOUR,
            "reported_at": at - HOUR,
            "circumstances": "Did not come back from town.",
            **fields,
        }
    )


def report(
    world: World, at: datetime, reported: ReportedChild = ROBIN, by: str = "carer", **more: Any
) -> MissingReport:
    adding = more.pop("adding", False)
    return services.report_missing_child(
        reported=reported, details=said(at, **more), at=at, by=world.viewer(by), adding=adding
    )


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("reported", "joins"),
    [
        (ReportedChild("Robin", "Ashdown", BORN), True),
        (ReportedChild("ROBIN", "Ash-down", BORN), True),
        (ReportedChild("Róbin", "Ashdown", BORN), True),
        (ReportedChild("Robin", "Ashdown", date(2011, 4, 5)), False),
        (ReportedChild("Robin", "Ashdown"), False),
        (ReportedChild("Robyn", "Ashdown", BORN), False),
        (ReportedChild("Somebody", "Else", None, numbers=(("nhs_number", "943 476 5919"),)), True),
        (ReportedChild("Somebody", "Else", None, numbers=(("police", "np-17"),)), True),
        (ReportedChild("Somebody", "Else", None, numbers=(("social_care", "NP-17"),)), False),
        (ReportedChild("Robin", "Ashdown", BORN, numbers=(("police", "OTHER"),)), True),
    ],
)
def test_only_an_exact_identity_joins(world: World, at: datetime, reported: ReportedChild, joins: bool) -> None:
    child, by = make_child(birth_date=BORN), world.viewer("socialworker")
    add_identifier(child=child, kind=IdentifierKind.NHS_NUMBER, value=NHS, at=at, by=by)
    add_identifier(child=child, kind=IdentifierKind.POLICE, value="NP-17", at=at, by=by)
    made = report(world, at, reported)
    assert (made.child_id == child.pk) == joins
    assert Child.objects.count() == (1 if joins else 2)


@pytest.mark.django_db
def test_where_two_files_fit_neither_is_guessed(world: World, at: datetime) -> None:
    make_child(birth_date=BORN)
    make_child(birth_date=BORN)
    report(world, at)
    assert Child.objects.count() == 3


@pytest.mark.django_db
def test_a_merged_file_answers_with_the_one_that_lives_on(world: World, at: datetime) -> None:
    kept = make_child("Alex", birth_date=date(2010, 1, 1))
    make_child(birth_date=BORN, merged_into=kept)
    assert report(world, at).child == kept


@pytest.mark.django_db
def test_a_new_file_has_what_was_typed_and_is_open_to_those_who_follow_it(world: World, at: datetime) -> None:
    made = report(world, at, ReportedChild("Zoë", "Fenwick", BORN, "female", (("nhs_number", NHS),)))
    child = made.child
    assert (child.given_name, child.birth_date, child.sex) == ("Zoë", BORN, "female")
    assert Identifier.objects.get(child=child).value == NHS
    assert child.missing_since == at - 6 * HOUR
    for person in ("triage", "coordinator", "guardian", "officer", "carer"):
        assert Child.objects.visible_to(world.viewer(person), at=at).filter(pk=child.pk).exists(), person
    assert not Child.objects.visible_to(world.viewer("nurse"), at=at).exists()


@pytest.mark.django_db
def test_both_doors_open_a_file_to_the_same_functions(world: World, at: datetime) -> None:
    def opened_to(child_id: Any) -> set[str]:
        rows = AccessGrant.objects.live(at).filter(child_id=child_id, reason=GrantReason.FUNCTION)
        return set(rows.values_list("group__function__key", flat=True))

    by = world.viewer("safeguarding_lead")
    waiting = make_notification(by, given_name="Alex", family_name="Fenwick", sent_at=at)
    decide_notification(
        notification=waiting,
        outcome=TriageOutcome.ACCEPT_NEW,
        reason=TriageReason.INDICATORS_PRESENT,
        rationale="Adults outside the school gate.",
        message_to_referrer="Thank you. A worker takes this on.",
        lead=world.membership("keyworker"),
        version=waiting.version,
        at=at,
        by=world.viewer("triage"),
    )
    waiting.refresh_from_db()
    reported = report(world, at)
    standing = {"notification_point", "panel_office", "data_guardians"}
    assert opened_to(waiting.child_id) == standing
    assert opened_to(reported.child_id) == standing | {"interview_team"}


@pytest.mark.django_db
def test_the_guardian_reads_a_file_that_a_report_made_and_who_looked_at_it(
    world: World, at: datetime, client_as: AsPerson
) -> None:
    child = report(world, at).child
    guardian = client_as("guardian")
    for page in (f"/cases/{child.reference}/", f"/cases/{child.reference}/who-looked/"):
        assert guardian.get(page).status_code == 200, page


@pytest.mark.django_db
def test_the_reporters_agency_sees_three_categories_until_28_days_after_the_return(world: World, at: datetime) -> None:
    child = make_child(birth_date=BORN)
    made = report(world, at)
    grants = AccessGrant.objects.live(at).filter(child=child, reason=GrantReason.MISSING)
    assert {row.group for row in grants} == {world.agency("home").group, world.agency("police").group}
    assert {frozenset(categories_in(row.category_mask)) for row in grants} == {
        frozenset({"identity", "contact_address", "missing"})
    }
    back = services.ReturnDetails(returned_at=at, method=ReturnMethod.ALONE)
    services.record_return(episode=made.episode, details=back, at=at, by=world.viewer("carer"))
    carer, day = world.viewer("carer"), timedelta(days=1)
    seen = {days: Child.objects.visible_to(carer, at=at + days * day).exists() for days in (0, 27, 28)}
    assert seen == {0: True, 27: True, 28: False}


@pytest.mark.django_db
@pytest.mark.parametrize("kept", ["restricted", "blocked"])
def test_a_file_that_the_reporter_may_not_know_of_is_not_opened_by_it(
    world: World, at: datetime, client_as: AsPerson, kept: str
) -> None:
    child = make_child(birth_date=BORN, restricted=kept == "restricted")
    if kept == "blocked":
        block(child, world.viewer("carer"), by=world.viewer("guardian"))
    made = report(world, at)
    assert made.child == child
    assert not Child.objects.visible_to(world.viewer("carer"), at=at).exists()
    assert client_as("carer").get(f"/cases/{child.reference}/").status_code == 404


@pytest.mark.django_db
def test_a_second_report_by_somebody_else_is_added_without_telling(world: World, at: datetime) -> None:
    child = make_child(birth_date=BORN)
    episode = make_episode(child, world.viewer("socialworker"), last_seen_at=at - 9 * HOUR)
    made = report(world, at, circumstances="CANARY seen at the station.")
    assert made.episode == episode
    assert MissingEpisode.objects.count() == 1
    (step,) = EpisodeStep.objects.filter(kind="sighting")
    assert "CANARY seen at the station." in step.note


@pytest.mark.django_db
def test_who_may_know_the_open_episode_is_told_where_it_is(world: World, at: datetime) -> None:
    child = make_child(birth_date=BORN)
    grant(child, world.agency("social_care"))
    make_episode(child, world.viewer("officer"), last_seen_at=at - 9 * HOUR)
    with pytest.raises(AlreadyMissing, match=child.reference):
        report(world, at, by="socialworker")
    assert not MissingReport.objects.exists()
    report(world, at, by="socialworker", adding=True)
    assert MissingReport.objects.count() == 1


@pytest.mark.django_db
def test_a_grant_without_missing_episodes_does_not_tell(world: World, at: datetime) -> None:
    child = make_child(birth_date=BORN)
    grant(child, world.agency("social_care"), categories=("identity",))
    make_episode(child, world.viewer("officer"), last_seen_at=at - 9 * HOUR)
    assert report(world, at, by="socialworker").episode.child == child


@pytest.mark.django_db
def test_an_earlier_episode_on_a_hidden_file_refuses_nothing(world: World, at: datetime) -> None:
    """A start before the last return would be refused on the file, and would tell of it here."""
    child, by = make_child(birth_date=BORN), world.viewer("socialworker")
    make_returned(child, by, last_seen_at=at - 10 * HOUR, returned_at=at - 4 * HOUR)
    made = report(world, at)
    assert made.episode.last_seen_at == at - 4 * HOUR
    assert made.said["last_seen_at"] == (at - 6 * HOUR).isoformat()


@pytest.mark.django_db
def test_a_late_report_of_an_episode_that_is_over_belongs_to_that_one(world: World, at: datetime) -> None:
    child, by = make_child(birth_date=BORN), world.viewer("socialworker")
    over = make_returned(child, by, last_seen_at=at - 10 * HOUR, returned_at=at - HOUR / 2)
    made = report(world, at)
    assert made.episode == over
    child.refresh_from_db()
    assert child.missing_since is None


# The page.


def form(at: datetime, **fields: Any) -> dict[str, Any]:
    local = at - 6 * HOUR
    posted: dict[str, Any] = {
        "idempotency_key": str(uuid4()),
        "given_name": "Robin",
        "family_name": "Ashdown",
        "birth_date_day": "4",
        "birth_date_month": "5",
        "birth_date_year": "2011",
        "sex": "unknown",
        "kind": "missing",
        "place_kind": "home",
        "circumstances": "Did not come back from town.",
    }
    for name, moment in (("last_seen_at", local), ("reported_at", local + HOUR)):
        posted |= {
            f"{name}_day": moment.day,
            f"{name}_month": moment.month,
            f"{name}_year": moment.year,
            f"{name}_time": f"{moment:%H:%M}",
        }
    return posted | fields


@pytest.fixture
def winter(at: datetime) -> datetime:
    """An instant whose London clock is easily written: the forms read wall-clock times."""
    from accounts.rules.dates import in_london

    return in_london(at)


@pytest.mark.django_db
def test_the_answer_is_the_same_for_a_known_child_an_unknown_one_and_one_that_is_kept(
    world: World, winter: datetime, client_as: AsPerson
) -> None:
    make_child("Known", birth_date=BORN)
    make_episode(make_child("Away", birth_date=BORN), world.viewer("socialworker"))
    make_child("Kept", birth_date=BORN, restricted=True)
    block(make_child("Blocked", birth_date=BORN), world.viewer("carer"), by=world.viewer("guardian"))
    carer, answers = client_as("carer"), set()
    for name in ("Unknown", "Known", "Away", "Kept", "Blocked"):
        sent = carer.post(reverse("missing:report"), form(winter, given_name=name))
        assert sent.status_code == 302, sent.content.decode()
        page = carer.get(sent.url)  # type: ignore[attr-defined]
        assert page.status_code == 200
        found = re.search(r"M-[2-9A-Z]{3}-[2-9A-Z]{4}", page.content.decode())
        assert found is not None
        assert sent.url == f"/missing/report/{found[0]}/"  # type: ignore[attr-defined]
        headers = tuple((key, value) for key, value in page.items() if "Policy" not in key)
        answers.add((masked(page.content.decode().replace(found[0], "M")), headers))
    assert len(answers) == 1
    assert MissingReport.objects.count() == 5


@pytest.mark.django_db
def test_an_acknowledgement_is_for_who_reported_in_that_job(
    world: World, winter: datetime, client_as: AsPerson
) -> None:
    sent = client_as("carer").post(reverse("missing:report"), form(winter))
    never = client_as("socialworker").get("/missing/report/M-ZZZ-ZZZZ/")
    other = client_as("socialworker").get(sent.url)  # type: ignore[attr-defined]
    assert other.status_code == never.status_code == 404
    assert masked(other.content.decode()) == masked(never.content.decode())


@pytest.mark.django_db
def test_a_button_pressed_twice_is_one_report_and_one_episode(
    world: World, winter: datetime, client_as: AsPerson
) -> None:
    carer, body = client_as("carer"), form(winter)
    first, second = (carer.post(reverse("missing:report"), body) for _ in range(2))
    assert first.url == second.url  # type: ignore[attr-defined]
    assert (MissingReport.objects.count(), MissingEpisode.objects.count()) == (1, 1)


@pytest.mark.django_db
def test_who_sees_the_open_episode_is_led_to_it_with_everything_typed(
    world: World, winter: datetime, client_as: AsPerson
) -> None:
    child = make_child(birth_date=BORN)
    grant(child, world.agency("social_care"))
    make_episode(child, world.viewer("officer"))
    answer = client_as("socialworker").post(reverse("missing:report"), form(winter))
    text = answer.content.decode()
    assert answer.status_code == 422
    assert f"{child.reference} is reported already" in text
    assert "Did not come back from town." in text


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"given_name": "", "family_name": " "}, "Enter the child’s first name or last name"),
        ({"nhs_number": "123 456 7890"}, "That is not an NHS number"),
        ({"last_seen_at_time": "25:00"}, "must have a real time"),
        ({"last_seen_at_year": "2099"}, "must be today or in the past"),
        ({"reported_at_year": "2020"}, "When it was reported cannot be before the child was last seen"),
        ({"kind": ""}, "Select whether the child is missing"),
        ({"birth_date_year": "1950"}, "Check the year"),
    ],
)
def test_bad_input_is_answered_at_the_field_and_saves_nothing(
    world: World, winter: datetime, client_as: AsPerson, wrong: dict[str, str], message: str
) -> None:
    answer = client_as("carer").post(reverse("missing:report"), form(winter, **wrong))
    assert answer.status_code == 422
    assert message in answer.content.decode()
    assert (MissingEpisode.objects.count(), Child.objects.count()) == (0, 0)


@pytest.mark.django_db
@pytest.mark.parametrize("left_out", ["given_name", "family_name"])
def test_one_of_the_two_names_is_enough(world: World, winter: datetime, client_as: AsPerson, left_out: str) -> None:
    assert client_as("carer").post(reverse("missing:report"), form(winter, **{left_out: ""})).status_code == 302
    child = Child.objects.get()
    assert getattr(child, left_out) == ""
    assert child.called == ("Robin" if left_out == "family_name" else "First name not known")
    page = client_as("carer").get(reverse("missing:report")).content.decode()
    assert page.count("name (one of the two names is needed)") == 2


@pytest.mark.django_db
def test_a_nurse_has_no_such_page(client_as: AsPerson) -> None:
    assert client_as("nurse").get(reverse("missing:report")).status_code == 403


# Two at once.


@pytest.mark.django_db(transaction=True)
def test_the_database_refuses_the_second_of_two_transactions_at_once(world: World) -> None:
    child, by, told = make_child(), world.viewer("socialworker"), []

    def second() -> None:
        try:
            with pghistory.context(reason="web"):
                make_episode(child, by)
        except IntegrityError as error:
            told.append(error)
        finally:
            connection.close()

    with transaction.atomic():
        make_episode(child, by)
        thread = threading.Thread(target=second)
        thread.start()
        thread.join(timeout=0.5)
        assert thread.is_alive(), "the second waits until the first is done"
    thread.join(timeout=10)
    assert len(told) == 1
    assert MissingEpisode.objects.filter(child=child).count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("known", [True, False])
def test_of_two_reports_at_once_the_second_is_added_to_the_first(world: World, at: datetime, known: bool) -> None:
    if known:
        make_child(birth_date=BORN)
    made: list[MissingReport] = []

    def second() -> None:
        try:
            with pghistory.context(reason="web"):
                made.append(report(world, at, by="socialworker"))
        finally:
            connection.close()

    with transaction.atomic():
        first = report(world, at)
        thread = threading.Thread(target=second)
        thread.start()
        thread.join(timeout=0.5)
        assert thread.is_alive(), "the second waits until the first is done"
    thread.join(timeout=10)
    assert [one.episode_id for one in made] == [first.episode_id]
    assert (MissingEpisode.objects.count(), Child.objects.count()) == (1, 1)

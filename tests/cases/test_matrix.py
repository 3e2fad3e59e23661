"""Changes of the access matrix: proposed, signed and adopted, and that what is adopted is what is read. The rules are
judged in `tests/access/sharing`.

Seen to fail: a version adopted over another; the change counted on files that no grant opens in that kind of
information; a file that the reader is blocked on counted for them; the timeline counted alone; the page of a proposal
without whom it touches, and of the matrix without who adopted it.
"""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from accounts.choices import RoleKey
from accounts.forms import WriteForm
from accounts.models import DefinitionVersion
from accounts.rules.roles import Capability
from cases.access.choices import Category, Cell, GrantReason
from cases.access.selectors import matrix_in_force
from cases.presenters.matrix import change_sentence, reach_words
from cases.record.models import ChronologyEntry, Placement
from cases.sharing.models.matrix import MatrixProposal
from cases.sharing.rules.matrix import (
    CellChange,
    MatrixRefused,
    difference,
)
from cases.sharing.selectors.matrix import Reach, changes_of, content_models, latest_version, reach_of
from cases.sharing.services.matrix import add_change, remove_change, sign_proposal, withdraw_proposal
from missing.models import MissingEpisode
from panels.models import AgendaItem
from risk.models import RiskAssessment
from tests.factories.cases import block, grant, make_child, make_chronology
from tests.factories.missing import make_episode
from tests.factories.sharing import WHY_CHANGE, propose

DSL, NURSE = RoleKey.EDUCATION_DSL.value, RoleKey.HEALTH_SCHOOL_NURSE.value
DAY = date(2026, 11, 25)


# The record.

pytestmark = pytest.mark.django_db


def test_two_people_adopt_and_it_holds_from_its_day_on(world, viewer, at) -> None:
    proposal = propose(viewer, at)
    assert sign_proposal(proposal_id=proposal.pk, at=at, by=viewer("coordinator")).adopted is None
    assert latest_version().version == 1
    adopted = sign_proposal(proposal_id=proposal.pk, at=at, by=viewer("guardian")).adopted
    assert adopted is not None
    assert (adopted.version, adopted.effective_on) == (2, at.date() + timedelta(days=7))
    assert adopted.adopted_by.startswith("Coral Devereux and ")
    before = matrix_in_force(on=at.date() + timedelta(days=6))
    after = matrix_in_force(on=at.date() + timedelta(days=7))
    assert difference(before, after) == [CellChange(DSL, "interview", Cell.NONE, Cell.EXISTENCE)]


def test_a_day_that_has_passed_meanwhile_becomes_tomorrow(world, viewer, at) -> None:
    proposal = propose(viewer, at)
    later = at + timedelta(days=30)
    sign_proposal(proposal_id=proposal.pk, at=later, by=viewer("chair"))
    adopted = sign_proposal(proposal_id=proposal.pk, at=later, by=viewer("guardian")).adopted
    assert adopted is not None
    assert adopted.effective_on == later.date() + timedelta(days=1)


def test_nobody_adopts_alone(world, viewer, at) -> None:
    proposal = propose(viewer, at, by="guardian")
    sign_proposal(proposal_id=proposal.pk, at=at, by=viewer("guardian"))
    with pytest.raises(MatrixRefused, match="another person"):
        sign_proposal(proposal_id=proposal.pk, at=at, by=viewer("guardian"))
    assert latest_version().version == 1


@pytest.mark.parametrize("name", ["socialworker", "manager", "admin", "analyst", "teacher", "triage"])
def test_nobody_else_proposes_signs_or_withdraws(world, viewer, at, name: str) -> None:
    proposal = propose(viewer, at)
    for refused in (
        lambda: propose(viewer, at, by=name),
        lambda: sign_proposal(proposal_id=proposal.pk, at=at, by=viewer(name)),
        lambda: withdraw_proposal(proposal_id=proposal.pk, at=at, by=viewer(name)),
        lambda: add_change(proposal_id=proposal.pk, role=NURSE, category="plan", cell="F", by=viewer(name)),
    ):
        with pytest.raises(MatrixRefused):
            refused()
    assert (MatrixProposal.objects.count(), proposal.changes.count(), proposal.signatures.count()) == (1, 1, 0)


def test_what_somebody_has_signed_for_changes_no_more(world, viewer, at) -> None:
    proposal = propose(viewer, at)
    add_change(proposal_id=proposal.pk, role=NURSE, category="plan", cell="F", by=viewer("coordinator"))
    remove_change(proposal_id=proposal.pk, role=DSL, category="interview", by=viewer("coordinator"))
    with pytest.raises(MatrixRefused, match="needs a change"):
        remove_change(proposal_id=proposal.pk, role=NURSE, category="plan", by=viewer("coordinator"))
    with pytest.raises(MatrixRefused, match="whoever proposed"):
        add_change(proposal_id=proposal.pk, role=DSL, category="plan", cell="F", by=viewer("guardian"))
    sign_proposal(proposal_id=proposal.pk, at=at, by=viewer("guardian"))
    with pytest.raises(MatrixRefused, match="has signed"):
        add_change(proposal_id=proposal.pk, role=DSL, category="plan", cell="F", by=viewer("coordinator"))
    assert changes_of(proposal) == [CellChange(NURSE, "plan", Cell.SUMMARY, Cell.FULL)]


def test_of_two_proposals_on_one_version_the_second_is_refused(world, viewer, at) -> None:
    first, second = propose(viewer, at), propose(viewer, at, role=NURSE, category="plan", cell="F")
    for name in ("chair", "guardian"):
        sign_proposal(proposal_id=first.pk, at=at, by=viewer(name))
    with pytest.raises(MatrixRefused, match="adopted since"):
        sign_proposal(proposal_id=second.pk, at=at, by=viewer("guardian"))
    with pytest.raises(MatrixRefused, match="has ended"):
        withdraw_proposal(proposal_id=first.pk, at=at, by=viewer("guardian"))
    withdraw_proposal(proposal_id=second.pk, at=at, by=viewer("guardian"))
    with pytest.raises(MatrixRefused, match="has ended"):
        sign_proposal(proposal_id=second.pk, at=at, by=viewer("guardian"))
    assert latest_version().version == 2


def test_an_adopted_version_is_altered_by_nobody(world, viewer, at) -> None:
    proposal = propose(viewer, at)
    for name in ("chair", "guardian"):
        sign_proposal(proposal_id=proposal.pk, at=at, by=viewer(name))
    for statement in (
        "UPDATE accounts_definitionversion SET effective_on = '2020-01-01' WHERE kind = 'access_matrix'",
        "DELETE FROM accounts_definitionversion WHERE kind = 'access_matrix'",
        "UPDATE cases_matrixsignature SET user_id = 1",
        "DELETE FROM cases_matrixproposal",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


def test_what_a_change_touches_is_counted_where_grants_open_that_kind_of_information(
    world, viewer, at, django_assert_num_queries
) -> None:
    worker, reader = viewer("housing"), viewer("guardian")
    change = CellChange(RoleKey.HOUSING, "missing", Cell.NONE, Cell.SUMMARY)
    author = viewer("socialworker")
    seen, in_part, restricted, other = (make_child(f"Child{n}", "Reach") for n in range(4))
    for child in (seen, in_part, restricted, other):
        make_chronology(child, author, category=Category.MISSING, summary="Came home.")
        make_chronology(child, author, category=Category.PLAN, summary="A plan.")
    grant(seen, world.agency("housing"))
    grant(in_part, world.agency("housing"), categories=(Category.PLAN,))
    grant(restricted, world.agency("housing"))
    type(restricted).objects.filter(pk=restricted.pk).update(restricted=True)
    make_episode(seen, author)
    make_episode(other, author)
    with django_assert_num_queries(4):
        assert reach_of(change, reader, at) == Reach(people=1, files=1, records=2)
    grant(restricted, worker, reason=GrantReason.NAMED)
    assert reach_of(change, reader, at) == Reach(people=1, files=1, records=2), "restricted, and not named there"
    grant(restricted, reader, reason=GrantReason.NAMED)
    assert reach_of(change, reader, at) == Reach(people=1, files=2, records=3)
    grant(other, world.agency("housing"), valid_until=at - timedelta(hours=1), valid_from=at - timedelta(hours=2))
    assert reach_of(change, reader, at).files == 2
    block(seen, reader, by=viewer("triage"))
    assert reach_of(change, reader, at) == Reach(people=1, files=1, records=1)
    assert reach_of(change, viewer("coordinator"), at) == Reach(people=1, files=1, records=2)


def test_every_kind_of_content_is_counted() -> None:
    assert {ChronologyEntry, Placement, MissingEpisode, RiskAssessment, AgendaItem} <= set(content_models())


@pytest.mark.parametrize(
    ("reach", "words"),
    [
        (Reach(1, 31, 122), "1 person, 31 files, 122 records"),
        (Reach(2, 4, 5), "2 people, fewer than 5 files, 5 records"),
        (Reach(0, 0, 0), "0 people, no files, no records"),
        (Reach(1, 1, 1), "1 person, fewer than 5 files, fewer than 5 records"),
        (Reach(1, 1, 1234), "1 person, fewer than 5 files, 1,234 records"),
    ],
)
def test_a_small_number_of_files_or_records_is_not_said(reach: Reach, words: str) -> None:
    assert reach_words(reach) == words


# The pages.


def key() -> dict[str, str]:
    return {"idempotency_key": WriteForm()["idempotency_key"].value()}


def asked(at, **said: str) -> dict[str, str]:
    day = at.date() + timedelta(days=3)
    dated = {"effective_on_day": str(day.day), "effective_on_month": str(day.month), "effective_on_year": str(day.year)}
    return {**key(), "role": DSL, "category": "interview", "cell": "E", "reason": WHY_CHANGE, **dated} | said


@pytest.mark.parametrize("name", ["teacher", "housing", "analyst", "admin", "outsider", "guardian"])
def test_everybody_reads_the_matrix_in_words_and_their_own_row_first(client_as, viewer, name: str) -> None:
    text = client_as(name).get("/access/matrix/").content.decode()
    assert f"{viewer(name).role_name} sees" in text
    assert ("Propose a change" in text) == viewer(name).may(Capability.GOVERN_ACCESS)
    assert 'href="/access/matrix/"' in client_as(name).get("/").content.decode()


@pytest.mark.parametrize("asks", ["?role=nobody", "?role=", "?role=housing&role=x", "?version="])
def test_a_strange_question_is_answered_with_a_row(client_as, asks: str) -> None:
    assert client_as("teacher").get(f"/access/matrix/{asks}").status_code == 200


@pytest.mark.parametrize("asks", ["?version=77", "?version=x'--", "?version=-1"])
def test_a_version_that_never_was_is_not_found(client_as, asks: str) -> None:
    assert client_as("teacher").get(f"/access/matrix/{asks}").status_code == 404


@pytest.mark.parametrize(
    ("category", "words"),
    [
        ("plan", "They will start to see a summary and that there is something."),
        ("sessions", "They will start to see a summary once somebody can write it and that there is something."),
    ],
)
def test_a_change_says_where_a_summary_waits_to_be_written(category, words) -> None:
    """Seen to fail: it promised a summary of session notes, of which nothing holds one."""
    assert change_sentence(CellChange("housing", category, Cell.NONE, Cell.SUMMARY)).endswith(words)


def test_proposed_and_adopted_in_a_browser(client_as, at) -> None:
    coordinator, guardian = client_as("coordinator"), client_as("guardian")
    answer = coordinator.post("/access/matrix/propose/", asked(at))
    assert answer.status_code == 302
    page = answer["Location"]
    text = coordinator.get(page).content.decode()
    assert "Designated safeguarding lead: return interviews. They will start to see that there is something." in text
    assert "Nobody has signed yet." in text
    assert page in guardian.get("/").content.decode()
    assert coordinator.post(f"{page}sign/", key()).status_code == 302
    assert "You have signed already" in coordinator.get(page).content.decode()
    assert page not in coordinator.get("/").content.decode()
    assert "Version 2 is adopted" in guardian.post(f"{page}sign/", key(), follow=True).content.decode()
    text = client_as("teacher").get("/access/matrix/").content.decode()
    adopted = latest_version().adopted_by
    assert f"Adopted by {adopted}" in text
    assert [name for name in ("Coral Devereux", "Gwen Sotheby") if name not in adopted] == []
    text = client_as("teacher").get("/access/matrix/?version=2").content.decode()
    assert "What version 2 changed" in text
    assert "This is not the version in force today." in text


def test_a_proposal_says_whom_it_touches_today(client_as, world, viewer, at) -> None:
    author = viewer("socialworker")
    for number in range(5):
        child = make_child(f"Child{number}", "Reach")
        make_episode(child, author)
        grant(child, world.agency("housing"))
    proposal = propose(viewer, at, role=RoleKey.HOUSING, category="missing", cell="S")
    page = client_as("coordinator").get(f"/access/matrix/proposals/{proposal.pk}/").content.decode()
    assert "1 person, 5 files, 5 records" in page
    guardian = client_as("guardian")
    address = f"/access/matrix/proposals/{proposal.pk}/"
    assert "1 person, 5 files, 5 records" in guardian.get(address).content.decode()
    block(child, viewer("guardian"), by=viewer("triage"))
    page = guardian.get(address).content.decode()
    assert "1 person, fewer than 5 files, fewer than 5 records" in page


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"role": ""}, "Select a role"),
        ({"cell": "N"}, "this is what the role sees"),
        ({"cell": "Z"}, "Select one of the choices offered"),
        ({"reason": " "}, "Say why it should change"),
        ({"reason": "x" * 601}, "600 characters or fewer"),
        ({"effective_on_year": "2020"}, "must be today or in the future"),
        ({"role": "technical_admin"}, "opens no child"),
    ],
)
def test_what_cannot_be_proposed_is_said_at_once_and_what_was_typed_is_kept(client_as, at, said, words) -> None:
    answer = client_as("coordinator").post("/access/matrix/propose/", asked(at, **said))
    text = answer.content.decode()
    assert answer.status_code == 422
    assert words in text
    assert not MatrixProposal.objects.exists()
    assert WHY_CHANGE in text or "reason" in said


def test_today_is_too_early(client_as, at) -> None:
    said = {"effective_on_day": str(at.day), "effective_on_month": str(at.month), "effective_on_year": str(at.year)}
    answer = client_as("coordinator").post("/access/matrix/propose/", asked(at, **said))
    assert (answer.status_code, "must be tomorrow or later" in answer.content.decode()) == (422, True)


def test_others_do_not_open_a_proposal(client_as, viewer, at) -> None:
    page = f"/access/matrix/proposals/{propose(viewer, at).pk}/"
    for name in ("socialworker", "manager", "admin", "teacher"):
        browser = client_as(name)
        assert browser.get(page).status_code == 403
        for step in ("sign/", "withdraw/", "remove/", "add/"):
            assert browser.post(f"{page}{step}", key()).status_code == 403
        assert WHY_CHANGE not in browser.get("/access/matrix/").content.decode()


def test_the_list_asks_as_often_for_three_versions_as_for_one(client_as, viewer, at, django_assert_num_queries) -> None:
    coordinator = client_as("coordinator")
    coordinator.get("/access/matrix/")
    with django_assert_num_queries(12):
        coordinator.get("/access/matrix/")
    for category in ("interview", "sessions"):
        proposal = propose(viewer, at, category=category)
        for name in ("chair", "guardian"):
            sign_proposal(proposal_id=proposal.pk, at=at, by=viewer(name))
    assert DefinitionVersion.objects.filter(kind="access_matrix").count() == 3
    with django_assert_num_queries(12):
        coordinator.get("/access/matrix/")

"""What a referrer sees after sending: the acknowledgement, the list, the copy, and the Matrix that came later."""

from __future__ import annotations

import io
import re
import time
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pikepdf
import pypdf
import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.selectors import now
from cases.access.services import end_block
from cases.clocks import services as clocks
from cases.clocks.models import Alert
from cases.record.models import Child
from referrals.choices import NotificationStatus, TriageOutcome
from referrals.models import Notification
from referrals.rules.notify import MatrixAlreadyThere
from referrals.selectors.notify import matrix_wanted, sent_by
from referrals.services.notify import complete_matrix
from risk.models import RiskAssessment
from risk.rules import answers_to_plain
from risk.scoring import Answer
from risk.selectors import tool_in_force
from tests.factories.cases import block, grant, make_child, make_spell
from tests.factories.referrals import make_decision, make_notification
from tests.masking import masked
from tests.referrals.notify_steps import fill_all, hidden, press_send, send

NOT_NO_ACTION = "Low is not no action"
PAGES = ("sent_detail", "sent_acknowledgement", "sent_copy", "sent_matrix")


@pytest.fixture
def teacher(client_as):
    return client_as("teacher")


def address(name: str, notification: Notification) -> str:
    return reverse(f"referrals:{name}", args=[notification.reference])


def text_of(page: Any) -> str:
    return page.content.decode()


def words_of(pdf: bytes) -> str:
    pages = pypdf.PdfReader(io.BytesIO(pdf)).pages
    return re.sub(r"\s+", " ", " ".join(page.extract_text() for page in pages))


def shown_by(page: Any) -> str:
    """What a page or a printed copy says."""
    return words_of(page.content) if page["Content-Type"] == "application/pdf" else text_of(page)


def with_matrix(**answers: str) -> dict[str, Any]:
    return {"matrix": {"without": None, **{f"item_{code}": value for code, value in answers.items()}}}


# --- The acknowledgement --------------------------------------------------------------------------------


def test_the_acknowledgement_says_who_reads_it_when_and_whom_to_ring(teacher) -> None:
    sent = send(teacher)
    page = text_of(teacher.get(address("sent_acknowledgement", sent)))
    assert sent.reference in page
    assert "The notification point reads it and decides the same working day" in page
    assert "01632 960 100" in page
    assert "01632 960 199" in page
    assert "999" in page
    assert f'href="{address("sent_copy", sent)}"' in page
    assert f'href="{address("sent_matrix", sent)}"' in page
    assert "The out-of-hours team is being told now" not in page


def test_an_urgent_one_says_that_people_are_being_told_now(teacher) -> None:
    sent = send(teacher, danger={"immediate_danger": "yes"})
    page = text_of(teacher.get(address("sent_acknowledgement", sent)))
    assert "The out-of-hours team is being told now, at any hour" in page
    assert "Is a child in danger now? Ring 999." in page
    assert "decides the same working day" not in page


@pytest.mark.parametrize("name", ["sent_acknowledgement", "sent_detail", "sent_copy"])
@pytest.mark.parametrize(
    ("answers", "level"), [({}, "No indicators ticked"), ({"A1": "yes"}, "Low"), ({"A1": "no"}, "No indicators ticked")]
)
def test_a_low_score_or_none_never_stands_without_saying_that_it_is_not_no_action(
    teacher, name: str, answers: dict, level: str
) -> None:
    sent = send(teacher, **with_matrix(**answers))
    response = teacher.get(address(name, sent))
    shown = words_of(response.content) if name == "sent_copy" else text_of(response)
    assert level in shown or (level == "No indicators ticked" and "Nothing ticked" in shown)
    assert NOT_NO_ACTION in shown
    assert "provisional" in shown


def test_the_score_is_explained_line_by_line(teacher) -> None:
    sent = send(teacher, **with_matrix(A1="yes", A2="possible", F1="yes", B1="no"))
    assert sent.computed_level == "high"
    assert sent.answers == answers_to_plain(
        {"A1": Answer("yes"), "A2": Answer("possible"), "F1": Answer("yes"), "B1": Answer("no")}
    )
    tool = tool_in_force(on=sent.sent_at.date()).tool
    for page in ("sent_acknowledgement", "sent_detail"):
        shown = text_of(teacher.get(address(page, sent)))
        for code in ("A1", "A2", "F1"):
            assert tool.items[code].label in shown
        assert "High risk, provisional" in shown
        assert "raised the level" in shown


# --- The list and one notification ----------------------------------------------------------------------


def test_the_list_holds_my_own_and_nobody_elses(teacher, viewer) -> None:
    mine = make_notification(viewer("teacher"), given_name="Mina")
    theirs = make_notification(viewer("safeguarding_lead"), given_name="Theo")
    page = text_of(teacher.get(reverse("referrals:sent")))
    assert "Mina" in page
    assert mine.reference in page
    assert "Theo" not in page
    assert theirs.reference not in page
    assert "Waiting for a decision" in page


@pytest.mark.parametrize("person", ["safeguarding_lead", "triage", "outsider", "keyworker"])
def test_anybody_elses_notification_is_not_there_at_all(client_as, viewer, person: str) -> None:
    theirs = make_notification(viewer("teacher"))
    stranger = client_as(person)
    for page in PAGES:
        there = stranger.get(address(page, theirs))
        never = stranger.get(reverse(f"referrals:{page}", args=["N-ZZZ-ZZZZ"]))
        assert (there.status_code, never.status_code) == (404, 404)
        assert masked(there.content) == masked(never.content)
    answer = stranger.post(address("sent_matrix", theirs), {"idempotency_key": str(uuid4()), "item_A1": "yes"})
    assert answer.status_code == 404
    theirs.refresh_from_db()
    assert theirs.matrix_completed_at is None


def test_what_i_sent_for_another_agency_stays_there(world, viewer) -> None:
    from accounts.selectors import viewer_of
    from tests.factories.accounts import make_membership

    make_notification(viewer("teacher"))
    elsewhere = viewer_of(make_membership(world.user("teacher"), world.agency("charity")))
    assert sent_by(elsewhere).rows == []
    assert len(sent_by(viewer("teacher")).rows) == 1


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (TriageOutcome.ACCEPT_NEW, "Accepted: agencies will work together with this child"),
        (TriageOutcome.ACCEPT_JOINED, "Accepted: agencies will work together with this child"),
        (TriageOutcome.EARLY_HELP, "Passed to early help"),
        (TriageOutcome.SOCIAL_CARE, "Passed to children’s social care"),
        (TriageOutcome.INFORMATION_ONLY, "Kept as information"),
        (TriageOutcome.DECLINE, "Not taken on, with advice to you"),
    ],
)
def test_after_the_decision_i_read_the_outcome_and_the_message_and_never_the_reasons(
    teacher, viewer, world, outcome: str, words: str
) -> None:
    sent = decided(make_notification(viewer("teacher")), viewer("triage"), outcome, lead=world.membership("keyworker"))
    page = text_of(teacher.get(address("sent_detail", sent))).replace("&#x27;", "’")
    assert words in page
    assert "We have talked with the school nurse." in page
    assert "RATIONALE" not in page
    assert sent.decision.get_reason_display() not in page
    assert "Kezia" not in page
    assert ("A named worker leads" in page) is outcome.startswith("accept")
    assert words in text_of(teacher.get(reverse("referrals:sent"))).replace("&#x27;", "’")


def test_once_it_is_accepted_i_read_who_leads_and_how_to_ring_them(teacher, viewer, world) -> None:
    keyworker = world.user("keyworker")
    for outcome in (TriageOutcome.ACCEPT_NEW, TriageOutcome.ACCEPT_JOINED):
        sent = decided(
            make_notification(viewer("teacher")),
            viewer("triage"),
            outcome,
            lead=world.membership("keyworker"),
            lead_told=True,
        )
        page = text_of(teacher.get(address("sent_detail", sent)))
        assert f"<strong>{keyworker}</strong> leads the work with the child (Keyworker, " in page
        assert 'Ring <span class="hb-phone">01632 960 101</span>' in page  # the agency's: she has none of her own
        assert "A named worker leads" not in page


def decided(sent: Notification, by: Any, outcome: str, **fields: Any) -> Notification:
    make_decision(
        sent,
        by,
        outcome=outcome,
        reason="already_open",
        rationale="RATIONALE",
        message_to_referrer="We have talked with the school nurse.",
        lead=fields.get("lead"),
        lead_told=fields.get("lead_told", False),
    )
    Notification.objects.filter(pk=sent.pk).update(status=NotificationStatus.DECIDED, child=fields.get("child"))
    return Notification.objects.get(pk=sent.pk)


@pytest.mark.parametrize("how_many", [1, 3])
def test_the_list_asks_the_database_the_same_number_of_times(
    teacher, viewer, world, how_many: int, django_assert_num_queries
) -> None:
    for _ in range(how_many):
        decided(make_notification(viewer("teacher")), viewer("triage"), TriageOutcome.DECLINE)
        fill_all(teacher)
    teacher.get(reverse("referrals:sent"))
    with django_assert_num_queries(LIST_QUERIES):
        page = text_of(teacher.get(reverse("referrals:sent")))
    assert page.count("Not taken on") == how_many
    assert page.count(">Carry on: Robin") == how_many


LIST_QUERIES = 12


def test_a_long_list_comes_in_pages(teacher, viewer, at) -> None:
    for number in range(27):
        make_notification(viewer("teacher"), given_name=f"Child{number:02}", sent_at=at - timedelta(hours=number))
    first, second = (text_of(teacher.get(reverse("referrals:sent"), {"page": number})) for number in (1, 2))
    found = [re.findall(r"Child(\d\d)", page) for page in (first, second)]
    assert found == [[f"{number:02}" for number in range(25)], ["25", "26"]]
    assert 'href="?page=2"' in first
    assert 'href="?page=1"' in second
    assert 'href="?page=3"' not in second
    for nonsense in ("0", "-1", "x", "9" * 30, "²"):
        assert teacher.get(reverse("referrals:sent"), {"page": nonsense}).status_code == 200


# --- The Matrix afterwards ------------------------------------------------------------------------------


def test_the_matrix_is_completed_once_afterwards(teacher, viewer) -> None:
    sent = send(teacher)
    assert [row.reference for row in matrix_wanted(viewer("teacher"))] == [sent.reference]
    where = address("sent_matrix", sent)
    page = teacher.get(where)
    answer = teacher.post(where, {**hidden(page), "item_A1": "yes", "evidence": "Seen twice."})
    assert answer["Location"] == address("sent_detail", sent)
    sent.refresh_from_db()
    assert (sent.computed_level, sent.matrix_evidence, sent.urgent) == ("low", "Seen twice.", False)
    assert sent.matrix_completed_at >= sent.sent_at
    assert matrix_wanted(viewer("teacher")) == []
    assert "Seen twice." in text_of(teacher.get(answer["Location"]))
    again = teacher.post(where, {"idempotency_key": str(uuid4()), "item_F1": "yes"})
    assert (teacher.get(where).status_code, again.status_code) == (403, 403)
    sent.refresh_from_db()
    assert sent.computed_level == "low"
    assert not Alert.objects.exists()


def test_a_matrix_that_comes_out_high_afterwards_pages_the_out_of_hours_team(teacher) -> None:
    sent = send(teacher)
    where = address("sent_matrix", sent)
    teacher.post(where, {**hidden(teacher.get(where)), "item_F1": "yes"})
    assert list(Alert.objects.values_list("subject_id", "step")) == [(sent.pk, 1)]


def test_a_high_matrix_after_a_decision_still_pages(teacher, viewer, at) -> None:
    sent = decided(make_notification(viewer("teacher"), sent_at=at), viewer("triage"), TriageOutcome.DECLINE)
    complete(sent, viewer("teacher"), {"F1": Answer("yes")})
    assert Alert.objects.filter(subject_id=sent.pk, step=1).count() == 1


def test_the_service_refuses_a_second_matrix(teacher, viewer) -> None:
    sent = make_notification(viewer("teacher"))
    complete(sent, viewer("teacher"), {})
    with pytest.raises(MatrixAlreadyThere):
        complete(sent, viewer("teacher"), {"F1": Answer("yes")})


def test_a_matrix_after_acceptance_goes_onto_the_file_as_the_referrers_view(viewer, world, at) -> None:
    child = make_child()
    sent = decided(
        make_notification(viewer("teacher"), sent_at=at, harm_status="suspected"),
        viewer("triage"),
        TriageOutcome.ACCEPT_JOINED,
        lead=world.membership("keyworker"),
        child=child,
    )
    complete(sent, viewer("teacher"), {"A1": Answer("yes")})
    assessment = RiskAssessment.objects.get()
    assert (assessment.child, assessment.provisional, assessment.agency, assessment.computed_level) == (
        child,
        True,
        world.agency("school"),
        "low",
    )


def complete(sent: Notification, by: Any, answers: dict[str, Answer]) -> Notification:
    at = now()
    return complete_matrix(
        reference=sent.reference,
        tool=tool_in_force(on=at.date()).version,
        answers=answers,
        evidence="",
        at=at,
        by=by,
    )


# --- The sweep and the alert, for real notifications ----------------------------------------------------


def test_the_sweep_finds_an_urgent_notification_that_was_loaded_without_an_alert(viewer, at) -> None:
    loaded = make_notification(viewer("teacher"), immediate_danger=True, sent_at=at)
    make_notification(viewer("teacher"), sent_at=at)
    decided(
        make_notification(viewer("teacher"), harm_status="known", sent_at=at), viewer("triage"), TriageOutcome.DECLINE
    )
    assert clocks.sweep(at).missed == 1
    assert list(Alert.objects.values_list("subject_id", flat=True)) == [loaded.pk]


# --- The copy -------------------------------------------------------------------------------------------


def test_the_copy_holds_what_was_written_under_a_name_that_says_nothing(teacher) -> None:
    sent = send(teacher, **with_matrix(A1="yes"))
    answer = teacher.get(f"{address('sent_copy', sent)}?address=confirmed")
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"] == f'attachment; filename="{sent.reference}.pdf"'
    words = words_of(answer.content)
    for expected in (
        "Confidential",
        f"Notification {sent.reference}",
        "Robin Ashdown",
        "4 May 2011",
        "4 Quay Row",
        "Collected from school by an adult whom nobody knows.",
        "“He is just a friend.”",
        "An uncle at home may be involved.",
        "Tessa Marlow",
        "Hollybank School",
        "Low, provisional",
        "Page 1 of ",
    ):
        assert expected in words, expected


def test_the_copy_is_tagged_and_names_its_language_and_nobody(teacher) -> None:
    sent = send(teacher, **with_matrix(A1="yes"))
    with pikepdf.open(io.BytesIO(teacher.get(address("sent_copy", sent)).content)) as pdf:
        assert bool(pdf.Root.MarkInfo.Marked)
        assert str(pdf.Root.Lang) == "en-GB"
        assert bool(pdf.Root.ViewerPreferences.DisplayDocTitle)
        with pdf.open_metadata() as about:
            assert about["pdfuaid:part"] == "1"
            assert about["dc:title"] == f"Notification {sent.reference}, confidential"
            assert "Robin" not in str(about)
            assert "Tessa" not in str(about)
        kinds = set(structure(pdf.Root.StructTreeRoot))
        assert {"/H1", "/H2", "/P", "/Table", "/TH", "/TD"} <= kinds


def structure(node: Any) -> list[str]:
    """The kinds of every element in the tree of tags."""
    if isinstance(node, pikepdf.Array):
        return [kind for child in node for kind in structure(child)]
    if not isinstance(node, pikepdf.Dictionary):
        return []
    own = [str(node.S)] if "/S" in node else []
    return own + (structure(node.K) if "/K" in node else [])


def test_a_long_copy_numbers_its_pages_and_cuts_nothing(teacher) -> None:
    long = " ".join(f"word{number}" for number in range(400))
    sent = send(teacher, concern={"concern": long}, words={"childs_words": "W" * 3000})
    began = time.process_time()
    pdf = teacher.get(address("sent_copy", sent)).content
    assert time.process_time() - began < 10
    words, pages = words_of(pdf), len(pypdf.PdfReader(io.BytesIO(pdf)).pages)
    assert pages >= 3
    assert all(f"Page {number} of {pages}" in words for number in range(1, pages + 1))
    assert all(f"word{number}" in words for number in range(400))
    assert words.count("W") >= 3000


def test_the_copy_fetches_nothing(teacher) -> None:
    hostile = '<img src="file:///etc/passwd"><link rel=attachment href="file:///etc/passwd">'
    sent = send(teacher, concern={"concern": hostile})
    pdf = teacher.get(address("sent_copy", sent)).content
    assert "file:///etc/passwd" in words_of(pdf)
    assert not pypdf.PdfReader(io.BytesIO(pdf)).attachments


# --- Whether the child is known -------------------------------------------------------------------------


def everything_the_referrer_reads(browser: Any) -> tuple[list[str], list[int]]:
    """Refer a child from beginning to end: every page on the way and after, and the queries of each."""
    pages, queries = [], []
    draft_id = fill_all(browser)

    def read(response: Any) -> Any:
        pages.append(shown_by(response))
        return response

    read(browser.get(reverse("referrals:notify_check", args=[draft_id])))
    with CaptureQueriesContext(connection) as sending:
        answer = press_send(browser, draft_id)
    queries.append(len(sending))
    reference = answer["Location"].split("/")[3]
    for name in ("sent_acknowledgement", "sent_detail", "sent_copy", "sent_matrix"):
        with CaptureQueriesContext(connection) as reading:
            read(browser.get(reverse(f"referrals:{name}", args=[reference])))
        queries.append(len(reading))
    with CaptureQueriesContext(connection) as reading:
        read(browser.get(reverse("referrals:sent")))
    queries.append(len(reading))
    return [masked(page, names=True) for page in pages], queries


def in_a_world_that_passes(work: Any) -> Any:
    """Do something, read what it gives, and undo it."""
    with transaction.atomic():
        result = work()
        transaction.set_rollback(True)
    return result


@pytest.mark.parametrize("known_as", ["the same child", "a file that the referrer's agency sees", "a likely match"])
def test_the_referrer_reads_the_same_whether_or_not_the_child_is_known(teacher, world, viewer, known_as: str) -> None:
    unknown, queries = in_a_world_that_passes(lambda: everything_the_referrer_reads(teacher))
    child = make_child("Robyn" if known_as == "a likely match" else "Robin", "Ashdown", birth_date=date(2011, 5, 4))
    grant(child, world.agency("specialist"))
    make_spell(child, viewer("keyworker"))
    if known_as.startswith("a file"):
        grant(child, world.agency("school"))

    known, known_queries = in_a_world_that_passes(lambda: everything_the_referrer_reads(teacher))

    assert [page for page in unknown if "Robin" in page], "the pages speak of the child"
    assert known == unknown
    assert known_queries == queries


def test_the_outcome_reads_the_same_for_a_new_file_and_for_one_that_was_there(teacher, viewer, world, at) -> None:
    def read(outcome: str, child: Child) -> list[str]:
        sent = decided(
            make_notification(viewer("teacher"), sent_at=at),
            viewer("triage"),
            outcome,
            lead=world.membership("keyworker"),
            lead_told=True,
            child=child,
        )
        pages = [teacher.get(address(name, sent)) for name in ("sent_detail", "sent_acknowledgement", "sent_copy")]
        pages.append(teacher.get(reverse("referrals:sent")))
        return [masked(shown_by(page), names=True) for page in pages]

    new = in_a_world_that_passes(lambda: read(TriageOutcome.ACCEPT_NEW, make_child()))
    joined = in_a_world_that_passes(lambda: read(TriageOutcome.ACCEPT_JOINED, make_child()))
    assert "Accepted" in new[0]
    assert joined == new


@pytest.mark.parametrize(
    ("conflict", "told"),
    [
        ("before", False),
        ("on a file merged into it", False),
        ("on the file it was merged into", False),
        ("after", True),
        ("lifted", True),
        ("of somebody else", True),
        ("on another file", True),
    ],
)
def test_whom_a_conflict_kept_from_the_file_reads_on_that_it_waits(
    teacher, viewer, world, at, conflict: str, told: bool
) -> None:
    def read(sent: Notification) -> list[str]:
        pages = [teacher.get(address(name, sent)) for name in PAGES]
        pages += [teacher.get(page) for page in (reverse("referrals:sent"), "/")]
        return [masked(shown_by(page), names=True) for page in pages]

    def waits() -> list[str]:
        return read(make_notification(viewer("teacher"), sent_at=at))

    def is_decided() -> list[str]:
        child, sent = make_child(), make_notification(viewer("teacher"), sent_at=at)
        other = make_child(merged_into=child) if conflict == "on a file merged into it" else make_child()
        if conflict == "on the file it was merged into":
            Child.objects.filter(pk=child.pk).update(merged_into=other)
        placed = block(
            other if " file " in conflict or conflict == "on another file" else child,
            viewer("nurse" if conflict == "of somebody else" else "teacher"),
            by=viewer("guardian"),
            at=now() + timedelta(minutes=1) if conflict == "after" else at - timedelta(hours=1),
        )
        if conflict == "lifted":
            end_block(block_id=placed.pk, by=viewer("guardian"), at=at)
        lead = {"lead": world.membership("keyworker"), "lead_told": True}
        return read(decided(sent, viewer("triage"), TriageOutcome.ACCEPT_JOINED, child=child, **lead))

    waiting, found = in_a_world_that_passes(waits), in_a_world_that_passes(is_decided)
    assert "Kezia" not in "".join(waiting)
    assert (found == waiting) is not told
    assert ("Accepted" in found[0], "Accepted" in found[-2], "Accepted" in found[-1]) == (told, told, told)


def test_a_copy_that_asked_for_something_would_be_refused() -> None:
    from referrals.presenters import notify_copy

    for url in ("file:///etc/passwd", "https://harbour.example/x.png"):
        with pytest.raises(notify_copy.NothingIsFetched):
            notify_copy._refuse(url)

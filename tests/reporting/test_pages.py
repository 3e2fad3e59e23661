"""The pages of reports: who may open them, what they say, and what they never say.

Seen to fail: the capability left off the document; the number of a hidden figure said beside the files behind it; a
file listed by its level to somebody from whom the level is withheld.
"""

from __future__ import annotations

import re
import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.urls import reverse

from accounts.choices import RoleKey
from accounts.models import AccessEvent
from accounts.rules.roles import ROLES, Capability
from cases.access.choices import Category, GrantReason
from cases.access.rules import Level
from reporting.choices import RunState
from reporting.models import ReportRun
from reporting.rules.periods import Period
from tests.factories.accounts import make_membership
from tests.factories.cases import block, grant, make_child, make_spell
from tests.factories.missing import make_interview, make_returned
from tests.factories.referrals import make_notification
from tests.factories.reporting import SPRING, make_report, make_run

pytestmark = pytest.mark.django_db

IN_SPRING = datetime(2026, 2, 10, 12, tzinfo=UTC)
KEY = "6f1b1d1e-8f0f-4c35-9f57-222222222222"
REPORTING = {"csc_manager", "specialist_manager", "panel_chair", "coordinator", "board_analyst"}


# Eight for any page of somebody signed in (session, person, role, instant, transaction), and the reports themselves.
LIST_QUERIES = 11
RUN_QUERIES = 10


def body(answer: Any) -> str:
    return re.sub(r"\s+", " ", answer.content.decode())


def ask_for(browser: Any, **typed: Any) -> Any:
    return browser.post("/reports/", {"idempotency_key": KEY, "period": "quarter", **typed})


def dates(first: date, last: date) -> dict[str, Any]:
    return {"period": "other"} | {
        f"{name}_{part}": getattr(value, part)
        for name, value in (("first", first), ("last", last))
        for part in ("day", "month", "year")
    }


@pytest.fixture
def full_world(world) -> list:
    """Twelve children at high, three at low, six not judged; nine notifications by a school, two by police."""
    worker = world.viewer("socialworker")
    children = []
    for level, number in (("high", 12), ("low", 3), ("not_assessed", 6)):
        for _ in range(number):
            judged = None if level == "not_assessed" else IN_SPRING
            children.append(make_child(level=level, level_judged_at=judged))
            make_spell(children[-1], worker)
    for child in children[:9]:
        make_notification(world.viewer("teacher"), sent_at=IN_SPRING, child=child)
    for child in children[9:11]:
        make_notification(world.viewer("officer"), sent_at=IN_SPRING, child=child)
    return children


# Who may.


def test_the_roles_that_have_reports():
    assert {key for key, role in ROLES.items() if Capability.REPORT in role.capabilities} == REPORTING


@pytest.mark.parametrize("role", RoleKey.values)
def test_each_role_finds_the_reports_or_is_told_that_they_are_for_others(role, world, client_as):
    run = make_report(world.viewer("analyst"))
    user = make_membership(agency=world.agency("partnership"), role=role).user
    browser = client_as(user)
    wanted = 200 if role in REPORTING else 403
    for name, args in (("runs", []), ("measures", []), ("run", [run.pk]), ("pdf", [run.pk])):
        assert browser.get(reverse(f"reporting:{name}", args=args)).status_code == wanted, name
    for name in ("cancel", "retry"):
        answer = browser.post(reverse(f"reporting:{name}", args=[run.pk]), {"idempotency_key": KEY})
        assert answer.status_code == 403, name


def test_somebody_who_is_not_signed_in_is_asked_to(client, world):
    run = make_report(world.viewer("analyst"))
    for path in ("/reports/", f"/reports/{run.pk}/", f"/reports/{run.pk}/pdf/"):
        assert client.get(path).status_code == 302


@pytest.mark.parametrize("name", ["run", "pdf"])
def test_a_report_that_never_was_is_not_found(name, client_as):
    assert client_as("analyst").get(reverse(f"reporting:{name}", args=[uuid.uuid4()])).status_code == 404


# Asking for one.


def test_a_report_is_asked_for_with_one_press(client_as, at):
    answer = ask_for(client_as("analyst"))
    run = ReportRun.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/reports/{run.pk}/")
    assert run.state == RunState.QUEUED
    assert run.first_day.day == 1
    assert Period(run.first_day, run.last_day).months == 3


def test_two_presses_are_one_report(client_as):
    browser = client_as("analyst")
    assert ask_for(browser)["Location"] == ask_for(browser)["Location"]
    assert ReportRun.objects.count() == 1


def test_other_dates_are_counted_as_they_were_typed(client_as):
    ask_for(client_as("chair"), **dates(date(2026, 3, 29), date(2026, 5, 3)))
    run = ReportRun.objects.get()
    assert (run.first_day, run.last_day) == (date(2026, 3, 29), date(2026, 5, 3))


@pytest.mark.parametrize(
    ("typed", "said", "field"),
    [
        ({"period": ""}, "Answer “Which period?”", "id_period_0"),
        ({"period": "other"}, "Enter the first day", "id_first_day"),
        (dates(date(2026, 1, 1), date(2026, 1, 9)), "These are 9.", "id_last_day"),
        (dates(date(2026, 2, 1), date(2026, 1, 9)), "must not be before the first day", "id_last_day"),
        (dates(date(2026, 1, 1), date(2199, 1, 1)), "must be in the past", "id_last_day"),
        (dates(date(2019, 1, 1), date(2019, 6, 1)), "1 January 2020 or later", "id_first_day"),
        (dates(date(2026, 1, 1), date(2026, 3, 1)) | {"last_month": "13"}, "month from 1 to 12", "id_last_month"),
    ],
)
def test_dates_that_cannot_be_counted_are_answered_at_the_date(typed, said, field, client_as):
    answer = ask_for(client_as("analyst"), **typed)
    assert answer.status_code == 422
    assert said in body(answer)
    assert f'href="#{field}"' in body(answer)
    assert ReportRun.objects.count() == 0
    for name, value in typed.items():
        if name != "period":
            assert f'name="{name}"' in body(answer)
            assert f'value="{value}"' in body(answer)


# Being made.


def test_a_report_that_waits_shows_how_far_it_is_and_can_be_cancelled(world, client_as):
    run = make_run(world.viewer("analyst"))
    browser = client_as("manager")
    page = body(browser.get(f"/reports/{run.pk}/"))
    assert "It waits for its turn." in page
    assert f'href="/reports/{run.pk}/">See how far it is' in page
    assert browser.get(f"/reports/{run.pk}/pdf/").status_code == 404

    browser.post(f"/reports/{run.pk}/cancel/", {"idempotency_key": KEY})
    page = body(browser.get(f"/reports/{run.pk}/"))
    assert "Cancelled by Miriam Aldous" in page
    assert "Try again" in page
    browser.post(f"/reports/{run.pk}/retry/", {"idempotency_key": KEY})
    run.refresh_from_db()
    assert run.state == RunState.QUEUED


def test_a_report_being_made_says_its_step(world, client_as, at):
    state = {"state": RunState.RUNNING, "as_at": at, "lease_until": at, "step": 2, "steps": 5}
    run = make_run(world.viewer("analyst"), **state, step_words="Counting: Open children by level")
    page = body(client_as("manager").get(f"/reports/{run.pk}/"))
    assert "Step 2 of 5. Counting: Open children by level" in page
    assert 'max="5" value="1"' in page


def test_a_report_that_failed_says_why(world, client_as, at):
    run = make_run(world.viewer("analyst"), state=RunState.FAILED, error="It did not work.", settled_at=at)
    page = body(client_as("manager").get(f"/reports/{run.pk}/"))
    assert "It did not work." in page
    assert "Try again" in page
    assert "Cancel the report" not in page


# Ready.


def test_a_report_says_its_figures_with_small_ones_hidden(full_world, world, client_as):
    run = make_report(world.viewer("analyst"))
    page = body(client_as("analyst").get(f"/reports/{run.pk}/"))
    assert "Notifications by source: 11 notifications in the period, 11 more than in the period before." in page
    assert "Open children by level: 21 children at the end of the period" in page
    assert "&lt;5" in page
    assert "Withheld" in page
    assert run.snapshot.sha256 in page
    # Two notifications by police, and three children at low, are neither in a table nor in a chart.
    table = re.findall(r"<td[^>]*>(.*?)</td>", page)
    assert not [cell for cell in table if re.fullmatch(r"[1-4]", re.sub(r"<.*?>", "", cell))]
    assert "files/" not in page


def test_the_list_shows_the_newest_first_in_one_question_however_long(world, client_as, django_assert_num_queries):
    browser = client_as("analyst")
    browser.get("/reports/")
    for _ in (1, 3):
        make_report(world.viewer("manager"))
        with django_assert_num_queries(LIST_QUERIES):
            page = body(browser.get("/reports/"))
    assert page.count(SPRING.words) == 2
    assert "Miriam Aldous" in page


def test_one_report_takes_few_questions_however_many_rows_it_counted(
    full_world, world, client_as, django_assert_num_queries
):
    run = make_report(world.viewer("analyst"))
    browser = client_as("manager")
    browser.get("/reports/")
    with django_assert_num_queries(RUN_QUERIES):
        browser.get(f"/reports/{run.pk}/")


def test_each_measure_is_explained_with_its_version(client_as):
    page = body(client_as("analyst").get("/reports/measures/"))
    for words in ("How many concerns about children were sent to us", "What is left out", "1, in force from"):
        assert words in page


# The files behind a figure.


WHY = re.compile(r"Back \d+ \w+ \d{4}: ([^;<]+)")


def behind(run: ReportRun, measure: str = "open_by_level", code: str = "high", window: str = "this") -> str:
    return reverse("reporting:files_behind_a_figure", args=[run.pk, measure, window, code])


def test_a_figure_leads_to_the_files_behind_it_that_one_may_open(full_world, world, client_as):
    run = make_report(world.viewer("analyst"))
    for child in full_world[:7]:
        grant(child, world.agency("specialist"))
    grant(full_world[12], world.agency("specialist"))
    browser = client_as("manager")
    assert behind(run) in body(browser.get(f"/reports/{run.pk}/"))

    page = body(browser.get(behind(run)))
    assert "The report counts 12 children. You may open 7 files of these." in page
    assert {child.reference for child in full_world if child.reference in page} == {
        child.reference for child in full_world[:7]
    }
    event = AccessEvent.objects.get(action="reporting:files_behind_a_figure")
    assert set(event.shown_ids) == {child.pk for child in full_world[:7]}


def test_the_files_behind_a_figure_are_shown_page_by_page(full_world, world, client_as, monkeypatch):
    monkeypatch.setattr("reporting.selectors.behind.SHOWN", 3)
    run = make_report(world.viewer("analyst"))
    for child in full_world[:7]:
        grant(child, world.agency("specialist"))
    browser, address, found = client_as("manager"), behind(run), []
    for number in (1, 2, 3):
        page = body(browser.get(f"{address}?page={number}"))
        found.append({child.reference for child in full_world if child.reference in page})
        assert (f"?page={number + 1}" in page) == (number < 3)
    assert [len(references) for references in found] == [3, 3, 1]
    assert set.union(*found) == {child.reference for child in full_world[:7]}
    assert browser.get(f"{address}?page=x").status_code == 200


def test_of_a_hidden_figure_only_what_one_may_open_is_said(full_world, world, client_as):
    run = make_report(world.viewer("analyst"))
    grant(full_world[12], world.agency("specialist"))
    for code, count in (("low", "1 file"), ("not_assessed", "0 files")):
        page = body(client_as("manager").get(behind(run, code=code)))
        assert f"You may open {count} of these." in page
        assert "The report counts" not in page


def test_a_blocked_a_restricted_and_an_ended_file_are_not_among_them(full_world, world, client_as, at):
    run = make_report(world.viewer("analyst"))
    for child in full_world[:4]:
        grant(child, world.agency("specialist"))
    block(full_world[0], world.viewer("manager"), by=world.viewer("guardian"))
    full_world[1].restricted = True
    full_world[1].save(update_fields=["restricted"])
    grant(full_world[4], world.agency("specialist"), ended_at=at)
    page = body(client_as("manager").get(behind(run)))
    assert "You may open 2 files of these." in page
    assert not [child for child in (*full_world[:2], full_world[4]) if child.reference in page]


def test_a_file_whose_level_is_withheld_is_not_listed_by_its_level(full_world, world, client_as):
    run = make_report(world.viewer("analyst"))
    grant(full_world[0], world.agency("specialist"), categories=(Category.IDENTITY,), reason=GrantReason.SHARE)
    grant(full_world[1], world.agency("specialist"))
    page = body(client_as("manager").get(behind(run)))
    assert "You may open 1 file of these." in page
    assert full_world[0].reference not in page


def test_who_sent_a_notification_is_told_where_identity_is_open_in_full(full_world, world, client_as):
    run = make_report(world.viewer("analyst"))
    grant(full_world[0], world.agency("specialist"), categories=(Category.LEVEL,), reason=GrantReason.SHARE)
    grant(full_world[1], world.agency("specialist"))
    page = body(client_as("manager").get(behind(run, "notifications_by_source", "education")))
    assert "You may open 1 file of these." in page
    assert "The report counts" not in page, "the nine are withheld beside the two of police"
    assert full_world[0].reference not in page
    page = body(client_as("manager").get(behind(run, "notifications_by_source", "total")))
    assert "The report counts 11 notifications. You may open 1 file of these. One file can have several" in page


def test_what_was_not_held_says_why_to_who_reads_interviews_in_full(world, client_as, monkeypatch):
    """A reader of summaries does not read that the child has declined."""
    worker, child = world.viewer("officer"), make_child()
    states = (("declined", {}), ("to_offer", {}), ("not_needed", {"not_needed_reason": "other"}), ("not_engaged", {}))
    for number, (state, more) in enumerate(states):
        left = IN_SPRING + timedelta(days=5 * number)
        times = {"last_seen_at": left, "reported_at": left, "returned_at": left + timedelta(hours=9)}
        make_interview(make_returned(child, worker, recorded_at=left, **times), worker, state=state, **more)
    left = IN_SPRING + timedelta(days=25)
    make_returned(child, worker, recorded_at=left, last_seen_at=left, reported_at=left,
                  returned_at=left + timedelta(hours=9))  # fmt: skip
    run = make_report(world.viewer("analyst"))
    grant(child, world.agency("specialist"))
    address = behind(run, "interviews_in_72_hours", "not_held")
    page = body(client_as("manager").get(address))
    said = ("declined", "never offered", "not offered. Another reason", "not reached after attempts", "never offered")
    assert WHY.findall(page) == list(said)
    levels = {Category.MISSING: Level.FULL, Category.INTERVIEW: Level.SUMMARY, Category.IDENTITY: Level.FULL}
    seen = dict.fromkeys(Category.values, Level.FULL) | levels
    for place in ("reporting.selectors.behind", "reporting.presenters.pages"):
        monkeypatch.setattr(f"{place}.category_levels", lambda viewer, facts, matrix: seen)
    page = body(client_as("manager").get(address))
    assert child.reference in page
    assert WHY.findall(page) == ["not held, why is withheld"] * 5


def test_the_files_behind_an_interview_are_those_whose_interviews_one_sees(world, client_as):
    worker, children = world.viewer("officer"), [make_child() for _ in range(7)]
    for child in children:
        recorded = {"last_seen_at": IN_SPRING, "recorded_at": IN_SPRING}
        episode = make_returned(child, worker, **recorded)
        held = {"held_at": episode.returned_at, "held_by": world.membership("interviewer"), "independent": True}
        make_interview(episode, worker, state="written_up", **held)
    run = make_report(world.viewer("analyst"))
    grant(children[0], world.agency("specialist"))
    grant(children[1], world.agency("specialist"), categories=(Category.MISSING,), reason=GrantReason.SHARE)
    for code in ("within", "completed", "eligible"):
        page = body(client_as("manager").get(behind(run, "interviews_in_72_hours", code)))
        assert "The report counts 7 interviews. You may open 1 file of these." in page
        assert children[0].reference in page
    assert client_as("manager").get(behind(run, "interviews_in_72_hours", "late")).status_code == 404


def test_whoever_works_with_totals_finds_no_file(full_world, world, client_as):
    run = make_report(world.viewer("analyst"))
    grant(full_world[0], world.agency("partnership"))
    answer = client_as("analyst").get(behind(run))
    assert answer.status_code == 403
    assert full_world[0].reference not in body(answer)


@pytest.mark.parametrize(
    "wrong",
    [{"measure": "nothing"}, {"code": "nothing"}, {"window": "after"}, {"code": "medium"}, {"window": "before"}],
)
def test_a_figure_that_the_report_has_not_is_not_found(wrong, full_world, world, client_as):
    run = make_report(world.viewer("analyst"))
    assert client_as("manager").get(behind(run, **wrong)).status_code == 404


def test_a_file_that_was_merged_is_behind_the_figure_as_its_other_file(full_world, world, client_as):
    kept, merged = full_world[0], make_child(merged_into=full_world[0])
    make_notification(world.viewer("nurse"), sent_at=IN_SPRING, child=merged)
    grant(kept, world.agency("specialist"))
    run = make_report(world.viewer("analyst"))
    page = body(client_as("manager").get(behind(run, "notifications_by_source", "health")))
    assert kept.reference in page
    assert merged.reference not in page

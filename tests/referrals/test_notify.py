"""A teacher refers a child: every page, every way to go wrong, and nothing lost."""

from __future__ import annotations

import itertools
import re
from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.urls import reverse

from accounts.models import Draft
from accounts.rules.refusals import NotKnown, Stale
from accounts.services import drafts
from cases.clocks.models import Alert, OutboxMessage
from referrals.models import Notification
from referrals.rules.notify import STEPS as PAGES
from referrals.rules.notify import NotificationIncomplete, is_unlikely_age
from referrals.services.notify import send_notification
from tests.referrals.notify_steps import STEPS, begin, fill, fill_all, hidden, press_send, send, step_address

RED, ORDINARY = {"item_F1": "yes"}, {"item_A1": "yes", "item_A2": "possible"}
WITH_RED = {"without": None, **RED}


@pytest.fixture
def teacher(client_as):
    return client_as("teacher")


# --- From beginning to end ------------------------------------------------------------------------------


def test_everything_that_was_typed_is_in_the_notification(teacher, world, at) -> None:
    sent = send(teacher)
    assert {name: getattr(sent, name) for name in EXPECTED} == EXPECTED
    assert (sent.referrer, sent.membership, sent.agency) == (
        world.user("teacher"),
        world.membership("teacher"),
        world.agency("school"),
    )
    assert abs(sent.sent_at - at) < timedelta(minutes=1)
    assert not Draft.objects.exists()


EXPECTED = {
    "given_name": "Robin",
    "family_name": "Ashdown",
    "preferred_name": "Rob",
    "birth_date": date(2011, 5, 4),
    "age_if_unknown": None,
    "sex": "female",
    "ethnicity": "mixed_caribbean",
    "disability": "none",
    "school": "Hollybank School",
    "address_lines": "4 Quay Row\nNorthmere",
    "postcode": "ZZ1 4AB",
    "address_protected": True,
    "safe_contact": "Through the school office",
    "concerns": ["sexual", "missing"],
    "concern": "Collected from school by an adult whom nobody knows.",
    "happened_on": date(2026, 3, 2),
    "people_and_places": "A grey hatchback",
    "harm_status": "suspected",
    "immediate_danger": False,
    "danger_detail": "",
    "police_called": False,
    "childs_words": "“He is just a friend.”",
    "child_told": "yes",
    "child_agreement": "agrees",
    "parents_told": "no_unsafe",
    "parents_agreement": "not_asked",
    "reason_not_told": "An uncle at home may be involved.",
    "others_who_know": "The school nurse",
    "referrer_telephone": "01632 960 102",
    "computed_level": "not_assessed",
    "matrix_completed_at": None,
    "status": "sent",
    "child": None,
    "urgent": False,
}


def test_a_teacher_goes_through_the_pages_as_they_are_shown(teacher) -> None:
    draft_id = begin(teacher)
    for step in PAGES:
        address = step_address(draft_id, step)
        page = teacher.get(address)
        assert page.status_code == 200
        assert "There is a problem" not in page.content.decode()
        assert teacher.post(address, {**hidden(page), **STEPS[step]}).status_code == 302
    check = reverse("referrals:notify_check", args=[draft_id])
    assert teacher.post(check, hidden(teacher.get(check))).status_code == 302
    assert Notification.objects.count() == 1


def test_each_page_leads_to_the_next_and_the_last_to_the_check(teacher) -> None:
    draft_id = begin(teacher)
    order = [*PAGES]
    for step, following in itertools.pairwise(order):
        assert fill(teacher, draft_id, step)["Location"] == step_address(draft_id, following)
    check = reverse("referrals:notify_check", args=[draft_id])
    assert fill(teacher, draft_id, "matrix")["Location"] == check
    page = teacher.get(check).content.decode()
    for step in order:
        assert f'href="{step_address(draft_id, step)}?from=check"' in page


def test_a_change_from_the_check_goes_back_to_the_check(teacher) -> None:
    draft_id = fill_all(teacher)
    address = f"{step_address(draft_id, 'harm')}?from=check"
    page = teacher.get(address)
    answer = teacher.post(address, {**hidden(page), "harm_status": "vulnerable"})
    check = reverse("referrals:notify_check", args=[draft_id])
    assert answer["Location"] == check
    assert "Vulnerable, no sign of exploitation" in teacher.get(check).content.decode()


def test_the_check_shows_every_answer(teacher) -> None:
    draft_id = fill_all(teacher)
    page = teacher.get(reverse("referrals:notify_check", args=[draft_id])).content.decode()
    for words in (
        "Robin Ashdown",
        "4 May 2011 (age ",
        "White and Black Caribbean",
        "Hollybank School",
        "ZZ1 4AB",
        "Through the school office",
        "Sexual exploitation; Going missing",
        "Collected from school by an adult whom nobody knows.",
        "2 March 2026",
        "A grey hatchback",
        "Exploitation suspected",
        "“He is just a friend.”",
        "Yes. Agrees",
        "No, it could put the child at risk",
        "An uncle at home may be involved.",
        "01632 960 102",
        "You will complete it later",
    ):
        assert words in page


# --- Drafts ---------------------------------------------------------------------------------------------


def test_a_wrong_page_is_kept_as_it_was_typed_and_said_to_be_wrong_when_it_is_opened_again(teacher, client_as) -> None:
    draft_id = begin(teacher)
    answer = fill(teacher, draft_id, "child", given_name="", birth_date_day="31", birth_date_month="2")
    assert answer.status_code == 422
    page = client_as("teacher").get(step_address(draft_id, "child")).content.decode()
    assert "Enter the child’s first name" in page
    assert "Date of birth must be a real date" in page
    assert 'value="Ashdown"' in page
    assert 'value="31"' in page
    assert "Error: " in page


def test_a_page_that_came_back_with_errors_can_be_mended_and_sent_on(teacher) -> None:
    draft_id = begin(teacher)
    address = step_address(draft_id, "harm")
    wrong = teacher.post(address, hidden(teacher.get(address)))
    assert wrong.status_code == 422
    assert teacher.post(address, {**hidden(wrong), "harm_status": "known"}).status_code == 302


def test_leaving_keeps_even_an_unfinished_page_and_the_draft_is_carried_on_from_two_places(teacher) -> None:
    draft_id = begin(teacher)
    fill(teacher, draft_id, "child")
    answer = fill(teacher, draft_id, "concern", concern="Half a sen", concerns=None, leave="yes")
    assert answer["Location"] == reverse("referrals:sent")
    first = step_address(draft_id, "about")
    for place in ("referrals:sent", "referrals:notify_start", "home"):
        assert f'href="{first}">Carry on: Robin Ashdown</a>' in teacher.get(reverse(place)).content.decode()
    check = reverse("referrals:notify_check", args=[draft_id])
    assert "Half a sen</textarea>" in teacher.get(step_address(draft_id, "concern")).content.decode()
    page = teacher.get(check).content.decode()
    assert page.count("Some answers are missing") == 8


def test_carrying_on_opens_the_first_page_that_is_not_finished(teacher) -> None:
    draft_id = begin(teacher)

    def carries_on_at() -> str:
        page = teacher.get(reverse("referrals:sent")).content.decode()
        return re.search(r'href="([^"]*)">Carry on', page).group(1)

    for step in PAGES:
        assert carries_on_at() == step_address(draft_id, step)
        fill(teacher, draft_id, step)
    assert carries_on_at() == reverse("referrals:notify_check", args=[draft_id])
    fill(teacher, draft_id, "harm", harm_status=None)
    assert carries_on_at() == step_address(draft_id, "harm")


@pytest.mark.parametrize("number", range(len(PAGES)))
def test_going_back_keeps_what_is_typed_right_or_wrong_and_asks_nothing(teacher, number: int) -> None:
    step, draft_id = [*PAGES][number], begin(teacher)
    before = step_address(draft_id, [*PAGES][number - 1]) if number else reverse("referrals:notify_start")
    name, typed = HALF_TYPED[step]
    unfinished = {"idempotency_key": str(uuid4()), "version": "0", name: typed, "back": "yes"}
    answer = teacher.post(step_address(draft_id, step), unfinished)
    assert (answer.status_code, answer["Location"]) == (302, before)
    assert Draft.objects.get().answers[step]["typed"] == {name: [typed]}
    assert typed in teacher.get(step_address(draft_id, step)).content.decode()


HALF_TYPED = {
    "child": ("family_name", "Half a na"),
    "about": ("school", "Half a sch"),
    "home": ("safe_contact", "Half a wa"),
    "concern": ("concern", "Half a sen"),
    "harm": ("harm_status", "suspected"),
    "danger": ("danger_detail", "Half a dan"),
    "words": ("childs_words", "Half a wor"),
    "told": ("others_who_know", "Half a nei"),
    "contact": ("referrer_telephone", "0163"),
    "matrix": ("evidence", "Half a rea"),
}


def test_going_back_from_a_change_leads_to_the_check(teacher) -> None:
    draft_id = fill_all(teacher)
    address = f"{step_address(draft_id, 'harm')}?from=check"
    page = teacher.get(address)
    assert '<button type="submit" name="back" value="yes"' in page.content.decode()
    answer = teacher.post(address, {**hidden(page), "harm_status": "known", "back": "yes"})
    assert answer["Location"] == reverse("referrals:notify_check", args=[draft_id])
    assert Draft.objects.get().answers["harm"]["kept"] == {"harm_status": "known"}


@pytest.mark.parametrize("how", ["back", "leave", "kept"])
def test_a_page_on_which_nothing_was_typed_is_not_said_to_be_wrong_later(teacher, how: str) -> None:
    draft_id = begin(teacher)
    address = step_address(draft_id, "harm")
    teacher.post(address, {**hidden(teacher.get(address)), how: "yes"})
    assert Draft.objects.get().answers == {}
    assert "There is a problem" not in teacher.get(address).content.decode()


def test_emptying_a_page_that_was_kept_is_kept_too(teacher) -> None:
    draft_id = begin(teacher)
    fill(teacher, draft_id, "harm")
    fill(teacher, draft_id, "harm", harm_status=None, back="yes")
    assert Draft.objects.get().answers["harm"]["typed"] == {}


def test_what_is_typed_is_kept_when_a_page_is_left_by_a_link(teacher) -> None:
    draft_id = begin(teacher)
    address = step_address(draft_id, "concern")
    assert 'data-harbour-keep="typed"' in teacher.get(address).content.decode()
    answer = fill(teacher, draft_id, "concern", concern="Half a sen", concerns=None, kept="yes")
    assert (answer.status_code, answer.content) == (204, b"")
    assert "Half a sen</textarea>" in teacher.get(address).content.decode()
    assert "What you have written is kept" not in teacher.get(reverse("referrals:sent")).content.decode()


# --- An unlikely age ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("age", "unlikely"), [(0, True), (1, True), (4, True), (5, False), (17, False), (18, True), (25, True)]
)
def test_an_age_is_asked_about_where_the_year_is_likely_mistyped(age: int, unlikely: bool) -> None:
    assert is_unlikely_age(age) is unlikely


@pytest.mark.parametrize(
    ("years", "question"),
    [
        (0, "This makes the child less than 1 year old. Is that right? If it is, continue"),
        (1, "This makes the child 1 year old. Is that right?"),
        (4, "This makes the child 4 years old. Is that right?"),
        (19, "This makes the person 19 years old. Is that right?"),
    ],
)
def test_an_unlikely_birth_date_is_asked_about_once_and_then_taken(teacher, at, years: int, question: str) -> None:
    draft_id, born = begin(teacher), (at - timedelta(days=366 * years + 40)).date()
    said = {"birth_date_day": born.day, "birth_date_month": born.month, "birth_date_year": born.year}
    address = step_address(draft_id, "child")
    asked = teacher.post(address, {**hidden(teacher.get(address)), **STEPS["child"], **said})
    text = asked.content.decode()
    assert asked.status_code == 422
    assert question in text
    assert 'href="#id_birth_date_day"' in text
    mark = re.search(r'name="age_asked" value="(\d+)"', text).group(1)
    answer = teacher.post(address, {**hidden(asked), **STEPS["child"], **said, "age_asked": mark})
    assert answer["Location"] == step_address(draft_id, "about")
    assert "Is that right?" not in teacher.get(address).content.decode()
    for step in [*PAGES][1:]:
        fill(teacher, draft_id, step)
    assert press_send(teacher, draft_id).status_code == 302
    assert Notification.objects.get().birth_date == born


def test_another_unlikely_age_is_asked_about_anew(teacher) -> None:
    draft_id = begin(teacher)
    guess = {"birth_date_known": "no", "birth_date_day": None, "birth_date_month": None, "birth_date_year": None}
    answer = fill(teacher, draft_id, "child", **guess, age_if_unknown="3", age_asked="4")
    assert answer.status_code == 422
    assert "This makes the child 3 years old. Is that right?" in answer.content.decode()
    assert fill(teacher, draft_id, "child", **guess, age_if_unknown="3", age_asked="3").status_code == 302


def test_somebody_elses_draft_is_not_there_at_all(teacher, client_as, world) -> None:
    draft_id = fill_all(teacher)
    for stranger in ("safeguarding_lead", "triage", "outsider", "guardian"):
        other = client_as(stranger)
        for name in ("notify_check", "notify_discard"):
            for known in (draft_id, uuid4()):
                address = reverse(f"referrals:{name}", args=[known])
                key = {"idempotency_key": str(uuid4()), "version": "11"}
                status = 403 if stranger == "guardian" else 404
                assert (other.get(address).status_code, other.post(address, key).status_code) == (status, status)
        if stranger != "guardian":
            key = {"idempotency_key": str(uuid4()), "version": "1", **STEPS["harm"]}
            assert other.post(step_address(draft_id, "harm"), key).status_code == 404
            assert other.get(step_address(draft_id, "harm")).status_code == 404
            assert "Carry on" not in other.get(reverse("referrals:sent")).content.decode()
    assert Draft.objects.count() == 1
    assert not Notification.objects.exists()


def test_a_draft_of_one_job_is_not_seen_in_another(world, viewer, at) -> None:
    from accounts.selectors import viewer_of
    from accounts.selectors.drafts import draft_of
    from tests.factories.accounts import make_membership

    person = viewer("teacher")
    draft = drafts.start_draft(form="notification", at=at, by=person)
    second = viewer_of(make_membership(world.user("teacher"), world.agency("charity")))
    with pytest.raises(NotKnown):
        draft_of(second, draft_id=draft.pk, form="notification")
    with pytest.raises(NotKnown):
        drafts.discard_draft(draft_id=draft.pk, by=second)
    assert draft_of(person, draft_id=draft.pk, form="notification") == draft


def test_the_same_page_saved_in_another_window_is_not_written_over(teacher) -> None:
    draft_id = begin(teacher)
    address = step_address(draft_id, "contact")
    old, new = teacher.get(address), teacher.get(address)
    teacher.post(address, {**hidden(new), "referrer_telephone": "01632 960 111"})
    stale = teacher.post(address, {**hidden(old), "referrer_telephone": "01632 960 222"})
    assert stale.status_code == 409
    assert "01632 960 222" in stale.content.decode(), "what was typed is shown, to be copied"
    assert Draft.objects.get().answers["contact"]["kept"] == {"referrer_telephone": "01632 960 111"}


def test_two_windows_on_two_pages_do_not_hinder_each_other(teacher) -> None:
    draft_id = begin(teacher)
    harm, contact = (teacher.get(step_address(draft_id, step)) for step in ("harm", "contact"))
    one = teacher.post(step_address(draft_id, "harm"), {**hidden(harm), **STEPS["harm"]})
    two = teacher.post(step_address(draft_id, "contact"), {**hidden(contact), **STEPS["contact"]})
    assert (one.status_code, two.status_code) == (302, 302)
    assert set(Draft.objects.get().answers) == {"harm", "contact"}


def test_a_draft_is_thrown_away_after_being_asked(teacher) -> None:
    draft_id = begin(teacher)
    address = reverse("referrals:notify_discard", args=[draft_id])
    page = teacher.get(address)
    assert "cannot be brought back" in page.content.decode()
    assert Draft.objects.exists()
    assert teacher.post(address, hidden(page)).status_code == 302
    assert not Draft.objects.exists()


def test_a_draft_is_thrown_away_thirty_days_after_it_was_last_touched(viewer, at) -> None:
    old = drafts.start_draft(form="notification", at=at - timedelta(days=40), by=viewer("teacher"))
    kept = drafts.start_draft(form="notification", at=at - timedelta(days=40), by=viewer("teacher"))
    last = at - timedelta(days=30)
    drafts.save_step(draft_id=kept.pk, step="harm", typed={}, kept=None, version=0, at=last, by=viewer("teacher"))
    assert drafts.purge_drafts(at=at) == 1
    assert list(Draft.objects.all()) == [kept]
    assert old != kept
    assert drafts.purge_drafts(at=at + timedelta(seconds=1)) == 1


# --- Sending --------------------------------------------------------------------------------------------


def test_pressing_send_twice_is_one_notification(teacher) -> None:
    check = reverse("referrals:notify_check", args=[fill_all(teacher)])
    fields = hidden(teacher.get(check))
    first, second = teacher.post(check, fields), teacher.post(check, fields)
    assert first.status_code == second.status_code == 302
    assert first["Location"] == second["Location"]
    assert Notification.objects.count() == 1


def test_a_second_window_that_sends_again_is_led_to_what_was_sent(teacher, client_as) -> None:
    """Back after sending, too: "page not found" would say that the referral is lost. To nobody else it leads there."""
    check = reverse("referrals:notify_check", args=[fill_all(teacher)])
    one, two = hidden(teacher.get(check)), hidden(teacher.get(check))
    assert one["idempotency_key"] != two["idempotency_key"]
    teacher.post(check, one)
    sent = Notification.objects.get()
    for answer in (teacher.post(check, two, follow=True), teacher.get(check, follow=True)):
        assert answer.redirect_chain[-1][0] == reverse("referrals:sent_acknowledgement", args=[sent.reference])
        assert f"You have sent this already: it is {sent.reference}." in answer.content.decode()
    assert client_as("nurse").get(check).status_code == 404
    assert Notification.objects.count() == 1


def test_what_is_typed_in_an_old_window_after_sending_is_said_to_be_missing(teacher) -> None:
    draft_id = fill_all(teacher)
    address = step_address(draft_id, "concern")
    page = hidden(teacher.get(address))
    press_send(teacher, draft_id)

    answer = teacher.post(address, {**page, **STEPS["concern"], "concern": "One more thing"}, follow=True)

    assert "What you have just typed was not added." in answer.content.decode()
    assert "One more thing" not in Notification.objects.get().concern


def test_what_was_changed_after_the_check_was_opened_must_be_read_before_sending(teacher) -> None:
    draft_id = fill_all(teacher)
    check = reverse("referrals:notify_check", args=[draft_id])
    old = hidden(teacher.get(check))
    fill(teacher, draft_id, "harm", harm_status="known")
    assert teacher.post(check, old).status_code == 409
    assert not Notification.objects.exists()
    assert press_send(teacher, draft_id).status_code == 302


@pytest.mark.parametrize("step", [step for step in PAGES if step != "matrix"])
def test_a_notification_without_a_page_is_not_sent_and_says_which(teacher, step: str) -> None:
    draft_id = begin(teacher)
    for other in PAGES:
        if other != step:
            fill(teacher, draft_id, other)
    answer = press_send(teacher, draft_id)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert f"Fill in “{PAGES[step]}” before you send this" in page
    assert f'href="{step_address(draft_id, step)}"' in page
    assert not Notification.objects.exists()
    assert Draft.objects.exists()


def test_the_service_checks_again_what_a_draft_says(teacher, viewer, at) -> None:
    draft_id = fill_all(teacher)
    draft = Draft.objects.get()
    cases = [
        ("child", {"birth_date": "1990-01-01"}, ["child"]),
        ("child", {"birth_date": None, "age_if_unknown": None}, ["child"]),
        ("child", {"birth_date": (at + timedelta(days=400)).date().isoformat()}, ["child"]),
        ("child", {"given_name": "x" * 81}, ["child"]),
        ("concern", {"concerns": ["astrology"]}, ["concern"]),
        ("about", {"ethnicity": "martian"}, ["about"]),
        ("told", {"reason_not_told": ""}, ["told"]),
    ]
    for step, changes, expected in cases:
        answers = {**draft.answers, step: {**draft.answers[step], "kept": {**draft.answers[step]["kept"], **changes}}}
        Draft.objects.update(answers=answers)
        with pytest.raises(NotificationIncomplete) as refused:
            send_notification(draft_id=draft_id, version=draft.version, at=at, by=viewer("teacher"))
        assert refused.value.steps == expected, changes
    assert not Notification.objects.exists()
    with pytest.raises(Stale):
        send_notification(draft_id=draft_id, version=draft.version - 1, at=at, by=viewer("teacher"))


def test_a_draft_of_another_form_is_not_a_notification(viewer, at) -> None:
    draft = drafts.start_draft(form="something_else", at=at, by=viewer("teacher"))
    with pytest.raises(NotKnown):
        send_notification(draft_id=draft.pk, version=1, at=at, by=viewer("teacher"))


# --- Who is paged ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("steps", "paged"),
    [
        ({}, False),
        ({"harm": {"harm_status": "vulnerable"}}, False),
        ({"harm": {"harm_status": "known"}}, True),
        ({"danger": {"immediate_danger": "yes", "danger_detail": "He waits outside."}}, True),
        ({"danger": {"immediate_danger": "yes", "police_called": "on"}}, True),
        ({"matrix": WITH_RED}, True),
        ({"matrix": {"without": None, **ORDINARY}}, False),
    ],
)
def test_danger_known_harm_or_a_high_result_pages_the_out_of_hours_team(teacher, steps, paged: bool) -> None:
    sent = send(teacher, **steps)
    assert sent.urgent is paged
    alerts = list(Alert.objects.values_list("subject_id", "step", "group__function__key"))
    assert alerts == ([(sent.pk, 1, "out_of_hours")] if paged else [])
    told = list(OutboxMessage.objects.values_list("membership__user__username", flat=True))
    assert told == (["out_of_hours"] if paged else [])


def test_danger_is_recorded_and_never_holds_up_the_notification(teacher) -> None:
    draft_id = begin(teacher)
    page = teacher.get(step_address(draft_id, "danger")).content.decode()
    assert "Ring 999" in page
    assert "01632 960 199" in page
    answer = fill(teacher, draft_id, "danger", immediate_danger="yes", danger_detail="", police_called=None)
    assert answer.status_code == 302


# --- Bad input ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "changes", "message"),
    [
        ("child", {"birth_date_year": "2999"}, "Date of birth must have a year between 1900 and 2200"),
        ("child", {"birth_date_year": "2099"}, "Date of birth must be today or in the past"),
        ("child", {"birth_date_year": "1990"}, "Check the year: this makes the person"),
        ("child", {"birth_date_day": ""}, "Date of birth must include a day"),
        ("child", {"birth_date_known": "no", "age_if_unknown": ""}, "Enter your best guess at the child’s age"),
        ("child", {"birth_date_known": "no", "age_if_unknown": "26"}, "for young people up to 25"),
        ("child", {"birth_date_known": "no", "age_if_unknown": "-1"}, "must be 0 or more"),
        ("child", {"birth_date_known": "no", "age_if_unknown": "abc"}, "must be a whole number"),
        ("child", {"given_name": "x" * 81}, "First name must be 80 characters or fewer"),
        ("child", {"given_name": "   "}, "Enter the child’s first name"),
        ("child", {"sex": "nonsense"}, "Select one of the choices offered"),
        ("about", {"ethnicity": "nonsense"}, "Select one of the choices offered"),
        ("home", {"postcode": "ZZ1 4AB ZZ1"}, "Postcode must be 8 characters or fewer"),
        ("home", {"address_protected": None}, "Select yes if anybody must be kept from knowing this address"),
        ("concern", {"concern": "y" * 4001}, "Your answer must be 4000 characters or fewer"),
        ("concern", {"concerns": None}, "Tick at least one thing that worries you"),
        ("concern", {"happened_on_year": "2099"}, "The date must be today or in the past"),
        ("harm", {"harm_status": None}, "Select what you know about harm"),
        ("danger", {"immediate_danger": None}, "Select yes if the child is in danger now"),
        ("told", {"reason_not_told": " "}, "Write why telling could put the child at risk"),
        ("told", {"child_agreement": None}, "Select whether the child agrees"),
        ("contact", {"referrer_telephone": "call me"}, "Enter a telephone number, like 01632 960 001"),
    ],
)
def test_bad_input_is_answered_at_its_field_and_kept(teacher, step: str, changes: dict, message: str) -> None:
    draft_id = begin(teacher)
    answer = fill(teacher, draft_id, step, **changes)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert message in page
    assert "There is a problem" in page
    assert Draft.objects.get().answers[step]["kept"] is None
    for value in changes.values():
        if isinstance(value, str) and value.strip():
            assert any(value in kept for kept in Draft.objects.get().answers[step]["typed"].values())


HOSTILE = [
    "<script>alert(1)</script>",
    "{{ 7*7 }}{% url 'home' %}",
    "Robert'); DROP TABLE referrals_notification;--",
    "=cmd|' /C calc'!A0",
    "\u202eevil\u202c",
    "a\x00b",
    "\ud83d\ude00 Zoë Ó Ceallaigh 李小龙 عمر",
    "%(name)s %s {0} {name}",
    "..\\..\\etc\\passwd",
]


@pytest.mark.parametrize("words", HOSTILE)
def test_hostile_words_are_words(teacher, words: str) -> None:
    words = words.encode("utf-16", "surrogatepass").decode("utf-16")
    draft_id = fill_all(teacher)
    for step, name in (("child", "given_name"), ("concern", "concern"), ("words", "childs_words")):
        answer = fill(teacher, draft_id, step, **{name: words})
        if answer.status_code == 422:  # characters that cannot be kept are taken out, and that is said
            assert "characters that cannot be shown" in answer.content.decode()
            address = step_address(draft_id, step)
            again = teacher.get(address)
            clean = {"given_name": "ab", "concern": "ab", "childs_words": "ab"}[name]
            assert teacher.post(address, {**hidden(again), **STEPS[step], name: clean}).status_code == 302
    answer = press_send(teacher, draft_id)
    assert answer.status_code == 302
    sent = Notification.objects.get()
    for page in ("sent_detail", "sent_acknowledgement", "sent_copy"):
        shown = teacher.get(reverse(f"referrals:{page}", args=[sent.reference]))
        assert shown.status_code == 200
        assert b"<script>alert(1)" not in shown.content
    assert "\x00" not in sent.concern


def test_a_page_that_does_not_exist_is_not_found(teacher) -> None:
    draft_id = begin(teacher)
    assert teacher.get(step_address(draft_id, "nonsense")).status_code == 404


@pytest.mark.parametrize("person", ["analyst", "guardian", "admin"])
def test_a_role_that_refers_nobody_is_refused_with_a_reason(client_as, person: str) -> None:
    for name in ("notify_start", "sent"):
        answer = client_as(person).get(reverse(f"referrals:{name}"))
        assert answer.status_code == 403
        assert "for people with another job" in answer.content.decode()


# --- Hints ----------------------------------------------------------------------------------------------

AN_ADULT = {"birth_date_known": "no", "age_if_unknown": "18", "age_asked": "18"}


@pytest.mark.parametrize(
    ("child", "words", "shown"),
    [
        (AN_ADULT, "You wrote that this person is 18 or over", True),
        ({"birth_date_known": "no", "age_if_unknown": "17"}, "You wrote that this person is 18 or over", False),
        ({"birth_date_known": "no", "age_if_unknown": "12"}, "A child under 13 can never consent", True),
        ({"birth_date_known": "no", "age_if_unknown": "13"}, "A child under 13 can never consent", False),
    ],
)
def test_a_hint_is_given_and_stops_nobody(teacher, child: dict, words: str, shown: bool) -> None:
    draft_id = fill_all(teacher, child=child)
    page = teacher.get(reverse("referrals:notify_check", args=[draft_id])).content.decode()
    assert (words in page) is shown
    assert press_send(teacher, draft_id).status_code == 302

"""The life of an account: invited, given a role by two people, moved, closed, suspended, opened again, reviewed.

Seen to fail: the second person left out (a role that opens files is given by one); one's own account let through
(an administrator gives themselves a role, a manager signs for themselves); the agency of the second person left out (a
manager decides for another agency); the ending of personal grants and of sessions left out of a role that ends; the
mark of use left out of a link (it sets a password twice); the week of warning left out (an account lapses untold).
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from django.core import mail

from accounts.choices import AccountEventKind, NoticeKind, ReviewAnswer, RoleDecision
from accounts.models import (
    AccessReview,
    AccountEvent,
    Agency,
    Invitation,
    Membership,
    Notice,
    RoleRequest,
    User,
)
from accounts.rules import life
from accounts.rules.life import AccountRefused
from accounts.rules.roles import ROLES, needs_a_second_person, opens_files
from accounts.selectors.people import viewer_of
from accounts.services.inviting import Invited, invite_person, send_password_link, set_password_by_link
from accounts.services.memberships import RoleAsked, ask_for_role, close_account, decide_role, end_membership
from accounts.services.notices import send_notices
from accounts.services.reviews import answer_review, open_reviews
from accounts.services.submissions import owner_token
from accounts.services.unused import lift_suspension, look_for_unused
from cases.access.models import AccessGrant
from cases.clocks.models import Clock
from cases.record.models import Child
from tests.accounts.test_second_factor import form_key, sign_in, with_app
from tests.conftest import HonestClient
from tests.factories.accounts import make_membership
from tests.factories.cases import grant, make_child

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
DAY = timedelta(days=1)


# Rules


@pytest.mark.parametrize(
    ("email", "domains", "field"),
    [
        ("a@north.example", ["north.example"], None),
        ("a@NORTH.example", ["North.Example"], None),
        ("a@south.example", ["north.example"], "email"),
        ("a@north.example.evil.example", ["north.example"], "email"),
        ("a@xnorth.example", ["north.example"], "email"),
        ("a@north.example", [], "agency"),
    ],
)
def test_an_address_is_one_of_the_agencys_own(email, domains, field):
    if field is None:
        life.check_domain(email, domains)
        return
    with pytest.raises(AccountRefused) as refused:
        life.check_domain(email, domains)
    assert refused.value.field == field


@pytest.mark.parametrize(("days", "warned"), [(22, False), (23, True), (40, True)])
def test_somebody_is_told_a_week_before_thirty_days(days, warned):
    assert life.warns(NOON - days * DAY, NOON) is warned


@pytest.mark.parametrize(
    ("unused", "told", "suspended"),
    [(30, 7, True), (29, 7, False), (45, None, False), (45, 6, False), (31, 31, True), (31, 32, False)],
)
def test_nobody_is_suspended_untold(unused, told, suspended):
    """Also where the beat stood still, and where the telling was of an earlier absence."""
    warned_at = None if told is None else NOON - told * DAY
    assert life.suspends(NOON - unused * DAY, warned_at, NOON) is suspended


@pytest.mark.parametrize(
    ("last", "today", "due"),
    [
        (None, date(2026, 3, 4), True),
        (date(2026, 1, 15), date(2026, 4, 14), False),
        (date(2026, 1, 15), date(2026, 4, 15), True),
        (date(2025, 11, 30), date(2026, 2, 27), False),
        (date(2025, 11, 30), date(2026, 2, 28), True),
    ],
)
def test_a_review_is_due_every_three_months(last, today, due):
    assert life.review_is_due(last, today) is due


def test_every_role_that_opens_files_or_gives_accounts_needs_a_second_person():
    assert {key for key in ROLES if opens_files(key)} == set(ROLES) - {
        "board_analyst",
        "technical_admin",
        "notification_only",
    }
    assert {key for key in ROLES if not needs_a_second_person(key)} == {"board_analyst", "notification_only"}


# Services and pages

pytestmark = pytest.mark.django_db


@pytest.fixture
def domains(world):
    Agency.objects.update(email_domains=["north.example"])


def invited(world, by, at, *, role="csc_social_worker", agency="social_care", email="new.person@north.example"):
    who, there = Invited("Nora Newcombe", email, "Social worker"), Agency.objects.get(pk=world.agency(agency).pk)
    return invite_person(invited=who, agency=there, role=role, reason="She joins us.", at=at, by=by)


def event_kinds(user):
    return set(AccountEvent.objects.filter(user=user).values_list("kind", flat=True))


def test_somebody_is_invited_sets_a_password_and_sees_nothing_before_a_second_person(world, viewer, at, domains):
    user = invited(world, viewer("admin"), at)
    assert not Membership.objects.filter(user=user).exists()
    send_notices(at)
    (to_them,) = [message for message in mail.outbox if message.to == ["new.person@north.example"]]
    assert "Nora" not in to_them.body + to_them.subject
    link = re.search(r"/account/welcome/[^\s]+", to_them.body)[0]
    browser = HonestClient()
    page = browser.get(link).content.decode()
    assert "new.person" in page
    for wrong in ({"password": "short", "again": "short"}, {"password": "correct horse 99", "again": "other horse 99"}):
        assert browser.post(link, wrong).status_code == 422
    chosen = {"password": "seven grey herons", "again": "seven grey herons"}
    assert browser.post(link, chosen).url == "/account/sign-in/"
    used, never = browser.get(link), browser.get("/account/welcome/forged:mark/")
    assert (used.status_code, never.status_code) == (404, 404)
    assert browser.post(link, chosen).status_code == 404, "it works once"
    assert browser.post("/account/sign-in/", {"username": "new.person", "password": chosen["password"]}).url == "/"
    assert b"You hold no role at present" in browser.get("/").content
    request = RoleRequest.objects.get(user=user)
    given = {"decision": RoleDecision.GIVEN, "why": "I know her."}
    decide_role(request_id=request.pk, **given, at=at, by=viewer("social_care_manager"))
    assert b"Acting as:</span> Social worker" in browser.get("/").content
    assert event_kinds(user) >= {"invited", "role_asked", "role_given", "password_set"}


def test_a_link_expires_and_a_new_one_ends_it(world, viewer, at, domains):
    user = invited(world, viewer("admin"), at)
    first = Invitation.objects.get(user=user)
    second = send_password_link(user=user, at=at + timedelta(hours=1), by=viewer("admin"))
    for invitation, when in ((first, at + timedelta(hours=2)), (second, at + 8 * DAY)):
        with pytest.raises(AccountRefused):
            set_password_by_link(invitation=invitation, password="seven grey herons", at=when)
    set_password_by_link(invitation=second, password="seven grey herons", at=at + 6 * DAY)


def test_a_password_by_link_signs_out_everywhere(world, viewer, at):
    browser = HonestClient()
    sign_in(browser)
    invitation = send_password_link(user=world.user("keyworker"), at=at, by=viewer("admin"))
    assert browser.get("/").status_code == 200
    set_password_by_link(invitation=invitation, password="seven grey herons", at=at)
    assert browser.get("/").status_code == 302


@pytest.mark.parametrize(("email", "field"), [("x@elsewhere.example", "email"), ("KEYWORKER@harbour.example", "email")])
def test_an_address_elsewhere_or_one_that_has_an_account_is_refused_at_its_field(world, viewer, at, email, field):
    Agency.objects.update(email_domains=["harbour.example"])
    with pytest.raises(AccountRefused) as refused:
        invited(world, viewer("admin"), at, email=email)
    assert refused.value.field == field


def test_two_people_of_one_name_get_two_sign_in_names(world, viewer, at, domains):
    first = invited(world, viewer("admin"), at)
    Agency.objects.filter(pk=world.agency("police").pk).update(email_domains=["south.example"])
    second = invited(
        world, viewer("admin"), at, agency="police", role="police_officer", email="new.person@south.example"
    )
    assert (first.username, second.username) == ("new.person", "new.person2")


@pytest.mark.parametrize("person", ["guardian", "manager", "triage", "teacher"])
def test_nobody_but_the_administrator_invites_moves_or_closes(world, viewer, at, domains, person):
    by, user = viewer(person), world.user("nurse")
    for attempt in (
        lambda: invited(world, by, at),
        lambda: ask_for_role(user=user, asked=RoleAsked(world.agency("police"), "police_officer", "x"), at=at, by=by),
        lambda: close_account(user=user, reason="x", at=at, by=by),
        lambda: send_password_link(user=user, at=at, by=by),
    ):
        with pytest.raises(AccountRefused):
            attempt()
    assert not RoleRequest.objects.exists()


def test_nobody_changes_their_own_account(world, viewer, at):
    by, own = viewer("admin"), world.user("admin")
    for attempt in (
        lambda: ask_for_role(user=own, asked=RoleAsked(world.agency("police"), "police_officer", "x"), at=at, by=by),
        lambda: ask_for_role(user=own, asked=RoleAsked(world.agency("school"), "board_analyst", "x"), at=at, by=by),
        lambda: close_account(user=own, reason="x", at=at, by=by),
        lambda: send_password_link(user=own, at=at, by=by),
        lambda: lift_suspension(user=own, reason="x", at=at, by=by),
        lambda: end_membership(membership=world.membership("admin"), reason="x", at=at, by=by),
    ):
        with pytest.raises(AccountRefused) as refused:
            attempt()
        assert refused.value.code == "own_account"


@pytest.mark.parametrize(
    ("person", "may"),
    [
        ("social_care_manager", True),
        ("guardian", True),
        ("manager", False),
        ("admin", False),
        ("socialworker", False),
        ("safeguarding_lead", False),
    ],
)
def test_a_manager_of_that_agency_or_the_guardian_is_the_second_person(world, viewer, at, domains, person, may):
    user = invited(world, viewer("admin"), at)
    request = RoleRequest.objects.get(user=user)
    given = {"request_id": request.pk, "decision": RoleDecision.GIVEN, "why": "Yes.", "at": at, "by": viewer(person)}
    if not may:
        with pytest.raises(AccountRefused):
            decide_role(**given)
    else:
        decide_role(**given)
        with pytest.raises(AccountRefused):
            decide_role(**given)
    assert Membership.objects.filter(user=user).exists() is may


def test_whoever_asked_is_not_the_second_person(world, viewer, at, domains):
    """Also where one person is administrator and, seconded, a manager."""
    user = invited(world, viewer("admin"), at)
    second_job = make_membership(world.user("admin"), world.agency("social_care"), role="csc_manager")
    request = RoleRequest.objects.get(user=user)
    with pytest.raises(AccountRefused) as refused:
        decide_role(request_id=request.pk, decision=RoleDecision.GIVEN, why="x", at=at, by=viewer_of(second_job))
    assert refused.value.code == "own_request"


def test_a_manager_does_not_decide_on_their_own_role(world, viewer, at):
    manager = world.user("social_care_manager")
    asked = RoleAsked(world.agency("social_care"), "csc_out_of_hours", "Nights.")
    request = ask_for_role(user=manager, asked=asked, at=at, by=viewer("admin"))
    with pytest.raises(AccountRefused):
        decide_role(request_id=request.pk, decision="given", why="x", at=at, by=viewer("social_care_manager"))
    assert not Notice.objects.filter(user=manager, kind=NoticeKind.TO_APPROVE).exists()


def test_a_refused_role_changes_nothing(world, viewer, at, domains):
    user = invited(world, viewer("admin"), at)
    request = RoleRequest.objects.get(user=user)
    decide_role(request_id=request.pk, decision=RoleDecision.REFUSED, why="Not ours.", at=at, by=viewer("guardian"))
    assert not Membership.objects.filter(user=user).exists()
    assert AccountEventKind.ROLE_REFUSED in event_kinds(user)


@pytest.fixture
def named_file(world):
    """A file open to the keyworker by name, and to nobody else."""
    child = make_child("Zephyrine")
    grant(child, world.membership("keyworker"))
    return child


def sees(person, child, at):
    return Child.objects.visible_to(person, at=at).filter(pk=child.pk).exists()


def test_moving_ends_the_old_role_and_what_came_with_it_when_the_new_one_begins(
    world, viewer, at, named_file, client_as
):
    user, before = world.user("keyworker"), viewer("keyworker")
    browser = HonestClient()
    sign_in(browser)
    old = world.membership("keyworker")
    asked = RoleAsked(world.agency("charity"), "voluntary_partner", "She moves to the charity.", replaces=old)
    request = ask_for_role(user=user, asked=asked, at=at, by=viewer("admin"))
    assert browser.get("/cases/").status_code == 200, "nothing changes before the second person"
    assert sees(before, named_file, at)
    decide_role(request_id=request.pk, decision=RoleDecision.GIVEN, why="Agreed.", at=at, by=viewer("guardian"))
    assert browser.get("/").status_code == 302, "they sign in anew"
    current = Membership.objects.current(date.today()).get(user=user)
    assert (current.agency, current.role) == (world.agency("charity"), "voluntary_partner")
    assert not sees(viewer_of(current), named_file, at)
    assert not sees(before, named_file, at + timedelta(seconds=1))
    assert AccessGrant.objects.get(child=named_file).end_reason == "The role in which it was held has ended"
    assert not old.functionmember_set.filter(ended_on=None).exists()


def test_leaving_ends_everything_now(world, viewer, at, named_file, domains):
    user = world.user("keyworker")
    browser = HonestClient()
    sign_in(browser)
    link = send_password_link(user=user, at=at, by=viewer("admin"))
    asked = RoleAsked(world.agency("charity"), "voluntary_partner", "x")
    ask_for_role(user=user, asked=asked, at=at, by=viewer("admin"))
    close_account(user=user, reason="She retires.", at=at, by=viewer("admin"))
    assert browser.get("/").url == "/account/sign-in/?next=/"
    assert sign_in(HonestClient()).status_code == 422
    assert not Membership.objects.filter(user=user, ended_on=None).exists()
    assert not RoleRequest.objects.filter(user=user, decision="").exists()
    assert not sees(viewer("keyworker"), named_file, at + timedelta(seconds=1))
    with pytest.raises(AccountRefused):
        set_password_by_link(invitation=link, password="seven grey herons", at=at)
    with pytest.raises(AccountRefused):
        close_account(user=user, reason="Again.", at=at, by=viewer("admin"))
    assert {"left", "role_ended"} <= event_kinds(user)


def test_what_is_left_to_hand_over_is_told_to_the_managers_without_a_child(world, viewer, at, client_as):
    from tests.factories.panels import make_panel, seat_people

    seat_people(make_panel(), world, ["keyworker"])
    page = client_as("admin").get(f"/account/people/{world.user('keyworker').pk}/leave/").content.decode()
    assert "1 seat at a panel (is left to be handed over: the managers are told)" in page
    close_account(user=world.user("keyworker"), reason="She retires.", at=at, by=viewer("admin"))
    notice = Notice.objects.get(user=world.user("manager"), kind=NoticeKind.HANDED_OVER)
    assert notice.detail == "Kezia Thorne held 1 seat at a panel."
    send_notices(at)
    assert not [message for message in mail.outbox if "Kezia" in message.body + message.subject]


# Not used


def unused(world, username, at, days):
    user = world.user(username)
    User.objects.filter(pk=user.pk).update(last_login=at - days * DAY)
    return user


@pytest.fixture
def much_later(world, at):
    """More than a year on, where everybody else came yesterday."""
    User.objects.update(last_login=at + 499 * DAY)
    return at + 500 * DAY


def test_an_account_that_nobody_uses_is_told_then_suspended_then_opened_again(world, viewer, much_later, client):
    at = much_later
    user = unused(world, "keyworker", at, 24)
    assert [look_for_unused(at=at), look_for_unused(at=at)] == [(1, 0), (0, 0)]
    later = at + 8 * DAY
    User.objects.exclude(pk=user.pk).update(last_login=later)
    assert look_for_unused(at=later) == (0, 1)
    assert sign_in(client).status_code == 422
    user.refresh_from_db()
    with pytest.raises(AccountRefused):
        lift_suspension(user=user, reason="x", at=later, by=viewer("social_care_manager"))
    lift_suspension(user=user, reason="She was ill.", at=later, by=viewer("manager"))
    assert sign_in(client).url == "/"
    User.objects.filter(pk=user.pk).update(last_login=at - 24 * DAY)
    assert look_for_unused(at=later + 20 * DAY)[1] == 0, "opened again, it has its time again"
    kinds = [row.kind for row in Notice.objects.filter(user=user).order_by("made_at")]
    assert kinds == [NoticeKind.SUSPEND_SOON, NoticeKind.SUSPENDED, NoticeKind.LIFTED]


def test_a_suspended_account_is_opened_again_on_a_code_of_the_last_minutes(world, viewer, at, client_as):
    user, admin = world.user("keyworker"), with_app(world.user("admin"), at, viewer("admin"))
    User.objects.filter(pk=user.pk).update(is_active=False, suspended_at=at - DAY)
    path, browser = f"/account/people/{user.pk}/open-again/", client_as("admin")
    typed = {
        "reason": "She was ill.",
        "idempotency_key": form_key(browser.get(path).content.decode()),
        "form_owner": owner_token(admin.pk, world.membership("admin").pk),
    }
    for seconds, is_active in ((901, False), (60, True)):
        session = browser.session
        session["second_factor_at"] = int(at.timestamp()) - seconds
        session.save()
        assert browser.get(path).status_code == (200 if is_active else 302)
        answer = browser.post(path, typed)
        assert answer.url.startswith("/account/second-step/again/") is not is_active
        user.refresh_from_db()
        assert user.is_active is is_active


def test_accounts_without_case_access_do_not_lapse(world, much_later):
    for username in ("teacher", "analyst", "admin"):
        unused(world, username, much_later, 400)
    assert look_for_unused(at=much_later) == (0, 0)


# Reviews


def test_a_manager_signs_everybody_but_themselves_and_the_guardian_signs_the_rest(world, viewer, at, client_as):
    assert open_reviews(at=at) == Agency.objects.exclude(memberships=None).count()
    assert open_reviews(at=at + DAY) == 0
    review = AccessReview.objects.get(agency=world.agency("specialist"))
    clock = Clock.objects.get(kind="review_signed", subject_id=review.pk)
    assert (clock.state, clock.owner_membership) == ("running", world.membership("manager"))
    lines = {line.membership.user.username: line.pk for line in review.lines.all()}
    assert set(lines) == {"keyworker", "manager", "interviewer"}
    by = viewer("manager")
    with pytest.raises(AccountRefused):
        answer_review(review_id=review.pk, answers={lines["manager"]: ReviewAnswer.KEEP}, at=at, by=by)
    browser = client_as("manager")
    path = f"/account/access/reviews/{review.pk}/"
    page = browser.get(path).content.decode()
    assert f'name="line_{lines["manager"]}"' not in page
    fields = {
        "idempotency_key": form_key(page),
        f"line_{lines['keyworker']}": "keep",
        f"line_{lines['interviewer']}": "end",
    }
    assert browser.post(path, fields).url == path
    assert not Membership.objects.filter(user=world.user("interviewer"), ended_on=None).exists()
    assert Membership.objects.filter(user=world.user("keyworker"), ended_on=None).exists()
    review.refresh_from_db()
    assert review.signed_at is None
    answer_review(review_id=review.pk, answers={lines["manager"]: ReviewAnswer.KEEP}, at=at, by=viewer("guardian"))
    review.refresh_from_db()
    clock.refresh_from_db()
    assert (review.signed_at, clock.state) == (at, "done")


def test_a_manager_signs_for_no_other_agency(world, viewer, at, client_as):
    open_reviews(at=at)
    review = AccessReview.objects.get(agency=world.agency("social_care"))
    line = review.lines.first()
    with pytest.raises(AccountRefused):
        answer_review(review_id=review.pk, answers={line.pk: ReviewAnswer.END}, at=at, by=viewer("manager"))
    browser = client_as("manager")
    assert browser.get(f"/account/access/reviews/{review.pk}/").status_code == 404
    assert "Northmere Children" not in browser.get("/account/access/").content.decode()
    own = AccessReview.objects.get(agency=world.agency("specialist"))
    with pytest.raises(AccountRefused):
        answer_review(review_id=own.pk, answers={line.pk: ReviewAnswer.END}, at=at, by=viewer("manager"))
    line.refresh_from_db()
    assert line.answer == ""


def test_a_review_that_is_late_is_not_hidden_by_another(world, at):
    open_reviews(at=at)
    assert open_reviews(at=at + 100 * DAY) == 0


# Pages


def press(browser, path, **fields):
    page = browser.get(path).content.decode()
    return browser.post(path, {"idempotency_key": form_key(page), **fields})


def test_the_administrator_invites_on_a_page_and_a_manager_gives_the_role(world, client_as, domains):
    admin = client_as("admin")
    said = {
        "full_name": "Nora Newcombe",
        "email": "nora@south.example",
        "job_title": "Social worker",
        "agency": str(world.agency("social_care").pk),
        "role": "csc_social_worker",
        "reason": "She joins the team on Monday.",
    }
    refused = press(admin, "/account/people/invite/", **said)
    assert (refused.status_code, b"it ends in @north.example" in refused.content) == (422, True)
    done = press(admin, "/account/people/invite/", **{**said, "email": "nora@north.example"})
    user = User.objects.get(email="nora@north.example")
    assert done.url == f"/account/people/{user.pk}/"
    assert "waits for a second person" in admin.get(done.url).content.decode()
    request = RoleRequest.objects.get()
    manager = client_as("social_care_manager")
    assert "Nora Newcombe" in manager.get("/account/access/").content.decode()
    path = f"/account/access/roles/{request.pk}/"
    assert client_as("manager").get(path).status_code == 404
    assert press(manager, path, decision="given").status_code == 422
    assert press(manager, path, decision="given", why="I know her work.").url == "/account/access/"
    assert Membership.objects.get(user=user).role == "csc_social_worker"


def test_hostile_words_come_back_as_words(client_as, world, domains):
    said = {
        "full_name": "<script>alert(1)</script>",
        "email": '"><img src=x>@north.example',
        "job_title": "'; DROP TABLE accounts_user; --",
        "agency": "not-an-agency",
        "role": "superuser",
        "reason": "x",
    }
    page = press(client_as("admin"), "/account/people/invite/", **said)
    assert page.status_code == 422
    assert b"<script>alert(1)" not in page.content
    assert b"&lt;script&gt;alert(1)&lt;/script&gt;" in page.content


@pytest.mark.parametrize("extra", [0, 2])
def test_the_list_of_people_asks_the_same_whatever_its_length(client_as, world, extra, django_assert_num_queries):
    for _ in range(extra):
        make_membership()
    browser = client_as("admin")
    browser.get("/account/people/")
    with django_assert_num_queries(14):
        assert browser.get("/account/people/").status_code == 200


def test_people_are_found_by_words_and_by_filter(client_as, world):
    admin = client_as("admin")
    found = admin.post("/account/people/", {"words": "kezia"}).content.decode()
    assert re.findall(r'<a class="govuk-link" href="/account/people/\d+/">([^<]+)', found) == ["Kezia Thorne"]
    narrowed = admin.get("/account/people/", {"agency": str(world.agency("specialist").pk)}).content.decode()
    assert set(re.findall(r'href="/account/people/\d+/">([^<]+)', narrowed)) == {
        "Kezia Thorne",
        "Miriam Aldous",
        "Ivo Pemberton",
    }
    assert "Kezia" not in admin.get("/account/people/", {"role": "housing"}).content.decode()
    assert admin.get("/account/people/", {"agency": "'; --", "page": "x"}).status_code == 200


def test_no_page_about_people_knows_of_a_child(client_as, world, viewer):
    child = make_child("Zephyrine")
    grant(child, world.membership("keyworker"))
    admin = client_as("admin")
    person = world.user("keyworker").pk
    for path in ("", f"{person}/", f"{person}/leave/", f"{person}/role/", "invite/"):
        body = admin.get(f"/account/people/{path}").content.decode()
        assert "Zephyrine" not in body
        assert child.reference not in body
    assert "1 file open by name (ends with the role)" in admin.get(f"/account/people/{person}/leave/").content.decode()

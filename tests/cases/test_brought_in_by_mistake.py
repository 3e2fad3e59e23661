"""Whoever was brought in by mistake is taken out in one step: the 72 hours run, and who opened the file is listed.

Seen to fail: the form asked nothing but why the work ends, and ended it without a breach, a clock or an alert; nothing
could be said of work that had ended; and each row here, with one guard left out: what the form must ask, and offers; a
word too short to say what went wrong; the agency that works with the child otherwise; the worker alone, of two and on a
file for named people; who let them in, since when and to what; the decision that was written against a wish; the
breach, its clock, whom it tells (by name, who opened the file, and nobody with a conflict of interest); whose looks are
listed, since when; how it ended, when that is found later, and by whom. Seen to fail too: whoever works there rightly
was told to destroy what they hold, for an old mistake, and for a colleague's whose coming the child did not want; the
decision by which they came was taken for the one about why their work goes on. That
other work was a mistake, or had ended by then, is asked in `tests/access/seen/test_involving.py`; who else is told of a
mistake, in `tests/access/seen/test_shares.py`.
"""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.selectors import now, viewer_of
from cases.access.choices import GrantReason
from cases.access.models import AccessGrant
from cases.clocks.choices import ClockKind, ClockState
from cases.clocks.models import Alert, Clock
from cases.clocks.services import sweep
from cases.record.models import Child, Involvement
from cases.record.services import involve
from cases.sharing.choices import WishKind
from cases.sharing.models.shares import SharingBreach, SharingDecision
from cases.sharing.rules.shares import Override, ShareRefused
from cases.sharing.selectors.involving import what_they_would_know
from cases.sharing.services.involving import explain_work, find_error, record_against_wish
from tests.cases.browsing import send, text, url
from tests.factories.accounts import make_membership
from tests.factories.cases import block, grant, make_led_child
from tests.factories.shares import make_wish, opened_by

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
SAID = "It was the other of the two schools."


@pytest.fixture
def child(world, viewer, at):
    """A file that the social worker leads on, and that the data guardian may know of."""
    return make_led_child(world.membership("socialworker"), at=at, by=viewer("triage"))


@pytest.fixture(autouse=True)
def second_nurse(world):
    """A colleague of the nurse, of the same service."""
    return world.add_colleague("nurse", "second_nurse", "Shona Nairn")


@pytest.fixture
def came(child, world, viewer, at):
    """`came(agency, worker=None)`: two hours ago the social worker brought them in."""

    def bring(key, worker=None, by="socialworker"):
        member = world.membership(worker) if worker else None
        how = {"agency": world.agency(key), "role": "education", "at": at - 2 * HOUR, "by": viewer(by)}
        return involve(child=child, membership=member, **how)

    return bring


@pytest.fixture
def end(child, client_as):
    """`end(work)`: the social worker says that they were brought in by mistake, or what else is given."""

    def done(work, by="socialworker", **said):
        child.refresh_from_db()
        fields = {"end_kind": "in_error", "note": SAID, "version": child.version, **said}
        return send(client_as(by), url("end_involvement", child, work.pk), **fields)

    return done


def told(breach):
    return set(Alert.objects.filter(subject_id=breach.pk).values_list("kind", "group_id", "membership_id"))


def withdrawn_from(breach):
    return {member for kind, _, member in told(breach) if kind == "share_withdrawn"}


def readers(page):
    return re.findall(r'data-label="Who"[^>]*>([^<]+)<', page[page.index("Who opened the file meanwhile") :])


def test_the_wrong_school_is_taken_out_in_one_step(child, world, viewer, client_as, came, end, at):
    work = came("school")
    officer = make_membership(agency=world.agency("school"), role="education_dsl")
    for person in ("safeguarding_lead", officer.user):
        assert client_as(person).get(url("file", child)).status_code == 200
    client_as("keyworker").get(url("file", child))
    form = text(client_as("socialworker").get(url("end_involvement", child, work.pk)))
    for words in ("They were brought in by mistake", "72 hours", "told to destroy every copy"):
        assert words in form
    answer = end(work)
    decision = SharingDecision.objects.get()
    assert (answer.status_code, answer.url) == (302, url("share", child, decision.pk))
    for person in ("safeguarding_lead", officer.user):
        assert client_as(person).get(url("file", child)).status_code == 404
    opened = opened_by(viewer("socialworker"), child, at)
    known = what_they_would_know(child, world.agency("school"), matrix=opened.matrix, at=at)
    assert decision.category_mask == known != 1
    work.refresh_from_db()
    assert (work.ended_on, work.end_note) == (decision.ended_at.date(), SAID)
    assert (decision.kind, decision.agency, decision.membership, decision.involvement, decision.end_kind) == (
        "involved", world.agency("school"), None, work, "in_error",
    )  # fmt: skip
    assert (decision.decided_at, decision.decided_as) == (work.recorded_at, world.membership("socialworker"))
    breach = SharingBreach.objects.get()
    assert (breach.decision, breach.words, breach.found_by_id) == (decision, SAID, viewer("socialworker").user_id)
    clock = Clock.objects.get(kind=ClockKind.BREACH_ASSESSED)
    assert (clock.subject_id, clock.due_at - clock.anchored_at, clock.state) == (
        breach.pk, 72 * HOUR, ClockState.RUNNING,
    )  # fmt: skip
    assert told(breach) == {
        ("shared_in_error", world.functions["data_guardians"].group_id, None),
        *(("share_withdrawn", None, member) for member in (world.membership("safeguarding_lead").pk, officer.pk)),
    }
    page = text(client_as("socialworker").get(answer.url))
    assert sorted(readers(page)) == sorted(["Samira Oyelaran", str(officer.user)])
    for words in (SAID, "Shared in error", "Withdrawn: shared in error"):
        assert words in page
    sweep(at=at)
    clock.refresh_from_db()
    assert clock.state == ClockState.RUNNING


def test_a_guardian_assesses_it_and_nobody_ends_it_twice(child, world, client_as, came, end):
    work = came("school")
    end(work)
    assert end(work).status_code == 404
    decision, guardian = SharingDecision.objects.get(), client_as("guardian")
    said = {"outcome": "not_reportable", "why": "Nobody had opened it.", "done": "Rang the school; nothing is kept."}
    child.refresh_from_db()
    answer = send(guardian, url("assess_breach", child, decision.pk), version=child.version, **said)
    assert answer.status_code == 302
    assert Clock.objects.get(kind=ClockKind.BREACH_ASSESSED).state == ClockState.DONE


def test_the_named_worker_is_told_and_so_is_who_opened_it(child, world, viewer, client_as, came, end, at):
    """Whoever else looks after access there has nothing to destroy; whoever has a conflict of interest is not told."""
    school = world.agency("school")
    work = came("school", "safeguarding_lead")
    looked, kept, _ = (make_membership(agency=school, role="education_dsl") for _ in range(3))
    for member in (looked, kept):
        assert client_as(member.user).get(url("file", child)).status_code == 200
    block(child, viewer_of(kept), by=viewer("guardian"))
    # Another worker there goes on, so that whoever works with the child would be told, and nobody else.
    teacher = make_membership(agency=school, role="education_dsl")
    involve(child=child, agency=school, membership=teacher, role="education", at=at, by=viewer("socialworker"))
    assert end(work).status_code == 302
    decision = SharingDecision.objects.get()
    assert decision.membership == world.membership("safeguarding_lead")
    assert withdrawn_from(SharingBreach.objects.get()) == {world.membership("safeguarding_lead").pk}
    # The other one was a mistake too: the agency alone is left, with all who opened the file.
    assert end(Involvement.objects.get(membership=teacher)).status_code == 302
    breach = SharingBreach.objects.exclude(decision=decision).get()
    assert breach.decision.membership is None
    assert withdrawn_from(breach) == {teacher.pk, looked.pk}


def test_who_came_by_name_and_who_opened_it_is_told_and_not_who_looks_after_access(child, world, client_as, came, end):
    work, agency = came("specialist", "keyworker"), world.agency("specialist")
    looked, _ = (make_membership(agency=agency, role="specialist_keyworker") for _ in range(2))
    assert client_as(looked.user).get(url("file", child)).status_code == 200
    assert end(work).status_code == 302
    assert withdrawn_from(SharingBreach.objects.get()) == {world.membership("keyworker").pk, looked.pk}


def test_of_two_workers_the_wrong_one_alone_is_the_receiver(child, world, client_as, came, end):
    first, second = came("health", "nurse"), came("health", "second_nurse")
    for name in ("nurse", "second_nurse"):
        assert client_as(name).get(url("file", child)).status_code == 200
    answer = end(second)
    decision = SharingDecision.objects.get()
    assert (decision.membership, decision.involvement) == (world.membership("second_nurse"), second)
    assert readers(text(client_as("socialworker").get(answer.url))) == ["Shona Nairn"]
    followed = text(client_as("socialworker").get(url("involvement", child)))
    assert str(first.pk) in followed
    assert str(second.pk) not in followed


def test_beside_a_colleague_who_came_rightly_the_one_who_came_against_a_wish_is_told(
    child, world, viewer, client_as, came, end, at
):
    """What was written when they came names the agency, which works with the child otherwise by now."""
    second, rightly = came("health", "second_nurse"), world.membership("nurse")
    made = record_against_wish(
        involvement=second,
        override=Override("significant_harm", "Miriam Aldous, manager", "Sorrel told her."),
        matrix=opened_by(viewer("socialworker"), child, at).matrix,
        at=at - 2 * HOUR,
        by=viewer("socialworker"),
    )
    assert made.membership is None
    came("health", "nurse")
    for person in (rightly, world.membership("second_nurse")):
        assert client_as(person.user).get(url("file", child)).status_code == 200
    answer = end(second)
    made.refresh_from_db()
    assert (made.membership, made.ended_at) == (None, None), "what was decided stays as it was"
    breach = SharingBreach.objects.get()
    assert (breach.decision.involvement, breach.decision.membership) == (second, world.membership("second_nurse"))
    assert withdrawn_from(breach) == {world.membership("second_nurse").pk}
    assert readers(text(client_as("socialworker").get(answer.url))) == ["Shona Nairn"]


def test_an_agency_that_works_with_the_child_otherwise_was_not_let_in_by_mistake(child, world, client_as, came, end):
    came("health", "nurse")
    work = came("health")
    answer = end(work)
    assert (answer.status_code, "works with this child otherwise too" in text(answer)) == (422, True)
    work.refresh_from_db()
    assert work.ended_on is None
    assert not SharingDecision.objects.exists()
    assert end(work, end_kind="not_needed").status_code == 302


def test_whoever_triage_brought_in_is_taken_out_too(child, world, came, end):
    work = came("school", by="triage")
    assert end(work).status_code == 302
    assert SharingDecision.objects.get().decided_as == world.membership("triage")
    assert Clock.objects.filter(kind=ClockKind.BREACH_ASSESSED, state=ClockState.RUNNING).count() == 1


def test_what_was_written_when_they_came_against_a_wish_is_what_ends(child, world, viewer, client_as, end):
    make_wish(child, world.membership("socialworker"), WishKind.LIMITS, kept_from=("education",))
    browser, said = client_as("socialworker"), {"child_answer": "no_answer", "overrides": "yes", "role": "education"}
    why = {"ground": "significant_harm", "authorised_by": "Miriam Aldous, manager", "explained": "Sorrel told her."}
    address = url("involve", child, world.agency("school").pk)
    assert send(browser, address, worker="", **said, **why).status_code == 302
    work = Involvement.objects.get(working_agency=world.agency("school"))
    assert end(work).status_code == 302
    made = SharingDecision.objects.get()
    assert (made.involvement, made.end_kind, made.authorised_by) == (work, "in_error", "Miriam Aldous, manager")
    assert SharingBreach.objects.get().decision == made


def test_on_a_file_for_named_people_the_worker_alone_was_let_in(child, world, viewer, client_as, at):
    for person in ("socialworker", "guardian"):
        grant(child, world.membership(person), reason=GrantReason.NAMED)
    Child.objects.filter(pk=child.pk).update(restricted=True)
    child.refresh_from_db()
    nurse = world.membership("second_nurse")
    how = {"agency": nurse.agency, "membership": nurse, "role": "health", "at": at - HOUR, "by": viewer("guardian")}
    work = involve(child=child, **how)
    child.refresh_from_db()
    fields = {"end_kind": "in_error", "note": SAID, "version": child.version}
    browser = client_as("socialworker")
    answer = send(browser, url("end_involvement", child, work.pk), **fields)
    assert answer.status_code == 302
    assert SharingDecision.objects.get().membership == nurse
    assert client_as("second_nurse").get(url("file", child)).status_code == 404
    page = text(browser.get(answer.url))
    assert "open to named people only, so ring whoever was let in" in page
    assert "whoever was let in is told" not in page


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"end_kind": ""}, "Select why it ends"),
        ({"end_kind": "decided_again"}, "Select one of the choices offered"),
        ({"note": ""}, "Say why it ends"),
        ({"note": "Wrong"}, "Say in a sentence what went wrong"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_ends(child, came, end, said, message):
    work = came("school")
    answer = end(work, **said)
    assert (answer.status_code, message in text(answer)) == (422, True)
    work.refresh_from_db()
    assert work.ended_on is None
    assert not SharingBreach.objects.exists()


def test_work_that_is_done_ends_without_a_breach(child, came, end):
    work = came("school")
    assert end(work, end_kind="not_needed", note="Done").status_code == 302
    assert not SharingDecision.objects.exists()
    assert not Clock.objects.filter(kind=ClockKind.BREACH_ASSESSED).exists()


def test_whoever_was_brought_in_has_an_answer_a_ground_or_an_end_in_error(child, world, came, at):
    row = {"child": child, "kind": "involved", "agency": world.agency("school"), "category_mask": 1, "words": "x"}
    row |= {"decided_at": at, "decided_as": world.membership("socialworker"), "involvement": came("school")}
    over = {"ended_at": at, "ended_by": world.membership("socialworker").user}
    again = {**over, "end_kind": "decided_again"}
    for more in ({}, again, {**again, "child_answer": "agrees"}):
        with pytest.raises(IntegrityError, match="sharing_decision_whole"), transaction.atomic():
            SharingDecision.objects.create(**row, **more)
    for kind in ("in_error", "not_needed"):
        SharingDecision.objects.create(**row, **over, end_kind=kind)


# --- A mistake that is found when the work has ended -----------------------------------------------------------------


def test_what_was_a_mistake_may_come_out_when_the_work_has_ended(child, world, viewer, client_as, came, end, at):
    """How it ended stays as it was; who looked until then is told, and nobody says it twice."""
    work, browser = came("school", "safeguarding_lead"), client_as("socialworker")
    assert client_as("safeguarding_lead").get(url("file", child)).status_code == 200
    end(work, end_kind="not_needed", note="The term is over.")
    link = url("end_involvement", child, work.pk)
    assert link in text(browser.get(url("involvement", child)))
    form = text(browser.get(link))
    assert "Their work with the child ended on" in form
    assert "Their work is done" not in form
    assert "Say what went wrong" in text(end(work, note=""))
    answer = end(work)
    decision, breach = SharingDecision.objects.get(), SharingBreach.objects.get()
    assert (answer.status_code, answer.url) == (302, url("share", child, decision.pk))
    work.refresh_from_db()
    grants = AccessGrant.objects.filter(source_id=work.pk)
    assert (decision.ended_at, decision.ended_by, decision.end_kind, decision.end_words) == (
        grants.latest("ended_at").ended_at, world.membership("socialworker").user, "not_needed", "The term is over.",
    )  # fmt: skip
    assert (work.end_note, breach.words, breach.decision) == ("The term is over.", SAID, decision)
    assert breach.found_at > decision.ended_at
    assert withdrawn_from(breach) == {world.membership("safeguarding_lead").pk}
    page = text(browser.get(answer.url))
    assert "whoever was let in is told" in text(answer.client.get(answer.url))
    assert readers(page) == ["Samira Oyelaran"]
    for words in ("Shared in error, found", SAID, "The term is over."):
        assert words in page
    assert link not in text(browser.get(url("involvement", child)))
    assert (browser.get(link).status_code, end(work).status_code) == (404, 404)
    assert SharingBreach.objects.count() == 1


def test_who_works_there_rightly_by_now_keeps_what_they_have(child, world, viewer, client_as, came, end):
    """An agency that came by mistake once, and rightly later: of the mistake are told those who looked then."""
    work, school = came("school"), world.agency("school")
    looked, leads, joined = (make_membership(agency=school, role="education_dsl") for _ in range(3))
    for member in (looked, joined):
        assert client_as(member.user).get(url("file", child)).status_code == 200
    end(work, end_kind="not_needed", note="The term is over.")
    for member in (leads, joined):
        how = {"agency": school, "role": "education", "at": timezone.now(), "by": viewer("socialworker")}
        involve(child=child, membership=member, **how)
        assert client_as(member.user).get(url("file", child)).status_code == 200
    assert end(work).status_code == 302
    assert withdrawn_from(SharingBreach.objects.get()) == {looked.pk}


def test_a_page_that_was_opened_before_says_that_the_work_has_ended(child, came, end):
    work = came("school")
    end(work, end_kind="not_needed", note="Done")
    answer = end(work, end_kind="not_needed", note="Done again")
    assert (answer.status_code, "has ended already" in text(answer)) == (422, True)
    assert end(work, version=0).status_code == 409
    assert not SharingBreach.objects.exists()


def test_nobody_finds_a_mistake_in_work_that_goes_on_or_twice(child, world, viewer, came, end, at):
    work = came("school")

    def find():
        child.refresh_from_db()
        opened = opened_by(viewer("socialworker"), child, at)
        find_error(
            opened=opened, involvement_id=work.pk, words=SAID, version=child.version, at=at, by=viewer("socialworker")
        )

    with pytest.raises(ShareRefused, match="goes on"):
        find()
    end(work, end_kind="not_needed", note="Done")
    find()
    with pytest.raises(ShareRefused, match="already"):
        find()
    assert SharingBreach.objects.count() == 1


def test_what_was_written_against_a_wish_ends_with_the_work_that_was_a_mistake(child, world, viewer, came, end, at):
    work = came("school")
    made = record_against_wish(
        involvement=work,
        override=Override("significant_harm", "Miriam Aldous, manager", "Sorrel told her."),
        matrix=opened_by(viewer("socialworker"), child, at).matrix,
        at=at - 2 * HOUR,
        by=viewer("socialworker"),
    )
    end(work, end_kind="not_needed", note="Done")
    assert end(work).status_code == 302
    made.refresh_from_db()
    assert (SharingDecision.objects.get(), made.end_kind, made.end_words) == (made, "not_needed", "Done")
    assert SharingBreach.objects.get().decision == made


def test_an_agency_that_went_on_otherwise_was_not_let_in_by_work_that_has_ended(child, world, came, end):
    came("health", "nurse")
    first, second = came("health"), came("health", "second_nurse")
    for work in (first, second):
        end(work, end_kind="not_needed", note="Done")
    answer = end(first)
    assert (answer.status_code, "works with this child otherwise too" in text(answer)) == (422, True)
    assert end(second).status_code == 302
    assert SharingDecision.objects.get().membership == world.membership("second_nurse")


def test_where_all_of_an_agencys_work_was_a_mistake_every_look_is_in_a_list(child, world, client_as, viewer, came, at):
    """The first work is ended first: then its worker alone was let in. The second lets the others in from the first."""
    nurse, other = world.membership("nurse"), world.membership("second_nurse")
    how = {"child": child, "agency": nurse.agency, "role": "health", "by": viewer("socialworker")}
    colleague = make_membership(agency=nurse.agency, role="health_sexual_health")
    first = involve(membership=nurse, at=at - 2 * HOUR, **how)
    assert client_as(colleague.user).get(url("file", child)).status_code == 200
    second = involve(membership=other, at=timezone.now(), **how)
    for work in (first, second):
        child.refresh_from_db()
        fields = {"end_kind": "in_error", "note": SAID, "version": child.version}
        address = url("end_involvement", child, work.pk)
        assert send(client_as("socialworker"), address, **fields).status_code == 302
    decision = SharingDecision.objects.get(involvement=second)
    page = text(client_as("socialworker").get(url("share", child, decision.pk)))
    assert readers(page) == [str(colleague.user)]
    assert colleague.pk in {member for _, _, member in told(decision.breach)}


@pytest.mark.parametrize("later", [False, True])
def test_why_their_work_went_on_changes_nothing_of_the_mistake(child, world, viewer, client_as, came, end, at, later):
    """Who opened the file before it was written down is listed too, and of two workers the one alone is named."""
    work, _ = came("school", "safeguarding_lead"), came("school")
    client_as("safeguarding_lead").get(url("file", child))
    make_wish(child, world.membership("socialworker"), kept_from=("education",))
    child.refresh_from_db()
    said = {"override": Override("crime", "Ann Lee, manager", "She knows why they stay."), "version": child.version}
    who = viewer("socialworker")
    opened = opened_by(who, child, at)
    later_on = explain_work(opened=opened, involvement_id=work.pk, at=now(), by=who, **said)
    if later:
        assert end(work, end_kind="not_needed", note="It goes to others.").status_code == 302
    answer = end(work)
    decision = SharingBreach.objects.get().decision
    assert answer.url == url("share", child, decision.pk)
    assert (decision.decided_at, decision.membership, decision.override_ground) == (
        work.recorded_at,
        world.membership("safeguarding_lead"),
        "",
    )
    assert readers(text(client_as("socialworker").get(answer.url))) == [str(world.user("safeguarding_lead"))]
    before = (later_on.decided_at, later_on.ended_at, later_on.end_kind)
    later_on.refresh_from_db()
    assert (later_on.decided_at, later_on.ended_at, later_on.end_kind) == before
    assert later_on.pk != decision.pk

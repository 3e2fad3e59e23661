"""The register of agreements: what is not opened to whom, and what a lapse ends. Its rules are judged in
`tests/access/sharing`.

Seen to fail: the agency's grants counted after the lapse, and what was shared with somebody there by name; the name on
a restricted file of somebody who does not read it; a report refused for want of a signature; anybody offered as a name;
no words where an agency is brought in, or on who can see a file; the register open to other roles; a stale page; the
cover and the clock left as they were when a signature is taken back.
"""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import DatabaseError, transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.urls import reverse
from django.utils.timezone import localdate

from accounts.choices import FunctionKey
from accounts.models import Agency
from accounts.rules.agreements import is_covered
from accounts.rules.refusals import Stale
from accounts.selectors import now, viewer_of
from cases.access.choices import GrantReason
from cases.access.models import AccessGrant
from cases.access.selectors import entries_opened, live_grants_on
from cases.access.services import NoAgreement, grant_access, grant_to_function
from cases.clocks.choices import ClockKind, ClockState
from cases.clocks.models import Alert, Clock
from cases.clocks.services import sweep
from cases.presenters.looking import subjects_of
from cases.record.models import Child
from cases.sharing.models import AgreementEnd, AgreementSignature, AgreementVersion, ImpactAssessment
from cases.sharing.rules.agreements import AgreementRefused
from cases.sharing.selectors.restriction import may_be_named
from cases.sharing.services import agreements as services
from missing.services.opening import open_while_missing
from tests.access.test_pages import plain
from tests.cases.questions import questions
from tests.factories.accounts import COVERED, make_agency, make_membership
from tests.factories.cases import give, grant, make_child, make_chronology
from tests.factories.missing import make_episode
from tests.factories.sharing import make_signature, make_version

DAY = date(2026, 11, 26)
ONE = timedelta(days=1)
WHY = "The governors meet again in the second week of term."


def on(days: int) -> date:
    return DAY + timedelta(days=days)


# What is not opened, and what a lapse ends.


@pytest.fixture
def worker(world):
    """Somebody who works at an agency of their own."""
    return make_membership(agency=make_agency("Bridge Project"), role="specialist_keyworker")


def lapse(member):
    """The agreement of somebody's agency ended yesterday."""
    today = localdate()
    Agency.objects.filter(pk=member.agency_id).update(covered=[DateRange(today - 400 * ONE, today)])
    member.agency.refresh_from_db()


def files_of(member):
    return set(Child.objects.visible_to(viewer_of(member), at=now()).values_list("reference", flat=True))


@pytest.mark.django_db
def test_a_lapse_ends_what_the_agency_reads_and_leaves_what_is_open_by_name(worker, client_as):
    seen, named = make_child("Asha", "Penrose"), make_child("Bryn", "Colby")
    for child, to in ((seen, worker.agency), (named, worker.agency), (named, worker)):
        grant(child, to)
    assert files_of(worker) == {seen.reference, named.reference}
    lapse(worker)
    assert files_of(worker) == {named.reference}
    browser = client_as(worker.user)
    never = browser.get(reverse("cases:file", args=["ZZZ-ZZZZ"]))
    assert plain(browser.get(reverse("cases:file", args=[seen.reference]))) == plain(never)
    assert browser.get(reverse("cases:file", args=[named.reference])).status_code == 200
    page = browser.get(reverse("cases:worklist")).content.decode()
    assert (named.reference in page, seen.reference in page) == (True, False)
    assert "Bridge Project has no current, signed information-sharing agreement." in page
    Agency.objects.filter(pk=worker.agency_id).update(covered=COVERED)
    page = browser.get(reverse("cases:worklist")).content.decode()
    assert seen.reference in page
    assert "no current, signed" not in page


@pytest.mark.django_db
@pytest.mark.parametrize(("reason", "stays"), [(reason, reason != GrantReason.SHARE) for reason in GrantReason])
def test_of_what_somebody_holds_by_name_a_lapse_ends_what_was_shared(reason, stays, worker, world, at):
    child = make_child("Asha", "Penrose")
    entry = make_chronology(child, viewer_of(worker))
    give(child, now() - timedelta(hours=1), membership=worker, reason=reason, entries=[entry.pk])
    assert files_of(worker) == {child.reference}
    assert entries_opened(child.pk, viewer_of(worker), now()) == {entry.pk}
    lapse(worker)
    assert files_of(worker) == ({child.reference} if stays else set())
    assert entries_opened(child.pk, viewer_of(worker), now()) == ({entry.pk} if stays else set())
    assert (worker in may_be_named(child.pk, at=now(), near=False)) is stays
    page_of = subjects_of(live_grants_on(child.pk, now()), {}, today=localdate())
    assert [subject.covered for subject in page_of] == [stays]


@pytest.mark.django_db
def test_who_can_see_a_file_says_whose_agreement_has_ended(worker, world, client_as):
    child = make_child()
    grant(child, worker.agency)
    grant(child, world.agency("social_care"))
    address = reverse("cases:who_can_see", args=[child.reference])
    words, browser = "It has no current, signed information-sharing agreement", client_as("social_care_manager")
    assert words not in browser.get(address).content.decode()
    lapse(worker)
    assert browser.get(address).content.decode().count(words) == 1


@pytest.mark.django_db
@pytest.mark.parametrize("to", ["agency", "person"])
def test_nothing_is_opened_to_an_agency_without_an_agreement(to, worker, at):
    child = make_child()
    lapse(worker)
    subject = {"group": worker.agency.group} if to == "agency" else {"membership": worker}
    kinds = set(GrantReason) - {GrantReason.BREAK_GLASS, *([GrantReason.NAMED] if to == "agency" else [])}
    for reason in sorted(kinds):
        with pytest.raises(NoAgreement, match="Bridge Project has no current, signed"):
            grant_access(child_id=child.pk, reason=reason, at=at, by=None, **subject)
    assert not AccessGrant.objects.filter(child=child).exists()
    # As of a day on which it was covered.
    grant_access(child_id=child.pk, reason=GrantReason.ALLOCATION, at=at - 30 * ONE, by=None, membership=worker)
    grant_access(child_id=child.pk, reason=GrantReason.NAMED, at=at, by=None, membership=worker)


@pytest.mark.django_db
def test_an_emergency_waits_for_no_signature_and_a_function_is_no_agency(worker, at):
    child, until = make_child(), at + timedelta(hours=1)
    lapse(worker)
    given_to = {"child_id": child.pk, "at": at, "by": None, "membership": worker}
    grant_access(reason=GrantReason.BREAK_GLASS, valid_until=until, **given_to)
    assert files_of(worker) == {child.reference}
    grant_to_function(child_id=child.pk, function=FunctionKey.PANEL_OFFICE, at=at, by=None)


@pytest.mark.django_db
def test_a_report_that_a_child_is_missing_waits_for_no_signature(worker, world, viewer, at):
    child = make_child()
    episode = make_episode(child, viewer("socialworker"))
    lapse(worker)
    group_id = worker.agency.group_id
    open_while_missing(episode, at=at, by=viewer("socialworker"), reporter_group_id=group_id)
    groups = set(AccessGrant.objects.filter(child=child).values_list("group_id", flat=True))
    assert groups == {world.agency("police").group_id}


@pytest.mark.django_db
def test_only_who_reads_a_file_in_person_is_offered_of_an_agency_without_an_agreement(worker, at):
    child, colleague = make_child(), make_membership(agency=worker.agency, role="specialist_manager")
    grant(child, worker)
    assert {worker, colleague} <= set(may_be_named(child.pk, at=at, near=False))
    lapse(worker)
    offered = may_be_named(child.pk, at=at, near=False)
    assert (worker in offered, colleague in offered) == (True, False)


@pytest.mark.django_db
def test_whoever_brings_an_agency_in_is_told_where_they_act(worker, world, client_as):
    child = make_child()
    grant(child, world.agency("social_care"))
    lapse(worker)
    browser = client_as("socialworker")
    address = reverse("cases:choose_agency", args=[child.reference])
    answer = browser.get(address, {"agency": str(worker.agency_id)})
    assert answer.status_code == 422
    assert "Bridge Project has no current, signed information-sharing agreement" in answer.content.decode()
    form = {"idempotency_key": "6f1b1d1e-8f0f-4c35-9f57-222222222222", "role": "support", "worker": str(worker.pk)}
    straight = browser.post(reverse("cases:involve", args=[child.reference, worker.agency_id]), form)
    assert straight.status_code == 422
    assert "Ask the data guardian." in straight.content.decode()
    assert not AccessGrant.objects.filter(child=child, membership=worker).exists()


@pytest.mark.django_db
def test_whoever_shares_is_told_before_the_form_and_nothing_sent_is_lost(worker, world, client_as, at):
    child = make_child()
    grant(child, world.agency("social_care"))
    browser, address = client_as("socialworker"), reverse("cases:add_share", args=[child.reference])
    offered = browser.get(address, {"agency": str(worker.agency_id)})
    assert (offered.status_code, 'name="purpose"' in offered.content.decode()) == (200, True)
    lapse(worker)
    answer = browser.get(address, {"agency": str(worker.agency_id)})
    assert (answer.status_code, 'name="purpose"' in answer.content.decode()) == (422, False)
    assert "Bridge Project has no current, signed information-sharing agreement" in answer.content.decode()
    sent = browser.post(f"{address}?agency={worker.agency_id}", {"words": "They meet her on Mondays."})
    assert (sent.status_code, "They meet her on Mondays." in sent.content.decode()) == (422, True)
    kept = browser.get(reverse("cases:decline_share", args=[child.reference]), {"agency": str(worker.agency_id)})
    assert kept.status_code == 200


# The register.

SAID = services.Signing(DAY, "Dana Reyes, director", "The board", "dpo@bridge.example")


@pytest.fixture
def version(world, at):
    return make_version(at, days=30)


def signing(at, **changed):
    return services.Signing(**{**SAID.__dict__, "signed_on": localdate(at) - ONE, **changed})


def sign(version, agency, at, viewer):
    version.refresh_from_db()
    return services.record_signature(
        agreement_id=version.pk, agency_id=agency.pk, said=signing(at), version=version.version, at=at, by=viewer
    )


@pytest.mark.django_db
def test_what_is_signed_covers_and_what_is_taken_back_does_not(version, viewer, at):
    agency, guardian, today = make_agency(covered=False), viewer("guardian"), localdate(at)
    signature = sign(version, agency, at, guardian)
    agency.refresh_from_db()
    assert agency.covered == [DateRange(today - ONE, version.ends_on + ONE)]
    version.refresh_from_db()
    services.change_end(
        agreement_id=version.pk, ends_on=today + 90 * ONE, reason=WHY, version=version.version, at=at, by=guardian
    )
    agency.refresh_from_db()
    assert agency.covered == [DateRange(today - ONE, today + 91 * ONE)]
    assert list(AgreementEnd.objects.values_list("ended_on_before", "ends_on")) == [
        (today + 30 * ONE, today + 90 * ONE)
    ]
    version.refresh_from_db()
    services.withdraw_signature(signature_id=signature.pk, reason=WHY, version=version.version, at=at, by=guardian)
    agency.refresh_from_db()
    assert agency.covered == [DateRange(today - ONE, today)]
    sign(version, agency, at, guardian)
    agency.refresh_from_db()
    assert agency.covered == [DateRange(today - ONE, version.ends_on + ONE)]


@pytest.mark.django_db
def test_the_register_is_the_guardians_alone(version, viewer, world, at):
    signature = make_signature(world.agency("health"), by=viewer("guardian"), version=version)
    today, common = localdate(at), {"at": at, "version": 0}
    steps = [
        lambda by: services.add_version(in_force_from=today, ends_on=today, document="x", at=at, by=by),
        lambda by: services.change_end(agreement_id=version.pk, ends_on=today, reason=WHY, by=by, **common),
        lambda by: services.withdraw_signature(signature_id=signature.pk, reason=WHY, by=by, **common),
        lambda by: services.record_signature(
            agreement_id=version.pk, agency_id=world.agency("police").pk, said=signing(at), by=by, **common
        ),
        lambda by: services.add_assessment(
            agreement_id=version.pk, reference="x", about="x", done_on=today, review_on=today + ONE, at=at, by=by
        ),
    ]
    for name in ("coordinator", "chair", "social_care_manager", "admin", "analyst"):
        for step in steps:
            with pytest.raises(AgreementRefused, match="The data guardian keeps"):
                step(viewer(name))
    assert (AgreementVersion.objects.count(), AgreementSignature.objects.count()) == (1, 1)
    assert (AgreementEnd.objects.count(), ImpactAssessment.objects.count()) == (0, 0)


@pytest.mark.django_db
def test_a_signature_is_recorded_once_and_on_the_version_as_it_was_shown(version, viewer, world, at):
    guardian, police = viewer("guardian"), world.agency("police")
    given = {"agreement_id": version.pk, "agency_id": police.pk, "said": signing(at), "at": at, "by": guardian}
    services.record_signature(version=0, **given)
    with pytest.raises(Stale):
        services.record_signature(version=0, **given)
    with pytest.raises(AgreementRefused, match="has signed this version already"):
        services.record_signature(version=1, **given)
    with pytest.raises(DatabaseError), transaction.atomic():
        make_signature(police, by=guardian, version=version)
    with pytest.raises(AgreementRefused, match="at least 20 characters"):
        services.withdraw_signature(
            signature_id=AgreementSignature.objects.get().pk, reason="left", version=1, at=at, by=guardian
        )


# Who is told.


@pytest.mark.django_db
def test_people_are_told_four_times_before_and_when_it_ends(version, viewer, world, at):
    social_care, manager = world.agency("social_care"), world.membership("social_care_manager")
    signature = sign(version, social_care, at, viewer("guardian"))
    clock = Clock.objects.get(kind=ClockKind.AGREEMENT_RENEWED)
    assert (clock.subject_id, clock.owner_membership_id) == (signature.pk, manager.pk)
    assert localdate(clock.due_at) == version.ends_on + ONE
    assert sweep(at=at).started == 0  # nothing was left out by the service
    told = {}
    for days in (0, 1, 3, 23, 31):
        sweep(at=at + days * ONE)
        told[days] = Alert.objects.filter(clock=clock).count()
    # The owner 60 days before; the guardians too four weeks and a week before, and when it has ended.
    assert told == {0: 1, 1: 1, 3: 3, 23: 3, 31: 7}
    functions = set(Alert.objects.filter(clock=clock).values_list("membership_id", "group__function__key"))
    assert functions == {(manager.pk, None), (None, FunctionKey.DATA_GUARDIANS.value)}


@pytest.mark.django_db
def test_the_clock_goes_on_with_the_signature_that_covers_longest(version, viewer, world, at):
    police, guardian = world.agency("police"), viewer("guardian")
    first = sign(version, police, at, guardian)
    later = make_version(at, days=400)
    second = sign(later, police, at, guardian)
    states = dict(Clock.objects.values_list("subject_id", "state"))
    assert states == {first.pk: ClockState.DONE, second.pk: ClockState.RUNNING}
    later.refresh_from_db()
    services.withdraw_signature(signature_id=second.pk, reason=WHY, version=later.version, at=at, by=guardian)
    running = Clock.objects.filter(state=ClockState.RUNNING)
    assert list(running.values_list("subject_id", flat=True)) == [first.pk]
    swept = sweep(at=at)
    assert (swept.started, swept.stopped) == (0, 0)


# The pages.


@pytest.mark.django_db
@pytest.mark.parametrize("agencies", [1, 3])
def test_the_register_asks_the_same_however_many_agencies_there_are(agencies, version, viewer, at, client_as):
    for _ in range(agencies):
        make_signature(make_agency(), by=viewer("guardian"), version=version)
    browser = client_as("nurse")
    assert len(questions(browser, reverse("cases:agreements"))) == 10
    assert browser.get(reverse("cases:agreements")).content.decode().count("Version 1, ") == agencies
    assert len(questions(browser, reverse("cases:agreement", args=[version.pk]))) == 11
    page = browser.get(reverse("cases:agreement", args=[version.pk]))
    assert page.content.decode().count("Dana Reyes, director") == agencies
    assert "Record a signature" not in page.content.decode()


HOSTILE = "<script>alert(1)</script>' OR 1=1 -- \u202e"


@pytest.mark.django_db
def test_a_guardian_writes_the_register(world, client_as, at, viewer):
    browser, today = client_as("guardian"), localdate(at)
    agency = make_agency("Northgate Club", covered=False)

    def date_of(name, day):
        return {f"{name}_day": str(day.day), f"{name}_month": str(day.month), f"{name}_year": str(day.year)}

    def send(name, *args, key, **said):
        form = {"idempotency_key": f"6f1b1d1e-8f0f-4c35-9f57-{key:012d}", **said}
        return browser.post(reverse(f"cases:{name}", args=args), form)

    days = date_of("in_force_from", today) | date_of("ends_on", today + 300 * ONE)
    turned = date_of("in_force_from", today) | date_of("ends_on", today - ONE)
    wrong = send("add_agreement", key=1, **turned, document="x")
    assert (wrong.status_code, AgreementVersion.objects.count()) == (422, 0)
    assert "The last day must not be before the first" in wrong.content.decode()
    for _ in range(2):  # pressed twice
        assert send("add_agreement", key=2, **days, document="Shelf 4", summary="Names shares.").status_code == 302
    version = AgreementVersion.objects.get()
    said = {
        "agency": str(agency.pk),
        **date_of("signed_on", today),
        "signed_by": "Jo <b>Vale</b>",
        "controller": "The club’s trustees",
        "protection_contact": "Jo Vale, 01632 960 777",
        "version": "0",
    }
    hostile = send("agreement", version.pk, key=3, **said | {"signed_by": HOSTILE})
    assert hostile.status_code == 422
    assert "<script>alert" not in hostile.content.decode()
    assert send("agreement", version.pk, key=4, **said).status_code == 302
    page = browser.get(reverse("cases:agreement", args=[version.pk])).content.decode()
    assert "Jo &lt;b&gt;Vale&lt;/b&gt;" in page
    assert is_covered(Agency.objects.get(pk=agency.pk).covered, today)
    stale = send("agreement", version.pk, key=5, **said | {"agency": str(world.agency("police").pk)})
    assert stale.status_code == 422
    assert "Somebody changed this version" in stale.content.decode()
    assert "Jo Vale, 01632 960 777" in stale.content.decode()
    done = date_of("done_on", today) | date_of("review_on", today + ONE)
    assert send("add_assessment", version.pk, key=6, reference="DPIA-1", about="All", **done).status_code == 302
    assert "DPIA-1" in browser.get(reverse("cases:agreements")).content.decode()
    ends = date_of("ends_on", today) | {"reason": WHY, "version": "1"}
    assert send("agreement_end", version.pk, key=7, **ends).status_code == 302
    signature = AgreementSignature.objects.get()
    assert send("take_back_signature", signature.pk, key=8, reason=WHY, version="2").status_code == 302
    assert not is_covered(Agency.objects.get(pk=agency.pk).covered, today)
    assert WHY in browser.get(reverse("cases:agreement", args=[version.pk])).content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("days", [3, 20, 70])
def test_people_of_an_agency_are_told_at_home_that_its_agreement_ends(days, world, client_as, at):
    today = localdate(at)
    Agency.objects.update(covered=[DateRange(today - ONE, today + (days + 1) * ONE)])
    words = "Your agency’s agreement ends on"
    people = ("socialworker", "social_care_manager")
    seen = {name: words in client_as(name).get("/").content.decode() for name in people}
    assert seen == {"socialworker": days == 3, "social_care_manager": days < 60}

"""How the work addresses at an agency end, and a manager who lets somebody in again.

Seen to fail: anybody setting the ends of addresses; one where anybody can have an address; a
manager who lets in whoever is suspended elsewhere.
"""

from __future__ import annotations

import pytest
from django.urls import reverse

from accounts.models import AccountEvent, Agency, DomainChange, User
from accounts.rules.life import AccountRefused, check_domain, read_domains
from accounts.rules.refusals import Stale
from accounts.services.domains import set_domains
from tests.accounts.test_second_factor import form_key
from tests.cases.questions import questions

WHY = "Asked their office on the telephone."


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("", []),
        (" \n ", []),
        ("north.example", ["north.example"]),
        ("@North.Example.\n\nnorth.example, south.example;east.police.example", None),
        ("co-op.example", ["co-op.example"]),
    ],
)
def test_the_ends_of_addresses_as_people_type_them(text, read):
    assert read_domains(text) == (["east.police.example", "north.example", "south.example"] if read is None else read)


@pytest.mark.parametrize(
    "text",
    [
        "north",
        "jo@north.example",
        "north..example",
        "-north.example",
        "north-.example",
        "nörth.example",
        "north.example/x",
        "*.example",
        "<script>alert(1)</script>",
        "' OR 1=1 --",
        "gmail.com",
        "@Yahoo.co.uk",
        "a" * 64 + ".example",
        "a." * 70 + "example",
        " ".join(f"n{number}.example" for number in range(11)),
    ],
)
def test_what_is_no_end_of_a_work_address(text):
    with pytest.raises(AccountRefused) as refused:
        read_domains(text)
    assert refused.value.field == "domains"


def change(agency, viewer, at, **given):
    said = {"domains": "north.example", "reason": WHY, "version": 0, "by": viewer("guardian"), **given}
    return set_domains(agency_id=agency.pk, at=at, **said)


@pytest.mark.django_db
def test_the_guardian_sets_them_and_who_may_be_invited_follows(world, viewer, at):
    agency = change(world.agency("health"), viewer, at)
    assert Agency.objects.get(pk=agency.pk).email_domains == ["north.example"]
    check_domain("jo@north.example", agency.email_domains)
    with pytest.raises(AccountRefused):
        check_domain("jo@elsewhere.example", agency.email_domains)
    row = DomainChange.objects.get()
    assert (row.before, row.after, row.reason) == ([], ["north.example"], WHY)
    with pytest.raises(AccountRefused, match="how it stands already"):
        change(agency, viewer, at, version=1)
    with pytest.raises(Stale):
        change(agency, viewer, at, domains="south.example")
    assert change(agency, viewer, at, domains="", version=1).email_domains == []


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["admin", "social_care_manager", "coordinator", "chair", "nurse", "analyst"])
def test_nobody_else_sets_them_not_even_who_invites(name, world, viewer, at, client_as):
    agency = world.agency("health")
    with pytest.raises(AccountRefused, match="The data guardian says"):
        change(agency, viewer, at, by=viewer(name))
    browser, address = client_as(name), reverse("accounts:email_domains", args=[agency.pk])
    form = {"idempotency_key": "6f1b1d1e-8f0f-4c35-9f57-333333333333", "domains": "x.example", "reason": WHY}
    assert {browser.get(address).status_code, browser.post(address, form).status_code} == {403}
    assert browser.get(reverse("accounts:agencies")).status_code == (200 if name == "admin" else 403)
    assert Agency.objects.get(pk=agency.pk).email_domains == []


@pytest.mark.django_db
def test_the_page_keeps_what_was_typed_and_says_what_is_wrong(world, viewer, at, client_as):
    agency, browser = world.agency("health"), client_as("guardian")
    assert reverse("accounts:email_domains", args=[agency.pk]) in browser.get("/account/agencies/").content.decode()
    address = reverse("accounts:email_domains", args=[agency.pk])
    page = browser.get(address).content.decode()
    assert "who work" in page
    form = {"idempotency_key": form_key(page), "version": "0", "domains": "north.example\ngmail.com", "reason": WHY}
    answer = browser.post(address, form)
    assert answer.status_code == 422
    assert "Anybody can have an address at gmail.com" in answer.content.decode()
    assert "north.example" in answer.content.decode()
    form["domains"] = "north.example"
    for _ in range(2):
        assert browser.post(address, form).status_code == 302
    assert DomainChange.objects.count() == 1
    form |= {"idempotency_key": "6f1b1d1e-8f0f-4c35-9f57-444444444444", "domains": "south.example"}
    stale = browser.post(address, form)
    assert stale.status_code == 422
    assert "Somebody changed this" in stale.content.decode()
    assert Agency.objects.get(pk=agency.pk).email_domains == ["north.example"]


# A manager lets somebody in again.


def suspend(world, at, *names):
    User.objects.filter(pk__in=[world.user(name).pk for name in names]).update(is_active=False, suspended_at=at)


def address_of(world, name):
    return reverse("accounts:open_again", args=[world.user(name).pk])


@pytest.mark.django_db
def test_a_manager_opens_the_account_of_somebody_of_their_agency_again(world, at, client_as):
    suspend(world, at, "keyworker", "socialworker")
    browser = client_as("manager")
    page = browser.get(reverse("accounts:access")).content.decode()
    assert address_of(world, "keyworker") in page
    assert address_of(world, "socialworker") not in page
    asked = browser.get(address_of(world, "keyworker")).content.decode()
    short = browser.post(address_of(world, "keyworker"), {"idempotency_key": form_key(asked), "reason": "ill"})
    assert short.status_code == 422
    form = {"idempotency_key": "6f1b1d1e-8f0f-4c35-9f57-555555555555", "reason": "She was ill for six weeks."}
    for _ in range(2):
        assert browser.post(address_of(world, "keyworker"), form).url == reverse("accounts:access")
    user = world.user("keyworker")
    user.refresh_from_db()
    assert (user.is_active, user.suspended_at) == (True, None)
    event = AccountEvent.objects.get(user=user)
    assert (event.kind, event.reason, event.by_id) == ("lifted", form["reason"], world.user("manager").pk)
    assert browser.get(address_of(world, "keyworker")).status_code == 404


@pytest.mark.django_db
def test_nobody_elses_manager_and_nobody_who_manages_none_may(world, at, client_as):
    suspend(world, at, "keyworker")
    address = address_of(world, "keyworker")
    form = {"idempotency_key": "6f1b1d1e-8f0f-4c35-9f57-666666666666", "reason": "She was ill for six weeks."}
    for name, status in (("social_care_manager", 404), ("nurse", 403), ("analyst", 403), ("admin", 403)):
        browser = client_as(name)
        assert (browser.get(address).status_code, browser.post(address, form).status_code) == (status, status), name
    assert User.objects.get(pk=world.user("keyworker").pk).is_active is False
    assert client_as("guardian").post(address, form).status_code == 302


@pytest.mark.django_db
def test_a_role_that_has_ended_gives_its_manager_no_say(world, at, client_as):
    suspend(world, at, "keyworker")
    world.membership("keyworker").__class__.objects.filter(pk=world.membership("keyworker").pk).update(
        ended_on=at.date()
    )
    assert client_as("manager").get(address_of(world, "keyworker")).status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize("names", [["keyworker"], ["keyworker", "interviewer"]])
def test_the_list_asks_the_same_however_many_there_are(names, world, at, client_as):
    suspend(world, at, *names)
    assert len(questions(client_as("manager"), reverse("accounts:access"))) == 11

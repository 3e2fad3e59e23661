"""What is written on a file's pages: the timeline, who the child is, what holds from a day on, and who leads."""

from __future__ import annotations

import re
from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.urls import reverse

from accounts.models import Membership, User
from cases.record.choices import (
    AddressKind,
    AuthorityKind,
    IdentifierKind,
    InvolvementRole,
    PlanStatus,
)
from cases.record.models import (
    Address,
    Alias,
    AuthorityPeriod,
    Child,
    ChronologyEntry,
    Identifier,
    Involvement,
    PlanPeriod,
)
from cases.record.rules import RecordRefused, check_identifier, tidy_reference
from cases.record.services import PeriodKind, change_lead, involve, record_period
from tests.factories.cases import block, grant, make_child

pytestmark = pytest.mark.django_db


@pytest.fixture
def child(world, viewer, at):
    """A file on which the social worker leads and the keyworker works."""
    made = make_child(preferred_name="Wren", first_language="English")
    by = viewer("triage")
    for agency, person, role, lead in (
        ("social_care", "socialworker", InvolvementRole.SOCIAL_WORKER, True),
        ("specialist", "keyworker", InvolvementRole.KEYWORKER, False),
    ):
        involve(
            child=made,
            agency=world.agency(agency),
            membership=world.membership(person),
            role=role,
            lead=lead,
            at=at - timedelta(days=9),
            by=by,
        )
    made.refresh_from_db()
    return made


def address(name, child, *more):
    return reverse(f"cases:{name}", args=[child.reference, *more])


def on(name, day):
    return {f"{name}_day": str(day.day), f"{name}_month": str(day.month), f"{name}_year": str(day.year)}


def send(browser, url, **fields):
    return browser.post(url, {"idempotency_key": str(uuid4()), **fields})


def errors(answer):
    return re.findall(r'<a href="#[^"]*">([^<]+)</a>', answer.content.decode())


# The timeline.

ENTRY = {
    "kind": "contact",
    "category": "sessions",
    "happened_at_day": "4",
    "happened_at_month": "3",
    "happened_at_year": "2026",
    "happened_at_time": "2:15pm",
    "summary": "Met at the library.",
    "detail": "Talked about school.",
    "source": "child",
    "third_party": "on",
}


def test_an_entry_is_written_with_whose_it_is(child, client_as, viewer):
    answer = send(client_as("keyworker"), address("add_chronology", child), **ENTRY)
    assert answer.url == address("chronology", child)
    entry = ChronologyEntry.objects.get(child=child)
    by = viewer("keyworker")
    assert (entry.author_id, entry.author_membership_id, entry.agency_id) == (
        by.user_id,
        by.membership_id,
        by.agency_id,
    )
    assert (entry.category, entry.source, entry.third_party) == ("sessions", "child", True)
    assert entry.happened_at.isoformat() == "2026-03-04T14:15:00+00:00"


def test_only_kinds_of_information_that_the_author_works_with_are_offered_and_taken(child, world, client_as):
    grant(child, world.agency("housing"))
    browser = client_as("housing")
    page = browser.get(address("add_chronology", child)).content.decode()
    choices = re.search(r'<select name="category".*?</select>', page, re.S)[0]
    offered = set(re.findall(r'<option value="([a-z_]+)"', choices))
    assert offered == {"intelligence"}, "housing works in full with none, and has entries of its own in one"
    answer = send(browser, address("add_chronology", child), **ENTRY)
    assert answer.status_code == 422
    assert "Select one of the choices offered" in errors(answer)
    assert not ChronologyEntry.objects.filter(child=child).exists()


def test_a_wrong_entry_says_what_to_mend_and_keeps_what_was_typed(child, client_as):
    wrong = {**ENTRY, "happened_at_year": "2090", "summary": ""}
    answer = send(client_as("keyworker"), address("add_chronology", child), **wrong)
    assert answer.status_code == 422
    assert set(errors(answer)) == {
        "When it happened must be today or in the past",
        "Enter one sentence that can be shared",
    }
    assert "Talked about school." in answer.content.decode()


def test_the_guardian_reads_and_writes_nothing(child, world, client_as):
    grant(child, world.agency("partnership"))
    assert client_as("guardian").get(address("add_chronology", child)).status_code == 403


def test_the_timeline_is_narrowed_by_kind_and_days(child, client_as):
    browser = client_as("keyworker")
    for kind, day, words in (("contact", "4", "ONE"), ("meeting", "4", "TWO"), ("contact", "9", "THREE")):
        send(
            browser,
            address("add_chronology", child),
            **{**ENTRY, "kind": kind, "happened_at_day": day, "summary": words},
        )

    def found(query):
        page = browser.get(address("chronology", child) + query).content.decode()
        return {words for words in ("ONE", "TWO", "THREE") if words in page}

    assert found("") == {"ONE", "TWO", "THREE"}
    assert found("?kind=meeting") == {"TWO"}
    day = "happened_{0}_day={1}&happened_{0}_month=3&happened_{0}_year=2026"
    assert found("?" + day.format("from", 5)) == {"THREE"}
    assert found("?" + day.format("until", 4)) == {"ONE", "TWO"}
    assert found("?whole=1") == {"ONE", "TWO", "THREE"}


# Who the child is.


def identity(child, **changed):
    return {
        "given_name": child.given_name,
        "family_name": child.family_name,
        "preferred_name": child.preferred_name,
        **on("birth_date", child.birth_date),
        "sex": child.sex,
        "ethnicity": child.ethnicity,
        "disability": child.disability,
        "first_language": child.first_language,
        "version": str(child.version),
        **changed,
    }


def test_a_correction_is_kept_and_takes_the_next_version(child, client_as):
    answer = send(client_as("socialworker"), address("change_identity", child), **identity(child, given_name="Roberta"))
    assert answer.url == address("file", child)
    after = Child.objects.get(pk=child.pk)
    assert (after.given_name, after.birth_date, after.version) == ("Roberta", child.birth_date, child.version + 1)


def test_two_corrections_at_once_are_both_shown_and_merged_by_field(child, client_as):
    send(
        client_as("keyworker"),
        address("change_identity", child),
        **identity(child, given_name="THEIRS", first_language="Polish"),
    )
    browser = client_as("socialworker")
    mine = identity(child, given_name="MINE", family_name="Marten")
    answer = send(browser, address("change_identity", child), **mine)
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "Kezia Thorne saved this record" in page
    assert set(re.findall(r'name="keep_([a-z_]+)"', page)) == {"given_name", "family_name"}, (
        "what I left alone stays theirs"
    )
    assert Child.objects.get(pk=child.pk).given_name == "THEIRS"
    fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page))
    again = {**mine, "first_language": "Polish", "version": fields["version"]}
    assert send(
        browser, address("change_identity", child), **again, keep_given_name="theirs", keep_family_name="yours"
    ).url
    after = Child.objects.get(pk=child.pk)
    assert (after.given_name, after.family_name, after.first_language) == ("THEIRS", "Marten", "Polish")


def test_theirs_can_be_kept_of_a_date_and_of_a_tick(child, client_as):
    later = identity(child, birth_date_estimated="on", **on("birth_date", date(2012, 2, 29)))
    send(client_as("keyworker"), address("change_identity", child), **later)
    again = identity(
        child, version=str(child.version + 1), keep_birth_date="theirs", keep_birth_date_estimated="theirs"
    )
    assert send(client_as("socialworker"), address("change_identity", child), **again).status_code == 302
    after = Child.objects.get(pk=child.pk)
    assert (after.birth_date, after.birth_date_estimated) == (date(2012, 2, 29), True)


def test_somebody_who_sees_identity_in_summary_cannot_change_it(child, world, client_as):
    grant(child, world.agency("housing"))
    browser = client_as("housing")
    for name in ("change_identity", "add_alias", "add_identifier", "safe_contact"):
        assert browser.get(address(name, child)).status_code == 403
    for kind in PeriodKind:
        assert browser.get(address("add_period", child, kind.value)).status_code == 403


# What holds from a day on.


def test_a_new_plan_ends_the_one_before_on_the_day_it_starts(child, client_as, at):
    browser, today = client_as("socialworker"), at.date()
    for status, day in ((PlanStatus.CHILD_IN_NEED, today - timedelta(days=30)), (PlanStatus.CHILD_PROTECTION, today)):
        child.refresh_from_db()
        fields = {"status": status.value, **on("started_on", day), "version": str(child.version)}
        assert send(browser, address("add_period", child, "plan"), **fields).status_code == 302
    rows = PlanPeriod.objects.filter(child=child).order_by("started_on").values_list("status", "started_on", "ended_on")
    assert list(rows) == [
        ("child_in_need", today - timedelta(days=30), today),
        ("child_protection", today, None),
    ]
    page = browser.get(address("file", child)).content.decode()
    assert f"Child in need: {_day(today - timedelta(days=30))} to {_day(today)}" in page
    assert "The plan is now: Child protection." in page


def _day(value):
    return f"{value.day} {value:%B %Y}"


def test_a_start_before_the_one_that_holds_now_is_refused_in_words(child, client_as, at):
    today = at.date()
    for day, expected in ((today, 302), (today - timedelta(days=1), 422)):
        child.refresh_from_db()
        fields = {"status": "early_help", **on("started_on", day), "version": str(child.version)}
        answer = send(client_as("socialworker"), address("add_period", child, "plan"), **fields)
        assert answer.status_code == expected
    assert errors(answer) == [f"What is recorded now started on {_day(today)}. Give that day or a later one."]
    assert PlanPeriod.objects.filter(child=child).count() == 1


def test_a_fact_on_a_file_that_was_saved_meanwhile_is_not_written_over(child, client_as, at):
    fields = {"status": "early_help", **on("started_on", at.date()), "version": str(child.version - 1)}
    assert send(client_as("socialworker"), address("add_period", child, "plan"), **fields).status_code == 409
    assert not PlanPeriod.objects.filter(child=child).exists()


def test_a_home_and_a_host_authority_hold_together(child, viewer, at):
    by = viewer("socialworker")
    for kind, name in ((AuthorityKind.HOME, "A"), (AuthorityKind.HOST, "B"), (AuthorityKind.HOST, "C")):
        child.refresh_from_db()
        record_period(
            child=child,
            kind=PeriodKind.AUTHORITY,
            values={"kind": kind, "authority": name},
            started_on=at.date(),
            version=child.version,
            at=at,
            by=by,
        )
    held = AuthorityPeriod.objects.filter(child=child, ended_on=None).values_list("kind", "authority")
    assert set(held) == {("home", "A"), ("host", "C")}


def test_a_protected_address_is_open_to_its_writer_and_those_named_and_to_nobody_else(child, world, client_as, at):
    fields = {
        "kind": AddressKind.REFUGE.value,
        "lines": "REFUGECANARY",
        "area": "Southfell",
        "protected": "yes",
        "protection_reason": "Somebody looks for the child.",
        "may_know": [str(world.membership("keyworker").pk)],
        **on("started_on", at.date()),
        "version": str(child.version),
    }
    without_reason = {**fields, "protection_reason": ""}
    refused = send(client_as("socialworker"), address("add_period", child, "address"), **without_reason)
    assert refused.status_code == 422
    assert not Address.objects.filter(child=child).exists()
    assert send(client_as("socialworker"), address("add_period", child, "address"), **fields).status_code == 302
    grant(child, world.agency("partnership"))
    sees = {
        person: "REFUGECANARY" in client_as(person).get(address("file", child)).content.decode()
        for person in ("socialworker", "keyworker", "social_care_manager", "manager", "triage")
    }
    assert sees == {
        "socialworker": True,
        "keyworker": True,
        "social_care_manager": False,
        "manager": False,
        "triage": False,
    }


def test_other_names_and_numbers_are_added_once(child, client_as):
    browser = client_as("socialworker")
    for _ in range(2):
        send(browser, address("add_alias", child), name="Birdie", note="online")
    send(browser, address("add_identifier", child), kind=IdentifierKind.NHS_NUMBER.value, value="943 476 5919")
    again = send(browser, address("add_identifier", child), kind=IdentifierKind.NHS_NUMBER.value, value="9434765919")
    assert errors(again) == ["This number is on the file already."]
    assert list(Alias.objects.filter(child=child).values_list("name", flat=True)) == ["Birdie"]
    assert list(Identifier.objects.filter(child=child).values_list("value", flat=True)) == ["9434765919"]


@pytest.mark.parametrize("value", ["9434765918", "943476591", "94347659190", "943476591X", ""])
def test_what_cannot_be_an_nhs_number_is_refused(value):
    with pytest.raises(RecordRefused):
        check_identifier(IdentifierKind.NHS_NUMBER, value)


@pytest.mark.parametrize(
    ("typed", "reference"),
    [
        ("h7k-4pqr", "H7K-4PQR"),
        (" H7K 4PQR ", "H7K-4PQR"),
        ("h7k4pqr", "H7K-4PQR"),
        ("Ashdown", ""),
        ("H7K-4PQ0", ""),
        ("", ""),
    ],
)
def test_a_reference_is_read_as_people_type_it(typed, reference):
    assert tidy_reference(typed) == reference


def test_safe_contact_is_agreed_and_shown(child, client_as):
    browser = client_as("socialworker")
    send(browser, address("safe_contact", child), safe_contact="Text after four.", version=str(child.version))
    assert "Text after four." in browser.get(address("file", child)).content.decode()


# Who works with the child.


def row_of(child, person, world):
    return Involvement.objects.get(child=child, membership=world.membership(person))


def test_an_agency_and_its_worker_are_brought_in_and_see_the_file(child, world, client_as):
    browser, nurse = client_as("socialworker"), client_as("nurse")
    assert nurse.get(address("file", child)).status_code == 404
    agency = world.agency("health")
    chosen = browser.get(address("choose_agency", child), {"agency": str(agency.pk)})
    assert chosen.url == address("involve", child, agency.pk)
    worker = str(world.membership("nurse").pk)
    assert send(browser, chosen.url, role="health", worker=worker).url == address("involvement", child)
    assert nurse.get(address("file", child)).status_code == 200
    foreign = send(browser, chosen.url, role="health", worker=str(world.membership("housing").pk))
    assert foreign.status_code == 422, "a worker of another agency is not among the choices"


def test_the_lead_changes_with_a_reason_that_the_child_can_be_told(child, world, client_as):
    browser, url = client_as("socialworker"), address("change_lead", child)
    wanted = {"involvement": str(row_of(child, "keyworker", world).pk), "version": str(child.version)}
    assert errors(send(browser, url, **wanted, reason="")) == ["Answer “Why does the lead change?”"]
    assert errors(send(browser, url, **wanted, reason="Because")) == [
        "Say in a sentence why the lead changes, so that it can be explained to the child."
    ]
    assert send(browser, url, **wanted, reason="Kezia sees Wren each week.").status_code == 302
    leads = Involvement.objects.filter(child=child, is_lead=True, ended_on=None)
    assert [str(row.membership.user) for row in leads] == ["Kezia Thorne"]


@pytest.mark.parametrize("gone", ["suspended", "left"])
def test_who_is_gone_is_not_offered_the_lead_nor_given_it(child, world, client_as, viewer, at, gone):
    """Seen to fail: somebody suspended, or whose role had ended, was offered and led."""
    member = world.membership("keyworker")
    if gone == "left":
        Membership.objects.filter(pk=member.pk).update(ended_on=at.date())
    else:
        User.objects.filter(pk=member.user_id).update(is_active=False)
    row = row_of(child, "keyworker", world)
    assert str(row.pk) not in client_as("socialworker").get(address("change_lead", child)).content.decode()
    said = {"involvement_id": row.pk, "reason": "She sees her each week.", "version": child.version}
    with pytest.raises(RecordRefused):
        change_lead(child=child, **said, at=at, by=viewer("socialworker"))


def test_whom_a_conflict_keeps_away_is_given_no_work_and_not_the_lead(child, world, client_as, viewer, at):
    """Seen to fail: each was offered and given it, and everybody read who leads."""
    by, row, agency = viewer("guardian"), row_of(child, "keyworker", world), world.agency("specialist")
    merged = make_child(merged_into=child)
    block(child, viewer("keyworker"), by=by)
    block(merged, viewer("manager"), by=by)
    browser = client_as("socialworker")
    assert str(row.pk) not in browser.get(address("change_lead", child)).content.decode()
    page = browser.get(address("involve", child, agency.pk)).content.decode()
    offered = {name for name in ("keyworker", "manager", "interviewer") if str(world.membership(name).pk) in page}
    assert offered == {"interviewer"}
    given = {"child": child, "at": at, "by": viewer("socialworker")}
    with pytest.raises(RecordRefused, match="cannot be given work on this file"):
        change_lead(involvement_id=row.pk, reason="She sees her each week.", version=child.version, **given)
    for person in ("keyworker", "manager"):
        member = world.membership(person)
        with pytest.raises(RecordRefused, match="cannot be given work on this file"):
            involve(agency=agency, membership=member, role=InvolvementRole.KEYWORKER, **given)
    assert not Involvement.objects.filter(child=child, membership=world.membership("manager")).exists()


def test_a_lead_changed_meanwhile_is_shown_beside_the_one_that_was_wanted(child, world, client_as, viewer):
    browser, url = client_as("socialworker"), address("change_lead", child)
    wanted = {"involvement": str(row_of(child, "keyworker", world).pk), "reason": "Kezia sees Wren each week."}
    Child.objects.filter(pk=child.pk).update(version=child.version + 1)
    answer = send(browser, url, **wanted, version=str(child.version))
    page = answer.content.decode()
    assert answer.status_code == 409
    assert re.search(r"Leads now</dt><dd[^>]*>Sorrel Whitlock", page)
    assert re.search(r"You chose</dt><dd[^>]*>Kezia Thorne", page)
    assert "Kezia sees Wren each week." in page
    assert row_of(child, "socialworker", world).is_lead
    assert send(browser, url, **wanted, version=str(child.version + 1)).status_code == 302
    assert row_of(child, "keyworker", world).is_lead


def test_work_ends_with_its_access_and_the_leads_does_not_end(child, world, client_as):
    browser = client_as("socialworker")
    lead, worker = row_of(child, "socialworker", world), row_of(child, "keyworker", world)
    moved = {"end_kind": "not_needed", "note": "Moved on", "version": str(child.version)}
    refused = send(browser, address("end_involvement", child, lead.pk), **moved)
    assert refused.status_code == 422
    assert "Name a new lead first" in refused.content.decode()
    keyworker = client_as("keyworker")
    assert keyworker.get(address("file", child)).status_code == 200
    done = send(browser, address("end_involvement", child, worker.pk), **moved)
    assert done.status_code == 302
    assert keyworker.get(address("file", child)).status_code == 404
    assert "Moved on" in browser.get(address("involvement", child)).content.decode()


def test_a_role_that_does_not_change_involvement_is_refused_with_a_reason(child, world, client_as):
    grant(child, world.agency("police"))
    browser = client_as("officer")
    for name in ("choose_agency", "change_lead"):
        assert browser.get(address(name, child)).status_code == 403
    page = browser.get(address("involvement", child)).content.decode()
    assert "Change the lead" not in page


def test_a_button_pressed_twice_writes_once(child, client_as):
    browser, key = client_as("keyworker"), str(uuid4())
    for _ in range(2):
        browser.post(address("add_chronology", child), {**ENTRY, "idempotency_key": key})
    assert ChronologyEntry.objects.filter(child=child).count() == 1


def test_where_nobody_else_is_named_the_page_leads_to_where_somebody_can_be(world, viewer, at, client_as):
    child = make_child()
    grant(child, world.agency("social_care"))
    text = client_as("socialworker").get(address("change_lead", child)).content.decode()
    assert f'href="{address("choose_agency", child)}">Add an agency with a named worker</a>' in text
    assert "<textarea" not in text

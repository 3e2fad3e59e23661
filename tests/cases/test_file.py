"""What each reader sees of a file: in full, in summary, withheld openly, or not at all."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from django.urls import reverse

from accounts.models import AccessEvent
from cases.access.choices import Category, GrantReason
from cases.record.choices import (
    AddressKind,
    AuthorityKind,
    HarmStatus,
    IdentifierKind,
    InvolvementRole,
    LegalStatus,
    PlacementKind,
    PlanStatus,
    RiskLevel,
)
from cases.record.models import (
    Address,
    AddressReader,
    Alias,
    AuthorityPeriod,
    Child,
    Identifier,
    LegalPeriod,
    Placement,
    PlanPeriod,
    SchoolPeriod,
)
from cases.record.services import involve
from tests.cases.questions import questions
from tests.factories.cases import block, grant, make_child, make_chronology, make_lead, provenance
from tests.masking import masked

pytestmark = pytest.mark.django_db
LONG_AGO = date(2026, 1, 5)
PAGES = ("file", "involvement", "chronology", "who_can_see")


@pytest.fixture
def full(world, viewer, at):
    """A file on which every category and every dated fact carries a canary, granted to every agency."""
    child = make_child(
        "GIVENCANARY",
        "FAMILYCANARY",
        preferred_name="Wren",
        birth_date=date(2011, 5, 4),
        first_language="LANGUAGECANARY",
        level=RiskLevel.HIGH,
        harm_status=HarmStatus.SUSPECTED,
        level_judged_at=at,
        review_due_on=date(2030, 4, 3),
        safe_contact="SAFECONTACT after four",
    )
    by = viewer("triage")
    for agency in world.agencies.values():
        grant(child, agency)
    identity = {"child": child, "started_on": LONG_AGO, **provenance(by)}
    PlanPeriod.objects.create(status=PlanStatus.CHILD_PROTECTION, **identity)
    LegalPeriod.objects.create(status=LegalStatus.CARE_ORDER, **identity)
    Placement.objects.create(kind=PlacementKind.FOSTER, provider="PROVIDERCANARY", **identity)
    SchoolPeriod.objects.create(school="SCHOOLCANARY", note="NOTECANARY", **identity)
    AuthorityPeriod.objects.create(kind=AuthorityKind.HOME, authority="AUTHORITYCANARY", **identity)
    Alias.objects.create(child=child, name="ALIASCANARY", **provenance(by))
    Identifier.objects.create(child=child, kind=IdentifierKind.UPN, value="NUMBERCANARY", **provenance(by))
    address = {"child": child, "started_on": LONG_AGO, **provenance(by, Category.CONTACT_ADDRESS)}
    open_one = {"kind": AddressKind.PLACEMENT, "lines": "STREETCANARY", "postcode": "ZZ1 1ZZ", "area": "AREACANARY"}
    Address.objects.create(**open_one, **address)
    Address.objects.create(
        kind=AddressKind.REFUGE,
        lines="REFUGECANARY",
        postcode="ZZ2 2ZZ",
        area="REFUGEAREA",
        protected=True,
        protection_reason="WHYCANARY",
        **address,
    )
    for category in Category:
        make_chronology(
            child,
            viewer("nurse") if category == Category.HEALTH_SENSITIVE else viewer("triage"),
            category=category.value,
            summary=f"SUMMARY-{category.value}-",
            detail=f"DETAIL-{category.value}-",
        )
    make_lead(child, world.membership("keyworker"), at=at, by=by, role=InvolvementRole.KEYWORKER)
    involve(
        child=child,
        agency=world.agency("camhs"),
        membership=world.membership("camhs"),
        role=InvolvementRole.HEALTH,
        at=at,
        by=by,
    )
    return child


CANARIES = {
    "GIVENCANARY": "given name",
    "FAMILYCANARY": "family name",
    "Wren": "called",
    "4 May 2011": "birth date",
    "aged 1": "age",
    "LANGUAGECANARY": "language",
    "High risk": "level",
    "High, judged": "level with its day",
    "Exploitation suspected": "harm",
    "3 April 2030": "review",
    "Child protection": "plan",
    "Full care order": "legal",
    "Foster care": "placement",
    "PROVIDERCANARY": "provider",
    "SCHOOLCANARY": "school",
    "NOTECANARY": "school note",
    "AUTHORITYCANARY": "authority",
    "ALIASCANARY": "alias",
    "NUMBERCANARY": "number",
    "Placement a": "kind of address",
    "STREETCANARY": "street",
    "ZZ1 1ZZ": "postcode",
    "AREACANARY": "area",
    "REFUGECANARY": "refuge",
    "ZZ2 2ZZ": "refuge postcode",
    "WHYCANARY": "why protected",
    "Refuge": "a refuge",
    "REFUGEAREA": "refuge area",
    "SAFECONTACT": "safe contact",
    "Kezia Thorne": "lead",
    "Callum Reyes": "other worker",
    "A level is recorded": "level withheld",
    "open to named people only": "address withheld",
}
IDENTITY_SUMMARY = {"called", "age", "school", "lead"}
IDENTITY_FULL = IDENTITY_SUMMARY | {
    "given name",
    "family name",
    "birth date",
    "language",
    "plan",
    "legal",
    "placement",
    "provider",
    "school note",
    "authority",
    "alias",
    "number",
    "other worker",
}
LEVELS = {"level", "level with its day", "harm", "review"}
AREA = {"area", "refuge area", "address withheld", "safe contact"}
ADDRESS = {"kind of address", "street", "postcode", "refuge area", "address withheld", "safe contact"}


def front(client_as, person, child):
    return client_as(person).get(reverse("cases:file", args=[child.reference])).content.decode()


def seen_on(page):
    return {meaning for canary, meaning in CANARIES.items() if canary in page}


@pytest.mark.parametrize(
    ("person", "sees"),
    [
        ("socialworker", IDENTITY_FULL | LEVELS | ADDRESS),
        ("housing", IDENTITY_SUMMARY | AREA | {"level withheld"}),
        ("guardian", IDENTITY_SUMMARY | {"level withheld"}),
        ("youth_worker", IDENTITY_SUMMARY | LEVELS),
        ("school_nurse", IDENTITY_FULL | LEVELS | AREA),
        ("safeguarding_lead", IDENTITY_SUMMARY | LEVELS | AREA),
    ],
)
def test_the_front_page_shows_exactly_what_the_cells_of_the_role_open(person, sees, full, client_as):
    assert seen_on(front(client_as, person, full)) == sees


def test_categories_that_a_grant_does_not_open_are_not_on_the_page(world, viewer, client_as, at):
    child = make_child(
        "GIVENCANARY",
        "FAMILYCANARY",
        level=RiskLevel.HIGH,
        level_judged_at=at,
        review_due_on=date(2030, 4, 3),
        safe_contact="SAFECONTACT",
    )
    grant(child, world.agency("social_care"), categories=(Category.MISSING,))
    make_chronology(child, viewer("triage"), category=Category.MISSING, summary="SUMMARY-missing-")
    make_chronology(child, viewer("triage"), category=Category.FAMILY, summary="SUMMARY-family-")
    page = front(client_as, "socialworker", child)
    assert seen_on(page) == set()
    assert "SUMMARY-missing-" in page
    assert "SUMMARY-family-" not in page


def test_a_protected_address_is_shown_to_its_own_list_alone(full, world, client_as):
    refuge = Address.objects.get(child=full, protected=True)
    AddressReader.objects.create(address=refuge, membership=world.membership("keyworker"))
    listed = seen_on(front(client_as, "keyworker", full))
    assert {"refuge", "refuge postcode", "why protected"} <= listed
    assert "address withheld" not in listed
    # Full access to addresses, the lead's own manager, and the author: none of them is on the list.
    for person in ("socialworker", "manager", "triage"):
        assert not {"refuge", "refuge postcode", "why protected", "a refuge"} & seen_on(front(client_as, person, full))


def chronology(client_as, person, child, query=""):
    return client_as(person).get(reverse("cases:chronology", args=[child.reference]) + query).content.decode()


def read_of(page):
    """Each category of which a sentence or a detail stands on the page."""
    return (
        {category.value for category in Category if f"SUMMARY-{category.value}-" in page},
        {category.value for category in Category if f"DETAIL-{category.value}-" in page},
    )


def cells(viewer, person, at, *letters):
    from django.utils import timezone

    from cases.access.selectors import matrix_in_force

    matrix = matrix_in_force(on=timezone.localdate(at))
    role = viewer(person).role_key
    return {category.value for category in Category if matrix.cell(role, category).value in letters}


READERS = [
    *("socialworker", "housing", "guardian", "detective", "officer", "keyworker", "nurse", "camhs", "chair"),
    "coordinator",
]


@pytest.mark.parametrize("person", READERS)
def test_the_timeline_gives_details_where_full_sentences_where_summary_and_nothing_else(
    person, full, viewer, client_as, at
):
    sentences, details = read_of(chronology(client_as, person, full))
    own = {"health_sensitive"} if person == "nurse" else set()
    open_in_full = cells(viewer, person, at, "F") | own
    named_facts = {"identity", "contact_address", "vulnerability", "sessions", "orientation", "intelligence", "minutes"}
    without_entries = named_facts & cells(viewer, person, at, "S")
    assert details == open_in_full
    assert sentences == open_in_full | cells(viewer, person, at, "S") - without_entries


def test_housing_learns_nothing_of_assessment_plan_or_health(full, client_as):
    browser = client_as("housing")
    for name in PAGES:
        page = browser.get(reverse(f"cases:{name}", args=[full.reference])).content.decode()
        assert "DETAIL-" not in page
        assert "SUMMARY-" not in page
        assert "Foster care" not in page
        assert "Child protection" not in page
        # What the roles of others may see of any file is no word about this one.
        assert name == "who_can_see" or "sensitive health" not in page


def test_an_author_sees_own_entries_whatever_the_cell_says(full, viewer, client_as):
    for category in (Category.SESSIONS, Category.IDENTITY, Category.LEVEL):
        words = {"summary": f"OWNSENTENCE-{category.value}", "detail": f"OWNDETAIL-{category.value}"}
        make_chronology(full, viewer("housing"), category=category, **words)
    page = chronology(client_as, "housing", full)
    assert set(re.findall(r"OWN(?:SENTENCE|DETAIL)-[a-z]+", page)) == {
        f"OWN{part}-{category}" for part in ("SENTENCE", "DETAIL") for category in ("sessions", "identity", "level")
    }


def test_a_health_service_sees_its_own_sensitive_entries_and_no_trace_of_anothers(full, world, viewer, client_as):
    from tests.factories.accounts import make_agency, make_viewer

    clinic = make_agency("Harbourside Clinic", sector="health")
    grant(full, clinic)
    other = make_viewer(clinic, role="health_sexual_health")
    make_chronology(full, other, category=Category.HEALTH_SENSITIVE, summary="OTHERCLINIC", detail="OTHERDETAIL")
    colleague = world.add_colleague("nurse", "second_nurse", "Shona Nairn")
    page = chronology(client_as, colleague.user, full)
    assert "DETAIL-health_sensitive-" in page, "a colleague of the same service wrote it"
    for each in (page, chronology(client_as, "camhs", full), chronology(client_as, "pregnancy_worker", full)):
        assert "OTHERCLINIC" not in each
        assert "OTHERDETAIL" not in each
        assert "Harbourside Clinic" not in each
    for service in ("camhs", "school_nurse", "emergency_doctor", "pregnancy_worker", "drug_worker"):
        assert "health_sensitive-" not in chronology(client_as, service, full), service


def test_what_is_withheld_is_said_with_its_number_its_agency_and_whom_to_ask(full, world, client_as):
    health = world.agency("health")
    health.withheld_contact = "the designated nurse"
    health.save(update_fields=["withheld_contact"])
    page = chronology(client_as, "coordinator", full)
    assert "1 entry from Northmere Sexual Health is withheld: sensitive health information." in page
    assert "Ask the designated nurse." in page
    assert "from Northmere Sexual Health" not in chronology(client_as, "housing", full), (
        "none of it for a cell that says N"
    )


def test_entries_on_identity_are_counted_and_not_read_by_those_who_see_its_summary(full, client_as):
    page = chronology(client_as, "housing", full)
    assert "1 entry is withheld: identity." in page
    assert "1 entry is withheld: contact and address." in page


def test_counts_of_what_is_withheld_grow_with_the_entries(full, viewer, client_as):
    make_chronology(full, viewer("nurse"), category=Category.HEALTH_SENSITIVE, summary="x")
    assert "2 entries from Northmere Sexual Health are withheld" in front(client_as, "coordinator", full)


GRANTS = {
    "expired": {"valid_until": timedelta(hours=-1)},
    "future": {"valid_from": timedelta(hours=1)},
    "ended": {"ended_at": timedelta(hours=-1)},
}


@pytest.mark.parametrize("kind", GRANTS)
@pytest.mark.parametrize("name", [*PAGES, "who_looked"])
def test_an_expired_future_or_ended_grant_is_as_if_the_file_had_never_been(kind, name, world, client_as, at):
    child = make_child()
    times = {key: at + span for key, span in GRANTS[kind].items()}
    grant(child, world.agency("social_care"), **times)
    browser = client_as("socialworker")
    hidden = browser.get(reverse(f"cases:{name}", args=[child.reference]))
    never = browser.get(reverse(f"cases:{name}", args=["222-2222"]))
    assert (hidden.status_code, never.status_code) == (404, 404)
    assert masked(hidden.content) == masked(never.content)
    assert child.reference not in hidden.content.decode()
    assert hidden.headers.keys() == never.headers.keys()


def test_a_block_closes_a_file_that_every_grant_opens(full, viewer, client_as):
    block(full, viewer("socialworker"), by=viewer("guardian"))
    assert client_as("socialworker").get(reverse("cases:file", args=[full.reference])).status_code == 404


def test_a_restricted_file_is_open_to_named_people_and_says_so(full, world, client_as):
    Child.objects.filter(pk=full.pk).update(restricted=True)
    grant(full, world.membership("socialworker"), reason=GrantReason.NAMED)
    page = front(client_as, "socialworker", full)
    assert "Restricted to named people" in page
    assert client_as("keyworker").get(reverse("cases:file", args=[full.reference])).status_code == 404
    who = client_as("socialworker").get(reverse("cases:who_can_see", args=[full.reference])).content.decode()
    assert "Sorrel Whitlock, Northmere Children&#x27;s Social Care" in who
    assert "Northmere Sexual Health" not in who


def test_the_reference_of_a_merged_file_leads_to_the_file_that_lives_on(full, client_as, world):
    old = make_child("OLDCANARY", "OLDCANARY", merged_into=full)
    browser = client_as("socialworker")
    answer = browser.get(reverse("cases:chronology", args=[old.reference]))
    assert answer.url == reverse("cases:chronology", args=[full.reference])
    assert client_as("outsider").get(reverse("cases:file", args=[old.reference])).status_code in (302, 404)


def test_a_merged_file_leads_nowhere_for_somebody_who_may_not_know_of_the_other(world, client_as):
    kept, old = make_child(), make_child()
    Child.objects.filter(pk=old.pk).update(merged_into=kept)
    grant(old, world.agency("social_care"))
    assert client_as("socialworker").get(reverse("cases:file", args=[old.reference])).status_code == 404


@pytest.mark.parametrize("name", PAGES)
def test_every_page_of_a_file_that_is_opened_is_written_down(name, full, viewer, client_as):
    client_as("housing").get(reverse(f"cases:{name}", args=[full.reference]))
    event = AccessEvent.objects.get(child_id=full.pk)
    reader = viewer("housing")
    assert (event.user_id, event.membership_id, event.action) == (reader.user_id, reader.membership_id, f"cases:{name}")
    assert set(event.categories) == {"identity", "contact_address"}


@pytest.mark.parametrize("extra", [0, 3])
def test_the_front_page_asks_the_database_the_same_however_much_there_is(extra, full, viewer, client_as):
    for number in range(extra):
        make_chronology(full, viewer("nurse"), category=Category.MISSING, summary=f"More {number}")
        Alias.objects.create(child=full, name=f"Other {number}", **provenance(viewer("nurse")))
    browser = client_as("socialworker")
    browser.get("/")
    assert len(questions(browser, reverse("cases:file", args=[full.reference]))) == 20

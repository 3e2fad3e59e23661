"""The worklist and the search: which files stand in them, in what order, and what of each is shown."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from django.urls import reverse

from accounts.models import AccessEvent
from cases.access.choices import ALL_CATEGORIES, Category, GrantReason
from cases.access.models import AccessGrant, ChildGroupGrant
from cases.access.services import record_activity, view_permission
from cases.record.choices import HarmStatus, InvolvementRole, RiskLevel
from cases.record.models import Alias, Child
from cases.record.selectors import WorklistFilter, worklist
from cases.record.services import involve
from tests.cases.questions import questions
from tests.factories.cases import block, grant, make_child, provenance

pytestmark = pytest.mark.django_db


@pytest.fixture
def files(world, at):
    """`files(3, "specialist")`: files open to agencies, each an hour older than the one before."""

    def make(number, *agencies, **fields):
        made = []
        for hours in range(number):
            child = make_child(**fields)
            for key in agencies:
                grant(child, world.agency(key), valid_from=at - timedelta(days=90))
            record_activity(child_id=child.pk, category=Category.IDENTITY, at=at - timedelta(hours=hours))
            made.append(child)
        return made

    return make


def references(page):
    return re.findall(r'class="govuk-link" href="/cases/([^/"]{8})/"', page)


def all_pages(viewer, at, wanted=None):
    before, shown = None, []
    while True:
        page = worklist(viewer, at=at, wanted=wanted, before=before)
        shown.append(page.files)
        if page.older is None:
            return shown
        before = page.older


def test_the_worklist_is_the_files_open_to_me_newest_activity_first(files, client_as, world):
    mine = files(3, "specialist")
    files(1, "housing")
    page = client_as("keyworker").get("/cases/").content.decode()
    assert references(page) == [child.reference for child in mine]
    assert "3 files are open to you" in page


def test_pages_follow_each_other_without_gap_or_repetition(files, viewer, at):
    made = files(60, "specialist")
    pages = all_pages(viewer("keyworker"), at)
    assert [len(page) for page in pages] == [25, 25, 10]
    assert [child.pk for page in pages for child in page] == [child.pk for child in made]


def test_a_file_open_by_two_grants_stands_once_at_its_latest_activity(files, viewer, world, at):
    """A named worker's own grant may open less than the agency's, so the two have different latest activity."""
    made = files(60, "specialist")
    for child in made:
        grant(child, world.membership("keyworker"), categories=(Category.MISSING,), valid_from=at - timedelta(days=80))
    record_activity(child_id=made[59].pk, category=Category.MISSING, at=at + timedelta(hours=1))
    shown = [child.pk for page in all_pages(viewer("keyworker"), at) for child in page]
    assert shown == [made[59].pk, *(child.pk for child in made[:59])]


def test_activity_at_the_same_instant_is_paged_by_file(files, viewer, at):
    made = files(60, "specialist")
    ChildGroupGrant.objects.update(last_activity_at=at - timedelta(days=1))
    shown = [child.pk for page in all_pages(viewer("keyworker"), at) for child in page]
    assert shown == sorted((child.pk for child in made), reverse=True)


def test_hidden_files_leave_no_gap_in_the_pages_and_none_in_the_count(files, viewer, world, at):
    made = files(40, "specialist")
    reader = viewer("keyworker")
    for child in made[:8]:
        block(child, reader, by=viewer("guardian"))
    Child.objects.filter(pk__in=[child.pk for child in made[8:13]]).update(restricted=True)
    grant(made[12], world.membership("keyworker"), reason=GrantReason.NAMED)
    over = make_child()  # its row still stands in the projection: the rule must decide
    grant(over, world.agency("specialist"), valid_from=at - timedelta(days=2), valid_until=at - timedelta(minutes=1))
    assert ChildGroupGrant.objects.filter(content_object=over).exists()
    visible = made[12:]
    page = worklist(reader, at=at)
    assert page.count == len(visible)
    assert {child.pk for page in all_pages(reader, at) for child in page} == {child.pk for child in visible}
    assert len(page.files) == 25


@pytest.mark.parametrize(("number", "words"), [(1000, "1,000 files are open"), (1001, "1,000+ files are open")])
def test_files_are_counted_to_a_thousand(number, words, world, client_as, at):
    group, permission = world.agency("specialist").group, view_permission()
    made = Child.objects.bulk_create(Child(given_name="Robin", family_name=f"Ashdown {n}") for n in range(number))
    start = at - timedelta(days=1)
    AccessGrant.objects.bulk_create(
        AccessGrant(child=child, group=group, reason=GrantReason.INVOLVEMENT, valid_from=start) for child in made
    )
    ChildGroupGrant.objects.bulk_create(
        ChildGroupGrant(
            content_object=child,
            group=group,
            permission=permission,
            valid_from=start,
            category_mask=ALL_CATEGORIES,
            last_activity_at=start,
        )
        for child in made
    )
    assert words in client_as("keyworker").get("/cases/").content.decode()


def test_levels_are_in_the_list_of_those_alone_who_see_them(files, client_as):
    files(
        1, "specialist", "housing", level=RiskLevel.HIGH, harm_status=HarmStatus.KNOWN, review_due_on=date(2020, 1, 2)
    )
    keyworker = client_as("keyworker").get("/cases/").content.decode()
    housing = client_as("housing").get("/cases/?level=high&overdue=on").content.decode()
    words = {"High risk", "Exploitation known", "Late: 2 January 2020"}
    assert {word for word in words if word in keyworker} == words
    assert {word for word in [*words, "Risk level", "Review is overdue"] if word in housing} == set()
    assert len(references(housing)) == 1, "a filter that the role may not use tells nothing and hides nothing"


def test_a_filter_by_level_never_finds_a_file_whose_level_the_grant_keeps_shut(files, world, client_as, at):
    (shown,) = files(1, "specialist", level=RiskLevel.HIGH)
    hidden = make_child(level=RiskLevel.HIGH)
    grant(hidden, world.agency("specialist"), categories=(Category.IDENTITY,))
    every = client_as("keyworker").get("/cases/").content.decode()
    assert set(references(every)) == {shown.reference, hidden.reference}
    assert every.count("Withheld") == 3, "level, harm status and review of the one"
    high = client_as("keyworker").get("/cases/?level=high").content.decode()
    assert references(high) == [shown.reference]
    assert "1 file match" in high


def test_the_filters_find_what_they_say(files, world, viewer, at):
    reader, today = viewer("keyworker"), at.date()
    high, known, late, led, mine, _ = files(6, "specialist")
    Child.objects.filter(pk=high.pk).update(level=RiskLevel.HIGH)
    Child.objects.filter(pk=known.pk).update(harm_status=HarmStatus.KNOWN)
    Child.objects.filter(pk=late.pk).update(review_due_on=today - timedelta(days=1))
    make = {"agency": world.agency("specialist"), "role": InvolvementRole.KEYWORKER, "at": at, "by": viewer("triage")}
    involve(child=led, membership=world.membership("manager"), lead=True, **make)
    involve(child=mine, membership=world.membership("keyworker"), **make)

    def found(**wanted):
        return {child.pk for child in worklist(reader, at=at, wanted=WorklistFilter(**wanted)).files}

    assert found(levels=(RiskLevel.HIGH,)) == {high.pk}
    assert found(harm=(HarmStatus.KNOWN,)) == {known.pk}
    assert found(review_overdue_on=today) == {late.pk}
    assert found(my_agency_leads=True) == {led.pk}
    assert found(i_am_involved=True) == {mine.pk}
    assert found(levels=(RiskLevel.HIGH,), i_am_involved=True) == set()


def test_a_merged_file_stands_in_no_list(files, viewer, at):
    kept, old = files(2, "specialist")
    Child.objects.filter(pk=old.pk).update(merged_into=kept)
    assert worklist(viewer("keyworker"), at=at).files == [kept]


def test_what_a_list_showed_is_written_down(files, client_as):
    made = files(3, "specialist")
    client_as("keyworker").get("/cases/")
    event = AccessEvent.objects.get(action="cases:worklist")
    assert set(event.shown_ids) == {child.pk for child in made}


@pytest.mark.parametrize("number", [1, 3, 40])
def test_the_worklist_asks_the_database_eight_questions_whatever_its_length(number, files, client_as):
    files(number, "specialist")
    browser = client_as("keyworker")
    browser.get("/cases/")
    assert len(questions(browser, "/cases/")) == 8


def test_a_damaged_cursor_leads_to_the_first_page(files, client_as):
    files(1, "specialist")
    for damaged in ("x", "2026-01-01~x", "2026-01-01T00:00~00000000-0000-0000-0000-000000000000"):
        assert client_as("keyworker").get("/cases/", {"before": damaged}).status_code == 200


# The search.


def search(browser, words):
    answer = browser.post(reverse("cases:search"), {"words": words})
    assert answer.status_code == 200
    return set(references(answer.content.decode()))


@pytest.mark.parametrize(
    "typed", ["Muhammad Khan", "khan muhammad", "Khan", "Muhamad Kahn", "Mohamed Khan", "MUHAMMAD  KHÁN"]
)
def test_a_file_is_found_by_a_name_in_any_order_misspelt_or_by_sound(typed, world, client_as):
    wanted, other = make_child("Muhammad", "Khan"), make_child("Aleksandra", "de Souza")
    for child in (wanted, other):
        grant(child, world.agency("specialist"))
    assert search(client_as("keyworker"), typed) == {wanted.reference}


def test_a_file_is_found_by_another_name_of_the_child(world, viewer, client_as):
    child = make_child("Robin", "Ashdown")
    Alias.objects.create(child=child, name="Birdie Tarn", **provenance(viewer("triage")))
    grant(child, world.agency("specialist"))
    assert search(client_as("keyworker"), "Birdie Tarn") == {child.reference}


@pytest.mark.parametrize("change", [str, str.lower, lambda text: text.replace("-", ""), lambda text: f" {text} "])
def test_a_file_is_found_by_its_reference_as_people_type_it(change, world, client_as):
    child = make_child()
    grant(child, world.agency("specialist"), categories=(Category.MISSING,))
    assert search(client_as("keyworker"), change(child.reference)) == {child.reference}


def test_a_search_finds_no_file_that_is_not_open(world, client_as, viewer):
    child = make_child("Robin", "Ashdown")
    grant(child, world.agency("specialist"))
    for typed in ("Robin Ashdown", child.reference):
        answer = client_as("outsider").post(reverse("cases:search"), {"words": typed}).content.decode()
        assert references(answer) == []
        assert "does not say whether there is one" in answer
    assert search(client_as("keyworker"), "Robin Ashdown") == {child.reference}
    block(child, viewer("keyworker"), by=viewer("guardian"))
    assert search(client_as("keyworker"), "Robin Ashdown") == set()


def test_somebody_who_sees_the_called_name_alone_cannot_find_a_child_by_the_names_they_may_not_see(
    world, viewer, client_as
):
    child = make_child("Roberta", "Ashdown", preferred_name="Wren")
    Alias.objects.create(child=child, name="Birdie Tarn", **provenance(viewer("triage")))
    grant(child, world.agency("housing"))
    grant(child, world.agency("specialist"))
    housing = client_as("housing")
    assert search(housing, "Wren") == {child.reference}
    assert {typed: search(housing, typed) for typed in ("Ashdown", "Roberta", "Birdie Tarn")} == {
        "Ashdown": set(),
        "Roberta": set(),
        "Birdie Tarn": set(),
    }
    assert search(client_as("keyworker"), "Roberta Ashdown") == {child.reference}


def test_a_name_that_the_grant_does_not_open_is_no_way_to_a_file(world, client_as):
    child = make_child("Robin", "Ashdown")
    grant(child, world.agency("specialist"), categories=(Category.MISSING,))
    assert search(client_as("keyworker"), "Robin Ashdown") == set()


def test_a_near_miss_is_offered_as_a_question(world, client_as):
    child = make_child("Robin", "Ashdown")
    grant(child, world.agency("specialist"))
    browser = client_as("keyworker")
    near = browser.post(reverse("cases:search"), {"words": "Robyn Ashdowne"}).content.decode()
    exact = browser.post(reverse("cases:search"), {"words": "Robin Ashdown"}).content.decode()
    assert ("Did you mean" in near, "Did you mean" in exact) == (True, False)


@pytest.mark.parametrize("few", [True, False])
@pytest.mark.parametrize("typed", ["Hodan", "hodan", "ADEBAYO", "Wren", "Birdie Tarn", "Adebayo Hodan"])
def test_one_name_that_stands_so_on_the_file_is_found_and_not_asked_about(
    typed, few, world, viewer, client_as, monkeypatch
):
    """Where somebody reaches few files, and where the index of names is asked."""
    if not few:
        monkeypatch.setattr("cases.record.selectors.lists.FEW_FILES", 0)
    child, other = make_child("Hodan", "Adebayo", preferred_name="Wren"), make_child("Hoda", "Adeba")
    Alias.objects.create(child=child, name="Birdie Tarn", **provenance(viewer("triage")))
    Alias.objects.create(child=other, name="Birdie Tarner", **provenance(viewer("triage")))
    for one in (child, other):
        grant(one, world.agency("specialist"))
    answer = client_as("keyworker").post(reverse("cases:search"), {"words": typed}).content.decode()
    if typed == "Wren" and not few:
        assert references(answer) == []  # a called name has no index of its own
        return
    assert references(answer)[0] == child.reference
    assert "Did you mean" not in answer


def test_a_name_without_a_letter_that_is_compared_is_no_name_of_everybody(world, client_as):
    child = make_child("Robin", "Ashdown")
    grant(child, world.agency("specialist"))
    assert search(client_as("keyworker"), "- '") == set()
    assert search(client_as("keyworker"), "李明") == set()


def test_a_name_is_never_an_address_and_never_logged(world, client_as, capfd, caplog):
    browser = client_as("keyworker")
    assert browser.get(reverse("cases:search"), {"words": "Robin"}).url == "/cases/"
    search(browser, "CANARYNAME")
    assert "CANARYNAME" not in caplog.text + "".join(capfd.readouterr())


def test_what_a_search_showed_is_written_down(world, client_as):
    child = make_child("Robin", "Ashdown")
    grant(child, world.agency("specialist"))
    search(client_as("keyworker"), "Robin Ashdown")
    assert AccessEvent.objects.get(action="cases:search").shown_ids == [child.pk]


@pytest.mark.parametrize("person", ["teacher", "analyst", "admin"])
def test_a_door_without_case_rights_neither_lists_nor_searches(person, client_as):
    browser = client_as(person)
    assert browser.get("/cases/").status_code == 403
    assert browser.post(reverse("cases:search"), {"words": "Robin"}).status_code == 403


def test_an_empty_search_says_what_to_do(client_as):
    answer = client_as("keyworker").post(reverse("cases:search"), {"words": " "})
    assert answer.status_code == 422
    assert "Enter a name or a reference" in answer.content.decode()

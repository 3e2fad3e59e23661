"""Who can see a file and why, and who looked."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta

import pytest
from django.urls import reverse

from accounts.choices import AccessOutcome, FunctionKey
from accounts.models import AccessEvent, User
from accounts.rules.sign_in import NotLetIn
from accounts.selectors import viewer_of
from accounts.selectors.definitions import definition_in_force
from cases.access.choices import Category, GrantReason
from cases.access.services import end_block, grant_to_function
from cases.presenters.looking import MORE_REASONS, PAGES
from cases.record.choices import InvolvementRole
from cases.record.models import Child
from cases.record.selectors.looking import CONFLICT_PAGES
from cases.sharing.models.looks import LookDigest, LookSignal
from cases.sharing.selectors.looks import LIMITS
from cases.sharing.selectors.shares import who_opened
from tests.factories.accounts import make_membership
from tests.factories.cases import block, grant, make_child, make_lead
from tests.factories.conflicts import make_conflict, make_possible
from tests.factories.shares import make_share

pytestmark = pytest.mark.django_db


@pytest.fixture
def child(world, viewer, at):
    """A file led by the keyworker, open to social care, the guardians, housing and a health service."""
    made = make_child()
    make_lead(
        made,
        world.membership("keyworker"),
        at=at - timedelta(days=9),
        by=viewer("triage"),
        role=InvolvementRole.KEYWORKER,
    )
    for key in ("social_care", "housing", "health"):
        grant(made, world.agency(key))
    grant_to_function(child_id=made.pk, function=FunctionKey.DATA_GUARDIANS, at=at, by=None)
    return made


def page(client_as, person, name, child, query=""):
    return client_as(person).get(reverse(f"cases:{name}", args=[child.reference]) + query).content.decode()


def subjects(text):
    return set(re.findall(r'<h3 class="govuk-heading-s" id="subject-\d+">(.*?)\s*<strong', text, re.S))


def test_everybody_with_access_is_named_with_why_and_until_when(child, world, client_as, at):
    grant(child, world.agency("police"), reason=GrantReason.SHARE, valid_until=at + timedelta(days=3))
    grant(child, world.agency("education"), valid_until=at - timedelta(hours=1))
    text = page(client_as, "socialworker", "who_can_see", child)
    assert subjects(text) == {
        "Lantern Exploitation Service",
        "Northmere Children&#x27;s Social Care",
        "Northmere Sexual Health",
        "Northmere Homes",
        "Northmere Police",
        "Data guardians",
        "Kezia Thorne, Lantern Exploitation Service",
    }
    assert re.search(r"Shared by decision, since [^<]+, until ", text)


def test_what_each_role_sees_is_said_by_the_same_matrix(child, client_as):
    text = page(client_as, "socialworker", "who_can_see", child)
    housing = text[text.index("Northmere Homes") :]
    housing = housing[: housing.index("</section>")]
    rows = dict(re.findall(r"<dt[^>]*>([^<]+)</dt>\s*<dd[^>]*>([^<]+)</dd>", housing))
    assert rows == {
        "In summary": "identity, contact and address",
        "Their own service&#x27;s entries": "police intelligence",
        "Only that there is something": "level, staying safe plan",
    }


def test_a_role_that_reads_no_files_is_not_said_to_see_any(child, world, client_as):
    grant(child, world.agency("school"))
    text = page(client_as, "socialworker", "who_can_see", child)
    assert "Designated safeguarding lead" in text
    assert "Practitioner who refers" not in text


def test_which_other_services_see_the_file_is_kept_from_a_role_with_the_summary(child, client_as):
    text = page(client_as, "housing", "who_can_see", child)
    assert subjects(text) == {
        "Lantern Exploitation Service",
        "Northmere Homes",
        "Data guardians",
        "Kezia Thorne, Lantern Exploitation Service",
    }
    assert "Northmere Sexual Health" not in text
    assert "are withheld" in text
    assert "Northmere Sexual Health" in page(client_as, "guardian", "who_can_see", child)


def test_why_i_see_it_names_the_grants_that_reach_me(child, client_as):
    text = page(client_as, "keyworker", "who_can_see", child)
    mine = text[text.index('id="why-me"') :]
    mine = mine[: mine.index("</ul>")]
    assert "You have a grant on this file." in mine
    assert len(re.findall("<li>", mine)) == 2
    assert "You in person: Allocated to this worker" in mine
    assert "Lantern Exploitation Service: Works with the child" in mine
    assert "Northmere Homes" not in mine


def lookers(text):
    return re.findall(r'data-label="Who"[^>]*>([^<]+)<', text)


def test_each_reader_stands_in_the_list_of_who_looked(child, client_as):
    page(client_as, "housing", "file", child)
    page(client_as, "nurse", "chronology", child)
    text = page(client_as, "socialworker", "who_looked", child)
    assert lookers(text) == ["Sorrel Whitlock", "Nia Prosser", "Hetty Broadbent"]
    assert "Open to them: 2 kinds" in text
    assert ">contact and address, identity.</div></details>" in text


def test_a_look_at_one_kind_of_information_says_which_and_folds_nothing_away(child, world, client_as):
    other = make_child()
    grant(other, world.agency("social_care"))
    grant(other, world.agency("health"), categories=(Category.IDENTITY,))
    page(client_as, "nurse", "file", other)
    text = page(client_as, "socialworker", "who_looked", other)
    assert "Open to them: identity</span>" in text


def test_who_looked_is_open_to_those_alone_whose_cell_says_so(child, world, client_as):
    for person, status in (
        ("socialworker", 200),
        ("guardian", 200),
        ("housing", 403),
        ("nurse", 403),
        ("outsider", 404),
    ):
        answer = client_as(person).get(reverse("cases:who_looked", args=[child.reference]))
        assert (person, answer.status_code) == (person, status)
    assert "Who looked" not in page(client_as, "housing", "file", child)
    assert "Who looked" in page(client_as, "socialworker", "file", child)


def test_refusals_are_shown_to_the_guardian_alone(child, client_as):
    client_as("outsider").get(reverse("cases:file", args=[child.reference]))
    client_as("housing").get(reverse("cases:who_looked", args=[child.reference]))
    assert AccessEvent.objects.filter(outcome=AccessOutcome.REFUSED, child_id=child.pk).count() == 2
    guardian = page(client_as, "guardian", "who_looked", child)
    assert {"Oriel Stanhope", "Hetty Broadbent"} <= set(lookers(guardian))
    assert "There was no current grant on the file." in guardian
    worker = page(client_as, "socialworker", "who_looked", child, "?outcome=refused")
    assert set(lookers(worker)) == {"Gwen Sotheby", "Sorrel Whitlock"}
    only = page(client_as, "guardian", "who_looked", child, "?outcome=refused")
    assert lookers(only) == ["Hetty Broadbent", "Oriel Stanhope"]


def test_who_looked_is_narrowed_by_person_agency_and_day(child, world, client_as, at):
    page(client_as, "nurse", "file", child)
    page(client_as, "housing", "file", child)

    def found(query):
        return set(lookers(page(client_as, "guardian", "who_looked", child, query)))

    assert found(f"?person={world.user('nurse').pk}") == {"Nia Prosser"}
    assert found(f"?agency={world.agency('housing').pk}") == {"Hetty Broadbent"}
    tomorrow = at + timedelta(days=2)
    day = f"looked_from_day={tomorrow.day}&looked_from_month={tomorrow.month}&looked_from_year={tomorrow.year}"
    assert found(f"?{day}") == set()


def test_looking_at_who_looked_is_itself_written_down(child, client_as):
    page(client_as, "guardian", "who_looked", child)
    event = AccessEvent.objects.get(child_id=child.pk)
    assert (event.action, event.outcome) == ("cases:who_looked", "allowed")


def test_a_grant_that_opens_no_identity_leaves_the_list_of_others_shut(world, client_as, child):
    other = make_child()
    grant(other, world.agency("social_care"), categories=(Category.MISSING,))
    grant(other, world.agency("health"))
    assert subjects(page(client_as, "socialworker", "who_can_see", other)) == {"Northmere Children&#x27;s Social Care"}


def exported(client_as, person, child, query=""):
    answer = client_as(person).get(reverse("cases:export_who_looked", args=[child.reference]) + query)
    assert answer["Content-Type"].startswith("text/csv"), answer.status_code
    return list(csv.DictReader(io.StringIO(answer.content.decode())))


def test_who_looked_is_taken_as_a_file_with_the_same_rows_and_written_down(child, world, client_as):
    User.objects.filter(pk=world.user("nurse").pk).update(full_name='=HYPERLINK("http://x")')
    for person in ("nurse", "socialworker"):
        page(client_as, person, "file", child)
    client_as("housing").get(reverse("cases:who_looked", args=[child.reference]))
    query = f"?person={world.user('nurse').pk}"
    assert f"/who-looked/export/{query}" in page(client_as, "guardian", "who_looked", child, query)
    (row,) = exported(client_as, "guardian", child, query)
    assert (row["who"], row["page"], row["what_happened"]) == ('\'=HYPERLINK("http://x")', "Overview", "Read")
    assert {row["what_happened"] for row in exported(client_as, "guardian", child)} == {"Read", "Refused"}
    worker = exported(client_as, "socialworker", child)
    assert "what_happened" not in worker[0]
    assert str(world.user("housing")) not in {row["who"] for row in worker}
    taken = AccessEvent.objects.filter(user_id=world.user("guardian").pk).order_by("-pk")[0]
    assert (taken.action, taken.child_id) == ("cases:export_who_looked", child.pk)


def test_the_file_of_who_looked_is_for_those_alone_whose_cell_says_so(child, client_as):
    where = reverse("cases:export_who_looked", args=[child.reference])
    for person, status in (("guardian", 200), ("housing", 403), ("nurse", 403), ("outsider", 404)):
        assert client_as(person).get(where).status_code == status, person
    wrong = client_as("guardian").get(f"{where}?looked_from_day=99&looked_from_month=1&looked_from_year=2026")
    assert wrong.url.startswith(reverse("cases:who_looked", args=[child.reference]) + "?looked_from_day=99")


@pytest.mark.parametrize("merged", [False, True], ids=["the file", "one merged into it"])
def test_who_is_kept_from_the_file_is_not_said_to_see_it_and_their_agency_is_as_before(
    child, world, viewer, client_as, merged
):
    """It reads as if their work had ended, to everybody: nothing of it tells that there is a conflict of interest."""
    before = page(client_as, "socialworker", "who_can_see", child)
    assert "Kezia Thorne, Lantern Exploitation Service" in subjects(before)
    file = make_child("Ada", "Merged", merged_into=child) if merged else child
    block(make_child(), viewer("nurse"), by=viewer("guardian"))
    block(file, viewer("keyworker"), by=viewer("guardian"))
    after = page(client_as, "socialworker", "who_can_see", child)
    assert subjects(after) == subjects(before) - {"Kezia Thorne, Lantern Exploitation Service"}
    assert "conflict" not in re.sub(r'"[^"]*"', "", after)


@pytest.mark.parametrize("merged", [False, True], ids=["the file", "one merged into it"])
def test_on_a_restricted_file_those_alone_who_are_named_are_said_to_see_it(child, world, client_as, merged):
    grant(child, world.membership("socialworker"), reason=GrantReason.NAMED)
    file = make_child("Ada", "Merged", merged_into=child) if merged else child
    Child.objects.filter(pk=file.pk).update(restricted=True)
    text = page(client_as, "socialworker", "who_can_see", child)
    assert subjects(text) == {f"{world.user('socialworker')}, Northmere Children&#x27;s Social Care"}
    assert "This file is restricted: the people named below see it, and nobody else" in text
    assert "Restricted to named people" in text
    assert "You are named on this restricted file." in text
    assert client_as("housing").get(reverse("cases:file", args=[child.reference])).status_code == 404


def test_who_looked_counts_the_files_that_were_merged_into_it(child, world, client_as):
    """Reads and lists of the old file, before and after, and refusals by its reference; of no other file."""
    old, other = make_child("Ada", "Merged"), make_child("Ada", "Other")
    grant(old, world.agency("police"))
    grant(other, world.agency("school"))
    page(client_as, "detective", "file", old)
    client_as("detective").get(reverse("cases:worklist"))
    page(client_as, "safeguarding_lead", "file", other)
    Child.objects.filter(pk=old.pk).update(merged_into=child)
    assert client_as("charity_worker").get(reverse("cases:file", args=[old.reference])).status_code == 404
    rows = exported(client_as, "guardian", child)
    looks = {(row["who"], row["page"], row["what_happened"]) for row in rows}
    detective, refused, guardian = (str(world.user(name)) for name in ("detective", "charity_worker", "guardian"))
    assert looks == {
        (detective, "Overview", "Read"),
        (detective, "List of children", "Read"),
        (refused, "Overview", "Refused"),
        (guardian, "Who looked, as a file", "Read"),
    }
    shown = page(client_as, "guardian", "who_looked", child)
    assert detective in shown
    assert refused in shown
    assert refused not in page(client_as, "socialworker", "who_looked", child)


# --- Looks at conflicts of interest ---------------------------------------------------------------------------


def of_conflicts(text):
    """The pages about conflicts of interest that a page or a file names."""
    return {action for action in CONFLICT_PAGES if re.search(rf"[>,]\s*{PAGES[action]}\s*[<,]", text)}


@pytest.fixture
def looked_into(child, viewer, client_as):
    """A file of which others opened each page about a conflict: of the social worker, of housing and of nobody."""
    possible = make_possible(child, viewer("socialworker"))
    kept = make_conflict(child, viewer("housing"), by=viewer("guardian"))
    guardian = client_as("guardian")
    for address in ("/conflicts/", f"/conflicts/{kept.pk}/", f"/conflicts/possible/{possible.pk}/"):
        assert guardian.get(address).status_code == 200
    for person, name, status in (
        ("social_care_manager", "place_conflict", 200),
        ("keyworker", "place_conflict", 403),
        ("nurse", "add_conflict", 200),
    ):
        assert client_as(person).get(reverse(f"cases:{name}", args=[child.reference])).status_code == status
    return child


def test_why_somebody_was_not_let_in_has_its_words():
    """Seen to fail: those of a single sign-on that named nobody, or a closed account, stood there as their code."""
    assert set(NotLetIn) - set(MORE_REASONS) == set()


def test_each_page_about_conflicts_is_one_of_which_looks_are_kept():
    assert {action for action in PAGES if "conflict" in action} == CONFLICT_PAGES


@pytest.mark.parametrize("name", ["who_looked", "export_who_looked"])
@pytest.mark.parametrize(
    ("person", "told"), [("socialworker", False), ("social_care_manager", False), ("guardian", True)]
)
def test_who_looked_at_a_conflict_of_interest_is_for_guardians_alone(looked_into, client_as, name, person, told):
    text = page(client_as, person, name, looked_into)
    assert of_conflicts(text) == (CONFLICT_PAGES if told else set())
    assert told or not {"Gwen Sotheby", "Nia Prosser"} & set(re.findall(r"Gwen Sotheby|Nia Prosser", text))


@pytest.fixture
def second(world):
    """Another data guardian."""
    return make_membership(agency=world.agency("police"), role="data_guardian", functions=("data_guardians",))


def possible_of(child, second, by, at):
    make_possible(child, viewer_of(second))


def answered_of(child, second, by, at):
    make_possible(child, viewer_of(second), answered_at=at, answered_by_id=by.person_id, answer_words="No link at all.")


def lifted_of(child, second, by, at):
    asked = {"lift_asked_at": at, "lift_asked_by_id": second.user_id, "lift_reason": "They moved away."}
    conflict = make_conflict(child, viewer_of(second), by=by, lifted_at=at, lifted_by_id=by.person_id, **asked)
    end_block(block_id=conflict.block_id, by=by, at=at)


def merged_of(child, second, by, at):
    old = make_child()
    possible_of(old, second, by, at)
    Child.objects.filter(pk=old.pk).update(merged_into=child)


def possible_of_another(child, second, by, at):
    make_possible(child, by)
    possible_of(make_child(), second, by, at)


@pytest.mark.parametrize(
    ("about", "told"),
    [(possible_of, False), (answered_of, False), (lifted_of, False), (merged_of, False), (possible_of_another, True)],
)
def test_a_guardian_reads_nowhere_who_looked_at_a_conflict_of_their_own(
    looked_into, second, world, viewer, client_as, at, about, told
):
    about(looked_into, second, viewer("guardian"), at)
    browser, gwen = client_as(second.user), world.user("guardian").pk
    for name in ("who_looked", "export_who_looked"):
        text = browser.get(reverse(f"cases:{name}", args=[looked_into.reference])).content.decode()
        assert of_conflicts(text) == (CONFLICT_PAGES if told else set()), name
    of_gwen = {"cases:conflicts", "cases:conflict", "cases:possible_conflict"}
    for name in ("person_looks", "export_looks"):
        text = browser.get(reverse(f"cases:{name}", args=[gwen])).content.decode()
        assert of_conflicts(text) == (of_gwen if told else set()), name
    home, of_file = browser.get("/").content.decode(), {"cases:place_conflict", "cases:add_conflict"}
    assert {action for action in of_file if PAGES[action] in home} == (of_file if told else set())
    assert AccessEvent.objects.filter(action__in=CONFLICT_PAGES).count() == 6


def opens_the_week(child, at, opener):
    """A guardian opens a week in which a look at the file is worth a question."""
    when = {"first_at": at - timedelta(days=9), "last_at": at - timedelta(days=9)}
    week = (at - timedelta(days=14)).date()
    version = definition_in_force(*LIMITS, on=at.date())
    digest = LookDigest.objects.create(week_from=week, limits=version, looks=1, made_at=at - timedelta(days=1))
    asked = make_membership(role="csc_social_worker").user_id
    LookSignal.objects.create(digest=digest, kind="same_name", user_id=asked, child_id=child.pk, count=1, **when)
    answer = opener.get(reverse("cases:look_digest", args=[digest.pk]))
    assert child.reference in answer.content.decode()


@pytest.mark.parametrize("name", ["who_looked", "export_who_looked"])
@pytest.mark.parametrize(
    ("person", "told"), [("socialworker", False), ("social_care_manager", False), ("guardian", True)]
)
def test_that_looks_at_a_file_are_in_question_is_for_guardians_alone(child, client_as, world, at, name, person, told):
    """Seen to fail: each who is not told read that a guardian had opened a week’s questions about the file."""
    opens_the_week(child, at, client_as("guardian"))
    text = page(client_as, person, name, child)
    assert (PAGES["cases:look_digest"] in text) is told
    assert (str(world.user("guardian")) in text) is told


def test_a_guardian_with_a_conflict_of_their_own_does_not_read_that_looks_are_in_question(child, second, client_as, at):
    make_possible(child, viewer_of(second))
    opens_the_week(child, at, client_as("guardian"))
    text = client_as(second.user).get(reverse("cases:who_looked", args=[child.reference])).content.decode()
    assert PAGES["cases:look_digest"] not in text


def test_whoever_shared_reads_of_no_look_at_a_conflict_or_a_question(looked_into, world, client_as, at):
    decision = make_share(looked_into, world.agency("partnership"), world.membership("socialworker"))
    page(client_as, "guardian", "file", looked_into)
    opens_the_week(looked_into, at, client_as("guardian"))
    assert [person.pages for person in who_opened(decision)] == [{"cases:file"}]

"""What a child says later about who may know, and what runs already.

Seen to fail, each by its own break: nothing said of what runs against it; it is said to who sees sharing in summary;
a link to end what always reaches police, to write down a ground that is written down, or for who may do neither;
nobody told, whoever wrote it down told, told although nothing runs against it; an alert that outlives the wish; the
share made anew that begins empty; more questions for more shares; an agency that the child does not want told of which
nothing could be written down but that it ends; written down of work that goes against nothing, or is over.
"""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest

from accounts.choices import FunctionKey
from cases.clocks.choices import AlertKind
from cases.clocks.models import Alert
from cases.clocks.selectors import open_alerts
from cases.sharing.models.shares import SharingDecision
from tests.access.seen.rows import lead
from tests.cases.questions import questions
from tests.cases.test_shares import form_of_share, send, text, url
from tests.factories.cases import grant, make_child, make_chronology
from tests.factories.shares import make_share, make_wish

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
HEADING = "What goes against what the child says now"
WHY = {"override_ground": "crime", "authorised_by": "Ann Lee, manager", "explained": "Told her at school."}

pytestmark = pytest.mark.django_db


@pytest.fixture
def child(world):
    """A file that the specialist service sees, social care and the guardians too."""
    made = make_child("Zephyrine", "Ashdown")
    for key in ("specialist", "social_care"):
        grant(made, world.agency(key))
    grant(made, world.membership("guardian"))
    return made


@pytest.fixture
def shared(child, world):
    """`shared("school")`: missing episodes, shared yesterday by the key worker."""
    return lambda to, **said: make_share(child, world.agency(to), world.membership("keyworker"), **said)


def say(browser, child, at, **changed):
    child.refresh_from_db()
    day = {f"said_on_{part}": getattr(at.date(), part) for part in ("day", "month", "year")}
    said = {"kind": "not_wider", "words": "Nobody else. They all talk.", "understands": "yes", **day, **changed}
    answer = send(browser, url("record_wishes", child), child, **said)
    assert answer.status_code == 302
    return answer


def rows_of(page):
    """What the page says goes against the wish: a list of cells for each row, and the links among them."""
    if HEADING not in page:
        return []
    part = page[page.index(f">{HEADING}</h2>") :]
    part = part[: part.index("</table>")]
    rows = re.findall(r'(?s)<tr class="govuk-table__row"[^>]*>(.*?)</tr>', part)[1:]
    return [
        [
            (unescape(re.sub(r"(?s)<[^>]+>|\s+", " ", cell)).strip(), "".join(re.findall(r'href="([^"]+)"', cell)))
            for cell in re.findall(r"(?s)<td[^>]*>(.*?)</td>", row)
        ]
        for row in rows
    ]


def anew(child, share):
    return f"{url('add_share', child)}?agency={share.agency_id}&amp;instead_of={share.pk}"


def test_the_page_says_what_runs_against_what_the_child_says_now(child, world, shared, client_as, at):
    school, police, home = shared("school"), shared("police"), shared("home", **WHY)
    lead(child, world.membership("school_nurse"), is_lead=False)
    browser = client_as("keyworker")
    assert HEADING not in text(browser.get(url("sharing", child)))
    say(browser, child, at)
    found = {row[0][1]: row for row in rows_of(text(browser.get(url("sharing", child))))}
    assert set(found) == {url("share", child, one.pk) for one in (school, police, home)}
    row = found[url("share", child, school.pk)]
    assert row[2] == ("End it", url("withdraw_share", child, school.pk))
    assert row[3] == ("Share it anew, with the ground and how you explained it", anew(child, school))
    row = found[url("share", child, police.pk)]
    assert (row[2][0].startswith("Stays: what keeps a child safe always reaches"), row[2][1]) == (True, "")
    assert row[3][1] == anew(child, police)
    assert found[url("share", child, home.pk)][3] == ("Written down, and how it was explained", "")


def test_whoever_works_with_the_child_is_named_where_the_child_names_them(child, world, client_as, at):
    work = {
        name: lead(child, world.membership(name), is_lead=False)
        for name in ("school_nurse", "socialworker", "safeguarding_lead")
    }
    say(client_as("keyworker"), child, at, kind="limits", kept_from=["health", "social_care"])
    rows = {row[0][0]: row for row in rows_of(text(client_as("keyworker").get(url("sharing", child))))}
    health, care = str(world.agency("school_nursing")), str(world.agency("social_care"))
    assert set(rows) == {health, care}
    assert rows[health][2] == ("End their work", url("involvement", child))
    assert (rows[care][2][0].startswith("Stays"), rows[care][2][1]) == (True, "")
    words = "Write down why they go on, and how it was explained"
    assert rows[health][3] == (words, url("explain_work", child, work["school_nurse"].pk))
    assert rows[care][3] == (words, url("explain_work", child, work["socialworker"].pk))


GOES_ON = {"ground": "crime", "authorised_by": "Ann Lee, manager", "explained": "She knows why the nurse stays."}


@pytest.fixture
def nurse(child, world):
    """The work of the school nurse, of whose agency the child says that it must not be told."""
    make_wish(child, world.membership("keyworker"), kept_from=("health",))
    return lead(child, world.membership("school_nurse"), is_lead=False)


def test_why_they_go_on_and_how_it_was_explained_is_written_down(child, world, viewer, nurse, client_as, at):
    browser, address = client_as("keyworker"), url("explain_work", child, nurse.pk)
    assert "Not my school. Everybody there talks." in text(browser.get(address))
    answer = send(browser, address, child, **GOES_ON)
    assert (answer.status_code, answer.url) == (302, url("involvement", child))
    made = SharingDecision.objects.get()
    assert (made.kind, made.agency, made.involvement, made.membership) == (
        "involved",
        nurse.working_agency,
        nurse,
        None,
    )
    assert (made.override_ground, made.authorised_by, made.explained) == tuple(GOES_ON.values())
    assert (made.decided_as, made.ended_at) == (world.membership("keyworker"), None)
    assert made.words.endswith("their work goes on")
    [row] = rows_of(text(browser.get(url("sharing", child))))
    assert row[3] == ("Written down, and how it was explained", "")
    nurse.refresh_from_db()
    assert nurse.ended_on is None


def test_nobody_fills_in_a_form_that_would_be_refused(child, world, nurse, client_as, at):
    browser = client_as("keyworker")
    assert 'name="explained"' in text(browser.get(url("explain_work", child, nurse.pk)))
    make_wish(child, world.membership("keyworker"), "free", recorded_at=at)
    page = text(browser.get(url("explain_work", child, nurse.pk)))
    assert "nothing has to be explained" in page
    assert 'name="explained"' not in page


@pytest.mark.parametrize("left_out", ["ground", "authorised_by", "explained"])
def test_it_takes_a_ground_who_authorised_it_and_how_it_was_explained(child, nurse, client_as, left_out):
    answer = send(client_as("keyworker"), url("explain_work", child, nurse.pk), child, **{**GOES_ON, left_out: ""})
    assert (answer.status_code, f"{left_out}-error" in text(answer)) == (422, True)
    short = send(client_as("keyworker"), url("explain_work", child, nurse.pk), child, **{**GOES_ON, left_out: "x"})
    assert short.status_code == 422
    assert not SharingDecision.objects.exists()


@pytest.mark.parametrize("why", ["not named", "nothing said", "ended", "another child's", "stale"])
def test_nothing_is_written_down_of_work_that_goes_against_nothing_or_is_over(child, world, nurse, client_as, at, why):
    work = nurse
    if why == "not named":
        work = lead(child, world.membership("safeguarding_lead"), is_lead=False)
    if why == "nothing said":
        make_wish(child, world.membership("keyworker"), "free", recorded_at=at)
    if why == "ended":
        work = lead(child, world.membership("school_nurse"), is_lead=False, ended_on=at.date())
    if why == "another child's":
        work = lead(make_child("Other"), world.membership("school_nurse"), is_lead=False)
    version = {"version": child.version + 9} if why == "stale" else {}
    answer = send(client_as("keyworker"), url("explain_work", child, work.pk), child, **GOES_ON, **version)
    gone = why in ("ended", "another child's")
    assert answer.status_code == (404 if gone else 409 if why == "stale" else 422)
    if why in ("not named", "nothing said"):
        assert "nothing that their work goes against" in text(answer)
    assert not SharingDecision.objects.exists()


def test_only_whoever_may_change_who_works_with_the_child_writes_it_down(child, world, nurse, client_as):
    grant(child, world.agency("school_nursing"))
    answer = send(client_as("school_nurse"), url("explain_work", child, nurse.pk), child, **GOES_ON)
    assert answer.status_code == 403
    [row] = rows_of(text(client_as("guardian").get(url("sharing", child))))
    assert row[3] == ("Not written down", "")
    assert not SharingDecision.objects.exists()


def test_only_whoever_sees_sharing_in_full_is_told_on_the_page_and_offered_what_they_may_do(
    child, world, shared, client_as, at
):
    school = shared("school")
    make_wish(child, world.membership("keyworker"), "not_wider")
    grant(child, world.membership("out_of_hours"))
    page = client_as("out_of_hours").get(url("sharing", child))
    assert (page.status_code, HEADING in text(page), page.context["against"]) == (200, False, [])
    [row] = rows_of(text(client_as("guardian").get(url("sharing", child))))
    assert row[2] == ("End it", url("withdraw_share", child, school.pk))
    assert row[3] == ("Not written down", "")


GOES_AGAINST = "This goes against it, and no ground is written down"


def test_the_page_of_a_share_says_that_it_goes_against_the_child(child, world, shared, client_as):
    school, home = shared("school"), shared("home", **WHY)
    browser = client_as("keyworker")
    assert GOES_AGAINST not in text(browser.get(url("share", child, school.pk)))
    make_wish(child, world.membership("keyworker"), "not_wider")
    grant(child, world.membership("out_of_hours"))
    assert GOES_AGAINST in text(browser.get(url("share", child, school.pk)))
    assert GOES_AGAINST not in text(browser.get(url("share", child, home.pk)))
    assert GOES_AGAINST not in text(client_as("out_of_hours").get(url("share", child, school.pk)))


def test_a_share_made_anew_begins_as_the_first_and_answers_the_wish(child, world, shared, client_as, at):
    police = shared("police", categories=("identity", "missing", "plan"))
    browser = client_as("keyworker")
    say(browser, child, at)
    address = anew(child, police).replace("&amp;", "&")
    begun = browser.get(address).context["form"].initial
    assert (begun["what"], begun["categories"], begun["words"]) == (
        "kinds",
        ["identity", "missing", "plan"],
        police.words,
    )
    child.refresh_from_db()
    override = {
        "overrides": "yes",
        "ground": "crime",
        "authorised_by": WHY["authorised_by"],
        "explained": "I told her.",
    }
    fields = form_of_share(at, version=child.version, child_answer="refuses", **override)
    assert browser.post(address, fields).status_code == 302
    police.refresh_from_db()
    assert police.end_kind == "decided_again"
    [row] = rows_of(text(browser.get(url("sharing", child))))
    made = SharingDecision.objects.get(ended_at=None)
    assert (row[0][1], row[3]) == (url("share", child, made.pk), ("Written down, and how it was explained", ""))


def test_a_share_of_single_entries_made_anew_begins_with_them(child, viewer, shared, client_as, at):
    entry = make_chronology(child, viewer("keyworker"), summary="Ran off.")
    made = shared("school", categories=("identity",), entry_ids=[entry.pk])
    begun = client_as("keyworker").get(anew(child, made).replace("&amp;", "&")).context["form"].initial
    assert (begun["what"], begun["entries"]) == ("entries", [str(entry.pk)])


def told():
    rows = Alert.objects.filter(kind=AlertKind.WISH_AGAINST, acknowledged_at=None)
    return [(row.membership_id, row.group_id) for row in rows]


def test_whoever_leads_is_told_until_the_child_says_something_else(child, world, shared, viewer, client_as, at):
    leads = world.membership("socialworker")
    lead(child, leads)
    shared("school")
    say(client_as("keyworker"), child, at)
    assert told() == [(leads.pk, None)]
    [alert] = [one for one in open_alerts(viewer("socialworker"), at=at + HOUR) if one.kind == AlertKind.WISH_AGAINST]
    assert alert.href == url("sharing", child)
    for words in (child.reference, "Zephyrine", "Ashdown"):
        assert words not in AlertKind.WISH_AGAINST.label
    say(client_as("keyworker"), child, at, kind="free", words="They may all know now.")
    assert told() == []


def test_where_nobody_leads_the_notification_point_is_told(child, world, shared, client_as, at):
    shared("school")
    say(client_as("keyworker"), child, at)
    assert told() == [(None, world.functions[FunctionKey.NOTIFICATION_POINT].group_id)]


def test_whoever_wrote_it_down_is_not_told_and_nobody_where_nothing_runs_against_it(
    child, world, shared, client_as, at
):
    lead(child, world.membership("socialworker"))
    say(client_as("keyworker"), child, at)
    assert told() == []
    shared("school", at=at - DAY)
    say(client_as("keyworker"), child, at, kind="limits", kept=["family"])
    assert told() == []
    browser = client_as("socialworker")
    answer = say(browser, child, at)
    assert told() == []
    assert "What goes against it is below: look at it again." in text(browser.get(answer.url))


@pytest.mark.parametrize("rows", [1, 3])
def test_more_shares_and_agencies_ask_no_more_questions(child, world, viewer, shared, client_as, at, rows):
    for key in ("school", "school_nursing", "police")[:rows]:
        entry = make_chronology(child, viewer("keyworker"), category="missing")
        shared(key, entry_ids=[entry.pk])
        lead(child, make_worker(world, key), is_lead=False)
    make_wish(child, world.membership("keyworker"), kept=("missing",), kept_from=("education", "health", "police"))
    browser = client_as("keyworker")
    page = text(browser.get(url("sharing", child)))
    assert len(rows_of(page)) == 2 * rows
    assert len(questions(browser, url("sharing", child))) == QUESTIONS


def make_worker(world, key):
    names = {"school": "safeguarding_lead", "school_nursing": "school_nurse", "police": "detective"}
    return world.membership(names[key])


QUESTIONS = 16

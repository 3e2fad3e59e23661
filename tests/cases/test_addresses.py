"""Protected addresses: who may know one and who must not, what leaves Harbour, and postcodes in what people write.

Seen to fail: an account or an agency that must not know it shown it all the same; its page opened to everybody who
reads the file; a copy that carries it unasked; the question about a postcode put only where it is protected, or
naming one that the writer may not know, on a file and outside one; a referrer asked about a postcode that they did
not type; any tick taken; the address left on paper, while it holds, once it has ended, and on the pages of a
notification; somebody who keeps it from themselves; anybody put on its list. The rules on their own are judged in
`tests/access/sharing`.
"""

from __future__ import annotations

import re

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse

from accounts.choices import FunctionKey
from accounts.forms import LongTextField, PostcodeField, TextField, WriteForm
from accounts.rules.postcodes import WATCH, Watch, postcodes_in
from accounts.rules.refusals import Stale
from cases.access.choices import Category
from cases.record.choices import InvolvementRole
from cases.record.models import AddressKeptFrom, AddressReader, ChronologyEntry
from cases.record.services import involve, open_file
from cases.sharing.rules.addresses import AddressRefused
from cases.sharing.services import addresses as services
from referrals.rules.notify import kept_postcodes, postcode_hints
from tests.access.test_pages import plain
from tests.cases.questions import questions
from tests.cases.test_writing import errors
from tests.factories.cases import grant, make_child, make_protected
from tests.factories.referrals import make_notification
from tests.referrals.notify_steps import begin, fill, fill_all, step_address
from tests.referrals.test_notify_sent import words_of

KEY = "6f1b1d1e-8f0f-4c35-9f57-{:012d}"
LINES, CODE = "12 Harrow Lane", "NM4 2QF"


# The rules.


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        ("She stays at NM4 2QF now.", ["NM42QF"]),
        ("nm4 2qf", ["NM42QF"]),
        ("NM42QF", ["NM42QF"]),
        ("n.b. nm4\n2QF, and Nm4-2qF", ["NM42QF"]),
        ("NM4\u00a02QF", ["NM42QF"]),
        ("EC1A 1BB and M1 1AE", ["EC1A1BB", "M11AE"]),
        ("(NM4 2QF)", ["NM42QF"]),
        ("in NM4", []),
        ("on the M1 4pm", []),
        ("case AB1 2CDE", []),
        ("XNM4 2QF9", []),
        ("7 4th Street", []),
    ],
)
def test_postcodes_however_they_are_typed(text, found):
    assert postcodes_in(text) == frozenset(found)


# What is typed.


class NoteForm(WriteForm):
    note = LongTextField(label="Note")
    title = TextField(label="Title", required=False)
    code = PostcodeField(required=False)


@pytest.fixture
def watching():
    """A file is open, with one protected address that the writer knows."""
    token = WATCH.set(Watch(lambda codes: codes & {"NM42QF"}))
    yield
    WATCH.reset(token)


def note(**said):
    return NoteForm({"idempotency_key": KEY.format(1), "note": "x", **said})


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ({"note": "She came home."}, {}),
        ({"note": "At nm42qf."}, {"note": "NM4 2QF"}),
        ({"note": "At LS1 4AP."}, {"note": "LS1 4AP"}),
        ({"title": "NM4 2QF"}, {"title": "NM4 2QF"}),
        ({"code": "NM4 2QF"}, {}),
        ({"note": "At NM4 2QF.", "note_postcode": "NM4 2QF"}, {}),
        ({"note": "NM4 2QF, LS1 4AP", "note_postcode": "NM4 2QF"}, {"note": "LS1 4AP, NM4 2QF"}),
        ({"note": "At NM4 2QF.", "note_postcode": "on"}, {"note": "NM4 2QF"}),
        ({"note": "At NM4 2QF.", "title_postcode": "NM4 2QF"}, {"note": "NM4 2QF"}),
    ],
)
def test_a_postcode_is_asked_about_until_it_is_confirmed(said, asked, watching):
    form = note(**said)
    assert form.is_valid() is (not asked)
    assert {name: form.to_confirm[name].value for name in form.errors} == asked
    if asked:
        page = form.render()
        assert page.count('type="checkbox"') == len(asked)
        assert said.get("note", "x") in page


def test_only_a_known_one_is_called_protected(watching):
    words = {code: str(note(note=f"At {code}.").errors) for code in ("NM4 2QF", "LS1 4AP")}
    assert "the postcode of a protected address" in words["NM4 2QF"]
    assert "the postcode of a protected address" not in words["LS1 4AP"]


@pytest.fixture
def no_file_open():
    token = WATCH.set(None)
    yield
    WATCH.reset(token)


def test_where_no_file_is_open_every_postcode_is_asked_about_and_none_is_known(no_file_open):
    asked = {code: str(note(note=f"At {code}.").errors) for code in ("NM4 2QF", "LS1 4AP")}
    assert asked["NM4 2QF"].replace("NM4 2QF", "LS1 4AP") == asked["LS1 4AP"]
    assert "An address may have to be kept from somebody" in asked["LS1 4AP"]
    assert note(note="At NM4 2QF.", note_postcode="NM4 2QF").is_valid()


class AgencyForm(WriteForm):
    about_a_child = False
    where = TextField(label="Where?")


def test_what_cannot_be_about_a_child_is_not_asked_about(no_file_open):
    assert AgencyForm({"idempotency_key": KEY.format(1), "where": "NM4 2QF"}).is_valid()


# A referrer's own.

HOME = {"address_protected": True, "address_lines": "12 Harrow Lane", "postcode": "NM4 2QF", "safe_contact": ""}


@pytest.mark.parametrize(
    ("home", "found"),
    [
        (HOME, {"NM42QF"}),
        (HOME | {"postcode": "", "address_lines": "12 Harrow Lane, nm42qf"}, {"NM42QF"}),
        (HOME | {"postcode": "NM4"}, set()),
        (HOME | {"address_protected": False}, set()),
        ({}, set()),
    ],
)
def test_the_postcode_that_a_referrer_keeps_is_what_they_typed(home, found):
    assert kept_postcodes(home) == found


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ({}, []),
        ({"concern": {"concern": "Seen at nm4 2qf."}}, ["What worries you"]),
        ({"concern": {"concern": "Seen at LS1 4AP."}}, []),
        ({"home": HOME | {"safe_contact": "Write to NM4 2QF"}}, ["Where the child lives"]),
        ({"home": HOME | {"address_protected": False}, "concern": {"concern": "NM4 2QF"}}, []),
        ({"matrix": {"answers": {"S1": {"value": "yes", "evidence": "At NM4 2QF"}}}}, ["The Risk Factor Matrix"]),
        ({"home": None, "concern": {"concern": "NM4 2QF"}}, []),
    ],
)
def test_before_sending_it_is_said_where_it_stands(said, named):
    hints = postcode_hints({"home": HOME, "concern": None, "matrix": None} | said)
    assert [re.findall("“([^”]*)”", hint)[0] for hint in hints] == named


@pytest.mark.django_db
def test_a_referrer_is_asked_about_their_own_postcode_and_no_other(address, client_as):
    """The postcode of a protected address on a file is not asked about: that would tell of the file."""
    browser = client_as("teacher")
    draft = begin(browser)
    assert fill(browser, draft, "home", postcode="LS1 4AP", safe_contact="Write to LS1 4AP").status_code == 422
    assert fill(browser, draft, "home", postcode="LS1 4AP", address_lines="1 Row, LS1 4AP").status_code == 302
    for words in (f"She stays at {CODE}.", "In NM1 1AA."):
        assert fill(browser, draft, "concern", concern=words).status_code == 302
    answer = fill(browser, draft, "concern", concern="She stays at LS1 4AP.")
    assert len(errors(answer)) == 1
    assert "the postcode of a protected address in it (LS1 4AP)" in answer.content.decode()
    assert "She stays at LS1 4AP." in browser.get(step_address(draft, "concern")).content.decode()
    ticked = {"concern": "She stays at LS1 4AP.", "concern_postcode": "LS1 4AP"}
    assert fill(browser, draft, "concern", **ticked).status_code == 302
    assert fill(browser, draft, "home", postcode="LS1 4AP", address_protected="no").status_code == 302
    assert fill(browser, draft, "concern", concern="She stays at LS1 4AP.").status_code == 302


@pytest.mark.django_db
def test_an_address_that_is_kept_afterwards_is_named_before_sending(client_as):
    browser = client_as("teacher")
    said = {"concern": {"concern": "Seen at LS1 4AP."}, "home": {"postcode": "LS1 4AP", "address_protected": "no"}}
    draft = fill_all(browser, **said)
    check = reverse("referrals:notify_check", args=[draft])
    assert "has the postcode of the address" not in browser.get(check).content.decode()
    assert fill(browser, draft, "home", postcode="LS1 4AP").status_code == 302
    assert "“What worries you” has the postcode of the address" in browser.get(check).content.decode()


# Where no file is open.


def decision(sent, world, **fields):
    return {
        "idempotency_key": KEY.format(40),
        "version": sent.version,
        "joined": "new",
        "outcome": "decline",
        "reason_decline": "below_threshold",
        "message_decline": "Thank you.",
        "rationale": "Nothing to add.",
        "lead": "",
        **fields,
    }


@pytest.mark.django_db
def test_triage_is_asked_and_told_only_what_it_knows(child, address, world, viewer, client_as):
    """Triage sees the notification's own address; of the file's it knows none, whichever postcode it tries."""
    grant(child, world.functions[FunctionKey.NOTIFICATION_POINT].group)
    sent = make_notification(viewer("teacher"), postcode="LS1 4AP", address_protected=True)
    where = reverse("referrals:triage_detail", args=[sent.reference])
    said = {}
    for code in (CODE, "LS1 4AP", "NM1 1AA"):
        for field in ("rationale", "message_decline"):
            given = decision(sent, world, joined=child.reference, **{field: f"At {code}."})
            answer = client_as("triage").post(where, given)
            assert answer.status_code == 422
            said[code, field] = next(words for words in errors(answer) if code in words)
    for field in ("rationale", "message_decline"):
        assert said[CODE, field].replace(CODE, "NM1 1AA") == said["NM1 1AA", field]
        assert "An address may have to be kept" in said[CODE, field]
        assert "the postcode of a protected address" in said["LS1 4AP", field]


@pytest.mark.django_db
def test_who_reports_a_child_missing_is_asked_the_same_whether_or_not_there_is_a_file(child, address, client_as):
    page = {}
    for name in ("Zephyrine", "Nobody"):
        given = {"idempotency_key": KEY.format(50), "given_name": name, "family_name": "Ashdown"}
        answer = client_as("officer").post(
            reverse("missing:report"), given | {"circumstances": f"She ran from {CODE}."}
        )
        assert answer.status_code == 422
        page[name] = [words for words in errors(answer) if CODE in words]
    assert page["Zephyrine"] == page["Nobody"]
    assert "An address may have to be kept" in page["Nobody"][0]


# The lists.


@pytest.fixture
def child(world, viewer, at):
    """A file on which a social worker, a keyworker and a nurse work; only the first two may know the home."""
    made = make_child("Zephyrine", "Ashdown")
    people = {
        "socialworker": ("social_care", InvolvementRole.SOCIAL_WORKER),
        "keyworker": ("specialist", InvolvementRole.KEYWORKER),
        "nurse": ("health", InvolvementRole.SUPPORT),
    }
    for name, (agency, role) in people.items():
        involve(
            child=made,
            agency=world.agency(agency),
            membership=world.membership(name),
            role=role,
            at=at,
            by=viewer("triage"),
        )
    return made


@pytest.fixture
def address(child, world, viewer):
    readers = (world.membership("socialworker"), world.membership("keyworker"))
    return make_protected(child, viewer("socialworker"), readers=readers)


def page_of(child, address):
    return reverse("cases:address", args=[child.reference, address.pk])


def sees(browser, child):
    return LINES in browser.get(reverse("cases:file", args=[child.reference])).content.decode()


def opened_by(viewer, child, at):
    return open_file(viewer=viewer, reference=child.reference, at=at)


@pytest.mark.django_db
def test_only_who_may_know_it_finds_its_page(child, address, client_as):
    never = reverse("cases:address", args=[child.reference, "6f1b1d1e-8f0f-4c35-9f57-999999999999"])
    for name in ("socialworker", "keyworker"):
        page = client_as(name).get(page_of(child, address))
        assert (page.status_code, LINES in page.content.decode(), sees(client_as(name), child)) == (200, True, True)
    for name in ("nurse", "social_care_manager", "manager"):
        browser = client_as(name)
        assert plain(browser.get(page_of(child, address))) == plain(browser.get(never))
        assert browser.get(never).status_code == 404
        assert not sees(browser, child)


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["account", "agency"])
def test_who_must_not_know_it_does_not_whatever_list_they_are_on(kind, child, address, world, viewer, at, client_as):
    who = {"user": world.user("keyworker")} if kind == "account" else {"agency": world.agency("specialist")}
    opened = opened_by(viewer("socialworker"), child, at)
    row = services.keep_from(opened=opened, address_id=address.pk, version=child.version, at=at, **who)
    browser = client_as("keyworker")
    assert browser.get(page_of(child, address)).status_code == 404
    assert not sees(browser, child)
    assert sees(client_as("socialworker"), child)
    child.refresh_from_db()
    services.end_keep_from(
        opened=opened, kept_id=row.pk, address_id=address.pk, why="A mistake", version=child.version, at=at
    )
    assert sees(browser, child)


@pytest.mark.django_db
def test_somebody_in_the_childs_life_is_named_once_and_keeps_nobody_out(child, address, viewer, at, client_as):
    opened = opened_by(viewer("socialworker"), child, at)
    services.keep_from(opened=opened, address_id=address.pk, person="J. Hale", version=child.version, at=at)
    child.refresh_from_db()
    with pytest.raises(AddressRefused, match="on this list already"):
        services.keep_from(opened=opened, address_id=address.pk, person="J. Hale", version=child.version, at=at)
    assert sees(client_as("keyworker"), child)
    page = client_as("keyworker").get(page_of(child, address)).content.decode()
    assert {"Her stepfather", "J. Hale"} <= set(re.findall(r"Her stepfather|J\. Hale", page))


@pytest.mark.django_db
def test_nobody_keeps_an_address_from_themselves_and_a_stale_page_changes_nothing(child, address, world, viewer, at):
    opened = opened_by(viewer("socialworker"), child, at)
    given = {"opened": opened, "address_id": address.pk, "at": at}
    for who in ({"user": world.user("socialworker")}, {"agency": world.agency("social_care")}):
        with pytest.raises(AddressRefused, match="You know this address"):
            services.keep_from(version=child.version, **who, **given)
    with pytest.raises(Stale):
        services.keep_from(version=child.version - 1, person="J. Hale", **given)
    members = [world.membership("nurse").pk]
    with pytest.raises(Stale):
        services.let_know(opened=opened, address_id=address.pk, members=members, version=child.version - 1)
    assert AddressKeptFrom.objects.count() == 1
    with pytest.raises(DatabaseError), transaction.atomic():
        AddressKeptFrom.objects.create(address=address, added_at=at, added_by_id=1)


@pytest.mark.django_db
def test_somebody_who_works_with_the_child_is_let_know(child, address, world, viewer, at, client_as):
    opened = opened_by(viewer("socialworker"), child, at)
    members = [world.membership("officer").pk]
    with pytest.raises(AddressRefused, match="Choose from the people"):
        services.let_know(opened=opened, address_id=address.pk, members=members, version=child.version)
    child.refresh_from_db()
    browser = client_as("socialworker")
    where = reverse("cases:let_know_address", args=[child.reference, address.pk])
    form = {"idempotency_key": KEY.format(2), "members": str(world.membership("nurse").pk), "version": child.version}
    for _ in range(2):
        assert browser.post(where, form).url == page_of(child, address)
    assert AddressReader.objects.filter(address=address).count() == 3
    # The nurse's role has contact and address in full, and is on the list now.
    assert sees(client_as("nurse"), child)


@pytest.mark.django_db
def test_the_pages_take_and_refuse_what_is_typed(child, address, client_as):
    browser = client_as("socialworker")
    where = reverse("cases:keep_address_from", args=[child.reference, address.pk])
    form = {"idempotency_key": KEY.format(3), "version": child.version, "who": "person", "person": ""}
    assert browser.post(where, form).status_code == 422
    form |= {"idempotency_key": KEY.format(4), "person": "<script>alert(1)</script>"}
    assert browser.post(where, form).status_code == 302
    page = browser.get(page_of(child, address)).content.decode()
    assert "&lt;script&gt;alert(1)" in page
    row = AddressKeptFrom.objects.get(person__startswith="<script>")
    child.refresh_from_db()
    end = reverse("cases:end_keep_from", args=[child.reference, address.pk, row.pk])
    wrong = browser.post(end, {"idempotency_key": KEY.format(5), "version": child.version, "why": "x"})
    assert wrong.status_code == 422
    right = browser.post(end, {"idempotency_key": KEY.format(6), "version": child.version, "why": "A mistake"})
    assert right.status_code == 302
    assert browser.get(end).status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize("more", [0, 2])
def test_the_page_asks_the_same_however_long_its_lists_are(more, child, address, world, at, client_as):
    for number in range(more):
        AddressKeptFrom.objects.create(
            address=address, person=f"Person {number}", added_at=at, added_by=world.user("socialworker")
        )
    assert len(questions(client_as("socialworker"), page_of(child, address))) == 12


# In texts, on the pages.


def entry(child, detail, *, key, **more):
    return {
        "idempotency_key": KEY.format(key),
        "category": Category.IDENTITY,
        "kind": "contact",
        "happened_at_day": "2",
        "happened_at_month": "3",
        "happened_at_year": "2026",
        "happened_at_time": "2:15pm",
        "summary": "A visit.",
        "detail": detail,
        "source": "child",
        **more,
    }


@pytest.mark.django_db
def test_a_postcode_in_an_entry_is_asked_about_and_tells_who_may_not_know_nothing(child, address, client_as):
    where = reverse("cases:add_chronology", args=[child.reference])
    said = {}
    for number, (name, code) in enumerate(
        [("nurse", CODE), ("nurse", "LS1 4AP"), ("keyworker", CODE), ("keyworker", "LS1 4AP")]
    ):
        answer = client_as(name).post(where, entry(child, f"We met at {code} today.", key=10 + number))
        assert answer.status_code == 422
        page = answer.content.decode()
        assert len(errors(answer)) == 1, errors(answer)
        assert f"We met at {code} today." in page
        said[name, code] = page
    assert "the postcode of a protected address" in said["keyworker", CODE]
    for pair in (("nurse", CODE), ("nurse", "LS1 4AP"), ("keyworker", "LS1 4AP")):
        assert "the postcode of a protected address" not in said[pair]
        assert "An address may have to be kept from somebody" in said[pair]
    assert not ChronologyEntry.objects.filter(detail__contains="We met").exists()
    kept = entry(child, f"We met at {CODE} today.", key=20, detail_postcode=CODE)
    assert client_as("nurse").post(where, kept).status_code == 302
    assert ChronologyEntry.objects.filter(detail__contains="We met").count() == 1


# What leaves Harbour.


@pytest.mark.django_db
def test_the_copy_of_a_notification_leaves_a_protected_address_out_until_confirmed(viewer, client_as):
    sent = make_notification(
        viewer("teacher"), address_lines=LINES, postcode=CODE, address_protected=True, safe_contact="Text after 4pm"
    )
    browser, where = client_as("teacher"), reverse("referrals:sent_copy", args=[sent.reference])
    ways = ("", "?address=confirmed", "?address=1")
    plain_copy, asked, wrong = (words_of(browser.get(f"{where}{way}").content) for way in ways)
    for copy in (plain_copy, wrong):
        assert LINES not in copy
        assert CODE not in copy
        assert "left out" in copy
    assert LINES in asked
    assert CODE in asked
    detail = browser.get(reverse("referrals:sent_detail", args=[sent.reference])).content.decode()
    assert f"{where}?address=confirmed" in detail
    open_one = make_notification(viewer("teacher"), address_lines=LINES, postcode=CODE)
    where = reverse("referrals:sent_copy", args=[open_one.reference])
    assert LINES in words_of(browser.get(where).content)


def on_paper(page):
    """What a printed page shows of a page: all but what is left off paper."""
    return re.sub(r'<span class="hb-no-print">[^<]*</span>', "", page)


@pytest.mark.django_db
@pytest.mark.parametrize("ended", [False, True])
def test_a_printed_page_leaves_it_out(ended, child, address, client_as):
    if ended:
        type(address).objects.filter(pk=address.pk).update(ended_on=address.started_on)
    page = client_as("socialworker").get(reverse("cases:file", args=[child.reference])).content.decode()
    shown = " ".join(re.findall(r'<span class="hb-no-print">([^<]*)</span>', page))
    for words in (LINES, CODE, "Her stepfather looks for her"):
        assert words in shown
        assert words not in on_paper(page)
    assert ("Protected address, not printed: " if ended else "Protected: not printed") in on_paper(page)


@pytest.mark.django_db
def test_an_open_address_of_the_past_is_printed(child, address, client_as):
    fields = {"ended_on": address.started_on, "protected": False, "protection_reason": ""}
    type(address).objects.filter(pk=address.pk).update(**fields)
    page = client_as("socialworker").get(reverse("cases:file", args=[child.reference])).content.decode()
    assert f"{LINES}, {CODE}" in on_paper(page)


@pytest.mark.django_db
@pytest.mark.parametrize("protected", [True, False])
def test_a_notification_is_printed_without_an_address_that_must_be_kept(protected, world, viewer, client_as):
    sent = make_notification(viewer("teacher"), address_lines=LINES, postcode=CODE, address_protected=protected)
    grant(make_child("Robin", "Ashdown"), world.functions[FunctionKey.NOTIFICATION_POINT].group)
    pages = {"triage": "referrals:triage_detail", "teacher": "referrals:sent_detail"}
    for name, where in pages.items():
        page = client_as(name).get(reverse(where, args=[sent.reference])).content.decode()
        times = 2 if name == "triage" else 1  # beside the files it may belong to, and in full
        assert (page.count(LINES), page.count(CODE)) == (times, times)
        assert on_paper(page).count(LINES) == on_paper(page).count(CODE) == (0 if protected else times)

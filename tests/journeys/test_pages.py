"""Every registered page, with everybody who may see it and those who may not, at rest and with its form in error.

The pages come from the registry of views. A page is reached as people reach it, by following links from their home
page; the few that no link leads to are named here with how to open them. A registered page that neither knows fails.
Each role then has its own page judged, once for each skeleton that a page has: see `tests.journeys.skeleton`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pghistory
import pytest
from django.urls import Resolver404, URLPattern, URLResolver, get_resolver, resolve, reverse
from django.utils import timezone
from playwright.sync_api import Browser

from accounts.middleware.policy import ViewPolicy
from accounts.models import Agency, Draft, Membership
from accounts.rules.roles import Capability
from accounts.rules.viewers import Viewer
from accounts.selectors import now, viewer_of
from cases.record.models import Child
from referrals.models import MatchQuestion, Notification
from referrals.rules.notify import STEPS
from reporting.presenters.pdf import report_as_pdf
from reporting.rules.periods import last_six_months
from reporting.services import make_next, request_report
from risk.models import RiskAssessment
from tests.journeys.browsing import Answer, Caller, Visit
from tests.journeys.judging import WIDE, judge, judge_without_scripts, windows
from tests.journeys.product import Ask, Product
from tests.journeys.skeleton import fingerprints
from tests.journeys.states import let_things_happen, pages_of_steps, viewer

Record = Callable[[str, object], None]
# What each person was answered for each page that is open to them, in the order of asking.
Answers = dict[tuple[str, str], Answer]
READERS = ("teacher", "socialworker", "triage", "manager", "guardian", "chair", "duty", "admin")
ASKERS = (*READERS, "nurse", "officer", "keyworker", "coordinator", "analyst", "housing", "outsider")
PAGES_FOLLOWED = 120
# Pages of one view that ask different things.
VARIANTS = ("step", "kind")
# What no link leads to. Each is opened below, or answers with something that is no page.
NOT_LINKED = {
    "healthz": "/healthz",
    "healthz_alerts": "/healthz/alerts",
    "accounts:sign_in": "/account/sign-in/",
    "accounts:sign_in_code": "/account/sign-in/code/",
    "accounts:sign_in_by_email": "/account/sign-in/by-email/",
    "accounts:sign_in_email_code": "/account/sign-in/by-email/code/",
    "accounts:welcome": "/account/welcome/of-nobody/",
    "accounts:single_sign_on": "/account/sign-in/with/nobody/",
    "accounts:single_sign_on_back": "/account/sign-in/with/nobody/back/",
    "accounts:single_sign_on_end": "/account/sign-out/at/nobody/",
    "accounts:switch_membership": "/account/acting-as/",
    "accounts:second_factor_picture": "/account/second-step/key.svg",
    "cases:search": "/cases/search/",
}
OF_PROVIDERS = ("accounts:single_sign_on", "accounts:single_sign_on_back", "accounts:single_sign_on_end")
NOT_A_PAGE = {
    "healthz": "application/json",
    "healthz_alerts": "application/json",
    "referrals:sent_copy": "application/pdf",
    "reporting:pdf": "application/pdf",
    "cases:export_looks": "text/csv",
    "cases:export_who_looked": "text/csv",
    "cases:search": "a redirect",
    "accounts:sign_in_code": "a redirect, but for somebody whose password was right a moment ago",
    "accounts:sign_in_email_code": "a redirect, but for who asked for a code; test_signing_in walks through it",
    "accounts:second_factor_picture": "image/svg+xml",
    **dict.fromkeys(OF_PROVIDERS, "a redirect, and only where a provider is set; test_signing_in walks through it"),
    "accounts:welcome": "a page by a link from an e-mail alone; test_signing_in walks through it",
    "panels:minutes": "application/pdf",
    "panels:child_minutes": "application/pdf",
}
# A list of children, which nobody opens who works with totals alone.
OF_FILES_TOO = ("reporting:files_behind_a_figure",)
# Pages of one person alone: to everybody else they do not exist, or lead home.
OWN = ("draft_id", "token")
# A page without a question can still be refused.
ASKS_SOMETHING = """form => [...form.elements].some(
    (each) => each.name && each.type !== "hidden" && each.type !== "submit")"""
SPOIL = """(form, words) => {
    for (const each of form.elements) {
        if (each.type === "radio" || each.type === "checkbox") each.checked = false;
        else if (each.tagName === "SELECT") each.selectedIndex = 0;
        else if (each.name && each.type !== "hidden" && each.type !== "submit") each.value = words;
    }
}"""
PRESSED_WITHOUT_QUESTION = ("referrals:notify_check",)
# A form to which every answer is sound: attendance may be taken bit by bit.
NEVER_REFUSED = ("panels:attendance",)
TOO_LONG = "x" * 6001
EVERY_ROLE = bool(os.environ.get("HARBOUR_EVERY_ROLE"))


@dataclass(frozen=True)
class Found:
    """One registered page, where it was found, and by whom."""

    name: str
    path: str
    reader: str

    @property
    def view(self) -> str:
        return self.name.split(" ")[0]

    @property
    def is_page(self) -> bool:
        return self.view not in NOT_A_PAGE


def is_page(policy: ViewPolicy) -> bool:
    """Whether a view answers people; what answers programs is described in its own way, and tested by it."""
    return "GET" in policy.methods and not policy.is_operation


def registered() -> dict[str, ViewPolicy]:
    """Every page, by the name of its address, with its policy."""

    def walk(patterns: list[Any], prefix: str) -> Iterator[tuple[str, ViewPolicy]]:
        for each in patterns:
            if isinstance(each, URLResolver):
                yield from walk(each.url_patterns, f"{prefix}{each.namespace}:" if each.namespace else prefix)
            elif isinstance(each, URLPattern) and is_page(each.callback.policy):
                yield f"{prefix}{each.name}", each.callback.policy

    return dict(walk(get_resolver().url_patterns, ""))


def name_of(path: str) -> str:
    """The view that an address leads to, with its variant; empty for an address of nobody."""
    try:
        match = resolve(path.split("?")[0].split("#")[0])
    except Resolver404:
        return ""
    return " ".join([match.view_name, *(match.kwargs[name] for name in VARIANTS if name in match.kwargs)])


@pytest.fixture(scope="module")
def callers(product: Product) -> dict[str, Caller]:
    """Everybody who asks, signed in without a browser; and nobody."""
    people = {name: Caller(product.address, name).sign_in(product.users[name]) for name in ASKERS}
    return people | {"": Caller(product.address)}


@pytest.fixture(scope="module")
def seen() -> Answers:
    """Every page that somebody was shown while links were followed and pages asked for; it fills as the tests run."""
    return {}


@pytest.fixture(scope="module")
def found(product: Product, callers: dict[str, Caller], ask: Ask, seen: Answers) -> dict[str, Found]:
    """Each page, as the first of the readers finds it by following links from home."""
    pages = {name: Found(name, path, "teacher" if "acting" in path else "") for name, path in NOT_LINKED.items()}
    draft = begin_a_notification(callers["teacher"])
    for step in STEPS:
        name = f"referrals:notify_step {step}"
        pages[name] = Found(name, draft.replace("/child/", f"/{step}/"), "teacher")
    pages["accounts:carry_on"] = Found("accounts:carry_on", send_too_late(product, callers["teacher"]), "teacher")
    ask(make_a_report)
    ask(let_things_happen)
    add_a_service_account(callers["admin"])
    for reader in READERS:
        for name, answer in follow_links(callers[reader], each_view=2).items():
            pages.setdefault(name, Found(name, answer.path, reader))
            seen[reader, name] = answer
    for name, path, reader in ask(met_only_afterwards) + ask(pages_of_steps):
        if reader not in callers:
            callers[reader] = Caller(product.address, reader).sign_in(product.users[reader])
        page = Found(name, path, reader)
        pages[name] = page if "?" in path else pages.get(name, page)  # the second part of what is asked in two
    form = pages["cases:choose_agency"]
    agency = ask(lambda: Agency.objects.filter(ended_on=None).order_by("-name")[0].pk)
    pages["cases:involve"] = Found("cases:involve", f"{form.path}{agency}/", form.reader)
    end = pages["cases:end_involvement"]
    pages["cases:explain_work"] = Found("cases:explain_work", end.path.replace("/end/", "/explain/"), end.reader)
    return pages


def met_only_afterwards() -> list[tuple[str, str, str]]:
    """Pages that follow on something somebody did: from what the demo has done already."""
    sent = Notification.objects.select_related("referrer").order_by("reference")
    first, unfinished = sent.filter(referrer__username="teacher")[0], sent.filter(matrix_completed_at=None)[0]
    question = MatchQuestion.objects.filter(answered_at=None).order_by("pk")[0]
    begun = Draft.objects.filter(user__username="keyworker", form__startswith="risk_").order_by("form")
    files = [(draft, Child.objects.get(pk=draft.subject).reference) for draft in begun]
    thrown_away = [
        ("risk:discard_correction", reverse("risk:discard_correction", args=[file, draft.form.split(":")[1]]))
        if ":" in draft.form
        else ("risk:discard", reverse("risk:discard", args=[file]))
        for draft, file in files
    ]
    own = RiskAssessment.objects.filter(author__username="keyworker", corrected_by=None, provisional=False)
    open_to_them = Child.objects.visible_to(viewer("keyworker"), at=now()).values("pk")
    corrected = own.filter(child__in=open_to_them).select_related("child").order_by("-assessed_at")[0]
    to_correct = ("risk:correct", reverse("risk:correct", args=[corrected.child.reference, corrected.pk]))
    return [(name, path, "keyworker") for name, path in (*thrown_away, to_correct)] + [
        (name, reverse(name, args=[argument]), reader)
        for name, argument, reader in (
            ("referrals:sent_acknowledgement", first.reference, first.referrer.username),
            ("referrals:sent_matrix", unfinished.reference, unfinished.referrer.username),
            ("referrals:triage_question", question.pk, "guardian"),
        )
    ]


def make_a_report() -> None:
    """A report over the last six months, asked for by a manager and made as the worker makes it."""
    at = now()
    member = Membership.objects.get(user__username="manager", ended_on=None)
    with pghistory.context(reason="report"):
        request_report(period=last_six_months(timezone.localdate(at)), at=at, by=viewer_of(member))
        make_next(clock=now, render=report_as_pdf)


def begin_a_notification(caller: Caller) -> str:
    return caller.post("/notify/", caller.get("/notify/").form_fields).path


def add_a_service_account(caller: Caller) -> None:
    """A system that may send, with a token: the pages of both are then led to."""
    form = caller.get("/account/service-accounts/add/")
    agency = re.findall(r'<option value="([0-9a-f-]{36})"', form.body)[0]
    said = {"system": "Missing persons system", "agency": agency, "name": "live", "lasts": "90"}
    assert "/tokens/" in caller.post("/account/service-accounts/add/", {**form.form_fields, **said}).path


def send_too_late(product: Product, caller: Caller) -> str:
    """A form of somebody's, sent when the session had ended: where it waits to be sent again."""
    stranger = Caller(product.address)
    answer = stranger.post("/notify/", caller.get("/notify/").form_fields)
    return f"/account/carry-on/{answer.path.split('held=')[1]}/"


def follow_links(caller: Caller, *, each_view: int) -> dict[str, Answer]:
    """The pages that links lead to from home, breadth first: at most so many addresses of each view, the first kept."""
    waiting, asked = ["/"], set()
    followed: dict[str, int] = {}
    pages: dict[str, Answer] = {}
    while waiting and len(asked) < PAGES_FOLLOWED:
        path = waiting.pop(0)
        name = name_of(path)
        if path in asked or not name or followed.get(name, 0) >= each_view:
            continue
        asked.add(path)
        followed[name] = followed.get(name, 0) + 1
        answer = caller.get(path)
        if answer.status != 200 or name_of(answer.path) != name:
            continue
        pages.setdefault(name, answer)
        waiting += [link for link in answer.links if link.startswith("/")]
    return pages


def test_every_registered_page_can_be_reached(found: dict[str, Found]) -> None:
    """A view that is registered and that no link, and no line above, leads to."""
    assert {page.view for page in found.values()} >= set(registered())


def test_each_person_gets_what_the_policy_says(
    found: dict[str, Found], callers: dict[str, Caller], ask: Ask, seen: Answers, record_property: Record
) -> None:
    """Each page by plain request, as a third of the people in turn and as nobody: as all of them by `make pages`."""
    policies, people = registered(), ask(who_may_see_what)
    wrong: list[str] = []

    def call_all(place: int, username: str) -> None:
        for turn, page in enumerate(found.values()):
            if username and not EVERY_ROLE and (turn + place) % 3:
                continue
            answer = callers[username].get(page.path)
            if answer.status == 200 and name_of(answer.path) == page.name:
                seen.setdefault((username, page.name), answer)
            came = "sign in" if answer.path.startswith("/account/sign-in/?next=") else answer.status
            allowed = expected_answers(page, policies[page.view], people.get(username))
            if came not in allowed:
                wrong.append(f"{username or 'nobody'} got {came} for {page.path}, not {allowed}")

    with ThreadPoolExecutor(2) as several:
        list(several.map(call_all, *zip(*enumerate(callers), strict=True)))
    assert wrong == []
    asked_by = (len(callers) - 1) // (1 if EVERY_ROLE else 3)
    record_property("scanned", f"{len(found)} pages, each asked for by {asked_by} people and by nobody")


@dataclass(frozen=True)
class Sight:
    """One person under their membership, and the references of the files that are open to them."""

    username: str
    viewer: Viewer
    files: frozenset[str]


def who_may_see_what() -> dict[str, Sight]:
    """Asked of the product's database, apart from the pages."""
    at = now()
    found = {}
    for member in Membership.objects.filter(ended_on=None).select_related("user"):
        viewer = viewer_of(member)
        files = frozenset(Child.objects.visible_to(viewer, at=at).values_list("reference", flat=True))
        found[member.user.username] = Sight(member.user.username, viewer, files)
    return found


def expected_answers(page: Found, policy: ViewPolicy, person: Sight | None) -> set[Any]:
    """What one person may be answered for one page. The reader who found it sees it; what is somebody's own is 404
    to everybody else; a file is 404 to those it is not open to, and 403 where the role or the file bars an action."""
    parts = resolve(page.path.split("?")[0]).kwargs
    if page.view == "healthz_alerts":
        return {200, 503}  # as the sweep happens to be
    if page.view == "accounts:welcome" or page.view in OF_PROVIDERS:
        return {404}  # a link that never was; a provider that is not set
    if policy.public:
        return {200}
    if person is None:
        return {"sign in"}
    if policy.reads_file and parts["reference"] not in person.files:
        return {404}  # whether there is a file comes before what a role may do on it
    if policy.capability and not person.viewer.may(policy.capability):
        return {403}
    if page.view in OF_FILES_TOO and not person.viewer.may(Capability.READ_FILES):
        return {403}
    if person.username == page.reader:
        return {200}
    if page.view == "cases:add_matrix_change":
        return {200, 403, 404}  # whoever proposed it
    if page.view == "cases:possible_conflict":
        return {200, 403, 404}  # a guardian's, and never one's own
    if "address_id" in parts and parts["reference"] in person.files:
        return {200, 403, 404}  # who may know a protected address
    if page.view == "accounts:open_again":
        return {200, 404}  # of an agency that they manage, or not
    if page.view == "cases:conflict":
        return {200, 404}  # a guardian, who placed it, and who leads
    if page.view == "cases:access_request":
        return {200, 403, 404}  # whoever may answer, on files that they know of
    if page.view == "cases:share_received":
        return {200, 404}  # whom it was shared with
    if page.view == "cases:share_withdrawn":
        return {200, 404}  # who was told to destroy it
    if page.view == "cases:emergency_review":
        return {200, 404}  # who opened it, who manages them, who leads and who reviews it
    if page.view.startswith("panels:") and parts and not policy.reads_file:
        return {200, 403, 404}  # who sits at the meeting, who runs it, and which files they may know of
    if page.view in ("accounts:decide_role", "accounts:review"):
        return {200, 404}  # of an agency that they manage, or not
    if page.view == "accounts:second_factor_picture":
        return {200, 404}  # while a key is on offer
    if page.view == "missing:report_made":
        return {404}  # whoever reported reads their own reference, and nobody else does
    if not page.is_page:
        return {200, 403, 404} if parts else {200}  # a document of somebody's own, or of an entry that may be closed
    if page.view == "accounts:carry_on":
        return {200}  # it leads home, which everybody has
    if page.view.startswith("referrals:") and parts:
        shared = page.view == "referrals:triage_detail" or "question_id" in parts
        return {200, 404} if shared else {404}
    if policy.reads_file:
        return {200, 403} if len(parts) == 1 else {200, 403, 404}  # one entry of an open file may be closed
    return {200}


def test_every_page_and_every_form_in_error_is_sound(
    browser: Browser,
    product: Product,
    found: dict[str, Found],
    callers: dict[str, Caller],
    ask: Ask,
    record_property: Record,
) -> None:
    """In the browser of somebody who may see it: wide, narrow, and without scripts. Each form that asks something is
    then sent from the same window with nothing chosen and too much written: it comes back, whole and sound."""
    names = ask(names_of_children)
    at_rest: dict[str, list[str]] = {}
    in_error: dict[str, list[str]] = {}
    with windows(browser, product, callers) as window_of:
        for page in found.values():
            if not page.is_page:
                continue
            visit = window_of(page.reader)
            sent = Answer.shown(visit.page.goto(page.path))
            at_rest[page.name] = [*judge(visit, page.name, names), *judge_without_scripts(sent)]
            if not spoil(visit, page, done=set(in_error)):
                continue
            name = f"{name_of(visit.page.url.removeprefix(product.address))} in error"
            if name not in in_error:
                in_error[name] = judge(visit, name, names)
                if visit.page.locator(".govuk-error-summary").count() != 1:
                    in_error[name].append("it did not come back with its problems")
    assert {name: lines for name, lines in (at_rest | in_error).items() if lines} == {}
    assert len(at_rest) > 45
    assert len(in_error) > 20
    record_property("scanned", f"{len(at_rest)} pages at rest, wide, narrow and without scripts")
    record_property("scanned", f"{len(in_error)} forms in error, wide and narrow")


def one_of_each_role() -> list[str]:
    """Somebody for each role that anybody holds, those who are asked for everything first."""
    holders: dict[str, str] = {}
    held = Membership.objects.current(now().date()).order_by("user__username")
    for username, role in held.values_list("user__username", "role"):
        if role not in holders or username in ASKERS:
            holders[role] = username
    return sorted(holders.values())


@pytest.mark.skipif(not EVERY_ROLE, reason="takes a quarter of an hour: make pages")
def test_every_page_is_sound_as_each_role_gets_it(
    browser: Browser,
    product: Product,
    found: dict[str, Found],
    callers: dict[str, Caller],
    ask: Ask,
    seen: Answers,
    record_property: Record,
) -> None:
    """Each page that each role is shown, at rest and with its form in error, judged once for each skeleton it has."""
    people, names = ask(one_of_each_role), ask(names_of_children)
    look_around(people, product, callers, seen)
    pages = {pair: answer for pair, answer in seen.items() if pair[1].split(" ")[0] not in NOT_A_PAGE}
    judged: set[str] = set()
    scans = 0
    troubles: dict[str, list[str]] = {}
    with windows(browser, product, callers) as window_of:
        for (username, name), answer in pages.items():
            if fingerprints(answer.body) <= judged:
                continue
            judged |= fingerprints(answer.body)
            scans += 1
            visit = window_of(username)
            visit.page.goto(answer.path)
            troubles[f"{name} as {username}"] = [*judge(visit, name, names), *judge_without_scripts(answer)]
            has_form = 'method="post"' in answer.body.split("<main")[-1]
            came_back = spoil(visit, Found(name, answer.path, username), done=set()) if has_form else ""
            if came_back and not fingerprints(came_back) <= judged:
                judged |= fingerprints(came_back)
                scans += 1
                troubles[f"{name} in error as {username}"] = judge(visit, f"{name} in error", names)
    assert {name: lines for name, lines in troubles.items() if lines} == {}
    assert {username for username, _ in pages} >= set(people)
    assert scans > len(found)
    record_property("scanned", f"{len(pages)} pairs of page and person, {len(people)} roles: {scans} scans")


def look_around(people: list[str], product: Product, callers: dict[str, Caller], seen: Answers) -> None:
    """Follow links as those who did not yet, so that each role is met on files of its own."""

    def follow(username: str) -> None:
        if username not in callers:
            callers[username] = Caller(product.address, username).sign_in(product.users[username])
        for name, answer in follow_links(callers[username], each_view=1).items():
            seen.setdefault((username, name), answer)

    with ThreadPoolExecutor(2) as several:
        list(several.map(follow, [username for username in people if username not in READERS]))


FAULTS = {
    "label": "document.querySelector('label[for=id_username]').remove()",
    "console error": "console.error('a fault')",
    "main heading": "document.querySelector('main').append(document.createElement('h1'))",
    "wider than": "document.querySelector('main').style.width = '500px'",
    "404": "fetch('/static/nothing.js')",
    "Content Security Policy": "document.querySelector('main').innerHTML += '<b style=\"top:0\">x</b>'",
    "title": "document.title = 'Harbour'",
    "is named": "document.title = 'Marnie Testchild – Harbour'",
    "framework": "document.querySelector('main').append('This field is required')",
}


def test_the_scan_sees_each_kind_of_fault(browser: Browser, product: Product, callers: dict[str, Caller]) -> None:
    """A sound page, spoilt in one way at a time."""
    with windows(browser, product, callers) as window_of:
        visit = window_of("")
        visit.page.goto("/account/sign-in/")
        assert judge(visit, "before", {"Testchild"}) == []
        for sign, spoiling in FAULTS.items():
            visit.page.goto("/account/sign-in/")
            visit.page.evaluate(spoiling)  # waits for what it asks of the server
            assert sign in " ".join(judge(visit, "after", {"Testchild"})), sign


def names_of_children() -> set[str]:
    """Family names and whole names of all children who have a file or were referred."""
    rows = [
        *Child.objects.values_list("given_name", "family_name"),
        *Notification.objects.values_list("given_name", "family_name"),
    ]
    return {family for _, family in rows if family} | {f"{given} {family}" for given, family in rows if family}


def spoil(visit: Visit, page: Found, *, done: set[str]) -> str:
    """Fill the own form of the page that stands open wrongly and send it; the page that came back, empty without a
    form that asks something."""
    form = visit.page.get_by_role("main").locator("form[method=post]").first
    visit.page.set_viewport_size(WIDE)
    if not form.count():
        return ""
    target = name_of(form.evaluate("form => new URL(form.action).pathname"))
    asks = form.evaluate(ASKS_SOMETHING)
    if target in NEVER_REFUSED or f"{target} in error" in done or not (asks or page.view in PRESSED_WITHOUT_QUESTION):
        return ""
    form.evaluate(SPOIL, TOO_LONG)
    with visit.page.expect_navigation() as coming:
        form.evaluate("form => form.querySelector('button[type=submit]').click()")
    return coming.value.text() if coming.value else ""

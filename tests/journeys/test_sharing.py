"""Sharing with a partner, in the browsers of those who work with it: asked for, refused, asked for again, shared, read,
written down for who looked, and over on its day; a decision not to share; and what was shared in error, withdrawn."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import urlsplit

from django.utils import timezone
from playwright.sync_api import Browser

from accounts.selectors import now, viewer_of
from cases.access.choices import Category
from cases.access.rules import Action, Level, category_levels, decide
from cases.access.selectors import facts_of, matrix_in_force
from cases.record.models import Child
from cases.record.selectors.facts import lead_of
from cases.sharing.choices import Answer, DeclineReason, LawfulBasis, SharingPurpose
from cases.sharing.rules.requests import askable_by
from cases.sharing.rules.shares import seen_by, shareable
from cases.sharing.selectors.requests import open_request
from cases.sharing.selectors.shares import may_receive, wish_of
from tests import cluster as clusters
from tests.journeys.casework import open_tab
from tests.journeys.people import Person, all_at_work
from tests.journeys.product import Ask, Product
from tests.journeys.states import viewer

# A share ends on a day that is not to be typed as past, so the owner of the database brings the latest one's day.
ITS_DAY_HAS_PASSED = """
    BEGIN;
    CREATE TEMPORARY TABLE latest ON COMMIT DROP AS
        SELECT decision.id FROM cases_sharingdecision AS decision JOIN cases_child ON child_id = cases_child.id
        WHERE reference = %(file)s AND kind = 'shared' ORDER BY decided_at DESC LIMIT 1;
    ALTER TABLE cases_accessgrant DISABLE TRIGGER USER;
    UPDATE cases_accessgrant SET valid_until = now() WHERE source_id IN (SELECT id FROM latest);
    ALTER TABLE cases_accessgrant ENABLE TRIGGER USER;
    ALTER TABLE cases_sharingdecision DISABLE TRIGGER USER;
    UPDATE cases_sharingdecision SET ends_at = now() WHERE id IN (SELECT id FROM latest);
    ALTER TABLE cases_sharingdecision ENABLE TRIGGER USER;
    COMMIT;
"""
ASKERS = ("nurse", "officer", "housing", "youth.worker", "safeguarding.lead")


@dataclass(frozen=True)
class Wanted:
    """What somebody may ask of a file that they see a part of, and who leads there and could share it."""

    reference: str
    asker: str
    asker_name: str
    asker_id: int
    lead: str
    category: Category
    last_day: date

    @property
    def path(self) -> str:
        return f"/cases/{self.reference}/"


def something_to_ask_for() -> Wanted:
    """The first file on which one of the askers may ask for what its lead sees in full."""
    at = now()
    matrix = matrix_in_force(on=timezone.localdate(at))
    for asker in ASKERS:
        asking = viewer(asker)
        for child in Child.objects.visible_to(asking, at=at).filter(restricted=False, merged_into=None).order_by("pk"):
            lead = lead_of(child.pk)
            if lead is None or lead.membership is None or lead.membership.agency_id == asking.agency_id:
                continue
            leading = viewer_of(lead.membership)
            file = Child.objects.visible_to(leading, at=at).filter(pk=child.pk).first()
            if open_request(child.pk, asking.membership_id) is not None:
                continue
            if file is None or not decide(leading, Action.SHARE, facts_of(file), matrix).allowed:
                continue
            theirs = set(shareable(category_levels(leading, facts_of(file), matrix)))
            offered = askable_by(asking, category_levels(asking, facts_of(child), matrix), matrix)
            for name in sorted(theirs & set(offered)):
                if seen_by([asking.role_key], name, matrix) < Level.SUMMARY:
                    continue
                day = timezone.localdate(at) + timedelta(days=30)
                username = lead.membership.user.username
                return Wanted(child.reference, asker, asking.name, asking.user_id, username, Category(name), day)
    raise AssertionError("The demo has no such file")


def test_a_partner_asks_is_refused_asks_again_and_sees_it_until_its_day(
    browser: Browser, product: Product, ask: Ask
) -> None:
    wanted = ask(something_to_ask_for)
    with all_at_work(browser, product) as who:
        asker, lead, guardian = who(wanted.asker), who(wanted.lead), who("guardian")
        ask_to_see(asker, wanted, first=True)
        refuse(lead, wanted)
        asker.goes_to("/access-requests/")
        asker.reads("You need not know it for what you do.")
        ask_to_see(asker, wanted, first=False)
        share_what_was_asked(lead, wanted)
        shared = read_what_is_shared(asker, wanted)
        assert not may_still_ask(asker, wanted)
        assert looks_of(lead, wanted) > 0
        with clusters.cursor_of(product.owner_url) as cursor:
            cursor.execute(ITS_DAY_HAS_PASSED, {"file": wanted.reference})
        asker.goes_to(shared, status=404)
        assert may_still_ask(asker, wanted)
        lead.goes_to(f"{wanted.path}sharing/")
        lead.reads("Ended ")
        guardian.goes_to(f"/access/looks/{wanted.asker_id}/")
        guardian.reads(wanted.asker_name, wanted.reference)


def ask_to_see(asker: Person, wanted: Wanted, *, first: bool) -> None:
    asker.goes_to(wanted.path)
    open_tab(asker, "Who can see it")
    asker.follow("Ask to see more")
    asker.on_page("Ask to see more")
    if first:
        asker.press("Ask")
        asker.problem(
            "Select at least one kind of information", "Select what you need it for", "Say what you will do with it"
        )
    asker.choose("What do you need to see?", wanted.category.label.capitalize())
    asker.choose("What do you need it for?", SharingPurpose.SUPPORT.label)
    asker.write("What will you do with it?", "Plan who meets the child at the gate on the days they are worried.")
    asker.press("Ask")
    asker.on_page("Requests for access")
    asker.reads("You have asked. You are told when somebody answers.", "Not answered yet")
    asker.goes_to(f"{wanted.path}ask-for-access/")
    asker.reads("You have asked already")


def open_the_request(lead: Person, wanted: Wanted) -> None:
    lead.goes_to("/access-requests/")
    row = lead.page.get_by_role("row").filter(has_text=wanted.reference).filter(has_text=wanted.asker_name).first
    row.get_by_role("link").first.click()
    lead.on_page("A request for access")
    lead.reads("Plan who meets the child at the gate")


def refuse(lead: Person, wanted: Wanted) -> None:
    open_the_request(lead, wanted)
    lead.press("Refuse")
    lead.problem("Select why not", "Say what you tell whoever asked")
    lead.choose("Why not?", DeclineReason.MORE_HARM.label)
    lead.write("What do you tell whoever asked?", "You need not know it for what you do.")
    lead.press("Refuse")
    lead.reads("You need not know it for what you do.")


def share_what_was_asked(lead: Person, wanted: Wanted) -> None:
    open_the_request(lead, wanted)
    lead.press("Share with them")
    lead.on_page(re.compile("^Share with "))
    say_what_everybody_said(lead, wanted.last_day)
    lead.press("Share")
    lead.reads("who is told.")


def say_what_everybody_said(lead: Person, last_day: date) -> None:
    """What allows the share that stands open, that everybody agrees, and until when."""
    lead.choose("What allows you to share it?", LawfulBasis.PUBLIC_TASK.label)
    lead.choose("Has the child been told, and what do they say?", Answer.AGREES.label)
    lead.choose("Have the parents or carers been told, and what do they say?", Answer.AGREES.label)
    lead.choose("Does this go against what the child, or a parent or carer, wants?", "No")
    lead.write_day("What is the last day on which they need it?", last_day)


def read_what_is_shared(asker: Person, wanted: Wanted) -> str:
    """The partner reads what they may do with it; returns the address of that page."""
    asker.goes_to("/shared-with-us/")
    asker.page.get_by_role("row").filter(has_text=wanted.reference).get_by_role("link").first.click()
    asker.on_page("Shared with you")
    asker.reads("What you may do with it", wanted.category.label)
    asker.press("I have read this")
    asker.reads("Whoever shared it sees that you have read this.")
    return urlsplit(asker.page.url).path


def looks_of(lead: Person, wanted: Wanted) -> int:
    lead.goes_to(wanted.path)
    open_tab(lead, "Who looked")
    lead.on_page("Who looked")
    return lead.page.get_by_role("row").filter(has_text=wanted.asker_name).count()


def may_still_ask(asker: Person, wanted: Wanted) -> bool:
    """Whether the kind of information is offered to be asked for: it is not seen in full."""
    asker.goes_to(f"{wanted.path}ask-for-access/")
    asker.on_page("Ask to see more")
    return asker.page.get_by_label(wanted.category.label.capitalize(), exact=True).count() == 1


def test_what_is_shared_in_error_is_withdrawn_and_what_is_not_shared_is_written_down(
    browser: Browser, product: Product, ask: Ask
) -> None:
    file = ask(file_kept_from_housing)
    with all_at_work(browser, product) as who:
        lead, housing, guardian = who(file.lead), who("housing"), who("guardian")
        housing.goes_to(file.path, status=404)
        decide_not_to_share(lead, file)
        housing.goes_to(file.path, status=404)
        share_in_error(lead, file)
        housing.goes_to(file.path)
        withdraw(lead, file)
        housing.goes_to(file.path, status=404)
        guardian.goes_to("/alerts/")
        guardian.reads("Shared in error")


@dataclass(frozen=True)
class Kept:
    """A file that an agency may not know of, who works with it and could share it, and what the agency would see."""

    reference: str
    lead: str
    agency: str
    category: Category
    next_month: date

    @property
    def path(self) -> str:
        return f"/cases/{self.reference}/"


def file_kept_from_housing() -> Kept:
    """The first file that the keyworker could share with the housing officer, of whose child no wish is known."""
    at = now()
    matrix = matrix_in_force(on=timezone.localdate(at))
    worker, officer = viewer("keyworker"), viewer("housing")
    theirs = Child.objects.visible_to(officer, at=at).values("pk")
    rows = Child.objects.visible_to(worker, at=at).filter(restricted=False, merged_into=None).exclude(pk__in=theirs)
    for child in rows.order_by("pk"):
        people = may_receive(child.pk, but=worker.agency_id, at=at, agency_id=officer.agency_id)
        if (
            not people
            or wish_of(child.pk) is not None
            or not decide(worker, Action.SHARE, facts_of(child), matrix).allowed
        ):
            continue
        for name in shareable(category_levels(worker, facts_of(child), matrix)):
            if seen_by([officer.role_key], name, matrix) >= Level.SUMMARY:
                day = timezone.localdate(at) + timedelta(days=30)
                return Kept(child.reference, "keyworker", officer.agency_name, Category(name), day)
    raise AssertionError("The demo has no such file")


def choose_housing(lead: Person, file: Kept, button: str) -> None:
    lead.goes_to(file.path)
    open_tab(lead, "Sharing")
    lead.press(button)
    lead.page.get_by_label("Which agency?").select_option(label=file.agency)
    lead.press("Continue")


def decide_not_to_share(lead: Person, file: Kept) -> None:
    choose_housing(lead, file, "Decide not to share")
    lead.on_page(f"Decide not to share with {file.agency}")
    lead.press("Save the decision")
    lead.problem("Select at least one kind of information", "Select why it is not shared", "Say why it is not shared")
    lead.choose("Which kinds of information?", file.category.label.capitalize())
    lead.choose("Why is it not shared?", DeclineReason.NOT_NEEDED.label)
    lead.write("In a sentence or two", "They find the family a flat and need not know why.")
    lead.press("Save the decision")
    lead.reads("Your decision not to share is written down", "They find the family a flat and need not know why.")


def share_in_error(lead: Person, file: Kept) -> None:
    choose_housing(lead, file, "Share")
    lead.on_page(f"Share with {file.agency}")
    lead.choose("What do you share?", "Kinds of information")
    offered = lead.group("Which kinds of information?")
    offered.get_by_label(re.compile(f"^{re.escape(file.category.label.capitalize())}")).check()
    lead.choose("What do they need it for?", SharingPurpose.SUPPORT.label)
    lead.write("What will they do with it?", "Look for a flat away from the harbour.")
    say_what_everybody_said(lead, file.next_month)
    lead.press("Share")
    lead.reads(f"Shared with {file.agency}, who is told.")


def withdraw(lead: Person, file: Kept) -> None:
    lead.press("Withdraw or end it")
    lead.on_page("Withdraw or end this share")
    lead.press("End their access")
    lead.problem("Select why it ends", "Say what happened")
    lead.choose("Why does it end?", "It was shared in error")
    lead.write("What happened?", "It was meant for the other housing service.")
    lead.press("End their access")
    lead.reads("Withdrawn: their access has ended.", "Overview")

"""From a teacher's worry to a file that the right agencies work on, in the browsers of the people who do it."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from datetime import timedelta

from playwright.sync_api import Browser, expect

from tests.journeys.casework import (
    accept_as_new,
    decide_in_haste,
    open_from_the_worklist,
    open_the_assessment,
    say_why,
)
from tests.journeys.people import (
    Person,
    Referral,
    answer_nothing_at_first,
    at_work,
    begin,
    change_the_telephone,
    fill_in,
    fill_words,
    send,
)
from tests.journeys.product import Ask, Product
from tests.masking import masked


def test_a_teacher_refers_a_child_and_loses_nothing_on_the_way(browser: Browser, product: Product) -> None:
    """Wrong answers, a break, an ended session and a change of mind: all that was typed arrives, once."""
    child = Referral(given_name="Marnie", family_name="Holloway")
    with at_work(browser, product, "teacher") as teacher:
        begin(teacher)
        answer_nothing_at_first(teacher, child)
        fill_in(teacher, child, first="More about the child", until="What worries you")
        leave_and_come_back(teacher, child)
        fill_in(teacher, child, first="What worries you", until="What does the child say? (optional)")
        lose_the_session(teacher, child)
        fill_in(teacher, child, first="Who knows about this")
        change_the_telephone(teacher)
        reference = press_send_twice(teacher, child)
        read_the_copy(teacher, child, reference)


def leave_and_come_back(teacher: Person, child: Referral) -> None:
    teacher.write("What have you seen or heard?", "She came to registration at 10 without her coat.")
    teacher.press("Save and come back later")
    teacher.reads("What you have written is kept. It has not been sent.")
    teacher.sign_out()
    teacher.page.goto("/account/sign-in/")
    teacher.sign_in()
    teacher.menu("What I sent")
    teacher.follow(f"Carry on: {child.name}")

    teacher.on_page("What worries you")
    expect(teacher.page.get_by_label("What have you seen or heard?")).to_have_value(
        "She came to registration at 10 without her coat."
    )


def lose_the_session(teacher: Person, child: Referral) -> None:
    teacher.on_page("What does the child say? (optional)")
    fill_words(teacher, child)
    teacher.context.clear_cookies(name="harbour_session")
    teacher.press("Continue")
    teacher.reads("You were signed out", "it is kept")
    teacher.sign_in()

    teacher.on_page("Check and send what you typed")
    teacher.reads(child.words)
    teacher.press("Send it now")
    teacher.on_page("Who knows about this")
    teacher.press("Back")
    expect(teacher.page.get_by_label("What does the child say?")).to_have_value(child.words)
    teacher.press("Continue")


def press_send_twice(teacher: Person, child: Referral) -> str:
    """The first press reaches the server and its answer is lost; the second sends the same page again."""
    page = teacher.page
    form = page.get_by_role("main").locator("form")
    typed = form.evaluate("form => Object.fromEntries(new FormData(form))")
    first = teacher.context.request.post(page.url, form=typed, max_redirects=0)
    assert first.status == 302
    reference = send(teacher)
    assert f"/{reference}/" in first.headers["location"]
    teacher.reads(reference, "The notification point reads it and decides the same working day", "01632 960 100")
    teacher.reads("Your score, for now", "Low risk, provisional", "Low is not no action")
    expect(page).to_have_title(f"Sent, {reference} – Harbour")
    teacher.menu("What I sent")
    expect(page.get_by_role("main").get_by_role("link", name=child.name)).to_have_count(1)
    return reference


def read_the_copy(teacher: Person, child: Referral, reference: str) -> None:
    teacher.follow(child.name)
    copy = teacher.page.get_by_role("main").get_by_role("link", name="Download a copy for your file (PDF)")
    filename, pages = teacher.downloads(copy)
    words = " ".join(pages)
    assert filename == f"{reference}.pdf"
    for said in (reference, child.name, "She got into a grey van", "07700 900 321", "Marns", *child.indicators):
        assert said in words, said


def test_triage_takes_a_referral_in_its_place_and_the_right_agencies_work_on_it(
    browser: Browser, product: Product, ask: Ask
) -> None:
    """Four people, one child: refer, decide, lead, and be kept out."""
    known = a_child_known_to_triage(ask)
    child = Referral(given_name=known.given_name, family_name=known.family_name, born=known.born)
    with at_work(browser, product, "teacher") as teacher:
        begin(teacher)
        fill_in(teacher, child)
        notification = send(teacher)
        with at_work(browser, product, "triage") as triage:
            find_in_its_place(triage, child, notification, ask)
            decide_nothing_at_first(triage, child, known)
            accept_as_new(triage, notification)
        read_the_outcome(teacher, child, known)
    file = file_of(notification, ask)
    with at_work(browser, product, "socialworker") as worker:
        work_on_the_file(worker, child, file)
    be_kept_out(browser, product, child, file)
    with at_work(browser, product, "guardian") as guardian:
        see_who_looked(guardian, file)


@dataclass(frozen=True)
class KnownChild:
    """A child of the demo whose file the notification point may open."""

    reference: str
    given_name: str
    family_name: str
    born: tuple[str, str, str]


def a_child_known_to_triage(ask: Ask) -> KnownChild:
    from accounts.models import Membership
    from accounts.selectors import now, viewer_of
    from cases.record.models import Child

    def known() -> KnownChild:
        viewer = viewer_of(Membership.objects.get(user__username="triage"))
        at = now()
        young = (at - timedelta(days=17 * 365), at - timedelta(days=14 * 365))  # under 13 the level is raised
        files = Child.objects.visible_to(viewer, at=at).filter(birth_date__range=young, merged_into=None)
        found = files.order_by("reference")[0]
        born = found.birth_date
        return KnownChild(
            found.reference, found.given_name, found.family_name, (str(born.day), str(born.month), str(born.year))
        )

    return ask(known)


def file_of(notification: str, ask: Ask) -> str:
    from referrals.models import Notification

    found = ask(lambda: Notification.objects.select_related("child").get(reference=notification).child)
    assert found is not None
    return found.reference


def find_in_its_place(triage: Person, child: Referral, notification: str, ask: Ask) -> None:
    """The queue is the most urgent first, then the oldest."""
    from referrals.models import Notification
    from referrals.rules.triage import urgency

    triage.menu("Triage")
    triage.on_page("Triage")
    rows = triage.page.get_by_role("list").filter(has=triage.page.get_by_text(notification)).get_by_role("listitem")
    shown = re.findall(r"N-\w{3}-\w{4}", " ".join(rows.all_inner_texts()))
    waiting = sorted(
        ask(lambda: list(Notification.objects.filter(status="sent"))),
        key=lambda one: (
            urgency(danger=one.immediate_danger, harm_status=one.harm_status, level=one.computed_level),
            one.sent_at,
        ),
    )
    assert shown == [one.reference for one in waiting[:25]]
    assert notification in shown
    row = rows.filter(has_text=notification)
    expect(row).to_contain_text("Saltmarsh Academy")
    expect(row).to_contain_text("Criminal exploitation, including county lines, Going missing")
    expect(row).to_contain_text("Low risk, provisional")
    row.get_by_role("link", name=child.name).click()
    triage.on_page(f"{child.name}")
    expect(triage.page).to_have_title(f"Triage, {notification} – Harbour")


def decide_nothing_at_first(triage: Person, child: Referral, known: KnownChild) -> None:
    """What was written is all there, the likely file stands beside it with reasons in words, and haste is refused."""
    triage.reads(child.concern.splitlines()[0], child.words, "01632 960 777", "Ruth Adeyemi-Clarke")
    for indicator in child.indicators:
        triage.reads(indicator)
    files = triage.page.get_by_role("region", name="Files this may belong to, side by side")
    expect(files.get_by_role("link", name=known.reference)).to_be_visible()
    expect(files).to_contain_text("Very likely")
    decide_in_haste(triage)
    triage.reads(child.words)


def read_the_outcome(teacher: Person, child: Referral, known: KnownChild) -> None:
    """The referrer reads what was decided, and nothing that tells of another file."""
    teacher.menu("What I sent")
    row = teacher.page.get_by_role("row").filter(has_text=child.name)
    expect(row).to_contain_text("Accepted: agencies will work together with this child")
    row.get_by_role("link", name=child.name).click()
    teacher.reads(
        "Accepted: agencies will work together with this child", "A named worker will now work with the child"
    )
    teacher.reads("Hannah Brightwater leads the work with the child (Social worker,", "07700 900")
    page = teacher.page.content()
    for untold in (known.reference, "already", "known to", "joined", "/cases/"):
        assert untold not in page, untold


def work_on_the_file(worker: Person, child: Referral, file: str) -> None:
    """The lead finds the file, reads why the score is what it is, and judges the level."""
    assert open_from_the_worklist(worker, child) == file
    expect(worker.page).to_have_title(f"Overview, {file} – Harbour")
    worker.reads("Hannah Brightwater, leads", "Saltmarsh Academy", "Northmere")
    open_the_assessment(worker)
    lines = worker.page.get_by_role("region", name="What each answer counted")
    for number, indicator in enumerate(child.indicators, start=1):
        row = lines.get_by_role("row").filter(has_text=indicator)
        expect(row.get_by_role("cell")).to_have_text(["Yes", re.compile(r"\w+"), "1", str(number)])
    worker.reads("Low is not no action", "Seen by two teachers", "Nobody has judged a level on this assessment yet.")
    worker.press("Judge the level")
    worker.choose("What level do you judge?", "Medium")
    worker.press("Save the level")
    worker.problem("Your level differs from the computed one. Say why in a sentence or two.")
    say_why(worker)


def be_kept_out(browser: Browser, product: Product, child: Referral, file: str) -> None:
    """An agency without a grant cannot tell the file from one that never was, by address, list or search."""
    for username in ("housing", "outsider"):
        with at_work(browser, product, username) as kept_out:
            kept_out.menu("Children")
            expect(kept_out.page.get_by_role("main")).not_to_contain_text(file)
            kept_out.page.get_by_role("searchbox").fill(file)
            kept_out.page.get_by_role("search").get_by_role("button").click()
            kept_out.reads("No file open to you has that name or reference.")
            for path in ("", "risk/", "chronology/", "who-looked/"):
                pages = [kept_out.goes_to(f"/cases/{one}/{path}", status=404).content() for one in (file, "ZZZ-9999")]
                assert masked(pages[0]) == masked(pages[1])
            expect(kept_out.page.get_by_role("main")).not_to_contain_text(child.family_name)


def see_who_looked(guardian: Person, file: str) -> None:
    """Everybody who opened the file stands there, and those who were refused."""
    guardian.goes_to(f"/cases/{file}/who-looked/")
    guardian.on_page("Who looked")
    table = guardian.page.get_by_role("table", name="Who looked")
    for reader in ("Hannah Brightwater", "Beverley Stannard", "Leon Applegarth"):
        expect(table.get_by_role("row").filter(has_text=reader).first).to_be_visible()
    expect(table).not_to_contain_text("Ruth Adeyemi-Clarke")


def test_a_child_in_danger_is_told_to_the_out_of_hours_team_at_once(browser: Browser, product: Product) -> None:
    """An alert that somebody takes, and an e-mail that names nobody."""
    child = Referral(given_name="Isolde", family_name="Fairweather", in_danger=True)
    before = len(product.mails)
    with at_work(browser, product, "teacher") as teacher:
        begin(teacher)
        fill_in(teacher, child)
        notification = send(teacher)
        teacher.reads("this is urgent", "ring 999", "01632 960 199")
    with at_work(browser, product, "duty") as duty:
        duty.goes_to("/alerts/")
        alerts = duty.page.get_by_role("button", name=re.compile("^Take it"))
        counts = duty.page.get_by_role("main").locator(".hb-count")
        waiting = sum(map(int, counts.all_inner_texts()))
        assert waiting > 0
        expect(duty.page.get_by_role("main")).not_to_contain_text(child.family_name)
        alerts.last.click()
        duty.reads("You have taken this alert")
        duty.menu("Triage")
        row = duty.page.get_by_role("listitem").filter(has_text=notification)
        expect(row).to_contain_text("Immediate danger")
        duty.goes_to("/alerts/")
        assert sum(map(int, counts.all_inner_texts())) == waiting - 1
    mails = mails_after(product, before, to="duty@harbour.example")
    assert any("duty@harbour.example" in mail for mail in mails)
    for mail in mails:
        for untold in (child.given_name, child.family_name, notification, "Quayside", "van"):
            assert untold not in mail, f"{untold} in {mail}"


def mails_after(product: Product, before: int, *, to: str) -> list[str]:
    """The e-mails that went out since, once there is one to somebody: the dispatcher looks every five seconds, and
    people are also written to when they sign in on a new device."""
    ends = time.monotonic() + 30
    while not any(to in mail for mail in product.mails[before:]) and time.monotonic() < ends:
        time.sleep(0.5)
    return product.mails[before:]

"""Files that are kept from somebody, for each of three reasons, and everything that is written on one.

Somebody has a conflict of interest; or the file is restricted, and they are not named on it; or what opened it to them
has ended. What is written is what others would notice on a list, in a number, on an agenda, in a search or beside a
notification. On a file whose access has ended that leaves out what opens it anew: a report, an interview, an agenda.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

from django.db import transaction

from accounts.choices import AccessOutcome, FunctionKey
from accounts.models import FunctionMember
from accounts.rules.roles import Capability
from accounts.services.access_events import record_access
from cases.access.choices import Category
from cases.clocks.services import sweep
from cases.record.choices import EntryKind
from cases.record.models import Child
from cases.record.services import add_alias, add_chronology
from cases.sharing.choices import RestrictionKind
from cases.sharing.models.looks import LookSignal
from cases.sharing.services.restriction import restrict_file
from missing.choices import EpisodeKind
from missing.services.episodes import EpisodeDetails, report_episode
from missing.services.returns import start_interview
from panels.models import Meeting
from referrals.models import Notification
from tests.access.pairs import HOUR, Exact, Scene, an_address, an_assessment, exact, open_the_next, send
from tests.conftest import HonestClient
from tests.factories.accounts import make_membership
from tests.factories.cases import grant, make_child, make_lead, make_spell
from tests.factories.conflicts import make_conflict, make_possible
from tests.factories.emergency import make_emergency
from tests.factories.missing import make_finding, make_returned
from tests.factories.panels import make_action, make_item
from tests.factories.referrals import make_match_question, make_notification
from tests.factories.shares import make_request, make_share, make_wish

DAY = timedelta(days=1)
KINDS = ("blocked", "restricted", "ended")
# By which each file is searched and reported: nobody else of this family is known.
FAMILY, GIVEN = "Vantablack", {"blocked": "Quillon", "restricted": "Wilhelmina", "ended": "Thaddeus"}
REFERENCE = {kind: f"XXX-000{number}" for number, kind in enumerate(KINDS, start=2)}


def set_about(scene: Scene) -> None:
    """What is there whatever is kept from somebody: that they and the third are told of interviews, a colleague, a
    guardian who is none of those who are asked, and that each of the children was told of, under their own name. What
    looks like a child whom a conflict of interest keeps from who triages is kept with the file (decision 0324).
    """
    acting = scene.world.membership(scene.person)
    scene.things.named["colleague"] = make_membership(agency=acting.agency, role=acting.role)
    guardian = make_membership(agency=scene.world.agency("partnership"), role="data_guardian")
    scene.things.named["other_guardian"] = guardian.pk
    team = scene.world.functions[FunctionKey.INTERVIEW_TEAM]
    for name in (scene.person, scene.third):
        FunctionMember.objects.get_or_create(membership=scene.world.membership(name), function=team)
    for kind in KINDS:
        scene.things.named[f"told_of_{kind}"] = f"N-{REFERENCE[kind]}"
        if not kept_with_it(scene, kind):
            tell_of(scene, kind)


def kept_with_it(scene: Scene, kind: str) -> bool:
    return kind == "blocked" and scene.by(scene.person).may(Capability.TRIAGE)


def tell_of(scene: Scene, kind: str) -> None:
    told = {"given_name": GIVEN[kind], "family_name": FAMILY, "birth_date": scene.child.birth_date}
    make_notification(scene.by("teacher"), reference=scene.things.named[f"told_of_{kind}"], **told)


@contextmanager
def database(scene: Scene, *, there: bool, busy: bool) -> Iterator[None]:
    """One of the databases, for as long as it is asked: without the files, with them, or with all that is on them."""
    with transaction.atomic():
        for kind in KINDS if there else ():
            place(scene, kind)
            if busy:
                write_all(replace(scene, things=replace(scene.things, child=file_of(kind))), kind)
        open_the_next(scene)
        sweep(scene.at)
        yield
        transaction.set_rollback(True)


def file_of(kind: str) -> Child:
    return Child.objects.get(reference=REFERENCE[kind])


def place(scene: Scene, kind: str) -> None:
    """A file that was opened to the person's agency, and to them, and is kept from them; the third works with it."""
    person, third = (scene.world.membership(name) for name in (scene.person, scene.third))
    began = scene.at - 2 * DAY
    child = make_child(
        GIVEN[kind], FAMILY, pk=uuid.uuid5(uuid.NAMESPACE_OID, kind), reference=REFERENCE[kind],
        birth_date=scene.child.birth_date,
    )  # fmt: skip
    for to in {person.agency, third.agency}:
        until = scene.at - HOUR if kind == "ended" and to == person.agency else None
        grant(child, to, valid_from=began, valid_until=until)
    grant(child, person, valid_from=began, valid_until=scene.at - HOUR)
    grant(child, third, valid_from=began)
    make_lead(child, third, at=began, by=scene.by(scene.third))
    if kept_with_it(scene, kind):
        tell_of(scene, kind)
    if kind == "blocked":
        make_conflict(child, scene.by(scene.person), by=scene.by("triage"))
    if kind == "restricted":
        restrict_file(
            child=Child.objects.get(pk=child.pk),
            kind=RestrictionKind.values[0],
            reason="A relative of hers works at one of the agencies.",
            review_on=(scene.at + 20 * DAY).date(),
            named={third.pk, scene.things.named["other_guardian"]},
            version=Child.objects.get(pk=child.pk).version,
            at=scene.at - HOUR,
            by=scene.by(scene.third),
        )


def write_all(scene: Scene, kind: str) -> None:
    """Everything that others notice of the file, `scene.child`."""
    on_the_file(scene)
    in_registers(scene, kind)
    if kind != "ended":
        that_opens_it(scene)


def on_the_file(scene: Scene) -> None:
    for category in (Category.MISSING, Category.ASSESSMENT, Category.PLAN):
        add_chronology(
            child=scene.again(),
            kind=EntryKind.OBSERVATION,
            category=category,
            happened_at=scene.at - HOUR,
            summary=f"Something about {scene.child.given_name} that is for others.",
            at=scene.at,
            by=scene.writer,
        )
    an_assessment(scene)
    an_address(scene)
    add_alias(child=scene.again(), name=f"Roscoe {FAMILY}", note="", at=scene.at, by=scene.writer)


def in_registers(scene: Scene, kind: str) -> None:
    """Shares, wishes, requests, an emergency, a possible conflict, looks, and notifications about the child."""
    world, child, third = scene.world, scene.child, scene.world.membership(scene.third)
    far = world.agency("far_charity")
    make_share(child, far, third, granted=False)
    make_wish(child, third)
    make_request(child, world.membership("outsider"))
    make_emergency(child, third)
    if kind != "ended":  # of their own people's emergencies a manager is told
        make_emergency(child, scene.things.named["colleague"])
    if kind == "blocked":  # and a guardian of looks, on any file where they have no conflict
        looked = {"count": 3, "first_at": scene.at - HOUR, "last_at": scene.at - HOUR}
        digest, user = scene.things.named["digest_id"], scene.writer.user_id
        LookSignal.objects.create(digest_id=digest, kind="own_name", user_id=user, child_id=child.pk, **looked)
    make_possible(child, scene.by("camhs" if scene.person != "camhs" else "nurse"))
    told = Notification.objects.get(reference=scene.things.named[f"told_of_{kind}"])
    # Whether it is about a file for named people is a question to every guardian who has no conflict there.
    if kind == "blocked" or not scene.by(scene.person).may(Capability.AUDIT):
        make_match_question(told, child)
    make_notification(scene.by("teacher"), given_name=child.given_name, family_name=FAMILY, child=child)
    record_access(
        viewer=scene.writer,
        action="cases:file",
        outcome=AccessOutcome.ALLOWED,
        reason_code="granted",
        child_id=child.pk,
    )


def that_opens_it(scene: Scene) -> None:
    """An interview that is nearly late, a child who is missing now, and a place on the agenda of the next meeting."""
    child, writer, third = scene.child, scene.writer, scene.world.membership(scene.third)
    back = make_returned(child, writer, last_seen_at=scene.at - 60 * HOUR, returned_at=scene.at - 56 * HOUR)
    interview = start_interview(back, at=scene.at, by=writer)
    make_finding(interview, writer, Category.INTERVIEW, "Why, and with whom.")
    gone = EpisodeDetails(EpisodeKind.MISSING, last_seen_at=scene.at - 6 * HOUR, reported_at=scene.at - 5 * HOUR)
    report_episode(child=child, details=gone, at=scene.at, by=writer)
    make_spell(child, writer)  # a child who is worked with, and was missing so lately, is on the agenda by its rule
    meeting = Meeting.objects.get(pk=scene.things.named["meeting_id"])
    item = make_item(meeting, child, scene.by("coordinator"))
    make_action(item, third, scene.by("chair"), text=f"Ring the school of {child.given_name}.")


# Asking.


def noticed(browser: HonestClient, scene: Scene) -> dict[str, Exact]:
    """Where somebody who works with the files notices them, and everything that is written on them."""
    urls = {
        "order": "/cases/",
        "count": "/",
        "clock": "/alerts/",
        "missing": "/missing/",
        "agenda": f"/panels/{scene.things.named['meeting_id']}/",
        **{kind: f"/cases/{REFERENCE[kind]}/" for kind in KINDS},
    }
    answers = {name: exact(send(browser, url)) for name, url in urls.items()}
    return answers | {"search": exact(send(browser, "/cases/search/", {"words": f"Roscoe {FAMILY}"}))}

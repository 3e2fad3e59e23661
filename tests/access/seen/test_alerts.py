"""Which alerts and clocks somebody is shown, which of them lead to a page, and who was written to, one condition at a
time.

`make mutants` turns round or leaves out each of these conditions, and says what was not noticed.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from accounts.choices import FunctionKey
from accounts.models import DefinitionVersion, Membership
from accounts.rules.viewers import NOBODY, Viewer
from accounts.selectors import viewer_of
from cases.clocks.choices import AlertKind, ClockKind
from cases.clocks.models import Alert, Clock, OutboxMessage
from cases.clocks.selectors import alerts, clocks
from cases.record.models import Child
from cases.sharing.selectors.withdrawn import share_withdrawn
from panels.models import Action
from tests.access.seen.rows import DAY, GUARDIANS, HOUR, POINT, ROLE, named, one_by_one
from tests.factories.accounts import make_function, make_membership
from tests.factories.cases import block, give, make_child
from tests.factories.emergency import make_emergency
from tests.factories.panels import make_action, make_item, make_meeting, make_panel
from tests.factories.referrals import make_notification
from tests.factories.shares import make_breach, make_share

pytestmark = pytest.mark.django_db


def tell(to: Membership | str, *, about: Child | None = None, kind: str = "access_asked", **said: Any) -> Alert:
    """An alert to a person, or to those who serve in a function."""
    whom = {"group": make_function(to).group} if isinstance(to, str) else {"membership": to}
    row = {"dedupe_key": str(uuid4()), "kind": kind, "subject_id": uuid4(), "child": about}
    return Alert.objects.create(**{**row, **whom, **said})


def run(owner: Membership | None, at: datetime, *, about: Child | None = None, **said: Any) -> Clock:
    key = said.get("kind", ClockKind.ACCESS_ANSWERED)
    definition = DefinitionVersion.objects.filter(kind="clock", key=key).first()
    times = {"anchored_at": at - DAY, "due_at": at + DAY, "first_due_at": at + DAY}
    row = {"kind": key, "definition": definition, "subject_id": uuid4(), "child": about, "owner_membership": owner}
    return Clock.objects.create(**{**row, **times, **said})


@pytest.fixture
def files(child, unknown, at) -> dict[str, Child]:
    """A file that is known, one that is not, and those that are kept from `member`."""
    return {"known": child, "unknown": unknown, "blocked": make_child("Cai", "Seen"), "shut": make_child("Dan", "Seen")}


@pytest.fixture
def member(files, join, at) -> Membership:
    one = join("data_guardian", functions=(GUARDIANS,))
    block(files["blocked"], viewer_of(one), by=viewer_of(make_membership(role="data_guardian")), at=at - HOUR)
    Child.objects.filter(pk=files["shut"].pk).update(restricted=True)
    return one


def test_an_alert_is_shown_to_whom_it_went_and_none_about_a_file_that_is_kept_from_them(member, files, at):
    colleague = make_membership(role=ROLE, agency=member.agency)
    sent = {f"about {name}": tell(GUARDIANS, about=file) for name, file in files.items()}
    sent |= {
        "mine": tell(member),
        "mine about blocked": tell(member, about=files["blocked"]),
        "to the agency": tell(member, membership=None, group=member.agency.group),
        "to a colleague": tell(colleague),
        "to the point": tell(POINT),
    }
    viewer = viewer_of(member)
    seen = {"about known", "about unknown", "mine", "to the agency"}
    assert named(sent, alerts.alerts_for(viewer, at=at)) == seen
    assert named(sent, alerts.alerts_for(viewer_of(colleague), at=at)) == {"to the agency", "to a colleague"}
    without = Viewer(user_id=member.user_id, name="Without a role")
    assert named(sent, alerts.alerts_for(without, at=at)) == set()
    assert alerts.count_open_alerts(viewer, at=at) == 4
    assert alerts.count_open_alerts(NOBODY, at=at) == 0
    admin = make_membership(role="technical_admin", functions=(GUARDIANS,))
    seen = {"about known", "about unknown", "about blocked", "about shut"}
    assert named(sent, alerts.alerts_for(viewer_of(admin), at=at)) == set(), "who opens no file is told of none"
    plain = tell(admin)
    assert list(alerts.alerts_for(viewer_of(admin), at=at)) == [plain]
    served = make_membership(role=ROLE, functions=(GUARDIANS,))
    assert named(sent, alerts.alerts_for(viewer_of(served), at=at)) == seen - {"about shut"}


def test_nothing_is_told_any_more_of_a_share_that_is_over(child, join, at):
    member, by = join(), make_membership(role=ROLE)
    over = make_share(child, member, by, at=at - DAY, ends_at=at, granted=False)
    runs = make_share(child, member.agency, by, at=at - DAY, granted=False)
    received = AlertKind.SHARE_RECEIVED
    sent = {
        "runs": tell(member, about=child, kind=received, subject_id=runs.pk),
        "over": tell(member, about=child, kind=received, subject_id=over.pk),
        "withdrawn": tell(member, about=child, kind=AlertKind.SHARE_WITHDRAWN, subject_id=over.pk),
    }
    assert named(sent, alerts.alerts_for(viewer_of(member), at=at)) == {"runs", "withdrawn"}


def test_what_was_withdrawn_is_read_by_whoever_was_told_and_may_know_of_the_file(member, files, at):
    by, colleague = make_membership(role=ROLE), make_membership(role=ROLE, agency=member.agency)
    rows = {name: make_breach(file, member, by).breach for name, file in files.items()}
    for name, row in rows.items():
        tell(member, about=files[name], kind=AlertKind.SHARE_WITHDRAWN, subject_id=row.pk)
    rows["told of otherwise"] = make_breach(files["known"], member, by).breach
    tell(member, about=files["known"], kind=AlertKind.SHARED_IN_ERROR, subject_id=rows["told of otherwise"].pk)
    rows["told a colleague"] = make_breach(files["known"], member, by).breach
    told = {"kind": AlertKind.SHARE_WITHDRAWN, "subject_id": rows["told a colleague"].pk}
    tell(colleague, about=files["known"], **told)
    seen = one_by_one(rows, share_withdrawn, viewer_of(member), at)
    assert seen == {"known", "unknown"}
    assert one_by_one(rows, share_withdrawn, viewer_of(colleague), at) == {"told a colleague"}


def test_what_waits_to_be_taken_stands_still_and_is_owed_by_whom_it_told(member, at):
    other = make_membership(role=ROLE)
    stopped = {"state": "done", "done_at": at, "stopped_at": at}
    sent = {
        "event": tell(member),
        "taken": tell(member, acknowledged_at=at, acknowledged_by=member.user),
        "mine": tell(member, clock=run(member, at)),
        "done": tell(member, clock=run(member, at, **stopped)),
        "given away": tell(member, clock=run(other, at)),
        "the group's": tell(GUARDIANS, clock=run(other, at)),
        "nobody's": tell(member, clock=run(None, at)),
    }
    viewer = viewer_of(member)
    waits = {"event", "mine", "the group's"}
    assert named(sent, alerts._open(viewer, at)) == waits
    assert alerts.count_open_alerts(viewer, at=at) == 3
    assert {one.alert_id for one in alerts.open_alerts(viewer, at=at)} == {sent[name].pk for name in waits}
    assert [one.taken_by for one in alerts.taken_lately(viewer, at=at)] == [str(member.user)]


def test_who_was_written_to_of_a_subject(member, at):
    subject, other = uuid4(), make_membership(role=ROLE)
    first, again = (tell(GUARDIANS, subject_id=subject, dedupe_key=key) for key in "ab")
    elsewhere = [tell(GUARDIANS), tell(GUARDIANS, subject_id=subject, kind="access_answer")]
    for alert, one in ((first, member), (again, other), *((row, make_membership()) for row in elsewhere)):
        OutboxMessage.objects.create(alert=alert, membership=one)
    assert alerts.people_told(AlertKind.ACCESS_ASKED, subject) == {member.user_id, other.user_id}
    assert alerts.people_told(AlertKind.ACCESS_ASKED, uuid4()) == frozenset()


def pages(found: dict[tuple[str, UUID], Any], sent: dict[str, Alert]) -> dict[str, tuple[bool, bool]]:
    """Of each alert whether it leads to a page, and whether it can be taken there."""
    assert set(found) == {(row.kind, row.subject_id) for row in sent.values()}
    return {name: (bool((page := found[row.kind, row.subject_id]).href), page.may_take) for name, row in sent.items()}


def make_own(files: dict[str, Child], by: Viewer) -> Action:
    meeting = make_meeting(make_panel("Second panel"))
    return make_action(make_item(meeting, files["known"], by), make_membership(role=ROLE), by)


def test_an_alert_leads_to_a_page_that_is_for_the_role_and_of_a_file_that_is_known(member, files, at):
    make_function(FunctionKey.OPERATIONAL_PANEL)
    by, meeting = viewer_of(make_membership(role="coordinator")), make_meeting(make_panel())
    withdrawn = AlertKind.SHARE_WITHDRAWN  # its page is no page of a file: it stands when the file is closed
    sent = {"withdrawn": tell(member, kind=withdrawn)}
    sent["withdrawn, unknown"] = tell(member, about=files["unknown"], kind=withdrawn)
    for name in ("known", "unknown"):
        action = make_action(make_item(meeting, files[name], by), make_membership(role=ROLE), by)
        sent[f"action on {name}"] = tell(member, about=files[name], kind="action_done", subject_id=action.pk)
    sent["of no file"] = tell(member, kind="action_done", subject_id=sent.pop("action on known").subject_id)
    sent["action on known"] = tell(member, about=files["known"], kind="action_done", subject_id=make_own(files, by).pk)
    sent["page gone"] = tell(member, kind="action_done", subject_id=uuid4())
    row = make_notification(by)
    sent["notification"] = tell(member, kind="notification_decided", subject_id=row.pk)
    found = pages(alerts.pages_of(list(sent.values()), viewer_of(member), at=at), sent)
    assert found == {
        "withdrawn": (True, True),
        "withdrawn, unknown": (True, True),
        "of no file": (True, True),
        "action on known": (True, True),
        "action on unknown": (False, False),
        "page gone": (False, True),
        "notification": (False, False),
    }
    point = viewer_of(make_membership(role="notification_point"))
    assert pages(alerts.pages_of([sent["notification"]], point, at=at), {"it": sent["notification"]}) == {
        "it": (True, True)
    }


def test_an_emergency_is_taken_by_a_guardian_who_did_not_open_the_file_and_only_read_by_others(member, files, at):
    other = make_membership(role=ROLE)
    give(files["known"], at - HOUR, membership=other)
    theirs, own = make_emergency(files["known"], other), make_emergency(files["known"], member)
    kind = AlertKind.EMERGENCY_OPENED
    sent = {
        "theirs": tell(member, about=files["known"], kind=kind, subject_id=theirs.pk),
        "own": tell(member, about=files["known"], kind=kind, subject_id=own.pk),
        "told on file": tell(member, about=files["known"], kind=AlertKind.EMERGENCY_ON_FILE, subject_id=own.pk),
    }
    found = pages(alerts.pages_of(list(sent.values()), viewer_of(member), at=at), sent)
    assert found == {"theirs": (True, True), "own": (True, False), "told on file": (True, True)}


def test_a_clock_is_shown_to_who_owes_it_and_none_on_a_file_that_is_kept_from_them(member, files, at):
    group, other = make_function(GUARDIANS).group, make_membership(role=ROLE)
    ours = {"owner_group": group}
    rows = {f"mine on {name}": run(member, at, about=file) for name, file in files.items()}
    rows |= {f"ours on {name}": run(None, at, about=file, **ours) for name, file in files.items()}
    rows |= {
        "theirs": run(other, at),
        "theirs in our function": run(other, at, **ours),
        "another function's": run(None, at, owner_group=make_function(POINT).group),
        "done": run(member, at, state="done", done_at=at, stopped_at=at),
        "review": run(member, at, kind=ClockKind.SHARING_REVIEWED),
    }
    viewer = viewer_of(member)
    seen = {f"{whose} on {name}" for whose in ("mine", "ours") for name in ("known", "unknown")}
    assert named(rows, clocks.running_clocks(viewer, at=at)) == seen | {"review"}
    only = clocks.running_clocks(viewer, at=at, kinds=[ClockKind.SHARING_REVIEWED])
    assert named(rows, only) == {"review"}
    assert named(rows, clocks.running_clocks(NOBODY, at=at)) == set()
    assert named(rows, clocks.without_hidden(Clock.objects.filter(owner_membership=other), viewer, at)) == {
        "theirs",
        "theirs in our function",
    }

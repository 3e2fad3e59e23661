"""The demo: the same for a seed and a day, true to the figures, and nothing that the product would not have written."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pghistory
import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection, models, transaction
from django.db.models import Count, F, Max, Q

from accounts.choices import Sector
from accounts.models import AccessEvent, Agency, FunctionGroup, Membership, User
from accounts.rules.dates import LONDON
from accounts.rules.joining import SERVICES, check_may_join
from accounts.rules.roles import ROLES, Capability
from accounts.rules.tokens import why_not
from accounts.selectors import viewer_of
from accounts.selectors.tokens import service_memberships, tokens_of_services
from cases.access.choices import CATEGORY_BITS, Cell
from cases.access.models import AccessGrant, Block, ChildGroupGrant, ChildUserGrant, FileActivity
from cases.access.rules import mask_of
from cases.access.selectors import matrix_in_force
from cases.access.services import project
from cases.access.services.projection import subject_of
from cases.clocks.models import Alert, Clock, OutboxMessage
from cases.clocks.selectors import alerts_for, definition_of
from cases.clocks.services.running import climb_clocks
from cases.record.models import Child, ChronologyEntry, Entry, Identifier, Involvement, Spell
from cases.record.selectors.looking import refusals_lately
from cases.sharing.models import Conflict, Declaration, EmergencyAccess, PossibleConflict
from config.demo.calibration import figures
from config.demo.children import HISTORY_DAYS, plan_children
from config.demo.measures import MEASURES
from config.demo.people import password_of
from config.demo.reporting import shown
from config.demo.seeding import AlreadyThere, Seeded, seed_demo
from config.demo.texts import words
from referrals.choices import NotificationStatus, TriageOutcome
from referrals.models import MatchQuestion, Notification, TriageDecision
from referrals.selectors.triage import questions_for
from risk.models import JudgementReturn, LevelJudgement, RiskAssessment
from tests import cluster as clusters
from tests.conftest import close_all, serve_as_owner, serve_from

NAMED = [
    "teacher",
    "nurse",
    "officer",
    "socialworker",
    "keyworker",
    "interviewer",
    "triage",
    "chair",
    "coordinator",
    "manager",
    "guardian",
    "admin",
    "housing",
    "outsider",
]
DAY = datetime(2026, 3, 5, 14, 20, tzinfo=LONDON)
FILES, FEW = 24, 8
CALIBRATION = Path(__file__).resolve().parents[2] / "docs" / "calibration.md"
# What two runs may give differently: keys, references and tokens that nobody can foretell, and quick password hashes.
UNFORESEEABLE = {"id", "reference", "password", "dedupe_key", "xid", "prefix", "secret_hash", "event_ids"}
REFERENCE = re.compile(r"\bN-[0-9A-Z]{3}-[0-9A-Z]{4}\b")
KEY = re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")


@pytest.fixture(scope="module")
def seeded(cluster: clusters.Cluster, template: str, django_db_setup: None, django_db_blocker: Any) -> Any:
    """A database of its own with the demo in it, served as the owner: it is read by every test below."""
    with django_db_blocker.unblock():
        shared = connection.settings_dict["NAME"]
        close_all()
        name = clusters.clone(cluster, template)
        serve_as_owner(cluster, name)
        try:
            yield seed_demo(children=FILES, seed=1, at=DAY)
        finally:
            close_all()
            serve_from(cluster, shared)
            clusters.drop(cluster, name)


@pytest.fixture
def again(cluster: clusters.Cluster, template: str, seeded: Seeded, django_db_blocker: Any) -> Any:
    """`again(seed, files)`: what a second, empty database holds after the demo has been written into it."""

    def digests(seed: int, files: int) -> dict[str, str]:
        own = connection.settings_dict["NAME"]
        close_all()
        name = clusters.clone(cluster, template)
        serve_as_owner(cluster, name)
        try:
            seed_demo(children=files, seed=seed, at=DAY)
            return content()
        finally:
            close_all()
            serve_as_owner(cluster, own)
            clusters.drop(cluster, name)

    return digests


def content() -> dict[str, str]:
    """A digest of every table that the demo writes, blind to keys that are drawn anew each time."""
    ours = ("accounts", "cases", "risk", "missing", "referrals", "panels", "reporting")
    written = [model for model in apps.get_models() if model._meta.app_label in ours]
    return {
        model._meta.label: _digest(model)
        for model in written
        if not hasattr(model, "pgh_tracked_model") and model._meta.label != "accounts.DefinitionVersion"
    }


def _digest(model: type[models.Model]) -> str:
    names = [
        field.attname
        for field in model._meta.concrete_fields
        if not field.is_relation
        and field.name not in UNFORESEEABLE
        and not _is_key(field)
        and field.db_default is models.NOT_PROVIDED
    ]
    if not names:
        return str(model._default_manager.count())
    written = (json.dumps(row, default=str, sort_keys=True) for row in model._default_manager.values(*names))
    rows = sorted(KEY.sub("", REFERENCE.sub("N-", row)) for row in written)
    return f"{len(rows)} {hashlib.sha256(chr(10).join(rows).encode()).hexdigest()}"


def _is_key(field: Any) -> bool:
    return isinstance(field, models.UUIDField) or getattr(field, "base_field", None).__class__ is models.UUIDField


def test_a_seed_writes_the_same_content_twice_on_a_day_and_another_seed_other_content(
    seeded: Seeded, again: Any
) -> None:
    first, second, other = again(1, FEW), again(1, FEW), again(2, FEW)
    assert first == second
    drawn = ("cases.Child", "cases.ChronologyEntry", "referrals.Notification")
    assert [name for name in drawn if first[name] == other[name]] == []


def test_everybody_a_newcomer_signs_in_as_is_there_and_may_sign_in(seeded: Seeded) -> None:
    current = Membership.objects.current(DAY.date())
    assert set(NAMED) <= set(current.values_list("user__username", flat=True))
    for username in NAMED:
        assert User.objects.get(username=username).check_password(password_of(username))
        assert len(password_of(username)) >= 12
    assert Agency.objects.count() == 20
    assert User.objects.filter(is_service=False).exclude(password__startswith="!").count() == 45
    assert not User.objects.filter(Q(is_superuser=True) | Q(is_staff=True)).exists()
    assert set(current.values_list("role", flat=True)) == set(ROLES)


def test_each_health_service_is_an_agency_of_its_own(seeded: Seeded) -> None:
    """What one of them writes as its own, no other reads. Seen to fail where two served in one agency, twice."""
    roles: dict[str, set[str]] = {}
    for member in Membership.objects.current(DAY.date()).select_related("agency"):
        roles.setdefault(member.agency.name, set()).add(member.role)
    for name, held in roles.items():
        sector = Agency.objects.get(name=name).sector
        for role in held:
            check_may_join(role, agency=name, sector=sector, held=held)
    served = {role: [name for name, held in roles.items() if role in held] for role in SERVICES}
    assert {role: len(names) for role, names in served.items()} == dict.fromkeys(SERVICES, 1)
    agencies = Agency.objects.filter(sector=Sector.HEALTH)
    assert {agency.name for agency in agencies} == {name for (name,) in served.values()}
    assert all(agency.covered and agency.withheld_contact and agency.telephone for agency in agencies)


def test_there_are_a_seconded_worker_a_leaver_and_somebody_in_every_function(seeded: Seeded) -> None:
    memberships = Membership.objects.current(DAY.date()).values("user__username").annotate(number=Count("pk"))
    assert {row["user__username"] for row in memberships if row["number"] > 1} == {"seconded"}
    assert set(User.objects.exclude(memberships__ended_on=None).values_list("username", flat=True)) == {"leaver"}
    assert not FunctionGroup.objects.filter(memberships=None).exists()


def test_outsider_works_where_nobody_has_been_given_anything(seeded: Seeded) -> None:
    outsider = seeded.world.members["outsider"]
    theirs = AccessGrant.objects.filter(Q(group=outsider.agency.group) | Q(membership__agency=outsider.agency))
    assert not theirs.exists()
    assert not Child.objects.visible_to(viewer_of(outsider), at=DAY).exists()
    assert Child.objects.visible_to(seeded.world.viewers["coordinator"], at=DAY).exists()


def test_the_projection_is_what_the_grants_give(seeded: Seeded) -> None:
    def rows() -> Counter[tuple[Any, ...]]:
        found: Counter[tuple[Any, ...]] = Counter()
        for projection, subject in ((ChildGroupGrant, "group_id"), (ChildUserGrant, "user_id")):
            fields = (subject, "content_object_id", "valid_from", "valid_until", "category_mask")
            found.update((subject, *row) for row in projection.objects.values_list(*fields))
        return found

    before = rows()
    assert sum(before.values()) > FILES * 6
    # A row is made of every open grant of its subject on its file: one of them each makes it anew.
    grants = AccessGrant.objects.select_related("membership")
    for grant in {(*subject_of(grant), grant.child_id): grant for grant in grants}.values():
        project(grant, DAY)
    assert rows() == before


def test_the_projection_knows_the_latest_activity_in_what_it_opens(seeded: Seeded) -> None:
    """A row moves for what its grants open and each role that reads files in its group may know of."""
    matrix = matrix_in_force(on=DAY.date())
    told = {
        role: {key for key in CATEGORY_BITS if matrix.cell(role, key).value in "FSE"}
        for role in ROLES
        if Capability.READ_FILES in ROLES[role].capabilities
    }

    def bit_of(key: str) -> int:
        return mask_of([key])

    for row in ChildGroupGrant.objects.all():
        members = Membership.objects.current(DAY.date()).filter(
            Q(agency__group=row.group_id) | Q(functions__group=row.group_id)
        )
        known = [told[role] for role in members.values_list("role", flat=True) if role in told]
        opened = [
            key for key in CATEGORY_BITS if mask_of([key]) & row.category_mask and all(key in one for one in known)
        ]
        kept = FileActivity.objects.filter(child=row.content_object_id, category_mask__in=map(bit_of, opened))
        latest = kept.order_by("-at").values_list("at", flat=True).first()
        assert row.told_mask == mask_of(opened)
        assert row.last_activity_at == max(filter(None, [latest, row.valid_from]))


# What is written on a file and moves no list by itself, with the reason.
MOVES_NOTHING = {
    "missing.SafetyBriefing": "is for the interviewer; it comes with a step of the interview, which moves the file",
    "panels.Action": "stands on the panel's pages; what the panel decided is told on the timeline when it closes",
    "panels.AgendaItem": "stands on the panel's pages; who is listed is known to few until the agenda is published",
    "panels.Dissent": "is read with the panel's decision, which is told on the timeline when the meeting closes",
    "panels.ItemUpdate": "is written for the meeting, and read on the panel's pages",
    "panels.PanelDecision": "is told on the timeline when the meeting closes",
    "risk.JudgementReturn": "leaves the level as it is",
    "risk.LevelJudgement": "moves the file as its level when it counts",
}


def test_whatever_is_written_on_a_file_is_among_its_activities(seeded: Seeded) -> None:
    """Every table of content, each file and category: the lists are rebuilt from the activities alone."""
    kept = {(row.child_id, row.category_mask): row.at for row in FileActivity.objects.all()}
    behind: Counter[str] = Counter()
    for model in apps.get_models():
        if not issubclass(model, Entry):
            continue
        for row in model.objects.values("child_id", "category").annotate(latest=Max("recorded_at")):
            at = kept.get((row["child_id"], mask_of([row["category"]])))
            behind[model._meta.label] += at is None or at < row["latest"]
    assert {label: rows for label, rows in behind.items() if rows and label not in MOVES_NOTHING} == {}


def test_each_open_file_has_one_named_lead_and_a_closed_one_has_none(seeded: Seeded) -> None:
    for child in Child.objects.all():
        leads = Involvement.objects.filter(child=child, is_lead=True, ended_on=None)
        is_open = Spell.objects.filter(child=child, ended_on=None).exists()
        assert leads.count() == (1 if is_open else 0)
        assert all(lead.membership_id for lead in leads)


def test_whoever_wrote_had_access_then_and_a_role_that_writes_it(seeded: Seeded) -> None:
    matrix = matrix_in_force(on=DAY.date())
    entries = ChronologyEntry.objects.exclude(kind__in=["notification", "triage"]).select_related(
        "author_membership__agency"
    )
    assert entries.count() > FILES * 10
    sent = set(Notification.objects.values_list("child_id", "membership_id", "matrix_completed_at"))
    for entry in entries:
        member = entry.author_membership
        if entry.kind == "assessment" and (entry.child_id, member.pk, entry.happened_at) in sent:
            continue  # the Matrix that came with a notification, put on the file in its referrer's name
        # Who owns an action of the panel writes how it stands, through the grant that came with it.
        writes = (Cell.FULL, Cell.OWN, Cell.PANEL) if entry.kind == "action" else (Cell.FULL, Cell.OWN)
        assert matrix.cell(member.role, entry.category) in writes, (member.role, entry.category)
        groups = [member.agency.group_id, *member.functions.values_list("group_id", flat=True)]
        # The entry that ends an action or an interview is the last thing that its access is used for.
        moment = entry.recorded_at - timedelta(microseconds=1 if entry.kind in ("action", "interview") else 0)
        reaching = AccessGrant.objects.live(moment).filter(Q(group_id__in=groups) | Q(membership=member))
        assert reaching.filter(child=entry.child_id).exists(), (member, entry.kind, entry.recorded_at)
        assert member.ended_on is None or entry.recorded_at.date() < member.ended_on


def test_nobody_judged_their_own_lowered_level_and_some_wait(seeded: Seeded) -> None:
    lowered = LevelJudgement.objects.filter(needs_approval=True)
    assert lowered.exclude(approved_at=None).exists()
    assert not lowered.filter(approved_by=F("author")).exists()
    for judgement in lowered.exclude(approved_at=None):
        approver = Membership.objects.get(user=judgement.approved_by)
        assert approver.role in ("csc_manager", "specialist_manager", "panel_chair")
    returned = JudgementReturn.objects.select_related("judgement").get()
    assert returned.author_id != returned.judgement.author_id
    waiting = lowered.filter(approved_at=None, sent_back=None)
    assert waiting.count() >= 3
    assert not waiting.exclude(child__spell_entries__ended_on=None).exists()


def test_nothing_lies_in_the_future_but_reviews_and_access_that_begins(seeded: Seeded) -> None:
    start_of_day = DAY.replace(hour=0, minute=0)
    late = {}
    for model, fields in {
        ChronologyEntry: ("happened_at", "recorded_at"),
        Notification: ("sent_at", "matrix_completed_at"),
        TriageDecision: ("decided_at",),
        RiskAssessment: ("assessed_at", "recorded_at"),
        LevelJudgement: ("judged_at", "approved_at", "recorded_at"),
        JudgementReturn: ("sent_back_at", "recorded_at"),
        Involvement: ("recorded_at",),
        AccessEvent: ("at",),
        Alert: ("raised_at", "acknowledged_at"),
        Block: ("placed_at",),
        Child: ("opened_at",),
        EmergencyAccess: ("opened_at", "ends_at", "ended_at", "reviewed_at"),
    }.items():
        for field in fields:
            late[f"{model.__name__}.{field}"] = model.objects.filter(**{f"{field}__gte": start_of_day}).count()
    assert {name: number for name, number in late.items() if number} == {}
    earliest = Child.objects.order_by("opened_at").values_list("opened_at", flat=True)[0]
    assert (start_of_day - earliest).days <= HISTORY_DAYS
    assert AccessGrant.objects.filter(valid_from__gt=DAY).exists()
    assert AccessGrant.objects.filter(valid_until__lt=DAY).exists()
    assert AccessGrant.objects.exclude(ended_at=None).exists()


def test_what_was_made_late_is_due_and_is_coming(seeded: Seeded) -> None:
    due = Child.objects.exclude(review_due_on=None).values_list("review_due_on", flat=True)
    assert any(day < DAY.date() for day in due)
    assert any(day > DAY.date() for day in due)
    waiting = Notification.objects.filter(status=NotificationStatus.SENT)
    assert waiting.filter(urgent=True).count() == 1
    assert waiting.filter(urgent=False).count() > 3
    open_alerts = Alert.objects.filter(acknowledged_at=None)
    assert set(waiting.filter(urgent=True).values_list("pk", flat=True)) <= set(
        open_alerts.values_list("subject_id", flat=True)
    )


def test_who_was_told_in_time_is_not_told_again_at_the_first_start(seeded: Seeded) -> None:
    """Seen to fail with the rungs of clocks left to the first sweep."""
    start_of_day = DAY.replace(hour=0, minute=0)
    assert not OutboxMessage.objects.filter(Q(sent_at=None) | Q(sent_at__gte=start_of_day)).exists()
    assert OutboxMessage.objects.count() > 30
    for alert in Alert.objects.filter(clock__isnull=False).select_related("clock__definition"):
        rung = definition_of(alert.clock.definition).rungs[alert.step - 1]
        assert alert.raised_at == alert.clock.due_at + rung.after_due
        assert alert.clock.started_at <= alert.raised_at < start_of_day
    late = Alert.objects.filter(clock__isnull=False).exclude(kind="urgent_notification_decided")
    taken = late.exclude(acknowledged_at=None)
    assert 0 < taken.count() < late.count()
    assert taken.count() > late.count() / 2
    for alert in taken:
        viewer = seeded.world.viewers[alert.acknowledged_by.username]
        assert alert.acknowledged_at > alert.raised_at
        assert alerts_for(viewer, at=alert.acknowledged_at).filter(subject_id=alert.subject_id).exists()
    with transaction.atomic(), pghistory.context(reason="test"):
        climb_clocks(start_of_day - timedelta(seconds=1))
        assert not OutboxMessage.objects.filter(sent_at=None).exists()
        transaction.set_rollback(True)


def test_of_three_emergencies_one_is_reviewed_one_waits_and_one_is_late(seeded: Seeded) -> None:
    rows = EmergencyAccess.objects.order_by("opened_at")
    assert [row.verdict for row in rows] == ["justified", "", ""]
    clocks = [Clock.objects.get(kind="emergency_reviewed", subject_id=row.pk) for row in rows]
    assert [clock.state for clock in clocks] == ["done", "running", "running"]
    assert clocks[1].due_at < DAY.replace(hour=0, minute=0) < clocks[2].due_at
    for row in rows:
        looked = AccessEvent.objects.filter(child_id=row.child_id, membership_id=row.membership_id)
        assert looked.filter(at__gte=row.opened_at, at__lt=row.ends_at).count() >= 2


def test_one_conflict_is_declared_one_is_possible_and_one_was_said_by_name(seeded: Seeded) -> None:
    conflict = Conflict.objects.get()
    assert (conflict.source, conflict.user.username, conflict.lifted_at) == ("declared", "s.wynter", None)
    assert conflict.block.ended_at is None
    possible = PossibleConflict.objects.get()
    assert (possible.ground, possible.answered_at) == ("same_telephone", None)
    assert Declaration.objects.count() == 1


def test_a_restricted_file_has_a_question_waiting_and_refusals_this_week(seeded: Seeded) -> None:
    guardian, outside = seeded.world.viewers["guardian"], seeded.world.viewers["triage"]
    restricted = Child.objects.get(restricted=True)
    asked = MatchQuestion.objects.get(answered_at=None)
    assert asked.child == restricted
    assert asked.notification is not None
    assert [row.question.pk for row in questions_for(guardian, at=DAY)] == [asked.pk]
    assert not Child.objects.visible_to(outside, at=DAY).filter(pk=restricted.pk).exists()
    week = DAY - timedelta(days=7)
    refused = refusals_lately(guardian, about_them=Child.objects.none(), at=DAY, since=week)
    assert [(event.reason_code, child) for event, child in refused] == [("restricted", restricted)] * len(refused)
    assert refused


def test_the_next_meeting_of_the_panel_can_be_chaired_in_an_afternoon(seeded: Seeded) -> None:
    """Thirty children in two hours, where most are looked at again once a quarter; not every open file every month."""
    meeting = apps.get_model("panels", "Meeting").objects.get(state="published")
    on_agenda = meeting.items.exclude(state="removed").count()
    assert 0 < on_agenda <= Spell.objects.filter(ended_on=None).count() / 2


def test_a_system_of_the_police_may_send_by_a_token_that_nobody_holds(seeded: Seeded) -> None:
    (account,) = service_memberships()
    (token,) = tokens_of_services()
    assert (account.agency, token.user) == (seeded.world.agencies["police"], account.user)
    assert why_not(expires_at=token.expires_at, revoked_at=token.revoked_at, at=DAY) == ""
    assert account.user.username not in seeded.world.members
    assert not account.user.has_usable_password()


def test_every_kind_of_decision_and_every_special_case_is_there(seeded: Seeded) -> None:
    decided = set(TriageDecision.objects.values_list("outcome", flat=True))
    assert decided >= set(TriageOutcome) - {TriageOutcome.SOCIAL_CARE}
    restricted = Child.objects.get(restricted=True)
    assert AccessGrant.objects.live(DAY).filter(child=restricted, reason="named").count() >= 2
    block = Block.objects.get(user__username="nurse")
    assert block.user.username == "nurse"
    assert not Child.objects.visible_to(seeded.world.viewers["nurse"], at=DAY).filter(pk=block.child_id).exists()
    assert Child.objects.exclude(merged_into=None).count() == 1
    begun = apps.get_model("accounts", "Draft").objects.filter(user__username="keyworker")
    assert {draft.form.partition(":")[0] for draft in begun} == {"risk_assessment", "risk_correction"}
    drafts = apps.get_model("accounts", "Draft").objects.filter(user__username="teacher")
    assert sorted(len(draft.answers) for draft in drafts) == [3, 5]
    assert all(step["kept"] is not None for draft in drafts for step in draft.answers.values())


def test_every_closed_list_holds_what_was_written(seeded: Seeded) -> None:
    wrong = []
    for model in apps.get_models():
        if model._meta.app_label not in ("accounts", "cases", "risk", "referrals"):
            continue
        for field in model._meta.concrete_fields:
            if field.choices:
                allowed = {value for value, _ in field.flatchoices} | {None} | ({""} if field.blank else set())
                found = set(model._default_manager.values_list(field.attname, flat=True).distinct())
                wrong += [f"{model._meta.label}.{field.name}: {value}" for value in found - allowed]
    assert wrong == []
    assert {agency.sector for agency in Agency.objects.all()} <= set(Sector.values)


def test_numbers_and_addresses_belong_to_nobody(seeded: Seeded) -> None:
    drama = re.compile(r"^(01632 960 ?\d{3}|07700 900\d{3}|020 7946 0\d{3})$")
    people = User.objects.filter(is_service=False)
    numbers = [*Agency.objects.values_list("telephone", flat=True), *people.values_list("telephone", flat=True)]
    numbers += Notification.objects.values_list("referrer_telephone", flat=True)
    assert [number for number in numbers if number and not drama.match(number)] == []
    emails = people.values_list("email", flat=True)
    assert [email for email in emails if not re.search(r"@(harbour\.example|example\.(org|com|net))$", email)] == []
    address = apps.get_model("cases", "Address")
    postcodes = [
        *address.objects.values_list("postcode", flat=True),
        *Notification.objects.values_list("postcode", flat=True),
    ]
    assert [code for code in postcodes if code and not re.match(r"^ZZ\d \d[A-Z]{2}$", code)] == []
    health = Identifier.objects.filter(kind="nhs_number").values_list("value", flat=True)
    assert health
    assert [number for number in health if not number.startswith("999")] == []
    pupils = Identifier.objects.filter(kind="upn").values_list("value", flat=True)
    assert [number for number in pupils if number[1:4] != "000"] == []
    # A long row of digits in free text would be a number of somebody.
    texts = json.dumps(words("narratives"))
    assert re.findall(r"\d{5,}", texts) == []


def test_who_looked_is_written_for_those_who_worked(seeded: Seeded) -> None:
    looked = AccessEvent.objects.filter(outcome="allowed").values("child_id").annotate(number=Count("pk"))
    assert len(looked) >= FILES - 4
    assert max(row["number"] for row in looked) > 15


def test_the_database_that_holds_files_is_left_alone(seeded: Seeded) -> None:
    before = Child.objects.count()
    with pytest.raises(AlreadyThere):
        seed_demo(children=FILES, seed=1, at=DAY)
    with pytest.raises(CommandError, match="make reset"):
        call_command("seed_demo", children=FILES)
    assert Child.objects.count() == before


def test_settings_for_real_children_refuse_the_demo(settings: Any) -> None:
    settings.DEMO = False
    with pytest.raises(CommandError, match="real children"):
        call_command("seed_demo")


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_plans_of_the_default_hold_the_published_shares(seed: int) -> None:
    plans = plan_children(count=240, seed=seed, today=date(2026, 3, 5))
    sexual = [plan for plan in plans if plan.exploitation in ("sexual", "online")]
    exploited = [plan for plan in plans if plan.exploited]
    found = {
        "girls_notified": sum(plan.sex_as_notified == "female" for plan in sexual) / len(sexual),
        "boys_notified": sum(plan.sex_as_notified == "male" for plan in sexual) / len(sexual),
        "missing": sum(plan.traits["missing"] for plan in sexual) / len(sexual),
        "mean_age": sum(plan.age_on(plan.notified_on) for plan in plans) / len(plans),
        "youngest_cohort": sum(plan.age_on(plan.notified_on) <= 14 for plan in plans) / len(plans),
        **{
            trait: sum(plan.traits[trait] for plan in exploited) / len(exploited)
            for trait in ("not_in_school", "substances", "self_harm", "sexual_health", "mental_health", "offending")
        },
    }
    far = {key: value for key, value in found.items() if abs(value - figures()[key].used) > figures()[key].tolerance}
    assert far == {}


def test_the_written_calibration_says_what_the_word_list_says() -> None:
    """Every figure stands in the document with its source and the value used, and its outcome lies near."""
    assert set(MEASURES) == set(figures())
    rows = {}
    for line in CALIBRATION.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 5:
            rows[cells[0]] = cells
    for figure in figures().values():
        _, published, source, used, outcome = rows[figure.title]
        assert (published, source, used) == (figure.published, figure.source, shown(figure, figure.used))
        number = float(outcome.removesuffix(" %")) / (100 if outcome.endswith("%") else 1)
        near = (
            number <= figure.used
            if figure.key == "first_contact_days"
            else abs(number - figure.used) <= figure.tolerance
        )
        assert near, (figure.title, outcome)

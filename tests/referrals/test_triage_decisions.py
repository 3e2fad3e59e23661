"""What a decision brings: the file, the lead, the access, the timeline, and what the referrer is told."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from accounts.choices import FunctionKey
from accounts.models import Agency, FunctionGroup, Membership, User
from accounts.rules.refusals import Stale
from accounts.rules.roles import opens_files
from accounts.rules.viewers import Viewer
from accounts.selectors import viewer_of
from cases.access.choices import Category
from cases.access.models import AccessGrant
from cases.access.selectors import matrix_in_force
from cases.access.services import grant_to_function
from cases.clocks.choices import AlertKind
from cases.clocks.models import Alert
from cases.clocks.services import start_ladder, sweep
from cases.record.choices import HarmStatus, InvolvementRole, RiskLevel
from cases.record.models import Address, AddressReader, Alias, Child, ChronologyEntry, Involvement, SchoolPeriod, Spell
from cases.record.services import involve
from referrals.choices import NotificationStatus, Told, TriageOutcome, TriageReason
from referrals.models import Notification, TriageDecision
from referrals.presenters.notify import decision_of
from referrals.rules.triage import MESSAGES, AlreadyDecided, TriageRefused, tells_lead
from referrals.selectors.notify import notification_of
from referrals.selectors.triage import TriageSummary, triage_summary, waiting_notifications
from referrals.services.triage import decide_notification
from risk.models import RiskAssessment
from risk.rules import answers_to_plain, level_for_rank
from risk.scoring import Answer
from risk.selectors import tool_in_force
from risk.services import score_answers
from tests.factories.accounts import make_membership
from tests.factories.cases import block, grant, make_child, provenance
from tests.factories.referrals import make_notification
from tests.factories.shares import make_wish
from tests.factories.world import World

pytestmark = pytest.mark.django_db

WHY = "Three indicators, and an adult nobody knows."


def decide(world: World, notification: Notification, at: datetime, **fields: Any) -> TriageDecision:
    """A decision by the notification point: by default to accept, with the keyworker as lead."""
    outcome = fields.get("outcome", TriageOutcome.ACCEPT_NEW)
    return decide_notification(
        **{
            "notification": notification,
            "outcome": outcome,
            "reason": TriageReason.INDICATORS_PRESENT,
            "rationale": WHY,
            "message_to_referrer": MESSAGES[outcome],
            "lead": world.membership("keyworker"),
            "agencies": [world.agency("social_care"), world.agency("police")],
            "at": at,
            "version": notification.version,
            "by": world.viewer("triage"),
            **fields,
        }
    )


def visible_to(viewer: Viewer, at: datetime) -> set[str]:
    return {child.reference for child in Child.objects.visible_to(viewer, at=at + timedelta(seconds=1))}


def full_notification(world: World, at: datetime, person: str = "safeguarding_lead", **fields: Any) -> Notification:
    """A notification with something in every field, and the Matrix."""
    tool = tool_in_force(on=at.date())
    answers = {code: Answer("yes") for code in ("A1", "A2", "B1", "C1", "D1")}
    result = score_answers(tool=tool.tool, answers=answers, age=14, harm_status="suspected", disability="none")
    return make_notification(
        world.viewer(person),
        **{
            "given_name": "Kayleigh",
            "family_name": "Dunmore",
            "preferred_name": "Caz",
            "birth_date": date(2012, 3, 4),
            "sex": "female",
            "ethnicity": "white_british",
            "school": "Hollybank School",
            "address_lines": "14 Tannery Row",
            "postcode": "NM4 2QF",
            "safe_contact": "Text after 4pm",
            "concerns": ["sexual", "missing"],
            "concern": "Picked up after school by an adult. She attends the clinic weekly.",
            "harm_status": HarmStatus.SUSPECTED,
            "childs_words": "He is nice to me.",
            "people_and_places": "A silver car by the station.",
            "reason_not_told": "Her uncle may be involved.",
            "sent_at": at - timedelta(hours=2),
            "tool": tool.version,
            "answers": answers_to_plain(answers),
            "result": result.as_dict(),
            "computed_level": level_for_rank(result.band.rank),
            "matrix_completed_at": at - timedelta(hours=2),
            "matrix_evidence": "Seen at the gate.",
            **fields,
        },
    )


def test_accepting_opens_a_file_that_the_right_agencies_see_and_no_others(world: World, at: datetime) -> None:
    notification = full_notification(world, at)
    decision = decide(world, notification, at)
    child = Child.objects.get()
    assert (child.name, child.birth_date, child.sex) == ("Caz (Kayleigh Dunmore)", date(2012, 3, 4), "female")
    assert decision.lead == world.membership("keyworker")
    sees = {name for name in world.users if child.reference in visible_to(world.viewer(name), at)}
    agencies = {"specialist", "social_care", "police", "school"}
    of_them = [world.agency(key) for key in agencies]
    expected = {name for name, row in world.memberships.items() if row.agency in of_them and opens_files(row.role)}
    assert sees == expected | {"triage", "chair", "coordinator", "guardian"}
    notification.refresh_from_db()
    assert (notification.status, notification.child) == (NotificationStatus.DECIDED, child)


def test_there_is_exactly_one_lead_and_each_agency_comes_once(world: World, at: datetime) -> None:
    decide(world, full_notification(world, at), at, agencies=[world.agency("specialist"), world.agency("social_care")])
    rows = set(Involvement.objects.values_list("working_agency__name", "role", "is_lead", "membership__user__username"))
    assert rows == {
        ("Lantern Exploitation Service", InvolvementRole.KEYWORKER, True, "keyworker"),
        ("Northmere Children's Social Care", InvolvementRole.SOCIAL_WORKER, False, None),
        ("Hollybank School", InvolvementRole.REFERRER, False, "safeguarding_lead"),
    }
    assert Spell.objects.filter(ended_on=None).count() == 1


def test_somebody_who_only_refers_gets_no_access(world: World, at: datetime) -> None:
    decide(world, full_notification(world, at, "teacher"), at)
    assert visible_to(world.viewer("teacher"), at) == visible_to(world.viewer("safeguarding_lead"), at) == set()
    assert not Involvement.objects.filter(role=InvolvementRole.REFERRER).exists()


@pytest.mark.parametrize(("danger", "reached"), [(True, True), (False, False)])
def test_the_out_of_hours_team_sees_urgent_children(world: World, at: datetime, danger: bool, reached: bool) -> None:
    notification = full_notification(world, at, immediate_danger=danger)
    notification.refresh_from_db()
    decide(world, notification, at, agencies=[])
    functions = set(
        AccessGrant.objects.filter(group__function__isnull=False).values_list("group__function__key", flat=True)
    )
    expected = {FunctionKey.NOTIFICATION_POINT, FunctionKey.PANEL_OFFICE, FunctionKey.DATA_GUARDIANS}
    assert functions == expected | ({FunctionKey.OUT_OF_HOURS} if reached else set())
    ends = AccessGrant.objects.filter(group__function__key=FunctionKey.OUT_OF_HOURS)
    assert list(ends.values_list("valid_until", flat=True)) == [at + timedelta(days=28)] * reached
    assert not AccessGrant.objects.filter(group__function__key__in=expected).exclude(valid_until=None).exists()
    assert FunctionGroup.objects.count() == len(FunctionKey)


def test_what_the_referrer_said_stays_the_referrers_in_its_category(world: World, at: datetime) -> None:
    decide(world, full_notification(world, at), at)
    referrer, triage = world.user("safeguarding_lead"), world.user("triage")
    entries = {
        (row.category, row.author_id == referrer.pk, row.summary, row.detail) for row in ChronologyEntry.objects.all()
    }
    assert {(category, own) for category, own, _, _ in entries if own} == {
        (Category.IDENTITY, True),
        (Category.ASSESSMENT, True),
        (Category.PERSON_OF_CONCERN, True),
        (Category.CONTACT_ADDRESS, True),
        (Category.SHARING, True),
    }
    assert (Category.IDENTITY, True, "A notification was received.", "") in entries
    accepted = "The notification was accepted. Kezia Thorne of Lantern Exploitation Service leads."
    assert (Category.IDENTITY, False, accepted, "") in entries
    assert {row.agency for row in ChronologyEntry.objects.filter(author=referrer)} == {world.agency("school")}
    assert {row.agency for row in ChronologyEntry.objects.filter(author=triage, kind="triage")} == {
        world.agency("partnership")
    }


def test_no_sentence_that_is_shared_carries_free_text(world: World, at: datetime) -> None:
    decide(world, full_notification(world, at), at)
    shared = " ".join(ChronologyEntry.objects.values_list("summary", flat=True))
    for words in ("clinic", "nice to me", "silver car", "uncle", "Text after"):
        assert words not in shared
    details = " ".join(ChronologyEntry.objects.values_list("detail", flat=True))
    for words in ("clinic", "nice to me", "silver car", "uncle", "Text after", WHY):
        assert words in details


def test_housing_does_not_read_the_concern_once_it_is_involved(world: World, at: datetime) -> None:
    decide(world, full_notification(world, at), at, agencies=[world.agency("housing")])
    entries = ChronologyEntry.objects.visible_to(
        world.viewer("housing"), at=at + timedelta(seconds=1), matrix=matrix_in_force(on=at.date())
    )
    assert {entry.category for entry in entries} <= {Category.IDENTITY, Category.CONTACT_ADDRESS}
    assert entries


def test_the_matrix_becomes_a_provisional_assessment_of_the_referrer(world: World, at: datetime) -> None:
    notification = full_notification(world, at)
    decide(world, notification, at)
    assessment = RiskAssessment.objects.get()
    assert (assessment.provisional, assessment.agency, assessment.computed_level, assessment.age_at_assessment) == (
        True,
        world.agency("school"),
        notification.computed_level,
        14,
    )
    child = Child.objects.get()
    assert (child.level, child.harm_status) == (RiskLevel(notification.computed_level), HarmStatus.SUSPECTED)


def test_without_the_matrix_the_file_carries_the_harm_status_alone(world: World, at: datetime) -> None:
    notification = make_notification(world.viewer("nurse"), harm_status=HarmStatus.KNOWN, sent_at=at)
    notification.refresh_from_db()
    decide(world, notification, at)
    child = Child.objects.get()
    assert (child.level, child.harm_status, child.level_judged_at) == (RiskLevel.NOT_ASSESSED, HarmStatus.KNOWN, None)
    assert not RiskAssessment.objects.exists()


def test_school_and_address_become_dated_entries(world: World, at: datetime) -> None:
    decide(world, full_notification(world, at), at)
    school, home = SchoolPeriod.objects.get(), Address.objects.get()
    assert (school.school, school.agency) == ("Hollybank School", world.agency("school"))
    assert (home.lines, home.postcode, home.area, home.protected) == ("14 Tannery Row", "NM4 2QF", "NM4", False)
    assert home.agency == world.agency("school")


def test_a_protected_address_is_for_the_lead_and_the_person_who_told(world: World, at: datetime) -> None:
    decide(world, full_notification(world, at, address_protected=True), at)
    home = Address.objects.get()
    assert (home.protected, home.area) == (True, "")
    readers = {row.membership.user.username for row in AddressReader.objects.select_related("membership__user")}
    assert readers == {"keyworker", "safeguarding_lead"}


def known_child(world: World, at: datetime, **fields: Any) -> Child:
    """A file that the notification point sees."""
    child = make_child("Kayleigh", "Dunmoor", birth_date=date(2012, 4, 3), **fields)
    grant(child, world.functions[FunctionKey.NOTIFICATION_POINT].group)
    return child


def test_joining_writes_over_nothing_and_keeps_what_differs(world: World, at: datetime) -> None:
    child = known_child(world, at, sex="female", preferred_name="Kay", safe_contact="Agreed: ring the school office.")
    by = world.viewer("socialworker")
    SchoolPeriod.objects.create(child=child, school="Ashfield Academy", started_on=date(2026, 1, 5), **provenance(by))
    Address.objects.create(
        child=child, lines="2 Mill Lane", postcode="NM1 1AA", area="NM1", started_on=date(2026, 1, 5), **provenance(by)
    )
    before = {
        name: value
        for name, value in Child.objects.filter(pk=child.pk).values()[0].items()
        if name not in ("level", "harm_status", "review_due_on")
    }
    decide(world, full_notification(world, at), at, outcome=TriageOutcome.ACCEPT_JOINED, joined_child=child)
    after = Child.objects.filter(pk=child.pk).values()[0]
    assert {name: after[name] for name in before} == before
    assert Child.objects.count() == 1
    assert {alias.name for alias in Alias.objects.all()} == {"Kayleigh Dunmore", "Caz"}
    assert [row.school for row in SchoolPeriod.objects.all()] == ["Ashfield Academy"]
    assert {(row.lines, row.kind) for row in Address.objects.all()} == {
        ("2 Mill Lane", "home"),
        ("14 Tannery Row", "other"),
    }
    summaries = set(ChronologyEntry.objects.values_list("summary", flat=True))
    assert "The notification gave another birth date: 4 March 2012." in summaries
    assert "The notification named another school: Hollybank School." in summaries


def test_the_referrers_warnings_stand_where_everybody_looks_first(world: World, at: datetime) -> None:
    notification = full_notification(
        world, at, parents_told=Told.NO_UNSAFE, reason_not_told="Her uncle.", safe_contact="Never ring home."
    )
    decide(world, notification, at)
    said = Child.objects.get().safe_contact
    assert said.startswith("Do not tell parents or carers")
    assert said.endswith(f"As said in {notification.reference}, not agreed with the child yet: Never ring home.")


def test_the_matrix_on_the_timeline_is_the_referrers(world: World, at: datetime) -> None:
    notification = full_notification(world, at)
    decide(world, notification, at)
    entry = ChronologyEntry.objects.get(kind="assessment")
    assert (entry.author_id, entry.agency_id) == (notification.referrer_id, notification.agency_id)


def test_a_lead_that_the_file_has_stays(world: World, at: datetime) -> None:
    child = known_child(world, at)
    involve(
        child=child,
        agency=world.agency("social_care"),
        role=InvolvementRole.SOCIAL_WORKER,
        membership=world.membership("socialworker"),
        lead=True,
        at=at - timedelta(days=1),
        by=world.viewer("triage"),
    )
    joined = {"outcome": TriageOutcome.ACCEPT_JOINED, "joined_child": child}
    notification = full_notification(world, at)
    with pytest.raises(TriageRefused) as refused:
        decide(world, notification, at, **joined)
    assert refused.value.field == "lead"
    decision = decide(world, notification, at, **joined, lead=None)
    assert decision.lead == world.membership("socialworker")
    leads = Involvement.objects.filter(is_lead=True, ended_on=None)
    assert [row.membership for row in leads] == [world.membership("socialworker")]


def test_whom_a_conflict_keeps_from_the_file_does_not_lead_on_it(world: World, at: datetime) -> None:
    """Seen to fail: the worker led on a file that answered them as one that never was."""
    child, notification = known_child(world, at), full_notification(world, at)
    block(child, world.viewer("keyworker"), by=world.viewer("guardian"))
    joined = {"outcome": TriageOutcome.ACCEPT_JOINED, "joined_child": child, "lead": world.membership("keyworker")}
    with pytest.raises(TriageRefused, match="cannot be given work on this file") as refused:
        decide(world, notification, at, **joined)
    assert refused.value.field == "lead"
    assert not Involvement.objects.filter(child=child).exists()
    decide(world, notification, at, **{**joined, "lead": world.membership("socialworker")})
    assert Involvement.objects.get(is_lead=True).membership == world.membership("socialworker")


def test_whom_the_child_does_not_want_told_comes_on_the_file_and_not_from_triage(world: World, at: datetime) -> None:
    """The safeguarding lead of the school refers again: the school sees what it wrote, and not the file."""
    child = known_child(world, at)
    make_wish(child, world.membership("socialworker"), kept_from=("education", "specialist"))
    notification = full_notification(world, at)
    joined = {"outcome": TriageOutcome.ACCEPT_JOINED, "joined_child": child}
    social, school = world.agency("social_care"), world.agency("school")
    for field, said in (
        ("lead", {}),
        ("agencies", {"lead": world.membership("socialworker"), "agencies": [social, school]}),
    ):
        with pytest.raises(TriageRefused, match="does not want") as refused:
            decide(world, notification, at, **joined, **said)
        assert refused.value.field == field
    assert not Involvement.objects.filter(child=child).exists()
    decide(world, notification, at, **joined, lead=world.membership("socialworker"))
    there = set(Involvement.objects.filter(child=child).values_list("working_agency__sector", flat=True))
    assert there == {"social_care", "police"}
    assert child.reference not in visible_to(world.viewer("safeguarding_lead"), at)
    entry = ChronologyEntry.objects.get(child=child, category=Category.SHARING, kind="triage")
    assert (entry.summary, entry.agency) == (
        f"{school.name} was not brought in with its notification: the child does not want it told.",
        world.agency("partnership"),
    )


def test_a_file_that_the_worker_may_not_know_of_cannot_be_joined(world: World, at: datetime) -> None:
    notification = full_notification(world, at)
    hidden = [make_child(), make_child("Zora", "Quill"), known_child(world, at, restricted=True)]
    grant(hidden[1], world.functions[FunctionKey.NOTIFICATION_POINT].group)
    block(hidden[1], world.viewer("triage"), by=world.viewer("guardian"))
    for child in hidden:
        with pytest.raises(TriageRefused) as refused:
            decide(world, notification, at, outcome=TriageOutcome.ACCEPT_JOINED, joined_child=child)
        assert refused.value.field == "joined_child"
    assert not TriageDecision.objects.exists()
    notification.refresh_from_db()
    assert notification.status == NotificationStatus.SENT


SOCIAL_CARE = {"outcome": TriageOutcome.SOCIAL_CARE, "reason": TriageReason.SIGNIFICANT_HARM}


def test_social_care_opens_a_file_with_a_social_worker_as_lead(world: World, at: datetime) -> None:
    notification = full_notification(world, at)
    with pytest.raises(TriageRefused):
        decide(world, notification, at, **SOCIAL_CARE)
    decide(world, notification, at, **SOCIAL_CARE, lead=world.membership("socialworker"), agencies=[])
    assert Involvement.objects.get(is_lead=True).membership == world.membership("socialworker")
    assert Child.objects.get().reference in visible_to(world.viewer("socialworker"), at)


def test_information_joined_to_a_file_brings_nobody_to_it(world: World, at: datetime) -> None:
    child = known_child(world, at)
    decide(
        world,
        full_notification(world, at),
        at,
        outcome=TriageOutcome.INFORMATION_ONLY,
        reason=TriageReason.ALREADY_OPEN,
        joined_child=child,
        lead=None,
    )
    assert not Involvement.objects.exists()
    assert not Spell.objects.exists()
    assert ChronologyEntry.objects.filter(child=child, kind="notification").exists()
    assert visible_to(world.viewer("safeguarding_lead"), at) == set()


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        (TriageOutcome.EARLY_HELP, TriageReason.FAMILY_SUPPORT),
        (TriageOutcome.INFORMATION_ONLY, TriageReason.NOT_ENOUGH),
        (TriageOutcome.DECLINE, TriageReason.OTHER_AREA),
    ],
)
def test_other_outcomes_open_no_file(world: World, at: datetime, outcome: str, reason: str) -> None:
    decision = decide(world, full_notification(world, at, **CALM), at, outcome=outcome, reason=reason, lead=None)
    assert not Child.objects.exists()
    assert decision.notification.status == NotificationStatus.DECIDED


def test_the_second_of_two_workers_is_told_who_decided_what(world: World, at: datetime) -> None:
    notification = full_notification(world, at)
    decide(world, notification, at, agencies=[])
    with pytest.raises(AlreadyDecided) as refused:
        decide(world, notification, at, by=world.viewer("out_of_hours"), **SOCIAL_CARE)
    assert refused.value.reason == "This notification has been decided since you opened the page."
    with pytest.raises(AlreadyDecided) as refused:
        decide(world, notification, at, **SOCIAL_CARE)
    assert refused.value.reason.startswith("Thea Okonjo decided this notification on ")
    assert refused.value.reason.endswith("Accept: open a file. Signs of exploitation are present.")
    assert TriageDecision.objects.count() == Child.objects.count() == 1


def test_a_matrix_completed_meanwhile_is_read_first(world: World, at: datetime) -> None:
    notification = full_notification(world, at)
    with pytest.raises(Stale):
        decide(world, notification, at, version=notification.version + 1)
    assert not TriageDecision.objects.exists()


def test_only_triage_decides(world: World, at: datetime) -> None:
    notification = full_notification(world, at)
    for person in ("teacher", "keyworker", "guardian", "admin", "coordinator"):
        with pytest.raises(TriageRefused):
            decide(world, notification, at, by=world.viewer(person))
    assert not TriageDecision.objects.exists()


def test_a_lead_who_has_left_is_refused(world: World, at: datetime) -> None:
    lead = make_membership(
        agency=world.agency("specialist"), role="specialist_keyworker", ended_on=at.date() - timedelta(days=1)
    )
    with pytest.raises(TriageRefused) as refused:
        decide(world, full_notification(world, at), at, lead=lead)
    assert refused.value.field == "lead"
    assert not Child.objects.exists()


def test_deciding_takes_the_urgent_alert(world: World, at: datetime) -> None:
    notification = full_notification(world, at, immediate_danger=True)
    other = full_notification(world, at, immediate_danger=True)
    for one in (notification, other):
        start_ladder(kind=AlertKind.URGENT_NOTIFICATION, subject_id=one.pk, at=at)
    decide(world, notification, at)
    open_alerts = Alert.objects.filter(acknowledged_at=None)
    assert {alert.subject_id for alert in open_alerts} == {other.pk}
    assert Alert.objects.get(subject_id=notification.pk).acknowledged_by == world.user("triage")


def told(notification: Notification, at: datetime) -> dict[str, str] | None:
    """What the referrer reads of a decision, on the day of an instant."""
    own = notification_of(viewer_of(notification.membership), notification.reference)
    return decision_of(own, today=at.date())


def test_the_referrer_reads_the_same_outcome_for_a_new_and_a_joined_file(world: World, at: datetime) -> None:
    new, joined, waiting = (full_notification(world, at) for _ in range(3))
    decide(world, new, at)
    decide(world, joined, at, outcome=TriageOutcome.ACCEPT_JOINED, joined_child=known_child(world, at))
    assert told(new, at) is not None
    assert told(new, at) == told(joined, at)
    assert told(waiting, at) is None


def led_by(child: Child, world: World, at: datetime, agency: str, person: str) -> Child:
    """The file with a lead on it already."""
    involve(
        child=child,
        agency=world.agency(agency),
        membership=world.membership(person),
        role=InvolvementRole.KEYWORKER,
        lead=True,
        at=at - timedelta(days=200),
        by=world.viewer("guardian"),
    )
    return child


def test_the_referrer_is_told_who_leads_in_the_same_words_for_a_lead_who_was_there(world: World, at: datetime) -> None:
    new, joined = full_notification(world, at), full_notification(world, at)
    User.objects.filter(pk=world.user("keyworker").pk).update(telephone="07700 900 321")
    decide(world, new, at)
    child = led_by(known_child(world, at), world, at, "specialist", "keyworker")
    decide(world, joined, at, outcome=TriageOutcome.ACCEPT_JOINED, joined_child=child, lead=None)
    said = told(new, at)
    assert said == told(joined, at)
    assert (said["lead"], said["lead_telephone"]) == ("Kezia Thorne", "07700 900 321")
    assert said["lead_job"] == "Keyworker, Lantern Exploitation Service"


UNNAMED = {"lead": "", "lead_job": "", "lead_telephone": "", "has_lead": "yes"}


def test_a_lead_who_could_not_have_been_named_on_a_new_file_is_not_named_to_the_referrer(
    world: World, at: datetime
) -> None:
    notification = full_notification(world, at)
    child = led_by(known_child(world, at), world, at, "health", "nurse")
    decide(world, notification, at, outcome=TriageOutcome.ACCEPT_JOINED, joined_child=child, lead=None)
    assert told(notification, at).items() >= UNNAMED.items()


def test_the_referrer_is_not_sent_to_a_worker_who_has_left_or_has_no_number(world: World, at: datetime) -> None:
    notification = full_notification(world, at)
    decide(world, notification, at)
    keyworker = Membership.objects.filter(pk=world.membership("keyworker").pk)
    keyworker.update(ended_on=at.date() + timedelta(days=1))
    assert told(notification, at)["lead"] == str(world.user("keyworker"))
    assert told(notification, at + timedelta(days=1)).items() >= UNNAMED.items()
    User.objects.filter(pk=world.user("keyworker").pk).update(telephone="")
    Agency.objects.filter(pk=world.agency("specialist").pk).update(telephone="")
    assert told(notification, at).items() >= UNNAMED.items()


@pytest.mark.parametrize(
    ("outcome", "role", "restricted", "tells"),
    [
        (TriageOutcome.ACCEPT_NEW, "specialist_keyworker", False, True),
        (TriageOutcome.ACCEPT_JOINED, "specialist_keyworker", False, True),
        (TriageOutcome.ACCEPT_JOINED, "specialist_keyworker", True, False),
        (TriageOutcome.ACCEPT_JOINED, "health", False, False),
        (TriageOutcome.SOCIAL_CARE, "csc_social_worker", False, False),
        (TriageOutcome.EARLY_HELP, "specialist_keyworker", False, False),
    ],
)
def test_when_the_referrer_may_read_who_leads(outcome: str, role: str, restricted: bool, tells: bool) -> None:
    assert tells_lead(outcome, lead_role=role, restricted=restricted) is tells


# --- A second look --------------------------------------------------------------------------------------

CALM = {"harm_status": HarmStatus.VULNERABLE, "computed_level": RiskLevel.LOW}
SAFE = "Read with the duty social worker, who sees the child this week."
DECLINING = {"outcome": TriageOutcome.DECLINE, "reason": TriageReason.NOT_ENOUGH, "lead": None, "agencies": []}


@pytest.mark.parametrize(
    ("said", "worries"),
    [
        ({}, False),
        ({"harm_status": HarmStatus.NOT_KNOWN}, False),
        ({"harm_status": HarmStatus.SUSPECTED}, True),
        ({"harm_status": HarmStatus.KNOWN}, True),
        ({"computed_level": RiskLevel.MEDIUM}, False),
        ({"computed_level": RiskLevel.HIGH}, True),
        ({"immediate_danger": True}, True),
    ],
)
def test_declining_what_sounds_like_harm_asks_for_a_second_look_that_is_kept(
    world: World, at: datetime, said: dict[str, Any], worries: bool
) -> None:
    notification = full_notification(world, at, **{**CALM, **said})
    for haste in ("", "  ", "It is.") if worries else ():
        with pytest.raises(TriageRefused) as refused:
            decide(world, notification, at, **DECLINING, why_safe=haste)
        assert refused.value.field == "why_safe"
    assert not TriageDecision.objects.exists()
    decide(world, notification, at, **DECLINING, why_safe=SAFE if worries else "")
    assert TriageDecision.objects.get().why_safe == (SAFE if worries else "")


def test_a_second_look_is_written_on_the_file_it_is_joined_to_and_for_declining_alone(
    world: World, at: datetime
) -> None:
    notification = full_notification(world, at)
    with pytest.raises(TriageRefused):
        decide(world, notification, at, why_safe=SAFE)
    decide(world, notification, at, **DECLINING, joined_child=known_child(world, at), why_safe=SAFE)
    detail = ChronologyEntry.objects.get(kind="triage", category=Category.ASSESSMENT).detail
    assert detail == f"{WHY}\n\n{SAFE}"


def test_the_summary_counts_what_waits_is_urgent_and_late(
    world: World, at: datetime, django_assert_num_queries: Any
) -> None:
    by = world.viewer("teacher")
    make_notification(by, sent_at=at - timedelta(minutes=5))
    make_notification(by, sent_at=at - timedelta(days=9))
    make_notification(by, sent_at=at - timedelta(hours=2), immediate_danger=True)
    make_notification(by, sent_at=at - timedelta(minutes=30), immediate_danger=True)
    decided = make_notification(by, sent_at=at - timedelta(days=20))
    decided.refresh_from_db()
    decide(world, decided, at)
    sweep(at)
    triage = world.viewer("triage")
    with django_assert_num_queries(2):  # whom a conflict of interest keeps from anything is asked first
        summary = triage_summary(triage, at=at)
    assert (summary.waiting, summary.urgent, summary.late) == (4, 2, 2)
    assert summary.oldest_sent_at == at - timedelta(days=9)


def test_the_summary_counts_what_the_queue_lists(world: World, at: datetime) -> None:
    triage, child = world.viewer("triage"), make_child("Wren", "Hallowell")
    make_notification(world.viewer("teacher"), sent_at=at - timedelta(days=2), child=child, immediate_danger=True)
    grant_to_function(child_id=child.pk, function=FunctionKey.NOTIFICATION_POINT, at=at, by=None)
    assert triage_summary(triage, at=at).waiting == len(waiting_notifications(triage, at=at).rows)
    block(child, triage, by=world.viewer("guardian"))
    assert waiting_notifications(triage, at=at).rows == []
    assert triage_summary(triage, at=at) == TriageSummary(waiting=0, urgent=0, late=0, oldest_sent_at=None)

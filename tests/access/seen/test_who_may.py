"""Who may do what to a child's file at a panel, in triage, with a level and with a missing child, and what tells an
address or a score: the rules of the apps as tables.

`make mutants` turns round or leaves out each of these conditions, and says what was not noticed.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Any

import pytest

from accounts.rules.refusals import Refusal
from accounts.rules.roles import ROLES
from accounts.rules.viewers import NOBODY, Viewer
from cases.access.rules import Level
from cases.record.rules import check_may_name
from cases.record.rules.matching import Band
from missing.rules import may_read_briefing, puts_question
from panels.choices import ActionStatus
from panels.rules import agenda, decisions, states
from referrals.choices import TriageOutcome
from referrals.rules import notify, triage
from risk import rules as risk
from risk.scoring import Item, Kind, Section, Tool
from risk.scoring.tool import Condition, HarmQuestion, Possible, Rule

BOTH = (True, False)


def refused(call: Any, *args: Any, **said: Any) -> str | None:
    """What a rule says when it refuses: its code, or the question it is about; None where it does not refuse."""
    try:
        call(*args, **said)
    except Refusal as refusal:
        return getattr(refusal, "field", "") or refusal.code
    return None


def those_who(call: Any) -> set[str]:
    """The roles that a rule does not refuse; nobody at all is refused by each."""
    assert refused(call, NOBODY) == "role_lacks"
    return {role for role in ROLES if refused(call, Viewer(role_key=role)) is None}


# Panels


def test_an_action_is_given_to_whoever_may_know_of_the_file():
    assert refused(decisions.check_owner_may_know, knows=True) is None
    assert refused(decisions.check_owner_may_know, knows=False) == "owner"


@pytest.mark.parametrize(("owner", "office"), list(product(BOTH, BOTH)))
def test_how_an_action_stands_is_said_by_its_owner_or_the_office_and_only_the_office_withdraws_it(owner, office):
    for to in ActionStatus:
        words = refused(decisions.check_step, to=to, note="We met her twice.", owner=owner, office=office)
        if to == ActionStatus.WITHDRAWN:
            assert words == (None if office else "role_lacks")
        elif to == ActionStatus.OPEN:
            assert words is None, "nothing leads there"
        else:
            assert words == (None if owner or office else "not_theirs")


@pytest.mark.parametrize("to", [status for status in ActionStatus if status != ActionStatus.IN_PROGRESS])
def test_an_action_does_not_end_without_a_word(to):
    for note, field in (("Ten signs.", None), ("Nine sign", "note"), ("         .         ", "note")):
        assert refused(decisions.check_step, to=to, note=note, owner=True, office=True) == field
    assert refused(decisions.check_step, to=ActionStatus.IN_PROGRESS, note="", owner=True, office=False) is None
    with pytest.raises(Refusal, match="how we know" if to == ActionStatus.DONE else "Say why"):
        decisions.check_step(to=to, note="", owner=True, office=True)


def test_what_is_done_is_verified_once_by_somebody_else():
    def verifies(status: str = "done", verified: bool = False, owner: bool = False) -> str | None:
        return refused(decisions.check_verification, status=status, verified=verified, owner=owner)

    assert verifies() is None
    assert verifies(owner=True) == "own_deed"
    again = {verifies(verified=True), verifies(verified=True, owner=True), verifies("open"), verifies("not_achieved")}
    assert again == {decisions.PanelRefused.code}
    assert set(states.OWNERS_STEPS) == {"in_progress", "done", "not_achieved"}


def test_who_runs_a_meeting_and_keeps_the_panel():
    chairs = {role for role in ROLES if decisions.runs_meetings(Viewer(role_key=role), deputises=False)}
    assert chairs == {"panel_chair"}
    assert all(decisions.runs_meetings(Viewer(role_key=role), deputises=True) for role in ROLES)
    keeps = {role for role in ROLES if decisions.keeps_panel(Viewer(role_key=role))}
    assert keeps == {"panel_chair", "coordinator"}


def test_members_read_the_files_until_some_hours_after_the_planned_end_or_an_earlier_close():
    starts = datetime(2026, 3, 4, 10, tzinfo=UTC)
    ends, hours = starts + timedelta(minutes=90), timedelta(hours=72)

    def until(closed_at: datetime | None) -> datetime:
        return agenda.reading_ends_at(starts_at=starts, minutes_long=90, closed_at=closed_at, hours=72)

    early, late = ends - timedelta(minutes=30), ends + timedelta(days=9)
    assert [until(closed) for closed in (None, early, late)] == [ends + hours, early + hours, ends + hours]


# Missing children


@pytest.mark.parametrize(("band", "away"), list(product(Band, BOTH)))
def test_which_unknown_file_the_guardians_are_asked_about(band, away):
    asked = band in (Band.LIKELY, Band.VERY_LIKELY) or (band == Band.POSSIBLE and away)
    assert puts_question(band, away=away) == asked


def test_a_safety_briefing_is_read_by_its_interviewer_its_author_and_who_sees_both_of_what_it_draws_on():
    for persons, intelligence in product(Level, Level):
        levels = {"persons_of_concern": persons, "intelligence": intelligence}
        both = persons == Level.FULL and intelligence == Level.FULL
        assert may_read_briefing(allocated=False, author=False, **levels) == both
        assert may_read_briefing(allocated=True, author=False, **levels)
        assert may_read_briefing(allocated=False, author=True, **levels)


# Triage

LEADS = {
    "csc_social_worker", "csc_manager", "csc_out_of_hours", "specialist_keyworker", "specialist_manager",
    "police_exploitation", "youth_justice", "early_help",
}  # fmt: skip
ACCEPTED = {"accept_new", "accept_joined"}


def test_who_decides_on_a_notification():
    assert those_who(triage.check_may_triage) == {"notification_point", "csc_out_of_hours"}


def test_a_file_is_opened_by_an_acceptance_and_where_somebody_is_to_lead():
    opened = {one for one in TriageOutcome if triage.opens_file(one, has_lead=False)}
    with_lead = {one for one in TriageOutcome if triage.opens_file(one, has_lead=True)}
    assert (opened, with_lead) == (ACCEPTED, ACCEPTED | {"social_care", "early_help"})
    assert set(triage.ACCEPTED) == ACCEPTED
    assert {"social_care", *ACCEPTED} == triage.NEEDS_LEAD


def test_the_lead_is_told_only_where_nothing_says_that_the_file_was_there_before():
    for outcome, role in product(TriageOutcome, ROLES):
        told = outcome in ACCEPTED and role in LEADS
        assert triage.tells_lead(outcome, lead_role=role, restricted=False) == told
        assert not triage.tells_lead(outcome, lead_role=role, restricted=True)


def test_the_postcode_of_a_kept_address_is_found_wherever_else_a_referrer_wrote_it():
    home = {"address_protected": True, "address_lines": "1 High Road, YO1 7HH", "postcode": "ls1 4dy"}
    assert notify.kept_postcodes(home) == {"YO17HH", "LS14DY"}
    assert notify.kept_postcodes({"address_protected": True, "postcode": "ls1 4dy"}) == {"LS14DY"}
    assert notify.kept_postcodes({"address_protected": True, "address_lines": "YO1 7HH"}) == {"YO17HH"}
    assert notify.kept_postcodes({**home, "address_protected": False}) == frozenset()

    def hinted(**steps: Any) -> list[str]:
        kept = {"home": home, "told": None, **steps}
        return [hint.split("”")[0].lstrip("“") for hint in notify.postcode_hints(kept)]

    names = notify.STEPS
    assert hinted() == []
    assert hinted(concern={"concern": ["Seen near ", {"then": "LS1 4DY"}]}, words={"said": "at YO26 6AN"}) == [
        names["concern"]
    ]
    assert hinted(home={**home, "safe_contact": "Write to YO1 7HH"}) == [names["home"]]
    assert hinted(home=None, concern={"concern": "LS1 4DY"}) == [], "no address is kept"
    assert hinted(home={**home, "address_protected": False}, concern={"concern": "LS1 4DY"}) == []


def test_only_a_named_manager_or_guardian_names_somebody():
    for is_named, oversees in product(BOTH, BOTH):
        code = refused(check_may_name, is_named=is_named, oversees=oversees)
        assert code == (None if is_named and oversees else "not_named")


# Risk


def test_a_level_waits_for_somebody_else_until_it_is_approved_or_sent_back():
    for needs, approved, sent_back, own in product(BOTH, BOTH, BOTH, BOTH):
        waits = needs and not approved and not sent_back
        said = {"needs": needs, "approved": approved, "sent_back": sent_back, "judged_by": 1}
        code = (("own_deed" if own else None) if waits else risk.JudgementRefused.code,)
        by = 1 if own else 2
        assert (refused(risk.check_approval, **said, approver=by),) == code
        assert (refused(risk.check_sending_back, **said, sender=by, reason="Twenty signs long, so"),) == code
    waiting = {"needs": True, "approved": False, "sent_back": False, "judged_by": 1, "sender": 2}
    assert refused(risk.check_sending_back, **waiting, reason="x" * 20) is None
    assert refused(risk.check_sending_back, **waiting, reason=" " + "x" * 19) == risk.JudgementRefused.code
    with pytest.raises(risk.JudgementRefused, match="sent back"):
        risk.check_approval(needs=True, approved=False, sent_back=True, judged_by=1, approver=2)


def item(code: str, **said: Any) -> Item:
    given = {"label": code, "help": "", "section": "s", "kind": Kind.INDICATOR, "counts": True, "options": ()}
    return Item(code, **{**given, "evidence_required": False, "category": "missing", **said})


def tool(*items: Item, gates: tuple[Rule, ...] = (), floors: tuple[Rule, ...] = ()) -> Tool:
    words = dict.fromkeys(
        ("title", "owner", "source", "example_notice", "shape", "intro", "limits", "low_is_not_no_action"), ""
    )
    return Tool(
        key="small", version=1, effective_on=date(2026, 1, 1), effective_until=None, possible=Possible.SAME,
        harm_question=HarmQuestion("", "", {}), sections=(Section("s", "", "", Kind.INDICATOR, True, items),), bands=(),
        gates=gates, floors=floors, **words,
    )  # fmt: skip


HEALTH = item("H", category="health_sensitive", flags=("red",))
JUDGED = item("J", kind=Kind.JUDGEMENT, counts=False)
PLAIN, UNCOUNTED = item("P"), item("U", category="health_sensitive", counts=False)


def test_a_score_tells_what_a_reader_may_not_see_where_it_counts_it():
    whole = tool(HEALTH, JUDGED, PLAIN, UNCOUNTED)
    assert risk.hidden_items(whole, ["health_sensitive"]) == {"H", "U"}
    assert risk.hidden_items(whole, ["judgement"]) == {"J"}
    assert risk.hidden_items(whole, []) == frozenset()
    assert risk.may_count(whole, ["health_sensitive"])
    assert not risk.may_count(tool(JUDGED, PLAIN, UNCOUNTED), ["health_sensitive", "judgement"])
    assert not risk.may_count(whole, [])


@pytest.mark.parametrize("where", ["gates", "floors"])
@pytest.mark.parametrize(
    ("when", "tells"),
    [
        ({"any_of": ("H", "P")}, True),
        ({"any_of": ("P",)}, False),
        ({"any_flag": "red"}, True),
        ({"any_flag": "blue"}, False),
        ({"any_kind": Kind.VULNERABILITY}, True),
        ({"any_kind": Kind.JUDGEMENT}, False),
        ({"age_under": 13}, False),
    ],
)
def test_a_level_tells_what_a_reader_may_not_see_where_that_raises_it(where, when, tells):
    unseen = replace(HEALTH, kind=Kind.VULNERABILITY)
    speaks = (Rule("NEVER", "", Condition(any_of=("P",))), Rule("THIS", "", Condition(**when)))
    assert risk.may_raise(tool(unseen, UNCOUNTED, PLAIN, **{where: speaks}), ["health_sensitive"]) == tells
    assert not risk.may_raise(tool(unseen, PLAIN, **{where: speaks}), [])

"""What makes the rules of access visible: a restricted file, a block, grants that ended, drafts, a merged file."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from accounts.forms.drafts import as_posted
from accounts.models import User
from accounts.rules.postcodes import those_typed
from accounts.services.drafts import save_step, start_draft
from cases.access.choices import Category, GrantReason
from cases.access.services import grant_access, open_to_standing_functions, place_block
from cases.record.choices import RiskLevel, SpellEnd
from cases.record.models import Spell
from cases.record.selectors.facts import lead_of
from cases.record.services import open_child_file
from cases.sharing.choices import RestrictionKind, SharingEnd
from cases.sharing.services.restriction import restrict_file
from cases.sharing.services.shares import end_decision
from config.demo.children import differently_writable, plan_children, written_otherwise
from config.demo.deciding import identity_of
from config.demo.life import Life
from config.demo.notifications import as_stranger, kept_steps
from config.demo.record import merge_into
from config.demo.shares import share_on
from config.demo.texts import stream
from config.demo.timeline import assessor_of
from config.demo.times import day_of
from referrals.forms.notify import step_form
from referrals.selectors.notify import FORM
from risk.models import LevelJudgement, RiskAssessment
from risk.services import judge_level, keep_draft, send_back_judgement

if TYPE_CHECKING:
    from config.demo.seeding import Setting

LOWER: dict[str, RiskLevel] = {RiskLevel.HIGH: RiskLevel.MEDIUM, RiskLevel.MEDIUM: RiskLevel.LOW}
SHARED = (Category.IDENTITY, Category.LEVEL, Category.PLAN, Category.MISSING)


def set_apart(lives: dict[int, Life], setting: Setting) -> None:
    """Write the cases in which somebody sees less, or more, than the rest of their agency."""
    open_lives = [life for life in lives.values() if life.plan.closed_on is None]
    taken: set[int] = set()
    _restrict(_first(open_lives, taken, with_worker="keyworker"))
    _block_nurse(_first(open_lives, taken, with_worker="nurse"))
    strangers = [life for life in open_lives if not _works(life, "youth.worker") and not _works(life, "rape.crisis")]
    for _ in range(max(1, len(lives) // 40)):
        _share(_first(strangers, taken), setting)
    _leave_unapproved(open_lives, taken, wanted=max(4, len(lives) // 50))
    _begin_assessments(open_lives, setting)
    _merge(lives, setting, taken)
    _drafts(setting)


def _first(lives: list[Life], taken: set[int], *, with_worker: str = "") -> Life:
    """The oldest open file that nothing has been done to yet, of those a given person works on if there are any."""
    free = [life for life in lives if life.plan.number not in taken]
    chosen = next((life for life in free if not with_worker or life.works_at(with_worker, life.until)), free[0])
    taken.add(chosen.plan.number)
    return chosen


def _leave_unapproved(lives: list[Life], taken: set[int], *, wanted: int) -> None:
    """On some files a level below the computed one was judged this week: the first was sent back, the others wait."""
    returned = False
    for life in lives:
        latest = RiskAssessment.objects.filter(child=life.child, provisional=False).order_by("-assessed_at").first()
        if wanted and latest and life.plan.number not in taken and latest.computed_level in LOWER:
            taken.add(life.plan.number)
            at = life.until - timedelta(days=wanted, hours=-13)
            judged = judge_level(
                assessment=latest,
                judged_level=LOWER[latest.computed_level],
                harm_status=latest.harm_status,
                reason=life.teller.tell("assessment", "lower"),
                version=life.version(),
                at=max(at, latest.assessed_at + timedelta(hours=2)),
                by=life.viewer(assessor_of(life, at)),
            )
            wanted -= 1
            if not returned:
                _send_back(life, judged)
                returned = True


def _send_back(life: Life, judgement: LevelJudgement) -> None:
    send_back_judgement(
        judgement=judgement,
        reason=life.teller.tell("assessment", "sent_back"),
        version=life.version(),
        at=judgement.judged_at + timedelta(hours=3),
        by=life.viewer("team.manager"),
    )


def _begin_assessments(lives: list[Life], setting: Setting) -> None:
    """The keyworker has begun an assessment on one file and a correction on another, and was called away."""
    worked_on = [life for life in lives if life.works_at("keyworker", life.until) and not life.child.restricted][:2]
    for life, typed in zip(worked_on, ({"item_A1": ["yes"]}, {"item_A2": ["possible"]}), strict=False):
        by = life.viewer("keyworker")
        own = RiskAssessment.objects.filter(child=life.child, author_id=by.user_id, corrected_by=None)
        corrects = own.order_by("-assessed_at").first() if "item_A2" in typed else None
        keep_draft(
            child=life.child,
            corrects=corrects,
            tool=setting.tool.version,
            typed={**typed, "childs_view": [life.teller.tell("assessment", "childs_view")]},
            version=0,
            at=life.until - timedelta(hours=17),
            by=by,
        )


def _restrict(life: Life) -> None:
    """Close a file to all but the people who are named on it: here, a worker is related to an adult in the case."""
    at = life.until - timedelta(days=9, hours=-11)
    names = [*life.workers("keyworker", "socialworker", "children.in.care"), "team.manager", "guardian"]
    lead = lead_of(life.child.pk)
    named = {life.world.members[name].pk for name in names} | ({lead.membership_id} if lead else set())
    restrict_file(
        child=life.child,
        kind=RestrictionKind.SUSPECT_IN_AGENCY,
        reason="A colleague at an agency that works with the family is related to an adult in the case.",
        review_on=day_of(life.until + timedelta(days=31)),
        named={pk for pk in named if pk is not None},
        version=life.version(),
        at=at,
        by=life.viewer("guardian"),
    )


def _block_nurse(life: Life) -> None:
    """The nurse knows the family: whatever grant the health service holds, she may not know of this file."""
    place_block(
        child_id=life.child.pk,
        user=User.objects.get(username="nurse"),
        reason="Declared: a close friend of the child's family.",
        by=life.viewer("guardian"),
        at=life.until - timedelta(days=20, hours=-10),
    )


def _works(life: Life, username: str) -> bool:
    return life.works_at(username, life.opened_at + timedelta(days=1))


def _share(life: Life, setting: Setting) -> None:
    """Three shares by decision with an agency that is not involved: one has run out, one was ended, one begins soon."""
    at, world = life.opened_at + timedelta(days=1), setting.world
    days = max(1, min(14, (life.until - at).days - 1))
    with_school_holidays = "To take the child on the summer programme and know when not to worry."
    share_on(life, world.agencies["youth_service"], by="coordinator", at=at, days=days, words=with_school_holidays)
    meeting = "To meet the child for the first time with somebody they know."
    shared = share_on(life, world.agencies["rape_crisis"], by="coordinator", at=at, days=90, words=meeting)
    end_decision(
        child=life.child,
        decision_id=shared.pk,
        kind=SharingEnd.NOT_NEEDED,
        words="The meeting was held.",
        at=at + timedelta(days=days),
        by=life.viewer("coordinator"),
    )
    grant_access(
        child_id=life.child.pk,
        reason=GrantReason.SHARE,
        by=life.viewer("coordinator"),
        categories=SHARED,
        group=world.agencies["housing"].group,
        at=life.until + timedelta(days=6, hours=9),
        valid_until=life.until + timedelta(days=60),
        note="From the day of the move",
    )


def _merge(lives: dict[int, Life], setting: Setting, taken: set[int]) -> None:
    """A file that was opened twice for one child, found out a week later and joined to the first."""
    rng = stream(setting.seed, "merged")
    plans = [life.plan for life in lives.values() if life.plan.number not in taken and life.plan.closed_on is None]
    alike = differently_writable(plans) or plans
    kept = lives[alike[0].number]
    taken.add(kept.plan.number)
    twice = as_stranger(written_otherwise(rng, kept.plan), source="socialworker", number=kept.plan.number)
    at = kept.opened_at + timedelta(days=1)
    by = kept.viewer("triage")
    duplicate = open_child_file(identity=identity_of(twice), at=at, by=by)
    open_to_standing_functions(child_id=duplicate.pk, at=at, by=by)
    Spell.objects.filter(child=duplicate).update(
        ended_on=day_of(at + timedelta(days=1)), end_reason=SpellEnd.NOT_NEEDED
    )
    merge_into(duplicate=duplicate, kept=kept.child)


def _drafts(setting: Setting) -> None:
    """Two notifications that the teacher has begun and not sent, filled in page by page."""
    rng, by = stream(setting.seed, "drafts"), setting.world.viewers["teacher"]
    strangers = plan_children(count=2, seed=setting.seed + 5_003, today=setting.until.date())
    for number, plan in enumerate(strangers):
        at = setting.until - timedelta(days=1 + 3 * number, hours=9)
        teacher_knows = as_stranger(plan, source="teacher", number=950 + number)
        steps = kept_steps(plan=teacher_knows, world=setting.world, rng=rng, at=at)
        draft = start_draft(form=FORM, at=at, by=by)
        for step in list(steps)[: 5 - 2 * number]:
            typed = _as_typed(steps[step])
            data = as_posted(typed, key=str(uuid4()), version=0)
            form = step_form(step, data, at=at, initial={}, watch=those_typed(frozenset()))
            kept = form.kept() if form.is_valid() else None
            save_step(draft_id=draft.pk, step=step, typed=typed, kept=kept, version=0, at=at, by=by)


def _as_typed(kept: dict[str, Any]) -> dict[str, list[str]]:
    """Answers as they are typed on the page: dates in three parts, yes and no as words."""
    typed: dict[str, list[str]] = {}
    for name, value in kept.items():
        if isinstance(value, bool):
            typed[name] = ["yes" if value else "no"]
        elif name in ("birth_date", "happened_on") and value:
            year, month, day = value.split("-")
            typed |= {f"{name}_day": [str(int(day))], f"{name}_month": [str(int(month))], f"{name}_year": [year]}
        elif value is not None:
            typed[name] = value if isinstance(value, list) else [str(value)]
    return typed

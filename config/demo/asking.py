"""What a restricted file brings the data guardians: a notification that looks like its child, and who was refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from cases.record.choices import HarmStatus
from config.demo.children import ChildPlan
from config.demo.life import Life
from config.demo.notifications import as_stranger, send
from config.demo.texts import stream
from config.demo.times import on_day
from referrals.models import Notification
from referrals.selectors.matching import candidates_for
from referrals.services.triage_questions import ask_guardians

if TYPE_CHECKING:
    from config.demo.seeding import Setting

SENDER, OPENED_BY = "emergency", "triage"


def ask_about_restricted(lives: dict[int, Life], setting: Setting) -> None:
    """A hospital notified the restricted child last evening, and triage has opened what it sent: whoever works there
    is not named on the file, so that only a guardian can say whether it is the same child.
    """
    for life in [life for life in lives.values() if life.child.restricted]:
        plan = replace(life.plan, harm=HarmStatus.SUSPECTED)  # urgent is another one's part in the queue
        sent = _notify(as_stranger(plan, source=SENDER, number=990 + plan.number), setting)
        opened_at = sent.sent_at + timedelta(minutes=20)
        found = candidates_for(notification=sent, viewer=setting.world.viewers[OPENED_BY], at=opened_at)
        ask_guardians(notification=sent, hidden=found.hidden, at=opened_at)


def _notify(plan: ChildPlan, setting: Setting) -> Notification:
    at = on_day((setting.until - timedelta(days=1)).date(), 18, 35)
    rng = stream(setting.seed, f"asking {plan.number}")
    return send(plan=plan, world=setting.world, rng=rng, at=at, tool=None, answers={})

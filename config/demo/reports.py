"""Reports that have been asked for: the worker makes them as soon as the product runs."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from config.demo.times import day_of
from reporting.rules.periods import Period
from reporting.services import request_report

if TYPE_CHECKING:
    from config.demo.seeding import Setting


def ask_for_reports(setting: Setting) -> None:
    """The chair asked for the last three whole months, and the service manager for the last six."""
    today = day_of(setting.until)
    last = today.replace(day=1) - timedelta(days=1)
    for username, months, days_ago in (("chair", 3, 9), ("manager", 6, 2)):
        at = setting.until - timedelta(days=days_ago, hours=-11)
        ended = min(last, day_of(at).replace(day=1) - timedelta(days=1))
        period = Period(_first_of(ended, months), ended)
        request_report(period=period, at=at, by=setting.world.viewers[username])


def _first_of(last: date, months: int) -> date:
    """The first day of the so-many whole months that end with `last`."""
    month = last.year * 12 + last.month - months
    return date(month // 12, month % 12 + 1, 1)

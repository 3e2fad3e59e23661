"""The calendar: England's bank holidays, and the days on which the partnership does not work."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from accounts.middleware.policy import policy
from accounts.rules.roles import Capability
from accounts.selectors import now
from cases.clocks import services
from cases.clocks.models import ClosureDay
from cases.clocks.rules import ClockRefused
from cases.clocks.selectors import closure_days
from cases.forms.calendar import CloseDayForm, ReopenDayForm
from cases.presenters.calendar import closed_line, holiday_rows, weekday
from cases.views.loading import viewer_of


@policy(methods=("GET", "POST"), capability=Capability.KEEP_CALENDAR)
def calendar(request: HttpRequest) -> HttpResponse:
    """Which days are not worked this year and next, and closing one more."""
    at = now()
    form = CloseDayForm(request.POST or None, at=at)
    if request.method == "POST" and form.is_valid():
        asked = form.cleaned_data
        try:
            services.close_day(day=asked["day"], name=asked["name"], at=at, by=viewer_of(request))
        except ClockRefused as refusal:
            form.add_error("day", refusal.reason)
        else:
            messages.success(request, f"{weekday(asked['day'])} is closed. Working days counted from now leave it out.")
            return redirect("cases:calendar")
    today = timezone.localdate(at)
    context = {
        "form": form,
        "closed": [_closed(row, today) for row in closure_days(since=today.replace(month=1, day=1))],
        "years": [
            {"caption": f"Bank holidays in England, {year}", "rows": holiday_rows(year)}
            for year in (today.year, today.year + 1)
        ],
        "columns": [{"text": "Day"}, {"text": "Holiday"}],
    }
    return render(request, "cases/calendar.html", context, status=422 if form.errors else 200)


def _closed(row: ClosureDay, today: date) -> dict[str, Any]:
    line = closed_line(row, today=today)
    form = ReopenDayForm(auto_id=False, initial={"day": line["reopens"]}) if line["reopens"] else None
    return {**line, "form": form}


@policy(methods=("POST",), capability=Capability.KEEP_CALENDAR)
def reopen_day(request: HttpRequest) -> HttpResponse:
    """Take back that a coming day is closed."""
    form = ReopenDayForm(request.POST)
    if not form.is_valid():
        messages.warning(request, "That day could not be read. Look at the page again.")
        return redirect("cases:calendar")
    day = form.cleaned_data["day"]
    try:
        services.reopen_day(day=day, at=now(), by=viewer_of(request))
    except ClockRefused as refusal:
        messages.warning(request, refusal.reason)
    else:
        messages.success(request, f"{weekday(day)} is worked again.")
    return redirect("cases:calendar")

"""Turns the domain's refusals into pages, and writes each one down on a connection of its own.

Two people who write on the same files at the same moment may stop each other; the one whom the database turned
away is let in again, with what was asked, and never notices.
"""

import time
from collections.abc import Callable
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.defaults import page_not_found

from accounts.choices import AccessOutcome
from accounts.middleware.problems import is_for_a_system, not_found, problem
from accounts.rules.refusals import SAID, NotKnown, Refusal, Stale, seconds_to_hold
from accounts.services.access_events import record_access, trace_of
from accounts.services.deadlocks import TRIES_AFTER_A_DEADLOCK, is_deadlock


class RefusalMiddleware:
    """`NotKnown` looks like any other 404, and takes as long; `Refusal` is a 403 with its reason; `Stale` is a 409.

    A person reads a page, a system the same in JSON. A denial that a form says at a field is written down as well.
    What the database rolled back to free somebody else is asked of the view again, in a new transaction.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        said: list[Refusal] = []
        before = SAID.set(said)
        try:
            response = self.get_response(request)
        finally:
            SAID.reset(before)
        for refusal in said:
            if refusal.denies:
                _log(request, refusal.code, refusal.child_id)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        error = exception
        for _ in range(TRIES_AFTER_A_DEADLOCK):
            if not is_deadlock(error):
                break
            try:
                return ask_again(request)
            except Exception as another:
                error = another
        page = refusal_page(request, error)
        if page is None and error is not exception:
            raise error
        return page


def ask_again(request: HttpRequest) -> HttpResponse:
    """Call the view of a request once more, in a transaction of its own as the first time."""
    match = request.resolver_match
    assert match is not None
    with transaction.atomic():
        answer: HttpResponse = match.func(request, *match.args, **match.kwargs)
    return answer


def refusal_page(request: HttpRequest, exception: Exception) -> HttpResponse | None:
    """The page for a refusal, once it is written down; None for any other exception."""
    if isinstance(exception, NotKnown):
        _log(request, exception.reason_code, exception.child_id)
        page = not_found() if is_for_a_system(request) else page_not_found(request, exception)
        _hold(request)
        return page
    if isinstance(exception, Refusal):
        _log(request, exception.code, exception.child_id)
        status = 409 if isinstance(exception, Stale) else 403
        if is_for_a_system(request):
            return problem(status, exception.code, exception.reason)
        context = {"reason": exception.reason, "why_reference": _file_of(request)}
        return render(request, f"{status}.html", context, status=status)
    return None


def _file_of(request: HttpRequest) -> str:
    """The reference of the file that a refused page is of: whoever is refused there may know of it."""
    match = request.resolver_match
    declared = getattr(match.func, "policy", None) if match else None
    if match is None or declared is None or not declared.reads_file or not request.viewer.role_key:  # type: ignore[attr-defined]
        return ""
    return str(match.kwargs.get("reference", ""))


def _hold(request: HttpRequest) -> None:
    """Let an answer wait until its age is the same as that of all of its kind."""
    taken = time.perf_counter() - request.came_at  # type: ignore[attr-defined]
    time.sleep(seconds_to_hold(taken, settings.NOT_KNOWN_TAKES_SECONDS))


def _log(request: HttpRequest, reason_code: str, child_id: UUID | None) -> None:
    match = request.resolver_match
    record_access(
        viewer=request.viewer,  # type: ignore[attr-defined]
        action=match.view_name if match else "",
        outcome=AccessOutcome.REFUSED,
        reason_code=reason_code,
        child_id=child_id,
        trace=trace_of(request),
    )

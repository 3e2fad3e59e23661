"""Choosing the acting membership, carrying on after a session has ended, and what is answered when nothing else is."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.csrf import requires_csrf_token
from django.views.defaults import bad_request, page_not_found, server_error

from accounts.middleware.policy import policy
from accounts.middleware.problems import is_for_a_system, not_found, problem
from accounts.middleware.viewer import ACTING_MEMBERSHIP
from accounts.selectors import current_memberships, now
from accounts.selectors.health import database_answers
from accounts.services.notices import mark_seen
from accounts.services.submissions import OWNER_FIELD, hold_submission, owner_of, take_held
from accounts.views.going_on import held_or_home


@policy(methods=("GET", "POST"), writes=False, needs_membership=False)
def switch_membership(request: HttpRequest) -> HttpResponse:
    """Choose under which of several memberships to act; a form that waits for that role is then shown again."""
    memberships = current_memberships(request.user)  # type: ignore[arg-type]
    problems = []
    if request.method == "POST":
        chosen = request.POST.get("membership", "")
        if chosen in {str(membership.pk) for membership in memberships}:
            request.session[ACTING_MEMBERSHIP] = chosen
            return redirect(held_or_home(request.GET.get("held", "")))
        problems = [{"text": "Select who you are acting as", "href": "#membership_0"}]
    context = {"memberships": memberships, "problems": problems}
    return render(request, "accounts/switch_membership.html", context, status=422 if problems else 200)


@policy(methods=("GET",), needs_membership=False)
def carry_on(request: HttpRequest, token: UUID) -> HttpResponse:
    """Show a form that came after its session or its code had run out, ready to be sent again with everything in it."""
    held = take_held(token=token, user_id=request.user.pk)  # type: ignore[arg-type]
    if held is None:
        return redirect("home")
    acting_id = request.viewer.membership_id  # type: ignore[attr-defined]
    other_role = held.membership_id is not None and held.membership_id != acting_id
    return render(request, "accounts/carry_on.html", {"held": held, "other_role": other_role})


@policy(methods=("POST",), needs_membership=False)
def notice_seen(request: HttpRequest, notice_id: UUID) -> HttpResponse:
    """Put a notice about one's own account away."""
    mark_seen(notice_id=notice_id, user_id=request.user.pk, at=now())  # type: ignore[arg-type]
    return redirect("home")


@policy(public=True)
def healthz(request: HttpRequest) -> JsonResponse:
    """Whether this process and its database answer. Says nothing else."""
    up = database_answers()
    return JsonResponse({"database": "up" if up else "down"}, status=200 if up else 503)


@requires_csrf_token
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form whose page was too old: what was typed is kept, and can be sent again."""
    token = None
    if request.user.is_authenticated and OWNER_FIELD in request.POST:
        owner = owner_of(request.POST[OWNER_FIELD])
        if owner is not None and owner[0] == request.user.pk:
            token = hold_submission(
                user_id=owner[0], membership_id=owner[1], path=request.get_full_path(), fields=request.POST
            )
    return render(request, "403_csrf.html", {"token": token}, status=403)


def not_found_page(request: HttpRequest, exception: Exception) -> HttpResponse:
    """What is answered at an address that leads nowhere."""
    return not_found() if is_for_a_system(request) else page_not_found(request, exception)


def server_error_page(request: HttpRequest) -> HttpResponse:
    """What is answered when the product is at fault."""
    if is_for_a_system(request):
        return problem(500, "fault", "Nothing was changed. Send it again later, with the same Idempotency-Key.")
    return server_error(request)


def bad_request_page(request: HttpRequest, exception: Exception) -> HttpResponse:
    """What is answered to a request that no browser or honest system makes."""
    if is_for_a_system(request):
        return problem(400, "bad_request", "Check the request's headers and size.")
    return bad_request(request, exception)

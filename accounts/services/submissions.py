"""Forms that are pressed twice, and forms that arrive after their session has ended."""

import hashlib
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from django.core import signing
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import render

from accounts.choices import SubmissionStatus
from accounts.models import HeldSubmission, Membership, Submission, User
from accounts.rules.refusals import Refusal

KEY_FIELD = "idempotency_key"
OWNER_FIELD = "form_owner"
OWNER_SALT = "harbour.form-owner"
OWNER_FOR = timedelta(days=1)
HELD_FIELD = "held"
LATE_OWNER_FIELD = "held_owner"
LATE_PATH_FIELD = "held_path"
LEFT_OUT = {"csrfmiddlewaretoken", OWNER_FIELD, HELD_FIELD}
HELD_FOR = timedelta(days=7)


def owner_token(user_id: int, membership_id: UUID | None = None) -> str:
    """The signed mark that a page puts into its forms: the person it was made for, and the role they acted in."""
    return signing.dumps([user_id, str(membership_id) if membership_id else None], salt=OWNER_SALT)


def owner_of(mark: str) -> tuple[int, UUID | None] | None:
    """The user and membership of a page's mark; None where it is not ours, or of a page older than a day."""
    try:
        user_id, membership_id = signing.loads(mark, salt=OWNER_SALT, max_age=OWNER_FOR)
        return int(user_id), UUID(membership_id) if membership_id else None
    except (signing.BadSignature, ValueError, TypeError):
        return None


def once(request: HttpRequest, view_name: str, run: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    """Run a write form's view at most once for its key.

    The same key with the same body gets the first answer again; with another body, a 422 page; a form without
    a key, a 422 page. Only an answer that redirects (the write was done) is kept: a form that comes back with
    errors may be corrected and sent again under its key. A page that was opened in another role than the one the
    sender acts in now gets a 409 page that keeps what was typed. Runs inside the request's transaction, so that the
    mark and the write stand or fall together; a second press waits for the first on the unique row.
    """
    try:
        key = UUID(request.POST.get(KEY_FIELD, ""))
    except ValueError:
        return render(request, "422.html", {"reason": "missing_key"}, status=422)
    owner = owner_of(request.POST.get(OWNER_FIELD, ""))
    viewer = request.viewer  # type: ignore[attr-defined]
    if owner is not None and owner != (viewer.user_id, viewer.membership_id):
        opened_as = (
            Membership.objects.select_related("agency").filter(pk__in=[owner[1]], user_id=viewer.user_id).first()
        )
        return render(request, "accounts/other_role.html", {"opened_as": opened_as}, status=409)
    body_hash = _hash_of(request)
    with transaction.atomic():
        mark, created = Submission.objects.get_or_create(
            user_id=_sender(request), key=key, view=view_name, defaults={"body_hash": body_hash}
        )
        if not created:
            return _answer_again(request, mark, body_hash)
        response = run()
        if isinstance(response, HttpResponseRedirect):
            mark.status, mark.location = SubmissionStatus.DONE, response.url
            mark.save(update_fields=["status", "location"])
            _drop_held(request)
        else:
            mark.delete()
    return response


def _sender(request: HttpRequest) -> int:
    """Who sends the form: write views are for signed-in people alone."""
    if request.user.pk is None:
        raise Refusal("Sign in to send this form.")
    return int(request.user.pk)


def _drop_held(request: HttpRequest) -> None:
    """Forget a form that was held, now that it has been sent on."""
    try:
        token = UUID(request.POST.get(HELD_FIELD, ""))
    except ValueError:
        return
    HeldSubmission.objects.filter(token=token, user_id=_sender(request)).delete()


def _answer_again(request: HttpRequest, mark: Submission, body_hash: str) -> HttpResponse:
    if mark.body_hash != body_hash:
        return render(request, "422.html", {"reason": "other_body"}, status=422)
    return HttpResponseRedirect(mark.location)


def _hash_of(request: HttpRequest) -> str:
    """What was sent and where to: one key on the pages of two files is two forms."""
    kept = {name: values for name, values in sorted(request.POST.lists()) if name not in LEFT_OUT}
    return hashlib.sha256(json.dumps([request.path, kept], sort_keys=True).encode()).hexdigest()


def hold_submission(*, user_id: int, membership_id: UUID | None, path: str, fields: QueryDict) -> UUID:
    """Keep the fields of a form that came too late, for the role it was typed in. Returns the token to it."""
    kept = {name: values for name, values in fields.lists() if name not in LEFT_OUT}
    user = User.objects.get(pk=user_id)
    return HeldSubmission.objects.create(user=user, membership_id=membership_id, path=path[:500], fields=kept).token


def holds_something_typed(fields: QueryDict) -> bool:
    """Whether a form is more than a button: it holds something besides what each page puts into it."""
    return bool(set(fields) - LEFT_OUT - {KEY_FIELD})


def hold_late_form(posted: QueryDict, *, path: str) -> UUID | None:
    """Keep what stood in a page that was signed out for want of use, and was not sent.

    The page's own mark, under another name, says whose it is; without one, or with nothing typed, nothing is kept.
    """
    owner = owner_of(posted.get(LATE_OWNER_FIELD, ""))
    fields = posted.copy()
    for name in (LATE_OWNER_FIELD, LATE_PATH_FIELD):
        fields.pop(name, None)
    if owner is None or not holds_something_typed(fields):
        return None
    return hold_submission(user_id=owner[0], membership_id=owner[1], path=path, fields=fields)


def take_held(*, token: UUID, user_id: int) -> HeldSubmission | None:
    """The held form, for the person it belongs to and nobody else."""
    return HeldSubmission.objects.select_related("membership__agency").filter(token=token, user_id=user_id).first()


def purge_held(*, at: datetime) -> int:
    """Throw away every held form that nobody came back for within 7 days. Returns how many."""
    count, _ = HeldSubmission.objects.filter(created_at__lt=at - HELD_FOR).delete()
    return count

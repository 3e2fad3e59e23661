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
from accounts.models import HeldSubmission, Submission, User
from accounts.rules.refusals import Refusal

KEY_FIELD = "idempotency_key"
OWNER_FIELD = "form_owner"
OWNER_SALT = "harbour.form-owner"
HELD_FIELD = "held"
LEFT_OUT = {"csrfmiddlewaretoken", OWNER_FIELD, HELD_FIELD}
HELD_FOR = timedelta(days=7)


def owner_token(user_id: int) -> str:
    """The signed mark that a page puts into its forms, naming the person it was made for."""
    return signing.dumps(str(user_id), salt=OWNER_SALT)


def once(request: HttpRequest, view_name: str, run: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    """Run a write form's view at most once for its key.

    The same key with the same body gets the first answer again; with another body, a 422 page; a form without
    a key, a 422 page. Only an answer that redirects (the write was done) is kept: a form that comes back with
    errors may be corrected and sent again under its key. Runs inside the request's transaction, so that the
    mark and the write stand or fall together; a second press waits for the first on the unique row.
    """
    try:
        key = UUID(request.POST.get(KEY_FIELD, ""))
    except ValueError:
        return render(request, "422.html", {"reason": "missing_key"}, status=422)
    body_hash = _hash_of(request.POST)
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


def _hash_of(fields: QueryDict) -> str:
    kept = {name: values for name, values in sorted(fields.lists()) if name not in LEFT_OUT}
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()


def hold_submission(*, user_id: int, path: str, fields: QueryDict) -> UUID:
    """Keep the fields of a form whose session had ended. Returns the token to pick it up by."""
    kept = {name: values for name, values in fields.lists() if name not in LEFT_OUT}
    user = User.objects.get(pk=user_id)
    return HeldSubmission.objects.create(user=user, path=path[:500], fields=kept).token


def take_held(*, token: UUID, user_id: int) -> HeldSubmission | None:
    """The held form, for the person it belongs to and nobody else."""
    return HeldSubmission.objects.filter(token=token, user_id=user_id).first()


def drop_held(*, token: UUID, user_id: int) -> None:
    """Forget a held form once it has been sent on."""
    HeldSubmission.objects.filter(token=token, user_id=user_id).delete()


def purge_held(*, at: datetime) -> int:
    """Throw away every held form that nobody came back for within 7 days. Returns how many."""
    count, _ = HeldSubmission.objects.filter(created_at__lt=at - HELD_FOR).delete()
    return count

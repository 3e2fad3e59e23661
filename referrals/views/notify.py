"""Writing a notification, a page at a time, and sending it."""

from collections.abc import Callable
from datetime import date, datetime
from functools import wraps
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from accounts.forms import WriteForm
from accounts.forms.drafts import BACK, KEPT, LEAVE, as_posted, is_blank, typed_in
from accounts.middleware.policy import policy
from accounts.models import Draft
from accounts.rules.postcodes import Watch, those_typed
from accounts.rules.refusals import NotKnown
from accounts.rules.roles import Capability
from accounts.rules.viewers import Viewer
from accounts.selectors import now
from accounts.services import drafts
from referrals.forms.notify import StepForm, ToolForm, step_form
from referrals.models import Notification
from referrals.presenters import notify as presenters
from referrals.rules.notify import (
    STEPS,
    NotificationIncomplete,
    age_said,
    hints_before_sending,
    kept_postcodes,
    postcode_hints,
    steps_to_fill,
)
from referrals.selectors.notify import FORM, draft_for, drafts_for, kept_of, own_telephone, sent_from
from referrals.services.notify import send_notification
from risk.rules import answers_to_plain
from risk.selectors import tool_in_force

ORDER = list(STEPS)


def viewer_of(request: HttpRequest) -> Viewer:
    viewer: Viewer = request.viewer  # type: ignore[attr-defined]
    return viewer


@policy(methods=("GET", "POST"), capability=Capability.NOTIFY)
def notify_start(request: HttpRequest) -> HttpResponse:
    """What a notification is, what I have begun, and a button to begin."""
    at, viewer = now(), viewer_of(request)
    if request.method == "POST":
        draft = drafts.start_draft(form=FORM, at=at, by=viewer)
        return redirect("referrals:notify_step", draft.pk, ORDER[0])
    begun = presenters.draft_items(drafts_for(viewer), at=at)
    return render(request, "referrals/notify_start.html", {"form": WriteForm(), "drafts": begun})


def leads_to_what_was_sent(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Back, a second press or an old tab on a notification that has been sent meanwhile: to its acknowledgement."""

    @wraps(view)
    def led(request: HttpRequest, draft_id: UUID, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, draft_id, **kwargs)
        except NotKnown:
            sent = sent_from(viewer_of(request), draft_id)
            if sent is None:
                raise
            messages.info(request, _already_sent(sent, typed="step" in kwargs and request.method == "POST"))
            return redirect("referrals:sent_acknowledgement", sent.reference)

    return led


def _already_sent(sent: Notification, *, typed: bool) -> str:
    words = f"You have sent this already: it is {sent.reference}."
    if typed:
        return f"{words} What you have just typed was not added. If it matters, ring the notification point."
    return f"{words} Nothing was sent twice."


@policy(methods=("GET", "POST"), capability=Capability.NOTIFY)
@leads_to_what_was_sent
def notify_step(request: HttpRequest, draft_id: UUID, step: str) -> HttpResponse:
    """One page of the form. Whatever is typed is kept, right or wrong, before anything else happens."""
    if step not in STEPS:
        raise Http404
    at, viewer = now(), viewer_of(request)
    draft = draft_for(viewer, draft_id)
    if request.method == "GET":
        return _show_step(request, draft, step, _opened_form(draft, step, viewer, at=at))
    posted, typed = request.POST.copy(), typed_in(request.POST)
    form = _form_of(step, posted, at=at, initial={}, watch=_watch(draft))
    valid = form.is_valid()
    kept = _kept(step, form, valid, later="without" in request.POST, at=at)
    leaves = not {LEAVE, BACK, KEPT}.isdisjoint(request.POST)
    if not (leaves and is_blank(typed) and step not in draft.answers):
        draft = drafts.save_step(
            draft_id=draft_id,
            step=step,
            typed=typed,
            kept=kept,
            version=form.cleaned_data.get("version"),
            at=at,
            by=viewer,
        )
    if leaves:
        return _left(request, draft, step)
    if kept is None:
        posted["version"] = str(draft.answers[step]["version"])
        return _show_step(request, draft, step, form, status=422)
    return redirect(_next_address(request, draft, step))


def _left(request: HttpRequest, draft: Draft, step: str) -> HttpResponse:
    """Where somebody goes who has not finished a page; what they typed is kept as it is."""
    if KEPT in request.POST:
        return HttpResponse(status=204)
    if BACK in request.POST:
        return redirect(_back_address(request, draft, step))
    messages.success(request, "What you have written is kept. It has not been sent.")
    return redirect("referrals:sent")


@policy(methods=("GET", "POST"), capability=Capability.NOTIFY)
@leads_to_what_was_sent
def notify_check(request: HttpRequest, draft_id: UUID) -> HttpResponse:
    """Everything that was written, once more, and the button that sends it."""
    at, viewer = now(), viewer_of(request)
    draft = draft_for(viewer, draft_id)
    form = WriteForm(request.POST or None, initial={"version": draft.version})
    if request.method == "POST" and form.is_valid():
        try:
            sent = send_notification(draft_id=draft_id, version=form.cleaned_data["version"], at=at, by=viewer)
        except NotificationIncomplete as incomplete:
            form.add_error(None, incomplete.reason)
        else:
            return redirect("referrals:sent_acknowledgement", sent.reference)
    kept, today = kept_of(draft), timezone.localdate(at)
    missing = steps_to_fill(kept, today=today)
    context = {
        "form": form,
        "draft": draft,
        "cards": presenters.check_cards(draft, missing=missing, at=at),
        "hints": [] if missing else [*_hints(kept, today), *postcode_hints(kept)],
        "missing": [{"text": STEPS[step], "href": _step_address(draft, step)} for step in missing],
        "danger": bool((kept["danger"] or {}).get("immediate_danger")),
        "back_href": _step_address(draft, ORDER[-1]),
    }
    return render(request, "referrals/notify_check.html", context, status=422 if form.errors else 200)


@policy(methods=("GET", "POST"), capability=Capability.NOTIFY)
@leads_to_what_was_sent
def notify_discard(request: HttpRequest, draft_id: UUID) -> HttpResponse:
    """Throw away what I have begun, after being asked once."""
    viewer = viewer_of(request)
    draft = draft_for(viewer, draft_id)
    if request.method == "POST":
        drafts.discard_draft(draft_id=draft_id, by=viewer)
        messages.success(request, "What you had begun is thrown away. Nothing was sent.")
        return redirect("referrals:sent")
    back = reverse("referrals:notify_check", args=[draft.pk])
    return render(request, "referrals/notify_discard.html", {"form": WriteForm(), "back_href": back})


def _watch(draft: Draft) -> Watch:
    """What is asked about postcodes: of this referrer's own words alone, so that nothing is told of any file."""
    return those_typed(kept_postcodes(kept_of(draft)["home"] or {}))


def _form_of(
    step: str, data: QueryDict | None, *, at: datetime, initial: dict[str, Any], watch: Watch
) -> StepForm | ToolForm:
    if step != "matrix":
        return step_form(step, data, at=at, initial=initial, watch=watch)
    return ToolForm(data, tool=tool_in_force(on=timezone.localdate(at)).tool, at=at, initial=initial, watch=watch)


def _opened_form(draft: Draft, step: str, viewer: Viewer, *, at: datetime) -> StepForm | ToolForm:
    """The form as it was left: with everything typed, and with what was wrong with it."""
    found, watch = draft.answers.get(step), _watch(draft)
    if not found:
        initial = {"version": 0, "referrer_telephone": own_telephone(viewer)}
        return _form_of(step, None, at=at, initial=initial, watch=watch)
    typed = as_posted(found["typed"], key=str(uuid4()), version=found["version"])
    return _form_of(step, typed, at=at, initial={}, watch=watch)


def _kept(step: str, form: StepForm | ToolForm, valid: bool, *, later: bool, at: datetime) -> dict[str, Any] | None:
    if step != "matrix":
        return form.kept() if valid and isinstance(form, StepForm) else None
    if later:
        return {"later": True}
    if not valid or not isinstance(form, ToolForm):
        return None
    tool = tool_in_force(on=timezone.localdate(at))
    return {
        "tool_id": tool.version.pk,
        "answers": answers_to_plain(form.answers()),
        "evidence": form.evidence_text(),
    }


def _show_step(
    request: HttpRequest, draft: Draft, step: str, form: StepForm | ToolForm, *, status: int = 200
) -> HttpResponse:
    context = {
        "form": form,
        "step": step,
        "caption": f"Refer a child: {ORDER.index(step) + 1} of {len(ORDER)}",
        "heading": "" if getattr(form, "heading_field", "") else STEPS[step],
        "keep": "typed",
        "button": "Save and go back to your answers" if _from_check(request) else "Continue",
        "tool": getattr(form, "tool", None),
    }
    template = "referrals/notify_matrix.html" if step == "matrix" else "referrals/notify_step.html"
    return render(request, template, context, status=status)


def _from_check(request: HttpRequest) -> bool:
    return request.GET.get("from") == "check"


def _back_address(request: HttpRequest, draft: Draft, step: str) -> str:
    number = ORDER.index(step)
    if _from_check(request):
        return reverse("referrals:notify_check", args=[draft.pk])
    return _step_address(draft, ORDER[number - 1]) if number else reverse("referrals:notify_start")


def _next_address(request: HttpRequest, draft: Draft, step: str) -> str:
    number = ORDER.index(step) + 1
    if _from_check(request) or number == len(ORDER):
        return reverse("referrals:notify_check", args=[draft.pk])
    return _step_address(draft, ORDER[number])


def _step_address(draft: Draft, step: str) -> str:
    return reverse("referrals:notify_step", args=[draft.pk, step])


def _hints(kept: dict[str, dict[str, Any] | None], today: date) -> list[str]:
    child = kept["child"] or {}
    born = child.get("birth_date")
    age = age_said(
        birth_date=date.fromisoformat(born) if born else None, age_if_unknown=child.get("age_if_unknown"), today=today
    )
    return hints_before_sending(age=age, concerns=(kept["concern"] or {}).get("concerns", []))

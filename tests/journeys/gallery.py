"""Every field, component and page of refusal, for the checks of the face alone: never in the product."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import include, path

from accounts.choices import RoleKey
from accounts.forms import (
    CheckboxesField,
    DateField,
    EmailField,
    HarbourForm,
    LongTextField,
    MomentField,
    PasswordField,
    RadioField,
    SearchField,
    SelectField,
    TextField,
    TickField,
    WholeNumberField,
    WriteForm,
    YesNoField,
)
from accounts.forms.sign_in import SignInForm
from accounts.models import Agency, HeldSubmission, Membership
from accounts.rules.viewers import Viewer

AT = datetime(2026, 3, 4, 14, 15, tzinfo=UTC)
PEOPLE = [("mother", "Mother"), ("teacher", "Teacher"), ("friend", "Friend"), ("nobody", "Nobody yet")]


class EveryField(WriteForm):
    """One of each, with hints on most."""

    first_name = TextField(
        label="Child’s first name", max_length=40, width=20, hint="The name the child likes to be called"
    )
    worry = LongTextField(label="What worries you?", max_length=200, hint="Say what was seen and heard, and by whom.")
    remarks = LongTextField(label="Anything else", required=False, rows=3)
    born_on = DateField(label="Date of birth", noun="Date of birth", when="past", hint="For example, 27 3 2012")
    seen_at = MomentField(
        label="When were they last seen?", noun="Last seen", when="today_or_past", hint="For example, 2:15pm or 14:15"
    )
    place = RadioField(
        label="Where were they last seen?",
        choices=[
            ("home", "At home"),
            ("school", "At school"),
            ("station", "At a bus or railway station"),
            ("other", "Somewhere else"),
        ],
        hints={"station": "Any stop counts, and any platform", "other": "Say where, as exactly as you can"},
        reveals={"other": ("place_other", "place_on")},
        dividers={"other": "or"},
    )
    place_other = TextField(label="Where else?", max_length=60)
    place_on = DateField(label="On which day?", noun="The day", required=False)
    knows = CheckboxesField(
        label="Who knows about this?",
        choices=PEOPLE,
        hints={"friend": "A friend of the child’s own age"},
        reveals={"teacher": "school"},
        dividers={"nobody": "or"},
        exclusive="nobody",
    )
    school = TextField(label="Which school?", max_length=60)
    told = YesNoField(
        label="Does the child know you are writing?", hint="It is kinder when they do, unless it puts them in danger."
    )
    agency = SelectField(
        label="Your agency",
        choices=[
            ("", "Choose"),
            ("a", "Bridge Project"),
            ("b", "A very long name of an agency that works across the whole of the county and beyond its borders"),
        ],
    )
    hours = WholeNumberField(label="Hours away", required=False, min_value=0, max_value=999)
    mail = EmailField(label="Your work email")
    password = PasswordField(label="Password")
    paper = forms.FileField(label="A document", required=False, help_text="PDF or picture, up to 10 MB")
    sure = TickField(label="I have read what I wrote")


class OneQuestion(WriteForm):
    """A page that asks one thing, whose legend is its heading."""

    heading_field = "danger"
    danger = RadioField(
        label="Is the child in danger now?",
        choices=[("yes", "Yes"), ("no", "No"), ("unknown", "I do not know")],
        hints={"yes": "Ring 999 first. Then go on here."},
        hint="Think of the next few hours.",
    )


class OneLine(WriteForm):
    """A page whose label is its heading."""

    heading_field = "title"
    title = TextField(label="What should this meeting be called?", max_length=60)


class Narrow(HarbourForm):
    """A filter."""

    says_optional = False
    agency = SelectField(label="Agency", required=False, choices=[("", "Any"), ("bridge", "Bridge Project")])
    since = DateField(label="Since", required=False)
    levels = CheckboxesField(
        label="Level", required=False, small=True, choices=[("high", "High"), ("medium", "Medium")]
    )


class ByName(HarbourForm):
    """A search."""

    says_optional = False
    words = SearchField(label="Name or reference")


TABS = [
    {"text": "Summary", "href": "/file/", "active": True},
    {"text": "Chronology", "href": "/components/"},
    {"text": "Risk", "href": "/components/"},
    {"text": "Missing episodes", "href": "/components/"},
    {"text": "Who can see this", "href": "/components/"},
    {"text": "Not served", "url_name": "nowhere:page"},
]
CHILD = {
    "reference": "HBR-000123",
    "name": "Tegan Ashby",
    "age": 14,
    "level": "high",
    "harm": "suspected",
    "missing_since": "3 March 2026, 10:40pm",
    "lead": "Priya Nandra, Bridge Project, ring 01632 960 141",
    "href": "/file/",
}
ENTRIES = [
    {
        "title": "Return interview held",
        "when": "4 March 2026, 2:15pm",
        "iso": "2026-03-04T14:15:00+00:00",
        "by": "Marek Dunne, Bridge Project",
        "text": "Tegan spoke for forty minutes.\nShe would like the same worker next time.",
        "href": "/components/",
        "tags": [{"text": "Within 72 hours", "tone": "good"}],
    },
    {
        "title": "1 entry from sexual health",
        "when": "2 March 2026",
        "by": "Northmere Sexual Health",
        "text": "Ask the designated nurse, ring 01632 960 127.",
        "withheld": True,
    },
    {"title": "Level raised to high", "when": "1 March 2026, 9:05am", "by": "Priya Nandra, Bridge Project"},
]
COLUMNS = [
    {"text": "Child", "sort": "none"},
    {"text": "Level", "sort": "none"},
    {"text": "Harm", "sort": "none"},
    {"text": "Waiting", "sort": "descending", "numeric": True},
    {"text": "Due"},
]
ROWS = [
    [
        {"text": "HBR-000123", "href": "/file/", "hint": "Tegan Ashby, 14"},
        {"text": "", "level": "high", "sort": "3"},
        {"text": "", "harm": "suspected", "sort": "2"},
        {"text": "12", "sort": "12"},
        {"text": "late by 2 days", "tone": "urgent"},
    ],
    [
        {"text": "HBR-000977", "href": "/file/", "hint": "Name withheld"},
        {"text": "", "level": "low", "sort": "1"},
        {"text": "", "harm": "known", "sort": "3"},
        {"text": "3", "sort": "3"},
        {"text": "due in 5 hours", "tone": "watch"},
    ],
]
NUMBERS = {
    "columns": [{"text": "Quarter"}, *({"text": f"Area number {n}", "numeric": True} for n in range(1, 10))],
    "rows": [[{"text": f"Quarter {q}"}, *({"text": str(q * n)} for n in range(1, 10))] for q in range(1, 4)],
}
FACTS = [
    {"key": "Preferred name", "value": "Tegan", "href": "/components/"},
    {"key": "School", "value": "Northmere Academy"},
    {
        "key": "Address",
        "withheld": True,
        "value": "by children’s social care: a protected address. Ask the social worker.",
    },
    {"key": "Plan", "value": "Child protection", "tone": "serious"},
    {"key": "Safe way to make contact", "value": "Text only, after school.\nNever ring the house.", "multiline": True},
    {"key": "GP", "value": ""},
]
WORK = [
    {
        "text": "Hold the return interview",
        "href": "/file/",
        "reference": "HBR-000123",
        "meta": "Northmere Police",
        "due": "late by 2 days",
        "tone": "urgent",
    },
    {
        "text": "Answer a notification",
        "href": "/file/",
        "meta": "from Northmere Academy",
        "due": "due in 5 hours",
        "tone": "watch",
    },
    {"text": "Read a changed plan", "href": "/file/", "reference": "HBR-000977"},
]
STEPS = [
    {"title": "The child", "href": "/form/", "status": "Completed"},
    {
        "title": "What worries you",
        "href": "/form/",
        "status": "In progress",
        "tone": "info",
        "hint": "About ten minutes",
    },
    {"title": "Check and send", "status": "Cannot start yet", "tone": "plain"},
]


def form_page(request: HttpRequest) -> HttpResponse:
    form = EveryField(request.POST or None, request.FILES or None, at=AT)
    return question(request, form, "A page with every field", upload=True)


def one_question(request: HttpRequest) -> HttpResponse:
    return question(request, OneQuestion(request.POST or None), "")


def one_line(request: HttpRequest) -> HttpResponse:
    return question(request, OneLine(request.POST or None), "")


def question(request: HttpRequest, form: HarbourForm, heading: str, **more: Any) -> HttpResponse:
    if form.is_valid():
        messages.success(request, "Saved.")
    context = {"form": form, "heading": heading, "back_href": "/components/", "cancel_href": "/components/", **more}
    return render(request, "gallery/question.html", context, status=422 if form.errors else 200)


def components(request: HttpRequest) -> HttpResponse:
    messages.success(request, "The referral was sent.")
    messages.warning(request, "The file was not closed: somebody is still working on it.")
    context = {
        "filter_form": Narrow(),
        "search_form": ByName(),
        "columns": COLUMNS,
        "rows": ROWS,
        "numbers": NUMBERS,
        "steps": STEPS,
        "levels": ["high", "medium", "low", "none", ""],
        "harms": ["known", "suspected", "vulnerable", ""],
        "tones": ["plain", "info", "good", "watch", "serious", "urgent", "private"],
        "conflicts": [{"label": "School", "name": "school", "yours": "Northmere Academy", "theirs": "Bridge School"}],
        "selected": [{"text": "Bridge Project", "href": "/components/"}],
        "queues": [{"text": "All", "href": "/home/", "active": True, "count": 12}, {"text": "Late", "href": "/home/"}],
        "actions": [
            {"text": "Share", "href": "/file/"},
            {"text": "Close the file", "href": "/file/", "style": "warning"},
        ],
        "crumbs": [{"text": "Children", "href": "/home/"}, {"text": "HBR-000123"}],
        "entries": ENTRIES,
        "facts": FACTS,
    }
    return render(request, "gallery/components.html", context)


def file_page(request: HttpRequest) -> HttpResponse:
    crumbs = [{"text": "Children", "href": "/home/"}, {"text": "HBR-000123"}]
    context = {"child": CHILD, "tabs": TABS, "crumbs": crumbs, "entries": ENTRIES, "facts": FACTS, "work": WORK}
    return render(request, "gallery/file.html", context)


def home_page(request: HttpRequest) -> HttpResponse:
    return render(request, "gallery/home.html", {"work": WORK, "columns": COLUMNS, "rows": ROWS})


def refusal(request: HttpRequest, name: str) -> HttpResponse:
    context = {"token": UUID(int=7)} if name == "403_csrf" else {}
    return render(request, f"{name}.html", context)


def sign_in(request: HttpRequest) -> HttpResponse:
    form = SignInForm(request, data=request.POST or None)
    context = {"form": form, "held": request.GET.get("held", ""), "next": "/cases/"}
    return render(request, "accounts/sign_in.html", context, status=422 if form.errors else 200)


def acting_as(request: HttpRequest) -> HttpResponse:
    roles = (RoleKey.SPECIALIST_KEYWORKER, RoleKey.RETURN_INTERVIEWER)
    memberships = [Membership(role=role, agency=Agency(name="Bridge Project")) for role in roles]
    return render(request, "accounts/switch_membership.html", {"memberships": memberships})


def carry_on(request: HttpRequest) -> HttpResponse:
    fields = {
        "idempotency_key": ["6f6f0a4e-0a51-4a4b-9c55-0f2d6f5f4c11"],
        "place": ["other"],
        "place_other": ["The marina"],
    }
    return render(request, "accounts/carry_on.html", {"held": HeldSubmission(path="/form/", fields=fields)})


class SignedIn:
    """Every page of the gallery as one keyworker sees it, with her two memberships."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request.viewer = Viewer(  # type: ignore[attr-defined]
            user_id=7,
            may_switch=True,
            name="Priya Nandra",
            agency_name="Bridge Project",
            role_key="specialist_keyworker",
        )
        return self.get_response(request)


def frame(request: HttpRequest) -> dict[str, Any]:
    """A role's navigation and links of the foot, so that the frame is seen full."""
    texts = ("Home", "Refer a child", "What I sent", "Children")
    return {
        "navigation": [{"text": text, "href": "/home/", "active": text == "Home"} for text in texts],
        "footer_links": [
            {"text": "About Harbour", "href": "/components/"},
            {"text": "Accessibility", "href": "/components/"},
        ],
        "demo": True,
    }


# No page of the gallery asks the database, so none opens a transaction.
apart = transaction.non_atomic_requests
urlpatterns = [
    path("account/", include("accounts.urls")),
    path("form/", apart(form_page)),
    path("question/", apart(one_question)),
    path("line/", apart(one_line)),
    path("components/", apart(components)),
    path("file/", apart(file_page)),
    path("home/", apart(home_page)),
    path("sign-in/", apart(sign_in)),
    path("acting-as/", apart(acting_as)),
    path("carry-on/", apart(carry_on)),
    path("refusal/<path:name>/", apart(refusal)),
]

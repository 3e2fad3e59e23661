"""The frame, the components and the pages of refusal, as HTML and without a browser."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.template.loader import get_template, render_to_string
from django.test import RequestFactory, override_settings
from django.views.defaults import bad_request, server_error

from accounts.forms import HarbourForm
from accounts.models import HeldSubmission
from accounts.rules.viewers import Viewer
from accounts.templatetags.harbour import typed_fields
from accounts.views.signing_in import sign_out
from tests.journeys.gallery import CHILD, FACTS

TEMPLATES = Path(settings.BASE_DIR) / "templates"
PAGES_OF_REFUSAL = ["400", "403", "404", "405", "409", "422", "429", "500", "403_csrf", "accounts/locked_out"]
COMPONENTS = sorted(path.name for path in (TEMPLATES / "components").glob("*.html"))


def component(name: str, **context: Any) -> str:
    return render_to_string(f"components/{name}.html", context)


def words(html: str) -> str:
    """The text of some HTML, with one space between words."""
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


# Pages of refusal


@pytest.mark.parametrize("name", PAGES_OF_REFUSAL)
def test_a_page_of_refusal_has_one_heading_and_a_way_on(name: str):
    page = render_to_string(f"{name}.html", {}, request=RequestFactory().get("/x/"))

    assert page.count("<h1") == 1
    assert re.search(r"<title>\s*[A-Z][^<]+ – Harbour</title>", page)
    assert "999" in page
    assert '<a class="govuk' in page or name == "500"


@pytest.mark.parametrize(("view", "status"), [(server_error, 500), (bad_request, 400)])
def test_the_broken_page_needs_no_database_context_or_list_of_files(view: Any, status: int, tmp_path: Path):
    """No database is open in this test, no context processor runs, and no list of hashed files is there."""
    storages = {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"}}
    with override_settings(STORAGES=storages, STATIC_ROOT=str(tmp_path)):
        request = RequestFactory().get("/x/")
        response = view(request) if status == 500 else view(request, ValueError())

        assert response.status_code == status
        assert b"harbour/harbour.css" in response.content
        with pytest.raises(ValueError, match="Missing staticfiles manifest entry"):
            render_to_string("404.html")


def test_an_address_opened_the_wrong_way_says_so_and_names_the_right_one():
    response = sign_out(RequestFactory().get("/account/sign-out/"))

    assert response.status_code == 405
    assert response.headers["Allow"] == "POST, OPTIONS"
    assert "This address cannot be opened like that" in response.content.decode()


def test_a_page_that_does_not_exist_says_nothing_of_the_address():
    pages = {
        render_to_string("404.html", {}, request=RequestFactory().get(path)) for path in ("/cases/A/", "/cases/B/")
    }

    assert len(pages) == 1


def test_what_was_typed_is_shown_again_on_a_refusal_but_for_secrets():
    request = RequestFactory().post(
        "/x/",
        {"what_worries_you": "Seen with <an older man>", "password": "secret", "idempotency_key": "k", "empty": ""},
    )

    assert typed_fields(request) == [("What worries you", "Seen with <an older man>")]
    for name in ("403", "409", "422", "403_csrf"):
        page = render_to_string(f"{name}.html", {}, request=request)
        assert "Seen with &lt;an older man&gt;" in page
        assert "secret" not in page


def test_a_form_that_came_too_late_is_shown_whole_and_sent_whole():
    fields = {"idempotency_key": ["k1"], "what_worries": ["Seen at <the marina>"], "who_knows": ["mother", "teacher"]}
    held = HeldSubmission(path="/notify/", fields=fields)
    page = render_to_string("accounts/carry_on.html", {"held": held})

    assert "What worries Seen at &lt;the marina&gt; Who knows mother, teacher" in words(page)
    assert 'action="/notify/"' in page
    assert re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page) == [
        ("held", str(held.token)),
        ("idempotency_key", "k1"),
        ("what_worries", "Seen at &lt;the marina&gt;"),
        ("who_knows", "mother"),
        ("who_knows", "teacher"),
    ]


def test_nothing_typed_shows_no_heading_for_it():
    assert "What you typed" not in render_to_string("403.html", {}, request=RequestFactory().get("/x/"))


# The frame


def test_the_frame_names_the_role_one_acts_under_and_signs_out_by_a_form():
    viewer = Viewer(user_id=7, name="Priya Nandra", role_key="specialist_keyworker", agency_name="Bridge Project")
    request = RequestFactory().get("/x/")
    request.viewer = viewer  # type: ignore[attr-defined]
    page = render_to_string("403.html", {}, request=request)

    assert "Acting as: Keyworker, Bridge Project" in words(page)
    assert re.search(r'<form[^>]*method="post" action="/account/sign-out/">', page)
    assert "Change who you are acting as" not in words(page)
    assert "Printed by Priya Nandra (Keyworker, Bridge Project) at" in words(page)


def test_who_holds_several_memberships_may_change_between_them():
    request = RequestFactory().get("/x/")
    request.viewer = Viewer(user_id=7, name="Priya Nandra", role_key="housing", may_switch=True)  # type: ignore[attr-defined]

    assert 'href="/account/acting-as/"' in render_to_string("403.html", {}, request=request)


def test_no_template_writes_style_or_script_into_the_page():
    """Content-Security-Policy refuses them; a nonce is on the frame's own scripts alone. Paper has no browser."""
    found = []
    for path in set(TEMPLATES.rglob("*.html")) - set(TEMPLATES.glob("pdf/*.html")):
        text = path.read_text()
        if re.search(r"\sstyle=|<style|\son[a-z]+=\"|javascript:", text):
            found.append(path.name)
        if re.search(r"<script(?![^>]*nonce=)", text):
            found.append(path.name)

    assert found == []


@pytest.mark.parametrize("name", COMPONENTS)
def test_every_component_says_its_context_and_stands_empty(name: str):
    source = (TEMPLATES / "components" / name).read_text()

    assert source.startswith(("{#", "{% comment %}"))
    get_template(f"components/{name}").render({"form": HarbourForm(), "tabs": [], "items": [], "rows": []})


# Components


def test_a_level_is_said_in_words_and_dots():
    said = {level: words(component("level", level=level)) for level in ("high", "medium", "low", "none", "")}

    assert said == {
        "high": "●●● High risk",
        "medium": "●●○ Medium risk",
        "low": "●○○ Low risk",
        "none": "○○○ Nothing ticked",
        "": "Risk not assessed",
    }


def test_the_identity_bar_leaves_out_what_its_reader_may_not_see():
    without = {
        key: value for key, value in CHILD.items() if key not in ("level", "harm", "name", "lead", "missing_since")
    }

    assert words(component("identity_bar", child=without)) == "Withheld Name aged 14 File HBR-000123"
    assert "High risk" in component("identity_bar", child=CHILD)
    assert "Exploitation suspected" in component("identity_bar", child=CHILD)


def test_a_withheld_fact_says_so_and_an_empty_one_is_not_recorded():
    said = words(component("summary_list", rows=FACTS))

    assert "Address Withheld by children’s social care" in said
    assert said.endswith("GP Not recorded")
    assert "Preferred name Tegan Change Preferred name" in said


def test_a_nought_is_a_fact():
    assert words(component("summary_list", rows=[{"key": "Episodes", "value": 0}])) == "Episodes 0"


def test_a_tab_of_a_page_that_is_not_served_is_left_out():
    tabs = [{"text": "Here", "href": "/x/", "active": True}, {"text": "Gone", "url_name": "nowhere:page"}]
    said = component("sub_navigation", tabs=tabs, reference="HBR-000123")

    assert words(said) == "Here"
    assert said.count('aria-current="page"') == 1


@pytest.mark.parametrize(
    "cell",
    [
        {"text": "<b>x</b>"},
        {"text": "<b>x</b>", "href": '/"><b>x</b>'},
        {"text": "<b>x</b>", "tone": "<b>x</b>"},
        {"text": "", "hint": "<b>x</b>", "sort": '"<b>x</b>'},
    ],
)
def test_typed_text_is_never_markup(cell: dict[str, str]):
    said = component("table", caption="<b>x</b>", columns=[{"text": "<b>x</b>"}], rows=[[cell]])

    assert "<b>" not in said
    assert said.count("&lt;b&gt;x&lt;/b&gt;") >= 3


def test_a_table_shows_each_cell_under_its_column():
    columns = [{"text": "Child", "sort": "none"}, {"text": "Waiting", "numeric": True}]
    row = [{"text": "HBR-1", "href": "/x/", "hint": "aged 14"}, {"text": "0", "sort": 0}]
    said = component("table", caption="T", columns=columns, rows=[row])

    assert words(said) == "T Child Waiting HBR-1 aged 14 0"
    assert re.findall(r'<td class="([^"]+)" role="cell" data-label="(\w+)"([^>]*)>', said) == [
        ("govuk-table__cell", "Child", ""),
        ("govuk-table__cell govuk-table__cell--numeric", "Waiting", ' data-sort-value="0"'),
    ]
    assert 'data-module="moj-sortable-table"' in said
    assert "High risk" in component("table", caption="T", columns=[{"text": "L"}], rows=[[{"level": "high"}]])
    assert "Exploitation known" in component("table", caption="T", columns=[{"text": "H"}], rows=[[{"harm": "known"}]])


def test_a_row_that_does_not_fit_its_columns_is_an_error_of_the_program():
    with pytest.raises(ValueError, match="zip"):
        component("table", caption="T", columns=[{"text": "Child"}], rows=[[{"text": "a"}, {"text": "b"}]])

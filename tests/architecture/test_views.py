"""What every address and every template keeps to.

Seen to fail: a view without `@policy`; a page over access on neither list of codes, and a button that a code would
lead to; a query in a template; a view that opens a transaction; a template with a script or a style inside it.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.middleware.policy import Caller, ViewPolicy
from accounts.rules.roles import Capability

ROOT = Path(__file__).resolve().parent.parent.parent
APPS = ("accounts", "cases", "risk", "missing", "referrals", "panels", "reporting")
PUBLIC = {
    "healthz",
    "healthz_alerts",
    "accounts:sign_in",
    "accounts:sign_in_code",
    "accounts:sign_in_by_email",
    "accounts:single_sign_on",
    "accounts:single_sign_on_back",
    "accounts:single_sign_on_end",
    "accounts:sign_in_email_code",
    "accounts:sign_out",
    "accounts:time_out",
    "accounts:welcome",
}
BEFORE_THE_SECOND_STEP = {"accounts:set_up_second_factor", "accounts:second_factor_picture", "accounts:prove"}
# What is grave asks for a code of the last minutes (decision 0352).
ASKS_FOR_A_CODE = {
    "accounts:invite",
    "accounts:give_role",
    "accounts:close_account",
    "accounts:lift_suspension",
    "accounts:send_password_link",
    "accounts:email_domains",
    "accounts:open_again",
    "accounts:decide_role",
    "accounts:reset_second_factor",
    "cases:emergency_access",
    "cases:restriction",
    "cases:add_name",
    "cases:take_off",
    "cases:ask_for_lift",
    "cases:answer_lift",
    "cases:place_conflict",
    "cases:possible_conflict",
    "cases:matrix_proposal",
    "cases:sign_matrix",
    "cases:export_looks",
    "cases:export_who_looked",
}
ASKS_WHEN_IT_IS_SENT = {"cases:conflict"}
# Of the same kind, and without: they open nothing by themselves, end something, or are daily work; a system only sends.
ASKS_FOR_NO_CODE = {
    "accounts:add_service_account",
    "accounts:give_token",
    "accounts:review",
    "accounts:revoke_token",
    "cases:add_agreement",
    "cases:add_assessment",
    "cases:add_conflict",
    "cases:add_matrix_change",
    "cases:agreement",
    "cases:agreement_end",
    "cases:assess_breach",
    "cases:decide_signal",
    "cases:declare_conflict",
    "cases:emergency_review",
    "cases:end_emergency_access",
    "cases:home_postcode",
    "cases:propose_matrix",
    "cases:remove_matrix_change",
    "cases:review_restriction",
    "cases:take_back_signature",
    "cases:withdraw_matrix",
    "referrals:triage_question",
}
OVER_ACCESS = {
    Capability.ADMINISTER,
    Capability.AUDIT,
    Capability.BREAK_GLASS,
    Capability.GOVERN_ACCESS,
    Capability.OVERSEE_ACCESS,
    Capability.REVIEW_ACCESS,
}
ABOUT_ACCESS = {f"cases.views.{name}" for name in ("agreements", "conflicts", "emergency", "matrix", "restriction")}
VIEWS = sorted(
    path for app in APPS for path in (ROOT / app).rglob("*.py") if {"views", "api"} & {path.stem, path.parent.name}
)
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def addresses(resolver: Any = None, prefix: str = "") -> list[tuple[str, Any]]:
    """Every address by its name, with its view."""
    found: list[tuple[str, Any]] = []
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLResolver):
            found += addresses(entry, f"{prefix}{entry.namespace}:" if entry.namespace else prefix)
        elif isinstance(entry, URLPattern):
            found.append((f"{prefix}{entry.name}", entry.callback))
    return found


def test_every_view_has_a_policy():
    found = addresses()
    assert len(found) >= 20
    assert [name for name, view in found if not isinstance(getattr(view, "policy", None), ViewPolicy)] == []


def test_the_public_addresses_are_these():
    assert {name for name, view in addresses() if view.policy.public} == PUBLIC


def test_what_opens_on_a_password_alone_is_this():
    assert {name for name, view in addresses() if view.policy.before_second_factor} == BEFORE_THE_SECOND_STEP


def test_what_is_grave_asks_for_a_code_and_these_pages_do():
    """A new page over access, or one that gives a file to take, is put on one list or the other."""
    pages = {name: view for name, view in addresses() if not view.policy.is_operation}
    over_access = {
        name
        for name, view in pages.items()
        if "export" in name
        or (view.policy.writes and (view.policy.capability in OVER_ACCESS or view.__module__ in ABOUT_ACCESS))
    }
    assert {name for name, view in pages.items() if view.policy.fresh_code} == ASKS_FOR_A_CODE
    assert {name for name, view in pages.items() if view.policy.code_to_send} == ASKS_WHEN_IT_IS_SENT
    assert over_access - ASKS_FOR_A_CODE - ASKS_WHEN_IT_IS_SENT == ASKS_FOR_NO_CODE


def test_a_code_leads_to_a_page_and_never_to_a_button():
    found = dict(addresses())
    asks = {name: found[name].policy for name in ASKS_FOR_A_CODE | ASKS_WHEN_IT_IS_SENT}
    lead_back = {policy.back_to for policy in asks.values()} - {""}
    assert [name for name, policy in asks.items() if "GET" not in policy.methods and not policy.back_to] == []
    assert [name for name in lead_back if "GET" not in found[name].policy.methods] == []


def test_every_view_that_changes_something_takes_a_post():
    assert [name for name, view in addresses() if view.policy.writes and "POST" not in view.policy.methods] == []


def test_what_answers_in_json_is_an_operation_and_nothing_else_is():
    """Under /api/ the registry decides by who calls; elsewhere a token opens nothing."""
    found = [(pattern, view.policy) for pattern, view in routes()]
    assert [pattern for pattern, policy in found if pattern.startswith("api/") != policy.is_operation] == []
    assert [pattern for pattern, policy in found if Caller.SERVICE in policy.callers and not policy.is_operation] == []
    assert [pattern for pattern, policy in found if policy.is_operation and policy.public] == []
    assert [pattern for pattern, policy in found if not policy.callers] == []


def test_pages_of_a_file_say_that_they_are():
    """A file is named by its reference, under /cases/, or under /api/v1/files/ for a program."""
    lacking = []
    for pattern, view in routes():
        of_a_file = "cases/<str:reference>/" in pattern or "files/<str:reference>" in pattern
        if of_a_file and not view.policy.reads_file:
            lacking.append(pattern)
    assert lacking == []


def routes(resolver: Any = None, prefix: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLResolver):
            found += routes(entry, prefix + str(entry.pattern))
        else:
            found.append((prefix + str(entry.pattern), entry.callback))
    return found


@pytest.mark.parametrize("path", VIEWS, ids=named)
def test_views_load_authorise_call_and_respond(path):
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    attributes = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert attributes & {"objects", "atomic", "role_key", "is_superuser", "on_commit"} == set()
    imported = {
        alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom | ast.Import) for alias in node.names
    }
    assert imported & {"transaction", "record_access", "AccessEvent"} == set()


@pytest.mark.parametrize("path", TEMPLATES, ids=named)
def test_templates_query_nothing_and_hold_no_script_or_style(path):
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"\.objects\b|\.all\b|\.filter\b|_set\b|perms\.|has_perm|is_superuser|is_staff", text)
    assert not re.search(r"""\sstyle=|\son[a-z]+=["']|javascript:""", text)
    # A document for print is never seen by a browser, and carries its style inside.
    assert "<style" not in text or path.parent.name == "pdf"
    for script in re.findall(r"<script[^>]*>", text):
        assert "src=" in script or 'nonce="{{ CSP_NONCE }}"' in script, script
    assert "|safe" not in text
    assert "autoescape off" not in text


def test_no_markup_is_called_safe_by_hand():
    found = [
        named(path)
        for app in (*APPS, "config")
        for path in (ROOT / app).rglob("*.py")
        if "mark_safe" in path.read_text(encoding="utf-8")
    ]
    assert found == []

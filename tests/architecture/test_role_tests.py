"""No page decides by somebody's role or sector: it asks `viewer.may(…)`, `decide()` or a rule.

Seen to fail: each line of PLANTED and PLANTED_IN_TEMPLATES, which the test that looked for `role_key` and for quoted
keys let through; `member.role in OVERSEEING` and `Capability.READ_FILES in ROLES[role].capabilities`, which two
presenters held until this was written. PLANTED_SINCE, none of which was found by the reading of conditions alone that
did not follow a role into a set, a loop, a query or another function.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from accounts.rules.roles import ROLES
from tests.architecture.role_templates import decisions_in_template
from tests.architecture.role_tests import decisions, decisions_in
from tests.architecture.test_views import APPS, ROOT, TEMPLATES, named

OUTWARD = {"views", "api", "forms", "presenters", "middleware", "templatetags"}
PYTHON = sorted(path for app in APPS for path in (ROOT / app).rglob("*.py") if OUTWARD & {path.stem, *path.parts})

# By function, with why it may: whether somebody has a role at all, or what a role is called. Nobody sees more by it.
ALLOWED = {
    ("accounts/middleware/policy.py", "check_may_call"): "refuses whoever holds no role at all",
    ("accounts/middleware/refusals.py", "_file_of"): "tells nothing of a file to whoever holds no role at all",
    ("accounts/presenters/__init__.py", "_navigation"): "shows no navigation to whoever holds no role at all",
    ("cases/presenters/looking.py", "look_rows"): "what the role of a look is called, where it is one still",
    ("cases/presenters/overview.py", "_lead_row"): "what the lead does, in small letters",
    ("cases/presenters/looks.py", "_role"): "what the role of a look is called, where it is one still",
    ("cases/presenters/looking.py", "looks_csv"): "what the role of a look is called, where it is one still",
    ("cases/presenters/matrix.py", "role_rows"): "reads out a role's row of the matrix, whoever reads it",
    ("cases/presenters/matrix.py", "role_to_read"): "which role's row to read out, of those there are",
    ("cases/presenters/interface.py", "_choice"): "a role by its key and its words, as each choice of the interface",
    ("cases/presenters/looking.py", "subject_card"): "says that nobody of a group holds a role that `opens_files`",
    ("cases/presenters/looking.py", "subjects_of"): "the roles of a group's people, looked up by the group",
    ("missing/presenters/interviews.py", "role_names"): "what roles are called, in the order in which they are kept",
}
ALLOWED_IN_TEMPLATES = {
    ("templates/base.html", "viewer.role_name"): "as whom one acts, where one has a role at all",
    ("templates/components/why.html", "viewer.role_name"): "as whom one acts, where one has a role at all",
}
PLANTED = [
    "if member.role in LEADS: pass",
    "shown = viewer.sector == 'police'",
    "shown = viewer.sector is not Sector.POLICE",
    "shown = row if viewer.role_name else None",
    "shown = viewer.role_key and row",
    "shown = not viewer.role_key",
    "police = opened.viewer.role_key.startswith('police_')",
    "police = str(viewer.role_key).lower().startswith('police_')",
    "rows = [row for row in rows if row.membership.role in LEADS]",
    "rows = [row for row in rows if RoleKey.POLICE_OFFICER == row.kind]",
    "shown = any(key == 'x' for key in (viewer.role_key,)) or viewer.role_key in LEADS",
    "shown = WORDS[viewer.role_key]",
    "shown = WORDS.get(viewer.sector, False)",
    "shown = READ in ROLES[viewer.role_key].capabilities",
    "match viewer.role_key:\n    case 'police_officer': pass",
    "match kind:\n    case _ if viewer.sector: pass",
    "while viewer.role_key: pass",
    "assert viewer.sector",
    "key = viewer.role_key\nif key in LEADS: pass",
    "a, key = 1, viewer.role_key\nshown = key == 'police_officer'",
    "shown = (key := viewer.role_key) == 'police_officer'",
    "key: str = str(viewer.role_key)\nshown = key in LEADS",
    "def shown(role):\n    return role == 'police_officer'",
    "if getattr(viewer, 'role_key') in LEADS: pass",
    "key = getattr(viewer, 'role_key', '')\nif key == 'x': pass",
    "shown = viewer.agency.sector in (Sector.POLICE,)",
    "shown = member.get_role_display() == 'Police officer'",
    "key = getattr(viewer, 'role_key')\nmatch key:\n    case 'x': pass",
]
# Seen to be missed by what looked for conditions alone, before roles were followed under every name.
PLANTED_SINCE = [
    "rows = people.filter(role__in=LEADS)",
    "rows = people.filter(membership__role_key__in=LEADS)",
    "rows = people.exclude(role=lead)",
    "row = people.get(agency__sector=sector_of_police)",
    "rows = people.filter(Q(role=lead) | Q(pk=pk))",
    "rows = people.filter(**{'membership__role': lead})",
    "member = get_object_or_404(Membership, pk=pk, role=lead)",
    "form = Form(queryset_by(membership__role__in=LEADS))",
    "shown = {viewer.role_key} & LEADS",
    "shown = LEADS - {member.role for member in people}",
    "roles = {member.role for member in people}\nshown = roles & LEADS",
    "roles = {member.role for member in people}\nshown = roles == LEADS",
    "held = [member.role for member in people]\nif LEADS.issuperset(held): pass",
    "shown = {viewer.role_key}.issubset(LEADS)",
    "shown = LEADS.isdisjoint([viewer.role_key])",
    "shown = LEADS.intersection({viewer.role_key})",
    "held = set()\nfor member in people:\n    held.add(member.role)\nshown = held == LEADS",
    "held = set()\nheld |= {viewer.role_key}\nshown = 'x' in held",
    "shown = row if any(subject.roles) else None",
    "shown = LEADS & set(subject.roles)",
    "for key in (viewer.role_key,):\n    if key in LEADS: pass",
    "for key in [member.role for member in people]:\n    shown = key in LEADS",
    "shown = any(key in LEADS for key in {member.role for member in people})",
    "for key in viewer_roles(subject.roles) or subject.roles:\n    shown = key == 'x'",
    "def shown(key):\n    return key in LEADS\n\ndef page(request):\n    return shown(request.viewer.role_key)",
    "def shown(*, key):\n    return key in LEADS\n\ndef page(viewer):\n    return shown(key=str(viewer.role_key))",
    "def key_of(viewer):\n    return viewer.role_key\n\ndef page(viewer):\n    return key_of(viewer) in LEADS",
    "class Page:\n    def shown(self, key):\n        return key in LEADS\n\n"
    "    def page(self, viewer):\n        return self.shown(viewer.role_key)",
    "def page(viewer):\n    key = viewer.role_key\n    def shown():\n        return key in LEADS\n    return shown",
    "KEY = viewer.role_key\ndef page():\n    return KEY in LEADS",
    "rows = sorted(rows, key=lambda role: role == 'x')",
    "shown = attrgetter('role_key')(viewer) in LEADS",
    "key_of = operator.attrgetter('membership.role')\nshown = key_of(row) == 'x'",
    "shown = set(map(attrgetter('role'), people)) & LEADS",
    "shown = said['role'] == 'x'",
    "shown = request.GET.get('role', '') in LEADS",
    "for row in people.values('role'):\n    shown = row['role'] in LEADS",
    "match viewer:\n    case Viewer(role_key='x'): pass",
    "match row:\n    case {'role': 'x'}: pass",
    "lead = RoleKey.POLICE_OFFICER\nshown = kind == lead",
    "def shown(key):\n    return key.startswith('police_')\n\nshown(viewer.role_key)",
    "key = viewer.role_key if viewer else ''\nshown = key == 'x'",
    "context = {'kind': viewer.role_key}",
    "key = viewer.role_key\ncontext = {'kind': key}",
]
HARMLESS = [
    "shown = viewer.may(Capability.AUDIT) and rows",
    "shown = matrix.cell(viewer.role_key, category) in (Cell.FULL, Cell.SUMMARY)",
    "shown = [row for row in rows if opens_files(row.membership.role)]",
    "words = f'{viewer.name}, {viewer.role_name}'",
    "words = ROLES[row.role].name",
    "roles = {member.role for member in people}",
    "form = Form(lead_role=lead.role if lead else '')",
    "level = rules.seen_by([opened.viewer.role_key], category, matrix)\nif level: pass",
    "rows = [role.name for key, role in ROLES.items()]",
    "row = {'role': choice(row.role, row.get_role_display())}",
    "words = Sector(sector).label",
    "choices = [('', 'Any'), *RoleKey.choices]",
    "asked = RoleAsked(agency, role=said['role'], reason=said['reason'])",
    "viewer = Viewer(role_key=role)",
    "words = 'As {role}'.format(role=viewer.role_name)",
    "def cells(role):\n    return seen_by([role])\n\nrows = [cells(member.role) for member in people]",
    "roles = sorted({member.role for member in people})\nchoices = category_choices(opened, roles)",
    "row = {'text': row.get_role_display()}",
    "self.kept = viewer.role_key\nif self.x: pass",
]
PLANTED_IN_TEMPLATES = [
    '{% if viewer.role_name == "Police officer" %}x{% endif %}',
    "{% if viewer.role_key in leads %}x{% endif %}",
    "{% if not viewer.sector %}x{% endif %}",
    "{% if a %}x{% elif viewer.agency.sector == b %}x{% endif %}",
    "{%if member.get_role_display == word%}x{%endif%}",
    "{% with key=viewer.role_key %}x{% endwith %}",
    "{% for key in viewer.role_key %}x{% endfor %}",
    "{{ viewer.role_name|yesno:'a,b' }}",
    "{% if role == 'x' %}x{% endif %}",
]
PLANTED_SINCE_IN_TEMPLATES = [
    '{% include "x.html" with role=viewer.role_key only %}',
    '{% include "x.html" with kind=viewer.role_key only %}',
    "{% if 'police_officer' in roles %}x{% endif %}",
    "{% if key in subject.roles %}x{% endif %}",
    "{% if viewer|has_role:'police_officer' %}x{% endif %}",
    "{{ rows|for_sector:viewer }}",
    "{% if_role 'police_officer' %}x{% endif_role %}",
    "{% allowed viewer.role_key as shown %}",
    "{% cycle viewer.role_key 'x' as kind %}",
    '<p class="for-{{ viewer.role_key }}">x</p>',
    "<p {% if a %}hidden{% endif %} data-for='{{ member.role }}'>x</p>",
]
HARMLESS_IN_TEMPLATES = [
    "{{ viewer.role_name }}, {{ worker.role }}",
    '{% if withheld %}{% include "x.html" with text="Not open to your role." only %}{% endif %}',
    '{% if a == "role" %}x{% endif %}',
    "{# {% if viewer.role_key %} #}",
    '<p role="note">{{ worker.role }}</p>',
    '{% include "x.html" with rows=role_rows columns=role_columns only %}',
    "{% if a > b %}{{ worker.role }}{% endif %}",
]


def roles_in(text: str) -> set[str]:
    """Role keys as whole words in quotation marks: a comparison with one, wherever it stands."""
    return {key for key in ROLES if re.search(rf"""['"]{key}['"]""", text)}


@pytest.mark.parametrize("path", [*PYTHON, *TEMPLATES], ids=named)
def test_no_page_names_a_role(path):
    assert roles_in(path.read_text(encoding="utf-8")) == set()


def test_no_view_form_presenter_or_operation_decides_by_a_role():
    pages = decisions_in({named(path): read(path) for path in PYTHON})
    found = {(page, function): what for page, those in pages.items() for function, what in those}
    assert {place: what for place, what in found.items() if place not in ALLOWED} == {}
    assert ALLOWED.keys() - found.keys() == set(), "allowed, and not there any more"


def test_no_template_decides_by_a_role():
    found = {(named(path), what) for path in TEMPLATES for what in decisions_in_template(read(path))}
    assert found == ALLOWED_IN_TEMPLATES.keys()


def test_there_is_something_to_look_at():
    assert len(PYTHON) >= 100
    assert {path.parent.name for path in PYTHON} >= {"views", "forms", "presenters", "api", "middleware"}


@pytest.mark.parametrize("line", PLANTED + PLANTED_SINCE)
def test_a_planted_decision_is_found(line):
    assert decisions(line)


def test_a_role_is_followed_into_what_another_module_does_with_it():
    page = "def page(viewer):\n    return words.shown(viewer.role_key)"
    words = "def shown(key):\n    return key in LEADS"
    elsewhere = {"risk/presenters.py": "def shown(key):\n    return key == 1"}
    found = decisions_in({"cases/views/a.py": page, "cases/presenters/words.py": words, **elsewhere})
    assert {name: those for name, those in found.items() if those} == {"cases/presenters/words.py": {("shown", "key")}}


@pytest.mark.parametrize("line", HARMLESS)
def test_what_decides_nothing_is_left_alone(line):
    assert decisions(line) == set()


@pytest.mark.parametrize("line", PLANTED_IN_TEMPLATES + PLANTED_SINCE_IN_TEMPLATES)
def test_a_planted_decision_in_a_template_is_found(line):
    assert decisions_in_template(line)


@pytest.mark.parametrize("line", HARMLESS_IN_TEMPLATES)
def test_what_decides_nothing_in_a_template_is_left_alone(line):
    assert decisions_in_template(line) == set()


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")

"""Every kind of content has its category filter; what reads content of more than one file asks by it or says why not.

The criterion is mechanical. A read is `Model.objects` of an `Entry` model in a module that reads (selectors, views,
operations, forms, presenters). It reads one file where it is narrowed, in the same chain or in a later one of the same
name, by a foreign key to a file or to an entry (`child=`, `episode_id=`, ...), with neither `__in` nor an `OuterRef`.
It asks where `visible_to` of the content's own manager stands in the chain. Everything else stands in REASONS with what
it is for. What a function does with its rows is not looked at: that is why each line there was read by hand. Content
that is reached from a parent (`episode.steps`) is not looked at either.

Seen to fail: each line of PLANTED; with REASONS empty, the reads that stand there.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps as installed
from django.core.exceptions import FieldDoesNotExist

from cases.record.models import Child, Entry, EntryQuerySet
from tests.architecture.test_views import APPS, ROOT, named

CONTENT = {model.__name__: model for model in installed.get_models() if issubclass(model, Entry)}
READS = {"selectors", "views", "api", "forms", "presenters", "templatetags"}
MODULES = sorted(path for app in APPS for path in (ROOT / app).rglob("*.py") if READS & {path.stem, *path.parts})
NARROWS = {"filter", "get"}

# By why it is read, each function with the content that it reads.
REASONS = {
    "what somebody who is kept from a child leaves to a successor, for a rule that gives it and shows no row": [
        "panels/selectors/actions.py actions_owned_on Action",
    ],
    "who works with a child, for a rule that gives or keeps access and shows no row": [
        "cases/record/selectors/facts.py reads_address Involvement",
        "cases/sharing/selectors/conflicts.py conflict_for Involvement",
        "cases/sharing/selectors/emergency.py _with_files Involvement",
        "cases/sharing/selectors/requests.py requests_to_answer Involvement",
    ],
    "who leads, which everybody who may know of a file is told": [
        "cases/record/selectors/lists.py with_lead Involvement",
        "cases/record/selectors/matching.py leads_of Involvement",
        "panels/selectors/agenda.py leads_of Involvement",
    ],
    "names, on files whose identity the grants open (`_identity_open`)": [
        "cases/record/selectors/lists.py _by_every_name Alias",
    ],
    "narrows files that the viewer knows to their own work and to whom their agency leads": [
        "cases/record/selectors/lists.py _narrowed Involvement",
    ],
    "beside a file that is known, shown by its level of `identity`": [
        "cases/record/selectors/matching.py schools_of SchoolPeriod",
    ],
    "beside a file that is known, shown by its level of `contact_address`; protected ones are left out": [
        "cases/record/selectors/matching.py homes_of Address",
    ],
    "read by the system itself, which shows no row of it": [
        "cases/record/selectors/addresses.py _rows_like Address",
        "cases/record/selectors/matching.py _files Alias",
        "cases/record/selectors/matching.py _files SchoolPeriod",
        "cases/record/selectors/matching.py _files Address",
        "cases/sharing/selectors/family.py names_on_files Alias",
        "cases/sharing/selectors/looks.py _same_home Address",
        "cases/sharing/selectors/looks.py _caseload Involvement",
        "cases/sharing/selectors/looks.py _caseload ChronologyEntry",
        "missing/selectors/matching.py exact_file Identifier",
    ],
    "one's own work or what one wrote oneself": [
        "cases/record/selectors/mine.py my_files Involvement",
        "cases/record/selectors/mine.py new_to Involvement",
        "risk/selectors.py sent_back_to JudgementReturn",
        "missing/selectors/episodes.py report_by MissingReport",
        "missing/selectors/episodes.py report_with MissingReport",
        "panels/selectors/actions.py my_actions Action",
    ],
    "a number for whoever gives work or access, of no file in particular": [
        "cases/record/selectors/mine.py count_involvements Involvement",
        "missing/selectors/interviews.py count_allocated ReturnInterview",
        "panels/selectors/actions.py count_open_actions Action",
    ],
    "what somebody was named for, to be taken off their hands: shown to nobody": [
        "missing/selectors/interviews.py named_for ReturnInterview",
    ],
    "whether a later one counts, of a row that was asked for": [
        "risk/selectors.py _newer_that_count LevelJudgement",
        "risk/selectors.py sent_back_to LevelJudgement",
    ],
    "asks of each file whether its assessments are open (`category_opened`)": [
        "risk/selectors.py awaiting_approval LevelJudgement",
    ],
    "which kinds were found in interviews of an opened file; the presenter says what is withheld": [
        "missing/selectors/interviews.py categories_found InterviewFinding",
    ],
    "for the sweep alone: ids, instants and owners": [
        "missing/selectors/interviews.py interviews_that_should_run ReturnInterview",
        "panels/selectors/actions.py running_actions Action",
    ],
    "where something is dealt with: a link, which asks anew": [
        "missing/selectors/interviews.py interview_addresses ReturnInterview",
        "panels/selectors/actions.py action_addresses Action",
    ],
    "each is asked about when it is shown (`panels.rules.seeing.sees_action`)": [
        "panels/selectors/actions.py actions_to_chase Action",
    ],
    "for the agenda's rule, which names files by their reasons; `items_known` and each reason's category ask": [
        "panels/selectors/agenda.py open_cases Spell",
        "panels/selectors/agenda.py open_cases AuthorityPeriod",
        "panels/selectors/agenda.py _last_deferred AgendaItem",
        "panels/selectors/agenda.py _missing_starts MissingEpisode",
        "panels/selectors/agenda.py _last_discussed PanelDecision",
    ],
    "what belongs to items of a meeting that were asked for; each part is asked about when it is shown": [
        "panels/selectors/agenda.py with_content AgendaItem",
        "panels/selectors/agenda.py agencies_that_updated ItemUpdate",
        "panels/selectors/agenda.py _with_content ItemUpdate",
        "panels/selectors/agenda.py _with_content Dissent",
        "panels/selectors/agenda.py _with_content Action",
    ],
    "what a referrer may be told of their own notification, and of no restricted or blocked file": [
        "panels/selectors/outcomes.py outcomes_for PanelDecision",
    ],
    "narrows the files that the viewer, or the measures, may know of": [
        "reporting/selectors/counting.py open_at_end Spell",
    ],
    "counted by the principal `measures`; files behind a number ask for each": [
        "reporting/selectors/interviews.py episodes_known MissingEpisode",
    ],
}
ACROSS = {tuple(place.split()): reason for reason, places in REASONS.items() for place in places}

PLANTED = [
    "def found():\n    return Action.objects.all()",
    "def found(ids):\n    return Action.objects.filter(child_id__in=ids)",
    "def found(pk):\n    return Action.objects.get(pk=pk)",
    "def found():\n    return Action.objects.filter(child=OuterRef('pk'))",
    "def found(files):\n    rows = LevelJudgement.objects.all()\n    return rows.filter(child__in=files)",
    "def found(viewer, at):\n    return Action.objects.filter(child__in=Child.objects.visible_to(viewer, at=at))",
    "ROWS = Action._default_manager.filter(status='open')",
]
HARMLESS = [
    "def found(child):\n    return Action.objects.filter(child=child, status='open')",
    "def found(child_id):\n    rows = Action.objects.all()\n    return rows.filter(child_id=child_id)",
    "def found(interview):\n    return InterviewFinding.objects.filter(interview=interview)",
    "def found(viewer, at, matrix):\n    return Action.objects.visible_to(viewer, at=at, matrix=matrix)",
    "def found(at):\n    return Membership.objects.current(at)",
]  # fmt: skip


def reads_across(text: str) -> set[tuple[str, str]]:
    """Each function that reads content of more than one file without its filter, with the model it reads."""
    tree = ast.parse(text)
    above = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    return {
        (scope.name if isinstance(scope, ast.FunctionDef) else "", model)
        for node, model in managers(tree)
        for scope in [scope_of(node, above)]
        if not any(asks_or_narrows(call, CONTENT[model]) for call in calls_on(node, scope, above))
    }


def managers(tree: ast.AST) -> Iterator[tuple[ast.AST, str]]:
    for node in ast.walk(tree):
        manager = isinstance(node, ast.Attribute) and node.attr in ("objects", "_default_manager", "_base_manager")
        if manager and isinstance(node.value, ast.Name) and node.value.id in CONTENT:
            yield node, node.value.id


def scope_of(node: ast.AST, above: dict[ast.AST, ast.AST]) -> ast.AST:
    while node in above and not isinstance(node, ast.FunctionDef):
        node = above[node]
    return node


def calls_on(node: ast.AST, scope: ast.AST, above: dict[ast.AST, ast.AST]) -> Iterator[ast.Call]:
    """The calls of a chain, and of the chains on the name that it is given."""
    top = node
    while is_chained(top, above):
        top = above[top]
        if isinstance(top, ast.Call):
            yield top
    holder = above.get(top)
    if isinstance(holder, ast.Assign | ast.AnnAssign) and holder.value is top:
        targets = holder.targets if isinstance(holder, ast.Assign) else [holder.target]
        names = {target.id for target in targets if isinstance(target, ast.Name)}
        for other in ast.walk(scope):
            if isinstance(other, ast.Name) and isinstance(other.ctx, ast.Load) and other.id in names:
                while is_chained(other, above):
                    other = above[other]
                    if isinstance(other, ast.Call):
                        yield other


def is_chained(node: ast.AST, above: dict[ast.AST, ast.AST]) -> bool:
    parent = above.get(node)
    return isinstance(parent, ast.Attribute) or (isinstance(parent, ast.Call) and parent.func is node)


def asks_or_narrows(call: ast.Call, model: Any) -> bool:
    assert isinstance(call.func, ast.Attribute)
    if call.func.attr == "visible_to":
        return True
    return call.func.attr in NARROWS and any(is_one_file(keyword, model) for keyword in call.keywords)


def is_one_file(keyword: ast.keyword, model: Any) -> bool:
    """Whether an argument of a query names one file or one entry."""
    if any(isinstance(part, ast.Name) and part.id == "OuterRef" for part in ast.walk(keyword.value)):
        return False
    try:
        field = model._meta.get_field((keyword.arg or "").removesuffix("_id"))
    except FieldDoesNotExist:
        return False
    reached = field.related_model if field.is_relation and not isinstance(keyword.value, ast.Constant) else None
    return reached is not None and issubclass(reached, Child | Entry)


def found_in(path: Path) -> set[tuple[str, str, str]]:
    return {(named(path), function, model) for function, model in reads_across(path.read_text(encoding="utf-8"))}


def test_every_kind_of_content_has_its_category_filter():
    assert len(CONTENT) >= 28
    assert {
        name for name, model in CONTENT.items() if not issubclass(type(model.objects.all()), EntryQuerySet)
    } == set()
    assert {name for name, model in CONTENT.items() if model._default_manager is not model.objects} == set()


def test_content_of_several_files_is_read_by_its_category_or_for_a_reason():
    found = {read for path in MODULES for read in found_in(path)}
    assert found - ACROSS.keys() == set(), "ask by `visible_to`, or say in REASONS what it is for"
    assert ACROSS.keys() - found == set(), "said in REASONS, and not read any more"


@pytest.mark.parametrize("lines", PLANTED)
def test_a_planted_read_across_files_is_found(lines):
    assert reads_across(lines)


@pytest.mark.parametrize("lines", HARMLESS)
def test_a_read_of_one_file_or_by_the_filter_is_left_alone(lines):
    assert reads_across(lines) == set()

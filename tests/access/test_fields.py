"""Every field of what is kept about a child is scanned for by a token, or altered, or has a line with the reason.

What holds a token is scanned for in `test_oracle.py`, `test_in_part.py` and `test_canaries.py`. Here are the fields
that can hold none: they are altered, all of those at once that somebody may not read, and the pages of that person
must stay the same, byte for byte. Each of them alone is altered for a manager, who reads them, and must show.

Seen to fail: a field without its line, and a model; a level on the front of the file for who may know that there is one
and no more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.db import models, transaction

from accounts.rules.viewers import Viewer
from cases.access.choices import Category
from cases.record.models import Child, ChronologyEntry, Placement
from missing.choices import EpisodeStepKind
from missing.models import EpisodeStep, InterviewFinding, MissingEpisode, PoliceGrade, SafeAndWellCheck
from panels.models import AgendaItem, PanelDecision
from risk.models import LevelJudgement, RiskAssessment
from tests.access.canaries import category_of, contents, make_one
from tests.access.fields import ALTERED, LINES, WORDS_ALONE, WORDS_UNDER, name_of, reason_for, told_by
from tests.access.pairs import pages_of
from tests.access.registers import NO_WORDS, REGISTERS, says_nothing, told_apart
from tests.access.rulebook import Rulebook
from tests.access.test_in_part import ALWAYS
from tests.access.test_interference import GETS, different, holder, standing_still
from tests.access.test_oracle import STATES
from tests.access.test_pages import Things, make_things

pytestmark = pytest.mark.django_db
BOOK = Rulebook.read()
KINDS = [*contents(), Child, *(model for model in told_apart() if model._meta.label in REGISTERS)]
FIELDS = {name_of(model, field): (model, field) for model in KINDS for field in model._meta.concrete_fields}


def test_every_field_has_a_token_or_is_altered_or_says_why_not() -> None:
    """Exactly one of the three. A new field, or a new model, fails until it is said which."""
    ways = {
        name: [bool(told_by(model, field)), name in ALTERED, bool(reason_for(model, field) or says_nothing(name))]
        for name, (model, field) in FIELDS.items()
    }
    assert {name: way for name, way in ways.items() if sum(way) != 1} == {}


def test_every_model_holds_what_is_scanned_for_or_says_why_not() -> None:
    labels = {model._meta.label for model in told_apart()}
    assert {label for label in labels if label not in REGISTERS and label not in NO_WORDS} == set()


def test_no_line_is_about_a_field_that_is_not_there() -> None:
    every = {name_of(model, field) for model in apps.get_models() for field in model._meta.concrete_fields}
    fields = {*FIELDS, *(name.rpartition(".")[2] for name in FIELDS)}
    assert {*LINES, *ALTERED, *WORDS_UNDER} - fields == set()
    assert set(WORDS_ALONE) - {model._meta.label for model in KINDS} == set()
    assert every >= ALTERED
    assert set(LINES) & ALTERED == set()


# Of the fields that are altered: what the summary of a category names.
SUMMARIES = {
    Category.LEVEL: {"level", "harm_status", "computed_level", "judged_level"},
    # Its level, as the level's own summary tells it: with the harm status, and whether it is provisional.
    Category.ASSESSMENT: {"computed_level", "harm_status", "provisional"},
    Category.MISSING: {"kind"},
}
# Rows that are there and may be changed; of the others one is made, since most can never be.
CHANGED = (Child, MissingEpisode, AgendaItem)
MADE: dict[type[models.Model], dict[str, Any]] = {
    Placement: {},
    ChronologyEntry: {"category": Category.FAMILY, "summary": "x"},
    RiskAssessment: {"answers": {}},
    LevelJudgement: {"category": Category.LEVEL, "reason": "x"},
    EpisodeStep: {"kind": EpisodeStepKind.CORRECTED},
    PoliceGrade: {},
    SafeAndWellCheck: {},
    InterviewFinding: {"text": "x"},
    PanelDecision: {"code": "continue"},
}


@dataclass
class Scene:
    """A file, who writes on it, and the instant at which it is looked at."""

    things: Things
    worker: Viewer
    at: datetime

    @contextmanager
    def database(self, alters: Callable[[str], bool]) -> Iterator[None]:
        """One of two databases: every value is the same but of the fields that it alters."""
        child = self.things.child
        with standing_still(self.at), transaction.atomic():
            result = RiskAssessment.objects.filter(child=child)[0]
            given = {RiskAssessment: {"tool": result.tool, "result": result.result}}
            for number, (model, fits) in enumerate(MADE.items(), 1):
                values = {"id": UUID(int=number), **times_of(model, self.at), **fits, **given.get(model, {})}
                make_one(model, child, self.worker, **values, **values_of(model, alters))
            for model in CHANGED:
                which = {"pk": child.pk} if model is Child else {"child": child}
                model._default_manager.filter(**which).update(**values_of(model, alters))
            yield
            transaction.set_rollback(True)


def values_of(model: type[models.Model], alters: Callable[[str], bool]) -> dict[str, Any]:
    """A value for each field of a model that is altered: one, or the other."""
    return {
        field.name: two_values(field)[alters(name)]
        for field in model._meta.concrete_fields
        if (name := name_of(model, field)) in ALTERED
    }


def times_of(model: type[models.Model], at: datetime) -> dict[str, Any]:
    """An hour before the instant, and its day, wherever a row must have a time: the same in both databases."""
    times = [one for one in model._meta.concrete_fields if isinstance(one, models.DateField) and not one.null]
    then = at - timedelta(hours=1)
    return {one.name: then if isinstance(one, models.DateTimeField) else then.date() for one in times}


def two_values(field: models.Field[Any, Any]) -> tuple[Any, Any]:
    if isinstance(field, models.BooleanField):
        return False, True
    if isinstance(field, ArrayField):
        return [], [field.base_field.choices[0][0]]
    choices = [key for key, _ in field.choices or [("absent", ""), ("missing", "")]]
    return choices[-1], choices[-2]


def may_read(viewer: Viewer, name: str) -> bool:
    """Whether the oracle lets somebody with an ordinary grant read a field that somebody else wrote."""
    model, field = FIELDS[name]
    category = MADE.get(model, {}).get("category") or category_of(model)
    if model is Child:
        category = Category.LEVEL if field.name in SUMMARIES[Category.LEVEL] else Category.IDENTITY
    level = BOOK.levels[viewer.role_key, category, "own_agency"]
    return level == "full" or (level == "summary" and field.name in SUMMARIES.get(category, set()))


# From the first all of it is kept, from the second what the summary of an assessment does not name, and minutes.
KEPT_FROM = ["housing", "police_officer"]
# Every page that shows one of them to a manager is here, and those that go over many files.
PAGES = [
    address
    for address in GETS
    if address.pattern in ALWAYS
    or address.pattern
    in {
        "cases/<str:reference>/chronology/", "cases/<str:reference>/identity/", "cases/<str:reference>/missing/",
        "cases/<str:reference>/missing/<uuid:episode_id>/", "cases/<str:reference>/interviews/<uuid:interview_id>/",
        "cases/<str:reference>/risk/<uuid:assessment_id>/", "cases/<str:reference>/sharing/",
    }
]  # fmt: skip


@pytest.fixture
def scene(world, viewer, at) -> Scene:
    return Scene(make_things(world, viewer, at), viewer("socialworker"), at)


@pytest.mark.parametrize("role", KEPT_FROM)
def test_what_one_may_not_read_changes_no_page(role, scene, world, client_as, record_property) -> None:
    person = holder(world, role)
    STATES["own_agency"](scene.things, world, world.viewer(person))
    browser = client_as(person)
    kept = {name for name in ALTERED if not may_read(world.viewer(person), name)}
    with scene.database(lambda name: False):
        before = pages_of(browser, scene.things, PAGES)
    with scene.database(kept.__contains__):
        after = pages_of(browser, scene.things, PAGES)
    record_property("scanned", f"{len(kept)} fields altered on {len(before)} pages: {role}")
    assert before["cases/<str:reference>/"][0] == 200
    assert (kept == ALTERED) == (role == KEPT_FROM[0])
    assert {one: different(before[one], page) for one, page in after.items() if page != before[one]} == {}


# Where each of them shows to a manager, who reads them.
SHOWN_ON = {
    "cases/<str:reference>/": {
        "cases.Child.birth_date_estimated", "cases.Child.level", "cases.Child.harm_status",
        "cases.ChronologyEntry.third_party", "cases.Placement.out_of_area",
    },
    "cases/<str:reference>/risk/": {
        "risk.LevelJudgement.judged_level", "risk.LevelJudgement.needs_approval", "risk.RiskAssessment.computed_level",
        "risk.RiskAssessment.harm_status", "risk.RiskAssessment.provisional",
    },
    "cases/<str:reference>/missing/<uuid:episode_id>/": {
        "missing.MissingEpisode.flags", "missing.MissingEpisode.grade", "missing.MissingEpisode.kind",
        "missing.EpisodeStep.was", "missing.EpisodeStep.becomes", "missing.PoliceGrade.grade",
        "missing.SafeAndWellCheck.face_to_face", "missing.InterviewFinding.agrees",
    },
    "cases/<str:reference>/panel/": {
        "panels.PanelDecision.level_before", "panels.PanelDecision.level_after", "panels.PanelDecision.provisional",
    },
}  # fmt: skip
# Kept for the record, and on no page of a manager: what was ticked before a case was closed and that a child was listed
# late stand on the pages of the meeting; the level that was computed stands beside its assessment.
ON_NO_PAGE = {"panels.PanelDecision.confirmed", "panels.AgendaItem.late", "risk.LevelJudgement.computed_level"}


def test_each_of_them_shows_to_who_reads_it(scene, world, client_as) -> None:
    STATES["own_agency"](scene.things, world, world.viewer("social_care_manager"))
    browser = client_as("social_care_manager")
    pages = {address.pattern: [address] for address in GETS if address.pattern in SHOWN_ON}
    with scene.database(lambda name: False):
        before = {pattern: pages_of(browser, scene.things, page) for pattern, page in pages.items()}
    shows = set()
    for pattern, names in SHOWN_ON.items():
        for name in names:
            with scene.database(lambda one, name=name: one == name):
                shows |= {name} if pages_of(browser, scene.things, pages[pattern]) != before[pattern] else set()
    assert shows == {*ALTERED} - ON_NO_PAGE

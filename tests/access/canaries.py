"""A token in every field of every category on a file, and who may read it by the oracle's second and third tables.

Nothing here asks the product: the levels are those of the oracle, the summaries the named fields of the matrix's own
document (`access_matrix.md`), beside the csv.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from email.header import decode_header, make_header
from typing import Any
from urllib.parse import unquote
from uuid import UUID

from django.apps import apps
from django.db import models
from django.db.models.expressions import DatabaseDefault
from django.db.models.signals import pre_save
from django.utils import timezone
from pypdf import PdfReader

from accounts.models import User
from accounts.rules.viewers import Viewer
from cases.access.choices import CATEGORY_BITS, Category
from cases.record.choices import EntryKind
from cases.record.models import Address, Child, Entry
from risk.models import JudgementReturn, RiskAssessment
from tests.access.fields import WORDS_UNDER, told_by
from tests.access.registers import REGISTERS, TO_THE_REFERRER, Register, follow
from tests.access.rulebook import Asked, Rulebook
from tests.access.summaries import (
    ITS_OWN_LIST,
    KNOWN_OF,
    LISTED,
    MOVES_LISTS,
    NO_SENTENCE,
    OF_ONES_AGENCY,
    OF_THE_FILE,
    RECEIVED,
    SENTENCE,
    SUMMARIES,
    TO_THE_RECEIVER,
    TOLD_TO_ALL,
    WITHDRAWN,
)
from tests.access.values import PREFIX, Days, postcode, tokens_in
from tests.factories.cases import make_chronology, provenance
from tests.factories.risk import make_assessment, make_judgement

# Texts that a row may have only in some condition, which the row that a test makes may not be in.
WHERE_GIVEN = {
    "missing.MissingEpisode.closing_reason",
    "cases.Address.protection_reason",
    "cases.Involvement.end_note",
}
# The surface that an address is, or all addresses of an app; any other is a page of the file.
SURFACES = {
    "home": "alerts",
    "cases:alerts": "alerts",
    "cases:worklist": "worklist",
    "cases:search": "search",
    "cases:chronology": "timeline",
    "panels": "agenda",
    "reporting": "count",
    "reporting:files_behind_a_figure": "worklist",
    "api": "api",
    "api:files": "worklist",
}


@dataclass(frozen=True)
class Canary:
    """One token: where it was written, about whom, of which category, by whom and for which agency."""

    token: str
    field: str
    child_id: UUID | None
    category: str
    author_id: int | None
    agency_id: Any
    register: Register | None = None
    # Whose else it is: who asked for it, or was answered.
    others: frozenset[int] = frozenset()

    def may_be_read(self, book: Rulebook, viewer: Viewer, child: Child, state: str, address: str = "") -> bool:
        """Whether the oracle lets a viewer read it who stands in one relation to a file and knows no other.

        An address is one of the oracle's; it tells on which surface the words stand, a page of the file where it is
        not given.
        """
        surface = SURFACES.get(address) or SURFACES.get(address.split(":")[0], "file_page")
        if self.register is not None and self.register.category is None:
            return surface in self.register.surfaces and self._stands_open(book, viewer, child, state)
        if address in RECEIVED and self.field in TO_THE_RECEIVER and self.agency_id == viewer.agency_id:
            return self._is_known(book, viewer, state)
        if address == "cases:share_withdrawn" and self.field in WITHDRAWN:
            return book.outcomes[Asked(viewer.role_key, address, "GET", state)] == "ok"
        if self.field == MOVES_LISTS and surface == "worklist":
            return self.child_id == child.pk and self._level(book, viewer, state) in KNOWN_OF
        return self._is_open(book, viewer, child, state) and self._may_stand(book, viewer, state, surface)

    def _stands_open(self, book: Rulebook, viewer: Viewer, child: Child, state: str) -> bool:
        """Whether the viewer wrote the words, or may open a page of the register that they stand in."""
        if viewer.user_id in {self.author_id, *self.others}:
            return True
        assert self.register is not None
        state = "own_agency" if state == "never" else state
        asked = [Asked(viewer.role_key, page, "GET", state) for page in self.register.pages]
        return self.child_id in (child.pk, None) and "ok" in {book.outcomes[one] for one in asked}

    def _may_stand(self, book: Rulebook, viewer: Viewer, state: str, surface: str) -> bool:
        """Whether the words of a category may stand on a surface; what somebody wrote is, to them, as if in full."""
        level = self._level(book, viewer, state)
        return book.shown[surface, self.category, level] in ("content", "summary", "own")

    def _level(self, book: Rulebook, viewer: Viewer, state: str) -> str:
        if viewer.user_id in {self.author_id, *self.others}:
            return "full"
        return book.levels[viewer.role_key, self.category, "own_agency" if state == "never" else state]

    @staticmethod
    def _is_known(book: Rulebook, viewer: Viewer, state: str) -> bool:
        """Whether somebody may know of the file at all."""
        return book.levels[viewer.role_key, Category.IDENTITY, "own_agency" if state == "never" else state] != "none"

    def _is_open(self, book: Rulebook, viewer: Viewer, child: Child, state: str) -> bool:
        if self.child_id != child.pk:
            return False
        if state == "never":  # an address that leads nowhere, asked for by somebody who may see the file
            state = "own_agency"
        level = book.levels[viewer.role_key, self.category, state]
        if level == "full":
            return True
        if viewer.user_id in {self.author_id, *self.others}:
            return self._is_known(book, viewer, state)
        if level == "own":
            return self.agency_id == viewer.agency_id
        if level == "summary":
            if self.field in OF_ONES_AGENCY:
                return self.agency_id == viewer.agency_id
            sentence = self.field in SENTENCE and self.category not in NO_SENTENCE
            return sentence or self.field in SUMMARIES.get(self.category, set())
        return False


def contents() -> list[type[models.Model]]:
    """Every model that holds content of a file, by category."""
    found = apps.get_models()
    return [model for model in found if issubclass(model, Entry) and not hasattr(model, "pgh_tracked_model")]


class Planter:
    """Puts tokens into rows as they are made, and keeps what stands where."""

    def __init__(self) -> None:
        self.planted: list[Canary] = []
        self.days = Days(timezone.now())
        self.words = self.postcodes = 0

    def new_word(self, **said: Any) -> str:
        self.words += 1
        assert self.words < 1_000, "a token has three digits"
        self.planted.append(Canary(f"{PREFIX}{self.words:03d}", **said))
        return self.planted[-1].token

    def plant(self, sender: type[models.Model], instance: Any, update_fields: Any = None, **_: Any) -> None:
        register = REGISTERS.get(sender._meta.label)
        if not issubclass(sender, Entry | Child) and register is None:
            return
        if not instance._state.adding and (sender is not Child or not update_fields):
            return
        told = {field.name: how for field in sender._meta.concrete_fields if (how := told_by(sender, field))}
        for field in sender._meta.concrete_fields:
            if field.name not in told or (update_fields and field.name not in update_fields):
                continue
            name, given = f"{sender._meta.label}.{field.name}", getattr(instance, field.name)
            if not given and (told[field.name] != "words" or register is not None or name in WHERE_GIVEN):
                continue
            said = written_in(instance, name, register) if register else written_on(instance, field.name)
            setattr(instance, field.name, self._token(told[field.name], field, given, {"field": name, **said}))

    def _token(self, how: str, field: models.Field[Any, Any], given: Any, field_said: dict[str, Any]) -> Any:
        if how == "day":
            value, token = self.days.for_field(field, timezone.now() if isinstance(given, DatabaseDefault) else given)
            self.planted.append(Canary(token, **field_said))
            return value
        if how == "postcode":
            self.postcodes += 1
            self.planted.append(Canary(postcode(self.postcodes), **field_said))
            return self.planted[-1].token
        only = WORDS_UNDER.get(field_said["field"], frozenset())
        if field_said["field"] in LISTED and any(reason["code"] == "listed" for reason in given):
            field_said = {**field_said, "field": LISTED}
        return _in_place_of("" if given is None else given, lambda: self.new_word(**field_said), only)


@contextlib.contextmanager
def planting() -> Iterator[list[Canary]]:
    """While it lasts, a token stands in place of every value that is written on a file; the list grows with them.

    They are put in as a row is made, because most rows can never be changed again.
    """
    planter = Planter()
    pre_save.connect(planter.plant, weak=False)
    try:
        yield planter.planted
    finally:
        pre_save.disconnect(planter.plant)


def written_on(entry: Any, field: str) -> dict[str, Any]:
    """About whom a value of a file is, of which category, by whom and for which agency."""
    told = TOLD_TO_ALL.get(f"{entry._meta.label}.{field}")
    category = OF_THE_FILE.get(field, Category.IDENTITY)
    sealed = isinstance(entry, Address) and entry.protected and field != "area"
    return {
        "register": ITS_OWN_LIST if sealed else told,
        "child_id": getattr(entry, "child_id", entry.pk),
        "category": "" if told else getattr(entry, "category", category),
        "author_id": getattr(entry, "author_id", None),
        "agency_id": getattr(entry, "agency_id", None),
    }


def written_in(row: Any, name: str, register: Register) -> dict[str, Any]:
    """The same of a text in a register."""
    writers = [follow(row, path) for path in (*register.writers, TO_THE_REFERRER.get(name, ""))]
    return {
        "child_id": follow(row, register.child),
        "category": register.category or "",
        "author_id": writers[0],
        "agency_id": follow(row, register.agency),
        "register": register,
        "others": frozenset(one for one in writers[1:] if one is not None),
    }


def _in_place_of(given: Any, new: Callable[[], str], only: frozenset[str] = frozenset()) -> Any:
    """A token for a text; in a field that holds several, one for each, or for those under some keys alone."""
    if isinstance(given, dict) and not (only and "rank" in given):
        kept = {key for key, value in given.items() if only and isinstance(value, str) and key not in only}
        return {key: value if key in kept else _in_place_of(value, new, only) for key, value in given.items()}
    if isinstance(given, list):
        return [value if only and isinstance(value, str) else _in_place_of(value, new, only) for value in given]
    return new() if isinstance(given, str) else given


def make_the_rest(child: Child, worker: Viewer) -> None:
    """An entry of the timeline in each category, and a row of each kind of content that is not on the file yet.

    Who looked is a log of its own: nobody writes an entry about it.
    """
    for category in [name for name in CATEGORY_BITS if name != Category.WHO_LOOKED]:
        make_chronology(child, worker, category=category, kind=EntryKind.OBSERVATION, detail="x")
    # What was sent back is an earlier judgement: the one that waits for approval still waits.
    assessment = RiskAssessment.objects.filter(child=child).first() or make_assessment(child, worker)
    judged = make_judgement(assessment, worker, needs_approval=True, judged_at=timezone.now() - timedelta(days=2))
    make_one(JudgementReturn, child, worker, judgement=judged)
    for model in contents():
        if not model._default_manager.filter(child=child).exists():
            make_one(model, child, worker, **ALSO.get(model._meta.label, {}))
    # The address that is there is protected, and so shown to those alone who are on its list.
    make_one(Address, child, worker)


# The category that the product writes each kind of content under, where it is not its app's usual one.
CATEGORY_OF = {
    "cases": Category.IDENTITY,
    "cases.Address": Category.CONTACT_ADDRESS,
    "risk": Category.ASSESSMENT,
    "missing": Category.MISSING,
    "missing.ReturnInterview": Category.INTERVIEW,
    "missing.InterviewStep": Category.INTERVIEW,
    "missing.InterviewFinding": Category.INTERVIEW,
    "missing.SafetyBriefing": Category.PERSON_OF_CONCERN,
    "panels": Category.MINUTES,
}


# What a row may have and need not.
ALSO = {
    "panels.PanelDecision": {"next_review_on": date(2041, 1, 7), "decided_at": datetime(2025, 1, 7, 12, tzinfo=UTC)}
}
# A text that names a choice of another kind.
OTHERWISE = {"missing.EpisodeStep.was": "absent", "missing.EpisodeStep.becomes": "missing"}


def category_of(model: type[models.Model]) -> Category:
    """Under which category a kind of content is written. Raises KeyError for an app that is new to this."""
    return CATEGORY_OF.get(model._meta.label) or CATEGORY_OF[model._meta.app_label]


def make_one(model: type[models.Model], child: Child, worker: Viewer, **given: Any) -> Any:
    """A row of any kind of content, with the first of each choice, about what is there of what it names."""
    values: dict[str, Any] = {"child": child, **provenance(worker, category_of(model)), **given}
    for field in model._meta.concrete_fields:
        if field.name in values or field.attname in values or field.primary_key or field.null or field.has_default():
            continue
        if field.db_default is not models.NOT_PROVIDED:
            continue
        values[field.name] = _something_for(field, child)
    return model._default_manager.create(**values)


def _something_for(field: models.Field[Any, Any], child: Child) -> Any:
    if isinstance(field, models.ForeignKey | models.OneToOneField):
        related: Any = field.related_model
        ours = related._default_manager.filter(child=child) if _is_content(related) else related._default_manager.all()
        return ours.first() if related is not User else User.objects.first()
    if field.choices:
        return field.choices[0][0]  # type: ignore[index]
    if isinstance(field, models.DateTimeField):
        return timezone.now() - timedelta(hours=1)
    if isinstance(field, models.DateField):
        return timezone.localdate()
    if isinstance(field, models.BooleanField):
        return False
    if isinstance(field, models.IntegerField):
        return 1
    return OTHERWISE.get(f"{field.model._meta.label}.{field.name}", "x")


def _is_content(model: Any) -> bool:
    return isinstance(model, type) and issubclass(model, Entry)


def headers_of(answer: Any) -> str:
    """Every header of an answer and every cookie that it sets, as sent and as a browser reads them."""
    sent = [*answer.headers.items(), *(("Set-Cookie", cookie.OutputString()) for cookie in answer.cookies.values())]
    lines = [f"{name}: {value}" for name, value in sent]
    return "\n".join([*lines, *(unquote(str(make_header(decode_header(line)))) for line in lines)])


def text_of(answer: Any) -> str:
    """What the body of an answer says, read out of a PDF where it is one."""
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    # A factory's report has a few bytes for its document.
    if answer.headers.get("Content-Type", "").startswith("application/pdf") and len(body) > 1_000:
        return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(body)).pages)
    return str(body, "utf-8", "replace")


def found_in(text: str, canaries: list[Canary]) -> list[Canary]:
    """The tokens that stand in a text, however they are spelt: the text is gone through once for all of them."""
    found = tokens_in(text)
    return [canary for canary in canaries if canary.token in found] if found else []


def leaks_in(text: str, canaries: list[Canary], may: Callable[[Canary], bool]) -> list[Canary]:
    """What stands in a text and may not be read: where one fact stands in two fields, in neither of them."""
    found = found_in(text, canaries)
    open_ = {canary.token for canary in found if may(canary)}
    return [canary for canary in found if canary.token not in open_]

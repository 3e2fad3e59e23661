"""Reading and writing the timeline."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Any

from accounts.forms import (
    CheckboxesField,
    DateField,
    HarbourForm,
    LongTextField,
    MomentField,
    SelectField,
    TextField,
    TickField,
    WriteForm,
)
from accounts.rules.dates import LONDON
from cases.access.choices import Category
from cases.record.choices import EntryKind, Source

# Kinds that only their own pages write, each with what belongs to it.
WRITTEN_ELSEWHERE = (
    EntryKind.NOTIFICATION,
    EntryKind.TRIAGE,
    EntryKind.ASSESSMENT,
    EntryKind.LEVEL,
    EntryKind.INVOLVEMENT,
    EntryKind.INTERVIEW,
)
KINDS = [("", "Choose"), *((kind.value, kind.label) for kind in EntryKind if kind not in WRITTEN_ELSEWHERE)]
SOURCES = [("", "Choose"), *((source.value, source.label) for source in Source if source != Source.SYSTEM)]


def start_of(day: date | None) -> datetime | None:
    """The instant a day begins in London."""
    return datetime.combine(day, time(), tzinfo=LONDON) if day else None


def end_of(day: date | None) -> datetime | None:
    """The instant a day is over in London."""
    return start_of(day + timedelta(days=1)) if day else None


class ChronologyFilterForm(HarbourForm):
    says_optional = False
    kind = CheckboxesField(label="Kind", choices=EntryKind.choices, required=False, small=True)
    happened_from = DateField(label="From", noun="The first day", required=False)
    happened_until = DateField(label="Until", noun="The last day", required=False)


class ChronologyEntryForm(WriteForm):
    """Something that happened. The category decides who reads it: only those the author works with are offered."""

    kind = SelectField(label="What happened?", choices=KINDS, missing="Select what happened")
    happened_at = MomentField(label="When did it happen?", noun="When it happened", when="today_or_past")
    category = SelectField(
        label="What kind of information is it?",
        hint="This decides who may read it. Choose the narrowest that fits",
        missing="Select what kind of information it is",
    )
    summary = TextField(
        label="In one sentence, written to be shared",
        max_length=300,
        hint="All who see this kind of information read it, some of them nothing else. Leave out names of others",
        missing="Enter one sentence that can be shared",
    )
    detail = LongTextField(
        label="Detail",
        max_length=4000,
        rows=6,
        required=False,
        hint="Only those who see this kind of information in full read it. Keep what you saw apart from what you think",
    )
    source = SelectField(label="How do you know?", choices=SOURCES, missing="Select how you know")
    third_party = TickField(
        label="It tells something about another person",
        required=False,
        hint="Then it is checked before anything is given to the child or the family",
    )

    def __init__(self, *args: Any, categories: Iterable[Category], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", "Choose"), *((category.value, category.label.capitalize()) for category in categories)]
        self.fields["category"].choices = choices  # type: ignore[attr-defined]

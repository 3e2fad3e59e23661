"""A risk tool as a form, and the form of a judgement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.forms.boundfield import BoundField

from accounts.forms import CheckboxesField, LongTextField, RadioField, WriteForm
from cases.record.choices import HarmStatus, RiskLevel
from risk.rules import JUDGED_LEVELS, JudgementRefused, asked_items, check_answered
from risk.scoring import Answer, Item, Kind, Section, Tool, check_answers

TICKED = "yes"
FIELD_OF_PROBLEM = {"windows": "when", "parts": "parts", "evidence": "evidence"}


@dataclass(frozen=True)
class Group:
    """The fields of one section of the tool, under its heading."""

    title: str
    help: str
    fields: list[BoundField]


class ToolForm(WriteForm):
    """Every question of one version of a tool.

    Indicators are asked one by one; vulnerabilities, which are never counted, are ticked in a list. Nothing has
    to be answered: a tool may be completed in part, and its result says what was left out.
    """

    says_optional = False

    def __init__(
        self,
        data: Any = None,
        *,
        tool: Tool,
        initial_answers: Mapping[str, Answer] | None = None,
        initial_evidence: str = "",
        **kwargs: Any,
    ) -> None:
        self.tool = tool
        initial = {
            **_initial_of(tool, initial_answers or {}),
            "evidence": initial_evidence,
            **(kwargs.pop("initial", None) or {}),
        }
        super().__init__(data, initial=initial, **kwargs)
        for section in tool.sections:
            if _is_list(section):
                self.fields[f"list_{section.code}"] = _ticks(section)
            else:
                for item in section.items:
                    self.fields[f"item_{item.code}"] = _radios(item)
            for item in section.items:
                self.fields.update(_details(item))
        self.fields["evidence"] = LongTextField(
            label="What are these answers based on?",
            hint="What was seen or heard, by whom and when. Say what is fact and what is opinion.",
            required=False,
            max_length=5000,
            rows=6,
        )

    def answers(self) -> dict[str, Answer]:
        """What was answered, item by item; items left out are not in it. Call after `is_valid()`."""
        found: dict[str, Answer] = {}
        for section in self.tool.sections:
            ticked = self.cleaned_data.get(f"list_{section.code}") or []
            for item in section.items:
                value = TICKED if item.code in ticked else self.cleaned_data.get(f"item_{item.code}") or ""
                if value:
                    found[item.code] = self._answer(item, value)
        return found

    def _answer(self, item: Item, value: str) -> Answer:
        option = item.option(value)
        present = option is not None and option.present
        return Answer(
            value,
            tuple(self.cleaned_data.get(f"when_{item.code}") or ()) if present else (),
            tuple(self.cleaned_data.get(f"parts_{item.code}") or ()) if present else (),
            (self.cleaned_data.get(f"evidence_{item.code}") or "") if present else "",
        )

    def evidence_text(self) -> str:
        """What the answers are based on, in the practitioner's words."""
        return self.cleaned_data.get("evidence") or ""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for problem in check_answers(self.tool, self.answers()):
            name = {
                "windows": f"when_{problem.code}",
                "parts": f"parts_{problem.code}",
                "evidence": f"evidence_{problem.code}",
            }.get(problem.field, f"item_{problem.code}")
            self.add_error(name if name in self.fields else None, problem.message)
        return cleaned

    @property
    def groups(self) -> list[Group]:
        """The sections, in the tool's order, each with its fields."""
        groups = []
        for section in self.tool.sections:
            names = [f"list_{section.code}"] if _is_list(section) else [f"item_{item.code}" for item in section.items]
            groups.append(Group(section.title, section.help, [self[name] for name in names]))
        return groups


def _is_list(section: Section) -> bool:
    return section.kind == Kind.VULNERABILITY and not section.counts


def _ticks(section: Section) -> forms.Field:
    return CheckboxesField(
        label=section.title,
        hint="Tick all that apply.",
        choices=[(item.code, item.label) for item in section.items],
        hints={item.code: item.help for item in section.items if item.help},
        reveals={item.code: name for item in section.items if (name := _detail_names(item))},
        required=False,
        small=True,
    )


def _radios(item: Item) -> forms.Field:
    names = _detail_names(item)
    present = next((option.value for option in item.options if option.present), "")
    return RadioField(
        label=item.label,
        hint=item.help,
        choices=[(option.value, option.label) for option in item.options],
        reveals={present: names} if names else None,
        required=False,
        inline=not names and sum(len(option.label) for option in item.options) < 70,
        small=True,
    )


def _detail_names(item: Item) -> tuple[str, ...]:
    names = []
    if len(item.windows) > 1:
        names.append(f"when_{item.code}")
    if item.parts:
        names.append(f"parts_{item.code}")
    if item.evidence_required:
        names.append(f"evidence_{item.code}")
    return tuple(names)


def _details(item: Item) -> dict[str, forms.Field]:
    fields: dict[str, forms.Field] = {}
    if len(item.windows) > 1:
        fields[f"when_{item.code}"] = CheckboxesField(
            label="When was this seen?", choices=[(w.code, w.label) for w in item.windows], required=False, small=True
        )
    if item.parts:
        fields[f"parts_{item.code}"] = CheckboxesField(
            label="Which of these?",
            choices=[(part.code, part.label) for part in item.parts],
            required=False,
            small=True,
        )
    if item.evidence_required:
        fields[f"evidence_{item.code}"] = LongTextField(
            label="What was seen or heard, by whom and when?", required=False, max_length=2000, rows=3
        )
    return fields


def _initial_of(tool: Tool, answers: Mapping[str, Answer]) -> dict[str, Any]:
    initial: dict[str, Any] = {}
    for section in tool.sections:
        if _is_list(section):
            initial[f"list_{section.code}"] = [item.code for item in section.items if item.code in answers]
    for code, answer in answers.items():
        initial[f"item_{code}"] = answer.value
        initial[f"when_{code}"] = list(answer.windows)
        initial[f"parts_{code}"] = list(answer.parts)
        initial[f"evidence_{code}"] = answer.evidence
    return initial


class AssessmentForm(ToolForm):
    """A tool filled in on a child's file: its questions, the harm question, and the child's own view."""

    def __init__(self, data: Any = None, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.fields["harm_status"] = RadioField(
            label=self.tool.harm_question.label,
            hint=self.tool.harm_question.help,
            choices=HarmStatus.choices,
            missing="Say what is known about harm. “Not yet known” is an answer.",
        )
        for name, label, hint in (
            ("protective_factors", "What keeps the child safe?", "People, places and plans that already help."),
            ("childs_view", "What does the child say?", "In the child's own words where you can."),
            ("parents_view", "What do parents or carers say?", ""),
        ):
            self.fields[name] = LongTextField(label=label, hint=hint, required=False, max_length=3000, rows=4)

    def clean(self) -> dict[str, Any]:
        """Besides what a tool asks: at least one of the questions that count."""
        cleaned = super().clean()
        try:
            check_answered(self.tool, self.answers())
        except JudgementRefused as refusal:
            asked = asked_items(self.tool)
            names = (f"item_{code}" for code in self.tool.items if code in asked)
            self.add_error(next((name for name in names if name in self.fields), None), refusal.reason)
        return cleaned


class JudgementForm(WriteForm):
    """The level that the practitioner decides on, with the reason where it differs from the computed one."""

    judged_level = RadioField(
        label="What level do you judge?",
        choices=[(level.value, level.label) for level in JUDGED_LEVELS],
        inline=True,
        missing="Choose the level you judge.",
    )
    harm_status = RadioField(label="What is known about harm?", choices=HarmStatus.choices)
    reason = LongTextField(
        label="Why?",
        hint="Needed where your level differs from the computed one, or is lower than the one on the file.",
        required=False,
        max_length=2000,
        rows=4,
    )

    def __init__(self, data: Any = None, *, computed: str, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        if computed == RiskLevel.NONE_IDENTIFIED:
            field = self.fields["judged_level"]
            assert isinstance(field, forms.ChoiceField)
            field.choices = [(level.value, level.label) for level in (RiskLevel.NONE_IDENTIFIED, *JUDGED_LEVELS)]


class SendBackForm(WriteForm):
    """Why a manager does not approve a level below the computed one."""

    reason = LongTextField(
        label="What do you not agree with, or what is missing?",
        hint="Whoever judged the level reads this, and judges it anew.",
        max_length=2000,
        rows=5,
        missing="Say what you do not agree with, or what is missing",
    )


class ApprovalForm(WriteForm):
    """A manager's approval of a level that waits for it."""

    note = LongTextField(label="Note", hint="For example what you discussed.", required=False, max_length=300, rows=2)

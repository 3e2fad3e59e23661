"""What the pages of a panel ask."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from django import forms

from accounts.forms import (
    CheckboxesField,
    DateField,
    LongTextField,
    MomentField,
    RadioField,
    SelectField,
    TextField,
    TickField,
    WholeNumberField,
    WriteForm,
)
from accounts.models import Agency, Membership
from cases.access.choices import Category
from panels.choices import (
    ActionStatus,
    AttendanceStatus,
    ClosingCheck,
    DecisionCode,
    Priority,
    UpdateKind,
)
from panels.models import AgendaItem, Attendance, PanelSeat
from panels.rules import PanelRefused
from panels.rules.decisions import check_action, contradiction
from panels.rules.states import ACTION
from panels.services.actions import NewAction
from panels.services.deciding import Disagrees, Said
from panels.services.meetings import Came
from risk.rules import JUDGED_LEVELS

ACTION_ROWS = 3


def _names(members: Iterable[Membership], deputies: Mapping[UUID, str]) -> list[tuple[str, str]]:
    """People by name and the agency of the membership they act under, with the seat on which somebody deputises."""
    return [
        (
            str(row.pk),
            f"{row.user}, {row.agency.name}{f', deputy for {deputies[row.pk]}' if row.pk in deputies else ''}",
        )
        for row in members
    ]


class PlanForm(WriteForm):
    """When and where a panel meets."""

    about_a_child = False

    starts_at = MomentField(label="When does it begin?", noun="The start", when="future")
    minutes_long = WholeNumberField(
        label="How many minutes does it last?", initial=120, min_value=15, max_value=600, width=3
    )
    place = TextField(label="Where?", max_length=200, hint="A room or a link. Name no child")


class WhyForm(WriteForm):
    """One reason, in a sentence."""

    why = LongTextField(label="Why?", max_length=300, rows=3, missing="Say why")


class ListForm(WriteForm):
    """Why an agency wants the panel to talk about a child."""

    why = LongTextField(
        label="What should the panel talk about?",
        max_length=400,
        rows=4,
        hint="The members of the panel read this. Any agency may list any child it works with, whatever the level",
        missing="Say what the panel should talk about",
    )
    late = TickField(
        label="Put the child on the agenda that is already out",
        hint="The members may read the file at once",
        required=False,
    )

    def __init__(self, *args: Any, may_be_late: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not may_be_late:
            del self.fields["late"]


class UpdateForm(WriteForm):
    """What an agency tells the meeting about a child."""

    kind = RadioField(
        label="What does your agency know?",
        choices=UpdateKind.choices,
        reveals={UpdateKind.WRITTEN: ("category", "text")},
        missing="Select how you give your information",
    )
    category = SelectField(
        label="What kind of information is it?",
        hint="This decides who may read it, at the meeting and in the minutes. Police intelligence is never minuted",
        missing="Select what kind of information it is",
    )
    text = LongTextField(
        label="What should the panel know?",
        max_length=4000,
        rows=8,
        hint="What has changed, what the child says, what you are doing. Keep what you saw apart from what you think",
        missing="Write what the panel should know",
    )

    def __init__(self, *args: Any, categories: Iterable[Category], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", "Choose"), *((category.value, category.label.capitalize()) for category in categories)]
        self.fields["category"].choices = choices  # type: ignore[attr-defined]


class DecisionForm(WriteForm):
    """What the panel decides about one child, who disagrees, and who does what."""

    says_optional = False
    looks_again = False
    code = SelectField(
        label="Decision", choices=[("", "Choose"), *DecisionCode.choices], missing="Select what the panel decides"
    )
    rationale = LongTextField(label="Why", max_length=3000, rows=3, missing="Say why the panel decides this")
    level_after = SelectField(label="Level, in the panel's view", missing="Select the level, in the panel's view")
    next_review_on = DateField(label="The panel looks again on", noun="The next review", required=False)
    confirmed = CheckboxesField(
        label="To close at the panel, confirm", choices=ClosingCheck.choices, required=False, small=True
    )
    sure = TickField(label="We have looked again, and decide it all the same", required=False)
    dissent_agency = SelectField(label="An agency that does not agree", required=False)
    dissent_text = LongTextField(label="In its words", max_length=1000, rows=2, required=False)

    def __init__(
        self,
        *args: Any,
        level_now: tuple[str, str],
        agencies: Sequence[Agency],
        owners: Sequence[Membership],
        deputies: Mapping[UUID, str],
        today: date,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.agencies = {str(agency.pk): agency for agency in agencies}
        self.owners = {str(owner.pk): owner for owner in owners}
        self.today = today
        self.level_now = level_now[0]
        levels = [(level.value, level.label) for level in JUDGED_LEVELS]
        choices = levels if level_now in levels else [level_now, *levels]
        self.fields["level_after"].choices = choices  # type: ignore[attr-defined]
        named = [(key, agency.name) for key, agency in self.agencies.items()]
        self.fields["dissent_agency"].choices = [("", "Nobody"), *named]  # type: ignore[attr-defined]
        for number in range(1, ACTION_ROWS + 1):
            self.fields.update(_action_fields(number, [("", "Choose"), *_names(self.owners.values(), deputies)]))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if bool(cleaned.get("dissent_agency")) != bool(cleaned.get("dissent_text")):
            field, words = (
                ("dissent_text", "Write down what this agency says")
                if cleaned.get("dissent_agency")
                else ("dissent_agency", "Select which agency does not agree")
            )
            self.add_error(field, words)
        self._look_again(cleaned)
        for number in self._written():
            action = self._action(number)
            try:
                check_action(text=action.text, due_on=action.due_on, has_owner=action.owner is not None, on=self.today)
            except PanelRefused as refusal:
                name = f"action_{number}_{refusal.field}"
                if name not in self.errors:
                    self.add_error(name, refusal.reason)
        return cleaned

    def _look_again(self, cleaned: dict[str, Any]) -> None:
        """Ask once more where the decision does less for a child whose level speaks against it."""
        against = contradiction(
            code=cleaned.get("code") or "", level=self.level_now, level_after=cleaned.get("level_after") or ""
        )
        self.looks_again = bool(against)
        if against:
            self._hint("sure", "Write in “Why” what makes this safe")
            if not cleaned.get("sure"):
                self.add_error("sure", f"Look again: {against}. Say that this is meant, or change it")

    def say_who_reads(self, words: str) -> None:
        """Say beside "Why" who will read it."""
        self._hint("rationale", words)

    def _hint(self, name: str, words: str) -> None:
        """A field that has been looked at keeps the hint it had then, so both get the words."""
        self.fields[name].help_text = self[name].help_text = words

    def show_version(self, version: int) -> None:
        """Show the record's version as it is now, so that pressing again records over what the page shows."""
        data = self.data.copy()  # type: ignore[attr-defined]
        data["version"] = str(version)
        self.data = data

    def said(self) -> Said:
        """The decision. Call after `is_valid()`."""
        cleaned = self.cleaned_data
        return Said(
            code=cleaned["code"],
            rationale=cleaned["rationale"],
            level_after=cleaned["level_after"],
            next_review_on=cleaned["next_review_on"],
            confirmed=tuple(cleaned["confirmed"] or ()),
        )

    def dissents(self) -> list[Disagrees]:
        """Who does not agree, in their words."""
        key = self.cleaned_data["dissent_agency"]
        return [Disagrees(self.agencies[key], self.cleaned_data["dissent_text"])] if key else []

    def actions(self) -> list[NewAction]:
        """What is undertaken: rows left empty are none."""
        return [self._action(number) for number in self._written()]

    def _written(self) -> list[int]:
        """The rows in which something stands that somebody typed or chose."""
        return [
            number
            for number in range(1, ACTION_ROWS + 1)
            if any(self.cleaned_data.get(f"action_{number}_{part}") for part in ("text", "owner", "due_on"))
        ]

    def _action(self, number: int) -> NewAction:
        def part(name: str) -> Any:
            return self.cleaned_data.get(f"action_{number}_{name}")

        return NewAction(part("text") or "", self.owners.get(part("owner") or ""), part("due_on"), part("priority"))

    @property
    def decision_fields(self) -> list[Any]:
        asked = ("sure",) if self.looks_again else ()
        return [self[name] for name in ("code", "rationale", "level_after", "next_review_on", *asked)]

    @property
    def closing_field(self) -> Any:
        return self["confirmed"]

    @property
    def dissent_fields(self) -> list[Any]:
        return [self["dissent_agency"], self["dissent_text"]]

    @property
    def dissent_open(self) -> bool:
        return any(field.errors or field.value() for field in self.dissent_fields)

    @property
    def closing_open(self) -> bool:
        return bool(self["confirmed"].errors or self["confirmed"].value())

    @property
    def action_rows(self) -> list[dict[str, Any]]:
        """The rows of actions for the page: the first stands open, others when something is in them."""
        parts = ("text", "owner", "due_on", "priority")
        rows = []
        for number in range(1, ACTION_ROWS + 1):
            fields = [self[f"action_{number}_{part}"] for part in parts]
            used = any(field.errors for field in fields) or bool(fields[0].value() or fields[1].value())
            rows.append({"number": number, "fields": fields, "open": number == 1 or used})
        return rows


def _action_fields(number: int, owners: list[tuple[str, str]]) -> dict[str, forms.Field]:
    return {
        f"action_{number}_text": TextField(
            label=f"Action {number}: what is to be done", max_length=400, required=False
        ),
        f"action_{number}_owner": SelectField(label="Who does it", choices=owners, required=False),
        f"action_{number}_due_on": DateField(label="By", noun=f"The day of action {number}", required=False),
        f"action_{number}_priority": SelectField(label="Priority", choices=Priority.choices, required=False),
    }


class AttendanceForm(WriteForm):
    """Who came, one line a seat. Nobody is there until somebody says so, and a line left open says nothing."""

    says_optional = False

    def __init__(
        self, *args: Any, seats: Sequence[PanelSeat], taken: dict[UUID, Attendance], accepted: set[UUID], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.seats = seats
        for seat in seats:
            row = taken.get(seat.pk)
            came = f"{row.status}:{row.membership_id}" if row and row.membership_id else row.status if row else ""
            self.fields[f"seat_{seat.pk}"] = SelectField(
                label=seat.place,
                choices=_ways_to_come(seat, said=row is not None),
                initial=came,
                required=False,
            )
            who = row.membership_id if row and row.membership_id else seat.member_id
            self.fields[f"accepted_{seat.pk}"] = TickField(
                label=f"{seat.place}: accepts the confidentiality statement",
                required=False,
                initial=who in accepted,
            )

    def came(self) -> list[Came]:
        """Who came, of the seats about which something is said. Call after `is_valid()`."""
        found = []
        for seat in self.seats:
            status, _, who = self.cleaned_data[f"seat_{seat.pk}"].partition(":")
            if not status:
                continue
            accepted = bool(self.cleaned_data[f"accepted_{seat.pk}"])
            found.append(Came(seat.pk, status, UUID(who) if who else None, accepted))
        return found

    @property
    def lines(self) -> list[dict[str, Any]]:
        """One line a seat: who came, and whether the statement is accepted."""
        return [{"came": self[f"seat_{seat.pk}"], "accepted": self[f"accepted_{seat.pk}"]} for seat in self.seats]


def _ways_to_come(seat: PanelSeat, *, said: bool) -> list[tuple[str, str]]:
    deputies = [deputy.membership for deputy in getattr(seat, "deputies_now", [])]
    ways = [] if said else [("", "Not said yet")]
    ways += [(f"{AttendanceStatus.PRESENT}:{seat.member_id}", f"{seat.member.user}, present")]
    ways += [(f"{AttendanceStatus.DEPUTY}:{one.pk}", f"{seat.named(one)}, deputy") for one in deputies]
    ways += [
        (status.value, str(status.label))
        for status in (AttendanceStatus.APOLOGIES_UPDATE, AttendanceStatus.APOLOGIES, AttendanceStatus.ABSENT)
    ]
    return ways


class CloseForm(WriteForm):
    """Why the children who were not talked about are carried over: one reason, and another for single children."""

    says_optional = False
    why = LongTextField(
        label="Why were they not talked about?",
        hint="One reason for all of them. The next agenda and the minutes say it",
        max_length=300,
        rows=2,
        required=False,
    )

    def __init__(self, *args: Any, undecided: Sequence[tuple[AgendaItem, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.undecided = undecided
        if not undecided:
            del self.fields["why"]
        for item, name in undecided:
            self.fields[f"defer_{item.pk}"] = TextField(label=name, max_length=300, required=False)

    def deferred(self) -> dict[UUID, str]:
        """The reason of single deferrals, by item. Call after `is_valid()`."""
        given = ((item.pk, self.cleaned_data[f"defer_{item.pk}"]) for item, _ in self.undecided)
        return {pk: words for pk, words in given if words}

    @property
    def for_all(self) -> Any:
        return self["why"]

    @property
    def single(self) -> list[Any]:
        """The fields in which one child has another reason."""
        return [self[f"defer_{item.pk}"] for item, _ in self.undecided]

    @property
    def single_open(self) -> bool:
        return any(field.errors or field.value() for field in self.single)


STEP_WORDS = {
    ActionStatus.IN_PROGRESS: "It is in progress",
    ActionStatus.DONE: "It is done",
    ActionStatus.NOT_ACHIEVED: "It could not be done",
    ActionStatus.WITHDRAWN: "It is not wanted any more",
}


class StepForm(WriteForm):
    """How an action stands."""

    to = RadioField(label="How does it stand?", missing="Select how it stands")
    note = LongTextField(
        label="What was done, and how do we know?",
        hint="The evidence if it is done; the reason if it is not",
        max_length=2000,
        rows=4,
        required=False,
    )

    def __init__(self, *args: Any, status: str, office: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        ways = [step.to for step in ACTION[status] if office or step.to != ActionStatus.WITHDRAWN]
        self.fields["to"].choices = [(way, STEP_WORDS[ActionStatus(way)]) for way in ways]  # type: ignore[attr-defined]


class VerifyForm(WriteForm):
    note = LongTextField(label="What you looked at", max_length=500, rows=2, required=False)


class SeatForm(WriteForm):
    """A new seat at the panel."""

    about_a_child = False

    member = SelectField(label="Who sits on it?", missing="Select who sits on it")
    service = TextField(
        label="Which service?", max_length=80, required=False, hint="Where an agency has several seats, such as CAMHS"
    )
    chairs = TickField(label="This is the chair's seat", required=False)

    def __init__(self, *args: Any, people: Sequence[Membership], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.people = {str(row.pk): row for row in people}
        choices = [
            (key, f"{row.agency.name}: {row.user}, {row.get_role_display()}") for key, row in self.people.items()
        ]
        self.fields["member"].choices = [("", "Choose"), *choices]  # type: ignore[attr-defined]

    @property
    def chosen(self) -> Membership:
        return self.people[self.cleaned_data["member"]]


class DeputyForm(SeatForm):
    """Somebody who sits in for a member."""

    service = None  # type: ignore[assignment]
    chairs = None  # type: ignore[assignment]

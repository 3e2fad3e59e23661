"""What is asked about an episode, one thing on a page."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from accounts.forms import (
    CheckboxesField,
    HarbourForm,
    LongTextField,
    MomentField,
    RadioField,
    SelectField,
    TextField,
    TickField,
    WriteForm,
    YesNoField,
)
from missing.choices import CheckResult, EpisodeKind, EpisodeTime, Grade, ReturnMethod

LONG = 4000
GRADE_HINTS = {
    Grade.NO_APPARENT_RISK: "Nothing suggests harm. Agree what is done, and when it is looked at again.",
    Grade.LOW: "Harm is possible and would be slight.",
    Grade.MEDIUM: "Harm is likely and would not be serious.",
    Grade.HIGH: "Serious harm is very likely.",
}
UNGRADED = ("none", "Not graded yet")


class SightingForm(WriteForm):
    seen_at = MomentField(label="When was this?", noun="The time", when="today_or_past")
    note = LongTextField(
        label="What do you know?",
        hint="Where the child was seen or may be, and who told you.",
        max_length=LONG,
        rows=5,
        missing="Write what you know",
    )


class GradeForm(WriteForm):
    grade = RadioField(label="Police grade", choices=Grade.choices, hints=GRADE_HINTS, missing="Select the grade")
    graded_at = MomentField(label="When was it graded?", noun="When it was graded", when="today_or_past")
    officer = TextField(label="By which officer?", hint="Leave it empty if it was you.", max_length=120, required=False)
    reason = LongTextField(label="Why this grade?", max_length=2000, rows=4, missing="Write why")


class KindForm(WriteForm):
    kind = RadioField(label="What is it now?", choices=EpisodeKind.choices, missing="Select what it is now")
    reason = LongTextField(label="What has changed?", max_length=2000, rows=4, missing="Write what has changed")


class ReturnForm(WriteForm):
    returned_at = MomentField(
        label="When was the child back?",
        noun="When the child was back",
        when="today_or_past",
        hint="When they were found or came back, not when you heard of it.",
    )
    method = RadioField(label="How?", choices=ReturnMethod.choices, missing="Select how the child came back")
    found_by = TextField(label="Who found or fetched them?", max_length=120, required=False)
    found_where = TextField(label="Where were they found?", max_length=200, required=False)
    condition = LongTextField(
        label="How are they?",
        hint="What state they were in, and any sign of harm.",
        max_length=LONG,
        rows=4,
        required=False,
    )
    before_report = TickField(label="The child was back before it was reported to police", required=False)

    def __init__(self, *args: Any, reported_at: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.reported_at = reported_at
        if not self.is_bound:
            del self.fields["before_report"]

    def clean(self) -> dict[str, Any]:
        """Ask about a return before the report to police only where there is one."""
        cleaned = super().clean() or self.cleaned_data
        returned_at = cleaned.get("returned_at")
        if returned_at is None or returned_at >= self.reported_at:
            cleaned["before_report"] = False
            self.fields.pop("before_report", None)
        return cleaned


class CorrectionForm(WriteForm):
    which = RadioField(label="Which time is wrong?", choices=EpisodeTime.choices, missing="Select a time")
    value = MomentField(label="What is the right time?", noun="The time", when="today_or_past")
    reason = LongTextField(
        label="How do you know?", hint="What it was stays in the history.", max_length=2000, rows=3, missing="Write why"
    )

    def __init__(self, *args: Any, returned: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not returned:
            self.fields["which"].choices = [  # type: ignore[attr-defined]
                choice for choice in EpisodeTime.choices if choice[0] != EpisodeTime.RETURNED
            ]


class CheckForm(WriteForm):
    done_at = MomentField(label="When was it done?", noun="When it was done", when="today_or_past")
    done_by = TextField(label="By whom?", max_length=120, missing="Enter who did it")
    face_to_face = YesNoField(label="Was the child seen in person?", missing="Select whether the child was seen")
    result = RadioField(label="What did it find?", choices=CheckResult.choices, missing="Select what it found")
    note = LongTextField(label="Note", max_length=2000, rows=4, required=False)


class ReasonForm(WriteForm):
    reason = LongTextField(label="Why?", max_length=300, rows=4, missing="Write why")

    def __init__(self, *args: Any, label: str = "Why?", hint: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].label, self.fields["reason"].help_text = label, hint


class NowFilterForm(HarbourForm):
    """Narrow the list of who is missing; grades only for a role that sees them."""

    says_optional = False
    kind = CheckboxesField(label="Kind", choices=EpisodeKind.choices, required=False, small=True)
    grade = CheckboxesField(label="Police grade", choices=[UNGRADED, *Grade.choices], required=False, small=True)
    interviews = SelectField(
        label="Interviews",
        choices=[("", "All that wait"), ("late", "Late"), ("unallocated", "Without an interviewer"), ("mine", "Mine")],
        required=False,
    )

    def __init__(self, *args: Any, sees_grades: bool, sees_interviews: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not sees_grades:
            del self.fields["grade"]
        if not sees_interviews:
            del self.fields["interviews"]

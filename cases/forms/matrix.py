"""Choosing whose row of the access matrix to read, and proposing a change of it."""

from __future__ import annotations

from django import forms

from accounts.choices import RoleKey
from accounts.forms import DateField, HarbourForm, LongTextField, RadioField, SelectField, WriteForm
from cases.access.choices import Category, Cell

# In the order from least to most, each with what it means.
CELLS: tuple[tuple[str, str, str], ...] = (
    (Cell.NONE, "Nothing", "Not even that there is anything."),
    (Cell.AGGREGATES, "Totals only", "Figures about many children, never one child."),
    (Cell.INSTRUCTIONS, "Instructions only", "What this person must do, on a page of its own."),
    (Cell.OWN, "Their own service's entries", "What their own agency wrote. Of the rest there is no trace."),
    (Cell.EXISTENCE, "That there is something", "The kind, the agency and whom to ask. No content."),
    (Cell.SUMMARY, "A summary", "A fixed list of facts, never a shortened text."),
    (Cell.PANEL, "All of it while a panel has the child listed", "Nothing before and nothing after."),
    (Cell.FULL, "All of it", ""),
)


class ReadMatrixForm(HarbourForm):
    """Whose row to read in words."""

    says_optional = False
    role = SelectField(label="Show what this role sees", choices=RoleKey.choices, required=False)


class ChangeForm(WriteForm):
    """One cell: which role, which kind of information, and how much of it."""

    role = SelectField(label="Which role?", choices=[("", "Choose"), *RoleKey.choices], missing="Select a role")
    category = SelectField(
        label="Which kind of information?",
        choices=[("", "Choose"), *((value, label.capitalize()) for value, label in Category.choices)],
        missing="Select a kind of information",
    )
    cell = RadioField(
        label="What should the role see of it?",
        choices=[(value, label) for value, label, _ in CELLS],
        hints={value: hint for value, _, hint in CELLS if hint},
        missing="Select what the role should see",
    )


class ProposeForm(ChangeForm):
    """The first change of a proposal, with the reason and the day."""

    about_a_child = False

    reason = LongTextField(
        label="Why should it change?",
        max_length=600,
        rows=4,
        hint="Everybody who signs reads it, and it is kept with the version. Name no child.",
        missing="Say why it should change",
    )
    effective_on = DateField(
        label="From which day should it hold?",
        noun="The day",
        hint="Tomorrow at the earliest, so that people can be told first",
        when="today_or_future",
        missing="Enter the day from which it should hold",
    )


class RemoveChangeForm(WriteForm):
    """Which change is taken out of a proposal."""

    role = forms.CharField(widget=forms.HiddenInput, max_length=40)
    category = forms.CharField(widget=forms.HiddenInput, max_length=30)

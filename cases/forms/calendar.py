"""Closing a day, and reopening it."""

from django import forms

from accounts.forms import DateField, TextField, WriteForm


class CloseDayForm(WriteForm):
    """Which day is not worked, and why, in words that everybody may read."""

    about_a_child = False

    day = DateField(label="Which day?", noun="The day", when="today_or_future", missing="Enter the day to close")
    name = TextField(
        label="Why is it closed?",
        hint="For example, staff training day",
        max_length=80,
        missing="Enter why the day is closed",
    )


class ReopenDayForm(WriteForm):
    """The day that is worked after all."""

    day = forms.DateField(widget=forms.HiddenInput, input_formats=["%Y-%m-%d"])

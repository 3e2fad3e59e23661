"""Asking to see more of a file, and saying no."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from accounts.forms import CheckboxesField, DateField, LongTextField, RadioField, WriteForm
from cases.sharing.choices import DeclineReason, SharingPurpose


class AskForAccessForm(WriteForm):
    """Which kinds of information, and what for."""

    categories = CheckboxesField(
        label="What do you need to see?",
        hint="What your job may see more of than you see here. Whether there is any is not said.",
        missing="Select at least one kind of information",
        small=True,
    )
    purpose = RadioField(
        label="What do you need it for?",
        choices=SharingPurpose.choices,
        missing="Select what you need it for",
        small=True,
    )
    words = LongTextField(
        label="What will you do with it?",
        hint="One or two sentences for whoever answers. Name single entries by their day, where you know of them.",
        max_length=1000,
        rows=4,
        missing="Say what you will do with it",
    )

    def __init__(self, *args: Any, categories: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["categories"].choices = list(categories)  # type: ignore[attr-defined]


class RefuseForm(WriteForm):
    """No, and why."""

    reason = RadioField(
        label="Why not?",
        choices=DeclineReason.choices,
        hint="What keeps a child safe is kept from children’s social care and the police only where sharing it would "
        "do more harm",
        missing="Select why not",
    )
    words = LongTextField(
        label="What do you tell whoever asked?",
        hint="They read it. Say whom else they could ask, and nothing of what they may not see.",
        max_length=1000,
        rows=3,
        missing="Say what you tell whoever asked",
    )
    review_on = DateField(
        label="When must this be looked at again?",
        noun="The review",
        hint="Within six months. You are told when the day comes.",
        missing="Enter when this must be looked at again",
    )

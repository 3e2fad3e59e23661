"""Fields that answer bad input in words a practitioner can act on.

Plain Django fields work in a `HarbourForm` too; these add what Django has not: text free of characters that
cannot be kept, choices with hints and reveals. Dates and times are in `dates`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from django import forms
from django.core.exceptions import ValidationError
from django.utils.functional import Promise

from accounts.forms.widgets import Checkboxes, Radios
from accounts.rules.text import has_unseen, tidy

UNSEEN_MESSAGE = (
    "This had characters that cannot be shown, often from copying. They are taken out: read it and continue"
)


class TextField(forms.CharField):
    """One line of text.

    `width` is the length of what is expected in characters (2, 3, 4, 5, 10, 20, 30); `missing` is the message
    when it is left out. A length over `max_length` is answered with a message, never cut off by the browser.
    """

    lines = False
    # Whether a postcode in it is asked about. One that is meant to hold it is not.
    watched = True

    def __init__(
        self,
        *,
        width: int | None = None,
        missing: str = "",
        inputmode: str = "",
        autocomplete: str = "off",
        spellcheck: bool | None = None,
        hint: str | Promise = "",
        **kwargs: Any,
    ) -> None:
        put_words(kwargs, missing, hint)
        super().__init__(**kwargs)
        attrs = self.widget.attrs
        if width:
            attrs["class"] = f"{attrs.get('class', '')} govuk-input--width-{width}".strip()
        if inputmode:
            attrs["inputmode"] = inputmode
        if spellcheck is not None:
            attrs["spellcheck"] = "true" if spellcheck else "false"
        if not self.lines:
            attrs.setdefault("autocomplete", autocomplete)

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str):
            if has_unseen(value):
                raise ValidationError(UNSEEN_MESSAGE, code="unseen")
            value = tidy(value, lines=self.lines)
        return super().to_python(value)

    def bound_data(self, data: Any, initial: Any) -> Any:
        data = super().bound_data(data, initial)
        return tidy(data, lines=self.lines) if isinstance(data, str) else data


# The outward part of a British postcode, and the inward part where it is known; without its space.
POSTCODE = re.compile(r"([A-Z]{1,2}[0-9][A-Z0-9]?)([0-9][A-Z]{2})?")


class PostcodeField(TextField):
    """A postcode, or its first half where no more is known; kept in capitals with one space."""

    watched = False

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"label": "Postcode", "max_length": 8, "width": 10, "spellcheck": False, **kwargs})

    def clean(self, value: Any) -> str:
        """Raises ValidationError for what is no postcode; nothing is nothing."""
        said = "".join((super().clean(value) or "").upper().split())
        if not said:
            return ""
        found = POSTCODE.fullmatch(said)
        if found is None:
            raise ValidationError("Enter a postcode like NM4 2QF or its first half, or leave it empty", code="postcode")
        return " ".join(part for part in found.groups() if part)


class LongTextField(TextField):
    """Several lines of text; with `max_length` the page counts the characters that are left."""

    lines = True
    widget = forms.Textarea

    def __init__(self, *, rows: int = 5, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.widget.attrs |= {"rows": rows, "cols": False}


class EmailField(TextField):
    """An e-mail address."""

    widget = forms.EmailInput
    default_validators = forms.EmailField.default_validators

    def __init__(self, *, width: int = 30, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 320)
        messages = {"invalid": "Enter an email address in the correct format, like name@example.org"}
        kwargs["error_messages"] = messages | kwargs.get("error_messages", {})
        super().__init__(width=width, spellcheck=False, **kwargs)


class PasswordField(TextField):
    """A password with a button to show it; never shown again after an error, never tidied."""

    watched = False
    widget = forms.PasswordInput

    def __init__(self, *, autocomplete: str = "current-password", **kwargs: Any) -> None:
        kwargs.setdefault("strip", False)
        super().__init__(autocomplete=autocomplete, **kwargs)

    def to_python(self, value: Any) -> Any:
        return forms.CharField.to_python(self, value)


class SearchField(TextField):
    """Words to search for."""

    widget = forms.TextInput

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 200)
        super().__init__(spellcheck=False, **kwargs)
        self.widget.input_type = "search"


class WholeNumberField(forms.IntegerField):
    """A whole number in a text box: no spinner that a scroll wheel can turn."""

    widget = forms.TextInput

    def __init__(self, *, width: int = 4, missing: str = "", hint: str | Promise = "", **kwargs: Any) -> None:
        put_words(kwargs, missing, hint)
        super().__init__(**kwargs)
        self.widget.attrs |= {
            "class": f"govuk-input--width-{width}",
            "inputmode": "numeric",
            "spellcheck": "false",
            "autocomplete": "off",
        }


class SelectField(forms.ChoiceField):
    """One choice from a list that opens: for more than about seven choices."""

    def __init__(self, *, missing: str = "", hint: str | Promise = "", **kwargs: Any) -> None:
        put_words(kwargs, missing, hint)
        super().__init__(**kwargs)


class RadioField(forms.ChoiceField):
    """One choice from a few. `hints`, `reveals` and `dividers` are keyed by the stored value.

    A field named in `reveals` is shown below its choice, is required (when it says so) only when that choice
    is picked, and is emptied when it is not.
    """

    def __init__(
        self,
        *,
        choices: Any = (),
        hints: Mapping[Any, str] | None = None,
        reveals: Mapping[Any, str | tuple[str, ...]] | None = None,
        dividers: Mapping[Any, str] | None = None,
        inline: bool = False,
        small: bool = False,
        missing: str = "",
        hint: str | Promise = "",
        **kwargs: Any,
    ) -> None:
        put_words(kwargs, missing, hint)
        kwargs["widget"] = Radios(hints=hints, reveals=reveals, dividers=dividers, inline=inline, small=small)
        super().__init__(choices=choices, **kwargs)


class YesNoField(forms.TypedChoiceField):
    """Yes or no, with neither picked at first. Gives True, False, or None when left out."""

    def __init__(
        self,
        *,
        reveals: Mapping[Any, str | tuple[str, ...]] | None = None,
        small: bool = False,
        missing: str = "",
        hint: str | Promise = "",
        **kwargs: Any,
    ) -> None:
        put_words(kwargs, missing, hint)
        kwargs["widget"] = Radios(reveals=reveals, inline=not reveals, small=small)
        choices = [("yes", "Yes"), ("no", "No")]
        super().__init__(choices=choices, coerce=lambda value: value == "yes", empty_value=None, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return {True: "yes", False: "no"}.get(value, value)


class CheckboxesField(forms.MultipleChoiceField):
    """Any number of choices; `exclusive` is the value of "none of these", which stands alone."""

    def __init__(
        self,
        *,
        choices: Any = (),
        hints: Mapping[Any, str] | None = None,
        reveals: Mapping[Any, str | tuple[str, ...]] | None = None,
        dividers: Mapping[Any, str] | None = None,
        exclusive: str = "",
        small: bool = False,
        missing: str = "",
        hint: str | Promise = "",
        **kwargs: Any,
    ) -> None:
        put_words(kwargs, missing, hint)
        self.exclusive = exclusive
        kwargs["widget"] = Checkboxes(hints=hints, reveals=reveals, dividers=dividers, exclusive=exclusive, small=small)
        super().__init__(choices=choices, **kwargs)

    def validate(self, value: Any) -> None:
        super().validate(value)
        if self.exclusive and self.exclusive in value and len(value) > 1:
            words = dict(self.widget.choices)[self.exclusive]
            raise ValidationError(f"Select what applies, or select “{words}”, not both", code="exclusive")


class TickField(forms.BooleanField):
    """One checkbox, such as a declaration."""

    def __init__(self, *, missing: str = "", hint: str | Promise = "", **kwargs: Any) -> None:
        put_words(kwargs, missing, hint)
        super().__init__(**kwargs)


class KeyField(forms.UUIDField):
    """The hidden key that makes a form pressed twice one record. A damaged one is replaced by a fresh one."""

    widget = forms.HiddenInput

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(initial=uuid4, **kwargs)

    def bound_data(self, data: Any, initial: Any) -> Any:
        try:
            return str(UUID(str(data)))
        except ValueError:
            return str(uuid4())


def put_words(kwargs: dict[str, Any], missing: str, hint: str | Promise) -> None:
    """Django's own names for the two texts every field has."""
    if hint:
        kwargs["help_text"] = hint
    if missing:
        kwargs["error_messages"] = {"required": missing} | kwargs.get("error_messages", {})

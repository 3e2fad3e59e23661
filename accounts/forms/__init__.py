"""Forms that every app may build on: see `base` for the form, `fields` for what it can ask."""

from accounts.forms.base import HarbourForm, WriteForm, error_items
from accounts.forms.dates import DateField, MomentField
from accounts.forms.fields import (
    CheckboxesField,
    EmailField,
    LongTextField,
    PasswordField,
    PostcodeField,
    RadioField,
    SearchField,
    SelectField,
    TextField,
    TickField,
    WholeNumberField,
    YesNoField,
)

__all__ = [
    "CheckboxesField",
    "DateField",
    "EmailField",
    "HarbourForm",
    "LongTextField",
    "MomentField",
    "PasswordField",
    "PostcodeField",
    "RadioField",
    "SearchField",
    "SelectField",
    "TextField",
    "TickField",
    "WholeNumberField",
    "WriteForm",
    "YesNoField",
    "error_items",
]

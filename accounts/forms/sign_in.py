"""Signing in by username and password, and by a code."""

from django.contrib.auth.forms import AuthenticationForm

from accounts.forms.base import HarbourForm, WriteForm
from accounts.forms.fields import EmailField, PasswordField, TextField

WRONG = "The username or password is not right. Check both and try again."


class SignInForm(AuthenticationForm):
    """Says the same whether the name or the password was wrong, and whether or not the name exists."""

    error_messages = {
        "invalid_login": WRONG,
        "inactive": WRONG,
    }
    use_required_attribute = False
    username = TextField(
        label="Username",
        max_length=150,
        width=20,
        autocomplete="username",
        spellcheck=False,
        missing="Enter your username",
        error_messages={"max_length": WRONG},
    )
    password = PasswordField(label="Password", missing="Enter your password", error_messages={"max_length": WRONG})


def _code_field(label: str, hint: str) -> TextField:
    return TextField(
        label=label,
        hint=hint,
        max_length=20,
        width=10,
        inputmode="numeric",
        autocomplete="one-time-code",
        spellcheck=False,
        missing="Enter the code",
    )


class CodeForm(HarbourForm):
    """The code of the second step."""

    code = _code_field(
        "Code", "The six digits that your authenticator app shows now. Without your app, enter a recovery code."
    )


class SetUpForm(WriteForm):
    """The first code of a new key."""

    code = _code_field("Code", "The six digits that your app shows for Harbour.")


class RenewCodesForm(CodeForm, WriteForm):
    """New recovery codes, against a code of the app."""


class WorkAddressForm(HarbourForm):
    """Where a code is to be sent."""

    says_optional = False
    address = EmailField(
        label="Work email address",
        max_length=254,
        autocomplete="username",
        missing="Enter your work email address",
    )


class EmailCodeForm(HarbourForm):
    """The code that was sent there."""

    says_optional = False
    code = TextField(
        label="Code",
        hint="Eight letters, for example BCDF-GHJK. Capitals and the dash do not matter.",
        max_length=20,
        width=10,
        autocomplete="one-time-code",
        spellcheck=False,
        missing="Enter the code",
    )

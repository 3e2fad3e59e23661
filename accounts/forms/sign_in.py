"""Signing in by username and password."""

from django.contrib.auth.forms import AuthenticationForm

from accounts.forms.fields import PasswordField, TextField

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

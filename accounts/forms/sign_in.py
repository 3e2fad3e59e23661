"""Signing in by username and password."""

from django.contrib.auth.forms import AuthenticationForm

from accounts.forms.fields import PasswordField, TextField


class SignInForm(AuthenticationForm):
    """Says the same whether the name or the password was wrong, and whether or not the name exists."""

    error_messages = {
        "invalid_login": "The username or password is not right. Check both and try again.",
        "inactive": "The username or password is not right. Check both and try again.",
    }
    use_required_attribute = False
    username = TextField(
        label="Username",
        max_length=150,
        width=20,
        autocomplete="username",
        spellcheck=False,
        missing="Enter your username",
    )
    password = PasswordField(label="Password", missing="Enter your password")

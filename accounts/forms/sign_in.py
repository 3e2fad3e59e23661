"""Signing in by username and password."""

from django import forms
from django.contrib.auth.forms import AuthenticationForm


class SignInForm(AuthenticationForm):
    """Says the same whether the name or the password was wrong, and whether or not the name exists."""

    error_messages = {
        "invalid_login": "The username or password is not right. Check both and try again.",
        "inactive": "The username or password is not right. Check both and try again.",
    }
    username = forms.CharField(label="Username", max_length=150)
    password = forms.CharField(label="Password", strip=False, widget=forms.PasswordInput())

"""Wrong tries to sign in, as django-axes writes them down."""

from datetime import datetime

from axes.models import AccessAttempt
from django.conf import settings
from django.db.models import Sum

from accounts.rules.sign_in import COOL_OFF, tries_too_many_names

CODE_OF = "code:"


def address_is_closed(address: str, *, at: datetime) -> bool:
    """Whether so many different names were tried from one address of late that nobody signs in from it for a while."""
    tried = AccessAttempt.objects.filter(ip_address=address or None, attempt_time__gt=at - COOL_OFF)
    names = tried.values("username").distinct().count()
    return tries_too_many_names(names, limit=settings.SIGN_IN_NAMES_PER_ADDRESS)


def codes_are_closed(username: str, *, at: datetime) -> bool:
    """Whether so many wrong codes were given for one person of late, from anywhere, that no code is taken."""
    tried = AccessAttempt.objects.filter(username=f"{CODE_OF}{username}", attempt_time__gt=at - COOL_OFF)
    return (tried.aggregate(all=Sum("failures_since_start"))["all"] or 0) >= settings.WRONG_CODES_PER_PERSON

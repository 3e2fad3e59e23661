"""System checks: every view declares its policy, and no file has changed under a published definition."""

from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.definitions import seeds
from accounts.middleware.policy import ViewPolicy


def _patterns(resolver: URLResolver, prefix: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for entry in resolver.url_patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            found += _patterns(entry, route)
        elif isinstance(entry, URLPattern):
            found.append((route, entry.callback))
    return found


@register(Tags.security)
def every_view_has_a_policy(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """A view without `@policy` would be refused at run time; say so before that."""
    return [
        Error(f"The view at '{route}' declares no policy.", id="accounts.E001")
        for route, view in _patterns(get_resolver())
        if not isinstance(getattr(view, "policy", None), ViewPolicy)
    ]


@register(Tags.database)
def definitions_are_unchanged(app_configs: Any, databases: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """A seed file that differs from the row published under its version is an error: make a new version."""
    from django.db import ProgrammingError

    from accounts.models import DefinitionVersion

    if not databases:
        return []
    try:
        published = {(row.kind, row.key, row.version): row.sha256 for row in DefinitionVersion.objects.all()}
    except ProgrammingError:  # before the first migration
        return []
    return [
        Error(
            f"The file of {seed.kind} '{seed.key}' has changed under version {seed.version}, which is published. "
            f"Restore it, and write version {seed.version + 1}.",
            id="accounts.E002",
        )
        for seed in seeds()
        if published.get((seed.kind, seed.key, seed.version), seed.sha256) != seed.sha256
    ]

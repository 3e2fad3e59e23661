"""Publishing definitions."""

import hashlib
from datetime import date

from accounts.definitions import seeds
from accounts.models import DefinitionVersion


def publish_seeds() -> int:
    """Publish every definition file that has no version row yet. Returns how many were published.

    A published row is never touched; a file changed under it is reported by the system check.
    """
    published = 0
    known = set(DefinitionVersion.objects.values_list("kind", "key", "version"))
    for seed in seeds():
        if (seed.kind, seed.key, seed.version) in known:
            continue
        DefinitionVersion.objects.create(
            kind=seed.kind,
            key=seed.key,
            version=seed.version,
            body=seed.body,
            sha256=seed.sha256,
            effective_on=seed.effective_on,
            adopted_by=seed.owner,
        )
        published += 1
    return published


def adopt_version(
    *, kind: str, key: str, version: int, body: str, effective_on: date, adopted_by: str
) -> DefinitionVersion:
    """Publish a version that people have adopted in the product. It never changes again."""
    return DefinitionVersion.objects.create(
        kind=kind,
        key=key,
        version=version,
        body=body,
        sha256=hashlib.sha256(body.encode()).hexdigest(),
        effective_on=effective_on,
        adopted_by=adopted_by,
    )

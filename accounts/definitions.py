"""Definition files: seeds that become immutable `DefinitionVersion` rows.

An app registers the folder of its TOML files in `ready()`; each file names its key, version, owner and the day
it takes effect.
"""

import hashlib
import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path

SEED_FOLDERS: dict[str, Path] = {}


@dataclass(frozen=True)
class Seed:
    """A definition file as read: its identity, its text and the digest of that text."""

    kind: str
    key: str
    version: int
    effective_on: date
    owner: str
    body: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.body.encode()).hexdigest()


def register_definitions(kind: str, folder: Path) -> None:
    """Say where the seed files of one kind of definition are."""
    SEED_FOLDERS[kind] = folder


def seeds() -> list[Seed]:
    """Every definition file of every registered kind. Raises KeyError for a file without its identity."""
    found = []
    for kind, folder in sorted(SEED_FOLDERS.items()):
        for path in sorted(folder.glob("*.toml")):
            body = path.read_text(encoding="utf-8")
            head = tomllib.loads(body)
            found.append(Seed(kind, head["key"], head["version"], head["effective_on"], head["owner"], body))
    return found

"""What is flipped, and which survivors have been explained: two lists in files, read and checked."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from tests.mutants.flips import Flip, flips_of

HERE = Path(__file__).parent
ROOT = HERE.parent.parent


@dataclass
class Target:
    """A file of the product: its tree, and the flips of it that are looked at."""

    root: Path
    path: str
    only: str = ""
    tests: str = ""
    why: str = ""
    tree: ast.Module = field(init=False)
    flips: list[Flip] = field(init=False)

    def __post_init__(self) -> None:
        self.tree = self.parse()
        self.flips = flips_of(self.tree, leave=lambda owner: bool(self.only) and not re.search(self.only, owner))

    def parse(self) -> ast.Module:
        """A tree of its own."""
        return ast.parse((self.root / self.path).read_text(encoding="utf-8"), filename=self.path)

    @property
    def file(self) -> str:
        return str(self.root / self.path)

    @property
    def module(self) -> str:
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def read_targets(root: Path, listed: Path = HERE / "targets.toml") -> list[Target]:
    """The files of a list, in its order."""
    return [Target(root, **row) for row in tomllib.loads(listed.read_text(encoding="utf-8"))["target"]]


def read_explained(listed: Path = HERE / "survivors.toml") -> dict[str, str]:
    """Why each survivor cannot be killed, by its name. Raises ValueError for one without a reason."""
    rows = tomllib.loads(listed.read_text(encoding="utf-8")).get("survivor", []) if listed.exists() else []
    for row in rows:
        if len(row["why"].split()) < 4:
            raise ValueError(f"Why does it survive? {row['name']}")
    return {row["name"]: row["why"] for row in rows}


def strays(explained: Iterable[str], names: Iterable[str]) -> list[str]:
    """Explanations of what is no mutant any more."""
    return sorted(set(explained) - set(names))

"""The oracle's rules, read from their file and expanded: which answer is right for each role, address and state."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Any

from tests.access.oracle import matrix

RULES = Path(__file__).with_name("oracle_rules.toml")
NOBODY = "nobody"
PART = re.compile(r"<[^>]*>")


def shape(route: str) -> str:
    """A route without the names of its parts."""
    return PART.sub("<>", route)


@dataclass(frozen=True)
class Asked:
    """One question: who asks for what, by which method, in which relation to the child's file."""

    role: str
    address: str
    method: str
    state: str


@dataclass(frozen=True)
class Rulebook:
    """The file as read. `outcomes` answers every question that there is."""

    book: Mapping[str, Any]

    @classmethod
    def read(cls) -> Rulebook:
        return cls(tomllib.loads(RULES.read_text(encoding="utf-8")))

    @cached_property
    def roles(self) -> list[str]:
        return [*matrix(), NOBODY]

    @property
    def states(self) -> list[str]:
        return list(self.book["states"]["all"])

    @property
    def routes(self) -> dict[str, str]:
        """Every address by its route's shape: names of addresses may differ, the route decides."""
        return {shape(entry["route"]): name for name, entry in self.book["addresses"].items()}

    def methods(self, address: str) -> list[str]:
        return list(self.book["addresses"][address]["methods"])

    @cached_property
    def outcomes(self) -> dict[Asked, str]:
        """Each question with the outcome of the last rule that answers it. Raises ValueError where none does."""
        found: dict[Asked, str] = {}
        for rule in self.book["rule"]:
            methods = set(rule.get("methods", ("GET", "POST")))
            roles = self.named("roles", rule["roles"])
            states = self.named("states", rule["states"])
            for address in self.named("addresses", rule["addresses"]):
                for method in methods & set(self.methods(address)):
                    found |= {
                        Asked(role, address, method, state): rule["outcome"] for role in roles for state in states
                    }
        whole = sum(len(self.methods(name)) for name in self.book["addresses"]) * len(self.roles) * len(self.states)
        if len(found) != whole:
            raise ValueError(f"The oracle answers {len(found)} questions of {whole}")
        return found

    @cached_property
    def levels(self) -> dict[tuple[str, str, str], str]:
        """Role, category and state: how much of the category's content is seen, by the last line that answers it."""
        found: dict[tuple[str, str, str], str] = {}
        table = matrix()
        for line in self.book["level"]:
            letters, roles = line["letters"], self.named("roles", line.get("roles", ["all"]))
            states = self.named("states", line["states"])
            for role in roles & set(table):
                for category in line.get("categories", table[role]):
                    if letters == ["all"] or table[role][category] in letters:
                        found |= {(role, category, state): line["level"] for state in states}
        return found

    @cached_property
    def shown(self) -> dict[tuple[str, str, str], str]:
        """Surface, category and level: the most that may stand there, by the last line that answers it.

        Raises ValueError where none does.
        """
        found: dict[tuple[str, str, str], str] = {}
        for line in self.book["surface"]:
            of_line = (self.named(kind, line[kind]) for kind in ("surfaces", "categories", "levels"))
            found |= dict.fromkeys(product(*of_line), line["shows"])
        whole = len(self.book["surfaces"]["all"]) * len(self._everything("categories")) * len(self.book["levels"])
        if len(found) != whole:
            raise ValueError(f"The oracle answers {len(found)} questions of {whole} about surfaces")
        return found

    def _everything(self, kind: str) -> list[str]:
        return {
            "roles": self.roles,
            "states": self.states,
            "addresses": list(self.book["addresses"]),
            "surfaces": list(self.book["surfaces"]["all"]),
            "categories": list(next(iter(matrix().values()))),
            "levels": list(self.book["levels"]),
        }[kind]

    def named(self, kind: str, entries: Iterable[str]) -> set[str]:
        """What a list of a rule names, read from left to right."""
        found: set[str] = set()
        for entry in entries:
            members = self._members(kind, entry.removeprefix("-"))
            found = found - members if entry.startswith("-") else found | members
        return found

    def _members(self, kind: str, entry: str) -> set[str]:
        sets = self.book["sets"].get(kind, {})
        if entry == "all":
            return set(self._everything(kind))
        if entry in sets:
            return self.named(kind, sets[entry])
        if kind == "roles" and "=" in entry:
            category, _, letters = entry.partition("=")
            return {role for role, row in matrix().items() if row[category] in letters}
        if entry not in self._everything(kind):
            raise ValueError(f"The oracle names {entry}, which is none of the {kind}")
        return {entry}

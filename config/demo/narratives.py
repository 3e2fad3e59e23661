"""What is written about a child: texts from the word list with names and invented places filled in."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from config.demo.texts import words


@dataclass
class Teller:
    """Tells about one child, without saying the same thing twice running."""

    rng: random.Random
    name: str
    last: str = ""

    def tell(self, *path: str, **names: str) -> str:
        """A text from the list at `path`, for instance `tell("family", "visits")`."""
        texts = _at(path)
        if isinstance(texts, str):
            texts = [texts]
        fresh = [text for text in texts if text != self.last] or texts
        self.last = self.rng.choice(fresh)
        filled = {"name": self.name, "place": self.place(), "from_place": "home", **names}
        return self.last.format_map(filled)

    def place(self) -> str:
        return str(self.rng.choice(words("places")["areas"])["name"])


def _at(path: tuple[str, ...]) -> Any:
    found: Any = words("narratives")
    for key in path:
        found = found[key]
    return found

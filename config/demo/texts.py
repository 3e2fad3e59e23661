"""The word lists that the demo is made from, read once."""

import random
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

DATA = Path(__file__).parent / "data"
T = TypeVar("T")


@cache
def words(name: str) -> dict[str, Any]:
    """One word list by the name of its file."""
    return tomllib.loads((DATA / f"{name}.toml").read_text(encoding="utf-8"))


def stream(seed: int, *parts: object) -> random.Random:
    """A source of chance of its own for one part of the demo, so that a change in one part leaves the others."""
    return random.Random(":".join(str(part) for part in (seed, *parts)))  # noqa: S311  invented data, not a secret


def quota(rng: random.Random, weights: Mapping[T, float], size: int) -> list[T]:
    """`size` values in shuffled order, each as often as its weight says to the nearest whole number."""
    total = sum(weights.values())
    exact = {value: weight * size / total for value, weight in weights.items()}
    counts = {value: int(share) for value, share in exact.items()}
    by_remainder = sorted(weights, key=lambda value: (counts[value] - exact[value], str(value)))
    for value in by_remainder[: size - sum(counts.values())]:
        counts[value] += 1
    values = [value for value in weights for _ in range(counts[value])]
    rng.shuffle(values)
    return values


def some(rng: random.Random, share: float, size: int) -> list[bool]:
    """`size` truths of which `share` are true."""
    return quota(rng, {True: share, False: 1 - share}, size)


def weighted(rng: random.Random, weights: Mapping[T, float]) -> T:
    """One value, as likely as its weight says."""
    return rng.choices(list(weights), weights=list(weights.values()))[0]


def tell(rng: random.Random, texts: Sequence[str], **names: str) -> str:
    """One of several texts with its names filled in."""
    return rng.choice(texts).format_map(names)

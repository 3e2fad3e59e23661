"""Look-ups of what does not change while one command loads a database: asked for once, where they would be asked
thousands of times. Nothing is kept outside `keeping_lookups`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")
_kept: ContextVar[dict[Hashable, Any] | None] = ContextVar("kept_lookups", default=None)


@contextmanager
def keeping_lookups() -> Iterator[None]:
    """For a command that writes many files and changes no agency, function, closed day or definition meanwhile."""
    token = _kept.set({})
    try:
        yield
    finally:
        _kept.reset(token)


def kept(look_up: Callable[P, R]) -> Callable[P, R]:
    """Let a look-up answer from what it found before, inside `keeping_lookups` alone; its arguments are hashable."""

    @wraps(look_up)
    def answer(*args: P.args, **kwargs: P.kwargs) -> R:
        found = _kept.get()
        if found is None:
            return look_up(*args, **kwargs)
        key = (look_up, args, tuple(sorted(kwargs.items())))
        if key not in found:
            found[key] = look_up(*args, **kwargs)
        result: R = found[key]
        return result

    return answer

"""Look-ups that a command keeps, and nobody else does."""

from __future__ import annotations

import pytest

from accounts.selectors.kept import keeping_lookups, kept


@pytest.fixture
def asked() -> list[tuple[str, int]]:
    return []


@pytest.fixture
def look_up(asked):
    @kept
    def found(key: str, *, on: int) -> str:
        asked.append((key, on))
        return f"{key} on {on}, asked {len(asked)}"

    return found


def test_a_command_asks_once_for_each_thing(look_up, asked) -> None:
    with keeping_lookups():
        assert [look_up("a", on=1), look_up("a", on=1)] == ["a on 1, asked 1"] * 2
        look_up("b", on=1)
        look_up("a", on=2)
    assert asked == [("a", 1), ("b", 1), ("a", 2)]


def test_nothing_is_kept_outside_a_command_nor_from_one_to_the_next(look_up, asked) -> None:
    look_up("a", on=1)
    look_up("a", on=1)
    for _ in range(2):
        with keeping_lookups():
            look_up("a", on=1)
    look_up("a", on=1)
    assert len(asked) == 5


def test_nothing_is_kept_after_a_command_that_failed(look_up, asked) -> None:
    def fails() -> None:
        with keeping_lookups():
            look_up("a", on=1)
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        fails()
    look_up("a", on=1)
    assert len(asked) == 2


def test_a_look_up_that_fails_is_asked_again(asked) -> None:
    @kept
    def fails() -> None:
        asked.append(("", 0))
        raise LookupError

    with keeping_lookups():
        for _ in range(2):
            with pytest.raises(LookupError):
                fails()
    assert len(asked) == 2

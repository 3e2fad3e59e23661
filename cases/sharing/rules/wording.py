"""What a sentence must be that somebody writes as a reason."""

from __future__ import annotations


def is_shorter(words: str, least: int) -> bool:
    """Whether a text has fewer than so many characters, several spaces counted as one and none at its ends."""
    return len(" ".join(words.split())) < least

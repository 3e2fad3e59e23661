"""What a sentence must be that somebody writes as a reason, and what is said where a child's wish stands against it."""

from __future__ import annotations


def is_shorter(words: str, least: int) -> bool:
    """Whether a text has fewer than so many characters, several spaces counted as one and none at its ends."""
    return len(" ".join(words.split())) < least


def add_it_first(agency: str) -> str:
    """What somebody reads who would let a person of an agency in that the child does not want told."""
    return (
        f"The child does not want {agency} told. Choose somebody else; or add it to the file first: that page asks on "
        "what ground, and how it was explained to the child"
    )

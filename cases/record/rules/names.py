"""Names taken apart for comparing: letters folded, particles left aside, two-word names kept whole and in parts."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

# Small words that are written or left out, joined or parted, from one record to the next.
PARTICLES = frozenset(
    [
        "de",
        "da",
        "do",
        "dos",
        "das",
        "del",
        "della",
        "di",
        "du",
        "la",
        "le",
        "van",
        "von",
        "der",
        "den",
        "ter",
        "al",
        "el",
        "bin",
        "ibn",
        "bint",
        "abu",
        "ben",
    ]
)
FOLDED = str.maketrans(
    {"ø": "o", "ł": "l", "ß": "ss", "æ": "ae", "œ": "oe", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "’": "'", "‘": "'"}
)
VOWELS = "aeiouy"
# In order: what is heard alike is written alike. Own rules, with the spellings of names from Arabic and Urdu in mind.
HEARD = (
    (re.compile(r"^kn"), "n"),
    (re.compile(r"^wr"), "r"),
    (re.compile(r"^x"), "z"),
    (re.compile(r"(?<=[aeiou])gh"), ""),
    (re.compile(r"ch(?=[lr])"), "k"),
    (re.compile(r"tch|ch"), "X"),
    (re.compile(r"sh|sch"), "X"),
    (re.compile(r"ph"), "f"),
    (re.compile(r"x"), "ks"),
    (re.compile(r"([kdtbg])h"), r"\1"),
    (re.compile(r"ck|cq|qu|q"), "k"),
    (re.compile(r"c(?=[eiy])"), "s"),
    (re.compile(r"c"), "k"),
    (re.compile(r"dj|g(?=[ei])"), "j"),
    (re.compile(r"z"), "s"),
    (re.compile(r"w$"), ""),
    (re.compile(r"[wv]"), "f"),
    (re.compile(r"^y(?=[aeiou])"), "j"),
    (re.compile(r"h(?![aeiou])"), ""),
    (re.compile(r"(.)\1+"), r"\1"),
)


class Named(Protocol):
    """Anything that a child is called."""

    @property
    def given_name(self) -> str: ...
    @property
    def family_name(self) -> str: ...
    @property
    def preferred_name(self) -> str: ...
    @property
    def other_names(self) -> tuple[str, ...]: ...


@dataclass(frozen=True)
class NameForm:
    """One way of writing a child's name, in words; `known_as` is set for a name used beside the first."""

    given: tuple[str, ...]
    family: tuple[str, ...]
    known_as: str = ""


@lru_cache(maxsize=50_000)
def words_of(name: str) -> tuple[str, ...]:
    """The words of a name: small letters without accents; hyphens part words, apostrophes do not."""
    folded = unicodedata.normalize("NFKD", name.lower().translate(FOLDED))
    plain = "".join(letter for letter in folded if not unicodedata.combining(letter)).replace("'", "")
    words = "".join(letter if letter.isalpha() else " " for letter in plain).split()
    return tuple(words)


def forms_of(named: Named) -> list[NameForm]:
    """Every way in which a child's name is written: as given, with the preferred name, and each other name."""
    given, family = words_of(named.given_name), without_particles(words_of(named.family_name))
    if not given and family:
        given, family = family, ()
    if not family and len(given) > 1:
        # All in one box: either one given name of several words, or given and family name.
        forms = [NameForm((joined(given),), ()), NameForm(given[:1], without_particles(given[1:]))]
    else:
        forms = [NameForm(given, family)]
    preferred = words_of(named.preferred_name)
    if preferred and preferred != given:
        forms.append(NameForm(preferred, family, named.preferred_name))
    for other in named.other_names:
        words = words_of(other)
        if len(words) == 1:
            forms.append(NameForm(words, family, other))
        elif words:
            forms.append(NameForm(words[:1], without_particles(words[1:]), other))
            forms.append(NameForm(words[:-1], words[-1:], other))
    return forms


def without_particles(words: tuple[str, ...]) -> tuple[str, ...]:
    """A family name without its small words; a name made of nothing else stays as it is."""
    return tuple(word for word in words if word not in PARTICLES) or words


def joined(words: tuple[str, ...]) -> str:
    return "".join(words)


def title(word: str) -> str:
    return word[:1].upper() + word[1:]


@lru_cache(maxsize=50_000)
def sound_key(word: str) -> str:
    """The consonants of a word as they are heard, after its first letter; two spellings of one sound share it."""
    for pattern, heard in HEARD:
        word = pattern.sub(heard, word)
    return word[:1] + "".join(letter for letter in word[1:] if letter not in VOWELS)

"""Which names are one family's: for the weekly looks, for a search for one's own name and for possible conflicts.

A name is compared without capitals, accents, hyphens and spaces. A question too many costs a guardian a moment; one
too few leaves a child's file open to their family.
"""

from __future__ import annotations

from collections.abc import Iterable

from cases.record.rules.names import joined, without_particles, words_of


def family_names(name: str) -> frozenset[str]:
    """A family name as it is compared: whole, with its particles and without, and each word of a double name. A letter
    that stands alone in a longer name is no name.
    """
    words = words_of(name)
    parts = without_particles(words)
    alone = {word for word in parts if len(word) > 1}
    return frozenset({joined(words), joined(parts), *alone}) - {""}


def family_names_in(full_name: str) -> frozenset[str]:
    """The family names in a name written in full: nothing says where the family name begins, so whatever follows the
    first word is compared from each of its words on. A name of one word is a family name.
    """
    words = full_name.split()
    rest = words[1:] or words
    return frozenset[str]().union(*(family_names(" ".join(rest[start:])) for start in range(len(rest))))


def names_on_file(given_name: str, family_name: str, other_names: Iterable[str]) -> frozenset[str]:
    """Every family name that a child has on file, as compared; where no family name is written down, what follows the
    first word of the given name.
    """
    own = family_names(family_name) or family_names_in(given_name)
    return own.union(*(family_names_in(name) for name in other_names))


def are_of_one_family(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether two people share a family name, of the names as they are compared."""
    return not one.isdisjoint(other)


def is_own_name(words: str, full_name: str) -> bool:
    """Whether what somebody searches for has their own family name in it."""
    return are_of_one_family(family_names(words) | family_names_in(words), family_names_in(full_name))

"""Text as people paste it or put it in an address, made safe to keep and to use."""

import re
from collections.abc import Iterable
from urllib.parse import urlencode

# Word processors use these two for a line and a page break inside a paragraph.
PASTED_BREAKS = re.compile("[\x0b\x0c\u2028\u2029]")
# What cannot be stored or shown: control characters, and those that turn the direction of writing, which can
# make one name look like another.
UNSEEN = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


def tidy(value: str, *, lines: bool = False) -> str:
    """The text with one kind of line end and no character that cannot be shown.

    With `lines=False` line ends and tabs become a space, as a one-line field has them.
    """
    value = PASTED_BREAKS.sub("\n", value.replace("\r\n", "\n").replace("\r", "\n"))
    value = UNSEEN.sub("", value)
    return value if lines else re.sub(r"[\n\t]+", " ", value)


def has_unseen(value: str) -> bool:
    """Whether the text holds a character that cannot be stored or shown."""
    return bool(UNSEEN.search(value))


def page_number(said: str) -> int:
    """The page of a list that an address asks for: 1 for what is no number, or none that a list reaches."""
    return max(int(said), 1) if said.isascii() and said.isdigit() and len(said) < 5 else 1


def page_hrefs(number: int, *, has_more: bool, path: str = "", query: Iterable[tuple[str, str]] = ()) -> dict[str, str]:
    """The addresses of the pages before and after a page of a list; empty where there is none. `query` is kept."""

    def href(page: int) -> str:
        return f"{path}?{urlencode([*query, ('page', page)])}"

    query = list(query)
    return {
        "previous_href": href(number - 1) if number > 1 else "",
        "next_href": href(number + 1) if has_more else "",
    }

"""A page's skeleton: what the accessibility checker judges of it, without the words that tell one record from another.

A page gets a scan if its frame or its main part has a skeleton that no page before it had. What is left in is what
could be judged differently: tags and their nesting, classes, roles, states and every other attribute; whether an
element has words, and whether an attribute that names something (`aria-label`, `alt`, `title`, `value`, `href`) is
there, empty or filled; where each reference leads (`for`, `aria-labelledby`, a link within the page): to an element
of which kind, to none, or to an id that stands twice. Left out are words, ids, addresses, tokens, and how many rows
of one kind follow each other.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"})
# Attributes that hold ids of other elements.
REFERENCES = frozenset(
    {
        "for",
        "aria-labelledby",
        "aria-describedby",
        "aria-controls",
        "aria-owns",
        "headers",
        "form",
        "list",
        "data-harbour-reveals",
        "data-aria-controls",
    }
)
# Attributes whose words do not matter, but whether there are any.
WORDS = frozenset(
    {
        "alt",
        "aria-label",
        "content",
        "data-label",
        "data-sort-value",
        "datetime",
        "name",
        "nonce",
        "placeholder",
        "src",
        "title",
        "value",
    }
)
ADDRESSES = frozenset({"href", "action"})
# Rows of one kind: three that are alike are judged as one is.
REPEATED = frozenset({"li", "tr", "option", "div", "optgroup"})


@dataclass
class Element:
    """One element, with what stands in it."""

    tag: str
    attributes: dict[str, str | None]
    children: list[Element] = field(default_factory=list)
    has_words: bool = False

    def walk(self) -> Iterator[Element]:
        """This element and everything below it."""
        yield self
        for child in self.children:
            yield from child.walk()

    @property
    def says_something(self) -> bool:
        """Whether anybody would read or hear words of it."""
        named = any(self.attributes.get(name) for name in ("alt", "aria-label", "title"))
        return self.has_words or named or any(child.says_something for child in self.children)


class Tree(HTMLParser):
    """The elements of a page."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("page", {})
        self.open = [self.root]
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, dict(attrs))
        self.open[-1].children.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open[-1].children.append(Element(tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag in (element.tag for element in self.open[1:]):
            while self.open.pop().tag != tag:
                pass

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.open[-1].has_words = True


def tree_of(html: str) -> Element:
    """The page as a tree."""
    return Tree(html).root


def skeleton(html: str) -> str:
    """The skeleton of a page, as one line a element; see above for what is in it."""
    return "\n".join(_page_lines(html))


def fingerprints(html: str) -> frozenset[str]:
    """Short marks of a page's skeleton: one of its main part, one of the frame around it.

    A frame changes with the role, a main part with the record: a page whose both parts were judged on other pages
    has nothing left to judge but what the two do to each other, and those are told by what stands twice and by
    where references lead, which is in the marks.
    """
    lines = _page_lines(html)
    begins = next((number for number, line in enumerate(lines) if line.lstrip().startswith("main ")), len(lines))
    depth = _depth(lines[begins]) if begins < len(lines) else 0
    after = (number for number in range(begins + 1, len(lines)) if _depth(lines[number]) <= depth)
    ends = next(after, len(lines))
    parts = lines[begins:ends], [*lines[:begins], "main", *lines[ends:]]
    return frozenset(hashlib.sha256("\n".join(part).encode()).hexdigest()[:16] for part in parts)


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())


def _page_lines(html: str) -> list[str]:
    root = tree_of(html)
    ids = Counter(element.attributes["id"] for element in root.walk() if element.attributes.get("id"))
    targets = {element.attributes.get("id"): element for element in root.walk()}
    return list(_lines(root, 0, _Ids(ids, targets)))


@dataclass(frozen=True)
class _Ids:
    counted: Counter[str | None]
    targets: dict[str | None, Element]

    def led_to(self, id_: str) -> str:
        """What a reference leads to: nothing, an element of a kind with or without words, or one of several."""
        element = self.targets.get(id_)
        if element is None:
            return "nothing"
        kind = f"{element.tag}.{element.attributes.get('type') or ''}.{element.attributes.get('class') or ''}"
        return f"{kind}{' with words' if element.says_something else ''}{'' if self.counted[id_] == 1 else ' twice'}"


def _lines(element: Element, depth: int, ids: _Ids) -> list[str]:
    words = " …" if element.has_words else ""
    lines = [f"{' ' * depth}{element.tag} {' '.join(_attributes(element, ids))}{words}"]
    before: list[str] = []
    for child in element.children:
        below = _lines(child, depth + 1, ids)
        if child.tag in REPEATED and below == before:
            continue
        lines += below
        before = below
    return lines


def _attributes(element: Element, ids: _Ids) -> Iterator[str]:
    for name, value in sorted(element.attributes.items()):
        value = value or ""
        if name == "id":
            yield f"id{'' if ids.counted[value] == 1 else ' twice'}"
        elif name in REFERENCES:
            yield f"{name}=({'; '.join(ids.led_to(id_) for id_ in value.split())})"
        elif name in ADDRESSES and value.startswith("#"):
            yield f"{name}=#({ids.led_to(value[1:])})"
        elif name in WORDS or name in ADDRESSES:
            yield f"{name}={'filled' if value.strip() else 'empty'}"
        else:
            yield f"{name}={value}"

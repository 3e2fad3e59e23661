"""Flips of the conditions in a piece of SQL, whole or a part of one: each operand of AND and OR, each comparison,
each NOT, EXISTS and IN, and each condition that stands alone after WHERE, ON, WHEN or IF.

The text is read as tokens, not parsed: it may be a fragment with places for columns (`{child}`), for values
(`%(at)s`) and for other fragments (`⟦0⟧`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

TOKEN = re.compile(
    r"""
    (?P<quiet>\s+|--[^\n]*)
    | (?P<text>'(?:[^']|'')*')
    | (?P<place>\{[a-z]+\}|%\([a-z]+\)s|⟦\d+⟧)
    | (?P<distinct>IS\s+NOT\s+DISTINCT\s+FROM|IS\s+DISTINCT\s+FROM)
    | (?P<word>[A-Za-z_][A-Za-z_0-9.]*|\d+)
    | (?P<sign><=|>=|<>|!=|->>|->|::|:=|\$\$|.)
    """,
    re.VERBOSE | re.DOTALL,
)
COMPARED = {"=": ("<>",), "<>": ("=",), "<": ("<=", ">="), ">": (">=", "<="), "<=": ("<", ">"), ">=": (">", "<")}
OPENING = {"WHERE", "ON", "WHEN", "IF", "AND", "OR"}
CLOSING = {"WHERE", "THEN", "ELSE", "END", "GROUP", "ORDER", "LIMIT", "AND", "OR", "JOIN", "LOOP"}
# A text that begins with one of these is no condition itself, though there may be some in it.
NO_CONDITION = {"SELECT", "FROM", "WHEN", "CASE", "CREATE", "BEGIN", "DECLARE"}
IS_SQL = re.compile(r"\b(SELECT|FROM|WHERE|WHEN|EXISTS|RETURN|IS NULL)\b")


@dataclass(frozen=True)
class Token:
    kind: str
    text: str
    start: int
    depth: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)

    @property
    def key(self) -> str:
        return self.text.upper()


@dataclass(frozen=True)
class SqlFlip:
    """One flip: its kind, the words that it is about, what they become, and the whole text after it."""

    kind: str
    words: str
    becomes: str
    text: str


def tokens_of(sql: str) -> list[Token]:
    """The tokens with how deep in brackets and CASE … END each stands; a bracket stands where what it holds does."""
    found: list[Token] = []
    depth = 0
    for match in TOKEN.finditer(sql):
        kind, text = str(match.lastgroup), match.group()
        if kind == "quiet":
            continue
        if text == ")" or (text.upper() == "END" and _within_case(found, depth)):
            depth -= 1
        found.append(Token(kind, text, match.start(), depth))
        if text == "(" or text.upper() == "CASE":
            depth += 1
    return found


def _within_case(before: list[Token], depth: int) -> bool:
    opened = next((token for token in reversed(before) if token.depth == depth - 1), None)
    return opened is not None and opened.key == "CASE"


def flips_of(sql: str) -> Iterator[SqlFlip]:
    """Every flip of a text."""
    tokens = tokens_of(sql)
    begins = next((index for index, token in enumerate(tokens) if token.key == "BEGIN"), -1)
    tokens = tokens[begins + 1 :]  # of a function its body: what stands before says what it is called
    for index, token in enumerate(tokens):
        yield from _flips_at(sql, tokens, index, token)
    yield from _flips_of_operands(sql, tokens)


def _flips_at(sql: str, tokens: list[Token], index: int, token: Token) -> Iterator[SqlFlip]:
    after = tokens[index + 1] if index + 1 < len(tokens) else None
    before = tokens[index - 1] if index else None

    def flip(kind: str, becomes: str, until: Token = token) -> SqlFlip:
        words = f"{_around(sql, tokens, index)}"
        return SqlFlip(kind, words, f"{sql[token.start : until.end]} → {becomes or 'nothing'}", (
            sql[: token.start] + becomes + sql[until.end :]
        ))  # fmt: skip

    assigned_by = index > 1 and tokens[index - 2].key == "SET"
    if (before is not None and before.key == "ERRCODE") or (token.text == "=" and assigned_by):
        return  # an assignment
    if token.key in ("AND", "OR"):
        yield flip("and/or", "OR" if token.key == "AND" else "AND")
    elif token.text in COMPARED and after is not None and after.key == "ANY":
        yield flip("comparison", "<> ALL" if token.text == "=" else "= ALL", after)
    elif token.text in COMPARED:
        for number, becomes in enumerate(COMPARED[token.text]):
            yield flip(
                "boundary" if token.text[0] in "<>" and token.text != "<>" and not number else "comparison", becomes
            )
    elif token.kind == "distinct":
        yield flip("comparison", "IS DISTINCT FROM" if "NOT" in token.key else "IS NOT DISTINCT FROM")
    elif token.key == "NULL" and before is not None and before.key in ("IS", "NOT"):
        if before.key == "IS":
            yield flip("null", "NOT NULL")
        elif index > 1 and tokens[index - 2].key == "IS":
            yield SqlFlip("null", _around(sql, tokens, index), "NOT NULL → NULL", (
                sql[: before.start] + "NULL" + sql[token.end :]
            ))  # fmt: skip
    elif token.key == "NOT" and after is not None and after.key != "NULL":
        yield flip("not", "")
    elif token.key == "EXISTS" and (before is None or before.key != "NOT"):
        yield flip("not", "NOT EXISTS")
    elif token.key == "IN" and after is not None and after.text == "(":
        yield flip("comparison", "NOT IN")
    elif token.key in ("TRUE", "FALSE"):
        yield flip("constant", "false" if token.key == "TRUE" else "true")
    elif token.text == "&":
        yield flip("mask", "|")


def _around(sql: str, tokens: list[Token], index: int) -> str:
    """A few words to either side, so that the name of a flip says which it is."""
    first, last = tokens[max(0, index - 3)], tokens[min(len(tokens) - 1, index + 3)]
    return _said(sql[first.start : last.end])


def _said(text: str) -> str:
    return " ".join(text.split())


def _flips_of_operands(sql: str, tokens: list[Token]) -> Iterator[SqlFlip]:
    for first, last, joint in _operands(tokens):
        start, end = tokens[first].start, tokens[last].end
        words = sql[start:end]
        without = {"AND": ["TRUE"], "OR": ["FALSE"], "WHERE": ["TRUE"], "ON": ["TRUE"]}.get(joint, ["TRUE", "FALSE"])
        for becomes in without:
            yield SqlFlip("operand left out", _said(words), becomes, sql[:start] + becomes + sql[end:])
        if not _is_flipped_by_itself(tokens[first : last + 1]):
            yield SqlFlip("negation", _said(words), "NOT (…)", f"{sql[:start]}NOT ({words}){sql[end:]}")


def _is_flipped_by_itself(operand: list[Token]) -> bool:
    """Whether a flip of one of its own tokens is its negation: a comparison, NOT …, EXISTS …, … IS NULL."""
    depth = min(token.depth for token in operand)
    if operand[0].key in ("NOT", "EXISTS"):
        return True
    return any(
        token.depth == depth and (token.text in COMPARED or token.key in ("IS", "IN") or token.kind == "distinct")
        for token in operand
    )


def _operands(tokens: list[Token]) -> Iterator[tuple[int, int, str]]:
    """The first and the last token of each operand, and what joins it: AND, OR, or the word before a lone one."""
    for index, token in enumerate(tokens):
        if not _opens(tokens, index):
            continue
        depth = token.depth + 1 if token.text == "(" else token.depth
        first = index if _begins_text(tokens, index) else index + 1
        last = first
        while last < len(tokens) and tokens[last].depth >= depth and not (
            tokens[last].depth == depth and (tokens[last].key in CLOSING or tokens[last].text == ";")
        ):  # fmt: skip
            last += 1
        if last == first:
            continue
        after = tokens[last] if last < len(tokens) and tokens[last].depth == depth else None
        joints = [
            joint.key
            for joint in (None if first == index else token, after)
            if joint is not None and joint.key in ("AND", "OR")
        ]
        alone = token.key if token.key in ("WHERE", "ON", "WHEN", "IF") else ""
        if not joints and not alone:
            continue
        # PostgreSQL binds AND before OR: an operand between both belongs to the AND.
        joint = ("AND" if "AND" in joints else "OR") if joints else alone
        yield first, last - 1, joint


def _begins_text(tokens: list[Token], index: int) -> bool:
    return index == 0 and tokens[0].text != "(" and tokens[0].key not in OPENING


def _opens(tokens: list[Token], index: int) -> bool:
    token = tokens[index]
    if _begins_text(tokens, index):
        return token.key not in NO_CONDITION
    if token.key == "IF" and index and tokens[index - 1].key == "END":
        return False
    if token.text == "(":
        return index + 1 < len(tokens) and tokens[index + 1].key not in NO_CONDITION
    return token.key in OPENING

"""Finds where a template decides by somebody's role or sector: what any tag or filter is given of one.

To print what a role is called is no decision. To give it to a tag is one, also where the tag only names it anew or
hands it to another template: what is done with it there is not followed.
"""

from __future__ import annotations

import re

TAG = re.compile(r"{%-?\s*(\w+)\b(.*?)-?%}", re.S)
OUTPUT = re.compile(r"{{(.*?)}}", re.S)
# What stands inside an HTML tag is read by a style or a script, which can hide by it.
IN_A_TAG = re.compile(r"<\w(?:[^<>{]|{{.*?}}|{%.*?%}|{(?![{%]))*>", re.S)
WORD = re.compile(r"\b(?:(?:role|role_key|role_name|sector)s?|get_role_display|get_sector_display)\b")
# A tag or a filter that is called after a role decides by one, whatever it is given.
CALLED_AFTER = re.compile(r"(?:^|\|\s*)\w*(?:role|sector)\w*")


def decisions_in_template(text: str) -> set[str]:
    """Each tag of a template that is given a role, each filter that is put on one, each HTML tag that holds one."""
    words = re.sub(r"{#.*?#}|{%\s*comment\b.*?endcomment\s*%}", "", text, flags=re.S)
    found = {said.strip() for tag, said in TAG.findall(words) if CALLED_AFTER.search(tag) or is_given_role(said)}
    found |= {said.strip() for said in OUTPUT.findall(words) if "|" in said and is_given_role(said)}
    inside = [said for tag in IN_A_TAG.findall(words) for said in OUTPUT.findall(tag)]
    return found | {said.strip() for said in inside if is_given_role(said)}


def is_given_role(said: str) -> bool:
    """Whether a tag asks after a role, leaving out the words in quotation marks that it only says."""
    asked = re.sub(r"'[^']*'|\"[^\"]*\"", "", said)
    return bool(WORD.search(asked) or any("|" in one for one in CALLED_AFTER.findall(asked)))

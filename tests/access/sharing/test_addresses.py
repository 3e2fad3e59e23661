"""What leaves Harbour of a protected address, and whom a line of its list names: the rules as tables.

Seen to fail: a copy that carries it unasked.
"""

from __future__ import annotations

import pytest

from cases.sharing.rules.addresses import (
    LEFT_OUT,
    AddressRefused,
    check_not_oneself,
    check_one,
    check_reason,
    check_why,
    outward,
)


@pytest.mark.parametrize(
    ("words", "protected", "confirmed", "leaves"),
    [
        ("12 Harrow Lane", False, False, "12 Harrow Lane"),
        ("12 Harrow Lane", False, True, "12 Harrow Lane"),
        ("12 Harrow Lane", True, False, LEFT_OUT),
        ("12 Harrow Lane", True, True, "12 Harrow Lane"),
        ("", True, False, ""),
    ],
)
def test_what_leaves_harbour_of_an_address(words, protected, confirmed, leaves):
    assert outward(words, protected=protected, confirmed=confirmed) == leaves


@pytest.mark.parametrize(
    ("person", "agency", "account", "right"),
    [
        ("Her stepfather", False, False, True),
        ("", True, False, True),
        ("", False, True, True),
        ("", False, False, False),
        ("  ", False, False, False),
        ("Her stepfather", True, False, False),
        ("", True, True, False),
    ],
)
def test_each_line_names_one(person, agency, account, right):
    if right:
        check_one(person=person, agency=agency, account=account)
        return
    with pytest.raises(AddressRefused):
        check_one(person=person, agency=agency, account=account)


@pytest.mark.parametrize(
    ("own_account", "own_agency", "right"), [(False, False, True), (True, False, False), (False, True, False)]
)
def test_nobody_keeps_an_address_from_themselves(own_account, own_agency, right):
    if right:
        check_not_oneself(own_account=own_account, own_agency=own_agency)
        return
    with pytest.raises(AddressRefused):
        check_not_oneself(own_account=own_account, own_agency=own_agency)


@pytest.mark.parametrize(("why", "right"), [("", False), ("no", False), (" no ", False), ("old", True)])
def test_whoever_protects_an_address_says_why(why, right):
    if right:
        check_reason(why)
        return
    with pytest.raises(AddressRefused) as refused:
        check_reason(why)
    assert refused.value.field == "protection_reason"


@pytest.mark.parametrize(("why", "right"), [("", False), ("no", False), (" no ", False), ("old", True)])
def test_an_end_says_why(why, right):
    if right:
        check_why(why)
        return
    with pytest.raises(AddressRefused):
        check_why(why)

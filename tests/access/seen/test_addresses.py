"""Who is shown a protected address, and who could be let know it or kept from it, one condition at a time.

`make mutants` turns round or leaves out each of these conditions, and says what was not noticed.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from accounts.rules.refusals import NotKnown
from accounts.selectors import viewer_of
from cases.record.models import AddressReader
from cases.sharing.selectors import addresses
from referrals.selectors.triage import address_is_kept
from tests.access.seen.rows import HOUR, ROLE, lead, named, or_none
from tests.factories.accounts import make_agency, make_membership
from tests.factories.cases import give, make_child, make_home, make_protected
from tests.factories.referrals import make_notification
from tests.factories.shares import opened_by

pytestmark = pytest.mark.django_db


def test_a_protected_address_is_shown_on_its_file_to_who_is_on_its_list_and_to_nobody_else(child, unknown, join, at):
    member, other, by = join(), join(), viewer_of(make_membership(role=ROLE))
    give(unknown, at - HOUR, membership=member)
    for one in (member, other):
        lead(child, one, is_lead=False)
    lead(unknown, member)
    rows = {
        "own": make_protected(child, by, readers=(member,)),
        "other's": make_protected(child, by, readers=(other,)),
        "another file's": make_protected(unknown, by, readers=(member,)),
        "open": make_home(child, by, "NM1 1AA"),
    }
    AddressReader.objects.create(address=rows["open"], membership=member)
    opened = opened_by(viewer_of(member), child, at)
    assert addresses.protected_address(opened, rows["own"].pk) == rows["own"]
    for name in set(rows) - {"own"}:
        with pytest.raises(NotKnown):
            addresses.protected_address(opened, rows[name].pk)
    assert addresses.readers_of(rows["own"]) == [member]
    assert {row.address for row in addresses.kept_from(rows["own"])} == {rows["own"]}


def test_an_address_in_clear_is_there_to_protect_on_its_own_file_for_who_sees_it_whole(child, unknown, join, at):
    by = viewer_of(make_membership(role=ROLE))
    rows = {
        "own": make_home(child, by, "NM1 1AA"),
        "another file's": make_home(unknown, by, "NM1 1AA"),
        "protected": make_protected(child, by, readers=()),
    }
    whole, area = join(), join("education_dsl")
    give(unknown, at - HOUR, membership=whole)
    opened = opened_by(viewer_of(whole), child, at)
    found = {name: or_none(addresses.clear_address, opened, row.pk) for name, row in rows.items()}
    assert found == {"own": rows["own"], "another file's": None, "protected": None}
    assert or_none(addresses.clear_address, opened_by(viewer_of(area), child, at), rows["own"].pk) is None


def test_which_rows_are_protected_is_told_on_the_file_to_who_is_on_their_list(child, unknown, join, at):
    member, other, by = join(), join(), viewer_of(make_membership(role=ROLE))
    give(unknown, at - HOUR, membership=member)
    rows = {
        "own": make_protected(child, by, readers=(member,)),
        "another kind": make_protected(child, by, readers=(member,), kind="other"),
        "elsewhere": make_protected(child, by, readers=(member,), kind="other", lines="2 Mill Lane"),
        "other's": make_protected(child, by, readers=(other,), kind="other"),
        "another file's": make_protected(unknown, by, readers=(member,)),
    }
    own = rows["own"]
    rows["open"] = make_home(child, by, own.postcode, lines=own.lines, kind="other")
    twin = make_child("Ada", "Seen", merged_into=child)
    rows["the file merged into it"] = make_protected(twin, by, readers=(member,))
    for one in (member, other):
        lead(child, one, is_lead=False)
    for file in (unknown, twin):
        lead(file, member)
    AddressReader.objects.create(address=rows["open"], membership=member)
    opened = opened_by(viewer_of(member), child, at)
    known = {name for name, row in rows.items() if addresses.is_known(opened, row.pk)}
    assert known == {"own", "another kind", "elsewhere"}
    assert named(rows, addresses.known_rows(opened, own)) == {"own", "another kind"}


def test_who_works_with_the_child_in_person_now_may_be_let_know_it(child, unknown, join, at):
    people = {name: join() for name in ("listed", "works", "worked", "elsewhere", "agency", "far")}
    address = make_protected(child, viewer_of(people["listed"]), readers=(people["listed"],))
    for name, said in {"listed": {}, "works": {}, "worked": {"ended_on": "2026-02-05"}}.items():
        lead(child, people[name], is_lead=False, **said)
    lead(child, people["agency"], is_lead=False, membership=None)
    lead(unknown, people["elsewhere"])
    opened = opened_by(viewer_of(people["listed"]), child, at)
    assert named(people, addresses.may_be_let_know(opened, address)) == {"works"}


def test_an_address_is_kept_from_other_agencies_and_from_people_near_but_oneself(child, unknown, join, at):
    me, foreign = join(), make_agency()
    people = {
        "colleague": make_membership(role=ROLE, agency=me.agency),
        "worker": make_membership(role=ROLE),
        "far": make_membership(role=ROLE, agency=foreign),
    }
    lead(child, people["worker"])
    lead(child, me, is_lead=False)
    lead(child, people["far"], is_lead=False, membership=None)
    opened = opened_by(viewer_of(me), child, at)
    agencies = addresses.agencies_to_keep_out(opened)
    assert me.agency not in agencies
    assert {foreign, people["worker"].agency} <= set(agencies)
    assert named(people, addresses.accounts_to_keep_out(opened)) == {"colleague", "worker"}
    nowhere = replace(opened, viewer=replace(opened.viewer, agency_id=None))
    assert named(people, addresses.accounts_to_keep_out(nowhere)) == {"worker"}


WHERE = {"lines": "9 Refuge Road", "postcode": "NM9 9ZZ"}


@pytest.mark.parametrize(
    ("row", "kept"),
    [
        ({}, True),
        ({"lines": "9, refuge road NM9 9ZZ", "postcode": ""}, True),
        ({"lines": "Flat 2", "postcode": "nm99zz"}, True),
        ({"lines": "Flat 2", "postcode": "NM9 9ZX"}, False),
        ({"protected": False}, False),
        ({"on": "merged"}, True),
        ({"on": "unknown"}, False),
    ],
)
def test_the_address_of_a_notification_is_kept_where_it_is_protected_on_the_file_it_was_joined_to(
    child, unknown, join, row, kept
):
    by = viewer_of(join())
    merged = make_child("Ada", "Seen", merged_into=child)
    files = {"known": child, "merged": merged, "unknown": unknown}
    said = {**WHERE, **row}
    make_protected(files[said.pop("on", "known")], by, **said)
    wrote = {"address_lines": WHERE["lines"], "postcode": WHERE["postcode"]}
    joined = make_notification(by, child=child, **wrote)
    assert address_is_kept(joined) is kept
    assert not address_is_kept(make_notification(by, **wrote))
    assert address_is_kept(make_notification(by, address_protected=True, **wrote))


def test_the_address_of_a_notification_without_a_postcode_is_no_other_one_without(child, join):
    by = viewer_of(join())
    make_protected(child, by, lines="The boat at Pier 4", postcode="")
    assert not address_is_kept(make_notification(by, child=child, address_lines="9 Refuge Road", postcode=""))
    assert not address_is_kept(make_notification(by, child=child, address_lines="", postcode=""))

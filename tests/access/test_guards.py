"""The functions behind the triggers, each asked by the serving role and by the owner: what keeps grants, looks, the
matrix and their history from being rewritten.

`make mutants` turns round or leaves out each of their conditions, and says what was not noticed.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.utils import ProgrammingError

from accounts.models import AccessEvent, DefinitionVersion, Membership
from accounts.selectors import now
from cases.access.models import AccessGrant
from tests import cluster as clusters
from tests.factories.accounts import make_agency, make_membership, make_user
from tests.factories.cases import grant, make_child

pytestmark = pytest.mark.django_db
FORBIDDEN = "42501"


def refused(change: Any) -> bool:
    """Whether the database refuses a change for want of a right."""
    try:
        with transaction.atomic():
            change()
    except ProgrammingError as error:
        if getattr(error.__cause__, "pgcode", "") != FORBIDDEN:
            raise
        return True
    return False


@pytest.fixture
def owner(cluster, db) -> Iterator[Any]:
    """The owner's cursor in this test's database, in a transaction that is rolled back."""
    with clusters.cursor_of(clusters.for_database(cluster.owner_url, connection.settings_dict["NAME"])) as cursor:
        cursor.execute("BEGIN")
        yield cursor
        cursor.execute("ROLLBACK")


IGNORED = [
    (None, False),
    ("", False),
    ("{update_update}", True),
    ("{insert_insert,update_update}", True),
    ("{insert_insert}", False),
    ("{}", False),
]


@pytest.mark.parametrize(("ignored", "honoured"), IGNORED)
def test_triggers_are_ignored_for_the_owner_alone(ignored, honoured, owner):
    for cursor, by_owner in ((connection.cursor(), False), (owner, True)):
        if ignored is not None:
            cursor.execute("SELECT set_config('pgtrigger.ignore', %s, true)", [ignored])
        cursor.execute("SELECT public._pgtrigger_should_ignore('update_update')")
        assert cursor.fetchone() == (honoured and by_owner,)
    if connection.in_atomic_block:
        connection.cursor().execute("SELECT set_config('pgtrigger.ignore', '', true)")


def test_the_end_of_a_grant_is_written_once():
    given = grant(make_child(), make_agency("Bridge Project"))
    row, ended = AccessGrant.objects.filter(pk=given.pk), now()
    first, second = make_user("first"), make_user("second")
    assert row.update(end_reason="A note") == 1
    assert row.update(ended_at=ended, ended_by=first, end_reason="The work is done") == 1
    assert row.update(ended_at=ended, ended_by=first, end_reason="The work is done") == 1
    assert refused(lambda: row.update(ended_at=None))
    assert refused(lambda: row.update(ended_at=ended + timedelta(days=1)))
    assert refused(lambda: row.update(ended_by=second))
    assert refused(lambda: row.update(end_reason="Another reason"))


BACK_DATED = "2020-01-01T12:00:00Z"


def test_a_look_is_dated_by_the_database_whoever_says_what(owner):
    said = {"at": BACK_DATED, "db_user": "somebody else", "action": "view_file", "outcome": "seen", "reason_code": "x"}
    look = AccessEvent.objects.create(**said)
    look.refresh_from_db()
    assert (look.at.year > 2020, look.db_user) == (True, "harbour_app")
    owner.execute(
        "INSERT INTO accounts_accessevent (at, action, outcome, reason_code, role, request_id, session_hash, "
        "shown_ids, categories) VALUES (%s, 'view_file', 'seen', 'x', '', '', '', '{}', '{}') RETURNING at, db_user",
        [BACK_DATED],
    )
    at, user = owner.fetchone()
    assert (at.year, user) == (2020, "harbour_owner")


@pytest.mark.parametrize(
    ("kind", "days", "by_the_role"),
    [("access_matrix", 1, True), ("access_matrix", 0, False), ("access_matrix", -1, False), ("clocks", 1, False)],
)
def test_people_adopt_a_matrix_for_a_coming_day_and_nothing_else(kind, days, by_the_role, owner):
    with connection.cursor() as cursor:
        cursor.execute("SELECT (clock_timestamp() AT TIME ZONE 'Europe/London')::date")
        day = cursor.fetchone()[0] + timedelta(days=days)
    said = {"kind": kind, "key": "a key", "version": 1, "body": "", "sha256": "", "effective_on": day, "adopted_by": ""}
    assert refused(lambda: DefinitionVersion.objects.create(**said)) is not by_the_role
    owner.execute(
        f"INSERT INTO accounts_definitionversion ({', '.join(said)}) VALUES ({', '.join(['%s'] * len(said))})",
        list((said | {"key": "another key"}).values()),  # the other transaction holds the first
    )


@pytest.mark.parametrize(
    ("stands", "becomes", "may"),
    [
        (None, None, True),
        (None, 5, True),
        (None, -1, True),
        (5, 5, True),
        (5, 3, True),
        (5, 0, True),
        (1, 0, True),
        (5, 6, False),
        (5, None, False),
        (0, 0, True),
        (0, -1, False),
        (0, 1, False),
        (0, None, False),
        (-3, -3, True),
        (-3, -5, False),
        (-3, 0, False),
        (-3, None, False),
    ],
)
def test_a_role_that_has_ended_stays_so_and_an_end_is_never_put_off(stands, becomes, may):
    """In days from today in London, as the database has it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT (clock_timestamp() AT TIME ZONE 'Europe/London')::date")
        today = cursor.fetchone()[0]
    old, new = (None if days is None else today + timedelta(days=days) for days in (stands, becomes))
    row = Membership.objects.filter(pk=make_membership(ended_on=old).pk)
    assert refused(lambda: row.update(ended_on=new)) is not may
    assert row.get().ended_on == (new if may else old)


@pytest.mark.parametrize(
    ("context", "may"), [(None, False), ('{"reason": ""}', False), ("{}", False), ('{"reason": "x"}', True)]
)
def test_a_change_says_why_unless_it_is_the_owners(context, may, without_history, owner):
    def change() -> None:
        with connection.cursor() as cursor:
            if context is not None:
                cursor.execute("SELECT set_config('pghistory.context_metadata', %s, true)", [context])
            cursor.execute("INSERT INTO auth_group (name) VALUES ('a group') RETURNING id")
            cursor.execute("INSERT INTO accounts_functiongroup (key, group_id) VALUES ('a key', %s)", cursor.fetchone())

    owner.execute("INSERT INTO auth_group (name) VALUES ('another group') RETURNING id")
    owner.execute("INSERT INTO accounts_functiongroup (key, group_id) VALUES ('another', %s)", owner.fetchone())
    with without_history():
        assert refused(change) is not may

"""Worlds of many files: twenty agencies and two function groups, with everything in the way that real grants have.

Loaded set-based as the owner, without triggers, indexes and foreign keys, which are put back before anything is
measured. The same number gives the same world.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from accounts.choices import FunctionKey, Sector
from accounts.models import Agency, Membership
from accounts.rules.viewers import Viewer
from accounts.selectors import viewer_of
from cases.access.rules import FileFacts, Matrix
from tests.bench.databases import Database
from tests.factories import accounts as people

OLDEST = -1  # in place of a seed: this agency sees the files at the far end
SHARES: dict[str, tuple[float, int]] = {
    "ninety": (0.9, 1), "thirty": (0.3, 2), "twenty": (0.2, 3), "ten": (0.1, 4), "tenth": (0.1, 5),
    "eight": (0.08, 6), "five": (0.05, 7), "oldest": (0.05, OLDEST), "fifth": (0.05, 8), "four": (0.04, 9),
    "three": (0.03, 10), "third": (0.03, 11), "two": (0.02, 12), "one": (0.01, 13), "first": (0.01, 14),
    "half": (0.005, 15), "halves": (0.005, 16), "fifths": (0.002, 17), "thousandth": (0.001, 18),
    "thousandths": (0.001, 19),
}  # fmt: skip
FUNCTIONS = {FunctionKey.PANEL_OFFICE: (0.2, 20), FunctionKey.DATA_GUARDIANS: (0.05, 21)}
ROLE = "csc_social_worker"
TABLES = (
    "cases_child", "cases_accessgrant", "cases_childgroupgrant", "cases_childusergrant", "cases_block",
    "cases_involvement", "cases_chronologyentry", "cases_address", "cases_alias", "cases_schoolperiod", "cases_spell",
)  # fmt: skip

GIVEN = (
    "Oliver Amelia Muhammad Olivia Noah Isla Jack Ava Leo Mia Harry Ivy Oscar Lily Arthur Freya Archie Florence George "
    "Willow Aisha Zara Yusuf Ibrahim Fatima Maryam Ayaan Priya Arjun Kezia Tyrone Chloe Connor Niamh Sean Siobhan Rhys "
    "Carys Dylan Megan Callum Skye Lewis Eilidh Jamie Kayleigh Tommy Ellie-Mae Jakub Zofia Mateusz Alicja Andrei "
    "Ioana Luca Sofia Thiago Beatriz Tariq Leila"
)
FAMILY_FIRST = (
    "Smyth Ash Brad Carl Dun Ever Fair Gold Hal Ing Kirk Lang Mar Nor Oak Pem Quar Rad Stan Thorn Under Vern Whit "
    "York Black Green Harring Wood Mal Cal El Bur Wal Hart Brom Clay Dray Farn Grim Hol"
)
FAMILY_LAST = (
    " ton ley field worth ham ford wick by well stead combe shaw more croft hurst bourne ridge gate wood land brook "
    "mont dale ington bury cliffe holme ward man son ston den low chester pole row"
)


@dataclass
class World:
    """A loaded world: where it is, and who looks at it."""

    database: Database
    files: int
    at: datetime
    viewers: dict[str, Viewer] = field(default_factory=dict)
    matrix: Matrix | None = None
    facts: FileFacts = field(default_factory=lambda: FileFacts(restricted=False))


def load_world(database: Database, *, files: int, like: int) -> World:
    """A world of `files` files in which each agency sees as many as it would among `like`, up to all of them.

    So a page and its count are the same work in a small world and in a large one, and what differs is the size.
    """
    at = datetime.now(UTC)
    world = World(database, files, at)
    with database.as_owner() as cursor:
        cursor.execute("SET maintenance_work_mem = '512MB'; SET synchronous_commit = off")
        subjects = _make_people(world)
        with _bare_tables(cursor):
            _load_files(cursor, world)
            for name, (share, seed) in (SHARES | {key.value: row for key, row in FUNCTIONS.items()}).items():
                _load_grants(cursor, world, subjects[name], min(share * like, files) / files, seed)
            for viewer in world.viewers.values():
                _load_exceptions(cursor, world, viewer)
        # For guardian, which reads a table that the product never lets the serving role read.
        cursor.execute("GRANT SELECT ON accounts_user_groups, auth_group_permissions TO harbour_app")
        # For the lists without permission that ours are compared with.
        cursor.execute("CREATE INDEX bench_opened ON cases_child (opened_at DESC, id DESC)")
        for table in TABLES:
            cursor.execute(f"VACUUM (ANALYZE) {table}")
        cursor.execute("DROP TABLE bench_file")
    return world


def _make_people(world: World) -> dict[str, int]:
    """The agencies, their groups' ids by name, and one viewer at each; "three_groups" serves two functions as well."""
    groups: dict[str, int] = {}
    for name in SHARES:
        agency = people.make_agency(f"Agency {name}", sector=Sector.SOCIAL_CARE)
        groups[name] = agency.group_id
        user = people.make_user(f"{name}", full_name=f"Worker of {name}")
        user.groups.add(agency.group)  # where guardian looks
        world.viewers[name] = viewer_of(people.make_membership(user, agency, role=ROLE))
    for key in FUNCTIONS:
        groups[key.value] = people.make_function(key).group_id
    ninety = Agency.objects.get(group_id=groups["ninety"])
    both = people.make_membership(
        people.make_user("three_groups"), ninety, role=ROLE, functions=tuple(key.value for key in FUNCTIONS)
    )
    world.viewers["three_groups"] = viewer_of(Membership.objects.select_related("agency", "user").get(pk=both.pk))
    return groups


@contextmanager
def _bare_tables(cursor: Any) -> Iterator[None]:
    """The tables without triggers, and without the indexes and foreign keys that are quicker made afterwards."""
    oids = "SELECT name::regclass::oid FROM unnest(%s) AS name"
    cursor.execute(
        f"SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint "
        f"WHERE contype = 'f' AND conrelid = ANY({oids})",
        [list(TABLES)],
    )
    keys = cursor.fetchall()
    cursor.execute(
        f"SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = ANY({oids}) "
        "AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = indexrelid)",
        [list(TABLES)],
    )
    indexes = cursor.fetchall()
    for table in TABLES:
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    for table, name, _ in keys:
        cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
    for name, _ in indexes:
        cursor.execute(f"DROP INDEX {name}")
    yield
    for _, definition in indexes:
        cursor.execute(definition)
    for table, name, definition in keys:
        cursor.execute(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}')
    for table in TABLES:
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


# A number between 0 and 1 that belongs to a file and a purpose, the same in each run.
CHANCE = "((hashint8extended(i, {seed}) & 1048575) / 1048576.0)"
ANY_ID = "md5('{kind}' || i || '{more}')::uuid"


def _load_files(cursor: Any, world: World) -> None:
    """Files, newest activity first by number; one in a hundred restricted, one in five hundred merged away."""
    cursor.execute(
        f"""
        CREATE TABLE bench_file AS SELECT i, md5('file' || i)::uuid AS id,
            %s::timestamptz - make_interval(secs => i * 157680000.0 / {world.files}) AS active_at,
            {CHANCE.format(seed=101)} < 0.01 AS restricted, {CHANCE.format(seed=102)} < 0.002 AND i > 1 AS merged
        FROM generate_series(1::bigint, {world.files}) AS i""",
        [world.at],
    )
    cursor.execute(
        f"""
        INSERT INTO cases_child (id, reference, given_name, family_name, preferred_name, birth_date,
            birth_date_estimated, sex, ethnicity, disability, first_language, level, level_judged_at, harm_status,
            review_due_on, safe_contact, restricted, merged_into_id, version, opened_at)
        SELECT id, {_reference_sql()}, {_pick_sql(GIVEN, 111)}, {_family_sql()}, '',
            date '2008-01-01' + ({CHANCE.format(seed=114)} * 4000)::int, false,
            (ARRAY['female', 'male'])[1 + (i % 2)], 'unknown', 'none', 'English',
            (ARRAY['not_assessed', 'low', 'medium', 'high'])[1 + (i % 4)], NULL,
            (ARRAY['not_known', 'vulnerable', 'suspected', 'known'])[1 + (i / 4 % 4)],
            CASE WHEN i % 4 = 0 THEN NULL ELSE current_date + (i % 60 - 10)::int END,
            '', restricted, CASE WHEN merged THEN md5('file' || (i - 1))::uuid END, 1, active_at
        FROM bench_file"""
    )
    entry = _entry_sql(world)
    cursor.execute(
        f"""
        INSERT INTO cases_involvement (id, child_id, category, author_id, author_membership_id, agency_id, source,
            third_party, recorded_at, started_on, ended_on, membership_id, working_agency_id, role, is_lead, end_note)
        SELECT {ANY_ID.format(kind="involvement", more="")}, id, 'identity', {entry}, active_at::date, NULL,
            '{world.viewers["ninety"].membership_id}'::uuid, '{world.viewers["ninety"].agency_id}'::uuid,
            'social_worker', true, '' FROM bench_file"""
    )
    cursor.execute(
        f"""
        INSERT INTO cases_address (id, child_id, category, author_id, author_membership_id, agency_id, source,
            third_party, recorded_at, started_on, ended_on, kind, lines, postcode, area, protected, protection_reason)
        SELECT {ANY_ID.format(kind="address", more="")}, id, 'contact_address', {entry}, active_at::date, NULL, 'home',
            i % 97 || ' Harbour Row', 'ZZ' || i / 40 % 99 || ' ' || i % 9 || 'AB', 'Northmere', false, ''
        FROM bench_file"""
    )
    cursor.execute(
        f"""
        INSERT INTO cases_alias (id, child_id, category, author_id, author_membership_id, agency_id, source,
            third_party, recorded_at, name, note)
        SELECT {ANY_ID.format(kind="alias", more="")}, id, 'identity', {entry},
            {_pick_sql(GIVEN, 121)} || ' ' || {_pick_sql(FAMILY_FIRST, 122)}, '' FROM bench_file WHERE i % 10 = 0"""
    )
    cursor.execute(
        f"""
        INSERT INTO cases_chronologyentry (id, child_id, category, author_id, author_membership_id, agency_id, source,
            third_party, recorded_at, kind, happened_at, summary, detail, version)
        SELECT md5('entry' || i || '-' || k)::uuid, id,
            (ARRAY['missing', 'assessment', 'family', 'intelligence', 'health_sensitive'])[1 + (k % 5)], {entry},
            'observation', active_at - make_interval(days => k), 'Was seen at the harbour again.',
            'Told the duty worker, who rang home and agreed when to visit.', 1
        FROM bench_file, generate_series(1, CASE WHEN i <= 100 THEN 30 ELSE 1 END) AS k"""
    )
    cursor.execute(
        f"""
        INSERT INTO cases_spell (id, child_id, category, author_id, author_membership_id, agency_id, source,
            third_party, recorded_at, started_on, ended_on, end_reason)
        SELECT {ANY_ID.format(kind="spell", more="")}, id, 'identity', {entry}, active_at::date, NULL, ''
        FROM bench_file"""
    )


def _entry_sql(world: World) -> str:
    """Author, membership, agency, source, third party and when, as every entry carries them."""
    by = world.viewers["ninety"]
    return f"{by.user_id}, '{by.membership_id}'::uuid, '{by.agency_id}'::uuid, 'professional', false, active_at"


def _pick_sql(words: str, seed: int) -> str:
    """One of the words, the earlier ones oftener, as names are."""
    chosen = words.split()
    listed = ", ".join(f"'{word}'" for word in chosen)
    return f"(ARRAY[{listed}])[1 + floor(power({CHANCE.format(seed=seed)}, 1.6) * {len(chosen)})::int]"


def _family_sql() -> str:
    endings = ", ".join(f"'{word}'" for word in FAMILY_LAST.split(" "))
    ending = f"(ARRAY[{endings}])[1 + floor({CHANCE.format(seed=113)} * {len(FAMILY_LAST.split(' '))})::int]"
    return f"{_pick_sql(FAMILY_FIRST, 112)} || {ending}"


def _reference_sql() -> str:
    """Seven signs that differ for each number: the number times a large prime, written in the product's alphabet."""
    alphabet = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
    size = len(alphabet)
    scattered = f"(i * 7368787 % {size**7})"
    signs = [f"substr('{alphabet}', (1 + {scattered} / {size**place} % {size})::int, 1)" for place in range(7)]
    return " || ".join([*signs[:3], "'-'", *signs[3:]])


ALL_OPEN = (1 << 18) - 1


def _load_grants(cursor: Any, world: World, group_id: int, part: float, seed: int) -> None:
    """The grants of one group, and their projection as the access service would write it.

    Of a hundred: two have just run out, two begin tomorrow, two were ended, two were ended and given again, ten are
    a panel's, and ten open a few categories alone.
    """
    reached = (
        f"i > {world.files - round(part * world.files)}" if seed == OLDEST else f"{CHANCE.format(seed=seed)} < {part}"
    )
    state = CHANCE.format(seed=200 + seed)
    cursor.execute("DROP TABLE IF EXISTS bench_grant")
    cursor.execute(
        f"""
        CREATE TEMP TABLE bench_grant AS SELECT i, id, active_at, chance,
            CASE WHEN chance BETWEEN 0.02 AND 0.04 THEN %(at)s + interval '1 day'
                 ELSE active_at - interval '30 days' END AS valid_from,
            CASE WHEN chance < 0.02 THEN %(at)s - interval '1 hour'
                 WHEN chance BETWEEN 0.10 AND 0.20 THEN %(at)s + interval '40 days' END AS valid_until,
            CASE WHEN chance BETWEEN 0.10 AND 0.20 THEN 'panel' WHEN chance BETWEEN 0.20 AND 0.30 THEN 'share'
                 ELSE 'involvement' END AS reason,
            CASE WHEN chance BETWEEN 0.20 AND 0.30 THEN 39 ELSE {ALL_OPEN} END::bigint AS category_mask
        FROM (SELECT *, {state} AS chance FROM bench_file WHERE {reached}) AS file""",
        {"at": world.at},
    )
    # A grant that has just run out must have begun before.
    cursor.execute(
        "UPDATE bench_grant SET valid_from = valid_until - interval '30 days' WHERE valid_from >= valid_until"
    )
    columns = """(id, child_id, group_id, membership_id, reason, category_mask, source_id, note, granted_by_id,
        granted_at, valid_from, valid_until, ended_at, ended_by_id, end_reason)"""
    cursor.execute(
        f"""
        INSERT INTO cases_accessgrant {columns}
        SELECT md5('grant' || i || '-{group_id}')::uuid, id, {group_id}, NULL::uuid, reason, category_mask, NULL::uuid,
            '', NULL::bigint, valid_from, valid_from, valid_until,
            CASE WHEN chance BETWEEN 0.04 AND 0.06 THEN %(at)s END, NULL::bigint, ''
        FROM bench_grant
        UNION ALL
        SELECT md5('former' || i || '-{group_id}')::uuid, id, {group_id}, NULL, 'involvement', {ALL_OPEN}, NULL, '',
            NULL, valid_from - interval '90 days', valid_from - interval '90 days', NULL,
            valid_from - interval '60 days', NULL, '' FROM bench_grant WHERE chance BETWEEN 0.06 AND 0.08""",
        {"at": world.at},
    )
    cursor.execute(
        f"""
        INSERT INTO cases_childgroupgrant (content_object_id, group_id, permission_id, valid_from, valid_until,
            category_mask, last_activity_at)
        SELECT id, {group_id}, {world.database.view_permission_id}, valid_from, valid_until, category_mask, active_at
        FROM bench_grant WHERE NOT chance BETWEEN 0.04 AND 0.06"""
    )


def _load_exceptions(cursor: Any, world: World, viewer: Viewer) -> None:
    """Blocks on one file in two hundred, and the viewer's own name on a few restricted files."""
    cursor.execute(
        f"""
        INSERT INTO cases_block (id, child_id, user_id, reason, placed_by_id, placed_at, ended_at, ended_by_id)
        SELECT md5('block' || i || '-{viewer.user_id}')::uuid, id, {viewer.user_id}, 'A relative.', {viewer.user_id},
            %s, NULL, NULL FROM bench_file WHERE {CHANCE.format(seed=400 + (viewer.user_id or 0))} < 0.005 OR i = 12""",
        [world.at],
    )
    cursor.execute(
        f"""
        WITH mine AS (SELECT * FROM bench_file WHERE restricted ORDER BY i LIMIT 20), granted AS (
            INSERT INTO cases_accessgrant (id, child_id, group_id, membership_id, reason, category_mask, source_id,
                note, granted_by_id, granted_at, valid_from, valid_until, ended_at, ended_by_id, end_reason)
            SELECT md5('named' || i || '-{viewer.membership_id}')::uuid, id, NULL, '{viewer.membership_id}'::uuid,
                'named', {ALL_OPEN}, NULL, '', NULL, active_at, active_at, NULL, NULL, NULL, '' FROM mine)
        INSERT INTO cases_childusergrant (content_object_id, user_id, permission_id, valid_from, valid_until,
            category_mask, last_activity_at)
        SELECT id, {viewer.user_id}, {world.database.view_permission_id}, active_at, NULL, {ALL_OPEN}, active_at
        FROM mine"""
    )

"""Setting rights and guards. Runs as the owner after every migration, in one transaction, and may run again."""

from __future__ import annotations

from django.apps import apps
from django.conf import settings
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from psycopg2 import sql

from accounts.services.database import guards
from accounts.services.database.rights import DECLARED, NOTHING, READ, TRIGGERS, Rights


def history_tables() -> list[str]:
    """The tables that pghistory's triggers write, one for each tracked model."""
    return sorted(model._meta.db_table for model in apps.get_models() if hasattr(model, "pgh_tracked_model"))


@transaction.atomic
def apply_rights() -> None:
    """Set the guards for everybody, and the rights of the serving role table by table.

    What is granted now is taken back first, so that a right no longer declared is gone, and a table that no app
    has declared gives nothing. The rights are left out where the serving role does not exist, or is the role
    that migrates (a set-up with a single role); the guards are not.
    """
    with connection.cursor() as cursor:
        tables = _tables(cursor)
        _set_guards(cursor, tables)
        role = settings.DATABASE_APP_ROLE
        cursor.execute("SELECT count(*) FROM pg_roles WHERE rolname = %s AND rolname <> session_user", [role])
        if cursor.fetchone()[0]:
            _set_rights(cursor, sql.Identifier(role), tables)


def _tables(cursor: CursorWrapper) -> dict[str, list[str]]:
    """Every table of the schema with the columns that can be written."""
    cursor.execute(
        "SELECT c.relname, array_agg(a.attname ORDER BY a.attnum) FILTER (WHERE a.attgenerated = '') "
        "FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped "
        "WHERE c.relkind IN ('r', 'p', 'v', 'm') AND c.relnamespace = 'public'::regnamespace GROUP BY c.relname"
    )
    return {name: list(columns) for name, columns in cursor.fetchall()}


def _set_guards(cursor: CursorWrapper, tables: dict[str, list[str]]) -> None:
    cursor.execute("SELECT session_user")
    owner = sql.Literal(cursor.fetchone()[0])
    for function in (guards.IGNORE, *guards.FUNCTIONS):
        cursor.execute(sql.SQL(function).format(owner=owner))
    cursor.execute(
        "SELECT p.oid::regprocedure::text FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace "
        "AND p.proname LIKE %s AND p.prorettype = 'trigger'::regtype",
        ["pgtrigger\\_%"],
    )
    for (signature,) in cursor.fetchall():
        # As the owner, so that the serving role needs no right of its own to write history.
        cursor.execute(f"ALTER FUNCTION {signature} SECURITY DEFINER SET search_path = public, pg_temp")
    cursor.execute(guards.STAMP)
    cursor.execute(guards.ADOPTED)
    for table, statements in TRIGGERS.items():
        for statement in statements if table in tables else ():
            cursor.execute(statement)
    for table in history_tables():
        _guard(cursor, guards.CONTEXT, table)
        _guard(cursor, guards.NEVER_EMPTIED, table)
    for table, rights in DECLARED.items():
        if table not in tables:
            continue
        if rights.immutable:
            _guard(cursor, guards.APPEND_ONLY, table)
            _guard(cursor, guards.NEVER_EMPTIED, table)
        for column, settled in rights.settles.items():
            _guard(
                cursor,
                guards.SETTLED,
                table,
                name=sql.Identifier(f"harbour_settled_{column}"),
                columns=sql.SQL(", ").join(map(sql.Literal, (column, *settled))),
            )


def _guard(cursor: CursorWrapper, statement: str, table: str, **parts: sql.Composable) -> None:
    cursor.execute(sql.SQL(statement).format(table=sql.Identifier(table), **parts))


def _set_rights(cursor: CursorWrapper, app: sql.Identifier, tables: dict[str, list[str]]) -> None:
    database = sql.Identifier(connection.settings_dict["NAME"])
    for statement in (
        "REVOKE ALL ON DATABASE {database} FROM PUBLIC",
        "REVOKE ALL ON DATABASE {database} FROM {app}",
        "GRANT CONNECT ON DATABASE {database} TO {app}",
        "REVOKE ALL ON SCHEMA public FROM PUBLIC",
        "REVOKE ALL ON SCHEMA public FROM {app}",
        "GRANT USAGE ON SCHEMA public TO {app}",
        "REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC",
        "REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {app}",
        "REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM {app}",
    ):
        cursor.execute(sql.SQL(statement).format(database=database, app=app))
    history = set(history_tables())
    for table, columns in tables.items():
        rights = READ if table in history else DECLARED.get(table, NOTHING)
        for statement in _grants(rights, table, columns, app):
            cursor.execute(statement)
    cursor.execute(
        "SELECT s.relname, t.relname FROM pg_class s JOIN pg_depend d ON d.objid = s.oid AND d.deptype IN ('a', 'i') "
        "JOIN pg_class t ON t.oid = d.refobjid "
        "WHERE s.relkind = 'S' AND s.relnamespace = 'public'::regnamespace"
    )
    for sequence, table in cursor.fetchall():
        if DECLARED.get(table, NOTHING).add:
            statement = sql.SQL("GRANT USAGE ON SEQUENCE {} TO {}").format(sql.Identifier(sequence), app)
            cursor.execute(statement)


def _grants(rights: Rights, table: str, columns: list[str], app: sql.Identifier) -> list[sql.Composed]:
    privileges: list[sql.Composable] = []
    if rights.read:
        privileges.append(sql.SQL("SELECT"))
    if rights.add:
        privileges.append(sql.SQL("INSERT"))
    changeable = rights.columns_to_change(columns)
    if changeable:
        privileges.append(sql.SQL("UPDATE ({})").format(sql.SQL(", ").join(map(sql.Identifier, changeable))))
    if rights.delete:
        privileges.append(sql.SQL("DELETE"))
    on, to = sql.Identifier(table), app
    return [sql.SQL("GRANT {} ON TABLE {} TO {}").format(privilege, on, to) for privilege in privileges]

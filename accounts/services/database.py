"""What the serving role may do in the database, set by the owner after every migration."""

from django.conf import settings
from django.db import connection
from psycopg2 import sql


def apply_rights() -> None:
    """Let the serving role read and write what it serves, and nothing of the trails it leaves.

    Does nothing when the serving role does not exist or runs the migration itself (a single-role set-up).
    """
    role = settings.DATABASE_APP_ROLE
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_roles WHERE rolname = %s AND rolname <> session_user", [role])
        if not cursor.fetchone()[0]:
            return
        app = sql.Identifier(role)
        cursor.execute(sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(app))
        cursor.execute(sql.SQL("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {}").format(app))
        cursor.execute(sql.SQL("GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {}").format(app))

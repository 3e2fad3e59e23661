"""Whether the parts of the system answer."""

from django.db import DatabaseError, connection


def database_answers() -> bool:
    """True when PostgreSQL answers a query."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            return bool(cursor.fetchone())
    except DatabaseError:
        return False

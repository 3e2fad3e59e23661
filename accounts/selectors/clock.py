"""The one clock of the system."""

from datetime import datetime

from django.db import connection


def now() -> datetime:
    """The instant that PostgreSQL gives: every web and worker process then agrees. Timezone-aware, UTC."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        row = cursor.fetchone()
    instant: datetime = row[0]
    return instant

"""The database's own log holds what went wrong and never the row it went wrong with."""

from __future__ import annotations

import contextlib
from pathlib import Path

import psycopg2
import pytest
import yaml

from config.stack.embedded import WITHOUT_VALUES, database_urls, start_postgres, thrown_away

ROOT = Path(__file__).resolve().parent.parent.parent
NAME = "Rosalind-Canary"


def test_a_failed_write_leaves_no_value_in_the_log() -> None:
    with thrown_away() as (group, places):
        start_postgres(group, places, thrown_away=True)
        with contextlib.closing(psycopg2.connect(database_urls(places)[1])) as connection:
            connection.autocommit = True
            cursor = connection.cursor()
            cursor.execute("CREATE TABLE numbers (value text PRIMARY KEY, age int CHECK (age > 0))")
            for failing in ("INSERT INTO numbers VALUES (%s, 1), (%s, 1)", "INSERT INTO numbers VALUES (%s || %s, -1)"):
                with pytest.raises(psycopg2.IntegrityError) as told:
                    cursor.execute(failing, (NAME, NAME))
                assert NAME in str(told.value), "the values do come back to whoever asked"
        log = (places.logs / "postgres.log").read_text()

    assert "duplicate key value violates unique constraint" in log
    assert "violates check constraint" in log
    assert NAME not in log


def test_production_starts_its_database_with_the_same_settings() -> None:
    command = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["postgres"]["command"]

    assert command[0] == "postgres"
    assert set(command[1::2]) == {"-c"}
    assert dict(setting.split("=") for setting in command[2::2]) == WITHOUT_VALUES

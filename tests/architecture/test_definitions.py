"""Every definition file is read by what will use it, and stands published as it was written.

Seen to fail: a file with an unknown role; a file changed after it was published, told by the check and by the digest.
"""

import tomllib
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.db import connection

from accounts.checks import definitions_are_unchanged
from accounts.definitions import SEED_FOLDERS, Seed, seeds
from accounts.models import DefinitionVersion
from accounts.selectors.definitions import definition_in_force
from accounts.services.definitions import publish_seeds
from cases.access.rules import read_matrix
from reporting.measures import read_measure
from tests.architecture.test_demo import serve_as_owner
from tests.conftest import close_all, serve_from
from tests.factories.accounts import make_agency

SEEDS = seeds()
PUBLISHED = Path(__file__).with_name("published_definitions.txt")


def test_each_registered_kind_has_a_definition():
    assert {seed.kind for seed in SEEDS} == set(SEED_FOLDERS)


@pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: f"{seed.kind} {seed.key} v{seed.version}")
def test_each_definition_is_whole(seed):
    head = tomllib.loads(seed.body)
    assert head["key"] == seed.key
    assert seed.owner
    assert seed.version >= 1
    if seed.kind == "access_matrix":
        assert read_matrix(seed.body).version == seed.version


def test_no_two_files_are_the_same_version():
    keys = [(seed.kind, seed.key, seed.version) for seed in SEEDS]
    assert len(keys) == len(set(keys))


@pytest.mark.django_db
def test_each_definition_is_published_as_written():
    rows = DefinitionVersion.objects.values_list("kind", "key", "version", "body", "sha256", "effective_on")
    assert set(rows) == {(s.kind, s.key, s.version, s.body, s.sha256, s.effective_on) for s in SEEDS}


@pytest.mark.django_db
def test_a_file_changed_under_a_published_version_is_an_error(monkeypatch):
    make_agency()
    assert definitions_are_unchanged(None, databases=["default"]) == []
    changed = [type(seed)(**{**vars(seed), "body": seed.body + "# a word\n"}) for seed in SEEDS[:1]]
    monkeypatch.setattr("accounts.checks.seeds", lambda: changed)

    (error,) = definitions_are_unchanged(None, databases=["default"])
    assert error.id == "accounts.E002"
    assert error.msg == (
        f"The file of {SEEDS[0].kind} '{SEEDS[0].key}' has changed under version {SEEDS[0].version}, which is "
        f"published. Restore it, and write version {SEEDS[0].version + 1}."
    )


def test_no_published_file_changes():
    """Said before any database refuses to start: each file is as it was first published, by the digest kept here."""
    kept = dict(line.rsplit(" ", 1) for line in PUBLISHED.read_text().splitlines() if line and line[0] != "#")
    for seed in SEEDS:
        name = f"{seed.kind} {seed.key} {seed.version}"
        assert name in kept, f"{name} is new: add its line to {PUBLISHED.name}: {name} {seed.sha256}"
        assert kept[name] == seed.sha256, f"{name} is published: restore it, and write version {seed.version + 1}"
    assert len(kept) == len(SEEDS), "a published version has gone: old reports and files still need it"


@pytest.fixture
def as_owner(cluster, transactional_db):
    """The product as it starts: definitions are published by the owner, in a database of this test's own."""
    name = connection.settings_dict["NAME"]
    close_all()
    serve_as_owner(cluster, name)
    yield
    close_all()
    serve_from(cluster, name)


def test_a_database_of_the_version_before_takes_the_new_one_up_by_itself(monkeypatch, as_owner):
    """What it holds stays as it was, the check finds nothing to say, and each version is read as its day has it."""
    held = list(DefinitionVersion.objects.order_by("pk").values())
    (newest,) = [seed for seed in SEEDS if (seed.key, seed.version) == ("interviews_in_72_hours", 2)]
    body = newest.body.replace("version = 2", "version = 3").replace("2026-12-01", "2027-04-01")
    later = Seed(**{**vars(newest), "version": 3, "effective_on": date(2027, 4, 1), "body": body})
    for place in ("accounts.services.definitions.seeds", "accounts.checks.seeds"):
        monkeypatch.setattr(place, lambda: [*SEEDS, later])
    assert publish_seeds() == 1
    assert list(DefinitionVersion.objects.order_by("pk").values())[: len(held)] == held
    assert definitions_are_unchanged(None, databases=["default"]) == []
    days = {date(2026, 11, 30): 1, date(2026, 12, 1): 2, date(2027, 4, 1): 3}
    found = {day: definition_in_force("measure", "interviews_in_72_hours", on=day) for day in days}
    assert {day: row.version for day, row in found.items()} == days
    assert {read_measure(row.body).within for row in found.values()} == {timedelta(hours=72)}
    assert "within_hours" not in found[date(2026, 11, 30)].body

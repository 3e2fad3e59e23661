"""Every definition file is read by what will use it, and stands published as it was written.

Seen to fail: a file with an unknown role; a file changed after it was published.
"""

import tomllib

import pytest

from accounts.checks import definitions_are_unchanged
from accounts.definitions import SEED_FOLDERS, seeds
from accounts.models import DefinitionVersion
from cases.access.rules import read_matrix
from tests.factories.accounts import make_agency

SEEDS = seeds()


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
    assert SEEDS[0].key in error.msg

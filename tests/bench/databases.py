"""Two databases side by side in one process, so that pairs can be measured in turn."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from tests import cluster as clusters


@dataclass
class Database:
    """A clone of the migrated template, served as the product serves it."""

    cluster: clusters.Cluster
    name: str

    @property
    def url(self) -> str:
        return clusters.for_database(self.cluster.app_url, self.name)

    @cached_property
    def served(self) -> BaseDatabaseWrapper:
        """One lasting connection as the serving role."""
        made = _connection(self.url)
        with made.cursor() as cursor:
            cursor.execute("SET max_parallel_workers_per_gather = 0")
        return made

    @cached_property
    def server_process(self) -> int:
        """The number of the server process that answers it."""
        self.served.ensure_connection()
        return int(self.served.connection.info.backend_pid)

    def use(self) -> None:
        """Let the product's code read this database from now on."""
        connections["default"] = connections["audit"] = self.served

    @contextmanager
    def as_owner(self) -> Iterator[Any]:
        """The product's code, and a cursor, as the owner."""
        owner = _connection(clusters.for_database(self.cluster.owner_url, self.name))
        connections["default"] = owner
        try:
            with owner.cursor() as cursor:
                yield cursor
        finally:
            owner.close()
            self.use()

    @cached_property
    def view_permission_id(self) -> int:
        from cases.access.services import view_permission

        return view_permission().pk

    def close(self) -> None:
        self.served.close()


def _connection(url: str) -> BaseDatabaseWrapper:
    connections.settings["default"].update(clusters.settings_of(url))
    made = connections.create_connection("default")
    made.settings_dict = dict(connections.settings["default"])  # else it would follow the next database
    return made


@contextmanager
def databases(number: int) -> Iterator[list[Database]]:
    """Clones of the migrated template on the server that the environment names, dropped at the end."""
    cluster = clusters.Cluster.from_environment()
    if cluster is None:
        raise SystemExit("No database server is named. Run it through `make bench`.")
    clusters.drop_leavings(cluster)
    template = clusters.prepare_template(cluster)
    made = [Database(cluster, clusters.clone(cluster, template)) for _ in range(number)]
    try:
        yield made
    finally:
        for database in made:
            database.close()
            clusters.drop(cluster, database.name)

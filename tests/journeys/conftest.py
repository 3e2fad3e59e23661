"""The browser of the journeys: Debian’s headless Chromium, with nothing downloaded; and the product they meet."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections

from tests import cluster as clusters
from tests.conftest import ALIASES, close_all, serve_from
from tests.journeys import product as products


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Debian's headless Chromium, which takes a quarter of the time that the whole browser takes to open a window.

    Without its sandbox, because the suite also runs as root.
    """
    return {
        **browser_type_launch_args,
        "executable_path": "/usr/bin/chromium-headless-shell",
        "args": ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"],
    }


@pytest.fixture(scope="package")
def product(cluster: clusters.Cluster, template: str) -> Iterator[products.Product]:
    """The whole product, started once for each process of the suite that asks for it, and stopped after them."""
    with products.running(cluster, template) as started:
        yield started


@pytest.fixture(scope="package")
def ask(cluster: clusters.Cluster, product: products.Product, django_db_blocker: Any) -> products.Ask:
    """`ask(question)`: what a function finds in the product's own database, read as the serving role.

    In a thread of its own, because the browser keeps an event loop in this one.
    """

    def answered(question: Callable[[], Any]) -> Any:
        before = {alias: dict(connections.settings[alias]) for alias in ALIASES}
        with django_db_blocker.unblock():
            serve_from(cluster, product.database)
            try:
                return question()
            finally:
                close_all()
                for alias in ALIASES:
                    connections.settings[alias].update(before[alias])

    def asked(question: Callable[[], Any]) -> Any:
        with ThreadPoolExecutor(1) as apart:
            return apart.submit(answered, question).result()

    return asked

"""What a page asks the database."""

import re

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext


def questions(browser: Client, address: str) -> list[str]:
    """The statements of one page, without the transaction marks that the suite adds."""
    with CaptureQueriesContext(connection) as captured:
        assert browser.get(address).status_code == 200
    mine = [query["sql"] for query in captured.captured_queries]
    return [sql for sql in mine if not re.match(r"(RELEASE )?SAVEPOINT|SELECT set_config", sql)]

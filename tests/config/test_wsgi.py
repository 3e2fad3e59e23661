"""The entry point of the web server, as production and as one machine run it."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from config.wsgi import behind_proxy

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.mark.parametrize(
    ("header", "seen"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("10.9.9.9, 203.0.113.9", "203.0.113.9"),  # what a client says of itself comes first, and is not believed
        ("", "172.18.0.2"),
    ],
)
def test_behind_nginx_the_address_is_that_of_whoever_asked(header: str, seen: str) -> None:
    addresses = []

    def application(environ: dict[str, Any], start_response: object) -> list[bytes]:
        addresses.append(environ["REMOTE_ADDR"])
        return []

    behind_proxy(application)({"REMOTE_ADDR": "172.18.0.2", "HTTP_X_FORWARDED_FOR": header}, lambda *_: None)

    assert addresses == [seen]


PROGRAM = """
import config.wsgi
from django.test import Client
answer = Client(raise_request_exception=False).get("/healthz", headers={"host": "localhost"})
print(config.wsgi.application.__class__.__name__, answer.status_code)
"""


def test_on_one_machine_no_header_is_believed_and_a_database_that_is_down_is_said_to_be_down() -> None:
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "config.settings.test",
        "DATABASE_URL": "postgres://harbour_app@127.0.0.1:1/harbour",
    }
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, env=environment, capture_output=True, text=True)

    assert done.stdout.split() == ["WSGIHandler", "503"], done.stderr

"""A failure is logged without the values it failed on, and without the address it happened at."""

import io
import json
import logging
import os
import subprocess
import sys
from pathlib import Path

from config.logs import PlainJsonFormatter, WithoutAddress

ROOT = Path(__file__).resolve().parent.parent.parent
NAME = "Rosalind-Canary"


def logged(message: str, *args: object, exc_info: bool = False) -> str:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(PlainJsonFormatter("%(levelname)s %(message)s"))
    handler.addFilter(WithoutAddress())
    log = logging.getLogger("tests.logs")
    log.propagate = False
    log.addHandler(handler)
    try:
        log.error(message, *args, exc_info=exc_info, extra={"request": NAME, "status_code": 500})
    finally:
        log.removeHandler(handler)
    return stream.getvalue()


def test_an_exception_is_its_class_and_places_and_no_value() -> None:
    try:
        raise ValueError(f"Key (given_name)=({NAME}) already exists")
    except ValueError:
        line = logged("A write failed", exc_info=True)
    assert NAME not in line
    assert json.loads(line)["exc_info"].startswith("ValueError\n")
    assert "test_logs.py" in line


def test_an_address_is_left_out() -> None:
    line = logged("%s: %s", "Internal Server Error", f"/cases/{NAME}/")
    assert NAME not in line
    assert json.loads(line)["message"] == "Internal Server Error"


def test_a_task_that_fails_leaves_its_name_and_places_and_no_value() -> None:
    told = {"name": "cases.tasks.sweep", "id": "7", "description": "raised unexpected", "exc": f"ValueError({NAME})"}
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(PlainJsonFormatter("%(levelname)s %(message)s"))
    handler.addFilter(WithoutAddress())
    log = logging.getLogger("tests.tasks")
    log.propagate = False
    log.addHandler(handler)
    try:
        raise ValueError(NAME)
    except ValueError as error:
        log.error("Task %(name)s[%(id)s] %(description)s: %(exc)s", told, exc_info=True, extra={"data": told})
        log.error("Task handler raised error: %r", error)
    finally:
        log.removeHandler(handler)
    first, second = map(json.loads, stream.getvalue().splitlines())
    assert NAME not in stream.getvalue()
    assert first["message"] == "Task cases.tasks.sweep raised unexpected"
    assert first["exc_info"].startswith("ValueError\n")
    assert "ValueError" in second["message"]


def test_worker_and_beat_log_as_the_web_does() -> None:
    """Read in a process of its own, as the worker is: this one has its own handlers."""
    program = (
        "import logging; from config.celery import app; app.log.setup(loglevel='INFO');"
        "logging.getLogger('celery.app.trace').error('Task %(name)s: %(exc)s', {'name': 'a.task', 'exc': 'CANARY'})"
    )
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings.test"}
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert json.loads(done.stderr.splitlines()[-1])["message"] == "Task a.task"
    assert "CANARY" not in done.stdout + done.stderr
